/* The event loop. See loop.h. */
#include "pc99/loop.h"

#include <stddef.h>

#include "kernel/tree.h"
#include "pc99/children.h"
#include "pc99/console.h"
#include "pc99/cpu.h"
#include "pc99/format.h"
#include "pc99/irqs.h"
#include "pc99/mapped.h"
#include "pc99/peers.h"
#include "pc99/smp.h"
#include "rescind/drivers.h"
#include "rescind/platform.h"
#include "user/startup.h"

enum { KILLED_CODE = 1 }; /* what a VPE that was ended by force exits with */
/* How much loop_shift() makes of a phase, and how long a processor waits for the others to begin.
 */
enum { LINGER = 500 }; /* milliseconds */
enum { PERIODS = 7, JITTER = 3, DELAYS = 8, DELAY_LOOKS = 4096, GATHER_LOOKS = 1 << 16 };

bool loop_doorbell(uint64_t idle, uint64_t rip);
struct context *loop_turn(void);
struct context *loop_trap(struct context *context);

/* A turn while the kernel has work, as a part of a millisecond: 4096 instructions under icount,
 * which is about what a piece of that work takes; the way there and back costs a tenth of it. */
enum { SHORT_TURN = 244 };

/* Bytes of text that go out at a time: a byte costs some 20 instructions. */
enum { PIECE = 64 };

/* On the way of every doorbell. */
#define INLINE __attribute__((always_inline)) static inline

/* Interrupts have just been shut out, and will be let in at once. No stretch is so long that the
 * lower halves of the clock would not tell. */
static void stretch_begin(struct loop *loop)
{
    if (loop->clock) {
        loop->entered = cpu_ticks_low();
    }
}

static void stretch_end(struct loop *loop)
{
    if (loop->clock) {
        uint32_t length = cpu_ticks_low() - loop->entered;

        if (length > loop->longest) {
            loop->longest = length;
        }
    }
}

/* Lets pending interrupts in. */
static void window(struct loop *loop)
{
    stretch_end(loop);
    cpu_interrupt_window();
    stretch_begin(loop);
}

static void queue_init(struct link *queue)
{
    queue->next = queue->prev = queue;
}

static bool queue_is_empty(const struct link *queue)
{
    return queue->next == queue;
}

static void queue_append(struct link *queue, struct link *link)
{
    link->next = queue;
    link->prev = queue->prev;
    queue->prev->next = link;
    queue->prev = link;
}

static void queue_leave(struct link *link)
{
    if (link->next != NULL) {
        link->prev->next = link->next;
        link->next->prev = link->prev;
        link->next = link->prev = NULL;
    }
}

/* Moves all of `from` to the end of `to`. */
static void queue_move(struct link *to, struct link *from)
{
    if (!queue_is_empty(from)) {
        from->next->prev = to->prev;
        to->prev->next = from->next;
        from->prev->next = to;
        to->prev = from->prev;
        queue_init(from);
    }
}

void loop_init(struct loop *loop, uint32_t millisecond)
{
    *loop = (struct loop){0};
    queue_init(&loop->run);
    queue_init(&loop->idle);
    loop->nobody.dead = true;
    loop->period = millisecond;
    loop->short_turn = millisecond / SHORT_TURN;
}

void loop_add(struct loop *loop, struct runner *runner)
{
    runner->started = true;
    queue_append(&loop->run, &runner->link);
}

static uint64_t mix(uint64_t value)
{
    value = (value ^ value >> 32) * 0x9e3779b97f4a7c15;
    value = (value ^ value >> 29) * 0xbf58476d1ce4e5b9;
    return value ^ value >> 32;
}

void loop_shift(struct loop *loop, uint64_t phase)
{
    uint64_t bits = mix(phase * PROCESSORS_MAX + loop->number);
    uint32_t vpes = startup_boot_vpes(loop->module, loop->number);

    if (phase == 0) {
        return;
    }
    loop->period = loop->period >> bits % PERIODS;
    loop->period -= (uint32_t)((bits >> 8) % (loop->period / JITTER));
    loop->delay = (uint32_t)((bits >> 16) % DELAY_LOOKS) >> (bits >> 40) % DELAYS;
    for (uint64_t i = vpes == 0 ? 0 : (bits >> 48) % vpes; i > 0; i--) {
        struct link *first = loop->run.next;

        queue_leave(first);
        queue_append(&loop->run, first);
    }
}

