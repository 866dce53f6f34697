/* power_key.c - the power button; see power_key.h. */
#include "hw/misc/power_key.h"
#include "hw/deadline.h"

#define HELD_NS 100000000u /* longer than any debouncing, shorter than a forced power-off */

static struct power_key *self(struct dev *d)
{
    return CONTAINER_OF(d, struct power_key, dev);
}

static void drive(struct dev *d)
{
    irq_set(&self(d)->out, self(d)->s.release_at != DEADLINE_NONE);
    deadline_arm(&self(d)->event, self(d)->s.release_at);
}

static void come_up(void *opaque)
{
    self(opaque)->s.release_at = DEADLINE_NONE;
    drive(opaque);
}

void power_key_press(struct power_key *k)
{
    k->s.release_at = dev_now(&k->dev) + HELD_NS;
    drive(&k->dev);
}

static void power_key_reset(struct dev *d)
{
    come_up(d);
}

static const struct state_field power_key_fields[] = { STATE(struct power_key_state, release_at) };
static const struct state_desc power_key_desc = {
    .name = "power_key", STATE_DESC(struct power_key_state, 1, power_key_fields),
};

const struct dev_class power_key_class = {
    .name = "power_key", .state = &power_key_desc, .state_offset = offsetof(struct power_key, s),
    .size = sizeof(struct power_key), .reset = power_key_reset, .resumed = drive,
};

void power_key_init(struct power_key *k, struct machine *m, const char *path)
{
    *k = (struct power_key){ .s.release_at = DEADLINE_NONE };
    dev_attach(&k->dev, &power_key_class, m, path);
    deadline_init(&k->event, &k->dev, "power key", come_up);
}
