/* The outbox; see outbox.h. */
#include "base/outbox.h"

#include "rescind/platform.h"
#include "base/arena.h"

void outbox_put(struct outbox *box, enum rescind_output_kind kind, uint32_t vpe, uint32_t code)
{
    KERNEL_ASSERT(box->count < OUTBOX_PLACES);
    box->entries[box->count++] =
        (struct outbox_entry){.kind = (uint32_t)kind, .vpe = vpe, .code = code};
}

void outbox_text(struct outbox *box, enum rescind_output_kind kind, uint32_t vpe,
                 const uint8_t *text, size_t size)
{
    KERNEL_ASSERT(size <= sizeof(box->text));
    memcpy(box->text, text, size);
    box->text_size = (uint32_t)size;
    outbox_put(box, kind, vpe, 0);
}

/* What the event has said so far of lines in this way. */
static struct outbox_entry *find(struct outbox *box, enum rescind_output_kind kind)
{
    for (uint32_t i = box->taken; i < box->count; i++) {
        if (box->entries[i].kind == (uint32_t)kind)
            return &box->entries[i];
    }
    return NULL;
}

void outbox_line(struct outbox *box, enum rescind_output_kind kind, uint32_t line)
{
    bool mask = kind == RESCIND_OUTPUT_MASK;
    struct outbox_entry *other = find(box, mask ? RESCIND_OUTPUT_UNMASK : RESCIND_OUTPUT_MASK);
    struct outbox_entry *same = find(box, kind);

    if (other != NULL)
        other->code &= ~(1u << line);
    if (same != NULL)
        same->code |= 1u << line;
    else
        outbox_put(box, kind, 0, 1u << line);
}
