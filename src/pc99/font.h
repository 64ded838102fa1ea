/* The screen's letters: printable ASCII, and one for anything else. For screen.c, and for tests
 * that read screens.
 */
#ifndef PC99_FONT_H
#define PC99_FONT_H

#include <stdint.h>

enum { FONT_WIDTH = 8, FONT_HEIGHT = 16, FONT_FIRST = ' ', FONT_OTHER = 0x7f };
enum { FONT_GLYPHS = FONT_OTHER - FONT_FIRST + 1 };

/* Of each, the rows from the top down, the highest byte first. */
extern const uint64_t font_rows[FONT_GLYPHS][2];

/* One row, its highest bit the leftmost pixel. `letter` lies in FONT_FIRST .. FONT_OTHER. */
static inline uint8_t font_row(uint8_t letter, uint32_t row)
{
    return (uint8_t)(font_rows[letter - FONT_FIRST][row / 8] >> (56 - row % 8 * 8));
}

#endif
