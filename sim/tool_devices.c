/* rescind devices: each transcript played on the models of a PC's devices, or on QEMU; or what boot
 * finds there. */
#include "sim/tool.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "sim/boot.h"
#include "sim/bring_up.h"
#include "sim/transcript.h"

enum devices_task { PLAY, LIST, BRING_UP };

struct devices_command {
    enum devices_task task;
    bool json, on_qemu, trace;
    bool has_machine; /* else each file's */
    struct rescind_board_options board;
    char **faults;       /* as they were given; or NULL */
    const char *without; /* or NULL */
    const char *image;   /* or NULL */
};

/* What came of one file. */
struct played {
    const struct transcript *transcript;
    const char *target, *machine;
    uint64_t *values;
    guint misses;
};

static const char *const machines[] = {"q35", "pc"};

/* ---- The board ---------------------------------------------------------------------------- */

/* WORD or WORD=N. */
static bool add_fault(struct rescind_board *board, const char *text)
{
    char **parts = g_strsplit(text, "=", 2);
    enum rescind_board_fault fault = rescind_board_fault_named(parts[0]);
    char *end = NULL;
    guint64 argument = parts[1] != NULL ? g_ascii_strtoull(parts[1], &end, 0) : 0;
    bool good = fault != RESCIND_FAULTS && (end == NULL || (end != parts[1] && *end == '\0'));

    if (good) {
        rescind_board_fault(board, fault, argument);
    }
    g_strfreev(parts);
    return good;
}

/* NULL: *status is set and it has been said. */
static struct rescind_board *make_board(const struct devices_command *command, int *status)
{
    struct rescind_board *board = rescind_board_new(&command->board);
    const char *wrong = NULL;

    for (char **fault = command->faults; fault != NULL && *fault != NULL && wrong == NULL;
         fault++) {
        wrong = add_fault(board, *fault) ? NULL : *fault;
    }
    if (wrong != NULL) {
        *status =
            tool_error(TOOL_USAGE, "--fault knows no '%s': --list tells which there are", wrong);
    } else if (!rescind_board_take_out(board, command->without)) {
        *status = tool_error(TOOL_USAGE, "--without knows no '%s': --list tells which there are",
                             command->without);
    } else {
        return board;
    }
    rescind_board_free(board);
    return NULL;
}

static int list(const struct devices_command *command)
{
    struct rescind_board *board = rescind_board_new(&command->board);
    const char *name;

    for (unsigned i = 0; i < RESCIND_FAULTS; i++) {
        printf("fault %-15s %s\n", rescind_board_fault_word((enum rescind_board_fault)i),
               rescind_board_fault_text((enum rescind_board_fault)i));
    }
    for (uint32_t i = 0; (name = rescind_board_register(board, i)) != NULL; i++) {
        printf("register %s\n", name);
    }
    rescind_board_free(board);
    return TOOL_OK;
}

/* ---- What came of it ---------------------------------------------------------------------- */

static void print_access(const struct played *played, guint number)
{
    const struct transcript_access *access = transcript_at(played->transcript, number);
    char *text = transcript_access_text(access);
    char *value = transcript_number_text(access, played->values[number]);

    printf("%s:%u: %s %s\n", played->transcript->file, access->line, text, value);
    g_free(value);
    g_free(text);
}

static void print_miss(const struct played *played, guint number)
{
    const struct transcript_access *access = transcript_at(played->transcript, number);
    char *text = transcript_access_text(access);
    char *wanted = transcript_number_text(access, access->access.value);
    char *got = transcript_number_text(access, played->values[number]);
    char *mask = transcript_number_text(access, access->mask);

    printf("%s:%u: %s: wanted %s, got %s (mask %s)\n", played->transcript->file, access->line, text,
           wanted, got, mask);
    g_free(mask);
    g_free(got);
    g_free(wanted);
    g_free(text);
}

static void print_text(const struct played *played, bool trace)
{
    guint count = played->transcript->accesses->len;

    for (guint i = 0; i < count; i++) {
        if (!transcript_holds(transcript_at(played->transcript, i), played->values[i])) {
            print_miss(played, i);
        } else if (trace) {
            print_access(played, i);
        }
    }
    printf("%s: %u of %u accesses hold on %s %s\n", played->transcript->file,
           count - played->misses, count,
           strcmp(played->target, "qemu") == 0 ? "QEMU's" : "the models of", played->machine);
}

/* Takes `value`. */
static void add_string(JsonBuilder *builder, const char *name, char *value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, value);
    g_free(value);
}

static void add_int(JsonBuilder *builder, const char *name, gint64 value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, value);
}

static void add_miss(JsonBuilder *builder, const struct played *played, guint number)
{
    const struct transcript_access *access = transcript_at(played->transcript, number);

    json_builder_begin_object(builder);
    add_int(builder, "line", access->line);
    add_string(builder, "access", transcript_access_text(access));
    add_string(builder, "wanted", transcript_number_text(access, access->access.value));
    add_string(builder, "got", transcript_number_text(access, played->values[number]));
    add_string(builder, "mask", transcript_number_text(access, access->mask));
    json_builder_end_object(builder);
}

