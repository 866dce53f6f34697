/* aml.c - writes ACPI Machine Language; see aml.h. */
#include "hw/boards/aml.h"
#include "base/err.h"
#include <string.h>

/* Opcodes, ACPI 6.4 table 20.3. */
enum { OP_ZERO = 0x00, OP_ONE = 0x01, OP_NAME = 0x08, OP_BYTE = 0x0a, OP_WORD = 0x0b, OP_DWORD = 0x0c,
       OP_STRING = 0x0d, OP_QWORD = 0x0e, OP_SCOPE = 0x10, OP_BUFFER = 0x11, OP_PACKAGE = 0x12,
       OP_METHOD = 0x14, OP_DUAL_NAME = 0x2e, OP_EXT = 0x5b, OP_EXT_REGION = 0x80, OP_EXT_FIELD = 0x81,
       OP_EXT_DEVICE = 0x82, OP_ROOT = 0x5c, OP_DWORD_FIELD = 0x8a, OP_IF = 0xa0, OP_ELSE = 0xa1 };
enum { SPACE_PCI_CONFIG = 2, ACCESS_BYTE = 1 };
#define PKG_LENGTH_BYTES 3u /* always the form of three bytes: lengths below 2^20 */

void aml_byte(struct aml *a, u32 v)
{
    CHECK(a->n < a->room);
    a->p[a->n++] = (u8)v;
}

void aml_bytes(struct aml *a, const void *p, u32 n)
{
    for (u32 i = 0; i < n; i++)
        aml_byte(a, ((const u8 *)p)[i]);
}

static void little(struct aml *a, u64 v, u32 bytes)
{
    for (u32 i = 0; i < bytes; i++)
        aml_byte(a, v >> 8 * i & 0xff);
}

/* One segment or two, with or without the root before them. */
void aml_name(struct aml *a, const char *path)
{
    if (*path == '\\')
        aml_byte(a, OP_ROOT), path++;
    bool two = strlen(path) == 9;
    CHECK(two || strlen(path) == 4);
    if (two)
        aml_byte(a, OP_DUAL_NAME);
    aml_bytes(a, path, 4);
    if (two)
        aml_bytes(a, path + 5, 4);
}

void aml_int(struct aml *a, u64 v)
{
    static const struct { u8 op, bytes; } forms[] = { { OP_BYTE, 1 }, { OP_WORD, 2 }, { OP_DWORD, 4 }, { OP_QWORD, 8 } };
    if (v < 2) {
        aml_byte(a, v ? OP_ONE : OP_ZERO);
        return;
    }
    u32 i = v >> 32 ? 3 : v >> 16 ? 2 : v >> 8 ? 1 : 0;
    aml_byte(a, forms[i].op);
    little(a, v, forms[i].bytes);
}

/* 19.3.4: three letters of five bits, four hexadecimal digits; big-endian. */
void aml_eisa_id(struct aml *a, const char *id)
{
    u32 v = 0;
    for (u32 i = 0; i < 3; i++)
        v = v << 5 | (u32)(id[i] - '@');
    for (u32 i = 3; i < 7; i++)
        v = v << 4 | (u32)(id[i] <= '9' ? id[i] - '0' : id[i] - 'A' + 10);
    aml_byte(a, OP_DWORD);
    little(a, __builtin_bswap32(v), 4);
}

/* ---- terms with a length ---- */

static u32 open_length(struct aml *a)
{
    u32 at = a->n;
    little(a, 0, PKG_LENGTH_BYTES);
    return at;
}

void aml_end(struct aml *a, u32 at)
{
    u32 len = a->n - at;
    CHECK(len < 1u << 20);
    a->p[at] = (u8)(0x80 | (len & 15));
    a->p[at + 1] = (u8)(len >> 4);
    a->p[at + 2] = (u8)(len >> 12);
}

u32 aml_scope(struct aml *a, const char *path)
{
    aml_byte(a, OP_SCOPE);
    u32 at = open_length(a);
    aml_name(a, path);
    return at;
}

u32 aml_device(struct aml *a, const char *name)
{
    aml_byte(a, OP_EXT);
    aml_byte(a, OP_EXT_DEVICE);
    u32 at = open_length(a);
    aml_name(a, name);
    return at;
}

u32 aml_package(struct aml *a, u32 elements)
{
    aml_byte(a, OP_PACKAGE);
    u32 at = open_length(a);
    aml_byte(a, elements);
    return at;
}

u32 aml_method(struct aml *a, const char *name, u32 args, bool serialized)
{
    aml_byte(a, OP_METHOD);
    u32 at = open_length(a);
    aml_name(a, name);
    aml_byte(a, args | (serialized ? 8 : 0));
    return at;
}

u32 aml_if(struct aml *a)
{
    aml_byte(a, OP_IF);
    return open_length(a);
}

u32 aml_else(struct aml *a)
{
    aml_byte(a, OP_ELSE);
    return open_length(a);
}

