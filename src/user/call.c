/* Syscalls from a program: one message out, its reply in. The public face is rescind/user.h. */
#include "rescind/user.h"

#include "rescind/platform.h"
#include "dtu/endpoint.h"
#include "user/message.h"

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
    const struct rescind_header *header;
    struct ring_place place;
    uint16_t length;
    uint64_t code = RESCIND_INV_ARGS; /* if this program has scribbled over its own ring */

    if (error != RESCIND_NO_ERROR)
        return error;
    do
        env->wait(env, false);
    while (ring_front(env->replies, &place) != RING_MESSAGE);
    header = place.header;
    length = header->length;
    if (length >= sizeof(code) && length <= RESCIND_PAYLOAD_MAX) {
        memcpy(&code, header + 1, sizeof(code));
        if (reply != NULL)
            memcpy(reply, header + 1, reply_size < length ? reply_size : length);
    }
    endpoint_credit(&endpoint, header);
    ring_drop(env->replies, &place);
    return (enum rescind_error)code;
}

static enum rescind_error send(struct rescind_env *env, const struct message *m)
{
    return rescind_call(env, m->bytes, m->size, NULL, 0);
}

/* With a reply that says more than its error code. */
static enum rescind_error ask(struct rescind_env *env, const struct message *m, struct reply *r)
{
    memset(r, 0, sizeof(*r));
    return rescind_call(env, m->bytes, m->size, r->words, sizeof(r->words));
}

static size_t length(const char *string)
{
    size_t size = 0;

    while (string[size] != '\0')
        size++;
    return size;
}

/* ---- Capabilities ------------------------------------------------------------------------- */

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

/* ---- VPEs --------------------------------------------------------------------------------- */

enum rescind_error rescind_createvpe(struct rescind_env *env, uint32_t vpe_dst, uint32_t mem_dst,
                                     const char *name, uint32_t pe, uint32_t pfgate, uint32_t pfep,
                                     uint32_t *placed)
{
    const size_t size = length(name);
    struct message m;
    struct reply r;
    enum rescind_error error;

    if (size > RESCIND_VPE_NAME_MAX)
        return RESCIND_INV_ARGS; /* what follows it has to fit, too */
    message_begin(&m, RESCIND_SYS_CREATEVPE);
    message_u64(&m, vpe_dst);
    message_u64(&m, mem_dst);
    message_string(&m, name, size);
    message_u64(&m, pe);
    message_u64(&m, pfgate);
    message_u64(&m, pfep);
    error = ask(env, &m, &r);
    if (error == RESCIND_NO_ERROR && placed != NULL)
        *placed = (uint32_t)r.words[1];
    return error;
}

static void begin_vpectrl(struct message *m, uint32_t vpe, enum rescind_vpectrl operation)
{
    message_begin(m, RESCIND_SYS_VPECTRL);
    message_u64(m, vpe);
    message_u64(m, operation);
    message_u64(m, 0); /* the pid, which only SemperOS's own kernel asks for */
}

enum rescind_error rescind_vpectrl_start(struct rescind_env *env, uint32_t vpe)
{
    struct message m;

    begin_vpectrl(&m, vpe, RESCIND_VPE_START);
    return send(env, &m);
}

enum rescind_error rescind_vpectrl_wait(struct rescind_env *env, uint32_t vpe, uint32_t *code)
{
    struct message m;
    struct reply r;
    enum rescind_error error;

    begin_vpectrl(&m, vpe, RESCIND_VPE_WAIT);
    error = ask(env, &m, &r);
    if (error == RESCIND_NO_ERROR && code != NULL)
        *code = (uint32_t)r.words[1];
    return error;
}

enum rescind_error rescind_fund(struct rescind_env *env, uint32_t vpe, uint64_t nodes, bool back)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_FUND);
    message_u64(&m, vpe);
    message_u64(&m, nodes);
    message_u64(&m, back);
    return send(env, &m);
}

void rescind_exit(struct rescind_env *env, uint32_t code)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_EXIT);
    message_u64(&m, code);
    send(env, &m); /* has no reply */
    for (;;)
        env->wait(env, true); /* LCOV_EXCL_LINE: only where the message could not be sent */
}

/* ---- Memory ------------------------------------------------------------------------------- */

enum rescind_error rescind_reqmem(struct rescind_env *env, uint32_t dst, uint64_t addr,
                                  uint64_t size, uint32_t perms)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_REQMEM);
    message_u64(&m, dst);
    message_u64(&m, addr);
    message_u64(&m, size);
    message_u64(&m, perms);
    return send(env, &m);
}

