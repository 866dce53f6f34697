/*
 * x86_image.c - what is in the RAM of the PC for random programs: page tables, descriptors, task states, handlers.
 */
#include "tests/fuzz/x86_rig.h"
#include <string.h>

/* ---- page tables, by frame from XF_TABLES on ---- */

enum { PML4_A, PDPT_A, PD_A, PML4_B, PDPT_B, PD_B, PT_FLAT, PT_USER, PT_DATA_A, PT_DATA_B, PAE_A, PAE_B, D32_A, D32_B,
       T32_FLAT, T32_USER, T32_DATA_A, T32_DATA_B, TABLES };
enum { P = 1, W = 2, U = 4, PCD = 16, A = 32, D = 64, PS = 128, G = 256 };
#define NX (1ull << 63)

static u64 frame(u32 page) { return (u64)page * PAGE_SIZE; }
static u64 table(u32 n) { return frame(XF_TABLES + n); }

u64 xf_cr3(enum xf_paging p, u32 t)
{
    static const u8 first[4][2] = { { 0, 0 }, { D32_A, D32_B }, { PAE_A, PAE_B }, { PML4_A, PML4_B } };
    return p == XF_PG_NONE ? 0 : table(first[p][t]);
}

u64 xf_pdpte(u32 t) { return table(t ? PD_B : PD_A) | P; }

u64 xf_entry_at(enum xf_paging p, enum xf_area a, u32 page, u32 t)
{
    static const u8 wide[] = { PT_FLAT, PT_USER, PT_DATA_A }, narrow[] = { T32_FLAT, T32_USER, T32_DATA_A };
    u32 n = (p == XF_PG_32 ? narrow[a] : wide[a]) + (a == XF_AREA_DATA ? t : 0);
    return table(n) + page * (p == XF_PG_32 ? 4 : 8);
}

u64 xf_data_entry(enum xf_page p, u32 t)
{
    u64 own = frame(XF_DATA_FRAME + p), plain = P | W | U | A | D;
    switch (p) {
    case XF_SUP:      return own | (plain & ~(u64)U);
    case XF_RO:       return own | (plain & ~(u64)(W | D));
    case XF_SUP_RO:   return own | P | A;
    case XF_NONE:     return own | W | U;
    case XF_NO_A:     return own | P | W | U;
    case XF_UNCACHED: return own | plain | PCD;
    case XF_MMIO:     return XF_IO | plain | PCD;
    case XF_ALIAS:    return frame(XF_DATA_FRAME + XF_RW0) | plain;
    case XF_BY_TABLE: return frame(XF_DATA_FRAME + XF_BY_TABLE + t) | plain; /* the frame of XF_NOTHING is free */
    case XF_NOTHING:  return XF_NOWHERE | plain;
    case XF_TABLE:    return table(PT_DATA_A + t) | P | W | A; /* 32-bit paging: its own */
    case XF_CODE_RW:  return XF_CODE | plain;
    case XF_NX:       return own | plain | NX;
    case XF_GLOBAL:   return own | plain | G;
    default:          return own | plain;
    }
}


static void put64(u8 *image, u32 t, u32 index, u64 entry) { store_le64(image + table(t) + 8 * index, entry); }
static void put32(u8 *image, u32 t, u32 index, u64 entry) { store_le32(image + table(t) + 4 * index, (u32)entry); }

static void put_wide(u8 *image, u32 t)
{
    u32 pml4 = t ? PML4_B : PML4_A, pd = pml4 + 2;
    put64(image, pml4, 0, table(pml4 + 1) | P | W | U | A);
    put64(image, pml4, 256, table(pml4 + 1) | P | W | U | A);
    put64(image, pml4 + 1, 0, table(pd) | P | W | U | A);
    put64(image, t ? PAE_B : PAE_A, 0, table(pd) | P);
    put64(image, pd, 0, table(PT_FLAT) | P | W | U | A);
    put64(image, pd, 2, table(PT_USER) | P | W | U);
    put64(image, pd, 4, P | W | PS | (t ? A | D : 0));
    put64(image, pd, 6, table(PT_DATA_A + t) | P | W | U);
    for (u32 i = 0; i < XF_DATA_PAGES; i++)
        put64(image, PT_DATA_A + t, i, xf_data_entry((enum xf_page)i, t));
}