const struct rescind_startup_vpe *loop_entry(const struct loop *loop, const struct runner *runner)
{
    return startup_vpe(loop->module, runner->number);
}

static const char *name_of(const struct loop *loop, const struct runner *runner)
{
    return runner == &loop->nobody ? "?" : loop_entry(loop, runner)->name;
}

static const char *name_in_tree(void *context, uint32_t vpe)
{
    const struct loop *loop = context;

    return vpe < loop->vpe_count ? name_of(loop, loop->by_vpe[vpe]) : "registry";
}

static void emit_text(void *loop, const char *text, size_t size)
{
    window(loop);
    console_text(text, size);
}

static void print_tree(struct loop *loop, const char *title)
{
    console_begin();
    console_text(title, format_length(title));
    tree_print(loop->kernel, name_in_tree, loop, emit_text);
    console_end();
}

/* Looks at the message that the kernel is about to take. The ring may hold anything; its owner
 * does not run meanwhile. */
static void peek(struct loop *loop, struct runner *runner)
{
    const struct rescind_ring *ring = rescind_kernel_syscall_ring(loop->kernel, runner->vpe);
    const uint8_t *slot =
        ring->slots + (size_t)(ring->tail % RESCIND_RING_SLOTS) * RESCIND_RING_SLOT_SIZE;
    struct __attribute__((packed)) {
        struct rescind_header header;
        uint32_t opcode, padding;
        struct rescind_range range;
    } message;

    __builtin_memcpy(&message, slot, sizeof message);
    if (loop->capture && message.header.length <= RESCIND_PAYLOAD_MAX) {
        report_message(loop->report, runner->number, slot,
                       sizeof message.header + message.header.length, window, loop);
    }
    if (loop->module->watch != 0 && loop->watching == NULL &&
        message.opcode == RESCIND_SYS_REVOKE && message.range.start == loop->module->watch) {
        print_tree(loop, "before the revocation:\n");
        loop->watching = runner;
    }
}

static void watch_end(struct loop *loop, const struct runner *runner)
{
    if (loop->watching == runner) {
        loop->watching = NULL;
        print_tree(loop, "after the revocation:\n");
    }
}

/* The VPE takes no more turns. */
static void bury(struct runner *runner)
{
    queue_leave(&runner->link);
    runner->dead = true;
}

INLINE void answer(struct loop *loop, struct runner *runner)
{
    watch_end(loop, runner);
    if (runner->blocked && !runner->dead) {
        runner->blocked = false;
        queue_append(&loop->run, &runner->link);
    }
}

/* Interrupts come in between pieces; others' text does not. */
static void print(struct loop *loop, const char *text, size_t size)
{
    console_begin();
    for (size_t at = 0; at < size; at += PIECE) {
        if (at > 0) {
            window(loop);
        }
        console_program(text + at, size - at < PIECE ? size - at : PIECE);
    }
    console_end();
}

/* One access to an I/O port for a VPE; what was read. */
static uint32_t port_access(struct rescind_kernel_port_access access)
{
    switch (access.bits | (access.out ? 1u : 0u)) {
    case 8:
        return rescind_in8(access.port);
    case 16:
        return rescind_in16(access.port);
    case 32:
        return rescind_in32(access.port);
    case 8 | 1:
        rescind_out8(access.port, (uint8_t)access.value);
        break;
    case 16 | 1:
        rescind_out16(access.port, (uint16_t)access.value);
        break;
    case 32 | 1:
        rescind_out32(access.port, access.value);
        break;
    }
    return 0;
}

