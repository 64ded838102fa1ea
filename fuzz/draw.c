/* Litmus files from bytes; see draw.h.
 *
 * The head: byte 0 says how many VPEs there are, work an event, and what they begin with; byte 1
 * which faults there are (any VPE can be killed) and whether VPE A has devices; byte 2 the pools;
 * byte 3 what they begin with, too (enum begun); byte 4 the number of records. A and C live on K0,
 * B and D on K1, and so do the children E and F. Each VPE holds the next ones at 2, 3 and 4.
 *
 * What VPEs begin with puts their endpoints and selectors where most steps look for them, so that a
 * good part of what is drawn is granted (fuzz/count.c sees to it): a gate to the VPE's own endpoint
 * 2 at 6, a session at 5, memory at 10, a child at 12, a line and ports at 14 and 15; messages come
 * in at endpoints 2 and 3, go out to the next VPE by 4, and memory is read by 5.
 *
 * Over many kernels the head goes on: byte 5 says how many kernels there are, whether A serves, how
 * long ranges are, and whether A begins with many gates; bytes 6 and 7 where VPEs live; byte 8 who
 * has a quota; bytes 9, 10 and 11 who can be killed, which kernels' pools can run out, and which
 * messages be delayed; byte 12 how long a chain of copies, from VPE to VPE, there is at first; byte
 * 13 which kernels have little memory, or room for few VPEs.
 */
#include "fuzz/draw.h"

#include <glib.h>
#include <string.h>

#include "fuzz/fuzz.h"

enum { VPES_MIN = 2, VPES_MAX = 4, VPES_OF_MANY = 6, CHILDREN = 2, ALL = VPES_OF_MANY + CHILDREN };
enum { KERNELS_MAX = 4, GRANTS_MAX = 3, GATES = 18, SIGNALS = 4, OTHER_OPS = 232, REPEATED = 244 };
static const char *const names[ALL] = {"A", "B", "C", "D", "E", "F", "G", "H"};
/* Of ranges. */
static const uint32_t few[] = {1, 1, 1, 2, 2, 3, 5, 9}, many[] = {1, 1, 2, 3, 7, 9, 17, 33};

struct hand {
    const uint8_t *bytes;
    size_t left;
    enum draw_about about;
    uint32_t vpes, first_child, kernels;
    uint8_t at[ALL];                 /* the kernel that each lives on */
    const uint32_t *counts;          /* of ranges */
    bool devices, lets_wait, serves; /* A is a service */
    GString *program[ALL];
};

static uint32_t take(struct hand *h)
{
    if (h->left == 0)
        return 0;
    h->left--;
    return *h->bytes++;
}

/* ---- Arguments ----------------------------------------------------------------------------- */

/* Few selectors, so that steps meet; a quarter are where VPEs are held, and some are odd. */
static uint32_t sel(uint32_t b)
{
    return b < 176 ? 5 + b % 11 : b < 240 ? 2 + b % 3 : b < 250 ? b % 2 : b << 24;
}
static uint32_t vpe_sel(uint32_t b)
{
    return b < 64 ? 0 : b < 208 ? 2 + b % 3 : b < 240 ? 12 : sel(b);
}
static uint32_t ep(uint32_t b)
{
    return b < 240 ? 2 + b % 4 : b % 48;
}
/* Mostly the one that suits. */
static uint32_t usual(uint32_t suits, uint32_t b)
{
    return b < 208 ? suits : ep(b);
}
static const char *perms(uint32_t b)
{
    static const char *const all[] = {"rw", "r", "w", "rwx"};
    return all[b % 4];
}
static void range(const struct hand *h, GString *p, uint32_t start, uint32_t b)
{
    if (b >= 248)
        g_string_append_printf(p, " map:%u:%u", 0x10000 + start % 8, 1 + b % 3);
    else
        g_string_append_printf(p, " %u:%u", start, b == 247 ? 0xffffffffu : h->counts[b % 8]);
}

#define SAY(...) g_string_append_printf(p, "    " __VA_ARGS__)

/* ---- Steps --------------------------------------------------------------------------------- */

