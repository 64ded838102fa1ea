/* The transcript language: what it takes and refuses, and how it is played; scripts, and what is
 * wrong with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rescind/platform.h"
#include "sim/transcript.h"

static struct transcript *parse(const char *text)
{
    char *error = NULL;
    struct transcript *transcript = transcript_parse("t", text, strlen(text), &error);

    if (transcript == NULL)
        fail_msg("%s", error);
    return transcript;
}

static void assert_access(const struct transcript *transcript, guint number, unsigned line,
                          struct probe_access wanted, uint64_t mask)
{
    const struct transcript_access *access = transcript_at(transcript, number);

    assert_int_equal(access->line, line);
    assert_memory_equal(&access->access, &wanted, sizeof wanted);
    assert_int_equal(access->mask, mask);
}

static void every_kind_of_access_is_read(void **state)
{
    struct transcript *t = parse("# Comments may say what they like.\n"
                                 "in8 0x3fd 0x60 mask 0x60\n"
                                 "\n"
                                 "\tout16\t 64   65535 after 3 us # so\r\n"
                                 "read64 0xfed000f0 1 after 2 ms mask 0xff00000000000001\n"
                                 "write32 0xfee000b0 0\n"
                                 "interrupt 0x31 after 0 us\n"
                                 "interrupt none\n");

    (void)state;
    assert_int_equal(t->accesses->len, 6);
    assert_false(t->has_machine);
    assert_access(
        t, 0, 2,
        (struct probe_access){.bytes = 1, .wait = TRANSCRIPT_WAIT, .address = 0x3fd, .value = 0x60},
        0x60);
    assert_access(
        t, 1, 4,
        (struct probe_access){.write = 1, .bytes = 2, .wait = 3000, .address = 64, .value = 65535},
        0xffff);
    assert_access(t, 2, 5,
                  (struct probe_access){
                      .memory = 1, .bytes = 8, .wait = 2000000, .address = 0xfed000f0, .value = 1},
                  0xff00000000000001);
    assert_access(
        t, 3, 6,
        (struct probe_access){
            .write = 1, .memory = 1, .bytes = 4, .wait = TRANSCRIPT_WAIT, .address = 0xfee000b0},
        0xffffffff);
    assert_access(t, 4, 7, (struct probe_access){.bytes = 2, .interrupt = 1, .value = 0x31},
                  0xffff);
    assert_access(t, 5, 8,
                  (struct probe_access){
                      .bytes = 2, .interrupt = 1, .wait = TRANSCRIPT_WAIT, .value = PROBE_NONE},
                  0xffff);
    assert_int_equal(t->time, 3 * TRANSCRIPT_WAIT + 3000 + 2000000);
    transcript_free(t);
}

static void a_comment_names_the_machine(void **state)
{
    struct transcript *t = parse("# The chip set.\n# machine: pc\nin8 0x80 0 mask 0\n");

    (void)state;
    assert_true(t->has_machine);
    assert_int_equal(t->machine, RESCIND_BOARD_PC);
    transcript_free(t);
    t = parse("#machine:q35\nin8 0x80 0 mask 0\n# machine: none of this matters now\n");
    assert_true(t->has_machine);
    assert_int_equal(t->machine, RESCIND_BOARD_Q35);
    transcript_free(t);
}

static void what_is_wrong_is_named_with_its_line(void **state)
{
    static const struct {
        const char *text, *error;
    } bad[] = {
        {"", "t: there is no access in it"},
        {"# nothing\n", "t: there is no access in it"},
        {"\nin9 1 2\n",
         "t:2: 'in9' is no access: in, out, read or write and how many bits, or interrupt"},
        {"in64 1 2\n",
         "t:1: 'in64' is no access: in, out, read or write and how many bits, or interrupt"},
        {"interrupt\n", "t:1: the vector is missing"},
        {"interrupt any\n",
         "t:1: the vector is a number, decimal or 0x and hexadecimal, not 'any'"},
        {"interrupt 0x100\n", "t:1: the vector is at most 0xff, not 0x100"},
        {"interrupt 31\n", "t:1: vectors below 0x20 are the processor's"},
        {"interrupt 32 mask 1\n", "t:1: what is written, and an interrupt, has no mask"},
        {"in8\n", "t:1: the port is missing"},
        {"read8\n", "t:1: the address is missing"},
        {"in8 1\n", "t:1: the value is missing"},
        {"in8 -1 2\n", "t:1: the port is a number, decimal or 0x and hexadecimal, not '-1'"},
        {"in8 0x 2\n", "t:1: the port is a number, decimal or 0x and hexadecimal, not '0x'"},
        {"in8 1 0y1\n", "t:1: the value is a number, decimal or 0x and hexadecimal, not '0y1'"},
        {"in8 1 256\n", "t:1: the value is at most 0xff, not 256"},
        {"out16 1 0x10000\n", "t:1: the value is at most 0xffff, not 0x10000"},
        {"in8 1 2 mask 0x100\n", "t:1: the mask is at most 0xff, not 0x100"},
        {"in8 1 2 mask\n", "t:1: the mask is missing"},
        {"out8 1 2 mask 3\n", "t:1: what is written, and an interrupt, has no mask"},
        {"in8 1 2 after 3\n", "t:1: a time is in us or ms"},
        {"in8 1 2 after 3 s\n", "t:1: a time is in us or ms"},
        {"in8 1 2 after 10001 ms\n", "t:1: a wait is of 10 seconds at most"},
        {"in8 1 2 3\n",
         "t:1: '3' is not understood: mask MASK and after N us or ms may stand here"},
        {"in8 1 2 mask 1 mask 1\n",
         "t:1: 'mask' is not understood: mask MASK and after N us or ms may stand here"},
        {"in8 0x10000 2\n", "t:1: ports end at 0xffff"},
        {"in16 0xffff 2\n", "t:1: ports end at 0xffff"},
        {"in8 0xffffffffffffffff 2\n", "t:1: ports end at 0xffff"},
        {"in8 0x2fd 2\n", "t:1: the second serial port is what the results leave through"},
        {"out32 0x2f5 2\n", "t:1: the second serial port is what the results leave through"},
        {"out8 0xf4 2\n", "t:1: port 0xf4 ends the machine"},
        {"out32 0xf1 2\n", "t:1: port 0xf4 ends the machine"},
        {"read32 0x7ffffffc 2\n", "t:1: below 0x80000000 there is memory, and no device"},
        {"read32 0xfffffffd 2\n", "t:1: memory ends at 0xffffffff"},
        {"read8 0x100000000 2\n", "t:1: memory ends at 0xffffffff"},
        {"# machine: vax\nin8 1 2\n", "t:1: the machine is q35 or pc, not 'vax'"},
        {"in8 1 \xff\n", "t: it is no text in UTF-8"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        char *error = NULL;

        assert_null(transcript_parse("t", bad[i].text, strlen(bad[i].text), &error));
        assert_string_equal(error, bad[i].error);
        g_free(error);
    }
}

static void a_transcript_has_its_limits(void **state)
{
    GString *text = g_string_new(NULL);
    char *error = NULL;

    (void)state;
    for (int i = 0; i < 7; i++)
        g_string_append(text, "in8 1 2 after 10000 ms\n");
    assert_null(transcript_parse("t", text->str, text->len, &error));
    assert_string_equal(error, "t:7: a transcript takes a minute at most");
    g_clear_pointer(&error, g_free);
    g_string_truncate(text, 0);
    for (int i = 0; i <= PROBE_ACCESSES; i++)
        g_string_append(text, "in8 1 2 after 0 us\n");
    assert_null(transcript_parse("t", text->str, text->len, &error));
    assert_string_equal(error, "t:65537: a transcript has 65536 accesses at most");
    g_free(error);
    g_string_free(text, TRUE);
}

/* A device of one register, 16 bits wide and at port 0x1230, which counts its reads, and one in
 * memory which tells the time in microseconds. */
