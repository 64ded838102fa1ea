/* Making a machine, and looking at it; see machine.h. */
#include "sim/machine_parts.h"

#include <string.h>
#include <sys/mman.h>

#include "user/startup.h"

/* Each VPE's memory, as its capability at selector 1 names it. */
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

/* Gives kernel `index` an arena with room for so much. */
static bool kernel_make(struct machine *m, uint32_t index, uint32_t vpes, uint32_t nodes,
                        GError **error)
{
    struct rescind_kernel_config config = {
        .vpes = vpes,
        .nodes = nodes,
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
                    "a kernel with %u VPEs and %u pool nodes can't be built", vpes, nodes);
        return false;
    }
    arena = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                 -1, 0);
    if (arena == MAP_FAILED) {
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
        if (!kernel_make(m, i, options->vpes, options->nodes, error)) {
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
        if (m->kernels[i].arena != NULL)
            munmap(m->kernels[i].arena, m->kernels[i].arena_size);
        g_array_unref(m->kernels[i].vpes);
        g_free(m->kernels[i].name);
    }
    g_free(m->kernels);
    channels_free(&m->channels);
    g_array_unref(m->faults);
    g_array_unref(m->observed);
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

int machine_vpe(struct machine *m, uint32_t kernel, const char *name)
{
    struct machine_kernel *k = &m->kernels[kernel];
    uint32_t number = m->vpes->len;
    struct machine_vpe *v;

    kernel_changes(m, kernel);
    if (rescind_kernel_boot_vpe(k->kernel, (uint64_t)(number + 1) * VPE_MEMORY, VPE_MEMORY) !=
        RESCIND_NO_ERROR)
        return -1;
    v = g_new0(struct machine_vpe, 1);
    v->number = number;
    v->kernel = kernel;
    v->local = k->vpes->len;
    v->name = g_strdup(name);
    v->through = true;
    v->awaits = AWAITS_NOTHING;
    v->results = g_byte_array_new();
    g_ptr_array_add(m->vpes, v);
    g_array_append_val(k->vpes, number);
    return (int)number;
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
    v->through = false;
    v->program = program;
    v->argument = argument;
}

void *rescind_sim_argument(const struct rescind_env *env)
{
    return ((const struct machine_vpe *)env->host)->argument;
}

static bool has_run(const struct steps *start)
{
    struct steps steps = *start;
    struct step step;

    for (; steps_next(&steps, &step); steps_done(&steps)) {
        if (step.kind == RESCIND_STEP_RUN)
            return true;
    }
    return false;
}

void machine_steps(struct machine *m, uint32_t vpe, const void *module)
{
    struct machine_vpe *v = vpe_of(m, vpe);

    m->signal_count = ((const struct rescind_startup *)module)->signal_count;
    v->kind = STEPS;
    steps_start(&v->steps, module, vpe);
    v->calls_functions = has_run(&v->steps);
    g_byte_array_set_size(v->results, startup_vpe(module, vpe)->call_count);
    move_settle(m, v);
}

enum rescind_error machine_grant(struct machine *m, uint32_t vpe, uint32_t sel, uint32_t target)
{
    const struct machine_vpe *v = vpe_of(m, vpe), *t = vpe_of(m, target);

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
    uint32_t *vpes = g_new0(uint32_t, header->kernel_count);
    bool good = true;

    for (uint32_t i = 0; i < header->vpe_count; i++)
        vpes[startup_vpe(header, i)->kernel]++;
    for (uint32_t i = 0; good && i < header->kernel_count; i++) {
        const struct rescind_startup_kernel *kernel = startup_kernel(header, i);
        machine_rename_kernel(m, i, kernel->name);
        good = kernel_make(m, i, vpes[i], kernel->nodes, error);
    }
    g_free(vpes);
    return good;
}

static bool load_vpes(struct machine *m, const struct rescind_startup *header, GError **error)
{
    for (uint32_t i = 0; i < header->vpe_count; i++) {
        const struct rescind_startup_vpe *vpe = startup_vpe(header, i);
        if (machine_vpe(m, vpe->kernel, vpe->name) < 0) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                        "a pool of %u nodes is too small for what is there at the start",
                        startup_kernel(header, vpe->kernel)->nodes);
            return false;
        }
        machine_steps(m, i, header);
    }
    return true;
}

static bool load_grants(struct machine *m, const struct rescind_startup *header, GError **error)
{
    for (uint32_t i = 0; i < header->grant_count; i++) {
        const struct rescind_startup_grant *grant = startup_grant(header, i);
        const struct machine_vpe *v = vpe_of(m, grant->vpe);
        enum rescind_error result = machine_grant(m, grant->vpe, grant->sel, grant->target);
        if (result == RESCIND_OUT_OF_MEM) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                        "a pool of %u nodes is too small for what is there at the start",
                        startup_kernel(header, v->kernel)->nodes);
            return false;
        }
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
    return g_array_index(m->kernels[kernel].vpes, uint32_t, local);
}

struct machine_status machine_status(const struct machine *m, uint32_t vpe)
{
    const struct machine_vpe *v = vpe_of(m, vpe);

    return (struct machine_status){
        .ended = rescind_kernel_vpe_state(kernel_of(m, v), v->local) == RESCIND_VPE_ENDED,
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

bool machine_cap(const struct machine *m, uint32_t vpe, uint32_t kind, uint64_t from,
                 struct outcome_cap *cap)
{
    const struct machine_vpe *v = vpe_of(m, vpe);
    struct rescind_kernel_cap found, above;
    uint32_t kernel = v->kernel;

    if (!rescind_kernel_find(kernel_of(m, v), v->local, kind, from, &found))
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
        cap->parent_vpe = machine_vpe_at(m, kernel, found.parent_vpe);
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
        o->stuck = !status.ended && !status.through;
        for (uint32_t kind = 0; kind < RESCIND_TABLE_KINDS; kind++) {
            for (uint64_t from = 0; machine_cap(m, i, kind, from, &cap); from = cap.sel + 1ull)
                g_array_append_val(o->caps, cap);
        }
    }
    return outcome;
}
