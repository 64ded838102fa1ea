/* (text to come) */
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
};

/* What every record starts with; MARKED, UNLINK and FREE are no more than this. */
struct rescind_peer_record {
    uint8_t kind;  /* enum rescind_peer_kind */
    uint8_t slot;  /* of ASK, ANSWER and FREE; else 0 */
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

enum { RESCIND_PEER_CHUNK = 16 }; /* capabilities in a question or an answer */

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

#endif
