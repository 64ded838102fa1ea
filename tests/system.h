/* A system: a few live kernels and the channels between them, for suites and fuzzers that want
 * every event and every message in their own hands.
 *
 * Nothing here judges: what a kernel says of itself is asked for with system_audit(). The kernel of
 * PE 0 is kernel 0, and so on; each has as many VPEs as the others. VPE v of each kernel holds at
 * system_sel(s, pe, w) a capability on VPE w of kernel `pe`, itself left out.
 */
#ifndef RESCIND_TESTS_SYSTEM_H
#define RESCIND_TESTS_SYSTEM_H

#include "base/arena.h"
#include "rescind/kernel.h"

enum { SYSTEM_KERNELS = 3 };

struct system_message {
    size_t size;
    uint8_t bytes[RESCIND_PEER_MSG_MAX];
};

/* Messages on their way, oldest first; and how many have been put in. */
struct system_channel {
    unsigned count;
    uint64_t told;
    struct system_message messages[RESCIND_PEER_WINDOW];
};

struct system {
    unsigned kernels;
    uint32_t vpes; /* of each kernel */
    unsigned window;
    struct rescind_kernel *k[SYSTEM_KERNELS];
    size_t size[SYSTEM_KERNELS];
    struct system_channel channel[SYSTEM_KERNELS][SYSTEM_KERNELS]; /* from, to */
};

/* `nodes` and `work` are each kernel's. */
struct system *system_new(unsigned kernels, uint32_t vpes, uint32_t nodes, uint32_t work);
/* The same with so many bytes of machine memory each, of which each VPE has RESCIND_VPE_MEMORY. */
struct system *system_new_with_memory(unsigned kernels, uint32_t vpes, uint32_t nodes,
                                      uint32_t work, uint32_t memory);
/* And of `limit` VPEs a kernel, `vpes` of which are there from the start. */
struct system *system_new_roomy(unsigned kernels, uint32_t vpes, uint32_t limit, uint32_t nodes,
                                uint32_t work, uint32_t memory);
void system_free(struct system *s);

/* A copy of kernels and channels, and back again. `copy` is a system of the same making. */
void system_copy(struct system *to, const struct system *from);

uint32_t system_sel(const struct system *s, unsigned pe, uint32_t vpe);

/* Puts the next message of `from` for `to` into their channel. False: it is full, or there is
 * nothing to tell. */
bool system_tell(struct system *s, unsigned from, unsigned to);
/* The oldest message of the channel is heard. False: there is none. */
bool system_hear(struct system *s, unsigned from, unsigned to);
/* Takes it out of the channel instead. */
bool system_take(struct system *s, unsigned from, unsigned to, struct system_message *out);

/* The machine's part of a kernel's last event, for those that begin one themselves: an access to a
 * port is made (nothing is behind any: what is read are ones), and what else the event wants is
 * taken and dropped. */
void system_serve(struct system *s, unsigned pe);

/* One of all the events that are possible now, in which what is to be told counts as one. `choose`
 * picks: a number below `n`. Accesses to ports are made, as system_serve() does. False: none is
 * possible. */
typedef uint32_t system_choose(void *user, uint32_t n);
bool system_event(struct system *s, system_choose *choose, void *user);
/* Goes on with the first event until none is possible. False: that takes longer than any call
 * can. */
bool system_rest(struct system *s);

/* The audit of each kernel, and of each two's links; at rest, that nothing is left, either. */
bool system_audit(const struct system *s, struct rescind_finding *finding);
bool system_audit_rest(const struct system *s, struct rescind_finding *finding);

#endif
