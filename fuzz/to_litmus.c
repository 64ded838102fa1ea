/* What a fuzzer has found as a litmus file with a schedule: litmus-of-TARGET INPUT FILE SCHEDULE.
 * For fuzz/to-litmus.sh; linked with a target that has fuzz_course().
 *
 * The target says what the input is as a file (fuzz/fuzz.h); fuzz/smaller.h makes it smaller.
 *
 * Exit status: 0, the files are there; 1, nothing is wrong in it any more, or no litmus file can
 * say it; 2, usage; 3, files that can't be read or written.
 */
#include <stdio.h>

#include "fuzz/fuzz.h"
#include "fuzz/smaller.h"

/* A target may have a mutator, which nobody asks here. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most)
{
    (void)data;
    (void)most;
    return size;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *bytes = NULL;
    struct course *c;
    gsize size;
    int end, status;

    if (argc != 4) {
        fprintf(stderr, "usage: %s INPUT FILE SCHEDULE\n", argv[0]);
        return 2;
    }
    if (!g_file_get_contents(argv[1], &bytes, &size, &error)) {
        fprintf(stderr, "%s\n", error->message);
        return 3;
    }
    c = fuzz_course((const uint8_t *)bytes, size);
    end = c->litmus != NULL ? course_try(c) : COURSE_FINE;
    if (end == COURSE_FINE) {
        fprintf(stderr, "%s: %s\n", argv[1],
                c->wrong != NULL ? c->wrong : "nothing goes wrong as a litmus file");
        status = 1;
    } else {
        c = course_smaller(c, end, stdout);
        status = course_save(c, argv[2], argv[3], stdout);
    }
    course_free(c);
    return status;
}
