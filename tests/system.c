/* Kernels and the channels between them; see system.h. */
#include "tests/system.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096, REST_EVENTS = 1000000 };

static struct rescind_kernel *new_kernel(struct system *s, unsigned pe,
                                         struct rescind_kernel_config config)
{
    struct rescind_kernel *k;

    config.peers = s->kernels;
    config.pe = (uint16_t)pe;
    config.seed = 3 + pe;
    s->size[pe] = (rescind_kernel_size(&config) + PAGE - 1) / PAGE * PAGE;
    k = rescind_kernel_create(aligned_alloc(PAGE, s->size[pe]), s->size[pe], &config);
    for (uint32_t vpe = 0; vpe < s->vpes; vpe++)
        rescind_kernel_boot_vpe(k, config.memory != 0 ? RESCIND_ANY_ADDR : 0x100000 * vpe,
                                0x100000);
    return k;
}

uint32_t system_sel(const struct system *s, unsigned pe, uint32_t vpe)
{
    return RESCIND_SEL_FREE + pe * s->vpes + vpe;
}

static void grant(struct system *s, unsigned pe, uint32_t vpe)
{
    for (unsigned other = 0; other < s->kernels; other++) {
        for (uint32_t target = 0; target < s->vpes; target++) {
            uint32_t sel = system_sel(s, other, target);
            if (other != pe)
                rescind_kernel_boot_grant_across(s->k[pe], vpe, sel, s->k[other], target);
            else if (target != vpe)
                rescind_kernel_boot_grant(s->k[pe], vpe, sel, target);
        }
    }
}

struct system *system_new(unsigned kernels, uint32_t vpes, uint32_t nodes, uint32_t work)
{
    return system_new_with_memory(kernels, vpes, nodes, work, 0);
}

struct system *system_new_with_memory(unsigned kernels, uint32_t vpes, uint32_t nodes,
                                      uint32_t work, uint32_t memory)
{
    return system_new_roomy(kernels, vpes, vpes, nodes, work, memory);
}

struct system *system_new_roomy(unsigned kernels, uint32_t vpes, uint32_t limit, uint32_t nodes,
                                uint32_t work, uint32_t memory)
{
    struct system *s = calloc(1, sizeof(*s));
    struct rescind_kernel_config config = {
        .vpes = limit, .nodes = nodes, .work = work, .memory = memory};

    s->kernels = kernels;
    s->vpes = vpes;
    s->window = RESCIND_PEER_WINDOW;
    for (unsigned pe = 0; pe < kernels; pe++)
        s->k[pe] = new_kernel(s, pe, config);
    for (unsigned pe = 0; pe < kernels; pe++) {
        for (uint32_t vpe = 0; vpe < vpes; vpe++)
            grant(s, pe, vpe);
    }
    return s;
}

void system_free(struct system *s)
{
    for (unsigned pe = 0; pe < s->kernels; pe++)
        free(s->k[pe]);
    free(s);
}

void system_copy(struct system *to, const struct system *from)
{
    to->window = from->window;
    memcpy(to->channel, from->channel, sizeof(to->channel));
    for (unsigned pe = 0; pe < from->kernels; pe++)
        memcpy(to->k[pe], from->k[pe], rescind_kernel_used(from->k[pe]));
}

/* ---- Events ------------------------------------------------------------------------------- */

bool system_tell(struct system *s, unsigned from, unsigned to)
{
    struct system_channel *channel = &s->channel[from][to];
    struct system_message *message = &channel->messages[channel->count];

    if (channel->count >= s->window)
        return false;
    message->size = rescind_kernel_tell(s->k[from], to, message->bytes);
    if (message->size == 0)
        return false;
    channel->count++;
    channel->told++;
    return true;
}

bool system_take(struct system *s, unsigned from, unsigned to, struct system_message *out)
{
    struct system_channel *channel = &s->channel[from][to];

    if (channel->count == 0)
        return false;
    *out = channel->messages[0];
    channel->count--;
    memmove(&channel->messages[0], &channel->messages[1],
            channel->count * sizeof(channel->messages[0]));
    return true;
}

