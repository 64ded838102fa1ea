/* Bringing up a board's devices on the host. See bring_up.h. */
#include "sim/bring_up.h"

#include "pc99/console.h"
#include "pc99/devices.h"
#include "pc99/layout.h"
#include "sim/compile.h"
#include "sim/litmus.h"

/* The console is one (console.h), and so are the devices while they are brought up. */
static GMutex console;

struct starting {
    struct rescind_board *board;
    const struct devices *devices;
};

/* Of the processors that are to be started, number i: the models' APICs are numbered as the
 * processors are. */
static bool is_up(void *context, uint32_t i)
{
    const struct starting *starting = context;
    uint32_t page;

    return rescind_board_started(starting->board, starting->devices->processors[i + 1], &page);
}

static void take_log(struct rescind_board *board, GString *log)
{
    char bytes[256];
    size_t size;

    while ((size = rescind_board_serial_out(board, RESCIND_COM1, bytes, sizeof bytes)) > 0) {
        g_string_append_len(log, bytes, (gssize)size);
    }
}

bool bring_up(struct rescind_board *board, uint32_t processors, GString *log)
{
    static const struct devices_vectors vectors = {VECTOR_PIC, VECTOR_SPURIOUS};
    struct devices devices;
    struct starting starting = {board, &devices};
    bool good;

    rescind_board_use(board);
    g_mutex_lock(&console);
    console_init();
    good = devices_bring_up(rescind_board_rsdp(board), true, &vectors, &devices) &&
           devices_start(&devices, processors, TRAMPOLINE, is_up, &starting);
    g_mutex_unlock(&console);
    take_log(board, log);
    return good;
}

GByteArray *bring_up_module(uint32_t processors)
{
    GString *text = g_string_new(NULL);
    struct litmus *litmus;
    GByteArray *module;
    char *error = NULL;

    for (uint32_t i = 0; i < processors; i++) {
        g_string_append_printf(text, "kernel K%u\n", i);
    }
    g_string_append(text, "vpe A @ K0\n");
    litmus = litmus_parse("bring-up", text->str, text->len, &error);
    g_assert(litmus != NULL);
    module = compile(litmus, 1);
    litmus_free(litmus);
    g_string_free(text, TRUE);
    return module;
}
