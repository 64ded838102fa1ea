/* The messages of calls, as abi.h has them. Only sim/compile.c calls this. */
#include <string.h>

#include "sim/compile_parts.h"
#include "sim/litmus_call.h"

static void put(struct message *m, const void *bytes, size_t size)
{
    memcpy(m->bytes + m->size, bytes, size);
    m->size += (size + 7) & ~(size_t)7;
}

static void put_u64(struct message *m, uint64_t value)
{
    value = GUINT64_TO_LE(value);
    put(m, &value, sizeof(value));
}

static void put_u32(struct message *m, uint64_t value)
{
    put_u64(m, (uint32_t)value);
}

static void put_range(struct message *m, uint32_t kind, const uint64_t *start_count)
{
    uint32_t range[3] = {GUINT32_TO_LE(kind), GUINT32_TO_LE((uint32_t)start_count[0]),
                         GUINT32_TO_LE((uint32_t)start_count[1])};
    put(m, range, sizeof(range));
}

static void put_string(struct message *m, const struct litmus *l, const struct litmus_statement *s)
{
    gsize size;
    const void *bytes = g_bytes_get_data(g_ptr_array_index(l->payloads, s->item), &size);
    put_u64(m, size);
    put(m, bytes, size);
}

static void put_numbers(struct message *m, const struct litmus_arguments *a, unsigned argument)
{
    for (uint32_t i = 0; i < a->counts[argument]; i++) {
        put_u64(m, a->at[argument][i]);
    }
}

/* A string that is a list's numbers. */
static void put_data(struct message *m, const struct litmus_arguments *a, unsigned argument)
{
    put_u64(m, 8 * (uint64_t)a->counts[argument]);
    put_numbers(m, a, argument);
}

/* The same, or nothing where the list was left out. */
static void put_args(struct message *m, const struct litmus_statement *s,
                     const struct litmus_arguments *a, unsigned argument)
{
    if (litmus_given(s, argument)) {
        put_data(m, a, argument);
    }
}

/* Calls that make or change capabilities; their arguments are in the order of their table. */
static void write_create(struct message *m, const struct litmus *l,
                         const struct litmus_statement *s, const struct litmus_arguments *a)
{
    switch (s->word) {
    case LITMUS_CREATESRV:
        put_u32(m, *a->at[0]);
        put_u32(m, *a->at[1]);
        put_string(m, l, s);
        break;
    case LITMUS_CREATESESS:
        put_u32(m, *a->at[0]);
        put_u32(m, *a->at[1]);
        put_string(m, l, s);
        put_args(m, s, a, 3);
        break;
    case LITMUS_CREATESESSAT:
        put_u32(m, *a->at[0]);
        put_u32(m, *a->at[1]);
        put_u64(m, *a->at[2]);
        break;
    case LITMUS_CREATEGATE:
        put_u32(m, *a->at[0]);
        put_u32(m, *a->at[1]);
        put_u64(m, *a->at[2]);
        put_u32(m, *a->at[3]);
        put_u64(m, *a->at[4]);
        break;
    case LITMUS_CREATEVPE:
        put_u32(m, *a->at[0]);
        put_u32(m, *a->at[1]);
        put_string(m, l, s);
        put_u32(m, *a->at[3]);
        put_u32(m, *a->at[4]);
        put_u32(m, *a->at[5]);
        break;
    default: /* LITMUS_CREATEMAP */
        put_u32(m, *a->at[0]);
        put_u32(m, *a->at[1]);
        put_u32(m, *a->at[2]);
        put_u32(m, *a->at[3]);
        put_u32(m, *a->at[4]);
        put_u32(m, s->perms);
    }
}

/* Calls that move capabilities. */
static void write_move(struct message *m, const struct litmus_statement *s,
                       const struct litmus_arguments *a)
{
    if (s->word == LITMUS_REVOKE) {
        put_range(m, s->kind[0], a->at[0]);
        put_u64(m, *a->at[1]);
        return;
    }
    put_u32(m, *a->at[0]);
    if (s->word == LITMUS_DELEGATE || s->word == LITMUS_OBTAIN) {
        put_u32(m, *a->at[1]);
        put_range(m, s->kind[0], a->at[2]);
        put_args(m, s, a, 3);
        return;
    }
    put_range(m, s->kind[0], a->at[1]);
    put_range(m, s->kind[1], a->at[2]);
    put_u64(m, s->word == LITMUS_EXCHANGE_OBTAIN);
}

static void write_memory(struct message *m, const struct litmus_statement *s,
                         const struct litmus_arguments *a)
{
    switch (s->word) {
    case LITMUS_REQMEM: /* the file has the address last */
        put_u32(m, *a->at[0]);
        put_u64(m, *a->at[3]);
        put_u64(m, *a->at[1]);
        put_u32(m, s->perms);
        break;
    case LITMUS_DERIVEMEM:
        put_u32(m, *a->at[0]);
        put_u32(m, *a->at[1]);
        put_u64(m, *a->at[2]);
        put_u64(m, *a->at[3]);
        put_u32(m, s->perms);
        break;
    case LITMUS_READ:
        put_u32(m, *a->at[0]);
        put_u64(m, *a->at[1]);
        put_u64(m, sizeof(uint64_t));
        break;
    default: /* LITMUS_WRITE */
        put_u32(m, *a->at[0]);
        put_u64(m, *a->at[1]);
        put_data(m, a, 2);
    }
}

