/*
 * all_test.c - every device class of hw/devices.def: its table tiles its state, states survive a section, and no
 * damaged section harms. Devices are not run here: tests/snapshot/board_test.c does that.
 */
#include "snapshot/section.h"
#include "vm/dev.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define DEVICE(cls) extern const struct dev_class cls;
#include "hw/devices.def"
#undef DEVICE

static const struct dev_class *const classes[] = {
#define DEVICE(cls) &cls,
#include "hw/devices.def"
#undef DEVICE
};

static u64 next_random(u64 *s)
{
    u64 z = *s += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static bool is_valid(const struct state_desc *d, const void *state)
{
    struct err e;
    return !d->valid || d->valid(state, &e);
}

/* One element of one field gets a value: any, small, a power of two, all ones. */
static void change_element(const struct state_desc *d, u8 *state, u64 *seed)
{
    const struct state_field *f = &d->fields[next_random(seed) % d->field_count];
    u64 r = next_random(seed), kind = next_random(seed) % 4;
    u64 v = kind == 0 ? r : kind == 1 ? r % 32 : kind == 2 ? 1ull << r % 64 : ~0ull;
    memcpy(state + f->offset + r / 64 % f->count * f->size, &v, f->size);
}

/* Zeros; where those are no state to be in, what reset makes of a device without wires. */
static void first_state(const struct dev_class *c, u8 *state)
{
    memset(state, 0, c->state->size);
    if (is_valid(c->state, state))
        return;
    struct dev *d = calloc(1, c->size);
    *d = (struct dev){ .cls = c, .path = "bare" };
    c->reset(d);
    memcpy(state, dev_state(d), c->state->size);
    free(d);
    if (!is_valid(c->state, state))
        fail_msg("%s: the power-on state is not valid", c->name);
}

/* Wanders from there through states that `valid` accepts. */
static void random_state(const struct dev_class *c, u8 *state, u64 *seed)
{
    u8 *tried = malloc(c->state->size);
    first_state(c, state);
    for (u32 i = 0; i < 40 * c->state->field_count + 400; i++) {
        memcpy(tried, state, c->state->size);
        change_element(c->state, tried, seed);
        if (is_valid(c->state, tried))
            memcpy(state, tried, c->state->size);
    }
    free(tried);
}

/* ---- the tests ---- */

static void test_tables(void **unused)
{
    (void)unused;
    for (u32 i = 0; i < COUNT(classes); i++) {
        const struct dev_class *c = classes[i];
        const struct state_desc *d = c->state;
        assert_non_null(c->name);
        if (!d)
            continue;
        if (!state_is_complete(d))
            fail_msg("%s: the table does not tile the struct", c->name);
        assert_true(d->name && d->version && d->size);
        assert_true(c->state_offset + d->size <= c->size && c->state_offset >= sizeof(struct dev));
        assert_int_equal(c->state_offset % 8, 0);
        for (u32 k = 0; k < d->field_count; k++) {
            const struct state_field *f = &d->fields[k];
            assert_true(f->since >= 1 && f->since <= d->version && f->count && strlen(f->name) < 256);
            for (u32 j = 0; j < k; j++)
                assert_string_not_equal(f->name, d->fields[j].name);
        }
        for (u32 j = 0; j < i; j++)
            assert_string_not_equal(c->name, classes[j]->name);
    }
}

/* Storage of register rows lies in the state struct, aligned. */
static void test_registers(void **unused)
{
    (void)unused;
    for (u32 i = 0; i < COUNT(classes); i++)
        for (u32 k = 0; k < classes[i]->reg_count; k++) {
            const struct reg *r = &classes[i]->regs[k];
            assert_int_equal(r->offset % 4, 0);
            if (r->at != REG_NONE)
                assert_true(r->at % 4 == 0 && r->at + 4u <= classes[i]->state->size);
            for (u32 j = 0; j < k; j++)
                if (classes[i]->regs[j].offset == r->offset)
                    fail_msg("%s: two rows at %#x", classes[i]->name, r->offset);
        }
}

static void round_trip(const struct state_desc *d, const u8 *state)
{
    struct buf b = { 0 };
    struct err e;
    u8 *back = malloc(d->size);
    memset(back, 0xa5, d->size);
    section_save(&b, d, state);
    if (!section_load(&b, d, back, &e))
        fail_msg("%s", e.msg);
    assert_memory_equal(state, back, d->size);
    buf_free(&b);
    free(back);
}

static void test_round_trips(void **unused)
{
    (void)unused;
    u64 seed = 1;
    for (u32 i = 0; i < COUNT(classes); i++) {
        const struct state_desc *d = classes[i]->state;
        u8 *state = d ? calloc(1, d->size) : NULL;
        for (u32 n = 0; d && n < 5; n++) {
            random_state(classes[i], state, &seed);
            round_trip(d, state);
        }
        free(state);
    }
}

/* Loads n bytes at p, in memory of exactly that size. On success the state is valid; else untouched. */
static bool try_load(const struct state_desc *d, const u8 *p, u64 n, u8 *state)
{
    struct buf b = { .p = malloc(n ? n : 1), .len = n, .cap = n };
    struct err e = { "" };
    memcpy(b.p, p, n);
    memset(state, 0, d->size);
    bool ok = section_load(&b, d, state, &e);
    if (ok)
        assert_true(is_valid(d, state));
    else
        assert_true(e.msg[0] && (!d->size || (!state[0] && !memcmp(state, state + 1, d->size - 1))));
    buf_free(&b);
    return ok;
}

#define LOADS 4000u /* of one device: long sections are sampled */

static void damage(const struct state_desc *d, const struct buf *good)
{
    u8 *state = malloc(d->size), *bad = malloc(good->len);
    u64 step = good->len / LOADS + 1;
    for (u64 n = 0; n < good->len; n += step)
        if (try_load(d, good->p, n, state))
            fail_msg("%s: a section cut to %llu bytes is accepted", d->name, (unsigned long long)n);
    memcpy(bad, good->p, good->len);
    for (u64 i = 0; i < good->len; i += step) {
        bad[i] ^= (u8)(1u << i % 8);
        try_load(d, bad, good->len, state);
        bad[i] = (u8)~good->p[i];
        try_load(d, bad, good->len, state);
        bad[i] = good->p[i];
    }
    free(state);
    free(bad);
}

static void test_damage(void **unused)
{
    (void)unused;
    u64 seed = 2;
    for (u32 i = 0; i < COUNT(classes); i++) {
        const struct state_desc *d = classes[i]->state;
        if (!d)
            continue;
        struct buf b = { 0 };
        u8 *state = calloc(1, d->size);
        random_state(classes[i], state, &seed);
        section_save(&b, d, state);
        damage(d, &b);
        buf_free(&b);
        free(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables), cmocka_unit_test(test_registers), cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
