/* Services, sessions and pagers: what a kernel asks of a VPE, and what comes of every answer.
 *
 * VPE0 is a service at its endpoint 2 (S), VPE1 and VPE2 are clients, VPE3 is their friend. Each
 * holds capabilities on the others at selectors 2 .. 5. The audit runs after every event.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/arena.h"
#include "cap/table.h"
#include "dtu/ring.h"
#include "object/service.h"
#include "object/vpe.h"
#include "rescind/kernel.h"
#include "tests/kit.h"
#include "user/message.h"

enum { S, A, B, FRIEND, VPES };
enum { GATE = 10, SRV = 11, SESS = 20 };
enum { LABEL = 0xCAFE, IDENT = 77 }; /* the gates of the kit have this label */

static uint32_t sel_of(uint32_t vpe)
{
    return 2 + vpe;
}

/* ---- Calls -------------------------------------------------------------------------------- */

static struct message words(unsigned count, const uint64_t *word)
{
    struct message m = {0};

    for (unsigned i = 0; i < count; i++)
        message_u64(&m, word[i]);
    return m;
}
#define CALL(...)                                                                                  \
    words(sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), (uint64_t[]){__VA_ARGS__})

static struct message with_string(struct message m, const void *data, size_t size)
{
    message_u64(&m, size);
    message_put(&m, data, size);
    return m;
}

static struct message createsrv(uint32_t gate, uint32_t srv, const char *name)
{
    return with_string(CALL(RESCIND_SYS_CREATESRV, gate, srv), name, strlen(name));
}

static struct message createsess(uint32_t vpe, uint32_t dst, const char *name)
{
    return with_string(CALL(RESCIND_SYS_CREATESESS, vpe, dst), name, strlen(name));
}

static struct message with_session(uint64_t opcode, uint32_t vpe, uint32_t sess, uint32_t start,
                                   uint32_t count)
{
    struct message m = CALL(opcode, vpe, sess);

    message_range(&m, (struct rescind_range){.start = start, .count = count});
    return m;
}

static struct message attachrb(uint32_t ep, uint64_t addr, uint64_t slots_order, uint64_t msgorder)
{
    return CALL(RESCIND_SYS_ATTACHRB, RESCIND_SEL_VPE, ep, addr, slots_order + msgorder, msgorder,
                0);
}

struct answer {
    bool there;
    enum rescind_error error;
    size_t words; /* of data */
    uint64_t data[60];
};

static struct answer answer_of(struct rescind_kernel *k, uint32_t vpe)
{
    struct ring_message reply;
    struct answer answer = {0};
    uint64_t code;

    answer.there = ring_fetch(rescind_kernel_reply_ring(k, vpe), &reply) == RING_MESSAGE;
    if (answer.there) {
        memcpy(&code, reply.payload, sizeof(code));
        answer.error = (enum rescind_error)code;
        memcpy(answer.data, reply.payload + 8, reply.header.length - 8u);
        answer.words = (reply.header.length - 8u) / 8;
    }
    return answer;
}

static void rest(struct rescind_kernel *k)
{
    kit_audit(k);
    while (rescind_kernel_ready(k) >= 0) {
        kit_work_first(k);
        kit_audit(k);
    }
}

/* Sends it and rests: it may be answered then, or not. */
static void begin(struct rescind_kernel *k, uint32_t vpe, struct message m)
{
    kit_send(k, vpe, m);
    rest(k);
}

static struct answer whole(struct rescind_kernel *k, uint32_t vpe, struct message m)
{
    struct answer answer;

    begin(k, vpe, m);
    answer = answer_of(k, vpe);
    assert_true(answer.there);
    return answer;
}

static void expect(struct rescind_kernel *k, uint32_t vpe, struct message m,
                   enum rescind_error error)
{
    assert_int_equal(whole(k, vpe, m).error, error);
}

/* The call of `vpe`, begun before, is answered by now; or it waits. */
static struct answer expect_answer(struct rescind_kernel *k, uint32_t vpe, enum rescind_error error)
{
    struct answer answer = answer_of(k, vpe);

    assert_true(answer.there);
    assert_int_equal(answer.error, error);
    return answer;
}

static void expect_waiting(struct rescind_kernel *k, uint32_t vpe)
{
    assert_int_equal(rescind_kernel_vpe_state(k, vpe), RESCIND_VPE_WAITING);
    assert_false(answer_of(k, vpe).there);
}

/* ---- The service's side ------------------------------------------------------------------- */

/* What S has received: id, label, is_reply, bytes, and then the data. */
static struct answer receive(struct rescind_kernel *k)
{
    return whole(k, S, CALL(RESCIND_SYS_RECEIVE, 2, 0));
}

/* The oldest message is this question. Returns its id. */
static uint64_t expect_question(struct rescind_kernel *k, uint64_t op, uint64_t ident,
                                uint64_t count)
{
    struct answer got = receive(k);

    assert_int_equal(got.error, RESCIND_NO_ERROR);
    assert_int_equal(got.data[1], LABEL);
    assert_int_equal(got.data[2], 0);
    assert_true(got.data[3] >= 32);
    assert_int_equal(got.data[4], op);
    assert_int_equal(got.data[5], ident);
    assert_int_equal(got.data[6], RESCIND_TABLE_OBJECT);
    assert_int_equal(got.data[7], count);
    return got.data[0];
}

static void expect_nothing(struct rescind_kernel *k)
{
    assert_int_equal(receive(k).error, RESCIND_END_OF_FILE);
}

static struct message reply_bytes(uint64_t id, const void *data, size_t size)
{
    return with_string(CALL(RESCIND_SYS_REPLY, 2, id), data, size);
}

static void reply(struct rescind_kernel *k, uint64_t id, struct message data)
{
    expect(k, S, reply_bytes(id, data.bytes, data.size), RESCIND_NO_ERROR);
}

static struct message range(uint32_t type, uint32_t start, uint32_t count)
{
    struct message m = CALL(RESCIND_NO_ERROR);

    message_range(&m, (struct rescind_range){type, start, count});
    return m;
}

static void expect_close(struct rescind_kernel *k, uint64_t ident)
{
    uint64_t id = expect_question(k, RESCIND_SERVICE_CLOSE, ident, 0);

    expect(k, S, CALL(RESCIND_SYS_ACK, 2, id), RESCIND_NO_ERROR);
}

static void open_session(struct rescind_kernel *k, uint32_t vpe, uint64_t ident)
{
    begin(k, vpe, createsess(RESCIND_SEL_VPE, SESS, "files"));
    reply(k, expect_question(k, RESCIND_SERVICE_OPEN, 0, 0), CALL(RESCIND_NO_ERROR, ident));
    expect_answer(k, vpe, RESCIND_NO_ERROR);
    assert_true(kit_holds(k, vpe, SESS));
}

/* ---- Kernels ------------------------------------------------------------------------------ */

enum { NODES = 400, MEMORY = 8 * RESCIND_PAGE * 8 };
static size_t arena_size;

static struct rescind_kernel *new_kernel(uint32_t work)
{
    struct rescind_kernel_config config = {
        .vpes = VPES + 2, .nodes = NODES, .work = work, .memory = MEMORY, .seed = 5};
    struct rescind_kernel *k;
    void *arena;

    arena_size = rescind_kernel_size(&config);
    arena = mmap(NULL, arena_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(arena != MAP_FAILED);
    k = rescind_kernel_create(arena, arena_size, &config);
    assert_non_null(k);
    for (uint32_t vpe = 0; vpe < VPES; vpe++)
        assert_int_equal(
            rescind_kernel_boot_vpe(k, (uint64_t)vpe * RESCIND_VPE_MEMORY, RESCIND_VPE_MEMORY),
            RESCIND_NO_ERROR);
    for (uint32_t vpe = 0; vpe < VPES; vpe++) {
        for (uint32_t other = 0; other < VPES; other++)
            assert_int_equal(rescind_kernel_boot_grant(k, vpe, sel_of(other), other),
                             RESCIND_NO_ERROR);
    }
    return k;
}

/* With a service "files" at S, whose buffer has four slots. */
static struct rescind_kernel *new_service(uint32_t work)
{
    struct rescind_kernel *k = new_kernel(work);

