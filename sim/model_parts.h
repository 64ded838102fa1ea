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

/* Copies a range, all or nothing. */
enum rescind_error model_copy(struct model *model, uint32_t from, uint32_t source, uint32_t to,
                              uint32_t destination, uint32_t kind, uint32_t count);

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

/* What tells of interrupts of this line and has not been received goes. */
void model_drop_interrupts(struct model *model, uint32_t line);

/* What is at endpoint `ep` of `vpe`, if it has this use; or NULL. */
struct model_cap *model_endpoint(struct model *model, uint32_t vpe, uint32_t ep,
                                 enum model_use use);

/* Whether the VPE is there, and is the one that had this number then. */
bool model_lives(const struct model *model, uint32_t vpe, uint32_t life);

/* Puts the message, of `size` bytes, into a slot of its endpoint. */
enum rescind_error model_deliver(struct model *model, struct model_message message, uint64_t size);

/* ---- Services and pagers -------------------------------------------------------------------- */

/* One of the calls of this part, or a step of it. */
enum rescind_error model_service_call(struct model *model, uint32_t caller,
                                      const struct model_call *call);

/* MODEL_COMES and MODEL_GETS_LOST. */
enum rescind_error model_stray_step(struct model *model, uint32_t index, uint32_t op);

/* A message of a kernel is done with: by `reply`, or without an answer (NULL). */
void model_answer(struct model *model, const struct model_message *message,
                  const struct model_call *reply);

/* A receive endpoint has gone, and whatever was to come there. */
void model_lose_visits(struct model *model, uint32_t vpe, uint32_t ep);

/* The capability, still there, goes: if it is a session's first one its service is to be told. */
void model_close(struct model *model, uint32_t index);

/* An interrupt that comes later. */
void model_add_interrupt(struct model *model, uint32_t line);

/* `vpe` ends: nobody waits for what its call has asked. And nothing comes to it any more. */
void model_stop_asking(struct model *model, uint32_t vpe);
void model_stop_strays(struct model *model, uint32_t vpe);

/* ---- Interrupt lines and ports -------------------------------------------------------------- */

/* One of the calls of this part. */
enum rescind_error model_device_call(struct model *model, uint32_t caller,
                                     const struct model_call *call);

/* There is an interrupt of this line. */
void model_interrupt(struct model *model, uint32_t line);

/* The listener, still there, goes; so does the send endpoint. */
void model_listener_goes(struct model *model, uint32_t index);
void model_unpaid(struct model *model, uint32_t vpe, uint32_t ep);

#endif
