/* The loop and other kernels. See peers.h. */
#include "pc99/peers.h"

#include "pc99/smp.h"
#include "rescind/platform.h"

static void call(struct loop *loop, uint32_t peer)
{
    if (shared_call(loop->shared, loop->number, peer)) {
        smp_call(peer);
    }
}

bool peers_collect(struct loop *loop)
{
    uint64_t calls = shared_take_calls(loop->shared, loop->number);
    uint64_t own = (uint64_t)1 << loop->number;

    if (calls == 0) {
        return false;
    }
    loop->callers |= calls & ~own;
    peers_tell(loop); /* some of them may have called because there is room */
    return (calls & own) != 0;
}

/* The first of `callers` behind `last`, round and round. There is one. */
static uint32_t next_caller(uint64_t callers, uint32_t last)
{
    uint64_t behind = last < 63 ? callers & ~(uint64_t)0 << (last + 1) : 0;

    return (uint32_t)__builtin_ctzll(behind != 0 ? behind : callers);
}

bool peers_hear(struct loop *loop)
{
    struct ring_message message;

    while (loop->callers != 0) {
        uint32_t peer = next_caller(loop->callers, loop->heard);
        struct channel *channel = shared_channel(loop->shared, peer, loop->number);
        bool room;

        if (!channel_take(channel, &message, &room)) {
            loop->callers &= ~((uint64_t)1 << peer);
            continue;
        }
        loop->heard = peer;
        if (room) {
            call(loop, peer); /* LCOV_EXCL_LINE: once a channel has been full */
        }
        if (message.header.length > RESCIND_PEER_MSG_MAX) {
            /* LCOV_EXCL_START: channels carry whole messages */
            platform_panic("a message between kernels is too long");
            /* LCOV_EXCL_STOP */
        }
        rescind_kernel_hear(loop->kernel, peer, message.payload, message.header.length);
        return true;
    }
    return false;
}

/* False: there is nothing more for `peer`. */
static bool tell_one(struct loop *loop, uint32_t peer, struct channel *channel)
{
    uint8_t message[RESCIND_PEER_MSG_MAX];
    size_t size = rescind_kernel_tell(loop->kernel, peer, message);

    if (size == 0) {
        return false;
    }
    if (!channel_put(channel, (uint16_t)loop->number, message, size)) {
        /* LCOV_EXCL_START: an invariant */
        platform_panic("a channel between kernels is broken");
        /* LCOV_EXCL_STOP */
    }
    call(loop, peer);
    return true;
}

void peers_tell(struct loop *loop)
{
    int32_t peer = rescind_kernel_tell_first(loop->kernel);

    while (peer >= 0) {
        int32_t next = rescind_kernel_tell_after(loop->kernel, (uint32_t)peer);
        struct channel *channel = shared_channel(loop->shared, loop->number, (uint32_t)peer);

        while (channel_has_room(channel) && tell_one(loop, (uint32_t)peer, channel)) {
        }
        peer = next;
    }
}

void peers_announce(struct loop *loop)
{
    for (uint32_t i = 0; i < loop->shared->count; i++) {
        if (i != loop->number && shared_nudge(loop->shared, i)) {
            smp_call(i);
        }
    }
}
