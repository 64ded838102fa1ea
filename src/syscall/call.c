/* From a message to a call and to its answer; see call.h. */
#include "syscall/call.h"

#include "base/task.h"
#include "object/vpe.h"
#include "syscall/print.h"

/* An opcode's functions. `decode` gets the arguments behind the opcode and touches nothing but
 * `call`; `begin` (or NULL) acts at once, on the message that was decoded; `step` (or NULL: the
 * call is done) goes on, touching *work capabilities at most. */
struct syscall {
    enum rescind_error (*decode)(struct bytes in, uint32_t vpe, struct call *call);
    void (*begin)(struct rescind_kernel *k, uint32_t vpe, struct call *call, struct bytes in);
    enum progress (*step)(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                          uint32_t *work);
};

static enum rescind_error decode_noop(struct bytes in, uint32_t vpe, struct call *call)
{
    (void)in;
    (void)vpe;
    (void)call;
    return RESCIND_NO_ERROR;
}

static enum rescind_error decode_print(struct bytes in, uint32_t vpe, struct call *call)
{
    struct bytes text;

    (void)vpe;
    (void)call;
    return print_decode(in, &text);
}

static void begin_print(struct rescind_kernel *k, uint32_t vpe, struct call *call, struct bytes in)
{
    struct bytes text = {0};

    (void)call;
    print_decode(in, &text);
    outbox_print(&k->outbox, vpe, text.data, text.size);
}

static enum rescind_error decode_creategate(struct bytes in, uint32_t vpe, struct call *call)
{
    (void)vpe;
    return creategate_decode(in, &call->creategate);
}

static enum progress step_creategate(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                                     uint32_t *work)
{
    (void)work;
    return creategate_step(k, &call->creategate, vpe, &call->error);
}

static enum rescind_error decode_exchange(struct bytes in, uint32_t vpe, struct call *call)
{
    (void)vpe;
    return exchange_decode(in, &call->exchange);
}

static enum progress step_exchange(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                                   uint32_t *work)
{
    return exchange_step(k, &call->exchange, vpe, work, &call->error);
}

static enum rescind_error decode_revoke(struct bytes in, uint32_t vpe, struct call *call)
{
    return revoke_decode(in, vpe, &call->revoke);
}

static void begin_revoke(struct rescind_kernel *k, uint32_t vpe, struct call *call, struct bytes in)
{
    (void)vpe;
    (void)in;
    revoke_begin(k, &call->revoke);
}

static enum progress step_revoke(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                                 uint32_t *work)
{
    return revoke_step(k, &call->revoke, vpe, work);
}

static enum rescind_error decode_exit(struct bytes in, uint32_t vpe, struct call *call)
{
    uint32_t code;

    exit_prepare(vpe, &call->revoke);
    return exit_decode(in, &code);
}

static void begin_exit(struct rescind_kernel *k, uint32_t vpe, struct call *call, struct bytes in)
{
    exit_decode(in, &vpe_at(k, vpe)->end_code);
    revoke_begin(k, &call->revoke);
}

static const struct syscall syscalls[] = {
    [RESCIND_SYS_NOOP] = {decode_noop, NULL, NULL},
    [RESCIND_SYS_PRINT] = {decode_print, begin_print, NULL},
    [RESCIND_SYS_CREATEGATE] = {decode_creategate, NULL, step_creategate},
    [RESCIND_SYS_EXCHANGE] = {decode_exchange, NULL, step_exchange},
    [RESCIND_SYS_REVOKE] = {decode_revoke, begin_revoke, step_revoke},
    [RESCIND_SYS_EXIT] = {decode_exit, begin_exit, step_revoke},
};

/* The functions of an opcode; NULL where this kernel has none for it. */
static const struct syscall *syscall_of(uint32_t opcode)
{
    if (opcode >= sizeof(syscalls) / sizeof(syscalls[0]) || syscalls[opcode].decode == NULL)
        return NULL;
    return &syscalls[opcode];
}

enum progress call_begin(struct rescind_kernel *k, uint32_t vpe, struct bytes message)
{
    struct call *call = call_at(k, vpe);
    const struct syscall *syscall;

    call->error = RESCIND_INV_ARGS;
    if (message.size < sizeof(call->opcode))
        return CALL_DONE;
    memcpy(&call->opcode, message.data, sizeof(call->opcode));
    syscall = syscall_of(call->opcode);
    if (syscall == NULL) {
        call->error = RESCIND_NOT_SUP;
        return CALL_DONE;
    }
    if (bytes_take(&message, sizeof(uint64_t)) == NULL)
        return CALL_DONE;
    call->error = syscall->decode(message, vpe, call);
    if (call->error != RESCIND_NO_ERROR)
        return CALL_DONE;
    if (syscall->begin != NULL)
        syscall->begin(k, vpe, call, message);
    return syscall->step == NULL ? CALL_DONE : CALL_MORE;
}

void call_begin_exit(struct rescind_kernel *k, uint32_t vpe, uint32_t code)
{
    struct call *call = call_at(k, vpe);

    call->opcode = RESCIND_SYS_EXIT;
    call->error = RESCIND_NO_ERROR;
    vpe_at(k, vpe)->end_code = code;
    exit_prepare(vpe, &call->revoke);
    revoke_begin(k, &call->revoke);
}

enum progress call_step(struct rescind_kernel *k, uint32_t vpe)
{
    struct call *call = call_at(k, vpe);
    uint32_t work = k->work;
    enum progress progress = syscall_of(call->opcode)->step(k, vpe, call, &work);

    k->worked = k->work - work;
    return progress;
}
