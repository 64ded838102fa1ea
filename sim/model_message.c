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

static bool are_perms(uint32_t perms)
{
    return perms != 0 && perms <= (RESCIND_PERM_R | RESCIND_PERM_W | RESCIND_PERM_X);
}

static void get_reqmem(struct reader *in, struct model_call *call)
{
    call->dst = get32(in);
    call->addr = get64(in);
    call->size = get64(in);
    call->perms = get32(in);
    if (call->size == 0 || !are_perms(call->perms) ||
        (call->addr != RESCIND_ANY_ADDR && call->addr % RESCIND_PAGE != 0))
        in->bad = true;
}

static void get_derivemem(struct reader *in, struct model_call *call)
{
    call->src = get32(in);
    call->dst = get32(in);
    call->addr = get64(in);
    call->size = get64(in);
    call->perms = get32(in);
    in->bad = in->bad || call->size == 0 || !are_perms(call->perms);
}

static void get_createmap(struct reader *in, struct model_call *call)
{
    call->vpe = get32(in);
    call->src = get32(in);
    call->addr = get32(in);
    call->size = get32(in);
    call->dst = get32(in);
    call->perms = get32(in);
    if (call->size == 0 || !are_perms(call->perms) || call->dst < RESCIND_MAP_FIRST ||
        call->dst + call->size > RESCIND_MAP_END)
        in->bad = true;
}

static void get_attachrb(struct reader *in, struct model_call *call)
{
    call->vpe = get32(in);
    call->ep = get32(in);
    call->addr = get64(in);
    call->order = get32(in);
    call->slot_order = get32(in);
    if (!is_free_ep(call->ep) || call->addr % 8 != 0 || call->slot_order < 5 ||
        call->slot_order > 9 || call->order < call->slot_order + 1 ||
        call->order > call->slot_order + 5)
        in->bad = true;
}

/* Of calls about memory and endpoints. False: it is none of them. */
static bool get_memory_arguments(struct reader *in, struct model_call *call)
{
    switch (call->op) {
    case RESCIND_SYS_REQMEM:
        get_reqmem(in, call);
        return true;
    case RESCIND_SYS_DERIVEMEM:
        get_derivemem(in, call);
        return true;
    case RESCIND_SYS_CREATEMAP:
        get_createmap(in, call);
        return true;
    case RESCIND_SYS_ATTACHRB:
        get_attachrb(in, call);
        return true;
    case RESCIND_SYS_DETACHRB:
        call->vpe = get32(in);
        call->ep = get32(in);
        in->bad = in->bad || !is_free_ep(call->ep);
        return true;
    case RESCIND_SYS_ACTIVATE:
        call->ep = get32(in);
        call->src = get32(in);
        call->dst = get32(in);
        in->bad = in->bad || !is_free_ep(call->ep);
        return true;
    default:
        return false;
    }
}

/* Data that a message carries: its size and first words. */
static void get_data(struct reader *in, struct model_call *call)
{
    size_t size;
    const char *data = get_text(in, RESCIND_DATA_MAX, &size);
    call->size = size;
    for (size_t i = 0; data && i < MODEL_DATA && (i + 1) * 8 <= size; i++)
        call->data[i] = number((const uint8_t *)data + i * 8, 8);
}

/* Of what a VPE asks of its DTU. False: it is no such call. */
static bool get_message_arguments(struct reader *in, struct model_call *call)
{
    call->ep = get32(in);
    if (call->op != RESCIND_SYS_READ && call->op != RESCIND_SYS_WRITE)
        in->bad = in->bad || call->ep >= RESCIND_EP_COUNT;
    switch (call->op) {
    case RESCIND_SYS_SEND:
        call->reply_ep = get32(in);
        call->label = get64(in);
        get_data(in, call);
        return true;
    case RESCIND_SYS_RECEIVE:
        call->flag = get32(in) != 0;
        return true;
    case RESCIND_SYS_REPLY:
        call->id = get64(in);
        get_data(in, call);
        return true;
    case RESCIND_SYS_ACK:
        call->id = get64(in);
        return true;
    case RESCIND_SYS_READ:
        call->addr = get64(in);
        call->size = get64(in);
        in->bad = in->bad || call->size == 0 || call->size > RESCIND_DATA_MAX;
        return true;
    case RESCIND_SYS_WRITE:
        call->addr = get64(in);
        get_data(in, call);
        in->bad = in->bad || call->size == 0;
        return true;
    default:
        return false;
    }
}

