/* The image's own memcpy(), memmove(), memset() and memcmp(), beside plain loops: every size around
 * a word's, and every distance between two ranges that overlap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* As src/pc99/string.c is compiled here. */
void *image_memcpy(void *restrict to, const void *restrict from, size_t size);
void *image_memmove(void *to, const void *from, size_t size);
void *image_memset(void *to, int value, size_t size);
int image_memcmp(const void *left, const void *right, size_t size);

enum { ROOM = 64, SIZES = 20 };

static void fill(uint8_t *bytes)
{
    for (int i = 0; i < ROOM; i++)
        bytes[i] = (uint8_t)(i * 7 + 1);
}

/* What `bytes` is when `size` of them at `from` come to `to`. */
static void move_slowly(uint8_t *bytes, size_t to, size_t from, size_t size)
{
    uint8_t old[ROOM];

    memcpy(old, bytes, ROOM);
    for (size_t i = 0; i < size; i++)
        bytes[to + i] = old[from + i];
}

static void what_overlaps_is_moved_whole(void **state)
{
    uint8_t bytes[ROOM], wanted[ROOM];

    (void)state;
    for (size_t size = 0; size < SIZES; size++) {
        for (size_t to = 0; to <= 2 * SIZES; to++) {
            fill(bytes);
            fill(wanted);
            move_slowly(wanted, to, SIZES, size);
            assert_ptr_equal(image_memmove(bytes + to, bytes + SIZES, size), bytes + to);
            assert_memory_equal(bytes, wanted, ROOM);
        }
    }
}

static void what_lies_apart_is_copied_and_nothing_else(void **state)
{
    uint8_t from[ROOM], to[ROOM], wanted[ROOM];

    (void)state;
    fill(from);
    for (size_t size = 0; size < SIZES; size++) {
        for (size_t at = 0; at < 9; at++) {
            memset(to, 0xee, ROOM);
            memset(wanted, 0xee, ROOM);
            for (size_t i = 0; i < size; i++)
                wanted[at + i] = from[3 + i];
            assert_ptr_equal(image_memcpy(to + at, from + 3, size), to + at);
            assert_memory_equal(to, wanted, ROOM);
        }
    }
}

static void a_value_is_set_everywhere_and_nowhere_else(void **state)
{
    uint8_t bytes[ROOM];

    (void)state;
    for (size_t size = 0; size < SIZES; size++) {
        for (size_t at = 0; at < 9; at++) {
            fill(bytes);
            assert_ptr_equal(image_memset(bytes + at, 0x1a5, size), bytes + at);
            for (size_t i = 0; i < ROOM; i++)
                assert_int_equal(bytes[i], i >= at && i < at + size ? 0xa5 : (uint8_t)(i * 7 + 1));
        }
    }
}

static void the_first_byte_that_differs_decides(void **state)
{
    uint8_t a[ROOM], b[ROOM];

    (void)state;
    for (size_t size = 0; size < SIZES; size++) {
        fill(a);
        fill(b);
        b[size] = (uint8_t)~a[size];
        assert_int_equal(image_memcmp(a, b, size), 0);
        for (size_t at = 0; at < size; at++) {
            a[at] = 0x10;
            b[at] = 0xf0;
            assert_true(image_memcmp(a, b, size) < 0);
            assert_true(image_memcmp(b, a, size) > 0);
            b[at] = a[at];
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_overlaps_is_moved_whole),
        cmocka_unit_test(what_lies_apart_is_copied_and_nothing_else),
        cmocka_unit_test(a_value_is_set_everywhere_and_nowhere_else),
        cmocka_unit_test(the_first_byte_that_differs_decides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
