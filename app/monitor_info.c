/* monitor_info.c - `info`: the topics, and those that are about the processor, the engine and the run. */
#include "app/monitor_cmd.h"
#include "app/screendump.h"
#include "host/terminal.h"
#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull;

static void registers(struct monitor *mon, const struct monitor_args *a)
{
    struct monitor_page p;
    (void)a;
    if (!monitor_page_open(mon, &p))
        return;
    fprintf(p.f, "CPU#0\n");
    monitor_cpu(mon)->guest->dump(monitor_cpu(mon), p.f);
    monitor_page_close(mon, &p);
}

static void status(struct monitor *mon, const struct monitor_args *a)
{
    struct machine *m = monitor_machine(mon);
    const char *how = mon->on->broken ? "paused (a snapshot was loaded only in part)"
                      : mon->on->paused ? "paused" : "running";
    (void)a;
    monitor_say(mon, "VM status: %s, %llu instructions, %llu ns\n", how, (ull)machine_icount(m), (ull)machine_now(m));
}

static void cpus(struct monitor *mon, const struct monitor_args *a)
{
    struct machine *m = monitor_machine(mon);
    (void)a;
    for (u32 i = 0; i < m->cpu_count; i++) {
        const struct vcpu *v = m->cpus[i];
        monitor_say(mon, "%c CPU #%u: %s %s, pc=%#llx%s\n", i == m->cur ? '*' : ' ', i, v->guest->name,
                    v->model ? v->model : "", (ull)v->s.pc, v->s.stopped ? " (off)" : v->s.halted ? " (halted)" : "");
    }
}

static void jit(struct monitor *mon, const struct monitor_args *a)
{
    struct vcpu *v = monitor_cpu(mon);
    const struct mmu_stats *s = &v->mmu.stats;
    struct monitor_page p;
    (void)a;
    if (!monitor_page_open(mon, &p))
        return;
    fprintf(p.f, "engine            %s\ninstructions      %llu\n", v->engine->name, (ull)v->s.icount);
    fprintf(p.f, "TLB misses        %llu\npage walks        %llu\nTLB flushes       %llu\n", (ull)s->misses,
            (ull)s->walks, (ull)s->flushes);
    fprintf(p.f, "MMIO reads        %llu\nMMIO writes       %llu\nstores into code  %llu\n", (ull)s->io_reads,
            (ull)s->io_writes, (ull)s->code_hits);
    if (v->engine->stats)
        v->engine->stats(v, p.f);
    monitor_page_close(mon, &p);
}

static void screen(struct monitor *mon, const struct monitor_args *a)
{
    const struct setup *s = mon->on->setup;
    struct err e;
    char *text = app_screen_text(s->board->display ? s->board->display(s->m) : NULL, &e);
    (void)a;
    if (text)
        monitor_text(mon, text);
    else
        monitor_fail(mon, &e);
    free(text);
}

static void state_hash(struct monitor *mon, const struct monitor_args *a)
{
    struct machine *m = monitor_machine(mon);
    u8 h[16];
    char text[33];
    (void)a;
    snapshot_hash(m, mon->on->hash, h);
    for (u32 i = 0; i < sizeof h; i++)
        snprintf(text + 2 * i, 3, "%02x", h[i]);
    monitor_say(mon, "hash %llu %s\n", (ull)machine_icount(m), text);
}

static void history(struct monitor *mon, const struct monitor_args *a)
{
    (void)a;
    for (u32 i = 0; i < mon->edit.past_count; i++)
        monitor_say(mon, "%u: '%s'\n", i, mon->edit.past[i]);
}

static void version(struct monitor *mon, const struct monitor_args *a)
{
    (void)a;
    monitor_say(mon, "mynah version " MYNAH_VERSION "\n");
}

const struct monitor_topic monitor_topics[] = {
    { "block", "blocks", "drives, their images and media", monitor_info_block },
    { "cpus", "", "processors, and where they are", cpus },
    { "hash", "", "the state hash of this moment", state_hash },
    { "history", "", "the lines typed here before", history },
    { "jit", "", "what the engine and the memory system have counted", jit },
    { "mtree", "", "the memory map, and that of the I/O ports", monitor_info_mtree },
    { "pci", "", "functions on the PCI bus", monitor_info_pci },
    { "qtree", "", "devices, and where they are mapped", monitor_info_qtree },
    { "registers", "", "the processor's registers", registers },
    { "screen", "", "a text screen, as text", screen },
    { "snapshots", "", "snapshots in the current folder", monitor_info_snapshots },
    { "status", "", "running or paused, instructions and time", status },
    { "version", "", "which mynah this is", version },
    { 0 },
};

void monitor_list_topics(struct monitor *mon)
{
    for (const struct monitor_topic *t = monitor_topics; t->name; t++)
        monitor_say(mon, "info %s%s%s -- %s\n", t->name, *t->alias ? "|" : "", t->alias, t->help);
}

void monitor_info(struct monitor *mon, const struct monitor_args *a)
{
    const struct monitor_topic *t = monitor_topics;
    if (!a->count) {
        monitor_list_topics(mon);
        return;
    }
    while (t->name && strcmp(t->name, a->word[0]) && (!*t->alias || strcmp(t->alias, a->word[0])))
        t++;
    if (t->name)
        t->run(mon, a);
    else
        monitor_say(mon, "info: unknown topic '%s' (info alone lists those known)\n", a->word[0]);
}

void monitor_info_complete(struct monitor *mon, u32 n, const char *text, u32 len, struct line_choices *c)
{
    (void)mon;
    for (const struct monitor_topic *t = monitor_topics; !n && t->name; t++)
        line_offer(c, t->name, text, len);
}
