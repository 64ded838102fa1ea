/* Other kernels; see peer.h. */
#include "cap/peer.h"

#include "base/task.h"

void peer_talk(struct rescind_kernel *k, uint32_t pe)
{
    struct peer *peer = peer_at(k, pe);
    uint32_t name = pe + 1;

    if (peer->next != 0)
        return;
    if (k->talking == 0) {
        k->talking = peer->next = peer->prev = name;
        return;
    }
    struct peer *first = peer_at(k, k->talking - 1);
    peer->next = k->talking;
    peer->prev = first->prev;
    peer_at(k, first->prev - 1)->next = name;
    first->prev = name;
}

void peer_hush(struct rescind_kernel *k, uint32_t pe)
{
    struct peer *peer = peer_at(k, pe);
    uint32_t name = pe + 1;

    if (peer->next == 0 || peer_has_records(peer) || peer_has_letters(peer))
        return;
    if (peer->next == name) {
        k->talking = 0;
    } else {
        peer_at(k, peer->next - 1)->prev = peer->prev;
        peer_at(k, peer->prev - 1)->next = peer->next;
        if (k->talking == name)
            k->talking = peer->next;
    }
    peer->next = peer->prev = 0;
}

struct links {
    uint32_t *next, *prev;
};

static struct links links_of(const struct rescind_kernel *k, uint32_t index)
{
    struct cap *cap = cap_at(k, index);

    return cap->type == CAP_STUB ? (struct links){&cap->tell_next, &cap->tell_prev}
                                 : (struct links){&cap->next, &cap->prev};
}

static uint32_t *ring_of(const struct rescind_kernel *k, const struct cap *cap)
{
    struct peer *peer = peer_at(k, cap->peer);

    return cap->type == CAP_STUB ? &peer->down : &peer->up;
}

void peer_tell(struct rescind_kernel *k, uint32_t index)
{
    struct cap *cap = cap_at(k, index);
    uint32_t *ring = ring_of(k, cap);
    struct links own = links_of(k, index);

    if (cap->flags & CAP_UNTOLD)
        return; /* peer_link_told() will see to it */
    cap->flags |= CAP_TELLING;
    if (*ring == 0) {
        *ring = *own.next = *own.prev = index;
    } else {
        struct links first = links_of(k, *ring);
        *own.next = *ring;
        *own.prev = *first.prev;
        *links_of(k, *first.prev).next = index;
        *first.prev = index;
    }
    peer_talk(k, cap->peer);
}

void peer_link_told(struct rescind_kernel *k, uint32_t stub)
{
    struct cap *cap = cap_at(k, stub);

    cap->flags &= (uint16_t)~CAP_UNTOLD;
    if ((cap->flags & (CAP_SEEN | CAP_RESERVED)) == CAP_SEEN)
        peer_tell(k, stub);
}

void peer_told(struct rescind_kernel *k, uint32_t index)
{
    struct cap *cap = cap_at(k, index);
    uint32_t *ring = ring_of(k, cap);
    struct links own = links_of(k, index);

    *links_of(k, *own.prev).next = *own.next;
    *links_of(k, *own.next).prev = *own.prev;
    if (*ring == index)
        *ring = *own.next == index ? 0 : *own.next;
    *own.next = *own.prev = index;
    cap->flags &= (uint16_t)~CAP_TELLING;
    peer_hush(k, cap->peer);
}

void peer_queue(struct rescind_kernel *k, uint32_t pe, uint32_t index)
{
    struct peer *peer = peer_at(k, pe);
    struct cap *cap = cap_at(k, index);
    uint32_t task = task_of_peer(k, pe);

    KERNEL_ASSERT(!(cap->flags & (CAP_QUEUED | CAP_STACKED)));
    cap->flags |= CAP_QUEUED;
    cap->work = 0;
    if (peer->last == 0)
        peer->first = index;
    else
        cap_at(k, peer->last)->work = index;
    peer->last = index;
    if (!task_waits(k, task))
        task_join(k, &k->ready, task);
}
