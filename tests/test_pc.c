/* The PC image, booted on QEMU: small start-up modules, and what the machine reports of them.
 *
 * Everything here goes the way of `rescind boot`: module, QEMU, report. The environment names the
 * image (RESCIND_IMAGE) and one whose kernel is broken (RESCIND_BROKEN_IMAGE).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "pc99/layout.h"
#include "pc99/probe_script.h"
#include "rescind/abi.h"
#include "rescind/startup.h"
#include "sim/boot.h"
#include "sim/machine.h"
#include "sim/transcript.h"
#include "tests/pc/broken_kernel.h"
#include "user/pc_area.h"
#include "user/rogue.h"
#include "user/startup.h"

enum { MODULE_VPES = RESCIND_STARTUP_VPES, MODULE_GRANTS = 8 };
enum { RUN_TASK06 = 0, DEFAULT_NODES = 4096 };

/* ---- Building modules --------------------------------------------------------------------- */

struct maker {
    struct rescind_startup header;
    struct rescind_startup_kernel kernels[RESCIND_STARTUP_KERNELS];
    struct rescind_startup_fault faults[1];
    struct rescind_startup_vpe vpes[MODULE_VPES];
    struct rescind_startup_grant grants[MODULE_GRANTS];
    GByteArray *steps[MODULE_VPES];
    guint last_step; /* where it begins */
};

static struct maker *maker_new(void)
{
    struct maker *m = g_new0(struct maker, 1);

    m->header.magic = RESCIND_STARTUP_MAGIC;
    m->header.kernel_count = 1;
    m->header.seed = 1;
    for (size_t i = 0; i < G_N_ELEMENTS(m->kernels); i++) {
        g_snprintf(m->kernels[i].name, sizeof m->kernels[i].name, "K%zu", i);
        m->kernels[i].nodes = DEFAULT_NODES;
    }
    return m;
}

/* Another VPE; later steps are its own. */
static void add_vpe(struct maker *m, const char *name)
{
    uint32_t index = m->header.vpe_count++;

    g_strlcpy(m->vpes[index].name, name, sizeof m->vpes[index].name);
    m->steps[index] = g_byte_array_new();
}

/* The same on a kernel of its choice. */
static void add_vpe_at(struct maker *m, const char *name, uint32_t kernel)
{
    add_vpe(m, name);
    m->vpes[m->header.vpe_count - 1].kernel = kernel;
    m->header.kernel_count = MAX(m->header.kernel_count, kernel + 1);
}

/* One that is not there at the start; m->kernels says how many numbers there are for such. */
static void add_child(struct maker *m, const char *name, uint32_t kernel)
{
    add_vpe_at(m, name, kernel);
    m->vpes[m->header.vpe_count - 1].flags = RESCIND_STARTUP_CHILD;
}

static void add_grant(struct maker *m, uint32_t vpe, uint32_t sel, uint32_t target)
{
    m->grants[m->header.grant_count++] =
        (struct rescind_startup_grant){.vpe = vpe, .sel = sel, .target = target};
}

static void add_step(struct maker *m, uint8_t kind, uint32_t arg, const void *payload, size_t size)
{
    static const uint8_t zeros[8];
    uint32_t index = m->header.vpe_count - 1;
    struct rescind_startup_step step = {.kind = kind, .size = (uint16_t)size, .arg = arg};

    m->last_step = m->steps[index]->len;
    g_byte_array_append(m->steps[index], (const guint8 *)&step, sizeof step);
    g_byte_array_append(m->steps[index], payload, (guint)size);
    g_byte_array_append(m->steps[index], zeros, (guint)(-size % 8));
    m->vpes[index].step_count++;
    m->vpes[index].call_count += startup_has_result(kind);
}

/* The answer to the last step is to have `value` at `word`. */
static void expect(struct maker *m, uint64_t word, uint64_t value)
{
    GByteArray *steps = m->steps[m->header.vpe_count - 1];
    const struct rescind_startup_check check = {word, value};

    ((struct rescind_startup_step *)(void *)(steps->data + m->last_step))->checks++;
    g_byte_array_append(steps, (const guint8 *)&check, sizeof check);
}

static void add_run(struct maker *m, uint32_t program)
{
    add_step(m, RESCIND_STEP_RUN, program, NULL, 0);
}

static void add_signal(struct maker *m, uint32_t signal)
{
    m->header.signal_count = MAX(m->header.signal_count, signal + 1);
    add_step(m, RESCIND_STEP_SIGNAL, signal, NULL, 0);
}

static void add_wait(struct maker *m, uint32_t signal)
{
    m->header.signal_count = MAX(m->header.signal_count, signal + 1);
    add_step(m, RESCIND_STEP_WAIT, signal, NULL, 0);
}

static void add_noop(struct maker *m)
{
    const uint64_t message = RESCIND_SYS_NOOP;

    add_step(m, RESCIND_STEP_CALL, 0, &message, sizeof message);
}

enum { EXIT_CODE = 3 };

static void add_exit(struct maker *m)
{
    const uint64_t message[] = {RESCIND_SYS_EXIT, EXIT_CODE};

    add_step(m, RESCIND_STEP_CALL, 0, message, sizeof message);
}

static void add_gate(struct maker *m, uint32_t sel)
{
    const uint64_t message[] = {RESCIND_SYS_CREATEGATE, 0, sel, 7, 2, 1};

    add_step(m, RESCIND_STEP_CALL, 0, message, sizeof message);
}

static void add_delegate(struct maker *m, uint32_t vpe, uint32_t own, uint32_t other,
                         uint32_t count)
{
    const uint64_t message[] = {
        RESCIND_SYS_EXCHANGE, vpe, (uint64_t)own << 32, count, (uint64_t)other << 32, count, 0,
    };

    add_step(m, RESCIND_STEP_CALL, 0, message, sizeof message);
}

static void add_obtain(struct maker *m, uint32_t vpe, uint32_t own, uint32_t other)
{
    const uint64_t message[] = {
        RESCIND_SYS_EXCHANGE, vpe, (uint64_t)own << 32, 1, (uint64_t)other << 32, 1, 1,
    };

    add_step(m, RESCIND_STEP_CALL, 0, message, sizeof message);
}

static void add_revoke(struct maker *m, uint32_t sel, uint32_t count)
{
    const uint64_t message[] = {RESCIND_SYS_REVOKE, (uint64_t)sel << 32, count, 1};

    add_step(m, RESCIND_STEP_CALL, 0, message, sizeof message);
}

static void add_print(struct maker *m, const char *text)
{
    uint64_t message[8] = {RESCIND_SYS_PRINT, strlen(text)};

    memcpy(&message[2], text, strlen(text));
    add_step(m, RESCIND_STEP_CALL, 0, message, 16 + (strlen(text) + 7) / 8 * 8);
}

/* A VPE called `name` at `sel`, its memory behind it. */
static void add_createvpe(struct maker *m, uint32_t sel, const char *name)
{
    uint64_t message[12] = {RESCIND_SYS_CREATEVPE, sel, sel + 1, strlen(name)};
    const uint64_t tail[] = {RESCIND_ANY_PE, RESCIND_NONE, 0};
    size_t words = 4 + (strlen(name) + 7) / 8;

    memcpy(&message[4], name, strlen(name));
    memcpy(&message[words], tail, sizeof tail);
    add_step(m, RESCIND_STEP_CALL, 0, message, words * sizeof message[0] + sizeof tail);
}

static void add_vpectrl(struct maker *m, uint32_t vpe, enum rescind_vpectrl op)
{
    const uint64_t message[] = {RESCIND_SYS_VPECTRL, vpe, op, 0};

    add_step(m, RESCIND_STEP_CALL, 0, message, sizeof message);
}

static void add_reqmem(struct maker *m, uint32_t sel, uint64_t size)
{
    const uint64_t message[] = {RESCIND_SYS_REQMEM, sel, RESCIND_ANY_ADDR, size,
                                RESCIND_PERM_R | RESCIND_PERM_W};

    add_step(m, RESCIND_STEP_CALL, 0, message, sizeof message);
}

/* The first page of `mem` at the window's page `page`. */
static void add_createmap(struct maker *m, uint32_t vpe, uint32_t mem, uint32_t page,
                          uint32_t perms)
{
    const uint64_t message[] = {
        RESCIND_SYS_CREATEMAP, vpe, mem, 0, 1, RESCIND_MAP_FIRST + page, perms,
    };

    add_step(m, RESCIND_STEP_CALL, 0, message, sizeof message);
}

static uint64_t mapped_at(uint32_t page, uint32_t offset)
{
    return (uint64_t)(RESCIND_MAP_FIRST + page) * RESCIND_PAGE + offset;
}

static void add_load(struct maker *m, uint64_t address)
{
    add_step(m, RESCIND_STEP_LOAD, 0, &address, sizeof address);
}

static void add_store(struct maker *m, uint64_t address, uint64_t value)
{
    const uint64_t payload[] = {address, value};

    add_step(m, RESCIND_STEP_STORE, 0, payload, sizeof payload);
}

/* The module; `m` is gone. */
static GByteArray *maker_finish(struct maker *m)
{
    GByteArray *module = g_byte_array_new();
    struct rescind_startup *h = &m->header;

    h->vpes = sizeof *h;
    h->kernels = h->vpes + h->vpe_count * (uint32_t)sizeof m->vpes[0];
    h->faults = h->kernels + h->kernel_count * (uint32_t)sizeof m->kernels[0];
    h->serials = h->faults; /* none */
    h->grants = h->faults + h->fault_count * (uint32_t)sizeof m->faults[0];
    h->size = h->grants + h->grant_count * (uint32_t)sizeof m->grants[0];
    for (uint32_t i = 0; i < h->vpe_count; i++) {
        m->kernels[m->vpes[i].kernel].vpes += (m->vpes[i].flags & RESCIND_STARTUP_CHILD) == 0;
        if (m->vpes[i].step_count > 0) {
            m->vpes[i].steps = h->size;
            m->vpes[i].steps_size = m->steps[i]->len;
            h->size += m->steps[i]->len;
        }
    }
    g_byte_array_append(module, (const guint8 *)h, sizeof *h);
    g_byte_array_append(module, (const guint8 *)m->vpes, h->vpe_count * (guint)sizeof m->vpes[0]);
    g_byte_array_append(module, (const guint8 *)m->kernels,
                        h->kernel_count * (guint)sizeof m->kernels[0]);
    g_byte_array_append(module, (const guint8 *)m->faults,
                        h->fault_count * (guint)sizeof m->faults[0]);
    g_byte_array_append(module, (const guint8 *)m->grants,
                        h->grant_count * (guint)sizeof m->grants[0]);
    for (uint32_t i = 0; i < h->vpe_count; i++) {
        g_byte_array_append(module, m->steps[i]->data, m->steps[i]->len);
        g_byte_array_unref(m->steps[i]);
    }
    assert_null(startup_check(module->data, module->len));
    g_free(m);
    return module;
}

