/* The platform interface on the host. Drivers find no hardware behind their ports: reads float
 * high, writes go nowhere, as on a bus without a device. */
#include "sim/platform.h"

#include "rescind/platform.h"

#include <stdio.h>
#include <stdlib.h>

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

uint8_t platform_in8(uint16_t port)
{
    (void)port;
    return 0xff;
}

void platform_out8(uint16_t port, uint8_t value)
{
    (void)port;
    (void)value;
}
