/* What capabilities on many kernels cost: across WHAT OPTIONS. bench/run.sh calls it and explains
 * the figures; each of WHAT prints a word and a number a line, or CSV. Instructions are counted by
 * callgrind with --toggle-collect='measured_*': the kernels' work in the phase that --measure
 * names. Exit status 1 when anything is not as it should be: no figure of a wrong forest. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "sim/forest.h"

struct options {
    gint kernels, vpes, size, roots, known, near, range, delay, work, seed;
    gboolean across, obtain;
    gchar *measure;
};

enum { PATIENCE = 1000000000 };

static bool measures(const struct options *o, const char *phase)
{
    return g_strcmp0(o->measure, phase) == 0;
}

static bool complain(const struct cluster *s)
{
    fprintf(stderr, "across: %s\n", s != NULL ? s->failure : "no memory");
    return false;
}

static void row(const char *name, double value)
{
    printf("%s %.*f\n", name, value < 1000 ? 2 : 0, value);
}

static void print_counts(const struct cluster_count *c, double caps)
{
    row("events", (double)c->events);
    row("visits", (double)c->visits);
    row("messages", (double)c->messages);
    row("records", (double)cluster_records(c));
    row("records-a-capability", (double)cluster_records(c) / caps);
    row("messages-a-capability", (double)c->messages / caps);
}

/* ---- A random forest on many kernels ------------------------------------------------------ */

struct stopwatch {
    gint64 at;
};

static void lap(struct stopwatch *watch, const char *phase)
{
    gint64 now = g_get_monotonic_time();
    char *name = g_strdup_printf("%s-seconds", phase);

    row(name, (double)(now - watch->at) / 1e6);
    g_free(name);
    fflush(stdout);
    watch->at = g_get_monotonic_time();
}

static bool print_forest(struct forest *f, const struct options *o, struct stopwatch *watch)
{
    struct cluster *s = f->cluster;
    double size = f->plan->size, crossings = plan_crossings(f->plan);

    row("capabilities", size);
    row("roots", plan_roots(f->plan));
    row("crossing", crossings);
    row("capabilities-on-vpes", f->grants);
    lap(watch, "plant");
    s->measured = measures(o, "grow");
    if (!forest_grow(f))
        return false;
    lap(watch, "grow");
    print_counts(&s->count, size);
    row("arena-bytes-used", (double)cluster_used(s));
    if (!forest_has_shape(f))
        return false;
    lap(watch, "look");
    if (!cluster_audit(s) || !cluster_audit_links(s))
        return false;
    lap(watch, "audit");
    cluster_count_anew(s);
    s->measured = measures(o, "fell");
    if (!forest_fell(f))
        return false;
    lap(watch, "fell");
    print_counts(&s->count, size);
    row("records-a-crossing", (double)cluster_orders(&s->count) / crossings);
    row("messages-a-crossing", (double)s->count.messages / crossings);
    if (!forest_is_gone(f) || !cluster_audit(s) || !cluster_audit_links(s) ||
        !cluster_audit_rest(s) || !cluster_none_refused(s))
        return false;
    lap(watch, "audit-rest");
    return true;
}

static bool run_forest(const struct options *o)
{
    struct stopwatch watch = {g_get_monotonic_time()};
    struct plan_forest forest = {
        .kernels = (uint32_t)o->kernels,
        .vpes = (uint32_t)o->vpes,
        .size = (uint32_t)o->size,
        .roots = (uint32_t)(o->roots > 0 ? o->roots : o->kernels * o->vpes),
        .known = (uint32_t)o->known,
        .near = (uint32_t)o->near,
        .seed = (uint32_t)o->seed,
    };
    struct cluster_options options = {.seed = (uint64_t)o->seed, .work = (uint32_t)o->work};
    struct plan *plan = plan_forest(&forest);
    struct forest *f = forest_plant(plan, &options);
    struct rusage usage;
    bool good =
        (f != NULL && print_forest(f, o, &watch)) || complain(f != NULL ? f->cluster : NULL);

    getrusage(RUSAGE_SELF, &usage);
    row("process-bytes", (double)usage.ru_maxrss * 1024);
    if (f != NULL)
        forest_free(f);
    plan_free(plan);
    return good;
}

