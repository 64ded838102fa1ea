/* The litmus language: from text to start-up module, and from outcome to verdict and report.
 *
 * The corpus is looked for in $RESCIND_TESTS/litmus, or in tests/litmus below the working
 * directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "rescind/abi.h"
#include "rescind/startup.h"
#include "sim/compile.h"
#include "sim/judge.h"
#include "sim/litmus.h"
#include "sim/litmus_print.h"
#include "sim/outcome.h"
#include "sim/print.h"
#include "user/programs.h"
#include "user/startup.h"
#include "user/steps.h"

/* ---- helpers ---- */

static struct litmus *parse(const char *text)
{
    char *error = NULL;
    struct litmus *litmus = litmus_parse("f", text, strlen(text), &error);
    if (litmus == NULL) {
        print_error("%s\n", error);
    }
    assert_non_null(litmus);
    assert_null(error);
    return litmus;
}

/* The steps in a program of one VPE, A, that may reach another, B. */
static struct litmus *parse_steps(const char *steps)
{
    char *text = g_strdup_printf("vpe A\nvpe B\ngrant A 2 = vpe B\nprogram A\n%s\n", steps);
    struct litmus *litmus = parse(text);
    g_free(text);
    return litmus;
}

static void assert_refused_bytes(const char *text, size_t size, const char *expected)
{
    char *error = NULL;
    struct litmus *litmus = litmus_parse("f", text, size, &error);
    assert_null(litmus);
    assert_non_null(error);
    char *whole = g_strconcat("f:", expected, NULL);
    assert_string_equal(error, whole);
    g_free(whole);
    g_free(error);
}

static void assert_refused(const char *text, const char *expected)
{
    assert_refused_bytes(text, strlen(text), expected);
}

/* `line` as the one line of A's program, which is line 3 of the file. */
static void assert_step_refused(const char *line, const char *expected)
{
    char *text = g_strdup_printf("vpe A\nprogram A\n%s\n", line);
    assert_refused(text, expected);
    g_free(text);
}

/* `line` as the one line of a `final`, which is line 4 of the file. */
static void assert_line_refused(const char *line, const char *expected)
{
    char *text = g_strdup_printf("vpe A\nprogram A\nR = noop\nfinal\n%s\n", line);
    assert_refused(text, expected);
    g_free(text);
}

static void assert_accepted(const char *text)
{
    litmus_free(parse(text));
}

static uint64_t value(const struct litmus *l, guint vpe, guint step, guint index)
{
    return litmus_values(l, litmus_step(l, vpe, step))[index];
}

/* What comes of `text` must pass the check. */
static GByteArray *compile_text(const char *text)
{
    struct litmus *litmus = parse(text);
    GByteArray *module = compile(litmus, 7);
    assert_null(startup_check(module->data, module->len));
    litmus_free(litmus);
    return module;
}

static char *step_hex(const char *line)
{
    struct litmus *litmus = parse_steps(line);
    GByteArray *module = compile(litmus, 7);
    struct steps s;
    struct step step;
    GString *hex = g_string_new(NULL);
    steps_start(&s, module->data, 0);
    assert_true(steps_next(&s, &step));
    assert_int_equal(step.kind, RESCIND_STEP_CALL);
    for (uint32_t i = 0; i < step.size; i++) {
        g_string_append_printf(hex, "%02x", step.payload[i]);
    }
    g_byte_array_unref(module);
    litmus_free(litmus);
    return g_string_free(hex, false);
}

static void assert_marshalled(const char *line, const char *expected)
{
    GString *packed = g_string_new(NULL);
    char *hex = step_hex(line);
    for (const char *c = expected; *c != 0; c++) {
        if (*c != ' ') {
            g_string_append_c(packed, *c);
        }
    }
    assert_string_equal(hex, packed->str);
    g_free(hex);
    g_string_free(packed, true);
}

/* ---- what a file may say ---- */

static const char sample[] = "# a comment\n"
                             "litmus \"a title # with ü\"\n"
                             "kernel K\n"
                             "vpe VPE0 @ L\n"
                             "kernel L nodes=0x100+1\n"
                             "vpe VPE1\n"
                             "grant VPE0 2 = vpe VPE1\n"
                             "fault kill VPE1\n"
                             "fault exhaust L\n"
                             "fault delay L K\n"
                             "program VPE0\n"
                             "    creategate 0 20 label=0xDEAD ep=4 credits=16\n"
                             "    exchange delegate 2 20 30\n"
                             "    signal go\n"
                             "    repeat 2 {\n"
                             "        revoke 10+10*$i:3 own=0 => ok | inv-args\n"
                             "    }\n"
                             "    raw 0011 22\n"
                             "    R = revoke 20\n"
                             "program VPE1\n"
                             "    wait go\n"
                             "    exit 3\n"
                             "final\n"
                             "    not VPE0 holds 20 gate and (VPE1 lacks 30 or R = any)\n"
                             "    VPE0:2 child-of VPE1:0\n"
                             "exists\n"
                             "    VPE0 count 3\n"
                             "never\n"
                             "    VPE1 lacks map:4\n";

static void a_whole_file_is_read_as_it_stands(void **state)
{
    (void)state;
    struct litmus *l = parse(sample);
    assert_string_equal(l->title, "a title # with ü");
    assert_int_equal(l->vpes->len, 2);
    assert_string_equal(litmus_vpe(l, 1)->name, "VPE1");
    assert_int_equal(l->kernels->len, 2);
    assert_string_equal(litmus_kernel(l, 1)->name, "L");
    assert_int_equal(litmus_kernel(l, 0)->nodes, 0);
    assert_int_equal(litmus_kernel(l, 1)->nodes, 257);
    assert_int_equal(litmus_vpe(l, 0)->kernel, 1);
    assert_int_equal(litmus_vpe(l, 1)->kernel, 0);
    assert_int_equal(l->faults->len, 3);
    assert_int_equal(g_array_index(l->faults, struct litmus_fault, 2).kind, RESCIND_FAULT_DELAY);
    assert_int_equal(g_array_index(l->faults, struct litmus_fault, 2).a, 1);
    assert_int_equal(l->grants->len, 1);
    assert_int_equal(g_array_index(l->grants, struct litmus_grant, 0).sel, 2);
    assert_int_equal(g_array_index(l->grants, struct litmus_grant, 0).target, 1);
    assert_int_equal(litmus_vpe(l, 0)->steps, 7);
    assert_int_equal(litmus_vpe(l, 0)->calls, 6);
    assert_int_equal(litmus_vpe(l, 1)->steps, 2);
    assert_int_equal(litmus_vpe(l, 1)->calls, 1);
    assert_int_equal(l->signals, 1);
    assert_int_equal(value(l, 0, 4, 0), 20);
    assert_int_equal(litmus_statement(l, litmus_step(l, 0, 4))->line, 16);
    assert_int_equal(litmus_statement(l, litmus_step(l, 0, 4))->expected, 1u << 0 | 1u << 5);
    assert_int_equal(g_array_index(l->registers, struct litmus_register, 0).call, 5);
    assert_int_equal(l->conditions->len, 3);
    assert_int_equal(l->lines->len, 4);
    litmus_free(l);
}

/* Every call that sample has not. */
static const char every_call[] = "kernel K memory=0x10000 vpes=9\n"
                                 "kernel L\n"
                                 "vpe A quota=90\n"
                                 "vpe B @ L\n"
                                 "child C\n"
                                 "program A\n"
                                 "    reqmem 5 size=8192 perms=rw addr=0\n"
                                 "    derivemem 5 6 off=0 size=4096 perms=r\n"
                                 "    createvpe 7 8 C pe=0 pfgate=9 pfep=2 is=0\n"
                                 "    fund 7 10\n"
                                 "    fund 7 5 back\n"
                                 "    createmap 0 5 first=0 pages=2 65536 perms=rw\n"
                                 "    pagefault 268435456 perms=rwx => no-mapping\n"
                                 "    store 268435456 value=7\n"
                                 "    load 268435456 is=7 => ok | other\n"
                                 "    vpectrl 7 start\n"
                                 "    vpectrl 7 wait is=3 => vpe-gone | other\n"
                                 "    attachrb 0 2 addr=0 order=9 msgorder=7\n"
                                 "    createsrv 10 11 disk\n"
                                 "    createsess 7 12 disk args=1,2\n"
                                 "    createsessat 11 13 ident=4\n"
                                 "    delegate 7 12 20:3 is=3\n"
                                 "    obtain 7 12 map:20 args=1\n"
                                 "    detachrb 0 2\n"
                                 "program C\n"
                                 "    activate 3 20\n"
                                 "    activate 3 none old=20\n"
                                 "    send 3 1,2,3 reply=4 label=5\n"
                                 "    send 3 1\n"
                                 "    receive 4 nowait is=1 label=5\n"
                                 "    receive 4\n"
                                 "    reply 4 0,1\n"
                                 "    reply 4 0 range=5:2 args=7,8\n"
                                 "    reply 4 0 range=map:5\n"
                                 "    R = ack 4\n"
                                 "    read 3 off=0 is=1\n"
                                 "    write 3 off=0 value=1\n"
                                 "    listen 4 3\n"
                                 "    irqack 4\n"
                                 "    portin 5 off=0 width=16 is=7\n"
                                 "    portin 5 off=7\n"
                                 "    portout 5 off=1 width=8 value=255\n"
                                 "final\n"
                                 "    R = other\n";

static void every_call_is_printed_as_it_was_read(void **state)
{
    (void)state;
    struct litmus *l = parse(every_call);
    char *text = litmus_print(l, NULL);
    struct litmus *again = parse(text);
    GByteArray *one = compile(l, 1), *two = compile(again, 1);
    assert_int_equal(one->len, two->len);
    assert_memory_equal(one->data, two->data, one->len);
    /* and a line as it stands */
    char **lines = g_strsplit(every_call, "\n", -1);
    for (guint vpe = 0, line = 6; vpe < 3; vpe += 2, line++) {
        for (guint i = 0; i < litmus_vpe(l, vpe)->steps; i++, line++) {
            char *step = litmus_print_step(l, vpe, i);
            assert_string_equal(step, g_strstrip(lines[line]));
            g_free(step);
        }
    }
    g_strfreev(lines);
    g_byte_array_unref(one);
    g_byte_array_unref(two);
    litmus_free(again);
    litmus_free(l);
    g_free(text);
}

static void a_file_without_title_has_none(void **state)
{
    (void)state;
    struct litmus *l = parse("vpe A");
    assert_null(l->title);
    assert_int_equal(litmus_vpe(l, 0)->steps, 0);
    litmus_free(l);
}

static void a_file_without_a_kernel_has_k0(void **state)
{
    (void)state;
    struct litmus *l = parse("vpe A\nvpe B @ K0\nfault exhaust K0\n");
    assert_int_equal(l->kernels->len, 1);
    assert_string_equal(litmus_kernel(l, 0)->name, "K0");
    assert_int_equal(litmus_kernel(l, 0)->nodes, 0);
    assert_int_equal(litmus_vpe(l, 1)->kernel, 0);
    litmus_free(l);
}

static void a_vpe_without_a_kernel_is_the_first_ones(void **state)
{
    (void)state;
    struct litmus *l = parse("vpe A\nvpe B @ K2\nkernel K1\nvpe C@K1\nkernel K2\nvpe D\n");
    static const uint32_t homes[] = {0, 1, 0, 0};
    for (guint i = 0; i < G_N_ELEMENTS(homes); i++) {
        assert_int_equal(litmus_vpe(l, i)->kernel, homes[i]);
    }
    litmus_free(l);
}

static void line_ends_of_both_kinds_blank_lines_and_indentation_mean_nothing(void **state)
{
    (void)state;
    GByteArray *plain = compile_text("vpe A\nprogram A\nrevoke 5\nnoop\nfinal\nA lacks 5\n");
    GByteArray *dressed = compile_text("\r\n \t# x\r\n\r\n\tvpe\tA # y\r\n\r\nprogram A\r\n\r\n"
                                       "  revoke 5#z\r\n noop\r\n# e\r\nfinal\r\n A lacks 5");
    assert_int_equal(plain->len, dressed->len);
    assert_memory_equal(plain->data, dressed->data, plain->len);
    g_byte_array_unref(plain);
    g_byte_array_unref(dressed);
}

static void declarations_may_refer_to_what_stands_below_them(void **state)
{
    (void)state;
    assert_accepted("grant A 2 = vpe B\nvpe A @K\nvpe B@K\nkernel K\n");
    assert_accepted("vpe A @ K0\n");
    assert_accepted("fault delay K L\nfault kill A\nkernel L\nvpe A @ K\nkernel K\n");
}

static void no_word_is_reserved(void **state)
{
    (void)state;
    assert_accepted("kernel nodes nodes=9\nkernel kernel\nkernel vpe\nvpe fault @ kernel\n"
                    "vpe kill @ vpe\nfault kill kill\nfault kill fault\n"
                    "fault exhaust nodes\nfault delay kernel vpe\n");
    struct litmus *l = parse("vpe not\nvpe final\nvpe map\nvpe vpe\nvpe holds\nvpe program\n"
                             "grant vpe 2 = vpe vpe\n"
                             "program vpe\n"
                             "repeat = noop\nnoop = noop\nfinal = noop\nsignal repeat\nwait wait\n"
                             "program program\n"
                             "final\n"
                             "not holds 2\nnot not holds 2\nnot not not holds map:2\n"
                             "final holds 3 vpe\nfinal count 1 and map:map:3 child-of map:3\n"
                             "holds holds 3\nnot holds holds 3\nfinal = any\nrepeat = ok\n"
                             "never final lacks 0\n");
    assert_int_equal(l->conditions->len, 2);
    assert_int_equal(g_array_index(l->conditions, struct litmus_condition, 0).lines, 9);
    assert_int_equal(litmus_vpe(l, 3)->steps, 5);
    litmus_free(l);
}

static void a_repeat_may_stand_on_one_line(void **state)
{
    (void)state;
    GByteArray *one = compile_text("vpe A\nprogram A\nrepeat 2 { repeat 2 { revoke 9*$j+$i } }\n");
    GByteArray *many =
        compile_text("vpe A\nprogram A\nrepeat 2 {\nrepeat 2 {\nrevoke 9*$j+$i\n}\n}\n");
    assert_int_equal(one->len, many->len);
    assert_memory_equal(one->data, many->data, one->len);
    g_byte_array_unref(one);
    g_byte_array_unref(many);
}

static void every_error_name_of_the_abi_is_a_result(void **state)
{
    (void)state;
    static const char *const words[] = {
#define RESCIND_ERROR(name, number, word) [(number)] = (word),
        RESCIND_ERRORS(RESCIND_ERROR)
#undef RESCIND_ERROR
    };
    assert_int_equal(G_N_ELEMENTS(words), 23);
    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        char *line = g_strdup_printf("noop => %s", words[i]);
        struct litmus *l = parse_steps(line);
        assert_int_equal(litmus_statement(l, litmus_step(l, 0, 0))->expected, 1u << i);
        litmus_free(l);
        g_free(line);
    }
}

static void a_step_expects_ok_and_one_that_sets_a_register_anything(void **state)
{
    (void)state;
    struct litmus *l = parse_steps("noop\nR = noop\nS = noop => no-perm\nnoop => any\n"
                                   "receive 2 is=1 => ok | other");
    static const uint32_t expected[] = {1, LITMUS_EXPECT_ANY, 1u << 8, LITMUS_EXPECT_ANY,
                                        LITMUS_EXPECT_OTHER | 1};
    for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
        assert_int_equal(litmus_statement(l, litmus_step(l, 0, i))->expected, expected[i]);
    }
    litmus_free(l);
}

