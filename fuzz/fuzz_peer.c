/* Fuzzer: what a kernel hears. Three live kernels call each other's VPEs; one of them, the victim,
 * hears what bytes make of the messages of the other two.
 *
 * An input is a sequence of steps. A step's first byte says in bits 0 to 2 what it is (enum step),
 * bit 3 picks which of the other two kernels lies, and the rest is explained at each step. A
 * message is damaged, left out, heard twice, overtaken by the next, or made up: of real stubs and
 * keys, or of what the bytes say. Beside that the victim is short of memory, its VPEs are ended,
 * and there are interrupts. Whatever is cut short ends where it ends.
 *
 * The victim's audit must hold after each event, the others' after each step, and none may panic.
 * What is told by a kernel that was lied to need not make sense, so nothing is said of links or of
 * rest; but no access to a port stays unanswered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cap/cap.h"
#include "cap/create.h"
#include "cap/remote.h"
#include "object/endpoint.h"
#include "rescind/peer.h"
#include "sim/model.h"
#include "syscall/call.h"
#include "syscall/ioport.h"
#include "tests/calls.h"
#include "tests/system.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { VICTIM, KERNELS = 3, VPES = 2, CHILDREN = 1, NODES = 250, WORK = 3 };
enum { MEMORY = (2 * (VPES + CHILDREN) + 2) * RESCIND_PAGE };
enum {
    INPUT_MAX = 512,
    STEPS_MAX = 64,
    REST_MAX = 400,
    GATES = 10,
    GATE_COUNT = 20,
    LINE = 8, /* selectors; the line itself is FIRST_LINE and the kernel's number */
    PORTS,
    POST = 30, /* a gate to the VPE's own endpoint 2; and one to that of another kernel's */
    THEIR_POST,
    THEIR_MEMORY,
    SERVICE,
    MADE,
    FREE = 40,
    FIRST_LINE = 10,
};

enum step { CALL, EVENTS, DAMAGE, AGAIN, RECORD, ORDER, QUESTION, HARDSHIP };

struct input {
    const uint8_t *bytes;
    size_t left;
};

struct fuzz {
    struct system *now, *start;
    struct input in;
    struct system_message last[KERNELS]; /* that the victim has heard, of each */
};

static uint32_t take(struct input *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->bytes++;
}

static void audit(const struct fuzz *f, unsigned pe)
{
    struct rescind_finding finding;

    if (rescind_kernel_audit(f->now->k[pe], &finding))
        return;
    fprintf(stderr, "kernel %u: %s is broken at %u: %s\n", pe, finding.name, finding.where,
            finding.sentence);
    abort();
}

/* A kernel's event is over: its machine does what it wants. */
static void after(const struct fuzz *f, unsigned pe)
{
    system_serve(f->now, pe);
    for (uint32_t vpe = 0; vpe < f->now->k[pe]->vpe_count; vpe++) {
        if (port_is_asked(f->now->k[pe], vpe))
            abort();
    }
    audit(f, VICTIM);
}

/* ---- Honest steps ------------------------------------------------------------------------- */

static bool can_call(struct fuzz *f, unsigned pe, uint32_t vpe)
{
    uint64_t ignored;

    if (vpe >= f->now->k[pe]->vpe_count)
        return false;
    while (rescind_kernel_receive(f->now->k[pe], vpe, &ignored, sizeof(ignored)))
        ;
    return rescind_kernel_vpe_state(f->now->k[pe], vpe) == RESCIND_VPE_RUNNING;
}

/* The head's bits 3 to 6 say who calls, and bit 7 whether a range is longer than a question. Bytes:
 * whom, which opcode, own and other selector. */
static void call(struct fuzz *f, uint32_t head)
{
    unsigned pe = (head >> 3) % KERNELS;
    uint32_t vpe = (head >> 6) % VPES, whom = take(&f->in), what = take(&f->in);
    uint32_t to = system_sel(f->now, whom % KERNELS, whom / KERNELS % VPES);
    uint32_t own = take(&f->in) % 64, other = take(&f->in) % 64;
    uint32_t count = head & 0x80 ? 14 + what / 8 % 7 : 1 + what / 8 % 3;

    if (!can_call(f, pe, vpe))
        return;
    switch (what % 8) {
    case 0:
    case 1:
    case 2:
        kit_send(f->now->k[pe], vpe, kit_delegate(to, own, other, count));
        break;
    case 3:
    case 4:
    case 5:
        kit_send(f->now->k[pe], vpe, kit_obtain(to, own, other, count));
        break;
    case 6:
        kit_send(f->now->k[pe], vpe, kit_creategate(own));
        break;
    default:
        kit_send(f->now->k[pe], vpe, kit_revoke(own, count, other & 1));
    }
    after(f, pe);
}

