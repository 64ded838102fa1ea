/* The derivation tree as text: a line a capability, children indented below their parent. */
#ifndef RESCIND_KERNEL_TREE_H
#define RESCIND_KERNEL_TREE_H

#include "rescind/kernel.h"

/* Prints every tree, in the order of rescind_kernel_walk(), by calls of `emit` (each with a piece
 * of a line). `vpe_name` gives a VPE's name. The kernel must not run meanwhile. Cost: one walk. */
void tree_print(const struct rescind_kernel *k,
                const char *(*vpe_name)(void *context, uint32_t vpe), void *context,
                void (*emit)(void *context, const char *text, size_t size));

#endif
