/* The platform interface on the host. Drivers find no hardware behind their ports: reads float
 * high, writes go nowhere, as on a bus without a device. */
#include "rescind/platform.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void platform_panic(const char *what)
{
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
