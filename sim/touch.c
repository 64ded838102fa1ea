/* What programs read and write in memory that is mapped for them; see sim/machine_parts.h.
 *
 * On the PC these are ordinary instructions. Here a page is looked up in its kernel's table each
 * time. They are no events: what is mapped there now is used now, before any revocation. */
#include "sim/machine_parts.h"

#include <string.h>

enum { WORD = 8 };

/* A byte of memory: of kernel `pe`, at an address there. */
struct place {
    uint32_t pe, rights;
    uint64_t addr;
};

static enum rescind_mapping_state look(const struct machine *m, const struct machine_vpe *v,
                                       uint64_t address, struct place *place)
{
    uint64_t page = address / RESCIND_PAGE;
    struct rescind_kernel_mapping mapping;
    enum rescind_mapping_state state;

    if (page >= RESCIND_MAP_END)
        return RESCIND_MAPPING_NONE;
    state = rescind_kernel_mapping(kernel_of(m, v), v->local, (uint32_t)page, &mapping);
    if (state == RESCIND_MAPPING_THERE)
        *place = (struct place){
            .pe = mapping.pe,
            .rights = mapping.rights,
            .addr = (uint64_t)mapping.frame * RESCIND_PAGE + address % RESCIND_PAGE,
        };
    return state;
}

enum rescind_mapping_state touch_look(const struct machine *m, const struct machine_vpe *v,
                                      uint64_t address)
{
    struct place place;
    enum rescind_mapping_state first = look(m, v, address, &place);

    /* A word that is not aligned may lie in two pages; the first is looked at first. */
    return first != RESCIND_MAPPING_THERE ? first : look(m, v, address + WORD - 1, &place);
}

uint64_t machine_reaches(const struct machine *m, uint32_t vpe)
{
    const struct machine_vpe *v = vpe_of(m, vpe);
    struct step step;
    struct place place;
    uint64_t kernels = 0;

    if (!v->touches || v->kind != STEPS || v->local == MACHINE_NO_VPE ||
        !steps_next(&v->steps, &step) ||
        (step.kind != RESCIND_STEP_LOAD && step.kind != RESCIND_STEP_STORE))
        return 0;
    for (uint64_t i = 0; i < WORD; i++) {
        if (look(m, v, step.addr + i, &place) == RESCIND_MAPPING_THERE)
            kernels |= UINT64_C(1) << place.pe;
    }
    return kernels;
}

/* The byte at a place. */
static uint8_t *byte_at(const struct machine *m, const struct place *place)
{
    size_t size;
    uint8_t *memory = rescind_kernel_memory(m->kernels[place->pe].kernel, &size);

    g_assert(place->addr < size);
    return memory + place->addr;
}

enum rescind_error touch(struct machine *m, const struct machine_vpe *v, uint64_t address,
                         uint64_t *value, bool write)
{
    /* On the PC no page can be written or executed that can't be read. */
    uint32_t need = RESCIND_PERM_R | (write ? RESCIND_PERM_W : 0);
    struct place places[WORD];
    uint8_t bytes[WORD];

    for (int i = 0; i < WORD; i++) {
        if (look(m, v, address + (unsigned)i, &places[i]) != RESCIND_MAPPING_THERE)
            return RESCIND_NO_MAPPING;
        if ((places[i].rights & need) != need)
            return RESCIND_NO_PERM;
    }
    memcpy(bytes, value, WORD);
    for (int i = 0; i < WORD; i++) {
        uint8_t *byte = byte_at(m, &places[i]);
        if (write) {
            kernel_changes(m, places[i].pe);
            *byte = bytes[i];
        } else {
            bytes[i] = *byte;
        }
    }
    if (!write)
        memcpy(value, bytes, WORD);
    return RESCIND_NO_ERROR;
}