/* A call of each kind that some VPE may make (new_system() says what it holds). */
static const struct model_call sensible[] = {
    {.op = RESCIND_SYS_PAGEFAULT, .addr = RESCIND_MAP_FIRST * RESCIND_PAGE, .perms = 1},
    {.op = RESCIND_SYS_CREATESRV, .src = POST, .dst = FREE, .name = "s"},
    {.op = RESCIND_SYS_CREATESESS, .dst = FREE, .name = "a"},
    {.op = RESCIND_SYS_CREATESESSAT, .src = SERVICE, .dst = FREE, .id = 1},
    {.op = RESCIND_SYS_CREATEGATE, .dst = FREE, .label = 7, .ep = 2, .credits = 1},
    {.op = RESCIND_SYS_CREATEVPE,
     .dst = MADE,
     .dst2 = MADE + 1,
     .pe = RESCIND_ANY_PE,
     .src = RESCIND_NONE},
    {.op = RESCIND_SYS_CREATEMAP,
     .src = THEIR_MEMORY,
     .size = 1,
     .dst = RESCIND_MAP_FIRST,
     .perms = 1},
    {.op = RESCIND_SYS_ATTACHRB, .ep = 7, .addr = 4096, .order = 8, .slot_order = 7},
    {.op = RESCIND_SYS_DETACHRB, .ep = 3},
    {.op = RESCIND_SYS_VPECTRL, .vpe = MADE, .action = RESCIND_VPE_START},
    {.op = RESCIND_SYS_VPECTRL, .vpe = 2, .action = RESCIND_VPE_WAIT},
    {.op = RESCIND_SYS_DELEGATE, .src = FREE, .own = {0, GATES, 1}},
    {.op = RESCIND_SYS_OBTAIN, .src = FREE, .own = {0, FREE + 1, 1}},
    {.op = RESCIND_SYS_ACTIVATE, .ep = 4, .src = RESCIND_NONE, .dst = THEIR_POST},
    {.op = RESCIND_SYS_ACTIVATE, .ep = 5, .src = RESCIND_NONE, .dst = THEIR_MEMORY},
    {.op = RESCIND_SYS_REQMEM, .dst = FREE, .addr = RESCIND_ANY_ADDR, .size = 4096, .perms = 3},
    {.op = RESCIND_SYS_DERIVEMEM, .src = THEIR_MEMORY, .dst = FREE, .size = 4096, .perms = 3},
    {.op = RESCIND_SYS_EXIT},
    {.op = RESCIND_SYS_NOOP},
    {.op = RESCIND_SYS_PRINT},
    {.op = RESCIND_SYS_SEND, .ep = 4, .reply_ep = 3, .size = 16, .label = 9},
    {.op = RESCIND_SYS_RECEIVE, .ep = 2},
    {.op = RESCIND_SYS_RECEIVE, .ep = 3, .flag = true},
    {.op = RESCIND_SYS_REPLY, .ep = 2, .size = 16},
    {.op = RESCIND_SYS_ACK, .ep = 2},
    {.op = RESCIND_SYS_READ, .ep = 5, .size = 32},
    {.op = RESCIND_SYS_WRITE, .ep = 5, .size = 32},
    {.op = RESCIND_SYS_FUND, .vpe = MADE, .size = 4},
    {.op = RESCIND_SYS_LISTEN, .src = LINE, .ep = 6},
    {.op = RESCIND_SYS_IRQACK, .src = LINE},
    {.op = RESCIND_SYS_PORT_IN, .src = PORTS, .size = 8},
    {.op = RESCIND_SYS_PORT_OUT, .src = PORTS, .size = 8, .label = 1},
};

/* Names what is open at this endpoint, if anything is. */
static void name_open(struct model_call *call, const struct rescind_kernel *k, uint32_t vpe)
{
    uint32_t cap = endpoint_find(k, vpe, call->ep);

    if (cap != 0 && endpoint_of(k, cap)->kind == ENDPOINT_RECEIVE && endpoint_of(k, cap)->open != 0)
        call->id = message_at(k, endpoint_of(k, cap)->open)->id;
}