static void tree_step(const struct hand *h, GString *p, uint32_t op, uint32_t a, uint32_t b,
                      uint32_t c)
{
    if (op == 0) {
        SAY("creategate %u %u label=%u ep=%u credits=%u", vpe_sel(a), sel(b), c % 8, ep(c), c >> 6);
    } else if (op < 7) {
        SAY("exchange %s %u", op < 4 ? "delegate" : "obtain", vpe_sel(a));
        range(h, p, sel(b), c);
        range(h, p, sel(c / 8 * 37 % 256), c);
    } else {
        SAY("revoke");
        range(h, p, sel(a), b);
        g_string_append_printf(p, " own=%u", c % 4 != 0);
    }
}

/* The one that a CREATEVPE of this VPE can make. */
static const char *child_of(const struct hand *h, uint32_t vpe)
{
    uint32_t child = h->first_child + vpe % CHILDREN;

    if (h->about == DRAW_MANY)
        child = h->first_child + (h->at[vpe] != h->at[h->first_child]);
    return names[child];
}

static void life_step(const struct hand *h, GString *p, uint32_t op, uint32_t vpe, uint32_t a,
                      uint32_t b, uint32_t c)
{
    if (op == 0) {
        SAY("createvpe %u %u %s", b % 2 ? 12 : sel(b), b % 2 ? 13 : sel(c),
            c % 8 == 7 ? "Nobody" : child_of(h, vpe));
        if (a % 2)
            g_string_append_printf(p, " pfgate=%u pfep=%u", a % 4 == 1 ? 6 : sel(a), ep(c));
    } else if (op == 1) {
        SAY("vpectrl %u start", b % 2 ? 12 : vpe_sel(a));
    } else if (op == 2) {
        SAY("vpectrl %u wait", b % 2 ? 12 : vpe_sel(a));
    } else {
        SAY("fund %u %u%s", b % 2 ? 12 : vpe_sel(a), b, c % 2 ? " back" : "");
    }
}

static void message_step(GString *p, uint32_t op, bool lets_wait, uint32_t a, uint32_t b,
                         uint32_t c)
{
    switch (op) {
    case 0:
        SAY("activate %u ", ep(a));
        if (b == 255)
            g_string_append(p, "none");
        else
            g_string_append_printf(p, "%u", b % 4 ? sel(c) : 6);
        if (c % 8 == 7)
            g_string_append_printf(p, " old=%u", sel(b));
        break;
    case 1:
        SAY("attachrb %u %u addr=%u order=%u msgorder=%u", a % 4 ? 0 : vpe_sel(a), ep(b),
            c % 16 * 600 / 8 * 8, 7 + c / 16 % 4, 5 + c / 64);
        break;
    case 2:
        SAY("detachrb %u %u", a % 4 ? 0 : vpe_sel(a), ep(b));
        break;
    case 3:
        SAY("send %u %u", usual(4, a), b);
        for (uint32_t i = 0; i < c % 8; i++)
            g_string_append_printf(p, ",%u", i);
        if (c & 8)
            g_string_append_printf(p, " reply=%u label=%u", usual(3, c / 16 * 16), b);
        break;
    case 4:
        SAY("receive %u%s", usual(2 + a % 2, a), b % 4 && lets_wait ? "" : " nowait");
        if (c % 4 == 0) /* and what comes in is answered at once */
            g_string_append_printf(p, " => any\n    reply 2 %u", c);
        break;
    case 5:
        SAY("reply %u %u", usual(2, a), b);
        break;
    default:
        SAY("ack %u", usual(2 + a % 2, a));
    }
}

static void memory_step(GString *p, uint32_t op, uint32_t a, uint32_t b, uint32_t c)
{
    switch (op) {
    case 0:
        SAY("reqmem %u size=%u perms=%s", sel(a), (1 + b % 3) * 4096 + (b > 250), perms(c));
        break;
    case 1:
        SAY("derivemem %u %u off=%u size=%u perms=%s", a % 4 ? sel(a) : 1, sel(b), c % 4 * 2048,
            1 + c / 4 * 128, perms(c));
        break;
    case 2:
        SAY("createmap %u %u first=%u pages=%u %u perms=%s", a % 2 ? 0 : vpe_sel(a),
            b % 4 ? 10 : sel(b), c % 2, 1 + c / 2 % 2, 0x10000 + c / 4 % 8, perms(c / 32));
        break;
    case 3:
        if (b % 2)
            SAY("load %u", 0x10000000 + a % 8 * 4096 + b / 2 * 32);
        else
            SAY("store %u value=%u", 0x10000000 + a % 8 * 4096 + b / 2 * 32, c);
        break;
    case 4:
        if (b % 2)
            SAY("read %u off=%u", usual(5, a), c * 32);
        else
            SAY("write %u off=%u value=%u", usual(5, a), c * 32, b);
        break;
    default:
        SAY("pagefault %u perms=%s", 0x10000000 + a % 8 * 4096, perms(b));
    }
}

