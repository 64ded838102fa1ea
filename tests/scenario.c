/* Scenarios from a stream of choices; see scenario.h. */
#include "tests/scenario.h"

#include <stdlib.h>

#include "base/arena.h"
#include "cap/table.h"
#include "object/endpoint.h"
#include "object/irq.h"

enum {
    MIN_VPES = 2,
    MAX_VPES = 4,
    MORE_VPES = 3, /* that CREATEVPE may make, in some kernels; one of them lacks memory */
    WORKS = 3,     /* 1 .. 3 capabilities an event */
    LAYOUTS = 3,   /* who holds a capability on whom at boot */
    POOLS = 7,
    ROOMY = 300, /* nodes of the pool that never runs dry */
    FIRST = 2,
    NARROW = 8,       /* calls use FIRST .. FIRST + NARROW - 1, so that they meet, */
    WIDE = 24,        /* or so many, so that EXCHANGEs of ranges take long */
    MAX_SETUP = 16,   /* calls before the VPEs run side by side */
    MAX_CALLS = 28,   /* calls side by side */
    MAX_STEPS = 2000, /* decisions side by side */
    LINE = 10,        /* of interrupts, which VPE0 has at first, */
    PORTS = 0x3e8,    /* and as many ports as a serial port's, which VPE1 has, */
    PORTS_COUNT = 8,
    DEVICE = FIRST + 7, /* both at this selector */
};

struct scenarios {
    struct order *order;
    struct drive *drives[2][MAX_VPES + 1][WORKS][LAYOUTS][POOLS];
};

struct choice choice_seeded(uint64_t seed)
{
    return (struct choice){.seed = seed};
}

struct choice choice_bytes(const uint8_t *bytes, size_t size)
{
    static const uint8_t nothing;
    return (struct choice){.bytes = size ? bytes : &nothing, .left = size};
}

uint32_t choose(struct choice *choice, uint32_t n)
{
    if (choice->bytes) {
        if (choice->left == 0)
            return 0;
        choice->left--;
        return *choice->bytes++ % n;
    }
    uint64_t x = choice->seed += 0x9e3779b97f4a7c15ull;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return (uint32_t)((x ^ (x >> 31)) >> 32) % n;
}

bool choice_over(const struct choice *choice)
{
    return choice->bytes && choice->left == 0;
}

/* What the tables hold, and what a call can be aimed at with it. */
struct view {
    const struct drive *drive;
    uint32_t selectors; /* that calls are to use, from FIRST on */
    struct model_row rows[MODEL_CAPS];
    uint32_t count;
};

/* Where one holds a capability of this type, its own or (MODEL_NOBODY) anybody's; NULL: nowhere. */
static const struct model_row *find_type(const struct view *view, uint32_t vpe, uint32_t type)
{
    for (uint32_t i = 0; i < view->count; i++)
        if (view->rows[i].type == type && (vpe == MODEL_NOBODY || view->rows[i].vpe == vpe))
            return &view->rows[i];
    return NULL;
}

static bool has_service(const struct view *view)
{
    return find_type(view, MODEL_NOBODY, RESCIND_CAP_SERVICE) != NULL;
}

static const struct model_row *held(const struct view *view, uint32_t vpe, uint32_t sel)
{
    for (uint32_t i = 0; i < view->count; i++)
        if (view->rows[i].vpe == vpe && view->rows[i].kind == RESCIND_TABLE_OBJECT &&
            view->rows[i].sel == sel)
            return &view->rows[i];
    return NULL;
}

/* Another's EXCHANGE that is under way, or NULL. */
static const struct history_entry *under_way(const struct view *view, uint32_t vpe,
                                             struct choice *choice)
{
    uint32_t vpes = drive_vpes(view->drive);
    uint32_t first = choose(choice, vpes);
    for (uint32_t i = 0; i < vpes; i++) {
        uint32_t other = (first + i) % vpes;
        int32_t at = view->drive->call[other];
        if (other != vpe && at != DRIVE_NOTHING &&
            view->drive->history.entries[at].call.op == RESCIND_SYS_EXCHANGE)
            return &view->drive->history.entries[at];
    }
    return NULL;
}

