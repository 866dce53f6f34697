/*
 * gic.h - what the Arm interrupt controllers share: interrupt lines as bitmaps, the search for the best one,
 * register accesses cut into words.
 *
 * Interrupts 0..31 (SGIs and PPIs) exist once a vCPU, 32.. (SPIs) once. A *slot* is a group of 32: slots
 * 0..GIC_MAX_CPUS-1 are the private ones of each vCPU, the SPIs follow. A *line* is slot * 32 + bit.
 * Specs: IHI 0048B (GICv2), IHI 0069 (GICv3). Nothing here touches a machine.
 */
#pragma once
#include "vm/dev.h"

#define GIC_MAX_CPUS  8u
#define GIC_MAX_IRQS  992u                          /* a multiple of 32 below the special ids 1020..1023 */
#define GIC_WORDS     (GIC_MAX_IRQS / 32)           /* of INTIDs, word 0 the private ones */
#define GIC_SLOTS     (GIC_MAX_CPUS + GIC_WORDS - 1)
#define GIC_SPI_FIRST 32u
#define GIC_SPURIOUS  1023u
#define GIC_IDLE      0x100u                        /* priority of "no interrupt": lower than all */

struct gic_lines {            /* part of a state struct */
    u32 group[GIC_SLOTS];     /* 1: Group 1 */
    u32 enabled[GIC_SLOTS];
    u32 pending[GIC_SLOTS];   /* latched: an edge, or written by software */
    u32 active[GIC_SLOTS];
    u32 level[GIC_SLOTS];     /* inputs now */
    u32 edge[GIC_SLOTS];      /* 1: edge-triggered; 0 for SGIs, which have no input and read as edge-triggered */
    u8  prio[GIC_SLOTS * 32];
};
/* Rows of a field table for member `lines` of T. */
#define GIC_LINES_FIELDS(T)                                                                                   \
    STATE(T, lines.group), STATE(T, lines.enabled), STATE(T, lines.pending), STATE(T, lines.active),          \
    STATE(T, lines.level), STATE(T, lines.edge), STATE(T, lines.prio)

static inline u32 gic_slot(u32 cpu, u32 word) { return word ? GIC_MAX_CPUS - 1 + word : cpu; }
static inline u32 gic_line(u32 cpu, u32 intid) { return gic_slot(cpu, intid / 32) * 32 + intid % 32; }
static inline bool gic_bit(const u32 *map, u32 line) { return map[line / 32] >> line % 32 & 1; }
static inline void gic_bit_set(u32 *map, u32 line, bool to)
{
    map[line / 32] = (map[line / 32] & ~(1u << line % 32)) | (u32)to << line % 32;
}

/* A vCPU and an interrupt id in the n of an irq_line. */
static inline u32 gic_irq_n(u32 cpu, u32 intid) { return cpu << 16 | intid; }

/* Pending as the architecture defines it: latched, or level-sensitive with a high input (IHI 0048B 3.2.4). */
static inline u32 gic_pending(const struct gic_lines *l, u32 slot)
{
    return l->pending[slot] | (l->level[slot] & ~l->edge[slot]);
}

/* Bits of the priority that decide about preemption, for a binary point of 0..7 (IHI 0048B 3.3.3). */
static inline u32 gic_group_mask(u32 bpr) { return 0xffu << (bpr + 1) & 0xff; }

struct gic_best {
    u32 intid; /* GIC_SPURIOUS: none */
    u32 prio;  /* GIC_IDLE: none */
};

/* An input changed. Latches rising edges. */
void gic_input(struct gic_lines *l, u32 line, bool level);
/* Interrupts of a slot that may be forwarded; groups: bit 0 Group 0, bit 1 Group 1. */
u32 gic_candidates(const struct gic_lines *l, u32 slot, u32 groups);
/* Takes from `candidates` of a slot whatever beats *best; call in order of rising INTIDs. */
void gic_best_of(const struct gic_lines *l, u32 slot, u32 candidates, u32 first_intid, struct gic_best *best);
/* Power-on: everything Group 0, disabled, level-sensitive, priority 0. Input levels stay. */
void gic_lines_reset(struct gic_lines *l);
/* For `valid`: SGIs have no input and no trigger. */
bool gic_lines_valid(const struct gic_lines *l, struct err *e);

/* The bitmap registers, in the order of their addresses from 0x080, 0x80 bytes each (both specs). */
enum gic_map {
    GIC_GROUP = 1, GIC_SET_ENABLE, GIC_CLEAR_ENABLE, GIC_SET_PENDING, GIC_CLEAR_PENDING, GIC_SET_ACTIVE,
    GIC_CLEAR_ACTIVE
};
u32  gic_map_read(const struct gic_lines *l, u32 slot, enum gic_map r);
/* mask: bits that the access reaches and the guest may change. */
void gic_map_write(struct gic_lines *l, u32 slot, enum gic_map r, u32 val, u32 mask);
/* Four priorities from `line` (a multiple of 4) on; lanes: bits of the word that the access reaches. */
u32  gic_prio_read(const struct gic_lines *l, u32 line);
void gic_prio_write(struct gic_lines *l, u32 line, u32 val, u32 lanes);
/* ICFGR: 16 interrupts of the slot, half 0 or 1. Bit 0 of each field reads as zero. */
u32  gic_cfg_read(const struct gic_lines *l, u32 slot, u32 half);
void gic_cfg_write(struct gic_lines *l, u32 slot, u32 half, u32 val, u32 lanes);

/* Cuts an access of 1, 2, 4 or 8 bytes at any offset into aligned words; each word is touched once. */
struct gic_frame {
    void *opaque;
    u32 (*read)(void *opaque, u32 off);
    void (*write)(void *opaque, u32 off, u32 val, u32 lanes); /* lanes: the bits written */
};
u64  gic_frame_read(const struct gic_frame *f, u64 off, u32 size);
void gic_frame_write(const struct gic_frame *f, u64 off, u64 val, u32 size);
