/*
 * x86_compare.h - host against guest, and what is left out of it: tests/vectors/x86_masks.txt.
 *
 * A line: pattern of row names | what | reason. What is a list of words:
 *   none          the row is not run on the host
 *   AF=? AF=0     this flag is not compared; has to be this; AF=old: as it was before
 *   ZF=low        ZF, SF, PF have to be as of the result (the low half of a product, AL)
 *   count         the words behind it count only where a shift's masked count is not 0
 *   count>1       ... is more than 1
 *   count>=size   ... is the operand's width in bits or more
 *   count>size    ... is larger than that
 *   other         ... on hosts of other vendors than the one the model follows
 *   misaligned    ... where the memory operand is not aligned to its size
 *   exception     ... where the host raises one
 *   unmasked      ... where FSW.ES is set behind it on the host
 *   op16, op32    ... by operand size (32: and 64)
 *   w32           ... with VEX.W outside 64-bit mode
 *   skip          nothing is compared
 *   gpr, memory, x87, code, cr2  general registers, memory, x87 registers, error code, the page fault's address are
 *                 not compared
 *   mem:A+N       N bytes of the memory operand from offset A on are not compared
 *   fsw:X         bits of the x87 status word (hexadecimal) are not compared
 *   near32        vector registers: numbers of 32 bits, relative error at most 3 * 2^-12
 *   near80        ST(0), ST(1): the significand to 3 units in the last place
 */
#pragma once
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>

#include "tests/vectors/x86_gen.h"

enum { XV_RULES = 200, XV_FLAGS = X86_FL_ARITH | X86_FL_DF | X86_FL_AC | X86_FL_ID | X86_FL_IF };

struct xv_rule { char pattern[48], what[80], reason[120]; };
struct xv_masks {
    struct xv_rule rules[XV_RULES];
    u32            count;
    bool           ldt;      /* the host has 16-bit segments */
    bool           other;    /* the host is not of the vendor that the model follows */
};

/* What the rules leave to be compared for one vector. */
struct xv_view {
    u64  flags;              /* bits compared with the host */
    u64  model_mask, model;  /* bits that must be so */
    bool low;                /* SZP of the result */
    bool skip, gpr, memory, x87, code, cr2;
    u16  fsw;
    bool near32, near80;
    struct { u32 at, size; } mem[8];
    u32  mem_count;
};

/* ---- the file ---- */

static inline char *masks_trim(char *s)
{
    while (*s == ' ')
        s++;
    for (size_t n = strlen(s); n && (s[n - 1] == ' ' || s[n - 1] == '\n'); n--)
        s[n - 1] = 0;
    return s;
}

static inline bool masks_add(struct xv_masks *m, char *line)
{
    char *part[3];
    if (*masks_trim(line) == '#' || !*masks_trim(line))
        return true;
    for (u32 k = 0; k < 3; k++)
        part[k] = strtok(k ? NULL : line, "|");
    if (!part[2] || m->count == XV_RULES)
        return false;
    struct xv_rule *r = &m->rules[m->count++];
    snprintf(r->pattern, sizeof r->pattern, "%s", masks_trim(part[0]));
    snprintf(r->what, sizeof r->what, "%s", masks_trim(part[1]));
    snprintf(r->reason, sizeof r->reason, "%s", masks_trim(part[2]));
    return *r->reason;
}

static inline bool xv_masks_load(struct xv_masks *m, const char *path)
{
    char line[400];
    u32 ignored, regs[3] = { 0 };
    FILE *f = fopen(path, "r");
    bool ok = f;
    while (ok && fgets(line, sizeof line, f))
        if (!masks_add(m, line)) {
            printf("%s: no rule: %s\n", path, line);
            ok = false;
        }
    if (f)
        fclose(f);
    else
        printf("%s cannot be read\n", path);
    m->other = __get_cpuid(0, &ignored, &regs[0], &regs[1], &regs[2]) && regs[0] != 0x68747541; /* "Auth" */
    return ok;
}

