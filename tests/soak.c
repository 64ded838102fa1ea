/* The long run: random litmus programs over one to four kernels, with faults, each under many
 * schedules: soak [OPTION...]. For tests/soak.sh and `meson test`.
 *
 * Program number N is drawn from seed N alone (fuzz/draw.h says what can be in it; compose() how
 * likely that is), so a run is its first number and how many there were. Each is explored as far as
 * EXPLORED states go, depth first; then it is run under fifo, random, PCT and drawn schedules.
 * After every event of all that the kernels' audit must hold and the monitor must find an order of
 * atomic calls for every answer; at each end nobody may be stuck in a call that need not wait,
 * nothing may be left over, and the tables must be those that such an order leaves.
 *
 * Programs run in a process of their own, so that a crash, or one that takes for ever, is a finding
 * like others: a litmus file and a schedule, made smaller, in the folder that --dir names, with how
 * `rescind replay` shows it. Exit status: 0, nothing was found; 1, something was, or (--sample) not
 * all kinds of things happened; 2, usage; 3, files that can't be written.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/draw.h"
#include "fuzz/fuzz.h"
#include "fuzz/smaller.h"
#include "rescind/startup.h"
#include "sim/explore.h"

enum {
    KERNELS = 4,
    EXPLORED = 1500,       /* states of each program, */
    EXPLORED_SMALL = 6000, /* and of one with few steps */
    FEW = 8,
    SCHEDULES = 24,          /* beside them, */
    SCHEDULE_BYTES = 400,    /* drawn ones of so many choices at most */
    SECONDS_A_PROGRAM = 120, /* of the processor */
    TRAIL_MAX = 1 << 16,
    RESULTS =
        34, /* error codes, and the two that are none: of a call that waits, any that is none */
    MINUTE = 60,
};

/* What has been done. */
struct totals {
    uint64_t programs, schedules, events, explored, states, complete, refused, uncompared, stuck;
    uint64_t kernels[KERNELS + 1], faults[RESCIND_FAULT_INTERRUPT + 1], by[SCHEDULE_PCT + 2];
    uint64_t results[LITMUS_STORE + 1][RESULTS];
};

/* What the process that runs programs tells the one that waits for it. */
struct shared {
    struct totals totals;
    uint64_t program; /* that is being run, */
    uint64_t seed;    /* its machine's, */
    bool exploring;   /* and whether it is being explored */
    bool found;       /* something is wrong: */
    char what[512];
    guint count; /* after these choices */
    struct machine_choice choices[TRAIL_MAX];
};
static struct shared *shared;
static const struct course *now; /* that runs, for who catches a signal */

static gint64 from = 1, programs, seconds, most = 10;
static char *folder;
static gboolean sample;

/* ---- Drawing ------------------------------------------------------------------------------- */

static uint8_t byte(GRand *r)
{
    return (uint8_t)g_rand_int(r);
}

/* One of so many. */
static uint32_t one_of(GRand *r, uint32_t count)
{
    return (uint32_t)g_rand_int_range(r, 0, (gint32)count);
}

static bool once_in(GRand *r, uint32_t times)
{
    return one_of(r, times) == 0;
}

/* What steps of a program are made of: some kinds of calls and few selectors, so that they meet. */
enum { HOT = 3 };
struct taste {
    uint32_t vpes;
    uint8_t ops[64];
    uint32_t op_count;
    uint32_t hot[HOT]; /* selectors */
    uint32_t rare;     /* one step in so many is anything */
    bool devices, serves, in_motif, no_gate;
};
/* The steps that draw.c makes of a record's second byte, up to `end`, and what the three bytes
 * behind it are to be: v a VPE, s a selector where something may be, d any of the hot ones, e
 * another, S and D such in a byte that says the count of a range too, n the count of a range, r and
 * t an endpoint that likely receives or sends, m pages of memory to map, p an address there, o and
 * g the choice of the caller itself and of its own gate, . anything. */
