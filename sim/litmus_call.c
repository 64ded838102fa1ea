/* The calls of the litmus language; sim/litmus_call.h says more. */
#include "sim/litmus_call.h"

#include "rescind/abi.h"

/* An argument's row: as it stands, with a key, with a key or left out, and what goes with the one
 * before it. */
#define PLAIN(kind, what)                                                                          \
    {                                                                                              \
        LITMUS_ARG_##kind, 0, (what), 0                                                            \
    }
#define KEY(kind, key)                                                                             \
    {                                                                                              \
        LITMUS_ARG_##kind, LITMUS_ARG_KEYED, (key), 0                                              \
    }
#define LESS(kind, key, otherwise)                                                                 \
    {                                                                                              \
        LITMUS_ARG_##kind, LITMUS_ARG_KEYED | LITMUS_ARG_OPTIONAL, (key), (otherwise)              \
    }
#define WITH(kind, key)                                                                            \
    {                                                                                              \
        LITMUS_ARG_##kind, LITMUS_ARG_KEYED | LITMUS_ARG_JOINED, (key), 0                          \
    }
#define LESS_WITH(kind, key)                                                                       \
    {                                                                                              \
        LITMUS_ARG_##kind, LITMUS_ARG_KEYED | LITMUS_ARG_OPTIONAL | LITMUS_ARG_JOINED, (key), 0    \
    }
#define FLAG(word)                                                                                 \
    {                                                                                              \
        LITMUS_ARG_FLAG, LITMUS_ARG_OPTIONAL, (word), 0                                            \
    }
#define CHECK(key, word) LESS(CHECK, (key), (word))

#define VPESEL   PLAIN(U32, "the selector of a VPE")
#define SELECTOR PLAIN(U32, "a selector")
#define ENDPOINT PLAIN(U32, "an endpoint")

#define CALL(word, opcode) (word), (word), NULL, RESCIND_SYS_##opcode

