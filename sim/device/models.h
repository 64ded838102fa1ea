/* The models of a PC's devices: one class each. For sim/device/ alone. */
#ifndef RESCIND_SIM_DEVICE_MODELS_H
#define RESCIND_SIM_DEVICE_MODELS_H

#include "sim/device/device.h"

extern const struct device_class device_hpet;   /* hpet.c */
extern const struct device_class device_ioapic; /* ioapic.c */
extern const struct device_class device_lapic;  /* lapic.c: all processors' */

#endif
