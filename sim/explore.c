/* The explorer; see explore.h. */
#include "sim/explore.h"

#include <gio/gio.h>
#include <string.h>

#include "rescind/startup.h"
#include "sim/memory.h"
#include "sim/states.h"

enum {
    DEFAULT_SAMPLE = 1000,   /* schedules */
    REPLAY_EVERY = 128,      /* ends: one in so many is reached again from the start */
    LOOK_EVERY = 1024,       /* choices: then the clock is looked at */
    LEAVES_A_SHARD = 16,     /* states that are dealt out to each shard, at least */
    SHARD_DEPTH = 40,        /* choices before the work is dealt out, at most */
    SHARD_CHOICES = 1 << 16, /* that may be made to find out how many */
    KERNELS = 64,
};
#define MEMORY_MAX ((size_t)2 << 30) /* of the snapshots on the way */

/* A choice that need not be made for now, and what it would show to the monitor. */
struct sleeper {
    struct machine_choice choice;
    uint32_t trail;
};

/* A state on the way to the present one. */
struct frame {
    struct machine_snapshot *snapshot; /* its room is kept for the next frame of this depth */
    bool saved;                        /* it is this state's */
    uint32_t set;                      /* of the monitor */
    guint choices, count, next; /* to be tried, in search.choices; those before next have been */
    guint sleepers, sleeping;   /* in search.sleepers */
    uint32_t trail;             /* of the choice that leads on from here */
};

struct search {
    const struct explore_options *options;
    struct explore_result *result;
    struct trial *trial;
    GArray *frames; /* struct frame; the first `depth` of them are the way, */
    GArray *keys;   /* and these, uint64_t, the numbers of their states */
    guint depth;
    bool stale; /* the machine is not in the state of the last frame */
    bool over;
    GArray *choices, *sleepers, *scratch;
    struct states *known;      /* state to number of the set of sleepers + 1, or of choices + 1 */
    const char *lacking;       /* what there was no memory for; NULL: nothing */
    GHashTable *sleep_numbers; /* GBytes to number; the empty set is 0 */
    GPtrArray *sleep_sets;     /* GBytes */
    uint64_t delayed[KERNELS]; /* kernels a bit: whose messages to this one may be delayed */
    guint shard_depth;         /* choices that all shards make alike; 0: no shards */
    uint64_t leaves;           /* states of that depth */
    size_t memory;             /* of the snapshots */
    gint64 start;
    guint shorter; /* only violations of fewer choices are wanted; 0: all */
};

static struct frame *frame_at(const struct search *s, guint index)
{
    return &g_array_index(s->frames, struct frame, index);
}

static struct machine_choice *choice_at(const struct search *s, guint index)
{
    return &g_array_index(s->choices, struct machine_choice, index);
}

static struct sleeper *sleeper_at(const struct search *s, guint index)
{
    return &g_array_index(s->sleepers, struct sleeper, index);
}

static bool same_choice(const struct machine_choice *a, const struct machine_choice *b)
{
    return a->kind == b->kind && a->a == b->a && a->b == b->b;
}

/* ---- Limits ------------------------------------------------------------------------------- */

static double seconds(const struct search *s)
{
    return (double)(g_get_monotonic_time() - s->start) / G_USEC_PER_SEC;
}

static void stop(struct search *s, const char *limit)
{
    s->over = true;
    if (s->result->limit == NULL)
        s->result->limit = limit;
}

static void stop_for_memory(struct search *s, const char *what)
{
    s->over = true;
    s->lacking = what;
}

static void know(struct search *s, uint64_t key, uint32_t value)
{
    if (!states_put(s->known, key, value))
        stop_for_memory(s, "the states that have been seen");
}

static void look_at_limits(struct search *s)
{
    const struct explore_options *o = s->options;
    struct explore_result *r = s->result;

    if (o->max_schedules != 0 && r->schedules >= o->max_schedules)
        stop(s, "the number of schedules");
    if (o->max_states != 0 && r->states >= o->max_states)
        stop(s, "the number of states");
    if (r->choices % LOOK_EVERY != 0)
        return;
    if (o->max_seconds > 0 && seconds(s) >= o->max_seconds)
        stop(s, "time");
    if (o->progress != NULL)
        o->progress(o->context, &(struct explore_progress){.schedules = r->schedules,
                                                           .states = r->states,
                                                           .depth = s->depth,
                                                           .seconds = seconds(s)});
}

/* ---- Independence ------------------------------------------------------------------------- */

static uint64_t kernel_of_vpe(const struct search *s, uint32_t vpe)
{
    return UINT64_C(1) << litmus_vpe(s->trial->litmus, vpe)->kernel;
}

