/* The platform interface on the host: see rescind/platform.h. */
#include "sim/platform.h"

#include "rescind/board.h"
#include "rescind/platform.h"

#include <stdio.h>
#include <stdlib.h>

enum { PAUSE = 1000 }; /* nanoseconds */

static _Thread_local jmp_buf *catcher;
static _Thread_local const char *caught;

void platform_catch(jmp_buf *place)
{
    catcher = place;
}

const char *platform_caught(void)
{
    return caught;
}

_Noreturn void platform_panic(const char *what)
{
    if (catcher != NULL) {
        caught = what;
        longjmp(*catcher, 1);
    }
    fprintf(stderr, "rescind: kernel panic: %s\n", what);
    abort();
}

/* ---- Hardware: the board that this thread uses, or a bus where nothing is ---------------------
 */

static _Thread_local struct rescind_board *used;

void rescind_board_use(struct rescind_board *board)
{
    used = board;
}

void platform_forget(const struct rescind_board *board)
{
    if (used == board) {
        used = NULL;
    }
}

static uint64_t read_bus(bool port, uint64_t address, unsigned bytes)
{
    return used != NULL ? board_read(used, port, address, bytes) : UINT64_MAX;
}

static void write_bus(bool port, uint64_t address, unsigned bytes, uint64_t value)
{
    if (used != NULL) {
        board_write(used, port, address, bytes, value);
    }
}

#define ACCESSES(bits, type)                                                                       \
    type rescind_in##bits(uint16_t port)                                                           \
    {                                                                                              \
        return (type)read_bus(true, port, (bits) / 8);                                             \
    }                                                                                              \
    void rescind_out##bits(uint16_t port, type value)                                              \
    {                                                                                              \
        write_bus(true, port, (bits) / 8, value);                                                  \
    }
#define MEMORY_ACCESSES(bits, type)                                                                \
    type rescind_read##bits(uint64_t address)                                                      \
    {                                                                                              \
        return (type)read_bus(false, address, (bits) / 8);                                         \
    }                                                                                              \
    void rescind_write##bits(uint64_t address, type value)                                         \
    {                                                                                              \
        write_bus(false, address, (bits) / 8, value);                                              \
    }
ACCESSES(8, uint8_t)
ACCESSES(16, uint16_t)
ACCESSES(32, uint32_t)
MEMORY_ACCESSES(8, uint8_t)
MEMORY_ACCESSES(16, uint16_t)
MEMORY_ACCESSES(32, uint32_t)
MEMORY_ACCESSES(64, uint64_t)

const void *rescind_firmware(uint64_t address, uint64_t size)
{
    return used != NULL ? rescind_board_firmware(used, address, size) : NULL;
}

uint64_t rescind_read_msr(uint32_t msr)
{
    return used != NULL ? board_read_msr(used, msr) : 0;
}

void rescind_write_msr(uint32_t msr, uint64_t value)
{
    if (used != NULL) {
        board_write_msr(used, msr, value);
    }
}

/* The models' processors run at 1 GHz. */
uint64_t rescind_ticks(void)
{
    return used != NULL ? rescind_board_time(used) : 0;
}

void rescind_pause(void)
{
    if (used != NULL) {
        rescind_board_advance(used, PAUSE);
    }
}
