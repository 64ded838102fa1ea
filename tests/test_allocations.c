/* Every allocation of the kernel fails once, in turn, under every file of the corpus.
 *
 * A file is run once to see what each of its events takes: nodes of the pool, from which account,
 * and pages of machine memory. Each of these is a point. For each point the file is run again up to
 * that event, which then finds all but the nodes before that one withheld (or all pages taken);
 * behind it memory is back. Twice: once whoever is answered OUT_OF_MEM makes the same call again,
 * and everything ends as if nothing had been; once he goes on without, and what he is answered must
 * have an explanation, as in trial.h. In both the audit is made after every event; at the end
 * nothing may be left over, and when all VPEs have been ended the kernels have as much memory as
 * after a run without a failure.
 * In one more run each event finds no more than it takes; while there are no calls but REVOKE and
 * EXIT, that is nothing.
 *
 *     test_allocations               a sample of each file's points, for CI
 *     test_allocations --all FILE... every one, of the files that are named
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/pages.h"
#include "dtu/ring.h"
#include "sim/compile.h"
#include "sim/machine_parts.h"
#include "sim/trial.h"
#include "tests/sanitized.h"
#include "user/startup.h"

enum {
    COST = FEWER(100, 400, 4000),   /* choices that the points of a file may take, */
    START_MAX = SANITIZED ? 2 : 12, /* nodes of what is there at the start */
    SAMPLE_MIN = SANITIZED ? 1 : 4,
    SAMPLE_MAX = FEWER(3, 6, 60), /* and how many points there are */
};

/* The allocation that fails. */
struct point {
    guint choice; /* the event's number in the run */
    uint32_t kernel;
    uint32_t account; /* or PAGES */
    uint32_t left;    /* nodes that are there before it */
};
#define PAGES UINT32_MAX

/* What a call of this opcode was answered. */
struct answer {
    uint32_t opcode, error;
};

/* What a choice takes from an account. */
struct taken {
    guint choice;
    uint32_t kernel, account; /* or PAGES; or UNKNOWN, where it can't be said */
    uint32_t nodes;
    bool only_moves; /* all these come to other accounts */
};
#define UNKNOWN (UINT32_MAX - 1)

/* A file under one schedule, without failures. */
struct file {
    const char *name;
    struct litmus *litmus;
    struct trial_options options;
    bool saves;
    GArray *choices;    /* struct machine_choice: the run */
    GArray *takes;      /* struct taken: by the choices, in their order */
    GPtrArray *answers; /* of each VPE: GArray of struct answer, to its calls */
    GArray *points;     /* struct point */
    GArray *empty; /* uint32_t, of each kernel: nodes, then pages, in use when all have ended */
};

static struct {
    uint64_t files, points, nodes, pages, dry, revoking, start, failed, refused, retried;
} totals;

/* ---- A run --------------------------------------------------------------------------------- */

/* What a VPE has called and was answered. */
struct caller {
    uint32_t answered;
    struct steps steps; /* where its program stood before the last choice, */
    uint64_t results_hash;
    uint8_t message[RESCIND_PAYLOAD_MAX]; /* and the last call it made */
    size_t size;
    bool calls;     /* in the last choice, */
    bool waits;     /* or before it, and has not been answered */
    uint32_t again; /* the answer that it has asked for again + 1 */
};

struct run {
    const struct file *file;
    struct trial *trial;
    struct caller *callers;
    bool notes; /* this is the run whose answers are the file's */
    bool retry; /* who is answered OUT_OF_MEM tries again */
    bool asked; /* who tries again has had a service asked, which is asked once more: what its
                   program makes of that is its own affair */
    bool revokes, others; /* in the last choice REVOKE or EXIT was under way; another call */
    uint32_t refused, retried;
    struct violation *violation;
    char *wrong;
};

static void note_callers(struct run *r)
{
    const struct machine *m = r->trial->machine;

    for (guint i = 0; i < m->vpes->len; i++) {
        r->callers[i].steps = vpe_of(m, i)->steps;
        r->callers[i].calls = false;
        r->callers[i].results_hash = vpe_of(m, i)->results_hash;
    }
}