static const struct {
    uint32_t end;
    const char *bytes;
} roles[] = {
    {2, "vd."},  {8, "vsD"},  {14, "vdS"}, {26, "sn."}, {27, "..."}, {29, "v.."}, {30, "v.."},
    {32, "..."}, {33, "tgs"}, {34, ".r."}, {35, ".r."}, {36, "t.."}, {39, "r.."}, {40, "tgs"},
    {41, ".r."}, {42, ".r."}, {43, "t.."}, {44, "r.."}, {45, "d.."}, {46, "se."}, {47, "osm"},
    {48, "p.."}, {49, "t.."}, {50, "p.."}, {52, "osm"}, {53, "od."}, {54, "se."}, {55, "..."},
    {58, ".dD"}, {59, ".t."}, {64, "..."},
};
enum { NO_OP = 0xff };

/* Steps of one VPE, one after the other, that go on with what the one before has made; those behind
 * `last` are of devices. */
static const uint8_t motifs[][6] = {
    {0, 2, NO_OP},           {2, 20, NO_OP},          {0, 2, 20, NO_OP},
    {32, 35, NO_OP},         {32, 35, 36, 37, NO_OP}, {2, 32, 35, NO_OP},
    {32, 35, 36, 38, NO_OP}, {44, 46, 47, 47, NO_OP}, {46, 47, NO_OP},
    {44, 32, 48, 48, NO_OP}, {45, 46, 47, NO_OP},     {44, 2, NO_OP},
    {26, 27, 29, NO_OP},     {26, 27, 2, 28, NO_OP},  {52, 53, NO_OP},
    {53, 2, NO_OP},          {44, 45, 32, 48, NO_OP}, {33, 36, NO_OP},
    {32, 58, 59, NO_OP},     {60, 61, NO_OP},         {32, 58, 36, 59, NO_OP},
};
enum { DEVICE_MOTIFS = 3 };

static void add_ops(struct taste *t, uint32_t first, uint32_t end)
{
    for (uint32_t op = first; op < end && t->op_count < G_N_ELEMENTS(t->ops); op++)
        t->ops[t->op_count++] = (uint8_t)op;
}

static void choose_taste(struct taste *t, GRand *r, const uint8_t head[DRAW_HEAD_OF_MANY])
{
    static const uint8_t groups[][2] = {{26, 32}, {32, 44}, {44, 52}, {52, 58}, {62, 64}};
    static const uint8_t free[] = {7, 8, 9, 11, 13};

    *t = (struct taste){
        .vpes = 2 + head[0] % 5, .devices = head[1] >= 224, .serves = (head[4] & 16) != 0};
    for (guint i = 0; i < G_N_ELEMENTS(groups); i++)
        if (once_in(r, 3))
            add_ops(t, groups[i][0], groups[i][1]);
    if (t->devices)
        add_ops(t, 58, 62);
    if (t->op_count == 0 || !once_in(r, 6))
        add_ops(t, 0, 26);
    t->rare = once_in(r, 3) ? 3 : 12;
    for (guint i = 0; i < HOT; i++)
        t->hot[i] = once_in(r, 3) ? 5 + one_of(r, 11) : free[one_of(r, G_N_ELEMENTS(free))];
}

/* What programs begin with lies at these; and what steps make at the hot ones. */
static uint32_t source(const struct taste *t, GRand *r)
{
    static const uint8_t known[] = {5, 6, 6, 6, 8, 10, 10, 10, 12};
    static const uint8_t service[] = {5, 6, 7, 8, 10}, device[] = {6, 10, 14, 15};

    if (t->in_motif && !once_in(r, 4))
        return t->hot[0];
    if (once_in(r, 2))
        return t->hot[one_of(r, HOT)];
    if (t->serves)
        return service[one_of(r, G_N_ELEMENTS(service))];
    return t->devices ? device[one_of(r, G_N_ELEMENTS(device))]
                      : known[one_of(r, G_N_ELEMENTS(known))];
}

/* The bytes that draw.c takes for them. */
static uint8_t of_selector(GRand *r, uint32_t sel)
{
    return (uint8_t)(sel - 5 + 11 * one_of(r, 16));
}
static uint8_t of_range(GRand *r, uint32_t sel)
{
    uint32_t place = one_of(r, 32);

    for (uint32_t i = 0; i < 32 && (place * 37 % 256 >= 176 || 5 + place * 37 % 256 % 11 != sel);
         i++)
        place = (place + 1) % 32;
    return (uint8_t)(place * 8 + (once_in(r, 2) ? 0 : one_of(r, 8)));
}

