/* PCI configuration: the driver on the models, both boards, with a bridge, and with what can be
 * wrong. What firmware and QEMU's functions say was read from QEMU 7.2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rescind/board.h"
#include "rescind/drivers.h"
#include "rescind/platform.h"

enum { FOUND_MAX = 16, ADDRESS = 0xcf8, DATA = 0xcfc, RESET = 0xcf9 };
enum { ACCESSES_MAX = 3000 }; /* a board's scan takes about half */

struct seen {
    uint32_t count, complaints;
    struct rescind_pci_device devices[FOUND_MAX];
    struct rescind_trouble troubles[FOUND_MAX];
};

static struct rescind_board *make(const struct rescind_board_options *options)
{
    struct rescind_board *board = rescind_board_new(options);

    assert_non_null(board);
    rescind_board_use(board);
    return board;
}

static void found(void *context, const struct rescind_pci_device *device)
{
    struct seen *seen = context;

    assert_true(seen->count < FOUND_MAX);
    seen->devices[seen->count++] = *device;
}

static void complain(void *context, const struct rescind_trouble *trouble)
{
    struct seen *seen = context;

    assert_true(seen->complaints < FOUND_MAX);
    assert_string_equal(trouble->device, "PCI");
    seen->troubles[seen->complaints++] = *trouble;
}

static struct seen scan(struct rescind_board *board)
{
    uint64_t start = rescind_board_time(board);
    struct seen seen = {0};
    uint32_t count = rescind_pci_scan(found, complain, &seen);

    assert_int_equal(count, seen.count);
    assert_true(rescind_board_time(board) - start < ACCESSES_MAX * 100);
    return seen;
}

/* ---- What there is ------------------------------------------------------------------------- */

struct expected {
    uint8_t bus, device, function;
    uint32_t id, class_code;
    uint8_t pin, line, header;
};

static void assert_found(const struct seen *seen, const struct expected *expected, uint32_t count)
{
    assert_int_equal(seen->count, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct rescind_pci_device *device = &seen->devices[i];

        assert_int_equal(device->bus, expected[i].bus);
        assert_int_equal(device->device, expected[i].device);
        assert_int_equal(device->function, expected[i].function);
        assert_int_equal((uint32_t)device->id << 16 | device->vendor, expected[i].id);
        assert_int_equal(device->class_code, expected[i].class_code);
        assert_int_equal(device->pin, expected[i].pin);
        assert_int_equal(device->line, expected[i].line);
        assert_int_equal(device->header, expected[i].header);
    }
}

static void assert_bar(const struct rescind_pci_device *device, unsigned number,
                       struct rescind_pci_bar wanted)
{
    const struct rescind_pci_bar *bar = &device->bars[number];

    assert_int_equal(bar->address, wanted.address);
    assert_int_equal(bar->size, wanted.size);
    assert_int_equal(bar->port, wanted.port);
    assert_int_equal(bar->wide, wanted.wide);
    assert_int_equal(bar->prefetch, wanted.prefetch);
}

static unsigned bars(const struct rescind_pci_device *device)
{
    unsigned count = 0;

    for (unsigned i = 0; i < 6; i++) {
        count += device->bars[i].size != 0;
    }
    return count;
}

static void q35s_functions_are_found(void **state)
{
    static const struct expected expected[] = {
        {0, 0, 0, 0x29c08086, 0x060000, 0, 0, 0},
        {0, 31, 0, 0x29188086, 0x060100, 0, 0, 0},
        {0, 31, 2, 0x29228086, 0x010601, 1, 10, 0},
        {0, 31, 3, 0x29308086, 0x0c0500, 1, 10, 0},
    };
    struct rescind_board *board = make(&(struct rescind_board_options){0});
    struct seen seen;

    (void)state;
    assert_true(rescind_pci_present());
    seen = scan(board);
    assert_found(&seen, expected, 4);
    assert_int_equal(seen.complaints, 0);
    assert_int_equal(bars(&seen.devices[0]) + bars(&seen.devices[1]), 0);
    assert_int_equal(bars(&seen.devices[2]), 2);
    assert_bar(&seen.devices[2], 4,
               (struct rescind_pci_bar){.address = 0xc040, .size = 32, .port = true});
    assert_bar(&seen.devices[2], 5,
               (struct rescind_pci_bar){.address = 0xfebff000, .size = 0x1000});
    assert_int_equal(bars(&seen.devices[3]), 1);
    assert_bar(&seen.devices[3], 4,
               (struct rescind_pci_bar){.address = 0x700, .size = 64, .port = true});
    rescind_board_free(board);
}

