/* Notes: what a VPE of another kernel is told once what it has asked for has happened.
 *
 * A note is made when the letter is heard that asks (rescind/peer.h), so that there is always room
 * to tell. Until it happens the note stands where that will be known: with a VPE whose end is
 * waited for, or with a visit. Then it stands in the list of its peer, and goes when it is told.
 */
#ifndef RESCIND_OBJECT_NOTE_H
#define RESCIND_OBJECT_NOTE_H

#include "object/object.h"

struct note {
    struct object object;
    uint32_t next;
    uint16_t pe, asker; /* the VPE that is told, of that kernel, */
    uint32_t serial;    /* which call of its, */
    uint32_t claim;     /* and what it has set aside for that (rescind/peer.h), or 0 */
    uint32_t more;      /* a node for what does not fit here, or 0 */
    union {
        uint32_t about; /* a visit's: serial of the service or session, */
        uint32_t error; /* until it has happened */
    };
    bool links;     /* its data begins with a stub that is UNTOLD until this is told */
    uint8_t length; /* once it has happened: of the data */
    union {
        _Alignas(4) uint8_t data[POOL_NODE_SIZE - 36];
        struct {                 /* while a VPE's end is waited for (object/vpe.h) */
            uint32_t watched;    /* that VPE, */
            uint32_t prev;       /* and the one before it in its list; */
            uint32_t next_asker; /* neighbours in the list of all that wait so of that kernel */
            uint32_t prev_asker;
        };
    };
};
_Static_assert(sizeof(struct note) == POOL_NODE_SIZE, "a note is one node");

/* Args of a question lie behind room for what its answer says. */
enum { NOTE_ARGS = 16 };

static inline struct note *note_at(const struct rescind_kernel *k, uint32_t index)
{
    return pool_node(k, index);
}

/* A note that stands nowhere yet, with room for RESCIND_PEER_NOTE_MAX bytes (`large`) or for one
 * number. 0: the kernel's account is empty. O(1). */
uint32_t note_create(struct rescind_kernel *k, uint32_t pe, uint32_t asker, uint32_t serial,
                     bool large);

/* Puts `size` bytes at `at` of its data; reads them. */
void note_put(struct rescind_kernel *k, uint32_t note, size_t at, const void *data, size_t size);
void note_get(const struct rescind_kernel *k, uint32_t note, size_t at, void *out, size_t size);

/* It has happened: this is to be told, with the first `length` bytes of its data. The note, which
 * stands nowhere, is the peer's from now on. O(1). */
void note_tell(struct rescind_kernel *k, uint32_t note, uint32_t error, size_t length);

/* It was for nothing: its nodes go back. */
void note_give(struct rescind_kernel *k, uint32_t note);

/* Writes the oldest note for kernel `pe`, which there is, and gives its nodes back; returns its
 * bytes, 0 where `room` is too small. */
size_t note_write(struct rescind_kernel *k, uint32_t pe, uint8_t *out, size_t room);

#endif
