/* What the parts of the naive model share; see model.h, which is for everybody else. */
#ifndef RESCIND_SIM_MODEL_PARTS_H
#define RESCIND_SIM_MODEL_PARTS_H

#include "sim/model.h"

/* A capability more. A root in the table of objects of `vpe`, of its kernel. A copy of capability
 * `source`, derived from it, in a free place. */
struct model_cap *model_add(struct model *model, struct model_cap cap);
struct model_cap *model_root(struct model *model, uint32_t vpe, uint32_t sel, uint32_t type);
struct model_cap *model_derive(struct model *model, int32_t source, uint32_t vpe, uint32_t kind,
                               uint32_t sel);

/* Removes every capability that is doomed, and closes the gaps; what is on its way through an
 * endpoint goes with it. */
void model_sweep(struct model *model, const bool *doomed);

/* What is at `sel` of the caller's table of objects; -1: nothing of that type. */
int32_t model_object(const struct model *model, uint32_t caller, uint32_t sel, uint32_t type);
bool model_is_free(const struct model *model, uint32_t vpe, uint32_t kind, uint32_t sel);

/* The VPE that the capability at `sel` of `caller` names, or -1: there is none, it is of another
 * type, or its VPE has ended. */
int32_t model_named_vpe(const struct model *model, uint32_t caller, uint32_t sel);
/* Is it (not -1) of the same kernel? */
bool model_is_local(const struct model *model, uint32_t vpe, int32_t other);

/* ---- Memory, endpoints, messages ------------------------------------------------------------ */

/* One of the calls of this part. */
enum rescind_error model_dtu_call(struct model *model, uint32_t caller,
                                  const struct model_call *call);

/* What capability `source` stands for, a gate or memory, becomes active on an endpoint that is
 * free.
 */
void model_activate(struct model *model, int32_t source, uint32_t vpe, uint32_t ep);

/* An endpoint goes: so do the messages in its slots, and those that came through it and have not
 * been received. */
void model_drop_messages(struct model *model, uint32_t vpe, uint32_t ep);

#endif