enum rescind_error rescind_derivemem(struct rescind_env *env, uint32_t src, uint32_t dst,
                                     uint64_t off, uint64_t size, uint32_t perms)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_DERIVEMEM);
    message_u64(&m, src);
    message_u64(&m, dst);
    message_u64(&m, off);
    message_u64(&m, size);
    message_u64(&m, perms);
    return send(env, &m);
}

enum rescind_error rescind_createmap(struct rescind_env *env, uint32_t vpe, uint32_t mem,
                                     uint32_t first, uint32_t pages, uint32_t dst, uint32_t perms)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_CREATEMAP);
    message_u64(&m, vpe);
    message_u64(&m, mem);
    message_u64(&m, first);
    message_u64(&m, pages);
    message_u64(&m, dst);
    message_u64(&m, perms);
    return send(env, &m);
}

enum rescind_error rescind_pagefault(struct rescind_env *env, uint64_t virt, uint64_t access)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_PAGEFAULT);
    message_u64(&m, virt);
    message_u64(&m, access);
    return send(env, &m);
}

enum rescind_error rescind_load(struct rescind_env *env, uint64_t address, uint64_t *value)
{
    return env->load == NULL ? RESCIND_NOT_SUP : env->load(env, address, value);
}

enum rescind_error rescind_store(struct rescind_env *env, uint64_t address, uint64_t value)
{
    return env->store == NULL ? RESCIND_NOT_SUP : env->store(env, address, value);
}

/* ---- Services and sessions ---------------------------------------------------------------- */

enum rescind_error rescind_createsrv(struct rescind_env *env, uint32_t gate, uint32_t srv,
                                     const char *name)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_CREATESRV);
    message_u64(&m, gate);
    message_u64(&m, srv);
    return message_string(&m, name, length(name)) ? send(env, &m) : RESCIND_INV_ARGS;
}

/* Without `args` nothing is appended. False: there are too many. */
static bool put_args(struct message *m, const struct rescind_args *args)
{
    return args == NULL ||
           (args->size <= RESCIND_ARGS_MAX && message_string(m, args->bytes, args->size));
}

enum rescind_error rescind_createsess(struct rescind_env *env, uint32_t vpe, uint32_t cap,
                                      const char *name, const struct rescind_args *args)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_CREATESESS);
    message_u64(&m, vpe);
    message_u64(&m, cap);
    return message_string(&m, name, length(name)) && put_args(&m, args) ? send(env, &m)
                                                                        : RESCIND_INV_ARGS;
}

enum rescind_error rescind_createsessat(struct rescind_env *env, uint32_t srv, uint32_t sess,
                                        uint64_t ident)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_CREATESESSAT);
    message_u64(&m, srv);
    message_u64(&m, sess);
    message_u64(&m, ident);
    return send(env, &m);
}

static enum rescind_error through_session(struct rescind_env *env, enum rescind_syscall opcode,
                                          uint32_t vpe, uint32_t session,
                                          struct rescind_range range,
                                          const struct rescind_args *args, uint64_t *count,
                                          struct rescind_args *answer)
{
    struct message m;
    struct reply r;
    enum rescind_error error;

    message_begin(&m, opcode);
    message_u64(&m, vpe);
    message_u64(&m, session);
    message_range(&m, range);
    if (!put_args(&m, args))
        return RESCIND_INV_ARGS;
    error = ask(env, &m, &r);
    if (error == RESCIND_NO_ERROR && count != NULL)
        *count = r.words[1];
    if (error == RESCIND_NO_ERROR && answer != NULL)
        answer->size = (uint32_t)reply_string(&r, 2, answer->bytes, sizeof(answer->bytes));
    return error;
}

enum rescind_error rescind_session_delegate(struct rescind_env *env, uint32_t vpe, uint32_t session,
                                            struct rescind_range range,
                                            const struct rescind_args *args, uint64_t *count,
                                            struct rescind_args *answer)
{
    return through_session(env, RESCIND_SYS_DELEGATE, vpe, session, range, args, count, answer);
}

enum rescind_error rescind_session_obtain(struct rescind_env *env, uint32_t vpe, uint32_t session,
                                          struct rescind_range range,
                                          const struct rescind_args *args, uint64_t *count,
                                          struct rescind_args *answer)
{
    return through_session(env, RESCIND_SYS_OBTAIN, vpe, session, range, args, count, answer);
}

/* ---- Endpoints: messages and memory ------------------------------------------------------- */

enum rescind_error rescind_activate(struct rescind_env *env, uint32_t ep, uint32_t old,
                                    uint32_t now)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_ACTIVATE);
    message_u64(&m, ep);
    message_u64(&m, old);
    message_u64(&m, now);
    return send(env, &m);
}

