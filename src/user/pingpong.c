/* A counter bounces between two VPEs in a region of memory that one of them lends the other.
 *
 * The writer gets a memory of two pages and derives 64 bytes of the second one. This region it
 * delegates to the reader, and a gate by which the reader says that it is its turn. When the
 * counter has bounced often enough the writer revokes the region, and the reader, whose endpoint
 * was activated long ago, can't get at it any more; the writer's memory is as it was.
 *
 * The writer expects the reader's VPE capability at selector 2; the reader expects nothing. Both
 * use the region by READ and WRITE alone.
 */
#include "user/programs.h"

#include "user/say.h"

enum { MSG_ORDER = 9, ORDER = 11, REGION = 64, REGION_AT = RESCIND_PAGE, BOUNCES = 5 };

/* Where both have the gate and the region; the endpoints' numbers are everybody's own. */
enum { SEL_GATE = 10, SEL_REGION = 11 };

static bool read_counter(struct rescind_env *env, uint32_t ep, uint64_t off, uint64_t wanted)
{
    uint64_t counter = 0;

    return went(env, "READ", rescind_read(env, ep, off, &counter, sizeof(counter))) &&
           holds(env, "the counter has been counted up", counter == wanted);
}

static bool write_counter(struct rescind_env *env, uint32_t ep, uint64_t off, uint64_t value)
{
    return went(env, "WRITE", rescind_write(env, ep, off, &value, sizeof(value)));
}

/* ---- The writer: counts to 1, 3, 5, ... --------------------------------------------------- */

enum {
    SEL_READER = 2, /* granted */
    SEL_MEMORY = 12,
    EP_TURNS = 2,  /* where the reader's messages come in */
    EP_MEMORY = 3, /* the whole of it */
    LABEL_TURN = 7,
};

static bool lend(struct rescind_env *env)
{
    return went(env, "ATTACHRB",
                rescind_attachrb(env, RESCIND_SEL_VPE, EP_TURNS, 0, ORDER, MSG_ORDER, 0)) &&
           went(env, "CREATEGATE",
                rescind_creategate(env, RESCIND_SEL_VPE, SEL_GATE, LABEL_TURN, EP_TURNS, 1)) &&
           went(env, "REQMEM",
                rescind_reqmem(env, SEL_MEMORY, RESCIND_ANY_ADDR, 2 * RESCIND_PAGE,
                               RESCIND_PERM_R | RESCIND_PERM_W)) &&
           went(env, "DERIVEMEM",
                rescind_derivemem(env, SEL_MEMORY, SEL_REGION, REGION_AT, REGION,
                                  RESCIND_PERM_R | RESCIND_PERM_W)) &&
           went(env, "ACTIVATE", rescind_activate(env, EP_MEMORY, RESCIND_NONE, SEL_MEMORY)) &&
           /* The gate last: when the reader has it, it has all. */
           went(env, "EXCHANGE of the region",
                rescind_exchange(env, SEL_READER, one(SEL_REGION), one(SEL_REGION), false)) &&
           went(env, "EXCHANGE of the gate",
                rescind_exchange(env, SEL_READER, one(SEL_GATE), one(SEL_GATE), false));
}

/* It is the writer's turn when the reader has sent a message, and the reader's once that is
 * answered. */
static bool await_turn(struct rescind_env *env, uint64_t *id)
{
    struct rescind_message m;

    if (!went(env, "RECEIVE", rescind_receive(env, EP_TURNS, true, &m)))
        return false;
    *id = m.id;
    return holds(env, "the message came through the reader's gate", m.label == LABEL_TURN);
}

static bool writer_bounces(struct rescind_env *env)
{
    uint64_t id;

    for (uint64_t i = 0; i < BOUNCES; i++) {
        if (!await_turn(env, &id) || !read_counter(env, EP_MEMORY, REGION_AT, 2 * i) ||
            !write_counter(env, EP_MEMORY, REGION_AT, 2 * i + 1))
            return false;
        say_number(env, "writes ", 2 * i + 1);
        if (!went(env, "REPLY", rescind_reply(env, EP_TURNS, id, NULL, 0)))
            return false;
    }
    return true;
}

