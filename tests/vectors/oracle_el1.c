/*
 * oracle_el1.c - runs vectors of A64 instructions at EL1 and EL0 of a bare machine and writes down what they did.
 *
 * An aarch64 program without an operating system, for `qemu-system-aarch64 -M virt -semihosting`; started by
 * tools/vectors/record.py. Requests, as those of oracle.c behind a u32 with their size, lie at JOB; the answers go to
 * the file vectors.out through semihosting. Each vector is entered by ERET and left through an exception: by the BRK
 * behind its words, or by their own. The registers that a BRK overwrites (ELR, SPSR, ESR, FAR) then count as
 * unchanged.
 */
#include "tests/vectors/vectors.h"

#define JOB 0x44000000ull
#define OUT 0x46000000ull
enum { PAGE_WORDS = 1024, EC_ILLEGAL = 0x0e, EC_BRK = 0x3c, MARK = 0x5a5a };
#define BRK (0xd4200000u | MARK << 5)

/* ---- oracle_el1.S ---- */

struct after_sys {
    u64 slot, nzcv, daif, pan, uao, elr, spsr, esr, far, sp_el0, sp_el1, fpcr, fpsr;
};
extern const struct { u64 v[64], x[32]; } after_v;
extern const struct after_sys after_sys;
extern const u8 slots[], slots_end[];
u64 semihost(u64 op, const void *args);
void enter(const struct vec_state *st, u64 sp_el1);
_Static_assert(offsetof(struct vec_state, v) == 0 && offsetof(struct vec_state, x) == 512, "oracle_el1.S");

int main(void);

/* ---- what the compiler wants ---- */

void *memcpy(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((volatile u8 *)to)[i] = ((const u8 *)from)[i];
    return to;
}

void *memset(void *to, int c, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((volatile u8 *)to)[i] = (u8)c;
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const u8 *p = a, *q = b;
    for (size_t i = 0; i < n; i++)
        if (p[i] != q[i])
            return p[i] - q[i];
    return 0;
}

size_t strlen(const char *s)
{
    size_t n = 0;
    while (s[n])
        n++;
    return n;
}

/* ---- the machine ---- */

#define WRITE(reg, val) __asm__ volatile("msr " reg ", %0" : : "r"((u64)(val)) : "memory")

static void set_regime(void)
{
    u64 *tables = (u64 *)VEC_TABLES;
    for (u32 i = 0; i < 1024; i++)
        tables[i] = 0;
    tables[1] = (VEC_TABLES + 4096) | 3;
    for (u64 at = VEC_TABLES; at < VEC_UNMAPPED; at += 2 << 20)
        tables[512 + (at >> 21 & 511)] = VEC_BLOCK(at);
    memcpy((void *)VEC_VBAR, slots, (size_t)(slots_end - slots));
    WRITE("vbar_el1", VEC_VBAR);
    WRITE("mair_el1", VEC_MAIR);
    WRITE("tcr_el1", VEC_TCR);
    WRITE("ttbr0_el1", VEC_TABLES);
    __asm__ volatile("tlbi vmalle1\n dsb sy\n isb" : : : "memory");
    WRITE("sctlr_el1", VEC_SCTLR);
    __asm__ volatile("isb");
}

static NORETURN void leave(u64 status)
{
    const u64 why[2] = { 0x20026, status };
    for (;;)
        semihost(0x18, why);
}

static void save(const u8 *end)
{
    static const char name[] = "vectors.out";
    const u64 open[3] = { (u64)name, 5 /* "wb" */, sizeof name - 1 };
    u64 file = semihost(0x01, open);
    const u64 write[3] = { file, OUT, (u64)end - OUT };
    leave(file == ~0ull || semihost(0x05, write) != 0);
}

/* ---- a vector ---- */

static struct vec_state before, after;

