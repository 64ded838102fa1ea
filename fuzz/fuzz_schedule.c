/* Fuzzer: bytes are a litmus program over two kernels and a schedule of it.
 *
 * fuzz/draw.h says how an input is laid out. The program's calls are of all kinds, aimed at each
 * other; faults are among the schedule's choices. After every event the kernels' audit must hold
 * and the monitor must find an order of atomic calls for every answer, and at the end for the
 * tables; nothing may be left over, and nobody may be stuck in a call that need not wait.
 */
#include "fuzz/draw.h"
#include "fuzz/fuzz.h"

struct course *fuzz_course(const uint8_t *data, size_t size)
{
    return draw(data, size, DRAW_ANYTHING);
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
