/* Litmus files: reading one, and what all the parser's files need. The grammar is in
 * rescind-litmus(5); sim/litmus.h says what comes out. */
#include "sim/litmus_parse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rescind/abi.h"

bool parse_fail(struct parser *p, const struct token *at, const char *format, ...)
{
    if (p->error == NULL) {
        va_list args;
        va_start(args, format);
        char *message = g_strdup_vprintf(format, args);
        va_end(args);
        p->error = g_strdup_printf("%s:%u:%u: %s", p->litmus->file, at->line,
                                   lexer_column(&p->lexer, at->place), message);
        g_free(message);
    }
    return false;
}

bool parse_unexpected(struct parser *p, const struct token *found, const char *what)
{
    char *text = token_describe(found);
    parse_fail(p, found, "expected %s, found %s", what, text);
    g_free(text);
    return false;
}

struct token parse_peek(const struct parser *p)
{
    struct lexer copy = p->lexer;
    return lexer_next(&copy);
}

bool parse_accept(struct parser *p, const char *text)
{
    struct lexer copy = p->lexer;
    struct token token = lexer_next(&copy);
    if (!token_is(&token, text) && !token_is_symbol(&token, text)) {
        return false;
    }
    p->lexer = copy;
    return true;
}

bool parse_expect(struct parser *p, const char *text)
{
    if (parse_accept(p, text)) {
        return true;
    }
    struct token found = parse_peek(p);
    char *what = g_strdup_printf("'%s'", text);
    parse_unexpected(p, &found, what);
    g_free(what);
    return false;
}

bool parse_name(struct parser *p, const char *what, struct token *name)
{
    *name = parse_peek(p);
    if (!token_is_name(name)) {
        return parse_unexpected(p, name, what);
    }
    lexer_next(&p->lexer);
    return true;
}

bool parse_lookup(GHashTable *names, const struct token *name, uint32_t *index)
{
    char *key = g_strndup(name->text, name->size);
    guint found = GPOINTER_TO_UINT(g_hash_table_lookup(names, key));
    g_free(key);
    *index = found - 1;
    return found != 0;
}

bool parse_unknown(struct parser *p, const struct token *name, const char *what)
{
    char *text = token_describe(name);
    parse_fail(p, name, "no %s is called %s", what, text);
    g_free(text);
    return false;
}

bool parse_vpe(struct parser *p, uint32_t *vpe)
{
    struct token name;
    if (!parse_name(p, "the name of a VPE", &name)) {
        return false;
    }
    return parse_lookup(p->vpes, &name, vpe) || parse_unknown(p, &name, "VPE");
}

bool parse_too_big(struct parser *p, const struct token *at, uint64_t value, uint64_t max)
{
    if (max == 1) {
        return parse_fail(p, at, "%" G_GUINT64_FORMAT " is neither 0 nor 1", value);
    }
    return parse_fail(p, at, "%" G_GUINT64_FORMAT " does not fit 32 bits", value);
}

/* What is wrong with a round in a number that stands in `depth` repeats. */
static const char *wrong_round(const struct factor *factors, unsigned count, unsigned depth)
{
    static const char *const outside[] = {
        "stands for a round, but in no repeat",
        "stands for the round of a second repeat around it",
        "stands for the round of a third repeat around it",
    };
    for (unsigned i = 0; i < count; i++) {
        if (factors[i].round >= 0 && (unsigned)factors[i].round >= depth) {
            return outside[factors[i].round];
        }
    }
    return NULL;
}

/* Turns the factors from `number->first` on into the number's value if they are constants. */
static const char *fold(struct parser *p, unsigned depth, struct number *number)
{
    static const uint64_t no_rounds[NUMBER_ROUNDS];
    const struct factor *factors = &g_array_index(p->factors, struct factor, number->first);
    unsigned count = p->factors->len - number->first;
    const char *wrong = wrong_round(factors, count, depth);
    for (unsigned i = 0; i < count; i++) {
        if (factors[i].round >= 0) {
            number->factors = (uint8_t)count;
            return wrong;
        }
    }
    bool fits = number_value(factors, count, no_rounds, &number->value);
    g_array_set_size(p->factors, number->first);
    return fits ? NULL : "does not fit 64 bits";
}

bool parse_number(struct parser *p, const char *what, uint64_t max, unsigned depth,
                  struct number *number)
{
    struct token token = parse_peek(p);
    *number = (struct number){.max = max, .first = p->factors->len};
    if (token.kind != TOKEN_ATOM) {
        return parse_unexpected(p, &token, what);
    }
    lexer_next(&p->lexer);
    const char *wrong = number_parse(&token, p->factors);
    if (wrong == NULL) {
        wrong = fold(p, depth, number);
    }
    if (wrong != NULL) {
        char *text = token_describe(&token);
        parse_fail(p, &token, "%s %s", text, wrong);
        g_free(text);
        return false;
    }
    return number->factors > 0 || number->value <= max ||
           parse_too_big(p, &token, number->value, max);
}

