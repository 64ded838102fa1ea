/* The naive model: what the calls mean, done one at a time and at once.
 *
 * It knows the ABI and nothing of the kernel: capabilities stand in one array in the order in
 * which they were made (a parent before its children), every question is a walk over it, and
 * every call is one function that either changes the array or answers an error. Slow and plain on
 * purpose: tests and fuzzers compare the kernel with it.
 *
 * A call that waits for another's is done in steps, each at once: one that can't be done now is
 * MODEL_NOT_NOW and may be tried again; one that has begun and is to be gone on with later is
 * MODEL_BEGUN. What a call needs to go on is in the model.
 *
 * Services and pagers are asked in such steps (sim/model_service.c): CREATESESS, DELEGATE, OBTAIN
 * and PAGEFAULT look at what they are about and put a message into the service's buffer, or wait
 * for room there; REPLY, ACK and the buffer's end decide; then the call looks again and is done.
 * Where the service is another kernel's, looking and asking are two steps, and a name is looked for
 * on one kernel after the other. What a kernel tells a service of the end of a session (CLOSE)
 * comes some time later, which is a step that nobody's call takes.
 *
 * More than the kernels do is allowed in this: questions that wait for room come in any order; and
 * one that nobody waits for, on its way to a buffer that has gone, may get lost or come to a buffer
 * that follows.
 *
 * An interrupt is a step that no VPE takes. It comes when the machine says so; only where a call is
 * under way that may take away what it goes by, it may come later, as a stray message does, but
 * before the next LISTEN or IRQACK of its line.
 *
 * A model is a plain value: assigning it copies it. Memory, and places for VPEs, never run out in
 * it; whoever compares asks model_may_refuse() where that is a fair answer. Which number a new VPE
 * gets is for the kernel to say, so whoever compares tells the model, or has it go by the name
 * (`child` of a call).
 */
#ifndef RESCIND_SIM_MODEL_H
#define RESCIND_SIM_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rescind/abi.h"

enum {
    MODEL_VPES = 16,
    MODEL_CAPS = 1024,
    MODEL_MESSAGES = 64,
    MODEL_STRAYS = 16,
    MODEL_SAID = 3,
    MODEL_DATA = 3,
};

/* What model_call() says beside an error code. */
#define MODEL_NOT_NOW ((enum rescind_error)60) /* nothing has happened: later, or never */
#define MODEL_BEGUN   ((enum rescind_error)61) /* something has, and it goes on later */
#define MODEL_ANY     ((enum rescind_error)62) /* the model can't tell; nothing else changes */
#define MODEL_BEYOND  ((enum rescind_error)63) /* nor from here on */

/* Beside the tables that calls name, one of what is active on a VPE's endpoints, and one of the
 * names of the services that it has made: the name of the service at a selector is at the same.
 * Behind the endpoints stand the lines that it listens to. */
enum { MODEL_TABLE_ENDPOINTS = RESCIND_TABLE_KINDS, MODEL_TABLE_NAMES };
enum { MODEL_LISTENERS = RESCIND_EP_COUNT };
enum { MODEL_ENDPOINT = 100, MODEL_ENTRY, MODEL_LISTENER }; /* types */
/* In place of a VPE: none; of a child: one of its name. And in rows the kernel itself, in whose
 * table names are, and a VPE whose rows are not compared. */
#define MODEL_NOBODY  0xffu
#define MODEL_BY_NAME 0xfeu
#define MODEL_KERNEL  UINT32_MAX
#define MODEL_HIDDEN  (UINT32_MAX - 1)

