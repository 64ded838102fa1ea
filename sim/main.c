/* The rescind tool's main; what it does is in tool.h. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sim/tool.h"

/* GLib ends the process for --help, so what could not be written is found out at its exit. */
static void check_output(void)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("rescind: standard output could not be written\n", stderr);
        _exit(TOOL_MACHINE);
    }
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "");
    atexit(check_output);
    return tool_main(argc, argv);
}
