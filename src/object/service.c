/* Services and sessions; see service.h. */
#include "object/service.h"

#include "cap/table.h"
#include "object/gate.h"

uint32_t service_create(struct rescind_kernel *k, uint16_t account, uint32_t gate,
                        const uint8_t name[RESCIND_SERVICE_NAME_MAX])
{
    uint32_t index = account_take_one(k, OBJECT_SERVICE, account);
    const struct gate *to = gate_at(k, gate);

    *service_at(k, index) = (struct service){
        .object = {.type = OBJECT_SERVICE, .account = account},
        .serial = ++k->serials,
        .vpe = to->vpe,
        .life = to->life,
        .ep = to->ep,
        .label = to->label,
    };
    memcpy(service_at(k, index)->name, name, RESCIND_SERVICE_NAME_MAX);
    return index;
}

void session_make(struct rescind_kernel *k, uint32_t node, uint32_t service, uint64_t ident)
{
    *session_at(k, node) = (struct session){
        .object = {.type = OBJECT_SESSION, .account = object_at(k, node)->account},
        .serial = ++k->serials,
        .service = service,
        .ident = ident,
    };
}

/* ---- Names -------------------------------------------------------------------------------- */

/* How far from its hash on a name may stand. */
enum { NAME_PLACES = 8 };

static uint64_t next_key(struct random *random)
{
    uint64_t high = (uint64_t)random_next(random) << 32;

    return high | random_next(random);
}

/* Any two names have the same one with a chance of 2^-32, whatever they are, as the keys are
 * secret. Source: Lemire and Kaser, "Strongly Universal String Hashing is Fast", 2014. */
static uint32_t hash(const struct rescind_kernel *k, const uint8_t name[RESCIND_SERVICE_NAME_MAX])
{
    uint32_t words[RESCIND_SERVICE_NAME_MAX / 4];
    struct random random = k->names;
    uint64_t sum = next_key(&random);

    memcpy(words, name, sizeof(words));
    for (unsigned i = 0; i < RESCIND_SERVICE_NAME_MAX / 4; i++)
        sum += next_key(&random) * words[i];
    return (uint32_t)(sum >> 32);
}

static bool is_name(const uint8_t *a, const uint8_t *b)
{
    for (unsigned i = 0; i < RESCIND_SERVICE_NAME_MAX; i++) {
        if (a[i] != b[i])
            return false; /* LCOV_EXCL_LINE: of one hash; whoever knows no key finds no such two */
    }
    return true;
}

uint32_t service_name_size(const uint8_t name[RESCIND_SERVICE_NAME_MAX])
{
    uint32_t size = 0;

    while (size < RESCIND_SERVICE_NAME_MAX && name[size] != 0)
        size++;
    for (uint32_t i = size; i < RESCIND_SERVICE_NAME_MAX; i++) {
        if (name[i] != 0)
            return 0;
    }
    return size;
}

struct service_name service_find(const struct rescind_kernel *k,
                                 const uint8_t name[RESCIND_SERVICE_NAME_MAX])
{
    struct service_name found = {.full = true};
    uint32_t first = hash(k, name);

    for (uint32_t i = 0; i < NAME_PLACES && found.entry == 0; i++) {
        uint32_t index = table_find(k, table_of_names(k), first + i);
        if (index != 0 && is_name(service_at(k, cap_at(k, index)->object)->name, name)) {
            found.entry = index;
        } else if (index == 0 && found.full) {
            found.full = false;
            found.sel = first + i;
        }
    }
    return found;
}

/* ---- Types -------------------------------------------------------------------------------- */

static void session_free(struct rescind_kernel *k, uint32_t object)
{
    const struct session *session = session_at(k, object);
    struct visit_target to = service_target(service_at(k, session->service));

    visit_close_session(k, object, &to, session->ident);
}

const struct cap_type service_type = {
    .name = "service",
    .node = OBJECT_SERVICE,
    .size = sizeof(struct service),
};

const struct cap_type session_type = {
    .name = "session",
    .node = OBJECT_SESSION,
    .free = session_free,
    .size = sizeof(struct session),
};