/* ---- numbers and repeats ---- */

static void a_number_is_a_sum_of_products(void **state)
{
    (void)state;
    struct litmus *l = parse_steps("revoke 200+0x10*3*2+007\n"
                                   "creategate 0 5 label=0xFFFFFFFFFFFFFFFe+1 ep=0 "
                                   "credits=18446744073709551615*1+0*9\n"
                                   "revoke 4294967295:4294967295\n");
    assert_int_equal(value(l, 0, 0, 0), 303);
    assert_true(value(l, 0, 1, 2) == UINT64_MAX);
    assert_true(value(l, 0, 1, 4) == UINT64_MAX);
    assert_int_equal(value(l, 0, 2, 0), UINT32_MAX);
    litmus_free(l);
}

static void the_round_is_i_and_the_outer_rounds_are_j_and_k(void **state)
{
    (void)state;
    struct litmus *l = parse_steps("repeat 2 {\nrevoke $i+1000\nrepeat 3 {\nrepeat $i+1 {\n"
                                   "revoke 100*$k+10*$j+$i\n}\nrevoke 2000+10*$j+$i\n}\n}");
    static const uint64_t expected[] = {1000, 0,   2000, 10,  11,  2001, 20,  21,  22,  2002,
                                        1001, 100, 2010, 110, 111, 2011, 120, 121, 122, 2012};
    assert_int_equal(litmus_vpe(l, 0)->steps, G_N_ELEMENTS(expected));
    for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
        assert_int_equal(value(l, 0, i, 0), expected[i]);
    }
    litmus_free(l);
}

static void a_million_steps_are_taken_and_one_more_is_refused(void **state)
{
    (void)state;
    struct litmus *l = parse_steps("repeat 1000 { repeat 999 { noop } }\n"
                                   "repeat 500 {\nsignal x\nwait x\n}");
    assert_int_equal(litmus_vpe(l, 0)->steps, 1000000);
    litmus_free(l);
    assert_step_refused("repeat 1000 { repeat 1000 { noop } }\nsignal x",
                        "4:1: more than 1000000 steps when unrolled");
    assert_refused("vpe A\nvpe B\nprogram A\nrepeat 600000 { noop }\nprogram B\n"
                   "repeat 600000 {\n wait x\n}",
                   "7:2: more than 1000000 steps when unrolled");
    assert_step_refused("repeat 0xFFFFFFFFFFFFFFFF { noop }",
                        "3:29: more than 1000000 steps when unrolled");
}

static void repeats_without_steps_cost_nothing(void **state)
{
    (void)state;
    struct litmus *l =
        parse_steps("repeat 0xFFFFFFFFFFFFFFFF {\nrepeat 0xFFFFFFFFFFFFFFFF {\n"
                    "repeat 0xFFFFFFFFFFFFFFFF {\n}\n}\n}\nrepeat 0 { noop }\nrepeat 3 { }");
    assert_int_equal(litmus_vpe(l, 0)->steps, 0);
    litmus_free(l);
    assert_step_refused("repeat 999999999999 {\n repeat $i*0 { noop }\n}",
                        "3:1: more than 10000000 rounds without a step");
}

static void a_number_that_overflows_in_some_round_is_refused(void **state)
{
    (void)state;
    assert_step_refused("repeat 9 { revoke 0xFFFFFFFD+$i }",
                        "3:19: the number does not fit 32 bits in round 3 of its repeat");
    assert_step_refused("repeat 9 {\n repeat 2 {\n  revoke 2:$j*0x40000000\n }\n}",
                        "5:12: the number does not fit 32 bits in round 0 of its repeat");
    assert_step_refused("repeat 9 { creategate 0 5 label=$i*0x4000000000000000 ep=1 credits=1 }",
                        "3:33: the number does not fit 64 bits in round 4 of its repeat");
    assert_step_refused("repeat 9 { creategate 0 5 label=0xFFFFFFFFFFFFFFFF+$i ep=1 credits=1 }",
                        "3:33: the number does not fit 64 bits in round 1 of its repeat");
    assert_step_refused("repeat 9 { revoke 5 own=$i }",
                        "3:25: the number is neither 0 nor 1 in round 2 of its repeat");
    assert_accepted("vpe A\nprogram A\nrepeat 0 { revoke 0xFFFFFFFF+$i+1 }\n");
}

static void a_number_is_refused_where_it_is_none_or_too_big(void **state)
{
    (void)state;
    assert_step_refused("revoke 4294967296", "3:8: 4294967296 does not fit 32 bits");
    assert_step_refused("revoke 2:4294967296", "3:10: 4294967296 does not fit 32 bits");
    assert_step_refused("revoke 0xFFFFFFFF+1", "3:8: 4294967296 does not fit 32 bits");
    assert_step_refused("revoke 18446744073709551616",
                        "3:8: '18446744073709551616' does not fit 64 bits");
    assert_step_refused("revoke 0x10000000000000000",
                        "3:8: '0x10000000000000000' does not fit 64 bits");
    assert_step_refused("revoke 0xFFFFFFFFFFFFFFFF+1",
                        "3:8: '0xFFFFFFFFFFFFFFFF+1' does not fit 64 bits");
    assert_step_refused("revoke 0x100000000*0x100000000",
                        "3:8: '0x100000000*0x100000000' does not fit 64 bits");
    assert_step_refused("revoke 5 own=2", "3:14: 2 is neither 0 nor 1");
    assert_step_refused("exit 0x100000000", "3:6: 4294967296 does not fit 32 bits");
    assert_step_refused("creategate 0 5 label=1 ep=4294967296 credits=1",
                        "3:27: 4294967296 does not fit 32 bits");
    static const char *const none[] = {"x", "0x", "0X10", "1+", "+1", "1++2", "1*",  "1-2", "-1",
                                       "$", "$l", "$ii",  "$i", "1x", "0xg",  "1+$", "$j",  "$k"};
    static const char *const wrong[] = {"is no number",
                                        "is no number",
                                        "is no number",
                                        "is no number",
                                        "is no number",
                                        "is no number",
                                        "is no number",
                                        "is no number",
                                        "is no number",
                                        "is no number",
                                        "is no number",
                                        "is no number",
                                        "stands for a round, but in no repeat",
                                        "is no number",
                                        "is no number",
                                        "is no number",
                                        "stands for the round of a second repeat around it",
                                        "stands for the round of a third repeat around it"};
    for (guint i = 0; i < G_N_ELEMENTS(none); i++) {
        char *line = g_strdup_printf("revoke %s", none[i]);
        char *message = g_strdup_printf("3:8: '%s' %s", none[i], wrong[i]);
        assert_step_refused(line, message);
        g_free(line);
        g_free(message);
    }
    assert_step_refused("revoke 1 + 2", "3:10: expected the end of the line, found '+'");
    assert_step_refused("repeat 2 { revoke $j }",
                        "3:19: '$j' stands for the round of a second repeat around it");
    assert_step_refused("repeat $i { noop }", "3:8: '$i' stands for a round, but in no repeat");
}

static void a_number_has_at_most_64_factors(void **state)
{
    (void)state;
    GString *line = g_string_new("revoke 1");
    for (int i = 1; i < 64; i++) {
        g_string_append(line, "*1");
    }
    struct litmus *l = parse_steps(line->str);
    litmus_free(l);
    g_string_append(line, "*1");
    assert_step_refused(line->str, "3:8: '1*1*1*1*1*1*1*1*1*1*1*1*1*1*1*1*1*1*1*1*...' has more "
                                   "than 64 factors");
    g_string_free(line, true);
}

/* ---- what is refused, and where ---- */

static void declarations_are_refused_at_the_fault(void **state)
{
    (void)state;
    assert_refused("litmus", "1:7: expected the title, in double quotes, found the end of the "
                             "file");
    assert_refused("litmus x\n", "1:8: expected the title, in double quotes, found 'x'");
    assert_refused("litmus \"x\nvpe A", "1:8: expected the title, in double quotes, found a "
                                        "string that does not end on its line");
    assert_refused("litmus \"x\" y\n", "1:12: expected the end of the line, found 'y'");
    assert_refused("vpe A\nlitmus \"x\"\n", "2:1: expected a declaration or a program, found "
                                            "'litmus'");
    assert_refused("vpe\n", "1:4: expected a name for the VPE, found the end of the line");
    assert_refused("vpe 1A\n", "1:5: expected a name for the VPE, found '1A'");
    assert_refused("vpe A-B\n", "1:5: expected a name for the VPE, found 'A-B'");
    assert_refused("vpe A B\n", "1:7: a VPE has no option 'B'");
    assert_refused("vpe A\nvpe B\n  vpe A\n", "3:7: VPE 'A' is declared twice");
    assert_refused("kernel K\nkernel K\n", "2:8: kernel 'K' is declared twice");
    assert_refused("kernel K\nvpe A @ L\n", "2:9: no kernel is called 'L'");
    assert_refused("kernel K\nvpe A @ K0\n", "2:9: no kernel is called 'K0'");
    assert_refused("kernel K fast\nvpe A\n", "1:10: a kernel has no option 'fast'");
    assert_refused("vpe A\ngrant A 2 = vpe B\n", "2:17: no VPE is called 'B'");
    assert_refused("vpe A\ngrant B 2 = vpe A\n", "2:7: no VPE is called 'B'");
    assert_refused("vpe A\ngrant A 2 = A\n", "2:13: expected 'vpe', 'irq' or 'ports', found 'A'");
    assert_refused("vpe A\ngrant A 2 vpe A\n", "2:11: expected '=', found 'vpe'");
    assert_refused("vpe A\ngrant A x = vpe A\n", "2:9: 'x' is no number");
    assert_refused("vpe A\ngrant A 0x100000000 = vpe A\n", "2:9: 4294967296 does not fit 32 bits");
    assert_refused("vpe A\ngrant A 1 = vpe A\n", "2:9: selector 1 of A is taken");
    assert_refused("vpe A\ngrant A 7 = vpe A\ngrant A 7 = vpe A\n",
                   "3:9: selector 7 of A is taken");
    assert_refused("vpe A\nfoo\n", "2:1: expected a declaration or a program, found 'foo'");
    assert_refused("vpe A\nprogram A\nnoop\nvpe B\n", "4:1: expected a step, found 'vpe'");
    assert_refused("vpe A\nfinal\nA lacks 2\nprogram A\n",
                   "4:9: expected 'holds', 'lacks', 'count', ':' or '=', found 'A'");
    assert_refused("program A\n", "1:9: no VPE is called 'A'");
    assert_refused("vpe A\nprogram A\nprogram A\n", "3:9: A has a program already");
    assert_refused("vpe A\nprogram A noop\n", "2:11: expected the end of the line, found 'noop'");
}

static void kernels_and_faults_are_refused_where_they_go_wrong(void **state)
{
    (void)state;
    assert_refused("kernel\n", "1:7: expected a name for the kernel, found the end of the line");
    assert_refused("kernel K nodes\n", "1:15: expected '=', found the end of the line");
    assert_refused("kernel K nodes=\n",
                   "1:16: expected a number of nodes, found the end of the line");
    assert_refused("kernel K nodes=x\n", "1:16: 'x' is no number");
    assert_refused("kernel K nodes=4194305\n", "1:16: a kernel has at most 4194304 nodes");
    assert_refused("kernel K nodes=9 nodes=9\n", "1:18: 'nodes' is given twice");
    assert_refused("kernel K = 9\n", "1:10: expected the end of the line, found '='");
    assert_refused("kernel K nodes=9 vpe A\n", "1:18: a kernel has no option 'vpe'");
    assert_refused("fault\n", "1:6: expected 'kill', 'exhaust', 'delay' or "
                              "'interrupt', found the end of the line");
    assert_refused("vpe A\nfault A\n", "2:7: expected 'kill', 'exhaust', 'delay' or "
                                       "'interrupt', found 'A'");
    assert_refused("vpe A\nfault kill\n",
                   "2:11: expected the name of a VPE, found the end of the line");
    assert_refused("vpe A\nfault kill K0\n", "2:12: no VPE is called 'K0'");
    assert_refused("vpe A\nfault kill A A\n", "2:14: expected the end of the line, found 'A'");
    assert_refused("vpe A\nfault exhaust A\n", "2:15: no kernel is called 'A'");
    assert_refused("kernel K\nfault delay K\n",
                   "2:14: expected the name of a second kernel, found the end of the line");
    assert_refused("kernel K\nfault delay K L\n", "2:15: no kernel is called 'L'");
    assert_refused("kernel K\nfault delay L K\n", "2:13: no kernel is called 'L'");
    assert_refused("kernel K\nfault delay K K\n", "2:15: a kernel sends no messages to itself");
    assert_refused("kernel K\nkernel L\nfault delay K L\nfault delay L K\nfault delay K L\n",
                   "5:7: this fault is declared twice");
    assert_refused("vpe A\nprogram A\nfault kill A\n", "3:1: expected a step, found 'fault'");
}

static void what_a_kernel_and_a_vpe_may_be_told_is_checked(void **state)
{
    (void)state;
    assert_refused("kernel K memory=1\n", "1:17: memory is whole pages of 4096 bytes");
    assert_refused("kernel K memory=67112960\n",
                   "1:17: a kernel has at most 67108864 bytes of memory");
    assert_refused("kernel K memory=\n",
                   "1:17: expected a number of bytes, found the end of the line");
    assert_refused("kernel K memory=0 vpes=3 memory=0\n", "1:26: 'memory' is given twice");
    assert_refused("kernel K vpes=2049\n", "1:15: a kernel has at most 2048 VPEs");
    assert_refused("kernel K vpes=1 vpes=1\n", "1:17: 'vpes' is given twice");
    assert_refused("kernel K vpes\n", "1:14: expected '=', found the end of the line");
    assert_refused("kernel K vpes=1\nvpe A\nvpe B\nchild C\n",
                   "1:15: K needs vpes=2 at least for those that are there at the start");
    assert_accepted("kernel K vpes=2\nvpe A\nvpe B\nchild C\n");
    assert_refused("kernel K\nkernel L memory=8192\nvpe A @ L\nvpe B @ L\nvpe C\n",
                   "2:17: L needs memory=16384 at least for the VPEs that are there at the start");
    assert_accepted("kernel K memory=16384\nvpe A\nvpe B\nchild C\n");
    assert_accepted("kernel K memory=0\nvpe A\n");
    assert_refused("vpe A quota=0\n", "1:13: a quota is 1 to 4194304 nodes");
    assert_refused("vpe A quota=4194305\n", "1:13: a quota is 1 to 4194304 nodes");
    assert_refused("vpe A quota=1 quota=1\n", "1:15: 'quota' is given twice");
    assert_refused("vpe A quota=\n", "1:13: expected a number of nodes, found the end of the line");
    assert_refused("vpe A quota=5 @ K0\n", "1:15: expected the end of the line, found '@'");
    assert_refused("kernel K nodes=9\nvpe A quota=6\n",
                   "1:16: K needs nodes=10 at least for what is there at the start");
    assert_accepted("kernel K nodes=10\nvpe A @ K quota=6\nchild C @ K\n");
}

