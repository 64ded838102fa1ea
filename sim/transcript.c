/* Reading and playing transcripts. See transcript.h. */
#include "sim/transcript.h"

#include <string.h>

#include "rescind/platform.h"

#define MICROSECOND G_GUINT64_CONSTANT(1000)
#define MILLISECOND G_GUINT64_CONSTANT(1000000)

static const struct {
    const char *word;
    bool write, memory;
    uint8_t bytes;
    bool interrupt;
} operations[] = {
    {"in8", false, false, 1, false},      {"in16", false, false, 2, false},
    {"in32", false, false, 4, false},     {"out8", true, false, 1, false},
    {"out16", true, false, 2, false},     {"out32", true, false, 4, false},
    {"read8", false, true, 1, false},     {"read16", false, true, 2, false},
    {"read32", false, true, 4, false},    {"read64", false, true, 8, false},
    {"write8", true, true, 1, false},     {"write16", true, true, 2, false},
    {"write32", true, true, 4, false},    {"write64", true, true, 8, false},
    {"interrupt", false, false, 2, true},
};

static const char *word_of(const struct probe_access *access)
{
    for (size_t i = 0; i < G_N_ELEMENTS(operations); i++) {
        if (operations[i].write == access->write && operations[i].memory == access->memory &&
            operations[i].bytes == access->bytes && operations[i].interrupt == access->interrupt) {
            return operations[i].word;
        }
    }
    return "?";
}

static uint64_t ones(const struct probe_access *access)
{
    return UINT64_MAX >> (64 - 8 * access->bytes);
}

/* ---- Reading ------------------------------------------------------------------------------ */

/* Where the reader stands: `words` of line `line`, of which `word` are understood. */
struct reader {
    struct transcript *transcript;
    unsigned line;
    char **words;
    unsigned word;
    char *error; /* or NULL: all is well */
};

G_GNUC_PRINTF(2, 3) static void fail(struct reader *r, const char *format, ...)
{
    va_list arguments;

    if (r->error == NULL) {
        va_start(arguments, format);
        char *what = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        r->error = g_strdup_printf("%s:%u: %s", r->transcript->file, r->line, what);
        g_free(what);
    }
}

/* The next word; NULL: the line has no more. */
static const char *next_word(struct reader *r)
{
    return r->words[r->word] != NULL ? r->words[r->word++] : NULL;
}

/* Takes `word` if it is the next. */
static bool take_word(struct reader *r, const char *word)
{
    bool is = g_strcmp0(r->words[r->word], word) == 0;

    r->word += is;
    return is;
}

/* A number of at most `limit`; `what` it is, for the message. */
static uint64_t take_number(struct reader *r, const char *what, uint64_t limit)
{
    const char *word = next_word(r);
    bool hex = word != NULL && g_str_has_prefix(word, "0x");
    GError *error = NULL;
    guint64 value = 0;

    if (word == NULL) {
        fail(r, "%s is missing", what);
    } else if (!g_ascii_string_to_unsigned(hex ? word + 2 : word, hex ? 16 : 10, 0, limit, &value,
                                           &error)) {
        if (g_error_matches(error, G_NUMBER_PARSER_ERROR, G_NUMBER_PARSER_ERROR_OUT_OF_BOUNDS)) {
            fail(r, "%s is at most 0x%" G_GINT64_MODIFIER "x, not %s", what, limit, word);
        } else {
            fail(r, "%s is a number, decimal or 0x and hexadecimal, not '%s'", what, word);
        }
        g_error_free(error);
    }
    return value;
}

/* What stands behind `after`, in nanoseconds. */
static uint64_t take_time(struct reader *r)
{
    uint64_t number = take_number(r, "the time", PROBE_WAIT);

    if (take_word(r, "ms")) {
        return number * MILLISECOND;
    }
    if (!take_word(r, "us")) {
        fail(r, "a time is in us or ms");
    }
    return number * MICROSECOND;
}

static bool take_operation(struct reader *r, struct probe_access *access)
{
    const char *word = next_word(r);

    for (size_t i = 0; i < G_N_ELEMENTS(operations); i++) {
        if (strcmp(operations[i].word, word) == 0) {
            access->write = operations[i].write;
            access->memory = operations[i].memory;
            access->bytes = operations[i].bytes;
            access->interrupt = operations[i].interrupt;
            return true;
        }
    }
    fail(r, "'%s' is no access: in, out, read or write and how many bits, or interrupt", word);
    return false;
}