/* The caller, its child, or another. */
static uint8_t draw_vpe(const struct taste *t, GRand *r)
{
    uint32_t which = one_of(r, 10), others = MIN(t->vpes - 1, 3);

    return (uint8_t)(which == 0 ? 0 : which == 1 ? 208 : 66 + one_of(r, others));
}

static uint8_t draw_argument(const struct taste *t, GRand *r, char role)
{
    switch (role) {
    case 'v':
        return draw_vpe(t, r);
    case 's':
        return of_selector(r, source(t, r));
    case 'd':
        return of_selector(r, t->hot[t->in_motif ? 0 : one_of(r, HOT)]);
    case 'e':
        return of_selector(r, t->hot[1 + one_of(r, HOT - 1)]);
    case 'S':
        return of_range(r, source(t, r));
    case 'D':
        return of_range(r, t->hot[one_of(r, HOT)]);
    case 'n':
        return (uint8_t)one_of(r, once_in(r, 3) ? 16 : 2);
    case 'r':
        return (uint8_t)(once_in(r, 4) ? 4 * one_of(r, 56) + one_of(r, 4) : 4 * one_of(r, 56));
    case 't':
        return (uint8_t)(4 * one_of(r, 56) + (once_in(r, 6) ? one_of(r, 4) : 1));
    case 'm':
        return byte(r) & (once_in(r, 4) ? 0xff : 0xe0);
    case 'p':
        return byte(r) & (once_in(r, 4) ? 0xff : 0xf8);
    case 'o':
        return byte(r) | (once_in(r, 4) ? 0 : 1);
    case 'g':
        return !t->no_gate && once_in(r, 2) ? 4 * (byte(r) % 60) : byte(r) | 1;
    default:
        return byte(r);
    }
}

static void draw_arguments(const struct taste *t, GRand *r, uint8_t step[DRAW_RECORD])
{
    guint row = 0;

    while (roles[row].end <= step[1])
        row++;
    for (guint i = 0; i < 3; i++)
        step[2 + i] = draw_argument(t, r, roles[row].bytes[i]);
}

/* Devices are A's, children do little, and steps that come with others are not repeated. */
static uint8_t draw_who(const struct taste *t, GRand *r, uint8_t op)
{
    uint32_t all = t->vpes + 2, who = once_in(r, 10) ? one_of(r, all) : one_of(r, t->vpes);

    return (uint8_t)(op >= 58 && op < 62 ? 0 : who + all * one_of(r, 240 / all));
}

/* So many steps at most: how many. */
static uint32_t draw_motif(const struct taste *t, GRand *r, uint8_t *steps, uint32_t most_steps)
{
    guint kinds = G_N_ELEMENTS(motifs) - (t->devices ? 0 : DEVICE_MOTIFS);
    const uint8_t *ops = motifs[t->devices && once_in(r, 2) ? kinds - 1 - one_of(r, DEVICE_MOTIFS)
                                                            : one_of(r, kinds)];
    struct taste one = *t;
    uint8_t who = draw_who(t, r, t->devices && once_in(r, 2) ? 58 : 0);
    uint32_t i = 0;

    one.in_motif = true;
    one.no_gate = ops[0] >= 44; /* something else is to be active */
    for (; i < most_steps && ops[i] != NO_OP; i++, steps += DRAW_RECORD) {
        steps[0] = who;
        steps[1] = ops[i];
        draw_arguments(&one, r, steps);
    }
    return i;
}

static void draw_step(const struct taste *t, GRand *r, uint8_t step[DRAW_RECORD])
{
    for (guint i = 0; i < DRAW_RECORD; i++)
        step[i] = byte(r);
    if (t->serves || once_in(r, t->rare))
        return;
    step[1] = t->ops[one_of(r, t->op_count)];
    step[0] = draw_who(t, r, step[1]);
    draw_arguments(t, r, step);
}

