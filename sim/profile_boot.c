/* Profiles on the PC; see profile_boot.h. */
#include "sim/profile_boot.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rescind/abi.h"
#include "rescind/startup.h"
#include "sim/boot.h"
#include "sim/memory.h"
#include "sim/profile_plan.h"

/* So often each call that is measured on its own; the kernel's nodes beyond the tree's; and by how
 * many instructions a loop of known length may seem longer: what reads the clock. */
enum { REPEATS = 64, SPARE_NODES = 1024, CLOCK_SLACK = 8 };
enum { VPES = 2, NOOPS_MIN = 4096 };
/* Selectors: a gate, its clones, and the tree's. */
enum { SEL_GATE = 2, SEL_CLONES = 3, SEL_TREE = SEL_CLONES + REPEATS };

/* The calls of the one VPE, in their order, which also are the ticks' behind the first. */
enum {
    CALL_NOOPS = 0,
    CALL_GATE = CALL_NOOPS + REPEATS,
    CALL_EXCHANGES,
    CALL_REVOKES = CALL_EXCHANGES + REPEATS,
    CALL_ROOT = CALL_REVOKES + REPEATS,
    CALL_TREE,
};

static void add_call(GByteArray *steps, const uint64_t *message, size_t size)
{
    const struct rescind_startup_step step = {.kind = RESCIND_STEP_CALL, .size = (uint16_t)size};

    g_byte_array_append(steps, (const guint8 *)&step, sizeof(step));
    g_byte_array_append(steps, (const guint8 *)message, (guint)size);
}

static void add_noop(GByteArray *steps)
{
    const uint64_t message[] = {RESCIND_SYS_NOOP};

    add_call(steps, message, sizeof(message));
}

static void add_gate(GByteArray *steps, uint32_t sel)
{
    const uint64_t message[] = {
        RESCIND_SYS_CREATEGATE, RESCIND_SEL_VPE, sel, 1, RESCIND_EP_FREE, 1};

    add_call(steps, message, sizeof(message));
}

static uint64_t word(uint32_t low, uint32_t high)
{
    return (uint64_t)high << 32 | low;
}

/* With itself: the VPE holds all of the tree. */
static void add_exchange(GByteArray *steps, uint32_t from, uint32_t to)
{
    const uint64_t message[] = {RESCIND_SYS_EXCHANGE,
                                RESCIND_SEL_VPE,
                                word(0, from),
                                1,
                                word(RESCIND_TABLE_OBJECT, to),
                                1,
                                0};

    add_call(steps, message, sizeof(message));
}

static void add_revoke(GByteArray *steps, uint32_t sel)
{
    const uint64_t message[] = {RESCIND_SYS_REVOKE, word(RESCIND_TABLE_OBJECT, sel), 1, 1};

    add_call(steps, message, sizeof(message));
}

/* Sets the only signal, or waits for it. */
static void add_signal(GByteArray *steps, enum rescind_startup_kind kind)
{
    const struct rescind_startup_step step = {.kind = (uint16_t)kind};

    g_byte_array_append(steps, (const guint8 *)&step, sizeof(step));
}

static void add_single_calls(GByteArray *steps)
{
    for (uint32_t i = 0; i < REPEATS; i++)
        add_noop(steps);
    add_gate(steps, SEL_GATE);
    for (uint32_t i = 0; i < REPEATS; i++)
        add_exchange(steps, SEL_GATE, SEL_CLONES + i);
    for (uint32_t i = 0; i < REPEATS; i++)
        add_revoke(steps, SEL_CLONES + i);
}

/* And its end; `signals` before that. False with *error set: there is no memory. */
static bool add_tree(GByteArray *steps, const struct plan *plan, bool signals, GError **error)
{
    uint32_t *sel = memory_new(plan->size, sizeof(*sel));

    if (sel == NULL) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                    "no memory for a tree of %u capabilities", plan->size);
        return false;
    }
    for (uint32_t i = 0; i < plan->size; i++)
        sel[plan->order[i]] = SEL_TREE + i;
    add_gate(steps, sel[0]);
    for (uint32_t i = 1; i < plan->size; i++)
        add_exchange(steps, sel[plan->parent[i]], sel[i]);
    if (signals)
        add_signal(steps, RESCIND_STEP_SIGNAL);
    add_revoke(steps, sel[0]);
    memory_free(sel);
    return true;
}