static void service_step(const struct hand *h, GString *p, uint32_t op, uint32_t a, uint32_t b,
                         uint32_t c)
{
    switch (op) {
    case 0:
        SAY("createsrv %u %u disk", a % 2 ? 6 : sel(a), sel(b));
        break;
    case 1:
        SAY("createsessat %u %u ident=%u", a % 2 ? 7 : sel(a), sel(b), c % 4);
        break;
    case 2:
        SAY("createsess %u %u %s", a % 4 ? 0 : vpe_sel(a), b % 4 ? 5 : sel(b),
            c == 255 ? "nothing" : "disk");
        if (c % 4 == 3)
            g_string_append_printf(p, " args=%u,%u", a, b);
        break;
    default:
        SAY("%s %u %u", op == 3 ? "delegate" : "obtain", a % 4 ? 0 : vpe_sel(a),
            a % 8 ? 5 : sel(a));
        range(h, p, sel(b), c);
        if (c % 8 == 7)
            g_string_append_printf(p, " args=%u,%u,%u", a, b, c);
    }
}

static void device_step(GString *p, uint32_t op, uint32_t a, uint32_t b, uint32_t c)
{
    static const uint32_t widths[] = {8, 8, 16, 32};
    switch (op) {
    case 0:
        SAY("listen %u %u", a % 4 ? 14 : sel(a), usual(6, b));
        break;
    case 1:
        if (c % 2) /* as a driver does */
            g_string_append(p, "    receive 2 nowait => any\n    ack 2 => any\n");
        SAY("irqack %u", a % 4 ? 14 : sel(a));
        break;
    case 2:
        SAY("portin %u off=%u width=%u", a % 4 ? 15 : sel(a), b % 9, widths[c % 4]);
        break;
    default:
        SAY("portout %u off=%u width=%u value=%u", a % 4 ? 15 : sel(a), b % 9, widths[c % 4],
            c / 4);
    }
}

/* What a service answers: an error code or none, and a session's number, or a range; or rubbish. */
static void answer_step(const struct hand *h, GString *p, uint32_t a, uint32_t b, uint32_t c)
{
    SAY("reply 2 %u", a < 192 ? 0 : a % 8 ? a % 40 : a << 24);
    if (b % 8 < 2) {
        for (uint32_t i = 0; i < c % 8; i++)
            g_string_append_printf(p, ",%u", i % 2 ? c / 8 : sel(b));
    } else {
        g_string_append(p, " range=");
        GString *r = g_string_new(NULL);
        range(h, r, b % 8 < 6 ? 5 + b / 8 % 11 : sel(b), c);
        g_string_append(p, r->str + 1);
        g_string_free(r, TRUE);
        if (c % 16 == 15)
            g_string_append_printf(p, " args=%u,%u", a, b);
    }
}

/* PRINT has no word of its own. */
static void print_step(GString *p)
{
    SAY("raw %02x00000000000000 0200000000000000 6869000000000000", RESCIND_SYS_PRINT);
}

/* A REPLY or ACK to whatever message, of whatever size. */
static void raw_answer(GString *p, uint32_t a, uint32_t b, uint32_t c)
{
    SAY("raw %02x00000000000000 0200000000000000 %02x00000000000000 %02x00000000000000",
        a % 4 ? 35 : 36, a / 4 % 8, b);
    for (uint32_t i = 0; i < c % 64; i++)
        g_string_append_printf(p, "%02x", (i * b + a) & 255);
}

