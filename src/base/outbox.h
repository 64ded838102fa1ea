/* The outbox: what must leave the kernel is put here by an event and taken out after it.
 *
 * An event answers one message and ends one VPE at most, and what it says of interrupt lines it
 * says of all at once, so a few places always suffice: putting can't fail. Text lies behind the
 * entries, so that it outlives the message it came in. A machine that does not drain one event's
 * output loses it with the next event.
 */
#ifndef RESCIND_BASE_OUTBOX_H
#define RESCIND_BASE_OUTBOX_H

#include <stddef.h>
#include <stdint.h>

#include "rescind/abi.h"
#include "rescind/kernel.h"

enum { OUTBOX_PLACES = 6 };

struct outbox {
    uint32_t count, taken;
    uint32_t text_size; /* 0 but for an event that has a text */
    struct outbox_entry {
        uint32_t kind; /* enum rescind_output_kind */
        uint32_t vpe;
        uint32_t code;
    } entries[OUTBOX_PLACES];
    uint8_t text[RESCIND_MSG_MAX];
};

static inline void outbox_clear(struct outbox *box)
{
    box->count = box->taken = box->text_size = 0;
}

void outbox_put(struct outbox *box, enum rescind_output_kind kind, uint32_t vpe, uint32_t code);
/* PRINT or CREATED with its text: at most RESCIND_MSG_MAX bytes, once an event. */
void outbox_text(struct outbox *box, enum rescind_output_kind kind, uint32_t vpe,
                 const uint8_t *text, size_t size);

/* MASK or UNMASK of a line: the last one of an event is what it says. */
void outbox_line(struct outbox *box, enum rescind_output_kind kind, uint32_t line);

#endif
