/* The table of object types. A new type is one new file and one line here. */
#include "object/gate.h"
#include "object/mem.h"
#include "object/vpe.h"

const struct cap_type *const cap_types[CAP_TYPES] = {
    [RESCIND_CAP_GATE] = &gate_type,
    [RESCIND_CAP_VPE] = &vpe_type,
    [RESCIND_CAP_MEM] = &mem_type,
};
