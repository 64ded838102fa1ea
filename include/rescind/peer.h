/* What kernels say to each other: the protocol of calls across kernels.
 *
 * Each kernel holds its own VPEs' capabilities; the derivation tree goes on from kernel to kernel.
 * A child on another kernel is a *stub* in its parent's ring of children; it has the child's global
 * key, and the child has its parent's kernel and stub. Between two kernels runs a channel in each
 * direction that keeps the order and loses nothing; it holds RESCIND_PEER_WINDOW messages, so
 * at most four are in flight between a pair. A message is a header and as many records as there
 * are to tell and fit. Little endian; every size and offset is a multiple of 8.
 *
 * Revocation (src/cap/revoke.h is the local half). To a parent, a stub is a child that takes
 * longer:
 *
 * - MARK (teller's stub, key): mark that child; it is SEEN from now on
 * - MARKED (hearer's stub): the child and all below it are marked, so one less is pending
 * - SWEEP (teller's stub, key): remove it as soon as it has no children
 * - UNLINK (hearer's stub): the child is gone, for whatever reason, and the stub may go
 *
 * EXCHANGE (src/syscall/across.h asks, serve.h answers). A VPE's call has one of four slots of a
 * pair of kernels, and in it asks one question at a time:
 *
 * - ASK: reserve these capabilities, or these sources, of VPE `vpe`
 * - ANSWER: done (with the capabilities, to obtain); or an error; or RESCIND_PEER_BLOCKED:
 * something is under revocation, all of the range is undone, and FREE follows when it may be tried
 * again
 * - FREE: the slot is yours again; after BLOCKED, and after a range of several questions, which the
 *   answering kernel settles after its last ANSWER
 *
 * Before it asks, the caller's kernel has reserved its own side and *holds* (counts among what a
 * capability's marking has to wait for) the capability on the VPE; the parent of a reserved
 * stub is held by it. The range takes effect by one flag of the destination's kernel: when the last
 * question of a delegation is answered, when the last answer to an obtain is heard.
 *
 * All other calls (src/syscall/letter.h) ask by *letters*, of which a pair of kernels has
 * two slots in each direction:
 *
 * - LETTER: a call of a VPE of mine wants this of an object of yours
 * - LETTER_ANSWER: done, with the data asked for; or an error; or RESCIND_PEER_TAKEN: something has
 *   to happen first (a VPE's end, a service's answer), and a NOTE will tell how that went. The slot
 *   is free again in any case
 * - NOTE (the hearer's VPE, the serial of its letter): it has happened
 *
 * The hearer answers in the event that hears the letter. Until its answer comes, the call holds the
 * capability that its letter is about. What TAKEN has begun holds nothing, and the call that waits
 * for its NOTE may end meanwhile; a NOTE for it is ignored and counted as late then. Letters, their
 * answers and NOTEs go in messages of their own, which take turns with those of the other records;
 * among themselves they take turns in coming first.
 *
 * The first message that is sent through an endpoint to a VPE of another kernel makes a child of
 * the endpoint's capability there, by the same letter: it names a reserved stub, and an answer
 * without an error says that the child is there. That answer leaves before any other record, so
 * that it comes before the child's UNLINK.
 *
 * A session that a service of the hearer's has agreed to is linked by its NOTE: a stub below the
 * name's entry keeps the session, and the capability is made in the event that hears the NOTE. The
 * asker's kernel has set a node aside for that, a *claim*, whose number goes with the letter and
 * comes back; where there can be no such capability any more the claim becomes its UNLINK. What an
 * OBTAIN or DELEGATE with a session of another kernel comes to is an EXCHANGE, in which the session
 * takes the place of the capability on the VPE: the asker holds its capability of it, and the
 * hearer looks whether it is still the one.
 *
 * ANSWERs come first in a message, and there is always room for all that there can be; the other
 * kinds take turns in coming next, so that none waits for ever behind another. So the ANSWER that
 * brings a child comes before any MARK for it, and the one that says that its stub is wanted before
 * any UNLINK of it. Nothing is told of a stub before the record that brings it, ANSWER or NOTE; and
 * a NOTE leaves behind the TAKEN that announces it. What is to be told of a node is decided when
 * the message leaves: one that goes before its MARKED has left says UNLINK alone.
 *
 * Late, not wrong: a MARK or SWEEP whose child is not there crosses that child's UNLINK; it is
 * ignored and counted. The key alone would not do: a selector is used again. That the child names
 * the very stub does: a stub is not used again before its UNLINK was heard, which is after the MARK
 * was told. Everything else that does not fit what the hearer knows is refused and counted, and
 * changes nothing: a message whose records' layouts are not sound, as a whole; a record by itself.
 * MARKED wants a stub that has been told to MARK, once; UNLINK a stub of that peer whose EXCHANGE
 * is not still open; SWEEP a child that has said MARKED, once; ANSWER and FREE a slot that asked;
 * ASK a slot that is not busy, the same range as before, capabilities that can exist. LETTER wants
 * a slot whose answer has left, an object that there is, and data of the length that its kind has;
 * LETTER_ANSWER a slot whose letter was told, and data of the length that was asked for; and TAKEN
 * a letter of a kind that may be. A peer is believed that it tells the truth, not that it makes
 * sense.
 *
 * Why the promises of README hold (revoke.h argues them on one kernel):
 *
 * - Atomic. A REVOKE takes effect when its roots are MARKED, which they are when every descendant
 * on every kernel is; until then nothing of it is swept, and VISITED capabilities can't be looked
 * at. An EXCHANGE takes effect in one event of the destination's kernel. At that instant its
 * sources and its capability on the VPE stand: they are held, so no revocation above or of them has
 * taken effect; and the VPE lives, since its EXIT would have to mark them, or its tables are not
 * locked.
 * A letter takes effect when it is heard (READ, SEND, START), and then what it names stands, or is
 * refused: the capability above is held by the asker, so no revocation of it has taken effect.
 * - Complete. A child in flight has a reserved stub, which holds its parent; so what is marked has
 *   all its children. A sweep removes a parent when the last UNLINK has come. A revocation that
 * meets another waits for the same marks and the same removals, not for the other's word.
 * - No orphans. A stub outlives its child, and keeps its parent.
 * - Bounded. A record costs one look at a table; an event hears one message. Orders from a peer are
 * a task of that peer's, which takes turns with the VPEs' calls; so nobody works for another.
 * Children on one kernel share messages: four records an edge that crosses, whatever lies between.
 * - Live. Layers, of which each waits for those behind it alone: calls that wait for a slot;
 * blocked calls, which hold nothing else; sweeps; marks, which go down the tree; EXCHANGEs under
 * way, whose questions are answered at once; messages. (A call is blocked by a revocation, or by
 * another EXCHANGE's reservation.) A message can always be heard, since what it makes the hearer
 * want to tell needs no room: it is a flag of a node in a ring of its peer, or a bit of a slot. And
 *   everything that there is to tell leaves after a bounded number of messages. A letter waits for
 *   nothing but messages, so what its call holds is released soon, and its slot is free again; only
 *   what is VISITED no letter is written about, so that a revocation waits for a letter once. A
 * call that waits for a NOTE holds nothing, and is cancelled when its VPE is to end.
 * - Exact. An order names the child by key and stub. A remote capability names its object by home
 * and number; it descends from a capability of that home, so the object lives as long as it does.
 * - Never short of memory. A remote child takes its own node and a stub. A removed child that is
 * not told of yet stays as a tomb in its own node; stubs and slots hold all else. A letter lies in
 * its call's buffer until it is told, an answer in a buffer of its slot. The node of a NOTE is
 * taken when its letter is heard, which is refused if there is none.
 *
 * This is the protocol of a model that was checked on small systems, but for: keys are looked up by
 * table, so MARK costs O(log n); an EXCHANGE that is blocked keeps its slot until FREE, instead of
 * a note at the peer for each VPE; a range goes in questions of RESCIND_PEER_CHUNK, each answered
 * before the next is asked, so that no chunk has to be aborted in flight.
 */
