/*
 * vm.h - the machine, its vCPUs and their run loop, virtual time, and the contracts: struct guest
 * (an ISA), struct engine, struct sysreg_port. Devices: vm/dev.h.
 *
 * Time: one virtual clock in nanoseconds since power-on. Deterministic (`icount`): one nanosecond an
 * instruction plus idle time skipped. Realtime: follows the host's monotonic clock while running.
 *
 * Counting: every guest instruction that is started counts once, one that faults included; so an event
 * due at instruction N is delivered between N-1 and N whichever engine runs. Interrupts are sampled when
 * the budget is spent and behind an instruction that took the one-instruction path, nowhere else.
 *
 * Ownership: a machine owns its devices, vCPUs, physmap and event queue. Threads: everything here runs on
 * the machine's own thread, but machine_kick() and the request functions, which any thread or signal
 * handler may call.
 */
#pragma once
#include "base/log.h"
#include "base/state.h"
#include "ir/ir.h"
#include "softmmu/softmmu.h"
#include "vm/dev.h"
#include "vm/io.h"
#include <stdatomic.h>

/* ------------------------------------------------------------------ events ---- */

#define TIME_NEVER (~0ull)

struct event {
    const char     *name;
    void          (*fn)(void *opaque);
    void           *opaque;
    u64             deadline;  /* virtual ns, TIME_NEVER: not armed */
    u32             order;     /* of registration: ties go in this order */
    struct machine *m;
    struct event   *next;      /* all events of the machine */
};
/* Registers an event (unarmed). A device saves deadlines in its own state and re-arms in `resumed`. */
void event_init(struct event *ev, struct machine *m, const char *name, void (*fn)(void *), void *opaque);
void event_set(struct event *ev, u64 deadline); /* TIME_NEVER cancels; the past: fires at the next chance */
static inline bool event_armed(const struct event *ev) { return ev->deadline != TIME_NEVER; }

/* ------------------------------------------------------------------ system register ports ---- */

/* System registers that devices offer and frontends map encodings to. */
enum sysreg_id {
#define SYSREG(name) SYSREG_##name,
#include "vm/sysreg.def"
    SYSREG_COUNT
};
struct sysreg_port {
    void *opaque;
    u64 (*read)(void *opaque, u32 id);
    void (*write)(void *opaque, u32 id, u64 val);
};

/* ------------------------------------------------------------------ contracts ---- */

struct vcpu;

struct guest_code {
    const u8 *bytes;     /* from the block's first byte ... */
    u32       avail;     /* ... to the end of its page (or of the next one for a page-crossing instruction) */
    u32       max_insns; /* stop after so many */
};

/* How a loader wants a vCPU to begin. */
struct guest_entry {
    u64 pc;
    u64 arg;     /* the first argument register: device tree, boot parameters */
    u32 bits;    /* 0: as reset leaves it; 32, 64 (x86): protected mode without paging, 64-bit mode with the page
                    tables at `table`; flat segments, the descriptor table at `gdt` */
    u64 table, gdt;
};

/* An ISA. All functions get a vCPU of their own kind. */
struct guest {
    const char              *name;
    const struct ir_layout  *layout;
    const struct state_desc *desc;       /* of vcpu.state */
    u32 min_insn;                        /* bytes needed to decode at all: 4 for A64 */
    /* The mode word's bit(s) set when fp_env.ctl has more than the rounding mode and FP_DN: engines run FP rows on
     * host FP without them. 0: no such bit, FP rows go through the reference. */
    u64 fp_special;
    /* fp_env.ctl always has FP_X86. fp_special is then set when it has more than rounding mode, FP_DAZ and FP_FTZ:
     * when exceptions are unmasked. An x86 host has such FP itself. */
    bool fp_x86;
    /* The mode word: everything but the bytes that a translation depends on. Bits 3:0 are the MMU mode
     * of instruction fetches. */
    u64 (*mode)(struct vcpu *v);
    /* Lifts at least one instruction; never fails: what cannot be decoded becomes exit_exc. */
    void (*lift)(struct vcpu *v, u64 mode, const struct guest_code *code, struct ir_block *out);
    /* Before a fetch at v->pc: false when an exception was taken instead (misaligned pc). */
    bool (*fetch_ok)(struct vcpu *v);
    /* A memory access or fetch of the instruction at v->pc failed: take the exception. */
    void (*fault)(struct vcpu *v, const struct mmu_fault *f);
    /* exit_exc at v->pc. */
    void (*exception)(struct vcpu *v, u32 code, u64 payload);
    /* Takes a pending unmasked interrupt if there is one (v->irq); true if taken. */
    bool (*interrupt)(struct vcpu *v);
    /* A halted vCPU: is there a reason to go on? */
    bool (*wakes)(struct vcpu *v);
    void (*reset)(struct vcpu *v);
    void (*resumed)(struct vcpu *v); /* state just loaded: rebuild caches, select the address space */
    void (*dump)(struct vcpu *v, FILE *f); /* registers, for logs */
    /* Boot protocol, after reset: where to start. */
    void (*set_entry)(struct vcpu *v, const struct guest_entry *e);
    /* An input pin other than VCPU_IRQ and VCPU_FIQ changed; NULL: there are none. */
    void (*line)(struct vcpu *v, u32 line, bool level);
};

