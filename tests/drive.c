/* The driver of a live kernel; see drive.h. */
#include "tests/drive.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "cap/table.h"
#include "object/vpe.h"
#include "rescind/kernel.h"

enum {
    PAGE = 4096,
    REST_EVENTS = 200000,
    RING_END = sizeof(struct rescind_ring) + RESCIND_RING_SLOTS * RESCIND_RING_SLOT_SIZE,
    WRITTEN_BEHIND = 1 << RESCIND_RING_SLOTS, /* bit of what has been written behind the slots */
    WRITTEN_ALL = 2 * WRITTEN_BEHIND - 1,
};

void (*drive_watch)(const struct drive *drive, const struct drive_event *event);

static void tell(const struct drive *drive, struct drive_event event)
{
    if (drive_watch)
        drive_watch(drive, &event);
}

__attribute__((format(printf, 2, 3))) static bool fail(struct drive *drive, const char *format, ...)
{
    if (!drive->failure[0]) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(drive->failure, sizeof drive->failure, format, arguments);
        va_end(arguments);
    }
    return false;
}

static void *pages(size_t size)
{
    void *memory = aligned_alloc(PAGE, (size + PAGE - 1) / PAGE * PAGE);
    if (!memory)
        abort();
    return memory;
}

static void forget(struct drive *drive)
{
    drive->history.count = 0;
    drive->clock = 0;
    drive->beyond = false;
    drive->events = 0;
    drive->numbered_at = UINT64_MAX;
    drive->failure[0] = '\0';
    drive->unmasked = rescind_kernel_unmasked(drive->kernel);
    for (int vpe = 0; vpe < MODEL_VPES; vpe++) {
        drive->call[vpe] = drive->ending[vpe] = DRIVE_NOTHING;
        drive->spoilt[vpe] = false;
    }
}

struct drive *drive_new(const struct drive_config *config)
{
    uint32_t of_vpes = config->vpes * RESCIND_VPE_MEMORY;
    uint32_t memory = config->pages != 0 ? config->pages * RESCIND_PAGE + of_vpes : 0;
    struct rescind_kernel_config kernel = {
        .vpes = config->vpes + config->more,
        .nodes = config->nodes,
        .work = config->work,
        .memory = memory,
        .seed = config->seed,
    };
    struct drive *drive = calloc(1, sizeof *drive);
    if (!drive || kernel.vpes > MODEL_VPES)
        abort();
    drive->config = *config;
    drive->audit = true;
    drive->size = rescind_kernel_size(&kernel);
    drive->arena = pages(drive->size);
    drive->kernel = rescind_kernel_create(drive->arena, drive->size, &kernel);
    if (!drive->size || !drive->kernel)
        abort();
    for (uint32_t vpe = 0; vpe < config->vpes; vpe++) {
        uint64_t at = memory != 0 ? RESCIND_ANY_ADDR : 0x100000ull * (vpe + 1);
        if (rescind_kernel_boot_vpe(drive->kernel, at, RESCIND_VPE_MEMORY) != RESCIND_NO_ERROR)
            abort();
    }
    model_boot(&drive->start, kernel.vpes);
    for (uint32_t vpe = 0; vpe < kernel.vpes; vpe++) {
        drive->start.vpe[vpe].memory = memory;
        if (vpe >= config->vpes)
            model_child(&drive->start, vpe);
        drive->ring[vpe][DRIVE_CALLS] = rescind_kernel_syscall_ring(drive->kernel, vpe);
        drive->ring[vpe][DRIVE_REPLIES] = rescind_kernel_reply_ring(drive->kernel, vpe);
    }
    forget(drive);
    tell(drive, (struct drive_event){.deed = DRIVE_MADE});
    return drive;
}

void drive_free(struct drive *drive)
{
    free(drive->saved);
    free(drive->arena);
    free(drive);
}

uint32_t drive_vpes(const struct drive *drive)
{
    return drive->config.vpes + drive->config.more;
}

void drive_grant(struct drive *drive, uint32_t vpe, uint32_t sel, uint32_t target)
{
    tell(drive, (struct drive_event){DRIVE_GRANTED, vpe, sel, target, NULL, 0});
    if (rescind_kernel_boot_grant(drive->kernel, vpe, sel, target) != RESCIND_NO_ERROR ||
        model_grant(&drive->start, vpe, sel, target) != RESCIND_NO_ERROR)
        abort();
}

void drive_irq(struct drive *drive, uint32_t vpe, uint32_t sel, uint32_t line)
{
    tell(drive, (struct drive_event){DRIVE_LINE, vpe, sel, line, NULL, 0});
    if (rescind_kernel_boot_irq(drive->kernel, vpe, sel, line) != RESCIND_NO_ERROR ||
        model_irq(&drive->start, vpe, sel, line) != RESCIND_NO_ERROR)
        abort();
}

