/* A system of kernels, driven without programs: calls are put into VPEs' rings and the kernels run
 * until nothing can move. Between two kernels runs a channel in each direction that holds
 * RESCIND_PEER_WINDOW messages. Used by profiles, benchmarks and the test of large systems.
 *
 * Time is virtual and counts in steps: the kernels run in parallel, each does an event when it is
 * free, and hears before it takes calls, and takes calls before it works. A message can be heard
 * `delay` steps after it left. An event takes one step; or, where steps are `paid`, as many as its
 * work: one for each visit to a capability, which is some 130 instructions, one for each record
 * told and two for each record heard, which is what those cost (bench/run.sh measures it).
 */
#ifndef RESCIND_SIM_CLUSTER_H
#define RESCIND_SIM_CLUSTER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "rescind/kernel.h"
#include "rescind/peer.h"
#include "user/message.h"

struct cluster_options {
    uint32_t kernels;
    uint32_t vpes;         /* of each kernel; all are booted */
    const uint32_t *nodes; /* of each kernel's pool; for forest_plant() that is what it takes, */
    uint32_t spare;        /* and so many more */
    uint32_t work;         /* see struct rescind_kernel_config */
    uint32_t delay;        /* of a message, steps */
    bool paid;
    uint64_t seed;
};

enum cluster_steps { CLUSTER_STEPS_VISIT = 1, CLUSTER_STEPS_TELL = 1, CLUSTER_STEPS_HEAR = 2 };

/* What has happened. */
struct cluster_count {
    uint64_t steps; /* of virtual time */
    uint64_t events, visits;
    uint32_t most_visits; /* in an event */
    uint64_t messages, bytes;
    uint64_t records[RESCIND_PEER_FREE + 1]; /* by kind */
};

/* A kernel's being entered. */
enum cluster_event { CLUSTER_MESSAGE, CLUSTER_WORK, CLUSTER_HEAR, CLUSTER_TELL };
struct cluster_entry {
    enum cluster_event event;
    struct rescind_kernel *k;
    uint32_t number; /* of the VPE, the task, the other kernel */
    void *bytes;
    size_t size; /* TELL: 0 when there was nothing to tell */
};

/* The entry itself; inline, so that it adds no frame where stacks are measured. */
static inline void cluster_enter(struct cluster_entry *e)
{
    switch (e->event) {
    case CLUSTER_MESSAGE:
        rescind_kernel_message(e->k, e->number);
        break;
    case CLUSTER_WORK:
        rescind_kernel_work(e->k, e->number);
        break;
    case CLUSTER_HEAR:
        rescind_kernel_hear(e->k, e->number, e->bytes, e->size);
        break;
    case CLUSTER_TELL:
        e->size = rescind_kernel_tell(e->k, e->number, e->bytes);
        break;
    }
}

struct cluster {
    struct rescind_kernel **kernel;
    struct cluster_options options;
    struct cluster_count count; /* since cluster_count_anew() */
    bool measured; /* enter the kernels through functions measured_…(), for callgrind */
    /* Called for each entry instead of it, and has to call cluster_enter(); NULL: not wanted. */
    void (*around)(void *context, struct cluster_entry *e);
    void *context;
    char *failure; /* NULL: all is well */

    struct place *places; /* the system's own from here on */
    struct channel *channels;
    uint64_t now;
};

/* NULL where there is no memory for the arenas. */
struct cluster *cluster_new(const struct cluster_options *options);
void cluster_free(struct cluster *s);

/* Nothing is under way. */
void cluster_count_anew(struct cluster *s);

/* Says what is wrong, if it is the first; returns false. */
bool cluster_fail(struct cluster *s, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Puts a call into the ring of a VPE that has none under way. */
void cluster_call(struct cluster *s, uint32_t kernel, uint32_t vpe, const struct message *call);
/* Runs until nothing can move. */
void cluster_run(struct cluster *s);
/* The answer of a VPE's call was OK. */
bool cluster_was_ok(struct cluster *s, uint32_t kernel, uint32_t vpe);

/* Every kernel's audit; that of the links between each two, with what is on its way; and whether
 * nothing is left of what was. */
bool cluster_audit(struct cluster *s);
bool cluster_audit_links(struct cluster *s);
bool cluster_audit_rest(struct cluster *s);

/* No kernel has refused anything that another one said. */
bool cluster_none_refused(struct cluster *s);

/* Bytes of all arenas in use. */
uint64_t cluster_used(const struct cluster *s);

/* Records of all kinds; and those of revocations alone. */
uint64_t cluster_records(const struct cluster_count *count);
uint64_t cluster_orders(const struct cluster_count *count);

/* Calls; ranges are of the table of objects. */
struct message cluster_creategate(uint32_t dst);
struct message cluster_exchange(uint32_t vpe, uint32_t own, uint32_t other, uint32_t count,
                                bool obtain);
struct message cluster_revoke(uint32_t start, uint32_t count);

#endif
