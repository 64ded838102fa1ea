/* Booting on QEMU. See boot.h. The guest's side is src/pc99/; its exit values are layout.h's. */
#include "sim/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rescind/kernel.h"
#include "pc99/channel.h"
#include "pc99/console.h"
#include "pc99/layout.h"
#include "pc99/probe_script.h"
#include "user/pc_area.h"
#include "sim/disc.h"
#include "user/startup.h"

_Static_assert((int)BOOT_CLOCK_LOOP == (int)PC_CLOCK_LOOP, "ring 3 counts the loop that is stated");
_Static_assert((int)BOOT_PROCESSORS == (int)PROCESSORS_MAX, "as many as the image can run");

enum { MIB = 1 << 20, MEMORY_BASE = 16, MEMORY_PER_VPE = 192 << 10, MEMORY_PER_KERNEL = 64 << 10 };
/* How many of them QEMU deals with a second, at the very least. */
enum { STEPS_PER_SECOND = 10000, NODES_PER_SECOND = 20000 };
/* A script's minute takes that long, and a slow host is five times slower. */
enum { PROBE_TIMEOUT = 300 };
/* File descriptors as QEMU sees them. */
enum { FD_MODULE = 3, FD_CONSOLE = 4, FD_REPORT = 5, FD_DISC = 6, FD_SERIAL = 7 };
/* What firmware and GRUB want beside the kernel: MiB, and seconds. */
enum { FIRMWARE_MEMORY = 256, FIRMWARE_TIMEOUT = 120 };
#define OVMF "/usr/share/ovmf/OVMF.fd"

G_DEFINE_QUARK(rescind - boot - error, boot_error)

/* ---- The image ---------------------------------------------------------------------------- */

char *boot_image(void)
{
    static const char *const places[] = {
        "src/pc99/rescind-pc99.elf", /* first: a build may lie in another one's folder */
        "../src/pc99/rescind-pc99.elf",
        "../share/rescind/rescind-pc99.elf",
        "../../share/rescind/rescind-pc99.elf",
    };
    char *self = g_file_read_link("/proc/self/exe", NULL);
    char *directory = self != NULL ? g_path_get_dirname(self) : g_strdup(".");
    char *found = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(places) && found == NULL; i++) {
        found = g_build_filename(directory, places[i], NULL);
        if (!g_file_test(found, G_FILE_TEST_IS_REGULAR)) {
            g_clear_pointer(&found, g_free);
        }
    }
    g_free(directory);
    g_free(self);
    return found;
}

/* The environment's; one that is empty is as good as none. */
static const char *variable(const char *name)
{
    const char *value = g_getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

static char *choose_image(const struct boot_options *options, GError **error)
{
    const char *named = options->image != NULL ? options->image : variable("RESCIND_IMAGE");
    char *image = named != NULL ? g_strdup(named) : boot_image();

    if (image == NULL) {
        g_set_error(error, BOOT_ERROR, BOOT_ERROR_IMAGE,
                    "the image rescind-pc99.elf is neither in the build tree nor installed; "
                    "RESCIND_IMAGE may name one");
    } else if (!g_file_test(image, G_FILE_TEST_IS_REGULAR)) {
        g_set_error(error, BOOT_ERROR, BOOT_ERROR_IMAGE, "there is no image '%s'", image);
        g_clear_pointer(&image, g_free);
    }
    return image;
}

/* ---- The machine -------------------------------------------------------------------------- */

/* One run: the files that QEMU and we share (removed already, so nothing is left behind). */
struct run {
    const struct boot_options *options;
    const uint8_t *module; /* or a probe script */
    size_t size;
    unsigned memory, processors, timeout;                     /* MiB; how many; seconds */
    int module_fd, console_fd, report_fd, stderr_fd, disc_fd; /* -1: not open */
    const struct rescind_startup *startup;                    /* the module, or NULL */
    int serial_fds[RESCIND_STARTUP_SERIALS_MAX][2]; /* of its serial ports; the second is QEMU's */
    bool timed_out;
};

static int open_scratch(GError **error)
{
    char *name = NULL;
    int fd = g_file_open_tmp("rescind-XXXXXX", &name, error);

    if (fd >= 0) {
        g_unlink(name);
    }
    g_free(name);
    return fd;
}

static bool write_all(int fd, const uint8_t *bytes, size_t size, GError **error)
{
    while (size > 0) {
        ssize_t done = write(fd, bytes, size);

        if (done < 0 && errno != EINTR) {
            g_set_error(error, BOOT_ERROR, BOOT_ERROR_QEMU,
                        "the start-up module can't be written: %s", g_strerror(errno));
            return false;
        }
        bytes += MAX(done, 0);
        size -= (size_t)MAX(done, 0);
    }
    return true;
}

static uint32_t serial_count(const struct run *run)
{
    return run->startup != NULL ? run->startup->serial_count : 0;
}

/* A pair of sockets for each serial port of the module, in which lies what comes to it. */
static bool open_serials(struct run *run, GError **error)
{
    for (uint32_t i = 0; i < serial_count(run); i++) {
        const struct rescind_startup_serial *serial = startup_serial(run->startup, i);

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, run->serial_fds[i]) != 0) {
            g_set_error(error, BOOT_ERROR, BOOT_ERROR_QEMU, "no socket for a serial port: %s",
                        g_strerror(errno));
            return false;
        }
        if (!write_all(run->serial_fds[i][0], run->module + serial->text, serial->size, error)) {
            return false;
        }
    }
    return true;
}

