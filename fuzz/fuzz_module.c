/* Fuzzer: bytes are a start-up module, as the PC gets one from whoever starts it.
 *
 * startup_check() must refuse it or make it safe: then, if it does not ask for too much, a machine
 * is made of it and run, with every kernel audited after every event. Raw bytes would fail at
 * the header or at an offset, so the mutator changes fields, mostly for what stands in other
 * fields, and keeps magic and size right, mostly.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "rescind/abi.h"
#include "rescind/startup.h"
#include "sim/machine.h"
#include "user/startup.h"

enum {
    SIZE_MAX_HERE = 1 << 14,
    KERNELS_MAX = 4,
    VPES_MAX = 16,
    NODES_MAX = 1 << 14,
    MEMORY_MAX = 1 << 20,
    CHOICES_MAX = 1500,
};

static bool is_small(const void *module)
{
    const struct rescind_startup *m = module;

    if (m->kernel_count > KERNELS_MAX || m->vpe_count > VPES_MAX)
        return false;
    for (uint32_t i = 0; i < m->kernel_count; i++) {
        const struct rescind_startup_kernel *k = startup_kernel(module, i);
        if (k->nodes > NODES_MAX || k->memory > MEMORY_MAX || k->vpes > VPES_MAX)
            return false;
    }
    return true;
}

/* Each choice in turn, so that faults strike, too. */
static void run(struct machine *m)
{
    GArray *choices = g_array_new(FALSE, FALSE, sizeof(struct machine_choice));
    bool good = true;

    for (guint made = 0; good && made < CHOICES_MAX; made++) {
        g_array_set_size(choices, 0);
        machine_choices(m, choices);
        if (choices->len == 0)
            break;
        good =
            machine_choose(m, &g_array_index(choices, struct machine_choice, made % choices->len));
    }
    if (good && machine_at_end(m))
        good = machine_audit(m);
    if (!good) {
        fprintf(stderr, "%s\n", machine_finding(m));
        abort();
    }
    g_array_unref(choices);
}

static void load(const void *module)
{
    const struct rescind_startup *m = module;
    struct machine_options options = {.seed = 1, .work = m->work % 8, .audit = AUDIT_ALWAYS};
    struct machine *machine = machine_load(&options, module, NULL);

    if (machine == NULL)
        return; /* the pools are too small for the grants */
    run(machine);
    outcome_free(machine_outcome(machine));
    machine_free(machine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t *module; /* of exactly that size, so that what is read beyond it is seen */

    if (size > SIZE_MAX_HERE)
        return 0;
    module = g_malloc(size > 0 ? size : 1);
    memcpy(module, data, size);
    if (startup_check(module, size) == NULL && is_small(module))
        load(module);
    g_free(module);
    return 0;
}

/* ---- Mutations ----------------------------------------------------------------------------- */

static uint32_t get(const uint8_t *data, size_t at)
{
    uint32_t value;

    memcpy(&value, data + at, sizeof(value));
    return value;
}

static void put(uint8_t *data, size_t at, uint32_t value)
{
    memcpy(data + at, &value, sizeof(value));
}

/* A field gets a value that means something: a neighbour's, another field's, an offset, a limit. */
static void mutate_field(uint8_t *data, size_t size, GRand *r)
{
    static const uint32_t odd[] = {
        0,   1,    2,        3,       4,        8,          16,
        22,  24,   56,       64,      255,      256,        487,
        488, 4096, 1u << 16, 0x10000, 1u << 31, UINT32_MAX, UINT32_MAX - 7};
    bool in_head = g_rand_int_range(r, 0, 4) == 0;
    gint fields = (gint)(in_head ? sizeof(struct rescind_startup) / 4 : size / 4);
    size_t at = 4 * (size_t)g_rand_int_range(r, 0, fields);
    uint32_t value = get(data, at);

    switch (g_rand_int_range(r, 0, 6)) {
    case 0:
        value += (uint32_t)g_rand_int_range(r, -8, 9);
        break;
    case 1:
        value = odd[g_rand_int_range(r, 0, G_N_ELEMENTS(odd))];
        break;
    case 2:
        value = get(data, 4 * (size_t)g_rand_int_range(r, 0, (gint)(size / 4)));
        break;
    case 3:
        value = 8 * (uint32_t)g_rand_int_range(r, 0, (gint)(size / 8) + 1);
        break;
    case 4:
        value ^= 1u << g_rand_int_range(r, 0, 32);
        break;
    default:
        data[at + (size_t)g_rand_int_range(r, 0, 4)] = (uint8_t)g_rand_int(r);
        return;
    }
    put(data, at, value);
}

/* Eight bytes come in or go, and every offset of the header that points behind them does so still.
 */
static size_t mutate_size(uint8_t *data, size_t size, size_t most, GRand *r)
{
    size_t at =
        8 * (size_t)g_rand_int_range(r, sizeof(struct rescind_startup) / 8, (gint)(size / 8) + 1);
    size_t head[] = {
        offsetof(struct rescind_startup, vpes), offsetof(struct rescind_startup, grants),
        offsetof(struct rescind_startup, kernels), offsetof(struct rescind_startup, faults),
        offsetof(struct rescind_startup, serials)};
    bool more = g_rand_boolean(r) || at + 8 > size;

    if (more && size + 8 > most)
        return size;
    if (more) {
        memmove(data + at + 8, data + at, size - at);
        memset(data + at, 0, 8);
    } else {
        memmove(data + at, data + at + 8, size - at - 8);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(head); i++)
        if (get(data, head[i]) > at)
            put(data, head[i], get(data, head[i]) + (more ? 8u : -8u));
    return more ? size + 8 : size - 8;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    GRand *r = g_rand_new_with_seed(seed);
    uint64_t magic = RESCIND_STARTUP_MAGIC;

    size &= ~(size_t)7;
    if (size < sizeof(struct rescind_startup)) {
        size = LLVMFuzzerMutate(data, size, most);
    } else {
        if (g_rand_int_range(r, 0, 8) == 0)
            size = mutate_size(data, size, most, r);
        else
            mutate_field(data, size, r);
        if (g_rand_int_range(r, 0, 32) > 0) {
            memcpy(data, &magic, sizeof(magic));
            put(data, offsetof(struct rescind_startup, size), (uint32_t)size);
        }
    }
    g_rand_free(r);
    return size;
}