    expect(k, S, attachrb(2, 0, 2, 8), RESCIND_NO_ERROR);
    expect(k, S, kit_creategate(GATE), RESCIND_NO_ERROR);
    expect(k, S, createsrv(GATE, SRV, "files"), RESCIND_NO_ERROR);
    return k;
}

static void free_kernel(struct rescind_kernel *k)
{
    kit_audit(k);
    munmap(k, arena_size);
}

/* What a call that fails leaves as it was. */
struct state {
    uint32_t used, caps[VPES + 1];
};

static struct state state_of(const struct rescind_kernel *k)
{
    struct state state = {.used = pool_used(k)};

    for (uint32_t vpe = 0; vpe < VPES; vpe++)
        state.caps[vpe] = kit_count(k, vpe);
    state.caps[VPES] = table_at(k, table_of_names(k))->count;
    return state;
}

static void assert_state(const struct rescind_kernel *k, struct state before)
{
    struct state now = state_of(k);

    assert_memory_equal(&now, &before, sizeof(now));
}

/* Nothing changes by it. */
static void refuse(struct rescind_kernel *k, uint32_t vpe, struct message m,
                   enum rescind_error error)
{
    struct state before = state_of(k);

    expect(k, vpe, m, error);
    assert_state(k, before);
}

/* ---- CREATESRV ---------------------------------------------------------------------------- */

static void a_service_needs_a_gate_to_its_own_vpe_and_a_name(void **state)
{
    struct rescind_kernel *k = new_kernel(0);

    (void)state;
    expect(k, S, kit_creategate(GATE), RESCIND_NO_ERROR);
    expect(k, S, kit_delegate(sel_of(A), GATE, GATE, 1), RESCIND_NO_ERROR);
    refuse(k, S, createsrv(99, SRV, "files"), RESCIND_INV_ARGS);
    refuse(k, S, createsrv(RESCIND_SEL_MEM, SRV, "files"), RESCIND_INV_ARGS);
    refuse(k, A, createsrv(GATE, SRV, "files"), RESCIND_INV_ARGS); /* it leads to S */
    refuse(k, S, createsrv(GATE, GATE, "files"), RESCIND_INV_ARGS);
    refuse(k, S, createsrv(GATE, SRV, ""), RESCIND_INV_ARGS);
    refuse(k, S, createsrv(GATE, SRV, "a name of 25 bytes, which"), RESCIND_INV_ARGS);
    refuse(k, S, with_string(CALL(RESCIND_SYS_CREATESRV, GATE, SRV), "", 1), RESCIND_INV_ARGS);
    refuse(k, S, with_string(CALL(RESCIND_SYS_CREATESRV, GATE, SRV), "files", 6), RESCIND_INV_ARGS);
    refuse(k, S, with_string(CALL(RESCIND_SYS_CREATESRV, GATE, SRV), "fi\0es", 5),
           RESCIND_INV_ARGS);
    refuse(k, S, CALL(RESCIND_SYS_CREATESRV, GATE, SRV), RESCIND_INV_ARGS);
    refuse(k, S, CALL(RESCIND_SYS_CREATESRV, GATE, SRV, 6), RESCIND_INV_ARGS);
    expect(k, S, createsrv(GATE, SRV, "a name of 24 bytes, this"), RESCIND_NO_ERROR);
    refuse(k, S, createsrv(GATE, SRV + 1, "a name of 24 bytes, this"), RESCIND_EXISTS);
    expect(k, S, createsrv(GATE, SRV + 1, "a name of 24 bytes, that"), RESCIND_NO_ERROR);
    free_kernel(k);
}

static void a_gate_to_who_had_its_number_before_is_not_to_itself(void **state)
{
    struct rescind_kernel *k = new_kernel(0);
    const uint32_t child = VPES;

    (void)state;
    for (int life = 0; life < 2; life++) {
        struct message m = with_string(CALL(RESCIND_SYS_CREATEVPE, 80, 81), "child", 5);
        message_u64(&m, RESCIND_ANY_PE);
        message_u64(&m, RESCIND_NONE);
        message_u64(&m, 0);
        expect(k, A, m, RESCIND_NO_ERROR);
        expect(k, A, CALL(RESCIND_SYS_VPECTRL, 80, RESCIND_VPE_START, 0), RESCIND_NO_ERROR);
        expect(k, A, CALL(RESCIND_SYS_CREATEGATE, 80, GATE + life, LABEL, 2, 1), RESCIND_NO_ERROR);
        expect(k, A, kit_delegate(80, GATE, GATE, 1 + life), RESCIND_NO_ERROR);
        if (life == 0)
            expect(k, A, kit_revoke(80, 2, true), RESCIND_NO_ERROR);
    }
    assert_int_equal(vpe_at(k, child)->life, 1);
    refuse(k, child, createsrv(GATE, SRV + 1, "files"), RESCIND_INV_ARGS);
    expect(k, child, createsrv(GATE + 1, SRV + 1, "files"), RESCIND_NO_ERROR);
    free_kernel(k);
}

static void a_name_is_free_again_when_its_service_or_its_gate_has_gone(void **state)
{
    struct rescind_kernel *k = new_service(0);
    struct state before = state_of(k);

    (void)state;
    refuse(k, S, createsrv(GATE, 30, "files"), RESCIND_EXISTS);
    expect(k, S, kit_revoke(SRV, 1, true), RESCIND_NO_ERROR);
    refuse(k, A, createsess(RESCIND_SEL_VPE, SESS, "files"), RESCIND_INV_ARGS);
    expect(k, S, createsrv(GATE, SRV, "files"), RESCIND_NO_ERROR);
    assert_state(k, before);
    expect(k, S, kit_revoke(GATE, 1, true), RESCIND_NO_ERROR);
    assert_false(kit_holds(k, S, SRV));
    refuse(k, A, createsess(RESCIND_SEL_VPE, SESS, "files"), RESCIND_INV_ARGS);
    /* What is kept keeps no name. */
    expect(k, S, kit_creategate(GATE), RESCIND_NO_ERROR);
    expect(k, S, createsrv(GATE, SRV, "files"), RESCIND_NO_ERROR);
    expect(k, S, kit_revoke(SRV, 1, false), RESCIND_NO_ERROR);
    assert_true(kit_holds(k, S, SRV));
    expect(k, S, createsrv(GATE, 30, "files"), RESCIND_NO_ERROR);
    free_kernel(k);
}

static void a_name_whose_service_is_being_revoked_is_waited_for(void **state)
{
    struct rescind_kernel *k = new_service(1);

    (void)state;
    open_session(k, B, IDENT); /* so that it takes some time */
    expect(k, A, kit_creategate(GATE), RESCIND_NO_ERROR);
    kit_send(k, S, kit_revoke(SRV, 1, true));
    while (!(cap_at(k, service_find(k, (const uint8_t[24]){"files"}).entry)->flags & CAP_VISITED))
        kit_work(k, S);
    kit_send(k, A, createsrv(GATE, SRV, "files"));
    expect_waiting(k, A);
    rest(k);
    expect_answer(k, S, RESCIND_NO_ERROR);
    expect_answer(k, A, RESCIND_NO_ERROR);
    assert_int_equal(service_at(k, cap_at(k, kit_at(k, A, SRV))->object)->vpe, A);
    free_kernel(k);
}

static void names_fill_their_places_and_no_more(void **state)
{
    struct rescind_kernel *k = new_kernel(0);
    char name[] = "service-000";

    (void)state;
    expect(k, S, kit_creategate(GATE), RESCIND_NO_ERROR);
    for (uint32_t i = 0; i < 100; i++) {
        name[8] = (char)('0' + i / 10);
        name[9] = (char)('0' + i % 10);
        expect(k, S, createsrv(GATE, 100 + i, name), RESCIND_NO_ERROR);
        refuse(k, S, createsrv(GATE, 300, name), RESCIND_EXISTS);
    }
    expect(k, S, kit_revoke(100, 100, true), RESCIND_NO_ERROR);
    assert_int_equal(table_at(k, table_of_names(k))->count, 0);
    free_kernel(k);
}

/* ---- CREATESESS --------------------------------------------------------------------------- */

static void a_service_is_told_what_the_client_says_and_names_the_session(void **state)
{
    struct rescind_kernel *k = new_service(0);
    struct state before = state_of(k);
    struct answer got;
    struct message m = with_string(createsess(sel_of(FRIEND), SESS, "files"), "open sesame", 11);

    (void)state;
    begin(k, A, m);
    expect_waiting(k, A);
    got = receive(k);
    assert_int_equal(got.data[3], 32 + 11);
    assert_memory_equal(&got.data[8], "open sesame", 11);
    reply(k, got.data[0], CALL(RESCIND_NO_ERROR, IDENT));
    expect_answer(k, A, RESCIND_NO_ERROR);
    assert_true(kit_holds(k, FRIEND, SESS));
    assert_false(kit_holds(k, A, SESS));
    /* Its end is told. */
    expect(k, FRIEND, kit_revoke(SESS, 1, true), RESCIND_NO_ERROR);
    expect_close(k, IDENT);
    expect_nothing(k);
    assert_state(k, before);
    free_kernel(k);
}

static void a_session_is_refused_before_the_service_is_asked(void **state)
{
    struct rescind_kernel *k = new_service(0);
    uint8_t args[RESCIND_ARGS_MAX + 1] = {0};

    (void)state;
    refuse(k, A, with_string(CALL(RESCIND_SYS_CREATESESS, RESCIND_SEL_VPE, SESS), "files", 6),
           RESCIND_INV_ARGS);
    refuse(k, A, createsess(99, SESS, "files"), RESCIND_INV_ARGS);
    refuse(k, A, createsess(RESCIND_SEL_MEM, SESS, "files"), RESCIND_INV_ARGS);
    refuse(k, A, createsess(RESCIND_SEL_VPE, RESCIND_SEL_MEM, "files"), RESCIND_INV_ARGS);
    refuse(k, A, createsess(RESCIND_SEL_VPE, SESS, "pipes"), RESCIND_INV_ARGS);
    refuse(k, A, createsess(RESCIND_SEL_VPE, SESS, "file"), RESCIND_INV_ARGS);
    refuse(k, A, createsess(RESCIND_SEL_VPE, SESS, ""), RESCIND_INV_ARGS);
    refuse(k, A,
           with_string(createsess(RESCIND_SEL_VPE, SESS, "files"), args, RESCIND_ARGS_MAX + 1),
           RESCIND_INV_ARGS);
    refuse(k, A, CALL(RESCIND_SYS_CREATESESS, RESCIND_SEL_VPE, SESS), RESCIND_INV_ARGS);
    expect_nothing(k);
    free_kernel(k);
}

static void a_session_is_denied_by_any_error_and_by_rubbish(void **state)
{
    struct rescind_kernel *k = new_service(0);
    const struct {
        struct message answer;
        enum rescind_error error;
    } cases[] = {
        {CALL(RESCIND_NO_PERM), RESCIND_NO_PERM},
        {CALL(RESCIND_XFS_RENAME, 5, 5), RESCIND_XFS_RENAME},
        {CALL(RESCIND_XFS_RENAME + 1, 5), RESCIND_RECV_GONE},
        {CALL(UINT64_MAX, 5), RESCIND_RECV_GONE},
        {CALL(0x100000000), RESCIND_RECV_GONE},
        {CALL(RESCIND_NO_ERROR), RESCIND_RECV_GONE},
        {{.size = 0}, RESCIND_RECV_GONE},
        {{.size = 4}, RESCIND_RECV_GONE},
    };
    struct state before = state_of(k);
    uint64_t id;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin(k, A, createsess(RESCIND_SEL_VPE, SESS, "files"));
        id = expect_question(k, RESCIND_SERVICE_OPEN, 0, 0);
        reply(k, id, cases[i].answer);
        expect_answer(k, A, cases[i].error);
        /* There is no second answer. */
        refuse(k, S, reply_bytes(id, NULL, 0), RESCIND_INV_ARGS);
        refuse(k, S, CALL(RESCIND_SYS_ACK, 2, id), RESCIND_INV_ARGS);
    }
    begin(k, A, createsess(RESCIND_SEL_VPE, SESS, "files"));
    id = expect_question(k, RESCIND_SERVICE_OPEN, 0, 0);
    expect(k, S, CALL(RESCIND_SYS_ACK, 2, id), RESCIND_NO_ERROR);
    expect_answer(k, A, RESCIND_RECV_GONE);
    assert_state(k, before);
    expect_nothing(k);
    free_kernel(k);
}