/* What an event wants seldom. */
__attribute__((noinline)) static void obey(struct loop *loop, struct rescind_kernel_output output)
{
    struct runner *runner = loop->by_vpe[output.vpe];

    switch (output.kind) {
    case RESCIND_OUTPUT_PRINT:
        print(loop, output.text, output.size);
        break;
    case RESCIND_OUTPUT_BAD_RING:
        console_report("[%s] killed: its ring makes no sense", name_of(loop, runner));
        bury(runner);
        break;
    case RESCIND_OUTPUT_ENDED:
        watch_end(loop, runner);
        bury(runner);
        runner->ended = true;
        break;
    case RESCIND_OUTPUT_CREATED:
        children_create(loop, output.vpe, output.text, output.size, window);
        break;
    case RESCIND_OUTPUT_STARTED:
        if (!runner->dead) {
            loop_add(loop, runner);
        }
        break;
    case RESCIND_OUTPUT_UNMASK:
        loop->unmasked |= output.code;
        irqs_mask(output.code, false);
        break;
    case RESCIND_OUTPUT_MASK:
        loop->unmasked &= ~output.code;
        irqs_mask(output.code, true);
        break;
    case RESCIND_OUTPUT_PORT:
        rescind_kernel_port(loop->kernel, output.vpe,
                            port_access(rescind_kernel_port_access(loop->kernel, output.vpe)));
        break;
    default:
        break;
    }
}

/* Does what the last event wants of the machine; true: it has answered a VPE. */
INLINE bool drain(struct loop *loop)
{
    struct rescind_kernel_output output;
    bool answered = false;

    do {
        output = rescind_kernel_take_output(loop->kernel);
        if (output.kind == RESCIND_OUTPUT_REPLY) {
            answer(loop, loop->by_vpe[output.vpe]);
            answered = true;
        } else if (output.kind != RESCIND_OUTPUT_NOTHING) {
            obey(loop, output);
        }
    } while (__builtin_expect(output.kind != RESCIND_OUTPUT_NOTHING, 0));
    if (rescind_kernel_tell_first(loop->kernel) >= 0) {
        peers_tell(loop);
    }
    return answered;
}

/* Somebody has done something that an idle VPE may be waiting for. */
INLINE void progress(struct loop *loop)
{
    queue_move(&loop->run, &loop->idle);
}

static bool may_run(const struct loop *loop, const struct runner *runner)
{
    return !runner->dead &&
           rescind_kernel_vpe_state(loop->kernel, runner->vpe) == RESCIND_VPE_RUNNING;
}

/* The same as take_message() where there is more to do. */
__attribute__((noinline)) static bool take_with_care(struct loop *loop, struct runner *runner)
{
    bool answered;

    if (loop->peeks && rescind_kernel_message_waiting(loop->kernel, runner->vpe)) {
        peek(loop, runner);
    }
    rescind_kernel_message(loop->kernel, runner->vpe);
    answered = drain(loop);
    mapped_check(loop, runner);
    return answered;
}

/* Gives the kernel a message of `runner`, the current one, if there is one. True: it has been
 * answered. */
INLINE bool take_message(struct loop *loop, struct runner *runner)
{
    if (loop->careful) {
        return take_with_care(loop, runner);
    }
    rescind_kernel_message(loop->kernel, runner->vpe);
    return drain(loop);
}

/* The kernel is told of interrupts that have come. */
__attribute__((noinline)) static void tell_lines(struct loop *loop)
{
    loop->lingered = 0;
    for (uint32_t line = 0; line < RESCIND_IRQ_LINES; line++) {
        if ((loop->lines >> line & 1) != 0) {
            loop->lines &= ~(1u << line);
            loop->unmasked &= ~(1u << line);
            rescind_kernel_interrupt(loop->kernel, line);
            drain(loop);
        }
    }
}

/* Takes note of what other processors, and devices, have for this one. */
INLINE void listen(struct loop *loop)
{
    if (peers_collect(loop)) {
        progress(loop);
    }
    if (loop->lines != 0) {
        tell_lines(loop);
    }
}

/* A message of another kernel, then a piece of unfinished work, with interrupts let in between.
 * False: there was neither. */
static bool work_once(struct loop *loop)
{
    bool heard = loop->callers != 0 && peers_hear(loop);
    int32_t task;

    if (heard) {
        drain(loop);
        window(loop);
    }
    task = rescind_kernel_ready(loop->kernel);
    if (task >= 0) {
        rescind_kernel_work(loop->kernel, (uint32_t)task);
        drain(loop);
    }
    return heard || task >= 0;
}

