/* Making a choice happen: a program's step, an event, a message, a fault; see machine.h. */
#include "sim/machine_parts.h"

#include <string.h>

#include "base/arena.h"
#include "cap/peer.h"
#include "cap/table.h"
#include "dtu/ring.h"
#include "kernel/tree.h"
#include "sim/derivation.h"
#include "sim/links.h"
#include "sim/platform.h"
#include "syscall/call.h"
#include "user/programs.h"

/* A REVOKE with own = 1 that is answered OK has left nothing in its range. */
static void check_revoked(struct machine *m, const struct machine_vpe *v, uint32_t error)
{
    const struct rescind_kernel *k = kernel_of(m, v);
    const struct call *call = call_at(k, v->local);

    if (m->options.audit == AUDIT_NEVER || m->finding != NULL || error != RESCIND_NO_ERROR ||
        call->opcode != RESCIND_SYS_REVOKE || !call->revoke.own)
        return;
    uint32_t left = table_find_from(k, call->revoke.first_table, call->revoke.from);
    if (left != 0 && cap_at(k, left)->sel < call->revoke.to)
        m->finding = g_strdup_printf("%s's REVOKE is answered OK, but selector %u is still there",
                                     v->name, cap_at(k, left)->sel);
}

static void print(struct machine *m, const char *text, size_t size)
{
    if (m->options.print != NULL)
        m->options.print(m->options.context, text, size);
}

static void report(struct machine *m, struct machine_report *report)
{
    if (m->options.report == NULL)
        return;
    report->time = m->time;
    report->machine = m;
    report->vpe_name = report->vpe != MACHINE_NO_VPE ? vpe_of(m, report->vpe)->name : NULL;
    m->options.report(m->options.context, report);
}

static void report_vpe(struct machine *m, enum machine_report_kind kind,
                       const struct machine_vpe *v, uint32_t value)
{
    report(m, &(struct machine_report){
                  .kind = kind, .kernel = v->kernel, .vpe = v->number, .value = value});
}

static void observe(struct machine *m, enum machine_observed_kind kind, const struct machine_vpe *v,
                    uint32_t error)
{
    struct machine_observed observed = {.kind = kind, .vpe = v->number, .error = error};

    g_array_append_val(m->observed, observed);
}

/* ---- C functions -------------------------------------------------------------------------- */

static void env_wait(struct rescind_env *env, bool idle)
{
    struct machine_vpe *v = env->host;

    /* Replies wake a program that waits for one. Nothing else can happen to one that is idle. */
    if (idle)
        v->awaits = AWAITS_NEVER;
    coroutine_yield(v->co);
    v->awaits = AWAITS_NOTHING;
}

/* Each access is a choice of its own, which is there once it can be said what is mapped. */
static enum rescind_error env_touch(struct rescind_env *env, uint64_t address, uint64_t *value,
                                    bool write)
{
    struct machine_vpe *v = env->host;

    v->held = true;
    v->held_at = address;
    coroutine_yield(v->co);
    v->held = false;
    return touch(v->machine, v, address, value, write);
}

static enum rescind_error env_load(struct rescind_env *env, uint64_t address, uint64_t *value)
{
    uint64_t read = 0;
    enum rescind_error error = env_touch(env, address, &read, false);

    if (error == RESCIND_NO_ERROR && value != NULL)
        *value = read;
    return error;
}

static enum rescind_error env_store(struct rescind_env *env, uint64_t address, uint64_t value)
{
    return env_touch(env, address, &value, true);
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
        .syscalls = rescind_kernel_syscall_ring(kernel_of(m, v), v->local),
        .replies = rescind_kernel_reply_ring(kernel_of(m, v), v->local),
        .pe = (uint16_t)v->kernel,
        .vpe = (uint16_t)v->local,
        .credits = 1,
        .name = v->name,
        .wait = env_wait,
        .load = env_load,
        .store = env_store,
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
    kernel_changes(m, v->kernel); /* the rings are in it */
    if (coroutine_resume(v->co))
        return false;
    g_clear_pointer(&v->co, coroutine_free);
    return true;
}

/* ---- The watch ---------------------------------------------------------------------------- */

