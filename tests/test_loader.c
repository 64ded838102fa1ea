/* What the boot loader says, read out of memory: PVH's start information and multiboot2's, whole,
 * malformed in each way that is looked for, and broken at random. Physical memory is a buffer of
 * just its size, so that sanitizers see who reads behind it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "pc99/layout.h"
#include "pc99/loader.h"

enum { MEMORY = 1 << 20, INFO = 0x2000, MODULE = 0x5000, MODULE_SIZE = 300 };
enum { PVH_MAGIC = 0x336ec578 };

struct fixture {
    uint8_t *bytes;
    struct loader_memory memory;
    uint32_t at; /* of the next tag */
    struct loader_info info;
};

static int setup(void **state)
{
    struct fixture *f = g_new0(struct fixture, 1);

    f->bytes = g_malloc0(MEMORY);
    f->memory = (struct loader_memory){f->bytes, MEMORY};
    f->at = INFO + 8;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    g_free(f->bytes);
    g_free(f);
    return 0;
}

static void put32(struct fixture *f, uint32_t at, uint32_t value)
{
    memcpy(f->bytes + at, &value, sizeof value);
}

static void put64(struct fixture *f, uint32_t at, uint64_t value)
{
    memcpy(f->bytes + at, &value, sizeof value);
}

/* ---- Multiboot2 --------------------------------------------------------------------------- */

/* Another tag with `size` bytes behind its head; where these are. */
static uint32_t add_tag(struct fixture *f, uint32_t type, const void *bytes, uint32_t size)
{
    uint32_t at = f->at;

    put32(f, at, type);
    put32(f, at + 4, 8 + size);
    memcpy(f->bytes + at + 8, bytes, size);
    f->at += (8 + size + 7) / 8 * 8;
    put32(f, INFO, f->at - INFO);
    return at + 8;
}

static void add_line(struct fixture *f, const char *line)
{
    add_tag(f, 1, line, (uint32_t)strlen(line) + 1);
}

static void add_module(struct fixture *f, uint32_t start, uint32_t end)
{
    const uint32_t body[] = {start, end, 0};

    add_tag(f, 3, body, 9);
}

static const struct loader_range usable[] = {{0x1000, 0x9f000}, {0xa0000, 0x200000}};

/* Usable memory, and some that is not. */
static uint32_t add_map(struct fixture *f)
{
    struct {
        uint32_t entry_size, version;
        struct {
            uint64_t start, size;
            uint32_t type, reserved;
        } entries[3];
    } map = {24,
             0,
             {{usable[0].start, usable[0].end - usable[0].start, 1, 0},
              {0x9f000, 0x1000, 2, 0},
              {usable[1].start, usable[1].end - usable[1].start, 1, 0}}};

    return add_tag(f, 6, &map, sizeof map);
}

enum { SCREEN_BODY = 30 };

static uint32_t add_screen(struct fixture *f, uint8_t type, uint32_t size)
{
    uint8_t body[SCREEN_BODY] = {0};
    const uint64_t address = 0xfd000000;
    const uint32_t shape[] = {4096, 1024, 768};
    const uint8_t rest[] = {32, type, 0, 0, 16, 8, 8, 8, 0, 8};

    memcpy(body, &address, 8);
    memcpy(body + 8, shape, 12);
    memcpy(body + 20, rest, sizeof rest);
    return add_tag(f, 8, body, size);
}

static void add_rsdp(struct fixture *f, uint32_t type, uint32_t size, uint8_t byte)
{
    uint8_t body[64];

    memset(body, byte, sizeof body);
    add_tag(f, type, body, size);
}

static void add_end(struct fixture *f)
{
    add_tag(f, 0, "", 0);
}

static void whole(struct fixture *f)
{
    add_line(f, "audit seed=5");
    add_module(f, MODULE, MODULE + MODULE_SIZE);
    add_module(f, MODULE + 0x1000, MODULE + 0x1001);
    add_tag(f, 77, "unknown", 7);
    add_map(f);
    add_screen(f, 1, SCREEN_BODY);
    add_rsdp(f, 14, 20, 0x14);
    add_rsdp(f, 15, 36, 0x15);
    add_end(f);
}

