/* section_test.c - described state as bytes: round trips, versions, damage. */
#include "snapshot/section.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

struct shape {
    u64 a, b[3];
    u32 c[2];
    u16 d[3];
    u8  e, pad;
};
#define F(f) STATE(struct shape, f)
static const struct state_field fields_v1[] = { F(a), F(b), F(c), F(d), F(pad) };
static const struct state_field fields_v2[] = { F(pad), F(d), STATE_SINCE(2, struct shape, e), F(c), F(b), F(a) };
static const struct state_field fields_other[] = { F(a), F(b), F(c), F(e), F(pad) };
static const struct state_field fields_all[] = { F(a), F(b), F(c), F(d), F(e), F(pad) };
#undef F
static bool valid(const void *state, struct err *e)
{
    return ((const struct shape *)state)->e < 100 || err_set(e, "e is out of range");
}
static const struct state_desc v1 = { .name = "shape", STATE_DESC(struct shape, 1, fields_v1) };
static const struct state_desc v2 = { .name = "shape", STATE_DESC(struct shape, 2, fields_v2), .valid = valid };
static const struct state_desc other = { .name = "shape", STATE_DESC(struct shape, 1, fields_other) };
static const struct state_desc all = { .name = "shape", STATE_DESC(struct shape, 1, fields_all), .valid = valid };

static const struct shape sample = { 1, { 2, 3, ~0ull }, { 5, 6 }, { 7, 8, 9 }, 10, 11 };

static void test_round_trip(void **state)
{
    (void)state;
    struct buf b = { 0 };
    struct shape s = { 0 };
    struct err e;
    section_save(&b, &all, &sample);
    assert_true(section_load(&b, &all, &s, &e));
    assert_memory_equal(&s, &sample, sizeof s);
    buf_free(&b);
}

static void test_older(void **state)
{
    (void)state;
    struct buf b = { 0 };
    struct shape s = { .e = 42 };
    struct err e;
    section_save(&b, &v1, &sample);
    assert_true(section_load(&b, &v2, &s, &e)); /* another order, one field newer */
    assert_int_equal(s.e, 42);
    assert_int_equal(s.b[2], ~0ull);
    assert_int_equal(s.d[1], 8);
    buf_free(&b);
    section_save(&b, &v2, &sample);
    assert_false(section_load(&b, &v1, &s, &e));
    assert_non_null(strstr(e.msg, "version 2 is not known here"));
    buf_free(&b);
}

/* What comes of loading `d` from a stream of `from`. */
static const char *refusal(const struct state_desc *from, const struct state_desc *d, struct buf *b, struct err *e)
{
    struct shape s = sample;
    if (from)
        section_save(b, from, &sample);
    if (section_load(b, d, &s, e))
        return "";
    assert_memory_equal(&s, &sample, sizeof s);
    buf_free(b);
    return e->msg;
}

static void put_field(struct buf *b, const char *name, u8 size, u32 count, const void *p)
{
    buf_put_u8(b, (u8)strlen(name));
    buf_put(b, name, strlen(name));
    buf_put_u8(b, size);
    buf_put_u32(b, count);
    buf_put(b, p, (u64)size * count);
}

static void test_refused(void **state)
{
    (void)state;
    struct buf b = { 0 };
    struct err e;
    assert_string_equal(refusal(&other, &v1, &b, &e), "shape: unknown field 'e'");
    assert_string_equal(refusal(&v1, &all, &b, &e), "shape.e: missing");
    section_save(&b, &all, &sample);
    buf_put_u8(&b, 0);
    assert_string_equal(refusal(NULL, &all, &b, &e), "shape: 1 bytes too many");

    buf_put_u32(&b, 1);
    buf_put_u32(&b, 2);
    put_field(&b, "a", 8, 1, &sample.a);
    put_field(&b, "a", 8, 1, &sample.a);
    assert_string_equal(refusal(NULL, &all, &b, &e), "shape.a: comes twice");

    buf_put_u32(&b, 1);
    buf_put_u32(&b, 1);
    put_field(&b, "b", 8, 2, sample.b);
    assert_string_equal(refusal(NULL, &all, &b, &e), "shape.b: 2 elements of 8 bytes, but 3 of 8 here");

    buf_put_u32(&b, 1);
    buf_put_u32(&b, ~0u);
    put_field(&b, "\033[2J", 1, 1, "x");
    assert_string_equal(refusal(NULL, &all, &b, &e), "shape: unknown field '?[2J'");

    struct shape bad = sample;
    bad.e = 100;
    section_save(&b, &all, &bad);
    assert_string_equal(refusal(NULL, &all, &b, &e), "shape: e is out of range");
    assert_string_equal(refusal(NULL, &all, &b, &e), "shape: cut short"); /* empty */
}

/* Every shorter stream is refused; no flipped bit hurts, and those in the skeleton are refused. */
static void test_damage(void **state)
{
    (void)state;
    struct buf b = { 0 };
    struct err e;
    section_save(&b, &all, &sample);
    for (u64 n = 0; n < b.len; n++) {
        u8 *exact = malloc(n ? n : 1); /* so that a byte too far is seen */
        memcpy(exact, b.p, n);
        struct buf part = { .p = exact, .len = n, .cap = n };
        struct shape s = { 0 };
        assert_false(section_load(&part, &all, &s, &e));
        free(exact);
    }
    for (u64 bit = 0; bit < b.len * 8; bit++) {
        struct shape s = { 0 };
        b.p[bit / 8] ^= (u8)(1 << bit % 8);
        b.at = 0;
        b.failed = false;
        if (section_load(&b, &all, &s, &e))
            assert_true(memcmp(&s, &sample, sizeof s) && valid(&s, &e));
        b.p[bit / 8] ^= (u8)(1 << bit % 8);
    }
    buf_free(&b);
}

#define MANY 200u
static void test_many_fields(void **state)
{
    (void)state;
    static char names[MANY][8];
    struct state_field f[MANY];
    u16 from[MANY], to[MANY] = { 0 };
    for (u32 i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "f%u", i);
        f[i] = (struct state_field){ .name = names[i], .offset = 2 * i, .count = 1, .size = 2, .since = 1 };
        from[i] = (u16)(i * 321);
    }
    struct state_desc d = { .name = "many", .version = 1, .size = sizeof from, .fields = f, .field_count = MANY };
    struct buf b = { 0 };
    struct err e;
    assert_true(state_is_complete(&d));
    section_save(&b, &d, from);
    assert_true(section_load(&b, &d, to, &e));
    assert_memory_equal(from, to, sizeof from);
    d.field_count--;
    b.at = 0;
    assert_false(section_load(&b, &d, to, &e));
    d.field_count++;
    section_save(&b, &d, from); /* a second section behind the first is not ours to drop */
    b.at = 0;
    assert_false(section_load(&b, &d, to, &e));
    buf_free(&b);
}

static void test_buf(void **state)
{
    (void)state;
    struct buf b = { 0 };
    buf_put_u32(&b, 0x12345678);
    assert_int_equal(buf_get_u8(&b), 0x78);
    assert_null(buf_take(&b, 4));
    assert_true(b.failed);
    assert_int_equal(buf_get_u64(&b), 0);
    buf_free(&b);
    assert_null(buf_extend(&b, ~0ull - 5)); /* not that much memory */
    assert_true(b.failed);
    buf_put_u64(&b, 1);
    assert_int_equal(b.len, 0);
    buf_free(&b);
    assert_null(buf_take(&b, ~0ull));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_older), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_damage), cmocka_unit_test(test_many_fields), cmocka_unit_test(test_buf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