void drive_ports(struct drive *drive, uint32_t vpe, uint32_t sel, uint32_t first, uint32_t count)
{
    tell(drive, (struct drive_event){DRIVE_PORTS, vpe, sel, first, NULL, count});
    if (rescind_kernel_boot_ports(drive->kernel, vpe, sel, first, count) != RESCIND_NO_ERROR ||
        model_ports(&drive->start, vpe, sel, first, count) != RESCIND_NO_ERROR)
        abort();
}

void drive_save(struct drive *drive)
{
    for (uint32_t i = 0; i < drive->history.count; i++) {
        const struct history_entry *entry = &drive->history.entries[i];
        if (entry->answered &&
            model_may_refuse(&drive->start, entry->vpe, &entry->call, entry->result, true))
            continue; /* nothing has changed */
        model_call(&drive->start, history_whose(entry), &entry->call);
    }
    forget(drive);
    free(drive->saved);
    drive->used = rescind_kernel_used(drive->kernel);
    drive->saved = pages(drive->used);
    memcpy(drive->saved, drive->arena, drive->used);
    memset(drive->written, 0, sizeof drive->written);
}

/* Bytes `from` .. `to` - 1 of the arena are again what they were. */
static void put_back(struct drive *drive, size_t from, size_t to)
{
    memcpy((uint8_t *)drive->arena + from, (const uint8_t *)drive->saved + from, to - from);
}

static size_t offset_of(const struct drive *drive, const void *at)
{
    return (size_t)((const uint8_t *)at - (const uint8_t *)drive->arena);
}

/* A ring's control block is put back; of its page else only what has been written. */
static void put_ring_back(struct drive *drive, uint32_t vpe, enum drive_ring which)
{
    size_t page = offset_of(drive, drive->ring[vpe][which]);
    uint32_t written = drive->written[vpe][which];
    put_back(drive, page, page + sizeof(struct rescind_ring));
    for (uint32_t slot = 0; slot < RESCIND_RING_SLOTS; slot++) {
        size_t at = page + sizeof(struct rescind_ring) + (size_t)slot * RESCIND_RING_SLOT_SIZE;
        if (written & 1u << slot)
            put_back(drive, at, at + RESCIND_RING_SLOT_SIZE);
    }
    if (written & WRITTEN_BEHIND)
        put_back(drive, page + RING_END, page + PAGE);
    drive->written[vpe][which] = 0;
}

/* The rings' pages are most of the arena, and mostly nothing has been written there. */
void drive_reset(struct drive *drive)
{
    size_t done = 0;
    for (uint32_t vpe = 0; vpe < drive_vpes(drive); vpe++)
        for (int which = 0; which < DRIVE_RINGS; which++) {
            size_t page = offset_of(drive, drive->ring[vpe][which]);
            put_back(drive, done, page);
            put_ring_back(drive, vpe, which);
            done = page + PAGE;
        }
    put_back(drive, done, drive->used);
    forget(drive);
}

/* Each VPE holds capabilities on the others at 2 .. 4, gates at 10 and 11, copies of the gate 10 of
 * the VPE before it at 20 and of the one before that at 21 (a copy of its copy), and a range of
 * copies of its own gates at 30; at 40 and 41 the memory of the VPEs before it, likewise; at 12 and
 * 13 a VPE that it has made, which is asleep, and its memory; at 14 a gate to the next VPE's
 * endpoint 2; at 15 and 16 an interrupt line and ports of its own. It receives at endpoints 2 and
 * 3, sends by 4, and 5 is its memory. Of two messages of the VPE before it the first is open. */
