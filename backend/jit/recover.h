/* recover.h - private to backend/jit: calls from regions. */
#pragma once
#include "backend/jit/jit.h"
#include "backend/jit/region_map.h"

/* The call at the patch point that returns to ret. All registers are in c->regs; a result is put there. When
 * c->leave is set the region is left: state is whole, c->left and c->pc are set. */
void jit_region_out(struct jit_ctx *c, const u8 *ret);
