/*
 * x86_walk_code_test.c - page-table entries among the bytes of the code that runs: the walk of an instruction's own
 * access sets accessed and dirty bits there. The instruction is the one that was fetched, what follows is the new
 * bytes, on every engine, at every count.
 *
 * An entry's low byte is a ModRM, an opcode or an immediate at once; bytes 1 and 2 are instructions and the frame.
 */
#include "tests/unit/x86_system_rig.h"

#define PD     PML4
#define PT     0x60000u   /* of linear 0x400000 on; entry n is at PT + 4 * n */
#define AT     (PT + 0x40)
#define ENTRY  (PT + 0x44) /* of PAGE */
#define PAGE   0x411000u
#define FRAME  0x439000u   /* where the entry xx 90 43 00 leads: NOP; INC EBX */
#define CALLEE 0x16006fu
#define CODE_MAX 12

struct walk_case {
    const char *name;
    u32 at;              /* of the bytes, where they run from */
    u8  code[CODE_MAX];
    u32 edi, esi, esp;   /* 0: of no interest */
    u32 count, end;      /* instructions, and where they lead: to a loop */
    u32 pte_at, pte;     /* the entry in the end */
    u32 cell, val;       /* what is in RAM in the end */
    u32 eax, ebx, ecx;   /* 0: as they were */
    u32 xmm0;
    bool wp;
};