static const char *read_multiboot(struct fixture *f)
{
    return loader_read(&f->memory, LOADER_MULTIBOOT2, INFO, &f->info);
}

static void assert_wrong(const char *wrong, const char *part)
{
    if (wrong == NULL || strstr(wrong, part) == NULL) {
        fail_msg("'%s' does not say '%s'", wrong != NULL ? wrong : "(nothing wrong)", part);
    }
}

static void all_of_multiboot2_is_read(void **state)
{
    struct fixture *f = *state;

    whole(f);
    assert_null(read_multiboot(f));
    assert_string_equal(f->info.loader, "multiboot2");
    assert_string_equal(f->info.line, "audit seed=5");
    assert_int_equal(f->info.module, MODULE);
    assert_int_equal(f->info.module_size, MODULE_SIZE);
    assert_int_equal(f->info.range_count, 2);
    assert_int_equal(f->info.ranges[0].start, usable[0].start);
    assert_int_equal(f->info.ranges[0].end, usable[0].end);
    assert_int_equal(f->info.ranges[1].start, usable[1].start);
    assert_int_equal(f->info.ranges[1].end, MEMORY); /* the rest is out of reach */
    assert_int_equal(f->info.rsdp, 0);
    assert_int_equal(f->info.rsdp_size, 36);
    assert_int_equal(f->info.rsdp_copy[0], 0x15);
    assert_int_equal(f->info.rsdp_copy[35], 0x15);
}

static void the_screen_is_told(void **state)
{
    struct fixture *f = *state;
    const struct loader_screen *screen = &f->info.screen;

    whole(f);
    assert_null(read_multiboot(f));
    assert_int_equal(screen->kind, LOADER_SCREEN_PIXELS);
    assert_int_equal(screen->address, 0xfd000000);
    assert_int_equal(screen->pitch, 4096);
    assert_int_equal(screen->width, 1024);
    assert_int_equal(screen->height, 768);
    assert_int_equal(screen->bits, 32);
    assert_int_equal(screen->red.position, 16);
    assert_int_equal(screen->green.position, 8);
    assert_int_equal(screen->blue.position, 0);
    assert_int_equal(screen->blue.size, 8);
}

/* One of text needs no colours, and one of indexed colours is none. */
static void other_screens_are_told(void **state)
{
    struct fixture *f = *state;

    add_screen(f, 2, 24);
    add_map(f);
    add_end(f);
    assert_null(read_multiboot(f));
    assert_int_equal(f->info.screen.kind, LOADER_SCREEN_TEXT);
    f->at = INFO + 8;
    add_screen(f, 0, SCREEN_BODY);
    add_map(f);
    add_end(f);
    assert_null(read_multiboot(f));
    assert_int_equal(f->info.screen.kind, LOADER_SCREEN_NONE);
}

/* What is not there is not missed, but for the map. */
static void little_will_do(void **state)
{
    struct fixture *f = *state;

    add_map(f);
    add_end(f);
    assert_null(read_multiboot(f));
    assert_string_equal(f->info.line, "");
    assert_int_equal(f->info.module_size, 0);
    assert_int_equal(f->info.rsdp_size, 0);
    assert_int_equal(f->info.screen.kind, LOADER_SCREEN_NONE);
    f->at = INFO + 8;
    add_end(f);
    assert_wrong(read_multiboot(f), "no memory map");
}

/* The old one's 20 bytes do not replace the new one's, and no more than there is room for are
 * taken. */
static void the_best_rsdp_is_kept(void **state)
{
    struct fixture *f = *state;

    add_rsdp(f, 15, 60, 0x15);
    add_rsdp(f, 14, 20, 0x14);
    add_map(f);
    add_end(f);
    assert_null(read_multiboot(f));
    assert_int_equal(f->info.rsdp_size, LOADER_RSDP_MAX);
    assert_int_equal(f->info.rsdp_copy[0], 0x15);
}

