/* The public face of the simulator: rescind/sim.h over the machine. */
#include "rescind/sim.h"

#include <string.h>

#include "sim/machine.h"

enum { DEFAULT_VPES = 16, DEFAULT_NODES = 65536 };

struct rescind_sim {
    struct machine *machine;
    struct rescind_sim_options options;
    uint32_t vpes; /* added so far */
    bool has_run;
    char message[256];
};

static void print(void *context, const char *text, size_t size)
{
    struct rescind_sim *sim = context;

    if (sim->options.print != NULL)
        sim->options.print(sim->options.print_context, text, size);
}

static bool find_schedule(enum rescind_sim_schedule schedule, enum machine_schedule *out)
{
    switch (schedule) {
    case RESCIND_SIM_FIFO:
        *out = SCHEDULE_FIFO;
        return true;
    case RESCIND_SIM_RANDOM:
        *out = SCHEDULE_RANDOM;
        return true;
    case RESCIND_SIM_PCT:
        *out = SCHEDULE_PCT;
        return true;
    }
    return false;
}

struct rescind_sim *rescind_sim_new(const struct rescind_sim_options *options)
{
    struct rescind_sim *sim = g_new0(struct rescind_sim, 1);
    struct machine_options machine = {
        .kernels = options->kernels,
        .vpes = options->vpes != 0 ? options->vpes : DEFAULT_VPES,
        .nodes = options->nodes != 0 ? options->nodes : DEFAULT_NODES,
        .memory = options->memory,
        .work = options->work,
        .seed = options->seed,
        .depth = options->depth,
        .stack = options->stack_size,
        .audit = options->audit ? AUDIT_ALWAYS : machine_default_audit(),
        .print = print,
        .context = sim,
    };

    sim->options = *options;
    if (find_schedule(options->schedule, &machine.schedule))
        sim->machine = machine_new(&machine, NULL);
    if (sim->machine == NULL)
        g_clear_pointer(&sim, g_free);
    return sim;
}

void rescind_sim_free(struct rescind_sim *sim)
{
    if (sim == NULL)
        return;
    machine_free(sim->machine);
    g_free(sim);
}

int rescind_sim_add_vpe(struct rescind_sim *sim, const char *name, rescind_program *program,
                        void *argument)
{
    return rescind_sim_add_vpe_on(sim, 0, name, program, argument);
}

int rescind_sim_add_vpe_on(struct rescind_sim *sim, uint32_t kernel, const char *name,
                           rescind_program *program, void *argument)
{
    int vpe = -1;

    if (!sim->has_run && kernel < machine_kernels(sim->machine))
        vpe = machine_vpe(sim->machine, kernel, name);
    if (vpe < 0)
        return -1;
    sim->vpes++;
    if (program != NULL)
        machine_function(sim->machine, (uint32_t)vpe, program, argument);
    return vpe;
}

int rescind_sim_child(struct rescind_sim *sim, uint32_t kernel, const char *name,
                      rescind_program *program, void *argument)
{
    int vpe;

    if (sim->has_run || kernel >= machine_kernels(sim->machine))
        return -1;
    vpe = machine_child(sim->machine, kernel, name);
    sim->vpes++;
    if (program != NULL)
        machine_function(sim->machine, (uint32_t)vpe, program, argument);
    return vpe;
}

static bool is_vpe(const struct rescind_sim *sim, int vpe)
{
    return vpe >= 0 && (uint32_t)vpe < sim->vpes;
}

enum rescind_error rescind_sim_quota(struct rescind_sim *sim, int vpe, uint32_t nodes)
{
    if (sim->has_run || !is_vpe(sim, vpe))
        return RESCIND_INV_ARGS;
    return machine_quota(sim->machine, (uint32_t)vpe, nodes);
}

enum rescind_error rescind_sim_irq(struct rescind_sim *sim, int vpe, uint32_t sel, uint32_t line)
{
    if (sim->has_run || !is_vpe(sim, vpe))
        return RESCIND_INV_ARGS;
    return machine_irq(sim->machine, (uint32_t)vpe, sel, line);
}

enum rescind_error rescind_sim_ports(struct rescind_sim *sim, int vpe, uint32_t sel, uint32_t first,
                                     uint32_t count)
{
    if (sim->has_run || !is_vpe(sim, vpe))
        return RESCIND_INV_ARGS;
    return machine_ports(sim->machine, (uint32_t)vpe, sel, first, count);
}

bool rescind_sim_serial(struct rescind_sim *sim, uint16_t port, const void *bytes, size_t size)
{
    return !sim->has_run && machine_serial(sim->machine, port, bytes, size);
}