static void a_child_is_not_there_at_the_start(void **state)
{
    (void)state;
    struct litmus *l = parse("kernel K\nkernel L\nvpe A\nchild B @ L\nprogram B\nnoop\n"
                             "program A\ncreatevpe 5 6 B\nvpectrl 5 start\n"
                             "final\nB holds 0 vpe\n");
    assert_false(litmus_vpe(l, 0)->child);
    assert_true(litmus_vpe(l, 1)->child);
    assert_int_equal(litmus_vpe(l, 1)->kernel, 1);
    assert_int_equal(litmus_vpe(l, 1)->calls, 1);
    litmus_free(l);
    assert_refused("child\n", "1:6: expected a name for the child, found the end of the line");
    assert_refused("vpe A\nchild A\n", "2:7: VPE 'A' is declared twice");
    assert_refused("child A quota=5\n", "1:9: expected the end of the line, found 'quota'");
    assert_refused("child A @ K\n", "1:11: no kernel is called 'K'");
    assert_accepted("child a23456789012345678901234567890123456789\n");
    assert_refused("child a234567890123456789012345678901234567890\n",
                   "1:7: a child's name has at most 39 bytes");
    assert_refused("vpe A\nchild B\ngrant A 2 = vpe B\n", "3:17: B is not there at the start");
    assert_refused("vpe A\nchild B\ngrant B 2 = vpe A\n", "3:7: B is not there at the start");
    assert_refused("child B\nfault kill B\n", "2:12: B is not there at the start");
}

static void a_pool_holds_what_is_there_at_the_start(void **state)
{
    (void)state;
    assert_refused("kernel K nodes=0\n",
                   "1:16: K needs nodes=1 at least for what is there at the start");
    assert_accepted("kernel K nodes=1\n");
    assert_refused("kernel K\nkernel L nodes=6\nvpe A @ L\nvpe B @ L\n",
                   "2:16: L needs nodes=7 at least for what is there at the start");
    assert_accepted("kernel K\nkernel L nodes=7\nvpe A @ L\nvpe B @ L\n");
    /* a grant takes a node at the VPE that gets it, and one at a target on another kernel */
    assert_refused("kernel K nodes=5\nvpe A\ngrant A 2 = vpe A\ngrant A 3 = vpe A\n",
                   "1:16: K needs nodes=6 at least for what is there at the start");
    assert_refused("kernel K nodes=5\nkernel L nodes=4\nvpe A @ K\nvpe B @ L\n"
                   "grant A 2 = vpe B\n",
                   "2:16: L needs nodes=5 at least for what is there at the start");
    assert_accepted("kernel K nodes=5\nkernel L nodes=5\nvpe A @ K\nvpe B @ L\n"
                    "grant A 2 = vpe B\n");
}

static void steps_are_refused_at_the_fault(void **state)
{
    (void)state;
    assert_step_refused("nop", "3:1: expected a step, found 'nop'");
    assert_step_refused("noop noop", "3:6: expected the end of the line, found 'noop'");
    assert_step_refused("noop ok", "3:6: expected the end of the line, found 'ok'");
    assert_step_refused("noop => ", "3:9: expected a result, found the end of the line");
    assert_step_refused("noop => OK", "3:9: expected a result, found 'OK'");
    assert_step_refused("noop => inv_args", "3:9: expected a result, found 'inv_args'");
    assert_step_refused("noop => ok |", "3:13: expected a result, found the end of the line");
    assert_step_refused("noop = ok", "3:8: expected a step, found 'ok'");
    assert_step_refused("noop =", "3:7: expected a step, found the end of the line");
    assert_step_refused("1R = noop", "3:1: expected a step, found '1R'");
    assert_step_refused("R = noop\nR = noop", "4:1: register 'R' is set twice");
    assert_step_refused("repeat 2 {\n R = noop\n}", "4:2: a register can't be set inside a repeat");
    assert_step_refused("R = signal x", "3:5: expected a step, found 'signal'");
    assert_step_refused("signal", "3:7: expected the name of a signal, found the end of the line");
    assert_step_refused("signal 3", "3:8: expected the name of a signal, found '3'");
    assert_step_refused("wait x => ok", "3:8: expected the end of the line, found '=>'");
    assert_step_refused("run nobody",
                        "3:5: expected the name of a built-in program, found 'nobody'");
    assert_step_refused("repeat {", "3:8: expected a number of rounds, found '{'");
    assert_step_refused("repeat 2", "3:9: expected '{', found the end of the line");
    assert_step_refused("repeat 2\n{\nnoop\n}", "3:9: expected '{', found the end of the line");
    assert_step_refused("repeat 2 { noop noop }",
                        "3:17: expected the end of the line, found 'noop'");
    assert_step_refused("repeat 2 {\nnoop\n} noop",
                        "5:3: expected the end of the line, found 'noop'");
    assert_step_refused("repeat 2 {\nnoop", "5:1: expected a step or '}', found the end of the "
                                            "file");
    assert_step_refused("repeat 2 {\nnoop\nfinal\nA lacks 2",
                        "5:1: expected a step or '}', found 'final'");
    assert_step_refused("}", "3:1: expected a step, found '}'");
    assert_step_refused("repeat 1 { repeat 1 { repeat 1 {\nrepeat 1 { noop } } } }",
                        "4:1: repeats are nested more than three deep");
}

static void calls_are_refused_at_the_fault(void **state)
{
    (void)state;
    assert_step_refused("creategate", "3:11: expected the selector of a VPE, found the end of the "
                                      "line");
    assert_step_refused("creategate 0 5 ep=1 label=1 credits=1",
                        "3:16: expected 'label', found 'ep'");
    assert_step_refused("creategate 0 5 label 1", "3:22: expected '=', found '1'");
    assert_step_refused("creategate 0 5 label= ep=1", "3:23: 'ep' is no number");
    assert_step_refused("exchange 2 20 30", "3:10: expected 'delegate' or 'obtain', found '2'");
    assert_step_refused("exchange delegate 2 20", "3:23: expected a second range, found the end of "
                                                  "the line");
    assert_step_refused("exchange obtain 2 20: 30 40",
                        "3:23: expected a count right behind the ':', found '30'");
    assert_step_refused("exchange obtain 2 20 :30 40", "3:22: expected a second range, found ':'");
    assert_step_refused("revoke map: 3", "3:8: 'map' is no number");
    assert_step_refused("revoke map :3", "3:8: 'map' is no number");
    assert_step_refused("exchange obtain 2 map 30", "3:19: 'map' is no number");
    assert_step_refused("exchange obtain 2 mem:3 30", "3:19: 'mem' is no number");
    assert_step_refused("revoke", "3:7: expected a range, found the end of the line");
    assert_step_refused("revoke map:", "3:8: 'map' is no number");
    assert_step_refused("revoke 2 own", "3:13: expected '=', found the end of the line");
    assert_step_refused("reqmem 5 size=1 perms=rr", "3:23: expected some of 'rwx', found 'rr'");
    assert_step_refused("reqmem 5 size=1 perms=7", "3:23: expected some of 'rwx', found '7'");
    assert_step_refused("reqmem 5 size=1 perms=r addr", "3:29: expected '=', found the end of the "
                                                        "line");
    assert_step_refused("derivemem 5 6 off=1 size=1", "3:27: expected 'perms', found the end of "
                                                      "the line");
    assert_step_refused("createvpe 5 6", "3:14: expected a name, found the end of the line");
    assert_step_refused("createvpe 5 6 7", "3:15: expected a name, found '7'");
    assert_step_refused("vpectrl 2 stop", "3:11: expected 'start' or 'wait', found 'stop'");
    assert_step_refused("exit", "3:5: expected an exit code, found the end of the line");
    assert_step_refused("raw", "3:4: expected pairs of hex digits, found the end of the line");
    assert_step_refused("raw 1", "3:5: expected pairs of hex digits, found '1'");
    assert_step_refused("raw 12 3g", "3:8: expected pairs of hex digits, found '3g'");
}

static void calls_for_vpes_and_memory_are_refused_at_the_fault(void **state)
{
    (void)state;
    assert_step_refused("createvpe 5 6 c pfgate=3",
                        "3:25: expected 'pfep', found the end of the line");
    assert_step_refused("createvpe 5 6 c pfep=3",
                        "3:17: expected the end of the line, found 'pfep'");
    assert_step_refused("createvpe 5 6 c pfgate=3 pfep=4 pe=5",
                        "3:33: expected the end of the line, found 'pe'");
    assert_step_refused("createvpe 5 6 c pe=0x100000000", "3:20: 4294967296 does not fit 32 bits");
    assert_step_refused("createvpe 5 6 c pe=none", "3:20: 'none' is no number");
    assert_step_refused("vpectrl 2 start is=1", "3:17: expected the end of the line, found 'is'");
    assert_step_refused("vpectrl 2 wait is", "3:18: expected '=', found the end of the line");
    assert_step_refused("fund 2", "3:7: expected a number of nodes, found the end of the line");
    assert_step_refused("fund 2 5 forth", "3:10: expected the end of the line, found 'forth'");
    assert_step_refused("fund 2 5 back back", "3:15: expected the end of the line, found 'back'");
    assert_step_refused("createmap 0",
                        "3:12: expected the selector of memory, found the end of the "
                        "line");
    assert_step_refused("createmap 0 2 first=0 pages=1 perms=r", "3:31: 'perms' is no number");
    assert_step_refused("createmap 0 2 first=0 pages=1 0x100000000 perms=r",
                        "3:31: 4294967296 does not fit 32 bits");
    assert_step_refused("createmap 0 2 pages=1 first=0 9 perms=r",
                        "3:15: expected 'first', found 'pages'");
    assert_step_refused("createmap 0 2 first=0 pages=1 9 perms=",
                        "3:39: expected some of 'rwx', found the end of the line");
    assert_step_refused("pagefault perms=r", "3:11: 'perms' is no number");
    assert_step_refused("pagefault 9", "3:12: expected 'perms', found the end of the line");
    assert_step_refused("read 2", "3:7: expected 'off', found the end of the line");
    assert_step_refused("read 2 off=1 is=", "3:17: expected a number, found the end of the line");
    assert_step_refused("write 2 off=1", "3:14: expected 'value', found the end of the line");
    assert_step_refused("write 2 off=1 is=1", "3:15: expected 'value', found 'is'");
    assert_step_refused("load", "3:5: expected a virtual address, found the end of the line");
    assert_step_refused("load 5 value=1", "3:8: expected the end of the line, found 'value'");
    assert_step_refused("store 5", "3:8: expected 'value', found the end of the line");
    assert_step_refused("store 5 value=0x10000000000000000",
                        "3:15: '0x10000000000000000' does not fit 64 bits");
}

static void calls_for_endpoints_are_refused_at_the_fault(void **state)
{
    (void)state;
    assert_step_refused("attachrb 0", "3:11: expected an endpoint, found the end of the line");
    assert_step_refused("attachrb 0 2 addr=0 order=7",
                        "3:28: expected 'msgorder', found the end of the line");
    assert_step_refused("attachrb 0 2 addr=0 order=0x100000000 msgorder=6",
                        "3:27: 4294967296 does not fit 32 bits");
    assert_step_refused("detachrb 2", "3:11: expected an endpoint, found the end of the line");
    assert_step_refused("activate 2", "3:11: expected a selector or 'none', found the end of the "
                                      "line");
    assert_step_refused("activate 2 nothing", "3:12: 'nothing' is no number");
    assert_step_refused("activate none 2", "3:10: 'none' is no number");
    assert_step_refused("activate 2 3 new=4", "3:14: expected the end of the line, found 'new'");
    assert_step_refused("activate 2 3 old=0x100000000", "3:18: 4294967296 does not fit 32 bits");
    assert_step_refused("send 2", "3:7: expected a number, found the end of the line");
    assert_step_refused("send 2 1,", "3:10: expected a number, found the end of the line");
    assert_step_refused("send 2 1,,2", "3:10: expected a number, found ','");
    assert_step_refused("send 2 1 2", "3:10: expected the end of the line, found '2'");
    assert_step_refused("send 2 1 reply=4", "3:17: expected 'label', found the end of the line");
    assert_step_refused("send 2 1 label=4", "3:10: expected the end of the line, found 'label'");
    assert_step_refused("repeat 3 { send 2 1,0xFFFFFFFFFFFFFFFE+$i }",
                        "3:21: the number does not fit 64 bits in round 2 of its repeat");
    assert_step_refused("receive", "3:8: expected an endpoint, found the end of the line");
    assert_step_refused("receive 2 is=1 nowait", "3:16: expected the end of the line, found "
                                                 "'nowait'");
    assert_step_refused("receive 2 wait", "3:11: expected the end of the line, found 'wait'");
    assert_step_refused("receive 2 label=1 is=1", "3:19: expected the end of the line, found 'is'");
    assert_step_refused("reply 2", "3:8: expected a number, found the end of the line");
    assert_step_refused("reply 2 0 range=", "3:17: expected a number, found the end of the line");
    assert_step_refused("reply 2 0 range=5: 3",
                        "3:20: expected a count right behind the ':', found '3'");
    assert_step_refused("reply 2 0 args=1", "3:11: expected the end of the line, found 'args'");
    assert_step_refused("reply 2 0 range=5 args=", "3:24: expected a number, found the end of the "
                                                   "line");
    assert_step_refused("ack", "3:4: expected an endpoint, found the end of the line");
    assert_step_refused("ack 2 3", "3:7: expected the end of the line, found '3'");
}

static void calls_for_services_are_refused_at_the_fault(void **state)
{
    (void)state;
    assert_step_refused("createsrv x", "3:11: 'x' is no number");
    assert_step_refused("createsrv", "3:10: expected the selector of a gate, found the end of the "
                                     "line");
    assert_step_refused("createsrv 2 3", "3:14: expected a name, found the end of the line");
    assert_step_refused("createsess 0 3 4", "3:16: expected the name of a service, found '4'");
    assert_step_refused("createsess 0 3 s args=", "3:23: expected a number, found the end of the "
                                                  "line");
    assert_step_refused("createsess 0 3 s args 1", "3:23: expected '=', found '1'");
    assert_step_refused("createsessat 2 3", "3:17: expected 'ident', found the end of the line");
    assert_step_refused("createsessat",
                        "3:13: expected the selector of a service, found the end of "
                        "the line");
    assert_step_refused("delegate 0", "3:11: expected the selector of a session, found the end of "
                                      "the line");
    assert_step_refused("delegate 0 3", "3:13: expected a range, found the end of the line");
    assert_step_refused("obtain 0 3 map: 4", "3:12: 'map' is no number");
    assert_step_refused("obtain 0 3 4 is=1 args=1",
                        "3:19: expected the end of the line, found 'args'");
    assert_step_refused("obtain 0 3 4 => others", "3:17: expected a result, found 'others'");
}

static void a_message_of_lists_has_at_most_487_bytes(void **state)
{
    (void)state;
    GString *line = g_string_new("send 2 1");
    for (int i = 1; i < 55; i++) {
        g_string_append(line, ",1");
    }
    litmus_free(parse_steps(line->str));
    g_string_append(line, ",1");
    assert_step_refused(line->str, "3:1: the message has 488 bytes, more than 487");
    g_string_append(line, ",1,1,1,1,1");
    assert_step_refused(line->str, "3:128: more than 60 numbers");
    g_string_assign(line, "  createsess 0 5 ");
    for (int i = 0; i < 424; i++) {
        g_string_append_c(line, 'n');
    }
    litmus_free(parse_steps(line->str));
    g_string_append(line, " args=1,2");
    litmus_free(parse_steps(line->str));
    g_string_append(line, ",3");
    assert_step_refused(line->str, "3:3: the message has 488 bytes, more than 487");
    g_string_free(line, true);
}

