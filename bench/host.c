/* Times of what the host does with kernels; see bench.h. Where there is a target it stands where
 * other subjects have their floor: a ratio of 1 or less meets it. */
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/grove.h"
#include "rescind/user.h"
#include "sim/cluster.h"
#include "sim/compile.h"
#include "sim/explore.h"
#include "sim/litmus.h"
#include "sim/machine.h"
#include "tests/drive.h"

/* What libFuzzer calls of each of its targets. */
int fuzz_message(const uint8_t *data, size_t size);
int fuzz_ops(const uint8_t *data, size_t size);
int fuzz_peer(const uint8_t *data, size_t size);

enum { PAGE = 4096, CAPS = 1000, TIMES = 2000 };

/* Nanoseconds. */
enum {
    RESET_TARGET = 1000,
    SNAPSHOT_TARGET = 10000,         /* and of restoring it */
    STATE_TARGET = 1000000 / 100,    /* 100 000 a second */
    AT_ENDS_TARGET = 1000000 / 300,  /* 300 000 */
    EXECUTION_TARGET = 1000000 / 200 /* 200 000, libFuzzer's own work included */
};

/* ---- Arenas ------------------------------------------------------------------------------- */

static void run_create(void *state)
{
    struct rescind_kernel_config config = {.vpes = 4, .nodes = 120, .seed = 1};
    size_t size = rescind_kernel_size(&config);

    clock_start();
    for (int i = 0; i < TIMES; i++) {
        struct rescind_kernel *k = rescind_kernel_create(state, size, &config);
        for (uint32_t vpe = 0; vpe < config.vpes; vpe++)
            rescind_kernel_boot_vpe(k, 0x100000 * vpe, 0x100000);
    }
    clock_stop();
}

/* After an event has changed something. */
static void run_reset(void *state)
{
    struct drive *drive = state;
    struct model_call noop = call_noop();

    drive_call(drive, 0, &noop);
    clock_start();
    for (int i = 0; i < TIMES; i++)
        drive_reset(drive);
    clock_stop();
    if (drive->events != 0 || memcmp(drive->arena, drive->saved, drive->used) != 0)
        g_error("a reset kernel is not what it was");
}

struct copies {
    struct machine *machine;
    struct machine_snapshot *snapshot;
    struct rescind_kernel *k;
    void *copy;
};

static void run_save(void *state)
{
    struct copies *c = state;

    clock_start();
    for (int i = 0; i < TIMES; i++)
        c->snapshot = machine_save(c->machine, c->snapshot);
    clock_stop();
}

static void run_restore(void *state)
{
    struct copies *c = state;

    clock_start();
    for (int i = 0; i < TIMES; i++)
        machine_restore(c->machine, c->snapshot);
    clock_stop();
}

/* The same without anything that knows what it is. */
static void run_copy(void *state)
{
    struct copies *c = state;

    clock_start();
    for (int i = 0; i < TIMES; i++) {
        memcpy(c->copy, c->k, (size_t)CAPS * 64);
        __asm__ volatile("" ::: "memory");
    }
    clock_stop();
}

static void snapshots(struct measure *m)
{
    struct machine_options options = {.vpes = 1, .nodes = 2 * CAPS + 16};
    struct subject subject = {"snapshot", "of a machine", CAPS, TIMES, "snapshot"};
    struct copies c = {.machine = machine_new(&options, NULL)};
    double floor;

    if (c.machine == NULL || machine_vpe(c.machine, 0, "VPE0") != 0)
        g_error("no machine");
    c.k = machine_kernel(c.machine, 0);
    for (uint32_t i = RESCIND_SEL_FREE; i < CAPS; i++) {
        struct message call =
            i == RESCIND_SEL_FREE
                ? cluster_creategate(i)
                : cluster_exchange(RESCIND_SEL_VPE, RESCIND_SEL_FREE, i, 1, false);
        grove_call(c.k, 0, &call);
    }
    c.copy = g_malloc(rescind_kernel_used(c.k));
    floor = measure_aside(run_copy, &c, TIMES);
    measure_run(m, &subject, run_save, &c);
    measure_floor(m, "memcpy", floor);
    measure_floor(m, "target", SNAPSHOT_TARGET);
    subject.name = "restore";
    measure_run(m, &subject, run_restore, &c);
    measure_floor(m, "memcpy", floor);
    measure_floor(m, "target", SNAPSHOT_TARGET);
    machine_snapshot_free(c.snapshot);
    machine_free(c.machine);
    g_free(c.copy);
}

void bench_arena(struct measure *m)
{
    struct subject create = {"kernel-create", "4 VPEs", 120, TIMES, "kernel"};
    struct subject reset = {"kernel-reset", "the fuzzer's", 60, TIMES, "reset"};
    struct drive *drive;
    void *arena;

    if (measure_wants(m, create.name) || measure_wants(m, reset.name)) {
        arena = aligned_alloc(PAGE, 64 * PAGE);
        drive = drive_populated();
        measure_run(m, &create, run_create, arena);
        measure_run(m, &reset, run_reset, drive);
        measure_floor(m, "target", RESET_TARGET);
        drive_free(drive);
        free(arena);
    }
    if (measure_wants(m, "snapshot") || measure_wants(m, "restore"))
        snapshots(m);
}