/* A selector at which `vpe` holds something (a VPE capability, if wanted), or any. */
static uint32_t aim(const struct view *view, uint32_t vpe, bool names_vpe, struct choice *choice)
{
    uint32_t found[MODEL_CAPS];
    uint32_t count = 0;
    for (uint32_t i = 0; i < view->count && count < 256; i++)
        if (view->rows[i].vpe == vpe && (!names_vpe || view->rows[i].type == RESCIND_CAP_VPE))
            found[count++] = view->rows[i].sel;
    uint32_t drawn = choose(choice, 256);
    if (count == 0 || drawn >= 240)
        return drawn % (FIRST + view->selectors);
    return found[drawn % count];
}

/* The VPE whose selector 0 is derived from `root`, or is it itself; that of `root` if there is
 * none.
 */
static uint32_t vpe_below(const struct view *view, const struct model_row *root)
{
    for (uint32_t i = 0; i < view->count && root->sel != RESCIND_SEL_VPE; i++)
        if (view->rows[i].sel == RESCIND_SEL_VPE && view->rows[i].has_parent &&
            view->rows[i].parent_vpe == root->vpe && view->rows[i].parent_sel == root->sel)
            return view->rows[i].vpe;
    return root->vpe;
}

/* The VPE that the capability at `sel` names. `vpe` if it names none. */
static uint32_t named_vpe(const struct view *view, uint32_t vpe, uint32_t sel)
{
    const struct model_row *row = held(view, vpe, sel);
    if (!row || row->type != RESCIND_CAP_VPE)
        return vpe;
    for (uint32_t steps = 0; row->has_parent && steps < view->count; steps++) {
        const struct model_row *parent = held(view, row->parent_vpe, row->parent_sel);
        if (!parent)
            return vpe;
        row = parent;
    }
    return vpe_below(view, row);
}

/* How many selectors from `sel` on are all held, or all free; at most `limit`. */
static uint32_t run_length(const struct view *view, uint32_t vpe, uint32_t sel, bool taken,
                           uint32_t limit)
{
    uint32_t length = 0;
    while (length < limit && (held(view, vpe, sel + length) != NULL) == taken)
        length++;
    return length;
}

/* Where `vpe` has room for `count` capabilities; anywhere if there is none or by whim. */
static uint32_t aim_free(const struct view *view, uint32_t vpe, uint32_t count,
                         struct choice *choice)
{
    uint32_t drawn = choose(choice, 256);
    uint32_t first = drawn % view->selectors;
    if (drawn < 224)
        for (uint32_t i = 0; i < view->selectors; i++) {
            uint32_t sel = FIRST + (first + i) % view->selectors;
            if (run_length(view, vpe, sel, false, count) == count)
                return sel;
        }
    return FIRST + first;
}

/* Looks at what another's EXCHANGE is about to put somewhere, or has put there. */
static bool observe(const struct view *view, uint32_t vpe, struct model_call *out,
                    struct choice *choice)
{
    const struct history_entry *entry = under_way(view, vpe, choice);
    if (!entry)
        return false;
    const struct model_call *call = &entry->call;
    uint32_t holder = entry->vpe;
    if (!call->flag)
        holder = held(view, entry->vpe, call->vpe) ? named_vpe(view, entry->vpe, call->vpe)
                                                   : choose(choice, view->drive->config.vpes);
    uint32_t sel = call->flag ? call->own.start : call->other.start;
    sel += choose(choice, call->own.count < 256 ? call->own.count + 1 : 256);
    for (uint32_t i = 0; i < view->count; i++)
        if (view->rows[i].vpe == vpe && view->rows[i].type == RESCIND_CAP_VPE &&
            named_vpe(view, vpe, view->rows[i].sel) == holder) {
            *out = call_obtain(view->rows[i].sel, aim_free(view, vpe, 1, choice), sel, 1);
            return true;
        }
    return false;
}

/* Revokes what another's EXCHANGE rests on: an ancestor of the VPE capability that it uses, or of
 * the first capability that it copies. */
static bool undermine(const struct view *view, uint32_t vpe, struct model_call *out,
                      struct choice *choice)
{
    const struct history_entry *entry = under_way(view, vpe, choice);
    if (!entry)
        return false;
    const struct model_call *call = &entry->call;
    const struct model_row *row = held(view, entry->vpe, call->vpe);
    if (choose(choice, 2))
        row = call->flag ? held(view, named_vpe(view, entry->vpe, call->vpe), call->other.start)
                         : held(view, entry->vpe, call->own.start);
    for (uint32_t steps = 0; row && steps < view->count; steps++) {
        if (row->vpe == vpe && row->sel >= FIRST) {
            *out = call_revoke(row->sel, 1 + choose(choice, 2), choose(choice, 2));
            return true;
        }
        row = row->has_parent ? held(view, row->parent_vpe, row->parent_sel) : NULL;
    }
    return false;
}