static bool take_back(struct rescind_env *env)
{
    uint64_t id;

    if (!await_turn(env, &id) ||
        !went(env, "REVOKE of the region", rescind_revoke(env, one(SEL_REGION), true)))
        return false;
    say(env, "revokes the region");
    /* All else is still there. */
    return read_counter(env, EP_MEMORY, REGION_AT, 2 * BOUNCES) &&
           went(env, "REPLY", rescind_reply(env, EP_TURNS, id, NULL, 0));
}

int pingpong_writer(struct rescind_env *env)
{
    return lend(env) && writer_bounces(env) && take_back(env) ? 0 : 1;
}

/* ---- The reader: counts to 2, 4, 6, ... --------------------------------------------------- */

enum { EP_SEND = 2, EP_REPLIES = 3, EP_REGION = 4, SEL_MORE = 12 };

/* Until the writer has delegated the gate there is nothing to activate. */
static bool find_gate(struct rescind_env *env)
{
    enum rescind_error error = RESCIND_INV_ARGS;

    for (uint32_t i = 0; i < PATIENCE && error == RESCIND_INV_ARGS; i++) {
        error = rescind_activate(env, EP_SEND, RESCIND_NONE, SEL_GATE);
        if (error == RESCIND_INV_ARGS)
            rescind_yield(env);
    }
    return went(env, "ACTIVATE of the gate", error);
}

/* What was lent gives neither more bytes nor more permissions. */
static bool try_for_more(struct rescind_env *env)
{
    uint64_t value = 0;

    return got(env, "READ behind the region",
               rescind_read(env, EP_REGION, REGION, &value, sizeof(value)), RESCIND_INV_ARGS) &&
           got(env, "WRITE across the region's end",
               rescind_write(env, EP_REGION, REGION - 4, &value, sizeof(value)),
               RESCIND_INV_ARGS) &&
           got(env, "DERIVEMEM of more bytes",
               rescind_derivemem(env, SEL_REGION, SEL_MORE, 0, REGION + 1, RESCIND_PERM_R),
               RESCIND_INV_ARGS) &&
           got(env, "DERIVEMEM of more permissions",
               rescind_derivemem(env, SEL_REGION, SEL_MORE, 0, REGION, RESCIND_PERM_X),
               RESCIND_NO_PERM);
}

static bool pass_turn(struct rescind_env *env)
{
    struct rescind_message m;

    return went(env, "SEND", rescind_send(env, EP_SEND, EP_REPLIES, 0, NULL, 0)) &&
           went(env, "RECEIVE", rescind_receive(env, EP_REPLIES, true, &m)) &&
           holds(env, "it is a reply", m.is_reply);
}

static bool reader_bounces(struct rescind_env *env)
{
    for (uint64_t i = 0; i < BOUNCES; i++) {
        if (!pass_turn(env) || !read_counter(env, EP_REGION, 0, 2 * i + 1) ||
            !write_counter(env, EP_REGION, 0, 2 * i + 2))
            return false;
        say_number(env, "writes ", 2 * i + 2);
    }
    return true;
}

static bool lose_region(struct rescind_env *env)
{
    uint64_t value = 0;

    if (!pass_turn(env) ||
        !got(env, "READ of the region that was revoked",
             rescind_read(env, EP_REGION, 0, &value, sizeof(value)), RESCIND_EP_INVALID) ||
        !got(env, "WRITE to the region that was revoked",
             rescind_write(env, EP_REGION, 0, &value, sizeof(value)), RESCIND_EP_INVALID) ||
        !got(env, "ACTIVATE of the region that was revoked",
             rescind_activate(env, EP_REGION, RESCIND_NONE, SEL_REGION), RESCIND_INV_ARGS))
        return false;
    say(env, "can't get at the region any more");
    return true;
}

int pingpong_reader(struct rescind_env *env)
{
    return went(env, "ATTACHRB",
                rescind_attachrb(env, RESCIND_SEL_VPE, EP_REPLIES, 0, ORDER, MSG_ORDER, 0)) &&
                   find_gate(env) &&
                   went(env, "ACTIVATE of the region",
                        rescind_activate(env, EP_REGION, RESCIND_NONE, SEL_REGION)) &&
                   try_for_more(env) && reader_bounces(env) && lose_region(env)
               ? 0
               : 1;
}
