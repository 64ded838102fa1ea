/* An echo service and its clients.
 *
 * The service opens two sessions. Through its session a client obtains a gate of its own to the
 * service, and what it sends there comes back. A client that is through revokes its session; the
 * service hears of that and revokes the gate, which stops the client's endpoint. When both
 * sessions are closed the service ends.
 *
 * Neither expects a grant, and client and service may be on different kernels. The kernel's
 * requests and the clients' messages come to one endpoint, so that the service waits in one place;
 * labels tell them apart.
 */
#include "user/programs.h"

#include "rescind/platform.h"
#include "user/message.h"
#include "user/say.h"
#include "user/text.h"

static const char name[] = "echo";

/* What the receive buffers are: slots of 512 bytes. */
enum { MSG_ORDER = 9, SERVICE_ORDER = 12, CLIENT_ORDER = 11 };

/* ---- The service -------------------------------------------------------------------------- */

enum {
    EP_REQUESTS = 2,
    SEL_KERNEL_GATE = 10,
    SEL_SERVICE = 11,
    SEL_CLIENT_GATES = 20, /* + ident */
    KERNEL_LABEL = 0,      /* a client's is its ident */
    SESSIONS = 2,
    CLIENT_CREDITS = 2,
};

struct service {
    struct rescind_env *env;
    uint32_t opened; /* the last ident: they are numbered from 1 */
    uint32_t closed;
    uint32_t echoed;
    bool failed;
};

/* The head of a request, as abi.h says; the client's args follow. */
struct request {
    uint64_t op, ident, table, count;
};

static void answer(struct service *s, const struct rescind_message *to, const struct message *reply)
{
    if (!went(s->env, "the service's REPLY",
              rescind_reply(s->env, EP_REQUESTS, to->id, reply->bytes, reply->size)))
        s->failed = true;
}

static void answer_error(struct service *s, const struct rescind_message *to,
                         enum rescind_error error)
{
    struct message reply;

    message_begin(&reply, error);
    answer(s, to, &reply);
}

/* The client's name is what it has sent along. */
static void welcome(struct service *s, const struct rescind_message *m)
{
    char client[RESCIND_ARGS_MAX + 1] = {0};
    size_t size = m->size - sizeof(struct request);

    memcpy(client, m->data + sizeof(struct request),
           size < RESCIND_ARGS_MAX ? size : RESCIND_ARGS_MAX);
    say_text(s->env, "opens a session for ", client);
}

static void open_session(struct service *s, const struct rescind_message *m)
{
    const uint32_t ident = s->opened + 1;
    struct message reply;
    enum rescind_error error = RESCIND_NO_SPACE;

    if (s->opened < SESSIONS)
        error = rescind_creategate(s->env, RESCIND_SEL_VPE, SEL_CLIENT_GATES + ident, ident,
                                   EP_REQUESTS, CLIENT_CREDITS);
    message_begin(&reply, error);
    message_u64(&reply, ident);
    if (error == RESCIND_NO_ERROR) {
        s->opened++;
        welcome(s, m);
    }
    answer(s, m, &reply);
}

/* Gives the session's gate, and nothing else however much was asked for; and says back what the
 * client has sent along. */
static void give_gate(struct service *s, const struct rescind_message *m,
                      const struct request *request)
{
    const size_t said = m->size - sizeof(*request);
    struct message reply;

    if (request->table != RESCIND_TABLE_OBJECT || request->count == 0) {
        answer_error(s, m, RESCIND_INV_ARGS);
        return;
    }
    message_begin(&reply, RESCIND_NO_ERROR);
    message_range(&reply, one(SEL_CLIENT_GATES + (uint32_t)request->ident));
    memcpy(reply.bytes + reply.size, m->data + sizeof(*request), said); /* without padding */
    reply.size += said;
    answer(s, m, &reply);
}

static void close_session(struct service *s, const struct rescind_message *m, uint32_t ident)
{
    s->failed |= !went(s->env, "REVOKE of a client's gate",
                       rescind_revoke(s->env, one(SEL_CLIENT_GATES + ident), true));
    s->failed |= !went(s->env, "ACK of CLOSE", rescind_ack(s->env, EP_REQUESTS, m->id));
    s->closed++;
    say(s->env, "a session is closed, and its gate revoked");
}

static void serve_kernel(struct service *s, const struct rescind_message *m)
{
    struct request request;

    if (m->size < sizeof(request)) {
        s->failed |= !holds(s->env, "a request has its four words", false);
        return;
    }
    memcpy(&request, m->data, sizeof(request));
    switch (request.op) {
    case RESCIND_SERVICE_OPEN:
        open_session(s, m);
        break;
    case RESCIND_SERVICE_OBTAIN:
        give_gate(s, m, &request);
        break;
    case RESCIND_SERVICE_CLOSE:
        close_session(s, m, (uint32_t)request.ident);
        break;
    default:
        answer_error(s, m, RESCIND_NOT_SUP);
    }
}

static void echo(struct service *s, const struct rescind_message *m)
{
    enum rescind_error error = rescind_reply(s->env, EP_REQUESTS, m->id, m->data, m->size);

    if (error == RESCIND_NO_ERROR)
        s->echoed++;
    else if (error == RESCIND_INV_ARGS) /* no reply is wanted, or the gate has just gone */
        rescind_ack(s->env, EP_REQUESTS, m->id);
    else
        s->failed |= !went(s->env, "the echo's REPLY", error);
}