/* The answer is taken out of a C program's sight, and its message sent once more. */
static void send_again(struct machine *m, struct machine_vpe *v, const struct caller *c)
{
    struct rescind_kernel *k = machine_kernel(m, v->kernel);
    struct ring_message reply;

    assert_int_equal(ring_fetch(rescind_kernel_reply_ring(k, v->local), &reply), RING_MESSAGE);
    assert_int_equal(rescind_kernel_send(k, v->local, c->message, c->size), RESCIND_NO_ERROR);
}

static uint32_t opcode_of(const struct caller *c)
{
    uint32_t opcode;

    memcpy(&opcode, c->message, sizeof(opcode));
    return opcode;
}

static bool asks(uint32_t opcode)
{
    return opcode == RESCIND_SYS_CREATESESS || opcode == RESCIND_SYS_DELEGATE ||
           opcode == RESCIND_SYS_OBTAIN || opcode == RESCIND_SYS_PAGEFAULT;
}

/* Has somebody else been asked on account of the call that `c` was just refused? */
static bool has_asked(const struct caller *c)
{
    return !c->calls && asks(opcode_of(c));
}

/* Its call was answered OUT_OF_MEM, which is another call's answer in the run without failure: it
 * makes the same call again. */
static void try_again(struct run *r, struct machine_vpe *v)
{
    struct caller *c = &r->callers[v->number];

    if (c->again == c->answered + 1 && r->wrong == NULL)
        r->wrong = g_strdup_printf("%s is refused again, with memory back", v->name);
    c->again = c->answered + 1;
    r->asked |= has_asked(c);
    r->retried++;
    if (v->co != NULL) {
        send_again(r->trial->machine, v, c);
    } else {
        v->steps = c->steps;
        v->results_hash = c->results_hash;
        v->through = false;
        v->awaits = AWAITS_NOTHING;
    }
    queue_vpe(r->trial->machine, v);
}

static void note_answer(struct run *r, uint32_t vpe, uint32_t error)
{
    struct caller *c = &r->callers[vpe];
    GArray *answers = g_ptr_array_index(r->file->answers, vpe);
    struct answer answer = {opcode_of(c), error};
    bool refused = error == RESCIND_OUT_OF_MEM && c->answered < answers->len &&
                   g_array_index(answers, struct answer, c->answered).error != error;

    if (r->notes)
        g_array_append_val(answers, answer);
    r->refused += refused;
    if (r->retry && refused)
        try_again(r, vpe_of(r->trial->machine, vpe));
    else
        c->answered++;
}

/* The last choice has to do with this call. */
static void note_under_way(struct run *r, const struct caller *c)
{
    uint32_t opcode = opcode_of(c);

    if (opcode == RESCIND_SYS_REVOKE || opcode == RESCIND_SYS_EXIT)
        r->revokes = true;
    else
        r->others = true;
}

/* The machine has made a choice. */
static void look(struct run *r)
{
    const GArray *seen = machine_observed(r->trial->machine);

    r->revokes = r->others = false;
    for (guint i = 0; i < r->trial->machine->vpes->len; i++) {
        if (r->callers[i].waits)
            note_under_way(r, &r->callers[i]);
    }
    r->violation = trial_look(r->trial, &(struct machine_choice){.kind = CHOICE_VPE});
    for (guint i = 0; i < seen->len; i++) {
        const struct machine_observed *o = &g_array_index(seen, struct machine_observed, i);
        struct caller *c = &r->callers[o->vpe];
        if (o->kind == OBSERVED_CALL) {
            memcpy(c->message, o->message, o->size);
            c->size = o->size;
            c->calls = c->waits = true;
            note_under_way(r, c);
        } else if (o->kind == OBSERVED_REPLY) {
            c->waits = false;
            note_answer(r, o->vpe, o->error);
        }
    }
    note_callers(r);
}

static bool stop(struct machine *m, void *data)
{
    (void)m;
    (void)data;
    return true;
}

/* Makes one choice; false: there is none, or something is wrong. */
static bool go_on(struct run *r)
{
    enum machine_end end = machine_run(r->trial->machine, stop, NULL);

    if (end == MACHINE_BROKEN)
        r->violation = trial_broken(r->trial);
    if (end != MACHINE_STOPPED)
        return false;
    look(r);
    return r->violation == NULL && r->wrong == NULL;
}

