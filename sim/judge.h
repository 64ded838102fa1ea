/* The judge: a litmus file and what a run of it left behind, to a verdict.
 *
 * A file passes when every call that got a result got one it expects, no program is stuck, every
 * line of every `final` holds, and no `never` has all its lines hold. `exists` asks about all
 * schedules, so one run can't judge it. Cost: each step once, each comparison O(log n) in the
 * table it looks at.
 */
#ifndef RESCIND_SIM_JUDGE_H
#define RESCIND_SIM_JUDGE_H

#include "sim/litmus.h"
#include "sim/outcome.h"

enum judge_answer { JUDGE_FAILS, JUDGE_HOLDS, JUDGE_OPEN };

struct judgement {
    bool pass;
    guint failures;      /* how many there are */
    GPtrArray *messages; /* char *, "FILE:LINE: what was expected and what came", the first 100 */
    GArray *conditions;  /* uint8_t, enum judge_answer, one each of litmus.conditions */
};

struct judgement *judge(const struct litmus *litmus, const struct outcome *outcome);
void judgement_free(struct judgement *judgement);

/* Whether all lines of a condition of the file hold at this end, whatever its kind: who sees many
 * ends judges an `exists` by it. */
bool judge_lines(const struct litmus *litmus, const struct outcome *outcome,
                 const struct litmus_condition *condition);

/* The result of call `call` of `vpe`, RESCIND_RESULT_NONE if it has none. */
uint8_t judge_result(const struct outcome *outcome, guint vpe, guint call);
/* The word of a result, NULL for RESCIND_RESULT_NONE. */
const char *judge_result_word(uint8_t result);
/* Of a bit of litmus_statement.expected. */
const char *judge_expected_word(uint8_t bit);
/* Whether a result is among what litmus_statement.expected says; RESCIND_RESULT_NONE never is. */
bool judge_expects(uint32_t expected, uint8_t result);
/* The word of an enum rescind_cap_type. */
const char *judge_type_word(uint8_t type);
/* Where the parent of a capability that has one is: VPE:SELECTOR as a file has it, `?` for a VPE
 * that the file does not name, or `registry`. The caller frees it. */
char *judge_parent(const struct litmus *litmus, const struct outcome_cap *cap);
/* The line that a stuck VPE stands at. */
guint judge_line(const struct litmus *litmus, const struct outcome *outcome, guint vpe);

#endif
