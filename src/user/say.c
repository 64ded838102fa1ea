/* Lines of text for programs that show something; see say.h. */
#include "user/say.h"

#include "user/text.h"

static void begin(struct rescind_env *env, struct text *line, const char *text)
{
    line->size = 0;
    text_string(line, "[");
    text_string(line, env->name);
    text_string(line, "] ");
    text_string(line, text);
}

static void end(struct rescind_env *env, struct text *line)
{
    text_string(line, "\n");
    rescind_print(env, line->chars, line->size);
}

void say(struct rescind_env *env, const char *text)
{
    struct text line;

    begin(env, &line, text);
    end(env, &line);
}

void say_number(struct rescind_env *env, const char *text, uint64_t number)
{
    struct text line;

    begin(env, &line, text);
    text_number(&line, number);
    end(env, &line);
}

void say_text(struct rescind_env *env, const char *text, const char *more)
{
    struct text line;

    begin(env, &line, text);
    text_string(&line, more);
    end(env, &line);
}

/* The word that litmus files have for an error, too. */
static const char *word_of(enum rescind_error error)
{
    switch (error) {
#define RESCIND_ERROR(name, number, word)                                                          \
    case RESCIND_##name:                                                                           \
        return word;
        RESCIND_ERRORS(RESCIND_ERROR)
#undef RESCIND_ERROR
    }
    return "no error code";
}

bool got(struct rescind_env *env, const char *what, enum rescind_error error,
         enum rescind_error wanted)
{
    struct text line;

    if (error == wanted)
        return true;
    begin(env, &line, what);
    text_string(&line, ": expected ");
    text_string(&line, word_of(wanted));
    text_string(&line, ", got ");
    text_string(&line, word_of(error));
    end(env, &line);
    return false;
}

bool holds(struct rescind_env *env, const char *what, bool so)
{
    if (!so)
        say_text(env, "not so: ", what);
    return so;
}
