/* Counts the calls that VPEs make while inputs are replayed: which, and how many were answered
 * without an error. Linked with fuzz/replay.c, which asks for calls_missing(); by the linker's
 * --wrap it comes between kernels and whoever runs them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dtu/ring.h"
#include "rescind/kernel.h"

enum { OPCODES = RESCIND_SYS_PORT_OUT + 1 }; /* the last */

int calls_missing(FILE *out, const char *not_granted);
void __real_rescind_kernel_message(struct rescind_kernel *k, uint32_t vpe);
void __wrap_rescind_kernel_message(struct rescind_kernel *k, uint32_t vpe);
struct rescind_kernel_output __real_rescind_kernel_take_output(struct rescind_kernel *k);
struct rescind_kernel_output __wrap_rescind_kernel_take_output(struct rescind_kernel *k);

static uint64_t made[OPCODES], granted[OPCODES];

/* The opcode of the message in this slot of the ring of `vpe`; OPCODES: of none. */
static uint64_t opcode_at(struct rescind_kernel *k, uint32_t vpe, uint32_t slot)
{
    const struct rescind_ring *ring = rescind_kernel_syscall_ring(k, vpe);
    uint64_t opcode;

    memcpy(&opcode,
           ring->slots + (size_t)(slot % RESCIND_RING_SLOTS) * RESCIND_RING_SLOT_SIZE +
               sizeof(struct rescind_header),
           sizeof(opcode));
    return opcode < OPCODES ? opcode : OPCODES;
}

void __wrap_rescind_kernel_message(struct rescind_kernel *k, uint32_t vpe)
{
    uint64_t opcode = OPCODES;

    if (rescind_kernel_message_waiting(k, vpe))
        opcode = opcode_at(k, vpe, rescind_kernel_syscall_ring(k, vpe)->tail);
    if (opcode < OPCODES)
        made[opcode]++;
    __real_rescind_kernel_message(k, vpe);
}

/* A call is answered: it is that of the message that was taken last, which still stands there. */
struct rescind_kernel_output __wrap_rescind_kernel_take_output(struct rescind_kernel *k)
{
    struct rescind_kernel_output out = __real_rescind_kernel_take_output(k);
    uint64_t opcode = OPCODES;

    if (out.kind == RESCIND_OUTPUT_REPLY && out.code == RESCIND_NO_ERROR)
        opcode = opcode_at(k, out.vpe, rescind_kernel_syscall_ring(k, out.vpe)->tail - 1);
    if (opcode < OPCODES)
        granted[opcode]++;
    return out;
}

/* Whether this name is one of those, with commas between them. */
static bool is_named(const char *names, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = names; (at = strstr(at, name)) != NULL; at += length) {
        if ((at == names || at[-1] == ',') && (at[length] == ',' || at[length] == '\0'))
            return true;
    }
    return false;
}

/* Prints them; how many of the calls that there are have never been made, or never granted, though
 * they are not among `not_granted`. EXIT is not answered. */
int calls_missing(FILE *out, const char *not_granted)
{
    static const struct {
        const char *name;
        uint32_t opcode;
    } calls[] = {
#define CALL(name, number, bytes) {#name, number},
        RESCIND_SYSCALLS(CALL)
#undef CALL
    };
    int missing = 0;

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        uint32_t opcode = calls[i].opcode;
        bool asked = opcode != RESCIND_SYS_EXIT && !is_named(not_granted, calls[i].name);
        bool good = made[opcode] > 0 && (granted[opcode] > 0 || !asked);
        fprintf(out, "%-12s %8" PRIu64 " made %8" PRIu64 " granted%s\n", calls[i].name,
                made[opcode], granted[opcode], good ? "" : "  MISSING");
        missing += !good;
    }
    return missing;
}