static void put_narrow(u8 *image, u32 t)
{
    u32 d = D32_A + t;
    put32(image, d, 0, table(T32_FLAT) | P | W | U | A);
    put32(image, d, 1, table(T32_USER) | P | W | U);
    put32(image, d, 2, P | W | PS | (t ? A | D : 0));
    put32(image, d, 3, table(T32_DATA_A + t) | P | W | U);
    for (u32 i = 0; i < XF_DATA_PAGES; i++)
        put32(image, T32_DATA_A + t, i, xf_data_entry((enum xf_page)i, t));
    put32(image, T32_DATA_A + t, XF_TABLE, table(T32_DATA_A + t) | P | W | A);
}

static void put_tables(u8 *image)
{
    for (u32 t = 0; t < 2; t++) {
        put_wide(image, t);
        put_narrow(image, t);
    }
    for (u32 i = 0; i < XF_PAGES; i++) {
        put64(image, PT_FLAT, i, frame(i) | P | W | (i % 3 ? A | D : 0) | (i % 5 ? 0 : G));
        put64(image, PT_USER, i, frame(i) | P | W | U | (i % 3 ? A | D : 0));
        put32(image, T32_FLAT, i, frame(i) | P | W | (i % 3 ? A | D : 0) | (i % 5 ? 0 : G));
        put32(image, T32_USER, i, frame(i) | P | W | U | (i % 3 ? A | D : 0));
    }
}

/* ---- descriptors ---- */

struct segment {
    u16 sel, attr;
    u32 base, limit;
};
enum { CODE = 0x9b, DATA = 0x93, USER = 0x60, BIG = 0x4000, LONG = 0x2000, PAGES = 0x8000 }; /* as in seg_attr */
static const struct segment segments[] = {
    { XF_CS64, CODE | LONG | PAGES, 0, 0xfffff },
    { XF_DS, DATA | BIG | PAGES, 0, 0xfffff },
    { XF_UCS32, CODE | USER | BIG | PAGES, 0, 0xfffff },
    { XF_UDS, DATA | USER | BIG | PAGES, 0, 0xfffff },
    { XF_UCS64, CODE | USER | LONG | PAGES, 0, 0xfffff },
    { XF_CS32, CODE | BIG | PAGES, 0, 0xfffff },
    { XF_CS16, CODE, 0, 0xffff },
    { XF_DS16, DATA, 0, 0xffff },
    { XF_UCS16, CODE | USER, XF_USER * XF_STEP, 0xffff },
    { XF_UDS_BASED, DATA | USER | BIG, XF_DATA, 0x47ff },
    { XF_UDS_RO, (0x90 | USER | BIG | PAGES), 0, 0xfffff }, /* not yet accessed */
    { XF_UDS_DOWN, 0x97 | USER | BIG, 0, 0xfff },
    { XF_CONFORMING, 0x9e | BIG | PAGES, 0, 0xfffff },
    { XF_ABSENT, 0x13 | USER | BIG | PAGES, 0, 0xfffff },
    { XF_SEL_TSS64, 0x89, XF_TSS64, XF_TSS_LIMIT },
    { XF_SEL_TSS32, 0x89, XF_TSS32, XF_TSS_LIMIT },
    { XF_SEL_TSS_DF, 0x89, XF_TSS_DF, XF_TSS_LIMIT },
    { XF_SEL_LDT, 0x82, XF_LDT, 0x3f },
    { XF_UDS16, DATA | USER, XF_USER * XF_STEP, 0xffff },
    { XF_CS32_BASED, CODE | BIG, XF_CODE, XF_CODE_BYTES - 1 },
    { XF_DS_BASED, DATA | BIG | PAGES, 0xa001, 0x10 },
    { XF_UCS32_LOW, CODE | USER | BIG, XF_USER * XF_STEP, 0xffff },
};

