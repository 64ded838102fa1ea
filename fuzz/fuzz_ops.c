/* Fuzzer: bytes choose what several VPEs call and how their calls are interleaved.
 *
 * The scenario is drawn from the bytes (tests/scenario.h) and judged against the naive model: some
 * order of atomic calls that keeps real time must explain every answer and the tables at the end;
 * the audit runs after every event. A violation is printed as a history.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/driven.h"
#include "fuzz/fuzz.h"
#include "tests/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct scenarios *scenarios;
    if (!scenarios)
        scenarios = scenarios_new();
    const struct drive *drive = scenario_run(scenarios, choice_bytes(data, size));
    if (!drive->failure[0])
        return 0;
    drive_print(stderr, drive);
    abort();
}

struct course *fuzz_course(const uint8_t *data, size_t size)
{
    return driven_course(LLVMFuzzerTestOneInput, data, size);
}
