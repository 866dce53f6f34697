/*
 * object_check.c - what an ELF object may hold: code, constants, PC-relative references (ELF-64 Object File Format;
 * System V ABI, AMD64 supplement, 4.4).
 *
 * RuntimeDyld, which is to link it, does not look at offsets, resolves what it does not know with the process's own
 * symbols, and makes stubs with absolute addresses for calls. So all that is done here before.
 */
#include "backend/jit/llvm/object.h"
#include <elf.h>
#include <string.h>

#define LLVM_ADDRSIG 0x6fff4c03u
#define SECTIONS 256u

struct look {
    u8                       *bytes;
    u64                       size;
    Elf64_Ehdr               *h;
    Elf64_Shdr               *s;       /* h->e_shnum of them */
    Elf64_Sym                *sym;
    u64                       sym_count;
    const char               *str;
    u64                       str_size;
    const struct llvm_symbol *given;
    u32                       given_count;
    struct object_facts      *f;
    struct err               *e;
};

static bool within(const struct look *w, u64 at, u64 size)
{
    return at <= w->size && size <= w->size - at;
}

static bool look_at_header(struct look *w)
{
    Elf64_Ehdr *h = w->h = (Elf64_Ehdr *)(void *)w->bytes;
    static const u8 ident[] = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT };
    if (w->size < sizeof *h || memcmp(h->e_ident, ident, sizeof ident) || h->e_type != ET_REL
        || h->e_machine != EM_X86_64)
        return err_set(w->e, "it is no ELF object of this host");
    if (h->e_shentsize != sizeof *w->s || !h->e_shnum || h->e_shnum > SECTIONS || h->e_shoff % 8
        || !within(w, h->e_shoff, h->e_shnum * sizeof *w->s) || h->e_shstrndx >= h->e_shnum)
        return err_set(w->e, "its section table is damaged");
    w->s = (Elf64_Shdr *)(void *)(w->bytes + h->e_shoff);
    return true;
}

static const char *section_name(const struct look *w, const Elf64_Shdr *s)
{
    const Elf64_Shdr *names = &w->s[w->h->e_shstrndx];
    if (!within(w, names->sh_offset, names->sh_size) || s->sh_name >= names->sh_size)
        return "?";
    const char *name = (const char *)w->bytes + names->sh_offset + s->sh_name;
    return memchr(name, 0, names->sh_size - s->sh_name) ? name : "?";
}

/* Nothing for RuntimeDyld: unwind tables; what the map is made of, which is remembered. */
static bool is_left_out(struct look *w, const Elf64_Shdr *s)
{
    const Elf64_Shdr *of = s->sh_type == SHT_RELA && s->sh_info < w->h->e_shnum ? &w->s[s->sh_info] : s;
    const char *name = section_name(w, of);
    bool maps = !strcmp(name, ".llvm_stackmaps"), sites = !strcmp(name, REGION_SITES_SECTION);
    if (of == s && s->sh_type == SHT_PROGBITS && within(w, s->sh_offset, s->sh_size)) {
        if (maps) {
            w->f->maps.at = s->sh_offset;
            w->f->maps.size = s->sh_size;
        } else if (sites) {
            w->f->sites.at = s->sh_offset;
            w->f->sites.size = s->sh_size;
        }
    }
    return maps || sites || !strcmp(name, ".eh_frame");
}

static bool look_at_section(struct look *w, Elf64_Shdr *s)
{
    const u64 allowed = SHF_ALLOC | SHF_EXECINSTR | SHF_MERGE | SHF_STRINGS | SHF_INFO_LINK | SHF_EXCLUDE;
    const char *name = section_name(w, s);
    switch (s->sh_type) {
    case SHT_NULL: return true;
    case SHT_PROGBITS: case SHT_STRTAB: case SHT_SYMTAB: case SHT_RELA: case LLVM_ADDRSIG: break;
    default: return err_set(w->e, "section %.40s is of type %#x", name, s->sh_type);
    }
    if (!within(w, s->sh_offset, s->sh_size))
        return err_set(w->e, "section %.40s does not lie within the file", name);
    if (s->sh_flags & ~allowed)
        return err_set(w->e, "section %.40s has flags %#llx", name, (unsigned long long)s->sh_flags);
    if (!(s->sh_flags & SHF_ALLOC))
        return true;
    if (s->sh_type != SHT_PROGBITS || s->sh_addralign > OBJECT_ALIGN || (s->sh_addralign & (s->sh_addralign - 1)))
        return err_set(w->e, "section %.40s cannot be placed", name);
    w->f->wants += s->sh_size + OBJECT_ALIGN;
    return true;
}

