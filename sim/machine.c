/* The machine and its schedulers; see machine.h. */
#include "sim/machine.h"

#include <string.h>
#include <sys/mman.h>

#include "rescind/kernel.h"
#include "base/arena.h"
#include "kernel/tree.h"
#include "sim/coroutine.h"
#include "user/programs.h"
#include "user/startup.h"
#include "user/steps.h"

/* Each VPE's memory, as its capability at selector 1 names it. */
#define VPE_MEMORY (1u << 20)

enum { DEFAULT_STACK = 64 * 1024, NEVER = G_MAXINT32 /* awaited: a signal nobody sets */ };

enum program_kind { PASSIVE, FUNCTION, STEPS };

struct machine_vpe {
    struct machine *machine;
    uint32_t number;
    char *name;
    enum program_kind kind;
    bool through;         /* the program has finished */
    bool queued;          /* a move of it stands in the queue */
    int32_t awaits;       /* the signal that it waits for, or -1 */
    struct coroutine *co; /* FUNCTION, and STEPS while one of them is a RUN */
    rescind_program *program;
    void *argument;
    int value; /* what the program returned */
    struct rescind_env env;
    uint32_t credits;
    struct steps steps;
    GByteArray *results;
};

/* A move that is possible. WORK is in the queue once, for the head of the kernel's ready line. */
enum move_kind { MOVE_PROGRAM, MOVE_MESSAGE, MOVE_WORK };
struct move {
    enum move_kind kind;
    uint32_t vpe;
};

struct machine {
    struct machine_options options;
    void *arena;
    size_t arena_size;
    struct rescind_kernel *kernel;
    GPtrArray *vpes; /* struct machine_vpe * */
    GArray *queue;   /* struct move, in the order in which they became possible */
    bool working;    /* MOVE_WORK is in the queue */
    GRand *random;
    uint8_t *signals;
    uint64_t time, events, audited_at;
    int watching; /* the VPE whose REVOKE is watched, or -1 */
    size_t stack;
    char *finding;
};

enum machine_audit machine_default_audit(void)
{
#ifdef RESCIND_AUDIT_ALWAYS
    return AUDIT_ALWAYS;
#else
    return AUDIT_SPARSE;
#endif
}

static struct machine_vpe *vpe_of(const struct machine *m, uint32_t vpe)
{
    return g_ptr_array_index(m->vpes, vpe);
}

const char *machine_vpe_name(void *machine, uint32_t vpe)
{
    return vpe_of(machine, vpe)->name;
}

static void print(struct machine *m, const char *text, size_t size)
{
    if (m->options.print != NULL)
        m->options.print(m->options.context, text, size);
}

static void report(struct machine *m, enum machine_report_kind kind, uint32_t vpe, uint32_t value)
{
    struct machine_report report = {kind, vpe, vpe_of(m, vpe)->name, value, m->time};

    if (m->options.report != NULL)
        m->options.report(m->options.context, &report);
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

struct machine *machine_new(const struct machine_options *options, GError **error)
{
    struct rescind_kernel_config config = {
        .vpes = options->vpes,
        .nodes = options->nodes,
        .work = options->work,
        .seed = options->seed,
    };
    size_t size = rescind_kernel_size(&config);
    struct machine *m;
    void *arena;

    if (size == 0) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "a kernel with %u VPEs and %u pool nodes can't be built", options->vpes,
                    options->nodes);
        return NULL;
    }
    arena = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                 -1, 0);
    if (arena == MAP_FAILED) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                    "no memory for a kernel of %" G_GSIZE_FORMAT " bytes", size);
        return NULL;
    }
    m = g_new0(struct machine, 1);
    m->options = *options;
    m->arena = arena;
    m->arena_size = size;
    m->kernel = rescind_kernel_create(arena, size, &config);
    m->vpes = g_ptr_array_new_with_free_func(vpe_free);
    m->queue = g_array_new(FALSE, FALSE, sizeof(struct move));
    m->random = g_rand_new_with_seed((guint32)(options->seed ^ options->seed >> 32));
    m->signals = g_malloc0(RESCIND_STARTUP_SIGNALS);
    m->watching = -1;
    m->stack = options->stack != 0 ? options->stack : DEFAULT_STACK;
    return m;
}