static bool start_service(struct rescind_env *env)
{
    return went(env, "ATTACHRB",
                rescind_attachrb(env, RESCIND_SEL_VPE, EP_REQUESTS, 0, SERVICE_ORDER, MSG_ORDER,
                                 0)) &&
           went(env, "CREATEGATE",
                rescind_creategate(env, RESCIND_SEL_VPE, SEL_KERNEL_GATE, KERNEL_LABEL, EP_REQUESTS,
                                   CLIENT_CREDITS)) &&
           went(env, "CREATESRV", rescind_createsrv(env, SEL_KERNEL_GATE, SEL_SERVICE, name));
}

int echo_service(struct rescind_env *env)
{
    struct service s = {.env = env};
    struct rescind_message m;

    s.failed = !start_service(env);
    while (!s.failed && s.closed < SESSIONS) {
        s.failed = !went(env, "RECEIVE", rescind_receive(env, EP_REQUESTS, true, &m));
        if (!s.failed && m.label == KERNEL_LABEL)
            serve_kernel(&s, &m);
        else if (!s.failed)
            echo(&s, &m);
    }
    s.failed |= !went(env, "REVOKE of the service", rescind_revoke(env, one(SEL_SERVICE), true));
    s.failed |= !went(env, "DETACHRB", rescind_detachrb(env, RESCIND_SEL_VPE, EP_REQUESTS));
    say_number(env, "messages echoed: ", s.echoed);
    return s.failed;
}

/* ---- The client --------------------------------------------------------------------------- */

enum {
    EP_SEND = 2,
    EP_REPLIES = 3,
    SEL_SESSION = 10,
    SEL_GATE = 11,
    ASKED = 2, /* capabilities, of which the service gives one */
    ROUNDS = 3,
    FIRST_LABEL = 100,
};

static struct rescind_args own_name(const struct rescind_env *env)
{
    struct rescind_args args = {0};

    while (args.size < RESCIND_ARGS_MAX && env->name[args.size] != '\0') {
        args.bytes[args.size] = (uint8_t)env->name[args.size];
        args.size++;
    }
    return args;
}

static bool open(struct rescind_env *env, const struct rescind_args *args)
{
    enum rescind_error error = RESCIND_INV_ARGS;

    /* As long as the service has not registered there is none of this name. */
    for (uint32_t i = 0; i < PATIENCE && error == RESCIND_INV_ARGS; i++) {
        error = rescind_createsess(env, RESCIND_SEL_VPE, SEL_SESSION, name, args);
        if (error == RESCIND_INV_ARGS)
            rescind_yield(env);
    }
    return went(env, "CREATESESS", error);
}

static bool obtain_gate(struct rescind_env *env, const struct rescind_args *args)
{
    const struct rescind_range wanted = {RESCIND_TABLE_OBJECT, SEL_GATE, ASKED};
    struct rescind_args back = {0};
    uint64_t count = 0;

    return went(env, "OBTAIN",
                rescind_session_obtain(env, RESCIND_SEL_VPE, SEL_SESSION, wanted, args, &count,
                                       &back)) &&
           holds(env, "the service gives one gate, of two", count == 1) &&
           holds(env, "the service says back what it was told",
                 back.size == args->size && memcmp(back.bytes, args->bytes, back.size) == 0);
}

static bool connect(struct rescind_env *env)
{
    return went(
               env, "ATTACHRB",
               rescind_attachrb(env, RESCIND_SEL_VPE, EP_REPLIES, 0, CLIENT_ORDER, MSG_ORDER, 0)) &&
           went(env, "ACTIVATE", rescind_activate(env, EP_SEND, RESCIND_NONE, SEL_GATE));
}

static bool say_and_hear(struct rescind_env *env, uint32_t round)
{
    struct rescind_message m;
    struct text text = {0};

    text_string(&text, env->name);
    text_string(&text, " says ");
    text_number(&text, round);
    return went(env, "SEND",
                rescind_send(env, EP_SEND, EP_REPLIES, FIRST_LABEL + round, text.chars,
                             text.size)) &&
           went(env, "RECEIVE", rescind_receive(env, EP_REPLIES, true, &m)) &&
           holds(env, "a reply with its label",
                 m.is_reply && m.label == FIRST_LABEL + (uint64_t)round) &&
           holds(env, "the echo is what was said",
                 m.size == text.size && memcmp(m.data, text.chars, text.size) == 0);
}

static bool converse(struct rescind_env *env)
{
    for (uint32_t round = 0; round < ROUNDS; round++) {
        if (!say_and_hear(env, round))
            return false;
    }
    say_number(env, "echoes heard: ", ROUNDS);
    return true;
}

/* Without its session the client loses its gate as soon as the service has heard of it; until then
 * a message or two may still get through. */
static bool leave(struct rescind_env *env)
{
    enum rescind_error error = RESCIND_NO_ERROR;

    if (!went(env, "REVOKE of the session", rescind_revoke(env, one(SEL_SESSION), true)))
        return false;
    for (uint32_t i = 0; i < PATIENCE; i++) {
        error = rescind_send(env, EP_SEND, RESCIND_NONE, 0, NULL, 0);
        if (error != RESCIND_NO_ERROR && error != RESCIND_MISS_CREDITS)
            break;
        rescind_yield(env);
    }
    if (!got(env, "SEND through a gate that is gone", error, RESCIND_EP_INVALID))
        return false;
    say(env, "without a session there is no gate");
    return true;
}

int echo_client(struct rescind_env *env)
{
    const struct rescind_args args = own_name(env);

    return open(env, &args) && obtain_gate(env, &args) && connect(env) && converse(env) &&
                   leave(env)
               ? 0
               : 1;
}