/* ---- The simulator ------------------------------------------------------------------------ */

static char *path_to(const char *sources, const char *name)
{
    return g_build_filename(sources, name, NULL);
}

static int caller(struct rescind_env *env)
{
    for (int i = 0; i < TIMES; i++) {
        if (rescind_noop(env) != RESCIND_NO_ERROR)
            return 1;
    }
    return 0;
}

/* Two programs in C that make NOOPs. */
static void run_choices(void *state)
{
    struct machine_options options = {
        .vpes = 2, .nodes = 64, .audit = *(enum machine_audit *)state};
    struct machine *machine = machine_new(&options, NULL);

    if (machine == NULL)
        g_error("no machine");
    for (uint32_t vpe = 0; vpe < 2; vpe++) {
        machine_vpe(machine, 0, "caller");
        machine_function(machine, vpe, caller, NULL);
    }
    clock_start();
    machine_run(machine, NULL, NULL);
    clock_stop();
    for (uint32_t vpe = 0; vpe < 2; vpe++) {
        struct machine_status status = machine_status(machine, vpe);
        if (!status.through || status.value != 0)
            g_error("a program did not finish");
    }
    machine_free(machine);
}

/* Two litmus programs that make NOOPs, step by step. */
static void run_steps(void *state)
{
    static const char text[] = "vpe A\nvpe B\nprogram A\n    repeat 2000 { noop }\n"
                               "program B\n    repeat 2000 { noop }\n";
    struct machine_options options = {.audit = *(enum machine_audit *)state};
    char *error = NULL;
    struct litmus *litmus = litmus_parse("bench", text, strlen(text), &error);
    GByteArray *module = litmus != NULL ? compile(litmus, 0) : NULL;
    struct machine *machine = module != NULL ? machine_load(&options, module->data, NULL) : NULL;

    if (machine == NULL)
        g_error("no machine");
    clock_start();
    machine_run(machine, NULL, NULL);
    clock_stop();
    if (machine_time(machine) != 2 * TIMES)
        g_error("a NOOP is not one step");
    machine_free(machine);
    g_byte_array_unref(module);
    litmus_free(litmus);
}

void bench_simulator(struct measure *m, const char *sources)
{
    enum machine_audit audit[] = {AUDIT_NEVER, AUDIT_ALWAYS};
    struct subject subject = {"simulator", "NOOP of a C program", 0, 2 * TIMES, "call"};
    struct subject steps = {"simulator", "NOOP of a litmus file", 0, 2 * TIMES, "step"};

    (void)sources;
    if (!measure_wants(m, "simulator"))
        return;
    measure_run(m, &subject, run_choices, &audit[0]);
    subject.variant = "NOOP of a C program, audited";
    measure_run(m, &subject, run_choices, &audit[1]);
    measure_run(m, &steps, run_steps, &audit[0]);
    steps.variant = "NOOP of a litmus file, audited";
    measure_run(m, &steps, run_steps, &audit[1]);
}

/* ---- The explorer ------------------------------------------------------------------------- */

struct exploration {
    struct litmus *litmus;
    bool audit_ends;
    uint64_t states; /* that there were */
};

static void run_explore(void *state)
{
    struct exploration *x = state;
    struct explore_options options = {
        .strategy = EXPLORE_DPOR, .work = 1, .audit_ends = x->audit_ends};
    struct explore_result *result;

    clock_start();
    result = explore(x->litmus, &options, NULL);
    clock_stop();
    if (result == NULL || result->violations > 0)
        g_error("it is not explored as it should be");
    x->states = result->states;
    explore_result_free(result);
}

static struct litmus *read_litmus(const char *sources, const char *name)
{
    g_autofree char *path = path_to(sources, name);
    char *error = NULL;
    struct litmus *litmus = litmus_read(path, &error);

    if (litmus == NULL)
        g_error("%s", error);
    return litmus;
}

/* A file, once with the audit at every state and once at ends alone. */
static void explore_both(struct measure *m, const char *sources, const char *file,
                         const char *always, const char *at_ends)
{
    struct exploration x = {.litmus = read_litmus(sources, file)};
    struct subject subject = {"explorer", always, 0, 1, "state"};

    run_explore(&x);
    subject.size = subject.units = x.states;
    measure_run(m, &subject, run_explore, &x);
    measure_floor(m, "target", STATE_TARGET);
    x.audit_ends = true;
    subject.variant = at_ends;
    measure_run(m, &subject, run_explore, &x);
    measure_floor(m, "target", AT_ENDS_TARGET);
    litmus_free(x.litmus);
}