void machine_free(struct machine *m)
{
    if (m == NULL)
        return;
    g_ptr_array_unref(m->vpes);
    g_array_unref(m->queue);
    g_rand_free(m->random);
    g_free(m->signals);
    g_free(m->finding);
    munmap(m->arena, m->arena_size);
    g_free(m);
}

/* ---- The queue of possible moves ---------------------------------------------------------- */

static void push(struct machine *m, enum move_kind kind, uint32_t vpe)
{
    struct move move = {kind, vpe};

    if (kind == MOVE_WORK) {
        if (m->working)
            return;
        m->working = true;
    } else {
        if (vpe_of(m, vpe)->queued)
            return;
        vpe_of(m, vpe)->queued = true;
    }
    g_array_append_val(m->queue, move);
}

static struct move pull(struct machine *m)
{
    guint at = 0;
    struct move move;

    if (m->options.random)
        at = (guint)g_rand_int_range(m->random, 0, (gint32)m->queue->len);
    move = g_array_index(m->queue, struct move, at);
    g_array_remove_index(m->queue, at);
    if (move.kind == MOVE_WORK)
        m->working = false;
    else
        vpe_of(m, move.vpe)->queued = false;
    return move;
}

/* What the VPE can do next: be heard by the kernel, or go on with its program. */
static void push_vpe(struct machine *m, uint32_t vpe)
{
    struct machine_vpe *v = vpe_of(m, vpe);

    if (rescind_kernel_message_waiting(m->kernel, vpe))
        push(m, MOVE_MESSAGE, vpe);
    else if (rescind_kernel_vpe_state(m->kernel, vpe) == RESCIND_VPE_RUNNING && !v->through &&
             v->awaits < 0)
        push(m, MOVE_PROGRAM, vpe);
}

/* ---- Programs ----------------------------------------------------------------------------- */

static void env_wait(struct rescind_env *env, bool idle)
{
    struct machine_vpe *v = env->host;

    /* Replies wake a program that waits for one. Nothing else can happen to one that is idle. */
    if (idle)
        v->awaits = NEVER;
    coroutine_yield(v->co);
    v->awaits = -1;
}

static void function_body(void *data)
{
    struct machine_vpe *v = data;

    v->value = v->program(&v->env);
}

/* False: there is no memory for its stack, which machine_finding() says. */
static bool start_function(struct machine *m, struct machine_vpe *v)
{
    v->env = (struct rescind_env){
        .syscalls = rescind_kernel_syscall_ring(m->kernel, v->number),
        .replies = rescind_kernel_reply_ring(m->kernel, v->number),
        .vpe = (uint16_t)v->number,
        .credits = 1,
        .name = v->name,
        .wait = env_wait,
        .host = v,
    };
    v->co = coroutine_new(function_body, v, m->stack);
    if (v->co == NULL)
        m->finding = g_strdup_printf("no memory for the stack of %s", v->name);
    return v->co != NULL;
}

/* True once the function has returned. */
static bool run_function(struct machine *m, struct machine_vpe *v)
{
    if (v->co == NULL && !start_function(m, v))
        return false;
    if (coroutine_resume(v->co))
        return false;
    g_clear_pointer(&v->co, coroutine_free);
    return true;
}

static void set_signal(struct machine *m, uint32_t signal)
{
    m->signals[signal] = 1;
    for (guint i = 0; i < m->vpes->len; i++) {
        if (vpe_of(m, i)->awaits == (int32_t)signal) {
            vpe_of(m, i)->awaits = -1;
            push_vpe(m, i);
        }
    }
}

/* The built-in program of a RUN step goes on; where it fails its VPE stays at the step. */
static void run_builtin(struct machine *m, struct machine_vpe *v, uint32_t program)
{
    v->program = user_programs[program].run;
    if (!run_function(m, v))
        return;
    if (v->value == 0)
        steps_done(&v->steps);
    else
        v->awaits = NEVER;
}