bool system_hear(struct system *s, unsigned from, unsigned to)
{
    struct system_message message;

    if (!system_take(s, from, to, &message))
        return false;
    rescind_kernel_hear(s->k[to], from, message.bytes, message.size);
    return true;
}

/* Is there something for `from` to tell `to`, and room for it? */
static bool can_tell(const struct system *s, unsigned from, unsigned to)
{
    if (s->channel[from][to].count >= s->window)
        return false;
    for (int32_t pe = rescind_kernel_tell_first(s->k[from]); pe >= 0;
         pe = rescind_kernel_tell_after(s->k[from], (uint32_t)pe)) {
        if (pe == (int32_t)to)
            return true;
    }
    return false;
}

void system_serve(struct system *s, unsigned pe)
{
    struct rescind_kernel_output out;

    while ((out = rescind_kernel_take_output(s->k[pe])).kind != RESCIND_OUTPUT_NOTHING) {
        if (out.kind == RESCIND_OUTPUT_PORT)
            rescind_kernel_port(s->k[pe], out.vpe, UINT32_MAX);
    }
}

/* Possible event number `number` happens; or their number is counted, if there are not so many. */
static uint32_t event(struct system *s, uint32_t number)
{
    uint32_t at = 0;

    for (unsigned pe = 0; pe < s->kernels; pe++) {
        for (int32_t task = rescind_kernel_ready(s->k[pe]); task >= 0;
             task = rescind_kernel_ready_after(s->k[pe], (uint32_t)task)) {
            if (at++ == number) {
                rescind_kernel_work(s->k[pe], (uint32_t)task);
                system_serve(s, pe);
                return at;
            }
        }
        for (unsigned to = 0; to < s->kernels; to++) {
            if (can_tell(s, pe, to) && at++ == number) {
                system_tell(s, pe, to);
                return at;
            }
            if (s->channel[pe][to].count > 0 && at++ == number) {
                system_hear(s, pe, to);
                system_serve(s, to);
                return at;
            }
        }
    }
    return at;
}

bool system_event(struct system *s, system_choose *choose, void *user)
{
    uint32_t count = event(s, UINT32_MAX);

    if (count == 0)
        return false;
    event(s, choose(user, count));
    return true;
}

static uint32_t first(void *user, uint32_t n)
{
    (void)user;
    (void)n;
    return 0;
}

bool system_rest(struct system *s)
{
    uint32_t left = REST_EVENTS;

    while (left > 0 && system_event(s, first, NULL))
        left--;
    return left > 0;
}

/* ---- The audit ---------------------------------------------------------------------------- */

/* Messages on their way from `below` are what the links of `above` depend on. */
static bool audit_links(const struct system *s, unsigned above, unsigned below,
                        struct rescind_finding *finding)
{
    const struct system_channel *channel = &s->channel[below][above];
    struct rescind_kernel_message messages[RESCIND_PEER_WINDOW];

    for (unsigned i = 0; i < channel->count; i++)
        messages[i] =
            (struct rescind_kernel_message){channel->messages[i].bytes, channel->messages[i].size};
    return rescind_kernel_audit_links(s->k[above], s->k[below], messages, channel->count, finding);
}

bool system_audit(const struct system *s, struct rescind_finding *finding)
{
    for (unsigned pe = 0; pe < s->kernels; pe++) {
        if (!rescind_kernel_audit(s->k[pe], finding))
            return false;
        for (unsigned other = 0; other < s->kernels; other++) {
            if (other != pe && !audit_links(s, pe, other, finding))
                return false;
        }
    }
    return true;
}

bool system_audit_rest(const struct system *s, struct rescind_finding *finding)
{
    for (unsigned pe = 0; pe < s->kernels; pe++) {
        if (!rescind_kernel_audit_rest(s->k[pe], finding))
            return false;
    }
    return system_audit(s, finding);
}