static bool open_files(struct run *run, GError **error)
{
    int *const fds[] = {&run->module_fd, &run->console_fd, &run->report_fd, &run->stderr_fd};

    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
        *fds[i] = open_scratch(error);
        if (*fds[i] < 0) {
            return false;
        }
    }
    return write_all(run->module_fd, run->module, run->size, error) && open_serials(run, error);
}

static void close_files(const struct run *run)
{
    const int fds[] = {run->module_fd, run->console_fd, run->report_fd, run->stderr_fd,
                       run->disc_fd};

    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(run->serial_fds); i++) {
        for (size_t j = 0; j < 2 && run->serial_fds[i][j] >= 0; j++) {
            close(run->serial_fds[i][j]);
        }
    }
}

/* The arena of one of the module's kernels. */
static uint64_t arena_for(const struct rescind_startup *module, uint32_t kernel)
{
    const struct rescind_startup_kernel *entry = startup_kernel(module, kernel);
    const struct rescind_kernel_config config = {
        .vpes = entry->vpes,
        .nodes = entry->nodes,
        .memory = entry->memory,
        .work = module->work,
        .peers = module->kernel_count,
        .pe = (uint16_t)kernel,
    };

    return rescind_kernel_size(&config);
}

/* What the machine needs at most: the kernels' arenas, the channels between them, what each
 * processor and each VPE has, and twice the module (itself, and tables and results of its
 * programs). */
static unsigned memory_for(const struct rescind_startup *module)
{
    uint64_t kernels = module->kernel_count;
    uint64_t bytes = kernels * kernels * CHANNEL_BYTES + kernels * MEMORY_PER_KERNEL +
                     (uint64_t)module->vpe_count * MEMORY_PER_VPE + 2 * (uint64_t)module->size;

    for (uint32_t i = 0; i < module->kernel_count; i++) {
        bytes += arena_for(module, i);
    }
    return MEMORY_BASE + (unsigned)((bytes + MIB - 1) / MIB);
}

static unsigned timeout_for(const struct rescind_startup *module)
{
    uint64_t steps = 0, nodes = 0;

    for (uint32_t i = 0; i < module->vpe_count; i++) {
        steps += startup_vpe(module, i)->step_count;
    }
    for (uint32_t i = 0; i < module->kernel_count; i++) {
        nodes += startup_kernel(module, i)->nodes;
    }
    return BOOT_TIMEOUT + (unsigned)(steps / STEPS_PER_SECOND + nodes / NODES_PER_SECOND);
}

/* The image's command line; the caller frees it. */
static char *image_line(const struct boot_options *options)
{
    GString *line = g_string_new(options->capture != NULL ? "capture" : NULL);

    if (options->audit) {
        g_string_append(line, " audit");
    }
    if (options->clock != NULL) {
        g_string_append(line, " clock");
    }
    if (options->screen) {
        g_string_append(line, " screen");
    }
    if (options->log) {
        g_string_append(line, " log");
    }
    if (options->phase != 0) {
        g_string_append_printf(line, " phase=%" G_GUINT64_FORMAT, options->phase);
    }
    return g_string_free(line, FALSE);
}