/* Of the only kernel's. */
static const char *vpe_name(void *machine, uint32_t local)
{
    uint32_t vpe = machine_vpe_at(machine, 0, local);

    return vpe != MACHINE_NO_VPE ? machine_vpe_name(machine, vpe) : "?";
}

static void emit(void *machine, const char *text, size_t size)
{
    print(machine, text, size);
}

/* Of one kernel as it prints it on the PC, too; of many across all of them. */
static void print_tree(struct machine *m, const char *title)
{
    print(m, title, strlen(title));
    if (m->kernel_count == 1) {
        tree_print(m->kernels[0].kernel, vpe_name, m, emit);
    } else {
        char *text = derivation_text(m);
        print(m, text, strlen(text));
        g_free(text);
    }
}

static void watch_reply(struct machine *m, const struct machine_vpe *v)
{
    if (m->watching == (int)v->number) {
        m->watching = -1;
        print_tree(m, "after the revocation:\n");
    }
}

static void watch_message(struct machine *m, const struct machine_vpe *v, const uint8_t *payload)
{
    struct rescind_range range;
    uint32_t opcode;

    memcpy(&opcode, payload, sizeof(opcode));
    memcpy(&range, payload + 8, sizeof(range));
    if (m->options.watch != 0 && m->watching < 0 && opcode == RESCIND_SYS_REVOKE &&
        range.start == m->options.watch) {
        print_tree(m, "before the revocation:\n");
        m->watching = (int)v->number;
    }
}

/* ---- Events ------------------------------------------------------------------------------- */

void move_settle(struct machine *m, struct machine_vpe *v)
{
    struct step step;

    v->awaits = AWAITS_NOTHING;
    while (steps_next(&v->steps, &step)) {
        v->through = false;
        if (step.kind != RESCIND_STEP_WAIT)
            return;
        if (!m->signals[step.arg]) {
            v->awaits = (int32_t)step.arg;
            return;
        }
        steps_done(&v->steps);
    }
    v->through = true;
}

/* The step that the program stands at has come to this. */
static void step_done(struct machine *m, struct machine_vpe *v, const void *reply, size_t size)
{
    struct step step;
    uint8_t result;

    steps_next(&v->steps, &step);
    result = steps_result(&v->steps, &step, reply, size);
    v->results->data[v->steps.calls] = result;
    v->results_hash = mix64(v->results_hash ^ result);
    steps_done(&v->steps);
    move_settle(m, v);
}

/* The step machine takes its reply; a C function fetches it itself. */
static void replied(struct machine *m, struct machine_vpe *v, uint32_t error)
{
    struct ring_message reply;

    report_vpe(m, REPORT_REPLY, v, error);
    observe(m, OBSERVED_REPLY, v, error);
    if (v->kind == STEPS && v->co == NULL &&
        ring_fetch(rescind_kernel_reply_ring(kernel_of(m, v), v->local), &reply) == RING_MESSAGE)
        step_done(m, v, reply.payload, MIN(reply.header.length, RESCIND_PAYLOAD_MAX));
    queue_vpe(m, v);
}

static void ended(struct machine *m, struct machine_vpe *v, uint32_t code)
{
    report_vpe(m, REPORT_ENDED, v, code);
    observe(m, OBSERVED_ENDED, v, 0);
    g_clear_pointer(&v->co, coroutine_free);
}

/* The first child of this name that its kernel has not made yet, or NULL. */
static struct machine_vpe *find_child(const struct machine *m, uint32_t kernel, const char *name,
                                      size_t size)
{
    for (guint i = 0; i < m->vpes->len; i++) {
        struct machine_vpe *v = vpe_of(m, i);
        if (v->child && v->kernel == kernel && v->local == MACHINE_NO_VPE && !v->gone &&
            strlen(v->name) == size && memcmp(v->name, name, size) == 0)
            return v;
    }
    return NULL;
}

static void created(struct machine *m, uint32_t kernel, const struct rescind_kernel_output *out)
{
    struct machine_vpe *v = find_child(m, kernel, out->text, out->size);

    machine_bind(m, kernel, out->vpe, v);
    report(m, &(struct machine_report){.kind = REPORT_CREATED,
                                       .kernel = kernel,
                                       .vpe = v != NULL ? v->number : MACHINE_NO_VPE,
                                       .value = out->vpe});
}

