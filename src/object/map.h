/* Mappings: a page of some kernel's memory at a virtual page of a VPE.
 *
 * A mapping is a capability of the VPE's table of mappings, whose selector is the virtual page and
 * whose object the page of memory, of kernel `home`; its rights are the page's. A processor's page
 * tables are a copy of that table that may be thrown away: they are no good any more when the VPE's
 * map_version has changed.
 */
#ifndef RESCIND_OBJECT_MAP_H
#define RESCIND_OBJECT_MAP_H

#include "object/object.h"

extern const struct cap_type map_type;

#endif