u64 xf_sel_base(u32 sel)
{
    for (u32 i = 0; i < COUNT(segments); i++)
        if (segments[i].sel == (sel & 0xfffc))
            return segments[i].base;
    return 0;
}

void xf_segment(struct x86_state *s, u32 seg, u32 sel)
{
    for (u32 i = 0; i < COUNT(segments); i++) {
        const struct segment *d = &segments[i];
        if (d->sel != (sel & 0xfffc))
            continue;
        s->seg_sel[seg] = (u16)sel;
        s->seg_attr[seg] = d->attr | (seg == X86_TR ? 2 : seg == X86_LDTR ? 0 : 1); /* busy; accessed */
        s->seg_base[seg] = d->base;
        s->seg_limit[seg] = d->attr & PAGES ? d->limit << 12 | 0xfff : d->limit;
    }
}

static void put_segment(u8 *to, const struct segment *s)
{
    u64 v = (s->limit & 0xffff) | (u64)(s->base & 0xffffff) << 16 | (u64)s->attr << 40
            | (u64)(s->limit >> 16 & 15) << 48 | (u64)(s->base >> 24) << 56;
    store_le64(to, v);
}

/* Gates of the IDT (type 6, 7, 14, 15), call gates (4, 12), task gates (5). */
void xf_put_gate(u8 *to, u32 vector, bool wide, u32 sel, u64 off, u32 type, u32 dpl, u32 ist)
{
    u8 *at = to + vector * (wide ? 16 : 8);
    store_le64(at, (off & 0xffff) | (u64)sel << 16 | (u64)ist << 32 | (u64)(0x80 | dpl << 5 | type) << 40
                       | (off >> 16 & 0xffff) << 48);
    if (wide)
        store_le64(at + 8, off >> 32);
}

static void put_descriptors(u8 *image)
{
    for (u32 i = 0; i < COUNT(segments); i++)
        put_segment(image + XF_GDT + segments[i].sel, &segments[i]);
    u32 at = XF_HANDLERS + XF_HANDLER_GATE * XF_HANDLER_BYTES;
    xf_put_gate(image + XF_GDT + XF_GATE, 0, false, XF_CS32, at, 12, 3, 0);
    xf_put_gate(image + XF_GDT + XF_GATE64, 0, true, XF_CS64, at + XF_HANDLER_BYTES, 12, 3, 0);
    xf_put_gate(image + XF_GDT + XF_TASK_GATE, 0, false, XF_SEL_TSS_DF, 0, 5, 3, 0);
    xf_put_gate(image + XF_GDT + XF_GATE16, 0, false, XF_CS16, at + 2 * XF_HANDLER_BYTES, 4, 3, 2);
    for (u32 i = 0; i < 8; i++) { /* the local table: data of all sorts */
        struct segment s = { 0, (u16)(DATA | USER | BIG | (i & 1 ? PAGES : 0)), i * 0x1000, 0x8000 >> i };
        put_segment(image + XF_LDT + 8 * i, &s);
    }
}

/* ---- task states ---- */