#define PF_AT HANDLER(X86_PF)
static const struct walk_case cases[] = {
    { "write, dirty", AT, { 0x90, 0x90, 0x90, 0x00, 0x27, 0x90, 0x43, 0x00, 0xc0, 0x90 }, PAGE + 0x10, .count = 8,
      .end = AT + 10, .pte_at = ENTRY, .pte = FRAME | 0x67, .cell = FRAME + 0x10, .val = 0x11223345, .eax = 0x134,
      .ebx = 6 },
    { "write, accessed and dirty", AT, { 0x90, 0x90, 0x90, 0x00, 0x07, 0x90, 0x43, 0x00, 0xc0, 0x90 }, PAGE + 0x10,
      .count = 8, .end = AT + 10, .pte_at = ENTRY, .pte = FRAME | 0x67, .cell = FRAME + 0x10, .val = 0x1122335e,
      .eax = 0x134, .ebx = 6 },
    { "write into what follows", AT, { 0x90, 0x90, 0x90, 0x00, 0x27, 0x00, 0x06, 0x00, 0xc0, 0x90 }, PAGE + 0x48,
      .count = 7, .end = AT + 10, .pte_at = ENTRY, .pte = PT | 0x67, .cell = DATA, .val = 0x556677a2, .ecx = 0x21 },
    { "write beside the code", AT, { 0x90, 0x90, 0x90, 0x00, 0x27, 0x00, 0x06, 0x00, 0xc0, 0x90 }, PAGE + 0x800,
      .count = 7, .end = AT + 10, .pte_at = ENTRY, .pte = PT | 0x67, .cell = PT + 0x800, .val = 1, .eax = 0x134 },
    { "write where nothing is", AT, { 0x90, 0x90, 0x90, 0x00, 0x27, 0x90, 0x43, 0x01, 0xc0, 0x90 }, PAGE + 0x10,
      .count = 8, .end = AT + 10, .pte_at = ENTRY, .pte = 0x1000000 | FRAME | 0x67, .cell = FRAME + 0x10,
      .val = 0x11223344, .eax = 0x234, .ebx = 6 },
    { "read, accessed", AT, { 0x90, 0x90, 0x90, 0x02, 0x07, 0x90, 0x43, 0x00, 0xc0, 0x90 }, PAGE + 0x10, .count = 8,
      .end = AT + 10, .pte_at = ENTRY, .pte = FRAME | 0x27, .cell = FRAME + 0x10, .val = 0x11223344, .eax = 0x1bc,
      .ebx = 6 },
    { "read where nothing is", AT, { 0x90, 0x90, 0x90, 0x02, 0x07, 0x90, 0x43, 0x01, 0xc0, 0x90 }, PAGE + 0x10,
      .count = 8, .end = AT + 10, .pte_at = ENTRY, .pte = 0x1000000 | FRAME | 0x27, .cell = FRAME + 0x10,
      .val = 0x11223344, .eax = 0x232, .ebx = 6 },
    /* MOV [EDI], AH; DAA; NOP becomes MOV [EDI], AH; NOP with a prefix */
    { "write, a later instruction", AT, { 0x90, 0x90, 0x88, 0x27, 0x27, 0x90, 0x43, 0x00, 0xc0, 0x90 }, PAGE + 0x10,
      .count = 7, .end = AT + 10, .pte_at = ENTRY, .pte = FRAME | 0x67, .cell = FRAME + 0x10, .val = 0x11223301,
      .eax = 0x134, .ebx = 6 },
    /* MOV AH, [EDI]; POP ES becomes MOV AH, [EDI]; DAA */
    { "read, a later instruction", AT, { 0x90, 0x90, 0x8a, 0x27, 0x07, 0x90, 0x43, 0x00, 0xc0, 0x90 }, PAGE + 0x10,
      .count = 8, .end = AT + 10, .pte_at = ENTRY, .pte = FRAME | 0x27, .cell = FRAME + 0x10, .val = 0x11223344,
      .eax = 0x4440, .ebx = 6 },
    { "INC", AT, { 0x90, 0x90, 0x90, 0xfe, 0x07, 0x90, 0x43, 0x00, 0xc0, 0x90 }, PAGE + 0x10, .count = 8,
      .end = AT + 10, .pte_at = ENTRY, .pte = FRAME | 0x67, .cell = FRAME + 0x10, .val = 0x11223345, .eax = 0x134,
      .ebx = 6 },
    { "LOCK INC", AT, { 0x90, 0x90, 0xf0, 0xfe, 0x07, 0x90, 0x43, 0x00, 0xc0, 0x90 }, PAGE + 0x10, .count = 7,
      .end = AT + 10, .pte_at = ENTRY, .pte = FRAME | 0x67, .cell = FRAME + 0x10, .val = 0x11223345, .eax = 0x134,
      .ebx = 6 },
    { "LOCK INC beside the code", AT, { 0x90, 0x90, 0xf0, 0xfe, 0x07, 0x00, 0x06, 0x00, 0xc0, 0x90 }, PAGE + 0x800,
      .count = 6, .end = AT + 10, .pte_at = ENTRY, .pte = PT | 0x67, .cell = PT + 0x800, .val = 1, .eax = 0x134 },
    { "LOCK AND", AT, { 0x90, 0x90, 0xf0, 0x80, 0x27, 0x90, 0x43, 0x00, 0xc0, 0x90 }, PAGE + 0x10, .count = 6,
      .end = AT + 10, .pte_at = ENTRY, .pte = FRAME | 0x67, .cell = FRAME + 0x10, .val = 0x11223300, .eax = 0x134,
      .ebx = 6 },
    { "CMPXCHG", AT, { 0x90, 0x90, 0x0f, 0xb0, 0x27, 0x90, 0x43, 0x00, 0xc0, 0x90 }, PAGE + 0x10, .count = 7,
      .end = AT + 10, .pte_at = ENTRY, .pte = FRAME | 0x67, .cell = FRAME + 0x10, .val = 0x11223344, .eax = 0x188,
      .ebx = 6 },
    { "LOCK CMPXCHG", AT, { 0x90, 0xf0, 0x0f, 0xb0, 0x27, 0x90, 0x43, 0x00, 0xc0, 0x90 }, PAGE + 0x10, .count = 6,
      .end = AT + 10, .pte_at = ENTRY, .pte = FRAME | 0x67, .cell = FRAME + 0x10, .val = 0x11223344, .eax = 0x188,
      .ebx = 6 },
    { "PUSH of memory", AT, { 0x90, 0x90, 0x90, 0xff, 0x37, 0x90, 0x43, 0x00, 0xc0, 0x90 }, DATA,
      .esp = PAGE + 0x14, .count = 8, .end = AT + 10, .pte_at = ENTRY, .pte = FRAME | 0x77, .cell = FRAME + 0x10,
      .val = 0x55667788, .eax = 0x134, .ebx = 6 },
    { "PUSH of the entry", AT, { 0x90, 0x90, 0x90, 0x68, 0x27, 0x90, 0x43, 0x00, 0x43, 0x90 }, .esp = PAGE + 0x14,
      .count = 6, .end = AT + 10, .pte_at = ENTRY, .pte = FRAME | 0x67, .cell = FRAME + 0x10, .val = FRAME | 0x27,
      .ebx = 6 },
    { "CALL", AT, { 0x90, 0x90, 0x90, 0xe8, 0x27, 0x00, 0x10, 0x00 }, .esp = PAGE + 0x14, .count = 5,
      .end = CALLEE + 1, .pte_at = ENTRY, .pte = 0x100067, .cell = 0x100010, .val = AT + 8 },
    { "MOVUPS, load", AT, { 0x90, 0x90, 0x0f, 0x10, 0x07, 0x90, 0x43, 0x00, 0xc0, 0x90 }, PAGE + 0x10, .count = 7,
      .end = AT + 10, .pte_at = ENTRY, .pte = FRAME | 0x27, .cell = FRAME + 0x10, .val = 0x11223344, .eax = 0x134,
      .ebx = 6, .xmm0 = 0x11223344 },
    { "MOVUPS, store", AT, { 0x90, 0x90, 0x0f, 0x11, 0x07, 0x90, 0x43, 0x00, 0xc0, 0x90 }, PAGE + 0x10, .count = 7,
      .end = AT + 10, .pte_at = ENTRY, .pte = FRAME | 0x67, .cell = FRAME + 0x10, .val = 0x80000000, .eax = 0x134,
      .ebx = 6 },
    { "VMASKMOVPS, load", AT, { 0xc4, 0xe2, 0x79, 0x2c, 0x07, 0x90, 0x43, 0x00, 0xc0, 0x90 }, PAGE + 0x10,
      .count = 5, .end = AT + 10, .pte_at = ENTRY, .pte = FRAME | 0x27, .cell = FRAME + 0x10, .val = 0x11223344,
      .eax = 0x134, .ebx = 6, .xmm0 = 0x11223344 },
    { "VMASKMOVPS, store", AT, { 0xc4, 0xe2, 0x79, 0x2e, 0x07, 0x90, 0x43, 0x00, 0xc0, 0x90 }, PAGE + 0x10,
      .count = 5, .end = AT + 10, .pte_at = ENTRY, .pte = FRAME | 0x67, .cell = FRAME + 0x10, .val = 0x80000000,
      .eax = 0x134, .ebx = 6 },
    /* the second page's entry is where the instruction begins: ADD to AND, ADD to POPA */
    { "read over two pages", PT, { 0x03, 0x07, 0x43, 0x00, 0xc0, 0x90 }, 0x3ffffe, .count = 4, .end = PT + 6,
      .pte_at = PT, .pte = 0x430723, .cell = 0x430000, .val = 0x3333, .eax = 0x33332378, .ebx = 6 },
    { "write over two pages", PT, { 0x01, 0x07, 0x43, 0x00, 0xc0, 0x90 }, 0x3ffffe, .count = 4, .end = PT + 6,
      .pte_at = PT, .pte = 0x430761, .cell = 0x3ffffc, .val = 0x233c0000, .eax = 0x134, .ebx = 6 },
    { "MOVUPS over two pages, from two", PT - 2, { 0x0f, 0x10, 0x07, 0x90, 0x43, 0x00, 0xc0, 0x90 }, 0x3ffffe,
      .count = 5, .end = PT + 6, .pte_at = PT, .pte = FRAME | 0x27, .cell = FRAME, .val = 0x7777, .eax = 0x134,
      .ebx = 6, .xmm0 = 0x77772222 },
    { "the directory's entry", PD + 3, { 0x00, 0x07, 0x00, 0x06, 0x00, 0xc0, 0x90 }, PAGE + 0x10, .count = 4,
      .end = PD + 10, .pte_at = PD + 4, .pte = PT | 0x27, .cell = FRAME + 0x10, .val = 0x1122335e, .eax = 0x134 },
    /* faults: the entry of a page before the one that faults is marked, that of a page behind it was not looked at */
    { "read, second page absent", AT, { 0x90, 0x90, 0x90, 0x03, 0x07, 0x90, 0x43, 0x00, 0xc0 }, PAGE + 0xffe,
      .count = 4, .end = PF_AT, .pte_at = ENTRY, .pte = FRAME | 0x27, .cell = FRAME + 0xffc, .val = 0x88880000 },
    { "write, second page absent", AT, { 0x90, 0x90, 0x90, 0x89, 0x07, 0x90, 0x43, 0x00, 0xc0 }, PAGE + 0xffe,
      .count = 4, .end = PF_AT, .pte_at = ENTRY, .pte = FRAME | 0x67, .cell = FRAME + 0xffc, .val = 0x88880000 },
    { "ADD, second page absent", AT, { 0x90, 0x90, 0x90, 0x01, 0x07, 0x90, 0x43, 0x00, 0xc0 }, PAGE + 0xffe,
      .count = 4, .end = PF_AT, .pte_at = ENTRY, .pte = FRAME | 0x67, .cell = FRAME + 0xffc, .val = 0x88880000 },
    { "write, second page read-only", AT, { 0x90, 0x90, 0x90, 0x89, 0x07, 0x90, 0x43, 0x00, 0x05, 0x90, 0x44 },
      PAGE + 0xffe, .count = 4, .end = PF_AT, .pte_at = ENTRY, .pte = FRAME | 0x67, .cell = ENTRY + 4,
      .val = 0x449005, .wp = true },
    { "write, first page absent", AT, { 0x90, 0x90, 0x90, 0x89, 0x06, 0x90, 0x43, 0x00, 0x07, 0x90, 0x43 },
      .esi = PAGE + 0xffe, .count = 4, .end = PF_AT, .pte_at = ENTRY + 4, .pte = FRAME | 7, .cell = FRAME,
      .val = 0x7777 },
};

