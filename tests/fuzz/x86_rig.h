/*
 * x86_rig.h - a small PC for random programs: where things are, and how it is loaded. Private to x86_*.c.
 *
 * RAM is 272 pages from 0: vectors and descriptor tables, handlers, stacks, two pages of code, data, page tables.
 * Linear addresses in 4 MB steps: [0] RAM for the supervisor; [1] RAM for users; [2] RAM for the supervisor as one
 * large page; [3] data, a page of each kind. 64-bit programs see all of it at XF_HIGH again. Two sets of tables for
 * each kind of paging (32-bit, PAE, IA-32e) differ in one page.
 */
#pragma once
#include "frontend/x86/cpu.h"
#include "frontend/x86/insn.h"
#include "tests/fuzz/fuzz.h"

#define XF_PAGES      272u
#define XF_REAL       0x500u       /* 16-bit handlers, in the page of the real-mode vectors */
#define XF_GDT        0x1000u
#define XF_LDT        0x1800u
#define XF_IDT64      0x2000u
#define XF_IDT32      0x3000u
#define XF_TSS64      0x3800u      /* each has its bitmap behind it */
#define XF_TSS32      0x3900u
#define XF_TSS_DF     0x3a00u      /* of the task that gets double faults outside IA-32e mode */
#define XF_TSS_LIMIT  0x88u
#define XF_HANDLERS   0x4000u
#define XF_IST        0x5400u      /* tops of stacks: IST1, 0x200 on for the next ones */
#define XF_KERNEL_SP  0x6000u
#define XF_STACK      0x6000u      /* two pages: of programs */
#define XF_CODE       0x8000u
#define XF_CODE_BYTES (2 * PAGE_SIZE)
#define XF_DATA_FRAME 10u
#define XF_TABLES     32u          /* first frame of page tables */
#define XF_IO         0x00300000u
#define XF_NOWHERE    0x00200000u
#define XF_STEP       0x400000u
#define XF_DATA       (3 * XF_STEP)
#define XF_HIGH       0xffff800000000000ull

/* Pages from XF_DATA on. */
enum xf_page {
    XF_RW0, XF_RW1, XF_SUP, XF_RW2, XF_RW3, XF_RO, XF_SUP_RO, XF_NONE, XF_NO_A, XF_UNCACHED, XF_MMIO, XF_ALIAS,
    XF_BY_TABLE, XF_NOTHING, XF_TABLE, XF_CODE_RW, XF_NX, XF_GLOBAL, XF_DATA_PAGES
};
enum xf_view { XF_FLAT, XF_USER, XF_LARGE, XF_VIEWS };
enum xf_paging { XF_PG_NONE, XF_PG_32, XF_PG_PAE, XF_PG_LONG };
static inline u64 xf_view(enum xf_view w) { return (u64)w * XF_STEP; }
u64 xf_cr3(enum xf_paging p, u32 table);
u64 xf_pdpte(u32 table); /* the first one of PAE paging, the others are zero */
u64 xf_data_entry(enum xf_page p, u32 table);          /* of the last level; 32-bit tables have its low half */
/* The physical, and flat, address of the entry of a page. */
enum xf_area { XF_AREA_FLAT, XF_AREA_USER, XF_AREA_DATA };
u64 xf_entry_at(enum xf_paging p, enum xf_area a, u32 page, u32 table);

/* Selectors; RPL 0. Those for users: | 3. */
enum {
    XF_CS64 = 0x08, XF_DS = 0x10, XF_UCS32 = 0x18, XF_UDS = 0x20, XF_UCS64 = 0x28, XF_CS32 = 0x30, XF_CS16 = 0x38,
    XF_DS16 = 0x40, XF_UCS16 = 0x48, XF_UDS_BASED = 0x50, XF_UDS_RO = 0x58, XF_UDS_DOWN = 0x60, XF_CONFORMING = 0x68,
    XF_ABSENT = 0x70, XF_SEL_TSS64 = 0x78, XF_SEL_TSS32 = 0x88, XF_SEL_TSS_DF = 0x90, XF_SEL_LDT = 0x98,
    XF_GATE = 0xa8, XF_GATE64 = 0xb0, XF_TASK_GATE = 0xc0, XF_UDS16 = 0xc8, XF_CS32_BASED = 0xd0, XF_DS_BASED = 0xd8,
    XF_UCS32_LOW = 0xe0, XF_GATE16 = 0xe8, XF_SEL_END = 0xf0
};
/* Handlers read the address to return to from these ports. */
enum { XF_PORT = 0xe0, XF_PORT_SKIP = 1 /* behind the instruction */, XF_PORT_CODE = 2 /* there is an error code */ };
enum { XF_HANDLER_BYTES = 32, XF_HANDLER_64 = 0, XF_HANDLER_32 = 4, XF_HANDLER_TASK = 8, XF_HANDLER_GATE = 9 };
void xf_make_image(u8 *image);                         /* XF_PAGES pages of RAM without a program */
void xf_put_gate(u8 *to, u32 vector, bool wide, u32 sel, u64 off, u32 type, u32 dpl, u32 ist);
/* Segment bases and sizes as xf_make_image() makes them. */
u64 xf_sel_base(u32 sel);
void xf_segment(struct x86_state *s, u32 seg, u32 sel);

enum xf_kind { XF_LONG0, XF_LONG3, XF_COMPAT3, XF_PM0, XF_PM3, XF_PM16, XF_PM16_3, XF_REAL_MODE, XF_V86, XF_KINDS };

#define XF_BYTES 1400u
#define XF_INSNS 256u
#define XF_INSN_BYTES 16u /* more than any has */
#define XF_GATES 48u
struct xf_prog {
    u64              seed;
    enum xf_kind     kind;
    u32              at;                 /* of the first byte in the two pages of code */
    u32              count;              /* instructions */
    u16              start[XF_INSNS + 1]; /* where they begin, from the first one; the last one ends */
    u8               byte[XF_BYTES];
    u16              gate[XF_GATES];     /* 0: the handler; else the vector leads to the program, so many bytes in */
    u8               ist[XF_GATES];
    struct x86_state s;
    u64              pc;
    struct fuzz_plan plan;
};

/* What can be seen of a run besides state, memory and struct vcpu_state. */
struct xf_seen {
    u64 trace, events;
    u64 io;
};

struct xf_rig {
    struct machine    *m;
    struct vcpu       *v;
    struct memobj     *ram;
    struct guest       guest; /* x86 whose exceptions leave a trace */
    struct sysreg_port port;
    struct xf_seen     seen;
    struct machine_state begin;
    u64                home;  /* where the program begins in the code pages */
};
struct xf_rig *xf_rig_new(const struct engine *en, struct err *e);
void xf_rig_free(struct xf_rig *g); /* NULL is fine */
void xf_rig_load(struct xf_rig *g, const struct xf_prog *p, const u8 *image);
/* The bytes at a linear address in the pages of code, at most 15: their number. Looking changes nothing. */
u32 xf_fetch(const struct xf_rig *g, gva pc, u8 bytes[16]);
