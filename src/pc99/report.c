/* The report at the machine's end. See report.h. */
#include "pc99/report.h"

#include "pc99/format.h"
#include "pc99/loop.h"
#include "pc99/probe_script.h"
#include "rescind/drivers.h"

#define FNV_BASIS 0xcbf29ce484222325
#define FNV_PRIME 0x100000001b3
enum { RESULTS_A_LINE = 32, TICKS_A_LINE = 16, VALUES_A_LINE = 8 };
/* Bytes of a message that go out at a time: one costs some 50 instructions. */
enum { PIECE = 32 };

static void put_text(struct report *report, const char *text)
{
    for (size_t i = 0; text[i] != '\0' && report->used < REPORT_LINE; i++) {
        report->line[report->used++] = text[i];
    }
}

/* Behind a space, as all fields but the first. */
static void put_number(struct report *report, uint64_t value)
{
    if (report->used + 1 + FORMAT_DIGITS <= REPORT_LINE) {
        report->line[report->used++] = ' ';
        report->used += format_number(value, 16, report->line + report->used);
    }
}

/* Sends what there is of the line. */
static void flush(struct report *report)
{
    for (size_t i = 0; i < report->used; i++) {
        report->hash = (report->hash ^ (uint8_t)report->line[i]) * FNV_PRIME;
    }
    if (rescind_uart_write(RESCIND_COM2, report->line, report->used) != report->used) {
        /* LCOV_EXCL_START: COM2 of QEMU takes every byte */
        report->lost = true;
        /* LCOV_EXCL_STOP */
    }
    report->used = 0;
}

static void end_line(struct report *report)
{
    report->line[report->used++] = '\n';
    flush(report);
    report->lines++;
}

static void put_hex(struct report *report, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size && report->used + 2 < REPORT_LINE; i++) {
        report->line[report->used++] = "0123456789abcdef"[bytes[i] >> 4];
        report->line[report->used++] = "0123456789abcdef"[bytes[i] & 15];
    }
}

static void put_results(struct report *report, const uint8_t *results, uint32_t count)
{
    for (uint32_t at = 0; at < count; at += RESULTS_A_LINE) {
        put_text(report, "r ");
        put_hex(report, results + at, count - at < RESULTS_A_LINE ? count - at : RESULTS_A_LINE);
        end_line(report);
    }
}

static void put_ticks(struct report *report, const uint32_t *ticks, uint32_t count)
{
    for (uint32_t at = 0; at < count; at += TICKS_A_LINE) {
        put_text(report, "t ");
        for (uint32_t i = at; i < count && i < at + TICKS_A_LINE; i++) {
            uint32_t number = __builtin_bswap32(ticks[i]);

            put_hex(report, (const uint8_t *)&number, sizeof number);
        }
        end_line(report);
    }
}

/* Behind what `loop`'s kernel calls the parent. */
static void put_place(struct report *report, const struct loop *loop, uint32_t vpe, uint32_t kind,
                      uint32_t sel)
{
    if (vpe >= loop->vpe_count) {
        put_text(report, " k");
    } else if (loop->by_vpe[vpe] == &loop->nobody) {
        put_text(report, " x");
    } else {
        put_number(report, loop->by_vpe[vpe]->number);
    }
    put_number(report, kind);
    put_number(report, sel);
}

static void put_parent(struct report *report, const struct loop *loop,
                       const struct rescind_kernel_cap *cap)
{
    struct rescind_kernel_cap above;

    if (cap->has_remote_parent) {
        const struct loop *other = &loop->all[cap->parent_pe];

        if (rescind_kernel_above_stub(other->kernel, cap->parent_stub, &above)) {
            put_place(report, other, above.vpe, above.kind, above.sel);
        } else {
            put_text(report, " ?"); /* a parent that is not there: no reader takes that */
        }
    } else if (cap->has_parent) {
        put_place(report, loop, cap->parent_vpe, cap->parent_kind, cap->parent_sel);
    } else {
        put_text(report, " -");
    }
}

static void put_caps(struct report *report, const struct loop *loop, uint32_t vpe)
{
    struct rescind_kernel_cap cap;

    for (uint32_t kind = 0; kind < RESCIND_TABLE_KINDS; kind++) {
        for (uint64_t from = 0; rescind_kernel_find(loop->kernel, vpe, kind, from, &cap);
             from = (uint64_t)cap.sel + 1) {
            put_text(report, "c");
            put_number(report, cap.kind);
            put_number(report, cap.sel);
            put_number(report, cap.type);
            put_parent(report, loop, &cap);
            end_line(report);
        }
    }
}

static void begin(struct report *report, const char *title, uint32_t count)
{
    *report = (struct report){.hash = FNV_BASIS};
    rescind_uart_init(RESCIND_COM2);
    put_text(report, title);
    put_number(report, count);
    end_line(report);
}

void report_begin(struct report *report, uint32_t vpes)
{
    begin(report, "rescind-report 1", vpes);
}

bool report_probe(struct report *report, struct probe_script *script)
{
    begin(report, "rescind-probe 1", script->count);
    for (uint32_t at = 0; at < script->count; at += VALUES_A_LINE) {
        put_text(report, "v");
        for (uint32_t i = at; i < script->count && i < at + VALUES_A_LINE; i++) {
            put_number(report, probe_at(script, i)->value);
        }
        end_line(report);
    }
    return report_end(report);
}

void report_message(struct report *report, uint32_t vpe, const uint8_t *bytes, size_t size,
                    void (*pause)(struct loop *loop), struct loop *loop)
{
    lock_take(&report->lock);
    put_text(report, "m");
    put_number(report, vpe);
    put_text(report, " ");
    for (size_t at = 0; at < size; at += PIECE) {
        put_hex(report, bytes + at, size - at < PIECE ? size - at : PIECE);
        flush(report);
        pause(loop);
    }
    end_line(report);
    lock_give(&report->lock);
}

static const char *state_of(const struct runner *runner, bool through)
{
    if (runner->ended) {
        return " e";
    }
    if (!runner->started) {
        return " n";
    }
    return through ? " t" : " s";
}

void report_vpe(struct report *report, const struct loop *loop, const struct runner *runner)
{
    const struct rescind_startup_vpe *entry = loop_entry(loop, runner);
    struct pc_area *area = runner->area;
    uint32_t position = area->position < entry->step_count ? area->position : entry->step_count;

    put_text(report, "vpe");
    put_number(report, runner->number);
    put_text(report, state_of(runner, position == entry->step_count));
    put_number(report, position);
    put_number(report, entry->call_count);
    end_line(report);
    put_results(report, area->results, entry->call_count);
    if (loop->clock) {
        put_ticks(report, pc_ticks(area, entry->call_count), entry->call_count + 1);
    }
    if (runner->made && !runner->ended) {
        put_caps(report, loop, runner->vpe);
    }
}

void report_stretch(struct report *report, const struct loop *loop)
{
    put_text(report, "s");
    put_number(report, loop->number);
    put_number(report, (uint64_t)loop->longest + LOOP_EDGES);
    put_number(report, loop->began);
    end_line(report);
}

bool report_end(struct report *report)
{
    uint64_t lines = report->lines, hash = report->hash;

    put_text(report, "end");
    put_number(report, lines);
    put_number(report, hash);
    end_line(report);
    return !report->lost;
}
