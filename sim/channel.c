/* Channels; see channel.h. */
#include "sim/channel.h"

void channels_init(struct channels *c, uint32_t kernels)
{
    c->kernels = kernels;
    c->at = g_new0(struct channel *, (size_t)kernels * kernels);
    c->all = g_ptr_array_new_with_free_func(g_free);
}

void channels_free(struct channels *c)
{
    g_ptr_array_unref(c->all);
    g_free(c->at);
}

/* Where a channel goes among those in use. */
static guint place_of(const struct channels *c, const struct channel *channel)
{
    guint at = c->all->len;

    while (at > 0) {
        const struct channel *before = channels_index(c, at - 1);
        if (before->to < channel->to || (before->to == channel->to && before->from < channel->from))
            break;
        at--;
    }
    return at;
}

struct channel *channels_get(struct channels *c, uint32_t from, uint32_t to)
{
    struct channel **at = &c->at[(size_t)to * c->kernels + from];

    if (*at == NULL) {
        *at = g_new0(struct channel, 1);
        (*at)->from = from;
        (*at)->to = to;
        g_ptr_array_insert(c->all, (gint)place_of(c, *at), *at);
    }
    return *at;
}
