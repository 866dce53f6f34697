/*
 * softmmu.h - guest memory: the physical map, RAM, and the data TLB.
 *
 * Knows no ISA and no device: page-table walks and MMIO are callbacks. Guest-physical space
 * is a list of regions; RAM and ROM are views of *memory objects*, whose (object, offset)
 * names bytes for good (block keys, dirty pages, snapshots).
 *
 * Ownership: the machine owns the physmap and the memory objects; a vCPU owns its struct mmu
 * (mmu_free before physmap_free).
 * Threads: one thread at a time (SMP with threads comes later).
 */
#pragma once
#include "base/err.h"
#include "base/log.h"

#define PAGE_BITS 12u
#define PAGE_SIZE (1u << PAGE_BITS)
#define PAGE_MASK (~(u64)(PAGE_SIZE - 1))

/* ------------------------------------------------------------------ memory objects ---- */

struct memobj {
    const char *name;   /* snapshot key; borrowed */
    u8         *host;   /* anonymous private memory, page aligned */
    u64         size;   /* bytes, a multiple of PAGE_SIZE */
    u32         id;     /* index in the physmap */
    u8         *dirty;  /* a byte per page: written since memobj_dirty_clear() */
    u8         *drawn;  /* likewise, since memobj_drawn_take(); NULL: no display shows it */
    u64        *code;   /* a bit per 64 bytes, so a word per page: an engine holds code made from them */
    u8         *fast;   /* a byte per page: some TLB may let stores through without the slow path */
};

/* ------------------------------------------------------------------ physical map ---- */

struct mmio_ops {
    /* off: bytes from the region's start; size 1, 2, 4 or 8, never crossing the region's end. */
    u64 (*read)(void *opaque, u64 off, u32 size);
    void (*write)(void *opaque, u64 off, u64 val, u32 size);
};

enum region_kind {
    REGION_RAM,
    REGION_ROM,   /* writes are dropped and logged as guest errors */
    REGION_ROMD,  /* reads and fetches hit memory, writes go to ops (flash in array mode) */
    REGION_MMIO
};

struct region {
    gpa                    base;
    u64                    size;
    enum region_kind       kind;
    struct memobj         *obj;   /* RAM, ROM, ROMD */
    u64                    off;   /* of base in obj */
    const struct mmio_ops *ops;   /* ROMD, MMIO */
    void                  *opaque;
    const char            *name;
    bool                   quiet; /* MMIO that is like memory: see physmap_map_quiet() */
};

#define PHYSMAP_REGIONS 128
#define PHYSMAP_OBJS 16

struct physmap {
    struct region  regions[PHYSMAP_REGIONS]; /* by rising base, no overlaps */
    u32            region_count;
    struct memobj *objs[PHYSMAP_OBJS];
    u32            obj_count;
    struct log    *log;
    struct mmu    *mmus[8];  /* every vCPU's, for revoking rights */
    u32            mmu_count;
    /* Set by the board: where no region is, reads give ones and writes vanish, as on a PC's bus, for vCPUs' accesses
     * and physmap_bus_*; fetches are FAULT_BUS all the same. DMA, loaders and debuggers are refused as ever. */
    bool           open_bus;
    struct region  nothing;  /* what answers then */
    u32            changes;  /* counts regions that came and went */
    /* Code made from [off, off + len) of obj is stale; called before the bytes change is visible to it. Clears
     * obj->code bits that no code covers any more. len 0: does nothing else, for the page at off. */
    void (*code_written)(void *opaque, struct memobj *obj, u64 off, u64 len);
    void  *code_opaque;
};

/* RAM, ROM and ROMD are page aligned in base, size and offset; overlaps are our bug, so whoever maps at addresses
 * that a guest chose (PCI) asks physmap_is_free() first. Mapping and unmapping moves the others' struct region: look
 * pointers up again afterwards. Both may happen at any time, in a device's write too: TLBs and shortcuts are
 * forgotten, blocks stay good, since they are keyed by object and offset. */
void physmap_init(struct physmap *m, struct log *l);
void physmap_free(struct physmap *m);
/* New zeroed object; size is rounded up to pages. Fails when memory cannot be reserved. */
struct memobj *physmap_new_obj(struct physmap *m, const char *name, u64 size, struct err *e) MUST_CHECK;
void physmap_map_obj(struct physmap *m, enum region_kind k, gpa base, u64 size, struct memobj *o, u64 off,
                     const struct mmio_ops *ops, void *opaque, const char *name);
