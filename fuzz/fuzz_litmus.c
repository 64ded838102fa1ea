/* Fuzzer: bytes are the text of a litmus file.
 *
 * The parser takes any bytes. What it takes for a file must be printed as a file
 * (sim/litmus_print.h) with as many parts that, from then on, is printed the same; and if it is a
 * small one it is run under `fifo`, where kernels, answers and tables must be as in any other run.
 * What the file itself expects is its own business.
 *
 * Raw bytes would hardly get beyond the first word, so the mutator works on lines and words: it
 * moves, copies and drops them, and has words of the language in their place.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "sim/litmus_print.h"

enum {
    KERNELS_MAX = 4,
    VPES_MAX = 12,
    STEPS_MAX = 200,
    NODES_MAX = 1 << 14,
    MEMORY_MAX = 1 << 20,
    CHOICES_MAX = 2000,
    STATEMENTS_MAX = 5000, /* of a file that is printed */
};

static _Noreturn void give_up(const char *why, const char *text)
{
    fprintf(stderr, "%s\n%s\n", why, text);
    abort();
}

/* ---- Printing ------------------------------------------------------------------------------ */

static struct litmus *parse_printed(const char *text)
{
    char *error = NULL;
    struct litmus *parsed = litmus_parse("printed", text, strlen(text), &error);

    if (parsed == NULL)
        give_up(error, text);
    return parsed;
}

/* Signals are numbered in the order of their mention, which the first printing may change. */
static void check_printed(const struct litmus *litmus)
{
    char *first = litmus_print(litmus, NULL), *second, *third;
    struct litmus *one = parse_printed(first), *two;

    for (int part = 0; part < LITMUS_PARTS; part++)
        if (litmus_part_count(litmus, (enum litmus_part)part) !=
            litmus_part_count(one, (enum litmus_part)part))
            give_up("parts got lost", first);
    second = litmus_print(one, NULL);
    two = parse_printed(second);
    third = litmus_print(two, NULL);
    if (strcmp(second, third) != 0)
        give_up("printed otherwise", second);
    litmus_free(one);
    litmus_free(two);
    g_free(first);
    g_free(second);
    g_free(third);
}

/* ---- Running ------------------------------------------------------------------------------- */

static bool is_small(const struct litmus *l)
{
    if (l->kernels->len > KERNELS_MAX || l->vpes->len > VPES_MAX || l->steps->len > STEPS_MAX)
        return false;
    for (guint i = 0; i < l->kernels->len; i++) {
        const struct litmus_kernel *k = litmus_kernel(l, i);
        if (k->nodes > NODES_MAX || (k->memory != LITMUS_AS_NEEDED && k->memory > MEMORY_MAX) ||
            (k->vpes != LITMUS_AS_NEEDED && k->vpes > VPES_MAX))
            return false;
    }
    return true;
}

static bool is_files_own(const struct violation *v)
{
    return v->kind == VIOLATION_STUCK || v->kind == VIOLATION_RESULT ||
           v->kind == VIOLATION_CONDITION;
}

static struct violation *run(struct trial *t)
{
    GArray *choices = g_array_new(FALSE, FALSE, sizeof(struct machine_choice));
    struct violation *violation = NULL;
    bool is_end;

    for (guint made = 0; violation == NULL && made < CHOICES_MAX; made++) {
        guint moves = 0;
        g_array_set_size(choices, 0);
        machine_choices(t->machine, choices);
        for (guint i = 0; i < choices->len; i++)
            moves += g_array_index(choices, struct machine_choice, i).kind != CHOICE_FAULT;
        if (moves == 0 || choices->len == 0)
            break;
        violation =
            trial_step(t, &g_array_index(choices, struct machine_choice, made % choices->len));
    }
    is_end = machine_at_end(t->machine);
    g_array_unref(choices);
    if (violation == NULL && is_end) {
        struct outcome *outcome = machine_outcome(t->machine);
        violation = trial_end(t, outcome);
        outcome_free(outcome);
    }
    if (violation != NULL && is_files_own(violation))
        g_clear_pointer(&violation, violation_free);
    return violation;
}

static void check_run(const struct litmus *litmus)
{
    struct trial_options options = {.seed = 1, .work = 2};
    struct trial *t = trial_new(litmus, &options, NULL);
    struct violation *violation;

    if (t == NULL)
        return; /* its grants don't fit into the pool that it asks for */
    violation = run(t);
    if (violation != NULL) {
        char *text = litmus_print(litmus, NULL);
        fprintf(stderr, "%s: %s\n", violation_word(violation->kind), violation->text);
        give_up("run", text);
    }
    monitor_free(trial_free(t));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *error = NULL;
    struct litmus *litmus = litmus_parse("fuzz", (const char *)data, size, &error);

    if (litmus == NULL && (error == NULL || strncmp(error, "fuzz:", 5) != 0))
        give_up("no place in the message", error != NULL ? error : "");
    g_free(error);
    if (litmus == NULL)
        return 0;
    if (litmus->steps->len <= STATEMENTS_MAX)
        check_printed(litmus);
    if (is_small(litmus))
        check_run(litmus);
    litmus_free(litmus);
    return 0;
}

/* ---- Mutations ----------------------------------------------------------------------------- */

