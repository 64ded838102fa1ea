/* What others can do to how long a VPE's call takes.
 *
 * The machine here goes round as the PC's loop does: each VPE has a turn, in which the kernel takes
 * its message if it has one, and then does one piece of the work that is ready. A call is made
 * while all others (foes) hold still, and again while they do the worst that they can, from every
 * moment of that on. It then takes at most FACTOR times as many events, none of which does more
 * work than the kernel's configuration says (kit.c looks at each). Nothing looks at a clock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/task.h"
#include "tests/calls.h"
#include "tests/system.h"

/* VPEs of the boot configuration, and numbers for as many children. */
enum { VICTIM, FRIEND, FOE, VPES = 6, LIMIT = 9 };

/* Each piece of a call's work waits for at most one piece of each other call and of the kernel's
 * own task; each of those follows a turn, in which there may be a message. */
enum { FACTOR = 2 * (LIMIT + 1) };

enum { QUOTA = 450, MEMORY = 2 << 20, MOMENTS = 30, EVENTS_MAX = 200000 };
/* GATES gates of the victim's at GATE, of which all others have copies at GIVEN, and the foes more,
 * each below the last, from BELOW on; and of everybody's own at OWN, which nobody else has. */
enum { GATES = 20, RANGES = 8, GATE = 100, GIVEN = 200, OWN = 300, MEM = 400 };
enum { COPY = 1000, BELOW = 10000, SPARE = 100000 };
enum { TO_FRIEND = 2, TO_FOE = 3, RB = 4, EP = 5, NONE = RESCIND_NONE };

struct scene;
/* The next message of `foe`, whose `step`th it is. */
typedef struct message attack(struct scene *s, uint32_t foe, uint32_t step);

struct scene {
    struct rescind_kernel *k;
    attack *attack; /* NULL: the foes hold still */
    uint32_t step[VPES];
    bool calling[VPES];
    uint64_t events;
    struct random dice;
};

/* ---- The machine --------------------------------------------------------------------------- */

static void send(struct scene *s, uint32_t vpe, struct message message)
{
    kit_send(s->k, vpe, message);
    s->calling[vpe] = true;
    s->events++;
}

static void take_answer(struct scene *s, uint32_t vpe)
{
    struct answer answer;

    if (calls_answer(s->k, vpe, &answer))
        s->calling[vpe] = false;
}

static void foe_turn(struct scene *s, uint32_t foe)
{
    take_answer(s, foe);
    if (s->attack != NULL && !s->calling[foe] &&
        rescind_kernel_vpe_state(s->k, foe) == RESCIND_VPE_RUNNING)
        send(s, foe, s->attack(s, foe, s->step[foe]++));
}

/* Behind each turn. */
static void piece(struct scene *s)
{
    if (rescind_kernel_ready(s->k) >= 0) {
        kit_work_first(s->k);
        s->events++;
    }
}

static void round_of_foes(struct scene *s)
{
    piece(s); /* the friend's turn, who has nothing to say */
    for (uint32_t foe = FOE; foe < VPES; foe++) {
        foe_turn(s, foe);
        piece(s);
    }
}

/* The victim's call, from its message to its answer, in events. */
static uint64_t events_of(struct scene *s, struct message message)
{
    uint64_t begin = s->events;
    struct answer answer;

    send(s, VICTIM, message);
    while (!calls_answer(s->k, VICTIM, &answer)) {
        piece(s);
        round_of_foes(s);
        assert_true(s->events - begin < EVENTS_MAX);
    }
    assert_int_equal(answer.error, RESCIND_NO_ERROR);
    return s->events - begin;
}

static void rest(struct scene *s)
{
    s->attack = NULL;
    for (uint32_t i = 0; i < EVENTS_MAX && rescind_kernel_ready(s->k) >= 0; i++)
        kit_work_first(s->k);
    for (uint32_t foe = FOE; foe < VPES; foe++)
        take_answer(s, foe);
    assert_true(rescind_kernel_ready(s->k) < 0);
    kit_audit(s->k);
}