/* ---- A chain with one capability elsewhere at its end -------------------------------------- */

static bool fell_measured(struct forest *f, const struct options *o, double *ns)
{
    struct stopwatch watch;

    f->cluster->measured = measures(o, "grow");
    if (!forest_grow(f) || !forest_has_shape(f) || !cluster_audit(f->cluster))
        return false;
    cluster_count_anew(f->cluster);
    f->cluster->measured = measures(o, "fell");
    watch.at = g_get_monotonic_time();
    if (!forest_fell(f))
        return false;
    *ns = (double)(g_get_monotonic_time() - watch.at) * 1e3;
    f->cluster->measured = false;
    return forest_is_gone(f) && cluster_audit_rest(f->cluster);
}

static bool run_tail(const struct options *o)
{
    struct plan *plan = plan_tail((uint32_t)o->size, o->across);
    struct cluster_options options = {.seed = (uint64_t)o->seed, .work = (uint32_t)o->work};
    struct forest *f = forest_plant(plan, &options);
    double ns = 0;
    bool good = (f != NULL && fell_measured(f, o, &ns)) || complain(f != NULL ? f->cluster : NULL);

    if (good) {
        print_counts(&f->cluster->count, plan->size);
        row("ns", ns);
    }
    if (f != NULL)
        forest_free(f);
    plan_free(plan);
    return good;
}

/* ---- The experiments of the SemperOS paper ------------------------------------------------- */

/* What a message takes on its way, in steps. */
static const uint32_t delays[] = {2, 10, 100};

static bool fell(const struct plan *plan, uint32_t delay, struct cluster_count *count)
{
    struct cluster_options options = {.delay = delay, .paid = true};
    struct forest *f = forest_plant(plan, &options);
    double ns;
    bool good = (f != NULL && fell_measured(f, &(struct options){0}, &ns)) ||
                complain(f != NULL ? f->cluster : NULL);

    if (good)
        *count = f->cluster->count;
    if (f != NULL)
        forest_free(f);
    return good;
}

static void print_head(const char *what)
{
    printf("%s", what);
    for (guint i = 0; i < G_N_ELEMENTS(delays); i++)
        printf(",messages%u,steps%u", delays[i], delays[i]);
    printf("\n");
}