static void run_begin(struct run *r, const struct file *f, struct trial *t)
{
    *r = (struct run){.file = f, .trial = t};
    r->callers = g_new0(struct caller, t->machine->vpes->len);
    note_callers(r);
}

static void run_end(struct run *r)
{
    g_free(r->callers);
    g_free(r->wrong);
    violation_free(r->violation);
}

static struct trial *trial_of(const struct file *f, struct monitor *monitor)
{
    struct trial_options options = f->options;
    GError *error = NULL;
    struct trial *t;

    options.monitor = monitor;
    t = trial_new(f->litmus, &options, &error);
    if (t == NULL)
        fail_msg("%s: %s", f->name, error->message);
    return t;
}

/* ---- Memory -------------------------------------------------------------------------------- */

static uint32_t pages_in_use(const struct rescind_kernel *k)
{
    uint32_t count = 0;

    for (uint32_t page = 0; page < k->pages; page++)
        count += page_is_taken(k, page);
    return count;
}

/* How much memory is in use when all VPEs have been ended. */
static GArray *empty(struct run *r)
{
    struct machine *m = r->trial->machine;
    GArray *used = g_array_new(FALSE, FALSE, sizeof(uint32_t));

    for (guint i = 0; i < m->vpes->len; i++) {
        if (state_of(m, vpe_of(m, i)) != RESCIND_VPE_ENDED)
            machine_kill(m, i, 1);
    }
    if (machine_run(m, NULL, NULL) == MACHINE_BROKEN)
        r->violation = trial_broken(r->trial);
    for (uint32_t i = 0; i < m->kernel_count; i++) {
        uint32_t nodes = pool_used(machine_look(m, i)), pages = pages_in_use(machine_look(m, i));
        g_array_append_val(used, nodes);
        g_array_append_val(used, pages);
    }
    return used;
}

/* From now on all nodes can be taken, but what is given back can't be taken again. */
static void withhold(struct machine *m)
{
    for (uint32_t i = 0; i < m->kernel_count; i++)
        rescind_kernel_starve(machine_kernel(m, i), UINT32_MAX - 1);
}

static void give_back(struct machine *m)
{
    for (uint32_t i = 0; i < m->kernel_count; i++)
        rescind_kernel_starve(machine_kernel(m, i), UINT32_MAX);
}

/* An account has no more than `left` nodes. */
static void leave(struct rescind_kernel *k, uint32_t account, uint32_t left)
{
    uint32_t *own = account_at(k, account), *withheld = account_at(k, k->pool.starved + account);

    *withheld += *own - left;
    *own = left;
}

/* An account that has nothing may take so many of those that it had. */
static void allow(struct rescind_kernel *k, uint32_t account, uint32_t nodes)
{
    *account_at(k, account) += nodes;
    *account_at(k, k->pool.starved + account) -= nodes;
}

/* Takes all pages that are free, for a while: they are appended to `taken`. */
static void take_pages(struct rescind_kernel *k, GArray *taken)
{
    for (uint32_t page = 0; page < k->pages; page++) {
        if (!page_is_taken(k, page) && pages_take_at(k, page, 1))
            g_array_append_val(taken, page);
    }
}

static void give_pages(struct rescind_kernel *k, const GArray *taken)
{
    for (guint i = 0; i < taken->len; i++)
        pages_give(k, g_array_index(taken, uint32_t, i), 1);
}

/* ---- What events take ---------------------------------------------------------------------- */

/* Accounts and pages of all kernels, before an event. */
struct before {
    GArray **accounts; /* uint32_t */
    GByteArray **pages;
};

static void copy_kernel(struct rescind_kernel *k, GArray *accounts, GByteArray *pages)
{
    g_array_append_vals(accounts, account_at(k, 0), k->vpe_limit + 1);
    for (uint32_t page = 0; page < k->pages; page++) {
        uint8_t taken = page_is_taken(k, page);
        g_byte_array_append(pages, &taken, 1);
    }
}

/* What an account had before the event, less what it has now. */
static int64_t took(const struct rescind_kernel *k, const GArray *accounts, uint32_t account)
{
    return (int64_t)(g_array_index(accounts, uint32_t, account) & ~ACCOUNT_CLOSED) -
           (*account_at(k, account) & ~ACCOUNT_CLOSED);
}