static void a_bad_size_of_all_is_refused(void **state)
{
    static const uint32_t sizes[] = {0, 7, MEMORY - INFO + 1, (1 << 20) + 8, UINT32_MAX};
    static const uint64_t places[] = {0, MEMORY, MEMORY - 7, UINT64_MAX - 3};
    struct fixture *f = *state;

    whole(f);
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        put32(f, INFO, sizes[i]);
        assert_wrong(read_multiboot(f), "out of reach");
    }
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        assert_wrong(loader_read(&f->memory, LOADER_MULTIBOOT2, places[i], &f->info),
                     "out of reach");
    }
}

static void a_bad_size_of_a_tag_is_refused(void **state)
{
    static const uint32_t sizes[] = {0, 7, 4000, UINT32_MAX, UINT32_MAX - 7};
    struct fixture *f = *state;

    whole(f);
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        put32(f, INFO + 12, sizes[i]);
        assert_wrong(read_multiboot(f), "a tag of the boot information");
    }
}

static void information_without_an_end_is_refused(void **state)
{
    struct fixture *f = *state;

    add_map(f);
    assert_wrong(read_multiboot(f), "no end");
    put32(f, INFO, 8);
    assert_wrong(read_multiboot(f), "no end");
    put32(f, INFO, 12);
    assert_wrong(read_multiboot(f), "no end");
}

static void a_bad_line_is_refused(void **state)
{
    struct fixture *f = *state;
    char line[LOADER_LINE_MAX + 1];

    memset(line, 'x', sizeof line);
    add_tag(f, 1, line, 20);
    add_end(f);
    assert_wrong(read_multiboot(f), "no end");
    assert_string_equal(f->info.line, "");
    f->at = INFO + 8;
    add_tag(f, 1, line, sizeof line);
    add_end(f);
    assert_wrong(read_multiboot(f), "too long");
    assert_string_equal(f->info.line, "");
}

static void a_bad_module_is_refused(void **state)
{
    static const struct {
        uint32_t start, end;
        const char *wrong;
    } modules[] = {
        {MODULE, MODULE - 1, "ends before it starts"},
        {MODULE + 8, MODULE + 20, "does not start on a page"},
        {0, 20, "out of reach"},
        {MODULE, MEMORY + 1, "out of reach"},
        {0xfffff000, UINT32_MAX, "out of reach"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(modules); i++) {
        f->at = INFO + 8;
        add_module(f, modules[i].start, modules[i].end);
        add_end(f);
        assert_wrong(read_multiboot(f), modules[i].wrong);
    }
    f->at = INFO + 8;
    add_tag(f, 3, "1234567", 7);
    add_end(f);
    assert_wrong(read_multiboot(f), "cut short");
}

static void a_bad_map_is_refused(void **state)
{
    static const uint32_t sizes[] = {0, 8, 23, 32, UINT32_MAX};
    struct fixture *f = *state;
    uint32_t map = add_map(f);

    add_end(f);
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        put32(f, map, sizes[i]);
        assert_wrong(read_multiboot(f), "memory map");
    }
    f->at = INFO + 8;
    add_tag(f, 6, "1234567", 7);
    add_end(f);
    assert_wrong(read_multiboot(f), "cut short");
}

static void a_screen_cut_short_is_refused(void **state)
{
    struct fixture *f = *state;

    for (uint32_t size = 0; size < SCREEN_BODY; size++) {
        f->at = INFO + 8;
        add_screen(f, 1, size);
        add_end(f);
        assert_wrong(read_multiboot(f), "cut short");
    }
}

/* ---- Memory ------------------------------------------------------------------------------- */

static void stretches_that_touch_are_one(void **state)
{
    struct fixture *f = *state;

    loader_add_range(&f->memory, &f->info, 0x1000, 0x1000);
    loader_add_range(&f->memory, &f->info, 0x2000, 0x3000);
    loader_add_range(&f->memory, &f->info, 0x6000, 0);
    loader_add_range(&f->memory, &f->info, 0x6000, 0x1000);
    loader_add_range(&f->memory, &f->info, MEMORY, 0x1000);
    loader_add_range(&f->memory, &f->info, 0x8000, UINT64_MAX);
    assert_int_equal(f->info.range_count, 3);
    assert_int_equal(f->info.ranges[0].end, 0x5000);
    assert_int_equal(f->info.ranges[2].end, MEMORY);
}

