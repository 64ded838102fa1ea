/* What tests of drivers on the models share: a board that the test uses, and its end. */
#ifndef RESCIND_TESTS_BOARD_TEST_H
#define RESCIND_TESTS_BOARD_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "rescind/board.h"
#include "rescind/drivers.h"
#include "rescind/platform.h"

/* For cmocka_unit_test_setup_teardown(): *state is a q35 with four processors. */
static inline int board_setup(void **state)
{
    const struct rescind_board_options options = {.processors = 4};
    struct rescind_board *board = rescind_board_new(&options);

    rescind_board_use(board);
    *state = board;
    return board == NULL ? -1 : 0;
}

static inline int board_teardown(void **state)
{
    rescind_board_free(*state);
    return 0;
}

#define BOARD_TEST(name) cmocka_unit_test_setup_teardown(name, board_setup, board_teardown)

/* Whether a driver's complaint names the device and what it said. */
static inline void assert_trouble(const struct rescind_trouble *trouble, const char *device,
                                  uint64_t value)
{
    assert_string_equal(trouble->device, device);
    assert_non_null(trouble->what);
    assert_int_equal(trouble->value, value);
}

#endif