/* ---- Booting them ------------------------------------------------------------------------- */

/* Boots the maker's module and gives it up. Fails the test if there is no outcome, or if a kernel
 * (unless it is one that is broken on purpose) is not in order at the end. */
static struct outcome *boot(struct maker *m, const struct boot_options *options)
{
    GByteArray *module = maker_finish(m);
    struct boot_options audited = *options;
    GError *error = NULL;
    struct outcome *outcome;

    audited.audit = options->image == NULL;
    outcome = boot_run(module->data, module->len, &audited, &error);

    if (outcome == NULL) {
        fail_msg("%s", error->message);
    }
    g_byte_array_unref(module);
    return outcome;
}

/* The same for one that must fail; the caller frees the error. */
static GError *boot_fails(GByteArray *module, const struct boot_options *options)
{
    GError *error = NULL;

    assert_null(boot_run(module->data, module->len, options, &error));
    g_byte_array_unref(module);
    return error;
}

static void assert_error(GError *error, enum boot_error code, const char *part)
{
    assert_non_null(error);
    assert_int_equal(error->code, code);
    if (strstr(error->message, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error->message, part);
    }
    g_error_free(error);
}

static const struct outcome_cap *find_cap(const struct outcome *outcome, uint32_t vpe, uint32_t sel)
{
    const GArray *caps = outcome_vpe(outcome, vpe)->caps;

    for (guint i = 0; i < caps->len; i++) {
        const struct outcome_cap *cap = &g_array_index(caps, struct outcome_cap, i);

        if (cap->kind == RESCIND_TABLE_OBJECT && cap->sel == sel) {
            return cap;
        }
    }
    return NULL;
}

static void assert_results(const struct outcome *outcome, uint32_t vpe, const char *hex)
{
    const GByteArray *results = outcome_vpe(outcome, vpe)->results;
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < results->len; i++) {
        g_string_append_printf(text, "%02x", results->data[i]);
    }
    assert_string_equal(text->str, hex);
    g_string_free(text, TRUE);
}

static GByteArray *small_module(void)
{
    struct maker *m = maker_new();

    add_vpe(m, "A");
    add_noop(m);
    add_noop(m);
    add_vpe(m, "B");
    return maker_finish(m);
}

/* ---- Task 06 ------------------------------------------------------------------------------ */

static const char task06_before[] = "[VPE0] Test 1 (NOOP x3): PASS\n"
                                    "[VPE0] Test 2 (CREATEGATE sel=5): PASS (err=0)\n"
                                    "[VPE0] Test 3 (REVOKE sel=5): PASS (err=0)\n"
                                    "[VPE0] Test 4 (REVOKE non-existent sel=99): PASS "
                                    "(err=0, no crash)\n"
                                    "[VPE0] Test 5 (CREATE+REVOKE x3): PASS\n"
                                    "[VPE0] Test 6 (EXCHANGE delegate to VPE1): PASS (err=0)\n";
static const char task06_after[] = "[VPE0] Test 7 (cross-VPE REVOKE sel=20): PASS (err=0)\n"
                                   "[VPE0] Test 8 (EXCHANGE+REVOKE x3 cycle): PASS\n"
                                   "[VPE0] === 8 passed, 0 failed ===\n";

static struct maker *task06(uint32_t watch)
{
    struct maker *m = maker_new();

    m->header.watch = watch;
    add_vpe(m, "VPE0");
    add_run(m, RUN_TASK06);
    add_vpe(m, "VPE1");
    add_grant(m, 0, 2, 1);
    return m;
}

static void task06_prints_its_lines_on_both_machine_types(void **state)
{
    static const char *const machines[] = {"q35", "pc"};
    char *all = g_strconcat(task06_before, task06_after, NULL);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(machines); i++) {
        struct boot_options options = {.machine = machines[i], .text = g_string_new(NULL)};
        struct outcome *outcome = boot(task06(0), &options);

        assert_string_equal(options.text->str, all);
        assert_false(outcome_vpe(outcome, 0)->stuck);
        assert_int_equal(outcome_vpe(outcome, 0)->position, 1);
        assert_int_equal(outcome_vpe(outcome, 0)->caps->len, 3);
        assert_int_equal(outcome_vpe(outcome, 1)->caps->len, 2);
        g_string_free(options.text, TRUE);
        outcome_free(outcome);
    }
    g_free(all);
}

static void the_watch_shows_the_tree_around_the_revocation(void **state)
{
    struct boot_options options = {.text = g_string_new(NULL)};
    struct outcome *outcome = boot(task06(20), &options);
    const char *before = strstr(options.text->str, "before the revocation:\n");
    const char *after = strstr(options.text->str, "after the revocation:\n");

    (void)state;
    assert_true(g_str_has_prefix(options.text->str, task06_before));
    assert_true(g_str_has_suffix(options.text->str, task06_after));
    assert_non_null(before);
    assert_non_null(after);
    assert_true(before < after);
    assert_non_null(g_strstr_len(before, after - before, "VPE1:30"));
    assert_null(strstr(after, "VPE1:30"));
    g_string_free(options.text, TRUE);
    outcome_free(outcome);
}

static void runs_under_icount_are_the_same(void **state)
{
    GString *consoles[2];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct boot_options options = {.icount = true, .console = g_string_new(NULL)};

        outcome_free(boot(task06(20), &options));
        consoles[i] = options.console;
    }
    assert_string_equal(consoles[0]->str, consoles[1]->str);
    g_string_free(consoles[0], TRUE);
    g_string_free(consoles[1], TRUE);
}

/* ---- What is reported --------------------------------------------------------------------- */

static void results_tables_and_parents_come_out_of_the_guest(void **state)
{
    struct maker *m = maker_new();
    struct outcome *outcome;
    const struct outcome_cap *clone;

    (void)state;
    add_vpe(m, "A");
    add_gate(m, 20);
    add_gate(m, 20);
    add_delegate(m, 2, 20, 30, 1);
    add_gate(m, 21);
    add_delegate(m, 2, 21, 31, 1);
    add_revoke(m, 21, 1);
    add_vpe(m, "B");
    add_grant(m, 0, 2, 1);
    outcome = boot(m, &(struct boot_options){0});
    assert_results(outcome, 0, "000500000000");
    assert_int_equal(outcome_vpe(outcome, 0)->caps->len, 4);
    assert_int_equal(outcome_vpe(outcome, 1)->caps->len, 3);
    clone = find_cap(outcome, 1, 30);
    assert_non_null(clone);
    assert_int_equal(clone->type, RESCIND_CAP_GATE);
    assert_true(clone->has_parent);
    assert_int_equal(clone->parent_vpe, 0);
    assert_int_equal(clone->parent_sel, 20);
    assert_null(find_cap(outcome, 1, 31));
    assert_false(find_cap(outcome, 0, 20)->has_parent);
    assert_int_equal(find_cap(outcome, 0, 2)->parent_vpe, 1);
    outcome_free(outcome);
}

static void signals_order_programs_and_a_wait_for_none_is_stuck(void **state)
{
    struct boot_options options = {.text = g_string_new(NULL)};
    struct maker *m = maker_new();
    struct outcome *outcome;

    (void)state;
    add_vpe(m, "A");
    add_wait(m, 1);
    add_print(m, "second\n");
    add_signal(m, 2);
    add_vpe(m, "B");
    add_print(m, "first\n");
    add_signal(m, 1);
    add_wait(m, 2);
    add_print(m, "third\n");
    add_vpe(m, "C");
    add_noop(m);
    add_wait(m, 3);
    add_noop(m);
    outcome = boot(m, &options);
    assert_string_equal(options.text->str, "first\nsecond\nthird\n");
    assert_true(outcome_vpe(outcome, 2)->stuck);
    assert_int_equal(outcome_vpe(outcome, 2)->position, 1);
    assert_results(outcome, 2, "00ff");
    assert_false(outcome_vpe(outcome, 1)->stuck);
    g_string_free(options.text, TRUE);
    outcome_free(outcome);
}

/* A signal is no call: the last thing a program does, it must still wake the one that waits. */
static void a_last_signal_wakes_who_waits_for_it(void **state)
{
    struct maker *m = maker_new();
    struct outcome *outcome;

    (void)state;
    add_vpe(m, "A");
    add_wait(m, 0);
    add_signal(m, 1);
    add_vpe(m, "B");
    add_signal(m, 0);
    add_wait(m, 1);
    add_signal(m, 2);
    add_vpe(m, "C");
    add_wait(m, 2);
    outcome = boot(m, &(struct boot_options){0});
    for (uint32_t i = 0; i < 3; i++) {
        assert_false(outcome_vpe(outcome, i)->stuck);
    }
    outcome_free(outcome);
}

static void a_vpe_that_exits_has_ended_and_holds_nothing(void **state)
{
    struct maker *m = maker_new();
    struct outcome *outcome;

    (void)state;
    add_vpe(m, "A");
    add_gate(m, 20);
    add_delegate(m, 2, 20, 30, 1);
    add_exit(m);
    add_noop(m);
    add_vpe(m, "B");
    add_grant(m, 0, 2, 1);
    outcome = boot(m, &(struct boot_options){0});
    assert_true(outcome_vpe(outcome, 0)->ended);
    assert_results(outcome, 0, "0000ffff");
    assert_int_equal(outcome_vpe(outcome, 0)->caps->len, 0);
    assert_null(find_cap(outcome, 1, 30));
    outcome_free(outcome);
}

static void keep_message(void *context, uint32_t vpe, const uint8_t *message, size_t size)
{
    GString *text = context;

    g_string_append_printf(text, "%u:", vpe);
    for (size_t i = 0; i < size; i++) {
        g_string_append_printf(text, "%02x", message[i]);
    }
    g_string_append_c(text, '\n');
}

static void captured_messages_are_the_bytes_of_the_ring(void **state)
{
    GString *text = g_string_new(NULL);
    struct boot_options options = {.capture = keep_message, .context = text};
    struct maker *m = maker_new();

    (void)state;
    add_vpe(m, "A");
    add_noop(m);
    outcome_free(boot(m, &options));
    /* flags, PE 0, endpoint 0, reply endpoint 1, 8 bytes, VPE 0, label, reply label; NOOP */
    assert_string_equal(text->str, "0:00000000010800000000000000000000000000000000000000"
                                   "1200000000000000\n");
    g_string_free(text, TRUE);
}

static void keep_message_of_host(void *context, uint32_t vpe, const void *message, size_t size)
{
    keep_message(context, vpe, message, size);
}

/* Task 06's program beside steps of a litmus file, each VPE waiting for the other: the kernel on
 * the host and the one on the PC take the same messages, byte for byte and in the same order. */