/* Whether kernel `from` has something for `to` that its channel has no room for. */
static bool holds_back(const struct search *s, uint32_t from, uint32_t to)
{
    const struct rescind_kernel *k = machine_look(s->trial->machine, from);

    for (int32_t pe = rescind_kernel_tell_first(k); pe >= 0;
         pe = rescind_kernel_tell_after(k, (uint32_t)pe))
        if ((uint32_t)pe == to)
            return true;
    return false;
}

/* The kernels that reach the same board as `kernel`, and that kernel itself. */
static uint64_t with_board(const struct search *s, uint64_t kernel)
{
    uint64_t all = machine_on_board(s->trial->machine);

    return (kernel & all) != 0 ? kernel | all : kernel;
}

static uint64_t touched_by(const struct search *s, const struct machine_choice *c)
{
    uint64_t kernel = UINT64_C(1) << (c->a % KERNELS);

    switch ((enum machine_choice_kind)c->kind) {
    case CHOICE_VPE:
        return kernel_of_vpe(s, c->a) | machine_reaches(s->trial->machine, c->a);
    case CHOICE_WORK:
        return kernel;
    case CHOICE_HEAR:
        if ((s->delayed[c->a] >> c->b & 1) != 0)
            return UINT64_MAX;
        return kernel | (holds_back(s, c->b, c->a) ? UINT64_C(1) << c->b : 0);
    default: {
        const struct litmus_fault *fault =
            &g_array_index(s->trial->litmus->faults, struct litmus_fault, c->a);
        if (fault->kind == RESCIND_FAULT_KILL)
            return kernel_of_vpe(s, fault->a);
        if (fault->kind == RESCIND_FAULT_INTERRUPT)
            return machine_on_board(s->trial->machine);
        return fault->kind == RESCIND_FAULT_EXHAUST ? UINT64_C(1) << fault->a : UINT64_MAX;
    }
    case CHOICE_INTERRUPT:
        return machine_on_board(s->trial->machine);
    }
}

/* The kernels that a choice touches in the present state, a bit each. */
static uint64_t touches(const struct search *s, const struct machine_choice *c)
{
    return with_board(s, touched_by(s, c));
}

/* Whether the monitor comes to the same set whichever of two trails comes first. */
static bool trails_commute(struct search *s, uint32_t set, uint32_t a, uint32_t b)
{
    struct monitor *m = s->trial->monitor;

    if (a == MONITOR_NO_TRAIL || b == MONITOR_NO_TRAIL)
        return true;
    return monitor_follow(m, monitor_follow(m, set, a), b) ==
           monitor_follow(m, monitor_follow(m, set, b), a);
}

/* ---- Sets of sleepers --------------------------------------------------------------------- */

static gint compare_sleepers(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(struct sleeper));
}

/* The number of the set that begins at `first`; it is sorted by this. */
static uint32_t sleep_number(struct search *s, guint first, guint count)
{
    GBytes *set;
    uint32_t number;

    if (count == 0)
        return 0;
    qsort(sleeper_at(s, first), count, sizeof(struct sleeper), compare_sleepers);
    set = g_bytes_new(sleeper_at(s, first), count * sizeof(struct sleeper));
    number = GPOINTER_TO_UINT(g_hash_table_lookup(s->sleep_numbers, set));
    if (number == 0) {
        g_ptr_array_add(s->sleep_sets, g_bytes_ref(set));
        number = s->sleep_sets->len;
        g_hash_table_insert(s->sleep_numbers, set, GUINT_TO_POINTER(number));
    } else {
        g_bytes_unref(set);
    }
    return number;
}

static const struct sleeper *sleep_set(const struct search *s, uint32_t number, guint *count)
{
    gsize size = 0;
    const struct sleeper *sleepers =
        number == 0 ? NULL : g_bytes_get_data(g_ptr_array_index(s->sleep_sets, number - 1), &size);

    *count = (guint)(size / sizeof(struct sleeper));
    return sleepers;
}

static bool sleeps(const struct search *s, guint first, guint count,
                   const struct machine_choice *choice)
{
    for (guint i = 0; i < count; i++)
        if (same_choice(&sleeper_at(s, first + i)->choice, choice))
            return true;
    return false;
}

/* ---- Violations --------------------------------------------------------------------------- */

/* The choices on the way, and with `last` the one that is being tried. */
static GArray *way(const struct search *s)
{
    GArray *choices = g_array_new(false, false, sizeof(struct machine_choice));

    for (guint i = 0; i < s->depth; i++)
        g_array_append_val(choices,
                           *choice_at(s, frame_at(s, i)->choices + frame_at(s, i)->next - 1));
    return choices;
}

