/* rescind profile: what a revocation costs. */
#include "sim/tool.h"

#include <stdio.h>
#include <string.h>

#include "sim/plot.h"
#include "sim/profile.h"
#include "sim/profile_boot.h"
#include "sim/profile_count.h"
#include "sim/profile_report.h"

enum { FOREST_KERNELS = 4, STACK_MIN = 4096 };

#define NOT_GIVEN G_MININT64

/* What the options say, as words and as what they mean. */
struct request {
    char *format, *shape, *sizes, *selectors, *revoke, *frame, *plot, *flame;
    gint64 kernels, stack, seed; /* NOT_GIVEN, or not */
    gboolean entries, boot, beside, instructions;

    struct profile_options options;
    GArray *numbers; /* of --size: uint32_t */
    bool json;
};

static bool choose(const char *word, const char *option, const char *(*name)(unsigned),
                   unsigned *chosen, int *status)
{
    GString *words;

    if (word == NULL)
        return true;
    words = g_string_new(NULL);
    for (unsigned i = 0; name(i) != NULL; i++) {
        if (strcmp(word, name(i)) == 0) {
            *chosen = i;
            g_string_free(words, TRUE);
            return true;
        }
        g_string_append_printf(words, "%s%s", i > 0 ? ", " : "", name(i));
    }
    *status = tool_error(TOOL_USAGE, "--%s is one of %s, not %s", option, words->str, word);
    g_string_free(words, TRUE);
    return false;
}

static bool choose_words(struct request *r, int *status)
{
    unsigned shape = PROFILE_CHAIN, selectors = PROFILE_SEQ, recursive = 0, logging = 0;

    if (!tool_format(r->format, &r->json, status) ||
        !choose(r->shape, "shape", profile_shape_name, &shape, status) ||
        !choose(r->selectors, "selectors", profile_selectors_name, &selectors, status) ||
        !choose(r->revoke, "revoke", profile_revoke_name, &recursive, status) ||
        !choose(r->frame, "frame", profile_frame_name, &logging, status))
        return false;
    if (r->frame != NULL && !recursive) {
        *status = tool_error(TOOL_USAGE, "--frame is for --revoke recursive");
        return false;
    }
    r->options.shape = shape;
    r->options.selectors = selectors;
    r->options.walk = !recursive ? PROFILE_ITERATIVE
                      : logging  ? PROFILE_RECURSIVE_LOGGING
                                 : PROFILE_RECURSIVE;
    return true;
}

static bool in_range(const char *option, gint64 number, gint64 min, gint64 max, int *status)
{
    if (number >= min && number <= max)
        return true;
    *status = tool_error(TOOL_USAGE,
                         "--%s is from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
                         ", not %" G_GINT64_FORMAT,
                         option, min, max, number);
    return false;
}

static bool choose_numbers(struct request *r, int *status)
{
    if (!tool_number("seed", r->seed, G_MAXINT64, status) ||
        (r->kernels != NOT_GIVEN &&
         !in_range("kernels", r->kernels, 1, PROFILE_KERNELS_MAX, status)) ||
        (r->stack != NOT_GIVEN &&
         !in_range("stack", r->stack, STACK_MIN, PROFILE_STACK_MAX, status)))
        return false;
    r->options.seed = (guint64)r->seed;
    r->options.stack = r->stack == NOT_GIVEN ? 0 : (size_t)r->stack;
    r->options.kernels = (uint32_t)r->kernels;
    if (r->kernels == NOT_GIVEN)
        r->options.kernels = r->options.shape == PROFILE_FOREST ? FOREST_KERNELS : 1;
    return true;
}

