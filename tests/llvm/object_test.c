/*
 * object_test.c - what the LLVM tier's linker takes and refuses; objects with flipped bytes and cut short.
 */
#define _GNU_SOURCE
#include "backend/jit/llvm/compile.h"
#include "base/types.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>
#include <llvm-c/IRReader.h>

#define ROOM (1u << 20)

static struct {
    u8                 *code; /* writable; runs at + delta */
    i64                 delta;
    u64                 used;
    struct llvm_linker *linker;
    struct llvm_compiler *compiler;
} t;

static u8 *take(void *ctx, u64 size)
{
    (void)ctx;
    u8 *at = t.code + t.used;
    if (t.used + size > ROOM)
        return NULL;
    t.used += (size + 63) & ~63ull;
    return at;
}

static u64 seven(void) { return 7; }

static struct llvm_object compiled(const char *text)
{
    struct err e = { "" };
    char *why = NULL;
    struct llvm_object o;
    LLVMContextRef c = LLVMContextCreate();
    LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(text, strlen(text), "test");
    LLVMModuleRef m;
    if (LLVMParseIRInContext(c, buffer, &m, &why))
        fail_msg("%s", why);
    if (!llvm_compile(t.compiler, m, &o, &e))
        fail_msg("%s", e.msg);
    LLVMDisposeModule(m);
    LLVMContextDispose(c);
    return o;
}

/* The function `f` of an object, or NULL: e says why. */
static u64 (*linked(const struct llvm_object *o, u64 most, const void *symbol, struct err *e))(u64)
{
    struct llvm_arena arena = { take, NULL, t.delta, most, NULL };
    struct llvm_symbol given = { "seven", (u64)(uintptr_t)symbol };
    const char *name = "f";
    struct llvm_piece piece;
    u8 *entry;
    e->msg[0] = 0;
    if (!llvm_link(t.linker, o, &arena, &given, 1, &name, 1, &entry, &piece, e))
        return NULL;
    assert_true(entry >= piece.at && entry < piece.at + piece.size && piece.size <= most);
    return (u64 (*)(u64))(void *)(entry + t.delta);
}

static const void *near_symbol(void) { return (const void *)(uintptr_t)(u64 (*)(void))seven; }

static void refused(const char *text, u64 most, const void *symbol, const char *because)
{
    struct err e;
    struct llvm_object o = compiled(text);
    u64 before = t.used;
    assert_null(linked(&o, most, symbol, &e));
    if (!strstr(e.msg, because))
        fail_msg("\"%s\" does not say \"%s\"", e.msg, because);
    if (symbol == near_symbol())
        assert_int_equal(t.used, before);
    llvm_object_free(&o);
}

#define CALLS                       \
    "declare hidden i64 @seven()\n" \
    "define i64 @f(i64 %x) { %s = call i64 @seven() %r = add i64 %s, %x ret i64 %r }\n"
#define ADDS "define i64 @f(i64 %x) { %r = add i64 %x, 1 ret i64 %r }\n"

/* Calls out of the code, and constants, from the mapping that runs; names are free again for the next object. */
static void test_runs(void **state)
{
    (void)state;
    struct err e;
    struct llvm_object calls = compiled(CALLS), adds = compiled(ADDS);
    struct llvm_object reads = compiled("@k = private constant [4 x i64] [i64 11, i64 22, i64 33, i64 44]\n"
                                        "define i64 @f(i64 %x) { %p = getelementptr i64, ptr @k, i64 %x\n"
                                        "%r = load i64, ptr %p ret i64 %r }\n");
    for (u32 k = 0; k < 50; k++) {
        u64 (*f[])(u64) = { linked(&calls, ROOM, near_symbol(), &e), linked(&adds, ROOM, near_symbol(), &e),
                            linked(&reads, ROOM, near_symbol(), &e) };
        for (u32 n = 0; n < 3; n++)
            if (!f[n])
                fail_msg("%s", e.msg);
        assert_int_equal(f[0](k), 7 + k);
        assert_int_equal(f[1](k), 1 + k);
        assert_int_equal(f[2](k & 3), 11 * ((k & 3) + 1));
    }
    llvm_object_free(&calls);
    llvm_object_free(&adds);
    llvm_object_free(&reads);
}