static void put_tss(u8 *image)
{
    u8 *wide = image + XF_TSS64, *t = image + XF_TSS32, *df = image + XF_TSS_DF;
    store_le64(wide + 4, XF_KERNEL_SP);
    for (u32 i = 0; i < 7; i++)
        store_le64(wide + 36 + 8 * i, XF_IST + 0x180 * (i % 3));
    store_le16(wide + 102, 104);
    store_le32(t + 4, XF_KERNEL_SP);
    store_le32(t + 8, XF_DS);
    store_le16(t + 102, 104);
    store_le32(df + 0x1c, 0); /* CR3: put there when a program is loaded */
    store_le32(df + 0x20, XF_HANDLERS + XF_HANDLER_TASK * XF_HANDLER_BYTES);
    store_le32(df + 0x24, 2);
    store_le32(df + 0x38, XF_IST);
    store_le32(df + 0x4c, XF_CS32);
    for (u32 i = 0x48; i <= 0x5c; i += 4)
        if (i != 0x4c)
            store_le32(df + i, XF_DS);
    store_le16(df + 102, 104);
    for (u32 i = 0; i < 32; i++) /* every fourth group of ports is closed */
        wide[104 + i] = t[104 + i] = df[104 + i] = i % 4 == 3 ? 0xff : 0;
    wide[136] = t[136] = df[136] = 0xff;
}

/* ---- handlers: where to return to is read from a port ---- */

static void bytes(u8 *image, u32 slot, const char *code, u32 n)
{
    memcpy(image + XF_HANDLERS + slot * XF_HANDLER_BYTES, code, n);
}
#define BYTES(slot, code) bytes(image, slot, code, sizeof code - 1)

static void put_handlers(u8 *image)
{
    /* PUSH rAX; IN eAX, port; MOV [rSP + 8 or 16], rAX; POP rAX; ADD rSP, 8; IRET */
    BYTES(0, "\x50\xe5\xe0\x48\x89\x44\x24\x08\x58\x48\xcf");
    BYTES(1, "\x50\xe5\xe1\x48\x89\x44\x24\x08\x58\x48\xcf");
    BYTES(2, "\x50\xe5\xe2\x48\x89\x44\x24\x10\x58\x48\x83\xc4\x08\x48\xcf");
    BYTES(3, "\x50\xe5\xe3\x48\x89\x44\x24\x10\x58\x48\x83\xc4\x08\x48\xcf");
    BYTES(4, "\x50\xe5\xe0\x89\x44\x24\x04\x58\xcf");
    BYTES(5, "\x50\xe5\xe1\x89\x44\x24\x04\x58\xcf");
    BYTES(6, "\x50\xe5\xe2\x89\x44\x24\x08\x58\x83\xc4\x04\xcf");
    BYTES(7, "\x50\xe5\xe3\x89\x44\x24\x08\x58\x83\xc4\x04\xcf");
    /* The task of double faults: the other one gets a good stack. POP EAX (error code); MOV DWORD [TSS + ESP], ...;
     * IRET; JMP to the start. */
    BYTES(8, "\x58\x36\xc7\x05\x38\x39\x00\x00\x00\x60\x00\x00\xcf\xeb\xf1");
    BYTES(9, "\xff\x44\x24\x0c\xcb");             /* INC [ESP+12]; RETF */
    BYTES(10, "\x48\xcb");                         /* RETFQ */
    BYTES(11, "\xca\x04\x00");                    /* 16 bits: RETF 4 */
    /* 16 bits, at XF_REAL: PUSH AX; IN AX, port; PUSH BP; MOV BP, SP; MOV [BP+4], AX; POP BP; POP AX; IRET */
    memcpy(image + XF_REAL, "\x50\xe5\xe0\x55\x89\xe5\x89\x46\x04\x5d\x58\xcf", 12);
    memcpy(image + XF_REAL + 16, "\x50\xe5\xe1\x55\x89\xe5\x89\x46\x04\x5d\x58\xcf", 12);
}

void xf_make_image(u8 *image)
{
    struct fuzz_rng r = { 20261121 };
    memset(image, 0, XF_PAGES * PAGE_SIZE);
    put_tables(image);
    put_descriptors(image);
    put_tss(image);
    put_handlers(image);
    for (u32 at = XF_DATA_FRAME * PAGE_SIZE; at < (XF_DATA_FRAME + XF_DATA_PAGES) * PAGE_SIZE; at += 16) {
        u64 v[2];
        fuzz_vector(&r, v);
        memcpy(image + at, v, 16);
    }
}