static void run_step(struct machine *m, struct machine_vpe *v)
{
    struct step step;

    if (!steps_next(&v->steps, &step)) {
        v->through = true;
        return;
    }
    switch (step.kind) {
    case RESCIND_STEP_CALL:
        /* Done when the reply is there: see replied(). */
        rescind_kernel_send(m->kernel, v->number, step.payload, step.size);
        break;
    case RESCIND_STEP_SIGNAL:
        steps_done(&v->steps);
        set_signal(m, step.arg);
        break;
    case RESCIND_STEP_WAIT:
        if (m->signals[step.arg])
            steps_done(&v->steps);
        else
            v->awaits = (int32_t)step.arg;
        break;
    case RESCIND_STEP_RUN:
        run_builtin(m, v, step.arg);
        break;
    }
    if (!steps_next(&v->steps, &step))
        v->through = true;
}

/* The step machine takes its reply; a C function fetches it itself. */
static void replied(struct machine *m, uint32_t vpe, uint32_t error)
{
    struct machine_vpe *v = vpe_of(m, vpe);
    uint64_t result;

    report(m, REPORT_REPLY, vpe, error);
    if (v->kind == STEPS && v->co == NULL &&
        rescind_kernel_receive(m->kernel, vpe, &result, sizeof(result))) {
        v->results->data[v->steps.calls] = (uint8_t)result;
        steps_done(&v->steps);
        struct step step;
        v->through = !steps_next(&v->steps, &step);
    }
    push_vpe(m, vpe);
}

static void ended(struct machine *m, uint32_t vpe, uint32_t code)
{
    report(m, REPORT_ENDED, vpe, code);
    g_clear_pointer(&vpe_of(m, vpe)->co, coroutine_free);
}

/* ---- The watch ---------------------------------------------------------------------------- */

static void emit(void *machine, const char *text, size_t size)
{
    print(machine, text, size);
}

static void print_tree(struct machine *m, const char *title)
{
    print(m, title, strlen(title));
    tree_print(m->kernel, machine_vpe_name, m, emit);
}

/* Peeks at the message of `vpe` that is about to be taken. */
static void peek(struct machine *m, uint32_t vpe)
{
    const struct rescind_ring *ring = rescind_kernel_syscall_ring(m->kernel, vpe);
    const uint8_t *message =
        ring->slots + (size_t)(ring->tail % RESCIND_RING_SLOTS) * RESCIND_RING_SLOT_SIZE;
    struct rescind_header header;
    struct rescind_range range;
    uint32_t opcode;

    memcpy(&header, message, sizeof(header));
    memcpy(&opcode, message + sizeof(header), sizeof(opcode));
    memcpy(&range, message + sizeof(header) + 8, sizeof(range));
    report(m, REPORT_MESSAGE, vpe, opcode);
    if (m->options.capture != NULL && header.length <= RESCIND_PAYLOAD_MAX)
        m->options.capture(m->options.context, vpe, message, sizeof(header) + header.length);
    if (m->options.watch != 0 && m->watching < 0 && opcode == RESCIND_SYS_REVOKE &&
        range.start == m->options.watch) {
        print_tree(m, "before the revocation:\n");
        m->watching = (int)vpe;
    }
}

static void watch_reply(struct machine *m, uint32_t vpe)
{
    if (m->watching == (int)vpe) {
        m->watching = -1;
        print_tree(m, "after the revocation:\n");
    }
}

/* ---- Running ------------------------------------------------------------------------------ */

static bool audit(struct machine *m, bool at_end)
{
    struct rescind_finding finding;

    if (m->options.audit == AUDIT_NEVER)
        return true;
    /* An audit costs in proportion to the nodes in use: one each so many events is a constant
     * an event. */
    if (m->options.audit == AUDIT_SPARSE && !at_end &&
        m->events - m->audited_at < MAX(m->kernel->pool.high, 64))
        return true;
    m->audited_at = m->events;
    if (rescind_kernel_audit(m->kernel, &finding))
        return true;
    g_free(m->finding);
    m->finding =
        g_strdup_printf("after event %" G_GUINT64_FORMAT " the invariant %s is broken at %u: %s",
                        m->events, finding.name, finding.where, finding.sentence);
    return false;
}

