/* The programs of src/user/ against a kernel that is none: whatever it answers they end, say what
 * was not as it should be, and do not claim to be content. And the echo service, told by a script.
 *
 * How they get on with each other on a true kernel, tests/programs.py shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "dtu/endpoint.h"
#include "dtu/ring.h"
#include "rescind/user.h"
#include "user/programs.h"

/* ---- The fake ----------------------------------------------------------------------------- */

enum { ERRORS = 22, CALLS = 40, SERVICE_EP = 2 };

/* What the script's VPEs and kernel send to the service. */
struct incoming {
    uint64_t label;
    uint64_t words[5];
    size_t size;
};

struct fake {
    struct rescind_env env;
    struct rescind_ring *rings[2];
    uint32_t calls;           /* but PRINT */
    uint32_t good;            /* so many of them are answered with zeros, */
    enum rescind_error error; /* and the others with this */
    GString *printed;
    uint64_t exit_code;
    jmp_buf exited;
    const struct incoming *script; /* NULL: RECEIVE is answered as everything else */
    uint32_t next;                 /* of the script */
    GByteArray *replies;           /* the data of each REPLY */
    GArray *revoked;               /* selectors, uint32_t */
    uint32_t acks;
};

static uint64_t word(const struct ring_message *m, size_t at)
{
    uint64_t value;

    memcpy(&value, m->payload + 8 * at, sizeof(value));
    return value;
}

static void answer(struct fake *f, const uint64_t *words, size_t count)
{
    uint32_t credits = 0;
    const struct endpoint kernel = {.number = RESCIND_EP_REPLY, .credits = &credits};

    assert_int_equal(endpoint_reply(&kernel, f->rings[1], 0, words, 8 * count), RESCIND_NO_ERROR);
}

static void hand_out(struct fake *f)
{
    const struct incoming *in = &f->script[f->next++];
    uint64_t words[10] = {RESCIND_NO_ERROR, f->next, in->label, 0, in->size};

    memcpy(words + 5, in->words, sizeof(in->words));
    answer(f, words, G_N_ELEMENTS(words));
}

/* What the script's service says. */
static void take_note(struct fake *f, const struct ring_message *m)
{
    const uint64_t opcode = word(m, 0);

    if (opcode == RESCIND_SYS_REPLY) {
        assert_true(word(m, 1) == SERVICE_EP && word(m, 2) == f->next);
        g_byte_array_append(f->replies, m->payload + 32, (guint)word(m, 3));
    } else if (opcode == RESCIND_SYS_ACK) {
        assert_true(word(m, 1) == SERVICE_EP && word(m, 2) == f->next);
        f->acks++;
    } else if (opcode == RESCIND_SYS_REVOKE) {
        uint32_t sel = (uint32_t)(word(m, 1) >> 32);
        g_array_append_val(f->revoked, sel);
    }
}

static void fake_wait(struct rescind_env *env, bool idle)
{
    struct fake *f = env->host;
    struct ring_message m;
    const uint64_t nothing[60] = {0}, error = f->error;

    assert_false(idle);
    if (ring_fetch(f->rings[0], &m) != RING_MESSAGE)
        return; /* it has yielded */
    if (word(&m, 0) == RESCIND_SYS_PRINT) {
        g_string_append_len(f->printed, (const char *)m.payload + 16, (gssize)word(&m, 1));
        answer(f, nothing, 1);
        return;
    }
    if (word(&m, 0) == RESCIND_SYS_EXIT) {
        f->exit_code = word(&m, 1);
        longjmp(f->exited, 1);
    }
    take_note(f, &m);
    if (++f->calls > f->good)
        answer(f, &error, 1);
    else if (word(&m, 0) == RESCIND_SYS_RECEIVE && f->script != NULL)
        hand_out(f);
    else
        answer(f, nothing, G_N_ELEMENTS(nothing));
}

static struct fake *fake_new(void)
{
    struct fake *f = g_new0(struct fake, 1);

    for (int i = 0; i < 2; i++) {
        f->rings[i] = g_malloc(RING_BYTES);
        ring_init(f->rings[i]);
    }
    f->printed = g_string_new(NULL);
    f->replies = g_byte_array_new();
    f->revoked = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    f->env = (struct rescind_env){
        .syscalls = f->rings[0],
        .replies = f->rings[1],
        .credits = 1,
        .name = "VPE",
        .wait = fake_wait,
        .host = f,
    };
    return f;
}

static void fake_free(struct fake *f)
{
    g_free(f->rings[0]);
    g_free(f->rings[1]);
    g_string_free(f->printed, TRUE);
    g_byte_array_free(f->replies, TRUE);
    g_array_free(f->revoked, TRUE);
    g_free(f);
}

static rescind_program *program(const char *name)
{
    for (unsigned i = 0; i < user_program_count; i++) {
        if (strcmp(user_programs[i].name, name) == 0)
            return user_programs[i].run;
    }
    fail_msg("there is no program %s", name);
    return NULL;
}