static void of_too_many_stretches_the_largest_stay(void **state)
{
    struct fixture *f = *state;
    const uint64_t small = 16, gap = 64, large = 0x1000;

    for (uint64_t i = 0; i < 2 * LOADER_RANGES_MAX; i++) {
        loader_add_range(&f->memory, &f->info, gap * (i + 1), small);
    }
    loader_add_range(&f->memory, &f->info, MEMORY / 2, large);
    loader_add_range(&f->memory, &f->info, MEMORY / 4, large / 2);
    assert_int_equal(f->info.range_count, LOADER_RANGES_MAX);
    assert_int_equal(f->info.ranges[0].start, MEMORY / 2);
    assert_int_equal(f->info.ranges[1].start, MEMORY / 4);
    assert_int_equal(f->info.ranges[2].start, 3 * gap);
}

/* ---- PVH ---------------------------------------------------------------------------------- */

enum { PVH_LINE = 0x3000, PVH_MODULES = 0x3800, PVH_MAP = 0x4000, PVH_RSDP = 0xf0010 };

static void whole_pvh(struct fixture *f)
{
    put32(f, INFO, PVH_MAGIC);
    put32(f, INFO + 4, 1);
    put32(f, INFO + 12, 1);
    put64(f, INFO + 16, PVH_MODULES);
    put64(f, INFO + 24, PVH_LINE);
    put64(f, INFO + 32, PVH_RSDP);
    put64(f, INFO + 40, PVH_MAP);
    put32(f, INFO + 48, 2);
    memcpy(f->bytes + PVH_LINE, "clock", 6);
    put64(f, PVH_MODULES, MODULE);
    put64(f, PVH_MODULES + 8, MODULE_SIZE);
    put64(f, PVH_MAP, usable[0].start);
    put64(f, PVH_MAP + 8, usable[0].end - usable[0].start);
    put32(f, PVH_MAP + 16, 1);
    put64(f, PVH_MAP + 24, 0x9f000);
    put64(f, PVH_MAP + 32, 0x1000);
    put32(f, PVH_MAP + 40, 2);
}

static const char *read_pvh(struct fixture *f)
{
    return loader_read(&f->memory, 0, INFO, &f->info);
}

static void all_of_pvh_is_read(void **state)
{
    struct fixture *f = *state;

    whole_pvh(f);
    assert_null(read_pvh(f));
    assert_string_equal(f->info.loader, "PVH");
    assert_string_equal(f->info.line, "clock");
    assert_int_equal(f->info.module, MODULE);
    assert_int_equal(f->info.module_size, MODULE_SIZE);
    assert_int_equal(f->info.range_count, 1);
    assert_int_equal(f->info.ranges[0].end, usable[0].end);
    assert_int_equal(f->info.rsdp, PVH_RSDP);
    assert_int_equal(f->info.rsdp_size, 0);
    assert_int_equal(f->info.screen.kind, LOADER_SCREEN_NONE);
    put32(f, INFO + 12, 0); /* without a module, which the image looks after, */
    put64(f, INFO + 24, 0); /* and without a command line */
    assert_null(read_pvh(f));
    assert_string_equal(f->info.line, "");
    assert_int_equal(f->info.module_size, 0);
}

