/* Building a line of text; see text.h. */
#include "user/text.h"

static void put(struct text *text, char c)
{
    if (text->size < sizeof(text->chars))
        text->chars[text->size++] = c;
}

void text_string(struct text *text, const char *string)
{
    while (*string != '\0')
        put(text, *string++);
}

void text_number(struct text *text, uint64_t number)
{
    char digits[20];
    size_t count = 0;

    do
        digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    while (count > 0)
        put(text, digits[--count]);
}
