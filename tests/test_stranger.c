/* A VPE that nobody has given anything.
 *
 * VPE0, a child of its and VPE1 have all that there can be between VPEs: gates, memory, endpoints,
 * messages that wait and one that is open, mapped pages, a service and a session, an interrupt line
 * and ports. The stranger, VPE0's other child with an account of its own, holds nothing but itself.
 * It guesses: every call, with what others would say in it (selectors, numbers of VPEs, endpoints,
 * labels, ids of messages, addresses) and anything else. Nothing of what others have, or can
 * see, may change by that, and nothing of it may come to the stranger.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/pages.h"
#include "cap/table.h"
#include "object/endpoint.h"
#include "object/mem.h"
#include "object/vpe.h"
#include "tests/calls.h"

enum { GATE = 20, MEM = 30, MAPPED = RESCIND_MAP_FIRST, SRV = 40, SESS = 41, IRQ = 50, PORTS = 51 };
enum { IN = 4, OUT = 5, AT_MEM = 6, LINE = 10, PORT = 0x3e8, LABEL = 0xCAFE, IDENT = 77 };
enum { OWN = 60, OWNS = 8 }; /* selectors that the stranger uses itself */
enum { GUESSES = 20000, NODES = 60, SECRET = 0x5a, NONE = RESCIND_NONE };

struct scene {
    struct rescind_kernel *k;
    uint32_t child, stranger;
    uint64_t pages; /* of memory that are others', a bit each */
    struct random dice;
};

static struct message say_service(uint32_t gate, uint32_t srv)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_CREATESRV);
    message_u64(&m, gate);
    message_u64(&m, srv);
    assert_true(message_string(&m, "name", 4));
    return m;
}

static struct message say_session(uint32_t srv, uint32_t dst)
{
    struct message m;

    message_begin(&m, RESCIND_SYS_CREATESESSAT);
    message_u64(&m, srv);
    message_u64(&m, dst);
    message_u64(&m, IDENT);
    return m;
}

/* The child sends to VPE0 twice, of which one message is open, and has memory to reach. */
static void give_and_take(struct scene *s)
{
    struct rescind_kernel *k = s->k;

    calls_ok(k, 0, say_attach(0, IN, 0, 9, 6));
    calls_ok(k, 0, say_gate(0, GATE, IN, LABEL, 4));
    calls_ok(k, 0, kit_delegate(OTHER, GATE, GATE, 1));
    calls_ok(k, 0, say_reqmem(MEM, RESCIND_PAGE));
    calls_ok(k, 0, kit_delegate(CHILD, MEM, MEM, 1));
    calls_ok(k, 0, kit_delegate(CHILD, GATE, GATE, 1));
    calls_ok(k, 0, say_createmap(CHILD, MEM, 0, 1, MAPPED));
    calls_ok(k, 0, say_service(GATE, SRV));
    calls_ok(k, 0, say_session(SRV, SESS));
    calls_ok(k, s->child, say_attach(0, IN, 0, 8, 6));
    calls_ok(k, s->child, say_activate(OUT, NONE, GATE));
    calls_ok(k, s->child, say_activate(AT_MEM, NONE, MEM));
    calls_ok(k, s->child, say_send(OUT, IN, SECRET));
    calls_ok(k, s->child, say_send(OUT, IN, SECRET));
    calls_ok(k, 0, say_receive(IN, false));
    calls_ok(k, 0, say_gate(0, GATE + 1, IN, LABEL, 1));
    calls_ok(k, 0, say_activate(OUT, NONE, GATE + 1));
    calls_ok(k, 0, say_listen(IRQ, OUT));
}

static struct scene begin(void)
{
    struct scene s = {.k = calls_new(&(struct calls_config){.vpes = 5, .nodes = 600, .work = 4})};

    random_init(&s.dice, 11);
    assert_int_equal(rescind_kernel_boot_irq(s.k, 0, IRQ, LINE), RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_boot_ports(s.k, 0, PORTS, PORT, 8), RESCIND_NO_ERROR);
    s.child = calls_child(s.k, 0);
    give_and_take(&s);
    for (uint32_t page = 0; page < s.k->pages; page++)
        s.pages |= (uint64_t)page_is_taken(s.k, page) << page;
    calls_ok(s.k, 0, say_createvpe(CHILD + 2, CHILD + 3));
    s.stranger = calls_told().created;
    calls_ok(s.k, 0, say_start(CHILD + 2));
    calls_ok(s.k, 0, say_fund(CHILD + 2, NODES, false));
    memset(pages_at(s.k, mem_at(s.k, cap_at(s.k, kit_at(s.k, 0, MEM))->object)->addr), SECRET,
           RESCIND_PAGE);
    return s;
}

#define SECRETS UINT64_C(0x5a5a5a5a5a5a5a5a)

/* What others have in a kernel: each table of theirs, the nodes that their capabilities and
 * endpoints are, what is set aside for them, all memory but the stranger's, and the line. */
struct view {
    struct trace trace;
    uint64_t sum;
    uint32_t unmasked;
};