static void both_targets_send_the_same_bytes(void **state)
{
    GString *host = g_string_new(NULL), *guest = g_string_new(NULL);
    struct boot_options options = {.capture = keep_message, .context = guest};
    struct machine_options machine_options = {.capture = keep_message_of_host, .context = host};
    struct maker *m = maker_new();
    GByteArray *module;
    struct machine *machine;

    (void)state;
    add_vpe(m, "A");
    add_run(m, RUN_TASK06);
    add_signal(m, 0);
    add_wait(m, 1);
    add_noop(m);
    add_vpe(m, "B");
    add_grant(m, 0, 2, 1);
    add_wait(m, 0);
    add_gate(m, 20);
    add_delegate(m, 0, 20, 30, 1);
    add_signal(m, 1);
    module = maker_finish(m);
    machine = machine_load(&machine_options, module->data, NULL);
    assert_non_null(machine);
    assert_int_equal(machine_run(machine, NULL, NULL), MACHINE_QUIET);
    outcome_free(boot_run(module->data, module->len, &options, NULL));
    assert_true(host->len > 2000);
    assert_string_equal(guest->str, host->str);
    machine_free(machine);
    g_byte_array_unref(module);
    g_string_free(host, TRUE);
    g_string_free(guest, TRUE);
}

/* ---- Many, long, wild --------------------------------------------------------------------- */

static void a_program_that_computes_does_not_stop_one_that_calls(void **state)
{
    struct boot_options options = {.text = g_string_new(NULL)};
    struct maker *m = maker_new();
    struct outcome *outcome;

    (void)state;
    add_vpe(m, "spins");
    add_run(m, ROGUE_FIRST + ROGUE_SPIN);
    add_signal(m, 1);
    add_vpe(m, "calls");
    for (int i = 0; i < 100; i++) {
        add_gate(m, 20);
        add_revoke(m, 20, 1);
    }
    add_print(m, "called\n");
    add_wait(m, 1);
    add_print(m, "saw it end\n");
    outcome = boot(m, &options);
    assert_non_null(strstr(options.text->str, "spins\n"));
    assert_non_null(strstr(options.text->str, "called\n"));
    assert_true(g_str_has_suffix(options.text->str, "spun\nsaw it end\n"));
    assert_false(outcome_vpe(outcome, 0)->stuck);
    assert_false(outcome_vpe(outcome, 1)->stuck);
    g_string_free(options.text, TRUE);
    outcome_free(outcome);
}

/* Its turn is over when the timer ticks, also where that comes while its text goes out. */
static void a_program_that_prints_all_the_time_leaves_others_their_turns(void **state)
{
    enum { LINES = 600, TEXT = 400 };
    struct boot_options options = {.icount = true, .text = g_string_new(NULL)};
    struct maker *m = maker_new();
    uint64_t message[2 + TEXT / 8] = {RESCIND_SYS_PRINT, TEXT};
    struct outcome *outcome;
    const char *other;

    (void)state;
    memset(&message[2], 'a', TEXT);
    ((char *)&message[2])[TEXT - 1] = '\n';
    add_vpe(m, "A");
    for (int i = 0; i < LINES; i++) {
        add_step(m, RESCIND_STEP_CALL, 0, message, sizeof message);
    }
    add_vpe(m, "B");
    add_print(m, "other\n");
    outcome = boot(m, &options);
    other = strstr(options.text->str, "other\n");
    assert_non_null(other);
    assert_true(other - options.text->str < LINES * TEXT / 2);
    assert_int_equal(options.text->len, LINES * TEXT + strlen("other\n"));
    g_string_free(options.text, TRUE);
    outcome_free(outcome);
}

static void an_endless_loop_takes_nothing_but_its_time(void **state)
{
    struct boot_options options = {.text = g_string_new(NULL), .timeout = 4};
    struct maker *m = maker_new();

    (void)state;
    add_vpe(m, "endless");
    add_run(m, ROGUE_FIRST + ROGUE_SPIN_FOREVER);
    add_vpe(m, "calls");
    for (int i = 0; i < 100; i++) {
        add_noop(m);
    }
    add_print(m, "called\n");
    assert_error(boot_fails(maker_finish(m), &options), BOOT_ERROR_TIMEOUT, "4 seconds");
    assert_string_equal(options.text->str, "called\n");
    g_string_free(options.text, TRUE);
}

/* How each of them ends on the console; NULL: it is content. */
static const char *const rogue_ends[ROGUE_COUNT] = {
    [ROGUE_NULL] = "page fault at 0x0 ",
    [ROGUE_READ_KERNEL] = "page fault at 0xffffffff80",
    [ROGUE_WRITE_KERNEL] = "page fault at 0xffffffff80",
    [ROGUE_WRITE_TEXT] = "page fault at 0x400000 ",
    [ROGUE_WRITE_MODULE] = "page fault at 0x8000000000 ",
    [ROGUE_RUN_DATA] = "page fault at 0x4",
    [ROGUE_INVALID] = "invalid opcode",
    [ROGUE_CLI] = "general protection",
    [ROGUE_PORT] = "general protection",
    [ROGUE_INTERRUPT] = "general protection",
    [ROGUE_DIVIDE] = "division error",
    [ROGUE_SSE] = "invalid opcode",
    [ROGUE_X87] = "floating point",
    [ROGUE_TRAP_FLAG] = "single step",
    [ROGUE_JUMP] = "(ip 0x900000000000)",
    [ROGUE_STACK] = "page fault at 0x48fff8 ",
    [ROGUE_NO_STACK] = "page fault at 0xffffffff80",
    [ROGUE_RING] = "its ring makes no sense",
    [ROGUE_RING_SILENT] = "its ring makes no sense",
    [ROGUE_UNMAPPED] = "page fault at 0x10000000 ",
    [ROGUE_PAST_END] = "page fault at 0x10002000 ",
    [ROGUE_UNMAP] = "page fault at 0x10000000 ",
    [ROGUE_REVOKED] = "page fault at 0x10000000 ",
    [ROGUE_READ_ONLY] = "page fault at 0x10000000 ",
    [ROGUE_WRITE_ONLY] = "page fault at 0x10000000 ",
    [ROGUE_RUN_MAPPED] = "page fault at 0x10000000 (ip 0x10000000)",
    [ROGUE_RECOVER_NOT] = "page fault at 0x0 ",
    [ROGUE_RECOVER_KERNEL] = "page fault at 0x10000000 (ip 0xffffffff80110000)",
    [ROGUE_RECOVER_WILD] = "page fault at 0x10000000 (ip 0x900000000000)",
    [ROGUE_HALT] = "general protection",
    [ROGUE_READ_MSR] = "general protection",
    [ROGUE_WRITE_MSR] = "general protection",
    [ROGUE_READ_CR3] = "general protection",
    [ROGUE_WRITE_CR3] = "general protection",
    [ROGUE_WRITE_DR7] = "general protection",
    [ROGUE_LOAD_GDT] = "general protection",
    [ROGUE_LOAD_TASK] = "general protection",
    [ROGUE_SWAP_GS] = "general protection",
    [ROGUE_WRITE_GS] = "invalid opcode",
    [ROGUE_READ_PORT] = "general protection",
    [ROGUE_COUNTER] = "general protection",
    [ROGUE_SOFT_INT] = "general protection",
    [ROGUE_SOFT_INT_80] = "general protection",
    [ROGUE_SYSENTER] = "invalid opcode",
    [ROGUE_SYSRET] = "general protection",
    [ROGUE_IRET] = "(ip 0x40", /* QEMU looks at the stack with the kernel's rights first */
    [ROGUE_FAR] = "(ip 0x40",
    [ROGUE_DIRECT] = "page fault at 0xffff800000100000 ",
    [ROGUE_APIC] = "page fault at 0xffff8000fee00020 ",
    [ROGUE_STACKS] = "page fault at 0xffffffff80201ff8 ",
    [ROGUE_RINGS] = "page fault at 0x481000 ",
};

static void check_rogue(const struct outcome *outcome, uint32_t vpe, const char *end,
                        const char *console)
{
    char *line = g_strdup_printf("rescind: [R%u] killed: ", vpe - 1);
    const char *found = strstr(console, line);

    if (end == NULL) {
        assert_null(found);
        assert_false(outcome_vpe(outcome, vpe)->ended);
        assert_false(outcome_vpe(outcome, vpe)->stuck);
    } else {
        assert_non_null(found);
        if (g_strstr_len(found, (gssize)strcspn(found, "\n"), end) == NULL) {
            fail_msg("no \"%s\" in \"%.*s\"", end, (int)strcspn(found, "\n"), found);
        }
        assert_true(outcome_vpe(outcome, vpe)->ended);
        assert_int_equal(outcome_vpe(outcome, vpe)->caps->len, 0);
    }
    g_free(line);
}

/* All of them that end on kernel `kernel`; each one before that has nothing to do. */
enum { ROGUE_MEMORY_BYTES = 1 << 20 };

static void run_all_rogues(uint32_t kernel)
{
    struct boot_options options = {.console = g_string_new(NULL)};
    struct maker *m = maker_new();
    struct outcome *outcome;

    add_vpe_at(m, "good", kernel);
    add_gate(m, 20);
    m->kernels[kernel].memory = ROGUE_MEMORY_BYTES;
    for (uint32_t i = ROGUE_NULL; i < ROGUE_READ_FOREVER; i++) {
        char *name = g_strdup_printf("R%u", i - ROGUE_NULL);

        add_vpe_at(m, name, kernel);
        add_gate(m, 20);
        add_run(m, ROGUE_FIRST + i);
        g_free(name);
    }
    add_vpe_at(m, "late", kernel);
    add_delegate(m, 2, 0, 40, 1);
    add_grant(m, m->header.vpe_count - 1, 2, 0);
    outcome = boot(m, &options);
    for (uint32_t i = ROGUE_NULL; i < ROGUE_READ_FOREVER; i++) {
        check_rogue(outcome, i - ROGUE_NULL + 1, rogue_ends[i], options.console->str);
    }
    assert_non_null(find_cap(outcome, 0, 20));
    assert_int_equal(find_cap(outcome, 0, 40)->parent_vpe, outcome->vpes->len - 1);
    g_string_free(options.console, TRUE);
    outcome_free(outcome);
}

static void a_program_that_runs_wild_ends_alone(void **state)
{
    (void)state;
    run_all_rogues(0);
    run_all_rogues(1);
}

/* ---- How much time they take from others --------------------------------------------------- */

/* VPEs beside the one that works, each doing the same. */
enum { BUSY = 3, BUSY_MEMORY_BYTES = 1 << 18 };

/* Instructions that ROGUE_WORK takes on kernel 0 beside VPEs that run `rogue`, or wait
 * (ROGUE_COUNT), the first of them `first`, and as many on another kernel that run `there`. */