static struct model_call an_exchange(const struct view *view, uint32_t vpe, bool obtain,
                                     struct choice *choice)
{
    uint32_t vpe_sel = aim(view, vpe, true, choice);
    uint32_t named = named_vpe(view, vpe, vpe_sel);
    uint32_t from = obtain ? named : vpe;
    uint32_t to = obtain ? vpe : named;
    uint32_t source = aim(view, from, false, choice);
    uint32_t drawn = choose(choice, 64);
    uint32_t count = drawn < 24 ? 1 : 1 + drawn % (view->selectors / 2);
    if (drawn < 62) {
        uint32_t run = run_length(view, from, source, true, count);
        count = run ? run : 1;
    }
    uint32_t destination = aim_free(view, to, count, choice);
    if (obtain)
        return call_obtain(vpe_sel, destination, source, count);
    return call_delegate(vpe_sel, source, destination, count);
}

static struct model_call a_revoke(const struct view *view, uint32_t vpe, struct choice *choice)
{
    const uint32_t counts[8] = {1, 1, 1, 2, 3, 4, view->selectors, UINT32_MAX - 1};
    uint32_t drawn = choose(choice, 64);
    uint32_t start = aim(view, vpe, false, choice);
    uint32_t count = counts[drawn % 8];
    if (count == UINT32_MAX - 1)
        start = FIRST;
    if (start < FIRST)
        start += FIRST;
    return call_revoke(start, count, drawn / 8 % 3 != 0);
}

/* Calls about the life of VPEs. False: not this time. */
static bool a_life_call(const struct view *view, uint32_t vpe, struct model_call *out,
                        struct choice *choice)
{
    uint32_t drawn = choose(choice, 16), sel;
    if (drawn >= 8)
        return false;
    if (drawn < 2) {
        sel = aim_free(view, vpe, 2, choice);
        *out = call_createvpe(sel, sel + 1);
        const struct model_row *gate = find_type(view, vpe, RESCIND_CAP_GATE);
        if (drawn == 1 && choose(choice, 4) == 0) {
            out->src = aim(view, vpe, false, choice);
            out->ep = RESCIND_EP_FREE;
        } else if (gate && has_service(view)) { /* a pager */
            out->src = gate->sel;
            out->ep = RESCIND_EP_FREE;
        }
        return true;
    }
    sel = aim(view, vpe, true, choice);
    if (drawn < 5)
        *out = call_vpectrl(sel, RESCIND_VPE_START);
    else if (drawn < 7)
        *out = call_vpectrl(sel, RESCIND_VPE_WAIT);
    else
        *out = call_fund(sel, choose(choice, 32), choose(choice, 2));
    return true;
}

enum { ENDPOINTS = 4 }; /* that calls use */

static uint32_t some_ep(struct choice *choice)
{
    return RESCIND_EP_FREE + choose(choice, ENDPOINTS);
}

/* One of the endpoints of `vpe` that are of this kind; any where there is none, or by whim. */
static uint32_t aim_ep(const struct view *view, uint32_t vpe, enum endpoint_kind kind,
                       struct choice *choice)
{
    const struct rescind_kernel *k = view->drive->kernel;
    uint32_t found[RESCIND_EP_COUNT], count = 0;
    for (uint32_t ep = RESCIND_EP_FREE; ep < RESCIND_EP_COUNT; ep++) {
        uint32_t cap = endpoint_find(k, vpe, ep);
        if (cap != 0 && endpoint_of(k, cap)->kind == kind)
            found[count++] = ep;
    }
    uint32_t drawn = choose(choice, 256);
    if (count == 0 || drawn >= 248)
        return RESCIND_EP_FREE + drawn % ENDPOINTS;
    return found[drawn % count];
}