static void bad_pvh_is_refused(void **state)
{
    static const struct {
        uint32_t at;
        uint64_t value;
        const char *wrong;
    } changes[] = {
        {INFO, 0, "neither through PVH nor"},
        {INFO + 16, 0, "module is out of reach"},
        {INFO + 16, MEMORY - 31, "module is out of reach"},
        {INFO + 24, MEMORY - 255, "command line is out of reach"},
        {INFO + 24, UINT64_MAX, "command line is out of reach"},
        {INFO + 40, 0, "no memory map"},
        {INFO + 40, MEMORY - 47, "no memory map"},
        {INFO + 48, 0, "no memory map"},
        {INFO + 48, UINT32_MAX, "no memory map"},
        {PVH_MODULES, MODULE + 1, "does not start on a page"},
        {PVH_MODULES, UINT64_MAX, "module is out of reach"},
        {PVH_MODULES + 8, UINT64_MAX, "module is out of reach"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
        whole_pvh(f);
        put64(f, changes[i].at, changes[i].value);
        assert_wrong(read_pvh(f), changes[i].wrong);
    }
    assert_wrong(loader_read(&f->memory, 0, MEMORY - 55, &f->info), "neither through PVH nor");
    assert_wrong(loader_read(&f->memory, 0, 0, &f->info), "neither through PVH nor");
    whole_pvh(f);
    memset(f->bytes + PVH_LINE, 'x', LOADER_LINE_MAX);
    assert_wrong(read_pvh(f), "too long");
}

/* ---- At random ----------------------------------------------------------------------------- */

/* Whatever is said, it is understood or refused, and what is understood lies within reach. */
static void check_what_was_understood(const struct fixture *f)
{
    const struct loader_info *info = &f->info;

    assert_non_null(memchr(info->line, '\0', sizeof info->line));
    assert_true(info->module_size == 0 || (info->module % PAGE_SIZE == 0 && info->module < MEMORY &&
                                           info->module_size <= MEMORY - info->module));
    assert_in_range(info->range_count, 1, LOADER_RANGES_MAX);
    for (uint32_t i = 0; i < info->range_count; i++) {
        assert_true(info->ranges[i].start < info->ranges[i].end && info->ranges[i].end <= MEMORY);
    }
    assert_true(info->rsdp_size <= LOADER_RSDP_MAX);
}

static void broken_information_is_survived(void **state)
{
    enum { ROUNDS = 20000, CHANGES = 4, SPAN = 512 };
    static const uint32_t places[] = {INFO, PVH_MAP, PVH_MODULES};
    struct fixture *f = *state;
    GRand *random = g_rand_new_with_seed(5);
    unsigned understood = 0;

    for (unsigned round = 0; round < ROUNDS; round++) {
        uint32_t magic = round % 2 == 0 ? LOADER_MULTIBOOT2 : 0;

        memset(f->bytes + INFO, 0, PVH_MAP + SPAN - INFO);
        f->at = INFO + 8;
        (magic != 0 ? whole : whole_pvh)(f);
        for (int i = g_rand_int_range(random, 0, CHANGES); i >= 0; i--) {
            uint32_t place = magic != 0 ? INFO : places[g_rand_int_range(random, 0, 3)];
            uint32_t at = place + (uint32_t)g_rand_int_range(random, 0, SPAN);

            f->bytes[at] =
                (uint8_t)(g_rand_boolean(random) ? g_rand_int(random) : f->bytes[at] + 1u);
        }
        if (loader_read(&f->memory, magic, INFO, &f->info) == NULL) {
            check_what_was_understood(f);
            understood++;
        }
    }
    assert_in_range(understood, ROUNDS / 10, ROUNDS * 9 / 10);
    g_rand_free(random);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_of_multiboot2_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(the_screen_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(other_screens_are_told, setup, teardown),
        cmocka_unit_test_setup_teardown(little_will_do, setup, teardown),
        cmocka_unit_test_setup_teardown(the_best_rsdp_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bad_size_of_all_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bad_size_of_a_tag_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(information_without_an_end_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bad_line_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bad_module_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bad_map_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_screen_cut_short_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(stretches_that_touch_are_one, setup, teardown),
        cmocka_unit_test_setup_teardown(of_too_many_stretches_the_largest_stay, setup, teardown),
        cmocka_unit_test_setup_teardown(all_of_pvh_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_pvh_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(broken_information_is_survived, setup, teardown),
    };

    return cmocka_run_group_tests_name("loader", tests, NULL, NULL);
}
