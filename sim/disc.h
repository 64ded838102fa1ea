/* Discs that boot: a hybrid ISO with GRUB, the PC image and a start-up module, which starts from CD
 * and from disk, under a BIOS and under EFI, and asks nothing on the way.
 *
 * GRUB's grub-mkrescue puts it together, which needs xorriso and mtools besides. For `rescind
 * boot`.
 */
#ifndef RESCIND_SIM_DISC_H
#define RESCIND_SIM_DISC_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct disc {
    const char *image;     /* the PC image's path */
    const uint8_t *module; /* which has passed startup_check() */
    size_t size;
    const char *line; /* the image's command line */
};

enum disc_error {
    DISC_ERROR_TOOLS, /* something that it takes is not installed */
    DISC_ERROR_FILE,  /* a file can't be read or written */
};
#define DISC_ERROR disc_error_quark()
GQuark disc_error_quark(void);

/* Writes the disc to file `path`. False: `error` says why, and what to install if it is that. */
bool disc_write(const struct disc *disc, const char *path, GError **error);

#endif
