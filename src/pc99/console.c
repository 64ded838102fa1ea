/* The console. See console.h. */
#include "pc99/console.h"

#include <stdarg.h>
#include <stdbool.h>

#include "pc99/format.h"
#include "pc99/layout.h"
#include "pc99/lock.h"
#include "pc99/screen.h"
#include "rescind/drivers.h"

/* Boot tables. */
static bool in_line; /* what comes next does not start a line: reports never stand in one */
static bool has_port, has_screen;
static const struct loader_screen *offered; /* NULL: none, or it is in use */
static struct screen screen;
static struct lock lock;

void console_init(void)
{
    has_port = rescind_uart_present(RESCIND_COM1);
    if (has_port) {
        rescind_uart_init(RESCIND_COM1);
    }
}

void console_use_screen(void)
{
    if (offered != NULL) {
        has_screen = screen_init(&screen, offered, (uint8_t *)DIRECT_BASE, DIRECT_LIMIT);
        offered = NULL;
    }
}

void console_offer_screen(const struct loader_screen *what)
{
    offered = what;
    if (!has_port) {
        console_use_screen();
    }
}

/* Each byte more would be waited for as long again. */
static void give_up_port(void)
{
    has_port = false;
    console_use_screen();
}

void console_begin(void)
{
    lock_take(&lock);
}

void console_end(void)
{
    lock_give(&lock);
}

void console_text(const char *text, size_t size)
{
    if (size > 0) {
        if (has_port && rescind_uart_write(RESCIND_COM1, text, size) < size) {
            give_up_port();
        }
        if (has_screen) {
            screen_write(&screen, text, size);
        }
        in_line = text[size - 1] != '\n';
    }
}

/* Up to the end of a line or of the text, for the mark goes before lines. */
static size_t line_size(const char *text, size_t size)
{
    size_t i = 0;

    while (i < size && text[i] != '\n') {
        i++;
    }
    return i < size ? i + 1 : size;
}

void console_program(const char *text, size_t size)
{
    const char mark = CONSOLE_MARK;

    while (size > 0) {
        size_t line = line_size(text, size);

        if (!in_line && (*text == 'r' || *text == CONSOLE_MARK)) {
            console_text(&mark, 1);
        }
        console_text(text, line);
        text += line;
        size -= line;
    }
}

static void put_string(const char *text)
{
    console_text(text, format_length(text));
}

static void put_number(uint64_t value, unsigned base)
{
    char digits[FORMAT_DIGITS];
    size_t size = format_number(value, base, digits);

    console_text(digits, size);
}

static void put_field(char letter, va_list *arguments)
{
    if (letter == 's') {
        put_string(va_arg(*arguments, const char *));
    } else if (letter == 'u') {
        put_number(va_arg(*arguments, uint64_t), 10);
    } else {
        put_string("0x");
        put_number(va_arg(*arguments, uint64_t), 16);
    }
}

void console_report(const char *format, ...)
{
    va_list arguments;

    console_begin();
    if (in_line) {
        console_text("\n", 1);
    }
    put_string("rescind: ");
    va_start(arguments, format);
    for (const char *at = format; *at != '\0'; at++) {
        if (at[0] == '%' && at[1] != '\0') {
            at++;
            put_field(*at, &arguments);
        } else {
            console_text(at, 1);
        }
    }
    va_end(arguments);
    console_text("\n", 1);
    console_end();
}
