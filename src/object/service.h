/* Services and sessions: see service.c. */
#ifndef RESCIND_OBJECT_SERVICE_H
#define RESCIND_OBJECT_SERVICE_H

#include "object/object.h"

extern const struct cap_type service_type, session_type;

#endif