static void other_step(struct hand *h, GString *p, uint32_t vpe, uint32_t op, uint32_t a,
                       uint32_t b, uint32_t c)
{
    if (vpe == 0 && h->devices && op % 4 == 3 && h->about != DRAW_MANY) /* who alone has any */
        device_step(p, op / 4 % 4, a, b, c);
    else if (op < 26)
        tree_step(h, p, op < 20 ? op / 2 : 7, a, b, c);
    else if (op < 32)
        life_step(h, p, op < 30 ? op - 26 : 0, vpe, a, b, c);
    else if (op < 44)
        message_step(p, op < 39 ? op - 32 : op - 39, h->lets_wait, a, b, c);
    else if (op < 52)
        memory_step(p, op < 50 ? op - 44 : 2, a, b, c);
    else if (op < 58)
        service_step(h, p, op - 52, a, b, c);
    else if (op < 62)
        device_step(p, op - 58, a, b, c);
    else if (op == 62 && c < 64)
        SAY("exit %u", a);
    else if (c % 2)
        print_step(p);
    else
        SAY("noop");
}

/* The service's: it takes questions and answers them, or does something else. */
static void serve(struct hand *h, GString *p, uint32_t op, uint32_t a, uint32_t b, uint32_t c)
{
    op %= 64;
    if (op < 24)
        SAY("receive 2%s", c >= 240 ? " nowait" : "");
    if (op < 12) /* and at once */
        g_string_append(p, " => any\n");
    else if (op < 24)
        return;
    if (op < 44)
        answer_step(h, p, a, b, c);
    else if (op < 47)
        SAY("ack 2");
    else if (op < 50)
        raw_answer(p, a, b, c);
    else if (op < 53)
        message_step(p, 1 + op % 2, true, 1, 0, c);
    else if (op < 57)
        tree_step(h, p, op < 55 ? 7 : 0, a, b, c);
    else if (op < 60)
        service_step(h, p, op % 2, a, b, c);
    else
        other_step(h, p, 0, a % 64, b, c, a);
}

static void ask(struct hand *h, GString *p, uint32_t vpe, uint32_t op, uint32_t a, uint32_t b,
                uint32_t c)
{
    op %= 64;
    if (op < 36)
        service_step(h, p, 2 + op % 3, a, b, c);
    else if (op < 42)
        memory_step(p, 5, a, b, c);
    else if (op < 50)
        tree_step(h, p, op % 10, a, b, c);
    else
        other_step(h, p, vpe, a % 64, b, c, a);
}

/* Any call, of any size: most of it makes no sense. */
static void raw_call(GString *p, uint32_t a, uint32_t b, uint32_t c)
{
    SAY("raw %02x00000000000000", a % 48);
    for (uint32_t i = 0; i < c % 72; i++)
        g_string_append_printf(p, "%02x",
                               i % 8 != 0 ? 0
                               : i < 24   ? sel(b + i) & 255
                                          : (i + a) & 255);
}

/* False: it is to be a call after all. */
static bool no_call(const struct hand *h, GString *p, uint32_t op, uint32_t a)
{
    if (op < 10)
        SAY("signal s%u\n", a % SIGNALS);
    else if (op < 16 && h->lets_wait)
        SAY("wait s%u\n", a % SIGNALS);
    return op < 10 || (op < 16 && h->lets_wait);
}

static void record(struct hand *h)
{
    uint32_t who = take(h), op = take(h), a = take(h), b = take(h), c = take(h);
    uint32_t vpe = who % (h->vpes + CHILDREN);
    bool repeated;
    GString *p;

    if (vpe >= h->vpes)
        vpe += h->first_child - h->vpes;
    p = h->program[vpe];
    if (h->about == DRAW_MANY && op >= OTHER_OPS && no_call(h, p, op - OTHER_OPS, a))
        return;
    repeated = h->about == DRAW_MANY && !h->serves && who >= REPEATED;
    if (repeated)
        SAY("repeat %u {\n", 1 + who % 3);
    if (h->serves && who % 4 == 0)
        serve(h, p = h->program[0], op, a, b, c);
    else if (h->serves && h->about != DRAW_ANYTHING && vpe != 0)
        ask(h, p, vpe, op, a, b, c);
    else if (h->about == DRAW_MANY && op >= OTHER_OPS)
        raw_call(p, a, b, c);
    else
        other_step(h, p, vpe, op % 64, a, b, c);
    g_string_append(p, " => any\n");
    if (repeated)
        g_string_append(p, "    }\n");
}