static void i440fxs_functions_are_found(void **state)
{
    static const struct expected expected[] = {
        {0, 0, 0, 0x12378086, 0x060000, 0, 0, 0},
        {0, 1, 0, 0x70008086, 0x060100, 0, 0, 0},
        {0, 1, 1, 0x70108086, 0x010180, 0, 0, 0},
        {0, 1, 3, 0x71138086, 0x068000, 1, 9, 0},
    };
    struct rescind_board *board =
        make(&(struct rescind_board_options){.machine = RESCIND_BOARD_PC});
    struct seen seen = scan(board);

    (void)state;
    assert_true(rescind_pci_present());
    assert_found(&seen, expected, 4);
    assert_int_equal(seen.complaints, 0);
    assert_bar(&seen.devices[2], 4,
               (struct rescind_pci_bar){.address = 0xc000, .size = 16, .port = true});
    rescind_board_free(board);
}

static void what_is_behind_a_bridge_is_found(void **state)
{
    struct rescind_board *board = make(&(struct rescind_board_options){.bridge = true});
    struct seen seen = scan(board);
    const struct rescind_pci_device *bridge = &seen.devices[1], *behind = &seen.devices[5];

    (void)state;
    assert_int_equal(seen.count, 6);
    assert_int_equal(seen.complaints, 0);
    assert_int_equal(bridge->device, 2);
    assert_int_equal(bridge->header, 1);
    assert_int_equal(bridge->secondary, 1);
    assert_int_equal(bars(bridge), 1);
    assert_bar(bridge, 0,
               (struct rescind_pci_bar){.address = 0xfe800000, .size = 256, .wide = true});
    assert_int_equal(behind->bus, 1);
    assert_int_equal(behind->device, 1);
    assert_int_equal(behind->vendor, 0x1b36);
    assert_int_equal(bars(behind), 3);
    assert_bar(behind, 0, (struct rescind_pci_bar){.address = 0xfe600000, .size = 0x1000});
    assert_bar(behind, 1, (struct rescind_pci_bar){.address = 0xc000, .size = 256, .port = true});
    assert_bar(behind, 2,
               (struct rescind_pci_bar){
                   .address = 0xfea00000, .size = 1 << 20, .wide = true, .prefetch = true});
    rescind_board_free(board);
}

/* Every doubleword of every function, in one sum that tells them apart. */
static uint64_t everything(void)
{
    uint64_t sum = 0;

    for (unsigned at = 0; at < 2 * 32 * 8 * 64; at++) {
        uint32_t value =
            rescind_pci_read((uint8_t)(at >> 14), at >> 9 & 31, at >> 6 & 7, (uint8_t)(4 * at));

        sum = (sum ^ value) * 0x100000001b3;
    }
    return sum;
}

static void a_scan_leaves_everything_as_it_was(void **state)
{
    (void)state;
    for (unsigned machine = 0; machine < 2; machine++) {
        struct rescind_board *board = make(&(struct rescind_board_options){
            .machine = (enum rescind_board_machine)machine, .bridge = true});
        uint64_t before = everything();

        rescind_pci_write(0, machine == 0 ? 31 : 1, 2 - machine, 4, 0x0005);
        assert_true(everything() != before);
        before = everything();
        scan(board);
        assert_int_equal(everything(), before);
        assert_int_equal(rescind_pci_scan(NULL, NULL, NULL), 6);
        assert_int_equal(everything(), before);
        rescind_board_free(board);
    }
}

/* While a BAR is all ones nothing is decoded, but by host bridges. */
struct watch {
    unsigned reads, wrong;
    bool busy;
};

static void watch_bars(void *context, bool port, uint64_t address, unsigned bits, uint64_t *value)
{
    struct watch *watch = context;
    uint32_t place, command;

    (void)bits;
    if (watch->busy || !port || address != DATA) {
        return;
    }
    watch->busy = true; /* the reads below come here as well */
    place = rescind_in32(ADDRESS);
    if ((place & 0xff) >= 0x10 && (place & 0xff) < 0x28 && (place & 0xfffff8fc) > 0x800000fc &&
        (uint32_t)*value >= 0xfff00000) {
        rescind_out32(ADDRESS, (place & ~0xffu) | 4);
        command = rescind_in32(DATA);
        rescind_out32(ADDRESS, place);
        watch->reads++;
        watch->wrong += (command & 3) != 0;
    }
    watch->busy = false;
}

