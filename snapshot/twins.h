/*
 * twins.h - two machines of one shape that shall stay equal: compared, kept in memory, taken back, told apart.
 *
 * One copy, of a moment at which they were equal, serves both. It is made of the sections of a snapshot and of the
 * pages written since the copy before, which the dirty maps of both machines tell: no struct hash_state next to it.
 * Everything happens between instructions, as snapshots do. Disk images and what went to the host are the caller's.
 */
#pragma once
#include "vm/vm.h"
#include <stdio.h>

struct twins;

struct twins_stats {
    u64 pages_compared; /* pairs */
    u64 pages_kept, pages_restored;
};

/* Borrows the machines. Costs all of memory once. Refused: machines of different shape, or not equal now. The copy
 * is of this moment. */
struct twins *twins_open(struct machine *a, struct machine *b, struct err *e) MUST_CHECK;
void twins_close(struct twins *t); /* NULL is fine */

/* State structs (but fields that are caches) and the pages that either wrote since the last call. */
bool twins_same(struct twins *t);
/* The data TLBs, which decide what a guest sees that forgets to maintain them. Costs their size. */
bool twins_same_tlb(const struct twins *t);
/* All of memory, so also what was written past the dirty map. Costs their size. */
bool twins_same_memory(const struct twins *t);

/* Keeps the first machine's state, which is that of both: the last twins_same() and twins_same_tlb() were true and
 * nothing ran since. Costs the pages written since the last copy, and the TLB. After a failure there is no copy. */
bool twins_keep(struct twins *t, struct err *e) MUST_CHECK;
/* Both machines are what they were when the copy was made. Translated code that still fits stays. Requests are
 * forgotten. After a failure the machines are safe to free, not to run. */
bool twins_back(struct twins *t, struct err *e) MUST_CHECK;

/* Every difference, a line each, in columns under the names: fields by section, element and value, memory by address;
 * long lists are cut. Nothing when there is none. */
void twins_print(const struct twins *t, const char *const name[2], FILE *f);
const struct twins_stats *twins_stats(const struct twins *t);