/* Of A, that serves: it takes a question and answers it. */
static uint32_t draw_answer(GRand *r, uint8_t *steps, uint32_t most_steps)
{
    uint32_t count = MIN(most_steps, 2);

    for (uint32_t i = 0; i < count; i++, steps += DRAW_RECORD) {
        steps[0] = 0;
        steps[1] = (uint8_t)(22 * i + one_of(r, 22));
        steps[2] = (uint8_t)one_of(r, 200);
        steps[3] = byte(r);
        steps[4] = byte(r) & 0xef;
    }
    return count;
}

static void draw_steps(const struct taste *t, GRand *r, uint8_t *steps, uint32_t count)
{
    uint32_t often = 2 + one_of(r, 10);

    for (uint32_t i = 0; i < count;) {
        uint8_t *step = steps + (size_t)i * DRAW_RECORD;
        if (t->serves && once_in(r, 3)) {
            i += draw_answer(r, step, count - i);
        } else if (once_in(r, t->serves ? 8 : often)) {
            i += draw_motif(t, r, step, count - i);
        } else {
            draw_step(t, r, step);
            i++;
        }
    }
}

static uint32_t draw_count(GRand *r)
{
    switch (one_of(r, 4)) {
    case 0:
        return 3 + one_of(r, FEW - 2);
    case 1:
    case 2:
        return FEW + one_of(r, 10);
    default:
        return FEW + one_of(r, DRAW_RECORDS_MAX - FEW + 1);
    }
}

/* How many VPEs, and what they begin with: draw.c's byte 0. */
static uint8_t draw_vpes(GRand *r)
{
    static const uint8_t likely[] = {0, 0, 1, 1, 1, 2, 2, 3, 4};
    static const uint8_t begun[] = {0, 1, 2, 3, 3, 3, 3, 3, 5, 6, 7, 7, 7};
    uint8_t wanted = likely[one_of(r, G_N_ELEMENTS(likely))];
    uint32_t b, first = begun[one_of(r, G_N_ELEMENTS(begun))] << 5;

    do
        b = first | one_of(r, 32);
    while (b % 5 != wanted);
    return (uint8_t)b;
}

static void draw_head(GRand *r, uint8_t head[DRAW_HEAD_OF_MANY], uint32_t count)
{
    static const uint8_t kernels[] = {0, 0, 1, 1, 1, 1, 2, 2, 3};
    bool rough = !once_in(r, 3); /* what may go wrong does */

    memset(head, 0, DRAW_HEAD_OF_MANY);
    head[0] = draw_vpes(r);
    head[1] = (uint8_t)((once_in(r, 8) ? 224 : 0) | (once_in(r, 3) ? 8 : 0));
    head[3] = (uint8_t)count;
    head[4] = kernels[one_of(r, G_N_ELEMENTS(kernels))];
    head[4] |=
        (uint8_t)((once_in(r, 8) ? 16 : 0) | (once_in(r, 4) ? 32 : 0) | (once_in(r, 10) ? 64 : 0));
    head[5] = byte(r);
    head[6] = byte(r);
    if (rough) {
        head[2] = once_in(r, 4) ? byte(r) : 0;
        head[7] = once_in(r, 6) ? byte(r) : 0;
        head[8] = once_in(r, 2) ? byte(r) : 0xff;
        head[9] = once_in(r, 4) ? byte(r) : 0;
        head[10] = once_in(r, 4) ? byte(r) : 0;
        head[12] = once_in(r, 6) ? byte(r) : 0;
    }
    head[11] = once_in(r, 3) ? byte(r) : 0;
}

/* Program number `seed`, for GRand's sequence is the same wherever it runs. */
static struct course *compose(uint64_t seed, GRand *r, uint8_t *bytes)
{
    static const uint32_t works[] = {1, 1, 1, 2, 3, 5, 12, 64};
    uint32_t count = draw_count(r);
    struct taste taste;
    struct course *c;

    draw_head(r, bytes, count);
    choose_taste(&taste, r, bytes);
    draw_steps(&taste, r, bytes + DRAW_HEAD_OF_MANY, count);
    c = draw(bytes, DRAW_HEAD_OF_MANY + (size_t)count * DRAW_RECORD, DRAW_MANY);
    c->work = works[one_of(r, G_N_ELEMENTS(works))];
    c->seed = seed;
    return c;
}