static uint64_t mix(uint64_t sum, const void *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ ((const uint8_t *)data)[i]) * 0x100000001b3;
    return sum;
}

static uint64_t look_at_caps(const struct scene *s, uint32_t table, uint64_t sum)
{
    uint64_t from = 0;
    uint32_t index;

    while ((index = table_find_from(s->k, table, from)) != 0) {
        const struct cap *cap = cap_at(s->k, index);
        const uint32_t words[] = {cap->sel, cap->type, cap->rights, cap->object, cap_parent(cap)};
        sum = mix(sum, words, sizeof words);
        if (cap->type == CAP_ENDPOINT)
            sum = mix(sum, endpoint_of(s->k, index), sizeof(struct endpoint_node));
        from = (uint64_t)cap->sel + 1;
    }
    return sum;
}

static struct view look(const struct scene *s)
{
    const uint32_t others[] = {0, 1, s->child};
    struct view v = {.trace = calls_trace(s->k), .unmasked = calls_told().unmasked};

    for (uint32_t i = 0; i < 3; i++) {
        for (uint32_t kind = 0; kind < TABLE_KINDS; kind++)
            v.sum = look_at_caps(s, table_of(others[i], kind), v.sum);
    }
    for (uint32_t page = 0; page < s->k->pages; page++) {
        if ((s->pages >> page & 1) != 0)
            v.sum = mix(v.sum, pages_at(s->k, (uint64_t)page * RESCIND_PAGE), RESCIND_PAGE);
    }
    return v;
}

static void assert_same(const struct view *now, const struct view *before, const struct scene *s)
{
    const uint32_t others[] = {0, 1, s->child};

    assert_true(now->sum == before->sum);
    assert_int_equal(now->unmasked, before->unmasked);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(now->trace.held[others[i]], before->trace.held[others[i]]);
        assert_int_equal(now->trace.endpoints[others[i]], before->trace.endpoints[others[i]]);
        assert_int_equal(now->trace.left[others[i] + 1], before->trace.left[others[i] + 1]);
    }
    assert_int_equal(now->trace.left[0], before->trace.left[0]);
}

/* A word as others would say it, or any. */
static uint64_t guess(struct scene *s)
{
    static const uint64_t some[] = {
        0,
        1,
        2,
        3,
        IN,
        OUT,
        AT_MEM,
        GATE,
        MEM,
        SRV,
        SESS,
        IRQ,
        PORTS,
        MAPPED,
        CHILD,
        CHILD_MEM,
        LABEL,
        IDENT,
        LINE,
        RESCIND_PERM_R | RESCIND_PERM_W,
        RESCIND_PAGE,
        NONE,
        PORT,
        64,
        8,
        16,
        32,
        UINT32_MAX,
        UINT64_MAX,
    };
    uint32_t draw = random_next(&s->dice);

    if (draw % 8 == 0)
        return random_next(&s->dice) >> draw / 8 % 32;
    if (draw % 8 == 1)
        return (uint64_t)some[draw / 8 % (sizeof some / sizeof some[0])] << 32;
    return some[draw / 8 % (sizeof some / sizeof some[0])];
}

static uint32_t die(struct scene *s, uint32_t sides)
{
    return random_next(&s->dice) % sides;
}

/* A selector of others, or (often) one that it has made something at. */
static uint32_t sel(struct scene *s)
{
    return die(s, 2) == 0 ? (uint32_t)guess(s) : die(s, 4) == 0 ? die(s, 2) : OWN + die(s, OWNS);
}

static uint32_t ep(struct scene *s)
{
    return die(s, 8) == 0 ? (uint32_t)guess(s) : RESCIND_EP_FREE + die(s, 6);
}

static struct message any_words(struct scene *s, uint32_t opcode, uint32_t words)
{
    struct message m;

    message_begin(&m, opcode);
    for (uint32_t i = 0; i < words; i++)
        message_u64(&m, guess(s));
    return m;
}

/* READ, or WRITE of zeros. */
static struct message access(struct scene *s, uint32_t opcode)
{
    struct message m;

    message_begin(&m, opcode);
    message_u64(&m, ep(s));
    message_u64(&m, die(s, 4) == 0 ? guess(s) : die(s, 4 * RESCIND_PAGE));
    message_u64(&m, die(s, 4) == 0 ? guess(s) : 8);
    message_u64(&m, 0);
    return m;
}

/* Any call but EXIT, and none that may wait for ever. */
static struct message next_guess(struct scene *s)
{
    uint32_t opcode = die(s, RESCIND_SYS_PORT_OUT + 1);