void bench_explorer(struct measure *m, const char *sources)
{
    if (!measure_wants(m, "explorer"))
        return;
    explore_both(m, sources, "tests/litmus/racy/across-crosswise-against-delegate.litmus",
                 "two kernels, audited at every state", "two kernels, audited at ends");
    explore_both(m, sources, "tests/litmus/racy/across-exit-in-the-middle.litmus",
                 "three kernels, audited at every state", "three kernels, audited at ends");
}

/* ---- The fuzzers -------------------------------------------------------------------------- */

struct fuzzing {
    int (*target)(const uint8_t *data, size_t size);
    GPtrArray *inputs;
};

static void run_inputs(void *state)
{
    const struct fuzzing *fuzzing = state;

    clock_start();
    for (guint i = 0; i < fuzzing->inputs->len; i++) {
        gsize size;
        const uint8_t *bytes = g_bytes_get_data(g_ptr_array_index(fuzzing->inputs, i), &size);
        fuzzing->target(bytes, size);
    }
    clock_stop();
}

/* The kept inputs of a target and what they become with a byte changed. */
static GPtrArray *read_inputs(const char *sources, const char *corpus, guint mutants)
{
    g_autofree char *folder = path_to(sources, corpus);
    g_autoptr(GDir) names = g_dir_open(folder, 0, NULL);
    GPtrArray *inputs = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    GRand *random = g_rand_new_with_seed(1);
    const char *name;

    while (names != NULL && (name = g_dir_read_name(names)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL), *bytes = NULL;
        gsize size;
        if (!g_file_get_contents(path, &bytes, &size, NULL))
            g_error("%s can't be read", path);
        for (guint i = 0; i < mutants; i++) {
            if (size > 0)
                bytes[g_rand_int_range(random, 0, (gint32)size)] = (char)g_rand_int(random);
            g_ptr_array_add(inputs, g_bytes_new(bytes, size));
        }
    }
    g_rand_free(random);
    if (inputs->len == 0)
        g_error("no inputs in %s", folder);
    return inputs;
}

/* Without libFuzzer, and so without what it counts. */
static bool fuzz_with(struct measure *m, const char *sources, const char *name, const char *corpus,
                      struct fuzzing fuzzing, guint mutants)
{
    struct subject subject = {name, "mutants of the kept inputs, no libFuzzer", 0, 0, "execution"};

    if (!measure_wants(m, name))
        return false;
    fuzzing.inputs = read_inputs(sources, corpus, mutants);
    subject.size = subject.units = fuzzing.inputs->len;
    measure_run(m, &subject, run_inputs, &fuzzing);
    g_ptr_array_unref(fuzzing.inputs);
    return true;
}

void bench_fuzzer(struct measure *m, const char *sources)
{
    if (fuzz_with(m, sources, "fuzz_message", "fuzz/corpus/message",
                  (struct fuzzing){.target = fuzz_message}, 200))
        measure_floor(m, "target", EXECUTION_TARGET);
    fuzz_with(m, sources, "fuzz_ops", "fuzz/corpus/ops", (struct fuzzing){.target = fuzz_ops}, 10);
    fuzz_with(m, sources, "fuzz_peer", "fuzz/corpus/peer", (struct fuzzing){.target = fuzz_peer},
              5);
}

/* ---- Litmus files ------------------------------------------------------------------------- */

static void run_parse(void *state)
{
    GPtrArray *texts = state;

    clock_start();
    for (guint i = 0; i < texts->len; i++) {
        const char *text = g_ptr_array_index(texts, i);
        char *error = NULL;
        litmus_free(litmus_parse("bench", text, strlen(text), &error));
        g_free(error);
    }
    clock_stop();
}

static void run_read_bytes(void *state)
{
    GPtrArray *texts = state;
    guint lines = 0;

    clock_start();
    for (guint i = 0; i < texts->len; i++) {
        for (const char *at = g_ptr_array_index(texts, i); *at != '\0'; at++)
            lines += *at == '\n';
    }
    clock_stop();
    if (lines == 0)
        g_error("there are no lines");
}

void bench_parse(struct measure *m, const char *sources)
{
    g_autofree char *folder = path_to(sources, "tests/litmus");
    g_autoptr(GDir) names = g_dir_open(folder, 0, NULL);
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    struct subject subject = {"litmus-parse", "the corpus", 0, 0, "line"};
    const char *name;
    char *text;

    if (!measure_wants(m, "litmus-parse"))
        return;
    while (names != NULL && (name = g_dir_read_name(names)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (!g_str_has_suffix(name, ".litmus") || !g_file_get_contents(path, &text, NULL, NULL))
            continue;
        g_ptr_array_add(texts, text);
        for (const char *at = text; *at != '\0'; at++)
            subject.units += *at == '\n';
    }
    subject.size = texts->len;
    if (texts->len == 0)
        g_error("no litmus files below %s", sources);
    measure_run(m, &subject, run_parse, texts);
    measure_floor(m, "counting-lines", measure_aside(run_read_bytes, texts, subject.units));
}