static const char *const words[] = {
    "kernel",
    "vpe",
    "child",
    "grant",
    "fault",
    "kill",
    "exhaust",
    "delay",
    "interrupt",
    "serial",
    "program",
    "final",
    "exists",
    "never",
    "holds",
    "lacks",
    "count",
    "child-of",
    "not",
    "and",
    "or",
    "(",
    ")",
    "{",
    "}",
    "repeat",
    "signal",
    "wait",
    "run",
    "task06",
    "noop",
    "pagefault",
    "createsrv",
    "createsess",
    "createsessat",
    "creategate",
    "createvpe",
    "createmap",
    "attachrb",
    "detachrb",
    "exchange",
    "delegate",
    "obtain",
    "vpectrl",
    "start",
    "activate",
    "none",
    "reqmem",
    "derivemem",
    "revoke",
    "exit",
    "send",
    "receive",
    "nowait",
    "reply",
    "ack",
    "read",
    "write",
    "fund",
    "back",
    "listen",
    "irqack",
    "portin",
    "portout",
    "raw",
    "load",
    "store",
    "=",
    "=>",
    "|",
    "@",
    ":",
    "map:",
    "any",
    "ok",
    "other",
    "inv-args",
    "out-of-mem",
    "K0",
    "K1",
    "A",
    "B",
    "R",
    "$i",
    "$j",
    "0",
    "1",
    "2",
    "3",
    "20",
    "0x10000",
    "0x10000000",
    "4294967295",
    "18446744073709551615",
    "0x10*3+1",
    "label=1",
    "ep=2",
    "credits=1",
    "own=0",
    "own=1",
    "nodes=40",
    "memory=65536",
    "vpes=4",
    "quota=9",
    "perms=rw",
    "size=4096",
    "off=8",
    "value=7",
    "is=7",
    "addr=0",
    "order=9",
    "msgorder=7",
    "first=0",
    "pages=1",
    "args=1,2",
    "range=20:2",
    "ident=1",
    "reply=3",
    "old=none",
    "width=8",
    "pe=0",
    "pfgate=6",
    "pfep=2",
    "irq",
    "ports",
    "gate",
    "mem",
    "map",
    "service",
    "session",
    "\"text\"",
    "#",
    "20:2",
    "-",
    "litmus",
};

/* The line that byte `at` is in: from *first to just behind its end. */
static size_t line_at(const uint8_t *data, size_t size, size_t at, size_t *first)
{
    size_t end = at;

    while (at > 0 && data[at - 1] != '\n')
        at--;
    while (end < size && data[end++] != '\n')
        ;
    *first = at;
    return end;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\t';
}

static size_t word_at(const uint8_t *data, size_t size, size_t at, size_t *first)
{
    size_t end = at;

    while (at > 0 && !is_blank(data[at - 1]))
        at--;
    while (end < size && !is_blank(data[end]))
        end++;
    *first = at;
    return end;
}

/* Bytes from .. to - 1 become `length` others. */
static size_t replace(uint8_t *data, size_t size, size_t most, size_t from, size_t to,
                      const void *by, size_t length)
{
    if (size - (to - from) + length > most)
        return size;
    memmove(data + from + length, data + to, size - to);
    memcpy(data + from, by, length);
    return size - (to - from) + length;
}

static size_t mutate_line(uint8_t *data, size_t size, size_t most, GRand *r)
{
    size_t from, end = line_at(data, size, (size_t)g_rand_int_range(r, 0, (gint)size), &from);
    size_t place, ignored = line_at(data, size, (size_t)g_rand_int_range(r, 0, (gint)size), &place);
    uint8_t line[256];
    size_t length = MIN(end - from, sizeof(line));

    (void)ignored;
    memcpy(line, data + from, length);
    if (g_rand_boolean(r)) {
        size = replace(data, size, most, from, from + length, "", 0);
        if (place > from)
            place -= MIN(length, place - from);
        if (g_rand_boolean(r))
            return size;
    }
    return replace(data, size, most, MIN(place, size), MIN(place, size), line, length);
}

static size_t mutate_word(uint8_t *data, size_t size, size_t most, GRand *r)
{
    size_t from, end = word_at(data, size, (size_t)g_rand_int_range(r, 0, (gint)size), &from);
    size_t other,
        other_end = word_at(data, size, (size_t)g_rand_int_range(r, 0, (gint)size), &other);
    const char *word = words[g_rand_int_range(r, 0, G_N_ELEMENTS(words))];
    uint8_t copy[64];
    char number[24];

    switch (g_rand_int_range(r, 0, 5)) {
    case 0:
        return replace(data, size, most, from, end, "", 0);
    case 1:
        other_end = MIN(other_end, other + sizeof(copy));
        memcpy(copy, data + other, other_end - other);
        return replace(data, size, most, from, end, copy, other_end - other);
    case 2:
        g_snprintf(number, sizeof(number), "%d", g_rand_int_range(r, 0, 40));
        return replace(data, size, most, from, end, number, strlen(number));
    case 3:
        size = replace(data, size, most, from, from, " ", 1);
        return replace(data, size, most, from, from, word, strlen(word));
    default:
        return replace(data, size, most, from, end, word, strlen(word));
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    GRand *r = g_rand_new_with_seed(seed);
    gint what = g_rand_int_range(r, 0, 8);

    if (size == 0 || what == 0)
        size = LLVMFuzzerMutate(data, size, most);
    else if (what < 4)
        size = mutate_line(data, size, most, r);
    else
        size = mutate_word(data, size, most, r);
    g_rand_free(r);
    return size;
}
