/* The check of a start-up module; user/startup.h says more. */
#include "user/startup.h"

#include "rescind/abi.h"

_Static_assert(sizeof(struct rescind_startup) % 8 == 0, "what follows the header is aligned");
_Static_assert(sizeof(struct rescind_startup_kernel) % 8 == 0, "kernel records are aligned");
_Static_assert(sizeof(struct rescind_startup_fault) % 8 == 0, "fault records are aligned");
_Static_assert(sizeof(struct rescind_startup_vpe) % 8 == 0, "VPE records are aligned");
_Static_assert(sizeof(struct rescind_startup_grant) % 8 == 0, "grant records are aligned");

/* Whether `count` records of `record` bytes at `offset` lie behind the header and in `size`. */
static bool inside(size_t size, uint32_t offset, uint64_t count, uint32_t record)
{
    return offset % 8 == 0 && offset >= sizeof(struct rescind_startup) && offset <= size &&
           count <= (size - offset) / record;
}

static const char *check_header(const struct rescind_startup *h, size_t size)
{
    if (h->magic != RESCIND_STARTUP_MAGIC)
        return "the magic number is wrong";
    if (h->size != size)
        return "the size is wrong";
    if (h->vpe_count > RESCIND_STARTUP_VPES)
        return "the number of VPEs is out of range";
    if (h->signal_count > RESCIND_STARTUP_SIGNALS)
        return "the number of signals is out of range";
    if (h->kernel_count == 0 || h->kernel_count > RESCIND_STARTUP_KERNELS)
        return "the number of kernels is out of range";
    if (h->fault_count > RESCIND_STARTUP_FAULTS)
        return "the number of faults is out of range";
    if (!inside(size, h->vpes, h->vpe_count, sizeof(struct rescind_startup_vpe)))
        return "the VPEs lie outside the module";
    if (!inside(size, h->grants, h->grant_count, sizeof(struct rescind_startup_grant)))
        return "the grants lie outside the module";
    if (!inside(size, h->kernels, h->kernel_count, sizeof(struct rescind_startup_kernel)))
        return "the kernels lie outside the module";
    if (!inside(size, h->faults, h->fault_count, sizeof(struct rescind_startup_fault)))
        return "the faults lie outside the module";
    if (h->serial_count > RESCIND_STARTUP_SERIALS_MAX)
        return "the number of serial ports is out of range";
    if (!inside(size, h->serials, h->serial_count, sizeof(struct rescind_startup_serial)))
        return "the serial ports lie outside the module";
    return NULL;
}

static bool name_ends(const char *name, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (name[i] == 0)
            return true;
    }
    return false;
}

uint32_t startup_boot_vpes(const void *module, uint32_t kernel)
{
    const struct rescind_startup *h = module;
    uint32_t count = 0;

    for (uint32_t i = 0; i < h->vpe_count; i++) {
        const struct rescind_startup_vpe *vpe = startup_vpe(h, i);
        count += vpe->kernel == kernel && (vpe->flags & RESCIND_STARTUP_CHILD) == 0;
    }
    return count;
}

static const char *check_kernel(const struct rescind_startup *h, uint32_t index)
{
    const struct rescind_startup_kernel *kernel = startup_kernel(h, index);

    if (!name_ends(kernel->name, sizeof(kernel->name)))
        return "a kernel's name does not end";
    if (kernel->nodes == 0 || kernel->nodes > RESCIND_STARTUP_NODES)
        return "a kernel's number of pool nodes is out of range";
    if (kernel->memory % RESCIND_PAGE != 0 || kernel->memory > RESCIND_STARTUP_MEMORY)
        return "a kernel's memory is out of range";
    if (kernel->vpes > RESCIND_VPE_MAX || kernel->vpes < startup_boot_vpes(h, index))
        return "a kernel's number of VPEs is out of range";
    if (kernel->reserved != 0)
        return "a reserved word of a kernel is not 0";
    return NULL;
}