/* The disc, which nobody finds any more but through the file descriptor. */
static bool open_disc(struct run *run, const char *image, GError **error)
{
    char *line = image_line(run->options), *path = NULL;
    const struct disc disc = {image, run->module, run->size, line};
    int fd = g_file_open_tmp("rescind-XXXXXX.iso", &path, error);
    bool good = fd >= 0 && disc_write(&disc, path, error);

    if (good) {
        run->disc_fd = g_open(path, O_RDWR | O_CLOEXEC);
        good = run->disc_fd >= 0;
        if (!good) {
            g_set_error(error, BOOT_ERROR, BOOT_ERROR_QEMU, "the disc can't be opened: %s",
                        g_strerror(errno));
        }
    }
    if (fd >= 0) {
        close(fd);
        g_unlink(path);
    }
    g_free(path);
    g_free(line);
    return good;
}

static const char *ovmf_path(void)
{
    const char *named = variable("RESCIND_OVMF");

    return named != NULL ? named : OVMF;
}

/* Whether what the machine starts from is there: the disc is made here. */
static bool prepare(struct run *run, const char *image, GError **error)
{
    if (run->options->ovmf && !g_file_test(ovmf_path(), G_FILE_TEST_IS_REGULAR)) {
        g_set_error(error, BOOT_ERROR, BOOT_ERROR_QEMU,
                    "there is no firmware '%s' (Debian: the package ovmf); RESCIND_OVMF may name "
                    "one that is elsewhere",
                    ovmf_path());
        return false;
    }
    return run->options->via == BOOT_VIA_KERNEL || open_disc(run, image, error);
}

static void add_arguments(GPtrArray *arguments, ...) G_GNUC_NULL_TERMINATED;
static void add_arguments(GPtrArray *arguments, ...)
{
    va_list words;
    const char *word;

    va_start(words, arguments);
    while ((word = va_arg(words, const char *)) != NULL) {
        g_ptr_array_add(arguments, g_strdup(word));
    }
    va_end(words);
}

/* What the machine starts from. */
static void add_start(GPtrArray *arguments, const struct boot_options *options, const char *image)
{
    char *line = image_line(options);

    switch (options->via) {
    case BOOT_VIA_KERNEL:
        add_arguments(arguments, "-kernel", image, "-initrd", "/dev/fd/3", "-append", line, NULL);
        break;
    case BOOT_VIA_ISO:
        add_arguments(arguments, "-cdrom", "/dev/fd/6", NULL);
        break;
    case BOOT_VIA_DISK:
        add_arguments(arguments, "-drive", "file=/dev/fd/6,format=raw", NULL);
        break;
    }
    if (options->ovmf) {
        add_arguments(arguments, "-bios", ovmf_path(), NULL);
    }
    g_free(line);
}

/* The module's serial ports. */
static void add_serials(GPtrArray *arguments, const struct run *run)
{
    for (uint32_t i = 0; i < serial_count(run); i++) {
        uint32_t port = startup_serial(run->startup, i)->port;

        g_ptr_array_add(arguments, g_strdup("-chardev"));
        g_ptr_array_add(arguments, g_strdup_printf("socket,id=port%u,fd=%u", i, FD_SERIAL + i));
        g_ptr_array_add(arguments, g_strdup("-device"));
        g_ptr_array_add(arguments, g_strdup_printf("isa-serial,chardev=port%u,iobase=%#x,irq=%d",
                                                   i, port, startup_line_of_serial(port)));
    }
}