/* Calls of all kinds, most of which may go to other kernels by letters. Bytes: who calls, which,
 * and one for each word behind the opcode: from 128 on it is another one, 255 being none. */
static void other_call(struct fuzz *f)
{
    uint32_t who = take(&f->in), what = take(&f->in) % (sizeof(sensible) / sizeof(sensible[0]));
    unsigned pe = who % KERNELS;
    uint32_t vpe = who / KERNELS % (VPES + CHILDREN);
    struct model_call call = sensible[what];
    uint8_t bytes[MODEL_MESSAGE_MAX];
    struct message m = {0};
    size_t size;

    if (!can_call(f, pe, vpe))
        return;
    if (call.op == RESCIND_SYS_REPLY || call.op == RESCIND_SYS_ACK)
        name_open(&call, f->now->k[pe], vpe);
    size = model_encode(&call, bytes);
    for (size_t at = 8; at + 8 <= size; at += 8) {
        uint32_t byte = take(&f->in);
        uint64_t word = byte == 255 ? RESCIND_NONE : byte - 128;
        if (byte >= 128)
            memcpy(bytes + at, &word, sizeof(word));
    }
    message_put(&m, bytes, size);
    kit_send(f->now->k[pe], vpe, m);
    after(f, pe);
}

static uint32_t choose(void *user, uint32_t n)
{
    return take(user) % n;
}

static uint32_t choose_first(void *user, uint32_t n)
{
    (void)user;
    (void)n;
    return 0;
}

/* The head's bits 3 to 7: so many events, of which a byte each says which; 31: the first ones,
 * until nothing can move. */
static void events(struct fuzz *f, uint32_t head)
{
    uint32_t count = head >> 3 == 31 ? REST_MAX : 1 + (head >> 3);

    while (count-- > 0) {
        if (!system_event(f->now, head >> 3 == 31 ? choose_first : choose, &f->in))
            return;
        after(f, VICTIM);
    }
}

/* ---- Lies --------------------------------------------------------------------------------- */

static unsigned liar(uint32_t head)
{
    return 1 + (head >> 3) % (KERNELS - 1);
}

static void hear(struct fuzz *f, unsigned from, const struct system_message *m)
{
    f->last[from] = *m;
    rescind_kernel_hear(f->now->k[VICTIM], from, m->bytes, m->size);
    after(f, VICTIM);
}

/* The next but one is heard before the next, if there are two. */
static void overtake(struct fuzz *f, unsigned from)
{
    struct system_message first, second;

    while (system_tell(f->now, from, VICTIM))
        ;
    if (!system_take(f->now, from, VICTIM, &first))
        return;
    if (system_take(f->now, from, VICTIM, &second))
        hear(f, from, &second);
    hear(f, from, &first);
}

/* The next message is overtaken (bit 6) or lost (bit 4), or a byte of it is another; with bit 5,
 * two. Bytes: where, and what is added. */
static void damage(struct fuzz *f, uint32_t head)
{
    unsigned from = liar(head);
    struct system_message m;

    if (head & 0x40) {
        overtake(f, from);
        return;
    }

    system_tell(f->now, from, VICTIM);
    if (!system_take(f->now, from, VICTIM, &m) || head & 0x10)
        return;
    for (uint32_t i = 0; i <= (head >> 5 & 1); i++)
        m.bytes[take(&f->in) * 2 % m.size] += (uint8_t)(1 + take(&f->in));
    hear(f, from, &m);
}

/* What was heard last is heard again. */
static void again(struct fuzz *f, uint32_t head)
{
    struct system_message m = f->last[liar(head)];

    hear(f, liar(head), &m);
}

static void forge(struct fuzz *f, unsigned from, const void *record, size_t size)
{
    struct system_message m = {.size = sizeof(struct rescind_peer_message) + size};
    struct rescind_peer_message head = {
        .sender = (uint16_t)from, .records = 1, .size = (uint32_t)m.size};

    memcpy(m.bytes, &head, sizeof(head));
    memcpy(m.bytes + sizeof(head), record, size);
    hear(f, from, &m);
}

/* The victim's stub, or (not `down`) capability with a remote parent, number `n` of those of kernel
 * `pe`; 0: it has none. */