/* The number of a message that is open there; 0: there is none. */
static uint64_t open_message(const struct view *view, uint32_t vpe, uint32_t ep)
{
    const struct rescind_kernel *k = view->drive->kernel;
    uint32_t cap = endpoint_find(k, vpe, ep);
    if (cap == 0 || endpoint_of(k, cap)->kind != ENDPOINT_RECEIVE || endpoint_of(k, cap)->open == 0)
        return 0;
    return message_at(k, endpoint_of(k, cap)->open)->id;
}

/* Calls about memory. */
static struct model_call a_memory_call(const struct view *view, uint32_t vpe, struct choice *choice)
{
    static const uint32_t sizes[] = {RESCIND_PAGE, 2 * RESCIND_PAGE, 100, 3 * RESCIND_PAGE};
    uint32_t drawn = choose(choice, 8);
    struct model_call call = {.dst = aim_free(view, vpe, 1, choice),
                              .src = aim(view, vpe, false, choice),
                              .ep = some_ep(choice),
                              .addr = choose(choice, 3) * (RESCIND_PAGE / 2),
                              .size = sizes[choose(choice, 4)],
                              .perms = choose(choice, 9)};
    if (drawn < 2) {
        call.op = RESCIND_SYS_REQMEM;
        call.addr = choose(choice, 4) ? RESCIND_ANY_ADDR : call.addr * 4;
    } else if (drawn < 4) {
        call.op = RESCIND_SYS_DERIVEMEM;
    } else if (drawn < 6) {
        call.op = RESCIND_SYS_CREATEMAP;
        call.vpe = aim(view, vpe, true, choice);
        call.addr = choose(choice, 2);
        call.size = choose(choice, 4);
        call.dst = RESCIND_MAP_FIRST + choose(choice, 4);
    } else {
        call.op = drawn == 6 ? RESCIND_SYS_READ : RESCIND_SYS_WRITE;
        call.size = choose(choice, MODEL_DATA_MAX);
        call.ep = aim_ep(view, vpe, ENDPOINT_MEMORY, choice);
    }
    return call;
}

/* Calls about endpoints. */
static struct model_call an_endpoint_call(const struct view *view, uint32_t vpe,
                                          struct choice *choice)
{
    uint32_t drawn = choose(choice, 8);
    struct model_call call = {.ep = some_ep(choice), .vpe = choose(choice, 2)};
    if (call.vpe != 0)
        call.vpe = aim(view, vpe, true, choice);
    if (drawn < 3) {
        call.op = RESCIND_SYS_ATTACHRB;
        call.addr = choose(choice, 16) * 600;
        call.slot_order = 5 + choose(choice, 3);
        call.order = call.slot_order + 1 + choose(choice, 2);
    } else if (drawn == 3) {
        call.op = RESCIND_SYS_DETACHRB;
    } else if (drawn < 7) {
        call.op = RESCIND_SYS_ACTIVATE;
        call.src = choose(choice, 4) ? RESCIND_NONE : aim(view, vpe, false, choice);
        call.dst = choose(choice, 8) ? aim(view, vpe, false, choice) : RESCIND_NONE;
    } else {
        call = call_creategate(aim(view, vpe, true, choice), aim_free(view, vpe, 1, choice));
        call.ep = some_ep(choice);
        call.credits = choose(choice, 3);
        call.label = choose(choice, 8);
    }
    return call;
}

/* What a service that agrees answers, of 24 bytes; or one that does not; or rubbish. */
static void draw_answer(const struct view *view, uint32_t vpe, struct model_call *call,
                        struct choice *choice)
{
    uint32_t drawn = choose(choice, 32), count = drawn % 8 ? 1 : choose(choice, 3);
    uint64_t start = drawn % 4 ? aim(view, vpe, false, choice) : aim_free(view, vpe, count, choice);
    call->size = drawn < 28 ? 24 : choose(choice, 40);
    call->data[0] = drawn < 26 ? RESCIND_NO_ERROR : choose(choice, RESCIND_XFS_RENAME + 2);
    call->data[1] = start << 32 | (drawn == 25);
    call->data[2] = count;
}

