/* Messages to calls of the naive model and back; see model.h. Nothing here is shared with src/. */
#include <string.h>

#include "sim/model.h"

/* The bytes of the shortest whole message of a call; 0: there is no such call. */
static size_t smallest(uint32_t op)
{
    switch (op) {
#define SMALLEST(name, number, bytes)                                                              \
    case number:                                                                                   \
        return bytes;
        RESCIND_SYSCALLS(SMALLEST)
#undef SMALLEST
    default:
        return 0;
    }
}

/* ---- Reading -------------------------------------------------------------------------------- */

/* What is left of a message; what is read past its end is zero, and `bad`. */
struct reader {
    const uint8_t *at;
    size_t left;
    bool bad;
};

static uint64_t number(const uint8_t *bytes, int size)
{
    uint64_t value = 0;
    for (int i = 0; i < size; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

/* So many bytes and their padding; NULL: there are not so many. */
static const uint8_t *take(struct reader *in, uint64_t size)
{
    const uint8_t *at = in->at;
    if (in->bad || size > in->left || (size + 7) / 8 * 8 > in->left) {
        in->bad = true;
        return NULL;
    }
    in->at += (size + 7) / 8 * 8;
    in->left -= (size + 7) / 8 * 8;
    return at;
}

static uint64_t get64(struct reader *in)
{
    const uint8_t *at = take(in, 8);
    return at ? number(at, 8) : 0;
}

static uint32_t get32(struct reader *in)
{
    return (uint32_t)get64(in);
}

static bool get_bool(struct reader *in)
{
    return (get64(in) & 0xff) != 0;
}

static struct rescind_range get_range(struct reader *in)
{
    uint64_t first = get64(in), second = get64(in);
    struct rescind_range range = {(uint32_t)first, (uint32_t)(first >> 32), (uint32_t)second};
    return range;
}

static const char *get_text(struct reader *in, uint64_t most, size_t *size)
{
    uint64_t length = get64(in);
    *size = (size_t)length;
    if (length > most)
        in->bad = true;
    return (const char *)take(in, length);
}

static bool is_free_ep(uint32_t ep)
{
    return ep >= RESCIND_EP_FREE && ep < RESCIND_EP_COUNT;
}

static void get_createvpe(struct reader *in, struct model_call *call)
{
    size_t size;
    call->dst = get32(in);
    call->dst2 = get32(in);
    get_text(in, RESCIND_VPE_NAME_MAX, &size);
    call->pe = get32(in);
    call->src = get32(in);
    call->ep = get32(in);
    call->child = MODEL_NOBODY;
    if (call->dst == call->dst2 || (call->src != RESCIND_NONE && !is_free_ep(call->ep)))
        in->bad = true;
}

/* The arguments of a call. False: it is beyond the model. */
static bool get_arguments(struct reader *in, struct model_call *call)
{
    uint64_t size;
    switch (call->op) {
    case RESCIND_SYS_CREATEGATE:
        call->vpe = get32(in);
        call->dst = get32(in);
        return true;
    case RESCIND_SYS_CREATEVPE:
        get_createvpe(in, call);
        return true;
    case RESCIND_SYS_EXCHANGE:
        call->vpe = get32(in);
        call->own = get_range(in);
        call->other = get_range(in);
        call->flag = get_bool(in);
        return true;
    case RESCIND_SYS_VPECTRL:
        call->vpe = get32(in);
        call->action = get32(in);
        in->bad = in->bad || call->action > RESCIND_VPE_WAIT;
        return true;
    case RESCIND_SYS_REVOKE:
        call->own = get_range(in);
        call->flag = get_bool(in);
        return true;
    case RESCIND_SYS_FUND:
        call->vpe = get32(in);
        call->size = get64(in);
        call->flag = get_bool(in);
        return true;
    case RESCIND_SYS_PRINT:
        size = get64(in); /* without padding */
        in->bad = in->bad || size > in->left;
        return true;
    case RESCIND_SYS_EXIT:
    case RESCIND_SYS_NOOP:
        return true;
    default:
        return false;
    }
}

struct model_call model_decode(const void *message, size_t size)
{
    struct reader in = {message, size, false};
    struct model_call call = {.error = RESCIND_INV_ARGS};
    if (size < 4)
        return call;
    call.op = (uint32_t)number(message, 4);
    if (smallest(call.op) == 0) {
        call.error = RESCIND_NOT_SUP;
        return call;
    }
    in.bad = size < smallest(call.op);
    get64(&in);
    call.beyond = !get_arguments(&in, &call);
    if (!in.bad)
        call.error = RESCIND_NO_ERROR;
    return call;
}

const char *model_name(const void *message, size_t size, size_t *name_size)
{
    struct reader in = {message, size, false};
    if (get32(&in) != RESCIND_SYS_CREATEVPE)
        return NULL;
    get64(&in);
    get64(&in);
    return get_text(&in, RESCIND_VPE_NAME_MAX, name_size);
}

/* ---- Writing -------------------------------------------------------------------------------- */

static uint8_t *put64(uint8_t *out, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        *out++ = (uint8_t)(value >> (8 * i));
    return out;
}

static uint8_t *put_range(uint8_t *out, const struct rescind_range *range)
{
    out = put64(out, range->type | (uint64_t)range->start << 32);
    return put64(out, range->count);
}

static uint8_t *put_text(uint8_t *out, const char *text)
{
    size_t size = strlen(text);
    out = put64(out, size);
    memcpy(out, text, size);
    return out + (size + 7) / 8 * 8;
}

static uint8_t *put_createvpe(uint8_t *out, const struct model_call *call)
{
    out = put64(out, call->dst);
    out = put64(out, call->dst2);
    out = put_text(out, MODEL_NAME);
    out = put64(out, call->pe);
    out = put64(out, call->src);
    return put64(out, call->ep);
}

static uint8_t *put_creategate(uint8_t *out, const struct model_call *call)
{
    out = put64(out, call->vpe);
    out = put64(out, call->dst);
    out = put64(out, 0xCAFE); /* label */
    out = put64(out, RESCIND_EP_FREE);
    return put64(out, 32); /* credits */
}

static uint8_t *put_arguments(uint8_t *out, const struct model_call *call)
{
    switch (call->op) {
    case RESCIND_SYS_CREATEGATE:
        return put_creategate(out, call);
    case RESCIND_SYS_CREATEVPE:
        return put_createvpe(out, call);
    case RESCIND_SYS_EXCHANGE:
        out = put_range(put_range(put64(out, call->vpe), &call->own), &call->other);
        return put64(out, call->flag);
    case RESCIND_SYS_VPECTRL:
        return put64(put64(put64(out, call->vpe), call->action), 0);
    case RESCIND_SYS_REVOKE:
        return put64(put_range(out, &call->own), call->flag);
    case RESCIND_SYS_FUND:
        return put64(put64(put64(out, call->vpe), call->size), call->flag);
    case RESCIND_SYS_EXIT:
    case RESCIND_SYS_PRINT:
        return put64(out, 0);
    default:
        return out;
    }
}

size_t model_encode(const struct model_call *call, uint8_t *out)
{
    memset(out, 0, MODEL_MESSAGE_MAX);
    return (size_t)(put_arguments(put64(out, call->op), call) - out);
}
