/* The step machine; user/steps.h says more. */
#include "user/steps.h"

#include <stddef.h>

#include "user/startup.h"

void steps_start(struct steps *s, const void *module, uint32_t vpe)
{
    const struct rescind_startup_vpe *record = startup_vpe(module, vpe);

    s->module = module;
    s->vpe = vpe;
    s->count = record->step_count;
    s->position = 0;
    s->offset = record->steps;
    s->calls = 0;
}

bool steps_next(const struct steps *s, struct step *step)
{
    if (s->position == s->count)
        return false;
    const struct rescind_startup_step *at = startup_step(s->module, s->offset);
    step->kind = at->kind;
    step->arg = at->arg;
    step->payload = at->kind == RESCIND_STEP_CALL ? (const uint8_t *)(at + 1) : NULL;
    step->size = at->size;
    return true;
}

void steps_done(struct steps *s)
{
    if (s->position == s->count)
        return;
    const struct rescind_startup_step *at = startup_step(s->module, s->offset);
    s->calls += at->kind == RESCIND_STEP_CALL;
    s->position++;
    s->offset += startup_step_size(at);
}