struct counter {
    struct rescind_board *board;
    uint64_t reads;
};

static void answer(void *context, bool port, uint64_t address, unsigned bits, uint64_t *value)
{
    struct counter *counter = context;

    if (port && address == 0x1230 && bits == 16)
        *value = 0xab00 + counter->reads++;
    if (!port && address == 0xfec00010 && bits == 32)
        *value = rescind_board_time(counter->board) / 1000;
}

static void what_does_not_hold_is_found(void **state)
{
    struct transcript *t = parse("in16 0x1230 0xab00\n"
                                 "in16 0x1230 0xab00\n"
                                 "in16 0x1230 0xab00 mask 0xff00\n"
                                 "out16 0x1230 7\n"
                                 "in8 0x1230 0xff\n"
                                 "in16 0x1230 3 mask 0xff\n");
    struct counter counter = {.board = rescind_board_new(&(const struct rescind_board_options){0})};
    static const bool holds[] = {true, false, true, true, true, true};
    uint64_t values[6];

    (void)state;
    rescind_board_answers(counter.board, answer, &counter);
    transcript_play(t, counter.board, values);
    for (guint i = 0; i < t->accesses->len; i++)
        assert_int_equal(transcript_holds(transcript_at(t, i), values[i]), holds[i]);
    assert_int_equal(values[1], 0xab01);
    rescind_board_free(counter.board);
    transcript_free(t);
}

