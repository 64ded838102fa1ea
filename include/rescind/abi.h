/* The ABI: opcodes, error codes, message layouts, capability types and rights. Numbers only.
 *
 * Messages are SemperOS's, byte for byte: little endian; each scalar is written at its own size
 * and padded to the next multiple of 8 bytes, whose padding is ignored; a string is an 8-byte
 * length, the bytes, padding to 8. A reply is the error code in an 8-byte slot, then what the
 * call returns. Whoever speaks to the kernel (programs, tests, the naive model) needs this file
 * and nothing else.
 *
 * Source: Hille et al., "SemperOS: A Distributed Capability System", USENIX ATC 2019, and the
 * message formats of its published sources (M3, NRE).
 */
#ifndef RESCIND_ABI_H
#define RESCIND_ABI_H

#include <stdint.h>

#ifdef __cplusplus
#define RESCIND_STATIC_ASSERT static_assert
#else
#define RESCIND_STATIC_ASSERT _Static_assert
#endif

/* Syscalls: number, name, bytes of the smallest whole message (a string counts its length
 * word alone). X(NAME, number, bytes) */
#define RESCIND_SYSCALLS(X)                                                                        \
    X(PAGEFAULT, 0, 24)                                                                            \
    X(CREATESRV, 1, 32)                                                                            \
    X(CREATESESS, 2, 32)                                                                           \
    X(CREATESESSAT, 3, 32)                                                                         \
    X(CREATEGATE, 4, 48)                                                                           \
    X(CREATEVPE, 5, 56)                                                                            \
    X(CREATEMAP, 6, 56)                                                                            \
    X(ATTACHRB, 7, 56)                                                                             \
    X(DETACHRB, 8, 24)                                                                             \
    X(EXCHANGE, 9, 56)                                                                             \
    X(VPECTRL, 10, 32)                                                                             \
    X(DELEGATE, 11, 40)                                                                            \
    X(OBTAIN, 12, 40)                                                                              \
    X(ACTIVATE, 13, 32)                                                                            \
    X(REQMEM, 14, 40)                                                                              \
    X(DERIVEMEM, 15, 48)                                                                           \
    X(REVOKE, 16, 32)                                                                              \
    X(EXIT, 17, 16)                                                                                \
    X(NOOP, 18, 8)                                                                                 \
    X(PRINT, 32, 16) /* Rescind's own opcodes start at 32 */                                       \
    X(SEND, 33, 40)  /* 33 .. 38: what a VPE asks of its DTU, which here is the kernel */          \
    X(RECEIVE, 34, 24)                                                                             \
    X(REPLY, 35, 32)                                                                               \
    X(ACK, 36, 24)                                                                                 \
    X(READ, 37, 32)                                                                                \
    X(WRITE, 38, 32)                                                                               \
    X(FUND, 39, 32)                                                                                \
    X(LISTEN, 40, 24)                                                                              \
    X(IRQACK, 41, 16)                                                                              \
    X(PORT_IN, 42, 32)                                                                             \
    X(PORT_OUT, 43, 40)

enum rescind_syscall {
#define RESCIND_SYSCALL(name, number, bytes) RESCIND_SYS_##name = (number),
    RESCIND_SYSCALLS(RESCIND_SYSCALL)
#undef RESCIND_SYSCALL
};

/* Error codes: X(NAME, number, the word litmus files and reports use) */
#define RESCIND_ERRORS(X)                                                                          \
    X(NO_ERROR, 0, "ok")                                                                           \
    X(MISS_CREDITS, 1, "miss-credits")                                                             \
    X(NO_RING_SPACE, 2, "no-ring-space")                                                           \
    X(VPE_GONE, 3, "vpe-gone")                                                                     \
    X(NO_MAPPING, 4, "no-mapping")                                                                 \
    X(INV_ARGS, 5, "inv-args")                                                                     \
    X(OUT_OF_MEM, 6, "out-of-mem")                                                                 \
    X(NO_SUCH_FILE, 7, "no-such-file")                                                             \
    X(NO_PERM, 8, "no-perm")                                                                       \
    X(NOT_SUP, 9, "not-sup")                                                                       \
    X(NO_FREE_CORE, 10, "no-free-core")                                                            \
    X(INVALID_ELF, 11, "invalid-elf")                                                              \
    X(NO_SPACE, 12, "no-space")                                                                    \
    X(EXISTS, 13, "exists")                                                                        \
    X(XFS_LINK, 14, "xfs-link")                                                                    \
    X(DIR_NOT_EMPTY, 15, "dir-not-empty")                                                          \
    X(IS_DIR, 16, "is-dir")                                                                        \
    X(IS_NO_DIR, 17, "is-no-dir")                                                                  \
    X(EP_INVALID, 18, "ep-invalid")                                                                \
    X(RECV_GONE, 19, "recv-gone")                                                                  \
    X(END_OF_FILE, 20, "end-of-file")                                                              \
    X(MSGS_WAITING, 21, "msgs-waiting")                                                            \
    X(XFS_RENAME, 22, "xfs-rename")

