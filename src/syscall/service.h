/* CREATESRV, CREATESESS, CREATESESSAT, DELEGATE and OBTAIN: services, and sessions with them.
 *
 * CREATESESS, DELEGATE and OBTAIN ask the service first (a visit: object/visit.h), holding nothing.
 * When it agrees, all that the call is about is looked at again, as at its beginning. DELEGATE and
 * OBTAIN then are an EXCHANGE between the tables of the client's VPE and the service's, for which
 * the session must stand as the capability on the other VPE must for EXCHANGE.
 */
#ifndef RESCIND_SYSCALL_SERVICE_H
#define RESCIND_SYSCALL_SERVICE_H

#include "base/bytes.h"
#include "cap/revoke.h"
#include "syscall/exchange.h"
#include "syscall/lookup.h"

struct call;
struct letter;
struct letter_reply;
struct rescind_peer_letter;
struct rescind_peer_note;

struct createsrv {
    uint32_t gate, srv; /* selectors */
    uint8_t name[RESCIND_SERVICE_NAME_MAX];
};

struct createsess {
    uint32_t vpe, dst; /* selectors: of the VPE that gets it, and in its table */
    uint8_t name[RESCIND_SERVICE_NAME_MAX];
    uint32_t args_size; /* they are in the caller's buffer */
    uint32_t visit;     /* while the service is asked, */
    uint32_t serial;    /* which one it is */
    uint32_t next;      /* where it is not one of this kernel's: the kernel to ask next */
};

struct createsessat {
    uint32_t srv, dst; /* selectors */
    uint64_t ident;
};

struct obtain {
    struct exchange exchange; /* once the service has agreed */
    uint32_t vpe, session;    /* selectors: whose table, and with whom */
    struct rescind_range range;
    uint32_t args_size;
    uint32_t visit;  /* while the service is asked, */
    uint32_t serial; /* by which session */
    bool agreed;     /* and then */
};

enum progress createsrv_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                              struct bytes in);
enum progress createsrv_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                             uint32_t *work);

enum progress createsess_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                               struct bytes in);
enum progress createsess_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                              uint32_t *work);
bool createsess_cancel(struct rescind_kernel *k, uint32_t vpe, struct call *call);

enum progress createsessat_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                                 struct bytes in);
enum progress createsessat_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                                uint32_t *work);

/* OBTAIN and DELEGATE: the opcode tells. */
enum progress obtain_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                           struct bytes in);
enum progress obtain_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                          uint32_t *work);
bool obtain_cancel(struct rescind_kernel *k, uint32_t vpe, struct call *call);

/* For the EXCHANGE that a service has agreed to: the capability on the session, if that and the VPE
 * that it is about still stand; x->own becomes that VPE. */
struct lookup service_agreed(struct rescind_kernel *k, struct exchange *x, uint32_t caller);

/* For a call that may wait for the answer to a visit of its own: it leaves its line, and the visit
 * is dropped. False: there is none. */
bool service_cancel(struct rescind_kernel *k, uint32_t vpe, uint32_t *visit);

/* What an OBTAIN or DELEGATE of another kernel wants, and what it is told; see syscall/letter.c. */
bool visit_is_sound(const struct rescind_kernel *k, uint32_t pe,
                    const struct rescind_peer_letter *letter);
uint32_t visit_serve(struct rescind_kernel *k, uint32_t pe,
                     const struct rescind_peer_letter *letter, struct letter_reply *reply,
                     uint8_t *data);
bool visit_note_is_sound(const struct letter *letter, const struct rescind_peer_note *note);

#endif