static void every_access_has_its_moment(void **state)
{
    struct transcript *t = parse("read32 0xfec00010 10\n"
                                 "read32 0xfec00010 20\n"
                                 "read32 0xfec00010 20 after 0 us\n"
                                 "read32 0xfec00010 21 after 1 us\n"
                                 "read32 0xfec00010 5021 after 5 ms\n");
    struct counter counter = {.board = rescind_board_new(&(const struct rescind_board_options){0})};
    uint64_t values[5];

    (void)state;
    rescind_board_answers(counter.board, answer, &counter);
    transcript_play(t, counter.board, values);
    for (guint i = 0; i < t->accesses->len; i++)
        assert_int_equal(values[i], transcript_at(t, i)->access.value);
    rescind_board_free(counter.board);
    transcript_free(t);
}

static void accesses_are_printed_as_they_are_written(void **state)
{
    struct transcript *t = parse("read64 0xfed00000 1\nout8 0x70 2\n");
    char *text = transcript_access_text(transcript_at(t, 0));
    char *number = transcript_number_text(transcript_at(t, 0), 0xabc);

    (void)state;
    assert_string_equal(text, "read64 0xfed00000");
    assert_string_equal(number, "0x0000000000000abc");
    g_free(number);
    g_free(text);
    text = transcript_access_text(transcript_at(t, 1));
    number = transcript_number_text(transcript_at(t, 1), 0xa);
    assert_string_equal(text, "out8 0x70");
    assert_string_equal(number, "0x0a");
    g_free(number);
    g_free(text);
    transcript_free(t);
}

/* Of a script, every length and every field is looked at. */
static void a_cut_or_altered_script_is_refused(void **state)
{
    struct transcript *t = parse("in8 0x80 0\nwrite64 0xfed00000 1\n");
    GByteArray *script = transcript_script(t);
    struct probe_script *header = (void *)script->data;
    struct probe_access *access = probe_at(header, 1);

    (void)state;
    assert_true(probe_is_script(script->data, script->len));
    assert_null(probe_check(script->data, script->len));
    for (guint size = 0; size < script->len; size++)
        assert_non_null(probe_check(script->data, size));
    header->count++;
    assert_string_equal(probe_check(script->data, script->len),
                        "its size is not that of its accesses");
    header->count = PROBE_ACCESSES + 1;
    assert_string_equal(probe_check(script->data, script->len), "there are too many accesses");
    header->count = 2;
    access->bytes = 3;
    assert_string_equal(probe_check(script->data, script->len),
                        "an access is of no width that there is");
    access->bytes = 8;
    access->memory = 2;
    assert_string_equal(probe_check(script->data, script->len),
                        "an access is of no kind that there is");
    access->memory = 0;
    assert_string_equal(probe_check(script->data, script->len), "ports are at most 32 bits wide");
    access->interrupt = 2;
    assert_string_equal(probe_check(script->data, script->len),
                        "an access is of no kind that there is");
    access->interrupt = 1;
    assert_string_equal(probe_check(script->data, script->len), "an interrupt is nowhere");
    header->magic++;
    assert_false(probe_is_script(script->data, script->len));
    assert_string_equal(probe_check(script->data, script->len), "it does not begin as one");
    g_byte_array_unref(script);
    transcript_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_access_is_read),
        cmocka_unit_test(a_comment_names_the_machine),
        cmocka_unit_test(what_is_wrong_is_named_with_its_line),
        cmocka_unit_test(a_transcript_has_its_limits),
        cmocka_unit_test(what_does_not_hold_is_found),
        cmocka_unit_test(every_access_has_its_moment),
        cmocka_unit_test(accesses_are_printed_as_they_are_written),
        cmocka_unit_test(a_cut_or_altered_script_is_refused),
    };

    return cmocka_run_group_tests_name("transcript", tests, NULL, NULL);
}
