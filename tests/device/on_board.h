/* What tests of drivers on the models share: a board of its own for each test. */
#ifndef TESTS_DEVICE_ON_BOARD_H
#define TESTS_DEVICE_ON_BOARD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rescind/board.h"
#include "rescind/drivers.h"
#include "rescind/platform.h"

enum { MICROSECOND = 1000, MILLISECOND = 1000000 };

/* Use in a test's setup and teardown: *state is the board, and in use. */
static inline int board_setup(void **state)
{
    struct rescind_board *board = rescind_board_new(&(struct rescind_board_options){0});

    rescind_board_use(board);
    *state = board;
    return board == NULL;
}

static inline int board_teardown(void **state)
{
    rescind_board_free(*state);
    return 0;
}

#define on_board(test) cmocka_unit_test_setup_teardown(test, board_setup, board_teardown)

#endif