static uint64_t work_beside(uint32_t first, uint32_t rogue, uint32_t there)
{
    struct boot_options options = {.icount = true, .text = g_string_new(NULL)};
    struct maker *m = maker_new();
    const char *ticks;
    uint64_t taken;

    m->kernels[0].memory = BUSY_MEMORY_BYTES;
    add_vpe(m, "works");
    add_run(m, ROGUE_FIRST + ROGUE_WORK);
    add_signal(m, ROGUE_ENOUGH);
    for (uint32_t i = 0; i < BUSY; i++) {
        uint32_t what = i == 0 ? first : rogue;
        add_vpe(m, "busy");
        if (what != ROGUE_COUNT) {
            add_run(m, ROGUE_FIRST + what);
        }
        add_wait(m, ROGUE_ENOUGH);
    }
    for (uint32_t i = 0; i < BUSY && there != ROGUE_COUNT; i++) {
        add_vpe_at(m, "there", 1);
        add_grant(m, m->header.vpe_count - 1, ROGUE_OTHER, 1);
        add_run(m, ROGUE_FIRST + there);
        add_wait(m, ROGUE_ENOUGH);
    }
    outcome_free(boot(m, &options));
    ticks = strstr(options.text->str, "ticks:");
    assert_non_null(ticks);
    taken = g_ascii_strtoull(ticks + strlen("ticks:"), NULL, 10);
    assert_true(taken > 0);
    g_string_free(options.text, TRUE);
    return taken;
}

/* What turns take beyond their length, and the kernel's work between them, at most as much again.
 */
static void no_program_takes_more_than_its_turns(void **state)
{
    static const uint32_t busy[][2] = {
        {ROGUE_BUSY_COMPUTE, ROGUE_BUSY_COMPUTE}, {ROGUE_BUSY_CALL, ROGUE_BUSY_FAULT},
        {ROGUE_BUSY_TREE, ROGUE_BUSY_COMPUTE},    {ROGUE_BUSY_TREE, ROGUE_BUSY_PRINT},
        {ROGUE_BUSY_TREE, ROGUE_BUSY_MEMORY},     {ROGUE_BUSY_SIGNAL, ROGUE_BUSY_RING},
    };
    uint64_t alone = work_beside(ROGUE_COUNT, ROGUE_COUNT, ROGUE_COUNT);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(busy); i++) {
        assert_in_range(work_beside(busy[i][0], busy[i][1], ROGUE_COUNT), alone,
                        2 * (BUSY + 1) * alone);
    }
}

/* Those of another kernel take none of this one's turns, but make them short, as each calls for it
 * all the time. (Under icount their instructions count, too, and QEMU shares out its time.) */
static void programs_of_other_kernels_end_no_turns(void **state)
{
    uint64_t alone = work_beside(ROGUE_COUNT, ROGUE_COUNT, ROGUE_BUSY_COMPUTE);

    (void)state;
    assert_in_range(work_beside(ROGUE_COUNT, ROGUE_COUNT, ROGUE_BUSY_PEER), 1, 4 * alone);
}

static void a_long_revocation_leaves_time_for_others(void **state)
{
    enum { GATES = 200, COPIES = 50 };
    struct boot_options options = {.text = g_string_new(NULL)};
    struct maker *m = maker_new();
    struct outcome *outcome;

    (void)state;
    m->kernels[0].nodes = 1 << 16;
    m->header.work = 1;
    add_vpe(m, "A");
    for (uint32_t i = 0; i < GATES; i++) {
        add_gate(m, 100 + i);
    }
    for (uint32_t i = 0; i < COPIES; i++) {
        add_delegate(m, 2, 100, 1000 * (i + 1), GATES);
    }
    add_signal(m, 0);
    add_revoke(m, 100, GATES);
    add_print(m, "revoked\n");
    add_vpe(m, "B");
    add_wait(m, 0);
    add_print(m, "meanwhile\n");
    add_grant(m, 0, 2, 1);
    outcome = boot(m, &options);
    assert_string_equal(options.text->str, "meanwhile\nrevoked\n");
    assert_int_equal(outcome_vpe(outcome, 0)->caps->len, 3);
    assert_int_equal(outcome_vpe(outcome, 1)->caps->len, 2);
    g_string_free(options.text, TRUE);
    outcome_free(outcome);
}

static void as_many_vpes_as_a_module_may_have_all_run(void **state)
{
    struct maker *m = maker_new();
    struct outcome *outcome;

    (void)state;
    for (uint32_t i = 0; i < RESCIND_STARTUP_VPES; i++) {
        add_vpe(m, "one of many");
        add_gate(m, i + 2);
        add_wait(m, i);
        add_signal(m, i + 1);
    }
    add_signal(m, 0);
    outcome = boot(m, &(struct boot_options){0});
    /* The chain of waits starts with the last one, which waits itself: nobody gets far. */
    for (uint32_t i = 0; i < RESCIND_STARTUP_VPES; i++) {
        assert_non_null(find_cap(outcome, i, i + 2));
        assert_true(outcome_vpe(outcome, i)->stuck);
    }
    outcome_free(outcome);
}

/* ---- Children ----------------------------------------------------------------------------- */

/* LENDERS: kernels whose VPEs are lent memory of kernel 0. */
enum { CHILD_MEMORY = 1 << 16, LENDERS = 2 };

static void run_children(uint32_t kernel)
{
    struct maker *m = maker_new();
    struct outcome *outcome;

    m->kernels[kernel].memory = CHILD_MEMORY;
    m->kernels[kernel].vpes = 4;
    add_vpe_at(m, "parent", kernel);
    add_createvpe(m, 10, "B");
    add_createvpe(m, 12, "A");
    add_createvpe(m, 14, "asleep");
    add_vpectrl(m, 10, RESCIND_VPE_START);
    add_vpectrl(m, 12, RESCIND_VPE_START);
    add_vpectrl(m, 10, RESCIND_VPE_WAIT);
    expect(m, 1, EXIT_CODE);
    add_vpectrl(m, 10, RESCIND_VPE_WAIT);
    expect(m, 1, EXIT_CODE + 1);
    add_child(m, "never made", kernel);
    add_noop(m);
    add_child(m, "A", kernel);
    add_noop(m);
    add_gate(m, 20);
    add_child(m, "asleep", kernel);
    add_noop(m);
    add_child(m, "B", kernel);
    add_noop(m);
    add_noop(m);
    add_exit(m);
    outcome = boot(m, &(struct boot_options){0});
    assert_results(outcome, 0, "000000000000fe");
    for (uint32_t i = 0; i < 4; i++) {
        static const guint caps[] = {8, 0, 3, 2};

        assert_false(outcome_vpe(outcome, i)->stuck);
        assert_false(outcome_vpe(outcome, i)->ended);
        assert_int_equal(outcome_vpe(outcome, i)->caps->len, caps[i]);
    }
    assert_results(outcome, 1, "ff");
    assert_results(outcome, 2, "0000");
    assert_results(outcome, 3, "ff");
    assert_int_equal(find_cap(outcome, 2, 0)->parent_vpe, 0);
    assert_int_equal(find_cap(outcome, 2, 0)->parent_sel, 12);
    assert_true(outcome_vpe(outcome, 4)->ended);
    assert_results(outcome, 4, "0000ff");
    outcome_free(outcome);
}

static void children_run_from_their_start_on_and_are_waited_for(void **state)
{
    (void)state;
    run_children(0);
    run_children(1);
}

/* Its number is used again, by one of another name and then by one that the module does not know.
 */
static void a_number_serves_one_child_behind_the_other(void **state)
{
    static const char *const names[] = {"first", "second", "unknown"};
    struct maker *m = maker_new();
    struct outcome *outcome;

    (void)state;
    m->kernels[0].memory = CHILD_MEMORY;
    m->kernels[0].vpes = 1;
    add_vpe(m, "parent");
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        add_createvpe(m, 10, names[i]);
        add_createvpe(m, 12, names[i]);
        add_vpectrl(m, 10, RESCIND_VPE_START);
        if (i < 2) {
            add_vpectrl(m, 10, RESCIND_VPE_WAIT);
            expect(m, 1, i == 0 ? EXIT_CODE : 1);
            add_revoke(m, 10, 2);
        }
    }
    add_obtain(m, 10, 40, RESCIND_SEL_MEM);
    add_child(m, "second", 0);
    add_gate(m, 20);
    add_run(m, ROGUE_FIRST + ROGUE_FIND_TEXT);
    add_run(m, ROGUE_FIRST + ROGUE_NULL);
    add_child(m, "first", 0);
    add_noop(m);
    add_run(m, ROGUE_FIRST + ROGUE_LEAVE_TEXT);
    add_exit(m);
    outcome = boot(m, &(struct boot_options){0});
    assert_results(outcome, 0,
                   "000a000000"
                   "000a000000"
                   "000a00"
                   "00");
    assert_true(outcome_vpe(outcome, 1)->ended);
    assert_results(outcome, 1, "00");
    assert_true(outcome_vpe(outcome, 2)->ended);
    assert_results(outcome, 2, "00ff");
    assert_int_equal(find_cap(outcome, 0, 40)->parent_vpe, OUTCOME_OTHER_VPE);
    outcome_free(outcome);
}

/* ---- Mapped memory ------------------------------------------------------------------------ */

static void a_child_sees_what_its_parent_maps_for_it(void **state)
{
    struct maker *m = maker_new();
    struct outcome *outcome;

    (void)state;
    m->kernels[0].memory = CHILD_MEMORY;
    m->kernels[0].vpes = 1;
    add_vpe(m, "parent");
    add_reqmem(m, 50, RESCIND_PAGE);
    add_createmap(m, 0, 50, 0, RESCIND_PERM_R | RESCIND_PERM_W);
    add_store(m, mapped_at(0, 8), 77);
    add_createvpe(m, 10, "child");
    add_createmap(m, 10, 50, 3, RESCIND_PERM_R);
    add_vpectrl(m, 10, RESCIND_VPE_START);
    add_vpectrl(m, 10, RESCIND_VPE_WAIT);
    add_load(m, mapped_at(0, 8));
    expect(m, 1, 78);
    add_child(m, "child", 0);
    add_load(m, mapped_at(3, 8));
    expect(m, 1, 77);
    add_load(m, mapped_at(3, 0));
    add_load(m, mapped_at(3, 0));
    expect(m, 1, 1);
    add_store(m, mapped_at(3, 8), 78);
    add_load(m, mapped_at(0, 8));
    add_load(m, PC_IMAGE);
    add_exit(m);
    outcome = boot(m, &(struct boot_options){0});
    assert_results(outcome, 0, "00000000000000fe");
    assert_results(outcome, 1, "0000fe080404ff");
    outcome_free(outcome);
}

/* A lends B its memory, on the same kernel or another; B maps it; A takes it back, which takes the
 * kernel many events: some between the one that makes B's mapping invalid and that which removes
 * it.
 */
enum { MORE = 20 };
#define LENT                                                                                       \
    "00000000"                                                                                     \
    "0000000000"                                                                                   \
    "0000000000"                                                                                   \
    "0000000000"                                                                                   \
    "0000000000"
static struct maker *lend(uint32_t kernel, bool spins)
{
    struct maker *m = maker_new();

    m->header.work = 1;

