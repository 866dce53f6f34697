/* clock.h - the host's monotonic clock and time of day. */
#pragma once
#include "base/types.h"

u64 host_now_ns(void);      /* monotonic, arbitrary zero */
u64 host_wall_seconds(void); /* since 1970-01-01 UTC */
u64 host_local_seconds(void); /* from 1970-01-01 to what local clocks show, each day taken as 86400 s */