static void a_session_that_has_no_place_any_more_is_closed_again(void **state)
{
    struct rescind_kernel *k = new_service(0);
    uint64_t id;

    (void)state;
    begin(k, A, createsess(RESCIND_SEL_VPE, SESS, "files"));
    id = expect_question(k, RESCIND_SERVICE_OPEN, 0, 0);
    expect(k, B, kit_delegate(sel_of(A), RESCIND_SEL_MEM, SESS, 1), RESCIND_NO_ERROR);
    reply(k, id, CALL(RESCIND_NO_ERROR, IDENT));
    expect_answer(k, A, RESCIND_INV_ARGS);
    expect_close(k, IDENT);
    free_kernel(k);
}

static void a_session_with_a_service_that_was_revoked_meanwhile_is_closed_again(void **state)
{
    struct rescind_kernel *k = new_service(0);
    uint64_t id;

    (void)state;
    for (int again = 0; again < 2; again++) {
        begin(k, A, createsess(RESCIND_SEL_VPE, SESS, "files"));
        id = expect_question(k, RESCIND_SERVICE_OPEN, 0, 0);
        expect(k, S, kit_revoke(SRV, 1, true), RESCIND_NO_ERROR);
        if (again) /* another one of the same name is not the one that was asked */
            expect(k, S, createsrv(GATE, SRV, "files"), RESCIND_NO_ERROR);
        expect_waiting(k, A);
        reply(k, id, CALL(RESCIND_NO_ERROR, IDENT));
        assert_true(expect_answer(k, A, again ? RESCIND_RECV_GONE : RESCIND_INV_ARGS).there);
        expect_close(k, IDENT);
        if (!again)
            expect(k, S, createsrv(GATE, SRV, "files"), RESCIND_NO_ERROR);
    }
    free_kernel(k);
}

static void a_place_that_is_locked_is_waited_for_and_the_service_asked_anew(void **state)
{
    struct rescind_kernel *k = new_service(1);
    uint64_t id;

    (void)state;
    /* A revocation holds selector 20 of FRIEND for some time. */
    for (uint32_t sel = 100; sel < 130; sel++)
        expect(k, B, kit_delegate(sel_of(FRIEND), RESCIND_SEL_MEM, sel, 1), RESCIND_NO_ERROR);
    begin(k, A, createsess(sel_of(FRIEND), SESS, "files"));
    id = expect_question(k, RESCIND_SERVICE_OPEN, 0, 0);
    kit_send(k, FRIEND, kit_revoke(SESS, 200, true));
    kit_send(
        k, S,
        reply_bytes(id, CALL(RESCIND_NO_ERROR, IDENT).bytes, CALL(RESCIND_NO_ERROR, IDENT).size));
    rest(k);
    expect_answer(k, S, RESCIND_NO_ERROR);
    expect_answer(k, FRIEND, RESCIND_NO_ERROR);
    expect_close(k, IDENT);
    reply(k, expect_question(k, RESCIND_SERVICE_OPEN, 0, 0), CALL(RESCIND_NO_ERROR, IDENT + 1));
    expect_answer(k, A, RESCIND_NO_ERROR);
    assert_true(kit_holds(k, FRIEND, SESS));
    free_kernel(k);
}

/* ---- Ends --------------------------------------------------------------------------------- */