struct model_cap {
    uint32_t sel;
    int32_t parent; /* its place in the array, less than this one's; -1: a root */
    uint8_t vpe;    /* in whose table it is */
    uint8_t kind;   /* in which of its tables: enum rescind_table_kind */
    uint8_t type;   /* enum rescind_cap_type */
    uint8_t target; /* of a VPE capability, a gate, a send endpoint: the VPE that it names; of a
                       service, its name, a session: whom it is served by */
    uint8_t home;   /* the kernel that its root was made on */
    uint8_t life;   /* of what has a target, but a VPE: which that has had the VPE's number */
    uint8_t perms;  /* of memory, a mapping, a memory endpoint */
    uint8_t use;    /* of an endpoint: enum model_use; of a listener: enum model_hearing */
    uint8_t slots, slot_order; /* of a receive endpoint */
    uint8_t pe; /* of memory: the kernel whose it is; of a gate, a send endpoint: that of the VPE
                   that it names */
    uint8_t through; /* of a listener: the endpoint through which its messages go */
    uint32_t ep;  /* of what has a target: where it leads to; of a line, a listener: its number */
    uint32_t ids; /* of a receive endpoint: numbers given to messages */
    uint32_t reserved_too;
    uint64_t label; /* of what has a target, but a VPE */
    union {
        struct {
            uint32_t credits, most; /* of a gate, a send endpoint: left, and at first */
            uint64_t off, size;     /* of memory, a memory endpoint: in its root, bytes; of ports:
                                       the first one, how many */
        };
        uint8_t name[RESCIND_SERVICE_NAME_MAX]; /* of a name, with zeros behind it */
    };
};
_Static_assert(sizeof(struct model_cap) == 64, "nothing in it is padding");

enum model_use { MODEL_SEND = 1, MODEL_MEMORY, MODEL_RECEIVE };

/* What has become of a line's last interrupt. */
enum model_hearing {
    MODEL_HEARS,   /* it is acknowledged, or there was none: the next one may come */
    MODEL_PENDING, /* it could not be told */
    MODEL_TOLD,    /* it was, for a credit */
    MODEL_UNPAID,  /* it was, but the endpoint whose credit that was has gone */
};

/* A message that lies in a slot of a receive endpoint: not received yet, or open. */
struct model_message {
    uint8_t vpe, ep; /* whose slot it has */
    uint8_t open;    /* it has been received */
    uint8_t is_reply;
    uint8_t from, from_ep;     /* the send endpoint that it came through; from MODEL_NOBODY: that
                                  is gone, or it is a reply */
    uint8_t asker, asker_life; /* the VPE that has sent it */
    uint8_t reply_order;       /* of the slots of its endpoint for the reply, when it did */
    uint8_t line;              /* whose interrupt it tells + 1, or 0 */
    uint8_t reserved[2];
    uint32_t reply_ep; /* of the asker's; RESCIND_NONE: it wants no reply */
    uint32_t id;
    uint32_t visit; /* enum model_visit; then it comes from nobody */
    uint64_t label, reply_label;
};
/* What a kernel sends to a service or a pager, and what its answer matters to. */
enum model_visit {
    MODEL_NO_VISIT,   /* it is a VPE's message */
    MODEL_FOR_NOBODY, /* nobody: it is a CLOSE, or its asker has ended */
    MODEL_FOR_ASKER,  /* the call of its asker */
    MODEL_OPENS,      /* an OPEN whose asker has ended: a session that is opened is closed again */
    MODEL_INTERRUPTS, /* of a stray: it is no message, but an interrupt of line `ep` */
};

/* What the call of a VPE asks of a service or a pager. All zero: nothing. */
struct model_ask {
    uint8_t state;         /* enum model_asking */
    uint8_t op;            /* enum rescind_service_op, or MODEL_FAULT */
    uint8_t kernel;        /* HERE, THERE: the kernel that is asked next for the service's name */
    uint8_t is_far;        /* whom it asks is on another kernel */
    uint8_t vpe, life, ep; /* whom it asks, */
    uint8_t root_vpe;      /* by the session or service that was made at this VPE's `root` */
    uint8_t gone;          /* that is there no more */
    uint8_t error;         /* ANSWERED: with */
    uint8_t kind;          /* the table that it is about */
    uint8_t reserved;
    uint32_t root;
    uint32_t count, start; /* capabilities asked for; ANSWERED: the range answered with */
    uint32_t size;         /* of the question, bytes */
    uint64_t label;        /* that the question bears */
};
enum model_asking {
    MODEL_ASKS_NOTHING,
    MODEL_HERE,     /* it is to look at its own kernel's tables, */
    MODEL_THERE,    /* or at another's; or to ask another's VPE */
    MODEL_WAITS,    /* there is no room for the question */
    MODEL_SENT,     /* it lies at the endpoint, received or not */
    MODEL_ANSWERED, /* what it comes to can be found out */
};
enum { MODEL_FAULT = RESCIND_SERVICE_CLOSE + 1 };

/* A message of a kernel whose answer no call waits for, before it has come: some time later, and
 * once there is room. */
