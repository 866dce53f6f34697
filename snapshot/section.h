/*
 * section.h - a described state struct (base/state.h) as self-describing bytes, and back.
 *
 *   section := u32 version of the table, u32 number of records, record*
 *   record  := u8 length of the name, name, u8 bytes per element, u32 elements, the elements
 *
 * Little endian, nothing aligned. Records are matched by name, so their order is free.
 */
#pragma once
#include "base/state.h"
#include "snapshot/buf.h"

void section_save(struct buf *b, const struct state_desc *d, const void *state);

/* Reads the section that is all of b, which may hold anything. Refused, with a sentence that names the field: a
 * record without a field here or of another shape (dropping it would lose guest state), a field twice, a field
 * missing that is not newer than the stream, bytes behind the last record, what d->valid refuses. A missing newer
 * field keeps the value it has in `state`. On failure `state` is unchanged. */
bool section_load(struct buf *b, const struct state_desc *d, void *state, struct err *e) MUST_CHECK;
