/* Making a kernel: the layout of its arena, and the boot configuration; see rescind/kernel.h. */
#include "rescind/kernel.h"

#include "rescind/platform.h"
#include "base/arena.h"
#include "base/pages.h"
#include "base/task.h"
#include "cap/create.h"
#include "cap/peer.h"
#include "cap/remote.h"
#include "cap/table.h"
#include "object/ioport.h"
#include "object/vpe.h"
#include "syscall/call.h"
#include "syscall/serve.h"

/* Less than five thousand instructions, and enough for a range of 16: see base/work.h. */
enum { DEFAULT_WORK = 64 };

/* So that a search of the pages in one event is bounded by a few hundred words. */
enum { MEMORY_MAX = PAGES_MAX * RESCIND_PAGE };

static size_t round_up(size_t size, size_t to)
{
    return (size + to - 1) / to * to;
}

/* Where everything lies; returns the arena's size. */
static size_t lay_out(struct rescind_kernel *k, const struct rescind_kernel_config *config)
{
    size_t at = ARENA_TABLES + (config->vpes + 1) * TABLE_KINDS * sizeof(struct table);

    k->vpe_limit = config->vpes;
    k->peer_count = config->peers != 0 ? config->peers : 1;
    k->pages = config->memory / RESCIND_PAGE;
    k->accounts = k->returns = at;
    at = round_up(at + 2 * (config->vpes + 1) * sizeof(uint32_t), 64);
    k->tasks = at;
    at = round_up(at + task_count(k) * sizeof(struct task), 64);
    k->vpes = at;
    at = round_up(at + config->vpes * sizeof(struct vpe), 64);
    k->calls = at;
    at = round_up(at + config->vpes * sizeof(struct call), 64);
    k->peers = at;
    at = round_up(at + k->peer_count * sizeof(struct peer), 64);
    k->served = at;
    at += (size_t)k->peer_count * TASK_EXCHANGES * sizeof(struct served);
    k->page_bits = at = round_up(at, 64);
    at = round_up(at + pages_room(k->pages), 64);
    k->buffers = at; /* from here on nothing need be zero */
    at += (size_t)config->vpes * CALL_BUFFER;
    k->letters = at;
    if (k->peer_count > 1)
        at += (size_t)k->peer_count * RESCIND_PEER_LETTERS * RESCIND_DATA_MAX;
    at = round_up(at, VPE_RING_PAGE);
    k->rings = at;
    at += (size_t)config->vpes * 2 * VPE_RING_PAGE;
    k->memory = at;
    at += (size_t)k->pages * RESCIND_PAGE;
    /* One node is set aside, for 0 is none. */
    pool_init(&k->pool, (uint32_t)(at / POOL_NODE_SIZE) + 1,
              (uint32_t)(at / POOL_NODE_SIZE) + config->nodes);
    return at + (size_t)config->nodes * POOL_NODE_SIZE;
}

static bool is_sane(const struct rescind_kernel_config *config)
{
    return config->vpes <= RESCIND_VPE_MAX && config->nodes >= 1 && config->nodes <= INT32_MAX &&
           config->peers <= RESCIND_PE_MAX && config->memory % RESCIND_PAGE == 0 &&
           config->memory <= MEMORY_MAX &&
           config->pe < (config->peers != 0 ? config->peers : RESCIND_PE_MAX);
}

size_t rescind_kernel_size(const struct rescind_kernel_config *config)
{
    struct rescind_kernel k;

    return is_sane(config) ? lay_out(&k, config) : 0;
}

struct rescind_kernel *rescind_kernel_create(void *arena, size_t size,
                                             const struct rescind_kernel_config *config)
{
    struct rescind_kernel *k = arena;

    if (!is_sane(config) || size < rescind_kernel_size(config) ||
        (uintptr_t)arena % VPE_RING_PAGE != 0)
        return NULL;
    memset(k, 0, sizeof(*k));
    lay_out(k, config);
    memset(arena_at(k, ARENA_TABLES), 0, k->buffers - ARENA_TABLES);
    table_init(table_at(k, table_of_names(k)));
    *account_at(k, ACCOUNT_KERNEL) = k->pool.limit - k->pool.first;
    k->work = config->work != 0 ? config->work : DEFAULT_WORK;
    k->pe = config->pe;
    random_init(&k->random, config->seed);
    random_init(&k->names, ~config->seed);
    return k;
}

size_t rescind_kernel_used(const struct rescind_kernel *k)
{
    return (size_t)k->pool.high * POOL_NODE_SIZE;
}

