/* From a checked litmus file back to text, with parts left out: what sim/shrink.c works with, and
 * how a step is written in a listing. The text is a litmus file again, but for what was left out
 * and is still named (litmus_parse() refuses that). Repeats stay unrolled, and signals are called
 * s0, s1, ... */
#ifndef RESCIND_SIM_LITMUS_PRINT_H
#define RESCIND_SIM_LITMUS_PRINT_H

#include "sim/litmus.h"

/* The parts that a file has; a part's number is its place in the array of that name. A VPE goes
 * with its program, its grants and the faults that strike it. */
enum litmus_part {
    LITMUS_PART_VPE,
    LITMUS_PART_STEP,
    LITMUS_PART_FAULT,
    LITMUS_PART_GRANT,
    LITMUS_PART_CONDITION,
    LITMUS_PART_LINE,
    LITMUS_PART_KERNEL,
    LITMUS_PARTS,
};
guint litmus_part_count(const struct litmus *litmus, enum litmus_part part);

/* For each kind of part one byte a part: whether it is left out. NULL: none of them is. */
struct litmus_less {
    const uint8_t *out[LITMUS_PARTS];
};

/* The caller frees the text. `less` may be NULL. */
char *litmus_print(const struct litmus *litmus, const struct litmus_less *less);

/* One step, as a program has it. */
char *litmus_print_step(const struct litmus *litmus, guint vpe, guint step);

#endif