    switch (opcode) {
    case RESCIND_SYS_EXIT:
    case RESCIND_SYS_REVOKE:
        return kit_revoke(sel(s), 1 + die(s, 3), die(s, 2) == 0);
    case RESCIND_SYS_EXCHANGE:
        return die(s, 2) == 0 ? kit_delegate(sel(s), sel(s), sel(s), 1 + die(s, 2))
                              : kit_obtain(sel(s), sel(s), sel(s), 1 + die(s, 2));
    case RESCIND_SYS_CREATESRV:
        return say_service(sel(s), sel(s));
    case RESCIND_SYS_CREATESESSAT:
        return say_session(sel(s), sel(s));
    case RESCIND_SYS_CREATEGATE:
        return say_gate(sel(s), sel(s), ep(s), guess(s), guess(s));
    case RESCIND_SYS_CREATEVPE:
        return say_createvpe(sel(s), sel(s));
    case RESCIND_SYS_CREATEMAP:
        return say_createmap(sel(s), sel(s), die(s, 3), 1, MAPPED + die(s, 3));
    case RESCIND_SYS_ATTACHRB:
        return say_attach(sel(s), ep(s), die(s, 2) * 1024, 8, 6);
    case RESCIND_SYS_DETACHRB:
        return say_detach(sel(s), ep(s));
    case RESCIND_SYS_VPECTRL:
        return say_start(sel(s));
    case RESCIND_SYS_ACTIVATE:
        return say_activate(ep(s), NONE, sel(s));
    case RESCIND_SYS_REQMEM:
        return say_reqmem(sel(s), RESCIND_PAGE);
    case RESCIND_SYS_SEND:
        return say_send(ep(s), ep(s), guess(s));
    case RESCIND_SYS_RECEIVE:
        return say_receive(ep(s), false);
    case RESCIND_SYS_REPLY:
        return say_reply(ep(s), guess(s), guess(s));
    case RESCIND_SYS_ACK:
        return say_ack(ep(s), guess(s));
    case RESCIND_SYS_READ:
    case RESCIND_SYS_WRITE:
        return access(s, opcode);
    case RESCIND_SYS_FUND:
        return say_fund(sel(s), die(s, 4), die(s, 2) == 0);
    case RESCIND_SYS_LISTEN:
        return say_listen(sel(s), ep(s));
    case RESCIND_SYS_IRQACK:
        return say_irqack(sel(s));
    case RESCIND_SYS_PORT_IN:
        return say_port_in(sel(s), die(s, 8), 8);
    case RESCIND_SYS_PORT_OUT:
        return say_port_out(sel(s), die(s, 8), 8, 1);
    default:
        return any_words(s, opcode, die(s, 9));
    }
}

/* It holds what descends from its own two capabilities, or what it has made for itself: no object
 * of others, and no memory of theirs. */
static void holds_nothing_of_others(const struct scene *s)
{
    uint64_t from = 0;
    uint32_t index;

    for (uint32_t kind = 0; kind < TABLE_KINDS; kind++, from = 0) {
        while ((index = table_find_from(s->k, table_of(s->stranger, kind), from)) != 0) {
            uint32_t at = index, table = 0;
            for (; at != 0; at = cap_parent(cap_at(s->k, at))) {
                table = cap_at(s->k, at)->table;
                if (table_vpe(table) != s->stranger)
                    break;
            }
            /* The only way up to others is by its maker's capabilities on it and its memory. */
            if (at != 0) {
                assert_int_equal(table, table_of(0, TABLE_OBJECT));
                assert_in_range(cap_at(s->k, at)->sel, CHILD + 2, CHILD + 3);
            }
            from = (uint64_t)cap_at(s->k, index)->sel + 1;
        }
    }
}

static void whatever_it_guesses_others_keep_what_they_have(void **state)
{
    static const uint8_t works[] = {
        RESCIND_SYS_CREATEGATE, RESCIND_SYS_CREATEMAP, RESCIND_SYS_EXCHANGE, RESCIND_SYS_ACTIVATE,
        RESCIND_SYS_REVOKE,     RESCIND_SYS_SEND,      RESCIND_SYS_READ,     RESCIND_SYS_WRITE,
    };
    struct scene s = begin();
    struct view before = look(&s);
    uint32_t done[RESCIND_SYS_PORT_OUT + 1] = {0}, accesses = calls_told().accesses;

    (void)state;
    for (uint32_t i = 0; i < GUESSES; i++) {
        struct answer answer;
        struct view now;

        struct message m = next_guess(&s);
        uint32_t opcode;

        memcpy(&opcode, m.bytes, sizeof opcode);
        kit_send(s.k, s.stranger, m);
        kit_rest(s.k);
        while (rescind_kernel_take_output(s.k).kind != RESCIND_OUTPUT_NOTHING) {
        }
        assert_true(calls_answer(s.k, s.stranger, &answer));
        for (size_t word = 0; word < sizeof answer.words / sizeof answer.words[0]; word++)
            assert_true(answer.words[word] != SECRETS);
        done[opcode] += answer.error == RESCIND_NO_ERROR;
        now = look(&s);
        assert_same(&now, &before, &s);
        if (i % 64 == 0) {
            holds_nothing_of_others(&s);
            kit_audit(s.k);
        }
    }
    /* It is not that nothing is answered OK. */
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++)
        assert_true(done[works[i]] > 0);
    assert_int_equal(calls_told().accesses, accesses);
    calls_free(s.k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_it_guesses_others_keep_what_they_have),
    };

    return cmocka_run_group_tests_name("stranger", tests, NULL, NULL);
}