/* ---- What foes do -------------------------------------------------------------------------- */

static struct message call_all_the_time(struct scene *s, uint32_t foe, uint32_t step)
{
    (void)s, (void)foe, (void)step;
    return kit_noop();
}

/* Any opcode but EXIT, any words, of any length. */
static struct message send_rubbish(struct scene *s, uint32_t foe, uint32_t step)
{
    struct message m;
    uint32_t opcode = random_next(&s->dice) % 46, words = random_next(&s->dice) % 12;

    (void)foe, (void)step;
    message_begin(&m, opcode == RESCIND_SYS_EXIT ? RESCIND_SYS_REVOKE : opcode);
    for (uint32_t i = 0; i < words; i++) {
        uint32_t word = random_next(&s->dice);
        message_u64(&m, word % 3 == 0 ? word % 8 : word % 3 == 1 ? word >> 20 : word);
    }
    return m;
}

/* Copies of its own gates, GATES at a time; and one revocation of all of them. */
static struct message grow_and_cut(struct scene *s, uint32_t foe, uint32_t step)
{
    uint32_t i = step % (RANGES + 1);

    (void)s, (void)foe;
    return i == 0 ? kit_revoke(OWN, GATES, false) : kit_delegate(0, OWN, COPY * i, GATES);
}

/* The same one below the other, so that there are paths of RANGES. */
static struct message grow_deep_and_cut(struct scene *s, uint32_t foe, uint32_t step)
{
    uint32_t i = step % (RANGES + 1);

    (void)s, (void)foe;
    return i == 0   ? kit_revoke(OWN, GATES, false)
           : i == 1 ? kit_delegate(0, OWN, COPY, GATES)
                    : kit_delegate(0, COPY * (i - 1), COPY * i, GATES);
}

/* Below what the victim has given it. */
static struct message grow_and_cut_below_the_victims(struct scene *s, uint32_t foe, uint32_t step)
{
    uint32_t i = step % (RANGES + 1);

    (void)s, (void)foe;
    return i == 0
               ? kit_revoke(GIVEN, GATES, false)
               : kit_delegate(0, i == 1 ? GIVEN : BELOW + (i - 1) * COPY, BELOW + i * COPY, GATES);
}

/* An EXCHANGE that fails at its last element, where something stands, and has to be undone. */
static struct message fail_at_length(struct scene *s, uint32_t foe, uint32_t step)
{
    (void)s, (void)foe;
    return step == 0 ? kit_delegate(0, OWN, SPARE + GATES - 1, 1)
                     : kit_delegate(0, OWN, SPARE, GATES);
}

static struct message revoke_all_there_is(struct scene *s, uint32_t foe, uint32_t step)
{
    (void)s, (void)foe;
    return step % 3 == 0   ? kit_delegate(0, OWN, COPY, GATES)
           : step % 3 == 1 ? kit_delegate(0, OWN, SPARE, GATES)
                           : kit_revoke(COPY, UINT32_MAX - COPY, true);
}

/* Memory has to be cleared before it is handed out. */
static struct message take_memory(struct scene *s, uint32_t foe, uint32_t step)
{
    (void)s, (void)foe;
    return step % 2 == 0 ? say_reqmem(SPARE, 64 * RESCIND_PAGE) : kit_revoke(SPARE, 1, true);
}

static struct message map_memory(struct scene *s, uint32_t foe, uint32_t step)
{
    static const uint32_t pages = 64;

    (void)s, (void)foe;
    return step == 0       ? say_reqmem(SPARE, pages * RESCIND_PAGE)
           : step % 2 == 1 ? say_createmap(0, SPARE, 0, pages, RESCIND_MAP_FIRST)
                           : kit_revoke(SPARE, 1, false);
}