static bool choose_sizes(struct request *r, int *status)
{
    const char *fallback = r->plot != NULL ? "10,100,1000,10000,100000,1000000" : "1000";
    char **words = g_strsplit(r->sizes != NULL ? r->sizes : fallback, ",", -1);
    GError *error = NULL;
    guint64 size;

    if (words[0] == NULL)
        *status = tool_error(TOOL_USAGE, "--size needs a number");
    for (char **word = words; *word != NULL && *status == TOOL_OK; word++) {
        if (g_ascii_string_to_unsigned(*word, 10, 1, PROFILE_SIZE_MAX, &size, &error)) {
            uint32_t number = (uint32_t)size;
            g_array_append_val(r->numbers, number);
        } else {
            *status = tool_error(TOOL_USAGE, "--size: %s", error->message);
            g_error_free(error);
        }
    }
    g_strfreev(words);
    return *status == TOOL_OK;
}

/* What --boot does not go with; NULL: all of it does. */
static const char *boot_conflict(const struct request *r)
{
    const struct profile_options *o = &r->options;

    if (o->shape == PROFILE_FOREST || o->kernels > 1 || o->walk != PROFILE_ITERATIVE ||
        o->stack != 0 || r->entries || r->instructions || r->flame != NULL)
        return "--boot counts the instructions of one kernel's own revocation, of no forest: with "
               "it go --beside, --shape, --size, --selectors, --seed and --format";
    return NULL;
}

/* Which options do not go together; NULL: they do. */
static const char *conflict(const struct request *r)
{
    const struct profile_options *o = &r->options;
    bool forest = o->kernels > 1 || o->shape == PROFILE_FOREST;

    if (r->plot != NULL &&
        (r->shape != NULL || r->revoke != NULL || r->kernels != NOT_GIVEN ||
         r->stack != NOT_GIVEN || r->flame != NULL || r->entries || r->instructions || r->boot))
        return "--plot draws chains of one kernel, by every walk: with it go --size, --selectors, "
               "--seed and --format";
    if (o->walk != PROFILE_ITERATIVE && forest)
        return "--revoke recursive is for one kernel, and no forest";
    if (o->stack != 0 && forest)
        return "--stack is for one kernel, and no forest";
    if (r->flame != NULL && (o->walk != PROFILE_ITERATIVE || o->stack != 0))
        return "--flame is for the kernel's own revocation, on as much stack as it takes";
    if (r->flame != NULL && r->numbers->len > 1)
        return "--flame is for one size";
    if (r->entries && o->walk != PROFILE_ITERATIVE)
        return "--entries is for the kernel's own revocation";
    if (r->beside && !r->boot)
        return "--beside is for --boot";
    return r->boot ? boot_conflict(r) : NULL;
}

static bool understand(struct request *r, char **args, int *status)
{
    const char *wrong;

    if (!choose_words(r, status) || !choose_numbers(r, status) || !choose_sizes(r, status))
        return false;
    wrong = conflict(r);
    if (wrong != NULL)
        *status = tool_error(TOOL_USAGE, "%s", wrong);
    else if (args[0] != NULL)
        *status = tool_error(TOOL_USAGE, "profile takes no file: %s", args[0]);
    return *status == TOOL_OK;
}

/* ---- Running ------------------------------------------------------------------------------ */

static int failed(int status, GError *error)
{
    tool_error(status, "%s", error->message);
    g_error_free(error);
    return status;
}

static int write_file(const char *file, const char *text)
{
    GError *error = NULL;

    return g_file_set_contents(file, text, -1, &error) ? TOOL_OK : failed(TOOL_BAD_FILE, error);
}

/* Each size; its point goes to `plot`, unless that is NULL. */
static int profile_sizes(const struct request *r, struct profile_options options, bool first,
                         struct plot *plot)
{
    for (guint i = 0; i < r->numbers->len; i++) {
        struct profile profile;
        GError *error = NULL;
        options.size = g_array_index(r->numbers, uint32_t, i);
        if (!profile_run(&options, &profile, &error) ||
            (r->instructions && !profile.overflowed &&
             !profile_count(&options, &profile.instructions_per_cap, &error)))
            return failed(TOOL_MACHINE, error);
        if (r->json) {
            profile_print_json(&options, &profile, r->entries);
        } else {
            if (first && i == 0)
                profile_print_head(&options, r->entries, r->instructions);
            profile_print_row(&options, &profile, r->entries);
        }
        if (plot != NULL)
            plot_point(plot, options.size, (double)profile.stack_bytes);
    }
    return TOOL_OK;
}