static void bars_are_sized_while_nothing_is_decoded(void **state)
{
    struct rescind_board *board = make(&(struct rescind_board_options){.bridge = true});
    struct watch watch = {0};

    (void)state;
    rescind_board_answers(board, watch_bars, &watch);
    rescind_pci_scan(NULL, NULL, NULL);
    assert_true(watch.reads >= 6);
    assert_int_equal(watch.wrong, 0);
    rescind_board_free(board);
}

/* ---- What is wrong ------------------------------------------------------------------------- */

static void without_mechanism_1_nothing_is_found(void **state)
{
    struct rescind_board *board = make(&(struct rescind_board_options){.bridge = true});
    struct seen seen;

    (void)state;
    rescind_board_fault(board, RESCIND_FAULT_PCI_ABSENT, 0);
    assert_false(rescind_pci_present());
    seen = scan(board);
    assert_int_equal(seen.count + seen.complaints, 0);
    rescind_board_free(board);
    rescind_board_use(NULL);
    assert_false(rescind_pci_present());
    assert_int_equal(rescind_pci_scan(NULL, NULL, NULL), 0);
}

static void a_bus_without_devices_is_no_pci(void **state)
{
    struct rescind_board *board = make(&(struct rescind_board_options){0});

    (void)state;
    assert_true(rescind_board_take_out(board, "pci.id"));
    assert_false(rescind_pci_present());
    assert_int_equal(rescind_pci_scan(NULL, NULL, NULL), 0);
    rescind_board_free(board);
}

static void bars_that_keep_every_bit_are_complained_of(void **state)
{
    struct rescind_board *board = make(&(struct rescind_board_options){.bridge = true});
    struct seen seen;
    uint64_t before;

    (void)state;
    rescind_board_fault(board, RESCIND_FAULT_PCI_BARS, 0);
    before = everything();
    seen = scan(board);
    assert_int_equal(everything(), before);
    assert_int_equal(seen.count, 6);
    assert_int_equal(seen.complaints, 6);
    for (uint32_t i = 0; i < seen.count; i++) {
        const struct rescind_pci_device *device = &seen.devices[i];
        uint64_t base =
            0x80000010 | device->bus << 16 | device->device << 11 | device->function << 8;

        assert_int_equal(bars(device), 0);
        assert_string_equal(seen.troubles[i].what, "a BAR makes no sense");
        assert_int_equal(seen.troubles[i].value, base << 32 | 0xffffffff);
    }
    rescind_board_free(board);
}

static void bridges_that_lead_back_are_not_followed(void **state)
{
    struct rescind_board *board =
        make(&(struct rescind_board_options){.machine = RESCIND_BOARD_PC, .bridge = true});
    struct seen seen;

    (void)state;
    rescind_board_fault(board, RESCIND_FAULT_PCI_LOOP, 0);
    seen = scan(board);
    assert_int_equal(seen.count, 5); /* all but the one behind the bridge */
    assert_int_equal(seen.complaints, 3);
    assert_string_equal(seen.troubles[0].what, "a bridge leads to a bus that is known");
    assert_int_equal(seen.troubles[0].value, 0x8000081800000000);
    for (uint32_t i = 0; i < seen.count; i++) {
        assert_int_equal(seen.devices[i].bus, 0);
    }
    rescind_board_free(board);
}

/* Pairs of what a BAR has and what it makes of all ones; `size` 0: no sense. The AHCI controller's
 * BARs 0 and 1, or 5 alone, answer so. */
struct lie {
    bool last;
    uint32_t value, ones, upper, upper_ones;
    uint64_t size;
};

struct liar {
    const struct lie *lie;
    uint32_t address, written[2];
    bool busy;
};

static void lie_about_bars(void *context, bool port, uint64_t address, unsigned bits,
                           uint64_t *value)
{
    struct liar *liar = context;
    const struct lie *lie = liar->lie;
    uint32_t place;

    (void)bits;
    if (liar->busy || !port || address != DATA) {
        return;
    }
    liar->busy = true;
    place = rescind_in32(ADDRESS);
    liar->busy = false;
    if (place == (lie->last ? 0x8000fa24 : 0x8000fa10)) {
        *value = liar->written[0]++ % 2 == 0 ? lie->value : lie->ones;
    } else if (!lie->last && place == 0x8000fa14) {
        *value = liar->written[1]++ % 2 == 0 ? lie->upper : lie->upper_ones;
    }
}

