/* Task 06: the eight tests with which the project's ancestor showed that a revocation crosses
 * VPEs. VPE0 has a capability on VPE1 at selector 2; VPE1 is passive. */
#include "user/programs.h"
#include "user/text.h"

enum { OTHER_VPE = 2 };

static struct rescind_range one(uint32_t sel)
{
    return (struct rescind_range){.type = RESCIND_TABLE_OBJECT, .start = sel, .count = 1};
}

static enum rescind_error create(struct rescind_env *env, uint32_t sel, uint64_t label, uint32_t ep,
                                 uint64_t credits)
{
    return rescind_creategate(env, RESCIND_SEL_VPE, sel, label, ep, credits);
}

static enum rescind_error revoke(struct rescind_env *env, uint32_t sel)
{
    return rescind_revoke(env, one(sel), true);
}

static enum rescind_error delegate(struct rescind_env *env, uint32_t own, uint32_t other)
{
    return rescind_exchange(env, OTHER_VPE, one(own), one(other), false);
}

static enum rescind_error test_noop(struct rescind_env *env)
{
    enum rescind_error error = RESCIND_NO_ERROR;

    for (int i = 0; i < 3 && error == RESCIND_NO_ERROR; i++)
        error = rescind_noop(env);
    return error;
}

static enum rescind_error test_creategate(struct rescind_env *env)
{
    return create(env, 5, 0xCAFE, 2, 32);
}

static enum rescind_error test_revoke(struct rescind_env *env)
{
    return revoke(env, 5);
}

static enum rescind_error test_revoke_nothing(struct rescind_env *env)
{
    return revoke(env, 99);
}

static enum rescind_error test_cycle(struct rescind_env *env)
{
    enum rescind_error error = RESCIND_NO_ERROR;

    for (uint32_t i = 0; i < 3 && error == RESCIND_NO_ERROR; i++) {
        error = create(env, 10 + i, 0xBEEF + i, 3, 64);
        if (error == RESCIND_NO_ERROR)
            error = revoke(env, 10 + i);
    }
    return error;
}

static enum rescind_error test_delegate(struct rescind_env *env)
{
    enum rescind_error error = create(env, 20, 0xDEAD, 4, 16);

    return error != RESCIND_NO_ERROR ? error : delegate(env, 20, 30);
}

static enum rescind_error test_revoke_across(struct rescind_env *env)
{
    return revoke(env, 20);
}

static enum rescind_error test_exchange_cycle(struct rescind_env *env)
{
    enum rescind_error error = RESCIND_NO_ERROR;

    for (uint32_t i = 0; i < 3 && error == RESCIND_NO_ERROR; i++) {
        error = create(env, 40 + i, 0xF000 + i, 5, 8);
        if (error == RESCIND_NO_ERROR)
            error = delegate(env, 40 + i, 50 + i);
        if (error == RESCIND_NO_ERROR)
            error = revoke(env, 40 + i);
    }
    return error;
}

static const struct {
    enum rescind_error (*run)(struct rescind_env *env);
    const char *name;
    const char
        *detail; /* what follows the error code in a line that passes; NULL: no code is shown */
} tests[] = {
    {test_noop, "NOOP x3", NULL},
    {test_creategate, "CREATEGATE sel=5", ""},
    {test_revoke, "REVOKE sel=5", ""},
    {test_revoke_nothing, "REVOKE non-existent sel=99", ", no crash"},
    {test_cycle, "CREATE+REVOKE x3", NULL},
    {test_delegate, "EXCHANGE delegate to VPE1", ""},
    {test_revoke_across, "cross-VPE REVOKE sel=20", ""},
    {test_exchange_cycle, "EXCHANGE+REVOKE x3 cycle", NULL},
};
enum { TESTS = sizeof(tests) / sizeof(tests[0]) };

static void say(struct rescind_env *env, struct text *line)
{
    text_string(line, "\n");
    rescind_print(env, line->chars, line->size);
}

static void report(struct rescind_env *env, unsigned test, enum rescind_error error)
{
    struct text line = {0};
    bool passed = error == RESCIND_NO_ERROR;

    text_string(&line, "[VPE0] Test ");
    text_number(&line, test + 1);
    text_string(&line, " (");
    text_string(&line, tests[test].name);
    text_string(&line, passed ? "): PASS" : "): FAIL");
    if (tests[test].detail != NULL || !passed) {
        text_string(&line, " (err=");
        text_number(&line, (uint64_t)error);
        text_string(&line, passed ? tests[test].detail : "");
        text_string(&line, ")");
    }
    say(env, &line);
}

int task06(struct rescind_env *env)
{
    unsigned failed = 0;
    struct text line = {0};

    for (unsigned i = 0; i < TESTS; i++) {
        enum rescind_error error = tests[i].run(env);
        report(env, i, error);
        failed += error != RESCIND_NO_ERROR;
    }
    text_string(&line, "[VPE0] === ");
    text_number(&line, TESTS - failed);
    text_string(&line, " passed, ");
    text_number(&line, failed);
    text_string(&line, " failed ===");
    say(env, &line);
    return (int)failed;
}
