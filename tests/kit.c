/* The kit of the unit suites; see kit.h. */
#include "tests/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "cap/table.h"
#include "dtu/ring.h"
#include "rescind/kernel.h"

/* A kernel's pointer is all that a suite keeps. Behind its arena's last page is one that nothing
 * can touch. */
struct kit {
    struct rescind_kernel *kernel;
    size_t size;
};
enum { KITS = 64 };
static struct kit kits[KITS];

static struct kit *kit_of(const struct rescind_kernel *k)
{
    for (int i = 0; i < KITS; i++) {
        if (kits[i].kernel == k)
            return &kits[i];
    }
    fail_msg("more than %d kernels at once", KITS);
    return NULL;
}

struct rescind_kernel *kit_new(uint32_t vpes, uint32_t nodes, uint32_t work, uint64_t seed)
{
    return kit_new_with_memory(vpes, nodes, work, seed, 0);
}

struct rescind_kernel *kit_new_with_memory(uint32_t vpes, uint32_t nodes, uint32_t work,
                                           uint64_t seed, uint32_t memory)
{
    struct rescind_kernel_config config = {
        .vpes = vpes, .nodes = nodes, .work = work, .memory = memory, .seed = seed};
    struct kit *kit = kit_of(NULL);
    void *arena;

    kit->size = rescind_kernel_size(&config);
    assert_true(kit->size > 0);
    kit->size = (kit->size + RESCIND_PAGE - 1) / RESCIND_PAGE * RESCIND_PAGE;
    arena = mmap(NULL, kit->size + RESCIND_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(arena != MAP_FAILED);
    assert_int_equal(mprotect(arena, kit->size, PROT_READ | PROT_WRITE), 0);
    kit->kernel = rescind_kernel_create(arena, kit->size, &config);
    assert_non_null(kit->kernel);
    for (uint32_t vpe = 0; vpe < vpes; vpe++)
        assert_int_equal(rescind_kernel_boot_vpe(kit->kernel,
                                                 memory != 0 ? RESCIND_ANY_ADDR : 0x100000 * vpe,
                                                 0x100000),
                         RESCIND_NO_ERROR);
    return kit->kernel;
}

void kit_free(struct rescind_kernel *k)
{
    struct kit *kit = kit_of(k);

    munmap(kit->kernel, kit->size + RESCIND_PAGE);
    kit->kernel = NULL;
}

/* ---- Messages ----------------------------------------------------------------------------- */

struct message kit_noop(void)
{
    struct message m = {0};

    message_u64(&m, RESCIND_SYS_NOOP);
    return m;
}

struct message kit_creategate(uint32_t dst)
{
    struct message m = {0};

    message_u64(&m, RESCIND_SYS_CREATEGATE);
    message_u64(&m, RESCIND_SEL_VPE);
    message_u64(&m, dst);
    message_u64(&m, 0xCAFE);
    message_u64(&m, RESCIND_EP_FREE);
    message_u64(&m, 1);
    return m;
}

static struct message exchange(uint32_t vpe, uint32_t own, uint32_t other, uint32_t count,
                               bool obtain)
{
    struct message m = {0};

    message_u64(&m, RESCIND_SYS_EXCHANGE);
    message_u64(&m, vpe);
    message_range(&m, (struct rescind_range){.start = own, .count = count});
    message_range(&m, (struct rescind_range){.start = other, .count = count});
    message_u64(&m, obtain);
    return m;
}

struct message kit_delegate(uint32_t vpe, uint32_t own, uint32_t other, uint32_t count)
{
    return exchange(vpe, own, other, count, false);
}

struct message kit_obtain(uint32_t vpe, uint32_t own, uint32_t other, uint32_t count)
{
    return exchange(vpe, own, other, count, true);
}

struct message kit_revoke(uint32_t start, uint32_t count, bool own)
{
    struct message m = {0};

    message_u64(&m, RESCIND_SYS_REVOKE);
    message_range(&m, (struct rescind_range){.start = start, .count = count});
    message_u64(&m, own);
    return m;
}

struct message kit_exit(uint32_t code)
{
    struct message m = {0};

    message_u64(&m, RESCIND_SYS_EXIT);
    message_u64(&m, code);
    return m;
}

/* ---- Events ------------------------------------------------------------------------------- */

void kit_send(struct rescind_kernel *k, uint32_t vpe, struct message message)
{
    struct rescind_header header = {.length = (uint16_t)message.size, .sender_vpe = (uint16_t)vpe};

    assert_int_equal(ring_send(rescind_kernel_syscall_ring(k, vpe), &header, message.bytes),
                     RESCIND_NO_ERROR);
    assert_true(rescind_kernel_message_waiting(k, vpe));
    rescind_kernel_message(k, vpe);
    assert_true(k->worked <= k->work);
}

void kit_work(struct rescind_kernel *k, uint32_t vpe)
{
    rescind_kernel_work(k, vpe);
    assert_true(k->worked <= k->work);
}

void kit_work_first(struct rescind_kernel *k)
{
    assert_true(rescind_kernel_ready(k) >= 0);
    kit_work(k, (uint32_t)rescind_kernel_ready(k));
}

uint64_t kit_rest(struct rescind_kernel *k)
{
    uint64_t events = 0;

    for (; rescind_kernel_ready(k) >= 0; events++)
        kit_work_first(k);
    return events;
}

bool kit_reply(struct rescind_kernel *k, uint32_t vpe, enum rescind_error *error)
{
    struct ring_message reply;
    uint64_t code;

    if (ring_fetch(rescind_kernel_reply_ring(k, vpe), &reply) != RING_MESSAGE)
        return false;
    assert_int_equal(reply.header.length, sizeof(code));
    assert_int_equal(reply.header.sender_pe, k->pe);
    assert_int_equal(reply.header.sender_vpe, RESCIND_VPE_MAX - 1);
    assert_int_equal(reply.header.sender_ep, RESCIND_EP_SYSCALL);
    memcpy(&code, reply.payload, sizeof(code));
    *error = (enum rescind_error)code;
    return true;
}

enum rescind_error kit_call(struct rescind_kernel *k, uint32_t vpe, struct message message)
{
    enum rescind_error error = RESCIND_NO_ERROR;

    kit_send(k, vpe, message);
    kit_rest(k);
    assert_true(kit_reply(k, vpe, &error));
    return error;
}

/* ---- Looking ------------------------------------------------------------------------------ */

uint32_t kit_at(const struct rescind_kernel *k, uint32_t vpe, uint32_t sel)
{
    return table_find(k, table_of(vpe, RESCIND_TABLE_OBJECT), sel);
}

bool kit_holds(const struct rescind_kernel *k, uint32_t vpe, uint32_t sel)
{
    struct rescind_kernel_cap cap;

    return rescind_kernel_find(k, vpe, RESCIND_TABLE_OBJECT, sel, &cap) && cap.sel == sel;
}

uint32_t kit_count(const struct rescind_kernel *k, uint32_t vpe)
{
    return table_at(k, table_of(vpe, RESCIND_TABLE_OBJECT))->count;
}

void kit_audit(const struct rescind_kernel *k)
{
    struct rescind_finding finding;

    if (!rescind_kernel_audit(k, &finding))
        fail_msg("%s is broken at %u: %s", finding.name, finding.where, finding.sentence);
}
