/* A parent that makes children, lends them memory, waits for them, and takes back what it gave.
 *
 * Each child gets a receive buffer and a region of the parent's memory before it starts, and does
 * what messages tell it: WORK, which writes a square into the region, and END, which is its EXIT.
 * Two of the three end so, and the parent waits for their exit codes. The third, which nobody
 * tells to end, first loses its region while it runs, and then its life: the parent revokes its
 * VPE capability.
 *
 * The parent expects no grant, and that the VPEs CHILD0, CHILD1 and CHILD2, which it creates, run
 * family_child.
 */
#include "user/programs.h"

#include "rescind/platform.h"
#include "user/say.h"

enum { CHILDREN = 3, LASTING = CHILDREN - 1 /* the child that never ends */ };
enum { MSG_ORDER = 9, ORDER = 11, REGION = 64 };

/* What the parent arranges in a child. */
enum { CHILD_EP_REQUESTS = 2, CHILD_EP_REGION = 3, CHILD_SEL_REGION = 10 };

enum task { WORK = 1, END = 2 };
struct request {
    uint64_t task;
    uint64_t number; /* WORK: what is squared; END: the exit code */
};

/* ---- The child ---------------------------------------------------------------------------- */

enum { CHILD_FAILED = 99 };

static enum rescind_error work(struct rescind_env *env, uint64_t number)
{
    const uint64_t square = number * number;

    return rescind_write(env, CHILD_EP_REGION, 0, &square, sizeof(square));
}

/* Does what one message says, and answers how that went. */
static bool obey(struct rescind_env *env)
{
    struct rescind_message m;
    struct request request = {0};
    uint64_t error = RESCIND_NO_ERROR;

    if (!went(env, "RECEIVE", rescind_receive(env, CHILD_EP_REQUESTS, true, &m)) ||
        !holds(env, "a request has two words", m.size == sizeof(request)))
        return false;
    memcpy(&request, m.data, sizeof(request));
    if (request.task == WORK)
        error = work(env, request.number);
    if (!went(env, "REPLY", rescind_reply(env, CHILD_EP_REQUESTS, m.id, &error, sizeof(error))))
        return false;
    if (request.task == END)
        rescind_exit(env, (uint32_t)request.number);
    return true;
}

int family_child(struct rescind_env *env)
{
    bool well = went(env, "ACTIVATE",
                     rescind_activate(env, CHILD_EP_REGION, RESCIND_NONE, CHILD_SEL_REGION));

    while (well)
        well = obey(env);
    rescind_exit(env, CHILD_FAILED);
}

/* ---- The parent --------------------------------------------------------------------------- */

enum {
    SEL_MEMORY = 10,
    SEL_VPES = 20, /* + the child's number */
    SEL_MEMORIES = 30,
    SEL_GATES = 40,
    SEL_REGIONS = 50,
    EP_REPLIES = 2,
    EP_MEMORY = 3,
    EP_GATES = 4,
    FIRST_CODE = 40,
    FIRST_NUMBER = 7,
};

static bool prepare(struct rescind_env *env)
{
    return went(env, "ATTACHRB",
                rescind_attachrb(env, RESCIND_SEL_VPE, EP_REPLIES, 0, ORDER, MSG_ORDER, 0)) &&
           went(env, "REQMEM",
                rescind_reqmem(env, SEL_MEMORY, RESCIND_ANY_ADDR, (uint64_t)CHILDREN * REGION,
                               RESCIND_PERM_R | RESCIND_PERM_W)) &&
           went(env, "ACTIVATE of the memory",
                rescind_activate(env, EP_MEMORY, RESCIND_NONE, SEL_MEMORY));
}

/* The VPE, and a way to send to it. */
static bool create(struct rescind_env *env, uint32_t child)
{
    const char name[] = {'C', 'H', 'I', 'L', 'D', (char)('0' + child), '\0'};

    return went(env, "CREATEVPE",
                rescind_createvpe(env, SEL_VPES + child, SEL_MEMORIES + child, name, RESCIND_ANY_PE,
                                  RESCIND_NONE, 0, NULL)) &&
           went(env, "ATTACHRB to a child",
                rescind_attachrb(env, SEL_VPES + child, CHILD_EP_REQUESTS, 0, ORDER, MSG_ORDER,
                                 0)) &&
           went(env, "CREATEGATE to a child",
                rescind_creategate(env, SEL_VPES + child, SEL_GATES + child, 0, CHILD_EP_REQUESTS,
                                   1)) &&
           went(env, "ACTIVATE of a gate",
                rescind_activate(env, EP_GATES + child, RESCIND_NONE, SEL_GATES + child));
}

/* A part of the parent's memory, which the child may only write. */
static bool lend(struct rescind_env *env, uint32_t child)
{
    return went(env, "DERIVEMEM",
                rescind_derivemem(env, SEL_MEMORY, SEL_REGIONS + child, (uint64_t)child * REGION,
                                  REGION, RESCIND_PERM_W)) &&
           went(env, "EXCHANGE",
                rescind_exchange(env, SEL_VPES + child, one(SEL_REGIONS + child),
                                 one(CHILD_SEL_REGION), false));
}