static JsonNode *json_of(const struct played *played)
{
    JsonBuilder *builder = json_builder_new();
    JsonNode *root;

    json_builder_begin_object(builder);
    add_string(builder, "file", g_utf8_make_valid(played->transcript->file, -1));
    add_string(builder, "target", g_strdup(played->target));
    add_string(builder, "machine", g_strdup(played->machine));
    add_int(builder, "accesses", played->transcript->accesses->len);
    json_builder_set_member_name(builder, "mismatches");
    json_builder_begin_array(builder);
    for (guint i = 0; i < played->transcript->accesses->len; i++) {
        if (!transcript_holds(transcript_at(played->transcript, i), played->values[i])) {
            add_miss(builder, played, i);
        }
    }
    json_builder_end_array(builder);
    add_string(builder, "verdict", g_strdup(played->misses == 0 ? "pass" : "fail"));
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    g_object_unref(builder);
    return root;
}

static void print_json(const struct played *played)
{
    JsonNode *root = json_of(played);
    char *text = json_to_string(root, FALSE);

    puts(text);
    g_free(text);
    json_node_unref(root);
}

/* ---- A file ------------------------------------------------------------------------------- */

static bool play_on_models(const struct devices_command *command, struct played *played,
                           int *status)
{
    struct rescind_board *board = make_board(command, status);

    if (board != NULL) {
        transcript_play(played->transcript, board, played->values);
        if (rescind_board_reset_pulsed(board)) {
            *status =
                tool_error(TOOL_MACHINE, "%s: it resets the machine", played->transcript->file);
        }
        rescind_board_free(board);
    }
    return board != NULL && *status == TOOL_OK;
}

static bool play_on_qemu(const struct devices_command *command, struct played *played, int *status)
{
    const struct boot_options options = {
        .image = command->image,
        .machine = played->machine,
        .no_hpet = command->board.no_hpet,
        .processors = command->board.processors,
    };
    GByteArray *script = transcript_script(played->transcript);
    GError *error = NULL;

    if (!boot_probe(script->data, script->len, &options, played->values, &error)) {
        *status = tool_error(TOOL_MACHINE, "%s: %s", played->transcript->file, error->message);
        g_error_free(error);
    }
    g_byte_array_unref(script);
    return *status == TOOL_OK;
}

static int play(const struct transcript *transcript, struct devices_command command)
{
    struct played played = {.transcript = transcript,
                            .target = command.on_qemu ? "qemu" : "models"};
    int status = TOOL_OK;
    bool done;

    if (!command.has_machine) {
        command.board.machine = transcript->machine;
    }
    played.machine = machines[command.board.machine];
    played.values = g_new0(uint64_t, transcript->accesses->len);
    done = command.on_qemu ? play_on_qemu(&command, &played, &status)
                           : play_on_models(&command, &played, &status);
    for (guint i = 0; done && i < transcript->accesses->len; i++) {
        played.misses += !transcript_holds(transcript_at(transcript, i), played.values[i]);
    }
    if (done && command.json) {
        print_json(&played);
    } else if (done) {
        print_text(&played, command.trace);
    }
    g_free(played.values);
    return done && played.misses != 0 ? TOOL_FAIL : status;
}

static int play_file(const char *file, const struct devices_command *command)
{
    char *error = NULL;
    struct transcript *transcript = transcript_read(file, &error);
    int status = TOOL_BAD_FILE;

    if (transcript != NULL) {
        status = play(transcript, *command);
        transcript_free(transcript);
    } else {
        fprintf(stderr, "%s\n", error);
        g_free(error);
    }
    return status;
}

/* ---- The boot log ------------------------------------------------------------------------- */

static void print_log(const struct devices_command *command, const char *log, bool good)
{
    JsonBuilder *builder;
    JsonNode *root;
    char *text;

    if (!command->json) {
        fputs(log, stdout);
        return;
    }
    builder = json_builder_new();
    json_builder_begin_object(builder);
    add_string(builder, "target", g_strdup(command->on_qemu ? "qemu" : "models"));
    add_string(builder, "machine", g_strdup(machines[command->board.machine]));
    add_string(builder, "log", g_utf8_make_valid(log, -1));
    add_string(builder, "verdict", g_strdup(good ? "pass" : "fail"));
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    text = json_to_string(root, FALSE);
    puts(text);
    g_free(text);
    json_node_unref(root);
    g_object_unref(builder);
}

/* The image with a module for as many kernels as there are processors. What it says before it gives
 * up is a log, too. */
static bool boot_log(const struct devices_command *command, GString *log, int *status)
{
    const struct boot_options options = {
        .image = command->image,
        .machine = machines[command->board.machine],
        .no_hpet = command->board.no_hpet,
        .icount = true, /* the same each time, and a measurement is one */
        .log = true,
        .console = log,
    };
    GByteArray *module = bring_up_module(command->board.processors);
    GError *error = NULL;
    struct outcome *outcome = boot_run(module->data, module->len, &options, &error);
    bool good = outcome != NULL;

    if (good) {
        outcome_free(outcome);
    } else {
        if (!g_error_matches(error, BOOT_ERROR, BOOT_ERROR_GUEST)) {
            *status = tool_error(TOOL_MACHINE, "%s", error->message);
        }
        g_error_free(error);
    }
    g_byte_array_unref(module);
    return good;
}

