/* crc.c - CRC-32 (IEEE 802.3, reflected polynomial edb88320) by a table of 256 words, byte by byte */
#include "bench.h"

enum { SIZE = 65536 };

static void make_table(u32 table[256])
{
    for (u32 i = 0; i < 256; i++) {
        u32 crc = i;
        for (u32 bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
        table[i] = crc;
    }
}

static NOINLINE u32 update(const u32 *table, u32 crc, const u8 *data, size_t size)
{
    while (size--)
        crc = table[(crc ^ *data++) & 0xff] ^ crc >> 8;
    return crc;
}

int main(int argc, char **argv)
{
    static u8 data[SIZE];
    u32 table[256], crc = ~0u;
    u64 state = 5;

    make_table(table);
    for (u32 i = 0; i < SIZE; i++)
        data[i] = bench_random(&state);
    for (u32 round = bench_count(argc, argv); round; round--)
        crc = update(table, crc, data, SIZE);
    return bench_result(~crc);
}