/* Messages between VPEs. */
static struct model_call a_message_call(const struct view *view, uint32_t vpe,
                                        struct choice *choice)
{
    static const enum rescind_syscall calls[8] = {
        RESCIND_SYS_SEND,    RESCIND_SYS_SEND,    RESCIND_SYS_SEND,  RESCIND_SYS_RECEIVE,
        RESCIND_SYS_RECEIVE, RESCIND_SYS_RECEIVE, RESCIND_SYS_REPLY, RESCIND_SYS_ACK};
    struct model_call call = {.op = calls[choose(choice, 8)],
                              .reply_ep = RESCIND_NONE,
                              .size = choose(choice, 4) * 10,
                              .flag = choose(choice, 2)};
    call.ep =
        aim_ep(view, vpe, call.op == RESCIND_SYS_SEND ? ENDPOINT_SEND : ENDPOINT_RECEIVE, choice);
    call.label = choose(choice, 8);
    if (call.op == RESCIND_SYS_SEND && choose(choice, 4) > 0)
        call.reply_ep = aim_ep(view, vpe, ENDPOINT_RECEIVE, choice);
    if (has_service(view)) { /* as a service does */
        if (choose(choice, 2))
            call = call_receive(2, choose(choice, 2));
        draw_answer(view, vpe, &call, choice);
    }
    for (uint32_t ep = 2; ep < 4 && choose(choice, 4) > 0; ep++)
        if (open_message(view, vpe, ep) != 0) { /* mostly, it is answered */
            call.op = choose(choice, 4) ? RESCIND_SYS_REPLY : RESCIND_SYS_ACK;
            call.ep = ep;
        }
    uint64_t open = open_message(view, vpe, call.ep);
    call.id = open != 0 && choose(choice, 16) > 0 ? open : choose(choice, 4);
    return call;
}

/* Calls about services and pagers. */
static struct model_call a_service_call(const struct view *view, uint32_t vpe,
                                        struct choice *choice)
{
    static const enum rescind_syscall calls[8] = {RESCIND_SYS_CREATESRV,  RESCIND_SYS_CREATESESS,
                                                  RESCIND_SYS_CREATESESS, RESCIND_SYS_CREATESESSAT,
                                                  RESCIND_SYS_DELEGATE,   RESCIND_SYS_OBTAIN,
                                                  RESCIND_SYS_OBTAIN,     RESCIND_SYS_PAGEFAULT};
    struct model_call call = {.op = calls[choose(choice, 8)],
                              .dst = aim_free(view, vpe, 1, choice),
                              .src = aim(view, vpe, false, choice),
                              .addr = RESCIND_MAP_FIRST * RESCIND_PAGE,
                              .perms = 1 + choose(choice, 3),
                              .id = choose(choice, 4)};
    uint32_t type = call.op == RESCIND_SYS_CREATESRV      ? RESCIND_CAP_GATE
                    : call.op == RESCIND_SYS_CREATESESSAT ? RESCIND_CAP_SERVICE
                                                          : RESCIND_CAP_SESSION;
    const struct model_row *row = find_type(view, vpe, type);
    if (row && choose(choice, 8) > 0)
        call.src = row->sel;
    if (choose(choice, 8) == 0) /* for another VPE, and with args that fill a small slot */
        call.vpe = aim(view, vpe, true, choice);
    if (choose(choice, 8) == 0)
        call.args = choose(choice, RESCIND_ARGS_MAX + 2);
    if (choose(choice, 16) == 0)
        call.name[0] = 'a';
    call.own = (struct rescind_range){RESCIND_TABLE_OBJECT, call.dst, 1 + choose(choice, 2)};
    if (call.op == RESCIND_SYS_DELEGATE)
        call.own.start = aim(view, vpe, false, choice);
    return call;
}

/* Calls of drivers, of who has a line or ports. False: not this time. */
static bool a_device_call(const struct view *view, uint32_t vpe, struct model_call *out,
                          struct choice *choice)
{
    const struct model_row *irq = find_type(view, vpe, RESCIND_CAP_IRQ);
    const struct model_row *ports = find_type(view, vpe, RESCIND_CAP_PORTS);
    uint32_t drawn = choose(choice, 16);
    if ((irq == NULL && ports == NULL) || drawn >= 6)
        return drawn == 15 && choose(choice, 4) == 0 &&
               (*out = call_irqack(aim(view, vpe, false, choice)), true);
    uint32_t sel = irq != NULL ? irq->sel : ports->sel;
    uint32_t listener = view->drive->kernel->listeners[LINE];
    bool listens = listener != 0 && table_vpe(cap_at(view->drive->kernel, listener)->table) == vpe;
    if (drawn < (listens ? 1 : 3))
        *out = call_listen(sel, aim_ep(view, vpe, ENDPOINT_SEND, choice));
    else if (drawn < 4)
        *out = call_irqack(sel);
    else
        *out = call_port(ports != NULL ? ports->sel : sel, choose(choice, PORTS_COUNT + 1),
                         drawn == 5);
    if (drawn >= 4)
        out->size = 8u << choose(choice, 4);
    return true;
}