/* The program of each VPE, and how many steps and calls it has. */
struct program {
    const char *name;
    GByteArray *steps;
    uint32_t step_count, call_count;
};

static GByteArray *make_module(const struct profile_options *options,
                               const struct program *programs, uint32_t count)
{
    struct {
        struct rescind_startup header;
        struct rescind_startup_kernel kernel;
        struct rescind_startup_vpe vpes[VPES];
    } head = {
        .header = {.magic = RESCIND_STARTUP_MAGIC,
                   .size = sizeof(head),
                   .vpe_count = count,
                   .signal_count = count - 1,
                   .kernel_count = 1,
                   .seed = options->seed + 1},
        .kernel = {.name = "kernel", .nodes = options->size + SPARE_NODES, .vpes = count},
    };
    GByteArray *module = g_byte_array_new();

    for (uint32_t i = 0; i < count; i++) {
        struct rescind_startup_vpe *vpe = &head.vpes[i];

        g_strlcpy(vpe->name, programs[i].name, sizeof(vpe->name));
        vpe->steps = head.header.size;
        vpe->steps_size = programs[i].steps->len;
        vpe->step_count = programs[i].step_count;
        vpe->call_count = programs[i].call_count;
        head.header.size += vpe->steps_size;
    }
    head.header.kernels = (uint32_t)((uint8_t *)&head.kernel - (uint8_t *)&head);
    head.header.vpes = (uint32_t)((uint8_t *)head.vpes - (uint8_t *)&head);
    head.header.grants = head.header.faults = head.header.serials = sizeof(head);
    g_byte_array_append(module, (const guint8 *)&head, sizeof(head));
    for (uint32_t i = 0; i < count; i++)
        g_byte_array_append(module, programs[i].steps->data, programs[i].steps->len);
    return module;
}

/* Of one VPE that does all there is to do. NULL with *error set: there is no memory. */
static GByteArray *alone(const struct profile_options *options, GError **error)
{
    uint32_t calls = CALL_TREE + options->size;
    struct program program = {"profile", g_byte_array_new(), calls, calls};
    struct plan *plan = profile_plan(options, error);
    GByteArray *module = NULL;

    add_single_calls(program.steps);
    if (plan != NULL && add_tree(program.steps, plan, false, error))
        module = make_module(options, &program, 1);
    g_byte_array_unref(program.steps);
    plan_free(plan);
    return module;
}

/* As many as the other VPE's REVOKE lasts for, roughly: each takes longer than a capability. */
static uint32_t noops_beside(const struct profile_options *options)
{
    return MAX(options->size, NOOPS_MIN);
}

/* Of one VPE that builds and revokes the tree, and one that sends NOOPs from the REVOKE on. */
static GByteArray *beside(const struct profile_options *options, GError **error)
{
    uint32_t calls = options->size + 1, noops = noops_beside(options);
    struct program programs[VPES] = {
        {"profile", g_byte_array_new(), calls + 1, calls},
        {"beside", g_byte_array_new(), noops + 1, noops},
    };
    struct plan *plan = profile_plan(options, error);
    GByteArray *module = NULL;

    add_signal(programs[1].steps, RESCIND_STEP_WAIT);
    for (uint32_t i = 0; i < noops; i++)
        add_noop(programs[1].steps);
    if (plan != NULL && add_tree(programs[0].steps, plan, true, error))
        module = make_module(options, programs, VPES);
    for (uint32_t i = 0; i < VPES; i++)
        g_byte_array_unref(programs[i].steps);
    plan_free(plan);
    return module;
}

/* ---- What came of it ---------------------------------------------------------------------- */

static int by_number(gconstpointer a, gconstpointer b)
{
    guint32 x = *(const guint32 *)a, y = *(const guint32 *)b;

    return (x > y) - (x < y);
}

static uint32_t median(const uint32_t *ticks, uint32_t count)
{
    uint32_t *sorted = g_memdup2(ticks, count * sizeof(*ticks)), middle;

    qsort(sorted, count, sizeof(*sorted), by_number);
    middle = sorted[count / 2];
    g_free(sorted);
    return middle;
}