static void mistake(struct search *s, const char *what)
{
    s->over = true;
    if (s->result->mistake == NULL)
        s->result->mistake = g_strdup(what);
}

/* Every violation is seen twice. */
static void run_again(struct search *s, const struct violation *violation, uint64_t seed)
{
    struct explore_options options = *s->options;
    uint64_t failures = memory_failures();
    options.seed = seed;
    struct violation *again = explore_follow(s->trial->litmus, &options, violation->schedule, NULL);

    s->result->replays++;
    if (memory_failures() != failures)
        stop_for_memory(s, "a second run");
    else if (again == NULL || again->kind != violation->kind ||
             strcmp(again->text, violation->text) != 0 ||
             again->schedule->len != violation->schedule->len)
        mistake(s, "not deterministic: a schedule with a violation went another way when it was "
                   "run again");
    violation_free(again);
}

/* What all shards come to alike is number 1's to judge. */
static bool is_mine(const struct search *s)
{
    return s->depth >= s->shard_depth || s->options->shard == 1;
}

/* Takes the violation, with its schedule; false: it is not one that is looked for. */
static bool found(struct search *s, struct trial *t, struct violation *violation, uint64_t seed)
{
    const struct explore_options *o = s->options;
    struct explore_result *r = s->result;
    bool wanted = is_mine(s) && (!o->only || violation_alike(violation, o->kind, o->key)) &&
                  (s->shorter == 0 || violation->schedule->len < s->shorter);

    if (!wanted) {
        violation_free(violation);
        return false;
    }
    if (r->violations++ == 0 || s->shorter != 0)
        run_again(s, violation, seed);
    if (s->shorter != 0) {
        s->shorter = violation->schedule->len;
        g_clear_pointer(&r->violation, violation_free);
    } else if (!o->keep_going) {
        s->over = true;
    }
    if (r->violation == NULL) {
        r->violation = violation;
        r->seed = seed;
        outcome_free(r->outcome);
        r->outcome = machine_outcome(t->machine);
    } else {
        violation_free(violation);
    }
    return true;
}

/* ---- Ends --------------------------------------------------------------------------------- */

/* The first end, and then one in so many, is reached again, from the start, and must be the same.
 */
static void replay_end(struct search *s, const struct trial *t, const GArray *schedule,
                       uint64_t seed)
{
    struct explore_options options = *s->options;
    uint64_t hash = 0, failures = memory_failures();

    if (s->result->schedules % REPLAY_EVERY != 1)
        return;
    options.seed = seed;
    violation_free(explore_follow(t->litmus, &options, schedule, &hash));
    if (memory_failures() != failures)
        stop_for_memory(s, "a second run");
    else if (hash != machine_hash(t->machine))
        mistake(s, "not deterministic: a schedule led to another state when it was run again");
    s->result->replays++;
}

static void note_exists(struct search *s, const struct outcome *outcome)
{
    const struct litmus *l = s->trial->litmus;

    for (guint i = 0; i < l->conditions->len; i++) {
        const struct litmus_condition *c =
            &g_array_index(l->conditions, struct litmus_condition, i);
        bool *seen = &g_array_index(s->result->exists, bool, i);
        if (c->kind == LITMUS_EXISTS && !*seen)
            *seen = judge_lines(l, outcome, c);
    }
}

/* What went wrong at this end, or NULL. */
static struct violation *look_at_end(struct search *s, struct trial *t)
{
    struct outcome *outcome = machine_outcome(t->machine);
    struct violation *violation = trial_end(t, outcome);

    note_exists(s, outcome);
    if (s->options->end != NULL)
        s->options->end(s->options->context, outcome, violation);
    if (s->result->schedules++ == 0 && s->result->violation == NULL) {
        outcome_free(s->result->outcome);
        s->result->outcome = outcome;
    } else {
        outcome_free(outcome);
    }
    return violation;
}

static void at_end(struct search *s)
{
    struct violation *violation;

    if (!is_mine(s))
        return;
    violation = look_at_end(s, s->trial);
    if (violation != NULL) {
        violation->schedule = way(s);
        found(s, s->trial, violation, s->options->seed);
    } else {
        GArray *schedule = way(s);
        replay_end(s, s->trial, schedule, s->options->seed);
        g_array_unref(schedule);
    }
}

/* ---- Cycles ------------------------------------------------------------------------------- */

static const struct machine_choice *made_at(const struct search *s, guint index)
{
    const struct frame *f = frame_at(s, index);

    return choice_at(s, f->choices + f->next - 1);
}