/* ---- Declarations -------------------------------------------------------------------------- */

/* Of a VPE's account; 0: it has none. */
static uint32_t quota(uint32_t quotas, uint32_t vpe)
{
    return (quotas >> vpe & 1) != 0 ? 4 + (quotas >> 6) * 6 + vpe : 0;
}

static void declare_vpes(const struct hand *h, GString *out, uint32_t killed, uint32_t quotas)
{
    for (uint32_t i = 0; i < h->vpes; i++) {
        g_string_append_printf(out, "vpe %s @ K%u", names[i], h->at[i]);
        if (quota(quotas, i) != 0)
            g_string_append_printf(out, " quota=%u", quota(quotas, i));
        g_string_append(out, "\n");
        if (killed >> i & 1)
            g_string_append_printf(out, "fault kill %s\n", names[i]);
    }
    for (uint32_t i = h->first_child; i < h->first_child + CHILDREN; i++)
        g_string_append_printf(out, "child %s @ K%u\n", names[i], h->at[i]);
    for (uint32_t i = 0; i < h->vpes; i++)
        for (uint32_t other = 1; other < h->vpes && other <= GRANTS_MAX; other++)
            g_string_append_printf(out, "grant %s %u = vpe %s\n", names[i], 1 + other,
                                   names[(i + other) % h->vpes]);
}

static void declare_troubles(struct hand *h, GString *out, uint32_t b)
{
    static const char *const troubles[] = {"", "fault exhaust K0\n", "fault exhaust K1\n",
                                           "fault delay K0 K1\n", "fault delay K1 K0\n"};
    if (h->about != DRAW_MANY)
        g_string_append(out, troubles[b % 8 < 5 ? b % 8 : 0]);
    h->devices |= b >= 224;
    h->lets_wait = (b & 8) == 0;
    if (h->devices)
        g_string_append(out, "grant A 14 = irq 10\ngrant A 15 = ports 0x3e8 8\n"
                             "serial 0x3e8 \"ab\"\nfault interrupt 10\n");
}

/* Each VPE hears at 2 and 3, and sends to the next by 4, once that hears. */
static void begin_posts(struct hand *h)
{
    for (uint32_t i = 0; i < h->vpes; i++) {
        GString *p = h->program[i];
        SAY("attachrb 0 3 addr=1024 order=8 msgorder=7 => any\n");
        SAY("signal hears%s\n", names[i]);
        SAY("wait hears%s\n", names[(i + 1) % h->vpes]);
        SAY("creategate 2 9 label=2 ep=2 credits=2 => any\n");
        SAY("activate 4 9 => any\n");
    }
}

/* The service A says yes to whoever opens a session, which all others do. */
static void begin_sessions(struct hand *h)
{
    GString *p = h->program[0];

    SAY("signal there\n");
    for (uint32_t i = 1; i < h->vpes; i++) {
        SAY("receive 2 => any\n    reply 2 0,%u => any\n", i);
        p = h->program[i];
        SAY("wait there\n    createsess 0 5 disk => any\n");
        p = h->program[0];
    }
}

/* Its gate at 8 goes to all of them, and one of each comes in. */
static void begin_gifts(struct hand *h)
{
    for (uint32_t i = 1; i < h->vpes; i++) {
        GString *p = h->program[i];
        SAY("obtain 0 5 20 => any\n    delegate 0 5 6 => any\n");
        p = h->program[0];
        SAY("receive 2 => any\n    reply 2 0 range=8 => any\n");
        SAY("receive 2 => any\n    reply 2 0 range=%u => any\n", 20 + i);
    }
}

