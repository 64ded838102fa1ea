/* Profiles: that they measure what they say. The kernel's own bounds are test_bounds.c's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/plot.h"
#include "sim/profile.h"
#include "sim/profile_stack.h"

enum { PAGE = 4096, STEP = 500 };

static struct profile profile(struct profile_options options)
{
    struct profile result;
    GError *error = NULL;

    options.seed = 1;
    if (!profile_run(&options, &result, &error))
        fail_msg("%s", error->message);
    return result;
}

/* ---- Measured stacks ---------------------------------------------------------------------- */

struct body {
    uintptr_t entry;
    size_t size;
    uint32_t calls;
};

/* Writes to `size` bytes of stack at least, and, but for a sanitizer's, not to many more. */
__attribute__((noinline)) static void fill(size_t size)
{
    char bytes[STEP];

    memset(bytes, 1, sizeof(bytes));
    __asm__ volatile("" : : "r"(bytes) : "memory");
    if (size > STEP)
        fill(size - STEP);
    __asm__ volatile("" : : "r"(bytes) : "memory");
}

static void use_stack(void *data)
{
    struct body *body = data;

    body->entry = profile_stack_here();
    body->calls++;
    fill(body->size);
    __asm__ volatile("");
}

static void what_is_used_is_measured(void **state)
{
    static const size_t sizes[] = {1000, 100, 5000, 25000};
    struct profile_stack *stack = profile_stack_new(64 * 1024);
    struct body body = {0};
    size_t most = 0;

    (void)state;
    assert_non_null(stack);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        body.size = sizes[i];
        most = MAX(most, sizes[i]);
        assert_true(profile_stack_call(stack, use_stack, &body));
        assert_int_equal(body.calls, i + 1);
        assert_in_range(profile_stack_used(stack, body.entry), most, 4 * most);
    }
    profile_stack_free(stack);
}

static void running_over_the_end_is_a_result(void **state)
{
    (void)state;
    for (int again = 0; again < 3; again++) {
        struct profile_stack *outer = profile_stack_new(16 * PAGE);
        struct profile_stack *stack = profile_stack_new(4 * PAGE);
        struct body body = {.size = PAGE};
        assert_true(profile_stack_call(stack, use_stack, &body));
        body.size = 4 * PAGE;
        assert_false(profile_stack_call(stack, use_stack, &body));
        assert_int_equal(body.calls, 2);
        profile_stack_free(stack);
        assert_true(profile_stack_call(outer, use_stack, &body));
        profile_stack_free(outer);
    }
}

/* ---- One kernel --------------------------------------------------------------------------- */

static void a_recursive_walk_takes_stack_in_proportion_to_the_depth(void **state)
{
    (void)state;
    for (enum profile_walk walk = PROFILE_RECURSIVE; walk <= PROFILE_RECURSIVE_LOGGING; walk++) {
        struct profile_options o = {.walk = walk, .size = 1000};
        uint64_t thousand = profile(o).stack_bytes, two, star;
        o.size = 2000;
        two = profile(o).stack_bytes;
        o.shape = PROFILE_STAR;
        star = profile(o).stack_bytes;
        assert_true(two - thousand >= 1000 * (walk == PROFILE_RECURSIVE ? 16 : 256));
        assert_in_range(two, 1.7 * (double)thousand, 2.1 * (double)thousand);
        assert_true(star < thousand / 10);
    }
}

static void the_log_takes_its_line_a_level(void **state)
{
    struct profile_options o = {.walk = PROFILE_RECURSIVE, .size = 1000};
    uint64_t plain = profile(o).stack_bytes;

    (void)state;
    o.walk = PROFILE_RECURSIVE_LOGGING;
    assert_true(profile(o).stack_bytes >= plain + 1000 * 256);
}

static void a_walk_that_overflows_says_so_and_the_next_is_sound(void **state)
{
    struct profile_options o = {.walk = PROFILE_RECURSIVE, .size = 10000, .stack = 64 * 1024};
    struct profile overflowed = profile(o), sound;

    (void)state;
    assert_true(overflowed.overflowed);
    o.walk = PROFILE_ITERATIVE;
    sound = profile(o);
    assert_false(sound.overflowed);
    assert_in_range(sound.stack_bytes, 1, o.stack);
    o.walk = PROFILE_RECURSIVE;
    o.stack = 0;
    assert_false(profile(o).overflowed);
}

