/* The step machine; user/steps.h says more. */
#include "user/steps.h"

#include "user/startup.h"

/* Words of a payload or a reply: where a RECEIVE and those that answer what it brought have the
 * endpoint, and where its reply and they have the message's id. */
enum { ENDPOINT_WORD = 1, RECEIVED_ID_WORD = 1, ANSWERED_ID_WORD = 2 };

void steps_start(struct steps *s, const void *module, uint32_t vpe)
{
    const struct rescind_startup_vpe *record = startup_vpe(module, vpe);

    *s = (struct steps){
        .module = module,
        .vpe = vpe,
        .count = record->step_count,
        .offset = record->steps,
    };
}

/* Word `word` of `size` bytes; 0 where they are too short for it, and *there is false. */
static uint64_t word_at(const void *bytes, size_t size, uint64_t word, bool *there)
{
    uint64_t value = 0;

    *there = word < size / sizeof(value);
    if (*there)
        __builtin_memcpy(&value, (const uint8_t *)bytes + word * sizeof(value), sizeof(value));
    return value;
}

bool steps_next(const struct steps *s, struct step *step)
{
    bool there;

    if (s->position == s->count)
        return false;
    const struct rescind_startup_step *at = startup_step(s->module, s->offset);
    const uint8_t *payload = (const uint8_t *)(at + 1);
    bool call = at->kind == RESCIND_STEP_CALL;
    *step = (struct step){
        .kind = at->kind,
        .arg = at->arg,
        .payload = call ? payload : NULL,
        .size = call ? at->size : 0,
        .addr = call ? 0 : word_at(payload, at->size, 0, &there),
        .value = call ? 0 : word_at(payload, at->size, 1, &there),
        .checks = startup_checks(at),
        .check_count = at->checks,
    };
    return true;
}

/* What the endpoint word of a payload names; one that there can't be is RESCIND_EP_COUNT. */
static uint32_t endpoint_of(const struct step *step)
{
    bool there;
    uint32_t ep = (uint32_t)word_at(step->payload, step->size, ENDPOINT_WORD, &there);

    return there && ep < RESCIND_EP_COUNT ? ep : RESCIND_EP_COUNT;
}

uint32_t steps_message(const struct steps *s, const struct step *step, uint8_t *message)
{
    uint32_t ep = endpoint_of(step);
    uint64_t id = ep < RESCIND_EP_COUNT ? s->received[ep] : 0;

    __builtin_memcpy(message, step->payload, step->size);
    if ((step->arg & RESCIND_STEP_LAST_MESSAGE) != 0)
        __builtin_memcpy(message + ANSWERED_ID_WORD * sizeof(id), &id, sizeof(id));
    return step->size;
}

static void remember(struct steps *s, const struct step *step, const void *reply, size_t size)
{
    bool there;
    uint32_t opcode = (uint32_t)word_at(step->payload, step->size, 0, &there);
    uint32_t ep = endpoint_of(step);

    if (there && opcode == RESCIND_SYS_RECEIVE && ep < RESCIND_EP_COUNT)
        s->received[ep] = word_at(reply, size, RECEIVED_ID_WORD, &there);
}

uint8_t steps_result(struct steps *s, const struct step *step, const void *reply, size_t size)
{
    bool there;
    uint64_t error = word_at(reply, size, 0, &there);

    if (!there)
        return RESCIND_RESULT_OTHER;
    if (error != RESCIND_NO_ERROR)
        return (uint8_t)error;
    if (step->kind == RESCIND_STEP_CALL)
        remember(s, step, reply, size);
    for (uint32_t i = 0; i < step->check_count; i++) {
        const struct rescind_startup_check *check = &step->checks[i];
        if (word_at(reply, size, check->word, &there) != check->value || !there)
            return RESCIND_RESULT_OTHER;
    }
    return RESCIND_NO_ERROR;
}

void steps_done(struct steps *s)
{
    if (s->position == s->count)
        return;
    const struct rescind_startup_step *at = startup_step(s->module, s->offset);
    s->calls += startup_has_result(at->kind);
    s->position++;
    s->offset += startup_step_size(at);
}