/* Revokes the plan's root, for each delay. */
static bool print_plan(struct plan *plan)
{
    struct cluster_count count;
    bool good = true;

    for (guint i = 0; good && i < G_N_ELEMENTS(delays); i++) {
        good = fell(plan, delays[i], &count);
        if (good)
            printf(",%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT, count.messages, count.steps);
    }
    printf("\n");
    plan_free(plan);
    return good;
}

static bool run_chains(const struct options *o)
{
    bool good = true;

    print_head("size,kernels");
    for (uint32_t size = 1; good && size <= (uint32_t)o->size; size++) {
        for (uint32_t kernels = 1; good && kernels <= 2; kernels++) {
            printf("%u,%u", size, kernels);
            good = print_plan(plan_bounce(size, kernels == 2));
        }
    }
    return good;
}

/* Trees of up to `size` children on 0 .. `kernels` others, each child with `range` of its own. */
static bool run_trees(const struct options *o)
{
    bool good = true;

    print_head("children,others,below");
    for (uint32_t children = 1; good && children <= (uint32_t)o->size; children++) {
        for (uint32_t others = 0; good && others <= (uint32_t)o->kernels; others++) {
            printf("%u,%u,%d", children, others, o->range);
            good = print_plan(plan_spread(children, others, (uint32_t)o->range));
        }
    }
    return good;
}

/* ---- What a crossing edge costs ------------------------------------------------------------- */

/* Of the plan's REVOKE: a row. */
static bool print_edges(const char *shape, struct plan *plan)
{
    uint32_t crossings = plan_crossings(plan);
    struct cluster_count count;
    bool good = fell(plan, 0, &count);

    if (good)
        printf("%s,%u,%u,%u,%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT "\n", shape, plan->kernels,
               plan->size, crossings, cluster_orders(&count), count.messages);
    plan_free(plan);
    return good;
}

/* A chain between two kernels, a star on others, a binary tree whose every edge crosses, and the
 * same with local children below each: of `size` edges, but for the chains' of `size` capabilities.
 */
static bool run_edges(const struct options *o)
{
    uint32_t size = (uint32_t)o->size, others = (uint32_t)o->kernels - 1;

    printf("shape,kernels,capabilities,crossing,records,messages\n");
    return print_edges("chain", plan_bounce(size, true)) &&
           print_edges("chain with one remote capability", plan_tail(size, true)) &&
           print_edges("star", plan_spread(size, others, 0)) &&
           print_edges("star with 10 local children below each child",
                       plan_spread(size, others, 10)) &&
           print_edges("binary tree", plan_levels(size, (uint32_t)o->kernels));
}

/* ---- Exchange and revoke between two VPEs -------------------------------------------------- */

enum { OTHER = RESCIND_SEL_FREE, FIRST }; /* the giver's capability on the taker, then its gates */

static bool call(struct cluster *s, uint32_t kernel, uint32_t vpe, struct message message)
{
    cluster_call(s, kernel, vpe, &message);
    cluster_run(s);
    return cluster_was_ok(s, kernel, vpe);
}

/* The VPE who takes, and who gives: VPE 0 of kernel 0. */
struct pair {
    uint32_t kernel, vpe;
};

static bool make_gates(struct cluster *s, const struct options *o)
{
    for (gint i = 0; i < o->size; i++) {
        if (!call(s, 0, 0, cluster_creategate(FIRST + (uint32_t)i)))
            return false;
    }
    return true;
}

static bool exchange(struct cluster *s, const struct options *o, struct pair taker)
{
    for (gint i = 0; i < o->size; i += o->range) {
        uint32_t at = FIRST + (uint32_t)i, count = (uint32_t)MIN(o->range, o->size - i);
        struct message message = cluster_exchange(OTHER, at, at, count, o->obtain);
        bool good = o->obtain ? call(s, taker.kernel, taker.vpe, message) : call(s, 0, 0, message);
        if (!good)
            return false;
    }
    return true;
}

static bool has_all(struct cluster *s, const struct options *o, struct pair taker, bool wanted)
{
    for (gint i = 0; i < o->size; i++) {
        uint32_t at = FIRST + (uint32_t)i;
        struct rescind_kernel_cap cap;
        bool there = rescind_kernel_find(s->kernel[taker.kernel], taker.vpe, RESCIND_TABLE_OBJECT,
                                         at, &cap) &&
                     cap.sel == at && cap.has_remote_parent == (taker.kernel != 0);
        if (there != wanted)
            return cluster_fail(s, "selector %u", at);
    }
    return true;
}

static bool revoke(struct cluster *s, const struct options *o)
{
    for (gint i = 0; i < o->size; i += o->range) {
        uint32_t count = (uint32_t)MIN(o->range, o->size - i);
        if (!call(s, 0, 0, cluster_revoke(FIRST + (uint32_t)i, count)))
            return false;
    }
    return true;
}

static bool introduce(struct cluster *s, struct pair a, struct pair b)
{
    enum rescind_error error =
        a.kernel == b.kernel ? rescind_kernel_boot_grant(s->kernel[a.kernel], a.vpe, OTHER, b.vpe)
                             : rescind_kernel_boot_grant_across(s->kernel[a.kernel], a.vpe, OTHER,
                                                                s->kernel[b.kernel], b.vpe);

    return error == RESCIND_NO_ERROR || cluster_fail(s, "no capability on a VPE: %u", error);
}

static bool hand_on(struct cluster *s, const struct options *o)
{
    struct pair giver = {0, 0}, taker = {o->across ? 1 : 0, o->across ? 0 : 1};
    struct cluster_count exchanged;

    if (!(o->obtain ? introduce(s, taker, giver) : introduce(s, giver, taker)) || !make_gates(s, o))
        return false;
    cluster_count_anew(s);
    s->measured = measures(o, "exchange");
    if (!exchange(s, o, taker))
        return false;
    exchanged = s->count;
    s->measured = false;
    if (!has_all(s, o, taker, true) || !cluster_audit(s))
        return false;
    cluster_count_anew(s);
    s->measured = measures(o, "revoke");
    if (!revoke(s, o))
        return false;
    print_counts(measures(o, "revoke") ? &s->count : &exchanged, o->size);
    return has_all(s, o, taker, false) && cluster_audit(s) && cluster_audit_links(s) &&
           cluster_audit_rest(s) && cluster_none_refused(s);
}

/* At least two kernels of two VPEs each. */
static struct cluster *same_cluster(const struct options *o, uint32_t nodes)
{
    uint32_t kernels = (uint32_t)MAX(o->kernels, 2), *all = g_new(uint32_t, kernels);
    struct cluster_options options = {.kernels = kernels,
                                      .vpes = (uint32_t)MAX(o->vpes, 2),
                                      .nodes = all,
                                      .work = (uint32_t)o->work,
                                      .seed = (uint64_t)o->seed};
    struct cluster *s;

    for (uint32_t i = 0; i < kernels; i++)
        all[i] = nodes;
    s = cluster_new(&options);
    g_free(all);
    return s;
}

/* Of `size` gates, in ranges of `range`; the other kernels and VPEs have nothing to do. */
static bool run_hand(const struct options *o)
{
    struct cluster *s = same_cluster(o, (uint32_t)(16 + 3 * o->vpes + 4 * o->size));
    bool good;

    if (o->range < 1 && s != NULL)
        cluster_fail(s, "a range of none");
    good = (s != NULL && s->failure == NULL && hand_on(s, o)) || complain(s);

    if (s != NULL)
        cluster_free(s);
    return good;
}

/* ---- A crowd ------------------------------------------------------------------------------- */

/* All VPEs of a kernel at once: each `range` exchanges with one of the other kernel. */
static bool crowd(struct cluster *s, const struct options *o)
{
    uint32_t vpes = (uint32_t)o->vpes;

    for (uint32_t vpe = 0; vpe < vpes; vpe++) {
        struct message gate = cluster_creategate(FIRST);
        if (!introduce(s, (struct pair){0, vpe}, (struct pair){1, vpe}))
            return false;
        cluster_call(s, 0, vpe, &gate);
    }
    cluster_run(s);
    for (uint32_t vpe = 0; vpe < vpes; vpe++) {
        if (!cluster_was_ok(s, 0, vpe))
            return false;
    }
    cluster_count_anew(s);
    for (gint i = 0; i < o->range; i++) {
        struct message give =
            cluster_exchange(OTHER, FIRST, RESCIND_SEL_FREE + (uint32_t)i, 1, false);
        s->measured = measures(o, "exchange");
        for (uint32_t vpe = 0; vpe < vpes; vpe++)
            cluster_call(s, 0, vpe, &give);
        cluster_run(s);
        for (uint32_t vpe = 0; vpe < vpes; vpe++) {
            if (!cluster_was_ok(s, 0, vpe))
                return false;
        }
    }
    s->measured = false;
    print_counts(&s->count, (double)vpes * o->range);
    return cluster_audit(s) && cluster_audit_links(s);
}

static bool run_crowd(const struct options *o)
{
    struct cluster *s = same_cluster(o, (uint32_t)(32 + o->vpes * (8 + 2 * o->range)));
    bool good = (s != NULL && crowd(s, o)) || complain(s);

    if (s != NULL)
        cluster_free(s);
    return good;
}

/* ------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    bool (*run)(const struct options *o);
    const char *about;
} runs[] = {
    {"forest", run_forest, "a random forest on many kernels: grown, audited, felled"},
    {"tail", run_tail, "a chain with one capability of another VPE at its end"},
    {"chains", run_chains, "CSV: chains of 1 .. SIZE, of one kernel and to and fro between two"},
    {"trees", run_trees, "CSV: trees of 1 .. SIZE children on 0 .. KERNELS other kernels"},
    {"edges", run_edges, "CSV: records and messages of REVOKEs of trees on KERNELS kernels"},
    {"hand", run_hand, "SIZE capabilities handed on in ranges of RANGE, and revoked"},
    {"crowd", run_crowd, "all VPEs of a kernel exchange with another kernel at once"},
};

static gchar *summary(void)
{
    GString *text = g_string_new("WHAT is one of:");

    for (guint i = 0; i < G_N_ELEMENTS(runs); i++)
        g_string_append_printf(text, "\n  %-8s %s", runs[i].name, runs[i].about);
    return g_string_free(text, FALSE);
}

static bool is_sane(const struct options *o)
{
    return o->kernels >= 1 && o->kernels <= (gint)RESCIND_PE_MAX && o->vpes >= 1 &&
           o->vpes <= (gint)RESCIND_VPE_MAX && o->size >= 1 && o->size <= PATIENCE &&
           o->roots >= 0 && o->roots <= o->size && o->known >= 1 && o->known <= 1024 &&
           o->near >= 0 && o->near <= 100 && o->range >= 0 && o->range <= o->size && o->work >= 0;
}

static bool parse(int *argc, char ***argv, struct options *o)
{
    const GOptionEntry entries[] = {
        {"kernels", 'k', 0, G_OPTION_ARG_INT, &o->kernels, "kernels", "N"},
        {"vpes", 'v', 0, G_OPTION_ARG_INT, &o->vpes, "VPEs of each kernel", "N"},
        {"size", 'n', 0, G_OPTION_ARG_INT, &o->size, "capabilities", "N"},
        {"roots", 0, 0, G_OPTION_ARG_INT, &o->roots, "roots; 0: one a VPE", "N"},
        {"known", 0, 0, G_OPTION_ARG_INT, &o->known, "VPEs that a VPE knows", "N"},
        {"near", 0, 0, G_OPTION_ARG_INT, &o->near, "percent of them on its own kernel", "N"},
        {"range", 'r', 0, G_OPTION_ARG_INT, &o->range,
         "capabilities a call; children below a child; calls of each VPE", "N"},
        {"work", 0, 0, G_OPTION_ARG_INT, &o->work, "capabilities an event; 0: the default", "N"},
        {"seed", 0, 0, G_OPTION_ARG_INT, &o->seed, "of everything random", "N"},
        {"across", 'a', 0, G_OPTION_ARG_NONE, &o->across, "to another kernel", NULL},
        {"obtain", 0, 0, G_OPTION_ARG_NONE, &o->obtain, "obtain instead of delegate", NULL},
        {"measure", 'm', 0, G_OPTION_ARG_STRING, &o->measure, "what callgrind is to count",
         "grow|fell|exchange|revoke"},
        {0},
    };
    GOptionContext *context = g_option_context_new("WHAT");
    gchar *about = summary();
    GError *error = NULL;
    bool good;

    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_summary(context, about);
    good = g_option_context_parse(context, argc, argv, &error) && is_sane(o) && *argc == 2;
    if (!good)
        fprintf(stderr, "across: %s\n", error != NULL ? error->message : "see across --help");
    g_clear_error(&error);
    g_option_context_free(context);
    g_free(about);
    return good;
}

int main(int argc, char **argv)
{
    struct options o = {.kernels = 2, .vpes = 2, .size = 1000, .known = 8, .range = 1, .near = 0};
    int status = 2;

    if (!parse(&argc, &argv, &o))
        return status;
    for (guint i = 0; i < G_N_ELEMENTS(runs); i++) {
        if (g_str_equal(argv[1], runs[i].name))
            status = runs[i].run(&o) ? 0 : 1;
    }
    if (status == 2)
        fprintf(stderr, "across: there is no %s; see across --help\n", argv[1]);
    g_free(o.measure);
    return status;
}