/* Nodes that only went from one account to another; of these no more than one is a point: with
 * fewer, CREATEVPE gives a smaller account. */
static int64_t moved(const struct rescind_kernel *k, const GArray *accounts)
{
    int64_t sum = 0;

    for (uint32_t account = 0; account < accounts->len; account++)
        sum += MAX(-took(k, accounts, account), 0);
    return sum;
}

static void add_points(struct file *f, const struct rescind_kernel *k, struct point p,
                       const GArray *accounts, const GByteArray *pages)
{
    int64_t away = moved(k, accounts), all = 0;

    for (uint32_t i = 0; i < accounts->len; i++)
        all += MAX(took(k, accounts, i), 0);
    for (p.account = 0; p.account < accounts->len; p.account++) {
        int64_t nodes = took(k, accounts, p.account);
        struct taken taken = {p.choice, p.kernel, away > 0 ? UNKNOWN : p.account, (uint32_t)nodes,
                              all == away};
        if (nodes > 0)
            g_array_append_val(f->takes, taken);
        for (p.left = 0; p.left < nodes && (p.left == 0 || p.left < nodes - away); p.left++)
            g_array_append_val(f->points, p);
    }
    p.left = 0;
    p.account = PAGES;
    for (uint32_t page = 0; page < k->pages; page++) {
        if (page_is_taken(k, page) && !pages->data[page]) {
            g_array_append_val(f->points, p);
            break;
        }
    }
}

/* What comes back in the event had been needed in it. */
static bool is_refused(const struct machine *m)
{
    const GArray *seen = machine_observed(m);

    for (guint i = 0; i < seen->len; i++) {
        const struct machine_observed *o = &g_array_index(seen, struct machine_observed, i);
        if (o->kind == OBSERVED_REPLY && o->error == RESCIND_OUT_OF_MEM)
            return true;
    }
    return false;
}

/* What choice `number` of the file takes, which the machine makes. */
static void measure(struct machine *m, struct file *f, guint number)
{
    struct taken unknown = {number, 0, UNKNOWN, 0, true};
    GArray *accounts[RESCIND_STARTUP_KERNELS];
    GByteArray *pages[RESCIND_STARTUP_KERNELS];

    withhold(m);
    for (uint32_t i = 0; i < m->kernel_count; i++) {
        accounts[i] = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        pages[i] = g_byte_array_new();
        copy_kernel(machine_kernel(m, i), accounts[i], pages[i]);
    }
    assert_true(machine_choose(m, &g_array_index(f->choices, struct machine_choice, number)));
    if (is_refused(m))
        g_array_append_val(f->takes, unknown);
    for (uint32_t i = 0; i < m->kernel_count; i++) {
        struct point p = {.choice = number, .kernel = i};
        add_points(f, machine_look(m, i), p, accounts[i], pages[i]);
        g_array_unref(accounts[i]);
        g_byte_array_unref(pages[i]);
    }
    give_back(m);
}

/* Goes the way of the first run again, in another machine, which is led there by snapshots where
 * that can be done: there nodes that come back in an event can't be taken in it. */
static void measure_all(struct file *f, struct monitor *monitor)
{
    struct trial *walker = trial_of(f, monitor), *other = trial_of(f, monitor);
    struct machine_snapshot *here = NULL;

    for (guint i = 0; i < f->choices->len; i++) {
        const struct machine_choice *c = &g_array_index(f->choices, struct machine_choice, i);
        if (f->saves) {
            here = machine_save(walker->machine, here);
            machine_restore(other->machine, here);
            assert_true(machine_choose(walker->machine, c));
        }
        measure(other->machine, f, i);
    }
    machine_snapshot_free(here);
    trial_free(walker);
    trial_free(other);
}

/* ---- Runs with a failure ------------------------------------------------------------------- */

