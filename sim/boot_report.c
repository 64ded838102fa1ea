/* Reading the PC's report, whose grammar is in src/pc99/report.h. See boot.h.
 *
 * The text comes out of a machine that may be broken: each line must be exactly what may stand
 * there, and the whole must carry the count and hash of its lines.
 */
#include "sim/boot.h"

#include <string.h>

#include "pc99/probe_script.h"
#include "rescind/abi.h"
#include "user/startup.h"

#define FNV_BASIS G_GUINT64_CONSTANT(0xcbf29ce484222325)
#define FNV_PRIME G_GUINT64_CONSTANT(0x100000001b3)
enum { RESULTS_A_LINE = 32, TICKS_A_LINE = 16, VALUES_A_LINE = 8 };

/* Where the reader stands. A line is `at` .. `line_end`, without its newline. */
struct reader {
    const char *at, *line_end, *end;
    uint64_t line; /* from 1; the lines before it are hashed */
    uint64_t hash; /* of the lines before this one */
    uint64_t next_hash;
    const void *module;
    const struct boot_options *options;
    bool failed;
};

/* Goes to the next line; false: there is none that is whole. */
static bool next_line(struct reader *r)
{
    const char *start = r->line == 0 ? r->at : r->line_end + 1;
    const char *newline = start < r->end ? memchr(start, '\n', (size_t)(r->end - start)) : NULL;

    if (newline == NULL) {
        r->at = r->line_end = r->end;
        r->failed = true;
        return false;
    }
    r->hash = r->next_hash;
    for (const char *c = start; c <= newline; c++) {
        r->next_hash = (r->next_hash ^ (uint8_t)*c) * FNV_PRIME;
    }
    r->line++;
    r->at = start;
    r->line_end = newline;
    return true;
}

static bool at_end_of_line(const struct reader *r)
{
    return r->at == r->line_end;
}

/* Takes `word` if the line goes on with it. */
static bool take(struct reader *r, const char *word)
{
    size_t size = strlen(word);

    if ((size_t)(r->line_end - r->at) < size || memcmp(r->at, word, size) != 0) {
        return false;
    }
    r->at += size;
    return true;
}

/* -1: not one that the guest writes. */
static int digit(char c)
{
    return g_ascii_isupper(c) ? -1 : g_ascii_xdigit_value(c);
}

/* A hexadecimal number up to `limit`, as the guest writes them: no sign, no leading zero. */
static uint64_t take_number(struct reader *r, uint64_t limit)
{
    const char *start = r->at;
    uint64_t value = 0;

    while (!at_end_of_line(r) && digit(*r->at) >= 0) {
        if (value > (limit >> 4)) {
            r->failed = true;
            return 0;
        }
        value = value << 4 | (uint64_t)digit(*r->at++);
    }
    if (r->at == start || value > limit || (*start == '0' && r->at != start + 1)) {
        r->failed = true;
        return 0;
    }
    return value;
}

/* The same behind one space. */
static uint64_t take_field(struct reader *r, uint64_t limit)
{
    if (!take(r, " ")) {
        r->failed = true;
        return 0;
    }
    return take_number(r, limit);
}

/* Two digits a byte, up to the line's end. */
static void take_bytes(struct reader *r, GByteArray *out)
{
    while (!r->failed && !at_end_of_line(r)) {
        int high = digit(r->at[0]);
        int low = r->at + 1 < r->line_end ? digit(r->at[1]) : -1;

        if (high < 0 || low < 0) {
            r->failed = true;
        } else {
            uint8_t byte = (uint8_t)(high << 4 | low);

            g_byte_array_append(out, &byte, 1);
            r->at += 2;
        }
    }
}

static uint32_t vpe_count(const struct reader *r)
{
    return ((const struct rescind_startup *)r->module)->vpe_count;
}

/* The number of a VPE that there is. */
static uint32_t take_vpe(struct reader *r)
{
    uint64_t vpe = take_field(r, RESCIND_STARTUP_VPES);

    r->failed = r->failed || vpe >= vpe_count(r);
    return (uint32_t)vpe;
}

/* The same for a parent's. */
static uint32_t take_parent(struct reader *r)
{
    if (take(r, " k")) {
        return OUTCOME_KERNEL;
    }
    return take(r, " x") ? OUTCOME_OTHER_VPE : take_vpe(r);
}

/* The rest of an `m` line. */
static void read_message(struct reader *r)
{
    GByteArray *bytes = g_byte_array_new();
    uint32_t vpe = take_vpe(r);

    r->failed = r->failed || !take(r, " ");
    take_bytes(r, bytes);
    r->failed = r->failed || bytes->len < sizeof(struct rescind_header) ||
                bytes->len > RESCIND_MSG_MAX || r->options->capture == NULL;
    if (!r->failed) {
        r->options->capture(r->options->context, vpe, bytes->data, bytes->len);
    }
    g_byte_array_unref(bytes);
}