/* As many as there are numbers left, and all of them are ended. */
static struct message make_vpes(struct scene *s, uint32_t foe, uint32_t step)
{
    uint32_t i = step % 8;

    (void)s, (void)foe;
    return i == 7       ? kit_revoke(SPARE, 6, true)
           : i == 6     ? kit_noop()
           : i % 2 == 0 ? say_createvpe(SPARE + i, SPARE + i + 1)
                        : say_start(SPARE + i - 1);
}

static struct message print(struct scene *s, uint32_t foe, uint32_t step)
{
    static const uint8_t text[400] = {'x'};
    struct message m;

    (void)s, (void)foe, (void)step;
    message_begin(&m, RESCIND_SYS_PRINT);
    assert_true(message_string(&m, text, sizeof text));
    return m;
}

/* To a buffer of the victim's, through a gate that it has been given. */
static struct message send_messages(struct scene *s, uint32_t foe, uint32_t step)
{
    (void)s, (void)foe;
    return step == 0 ? say_activate(EP, NONE, GIVEN) : say_send(EP, 0, step);
}

/* Names of services and sessions with them, of which nothing stays. */
static struct message found_services(struct scene *s, uint32_t foe, uint32_t step)
{
    const uint64_t name = 'A' + foe + (step / 4 % 16) * 256;
    struct message m;

    (void)s;
    if (step % 4 == 3)
        return kit_revoke(SPARE, 3, true);
    if (step % 4 == 0)
        return say_gate(0, SPARE, EP, 1, 1);
    message_begin(&m, step % 4 == 1 ? RESCIND_SYS_CREATESRV : RESCIND_SYS_CREATESESSAT);
    message_u64(&m, step % 4 == 1 ? SPARE : SPARE + 1);
    message_u64(&m, step % 4 == 1 ? SPARE + 1 : SPARE + 2);
    if (step % 4 == 1)
        assert_true(message_string(&m, &name, 2 - (step / 4 % 16 == 0)));
    else
        message_u64(&m, step);
    return m;
}

/* Each in its own way. */
static struct message all_at_once(struct scene *s, uint32_t foe, uint32_t step)
{
    static attack *const some[] = {grow_and_cut_below_the_victims, grow_deep_and_cut, take_memory,
                                   make_vpes};

    return some[foe % 4](s, foe, step);
}

static attack *const attacks[] = {
    call_all_the_time,
    send_rubbish,
    grow_and_cut,
    grow_deep_and_cut,
    fail_at_length,
    grow_and_cut_below_the_victims,
    take_memory,
    revoke_all_there_is,
    map_memory,
    make_vpes,
    print,
    send_messages,
    found_services,
    all_at_once,
};
enum { ATTACKS = sizeof attacks / sizeof attacks[0] };

/* ---- What the victim does ------------------------------------------------------------------ */

static struct message v_noop(void)
{
    return kit_noop();
}

static struct message v_gate(void)
{
    return kit_creategate(SPARE);
}

static struct message v_delegate(void)
{
    return kit_delegate(TO_FRIEND, GATE, SPARE, 1);
}

static struct message v_delegate_many(void)
{
    return kit_delegate(TO_FRIEND, GATE, SPARE, GATES);
}

static struct message v_obtain_many(void)
{
    return kit_obtain(TO_FRIEND, SPARE, GIVEN, GATES);
}

static struct message v_revoke_a_leaf(void)
{
    return kit_revoke(OWN, 1, true);
}

static struct message v_revoke_many(void)
{
    return kit_revoke(OWN, GATES, true);
}

static struct message v_revoke_what_all_hold(void)
{
    return kit_revoke(GATE, GATES, false);
}

static struct message v_reqmem(void)
{
    return say_reqmem(SPARE, 16 * RESCIND_PAGE);
}

static struct message v_createmap(void)
{
    return say_createmap(0, MEM, 0, 16, RESCIND_MAP_FIRST);
}