static void a_service_that_ends_answers_all_that_ask_it(void **state)
{
    (void)state;
    /* The question is waiting, or has been received; the service is killed, or exits, or has taken
     * its endpoint down. */
    for (int received = 0; received < 2; received++) {
        for (int how = 0; how < 3; how++) {
            struct rescind_kernel *k = new_service(1);
            begin(k, A, createsess(RESCIND_SEL_VPE, SESS, "files"));
            if (received)
                expect_question(k, RESCIND_SERVICE_OPEN, 0, 0);
            if (how == 0)
                rescind_kernel_end(k, S, 1);
            else if (how == 1)
                kit_send(k, S, kit_exit(0));
            else
                kit_send(k, S, CALL(RESCIND_SYS_DETACHRB, RESCIND_SEL_VPE, 2));
            rest(k);
            expect_answer(k, A, RESCIND_RECV_GONE);
            assert_false(kit_holds(k, A, SESS));
            refuse(k, A, createsess(RESCIND_SEL_VPE, SESS, "files"),
                   how == 2 ? RESCIND_RECV_GONE : RESCIND_INV_ARGS);
            free_kernel(k);
        }
    }
}

static void sessions_go_with_their_service(void **state)
{
    struct rescind_kernel *k = new_service(2);

    (void)state;
    open_session(k, A, 1);
    open_session(k, B, 2);
    expect(k, A, kit_delegate(sel_of(FRIEND), SESS, SESS, 1), RESCIND_NO_ERROR);
    expect(k, S, kit_revoke(SRV, 1, true), RESCIND_NO_ERROR);
    assert_false(kit_holds(k, A, SESS) || kit_holds(k, B, SESS) || kit_holds(k, FRIEND, SESS));
    expect_close(k, 1);
    expect_close(k, 2);
    expect(k, S, createsrv(GATE, SRV, "files"), RESCIND_NO_ERROR);
    open_session(k, A, 3);
    rescind_kernel_end(k, S, 1);
    rest(k);
    assert_false(kit_holds(k, A, SESS));
    free_kernel(k);
}

static void a_session_ends_with_its_last_holder(void **state)
{
    struct rescind_kernel *k = new_service(2);

    (void)state;
    open_session(k, A, IDENT);
    expect(k, A, kit_delegate(sel_of(FRIEND), SESS, SESS, 1), RESCIND_NO_ERROR);
    expect(k, FRIEND, kit_revoke(SESS, 1, true), RESCIND_NO_ERROR);
    expect_nothing(k);
    rescind_kernel_end(k, A, 1);
    rest(k);
    expect_close(k, IDENT);
    expect_nothing(k);
    free_kernel(k);
}

static void a_client_that_is_killed_leaves_nothing_behind(void **state)
{
    struct rescind_kernel *k;
    struct state before;
    uint64_t id;

    (void)state;
    /* While the question waits, while it is open, and when it has just been answered. */
    for (int when = 0; when < 3; when++) {
        k = new_service(0);
        rescind_kernel_end(k, B, 1);
        rest(k);
        before = state_of(k);
        before.used -= kit_count(k, A) + 1; /* and its memory's object */
        before.caps[A] = 0;
        begin(k, A, createsess(RESCIND_SEL_VPE, SESS, "files"));
        if (when == 0) {
            rescind_kernel_end(k, A, 1);
            rest(k);
        }
        id = expect_question(k, RESCIND_SERVICE_OPEN, 0, 0);
        if (when == 1) {
            rescind_kernel_end(k, A, 1);
            rest(k);
        }
        kit_send(k, S,
                 reply_bytes(id, CALL(RESCIND_NO_ERROR, IDENT).bytes,
                             CALL(RESCIND_NO_ERROR, IDENT).size));
        if (when == 2)
            rescind_kernel_end(k, A, 1);
        rest(k);
        expect_answer(k, S, RESCIND_NO_ERROR);
        assert_int_equal(rescind_kernel_vpe_state(k, A), RESCIND_VPE_ENDED);
        expect_close(k, IDENT);
        expect_nothing(k);
        /* FRIEND's and S's capabilities on A are gone, too. */
        before.used -= 2;
        before.caps[S]--;
        before.caps[FRIEND]--;
        assert_state(k, before);
        free_kernel(k);
    }
}

static void a_client_that_is_killed_need_not_have_been_answered(void **state)
{
    struct rescind_kernel *k = new_service(0);
    uint32_t used;
    uint64_t id;

    (void)state;
    open_session(k, A, IDENT);
    begin(k, A, with_session(RESCIND_SYS_OBTAIN, RESCIND_SEL_VPE, SESS, 50, 3));
    id = expect_question(k, RESCIND_SERVICE_OBTAIN, IDENT, 3);
    rescind_kernel_end(k, A, 1);
    rest(k);
    expect_close(k, IDENT);
    used = pool_used(k);
    reply(k, id, range(0, GATE, 1));
    assert_int_equal(pool_used(k), used);
    expect_nothing(k);
    /* Nor need it ever be: the abandoned question goes with the endpoint. */
    begin(k, B, createsess(RESCIND_SEL_VPE, SESS, "files"));
    rescind_kernel_end(k, B, 1);
    rest(k);
    expect(k, S, CALL(RESCIND_SYS_DETACHRB, RESCIND_SEL_VPE, 2), RESCIND_NO_ERROR);
    free_kernel(k);
}

/* ---- A full endpoint ---------------------------------------------------------------------- */

/* S has two slots only, and CREATESESSAT has made `count` sessions, 1 and up, at 100 and up. */
static struct rescind_kernel *new_small_service(uint32_t work, uint32_t count)
{
    struct rescind_kernel *k = new_kernel(work);

    expect(k, S, attachrb(2, 0, 1, 8), RESCIND_NO_ERROR);
    expect(k, S, kit_creategate(GATE), RESCIND_NO_ERROR);
    expect(k, S, createsrv(GATE, SRV, "files"), RESCIND_NO_ERROR);
    for (uint32_t i = 0; i < count; i++)
        expect(k, S, CALL(RESCIND_SYS_CREATESESSAT, SRV, 100 + i, 1 + i), RESCIND_NO_ERROR);
    return k;
}

static void what_a_full_endpoint_can_not_take_waits_in_its_order(void **state)
{
    struct rescind_kernel *k = new_small_service(0, 5);
    uint32_t before;

    (void)state;
    expect(k, S, kit_revoke(100, 5, true), RESCIND_NO_ERROR);
    begin(k, A, createsess(RESCIND_SEL_VPE, SESS, "files"));
    begin(k, B, createsess(RESCIND_SEL_VPE, SESS, "files"));
    begin(k, FRIEND, createsess(RESCIND_SEL_VPE, SESS, "files"));
    before = pool_used(k);
    rescind_kernel_end(k, B, 1); /* out of the middle */
    rest(k);
    assert_true(pool_used(k) < before);
    for (uint32_t i = 0; i < 5; i++)
        expect_close(k, 1 + i);
    reply(k, expect_question(k, RESCIND_SERVICE_OPEN, 0, 0), CALL(RESCIND_NO_ERROR, 50));
    expect_answer(k, A, RESCIND_NO_ERROR);
    expect_waiting(k, FRIEND);
    reply(k, expect_question(k, RESCIND_SERVICE_OPEN, 0, 0), CALL(RESCIND_NO_ERROR, 51));
    expect_answer(k, FRIEND, RESCIND_NO_ERROR);
    expect_nothing(k);
    free_kernel(k);
}

static void
what_waits_at_an_endpoint_that_goes_is_answered_in_as_many_events_as_it_takes(void **state)
{
    (void)state;
    for (int how = 0; how < 2; how++) {
        struct rescind_kernel *k = new_small_service(1, 40);
        uint32_t used = pool_used(k), events = 0;

        expect(k, S, kit_revoke(100, 40, true), RESCIND_NO_ERROR);
        assert_int_equal(pool_used(k), used - 40 - 2); /* the objects of all but two are kept */
        begin(k, A, createsess(RESCIND_SEL_VPE, SESS, "files"));
        begin(k, B, createsess(RESCIND_SEL_VPE, SESS, "files"));
        if (how == 0)
            kit_send(k, S, CALL(RESCIND_SYS_DETACHRB, RESCIND_SEL_VPE, 2));
        else
            rescind_kernel_end(k, S, 1);
        rescind_kernel_end(k, A, 1); /* while it is among those that are lost, or nearly */
        kit_audit(k);
        for (; rescind_kernel_ready(k) >= 0; events++) {
            kit_work_first(k);
            kit_audit(k);
        }
        assert_true(events >= 40);
        expect_answer(k, B, RESCIND_RECV_GONE);
        assert_int_equal(rescind_kernel_vpe_state(k, A), RESCIND_VPE_ENDED);
        assert_true(pool_used(k) < used - 80);
        free_kernel(k);
    }
}