struct model_stray {
    uint8_t visit; /* enum model_visit */
    uint8_t vpe, life, ep;
    uint32_t loose; /* it may get lost, since its endpoint has been another */
    uint64_t size;
    uint64_t label;
};

enum model_state { MODEL_LIVE, MODEL_ASLEEP, MODEL_NOT_THERE, MODEL_ENDED };

struct model_vpe {
    uint8_t state;      /* enum model_state */
    uint8_t revoked;    /* it ended because its selector 0 had gone */
    uint8_t made;       /* CREATEVPE has made it, */
    uint8_t maker;      /* and this VPE has asked for that; MODEL_NOBODY: it lives no more */
    uint8_t life;       /* how many have had its number before */
    uint8_t waits;      /* for the end of which VPE, or MODEL_NOBODY, */
    uint8_t waits_life; /* and of which that has had its number */
    uint8_t kernel;
    uint8_t account;  /* it has one of its own */
    uint8_t receives; /* its RECEIVE has found nothing yet */
    uint8_t pager;    /* the endpoint to its pager; 0: it has none */
    uint8_t reserved[5];
    uint64_t code;   /* it has ended with */
    uint64_t memory; /* bytes of machine memory of its kernel; UINT64_MAX: not known */
};

struct model {
    uint32_t vpes; /* numbers 0 .. vpes - 1, there or not; */
    uint32_t
        shown; /* from this one on they are for VPEs of any name, whose rows are not compared */
    uint32_t count; /* of caps */
    uint32_t messages_count;
    uint64_t said[MODEL_SAID]; /* what the last call returned behind its error code: RECEIVE's
                                  number, label and whether it is a reply; WAIT's exit code;
                                  DELEGATE's and OBTAIN's count */
    uint32_t strays_count;
    uint32_t is_beyond; /* something has not found room in it */
    struct model_vpe vpe[MODEL_VPES];
    struct model_ask ask[MODEL_VPES];
    struct model_stray strays[MODEL_STRAYS];
    struct model_message messages[MODEL_MESSAGES];
    struct model_cap caps[MODEL_CAPS];
};

/* One call. `error` is what its message is answered before anything is looked at (too short, no
 * such call); then nothing else means anything. */
struct model_call {
    enum rescind_error error;
    uint32_t op;             /* enum rescind_syscall */
    bool beyond;             /* it is beyond the model, which can't tell anything from here on */
    bool flag;               /* EXCHANGE: obtain; REVOKE: own; EXIT: by force; FUND: back;
                                RECEIVE: wait */
    uint32_t vpe;            /* selector of a VPE */
    uint32_t src, dst, dst2; /* selectors of what it is made from, and for what it makes */
    uint32_t ep, reply_ep;   /* endpoints */
    uint32_t perms;
    uint32_t order, slot_order; /* ATTACHRB */
    uint32_t action;            /* VPECTRL */
    uint32_t pe;                /* CREATEVPE */
    uint32_t child;             /* CREATEVPE: the number of what it makes, or MODEL_NOBODY: the
                                   kernel has none; MODEL_BY_NAME: the first of `children` (bits)
                                   that has not been made, or another than is shown */
    uint32_t children;
    uint64_t addr;            /* REQMEM, ATTACHRB; READ, WRITE, DERIVEMEM: offset; CREATEMAP: first
                                 page; PORT_IN, PORT_OUT: port, from the first of the range */
    uint64_t size;            /* in bytes; FUND: nodes; CREATEMAP: pages; PORT_IN, PORT_OUT: bits */
    uint64_t label;           /* CREATEGATE; SEND: of the reply; PORT_OUT: the value */
    uint64_t id;              /* REPLY, ACK; EXIT: the code */
    uint64_t credits;         /* CREATEGATE */
    struct rescind_range own; /* EXCHANGE, REVOKE, DELEGATE, OBTAIN */
    struct rescind_range other;             /* EXCHANGE */
    uint8_t name[RESCIND_SERVICE_NAME_MAX]; /* CREATESRV, CREATESESS: with zeros behind it */
    uint32_t args;                          /* CREATESESS, DELEGATE, OBTAIN: bytes */
    uint64_t data[MODEL_DATA];              /* REPLY: its first words, or zeros */
};
/* What nobody has sent, and is NOT_NOW before it can be: the end of a VPE that has lost its
 * selector 0; (`vpe` is its index, less than strays_count) that a stray message comes, or gets
 * lost; and (`vpe` is the line) that there is an interrupt, or that there was one, which comes
 * later. */
