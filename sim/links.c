/* The audit of what links kernels; see links.h. */
#include "sim/links.h"

#include "sim/machine_parts.h"

/* The links of kernel `below` to kernel `above`, with what is on its way there. */
static bool audit_pair(struct machine *m, uint32_t above, uint32_t below,
                       struct rescind_finding *finding)
{
    struct rescind_kernel_message messages[RESCIND_PEER_WINDOW];
    struct channel *channel = channels_find(&m->channels, below, above);
    uint32_t count = channel != NULL ? channel->count : 0;

    for (uint32_t i = 0; i < count; i++) {
        const struct channel_message *message = channel_at(channel, i);
        messages[i] = (struct rescind_kernel_message){message->bytes, message->size};
    }
    return rescind_kernel_audit_links(m->kernels[above].kernel, m->kernels[below].kernel, messages,
                                      count, finding);
}

/* Has kernel `hearer` refused anything? All kernels of a machine are honest. */
static bool audit_manners(struct machine *m, uint32_t hearer, uint32_t teller,
                          struct rescind_finding *finding)
{
    if (rescind_kernel_peer(m->kernels[hearer].kernel, teller).refused == 0)
        return true;
    *finding = (struct rescind_finding){"nothing_refused",
                                        "what a kernel says to another is never refused", teller};
    return false;
}

bool links_audit(struct machine *m, bool at_end, struct rescind_finding *finding, uint32_t *kernel)
{
    for (*kernel = 0; *kernel < m->kernel_count; ++*kernel) {
        for (uint32_t below = 0; below < m->kernel_count; below++) {
            if (below != *kernel && (!audit_manners(m, *kernel, below, finding) ||
                                     !audit_pair(m, *kernel, below, finding)))
                return false;
        }
        if (at_end && !rescind_kernel_audit_rest(m->kernels[*kernel].kernel, finding))
            return false;
    }
    return true;
}
