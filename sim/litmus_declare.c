/* Litmus files: declarations. What they name may be declared below them, so the names are looked up
 * once all of them have been read. Only sim/litmus.c calls this. */
#include "sim/litmus_parse.h"

#include "rescind/abi.h"
#include "rescind/startup.h"
#include "user/startup.h"

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

/* KEY=N behind a name; *place says where N stands, and whether it is there already. */
static bool parse_option(struct parser *p, const char *key, const char *what, struct token *place,
                         uint64_t *value)
{
    struct token option = lexer_next(&p->lexer);
    if (place->size != 0) {
        return parse_fail(p, &option, "'%s' is given twice", key);
    }
    if (!parse_expect(p, "=")) {
        return false;
    }
    *place = parse_peek(p);
    return parse_constant(p, what, UINT64_MAX, value);
}

static bool no_option(struct parser *p, const struct token *option, const char *what)
{
    char *text = token_describe(option);
    parse_fail(p, option, "a %s has no option %s", what, text);
    g_free(text);
    return false;
}

static bool parse_nodes(struct parser *p, struct litmus_kernel *kernel, struct token *place)
{
    uint64_t nodes = 0;
    if (!parse_option(p, "nodes", "a number of nodes", place, &nodes)) {
        return false;
    }
    if (nodes > RESCIND_STARTUP_NODES) {
        return parse_fail(p, place, "a kernel has at most %u nodes", RESCIND_STARTUP_NODES);
    }
    kernel->nodes = (uint32_t)nodes;
    return true;
}

static bool parse_memory(struct parser *p, struct litmus_kernel *kernel, struct token *place)
{
    uint64_t memory = 0;
    if (!parse_option(p, "memory", "a number of bytes", place, &memory)) {
        return false;
    }
    if (memory > RESCIND_STARTUP_MEMORY) {
        return parse_fail(p, place, "a kernel has at most %u bytes of memory",
                          RESCIND_STARTUP_MEMORY);
    }
    if (memory % RESCIND_PAGE != 0) {
        return parse_fail(p, place, "memory is whole pages of %d bytes", RESCIND_PAGE);
    }
    kernel->memory = (uint32_t)memory;
    return true;
}

static bool parse_vpes(struct parser *p, struct litmus_kernel *kernel, struct token *place)
{
    uint64_t vpes = 0;
    if (!parse_option(p, "vpes", "a number of VPEs", place, &vpes)) {
        return false;
    }
    if (vpes > RESCIND_VPE_MAX) {
        return parse_fail(p, place, "a kernel has at most %u VPEs", RESCIND_VPE_MAX);
    }
    kernel->vpes = (uint32_t)vpes;
    return true;
}

static bool parse_kernel_option(struct parser *p, struct litmus_kernel *kernel,
                                struct kernel_places *places)
{
    struct token option = parse_peek(p);
    if (token_is(&option, "nodes")) {
        return parse_nodes(p, kernel, &places->nodes);
    }
    if (token_is(&option, "memory")) {
        return parse_memory(p, kernel, &places->memory);
    }
    if (token_is(&option, "vpes")) {
        return parse_vpes(p, kernel, &places->vpes);
    }
    return no_option(p, &option, "kernel");
}

static bool parse_kernel(struct parser *p)
{
    struct token name;
    struct kernel_places places = {.nodes = {.size = 0}};
    GArray *kernels = p->litmus->kernels;
    if (!parse_name(p, "a name for the kernel", &name) ||
        !declare(p, p->kernels, &name, kernels->len, "kernel")) {
        return false;
    }
    if (kernels->len == RESCIND_STARTUP_KERNELS) {
        return parse_fail(p, &name, "more than %u kernels", RESCIND_STARTUP_KERNELS);
    }
    struct litmus_kernel kernel = {.memory = LITMUS_AS_NEEDED, .vpes = LITMUS_AS_NEEDED};
    while (parse_peek(p).kind == TOKEN_ATOM) {
        if (!parse_kernel_option(p, &kernel, &places)) {
            return false;
        }
    }
    kernel.name = g_strndup(name.text, name.size);
    g_array_append_val(kernels, kernel);
    g_array_append_val(p->kernel_places, places);
    return parse_line_end(p, NULL);
}