/* What the VPEs begin with, so that not all of it must be found out. */
static void prelude(struct hand *h, uint32_t bits, uint32_t begun)
{
    bool hears = bits & 1 || begun & (BEGUN_POSTS | BEGUN_LINE);

    for (uint32_t i = 0; i < h->vpes; i++) {
        GString *p = h->program[i];
        if (hears || (h->serves && i == 0)) {
            SAY("attachrb 0 2 addr=0 order=%u msgorder=7 => any\n", h->serves && hears ? 9 : 8);
            SAY("creategate 0 6 label=1 ep=2 credits=2 => any\n");
        }
        if (bits & 2 || begun & BEGUN_MEMORY)
            SAY("reqmem 10 size=8192 perms=rw => any\n");
        if (begun & BEGUN_MEMORY)
            SAY("activate 5 10 => any\n");
    }
    GString *p = h->program[0];
    if (h->serves) {
        SAY("createsrv 6 7 disk => any\n");
        SAY("creategate 0 8 label=8 ep=3 credits=1 => any\n");
    }
    if (begun & BEGUN_POSTS)
        begin_posts(h);
    if (begun & BEGUN_SESSIONS)
        begin_sessions(h);
    if (begun & BEGUN_SESSIONS && begun & BEGUN_GIFTS)
        begin_gifts(h);
    if (begun & BEGUN_LINE) {
        SAY("activate 6 6 => any\n");
        SAY("listen 14 6 => any\n");
    }
    if (bits & 4) { /* a child, whose pager is the service */
        SAY("createvpe 12 13 %s%s => any\n", child_of(h, 0), h->serves ? " pfgate=6 pfep=3" : "");
        SAY("vpectrl 12 start => any\n");
        SAY("exchange delegate 12 10 10 => any\n");
    }
}

static void declare_kernels(GString *out, uint32_t b)
{
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t pool = b >> (4 * i) & 15;
        g_string_append_printf(out, "kernel K%u", i);
        if (pool >= 12)
            g_string_append_printf(out, " nodes=%u", 24 + (pool - 12) * 12);
        g_string_append(out, "\n");
    }
}

static void begin(struct hand *h, GString *out, uint32_t what, uint32_t pools)
{
    h->vpes = VPES_MIN + what % 3;
    h->first_child = VPES_MAX;
    h->kernels = 2;
    h->counts = few;
    for (uint32_t i = 0; i < ALL; i++)
        h->at[i] = i % 2;
    declare_kernels(out, pools);
    declare_vpes(h, out, UINT32_MAX, 0);
}

/* ---- Many kernels -------------------------------------------------------------------------- */

/* Two bits of `pools` and of `small` a kernel. What is there at the start fits. */
static void declare_many_kernels(const struct hand *h, GString *out, uint32_t pools, uint32_t small,
                                 uint32_t quotas)
{
    for (uint32_t i = 0; i < h->kernels; i++) {
        uint32_t pool = pools >> 2 * i & 3, little = small >> 2 * i & 3, needed = 4;
        for (uint32_t vpe = 0; vpe < h->vpes; vpe++)
            needed += h->at[vpe] == i ? 4 + 2 * GRANTS_MAX + quota(quotas, vpe) : 1;
        g_string_append_printf(out, "kernel K%u", i);
        if (pool != 0)
            g_string_append_printf(out, " nodes=%u", needed + pool * pool * 5);
        if (little & 1)
            g_string_append_printf(out, " memory=%u", 4096 * (2 * ALL + 1 + pool));
        if (little & 2)
            g_string_append_printf(out, " vpes=%u", h->vpes + 1);
        g_string_append(out, "\n");
    }
}

/* One way, or both. */
static void declare_delays(const struct hand *h, GString *out, uint32_t b)
{
    uint32_t from = (b & 3) % h->kernels, to = (b >> 2 & 3) % h->kernels;

    if (from == to)
        return;
    g_string_append_printf(out, "fault delay K%u K%u\n", from, to);
    if (b & 16)
        g_string_append_printf(out, "fault delay K%u K%u\n", to, from);
}

/* Before anything else: many gates of A's, and a copy of its 5 that goes from VPE to VPE. */
static void many_gates(struct hand *h, bool gates, uint32_t hops)
{
    GString *p = h->program[0];

    if (gates)
        SAY("repeat %u { creategate 0 8+$i label=$i ep=2 credits=1 => any }\n", GATES);
    if (hops > 0)
        SAY("creategate 0 5 label=5 ep=2 credits=2 => any\n");
    for (uint32_t i = 0; i < hops; i++) {
        p = h->program[i % h->vpes];
        if (i > 0)
            SAY("wait hop%u\n", i);
        SAY("exchange delegate 2 %u %u => any\n", 5 + i / h->vpes, 5 + (i + 1) / h->vpes);
        SAY("signal hop%u\n", i + 1);
    }
}

