/* The table of C programs; see programs.h. */
#include "user/programs.h"

const struct user_program user_programs[] = {
    {"task06", task06},
    {"echo_service", echo_service},
    {"echo_client", echo_client},
    {"pingpong_writer", pingpong_writer},
    {"pingpong_reader", pingpong_reader},
    {"family_parent", family_parent},
    {"family_child", family_child},
    {"serial_echo", serial_echo},
};

const unsigned user_program_count = sizeof(user_programs) / sizeof(user_programs[0]);
