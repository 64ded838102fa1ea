/* A user's test of a small capability system: only the installed headers, only the library. One
 * VPE lends a gate to another, which lends it on; the first takes it back. */
#include <rescind/sim.h>

#include <stdio.h>

static const struct rescind_range gate = {.start = 20, .count = 1},
                                  copy = {.start = 30, .count = 1};

static int owner(struct rescind_env *env)
{
    if (rescind_creategate(env, 0, 20, 0xDEAD, 4, 16) != RESCIND_NO_ERROR ||
        rescind_exchange(env, 2, gate, copy, false) != RESCIND_NO_ERROR)
        return 1;
    return rescind_revoke(env, gate, *(bool *)rescind_sim_argument(env)) != RESCIND_NO_ERROR;
}

/* 0 when, after the owner's revocation, it holds the gate only if it meant to keep it. */
static int scenario(bool own)
{
    struct rescind_sim *sim =
        rescind_sim_new(&(struct rescind_sim_options){.seed = 1, .audit = true});
    struct rescind_sim_cap cap;
    int a, b, value = -1, bad = 0;

    if (sim == NULL)
        return 1;
    a = rescind_sim_add_vpe(sim, "owner", owner, &own);
    b = rescind_sim_add_vpe(sim, "borrower", NULL, NULL);
    bad += rescind_sim_grant(sim, a, 2, b) != RESCIND_NO_ERROR;
    if (rescind_sim_run(sim) != RESCIND_SIM_QUIET) {
        puts(rescind_sim_message(sim));
        bad++;
    }
    bad += !rescind_sim_returned(sim, a, &value) || value != 0;
    bad += rescind_sim_cap(sim, a, RESCIND_TABLE_OBJECT, 20, &cap) == own;
    bad += rescind_sim_cap(sim, b, RESCIND_TABLE_OBJECT, 30, &cap);
    rescind_sim_free(sim);
    return bad;
}

int main(void)
{
    int bad = scenario(true) + scenario(false);

    puts(bad == 0 ? "the library works" : "the library does not work");
    return bad != 0;
}