size_t rescind_sim_serial_sent(struct rescind_sim *sim, uint16_t port, void *bytes, size_t size)
{
    return machine_serial_sent(sim->machine, port, bytes, size);
}

enum rescind_error rescind_sim_grant(struct rescind_sim *sim, int vpe, uint32_t sel, int target)
{
    if (sim->has_run || !is_vpe(sim, vpe) || !is_vpe(sim, target))
        return RESCIND_INV_ARGS;
    return machine_grant(sim->machine, (uint32_t)vpe, sel, (uint32_t)target);
}

enum rescind_sim_result rescind_sim_run(struct rescind_sim *sim)
{
    sim->message[0] = '\0';
    sim->has_run = true;
    if (machine_run(sim->machine, NULL, NULL) == MACHINE_BROKEN) {
        g_strlcpy(sim->message, machine_finding(sim->machine), sizeof(sim->message));
        return RESCIND_SIM_BROKEN;
    }
    for (uint32_t i = 0; i < sim->vpes; i++) {
        struct machine_status status = machine_status(sim->machine, i);
        if (!status.ended && !status.through && !status.asleep) {
            g_snprintf(sim->message, sizeof(sim->message), "%s is stuck",
                       machine_vpe_name(sim->machine, i));
            return RESCIND_SIM_STUCK;
        }
    }
    return RESCIND_SIM_QUIET;
}

const char *rescind_sim_message(const struct rescind_sim *sim)
{
    return sim->message;
}

void rescind_sim_kill(struct rescind_sim *sim, int vpe, uint32_t code)
{
    if (is_vpe(sim, vpe))
        machine_kill(sim->machine, (uint32_t)vpe, code);
}

bool rescind_sim_returned(const struct rescind_sim *sim, int vpe, int *value)
{
    struct machine_status status;

    if (!is_vpe(sim, vpe))
        return false;
    status = machine_status(sim->machine, (uint32_t)vpe);
    if (status.through && value != NULL)
        *value = status.value;
    return status.through;
}

bool rescind_sim_ended(const struct rescind_sim *sim, int vpe)
{
    return is_vpe(sim, vpe) && machine_status(sim->machine, (uint32_t)vpe).ended;
}

bool rescind_sim_started(const struct rescind_sim *sim, int vpe)
{
    return is_vpe(sim, vpe) && !machine_status(sim->machine, (uint32_t)vpe).asleep;
}

/* Where `size` bytes of a kernel's memory lie; NULL: there are none. */
static uint8_t *find_memory(struct rescind_kernel *k, uint64_t addr, size_t size)
{
    size_t all;
    uint8_t *memory = rescind_kernel_memory(k, &all);

    return addr <= all && size <= all - addr ? memory + addr : NULL;
}

bool rescind_sim_read(const struct rescind_sim *sim, uint32_t kernel, uint64_t addr, void *bytes,
                      size_t size)
{
    const uint8_t *from = NULL;

    if (kernel < machine_kernels(sim->machine))
        from = find_memory(machine_kernel(sim->machine, kernel), addr, size);
    if (from != NULL)
        memcpy(bytes, from, size);
    return from != NULL;
}

bool rescind_sim_write(struct rescind_sim *sim, uint32_t kernel, uint64_t addr, const void *bytes,
                       size_t size)
{
    uint8_t *to = NULL;

    if (kernel < machine_kernels(sim->machine))
        to = find_memory(machine_kernel(sim->machine, kernel), addr, size);
    if (to != NULL)
        memcpy(to, bytes, size);
    return to != NULL;
}

bool rescind_sim_cap(const struct rescind_sim *sim, int vpe, uint32_t kind, uint64_t from,
                     struct rescind_sim_cap *cap)
{
    struct outcome_cap found;

    if (!is_vpe(sim, vpe) || kind >= RESCIND_TABLE_KINDS ||
        !machine_cap(sim->machine, (uint32_t)vpe, kind, from, &found))
        return false;
    *cap = (struct rescind_sim_cap){
        .vpe = vpe,
        .kind = kind,
        .sel = found.sel,
        .type = found.type,
        .has_parent = found.has_parent,
        .parent_vpe = (int)found.parent_vpe,
        .parent_kind = found.parent_kind,
        .parent_sel = found.parent_sel,
    };
    return true;
}

uint64_t rescind_sim_time(const struct rescind_sim *sim)
{
    return machine_time(sim->machine);
}

uint64_t rescind_sim_events(const struct rescind_sim *sim)
{
    return machine_events(sim->machine);
}