/* The `t` lines of a VPE. */
static void read_ticks(struct reader *r, guint count)
{
    GByteArray *bytes = g_byte_array_new();
    GArray *ticks = g_array_new(FALSE, FALSE, sizeof(uint32_t));

    while (!r->failed && bytes->len < 4 * count && next_line(r)) {
        guint before = bytes->len;

        r->failed = !take(r, "t ");
        take_bytes(r, bytes);
        r->failed = r->failed || bytes->len != MIN(before + 4 * TICKS_A_LINE, 4 * count);
    }
    for (guint at = 0; at + 4 <= bytes->len; at += 4) {
        guint32 number;

        memcpy(&number, bytes->data + at, sizeof number);
        number = GUINT32_FROM_BE(number);
        g_array_append_val(ticks, number);
    }
    g_ptr_array_add(r->options->clock->vpes, ticks);
    g_byte_array_unref(bytes);
}

/* The rest of an `s` line. */
static void read_stretch(struct reader *r)
{
    GArray *stretches = r->options->clock->stretches;
    uint64_t number = take_field(r, RESCIND_STARTUP_KERNELS), ticks = take_field(r, G_MAXUINT64);
    uint64_t start = take_field(r, G_MAXUINT64);

    r->failed = r->failed || number != stretches->len || !at_end_of_line(r);
    g_array_append_val(stretches, ticks);
    g_array_append_val(r->options->clock->starts, start);
}

static bool is_child(const struct rescind_startup_vpe *entry)
{
    return (entry->flags & RESCIND_STARTUP_CHILD) != 0;
}

/* The rest of a `vpe` line, and the results, which must be as many as it says. */
static void read_vpe(struct reader *r, uint32_t index, struct outcome_vpe *vpe)
{
    const struct rescind_startup_vpe *entry = startup_vpe(r->module, index);
    bool through, asleep;

    r->failed = r->failed || take_vpe(r) != index;
    vpe->ended = take(r, " e");
    through = !vpe->ended && take(r, " t");
    vpe->stuck = !vpe->ended && !through && take(r, " s");
    asleep = !vpe->ended && !through && !vpe->stuck && take(r, " n");
    vpe->position = (uint32_t)take_field(r, entry->step_count);
    r->failed = r->failed || (!vpe->ended && !through && !vpe->stuck && !asleep) ||
                (through && vpe->position != entry->step_count) ||
                (vpe->stuck && vpe->position == entry->step_count) ||
                (asleep && (vpe->position != 0 || !is_child(entry))) ||
                take_field(r, entry->call_count) != entry->call_count || !at_end_of_line(r);
    while (!r->failed && vpe->results->len < entry->call_count && next_line(r)) {
        guint before = vpe->results->len;

        r->failed = !take(r, "r ");
        take_bytes(r, vpe->results);
        r->failed =
            r->failed || vpe->results->len != MIN(before + RESULTS_A_LINE, entry->call_count);
    }
    if (!r->failed && r->options->clock != NULL) {
        read_ticks(r, entry->call_count + 1);
    }
}

static bool type_is_known(uint64_t type)
{
#define TYPE(name, number, word)                                                                   \
    if (type == (number))                                                                          \
        return true;
    RESCIND_CAP_TYPES(TYPE)
#undef TYPE
    return false;
}

/* Whether `cap` belongs behind the last of `caps`. */
static bool in_order(const GArray *caps, const struct outcome_cap *cap)
{
    const struct outcome_cap *last;

    if (caps->len == 0) {
        return true;
    }
    last = &g_array_index(caps, struct outcome_cap, caps->len - 1);
    return last->kind < cap->kind || (last->kind == cap->kind && last->sel < cap->sel);
}

/* The rest of a `c` line. */
static void read_cap(struct reader *r, GArray *caps)
{
    struct outcome_cap cap = {0};

    cap.kind = (uint8_t)take_field(r, RESCIND_TABLE_KINDS - 1);
    cap.sel = (uint32_t)take_field(r, G_MAXUINT32);
    cap.type = (uint8_t)take_field(r, G_MAXUINT8);
    cap.has_parent = !take(r, " -");
    if (cap.has_parent) {
        cap.parent_vpe = take_parent(r);
        cap.parent_kind = (uint8_t)take_field(r, RESCIND_TABLE_KINDS - 1);
        cap.parent_sel = (uint32_t)take_field(r, G_MAXUINT32);
    }
    r->failed =
        r->failed || !at_end_of_line(r) || !type_is_known(cap.type) || !in_order(caps, &cap);
    if (!r->failed) {
        g_array_append_val(caps, cap);
    }
}