/* The machine's next choice, in which the allocation fails. */
static bool strike(struct run *r, const struct point *p)
{
    struct machine *m = r->trial->machine;
    struct rescind_kernel *k = machine_kernel(m, p->kernel);
    GArray *taken = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    bool goes_on;

    r->trial->set = monitor_follow(r->trial->monitor, r->trial->set,
                                   monitor_trail(r->trial->monitor, MONITOR_NO_TRAIL,
                                                 &(struct monitor_event){.kind = MONITOR_SHORT}));
    withhold(m);
    if (p->account != PAGES) {
        leave(k, p->account, p->left);
    } else {
        take_pages(k, taken);
        m->options.audit = AUDIT_ENDS; /* nobody has these */
    }
    goes_on = go_on(r);
    give_pages(k, taken);
    give_back(m);
    m->options.audit = AUDIT_ALWAYS;
    m->touched = (int32_t)p->kernel;
    if (goes_on && !move_audit(m))
        r->violation = trial_broken(r->trial);
    g_array_unref(taken);
    return r->violation == NULL && goes_on;
}

/* `quiet`: nothing moves any more. */
static void check_end(struct run *r, bool quiet)
{
    struct outcome *outcome = machine_outcome(r->trial->machine);
    GArray *used;

    if (quiet)
        r->violation =
            r->retry && !r->asked ? trial_end(r->trial, outcome) : trial_balance(r->trial, outcome);
    outcome_free(outcome);
    if (r->violation != NULL)
        return;
    used = empty(r);
    for (guint i = 0; r->wrong == NULL && i < used->len; i++) {
        uint32_t now = g_array_index(used, uint32_t, i);
        uint32_t then = g_array_index(r->file->empty, uint32_t, i);
        if (now != then)
            r->wrong = g_strdup_printf("when all have ended kernel %u has %u %s in use, not %u",
                                       i / 2, now, i % 2 ? "pages" : "nodes", then);
    }
    g_array_unref(used);
}

static char *words_of(const struct run *r, const struct point *p)
{
    const struct machine_choice *c =
        &g_array_index(r->file->choices, struct machine_choice, p->choice);
    char *choice = machine_choice_text(r->trial->machine, c), *words;

    if (p->account == PAGES)
        words =
            g_strdup_printf("choice %u (%s), no pages on kernel %u", p->choice, choice, p->kernel);
    else
        words = g_strdup_printf("choice %u (%s), account %u of kernel %u has %u nodes left",
                                p->choice, choice, p->account, p->kernel, p->left);
    g_free(choice);
    return words;
}

static void report(const struct run *r, const struct point *p)
{
    char *words;

    if (r->violation == NULL && r->wrong == NULL)
        return;
    words = p != NULL ? words_of(r, p) : g_strdup("events find no more than they take");
    fprintf(stderr, "%s, --work %u: %s, %s: %s\n", r->file->name, r->file->options.work, words,
            r->retry ? "then tried again" : "then left",
            r->wrong != NULL ? r->wrong : r->violation->text);
    g_free(words);
    totals.failed++;
}

/* From the state before the failure to the end. A program whose service has given up may ask for
 * it again and again. */
static void fail_and_go_on(struct run *r, const struct point *p)
{
    guint left = 4 * r->file->choices->len + 100;
    bool goes_on = strike(r, p);

    for (; goes_on && left > 0; left--)
        goes_on = go_on(r);
    if (goes_on && r->retry && !r->asked)
        r->wrong = g_strdup("it does not end");
    if (r->violation == NULL && r->wrong == NULL)
        check_end(r, !goes_on);
    report(r, p);
    totals.refused += r->refused;
    totals.retried += r->retried;
}

/* Makes a choice of the first run. */
static void follow(struct run *r, guint at)
{
    assert_true(machine_choose(r->trial->machine,
                               &g_array_index(r->file->choices, struct machine_choice, at)));
    look(r);
    assert_null(r->violation);
}

/* A machine that can't be saved is led there anew. */
static void fail_anew(const struct file *f, const struct point *p, struct monitor *monitor,
                      bool retry)
{
    struct run r;

    run_begin(&r, f, trial_of(f, monitor));
    for (guint i = 0; i < p->choice; i++)
        follow(&r, i);
    r.retry = retry;
    fail_and_go_on(&r, p);
    trial_free(r.trial);
    run_end(&r);
}