static GPtrArray *qemu_arguments(const struct run *run, const char *image)
{
    static const char *const fixed[] = {
        "-accel",      "tcg",
        "-cpu",        "max",
        "-nodefaults", "-no-reboot",
        "-display",    "none",
        "-serial",     "file:/dev/fd/4",
        "-serial",     "file:/dev/fd/5",
        "-device",     "isa-debug-exit,iobase=0xf4,iosize=1",
    };
    const struct boot_options *options = run->options;
    const char *machine = options->machine != NULL ? options->machine : "q35";
    const char *qemu = variable("RESCIND_QEMU");
    GPtrArray *arguments = g_ptr_array_new_with_free_func(g_free);

    g_ptr_array_add(arguments, g_strdup(qemu != NULL ? qemu : "qemu-system-x86_64"));
    for (size_t i = 0; i < G_N_ELEMENTS(fixed); i++) {
        g_ptr_array_add(arguments, g_strdup(fixed[i]));
    }
    g_ptr_array_add(arguments, g_strdup("-machine"));
    g_ptr_array_add(arguments,
                    g_strdup_printf("%s%s", machine, options->no_hpet ? ",hpet=off" : ""));
    g_ptr_array_add(arguments, g_strdup("-m"));
    g_ptr_array_add(arguments, g_strdup_printf("%uM", run->memory));
    g_ptr_array_add(arguments, g_strdup("-smp"));
    g_ptr_array_add(arguments, g_strdup_printf("%u", run->processors));
    add_start(arguments, options, image);
    add_serials(arguments, run);
    if (options->icount) {
        g_ptr_array_add(arguments, g_strdup("-icount"));
        g_ptr_array_add(arguments, g_strdup("shift=0,sleep=off"));
        g_ptr_array_add(arguments, g_strdup("-rtc"));
        g_ptr_array_add(arguments, g_strdup("base=2026-01-01T00:00:00,clock=vm"));
    }
    if (options->strict) {
        g_ptr_array_add(arguments, g_strdup("-d"));
        g_ptr_array_add(arguments, g_strdup("guest_errors,unimp"));
    }
    g_ptr_array_add(arguments, NULL);
    return arguments;
}

