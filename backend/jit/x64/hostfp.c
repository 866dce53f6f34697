/* hostfp.c - the guest's FP environment in MXCSR (Intel SDM volume 1, 10.2.3), while code runs. */
#include "backend/jit/jit.h"
#include <xmmintrin.h>

#define MASKS 0x1f80u
#define STICKY 0x3fu
#define DAZ (1u << 6)
#define FTZ (1u << 15)

u32 x64_fp_host(void) { return _mm_getcsr(); }
void x64_fp_host_restore(u32 mxcsr) { _mm_setcsr(mxcsr); }

void x64_fp_load(struct jit *j)
{
    static const u8 rc[4] = { [FP_RNE] = 0, [FP_RM] = 1, [FP_RP] = 2, [FP_RZ] = 3 };
    u32 ctl = j->env->ctl;
    j->ctx->mxcsr = MASKS | (u32)rc[ctl & 3] << 13;
    if (j->v->guest->fp_x86)
        j->ctx->mxcsr |= (ctl & FP_DAZ ? DAZ : 0) | (ctl & FP_FTZ ? FTZ : 0);
    _mm_setcsr(j->ctx->mxcsr);
}

void x64_fp_merge(struct jit *j)
{
    u32 now = _mm_getcsr(), flags = 0;
    if (!(now & STICKY))
        return;
    static const struct { u32 host, flag; } bits[] = {
        { 1 << 0, FP_IOC }, { 1 << 1, FP_DE }, { 1 << 2, FP_DZC }, { 1 << 3, FP_OFC }, { 1 << 4, FP_UFC },
        { 1 << 5, FP_IXC },
    };
    for (u32 i = 0; i < COUNT(bits); i++)
        flags |= now & bits[i].host ? bits[i].flag : 0;
    j->env->flags |= j->v->guest->fp_x86 ? flags : flags & ~(u32)FP_DE;
    _mm_setcsr(now & ~STICKY);
}