/* `walker` stands where the failure is to be. */
static void fail_from(const struct run *walker, struct trial *t, const struct point *p,
                      const struct machine_snapshot *here, bool retry)
{
    struct run r;

    machine_restore(t->machine, here);
    t->set = walker->trial->set;
    run_begin(&r, walker->file, t);
    memcpy(r.callers, walker->callers, t->machine->vpes->len * sizeof(struct caller));
    r.retry = retry;
    fail_and_go_on(&r, p);
    run_end(&r);
}

static void count_point(const struct point *p)
{
    totals.pages += p->account == PAGES;
    totals.nodes += p->account != PAGES;
}

/* Every `stride`th point. */
static void fail_each(const struct file *f, struct monitor *monitor, guint stride)
{
    struct trial *other = f->saves ? trial_of(f, monitor) : NULL;
    struct machine_snapshot *here = NULL;
    struct run walker;
    guint at = 0;

    totals.points += f->points->len;
    run_begin(&walker, f, trial_of(f, monitor));
    for (guint i = 0; i < f->points->len; i += stride) {
        const struct point *p = &g_array_index(f->points, struct point, i);
        count_point(p);
        for (; f->saves && at < p->choice; at++)
            follow(&walker, at);
        if (f->saves)
            here = machine_save(walker.trial->machine, here);
        for (int retry = 0; retry < 2; retry++) {
            if (f->saves)
                fail_from(&walker, other, p, here, retry);
            else
                fail_anew(f, p, monitor, retry);
        }
    }
    machine_snapshot_free(here);
    trial_free(walker.trial);
    trial_free(other);
    run_end(&walker);
}

/* What may be refused although it finds all that it takes. */
enum thrift {
    FINDS_WHAT_IT_TAKES,
    FINDS_MORE, /* a call wants to see in time what will be needed later: where a service has to be
                   asked first, and all that a range takes */
    FINDS_PLENTY, /* a call will be refused anyhow: OUT_OF_MEM would do as well */
};

static enum thrift thrift_of(const struct run *r, const struct machine_choice *c)
{
    enum thrift thrift = FINDS_WHAT_IT_TAKES;

    for (guint i = 0; i < r->file->answers->len; i++) {
        const GArray *answers = g_ptr_array_index(r->file->answers, i);
        const struct caller *caller = &r->callers[i];
        const struct answer *answer;
        if (caller->answered >= answers->len ||
            !(caller->waits || (c->kind == CHOICE_VPE && c->a == i)))
            continue;
        answer = &g_array_index(answers, struct answer, caller->answered);
        if (answer->error != RESCIND_NO_ERROR)
            return FINDS_PLENTY;
        if (asks(answer->opcode) || answer->opcode == RESCIND_SYS_EXCHANGE)
            thrift = FINDS_MORE;
    }
    return thrift;
}

/* Leaves each account what choice `number` takes from it; *at is the first that is known of it.
 * False: that can't be said, or need not be enough. */
static bool leave_enough(struct run *r, guint number, guint *at)
{
    const struct file *f = r->file;
    struct machine *m = r->trial->machine;
    enum thrift thrift = thrift_of(r, &g_array_index(f->choices, struct machine_choice, number));
    bool enough = thrift != FINDS_PLENTY;

    for (uint32_t i = 0; i < m->kernel_count; i++)
        rescind_kernel_starve(machine_kernel(m, i), 0);
    for (; *at < f->takes->len; ++*at) {
        const struct taken *t = &g_array_index(f->takes, struct taken, *at);
        if (t->choice != number)
            break;
        if (t->account == UNKNOWN)
            enough = false;
        else
            allow(machine_kernel(m, t->kernel), t->account, t->nodes);
        enough &= thrift == FINDS_WHAT_IT_TAKES;
    }
    if (!enough)
        give_back(m);
    return enough;
}

/* A choice of the first run. */
static void follow_dry(struct run *r, guint number)
{
    struct machine *m = r->trial->machine;
    const struct machine_choice *c =
        &g_array_index(r->file->choices, struct machine_choice, number);

    if (!machine_possible(m, c))
        r->wrong = g_strdup_printf("choice %u is not possible any more", number);
    else if (machine_choose(m, c))
        look(r);
    else
        r->violation = trial_broken(r->trial);
    give_back(m);
    if (r->retried > 0 && r->wrong == NULL)
        r->wrong = g_strdup_printf("choice %u is refused what it has taken before", number);
}

