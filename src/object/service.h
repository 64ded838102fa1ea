/* Services and sessions.
 *
 * A service is a gate of its VPE's own with a name. Its capability is bound and derived from the
 * gate's, so that it goes with the gate. The name's entry is derived from the service's capability,
 * in the kernel's own table of names, at a selector that follows from the name by a hash that
 * programs don't know; sessions are derived from the entry, or from the service's capability. So
 * nobody can go by a name whose service has gone, and no session outlives its service.
 *
 * A session's object is told to its service when it goes (CLOSE, object/visit.h): its node becomes
 * that message until there is room for it.
 */
#ifndef RESCIND_OBJECT_SERVICE_H
#define RESCIND_OBJECT_SERVICE_H

#include "object/object.h"
#include "object/visit.h"

struct service {
    struct object object;
    uint32_t serial; /* no other service has had it */
    uint32_t vpe, life, ep;
    uint64_t label;
    uint8_t name[RESCIND_SERVICE_NAME_MAX]; /* with zeros behind it */
};
_Static_assert(sizeof(struct service) <= POOL_NODE_SIZE, "a service is one node");

struct session {
    struct object object;
    uint32_t serial;  /* no other session has had it */
    uint32_t service; /* whose node outlives it */
    uint64_t ident;   /* by which the service knows it */
};
_Static_assert(sizeof(struct session) <= POOL_NODE_SIZE, "a session is one node");

extern const struct cap_type service_type, session_type;

static inline struct service *service_at(const struct rescind_kernel *k, uint32_t index)
{
    return pool_node(k, index);
}
static inline struct session *session_at(const struct rescind_kernel *k, uint32_t index)
{
    return pool_node(k, index);
}

/* Where its messages go to. */
static inline struct visit_target service_target(const struct service *service)
{
    return (struct visit_target){service->vpe, service->life, service->ep, service->label};
}

/* A service at the gate, which leads to a VPE of this kernel; no capability names it yet. The account
 * has a node left. O(1). */
uint32_t service_create(struct rescind_kernel *k, uint16_t account, uint32_t gate,
                        const uint8_t name[RESCIND_SERVICE_NAME_MAX]);

/* A node that stands nowhere becomes a session that no capability names yet. O(1). */
void session_make(struct rescind_kernel *k, uint32_t node, uint32_t service, uint64_t ident);

/* A name has 1 .. RESCIND_SERVICE_NAME_MAX bytes, of which none is zero, and zeros behind it: so
 * there is one way to write each. How many; 0: it is no name. */
uint32_t service_name_size(const uint8_t name[RESCIND_SERVICE_NAME_MAX]);

/* Where a name is in the table of names, or would go: a few selectors from its hash on. */
struct service_name {
    uint32_t entry; /* its capability; 0: there is no such service */
    uint32_t sel;   /* then: a free one, */
    bool full;      /* or there is none */
};
struct service_name service_find(const struct rescind_kernel *k,
                                 const uint8_t name[RESCIND_SERVICE_NAME_MAX]);

#endif
