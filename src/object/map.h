/* Mappings: a page of some kernel's memory at a virtual page of a VPE.
 *
 * A mapping is a capability of the VPE's table of mappings, whose selector is the virtual page and
 * whose object the page of memory, of kernel `home`; its rights are the page's. A processor's page
 * tables are a copy of that table that may be thrown away: they are no good any more when the VPE's
 * map_version has changed.
 *
 * Why a mapping goes with its memory, whichever kernel's that is, and no later than REVOKE answers.
 * The kernel of its VPE keeps it, as a child of the capability of memory there that it was made of,
 * or of another mapping; so it is marked, and goes, as any capability does (cap/revoke.h,
 * rescind/peer.h). Before the memory's kernel may answer, it has heard MARKED from here, which the
 * kernel here says in or after the event that marks the mapping. On the PC only the processor of
 * this kernel runs the VPE, and it is in this kernel in that event. It enters ring 3 again, for
 * whichever VPE, by way of mapped_check() (pc99/mapped.h), which sees the new map_version, empties
 * the VPE's window, and has the processor forget the translations that it remembers. No other
 * processor ever uses those tables. What the VPE has stored before is seen by whoever hears MARKED,
 * since x86 lets no store pass an earlier one. So the order to mark is the message that makes
 * another processor forget, MARKED is its answer, and none beside them is needed. In the simulator
 * each access looks at the table (sim/touch.c).
 *
 * An access before that comes before the revocation: REVOKE takes effect when all is marked. One
 * behind it is GOING and waits until the mapping has gone, so it faults after the effect. The pages
 * are free again when the last capability counted for the memory object has gone, at its kernel;
 * that is above every mapping of them, remote ones included, and goes after them.
 */
#ifndef RESCIND_OBJECT_MAP_H
#define RESCIND_OBJECT_MAP_H

#include "object/object.h"

extern const struct cap_type map_type;

#endif
