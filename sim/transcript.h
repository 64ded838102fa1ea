/* Transcripts: accesses to a machine's devices, at stated times, and what must come of them. The
 * same file is played on the models (a struct rescind_board) and, as a probe script of the PC's
 * image, on QEMU: what holds in both places is what the models are known to share with it. The
 * language is described in rescind-devices(5). For `rescind devices` and the tests.
 */
#ifndef RESCIND_SIM_TRANSCRIPT_H
#define RESCIND_SIM_TRANSCRIPT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pc99/probe_script.h"
#include "rescind/board.h"

/* Nanoseconds between two accesses where nothing is said; and for all of a file, at most. */
enum { TRANSCRIPT_WAIT = 10000 };
#define TRANSCRIPT_TIME G_GUINT64_CONSTANT(60000000000)

struct transcript_access {
    struct probe_access access; /* its value: of a write; a read's is what it must be */
    uint64_t mask;              /* which bits of it matter */
    unsigned line;
};

struct transcript {
    char *file;
    bool has_machine; /* the file says which one it is for */
    enum rescind_board_machine machine;
    GArray *accesses; /* of struct transcript_access */
    uint64_t time;    /* all its waits, nanoseconds */
};

/* NULL: *error is one line that names file and line; the caller frees it. */
struct transcript *transcript_read(const char *file, char **error);
struct transcript *transcript_parse(const char *file, const char *text, size_t size, char **error);
void transcript_free(struct transcript *transcript);

static inline const struct transcript_access *transcript_at(const struct transcript *transcript,
                                                            guint number)
{
    return &g_array_index(transcript->accesses, struct transcript_access, number);
}

/* The access as the file has it, without mask and time: "in8 0x3fd"; and a number as it has them,
 * as wide as the access. The caller frees them. */
char *transcript_access_text(const struct transcript_access *access);
char *transcript_number_text(const struct transcript_access *access, uint64_t number);

/* Plays it on a board, which this thread uses from then on. values[0 .. accesses) are filled in:
 * what was read, or written. */
void transcript_play(const struct transcript *transcript, struct rescind_board *board,
                     uint64_t *values);

/* Whether this value is what the access must give; a write always holds. */
bool transcript_holds(const struct transcript_access *access, uint64_t value);

/* The script for the PC's image; the caller frees it. */
GByteArray *transcript_script(const struct transcript *transcript);

#endif
