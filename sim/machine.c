/* Making a machine, and looking at it; see machine.h. */
#include "sim/machine_parts.h"

#include <string.h>

#include "base/arena.h"
#include "sim/memory.h"
#include "user/startup.h"

/* Each VPE's memory, as its capability at selector 1 names it, where its kernel has none. */
#define VPE_MEMORY (1u << 20)

enum { DEFAULT_STACK = 64 * 1024 };

enum machine_audit machine_default_audit(void)
{
#ifdef RESCIND_AUDIT_ALWAYS
    return AUDIT_ALWAYS;
#else
    return AUDIT_SPARSE;
#endif
}

/* ---- Making and freeing ------------------------------------------------------------------- */

static void vpe_free(gpointer data)
{
    struct machine_vpe *v = data;

    coroutine_free(v->co);
    g_byte_array_unref(v->results);
    g_free(v->name);
    g_free(v);
}

/* The secrets of different kernels have nothing to do with each other. */
static uint64_t seed_of(uint64_t seed, uint32_t kernel)
{
    return kernel == 0 ? seed : mix64(seed + kernel);
}

/* Gives kernel `index` an arena with room for so many VPEs, nodes and bytes of memory. */
static bool kernel_make(struct machine *m, uint32_t index, uint32_t vpes, uint32_t nodes,
                        uint32_t memory, GError **error)
{
    struct rescind_kernel_config config = {
        .vpes = vpes,
        .nodes = nodes,
        .memory = memory,
        .work = m->options.work,
        .peers = m->kernel_count,
        .pe = (uint16_t)index,
        .seed = seed_of(m->options.seed, index),
    };
    struct machine_kernel *k = &m->kernels[index];
    size_t size = rescind_kernel_size(&config);
    void *arena;

    if (size == 0) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "a kernel with %u VPEs, %u pool nodes and %u bytes of memory can't be built",
                    vpes, nodes, memory);
        return false;
    }
    arena = memory_map(size);
    if (arena == NULL) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                    "no memory for a kernel of %" G_GSIZE_FORMAT " bytes", size);
        return false;
    }
    k->arena = arena;
    k->arena_size = size;
    k->kernel = rescind_kernel_create(arena, size, &config);
    kernel_changes(m, index);
    return true;
}

/* A machine whose kernels have no arenas yet. */
static struct machine *machine_make(const struct machine_options *options, uint32_t kernels)
{
    static _Atomic uint64_t made;
    struct machine *m = g_new0(struct machine, 1);

    m->serial = ++made;
    m->options = *options;
    m->kernels = g_new0(struct machine_kernel, kernels);
    m->kernel_count = kernels;
    for (uint32_t i = 0; i < kernels; i++) {
        m->kernels[i].name = g_strdup_printf("K%u", i);
        m->kernels[i].vpes = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    }
    channels_init(&m->channels, kernels);
    m->vpes = g_ptr_array_new_with_free_func(vpe_free);
    m->signals = g_malloc0(RESCIND_STARTUP_SIGNALS);
    m->faults = g_array_new(FALSE, FALSE, sizeof(struct machine_fault));
    m->observed = g_array_new(FALSE, FALSE, sizeof(struct machine_observed));
    for (uint32_t line = 0; line < RESCIND_IRQ_LINES; line++)
        m->lines[line].kernel = -1;
    m->watching = -1;
    m->stack = options->stack != 0 ? options->stack : DEFAULT_STACK;
    m->random = g_rand_new_with_seed((guint32)(options->seed ^ options->seed >> 32));
    m->queue.choices = g_array_new(FALSE, FALSE, sizeof(struct machine_choice));
    m->delayed.choices = g_array_new(FALSE, FALSE, sizeof(struct machine_choice));
    m->scratch = g_array_new(FALSE, FALSE, sizeof(struct machine_choice));
    return m;
}

static uint32_t kernels_wanted(const struct machine_options *options, GError **error)
{
    uint32_t kernels = options->kernels != 0 ? options->kernels : 1;

    if (kernels <= RESCIND_STARTUP_KERNELS)
        return kernels;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                "a machine with %u kernels can't be built: %u is the most", kernels,
                RESCIND_STARTUP_KERNELS);
    return 0;
}