/* Calls that are refused, or do little. */
static struct model_call an_odd_call(const struct view *view, struct choice *choice)
{
    struct model_call call = call_delegate(0, UINT32_MAX, FIRST, 2);
    switch (choose(choice, 10)) {
    case 0:
        return call;
    case 1:
        return call_delegate(0, FIRST, FIRST + 1, UINT32_MAX - FIRST);
    case 2:
        return call_obtain(0, FIRST, FIRST, 0);
    case 3:
        call.other.count = 1;
        return call;
    case 4:
        call = call_delegate(0, FIRST, FIRST + 2, 1);
        call.own.type = RESCIND_TABLE_MAP;
        call.other.type = choose(choice, 2) ? RESCIND_TABLE_MAP : RESCIND_TABLE_OBJECT;
        return call;
    case 5:
        return call_revoke(UINT32_MAX, 2, true);
    case 6:
        return call_revoke(choose(choice, 3), choose(choice, 3), true);
    case 7:
        call = call_revoke(FIRST, view->selectors, true);
        call.own.type = choose(choice, 3);
        return call;
    case 8:
        return (struct model_call){.op = RESCIND_SYS_PRINT};
    default:
        return call_noop();
    }
}

struct model_call scenario_call(const struct drive *drive, uint32_t vpe, uint32_t selectors,
                                bool build, struct choice *choice)
{
    static struct view view;
    view.drive = drive;
    view.selectors = selectors;
    view.count = drive_rows(drive, view.rows);
    struct model_call call;
    bool serves = drive->config.pages > 0 && has_service(&view);
    if (drive->config.more > 0 && (!serves || choose(choice, 8) == 0) &&
        a_device_call(&view, vpe, &call, choice))
        return call;
    if (drive->config.more > 0 && a_life_call(&view, vpe, &call, choice))
        return call;
    if (serves && vpe == 0 && choose(choice, 4) > 0)
        return a_message_call(&view, vpe, choice);
    if (serves && choose(choice, 2) == 0)
        return a_service_call(&view, vpe, choice);
    bool has_post = drive->config.pages > 0 && endpoint_find(drive->kernel, vpe, 4) != 0;
    if (drive->config.pages > 0 && choose(choice, has_post ? 8 : 2) > 0) {
        uint32_t about = choose(choice, has_post ? 20 : 8);
        return about < 2   ? a_memory_call(&view, vpe, choice)
               : about < 5 ? an_endpoint_call(&view, vpe, choice)
                           : a_message_call(&view, vpe, choice);
    }
    uint32_t drawn = choose(choice, build ? 10 : 24);
    if ((drawn >= 20 && undermine(&view, vpe, &call, choice)) ||
        (drawn >= 16 && observe(&view, vpe, &call, choice)))
        return call;
    drawn %= 16;
    if (drawn < 3) {
        call = call_creategate(drawn == 0 ? aim(&view, vpe, true, choice) : 0,
                               aim_free(&view, vpe, 1, choice));
        if (drive->config.more > 0 && choose(choice, 16) == 15) /* where something else stands */
            call.ep = LISTENERS + LINE;
        return call;
    }
    if (drawn < 7)
        return an_exchange(&view, vpe, false, choice);
    if (drawn < 10)
        return an_exchange(&view, vpe, true, choice);
    if (drawn < 15)
        return a_revoke(&view, vpe, choice);
    return an_odd_call(&view, choice);
}

/* Who holds what at boot: 0, each a capability on the next VPE; 1, VPE0 on all others; 2, all on
 * all others. */
static uint32_t grants(struct drive *drive, uint32_t vpes, uint32_t layout)
{
    uint32_t count = 0;
    for (uint32_t vpe = 0; vpe < vpes; vpe++)
        for (uint32_t i = 1; i < vpes; i++) {
            if ((layout == 0 && i > 1) || (layout == 1 && vpe > 0))
                continue;
            if (drive)
                drive_grant(drive, vpe, FIRST + i - 1, (vpe + i) % vpes);
            count++;
        }
    return count;
}

