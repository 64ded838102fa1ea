/* Text on the screen. See screen.h. */
#include "pc99/screen.h"

#include "pc99/font.h"

enum { TEXT_BITS = 16, TEXT_COLOR = 0x07 /* grey on black */, TEXT_OTHER = 0xfe /* a box */ };
enum { PIXEL_SIZE_MAX = 4 };

/* ---- Whether it can be used ---------------------------------------------------------------- */

static bool color_fits(struct loader_color color, uint32_t bits)
{
    return color.size > 0 && color.size <= bits && color.position <= bits - color.size;
}

static bool is_known(const struct loader_screen *what)
{
    switch (what->kind) {
    case LOADER_SCREEN_TEXT:
        return what->bits == TEXT_BITS;
    case LOADER_SCREEN_PIXELS:
        return (what->bits == 24 || what->bits == 32) && color_fits(what->red, what->bits) &&
               color_fits(what->green, what->bits) && color_fits(what->blue, what->bits);
    default:
        return false;
    }
}

/* All products of two 32-bit numbers: nothing here wraps around. */
static bool is_within(const struct loader_screen *what, uint64_t limit)
{
    uint64_t size = (uint64_t)what->pitch * what->height;

    return (uint64_t)what->width * (what->bits / 8) <= what->pitch && what->address != 0 &&
           what->address < limit && size <= limit - what->address;
}

/* ---- Letters ------------------------------------------------------------------------------- */

static uint32_t mask_of(struct loader_color color)
{
    return (uint32_t)(((uint64_t)1 << color.size) - 1) << color.position;
}

static void draw_pixels(struct screen *screen, uint32_t row, uint32_t column, uint8_t letter)
{
    const struct loader_screen *what = &screen->what;
    uint32_t light = mask_of(what->red) | mask_of(what->green) | mask_of(what->blue);
    uint32_t size = what->bits / 8;

    for (uint32_t y = 0; y < FONT_HEIGHT; y++) {
        uint8_t *at = screen->memory + (uint64_t)(row * FONT_HEIGHT + y) * what->pitch +
                      (uint64_t)column * FONT_WIDTH * size;
        uint8_t bits = font_row(letter, y);

        for (uint32_t x = 0; x < FONT_WIDTH; x++, at += size) {
            uint32_t pixel = (bits >> (FONT_WIDTH - 1 - x) & 1) != 0 ? light : 0;

            if (size == PIXEL_SIZE_MAX) {
                __builtin_memcpy(at, &pixel, PIXEL_SIZE_MAX);
            } else {
                __builtin_memcpy(at, &pixel, PIXEL_SIZE_MAX - 1);
            }
        }
    }
}

static void draw_character(struct screen *screen, uint32_t row, uint32_t column, uint8_t letter)
{
    uint8_t *at =
        screen->memory + (uint64_t)row * screen->what.pitch + (uint64_t)column * (TEXT_BITS / 8);
    const uint8_t cell[] = {letter == FONT_OTHER ? TEXT_OTHER : letter, TEXT_COLOR};

    __builtin_memcpy(at, cell, sizeof cell);
}

static void draw(struct screen *screen, uint32_t row, uint32_t column, uint8_t letter)
{
    screen->letters[row][column] = letter;
    if (screen->what.kind == LOADER_SCREEN_TEXT) {
        draw_character(screen, row, column, letter);
    } else {
        draw_pixels(screen, row, column, letter);
    }
}

static void put(struct screen *screen, uint32_t row, uint32_t column, uint8_t letter)
{
    if (screen->letters[row][column] != letter) {
        draw(screen, row, column, letter);
    }
}

/* ---- Lines --------------------------------------------------------------------------------- */

static void move_up(struct screen *screen)
{
    for (uint32_t row = 0; row < screen->rows; row++) {
        for (uint32_t column = 0; column < screen->columns; column++) {
            put(screen, row, column,
                row + 1 < screen->rows ? screen->letters[row + 1][column] : FONT_FIRST);
        }
    }
}

static void next_line(struct screen *screen)
{
    screen->column = 0;
    if (screen->row + 1 < screen->rows) {
        screen->row++;
    } else {
        move_up(screen);
    }
}

static void put_letter(struct screen *screen, uint8_t letter)
{
    if (screen->column == screen->columns) {
        next_line(screen);
    }
    put(screen, screen->row, screen->column++, letter);
}

static void put_tab(struct screen *screen)
{
    do {
        put_letter(screen, ' ');
    } while (screen->column % SCREEN_TAB != 0 && screen->column < screen->columns);
}

static uint32_t at_most(uint32_t value, uint32_t limit)
{
    return value < limit ? value : limit;
}

bool screen_init(struct screen *screen, const struct loader_screen *what, uint8_t *memory,
                 uint64_t limit)
{
    bool text = what->kind == LOADER_SCREEN_TEXT;
    uint32_t columns = what->width / (text ? 1 : FONT_WIDTH);
    uint32_t rows = what->height / (text ? 1 : FONT_HEIGHT);

    if (!is_known(what) || !is_within(what, limit) || columns == 0 || rows == 0) {
        return false;
    }
    screen->what = *what;
    screen->memory = memory + what->address;
    screen->columns = at_most(columns, SCREEN_COLUMNS);
    screen->rows = at_most(rows, SCREEN_ROWS);
    screen->column = 0;
    screen->row = 0;
    for (uint32_t row = 0; row < screen->rows; row++) {
        for (uint32_t column = 0; column < screen->columns; column++) {
            draw(screen, row, column, FONT_FIRST);
        }
    }
    return true;
}

void screen_write(struct screen *screen, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t letter = (uint8_t)text[i];

        if (letter == '\n') {
            next_line(screen);
        } else if (letter == '\t') {
            put_tab(screen);
        } else {
            put_letter(screen, letter >= FONT_FIRST && letter < FONT_OTHER ? letter : FONT_OTHER);
        }
    }
}
