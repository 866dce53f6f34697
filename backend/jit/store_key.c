/* store_key.c - keys of regions: a cryptographic hash, since a guest chooses its bytes; see store.h. */
#define _GNU_SOURCE /* dl_iterate_phdr */
#include "backend/jit/store.h"
#include <elf.h>
#include <link.h>
#include <string.h>

void code_key_start(struct code_key *k)
{
    sha256_start(&k->h);
    code_key_add(k, "mynah code key", "1", 1);
}

void code_key_add(struct code_key *k, const char *name, const void *p, size_t n)
{
    u8 lengths[16];
    store_le64(lengths, strlen(name));
    store_le64(lengths + 8, n);
    sha256_add(&k->h, lengths, sizeof lengths);
    sha256_add(&k->h, name, strlen(name));
    sha256_add(&k->h, p, n);
}

void code_key_add_u64(struct code_key *k, const char *name, u64 v)
{
    u8 bytes[8];
    store_le64(bytes, v);
    code_key_add(k, name, bytes, sizeof bytes);
}

void code_key_end(struct code_key *k, u8 key[CODE_KEY_BYTES]) { sha256_end(&k->h, key); }

/* ---- build IDs ---- */

struct build {
    uintptr_t in;
    const u8 *id;
    u32       n;
};

static bool contains(const struct dl_phdr_info *m, uintptr_t a)
{
    for (u32 i = 0; i < m->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &m->dlpi_phdr[i];
        if (ph->p_type == PT_LOAD && a - (m->dlpi_addr + ph->p_vaddr) < ph->p_memsz)
            return true;
    }
    return false;
}

/* Notes (gABI, chapter 5): name and descriptor each padded to the segment's alignment, 4 unless it says 8. */
static void find_note(struct build *b, const u8 *p, u64 size, u64 align)
{
    while (size >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) h;
        memcpy(&h, p, sizeof h);
        u64 desc = align_up(sizeof h + h.n_namesz, align), next = align_up(desc + h.n_descsz, align);
        if (desc + h.n_descsz > size)
            return;
        if (h.n_type == NT_GNU_BUILD_ID && h.n_namesz == 4 && !memcmp(p + sizeof h, "GNU", 4)) {
            b->id = p + desc;
            b->n = h.n_descsz;
        }
        p += MIN(next, size);
        size -= MIN(next, size);
    }
}

static int look_at_module(struct dl_phdr_info *m, size_t size, void *opaque)
{
    struct build *b = opaque;
    (void)size;
    if (!contains(m, b->in))
        return 0;
    for (u32 i = 0; i < m->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &m->dlpi_phdr[i];
        if (ph->p_type == PT_NOTE)
            find_note(b, (const u8 *)(m->dlpi_addr + ph->p_vaddr), ph->p_memsz, ph->p_align == 8 ? 8 : 4);
    }
    return 1;
}

bool code_key_add_build(struct code_key *k, const char *name, const void *in)
{
    struct build b = { .in = (uintptr_t)in };
    dl_iterate_phdr(look_at_module, &b);
    if (!b.n)
        return false;
    code_key_add(k, name, b.id, b.n);
    return true;
}
