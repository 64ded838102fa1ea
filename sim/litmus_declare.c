/* Litmus files: declarations. What they name may be declared below them, so the names are looked up
 * once all of them have been read. Only sim/litmus.c calls this. */
#include "sim/litmus_parse.h"

#include "rescind/abi.h"
#include "rescind/startup.h"

/* Enters a name under `index`; false: it is there already. */
static bool declare(struct parser *p, GHashTable *names, const struct token *name, guint index,
                    const char *what)
{
    char *key = g_strndup(name->text, name->size);
    if (g_hash_table_insert(names, key, GUINT_TO_POINTER(index + 1))) {
        return true;
    }
    char *text = token_describe(name);
    parse_fail(p, name, "%s %s is declared twice", what, text);
    g_free(text);
    return false;
}

/* `nodes=N` */
static bool parse_kernel_option(struct parser *p, struct litmus_kernel *kernel, struct token *pool)
{
    struct token option = parse_peek(p);
    uint64_t nodes;
    if (!parse_accept(p, "nodes")) {
        char *text = token_describe(&option);
        parse_fail(p, &option, "a kernel has no option %s", text);
        g_free(text);
        return false;
    }
    if (pool->size != 0) {
        return parse_fail(p, &option, "'nodes' is given twice");
    }
    if (!parse_expect(p, "=")) {
        return false;
    }
    *pool = parse_peek(p);
    if (!parse_constant(p, "a number of nodes", UINT64_MAX, &nodes)) {
        return false;
    }
    if (nodes > RESCIND_STARTUP_NODES) {
        return parse_fail(p, pool, "a kernel has at most %u nodes", RESCIND_STARTUP_NODES);
    }
    kernel->nodes = (uint32_t)nodes;
    return true;
}

static bool parse_kernel(struct parser *p)
{
    struct token name, pool = {.size = 0};
    GArray *kernels = p->litmus->kernels;
    if (!parse_name(p, "a name for the kernel", &name) ||
        !declare(p, p->kernels, &name, kernels->len, "kernel")) {
        return false;
    }
    if (kernels->len == RESCIND_STARTUP_KERNELS) {
        return parse_fail(p, &name, "more than %u kernels", RESCIND_STARTUP_KERNELS);
    }
    struct litmus_kernel kernel = {.nodes = 0};
    while (parse_peek(p).kind == TOKEN_ATOM) {
        if (!parse_kernel_option(p, &kernel, &pool)) {
            return false;
        }
    }
    kernel.name = g_strndup(name.text, name.size);
    g_array_append_val(kernels, kernel);
    g_array_append_val(p->pools, pool);
    return parse_line_end(p, NULL);
}

static bool parse_vpe_line(struct parser *p)
{
    struct token name, home = {.size = 0};
    GArray *vpes = p->litmus->vpes;
    if (!parse_name(p, "a name for the VPE", &name) ||
        !declare(p, p->vpes, &name, vpes->len, "VPE")) {
        return false;
    }
    if (vpes->len == RESCIND_STARTUP_VPES) {
        return parse_fail(p, &name, "more than %u VPEs", RESCIND_STARTUP_VPES);
    }
    if (parse_accept(p, "@") && !parse_name(p, "the name of a kernel", &home)) {
        return false;
    }
    struct litmus_vpe vpe = {.name = g_strndup(name.text, name.size)};
    g_array_append_val(vpes, vpe);
    g_array_append_val(p->homes, home);
    return parse_line_end(p, NULL);
}

static bool parse_grant(struct parser *p)
{
    struct pending_grant grant;
    uint64_t sel;
    if (!parse_name(p, "the name of a VPE", &grant.vpe)) {
        return false;
    }
    grant.place = parse_peek(p);
    if (!parse_constant(p, "a selector", UINT32_MAX, &sel) || !parse_expect(p, "=") ||
        !parse_expect(p, "vpe") || !parse_name(p, "the name of a VPE", &grant.target)) {
        return false;
    }
    grant.sel = (uint32_t)sel;
    if (p->grants->len == LITMUS_GRANTS_MAX) {
        return parse_fail(p, &grant.vpe, "more than %d grants", LITMUS_GRANTS_MAX);
    }
    g_array_append_val(p->grants, grant);
    return parse_line_end(p, NULL);
}

static bool parse_fault(struct parser *p)
{
    struct pending_fault fault = {.place = parse_peek(p)};
    bool ok;
    if (parse_accept(p, "kill")) {
        fault.kind = RESCIND_FAULT_KILL;
        ok = parse_name(p, "the name of a VPE", &fault.a);
    } else if (parse_accept(p, "exhaust")) {
        fault.kind = RESCIND_FAULT_EXHAUST;
        ok = parse_name(p, "the name of a kernel", &fault.a);
    } else if (parse_accept(p, "delay")) {
        fault.kind = RESCIND_FAULT_DELAY;
        ok = parse_name(p, "the name of a kernel", &fault.a) &&
             parse_name(p, "the name of a second kernel", &fault.b);
    } else {
        ok = parse_unexpected(p, &fault.place, "'kill', 'exhaust' or 'delay'");
    }
    if (!ok) {
        return false;
    }
    if (p->faults->len == RESCIND_STARTUP_FAULTS) {
        return parse_fail(p, &fault.place, "more than %u faults", RESCIND_STARTUP_FAULTS);
    }
    g_array_append_val(p->faults, fault);
    return parse_line_end(p, NULL);
}