/* Where it goes, and the value. */
static void take_place(struct reader *r, struct probe_access *access)
{
    access->address = take_number(r, access->memory ? "the address" : "the port", G_MAXUINT64);
    access->value = take_number(r, "the value", ones(access));
}

/* Of an interrupt that comes, or that there is none. */
static void take_vector(struct reader *r, struct probe_access *access)
{
    access->value = take_word(r, "none") ? PROBE_NONE : take_number(r, "the vector", 0xff);
    if (access->value < PROBE_VECTOR) {
        fail(r, "vectors below 0x%x are the processor's", (unsigned)PROBE_VECTOR);
    }
}

/* What may stand behind the value. */
static void take_rest(struct reader *r, struct transcript_access *access)
{
    bool masked = false, timed = false;

    while (r->error == NULL && r->words[r->word] != NULL) {
        if (!masked && take_word(r, "mask")) {
            access->mask = take_number(r, "the mask", ones(&access->access));
            masked = true;
        } else if (!timed && take_word(r, "after")) {
            access->access.wait = take_time(r);
            timed = true;
        } else {
            fail(r, "'%s' is not understood: mask MASK and after N us or ms may stand here",
                 r->words[r->word]);
        }
    }
    if (masked && (access->access.write || access->access.interrupt)) {
        fail(r, "what is written, and an interrupt, has no mask");
    }
}

static void add_access(struct reader *r, const struct transcript_access *access)
{
    const char *wrong = probe_check_access(&access->access);

    r->transcript->time += access->access.wait;
    if (wrong != NULL) {
        fail(r, "%s", wrong);
    } else if (r->transcript->accesses->len == PROBE_ACCESSES) {
        fail(r, "a transcript has %u accesses at most", PROBE_ACCESSES);
    } else if (r->transcript->time > TRANSCRIPT_TIME) {
        fail(r, "a transcript takes a minute at most");
    } else {
        g_array_append_val(r->transcript->accesses, *access);
    }
}

static void read_access(struct reader *r)
{
    struct transcript_access access = {.access = {.wait = TRANSCRIPT_WAIT}, .line = r->line};

    if (take_operation(r, &access.access)) {
        access.mask = ones(&access.access);
        if (access.access.interrupt) {
            take_vector(r, &access.access);
        } else {
            take_place(r, &access.access);
        }
        take_rest(r, &access);
    }
    if (r->error == NULL) {
        add_access(r, &access);
    }
}

/* Before the first access a comment may name the machine. */
static void read_comment(struct reader *r, const char *text)
{
    struct transcript *transcript = r->transcript;
    char *comment = g_strstrip(g_strdup(text));

    if (g_str_has_prefix(comment, "machine:") && transcript->accesses->len == 0) {
        const char *name = g_strchug(comment + strlen("machine:"));

        transcript->has_machine = true;
        transcript->machine = strcmp(name, "pc") == 0 ? RESCIND_BOARD_PC : RESCIND_BOARD_Q35;
        if (strcmp(name, "pc") != 0 && strcmp(name, "q35") != 0) {
            fail(r, "the machine is q35 or pc, not '%s'", name);
        }
    }
    g_free(comment);
}

/* The words of a line; the caller frees them. */
static char **split(const char *line)
{
    GPtrArray *words = g_ptr_array_new();
    char **pieces = g_strsplit_set(line, " \t\r", 0);

    for (char **piece = pieces; *piece != NULL; piece++) {
        if (**piece != '\0') {
            g_ptr_array_add(words, g_strdup(*piece));
        }
    }
    g_ptr_array_add(words, NULL);
    g_strfreev(pieces);
    return (char **)g_ptr_array_free(words, FALSE);
}

static void read_line(struct reader *r, char *line)
{
    char *comment = strchr(line, '#');

    if (comment != NULL) {
        *comment = '\0';
        read_comment(r, comment + 1);
    }
    r->words = split(line);
    r->word = 0;
    if (r->words[0] != NULL && r->error == NULL) {
        read_access(r);
    }
    g_strfreev(r->words);
}

