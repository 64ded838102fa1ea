/* SEND, RECEIVE, REPLY and ACK: messages between VPEs, which the kernel carries as their DTU.
 *
 * A SEND spends a credit of its endpoint; the REPLY gives it back, with the answer's message to the
 * endpoint that the sender has named. A message is received once and is open from then on, until it
 * is replied to or closed by ACK; a reply is done with when it is received.
 *
 * How long an answer may be is settled when the message is sent: as long as a slot of the endpoint
 * that it goes to. A REPLY that is longer is refused, and the message stays open. One that is not
 * takes effect where the asker is, also when it finds nobody there or no slot free: the message is
 * closed then, since all that could be done about it has been.
 */
#ifndef RESCIND_SYSCALL_MESSAGE_H
#define RESCIND_SYSCALL_MESSAGE_H

#include "base/bytes.h"
#include "cap/revoke.h"

struct call;
struct letter_reply;
struct rescind_peer_letter;

struct message_call {
    uint32_t ep;
    uint32_t reply_ep;    /* SEND */
    uint64_t reply_label; /* SEND */
    uint64_t id;          /* REPLY, ACK */
    uint32_t size;        /* SEND, REPLY: of the data, which is in the caller's buffer */
    bool wait;            /* RECEIVE */
    bool waits;           /* it stands in the endpoint's line, or did until it was woken */
    bool has_waited;      /* RECEIVE */
};

enum progress send_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                         struct bytes in);
enum progress send_step(struct rescind_kernel *k, uint32_t vpe, struct call *call, uint32_t *work);

enum progress receive_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                            struct bytes in);
enum progress receive_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                           uint32_t *work);
bool receive_cancel(struct rescind_kernel *k, uint32_t vpe, struct call *call);

enum progress reply_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                          struct bytes in);
enum progress reply_step(struct rescind_kernel *k, uint32_t vpe, struct call *call, uint32_t *work);

enum progress ack_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call, struct bytes in);
enum progress ack_step(struct rescind_kernel *k, uint32_t vpe, struct call *call, uint32_t *work);

/* What a SEND or REPLY of another kernel wants; see syscall/letter.c. */
bool send_is_sound(const struct rescind_kernel *k, uint32_t pe,
                   const struct rescind_peer_letter *letter);
uint32_t send_serve(struct rescind_kernel *k, uint32_t pe, const struct rescind_peer_letter *letter,
                    struct letter_reply *reply, uint8_t *data);
bool reply_is_sound(const struct rescind_kernel *k, uint32_t pe,
                    const struct rescind_peer_letter *letter);
uint32_t reply_serve(struct rescind_kernel *k, uint32_t pe,
                     const struct rescind_peer_letter *letter, struct letter_reply *reply,
                     uint8_t *data);

#endif
