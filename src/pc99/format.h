/* Numbers as text, for the console and the report at the machine's end. */
#ifndef PC99_FORMAT_H
#define PC99_FORMAT_H

#include <stddef.h>
#include <stdint.h>

enum { FORMAT_DIGITS = 20 }; /* of the largest 64-bit number */

static inline size_t format_length(const char *text)
{
    size_t size = 0;

    while (text[size] != '\0') {
        size++;
    }
    return size;
}

/* The digits of `value`, at most FORMAT_DIGITS of them, base 10 or 16; returns how many. */
static inline size_t format_number(uint64_t value, unsigned base, char *out)
{
    char reversed[FORMAT_DIGITS];
    size_t size = 0;

    do {
        reversed[size++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    for (size_t i = 0; i < size; i++) {
        out[i] = reversed[size - 1 - i];
    }
    return size;
}

#endif