#ifndef RESCIND_PEER_H
#define RESCIND_PEER_H

#include <stdint.h>

#include "rescind/abi.h"

/* A message: this, then so many records. */
struct rescind_peer_message {
    uint16_t sender; /* PE */
    uint16_t records;
    uint32_t size; /* of the whole message, bytes */
};

enum rescind_peer_kind {
    RESCIND_PEER_ANSWER = 1,
    RESCIND_PEER_MARKED = 2, /* the child of your stub is marked */
    RESCIND_PEER_UNLINK = 3, /* the child of your stub is gone, and so is the link */
    RESCIND_PEER_MARK = 4,   /* mark the child of my stub */
    RESCIND_PEER_SWEEP = 5,  /* sweep the child of my stub */
    RESCIND_PEER_ASK = 6,
    RESCIND_PEER_FREE = 7, /* the slot is yours again */
    RESCIND_PEER_LETTER = 8,
    RESCIND_PEER_LETTER_ANSWER = 9,
    RESCIND_PEER_NOTE = 10,
};

/* What every record starts with; MARKED, UNLINK and FREE are no more than this. */
struct rescind_peer_record {
    uint8_t kind;  /* enum rescind_peer_kind */
    uint8_t slot;  /* of ASK, ANSWER and FREE, of LETTER and its answer; else 0 */
    uint16_t size; /* of the whole record, bytes: a multiple of 8 */
    uint32_t stub; /* of MARKED and UNLINK (the hearer's), MARK and SWEEP (the teller's); else 0 */
};