/* 4 MBytes one to one, and another four by PT, where the code's bytes make the pages. */
static void rig_case(struct rig *r, const struct walk_case *c)
{
    rig32(r, 0);
    put(r, PD, 0xe3, 4);
    put(r, PD + 4, PT | 0x27, 4);
    put(r, ENTRY, FRAME | 0x67, 4);
    put(r, FRAME, 0x7777, 4);
    put(r, FRAME + 0x10, 0x11223344, 4);
    put(r, FRAME + 0xffe, 0x8888, 2);
    put(r, 0x3ffffe, 0x2222, 2);
    put(r, 0x430000, 0x3333, 2);
    put(r, DATA, 0x55667788, 4);
    put(r, CALLEE, 0x90909090, 4);
    put_code(r, c->at, c->code, c->at == PD + 3 ? 7 : CODE_MAX);
    put(r, AT + 13, LOOP, 2);
    put(r, c->end, LOOP, 2);
    r->s->cr3 = PD;
    r->s->cr4 = X86_CR4_PSE | X86_CR4_OSFXSR | X86_CR4_OSXSAVE;
    r->s->xcr0 = 7;
    assert_true(x86_set_cr(r->v, 0, r->s->cr0 | X86_CR0_PG | (c->wp ? X86_CR0_WP : 0)));
    r->s->gpr[X86_RAX] = 0x11a;
    r->s->gpr[X86_RBX] = 5;
    r->s->gpr[X86_RCX] = 7;
    r->s->gpr[X86_RSI] = c->esi ? c->esi : DATA;
    r->s->gpr[X86_RDI] = c->edi;
    r->s->gpr[X86_RSP] = c->esp ? c->esp : STACK0;
    r->s->xmm[0] = r->s->xmm[1] = 0x8000000080000000;
    r->s->xmm[8] = 0xdead;
    r->v->s.pc = c->at;
}