struct machine *machine_new(const struct machine_options *options, GError **error)
{
    uint32_t kernels = kernels_wanted(options, error);
    struct machine *m;

    if (kernels == 0)
        return NULL;
    m = machine_make(options, kernels);
    for (uint32_t i = 0; i < kernels; i++) {
        if (!kernel_make(m, i, options->vpes, options->nodes, options->memory, error)) {
            machine_free(m);
            return NULL;
        }
    }
    return m;
}

void machine_free(struct machine *m)
{
    if (m == NULL)
        return;
    g_ptr_array_unref(m->vpes);
    for (uint32_t i = 0; i < m->kernel_count; i++) {
        memory_unmap(m->kernels[i].arena, m->kernels[i].arena_size);
        g_array_unref(m->kernels[i].vpes);
        g_free(m->kernels[i].name);
    }
    g_free(m->kernels);
    channels_free(&m->channels);
    g_array_unref(m->faults);
    g_array_unref(m->observed);
    devices_free(m);
    g_array_unref(m->queue.choices);
    g_array_unref(m->delayed.choices);
    g_array_unref(m->scratch);
    g_clear_pointer(&m->priorities, g_hash_table_unref);
    g_clear_pointer(&m->changes, g_array_unref);
    g_rand_free(m->random);
    g_free(m->signals);
    g_free(m->finding);
    g_free(m);
}

/* ---- VPEs --------------------------------------------------------------------------------- */

void machine_bind(struct machine *m, uint32_t kernel, uint32_t local, struct machine_vpe *v)
{
    GArray *vpes = m->kernels[kernel].vpes;
    uint32_t none = MACHINE_NO_VPE, before = machine_vpe_at(m, kernel, local);

    if (before != MACHINE_NO_VPE) {
        vpe_of(m, before)->local = MACHINE_NO_VPE;
        vpe_of(m, before)->gone = true;
    }
    while (vpes->len <= local)
        g_array_append_val(vpes, none);
    g_array_index(vpes, uint32_t, local) = v != NULL ? v->number : none;
    if (v != NULL)
        v->local = local;
}

/* One that its kernel knows nothing of yet. */
static struct machine_vpe *vpe_new(struct machine *m, uint32_t kernel, const char *name)
{
    struct machine_vpe *v = g_new0(struct machine_vpe, 1);

    v->machine = m;
    v->number = m->vpes->len;
    v->kernel = kernel;
    v->local = MACHINE_NO_VPE;
    v->name = g_strdup(name);
    v->through = true;
    v->awaits = AWAITS_NOTHING;
    v->results = g_byte_array_new();
    g_ptr_array_add(m->vpes, v);
    return v;
}

int machine_vpe(struct machine *m, uint32_t kernel, const char *name)
{
    struct machine_kernel *k = &m->kernels[kernel];
    uint32_t local = k->vpes->len, number = m->vpes->len;
    uint64_t addr = (uint64_t)(number + 1) * VPE_MEMORY, size = VPE_MEMORY;

    if (k->kernel->pages != 0) {
        addr = (uint64_t)local * RESCIND_VPE_MEMORY;
        size = RESCIND_VPE_MEMORY;
    }
    kernel_changes(m, kernel);
    if (rescind_kernel_boot_vpe(k->kernel, addr, size) != RESCIND_NO_ERROR)
        return -1;
    machine_bind(m, kernel, local, vpe_new(m, kernel, name));
    return (int)number;
}

int machine_child(struct machine *m, uint32_t kernel, const char *name)
{
    struct machine_vpe *v = vpe_new(m, kernel, name);

    v->child = true;
    return (int)v->number;
}

enum rescind_error machine_quota(struct machine *m, uint32_t vpe, uint32_t nodes)
{
    const struct machine_vpe *v = vpe_of(m, vpe);

