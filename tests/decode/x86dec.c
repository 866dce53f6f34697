/*
 * x86dec.c - decodes x86 instructions named by lines of text, for check_x86.py.
 *
 * Standard input: "BITS HEX" lines, BITS being 16, 32 or 64 (protected mode, all features). Standard output, a line
 * each: "LENGTH ROW TEXT", "LENGTH undefined", "0 more" or "15 long".
 */
#include "frontend/x86/cpu.h"
#include "frontend/x86/insn.h"
#include <stdlib.h>
#include <string.h>

static u64 mode_of(const char *bits)
{
    if (!strncmp(bits, "64", 2))
        return X86_M_PE | X86_M_LONG | X86_M_LMA;
    return X86_M_PE | (strncmp(bits, "32", 2) ? 0 : X86_M_CS32 | X86_M_SS32);
}

static u32 read_hex(const char *s, u8 *out, u32 room)
{
    u32 n = 0;
    for (unsigned byte; n < room && sscanf(s, "%2x", &byte) == 1; s += 2)
        out[n++] = (u8)byte;
    return n;
}

static void decode_line(const char *line)
{
    static const u64 all[2] = { ~0ull, ~0ull };
    u8 bytes[32];
    char text[128];
    struct x86_insn i;
    u32 n = read_hex(line + 3, bytes, sizeof bytes);
    switch (x86_decode(bytes, n, mode_of(line), all, &i)) {
    case X86_OK:
        x86_insn_text(&i, text, sizeof text);
        printf("%u %s %s\n", i.len, i.row->name, text);
        break;
    case X86_MORE:      puts("0 more"); break;
    case X86_TOO_LONG:  puts("15 long"); break;
    case X86_UNDEFINED: printf("%u undefined\n", i.len); break;
    }
}

int main(void)
{
    char line[256];
    while (fgets(line, sizeof line, stdin))
        if (strlen(line) > 4)
            decode_line(line);
    return 0;
}