/* The same on the PC: the calls of one VPE, */
static bool boot_alone(const struct request *r, const struct profile_options *options, bool first,
                       GError **error)
{
    struct profile_boot profile;

    if (!profile_boot(options, &profile, error))
        return false;
    if (first && !r->json)
        profile_boot_print_head();
    (r->json ? profile_boot_print_json : profile_boot_print_row)(options, &profile);
    return true;
}

/* and the NOOPs of another one meanwhile. */
static bool boot_beside(const struct request *r, const struct profile_options *options, bool first,
                        GError **error)
{
    struct profile_boot_beside profile;

    if (!profile_boot_beside(options, &profile, error))
        return false;
    if (first && !r->json)
        profile_boot_beside_print_head();
    (r->json ? profile_boot_beside_print_json : profile_boot_beside_print_row)(options, &profile);
    return true;
}

static int boot_sizes(const struct request *r)
{
    struct profile_options options = r->options;

    for (guint i = 0; i < r->numbers->len; i++) {
        GError *error = NULL;
        options.size = g_array_index(r->numbers, uint32_t, i);
        if (!(r->beside ? boot_beside : boot_alone)(r, &options, i == 0, &error))
            return failed(TOOL_MACHINE, error);
    }
    return TOOL_OK;
}

/* Where each walk breaks on stacks of these sizes. */
static int profile_limits(const struct request *r, struct profile_options options,
                          struct plot *plot)
{
    static const uint32_t limits[] = {4, 64, 128}; /* KiB */

    for (options.walk = PROFILE_ITERATIVE; options.walk <= PROFILE_RECURSIVE_LOGGING;
         options.walk++) {
        for (guint i = 0; i < G_N_ELEMENTS(limits); i++) {
            struct plot_point mark = {.stack = limits[i] * 1024.0};
            GError *error = NULL;
            uint32_t deepest;
            if (!profile_deepest(&options, (size_t)limits[i] * 1024, &deepest, &error))
                return failed(TOOL_MACHINE, error);
            profile_print_deepest(&options, (size_t)limits[i] * 1024, deepest, r->json);
            mark.depth = deepest + 1.0;
            if (deepest != 0)
                g_array_append_val(plot->marks, mark);
            if (options.walk == PROFILE_ITERATIVE)
                g_array_append_val(plot->limits, limits[i]);
        }
    }
    return TOOL_OK;
}

static int draw(const struct request *r)
{
    static const char *const titles[] = {"the kernel, iterative", "textbook recursion",
                                         "textbook recursion that logs"};
    struct plot *plot = plot_new();
    struct profile_options options = r->options;
    int status = TOOL_OK;

    if (!plot_can_draw())
        status = tool_error(TOOL_MACHINE, "--plot needs gnuplot (Debian: gnuplot-nox)");
    for (unsigned walk = 0; walk <= PROFILE_RECURSIVE_LOGGING && status == TOOL_OK; walk++) {
        options.walk = walk;
        plot_curve(plot, titles[walk]);
        status = profile_sizes(r, options, walk == 0, plot);
    }
    if (status == TOOL_OK)
        status = profile_limits(r, options, plot);
    if (status == TOOL_OK) {
        GError *error = NULL;
        char *svg = plot_svg(plot, &error);
        status = svg != NULL ? write_file(r->plot, svg) : failed(TOOL_MACHINE, error);
        g_free(svg);
    }
    plot_free(plot);
    return status;
}