    if (v->local == MACHINE_NO_VPE)
        return RESCIND_INV_ARGS;
    kernel_changes(m, v->kernel);
    return rescind_kernel_boot_quota(kernel_of(m, v), v->local, nodes);
}

void machine_rename(struct machine *m, uint32_t vpe, const char *name)
{
    g_free(vpe_of(m, vpe)->name);
    vpe_of(m, vpe)->name = g_strdup(name);
}

void machine_rename_kernel(struct machine *m, uint32_t kernel, const char *name)
{
    g_free(m->kernels[kernel].name);
    m->kernels[kernel].name = g_strdup(name);
}

void machine_function(struct machine *m, uint32_t vpe, rescind_program *program, void *argument)
{
    struct machine_vpe *v = vpe_of(m, vpe);

    v->kind = FUNCTION;
    v->calls_functions = true;
    v->touches = m->touched_by_programs = true;
    v->through = false;
    v->program = program;
    v->argument = argument;
}

void *rescind_sim_argument(const struct rescind_env *env)
{
    return ((const struct machine_vpe *)env->host)->argument;
}

/* What kinds of step a program has: a bit each. */
static uint32_t step_kinds(const struct steps *start)
{
    struct steps steps = *start;
    struct step step;
    uint32_t kinds = 0;

    for (; steps_next(&steps, &step); steps_done(&steps))
        kinds |= 1u << step.kind;
    return kinds;
}

void machine_steps(struct machine *m, uint32_t vpe, const void *module)
{
    struct machine_vpe *v = vpe_of(m, vpe);
    uint32_t kinds;

    m->signal_count = ((const struct rescind_startup *)module)->signal_count;
    v->kind = STEPS;
    steps_start(&v->steps, module, vpe);
    kinds = step_kinds(&v->steps);
    v->calls_functions = (kinds & 1u << RESCIND_STEP_RUN) != 0;
    v->touches =
        v->calls_functions || (kinds & (1u << RESCIND_STEP_LOAD | 1u << RESCIND_STEP_STORE)) != 0;
    m->touched_by_programs |= v->touches;
    g_byte_array_set_size(v->results, startup_vpe(module, vpe)->call_count);
    move_settle(m, v);
}

enum rescind_error machine_grant(struct machine *m, uint32_t vpe, uint32_t sel, uint32_t target)
{
    const struct machine_vpe *v = vpe_of(m, vpe), *t = vpe_of(m, target);

    if (v->local == MACHINE_NO_VPE || t->local == MACHINE_NO_VPE)
        return RESCIND_INV_ARGS;
    kernel_changes(m, v->kernel);
    kernel_changes(m, t->kernel);
    if (v->kernel == t->kernel)
        return rescind_kernel_boot_grant(kernel_of(m, v), v->local, sel, t->local);
    return rescind_kernel_boot_grant_across(kernel_of(m, v), v->local, sel, kernel_of(m, t),
                                            t->local);
}

/* ---- A start-up module -------------------------------------------------------------------- */

static bool load_kernels(struct machine *m, const struct rescind_startup *header, GError **error)
{
    bool good = true;

    for (uint32_t i = 0; good && i < header->kernel_count; i++) {
        const struct rescind_startup_kernel *kernel = startup_kernel(header, i);
        machine_rename_kernel(m, i, kernel->name);
        good = kernel_make(m, i, kernel->vpes, kernel->nodes, kernel->memory, error);
    }
    return good;
}

/* A VPE of the module; its number is its place there. False: its kernel has not enough for it. */
static bool load_vpe(struct machine *m, const struct rescind_startup_vpe *vpe)
{
    int number;

    if ((vpe->flags & RESCIND_STARTUP_CHILD) != 0)
        return machine_child(m, vpe->kernel, vpe->name) >= 0;
    number = machine_vpe(m, vpe->kernel, vpe->name);
    return number >= 0 &&
           (vpe->quota == 0 || machine_quota(m, (uint32_t)number, vpe->quota) == RESCIND_NO_ERROR);
}

