/* REVOKE and EXIT; see revoke.h. */
#include "syscall/revoke.h"

#include "cap/table.h"

/* As it lies in the message. */
struct BYTES_LAYOUT message {
    struct rescind_range range;
    uint32_t range_padding;
    uint8_t own, own_padding[7];
};

enum rescind_error revoke_decode(struct bytes in, uint32_t caller, struct revoke *out)
{
    const struct message *m = (const void *)bytes_take(&in, sizeof(*m));

    if (m == NULL || m->range.type >= RESCIND_TABLE_KINDS ||
        (uint64_t)m->range.start + m->range.count > TABLE_END ||
        (m->range.count > 0 && m->range.start < RESCIND_SEL_FREE))
        return RESCIND_INV_ARGS;
    out->first_table = out->last_table = table_of(caller, m->range.type);
    out->from = m->range.start;
    out->to = out->from + m->range.count;
    out->own = m->own != 0;
    return RESCIND_NO_ERROR;
}

enum rescind_error exit_decode(struct bytes in, uint32_t *code)
{
    *code = bytes_u32(&in);
    return bytes_ok(in) ? RESCIND_NO_ERROR : RESCIND_INV_ARGS;
}

void exit_prepare(uint32_t vpe, struct revoke *out)
{
    out->first_table = table_of(vpe, RESCIND_TABLE_OBJECT);
    out->last_table = table_of(vpe, TABLE_KINDS - 1);
    out->from = 0;
    out->to = TABLE_END;
    out->own = true;
}
