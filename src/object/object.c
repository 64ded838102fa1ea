/* What objects in pool nodes share; see object.h. */
#include "object/object.h"

void object_acquire(struct rescind_kernel *k, uint32_t object)
{
    object_at(k, object)->refs++;
}

void object_release(struct rescind_kernel *k, uint32_t object)
{
    struct object *o = object_at(k, object);

    KERNEL_ASSERT(o->refs > 0);
    if (--o->refs == 0)
        pool_give(k, object);
}

enum rescind_error object_derive_always(const struct rescind_kernel *k, const struct cap *source)
{
    (void)k;
    (void)source;
    return RESCIND_NO_ERROR;
}

bool object_exists(const struct rescind_kernel *k, uint32_t object, uint8_t node)
{
    return object != 0 && object < k->pool.high && object_at(k, object)->type == node;
}