static uint32_t deepest(enum profile_walk walk, size_t stack)
{
    struct profile_options o = {.walk = walk, .seed = 1};
    GError *error = NULL;
    uint32_t levels;

    if (!profile_deepest(&o, stack, &levels, &error))
        fail_msg("%s", error->message);
    return levels;
}

static void the_deepest_chain_survives_and_the_next_does_not(void **state)
{
    (void)state;
    for (enum profile_walk walk = PROFILE_RECURSIVE; walk <= PROFILE_RECURSIVE_LOGGING; walk++) {
        struct profile_options o = {.walk = walk, .stack = 16 * PAGE};
        o.size = deepest(walk, o.stack);
        assert_in_range(o.size, 2, o.stack / 16);
        assert_false(profile(o).overflowed);
        o.size++;
        assert_true(profile(o).overflowed);
        assert_true(deepest(walk, 2 * o.stack) >= 2 * (o.size - 1));
    }
}

static void the_kernel_needs_no_more_for_any_depth(void **state)
{
    (void)state;
    assert_int_equal(deepest(PROFILE_ITERATIVE, 4 * PAGE), 0);
}

static void every_entry_point_is_measured(void **state)
{
    struct profile one = profile((struct profile_options){.size = 100});
    struct profile many = profile((struct profile_options){.size = 100, .kernels = 3});

    (void)state;
    for (enum profile_entry i = 0; i < PROFILE_ENTRIES; i++) {
        assert_int_equal(one.entry_stack[i] > 0, i != PROFILE_HEAR && i != PROFILE_TELL);
        assert_int_equal(many.entry_stack[i] > 0, i != PROFILE_END);
    }
    assert_int_equal(MAX(one.stack_bytes, one.idle_stack_bytes),
                     MAX(one.entry_stack[PROFILE_MESSAGE], one.entry_stack[PROFILE_WORK]));
}

/* ---- Many kernels ------------------------------------------------------------------------- */

static void every_shape_can_lie_on_many_kernels(void **state)
{
    (void)state;
    for (enum profile_shape shape = PROFILE_CHAIN; shape <= PROFILE_FOREST; shape++) {
        for (uint32_t kernels = 1; kernels <= 5; kernels += 2) {
            struct profile_options o = {.shape = shape, .size = 500, .kernels = kernels};
            struct profile p = profile(o), again = profile(o);
            assert_int_equal(p.bytes_per_cap, 64);
            assert_in_range(p.max_work, 1, 84);
            assert_int_equal(p.messages > 0, kernels > 1);
            assert_true(p.events > p.messages);
            assert_true(p.ns_per_cap > 0);
            assert_int_equal(again.events, p.events);
            assert_int_equal(again.messages, p.messages);
            assert_int_equal(again.stack_bytes, p.stack_bytes);
        }
    }
}

static void the_stack_does_not_grow_with_a_forest(void **state)
{
    struct profile_options o = {.shape = PROFILE_FOREST, .size = 1000, .kernels = 4};
    struct profile small = profile(o), large;

    (void)state;
    o.size = 100000;
    large = profile(o);
    assert_int_equal(large.stack_bytes, small.stack_bytes);
    assert_true(large.messages > 10 * small.messages);
}

/* ---- Flame graphs ------------------------------------------------------------------------- */

/* Units of all lines that begin with `words`; each line is three frames and a number. */
static uint64_t units(const char *folded, const char *words)
{
    char **lines = g_strsplit(folded, "\n", -1);
    uint64_t sum = 0;

    for (char **line = lines; **line != '\0'; line++) {
        assert_true(
            g_regex_match_simple("^\\w+;\\w+;rescind_kernel_\\w+ [1-9][0-9]*$", *line, 0, 0));
        if (g_str_has_prefix(*line, words))
            sum += g_ascii_strtoull(strrchr(*line, ' ') + 1, NULL, 10);
    }
    g_strfreev(lines);
    return sum;
}