static void test_refuses(void **state)
{
    (void)state;
    refused("declare hidden i64 @getpid()\ndefine i64 @f(i64 %x) { %r = call i64 @getpid() ret i64 %r }", ROOM,
            near_symbol(), "wants getpid");
    refused("define i128 @f(i128 %x, i128 %y) { %r = udiv i128 %x, %y ret i128 %r }", ROOM, near_symbol(),
            "wants __udivti3");
    refused("@g = global i64 5\ndefine i64 @f(i64 %x) { %r = load i64, ptr @g ret i64 %r }", ROOM, near_symbol(),
            "flags");
    refused("@g = internal global i64 0\ndefine i64 @f(i64 %x) { store i64 %x, ptr @g ret i64 %x }", ROOM,
            near_symbol(), "type");
    refused("declare i64 @seven()\ndefine ptr @f(i64 %x) { ret ptr @seven }", ROOM, near_symbol(), "relocation");
    refused("@k = hidden constant ptr @f\ndefine hidden i64 @f(i64 %x) { %p = load volatile ptr, ptr @k\n"
            "%r = ptrtoint ptr %p to i64 ret i64 %r }", ROOM, near_symbol(), "flags");
    refused(ADDS, 32, near_symbol(), "32 are allowed");
    refused("define i64 @g(i64 %x) { ret i64 %x }", ROOM, (const char *)near_symbol() + 1, "f");
    refused(CALLS, ROOM, (const char *)near_symbol() + (1ull << 40), "reach");
}

/* What cannot be compiled is told, and the process lives. */
static void test_uncompilable(void **state)
{
    (void)state;
    static const char text[] = "define void @f() { call void asm sideeffect \"\", \"{none}\"(i64 0) ret void }\n";
    struct err e = { "" };
    struct llvm_object o;
    char *why = NULL;
    LLVMContextRef c = LLVMContextCreate();
    LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(text, strlen(text), "test");
    LLVMModuleRef m;
    assert_false(LLVMParseIRInContext(c, buffer, &m, &why));
    assert_false(llvm_compile(t.compiler, m, &o, &e));
    assert_non_null(strstr(e.msg, "cannot generate code"));
    LLVMDisposeModule(m);
    LLVMContextDispose(c);
}

static void test_no_room(void **state)
{
    (void)state;
    struct err e;
    struct llvm_object o = compiled(ADDS);
    u64 before = t.used;
    t.used = ROOM;
    assert_null(linked(&o, ROOM, near_symbol(), &e));
    t.used = before;
    assert_non_null(strstr(e.msg, "no code memory"));
    llvm_object_free(&o);
}

/* Whatever the bytes are, the linker lives: each bit that is not of code, each length. */
static void test_damage(void **state)
{
    (void)state;
    struct err e;
    struct llvm_object o = compiled(CALLS);
    u64 taken = 0;
    for (u64 n = 0; n < o.size; n++)
        for (u32 bit = 0; bit < 8; bit++) {
            t.used = 0;
            o.bytes[n] ^= (u8)(1u << bit);
            taken += linked(&o, ROOM / 2, near_symbol(), &e) != NULL;
            o.bytes[n] ^= (u8)(1u << bit);
        }
    assert_in_range(taken, 1, 8 * o.size - 500); /* names, code, what does not matter */
    for (u64 n = 0, size = o.size; n < size; n++) {
        t.used = 0;
        o.size = n;
        assert_null(linked(&o, ROOM, near_symbol(), &e));
        assert_true(e.msg[0]);
        o.size = size;
    }
    llvm_object_free(&o);
}

static int set_up(void **state)
{
    (void)state;
    struct err e;
    u8 *near = (u8 *)((uintptr_t)near_symbol() & ~0xfffffull) - (128u << 20);
    int fd = memfd_create("code", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, ROOM))
        return -1;
    t.code = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    u8 *runs = mmap(near, ROOM, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    close(fd);
    if (t.code == MAP_FAILED || runs == MAP_FAILED)
        return -1;
    t.delta = runs - t.code;
    t.linker = llvm_linker_new(&e);
    t.compiler = llvm_compiler_new(&e);
    return t.linker && t.compiler ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    llvm_linker_free(t.linker);
    llvm_compiler_free(t.compiler);
    return munmap(t.code + t.delta, ROOM) | munmap(t.code, ROOM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_uncompilable),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