static void begin_many(struct hand *h, GString *out, uint32_t what, uint32_t pools)
{
    uint32_t much = take(h), homes = take(h), quotas, killed, exhausted, delayed, hops;

    homes |= take(h) << 8;
    quotas = take(h);
    killed = take(h);
    exhausted = take(h);
    delayed = take(h);
    hops = take(h);
    h->vpes = VPES_MIN + what % 5;
    h->first_child = VPES_OF_MANY;
    h->kernels = 1 + much % KERNELS_MAX;
    h->serves |= (much & 16) != 0;
    h->counts = (much & 32) != 0 ? many : few;
    for (uint32_t i = 0; i < VPES_OF_MANY; i++)
        h->at[i] = (uint8_t)((homes >> 2 * i & 3) % h->kernels);
    h->at[VPES_OF_MANY] = h->at[0];
    h->at[VPES_OF_MANY + 1] = h->at[1];
    declare_many_kernels(h, out, pools, take(h), quotas);
    declare_vpes(h, out, killed, quotas);
    for (uint32_t i = 0; i < h->kernels; i++)
        if (exhausted >> i & 1)
            g_string_append_printf(out, "fault exhaust K%u\n", i);
    declare_delays(h, out, delayed);
    many_gates(h, (much & 64) != 0, hops % (2 * h->vpes + 1));
}

struct course *draw(const uint8_t *bytes, size_t size, enum draw_about about)
{
    struct hand h = {.bytes = bytes, .left = size, .about = about};
    GString *out = g_string_new("litmus \"drawn\"\n");
    uint32_t what = take(&h), troubles = take(&h), pools = take(&h), begun = take(&h);
    uint32_t records = take(&h);
    struct course *c;

    if (!(begun & BEGUN_ANY))
        begun = 0;
    h.serves = about == DRAW_SERVICE || begun & BEGUN_SESSIONS;
    h.devices = begun & BEGUN_LINE;
    for (int i = 0; i < ALL; i++)
        h.program[i] = g_string_new(NULL);
    (about == DRAW_MANY ? begin_many : begin)(&h, out, what, pools);
    declare_troubles(&h, out, troubles);
    prelude(&h, what >> 5, begun);
    for (uint32_t i = 0; i < records && i < DRAW_RECORDS_MAX && h.left > 0; i++)
        record(&h);
    for (uint32_t i = 0; i < ALL; i++) {
        if (h.program[i]->len > 0)
            g_string_append_printf(out, "\nprogram %s\n%s", names[i], h.program[i]->str);
        g_string_free(h.program[i], TRUE);
    }
    c = course_new(g_string_free(out, FALSE), 1, 1 + what / 3 % 3);
    c->bytes = h.bytes;
    c->bytes_left = h.left;
    return c;
}

/* ---- Mutations ------------------------------------------------------------------------------ */

static uint32_t count_of(const uint8_t *data, size_t size)
{
    size_t there = size <= DRAW_HEAD ? 0 : (size - DRAW_HEAD) / DRAW_RECORD;

    return (uint32_t)MIN(MIN((size_t)(size < DRAW_HEAD ? 0 : data[DRAW_HEAD - 1]), there),
                         DRAW_RECORDS_MAX);
}

static uint8_t *record_at(uint8_t *data, uint32_t i)
{
    return data + DRAW_HEAD + (size_t)i * DRAW_RECORD;
}

/* A record comes in, drawn or a copy of another, or goes. */
static size_t more_or_less(uint8_t *data, size_t size, size_t most, GRand *r)
{
    uint32_t count = count_of(data, size);
    uint32_t at = (uint32_t)g_rand_int_range(r, 0, (gint)count + 1);
    uint8_t *place = record_at(data, at), copy[DRAW_RECORD];
    size_t behind = size - (size_t)(place - data);

    if (count > 0 && (g_rand_int_range(r, 0, 3) == 0 || count == DRAW_RECORDS_MAX)) {
        place = record_at(data, at % count);
        memmove(place, place + DRAW_RECORD, size - (size_t)(place - data) - DRAW_RECORD);
        data[DRAW_HEAD - 1] = (uint8_t)(count - 1);
        return size - DRAW_RECORD;
    }
    if (size + DRAW_RECORD > most || count == DRAW_RECORDS_MAX)
        return size;
    for (int i = 0; i < DRAW_RECORD; i++)
        copy[i] = (uint8_t)g_rand_int(r);
    if (count > 0 && g_rand_boolean(r)) {
        memcpy(copy, record_at(data, (uint32_t)g_rand_int_range(r, 0, (gint)count)), DRAW_RECORD);
        copy[g_rand_int_range(r, 0, DRAW_RECORD)] = (uint8_t)g_rand_int(r);
    }
    memmove(place + DRAW_RECORD, place, behind);
    memcpy(place, copy, DRAW_RECORD);
    data[DRAW_HEAD - 1] = (uint8_t)(count + 1);
    return size + DRAW_RECORD;
}