enum run_exit {
    RUN_BUDGET,  /* the budget is spent */
    RUN_SYNC     /* sooner, behind any instruction: an interrupt line or a deadline changed, halt, a request; engines
                    may also come back at exceptions and after the one-instruction path */
};

struct engine {
    const char *name;
    bool        keeps_code;                           /* looks at m->code_store: opened for such alone */
    bool (*attach)(struct vcpu *v, struct err *e);   /* makes v->engine_data */
    void (*detach)(struct vcpu *v);
    /* Runs at most `budget` (> 0) guest instructions, adds those started to v->icount, leaves v->pc and
     * the state whole. */
    enum run_exit (*run)(struct vcpu *v, u64 budget);
    /* In a signal handler, on the thread that runs v and whatever that is at: run(), or else the next one, comes back
     * soon, with RUN_SYNC and exact counts. host: the interrupted ucontext_t. NULL: kicks wait for the budget's
     * end. */
    void (*kick)(struct vcpu *v, void *host);
    /* Drops code made from [off, off + len), which lies in one page (len 0: drops nothing), and sets the
     * bits of o->code again for what stays of the page: they are clear when this is called. */
    void (*code_written)(struct vcpu *v, struct memobj *o, u64 off, u64 len);
    void (*flush)(struct vcpu *v);                    /* forget all code */
    /* Prints the host code that it has for the instruction at pc in the mode of now, for people; NULL: none to
     * print. */
    void (*dump_code)(struct vcpu *v, gva pc, FILE *f);
    void (*stats)(struct vcpu *v, FILE *f);           /* counters as text, for people; NULL: none */
};

/* ------------------------------------------------------------------ vCPU ---- */

enum { VCPU_IRQ = 1, VCPU_FIQ = 2 }; /* levels of v->irq, driven by the interrupt controller */
/* Other pins, handed to guest->line: non-maskable interrupt (an edge), address bit 20 masked (a level), INIT (an
 * edge). */
enum { VCPU_LINE_NMI = 16, VCPU_LINE_A20M, VCPU_LINE_INIT };

struct vcpu_state {         /* saved; the ISA's own state is in `state` */
    u64 pc;                 /* linear guest address of the next instruction */
    u64 icount;             /* instructions started since power-on */
    u64 excl_addr;          /* exclusive monitor: address, data seen, size in bytes (0: open) */
    u64 excl_val[2];
    u32 excl_size;
    u8  halted;             /* waiting for an interrupt */
    u8  stopped;            /* off (PSCI) */
    u8  pad[2];
};
extern const struct state_desc vcpu_state_desc;

struct vcpu {
    struct machine            *m;
    const struct guest        *guest;
    const char                *model;       /* as -cpu names it, NULL: none; snapshots compare it */
    const struct engine       *engine;
    void                      *engine_data;
    void                      *state;       /* the ISA's struct, described by guest->desc and ->layout */
    void                      *wiring;      /* the frontend's own, never saved */
    struct vcpu_state          s;
    struct mmu                 mmu;
    u32                        index;
    u32                        irq;         /* VCPU_IRQ | VCPU_FIQ: input levels now */
    bool                       raised;      /* a helper took an exception: s.pc is already the vector */
    u64                        bulk;        /* for helpers of IR_H_BULK: instructions that still fit the budget */
    const struct sysreg_port  *ports[SYSREG_COUNT];
};
void vcpu_irq_set(struct vcpu *v, u32 line, bool level);

/* ------------------------------------------------------------------ clock, machine ---- */

