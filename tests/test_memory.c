/* Machine memory: REQMEM, DERIVEMEM, CREATEMAP, READ and WRITE, and the pages below them.
 *
 * Calls go through the rings of a live kernel. A call that is refused must have changed nothing:
 * tables, accounts, pages and what they hold are compared.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/pages.h"
#include "base/work.h"
#include "cap/table.h"
#include "dtu/ring.h"
#include "object/mem.h"
#include "object/vpe.h"
#include "rescind/kernel.h"
#include "tests/kit.h"
#include "tests/system.h"

enum {
    VPES = 3,
    NODES = 256,
    SPARE = 16, /* pages that no VPE has at first, behind those that they have */
    TAKEN = VPES * RESCIND_VPE_MEMORY / RESCIND_PAGE,
    PAGES = TAKEN + SPARE,
    OTHER = 2, /* VPE0 has VPE1 there, and VPE1 has VPE0 */
    MEM = 10,
    PART = 11,
    FREE = 20, /* nothing is at it, and behind it */
    EP = 5,
    VIRT = RESCIND_MAP_FIRST,
    ALL = RESCIND_PERM_R | RESCIND_PERM_W | RESCIND_PERM_X,
};
#define ANY RESCIND_ANY_ADDR

static uint64_t address(uint32_t page)
{
    return (uint64_t)page * RESCIND_PAGE;
}

/* ---- Messages ----------------------------------------------------------------------------- */

static struct message words(uint64_t opcode, const uint64_t *arguments, unsigned count)
{
    struct message m = {0};