/* ---- Running ------------------------------------------------------------------------------- */

static void found(const struct violation *v, const GArray *schedule)
{
    shared->found = true;
    g_snprintf(shared->what, sizeof(shared->what), "%s: %s", violation_word(v->kind), v->text);
    shared->count = MIN(schedule->len, TRAIL_MAX);
    memcpy(shared->choices, schedule->data, shared->count * sizeof(shared->choices[0]));
}

static void explore_it(const struct course *c, uint32_t steps)
{
    struct totals *t = &shared->totals;
    struct explore_options options = {.seed = c->seed,
                                      .work = c->work,
                                      .patient = true,
                                      .max_states = steps <= FEW ? EXPLORED_SMALL : EXPLORED};
    struct explore_result *result;

    shared->exploring = true;
    result = explore(c->litmus, &options, NULL);
    shared->exploring = false;
    if (result == NULL)
        return;
    t->explored++;
    t->schedules += result->schedules;
    t->events += result->choices;
    t->states += result->states;
    t->complete += result->complete;
    t->uncompared += !result->compared;
    if (result->mistake != NULL) {
        struct violation mistake = {.kind = VIOLATION_ENDLESS, .text = result->mistake};
        GArray *none = g_array_new(FALSE, FALSE, sizeof(struct machine_choice));
        found(&mistake, none);
        g_array_unref(none);
    }
    if (result->violation != NULL)
        found(result->violation, result->violation->schedule);
    explore_result_free(result);
}

static void count_results(const struct course *c)
{
    const struct litmus *l = c->litmus;

    for (guint vpe = 0; vpe < l->vpes->len; vpe++) {
        const GByteArray *results = outcome_vpe(c->outcome, vpe)->results;
        guint call = 0;
        shared->totals.stuck += outcome_vpe(c->outcome, vpe)->stuck;
        for (guint i = 0; i < litmus_vpe(l, vpe)->steps && call < results->len; i++) {
            uint8_t word = litmus_statement(l, litmus_step(l, vpe, i))->word;
            if (!litmus_is_call((enum litmus_word)word))
                continue;
            uint8_t result = results->data[call++];
            if (result != RESCIND_RESULT_NONE)
                shared->totals.results[word][MIN(result, RESULTS - 1)]++;
            else if (word == LITMUS_EXIT && outcome_vpe(c->outcome, vpe)->ended)
                shared->totals.results[word][0]++;
        }
    }
}

static void count_run(const struct course *c)
{
    struct totals *t = &shared->totals;

    t->schedules++;
    t->events += c->schedule->len;
    t->by[c->by_itself ? c->how : SCHEDULE_PCT + 1]++;
    t->uncompared += !c->compared;
    for (guint i = 0; i < c->schedule->len; i++) {
        const struct machine_choice *choice = &g_array_index(c->schedule, struct machine_choice, i);
        if (choice->kind == CHOICE_FAULT)
            t->faults[g_array_index(c->litmus->faults, struct litmus_fault, choice->a).kind]++;
    }
    count_results(c);
}

static void run_once(struct course *c, GRand *r, uint32_t which, uint8_t *bytes)
{
    c->seed = g_rand_int(r);
    shared->seed = c->seed;
    c->by_itself = which == 0 || !once_in(r, 5);
    c->how = which == 0 ? SCHEDULE_FIFO : once_in(r, 2) ? SCHEDULE_RANDOM : SCHEDULE_PCT;
    c->depth = 2 + one_of(r, 7);
    c->bytes = bytes;
    c->bytes_left = c->by_itself ? 0 : 20 + one_of(r, SCHEDULE_BYTES - 20);
    for (size_t i = 0; i < c->bytes_left; i++)
        bytes[i] = byte(r);
    g_array_set_size(c->schedule, 0);
    now = c;
    course_run(c);
    now = NULL;
    if (c->outcome != NULL)
        count_run(c);
    if (c->violation != NULL)
        found(c->violation, c->schedule);
}