static void expect_equal(struct rig *a, struct rig *b, const char *name, u32 n)
{
    static u64 words[2][1 << 14];
    const struct region *ram = physmap_find(&a->m->map, 0), *ram2 = physmap_find(&b->m->map, 0);
    u64 count = mmu_export(&a->v->mmu, words[0], COUNT(words[0]));
    assert_true(count <= COUNT(words[0]));
    if (memcmp(a->s, b->s, sizeof *a->s) || memcmp(&a->v->s, &b->v->s, sizeof a->v->s))
        fail_msg("%s: states differ after %u, at %#llx and %#llx", name, n, (unsigned long long)a->v->s.pc,
                 (unsigned long long)b->v->s.pc);
    if (memcmp(ram->obj->host, ram2->obj->host, RAM_SIZE))
        fail_msg("%s: memory differs after %u", name, n);
    if (mmu_export(&b->v->mmu, words[1], COUNT(words[1])) != count || memcmp(words[0], words[1], 8 * count))
        fail_msg("%s: TLBs differ after %u", name, n);
}

static void expect_end(struct rig *r, const struct walk_case *c)
{
    const u64 *g = r->s->gpr;
    bool ok = r->v->s.pc == c->end && g[X86_RAX] == (c->eax ? c->eax : 0x11a) && g[X86_RBX] == (c->ebx ? c->ebx : 5)
              && g[X86_RCX] == (c->ecx ? c->ecx : 7) && (u32)r->s->xmm[0] == (c->xmm0 ? c->xmm0 : 0x80000000)
              && r->s->xmm[8] == 0xdead;
    if (!ok)
        fail_msg("%s: at %#llx eax %#llx ebx %#llx ecx %#llx xmm0 %#x xmm4 %#llx", c->name,
                 (unsigned long long)r->v->s.pc, (unsigned long long)g[X86_RAX], (unsigned long long)g[X86_RBX],
                 (unsigned long long)g[X86_RCX], (u32)r->s->xmm[0], (unsigned long long)r->s->xmm[8]);
    if (peek(r, c->pte_at, 4) != c->pte || peek(r, c->cell, 4) != c->val)
        fail_msg("%s: entry %#llx, memory %#llx", c->name, (unsigned long long)peek(r, c->pte_at, 4),
                 (unsigned long long)peek(r, c->cell, 4));
}