    m->kernels[0].memory = m->kernels[kernel].memory = CHILD_MEMORY;
    add_vpe_at(m, "A", 0);
    add_reqmem(m, 50, 2 * RESCIND_PAGE);
    add_createmap(m, 0, 50, 0, RESCIND_PERM_R | RESCIND_PERM_W);
    add_store(m, mapped_at(0, 0), 5);
    add_delegate(m, 2, 50, ROGUE_MEMORY, 1);
    add_signal(m, 0);
    if (spins) {
        add_run(m, ROGUE_FIRST + ROGUE_SPIN);
    } else {
        add_wait(m, 1);
    }
    for (uint32_t i = 0; i < MORE; i++) {
        add_createmap(m, 0, 50, 1 + i, RESCIND_PERM_R);
    }
    add_load(m, mapped_at(0, 0));
    expect(m, 1, 6);
    add_revoke(m, 50, 1);
    add_load(m, mapped_at(0, 0));
    add_signal(m, 2);
    add_vpe_at(m, "B", kernel);
    add_grant(m, 0, 2, 1);
    add_wait(m, 0);
    return m;
}

static void what_is_taken_back_is_not_mapped_any_more(void **state)
{
    (void)state;
    for (uint32_t kernel = 0; kernel < LENDERS; kernel++) {
        struct maker *m = lend(kernel, false);
        struct outcome *outcome;

        add_createmap(m, 0, ROGUE_MEMORY, 5, RESCIND_PERM_R | RESCIND_PERM_W);
        add_load(m, mapped_at(5, 0));
        expect(m, 1, 5);
        add_store(m, mapped_at(5, 0), 6);
        add_signal(m, 1);
        add_wait(m, 2);
        add_store(m, mapped_at(5, 0), 7);
        add_load(m, mapped_at(5, 0));
        outcome = boot(m, &(struct boot_options){0});
        assert_results(outcome, 0, LENT "000004");
        assert_results(outcome, 1, "0000000404");
        outcome_free(outcome);
    }
}

/* B, which makes no call, can't go on reading. */
static void a_reader_that_makes_no_call_ends_by_a_revocation(void **state)
{
    (void)state;
    for (uint32_t kernel = 0; kernel < LENDERS; kernel++) {
        struct boot_options options = {.console = g_string_new(NULL)};
        struct maker *m = lend(kernel, true);
        struct outcome *outcome;

        add_run(m, ROGUE_FIRST + ROGUE_READ_FOREVER);
        outcome = boot(m, &options);
        assert_results(outcome, 0, LENT "fe0004");
        assert_true(outcome_vpe(outcome, 1)->ended);
        assert_non_null(strstr(options.console->str, "[B] killed: page fault at 0x10000000 "));
        g_string_free(options.console, TRUE);
        outcome_free(outcome);
    }
}

/* ---- Several kernels, a processor each ---------------------------------------------------- */

static void kernels_run_side_by_side_and_are_reported_as_one(void **state)
{
    struct maker *m = maker_new();
    struct outcome *outcome;

    (void)state;
    add_vpe_at(m, "A", 0);
    add_gate(m, 20);
    add_gate(m, 20);
    add_delegate(m, 2, 20, 30, 1);
    add_vpe_at(m, "B", 1);
    add_gate(m, 21);
    add_delegate(m, 2, 21, 31, 1);
    add_revoke(m, 21, 1);
    add_gate(m, 21);
    add_delegate(m, 2, 21, 32, 1);
    add_vpe_at(m, "C", 0);
    add_vpe_at(m, "D", 1);
    add_grant(m, 0, 2, 2);
    add_grant(m, 1, 2, 3);
    outcome = boot(m, &(struct boot_options){0});
    assert_results(outcome, 0, "000500");
    assert_results(outcome, 1, "0000000000");
    assert_int_equal(find_cap(outcome, 0, 2)->parent_vpe, 2);
    assert_int_equal(find_cap(outcome, 1, 2)->parent_vpe, 3);
    assert_int_equal(find_cap(outcome, 2, 30)->parent_vpe, 0);
    assert_null(find_cap(outcome, 3, 31));
    assert_int_equal(find_cap(outcome, 3, 32)->parent_vpe, 1);
    assert_int_equal(find_cap(outcome, 3, 32)->parent_sel, 21);
    outcome_free(outcome);
}

static void capabilities_cross_kernels_and_their_parents_are_reported(void **state)
{
    struct maker *m = maker_new();
    struct outcome *outcome;
    const struct outcome_cap *clone;

    (void)state;
    add_vpe_at(m, "passive", 1); /* so that numbers differ: B is 1 in its kernel, A 0 */
    add_vpe_at(m, "A", 0);
    add_gate(m, 20);
    add_delegate(m, 2, 20, 30, 1);
    add_gate(m, 21);
    add_delegate(m, 2, 21, 31, 1);
    add_revoke(m, 21, 1);
    add_vpe_at(m, "B", 1);
    add_grant(m, 1, 2, 2);
    outcome = boot(m, &(struct boot_options){0});
    assert_results(outcome, 1, "0000000000");
    clone = find_cap(outcome, 2, 30);
    assert_non_null(clone);
    assert_int_equal(clone->type, RESCIND_CAP_GATE);
    assert_true(clone->has_parent);
    assert_int_equal(clone->parent_vpe, 1);
    assert_int_equal(clone->parent_sel, 20);
    assert_null(find_cap(outcome, 2, 31));
    assert_int_equal(find_cap(outcome, 1, 2)->parent_vpe, 2);
    assert_int_equal(find_cap(outcome, 1, 2)->parent_sel, 0);
    outcome_free(outcome);
}

/* A program that gives to both neighbours and takes all of it back, round and round, on each of
 * three kernels at once: their channels are full now and then, and nothing gets lost. */
static void kernels_that_talk_at_once_all_come_to_an_end(void **state)
{
    enum { KERNELS = 3, ROUNDS = 200 };
    struct maker *m = maker_new();
    struct outcome *outcome;

    (void)state;
    for (uint32_t k = 0; k < KERNELS; k++) {
        add_vpe_at(m, "gives and takes", k);
        for (uint32_t i = 0; i < ROUNDS; i++) {
            add_gate(m, 20);
            add_delegate(m, 2, 20, 30 + k, 1);
            add_delegate(m, 3, 20, 40 + k, 1);
            add_revoke(m, 20, 1);
        }
        add_grant(m, k, 2, (k + 1) % KERNELS);
        add_grant(m, k, 3, (k + 2) % KERNELS);
    }
    outcome = boot(m, &(struct boot_options){0});
    for (uint32_t k = 0; k < KERNELS; k++) {
        const GByteArray *results = outcome_vpe(outcome, k)->results;

        assert_false(outcome_vpe(outcome, k)->stuck);
        assert_int_equal(results->len, 4 * ROUNDS);
        for (guint i = 0; i < results->len; i++) {
            assert_int_equal(results->data[i], RESCIND_NO_ERROR);
        }
        assert_int_equal(outcome_vpe(outcome, k)->caps->len, 4);
    }
    outcome_free(outcome);
}

/* The kernel that works for another one's revocation still lets its own VPEs run. */
static void a_revocation_from_elsewhere_leaves_time_for_others(void **state)
{
    enum { GATES = 32, COPIES = 100 };
    struct boot_options options = {.text = g_string_new(NULL)};
    struct maker *m = maker_new();
    struct outcome *outcome;

    (void)state;
    m->header.work = 1;
    m->kernels[0].nodes = m->kernels[1].nodes = 1 << 14;
    add_vpe_at(m, "A", 0);
    for (uint32_t i = 0; i < GATES; i++) {
        add_gate(m, 100 + i);
    }
    for (uint32_t i = 0; i < COPIES; i++) {
        add_delegate(m, 2, 100, 1000 * (i + 1), GATES);
    }
    add_signal(m, 0);
    add_revoke(m, 100, GATES);
    add_signal(m, 1);
    add_vpe_at(m, "B", 1);
    add_wait(m, 0);
    add_print(m, "meanwhile\n");
    add_wait(m, 1);
    add_print(m, "revoked\n");
    add_grant(m, 0, 2, 1);
    outcome = boot(m, &options);
    assert_string_equal(options.text->str, "meanwhile\nrevoked\n");
    assert_int_equal(outcome_vpe(outcome, 0)->caps->len, 3);
    assert_int_equal(outcome_vpe(outcome, 1)->caps->len, 2);
    g_string_free(options.text, TRUE);
    outcome_free(outcome);
}

/* Each round every processor but one sleeps, and a signal alone wakes the next. */
static void signals_go_round_all_processors(void **state)
{
    enum { KERNELS = 4, ROUNDS = 200 };
    struct maker *m = maker_new();
    struct outcome *outcome;

    (void)state;
    for (uint32_t k = 0; k < KERNELS; k++) {
        add_vpe_at(m, "passes it on", k);
        for (uint32_t i = 0; i < ROUNDS; i++) {
            uint32_t turn = i * KERNELS + k;

            if (turn > 0) {
                add_wait(m, turn - 1);
            }
            if (i % 8 == 0) {
                add_noop(m);
            }
            add_signal(m, turn);
        }
    }
    outcome = boot(m, &(struct boot_options){0});
    for (uint32_t k = 0; k < KERNELS; k++) {
        assert_false(outcome_vpe(outcome, k)->stuck);
        assert_int_equal(outcome_vpe(outcome, k)->results->len, ROUNDS / 8);
    }
    outcome_free(outcome);
}

/* Who waits sleeps on processors that have nothing else to do; who signals does so once, after a
 * while, in the midst of computing or as the last thing it does. */
static void one_signal_wakes_all_processors(void **state)
{
    enum { KERNELS = 5 };
    struct maker *m = maker_new();
    struct outcome *outcome;

    (void)state;
    add_vpe_at(m, "spins", 0);
    add_run(m, ROGUE_FIRST + ROGUE_SPIN);
    add_signal(m, 0);
    for (uint32_t k = 0; k < KERNELS; k++) {
        add_vpe_at(m, "waits", k);
        add_wait(m, 0);
        add_gate(m, 20);
        add_signal(m, k + 1);
    }
    add_vpe_at(m, "waits for all", KERNELS - 1);
    for (uint32_t k = 0; k < KERNELS; k++) {
        add_wait(m, k + 1);
    }
    outcome = boot(m, &(struct boot_options){0});
    for (uint32_t i = 0; i < outcome->vpes->len; i++) {
        assert_false(outcome_vpe(outcome, i)->stuck);
    }
    outcome_free(outcome);
}

