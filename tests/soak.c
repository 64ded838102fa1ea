/* The long run: random litmus programs over one to four kernels, with faults, each under many
 * schedules: soak [OPTION...]. For tests/soak.sh and `meson test`.
 *
 * Program number N is drawn from seed N alone (fuzz/compose.h), so a run is its first number and
 * how many there were. Each is explored as far as EXPLORED states go, depth first; then it is run
 * under fifo, random, PCT and drawn schedules. After every event of all that the kernels' audit
 * must hold and the monitor must find an order of atomic calls for every answer; at each end nobody
 * may be stuck in a call that need not wait, nothing may be left over, and the tables must be those
 * that such an order leaves.
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

#include "fuzz/compose.h"
#include "fuzz/fuzz.h"
#include "fuzz/smaller.h"
#include "rescind/startup.h"
#include "sim/explore.h"

enum {
    KERNELS = 4,
    EXPLORED = 1500,       /* states of each program, */
    EXPLORED_SMALL = 6000, /* and of one with few steps */
    FEW = 16,
    SCHEDULES = 24,          /* beside them, */
    SCHEDULE_BYTES = 400,    /* drawn ones of so many choices at most */
    SECONDS_A_PROGRAM = 120, /* of the processor */
    TRAIL_MAX = 1 << 16,
    RESULTS = 34, /* error codes, and what is none */
    SAMPLE_WORDS = 26,
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

/* ---- Running ------------------------------------------------------------------------------- */

static void found(const struct violation *v, const GArray *schedule)
{
    shared->found = true;
    g_snprintf(shared->what, sizeof(shared->what), "%s: %s", violation_word(v->kind), v->text);
    shared->count = MIN(schedule->len, TRAIL_MAX);
    memcpy(shared->choices, schedule->data, shared->count * sizeof(shared->choices[0]));
}

static void explore_it(const struct course *c)
{
    struct totals *t = &shared->totals;
    struct explore_options options = {.seed = c->seed,
                                      .work = c->work,
                                      .patient = true,
                                      .max_states =
                                          c->litmus->steps->len <= FEW ? EXPLORED_SMALL : EXPLORED};
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

static bool once_in(GRand *r, gint32 times)
{
    return g_rand_int_range(r, 0, times) == 0;
}

static void run_once(struct course *c, GRand *r, uint32_t which, uint8_t *bytes)
{
    c->seed = g_rand_int(r);
    shared->seed = c->seed;
    c->by_itself = which == 0 || !once_in(r, 5);
    c->how = which == 0 ? SCHEDULE_FIFO : once_in(r, 2) ? SCHEDULE_RANDOM : SCHEDULE_PCT;
    c->depth = (uint32_t)g_rand_int_range(r, 2, 9);
    c->bytes = bytes;
    c->bytes_left = c->by_itself ? 0 : (size_t)g_rand_int_range(r, 20, SCHEDULE_BYTES);
    for (size_t i = 0; i < c->bytes_left; i++)
        bytes[i] = (uint8_t)g_rand_int(r);
    g_array_set_size(c->schedule, 0);
    now = c;
    course_run(c);
    now = NULL;
    if (c->outcome != NULL)
        count_run(c);
    if (c->violation != NULL)
        found(c->violation, c->schedule);
}

static GRand *generator(uint64_t number)
{
    return g_rand_new_with_seed_array((guint32[]){(guint32)number, (guint32)(number >> 32)}, 2);
}

/* False: something is wrong. */
static bool run_program(uint64_t number)
{
    uint8_t bytes[COMPOSE_BYTES], choices[SCHEDULE_BYTES];
    struct itimerval limit = {.it_value.tv_sec = SECONDS_A_PROGRAM};
    GRand *r = generator(number);
    struct course *c = compose(number, r, bytes);

    shared->program = number;
    shared->seed = c->seed;
    setitimer(ITIMER_PROF, &limit, NULL);
    if (c->wrong == NULL)
        explore_it(c);
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
    uint8_t bytes[COMPOSE_BYTES];
    uint64_t n = shared->program;
    GRand *r = generator(n);
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
    else if (!shared->found) /* as under AddressSanitizer */
        g_snprintf(shared->what, sizeof(shared->what), "its process ended with %d",
                   WEXITSTATUS(ended));
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
           ", else explored; %" G_GUINT64_FORMAT " not compared to their end; %" G_GUINT64_FORMAT
           " VPEs waited at one\n",
           t->by[SCHEDULE_FIFO], t->by[SCHEDULE_RANDOM], t->by[SCHEDULE_PCT],
           t->by[SCHEDULE_PCT + 1], t->uncompared, t->stuck);
    printf("explored: %" G_GUINT64_FORMAT " states, to the end in %" G_GUINT64_FORMAT
           " of %" G_GUINT64_FORMAT " programs; refused %" G_GUINT64_FORMAT "\n",
           t->states, t->complete, t->explored, t->refused);
    printf("%.1f programs, %.0f schedules, %.0f events a second of the processor\n",
           (double)t->programs / cpu, (double)t->schedules / cpu, (double)t->events / cpu);
}