void physmap_map_mmio(struct physmap *m, gpa base, u64 size, const struct mmio_ops *ops, void *opaque,
                      const char *name);
/* The same, in whole pages, for a device whose accesses are like memory's: they change what its own accesses
 * will show and nothing else (no wire, deadline or mapping), take no notice of time, and repeating the first of
 * an instruction's does no harm. Engines then do them where they stand. */
void physmap_map_quiet(struct physmap *m, gpa base, u64 size, const struct mmio_ops *ops, void *opaque,
    const char *name);
/* Nothing lies in [base, base + size), and there is room for one more region. False too for size 0 and for a range
 * that wraps. */
bool physmap_is_free(const struct physmap *m, gpa base, u64 size);
/* Takes away the region that begins at base; false: none does. The memory object stays. */
bool physmap_unmap(struct physmap *m, gpa base);
/* Puts *r where a region of the same base and size is, and that into *r; false: none is. */
bool physmap_swap(struct physmap *m, struct region *r);
/* Switches a ROMD region to MMIO (reads go to ops too) and back; revokes every TLB's knowledge of it. */
void physmap_set_romd(struct physmap *m, const struct region *r, bool array_mode);
const struct region *physmap_find(const struct physmap *m, gpa a); /* NULL: nothing there */

/* Whole-range accesses for DMA, loaders and debuggers. False when any byte is not backed; RAM and ROM
 * only reads, RAM only writes (loader: ROM too); marks dirty pages, drops stale code. */
bool physmap_read(struct physmap *m, gpa a, void *buf, u64 len);
bool physmap_write(struct physmap *m, gpa a, const void *buf, u64 len);
bool physmap_load(struct physmap *m, gpa a, const void *buf, u64 len); /* for loaders: ROM is writable */
/* Host address of len bytes of RAM or ROM at a (for reading), or NULL when not backed or not contiguous. */
const u8 *physmap_ptr(const struct physmap *m, gpa a, u64 len);
/* A single access of 1 to 8 bytes as the bus sees it: RAM, ROM or MMIO; unaligned MMIO is split. False, and
 * nothing done: not all of it is there (external abort). */
bool physmap_bus_read(struct physmap *m, gpa a, u32 size, u64 *val);
bool physmap_bus_write(struct physmap *m, gpa a, u32 size, u64 val);

/* Bytes changed by something else than a vCPU store (DMA, flash programming): marks pages dirty, drops stale
 * code. Ranges are clipped to the object. */
void memobj_written(struct physmap *m, struct memobj *o, u64 off, u64 len);
/* Whole pages are zeros again, and the host has them back. */
void memobj_zero(struct physmap *m, struct memobj *o, u64 off, u64 len);
/* Forgets dirty pages (after a hash or a snapshot) and revokes write rights so that the next write is seen. */
void memobj_dirty_clear(struct physmap *m, struct memobj *o);
/* A second dirty map, for a display that shows these bytes: every page counts as written. */
bool memobj_drawn_start(struct memobj *o, struct err *e) MUST_CHECK;
/* Sets out[] for the pages written since the last call, and forgets them: the object's, a byte each. False:
 * none. What a guest or a snapshot can see is as before. */
bool memobj_drawn_take(struct physmap *m, struct memobj *o, u8 *out);
/* An engine made code from these bytes: revokes write rights of the page, then sets the bits. Call before
 * reading the bytes. */
void memobj_add_code(struct physmap *m, struct memobj *o, u64 off, u64 len);

/* ------------------------------------------------------------------ the TLB ---- */

#define TLB_BITS 11u
#define TLB_ENTRIES (1u << TLB_BITS)
#define TLB_VICTIMS 8u
#define MMU_MODES 4u
/* A context has a table per mode for data, which is part of the machine, and one per mode for fetches, which is
 * not: when an engine fetches depends on what it has cached. */
#define MMU_TABLES (2 * MMU_MODES)

enum mmu_access { MMU_READ = 1, MMU_WRITE = 2, MMU_FETCH = 4 };