static int show_log(const struct devices_command *command)
{
    GString *log = g_string_new(NULL);
    struct rescind_board *board;
    int status = TOOL_OK;
    bool good = false;

    if (command->on_qemu) {
        good = boot_log(command, log, &status);
    } else if ((board = make_board(command, &status)) != NULL) {
        good = bring_up(board, command->board.processors, log);
        rescind_board_free(board);
    }
    if (status == TOOL_OK) {
        print_log(command, log->str, good);
        status = good ? TOOL_OK : TOOL_FAIL;
    }
    g_string_free(log, TRUE);
    return status;
}

/* ---- The command -------------------------------------------------------------------------- */

static bool check(const struct devices_command *command, const char *machine, char **files,
                  int *status)
{
    struct rescind_board *board = NULL;

    if (machine != NULL && strcmp(machine, "q35") != 0 && strcmp(machine, "pc") != 0) {
        *status = tool_error(TOOL_USAGE, "--machine is q35 or pc, not %s", machine);
    } else if (command->on_qemu && (command->faults != NULL || command->without != NULL)) {
        *status = tool_error(TOOL_USAGE, "--fault and --without are of the models, not of QEMU");
    } else if (command->task == PLAY && files[0] == NULL) {
        *status = tool_error(TOOL_USAGE, "devices needs a FILE");
    } else if (command->task != PLAY && files[0] != NULL) {
        *status = tool_error(TOOL_USAGE, "%s takes no FILE",
                             command->task == LIST ? "--list" : "--bring-up");
    } else if ((board = make_board(command, status)) != NULL) {
        rescind_board_free(board);
    }
    return *status == TOOL_OK;
}

int tool_devices(char **argv)
{
    char *format = NULL, *machine = NULL, *image = NULL, *without = NULL;
    char **faults = NULL, **args = g_strdupv(argv);
    gint64 processors = 1;
    gboolean on_qemu = FALSE, no_hpet = FALSE, listed = FALSE, trace = FALSE;
    gboolean brought_up = FALSE;
    const GOptionEntry entries[] = {
        {"boot", 0, 0, G_OPTION_ARG_NONE, &on_qemu, "play them on QEMU, not on the models", NULL},
        {"machine", 0, 0, G_OPTION_ARG_STRING, &machine,
         "q35 or pc (the default: which the file names, else q35)", "NAME"},
        {"smp", 0, 0, G_OPTION_ARG_INT64, &processors, "processors of the machine (1)", "N"},
        {"no-hpet", 0, 0, G_OPTION_ARG_NONE, &no_hpet, "a machine without HPET", NULL},
        {"fault", 0, 0, G_OPTION_ARG_STRING_ARRAY, &faults,
         "the models have this fault; may be given again", "WORD[=N]"},
        {"without", 0, 0, G_OPTION_ARG_STRING, &without,
         "what this register of the models means is taken out", "REGISTER"},
        {"list", 0, 0, G_OPTION_ARG_NONE, &listed, "list faults and registers", NULL},
        {"bring-up", 0, 0, G_OPTION_ARG_NONE, &brought_up,
         "print what boot finds on the machine and what it says of that, in place of transcripts",
         NULL},
        {"trace", 0, 0, G_OPTION_ARG_NONE, &trace, "print every access and what came of it", NULL},
        {"image", 0, 0, G_OPTION_ARG_FILENAME, &image,
         "the kernel image (the one that belongs to this tool)", "FILE"},
        {"format", 0, 0, G_OPTION_ARG_STRING, &format, "text (the default) or json", "FORMAT"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct devices_command command = {0};
    int status = TOOL_OK;

    if (tool_options(&args, entries, "[FILE...]",
                     "Plays transcripts of device accesses and says which do not hold.", &status) &&
        tool_number("smp", processors, 64, &status) &&
        tool_format(format, &command.json, &status)) {
        command = (struct devices_command){
            .task = brought_up ? BRING_UP
                    : listed   ? LIST
                               : PLAY,
            .json = command.json,
            .on_qemu = on_qemu,
            .trace = trace,
            .has_machine = machine != NULL,
            .board = {.machine =
                          g_strcmp0(machine, "pc") == 0 ? RESCIND_BOARD_PC : RESCIND_BOARD_Q35,
                      .processors = (uint32_t)MAX(processors, 1),
                      .no_hpet = no_hpet},
            .faults = faults,
            .without = without,
            .image = image,
        };
        if (check(&command, machine, args, &status) && command.task != PLAY) {
            status = command.task == LIST ? list(&command) : show_log(&command);
        }
        for (char **file = args; status != TOOL_USAGE && *file != NULL; file++) {
            int one = play_file(*file, &command);
            status = MAX(status, one);
        }
    }
    g_strfreev(args);
    g_strfreev(faults);
    g_free(format);
    g_free(machine);
    g_free(image);
    g_free(without);
    return status;
}
