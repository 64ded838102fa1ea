/* rescind boot: each litmus file on QEMU's pc99, once, or many times with another schedule each. */
#include "sim/tool.h"

#include <stdio.h>
#include <string.h>

#include "sim/boot.h"
#include "sim/compile.h"
#include "sim/histogram.h"
#include "sim/trace.h"
#include "rescind/startup.h"

struct boot_command {
    bool json;
    enum trace_level log;
    guint64 seed;
    guint work, watch, repeat;
    const char *disc; /* is written in place of a run; NULL: none */
    struct boot_options boot;
};

/* By enum boot_via. */
static const char *const ways[] = {"kernel", "iso", "disk", NULL};

/* The command that runs a file again, without the file. */
static char *replay_command(const struct boot_command *command)
{
    GString *words = g_string_new("rescind boot");

    g_string_append_printf(words, " --seed %" G_GUINT64_FORMAT " --work %u", command->seed,
                           command->work);
    if (command->boot.machine != NULL)
        g_string_append_printf(words, " --machine %s", command->boot.machine);
    if (command->boot.processors != 0)
        g_string_append_printf(words, " --smp %u", command->boot.processors);
    if (command->boot.no_hpet)
        g_string_append(words, " --no-hpet");
    if (command->boot.strict)
        g_string_append(words, " --strict");
    if (command->boot.via != BOOT_VIA_KERNEL)
        g_string_append_printf(words, " --via %s", ways[command->boot.via]);
    if (command->boot.ovmf)
        g_string_append(words, " --firmware ovmf");
    if (command->boot.icount)
        g_string_append(words, " --icount");
    if (command->boot.phase != 0)
        g_string_append_printf(words, " --phase %" G_GUINT64_FORMAT, command->boot.phase);
    if (command->boot.timeout != 0)
        g_string_append_printf(words, " --timeout %u", command->boot.timeout);
    if (command->boot.image != NULL) {
        char *image = g_shell_quote(command->boot.image);
        g_string_append_printf(words, " --image %s", image);
        g_free(image);
    }
    return g_string_free(words, FALSE);
}

/* One run; NULL: it has been said why there is no outcome. Programs' text goes to `console`, or
 * nowhere where that is NULL. */
static struct outcome *boot_once(const struct litmus *litmus, const GByteArray *module,
                                 const struct boot_command *command, struct tool_console *console)
{
    struct boot_options options = command->boot;
    GError *error = NULL;
    struct outcome *outcome;

    options.console = g_string_new(NULL);
    options.text = g_string_new(NULL);
    if (options.processors != 0)
        options.processors = MAX(options.processors, litmus->kernels->len);
    outcome = boot_run(module->data, module->len, &options, &error);
    if (command->log != TRACE_NONE || outcome == NULL)
        fputs(options.console->str, stderr);
    if (outcome != NULL && console != NULL) {
        tool_print(console, options.text->str, options.text->len);
        tool_end_line(console);
    }
    if (outcome == NULL) {
        tool_error(TOOL_MACHINE, "%s: %s", litmus->file, error->message);
        g_error_free(error);
    }
    g_string_free(options.console, TRUE);
    g_string_free(options.text, TRUE);
    return outcome;
}

static int boot_module(const struct litmus *litmus, const GByteArray *module,
                       const struct boot_command *command)
{
    struct tool_console console = {.json = command->json};
    struct outcome *outcome = boot_once(litmus, module, command, &console);
    char *replay;
    int status;

    if (outcome == NULL)
        return TOOL_MACHINE;
    replay = replay_command(command);
    status = tool_report(litmus, outcome, command->json, replay);
    g_free(replay);
    outcome_free(outcome);
    return status;
}

/* The command that makes one run of many again, as far as that can be. */
static void print_again(const struct litmus *litmus, const struct boot_command *command)
{
    char *replay = replay_command(command);
    char *file = g_shell_quote(litmus->file);

    fprintf(command->json ? stderr : stdout, "again: %s %s%s\n", replay,
            litmus->file[0] == '-' ? "-- " : "", file);
    g_free(file);
    g_free(replay);
}

