/*
 * power_key.h - a push button on a GPIO line, held down for a moment when somebody asks the guest to shut down.
 */
#pragma once
#include "vm/vm.h"

struct power_key_state {
    u64 release_at; /* deadline at which the key comes up, or TIME_NEVER: it is up */
};

struct power_key {
    struct dev             dev;
    struct power_key_state s;
    struct irq_line        out;
    struct event           event;
};

extern const struct dev_class power_key_class;
void power_key_init(struct power_key *k, struct machine *m, const char *path);
void power_key_press(struct power_key *k);