static void every_kind_of_bar_is_told_from_nonsense(void **state)
{
    static const struct lie lies[] = {
        /* memory */
        {false, 0x80000000, 0x80000000, 0, 0, 0x80000000},
        {false, 0xfffffff0, 0xfffffff0, 0, 0, 16},
        {false, 0xc0000008, 0xf0000008, 0, 0, 0x10000000},
        {false, 0x00000002, 0xfff00002, 0, 0, 0x100000}, /* below 1 MiB */
        {false, 0x00000000, 0xffffffff, 0, 0, 0},        /* flags that are written */
        {false, 0xffffffff, 0xffffffff, 0, 0, 0},
        {false, 0x00000000, 0xf0f00000, 0, 0, 0}, /* a hole */
        {false, 0x00000000, 0x7ff00000, 0, 0, 0}, /* not up to the top */
        {false, 0x00001000, 0xffff0000, 0, 0, 0}, /* not at a multiple of its size */
        {false, 0x00000006, 0xfffff006, 0, 0, 0}, /* a kind that is reserved */
        {false, 0x00000008, 0x00000008, 0, 0, 0}, /* nothing can be written */
        {false, 0x00000008, 0xfffff000, 0, 0, 0}, /* flags that change */
        /* wide */
        {false, 0x00000004, 0xfff00004, 0x00000001, 0xffffffff, 0x100000},
        {false, 0x00000004, 0x00000004, 0x00000004, 0xfffffffc, 0x400000000},
        {false, 0x0000000c, 0x0000000c, 0x80000000, 0x80000000, 0x8000000000000000},
        {false, 0x00000004, 0xfff00004, 0, 0x0fffffff, 0},
        {false, 0x00000004, 0xfff00004, 0, 0, 0},
        {false, 0x00000004, 0x00000004, 0, 0, 0},
        {true, 0x00000004, 0xfff00004, 0, 0, 0}, /* the last has no upper half */
        /* ports */
        {false, 0x0000c001, 0xfffffffd, 0, 0, 4},
        {false, 0x0000c001, 0x0000fffd, 0, 0, 4},
        {true, 0x0000c001, 0x0000ff01, 0, 0, 256},
        {false, 0x00000001, 0xffff0001, 0, 0, 0x10000},
        {false, 0x00000001, 0xfffe0001, 0, 0, 0}, /* more than there are */
        {false, 0x0000c003, 0xfffffffd, 0, 0, 0},
        {false, 0x0000c001, 0xfffffff8, 0, 0, 0},
        {false, 0x0000c001, 0xffffffff, 0, 0, 0},
        {false, 0x0000c001, 0x00000001, 0, 0, 0},
        {false, 0x0000c041, 0xffffff01, 0, 0, 0},
        /* none */
        {false, 0, 0, 0, 0, 0},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct rescind_board *board = make(&(struct rescind_board_options){0});
        struct liar liar = {.lie = &lies[i]};
        unsigned number = lies[i].last ? 5 : 0;
        struct seen seen;

        rescind_board_answers(board, lie_about_bars, &liar);
        seen = scan(board);
        if (seen.devices[2].bars[number].size != lies[i].size)
            fail_msg("lie %u: size %llx", i, (unsigned long long)seen.devices[2].bars[number].size);
        assert_int_equal(seen.complaints, lies[i].size == 0 && lies[i].ones != 0);
        if (seen.complaints != 0) {
            assert_string_equal(seen.troubles[0].what, "a BAR makes no sense");
            assert_int_equal(seen.troubles[0].value,
                             (uint64_t)(0x8000fa10 + 4 * number) << 32 | lies[i].ones);
        } else if (lies[i].size != 0 && !seen.devices[2].bars[number].port) {
            assert_int_equal(seen.devices[2].bars[number].address,
                             (uint64_t)lies[i].upper << 32 | (lies[i].value & ~15u));
        }
        rescind_board_free(board);
    }
}

/* All of 256 busses full of bridges with BARs, each to the next bus and more: it ends. */
static void answer_bridges(void *context, bool port, uint64_t address, unsigned bits,
                           uint64_t *value)
{
    uint32_t *state = context;

    (void)port;
    (void)bits;
    if (address == DATA) {
        *state = *state * 1664525 + 1013904223;
        *value = (*value & 0) | 0x00810000 | (*state >> 8 & 0xffff) | 1;
    }
}

