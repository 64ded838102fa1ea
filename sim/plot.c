/* Plots by gnuplot; see plot.h. */
#include "sim/plot.h"

static void free_array(gpointer array)
{
    g_array_unref(array);
}

struct plot *plot_new(void)
{
    struct plot *p = g_new0(struct plot, 1);

    p->titles = g_ptr_array_new_with_free_func(g_free);
    p->curves = g_ptr_array_new_with_free_func(free_array);
    p->limits = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    p->marks = g_array_new(FALSE, FALSE, sizeof(struct plot_point));
    return p;
}

void plot_free(struct plot *p)
{
    g_ptr_array_unref(p->titles);
    g_ptr_array_unref(p->curves);
    g_array_unref(p->limits);
    g_array_unref(p->marks);
    g_free(p);
}

void plot_curve(struct plot *p, const char *title)
{
    g_ptr_array_add(p->titles, g_strdup(title));
    g_ptr_array_add(p->curves, g_array_new(FALSE, FALSE, sizeof(struct plot_point)));
}

void plot_point(struct plot *p, double depth, double stack)
{
    struct plot_point point = {depth, stack};

    g_array_append_val(g_ptr_array_index(p->curves, p->curves->len - 1), point);
}

bool plot_can_draw(void)
{
    char *path = g_find_program_in_path("gnuplot");
    bool there = path != NULL;

    g_free(path);
    return there;
}

static void add_points(GString *script, const GArray *points)
{
    for (guint i = 0; i < points->len; i++) {
        const struct plot_point *point = &g_array_index(points, struct plot_point, i);
        g_string_append_printf(script, "%.0f %.0f\n", point->depth, point->stack);
    }
    g_string_append(script, "end\n");
}

/* Numbers in it are whole, so that no locale can spoil them. */
static char *script_of(const struct plot *p)
{
    GString *script = g_string_new("set terminal svg size 960,640 dynamic background 'white'\n"
                                   "set logscale xy\n"
                                   "set grid\n"
                                   "set key left top Left reverse\n"
                                   "set rmargin 5\n"
                                   "set xrange [1:]\n"
                                   "set format xy '%.0f'\n"
                                   "set xlabel 'levels of the chain that is revoked'\n"
                                   "set ylabel 'kernel stack, bytes'\n"
                                   "set yrange [256:]\n"
                                   "set samples 2\n");

    for (guint i = 0; i < p->limits->len; i++) {
        uint32_t limit = g_array_index(p->limits, uint32_t, i);
        g_string_append_printf(script, "set label '%u KiB' at graph 0.01, first %u offset 0,0.5\n",
                               limit, limit * 1024);
    }
    for (guint i = 0; i < p->curves->len; i++) {
        g_string_append_printf(script, "$curve%u << end\n", i);
        add_points(script, g_ptr_array_index(p->curves, i));
    }
    g_string_append(script, "$marks << end\n");
    add_points(script, p->marks);
    g_string_append(script, "plot ");
    for (guint i = 0; i < p->curves->len; i++)
        g_string_append_printf(script, "$curve%u with linespoints pointtype 7 title '%s', ", i,
                               (const char *)g_ptr_array_index(p->titles, i));
    for (guint i = 0; i < p->limits->len; i++) {
        uint32_t limit = g_array_index(p->limits, uint32_t, i);
        g_string_append_printf(script, "%u with lines dashtype 2 linecolor 'gray40' notitle, ",
                               limit * 1024);
    }
    g_string_append(script, "$marks using 1:2:(sprintf('%.0f levels', $1)) with labels point "
                            "pointtype 4 linecolor 'black' left offset 0.7,-0.7 notitle\n");
    return g_string_free(script, FALSE);
}

char *plot_svg(const struct plot *p, GError **error)
{
    GSubprocess *gnuplot =
        g_subprocess_new(G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, error,
                         "gnuplot", "-", NULL);
    char *script, *svg = NULL;

    if (gnuplot == NULL)
        return NULL;
    script = script_of(p);
    if (g_subprocess_communicate_utf8(gnuplot, script, NULL, &svg, NULL, error) &&
        !g_subprocess_get_successful(gnuplot)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "gnuplot failed");
        g_clear_pointer(&svg, g_free);
    }
    g_free(script);
    g_object_unref(gnuplot);
    return svg;
}
