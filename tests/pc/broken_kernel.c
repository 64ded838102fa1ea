/* Faults for the tests: linked into an image of its own with --wrap=revoke_begin and revoke_leaves,
 * it makes that image's kernel, and no other, lose the children of what is revoked: they stay, as
 * roots. And some selectors (broken_kernel.h) bring the kernel down.
 */
#include "pc/broken_kernel.h"

#include "cap/revoke.h"
#include "cap/table.h"
#include "rescind/platform.h"

void __real_revoke_begin(struct rescind_kernel *k, struct revoke *r);
void __wrap_revoke_begin(struct rescind_kernel *k, struct revoke *r);
bool __wrap_revoke_leaves(struct rescind_kernel *k, const struct revoke *r, uint32_t *work);

static void forget_children(struct rescind_kernel *k, struct cap *cap)
{
    while (cap->child != 0) {
        uint32_t index = cap->child;
        struct cap *child = cap_at(k, index);

        cap->child = child->next == index ? 0 : child->next;
        cap_at(k, child->prev)->next = child->next;
        cap_at(k, child->next)->prev = child->prev;
        child->next = child->prev = index;
        child->parent = 0;
    }
}

static void bring_down(uint64_t sel)
{
    switch (sel) {
    case BROKEN_PANIC:
        platform_panic("on purpose");
    case BROKEN_FAULT:
        __asm__ volatile("movq $0, (%0)" : : "r"(sel) : "memory");
        break;
    case BROKEN_STACK:
        __asm__ volatile("1: pushq %rax; jmp 1b");
        break;
    default:
        break;
    }
}

/* Every REVOKE is to begin. */
bool __wrap_revoke_leaves(struct rescind_kernel *k, const struct revoke *r, uint32_t *work)
{
    (void)k;
    (void)r;
    (void)work;
    return false;
}

void __wrap_revoke_begin(struct rescind_kernel *k, struct revoke *r)
{
    uint64_t sel = r->from;
    uint32_t index;

    bring_down(sel);
    if (sel == BROKEN_LINK && (index = table_find_from(k, r->first_table, sel - 1)) != 0) {
        cap_at(k, index)->child = 0;
    }
    while ((index = table_find_from(k, r->first_table, sel)) != 0 &&
           cap_at(k, index)->sel < r->to) {
        forget_children(k, cap_at(k, index));
        sel = (uint64_t)cap_at(k, index)->sel + 1;
    }
    __real_revoke_begin(k, r);
}