/* A service's name: not empty, and without a zero. */
static void get_service_name(struct reader *in, struct model_call *call)
{
    size_t size;
    const char *name = get_text(in, RESCIND_SERVICE_NAME_MAX, &size);
    if (name && size > 0 && memchr(name, 0, size) == NULL)
        memcpy(call->name, name, size);
    else
        in->bad = true;
}

/* What may stand behind all else, for a service. */
static void get_args(struct reader *in, struct model_call *call)
{
    size_t size = 0;
    if (!in->bad && in->left > 0)
        get_text(in, RESCIND_ARGS_MAX, &size);
    call->args = (uint32_t)size;
}

/* DELEGATE and OBTAIN. */
static void get_transfer(struct reader *in, struct model_call *call)
{
    call->vpe = get32(in);
    call->src = get32(in);
    call->own = get_range(in);
    get_args(in, call);
    if (call->own.type >= RESCIND_TABLE_KINDS ||
        (uint64_t)call->own.start + call->own.count > 1ull << 32)
        in->bad = true;
}

/* Of calls about services and pagers. False: it is none of them. */
static bool get_service_arguments(struct reader *in, struct model_call *call)
{
    switch (call->op) {
    case RESCIND_SYS_PAGEFAULT:
        call->addr = get64(in);
        call->perms = (uint32_t)get64(in);
        return true;
    case RESCIND_SYS_CREATESRV:
        call->src = get32(in);
        call->dst = get32(in);
        get_service_name(in, call);
        return true;
    case RESCIND_SYS_CREATESESS:
        call->vpe = get32(in);
        call->dst = get32(in);
        get_service_name(in, call);
        get_args(in, call);
        return true;
    case RESCIND_SYS_CREATESESSAT:
        call->src = get32(in);
        call->dst = get32(in);
        call->id = get64(in);
        return true;
    case RESCIND_SYS_DELEGATE:
    case RESCIND_SYS_OBTAIN:
        get_transfer(in, call);
        return true;
    default:
        return false;
    }
}

/* Of calls about interrupt lines and ports. False: it is none of them. */
static bool get_device_arguments(struct reader *in, struct model_call *call)
{
    switch (call->op) {
    case RESCIND_SYS_LISTEN:
        call->src = get32(in);
        call->ep = get32(in);
        in->bad = in->bad || !is_free_ep(call->ep);
        return true;
    case RESCIND_SYS_IRQACK:
        call->src = get32(in);
        return true;
    case RESCIND_SYS_PORT_IN:
    case RESCIND_SYS_PORT_OUT:
        call->src = get32(in);
        call->addr = get32(in);
        call->size = get32(in);
        call->label = call->op == RESCIND_SYS_PORT_OUT ? get32(in) : 0;
        in->bad = in->bad || (call->size != 8 && call->size != 16 && call->size != 32);
        return true;
    default:
        return false;
    }
}