static bool is_child(const struct rescind_startup *h, uint32_t vpe)
{
    return (startup_vpe(h, vpe)->flags & RESCIND_STARTUP_CHILD) != 0;
}

/* Has somebody been given this line? */
static bool has_line(const struct rescind_startup *h, uint32_t line)
{
    for (uint32_t i = 0; i < h->grant_count; i++) {
        if (startup_grant(h, i)->kind == RESCIND_GRANT_IRQ && startup_grant(h, i)->target == line)
            return true;
    }
    return false;
}

static const char *check_fault(const struct rescind_startup *h,
                               const struct rescind_startup_fault *fault)
{
    switch (fault->kind) {
    case RESCIND_FAULT_KILL:
        if (fault->a >= h->vpe_count)
            return "a fault names no VPE";
        if (is_child(h, fault->a))
            return "a fault names a VPE that is not there at the start";
        break;
    case RESCIND_FAULT_EXHAUST:
        if (fault->a >= h->kernel_count)
            return "a fault names no kernel";
        break;
    case RESCIND_FAULT_INTERRUPT:
        if (!has_line(h, fault->a))
            return "a fault names an interrupt line that nobody has been given";
        break;
    case RESCIND_FAULT_DELAY:
        if (fault->a >= h->kernel_count || fault->b >= h->kernel_count)
            return "a fault names no kernel";
        if (fault->a == fault->b)
            return "a fault names one kernel twice";
        break;
    default:
        return "a fault is of no known kind";
    }
    if (fault->kind != RESCIND_FAULT_DELAY && fault->b != 0)
        return "a fault names more than it needs";
    return fault->reserved != 0 ? "a reserved word of a fault is not 0" : NULL;
}

/* What a PC's kernel uses itself, or must not leave to anybody: whoever can reach it can do to the
 * machine as he likes. */
static const struct {
    uint32_t first, last;
    const char *name;
} own_ports[] = {
    {0x000, 0x0ff, "the board's own devices"},
    {0x2f8, 0x2ff, "COM2"},
    {0x3f8, 0x3ff, "COM1"},
    {0x4d0, 0x4d1, "the interrupt controllers"},
    {0x510, 0x51b, "the firmware's interface"},
    {0x600, 0x67f, "power management"},
    {0xafe0, 0xb03f, "power management"},
    {0xcd4, 0xcfb, "PCI configuration and reset"},
    {0xcfc, 0xcff, "PCI configuration and reset"},
};
static const struct {
    uint32_t line;
    const char *name;
} own_lines[] = {
    {0, "the timer"}, {2, "the second interrupt controller"},
    {3, "COM2"},      {4, "COM1"},
    {8, "the clock"}, {9, "power management"},
};

const char *startup_owner_of_ports(uint32_t first, uint32_t count)
{
    for (size_t i = 0; i < sizeof(own_ports) / sizeof(own_ports[0]); i++) {
        if (first <= own_ports[i].last && first + count > own_ports[i].first)
            return own_ports[i].name;
    }
    return NULL;
}

const char *startup_owner_of_line(uint32_t line)
{
    for (size_t i = 0; i < sizeof(own_lines) / sizeof(own_lines[0]); i++) {
        if (line == own_lines[i].line)
            return own_lines[i].name;
    }
    return NULL;
}

/* Whether a grant before `index` gives the same line. */
static bool is_given(const struct rescind_startup *h, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++) {
        if (startup_grant(h, i)->kind == RESCIND_GRANT_IRQ &&
            startup_grant(h, i)->target == startup_grant(h, index)->target)
            return true;
    }
    return false;
}