static uint32_t steps_of(const struct litmus *l)
{
    return l->steps->len;
}

/* False: something is wrong. */
static bool run_program(uint64_t number)
{
    uint8_t bytes[DRAW_HEAD_OF_MANY + DRAW_RECORDS_MAX * DRAW_RECORD], choices[SCHEDULE_BYTES];
    struct itimerval limit = {.it_value.tv_sec = SECONDS_A_PROGRAM};
    GRand *r = g_rand_new_with_seed_array((guint32[]){(guint32)number, (guint32)(number >> 32)}, 2);
    struct course *c = compose(number, r, bytes);

    shared->program = number;
    shared->seed = c->seed;
    setitimer(ITIMER_PROF, &limit, NULL);
    if (c->wrong == NULL)
        explore_it(c, steps_of(c->litmus));
    for (uint32_t i = 0; i < SCHEDULES && c->wrong == NULL && !shared->found; i++)
        run_once(c, r, i, choices);
    if (c->wrong != NULL) {
        fprintf(stderr, "program %" G_GUINT64_FORMAT ": %s\n%s\n", number, c->wrong, c->text);
        shared->totals.refused++;
    } else {
        shared->totals.kernels[c->litmus->kernels->len]++;
    }
    shared->totals.programs++;
    course_free(c);
    g_rand_free(r);
    return !shared->found;
}

/* ---- Processes ----------------------------------------------------------------------------- */

