/* PRINT; see print.h. */
#include "syscall/print.h"

enum rescind_error print_decode(struct bytes in, struct bytes *text)
{
    uint64_t size = bytes_u64(&in);

    if (!bytes_ok(in) || size > in.size)
        return RESCIND_INV_ARGS;
    *text = (struct bytes){.data = in.data, .size = (size_t)size};
    return RESCIND_NO_ERROR;
}