static void change_record(uint8_t *data, size_t size, GRand *r)
{
    uint32_t count = count_of(data, size);
    uint8_t *one, *two, swap[DRAW_RECORD];

    if (count == 0)
        return;
    one = record_at(data, (uint32_t)g_rand_int_range(r, 0, (gint)count));
    two = record_at(data, (uint32_t)g_rand_int_range(r, 0, (gint)count));
    if (one == two || g_rand_boolean(r)) {
        one[g_rand_int_range(r, 0, DRAW_RECORD)] = (uint8_t)g_rand_int(r);
        return;
    }
    memcpy(swap, one, sizeof(swap));
    memcpy(one, two, sizeof(swap));
    memcpy(two, swap, sizeof(swap));
}

/* A stretch of the schedule has one mover, or another place; or libFuzzer changes it. */
static size_t change_schedule(uint8_t *data, size_t size, size_t most, GRand *r)
{
    size_t from = DRAW_HEAD + (size_t)count_of(data, size) * DRAW_RECORD, left = size - from;
    size_t at, length;

    if (left < 4 || g_rand_int_range(r, 0, 3) == 0)
        return from + LLVMFuzzerMutate(data + from, left, most - from);
    at = from + (size_t)g_rand_int_range(r, 0, (gint)left);
    length = (size_t)g_rand_int_range(r, 1, 16);
    memset(data + at, g_rand_int_range(r, 0, 256), MIN(length, size - at));
    return size;
}

size_t draw_mutate(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    GRand *r = g_rand_new_with_seed(seed);

    if (size < DRAW_HEAD && most >= DRAW_HEAD) {
        memset(data + size, 0, DRAW_HEAD - size);
        size = DRAW_HEAD;
    }
    data[DRAW_HEAD - 1] = (uint8_t)count_of(data, size);
    switch (g_rand_int_range(r, 0, 8)) {
    case 0:
        data[g_rand_int_range(r, 0, DRAW_HEAD - 1)] = (uint8_t)g_rand_int(r);
        break;
    case 1:
    case 2:
        size = more_or_less(data, size, most, r);
        break;
    case 3:
    case 4:
        change_record(data, size, r);
        break;
    default:
        size = change_schedule(data, size, most, r);
    }
    g_rand_free(r);
    return size;
}

/* The head of the one, records of both, and the schedule of the other. */
size_t draw_cross(const uint8_t *one, size_t one_size, const uint8_t *two, size_t two_size,
                  uint8_t *out, size_t most, unsigned seed)
{
    uint32_t ones = count_of(one, one_size), twos = count_of(two, two_size);
    size_t skip = DRAW_HEAD + (size_t)twos * DRAW_RECORD, size = DRAW_HEAD, rest;

    if (one_size < DRAW_HEAD || two_size < DRAW_HEAD || most < DRAW_HEAD)
        return 0;
    ones = ones > 0 ? 1 + seed % ones : 0;
    twos = MIN(twos, DRAW_RECORDS_MAX - ones);
    rest = two_size - skip;
    if (size + (size_t)(ones + twos) * DRAW_RECORD > most)
        return 0;
    memcpy(out, one, DRAW_HEAD + (size_t)ones * DRAW_RECORD);
    size += (size_t)ones * DRAW_RECORD;
    memcpy(out + size, two + DRAW_HEAD, (size_t)twos * DRAW_RECORD);
    size += (size_t)twos * DRAW_RECORD;
    out[DRAW_HEAD - 1] = (uint8_t)(ones + twos);
    rest = MIN(rest, most - size);
    memcpy(out + size, two + skip, rest);
    return size + rest;
}
