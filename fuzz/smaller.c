/* Smaller courses; see smaller.h. */
#include "fuzz/smaller.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/litmus_print.h"
#include "sim/shrink.h"

enum { CHOICES_MAX = 1 << 16, SECONDS_A_RUN = 20, SHRINK_STATES = 30000 };

/* What the process that runs a course leaves behind. */
struct trail {
    guint count;
    struct machine_choice choices[CHOICES_MAX];
};
static struct trail *trail;

static void leave(void *context, const struct machine_choice *choice)
{
    (void)context;
    if (trail->count < CHOICES_MAX)
        trail->choices[trail->count++] = *choice;
}

int course_try(struct course *c)
{
    int status = 0;
    pid_t child;

    if (trail == NULL)
        trail =
            mmap(NULL, sizeof(*trail), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (trail == MAP_FAILED)
        abort();
    trail->count = 0;
    fflush(NULL);
    child = fork();
    if (child < 0)
        abort();
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        dup2(nowhere, STDERR_FILENO);
        alarm(SECONDS_A_RUN);
        c->before = leave;
        course_run(c);
        _exit(c->violation == NULL ? COURSE_FINE : COURSE_VIOLATED + (int)c->violation->kind);
    }
    waitpid(child, &status, 0);
    g_array_set_size(c->schedule, 0);
    g_array_append_vals(c->schedule, trail->choices, trail->count);
    c->bytes_left = 0;
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGALRM ? COURSE_FINE : COURSE_CRASHED;
    return WEXITSTATUS(status);
}

/* ---- Leaving out --------------------------------------------------------------------------- */

/* The smallest so far, and how many there were. */
struct smaller {
    struct course *now;
    int end; /* how it ends */
    guint tried;
};

/* This text, with what is possible of the schedule, ends so, too: then it is the smallest so far.
 */
static bool still(struct smaller *s, char *text, const GArray *schedule)
{
    struct course *c = course_new(text, s->now->seed, s->now->work);

    s->tried++;
    g_array_append_vals(c->schedule, schedule->data, schedule->len);
    if (c->litmus == NULL || course_try(c) != s->end) {
        course_free(c);
        return false;
    }
    course_free(s->now);
    s->now = c;
    return true;
}

static bool leave_out(struct smaller *s, enum litmus_part part, guint first, guint count)
{
    g_autofree uint8_t *out = g_new0(uint8_t, litmus_part_count(s->now->litmus, part));
    g_autoptr(GArray) schedule = g_array_copy(s->now->schedule);
    struct litmus_less less = {.out = {NULL}};
    char *text;

    memset(out + first, 1, count);
    less.out[part] = out;
    text = litmus_print(s->now->litmus, &less);
    if (strcmp(text, s->now->text) != 0)
        return still(s, text, schedule);
    g_free(text);
    return false;
}

static bool leave_out_parts(struct smaller *s, enum litmus_part part)
{
    bool any = false;

    for (guint size = litmus_part_count(s->now->litmus, part); size > 0; size /= 2) {
        guint at = 0;
        while (at < litmus_part_count(s->now->litmus, part)) {
            if (leave_out(s, part, at, MIN(size, litmus_part_count(s->now->litmus, part) - at)))
                any = true;
            else
                at += size;
        }
    }
    return any;
}

static void leave_out_choices(struct smaller *s)
{
    for (guint size = s->now->schedule->len; size > 0; size /= 2)
        for (guint at = 0; at < s->now->schedule->len; at += size) {
            GArray *less = g_array_copy(s->now->schedule);
            g_array_remove_range(less, at, MIN(size, less->len - at));
            if (less->len < s->now->schedule->len)
                still(s, g_strdup(s->now->text), less);
            g_array_unref(less);
        }
}

static void shrink_by_following(struct smaller *s)
{
    bool any = true;

    while (any) {
        any = false;
        for (int part = 0; part < LITMUS_PARTS; part++)
            if (part != LITMUS_PART_LINE && part != LITMUS_PART_CONDITION)
                any |= leave_out_parts(s, (enum litmus_part)part);
    }
    leave_out_choices(s);
}

/* ---- All of it ----------------------------------------------------------------------------- */

/* Shrinks what is violated; what does not come again there stays as it is. */
static struct course *shrink_violation(struct course *c, FILE *out)
{
    struct explore_options options = {
        .seed = c->seed, .work = c->work, .patient = true, .max_states = SHRINK_STATES};
    struct shrunk *shrunk;
    struct course *less;

    course_run(c);
    if (c->violation == NULL)
        return c;
    fprintf(out, "%s: %s\n", violation_word(c->violation->kind), c->violation->text);
    c->violation->schedule = g_array_ref(c->schedule);
    shrunk = shrink(c->litmus, &options, c->violation, "shrunk");
    if (shrunk == NULL)
        return c;
    fprintf(out, "shrunk: %u files tried, %u choices left of %u\n", shrunk->tried,
            shrunk->schedule->len, c->schedule->len);
    less = course_new(g_strdup(shrunk->text), c->seed, c->work);
    g_array_append_vals(less->schedule, shrunk->schedule->data, shrunk->schedule->len);
    shrunk_free(shrunk);
    course_free(c);
    return less;
}

struct course *course_smaller(struct course *c, int end, FILE *out)
{
    struct smaller s = {.now = c, .end = end};

    shrink_by_following(&s);
    fprintf(out, "smaller: %u tried, %u choices left\n", s.tried, s.now->schedule->len);
    if (end == COURSE_CRASHED)
        fprintf(out, "it crashes\n");
    return end == COURSE_CRASHED ? s.now : shrink_violation(s.now, out);
}

static int save(const char *file, const char *text)
{
    g_autoptr(GError) error = NULL;

    if (g_file_set_contents(file, text, -1, &error))
        return 0;
    fprintf(stderr, "%s\n", error->message);
    return 3;
}

int course_save(const struct course *c, const char *file, const char *schedule, FILE *out)
{
    g_autofree char *choices = course_schedule(c);
    int status = save(file, c->text), second = save(schedule, choices);

    fprintf(out,
            "again: rescind replay --work %u --seed %" G_GUINT64_FORMAT " --schedule-file %s %s\n",
            c->work, c->seed, schedule, file);
    return MAX(status, second);
}