static bool bring_up(struct rescind_env *env, uint32_t child)
{
    if (!create(env, child) || !lend(env, child) ||
        !went(env, "VPECTRL start", rescind_vpectrl_start(env, SEL_VPES + child)) ||
        !got(env, "VPECTRL start of one that runs", rescind_vpectrl_start(env, SEL_VPES + child),
             RESCIND_INV_ARGS))
        return false;
    say_number(env, "has started child ", child);
    return true;
}

/* Tells a child to do something, and waits until it has; what it answers should be `wanted`. */
static bool tell(struct rescind_env *env, uint32_t child, enum task task, uint64_t number,
                 enum rescind_error wanted)
{
    const struct request request = {.task = task, .number = number};
    struct rescind_message m;
    uint64_t error = 0;

    if (!went(env, "SEND",
              rescind_send(env, EP_GATES + child, EP_REPLIES, child, &request, sizeof(request))) ||
        !went(env, "RECEIVE", rescind_receive(env, EP_REPLIES, true, &m)) ||
        !holds(env, "a reply of that child",
               m.is_reply && m.label == child && m.size == sizeof(error)))
        return false;
    memcpy(&error, m.data, sizeof(error));
    return got(env, "the child's WRITE", (enum rescind_error)error, wanted);
}

static bool let_work(struct rescind_env *env, uint32_t child)
{
    const uint64_t number = FIRST_NUMBER + child;
    uint64_t square = 0;

    if (!tell(env, child, WORK, number, RESCIND_NO_ERROR) ||
        !went(env, "READ",
              rescind_read(env, EP_MEMORY, (uint64_t)child * REGION, &square, sizeof(square))) ||
        !holds(env, "the child has squared its number", square == number * number))
        return false;
    say_number(env, "reads what a child has written: ", square);
    return true;
}

/* A child that is told to end: the code is there for as long as its VPE capability is, but nobody
 * receives any more. */
static bool let_end(struct rescind_env *env, uint32_t child)
{
    uint32_t code = 0;

    for (int i = 0; i < 2; i++) {
        if ((i == 0 && !tell(env, child, END, FIRST_CODE + child, RESCIND_NO_ERROR)) ||
            !went(env, "VPECTRL wait", rescind_vpectrl_wait(env, SEL_VPES + child, &code)) ||
            !holds(env, "the exit code is what it was told", code == FIRST_CODE + child))
            return false;
    }
    say_number(env, "a child has ended with code ", code);
    return got(env, "SEND to a child that has ended",
               rescind_send(env, EP_GATES + child, EP_REPLIES, child, NULL, 0), RESCIND_RECV_GONE);
}

/* The region is revoked under the child, which goes on without it; then the child itself is: what
 * its capability was handed on to, itself above all. The capability stays, to wait for its end by.
 */
static bool take_all(struct rescind_env *env, uint32_t child)
{
    uint32_t code;

    if (!went(env, "REVOKE of a region", rescind_revoke(env, one(SEL_REGIONS + child), true)) ||
        !tell(env, child, WORK, 0, RESCIND_EP_INVALID))
        return false;
    say(env, "a child has lost its region and lives on");
    if (!went(env, "REVOKE of a VPE", rescind_revoke(env, one(SEL_VPES + child), false)) ||
        !got(env, "VPECTRL wait for one that was revoked",
             rescind_vpectrl_wait(env, SEL_VPES + child, &code), RESCIND_VPE_GONE) ||
        !got(env, "SEND to a child that was revoked",
             rescind_send(env, EP_GATES + child, EP_REPLIES, child, NULL, 0), RESCIND_RECV_GONE))
        return false;
    say(env, "the child that never ends is revoked");
    return true;
}

/* What is left of the children goes, too; the parent's memory with all that was derived from it. */
static bool clean_up(struct rescind_env *env)
{
    const struct rescind_range children = {RESCIND_TABLE_OBJECT, SEL_VPES, SEL_REGIONS - SEL_VPES};

    return went(env, "REVOKE of what is left", rescind_revoke(env, children, true)) &&
           went(env, "REVOKE of the memory", rescind_revoke(env, one(SEL_MEMORY), true)) &&
           got(env, "READ of memory that is gone",
               rescind_read(env, EP_MEMORY, 0, &(uint64_t){0}, sizeof(uint64_t)),
               RESCIND_EP_INVALID) &&
           went(env, "DETACHRB", rescind_detachrb(env, RESCIND_SEL_VPE, EP_REPLIES));
}

int family_parent(struct rescind_env *env)
{
    bool well = prepare(env);

    for (uint32_t child = 0; child < CHILDREN; child++)
        well = well && bring_up(env, child);
    for (uint32_t child = 0; child < CHILDREN; child++)
        well = well && let_work(env, child);
    for (uint32_t child = 0; child < LASTING; child++)
        well = well && let_end(env, child);
    return well && take_all(env, LASTING) && clean_up(env) ? 0 : 1;
}
