/* fuzz_course() of targets that use a driver (tests/drive.h): one kernel, a program of calls for
 * each VPE, and which event came after which. Linked with the target by fuzz/to_litmus.c.
 *
 * The target runs in a process of its own, however that ends. What no litmus file can say is left
 * out: what a VPE has written into its rings itself, and the end by force of a VPE that a call has
 * made.
 */
#include "fuzz/fuzz.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rescind/startup.h"
#include "sim/compile.h"
#include "sim/model.h"
#include "tests/drive.h"
#include "user/startup.h"

enum {
    DEEDS_MAX = 16384,
    MADE_MAX = 200,    /* VPEs that calls make */
    ROOMY_NODES = 250, /* a pool as large never runs dry */
};

/* What the target's process leaves behind. */
struct record {
    struct drive_event event;
    uint8_t message[RESCIND_PAYLOAD_MAX];
};
struct log {
    struct drive_config config;
    uint32_t count;
    struct record records[DEEDS_MAX];
};
static struct log *log_now;

static void write_down(const struct drive *drive, const struct drive_event *event)
{
    struct record *r = &log_now->records[log_now->count];

    if (event->deed == DRIVE_MADE)
        log_now->config = drive->config;
    if (log_now->count == DEEDS_MAX)
        return;
    r->event = *event;
    if (event->message != NULL)
        memcpy(r->message, event->message, event->size);
    log_now->count++;
}

static void record(const uint8_t *data, size_t size)
{
    pid_t child;
    int status;

    log_now =
        mmap(NULL, sizeof(*log_now), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (log_now == MAP_FAILED)
        abort();
    child = fork();
    if (child < 0)
        abort();
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        dup2(nowhere, STDERR_FILENO);
        drive_watch = write_down;
        LLVMFuzzerTestOneInput(data, size);
        _exit(0);
    }
    waitpid(child, &status, 0);
}

/* ---- Calls as words ------------------------------------------------------------------------ */

static char *range_words(const struct rescind_range *r)
{
    return g_strdup_printf("%s%u:%u", r->type == RESCIND_TABLE_MAP ? "map:" : "", r->start,
                           (uint32_t)r->count);
}

static const char *perms_words(uint32_t perms)
{
    static const char *const words[] = {"r", "r", "w", "rw", "x", "rx", "wx", "rwx"};

    return words[perms % 8];
}

static char *exchange_words(const struct model_call *c)
{
    char *own = range_words(&c->own), *other = range_words(&c->other);
    char *words = g_strdup_printf("exchange %s %u %s %s", c->flag ? "obtain" : "delegate", c->vpe,
                                  own, other);
    g_free(own);
    g_free(other);
    return words;
}

static char *revoke_words(const struct model_call *c)
{
    char *own = range_words(&c->own);
    char *words = g_strdup_printf("revoke %s own=%d", own, c->flag);
    g_free(own);
    return words;
}

static char *createvpe_words(const struct model_call *c, const char *name)
{
    char *words = g_strdup_printf("createvpe %u %u %s", c->dst, c->dst2, name);

    if (c->src != RESCIND_NONE) {
        char *more = g_strdup_printf("%s pfgate=%u pfep=%u", words, c->src, c->ep);
        g_free(words);
        return more;
    }
    return words;
}

static char *activate_words(const struct model_call *c)
{
    GString *words = g_string_new(NULL);

    g_string_append_printf(words, "activate %u ", c->ep);
    if (c->dst == RESCIND_NONE)
        g_string_append(words, "none");
    else
        g_string_append_printf(words, "%u", c->dst);
    if (c->src != RESCIND_NONE)
        g_string_append_printf(words, " old=%u", c->src);
    return g_string_free(words, FALSE);
}

static char *send_words(const struct model_call *c)
{
    GString *words = g_string_new(NULL);

    g_string_append_printf(words, "send %u 0", c->ep);
    for (uint64_t at = 8; at < c->size; at += 8)
        g_string_append(words, ",0");
    if (c->reply_ep != RESCIND_NONE)
        g_string_append_printf(words, " reply=%u label=%" G_GUINT64_FORMAT, c->reply_ep, c->label);
    return g_string_free(words, FALSE);
}

static char *memory_words(const struct model_call *c)
{
    const char *perms = perms_words(c->perms);

    if (c->op == RESCIND_SYS_DERIVEMEM)
        return g_strdup_printf("derivemem %u %u off=%" G_GUINT64_FORMAT " size=%" G_GUINT64_FORMAT
                               " perms=%s",
                               c->src, c->dst, c->addr, c->size, perms);
    if (c->op == RESCIND_SYS_CREATEMAP)
        return g_strdup_printf("createmap %u %u first=%u pages=%u %u perms=%s", c->vpe, c->src,
                               (uint32_t)c->addr, (uint32_t)c->size, c->dst, perms);
    if (c->addr != RESCIND_ANY_ADDR)
        return g_strdup_printf("reqmem %u size=%" G_GUINT64_FORMAT
                               " perms=%s addr=%" G_GUINT64_FORMAT,
                               c->dst, c->size, perms, c->addr);
    return g_strdup_printf("reqmem %u size=%" G_GUINT64_FORMAT " perms=%s", c->dst, c->size, perms);
}

