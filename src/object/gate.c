/* Send gates; see gate.h. */
#include "object/gate.h"

#include "object/vpe.h"

uint32_t gate_create(struct rescind_kernel *k, uint16_t account, uint32_t pe, uint32_t vpe,
                     uint32_t life, uint32_t ep, uint64_t label, uint64_t credits)
{
    uint32_t index = account_take(k, OBJECT_GATE, account);

    if (index == 0)
        return 0;
    struct gate *gate = pool_node(k, index);
    *gate = (struct gate){
        .object = {.type = OBJECT_GATE, .account = account},
        .pe = pe,
        .vpe = vpe,
        .life = life,
        .ep = ep,
        .label = label,
        .credits = credits,
    };
    return index;
}

const struct cap_type gate_type = {
    .name = "gate",
    .node = OBJECT_GATE,
    .size = sizeof(struct gate),
};
