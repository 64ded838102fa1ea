/* The table of object types. A new type is one new file and one line here. */
#include "object/endpoint.h"
#include "object/gate.h"
#include "object/ioport.h"
#include "object/irq.h"
#include "object/map.h"
#include "object/mem.h"
#include "object/service.h"
#include "object/vpe.h"

const struct cap_type *const cap_types[CAP_TYPES] = {
    [RESCIND_CAP_MAP] = &map_type,         [RESCIND_CAP_GATE] = &gate_type,
    [RESCIND_CAP_SERVICE] = &service_type, [RESCIND_CAP_SESSION] = &session_type,
    [RESCIND_CAP_VPE] = &vpe_type,         [RESCIND_CAP_MEM] = &mem_type,
    [RESCIND_CAP_IRQ] = &irq_type,         [RESCIND_CAP_PORTS] = &ports_type,
    [CAP_ENDPOINT] = &endpoint_type,       [CAP_SENDER] = &sender_type,
    [CAP_LISTENER] = &listener_type,
};