/* The first line, and the last line's rest. */
static void read_head(struct reader *r)
{
    if (next_line(r)) {
        r->failed = !take(r, "rescind-report 1") ||
                    take_field(r, RESCIND_STARTUP_VPES) != vpe_count(r) || !at_end_of_line(r);
    }
}

static void read_seal(struct reader *r)
{
    r->failed = r->failed || take_field(r, G_MAXUINT64) != r->line - 1 ||
                take_field(r, G_MAXUINT64) != r->hash || !at_end_of_line(r) ||
                r->line_end + 1 != r->end;
}

static void read_end(struct reader *r)
{
    const struct rescind_startup *module = r->module;
    const struct boot_clock *clock = r->options->clock;

    r->failed = clock != NULL && clock->stretches->len != module->kernel_count;
    read_seal(r);
}

static void read_all(struct reader *r, struct outcome *outcome)
{
    uint32_t seen = 0, count = outcome->vpes->len;
    bool done = false;

    read_head(r);
    while (!r->failed && !done && next_line(r)) {
        if (seen == 0 && take(r, "m")) {
            read_message(r);
        } else if (seen < count && take(r, "vpe")) {
            read_vpe(r, seen, outcome_vpe(outcome, seen));
            seen++;
        } else if (seen > 0 && take(r, "c")) {
            read_cap(r, outcome_vpe(outcome, seen - 1)->caps);
        } else if (seen == count && r->options->clock != NULL && take(r, "s")) {
            read_stretch(r);
        } else if (seen == count && take(r, "end")) {
            read_end(r);
            done = true;
        } else {
            r->failed = true;
        }
    }
}

/* Says where the reading failed and what stands there. */
static void set_error(const struct reader *r, const char *text, GError **error)
{
    const char *start = r->at;
    char *line;

    if (r->at == r->end) {
        g_set_error(error, BOOT_ERROR, BOOT_ERROR_REPORT,
                    "the PC's report is cut short after line %" G_GUINT64_FORMAT, r->line);
        return;
    }
    while (start > text && start[-1] != '\n') {
        start--;
    }
    line = g_utf8_make_valid(start, r->line_end - start);
    g_set_error(error, BOOT_ERROR, BOOT_ERROR_REPORT,
                "line %" G_GUINT64_FORMAT " of the PC's report makes no sense: \"%.100s\"", r->line,
                line);
    g_free(line);
}

/* All of a probe script's: every access's value, and nothing else. */
static void read_probe(struct reader *r, uint64_t *values, uint32_t count)
{
    uint32_t seen = 0;

    r->failed = !next_line(r) || !take(r, "rescind-probe 1") ||
                take_field(r, PROBE_ACCESSES) != count || !at_end_of_line(r);
    while (!r->failed && seen < count && next_line(r)) {
        r->failed = !take(r, "v");
        for (uint32_t end = MIN(seen + VALUES_A_LINE, count); !r->failed && seen < end; seen++) {
            values[seen] = take_field(r, G_MAXUINT64);
        }
        r->failed = r->failed || !at_end_of_line(r);
    }
    if (!r->failed && next_line(r)) {
        r->failed = !take(r, "end");
        read_seal(r);
    }
}

static void free_ticks(gpointer ticks)
{
    g_array_unref(ticks);
}

struct boot_clock *boot_clock_new(void)
{
    struct boot_clock *clock = g_new(struct boot_clock, 1);

    clock->vpes = g_ptr_array_new_with_free_func(free_ticks);
    clock->stretches = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    clock->starts = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    return clock;
}

void boot_clock_free(struct boot_clock *clock)
{
    g_ptr_array_unref(clock->vpes);
    g_array_unref(clock->stretches);
    g_array_unref(clock->starts);
    g_free(clock);
}

struct outcome *boot_report(const char *text, size_t size, const uint8_t *module,
                            const struct boot_options *options, GError **error)
{
    const struct rescind_startup *header = (const void *)module;
    struct outcome *outcome = outcome_new("qemu", header->vpe_count);
    struct reader reader = {
        .at = size > 0 ? text : "",
        .next_hash = FNV_BASIS,
        .module = module,
        .options = options,
    };

    reader.end = reader.at + size;
    read_all(&reader, outcome);
    if (reader.failed) {
        set_error(&reader, text, error);
        g_clear_pointer(&outcome, outcome_free);
    }
    return outcome;
}

bool boot_probe_report(const char *text, size_t size, uint32_t count, uint64_t *values,
                       GError **error)
{
    struct reader reader = {.at = size > 0 ? text : "", .next_hash = FNV_BASIS};

    reader.end = reader.at + size;
    read_probe(&reader, values, count);
    if (reader.failed) {
        set_error(&reader, text, error);
    }
    return !reader.failed;
}