enum rescind_error {
#define RESCIND_ERROR(name, number, word) RESCIND_##name = (number),
    RESCIND_ERRORS(RESCIND_ERROR)
#undef RESCIND_ERROR
};

/* A capability table's kind, as a range names it (CapRngDesc.type). */
enum rescind_table_kind {
    RESCIND_TABLE_OBJECT = 0,
    RESCIND_TABLE_MAP = 1,
    RESCIND_TABLE_KINDS = 2,
};

/* CapRngDesc: selectors start .. start + count - 1 of one table. 12 bytes in a 16-byte slot. */
struct rescind_range {
    uint32_t type; /* enum rescind_table_kind */
    uint32_t start;
    uint32_t count;
};

/* Capability types, as the global key carries them. X(NAME, number, the word of litmus files) */
#define RESCIND_CAP_TYPES(X)                                                                       \
    X(MAP, 1, "map")                                                                               \
    X(GATE, 2, "gate")                                                                             \
    X(SERVICE, 4, "service")                                                                       \
    X(SESSION, 6, "session")                                                                       \
    X(VPE, 8, "vpe")                                                                               \
    X(MEM, 10, "mem")                                                                              \
    X(IRQ, 16, "irq")     /* an interrupt line */                                                  \
    X(PORTS, 18, "ports") /* a range of I/O ports */

enum rescind_cap_type {
#define RESCIND_CAP_TYPE(name, number, word) RESCIND_CAP_##name = (number),
    RESCIND_CAP_TYPES(RESCIND_CAP_TYPE)
#undef RESCIND_CAP_TYPE
};

/* Rights of a memory capability. */
enum rescind_perm { RESCIND_PERM_R = 1, RESCIND_PERM_W = 2, RESCIND_PERM_X = 4 };

/* Global capability key: PE 63..54, VPE (local to its PE) 53..43, type 42..36, object 35..0. */
#define RESCIND_KEY(pe, vpe, type, object)                                                         \
    ((uint64_t)(pe) << 54 | (uint64_t)(vpe) << 43 | (uint64_t)(type) << 36 | (uint64_t)(object))
#define RESCIND_KEY_PE(key)   ((uint32_t)((key) >> 54))
#define RESCIND_KEY_VPE(key)  ((uint32_t)((key) >> 43) & 0x7ffu)
#define RESCIND_KEY_TYPE(key) ((uint32_t)((key) >> 36) & 0x7fu)
#define RESCIND_PE_MAX        1024u /* 10 bits */
#define RESCIND_VPE_MAX       2048u /* 11 bits */

/* In ACTIVATE, SEND and CREATEVPE: no capability, no endpoint. And what else stands for any. */
#define RESCIND_NONE     0xffffu
#define RESCIND_ANY_PE   UINT32_MAX /* CREATEVPE */
#define RESCIND_ANY_ADDR UINT64_MAX /* REQMEM */

/* VPECTRL's operations. */
enum rescind_vpectrl { RESCIND_VPE_START = 0, RESCIND_VPE_WAIT = 1 };

/* What a kernel asks of a service: a message of four 8-byte slots, op, session ident, table kind
 * and count, and the client's args behind them. The service replies an error code; then, to
 * OPEN, the new session's ident; to OBTAIN and DELEGATE the range of its own capabilities to copy
 * from or to, of as many or fewer, and args of its own. CLOSE wants no answer. */
