/* Playing a probe script. See probe.h. */
#include "pc99/probe.h"

#include "pc99/cpu.h"
#include "pc99/trap.h"
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

/* The interrupt that comes when one may; trap_in_kernel() takes it. */
static uint64_t let_in(void)
{
    struct processor *here = processor_here();
    uint64_t taken;

    here->taken = PROBE_NONE;
    cpu_interrupt_window();
    taken = __atomic_load_n(&here->taken, __ATOMIC_RELAXED);
    here->taken = 0;
    return taken;
}

void probe_run(struct probe_script *script)
{
    uint64_t moment = rescind_ticks();

    for (uint32_t i = 0; i < script->count; i++) {
        struct probe_access *access = probe_at(script, i);

        moment += access->wait;
        wait_until(moment);
        if (access->interrupt != 0) {
            access->value = let_in();
        } else {
            probe_make(access);
        }
    }
}