/* MARK and SWEEP. */
struct rescind_peer_order {
    struct rescind_peer_record head;
    uint64_t key; /* of the child, in the hearer's tables */
};

/* A capability that is handed on. */
struct rescind_peer_cap {
    uint32_t stub; /* what it is linked to, of the kernel of its parent */
    uint8_t type;  /* enum rescind_cap_type */
    uint8_t rights;
    uint16_t home;     /* the PE of its object's kernel */
    uint32_t object;   /* as that kernel numbers it */
    uint32_t reserved; /* 0 */
};

enum { RESCIND_PEER_CHUNK = 4 }; /* capabilities in a question or an answer, at most */

/* A question: part of an EXCHANGE of a VPE of the teller with one of the hearer. */
struct rescind_peer_ask {
    struct rescind_peer_record head;
    uint32_t vpe;   /* of the hearer */
    uint32_t asker; /* of the teller */
    uint32_t start; /* the range's first selector in the table of `vpe`, */
    uint32_t to;    /* and of `asker` */
    uint32_t count; /* of the whole range */
    uint32_t done;  /* so many have been asked for before */
    uint16_t
        wanted; /* obtain: how many are asked for now; 0 of many: whether there can be so many */
    uint16_t given;    /* delegate: how many follow */
    uint8_t table;     /* enum rescind_table_kind */
    uint8_t obtain;    /* 0: delegate, to `vpe`; 1: obtain, from it */
    uint16_t reserved; /* 0 */
    uint32_t session;  /* by whose right: a session of the hearer, with a service of `vpe`; or 0 */
    uint32_t serial;   /* of that */
    struct rescind_peer_cap caps[];
};

struct rescind_peer_answer {
    struct rescind_peer_record head;
    uint32_t error;       /* enum rescind_error, or RESCIND_PEER_BLOCKED */
    uint32_t done;        /* as the question said */
    uint16_t given;       /* obtain: how many capabilities follow */
    uint16_t reserved[3]; /* 0 */
    struct rescind_peer_cap caps[];
};

/* Something that the EXCHANGE needs is under revocation: a FREE will follow. */
#define RESCIND_PEER_BLOCKED 0xffu

/* What letters ask for. */
enum rescind_letter_op {
    RESCIND_LETTER_START,    /* VPECTRL of VPE `object` of the hearer */
    RESCIND_LETTER_WAIT,     /* the same: with TAKEN, a NOTE comes when it has ended */
    RESCIND_LETTER_DESCRIBE, /* what is object `object` like, which capabilities of type args[0]
                                name? The answer is one of the structs below; of a VPE a gate's, of
                                which pe, vpe and life matter */
    RESCIND_LETTER_READ,     /* args[1] bytes from address args[0] of the hearer's memory; */
    RESCIND_LETTER_WRITE,    /* to there */
    RESCIND_LETTER_SEND,     /* a message to an endpoint of VPE `object`: struct below, data */
    RESCIND_LETTER_REPLY,    /* an answer to one of VPE `object`: the same */
    RESCIND_LETTER_FAULT,    /* a page fault, for the pager at an endpoint of VPE `object`: args are
                                address, access, label, and life of the VPE with the endpoint << 32.
                                With TAKEN, a NOTE brings the pager's answer */
    RESCIND_LETTER_VISIT,    /* OBTAIN or DELEGATE (args[0]: enum rescind_service_op) with session
                                `object`, of args[2] capabilities of table kind args[1]; data: the
                                caller's args. With TAKEN, a NOTE brings the service's answer */
    RESCIND_LETTER_OPEN,     /* a session with the service of the name in args[2] .. args[4], for
                                selector args[0] of VPE `object` of the teller; args[1]: a claim that
                                comes back with the NOTE. NO_SUCH_FILE: there is no such service.
                                Data: the caller's args. With TAKEN, a NOTE brings struct
                                rescind_letter_session */
    RESCIND_LETTER_OPS,
};

