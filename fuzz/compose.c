/* Inputs for draw() with DRAW_MANY that make more sense than drawn bytes do; see compose.h. */
#include "fuzz/compose.h"

#include <string.h>

#include "fuzz/draw.h"

enum { FEW = 8 }; /* steps */

/* What draw.c makes of a record's second byte, the first one of each kind. */
enum op {
    CREATEGATE = 0,
    DELEGATE = 2,
    OBTAIN = 8,
    REVOKE = 14,
    CREATEVPE = 26,
    START = 27,
    WAIT = 28,
    FUND = 29,
    CREATE_AGAIN = 30,
    ACTIVATE = 32,
    ATTACHRB = 33,
    DETACHRB = 34,
    SEND = 35,
    RECEIVE = 36,
    REPLY = 37,
    ACK = 38,
    ACTIVATE_AGAIN = 39,
    ATTACH_AGAIN = 40,
    SEND_AGAIN = 42,
    RECEIVE_AGAIN = 43,
    REQMEM = 44,
    DERIVEMEM = 45,
    CREATEMAP = 46,
    LOAD = 47,
    READ = 48,
    PAGEFAULT = 49,
    MAP_AGAIN = 50,
    CREATESRV = 52,
    CREATESESSAT = 53,
    CREATESESS = 54,
    ASK = 55,
    LISTEN = 58,
    IRQACK = 59,
    PORTIN = 60,
    PORTOUT = 61,
    EXIT = 62,
    OPS = 64,
    NONE = OPS,
};
/* The endpoints by which its steps do so. */
enum { SENDS_BY = 4, READS_BY = 5, LISTENS_BY = 6 };
/* And of a record's of who serves, and who asks. */
enum {
    SERVE_ANSWERS = 0,
    ASK_FOR_SESSION = 0,
    ASK_FOR_PAGES = 36,
};

static uint8_t byte(GRand *r)
{
    return (uint8_t)g_rand_int(r);
}

/* One of so many. */
static uint32_t one_of(GRand *r, uint32_t count)
{
    return (uint32_t)g_rand_int_range(r, 0, (gint32)count);
}

static bool once_in(GRand *r, uint32_t times)
{
    return one_of(r, times) == 0;
}

/* What steps of a program are made of: some kinds of calls and few selectors, so that they meet. */
enum { HOT = 3 };
struct taste {
    uint32_t vpes;
    uint8_t ops[OPS];
    uint32_t op_count;
    uint32_t hot[HOT]; /* selectors */
    uint32_t rare;     /* one step in so many is anything */
    bool devices, serves, in_motif, no_gate;
    uint32_t active; /* the endpoint that something is to be active at */
};

/* What the three bytes behind the second one are to be, of this kind of steps and those up to the
 * next: v a VPE, s a selector where something may be, d any of the hot ones, e another, S and D
 * such in a byte that says the count of a range too, n the count of a range, r an endpoint that
 * likely receives, a one that something is to be active at, m pages of memory to map, p an address
 * there, o and g the choice of the caller itself and of its own gate, . anything. */
static const struct {
    enum op op;
    const char *bytes;
} roles[] = {
    {CREATEGATE, "vd."},   {DELEGATE, "vsD"},   {OBTAIN, "vdS"},        {REVOKE, "sn."},
    {CREATEVPE, "..."},    {START, "v.."},      {CREATE_AGAIN, "..."},  {ACTIVATE, "ags"},
    {ATTACHRB, ".r."},     {SEND, "..."},       {RECEIVE, "..."},       {ACTIVATE_AGAIN, "ags"},
    {ATTACH_AGAIN, ".r."}, {SEND_AGAIN, "..."}, {RECEIVE_AGAIN, "..."}, {REQMEM, "d.."},
    {DERIVEMEM, "se."},    {CREATEMAP, "osm"},  {LOAD, "p.."},          {READ, "..."},
    {PAGEFAULT, "p.."},    {MAP_AGAIN, "osm"},  {CREATESRV, "od."},     {CREATESESSAT, "se."},
    {CREATESESS, "..."},   {ASK, ".dD"},        {LISTEN, "..."},        {IRQACK, "..."},
};