static bool resolve_home(struct parser *p, guint index)
{
    const struct token *home = &g_array_index(p->homes, struct token, index);
    struct litmus_vpe *vpe = &g_array_index(p->litmus->vpes, struct litmus_vpe, index);
    if (home->size == 0) {
        vpe->kernel = 0;
        return true;
    }
    return parse_lookup(p->kernels, home, &vpe->kernel) || parse_unknown(p, home, "kernel");
}

static bool resolve_grant(struct parser *p, const struct pending_grant *pending)
{
    struct litmus_grant grant = {.sel = pending->sel};
    if (!parse_lookup(p->vpes, &pending->vpe, &grant.vpe)) {
        return parse_unknown(p, &pending->vpe, "VPE");
    }
    if (!parse_lookup(p->vpes, &pending->target, &grant.target)) {
        return parse_unknown(p, &pending->target, "VPE");
    }
    gint64 key = (gint64)((uint64_t)grant.vpe << 32 | grant.sel);
    if (grant.sel < RESCIND_SEL_FREE || !g_hash_table_add(p->taken, g_memdup2(&key, sizeof(key)))) {
        return parse_fail(p, &pending->place, "selector %u of %s is taken", grant.sel,
                          litmus_vpe(p->litmus, grant.vpe)->name);
    }
    g_array_append_val(p->litmus->grants, grant);
    return true;
}

static bool resolve_fault(struct parser *p, const struct pending_fault *pending)
{
    struct litmus_fault fault = {.kind = pending->kind};
    bool kill = fault.kind == RESCIND_FAULT_KILL, delay = fault.kind == RESCIND_FAULT_DELAY;
    if (!parse_lookup(kill ? p->vpes : p->kernels, &pending->a, &fault.a)) {
        return parse_unknown(p, &pending->a, kill ? "VPE" : "kernel");
    }
    if (delay && !parse_lookup(p->kernels, &pending->b, &fault.b)) {
        return parse_unknown(p, &pending->b, "kernel");
    }
    if (delay && fault.a == fault.b) {
        return parse_fail(p, &pending->b, "a kernel sends no messages to itself");
    }
    for (guint i = 0; i < p->litmus->faults->len; i++) {
        const struct litmus_fault *other =
            &g_array_index(p->litmus->faults, struct litmus_fault, i);
        if (other->kind == fault.kind && other->a == fault.a && other->b == fault.b) {
            return parse_fail(p, &pending->place, "this fault is declared twice");
        }
    }
    g_array_append_val(p->litmus->faults, fault);
    return true;
}

/* How many nodes of its pool each kernel needs before anything runs: the one that is none, and for
 * each VPE two capabilities and its memory; a grant takes one at the VPE that gets it and, where
 * the target is another kernel's, one there that stands for it. */
static GArray *boot_nodes(const struct litmus *l)
{
    GArray *nodes = g_array_new(false, true, sizeof(uint32_t));
    g_array_set_size(nodes, l->kernels->len);
    for (guint i = 0; i < l->kernels->len; i++) {
        g_array_index(nodes, uint32_t, i) = 1;
    }
    for (guint i = 0; i < l->vpes->len; i++) {
        g_array_index(nodes, uint32_t, litmus_vpe(l, i)->kernel) += 3;
    }
    for (guint i = 0; i < l->grants->len; i++) {
        const struct litmus_grant *grant = &g_array_index(l->grants, struct litmus_grant, i);
        uint32_t to = litmus_vpe(l, grant->vpe)->kernel;
        uint32_t from = litmus_vpe(l, grant->target)->kernel;
        g_array_index(nodes, uint32_t, to)++;
        g_array_index(nodes, uint32_t, from) += from != to;
    }
    return nodes;
}

static bool check_pools(struct parser *p)
{
    GArray *needed = boot_nodes(p->litmus);
    bool ok = true;
    for (guint i = 0; ok && i < p->pools->len; i++) {
        const struct token *pool = &g_array_index(p->pools, struct token, i);
        uint32_t least = g_array_index(needed, uint32_t, i);
        if (pool->size != 0 && litmus_kernel(p->litmus, i)->nodes < least) {
            ok = parse_fail(p, pool, "%s needs nodes=%u at least for what is there at the start",
                            litmus_kernel(p->litmus, i)->name, least);
        }
    }
    g_array_unref(needed);
    return ok;
}

static bool resolve_declarations(struct parser *p)
{
    if (p->litmus->kernels->len == 0) {
        struct litmus_kernel kernel = {.name = g_strdup("K0")};
        g_array_append_val(p->litmus->kernels, kernel);
        g_hash_table_insert(p->kernels, g_strdup(kernel.name), GUINT_TO_POINTER(1));
    }
    bool ok = true;
    for (guint i = 0; ok && i < p->homes->len; i++) {
        ok = resolve_home(p, i);
    }
    for (guint i = 0; ok && i < p->grants->len; i++) {
        ok = resolve_grant(p, &g_array_index(p->grants, struct pending_grant, i));
    }
    for (guint i = 0; ok && i < p->faults->len; i++) {
        ok = resolve_fault(p, &g_array_index(p->faults, struct pending_fault, i));
    }
    return ok && check_pools(p);
}

bool parse_declarations(struct parser *p)
{
    static const struct {
        const char *word;
        bool (*parse)(struct parser *p);
    } declarations[] = {{"kernel", parse_kernel},
                        {"vpe", parse_vpe_line},
                        {"grant", parse_grant},
                        {"fault", parse_fault}};
    for (;;) {
        size_t i = 0;
        while (i < G_N_ELEMENTS(declarations) && !parse_accept(p, declarations[i].word)) {
            i++;
        }
        if (i == G_N_ELEMENTS(declarations)) {
            return resolve_declarations(p);
        }
        if (!declarations[i].parse(p)) {
            return false;
        }
    }
}
