/* The table of C programs; see programs.h. */
#include "user/programs.h"

const struct user_program user_programs[] = {
    {"task06", task06},
};

const unsigned user_program_count = sizeof(user_programs) / sizeof(user_programs[0]);