bool parse_constant(struct parser *p, const char *what, uint64_t max, uint64_t *value)
{
    struct number number;
    bool ok = parse_number(p, what, max, 0, &number);
    *value = number.value;
    return ok;
}

bool parse_result(struct parser *p, uint32_t *expected)
{
    static const char *const words[] = {
#define RESCIND_ERROR(name, number, word) [(number)] = (word),
        RESCIND_ERRORS(RESCIND_ERROR)
#undef RESCIND_ERROR
    };
    struct token token = parse_peek(p);
    if (token_is(&token, "any") || token_is(&token, "other")) {
        *expected |= token_is(&token, "any") ? LITMUS_EXPECT_ANY : LITMUS_EXPECT_OTHER;
        lexer_next(&p->lexer);
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (token_is(&token, words[i])) {
            *expected |= 1u << i;
            lexer_next(&p->lexer);
            return true;
        }
    }
    return parse_unexpected(p, &token, "a result");
}

bool parse_line_end(struct parser *p, const char *also)
{
    struct token token = parse_peek(p);
    if (token.kind == TOKEN_END || (also != NULL && token_is_symbol(&token, also))) {
        return true;
    }
    if (token.kind != TOKEN_NEWLINE) {
        return parse_unexpected(p, &token, "the end of the line");
    }
    lexer_next(&p->lexer);
    return true;
}

void parse_skip_newline(struct parser *p)
{
    if (parse_peek(p).kind == TOKEN_NEWLINE) {
        lexer_next(&p->lexer);
    }
}

bool parse_adjacent(const struct parser *p, const struct token *next)
{
    return p->lexer.at == next->place;
}

bool parse_table(struct parser *p, uint8_t *kind)
{
    struct parser copy = *p;
    struct token map = lexer_next(&copy.lexer);
    struct token colon = parse_peek(&copy);
    bool is_map =
        token_is(&map, "map") && token_is_symbol(&colon, ":") && parse_adjacent(&copy, &colon);
    lexer_next(&copy.lexer);
    struct token number = parse_peek(&copy);
    is_map = is_map && number.kind == TOKEN_ATOM && parse_adjacent(&copy, &number);
    if (is_map) {
        p->lexer = copy.lexer;
    }
    *kind = is_map ? RESCIND_TABLE_MAP : RESCIND_TABLE_OBJECT;
    return is_map;
}

static bool parse_title(struct parser *p)
{
    if (!parse_accept(p, "litmus")) {
        return true;
    }
    struct token title = parse_peek(p);
    if (title.kind != TOKEN_STRING) {
        return parse_unexpected(p, &title, "the title, in double quotes");
    }
    lexer_next(&p->lexer);
    p->litmus->title = g_strndup(title.text, title.size);
    return parse_line_end(p, NULL);
}

static bool is_condition_word(const struct token *token)
{
    return token_is(token, "final") || token_is(token, "exists") || token_is(token, "never");
}

/* The order is the grammar's: title, declarations, programs, conditions. */
static bool parse_file(struct parser *p)
{
    parse_skip_newline(p);
    if (!parse_title(p) || !parse_declarations(p)) {
        return false;
    }
    while (parse_accept(p, "program")) {
        if (!parse_program(p)) {
            return false;
        }
    }
    struct token token = parse_peek(p);
    while (is_condition_word(&token)) {
        if (!parse_condition(p)) {
            return false;
        }
        token = parse_peek(p);
    }
    if (token.kind != TOKEN_END) {
        return parse_unexpected(p, &token,
                                p->litmus->conditions->len > 0   ? "a condition"
                                : p->litmus->statements->len > 0 ? "a program or a condition"
                                                                 : "a declaration or a program");
    }
    return true;
}

/* Before the lexer sees it: bounded, UTF-8, no NUL. */
static bool check_text(struct parser *p, const char *text, size_t size)
{
    const char *bad;
    struct token at = {.text = text, .place = text, .line = 1};
    if (size > LITMUS_FILE_MAX) {
        return parse_fail(p, &at, "the file has more than %d bytes", LITMUS_FILE_MAX);
    }
    if (g_utf8_validate_len(text, size, &bad)) {
        return true;
    }
    at.place = bad;
    for (const char *c = text; c < bad; c++) {
        at.line += *c == '\n';
    }
    return parse_fail(p, &at, *bad == 0 ? "a NUL byte" : "a byte that is not UTF-8");
}