static void the_machine_ends_when_no_processor_can_move(void **state)
{
    struct maker *m = maker_new();
    struct outcome *outcome;

    (void)state;
    add_vpe_at(m, "stuck", 1); /* kernel 0 has no VPE, nor has kernel 2 */
    add_noop(m);
    add_wait(m, 1);
    add_vpe_at(m, "works on", 3);
    add_run(m, ROGUE_FIRST + ROGUE_SPIN);
    add_signal(m, 0);
    add_vpe_at(m, "passive", 4);
    add_vpe_at(m, "ends", 5);
    add_wait(m, 0);
    add_exit(m);
    outcome = boot(m, &(struct boot_options){0});
    assert_true(outcome_vpe(outcome, 0)->stuck);
    assert_int_equal(outcome_vpe(outcome, 0)->position, 1);
    assert_false(outcome_vpe(outcome, 1)->stuck);
    assert_false(outcome_vpe(outcome, 2)->stuck);
    assert_true(outcome_vpe(outcome, 3)->ended);
    outcome_free(outcome);
}

static void as_many_kernels_as_a_module_may_have_all_run(void **state)
{
    struct maker *m = maker_new();
    struct outcome *outcome;

    (void)state;
    for (uint32_t k = 0; k < RESCIND_STARTUP_KERNELS; k++) {
        add_vpe_at(m, "one of many", k);
        add_gate(m, k + 2);
        if (k > 0) {
            add_wait(m, k - 1);
        }
        add_signal(m, k);
    }
    outcome = boot(m, &(struct boot_options){0});
    for (uint32_t k = 0; k < RESCIND_STARTUP_KERNELS; k++) {
        assert_non_null(find_cap(outcome, k, k + 2));
        assert_false(outcome_vpe(outcome, k)->stuck);
    }
    outcome_free(outcome);
}

static void lines_of_several_processors_come_out_whole(void **state)
{
    enum { KERNELS = 3, LINES = 40 };
    struct boot_options options = {.text = g_string_new(NULL), .console = g_string_new(NULL)};
    struct maker *m = maker_new();
    uint32_t counts[KERNELS] = {0};
    char **lines;

    (void)state;
    for (uint32_t k = 0; k < KERNELS; k++) {
        char *line = g_strdup_printf("%u is the kernel that prints %u\n", k, k);

        add_vpe_at(m, "prints", k);
        for (uint32_t i = 0; i < LINES; i++) {
            add_print(m, line);
        }
        add_run(m, ROGUE_FIRST + ROGUE_NULL);
        g_free(line);
    }
    outcome_free(boot(m, &options));
    lines = g_strsplit(options.text->str, "\n", -1);
    for (char **line = lines; **line != '\0'; line++) {
        uint32_t k = (uint32_t)(**line - '0');
        char *whole = g_strdup_printf("%u is the kernel that prints %u", k, k);

        assert_true(k < KERNELS);
        assert_string_equal(*line, whole);
        counts[k]++;
        g_free(whole);
    }
    for (uint32_t k = 0; k < KERNELS; k++) {
        assert_int_equal(counts[k], LINES);
    }
    g_strfreev(lines);
    lines = g_strsplit(options.console->str, "\nrescind: [prints] killed: page fault at 0x0 (", -1);
    assert_int_equal(g_strv_length(lines), KERNELS + 1);
    g_strfreev(lines);
    g_string_free(options.text, TRUE);
    g_string_free(options.console, TRUE);
}

/* The header tells the kernel and the VPE's number there; the report, the module's. */
static void messages_of_all_kernels_are_captured(void **state)
{
    GString *text = g_string_new(NULL);
    struct boot_options options = {.capture = keep_message, .context = text};
    struct maker *m = maker_new();

    (void)state;
    add_vpe_at(m, "A", 0);
    add_vpe_at(m, "B", 2);
    add_vpe_at(m, "C", 2);
    add_noop(m);
    add_signal(m, 0);
    add_vpe_at(m, "D", 1);
    add_wait(m, 0);
    add_noop(m);
    outcome_free(boot(m, &options));
    assert_string_equal(text->str, "2:00020000010800010000000000000000000000000000000000"
                                   "1200000000000000\n"
                                   "3:00010000010800000000000000000000000000000000000000"
                                   "1200000000000000\n");
    g_string_free(text, TRUE);
}

/* Two delegations to one selector: which one comes first depends on the schedule. */
static struct maker *racing(void)
{
    struct maker *m = maker_new();

    for (uint32_t i = 0; i < 2; i++) {
        add_vpe(m, i == 0 ? "A" : "B");
        add_gate(m, 20);
        add_delegate(m, 2, 20, 30, 1);
        add_grant(m, i, 2, 2);
    }
    add_vpe(m, "target");
    add_vpe_at(m, "other kernel's", 1);
    add_noop(m);
    return m;
}

static void a_phase_is_another_schedule_and_under_icount_the_same_again(void **state)
{
    GString *reports[2] = {g_string_new(NULL), g_string_new(NULL)};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(reports); i++) {
        for (uint64_t phase = 0; phase < 12; phase++) {
            struct boot_options options = {.icount = true, .phase = phase};
            struct outcome *outcome = boot(racing(), &options);
            const struct outcome_cap *cap = find_cap(outcome, 2, 30);

            assert_non_null(cap);
            g_string_append_printf(reports[i], "%u", cap->parent_vpe);
            outcome_free(outcome);
        }
    }
    assert_string_equal(reports[0]->str, reports[1]->str);
    assert_non_null(strchr(reports[0]->str, '0'));
    assert_non_null(strchr(reports[0]->str, '1'));
    g_string_free(reports[0], TRUE);
    g_string_free(reports[1], TRUE);
}

static void a_processor_that_is_missing_is_named(void **state)
{
    struct boot_options options = {.processors = 2};
    struct maker *m = maker_new();

    (void)state;
    add_vpe_at(m, "A", 3);
    assert_error(boot_fails(maker_finish(m), &options), BOOT_ERROR_GUEST,
                 "processor 2 is missing: 4 kernels need one each, and there are 2");
}

static void processors_without_a_kernel_are_left_alone(void **state)
{
    struct boot_options options = {.processors = 4};
    struct maker *m = maker_new();
    struct outcome *outcome;

    (void)state;
    add_vpe_at(m, "A", 1);
    add_noop(m);
    outcome = boot(m, &options);
    assert_results(outcome, 0, "00");
    outcome_free(outcome);
}

/* Whether a strict machine takes one access of a transcript. */
static bool is_silent(const char *access)
{
    struct transcript *transcript = transcript_parse("access", access, strlen(access), NULL);
    GByteArray *script = transcript_script(transcript);
    uint64_t value;
    GError *error = NULL;
    bool silent = boot_probe(script->data, script->len, &(struct boot_options){.strict = true},
                             &value, &error);

    if (!silent) {
        assert_error(error, BOOT_ERROR_WARNING, "QEMU warns: ");
    }
    g_byte_array_unref(script);
    transcript_free(transcript);
    return silent;
}

static void what_qemu_says_about_the_guest_is_an_error_where_that_is_asked_for(void **state)
{
    (void)state;
    assert_true(is_silent("out8 0x80 1"));
    assert_false(is_silent("read32 0x90000000 0"));
}

static void a_module_with_faults_is_refused_in_one_line(void **state)
{
    struct maker *m = maker_new();

    (void)state;
    add_vpe(m, "A");
    m->faults[m->header.fault_count++] =
        (struct rescind_startup_fault){RESCIND_FAULT_KILL, 0, 0, 0};
    assert_error(boot_fails(maker_finish(m), &(struct boot_options){0}), BOOT_ERROR_GUEST,
                 "the start-up module has faults, which only the simulator lets strike");
}

/* ---- What goes wrong ---------------------------------------------------------------------- */

static void a_broken_kernel_in_the_guest_alone_is_seen(void **state)
{
    const char *image = g_getenv("RESCIND_BROKEN_IMAGE");

    (void)state;
    assert_non_null(image);
    for (int broken = 0; broken < 2; broken++) {
        struct boot_options options = {.image = broken ? image : NULL};
        struct maker *m = maker_new();
        struct outcome *outcome;

        add_vpe(m, "A");
        add_gate(m, 20);
        add_delegate(m, 2, 20, 30, 1);
        add_revoke(m, 20, 1);
        add_vpe(m, "B");
        add_grant(m, 0, 2, 1);
        outcome = boot(m, &options);
        assert_results(outcome, 0, "000000");
        assert_null(find_cap(outcome, 0, 20));
        assert_int_equal(find_cap(outcome, 1, 30) != NULL, broken);
        outcome_free(outcome);
    }
}

static void a_kernel_that_breaks_stops_the_machine_and_says_so(void **state)
{
    static const struct {
        uint32_t sel;
        const char *says;
    } cases[] = {
        {BROKEN_PANIC, "panic: on purpose"},
        {BROKEN_FAULT, "panic: page fault in the kernel at 0xffffffff80"},
        {BROKEN_STACK, "panic: double fault in the kernel at 0xffffffff80"},
    };

    (void)state;
    for (size_t i = 0; i < 2 * G_N_ELEMENTS(cases); i++) {
        struct boot_options options = {.image = g_getenv("RESCIND_BROKEN_IMAGE")};
        struct maker *m = maker_new();

        /* On the first processor, then on another, with a busy one beside it. */
        if (i >= G_N_ELEMENTS(cases)) {
            add_vpe(m, "endless");
            add_run(m, ROGUE_FIRST + ROGUE_SPIN_FOREVER);
        }
        add_vpe_at(m, "A", i / G_N_ELEMENTS(cases));
        add_revoke(m, cases[i % G_N_ELEMENTS(cases)].sel, 1);
        assert_error(boot_fails(maker_finish(m), &options), BOOT_ERROR_GUEST,
                     cases[i % G_N_ELEMENTS(cases)].says);
    }
}

static void the_audit_at_the_end_finds_a_broken_invariant(void **state)
{
    (void)state;
    for (uint32_t kernel = 0; kernel < 2; kernel++) {
        struct boot_options options = {.image = g_getenv("RESCIND_BROKEN_IMAGE"), .audit = true};
        GByteArray *modules[2];
        GError *error = NULL;
        struct outcome *outcome;

        for (size_t i = 0; i < G_N_ELEMENTS(modules); i++) {
            struct maker *m = maker_new();

            add_vpe_at(m, "A", kernel);
            add_gate(m, BROKEN_LINK - 1);
            add_delegate(m, 2, BROKEN_LINK - 1, 30, 1);
            add_revoke(m, BROKEN_LINK + (i == 0), 1);
            add_vpe_at(m, "B", kernel);
            add_grant(m, 0, 2, 1);
            modules[i] = maker_finish(m);
        }
        outcome = boot_run(modules[0]->data, modules[0]->len, &options, &error);
        assert_non_null(outcome);
        outcome_free(outcome);
        g_byte_array_unref(modules[0]);
        assert_error(boot_fails(modules[1], &options), BOOT_ERROR_GUEST,
                     "the kernel on the PC has stopped itself: rescind: panic: ");
    }
}

static void a_malformed_module_is_refused_in_one_line(void **state)
{
    GByteArray *module = maker_finish(task06(0));
    struct rescind_startup_step *step =
        (void *)(module->data + startup_vpe(module->data, 0)->steps);

    (void)state;
    step->kind = 99;
    assert_error(boot_fails(module, &(struct boot_options){0}), BOOT_ERROR_GUEST,
                 "the start-up module is malformed: a step is of no known kind");
}

