/*
 * irf_rig.h - the made-up guest: what its memory, its helpers and its exceptions do. Private to irf_*.c.
 */
#pragma once
#include "tests/fuzz/irfuzz.h"

#define IRF_POINTERS 6u       /* i64 fields that begin as addresses of data */
#define IRF_RAM_PAGES 16u
#define IRF_SLOTS (IRF_CODE_PAGES * PAGE_SIZE / 4)

extern const struct ir_helper irf_helpers[IRF_HELPERS];

/* The mode word, above the MMU mode of fetches. */
enum {
    IRF_M_FLIP = 1 << 4,      /* words mean other fragments */
    IRF_M_SPECIAL = 1 << 5,   /* guest.fp_special */
    IRF_M_GENERATION = 1 << 6 /* times the number of programs so far */
};

/* What can be seen of a run besides state, memory and struct vcpu_state. */
struct irf_seen {
    u64 trace;       /* of faults, exceptions, interrupts */
    u64 events;      /* their number */
    u64 io, io_count; /* what the device saw */
    u64 flip;        /* bit of the mode word: words mean other fragments */
    u64 space, remap; /* which translations hold */
};

struct irf_guest { /* vcpu.wiring */
    const struct irf_layout *y;
    const struct irf_prog   *p;
    struct vcpu             *v;
    u64                      generation; /* programs so far: in the mode word, IRF_M_ */
    struct irf_seen          seen;
    bool                     verify;     /* what is lifted */
    u8                      *lifted;     /* by fragment: lifted since it was cleared; NULL: nobody asks */
};

struct irf_rig {
    struct machine   *m;
    struct vcpu      *v;
    struct memobj    *ram;
    struct irf_guest *w;
    struct guest      guest;
};

struct irf_rig *irf_rig_new(const struct irf_layout *y, const struct engine *en, struct err *e);
void irf_rig_free(struct irf_rig *g); /* NULL is fine */
/* Folds what must be precise into the trace; fp: the FP environment too. */
void irf_note(struct irf_guest *w, u64 what, bool fp);
/* Ready to run p: memory, state, nothing cached. `image`: of the RAM. */
void irf_rig_load(struct irf_rig *g, const struct irf_prog *p, const u8 *image);
void irf_make_image(u8 *image); /* IRF_RAM_PAGES pages */