static char *flame(struct profile_options options)
{
    GError *error = NULL;
    char *folded = profile_flame(&options, &error);

    if (folded == NULL)
        fail_msg("%s", error->message);
    return folded;
}

static void a_flame_graph_counts_every_unit_of_work(void **state)
{
    char *small = flame((struct profile_options){.size = 1000});
    char *large = flame((struct profile_options){.size = 2000});

    (void)state;
    assert_int_equal(units(small, "CREATEGATE;"), 1);
    assert_int_equal(units(small, "EXCHANGE;reserve;rescind_kernel_message "), 999);
    assert_in_range(units(small, "REVOKE;mark;"), 999, 4000);
    assert_in_range(units(small, "REVOKE;sweep;"), 999, 4000);
    assert_in_range(units(large, "REVOKE;"), 1.9 * (double)units(small, "REVOKE;"),
                    2.1 * (double)units(small, "REVOKE;"));
    assert_int_equal(units(small, ""), units(small, "CREATEGATE;") + units(small, "EXCHANGE;") +
                                           units(small, "REVOKE;"));
    g_free(small);
    g_free(large);
}

/* A record takes one unit to tell and two to hear. */
static void a_flame_graph_shows_messages_between_kernels(void **state)
{
    static const char *const phases[] = {"EXCHANGE;ask;", "EXCHANGE;answer;", "REVOKE;mark;",
                                         "REVOKE;sweep;"};
    char *folded = flame((struct profile_options){.size = 1000, .kernels = 2});

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(phases); i++) {
        char *told = g_strconcat(phases[i], "rescind_kernel_tell ", NULL);
        char *heard = g_strconcat(phases[i], "rescind_kernel_hear ", NULL);
        assert_true(units(folded, told) >= 999);
        assert_int_equal(units(folded, heard), 2 * units(folded, told));
        g_free(told);
        g_free(heard);
    }
    g_free(folded);
}

/* ---- Plots -------------------------------------------------------------------------------- */

static void a_plot_shows_curves_limits_and_marks(void **state)
{
    struct plot *plot = plot_new();
    struct plot_point mark = {.depth = 123, .stack = 4096};
    uint32_t limit = 4;
    GError *error = NULL;
    char *svg;

    (void)state;
    plot_curve(plot, "flat");
    plot_point(plot, 10, 900);
    plot_point(plot, 1000, 900);
    plot_curve(plot, "steep");
    plot_point(plot, 10, 320);
    plot_point(plot, 1000, 32000);
    g_array_append_val(plot->limits, limit);
    g_array_append_val(plot->marks, mark);
    svg = plot_svg(plot, &error);
    if (plot_can_draw()) {
        assert_non_null(svg);
        assert_non_null(strstr(svg, "<svg"));
        assert_non_null(strstr(svg, "flat"));
        assert_non_null(strstr(svg, "steep"));
        assert_non_null(strstr(svg, "4 KiB"));
        assert_non_null(strstr(svg, "123 levels"));
        assert_null(strstr(svg, "NaN"));
    } else {
        assert_null(svg);
        assert_non_null(error);
        g_error_free(error);
    }
    g_free(svg);
    plot_free(plot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_used_is_measured),
        cmocka_unit_test(running_over_the_end_is_a_result),
        cmocka_unit_test(a_recursive_walk_takes_stack_in_proportion_to_the_depth),
        cmocka_unit_test(the_log_takes_its_line_a_level),
        cmocka_unit_test(a_walk_that_overflows_says_so_and_the_next_is_sound),
        cmocka_unit_test(the_deepest_chain_survives_and_the_next_does_not),
        cmocka_unit_test(the_kernel_needs_no_more_for_any_depth),
        cmocka_unit_test(every_entry_point_is_measured),
        cmocka_unit_test(every_shape_can_lie_on_many_kernels),
        cmocka_unit_test(the_stack_does_not_grow_with_a_forest),
        cmocka_unit_test(a_flame_graph_counts_every_unit_of_work),
        cmocka_unit_test(a_flame_graph_shows_messages_between_kernels),
        cmocka_unit_test(a_plot_shows_curves_limits_and_marks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
