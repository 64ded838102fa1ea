/* Profiles in words; see profile_report.h. */
#include "sim/profile_report.h"

#include <json-glib/json-glib.h>
#include <stdio.h>

const char *profile_revoke_name(unsigned recursive)
{
    static const char *const names[] = {"iterative", "recursive"};

    return recursive < G_N_ELEMENTS(names) ? names[recursive] : NULL;
}

const char *profile_frame_name(unsigned logging)
{
    static const char *const names[] = {"plain", "log"};

    return logging < G_N_ELEMENTS(names) ? names[logging] : NULL;
}

static const char *revoke_of(const struct profile_options *options)
{
    return profile_revoke_name(options->walk != PROFILE_ITERATIVE);
}

static const char *frame_of(const struct profile_options *options)
{
    return profile_frame_name(options->walk == PROFILE_RECURSIVE_LOGGING);
}

static bool is_across(const struct profile_options *options)
{
    return options->kernels > 1 || options->shape == PROFILE_FOREST;
}

/* ---- JSON --------------------------------------------------------------------------------- */

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

/* A figure that does not stand is null. */
static void add_figure(JsonBuilder *b, const char *name, bool stands, uint64_t value)
{
    json_builder_set_member_name(b, name);
    if (stands)
        json_builder_add_int_value(b, (gint64)value);
    else
        json_builder_add_null_value(b);
}

static void add_entries(JsonBuilder *b, const struct profile *profile)
{
    json_builder_set_member_name(b, "entry_stack_bytes");
    json_builder_begin_object(b);
    for (unsigned i = 0; i < PROFILE_ENTRIES; i++)
        add_figure(b, profile_entry_name(i), profile->entry_stack[i] > 0, profile->entry_stack[i]);
    json_builder_end_object(b);
}

static void print_object(JsonBuilder *b)
{
    JsonNode *root = json_builder_get_root(b);
    char *text = json_to_string(root, FALSE);

    puts(text);
    g_free(text);
    json_node_unref(root);
}

void profile_print_json(const struct profile_options *options, const struct profile *profile,
                        bool entries)
{
    JsonBuilder *b = json_builder_new();
    bool stands = !profile->overflowed;

    json_builder_begin_object(b);
    add_string(b, "shape", profile_shape_name(options->shape));
    add_int(b, "size", options->size);
    add_string(b, "selectors", profile_selectors_name(options->selectors));
    add_string(b, "revoke", revoke_of(options));
    add_figure(b, "stack_bytes", stands, profile->stack_bytes);
    add_figure(b, "max_work_per_event", stands, profile->max_work);
    add_figure(b, "events", stands, profile->events);
    json_builder_set_member_name(b, "ns_per_cap");
    if (stands)
        json_builder_add_double_value(b, profile->ns_per_cap);
    else
        json_builder_add_null_value(b);
    add_int(b, "bytes_per_cap", profile->bytes_per_cap);
    if (options->walk == PROFILE_RECURSIVE_LOGGING)
        add_string(b, "frame", frame_of(options));
    if (is_across(options)) {
        add_int(b, "kernels", options->kernels);
        add_int(b, "messages", profile->messages);
    }
    if (options->stack != 0)
        add_figure(b, "overflowed", !stands, options->stack);
    if (profile->instructions_per_cap > 0) {
        json_builder_set_member_name(b, "instructions_per_cap");
        json_builder_add_double_value(b, profile->instructions_per_cap);
    }
    if (entries)
        add_entries(b, profile);
    json_builder_end_object(b);
    print_object(b);
    g_object_unref(b);
}

/* ---- Text --------------------------------------------------------------------------------- */

void profile_print_head(const struct profile_options *options, bool entries, bool instructions)
{
    printf("shape     size selectors revoke        stack_bytes max_work_per_event   events"
           " ns_per_cap bytes_per_cap");
    if (is_across(options))
        printf(" kernels messages");
    if (instructions)
        printf(" instructions_per_cap");
    for (unsigned i = 0; entries && i < PROFILE_ENTRIES; i++)
        printf(" %7s", profile_entry_name(i));
    putchar('\n');
}

void profile_print_row(const struct profile_options *options, const struct profile *profile,
                       bool entries)
{
    char *revoke = options->walk == PROFILE_RECURSIVE_LOGGING
                       ? g_strdup_printf("%s+%s", revoke_of(options), frame_of(options))
                       : g_strdup(revoke_of(options));

    printf("%-6s %7u %-9s %-13s ", profile_shape_name(options->shape), options->size,
           profile_selectors_name(options->selectors), revoke);
    g_free(revoke);
    if (profile->overflowed) {
        printf("overflowed %" G_GSIZE_FORMAT " bytes\n", options->stack);
        return;
    }
    printf("%11" G_GUINT64_FORMAT " %18u %8" G_GUINT64_FORMAT " %10.1f %13" G_GUINT64_FORMAT,
           profile->stack_bytes, profile->max_work, profile->events, profile->ns_per_cap,
           profile->bytes_per_cap);
    if (is_across(options))
        printf(" %7u %8" G_GUINT64_FORMAT, options->kernels, profile->messages);
    if (profile->instructions_per_cap > 0)
        printf(" %20.1f", profile->instructions_per_cap);
    for (unsigned i = 0; entries && i < PROFILE_ENTRIES; i++)
        printf(" %7" G_GUINT64_FORMAT, profile->entry_stack[i]);
    putchar('\n');
}

void profile_print_deepest(const struct profile_options *options, size_t stack, uint32_t deepest,
                           bool json)
{
    JsonBuilder *b;

    if (!json) {
        printf("%s%s, %" G_GSIZE_FORMAT " KiB: ", revoke_of(options),
               options->walk == PROFILE_RECURSIVE_LOGGING ? " with the log" : "", stack / 1024);
        if (deepest == 0)
            puts("any depth");
        else
            printf("breaks at %u levels\n", deepest + 1);
        return;
    }
    b = json_builder_new();
    json_builder_begin_object(b);
    add_string(b, "revoke", revoke_of(options));
    add_string(b, "frame", frame_of(options));
    add_int(b, "stack", stack);
    add_figure(b, "breaks_at", deepest != 0, deepest + 1);
    json_builder_end_object(b);
    print_object(b);
    g_object_unref(b);
}