static void a_raw_message_has_at_most_487_bytes_and_a_name_424(void **state)
{
    (void)state;
    GString *line = g_string_new("raw ");
    for (int i = 0; i < 487; i++) {
        g_string_append(line, i % 16 == 15 ? "ab " : "ab");
    }
    struct litmus *l = parse_steps(line->str);
    litmus_free(l);
    g_string_append(line, " cd");
    assert_step_refused(line->str, "3:1010: more than 487 bytes");
    g_string_assign(line, "createvpe 5 6 ");
    for (int i = 0; i < 424; i++) {
        g_string_append_c(line, 'n');
    }
    GByteArray *module = NULL;
    l = parse_steps(line->str);
    module = compile(l, 7);
    assert_null(startup_check(module->data, module->len));
    g_byte_array_unref(module);
    litmus_free(l);
    g_string_append_c(line, 'n');
    assert_step_refused(line->str, "3:15: the name has more than 424 bytes");
    g_string_free(line, true);
}

static void conditions_are_refused_at_the_fault(void **state)
{
    (void)state;
    assert_refused("vpe A\nfinal\n", "3:1: expected a condition, found the end of the file");
    assert_refused("vpe A\nfinal\nfinal\nA lacks 2\n",
                   "3:6: expected 'holds', 'lacks', 'count', ':' or '=', found the end of the "
                   "line");
    assert_line_refused("A", "5:2: expected 'holds', 'lacks', 'count', ':' or '=', found the end "
                             "of the line");
    assert_line_refused("B holds 3", "5:1: no VPE is called 'B'");
    assert_line_refused("A holds", "5:8: expected a selector, found the end of the line");
    assert_line_refused("A holds 4294967296", "5:9: 4294967296 does not fit 32 bits");
    assert_line_refused("A holds $i", "5:9: '$i' stands for a round, but in no repeat");
    assert_line_refused("A holds 3 thing",
                        "5:11: expected 'and', 'or' or the end of the line, found 'thing'");
    assert_line_refused("A lacks 3 gate",
                        "5:11: expected 'and', 'or' or the end of the line, found 'gate'");
    assert_line_refused("A count map:3", "5:9: 'map' is no number");
    assert_line_refused("A:3 child of A:4", "5:5: expected 'child-of', found 'child'");
    assert_line_refused("A:3 child-of A", "5:15: expected ':', found the end of the line");
    assert_line_refused("A:3 child-of B:3", "5:14: no VPE is called 'B'");
    assert_line_refused("S = ok", "5:1: no register is called 'S'");
    assert_line_refused("R = fine", "5:5: expected a result, found 'fine'");
    assert_line_refused("R => ok", "5:3: expected 'holds', 'lacks', 'count', ':' or '=', found "
                                   "'=>'");
    assert_line_refused("not", "5:4: expected a condition, found the end of the line");
    assert_line_refused("(A lacks 2", "5:1: this parenthesis is never closed");
    assert_line_refused("A lacks 2)", "5:10: this parenthesis was never opened");
    assert_line_refused("()", "5:2: expected a condition, found ')'");
    assert_line_refused("A lacks 2 and", "5:14: expected a condition, found the end of the line");
    assert_line_refused("A lacks 2 A lacks 3",
                        "5:11: expected 'and', 'or' or the end of the line, found 'A'");
    assert_line_refused("A lacks 2 and\nA lacks 3", "5:14: expected a condition, found the end of "
                                                    "the line");
}

static void bytes_that_are_no_text_are_refused_where_they_stand(void **state)
{
    (void)state;
    assert_refused_bytes("vpe A\n\0", 7, "2:1: a NUL byte");
    assert_refused("vpe A\nvp\xff", "2:3: a byte that is not UTF-8");
    assert_refused("# \xc3\xbc \xc3", "1:5: a byte that is not UTF-8");
    assert_refused("\xed\xa0\x80", "1:1: a byte that is not UTF-8");
    assert_refused("vpe \xc3\xbc\n", "1:5: expected a name for the VPE, found the character "
                                     "U+00FC");
    assert_refused("\xef\xbb\xbfvpe A\n",
                   "1:1: expected a declaration or a program, found the character U+FEFF");
    assert_refused("vpe A\rvpe B\n", "1:6: expected the end of the line, found the character "
                                     "U+000D");
    assert_refused("vpe \x01\n", "1:5: expected a name for the VPE, found the character U+0001");
    assert_refused("vpe ;\n", "1:5: expected a name for the VPE, found ';'");
    assert_refused("litmus \"\x1b[0m\"\n", "1:8: expected the title, in double quotes, found a "
                                           "string that does not end on its line");
    assert_refused("vpe aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-\n",
                   "1:5: expected a name for the VPE, found "
                   "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...'");
}

static char *many(const char *before, const char *format, unsigned count)
{
    GString *text = g_string_new(before);
    for (unsigned i = 0; i < count; i++) {
        g_string_append_printf(text, format, i);
    }
    return g_string_free(text, false);
}

static void too_many_of_anything_is_refused(void **state)
{
    (void)state;
    char *text = many("", "vpe V%u\n", 257);
    assert_refused(text, "257:5: more than 256 VPEs");
    g_free(text);
    text = many("", "kernel K%u\n", 65);
    assert_refused(text, "65:8: more than 64 kernels");
    g_free(text);
    text = many("", "kernel K%u\n", 64);
    assert_accepted(text);
    g_free(text);
    char *vpes = many("", "vpe V%u\n", 65);
    text = many(vpes, "fault kill V%u\n", 65);
    assert_refused(text, "130:7: more than 64 faults");
    g_free(text);
    text = many(vpes, "fault kill V%u\n", 64);
    assert_accepted(text);
    g_free(text);
    g_free(vpes);
    text = many("vpe A\nprogram A\n", "signal s%u\n", 4097);
    assert_refused(text, "4099:8: more than 4096 signals");
    g_free(text);
    text = many("vpe A\n", "grant A %u+2 = vpe A\n", 65537);
    assert_refused(text, "65538:7: more than 65536 grants");
    g_free(text);
    text = many("vpe A\nprogram A\nrepeat 0 {\n", "noop #%u\n", 2097152);
    assert_refused(text, "2097155:1: more than 2097152 lines of programs");
    g_free(text);
    text = g_malloc(LITMUS_FILE_MAX + 1);
    memset(text, ' ', LITMUS_FILE_MAX + 1);
    assert_refused_bytes(text, LITMUS_FILE_MAX + 1, "1:1: the file has more than 67108864 bytes");
    g_free(text);
}

static void no_nesting_of_conditions_is_too_deep_for_the_stack(void **state)
{
    (void)state;
    enum { DEEP = 1 << 20 };
    GString *text = g_string_new("vpe A\nfinal\n");
    for (int i = 0; i < DEEP; i++) {
        g_string_append(text, "(");
    }
    gsize open = text->len;
    g_string_append(text, "A lacks 2");
    for (int i = 0; i < DEEP; i++) {
        g_string_append(text, ")");
    }
    assert_accepted(text->str);
    g_string_insert_c(text, (gssize)open, '(');
    assert_refused(text->str, "3:1048577: the condition is nested too deep");
    g_string_assign(text, "vpe A\nfinal\n");
    for (int i = 0; i < DEEP / 2; i++) {
        g_string_append(text, "not A lacks 2 and (");
    }
    g_string_append(text, "A lacks");
    char *expected = g_strdup_printf("3:%zu: expected a selector, found the end of the file",
                                     text->len - 12 + 1);
    assert_refused(text->str, expected);
    g_free(expected);
    g_string_free(text, true);
}

/* Whatever comes of it: no crash, and what passes compiles to a module that passes. */
static void survive(const char *text, size_t size)
{
    char *error = NULL;
    struct litmus *l = litmus_parse("f", text, size, &error);
    assert_true((l == NULL) == (error != NULL));
    if (l != NULL && l->steps->len < 10000) {
        GByteArray *module = compile(l, 1);
        assert_null(startup_check(module->data, module->len));
        g_byte_array_unref(module);
    }
    litmus_free(l);
    g_free(error);
}

static void survive_truncations(const char *text)
{
    for (size_t size = 0; size <= strlen(text) + 1; size++) {
        char *copy = g_memdup2(text, size);
        survive(copy, size);
        g_free(copy);
    }
}

static void every_truncation_of_a_file_is_read_or_refused(void **state)
{
    (void)state;
    survive_truncations(sample);
    survive_truncations(every_call);
}

static void mutated_files_and_rubbish_are_read_or_refused(void **state)
{
    (void)state;
    static const char *const words[] = {"not ",
                                        "(",
                                        ")",
                                        "\n",
                                        "repeat 9 {",
                                        "}",
                                        "$i",
                                        "map:",
                                        "\"",
                                        "=>",
                                        "VPE0 ",
                                        "999999999",
                                        "*",
                                        "+",
                                        "raw ",
                                        "final\n",
                                        "\xff",
                                        "0x",
                                        "program VPE1\n",
                                        "kernel K2 nodes=9\n",
                                        "fault delay K L\n",
                                        "@ L ",
                                        "child D\n",
                                        " quota=9",
                                        ",1",
                                        " is=5",
                                        " args=1,2",
                                        " range=map:5:2",
                                        " none",
                                        " nowait",
                                        " back",
                                        " pfgate=1 pfep=2",
                                        " reply=3 label=4",
                                        " => other"};
    GRand *random = g_rand_new_with_seed(20240601);
    for (int round = 0; round < 20000; round++) {
        GString *text = g_string_new(round % 2 == 0 ? sample : every_call);
        for (int i = g_rand_int_range(random, 1, 5); i > 0; i--) {
            gint at = g_rand_int_range(random, 0, (gint32)text->len);
            switch (g_rand_int_range(random, 0, 3)) {
            case 0:
                text->str[at] = (char)g_rand_int_range(random, 0, 256);
                break;
            case 1:
                g_string_erase(text, at,
                               g_rand_int_range(random, 0, (gint32)MIN(text->len - (gsize)at, 20)));
                break;
            default:
                g_string_insert(text, at,
                                words[g_rand_int_range(random, 0, (gint32)G_N_ELEMENTS(words))]);
            }
        }
        survive(text->str, text->len);
        g_string_free(text, true);
    }
    for (int round = 0; round < 2000; round++) {
        char rubbish[200];
        for (size_t i = 0; i < sizeof(rubbish); i++) {
            rubbish[i] = (char)g_rand_int_range(random, 0, 256);
        }
        survive(rubbish, sizeof(rubbish));
    }
    g_rand_free(random);
}

static void a_file_that_can_not_be_read_is_refused_by_its_name(void **state)
{
    (void)state;
    char *error = NULL;
    assert_null(litmus_read("/nonexistent", &error));
    assert_string_equal(error, "/nonexistent: No such file or directory");
    g_free(error);
    assert_null(litmus_read("/", &error));
    assert_string_equal(error, "/: Is a directory");
    g_free(error);
    assert_null(litmus_read("/dev/zero", &error));
    assert_string_equal(error, "/dev/zero:1:1: the file has more than 67108864 bytes");
    g_free(error);
}

/* ---- messages ---- */

static void each_call_becomes_the_bytes_of_its_message(void **state)
{
    (void)state;
    assert_marshalled("noop", "1200000000000000");
    assert_marshalled("creategate 1 0x20 label=0x0102030405060708 ep=4 credits=0xFFFFFFFFFFFFFFFE",
                      "0400000000000000 0100000000000000 2000000000000000"
                      "0807060504030201 0400000000000000 feffffffffffffff");
    assert_marshalled("exchange delegate 2 20:3 map:30:0x10", "0900000000000000 0200000000000000"
                                                              "00000000 14000000 03000000 00000000"
                                                              "01000000 1e000000 10000000 00000000"
                                                              "0000000000000000");
    assert_marshalled("exchange obtain 0xFFFF map:20 30", "0900000000000000 ffff000000000000"
                                                          "01000000 14000000 01000000 00000000"
                                                          "00000000 1e000000 01000000 00000000"
                                                          "0100000000000000");
    assert_marshalled("revoke 20", "1000000000000000"
                                   "00000000 14000000 01000000 00000000"
                                   "0100000000000000");
    assert_marshalled("revoke map:7:4294967295 own=0", "1000000000000000"
                                                       "01000000 07000000 ffffffff 00000000"
                                                       "0000000000000000");
    assert_marshalled("reqmem 5 size=0x1000 perms=rx",
                      "0e00000000000000 0500000000000000 ffffffffffffffff"
                      "0010000000000000 0500000000000000");
    assert_marshalled("reqmem 5 size=0x1000 perms=wr addr=0x20000",
                      "0e00000000000000 0500000000000000 0000020000000000"
                      "0010000000000000 0300000000000000");
    assert_marshalled("derivemem 5 6 off=0x10 size=0x2000 perms=w",
                      "0f00000000000000 0500000000000000 0600000000000000"
                      "1000000000000000 0020000000000000 0200000000000000");
    assert_marshalled("createvpe 5 6 child", "0500000000000000 0500000000000000 0600000000000000"
                                             "0500000000000000 6368696c64000000"
                                             "ffffffff00000000 ffff000000000000 0000000000000000");
    assert_marshalled("createvpe 5 6 children",
                      "0500000000000000 0500000000000000 0600000000000000"
                      "0800000000000000 6368696c6472656e"
                      "ffffffff00000000 ffff000000000000 0000000000000000");
    assert_marshalled("vpectrl 2 start",
                      "0a00000000000000 0200000000000000 0000000000000000 0000000000000000");
    assert_marshalled("vpectrl 2 wait",
                      "0a00000000000000 0200000000000000 0100000000000000 0000000000000000");
    assert_marshalled("exit 0xFFFFFFFF", "1100000000000000 ffffffff00000000");
    assert_marshalled("raw 01 0203 AbCd", "010203abcd");
}

static void calls_for_vpes_and_memory_become_the_bytes_of_their_messages(void **state)
{
    (void)state;
    assert_marshalled("createvpe 5 6 c pe=3 pfgate=7 pfep=9 is=3",
                      "0500000000000000 0500000000000000 0600000000000000"
                      "0100000000000000 6300000000000000"
                      "0300000000000000 0700000000000000 0900000000000000");
    assert_marshalled("vpectrl 2 wait is=7",
                      "0a00000000000000 0200000000000000 0100000000000000 0000000000000000");
    assert_marshalled("fund 5 0x100000000", "2700000000000000 0500000000000000 0000000001000000"
                                            "0000000000000000");
    assert_marshalled("fund 5 9 back", "2700000000000000 0500000000000000 0900000000000000"
                                       "0100000000000000");
    assert_marshalled("createmap 2 3 first=4 pages=5 0x10000 perms=rw",
                      "0600000000000000 0200000000000000 0300000000000000 0400000000000000"
                      "0500000000000000 0000010000000000 0300000000000000");
    assert_marshalled("pagefault 0x10000000 perms=w",
                      "0000000000000000 0000001000000000 0200000000000000");
    assert_marshalled("read 4 off=0x18 is=1",
                      "2500000000000000 0400000000000000 1800000000000000 0800000000000000");
    assert_marshalled("write 4 off=0x18 value=0x0102030405060708",
                      "2600000000000000 0400000000000000 1800000000000000 0800000000000000"
                      "0807060504030201");
}

