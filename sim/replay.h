/* A recorded schedule, made again: step by step in words, with everything that can go wrong looked
 * at as the explorer does. For the tool's commands `explore` and `replay`. */
#ifndef RESCIND_SIM_REPLAY_H
#define RESCIND_SIM_REPLAY_H

#include "sim/trial.h"

struct replayed {
    char *steps;                 /* numbered lines, each with its line feed */
    guint made;                  /* how many choices were made */
    char *possible;              /* NULL, or: the next one was not, and these were */
    bool end;                    /* nothing can move any more */
    struct violation *violation; /* or NULL */
    struct outcome *outcome;
};

/* `options` say how the machine is made. NULL with *error set where it can't be. */
struct replayed *replay(const struct litmus *litmus, const struct trial_options *options,
                        const GArray *schedule, GError **error);
void replayed_free(struct replayed *replayed);

/* A schedule's text, or file, to choices of this file's machine; NULL: *error says why, with the
 * place. */
GArray *replay_parse(const struct litmus *litmus, const char *file, const char *text, char **error);

/* The other way: one choice a line. */
char *replay_text(const struct litmus *litmus, const GArray *schedule);

#endif
