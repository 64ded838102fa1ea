/* What broken_kernel.c does on purpose, for the tests that ask it to. */
#ifndef RESCIND_TESTS_PC_BROKEN_KERNEL_H
#define RESCIND_TESTS_PC_BROKEN_KERNEL_H

/* A REVOKE that starts at one of these stops the kernel: */
enum {
    BROKEN_PANIC = 900, /* by platform_panic */
    BROKEN_FAULT = 901, /* by an exception */
    BROKEN_STACK = 902, /* by running out of stack */
    BROKEN_LINK = 903,  /* not at all, but the capability before it loses sight of its children */
};

#endif
