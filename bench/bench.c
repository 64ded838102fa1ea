/* Times: bench [--quick] [--output FOLDER] [--sources FOLDER] [SUBJECT...]. bench/run.sh runs it.
 * Each subject is measured beside a floor of its own, in CPU time of one process: the ratios mean
 * something on any machine, the nanoseconds on this one alone. Prints a Markdown table; with
 * --output results.json and results.csv are written there. */
#include "bench/bench.h"

#include <stdio.h>

static void run_all(struct measure *m, const char *sources)
{
    bench_treap(m);
    bench_trees(m);
    bench_leaves(m);
    bench_messages(m);
    bench_audit(m);
    bench_arena(m);
    bench_simulator(m, sources);
    bench_explorer(m, sources);
    bench_fuzzer(m, sources);
    bench_parse(m, sources);
}

int main(int argc, char **argv)
{
    gboolean quick = FALSE;
    g_autofree char *output = NULL, *sources = NULL;
    g_auto(GStrv) words = NULL;
    const GOptionEntry entries[] = {
        {"quick", 'q', 0, G_OPTION_ARG_NONE, &quick, "smaller sizes and fewer runs", NULL},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "for results.json and .csv", "FOLDER"},
        {"sources", 's', 0, G_OPTION_ARG_FILENAME, &sources, "of this project", "FOLDER"},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &words, NULL, "SUBJECT..."},
        {0},
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    struct measure *m;
    bool good;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        fprintf(stderr, "bench: %s\n", error->message);
        return 2;
    }
    m = measure_new(quick);
    measure_only(m, words);
    run_all(m, sources != NULL ? sources : ".");
    measure_print(m);
    good = output == NULL || measure_write(m, output, &error);
    if (!good)
        fprintf(stderr, "bench: %s\n", error->message);
    measure_free(m);
    return good ? 0 : 1;
}