/* Something of a VPE that the machine knows. */
static void take_output(struct machine *m, struct machine_vpe *v,
                        const struct rescind_kernel_output *out)
{
    switch (out->kind) {
    case RESCIND_OUTPUT_REPLY:
        check_revoked(m, v, out->code);
        watch_reply(m, v);
        replied(m, v, out->code);
        break;
    case RESCIND_OUTPUT_ENDED:
        watch_reply(m, v);
        ended(m, v, out->code);
        break;
    case RESCIND_OUTPUT_BAD_RING:
        report_vpe(m, REPORT_BAD_RING, v, 0);
        break;
    case RESCIND_OUTPUT_STARTED:
        report_vpe(m, REPORT_STARTED, v, 0);
        queue_vpe(m, v);
        break;
    case RESCIND_OUTPUT_PRINT:
    case RESCIND_OUTPUT_CREATED:
    case RESCIND_OUTPUT_UNMASK:
    case RESCIND_OUTPUT_MASK:
    case RESCIND_OUTPUT_PORT:
    case RESCIND_OUTPUT_NOTHING:
        break;
    }
}

/* What was held back as nobody could say what was mapped there may be possible now. */
static void queue_touchers(struct machine *m, uint32_t kernel)
{
    for (guint i = 0; m->touched_by_programs && i < m->vpes->len; i++) {
        struct machine_vpe *v = vpe_of(m, i);
        if (v->touches && v->kernel == kernel)
            queue_vpe(m, v);
    }
}

/* What an event wants of the machine itself. False: of a VPE. */
static bool obey(struct machine *m, struct machine_kernel *k, uint32_t kernel,
                 const struct rescind_kernel_output *out)
{
    switch (out->kind) {
    case RESCIND_OUTPUT_PRINT:
        print(m, out->text, out->size);
        return true;
    case RESCIND_OUTPUT_CREATED:
        created(m, kernel, out);
        return true;
    case RESCIND_OUTPUT_UNMASK:
    case RESCIND_OUTPUT_MASK:
        devices_mask(m, kernel, out->code, out->kind == RESCIND_OUTPUT_MASK);
        return true;
    case RESCIND_OUTPUT_PORT:
        rescind_kernel_port(k->kernel, out->vpe, devices_access(m, k->kernel, out->vpe));
        return true;
    default:
        return false;
    }
}

static void drain(struct machine *m, struct machine_kernel *k, uint32_t kernel)
{
    struct rescind_kernel_output out;

    while ((out = rescind_kernel_take_output(k->kernel)).kind != RESCIND_OUTPUT_NOTHING) {
        uint32_t vpe;
        if (obey(m, k, kernel, &out))
            continue;
        vpe = machine_vpe_at(m, kernel, out.vpe);
        if (vpe != MACHINE_NO_VPE)
            take_output(m, vpe_of(m, vpe), &out);
    }
    if (rescind_kernel_ready(k->kernel) >= 0)
        queue_work(m, kernel);
    queue_touchers(m, kernel);
}

/* Lets `from` fill its channel to `to`. */
static void pump_one(struct machine *m, uint32_t from, uint32_t to)
{
    struct channel *channel = channels_get(&m->channels, from, to);

    kernel_changes(m, from);
    while (channel_has_room(channel)) {
        struct channel_message *message = channel_at(channel, channel->count);
        message->size = (uint32_t)rescind_kernel_tell(m->kernels[from].kernel, to, message->bytes);
        if (message->size == 0)
            return;
        message->number = m->messages++;
        channel->count++;
        report(m, &(struct machine_report){.kind = REPORT_TELL,
                                           .kernel = from,
                                           .vpe = MACHINE_NO_VPE,
                                           .value = message->size,
                                           .from = from,
                                           .to = to,
                                           .number = message->number});
        queue_hear(m, channel);
    }
}

static void pump(struct machine *m, uint32_t from)
{
    const struct rescind_kernel *k = m->kernels[from].kernel;
    int32_t next;

    for (int32_t to = rescind_kernel_tell_first(k); to >= 0; to = next) {
        next = rescind_kernel_tell_after(k, (uint32_t)to);
        pump_one(m, from, (uint32_t)to);
    }
}