static struct drive *drive_for(struct scenarios *scenarios, bool wide, struct choice *choice)
{
    static const uint32_t spare[POOLS] = {ROOMY, 4, 9, 16, 20, 32, 48}; /* nodes */
    uint32_t drawn = choose(choice, 256);
    uint32_t vpes = MIN_VPES + drawn % (MAX_VPES - MIN_VPES + 1);
    uint32_t work = drawn / 3 % WORKS;
    uint32_t layout = drawn / 9 % LAYOUTS;
    uint32_t pool = choose(choice, 8);
    pool = pool > 3 ? 0 : pool && wide ? pool + 3 : pool;
    bool more = drawn / 27 % 3 == 2;
    struct drive **drive = &scenarios->drives[more][vpes][work][layout][pool];
    if (!*drive) {
        struct drive_config config = {.vpes = vpes, .work = work + 1, .seed = 1};
        if (more) {
            config.more = MORE_VPES;
            config.pages = (MORE_VPES - 1) * RESCIND_VPE_MEMORY / RESCIND_PAGE;
        }
        config.nodes = 3 * vpes + grants(NULL, vpes, layout) + 2 * more + spare[pool];
        *drive = drive_new(&config);
        grants(*drive, vpes, layout);
        if (more) {
            drive_irq(*drive, 0, DEVICE, LINE);
            drive_ports(*drive, 1, DEVICE, PORTS, PORTS_COUNT);
        }
        drive_save(*drive);
    }
    drive_reset(*drive);
    return *drive;
}

/* Gives one VPE many gates in a row, and capabilities on it to the others by way of one that it
 * can revoke. */
static void long_runs(struct drive *drive, struct choice *choice)
{
    uint32_t vpe = choose(choice, drive->config.vpes);
    uint32_t gates = 2 + choose(choice, WIDE / 2);
    for (uint32_t i = 0; i < gates; i++) {
        struct model_call gate = call_creategate(0, FIRST + WIDE - 1 - i);
        drive_now(drive, vpe, &gate);
    }
    struct model_call calls[2] = {
        call_delegate(0, 0, FIRST + WIDE / 3, 1),
        call_obtain(FIRST, FIRST + WIDE / 3 + 1, FIRST + WIDE / 3, 1),
    };
    drive_now(drive, vpe, &calls[0]);
    for (uint32_t i = 1; i < drive->config.vpes; i++)
        drive_now(drive, (vpe + i) % drive->config.vpes, &calls[1]);
}

/* Each VPE can send to the next, through endpoint 4, and hear answers: of two messages at 2, and of
 * one or two bytes more than small ones at 3. */