/* Result of a walk. */
struct xlat {
    gpa  pa;          /* of the address asked for */
    u8   prot;        /* MMU_READ | MMU_WRITE | MMU_FETCH, for the mode asked for */
    u8   page_bits;   /* size of the mapping, at least PAGE_BITS; 64: translation is off */
    bool device;      /* accesses must be aligned and go one by one */
    bool global;      /* shared by all address spaces */
};

enum mmu_fault_kind {
    FAULT_WALK,       /* the walk refused: info is the frontend's */
    FAULT_ALIGN,      /* alignment rule of the access, or unaligned to a device page */
    FAULT_BUS         /* nothing at this physical address */
};
struct mmu_fault {
    enum mmu_fault_kind kind;
    enum mmu_access     access;
    gva                 va;      /* first byte that faults */
    u32                 mode;    /* MMU mode of the access */
    u32                 mem;     /* the access' packed struct ir_mem, or 0 */
    u64                 info[3]; /* filled by the walk callback */
};

/* Translates va for one access; on failure fills f->info. Must read page tables through physmap_*,
 * and have no other effect than architectural ones (x86 A and D bits). */
typedef bool mmu_walk_fn(void *opaque, gva va, enum mmu_access acc, u32 mode, struct xlat *x,
                         struct mmu_fault *f);

/* The fast check: (va & PAGE_MASK) == tag, and the last byte in the same page; see mmu_fast_read(). A tag with
 * TLB_SLOW set never matches. Tags hold the whole 64-bit address (tagged pointers with their tag). All three
 * tags of a live entry name the page; an empty one has TLB_EMPTY in all three.
 * rtag is fast for readable RAM, ROM and ROMD; wtag for RAM that may be read and written, whose page is dirty
 * (in both maps) and holds no code bits (what is fast to write is fast to read: engines rely on it); neither for
 * device memory. xtag is fast for fetchable RAM, ROM and ROMD. */
struct tlb_entry {
    u64 rtag, wtag, xtag;
    u64 addend; /* host address = va + addend */
};
#define TLB_SLOW 1ull
#define TLB_EMPTY 2ull

struct tlb_info {
    const struct region *region;
    gpa                  page;      /* physical address of the page */
    u8                   prot, page_bits;
    bool                 device, global;
    bool                 listed;    /* the slot is in used[] */
};

struct tlb_range { /* of page numbers, address bits 12..55; lo > hi: empty */
    u64 lo, hi;
};

struct tlb {
    struct tlb_entry e[TLB_ENTRIES];
    struct tlb_entry ve[TLB_VICTIMS];
    struct tlb_info  i[TLB_ENTRIES];
    struct tlb_info  vi[TLB_VICTIMS];
    u32              victim_next;
    u32              used_count;       /* slots filled since the table was last emptied */
    u16              used[TLB_ENTRIES];
    /* Mappings above PAGE_SIZE that entries were made from: up to 2 MiB by a filter of their addresses (a kernel has
     * them all over), larger ones as a range. */
    u64              medium[4];
    struct tlb_range large;
};

/* One address space: (regime, ASID) under a key the frontend chooses. Tables per MMU mode, made on demand. */
struct tlb_ctx {
    u64         key;
    u64         stamp;   /* for least recently used */
    u64         epoch;   /* mmu.epoch while this one is current */
    bool        live;
    struct tlb *mode[MMU_TABLES]; /* data, then fetches; NULL: never used */
    struct tlb_range global;     /* global entries lie here */
    struct tlb_range lost;       /* fetchable entries evicted since the epoch changed lie here */
};
#define MMU_CTXS 32u

struct mmu_stats {
    u64 misses, walks, flushes, io_reads, io_writes, code_hits;
};

struct mmu {
    struct physmap *map;
    struct log     *log;
    mmu_walk_fn    *walk;
    void           *opaque;
    struct tlb     *cur[MMU_TABLES]; /* tables of the current context; never NULL. Until the first slow path of a
                                       mode it is an empty one: reload after every slow path and mmu_select() */
    struct tlb_ctx *ctx;
    struct tlb_ctx  ctxs[MMU_CTXS];
    u64             stamp;
    /* Changes whenever a virtual-to-code shortcut may have become stale. Never comes back to an old value but
     * by switching back to an address space where nothing fetchable was flushed meanwhile: a shortcut made
     * under an epoch is good whenever the epoch has that value. Written by mmu_new_epoch() and this room only. */
    u64             epoch;
    u64             epoch_next;
    struct tlb     *empty;   /* no entries, never filled */
    u8             *pool;    /* all tables, reserved at once */
    bool            trying;    /* the present access is done only if memory alone sees it */
    bool            walk_code; /* its walk changed an entry that lies where code is, or did not because of `trying` */
    bool            looking;   /* the present walk is mmu_look()'s: nothing changes */
    bool            rmw_write; /* faults of mmu_atomic() are writes (x86); else reads if a read faults too (Arm) */
    struct mmu_fault fault;  /* of the last MMU_FAULTED */
    struct mmu_stats stats;
};