/* A grant of a line or of ports. */
static const char *check_machine_grant(const struct rescind_startup *h, uint32_t index)
{
    const struct rescind_startup_grant *grant = startup_grant(h, index);
    uint32_t first = grant->target & 0xffff, more = grant->target >> 16;

    if (grant->kind == RESCIND_GRANT_IRQ) {
        if (grant->target >= RESCIND_IRQ_LINES)
            return "a grant names no interrupt line";
        if (startup_owner_of_line(grant->target) != NULL)
            return "a grant names an interrupt line of the machine's own";
        return is_given(h, index) ? "an interrupt line is granted twice" : NULL;
    }
    if (first + more >= RESCIND_PORTS)
        return "a grant names ports that there can't be";
    return startup_owner_of_ports(first, more + 1) != NULL ? "a grant names ports of the machine's "
                                                             "own"
                                                           : NULL;
}

static const char *check_grant(const struct rescind_startup *h, uint32_t index)
{
    const struct rescind_startup_grant *grant = startup_grant(h, index);

    if (grant->kind > RESCIND_GRANT_PORTS)
        return "a grant is of no known kind";
    if (grant->vpe >= h->vpe_count ||
        (grant->kind == RESCIND_GRANT_VPE && grant->target >= h->vpe_count))
        return "a grant names no VPE";
    if (is_child(h, grant->vpe) || (grant->kind == RESCIND_GRANT_VPE && is_child(h, grant->target)))
        return "a grant names a VPE that is not there at the start";
    if (grant->sel < RESCIND_SEL_FREE)
        return "a grant's selector is taken";
    return grant->kind != RESCIND_GRANT_VPE ? check_machine_grant(h, index) : NULL;
}

int startup_line_of_serial(uint32_t port)
{
    switch (port) {
#define ROW(port, line)                                                                            \
    case (port):                                                                                   \
        return (line);
        RESCIND_STARTUP_SERIALS(ROW)
#undef ROW
    default:
        return -1;
    }
}

static const char *check_serial(const struct rescind_startup *h, uint32_t index)
{
    const struct rescind_startup_serial *serial = startup_serial(h, index);

    if (startup_line_of_serial(serial->port) < 0)
        return "there is no serial port at this address";
    for (uint32_t i = 0; i < index; i++) {
        if (startup_serial(h, i)->port == serial->port)
            return "a serial port is there twice";
    }
    if (serial->size > RESCIND_STARTUP_TEXT || !inside(h->size, serial->text, serial->size, 1))
        return "what comes to a serial port lies outside the module";
    return serial->reserved != 0 ? "a reserved word of a serial port is not 0" : NULL;
}

static const char *check_call(const struct rescind_startup_step *step)
{
    enum { PATCHED_END = 24 };

    if (step->size == 0 || step->size > RESCIND_PAYLOAD_MAX)
        return "a call's payload is out of range";
    if ((step->arg & ~(uint32_t)RESCIND_STEP_LAST_MESSAGE) != 0)
        return "a call has an unknown flag";
    if (step->arg != 0 && step->size < PATCHED_END)
        return "a call's payload is too short for a message's id";
    return NULL;
}

/* What a step says of itself; its payload and its checks may still lie outside. */
static const char *check_step(const struct rescind_startup *h,
                              const struct rescind_startup_step *step)
{
    uint32_t size = 0;

    switch (step->kind) {
    case RESCIND_STEP_CALL:
        break;
    case RESCIND_STEP_SIGNAL:
    case RESCIND_STEP_WAIT:
        if (step->arg >= h->signal_count)
            return "a step names no signal";
        break;
    case RESCIND_STEP_RUN:
        break;
    case RESCIND_STEP_LOAD:
    case RESCIND_STEP_STORE:
        if (step->arg != 0)
            return "a step names more than it needs";
        size = step->kind == RESCIND_STEP_LOAD ? 8 : 16;
        break;
    default:
        return "a step is of no known kind";
    }
    if (step->checks > RESCIND_STARTUP_CHECKS)
        return "a step has too many checks";
    if (step->checks > 0 && step->kind != RESCIND_STEP_CALL && step->kind != RESCIND_STEP_LOAD)
        return "a step without an answer has a check";
    if (step->kind == RESCIND_STEP_CALL)
        return check_call(step);
    return step->size != size ? "a step's payload is not what its kind has" : NULL;
}