static void evaluate(const uint32_t *ticks, uint32_t size, struct profile_boot *out)
{
    double sum = 0;

    for (uint32_t i = 0; i < size - 1; i++)
        sum += ticks[CALL_TREE + i];
    out->noop = median(ticks + CALL_NOOPS, REPEATS);
    out->exchange = median(ticks + CALL_EXCHANGES, REPEATS);
    out->revoke_leaf = median(ticks + CALL_REVOKES, REPEATS);
    out->revoke = ticks[CALL_TREE + size - 1];
    if (size > 1) {
        out->exchange_mean = sum / (size - 1);
        out->revoke_per_descendant = ((double)out->revoke - out->revoke_leaf) / (size - 1);
    }
}

static const GArray *ticks_of(const struct boot_clock *clock, uint32_t vpe)
{
    return g_ptr_array_index(clock->vpes, vpe);
}

/* The clock counts instructions, every call was answered well, and only so many capabilities are
 * left. */
static bool is_good_vpe(const struct outcome *outcome, const struct boot_clock *clock, uint32_t vpe,
                        uint32_t caps, GError **error)
{
    const struct outcome_vpe *end = outcome_vpe(outcome, vpe);
    uint32_t loop = g_array_index(ticks_of(clock, vpe), uint32_t, 0);

    if (loop < BOOT_CLOCK_LOOP || loop > BOOT_CLOCK_LOOP + CLOCK_SLACK) {
        g_set_error(error, BOOT_ERROR, BOOT_ERROR_QEMU,
                    "QEMU does not count instructions: %u of them were %u ticks",
                    (unsigned)BOOT_CLOCK_LOOP, loop);
        return false;
    }
    for (guint i = 0; i < end->results->len; i++) {
        if (end->results->data[i] != RESCIND_NO_ERROR) {
            g_set_error(error, BOOT_ERROR, BOOT_ERROR_GUEST,
                        "call %u of VPE %u was answered with error %u", i, vpe,
                        end->results->data[i]);
            return false;
        }
    }
    if (end->caps->len != caps) {
        g_set_error(error, BOOT_ERROR, BOOT_ERROR_GUEST, "VPE %u has %u capabilities left, not %u",
                    vpe, end->caps->len, caps);
        return false;
    }
    return true;
}

static struct outcome *boot_with(const GByteArray *module, struct boot_clock *clock, GError **error)
{
    const struct boot_options boot = {.icount = true, .audit = true, .clock = clock};

    return boot_run(module->data, module->len, &boot, error);
}

bool profile_boot(const struct profile_options *options, struct profile_boot *out, GError **error)
{
    GByteArray *module = alone(options, error);
    struct boot_clock *clock;
    struct outcome *outcome;
    bool good;

    *out = (struct profile_boot){0};
    if (module == NULL)
        return false;
    clock = boot_clock_new();
    outcome = boot_with(module, clock, error);
    good = outcome != NULL && is_good_vpe(outcome, clock, 0, SEL_GATE + 1, error);
    if (good) {
        evaluate((const uint32_t *)(const void *)ticks_of(clock, 0)->data + 1, options->size, out);
        out->stretch = g_array_index(clock->stretches, uint64_t, 0);
    }
    outcome_free(outcome);
    boot_clock_free(clock);
    g_byte_array_unref(module);
    return good;
}

/* What became of the NOOPs that were answered while the REVOKE was under way: the second VPE waits
 * for the first one's signal, and sends them one behind the other. */
static void evaluate_beside(const struct boot_clock *clock, uint32_t size,
                            struct profile_boot_beside *out)
{
    const GArray *ticks = ticks_of(clock, 1);
    const uint32_t *noops = (const uint32_t *)(const void *)ticks->data + 1;
    uint64_t passed = 0;

    out->stretch = g_array_index(clock->stretches, uint64_t, 0);
    out->revoke = g_array_index(ticks_of(clock, 0), uint32_t, 1 + size);
    while (out->noops < ticks->len - 1 && passed < out->revoke)
        passed += noops[out->noops++];
    out->median = median(noops, out->noops);
    for (uint32_t i = 0; i < out->noops; i++) {
        out->longest = MAX(out->longest, noops[i]);
        out->late += noops[i] > 2 * out->stretch;
        out->turns += noops[i] >= 2 * out->median;
    }
}