static GHashTable *new_names(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void clear_kernel(gpointer kernel)
{
    g_free(((struct litmus_kernel *)kernel)->name);
}

static void clear_vpe(gpointer vpe)
{
    g_free(((struct litmus_vpe *)vpe)->name);
}

static void clear_serial(gpointer serial)
{
    g_free(((struct litmus_serial *)serial)->text);
}

static void clear_register(gpointer reg)
{
    g_free(((struct litmus_register *)reg)->name);
}

static struct litmus *litmus_new(const char *file)
{
    struct litmus *l = g_new0(struct litmus, 1);
    l->file = g_strdup(file);
    l->kernels = g_array_new(false, false, sizeof(struct litmus_kernel));
    g_array_set_clear_func(l->kernels, clear_kernel);
    l->vpes = g_array_new(false, false, sizeof(struct litmus_vpe));
    g_array_set_clear_func(l->vpes, clear_vpe);
    l->grants = g_array_new(false, false, sizeof(struct litmus_grant));
    l->faults = g_array_new(false, false, sizeof(struct litmus_fault));
    l->serials = g_array_new(false, false, sizeof(struct litmus_serial));
    g_array_set_clear_func(l->serials, clear_serial);
    l->statements = g_array_new(false, false, sizeof(struct litmus_statement));
    l->payloads = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    l->steps = g_array_new(false, false, sizeof(struct litmus_step));
    /* reserved, since a step without numbers points there too */
    l->values = g_array_sized_new(false, false, sizeof(uint64_t), 1);
    l->registers = g_array_new(false, false, sizeof(struct litmus_register));
    g_array_set_clear_func(l->registers, clear_register);
    l->conditions = g_array_new(false, false, sizeof(struct litmus_condition));
    l->lines = g_array_new(false, false, sizeof(struct litmus_line));
    l->terms = g_array_new(false, false, sizeof(struct litmus_term));
    return l;
}

void litmus_free(struct litmus *l)
{
    if (l == NULL) {
        return;
    }
    g_free(l->file);
    g_free(l->title);
    GArray *const arrays[] = {l->kernels,    l->vpes,  l->grants, l->faults,
                              l->statements, l->steps, l->values, l->registers,
                              l->conditions, l->lines, l->terms,  l->serials};
    for (size_t i = 0; i < G_N_ELEMENTS(arrays); i++) {
        g_array_unref(arrays[i]);
    }
    g_ptr_array_unref(l->payloads);
    g_free(l);
}

struct litmus *litmus_parse(const char *file, const char *text, size_t size, char **error)
{
    struct parser p = {
        .litmus = litmus_new(file),
        .kernels = new_names(),
        .vpes = new_names(),
        .signals = new_names(),
        .registers = new_names(),
        .taken = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL),
        .homes = g_array_new(false, false, sizeof(struct token)),
        .kernel_places = g_array_new(false, false, sizeof(struct kernel_places)),
        .grants = g_array_new(false, false, sizeof(struct pending_grant)),
        .faults = g_array_new(false, false, sizeof(struct pending_fault)),
        .numbers = g_array_new(false, false, sizeof(struct number)),
        .factors = g_array_new(false, false, sizeof(struct factor)),
    };
    lexer_start(&p.lexer, size > 0 ? text : "", size);
    if (!check_text(&p, text, size) || !parse_file(&p)) {
        litmus_free(p.litmus);
        p.litmus = NULL;
    }
    *error = p.error;
    GHashTable *const tables[] = {p.kernels, p.vpes, p.signals, p.registers, p.taken};
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_hash_table_unref(tables[i]);
    }
    GArray *const arrays[] = {p.homes, p.kernel_places, p.grants, p.faults, p.numbers, p.factors};
    for (size_t i = 0; i < G_N_ELEMENTS(arrays); i++) {
        g_array_unref(arrays[i]);
    }
    return p.litmus;
}

struct litmus *litmus_read(const char *file, char **error)
{
    /* Piece by piece, since a file may be a pipe or a device without an end. */
    char piece[65536];
    GString *text = g_string_new(NULL);
    FILE *stream = fopen(file, "rb");
    size_t got = stream != NULL ? 1 : 0;
    while (got > 0 && text->len <= LITMUS_FILE_MAX) {
        got = fread(piece, 1, sizeof(piece), stream);
        g_string_append_len(text, piece, (gssize)got);
    }
    struct litmus *litmus = NULL;
    if (stream == NULL || ferror(stream)) {
        *error = g_strdup_printf("%s: %s", file, g_strerror(errno));
    } else {
        litmus = litmus_parse(file, text->str, text->len, error);
    }
    if (stream != NULL) {
        fclose(stream);
    }
    g_string_free(text, true);
    return litmus;
}

const char *litmus_condition_name(enum litmus_condition_kind kind)
{
    static const char *const names[] = {"final", "exists", "never"};
    return names[kind];
}