static struct message v_activate(void)
{
    return say_activate(EP, NONE, GATE);
}

static struct message v_attach(void)
{
    return say_attach(0, RB + 2, 1024, 8, 6);
}

typedef struct message victims_call(void);
static victims_call *const victims_calls[] = {
    v_noop,        v_gate,          v_delegate,    v_delegate_many,
    v_obtain_many, v_revoke_a_leaf, v_revoke_many, v_revoke_what_all_hold,
    v_reqmem,      v_createmap,     v_activate,    v_attach,
};
enum { VICTIMS_CALLS = sizeof victims_calls / sizeof victims_calls[0] };

/* ---- The scene ----------------------------------------------------------------------------- */

/* What foes get is theirs to hand on; they have no capability on anybody. */
static struct rescind_kernel *new_kernel(uint32_t work)
{
    const struct rescind_kernel_config config = {
        .vpes = LIMIT, .nodes = (VPES + 1) * QUOTA, .work = work, .memory = MEMORY, .seed = 7};
    size_t size = rescind_kernel_size(&config);
    void *arena = aligned_alloc(4096, (size + 4095) / 4096 * 4096);
    struct rescind_kernel *k = rescind_kernel_create(arena, size, &config);

    assert_non_null(k);
    for (uint32_t vpe = 0; vpe < VPES; vpe++)
        assert_int_equal(rescind_kernel_boot_vpe(k, RESCIND_ANY_ADDR, RESCIND_VPE_MEMORY),
                         RESCIND_NO_ERROR);
    for (uint32_t vpe = 0; vpe < VPES; vpe++) {
        assert_int_equal(rescind_kernel_boot_quota(k, vpe, QUOTA), RESCIND_NO_ERROR);
        if (vpe != VICTIM)
            assert_int_equal(rescind_kernel_boot_grant(k, VICTIM, TO_FRIEND + vpe - FRIEND, vpe),
                             RESCIND_NO_ERROR);
    }
    return k;
}

static void call(struct rescind_kernel *k, uint32_t vpe, struct message message)
{
    assert_int_equal(kit_call(k, vpe, message), RESCIND_NO_ERROR);
}

static struct scene begin(uint32_t work)
{
    struct scene s = {.k = new_kernel(work)};

    random_init(&s.dice, 5);
    call(s.k, VICTIM, say_attach(0, RB, 0, 8, 6));
    call(s.k, VICTIM, say_reqmem(MEM, 16 * RESCIND_PAGE));
    for (uint32_t i = 0; i < GATES; i++) {
        call(s.k, VICTIM, say_gate(0, GATE + i, RB, i, 2));
        for (uint32_t vpe = 0; vpe < VPES; vpe++)
            call(s.k, vpe, say_gate(0, OWN + i, RB, i, 2));
    }
    for (uint32_t vpe = FRIEND; vpe < VPES; vpe++)
        call(s.k, VICTIM, kit_delegate(TO_FRIEND + vpe - FRIEND, GATE, GIVEN, GATES));
    for (uint32_t i = 1; i <= RANGES; i++) {
        call(s.k, VICTIM, kit_delegate(0, i == 1 ? OWN : (i - 1) * COPY, i * COPY, GATES));
        for (uint32_t foe = FOE; foe < VPES; foe++)
            call(s.k, foe, grow_and_cut_below_the_victims(&s, foe, i));
    }
    return s;
}

static void end(struct scene *s)
{
    rest(s);
    free(s->k);
}

static uint64_t events_alone(uint32_t work, victims_call *what)
{
    struct scene s = begin(work);
    uint64_t events = events_of(&s, what());

    end(&s);
    return events;
}

/* From `moment` rounds behind the beginning of the attack on. */
static uint64_t events_beside(uint32_t work, victims_call *what, attack *attack, uint32_t moment)
{
    struct scene s = begin(work);
    uint64_t events;

    s.attack = attack;
    for (uint32_t i = 0; i < moment; i++) {
        piece(&s);
        round_of_foes(&s);
    }
    events = events_of(&s, what());
    end(&s);
    return events;
}

