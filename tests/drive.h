/* The driver: one live kernel, its VPEs' ends of the rings, and the history of what they call.
 *
 * A test or a fuzzer decides which event comes next; the driver sends the messages, runs the
 * events, reads the answers, writes the history down and checks after each event what can be
 * checked at once: the kernel's audit, one answer at most to each event and each call, and that
 * nothing is left of what an answered REVOKE named. What is wrong first is kept as a sentence in
 * `failure`; every later event is then refused.
 *
 * A VPE has at most one call under way, so a call must not be sent before drive_idle() says so.
 */
#ifndef RESCIND_TESTS_DRIVE_H
#define RESCIND_TESTS_DRIVE_H

#include "rescind/kernel.h"
#include "tests/history.h"
#include "tests/known.h"
#include "tests/order.h"

struct drive_config {
    uint32_t vpes;  /* at most ORDER_VPES, with `more`, where histories are to be judged */
    uint32_t more;  /* that CREATEVPE may make */
    uint32_t pages; /* of machine memory, beside that of the boot's VPEs; 0: there is none at all */
    uint32_t nodes; /* of the pool */
    uint32_t work;  /* capabilities an event */
    uint64_t seed;
};

enum { DRIVE_NOTHING = -1 };

enum drive_ring { DRIVE_CALLS, DRIVE_REPLIES, DRIVE_RINGS };

struct drive {
    struct rescind_kernel *kernel;
    struct drive_config config;
    struct model start; /* the model of the kernel as drive_save() found it */
    struct history history;
    uint64_t clock;
    uint64_t events;            /* since drive_reset() */
    int32_t call[MODEL_VPES];   /* the history's entry of the call under way, or DRIVE_NOTHING */
    int32_t ending[MODEL_VPES]; /* the entry of drive_end()'s EXIT, or DRIVE_NOTHING */
    bool spoilt[MODEL_VPES];    /* it has written into its rings what no driver would */
    bool audit;                 /* after every event; true at first */
    uint32_t unmasked;          /* interrupt lines, a bit each */
    uint64_t said[MODEL_SAID];  /* what the reply said that was taken last */
    bool beyond;                /* a call was: nothing is compared from there on */
    char failure[256];          /* empty: all is well */
    struct known *known;        /* what has been found good at rest, and need not be looked at
                                   again; NULL, as at first: everything is */

    void *arena; /* the driver's own from here on */
    size_t size;
    void *saved;
    size_t used;
    uint64_t number, numbered_at;
    struct rescind_ring *ring[MODEL_VPES][DRIVE_RINGS];
    uint8_t written[MODEL_VPES][DRIVE_RINGS]; /* bits: slots that need be put back */
};

/* What is done with a driver, as it is done: for who writes it down (fuzz/driven.h). */
enum drive_deed {
    DRIVE_MADE,    /* by drive_new() */
    DRIVE_GRANTED, /* `vpe` gets at selector `a` a capability on VPE `b` */
    DRIVE_LINE,    /* at selector `a` interrupt line `b` */
    DRIVE_PORTS,   /* at selector `a` `size` ports from `b` on */
    DRIVE_CALLED,  /* the kernel takes a message of `vpe` */
    DRIVE_WORKED,  /* on task `vpe` */
    DRIVE_ENDED,   /* `vpe`, by force */
    DRIVE_STRUCK,  /* an interrupt, of line `a` */
    DRIVE_CREATED, /* `vpe`, by a call of VPE `a` */
    DRIVE_SPOILT,  /* `vpe` writes what it likes into a ring */
};
struct drive_event {
    enum drive_deed deed;
    uint32_t vpe, a, b;
    const void *message; /* CALLED */
    size_t size;         /* of it; PORTS */
};
extern void (*drive_watch)(const struct drive *drive,
                           const struct drive_event *event); /* or NULL */

/* A kernel with its boot VPEs. Aborts when that can't be had: a test has no use for less. */
struct drive *drive_new(const struct drive_config *config);
void drive_free(struct drive *drive);

/* At boot: as rescind_kernel_boot_grant(), in kernel and model alike. */
void drive_grant(struct drive *drive, uint32_t vpe, uint32_t sel, uint32_t target);

/* At boot: as rescind_kernel_boot_irq() and rescind_kernel_boot_ports(). */
void drive_irq(struct drive *drive, uint32_t vpe, uint32_t sel, uint32_t line);
void drive_ports(struct drive *drive, uint32_t vpe, uint32_t sel, uint32_t first, uint32_t count);