static uint32_t linked(const struct fuzz *f, unsigned pe, bool down, uint32_t n)
{
    const struct rescind_kernel *k = f->now->k[VICTIM];
    uint32_t found[NODES], count = 0;

    for (uint32_t index = k->pool.first; index < k->pool.high; index++) {
        const struct cap *cap = cap_at(k, index);
        if (down ? remote_is_stub(k, pe, index)
                 : cap_is_cap(cap) && (cap->flags & CAP_REMOTE) && cap->peer == pe)
            found[count++] = index;
    }
    return count == 0 ? 0 : found[n % count];
}

/* A number of a VPE, node or serial of the victim's. */
static uint32_t number(struct fuzz *f, uint32_t head)
{
    const struct rescind_kernel *k = f->now->k[VICTIM];
    uint32_t which = take(&f->in), of = take(&f->in);
    const struct letter *l = &call_at(k, of % VPES)->letter;

    switch (which % 8) {
    case 0:
        return linked(f, liar(head), true, of);
    case 1:
        return l->serial;
    case 2:
        return l->claim;
    case 3:
        return cap_at(k, linked(f, liar(head), false, of))->parent;
    case 4:
        return k->pool.first + of; /* any node */
    case 5:
        return UINT32_MAX;
    default:
        return of;
    }
}

/* A letter. Bit 5: the slot. Bytes: op, asker, the other numbers, and how much data. */
static void letter(struct fuzz *f, uint32_t head)
{
    _Alignas(8) uint8_t bytes[RESCIND_PEER_MSG_MAX] = {0};
    struct rescind_peer_letter l = {.head = {.kind = RESCIND_PEER_LETTER, .slot = head >> 5 & 1}};

    l.op = (uint16_t)(take(&f->in) % (RESCIND_LETTER_OPS + 1));
    l.asker = take(&f->in) % 4;
    l.serial = take(&f->in);
    l.object = number(f, head);
    for (unsigned i = 0; i < 5; i++) {
        l.args[i] = number(f, head);
        l.args[i] |= (uint64_t)number(f, head) << 32;
    }
    l.length = (uint16_t)(take(&f->in) * 2 % (RESCIND_DATA_MAX + 1));
    l.head.size = (uint16_t)(sizeof(l) + ((l.length + 7u) & ~7u));
    memcpy(bytes, &l, sizeof(l));
    forge(f, liar(head), bytes, l.head.size);
}

/* The answer to a letter (bit 5: the slot), or with bit 7 a note. Bytes: error, length, data. */
static void letter_told(struct fuzz *f, uint32_t head)
{
    _Alignas(8) uint8_t bytes[RESCIND_PEER_MSG_MAX] = {0};
    struct rescind_peer_letter_answer a = {
        .head = {.kind = RESCIND_PEER_LETTER_ANSWER, .slot = head >> 5 & 1}};
    struct rescind_peer_note n = {.head = {.kind = RESCIND_PEER_NOTE}};
    uint32_t error = take(&f->in), length = take(&f->in);
    size_t head_size = head & 0x80 ? sizeof(n) : sizeof(a);

    a.error = n.error = error;
    a.length = n.length = length;
    a.head.size = n.head.size = (uint16_t)(head_size + ((length + 7u) & ~7u));
    if (head & 0x80) {
        n.asker = take(&f->in) % 4;
        n.serial = number(f, head);
        n.claim = number(f, head);
        memcpy(bytes, &n, sizeof(n));
    } else {
        memcpy(bytes, &a, sizeof(a));
    }
    for (uint32_t i = 0; i < 4 && i * 4 < length; i++) {
        uint32_t word = number(f, head);
        memcpy(bytes + head_size + i * 4, &word, sizeof(word));
    }
    forge(f, liar(head), bytes, a.head.size);
}

/* MARKED or UNLINK (bit 4) of a stub of the victim's, or with bit 5 FREE of a slot. A byte: which.
 * With bit 6 it is a letter, or (bit 4) what is told of one. */
static void record(struct fuzz *f, uint32_t head)
{
    if (head & 0x40) {
        (head & 0x10 ? letter_told : letter)(f, head);
        return;
    }
    uint32_t which = take(&f->in);
    struct rescind_peer_record r = {.kind = head & 0x10 ? RESCIND_PEER_UNLINK : RESCIND_PEER_MARKED,
                                    .size = sizeof(r)};

    if (head & 0x20) {
        r.kind = RESCIND_PEER_FREE;
        r.slot = (uint8_t)(which % TASK_EXCHANGES);
    } else {
        r.stub = which == 255 ? take(&f->in) : linked(f, liar(head), true, which);
    }
    forge(f, liar(head), &r, sizeof(r));
}