enum mmu_result {
    MMU_OK,
    MMU_SYNC,  /* done, but it was MMIO or hit code: the engine ends the block behind this instruction */
    MMU_FAULTED /* nothing was done; see mmu.fault */
};

/* Address space 0 is current. Fails when memory cannot be reserved or the map has no room for one more. */
bool mmu_init(struct mmu *u, struct physmap *m, struct log *l, mmu_walk_fn *walk, void *opaque,
              struct err *e) MUST_CHECK;
void mmu_free(struct mmu *u);
/* Makes the address space `key` current (a pointer change; may recycle the least recently used one). */
void mmu_select(struct mmu *u, u64 key);
/* Flushes. mask selects which keys: those with (key & mask) == (match & mask); mask 0: all.
 * va flushes compare address bits 12..55, drop every page of a larger mapping that covers va, and reach global
 * entries of every context. The epoch changes if an entry that may be fetched from was, or had been, there. */
void mmu_flush(struct mmu *u, u64 match, u64 mask);
/* The same, but global entries stay. Costs what was filled since the last flush, and what stays. */
void mmu_flush_local(struct mmu *u, u64 match, u64 mask);
void mmu_flush_va(struct mmu *u, gva va, u64 match, u64 mask);
/* Ends all shortcuts of all address spaces, for whatever else makes them stale. Keeps the TLB. */
void mmu_new_epoch(struct mmu *u);

/* Address bits 12..32 only, so that a pointer's tag (bits 56..63) does not choose the slot: flushes by
 * address find it. Neighbouring pages never share a slot (bit 0 is the page number's own), which engines rely on:
 * they look in the slot of the first byte for the page of the last. */
static inline u32 tlb_index(gva va)
{
    u64 n = va >> PAGE_BITS;
    return (u32)(n ^ (n >> (TLB_BITS - 1) & ~1ull)) & (TLB_ENTRIES - 1);
}

/* Host address for a plain access of `size` bytes that stays in one page, or NULL: take the slow path. */
static inline void *mmu_fast_read(const struct mmu *u, u32 mode, gva va, u32 size)
{
    const struct tlb_entry *t = &u->cur[mode]->e[tlb_index(va)];
    return LIKELY(t->rtag == (va & PAGE_MASK) && (va & (PAGE_SIZE - 1)) <= PAGE_SIZE - size)
               ? (void *)(uintptr_t)(va + t->addend) : NULL;
}
static inline void *mmu_fast_write(const struct mmu *u, u32 mode, gva va, u32 size)
{
    const struct tlb_entry *t = &u->cur[mode]->e[tlb_index(va)];
    return LIKELY(t->wtag == (va & PAGE_MASK) && (va & (PAGE_SIZE - 1)) <= PAGE_SIZE - size)
               ? (void *)(uintptr_t)(va + t->addend) : NULL;
}

/* A plain access of up to a page, which may lie over two, where the fast path may go in both; false: nothing was
 * done. The address goes on as 64 bits do. */
bool mmu_peek_read(const struct mmu *u, u32 mode, gva va, u32 size, void *out);
bool mmu_peek_write(const struct mmu *u, u32 mode, gva va, u32 size, const void *in);

/* What the slow paths read in `mem`, a packed struct ir_mem (a test holds the two together): the unit that
 * device memory must be aligned to and MMIO is split into, and whether addresses wrap at 32 bits. Without a unit:
 * the access, at most 8 bytes. */
#define MMU_MEM_UNIT(mem)   (1u << ((mem) >> 9 & 7)) /* ir_mem.atomic; 1: none given */
#define MMU_MEM_ALIGN(mem)  ((mem) >> 12 & 7)        /* ir_mem.align; read by mmu_atomic() only */
#define MMU_MEM_ADDR32(mem) ((mem) >> 15 & 1)