/* The kernel's turn: one piece if there is a VPE to run, else until a VPE can run. */
static void work(struct loop *loop)
{
    bool more;

    listen(loop);
    do {
        more = work_once(loop);
        if (more) {
            window(loop);
            listen(loop);
        }
    } while (more && queue_is_empty(&loop->run));
}

static void set_short_turn(struct loop *loop)
{
    rescind_lapic_set_timer(loop->period < loop->short_turn ? loop->period : loop->short_turn);
    loop->hurried = true;
}

/* How long the next VPE's turn is to be: the kernel does a piece of its work after each, so as long
 * as it has any they are short. Then VPEs wait for a piece at most, and the work goes on as fast as
 * they do. */
static void time_turn(struct loop *loop)
{
    bool hurried = rescind_kernel_ready(loop->kernel) >= 0 || loop->callers != 0;

    if (hurried) {
        set_short_turn(loop);
        window(loop); /* a tick from before would end the turn at once, for one more piece */
    } else if (loop->hurried) {
        rescind_lapic_set_timer(loop->period);
        loop->hurried = false;
    }
}

/* What one kernel alone, and all in pairs, say of themselves at the machine's end. */
static void audit(const struct loop *loop)
{
    struct rescind_finding finding = {0};
    uint32_t count = loop->shared->count;
    bool good = true;

    for (uint32_t i = 0; i < count && good; i++) {
        good = rescind_kernel_audit(loop->all[i].kernel, &finding) &&
               rescind_kernel_audit_rest(loop->all[i].kernel, &finding);
        for (uint32_t j = 0; j < count && good; j++) {
            good = i == j || rescind_kernel_audit_links(loop->all[i].kernel, loop->all[j].kernel,
                                                        NULL, 0, &finding);
        }
    }
    if (!good) {
        platform_panic(finding.sentence);
    }
}

/* Nothing can move any more, on any processor: what follows is alone with all kernels. */
static _Noreturn void finish(const struct loop *loop)
{
    uint32_t next[PROCESSORS_MAX] = {0}; /* of each kernel's VPEs */

    if (loop->audit) {
        audit(loop);
    }
    for (uint32_t i = 0; i < loop->module->vpe_count; i++) {
        uint32_t kernel = startup_vpe(loop->module, i)->kernel;

        report_vpe(loop->report, &loop->all[kernel], &loop->all[kernel].runners[next[kernel]++]);
    }
    for (uint32_t i = 0; loop->clock && i < loop->shared->count; i++) {
        report_stretch(loop->report, &loop->all[i]);
    }
    if (!report_end(loop->report)) {
        console_report("COM2 did not take the whole report"); /* LCOV_EXCL_LINE: QEMU's does */
    }
    rescind_out8(EXIT_PORT, EXIT_DONE);
    cpu_stop(); /* LCOV_EXCL_LINE: QEMU has ended by now */
}

/* The machine is at its end; the first processor sees to the rest. */
static _Noreturn void end(const struct loop *loop)
{
    if (loop->number == 0) {
        finish(loop);
    }
    smp_call(0);
    cpu_stop();
}

/* Does a VPE wait for an answer, and may an interrupt be what it waits for? */
static bool may_be_interrupted(const struct loop *loop)
{
    for (uint32_t i = 0; loop->unmasked != 0 && i < loop->runner_count; i++) {
        const struct runner *runner = &loop->runners[i];

        if (runner->started && !runner->dead && runner->blocked) {
            return true;
        }
    }
    return false;
}

/* Nobody knows whether a device will ever say something again: LINGER ticks of silence are taken
 * to be its end. True: the processor has slept for one. */
static bool linger(struct loop *loop)
{
    if (loop->lingered == LINGER || !may_be_interrupted(loop)) {
        return false;
    }
    loop->lingered++;
    rescind_lapic_set_timer(loop->period);
    loop->hurried = false;
    stretch_end(loop);
    cpu_sleep();
    stretch_begin(loop);
    return true;
}