static void calls_for_endpoints_become_the_bytes_of_their_messages(void **state)
{
    (void)state;
    assert_marshalled("attachrb 2 3 addr=0x40 order=9 msgorder=6",
                      "0700000000000000 0200000000000000 0300000000000000 4000000000000000"
                      "0900000000000000 0600000000000000 0000000000000000");
    assert_marshalled("detachrb 2 3", "0800000000000000 0200000000000000 0300000000000000");
    assert_marshalled("activate 3 20", "0d00000000000000 0300000000000000 ffff000000000000"
                                       "1400000000000000");
    assert_marshalled("activate 3 none old=20", "0d00000000000000 0300000000000000"
                                                "1400000000000000 ffff000000000000");
    assert_marshalled("send 3 1,2", "2100000000000000 0300000000000000 ffff000000000000"
                                    "0000000000000000 1000000000000000"
                                    "0100000000000000 0200000000000000");
    assert_marshalled("send 3 1 reply=4 label=0xF000000000000000",
                      "2100000000000000 0300000000000000 0400000000000000 00000000000000f0"
                      "0800000000000000 0100000000000000");
    assert_marshalled("receive 3", "2200000000000000 0300000000000000 0100000000000000");
    assert_marshalled("receive 3 nowait is=1", "2200000000000000 0300000000000000"
                                               "0000000000000000");
    assert_marshalled("reply 3 0,7", "2300000000000000 0300000000000000 0000000000000000"
                                     "1000000000000000 0000000000000000 0700000000000000");
    assert_marshalled("ack 3", "2400000000000000 0300000000000000 0000000000000000");
}

static void calls_for_services_become_the_bytes_of_their_messages(void **state)
{
    (void)state;
    assert_marshalled("createsrv 3 4 disk", "0100000000000000 0300000000000000 0400000000000000"
                                            "0400000000000000 6469736b00000000");
    assert_marshalled("createsess 0 5 disk", "0200000000000000 0000000000000000 0500000000000000"
                                             "0400000000000000 6469736b00000000");
    assert_marshalled("createsess 0 5 disk args=1,2",
                      "0200000000000000 0000000000000000 0500000000000000"
                      "0400000000000000 6469736b00000000"
                      "1000000000000000 0100000000000000 0200000000000000");
    assert_marshalled("createsessat 4 6 ident=0x0102030405060708",
                      "0300000000000000 0400000000000000 0600000000000000 0807060504030201");
    assert_marshalled("delegate 0 5 20:3", "0b00000000000000 0000000000000000 0500000000000000"
                                           "00000000 14000000 03000000 00000000");
    assert_marshalled("obtain 0 5 map:20 args=9 is=1",
                      "0c00000000000000 0000000000000000 0500000000000000"
                      "01000000 14000000 01000000 00000000"
                      "0800000000000000 0900000000000000");
    assert_marshalled("reply 3 0 range=5:2", "2300000000000000 0300000000000000 0000000000000000"
                                             "1800000000000000 0000000000000000"
                                             "00000000 05000000 02000000 00000000");
    assert_marshalled("reply 3 0 range=map:5 args=7,8",
                      "2300000000000000 0300000000000000 0000000000000000"
                      "2800000000000000 0000000000000000"
                      "01000000 05000000 01000000 00000000"
                      "0700000000000000 0800000000000000");
}

/* The checks of the one step that `line` is, as WORD=VALUE. */
static char *step_checks(const char *line)
{
    struct litmus *litmus = parse_steps(line);
    GByteArray *module = compile(litmus, 7);
    struct steps s;
    struct step step;
    GString *text = g_string_new(NULL);
    assert_null(startup_check(module->data, module->len));
    steps_start(&s, module->data, 0);
    assert_true(steps_next(&s, &step));
    for (uint32_t i = 0; i < step.check_count; i++) {
        g_string_append_printf(text, "%s%" G_GUINT64_FORMAT "=%" G_GUINT64_FORMAT, i > 0 ? " " : "",
                               step.checks[i].word, step.checks[i].value);
    }
    g_byte_array_unref(module);
    litmus_free(litmus);
    return g_string_free(text, false);
}

static void what_an_answer_must_say_is_looked_for_where_the_abi_has_it(void **state)
{
    (void)state;
    static const struct {
        const char *line, *checks;
    } expected[] = {
        {"noop", ""},
        {"receive 3", ""},
        {"receive 3 is=0", "5=0"},
        {"receive 3 label=8", "2=8"},
        {"receive 3 nowait is=7 label=8", "5=7 2=8"},
        {"read 3 off=0 is=0xFFFFFFFFFFFFFFFF", "2=18446744073709551615"},
        {"vpectrl 2 wait is=3", "1=3"},
        {"createvpe 5 6 c is=0", "1=0"},
        {"delegate 0 5 20:2 is=2", "1=2"},
        {"obtain 0 5 20:2 args=1,2,3 is=1", "1=1"},
        {"load 0x10000000 is=5", "1=5"},
        {"load 0x10000000", ""},
        {"send 3 1 reply=4 label=8", ""},
    };
    for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
        char *checks = step_checks(expected[i].line);
        assert_string_equal(checks, expected[i].checks);
        g_free(checks);
    }
}

static void a_message_is_no_shorter_than_the_abi_says(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        size_t bytes;
    } calls[] = {{"noop", 8},
                 {"creategate 0 5 label=1 ep=2 credits=3", 48},
                 {"exchange delegate 2 3 4", 56},
                 {"revoke 5", 32},
                 {"reqmem 5 size=1 perms=r", 40},
                 {"derivemem 5 6 off=0 size=1 perms=r", 48},
                 {"vpectrl 2 wait", 32},
                 {"exit 0", 16},
                 {"pagefault 0 perms=r", 24},
                 {"createsrv 2 3 s", 40},
                 {"createsess 2 3 s", 40},
                 {"createsessat 2 3 ident=1", 32},
                 {"createvpe 2 3 c", 64},
                 {"createmap 0 2 first=0 pages=1 0 perms=r", 56},
                 {"attachrb 0 2 addr=0 order=7 msgorder=6", 56},
                 {"detachrb 0 2", 24},
                 {"delegate 0 2 3", 40},
                 {"obtain 0 2 3", 40},
                 {"activate 2 none", 32},
                 {"send 2 1", 48},
                 {"receive 2", 24},
                 {"reply 2 1", 40},
                 {"ack 2", 24},
                 {"read 2 off=0", 32},
                 {"write 2 off=0 value=0", 40},
                 {"fund 2 1", 32}};
    for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
        char *hex = step_hex(calls[i].line);
        assert_int_equal(strlen(hex), 2 * calls[i].bytes);
        g_free(hex);
    }
}

/* ---- start-up modules ---- */

static struct rescind_startup *header(GByteArray *module)
{
    return (struct rescind_startup *)(void *)module->data;
}

static struct rescind_startup_vpe *vpe_record(GByteArray *module, guint index)
{
    return (struct rescind_startup_vpe *)(void *)(module->data + header(module)->vpes) + index;
}

static void the_module_says_what_the_file_says(void **state)
{
    (void)state;
    GByteArray *m = compile_text(sample);
    assert_memory_equal(m->data, "URESCND4", 8);
    assert_int_equal(header(m)->size, m->len);
    assert_int_equal(header(m)->vpe_count, 2);
    assert_int_equal(header(m)->signal_count, 1);
    assert_int_equal(header(m)->seed, 7);
    assert_string_equal(startup_vpe(m->data, 0)->name, "VPE0");
    assert_int_equal(startup_vpe(m->data, 0)->step_count, 7);
    assert_int_equal(startup_vpe(m->data, 0)->call_count, 6);
    assert_int_equal(startup_grant(m->data, 0)->vpe, 0);
    assert_int_equal(startup_grant(m->data, 0)->sel, 2);
    assert_int_equal(startup_grant(m->data, 0)->target, 1);
    assert_int_equal(header(m)->kernel_count, 2);
    assert_string_equal(startup_kernel(m->data, 0)->name, "K");
    assert_string_equal(startup_kernel(m->data, 1)->name, "L");
    assert_int_equal(startup_kernel(m->data, 1)->nodes, 257);
    assert_int_equal(startup_vpe(m->data, 0)->kernel, 1);
    assert_int_equal(startup_vpe(m->data, 1)->kernel, 0);
    g_byte_array_unref(m);
    m = compile_text("kernel a234567890123456789012345678901234567890123456789\n");
    assert_string_equal(startup_kernel(m->data, 0)->name,
                        "a23456789012345678901234567890123456789");
    g_byte_array_unref(m);
    m = compile_text("vpe a234567890123456789012345678901234567890123456789\n");
    assert_string_equal(startup_vpe(m->data, 0)->name, "a23456789012345678901234567890123456789");
    assert_int_equal(startup_vpe(m->data, 0)->steps, 0);
    g_byte_array_unref(m);
}

static void the_module_says_what_may_go_wrong(void **state)
{
    (void)state;
    GByteArray *m = compile_text(sample);
    static const struct rescind_startup_fault expected[] = {{.kind = RESCIND_FAULT_KILL, .a = 1},
                                                            {.kind = RESCIND_FAULT_EXHAUST, .a = 1},
                                                            {.kind = RESCIND_FAULT_DELAY, .a = 1}};
    assert_int_equal(header(m)->fault_count, G_N_ELEMENTS(expected));
    assert_memory_equal(startup_fault(m->data, 0), expected, sizeof(expected));
    g_byte_array_unref(m);
    m = compile_text("vpe A\n");
    assert_int_equal(header(m)->fault_count, 0);
    g_byte_array_unref(m);
}

static void the_pool_is_large_enough_for_what_exchanges_can_copy(void **state)
{
    (void)state;
    GByteArray *m = compile_text("vpe A\nprogram A\nexchange delegate 0 5:500 600:500\n"
                                 "exchange delegate 0 5:1500 600:1500\n"
                                 "exchange delegate 0 5:0xFFFFFFFF 600:0xFFFFFFFF\n");
    assert_int_equal(startup_kernel(m->data, 0)->nodes, 1024 + 4 + 6 + 500 + 1500);
    g_byte_array_unref(m);
    GString *text = g_string_new("vpe A\nprogram A\n");
    for (unsigned i = 10; i < 32; i++) {
        g_string_append_printf(text, "exchange delegate 0 5:%u 600:%u\n", 1u << i, 1u << i);
    }
    m = compile_text(text->str);
    assert_int_equal(startup_kernel(m->data, 0)->nodes, RESCIND_STARTUP_NODES);
    g_byte_array_unref(m);
    g_string_free(text, true);
}

static void each_pool_is_large_enough_for_what_crosses_kernels(void **state)
{
    (void)state;
    GByteArray *m = compile_text("kernel K\nkernel L\nkernel M nodes=9\nvpe A\nvpe B @ L\n"
                                 "grant A 2 = vpe B\ngrant A 3 = vpe A\nprogram A\n"
                                 "exchange delegate 2 5:500 600:500\n"
                                 "exchange obtain 2 5:0xFFFFFFFF 600:0xFFFFFFFF\n"
                                 "program B\nnoop\n");
    assert_int_equal(startup_kernel(m->data, 0)->nodes, 1024 + 4 + 2 + 4 + 2 * 500);
    assert_int_equal(startup_kernel(m->data, 1)->nodes, 1024 + 4 + 1 + 2 + 2 * 500);
    assert_int_equal(startup_kernel(m->data, 2)->nodes, 9);
    g_byte_array_unref(m);
}

static void the_module_says_what_its_kernels_and_vpes_are_told(void **state)
{
    (void)state;
    GByteArray *m = compile_text("kernel K memory=0x10000 vpes=7\nkernel L\nvpe A quota=50\n"
                                 "child B\nvpe C @ L\n");
    assert_int_equal(startup_kernel(m->data, 0)->memory, 0x10000);
    assert_int_equal(startup_kernel(m->data, 0)->vpes, 7);
    assert_int_equal(startup_kernel(m->data, 0)->nodes, 1024 + 4 + 50);
    assert_int_equal(startup_kernel(m->data, 1)->memory, 0);
    assert_int_equal(startup_kernel(m->data, 1)->vpes, 1);
    assert_int_equal(startup_kernel(m->data, 1)->nodes, 1024 + 4);
    assert_int_equal(startup_vpe(m->data, 0)->flags, 0);
    assert_int_equal(startup_vpe(m->data, 0)->quota, 50);
    assert_int_equal(startup_vpe(m->data, 1)->flags, RESCIND_STARTUP_CHILD);
    assert_int_equal(startup_boot_vpes(m->data, 0), 1);
    assert_int_equal(startup_boot_vpes(m->data, 1), 1);
    g_byte_array_unref(m);
}

static struct rescind_startup_kernel needs(const char *declarations, const char *steps)
{
    char *text = g_strdup_printf("%s\nvpe A\nprogram A\n%s\n", declarations, steps);
    GByteArray *m = compile_text(text);
    struct rescind_startup_kernel kernel = *startup_kernel(m->data, 0);
    g_byte_array_unref(m);
    g_free(text);
    return kernel;
}

static void a_file_gets_memory_when_one_of_its_steps_needs_some(void **state)
{
    (void)state;
    static const char *const with[] = {"reqmem 5 size=1 perms=r",
                                       "derivemem 1 5 off=0 size=1 perms=r",
                                       "createvpe 5 6 B",
                                       "createmap 0 5 first=0 pages=1 0x10000 perms=r",
                                       "attachrb 0 2 addr=0 order=7 msgorder=6",
                                       "activate 2 1",
                                       "load 0x10000000",
                                       "store 0x10000000 value=1",
                                       "raw 0e00000000000000"};
    static const char *const without[] = {"noop", "revoke 5", "receive 2", "raw 1200000000000000",
                                          "signal x"};
    for (guint i = 0; i < G_N_ELEMENTS(with); i++) {
        struct rescind_startup_kernel kernel = needs("", with[i]);
        assert_int_equal(kernel.memory, (64 << 10) + 8192 * kernel.vpes);
        assert_int_equal(needs("kernel K memory=0", with[i]).memory, 0);
    }
    for (guint i = 0; i < G_N_ELEMENTS(without); i++) {
        assert_int_equal(needs("", without[i]).memory, 0);
    }
}

static void a_kernel_has_room_for_the_vpes_that_its_file_makes(void **state)
{
    (void)state;
    assert_int_equal(needs("vpe B", "noop").vpes, 2);
    assert_int_equal(needs("child B", "createvpe 5 6 B").vpes, 2);
    assert_int_equal(needs("child B\nchild C", "createvpe 5 6 B").vpes, 3);
    assert_int_equal(needs("child B", "createvpe 5 6 B\ncreatevpe 7 8 other").vpes, 3);
    assert_int_equal(needs("", "repeat 100 { createvpe 5 6 other }").vpes, 1 + 8);
    assert_int_equal(needs("kernel K vpes=5", "repeat 100 { createvpe 5 6 other }").vpes, 5);
}

static void the_pool_is_large_enough_for_whatever_calls_make(void **state)
{
    (void)state;
    static const struct {
        const char *step;
        uint32_t least;
    } expected[] = {
        {"attachrb 0 2 addr=0 order=10 msgorder=5", 1 + 32 + 1},
        {"attachrb 0 2 addr=0 order=5 msgorder=9", 2},
        {"activate 2 5", 2},
        {"createsrv 5 6 s", 4},
        {"createsess 0 5 s", 3},
        {"createsessat 5 6 ident=1", 3},
        {"createmap 0 5 first=0 pages=20 0x10000 perms=r", 20},
        {"createvpe 5 6 B", 6 + 256},
        {"delegate 0 5 20:300", 300},
        {"obtain 0 5 20:300", 300},
        {"fund 0 700", 700},
        {"reqmem 5 size=1 perms=r", 2},
    };
    for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
        assert_in_range(needs("", expected[i].step).nodes, 1024 + 4 + expected[i].least,
                        1024 + 4 + 2 * expected[i].least + 8);
    }
    /* what can't be had takes nothing */
    assert_int_equal(needs("", "createmap 0 5 first=0 pages=0xFFFFFFFF 9 perms=r").nodes,
                     needs("", "noop").nodes);
    assert_int_equal(needs("", "fund 0 0xFFFFFFFFFFFFFFFF").nodes, RESCIND_STARTUP_NODES);
    assert_in_range(
        needs("kernel K memory=0x1000000", "createmap 0 5 first=0 pages=4096 0x10000 perms=r")
            .nodes,
        1024 + 4096, 1024 + 4096 + 100);
}