enum rescind_error rescind_kernel_boot_vpe(struct rescind_kernel *k, uint64_t mem_addr,
                                           uint64_t mem_size)
{
    return vpe_boot(k, mem_addr, mem_size);
}

enum rescind_error rescind_kernel_boot_grant(struct rescind_kernel *k, uint32_t vpe, uint32_t sel,
                                             uint32_t target)
{
    uint32_t table = table_of(vpe, RESCIND_TABLE_OBJECT);
    struct cap_spec spec = {
        .table = table,
        .sel = sel,
        .type = RESCIND_CAP_VPE,
        .home = k->pe,
        .object = target,
    };

    if (vpe >= k->vpe_count || target >= k->vpe_count || table_find(k, table, sel) != 0)
        return RESCIND_INV_ARGS;
    spec.parent = table_find(k, table_of(target, RESCIND_TABLE_OBJECT), RESCIND_SEL_VPE);
    return cap_create_at(k, &spec) != 0 ? RESCIND_NO_ERROR : RESCIND_OUT_OF_MEM;
}

enum rescind_error rescind_kernel_boot_grant_across(struct rescind_kernel *to, uint32_t vpe,
                                                    uint32_t sel, struct rescind_kernel *from,
                                                    uint32_t target)
{
    struct cap_spec spec = {
        .table = table_of(vpe, RESCIND_TABLE_OBJECT),
        .sel = sel,
        .type = RESCIND_CAP_VPE,
        .flags = CAP_REMOTE,
        .home = from->pe,
        .object = target,
        .peer = from->pe,
    };
    uint32_t source = 0;

    if (vpe < to->vpe_count && target < from->vpe_count)
        source = table_find(from, table_of(target, RESCIND_TABLE_OBJECT), RESCIND_SEL_VPE);
    if (source == 0 || to->pe == from->pe || to->pe >= from->peer_count ||
        from->pe >= to->peer_count || table_find(to, spec.table, sel) != 0)
        return RESCIND_INV_ARGS;
    if (pool_left(to) == 0 || pool_left(from) == 0)
        return RESCIND_OUT_OF_MEM;
    spec.parent = remote_stub(from, source, to->pe, RESCIND_KEY(to->pe, vpe, RESCIND_CAP_VPE, sel),
                              0, ACCOUNT_KERNEL);
    remote_settle(from, spec.parent);
    cap_create_at(to, &spec);
    return RESCIND_NO_ERROR;
}

enum rescind_error rescind_kernel_boot_quota(struct rescind_kernel *k, uint32_t vpe, uint32_t nodes)
{
    return vpe < k->vpe_count ? vpe_boot_quota(k, vpe, nodes) : RESCIND_INV_ARGS;
}

/* A root of `vpe` that names a number of the machine's. */
static enum rescind_error boot_number(struct rescind_kernel *k, uint32_t vpe, uint32_t sel,
                                      uint8_t type, uint32_t object)
{
    struct cap_spec spec = {
        .table = table_of(vpe, RESCIND_TABLE_OBJECT),
        .sel = sel,
        .type = type,
        .home = k->pe,
        .object = object,
    };

    if (vpe >= k->vpe_count || table_find(k, spec.table, sel) != 0)
        return RESCIND_INV_ARGS;
    if (pool_left(k) == 0)
        return RESCIND_OUT_OF_MEM;
    cap_create_at(k, &spec);
    return RESCIND_NO_ERROR;
}

enum rescind_error rescind_kernel_boot_irq(struct rescind_kernel *k, uint32_t vpe, uint32_t sel,
                                           uint32_t line)
{
    return line < RESCIND_IRQ_LINES ? boot_number(k, vpe, sel, RESCIND_CAP_IRQ, line)
                                    : RESCIND_INV_ARGS;
}

enum rescind_error rescind_kernel_boot_ports(struct rescind_kernel *k, uint32_t vpe, uint32_t sel,
                                             uint32_t first, uint32_t count)
{
    if (count == 0 || first >= RESCIND_PORTS || count > RESCIND_PORTS - first)
        return RESCIND_INV_ARGS;
    return boot_number(k, vpe, sel, RESCIND_CAP_PORTS, ports_object(first, count));
}

struct rescind_ring *rescind_kernel_syscall_ring(struct rescind_kernel *k, uint32_t vpe)
{
    return vpe_syscall_ring(k, vpe);
}

struct rescind_ring *rescind_kernel_reply_ring(struct rescind_kernel *k, uint32_t vpe)
{
    return vpe_reply_ring(k, vpe);
}
