/* VPEs; see vpe.h. */
#include "object/vpe.h"

#include "base/pages.h"
#include "base/task.h"
#include "base/work.h"
#include "cap/create.h"
#include "cap/peer.h"
#include "cap/table.h"
#include "object/mem.h"
#include "object/note.h"
#include "object/object.h"

static bool vpe_exists(const struct rescind_kernel *k, uint32_t object)
{
    return object < k->vpe_count;
}

static uint32_t *vpe_refs(struct rescind_kernel *k, uint32_t object)
{
    return &vpe_at(k, object)->refs;
}

static void move_nodes(struct rescind_kernel *k, uint32_t from, uint32_t to, uint32_t nodes)
{
    *account_at(k, from) -= nodes;
    *account_at(k, to) += nodes;
    if (from != ACCOUNT_KERNEL)
        vpe_at(k, from - 1)->quota -= nodes;
    if (to != ACCOUNT_KERNEL)
        vpe_at(k, to - 1)->quota += nodes;
}

/* Where what its account holds goes when it has ended. */
static uint16_t heir(const struct rescind_kernel *k, const struct vpe *v)
{
    return v->boot ? ACCOUNT_KERNEL : vpe_at(k, v->maker)->account;
}

/* If it has ended: nothing stays in its account, and where nothing is left of it and nothing names
 * it any more or has to be told, its number can be used again. Then the same for its maker. */
static void settle(struct rescind_kernel *k, uint32_t vpe)
{
    struct vpe *v = vpe_at(k, vpe);

    for (; v->ended; v = vpe_at(k, v->maker)) {
        if (v->account != ACCOUNT_KERNEL)
            move_nodes(k, v->account, heir(k, v), *account_at(k, v->account) & ~ACCOUNT_CLOSED);
        if (v->boot)
            return;
        if (v->refs == 0 && v->watchers == 0 && v->made == 0 && v->quota == 0) {
            v->next = k->vpe_free;
            k->vpe_free = (uint32_t)(v - vpe_at(k, 0)) + 1;
            *account_at(k, v->account) = 0; /* not closed any more */
            vpe_at(k, v->maker)->made--;
        }
    }
}

void account_pass_on(struct rescind_kernel *k, uint32_t account)
{
    settle(k, account - 1);
}

/* Its selector 0 goes. */
static void vpe_gone(struct rescind_kernel *k, uint32_t index)
{
    uint32_t vpe = cap_at(k, index)->object;
    struct vpe *v = vpe_at(k, vpe);

    if (v->ending)
        return;
    v->revoked = true;
    v->next = k->vpe_ending;
    k->vpe_ending = vpe + 1;
}

const struct cap_type vpe_type = {
    .name = "vpe",
    .exists = vpe_exists,
    .refs = vpe_refs,
    .free = settle,
    .gone = vpe_gone,
    .size = sizeof(struct vpe),
};

int32_t vpe_take_ending(struct rescind_kernel *k)
{
    int32_t vpe = (int32_t)k->vpe_ending - 1;

    if (vpe >= 0)
        k->vpe_ending = vpe_at(k, (uint32_t)vpe)->next;
    return vpe;
}

/* ---- Making and burying ------------------------------------------------------------------- */

/* Number `vpe` becomes a VPE that holds nothing. */
static struct vpe *begin(struct rescind_kernel *k, uint32_t vpe)
{
    struct vpe *v = vpe_at(k, vpe);

    for (uint32_t kind = 0; kind < TABLE_KINDS; kind++)
        table_init(table_at(k, table_of(vpe, kind)));
    *v = (struct vpe){.life = v->life + v->ended, .map_version = v->map_version + 1};
    ring_init(vpe_syscall_ring(k, vpe));
    ring_init(vpe_reply_ring(k, vpe));
    return v;
}

