/* The textbook recursive revocation; see recursive.h. */
#include "sim/recursive.h"

#include "cap/create.h"

__attribute__((noinline)) void recursive_revoke(struct rescind_kernel *k, uint32_t index)
{
    for (uint32_t child; (child = cap_at(k, index)->child) != 0;)
        recursive_revoke(k, child);
    cap_destroy(k, index);
}
