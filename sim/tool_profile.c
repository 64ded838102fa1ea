/* rescind profile: what a revocation costs. */
#include "sim/tool.h"

#include <json-glib/json-glib.h>
#include <stdio.h>

#include "sim/profile.h"

static bool choose(const char *word, const char *option, const char *(*name)(unsigned),
                   unsigned *chosen, int *status)
{
    GString *words = g_string_new(NULL);

    for (unsigned i = 0; name(i) != NULL; i++) {
        if (g_strcmp0(word, name(i)) == 0) {
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

static const char *revoke_name(unsigned recursive)
{
    static const char *const names[] = {"iterative", "recursive"};

    return recursive < G_N_ELEMENTS(names) ? names[recursive] : NULL;
}

static void add_string(JsonBuilder *b, const char *name, const char *value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_string_value(b, value);
}

static void add_int(JsonBuilder *b, const char *name, uint64_t value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_int_value(b, (gint64)value);
}

static void print_json_profile(const struct profile_options *options, const struct profile *profile)
{
    JsonBuilder *b = json_builder_new();
    JsonNode *root;
    char *text;

    json_builder_begin_object(b);
    add_string(b, "shape", profile_shape_name(options->shape));
    add_int(b, "size", options->size);
    add_string(b, "selectors", profile_selectors_name(options->selectors));
    add_string(b, "revoke", revoke_name(options->recursive));
    add_int(b, "stack_bytes", profile->stack_bytes);
    add_int(b, "max_work_per_event", profile->max_work);
    add_int(b, "events", profile->events);
    json_builder_set_member_name(b, "ns_per_cap");
    json_builder_add_double_value(b, profile->ns_per_cap);
    add_int(b, "bytes_per_cap", profile->bytes_per_cap);
    json_builder_end_object(b);
    root = json_builder_get_root(b);
    text = json_to_string(root, FALSE);
    puts(text);
    g_free(text);
    json_node_unref(root);
    g_object_unref(b);
}

static void print_text_profile(const struct profile_options *options, const struct profile *profile,
                               bool first)
{
    if (first)
        puts("shape    size selectors revoke    stack_bytes max_work_per_event   events"
             " ns_per_cap bytes_per_cap");
    printf("%-6s %6u %-9s %-9s %11" G_GUINT64_FORMAT " %18u %8" G_GUINT64_FORMAT
           " %10.1f %13" G_GUINT64_FORMAT "\n",
           profile_shape_name(options->shape), options->size,
           profile_selectors_name(options->selectors), revoke_name(options->recursive),
           profile->stack_bytes, profile->max_work, profile->events, profile->ns_per_cap,
           profile->bytes_per_cap);
}

static int profile_sizes(struct profile_options options, const char *sizes, bool json)
{
    char **words = g_strsplit(sizes, ",", -1);
    int status = TOOL_OK;

    if (words[0] == NULL)
        status = tool_error(TOOL_USAGE, "--size needs a number");
    for (char **word = words; *word != NULL && status == TOOL_OK; word++) {
        GError *error = NULL;
        guint64 size;
        if (!g_ascii_string_to_unsigned(*word, 10, 1, PROFILE_SIZE_MAX, &size, &error)) {
            status = tool_error(TOOL_USAGE, "--size: %s", error->message);
            g_error_free(error);
        }
    }
    for (char **word = words; *word != NULL && status == TOOL_OK; word++) {
        struct profile profile;
        GError *error = NULL;
        options.size = (uint32_t)g_ascii_strtoull(*word, NULL, 10);
        if (!profile_run(&options, &profile, &error)) {
            status = tool_error(TOOL_MACHINE, "%s", error->message);
            g_error_free(error);
        } else if (json) {
            print_json_profile(&options, &profile);
        } else {
            print_text_profile(&options, &profile, word == words);
        }
    }
    g_strfreev(words);
    return status;
}

int tool_profile(char **argv)
{
    char *format = NULL, *shape = NULL, *sizes = NULL, *selectors = NULL, *revoke = NULL;
    gint64 seed = 0;
    const GOptionEntry entries[] = {
        {"shape", 0, 0, G_OPTION_ARG_STRING, &shape, "chain (the default), star, binary, random",
         "SHAPE"},
        {"size", 0, 0, G_OPTION_ARG_STRING, &sizes, "capabilities in the tree (1000)", "N[,N...]"},
        {"selectors", 0, 0, G_OPTION_ARG_STRING, &selectors,
         "their order: seq (the default), random, or attack, which would make a treap with "
         "guessable priorities a list",
         "ORDER"},
        {"revoke", 0, 0, G_OPTION_ARG_STRING, &revoke,
         "iterative (the kernel's, the default) or recursive (the textbook's)", "HOW"},
        {"seed", 0, 0, G_OPTION_ARG_INT64, &seed, "of shapes, orders and the kernel's secret (0)",
         "N"},
        {"format", 0, 0, G_OPTION_ARG_STRING, &format, "text (the default) or json", "FORMAT"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    char **args = g_strdupv(argv);
    struct profile_options options = {0};
    unsigned which_shape = PROFILE_CHAIN, which_selectors = PROFILE_SEQ, recursive = 0;
    int status = TOOL_OK;
    bool json;

    if (tool_options(&args, entries, "",
                     "Builds a derivation tree, revokes its root, and tells what that took.",
                     &status) &&
        tool_number("seed", seed, G_MAXINT64, &status) && tool_format(format, &json, &status) &&
        (shape == NULL || choose(shape, "shape", profile_shape_name, &which_shape, &status)) &&
        (selectors == NULL ||
         choose(selectors, "selectors", profile_selectors_name, &which_selectors, &status)) &&
        (revoke == NULL || choose(revoke, "revoke", revoke_name, &recursive, &status))) {
        options.shape = which_shape;
        options.selectors = which_selectors;
        options.recursive = recursive;
        options.seed = (guint64)seed;
        if (args[0] != NULL)
            status = tool_error(TOOL_USAGE, "profile takes no file: %s", args[0]);
        else
            status = profile_sizes(options, sizes != NULL ? sizes : "1000", json);
    }
    g_strfreev(args);
    g_free(format);
    g_free(shape);
    g_free(sizes);
    g_free(selectors);
    g_free(revoke);
    return status;
}
