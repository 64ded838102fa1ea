/* From a litmus file to a start-up module; sim/compile.h says more. */
#include "sim/compile.h"

#include <string.h>

#include "rescind/abi.h"
#include "rescind/startup.h"

/* A message in the making. */
struct message {
    uint8_t bytes[RESCIND_PAYLOAD_MAX + 1]; /* rounded up to whole slots */
    size_t size;
};

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

static void put_string(struct message *m, GBytes *string)
{
    gsize size;
    const void *bytes = g_bytes_get_data(string, &size);
    put_u64(m, size);
    put(m, bytes, size);
}

static void put_exchange(struct message *m, const struct litmus_statement *s, const uint64_t *v)
{
    put_u64(m, RESCIND_SYS_EXCHANGE);
    put_u32(m, v[0]);
    put_range(m, s->kind[0], v + 1);
    put_range(m, s->kind[1], v + 3);
    put_u64(m, s->word == LITMUS_OBTAIN);
}

static void put_createvpe(struct message *m, GBytes *name, const uint64_t *v)
{
    put_u64(m, RESCIND_SYS_CREATEVPE);
    put_u32(m, v[0]);
    put_u32(m, v[1]);
    put_string(m, name);
    put_u64(m, 0); /* on any PE */
    put_u64(m, 0); /* without a pager: no gate, */
    put_u64(m, 0); /* and no endpoint for one */
}

static void put_creategate(struct message *m, const uint64_t *v)
{
    put_u64(m, RESCIND_SYS_CREATEGATE);
    put_u32(m, v[0]);
    put_u32(m, v[1]);
    put_u64(m, v[2]);
    put_u32(m, v[3]);
    put_u64(m, v[4]);
}

static void put_mem(struct message *m, const struct litmus_statement *s, const uint64_t *v)
{
    bool derive = s->word == LITMUS_DERIVEMEM;
    put_u64(m, derive ? RESCIND_SYS_DERIVEMEM : RESCIND_SYS_REQMEM);
    put_u32(m, v[0]);
    if (derive) {
        put_u32(m, v[1]);
        put_u64(m, v[2]);
        put_u64(m, v[3]);
    } else {
        put_u64(m, v[2]); /* the file has the address last */
        put_u64(m, v[1]);
    }
    put_u32(m, s->perms);
}

static void marshal(const struct litmus *l, const struct litmus_step *step, struct message *m)
{
    const struct litmus_statement *s = litmus_statement(l, step);
    const uint64_t *v = litmus_values(l, step);
    switch (s->word) {
    case LITMUS_NOOP:
        put_u64(m, RESCIND_SYS_NOOP);
        break;
    case LITMUS_CREATEGATE:
        put_creategate(m, v);
        break;
    case LITMUS_DELEGATE:
    case LITMUS_OBTAIN:
        put_exchange(m, s, v);
        break;
    case LITMUS_REVOKE:
        put_u64(m, RESCIND_SYS_REVOKE);
        put_range(m, s->kind[0], v);
        put_u64(m, v[2]);
        break;
    case LITMUS_REQMEM:
    case LITMUS_DERIVEMEM:
        put_mem(m, s, v);
        break;
    case LITMUS_CREATEVPE:
        put_createvpe(m, g_ptr_array_index(l->payloads, s->item), v);
        break;
    case LITMUS_VPECTRL:
        put_u64(m, RESCIND_SYS_VPECTRL);
        put_u32(m, v[0]);
        put_u64(m, s->op);
        put_u64(m, 0); /* pid */
        break;
    case LITMUS_EXIT:
        put_u64(m, RESCIND_SYS_EXIT);
        put_u32(m, v[0]);
        break;
    default: { /* LITMUS_RAW: whole, without padding */
        GBytes *raw = g_ptr_array_index(l->payloads, s->item);
        put(m, g_bytes_get_data(raw, NULL), g_bytes_get_size(raw));
        m->size = g_bytes_get_size(raw);
    }
    }
}

