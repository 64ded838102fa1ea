/* A lock between processors, for what comes out of the machine: the console and the report.
 *
 * It is held with interrupts off and for one line or one program's text. Its wait is bounded, for
 * whoever holds it may have broken: after LOCK_PATIENCE looks it is taken all the same, which costs
 * the order of some text and never the machine.
 */
#ifndef PC99_LOCK_H
#define PC99_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "rescind/platform.h"

enum { LOCK_PATIENCE = 1 << 22 };

struct lock {
    bool taken;
};

static inline void lock_take(struct lock *lock)
{
    for (uint32_t i = 0; i < LOCK_PATIENCE; i++) {
        if (!__atomic_exchange_n(&lock->taken, true, __ATOMIC_ACQUIRE)) {
            return;
        }
        rescind_pause();
    }
}

static inline void lock_give(struct lock *lock)
{
    __atomic_store_n(&lock->taken, false, __ATOMIC_RELEASE);
}

#endif
