/* The models, a class each. For pc.c, which makes a board of them. */
#ifndef RESCIND_SIM_MODELS_H
#define RESCIND_SIM_MODELS_H

#include "sim/device/device.h"

extern const struct device_class device_acpi; /* acpi.c: firmware's tables */
extern const struct device_class device_pci;  /* pci.c, with port 0xcf9 */

#endif