static void append(GByteArray *module, const void *bytes, size_t size)
{
    g_byte_array_append(module, bytes, (guint)size);
}

static void append_step(const struct litmus *l, const struct litmus_step *step, GByteArray *module)
{
    const struct litmus_statement *s = litmus_statement(l, step);
    struct rescind_startup_step out = {.kind = RESCIND_STEP_CALL};
    struct message m = {.size = 0};
    if (litmus_is_call(s->word)) {
        marshal(l, step, &m);
        out.size = (uint16_t)m.size;
    } else {
        out.kind = s->word == LITMUS_SIGNAL ? RESCIND_STEP_SIGNAL
                   : s->word == LITMUS_WAIT ? RESCIND_STEP_WAIT
                                            : RESCIND_STEP_RUN;
        out.arg = s->item;
    }
    append(module, &out, sizeof(out));
    append(module, m.bytes, (m.size + 7) & ~(size_t)7);
}

static gint compare(gconstpointer a, gconstpointer b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* How many capabilities a raw message may make: an EXCHANGE's count, else none. */
static uint32_t raw_count(const struct litmus *l, const struct litmus_statement *s)
{
    enum { COUNT_AT = 24 }; /* behind opcode, VPE, and the range's type and start */
    gsize size;
    const uint8_t *raw = g_bytes_get_data(g_ptr_array_index(l->payloads, s->item), &size);
    uint32_t opcode, count;

    if (size < COUNT_AT + sizeof(count))
        return 0;
    memcpy(&opcode, raw, sizeof(opcode));
    memcpy(&count, raw + COUNT_AT, sizeof(count));
    return opcode == RESCIND_SYS_EXCHANGE ? count : 0;
}

/* How many nodes of its pool a kernel can need for all but what EXCHANGEs copy: two for each call
 * of its VPEs (a capability and an object), and what is there at the start. */
static uint64_t own_nodes(const struct litmus *l, guint kernel)
{
    uint64_t nodes = 1024;
    for (guint i = 0; i < l->vpes->len; i++) {
        const struct litmus_vpe *vpe = litmus_vpe(l, i);
        nodes += vpe->kernel == kernel ? 4 + 2 * (uint64_t)vpe->calls : 0;
    }
    for (guint i = 0; i < l->grants->len; i++) {
        const struct litmus_grant *grant = &g_array_index(l->grants, struct litmus_grant, i);
        nodes += litmus_vpe(l, grant->vpe)->kernel == kernel ||
                 litmus_vpe(l, grant->target)->kernel == kernel;
    }
    return nodes;
}

static uint32_t boot_vpes(const struct litmus *l, guint kernel)
{
    uint32_t count = 0;
    for (guint i = 0; i < l->vpes->len; i++) {
        count += litmus_vpe(l, i)->kernel == kernel;
    }
    return count;
}

/* How many capabilities each EXCHANGE of the file wants to copy, the fewest first. */
static GArray *exchange_counts(const struct litmus *l)
{
    GArray *counts = g_array_new(false, false, sizeof(uint32_t));
    for (guint i = 0; i < l->steps->len; i++) {
        const struct litmus_step *step = &g_array_index(l->steps, struct litmus_step, i);
        enum litmus_word word = litmus_statement(l, step)->word;
        if (word == LITMUS_DELEGATE || word == LITMUS_OBTAIN) {
            uint32_t count = (uint32_t)litmus_values(l, step)[2];
            g_array_append_val(counts, count);
        }
        if (word == LITMUS_RAW) {
            uint32_t count = raw_count(l, litmus_statement(l, step));
            g_array_append_val(counts, count);
        }
    }
    g_array_sort(counts, compare);
    return counts;
}

/* How many capabilities EXCHANGEs can copy at most, whatever order the calls are in, where `there`
 * is no less than what there can be without them. An exchange can only copy what there is, so,
 * taken by size, the first that wants more than all before it could have made never succeeds, nor
 * does any larger one. */
static uint64_t count_copies(const struct litmus *l, uint64_t there)
{
    GArray *counts = exchange_counts(l);
    uint64_t copies = 0;
    for (guint i = 0; i < counts->len && copies < RESCIND_STARTUP_NODES; i++) {
        uint32_t count = g_array_index(counts, uint32_t, i);
        if (count > there + copies) {
            break;
        }
        copies += count;
    }
    g_array_unref(counts);
    return copies;
}

/* A kernel's pool, unless the file says how large it is: large enough for whatever happens. A copy
 * to another kernel takes a node on both, one of them for what stands for the other; and as an
 * EXCHANGE that has to try again may find the nodes of its last attempt still waiting to be
 * told of, it is given those of two. */
static void append_kernels(const struct litmus *l, GByteArray *module)
{
    bool alone = l->kernels->len == 1;
    uint64_t there = 0;
    for (guint i = 0; i < l->kernels->len; i++) {
        there += own_nodes(l, i);
    }
    uint64_t copies = count_copies(l, there);
    for (guint i = 0; i < l->kernels->len; i++) {
        const struct litmus_kernel *kernel = litmus_kernel(l, i);
        uint64_t nodes = own_nodes(l, i) + (alone ? copies : 2 * copies);
        struct rescind_startup_kernel out = {
            .nodes =
                kernel->nodes != 0 ? kernel->nodes : (uint32_t)MIN(nodes, RESCIND_STARTUP_NODES),
            .vpes = boot_vpes(l, i)};
        g_strlcpy(out.name, kernel->name, sizeof(out.name));
        append(module, &out, sizeof(out));
    }
}

static void append_faults(const struct litmus *l, GByteArray *module)
{
    for (guint i = 0; i < l->faults->len; i++) {
        const struct litmus_fault *fault = &g_array_index(l->faults, struct litmus_fault, i);
        struct rescind_startup_fault out = {fault->kind, fault->a, fault->b, 0};
        append(module, &out, sizeof(out));
    }
}

static void append_grants(const struct litmus *l, GByteArray *module)
{
    for (guint i = 0; i < l->grants->len; i++) {
        const struct litmus_grant *grant = &g_array_index(l->grants, struct litmus_grant, i);
        struct rescind_startup_grant out = {grant->vpe, grant->sel, grant->target, 0};
        append(module, &out, sizeof(out));
    }
}

static void append_program(const struct litmus *l, guint index, GByteArray *module)
{
    const struct litmus_vpe *vpe = litmus_vpe(l, index);
    struct rescind_startup_vpe out = {
        .steps = vpe->steps > 0 ? module->len : 0,
        .step_count = vpe->steps,
        .call_count = vpe->calls,
        .kernel = vpe->kernel,
    };
    guint start = module->len;
    g_strlcpy(out.name, vpe->name, sizeof(out.name));
    for (guint i = 0; i < vpe->steps; i++) {
        append_step(l, litmus_step(l, index, i), module);
    }
    out.steps_size = module->len - start;
    memcpy(module->data + sizeof(struct rescind_startup) + index * sizeof(out), &out, sizeof(out));
}

GByteArray *compile(const struct litmus *l, uint64_t seed)
{
    GByteArray *module = g_byte_array_new();
    struct rescind_startup header = {
        .magic = RESCIND_STARTUP_MAGIC,
        .vpe_count = l->vpes->len,
        .grant_count = l->grants->len,
        .signal_count = l->signals,
        .vpes = sizeof(header),
        .kernel_count = l->kernels->len,
        .kernels = (uint32_t)(sizeof(header) + l->vpes->len * sizeof(struct rescind_startup_vpe)),
        .fault_count = l->faults->len,
        .seed = seed,
    };
    g_byte_array_set_size(module, header.kernels);
    append_kernels(l, module);
    header.faults = module->len;
    append_faults(l, module);
    header.grants = module->len;
    append_grants(l, module);
    for (guint i = 0; i < l->vpes->len; i++) {
        append_program(l, i, module);
    }
    header.size = module->len;
    memcpy(module->data, &header, sizeof(header));
    return module;
}
