/* amba.h - the identification registers of a PrimeCell (0xfe0 to 0xffc), one byte in each word. */
#pragma once
#include "base/types.h"

#define AMBA_ID_FIRST 0xfe0u

/* id: PeriphID0..3, PCellID0..3. */
static inline bool amba_id_has(u64 off) { return off >= AMBA_ID_FIRST && off < 0x1000; }
static inline u32  amba_id_read(const u8 id[8], u64 off) { return off & 3 ? 0 : id[(off - AMBA_ID_FIRST) / 4 & 7]; }