/* `quota=N` */
static bool parse_vpe_option(struct parser *p, struct litmus_vpe *vpe, struct token *place)
{
    struct token option = parse_peek(p);
    uint64_t quota = 0;
    if (!token_is(&option, "quota")) {
        return no_option(p, &option, "VPE");
    }
    if (!parse_option(p, "quota", "a number of nodes", place, &quota)) {
        return false;
    }
    if (quota == 0 || quota > RESCIND_STARTUP_NODES) {
        return parse_fail(p, place, "a quota is 1 to %u nodes", RESCIND_STARTUP_NODES);
    }
    vpe->quota = (uint32_t)quota;
    return true;
}

/* A line of a VPE, behind its first word. */
static bool parse_any_vpe(struct parser *p, bool child)
{
    struct token name, home = {.size = 0}, quota = {.size = 0};
    struct litmus_vpe vpe = {.child = child};
    GArray *vpes = p->litmus->vpes;
    if (!parse_name(p, child ? "a name for the child" : "a name for the VPE", &name) ||
        !declare(p, p->vpes, &name, vpes->len, "VPE")) {
        return false;
    }
    if (vpes->len == RESCIND_STARTUP_VPES) {
        return parse_fail(p, &name, "more than %u VPEs", RESCIND_STARTUP_VPES);
    }
    if (child && name.size > RESCIND_VPE_NAME_MAX) {
        return parse_fail(p, &name, "a child's name has at most %d bytes", RESCIND_VPE_NAME_MAX);
    }
    if (parse_accept(p, "@") && !parse_name(p, "the name of a kernel", &home)) {
        return false;
    }
    while (!child && parse_peek(p).kind == TOKEN_ATOM) {
        if (!parse_vpe_option(p, &vpe, &quota)) {
            return false;
        }
    }
    vpe.name = g_strndup(name.text, name.size);
    g_array_append_val(vpes, vpe);
    g_array_append_val(p->homes, home);
    return parse_line_end(p, NULL);
}

static bool parse_vpe_line(struct parser *p)
{
    return parse_any_vpe(p, false);
}

static bool parse_child(struct parser *p)
{
    return parse_any_vpe(p, true);
}

/* `irq LINE` */
static bool parse_line(struct parser *p, struct pending_grant *grant)
{
    struct token place = parse_peek(p);
    uint64_t line;
    if (!parse_constant(p, "an interrupt line", UINT32_MAX, &line)) {
        return false;
    }
    if (line >= RESCIND_IRQ_LINES) {
        return parse_fail(p, &place, "interrupt lines are 0 to %d", RESCIND_IRQ_LINES - 1);
    }
    grant->kind = RESCIND_GRANT_IRQ;
    grant->number = (uint32_t)line;
    grant->target = place;
    const char *owner = startup_owner_of_line(grant->number);
    return owner == NULL ||
           parse_fail(p, &place, "interrupt line %u belongs to %s", grant->number, owner);
}

/* `ports FIRST COUNT` */
static bool parse_ports(struct parser *p, struct pending_grant *grant)
{
    struct token place = parse_peek(p), many;
    uint64_t first, count;
    if (!parse_constant(p, "a port", UINT32_MAX, &first)) {
        return false;
    }
    many = parse_peek(p);
    if (!parse_constant(p, "a number of ports", UINT32_MAX, &count)) {
        return false;
    }
    if (first >= RESCIND_PORTS || count == 0 || count > RESCIND_PORTS - first) {
        return parse_fail(p, first >= RESCIND_PORTS ? &place : &many,
                          "ports are 0 to 0xffff, and at least one");
    }
    grant->kind = RESCIND_GRANT_PORTS;
    grant->number = (uint32_t)(first | (count - 1) << 16);
    const char *owner = startup_owner_of_ports((uint32_t)first, (uint32_t)count);
    return owner == NULL || parse_fail(p, &place, "some of these ports belong to %s", owner);
}

static bool parse_granted(struct parser *p, struct pending_grant *grant)
{
    struct token what = parse_peek(p);
    if (parse_accept(p, "irq")) {
        return parse_line(p, grant);
    }
    if (parse_accept(p, "ports")) {
        return parse_ports(p, grant);
    }
    if (!parse_accept(p, "vpe")) {
        return parse_unexpected(p, &what, "'vpe', 'irq' or 'ports'");
    }
    grant->kind = RESCIND_GRANT_VPE;
    return parse_name(p, "the name of a VPE", &grant->target);
}

