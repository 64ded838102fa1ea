/* The console, on COM1, on the screen where there is no COM1, or on both when asked: what programs
 * print, and the kernel's own reports, each a line of its own
 * that starts with "rescind: ". So that nobody takes a program's line for the kernel's, one that
 * starts with an r (or with the mark) has the mark before it. All processors share it: a report,
 * and what stands between console_begin() and console_end(), come out whole.
 */
#ifndef PC99_CONSOLE_H
#define PC99_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

#include "pc99/loader.h"

void console_init(void);

/* What the loader says of the screen: it is used where there is no COM1. */
void console_offer_screen(const struct loader_screen *what);

/* From here on it is used in any case. */
void console_use_screen(void);

enum { CONSOLE_MARK = 0x1e };

/* A program's text, or a piece of it: between console_begin() and console_end(). */
void console_program(const char *text, size_t size);

/* The kernel's, as it stands, in as many pieces as it takes. */
void console_begin(void);
void console_text(const char *text, size_t size);
void console_end(void);

/* One line of the kernel's. The format knows %s (const char *), %u and %x (uint64_t, decimal and
 * hexadecimal with 0x), and nothing else. */
void console_report(const char *format, ...);

#endif
