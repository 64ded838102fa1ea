/* REVOKE and EXIT; see revoke.h. */
#include "syscall/revoke.h"

#include "cap/table.h"

enum rescind_error revoke_decode(struct bytes in, uint32_t caller, struct revoke *out)
{
    struct {
        struct rescind_range range;
        uint32_t range_padding;
        uint8_t own, own_padding[7];
    } message;
    struct rescind_range range;
    uint64_t end;

    if (!bytes_struct(&in, &message, sizeof(message)))
        return RESCIND_INV_ARGS;
    range = message.range;
    end = (uint64_t)range.start + range.count;
    if (range.type >= RESCIND_TABLE_KINDS || end > TABLE_END)
        return RESCIND_INV_ARGS;
    if (range.count > 0 && range.start < RESCIND_SEL_FREE)
        return RESCIND_INV_ARGS;
    *out = (struct revoke){
        .first_table = table_of(caller, range.type),
        .last_table = table_of(caller, range.type),
        .from = range.start,
        .to = end,
        .own = message.own != 0,
    };
    return RESCIND_NO_ERROR;
}

enum rescind_error exit_decode(struct bytes in, uint32_t *code)
{
    *code = bytes_u32(&in);
    return bytes_ok(in) ? RESCIND_NO_ERROR : RESCIND_INV_ARGS;
}

void exit_prepare(uint32_t vpe, struct revoke *out)
{
    *out = (struct revoke){
        .first_table = table_of(vpe, RESCIND_TABLE_OBJECT),
        .last_table = table_of(vpe, RESCIND_TABLE_MAP),
        .from = 0,
        .to = TABLE_END,
        .own = true,
    };
}
