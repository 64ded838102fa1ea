/* Text on the screen that the boot loader has set up: of pixels (24 or 32 bits, colours anywhere in
 * them), or of characters. For the console, where there is no serial port or when asked.
 *
 * What stands there is kept here as well, so that the screen's own memory, which is slow to read,
 * is only ever written, and a line that moves up costs no more than what differs. Everything is
 * bounded by SCREEN_COLUMNS and SCREEN_ROWS; of a larger screen the upper left is used.
 *
 * Plain C without a processor's own instructions, so that tests run it on the host.
 */
#ifndef PC99_SCREEN_H
#define PC99_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pc99/loader.h"

enum { SCREEN_COLUMNS = 256, SCREEN_ROWS = 96, SCREEN_TAB = 8 };

struct screen {
    struct loader_screen what;
    uint8_t *memory; /* of what is shown */
    uint32_t columns, rows;
    uint32_t column, row; /* of the next letter; a column behind the last: in the next row */
    uint8_t letters[SCREEN_ROWS][SCREEN_COLUMNS];
};

/* Clears the screen, which is reached at memory + its physical address, as far as `limit`. False:
 * it makes no sense, is out of reach, or of a kind that is not known here. */
bool screen_init(struct screen *screen, const struct loader_screen *what, uint8_t *memory,
                 uint64_t limit);

/* Shows the text behind what is there, and moves all up when there is no room: newlines, tabs, and
 * whatever is not printable as a box. */
void screen_write(struct screen *screen, const char *text, size_t size);

#endif