static void no_call_takes_longer_than_all_others_turns(void **state)
{
    static const uint32_t works[] = {0, 1};

    (void)state;
    for (unsigned w = 0; w < 2; w++) {
        for (unsigned i = 0; i < VICTIMS_CALLS; i++) {
            uint64_t most = FACTOR * events_alone(works[w], victims_calls[i]);

            for (unsigned a = 0; a < ATTACKS; a++) {
                for (uint32_t moment = 0; moment < MOMENTS; moment += 5)
                    assert_in_range(events_beside(works[w], victims_calls[i], attacks[a], moment),
                                    1, most);
            }
        }
    }
}

/* Attacks get somewhere: however many foes there are, each is answered again and again, too. */
static void foes_are_served_as_well(void **state)
{
    (void)state;
    for (unsigned a = 0; a < ATTACKS; a++) {
        struct scene s = begin(0);

        s.attack = attacks[a];
        for (uint32_t round = 0; round < 1000; round++)
            round_of_foes(&s);
        for (uint32_t foe = FOE; foe < VPES; foe++)
            assert_in_range(s.step[foe], 10, EVENTS_MAX);
        end(&s);
    }
}

/* ---- Foes of other kernels ----------------------------------------------------------------- */

/* The victim and its friend are on kernel 0; all of the others' VPEs are foes. In each of kernel
 * 0's turns it hears one message, too, and each other kernel has a whole round. Tasks that are
 * ready are those of kernel 0's calls, and of each other kernel its orders and its EXCHANGEs. */
enum { KERNELS = SYSTEM_KERNELS, EACH = 4, PEER_TASKS = 1 + TASK_EXCHANGES };
enum { FACTOR_OF_THREE = 3 * (EACH + 1 + (KERNELS - 1) * PEER_TASKS) };

struct away {
    struct system *s;
    unsigned attack; /* AWAY_ATTACKS: foes hold still */
    uint32_t step[KERNELS][EACH];
    bool calling[KERNELS][EACH];
    unsigned heard; /* from this kernel last */
    uint64_t events, messages;
};

enum { AWAY_ATTACKS = 4 };
static struct message away_attack(const struct away *w, uint32_t step)
{
    uint32_t to = system_sel(w->s, 0, FRIEND);

    switch (w->attack) {
    case 0: /* ranges to and fro, and each revoked again */
        return step % 2 == 0 ? kit_obtain(to, COPY, GIVEN, GATES) : kit_revoke(COPY, GATES, true);
    case 1:
        return step % 2 == 0 ? kit_delegate(to, OWN, SPARE, GATES) : kit_revoke(OWN, GATES, false);
    case 2: /* one by one */
        return step % 2 == 0 ? kit_obtain(to, COPY, GIVEN, 1) : kit_revoke(COPY, 1, true);
    default: /* letters */
        return step % 2 == 0 ? say_gate(to, COPY, EP, 1, 1) : kit_revoke(COPY, 1, true);
    }
}

static void tell_all(struct system *s)
{
    for (unsigned from = 0; from < KERNELS; from++) {
        for (unsigned to = 0; to < KERNELS; to++) {
            while (from != to && system_tell(s, from, to))
                ;
        }
    }
}

/* All that another kernel can do. */
static void away_round(struct away *w, unsigned pe)
{
    struct rescind_kernel *k = w->s->k[pe];
    struct answer answer;

    for (uint32_t foe = 0; foe < EACH; foe++) {
        if (calls_answer(k, foe, &answer))
            w->calling[pe][foe] = false;
        if (w->attack != AWAY_ATTACKS && !w->calling[pe][foe]) {
            kit_send(k, foe, away_attack(w, w->step[pe][foe]++));
            w->calling[pe][foe] = true;
        }
    }
    for (unsigned from = 0; from < KERNELS; from++) {
        while (from != pe && system_hear(w->s, from, pe))
            ;
    }
    for (uint32_t i = 0; i < 8 && rescind_kernel_ready(k) >= 0; i++)
        kit_work_first(k);
}