static void put_code(const u32 *words, u32 count)
{
    volatile u32 *code = (u32 *)VEC_CODE;
    for (u32 i = 0; i < PAGE_WORDS; i++)
        code[i] = i < count ? words[i] : BRK;
    __asm__ volatile("dsb sy\n ic iallu\n dsb sy\n isb" : : : "memory");
}

static void run(void)
{
    memcpy((void *)VEC_WINDOW, before.mem, VEC_MEM);
    WRITE("elr_el1", VEC_CODE);
    WRITE("spsr_el1", before.pstate);
    WRITE("esr_el1", before.sys[VEC_ESR]);
    WRITE("far_el1", before.sys[VEC_FAR]);
    WRITE("sp_el0", before.sys[VEC_SP_EL0]);
    WRITE("fpcr", before.fpcr);
    WRITE("fpsr", before.fpsr);
    __asm__ volatile("clrex");
    enter(&before, before.sys[VEC_SP_EL1]);
}

/* By the BRK, or by the illegal state that a return to it led to? */
static bool ran_through(u32 count)
{
    u32 ec = (u32)after_sys.esr >> 26;
    bool at_words = after_sys.elr >= VEC_CODE && after_sys.elr < VEC_CODE + 4 * count;
    return !at_words && ((ec == EC_BRK && (after_sys.esr & 0xffff) == MARK) || ec == EC_ILLEGAL);
}

static void collect(u32 count)
{
    after = before;
    memcpy(after.v, after_v.v, sizeof after.v);
    memcpy(after.x, after_v.x, sizeof after.x);
    memcpy(after.mem, (void *)VEC_WINDOW, VEC_MEM);
    after.fpcr = (u32)after_sys.fpcr;
    after.fpsr = (u32)after_sys.fpsr;
    after.sys[VEC_SP_EL0] = after_sys.sp_el0;
    after.sys[VEC_SP_EL1] = after_sys.sp_el1;
    if (ran_through(count)) {
        after.pc = after_sys.elr;
        after.pstate = (u32)after_sys.spsr & VEC_PSTATE;
    } else {
        /* QEMU clears NZCV; AArch64.TakeException leaves it (overrides.txt). */
        after.pc = VEC_VBAR + after_sys.slot;
        after.pstate = (u32)((after_sys.spsr & VEC_NZCV) | after_sys.uao | after_sys.pan | after_sys.daif) | 5;
        after.sys[VEC_ELR] = after_sys.elr;
        after.sys[VEC_SPSR] = after_sys.spsr;
        after.sys[VEC_ESR] = after_sys.esr;
        after.sys[VEC_FAR] = after_sys.far;
    }
    after.sp = after.sys[(after.pstate & 5) == 5 ? VEC_SP_EL1 : VEC_SP_EL0];
}

static u8 *write_results(u8 *out)
{
    u64 hash = vec_hash(VEC_HASH_INIT, &before, sizeof before);
    u8 *items = out + 11;
    u16 len = (u16)(vec_diff(items, &before, &after) - items);
    memcpy(out, &hash, 8);
    out[8] = 0;
    memcpy(out + 9, &len, 2);
    return items + len;
}

int main(void)
{
    const u8 *p = (const u8 *)JOB, *end;
    u8 *out = (u8 *)OUT;
    u32 size;
    memcpy(&size, p, 4);
    p += 4;
    end = p + size;
    set_regime();
    while (p < end) {
        char row[256] = { 0 };
        u8 len = *p, level;
        u16 count;
        memcpy(row, p + 1, len);
        level = p[1 + len];
        memcpy(&count, p + 2 + len, 2);
        p += 4 + len;
        for (u32 i = 0; i < count; i++) {
            u16 head[2];
            u32 words[VEC_WORDS];
            memcpy(head, p, 4);
            memcpy(words, p + 4, 4 * vec_count(head[1]));
            p += 4 + 4 * vec_count(head[1]);
            vec_input(&before, row, head[0], level, head[1], words);
            put_code(words, vec_count(head[1]));
            run();
            collect(vec_count(head[1]));
            out = write_results(out);
        }
    }
    save(out);
    return 0;
}
