/* Reading a message: SemperOS's marshalling, a slot of 8 bytes a scalar.
 *
 * Reading past the end gives zeros from then on, so that a decoder reads everything and asks once,
 * by bytes_ok(). Two words, which a call passes in registers. O(1) a call.
 */
#ifndef RESCIND_BASE_BYTES_H
#define RESCIND_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rescind/platform.h"
#include "rescind/abi.h"

struct bytes {
    const uint8_t *data; /* NULL: it has been read past its end */
    size_t size;         /* bytes left */
};

static inline bool bytes_ok(struct bytes in)
{
    return in.data != NULL;
}

/* The next `size` bytes and the padding behind them to a multiple of 8. */
static inline const uint8_t *bytes_take(struct bytes *in, size_t size)
{
    size_t padded = (size + 7) & ~(size_t)7;
    const uint8_t *at = in->data;

    if (padded > in->size || padded < size) {
        *in = (struct bytes){0};
        return NULL;
    }
    in->data += padded;
    in->size -= padded;
    return at;
}

/* Of a struct that stands for several slots at once: where bytes_take() says that they are, they
 * can be read as one. */
#define BYTES_LAYOUT __attribute__((packed, may_alias))

/* So that it is no call, also where the compiler may not know what memcpy() does. */
typedef uint64_t __attribute__((aligned(1), may_alias)) bytes_word;

static inline uint64_t bytes_u64(struct bytes *in)
{
    uint64_t value = 0;
    const uint8_t *at = bytes_take(in, 8);

    if (at != NULL)
        value = *(const bytes_word *)at;
    return value;
}

static inline uint32_t bytes_u32(struct bytes *in)
{
    return (uint32_t)bytes_u64(in);
}

#endif