/* Steps of one VPE, one after the other, that go on with what the one before has made. */
enum { MOTIF = 4 };
static const enum op motifs[][MOTIF] = {
    {CREATEGATE, DELEGATE, NONE},
    {DELEGATE, REVOKE, NONE},
    {CREATEGATE, DELEGATE, REVOKE, NONE},
    {REQMEM, DELEGATE, NONE},
    {ACTIVATE, SEND, NONE},
    {ACTIVATE, SEND, RECEIVE, REPLY},
    {ACTIVATE, SEND, RECEIVE, ACK},
    {DELEGATE, ACTIVATE, SEND, NONE},
    {ATTACHRB, RECEIVE, NONE},
    {REQMEM, CREATEMAP, LOAD, LOAD},
    {CREATEMAP, LOAD, NONE},
    {DERIVEMEM, CREATEMAP, LOAD, NONE},
    {REQMEM, ACTIVATE, READ, READ},
    {REQMEM, DERIVEMEM, ACTIVATE, READ},
    {CREATEVPE, START, FUND, NONE},
    {CREATEVPE, START, DELEGATE, WAIT},
    {CREATESRV, CREATESESSAT, NONE},
    {CREATESESSAT, DELEGATE, NONE},
};
static const enum op device_motifs[][MOTIF] = {
    {ACTIVATE, LISTEN, IRQACK, NONE},
    {ACTIVATE, LISTEN, RECEIVE, IRQACK},
    {PORTIN, PORTOUT, NONE},
};

static void add_ops(struct taste *t, uint32_t first, uint32_t end)
{
    for (uint32_t op = first; op < end && t->op_count < G_N_ELEMENTS(t->ops); op++)
        t->ops[t->op_count++] = (uint8_t)op;
}

static void choose_taste(struct taste *t, GRand *r, const uint8_t head[DRAW_HEAD_OF_MANY])
{
    static const enum op groups[][2] = {{CREATEVPE, ACTIVATE},
                                        {ACTIVATE, REQMEM},
                                        {REQMEM, CREATESRV},
                                        {CREATESRV, LISTEN},
                                        {EXIT, OPS}};
    static const uint8_t free[] = {7, 8, 9, 11, 13};

    *t = (struct taste){
        .vpes = 2 + head[0] % 5,
        .devices = head[1] >= 224 || (head[3] & BEGUN_LINE) != 0,
        .serves = (head[5] & 16) != 0 || (head[3] & BEGUN_SESSIONS) != 0,
        .active = once_in(r, 2) ? SENDS_BY : READS_BY,
    };
    for (guint i = 0; i < G_N_ELEMENTS(groups); i++)
        if (once_in(r, 3))
            add_ops(t, groups[i][0], groups[i][1]);
    if (t->devices)
        add_ops(t, LISTEN, EXIT);
    if (t->op_count == 0 || !once_in(r, 6))
        add_ops(t, CREATEGATE, CREATEVPE);
    t->rare = once_in(r, 3) ? 3 : 12;
    for (guint i = 0; i < HOT; i++)
        t->hot[i] = once_in(r, 3) ? 5 + one_of(r, 11) : free[one_of(r, G_N_ELEMENTS(free))];
}

/* What programs begin with lies at these; and what steps make at the hot ones. */
static uint32_t source(const struct taste *t, GRand *r)
{
    static const uint8_t known[] = {5, 6, 6, 6, 8, 9, 10, 10, 10, 12};
    static const uint8_t service[] = {5, 6, 7, 8, 10}, device[] = {6, 10, 14, 15};

    if (t->in_motif && !once_in(r, 4))
        return t->hot[0];
    if (once_in(r, 3))
        return t->hot[one_of(r, HOT)];
    if (t->serves)
        return service[one_of(r, G_N_ELEMENTS(service))];
    return t->devices ? device[one_of(r, G_N_ELEMENTS(device))]
                      : known[one_of(r, G_N_ELEMENTS(known))];
}

/* The bytes that draw.c takes for them. */
static uint8_t of_selector(GRand *r, uint32_t sel)
{
    return (uint8_t)(sel - 5 + 11 * one_of(r, 16));
}
static uint8_t of_range(GRand *r, uint32_t sel)
{
    uint32_t place = one_of(r, 32);

    for (uint32_t i = 0; i < 32 && (place * 37 % 256 >= 176 || 5 + place * 37 % 256 % 11 != sel);
         i++)
        place = (place + 1) % 32;
    return (uint8_t)(place * 8 + (once_in(r, 3) ? one_of(r, 8) : 0));
}

static uint8_t of_endpoint(GRand *r, uint32_t ep)
{
    return (uint8_t)(ep < 6 ? 4 * one_of(r, 60) + ep - 2 : 240 + ep);
}

/* The caller, its child, or another. */
static uint8_t draw_vpe(const struct taste *t, GRand *r)
{
    uint32_t which = one_of(r, 10), others = MIN(t->vpes - 1, 3);

    return (uint8_t)(which == 0 ? 0 : which == 1 ? 208 : 66 + one_of(r, others));
}

/* What is drawn first is drawn in a statement of its own: compilers differ in what they do first.
 */
