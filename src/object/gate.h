/* Send gates: the right to send to an endpoint of a VPE, under a label and with some credits. */
#ifndef RESCIND_OBJECT_GATE_H
#define RESCIND_OBJECT_GATE_H

#include "object/object.h"

struct gate {
    struct object object;
    uint32_t pe, vpe; /* whose endpoint it is, */
    uint32_t life;    /* and which of those that have had that number */
    uint32_t ep;
    uint64_t label;
    uint64_t credits;
};
_Static_assert(sizeof(struct gate) <= POOL_NODE_SIZE, "a gate is one node");

extern const struct cap_type gate_type;

/* A gate that no capability names yet. 0 when the account is empty. O(1). */
uint32_t gate_create(struct rescind_kernel *k, uint16_t account, uint32_t pe, uint32_t vpe,
                     uint32_t life, uint32_t ep, uint64_t label, uint64_t credits);

static inline struct gate *gate_at(const struct rescind_kernel *k, uint32_t index)
{
    return pool_node(k, index);
}

#endif
