/* Services and sessions; see service.h. */
#include "object/service.h"

#include "object/visit.h"

struct service {
    struct object object;
};

struct session {
    struct object object;
};

const struct cap_type service_type = {
    .name = "service",
    .node = OBJECT_SERVICE,
    .size = sizeof(struct service),
};

const struct cap_type session_type = {
    .name = "session",
    .node = OBJECT_SESSION,
    .size = sizeof(struct session),
};

void visit_answered(struct rescind_kernel *k, uint32_t visit, const uint8_t *data, size_t size)
{
    (void)k;
    (void)visit;
    (void)data;
    (void)size;
}

void visit_room(struct rescind_kernel *k, uint32_t vpe, uint32_t ep)
{
    (void)k;
    (void)vpe;
    (void)ep;
}