/* Of the choices in `scratch`, keeps those that are possible now and are not `made`. */
static void keep_left_out(struct search *s, const struct machine_choice *made)
{
    guint kept = 0;

    for (guint i = 0; i < s->scratch->len; i++) {
        struct machine_choice c = g_array_index(s->scratch, struct machine_choice, i);
        if (c.kind != CHOICE_FAULT && !same_choice(&c, made) &&
            machine_possible(s->trial->machine, &c))
            g_array_index(s->scratch, struct machine_choice, kept++) = c;
    }
    g_array_set_size(s->scratch, kept);
}

/* Whether the cycle that begins at frame `first` leaves out nothing that could move all along. It
 * is gone through again from the start. */
static bool is_fair(struct search *s, guint first)
{
    machine_restore(s->trial->machine, frame_at(s, 0)->snapshot);
    g_array_set_size(s->scratch, 0);
    for (guint i = 0; i < s->depth; i++) {
        if (i == first)
            machine_choices(s->trial->machine, s->scratch);
        keep_left_out(s, made_at(s, i));
        machine_choose(s->trial->machine, made_at(s, i));
    }
    return s->scratch->len == 0;
}

/* The state is known: is it one of those on the way to itself? */
static void look_for_cycle(struct search *s, uint64_t key)
{
    const uint64_t *keys = &g_array_index(s->keys, uint64_t, 0);

    for (guint i = s->depth; i > 0; i--) {
        if (keys[i - 1] != key)
            continue;
        if (is_fair(s, i - 1)) {
            struct violation *violation = violation_endless();
            violation->schedule = way(s);
            found(s, s->trial, violation, s->options->seed);
        }
        return;
    }
}

/* ---- States ------------------------------------------------------------------------------- */

/* A frame keeps a snapshot where more than one choice is to be tried from it. */
static void keep_snapshot(struct search *s, struct frame *f)
{
    if (f->saved)
        s->memory -= machine_snapshot_size(f->snapshot);
    f->saved = f->count > 1 || s->depth == 1 || s->options->verify;
    if (!f->saved)
        return;
    struct machine_snapshot *saved = machine_save(s->trial->machine, f->snapshot);
    if (saved == NULL) {
        f->saved = false;
        stop_for_memory(s, "a snapshot");
        return;
    }
    f->snapshot = saved;
    s->memory += machine_snapshot_size(f->snapshot);
    if (s->memory > MEMORY_MAX)
        stop(s, "memory for the states on the way");
}

/* Makes a frame of the present state, with the sleepers from `first` on and the choices from
 * `choices` on. */
static void push(struct search *s, uint64_t key, guint first, guint choices)
{
    struct frame *f;

    if (s->depth == s->frames->len) {
        g_array_set_size(s->frames, s->depth + 1);
        g_array_set_size(s->keys, s->depth + 1);
    }
    g_array_index(s->keys, uint64_t, s->depth) = key;
    f = frame_at(s, s->depth++);
    f->set = s->trial->set;
    f->choices = choices;
    f->count = s->choices->len - choices;
    f->next = 0;
    f->sleepers = first;
    f->sleeping = s->sleepers->len - first;
    f->trail = MONITOR_NO_TRAIL;
    keep_snapshot(s, f);
    s->stale = false;
}

/* A new state: an end, perhaps, and everything that is not asleep is to be tried. */
static void enter_new(struct search *s, uint64_t key, guint first)
{
    guint choices = s->choices->len;

    if (machine_at_end(s->trial->machine))
        at_end(s);
    if (s->over || (s->shorter != 0 && s->depth + 1 >= s->shorter))
        return;
    g_array_set_size(s->scratch, 0);
    machine_choices(s->trial->machine, s->scratch);
    for (guint i = 0; i < s->scratch->len; i++) {
        struct machine_choice c = g_array_index(s->scratch, struct machine_choice, i);
        if (sleeps(s, first, s->sleepers->len - first, &c))
            s->result->asleep++;
        else
            g_array_append_val(s->choices, c);
    }
    push(s, key, first, choices);
}

/* A state that was entered with the sleepers of number `then`: what slept then and does not now is
 * to be tried. */