struct drive *drive_populated(void)
{
    enum { VPES = 4, MADE = 4, MORE = 2 };
    struct drive_config config = {
        .vpes = VPES,
        .more = MADE + MORE,
        .nodes = 2000,
        .pages = (MADE + MORE) * RESCIND_VPE_MEMORY / RESCIND_PAGE,
        .work = 3,
        .seed = 1,
    };
    struct drive *drive = drive_new(&config);
    for (uint32_t vpe = 0; vpe < VPES; vpe++) {
        for (uint32_t i = 1; i < VPES; i++)
            drive_grant(drive, vpe, 1 + i, (vpe + i) % VPES);
        /* A line and ports that machines have for nothing else. */
        drive_irq(drive, vpe, 15, 16 + vpe);
        drive_ports(drive, vpe, 16, 0x300 + 8 * vpe, 8);
    }
    struct model_call calls[] = {
        call_creategate(0, 10),      call_creategate(0, 11),      call_delegate(2, 10, 20, 1),
        call_delegate(0, 10, 30, 2), call_delegate(2, 20, 21, 1), call_delegate(2, 1, 40, 1),
        call_delegate(2, 40, 41, 1), call_createvpe(12, 13),      call_attachrb(2, 0),
        call_attachrb(3, 512),       call_creategate(2, 14),      call_activate(4, 14),
        call_activate(5, 1),         call_send(4, 3, 8),          call_send(4, 3, 8),
        call_receive(2, false)};
    for (uint32_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        for (uint32_t vpe = 0; vpe < VPES; vpe++)
            if (drive_now(drive, vpe, &calls[i]) != RESCIND_NO_ERROR || drive->failure[0])
                abort();
    drive_save(drive);
    return drive;
}

bool drive_idle(const struct drive *drive, uint32_t vpe)
{
    return vpe < drive->kernel->vpe_count && drive->call[vpe] == DRIVE_NOTHING &&
           drive->ending[vpe] == DRIVE_NOTHING &&
           rescind_kernel_vpe_state(drive->kernel, vpe) == RESCIND_VPE_RUNNING;
}

bool drive_ready(const struct drive *drive, uint32_t vpe)
{
    for (int32_t at = rescind_kernel_ready(drive->kernel); at >= 0;
         at = rescind_kernel_ready_after(drive->kernel, (uint32_t)at))
        if ((uint32_t)at == vpe)
            return true;
    return false;
}

static uint8_t *slot(struct rescind_ring *ring, uint32_t index)
{
    return ring->slots + (size_t)index % RESCIND_RING_SLOTS * RESCIND_RING_SLOT_SIZE;
}

void drive_put(struct drive *drive, uint32_t vpe, const void *bytes, size_t size, uint16_t length)
{
    struct rescind_ring *ring = drive->ring[vpe][DRIVE_CALLS];
    struct rescind_header header = {.sender_ep = RESCIND_EP_SYSCALL,
                                    .reply_ep = RESCIND_EP_REPLY,
                                    .length = length,
                                    .sender_vpe = (uint16_t)vpe,
                                    .reply_label = 0x5eed0000 + vpe};
    uint8_t *to = slot(ring, ring->head);
    drive->written[vpe][DRIVE_CALLS] |= 1u << ring->head % RESCIND_RING_SLOTS;
    memcpy(to, &header, sizeof header);
    if (size)
        memcpy(to + sizeof header, bytes, size);
    ring->head = (ring->head + 1) % RESCIND_RING_SLOTS;
}

bool drive_take(struct drive *drive, uint32_t vpe, enum rescind_error *error)
{
    struct rescind_ring *ring = drive->ring[vpe][DRIVE_REPLIES];
    if (ring->head == ring->tail)
        return false;
    struct rescind_header header;
    uint64_t code;
    drive->written[vpe][DRIVE_REPLIES] |= 1u << ring->tail % RESCIND_RING_SLOTS;
    memcpy(&header, slot(ring, ring->tail), sizeof header);
    memcpy(&code, slot(ring, ring->tail) + sizeof header, sizeof code);
    memcpy(drive->said, slot(ring, ring->tail) + sizeof header + sizeof code, sizeof drive->said);
    ring->tail = (ring->tail + 1) % RESCIND_RING_SLOTS;
    *error = (enum rescind_error)code;
    if (!(header.flags & RESCIND_MSG_REPLY) || header.length < sizeof code)
        return fail(drive, "the reply to VPE%" PRIu32 " has the header of none", vpe);
    if (header.label != 0x5eed0000 + (uint64_t)vpe)
        return fail(drive, "the reply to VPE%" PRIu32 " bears another label than asked for", vpe);
    return true;
}

/* The first that is left of what was derived from what the call of `vpe` named; 0: nothing. */
static uint32_t left_below(const struct rescind_kernel *k, uint32_t vpe,
                           const struct model_call *call)
{
    for (uint32_t index = k->pool.first; index < k->pool.high; index++) {
        const struct cap *cap = cap_at(k, index);
        if (!cap_is_cap(cap) || cap_parent(cap) == 0 || !cap_is_there(k, cap))
            continue;
        const struct cap *above = cap_at(k, cap->parent);
        if (above->table == table_of(vpe, call->own.type) && above->sel >= call->own.start &&
            above->sel - call->own.start < call->own.count)
            return index;
    }
    return 0;
}

/* After the answer nothing of what REVOKE named may be in the tables. With own = 0 somebody else
 * may have derived from it anew already; so that is looked at only when nobody can have. */
static bool check_revoked(struct drive *drive, uint32_t at)
{
    const struct history_entry *entry = &drive->history.entries[at];
    const struct model_call *call = &entry->call;
    uint32_t vpe = entry->vpe, left = 0;
    bool alone = true;
    for (uint32_t i = 0; i < drive->history.count; i++)
        alone = alone && (i == at || drive->history.entries[i].done < entry->sent);
    struct rescind_kernel_cap cap;
    if (call->flag && call->own.count > 0 &&
        rescind_kernel_find(drive->kernel, vpe, call->own.type, call->own.start, &cap) &&
        cap.sel - call->own.start < call->own.count)
        return fail(drive, "REVOKE is answered, but VPE%" PRIu32 " still holds %" PRIu32, vpe,
                    cap.sel);
    if (alone && (left = left_below(drive->kernel, vpe, call)) != 0)
        return fail(drive, "REVOKE is answered, but VPE%" PRIu32 " still holds %" PRIu32,
                    table_vpe(cap_at(drive->kernel, left)->table),
                    cap_at(drive->kernel, left)->sel);
    return true;
}

static bool answered(struct drive *drive, uint32_t vpe, enum rescind_error error)
{
    int32_t at = drive->call[vpe];
    if (at == DRIVE_NOTHING)
        return fail(drive, "VPE%" PRIu32 " got a reply to no call", vpe);
    struct history_entry *entry = &drive->history.entries[at];
    if (entry->call.op == RESCIND_SYS_EXIT && entry->call.error == RESCIND_NO_ERROR)
        return fail(drive, "EXIT of VPE%" PRIu32 " got a reply", vpe);
    entry->done = drive->clock;
    entry->answered = true;
    entry->result = error;
    entry->told = !drive->spoilt[vpe];
    memcpy(entry->said, drive->said, sizeof entry->said);
    drive->call[vpe] = DRIVE_NOTHING;
    if (entry->call.op == RESCIND_SYS_REVOKE && entry->call.error == RESCIND_NO_ERROR &&
        error == RESCIND_NO_ERROR)
        return check_revoked(drive, (uint32_t)at);
    return true;
}

static int32_t write_down(struct drive *drive, uint32_t vpe, const struct model_call *call);

/* `vpe` has ended. If nobody asked for that, it has lost its selector 0 at some time before. */
static bool ended(struct drive *drive, uint32_t vpe)
{
    const struct model_call lost = {.op = MODEL_LOST};
    struct rescind_kernel_cap cap;
    int32_t at = drive->call[vpe];
    int32_t ending = drive->ending[vpe];
    if (at != DRIVE_NOTHING)
        drive->history.entries[at].done = drive->clock;
    if (ending == DRIVE_NOTHING &&
        (at == DRIVE_NOTHING || drive->history.entries[at].call.op != RESCIND_SYS_EXIT)) {
        if (!vpe_at(drive->kernel, vpe)->revoked)
            return fail(drive, "VPE%" PRIu32 " has ended, and nobody asked for that", vpe);
        ending = write_down(drive, vpe, &lost);
        drive->history.entries[ending].sent = 0;
    }
    if (ending != DRIVE_NOTHING)
        drive->history.entries[ending].done = drive->clock;
    for (uint32_t kind = 0; kind < RESCIND_TABLE_KINDS; kind++)
        if (rescind_kernel_find(drive->kernel, vpe, kind, 0, &cap))
            return fail(drive, "VPE%" PRIu32 " has ended and holds %" PRIu32, vpe, cap.sel);
    drive->call[vpe] = drive->ending[vpe] = DRIVE_NOTHING;
    return true;
}

/* There is a new VPE. Its maker's call says in the history which one. */
static bool created(struct drive *drive, uint32_t vpe)
{
    uint32_t maker = vpe_at(drive->kernel, vpe)->maker;
    if (drive->call[maker] == DRIVE_NOTHING)
        return fail(drive, "VPE%" PRIu32 " has been made by VPE%" PRIu32 ", which does not call",
                    vpe, maker);
    drive->history.entries[drive->call[maker]].call.child = vpe;
    tell(drive, (struct drive_event){DRIVE_CREATED, vpe, maker, 0, NULL, 0});
    drive->spoilt[vpe] = false;
    drive->written[vpe][DRIVE_CALLS] = drive->written[vpe][DRIVE_REPLIES] = WRITTEN_ALL;
    return true;
}

/* What the last event wanted of the machine. */
struct wanted {
    int32_t replied; /* VPE, or DRIVE_NOTHING */
    enum rescind_error error;
    int32_t broken; /* VPE whose ring is called broken, or DRIVE_NOTHING */
    uint32_t ended; /* VPEs, a bit each */
};

/* Nothing is behind any port. The access must be one that the call asks for. */
static bool access_port(struct drive *drive, uint32_t vpe)
{
    struct rescind_kernel_port_access access = rescind_kernel_port_access(drive->kernel, vpe);
    int32_t at = drive->call[vpe];
    const struct model_call *call = &drive->history.entries[at >= 0 ? at : 0].call;
    if (at == DRIVE_NOTHING ||
        (call->op != RESCIND_SYS_PORT_IN && call->op != RESCIND_SYS_PORT_OUT) ||
        access.out != (call->op == RESCIND_SYS_PORT_OUT) || access.bits != call->size)
        return fail(drive, "VPE%" PRIu32 " has asked for no such access to a port", vpe);
    rescind_kernel_port(drive->kernel, vpe, UINT32_MAX);
    return true;
}

static bool take_outputs(struct drive *drive, struct wanted *wanted)
{
    struct rescind_kernel_output output;
    *wanted = (struct wanted){.replied = DRIVE_NOTHING, .broken = DRIVE_NOTHING};
    while ((output = rescind_kernel_take_output(drive->kernel)).kind != RESCIND_OUTPUT_NOTHING) {
        if (output.vpe >= drive_vpes(drive))
            return fail(drive, "an output is for VPE%" PRIu32 ", which is not there", output.vpe);
        if (output.kind == RESCIND_OUTPUT_PRINT && output.size > RESCIND_PAYLOAD_MAX)
            return fail(drive, "PRINT puts out %zu bytes", output.size);
        if (output.kind == RESCIND_OUTPUT_BAD_RING)
            wanted->broken = (int32_t)output.vpe;
        if (output.kind == RESCIND_OUTPUT_ENDED)
            wanted->ended |= 1u << output.vpe;
        if (output.kind == RESCIND_OUTPUT_UNMASK)
            drive->unmasked |= output.code;
        if (output.kind == RESCIND_OUTPUT_MASK)
            drive->unmasked &= ~output.code;
        if (output.kind == RESCIND_OUTPUT_PORT && !access_port(drive, output.vpe))
            return false;
        if (output.kind == RESCIND_OUTPUT_CREATED && !created(drive, output.vpe))
            return false;
        if (output.kind != RESCIND_OUTPUT_REPLY)
            continue;
        if (wanted->replied != DRIVE_NOTHING)
            return fail(drive, "one event replies twice");
        wanted->replied = (int32_t)output.vpe;
        wanted->error = (enum rescind_error)output.code;
    }
    return true;
}

/* Reads the replies: there must be the one that was announced, and no other. A VPE that has
 * spoilt its rings is not asked. */
static bool take_replies(struct drive *drive, const struct wanted *wanted)
{
    /* The rings of those that have never been there hold anything. */
    for (uint32_t vpe = 0; vpe < drive->kernel->vpe_count; vpe++) {
        const struct rescind_ring *ring = drive->ring[vpe][DRIVE_REPLIES];
        enum rescind_error error = wanted->error;
        bool announced = wanted->replied == (int32_t)vpe;
        if (!announced && (drive->spoilt[vpe] || ring->head == ring->tail))
            continue;
        bool there = drive->spoilt[vpe] ? announced : drive_take(drive, vpe, &error);
        if (there != announced || (there && error != wanted->error))
            return fail(drive, "VPE%" PRIu32 " is not told what the kernel says it is", vpe);
        if (there && !answered(drive, vpe, error))
            return false;
    }
    return true;
}

bool drive_audit(struct drive *drive)
{
    struct rescind_finding finding;
    if (rescind_kernel_audit(drive->kernel, &finding))
        return true;
    return fail(drive, "audit: %s (%s) is broken at %" PRIu32, finding.name, finding.sentence,
                finding.where);
}

/* The number of the kernel at rest, after so many events. */
static uint64_t number_at_rest(struct drive *drive)
{
    if (drive->numbered_at != drive->events)
        drive->number = known_number(drive->kernel, drive->saved);
    drive->numbered_at = drive->events;
    return drive->number;
}

/* Some call waits for others; what it waits for is no part of the kernel's number. */
static bool is_waiting(const struct drive *drive)
{
    for (uint32_t vpe = 0; vpe < drive_vpes(drive); vpe++)
        if (drive->call[vpe] != DRIVE_NOTHING)
            return true;
    return false;
}

bool drive_audit_rest(struct drive *drive)
{
    if (!drive->known || is_waiting(drive))
        return drive_audit(drive);
    if (!known_has(drive->known, number_at_rest(drive))) {
        if (!drive_audit(drive))
            return false;
        known_add(drive->known, number_at_rest(drive));
    }
    return true;
}

/* What follows every event. `broken`: the VPE whose ring should be called broken. */
static bool after_event(struct drive *drive, int32_t broken)
{
    struct wanted wanted;
    drive->clock++;
    drive->events++;
    if (!take_outputs(drive, &wanted)) /* which may be to ask for an access to a port */
        return false;
    if (drive->audit && !drive_audit(drive))
        return false;
    if (!take_replies(drive, &wanted))
        return false;
    if (drive->unmasked != rescind_kernel_unmasked(drive->kernel))
        return fail(drive,
                    "interrupt lines are unmasked that should not be, or the other way round");
    if (wanted.broken != broken)
        return fail(drive, "a ring is called broken that is not, or the other way round");
    for (uint32_t vpe = 0; vpe < drive_vpes(drive); vpe++) {
        bool open = drive->call[vpe] != DRIVE_NOTHING || drive->ending[vpe] != DRIVE_NOTHING;
        const struct vpe *v = vpe_at(drive->kernel, vpe);
        if ((wanted.ended >> vpe & 1) != 0 && !ended(drive, vpe))
            return false;
        if ((wanted.ended >> vpe & 1) != 0 && !v->ended)
            return fail(drive, "VPE%" PRIu32 " is said to have ended and has not", vpe);
        if (!open && v->calling && !v->ended && !v->revoked)
            return fail(drive, "VPE%" PRIu32 " waits, though its call is answered", vpe);
    }
    return !drive->failure[0];
}

static int32_t write_down(struct drive *drive, uint32_t vpe, const struct model_call *call)
{
    if (drive->history.count == HISTORY_CALLS)
        abort();
    struct history_entry *entry = &drive->history.entries[drive->history.count];
    *entry = (struct history_entry){
        .call = *call, .vpe = vpe, .sent = ++drive->clock, .done = HISTORY_NEVER};
    drive->beyond |= call->beyond;
    return (int32_t)drive->history.count++;
}

static bool deliver(struct drive *drive, uint32_t vpe, const struct model_call *call,
                    const void *message, size_t size)
{
    if (drive->failure[0])
        return false;
    if (!drive_idle(drive, vpe))
        return fail(drive, "VPE%" PRIu32 " can't call now", vpe);
    drive_put(drive, vpe, message, size, (uint16_t)size);
    drive->call[vpe] = write_down(drive, vpe, call);
    if (!rescind_kernel_message_waiting(drive->kernel, vpe))
        return fail(drive, "the message of VPE%" PRIu32 " is not seen", vpe);
    tell(drive, (struct drive_event){DRIVE_CALLED, vpe, 0, 0, message, size});
    rescind_kernel_message(drive->kernel, vpe);
    return after_event(drive, DRIVE_NOTHING);
}

bool drive_call(struct drive *drive, uint32_t vpe, const struct model_call *call)
{
    uint8_t message[MODEL_MESSAGE_MAX];
    size_t size = model_encode(call, message);
    return drive_bytes(drive, vpe, message, size);
}

bool drive_bytes(struct drive *drive, uint32_t vpe, const void *message, size_t size)
{
    struct model_call call = model_decode(message, size);
    return deliver(drive, vpe, &call, message, size);
}

/* Whether a ring's control block is what abi.h says. */
static bool is_sound(const struct rescind_ring *ring)
{
    return ring->head < RESCIND_RING_SLOTS && ring->tail < RESCIND_RING_SLOTS &&
           ring->slot_count == RESCIND_RING_SLOTS && ring->slot_size == RESCIND_RING_SLOT_SIZE &&
           ring->slot_mask == RESCIND_RING_SLOTS - 1 && ring->state == RESCIND_RING_ACTIVE;
}

void drive_spoil(struct drive *drive, uint32_t vpe, bool reply, uint32_t offset, uint8_t value)
{
    struct rescind_ring *ring = drive->ring[vpe][reply ? DRIVE_REPLIES : DRIVE_CALLS];
    drive->spoilt[vpe] = true;
    tell(drive, (struct drive_event){DRIVE_SPOILT, vpe, 0, 0, NULL, 0});
    /* Its replies are not taken from now on: the kernel may write them anywhere. */
    drive->written[vpe][DRIVE_CALLS] = drive->written[vpe][DRIVE_REPLIES] = WRITTEN_ALL;
    ((uint8_t *)ring)[offset % PAGE] = value;
}

bool drive_deliver(struct drive *drive, uint32_t vpe)
{
    const struct rescind_ring *calls = drive->ring[vpe][DRIVE_CALLS];
    struct model_call call = call_exit();
    if (drive->failure[0])
        return false;
    if (!drive_idle(drive, vpe) || !rescind_kernel_message_waiting(drive->kernel, vpe))
        return true;
    if (!is_sound(calls) || !is_sound(drive->ring[vpe][DRIVE_REPLIES])) {
        drive->ending[vpe] = write_down(drive, vpe, &call);
        rescind_kernel_message(drive->kernel, vpe);
        return after_event(drive, (int32_t)vpe);
    }
    const uint8_t *message = calls->slots + (size_t)calls->tail * RESCIND_RING_SLOT_SIZE;
    struct rescind_header header;
    memcpy(&header, message, sizeof header);
    call = header.length > RESCIND_PAYLOAD_MAX
               ? (struct model_call){.error = RESCIND_INV_ARGS}
               : model_decode(message + sizeof header, header.length);
    drive->call[vpe] = write_down(drive, vpe, &call);
    tell(drive, (struct drive_event){DRIVE_CALLED, vpe, 0, 0, message + sizeof header,
                                     header.length < RESCIND_PAYLOAD_MAX ? header.length
                                                                         : RESCIND_PAYLOAD_MAX});
    rescind_kernel_message(drive->kernel, vpe);
    return after_event(drive, DRIVE_NOTHING);
}

bool drive_work(struct drive *drive, uint32_t vpe)
{
    if (drive->failure[0])
        return false;
    if (!drive_ready(drive, vpe))
        return fail(drive, "VPE%" PRIu32 " is not in the line", vpe);
    tell(drive, (struct drive_event){DRIVE_WORKED, vpe, 0, 0, NULL, 0});
    rescind_kernel_work(drive->kernel, vpe);
    return after_event(drive, DRIVE_NOTHING);
}

bool drive_end(struct drive *drive, uint32_t vpe)
{
    struct model_call call = call_exit();
    call.flag = true;
    if (drive->failure[0])
        return false;
    drive->ending[vpe] = write_down(drive, vpe, &call);
    tell(drive, (struct drive_event){DRIVE_ENDED, vpe, 0, 0, NULL, 0});
    rescind_kernel_end(drive->kernel, vpe, 0);
    return after_event(drive, DRIVE_NOTHING);
}

/* Whether what a VPE does now may take away by what an interrupt's message goes. */
static bool may_take_away(const struct drive *drive)
{
    for (uint32_t vpe = 0; vpe < drive->kernel->vpe_count; vpe++) {
        const struct vpe *v = vpe_at(drive->kernel, vpe);
        int32_t at = drive->call[vpe];
        if (drive->ending[vpe] != DRIVE_NOTHING || (v->revoked && !v->ended) ||
            (at != DRIVE_NOTHING && model_may_take_away(&drive->history.entries[at].call)))
            return true;
    }
    return false;
}

bool drive_interrupt(struct drive *drive, uint32_t line)
{
    const struct model_call call = {
        .op = MODEL_INTERRUPT, .ep = line, .flag = may_take_away(drive)};
    if (drive->failure[0])
        return false;
    if ((drive->unmasked >> line & 1) == 0)
        return fail(drive, "interrupt line %" PRIu32 " is masked", line);
    int32_t at = write_down(drive, HISTORY_MACHINE, &call);
    tell(drive, (struct drive_event){DRIVE_STRUCK, 0, line, 0, NULL, 0});
    drive->unmasked &= ~(1u << line);
    rescind_kernel_interrupt(drive->kernel, line);
    bool good = after_event(drive, DRIVE_NOTHING);
    drive->history.entries[at].done = drive->clock;
    return good;
}

bool drive_rest(struct drive *drive)
{
    uint64_t limit = drive->events + REST_EVENTS;
    int32_t next;
    while ((next = rescind_kernel_ready(drive->kernel)) >= 0) {
        if (drive->events == limit)
            return fail(drive, "%d events on, there is still work", REST_EVENTS);
        if (!drive_work(drive, (uint32_t)next))
            return false;
    }
    for (uint32_t vpe = 0; vpe < drive_vpes(drive); vpe++)
        if (drive->ending[vpe] != DRIVE_NOTHING ||
            (drive->call[vpe] != DRIVE_NOTHING &&
             !model_may_wait(&drive->history.entries[drive->call[vpe]].call)))
            return fail(drive, "VPE%" PRIu32 " is stuck: nothing moves, and it waits", vpe);
    return !drive->failure[0];
}

enum rescind_error drive_now(struct drive *drive, uint32_t vpe, const struct model_call *call)
{
    uint32_t at = drive->history.count;
    if (!drive_call(drive, vpe, call) || !drive_rest(drive))
        return RESCIND_NO_ERROR;
    return drive->history.entries[at].result;
}

uint32_t drive_rows(const struct drive *drive, struct model_row *rows)
{
    uint32_t count = 0;
    for (uint32_t vpe = 0; vpe < drive_vpes(drive); vpe++)
        for (uint32_t kind = 0; kind < RESCIND_TABLE_KINDS; kind++) {
            struct rescind_kernel_cap cap;
            uint64_t from = 0;
            while (count < MODEL_CAPS &&
                   rescind_kernel_find(drive->kernel, vpe, kind, from, &cap)) {
                struct model_row row = {
                    .vpe = cap.vpe, .kind = cap.kind, .sel = cap.sel, .type = cap.type};
                if (cap.has_parent) {
                    row.has_parent = true;
                    row.parent_vpe =
                        cap.parent_vpe == drive_vpes(drive) ? MODEL_KERNEL : cap.parent_vpe;
                    row.parent_kind = cap.parent_kind;
                    row.parent_sel = cap.parent_sel;
                }
                rows[count++] = row;
                from = (uint64_t)cap.sel + 1;
            }
        }
    return count;
}

/* Are the kernel's tables those of the model? The two numbers together stand for the answer. */
static bool has_tables(void *context, const struct model *model)
{
    static struct model_row rows[MODEL_CAPS];
    struct drive *drive = context;
    uint64_t number = 0;
    bool may_know = drive->known && !is_waiting(drive);
    if (may_know) {
        number = known_pair(number_at_rest(drive), model_hash(model));
        if (known_has(drive->known, number))
            return true;
    }
    if (!model_equals(model, rows, drive_rows(drive, rows)))
        return false;
    if (may_know)
        known_add(drive->known, number);
    return true;
}

bool drive_judge(struct drive *drive, struct order *order, bool may_lack_memory)
{
    if (drive->failure[0] || drive->beyond)
        return !drive->failure[0];
    switch (order_search_for(order, &drive->start, &drive->history, has_tables, drive,
                             may_lack_memory)) {
    case ORDER_FOUND:
        return true;
    case ORDER_GAVE_UP:
        return fail(drive, "the order search gave up");
    default:
        return fail(drive, "no order of atomic calls explains the answers and the tables");
    }
}

void drive_print(FILE *out, const struct drive *drive)
{
    static struct model_row rows[MODEL_CAPS];
    fprintf(out, "%s\n", drive->failure[0] ? drive->failure : "nothing is wrong");
    fprintf(out,
            "%" PRIu32 " VPEs, %" PRIu32 " nodes, %" PRIu32 " capabilities an event, %" PRIu64
            " events\nat first:\n",
            drive->config.vpes, drive->config.nodes, drive->config.work, drive->events);
    for (uint32_t i = 0; i < drive->start.count; i++) {
        struct model_row row = model_row(&drive->start, i);
        fputs("    ", out);
        history_print_row(out, &row);
    }
    fputs("history (sent .. answered):\n", out);
    history_print(out, &drive->history);
    fputs("now:\n", out);
    uint32_t count = drive_rows(drive, rows);
    for (uint32_t i = 0; i < count; i++) {
        fputs("    ", out);
        history_print_row(out, &rows[i]);
    }
}

struct model_call call_noop(void)
{
    return (struct model_call){.op = RESCIND_SYS_NOOP};
}

struct model_call call_creategate(uint32_t vpe, uint32_t dst)
{
    return (struct model_call){.op = RESCIND_SYS_CREATEGATE,
                               .vpe = vpe,
                               .dst = dst,
                               .label = 0xCAFE,
                               .ep = RESCIND_EP_FREE,
                               .credits = 32};
}

struct model_call call_delegate(uint32_t vpe, uint32_t own, uint32_t other, uint32_t count)
{
    return (struct model_call){.op = RESCIND_SYS_EXCHANGE,
                               .vpe = vpe,
                               .own = {RESCIND_TABLE_OBJECT, own, count},
                               .other = {RESCIND_TABLE_OBJECT, other, count}};
}

struct model_call call_obtain(uint32_t vpe, uint32_t own, uint32_t other, uint32_t count)
{
    struct model_call call = call_delegate(vpe, own, other, count);
    call.flag = true;
    return call;
}

struct model_call call_revoke(uint32_t start, uint32_t count, bool own)
{
    return (struct model_call){
        .op = RESCIND_SYS_REVOKE, .own = {RESCIND_TABLE_OBJECT, start, count}, .flag = own};
}

struct model_call call_exit(void)
{
    return (struct model_call){.op = RESCIND_SYS_EXIT};
}

struct model_call call_createvpe(uint32_t dst, uint32_t mem_dst)
{
    return (struct model_call){.op = RESCIND_SYS_CREATEVPE,
                               .dst = dst,
                               .dst2 = mem_dst,
                               .pe = RESCIND_ANY_PE,
                               .src = RESCIND_NONE,
                               .child = MODEL_NOBODY};
}

struct model_call call_attachrb(uint32_t ep, uint64_t addr)
{
    return (struct model_call){
        .op = RESCIND_SYS_ATTACHRB, .ep = ep, .addr = addr, .order = 9, .slot_order = 7};
}

struct model_call call_activate(uint32_t ep, uint32_t sel)
{
    return (struct model_call){
        .op = RESCIND_SYS_ACTIVATE, .ep = ep, .src = RESCIND_NONE, .dst = sel};
}

struct model_call call_send(uint32_t ep, uint32_t reply_ep, uint64_t size)
{
    return (struct model_call){
        .op = RESCIND_SYS_SEND, .ep = ep, .reply_ep = reply_ep, .size = size, .label = 0xBEEF};
}

struct model_call call_receive(uint32_t ep, bool wait)
{
    return (struct model_call){.op = RESCIND_SYS_RECEIVE, .ep = ep, .flag = wait};
}

struct model_call call_vpectrl(uint32_t vpe, enum rescind_vpectrl action)
{
    return (struct model_call){.op = RESCIND_SYS_VPECTRL, .vpe = vpe, .action = action};
}

struct model_call call_fund(uint32_t vpe, uint64_t nodes, bool back)
{
    return (struct model_call){.op = RESCIND_SYS_FUND, .vpe = vpe, .size = nodes, .flag = back};
}

struct model_call call_listen(uint32_t irq, uint32_t ep)
{
    return (struct model_call){.op = RESCIND_SYS_LISTEN, .src = irq, .ep = ep};
}

struct model_call call_irqack(uint32_t irq)
{
    return (struct model_call){.op = RESCIND_SYS_IRQACK, .src = irq};
}

struct model_call call_port(uint32_t ports, uint32_t offset, bool out)
{
    return (struct model_call){.op = out ? RESCIND_SYS_PORT_OUT : RESCIND_SYS_PORT_IN,
                               .src = ports,
                               .addr = offset,
                               .size = 8};
}