/* One of kernel 0's turns. */
static void home_turn(struct away *w)
{
    for (unsigned i = 0; i < KERNELS; i++) {
        w->heard = w->heard % (KERNELS - 1) + 1;
        if (system_hear(w->s, w->heard, 0)) {
            w->events++;
            w->messages++;
            break;
        }
    }
    if (rescind_kernel_ready(w->s->k[0]) >= 0) {
        kit_work_first(w->s->k[0]);
        w->events++;
    }
    tell_all(w->s);
    for (unsigned pe = 1; pe < KERNELS; pe++)
        away_round(w, pe);
    tell_all(w->s);
}

static uint64_t events_at_home(struct away *w, struct message message)
{
    uint64_t begin = w->events++;
    struct answer answer;

    kit_send(w->s->k[0], VICTIM, message);
    while (!calls_answer(w->s->k[0], VICTIM, &answer)) {
        for (uint32_t turn = 0; turn < EACH; turn++)
            home_turn(w);
        assert_true(w->events - begin < EVENTS_MAX);
    }
    assert_int_equal(answer.error, RESCIND_NO_ERROR);
    return w->events - begin;
}

static struct away away_begin(unsigned attack, uint32_t work)
{
    struct away w = {.s = system_new(KERNELS, EACH, 4000, work), .attack = attack};

    for (uint32_t i = 0; i < GATES; i++) {
        call(w.s->k[0], VICTIM, say_gate(0, OWN + i, RB, i, 2));
        call(w.s->k[0], FRIEND, say_gate(0, GIVEN + i, RB, i, 2));
        for (unsigned pe = 1; pe < KERNELS; pe++) {
            for (uint32_t foe = 0; foe < EACH; foe++)
                call(w.s->k[pe], foe, say_gate(0, OWN + i, RB, i, 2));
        }
    }
    for (uint32_t i = 1; i <= RANGES; i++)
        call(w.s->k[0], VICTIM, kit_delegate(0, i == 1 ? OWN : (i - 1) * COPY, i * COPY, GATES));
    return w;
}

static void away_end(struct away *w)
{
    struct rescind_finding finding;

    w->attack = AWAY_ATTACKS;
    for (uint32_t i = 0; i < 2000; i++)
        home_turn(w);
    if (!system_audit_rest(w->s, &finding))
        fail_msg("%s is broken: %s", finding.name, finding.sentence);
    system_free(w->s);
}

static uint64_t away_events(unsigned attack, uint32_t work, struct message what, uint32_t moment)
{
    struct away w = away_begin(attack, work);
    uint64_t events;

    for (uint32_t i = 0; i < moment; i++)
        home_turn(&w);
    events = events_at_home(&w, what);
    assert_true(attack == AWAY_ATTACKS || moment < MOMENTS / 2 || w.messages > moment / 8);
    away_end(&w);
    return events;
}

static void other_kernels_take_a_message_and_their_tasks_turns(void **state)
{
    const struct message calls[] = {kit_noop(), kit_revoke(OWN, GATES, true),
                                    kit_delegate(0, OWN, SPARE, GATES)};
    static const uint32_t works[] = {0, 1};

    (void)state;
    for (unsigned w = 0; w < 2; w++) {
        for (unsigned i = 0; i < 3; i++) {
            uint64_t alone = away_events(AWAY_ATTACKS, works[w], calls[i], 0);

            for (unsigned a = 0; a < AWAY_ATTACKS; a++) {
                for (uint32_t moment = 0; moment < 2 * MOMENTS; moment += 6)
                    assert_in_range(away_events(a, works[w], calls[i], moment), 1,
                                    FACTOR_OF_THREE * alone);
            }
        }
    }
}

