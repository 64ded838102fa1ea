/* How fast the models of a PC's devices are: register accesses a second, by device and over all of
 * them, an access here and one there. `devices [--least N]` fails below N million a second over
 * all.
 *
 * What is accessed is what drivers access most: status and data, registers behind an index,
 * counters that run. Time on the board passes with each access, so timers come due as well.
 */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "rescind/board.h"
#include "rescind/drivers.h"
#include "rescind/platform.h"

enum { ROUNDS = 20000, REPEATS = 5, MILLION = 1000000 };
enum { PIC = 0x20, PIT = 0x40, RTC = 0x70, I8042 = 0x64, PCI_ADDRESS = 0xcf8, PCI_DATA = 0xcfc };
#define IOAPIC 0xfec00000
#define HPET   0xfed00000
#define LAPIC  0xfee00000

/* Each makes eight accesses; what they read is of no interest. */
static void use_uart(unsigned i)
{
    rescind_out8(RESCIND_COM1, (uint8_t)i);
    rescind_in8(RESCIND_COM1 + 5);
    rescind_in8(RESCIND_COM1 + 2);
    rescind_out8(RESCIND_COM1 + 7, (uint8_t)i);
    rescind_in8(RESCIND_COM1 + 7);
    rescind_in8(RESCIND_COM1 + 5);
    rescind_in8(RESCIND_COM1 + 1);
    rescind_in8(RESCIND_COM1 + 6);
}

static void use_pic(unsigned i)
{
    rescind_out8(PIC + 1, (uint8_t)i);
    rescind_in8(PIC + 1);
    rescind_out8(PIC, 0x0a);
    rescind_in8(PIC);
    rescind_out8(PIC, 0x0b);
    rescind_in8(PIC);
    rescind_out8(PIC, 0x20);
    rescind_in8(PIC + 1);
}

static void use_pit(unsigned i)
{
    rescind_out8(PIT + 3, 0xb0);
    rescind_out8(PIT + 2, (uint8_t)i);
    rescind_out8(PIT + 2, 1);
    rescind_out8(PIT + 3, 0x80);
    rescind_in8(PIT + 2);
    rescind_in8(PIT + 2);
    rescind_in8(0x61);
    rescind_in8(0x61);
}

static void use_rtc(unsigned i)
{
    for (uint8_t reg = 0; reg < 4; reg++) {
        rescind_out8(RTC, (uint8_t)(reg + i % 8));
        rescind_in8(RTC + 1);
    }
}

static void use_i8042(unsigned i)
{
    (void)i;
    for (unsigned j = 0; j < 8; j++) {
        rescind_in8(I8042);
    }
}

static void use_lapic(unsigned i)
{
    rescind_write32(LAPIC + 0x380, MILLION + i);
    rescind_read32(LAPIC + 0x390);
    rescind_read32(LAPIC + 0x20);
    rescind_write32(LAPIC + 0xb0, 0);
    rescind_read32(LAPIC + 0x300);
    rescind_read32(LAPIC + 0x390);
    rescind_write32(LAPIC + 0x80, i & 0xf);
    rescind_read32(LAPIC + 0x80);
}

static void use_ioapic(unsigned i)
{
    for (uint32_t reg = 0; reg < 4; reg++) {
        rescind_write32(IOAPIC, 0x10 + (reg + i) % 48);
        rescind_read32(IOAPIC + 0x10);
    }
}

static void use_hpet(unsigned i)
{
    (void)i;
    for (unsigned j = 0; j < 4; j++) {
        rescind_read32(HPET + 0xf0);
        rescind_read64(HPET + 0xf0);
    }
}

static void use_pci(unsigned i)
{
    for (uint32_t reg = 0; reg < 4; reg++) {
        rescind_out32(PCI_ADDRESS, 0x80000000 | (i % 32) << 11 | reg << 2);
        rescind_in32(PCI_DATA);
    }
}

static const struct {
    const char *name;
    void (*use)(unsigned i);
} devices[] = {
    {"uart", use_uart},     {"pic", use_pic},     {"pit", use_pit},
    {"rtc", use_rtc},       {"i8042", use_i8042}, {"lapic", use_lapic},
    {"ioapic", use_ioapic}, {"hpet", use_hpet},   {"pci", use_pci},
};
enum { DEVICES = G_N_ELEMENTS(devices), ACCESSES = 8 };

/* Millions of accesses a second of the process' own time, of devices first .. last by turns; the
 * best of some. */
static double rate(size_t first, size_t last)
{
    double best = 0;

    for (unsigned repeat = 0; repeat < REPEATS; repeat++) {
        struct rescind_board *board = rescind_board_new(&(struct rescind_board_options){0});
        clock_t start, took;

        rescind_board_use(board);
        start = clock();
        for (unsigned i = 0; i < ROUNDS; i++) {
            for (size_t device = first; device <= last; device++) {
                devices[device].use(i);
            }
        }
        took = MAX(clock() - start, 1);
        best = MAX(best, (double)ROUNDS * ACCESSES * (double)(last - first + 1) / MILLION *
                             CLOCKS_PER_SEC / (double)took);
        rescind_board_free(board);
    }
    return best;
}

int main(int argc, char **argv)
{
    gint least = 0;
    const GOptionEntry entries[] = {
        {"least", 0, 0, G_OPTION_ARG_INT, &least, "fail below so many millions over all", "N"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    GOptionContext *context = g_option_context_new(NULL);
    GError *error = NULL;
    double all;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        fprintf(stderr, "devices: %s\n", error->message);
        return EXIT_FAILURE;
    }
    g_option_context_free(context);
    for (size_t i = 0; i < DEVICES; i++) {
        printf("%-8s %6.1f million accesses a second\n", devices[i].name, rate(i, i));
    }
    all = rate(0, DEVICES - 1);
    printf("%-8s %6.1f million accesses a second\n", "all", all);
    return all < least ? EXIT_FAILURE : EXIT_SUCCESS;
}