static void drain(struct machine *m)
{
    struct rescind_kernel_output out;

    while ((out = rescind_kernel_take_output(m->kernel)).kind != RESCIND_OUTPUT_NOTHING) {
        switch (out.kind) {
        case RESCIND_OUTPUT_PRINT:
            print(m, out.text, out.size);
            break;
        case RESCIND_OUTPUT_REPLY:
            watch_reply(m, out.vpe);
            replied(m, out.vpe, out.code);
            break;
        case RESCIND_OUTPUT_ENDED:
            watch_reply(m, out.vpe);
            ended(m, out.vpe, out.code);
            break;
        case RESCIND_OUTPUT_BAD_RING:
            report(m, REPORT_BAD_RING, out.vpe, 0);
            break;
        case RESCIND_OUTPUT_NOTHING:
            break;
        }
    }
    if (rescind_kernel_ready(m->kernel) >= 0)
        push(m, MOVE_WORK, 0);
}

/* Which call the kernel works on: the first in line, or under `random` any of them. */
static uint32_t choose_work(struct machine *m)
{
    int32_t vpe = rescind_kernel_ready(m->kernel);

    if (m->options.random) {
        gint32 skip = g_rand_int_range(m->random, 0, (gint32)m->vpes->len);
        for (; skip > 0; skip--) {
            int32_t next = rescind_kernel_ready_after(m->kernel, (uint32_t)vpe);
            vpe = next >= 0 ? next : rescind_kernel_ready(m->kernel);
        }
    }
    return (uint32_t)vpe;
}

static void move_program(struct machine *m, uint32_t vpe)
{
    struct machine_vpe *v = vpe_of(m, vpe);

    if (rescind_kernel_vpe_state(m->kernel, vpe) == RESCIND_VPE_ENDED || v->through)
        return;
    report(m, REPORT_PROGRAM, vpe, 0);
    if (v->kind == FUNCTION)
        v->through = run_function(m, v);
    else
        run_step(m, v);
    push_vpe(m, vpe);
}

static void move(struct machine *m, struct move move)
{
    m->time++;
    switch (move.kind) {
    case MOVE_PROGRAM:
        move_program(m, move.vpe);
        return;
    case MOVE_MESSAGE:
        if (rescind_kernel_message_waiting(m->kernel, move.vpe)) {
            peek(m, move.vpe);
            rescind_kernel_message(m->kernel, move.vpe);
            m->events++;
        }
        break;
    case MOVE_WORK:
        if (rescind_kernel_ready(m->kernel) >= 0) {
            uint32_t vpe = choose_work(m);
            report(m, REPORT_WORK, vpe, 0);
            rescind_kernel_work(m->kernel, vpe);
            m->events++;
        }
        break;
    }
    drain(m);
}

enum machine_end machine_run(struct machine *m, bool (*until)(struct machine *m, void *data),
                             void *data)
{
    for (guint i = 0; i < m->vpes->len; i++)
        push_vpe(m, i);
    drain(m);
    while (m->queue->len > 0) {
        uint64_t events = m->events;
        move(m, pull(m));
        if (m->finding != NULL || (m->events != events && !audit(m, false)))
            return MACHINE_BROKEN;
        if (until != NULL && until(m, data))
            return MACHINE_STOPPED;
    }
    return audit(m, true) ? MACHINE_QUIET : MACHINE_BROKEN;
}

const char *machine_finding(const struct machine *m)
{
    return m->finding != NULL ? m->finding : "";
}

void machine_kill(struct machine *m, uint32_t vpe, uint32_t code)
{
    rescind_kernel_end(m->kernel, vpe, code);
    m->events++;
}

/* ---- VPEs --------------------------------------------------------------------------------- */

int machine_vpe(struct machine *m, const char *name)
{
    uint32_t number = m->vpes->len;
    struct machine_vpe *v;

    if (rescind_kernel_boot_vpe(m->kernel, (uint64_t)(number + 1) * VPE_MEMORY, VPE_MEMORY) !=
        RESCIND_NO_ERROR)
        return -1;
    v = g_new0(struct machine_vpe, 1);
    v->machine = m;
    v->number = number;
    v->name = g_strdup(name);
    v->through = true;
    v->awaits = -1;
    v->results = g_byte_array_new();
    g_ptr_array_add(m->vpes, v);
    return (int)number;
}