/* The interpreter and the baseline engine. */
struct pair {
    struct rig a, b;
};

static void pair_run(struct pair *p, u32 n)
{
    use_baseline(&p->b);
    run_on(&p->a, n);
    run_on(&p->b, n);
}

static void pair_end(struct pair *p, const char *name, u32 n)
{
    expect_equal(&p->a, &p->b, name, n);
    rig_free(&p->a);
    rig_free(&p->b);
}

static void pair_case(struct pair *p, const struct walk_case *c, u32 n)
{
    rig_case(&p->a, c);
    rig_case(&p->b, c);
    pair_run(p, n);
}

static void run_case(const struct walk_case *c)
{
    struct pair p;
    u32 most = c->count + MORE;
    for (u32 n = most; n; n--) { /* the end first: it says most */
        pair_case(&p, c, n);
        if (n == most) {
            expect_end(&p.a, c);
            expect_end(&p.b, c);
            expect_compiled(&p.b);
        }
        pair_end(&p, c->name, n);
    }
}

/* The same accesses where nothing answers: compiled code gives the instruction up behind its walk, and what is made
 * then must be the one that was fetched. ADD AL, AL becomes ADD EAX, EAX. */
static void run_nowhere(const struct walk_case *c)
{
    struct walk_case w = *c;
    struct pair p;
    w.code[7] = 1;
    for (u32 n = c->count + MORE; n; n--) {
        pair_case(&p, &w, n);
        if (n == c->count + MORE
            && (p.b.v->s.pc != c->end || peek(&p.b, ENTRY, 4) != (c->pte | 0x1000000) || p.b.s->xmm[8] != 0xdead))
            fail_msg("%s, nowhere: at %#llx", c->name, (unsigned long long)p.b.v->s.pc);
        pair_end(&p, c->name, n);
    }
}

static void test_nowhere(void **state)
{
    (void)state;
    for (u32 i = 0; i < COUNT(cases); i++)
        if (cases[i].pte_at == ENTRY && cases[i].code[8] == 0xc0 && (cases[i].pte & ~0xfffu) == FRAME)
            run_nowhere(&cases[i]);
}

static void test_cases(void **state)
{
    (void)state;
    for (u32 i = 0; i < COUNT(cases); i++)
        run_case(&cases[i]);
}