/* Kernel `kernel` has had an event. */
static void after_event(struct machine *m, uint32_t kernel)
{
    struct machine_kernel *k = &m->kernels[kernel];

    m->events++;
    k->events++;
    m->touched = (int32_t)kernel;
    drain(m, k, kernel);
    pump(m, kernel);
}

/* Peeks at the message of `v` that is about to be taken. Whoever wrote the ring need not have
 * meant well. */
static void peek(struct machine *m, const struct machine_vpe *v)
{
    const struct rescind_ring *ring = rescind_kernel_syscall_ring(kernel_of(m, v), v->local);
    const uint8_t *message =
        ring->slots + (size_t)(ring->tail % RESCIND_RING_SLOTS) * RESCIND_RING_SLOT_SIZE;
    struct machine_observed observed = {.kind = OBSERVED_CALL, .vpe = v->number};
    struct rescind_header header;
    uint32_t opcode;

    memcpy(&header, message, sizeof(header));
    memcpy(&opcode, message + sizeof(header), sizeof(opcode));
    report_vpe(m, REPORT_MESSAGE, v, opcode);
    observed.message = message + sizeof(header);
    observed.size = MIN(header.length, RESCIND_PAYLOAD_MAX);
    if (ring->head != ring->tail)
        g_array_append_val(m->observed, observed);
    if (m->options.capture != NULL && header.length <= RESCIND_PAYLOAD_MAX)
        m->options.capture(m->options.context, v->number, message, sizeof(header) + header.length);
    watch_message(m, v, message + sizeof(header));
}

static void take_message(struct machine *m, struct machine_vpe *v)
{
    peek(m, v);
    kernel_changes(m, v->kernel);
    rescind_kernel_message(kernel_of(m, v), v->local);
    after_event(m, v->kernel);
}

/* ---- Programs ----------------------------------------------------------------------------- */

static void set_signal(struct machine *m, uint32_t signal)
{
    m->signals[signal] = 1;
    for (guint i = 0; i < m->vpes->len; i++) {
        struct machine_vpe *v = vpe_of(m, i);
        if (v->awaits == (int32_t)signal) {
            move_settle(m, v);
            queue_vpe(m, v);
        }
    }
}

/* Of a number that no program has: a module may say any. */
static int no_program(struct rescind_env *env)
{
    (void)env;
    return -1;
}

/* The built-in program of a RUN step goes on; where it fails its VPE stays at the step. */
static void run_builtin(struct machine *m, struct machine_vpe *v, uint32_t program)
{
    v->program = program < user_program_count ? user_programs[program].run : no_program;
    if (!run_function(m, v))
        return;
    if (v->value == 0) {
        steps_done(&v->steps);
        move_settle(m, v);
    } else {
        v->awaits = AWAITS_NEVER;
    }
}

/* Done when the reply is there: see replied(). */
static void run_call(struct machine *m, struct machine_vpe *v, const struct step *step)
{
    uint8_t message[RESCIND_PAYLOAD_MAX];
    uint32_t size = steps_message(&v->steps, step, message);

    kernel_changes(m, v->kernel);
    rescind_kernel_send(kernel_of(m, v), v->local, message, size);
    take_message(m, v);
}

static void run_touch(struct machine *m, struct machine_vpe *v, const struct step *step)
{
    uint64_t reply[2] = {0, step->value};

    reply[0] = touch(m, v, step->addr, &reply[1], step->kind == RESCIND_STEP_STORE);
    step_done(m, v, reply, sizeof(reply));
}

/* Waits have been passed by move_settle(). */
static void run_step(struct machine *m, struct machine_vpe *v)
{
    struct step step;

    steps_next(&v->steps, &step);
    switch (step.kind) {
    case RESCIND_STEP_CALL:
        run_call(m, v, &step);
        break;
    case RESCIND_STEP_SIGNAL:
        steps_done(&v->steps);
        move_settle(m, v);
        set_signal(m, step.arg);
        break;
    case RESCIND_STEP_RUN:
        run_builtin(m, v, step.arg);
        break;
    case RESCIND_STEP_LOAD:
    case RESCIND_STEP_STORE:
        run_touch(m, v, &step);
        break;
    case RESCIND_STEP_WAIT:
        break;
    }
}

