/* The derivation tree as text; see tree.h. */
#include "kernel/tree.h"

#include "cap/cap.h"

/* Deeper lines are not indented further: a chain of a million must not print its square. */
enum { INDENT_MAX = 32 };

struct out {
    void (*emit)(void *context, const char *text, size_t size);
    void *context;
};

static size_t length(const char *text)
{
    size_t n = 0;

    while (text[n] != 0)
        n++;
    return n;
}

static void put(const struct out *out, const char *text)
{
    out->emit(out->context, text, length(text));
}

static void put_number(const struct out *out, uint32_t number)
{
    char digits[10];
    size_t at = sizeof(digits);

    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    out->emit(out->context, digits + at, sizeof(digits) - at);
}

void tree_print(const struct rescind_kernel *k,
                const char *(*vpe_name)(void *context, uint32_t vpe), void *context,
                void (*emit)(void *context, const char *text, size_t size))
{
    struct out out = {emit, context};
    struct rescind_kernel_cap cap;
    uint32_t at = 0, depth;

    while (rescind_kernel_walk(k, &at, &depth, &cap)) {
        for (uint32_t i = 0; i < depth && i < INDENT_MAX; i++)
            put(&out, i + 1 == depth ? " `- " : "    ");
        put(&out, vpe_name(context, cap.vpe));
        put(&out, cap.kind == RESCIND_TABLE_MAP ? ":map:" : ":");
        put_number(&out, cap.sel);
        put(&out, " ");
        put(&out, cap_types[cap.type]->name);
        put(&out, "\n");
    }
}