/* As often as was asked for, each run with another phase. */
static int boot_repeatedly(const struct litmus *litmus, const GByteArray *module,
                           const struct boot_command *command)
{
    struct histogram *histogram = histogram_new(litmus);
    struct boot_command one = *command, failed = {0};
    int status = TOOL_OK;
    char *text;

    for (guint i = 0; i < command->repeat && status < TOOL_MACHINE; i++) {
        one.boot.phase = command->boot.phase + i;
        struct outcome *outcome = boot_once(litmus, module, &one, NULL);
        if (outcome == NULL) {
            status = TOOL_MACHINE;
        } else if (!histogram_add(histogram, outcome, one.boot.phase)->pass && status == TOOL_OK) {
            status = TOOL_FAIL;
            failed = one;
        }
        outcome_free(outcome);
    }
    text = command->json ? histogram_json(histogram) : histogram_text(histogram);
    fputs(text, stdout);
    if (status == TOOL_FAIL)
        print_again(litmus, &failed);
    g_free(text);
    histogram_free(histogram);
    return status;
}

static int write_disc(const GByteArray *module, const struct boot_command *command)
{
    struct boot_options options = command->boot;
    GError *error = NULL;
    int status = TOOL_OK;

    options.screen = true;
    if (!boot_write_disc(module->data, module->len, &options, command->disc, &error)) {
        status = tool_error(TOOL_MACHINE, "%s: %s", command->disc, error->message);
        g_error_free(error);
    }
    return status;
}

static int boot_file(const char *file, const struct boot_command *command)
{
    struct litmus *litmus = tool_litmus(file);
    struct rescind_startup *header;
    GByteArray *module;
    int status;

    if (litmus == NULL)
        return TOOL_BAD_FILE;
    module = compile(litmus, command->seed);
    header = (struct rescind_startup *)(void *)module->data;
    header->work = command->work;
    header->watch = command->watch;
    if (header->fault_count != 0)
        status = tool_error(TOOL_BAD_FILE,
                            "%s: it has fault lines, which only the simulator lets strike", file);
    else if (command->disc != NULL)
        status = write_disc(module, command);
    else if (command->repeat != 0)
        status = boot_repeatedly(litmus, module, command);
    else
        status = boot_module(litmus, module, command);
    g_byte_array_unref(module);
    litmus_free(litmus);
    return status;
}

/* Whether the word says so of the firmware; else *status is set and it has been said. */
static bool read_firmware(const char *firmware, struct boot_options *boot, int *status)
{
    boot->ovmf = firmware != NULL && strcmp(firmware, "ovmf") == 0;
    if (firmware != NULL && !boot->ovmf && strcmp(firmware, "seabios") != 0)
        *status = tool_error(TOOL_USAGE, "--firmware is seabios or ovmf, not %s", firmware);
    else if (boot->ovmf && boot->via == BOOT_VIA_KERNEL)
        *status =
            tool_error(TOOL_USAGE, "--firmware ovmf starts discs: it wants --via iso or disk");
    return *status == TOOL_OK;
}

/* The same of the way that the image takes. */
static bool read_via(const char *via, struct boot_options *boot, int *status)
{
    for (unsigned i = 0; via != NULL && i < G_N_ELEMENTS(ways) - 1; i++)
        if (strcmp(via, ways[i]) == 0)
            boot->via = i;
    if (via != NULL && strcmp(via, ways[boot->via]) != 0)
        *status = tool_error(TOOL_USAGE, "--via is kernel, iso or disk, not %s", via);
    else if (boot->strict && boot->via != BOOT_VIA_KERNEL)
        *status = tool_error(TOOL_USAGE, "--strict is for --via kernel: firmware, which starts "
                                         "discs, has ways of its own");
    return *status == TOOL_OK;
}

