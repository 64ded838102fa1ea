/* Fuzzer: bytes are what a service answers, what its clients on two kernels ask of it, and a
 * schedule of all that.
 *
 * fuzz/draw.h says how an input is laid out. The service takes a question, and answers as it
 * should, or late, or twice, or rubbish, to a message that there is or is not; or revokes what it
 * has offered, or its own gate, or exits. It may be a child's pager, too. What must hold is what
 * must hold of any program: see fuzz_schedule.c.
 */
#include "fuzz/draw.h"
#include "fuzz/fuzz.h"

struct course *fuzz_course(const uint8_t *data, size_t size)
{
    return draw(data, size, DRAW_SERVICE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    course_test(fuzz_course(data, size));
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    return draw_mutate(data, size, most, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *two,
                                 size_t two_size, uint8_t *out, size_t most, unsigned seed)
{
    return draw_cross(one, one_size, two, two_size, out, most, seed);
}