static void enter_again(struct search *s, uint64_t key, guint first, uint32_t then)
{
    guint count, kept = first, now = s->sleepers->len - first;
    const struct sleeper *old = sleep_set(s, then, &count);
    GArray *awake = s->scratch;

    g_array_set_size(awake, 0);
    for (guint i = 0; i < count; i++)
        if (!sleeps(s, first, now, &old[i].choice))
            g_array_append_val(awake, old[i].choice);
    if (awake->len == 0) {
        s->result->known++;
        look_for_cycle(s, key);
        return;
    }
    for (guint i = first; i < first + now; i++) {
        struct sleeper sleeper = *sleeper_at(s, i);
        for (guint j = 0; j < count; j++)
            if (same_choice(&old[j].choice, &sleeper.choice))
                *sleeper_at(s, kept++) = sleeper;
    }
    g_array_set_size(s->sleepers, kept);
    uint32_t number = sleep_number(s, first, kept - first);
    know(s, key, number + 1);
    guint choices = s->choices->len;
    g_array_append_vals(s->choices, awake->data, awake->len);
    push(s, key, first, choices);
}

/* Looking for the shortest: a state is entered again where fewer choices have led to it. */
static void enter_shorter(struct search *s, uint64_t key, guint first)
{
    guint before = states_get(s->known, key);

    if (before != 0 && before <= s->depth + 1) {
        s->result->known++;
        look_for_cycle(s, key);
        return;
    }
    s->result->states += before == 0;
    know(s, key, s->depth + 1);
    enter_new(s, key, first);
}

/* The last of the states that all shards come to alike are dealt out by their number. True: this
 * one is another shard's. */
static bool is_others(struct search *s)
{
    const struct explore_options *o = s->options;

    if (s->shard_depth == 0 || s->depth != s->shard_depth)
        return false;
    s->leaves++;
    return machine_hash(s->trial->machine) % o->shards != o->shard - 1;
}

/* The state that the machine is in, where the sleepers from `first` on are asleep. A frame is made
 * of it where there is something to try. */
static void enter(struct search *s, guint first)
{
    uint64_t key = trial_hash(s->trial);
    guint then;

    s->stale = true;
    if (is_others(s))
        return;
    if (s->shorter != 0) {
        enter_shorter(s, key, first);
        return;
    }
    if (s->options->forget || s->depth < s->shard_depth) {
        s->result->states += is_mine(s);
        enter_new(s, key, first);
        return;
    }
    then = states_get(s->known, key);
    if (then != 0) {
        enter_again(s, key, first, then - 1);
        return;
    }
    s->result->states++;
    uint32_t number = sleep_number(s, first, s->sleepers->len - first);
    know(s, key, number + 1);
    enter_new(s, key, first);
}

/* ---- Choices ------------------------------------------------------------------------------ */

/* Appends the sleepers of `f` that touch none of the kernels that `choice` touches, in the state of
 * `f`, which the machine is in. */
static void keep_apart(struct search *s, const struct frame *f, const struct machine_choice *choice)
{
    uint64_t touched = touches(s, choice);

    for (guint i = 0; i < f->sleeping; i++) {
        struct sleeper sleeper = *sleeper_at(s, f->sleepers + i);
        if ((touches(s, &sleeper.choice) & touched) == 0)
            g_array_append_val(s->sleepers, sleeper);
    }
}

/* Of the sleepers from `first` on, keeps those that the monitor calls independent. */
static void keep_commuting(struct search *s, const struct frame *f, guint first)
{
    guint kept = first;

    for (guint i = first; i < s->sleepers->len; i++)
        if (trails_commute(s, f->set, f->trail, sleeper_at(s, i)->trail))
            *sleeper_at(s, kept++) = *sleeper_at(s, i);
    g_array_set_size(s->sleepers, kept);
}

/* Both choices, from the state of the last frame; 0: something was wrong on the way. */
static uint64_t both(struct search *s, const struct machine_choice *a,
                     const struct machine_choice *b)
{
    const struct frame *f = frame_at(s, s->depth - 1);
    struct violation *violation;

    machine_restore(s->trial->machine, f->snapshot);
    s->trial->set = f->set;
    violation = trial_step(s->trial, a);
    if (violation == NULL && !machine_possible(s->trial->machine, b)) {
        mistake(s, "two choices were called independent, and one makes the other impossible");
        return 0;
    }
    if (violation == NULL)
        violation = trial_step(s->trial, b);
    if (violation == NULL)
        return trial_hash(s->trial);
    violation_free(violation);
    return 0;
}