static inline const char *xv_masks_not_run(const struct xv_masks *m, const char *row)
{
    for (u32 k = 0; k < m->count; k++)
        if (!strcmp(m->rules[k].what, "none") && !fnmatch(m->rules[k].pattern, row, 0))
            return m->rules[k].reason;
    return NULL;
}

/* ---- rules that fit ---- */

static inline u32 view_count(const struct xv_case *c)
{
    const struct x86_insn *i = &c->insn;
    const struct x86_op *o = &i->op[i->row->operand_count ? i->row->operand_count - 1 : 0];
    u64 n = o->kind == X86_K_IMM ? i->imm : c->regs.gpr[X86_RCX];
    return n & (i->op[0].size == 8 ? 63 : 31);
}

static inline bool view_flag(struct xv_view *v, const struct xv_case *c, const char *word)
{
    static const struct { char name[3]; u32 bit; } flags[] = {
        { "CF", X86_FL_CF }, { "PF", X86_FL_PF }, { "AF", X86_FL_AF },
        { "ZF", X86_FL_ZF }, { "SF", X86_FL_SF }, { "OF", X86_FL_OF },
    };
    for (u32 k = 0; k < COUNT(flags); k++) {
        if (strncmp(word, flags[k].name, 2) || word[2] != '=')
            continue;
        v->flags &= ~(u64)flags[k].bit;
        if (!strcmp(word + 3, "low"))
            v->low = true;
        else if (!strcmp(word + 3, "old"))
            v->model_mask |= flags[k].bit, v->model |= c->regs.flags & flags[k].bit;
        else if (word[3] != '?')
            v->model_mask |= flags[k].bit, v->model |= word[3] == '1' ? flags[k].bit : 0;
        return true;
    }
    return false;
}

/* False: the rest of the words does not count. */
static inline bool view_word(struct xv_view *v, const struct xv_masks *m, const struct xv_case *c,
                             const struct xv_regs *host, const char *word)
{
    u32 a, n;
    if (!strcmp(word, "count"))
        return view_count(c);
    if (!strcmp(word, "count>1"))
        return view_count(c) > 1;
    if (!strcmp(word, "count>=size"))
        return view_count(c) >= 8u * c->insn.op[0].size;
    if (!strcmp(word, "count>size"))
        return view_count(c) > 8u * c->insn.op[0].size;
    if (!strcmp(word, "other"))
        return m->other;
    if (!strcmp(word, "misaligned"))
        return c->size && c->at % c->size;
    if (!strcmp(word, "exception"))
        return host->vector >= 0;
    if (!strcmp(word, "unmasked"))
        return host->fsw & 0x80;
    if (!strcmp(word, "op16") || !strcmp(word, "op32"))
        return (c->insn.opsize == 2) == (word[2] == '1');
    if (!strcmp(word, "w32"))
        return c->insn.w && c->seg.bits != 64;
    if (sscanf(word, "mem:%u+%u", &a, &n) == 2 && v->mem_count < COUNT(v->mem)) {
        v->mem[v->mem_count].at = a;
        v->mem[v->mem_count++].size = n;
    } else if (sscanf(word, "fsw:%x", &a) == 1) {
        v->fsw &= (u16)~a;
    } else if (!view_flag(v, c, word)) {
        v->skip |= !strcmp(word, "skip");
        v->gpr |= !strcmp(word, "gpr");
        v->memory |= !strcmp(word, "memory");
        v->x87 |= !strcmp(word, "x87");
        v->cr2 |= !strcmp(word, "cr2");
        v->code |= !strcmp(word, "code");
        v->near32 |= !strcmp(word, "near32");
        v->near80 |= !strcmp(word, "near80");
    }
    return true;
}