/* What had been done of the run that this ends goes to who waits. */
static void caught(int signal_number)
{
    if (now != NULL) {
        shared->count = MIN(now->schedule->len, TRAIL_MAX);
        memcpy(shared->choices, now->schedule->data, shared->count * sizeof(shared->choices[0]));
    }
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static double since(gint64 start)
{
    return (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
}

static double processor_time(void)
{
    double sum = 0;

    for (int i = 0; i < 2; i++) {
        struct rusage used;
        getrusage(i == 0 ? RUSAGE_SELF : RUSAGE_CHILDREN, &used);
        sum += (double)used.ru_utime.tv_sec + (double)used.ru_stime.tv_sec +
               (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / G_USEC_PER_SEC;
    }
    return sum;
}

static void print_rate(double spent)
{
    const struct totals *t = &shared->totals;

    printf("%.0f s: %" G_GUINT64_FORMAT " programs, %" G_GUINT64_FORMAT
           " schedules, %" G_GUINT64_FORMAT " events\n",
           spent, t->programs, t->schedules, t->events);
    fflush(stdout);
}

static bool is_over(gint64 start, uint64_t next)
{
    return (programs != 0 && next >= (uint64_t)from + (uint64_t)programs) ||
           (seconds != 0 && since(start) >= (double)seconds);
}

/* Programs from `next` on, until it is over or something is found. */
_Noreturn static void work(gint64 start, uint64_t next)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGPROF};
    double told = since(start);

    for (guint i = 0; i < G_N_ELEMENTS(signals); i++)
        signal(signals[i], caught);
    for (; !is_over(start, next); next++) {
        if (!run_program(next))
            _exit(1);
        if (since(start) - told >= MINUTE) {
            told = since(start);
            print_rate(told);
        }
    }
    _exit(0);
}

/* ---- Findings ------------------------------------------------------------------------------ */

static char *name(uint64_t program, const char *ending)
{
    return g_strdup_printf("%s/%" G_GUINT64_FORMAT "%s", folder, program, ending);
}

/* The program as it was, with what was done of it; and then made smaller. */
static int save_finding(void)
{
    uint8_t bytes[DRAW_HEAD_OF_MANY + DRAW_RECORDS_MAX * DRAW_RECORD];
    uint64_t n = shared->program;
    GRand *r = g_rand_new_with_seed_array((guint32[]){(guint32)n, (guint32)(n >> 32)}, 2);
    struct course *c = compose(n, r, bytes);
    char *whole = name(n, "-whole.litmus"), *whole_schedule = name(n, "-whole.schedule");
    char *file = name(n, ".litmus"), *schedule = name(n, ".schedule");
    int status, end;

    c->seed = shared->seed;
    g_array_append_vals(c->schedule, shared->choices, shared->count);
    status = course_save(c, whole, whole_schedule, stdout);
    end = course_try(c);
    if (end == COURSE_FINE) {
        printf("that does not show it; as it was: soak --from %" G_GUINT64_FORMAT " --programs 1\n",
               n);
    } else {
        c = course_smaller(c, end, stdout);
        int second = course_save(c, file, schedule, stdout);
        status = MAX(status, second);
    }
    course_free(c);
    g_rand_free(r);
    g_free(whole);
    g_free(whole_schedule);
    g_free(file);
    g_free(schedule);
    return status;
}

static int look_at_finding(int ended)
{
    int status;

    if (WIFSIGNALED(ended))
        g_snprintf(shared->what, sizeof(shared->what), "%s, %s",
                   WTERMSIG(ended) == SIGPROF ? "takes too long" : strsignal(WTERMSIG(ended)),
                   shared->exploring ? "explored" : "run");
    printf("program %" G_GUINT64_FORMAT ": %s\n", shared->program, shared->what);
    fflush(stdout);
    status = save_finding();
    shared->found = false;
    shared->exploring = false;
    shared->count = 0;
    return status;
}

/* ---- Reports ------------------------------------------------------------------------------- */

static const char *result_name(uint32_t result)
{
    const char *word = result < RESULTS - 1 ? judge_result_word((uint8_t)result) : "other";

    return word != NULL ? word : "?";
}

static void print_calls(void)
{
    for (uint32_t word = 0; word <= LITMUS_STORE; word++) {
        printf("  %-18s", litmus_word_name((enum litmus_word)word));
        for (uint32_t i = 0; i < RESULTS; i++)
            if (shared->totals.results[word][i] != 0)
                printf(" %s %" G_GUINT64_FORMAT, result_name(i), shared->totals.results[word][i]);
        putchar('\n');
    }
}

static void print_totals(void)
{
    const struct totals *t = &shared->totals;
    double cpu = processor_time();

    print_calls();
    printf("kernels: 1 in %" G_GUINT64_FORMAT " programs, 2 in %" G_GUINT64_FORMAT
           ", 3 in %" G_GUINT64_FORMAT ", 4 in %" G_GUINT64_FORMAT "\n",
           t->kernels[1], t->kernels[2], t->kernels[3], t->kernels[4]);
    printf("faults that struck: kill %" G_GUINT64_FORMAT ", exhaust %" G_GUINT64_FORMAT
           ", delay %" G_GUINT64_FORMAT ", interrupt %" G_GUINT64_FORMAT "\n",
           t->faults[RESCIND_FAULT_KILL], t->faults[RESCIND_FAULT_EXHAUST],
           t->faults[RESCIND_FAULT_DELAY], t->faults[RESCIND_FAULT_INTERRUPT]);
    printf("schedules: fifo %" G_GUINT64_FORMAT ", random %" G_GUINT64_FORMAT
           ", pct %" G_GUINT64_FORMAT ", drawn %" G_GUINT64_FORMAT
           ", else explored; %" G_GUINT64_FORMAT " not compared to their end, %" G_GUINT64_FORMAT
           " programs of VPEs waited at one\n",
           t->by[SCHEDULE_FIFO], t->by[SCHEDULE_RANDOM], t->by[SCHEDULE_PCT],
           t->by[SCHEDULE_PCT + 1], t->uncompared, t->stuck);
    printf("explored: %" G_GUINT64_FORMAT " states, to the end in %" G_GUINT64_FORMAT
           " of %" G_GUINT64_FORMAT " programs; refused %" G_GUINT64_FORMAT "\n",
           t->states, t->complete, t->explored, t->refused);
    printf("%.1f programs, %.0f schedules, %.0f events a second of the processor\n",
           (double)t->programs / cpu, (double)t->schedules / cpu, (double)t->events / cpu);
}

static bool lacks(bool there, const char *what, const char *which)
{
    if (!there)
        printf("lacking: %s%s\n", what, which);
    return !there;
}

/* Whether a sample is one of all that can happen. */
static int look_at_sample(void)
{
    const struct totals *t = &shared->totals;
    int lacking = lacks(t->complete > 0, "a program explored to its end", "");

    for (uint32_t i = 1; i <= KERNELS; i++)
        lacking |= lacks(t->kernels[i] > 0, "programs over as many kernels as ",
                         (const char *[]){"", "1", "2", "3", "4"}[i]);
    for (uint32_t i = RESCIND_FAULT_KILL; i <= RESCIND_FAULT_INTERRUPT; i++)
        lacking |=
            lacks(t->faults[i] > 0,
                  "a fault: ", (const char *[]){"", "kill", "exhaust", "delay", "interrupt"}[i]);
    for (uint32_t word = 0; word <= LITMUS_STORE; word++)
        lacking |= lacks(t->results[word][0] > 0 || word == LITMUS_RAW, "an answer ok to ",
                         litmus_word_name((enum litmus_word)word));
    lacking |= lacks(t->refused == 0, "a file or a machine for each program", "");
    return lacking;
}

/* The last line is for tests/soak.log. */
static void print_log(uint64_t next, gint64 start, guint findings)
{
    const struct totals *t = &shared->totals;

    printf("from=%" G_GINT64_FORMAT " to=%" G_GUINT64_FORMAT
           " seconds=%.0f cpu=%.0f programs=%" G_GUINT64_FORMAT " schedules=%" G_GUINT64_FORMAT
           " events=%" G_GUINT64_FORMAT " findings=%u\n",
           from, next - 1, since(start), processor_time(), t->programs, t->schedules, t->events,
           findings);
}

/* ---- All of it ----------------------------------------------------------------------------- */

/* A target may have a mutator, which nobody asks here. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max)
{
    (void)data;
    (void)max;
    return size;
}

static bool read_options(int *argc, char ***argv)
{
    const GOptionEntry entries[] = {
        {"from", 0, 0, G_OPTION_ARG_INT64, &from, "the first program's number (1)", "N"},
        {"programs", 0, 0, G_OPTION_ARG_INT64, &programs, "stop after so many", "N"},
        {"seconds", 0, 0, G_OPTION_ARG_INT64, &seconds, "stop after so many", "N"},
        {"findings", 0, 0, G_OPTION_ARG_INT64, &most, "stop after so many (10)", "N"},
        {"dir", 0, 0, G_OPTION_ARG_FILENAME, &folder, "where findings go", "FOLDER"},
        {"sample", 0, 0, G_OPTION_ARG_NONE, &sample, "all kinds of things must happen", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    GOptionContext *context = g_option_context_new("");
    GError *error = NULL;
    bool good;

    g_option_context_add_main_entries(context, entries, NULL);
    good = g_option_context_parse(context, argc, argv, &error) && *argc == 1 && from > 0 &&
           programs >= 0 && seconds >= 0 && most > 0 && (programs > 0 || seconds > 0) &&
           folder != NULL;
    if (!good)
        fprintf(stderr, "soak: %s\n",
                error != NULL ? error->message : "--dir, and --programs or --seconds are wanted");
    g_clear_error(&error);
    g_option_context_free(context);
    return good;
}

int main(int argc, char **argv)
{
    gint64 start = g_get_monotonic_time();
    guint findings = 0;
    int status = 0;
    uint64_t next = 0;

    if (!read_options(&argc, &argv))
        return 2;
    if (g_mkdir_with_parents(folder, 0777) != 0) {
        perror(folder);
        return 3;
    }
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        abort();
    for (next = (uint64_t)from; !is_over(start, next) && findings < most;
         next = shared->program + 1) {
        int ended = 0;
        fflush(NULL);
        pid_t child = fork();
        if (child < 0)
            abort();
        if (child == 0)
            work(start, next);
        waitpid(child, &ended, 0);
        if (WIFEXITED(ended) && WEXITSTATUS(ended) == 0) {
            next = shared->program + 1;
            break;
        }
        findings++;
        int one = look_at_finding(ended);
        status = MAX(status, one);
    }
    printf("\n");
    print_totals();
    if (sample && look_at_sample() != 0)
        status = MAX(status, 1);
    print_log(next, start, findings);
    return findings > 0 ? MAX(status, 1) : status;
}