void aml_pci_bytes(struct aml *a, const char *region, u32 at, const char *const *names, u32 count)
{
    aml_byte(a, OP_EXT);
    aml_byte(a, OP_EXT_REGION);
    aml_name(a, region);
    aml_byte(a, SPACE_PCI_CONFIG);
    aml_int(a, at);
    aml_int(a, count);
    aml_byte(a, OP_EXT);
    aml_byte(a, OP_EXT_FIELD);
    u32 end = open_length(a);
    aml_name(a, region);
    aml_byte(a, ACCESS_BYTE);
    for (u32 i = 0; i < count; i++) {
        aml_name(a, names[i]);
        aml_byte(a, 8); /* bits */
    }
    aml_end(a, end);
}

void aml_dword_of_name(struct aml *a, const char *buffer, u32 at, const char *name)
{
    aml_byte(a, OP_DWORD_FIELD);
    aml_name(a, buffer);
    aml_int(a, at);
    aml_name(a, name);
}

void aml_dword_of_arg0(struct aml *a, u32 at, const char *name)
{
    aml_byte(a, OP_DWORD_FIELD);
    aml_byte(a, AML_ARG0);
    aml_int(a, at);
    aml_name(a, name);
}

void aml_def_name(struct aml *a, const char *name)
{
    aml_byte(a, OP_NAME);
    aml_name(a, name);
}

void aml_def_int(struct aml *a, const char *name, u64 v)
{
    aml_def_name(a, name);
    aml_int(a, v);
}

void aml_def_eisa(struct aml *a, const char *name, const char *id)
{
    aml_def_name(a, name);
    aml_eisa_id(a, id);
}

void aml_def_string(struct aml *a, const char *name, const char *text)
{
    aml_def_name(a, name);
    aml_byte(a, OP_STRING);
    aml_bytes(a, text, (u32)strlen(text) + 1);
}

void aml_def_bytes(struct aml *a, const char *name, const u8 *p, u32 n)
{
    aml_def_name(a, name);
    aml_byte(a, OP_BUFFER);
    u32 at = open_length(a);
    aml_int(a, n);
    aml_bytes(a, p, n);
    aml_end(a, at);
}

/* ---- resources ---- */

struct aml_buf aml_resources(struct aml *a, const char *name)
{
    struct aml_buf b;
    aml_def_name(a, name);
    aml_byte(a, OP_BUFFER);
    b.at = open_length(a);
    aml_byte(a, OP_WORD);
    b.size_at = a->n;
    little(a, 0, 2);
    return b;
}

void aml_resources_end(struct aml *a, struct aml_buf b)
{
    little(a, 0x0079, 2); /* end tag, checksum not given */
    u32 size = a->n - b.size_at - 2;
    a->p[b.size_at] = (u8)size;
    a->p[b.size_at + 1] = (u8)(size >> 8);
    aml_end(a, b.at);
}

void aml_res_io(struct aml *a, u32 port, u32 len)
{
    aml_byte(a, 0x47); /* 6.4.2.5: decodes 16 bits */
    aml_byte(a, 1);
    little(a, port, 2);
    little(a, port, 2);
    aml_byte(a, 1);
    aml_byte(a, len);
}

void aml_res_mem(struct aml *a, u32 base, u32 len)
{
    aml_byte(a, 0x86); /* 6.4.3.4 */
    little(a, 9, 2);
    aml_byte(a, 1);
    little(a, base, 4);
    little(a, len, 4);
}

void aml_res_irq(struct aml *a, u32 irq)
{
    aml_byte(a, 0x22); /* 6.4.2.1, without flags */
    little(a, 1u << irq, 2);
}

void aml_res_dma(struct aml *a, u32 channel)
{
    aml_byte(a, 0x2a); /* 6.4.2.2 */
    little(a, 1u << channel, 2);
}

void aml_res_irq_choice(struct aml *a, const u8 *irqs, u32 count)
{
    aml_byte(a, 0x89); /* 6.4.3.6 */
    little(a, 2 + 4 * count, 2);
    aml_byte(a, 0x09);
    aml_byte(a, count);
    for (u32 i = 0; i < count; i++)
        little(a, irqs[i], 4);
}

/* 6.4.3.5: word (2) and double word (4) address spaces. kind 0 memory, 1 I/O, 2 bus; fixed at both ends, positive decode. */
static void space(struct aml *a, u32 kind, u32 flags, u32 bytes, u32 first, u32 last)
{
    aml_byte(a, bytes == 2 ? 0x88 : 0x87);
    little(a, 3 + 5 * bytes, 2);
    aml_byte(a, kind);
    aml_byte(a, 0x0c);
    aml_byte(a, flags);
    little(a, 0, bytes);
    little(a, first, bytes);
    little(a, last, bytes);
    little(a, 0, bytes);
    little(a, (u64)last - first + 1, bytes);
}

void aml_res_bus(struct aml *a, u32 first, u32 last) { space(a, 2, 0, 2, first, last); }
void aml_res_io_range(struct aml *a, u32 first, u32 last) { space(a, 1, 3, 2, first, last); }
void aml_res_mem_range(struct aml *a, u32 first, u32 last) { space(a, 0, 1, 4, first, last); }
