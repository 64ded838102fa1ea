/* Profiles on the PC; see profile_boot.h. */
#include "sim/profile_boot.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rescind/abi.h"
#include "rescind/startup.h"
#include "sim/boot.h"
#include "sim/profile_plan.h"

/* So often each call that is measured on its own; the kernel's nodes beyond the tree's; and by how
 * many instructions a loop of known length may seem longer: what reads the clock. */
enum { REPEATS = 64, SPARE_NODES = 1024, CLOCK_SLACK = 8 };
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

static void add_tree(GByteArray *steps, const struct plan *plan)
{
    uint32_t *sel = g_new(uint32_t, plan->size);

    for (uint32_t i = 0; i < plan->size; i++)
        sel[plan->order[i]] = SEL_TREE + i;
    add_gate(steps, sel[0]);
    for (uint32_t i = 1; i < plan->size; i++)
        add_exchange(steps, sel[plan->parent[i]], sel[i]);
    add_revoke(steps, sel[0]);
    g_free(sel);
}

static GByteArray *make_module(const struct profile_options *options)
{
    struct {
        struct rescind_startup header;
        struct rescind_startup_kernel kernel;
        struct rescind_startup_vpe vpe;
    } head = {
        .header = {.magic = RESCIND_STARTUP_MAGIC,
                   .vpe_count = 1,
                   .kernel_count = 1,
                   .seed = options->seed + 1},
        .kernel = {.name = "kernel", .nodes = options->size + SPARE_NODES},
        .vpe = {.name = "profile", .steps = sizeof(head)},
    };
    GByteArray *module = g_byte_array_new(), *steps = g_byte_array_new();
    struct plan *plan = profile_plan(options);

    add_single_calls(steps);
    add_tree(steps, plan);
    head.vpe.steps_size = steps->len;
    head.vpe.step_count = head.vpe.call_count = CALL_TREE + options->size;
    head.header.kernels = (uint32_t)((uint8_t *)&head.kernel - (uint8_t *)&head);
    head.header.vpes = (uint32_t)((uint8_t *)&head.vpe - (uint8_t *)&head);
    head.header.grants = head.header.faults = sizeof(head);
    head.header.size = (uint32_t)sizeof(head) + steps->len;
    g_byte_array_append(module, (const guint8 *)&head, sizeof(head));
    g_byte_array_append(module, steps->data, steps->len);
    g_byte_array_unref(steps);
    plan_free(plan);
    return module;
}

/* ---- What came of it ---------------------------------------------------------------------- */

static int by_number(gconstpointer a, gconstpointer b)
{
    guint32 x = *(const guint32 *)a, y = *(const guint32 *)b;

    return (x > y) - (x < y);
}

static uint32_t median(const uint32_t *ticks)
{
    uint32_t sorted[REPEATS];

    memcpy(sorted, ticks, sizeof(sorted));
    qsort(sorted, REPEATS, sizeof(sorted[0]), by_number);
    return sorted[REPEATS / 2];
}

static void evaluate(const uint32_t *ticks, uint32_t size, struct profile_boot *out)
{
    double sum = 0;

    for (uint32_t i = 0; i < size - 1; i++)
        sum += ticks[CALL_TREE + i];
    out->noop = median(ticks + CALL_NOOPS);
    out->exchange = median(ticks + CALL_EXCHANGES);
    out->revoke_leaf = median(ticks + CALL_REVOKES);
    out->revoke = ticks[CALL_TREE + size - 1];
    if (size > 1) {
        out->exchange_mean = sum / (size - 1);
        out->revoke_per_descendant = ((double)out->revoke - out->revoke_leaf) / (size - 1);
    }
}

/* Every call was answered well, and only the VPE's own two capabilities and the first gate are
 * left; the clock counts instructions. */
static bool is_good(const struct outcome *outcome, const struct boot_clock *clock, GError **error)
{
    const struct outcome_vpe *vpe = outcome_vpe(outcome, 0);
    const GArray *ticks = g_ptr_array_index(clock->vpes, 0);
    uint32_t loop = g_array_index(ticks, uint32_t, 0);

    if (loop < BOOT_CLOCK_LOOP || loop > BOOT_CLOCK_LOOP + CLOCK_SLACK) {
        g_set_error(error, BOOT_ERROR, BOOT_ERROR_QEMU,
                    "QEMU does not count instructions: %u of them were %u ticks",
                    (unsigned)BOOT_CLOCK_LOOP, loop);
        return false;
    }
    for (guint i = 0; i < vpe->results->len; i++) {
        if (vpe->results->data[i] != RESCIND_NO_ERROR) {
            g_set_error(error, BOOT_ERROR, BOOT_ERROR_GUEST, "call %u was answered with error %u",
                        i, vpe->results->data[i]);
            return false;
        }
    }
    if (vpe->caps->len != SEL_GATE + 1) {
        g_set_error(error, BOOT_ERROR, BOOT_ERROR_GUEST, "the REVOKE left %u capabilities",
                    vpe->caps->len - (SEL_GATE + 1));
        return false;
    }
    return true;
}

bool profile_boot(const struct profile_options *options, struct profile_boot *out, GError **error)
{
    GByteArray *module = make_module(options);
    struct boot_clock *clock = boot_clock_new();
    const struct boot_options boot = {.icount = true, .audit = true, .clock = clock};
    struct outcome *outcome = boot_run(module->data, module->len, &boot, error);
    bool good = outcome != NULL && is_good(outcome, clock, error);

    *out = (struct profile_boot){0};
    if (good) {
        const GArray *ticks = g_ptr_array_index(clock->vpes, 0);

        evaluate((const uint32_t *)(const void *)ticks->data + 1, options->size, out);
        out->stretch = g_array_index(clock->stretches, uint64_t, 0);
    }
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

void profile_boot_print_json(const struct profile_options *options,
                             const struct profile_boot *profile)
{
    JsonBuilder *b = json_builder_new();
    JsonNode *root;
    char *text;

    json_builder_begin_object(b);
    json_builder_set_member_name(b, "shape");
    json_builder_add_string_value(b, profile_shape_name(options->shape));
    add_int(b, "size", options->size);
    json_builder_set_member_name(b, "selectors");
    json_builder_add_string_value(b, profile_selectors_name(options->selectors));
    add_int(b, "noop", profile->noop);
    add_int(b, "exchange", profile->exchange);
    add_double(b, "exchange_mean", profile->exchange_mean);
    add_int(b, "revoke_leaf", profile->revoke_leaf);
    add_int(b, "revoke", profile->revoke);
    add_double(b, "revoke_per_descendant", profile->revoke_per_descendant);
    add_int(b, "stretch", profile->stretch);
    json_builder_end_object(b);
    root = json_builder_get_root(b);
    text = json_to_string(root, FALSE);
    puts(text);
    g_free(text);
    json_node_unref(root);
    g_object_unref(b);
}