static bool takes_some(const struct file *f, guint from, guint to)
{
    for (guint i = from; i < to; i++) {
        if (!g_array_index(f->takes, struct taken, i).only_moves)
            return true;
    }
    return false;
}

/* Each event finds no more than it takes, or, as those of REVOKE and EXIT, nothing at all; and all
 * is as if there were more. */
static void run_dry(const struct file *f, struct monitor *monitor)
{
    struct run r;
    guint at = 0;

    run_begin(&r, f, trial_of(f, monitor));
    r.retry = true;
    for (guint i = 0; i < f->choices->len && r.violation == NULL && r.wrong == NULL; i++) {
        guint first = at;
        totals.dry += leave_enough(&r, i, &at);
        follow_dry(&r, i);
        totals.revoking += r.revokes && !r.others;
        if (takes_some(f, first, at) && r.revokes && !r.others && r.wrong == NULL)
            r.wrong = g_strdup_printf("choice %u takes memory, for a REVOKE or EXIT", i);
    }
    if (r.violation == NULL && r.wrong == NULL)
        check_end(&r, true);
    report(&r, NULL);
    trial_free(r.trial);
    run_end(&r);
}

/* ---- Files --------------------------------------------------------------------------------- */

static void unref_array(gpointer array)
{
    g_array_unref(array);
}

/* The run without a failure. */
static bool first_run(struct file *f, struct monitor *monitor)
{
    struct outcome *outcome;
    struct run r;
    bool good;

    run_begin(&r, f, trial_of(f, monitor));
    f->saves = machine_can_save(r.trial->machine);
    for (guint i = 0; i < f->litmus->vpes->len; i++)
        g_ptr_array_add(f->answers, g_array_new(FALSE, FALSE, sizeof(struct answer)));
    machine_record(r.trial->machine, f->choices);
    r.notes = true;
    while (go_on(&r))
        continue;
    machine_record(r.trial->machine, NULL);
    outcome = machine_outcome(r.trial->machine);
    if (r.violation == NULL)
        r.violation = trial_end(r.trial, outcome);
    good = r.violation == NULL;
    if (!good)
        fprintf(stderr, "%s without a failure: %s\n", f->name, r.violation->text);
    f->empty = empty(&r);
    outcome_free(outcome);
    trial_free(r.trial);
    run_end(&r);
    return good;
}

/* Of a sample of a long file there are fewer points: each takes as long as the whole file. */
static guint stride_of(const struct file *f, bool all)
{
    guint sample = CLAMP(COST / MAX(f->choices->len, 1), SAMPLE_MIN, SAMPLE_MAX);

    return all ? 1 : MAX((f->points->len + sample - 1) / sample, 1);
}

static void check_file(const char *name, const struct litmus *litmus, uint32_t work, bool all)
{
    struct file f = {.name = name, .litmus = (struct litmus *)litmus, .options.work = work};
    struct monitor *monitor = trial_monitor(litmus);

    f.choices = g_array_new(FALSE, FALSE, sizeof(struct machine_choice));
    f.takes = g_array_new(FALSE, FALSE, sizeof(struct taken));
    f.answers = g_ptr_array_new_with_free_func(unref_array);
    f.points = g_array_new(FALSE, FALSE, sizeof(struct point));
    if (first_run(&f, monitor)) {
        measure_all(&f, monitor);
        run_dry(&f, monitor);
        fail_each(&f, monitor, stride_of(&f, all));
    } else {
        totals.failed++;
    }
    g_array_unref(f.choices);
    g_array_unref(f.takes);
    g_ptr_array_unref(f.answers);
    g_array_unref(f.points);
    g_array_unref(f.empty);
    monitor_free(monitor);
}

/* ---- What is there at the start ------------------------------------------------------------ */

/* With so many nodes on a kernel, can there be the file's machine? */
static bool loads(const struct litmus *litmus, uint32_t kernel, uint32_t nodes)
{
    struct machine_options options = {.audit = AUDIT_ALWAYS};
    GByteArray *module = compile(litmus, 0);
    struct rescind_startup_kernel *k =
        (struct rescind_startup_kernel *)startup_kernel(module->data, kernel);
    GError *error = NULL;
    struct machine *m;

    k->nodes = nodes;
    m = machine_load(&options, module->data, &error);
    if (m == NULL)
        assert_non_null(strstr(error->message, "too small for what is there at the start"));
    else
        assert_true(machine_audit(m));
    g_clear_error(&error);
    machine_free(m);
    g_byte_array_unref(module);
    return m != NULL;
}