/* In the child, before it becomes QEMU: it is not to outlive whoever waits for it. */
static void die_with_parent(gpointer data)
{
    (void)data;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static GSubprocess *start_qemu(const struct run *run, const char *image, GError **error)
{
    GSubprocessLauncher *launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
    GPtrArray *arguments = qemu_arguments(run, image);
    GError *cause = NULL;
    GSubprocess *qemu;

    g_subprocess_launcher_take_fd(launcher, dup(run->module_fd), FD_MODULE);
    g_subprocess_launcher_take_fd(launcher, dup(run->console_fd), FD_CONSOLE);
    g_subprocess_launcher_take_fd(launcher, dup(run->report_fd), FD_REPORT);
    if (run->disc_fd >= 0) {
        g_subprocess_launcher_take_fd(launcher, dup(run->disc_fd), FD_DISC);
    }
    for (uint32_t i = 0; i < serial_count(run); i++) {
        g_subprocess_launcher_take_fd(launcher, dup(run->serial_fds[i][1]), (gint)(FD_SERIAL + i));
    }
    g_subprocess_launcher_take_stderr_fd(launcher, dup(run->stderr_fd));
    g_subprocess_launcher_set_child_setup(launcher, die_with_parent, NULL, NULL);
    qemu = g_subprocess_launcher_spawnv(launcher, (const char *const *)arguments->pdata, &cause);
    if (qemu == NULL) {
        g_set_error(error, BOOT_ERROR, BOOT_ERROR_QEMU,
                    "QEMU can't be started: %s "
                    "(Debian: the package qemu-system-x86)",
                    cause->message);
        g_error_free(cause);
    }
    g_ptr_array_unref(arguments);
    g_object_unref(launcher);
    return qemu;
}

static void on_qemu_exit(GObject *qemu, GAsyncResult *result, gpointer ended)
{
    g_subprocess_wait_finish(G_SUBPROCESS(qemu), result, NULL);
    *(bool *)ended = true;
}

static gboolean on_timeout(gpointer timed_out)
{
    *(bool *)timed_out = true;
    return G_SOURCE_REMOVE;
}

/* Waits for QEMU's end, or brings it about. */
static void wait_for(struct run *run, GSubprocess *qemu)
{
    GMainContext *context = g_main_context_new();
    GSource *timer = g_timeout_source_new_seconds(run->timeout);
    bool ended = false;

    g_main_context_push_thread_default(context);
    g_source_set_callback(timer, on_timeout, &run->timed_out, NULL);
    g_source_attach(timer, context);
    g_subprocess_wait_async(qemu, NULL, on_qemu_exit, &ended);
    while (!ended && !run->timed_out) {
        g_main_context_iteration(context, TRUE);
    }
    if (!ended) {
        g_subprocess_force_exit(qemu);
    }
    while (!ended) {
        g_main_context_iteration(context, TRUE);
    }
    g_source_destroy(timer);
    g_source_unref(timer);
    g_main_context_pop_thread_default(context);
    g_main_context_unref(context);
}

/* ---- What it left ------------------------------------------------------------------------- */

static GBytes *read_scratch(int fd, GError **error)
{
    GMappedFile *file = g_mapped_file_new_from_fd(fd, FALSE, error);
    GBytes *bytes = NULL;

    if (file != NULL) {
        bytes = g_mapped_file_get_bytes(file);
        g_mapped_file_unref(file);
    }
    return bytes;
}

/* What the image has sent to a serial port: from `mark` on, for firmware and GRUB have spoken there
 * before. All, if it is not there. Takes `bytes`. */
static GBytes *skip_firmware(GBytes *bytes, const char *mark)
{
    gsize size;
    const char *text = g_bytes_get_data(bytes, &size);
    gsize at = 0, length = strlen(mark);
    GBytes *rest = bytes;

    while (at + length <= size && memcmp(text + at, mark, length) != 0) {
        at++;
    }
    if (at > 0 && at + length <= size) {
        rest = g_bytes_new_from_bytes(bytes, at, size - at);
        g_bytes_unref(bytes);
    }
    return rest;
}

/* The console's last line, for a message; the caller frees it. */
static char *last_line(GBytes *console)
{
    gsize size;
    const char *text = g_bytes_get_data(console, &size);
    char *copy = g_utf8_make_valid(text != NULL ? text : "", (gssize)size);
    char *line;

    g_strchomp(copy);
    line = strrchr(copy, '\n');
    line = g_strdup(line != NULL ? line + 1 : copy);
    g_free(copy);
    return line;
}

/* Gives the caller the console, with and without the kernel's lines. */
static void pass_console(const struct boot_options *options, GBytes *console)
{
    static const char mark[] = "rescind: ";
    gsize size;
    const char *at = g_bytes_get_data(console, &size);
    const char *end;

    if (size == 0) {
        return;
    }
    end = at + size;
    if (options->console != NULL) {
        g_string_append_len(options->console, at, (gssize)size);
    }
    while (options->text != NULL && at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *next = newline != NULL ? newline + 1 : end;

        if (*at == CONSOLE_MARK) {
            at++; /* a program's line that might be taken for the kernel's */
            g_string_append_len(options->text, at, next - at);
        } else if ((size_t)(next - at) < sizeof mark - 1 ||
                   memcmp(at, mark, sizeof mark - 1) != 0) {
            g_string_append_len(options->text, at, next - at);
        }
        at = next;
    }
}

static void guest_failed(GBytes *console, const char *what, GError **error)
{
    char *line = last_line(console);

    g_set_error(error, BOOT_ERROR, BOOT_ERROR_GUEST, "%s: %s", what,
                line[0] != '\0' ? line : "(it said nothing)");
    g_free(line);
}

/* Whether QEMU's end is one that leaves a report. */
static bool check_end(const struct run *run, GSubprocess *qemu, GBytes *console, GBytes *complaints,
                      GError **error)
{
    int status = g_subprocess_get_if_exited(qemu) ? g_subprocess_get_exit_status(qemu) : -1;
    char *line;

    if (run->timed_out) {
        g_set_error(error, BOOT_ERROR, BOOT_ERROR_TIMEOUT,
                    "the machine did not come to its end within %u seconds", run->timeout);
        return false;
    }
    switch (status) {
    case 2 * EXIT_DONE + 1:
        return true;
    case 2 * EXIT_REFUSED + 1:
        guest_failed(console, "the PC refuses the module", error);
        return false;
    case 2 * EXIT_NO_MEMORY + 1:
        guest_failed(console, "the PC is too small", error);
        return false;
    case 2 * EXIT_PANIC + 1:
        guest_failed(console, "the kernel on the PC has stopped itself", error);
        return false;
    case 0:
        guest_failed(console, "the PC reset itself", error);
        return false;
    default:
        line = last_line(complaints);
        g_set_error(error, BOOT_ERROR, BOOT_ERROR_QEMU, "QEMU failed (status %d): %s", status,
                    line[0] != '\0' ? line : "(it said nothing)");
        g_free(line);
        return false;
    }
}

/* Where that is asked for, QEMU may not have said anything. */
static bool check_silence(const struct run *run, GBytes *complaints, GError **error)
{
    char *line = last_line(complaints);
    bool good = !run->options->strict || line[0] == '\0';

    if (!good) {
        g_set_error(error, BOOT_ERROR, BOOT_ERROR_WARNING, "QEMU warns: %s", line);
    }
    g_free(line);
    return good;
}

/* What the guest wrote on its second serial port. */
static GBytes *collect(const struct run *run, GSubprocess *qemu, GError **error)
{
    GBytes *console = read_scratch(run->console_fd, error);
    GBytes *report = console != NULL ? read_scratch(run->report_fd, error) : NULL;
    GBytes *complaints = report != NULL ? read_scratch(run->stderr_fd, error) : NULL;
    bool good = false;

    if (complaints != NULL && run->options->via != BOOT_VIA_KERNEL) {
        console = skip_firmware(console, "rescind: loaded by ");
        report = skip_firmware(report, "rescind-report ");
    }
    if (complaints != NULL) {
        pass_console(run->options, console);
        good = check_end(run, qemu, console, complaints, error) &&
               check_silence(run, complaints, error);
    }
    g_clear_pointer(&complaints, g_bytes_unref);
    g_clear_pointer(&console, g_bytes_unref);
    if (!good) {
        g_clear_pointer(&report, g_bytes_unref);
    }
    return report;
}

/* Runs it from start to end; the report, or NULL. */
static GBytes *run_machine(struct run *run, GError **error)
{
    char *image = choose_image(run->options, error);
    GBytes *report = NULL;

    run->module_fd = run->console_fd = run->report_fd = run->stderr_fd = -1;
    run->disc_fd = -1;
    memset(run->serial_fds, -1, sizeof(run->serial_fds));
    if (image != NULL && open_files(run, error) && prepare(run, image, error)) {
        GSubprocess *qemu = start_qemu(run, image, error);

        if (qemu != NULL) {
            wait_for(run, qemu);
            report = collect(run, qemu, error);
            g_object_unref(qemu);
        }
    }
    close_files(run);
    g_free(image);
    return report;
}

/* So much more is wanted where the machine has firmware and GRUB to start. */
static unsigned for_firmware(const struct boot_options *options, unsigned more)
{
    return options->via != BOOT_VIA_KERNEL ? more : 0;
}

static unsigned choose(unsigned option, unsigned otherwise)
{
    return option != 0 ? option : otherwise;
}

struct outcome *boot_run(const uint8_t *module, size_t size, const struct boot_options *options,
                         GError **error)
{
    const struct rescind_startup *header = (const void *)module;
    struct run run = {
        .options = options,
        .module = module,
        .size = size,
        .startup = header,
        .memory =
            choose(options->memory, memory_for(header) + for_firmware(options, FIRMWARE_MEMORY)),
        .processors = choose(options->processors, header->kernel_count),
        .timeout =
            choose(options->timeout, timeout_for(header) + for_firmware(options, FIRMWARE_TIMEOUT)),
    };
    GBytes *report = run_machine(&run, error);
    struct outcome *outcome = NULL;

    if (report != NULL) {
        gsize length;
        const char *text = g_bytes_get_data(report, &length);

        outcome = boot_report(text, length, module, options, error);
        g_bytes_unref(report);
    }
    return outcome;
}

bool boot_write_disc(const uint8_t *module, size_t size, const struct boot_options *options,
                     const char *path, GError **error)
{
    char *image = choose_image(options, error), *line = image_line(options);
    const struct disc disc = {image, module, size, line};
    bool good = image != NULL && disc_write(&disc, path, error);

    g_free(line);
    g_free(image);
    return good;
}

bool boot_probe(const uint8_t *script, size_t size, const struct boot_options *options,
                uint64_t *values, GError **error)
{
    const struct probe_script *header = (const void *)script;
    struct boot_options exact = *options;
    struct run run = {
        .options = &exact,
        .module = script,
        .size = size,
        .memory = choose(options->memory, MEMORY_BASE + (unsigned)(size / MIB)),
        .processors = choose(options->processors, 1),
        .timeout = choose(options->timeout, PROBE_TIMEOUT),
    };
    GBytes *report;
    bool good = false;

    exact.icount = true;
    report = run_machine(&run, error);
    if (report != NULL) {
        gsize length;
        const char *text = g_bytes_get_data(report, &length);

        good = boot_probe_report(text, length, header->count, values, error);
        g_bytes_unref(report);
    }
    return good;
}
