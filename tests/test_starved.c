/* The programs of src/user/ on kernels with too small a pool: from one that has hardly room for the
 * VPEs to one that is large enough, node by node. Whatever they can't have, they end or wait, the
 * kernels' invariants hold after every event, and none says that all is well before it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "rescind/startup.h"
#include "tests/machines.h"
#include "user/startup.h"

enum {
    NODES_MOST = 200,
    ENOUGH = 3,      /* pools in which all goes well, one after the other */
    PATIENCE = 20000 /* choices: who waits for what will not come asks again and again */
};

static void all_nodes(GByteArray *module, uint32_t nodes)
{
    struct rescind_startup *h = (struct rescind_startup *)(void *)module->data;

    for (uint32_t i = 0; i < h->kernel_count; i++)
        ((struct rescind_startup_kernel *)(uintptr_t)startup_kernel(h, i))->nodes = nodes;
}

/* Have all programs finished, and the first is content? */
static bool is_content(const struct machine *m)
{
    for (uint32_t vpe = 0; vpe < machine_vpes(m); vpe++) {
        struct machine_status status = machine_status(m, vpe);
        if (!status.asleep &&
            ((!status.through && !status.ended) || (vpe == 0 && status.value != 0)))
            return false;
    }
    return true;
}

static bool out_of_patience(struct machine *m, void *data)
{
    (void)m;
    return ++*(unsigned *)data > PATIENCE;
}

/* Runs the file with so many nodes. -1: the kernels can't even start; else whether all went well.
 */
static int run_with(const char *text, uint32_t nodes)
{
    const struct machine_options options = {.seed = nodes, .audit = AUDIT_ALWAYS};
    struct bench b = bench_parse(text);
    int well = -1;

    all_nodes(b.module, nodes);
    b.machine = machine_load(&options, b.module->data, NULL);
    if (b.machine != NULL) {
        unsigned choices = 0;
        enum machine_end end = machine_run(b.machine, out_of_patience, &choices);
        if (end == MACHINE_BROKEN || (end == MACHINE_QUIET && !machine_audit(b.machine)))
            fail_msg("%u nodes: %s", nodes, machine_finding(b.machine));
        well = is_content(b.machine);
        machine_free(b.machine);
    }
    g_byte_array_unref(b.module);
    litmus_free(b.litmus);
    return well;
}

static void a_program_ends_or_waits_whatever_is_short(void **state)
{
    char *path = g_build_filename(g_getenv("RESCIND_TESTS"), "litmus", "programs", *state, NULL);
    unsigned started = 0, well = 0;
    char *text;

    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    for (uint32_t nodes = 1; nodes < NODES_MOST && well < ENOUGH; nodes++) {
        int how = run_with(text, nodes);
        started += how == 0;
        well = how == 1 ? well + 1 : 0;
    }
    assert_int_equal(well, ENOUGH);
    assert_true(started > 3);
    g_free(text);
    g_free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(a_program_ends_or_waits_whatever_is_short, "echo.litmus"),
        cmocka_unit_test_prestate(a_program_ends_or_waits_whatever_is_short,
                                  "echo-across-kernels.litmus"),
        cmocka_unit_test_prestate(a_program_ends_or_waits_whatever_is_short, "family.litmus"),
        cmocka_unit_test_prestate(a_program_ends_or_waits_whatever_is_short, "pingpong.litmus"),
        cmocka_unit_test_prestate(a_program_ends_or_waits_whatever_is_short, "serial.litmus"),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
