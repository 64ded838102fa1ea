/* Text on the screen: what is written can be read off the pixels, or characters, of a buffer of
 * just the screen's size, so that sanitizers see who draws beside it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "pc99/font.h"
#include "pc99/screen.h"

enum { ADDRESS = 4096, COLUMNS = 20, ROWS = 5, PADDING = 12, CANARY = 0xee };

static struct screen screen;
static uint8_t *memory; /* from physical address ADDRESS on */
static size_t size;

static struct loader_screen pixels(uint32_t bits)
{
    return (struct loader_screen){
        .kind = LOADER_SCREEN_PIXELS,
        .address = ADDRESS,
        .pitch = COLUMNS * FONT_WIDTH * bits / 8 + PADDING,
        .width = COLUMNS * FONT_WIDTH,
        .height = ROWS * FONT_HEIGHT,
        .bits = bits,
        .red = {16, 8},
        .green = {8, 8},
        .blue = {0, 8},
    };
}

static struct loader_screen characters(void)
{
    return (struct loader_screen){
        .kind = LOADER_SCREEN_TEXT,
        .address = ADDRESS,
        .pitch = COLUMNS * 2 + PADDING,
        .width = COLUMNS,
        .height = ROWS,
        .bits = 16,
    };
}

static bool start(const struct loader_screen *what)
{
    size = (size_t)what->pitch * what->height;
    g_free(memory);
    memory = g_malloc(size);
    memset(memory, CANARY, size);
    return screen_init(&screen, what, memory - ADDRESS, ADDRESS + size);
}

static int teardown(void **state)
{
    (void)state;
    g_clear_pointer(&memory, g_free);
    return 0;
}

static void write_text(const char *text)
{
    screen_write(&screen, text, strlen(text));
}

static uint8_t row_of_pixels(uint32_t x, uint32_t y)
{
    uint32_t bytes = screen.what.bits / 8;
    uint8_t bits = 0;

    for (uint32_t i = 0; i < FONT_WIDTH; i++) {
        const uint8_t *at = memory + (size_t)y * screen.what.pitch + (size_t)(x + i) * bytes;
        bool light = at[0] == 0xff;

        for (uint32_t j = 0; j < bytes; j++) {
            assert_int_equal(at[j], light && j < 3 ? 0xff : 0);
        }
        bits = (uint8_t)(bits << 1 | light);
    }
    return bits;
}

/* The letter that stands there; 0: none looks so. */
static char letter_at(uint32_t row, uint32_t column)
{
    if (screen.what.kind == LOADER_SCREEN_TEXT) {
        const uint8_t *at = memory + (size_t)row * screen.what.pitch + (size_t)column * 2;

        assert_int_equal(at[1], 7);
        return (char)at[0];
    }
    for (uint8_t letter = FONT_FIRST; letter <= FONT_OTHER; letter++) {
        uint32_t same = 0;

        while (same < FONT_HEIGHT && row_of_pixels(column * FONT_WIDTH, row * FONT_HEIGHT + same) ==
                                         font_row(letter, same)) {
            same++;
        }
        if (same == FONT_HEIGHT) {
            return (char)letter;
        }
    }
    return 0;
}

static void assert_row(uint32_t row, const char *expected)
{
    for (uint32_t column = 0; column < screen.columns; column++) {
        char wanted = column < strlen(expected) ? expected[column] : ' ';

        if (letter_at(row, column) != wanted) {
            fail_msg("row %u, column %u: not '%c' of '%s'", row, column, wanted, expected);
        }
    }
}

static void assert_rows(const char *const rows[ROWS])
{
    for (uint32_t row = 0; row < ROWS; row++) {
        assert_row(row, rows[row]);
    }
    for (uint32_t y = 0; y < screen.what.height; y++) { /* what is beside the letters */
        for (uint32_t x = screen.what.pitch - PADDING; x < screen.what.pitch; x++) {
            assert_int_equal(memory[(size_t)y * screen.what.pitch + x], CANARY);
        }
    }
}

static void check_everything(void)
{
    const char *const empty[ROWS] = {"", "", "", "", ""};
    const char *const some[ROWS] = {"Hello, screen!", "", "a", "12345678901234567890", "1"};
    const char *const moved[ROWS] = {"12345678901234567890", "1", "two", "three", "four"};

    assert_rows(empty);
    write_text("Hello, screen!\n\na\n12345678901234567890");
    write_text("1");
    assert_int_equal(screen.row, 4);
    assert_rows(some);
    write_text("\ntwo\nthree\nfour");
    assert_rows(moved);
    write_text("\n\n\n\n\n");
    assert_rows(empty);
}