enum rescind_error rescind_attachrb(struct rescind_env *env, uint32_t vpe, uint32_t ep,
                                    uint64_t addr, uint32_t order, uint32_t msgorder,
                                    uint32_t flags)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_ATTACHRB);
    message_u64(&m, vpe);
    message_u64(&m, ep);
    message_u64(&m, addr);
    message_u64(&m, order);
    message_u64(&m, msgorder);
    message_u64(&m, flags);
    return send(env, &m);
}

enum rescind_error rescind_detachrb(struct rescind_env *env, uint32_t vpe, uint32_t ep)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_DETACHRB);
    message_u64(&m, vpe);
    message_u64(&m, ep);
    return send(env, &m);
}

enum rescind_error rescind_send(struct rescind_env *env, uint32_t ep, uint32_t reply_ep,
                                uint64_t reply_label, const void *data, size_t size)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_SEND);
    message_u64(&m, ep);
    message_u64(&m, reply_ep);
    message_u64(&m, reply_label);
    return message_string(&m, data, size) ? send(env, &m) : RESCIND_INV_ARGS;
}

enum rescind_error rescind_receive(struct rescind_env *env, uint32_t ep, bool wait,
                                   struct rescind_message *message)
{
    struct message m;
    struct reply r;
    enum rescind_error error;

    message_begin(&m, RESCIND_SYS_RECEIVE);
    message_u64(&m, ep);
    message_u64(&m, wait);
    error = ask(env, &m, &r);
    if (error == RESCIND_NO_ERROR && message != NULL) {
        message->id = r.words[1];
        message->label = r.words[2];
        message->is_reply = r.words[3] != 0;
        message->size = (uint32_t)reply_string(&r, 4, message->data, sizeof(message->data));
    }
    return error;
}

enum rescind_error rescind_reply(struct rescind_env *env, uint32_t ep, uint64_t id,
                                 const void *data, size_t size)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_REPLY);
    message_u64(&m, ep);
    message_u64(&m, id);
    return message_string(&m, data, size) ? send(env, &m) : RESCIND_INV_ARGS;
}

enum rescind_error rescind_ack(struct rescind_env *env, uint32_t ep, uint64_t id)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_ACK);
    message_u64(&m, ep);
    message_u64(&m, id);
    return send(env, &m);
}

enum rescind_error rescind_read(struct rescind_env *env, uint32_t ep, uint64_t off, void *data,
                                size_t size)
{
    struct message m;
    struct reply r;
    enum rescind_error error;

    message_begin(&m, RESCIND_SYS_READ);
    message_u64(&m, ep);
    message_u64(&m, off);
    message_u64(&m, size);
    error = ask(env, &m, &r);
    if (error == RESCIND_NO_ERROR && data != NULL)
        reply_string(&r, 1, data, size);
    return error;
}

enum rescind_error rescind_write(struct rescind_env *env, uint32_t ep, uint64_t off,
                                 const void *data, size_t size)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_WRITE);
    message_u64(&m, ep);
    message_u64(&m, off);
    return message_string(&m, data, size) ? send(env, &m) : RESCIND_INV_ARGS;
}

/* ---- Devices ------------------------------------------------------------------------------ */

enum rescind_error rescind_listen(struct rescind_env *env, uint32_t irq, uint32_t ep)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_LISTEN);
    message_u64(&m, irq);
    message_u64(&m, ep);
    return send(env, &m);
}

enum rescind_error rescind_irqack(struct rescind_env *env, uint32_t irq)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_IRQACK);
    message_u64(&m, irq);
    return send(env, &m);
}

enum rescind_error rescind_port_in(struct rescind_env *env, uint32_t ports, uint32_t offset,
                                   uint32_t width, uint32_t *value)
{
    struct message m;
    struct reply r;
    enum rescind_error error;

    message_begin(&m, RESCIND_SYS_PORT_IN);
    message_u64(&m, ports);
    message_u64(&m, offset);
    message_u64(&m, width);
    error = ask(env, &m, &r);
    if (error == RESCIND_NO_ERROR && value != NULL)
        *value = (uint32_t)r.words[1];
    return error;
}

enum rescind_error rescind_port_out(struct rescind_env *env, uint32_t ports, uint32_t offset,
                                    uint32_t width, uint32_t value)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_PORT_OUT);
    message_u64(&m, ports);
    message_u64(&m, offset);
    message_u64(&m, width);
    message_u64(&m, value);
    return send(env, &m);
}

/* ---- And ---------------------------------------------------------------------------------- */

enum rescind_error rescind_noop(struct rescind_env *env)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_NOOP);
    return send(env, &m);
}

void rescind_yield(struct rescind_env *env)
{
    env->wait(env, false);
}

enum rescind_error rescind_print(struct rescind_env *env, const char *text, size_t size)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_PRINT);
    return message_string(&m, text, size) ? send(env, &m) : RESCIND_INV_ARGS;
}