/* Nothing on this processor can move: sleeps until another one has something for it. */
__attribute__((noinline)) static void rest(struct loop *loop)
{
    if (linger(loop)) {
        return;
    }
    if (shared_leave(loop->shared)) {
        end(loop);
    }
    rescind_lapic_set_timer(0);
    while (!shared_return(loop->shared, loop->number)) {
        if (loop->number == 0 && shared_is_over(loop->shared)) {
            end(loop);
        }
        stretch_end(loop);
        cpu_sleep();
        stretch_begin(loop);
    }
    rescind_lapic_set_timer(loop->period);
    loop->hurried = false;
}

/* A VPE's turn is over: chooses the next one. */
static struct context *next_turn(struct loop *loop)
{
    struct runner *runner;

    window(loop); /* a tick of the last turn is not to cut the next one short */
    work(loop);
    while (queue_is_empty(&loop->run)) {
        rest(loop);
        work(loop);
    }
    runner = (struct runner *)((char *)loop->run.next - __builtin_offsetof(struct runner, link));
    queue_leave(&runner->link);
    if (loop->current != runner) {
        loop->current = runner;
        trap_use_context(&runner->context);
        cpu_set_space(runner->space.pml4);
    }
    mapped_check(loop, runner);
    time_turn(loop);
    return &runner->context;
}

/* If the program of `runner` has set a signal, VPEs of other processors may wait for it. */
INLINE void announce(struct loop *loop, const struct runner *runner)
{
    if (runner->area->signalled != 0) {
        runner->area->signalled = 0;
        peers_announce(loop);
    }
}

static void kill(struct loop *loop, struct runner *runner)
{
    const struct context *at = &runner->context;
    const char *name = name_of(loop, runner);

    if (at->vector == VECTOR_PAGE_FAULT) {
        console_report("[%s] killed: page fault at %x (ip %x)", name, cpu_fault_address(), at->rip);
    } else if (at->vector < VECTOR_TIMER) {
        console_report("[%s] killed: %s (ip %x)", name, trap_name(at->vector), at->rip);
    } else {
        /* LCOV_EXCL_START: nothing is mapped up there */
        console_report("[%s] killed: wild instruction pointer (ip %x)", name, at->rip);
        /* LCOV_EXCL_STOP */
    }
    bury(runner);
    rescind_kernel_end(loop->kernel, runner->vpe, KILLED_CODE);
    drain(loop);
    progress(loop);
}

/* The current VPE rang, and its turn is over: it goes on when its reply is there, or when others
 * have had theirs. True: it goes on at once after all. */
__attribute__((noinline)) static bool ring_on(struct loop *loop, bool answered)
{
    struct runner *runner = loop->current;

    if (answered) {
        runner->stale = true; /* its turn ended while its text went out */
        queue_append(&loop->run, &runner->link);
    } else if (!may_run(loop, runner)) {
        progress(loop);
        runner->blocked = true;
    } else if (runner->answered) {
        runner->answered = false;
        return true;
    } else if (loop->saw_nothing != 0 && !runner->stale) {
        queue_append(&loop->idle, &runner->link);
    } else {
        progress(loop);
        runner->stale = false;
        queue_append(&loop->run, &runner->link);
    }
    return false;
}

/* The current VPE rang. True: it goes on at once. */
INLINE bool ring(struct loop *loop)
{
    struct runner *runner = loop->current;

    announce(loop, runner);
    processor_clear_ticked();
    if (!take_message(loop, runner)) {
        return ring_on(loop, false);
    }
    progress(loop);
    return !processor_has_ticked() || ring_on(loop, true);
}

/* SYSRET to `rip` would fault in the kernel. */
static bool is_wild(uint64_t rip)
{
    return rip >= PAGING_USER_END;
}

/* Called by trap.S: the current VPE, which is to go on at `rip`, rings. `idle`: it has seen nothing
 * new since it last did. False: its context is to be stored, and loop_turn() says what goes on. */