/* The state that drive_reset() returns to: the kernel as it is now, which must be at rest. The
 * history so far is applied to the model and dropped, so it must have been sequential. */
void drive_save(struct drive *drive);
void drive_reset(struct drive *drive);

/* A kernel of four VPEs that hold some fifty capabilities, gates and memory and capabilities on
 * each other, handed on up to three deep; saved. Where to find what is in drive.c. */
struct drive *drive_populated(void);

/* Whether `vpe` can send a call. */
bool drive_idle(const struct drive *drive, uint32_t vpe);
/* Whether `vpe` has a call in the kernel's line. */
bool drive_ready(const struct drive *drive, uint32_t vpe);

/* Events. Each returns false, with `failure` set, when something is wrong. */
bool drive_call(struct drive *drive, uint32_t vpe, const struct model_call *call);
bool drive_bytes(struct drive *drive, uint32_t vpe, const void *message, size_t size);
bool drive_work(struct drive *drive, uint32_t vpe);
bool drive_end(struct drive *drive, uint32_t vpe);
/* There is an interrupt of this line, which is unmasked. */
bool drive_interrupt(struct drive *drive, uint32_t line);

/* For VPEs that write what they like into their rings. One byte of a ring's page; and the event
 * that follows when the kernel sees a message there, or a ring that makes no sense. */
void drive_spoil(struct drive *drive, uint32_t vpe, bool reply, uint32_t offset, uint8_t value);
bool drive_deliver(struct drive *drive, uint32_t vpe);

/* Runs the kernel's audit now, for those who have turned it off. */
bool drive_audit(struct drive *drive);
/* The same of a kernel at rest, where what is known need not be looked at again. */
bool drive_audit_rest(struct drive *drive);

/* Works in the order of the line until nothing can move. It fails when that takes too long, or
 * when a VPE still waits then in a call that need not. */
bool drive_rest(struct drive *drive);

/* A call from rest to rest: its answer (NO_ERROR for EXIT, and after a failure). */
enum rescind_error drive_now(struct drive *drive, uint32_t vpe, const struct model_call *call);

/* How many numbers of VPEs there are, in use or not. */
uint32_t drive_vpes(const struct drive *drive);

/* Every capability of the kernel that calls can name, in the order of VPEs, tables and selectors.
 * At most MODEL_CAPS; their number is returned. */
uint32_t drive_rows(const struct drive *drive, struct model_row *rows);

/* Judges the history and the tables of a kernel at rest. */
bool drive_judge(struct drive *drive, struct order *order, bool may_lack_memory);

/* Everything a reader needs to see what went wrong: failure, start, history and tables. */
void drive_print(FILE *out, const struct drive *drive);

/* Puts a message into the ring of `vpe` and writes nothing
 * down. `length` is what the header says, `size` the bytes copied, at most 487. drive_deliver()
 * takes it. */
void drive_put(struct drive *drive, uint32_t vpe, const void *bytes, size_t size, uint16_t length);
/* Takes a reply of `vpe`, if there is one, and its error code. */
bool drive_take(struct drive *drive, uint32_t vpe, enum rescind_error *error);

/* Calls, for short. */
struct model_call call_noop(void);
struct model_call call_creategate(uint32_t vpe, uint32_t dst);
struct model_call call_delegate(uint32_t vpe, uint32_t own, uint32_t other, uint32_t count);
struct model_call call_obtain(uint32_t vpe, uint32_t own, uint32_t other, uint32_t count);
struct model_call call_revoke(uint32_t start, uint32_t count, bool own);
struct model_call call_exit(void);
struct model_call call_createvpe(uint32_t dst, uint32_t mem_dst);
struct model_call call_vpectrl(uint32_t vpe, enum rescind_vpectrl action);
/* A receive buffer of four slots of 128 bytes, of the caller's own; what a gate or memory at `sel`
 * stands for. */
struct model_call call_attachrb(uint32_t ep, uint64_t addr);
struct model_call call_activate(uint32_t ep, uint32_t sel);
struct model_call call_send(uint32_t ep, uint32_t reply_ep, uint64_t size);
struct model_call call_receive(uint32_t ep, bool wait);
struct model_call call_fund(uint32_t vpe, uint64_t nodes, bool back);
struct model_call call_listen(uint32_t irq, uint32_t ep);
struct model_call call_irqack(uint32_t irq);
/* One access of 8 bits. */
struct model_call call_port(uint32_t ports, uint32_t offset, bool out);

#endif
