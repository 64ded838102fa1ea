/* How long a VPE of the PC waits for its NOOPs while another one revokes a large tree, by its own
 * clock: instructions from the message to the answer in its hands, with the way into the kernel and
 * back, and with everything else that came in between when its turn ended on the way.
 *
 * RESCIND_IMAGE names the image.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sim/profile_boot.h"

enum { TREE = 20000 };

/* Two stretches are what one call may wait for: the piece of the revocation that its turn's end
 * lets in, and its own. It meets one turn's end at most: a turn has its full length, whatever the
 * timer did during the piece before it, and the VPE that revokes takes none. */
static void a_noop_waits_for_no_more_than_two_stretches(void **state)
{
    (void)state;
    for (unsigned selectors = PROFILE_SEQ; selectors <= PROFILE_SHUFFLED; selectors++) {
        for (unsigned shape = PROFILE_CHAIN; shape < PROFILE_FOREST; shape++) {
            const struct profile_options options = {
                .shape = shape, .selectors = selectors, .size = TREE, .kernels = 1};
            struct profile_boot_beside beside;
            GError *error = NULL;

            if (!profile_boot_beside(&options, &beside, &error))
                fail_msg("%s: %s", profile_shape_name(shape), error->message);
            profile_boot_beside_print_row(&options, &beside);
            /* The two went on side by side: of the REVOKE's time neither had it all. */
            assert_true(beside.noops > TREE / 10);
            assert_true(beside.turns > 100);
            assert_in_range(beside.longest, 1, 2 * beside.stretch);
            assert_int_equal(beside.late, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_noop_waits_for_no_more_than_two_stretches),
    };

    return cmocka_run_group_tests_name("latency", tests, NULL, NULL);
}