static void open_posts(struct drive *drive, struct choice *choice)
{
    uint32_t first = FIRST + 4, credits = 1 + choose(choice, 3);
    for (uint32_t vpe = 0; vpe < drive->config.vpes; vpe++) {
        struct model_call calls[] = {
            {.op = RESCIND_SYS_ATTACHRB, .ep = 2, .order = 7, .slot_order = 6},
            {.op = RESCIND_SYS_ATTACHRB, .ep = 3, .addr = 512, .order = 7, .slot_order = 6},
            call_creategate(FIRST, first),
            {.op = RESCIND_SYS_ACTIVATE, .ep = 4, .src = RESCIND_NONE, .dst = first}};
        calls[2].credits = credits;
        for (uint32_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
            drive_now(drive, vpe, &calls[i]);
    }
}

/* VPE0 becomes a service, at its endpoint 2, which has few slots; the others know it. */
static void open_service(struct drive *drive, struct choice *choice)
{
    const struct model_call calls[] = {
        {.op = RESCIND_SYS_ATTACHRB, .ep = 2, .order = 8 + choose(choice, 2), .slot_order = 7},
        call_creategate(0, FIRST + 5),
        {.op = RESCIND_SYS_CREATESRV, .src = FIRST + 5, .dst = FIRST + 6}};
    for (uint32_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (drive_idle(drive, 0))
            drive_now(drive, 0, &calls[i]);
}

/* Calls one after the other, each from rest to rest: what the VPEs then fight over. */
static void set_up(struct drive *drive, uint32_t selectors, struct choice *choice)
{
    uint32_t calls = choose(choice, MAX_SETUP + 1);
    for (uint32_t i = 0; i < calls && !drive->failure[0]; i++) {
        uint32_t vpe = choose(choice, drive->config.vpes);
        struct model_call call = scenario_call(drive, vpe, selectors, true, choice);
        if (drive_idle(drive, vpe))
            drive_now(drive, vpe, &call);
    }
}

/* A random VPE among those that are ready, or (not ready) idle; or DRIVE_NOTHING. */
static int32_t some_vpe(const struct drive *drive, bool ready, struct choice *choice)
{
    int32_t found[MODEL_VPES + 1];
    uint32_t count = 0;
    /* Behind the VPEs' tasks comes the kernel's own. */
    for (uint32_t vpe = 0; vpe < drive_vpes(drive) + ready; vpe++)
        if (ready ? drive_ready(drive, vpe) : drive_idle(drive, vpe))
            found[count++] = (int32_t)vpe;
    if (count < 2)
        return count ? found[0] : DRIVE_NOTHING;
    return found[choose(choice, count)];
}

static bool may_end(const struct drive *drive, uint32_t vpe)
{
    int32_t at = drive->call[vpe];
    if (vpe >= drive->kernel->vpe_count || drive->ending[vpe] != DRIVE_NOTHING ||
        rescind_kernel_vpe_state(drive->kernel, vpe) == RESCIND_VPE_ENDED)
        return false;
    return at == DRIVE_NOTHING || drive->history.entries[at].call.op != RESCIND_SYS_EXIT;
}

/* Calls and work, in whatever order the choices say. */
static void side_by_side(struct drive *drive, uint32_t selectors, struct choice *choice)
{
    uint32_t calls = 4 + choose(choice, MAX_CALLS - 3);
    uint32_t eager = 1 + choose(choice, 7); /* of 8: how much sooner a call comes than work */
    for (uint32_t step = 0; step < MAX_STEPS && !drive->failure[0]; step++) {
        uint32_t drawn = choose(choice, 256);
        if (calls == 0 || choice_over(choice))
            return;
        int32_t vpe = some_vpe(drive, drawn % 8 >= eager, choice);
        if (drawn == 255 && may_end(drive, step % drive_vpes(drive))) {
            drive_end(drive, step % drive_vpes(drive));
            calls--;
        } else if (drawn >= 240 && (drive->unmasked >> LINE & 1) != 0) {
            drive_interrupt(drive, LINE);
            calls--;
        } else if (vpe == DRIVE_NOTHING) {
            continue;
        } else if (drawn % 8 >= eager) {
            drive_work(drive, (uint32_t)vpe);
        } else {
            struct model_call call = scenario_call(drive, (uint32_t)vpe, selectors, false, choice);
            if (choose(choice, 32) == 31)
                call = (struct model_call){.op = RESCIND_SYS_EXIT, .id = choose(choice, 3)};
            drive_call(drive, (uint32_t)vpe, &call);
            calls--;
        }
    }
}

struct drive *scenario_run(struct scenarios *scenarios, struct choice choice)
{
    bool wide = choose(&choice, 2);
    uint32_t selectors = wide ? WIDE : NARROW;
    struct drive *drive = drive_for(scenarios, wide, &choice);
    if (wide)
        long_runs(drive, &choice);
    if (drive->config.pages > 0 && choose(&choice, 2))
        open_posts(drive, &choice);
    if (drive->config.pages > 0 && choose(&choice, 4) == 0)
        open_service(drive, &choice);
    set_up(drive, selectors, &choice);
    side_by_side(drive, selectors, &choice);
    if (!drive->failure[0] && drive_rest(drive))
        drive_judge(drive, scenarios->order, drive->config.nodes < ROOMY);
    return drive;
}

struct scenarios *scenarios_new(void)
{
    struct scenarios *scenarios = calloc(1, sizeof *scenarios);
    if (!scenarios)
        abort();
    scenarios->order = order_new();
    return scenarios;
}

void scenarios_free(struct scenarios *scenarios)
{
    struct drive **drives = &scenarios->drives[0][0][0][0][0];
    for (size_t i = 0; i < sizeof scenarios->drives / sizeof drives[0]; i++)
        if (drives[i])
            drive_free(drives[i]);
    order_free(scenarios->order);
    free(scenarios);
}