/* The memory of a VPE of the boot configuration, or 0: such pages are not free. */
static uint32_t boot_memory(struct rescind_kernel *k, uint64_t addr, uint64_t size)
{
    uint32_t page;

    if (k->pages == 0)
        return mem_create(k, ACCOUNT_KERNEL, k->pe, addr, size);
    if (addr == RESCIND_ANY_ADDR)
        size = RESCIND_VPE_MEMORY;
    page = mem_take(k, addr, size);
    if (page == PAGES_NONE)
        return 0;
    memset(pages_at(k, (uint64_t)page * RESCIND_PAGE), 0, mem_pages(size) * RESCIND_PAGE);
    return mem_create_whole(k, ACCOUNT_KERNEL, page, size);
}

enum rescind_error vpe_boot(struct rescind_kernel *k, uint64_t mem_addr, uint64_t mem_size)
{
    uint32_t vpe = k->vpe_count;
    uint32_t table = table_of(vpe, TABLE_OBJECT), mem;

    if (vpe == k->vpe_limit)
        return RESCIND_NO_SPACE;
    mem = pool_left(k) < 3 ? 0 : boot_memory(k, mem_addr, mem_size);
    if (mem == 0)
        return RESCIND_OUT_OF_MEM;
    k->vpe_count++;
    begin(k, vpe)->boot = true;
    cap_create_at(k, &(struct cap_spec){
                         .table = table,
                         .sel = RESCIND_SEL_VPE,
                         .type = RESCIND_CAP_VPE,
                         .flags = CAP_BOUND,
                         .home = k->pe,
                         .object = vpe,
                     });
    cap_create_at(k, &(struct cap_spec){
                         .table = table,
                         .sel = RESCIND_SEL_MEM,
                         .type = RESCIND_CAP_MEM,
                         .rights = RESCIND_PERM_R | RESCIND_PERM_W | RESCIND_PERM_X,
                         .home = k->pe,
                         .object = mem,
                     });
    return RESCIND_NO_ERROR;
}

enum rescind_error vpe_boot_quota(struct rescind_kernel *k, uint32_t vpe, uint32_t nodes)
{
    struct vpe *v = vpe_at(k, vpe);

    if (v->account != ACCOUNT_KERNEL || pool_left(k) < nodes)
        return RESCIND_OUT_OF_MEM;
    v->account = vpe_own_account(vpe);
    move_nodes(k, ACCOUNT_KERNEL, v->account, nodes);
    return RESCIND_NO_ERROR;
}

uint32_t vpe_create(struct rescind_kernel *k, uint32_t maker, uint32_t fund)
{
    uint32_t vpe;
    struct vpe *v;

    if (k->vpe_free != 0) {
        vpe = k->vpe_free - 1;
        k->vpe_free = vpe_at(k, vpe)->next;
    } else {
        vpe = k->vpe_count++;
    }
    v = begin(k, vpe);
    v->asleep = true;
    v->account = vpe_own_account(vpe);
    v->maker = maker;
    vpe_at(k, maker)->made++;
    move_nodes(k, vpe_at(k, maker)->account, v->account, fund);
    return vpe;
}

/* Where its maker has ended before it, its heir is at once the maker of that: so no long line of
 * heirs comes of a family that ends from the top, and their numbers are free as soon as can be. */
static void pass_by_maker(struct rescind_kernel *k, struct vpe *v)
{
    const struct vpe *maker = vpe_at(k, v->maker);
    uint32_t old = v->maker;

    if (v->boot || !maker->ended || maker->boot)
        return;
    v->maker = maker->maker;
    vpe_at(k, v->maker)->made++;
    vpe_at(k, old)->made--;
    settle(k, old);
}

void vpe_bury(struct rescind_kernel *k, uint32_t vpe)
{
    struct vpe *v = vpe_at(k, vpe);

    pass_by_maker(k, v);
    if (v->account != ACCOUNT_KERNEL)
        *account_at(k, v->account) |= ACCOUNT_CLOSED;
    settle(k, vpe);
    if (v->watchers == 0)
        return;
    /* However many they are, this is O(1): the kernel's own task tells them. */
    v->next = k->vpe_watched;
    k->vpe_watched = vpe + 1;
    if (!task_waits(k, task_of_peer(k, k->pe)))
        task_join(k, &k->ready, task_of_peer(k, k->pe));
}