enum rescind_service_op {
    RESCIND_SERVICE_OPEN = 0,
    RESCIND_SERVICE_OBTAIN = 1,
    RESCIND_SERVICE_DELEGATE = 2,
    RESCIND_SERVICE_CLOSE = 3,
};

/* How long things may be, in bytes. */
enum {
    RESCIND_SERVICE_NAME_MAX = 24,
    RESCIND_VPE_NAME_MAX = 39,
    RESCIND_ARGS_MAX = 64,  /* of CREATESESS, DELEGATE and OBTAIN, and of a service's reply */
    RESCIND_DATA_MAX = 384, /* of SEND, REPLY, READ and WRITE */
};

/* Machine memory: pages, and the memory of a VPE. */
enum { RESCIND_PAGE = 4096, RESCIND_VPE_MEMORY = 2 * RESCIND_PAGE };
/* CREATEMAP maps at these virtual pages, FIRST .. END - 1. */
enum { RESCIND_MAP_FIRST = 0x10000, RESCIND_MAP_END = 0x80000 };
/* Pool nodes that CREATEVPE gives a new VPE's account, at most: a quarter of its creator's. */
enum { RESCIND_VPE_FUND = 256 };

/* The machine's interrupt lines, 0 .. RESCIND_IRQ_LINES - 1 (ISA's 0 .. 15 and PCI's), and its I/O
 * ports. An interrupt's message is two 8-byte words: the line, and how many there were since its
 * LISTEN, this one included. PORT_IN and PORT_OUT are of 8, 16 or 32 bits. */
enum { RESCIND_IRQ_LINES = 24, RESCIND_PORTS = 65536 };

/* Selectors that every VPE starts with. */
enum { RESCIND_SEL_VPE = 0, RESCIND_SEL_MEM = 1, RESCIND_SEL_FREE = 2 };

/* DTU. Endpoint 0 sends syscalls, 1 receives their replies, 2 and up are free. */
enum { RESCIND_EP_SYSCALL = 0, RESCIND_EP_REPLY = 1, RESCIND_EP_FREE = 2, RESCIND_EP_COUNT = 16 };
enum { RESCIND_MSG_REPLY = 1, RESCIND_MSG_CREDITS = 2 }; /* bits of the header's flags */

/* Message header: 25 bytes, packed. */
struct __attribute__((packed)) rescind_header {
    uint8_t flags;
    uint16_t sender_pe;
    uint8_t sender_ep;
    uint8_t reply_ep;
    uint16_t length; /* of the payload behind the header, bytes */
    uint16_t sender_vpe;
    uint64_t label;
    uint64_t reply_label;
};
RESCIND_STATIC_ASSERT(sizeof(struct rescind_header) == 25, "the DTU header is 25 bytes");

/* Between kernels: messages in flight in one direction, and their size. */
enum { RESCIND_PEER_WINDOW = 2, RESCIND_PEER_MSG_MAX = 480 };

#define RESCIND_MSG_MAX     512u                                              /* with its header */
#define RESCIND_PAYLOAD_MAX (RESCIND_MSG_MAX - sizeof(struct rescind_header)) /* 487 */

/* Ring: this control block, then slot_count slots of slot_size bytes (both powers of two). The
 * producer writes the slot at head, then advances head; the consumer reads the slot at tail, then
 * advances tail; both wrap at slot_count. head == tail is empty, and one slot stays empty. */
struct rescind_ring {
    uint32_t head;
    uint32_t tail;
    uint32_t slot_count;
    uint32_t slot_size;
    uint32_t slot_mask; /* slot_count - 1 */
    uint32_t state;     /* enum rescind_ring_state */
    uint8_t reserved[40];
    uint8_t slots[];
};
RESCIND_STATIC_ASSERT(sizeof(struct rescind_ring) == 64, "the ring's control block is 64 bytes");

enum rescind_ring_state {
    RESCIND_RING_UNCONFIGURED = 0,
    RESCIND_RING_CONFIGURED = 1,
    RESCIND_RING_ACTIVE = 2,
    RESCIND_RING_TERMINATED = 3,
};
enum { RESCIND_RING_SLOTS = 4, RESCIND_RING_SLOT_SIZE = 512 }; /* the default ring */

#endif