/* The arguments of a call. False: it is beyond the model. */
static bool get_arguments(struct reader *in, struct model_call *call)
{
    uint64_t size;
    switch (call->op) {
    case RESCIND_SYS_CREATEGATE:
        call->vpe = get32(in);
        call->dst = get32(in);
        call->label = get64(in);
        call->ep = get32(in);
        call->credits = get64(in);
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
        call->id = get32(in);
        return true;
    case RESCIND_SYS_NOOP:
        return true;
    default:
        return get_memory_arguments(in, call) || get_service_arguments(in, call) ||
               get_device_arguments(in, call) || get_message_arguments(in, call);
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
    out = put64(out, call->label);
    out = put64(out, call->ep);
    return put64(out, call->credits);
}

/* So many bytes of data, or what there is room for. */
static uint8_t *put_data(uint8_t *out, const struct model_call *call)
{
    size_t copied = call->size < MODEL_DATA_MAX ? call->size : MODEL_DATA_MAX;
    uint8_t data[MODEL_DATA_MAX] = {0};
    for (int i = 0; i < MODEL_DATA; i++)
        put64(data + (size_t)i * 8, call->data[i]);
    out = put64(out, call->size);
    memcpy(out, data, copied);
    return out + (copied + 7) / 8 * 8;
}

static uint8_t *put_all(uint8_t *out, const uint64_t *values, int count)
{
    for (int i = 0; i < count; i++)
        out = put64(out, values[i]);
    return out;
}

static uint8_t *put_service_name(uint8_t *out, const struct model_call *call)
{
    char name[RESCIND_SERVICE_NAME_MAX + 1] = MODEL_NAME;
    if (call->name[0] != 0)
        memcpy(name, call->name, RESCIND_SERVICE_NAME_MAX);
    return put_text(out, name);
}

static uint8_t *put_args(uint8_t *out, const struct model_call *call)
{
    if (call->args == 0)
        return out;
    return put64(out, call->args) + (call->args + 7) / 8 * 8; /* it is all zeros there */
}

/* Of services, pagers and devices. */
static uint8_t *put_service_arguments(uint8_t *out, const struct model_call *c)
{
    switch (c->op) {
    case RESCIND_SYS_LISTEN:
        return put_all(out, (uint64_t[]){c->src, c->ep}, 2);
    case RESCIND_SYS_IRQACK:
        return put_all(out, (uint64_t[]){c->src}, 1);
    case RESCIND_SYS_PORT_IN:
        return put_all(out, (uint64_t[]){c->src, c->addr, c->size}, 3);
    case RESCIND_SYS_PORT_OUT:
        return put_all(out, (uint64_t[]){c->src, c->addr, c->size, c->label}, 4);
    case RESCIND_SYS_PAGEFAULT:
        return put_all(out, (uint64_t[]){c->addr, c->perms}, 2);
    case RESCIND_SYS_CREATESRV:
        return put_service_name(put_all(out, (uint64_t[]){c->src, c->dst}, 2), c);
    case RESCIND_SYS_CREATESESS:
        return put_args(put_service_name(put_all(out, (uint64_t[]){c->vpe, c->dst}, 2), c), c);
    case RESCIND_SYS_CREATESESSAT:
        return put_all(out, (uint64_t[]){c->src, c->dst, c->id}, 3);
    case RESCIND_SYS_DELEGATE:
    case RESCIND_SYS_OBTAIN:
        return put_args(put_range(put_all(out, (uint64_t[]){c->vpe, c->src}, 2), &c->own), c);
    default:
        return out;
    }
}

static uint8_t *put_dtu_arguments(uint8_t *out, const struct model_call *c)
{
    switch (c->op) {
    case RESCIND_SYS_REQMEM:
        return put_all(out, (uint64_t[]){c->dst, c->addr, c->size, c->perms}, 4);
    case RESCIND_SYS_DERIVEMEM:
        return put_all(out, (uint64_t[]){c->src, c->dst, c->addr, c->size, c->perms}, 5);
    case RESCIND_SYS_CREATEMAP:
        return put_all(out, (uint64_t[]){c->vpe, c->src, c->addr, c->size, c->dst, c->perms}, 6);
    case RESCIND_SYS_ATTACHRB:
        return put_all(out, (uint64_t[]){c->vpe, c->ep, c->addr, c->order, c->slot_order, 0}, 6);
    case RESCIND_SYS_DETACHRB:
        return put_all(out, (uint64_t[]){c->vpe, c->ep}, 2);
    case RESCIND_SYS_ACTIVATE:
        return put_all(out, (uint64_t[]){c->ep, c->src, c->dst}, 3);
    case RESCIND_SYS_SEND:
        return put_data(put_all(out, (uint64_t[]){c->ep, c->reply_ep, c->label}, 3), c);
    case RESCIND_SYS_RECEIVE:
        return put_all(out, (uint64_t[]){c->ep, c->flag}, 2);
    case RESCIND_SYS_REPLY:
        return put_data(put_all(out, (uint64_t[]){c->ep, c->id}, 2), c);
    case RESCIND_SYS_ACK:
        return put_all(out, (uint64_t[]){c->ep, c->id}, 2);
    case RESCIND_SYS_READ:
        return put_all(out, (uint64_t[]){c->ep, c->addr, c->size}, 3);
    case RESCIND_SYS_WRITE:
        return put_data(put_all(out, (uint64_t[]){c->ep, c->addr}, 2), c);
    default:
        return put_service_arguments(out, c);
    }
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
        return put64(out, call->id);
    case RESCIND_SYS_PRINT:
        return put64(out, 0);
    default:
        return put_dtu_arguments(out, call);
    }
}

size_t model_encode(const struct model_call *call, uint8_t *out)
{
    memset(out, 0, MODEL_MESSAGE_MAX);
    return (size_t)(put_arguments(put64(out, call->op), call) - out);
}
