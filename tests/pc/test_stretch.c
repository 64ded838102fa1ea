/* How long the kernel keeps interrupts out on the PC, in instructions, and what boot and calls cost
 * there.
 *
 * A stretch goes from the kernel's entry, or from the last time that it let interrupts in, to the
 * next time or to the return. Each litmus file of the corpus with one kernel (a count of
 * instructions is the machine's, not a processor's) is booted under icount, and every shape of tree
 * is built and revoked. RESCIND_TESTS names the corpus' directory, RESCIND_IMAGE the image.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "rescind/startup.h"
#include "sim/boot.h"
#include "sim/compile.h"
#include "sim/profile_boot.h"

/* No stretch is longer. */
enum { STRETCH_MAX = 5000 };

/* From the machine's start, firmware included, to the first instruction of a VPE. */
enum { BOOT_MAX = 20000000 };

/* What calls may cost, ring 3 and the way in and out included; the tree is of TREE capabilities. */
enum { NOOP_MAX = 410, EXCHANGE_MAX = 830, REVOKE_MAX = 680, DESCENDANT_MAX = 160, TREE = 3000 };

static void ignore(void *context, uint32_t vpe, const uint8_t *message, size_t size)
{
    (void)context;
    (void)vpe;
    (void)message;
    (void)size;
}

/* With capture, too: what goes to the report meanwhile is a stretch as others. */
static uint64_t stretch_of(const GByteArray *module, const char *file)
{
    struct boot_clock *clock = boot_clock_new();
    const struct boot_options options = {.icount = true, .clock = clock, .capture = ignore};
    GError *error = NULL;
    struct outcome *outcome = boot_run(module->data, module->len, &options, &error);
    uint64_t stretch;

    if (outcome == NULL)
        fail_msg("%s: %s", file, error->message);
    assert_int_equal(clock->stretches->len, 1);
    stretch = g_array_index(clock->stretches, uint64_t, 0);
    outcome_free(outcome);
    boot_clock_free(clock);
    return stretch;
}

/* False: it is not one to boot alone. */
static bool check_file(const char *file)
{
    char *error = NULL;
    struct litmus *litmus = litmus_read(file, &error);
    const struct rescind_startup *header;
    GByteArray *module;
    bool suits;

    if (litmus == NULL)
        fail_msg("%s: %s", file, error);
    module = compile(litmus, 1);
    header = (const void *)module->data;
    suits = header->kernel_count == 1 && header->fault_count == 0;
    if (suits) {
        uint64_t stretch = stretch_of(module, file);

        print_message("%6" G_GUINT64_FORMAT " %s\n", stretch, file);
        assert_true(stretch > 0);
        if (stretch > STRETCH_MAX)
            fail_msg("%s: the kernel keeps interrupts out for %" G_GUINT64_FORMAT " instructions",
                     file, stretch);
    }
    g_byte_array_unref(module);
    litmus_free(litmus);
    return suits;
}

static void no_litmus_file_keeps_interrupts_out_for_long(void **state)
{
    static const char *const rooms[] = {"litmus", "litmus/racy"};
    unsigned checked = 0;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rooms); i++) {
        char *room = g_build_filename(g_getenv("RESCIND_TESTS"), rooms[i], NULL);
        GDir *directory = g_dir_open(room, 0, NULL);

        assert_non_null(directory);
        for (const char *name; (name = g_dir_read_name(directory)) != NULL;) {
            char *file = g_build_filename(room, name, NULL);

            if (g_str_has_suffix(name, ".litmus"))
                checked += check_file(file);
            g_free(file);
        }
        g_dir_close(directory);
        g_free(room);
    }
    assert_true(checked > 50);
}

static void no_shape_of_tree_keeps_interrupts_out_for_long_or_costs_much(void **state)
{
    (void)state;
    for (unsigned selectors = PROFILE_SEQ; selectors <= PROFILE_SHUFFLED; selectors++) {
        for (unsigned shape = PROFILE_CHAIN; shape < PROFILE_FOREST; shape++) {
            const struct profile_options options = {
                .shape = shape, .selectors = selectors, .size = TREE, .kernels = 1};
            struct profile_boot profile;
            GError *error = NULL;

            if (!profile_boot(&options, &profile, &error))
                fail_msg("%s: %s", profile_shape_name(shape), error->message);
            profile_boot_print_row(&options, &profile);
            assert_in_range(profile.noop, 1, NOOP_MAX);
            assert_in_range(profile.exchange, profile.noop, EXCHANGE_MAX);
            assert_in_range(profile.revoke_leaf, profile.noop, REVOKE_MAX);
            assert_true(profile.revoke > profile.revoke_leaf);
            if (selectors == PROFILE_SEQ)
                assert_true(profile.revoke_per_descendant < DESCENDANT_MAX);
            assert_in_range(profile.stretch, 1, STRETCH_MAX);
        }
    }
}

/* Nor does a tree of a million; bench/run.sh does the other shapes. */
static void a_million_capabilities_keep_interrupts_out_for_no_longer(void **state)
{
    const struct profile_options options = {
        .shape = PROFILE_RANDOM, .selectors = PROFILE_SEQ, .size = PROFILE_SIZE_MAX, .kernels = 1};
    struct profile_boot profile;
    GError *error = NULL;

    (void)state;
    if (!profile_boot(&options, &profile, &error))
        fail_msg("%s", error->message);
    profile_boot_print_row(&options, &profile);
    assert_in_range(profile.stretch, 1, STRETCH_MAX);
    assert_true(profile.revoke_per_descendant < DESCENDANT_MAX);
}

static void boot_is_soon_done(void **state)
{
    static const char file[] = "vpe A\n";
    char *wrong = NULL;
    struct litmus *litmus = litmus_parse("file", file, strlen(file), &wrong);
    GByteArray *module = compile(litmus, 1);
    struct boot_clock *clock = boot_clock_new();
    const struct boot_options options = {.icount = true, .clock = clock};
    GError *error = NULL;
    struct outcome *outcome = boot_run(module->data, module->len, &options, &error);
    uint64_t start;

    (void)state;
    if (outcome == NULL)
        fail_msg("%s", error->message);
    assert_int_equal(clock->starts->len, 1);
    start = g_array_index(clock->starts, uint64_t, 0);
    print_message("a VPE runs after %" G_GUINT64_FORMAT " instructions\n", start);
    assert_in_range(start, 1, BOOT_MAX);
    outcome_free(outcome);
    boot_clock_free(clock);
    g_byte_array_unref(module);
    litmus_free(litmus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boot_is_soon_done),
        cmocka_unit_test(no_litmus_file_keeps_interrupts_out_for_long),
        cmocka_unit_test(no_shape_of_tree_keeps_interrupts_out_for_long_or_costs_much),
        cmocka_unit_test(a_million_capabilities_keep_interrupts_out_for_no_longer),
    };

    return cmocka_run_group_tests_name("stretch", tests, NULL, NULL);
}