static inline struct xv_view view_of(const struct xv_masks *m, const struct xv_case *c,
                                     const struct xv_regs *host)
{
    struct xv_view v = { .flags = XV_FLAGS, .fsw = 0xffff };
    for (u32 k = 0; k < m->count; k++) {
        char what[80], *save = NULL;
        if (fnmatch(m->rules[k].pattern, c->row->name, 0))
            continue;
        snprintf(what, sizeof what, "%s", m->rules[k].what);
        const char *word = strtok_r(what, " ", &save);
        while (word && view_word(&v, m, c, host, word))
            word = strtok_r(NULL, " ", &save);
    }
    return v;
}

/* ---- comparing ---- */

struct xv_text { char text[200]; };

static inline bool differ(struct xv_text *t, const char *name, u64 host, u64 guest)
{
    snprintf(t->text, sizeof t->text, "%s: host %#llx, guest %#llx", name, (unsigned long long)host,
             (unsigned long long)guest);
    return false;
}

static inline bool same_gprs(const struct xv_case *c, const struct xv_regs *h, const struct xv_regs *g,
                             struct xv_text *t)
{
    static const char *const names[16] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                           "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15" };
    u64 mask = c->seg.bits == 64 ? ~0ull : 0xffffffff;
    for (u32 k = 0; k < (c->seg.bits == 64 ? 16u : 8u); k++)
        if ((h->gpr[k] ^ g->gpr[k]) & mask)
            return differ(t, names[k], h->gpr[k] & mask, g->gpr[k] & mask);
    if (h->fs != g->fs)
        return differ(t, "FS base", h->fs, g->fs);
    return h->gs == g->gs ? true : differ(t, "GS base", h->gs, g->gs);
}

static inline bool same_event(const struct xv_view *v, const struct xv_regs *h, const struct xv_regs *g,
                              struct xv_text *t)
{
    if (h->vector != g->vector)
        return differ(t, "exception", (u64)(i64)h->vector, (u64)(i64)g->vector);
    if (h->ip != g->ip)
        return differ(t, "ip", h->ip, g->ip);
    if (!v->cr2 && h->cr2 != g->cr2)
        return differ(t, "cr2", h->cr2, g->cr2);
    return v->code || h->code == g->code ? true : differ(t, "error code", h->code, g->code);
}

/* ZF, SF and PF of the low half of a product (MUL and IMUL), of AL (AAA, AAS). */
static inline u64 model_low(const struct xv_case *c, const struct xv_regs *g)
{
    const struct x86_op *o = &c->insn.op[0];
    u32 size = c->row->operand_count ? o->size : 1;
    u64 v = gen_cut(g->gpr[c->row->operand_count < 2 ? X86_RAX : o->reg], size);
    return (v ? 0 : X86_FL_ZF) | (v >> (8 * size - 1) ? X86_FL_SF : 0)
           | (__builtin_parity((u8)v) ? 0 : X86_FL_PF);
}

static inline bool same_flags(const struct xv_case *c, struct xv_view *v, const struct xv_regs *h,
                              const struct xv_regs *g,
                              struct xv_text *t)
{
    if (v->low) {
        v->model_mask |= X86_FL_ZF | X86_FL_SF | X86_FL_PF;
        v->model = (v->model & ~(u64)(X86_FL_ZF | X86_FL_SF | X86_FL_PF)) | model_low(c, g);
    }
    if ((h->flags ^ g->flags) & v->flags)
        return differ(t, "flags", h->flags & XV_FLAGS, g->flags & XV_FLAGS);
    if (h->vector < 0 && (g->flags & v->model_mask) != v->model)
        return differ(t, "flags of the model", v->model, g->flags & v->model_mask);
    return true;
}

static inline bool near_f32(u32 a, u32 b)
{
    float x, y;
    memcpy(&x, &a, 4);
    memcpy(&y, &b, 4);
    return a == b || (isfinite(x) && isfinite(y) && fabsf(x - y) <= fabsf(y) * (3.0f / 4096));
}

