/* Ranges of I/O ports; see ioport.h. */
#include "object/ioport.h"

static bool ports_exist(const struct rescind_kernel *k, uint32_t object)
{
    (void)k;
    return ports_first(object) + ports_count(object) <= RESCIND_PORTS;
}

const struct cap_type ports_type = {
    .name = "ports",
    .exists = ports_exist,
};
