/* Writing a message: SemperOS's marshalling, a slot of 8 bytes a scalar. For programs' calls. */
#ifndef RESCIND_USER_MESSAGE_H
#define RESCIND_USER_MESSAGE_H

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

#endif