/* For tests: what was called independent of the choice that was just made is so. */
static void verify(struct search *s, const struct machine_choice *choice, guint first)
{
    uint32_t set = s->trial->set;
    struct machine_snapshot *here = machine_save(s->trial->machine, NULL);

    if (here == NULL) {
        stop_for_memory(s, "a snapshot");
        return;
    }
    for (guint i = first; i < s->sleepers->len && s->result->mistake == NULL; i++) {
        const struct machine_choice *other = &sleeper_at(s, i)->choice;
        uint64_t one = both(s, choice, other), two = both(s, other, choice);
        if (one != two && one != 0 && two != 0) {
            char *a = machine_choice_text(s->trial->machine, choice);
            char *b = machine_choice_text(s->trial->machine, other);
            char *text = g_strdup_printf("called independent, but do not commute: %s, %s", a, b);
            mistake(s, text);
            g_free(text);
            g_free(a);
            g_free(b);
        }
    }
    machine_restore(s->trial->machine, here);
    s->trial->set = set;
    machine_snapshot_free(here);
}

/* The choice that the last frame has just tried is done with: it falls asleep. */
static void put_to_sleep(struct search *s)
{
    struct frame *f = frame_at(s, s->depth - 1);
    struct sleeper sleeper = {*choice_at(s, f->choices + f->next - 1), f->trail};

    g_array_set_size(s->sleepers, f->sleepers + f->sleeping);
    if (s->options->strategy == EXPLORE_PLAIN || s->shorter != 0)
        return;
    g_array_append_val(s->sleepers, sleeper);
    f->sleeping++;
}

/* Tries the next choice of the last frame. */
static void try_next(struct search *s)
{
    struct frame *f = frame_at(s, s->depth - 1);
    struct machine_choice choice = *choice_at(s, f->choices + f->next++);
    guint first = s->sleepers->len, depth = s->depth;
    struct violation *violation;

    if (s->stale) {
        g_assert(f->saved);
        machine_restore(s->trial->machine, f->snapshot);
        s->trial->set = f->set;
    }
    keep_apart(s, f, &choice);
    violation = trial_step(s->trial, &choice);
    s->stale = true;
    s->result->choices++;
    f->trail = s->trial->trail;
    if (violation != NULL) {
        violation->schedule = way(s);
        found(s, s->trial, violation, s->options->seed);
        g_array_set_size(s->sleepers, first);
    } else {
        keep_commuting(s, f, first);
        if (s->options->verify)
            verify(s, &choice, first);
        enter(s, first);
        if (s->depth == depth)
            put_to_sleep(s);
    }
    look_at_limits(s);
}

static void leave(struct search *s)
{
    const struct frame *f = frame_at(s, s->depth - 1);

    g_array_set_size(s->choices, f->choices);
    s->depth--;
    s->stale = true;
    if (s->depth > 0)
        put_to_sleep(s);
}

static void search_states(struct search *s)
{
    if (!s->over)
        enter(s, 0);
    while (s->depth > 0 && !s->over) {
        const struct frame *f = frame_at(s, s->depth - 1);
        if (f->next == f->count)
            leave(s);
        else
            try_next(s);
    }
}

/* ---- Searches ----------------------------------------------------------------------------- */

static void clear_frame(void *frame)
{
    machine_snapshot_free(((struct frame *)frame)->snapshot);
}

static void search_begin(struct search *s, const struct explore_options *options,
                         struct explore_result *result, struct trial *trial)
{
    *s = (struct search){.options = options, .result = result, .trial = trial};
    s->frames = g_array_new(false, true, sizeof(struct frame));
    g_array_set_clear_func(s->frames, clear_frame);
    s->keys = g_array_new(false, false, sizeof(uint64_t));
    s->choices = g_array_new(false, false, sizeof(struct machine_choice));
    s->scratch = g_array_new(false, false, sizeof(struct machine_choice));
    s->sleepers = g_array_new(false, false, sizeof(struct sleeper));
    s->sleep_numbers =
        g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
    s->sleep_sets = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    s->start = g_get_monotonic_time();
    s->shorter = options->shorter;
    s->known = states_new();
    if (s->known == NULL)
        stop_for_memory(s, "the states that have been seen");
    for (guint i = 0; i < trial->litmus->faults->len; i++) {
        const struct litmus_fault *fault =
            &g_array_index(trial->litmus->faults, struct litmus_fault, i);
        if (fault->kind == RESCIND_FAULT_DELAY)
            s->delayed[fault->b] |= UINT64_C(1) << fault->a;
    }
}

static void search_end(struct search *s)
{
    g_array_unref(s->frames);
    g_array_unref(s->keys);
    g_array_unref(s->choices);
    g_array_unref(s->scratch);
    g_array_unref(s->sleepers);
    states_free(s->known);
    g_hash_table_unref(s->sleep_numbers);
    g_ptr_array_unref(s->sleep_sets);
}

static struct explore_result *result_new(const struct litmus *litmus)
{
    struct explore_result *r = g_new0(struct explore_result, 1);

