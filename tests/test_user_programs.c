/* The programs of src/user/ against a kernel that is none: whatever it answers they end, say what
 * was not as it should be, and do not claim to be content. The echo service, told by a script. And
 * all of them on a true kernel, where one finds one of its replies changed.
 *
 * How they get on with each other where nothing is changed, tests/programs.py shows.
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
#include "rescind/sim.h"
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
    uint64_t port; /* what is read of every port */
    uint32_t port_outs;
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
    } else if (opcode == RESCIND_SYS_PORT_OUT) {
        f->port_outs++;
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
    else if (word(&m, 0) == RESCIND_SYS_PORT_IN)
        answer(f, (const uint64_t[]){RESCIND_NO_ERROR, f->port}, 2);
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
                                        "pingpong_reader", "family_parent", "family_child",
                                        "serial_echo"};

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

/* ---- A serial port ------------------------------------------------------------------------ */

enum { INTERRUPT = 0x5e41a1, SET_UP = 8, SHUT_DOWN = 2, LONGEST = 255 };

static const struct incoming interrupt[] = {{INTERRUPT, {1, 0}, 16}};

static void a_line_of_no_end_is_cut(void **state)
{
    struct fake *f = fake_new();

    (void)state;
    f->good = UINT32_MAX;
    f->script = interrupt;
    f->port = '!'; /* as status: a byte has come, and one may be sent */
    assert_int_equal(run(f, "serial_echo"), 0);
    assert_true(g_str_has_prefix(f->printed->str, "[VPE] has sent back: !!!!"));
    assert_int_equal(f->port_outs, SET_UP + LONGEST + 1 + SHUT_DOWN);
    fake_free(f);
}

static void a_port_that_never_sends_is_given_up(void **state)
{
    struct fake *f = fake_new();

    (void)state;
    f->good = UINT32_MAX;
    f->script = interrupt;
    f->port = 1; /* as status: a byte has come, and the one before has not been sent */
    assert_int_equal(run(f, "serial_echo"), 1);
    assert_string_equal(f->printed->str, "[VPE] not so: the port can send\n");
    assert_int_equal(f->port_outs, SET_UP);
    fake_free(f);
}

/* ---- A reply that was changed ------------------------------------------------------------- */

enum { VPES = 4, MEMORY = 1 << 17, NODES = 400, WORDS = 8, WAITS_MAX = 100 };
enum { PORT = 0x3e8, PORTS = 8, PORT_LINE = 10, OTHER_SEL = 2, LINE_SEL = 4, PORTS_SEL = 5 };

/* Who is there; what each finds at the start, src/user/ says. */
struct scene {
    const char *programs[VPES];
    const char *names[VPES];
    bool grant, children, serial;
};

static const struct scene scenes[] = {
    {{"echo_service", "echo_client", "echo_client"}, {"S", "C", "D"}, .grant = false},
    {{"pingpong_writer", "pingpong_reader"}, {"W", "R"}, .grant = true},
    {{"family_parent", "family_child", "family_child", "family_child"},
     {"P", "CHILD0", "CHILD1", "CHILD2"},
     .children = true},
    {{"serial_echo"}, {"D"}, .serial = true},
};

/* A program, and which of its replies (PRINT's aside) comes changed. */
struct victim {
    rescind_program *run;
    void (*wait)(struct rescind_env *env, bool idle);
    uint32_t waits;   /* with WAITS_MAX it stays there: what it waits for does not come any more */
    uint32_t replies; /* so far */
    uint32_t which;   /* counted from 0 */
    uint32_t at;      /* the word, */
    uint64_t by;      /* and what of it is turned */
    uint64_t opcode;  /* of the call that this was the reply to, */
    uint32_t words;   /* and so many it had, of the first WORDS */
};

static uint64_t last_opcode(const struct rescind_env *env)
{
    const uint32_t last = (env->syscalls->head + RESCIND_RING_SLOTS - 1) % RESCIND_RING_SLOTS;
    uint64_t opcode;

    memcpy(&opcode, ring_place(env->syscalls, last).header + 1, sizeof(opcode));
    return opcode;
}

