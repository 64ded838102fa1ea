/* Playing a probe script. See probe.h. */
#include "pc99/probe.h"

#include "rescind/platform.h"

/* Instructions between two looks at the clock, and with a look: at most. */
enum { NOPS = 60, LOOK = 80 };

/* Without pauses, which an emulator may take for more time than they are. */
static void wait_until(uint64_t moment)
{
    uint64_t now = rescind_ticks();

    while (now < moment) {
        for (uint64_t i = (moment - now) / LOOK; i > 0; i--) {
            __asm__ volatile(".rept %c0\n nop\n .endr" : : "i"(NOPS));
        }
        now = rescind_ticks();
    }
}

void probe_run(struct probe_script *script)
{
    uint64_t moment = rescind_ticks();

    for (uint32_t i = 0; i < script->count; i++) {
        struct probe_access *access = probe_at(script, i);

        moment += access->wait;
        wait_until(moment);
        probe_make(access);
    }
}