static bool too_small(const struct rescind_startup *header, uint32_t kernel, GError **error)
{
    const struct rescind_startup_kernel *k = startup_kernel(header, kernel);

    if (k->memory != 0)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                    "a pool of %u nodes and %u bytes of memory are too small for what is there at "
                    "the start",
                    k->nodes, k->memory);
    else
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                    "a pool of %u nodes is too small for what is there at the start", k->nodes);
    return false;
}

static bool load_vpes(struct machine *m, const struct rescind_startup *header, GError **error)
{
    for (uint32_t i = 0; i < header->vpe_count; i++) {
        const struct rescind_startup_vpe *vpe = startup_vpe(header, i);
        if (!load_vpe(m, vpe))
            return too_small(header, vpe->kernel, error);
        machine_steps(m, i, header);
    }
    return true;
}

static enum rescind_error load_grant(struct machine *m, const struct rescind_startup_grant *grant)
{
    switch (grant->kind) {
    case RESCIND_GRANT_IRQ:
        return machine_irq(m, grant->vpe, grant->sel, grant->target);
    case RESCIND_GRANT_PORTS:
        return machine_ports(m, grant->vpe, grant->sel, startup_first_port(grant),
                             startup_port_count(grant));
    default:
        return machine_grant(m, grant->vpe, grant->sel, grant->target);
    }
}

static bool load_grants(struct machine *m, const struct rescind_startup *header, GError **error)
{
    for (uint32_t i = 0; i < header->grant_count; i++) {
        const struct rescind_startup_grant *grant = startup_grant(header, i);
        const struct machine_vpe *v = vpe_of(m, grant->vpe);
        enum rescind_error result = load_grant(m, grant);
        if (result == RESCIND_OUT_OF_MEM)
            return too_small(header, v->kernel, error);
        if (result != RESCIND_NO_ERROR) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                        "%s can't be granted a capability at selector %u", v->name, grant->sel);
            return false;
        }
    }
    return true;
}

struct machine *machine_load(const struct machine_options *options, const void *module,
                             GError **error)
{
    const struct rescind_startup *header = module;
    struct machine_options o = *options;
    struct machine *m;

    if (header->work != 0)
        o.work = header->work;
    if (header->watch != 0)
        o.watch = header->watch;
    m = machine_make(&o, header->kernel_count);
    if (!load_kernels(m, header, error) || !load_vpes(m, header, error) ||
        !load_grants(m, header, error)) {
        machine_free(m);
        return NULL;
    }
    for (uint32_t i = 0; i < header->serial_count; i++) {
        const struct rescind_startup_serial *serial = startup_serial(header, i);
        machine_serial(m, (uint16_t)serial->port, (const char *)module + serial->text,
                       serial->size);
    }
    for (uint32_t i = 0; i < header->fault_count; i++) {
        struct machine_fault fault = {.what = *startup_fault(header, i)};
        g_array_append_val(m->faults, fault);
    }
    return m;
}

/* ---- Looking at it ------------------------------------------------------------------------ */

uint32_t machine_kernels(const struct machine *m)
{
    return m->kernel_count;
}

const struct rescind_kernel *machine_look(const struct machine *m, uint32_t kernel)
{
    return m->kernels[kernel].kernel;
}

struct rescind_kernel *machine_kernel(struct machine *m, uint32_t kernel)
{
    m->kernels[kernel].lent = true;
    return m->kernels[kernel].kernel;
}

const char *machine_kernel_name(const struct machine *m, uint32_t kernel)
{
    return m->kernels[kernel].name;
}

uint32_t machine_vpes(const struct machine *m)
{
    return m->vpes->len;
}

const char *machine_vpe_name(const struct machine *m, uint32_t vpe)
{
    return vpe_of(m, vpe)->name;
}

void machine_place(const struct machine *m, uint32_t vpe, uint32_t *kernel, uint32_t *local)
{
    *kernel = vpe_of(m, vpe)->kernel;
    *local = vpe_of(m, vpe)->local;
}