static void change(struct victim *v, struct rescind_header *header)
{
    uint64_t words[WORDS];

    v->words = MIN(header->length / (uint32_t)sizeof(uint64_t), (uint32_t)WORDS);
    memcpy(words, header + 1, sizeof(words));
    words[v->at] ^= v->by;
    memcpy(header + 1, words, sizeof(words));
}

static void victim_wait(struct rescind_env *env, bool idle)
{
    struct victim *v = rescind_sim_argument(env);
    struct ring_place place;

    do
        v->wait(env, idle || v->waits == WAITS_MAX);
    while (v->waits == WAITS_MAX);
    v->waits++;
    if (ring_front(env->replies, &place) != RING_MESSAGE || last_opcode(env) == RESCIND_SYS_PRINT)
        return;
    if (v->replies++ == v->which) {
        v->opcode = last_opcode(env);
        change(v, place.header);
    }
}

static int victim_run(struct rescind_env *env)
{
    struct victim *v = rescind_sim_argument(env);

    v->wait = env->wait;
    env->wait = victim_wait;
    return v->run(env);
}

static void keep(void *context, const char *text, size_t size)
{
    g_string_append_len(context, text, (gssize)size);
}

static struct rescind_sim *set_up(const struct scene *scene, struct victim *victims,
                                  GString *printed, bool audit)
{
    struct rescind_sim *sim =
        rescind_sim_new(&(struct rescind_sim_options){.seed = 1,
                                                      .audit = audit,
                                                      .print = keep,
                                                      .print_context = printed,
                                                      .nodes = NODES,
                                                      .memory = MEMORY});

    for (int i = 0; i < VPES && scene->programs[i] != NULL; i++) {
        const char *name = scene->names[i];

        victims[i].run = program(scene->programs[i]);
        assert_int_equal(scene->children && i > 0
                             ? rescind_sim_child(sim, 0, name, victim_run, &victims[i])
                             : rescind_sim_add_vpe(sim, name, victim_run, &victims[i]),
                         i);
    }
    if (scene->grant)
        assert_int_equal(rescind_sim_grant(sim, 0, OTHER_SEL, 1), RESCIND_NO_ERROR);
    if (scene->serial) {
        assert_true(rescind_sim_serial(sim, PORT, "hello\n", 6));
        assert_int_equal(rescind_sim_irq(sim, 0, LINE_SEL, PORT_LINE), RESCIND_NO_ERROR);
        assert_int_equal(rescind_sim_ports(sim, 0, PORTS_SEL, PORT, PORTS), RESCIND_NO_ERROR);
    }
    return sim;
}

/* Has it said that something was not as it should be? */
static bool complains(const GString *printed, const char *name)
{
    char **lines = g_strsplit(printed->str, "\n", -1);
    char *start = g_strdup_printf("[%s] ", name);
    bool found = false;

    for (int i = 0; lines[i] != NULL; i++)
        found |= g_str_has_prefix(lines[i], start) &&
                 (strstr(lines[i], ": expected ") != NULL || strstr(lines[i], "not so: ") != NULL);
    g_strfreev(lines);
    g_free(start);
    return found;
}

/* Runs it: the kernel's invariants (which take their time) hold whatever becomes of the programs,
 * and who has complained is not content. Has this one? */
static bool notices(const struct scene *scene, int place, struct victim *v)
{
    struct victim victims[VPES];
    GString *printed = g_string_new(NULL);
    struct rescind_sim *sim;
    bool complaint;
    int value;

    for (int i = 0; i < VPES; i++)
        victims[i] = (struct victim){.which = UINT32_MAX};
    victims[place] = *v;
    sim = set_up(scene, victims, printed, v->at == 0);
    if (rescind_sim_run(sim) == RESCIND_SIM_BROKEN)
        fail_msg("%s", rescind_sim_message(sim));
    complaint = complains(printed, scene->names[place]);
    if (rescind_sim_returned(sim, place, &value) && (value != 0) != complaint)
        fail_msg("%s returns %d and says %s", scene->programs[place], value, printed->str);
    rescind_sim_free(sim);
    g_string_free(printed, TRUE);
    *v = victims[place];
    return complaint;
}

