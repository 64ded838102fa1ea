/* The host's side of the platform interface. What a machine does about a kernel that stops itself
 * (the library's own users, who hold kernels without a machine, get a line on standard error and
 * abort()); and how drivers reach a board. */
#ifndef RESCIND_SIM_PLATFORM_H
#define RESCIND_SIM_PLATFORM_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

/* Until it is called with NULL, a kernel of this thread that panics jumps there, with 1. Its arena
 * is then good for nothing but being restored. */
void platform_catch(jmp_buf *place);
/* What the last one that did had to say. */
const char *platform_caught(void);

/* A board is going: no thread's drivers reach it through this one any more. */
struct rescind_board;
void platform_forget(const struct rescind_board *board);

/* One access to a board (sim/device/board.c), `bytes` wide; reads of what is not there float high.
 */
uint64_t board_read(struct rescind_board *board, bool port, uint64_t address, unsigned bytes);
void board_write(struct rescind_board *board, bool port, uint64_t address, unsigned bytes,
                 uint64_t value);
uint64_t board_read_msr(struct rescind_board *board, uint32_t msr);
void board_write_msr(struct rescind_board *board, uint32_t msr, uint64_t value);

#endif