/* Words that may say the same; who asks compares. NULL: there are none. */
static char *words_for(const struct model_call *c, const char *name)
{
    switch (c->op) {
    case RESCIND_SYS_NOOP:
        return g_strdup("noop");
    case RESCIND_SYS_CREATEGATE:
        return g_strdup_printf("creategate %u %u label=%" G_GUINT64_FORMAT
                               " ep=%u credits=%" G_GUINT64_FORMAT,
                               c->vpe, c->dst, c->label, c->ep, c->credits);
    case RESCIND_SYS_EXCHANGE:
        return exchange_words(c);
    case RESCIND_SYS_REVOKE:
        return revoke_words(c);
    case RESCIND_SYS_EXIT:
        return g_strdup_printf("exit %u", (uint32_t)c->id);
    case RESCIND_SYS_CREATEVPE:
        return createvpe_words(c, name);
    case RESCIND_SYS_VPECTRL:
        return g_strdup_printf("vpectrl %u %s", c->vpe,
                               c->action == RESCIND_VPE_START ? "start" : "wait");
    case RESCIND_SYS_FUND:
        return g_strdup_printf("fund %u %" G_GUINT64_FORMAT "%s", c->vpe, c->size,
                               c->flag ? " back" : "");
    case RESCIND_SYS_ATTACHRB:
        return g_strdup_printf("attachrb %u %u addr=%" G_GUINT64_FORMAT " order=%u msgorder=%u",
                               c->vpe, c->ep, c->addr, c->order, c->slot_order);
    case RESCIND_SYS_DETACHRB:
        return g_strdup_printf("detachrb %u %u", c->vpe, c->ep);
    case RESCIND_SYS_ACTIVATE:
        return activate_words(c);
    case RESCIND_SYS_SEND:
        return c->size % 8 == 0 && c->size > 0 && c->size <= RESCIND_DATA_MAX ? send_words(c)
                                                                              : NULL;
    case RESCIND_SYS_RECEIVE:
        return g_strdup_printf("receive %u%s", c->ep, c->flag ? "" : " nowait");
    case RESCIND_SYS_REQMEM:
    case RESCIND_SYS_DERIVEMEM:
    case RESCIND_SYS_CREATEMAP:
        return memory_words(c);
    case RESCIND_SYS_LISTEN:
        return g_strdup_printf("listen %u %u", c->src, c->ep);
    case RESCIND_SYS_IRQACK:
        return g_strdup_printf("irqack %u", c->src);
    case RESCIND_SYS_PORT_IN:
        return g_strdup_printf("portin %u off=%u width=%u", c->src, (uint32_t)c->addr,
                               (uint32_t)c->size);
    case RESCIND_SYS_PORT_OUT:
        return g_strdup_printf("portout %u off=%u width=%u value=%u", c->src, (uint32_t)c->addr,
                               (uint32_t)c->size, (uint32_t)c->label);
    default:
        return NULL;
    }
}

/* Whether a program of this one step sends exactly these bytes. */
static bool says(const char *words, const void *message, size_t size)
{
    char *text = g_strdup_printf("vpe V\nprogram V\n    %s\n", words), *error = NULL;
    struct litmus *litmus = litmus_parse("step", text, strlen(text), &error);
    bool same = false;

    if (litmus != NULL) {
        GByteArray *module = compile(litmus, 0);
        const struct rescind_startup_step *step =
            startup_step(module->data, startup_vpe(module->data, 0)->steps);
        same = step->arg == 0 && step->size == size && memcmp(step + 1, message, size) == 0;
        g_byte_array_unref(module);
    }
    litmus_free(litmus);
    g_free(error);
    g_free(text);
    return same;
}

static char *raw_words(const uint8_t *message, size_t size)
{
    GString *words = g_string_new("raw");

    for (size_t i = 0; i < size; i++)
        g_string_append_printf(words, "%s%02x", i % 8 == 0 ? " " : "", message[i]);
    return g_string_free(words, FALSE);
}

/* ---- The file ------------------------------------------------------------------------------ */

struct maker {
    const struct log *log;
    GString *program[MODEL_VPES + MADE_MAX];
    uint32_t who[MODEL_VPES];  /* the VPE of the file that has this number */
    uint32_t name[MODEL_VPES]; /* what this VPE's last CREATEVPE makes, counted from 1 */
    uint32_t creates, children, interrupts;
    GString *declared; /* children, devices */
    GArray *schedule;
};

static void name_of(char *name, uint32_t number)
{
    g_snprintf(name, sizeof(MODEL_NAME), "made%04u", number);
}

static void choose_now(struct maker *m, uint32_t kind, uint32_t a, uint32_t b)
{
    struct machine_choice choice = {kind, a, b};

    g_array_append_val(m->schedule, choice);
}