static bool parse_grant(struct parser *p)
{
    struct pending_grant grant = {.kind = RESCIND_GRANT_VPE};
    uint64_t sel;
    if (!parse_name(p, "the name of a VPE", &grant.vpe)) {
        return false;
    }
    grant.place = parse_peek(p);
    if (!parse_constant(p, "a selector", UINT32_MAX, &sel) || !parse_expect(p, "=") ||
        !parse_granted(p, &grant)) {
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
    } else if (parse_accept(p, "interrupt")) {
        uint64_t line = 0;
        fault.kind = RESCIND_FAULT_INTERRUPT;
        fault.a = parse_peek(p);
        ok = parse_constant(p, "an interrupt line", UINT32_MAX, &line);
        fault.line = (uint32_t)line;
    } else {
        ok = parse_unexpected(p, &fault.place, "'kill', 'exhaust', 'delay' or 'interrupt'");
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

/* `serial PORT "TEXT"`: in the text, \n is a line feed and \\ a backslash. */
static char *unescape(const struct token *text)
{
    GString *out = g_string_new(NULL);
    for (size_t i = 0; i < text->size; i++) {
        char c = text->text[i];
        if (c == '\\' && i + 1 < text->size &&
            (text->text[i + 1] == 'n' || text->text[i + 1] == c)) {
            c = (char)(text->text[++i] == 'n' ? '\n' : c);
        }
        g_string_append_c(out, c);
    }
    return g_string_free(out, false);
}

static bool parse_serial(struct parser *p)
{
    struct token place = parse_peek(p), text;
    uint64_t port;
    if (!parse_constant(p, "a port", UINT32_MAX, &port)) {
        return false;
    }
    if (startup_line_of_serial((uint32_t)port) < 0) {
        return parse_fail(p, &place, "there is no serial port for VPEs at %#x", (unsigned)port);
    }
    for (guint i = 0; i < p->litmus->serials->len; i++) {
        if (g_array_index(p->litmus->serials, struct litmus_serial, i).port == port) {
            return parse_fail(p, &place, "this serial port is declared twice");
        }
    }
    text = parse_peek(p);
    if (text.kind != TOKEN_STRING) {
        return parse_unexpected(p, &text, "what comes to it, in double quotes");
    }
    if (text.size > RESCIND_STARTUP_TEXT) {
        return parse_fail(p, &text, "more than %u bytes", RESCIND_STARTUP_TEXT);
    }
    lexer_next(&p->lexer);
    struct litmus_serial serial = {(uint32_t)port, unescape(&text)};
    g_array_append_val(p->litmus->serials, serial);
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

/* A VPE that is there before anything runs. */
static bool resolve_vpe(struct parser *p, const struct token *name, uint32_t *vpe)
{
    if (!parse_lookup(p->vpes, name, vpe)) {
        return parse_unknown(p, name, "VPE");
    }
    if (litmus_vpe(p->litmus, *vpe)->child) {
        return parse_fail(p, name, "%s is not there at the start",
                          litmus_vpe(p->litmus, *vpe)->name);
    }
    return true;
}

/* Has a VPE been granted this line? */
static bool is_given(const struct litmus *l, uint32_t line)
{
    for (guint i = 0; i < l->grants->len; i++) {
        const struct litmus_grant *grant = &g_array_index(l->grants, struct litmus_grant, i);
        if (grant->kind == RESCIND_GRANT_IRQ && grant->target == line) {
            return true;
        }
    }
    return false;
}

static bool resolve_grant(struct parser *p, const struct pending_grant *pending)
{
    struct litmus_grant grant = {
        .sel = pending->sel, .kind = pending->kind, .target = pending->number};
    if (!resolve_vpe(p, &pending->vpe, &grant.vpe) ||
        (grant.kind == RESCIND_GRANT_VPE && !resolve_vpe(p, &pending->target, &grant.target))) {
        return false;
    }
    if (grant.kind == RESCIND_GRANT_IRQ && is_given(p->litmus, grant.target)) {
        return parse_fail(p, &pending->target, "interrupt line %u is granted twice", grant.target);
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
    if (kill && !resolve_vpe(p, &pending->a, &fault.a)) {
        return false;
    }
    if (fault.kind == RESCIND_FAULT_INTERRUPT) {
        fault.a = pending->line;
        if (!is_given(p->litmus, fault.a)) {
            return parse_fail(p, &pending->a, "no VPE is granted interrupt line %u", fault.a);
        }
        g_array_append_val(p->litmus->faults, fault);
        return true;
    }
    if (!kill && !parse_lookup(p->kernels, &pending->a, &fault.a)) {
        return parse_unknown(p, &pending->a, "kernel");
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

/* What a kernel needs before anything runs. */
struct boot_needs {
    uint64_t nodes;
    uint32_t vpes;
};

/* Of each kernel. Its pool: the node that is none, and for each VPE two capabilities, its memory
 * and its quota; a grant takes one at the VPE that gets it and, where the target is another
 * kernel's, one there that stands for it. */
static GArray *boot_needs(const struct litmus *l)
{
    GArray *needs = g_array_new(false, true, sizeof(struct boot_needs));
    g_array_set_size(needs, l->kernels->len);
    struct boot_needs *of = &g_array_index(needs, struct boot_needs, 0);
    for (guint i = 0; i < l->kernels->len; i++) {
        of[i].nodes = 1;
    }
    for (guint i = 0; i < l->vpes->len; i++) {
        const struct litmus_vpe *vpe = litmus_vpe(l, i);
        if (!vpe->child) {
            of[vpe->kernel].nodes += 3 + (uint64_t)vpe->quota;
            of[vpe->kernel].vpes++;
        }
    }
    for (guint i = 0; i < l->grants->len; i++) {
        const struct litmus_grant *grant = &g_array_index(l->grants, struct litmus_grant, i);
        uint32_t to = litmus_vpe(l, grant->vpe)->kernel;
        uint32_t from =
            grant->kind == RESCIND_GRANT_VPE ? litmus_vpe(l, grant->target)->kernel : to;
        of[to].nodes++;
        of[from].nodes += from != to;
    }
    return needs;
}

static bool check_kernel(struct parser *p, guint index, const struct boot_needs *needs)
{
    const struct litmus_kernel *kernel = litmus_kernel(p->litmus, index);
    const struct kernel_places *places =
        &g_array_index(p->kernel_places, struct kernel_places, index);
    uint64_t memory = (uint64_t)needs->vpes * RESCIND_VPE_MEMORY;
    if (places->nodes.size != 0 && kernel->nodes < needs->nodes) {
        return parse_fail(p, &places->nodes,
                          "%s needs nodes=%" G_GUINT64_FORMAT
                          " at least for what is there at the start",
                          kernel->name, needs->nodes);
    }
    if (places->vpes.size != 0 && kernel->vpes < needs->vpes) {
        return parse_fail(p, &places->vpes,
                          "%s needs vpes=%u at least for those that are there at the start",
                          kernel->name, needs->vpes);
    }
    if (places->memory.size != 0 && kernel->memory != 0 && kernel->memory < memory) {
        return parse_fail(p, &places->memory,
                          "%s needs memory=%" G_GUINT64_FORMAT
                          " at least for the VPEs that are there at the start",
                          kernel->name, memory);
    }
    return true;
}

static bool check_kernels(struct parser *p)
{
    GArray *needs = boot_needs(p->litmus);
    bool ok = true;
    for (guint i = 0; ok && i < p->kernel_places->len; i++) {
        ok = check_kernel(p, i, &g_array_index(needs, struct boot_needs, i));
    }
    g_array_unref(needs);
    return ok;
}

static bool resolve_declarations(struct parser *p)
{
    if (p->litmus->kernels->len == 0) {
        struct litmus_kernel kernel = {
            .name = g_strdup("K0"), .memory = LITMUS_AS_NEEDED, .vpes = LITMUS_AS_NEEDED};
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
    return ok && check_kernels(p);
}

bool parse_declarations(struct parser *p)
{
    static const struct {
        const char *word;
        bool (*parse)(struct parser *p);
    } declarations[] = {{"kernel", parse_kernel}, {"vpe", parse_vpe_line},  {"child", parse_child},
                        {"grant", parse_grant},   {"serial", parse_serial}, {"fault", parse_fault}};
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