/* What the image says when QEMU is started by hand, with these two options more. */
static char *image_says(const char *option, const char *value, const char *option2,
                        const char *value2, int exit_value)
{
    GError *error = NULL;
    char *out = NULL;
    GSubprocess *qemu = g_subprocess_new(
        G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, "timeout", "60", "qemu-system-x86_64", "-accel",
        "tcg", "-m", "32", "-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio",
        "-device", "isa-debug-exit,iobase=0xf4,iosize=1", "-kernel", g_getenv("RESCIND_IMAGE"),
        option, value, option2, value2, NULL);

    assert_non_null(qemu);
    assert_true(g_subprocess_communicate_utf8(qemu, NULL, NULL, &out, NULL, &error));
    assert_int_equal(g_subprocess_get_exit_status(qemu), 2 * exit_value + 1);
    g_object_unref(qemu);
    return out;
}

static void a_machine_without_a_module_is_refused_in_one_line(void **state)
{
    char *out = image_says("-smp", "1", NULL, NULL, EXIT_REFUSED);

    (void)state;
    assert_string_equal(out,
                        "rescind: there is no start-up module: give one as the initial RAM disk\n");
    g_free(out);
}

static void a_processor_that_will_not_do_is_refused_in_one_line(void **state)
{
    char *out = image_says("-cpu", "qemu64,-nx", NULL, NULL, EXIT_REFUSED);

    (void)state;
    assert_string_equal(out, "rescind: this processor has no 64-bit mode with NX\n");
    g_free(out);
}

static void the_command_line_is_checked(void **state)
{
    static const struct {
        const char *line, *says;
        int exit;
    } cases[] = {
        {"seed=77 capture", "", EXIT_DONE},
        {"seed=", "rescind: seed= of the command line wants a decimal number\n", EXIT_REFUSED},
        {"seed=7x", "rescind: seed= of the command line wants a decimal number\n", EXIT_REFUSED},
        {"seed=99999999999999999999", "rescind: seed= of the command line wants a decimal number\n",
         EXIT_REFUSED},
        {" captured",
         "rescind: the command line may say seed=N, phase=N, capture, clock, audit, log "
         "and screen, and nothing else\n",
         EXIT_REFUSED},
        {"phase=3  audit seed=5", "", EXIT_DONE},
        {"audits",
         "rescind: the command line may say seed=N, phase=N, capture, clock, audit, log "
         "and screen, and nothing else\n",
         EXIT_REFUSED},
        {"phase=-1", "rescind: phase= of the command line wants a decimal number\n", EXIT_REFUSED},
    };
    GByteArray *module = small_module();
    char *path = NULL;
    int fd = g_file_open_tmp("rescind-XXXXXX", &path, NULL);

    (void)state;
    assert_true(fd >= 0);
    assert_true(g_file_set_contents(path, (const char *)module->data, module->len, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *out = image_says("-initrd", path, "-append", cases[i].line, cases[i].exit);

        assert_string_equal(out, cases[i].says);
        g_free(out);
    }
    g_unlink(path);
    g_close(fd, NULL);
    g_free(path);
    g_byte_array_unref(module);
}

/* The same of a file that comes as the initial RAM disk. */
static char *image_says_of(const void *file, size_t size, const char *option, const char *value,
                           int exit_value)
{
    char *path = NULL, *out;
    int fd = g_file_open_tmp("rescind-XXXXXX", &path, NULL);

    assert_true(fd >= 0);
    assert_true(g_file_set_contents(path, file, (gssize)size, NULL));
    out = image_says("-initrd", path, option, value, exit_value);
    g_unlink(path);
    g_close(fd, NULL);
    g_free(path);
    return out;
}

/* Where nothing is, reads float high, and writes go nowhere. */
static void ports_are_read_and_written_in_every_width(void **state)
{
    enum { FIRST = 0x1230, COUNT = 8, SEL = 5, PORTS_SHIFT = 16 };
    struct maker *m = maker_new();
    struct outcome *outcome;

    (void)state;
    add_vpe(m, "driver");
    add_grant(m, 0, SEL, FIRST | (COUNT - 1) << PORTS_SHIFT);
    m->grants[0].kind = RESCIND_GRANT_PORTS;
    for (uint64_t width = 8; width <= 32; width *= 2) {
        const uint64_t in[] = {RESCIND_SYS_PORT_IN, SEL, 4, width};
        const uint64_t out[] = {RESCIND_SYS_PORT_OUT, SEL, 4, width, 0};

        add_step(m, RESCIND_STEP_CALL, 0, out, sizeof out);
        add_step(m, RESCIND_STEP_CALL, 0, in, sizeof in);
        expect(m, 1, (1ull << width) - 1);
    }
    outcome = boot(m, &(struct boot_options){0});
    assert_results(outcome, 0, "000000000000");
    outcome_free(outcome);
}

static void what_is_in_the_way_of_a_start_is_said(void **state)
{
    char *long_line = g_strnfill(300, 'x');
    const struct {
        const char *option, *value, *says;
        int exit;
    } cases[] = {
        {"-cpu", "max,-apic", "rescind: local APIC: it can't be enabled", EXIT_REFUSED},
        {"-append", long_line, "rescind: the command line is too long\n", EXIT_REFUSED},
        {"-cpu", "max,-rdrand", "", EXIT_DONE}, /* its secret comes from the clocks, then */
    };
    GByteArray *module = small_module();

    (void)state;
    ((struct rescind_startup *)(void *)module->data)->seed = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *out = image_says_of(module->data, module->len, cases[i].option, cases[i].value,
                                  cases[i].exit);

        if (!g_str_has_prefix(out, cases[i].says)) {
            fail_msg("%s: %s", cases[i].value, out);
        }
        g_free(out);
    }
    g_byte_array_unref(module);
    g_free(long_line);
}

static void a_malformed_probe_script_is_refused_in_one_line(void **state)
{
    const struct probe_script script = {.magic = PROBE_MAGIC, .size = sizeof script, .count = 7};
    char *out = image_says_of(&script, sizeof script, "-smp", "1", EXIT_REFUSED);

    (void)state;
    assert_true(g_str_has_prefix(out, "rescind: the probe script is malformed: "));
    assert_ptr_equal(strchr(out, '\n'), out + strlen(out) - 1);
    g_free(out);
}

/* From too small for a VPE to large enough, node by node. */
static void a_pool_too_small_is_named(void **state)
{
    static const char *const says[] = {"memory is too small for VPE 0",
                                       "memory is too small for VPE 1",
                                       "the kernel refuses grant 0"};
    size_t at = 0;
    bool boots = false;

    (void)state;
    for (uint32_t nodes = 1; nodes < 32 && !boots; nodes++) {
        struct maker *m = maker_new();
        GError *error = NULL;
        struct outcome *outcome;
        GByteArray *module;

        add_vpe(m, "A");
        add_vpe(m, "B");
        add_grant(m, 0, 2, 1);
        m->kernels[0].nodes = nodes;
        module = maker_finish(m);
        outcome = boot_run(module->data, module->len, &(struct boot_options){0}, &error);
        boots = outcome != NULL;
        if (!boots && strstr(error->message, says[at]) == NULL) {
            at++;
        }
        if (!boots && (at == G_N_ELEMENTS(says) || strstr(error->message, says[at]) == NULL)) {
            fail_msg("%u nodes: %s", nodes, error->message);
        }
        g_clear_error(&error);
        g_clear_pointer(&outcome, outcome_free);
        g_byte_array_unref(module);
    }
    assert_true(boots);
    assert_int_equal(at, G_N_ELEMENTS(says) - 1);
}

static void a_machine_too_small_says_how_much_is_needed(void **state)
{
    struct boot_options options = {.memory = 32};
    struct maker *m = task06(0);

    (void)state;
    m->kernels[0].nodes = 1 << 20;
    assert_error(boot_fails(maker_finish(m), &options), BOOT_ERROR_GUEST, "KiB needed");
}

static void a_missing_image_or_qemu_is_an_error(void **state)
{
    struct boot_options options = {.image = "/nonexistent/image"};

    (void)state;
    assert_error(boot_fails(maker_finish(task06(0)), &options), BOOT_ERROR_IMAGE, "/nonexistent");
    options.image = "/proc/self/exe";
    assert_error(boot_fails(maker_finish(task06(0)), &options), BOOT_ERROR_QEMU, "QEMU failed");
    g_setenv("RESCIND_QEMU", "/nonexistent/qemu", TRUE);
    assert_error(boot_fails(maker_finish(task06(0)), &(struct boot_options){0}), BOOT_ERROR_QEMU,
                 "can't be started");
    g_unsetenv("RESCIND_QEMU");
}

/* ---- The report's reader ------------------------------------------------------------------ */

/* `lines` with their count and hash behind them. */
static GString *sealed(const char *lines)
{
    GString *text = g_string_new(lines);
    guint64 hash = G_GUINT64_CONSTANT(0xcbf29ce484222325), count = 0;

    for (const char *c = lines; *c != '\0'; c++) {
        hash = (hash ^ (uint8_t)*c) * G_GUINT64_CONSTANT(0x100000001b3);
        count += *c == '\n';
    }
    g_string_append_printf(text, "end %" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER "x\n", count,
                           hash);
    return text;
}

static bool reads(const char *text, size_t size, const GByteArray *module)
{
    const struct boot_options options = {0};
    GError *error = NULL;
    struct outcome *outcome = boot_report(text, size, module->data, &options, &error);

    assert_true((outcome == NULL) == (error != NULL));
    outcome_free(outcome);
    g_clear_error(&error);
    return outcome != NULL;
}

static const char good_report[] = "rescind-report 1 2\n"
                                  "vpe 0 t 2 2\nr 0005\nc 0 0 8 -\nc 0 1 a -\n"
                                  "c 0 ffffffff 2 1 1 ff\nc 1 0 1 0 0 0\n"
                                  "vpe 1 e 0 0\n";

static void a_cut_or_altered_report_is_refused(void **state)
{
    GByteArray *module = small_module();
    GString *text = sealed(good_report);

    (void)state;
    assert_true(reads(text->str, text->len, module));
    for (size_t size = 0; size < text->len; size++) {
        assert_false(reads(text->str, size, module));
        for (int bit = 0; bit < 8; bit++) {
            text->str[size] = (char)(text->str[size] ^ (1 << bit));
            assert_false(reads(text->str, text->len, module));
            text->str[size] = (char)(text->str[size] ^ (1 << bit));
        }
    }
    g_string_append(text, "c");
    assert_false(reads(text->str, text->len, module));
    g_string_free(text, TRUE);
    g_byte_array_unref(module);
}