static int burn(const struct request *r)
{
    struct profile_options options = r->options;
    GError *error = NULL;
    char *folded;
    int status;

    options.size = g_array_index(r->numbers, uint32_t, 0);
    folded = profile_flame(&options, &error);
    if (folded == NULL)
        return failed(TOOL_MACHINE, error);
    status = write_file(r->flame, folded);
    g_free(folded);
    return status;
}

static int profile(const struct request *r)
{
    int status;

    if (r->plot != NULL)
        return draw(r);
    if (r->boot)
        return boot_sizes(r);
    status = profile_sizes(r, r->options, true, NULL);
    return status == TOOL_OK && r->flame != NULL ? burn(r) : status;
}

/* ---- The command -------------------------------------------------------------------------- */

static void request_clear(struct request *r)
{
    char *words[] = {r->format, r->shape, r->sizes, r->selectors,
                     r->revoke, r->frame, r->plot,  r->flame};

    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        g_free(words[i]);
    g_array_unref(r->numbers);
}

int tool_profile(char **argv)
{
    struct request r = {.kernels = NOT_GIVEN,
                        .stack = NOT_GIVEN,
                        .numbers = g_array_new(FALSE, FALSE, sizeof(uint32_t))};
    const GOptionEntry entries[] = {
        {"shape", 0, 0, G_OPTION_ARG_STRING, &r.shape,
         "chain (the default), star, binary, random, forest", "SHAPE"},
        {"size", 0, 0, G_OPTION_ARG_STRING, &r.sizes, "capabilities in the tree (1000)",
         "N[,N...]"},
        {"kernels", 0, 0, G_OPTION_ARG_INT64, &r.kernels,
         "that the tree is spread over (1, a forest: 4)", "N"},
        {"selectors", 0, 0, G_OPTION_ARG_STRING, &r.selectors,
         "their order: seq (the default), random, or attack, which would make a treap with "
         "guessable priorities a list",
         "ORDER"},
        {"revoke", 0, 0, G_OPTION_ARG_STRING, &r.revoke,
         "iterative (the kernel's, the default) or recursive (the textbook's)", "HOW"},
        {"frame", 0, 0, G_OPTION_ARG_STRING, &r.frame,
         "of the recursive walk: plain (the default), or log, with a line of text in it", "FRAME"},
        {"stack", 0, 0, G_OPTION_ARG_INT64, &r.stack,
         "bytes of stack that there are, in whole pages (as many as it takes)", "N"},
        {"entries", 0, 0, G_OPTION_ARG_NONE, &r.entries,
         "the stack of each entry point of the kernel, too", NULL},
        {"instructions", 0, 0, G_OPTION_ARG_NONE, &r.instructions,
         "what the revocation takes, counted by valgrind's callgrind", NULL},
        {"boot", 0, 0, G_OPTION_ARG_NONE, &r.boot,
         "on QEMU's pc99: instructions of calls, of one kernel alone", NULL},
        {"beside", 0, 0, G_OPTION_ARG_NONE, &r.beside,
         "with --boot: how long another VPE's NOOPs take during the revocation", NULL},
        {"plot", 0, 0, G_OPTION_ARG_FILENAME, &r.plot,
         "draw the stack of chains, by every walk, as SVG", "FILE"},
        {"flame", 0, 0, G_OPTION_ARG_FILENAME, &r.flame,
         "write the virtual work by call and phase, as folded stacks", "FILE"},
        {"seed", 0, 0, G_OPTION_ARG_INT64, &r.seed, "of shapes, orders and the kernel's secret (0)",
         "N"},
        {"format", 0, 0, G_OPTION_ARG_STRING, &r.format, "text (the default) or json", "FORMAT"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    char **args = g_strdupv(argv);
    int status = TOOL_OK;

    if (tool_options(&args, entries, "",
                     "Builds a derivation tree, revokes its root, and tells what that took.",
                     &status) &&
        understand(&r, args, &status))
        status = profile(&r);
    g_strfreev(args);
    request_clear(&r);
    return status;
}
