/* From a message to a call and to its answer; see call.h. */
#include "syscall/call.h"

#include "base/task.h"
#include "object/vpe.h"
#include "syscall/print.h"

/* An opcode's functions. `begin` gets the arguments behind the opcode, decodes them and, if they
 * make sense, acts as far as it can at once; `step` (or NULL: there is nothing more to do) goes on,
 * spending *work (base/work.h) at most. */
struct syscall {
    enum progress (*begin)(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                           struct bytes in);
    enum progress (*step)(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                          uint32_t *work);
    /* For one that waits for what may never come; NULL: it does not. As call_cancel(). */
    bool (*cancel)(struct rescind_kernel *k, uint32_t vpe, struct call *call);
};

static enum rescind_error *error_of(struct call *call)
{
    return (enum rescind_error *)&call->error;
}

/* What follows from a decoder's verdict on a call that has steps. */
static enum progress accept(struct call *call, enum rescind_error error)
{
    call->error = error;
    return error == RESCIND_NO_ERROR ? CALL_MORE : CALL_DONE;
}

static enum progress begin_noop(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                                struct bytes in)
{
    (void)k;
    (void)vpe;
    (void)in;
    call->error = RESCIND_NO_ERROR;
    return CALL_DONE;
}

static enum progress begin_print(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                                 struct bytes in)
{
    struct bytes text;

    call->error = print_decode(in, &text);
    if (call->error == RESCIND_NO_ERROR)
        outbox_text(&k->outbox, RESCIND_OUTPUT_PRINT, vpe, text.data, text.size);
    return CALL_DONE;
}

static enum progress begin_creategate(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                                      struct bytes in)
{
    (void)k;
    (void)vpe;
    return accept(call, creategate_decode(in, &call->creategate));
}

static enum progress step_creategate(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                                     uint32_t *work)
{
    (void)work;
    return creategate_step(k, &call->creategate, vpe, error_of(call));
}

static enum progress begin_exchange(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                                    struct bytes in)
{
    call->error = exchange_decode(in, &call->exchange);
    if (call->error != RESCIND_NO_ERROR)
        return CALL_DONE;
    return exchange_at_once(k, &call->exchange, vpe) ? CALL_DONE : CALL_MORE;
}

static enum progress step_exchange(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                                   uint32_t *work)
{
    return exchange_step(k, &call->exchange, vpe, work, error_of(call));
}

static enum progress begin_revoke(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                                  struct bytes in)
{
    call->error = revoke_decode(in, vpe, &call->revoke);
    if (call->error != RESCIND_NO_ERROR || revoke_leaves(k, &call->revoke))
        return CALL_DONE;
    revoke_begin(k, &call->revoke);
    return CALL_MORE;
}

static enum progress step_revoke(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                                 uint32_t *work)
{
    return revoke_step(k, &call->revoke, vpe, work);
}

static enum progress begin_exit(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                                struct bytes in)
{
    uint32_t code;
    enum progress progress = accept(call, exit_decode(in, &code));

    if (progress == CALL_MORE)
        call_begin_exit(k, vpe, code);
    return progress;
}