bool profile_boot_beside(const struct profile_options *options, struct profile_boot_beside *out,
                         GError **error)
{
    GByteArray *module = beside(options, error);
    struct boot_clock *clock;
    struct outcome *outcome;
    bool good;

    *out = (struct profile_boot_beside){0};
    if (module == NULL)
        return false;
    clock = boot_clock_new();
    outcome = boot_with(module, clock, error);
    good = outcome != NULL && is_good_vpe(outcome, clock, 0, SEL_GATE, error) &&
           is_good_vpe(outcome, clock, 1, SEL_GATE, error);
    if (good)
        evaluate_beside(clock, options->size, out);
    outcome_free(outcome);
    boot_clock_free(clock);
    g_byte_array_unref(module);
    return good;
}

/* ---- In words ----------------------------------------------------------------------------- */

void profile_boot_print_head(void)
{
    puts("shape     size selectors    noop exchange exchange_mean revoke_leaf     revoke"
         " revoke_per_descendant  stretch");
}

void profile_boot_print_row(const struct profile_options *options,
                            const struct profile_boot *profile)
{
    printf("%-6s %7u %-9s %7u %8u %13.1f %11u %10" G_GUINT64_FORMAT " %21.1f %8" G_GUINT64_FORMAT
           "\n",
           profile_shape_name(options->shape), options->size,
           profile_selectors_name(options->selectors), profile->noop, profile->exchange,
           profile->exchange_mean, profile->revoke_leaf, profile->revoke,
           profile->revoke_per_descendant, profile->stretch);
}

static void add_int(JsonBuilder *b, const char *name, uint64_t value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_int_value(b, (gint64)value);
}

static void add_double(JsonBuilder *b, const char *name, double value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_double_value(b, value);
}

static JsonBuilder *begin_json(const struct profile_options *options)
{
    JsonBuilder *b = json_builder_new();

    json_builder_begin_object(b);
    json_builder_set_member_name(b, "shape");
    json_builder_add_string_value(b, profile_shape_name(options->shape));
    add_int(b, "size", options->size);
    json_builder_set_member_name(b, "selectors");
    json_builder_add_string_value(b, profile_selectors_name(options->selectors));
    return b;
}

static void end_json(JsonBuilder *b)
{
    JsonNode *root;
    char *text;

    json_builder_end_object(b);
    root = json_builder_get_root(b);
    text = json_to_string(root, FALSE);
    puts(text);
    g_free(text);
    json_node_unref(root);
    g_object_unref(b);
}

void profile_boot_print_json(const struct profile_options *options,
                             const struct profile_boot *profile)
{
    JsonBuilder *b = begin_json(options);

    add_int(b, "noop", profile->noop);
    add_int(b, "exchange", profile->exchange);
    add_double(b, "exchange_mean", profile->exchange_mean);
    add_int(b, "revoke_leaf", profile->revoke_leaf);
    add_int(b, "revoke", profile->revoke);
    add_double(b, "revoke_per_descendant", profile->revoke_per_descendant);
    add_int(b, "stretch", profile->stretch);
    end_json(b);
}

void profile_boot_beside_print_head(void)
{
    puts("shape     size selectors     revoke  stretch    noops median longest   late  turns");
}

void profile_boot_beside_print_row(const struct profile_options *options,
                                   const struct profile_boot_beside *profile)
{
    printf("%-6s %7u %-9s %10" G_GUINT64_FORMAT " %8" G_GUINT64_FORMAT " %8u %6u %7u %6u %6u\n",
           profile_shape_name(options->shape), options->size,
           profile_selectors_name(options->selectors), profile->revoke, profile->stretch,
           profile->noops, profile->median, profile->longest, profile->late, profile->turns);
}

void profile_boot_beside_print_json(const struct profile_options *options,
                                    const struct profile_boot_beside *profile)
{
    JsonBuilder *b = begin_json(options);

    add_int(b, "revoke", profile->revoke);
    add_int(b, "stretch", profile->stretch);
    add_int(b, "noops", profile->noops);
    add_int(b, "noop_median", profile->median);
    add_int(b, "noop_longest", profile->longest);
    add_int(b, "noops_late", profile->late);
    add_int(b, "noops_preempted", profile->turns);
    end_json(b);
}
