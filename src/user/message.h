/* Writing a message and reading its reply: SemperOS's marshalling, a slot of 8 bytes a scalar. For
 * programs' calls (call.c), and for what programs say to each other. */
#ifndef RESCIND_USER_MESSAGE_H
#define RESCIND_USER_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rescind/platform.h"
#include "rescind/abi.h"

struct message {
    size_t size;
    uint8_t bytes[RESCIND_PAYLOAD_MAX];
};

/* Appends `size` bytes and padding to 8. The caller knows that they fit. */
static inline void message_put(struct message *m, const void *data, size_t size)
{
    size_t padded = (size + 7) & ~(size_t)7;

    memset(m->bytes + m->size, 0, padded);
    if (size > 0) /* else `data` may be NULL */
        memcpy(m->bytes + m->size, data, size);
    m->size += padded;
}

static inline void message_u64(struct message *m, uint64_t value)
{
    message_put(m, &value, sizeof(value));
}

/* The first of all; what lies behind a message's end stays as it was. */
static inline void message_begin(struct message *m, uint64_t opcode)
{
    m->size = 0;
    message_u64(m, opcode);
}

static inline void message_range(struct message *m, struct rescind_range range)
{
    message_put(m, &range, sizeof(range));
}

/* A string: its length, its bytes. False, and nothing is appended: it does not fit any more. */
static inline bool message_string(struct message *m, const void *data, size_t size)
{
    const size_t whole = sizeof(m->bytes) & ~(size_t)7; /* what padding may reach */

    if (m->size + sizeof(uint64_t) > whole || size > whole - m->size - sizeof(uint64_t))
        return false;
    message_u64(m, size);
    message_put(m, data, size);
    return true;
}

/* A reply in its 8-byte slots: the error code is word 0. Zero where it was not written. */
struct reply {
    uint64_t words[(RESCIND_PAYLOAD_MAX + 7) / 8];
};

/* The string whose length is word `at`: its bytes go to `to`, of which there are `room`. Returns
 * how many; never more than are there, whatever the length says. */
static inline size_t reply_string(const struct reply *r, size_t at, void *to, size_t room)
{
    const size_t there = sizeof(r->words) - (at + 1) * sizeof(r->words[0]);
    size_t size = r->words[at] < there ? (size_t)r->words[at] : there;

    size = size < room ? size : room;
    memcpy(to, &r->words[at + 1], size);
    return size;
}

#endif