static void move_vpe(struct machine *m, struct machine_vpe *v)
{
    if (rescind_kernel_message_waiting(kernel_of(m, v), v->local)) {
        take_message(m, v);
    } else {
        report_vpe(m, REPORT_PROGRAM, v, 0);
        if (v->kind == FUNCTION)
            v->through = run_function(m, v);
        else
            run_step(m, v);
    }
    queue_vpe(m, v);
}

/* ---- The other choices -------------------------------------------------------------------- */

static void move_work(struct machine *m, uint32_t kernel, uint32_t number)
{
    struct rescind_kernel *k = m->kernels[kernel].kernel;
    struct rescind_kernel_task task = rescind_kernel_task(k, number);

    report(m, &(struct machine_report){.kind = REPORT_WORK,
                                       .kernel = kernel,
                                       .vpe = task.kind == RESCIND_TASK_CALL
                                                  ? machine_vpe_at(m, kernel, task.number)
                                                  : MACHINE_NO_VPE,
                                       .task = task});
    kernel_changes(m, kernel);
    rescind_kernel_work(k, number);
    after_event(m, kernel);
}

static void move_hear(struct machine *m, uint32_t kernel, uint32_t from)
{
    struct channel *channel = channels_find(&m->channels, from, kernel);
    struct channel_message message = *channel_at(channel, 0);

    channel->first = (channel->first + 1) % RESCIND_PEER_WINDOW;
    channel->count--;
    report(m, &(struct machine_report){.kind = REPORT_HEAR,
                                       .kernel = kernel,
                                       .vpe = MACHINE_NO_VPE,
                                       .value = message.size,
                                       .from = from,
                                       .to = kernel,
                                       .number = message.number});
    kernel_changes(m, kernel);
    rescind_kernel_hear(m->kernels[kernel].kernel, from, message.bytes, message.size);
    after_event(m, kernel);
    if (peer_at(m->kernels[from].kernel, kernel)->next != 0) /* it holds something back */
        pump_one(m, from, kernel);
    if (channel->count > 0)
        queue_hear(m, channel);
}

/* An interrupt of a line that is unmasked. */
static void interrupt(struct machine *m, uint32_t line)
{
    struct machine_observed observed = {.kind = OBSERVED_INTERRUPT, .vpe = line};
    uint32_t kernel = (uint32_t)m->lines[line].kernel;

    g_array_append_val(m->observed, observed);
    m->lines[line].unmasked = false;
    report(m,
           &(struct machine_report){
               .kind = REPORT_INTERRUPT, .kernel = kernel, .vpe = MACHINE_NO_VPE, .value = line});
    kernel_changes(m, kernel);
    rescind_kernel_interrupt(m->kernels[kernel].kernel, line);
    after_event(m, kernel);
}

static void move_interrupt(struct machine *m, uint32_t line)
{
    m->lines[line].queued = false;
    if (devices_raise(m, line))
        interrupt(m, line);
    queue_line(m, line);
}

static void move_fault(struct machine *m, uint32_t number, uint32_t left)
{
    struct machine_fault *fault = fault_of(m, number);
    uint32_t a = fault->what.a;
    struct machine_report r = {
        .kind = REPORT_FAULT, .kernel = a, .vpe = MACHINE_NO_VPE, .value = number};

    fault->struck = true;
    switch (fault->what.kind) {
    case RESCIND_FAULT_KILL:
        r.vpe = a;
        r.kernel = vpe_of(m, a)->kernel;
        report(m, &r);
        observe(m, OBSERVED_KILL, vpe_of(m, a), 0);
        machine_kill(m, a, 1);
        break;
    case RESCIND_FAULT_EXHAUST:
        report(m, &r);
        kernel_changes(m, a);
        rescind_kernel_starve(m->kernels[a].kernel, left);
        break;
    case RESCIND_FAULT_DELAY:
        report(m, &r);
        channels_get(&m->channels, a, fault->what.b)->delayed = true;
        break;
    case RESCIND_FAULT_INTERRUPT:
        r.kernel = (uint32_t)m->lines[a].kernel;
        report(m, &r);
        interrupt(m, a);
        break;
    }
}

void machine_kill(struct machine *m, uint32_t vpe, uint32_t code)
{
    const struct machine_vpe *v = vpe_of(m, vpe);

    if (v->local == MACHINE_NO_VPE)
        return;
    kernel_changes(m, v->kernel);
    rescind_kernel_end(kernel_of(m, v), v->local, code);
    after_event(m, v->kernel);
}