/* Calls about endpoints, and those that a DTU would serve. An id is filled in when it is sent. */
static void write_endpoint(struct message *m, const struct litmus_statement *s,
                           const struct litmus_arguments *a)
{
    put_u32(m, *a->at[0]);
    switch (s->word) {
    case LITMUS_ATTACHRB:
        put_u32(m, *a->at[1]);
        put_u64(m, *a->at[2]);
        put_u32(m, *a->at[3]);
        put_u32(m, *a->at[4]);
        put_u32(m, 0); /* flags */
        break;
    case LITMUS_DETACHRB:
        put_u32(m, *a->at[1]);
        break;
    case LITMUS_ACTIVATE: /* the file has the old one last */
        put_u32(m, *a->at[2]);
        put_u32(m, *a->at[1]);
        break;
    case LITMUS_SEND:
        put_u32(m, *a->at[2]);
        put_u64(m, *a->at[3]);
        put_data(m, a, 1);
        break;
    case LITMUS_RECEIVE:
        put_u64(m, *a->at[1] == 0); /* wait */
        break;
    case LITMUS_REPLY:
        put_u64(m, 0); /* id */
        put_u64(m, 8 * ((uint64_t)a->counts[1] + (litmus_given(s, 2) ? 2 : 0) + a->counts[3]));
        put_numbers(m, a, 1);
        if (litmus_given(s, 2)) {
            put_range(m, s->kind[0], a->at[2]);
        }
        put_numbers(m, a, 3);
        break;
    default:           /* LITMUS_ACK */
        put_u64(m, 0); /* id */
    }
}

static void write_call(struct message *m, const struct litmus *l, const struct litmus_statement *s,
                       const struct litmus_arguments *a)
{
    put_u64(m, litmus_call(s->word)->opcode);
    switch (s->word) {
    case LITMUS_NOOP:
        break;
    case LITMUS_PAGEFAULT:
        put_u64(m, *a->at[0]);
        put_u64(m, s->perms);
        break;
    case LITMUS_VPECTRL:
        put_u32(m, *a->at[0]);
        put_u64(m, s->op);
        put_u64(m, 0); /* pid */
        break;
    case LITMUS_EXIT:
        put_u32(m, *a->at[0]);
        break;
    case LITMUS_IRQACK:
        put_u32(m, *a->at[0]);
        break;
    case LITMUS_PORTIN:
    case LITMUS_PORTOUT:
        put_u32(m, *a->at[0]);
        put_u32(m, *a->at[1]);
        put_u32(m, *a->at[2]);
        if (s->word == LITMUS_PORTOUT) {
            put_u64(m, *a->at[3]);
        }
        break;
    case LITMUS_LISTEN:
        put_u32(m, *a->at[0]);
        put_u32(m, *a->at[1]);
        break;
    case LITMUS_FUND:
        put_u32(m, *a->at[0]);
        put_u64(m, *a->at[1]);
        put_u64(m, *a->at[2]);
        break;
    case LITMUS_CREATESRV:
    case LITMUS_CREATESESS:
    case LITMUS_CREATESESSAT:
    case LITMUS_CREATEGATE:
    case LITMUS_CREATEVPE:
    case LITMUS_CREATEMAP:
        write_create(m, l, s, a);
        break;
    case LITMUS_EXCHANGE_DELEGATE:
    case LITMUS_EXCHANGE_OBTAIN:
    case LITMUS_DELEGATE:
    case LITMUS_OBTAIN:
    case LITMUS_REVOKE:
        write_move(m, s, a);
        break;
    case LITMUS_REQMEM:
    case LITMUS_DERIVEMEM:
    case LITMUS_READ:
    case LITMUS_WRITE:
        write_memory(m, s, a);
        break;
    default:
        write_endpoint(m, s, a);
    }
}

void message_write(const struct litmus *l, const struct litmus_step *step, struct message *m)
{
    const struct litmus_statement *s = litmus_statement(l, step);
    struct litmus_arguments a = litmus_arguments(l, step);
    *m = (struct message){.size = 0};
    if (s->word == LITMUS_RAW) { /* whole, without padding */
        GBytes *raw = g_ptr_array_index(l->payloads, s->item);
        put(m, g_bytes_get_data(raw, NULL), g_bytes_get_size(raw));
        m->size = g_bytes_get_size(raw);
    } else if (s->word == LITMUS_LOAD || s->word == LITMUS_STORE) {
        put_u64(m, *a.at[0]);
        if (s->word == LITMUS_STORE) {
            put_u64(m, *a.at[1]);
        }
    } else {
        write_call(m, l, s, &a);
    }
}
