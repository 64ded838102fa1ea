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