static void a_slot_that_is_too_small_for_a_question_is_nobody_to_ask(void **state)
{
    struct rescind_kernel *k = new_kernel(0);

    (void)state;
    expect(k, S, attachrb(2, 0, 1, 5), RESCIND_NO_ERROR);
    expect(k, S, kit_creategate(GATE), RESCIND_NO_ERROR);
    expect(k, S, createsrv(GATE, SRV, "files"), RESCIND_NO_ERROR);
    refuse(k, A, createsess(RESCIND_SEL_VPE, SESS, "files"), RESCIND_RECV_GONE);
    expect(k, S, CALL(RESCIND_SYS_CREATESESSAT, SRV, SESS, IDENT), RESCIND_NO_ERROR);
    expect(k, S, kit_revoke(SESS, 1, true), RESCIND_NO_ERROR);
    expect_nothing(k);
    free_kernel(k);
}

/* ---- CREATESESSAT ------------------------------------------------------------------------- */

static void a_service_makes_sessions_itself(void **state)
{
    struct rescind_kernel *k = new_service(0);

    (void)state;
    expect(k, S, kit_delegate(sel_of(A), SRV, SRV, 1), RESCIND_NO_ERROR);
    refuse(k, A, CALL(RESCIND_SYS_CREATESESSAT, SRV, SESS, IDENT), RESCIND_INV_ARGS);
    refuse(k, S, CALL(RESCIND_SYS_CREATESESSAT, GATE, SESS, IDENT), RESCIND_INV_ARGS);
    refuse(k, S, CALL(RESCIND_SYS_CREATESESSAT, 99, SESS, IDENT), RESCIND_INV_ARGS);
    refuse(k, S, CALL(RESCIND_SYS_CREATESESSAT, SRV, GATE, IDENT), RESCIND_INV_ARGS);
    refuse(k, S, CALL(RESCIND_SYS_CREATESESSAT, SRV, SESS), RESCIND_INV_ARGS);
    expect(k, S, CALL(RESCIND_SYS_CREATESESSAT, SRV, SESS, IDENT), RESCIND_NO_ERROR);
    /* It hands it to whom it likes, who uses it as any other. */
    expect(k, S, kit_delegate(sel_of(A), SESS, SESS, 1), RESCIND_NO_ERROR);
    begin(k, A, with_session(RESCIND_SYS_OBTAIN, RESCIND_SEL_VPE, SESS, 50, 1));
    reply(k, expect_question(k, RESCIND_SERVICE_OBTAIN, IDENT, 1), range(0, GATE, 1));
    expect_answer(k, A, RESCIND_NO_ERROR);
    assert_true(kit_holds(k, A, 50));
    /* Through the name, or without it. */
    expect(k, S, kit_revoke(SRV, 1, false), RESCIND_NO_ERROR);
    expect_close(k, IDENT);
    expect(k, S, CALL(RESCIND_SYS_CREATESESSAT, SRV, SESS, IDENT), RESCIND_NO_ERROR);
    free_kernel(k);
}

/* ---- DELEGATE and OBTAIN ------------------------------------------------------------------ */

static void a_service_chooses_narrows_and_says_more(void **state)
{
    struct rescind_kernel *k = new_service(0);
    struct message m, answer = range(0, 40, 2);
    struct answer got;
    uint64_t id;

    (void)state;
    for (uint32_t sel = 40; sel < 44; sel++)
        expect(k, S, kit_creategate(sel), RESCIND_NO_ERROR);
    open_session(k, A, IDENT);
    /* OBTAIN, for FRIEND, of three: two are given, with args to and fro. */
    m = with_string(with_session(RESCIND_SYS_OBTAIN, sel_of(FRIEND), SESS, 60, 3), "which", 5);
    begin(k, A, m);
    got = receive(k);
    assert_int_equal(got.data[4], RESCIND_SERVICE_OBTAIN);
    assert_memory_equal(&got.data[8], "which", 5);
    message_put(&answer, "these\0\0", 8);
    expect(k, S, reply_bytes(got.data[0], answer.bytes, answer.size - 3), RESCIND_NO_ERROR);
    got = expect_answer(k, A, RESCIND_NO_ERROR);
    assert_int_equal(got.data[0], 2);
    assert_int_equal(got.data[1], 5);
    assert_memory_equal(&got.data[2], "these", 5);
    assert_true(kit_holds(k, FRIEND, 60) && kit_holds(k, FRIEND, 61) && !kit_holds(k, FRIEND, 62));
    assert_int_equal(cap_at(k, kit_at(k, FRIEND, 61))->parent, kit_at(k, S, 41));
    /* DELEGATE, of FRIEND's, of which the service takes one. */
    begin(k, A, with_session(RESCIND_SYS_DELEGATE, sel_of(FRIEND), SESS, 60, 2));
    id = expect_question(k, RESCIND_SERVICE_DELEGATE, IDENT, 2);
    reply(k, id, range(0, 70, 1));
    got = expect_answer(k, A, RESCIND_NO_ERROR);
    assert_int_equal(got.words, 2);
    assert_int_equal(got.data[0], 1);
    assert_int_equal(got.data[1], 0);
    assert_int_equal(cap_at(k, kit_at(k, S, 70))->parent, kit_at(k, FRIEND, 60));
    assert_false(kit_holds(k, S, 71));
    /* Nothing at all. */
    begin(k, A, with_session(RESCIND_SYS_OBTAIN, RESCIND_SEL_VPE, SESS, 80, 2));
    reply(k, expect_question(k, RESCIND_SERVICE_OBTAIN, IDENT, 2), range(0, 0, 0));
    assert_int_equal(expect_answer(k, A, RESCIND_NO_ERROR).data[0], 0);
    /* What was obtained goes with what it comes from. */
    expect(k, S, kit_revoke(40, 4, true), RESCIND_NO_ERROR);
    assert_false(kit_holds(k, FRIEND, 60) || kit_holds(k, FRIEND, 61) || kit_holds(k, S, 70));
    free_kernel(k);
}

static void an_exchange_is_refused_before_the_service_is_asked(void **state)
{
    struct rescind_kernel *k = new_service(0);
    uint8_t args[RESCIND_ARGS_MAX + 1] = {0};

    (void)state;
    open_session(k, A, IDENT);
    for (uint64_t op = RESCIND_SYS_DELEGATE; op <= RESCIND_SYS_OBTAIN; op++) {
        struct message m = CALL(op, RESCIND_SEL_VPE, SESS);
        refuse(k, A, m, RESCIND_INV_ARGS);
        message_range(&m, (struct rescind_range){RESCIND_TABLE_KINDS, 50, 1});
        refuse(k, A, m, RESCIND_INV_ARGS);
        refuse(k, A, with_session(op, 99, SESS, 50, 1), RESCIND_INV_ARGS);
        refuse(k, A, with_session(op, RESCIND_SEL_MEM, SESS, 50, 1), RESCIND_INV_ARGS);
        refuse(k, A, with_session(op, RESCIND_SEL_VPE, SESS + 1, 50, 1), RESCIND_INV_ARGS);
        refuse(k, A, with_session(op, RESCIND_SEL_VPE, RESCIND_SEL_VPE, 50, 1), RESCIND_INV_ARGS);
        refuse(k, A, with_session(op, RESCIND_SEL_VPE, SESS, UINT32_MAX, 2), RESCIND_INV_ARGS);
        m = with_session(op, RESCIND_SEL_VPE, SESS, 50, 1);
        refuse(k, A, with_string(m, args, sizeof(args)), RESCIND_INV_ARGS);
    }
    expect_nothing(k);
    free_kernel(k);
}