    r->exists = g_array_new(false, true, sizeof(bool));
    g_array_set_size(r->exists, litmus->conditions->len);
    return r;
}

void explore_result_free(struct explore_result *r)
{
    if (r == NULL)
        return;
    g_array_unref(r->exists);
    violation_free(r->violation);
    outcome_free(r->outcome);
    g_free(r->mistake);
    g_free(r);
}

static struct trial *new_trial(const struct litmus *litmus, const struct explore_options *o,
                               uint64_t seed, struct monitor *monitor, GError **error)
{
    struct trial_options options = {
        .seed = seed,
        .work = o->work,
        .schedule = o->strategy == EXPLORE_PCT ? SCHEDULE_PCT : SCHEDULE_RANDOM,
        .depth = o->depth,
        .audit_ends = o->audit_ends,
        .patient = o->patient,
        .monitor = monitor,
    };

    return trial_new(litmus, &options, error);
}

/* ---- Samples ------------------------------------------------------------------------------ */

/* One run of a sample. */
struct sampled {
    struct search *search;
    struct trial *trial;
    GArray *schedule;
    struct violation *violation;
    bool count_states;
};

static void count_state(struct search *s, struct trial *t)
{
    uint64_t state = trial_hash(t);

    s->result->states += states_get(s->known, state) == 0;
    know(s, state, 1);
}

static bool look_at_choice(struct machine *machine, void *data)
{
    struct sampled *run = data;
    GArray *schedule = run->schedule;

    (void)machine;
    run->search->result->choices++;
    run->violation =
        trial_look(run->trial, &g_array_index(schedule, struct machine_choice, schedule->len - 1));
    if (run->count_states)
        count_state(run->search, run->trial);
    look_at_limits(run->search);
    return run->violation != NULL || run->search->over;
}

static void sample_once(struct search *s, struct trial *t, uint64_t seed)
{
    struct sampled run = {.search = s, .trial = t, .count_states = machine_can_save(t->machine)};
    uint64_t failures = memory_failures();
    enum machine_end end;

    run.schedule = g_array_new(false, false, sizeof(struct machine_choice));
    machine_record(t->machine, run.schedule);
    end = machine_run(t->machine, look_at_choice, &run);
    if (memory_failures() != failures)
        stop_for_memory(s, "a program's stack, or the states that have been seen");
    else if (end == MACHINE_BROKEN)
        run.violation = trial_broken(t);
    else if (end == MACHINE_QUIET)
        run.violation = look_at_end(s, t);
    if (run.violation != NULL) {
        run.violation->schedule = g_array_ref(run.schedule);
        found(s, t, run.violation, seed);
    } else if (end == MACHINE_QUIET && run.count_states) {
        replay_end(s, t, run.schedule, seed);
    }
    s->result->compared &= !t->uncompared;
    g_array_unref(run.schedule);
}

static bool sample(struct search *s, GError **error)
{
    uint64_t count = s->options->max_schedules != 0 ? s->options->max_schedules : DEFAULT_SAMPLE;
    const struct litmus *litmus = s->trial->litmus;
    struct monitor *monitor = s->trial->monitor;

    for (uint64_t i = 0; i < count && !s->over; i++) {
        uint64_t seed = s->options->seed + i;
        struct trial *t;
        if (s->options->shards != 0 && i % s->options->shards != s->options->shard - 1)
            continue;
        t = new_trial(litmus, s->options, seed, monitor, error);
        if (t == NULL)
            return false;
        sample_once(s, t, seed);
        trial_free(t);
    }
    if (!s->over)
        stop(s, "it is a sample");
    return true;
}

/* ---- Exploring ---------------------------------------------------------------------------- */

static void begin_again(struct trial *trial, const struct machine_snapshot *start)
{
    machine_restore(trial->machine, start);
    trial->set = trial->start;
}

/* How many choices all shards make alike: so many that there are enough states to deal out. 0:
 * there is no memory. */
static guint shard_depth(struct trial *trial, const struct explore_options *options,
                         const struct machine_snapshot *start)
{
    struct explore_options o = *options;
    guint depth = 1;

    o.progress = NULL;
    o.end = NULL;
    o.shard = o.shards + 1; /* whose no state is */
    o.max_schedules = o.max_states = 0;
    o.keep_going = true;
    for (; depth < SHARD_DEPTH; depth++) {
        struct explore_result *r = result_new(trial->litmus);
        struct search s;
        search_begin(&s, &o, r, trial);
        s.shard_depth = depth;
        search_states(&s);
        uint64_t leaves = s.leaves, choices = r->choices;
        bool lacking = s.lacking != NULL;
        search_end(&s);
        explore_result_free(r);
        begin_again(trial, start);
        if (lacking)
            return 0;
        if (leaves == 0 || leaves >= (uint64_t)LEAVES_A_SHARD * o.shards || choices > SHARD_CHOICES)
            break;
    }
    return depth;
}