static void add_call(struct maker *m, const struct record *r)
{
    uint8_t message[RESCIND_PAYLOAD_MAX];
    size_t size = r->event.size, name_size = 0;
    struct model_call call = model_decode(r->message, size);
    char name[sizeof(MODEL_NAME)] = "", *words;
    uint32_t vpe = r->event.vpe, who = m->who[vpe];

    if (size == 0)
        return; /* there is no such step */
    memcpy(message, r->message, size);
    if (model_name(message, size, &name_size) != NULL && name_size == sizeof(MODEL_NAME) - 1) {
        name_of(name, m->name[vpe] = ++m->creates % 10000);
        memcpy(message + (model_name(message, size, &name_size) - (const char *)message), name,
               name_size);
    }
    words = call.error == RESCIND_NO_ERROR ? words_for(&call, name) : NULL;
    if (words == NULL || !says(words, message, size)) {
        g_free(words);
        words = raw_words(message, size);
    }
    g_string_append_printf(m->program[who], "    %s => any\n", words);
    g_free(words);
    choose_now(m, CHOICE_VPE, who, 0);
}

static void add_child(struct maker *m, const struct drive_event *event)
{
    char name[sizeof(MODEL_NAME)];
    uint32_t who = m->log->config.vpes + m->children;

    if (m->children == MADE_MAX || event->vpe >= MODEL_VPES || event->a >= MODEL_VPES)
        return;
    m->children++;
    name_of(name, m->name[event->a]);
    g_string_append_printf(m->declared, "child %s\n", name);
    m->program[who] = g_string_new(NULL);
    g_string_append_printf(m->program[who], "\nprogram %s\n", name);
    m->who[event->vpe] = who;
}

static void add(struct maker *m, const struct record *r)
{
    const struct drive_event *event = &r->event;

    switch (event->deed) {
    case DRIVE_GRANTED:
        g_string_append_printf(m->declared, "grant V%u %u = vpe V%u\n", event->vpe, event->a,
                               event->b);
        break;
    case DRIVE_LINE:
        g_string_append_printf(m->declared, "grant V%u %u = irq %u\n", event->vpe, event->a,
                               event->b);
        break;
    case DRIVE_PORTS:
        g_string_append_printf(m->declared, "grant V%u %u = ports %u %u\n", event->vpe, event->a,
                               event->b, (uint32_t)event->size);
        break;
    case DRIVE_STRUCK: /* each fault strikes once; those that kill stand in front */
        g_string_append_printf(m->declared, "fault interrupt %u\n", event->a);
        choose_now(m, CHOICE_FAULT, m->log->config.vpes + m->interrupts++, 0);
        break;
    case DRIVE_CALLED:
        add_call(m, r);
        break;
    case DRIVE_CREATED:
        add_child(m, event);
        break;
    case DRIVE_WORKED:
        choose_now(m, CHOICE_WORK, 0, event->vpe);
        break;
    case DRIVE_ENDED:
        if (event->vpe < m->log->config.vpes)
            choose_now(m, CHOICE_FAULT, event->vpe, 0);
        break;
    default:
        break;
    }
}

static void declare(struct maker *m, GString *out)
{
    const struct drive_config *c = &m->log->config;
    uint32_t memory = c->pages != 0 ? c->pages * RESCIND_PAGE + c->vpes * RESCIND_VPE_MEMORY : 0;

    g_string_append(out, "litmus \"what a fuzzer has found\"\nkernel K0");
    if (c->nodes < ROOMY_NODES)
        g_string_append_printf(out, " nodes=%u", c->nodes);
    g_string_append_printf(out, " memory=%u vpes=%u\n", memory, c->vpes + c->more);
    for (uint32_t i = 0; i < c->vpes; i++) {
        g_string_append_printf(out, "vpe V%u\nfault kill V%u\n", i, i);
        m->program[i] = g_string_new(NULL);
        g_string_append_printf(m->program[i], "\nprogram V%u\n", i);
        m->who[i] = i;
    }
}

struct course *fuzz_course(const uint8_t *data, size_t size)
{
    struct maker m = {.declared = g_string_new(NULL),
                      .schedule = g_array_new(FALSE, FALSE, sizeof(struct machine_choice))};
    GString *out = g_string_new(NULL);
    struct course *c;

    record(data, size);
    m.log = log_now;
    declare(&m, out);
    for (uint32_t i = 0; i < m.log->count; i++)
        add(&m, &m.log->records[i]);
    g_string_append(out, m.declared->str);
    for (uint32_t i = 0; i < m.log->config.vpes + m.children; i++) {
        if (strstr(m.program[i]->str, "    ") != NULL)
            g_string_append(out, m.program[i]->str);
        g_string_free(m.program[i], TRUE);
    }
    g_string_free(m.declared, TRUE);
    c = course_new(g_string_free(out, FALSE), m.log->config.seed, m.log->config.work);
    g_array_append_vals(c->schedule, m.schedule->data, m.schedule->len);
    g_array_unref(m.schedule);
    munmap(log_now, sizeof(*log_now));
    return c;
}