/* ---- Watchers ----------------------------------------------------------------------------- */

static void watch(struct rescind_kernel *k, uint32_t vpe, uint32_t note)
{
    struct note *n = note_at(k, note);

    n->watched = vpe;
    n->prev = 0;
    n->next = vpe_at(k, vpe)->watchers;
    if (n->next != 0)
        note_at(k, n->next)->prev = note;
    vpe_at(k, vpe)->watchers = note;
}

static void unwatch(struct rescind_kernel *k, uint32_t note)
{
    const struct note *n = note_at(k, note);

    if (n->next != 0)
        note_at(k, n->next)->prev = n->prev;
    if (n->prev != 0)
        note_at(k, n->prev)->next = n->next;
    else
        vpe_at(k, n->watched)->watchers = n->next;
}

static void join_askers(struct rescind_kernel *k, uint32_t note)
{
    struct note *n = note_at(k, note);
    uint32_t *first = &peer_at(k, n->pe)->watching;

    n->prev_asker = 0;
    n->next_asker = *first;
    if (*first != 0)
        note_at(k, *first)->prev_asker = note;
    *first = note;
}

static void leave_askers(struct rescind_kernel *k, uint32_t note)
{
    const struct note *n = note_at(k, note);

    if (n->next_asker != 0)
        note_at(k, n->next_asker)->prev_asker = n->prev_asker;
    if (n->prev_asker != 0)
        note_at(k, n->prev_asker)->next_asker = n->next_asker;
    else
        peer_at(k, n->pe)->watching = n->next_asker;
}

/* The note of an earlier call of this asker's, if it is not about to be told; or 0. */
static uint32_t find_note(const struct rescind_kernel *k, uint32_t pe, uint32_t asker)
{
    uint32_t note = peer_at(k, pe)->watching;

    while (note != 0 &&
           (note_at(k, note)->asker != asker || vpe_at(k, note_at(k, note)->watched)->ended))
        note = note_at(k, note)->next_asker;
    return note;
}

bool vpe_watch(struct rescind_kernel *k, uint32_t vpe, uint32_t pe, uint32_t asker, uint32_t serial)
{
    uint32_t note = find_note(k, pe, asker);

    if (note != 0) {
        unwatch(k, note);
        note_at(k, note)->serial = serial;
    } else {
        note = note_create(k, pe, asker, serial, false);
        if (note == 0)
            return false;
        join_askers(k, note);
    }
    watch(k, vpe, note);
    return true;
}

bool vpe_tell_watchers(struct rescind_kernel *k, uint32_t *work)
{
    while (k->vpe_watched != 0 && *work > 0) {
        uint32_t vpe = k->vpe_watched - 1;
        struct vpe *v = vpe_at(k, vpe);
        uint32_t note = v->watchers;
        uint64_t code = v->end_code;

        unwatch(k, note);
        leave_askers(k, note);
        note_put(k, note, 0, &code, sizeof(code));
        if (v->revoked)
            note_tell(k, note, RESCIND_VPE_GONE, 0);
        else
            note_tell(k, note, RESCIND_NO_ERROR, sizeof(code));
        work_spend(work, WORK_REMOVE);
        if (v->watchers == 0) {
            k->vpe_watched = v->next;
            settle(k, vpe);
        }
    }
    return k->vpe_watched != 0;
}

void vpe_fund(struct rescind_kernel *k, uint32_t vpe, uint32_t nodes, bool back)
{
    const struct vpe *v = vpe_at(k, vpe);
    uint32_t of_maker = vpe_at(k, v->maker)->account;

    move_nodes(k, back ? v->account : of_maker, back ? of_maker : v->account, nodes);
}