/* Slow paths: any address, size 1..32 bytes, little-endian raw bytes. mem is kept for the fault report;
 * align: 0 or log2 of the demanded alignment, checked before the walk. Nothing is done unless all of it
 * translates and is backed; a fault names the first byte in the page that faults. MMU_SYNC also when the walk changed
 * an entry where code is: an instruction may be among what its own access changes. */
enum mmu_result mmu_read(struct mmu *u, gva va, u32 size, u32 mode, u32 align, u32 mem, void *out);
enum mmu_result mmu_write(struct mmu *u, gva va, u32 size, u32 mode, u32 align, u32 mem, const void *in);
/* The same, but done only if memory alone sees it: MMU_SYNC means here that nothing was done, since the access
 * meets something else than plain memory (reads: MMIO; writes: all but RAM, or they would hit code). The data TLB is
 * left as the access itself would leave it. The probe reports what the read or write would; size 1..32. */
enum mmu_result mmu_try_read(struct mmu *u, gva va, u32 size, u32 mode, u32 align, u32 mem, void *out);
enum mmu_result mmu_try_write(struct mmu *u, gva va, u32 size, u32 mode, u32 align, u32 mem, const void *in);
enum mmu_result mmu_try_probe(struct mmu *u, gva va, u32 size, enum mmu_access acc, u32 mode, u32 align, u32 mem);
/* As mmu_probe(); MMU_SYNC: not done, the walk would change code. */
enum mmu_result mmu_try_probe_range(struct mmu *u, gva va, u32 len, enum mmu_access acc, u32 mode, u32 align,
                                    u32 mem);
/* The quiet device at va, if the TLB holds va with that right, and the offset in its region: a repeating
 * instruction may call its ops for the rest of the page. NULL: take the other ways. */
const struct region *mmu_quiet_hit(const struct mmu *u, u32 mode, gva va, enum mmu_access acc, u64 *off);
/* A walker is about to change an entry (accessed and dirty bits): before the first one it asks about all. False: the
 * walk is to fail without any change, it will be made again. */
bool mmu_walk_writes(struct mmu *u, gpa at, u32 len);
/* Checks that [va, va + len) can be accessed; len up to 2 pages. Fills the TLB, does nothing else (a page does not
 * become dirty, so the store that follows may still take the slow path; it cannot fault). */
enum mmu_result mmu_probe(struct mmu *u, gva va, u32 len, enum mmu_access acc, u32 mode, u32 align, u32 mem);
/* Host address for an atomic of `size` bytes, aligned as mem says: page made writable, marked dirty, stale code
 * dropped (then *sync is true). NULL with *r = MMU_FAULTED, or with *r = MMU_SYNC when it is not RAM
 * or crosses a page: all checked, do it as mmu_read() and mmu_write(). Read and write rights are demanded. */
void *mmu_atomic(struct mmu *u, gva va, u32 size, u32 mode, u32 mem, bool *sync, enum mmu_result *r);
/* The bytes of an instruction: object and offset of va, for a fetch in `mode`. MMU_FAULTED: see fault
 * (FAULT_BUS also when va is in MMIO). */
enum mmu_result mmu_fetch(struct mmu *u, gva va, u32 mode, struct memobj **obj, u64 *off);
/* The same of what the TLB knows: nothing is walked or filled. False: it does not know. */
bool mmu_peek_fetch(const struct mmu *u, gva va, u32 mode, struct memobj **obj, u64 *off);
/* Translation for a debugger or an address-translation instruction: no TLB, no side effects beyond the walk. */
bool mmu_translate(struct mmu *u, gva va, enum mmu_access acc, u32 mode, struct xlat *x, struct mmu_fault *f);

/* The same for a person who looks: no accessed bits either. The walk callback sees `looking`. */
bool mmu_look(struct mmu *u, gva va, enum mmu_access acc, u32 mode, struct xlat *x);

/* The TLB as machine state, for snapshots: contexts and entries as 64-bit words. Export returns the number of
 * words there are and writes at most cap of them. Import replaces everything, takes hostile input, and
 * fails, with the TLB empty, unless every entry makes sense on this physmap. */
u64  mmu_export(const struct mmu *u, u64 *out, u64 cap);
bool mmu_import(struct mmu *u, const u64 *in, u64 count, struct err *e) MUST_CHECK;