    message_u64(&m, opcode);
    for (unsigned i = 0; i < count; i++)
        message_u64(&m, arguments[i]);
    return m;
}
#define WORDS(opcode, ...)                                                                         \
    words(RESCIND_SYS_##opcode, (const uint64_t[]){__VA_ARGS__},                                   \
          sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static struct message reqmem(uint32_t dst, uint64_t addr, uint64_t size, uint32_t perms)
{
    return WORDS(REQMEM, dst, addr, size, perms);
}

static struct message derivemem(uint32_t src, uint32_t dst, uint64_t off, uint64_t size,
                                uint32_t perms)
{
    return WORDS(DERIVEMEM, src, dst, off, size, perms);
}

static struct message createmap(uint32_t vpe, uint32_t mem, uint32_t first, uint32_t pages,
                                uint32_t dst, uint32_t perms)
{
    return WORDS(CREATEMAP, vpe, mem, first, pages, dst, perms);
}

static struct message activate(uint32_t ep, uint32_t sel)
{
    return WORDS(ACTIVATE, ep, RESCIND_NONE, sel);
}

static struct message read(uint32_t ep, uint64_t off, uint64_t size)
{
    return WORDS(READ, ep, off, size);
}

static struct message write(uint32_t ep, uint64_t off, const void *data, size_t size)
{
    struct message m = WORDS(WRITE, ep, off, size);

    message_put(&m, data, size);
    return m;
}

/* ---- A kernel ----------------------------------------------------------------------------- */

static struct rescind_kernel *kernel_new(uint32_t work)
{
    struct rescind_kernel *k =
        kit_new_with_memory(VPES, NODES, work, 1, PAGES * (uint32_t)RESCIND_PAGE);

    assert_int_equal(rescind_kernel_boot_grant(k, 0, OTHER, 1), RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_boot_grant(k, 1, OTHER, 0), RESCIND_NO_ERROR);
    return k;
}

static void must(struct rescind_kernel *k, uint32_t vpe, struct message message)
{
    assert_int_equal(kit_call(k, vpe, message), RESCIND_NO_ERROR);
    kit_audit(k);
}

/* What a call that is refused must leave as it was. */
struct state {
    uint32_t used, counts[VPES * TABLE_KINDS], accounts[VPES + 1], versions[VPES];
    bool taken[PAGES];
    uint8_t bytes[PAGES * RESCIND_PAGE];
};

static struct state *state_of(struct rescind_kernel *k)
{
    struct state *s = calloc(1, sizeof(*s));
    size_t size;
    const void *memory = rescind_kernel_memory(k, &size);

    s->used = pool_used(k);
    for (uint32_t table = 0; table < VPES * TABLE_KINDS; table++)
        s->counts[table] = table_at(k, table)->count;
    for (uint32_t account = 0; account <= VPES; account++)
        s->accounts[account] = *account_at(k, account);
    for (uint32_t vpe = 0; vpe < VPES; vpe++)
        s->versions[vpe] = rescind_kernel_map_version(k, vpe);
    for (uint32_t page = 0; page < PAGES; page++)
        s->taken[page] = page_is_taken(k, page);
    assert_int_equal(size, sizeof(s->bytes));
    memcpy(s->bytes, memory, size);
    return s;
}

/* With only `left` more nodes to be had. */
static void refuses_with(struct rescind_kernel *k, uint32_t left, uint32_t vpe,
                         struct message message, enum rescind_error error)
{
    struct state *before = state_of(k), *after;

    rescind_kernel_starve(k, left);
    assert_int_equal(kit_call(k, vpe, message), error);
    kit_audit(k);
    rescind_kernel_starve(k, UINT32_MAX);
    after = state_of(k);
    /* What was mapped and undone counts as a change of the mappings. */
    memcpy(after->versions, before->versions, sizeof(after->versions));
    assert_memory_equal(before, after, sizeof(*before));
    free(before);
    free(after);
}

static void refuses(struct rescind_kernel *k, uint32_t vpe, struct message message,
                    enum rescind_error error)
{
    refuses_with(k, UINT32_MAX, vpe, message, error);
}

static uint32_t pages_taken(const struct rescind_kernel *k)
{
    uint32_t taken = 0;

    for (uint32_t page = 0; page < k->pages; page++)
        taken += page_is_taken(k, page);
    return taken;
}

/* Where the memory at `sel` lies. */
static const struct mem *memory_at(const struct rescind_kernel *k, uint32_t vpe, uint32_t sel)
{
    uint32_t cap = kit_at(k, vpe, sel);

    assert_int_not_equal(cap, 0);
    return mem_at(k, cap_at(k, cap)->object);
}

static uint32_t page_at(const struct rescind_kernel *k, uint32_t vpe, uint32_t sel)
{
    return (uint32_t)(memory_at(k, vpe, sel)->addr / RESCIND_PAGE);
}

static enum rescind_mapping_state mapping(const struct rescind_kernel *k, uint32_t vpe,
                                          uint32_t page)
{
    struct rescind_kernel_mapping ignored;

    return rescind_kernel_mapping(k, vpe, page, &ignored);
}

/* Of `count` pages from `page` on: how many are there. */
static uint32_t mapped(const struct rescind_kernel *k, uint32_t vpe, uint32_t page, uint32_t count)
{
    uint32_t there = 0;

    for (uint32_t i = 0; i < count; i++)
        there += mapping(k, vpe, page + i) == RESCIND_MAPPING_THERE;
    return there;
}

/* A reply to READ: its error, and its data, which must be `size` bytes. */
static enum rescind_error read_reply(struct rescind_kernel *k, uint32_t vpe, void *data,
                                     size_t size)
{
    struct __attribute__((packed)) {
        uint64_t error, size;
        uint8_t data[RESCIND_DATA_MAX];
    } reply = {0};

    assert_true(rescind_kernel_receive(k, vpe, &reply, sizeof(reply)));
    if (reply.error == RESCIND_NO_ERROR) {
        assert_int_equal(reply.size, size);
        memcpy(data, reply.data, size);
        for (size_t i = size; i % 8 != 0; i++)
            assert_int_equal(reply.data[i], 0);
    }
    return (enum rescind_error)reply.error;
}

static void must_read(struct rescind_kernel *k, uint32_t vpe, uint32_t ep, uint64_t off, void *data,
                      size_t size)
{
    kit_send(k, vpe, read(ep, off, size));
    assert_int_equal(read_reply(k, vpe, data, size), RESCIND_NO_ERROR);
}

/* ---- The pages ---------------------------------------------------------------------------- */

/* First fit, page by page. */
static uint32_t naive_find(const bool *taken, uint32_t pages, uint32_t count)
{
    for (uint32_t first = 0; first + count <= pages; first++) {
        uint32_t run = 0;
        while (run < count && !taken[first + run])
            run++;
        if (run == count)
            return first;
    }
    return PAGES_NONE;
}

static void naive_set(bool *taken, uint32_t first, uint32_t count, bool value)
{
    for (uint32_t page = first; page < first + count; page++) {
        assert_int_not_equal(taken[page], value);
        taken[page] = value;
    }
}

enum { RUNS = 64, ROUNDS = 20000, LONGEST = 150 };

/* Runs of all lengths are taken and given back in any order, and nothing is lost: what is given
 * back is one with its free neighbours. */
static void pages_are_found_as_by_looking_at_each_of_them(void **state)
{
    static bool taken[300];
    static struct {
        uint32_t first, count;
    } runs[RUNS];
    static const uint32_t sizes[] = {1, 63, 64, 65, 300};

    (void)state;
    for (unsigned s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        uint32_t pages = sizes[s], seed = s;
        struct rescind_kernel *k = kit_new_with_memory(0, 1, 0, 1, pages * RESCIND_PAGE);
        memset(taken, 0, sizeof(taken));
        memset(runs, 0, sizeof(runs));
        for (uint32_t round = 0; round < ROUNDS; round++) {
            seed = seed * 1664525 + 1013904223;
            uint32_t i = (seed >> 8) % RUNS, count = 1 + (seed >> 16) % (round % LONGEST + 1);
            uint32_t first = (seed >> 20) % (pages + 2);
            if (runs[i].count != 0) {
                pages_give(k, runs[i].first, runs[i].count);
                naive_set(taken, runs[i].first, runs[i].count, false);
                runs[i].count = 0;
                continue;
            }
            if (round % 3 == 0) {
                bool free = first + count <= pages;
                for (uint32_t page = first; free && page < first + count; page++)
                    free = !taken[page];
                assert_int_equal(pages_take_at(k, first, count), free);
                if (!free)
                    continue;
            } else {
                first = naive_find(taken, pages, count);
                assert_int_equal(pages_take(k, count), first);
                if (first == PAGES_NONE)
                    continue;
            }
            naive_set(taken, first, count, true);
            runs[i].first = first;
            runs[i].count = count;
        }
        for (uint32_t page = 0; page < pages; page++)
            assert_int_equal(page_is_taken(k, page), taken[page]);
        kit_free(k);
    }
}

static void booting_takes_memory_and_fails_cleanly_without(void **state)
{
    struct rescind_kernel *k = kit_new_with_memory(0, NODES, 0, 1, 0);
    struct rescind_kernel_config config = {
        .vpes = 4, .nodes = NODES, .memory = 5 * RESCIND_PAGE, .seed = 1};
    size_t size = rescind_kernel_size(&config), bytes;
    void *arena = aligned_alloc(RESCIND_PAGE, size);

    (void)state;
    kit_free(k);
    memset(arena, 0xff, size);
    k = rescind_kernel_create(arena, size, &config);
    assert_non_null(k);
    assert_int_equal(rescind_kernel_boot_vpe(k, ANY, 0), RESCIND_NO_ERROR);
    assert_int_equal(memory_at(k, 0, RESCIND_SEL_MEM)->addr, 0);
    assert_int_equal(memory_at(k, 0, RESCIND_SEL_MEM)->size, RESCIND_VPE_MEMORY);
    for (uint32_t i = 0; i < RESCIND_VPE_MEMORY; i++)
        assert_int_equal(((uint8_t *)rescind_kernel_memory(k, &bytes))[i], 0);
    assert_int_equal(rescind_kernel_boot_vpe(k, address(1), 8), RESCIND_OUT_OF_MEM);
    assert_int_equal(rescind_kernel_boot_vpe(k, address(2) + 8, 8), RESCIND_OUT_OF_MEM);
    assert_int_equal(rescind_kernel_boot_vpe(k, address(2), address(4)), RESCIND_OUT_OF_MEM);
    assert_int_equal(rescind_kernel_boot_vpe(k, address(6), 8), RESCIND_OUT_OF_MEM);
    assert_int_equal(rescind_kernel_boot_vpe(k, address(2), 0), RESCIND_OUT_OF_MEM);
    assert_int_equal(pages_taken(k), 2);
    assert_int_equal(rescind_kernel_boot_vpe(k, address(3), 8), RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_boot_vpe(k, ANY, 0), RESCIND_OUT_OF_MEM);
    assert_int_equal(pages_taken(k), 3);
    kit_audit(k);
    free(arena);
}

/* ---- REQMEM ------------------------------------------------------------------------------- */

static void reqmem_refuses_what_makes_no_sense(void **state)
{
    struct rescind_kernel *k = kernel_new(0);

    (void)state;
    refuses(k, 0, reqmem(OTHER, ANY, 8, ALL), RESCIND_INV_ARGS);
    refuses(k, 0, reqmem(FREE, ANY, 0, ALL), RESCIND_INV_ARGS);
    refuses(k, 0, reqmem(FREE, ANY, 8, 0), RESCIND_INV_ARGS);
    refuses(k, 0, reqmem(FREE, ANY, 8, 8), RESCIND_INV_ARGS);
    refuses(k, 0, reqmem(FREE, address(TAKEN) + 8, 8, ALL), RESCIND_INV_ARGS);
    refuses(k, 0, reqmem(FREE, address(PAGES), 8, ALL), RESCIND_INV_ARGS);
    refuses(k, 0, reqmem(FREE, address(PAGES - 1), RESCIND_PAGE + 1, ALL), RESCIND_INV_ARGS);
    refuses(k, 0, reqmem(FREE, address(TAKEN), UINT64_MAX, ALL), RESCIND_INV_ARGS);
    refuses(k, 0, reqmem(FREE, ANY - RESCIND_PAGE + 1, RESCIND_PAGE, ALL), RESCIND_INV_ARGS);
    refuses(k, 0, WORDS(REQMEM, FREE, ANY, 8), RESCIND_INV_ARGS);
    refuses(k, 0, reqmem(FREE, address(TAKEN - 1), 8, ALL), RESCIND_OUT_OF_MEM);
    refuses(k, 0, reqmem(FREE, address(TAKEN - 1), RESCIND_PAGE + 1, ALL), RESCIND_OUT_OF_MEM);
    refuses(k, 0, reqmem(FREE, ANY, address(SPARE) + 1, ALL), RESCIND_OUT_OF_MEM);
    refuses(k, 0, reqmem(FREE, ANY, UINT64_MAX, ALL), RESCIND_OUT_OF_MEM);
    kit_free(k);
}

static void without_machine_memory_there_is_none_to_be_had(void **state)
{
    struct rescind_kernel *k = kit_new(1, NODES, 0, 1);
    uint64_t word = 0;

    (void)state;
    assert_int_equal(kit_call(k, 0, reqmem(FREE, ANY, 8, ALL)), RESCIND_OUT_OF_MEM);
    assert_int_equal(kit_call(k, 0, reqmem(FREE, 0, 8, ALL)), RESCIND_INV_ARGS);
    /* What a VPE has is a name only, and can't be reached. */
    must(k, 0, derivemem(RESCIND_SEL_MEM, PART, 0, 8, ALL));
    must(k, 0, activate(EP, PART));
    assert_int_equal(kit_call(k, 0, read(EP, 0, 8)), RESCIND_INV_ARGS);
    assert_int_equal(kit_call(k, 0, write(EP, 0, &word, 8)), RESCIND_INV_ARGS);
    assert_int_equal(kit_call(k, 0, createmap(0, RESCIND_SEL_MEM, 0, 1, VIRT, ALL)),
                     RESCIND_INV_ARGS);
    kit_free(k);
}

static void reqmem_takes_the_first_pages_that_fit_or_those_it_names(void **state)
{
    struct rescind_kernel *k = kernel_new(0);

    (void)state;
    must(k, 0, reqmem(20, ANY, 1, ALL));
    must(k, 0, reqmem(21, ANY, RESCIND_PAGE + 1, ALL));
    must(k, 1, reqmem(22, ANY, RESCIND_PAGE, ALL));
    must(k, 0, reqmem(23, address(TAKEN + 6), 3 * RESCIND_PAGE, ALL));
    assert_int_equal(page_at(k, 0, 20), TAKEN);
    assert_int_equal(memory_at(k, 0, 20)->size, 1);
    assert_int_equal(page_at(k, 0, 21), TAKEN + 1);
    assert_int_equal(page_at(k, 1, 22), TAKEN + 3);
    assert_int_equal(page_at(k, 0, 23), TAKEN + 6);
    /* Two are free between 22 and 23, and those behind them. */
    must(k, 0, reqmem(24, ANY, 3 * RESCIND_PAGE, ALL));
    assert_int_equal(page_at(k, 0, 24), TAKEN + 9);
    must(k, 0, reqmem(25, ANY, 2 * RESCIND_PAGE, ALL));
    assert_int_equal(page_at(k, 0, 25), TAKEN + 4);
    /* What goes is one with what is free beside it. */
    must(k, 0, kit_revoke(21, 1, true));
    must(k, 0, kit_revoke(25, 1, true));
    must(k, 1, kit_revoke(22, 1, true));
    must(k, 0, reqmem(26, ANY, 5 * RESCIND_PAGE, ALL));
    assert_int_equal(page_at(k, 0, 26), TAKEN + 1);
    kit_free(k);
}

/* At any speed, whatever was there; until all is clear nobody sees it. */
static void reqmem_hands_out_cleared_pages(void **state)
{
    (void)state;
    for (uint32_t work = 1; work <= 128; work *= 2) {
        struct rescind_kernel *k = kernel_new(work);
        size_t size;
        uint8_t *memory = rescind_kernel_memory(k, &size);
        uint32_t events = 1;
        memset(memory, 0xaa, size);
        kit_send(k, 0, reqmem(MEM, ANY, 4 * RESCIND_PAGE - 7, ALL));
        for (; rescind_kernel_ready(k) >= 0; events++) {
            kit_audit(k);
            assert_false(kit_holds(k, 0, MEM));
            assert_int_equal(pages_taken(k), TAKEN + 4);
            kit_work_first(k);
        }
        assert_int_equal(events, work < 2 * WORK_PAGE ? 4 : 4 * WORK_PAGE / work);
        assert_true(kit_holds(k, 0, MEM));
        for (uint32_t i = 0; i < 4 * RESCIND_PAGE; i++)
            assert_int_equal(memory[address(TAKEN) + i], 0);
        assert_int_equal(memory[address(TAKEN) - 1], 0xaa);
        assert_int_equal(memory[address(TAKEN + 4)], 0xaa);
        kit_free(k);
    }
}

/* While it clears, who wants its selector waits, and then finds it taken. */
static void nothing_comes_between_a_reqmem_and_its_selector(void **state)
{
    struct rescind_kernel *k = kernel_new(1);
    enum rescind_error error;

    (void)state;
    kit_send(k, 0, reqmem(MEM, ANY, 3 * RESCIND_PAGE, ALL));
    kit_send(k, 1, kit_delegate(OTHER, RESCIND_SEL_MEM, MEM, 1));
    assert_false(kit_reply(k, 1, &error));
    kit_rest(k);
    assert_true(kit_reply(k, 0, &error));
    assert_int_equal(error, RESCIND_NO_ERROR);
    assert_true(kit_reply(k, 1, &error));
    assert_int_equal(error, RESCIND_INV_ARGS);
    kit_audit(k);
    kit_free(k);
}

static void a_vpe_that_is_ended_in_a_reqmem_leaves_no_pages_behind(void **state)
{
    (void)state;
    for (uint32_t steps = 0; steps < 3; steps++) {
        struct rescind_kernel *k = kernel_new(1);
        kit_send(k, 0, reqmem(MEM, ANY, 3 * RESCIND_PAGE, ALL));
        for (uint32_t i = 0; i < steps; i++)
            kit_work(k, 0);
        rescind_kernel_end(k, 0, 1);
        while (rescind_kernel_ready(k) >= 0) {
            kit_work_first(k);
            kit_audit(k);
        }
        assert_int_equal(rescind_kernel_vpe_state(k, 0), RESCIND_VPE_ENDED);
        assert_int_equal(pages_taken(k), TAKEN - RESCIND_VPE_MEMORY / RESCIND_PAGE);
        kit_free(k);
    }
}

/* ---- When memory goes --------------------------------------------------------------------- */

/* As long as there is a capability of it, also a derived one, and not longer. */
static void memory_goes_with_its_last_capability(void **state)
{
    struct rescind_kernel *k = kernel_new(1);

    (void)state;
    must(k, 0, reqmem(MEM, ANY, 2 * RESCIND_PAGE, ALL));
    must(k, 0, derivemem(MEM, PART, RESCIND_PAGE, 16, RESCIND_PERM_R));
    must(k, 0, kit_delegate(OTHER, PART, MEM, 1));
    must(k, 1, derivemem(MEM, PART, 8, 8, RESCIND_PERM_R));
    must(k, 1, activate(EP, PART));
    must(k, 0, createmap(OTHER, MEM, 0, 2, VIRT, RESCIND_PERM_R));
    assert_int_equal(pages_taken(k), TAKEN + 2);
    /* Parts come and go, and the whole stays. */
    must(k, 0, kit_revoke(PART, 1, true));
    assert_int_equal(pages_taken(k), TAKEN + 2);
    must(k, 0, kit_revoke(MEM, 1, false));
    assert_int_equal(pages_taken(k), TAKEN + 2);
    assert_int_equal(mapped(k, 1, VIRT, 2), 0);
    must(k, 0, kit_delegate(OTHER, MEM, MEM, 1));
    must(k, 1, createmap(RESCIND_SEL_VPE, MEM, 0, 2, VIRT, ALL));
    kit_send(k, 0, kit_revoke(MEM, 1, true));
    while (rescind_kernel_ready(k) >= 0) {
        bool any = kit_at(k, 0, MEM) != 0 || kit_at(k, 1, MEM) != 0 || mapped(k, 1, VIRT, 2) != 0;
        assert_int_equal(pages_taken(k), any ? TAKEN + 2 : TAKEN);
        kit_work_first(k);
        kit_audit(k);
    }
    assert_int_equal(pages_taken(k), TAKEN);
    kit_free(k);
}

static void memory_goes_with_the_vpe_that_had_it(void **state)
{
    struct rescind_kernel *k = kernel_new(2);

    (void)state;
    must(k, 0, reqmem(MEM, ANY, 2 * RESCIND_PAGE, ALL));
    must(k, 0, kit_delegate(OTHER, MEM, MEM, 1));
    must(k, 1, createmap(RESCIND_SEL_VPE, MEM, 0, 2, VIRT, ALL));
    must(k, 1, activate(EP, MEM));
    kit_send(k, 0, kit_exit(0));
    kit_rest(k);
    kit_audit(k);
    assert_false(kit_holds(k, 1, MEM));
    assert_int_equal(mapped(k, 1, VIRT, 2), 0);
    assert_int_equal(kit_call(k, 1, read(EP, 0, 8)), RESCIND_EP_INVALID);
    assert_int_equal(pages_taken(k), TAKEN - RESCIND_VPE_MEMORY / RESCIND_PAGE);
    kit_free(k);
}

/* ---- DERIVEMEM ---------------------------------------------------------------------------- */

static void derivemem_refuses_what_makes_no_sense(void **state)
{
    struct rescind_kernel *k = kernel_new(0);

    (void)state;
    must(k, 0, reqmem(MEM, ANY, 100, RESCIND_PERM_R | RESCIND_PERM_W));
    refuses(k, 0, derivemem(FREE, PART, 0, 8, RESCIND_PERM_R), RESCIND_INV_ARGS);
    refuses(k, 0, derivemem(OTHER, PART, 0, 8, RESCIND_PERM_R), RESCIND_INV_ARGS);
    refuses(k, 0, derivemem(MEM, OTHER, 0, 8, RESCIND_PERM_R), RESCIND_INV_ARGS);
    refuses(k, 0, derivemem(MEM, MEM, 0, 8, RESCIND_PERM_R), RESCIND_INV_ARGS);
    refuses(k, 0, derivemem(MEM, PART, 0, 0, RESCIND_PERM_R), RESCIND_INV_ARGS);
    refuses(k, 0, derivemem(MEM, PART, 0, 101, RESCIND_PERM_R), RESCIND_INV_ARGS);
    refuses(k, 0, derivemem(MEM, PART, 100, 1, RESCIND_PERM_R), RESCIND_INV_ARGS);
    refuses(k, 0, derivemem(MEM, PART, 101, 1, RESCIND_PERM_R), RESCIND_INV_ARGS);
    refuses(k, 0, derivemem(MEM, PART, UINT64_MAX, 2, RESCIND_PERM_R), RESCIND_INV_ARGS);
    refuses(k, 0, derivemem(MEM, PART, 2, UINT64_MAX, RESCIND_PERM_R), RESCIND_INV_ARGS);
    refuses(k, 0, derivemem(MEM, PART, 0, 8, 0), RESCIND_INV_ARGS);
    refuses(k, 0, derivemem(MEM, PART, 0, 8, 8), RESCIND_INV_ARGS);
    refuses(k, 0, derivemem(MEM, PART, 0, 8, ALL), RESCIND_NO_PERM);
    refuses(k, 0, WORDS(DERIVEMEM, MEM, PART, 0, 8), RESCIND_INV_ARGS);
    must(k, 0, derivemem(MEM, PART, 99, 1, RESCIND_PERM_R));
    assert_int_equal(memory_at(k, 0, PART)->addr, address(TAKEN) + 99);
    assert_int_equal(memory_at(k, 0, PART)->size, 1);
    kit_free(k);
}

static void derived_permissions_only_shrink(void **state)
{
    struct rescind_kernel *k = kernel_new(0);

    (void)state;
    for (uint32_t has = 1; has <= ALL; has++) {
        must(k, 0, reqmem(MEM, ANY, 64, has));
        for (uint32_t wants = 1; wants <= ALL; wants++) {
            bool less = (wants & ~has) == 0;
            assert_int_equal(kit_call(k, 0, derivemem(MEM, PART, 0, 64, wants)),
                             less ? RESCIND_NO_ERROR : RESCIND_NO_PERM);
            kit_audit(k);
            if (!less)
                continue;
            /* The part's, and what a copy of it and what is derived from that has. */
            must(k, 0, kit_delegate(OTHER, PART, MEM, 1));
            assert_int_equal(kit_call(k, 1, derivemem(MEM, PART, 0, 8, has)),
                             has == wants ? RESCIND_NO_ERROR : RESCIND_NO_PERM);
            must(k, 0, kit_revoke(PART, 1, true));
        }
        must(k, 0, kit_revoke(MEM, 1, true));
    }
    kit_free(k);
}

/* ---- CREATEMAP ---------------------------------------------------------------------------- */

static void createmap_refuses_what_makes_no_sense(void **state)
{
    struct rescind_kernel *k = kernel_new(0);

    (void)state;
    must(k, 0, reqmem(MEM, ANY, 4 * RESCIND_PAGE - 1, RESCIND_PERM_R));
    must(k, 0, derivemem(MEM, PART, 8, 2 * RESCIND_PAGE, RESCIND_PERM_R));
    must(k, 0, createmap(OTHER, MEM, 0, 1, VIRT + 9, RESCIND_PERM_R));
    refuses(k, 0, createmap(FREE, MEM, 0, 1, VIRT, RESCIND_PERM_R), RESCIND_INV_ARGS);
    refuses(k, 0, createmap(MEM, MEM, 0, 1, VIRT, RESCIND_PERM_R), RESCIND_INV_ARGS);
    refuses(k, 0, createmap(OTHER, FREE, 0, 1, VIRT, RESCIND_PERM_R), RESCIND_INV_ARGS);
    refuses(k, 0, createmap(OTHER, OTHER, 0, 1, VIRT, RESCIND_PERM_R), RESCIND_INV_ARGS);
    refuses(k, 0, createmap(OTHER, PART, 0, 1, VIRT, RESCIND_PERM_R), RESCIND_INV_ARGS);
    refuses(k, 0, createmap(OTHER, MEM, 0, 0, VIRT, RESCIND_PERM_R), RESCIND_INV_ARGS);
    refuses(k, 0, createmap(OTHER, MEM, 0, 4, VIRT, RESCIND_PERM_R), RESCIND_INV_ARGS);
    refuses(k, 0, createmap(OTHER, MEM, 3, 1, VIRT, RESCIND_PERM_R), RESCIND_INV_ARGS);
    refuses(k, 0, createmap(OTHER, MEM, UINT32_MAX, 2, VIRT, RESCIND_PERM_R), RESCIND_INV_ARGS);
    refuses(k, 0, createmap(OTHER, MEM, 2, UINT32_MAX, VIRT, RESCIND_PERM_R), RESCIND_INV_ARGS);
    refuses(k, 0, createmap(OTHER, MEM, 0, 1, VIRT - 1, RESCIND_PERM_R), RESCIND_INV_ARGS);
    refuses(k, 0, createmap(OTHER, MEM, 0, 1, RESCIND_MAP_END, RESCIND_PERM_R), RESCIND_INV_ARGS);
    refuses(k, 0, createmap(OTHER, MEM, 0, 2, RESCIND_MAP_END - 1, RESCIND_PERM_R),
            RESCIND_INV_ARGS);
    refuses(k, 0, createmap(OTHER, MEM, 0, 1, VIRT, 0), RESCIND_INV_ARGS);
    refuses(k, 0, createmap(OTHER, MEM, 0, 1, VIRT, 8), RESCIND_INV_ARGS);
    refuses(k, 0, createmap(OTHER, MEM, 0, 3, VIRT + 8, RESCIND_PERM_R), RESCIND_INV_ARGS);
    refuses(k, 0, createmap(OTHER, MEM, 0, 1, VIRT, RESCIND_PERM_W), RESCIND_NO_PERM);
    refuses(k, 0, WORDS(CREATEMAP, OTHER, MEM, 0, 1, VIRT), RESCIND_INV_ARGS);
    must(k, 0, createmap(OTHER, MEM, 0, 3, RESCIND_MAP_END - 3, RESCIND_PERM_R));
    kit_free(k);
}

static void createmap_leaves_nothing_where_one_page_is_in_use(void **state)
{
    (void)state;
    for (uint32_t work = 1; work <= 64; work += 3) {
        for (uint32_t used = 0; used < 8; used++) {
            struct rescind_kernel *k = kernel_new(work);
            must(k, 0, reqmem(MEM, ANY, 8 * RESCIND_PAGE, RESCIND_PERM_R));
            must(k, 0, createmap(OTHER, MEM, 0, 1, VIRT + used, RESCIND_PERM_R));
            refuses(k, 0, createmap(OTHER, MEM, 0, 8, VIRT, RESCIND_PERM_R), RESCIND_INV_ARGS);
            assert_int_equal(mapped(k, 1, VIRT, 9), 1);
            if (work == 1) { /* one page an event, to and fro */
                enum rescind_error error;
                kit_send(k, 0, createmap(OTHER, MEM, 0, 8, VIRT, RESCIND_PERM_R));
                assert_true(kit_rest(k) + 2 >= 2 * used);
                assert_true(kit_reply(k, 0, &error));
            }
            kit_free(k);
        }
    }
}

static void createmap_maps_each_page_and_revocation_unmaps_it(void **state)
{
    (void)state;
    for (uint32_t work = 1; work <= 64; work *= 4) {
        struct rescind_kernel *k = kernel_new(work);
        uint32_t version = rescind_kernel_map_version(k, 1);
        must(k, 0, reqmem(MEM, ANY, 8 * RESCIND_PAGE, RESCIND_PERM_R | RESCIND_PERM_W));
        must(k, 0, derivemem(MEM, PART, RESCIND_PAGE, 6 * RESCIND_PAGE, RESCIND_PERM_R));
        must(k, 0, createmap(OTHER, PART, 1, 5, VIRT + 2, RESCIND_PERM_R));
        assert_int_equal(rescind_kernel_map_version(k, 1), version);
        for (uint32_t i = 0; i < 5; i++) {
            struct rescind_kernel_mapping page = {.pe = 9};
            assert_int_equal(rescind_kernel_mapping(k, 1, VIRT + 2 + i, &page),
                             RESCIND_MAPPING_THERE);
            assert_int_equal(page.pe, 0);
            assert_int_equal(page.frame, TAKEN + 2 + i);
            assert_int_equal(page.rights, RESCIND_PERM_R);
        }
        assert_int_equal(mapping(k, 1, VIRT + 1), RESCIND_MAPPING_NONE);
        assert_int_equal(mapping(k, 1, VIRT + 7), RESCIND_MAPPING_NONE);
        assert_int_equal(mapping(k, 0, VIRT + 2), RESCIND_MAPPING_NONE);
        /* The mapped VPE may let go of them one by one. */
        must(k, 1, WORDS(REVOKE, RESCIND_TABLE_MAP | (uint64_t)(VIRT + 4) << 32, 1, 1));
        assert_int_equal(mapped(k, 1, VIRT, 9), 4);
        version = rescind_kernel_map_version(k, 1);
        must(k, 0, kit_revoke(PART, 1, true));
        assert_int_not_equal(rescind_kernel_map_version(k, 1), version);
        assert_int_equal(mapped(k, 1, VIRT, 9), 0);
        kit_free(k);
    }
}

static void a_mapping_can_be_handed_on_and_goes_with_what_it_is_from(void **state)
{
    struct rescind_kernel *k = kernel_new(0);
    const uint64_t from = RESCIND_TABLE_MAP | (uint64_t)VIRT << 32;
    const uint64_t to = RESCIND_TABLE_MAP | (uint64_t)(VIRT + 8) << 32;
    uint32_t version;

    (void)state;
    must(k, 0, reqmem(MEM, ANY, 2 * RESCIND_PAGE, ALL));
    must(k, 0, createmap(RESCIND_SEL_VPE, MEM, 0, 2, VIRT, RESCIND_PERM_R));
    must(k, 0, WORDS(EXCHANGE, OTHER, from, 2, to, 2, 0));
    assert_int_equal(mapped(k, 1, VIRT + 8, 2), 2);
    version = rescind_kernel_map_version(k, 1);
    must(k, 0, WORDS(REVOKE, from, 1, 1));
    assert_int_equal(mapped(k, 1, VIRT + 8, 2), 1);
    assert_int_not_equal(rescind_kernel_map_version(k, 1), version);
    kit_free(k);
}

enum { LONG = 12 };

/* The next event, or the one behind it in the line; *there: all pages were mapped once, before
 * which none was. */
static void event(struct rescind_kernel *k, bool second, bool *there)
{
    int32_t next = rescind_kernel_ready(k);
    uint32_t pages;

    if (second && rescind_kernel_ready_after(k, (uint32_t)next) >= 0)
        next = rescind_kernel_ready_after(k, (uint32_t)next);
    kit_work(k, (uint32_t)next);
    kit_audit(k);
    pages = mapped(k, 0, VIRT, LONG);
    *there |= pages == LONG;
    assert_true(*there || pages == 0);
}

/* Whenever a REVOKE of the memory comes: all pages are mapped, or none is, and in the end none. */
static void a_long_createmap_and_a_revocation_of_its_memory_are_one_after_the_other(void **state)
{
    (void)state;
    for (uint32_t work = 1; work <= 17; work += 4) {
        for (uint32_t steps = 0; steps < 3 * LONG * WORK_COPY; steps++) {
            for (uint32_t turn = 0; turn < 2; turn++) {
                struct rescind_kernel *k = kernel_new(work);
                enum rescind_error error;
                bool there = false;
                must(k, 0, reqmem(MEM, ANY, LONG * RESCIND_PAGE, ALL));
                must(k, 0, kit_delegate(OTHER, MEM, MEM, 1));
                kit_send(k, 1, createmap(OTHER, MEM, 0, LONG, VIRT, ALL));
                for (uint32_t i = 0; i < steps && rescind_kernel_ready(k) >= 0; i++)
                    event(k, false, &there);
                kit_send(k, 0, kit_revoke(MEM, 1, false));
                while (rescind_kernel_ready(k) >= 0)
                    event(k, turn == 1, &there);
                assert_true(kit_reply(k, 0, &error));
                assert_int_equal(error, RESCIND_NO_ERROR);
                assert_true(kit_reply(k, 1, &error));
                assert_true(error == RESCIND_NO_ERROR || error == RESCIND_INV_ARGS);
                assert_true(!there || error == RESCIND_NO_ERROR);
                assert_int_equal(mapped(k, 0, VIRT, LONG), 0);
                assert_false(kit_holds(k, 1, MEM));
                kit_free(k);
            }
        }
    }
}

/* A page in the way at the end of a long one; and one that is going, which it waits for. */
static void a_long_createmap_is_all_or_nothing(void **state)
{
    struct rescind_kernel *k = kernel_new(3);
    const uint64_t last = RESCIND_TABLE_MAP | (uint64_t)(VIRT + LONG - 1) << 32;
    enum rescind_error error;

    (void)state;
    must(k, 0, reqmem(MEM, ANY, LONG * RESCIND_PAGE, ALL));
    must(k, 0, createmap(OTHER, MEM, 0, 1, VIRT + LONG - 1, RESCIND_PERM_R));
    kit_send(k, 0, createmap(OTHER, MEM, 0, LONG, VIRT, ALL));
    while (rescind_kernel_ready(k) >= 0) {
        assert_int_equal(mapped(k, 1, VIRT, LONG), 1);
        kit_audit(k);
        kit_work_first(k);
    }
    assert_true(kit_reply(k, 0, &error));
    assert_int_equal(error, RESCIND_INV_ARGS);
    /* What is derived from it makes its revocation take a while. */
    must(k, 1, WORDS(EXCHANGE, OTHER, last, 1, last, 1, 0));
    kit_send(k, 1, WORDS(REVOKE, last, 1, 1));
    kit_send(k, 0, createmap(OTHER, MEM, 0, LONG, VIRT, ALL));
    kit_rest(k);
    kit_audit(k);
    assert_true(kit_reply(k, 0, &error));
    assert_int_equal(error, RESCIND_NO_ERROR);
    assert_int_equal(mapped(k, 1, VIRT, LONG), LONG);
    kit_free(k);
}

/* The VPE whose pages they are to be ends in between: nothing is left, whoever is first. */
static void a_long_createmap_into_a_vpe_that_ends_leaves_nothing(void **state)
{
    (void)state;
    for (uint32_t steps = 0; steps < 3 * LONG * WORK_COPY; steps++) {
        struct rescind_kernel *k = kernel_new(2);
        enum rescind_error error;
        must(k, 0, reqmem(MEM, ANY, LONG * RESCIND_PAGE, ALL));
        kit_send(k, 0, createmap(OTHER, MEM, 0, LONG, VIRT, ALL));
        for (uint32_t i = 0; i < steps && rescind_kernel_ready(k) >= 0; i++)
            kit_work_first(k);
        rescind_kernel_end(k, 1, 1);
        while (rescind_kernel_ready(k) >= 0) {
            kit_work_first(k);
            kit_audit(k);
        }
        assert_true(kit_reply(k, 0, &error));
        assert_true(error == RESCIND_NO_ERROR || error == RESCIND_INV_ARGS);
        assert_int_equal(rescind_kernel_vpe_state(k, 1), RESCIND_VPE_ENDED);
        must(k, 0, kit_revoke(MEM, 1, true));
        assert_int_equal(pages_taken(k), TAKEN - RESCIND_VPE_MEMORY / RESCIND_PAGE);
        kit_free(k);
    }
}

/* ---- READ and WRITE ----------------------------------------------------------------------- */

static void read_and_write_reach_what_the_endpoint_is_of(void **state)
{
    struct rescind_kernel *k = kernel_new(0);
    uint8_t data[RESCIND_DATA_MAX], seen[RESCIND_DATA_MAX];

    (void)state;
    for (uint32_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7 + 1);
    must(k, 0, reqmem(MEM, ANY, 2 * RESCIND_PAGE, ALL));
    must(k, 0, derivemem(MEM, PART, RESCIND_PAGE - 100, 500, RESCIND_PERM_R));
    must(k, 0, kit_delegate(OTHER, PART, PART, 1));
    must(k, 0, activate(EP, MEM));
    must(k, 1, activate(EP, PART));
    must(k, 0, write(EP, RESCIND_PAGE - 90, data, sizeof(data)));
    must_read(k, 1, EP, 10, seen, sizeof(seen));
    assert_memory_equal(seen, data, sizeof(data));
    must_read(k, 1, EP, 11, seen, 5);
    assert_memory_equal(seen, data + 1, 5);
    must_read(k, 1, EP, 9, seen, 1);
    assert_int_equal(seen[0], 0);
    must(k, 0, write(EP, 2 * RESCIND_PAGE - 1, data, 1));
    must_read(k, 0, EP, 2 * RESCIND_PAGE - 1, seen, 1);
    assert_int_equal(seen[0], data[0]);
    kit_free(k);
}

static void every_access_is_checked(void **state)
{
    struct rescind_kernel *k = kernel_new(0);
    uint8_t data[RESCIND_DATA_MAX + 8] = {1};

    (void)state;
    must(k, 0, reqmem(MEM, ANY, 100, ALL));
    must(k, 0, derivemem(MEM, 12, 0, 100, RESCIND_PERM_R));
    must(k, 0, derivemem(MEM, 13, 0, 100, RESCIND_PERM_W));
    must(k, 0, derivemem(MEM, 14, 0, 100, RESCIND_PERM_X));
    must(k, 0, kit_creategate(15));
    for (uint32_t ep = 2; ep < 7; ep++)
        must(k, 0, activate(ep, ep == 2 ? MEM : 9 + ep));
    refuses(k, 0, read(2, 100, 1), RESCIND_INV_ARGS);
    refuses(k, 0, read(2, 99, 2), RESCIND_INV_ARGS);
    refuses(k, 0, read(2, 0, 101), RESCIND_INV_ARGS);
    refuses(k, 0, read(2, UINT64_MAX, 2), RESCIND_INV_ARGS);
    refuses(k, 0, read(2, 0, 0), RESCIND_INV_ARGS);
    refuses(k, 0, read(2, 0, RESCIND_DATA_MAX + 1), RESCIND_INV_ARGS);
    refuses(k, 0, read(2, 0, UINT64_MAX), RESCIND_INV_ARGS);
    refuses(k, 0, WORDS(READ, 2, 0), RESCIND_INV_ARGS);
    refuses(k, 0, write(2, 100, data, 1), RESCIND_INV_ARGS);
    refuses(k, 0, write(2, 99, data, 2), RESCIND_INV_ARGS);
    refuses(k, 0, write(2, UINT64_MAX, data, 2), RESCIND_INV_ARGS);
    refuses(k, 0, write(2, 0, data, 0), RESCIND_INV_ARGS);
    refuses(k, 0, write(2, 0, data, RESCIND_DATA_MAX + 1), RESCIND_INV_ARGS);
    refuses(k, 0, WORDS(WRITE, 2, 0, 9, 1), RESCIND_INV_ARGS);
    refuses(k, 0, WORDS(WRITE, 2, 0, UINT64_MAX, 1), RESCIND_INV_ARGS);
    refuses(k, 0, write(3, 0, data, 1), RESCIND_NO_PERM);
    refuses(k, 0, read(4, 0, 1), RESCIND_NO_PERM);
    refuses(k, 0, read(5, 0, 1), RESCIND_NO_PERM);
    refuses(k, 0, write(5, 0, data, 1), RESCIND_NO_PERM);
    refuses(k, 0, read(6, 0, 1), RESCIND_EP_INVALID);
    refuses(k, 0, read(7, 0, 1), RESCIND_EP_INVALID);
    refuses(k, 0, write(RESCIND_EP_COUNT, 0, data, 1), RESCIND_EP_INVALID);
    refuses(k, 0, read(UINT32_MAX, 0, 1), RESCIND_EP_INVALID);
    must(k, 0, WORDS(ATTACHRB, RESCIND_SEL_VPE, 7, 0, 10, 9, 0));
    refuses(k, 0, read(7, 0, 1), RESCIND_EP_INVALID);
    must(k, 0, write(4, 99, data, 1));
    must_read(k, 0, 3, 99, data, 1);
    assert_int_equal(data[0], 1);
    kit_free(k);
}

/* Until the memory's revocation has marked the endpoint it is used, and from then on it waits for
 * its end: whatever the order, an access succeeds or finds no endpoint. */
static void an_access_comes_before_the_revocation_or_after_it(void **state)
{
    unsigned before = 0, waited = 0;

    (void)state;
    for (uint32_t steps = 0; steps < 40; steps++) {
        struct rescind_kernel *k = kernel_new(1);
        enum rescind_error error;
        uint64_t word;
        bool busy;
        must(k, 0, reqmem(MEM, ANY, LONG * RESCIND_PAGE, ALL));
        must(k, 0, createmap(OTHER, MEM, 0, 4, VIRT, ALL));
        must(k, 0, kit_delegate(OTHER, MEM, MEM, 1));
        must(k, 1, activate(EP, MEM));
        kit_send(k, 0, kit_revoke(MEM, 1, true));
        for (uint32_t i = 0; i < steps && rescind_kernel_ready(k) >= 0; i++)
            kit_work_first(k);
        busy = rescind_kernel_ready(k) >= 0;
        kit_send(k, 1, read(EP, 0, sizeof(word)));
        waited += rescind_kernel_vpe_state(k, 1) == RESCIND_VPE_WAITING;
        kit_rest(k);
        kit_audit(k);
        error = read_reply(k, 1, &word, sizeof(word));
        assert_true(error == RESCIND_EP_INVALID || (error == RESCIND_NO_ERROR && busy));
        before += error == RESCIND_NO_ERROR;
        kit_free(k);
    }
    assert_true(before > 2);
    assert_true(waited > 2);
}

/* ---- Shortage ----------------------------------------------------------------------------- */

/* With too few nodes, at each point where one is taken: refused, and nothing has changed. */
static void runs_short(struct message message, uint32_t nodes)
{
    for (uint32_t work = 1; work <= 64; work *= 8) {
        struct rescind_kernel *k = kernel_new(work);
        must(k, 0, reqmem(MEM, ANY, LONG * RESCIND_PAGE, ALL));
        for (uint32_t left = 0; left < nodes; left++)
            refuses_with(k, left, 0, message, RESCIND_OUT_OF_MEM);
        rescind_kernel_starve(k, nodes);
        must(k, 0, message);
        kit_free(k);
    }
}

static void without_nodes_a_call_changes_nothing(void **state)
{
    (void)state;
    runs_short(reqmem(FREE, ANY, RESCIND_PAGE, ALL), 2);
    runs_short(derivemem(MEM, FREE, 0, 8, ALL), 2);
    runs_short(createmap(OTHER, MEM, 0, LONG, VIRT, ALL), LONG);
}

/* Who has exhausted its own account harms no other. */
static void each_pays_from_its_own_account(void **state)
{
    struct rescind_kernel *k = kernel_new(0);
    uint32_t used;

    (void)state;
    assert_int_equal(rescind_kernel_boot_quota(k, 1, 5), RESCIND_NO_ERROR);
    must(k, 0, reqmem(MEM, ANY, 4 * RESCIND_PAGE, ALL));
    must(k, 0, kit_delegate(OTHER, MEM, MEM, 1));
    must(k, 1, reqmem(FREE, ANY, 8, ALL));
    must(k, 1, createmap(OTHER, MEM, 0, 2, VIRT, ALL));
    refuses(k, 1, createmap(OTHER, MEM, 2, 2, VIRT + 2, ALL), RESCIND_OUT_OF_MEM);
    refuses(k, 1, derivemem(FREE, FREE + 1, 0, 8, ALL), RESCIND_OUT_OF_MEM);
    refuses(k, 1, reqmem(FREE + 1, ANY, 8, ALL), RESCIND_OUT_OF_MEM);
    must(k, 0, createmap(RESCIND_SEL_VPE, MEM, 2, 2, VIRT + 2, ALL));
    must(k, 1, createmap(OTHER, MEM, 2, 1, VIRT + 4, ALL));
    used = pool_used(k);
    must(k, 0, kit_revoke(MEM, 1, false));
    assert_int_equal(*account_at(k, vpe_at(k, 1)->account), 3);
    assert_int_equal(pool_used(k), used - 6);
    kit_free(k);
}

/* ---- Across kernels ----------------------------------------------------------------------- */

static uint32_t first_event(void *user, uint32_t n)
{
    (void)user;
    (void)n;
    return 0;
}

/* Memory that another kernel's VPE has a capability of stays as long as that does. */
static void memory_outlives_no_capability_on_another_kernel(void **state)
{
    struct system *s = system_new_with_memory(2, 1, 100, 2, 4 * RESCIND_PAGE);
    uint32_t vpe = system_sel(s, 1, 0);
    struct rescind_finding finding;
    enum rescind_error error;

    (void)state;
    kit_send(s->k[0], 0, reqmem(40, ANY, RESCIND_PAGE, ALL));
    assert_true(system_rest(s));
    assert_true(kit_reply(s->k[0], 0, &error) && error == RESCIND_NO_ERROR);
    kit_send(s->k[0], 0, kit_delegate(vpe, 40, 41, 1));
    assert_true(system_rest(s));
    assert_true(kit_reply(s->k[0], 0, &error) && error == RESCIND_NO_ERROR);
    assert_true(kit_holds(s->k[1], 0, 41));
    kit_send(s->k[0], 0, kit_revoke(40, 1, true));
    do {
        if (kit_at(s->k[1], 0, 41) != 0)
            assert_int_equal(pages_taken(s->k[0]), 3);
        if (!system_audit(s, &finding))
            fail_msg("%s is broken at %u: %s", finding.name, finding.where, finding.sentence);
    } while (system_event(s, first_event, NULL));
    assert_true(kit_reply(s->k[0], 0, &error) && error == RESCIND_NO_ERROR);
    assert_false(kit_holds(s->k[1], 0, 41));
    assert_int_equal(pages_taken(s->k[0]), 2);
    system_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_found_as_by_looking_at_each_of_them),
        cmocka_unit_test(booting_takes_memory_and_fails_cleanly_without),
        cmocka_unit_test(reqmem_refuses_what_makes_no_sense),
        cmocka_unit_test(without_machine_memory_there_is_none_to_be_had),
        cmocka_unit_test(reqmem_takes_the_first_pages_that_fit_or_those_it_names),
        cmocka_unit_test(reqmem_hands_out_cleared_pages),
        cmocka_unit_test(nothing_comes_between_a_reqmem_and_its_selector),
        cmocka_unit_test(a_vpe_that_is_ended_in_a_reqmem_leaves_no_pages_behind),
        cmocka_unit_test(memory_goes_with_its_last_capability),
        cmocka_unit_test(memory_goes_with_the_vpe_that_had_it),
        cmocka_unit_test(derivemem_refuses_what_makes_no_sense),
        cmocka_unit_test(derived_permissions_only_shrink),
        cmocka_unit_test(createmap_refuses_what_makes_no_sense),
        cmocka_unit_test(createmap_leaves_nothing_where_one_page_is_in_use),
        cmocka_unit_test(createmap_maps_each_page_and_revocation_unmaps_it),
        cmocka_unit_test(a_mapping_can_be_handed_on_and_goes_with_what_it_is_from),
        cmocka_unit_test(a_long_createmap_and_a_revocation_of_its_memory_are_one_after_the_other),
        cmocka_unit_test(a_long_createmap_is_all_or_nothing),
        cmocka_unit_test(a_long_createmap_into_a_vpe_that_ends_leaves_nothing),
        cmocka_unit_test(read_and_write_reach_what_the_endpoint_is_of),
        cmocka_unit_test(every_access_is_checked),
        cmocka_unit_test(an_access_comes_before_the_revocation_or_after_it),
        cmocka_unit_test(without_nodes_a_call_changes_nothing),
        cmocka_unit_test(each_pays_from_its_own_account),
        cmocka_unit_test(memory_outlives_no_capability_on_another_kernel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