static void an_exchange_is_denied_by_any_error_by_rubbish_and_by_what_is_not_there(void **state)
{
    struct rescind_kernel *k = new_service(0);
    struct message long_args = range(0, GATE, 1), end = range(0, UINT32_MAX, 2);
    struct message no_range = CALL(RESCIND_NO_ERROR, 0);
    uint8_t args[72] = {0};
    struct state before;

    (void)state;
    message_put(&long_args, args, RESCIND_ARGS_MAX + 8);
    const struct {
        struct message answer;
        enum rescind_error error;
    } cases[] = {
        {CALL(RESCIND_NO_PERM), RESCIND_NO_PERM},
        {CALL(99), RESCIND_RECV_GONE},
        {no_range, RESCIND_RECV_GONE},
        {range(0, GATE, 3), RESCIND_RECV_GONE}, /* more than was asked for */
        {range(1, GATE, 1), RESCIND_RECV_GONE}, /* of another table */
        {range(7, GATE, 1), RESCIND_RECV_GONE},
        {end, RESCIND_RECV_GONE},
        {long_args, RESCIND_RECV_GONE},
        {range(0, GATE, 2), RESCIND_INV_ARGS}, /* OBTAIN: 51 is taken; DELEGATE: 11 is */
        {range(0, 99, 2), RESCIND_INV_ARGS},   /* OBTAIN: nothing there; DELEGATE: 50 is not */
    };
    open_session(k, A, IDENT);
    expect(k, A, kit_creategate(51), RESCIND_NO_ERROR);
    before = state_of(k);
    for (uint64_t op = RESCIND_SYS_DELEGATE; op <= RESCIND_SYS_OBTAIN; op++) {
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            begin(k, A, with_session(op, RESCIND_SEL_VPE, SESS, 50, 2));
            reply(k,
                  expect_question(k,
                                  op == RESCIND_SYS_OBTAIN ? RESCIND_SERVICE_OBTAIN
                                                           : RESCIND_SERVICE_DELEGATE,
                                  IDENT, 2),
                  cases[i].answer);
            expect_answer(k, A, cases[i].error);
            assert_state(k, before);
        }
    }
    free_kernel(k);
}

static void an_exchange_needs_its_session_to_the_end(void **state)
{
    struct rescind_kernel *k = new_service(1);
    uint64_t id;

    (void)state;
    for (uint32_t sel = 100; sel < 140; sel++)
        expect(k, S, kit_creategate(sel), RESCIND_NO_ERROR);
    expect(k, S, CALL(RESCIND_SYS_CREATESESSAT, SRV, SESS, IDENT), RESCIND_NO_ERROR);
    expect(k, S, kit_delegate(sel_of(A), SESS, SESS, 1), RESCIND_NO_ERROR);
    /* Revoked while the service is asked, */
    begin(k, A, with_session(RESCIND_SYS_OBTAIN, RESCIND_SEL_VPE, SESS, 50, 40));
    id = expect_question(k, RESCIND_SERVICE_OBTAIN, IDENT, 40);
    expect(k, S, kit_revoke(SESS, 1, true), RESCIND_NO_ERROR);
    expect_close(k, IDENT);
    reply(k, id, range(0, 100, 40));
    expect_answer(k, A, RESCIND_INV_ARGS);
    assert_false(kit_holds(k, A, 50));
    /* and another one in its place is not the one; */
    expect(k, S, CALL(RESCIND_SYS_CREATESESSAT, SRV, SESS, IDENT), RESCIND_NO_ERROR);
    expect(k, S, kit_delegate(sel_of(A), SESS, SESS, 1), RESCIND_NO_ERROR);
    begin(k, A, with_session(RESCIND_SYS_OBTAIN, RESCIND_SEL_VPE, SESS, 50, 40));
    id = expect_question(k, RESCIND_SERVICE_OBTAIN, IDENT, 40);
    expect(k, S, kit_revoke(SESS, 1, true), RESCIND_NO_ERROR);
    expect_close(k, IDENT);
    expect(k, S, CALL(RESCIND_SYS_CREATESESSAT, SRV, SESS, IDENT), RESCIND_NO_ERROR);
    expect(k, S, kit_delegate(sel_of(A), SESS, SESS, 1), RESCIND_NO_ERROR);
    reply(k, id, range(0, 100, 40));
    expect_answer(k, A, RESCIND_INV_ARGS);
    assert_false(kit_holds(k, A, 50));
    expect(k, S, kit_revoke(SESS, 1, true), RESCIND_NO_ERROR);
    expect_close(k, IDENT);
    /* or after it has agreed: all or nothing. */
    for (unsigned events = 1; events < 200; events += 7) {
        expect(k, S, CALL(RESCIND_SYS_CREATESESSAT, SRV, SESS, IDENT), RESCIND_NO_ERROR);
        expect(k, S, kit_delegate(sel_of(A), SESS, SESS, 1), RESCIND_NO_ERROR);
        begin(k, A, with_session(RESCIND_SYS_OBTAIN, RESCIND_SEL_VPE, SESS, 50, 40));
        id = expect_question(k, RESCIND_SERVICE_OBTAIN, IDENT, 40);
        kit_send(k, S, reply_bytes(id, range(0, 100, 40).bytes, range(0, 100, 40).size));
        expect_answer(k, S, RESCIND_NO_ERROR);
        for (unsigned i = 0; i < events && rescind_kernel_ready(k) >= 0; i++)
            kit_work_first(k);
        kit_send(k, S, kit_revoke(SESS, 1, true));
        rest(k);
        expect_answer(k, S, RESCIND_NO_ERROR);
        struct answer got = answer_of(k, A);
        assert_true(got.there);
        assert_int_equal(got.error, kit_holds(k, A, 89) ? RESCIND_NO_ERROR : RESCIND_INV_ARGS);
        assert_int_equal(kit_holds(k, A, 50), kit_holds(k, A, 89));
        expect(k, A, kit_revoke(50, 40, true), RESCIND_NO_ERROR);
        expect_close(k, IDENT);
    }
    free_kernel(k);
}

/* ---- PAGEFAULT ---------------------------------------------------------------------------- */

static void a_pager_is_told_of_a_fault_and_says_what_has_become_of_it(void **state)
{
    struct rescind_kernel *k = new_service(0);
    const uint32_t child = VPES;
    struct answer got;
    struct message m;

    (void)state;
    expect(k, A, CALL(RESCIND_SYS_PAGEFAULT, 0x10000000, 1), RESCIND_NO_MAPPING);
    expect(k, A, CALL(RESCIND_SYS_PAGEFAULT, 0x10000000), RESCIND_INV_ARGS);
    m = with_string(CALL(RESCIND_SYS_CREATEVPE, 80, 81), "child", 5);
    message_u64(&m, RESCIND_ANY_PE);
    message_u64(&m, GATE);
    message_u64(&m, 3);
    expect(k, S, m, RESCIND_NO_ERROR);
    expect(k, S, CALL(RESCIND_SYS_VPECTRL, 80, RESCIND_VPE_START, 0), RESCIND_NO_ERROR);
    for (uint64_t error = 0; error <= RESCIND_XFS_RENAME + 1; error++) {
        begin(k, child, CALL(RESCIND_SYS_PAGEFAULT, 0x123456789a000, 3));
        expect_waiting(k, child);
        assert_true(rescind_kernel_audit_rest(k, NULL)); /* it may wait for ever */
        got = receive(k);
        assert_int_equal(got.data[1], LABEL);
        assert_int_equal(got.data[3], 16);
        assert_int_equal(got.data[4], 0x123456789a000);
        assert_int_equal(got.data[5], 3);
        reply(k, got.data[0], CALL(error));
        expect_answer(k, child,
                      error <= RESCIND_XFS_RENAME && error != RESCIND_RECV_GONE
                          ? (enum rescind_error)error
                          : RESCIND_NO_MAPPING);
    }
    /* Closed without an answer; and the gate revoked. */
    begin(k, child, CALL(RESCIND_SYS_PAGEFAULT, 0x10000000, 1));
    expect(k, S, CALL(RESCIND_SYS_ACK, 2, receive(k).data[0]), RESCIND_NO_ERROR);
    expect_answer(k, child, RESCIND_NO_MAPPING);
    begin(k, child, CALL(RESCIND_SYS_PAGEFAULT, 0x10000000, 1));
    expect(k, S, kit_revoke(GATE, 1, true), RESCIND_NO_ERROR);
    reply(k, receive(k).data[0], CALL(RESCIND_NO_ERROR));
    expect_answer(k, child, RESCIND_NO_ERROR);
    refuse(k, child, CALL(RESCIND_SYS_PAGEFAULT, 0x10000000, 1), RESCIND_NO_MAPPING);
    free_kernel(k);
}

