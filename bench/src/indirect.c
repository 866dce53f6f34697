/* indirect.c - calls through pointers: small objects with tables of methods, in no order one could predict */
#include "bench.h"

enum { OBJECTS = 4096 };

struct object;

struct methods {
    u64 (*step)(struct object *self, u64 value);
    u64 (*weigh)(const struct object *self);
};

struct object {
    const struct methods *methods;
    u64 state;
};

#define METHODS(NAME, STEP, WEIGH)                                                                       \
    static u64 NAME##_step(struct object *self, u64 value)                                               \
    {                                                                                                    \
        return self->state = STEP;                                                                       \
    }                                                                                                    \
    static u64 NAME##_weigh(const struct object *self)                                                   \
    {                                                                                                    \
        return WEIGH;                                                                                    \
    }                                                                                                    \
    static const struct methods NAME = { NAME##_step, NAME##_weigh };

METHODS(adder, self->state + value, self->state & 3)
METHODS(scaler, self->state * 3 + value, self->state >> 60)
METHODS(mixer, self->state ^ (value << 7 | value >> 57), self->state & 7)
METHODS(keeper, value ? self->state : 1, self->state >> 63)
METHODS(shifter, self->state << 1 | (value & 1), self->state >> 61)
METHODS(negator, value - self->state, self->state & 1)
METHODS(halver, (self->state >> 1) + value, self->state & 2)
METHODS(counter, self->state + (value & 1), self->state % 5)

int main(int argc, char **argv)
{
    static const struct methods *const kinds[] = { &adder, &scaler, &mixer, &keeper,
                                                   &shifter, &negator, &halver, &counter };
    static struct object objects[OBJECTS];
    u64 state = 11, value = 1;

    for (u32 i = 0; i < OBJECTS; i++)
        objects[i] = (struct object){ kinds[bench_random(&state) % ARRAY_LEN(kinds)], i };
    for (u32 round = bench_count(argc, argv); round; round--)
        for (u32 i = 0; i < OBJECTS; i++) {
            value = objects[i].methods->step(&objects[i], value);
            value += objects[i].methods->weigh(&objects[i]);
        }
    for (u32 i = 0; i < OBJECTS; i++)
        value = bench_mix(value, objects[i].state);
    return bench_result(value);
}
