/* The table of object types. A new type is one new file and one line here. */
#include "object/gate.h"
#include "object/mem.h"
#include "object/vpe.h"

static const struct cap_type *const types[] = {
    [RESCIND_CAP_GATE] = &gate_type,
    [RESCIND_CAP_VPE] = &vpe_type,
    [RESCIND_CAP_MEM] = &mem_type,
};

const struct cap_type *cap_type(uint8_t type)
{
    return type < sizeof(types) / sizeof(types[0]) ? types[type] : NULL;
}
