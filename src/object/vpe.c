/* VPEs; see vpe.h. */
#include "object/vpe.h"

#include "cap/create.h"
#include "cap/table.h"
#include "object/mem.h"
#include "object/object.h"

/* A VPE's storage is its place in the array and its table's emptiness what ends it: see
 * kernel/event.c. So there is nothing to give back with a capability on it. */
static bool vpe_exists(const struct rescind_kernel *k, uint32_t object)
{
    return object < k->vpe_count;
}

const struct cap_type vpe_type = {
    .name = "vpe",
    .exists = vpe_exists,
    .size = sizeof(struct vpe),
};

enum rescind_error vpe_boot(struct rescind_kernel *k, uint64_t mem_addr, uint64_t mem_size)
{
    uint32_t vpe = k->vpe_count;
    uint32_t table = table_of(vpe, RESCIND_TABLE_OBJECT);

    if (vpe == k->vpe_limit)
        return RESCIND_NO_SPACE;
    if (pool_left(k) < 3)
        return RESCIND_OUT_OF_MEM;
    k->vpe_count++;
    for (uint32_t kind = 0; kind < RESCIND_TABLE_KINDS; kind++)
        table_init(table_at(k, table_of(vpe, kind)));
    *vpe_at(k, vpe) = (struct vpe){0};
    ring_init(vpe_syscall_ring(k, vpe));
    ring_init(vpe_reply_ring(k, vpe));
    cap_create_at(k, &(struct cap_spec){
                         .table = table,
                         .sel = RESCIND_SEL_VPE,
                         .type = RESCIND_CAP_VPE,
                         .home = k->pe,
                         .object = vpe,
                     });
    cap_create_at(k, &(struct cap_spec){
                         .table = table,
                         .sel = RESCIND_SEL_MEM,
                         .type = RESCIND_CAP_MEM,
                         .rights = RESCIND_PERM_R | RESCIND_PERM_W | RESCIND_PERM_X,
                         .home = k->pe,
                         .object = mem_create(k, mem_addr, mem_size),
                     });
    return RESCIND_NO_ERROR;
}