static bool look_at_sections(struct look *w)
{
    Elf64_Shdr *table = NULL;
    bool left_out[SECTIONS];
    for (u32 k = 0; k < w->h->e_shnum; k++)
        left_out[k] = is_left_out(w, &w->s[k]);
    for (u32 k = 0; k < w->h->e_shnum; k++) {
        Elf64_Shdr *s = &w->s[k];
        if (left_out[k])
            s->sh_type = SHT_NULL;
        if (!look_at_section(w, s))
            return false;
        if (s->sh_type == SHT_SYMTAB && table)
            return err_set(w->e, "it has two symbol tables");
        table = s->sh_type == SHT_SYMTAB ? s : table;
    }
    if (!table || table->sh_entsize != sizeof *w->sym || table->sh_offset % 8 || table->sh_link >= w->h->e_shnum
        || w->s[table->sh_link].sh_type != SHT_STRTAB)
        return err_set(w->e, "it has no symbol table");
    w->sym = (Elf64_Sym *)(void *)(w->bytes + table->sh_offset);
    w->sym_count = table->sh_size / sizeof *w->sym;
    w->str = (const char *)w->bytes + w->s[table->sh_link].sh_offset;
    w->str_size = w->s[table->sh_link].sh_size;
    return (w->str_size && !w->str[w->str_size - 1]) || err_set(w->e, "its symbols' names are damaged");
}

static bool is_given(const struct look *w, const char *name)
{
    for (u32 k = 0; k < w->given_count; k++)
        if (!strcmp(w->given[k].name, name))
            return true;
    return false;
}

static bool look_at_symbol(struct look *w, Elf64_Sym *y)
{
    if (y->st_name >= w->str_size)
        return err_set(w->e, "a symbol's name is damaged");
    const char *name = w->str + y->st_name;
    u32 type = ELF64_ST_TYPE(y->st_info);
    if (y->st_shndx == SHN_UNDEF)
        return (*name && is_given(w, name)) || err_set(w->e, "it wants %.80s, which nothing gives", name);
    if (y->st_shndx == SHN_ABS && type == STT_FILE)
        return true;
    if (y->st_shndx < w->h->e_shnum && w->s[y->st_shndx].sh_type == SHT_NULL) { /* of what is left out */
        *y = (Elf64_Sym){ .st_name = y->st_name, .st_info = ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE),
                          .st_shndx = SHN_ABS };
        return true;
    }
    if (type > STT_SECTION || y->st_shndx >= w->h->e_shnum || y->st_value > w->s[y->st_shndx].sh_size)
        return err_set(w->e, "symbol %.80s is of no kind that can be linked", name);
    return true;
}

static bool look_at_relocation(struct look *w, const Elf64_Shdr *in, Elf64_Rela *r)
{
    u32 type = (u32)ELF64_R_TYPE(r->r_info);
    u64 symbol = ELF64_R_SYM(r->r_info);
    if (type != R_X86_64_PC32 && type != R_X86_64_PLT32)
        return err_set(w->e, "relocation type %u in %.40s is not PC-relative", type, section_name(w, in));
    if (symbol == 0 || symbol >= w->sym_count || in->sh_size < 4 || r->r_offset > in->sh_size - 4)
        return err_set(w->e, "a relocation in %.40s is damaged", section_name(w, in));
    u32 home = w->sym[symbol].st_shndx;
    if (home != SHN_UNDEF && (home >= w->h->e_shnum || !(w->s[home].sh_flags & SHF_ALLOC)))
        return err_set(w->e, "a relocation in %.40s refers to what is not loaded", section_name(w, in));
    r->r_info = ELF64_R_INFO(symbol, R_X86_64_PC32); /* no stub */
    return true;
}

static bool look_at_relocations(struct look *w, const Elf64_Shdr *s)
{
    if (s->sh_type != SHT_RELA)
        return true;
    if (s->sh_info >= w->h->e_shnum || !(w->s[s->sh_info].sh_flags & SHF_ALLOC) || s->sh_entsize != sizeof(Elf64_Rela)
        || s->sh_offset % 8 || s->sh_size % sizeof(Elf64_Rela) || s->sh_link >= w->h->e_shnum
        || w->s[s->sh_link].sh_type != SHT_SYMTAB)
        return err_set(w->e, "section %.40s is damaged", section_name(w, s));
    u64 n = s->sh_size / sizeof(Elf64_Rela);
    w->f->wants += n * 16; /* the linker asks for stubs that it will not make */
    for (u64 k = 0; k < n; k++)
        if (!look_at_relocation(w, &w->s[s->sh_info], (Elf64_Rela *)(void *)(w->bytes + s->sh_offset) + k))
            return false;
    return true;
}

bool object_check(u8 *bytes, u64 size, const struct llvm_symbol *symbols, u32 symbol_count, struct object_facts *f,
                  struct err *e)
{
    struct look look = { .bytes = bytes, .size = size, .given = symbols, .given_count = symbol_count, .f = f,
                         .e = e };
    *f = (struct object_facts){ 0 };
    bool good = look_at_header(&look) && look_at_sections(&look);
    for (u64 k = 1; good && k < look.sym_count; k++)
        good = look_at_symbol(&look, &look.sym[k]);
    for (u32 k = 0; good && k < look.h->e_shnum; k++)
        good = look_at_relocations(&look, &look.s[k]);
    return good || err_prefix(e, "the object cannot be linked");
}