/* Entries of 8 bytes: ADD [RDI], AH; NOP; ADD [R8], AL; ADD [RAX], AL; ADD AL, AL; NOP. */
static void rig_long(struct rig *r)
{
    static const u8 code[] = { 0x00, 0x27, 0x90, 0x43, 0x00, 0x00, 0x00, 0x00, 0x00, 0xc0, 0x90 };
    rig64(r, 0);
    put(r, PML4 + 0x2000 + 8 * 2, PT | 0x27, 8); /* linear 0x400000 */
    put_code(r, PT + 0x87, code, sizeof code);
    put(r, PT + 0x87 + sizeof code, LOOP, 2);
    r->s->gpr[X86_RAX] = DATA;
    r->s->gpr[X86_RDI] = PAGE + 0x10;
    r->s->gpr[8] = DATA + 8;
    r->v->s.pc = PT + 0x87;
}

static void test_long(void **state)
{
    (void)state;
    struct pair p;
    for (u32 n = 6 + MORE; n; n--) {
        rig_long(&p.a);
        rig_long(&p.b);
        pair_run(&p, n);
        if (n == 6 + MORE) {
            assert_int_equal(p.a.v->s.pc, PT + 0x87 + 11);
            assert_int_equal(peek(&p.a, PT + 0x88, 8), FRAME | 0x67);
            assert_int_equal(peek(&p.a, 0x439010, 1), DATA >> 8 & 0xff);
            expect_compiled(&p.b);
        }
        pair_end(&p, "64-bit", n);
    }
}

/* ---- softmmu alone: what is tried changes nothing ---- */

#define K X86_MMU_KERNEL
#define VA (PAGE + 0x10)
struct tried {
    struct rig r;
    u64        words[4096], count; /* the TLB as it was, */
    u8         ram[0x70000];       /* and memory */
    u64        val;
};

/* The directory's entry is not where code is, the table's is; neither was accessed. */
static int try_begin(void **state)
{
    const struct walk_case c = { .at = CODE, .end = CODE + CODE_MAX, .code = { 0x90 }, .wp = true };
    struct tried *t = calloc(1, sizeof *t);
    assert_non_null(t);
    *state = t;
    rig_case(&t->r, &c);
    put(&t->r, PD + 4, PT | 7, 4);
    put(&t->r, ENTRY, FRAME | 7, 4);
    const struct region *ram = physmap_find(&t->r.m->map, 0);
    memobj_add_code(&t->r.m->map, ram->obj, ENTRY, 4);
    memcpy(t->ram, ram->obj->host, sizeof t->ram);
    t->count = mmu_export(&t->r.v->mmu, t->words, COUNT(t->words));
    assert_true(t->count <= COUNT(t->words));
    return 0;
}

static int try_end(void **state)
{
    struct tried *t = *state;
    rig_free(&t->r);
    free(t);
    return 0;
}

static void expect_untouched(struct tried *t)
{
    static u64 now[COUNT(t->words)];
    assert_memory_equal(physmap_find(&t->r.m->map, 0)->obj->host, t->ram, sizeof t->ram);
    assert_int_equal(mmu_export(&t->r.v->mmu, now, COUNT(now)), t->count);
    assert_memory_equal(now, t->words, 8 * t->count);
}

static void expect_entries(struct tried *t, u32 pde, u32 pte)
{
    assert_int_equal(peek(&t->r, PD + 4, 4) & 0xff, pde);
    assert_int_equal(peek(&t->r, ENTRY, 4) & 0xff, pte);
}

static void test_tries(void **state)
{
    struct tried *t = *state;
    struct mmu *u = &t->r.v->mmu;
    u64 hits = u->stats.code_hits;
    assert_int_equal(mmu_try_read(u, VA, 4, K, 0, 0, &t->val), MMU_SYNC);
    assert_int_equal(mmu_try_write(u, VA, 4, K, 0, 0, &t->val), MMU_SYNC);
    assert_int_equal(mmu_try_probe(u, VA, 4, MMU_READ, K, 0, 0), MMU_SYNC);
    assert_int_equal(mmu_try_probe(u, VA, 4, MMU_WRITE, K, 0, 0), MMU_SYNC);
    assert_int_equal(mmu_try_probe_range(u, VA, 64, MMU_READ, K, 0, 0), MMU_SYNC);
    assert_int_equal(mmu_try_probe_range(u, VA, 64, MMU_WRITE, K, 0, 0), MMU_SYNC);
    assert_int_equal(t->val, 0);
    assert_int_equal(u->stats.code_hits, hits);
    expect_untouched(t);
    assert_int_equal(mmu_read(u, VA, 4, K, 0, 0, &t->val), MMU_SYNC); /* done, and the entry was changed */
    assert_int_equal(t->val, 0x11223344);
    expect_entries(t, 0x27, 0x27);
    assert_int_equal(mmu_read(u, VA, 4, K, 0, 0, &t->val), MMU_OK);
}