enum clock_kind { CLOCK_REALTIME, CLOCK_ICOUNT };
struct machine_state {      /* saved */
    u64 idle_ns;            /* virtual time beyond the instruction count (icount) */
    u64 clock_ns;           /* virtual time at the last stop (realtime) */
    u64 rng[4];             /* xoshiro256** state: seeds for the guest in deterministic mode */
};
extern const struct state_desc machine_state_desc;

enum machine_end {
    END_NONE, END_POWEROFF, END_RESET /* only with no_reboot */, END_QUIT /* user asked */,
    END_COUNT /* stop_at reached */, END_STOP /* machine_request_stop */
};

#define MACHINE_DEVS 128

struct code_store; /* backend/jit/store.h */

struct machine {
    struct physmap       map;
    struct iobus         io;
    struct log           log;
    struct vcpu        **cpus;
    u32                  cpu_count;
    struct dev          *devs[MACHINE_DEVS]; /* in the order of creation = order of sections */
    u32                  dev_count;
    struct event        *events;
    u32                  event_count;
    u64                  next_deadline;      /* earliest armed deadline */
    struct machine_state s;
    enum clock_kind      clock;
    bool                 pace_host;          /* icount: idle runs no faster than the wall */
    bool                 no_reboot;
    const char          *shutdown;           /* why a vCPU shut down since the last reset, NULL: none did */
    u64                  shutdown_pc;        /* ... and where */
    u64                  stop_at;            /* instruction count to stop at, ~0: none */
    u8                   exit_code;          /* of END_QUIT: given by the guest; 0: none given */
    u64                (*host_ns)(void);     /* the host's monotonic clock; set by whoever makes the machine */
    u64                  host_base;          /* realtime: host ns at which virtual time was 0 */
    bool                 still;              /* realtime: time stands at s.clock_ns, until the next machine_run() */
    u32                  cur;                /* index of the running vCPU */
    u64                  poll_at;            /* instruction count at which host input is looked at again */
    atomic_uint          request;            /* REQ_ bits */
    atomic_int           thread;             /* the host's id of the one in machine_run(), 0: none */
    const char          *name;               /* "virt" */
    struct code_store   *code_store;         /* compiled code on disk, or NULL; borrowed */
    /* Host input, drained at safe points on the machine's thread. */
    void               (*poll)(void *opaque);
    void                *poll_opaque;
    /* Waits until host input, a kick, or so many ns have passed (idle). */
    void               (*wait)(void *opaque, u64 ns);
    /* Restores what the board loaded into ROM and RAM, registers for boot; after device and CPU resets. */
    void               (*board_reset)(struct machine *m, void *opaque);
    void               (*board_free)(void *opaque); /* after the devices'; NULL: nothing to free */
    void                *board;
};
enum { REQ_RESET = 1, REQ_POWEROFF = 2, REQ_QUIT = 4, REQ_STOP = 8, REQ_KICK = 16 };

struct machine *machine_new(const char *name, struct err *e) MUST_CHECK;
void machine_free(struct machine *m);
bool machine_add_cpu(struct machine *m, const struct guest *g, const struct engine *en, void *state, void *wiring,
                     mmu_walk_fn *walk, struct err *e) MUST_CHECK;
void machine_add_dev(struct machine *m, struct dev *d);
void machine_reset(struct machine *m); /* power-on state of everything */
u64  machine_now(struct machine *m);   /* virtual ns, exact to the instruction under icount */
u64  machine_icount(const struct machine *m);
/* Runs until something ends it. */
enum machine_end machine_run(struct machine *m);
/* REQ_; any thread, any signal handler. A machine that runs comes back for it at once: its thread gets SIGURG, which
 * belongs to vm/kick.c. A handler that calls this blocks SIGURG (sa_mask), since it may stand on that very thread. */
void machine_request(struct machine *m, u32 req);
void machine_kick(struct machine *m);             /* likewise: look at host input soon */
/* This thread runs m's engine: kicks go here. machine_run() does both, tests that call an engine need to. */
void machine_bind(struct machine *m);
void machine_unbind(struct machine *m);
u64  machine_random(struct machine *m);           /* from s.rng */
void machine_seed(struct machine *m, u64 seed);
/* DMA. False when any byte is not RAM. */
static inline bool machine_dma_read(struct machine *m, gpa a, void *p, u64 n)
{
    return physmap_read(&m->map, a, p, n);
}
static inline bool machine_dma_write(struct machine *m, gpa a, const void *p, u64 n)
{
    return physmap_write(&m->map, a, p, n);
}