/* A child of A, whose pager is S, and which it has started. */
static void start_child(struct rescind_kernel *k)
{
    struct message m = with_string(CALL(RESCIND_SYS_CREATEVPE, 80, 81), "child", 5);

    expect(k, S, kit_delegate(sel_of(A), GATE, GATE, 1), RESCIND_NO_ERROR);
    message_u64(&m, RESCIND_ANY_PE);
    message_u64(&m, GATE);
    message_u64(&m, 3);
    expect(k, A, m, RESCIND_NO_ERROR);
    expect(k, A, CALL(RESCIND_SYS_VPECTRL, 80, RESCIND_VPE_START, 0), RESCIND_NO_ERROR);
}

static void a_pager_that_ends_maps_nothing(void **state)
{
    struct rescind_kernel *k = new_service(1);
    const uint32_t child = VPES;

    (void)state;
    start_child(k);
    begin(k, child, CALL(RESCIND_SYS_PAGEFAULT, 0x10000000, 1));
    rescind_kernel_end(k, S, 1);
    rest(k);
    expect_answer(k, child, RESCIND_NO_MAPPING);
    refuse(k, child, CALL(RESCIND_SYS_PAGEFAULT, 0x10000000, 1), RESCIND_NO_MAPPING);
    free_kernel(k);
}

static void a_fault_needs_a_node_and_none_when_its_vpe_is_killed(void **state)
{
    struct rescind_kernel *k = new_service(1);
    const uint32_t child = VPES;
    uint32_t used = pool_used(k);
    struct answer got;

    (void)state;
    start_child(k);
    rescind_kernel_starve(k, 0);
    refuse(k, child, CALL(RESCIND_SYS_PAGEFAULT, 0x10000000, 1), RESCIND_OUT_OF_MEM);
    rescind_kernel_starve(k, UINT32_MAX);
    begin(k, child, CALL(RESCIND_SYS_PAGEFAULT, 0x10000000, 1));
    expect_waiting(k, child);
    expect(k, A, kit_revoke(80, 2, true), RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_vpe_state(k, child), RESCIND_VPE_ENDED);
    got = receive(k);
    reply(k, got.data[0], CALL(RESCIND_NO_ERROR));
    assert_int_equal(pool_used(k), used + 1); /* A's copy of the gate */
    free_kernel(k);
}

static void a_fault_waits_for_a_revocation_that_takes_its_pager(void **state)
{
    struct rescind_kernel *k = new_service(1);
    const uint32_t child = VPES;
    uint32_t cap;

    (void)state;
    start_child(k);
    expect(k, S, kit_delegate(sel_of(B), GATE, GATE, 1), RESCIND_NO_ERROR);
    cap = table_find(k, table_of(child, TABLE_ENDPOINTS), 3);
    kit_send(k, S, kit_revoke(GATE, 1, true));
    while (!(cap_at(k, cap)->flags & CAP_MARKED))
        kit_work(k, S);
    kit_send(k, child, CALL(RESCIND_SYS_PAGEFAULT, 0x10000000, 1));
    expect_waiting(k, child);
    rest(k);
    expect_answer(k, S, RESCIND_NO_ERROR);
    expect_answer(k, child, RESCIND_NO_MAPPING);
    expect_nothing(k);
    free_kernel(k);
}

/* ---- Memory ------------------------------------------------------------------------------- */

/* `vpe` begins the call with as many nodes as are `left`. */
static void starved(struct rescind_kernel *k, uint32_t vpe, struct message m, uint32_t left)
{
    rescind_kernel_starve(k, left);
    begin(k, vpe, m);
    rescind_kernel_starve(k, UINT32_MAX);
}

static void without_memory_a_call_fails_and_leaves_nothing(void **state)
{
    struct rescind_kernel *k = new_service(0);
    struct state before;
    struct message opened = CALL(RESCIND_NO_ERROR, IDENT);
    uint64_t id;

    (void)state;
    before = state_of(k);
    for (uint32_t left = 0; left < 3; left++) {
        starved(k, S, createsrv(GATE, 30, "pipes"), left);
        expect_answer(k, S, RESCIND_OUT_OF_MEM);
        assert_state(k, before);
    }
    for (uint32_t left = 0; left < 2; left++) {
        starved(k, S, CALL(RESCIND_SYS_CREATESESSAT, SRV, 30, 1), left);
        expect_answer(k, S, RESCIND_OUT_OF_MEM);
        starved(k, A, createsess(RESCIND_SEL_VPE, SESS, "files"), left);
        expect_answer(k, A, RESCIND_OUT_OF_MEM);
        assert_state(k, before);
    }
    /* There is none when the session comes: it is closed again. */
    begin(k, A, createsess(RESCIND_SEL_VPE, SESS, "files"));
    id = expect_question(k, RESCIND_SERVICE_OPEN, 0, 0);
    starved(k, S, reply_bytes(id, opened.bytes, opened.size), 0);
    expect_answer(k, S, RESCIND_NO_ERROR);
    expect_answer(k, A, RESCIND_OUT_OF_MEM);
    expect_close(k, IDENT);
    assert_state(k, before);
    open_session(k, A, IDENT);
    before = state_of(k);
    /* The last selector is one like any other. */
    begin(k, A, with_session(RESCIND_SYS_OBTAIN, RESCIND_SEL_VPE, SESS, UINT32_MAX, 1));
    id = expect_question(k, RESCIND_SERVICE_OBTAIN, IDENT, 1);
    expect(k, S, reply_bytes(id, range(0, GATE, 1).bytes, range(0, GATE, 1).size),
           RESCIND_NO_ERROR);
    expect_answer(k, A, RESCIND_NO_ERROR);
    expect(k, A, kit_revoke(UINT32_MAX, 1, true), RESCIND_NO_ERROR);
    starved(k, A, with_session(RESCIND_SYS_OBTAIN, RESCIND_SEL_VPE, SESS, 50, 1), 0);
    expect_answer(k, A, RESCIND_OUT_OF_MEM);
    assert_state(k, before);
    begin(k, A, with_session(RESCIND_SYS_OBTAIN, RESCIND_SEL_VPE, SESS, 50, 1));
    id = expect_question(k, RESCIND_SERVICE_OBTAIN, IDENT, 1);
    starved(k, S, reply_bytes(id, range(0, GATE, 1).bytes, range(0, GATE, 1).size), 0);
    expect_answer(k, S, RESCIND_NO_ERROR);
    expect_answer(k, A, RESCIND_OUT_OF_MEM);
    assert_state(k, before);
    /* The end of a session needs none. */
    rescind_kernel_starve(k, 0);
    expect(k, A, kit_revoke(SESS, 1, true), RESCIND_NO_ERROR);
    expect_close(k, IDENT);
    free_kernel(k);
}

/* ---- Everything at once ------------------------------------------------------------------- */

/* VPEs that call whatever comes to their minds, in whatever order the kernel is let work. */
struct walk {
    struct rescind_kernel *k;
    struct random random;
    uint64_t id; /* of the message that S has received last */
};

static uint32_t pick(struct walk *w, uint32_t n)
{
    return random_next(&w->random) % n;
}

static struct message some_answer(struct walk *w)
{
    switch (pick(w, 6)) {
    case 0:
        return CALL(pick(w, 30));
    case 1:
        return range(pick(w, 2), pick(w, 60), pick(w, 4));
    case 2:
    case 3:
        return range(0, pick(w, 2) ? GATE : 60, 1 + pick(w, 3));
    default:
        return CALL(RESCIND_NO_ERROR, pick(w, 1000));
    }
}