static const struct litmus_call calls[] = {
    [LITMUS_NOOP] = {CALL("noop", NOOP), {{0}}},
    [LITMUS_PAGEFAULT] = {CALL("pagefault", PAGEFAULT),
                          {PLAIN(U64, "a virtual address"), KEY(PERMS, "perms")}},
    [LITMUS_CREATESRV] = {CALL("createsrv", CREATESRV),
                          {PLAIN(U32, "the selector of a gate"), SELECTOR, PLAIN(NAME, "a name")}},
    [LITMUS_CREATESESS] = {CALL("createsess", CREATESESS),
                           {VPESEL, SELECTOR, PLAIN(NAME, "the name of a service"),
                            LESS(LIST, "args", 0)}},
    [LITMUS_CREATESESSAT] = {CALL("createsessat", CREATESESSAT),
                             {PLAIN(U32, "the selector of a service"), SELECTOR,
                              KEY(U64, "ident")}},
    [LITMUS_CREATEGATE] = {CALL("creategate", CREATEGATE),
                           {VPESEL, SELECTOR, KEY(U64, "label"), KEY(U32, "ep"),
                            KEY(U64, "credits")}},
    [LITMUS_CREATEVPE] = {CALL("createvpe", CREATEVPE),
                          {SELECTOR, SELECTOR, PLAIN(NAME, "a name"),
                           LESS(U32, "pe", RESCIND_ANY_PE), LESS(U32, "pfgate", RESCIND_NONE),
                           WITH(U32, "pfep"), CHECK("is", 1)}},
    [LITMUS_CREATEMAP] = {CALL("createmap", CREATEMAP),
                          {VPESEL, PLAIN(U32, "the selector of memory"), KEY(U32, "first"),
                           KEY(U32, "pages"), PLAIN(U32, "a virtual page"), KEY(PERMS, "perms")}},
    [LITMUS_ATTACHRB] = {CALL("attachrb", ATTACHRB),
                         {VPESEL, ENDPOINT, KEY(U64, "addr"), KEY(U32, "order"),
                          KEY(U32, "msgorder")}},
    [LITMUS_DETACHRB] = {CALL("detachrb", DETACHRB), {VPESEL, ENDPOINT}},
    [LITMUS_EXCHANGE_DELEGATE] = {"exchange delegate",
                                  "exchange",
                                  "delegate",
                                  RESCIND_SYS_EXCHANGE,
                                  {VPESEL, PLAIN(RANGE, "a range"),
                                   PLAIN(RANGE, "a second range")}},
    [LITMUS_EXCHANGE_OBTAIN] = {"exchange obtain",
                                "exchange",
                                "obtain",
                                RESCIND_SYS_EXCHANGE,
                                {VPESEL, PLAIN(RANGE, "a range"), PLAIN(RANGE, "a second range")}},
    [LITMUS_VPECTRL] = {CALL("vpectrl", VPECTRL),
                        {VPESEL, PLAIN(OP, "'start' or 'wait'"), CHECK("is", 1)}},
    [LITMUS_DELEGATE] = {CALL("delegate", DELEGATE),
                         {VPESEL, PLAIN(U32, "the selector of a session"), PLAIN(RANGE, "a range"),
                          LESS(LIST, "args", 0), CHECK("is", 1)}},
    [LITMUS_OBTAIN] = {CALL("obtain", OBTAIN),
                       {VPESEL, PLAIN(U32, "the selector of a session"), PLAIN(RANGE, "a range"),
                        LESS(LIST, "args", 0), CHECK("is", 1)}},
    [LITMUS_ACTIVATE] = {CALL("activate", ACTIVATE),
                         {ENDPOINT, PLAIN(SEL_OR_NONE, "a selector or 'none'"),
                          LESS(SEL_OR_NONE, "old", RESCIND_NONE)}},
    [LITMUS_REQMEM] = {CALL("reqmem", REQMEM),
                       {SELECTOR, KEY(U64, "size"), KEY(PERMS, "perms"),
                        LESS(U64, "addr", RESCIND_ANY_ADDR)}},
    [LITMUS_DERIVEMEM] = {CALL("derivemem", DERIVEMEM),
                          {SELECTOR, SELECTOR, KEY(U64, "off"), KEY(U64, "size"),
                           KEY(PERMS, "perms")}},
    [LITMUS_REVOKE] = {CALL("revoke", REVOKE), {PLAIN(RANGE, "a range"), LESS(BOOL, "own", 1)}},
    [LITMUS_EXIT] = {CALL("exit", EXIT), {PLAIN(U32, "an exit code")}},
    [LITMUS_SEND] = {CALL("send", SEND),
                     {ENDPOINT, PLAIN(LIST, "a number"), LESS(U32, "reply", RESCIND_NONE),
                      WITH(U64, "label")}},
    [LITMUS_RECEIVE] = {CALL("receive", RECEIVE),
                        {ENDPOINT, FLAG("nowait"), CHECK("is", 5), CHECK("label", 2)}},
    [LITMUS_REPLY] = {CALL("reply", REPLY),
                      {ENDPOINT, PLAIN(LIST, "a number"), LESS(RANGE, "range", 0),
                       LESS_WITH(LIST, "args")}},
    [LITMUS_ACK] = {CALL("ack", ACK), {ENDPOINT}},
    [LITMUS_READ] = {CALL("read", READ), {ENDPOINT, KEY(U64, "off"), CHECK("is", 2)}},
    [LITMUS_WRITE] = {CALL("write", WRITE), {ENDPOINT, KEY(U64, "off"), KEY(U64, "value")}},
    [LITMUS_FUND] = {CALL("fund", FUND), {VPESEL, PLAIN(U64, "a number of nodes"), FLAG("back")}},
    [LITMUS_LISTEN] = {CALL("listen", LISTEN),
                       {PLAIN(U32, "the selector of an interrupt line"), ENDPOINT}},
    [LITMUS_IRQACK] = {CALL("irqack", IRQACK), {PLAIN(U32, "the selector of an interrupt line")}},
    [LITMUS_PORTIN] = {CALL("portin", PORT_IN),
                       {PLAIN(U32, "the selector of ports"), KEY(U32, "off"), LESS(U32, "width", 8),
                        CHECK("is", 1)}},
    [LITMUS_PORTOUT] = {CALL("portout", PORT_OUT),
                        {PLAIN(U32, "the selector of ports"), KEY(U32, "off"),
                         LESS(U32, "width", 8), KEY(U64, "value")}},
    [LITMUS_RAW] = {"raw", "raw", NULL, LITMUS_NO_OPCODE, {PLAIN(BYTES, "pairs of hex digits")}},
    [LITMUS_LOAD] =
        {"load", "load", NULL, LITMUS_NO_OPCODE, {PLAIN(U64, "a virtual address"), CHECK("is", 1)}},
    [LITMUS_STORE] = {"store",
                      "store",
                      NULL,
                      LITMUS_NO_OPCODE,
                      {PLAIN(U64, "a virtual address"), KEY(U64, "value")}},
};

const struct litmus_call *litmus_call(enum litmus_word word)
{
    return &calls[word];
}

const char *litmus_word_name(enum litmus_word word)
{
    static const char *const others[] = {
        [LITMUS_SIGNAL - LITMUS_SIGNAL] = "signal", [LITMUS_WAIT - LITMUS_SIGNAL] = "wait",
        [LITMUS_RUN - LITMUS_SIGNAL] = "run",       [LITMUS_REPEAT - LITMUS_SIGNAL] = "repeat",
        [LITMUS_REPEAT_END - LITMUS_SIGNAL] = "}",
    };
    return litmus_is_call(word) ? calls[word].name : others[word - LITMUS_SIGNAL];
}

static uint32_t numbers_of(const struct litmus_statement *s, enum litmus_arg_kind kind,
                           unsigned *lists)
{
    switch (kind) {
    case LITMUS_ARG_RANGE:
        return 2;
    case LITMUS_ARG_LIST:
        return s->list[(*lists)++];
    case LITMUS_ARG_NONE:
    case LITMUS_ARG_PERMS:
    case LITMUS_ARG_OP:
    case LITMUS_ARG_NAME:
    case LITMUS_ARG_BYTES:
        return 0;
    default:
        return 1;
    }
}

struct litmus_arguments litmus_arguments(const struct litmus *l, const struct litmus_step *step)
{
    const struct litmus_statement *s = litmus_statement(l, step);
    const struct litmus_call *call = litmus_call(s->word);
    const uint64_t *at = litmus_values(l, step);
    struct litmus_arguments arguments;
    unsigned lists = 0;
    for (unsigned i = 0; i < LITMUS_ARGS; i++) {
        arguments.at[i] = at;
        arguments.counts[i] = numbers_of(s, call->args[i].kind, &lists);
        at += arguments.counts[i];
    }
    return arguments;
}
