/* Syscalls from a program: one message out, its reply in. The public face is rescind/user.h. */
#include "rescind/user.h"

#include "rescind/platform.h"
#include "dtu/endpoint.h"
#include "user/message.h"

/* The longest text that fits a message behind its opcode and its length. */
enum { PRINT_MAX = 464 };

static struct endpoint syscall_endpoint(struct rescind_env *env)
{
    return (struct endpoint){
        .pe = env->pe,
        .vpe = env->vpe,
        .number = RESCIND_EP_SYSCALL,
        .reply_ep = RESCIND_EP_REPLY,
        .credits = &env->credits,
    };
}

enum rescind_error rescind_call(struct rescind_env *env, const void *message, size_t size,
                                void *reply, size_t reply_size)
{
    struct endpoint endpoint = syscall_endpoint(env);
    enum rescind_error error = endpoint_send(&endpoint, env->syscalls, message, size);
    struct rescind_header header;
    struct ring_place place;
    uint64_t code = RESCIND_INV_ARGS; /* if this program has scribbled over its own ring */

    if (error != RESCIND_NO_ERROR)
        return error;
    do
        env->wait(env, false);
    while (ring_front(env->replies, &place) != RING_MESSAGE);
    header = *place.header;
    if (header.length >= sizeof(code) && header.length <= RESCIND_PAYLOAD_MAX) {
        memcpy(&code, place.header + 1, sizeof(code));
        if (reply != NULL)
            memcpy(reply, place.header + 1,
                   reply_size < header.length ? reply_size : header.length);
    }
    ring_drop(env->replies, &place);
    endpoint_credit(&endpoint, &header);
    return (enum rescind_error)code;
}

static enum rescind_error send(struct rescind_env *env, const struct message *m)
{
    return rescind_call(env, m->bytes, m->size, NULL, 0);
}

enum rescind_error rescind_noop(struct rescind_env *env)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_NOOP);
    return send(env, &m);
}

enum rescind_error rescind_creategate(struct rescind_env *env, uint32_t vpe, uint32_t dst,
                                      uint64_t label, uint32_t ep, uint64_t credits)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_CREATEGATE);
    message_u64(&m, vpe);
    message_u64(&m, dst);
    message_u64(&m, label);
    message_u64(&m, ep);
    message_u64(&m, credits);
    return send(env, &m);
}

enum rescind_error rescind_exchange(struct rescind_env *env, uint32_t vpe, struct rescind_range own,
                                    struct rescind_range other, bool obtain)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_EXCHANGE);
    message_u64(&m, vpe);
    message_range(&m, own);
    message_range(&m, other);
    message_u64(&m, obtain);
    return send(env, &m);
}

enum rescind_error rescind_revoke(struct rescind_env *env, struct rescind_range range, bool own)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_REVOKE);
    message_range(&m, range);
    message_u64(&m, own);
    return send(env, &m);
}

enum rescind_error rescind_print(struct rescind_env *env, const char *text, size_t size)
{
    struct message m;

    if (size > PRINT_MAX)
        return RESCIND_INV_ARGS;
    message_begin(&m, RESCIND_SYS_PRINT);
    message_u64(&m, size);
    message_put(&m, text, size);
    return send(env, &m);
}

void rescind_exit(struct rescind_env *env, uint32_t code)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_EXIT);
    message_u64(&m, code);
    send(env, &m); /* has no reply */
    for (;;)
        env->wait(env, true); /* only where the message could not be sent */
}