static struct message some_call_of_service(struct walk *w)
{
    struct message m;

    switch (pick(w, 16)) {
    case 0:
        return kit_creategate(GATE);
    case 1:
    case 2:
        return createsrv(GATE, SRV + pick(w, 2), pick(w, 2) ? "files" : "pipes");
    case 3:
        return kit_revoke(pick(w, 2) ? GATE : SRV, 1 + pick(w, 3), pick(w, 2));
    case 4:
        return CALL(RESCIND_SYS_CREATESESSAT, SRV, 100 + pick(w, 5), pick(w, 9));
    case 5:
        return kit_revoke(100, 10, pick(w, 2));
    case 6:
        return pick(w, 4) ? attachrb(2, 0, 1, 8) : CALL(RESCIND_SYS_DETACHRB, RESCIND_SEL_VPE, 2);
    case 7:
        return attachrb(2, 0, 1, 8);
    case 8:
        return CALL(RESCIND_SYS_ACK, 2, w->id);
    case 9:
        return kit_delegate(sel_of(1 + pick(w, 3)), 100 + pick(w, 3), SESS + pick(w, 3), 1);
    case 10:
    case 11:
    case 12:
        m = some_answer(w);
        return reply_bytes(w->id, m.bytes, m.size);
    default:
        return CALL(RESCIND_SYS_RECEIVE, 2, 0);
    }
}

static struct message some_call_of_client(struct walk *w)
{
    uint32_t vpe = pick(w, 3) ? RESCIND_SEL_VPE : sel_of(pick(w, VPES));

    switch (pick(w, 8)) {
    case 0:
        return kit_revoke(SESS + pick(w, 3), 1 + pick(w, 3), true);
    case 1:
        return kit_creategate(60 + pick(w, 3));
    case 2:
        return kit_revoke(60, 5, true);
    case 3:
        return kit_delegate(sel_of(pick(w, VPES)), SESS + pick(w, 3), SESS + pick(w, 3), 1);
    case 4:
    case 5:
        return with_session(pick(w, 2) ? RESCIND_SYS_OBTAIN : RESCIND_SYS_DELEGATE, vpe,
                            SESS + pick(w, 3), 60, 1 + pick(w, 3));
    default:
        return createsess(vpe, SESS + pick(w, 3), pick(w, 2) ? "files" : "pipes");
    }
}

/* One event. */
static void walk_on(struct walk *w)
{
    uint32_t vpe = pick(w, VPES), turns = pick(w, 4);
    int32_t task = rescind_kernel_ready(w->k);
    struct answer answer;

    if (task >= 0 && pick(w, 3) != 0) {
        for (; turns > 0 && rescind_kernel_ready_after(w->k, (uint32_t)task) >= 0; turns--)
            task = rescind_kernel_ready_after(w->k, (uint32_t)task);
        kit_work(w->k, (uint32_t)task);
    } else if (rescind_kernel_vpe_state(w->k, vpe) == RESCIND_VPE_RUNNING) {
        kit_send(w->k, vpe, vpe == S ? some_call_of_service(w) : some_call_of_client(w));
    } else if (pick(w, 200) == 0) {
        rescind_kernel_end(w->k, vpe, 1);
    }
    kit_audit(w->k);
    for (vpe = 0; vpe < VPES; vpe++) {
        answer = answer_of(w->k, vpe);
        if (vpe == S && answer.there && answer.words >= 4)
            w->id = answer.data[0];
    }
}

static void whatever_happens_nothing_is_left_in_the_end(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 150; seed++) {
        struct walk w = {.k = new_service(1 + seed % 3)};

        random_init(&w.random, seed);
        for (int i = 0; i < 1000; i++)
            walk_on(&w);
        for (uint32_t vpe = 0; vpe < VPES; vpe++)
            rescind_kernel_end(w.k, vpe, 1);
        rest(w.k);
        for (uint32_t vpe = 0; vpe < VPES; vpe++)
            assert_int_equal(rescind_kernel_vpe_state(w.k, vpe), RESCIND_VPE_ENDED);
        assert_int_equal(pool_used(w.k), 0);
        free_kernel(w.k);
    }
}

/* Names stand in a table of the kernel's own, which is nobody's to see; and what is no stub has
 * nothing above it on another kernel. */
static void the_walk_leaves_out_names(void **state)
{
    struct rescind_kernel *k = new_service(0);
    struct rescind_kernel_cap cap;
    uint32_t at = 0, depth, seen = 0, there = 0;
    bool met = false;

    (void)state;
    open_session(k, A, IDENT);
    for (uint32_t vpe = 0; vpe < VPES; vpe++)
        there += kit_count(k, vpe);
    while (rescind_kernel_walk(k, &at, &depth, &cap)) {
        assert_true(cap.vpe < VPES);
        met |= cap.vpe == A && cap.sel == SESS;
        seen += cap.kind == RESCIND_TABLE_OBJECT;
    }
    assert_int_equal(seen, there);
    assert_true(met);
    assert_false(rescind_kernel_above_stub(k, 0, &cap));
    assert_false(rescind_kernel_above_stub(k, UINT32_MAX, &cap));
    assert_false(rescind_kernel_above_stub(k, kit_at(k, S, GATE), &cap));
    free_kernel(k);
}

/* With a pattern, the tests of that name are left out. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_needs_a_gate_to_its_own_vpe_and_a_name),
        cmocka_unit_test(a_gate_to_who_had_its_number_before_is_not_to_itself),
        cmocka_unit_test(a_name_is_free_again_when_its_service_or_its_gate_has_gone),
        cmocka_unit_test(a_name_whose_service_is_being_revoked_is_waited_for),
        cmocka_unit_test(names_fill_their_places_and_no_more),
        cmocka_unit_test(a_service_is_told_what_the_client_says_and_names_the_session),
        cmocka_unit_test(a_session_is_refused_before_the_service_is_asked),
        cmocka_unit_test(a_session_is_denied_by_any_error_and_by_rubbish),
        cmocka_unit_test(a_session_that_has_no_place_any_more_is_closed_again),
        cmocka_unit_test(a_session_with_a_service_that_was_revoked_meanwhile_is_closed_again),
        cmocka_unit_test(a_place_that_is_locked_is_waited_for_and_the_service_asked_anew),
        cmocka_unit_test(a_service_that_ends_answers_all_that_ask_it),
        cmocka_unit_test(sessions_go_with_their_service),
        cmocka_unit_test(a_session_ends_with_its_last_holder),
        cmocka_unit_test(a_client_that_is_killed_leaves_nothing_behind),
        cmocka_unit_test(a_client_that_is_killed_need_not_have_been_answered),
        cmocka_unit_test(what_a_full_endpoint_can_not_take_waits_in_its_order),
        cmocka_unit_test(
            what_waits_at_an_endpoint_that_goes_is_answered_in_as_many_events_as_it_takes),
        cmocka_unit_test(a_slot_that_is_too_small_for_a_question_is_nobody_to_ask),
        cmocka_unit_test(a_service_makes_sessions_itself),
        cmocka_unit_test(a_service_chooses_narrows_and_says_more),
        cmocka_unit_test(an_exchange_is_refused_before_the_service_is_asked),
        cmocka_unit_test(an_exchange_is_denied_by_any_error_by_rubbish_and_by_what_is_not_there),
        cmocka_unit_test(an_exchange_needs_its_session_to_the_end),
        cmocka_unit_test(a_pager_is_told_of_a_fault_and_says_what_has_become_of_it),
        cmocka_unit_test(a_pager_that_ends_maps_nothing),
        cmocka_unit_test(a_fault_needs_a_node_and_none_when_its_vpe_is_killed),
        cmocka_unit_test(a_fault_waits_for_a_revocation_that_takes_its_pager),
        cmocka_unit_test(without_memory_a_call_fails_and_leaves_nothing),
        cmocka_unit_test(whatever_happens_nothing_is_left_in_the_end),
        cmocka_unit_test(the_walk_leaves_out_names),
    };
    if (argc > 1)
        cmocka_set_skip_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