bool loop_doorbell(uint64_t idle, uint64_t rip)
{
    struct loop *loop = processor_loop();
    bool goes_on;

    stretch_begin(loop);
    loop->saw_nothing = idle;
    goes_on = !is_wild(rip) && ring(loop);
    if (goes_on) {
        stretch_end(loop);
    }
    return goes_on;
}

/* Called by trap.S behind loop_doorbell(). */
struct context *loop_turn(void)
{
    struct loop *loop = processor_here()->loop;
    struct context *context;

    if (is_wild(loop->current->context.rip)) {
        /* LCOV_EXCL_START: nothing that a VPE runs is mapped so high */
        announce(loop, loop->current);
        kill(loop, loop->current);
        /* LCOV_EXCL_STOP */
    }
    context = next_turn(loop);
    stretch_end(loop);
    return context;
}

/* The timer has ended the turn of `runner`. */
static void preempt(struct loop *loop, struct runner *runner)
{
    progress(loop);
    runner->stale = true;
    if (take_message(loop, runner) || !may_run(loop, runner)) {
        runner->answered = true;
    }
    if (may_run(loop, runner)) {
        queue_append(&loop->run, &runner->link);
    } else {
        runner->blocked = true;
    }
}

/* A page fault of `runner`, the current VPE. */
static struct context *page_fault(struct loop *loop, struct runner *runner)
{
    switch (mapped_fault(loop, runner, cpu_fault_address())) {
    case MAPPED_NOW:
        return &runner->context;
    case MAPPED_LATER:
        runner->stale = true;
        queue_append(&loop->run, &runner->link);
        return next_turn(loop);
    case MAPPED_NEVER:
        if (!is_wild(runner->context.rip)) {
            return &runner->context;
        }
        break;
    case MAPPED_FATAL:
        break;
    }
    kill(loop, runner);
    return next_turn(loop);
}

/* Another processor or a device has something for this one. It does not end the turn, for then
 * VPEs there, or a driver, could leave others nothing of theirs, but makes it a short one. */
static void hurry(struct loop *loop)
{
    if (!loop->hurried) {
        set_short_turn(loop);
    }
}

/* An interrupt in ring 3. True: the turn is over. */
static bool interrupt(struct loop *loop, uint64_t vector)
{
    if (vector == VECTOR_TIMER) {
        rescind_lapic_end();
        return true;
    }
    if (vector == VECTOR_CALL) {
        rescind_lapic_end();
        hurry(loop);
    } else if (irqs_is_line(vector)) {
        irqs_take(loop, vector);
        hurry(loop);
    }
    return false; /* else it was spurious */
}

/* An exception or interrupt in ring 3, whose context is the current VPE's. */
static struct context *trap(struct loop *loop, struct context *context)
{
    bool over = context->vector >= VECTOR_TIMER && interrupt(loop, context->vector);

    announce(loop, loop->current);
    if (context->vector == VECTOR_PAGE_FAULT) {
        return page_fault(loop, loop->current);
    }
    if (context->vector < VECTOR_TIMER || is_wild(context->rip)) {
        kill(loop, loop->current);
    } else if (over) {
        preempt(loop, loop->current);
    } else {
        return context;
    }
    return next_turn(loop);
}

/* Called by trap.S. */
struct context *loop_trap(struct context *context)
{
    struct loop *loop = processor_here()->loop;

    stretch_begin(loop);
    context = trap(loop, context);
    stretch_end(loop);
    return context;
}

/* All begin at one time, as well as they can: one that keeps the others waiting is left behind. */
static void gather(struct shared *shared)
{
    shared_arrive(shared);
    for (uint32_t i = 0; i < GATHER_LOOKS && !shared_is_complete(shared); i++) {
        cpu_pause();
    }
}

void loop_run(struct loop *loop)
{
    struct context *context;

    loop->peeks = loop->module->watch != 0 || loop->capture;
    processor_here()->loop = loop;
    gather(loop->shared);
    rescind_lapic_set_timer(loop->period);
    for (uint32_t i = 0; i < loop->delay; i++) {
        cpu_pause();
    }
    stretch_begin(loop);
    context = next_turn(loop);
    stretch_end(loop);
    loop->began = cpu_ticks();
    trap_resume(context);
}