/* A read's entry stays in the TLB when a write that would set the dirty bit is only tried. */
static void test_try_upgrade(void **state)
{
    struct tried *t = *state;
    struct mmu *u = &t->r.v->mmu;
    assert_int_equal(mmu_probe(u, VA, 4, MMU_READ, K, 0, 0), MMU_SYNC);
    expect_entries(t, 0x27, 0x27);
    u64 walks = u->stats.walks;
    memobj_add_code(&t->r.m->map, physmap_find(&t->r.m->map, 0)->obj, ENTRY, 4);
    assert_int_equal(mmu_try_write(u, VA, 4, K, 0, 0, &t->val), MMU_SYNC);
    assert_int_equal(mmu_try_probe_range(u, VA, 4, MMU_WRITE, K, 0, 0), MMU_SYNC);
    assert_int_equal(u->stats.walks, walks + 2);
    expect_entries(t, 0x27, 0x27);
    assert_non_null(mmu_fast_read(u, K, VA, 4));
    assert_int_equal(mmu_try_read(u, VA, 4, K, 0, 0, &t->val), MMU_OK);
    assert_int_equal(t->val, 0x11223344);
    assert_int_equal(u->stats.walks, walks + 2);
    t->val = 5;
    assert_int_equal(mmu_write(u, VA, 4, K, 0, 0, &t->val), MMU_SYNC);
    expect_entries(t, 0x27, 0x67);
    assert_int_equal(peek(&t->r, FRAME + 0x10, 4), 5);
}

/* What cannot be done is a fault, code or not, and a refused write still drops the entry. */
static void test_try_faults(void **state)
{
    struct tried *t = *state;
    struct mmu *u = &t->r.v->mmu;
    assert_int_equal(mmu_try_read(u, PAGE + 0x1000, 4, K, 0, 0, &t->val), MMU_FAULTED);
    assert_int_equal(mmu_try_read(u, PAGE - 2, 4, K, 0, 0, &t->val), MMU_FAULTED);
    expect_untouched(t);
    put(&t->r, ENTRY, FRAME | 5, 4);
    memobj_add_code(&t->r.m->map, physmap_find(&t->r.m->map, 0)->obj, ENTRY, 4);
    assert_int_equal(mmu_try_write(u, PAGE, 4, K, 0, 0, &t->val), MMU_FAULTED);
    expect_entries(t, 7, 5);
    assert_int_equal(mmu_read(u, PAGE, 4, K, 0, 0, &t->val), MMU_SYNC);
    assert_int_equal(mmu_try_write(u, PAGE, 4, K, 0, 0, &t->val), MMU_FAULTED);
    assert_null(mmu_fast_read(u, K, PAGE, 4));
}

/* An atomic's address is good at once, and the instruction the last of its block. */
static void test_atomic(void **state)
{
    struct tried *t = *state;
    bool sync = false;
    enum mmu_result res;
    u8 *p = mmu_atomic(&t->r.v->mmu, VA, 4, K, 0, &sync, &res);
    assert_non_null(p);
    assert_true(sync);
    expect_entries(t, 0x27, 0x67);
    assert_ptr_equal(mmu_atomic(&t->r.v->mmu, VA, 4, K, 0, &sync, &res), p);
    assert_false(sync);
}

#define TRY(test) cmocka_unit_test_setup_teardown(test, try_begin, try_end)
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases), cmocka_unit_test(test_nowhere), cmocka_unit_test(test_long),
        TRY(test_tries),              TRY(test_try_upgrade),          TRY(test_try_faults),
        TRY(test_atomic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