static void the_step_machine_walks_a_program_once(void **state)
{
    (void)state;
    char *text = g_strdup_printf("vpe A\nvpe B\nprogram B\nsignal x\nwait y\nwait x\n"
                                 "noop\nraw 010203\nrun %s\n",
                                 user_programs[0].name);
    GByteArray *m = compile_text(text);
    static const struct {
        uint32_t kind, arg, size, calls;
    } expected[] = {{RESCIND_STEP_SIGNAL, 0, 0, 0}, {RESCIND_STEP_WAIT, 1, 0, 0},
                    {RESCIND_STEP_WAIT, 0, 0, 0},   {RESCIND_STEP_CALL, 0, 8, 0},
                    {RESCIND_STEP_CALL, 0, 3, 1},   {RESCIND_STEP_RUN, 0, 0, 2}};
    struct steps s;
    struct step step;
    steps_start(&s, m->data, 0);
    assert_false(steps_next(&s, &step));
    steps_start(&s, m->data, 1);
    for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
        assert_true(steps_next(&s, &step));
        assert_int_equal(s.position, i);
        assert_int_equal(step.kind, expected[i].kind);
        assert_int_equal(step.arg, expected[i].arg);
        assert_int_equal(step.size, expected[i].size);
        assert_int_equal(s.calls, expected[i].calls);
        steps_done(&s);
    }
    assert_false(steps_next(&s, &step));
    steps_done(&s);
    assert_int_equal(s.position, 6);
    g_byte_array_unref(m);
    g_free(text);
}

/* What comes of the step that `line` is, in a program whose VPE has received message 77 from
 * endpoint 3, when the reply has `count` words. */
static uint8_t answer(const char *line, const uint64_t *words, size_t count)
{
    struct litmus *litmus = parse_steps(line);
    GByteArray *module = compile(litmus, 7);
    struct steps s;
    struct step step;
    steps_start(&s, module->data, 0);
    assert_true(steps_next(&s, &step));
    uint8_t result = steps_result(&s, &step, words, 8 * count);
    g_byte_array_unref(module);
    litmus_free(litmus);
    return result;
}

static void a_result_is_other_when_the_answer_does_not_say_what_it_must(void **state)
{
    (void)state;
    const uint64_t received[] = {0, 77, 8, 0, 16, 5, 6}, refused[] = {RESCIND_END_OF_FILE};
    assert_int_equal(answer("receive 3", received, 7), RESCIND_NO_ERROR);
    assert_int_equal(answer("receive 3 is=5", received, 7), RESCIND_NO_ERROR);
    assert_int_equal(answer("receive 3 is=5 label=8", received, 7), RESCIND_NO_ERROR);
    assert_int_equal(answer("receive 3 is=6", received, 7), RESCIND_RESULT_OTHER);
    assert_int_equal(answer("receive 3 is=5 label=7", received, 7), RESCIND_RESULT_OTHER);
    assert_int_equal(answer("receive 3 is=6", refused, 1), RESCIND_END_OF_FILE);
    /* an answer that ends before the word */
    assert_int_equal(answer("receive 3 is=0", received, 5), RESCIND_RESULT_OTHER);
    assert_int_equal(answer("receive 3 is=5", received, 0), RESCIND_RESULT_OTHER);
    const uint64_t loaded[] = {0, 9}, unmapped[] = {RESCIND_NO_MAPPING, 0};
    assert_int_equal(answer("load 5 is=9", loaded, 2), RESCIND_NO_ERROR);
    assert_int_equal(answer("load 5 is=8", loaded, 2), RESCIND_RESULT_OTHER);
    assert_int_equal(answer("load 5 is=0", unmapped, 2), RESCIND_NO_MAPPING);
    assert_int_equal(answer("store 5 value=1", loaded, 1), RESCIND_NO_ERROR);
}

/* The id that the step it stands at sends, which is word 2 of its message. */
static uint64_t sent_id(const struct steps *s)
{
    uint8_t message[RESCIND_PAYLOAD_MAX];
    struct step step;
    uint64_t id;
    assert_true(steps_next(s, &step));
    assert_int_equal(steps_message(s, &step, message), step.size);
    assert_memory_equal(message, step.payload, 16);
    memcpy(&id, message + 16, sizeof(id));
    return id;
}

/* The step is done, and its answer had `count` words. */
static void answered(struct steps *s, uint8_t expected, const uint64_t *words, size_t count)
{
    struct step step;
    assert_true(steps_next(s, &step));
    assert_int_equal(steps_result(s, &step, words, 8 * count), expected);
    steps_done(s);
}

static void an_answer_goes_to_the_last_message_of_its_endpoint(void **state)
{
    (void)state;
    GByteArray *m = compile_text("vpe A\nprogram A\nreply 3 0\nreceive 3\nreceive 4 is=1\n"
                                 "receive 4 nowait\nreply 3 0\nack 4\nack 16\n"
                                 "raw 2400000000000000 0300000000000000 0500000000000000\n");
    static const uint64_t ok[] = {0}, first[] = {0, 77, 8, 0, 8, 1}, second[] = {0, 88, 8, 0, 8, 2},
                          none[] = {RESCIND_END_OF_FILE, 99};
    struct steps s;
    steps_start(&s, m->data, 0);
    assert_int_equal(sent_id(&s), 0);
    answered(&s, RESCIND_NO_ERROR, ok, 1);
    answered(&s, RESCIND_NO_ERROR, first, 6);
    answered(&s, RESCIND_RESULT_OTHER, second, 6);
    answered(&s, RESCIND_END_OF_FILE, none, 2);
    struct steps copy = s;
    assert_int_equal(sent_id(&s), 77);
    answered(&s, RESCIND_NO_ERROR, ok, 1);
    assert_int_equal(sent_id(&s), 88);
    answered(&s, RESCIND_NO_ERROR, ok, 1);
    assert_int_equal(sent_id(&s), 0); /* there is no such endpoint */
    answered(&s, RESCIND_NO_ERROR, ok, 1);
    assert_int_equal(sent_id(&s), 5); /* as it stands */
    assert_int_equal(sent_id(&copy), 77);
    g_byte_array_unref(m);
}

static void loads_and_stores_have_an_address_and_results(void **state)
{
    (void)state;
    GByteArray *m = compile_text("vpe A\nprogram A\nload 0x10000008 is=3\nnoop\n"
                                 "store 0x20000000 value=4\nsignal x\nload 1\n");
    struct steps s;
    struct step step;
    assert_int_equal(startup_vpe(m->data, 0)->call_count, 4);
    steps_start(&s, m->data, 0);
    assert_true(steps_next(&s, &step));
    assert_int_equal(step.kind, RESCIND_STEP_LOAD);
    assert_int_equal(step.addr, 0x10000008);
    assert_int_equal(step.check_count, 1);
    assert_int_equal(step.size, 0);
    steps_done(&s);
    steps_done(&s);
    assert_true(steps_next(&s, &step));
    assert_int_equal(step.kind, RESCIND_STEP_STORE);
    assert_int_equal(step.addr, 0x20000000);
    assert_int_equal(step.value, 4);
    assert_int_equal(s.calls, 2);
    steps_done(&s);
    steps_done(&s);
    assert_int_equal(s.calls, 3);
    steps_done(&s);
    assert_int_equal(s.calls, 4);
    assert_false(steps_next(&s, &step));
    g_byte_array_unref(m);
}

/* Walks all of a module that passed; AddressSanitizer sees a step outside it. */
static void walk(const void *module)
{
    const struct rescind_startup *h = module;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < h->kernel_count; i++) {
        sum += strlen(startup_kernel(module, i)->name);
    }
    for (uint32_t i = 0; i < h->fault_count; i++) {
        sum += startup_fault(module, i)->a;
    }
    for (uint32_t i = 0; i < h->grant_count; i++) {
        sum += startup_grant(module, i)->sel;
    }
    for (uint32_t i = 0; i < h->vpe_count; i++) {
        struct steps s;
        struct step step;
        sum += strlen(startup_vpe(module, i)->name);
        for (steps_start(&s, module, i); steps_next(&s, &step); steps_done(&s)) {
            for (uint32_t k = 0; k < step.size; k++) {
                sum += step.payload[k];
            }
            for (uint32_t k = 0; k < step.check_count; k++) {
                sum += step.checks[k].value;
            }
            uint8_t message[RESCIND_PAYLOAD_MAX];
            sum += step.kind == RESCIND_STEP_CALL ? steps_message(&s, &step, message) : step.addr;
        }
        assert_int_equal(s.calls, startup_vpe(module, i)->call_count);
    }
    (void)sum;
}

static void refuse_truncations(const char *text)
{
    GByteArray *m = compile_text(text);
    for (guint size = 0; size < m->len; size++) {
        void *copy = g_memdup2(m->data, size);
        assert_non_null(startup_check(size > 0 ? copy : m->data, size));
        if (size >= sizeof(struct rescind_startup)) {
            /* and so it is where the header owns up to the new size */
            ((struct rescind_startup *)copy)->size = size;
            assert_non_null(startup_check(copy, size));
        }
        g_free(copy);
    }
    walk(m->data);
    g_byte_array_unref(m);
}

static void every_truncation_of_a_module_is_refused(void **state)
{
    (void)state;
    refuse_truncations(sample);
    refuse_truncations(every_call);
}

static void mutate_module(const char *text)
{
    GByteArray *m = compile_text(text);
    GRand *random = g_rand_new_with_seed(42);
    guint passed = 0;
    for (int round = 0; round < 100000; round++) {
        uint8_t *copy = g_memdup2(m->data, m->len);
        for (int i = g_rand_int_range(random, 1, 4); i > 0; i--) {
            gint at = g_rand_int_range(random, 0, (gint32)m->len);
            copy[at] =
                (uint8_t)(g_rand_boolean(random) ? g_rand_int(random)
                                                 : copy[at] ^ 1u << g_rand_int_range(random, 0, 8));
        }
        if (startup_check(copy, m->len) == NULL) {
            walk(copy);
            passed++;
        }
        g_free(copy);
    }
    assert_in_range(passed, 1000, 99000);
    g_rand_free(random);
    g_byte_array_unref(m);
}

static void a_mutated_module_is_refused_or_can_be_walked(void **state)
{
    (void)state;
    mutate_module(sample);
    mutate_module(every_call);
}

/* `statement` breaks one thing of a good module m, of `text`; `message` is what the check says
 * then. */
#define ASSERT_FAULT(statement, message) ASSERT_FAULT_OF(sample, statement, message)
#define ASSERT_FAULT_OF(text, statement, message)                                                  \
    do {                                                                                           \
        GByteArray *m = compile_text(text);                                                        \
        struct rescind_startup_grant *g =                                                          \
            (struct rescind_startup_grant *)(void *)(m->data + header(m)->grants);                 \
        struct rescind_startup_step *s =                                                           \
            (struct rescind_startup_step *)(void *)(m->data + vpe_record(m, 1)->steps);            \
        struct rescind_startup_kernel *k =                                                         \
            (struct rescind_startup_kernel *)(void *)(m->data + header(m)->kernels);               \
        struct rescind_startup_fault *f =                                                          \
            (struct rescind_startup_fault *)(void *)(m->data + header(m)->faults);                 \
        struct rescind_startup_serial *p =                                                         \
            (struct rescind_startup_serial *)(void *)(m->data + header(m)->serials);               \
        (void)g, (void)s, (void)k, (void)f, (void)p;                                               \
        statement;                                                                                 \
        assert_string_equal(startup_check(m->data, m->len), message);                              \
        g_byte_array_unref(m);                                                                     \
    } while (false)

/* Two lines, and two serial ports. */
#define DRIVERS                                                                                    \
    "vpe A\nvpe B\nserial 0x3e8 \"x\"\nserial 0x2e8 \"y\"\ngrant A 4 = irq 10\n"                   \
    "grant B 4 = irq 11\nprogram A\n    noop\nprogram B\n    noop\n"