/* False with *error set: there was no memory for something. */
static bool had_memory(const char *lacking, GError **error)
{
    if (lacking != NULL)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "no memory for %s", lacking);
    return lacking == NULL;
}

static bool search_all(struct trial *trial, const struct explore_options *options,
                       struct explore_result *result, GError **error)
{
    struct machine_snapshot *start = machine_save(trial->machine, NULL);
    bool shards = options->shards > 1;
    struct search s;
    guint depth = start != NULL && shards ? shard_depth(trial, options, start) : 0;

    if (start == NULL || (shards && depth == 0)) {
        machine_snapshot_free(start);
        return had_memory("a snapshot, or the states that have been seen", error);
    }
    search_begin(&s, options, result, trial);
    s.shard_depth = depth;
    search_states(&s);
    search_end(&s);
    machine_snapshot_free(start);
    return had_memory(s.lacking, error);
}

static bool is_sample(const struct explore_options *o)
{
    return o->strategy == EXPLORE_RANDOM || o->strategy == EXPLORE_PCT;
}

static bool run(struct trial *trial, const struct explore_options *options,
                struct explore_result *result, GError **error)
{
    if (is_sample(options)) {
        struct search s;
        search_begin(&s, options, result, trial);
        bool good = sample(&s, error) && had_memory(s.lacking, error);
        search_end(&s);
        return good;
    }
    if (!machine_can_save(trial->machine)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                    "it runs a built-in program, whose every schedule can't be tried; --strategy "
                    "random and pct can run it");
        return false;
    }
    return search_all(trial, options, result, error);
}

struct explore_result *explore(const struct litmus *litmus, const struct explore_options *options,
                               GError **error)
{
    struct trial *trial = new_trial(litmus, options, options->seed, NULL, error);
    struct explore_result *result;

    if (trial == NULL)
        return NULL;
    result = result_new(litmus);
    result->compared = true;
    result->seed = options->seed;
    result->outcome = machine_outcome(trial->machine);
    if (run(trial, options, result, error)) {
        result->compared &= !trial->uncompared;
        result->complete = result->limit == NULL && result->mistake == NULL &&
                           (options->keep_going || result->violations == 0);
    } else {
        g_clear_pointer(&result, explore_result_free);
    }
    monitor_free(trial_free(trial));
    return result;
}

/* Whether the number of the state the trial is in was there before; it is noted. */
static bool comes_again(struct trial *t, struct states *seen)
{
    uint64_t state = seen != NULL ? trial_hash(t) : 0;

    if (seen == NULL)
        return false;
    return states_get(seen, state) != 0 || !states_put(seen, state, 1);
}

/* NULL also where there is no memory for the states, which the caller finds out. */
static struct violation *follow(struct trial *t, const GArray *schedule, GArray *done)
{
    uint64_t failures = memory_failures();
    struct states *seen = machine_can_save(t->machine) ? states_new() : NULL;
    struct violation *violation = NULL;
    bool again = comes_again(t, seen);

    for (guint i = 0; i < schedule->len && violation == NULL; i++) {
        const struct machine_choice *c = &g_array_index(schedule, struct machine_choice, i);
        if (!machine_possible(t->machine, c))
            continue;
        g_array_append_val(done, *c);
        violation = trial_step(t, c);
        again = comes_again(t, seen);
    }
    if (violation == NULL && machine_at_end(t->machine)) {
        struct outcome *outcome = machine_outcome(t->machine);
        violation = trial_end(t, outcome);
        outcome_free(outcome);
    } else if (violation == NULL && again) {
        violation = violation_endless();
    }
    states_free(seen);
    if (memory_failures() != failures)
        g_clear_pointer(&violation, violation_free);
    return violation;
}

struct violation *explore_follow(const struct litmus *litmus, const struct explore_options *options,
                                 const GArray *schedule, uint64_t *hash)
{
    struct trial *t = new_trial(litmus, options, options->seed, NULL, NULL);
    GArray *done = g_array_new(false, false, sizeof(struct machine_choice));
    struct violation *violation = NULL;

    if (t != NULL) {
        violation = follow(t, schedule, done);
        if (hash != NULL)
            *hash = machine_hash(t->machine);
        monitor_free(trial_free(t));
    }
    if (violation != NULL)
        violation->schedule = g_array_ref(done);
    g_array_unref(done);
    return violation;
}