void machine_rename(struct machine *m, uint32_t vpe, const char *name)
{
    g_free(vpe_of(m, vpe)->name);
    vpe_of(m, vpe)->name = g_strdup(name);
}

void machine_function(struct machine *m, uint32_t vpe, rescind_program *program, void *argument)
{
    struct machine_vpe *v = vpe_of(m, vpe);

    v->kind = FUNCTION;
    v->through = false;
    v->program = program;
    v->argument = argument;
}

void *rescind_sim_argument(const struct rescind_env *env)
{
    return ((const struct machine_vpe *)env->host)->argument;
}

void machine_steps(struct machine *m, uint32_t vpe, const void *module)
{
    struct machine_vpe *v = vpe_of(m, vpe);
    struct step step;
    guint calls = startup_vpe(module, vpe)->call_count;

    v->kind = STEPS;
    steps_start(&v->steps, module, vpe);
    v->through = !steps_next(&v->steps, &step);
    g_byte_array_set_size(v->results, calls);
    if (calls > 0)
        memset(v->results->data, RESCIND_RESULT_NONE, calls);
}

enum rescind_error machine_grant(struct machine *m, uint32_t vpe, uint32_t sel, uint32_t target)
{
    return rescind_kernel_boot_grant(m->kernel, vpe, sel, target);
}

struct machine *machine_load(const struct machine_options *options, const void *module,
                             GError **error)
{
    const struct rescind_startup *header = module;
    struct machine_options o = *options;
    struct machine *m;

    o.vpes = header->vpe_count;
    o.nodes = header->nodes;
    if (header->work != 0)
        o.work = header->work;
    if (header->watch != 0)
        o.watch = header->watch;
    m = machine_new(&o, error);
    if (m == NULL)
        return NULL;
    for (uint32_t i = 0; i < header->vpe_count; i++) {
        if (machine_vpe(m, startup_vpe(module, i)->name) < 0)
            goto short_of_memory;
        machine_steps(m, i, module);
    }
    for (uint32_t i = 0; i < header->grant_count; i++) {
        const struct rescind_startup_grant *grant = startup_grant(module, i);
        if (machine_grant(m, grant->vpe, grant->sel, grant->target) != RESCIND_NO_ERROR)
            goto short_of_memory;
    }
    return m;
short_of_memory:
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                "a pool of %u nodes is too small for what is there at the start", header->nodes);
    machine_free(m);
    return NULL;
}

/* ---- Looking at it ------------------------------------------------------------------------ */

struct machine_status machine_status(const struct machine *m, uint32_t vpe)
{
    const struct machine_vpe *v = vpe_of(m, vpe);

    return (struct machine_status){
        .ended = rescind_kernel_vpe_state(m->kernel, vpe) == RESCIND_VPE_ENDED,
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

struct rescind_kernel *machine_kernel(struct machine *m)
{
    return m->kernel;
}

static void add_caps(struct rescind_kernel *k, uint32_t vpe, uint32_t kind, GArray *caps)
{
    struct rescind_kernel_cap found;

    for (uint64_t from = 0; rescind_kernel_find(k, vpe, kind, from, &found);
         from = found.sel + 1ull) {
        struct outcome_cap cap = {
            .sel = found.sel,
            .kind = (uint8_t)kind,
            .type = (uint8_t)found.type,
            .has_parent = found.has_parent,
            .parent_kind = (uint8_t)found.parent_kind,
            .parent_vpe = found.parent_vpe,
            .parent_sel = found.parent_sel,
        };
        g_array_append_val(caps, cap);
    }
}

struct outcome *machine_outcome(struct machine *m)
{
    struct outcome *outcome = outcome_new("host", m->vpes->len);

    for (guint i = 0; i < m->vpes->len; i++) {
        struct machine_status status = machine_status(m, i);
        struct outcome_vpe *o = outcome_vpe(outcome, i);
        const GByteArray *results = vpe_of(m, i)->results;
        g_byte_array_append(o->results, results->data, results->len);
        o->position = status.position;
        o->ended = status.ended;
        o->stuck = !status.ended && !status.through;
        for (uint32_t kind = 0; kind < RESCIND_TABLE_KINDS; kind++)
            add_caps(m->kernel, i, kind, o->caps);
    }
    return outcome;
}
