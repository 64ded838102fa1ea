/* Curves of depth against stack, drawn by gnuplot as SVG on log axes. Used by the tool alone. */
#ifndef RESCIND_SIM_PLOT_H
#define RESCIND_SIM_PLOT_H

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

struct plot_point {
    double depth, stack;
};

struct plot {
    GPtrArray *titles; /* of each curve: char * without quotes or backslashes, and */
    GPtrArray *curves; /* GArray of struct plot_point */
    GArray *limits;    /* of stack, KiB, each a horizontal line: uint32_t */
    GArray *marks;     /* where a curve crosses a limit: struct plot_point; says the depth */
};

struct plot *plot_new(void);
void plot_free(struct plot *p);

/* Begins a curve; and the next point of the one begun last. */
void plot_curve(struct plot *p, const char *title);
void plot_point(struct plot *p, double depth, double stack);

/* Is gnuplot there? */
bool plot_can_draw(void);

/* The drawing. NULL with *error set where gnuplot is missing or fails; the caller frees it. */
char *plot_svg(const struct plot *p, GError **error);

#endif