/* ---- EXCHANGEs between kernels ------------------------------------------------------------- */

enum { ASKERS = 8, SLOT_HOLDERS = TASK_EXCHANGES };

/* One more round of both kernels, in which a revocation on the second one does one step. */
static void both_go_on(struct system *s)
{
    for (unsigned pe = 0; pe < 2; pe++) {
        system_tell(s, pe, 1 - pe);
        system_hear(s, 1 - pe, pe);
        if (rescind_kernel_ready(s->k[pe]) >= 0)
            kit_work_first(s->k[pe]);
    }
}

/* Who was answered by now goes behind those before him. */
static uint32_t note_answers(struct rescind_kernel *k, uint32_t *order, uint32_t count)
{
    struct answer answer;

    for (uint32_t vpe = 0; vpe < ASKERS; vpe++) {
        if (calls_answer(k, vpe, &answer)) {
            assert_int_equal(answer.error, RESCIND_NO_ERROR);
            order[count++] = vpe;
        }
    }
    return count;
}

static void exchanges_have_their_slots_in_order(void **state)
{
    struct system *s = system_new(2, ASKERS, 2000, 1);
    uint32_t order[ASKERS], count = 0;

    (void)state;
    call(s->k[1], 0, say_gate(0, GATE, RB, 1, 2));
    for (uint32_t vpe = 0; vpe < ASKERS; vpe++)
        kit_send(s->k[0], vpe, kit_obtain(system_sel(s, 1, 0), COPY, GATE, 1));
    for (uint32_t i = 0; i < 1000 && count < ASKERS; i++) {
        both_go_on(s);
        count = note_answers(s->k[0], order, count);
    }
    assert_int_equal(count, ASKERS);
    for (uint32_t i = 0; i < ASKERS; i++)
        assert_int_equal(order[i], i);
    system_free(s);
}

/* They obtain what is being revoked, and then what is; the fifth, something else. */
static void a_fifth_exchange_waits_for_the_revocations_that_block_four(void **state)
{
    struct system *s = system_new(2, ASKERS, 2000, 1);
    uint32_t order[ASKERS], count = 0, rounds = 0, behind = 0;
    struct answer revoked;
    bool ended = false;

    (void)state;
    for (uint32_t vpe = 0; vpe < 2; vpe++)
        call(s->k[1], vpe, say_gate(0, GATE, RB, 1, 2));
    for (uint32_t i = 0; i < 200; i++)
        call(s->k[1], 0, kit_delegate(0, GATE, COPY + i, 1));
    kit_send(s->k[1], 0, kit_revoke(GATE, 1, false));
    for (uint32_t i = 0; i < 10; i++)
        kit_work_first(s->k[1]);
    for (uint32_t vpe = 0; vpe <= SLOT_HOLDERS; vpe++)
        kit_send(s->k[0], vpe,
                 kit_obtain(system_sel(s, 1, vpe < SLOT_HOLDERS ? 0 : 1), COPY, GATE, 1));
    while (count <= SLOT_HOLDERS) {
        both_go_on(s);
        count = note_answers(s->k[0], order, count);
        rounds++;
        assert_true(count == 0 || rounds >= 200);
        behind += ended;
        ended = ended || calls_answer(s->k[1], 0, &revoked);
        assert_true(rounds < 10000 && behind < 40);
    }
    system_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_call_takes_longer_than_all_others_turns),
        cmocka_unit_test(foes_are_served_as_well),
        cmocka_unit_test(other_kernels_take_a_message_and_their_tasks_turns),
        cmocka_unit_test(exchanges_have_their_slots_in_order),
        cmocka_unit_test(a_fifth_exchange_waits_for_the_revocations_that_block_four),
    };

    return cmocka_run_group_tests_name("fair", tests, NULL, NULL);
}
