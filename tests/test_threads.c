/* Simulators, boards and their drivers, each in a thread of its own, as rescind/sim.h and
 * rescind/board.h allow: in all of them comes what comes in one. What they share would be a race,
 * which ThreadSanitizer sees (analyse.sh). (What the PC's processors share: pc/test_shared.c.)
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rescind/board.h"
#include "rescind/drivers.h"
#include "rescind/sim.h"

enum { THREADS = 4, RUNS = 10, GATE = 10, OTHER = 2, RANGE = 6, TEXT = 100 };

/* ---- A simulator --------------------------------------------------------------------------- */

struct done {
    uint64_t time, events;
    enum rescind_sim_result result;
    int refused[2];
};

/* Makes gates, hands them to the other VPE, which does so too, and revokes half of them. */
static int hand_out(struct rescind_env *env)
{
    int refused = 0;

    for (uint32_t i = 0; i < RANGE; i++)
        refused += rescind_creategate(env, 0, GATE + i, i, 4, 1) != RESCIND_NO_ERROR;
    for (uint32_t i = 0; i < RANGE; i++) {
        const struct rescind_range own = {.start = GATE + i, .count = 1};
        const struct rescind_range other = {.start = 50 + i, .count = 1};

        refused += rescind_exchange(env, OTHER, own, other, false) != RESCIND_NO_ERROR;
        if (i % 2 == 0)
            refused += rescind_revoke(env, own, true) != RESCIND_NO_ERROR;
    }
    return refused;
}

static void simulate(uint64_t seed, struct done *done)
{
    struct rescind_sim *sim = rescind_sim_new(&(struct rescind_sim_options){
        .seed = seed, .schedule = RESCIND_SIM_RANDOM, .audit = true, .kernels = 2});
    int a = rescind_sim_add_vpe_on(sim, 0, "a", hand_out, NULL),
        b = rescind_sim_add_vpe_on(sim, 1, "b", hand_out, NULL);

    rescind_sim_grant(sim, a, OTHER, b);
    rescind_sim_grant(sim, b, OTHER, a);
    done->result = rescind_sim_run(sim);
    done->time = rescind_sim_time(sim);
    done->events = rescind_sim_events(sim);
    rescind_sim_returned(sim, a, &done->refused[0]);
    rescind_sim_returned(sim, b, &done->refused[1]);
    rescind_sim_free(sim);
}

/* ---- A board ------------------------------------------------------------------------------- */

struct seen {
    char text[TEXT];
    size_t size;
    uint64_t time;
    struct rescind_acpi acpi;
    bool good;
};

static void drive(struct seen *seen)
{
    struct rescind_board *board = rescind_board_new(&(struct rescind_board_options){0});
    struct rescind_trouble trouble;

    rescind_board_use(board);
    rescind_uart_init(RESCIND_COM1);
    seen->good = rescind_acpi_read(rescind_acpi_find(), &seen->acpi, &trouble) &&
                 rescind_lapic_init(0xff, &trouble);
    rescind_uart_write(RESCIND_COM1, "a board of its own", 18);
    rescind_board_advance(board, 100000000);
    seen->size = rescind_board_serial_out(board, RESCIND_COM1, seen->text, TEXT);
    seen->time = rescind_board_time(board);
    rescind_board_free(board);
}

/* ---- Threads ------------------------------------------------------------------------------- */

static void *simulate_some(void *data)
{
    struct done *done = data;

    for (uint64_t seed = 0; seed < RUNS; seed++)
        simulate(seed, &done[seed]);
    return NULL;
}

static void *drive_some(void *data)
{
    for (int i = 0; i < RUNS; i++) {
        memset(data, 0, sizeof(struct seen));
        drive(data);
    }
    return NULL;
}

/* Each thread has `size` bytes of `data`. */
static void run_in_threads(void *(*body)(void *), void *data, size_t size)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, body, (char *)data + i * size), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void simulators_in_threads_do_what_one_does(void **state)
{
    static struct done alone[RUNS], together[THREADS][RUNS];

    (void)state;
    simulate_some(alone);
    run_in_threads(simulate_some, together, sizeof(alone));
    for (int i = 0; i < RUNS; i++) {
        assert_int_equal(alone[i].result, RESCIND_SIM_QUIET);
        assert_true(alone[i].events > 0);
        assert_int_equal(alone[i].refused[0] + alone[i].refused[1], 0);
    }
    for (int i = 0; i < THREADS; i++)
        assert_memory_equal(together[i], alone, sizeof(alone));
}

static void boards_in_threads_do_what_one_does(void **state)
{
    static struct seen alone, together[THREADS];

    (void)state;
    drive_some(&alone);
    assert_true(alone.good);
    assert_int_equal(alone.size, 18);
    assert_memory_equal(alone.text, "a board of its own", 18);
    run_in_threads(drive_some, together, sizeof(alone));
    for (int i = 0; i < THREADS; i++)
        assert_memory_equal(&together[i], &alone, sizeof(alone));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simulators_in_threads_do_what_one_does),
        cmocka_unit_test(boards_in_threads_do_what_one_does),
    };

    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