uint32_t machine_vpe_at(const struct machine *m, uint32_t kernel, uint32_t local)
{
    const GArray *vpes = m->kernels[kernel].vpes;

    return local < vpes->len ? g_array_index(vpes, uint32_t, local) : MACHINE_NO_VPE;
}

struct machine_status machine_status(const struct machine *m, uint32_t vpe)
{
    const struct machine_vpe *v = vpe_of(m, vpe);
    enum rescind_vpe_state state = state_of(m, v);

    return (struct machine_status){
        .ended = state == RESCIND_VPE_ENDED,
        .asleep = state == RESCIND_VPE_ASLEEP,
        .through = v->through,
        .value = v->value,
        .position = v->steps.position,
    };
}

uint64_t machine_time(const struct machine *m)
{
    return m->time;
}

uint64_t machine_events(const struct machine *m)
{
    return m->events;
}

const char *machine_finding(const struct machine *m)
{
    return m->finding != NULL ? m->finding : "";
}

const GArray *machine_observed(const struct machine *m)
{
    return m->observed;
}

void machine_record(struct machine *m, GArray *choices)
{
    m->record = choices;
}

/* The VPE of a parent: outcomes know the file's VPEs alone. */
static uint32_t parent_vpe(const struct machine *m, uint32_t kernel, uint32_t local)
{
    uint32_t vpe;

    if (local == m->kernels[kernel].kernel->vpe_limit)
        return OUTCOME_KERNEL;
    vpe = machine_vpe_at(m, kernel, local);
    return vpe != MACHINE_NO_VPE ? vpe : OUTCOME_OTHER_VPE;
}

bool machine_cap(const struct machine *m, uint32_t vpe, uint32_t kind, uint64_t from,
                 struct outcome_cap *cap)
{
    const struct machine_vpe *v = vpe_of(m, vpe);
    struct rescind_kernel_cap found, above;
    uint32_t kernel = v->kernel;

    if (v->local == MACHINE_NO_VPE ||
        !rescind_kernel_find(kernel_of(m, v), v->local, kind, from, &found))
        return false;
    *cap = (struct outcome_cap){
        .sel = found.sel,
        .kind = (uint8_t)kind,
        .type = (uint8_t)found.type,
        .has_parent = found.has_parent,
    };
    /* While messages are on their way a remote parent may not know of its child any more. */
    if (found.has_remote_parent &&
        rescind_kernel_above_stub(m->kernels[found.parent_pe].kernel, found.parent_stub, &above)) {
        kernel = found.parent_pe;
        found.parent_vpe = above.vpe;
        found.parent_kind = above.kind;
        found.parent_sel = above.sel;
        cap->has_parent = true;
    }
    if (cap->has_parent) {
        cap->parent_vpe = parent_vpe(m, kernel, found.parent_vpe);
        cap->parent_kind = (uint8_t)found.parent_kind;
        cap->parent_sel = found.parent_sel;
    }
    return true;
}

/* What its calls were answered, and for those not done RESULT_NONE. */
static void add_results(const struct machine_vpe *v, GByteArray *results)
{
    g_byte_array_append(results, v->results->data, v->results->len);
    if (v->steps.calls < results->len)
        memset(results->data + v->steps.calls, RESCIND_RESULT_NONE, results->len - v->steps.calls);
}

struct outcome *machine_outcome(const struct machine *m)
{
    struct outcome *outcome = outcome_new("host", m->vpes->len);

    for (guint i = 0; i < m->vpes->len; i++) {
        struct machine_status status = machine_status(m, i);
        struct outcome_vpe *o = outcome_vpe(outcome, i);
        struct outcome_cap cap;
        add_results(vpe_of(m, i), o->results);
        o->position = status.position;
        o->ended = status.ended;
        o->stuck = !status.ended && !status.through && !status.asleep;
        for (uint32_t kind = 0; kind < RESCIND_TABLE_KINDS; kind++) {
            for (uint64_t from = 0; machine_cap(m, i, kind, from, &cap); from = cap.sel + 1ull)
                g_array_append_val(o->caps, cap);
        }
    }
    return outcome;
}