static uint8_t draw_argument(const struct taste *t, GRand *r, char role)
{
    bool other = once_in(r, 4);
    uint32_t low;

    switch (role) {
    case 'v':
        return draw_vpe(t, r);
    case 's':
        return of_selector(r, source(t, r));
    case 'd':
        return of_selector(r, t->hot[t->in_motif ? 0 : one_of(r, HOT)]);
    case 'e':
        return of_selector(r, t->hot[1 + one_of(r, HOT - 1)]);
    case 'S':
        return of_range(r, source(t, r));
    case 'D':
        return of_range(r, t->hot[one_of(r, HOT)]);
    case 'n':
        return (uint8_t)one_of(r, once_in(r, 3) ? 16 : 2);
    case 'r':
        low = other ? one_of(r, 4) : 0;
        return (uint8_t)(4 * one_of(r, 56) + low);
    case 'a':
        return of_endpoint(r, other ? 2 + one_of(r, 4) : t->active);
    case 'm':
        return byte(r) & (other ? 0xff : 0xe0);
    case 'p':
        return byte(r) & (other ? 0xff : 0xf8);
    case 'o':
        return byte(r) | (other ? 0 : 1);
    case 'g':
        low = t->no_gate || once_in(r, 2) ? 1 : 4 * one_of(r, 60);
        return (uint8_t)(low == 1 ? byte(r) | 1 : low);
    default:
        return byte(r);
    }
}

static void draw_arguments(const struct taste *t, GRand *r, uint8_t step[DRAW_RECORD])
{
    guint row = 0;

    while (row + 1 < G_N_ELEMENTS(roles) && roles[row + 1].op <= step[1])
        row++;
    for (guint i = 0; i < 3; i++)
        step[2 + i] = draw_argument(t, r, roles[row].bytes[i]);
}

/* Devices are A's, children do little, and steps that come with others are not repeated. */
static uint8_t draw_who(const struct taste *t, GRand *r, uint8_t op)
{
    uint32_t all = t->vpes + 2, who = once_in(r, 10) ? one_of(r, all) : one_of(r, t->vpes);

    return (uint8_t)(op >= LISTEN && op < EXIT ? 0 : who + all * one_of(r, 240 / all));
}

/* So many steps at most: how many. */
static uint32_t draw_motif(const struct taste *t, GRand *r, uint8_t *steps, uint32_t most_steps)
{
    bool of_devices = t->devices && once_in(r, 2);
    const enum op *ops = of_devices ? device_motifs[one_of(r, G_N_ELEMENTS(device_motifs))]
                                    : motifs[one_of(r, G_N_ELEMENTS(motifs))];
    uint8_t who = draw_who(t, r, of_devices ? LISTEN : CREATEGATE);
    struct taste one = *t;
    uint32_t i = 0;

    one.in_motif = true;
    one.no_gate = ops[0] >= REQMEM; /* something else is to be active */
    one.active = of_devices ? LISTENS_BY : one.no_gate ? READS_BY : SENDS_BY;
    for (; i < MIN(most_steps, MOTIF) && ops[i] != NONE; i++, steps += DRAW_RECORD) {
        steps[0] = who;
        steps[1] = (uint8_t)ops[i];
        draw_arguments(&one, r, steps);
    }
    return i;
}

static void draw_step(const struct taste *t, GRand *r, uint8_t step[DRAW_RECORD])
{
    for (guint i = 0; i < DRAW_RECORD; i++)
        step[i] = byte(r);
    if (t->serves || once_in(r, t->rare))
        return;
    step[1] = t->ops[one_of(r, t->op_count)];
    step[0] = draw_who(t, r, step[1]);
    draw_arguments(t, r, step);
}

/* Of A, that serves: it takes a question and answers it. */
static void draw_answer(GRand *r, uint8_t step[DRAW_RECORD])
{
    static const uint8_t given[] = {1, 3, 5, 4, 6, 6}; /* from 5 on; what is there, and room */
    bool other = once_in(r, 4);

    step[0] = 0;
    step[1] = SERVE_ANSWERS;
    step[2] = (uint8_t)one_of(r, 200);
    step[3] = other ? byte(r) : (uint8_t)(8 * given[one_of(r, G_N_ELEMENTS(given))] + 2);
    step[4] = once_in(r, 4) ? byte(r) & 0xef : 0;
}

/* Of one that asks A; now and then of the child whose pager A is. */
static void draw_question(const struct taste *t, GRand *r, uint8_t step[DRAW_RECORD])
{
    uint32_t all = t->vpes + 2, who = 1 + one_of(r, t->vpes), what = one_of(r, 3);

    if (who % 4 == 0) /* is A: see draw.c */
        who += all % 4 != 0 ? all : 1;
    step[0] = (uint8_t)who;
    step[1] = (uint8_t)(who % all == t->vpes ? ASK_FOR_PAGES : ASK_FOR_SESSION + what);
    step[2] = 1;
    step[3] = of_selector(r, t->hot[one_of(r, HOT)]);
    step[4] = once_in(r, 4) ? byte(r) : 0;
}

