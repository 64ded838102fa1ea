/* Ranges of I/O ports: a capability whose object says which. The kernel checks accesses and never
 * makes one itself: syscall/ioport.h. */
#ifndef RESCIND_OBJECT_IOPORT_H
#define RESCIND_OBJECT_IOPORT_H

#include "object/object.h"

extern const struct cap_type ports_type;

/* Ports first .. first + count - 1, as one number; 1 .. 65536 of them. */
static inline uint32_t ports_object(uint32_t first, uint32_t count)
{
    return first | (count - 1) << 16;
}
static inline uint32_t ports_first(uint32_t object)
{
    return object & 0xffff;
}
static inline uint32_t ports_count(uint32_t object)
{
    return (object >> 16) + 1;
}

#endif