static void a_report_that_makes_no_sense_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "rescind-report 1 2\n",
        "rescind-report 1 3\nvpe 0 t 2 2\nr 0005\nvpe 1 e 0 0\n",
        "rescind-report 2 2\nvpe 0 t 2 2\nr 0005\nvpe 1 e 0 0\n",
        "rescind-report 1 2\nvpe 0 t 2 2\nr 0005\n",
        "rescind-report 1 2\nvpe 0 t 2 2\nr 00\nvpe 1 e 0 0\n",
        "rescind-report 1 2\nvpe 0 t 2 2\nr 000500\nvpe 1 e 0 0\n",
        "rescind-report 1 2\nvpe 0 t 2 2\nr 000\nvpe 1 e 0 0\n",
        "rescind-report 1 2\nvpe 0 t 1 2\nr 0005\nvpe 1 e 0 0\n",
        "rescind-report 1 2\nvpe 0 s 2 2\nr 0005\nvpe 1 e 0 0\n",
        "rescind-report 1 2\nvpe 0 s 3 2\nr 0005\nvpe 1 e 0 0\n",
        "rescind-report 1 2\nvpe 0 t 2 1\nr 00\nvpe 1 e 0 0\n",
        "rescind-report 1 2\nvpe 1 e 0 0\nvpe 0 t 2 2\nr 0005\n",
        "rescind-report 1 2\nvpe 0 t 2 2\nr 0005\nvpe 1 e 0 0\nvpe 2 e 0 0\n",
        "rescind-report 1 2\nvpe 0 t 2 2\nr 0005\nc 2 0 8 -\nvpe 1 e 0 0\n",
        "rescind-report 1 2\nvpe 0 t 2 2\nr 0005\nc 0 0 3 -\nvpe 1 e 0 0\n",
        "rescind-report 1 2\nvpe 0 t 2 2\nr 0005\nc 0 0 8 2 0 0\nvpe 1 e 0 0\n",
        "rescind-report 1 2\nvpe 0 t 2 2\nr 0005\nc 0 100000000 8 -\nvpe 1 e 0 0\n",
        "rescind-report 1 2\nvpe 0 t 2 2\nr 0005\nc 0 1 8 -\nc 0 0 8 -\nvpe 1 e 0 0\n",
        "rescind-report 1 2\nvpe 0 t 2 2\nr 0005\nc 0 01 8 -\nvpe 1 e 0 0\n",
        "rescind-report 1 2\nvpe 0 t 2 2\nr 0005\nc 0 1 A -\nvpe 1 e 0 0\n",
        "rescind-report 1 2\nm 0 00\nvpe 0 t 2 2\nr 0005\nvpe 1 e 0 0\n",
        "rescind-report 1 2\nx\nvpe 0 t 2 2\nr 0005\nvpe 1 e 0 0\n",
    };
    GByteArray *module = small_module();

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        GString *text = sealed(bad[i]);

        if (reads(text->str, text->len, module)) {
            fail_msg("this was read:\n%s", text->str);
        }
        g_string_free(text, TRUE);
    }
    g_byte_array_unref(module);
}

/* ---- What only few machines come to ------------------------------------------------------- */

static void pages_beside_each_other_are_mapped_one_by_one(void **state)
{
    struct maker *m = maker_new();
    struct outcome *outcome;

    (void)state;
    m->kernels[0].memory = CHILD_MEMORY;
    add_vpe(m, "A");
    add_reqmem(m, 50, RESCIND_PAGE);
    add_createmap(m, 0, 50, 5, RESCIND_PERM_R | RESCIND_PERM_W);
    add_createmap(m, 0, 50, 6, RESCIND_PERM_R);
    add_store(m, mapped_at(5, 8), 77);
    add_load(m, mapped_at(6, 8));
    expect(m, 1, 77);
    add_store(m, mapped_at(6, 8), 78); /* that is not for writing */
    add_load(m, mapped_at(5, 8));
    expect(m, 1, 77);
    outcome = boot(m, &(struct boot_options){0});
    assert_results(outcome, 0, "00000000000800");
    outcome_free(outcome);
}

/* A session is derived from the name's entry in a list of the service's kernel. */
static void a_session_across_kernels_has_the_kernel_for_a_parent(void **state)
{
    const uint64_t attach[] = {RESCIND_SYS_ATTACHRB, 0, 2, 0, 11, 9, 0},
                   gate[] = {RESCIND_SYS_CREATEGATE, 0, 10, 7, 2, 1},
                   service[] = {RESCIND_SYS_CREATESRV, 10, 11, 2, 'f' | 's' << 8},
                   receive[] = {RESCIND_SYS_RECEIVE, 2, 1},
                   agree[] = {RESCIND_SYS_REPLY, 2, 0, 16, RESCIND_NO_ERROR, 5},
                   open[] = {RESCIND_SYS_CREATESESS, 0, 20, 2, 'f' | 's' << 8};
    struct maker *m = maker_new();
    struct outcome *outcome;
    const struct outcome_cap *session;

    (void)state;
    m->kernels[0].memory = m->kernels[1].memory = CHILD_MEMORY;
    add_vpe_at(m, "S", 0);
    add_step(m, RESCIND_STEP_CALL, 0, attach, sizeof attach);
    add_step(m, RESCIND_STEP_CALL, 0, gate, sizeof gate);
    add_step(m, RESCIND_STEP_CALL, 0, service, sizeof service);
    add_signal(m, 0);
    add_step(m, RESCIND_STEP_CALL, 0, receive, sizeof receive);
    add_step(m, RESCIND_STEP_CALL, RESCIND_STEP_LAST_MESSAGE, agree, sizeof agree);
    add_vpe_at(m, "C", 1);
    add_wait(m, 0);
    add_step(m, RESCIND_STEP_CALL, 0, open, sizeof open);
    outcome = boot(m, &(struct boot_options){0});
    assert_results(outcome, 0, "0000000000");
    assert_results(outcome, 1, "00");
    session = find_cap(outcome, 1, 20);
    assert_non_null(session);
    assert_int_equal(session->type, RESCIND_CAP_SESSION);
    assert_true(session->has_parent);
    assert_int_equal(session->parent_vpe, OUTCOME_KERNEL);
    outcome_free(outcome);
}

static void without_rdrand_secrets_are_drawn_from_clocks(void **state)
{
    GByteArray *module = small_module();
    char *out;

    (void)state;
    ((struct rescind_startup *)(void *)module->data)->seed = 0;
    assert_null(startup_check(module->data, module->len));
    out = image_says_of(module->data, module->len, "-cpu", "max,-rdrand", EXIT_DONE);
    assert_string_equal(out, "");
    g_free(out);
    g_byte_array_unref(module);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(task06_prints_its_lines_on_both_machine_types),
        cmocka_unit_test(the_watch_shows_the_tree_around_the_revocation),
        cmocka_unit_test(runs_under_icount_are_the_same),
        cmocka_unit_test(results_tables_and_parents_come_out_of_the_guest),
        cmocka_unit_test(signals_order_programs_and_a_wait_for_none_is_stuck),
        cmocka_unit_test(a_last_signal_wakes_who_waits_for_it),
        cmocka_unit_test(a_vpe_that_exits_has_ended_and_holds_nothing),
        cmocka_unit_test(captured_messages_are_the_bytes_of_the_ring),
        cmocka_unit_test(both_targets_send_the_same_bytes),
        cmocka_unit_test(a_program_that_computes_does_not_stop_one_that_calls),
        cmocka_unit_test(a_program_that_prints_all_the_time_leaves_others_their_turns),
        cmocka_unit_test(an_endless_loop_takes_nothing_but_its_time),
        cmocka_unit_test(a_program_that_runs_wild_ends_alone),
        cmocka_unit_test(no_program_takes_more_than_its_turns),
        cmocka_unit_test(programs_of_other_kernels_end_no_turns),
        cmocka_unit_test(a_long_revocation_leaves_time_for_others),
        cmocka_unit_test(as_many_vpes_as_a_module_may_have_all_run),
        cmocka_unit_test(children_run_from_their_start_on_and_are_waited_for),
        cmocka_unit_test(a_number_serves_one_child_behind_the_other),
        cmocka_unit_test(a_child_sees_what_its_parent_maps_for_it),
        cmocka_unit_test(what_is_taken_back_is_not_mapped_any_more),
        cmocka_unit_test(a_reader_that_makes_no_call_ends_by_a_revocation),
        cmocka_unit_test(kernels_run_side_by_side_and_are_reported_as_one),
        cmocka_unit_test(capabilities_cross_kernels_and_their_parents_are_reported),
        cmocka_unit_test(kernels_that_talk_at_once_all_come_to_an_end),
        cmocka_unit_test(a_revocation_from_elsewhere_leaves_time_for_others),
        cmocka_unit_test(signals_go_round_all_processors),
        cmocka_unit_test(one_signal_wakes_all_processors),
        cmocka_unit_test(the_machine_ends_when_no_processor_can_move),
        cmocka_unit_test(as_many_kernels_as_a_module_may_have_all_run),
        cmocka_unit_test(lines_of_several_processors_come_out_whole),
        cmocka_unit_test(messages_of_all_kernels_are_captured),
        cmocka_unit_test(a_phase_is_another_schedule_and_under_icount_the_same_again),
        cmocka_unit_test(a_processor_that_is_missing_is_named),
        cmocka_unit_test(processors_without_a_kernel_are_left_alone),
        cmocka_unit_test(what_qemu_says_about_the_guest_is_an_error_where_that_is_asked_for),
        cmocka_unit_test(a_module_with_faults_is_refused_in_one_line),
        cmocka_unit_test(a_broken_kernel_in_the_guest_alone_is_seen),
        cmocka_unit_test(a_kernel_that_breaks_stops_the_machine_and_says_so),
        cmocka_unit_test(the_audit_at_the_end_finds_a_broken_invariant),
        cmocka_unit_test(a_malformed_module_is_refused_in_one_line),
        cmocka_unit_test(a_processor_that_will_not_do_is_refused_in_one_line),
        cmocka_unit_test(the_command_line_is_checked),
        cmocka_unit_test(a_machine_without_a_module_is_refused_in_one_line),
        cmocka_unit_test(ports_are_read_and_written_in_every_width),
        cmocka_unit_test(what_is_in_the_way_of_a_start_is_said),
        cmocka_unit_test(a_malformed_probe_script_is_refused_in_one_line),
        cmocka_unit_test(a_pool_too_small_is_named),
        cmocka_unit_test(a_machine_too_small_says_how_much_is_needed),
        cmocka_unit_test(a_missing_image_or_qemu_is_an_error),
        cmocka_unit_test(a_cut_or_altered_report_is_refused),
        cmocka_unit_test(a_report_that_makes_no_sense_is_refused),
        cmocka_unit_test(pages_beside_each_other_are_mapped_one_by_one),
        cmocka_unit_test(a_session_across_kernels_has_the_kernel_for_a_parent),
        cmocka_unit_test(without_rdrand_secrets_are_drawn_from_clocks),
    };

    return cmocka_run_group_tests_name("pc", tests, NULL, NULL);
}
