/* From a litmus file to a start-up module; sim/compile.h says more. */
#include "sim/compile.h"

#include <string.h>

#include "sim/compile_parts.h"
#include "sim/litmus_call.h"

static void append(GByteArray *module, const void *bytes, size_t size)
{
    g_byte_array_append(module, bytes, (guint)size);
}

/* What the answer is compared with. */
static uint8_t step_checks(const struct litmus *l, const struct litmus_step *step,
                           struct rescind_startup_check *checks)
{
    const struct litmus_statement *s = litmus_statement(l, step);
    const struct litmus_call *call = litmus_call(s->word);
    struct litmus_arguments a = litmus_arguments(l, step);
    uint8_t count = 0;
    for (unsigned i = 0; i < LITMUS_ARGS; i++) {
        if (call->args[i].kind == LITMUS_ARG_CHECK && litmus_given(s, i)) {
            checks[count++] = (struct rescind_startup_check){call->args[i].otherwise, *a.at[i]};
        }
    }
    return count;
}

static enum rescind_startup_kind step_kind(enum litmus_word word)
{
    switch (word) {
    case LITMUS_SIGNAL:
        return RESCIND_STEP_SIGNAL;
    case LITMUS_WAIT:
        return RESCIND_STEP_WAIT;
    case LITMUS_RUN:
        return RESCIND_STEP_RUN;
    case LITMUS_LOAD:
        return RESCIND_STEP_LOAD;
    case LITMUS_STORE:
        return RESCIND_STEP_STORE;
    default:
        return RESCIND_STEP_CALL;
    }
}

static void append_step(struct needs *needs, uint32_t kernel, const struct litmus_step *step,
                        GByteArray *module)
{
    const struct litmus_statement *s = litmus_statement(needs->litmus, step);
    struct rescind_startup_step out = {.kind = (uint8_t)step_kind(s->word)};
    struct rescind_startup_check checks[RESCIND_STARTUP_CHECKS];
    struct message m = {.size = 0};
    if (litmus_is_call(s->word)) {
        message_write(needs->litmus, step, &m);
        needs_add(needs, kernel, out.kind, &m);
        out.size = (uint16_t)m.size;
        out.checks = step_checks(needs->litmus, step, checks);
        out.arg = s->word == LITMUS_REPLY || s->word == LITMUS_ACK ? RESCIND_STEP_LAST_MESSAGE : 0;
    } else {
        out.arg = s->item;
    }
    append(module, &out, sizeof(out));
    append(module, m.bytes, (m.size + 7) & ~(size_t)7);
    append(module, checks, out.checks * sizeof(checks[0]));
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
        struct rescind_startup_grant out = {grant->vpe, grant->sel, grant->target, grant->kind};
        append(module, &out, sizeof(out));
    }
}

/* The records, and behind them the texts. */
static void append_serials(const struct litmus *l, GByteArray *module)
{
    static const uint8_t nothing[8];
    uint32_t text = module->len + l->serials->len * (uint32_t)sizeof(struct rescind_startup_serial);
    for (guint i = 0; i < l->serials->len; i++) {
        const struct litmus_serial *serial = &g_array_index(l->serials, struct litmus_serial, i);
        struct rescind_startup_serial out = {.port = serial->port, .text = text};
        out.size = (uint32_t)strlen(serial->text);
        text += (out.size + 7) & ~7u;
        append(module, &out, sizeof(out));
    }
    for (guint i = 0; i < l->serials->len; i++) {
        const char *bytes = g_array_index(l->serials, struct litmus_serial, i).text;
        size_t size = strlen(bytes);
        append(module, bytes, size);
        append(module, nothing, (8 - size % 8) % 8);
    }
}

static void append_program(struct needs *needs, guint index, GByteArray *module)
{
    const struct litmus *l = needs->litmus;
    const struct litmus_vpe *vpe = litmus_vpe(l, index);
    struct rescind_startup_vpe out = {
        .steps = vpe->steps > 0 ? module->len : 0,
        .step_count = vpe->steps,
        .call_count = vpe->calls,
        .kernel = vpe->kernel,
        .flags = vpe->child ? RESCIND_STARTUP_CHILD : 0,
        .quota = vpe->quota,
    };
    guint start = module->len;
    g_strlcpy(out.name, vpe->name, sizeof(out.name));
    for (guint i = 0; i < vpe->steps; i++) {
        append_step(needs, vpe->kernel, litmus_step(l, index, i), module);
    }
    out.steps_size = module->len - start;
    memcpy(module->data + sizeof(struct rescind_startup) + index * sizeof(out), &out, sizeof(out));
}

/* Where there is room for them: what they are to have is known once all programs are written. */
static void write_kernels(struct needs *needs, GByteArray *module, uint32_t offset)
{
    needs_finish(needs);
    for (guint i = 0; i < needs->litmus->kernels->len; i++) {
        struct rescind_startup_kernel out = {.nodes = 0};
        g_strlcpy(out.name, litmus_kernel(needs->litmus, i)->name, sizeof(out.name));
        needs_fill(needs, i, &out);
        memcpy(module->data + offset + i * sizeof(out), &out, sizeof(out));
    }
}

GByteArray *compile(const struct litmus *l, uint64_t seed)
{
    GByteArray *module = g_byte_array_new();
    struct needs needs;
    struct rescind_startup header = {
        .magic = RESCIND_STARTUP_MAGIC,
        .vpe_count = l->vpes->len,
        .grant_count = l->grants->len,
        .signal_count = l->signals,
        .vpes = sizeof(header),
        .kernel_count = l->kernels->len,
        .kernels = (uint32_t)(sizeof(header) + l->vpes->len * sizeof(struct rescind_startup_vpe)),
        .fault_count = l->faults->len,
        .serial_count = l->serials->len,
        .seed = seed,
    };
    header.faults =
        header.kernels + l->kernels->len * (uint32_t)sizeof(struct rescind_startup_kernel);
    g_byte_array_set_size(module, header.faults);
    append_faults(l, module);
    header.grants = module->len;
    append_grants(l, module);
    header.serials = module->len;
    append_serials(l, module);
    needs_start(&needs, l);
    for (guint i = 0; i < l->vpes->len; i++) {
        append_program(&needs, i, module);
    }
    write_kernels(&needs, module, header.kernels);
    header.size = module->len;
    memcpy(module->data, &header, sizeof(header));
    return module;
}
