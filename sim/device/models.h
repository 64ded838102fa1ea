/* The models of a PC's devices: one class each. For sim/device/ alone. */
#ifndef RESCIND_SIM_DEVICE_MODELS_H
#define RESCIND_SIM_DEVICE_MODELS_H

#include "sim/device/device.h"

extern const struct device_class device_acpi;   /* acpi.c: firmware's tables */
extern const struct device_class device_hpet;   /* hpet.c */
extern const struct device_class device_i8042;  /* i8042.c, with port 0x92 */
extern const struct device_class device_ioapic; /* ioapic.c */
extern const struct device_class device_lapic;  /* lapic.c: all processors' */
extern const struct device_class device_pci;    /* pci.c, with port 0xcf9 */
extern const struct device_class device_pic;    /* pic.c: both, and ELCR */
extern const struct device_class device_pit;    /* pit.c, with port 0x61 */
extern const struct device_class device_rtc;    /* rtc.c, with CMOS memory */
extern const struct device_class device_uart;   /* uart.c: one port */

/* What the windows of models with several are told apart by: offsets. */
enum { PIC_MASTER = 0, PIC_SLAVE = 2, PIC_EDGE = 4 };
enum { PIT_COUNTERS = 0, PIT_SPEAKER = 4 };
enum { I8042_DATA = 0, I8042_COMMAND = 1, I8042_PORT92 = 2 };

/* Where a serial port is: what faults name it by, and its interrupt line. */
void uart_place(struct device *device, uint16_t port, uint32_t line);

#endif
