/* What a machine does about a kernel that stops itself. The library's own users, who hold kernels
 * without a machine, get a line on standard error and abort(). */
#ifndef RESCIND_SIM_PLATFORM_H
#define RESCIND_SIM_PLATFORM_H

#include <setjmp.h>

/* Until it is called with NULL, a kernel of this thread that panics jumps there, with 1. Its arena
 * is then good for nothing but being restored. */
void platform_catch(jmp_buf *place);
/* What the last one that did had to say. */
const char *platform_caught(void);

#endif
