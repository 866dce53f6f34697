/* clock.c - the host's clocks. */
#include "host/clock.h"
#include <time.h>

u64 host_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

u64 host_wall_seconds(void)
{
    return (u64)time(NULL);
}

u64 host_local_seconds(void)
{
    time_t now = time(NULL);
    struct tm t;
    return localtime_r(&now, &t) ? (u64)timegm(&t) : (u64)now;
}
