/*
 * aml.h - writes ACPI Machine Language: what a small DSDT needs.
 *
 * Source: ACPI specification 6.4, chapter 20 (AML) and 6.4 (resource descriptors). A term is written into a buffer; those with a body are
 * opened and closed, the length being filled in at the end. Nothing allocates: the buffer is the caller's, and CHECKed to be large enough (all
 * tables have a size that we know).
 */
#pragma once
#include "base/types.h"

struct aml {
    u8 *p;
    u32 n, room;
};

void aml_byte(struct aml *a, u32 v);
void aml_bytes(struct aml *a, const void *p, u32 n);
/* NameString: "\\_SB_", "_HID", "ISA_.LNKA": one or two segments of four characters */
void aml_name(struct aml *a, const char *path);
void aml_int(struct aml *a, u64 v);                       /* the shortest constant */
void aml_eisa_id(struct aml *a, const char *id);          /* "PNP0A03" as a compressed id */
/* Opens a package-length term; returns what its end wants. */
u32  aml_scope(struct aml *a, const char *path);
u32  aml_device(struct aml *a, const char *name);
u32  aml_package(struct aml *a, u32 elements);
u32  aml_method(struct aml *a, const char *name, u32 args, bool serialized);
u32  aml_if(struct aml *a);                               /* the condition follows, then the terms */
u32  aml_else(struct aml *a);                             /* behind the end of an aml_if */
void aml_end(struct aml *a, u32 at);
/* Name(name, ...): the value follows. */
void aml_def_name(struct aml *a, const char *name);
void aml_def_int(struct aml *a, const char *name, u64 v);
void aml_def_eisa(struct aml *a, const char *name, const char *id);
void aml_def_string(struct aml *a, const char *name, const char *text);
/* Operators for aml_byte(); their operands follow, an empty one for a result that is not kept. */
enum { AML_ARG0 = 0x68, AML_STORE = 0x70, AML_AND = 0x7b, AML_OR = 0x7d, AML_RETURN = 0xa4 };
/* Fields of a byte each, over the bytes of the device's PCI configuration from `at` on. */
void aml_pci_bytes(struct aml *a, const char *region, u32 at, const char *const *names, u32 count);
/* CreateDWordField: a name for the double word at `at` in a buffer. */
void aml_dword_of_name(struct aml *a, const char *buffer, u32 at, const char *name);
void aml_dword_of_arg0(struct aml *a, u32 at, const char *name);
void aml_def_bytes(struct aml *a, const char *name, const u8 *p, u32 n);
/* Name(name, Buffer() { resources }): opened; descriptors follow; closed with the end tag. */
struct aml_buf { u32 at, size_at; };
struct aml_buf aml_resources(struct aml *a, const char *name);
void aml_resources_end(struct aml *a, struct aml_buf b);
/* Resource descriptors, 6.4.2 and 6.4.3. Address spaces are those that a host bridge passes on (producer). */
void aml_res_io(struct aml *a, u32 port, u32 len);                          /* fixed I/O ports of a device */
void aml_res_mem(struct aml *a, u32 base, u32 len);                         /* fixed memory of a device, writable */
void aml_res_irq(struct aml *a, u32 irq);                                   /* edge, active high, exclusive */
void aml_res_dma(struct aml *a, u32 channel);                               /* 8 bits at a time, compatible timing */
/* One of these is taken: level, active high, shared. The number of the first is 5 bytes into the descriptor. */
void aml_res_irq_choice(struct aml *a, const u8 *irqs, u32 count);
#define AML_RES_IRQ_AT 5u
void aml_res_bus(struct aml *a, u32 first, u32 last);
void aml_res_io_range(struct aml *a, u32 first, u32 last);
void aml_res_mem_range(struct aml *a, u32 first, u32 last);
