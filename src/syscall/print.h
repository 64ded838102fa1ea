/* PRINT: text to the console. Rescind's own. */
#ifndef RESCIND_SYSCALL_PRINT_H
#define RESCIND_SYSCALL_PRINT_H

#include "base/bytes.h"

/* Message to text. INV_ARGS: too short, or a length that passes the message. */
enum rescind_error print_decode(struct bytes in, struct bytes *text);

#endif