static const struct syscall syscalls[] = {
    [RESCIND_SYS_NOOP] = {begin_noop, NULL, NULL},
    [RESCIND_SYS_PRINT] = {begin_print, NULL, NULL},
    [RESCIND_SYS_CREATEGATE] = {begin_creategate, step_creategate, NULL},
    [RESCIND_SYS_EXCHANGE] = {begin_exchange, step_exchange, NULL},
    [RESCIND_SYS_REVOKE] = {begin_revoke, step_revoke, NULL},
    [RESCIND_SYS_EXIT] = {begin_exit, step_revoke, NULL},
    [RESCIND_SYS_CREATEVPE] = {createvpe_begin, createvpe_step, NULL},
    [RESCIND_SYS_VPECTRL] = {vpectrl_begin, vpectrl_step, vpectrl_cancel},
    [RESCIND_SYS_ACTIVATE] = {activate_begin, activate_step, NULL},
    [RESCIND_SYS_ATTACHRB] = {attachrb_begin, attachrb_step, NULL},
    [RESCIND_SYS_DETACHRB] = {detachrb_begin, detachrb_step, NULL},
    [RESCIND_SYS_SEND] = {send_begin, send_step, NULL},
    [RESCIND_SYS_RECEIVE] = {receive_begin, receive_step, receive_cancel},
    [RESCIND_SYS_REPLY] = {reply_begin, reply_step, NULL},
    [RESCIND_SYS_ACK] = {ack_begin, ack_step, NULL},
    [RESCIND_SYS_REQMEM] = {reqmem_begin, reqmem_step, NULL},
    [RESCIND_SYS_DERIVEMEM] = {derivemem_begin, derivemem_step, NULL},
    [RESCIND_SYS_CREATEMAP] = {createmap_begin, createmap_step, NULL},
    [RESCIND_SYS_READ] = {read_begin, read_step, NULL},
    [RESCIND_SYS_WRITE] = {write_begin, write_step, NULL},
    [RESCIND_SYS_CREATESRV] = {createsrv_begin, createsrv_step, NULL},
    [RESCIND_SYS_CREATESESS] = {createsess_begin, createsess_step, createsess_cancel},
    [RESCIND_SYS_CREATESESSAT] = {createsessat_begin, createsessat_step, NULL},
    [RESCIND_SYS_DELEGATE] = {obtain_begin, obtain_step, obtain_cancel},
    [RESCIND_SYS_OBTAIN] = {obtain_begin, obtain_step, obtain_cancel},
    [RESCIND_SYS_PAGEFAULT] = {pagefault_begin, pagefault_step, pagefault_cancel},
    [RESCIND_SYS_FUND] = {fund_begin, fund_step, NULL},
    [RESCIND_SYS_LISTEN] = {listen_begin, listen_step, NULL},
    [RESCIND_SYS_IRQACK] = {irqack_begin, irqack_step, NULL},
    [RESCIND_SYS_PORT_IN] = {portin_begin, port_step, NULL},
    [RESCIND_SYS_PORT_OUT] = {portout_begin, port_step, NULL},
};

/* The functions of an opcode; NULL where this kernel has none for it. */
static inline const struct syscall *syscall_of(uint32_t opcode)
{
    if (opcode >= sizeof(syscalls) / sizeof(syscalls[0]) || syscalls[opcode].begin == NULL)
        return NULL;
    return &syscalls[opcode];
}

/* What every message begins with. */
struct BYTES_LAYOUT start {
    uint32_t opcode, padding;
};

enum progress call_begin(struct rescind_kernel *k, uint32_t vpe, struct bytes message)
{
    struct call *call = call_at(k, vpe);
    const struct start *start = (const void *)message.data;
    const struct syscall *syscall;

    call->error = RESCIND_INV_ARGS;
    if (message.size < sizeof(start->opcode))
        return CALL_DONE;
    call->opcode = start->opcode;
    syscall = syscall_of(call->opcode);
    if (syscall == NULL) {
        call->error = RESCIND_NOT_SUP;
        return CALL_DONE;
    }
    if (bytes_take(&message, sizeof(*start)) == NULL)
        return CALL_DONE;
    return syscall->begin(k, vpe, call, message);
}

void call_begin_exit(struct rescind_kernel *k, uint32_t vpe, uint32_t code)
{
    struct call *call = call_at(k, vpe);

    call->opcode = RESCIND_SYS_EXIT;
    call->error = RESCIND_NO_ERROR;
    vpe_at(k, vpe)->end_code = code;
    vpe_at(k, vpe)->ending = true;
    exit_prepare(vpe, &call->revoke);
    revoke_begin(k, &call->revoke);
}

enum progress call_step(struct rescind_kernel *k, uint32_t vpe)
{
    struct call *call = call_at(k, vpe);
    uint32_t work = k->work;
    enum progress progress = syscalls[call->opcode].step(k, vpe, call, &work);

    if (call->letter.state == LETTER_GRANTED)
        letter_decline(k, &call->letter);
    k->worked = k->work - work;
    return progress;
}

bool call_cancel(struct rescind_kernel *k, uint32_t vpe)
{
    struct call *call = call_at(k, vpe);
    const struct syscall *syscall = &syscalls[call->opcode];

    return letter_cancel(k, vpe) || (syscall->cancel != NULL && syscall->cancel(k, vpe, call));
}

bool call_take_data(struct rescind_kernel *k, uint32_t vpe, struct bytes *in, uint32_t *size)
{
    uint64_t told = bytes_u64(in);
    const uint8_t *data = NULL;

    if (bytes_ok(*in) && told <= RESCIND_DATA_MAX)
        data = bytes_take(in, told);
    if (data == NULL)
        return false;
    memcpy(call_buffer(k, vpe), data, told);
    *size = (uint32_t)told;
    return true;
}