static void draw_steps(const struct taste *t, GRand *r, uint8_t *steps, uint32_t count)
{
    uint32_t often = 2 + one_of(r, 10);

    for (uint32_t i = 0; i < count;) {
        uint8_t *step = steps + (size_t)i * DRAW_RECORD;
        if (t->serves && once_in(r, 3)) {
            draw_answer(r, step);
            i++;
        } else if (t->serves && once_in(r, 2)) {
            draw_question(t, r, step);
            i++;
        } else if (once_in(r, t->serves ? 8 : often)) {
            i += draw_motif(t, r, step, count - i);
        } else {
            draw_step(t, r, step);
            i++;
        }
    }
}

static uint32_t draw_count(GRand *r)
{
    switch (one_of(r, 4)) {
    case 0:
        return 3 + one_of(r, FEW - 2);
    case 1:
    case 2:
        return FEW + one_of(r, 10);
    default:
        return FEW + one_of(r, DRAW_RECORDS_MAX - FEW + 1);
    }
}

/* How many VPEs, and what they begin with: draw.c's byte 0. */
static uint8_t draw_vpes(GRand *r)
{
    static const uint8_t likely[] = {0, 0, 1, 1, 1, 2, 2, 3, 4};
    static const uint8_t begun[] = {0, 1, 2, 3, 3, 3, 3, 3, 5, 6, 7, 7, 7};
    uint8_t wanted = likely[one_of(r, G_N_ELEMENTS(likely))];
    uint32_t b, first = begun[one_of(r, G_N_ELEMENTS(begun))] << 5;

    do
        b = first | one_of(r, 32);
    while (b % 5 != wanted);
    return (uint8_t)b;
}

static void draw_head(GRand *r, uint8_t head[DRAW_HEAD_OF_MANY], uint32_t count)
{
    static const uint8_t kernels[] = {0, 0, 1, 1, 1, 1, 2, 2, 3};
    bool rough = !once_in(r, 3); /* what may go wrong does */

    memset(head, 0, DRAW_HEAD_OF_MANY);
    head[0] = draw_vpes(r);
    if (once_in(r, 12)) /* devices */
        head[1] |= 224;
    if (once_in(r, 3)) /* nobody waits for messages */
        head[1] |= 8;
    head[3] = BEGUN_ANY;
    if (once_in(r, 4))
        head[3] |= BEGUN_POSTS;
    if (once_in(r, 4))
        head[3] |= BEGUN_MEMORY;
    if (once_in(r, 16))
        head[3] |= BEGUN_LINE;
    if (once_in(r, 8))
        head[3] |= BEGUN_SESSIONS;
    if (once_in(r, 3))
        head[3] |= BEGUN_GIFTS;
    head[4] = (uint8_t)count;
    head[5] = kernels[one_of(r, G_N_ELEMENTS(kernels))];
    if (once_in(r, 12)) /* A serves */
        head[5] |= 16;
    if (once_in(r, 4)) /* long ranges */
        head[5] |= 32;
    if (once_in(r, 10)) /* and many gates */
        head[5] |= 64;
    head[6] = byte(r);
    head[7] = byte(r);
    if (rough) {
        head[2] = once_in(r, 4) ? byte(r) : 0;
        head[8] = once_in(r, 6) ? byte(r) : 0;
        head[9] = once_in(r, 2) ? byte(r) : 0xff;
        head[10] = once_in(r, 4) ? byte(r) : 0;
        head[11] = once_in(r, 4) ? byte(r) : 0;
        head[13] = once_in(r, 6) ? byte(r) : 0;
    }
    head[12] = once_in(r, 3) ? byte(r) : 0;
}

/* Program number `seed`, for GRand's sequence is the same wherever it runs. */
struct course *compose(uint64_t seed, GRand *r, uint8_t bytes[COMPOSE_BYTES])
{
    static const uint32_t works[] = {1, 1, 1, 2, 3, 5, 12, 64};
    uint32_t count = draw_count(r);
    struct taste taste;
    struct course *c;

    draw_head(r, bytes, count);
    choose_taste(&taste, r, bytes);
    draw_steps(&taste, r, bytes + DRAW_HEAD_OF_MANY, count);
    c = draw(bytes, DRAW_HEAD_OF_MANY + (size_t)count * DRAW_RECORD, DRAW_MANY);
    c->work = works[one_of(r, G_N_ELEMENTS(works))];
    c->seed = seed;
    return c;
}
