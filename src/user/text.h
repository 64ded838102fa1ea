/* Building a line of text without a libc, for programs that print. */
#ifndef RESCIND_USER_TEXT_H
#define RESCIND_USER_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* A line under construction; what does not fit is cut. */
struct text {
    size_t size;
    char chars[160];
};

void text_string(struct text *text, const char *string);
void text_number(struct text *text, uint64_t number); /* decimal */

#endif
