/* The states that a search has seen; see states.h.
 *
 * Open addressing: a state stands in the first free place from the one on that its number says. The
 * numbers are hashes already. No more than two places of three are taken.
 */
#include "sim/states.h"

#include <glib.h>

#include "sim/memory.h"

enum { FIRST_PLACES = 1 << 10 };

struct states {
    uint64_t places; /* a power of two */
    uint64_t taken;
    uint64_t *state;
    uint32_t *value; /* 0: the place is free */
};

static bool make_room(struct states *s, uint64_t places)
{
    s->state = memory_new(places, sizeof(*s->state));
    s->value = memory_new(places, sizeof(*s->value));
    s->places = places;
    if (s->state != NULL && s->value != NULL)
        return true;
    memory_free(s->state);
    memory_free(s->value);
    return false;
}

struct states *states_new(void)
{
    struct states *s = g_new0(struct states, 1);

    if (!make_room(s, FIRST_PLACES))
        g_clear_pointer(&s, g_free);
    return s;
}

void states_free(struct states *s)
{
    if (s == NULL)
        return;
    memory_free(s->state);
    memory_free(s->value);
    g_free(s);
}

/* Where the state is, or would be. */
static uint64_t place_of(const struct states *s, uint64_t state)
{
    uint64_t at = (state >> 32 ^ state) & (s->places - 1);

    while (s->value[at] != 0 && s->state[at] != state)
        at = (at + 1) & (s->places - 1);
    return at;
}

uint32_t states_get(const struct states *s, uint64_t state)
{
    return s->value[place_of(s, state)];
}

static void put(struct states *s, uint64_t state, uint32_t value)
{
    uint64_t at = place_of(s, state);

    s->taken += s->value[at] == 0;
    s->state[at] = state;
    s->value[at] = value;
}

static bool grow(struct states *s)
{
    struct states larger = {0};

    if (!make_room(&larger, 2 * s->places))
        return false;
    for (uint64_t i = 0; i < s->places; i++) {
        if (s->value[i] != 0)
            put(&larger, s->state[i], s->value[i]);
    }
    memory_free(s->state);
    memory_free(s->value);
    *s = larger;
    return true;
}

bool states_put(struct states *s, uint64_t state, uint32_t value)
{
    if (3 * (s->taken + 1) > 2 * s->places && !grow(s))
        return false;
    put(s, state, value);
    return true;
}