static void each_fault_of_a_module_has_its_message(void **state)
{
    (void)state;
    ASSERT_FAULT(header(m)->magic++, "the magic number is wrong");
    ASSERT_FAULT(header(m)->size += 8, "the size is wrong");
    ASSERT_FAULT(header(m)->vpe_count = 0, "a fault names no VPE");
    ASSERT_FAULT((header(m)->vpe_count = 0, header(m)->fault_count = 0), "a grant names no VPE");
    ASSERT_FAULT(header(m)->vpe_count = 257, "the number of VPEs is out of range");
    ASSERT_FAULT(header(m)->vpe_count = 256, "the VPEs lie outside the module");
    ASSERT_FAULT(header(m)->signal_count = 4097, "the number of signals is out of range");
    ASSERT_FAULT(header(m)->kernel_count = 0, "the number of kernels is out of range");
    ASSERT_FAULT(header(m)->kernel_count = 65, "the number of kernels is out of range");
    ASSERT_FAULT(header(m)->kernel_count = 64, "the kernels lie outside the module");
    ASSERT_FAULT(header(m)->kernel_count = 1, "a fault names no kernel");
    ASSERT_FAULT((header(m)->kernel_count = 1, header(m)->fault_count = 0),
                 "a VPE names no kernel");
    ASSERT_FAULT(header(m)->kernels += 4, "the kernels lie outside the module");
    ASSERT_FAULT(header(m)->kernels = 56, "the kernels lie outside the module");
    ASSERT_FAULT(header(m)->fault_count = 65, "the number of faults is out of range");
    ASSERT_FAULT(header(m)->fault_count = 64, "the faults lie outside the module");
    ASSERT_FAULT(header(m)->faults += 4, "the faults lie outside the module");
    ASSERT_FAULT(header(m)->faults = 0, "the faults lie outside the module");
    ASSERT_FAULT(memset(k[1].name, 'x', 40), "a kernel's name does not end");
    ASSERT_FAULT(k[0].nodes = 0, "a kernel's number of pool nodes is out of range");
    ASSERT_FAULT(k[1].nodes = RESCIND_STARTUP_NODES + 1,
                 "a kernel's number of pool nodes is out of range");
    ASSERT_FAULT(k[1].reserved = 1, "a reserved word of a kernel is not 0");
    ASSERT_FAULT(f[0].kind = 0, "a fault is of no known kind");
    ASSERT_FAULT(f[2].kind = 5, "a fault is of no known kind");
    ASSERT_FAULT(f[2].kind = 4, "a fault names an interrupt line that nobody has been given");
    ASSERT_FAULT(f[0].a = 2, "a fault names no VPE");
    ASSERT_FAULT(f[1].a = 2, "a fault names no kernel");
    ASSERT_FAULT(f[2].a = 2, "a fault names no kernel");
    ASSERT_FAULT(f[2].b = 2, "a fault names no kernel");
    ASSERT_FAULT(f[2].b = 1, "a fault names one kernel twice");
    ASSERT_FAULT(f[0].b = 1, "a fault names more than it needs");
    ASSERT_FAULT(f[1].b = 1, "a fault names more than it needs");
    ASSERT_FAULT(f[2].reserved = 1, "a reserved word of a fault is not 0");
    ASSERT_FAULT(header(m)->vpes += 4, "the VPEs lie outside the module");
    ASSERT_FAULT(header(m)->vpes = 0, "the VPEs lie outside the module");
    ASSERT_FAULT(header(m)->vpes = 0xfffffff8, "the VPEs lie outside the module");
    ASSERT_FAULT(header(m)->grants = header(m)->size, "the grants lie outside the module");
    ASSERT_FAULT(header(m)->grant_count = UINT32_MAX, "the grants lie outside the module");
    ASSERT_FAULT(g->vpe = 2, "a grant names no VPE");
    ASSERT_FAULT(g->target = 2, "a grant names no VPE");
    ASSERT_FAULT(g->sel = 1, "a grant's selector is taken");
    ASSERT_FAULT(g->kind = 3, "a grant is of no known kind");
    ASSERT_FAULT((g->kind = RESCIND_GRANT_IRQ, g->target = 24), "a grant names no interrupt line");
    ASSERT_FAULT((g->kind = RESCIND_GRANT_IRQ, g->target = 4),
                 "a grant names an interrupt line of the machine's own");
    ASSERT_FAULT((g->kind = RESCIND_GRANT_PORTS, g->target = 0xffff | 1 << 16),
                 "a grant names ports that there can't be");
    ASSERT_FAULT((g->kind = RESCIND_GRANT_PORTS, g->target = 0x3f0 | 8 << 16),
                 "a grant names ports of the machine's own");
    ASSERT_FAULT((g->kind = RESCIND_GRANT_IRQ, g->target = 10, g->sel = 1),
                 "a grant's selector is taken");
    ASSERT_FAULT(header(m)->serial_count = 3, "the number of serial ports is out of range");
    ASSERT_FAULT(header(m)->serials += 4, "the serial ports lie outside the module");
    ASSERT_FAULT(memset(vpe_record(m, 0)->name, 'x', 40), "a VPE's name does not end");
    ASSERT_FAULT(vpe_record(m, 0)->kernel = 2, "a VPE names no kernel");
    ASSERT_FAULT(vpe_record(m, 1)->reserved = 1, "a reserved word of a VPE is not 0");
    ASSERT_FAULT(vpe_record(m, 1)->steps = header(m)->size, "a VPE's steps lie outside the module");
    ASSERT_FAULT(vpe_record(m, 1)->steps += 4, "a VPE's steps lie outside the module");
    ASSERT_FAULT(vpe_record(m, 1)->steps_size += 8, "a VPE's steps lie outside the module");
    ASSERT_FAULT(vpe_record(m, 1)->steps_size = 0, "a VPE's steps are cut short");
    ASSERT_FAULT(vpe_record(m, 1)->steps_size -= 8, "a step's payload or checks are cut short");
    ASSERT_FAULT(vpe_record(m, 0)->steps_size += 8, "a VPE's steps do not fill their bytes");
    ASSERT_FAULT(vpe_record(m, 1)->step_count = 3, "a VPE's steps are cut short");
    ASSERT_FAULT(vpe_record(m, 1)->step_count = 0, "a passive VPE has steps");
    ASSERT_FAULT(vpe_record(m, 1)->step_count = RESCIND_STARTUP_STEPS, "there are too many steps");
    ASSERT_FAULT(vpe_record(m, 1)->call_count = 2, "a VPE's number of calls is wrong");
    ASSERT_FAULT(s[0].kind = 0, "a step is of no known kind");
    ASSERT_FAULT(s[0].kind = 7, "a step is of no known kind");
    ASSERT_FAULT(s[0].arg = 1, "a step names no signal");
    ASSERT_FAULT(s[0].size = 8, "a step's payload is not what its kind has");
    ASSERT_FAULT(s[1].size = 0, "a call's payload is out of range");
    ASSERT_FAULT(s[1].size = 488, "a call's payload is out of range");
    ASSERT_FAULT(s[1].size = 487, "a step's payload or checks are cut short");
    ASSERT_FAULT_OF(DRIVERS, g[1].target = 10, "an interrupt line is granted twice");
    ASSERT_FAULT_OF(DRIVERS, g[1].target = RESCIND_IRQ_LINES, "a grant names no interrupt line");
    ASSERT_FAULT_OF(DRIVERS, p[1].port = p[0].port, "a serial port is there twice");
    ASSERT_FAULT_OF(DRIVERS, p[1].port = 0x3f8, "there is no serial port at this address");
    ASSERT_FAULT_OF(DRIVERS, p[0].text = header(m)->size + 8,
                    "what comes to a serial port lies outside the module");
    ASSERT_FAULT_OF(DRIVERS, p[1].reserved = 1, "a reserved word of a serial port is not 0");
    GByteArray *m = compile_text(sample);
    g_byte_array_prepend(m, (const guint8 *)"1234", 4);
    assert_string_equal(startup_check(m->data + 4, m->len - 4), "the module is not aligned");
    g_byte_array_unref(m);
}

/* The first step of kind `kind` of a VPE with at least `checks` checks. */
static struct rescind_startup_step *step_of(GByteArray *m, guint vpe, uint32_t kind,
                                            uint32_t checks)
{
    uint32_t offset = startup_vpe(m->data, vpe)->steps;
    for (;;) {
        const struct rescind_startup_step *step = startup_step(m->data, offset);
        if (step->kind == kind && step->checks >= checks) {
            return (struct rescind_startup_step *)(void *)(m->data + offset);
        }
        offset += startup_step_size(step);
    }
}

static struct rescind_startup_check *checks_of(GByteArray *m, guint vpe, uint32_t kind)
{
    struct rescind_startup_step *step = step_of(m, vpe, kind, 1);
    return (struct rescind_startup_check *)(void *)((uint8_t *)(step + 1) +
                                                    (step->size + 7) / 8 * 8);
}

static void what_services_vpes_and_memory_need_of_a_module_has_its_messages(void **state)
{
    (void)state;
    ASSERT_FAULT_OF(every_call, k[0].memory = 4095, "a kernel's memory is out of range");
    ASSERT_FAULT_OF(every_call, k[0].memory = RESCIND_STARTUP_MEMORY + RESCIND_PAGE,
                    "a kernel's memory is out of range");
    ASSERT_FAULT_OF(every_call, k[0].vpes = 0, "a kernel's number of VPEs is out of range");
    ASSERT_FAULT_OF(every_call, k[0].vpes = 2049, "a kernel's number of VPEs is out of range");
    ASSERT_FAULT_OF(every_call, vpe_record(m, 0)->flags = 2, "a VPE has an unknown flag");
    ASSERT_FAULT_OF(every_call, vpe_record(m, 0)->flags = RESCIND_STARTUP_CHILD,
                    "a VPE's quota is out of range");
    ASSERT_FAULT_OF(every_call, vpe_record(m, 0)->quota = RESCIND_STARTUP_NODES + 1,
                    "a VPE's quota is out of range");
    ASSERT_FAULT(vpe_record(m, 0)->flags = RESCIND_STARTUP_CHILD,
                 "a grant names a VPE that is not there at the start");
    ASSERT_FAULT(vpe_record(m, 1)->flags = RESCIND_STARTUP_CHILD,
                 "a fault names a VPE that is not there at the start");
    ASSERT_FAULT_OF(every_call, step_of(m, 0, RESCIND_STEP_LOAD, 0)->size = 16,
                    "a step's payload is not what its kind has");
    ASSERT_FAULT_OF(every_call, step_of(m, 0, RESCIND_STEP_STORE, 0)->size = 8,
                    "a step's payload is not what its kind has");
    ASSERT_FAULT_OF(every_call, step_of(m, 0, RESCIND_STEP_STORE, 0)->arg = 1,
                    "a step names more than it needs");
    ASSERT_FAULT_OF(every_call, step_of(m, 0, RESCIND_STEP_STORE, 0)->checks = 1,
                    "a step without an answer has a check");
    ASSERT_FAULT_OF(every_call, step_of(m, 0, RESCIND_STEP_CALL, 0)->checks = 5,
                    "a step has too many checks");
    ASSERT_FAULT_OF(every_call, step_of(m, 0, RESCIND_STEP_CALL, 0)->arg = 2,
                    "a call has an unknown flag");
    ASSERT_FAULT(s[1].checks = 1, "a step's payload or checks are cut short");
    ASSERT_FAULT(s[1].arg = 1, "a call's payload is too short for a message's id");
    ASSERT_FAULT_OF(every_call, checks_of(m, 0, RESCIND_STEP_CALL)->word = 0,
                    "a check looks at a word that no answer has");
    ASSERT_FAULT_OF(every_call, checks_of(m, 0, RESCIND_STEP_CALL)->word = 60,
                    "a check looks at a word that no answer has");
    ASSERT_FAULT_OF(every_call, checks_of(m, 0, RESCIND_STEP_LOAD)->word = 2,
                    "a check looks at a word that no answer has");
}

/* ---- verdicts ---- */

static void add_cap(struct outcome *o, guint vpe, uint8_t kind, uint32_t sel, uint8_t type)
{
    struct outcome_cap cap = {.sel = sel, .kind = kind, .type = type};
    g_array_append_val(outcome_vpe(o, vpe)->caps, cap);
}

static void add_child(struct outcome *o, guint vpe, uint32_t sel, uint8_t type, guint parent_vpe,
                      uint8_t parent_kind, uint32_t parent_sel)
{
    struct outcome_cap cap = {.sel = sel,
                              .type = type,
                              .has_parent = true,
                              .parent_kind = parent_kind,
                              .parent_vpe = parent_vpe,
                              .parent_sel = parent_sel};
    g_array_append_val(outcome_vpe(o, vpe)->caps, cap);
}

/* VPE 0 holds 0 vpe, 1 mem, 20 gate, map:3 mem; VPE 1 holds 7 vpe and 30 gate, children of 0:0
 * and 0:map:3. Nobody has made a call. */
static struct outcome *example(void)
{
    struct outcome *o = outcome_new("host", 2);
    add_cap(o, 0, RESCIND_TABLE_OBJECT, 0, RESCIND_CAP_VPE);
    add_cap(o, 0, RESCIND_TABLE_OBJECT, 1, RESCIND_CAP_MEM);
    add_cap(o, 0, RESCIND_TABLE_OBJECT, 20, RESCIND_CAP_GATE);
    add_cap(o, 0, RESCIND_TABLE_MAP, 3, RESCIND_CAP_MAP);
    add_child(o, 1, 7, RESCIND_CAP_VPE, 0, RESCIND_TABLE_OBJECT, 0);
    add_child(o, 1, 30, RESCIND_CAP_GATE, 0, RESCIND_TABLE_MAP, 3);
    return o;
}

/* The messages, one a line, of a file with VPEs A and B that ended as example() says; `results`
 * are those of A's calls. */
static char *messages(const char *rest, const char *results)
{
    char *text = g_strconcat("vpe A\nvpe B\n", rest, NULL);
    struct litmus *l = parse(text);
    struct outcome *o = example();
    g_byte_array_append(outcome_vpe(o, 0)->results, (const guint8 *)results,
                        (guint)strlen(results));
    for (guint i = 0; i < outcome_vpe(o, 0)->results->len; i++) {
        guint8 *r = &outcome_vpe(o, 0)->results->data[i];
        *r = *r == '-'   ? RESCIND_RESULT_NONE
             : *r == 'o' ? RESCIND_RESULT_OTHER
                         : (guint8)(*r - '0');
    }
    outcome_vpe(o, 0)->position = litmus_vpe(l, 0)->steps;
    struct judgement *j = judge(l, o);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < j->messages->len; i++) {
        g_string_append_printf(out, "%s\n", (const char *)g_ptr_array_index(j->messages, i));
    }
    assert_true(j->pass == (out->len == 0));
    judgement_free(j);
    outcome_free(o);
    litmus_free(l);
    g_free(text);
    return g_string_free(out, false);
}

static void assert_messages(const char *rest, const char *results, const char *expected)
{
    char *got = messages(rest, results);
    assert_string_equal(got, expected);
    g_free(got);
}

/* Whether `line` holds in example(). */
static bool holds(const char *line)
{
    char *rest = g_strdup_printf("program A\nR = noop\nS = noop\nfinal\n%s\n", line);
    char *got = messages(rest, "5-");
    bool none = got[0] == 0;
    g_free(got);
    g_free(rest);
    return none;
}

static void a_result_that_is_not_expected_fails_the_file(void **state)
{
    (void)state;
    assert_messages("program A\nnoop\nrevoke 5 => ok | inv-args\nrevoke 6 => not-sup\nnoop => any",
                    "0598", "");
    assert_messages("program A\nnoop\nrevoke 5 => ok|inv-args\nexchange obtain 0 2 3 => any", "588",
                    "f:4: A: call 1, noop: expected ok, got inv-args\n"
                    "f:5: A: call 2, revoke: expected ok or inv-args, got no-perm\n");
    assert_messages("program A\nexit 0\nnoop", "--", "");
    assert_messages("program A\nreceive 2 is=1 => ok | other\nload 5 is=1\nread 2 off=0 => other",
                    "oo0",
                    "f:5: A: call 2, load: expected ok, got other\n"
                    "f:6: A: call 3, read: expected other, got ok\n");
    assert_messages("program A\nR = receive 2 is=1\nS = load 5 is=1\nreceive 2 is=1 => any\nfinal\n"
                    "R = other\nnot S = other\nS = any\nR = ok\n",
                    "o4o", "f:11: expected to hold at the end, but R = other\n");
}

static void a_stuck_program_fails_the_file_where_it_stands(void **state)
{
    (void)state;
    struct litmus *l = parse("vpe A\nvpe B\nprogram A\nwait x\nnoop\n");
    struct outcome *o = outcome_new("host", 2);
    outcome_vpe(o, 0)->stuck = true;
    struct judgement *j = judge(l, o);
    assert_false(j->pass);
    assert_string_equal(g_ptr_array_index(j->messages, 0),
                        "f:4: A: expected to finish, but is stuck here");
    judgement_free(j);
    outcome_free(o);
    litmus_free(l);
}

static void comparisons_look_at_tables_parents_and_registers(void **state)
{
    (void)state;
    assert_true(holds("A holds 20"));
    assert_true(holds("A holds 20 gate"));
    assert_false(holds("A holds 20 mem"));
    assert_false(holds("A holds 3"));
    assert_true(holds("A holds map:3 map"));
    assert_false(holds("A holds map:20"));
    assert_false(holds("A holds 4294967295"));
    assert_true(holds("A lacks 3"));
    assert_false(holds("A lacks 20"));
    assert_false(holds("A lacks map:3"));
    assert_true(holds("A count 3"));
    assert_false(holds("A count 4"));
    assert_true(holds("B count 2"));
    assert_true(holds("B:7 child-of A:0"));
    assert_false(holds("B:7 child-of A:1"));
    assert_false(holds("B:7 child-of A:map:0"));
    assert_false(holds("B:7 child-of B:0"));
    assert_true(holds("B:30 child-of A:map:3"));
    assert_false(holds("A:0 child-of A:0"));
    assert_false(holds("B:8 child-of A:0"));
    assert_true(holds("R = inv-args"));
    assert_true(holds("R = any"));
    assert_false(holds("R = ok"));
    assert_false(holds("S = any"));
    assert_false(holds("S = ok"));
}

static void not_binds_tighter_than_and_and_that_tighter_than_or(void **state)
{
    (void)state;
    assert_true(holds("not A lacks 20 and A holds 20"));
    assert_true(holds("A holds 20 or A lacks 20 and A lacks 20"));
    assert_false(holds("(A holds 20 or A lacks 20) and A lacks 20"));
    assert_true(holds("A lacks 20 and A lacks 20 or A holds 20"));
    assert_false(holds("A lacks 20 and (A lacks 20 or A holds 20)"));
    assert_false(holds("not A holds 20 or A lacks 20"));
    assert_false(holds("not (A holds 20 or A lacks 20)"));
    assert_true(holds("not not A holds 20"));
    assert_true(holds("((A holds 20)) and not (not (A holds 20))"));
}