static void act(struct machine *m, const struct machine_choice *choice)
{
    switch ((enum machine_choice_kind)choice->kind) {
    case CHOICE_VPE:
        move_vpe(m, vpe_of(m, choice->a));
        break;
    case CHOICE_WORK:
        move_work(m, choice->a, choice_task(m, choice));
        break;
    case CHOICE_HEAR:
        move_hear(m, choice->a, choice->b);
        break;
    case CHOICE_FAULT:
        move_fault(m, choice->a, choice->b);
        break;
    case CHOICE_INTERRUPT:
        move_interrupt(m, choice->a);
        break;
    }
}

void move(struct machine *m, const struct machine_choice *choice)
{
    jmp_buf panic;

    g_array_set_size(m->observed, 0);
    m->touched = -1;
    if (m->record != NULL)
        g_array_append_val(m->record, *choice);
    m->time++;
    if (setjmp(panic) == 0) {
        platform_catch(&panic);
        act(m, choice);
    } else if (m->finding == NULL) {
        m->finding = g_strdup_printf("kernel panic: %s", platform_caught());
    }
    platform_catch(NULL);
}

bool machine_choose(struct machine *m, const struct machine_choice *choice)
{
    g_assert(machine_possible(m, choice));
    move(m, choice);
    return move_audit(m);
}

/* ---- The audit ---------------------------------------------------------------------------- */

static bool broken(struct machine *m, uint32_t kernel, const struct rescind_finding *finding)
{
    char *of =
        m->kernel_count > 1 ? g_strdup_printf(" of %s", m->kernels[kernel].name) : g_strdup("");

    g_free(m->finding);
    m->finding =
        g_strdup_printf("after event %" G_GUINT64_FORMAT " the invariant %s%s is broken at %u: %s",
                        m->events, finding->name, of, finding->where, finding->sentence);
    g_free(of);
    return false;
}

static bool audit_kernel(struct machine *m, uint32_t kernel)
{
    struct machine_kernel *k = &m->kernels[kernel];
    struct rescind_finding finding;

    k->audited_at = k->events;
    return rescind_kernel_audit(k->kernel, &finding) || broken(m, kernel, &finding);
}

static bool audit_links(struct machine *m, bool at_end)
{
    struct rescind_finding finding;
    uint32_t kernel;

    return links_audit(m, at_end, &finding, &kernel) || broken(m, kernel, &finding);
}

/* An audit costs in proportion to the nodes in use: one each so many events is a constant an
 * event. */
static bool is_due(const struct machine *m, const struct machine_kernel *k)
{
    return m->options.audit == AUDIT_ALWAYS ||
           k->events - k->audited_at >= MAX(k->kernel->pool.high - k->kernel->pool.first, 64);
}

/* Machine and kernels agree on which lines are unmasked. */
static bool audit_lines(struct machine *m)
{
    for (uint32_t line = 0; line < RESCIND_IRQ_LINES; line++) {
        const struct machine_line *l = &m->lines[line];
        if (l->kernel < 0 ||
            l->unmasked == (rescind_kernel_unmasked(m->kernels[l->kernel].kernel) >> line & 1))
            continue;
        m->finding = g_strdup_printf("after event %" G_GUINT64_FORMAT " interrupt line %u is %s",
                                     m->events, line,
                                     l->unmasked ? "unmasked, but nobody waits for it"
                                                 : "masked, but somebody waits for it");
        return false;
    }
    return true;
}

bool move_audit(struct machine *m)
{
    if (m->finding != NULL)
        return false;
    if (m->has_lines && m->options.audit > AUDIT_ENDS && !audit_lines(m))
        return false;
    if (m->touched < 0 || m->options.audit <= AUDIT_ENDS)
        return true;
    if (is_due(m, &m->kernels[m->touched]) && !audit_kernel(m, (uint32_t)m->touched))
        return false;
    return m->options.audit != AUDIT_ALWAYS || audit_links(m, false);
}

bool machine_audit(struct machine *m)
{
    if (m->finding != NULL || !audit_lines(m))
        return false;
    for (uint32_t i = 0; i < m->kernel_count; i++) {
        if (!audit_kernel(m, i))
            return false;
    }
    return audit_links(m, true);
}