/* What it has returned, or given to EXIT. */
static uint64_t run(struct fake *f, const char *name)
{
    if (setjmp(f->exited) != 0)
        return f->exit_code;
    return (uint64_t)program(name)(&f->env);
}

/* ---- Whatever the kernel answers ---------------------------------------------------------- */

static void fails_and_says_so(const char *name, uint32_t good, enum rescind_error error)
{
    struct fake *f = fake_new();

    f->good = good;
    f->error = error;
    if (run(f, name) == 0)
        fail_msg("%s is content, with error %d from call %u on", name, error, good + 1);
    if (strstr(f->printed->str, ": expected ") == NULL &&
        strstr(f->printed->str, "not so: ") == NULL)
        fail_msg("%s does not say what was wrong, with error %d from call %u on: %s", name, error,
                 good + 1, f->printed->str);
    assert_true(g_str_has_prefix(f->printed->str, "[VPE] "));
    assert_true(g_str_has_suffix(f->printed->str, "\n"));
    fake_free(f);
}

static void a_program_that_gets_an_error_ends_and_says_so(void **state)
{
    static const char *const names[] = {"echo_service",    "echo_client",   "pingpong_writer",
                                        "pingpong_reader", "family_parent", "family_child"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        for (uint32_t good = 0; good < CALLS; good += good < 12 ? 1 : 9) {
            fails_and_says_so(names[i], good, RESCIND_OUT_OF_MEM);
            fails_and_says_so(names[i], good, RESCIND_RECV_GONE);
        }
        for (int error = 1; error <= ERRORS; error++) {
            if (error != RESCIND_INV_ARGS) /* a client's reason to ask again, very often */
                fails_and_says_so(names[i], 2, (enum rescind_error)error);
        }
    }
}

static void who_asks_again_gives_up_at_last(void **state)
{
    (void)state;
    fails_and_says_so("echo_client", 0, RESCIND_INV_ARGS);
    fails_and_says_so("pingpong_reader", 1, RESCIND_INV_ARGS);
}

/* ---- The echo service --------------------------------------------------------------------- */

enum { OPEN, OBTAIN, DELEGATE, CLOSE, KERNEL = 0 /* label */ };

/* The answers to it are in the test below. */
static const struct incoming conversation[] = {
    {KERNEL, {OPEN, 0, 0, 0, 0x41}, 33},     /* by "A" */
    {KERNEL, {OPEN, 0, 0, 0}, 32},           /* by somebody without a name */
    {KERNEL, {OPEN, 0, 0, 0}, 32},           /* one too many */
    {KERNEL, {OBTAIN, 2, 0, 3, 0x4242}, 34}, /* asks for three, and says "BB" */
    {KERNEL, {OBTAIN, 2, 1, 1}, 32},         /* of the mapping table */
    {KERNEL, {DELEGATE, 1, 0, 1}, 32},
    {2, {0x6f6c6c6568}, 5}, /* "hello" */
    {1, {0}, 0},
    {KERNEL, {CLOSE, 2, 0, 0}, 32},
    {KERNEL, {CLOSE, 1, 0, 0}, 32},
};

static void the_echo_service_opens_gives_echoes_and_closes(void **state)
{
    const struct __attribute__((packed)) {
        uint64_t opened[2], opened_too[2], refused[2], given[3];
        char said[2];
        uint64_t wrong_table, unknown;
        char echo[5];
    } replies = {
        .opened = {RESCIND_NO_ERROR, 1},
        .opened_too = {RESCIND_NO_ERROR, 2},
        .refused = {RESCIND_NO_SPACE, 3},
        .given = {RESCIND_NO_ERROR, 22ull << 32 | RESCIND_TABLE_OBJECT, 1},
        .said = "BB",
        .wrong_table = RESCIND_INV_ARGS,
        .unknown = RESCIND_NOT_SUP,
        .echo = "hello",
    };
    const uint32_t revoked[] = {22, 21, 11};
    struct fake *f = fake_new();

    (void)state;
    f->good = UINT32_MAX;
    f->script = conversation;
    if (run(f, "echo_service") != 0)
        fail_msg("%s", f->printed->str);
    assert_int_equal(f->next, G_N_ELEMENTS(conversation));
    assert_int_equal(f->replies->len, sizeof(replies));
    assert_memory_equal(f->replies->data, &replies, sizeof(replies));
    assert_int_equal(f->acks, 2);
    assert_int_equal(f->revoked->len, G_N_ELEMENTS(revoked));
    assert_memory_equal(f->revoked->data, revoked, sizeof(revoked));
    assert_string_equal(f->printed->str, "[VPE] opens a session for A\n"
                                         "[VPE] opens a session for \n"
                                         "[VPE] a session is closed, and its gate revoked\n"
                                         "[VPE] a session is closed, and its gate revoked\n"
                                         "[VPE] messages echoed: 2\n");
    fake_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_that_gets_an_error_ends_and_says_so),
        cmocka_unit_test(who_asks_again_gives_up_at_last),
        cmocka_unit_test(the_echo_service_opens_gives_echoes_and_closes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