static void a_final_line_that_does_not_hold_tells_what_is_the_case(void **state)
{
    (void)state;
    assert_messages("program A\nR = noop\nfinal\nA lacks 20\nA holds 3 and not A count 3\n"
                    "B:30 child-of A:20 and B:9 child-of A:20 and A:0 child-of A:1\nR = ok\n"
                    "A lacks map:3\n",
                    "-",
                    "f:6: expected to hold at the end, but A holds 20 gate\n"
                    "f:7: expected to hold at the end, but A lacks 3, A count 3\n"
                    "f:8: expected to hold at the end, but B:30 child-of A:map:3, B lacks 9, A:0 is"
                    " a root\n"
                    "f:9: expected to hold at the end, but R was never set\n"
                    "f:10: expected to hold at the end, but A holds map:3 map\n");
}

static void never_fails_when_all_its_lines_hold_and_exists_is_not_judged(void **state)
{
    (void)state;
    assert_messages("never\nA holds 20\nA holds 3\nexists\nA holds 3\n", "", "");
    assert_messages("never\nA holds 20\nA count 3\n", "",
                    "f:3: expected never to hold, but A holds 20 gate, A count 3\n");
}

static void who_sees_many_ends_can_ask_each_for_a_conditions_lines(void **state)
{
    (void)state;
    struct litmus *l = parse("vpe A\nvpe B\nexists\nA holds 20\nB holds 7\nexists\nA holds 20\n"
                             "B lacks 7\nfinal\nA lacks 20\n");
    struct outcome *o = example();
    static const bool expected[] = {true, false, false};
    for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
        assert_int_equal(
            judge_lines(l, o, &g_array_index(l->conditions, struct litmus_condition, i)),
            expected[i]);
    }
    outcome_free(o);
    litmus_free(l);
}

static void at_most_a_hundred_failures_are_told(void **state)
{
    (void)state;
    struct litmus *l = parse("vpe A\nprogram A\nrepeat 150 { noop => inv-args }\n");
    struct outcome *o = outcome_new("host", 1);
    g_byte_array_set_size(outcome_vpe(o, 0)->results, 150);
    memset(outcome_vpe(o, 0)->results->data, 0, 150);
    struct judgement *j = judge(l, o);
    assert_int_equal(j->failures, 150);
    assert_int_equal(j->messages->len, 100);
    char *text = print_text(l, o, j);
    assert_true(g_str_has_prefix(text, "f: FAIL on host\n  f:3: A: call 1, noop: expected "));
    assert_true(g_str_has_suffix(text, "\n  ... and 50 more\n"));
    g_free(text);
    judgement_free(j);
    outcome_free(o);
    litmus_free(l);
}

/* ---- reports ---- */

static void the_json_report_is_one_line_in_the_order_of_the_tool_page(void **state)
{
    (void)state;
    struct litmus *l = parse("litmus \"say \\ \"\nvpe A\nvpe B\n"
                             "program A\nR = noop\nsignal x\nrepeat 2 { exchange delegate 0 2 3 }\n"
                             "program B\nwait y\nexit 0\n"
                             "final\nA holds 20\nR = ok\nexists A lacks 3\nnever A lacks 3\n");
    struct outcome *o = example();
    g_byte_array_append(outcome_vpe(o, 0)->results, (const guint8 *)"\0\5", 2);
    outcome_vpe(o, 1)->stuck = true;
    struct judgement *j = judge(l, o);
    char *json = print_json(l, o, j);
    assert_string_equal(
        json, "{\"file\":\"f\",\"litmus\":\"say \\\\ \",\"target\":\"host\",\"verdict\":\"fail\","
              "\"steps\":[{\"vpe\":\"A\",\"line\":5,\"call\":\"noop\",\"result\":\"ok\"},"
              "{\"vpe\":\"A\",\"line\":7,\"call\":\"exchange delegate\",\"result\":\"inv-args\"},"
              "{\"vpe\":\"A\",\"line\":7,\"call\":\"exchange delegate\",\"result\":null},"
              "{\"vpe\":\"B\",\"line\":10,\"call\":\"exit\",\"result\":null}],"
              "\"stuck\":[{\"vpe\":\"B\",\"line\":9}],"
              "\"conditions\":[{\"line\":11,\"kind\":\"final\",\"holds\":true},"
              "{\"line\":14,\"kind\":\"exists\",\"holds\":null},"
              "{\"line\":15,\"kind\":\"never\",\"holds\":false}],"
              "\"tables\":{\"A\":[{\"sel\":0,\"type\":\"vpe\",\"parent\":null},"
              "{\"sel\":1,\"type\":\"mem\",\"parent\":null},"
              "{\"sel\":20,\"type\":\"gate\",\"parent\":null},"
              "{\"sel\":3,\"type\":\"map\",\"parent\":null,\"table\":\"map\"}],"
              "\"B\":[{\"sel\":7,\"type\":\"vpe\",\"parent\":\"A:0\"},"
              "{\"sel\":30,\"type\":\"gate\",\"parent\":\"A:map:3\"}]}}\n");
    g_free(json);
    judgement_free(j);
    outcome_free(o);
    litmus_free(l);
}

static void a_parent_need_not_be_a_vpe_of_the_file(void **state)
{
    (void)state;
    struct litmus *l = parse("vpe A\nfinal\nA:5 child-of A:0\nA:6 child-of A:0\n");
    struct outcome *o = outcome_new("host", 1);
    add_child(o, 0, 5, RESCIND_CAP_SESSION, OUTCOME_KERNEL, 0, 99);
    add_child(o, 0, 6, RESCIND_CAP_GATE, OUTCOME_OTHER_VPE, RESCIND_TABLE_MAP, 99);
    struct judgement *j = judge(l, o);
    char *json = print_json(l, o, j);
    assert_non_null(strstr(json, "{\"sel\":5,\"type\":\"session\",\"parent\":\"registry\"},"
                                 "{\"sel\":6,\"type\":\"gate\",\"parent\":\"?:map:99\"}"));
    char *text = print_text(l, o, j);
    assert_string_equal(text, "f: FAIL on host\n"
                              "  f:3: expected to hold at the end, but A:5 child-of registry\n"
                              "  f:4: expected to hold at the end, but A:6 child-of ?:map:99\n");
    g_free(text);
    g_free(json);
    judgement_free(j);
    outcome_free(o);
    litmus_free(l);
}

static void an_ended_vpe_has_an_empty_table_and_no_title_is_null(void **state)
{
    (void)state;
    struct litmus *l = parse("vpe A\n");
    struct outcome *o = outcome_new("qemu", 1);
    outcome_vpe(o, 0)->ended = true;
    struct judgement *j = judge(l, o);
    char *json = print_json(l, o, j);
    assert_string_equal(json, "{\"file\":\"f\",\"litmus\":null,\"target\":\"qemu\",\"verdict\":"
                              "\"pass\",\"steps\":[],\"stuck\":[],\"conditions\":[],\"tables\":{"
                              "\"A\":[]}}\n");
    g_free(json);
    char *text = print_text(l, o, j);
    assert_string_equal(text, "f: pass on qemu\n");
    g_free(text);
    judgement_free(j);
    outcome_free(o);
    litmus_free(l);
}

/* ---- the corpus ---- */

static char *corpus(const char *under)
{
    const char *tests = g_getenv("RESCIND_TESTS");
    return g_build_filename(tests != NULL ? tests : "tests", "litmus", under, NULL);
}

/* Calls `check` for every litmus file of a directory, and returns how many there are. */
static unsigned each_file(const char *under, void (*check)(const char *path))
{
    char *directory = corpus(under);
    GDir *dir = g_dir_open(directory, 0, NULL);
    unsigned count = 0;
    assert_non_null(dir);
    for (const char *name; (name = g_dir_read_name(dir)) != NULL;) {
        if (g_str_has_suffix(name, ".litmus")) {
            char *path = g_build_filename(directory, name, NULL);
            check(path);
            g_free(path);
            count++;
        }
    }
    g_dir_close(dir);
    g_free(directory);
    return count;
}

static void check_good(const char *path)
{
    char *error = NULL;
    struct litmus *l = litmus_read(path, &error);
    if (l == NULL) {
        fail_msg("%s", error);
    }
    assert_non_null(l->title);
    GByteArray *module = compile(l, 1);
    assert_null(startup_check(module->data, module->len));
    g_byte_array_unref(module);
    litmus_free(l);
}

/* What is expected stands in a file beside it, as LINE:COLUMN: message. */
static void check_bad(const char *path)
{
    char *error = NULL, *text = NULL;
    char *stem = g_strndup(path, strlen(path) - strlen(".litmus"));
    char *sidecar = g_strconcat(stem, ".expected", NULL);
    assert_null(litmus_read(path, &error));
    assert_true(g_file_get_contents(sidecar, &text, NULL, NULL));
    char *expected = g_strdup_printf("%s:%s", path, g_strchomp(text));
    assert_string_equal(error, expected);
    g_free(expected);
    g_free(text);
    g_free(error);
    g_free(sidecar);
    g_free(stem);
}

static void every_file_of_the_corpus_is_read_and_has_a_title(void **state)
{
    (void)state;
    assert_in_range(each_file("", check_good), 30, 10000);
    assert_in_range(each_file("racy", check_good), 1, 10000);
}

static void every_bad_file_of_the_corpus_is_refused_as_its_neighbour_says(void **state)
{
    (void)state;
    assert_in_range(each_file("bad", check_bad), 10, 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_file_is_read_as_it_stands),
        cmocka_unit_test(every_call_is_printed_as_it_was_read),
        cmocka_unit_test(a_file_without_title_has_none),
        cmocka_unit_test(a_file_without_a_kernel_has_k0),
        cmocka_unit_test(a_vpe_without_a_kernel_is_the_first_ones),
        cmocka_unit_test(line_ends_of_both_kinds_blank_lines_and_indentation_mean_nothing),
        cmocka_unit_test(declarations_may_refer_to_what_stands_below_them),
        cmocka_unit_test(no_word_is_reserved),
        cmocka_unit_test(a_repeat_may_stand_on_one_line),
        cmocka_unit_test(every_error_name_of_the_abi_is_a_result),
        cmocka_unit_test(a_step_expects_ok_and_one_that_sets_a_register_anything),
        cmocka_unit_test(a_number_is_a_sum_of_products),
        cmocka_unit_test(the_round_is_i_and_the_outer_rounds_are_j_and_k),
        cmocka_unit_test(a_million_steps_are_taken_and_one_more_is_refused),
        cmocka_unit_test(repeats_without_steps_cost_nothing),
        cmocka_unit_test(a_number_that_overflows_in_some_round_is_refused),
        cmocka_unit_test(a_number_is_refused_where_it_is_none_or_too_big),
        cmocka_unit_test(a_number_has_at_most_64_factors),
        cmocka_unit_test(declarations_are_refused_at_the_fault),
        cmocka_unit_test(kernels_and_faults_are_refused_where_they_go_wrong),
        cmocka_unit_test(what_a_kernel_and_a_vpe_may_be_told_is_checked),
        cmocka_unit_test(a_child_is_not_there_at_the_start),
        cmocka_unit_test(a_pool_holds_what_is_there_at_the_start),
        cmocka_unit_test(steps_are_refused_at_the_fault),
        cmocka_unit_test(calls_are_refused_at_the_fault),
        cmocka_unit_test(calls_for_vpes_and_memory_are_refused_at_the_fault),
        cmocka_unit_test(calls_for_endpoints_are_refused_at_the_fault),
        cmocka_unit_test(calls_for_services_are_refused_at_the_fault),
        cmocka_unit_test(a_message_of_lists_has_at_most_487_bytes),
        cmocka_unit_test(a_raw_message_has_at_most_487_bytes_and_a_name_424),
        cmocka_unit_test(conditions_are_refused_at_the_fault),
        cmocka_unit_test(bytes_that_are_no_text_are_refused_where_they_stand),
        cmocka_unit_test(too_many_of_anything_is_refused),
        cmocka_unit_test(no_nesting_of_conditions_is_too_deep_for_the_stack),
        cmocka_unit_test(every_truncation_of_a_file_is_read_or_refused),
        cmocka_unit_test(mutated_files_and_rubbish_are_read_or_refused),
        cmocka_unit_test(a_file_that_can_not_be_read_is_refused_by_its_name),
        cmocka_unit_test(each_call_becomes_the_bytes_of_its_message),
        cmocka_unit_test(calls_for_vpes_and_memory_become_the_bytes_of_their_messages),
        cmocka_unit_test(calls_for_endpoints_become_the_bytes_of_their_messages),
        cmocka_unit_test(calls_for_services_become_the_bytes_of_their_messages),
        cmocka_unit_test(what_an_answer_must_say_is_looked_for_where_the_abi_has_it),
        cmocka_unit_test(a_message_is_no_shorter_than_the_abi_says),
        cmocka_unit_test(the_module_says_what_the_file_says),
        cmocka_unit_test(the_module_says_what_may_go_wrong),
        cmocka_unit_test(the_pool_is_large_enough_for_what_exchanges_can_copy),
        cmocka_unit_test(each_pool_is_large_enough_for_what_crosses_kernels),
        cmocka_unit_test(the_module_says_what_its_kernels_and_vpes_are_told),
        cmocka_unit_test(a_file_gets_memory_when_one_of_its_steps_needs_some),
        cmocka_unit_test(a_kernel_has_room_for_the_vpes_that_its_file_makes),
        cmocka_unit_test(the_pool_is_large_enough_for_whatever_calls_make),
        cmocka_unit_test(the_step_machine_walks_a_program_once),
        cmocka_unit_test(a_result_is_other_when_the_answer_does_not_say_what_it_must),
        cmocka_unit_test(an_answer_goes_to_the_last_message_of_its_endpoint),
        cmocka_unit_test(loads_and_stores_have_an_address_and_results),
        cmocka_unit_test(every_truncation_of_a_module_is_refused),
        cmocka_unit_test(a_mutated_module_is_refused_or_can_be_walked),
        cmocka_unit_test(each_fault_of_a_module_has_its_message),
        cmocka_unit_test(what_services_vpes_and_memory_need_of_a_module_has_its_messages),
        cmocka_unit_test(a_result_that_is_not_expected_fails_the_file),
        cmocka_unit_test(a_stuck_program_fails_the_file_where_it_stands),
        cmocka_unit_test(comparisons_look_at_tables_parents_and_registers),
        cmocka_unit_test(not_binds_tighter_than_and_and_that_tighter_than_or),
        cmocka_unit_test(a_final_line_that_does_not_hold_tells_what_is_the_case),
        cmocka_unit_test(never_fails_when_all_its_lines_hold_and_exists_is_not_judged),
        cmocka_unit_test(who_sees_many_ends_can_ask_each_for_a_conditions_lines),
        cmocka_unit_test(at_most_a_hundred_failures_are_told),
        cmocka_unit_test(the_json_report_is_one_line_in_the_order_of_the_tool_page),
        cmocka_unit_test(a_parent_need_not_be_a_vpe_of_the_file),
        cmocka_unit_test(an_ended_vpe_has_an_empty_table_and_no_title_is_null),
        cmocka_unit_test(every_file_of_the_corpus_is_read_and_has_a_title),
        cmocka_unit_test(every_bad_file_of_the_corpus_is_refused_as_its_neighbour_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