/* MARK or SWEEP (bit 4) of a capability of the victim's. A byte: which. */
static void order(struct fuzz *f, uint32_t head)
{
    const struct rescind_kernel *k = f->now->k[VICTIM];
    uint32_t which = linked(f, liar(head), false, take(&f->in));
    struct rescind_peer_order o = {
        .head = {.kind = head & 0x10 ? RESCIND_PEER_SWEEP : RESCIND_PEER_MARK, .size = sizeof(o)}};

    if (which != 0) {
        o.head.stub = cap_at(k, which)->parent;
        o.key = cap_key(k, cap_at(k, which));
    }
    forge(f, liar(head), &o, sizeof(o));
}

/* A capability of four bytes; object 255 stands for one that no kernel has. */
static struct rescind_peer_cap capability(struct fuzz *f)
{
    static const uint8_t types[] = {RESCIND_CAP_GATE, RESCIND_CAP_VPE, RESCIND_CAP_MEM, CAP_PLACE};
    uint32_t what = take(&f->in), home = take(&f->in) % (KERNELS + 1), object = take(&f->in);

    return (struct rescind_peer_cap){
        .type = types[what % 4],
        .rights = what >> 2 & 15,
        .home = (uint16_t)home,
        .object = object == 255 ? UINT32_MAX : object,
        .stub = take(&f->in),
    };
}

/* An ANSWER, or with bit 4 an ASK. Bits 5 and 6: the slot. Bytes: the fields, then capabilities of
 * which all but the first resemble the one before. */
static void question(struct fuzz *f, uint32_t head)
{
    _Alignas(8) uint8_t bytes[RESCIND_PEER_MSG_MAX] = {0};
    struct rescind_peer_record r = {.slot = head >> 5 & 3};
    uint32_t flags = take(&f->in), count = take(&f->in), done = take(&f->in);
    uint32_t given = flags & 2 ? 0 : count < RESCIND_PEER_CHUNK + 1 ? count : count % 17;
    size_t size;

    if (head & 0x10) {
        struct rescind_peer_ask ask = {
            .vpe = flags >> 2 & 3,
            .asker = flags >> 4 & 3,
            .start = take(&f->in),
            .to = take(&f->in),
            .count = count,
            .done = done,
            .wanted = (uint16_t)(flags & 2 ? count % 17 : 0),
            .given = (uint16_t)given,
            .table = flags >> 6 & 1,
            .obtain = flags >> 1 & 1,
        };
        r.kind = RESCIND_PEER_ASK;
        memcpy(bytes, &ask, size = sizeof(ask));
    } else {
        struct rescind_peer_answer answer = {
            .error = flags & 4 ? RESCIND_PEER_BLOCKED : flags >> 3 & 15,
            .done = done,
            .given = (uint16_t)given,
        };
        r.kind = RESCIND_PEER_ANSWER;
        memcpy(bytes, &answer, size = sizeof(answer));
    }
    for (struct rescind_peer_cap cap = capability(f); given > 0; given--, cap.stub++) {
        memcpy(bytes + size, &cap, sizeof(cap));
        size += sizeof(cap);
    }
    r.size = (uint16_t)size;
    memcpy(bytes, &r, sizeof(r));
    forge(f, liar(head), bytes, size);
}

/* There is an interrupt, if the line of some kernel (a byte says which) is unmasked. */
static void interrupt(struct fuzz *f)
{
    unsigned pe = take(&f->in) % KERNELS;

    if (rescind_kernel_unmasked(f->now->k[pe]) >> (FIRST_LINE + pe) & 1)
        rescind_kernel_interrupt(f->now->k[pe], FIRST_LINE + pe);
    after(f, pe);
}

/* Bit 4: a VPE of the victim's is ended, which bit 5 names. Else it has so many nodes left as the
 * byte says, 255 being all; or with bit 7 there is an interrupt. With bit 6 it is a call instead.
 */
static void hardship(struct fuzz *f, uint32_t head)
{
    uint32_t left;

    if (head & 0x40) {
        other_call(f);
    } else if (head & 0x10) {
        rescind_kernel_end(f->now->k[VICTIM], head >> 5 & 1, 1);
        after(f, VICTIM);
    } else if (head & 0x80) {
        interrupt(f);
    } else {
        left = take(&f->in);
        rescind_kernel_starve(f->now->k[VICTIM], left == 255 ? UINT32_MAX : left);
        audit(f, VICTIM);
    }
}