/* Each looks at a word that a reply can have, behind the error code. */
static const char *check_checks(const struct rescind_startup_step *step)
{
    uint32_t words = step->kind == RESCIND_STEP_LOAD ? 2 : RESCIND_PAYLOAD_MAX / 8;

    for (uint32_t i = 0; i < step->checks; i++) {
        uint64_t word = startup_checks(step)[i].word;
        if (word == 0 || word >= words)
            return "a check looks at a word that no answer has";
    }
    return NULL;
}

/* Walks the steps of `vpe`, which must fill its steps_size bytes exactly. */
static const char *check_steps(const struct rescind_startup *h,
                               const struct rescind_startup_vpe *vpe)
{
    uint32_t left = vpe->steps_size;
    uint32_t calls = 0;

    for (uint32_t i = 0; i < vpe->step_count; i++) {
        if (left < sizeof(struct rescind_startup_step))
            return "a VPE's steps are cut short";
        uint32_t offset = vpe->steps + (vpe->steps_size - left);
        const struct rescind_startup_step *step = startup_step(h, offset);
        const char *wrong = check_step(h, step);
        if (wrong != NULL)
            return wrong;
        if (left < startup_step_size(step))
            return "a step's payload or checks are cut short";
        wrong = check_checks(step);
        if (wrong != NULL)
            return wrong;
        left -= startup_step_size(step);
        calls += startup_has_result(step->kind);
    }
    if (left != 0)
        return "a VPE's steps do not fill their bytes";
    return calls != vpe->call_count ? "a VPE's number of calls is wrong" : NULL;
}

static const char *check_vpe(const struct rescind_startup *h, const struct rescind_startup_vpe *vpe)
{
    if (!name_ends(vpe->name, sizeof(vpe->name)))
        return "a VPE's name does not end";
    if (vpe->kernel >= h->kernel_count)
        return "a VPE names no kernel";
    if ((vpe->flags & ~(uint32_t)RESCIND_STARTUP_CHILD) != 0)
        return "a VPE has an unknown flag";
    if (vpe->quota > RESCIND_STARTUP_NODES || (vpe->flags != 0 && vpe->quota != 0))
        return "a VPE's quota is out of range";
    if (vpe->reserved != 0)
        return "a reserved word of a VPE is not 0";
    if (vpe->step_count == 0)
        return vpe->steps != 0 || vpe->steps_size != 0 || vpe->call_count != 0
                   ? "a passive VPE has steps"
                   : NULL;
    if (!inside(h->size, vpe->steps, vpe->steps_size, 1))
        return "a VPE's steps lie outside the module";
    return check_steps(h, vpe);
}

const char *startup_check(const void *module, size_t size)
{
    const struct rescind_startup *h = module;
    const char *wrong;
    uint64_t steps = 0;

    if ((uintptr_t)module % 8 != 0)
        return "the module is not aligned";
    if (size < sizeof(*h))
        return "the header is cut short";
    wrong = check_header(h, size);
    for (uint32_t i = 0; wrong == NULL && i < h->kernel_count; i++)
        wrong = check_kernel(h, i);
    for (uint32_t i = 0; wrong == NULL && i < h->serial_count; i++)
        wrong = check_serial(h, i);
    for (uint32_t i = 0; wrong == NULL && i < h->fault_count; i++)
        wrong = check_fault(h, startup_fault(h, i));
    for (uint32_t i = 0; wrong == NULL && i < h->grant_count; i++)
        wrong = check_grant(h, i);
    for (uint32_t i = 0; wrong == NULL && i < h->vpe_count; i++) {
        steps += startup_vpe(h, i)->step_count;
        wrong = steps > RESCIND_STARTUP_STEPS ? "there are too many steps"
                                              : check_vpe(h, startup_vpe(h, i));
    }
    return wrong;
}
