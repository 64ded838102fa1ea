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

static gint compare(gconstpointer a, gconstpointer b)
{
    const struct channel *x = *(struct channel *const *)a, *y = *(struct channel *const *)b;

    if (x->to != y->to)
        return x->to < y->to ? -1 : 1;
    return x->from < y->from ? -1 : x->from > y->from;
}

struct channel *channels_get(struct channels *c, uint32_t from, uint32_t to)
{
    struct channel **at = &c->at[(size_t)to * c->kernels + from];

    if (*at == NULL) {
        *at = g_new0(struct channel, 1);
        (*at)->from = from;
        (*at)->to = to;
        g_ptr_array_add(c->all, *at);
        g_ptr_array_sort(c->all, compare);
    }
    return *at;
}