/* ------------------------------------------------------------------------------------------- */

static void step(struct fuzz *f)
{
    static void (*const steps[])(struct fuzz * f, uint32_t head) = {
        [CALL] = call,     [EVENTS] = events, [DAMAGE] = damage,     [AGAIN] = again,
        [RECORD] = record, [ORDER] = order,   [QUESTION] = question, [HARDSHIP] = hardship,
    };
    uint32_t head = take(&f->in);

    steps[head % 8](f, head);
    for (unsigned pe = 0; pe < KERNELS; pe++)
        audit(f, pe);
}

/* A call from rest to rest, which is granted. */
static void set_up(struct system *s, unsigned pe, uint32_t vpe, struct message m)
{
    uint64_t error = RESCIND_NONE;

    kit_send(s->k[pe], vpe, m);
    system_serve(s, pe);
    system_rest(s);
    if (!rescind_kernel_receive(s->k[pe], vpe, &error, sizeof(error)) || error != RESCIND_NO_ERROR)
        abort();
}

/* VPE 0 of each kernel has an interrupt line, which it hears by its endpoint 6, ports, and gates, a
 * few of which stand in other kernels, too; it is a service of the name "a". */
static void set_up_first(struct system *s, unsigned pe)
{
    struct model_call service = {
        .op = RESCIND_SYS_CREATESRV, .src = POST, .dst = SERVICE, .name = "a"};
    struct message m = {0};
    uint8_t bytes[MODEL_MESSAGE_MAX];

    rescind_kernel_boot_irq(s->k[pe], 0, LINE, FIRST_LINE + pe);
    rescind_kernel_boot_ports(s->k[pe], 0, PORTS, 0x3e8, 8);
    for (uint32_t i = 0; i < GATE_COUNT; i++)
        set_up(s, pe, 0, kit_creategate(GATES + i));
    for (uint32_t vpe = 0; vpe < VPES; vpe++) {
        set_up(s, pe, vpe, say_attach(0, 2, 0, 9, 7));
        set_up(s, pe, vpe, say_attach(0, 3, 512, 8, 7));
        set_up(s, pe, vpe, say_gate(0, POST, 2, 1, 2));
    }
    set_up(s, pe, 0, say_activate(6, RESCIND_NONE, POST));
    set_up(s, pe, 0, say_listen(LINE, 6));
    message_put(&m, bytes, model_encode(&service, bytes));
    set_up(s, pe, 0, m);
}

/* The next kernel's VPEs can send to VPE 0, by 4, and have its memory at 5. */
static void set_up_next(struct system *s, unsigned pe, unsigned next)
{
    set_up(s, pe, 0, kit_delegate(system_sel(s, next, 1), GATES, GATES, 3));
    set_up(s, next, 1, kit_delegate(system_sel(s, pe, 1), GATES, GATES + 3, 2));
    for (uint32_t vpe = 0; vpe < VPES; vpe++) {
        set_up(s, pe, 0, kit_delegate(system_sel(s, next, vpe), POST, THEIR_POST, 1));
        set_up(s, pe, 0, kit_delegate(system_sel(s, next, vpe), 1, THEIR_MEMORY, 1));
        set_up(s, next, vpe, say_activate(4, RESCIND_NONE, THEIR_POST));
        set_up(s, next, vpe, say_activate(5, RESCIND_NONE, THEIR_MEMORY));
    }
}

static struct system *new_system(void)
{
    struct system *s = system_new_roomy(KERNELS, VPES, VPES + CHILDREN, NODES, WORK, MEMORY);

    for (unsigned pe = 0; pe < KERNELS; pe++)
        set_up_first(s, pe);
    for (unsigned pe = 0; pe < KERNELS; pe++)
        set_up_next(s, pe, (pe + 1) % KERNELS);
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz f;

    if (f.now == NULL) {
        f.now = new_system();
        f.start = new_system();
    }
    system_copy(f.now, f.start);
    memset(f.last, 0, sizeof(f.last));
    f.in = (struct input){.bytes = data, .left = size < INPUT_MAX ? size : INPUT_MAX};
    for (uint32_t i = 0; i < STEPS_MAX && f.in.left > 0; i++)
        step(&f);
    return 0;
}