struct transcript *transcript_parse(const char *file, const char *text, size_t size, char **error)
{
    struct transcript *transcript = g_new0(struct transcript, 1);
    struct reader r = {.transcript = transcript};
    char *copy = g_strndup(text, size);
    char **lines = g_strsplit(copy, "\n", 0);

    transcript->file = g_strdup(file);
    transcript->accesses = g_array_new(FALSE, FALSE, sizeof(struct transcript_access));
    if (!g_utf8_validate(text, (gssize)size, NULL)) {
        r.error = g_strdup_printf("%s: it is no text in UTF-8", file);
    }
    for (char **line = lines; *line != NULL && r.error == NULL; line++) {
        r.line++;
        read_line(&r, *line);
    }
    if (r.error == NULL && transcript->accesses->len == 0) {
        r.error = g_strdup_printf("%s: there is no access in it", file);
    }
    if (r.error != NULL) {
        *error = r.error;
        g_clear_pointer(&transcript, transcript_free);
    }
    g_strfreev(lines);
    g_free(copy);
    return transcript;
}

struct transcript *transcript_read(const char *file, char **error)
{
    struct transcript *transcript = NULL;
    GError *cause = NULL;
    char *text;
    gsize size;

    if (g_file_get_contents(file, &text, &size, &cause)) {
        transcript = transcript_parse(file, text, size, error);
        g_free(text);
    } else {
        *error = g_strdup(cause->message);
        g_error_free(cause);
    }
    return transcript;
}

void transcript_free(struct transcript *transcript)
{
    if (transcript != NULL) {
        g_array_unref(transcript->accesses);
        g_free(transcript->file);
        g_free(transcript);
    }
}

/* ---- As text ------------------------------------------------------------------------------ */

char *transcript_number_text(const struct transcript_access *access, uint64_t number)
{
    if (access->access.interrupt) {
        return number < PROBE_NONE ? g_strdup_printf("0x%02x", (unsigned)number) : g_strdup("none");
    }
    return g_strdup_printf("0x%0*" G_GINT64_MODIFIER "x", 2 * access->access.bytes, number);
}

char *transcript_access_text(const struct transcript_access *access)
{
    if (access->access.interrupt) {
        return g_strdup(word_of(&access->access));
    }
    return g_strdup_printf("%s 0x%" G_GINT64_MODIFIER "x", word_of(&access->access),
                           access->access.address);
}

/* ---- Playing ------------------------------------------------------------------------------ */

static uint64_t take_interrupt(struct rescind_board *board)
{
    int vector = rescind_board_interrupt(board);

    return vector < 0 ? PROBE_NONE : (uint64_t)vector;
}

/* As the PC plays a script: each access has its moment, however long the ones before it took. */
void transcript_play(const struct transcript *transcript, struct rescind_board *board,
                     uint64_t *values)
{
    uint64_t moment = rescind_board_time(board);

    rescind_board_use(board);
    for (guint i = 0; i < transcript->accesses->len; i++) {
        struct probe_access access = transcript_at(transcript, i)->access;
        uint64_t now = rescind_board_time(board);

        moment += access.wait;
        if (moment > now) {
            rescind_board_advance(board, moment - now);
        }
        if (access.interrupt) {
            access.value = take_interrupt(board);
        } else {
            probe_make(&access);
        }
        values[i] = access.value;
    }
}

bool transcript_holds(const struct transcript_access *access, uint64_t value)
{
    return access->access.write != 0 || ((value ^ access->access.value) & access->mask) == 0;
}

GByteArray *transcript_script(const struct transcript *transcript)
{
    const struct probe_script header = {
        .magic = PROBE_MAGIC,
        .size = (uint32_t)(sizeof header + transcript->accesses->len * sizeof(struct probe_access)),
        .count = transcript->accesses->len,
    };
    GByteArray *script = g_byte_array_new();

    g_byte_array_append(script, (const guint8 *)&header, sizeof header);
    for (guint i = 0; i < transcript->accesses->len; i++) {
        const struct probe_access *access = &transcript_at(transcript, i)->access;

        g_byte_array_append(script, (const guint8 *)access, sizeof *access);
    }
    return script;
}