/* Words of replies that a program does not look at, or can't know what they should be. */
#define WORD(number) (1u << (number))
static const struct {
    const char *program;
    uint64_t opcode;
    uint32_t words;
} indifferent[] = {
    {"echo_service", RESCIND_SYS_CREATEGATE, WORD(0)}, /* then it opens no session */
    {"echo_service", RESCIND_SYS_RECEIVE, ~WORD(0)},   /* it serves whoever says whatever */
    {"echo_client", RESCIND_SYS_RECEIVE, WORD(1)},
    {"pingpong_writer", RESCIND_SYS_RECEIVE, WORD(3) | WORD(4)},
    {"pingpong_writer", RESCIND_SYS_READ, WORD(1)},
    {"pingpong_reader", RESCIND_SYS_RECEIVE, WORD(1) | WORD(2) | WORD(4)},
    {"pingpong_reader", RESCIND_SYS_READ, WORD(1)},
    {"family_parent", RESCIND_SYS_RECEIVE, WORD(1)},
    {"family_parent", RESCIND_SYS_READ, WORD(1)},
    {"family_parent", RESCIND_SYS_CREATEVPE, WORD(1)},
    {"family_child", RESCIND_SYS_WRITE, WORD(0)}, /* it tells its parent */
    {"family_child", RESCIND_SYS_RECEIVE, WORD(2) | WORD(3) | WORD(5) | WORD(6)},
    {"serial_echo", RESCIND_SYS_RECEIVE, WORD(3) | WORD(5) | WORD(6)},
    {"serial_echo", RESCIND_SYS_PORT_IN, WORD(1)},
};

static bool is_indifferent(const char *name, const struct victim *v)
{
    for (size_t i = 0; i < G_N_ELEMENTS(indifferent); i++) {
        if (strcmp(indifferent[i].program, name) == 0 && indifferent[i].opcode == v->opcode &&
            (indifferent[i].words & WORD(v->at)) != 0)
            return true;
    }
    return false;
}

/* In each word of each of a program's replies, one after the other. */
static void try_program(const struct scene *scene, int place)
{
    const char *name = scene->programs[place];
    struct victim v;
    uint32_t which = 0;

    do {
        uint32_t at = 0;
        do {
            v = (struct victim){.which = which, .at = at, .by = at == 0 ? RESCIND_OUT_OF_MEM : 1};
            if (!notices(scene, place, &v) && at < v.words && !is_indifferent(name, &v))
                fail_msg("%s does not notice that word %u of its reply %u, to call %u, is another",
                         name, at, which, (unsigned)v.opcode);
        } while (++at < v.words);
    } while (v.replies > which++);
    assert_true(which > 1);
}

static void a_program_notices_that_a_reply_was_changed(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(scenes); i++) {
        for (int place = 0; place < VPES && scenes[i].programs[place] != NULL; place++)
            try_program(&scenes[i], place);
    }
}

static void an_error_that_there_is_not_has_no_name(void **state)
{
    struct fake *f = fake_new();

    (void)state;
    f->error = (enum rescind_error)4711;
    assert_int_not_equal(run(f, "pingpong_writer"), 0);
    assert_string_equal(f->printed->str, "[VPE] ATTACHRB: expected ok, got no error code\n");
    fake_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_that_gets_an_error_ends_and_says_so),
        cmocka_unit_test(who_asks_again_gives_up_at_last),
        cmocka_unit_test(the_echo_service_opens_gives_echoes_and_closes),
        cmocka_unit_test(a_line_of_no_end_is_cut),
        cmocka_unit_test(a_port_that_never_sends_is_given_up),
        cmocka_unit_test(a_program_notices_that_a_reply_was_changed),
        cmocka_unit_test(an_error_that_there_is_not_has_no_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