int tool_boot(char **argv)
{
    char *format = NULL, *machine = NULL, *image = NULL, *log = NULL;
    char *via = NULL, *firmware = NULL, *disc = NULL;
    gint64 seed = 0, work = 0, watch = 0, timeout = 0, repeat = 0, phase = 0, processors = 0;
    gboolean icount = FALSE, no_hpet = FALSE, strict = FALSE;
    const GOptionEntry entries[] = {
        {"format", 0, 0, G_OPTION_ARG_STRING, &format, "text (the default) or json", "FORMAT"},
        {"machine", 0, 0, G_OPTION_ARG_STRING, &machine, "QEMU's: q35 (the default) or pc", "NAME"},
        {"smp", 0, 0, G_OPTION_ARG_INT64, &processors,
         "processors of the machine (at least, and unless given: one a kernel)", "N"},
        {"no-hpet", 0, 0, G_OPTION_ARG_NONE, &no_hpet, "a machine without HPET", NULL},
        {"strict", 0, 0, G_OPTION_ARG_NONE, &strict,
         "what QEMU has to say about the guest's ways with its devices is an error", NULL},
        {"image", 0, 0, G_OPTION_ARG_FILENAME, &image,
         "the kernel image (the one that belongs to this tool)", "FILE"},
        {"via", 0, 0, G_OPTION_ARG_STRING, &via,
         "by QEMU itself (kernel, the default), or by GRUB from a CD (iso) or a disk", "WAY"},
        {"firmware", 0, 0, G_OPTION_ARG_STRING, &firmware,
         "QEMU's: seabios (the default) or ovmf, which is EFI", "NAME"},
        {"write-iso", 0, 0, G_OPTION_ARG_FILENAME, &disc,
         "run nothing, but write a disc that boots into the one FILE", "DISC"},
        {"seed", 0, 0, G_OPTION_ARG_INT64, &seed,
         "of the kernel's secret (0: the machine draws one)", "N"},
        {"work", 0, 0, G_OPTION_ARG_INT64, &work,
         "units of work that a kernel may do an event (0: its default, 64)", "N"},
        {"watch", 0, 0, G_OPTION_ARG_INT64, &watch,
         "print the derivation tree around REVOKEs of a range from selector SEL", "SEL"},
        {"icount", 0, 0, G_OPTION_ARG_NONE, &icount, "a tick an instruction: every run is the same",
         NULL},
        {"repeat", 0, 0, G_OPTION_ARG_INT64, &repeat,
         "run each file so often, with other timer phases each time, and count the outcomes", "N"},
        {"phase", 0, 0, G_OPTION_ARG_INT64, &phase,
         "other timer phases (0: the usual ones); of the first run, with --repeat", "N"},
        {"timeout", 0, 0, G_OPTION_ARG_INT64, &timeout, "stop QEMU after so long (60 and more)",
         "SECONDS"},
        {"log", 0, 0, G_OPTION_ARG_STRING, &log,
         "none (the default), or info: the machine's console on standard error", "LEVEL"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct boot_command command = {0};
    char **args = g_strdupv(argv);
    int status = TOOL_OK;

    if (tool_options(&args, entries, "FILE...",
                     "Runs each litmus file on QEMU's pc99 and judges it.", &status) &&
        tool_number("seed", seed, G_MAXINT64, &status) &&
        tool_number("work", work, G_MAXINT32, &status) &&
        tool_number("watch", watch, G_MAXUINT32, &status) &&
        tool_number("timeout", timeout, 86400, &status) &&
        tool_number("repeat", repeat, 1000000, &status) &&
        tool_number("phase", phase, G_MAXINT32, &status) &&
        tool_number("smp", processors, BOOT_PROCESSORS, &status) &&
        tool_format(format, &command.json, &status)) {
        command.seed = (guint64)seed;
        command.work = (guint)work;
        command.watch = (guint)watch;
        command.repeat = (guint)repeat;
        command.boot = (struct boot_options){
            .audit = true,
            .image = image,
            .machine = machine,
            .processors = (guint)processors,
            .no_hpet = no_hpet,
            .strict = strict,
            .icount = icount,
            .timeout = (guint)timeout,
            .phase = (uint64_t)phase,
        };
        command.disc = disc;
        if (args[0] == NULL)
            status = tool_error(TOOL_USAGE, "boot needs a FILE");
        else if (disc != NULL && args[1] != NULL)
            status = tool_error(TOOL_USAGE, "--write-iso takes one FILE");
        else if (!trace_level(log, &command.log) || command.log == TRACE_DEBUG)
            status = tool_error(TOOL_USAGE, "--log is none or info, not %s", log);
        else if (machine != NULL && strcmp(machine, "q35") != 0 && strcmp(machine, "pc") != 0)
            status = tool_error(TOOL_USAGE, "--machine is q35 or pc, not %s", machine);
        else if (read_via(via, &command.boot, &status))
            read_firmware(firmware, &command.boot, &status);
        for (char **file = args; status != TOOL_USAGE && *file != NULL; file++) {
            int one = boot_file(*file, &command);
            status = MAX(status, one);
        }
    }
    g_strfreev(args);
    g_free(format);
    g_free(machine);
    g_free(image);
    g_free(log);
    g_free(via);
    g_free(firmware);
    g_free(disc);
    return status;
}