struct rescind_letter_gate {
    uint32_t pe, vpe, life, ep;
    uint64_t label, credits;
};

struct rescind_letter_mem {
    uint64_t pe, addr, size;
    uint64_t real; /* 1: there is such memory; 0: it is a name only */
};

enum {
    RESCIND_PEER_LETTERS = 2,   /* slots of a pair of kernels, in each direction */
    RESCIND_PEER_NOTE_MAX = 80, /* bytes that come with a note */
};

/* The args of SEND and REPLY. */
struct rescind_letter_message {
    uint64_t label;
    uint64_t reply_label; /* SEND */
    uint32_t stub;        /* SEND: which the sender's child here is linked to: the answer OK to
                             one with `links` says that there is that child now */
    uint32_t serial;      /* of the sender's endpoint */
    uint32_t life;        /* which VPE of the number `object` it is, or UINT32_MAX */
    uint32_t sender_life; /* SEND: the same of the teller's VPE */
    uint8_t ep;           /* where it goes to */
    uint8_t sender_ep;    /* of the teller's VPE, which sends or replies */
    uint8_t credit_ep;    /* REPLY: that the message was sent through, of VPE `object` */
    uint8_t reply_ep;     /* SEND: of the teller's VPE, for the answer; 0: none is wanted */
    uint8_t links;        /* SEND: 1: the first through this endpoint */
    uint8_t reply_order;  /* SEND: 2^this bytes have the slots of reply_ep; 0: there is none */
    uint8_t reserved[2];  /* 0 */
};

/* The selector of the sender's child in the receiver's table of senders. */
#define RESCIND_SENDER_SEL(pe, vpe, ep) ((uint32_t)(pe) << 15 | (uint32_t)(vpe) << 4 | (ep))

/* A question of a VPE's call that is no EXCHANGE. */
struct rescind_peer_letter {
    struct rescind_peer_record head;
    uint32_t asker;  /* VPE of the teller, */
    uint32_t serial; /* and which call of its: a NOTE names both */
    uint16_t op;     /* enum rescind_letter_op */
    uint16_t length; /* of the data, bytes; padded to a multiple of 8 */
    uint32_t object; /* what it is about, as the hearer numbers it */
    uint64_t args[5];
    uint8_t data[];
};

struct rescind_peer_letter_answer {
    struct rescind_peer_record head;
    uint32_t error; /* enum rescind_error, or RESCIND_PEER_TAKEN */
    uint32_t length;
    uint8_t data[];
};

/* How something has ended that a letter had begun. */
struct rescind_peer_note {
    struct rescind_peer_record head;
    uint32_t asker; /* of the hearer */
    uint32_t serial;
    uint32_t error; /* enum rescind_error; OPEN: or RESCIND_PEER_BLOCKED, look for the name again */
    uint32_t claim; /* OPEN: as its letter said; else 0 */
    uint32_t length;
    uint32_t reserved; /* 0 */
    uint8_t data[];
};

/* What comes with the NOTE of a VISIT, with the service's args behind it: the range that it has
 * agreed to, of its VPE's table. */
struct rescind_letter_range {
    uint32_t start, count;
    uint32_t vpe;
    uint32_t serial; /* of the session */
};

/* What comes with the NOTE of an OPEN. */
struct rescind_letter_session {
    uint32_t stub;   /* what the session's capability is linked to */
    uint32_t object; /* the session */
};

/* It has been begun: a NOTE will follow. */
#define RESCIND_PEER_TAKEN 0xfeu

#endif