static inline bool same_vec(const struct xv_view *v, const struct xv_regs *h, const struct xv_regs *g,
                            struct xv_text *t)
{
    for (u32 k = 0; k < 16; k++)
        for (u32 lane = 0; lane < 32; lane += 4) {
            u32 a, b;
            memcpy(&a, h->vec[k] + lane, 4);
            memcpy(&b, g->vec[k] + lane, 4);
            if (a != b && !(v->near32 && near_f32(a, b))) {
                snprintf(t->text, sizeof t->text, "xmm%u, byte %u: host %08x, guest %08x", k, lane, a, b);
                return false;
            }
        }
    return h->mxcsr == g->mxcsr ? true : differ(t, "mxcsr", h->mxcsr, g->mxcsr);
}

/* As an integer: the exponent above the fraction. */
static inline i128 order_f80(const u8 *p)
{
    u64 sig;
    u16 se;
    memcpy(&sig, p, 8);
    memcpy(&se, p + 8, 2);
    return (i128)((u128)(se & 0x7fff) << 63 | (sig & ~0ull >> 1));
}

static inline bool near_f80(const u8 *a, const u8 *b)
{
    i128 d = order_f80(a) - order_f80(b);
    return !((a[9] ^ b[9]) & 0x80) && d <= 3 && d >= -3;
}

static inline bool same_x87(const struct xv_view *v, const struct xv_regs *h, const struct xv_regs *g,
                            struct xv_text *t)
{
    if (h->fcw != g->fcw)
        return differ(t, "fcw", h->fcw, g->fcw);
    if ((h->fsw ^ g->fsw) & v->fsw)
        return differ(t, "fsw", h->fsw, g->fsw);
    if (h->ftw != g->ftw)
        return differ(t, "ftw", h->ftw, g->ftw);
    for (u32 k = 0; k < 8; k++)
        if (memcmp(h->st[k], g->st[k], 10) && !(v->near80 && k < 2 && near_f80(h->st[k], g->st[k]))) {
            u64 a, b;
            memcpy(&a, h->st[k], 8);
            memcpy(&b, g->st[k], 8);
            snprintf(t->text, sizeof t->text, "st%u: host %02x%02x %016llx, guest %02x%02x %016llx", k,
                     h->st[k][9], h->st[k][8],
                     (unsigned long long)a, g->st[k][9], g->st[k][8], (unsigned long long)b);
            return false;
        }
    return true;
}

static inline bool same_data(const struct xv_view *v, const struct xv_case *c, const u8 *h, const u8 *g,
                             struct xv_text *t)
{
    if (!memcmp(h, g, XV_LEN))
        return true;
    for (u32 k = 0; k < XV_LEN; k++) {
        bool open = h[k] == g[k];
        for (u32 m = 0; m < v->mem_count && c->size; m++)
            open |= k - (c->at + v->mem[m].at - XV_DATA) < v->mem[m].size;
        if (!open) {
            snprintf(t->text, sizeof t->text, "memory at %#x (operand %+d): host %02x, guest %02x, was %02x",
                     XV_DATA + k,
                     c->size ? (i32)(XV_DATA + k - c->at) : 0, h[k], g[k], c->data[k]);
            return false;
        }
    }
    return true;
}

/* False: of this one the manual leaves everything open. */
static inline bool xv_counts(const struct xv_masks *m, const struct xv_case *c, const struct xv_regs *h)
{
    return !view_of(m, c, h).skip;
}

static inline bool xv_same(const struct xv_masks *m, const struct xv_case *c, const struct xv_regs *h,
                           const struct xv_regs *g,
                           const u8 *host_data, const u8 *guest_data, struct xv_text *t)
{
    struct xv_view v = view_of(m, c, h);
    return same_event(&v, h, g, t) && (v.gpr || same_gprs(c, h, g, t)) && same_flags(c, &v, h, g, t)
           && same_vec(&v, h, g, t) && (v.x87 || same_x87(&v, h, g, t))
           && (v.memory || same_data(&v, c, host_data, guest_data, t));
}
