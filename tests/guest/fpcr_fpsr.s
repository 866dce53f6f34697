// fpcr_fpsr.s - FPCR and FPSR: their bits, rounding modes, cumulative flags, NaNs, flushing (DDI 0487, C5.2.8, A1.5).
// qemu: differs in FPCR.Len and Stride, which it lets be written.
// args: -cpu cortex-a72
        .include "common.inc"
        .equ    IOC, 1
        .equ    DZC, 2
        .equ    OFC, 4
        .equ    UFC, 8
        .equ    IXC, 16
        .equ    IDC, 128
        .equ    QC, 1 << 27

        .macro  FPCR value
        ldr     x16, =(\value)
        msr     fpcr, x16
        .endm
        // Flags that the instruction leaves
        .macro  RAISES flags, insn:vararg
        msr     fpsr, xzr
        \insn
        mrs     x2, fpsr
        CHECK   x2, \flags
        .endm
        .macro  D reg, bits
        ldr     x16, =\bits
        fmov    \reg, x16
        .endm
        .macro  IS reg, bits
        fmov    x2, \reg
        CHECK   x2, \bits
        .endm

main:
        mov     x29, x30
        mov     x0, #-1
        msr     fpcr, x0
        mrs     x2, fpcr
        CHECK   x2, 0x07c00000                  // AHP, DN, FZ, RMode; no traps
        msr     fpsr, x0
        mrs     x2, fpsr
        and     x2, x2, #~(15 << 28)            // AArch32's NZCV, should there be any
        CHECK   x2, 0x0800009f
        FPCR    0
        msr     fpsr, xzr
        mrs     x2, fpsr
        CHECK   x2, 0

        fmov    d1, #1.0
        fmov    d3, #3.0
        RAISES  IXC, fdiv d0, d1, d3
        IS      d0, 0x3fd5555555555555
        FPCR    1 << 22                         // towards plus infinity
        fdiv    d0, d1, d3
        IS      d0, 0x3fd5555555555556
        FPCR    2 << 22                         // minus
        fdiv    d0, d1, d3
        IS      d0, 0x3fd5555555555555
        fneg    d4, d3
        fdiv    d0, d1, d4
        IS      d0, 0xbfd5555555555556
        FPCR    3 << 22                         // zero
        fdiv    d0, d1, d4
        IS      d0, 0xbfd5555555555555
        FPCR    0

        // Flags accumulate
        D       d2, 0
        RAISES  DZC, fdiv d0, d1, d2
        IS      d0, 0x7ff0000000000000
        fdiv    d0, d2, d2
        mrs     x2, fpsr
        CHECK   x2, DZC | IOC
        D       d5, 0x7fefffffffffffff
        RAISES  OFC | IXC, fadd d0, d5, d5
        D       d6, 0x0010000000000000
        RAISES  UFC | IXC, fmul d0, d6, d6
        fmov    d7, #0.5
        RAISES  0, fmul d0, d6, d7              // exact: denormal, no underflow
        IS      d0, 0x0008000000000000
        D       d8, 0x0010000000000001
        RAISES  UFC | IXC, fmul d0, d8, d7
        RAISES  IOC, fsqrt d0, d4
        RAISES  IOC, fcvtzs w3, d5
        CHECK   x3, 0x7fffffff
        RAISES  IXC, fcvtzs w3, d7
        CHECK   x3, 0

        // Flush to zero: inputs with IDC, results with UFC alone
        FPCR    1 << 24
        RAISES  UFC, fmul d0, d6, d7
        IS      d0, 0
        D       d9, 0x000fffffffffffff
        RAISES  IDC, fadd d0, d9, d9
        IS      d0, 0
        RAISES  IDC, fcmp d9, #0.0
        cset    x3, eq
        CHECK   x3, 1
        FPCR    0
        RAISES  0, fadd d0, d9, d9
        IS      d0, 0x001ffffffffffffe

        // NaNs: the first signalling one, quietened; then the first quiet one; default NaN with DN
        D       d10, 0x7ff8000000000123
        D       d11, 0xfff0000000000456
        RAISES  IOC, fadd d0, d10, d11
        IS      d0, 0xfff8000000000456
        RAISES  0, fadd d0, d10, d1
        IS      d0, 0x7ff8000000000123
        RAISES  IOC, fcmpe d10, d1
        RAISES  0, fcmp d10, d1
        FPCR    1 << 25
        RAISES  0, fadd d0, d10, d1
        IS      d0, 0x7ff8000000000000
        FPCR    0

        // Half precision: AHP has no infinities and NaNs
        fmov    s12, #1.0
        ldr     w3, =0x47ffe000                 // 131008
        fmov    s13, w3
        RAISES  OFC | IXC, fcvt h0, s13
        fmov    x2, d0
        CHECK   x2, 0x7c00
        FPCR    1 << 26
        RAISES  0, fcvt h0, s13
        fmov    x2, d0
        CHECK   x2, 0x7fff
        FPCR    0

        // QC is of saturation alone, and stays until written
        mov     w3, #0x7f
        dup     v14.16b, w3
        RAISES  QC, sqadd v0.16b, v14.16b, v14.16b
        add     v0.16b, v14.16b, v14.16b
        mrs     x2, fpsr
        CHECK   x2, QC
        mov     x3, #IXC
        msr     fpsr, x3
        mrs     x2, fpsr
        CHECK   x2, IXC
        // The rounding mode is seen by a block that was made before
        mov     x5, #0
        mov     x6, #0
1:      lsl     x7, x5, #22
        msr     fpcr, x7
        fdiv    d0, d1, d3
        fmov    x7, d0
        and     x7, x7, #15
        add     x6, x7, x6, lsl #4
        add     x5, x5, #1
        cmp     x5, #4
        b.ne    1b
        CHECK   x6, 0x5655
        FPCR    0
        ret     x29