/* Each node of what is there at the start is missing, in turn; of a sample the last ones. */
static void check_start(const char *name, const struct litmus *litmus, bool all)
{
    struct file f = {.name = name, .litmus = (struct litmus *)litmus};
    struct trial *t = trial_of(&f, NULL);

    for (uint32_t i = 0; i < t->machine->kernel_count; i++) {
        uint32_t nodes = pool_used(machine_look(t->machine, i));
        for (uint32_t n = nodes > START_MAX && !all ? nodes - START_MAX : 1; n < nodes; n++) {
            totals.start++;
            if (loads(litmus, i, n)) {
                fprintf(stderr, "%s: kernel %u has %u nodes at the start, but %u do\n", name, i,
                        nodes, n);
                totals.failed++;
            }
        }
    }
    monitor_free(trial_free(t));
}

static void check_named(const char *name, bool all)
{
    char *error = NULL;
    struct litmus *litmus = litmus_read(name, &error);

    if (litmus == NULL)
        fail_msg("%s", error);
    totals.files++;
    check_start(name, litmus, all);
    for (uint32_t work = 0; work < 2; work++)
        check_file(name, litmus, work, all);
    litmus_free(litmus);
}

/* ---- The corpus ---------------------------------------------------------------------------- */

static void print_totals(void)
{
    printf("%" G_GUINT64_FORMAT " files: %" G_GUINT64_FORMAT
           " allocations have failed once each, %" G_GUINT64_FORMAT
           " of nodes and %" G_GUINT64_FORMAT " of pages,\nof %" G_GUINT64_FORMAT
           " that there are; %" G_GUINT64_FORMAT " calls were refused, %" G_GUINT64_FORMAT
           " of them were made again;\n%" G_GUINT64_FORMAT
           " events found no more than they take, %" G_GUINT64_FORMAT
           " of them, of REVOKE and EXIT, nothing;\n%" G_GUINT64_FORMAT
           " nodes were missing at the start\n",
           totals.files, totals.nodes + totals.pages, totals.nodes, totals.pages, totals.points,
           totals.refused, totals.retried, totals.dry, totals.revoking, totals.start);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The files of a folder of the corpus, in order. */
static void check_folder(const char *folder)
{
    char *path = g_build_filename(g_getenv("RESCIND_TESTS"), "litmus", folder, NULL);
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *name;

    assert_non_null(dir);
    while ((name = g_dir_read_name(dir)) != NULL) {
        if (g_str_has_suffix(name, ".litmus"))
            g_ptr_array_add(names, g_build_filename(path, name, NULL));
    }
    g_dir_close(dir);
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++)
        check_named(g_ptr_array_index(names, i), false);
    g_ptr_array_unref(names);
    g_free(path);
    assert_int_equal(totals.failed, 0);
}

static void every_allocation_may_fail_once(void **state)
{
    (void)state;
    check_folder(".");
}

static void and_where_calls_race(void **state)
{
    (void)state;
    check_folder("racy");
}

static void and_under_programs_in_c(void **state)
{
    (void)state;
    check_folder("programs");
}

static void so_many_have_failed(void **state)
{
    (void)state;
    print_totals();
    assert_true(totals.nodes >= FEWER(300, 1000, 6000));
    assert_true(totals.pages >= FEWER(3, 10, 50));
    assert_true(totals.retried >= totals.nodes * 3 / 4);
    assert_true(totals.dry >= FEWER(300, 1000, 1000));
    assert_true(totals.revoking >= FEWER(100, 300, 300));
}

static int check_all(char **files)
{
    for (; *files != NULL; files++)
        check_named(*files, true);
    print_totals();
    return totals.failed != 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail_once),
        cmocka_unit_test(and_where_calls_race),
        cmocka_unit_test(and_under_programs_in_c),
        cmocka_unit_test(so_many_have_failed),
    };

    if (argc > 1 && strcmp(argv[1], "--all") == 0)
        return check_all(argv + 2);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