enum { MODEL_LOST = 1000, MODEL_COMES, MODEL_GETS_LOST, MODEL_INTERRUPT, MODEL_INTERRUPT_LATE };

/* One capability as two tables are compared: where it is, and where its parent is. What is derived
 * from a service's name shows the service's capability for it, or MODEL_KERNEL and no selector. */
struct model_row {
    uint32_t vpe, kind, sel, type;
    bool has_parent;
    uint32_t parent_vpe, parent_kind, parent_sel; /* 0 in a root */
};

/* `vpes` VPEs as they are at boot: selector 0 is the VPE itself, 1 its memory, both roots. */
void model_boot(struct model *model, uint32_t vpes);

/* At boot: `vpe` gets at `sel` a capability on `target`, derived from the target's selector 0. */
enum rescind_error model_grant(struct model *model, uint32_t vpe, uint32_t sel, uint32_t target);

/* At boot: it gets an interrupt line, or ports first .. first + count - 1. */
enum rescind_error model_irq(struct model *model, uint32_t vpe, uint32_t sel, uint32_t line);
enum rescind_error model_ports(struct model *model, uint32_t vpe, uint32_t sel, uint32_t first,
                               uint32_t count);

/* The number is of a VPE that is made by CREATEVPE later; is on another kernel than 0. */
void model_child(struct model *model, uint32_t vpe);
void model_place(struct model *model, uint32_t vpe, uint32_t kernel);

/* What the bytes of a message ask for. */
struct model_call model_decode(const void *message, size_t size);

/* The message for a call whose `error` is NO_ERROR: `out` has room for MODEL_MESSAGE_MAX bytes, and
 * the size is returned. PRINT says nothing (the empty string), CREATEVPE's VPE has the name
 * MODEL_NAME, and so has a service whose `name` is empty. Of data MODEL_DATA_MAX bytes at most are
 * written, zeros behind the first words; args are zeros. */
enum { MODEL_MESSAGE_MAX = 128, MODEL_DATA_MAX = 64 };
#define MODEL_NAME "the next" /* of eight bytes */
size_t model_encode(const struct model_call *call, uint8_t *out);

/* The name of the VPE that CREATEVPE's message makes, of `*size` bytes inside it; NULL: none. */
const char *model_name(const void *message, size_t size, size_t *name_size);

/* Does the call of `vpe`, or a step of it, and returns its answer or one of the four above. EXIT
 * and what nobody has sent have none; NO_ERROR is returned. */
enum rescind_error model_call(struct model *model, uint32_t vpe, const struct model_call *call);

/* Whether `error` is a fair answer to the call of `vpe` because of what the model does not count;
 * nothing has changed then. `is_short`: pools may be short. */
bool model_may_refuse(const struct model *model, uint32_t vpe, const struct model_call *call,
                      enum rescind_error error, bool is_short);

/* The call of `vpe` has been refused by such an answer: what it has begun is at its end. */
void model_refuse(struct model *model, uint32_t vpe);

/* Whether the call may wait for what others never do. Its VPE can be ended without it. */
bool model_may_wait(const struct model_call *call);

/* Whether the call may take away by what an interrupt's message goes. */
bool model_may_take_away(const struct model_call *call);

/* The VPE lives and has lost its selector 0: it is to end. */
bool model_is_lost(const struct model *model, uint32_t vpe);
bool model_has_ended(const struct model *model, uint32_t vpe);

/* Whether no stray message can come that has to. */
bool model_is_quiet(const struct model *model);

/* The place in the array of what `vpe` holds at `sel`, or -1. */
int32_t model_find(const struct model *model, uint32_t vpe, uint32_t kind, uint32_t sel);

/* Capability `index` as a row. */
struct model_row model_row(const struct model *model, uint32_t index);

/* Whether the model's tables of objects and mappings hold exactly these rows, in whatever order. */
bool model_equals(const struct model *model, const struct model_row *rows, uint32_t count);

/* A number that is equal for models whose tables are equal, in whatever order they came to be. */
uint64_t model_hash(const struct model *model);

#endif