static int lacks(uint64_t there, uint64_t wanted, const char *what)
{
    if (there < wanted)
        printf("lacking: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " %s\n", there, wanted, what);
    return there < wanted;
}

/* Whether a sample is one of what can happen: a few calls want more luck than a short one has. */
static int look_at_sample(void)
{
    const struct totals *t = &shared->totals;
    uint64_t kernels = 0, faults = 0, words = 0;
    int lacking = 0;

    for (uint32_t i = 1; i <= KERNELS; i++)
        kernels += t->kernels[i] > 0;
    for (uint32_t i = RESCIND_FAULT_KILL; i <= RESCIND_FAULT_INTERRUPT; i++)
        faults += t->faults[i] > 0;
    for (uint32_t word = 0; word <= LITMUS_STORE; word++)
        words += t->results[word][RESCIND_NO_ERROR] > 0;
    lacking |= lacks(kernels, KERNELS, "numbers of kernels");
    lacking |= lacks(faults, RESCIND_FAULT_INTERRUPT, "kinds of faults");
    lacking |= lacks(words, SAMPLE_WORDS, "calls that were answered ok");
    lacking |= lacks(t->complete, 1, "programs explored to the end");
    lacking |= lacks(t->programs - t->refused, t->programs, "programs that a machine was had for");
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
        {"sample", 0, 0, G_OPTION_ARG_NONE, &sample,
         "all kinds of kernels and faults, and most calls, must be there", NULL},
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

/* The number behind the last program's. */
static uint64_t run_all(gint64 start, guint *findings, int *status)
{
    shared->program = (uint64_t)from - 1;
    while (!is_over(start, shared->program + 1) && *findings < most) {
        int ended = 0, one;
        fflush(NULL);
        pid_t child = fork();
        if (child < 0)
            abort();
        if (child == 0)
            work(start, shared->program + 1);
        waitpid(child, &ended, 0);
        if (WIFEXITED(ended) && WEXITSTATUS(ended) == 0)
            break;
        ++*findings;
        one = look_at_finding(ended);
        *status = MAX(*status, MAX(one, 1));
    }
    return shared->program + 1;
}

int main(int argc, char **argv)
{
    gint64 start = g_get_monotonic_time();
    guint findings = 0;
    int status = 0;
    uint64_t next;

    if (!read_options(&argc, &argv))
        return 2;
    if (g_mkdir_with_parents(folder, 0777) != 0) {
        perror(folder);
        return 3;
    }
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        abort();
    next = run_all(start, &findings, &status);
    putchar('\n');
    print_totals();
    if (sample && look_at_sample() != 0)
        status = MAX(status, 1);
    print_log(next, start, findings);
    return status;
}