static void text_is_on_32_bit_pixels(void **state)
{
    struct loader_screen what = pixels(32);

    (void)state;
    assert_true(start(&what));
    check_everything();
}

static void text_is_on_24_bit_pixels(void **state)
{
    struct loader_screen what = pixels(24);

    (void)state;
    assert_true(start(&what));
    check_everything();
}

static void text_is_on_characters(void **state)
{
    struct loader_screen what = characters();

    (void)state;
    assert_true(start(&what));
    check_everything();
}

static void every_letter_is_told_from_every_other(void **state)
{
    struct loader_screen what = pixels(32);

    (void)state;
    assert_true(start(&what));
    for (char letter = FONT_FIRST; letter < FONT_OTHER; letter++) {
        write_text((char[]){letter, '\n', '\0'});
        assert_int_equal(letter_at(screen.row - 1, 0), letter);
    }
}

static void what_has_no_letter_is_a_box(void **state)
{
    static const char others[] = {0, 1, 0x1e, '\r', 0x7f, (char)0x80, (char)0xff};
    struct loader_screen what = pixels(32);

    (void)state;
    assert_true(start(&what));
    screen_write(&screen, others, sizeof others);
    for (uint32_t i = 0; i < sizeof others; i++) {
        assert_int_equal(letter_at(0, i), FONT_OTHER);
    }
    what = characters();
    assert_true(start(&what));
    write_text("\x1e");
    assert_int_equal((uint8_t)letter_at(0, 0), 0xfe);
}

static void tabs_go_to_the_next_eighth_column(void **state)
{
    struct loader_screen what = pixels(32);

    (void)state;
    assert_true(start(&what));
    write_text("a\tb\t\nabcdefg\th\nabcdefgh\ti\tj");
    assert_row(0, "a       b");
    assert_row(1, "abcdefg h");
    assert_row(2, "abcdefgh        i");
    assert_row(3, "j");
}

/* A screen that is larger than what is kept: the rest of it stays as it is. */
static void of_a_large_screen_a_part_is_used(void **state)
{
    struct loader_screen what = characters();

    (void)state;
    what.width = SCREEN_COLUMNS + 10;
    what.height = SCREEN_ROWS + 3;
    what.pitch = what.width * 2;
    assert_true(start(&what));
    for (uint32_t i = 0; i < 2 * SCREEN_ROWS; i++) {
        write_text("x\n");
    }
    assert_int_equal(screen.columns, SCREEN_COLUMNS);
    assert_int_equal(screen.rows, SCREEN_ROWS);
    assert_int_equal(letter_at(SCREEN_ROWS - 2, 0), 'x');
    assert_int_equal(memory[SCREEN_COLUMNS * 2], CANARY);
    assert_int_equal(memory[SCREEN_ROWS * what.pitch], CANARY);
}

static void screens_that_make_no_sense_are_refused(void **state)
{
    enum { CASES = 14 };
    struct loader_screen cases[CASES];

    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        cases[i] = pixels(32);
        assert_true(start(&cases[i]));
    }
    cases[0].kind = LOADER_SCREEN_NONE;
    cases[1].bits = 16;
    cases[2].bits = 0;
    cases[3].width = UINT32_MAX;
    cases[4].width = FONT_WIDTH - 1;
    cases[5].height = FONT_HEIGHT - 1;
    cases[6].height++;
    cases[7].pitch = UINT32_MAX;
    cases[8].pitch = COLUMNS * FONT_WIDTH * 4 - 1;
    cases[9].address = 0;
    cases[10].address = UINT64_MAX;
    cases[11].red.position = 25;
    cases[12].green.size = 0;
    cases[13].blue.size = 255;
    for (size_t i = 0; i < CASES; i++) {
        if (screen_init(&screen, &cases[i], memory - ADDRESS, ADDRESS + size)) {
            fail_msg("case %zu is taken", i);
        }
    }
    cases[0] = characters();
    cases[0].bits = 8;
    assert_false(start(&cases[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(text_is_on_32_bit_pixels, teardown),
        cmocka_unit_test_teardown(text_is_on_24_bit_pixels, teardown),
        cmocka_unit_test_teardown(text_is_on_characters, teardown),
        cmocka_unit_test_teardown(every_letter_is_told_from_every_other, teardown),
        cmocka_unit_test_teardown(what_has_no_letter_is_a_box, teardown),
        cmocka_unit_test_teardown(tabs_go_to_the_next_eighth_column, teardown),
        cmocka_unit_test_teardown(of_a_large_screen_a_part_is_used, teardown),
        cmocka_unit_test_teardown(screens_that_make_no_sense_are_refused, teardown),
    };

    return cmocka_run_group_tests_name("screen", tests, NULL, NULL);
}