static void the_largest_tree_of_busses_is_gone_through(void **state)
{
    struct rescind_board *board = make(&(struct rescind_board_options){0});
    uint32_t random = 1;

    (void)state;
    rescind_board_answers(board, answer_bridges, &random);
    assert_true(rescind_pci_scan(NULL, NULL, NULL) > 255 * 32 * 7);
    assert_true(rescind_board_time(board) < (uint64_t)256 * 32 * 8 * 40 * 100);
    rescind_board_free(board);
}

/* ---- The models' own ----------------------------------------------------------------------- */

static void port_0xcf9_resets(void **state)
{
    (void)state;
    for (unsigned machine = 0; machine < 2; machine++) {
        struct rescind_board *board =
            make(&(struct rescind_board_options){.machine = (enum rescind_board_machine)machine});

        rescind_out8(RESET, 0x02);
        assert_false(rescind_board_reset_pulsed(board));
        rescind_out8(RESET, 0x06);
        assert_true(rescind_board_reset_pulsed(board));
        assert_false(rescind_board_reset_pulsed(board));
        assert_int_equal(rescind_in8(RESET), 0x02);
        rescind_out32(ADDRESS, 0x80000600);
        rescind_out16(RESET, 0x0006);
        assert_true(rescind_board_reset_pulsed(board));
        rescind_board_free(board);
    }
}

static void accesses_that_are_not_aligned_come_in_parts(void **state)
{
    struct rescind_board *board = make(&(struct rescind_board_options){0});

    (void)state;
    rescind_out32(ADDRESS, 0x80000000);
    assert_int_equal(rescind_in16(DATA + 1), 0xc080);
    assert_int_equal(rescind_in32(DATA + 1), 0xff29c080);
    assert_int_equal(rescind_in32(DATA + 2), 0xffff29c0);
    assert_int_equal(rescind_in16(DATA + 3), 0xff29);
    assert_int_equal(rescind_in32(ADDRESS + 2), 0x80860000);
    rescind_out32(ADDRESS, 0x8000fa24);
    rescind_out32(DATA + 2, 0x12345678);
    assert_int_equal(rescind_in32(DATA), 0x5678f000);
    rescind_out32(ADDRESS, 0x800000fe);
    rescind_out32(DATA, 0x11223344);
    assert_int_equal(rescind_in32(DATA), 0x00003344);
    rescind_board_free(board);
}

static void a_bridge_resets_what_is_behind_it(void **state)
{
    struct rescind_board *board = make(&(struct rescind_board_options){.bridge = true});

    (void)state;
    assert_int_equal(rescind_pci_read(1, 1, 0, 0x10), 0xfe600000);
    rescind_pci_write(0, 2, 0, 0x3c, 0x00400000);
    assert_int_equal(rescind_pci_read(1, 1, 0, 0x10), 0);
    assert_int_equal(rescind_pci_read(1, 1, 0, 0x18), 0xc);
    assert_int_equal(rescind_pci_read(1, 1, 0, 0x04), 0);
    assert_int_equal(rescind_pci_read(1, 1, 0, 0x00), 0x00051b36);
    /* its bus goes by another number */
    rescind_pci_write(0, 2, 0, 0x18, 0x00070700);
    assert_int_equal(rescind_pci_read(1, 1, 0, 0x00), UINT32_MAX);
    assert_int_equal(rescind_pci_read(7, 1, 0, 0x00), 0x00051b36);
    rescind_board_free(board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(q35s_functions_are_found),
        cmocka_unit_test(i440fxs_functions_are_found),
        cmocka_unit_test(what_is_behind_a_bridge_is_found),
        cmocka_unit_test(a_scan_leaves_everything_as_it_was),
        cmocka_unit_test(bars_are_sized_while_nothing_is_decoded),
        cmocka_unit_test(without_mechanism_1_nothing_is_found),
        cmocka_unit_test(a_bus_without_devices_is_no_pci),
        cmocka_unit_test(bars_that_keep_every_bit_are_complained_of),
        cmocka_unit_test(bridges_that_lead_back_are_not_followed),
        cmocka_unit_test(every_kind_of_bar_is_told_from_nonsense),
        cmocka_unit_test(the_largest_tree_of_busses_is_gone_through),
        cmocka_unit_test(port_0xcf9_resets),
        cmocka_unit_test(accesses_that_are_not_aligned_come_in_parts),
        cmocka_unit_test(a_bridge_resets_what_is_behind_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
