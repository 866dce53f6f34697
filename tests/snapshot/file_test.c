/* file_test.c - machines to files and back: round trips, other shapes, damage, forgeries. */
#include "tests/snapshot/files.h"
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

static const struct rig_shape icount = { .clock = CLOCK_ICOUNT };

static u32 files_in_folder(void)
{
    u32 n = 0;
    DIR *d = opendir(folder);
    for (struct dirent *f; (f = readdir(d));)
        n += f->d_name[0] != '.';
    closedir(d);
    return n;
}

static void save(struct rig *r, const char *path)
{
    if (!snapshot_save(r->m, path, &r->e))
        fail_msg("%s", r->e.msg);
}

static struct buf tlb_words(struct rig *r)
{
    struct buf b = { 0 };
    u64 n = mmu_export(&r->m->cpus[0]->mmu, NULL, 0);
    mmu_export(&r->m->cpus[0]->mmu, (u64 *)(void *)buf_extend(&b, n * 8), n);
    return b;
}

static void test_round_trip(void **state)
{
    (void)state;
    for (u64 seed = 1; seed < 6; seed++) {
        struct rig a, b;
        const char *path = file_name("a");
        rig_open(&a, icount);
        rig_open(&b, icount);
        rig_randomize(&a, seed);
        rig_randomize(&b, seed + 100); /* what a fresh machine holds does not matter */
        b.m->cpus[0]->irq = 3;
        memset(order, 0, sizeof order);
        save(&a, path);
        assert_int_equal(files_in_folder(), 1);
        assert_true(snapshot_load(b.m, path, &b.e));
        assert_string_equal(order, "abce"); /* devices map, then TLBs, then CPUs */
        assert_true(same_hash(rig_hash(&a), rig_hash(&b)));
        assert_memory_equal(a.ram->host, b.ram->host, RAM_SIZE);
        assert_memory_equal(a.flash->host, b.flash->host, a.flash->size);
        assert_memory_equal(a.m->cpus[0]->state, b.m->cpus[0]->state, sizeof(struct fake_cpu)); /* caches too */
        struct buf ta = tlb_words(&a), tb = tlb_words(&b);
        assert_int_equal(ta.len, tb.len);
        assert_memory_equal(ta.p, tb.p, ta.len);
        buf_free(&ta);
        buf_free(&tb);
        assert_int_equal(b.m->cpus[0]->irq, 0);
        assert_int_equal(b.a.event.deadline, a.a.s.deadline);
        assert_int_equal(machine_now(a.m), machine_now(b.m));
        assert_true(snapshot_check(path, &a.e));
        rig_close(&a);
        rig_close(&b);
        unlink(path);
    }
}

/* ---- a device that the guest moved about ---- */

static u64 ones_read(void *opaque, u64 off, u32 size)
{
    (void)opaque, (void)off, (void)size;
    return 1;
}
static void no_write(void *opaque, u64 off, u64 val, u32 size)
{
    (void)opaque, (void)off, (void)val, (void)size;
}
static const struct mmio_ops ones_ops = { ones_read, no_write };

static void mover_resumed(struct dev *d)
{
    struct fake_dev *f = CONTAINER_OF(d, struct fake_dev, dev);
    if (f->s.regs[1])
        physmap_unmap(&d->m->map, f->s.regs[1]);
    f->s.regs[1] = f->s.regs[0];
    physmap_map_mmio(&d->m->map, f->s.regs[0], PAGE_SIZE, &ones_ops, f, "mover");
}
static const struct dev_class mover_class = {
    .name = "mover", .state = &fake_desc, .state_offset = offsetof(struct fake_dev, s),
    .size = sizeof(struct fake_dev), .resumed = mover_resumed,
};

static void test_moved(void **state)
{
    (void)state;
    struct rig a, b;
    u64 val = 0;
    rig_open(&a, (struct rig_shape){ .clock = CLOCK_ICOUNT, .class_b = &mover_class });
    rig_open(&b, (struct rig_shape){ .clock = CLOCK_ICOUNT, .class_b = &mover_class });
    a.b.s.regs[0] = 0x30000000;
    physmap_map_mmio(&a.m->map, 0x30000000, PAGE_SIZE, &ones_ops, &a.b, "mover");
    assert_int_equal(mmu_read(&a.m->cpus[0]->mmu, 0x30000000, 4, 0, 0, 0, &val), MMU_SYNC);
    save(&a, file_name("a"));
    if (!snapshot_load(b.m, file_name("a"), &b.e))
        fail_msg("%s", b.e.msg);
    assert_non_null(physmap_find(&b.m->map, 0x30000fff));
    struct buf ta = tlb_words(&a), tb = tlb_words(&b);
    assert_int_equal(ta.len, tb.len);
    assert_memory_equal(ta.p, tb.p, ta.len);
    buf_free(&ta);
    buf_free(&tb);
    rig_close(&a);
    rig_close(&b);
    unlink(file_name("a"));
}

/* The same machine gives the same file, and saving changes nothing. */
static void test_reproducible(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, icount);
    rig_randomize(&r, 9);
    struct hash128 h = rig_hash(&r);
    save(&r, file_name("a"));
    assert_true(same_hash(h, rig_hash(&r)));
    save(&r, file_name("b"));
    assert_true(snapshot_load(r.m, file_name("a"), &r.e)); /* into itself, back in time by nothing */
    assert_true(same_hash(h, rig_hash(&r)));
    save(&r, file_name("a"));
    struct buf a = { 0 }, b = { 0 };
    file_get(file_name("a"), &a);
    file_get(file_name("b"), &b);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.p, b.p, a.len);
    assert_memory_equal(a.p, "mynah snapshot 1\nheader ", 24);
    buf_free(&a);
    buf_free(&b);
    rig_close(&r);
}

/* Page hashes kept across a load into the same machine notice what it changed. */
static void test_kept_hash(void **state)
{
    (void)state;
    struct rig r;
    struct hash_state h = { 0 };
    u8 first[16], out[16];
    rig_open(&r, icount);
    rig_randomize(&r, 10);
    snapshot_hash(r.m, &h, first);
    save(&r, file_name("a"));
    rig_randomize(&r, 11);
    snapshot_hash(r.m, &h, out);
    assert_memory_not_equal(first, out, 16);
    assert_true(snapshot_load(r.m, file_name("a"), &r.e));
    snapshot_hash(r.m, &h, out);
    assert_memory_equal(first, out, 16);
    hash_state_free(&h);
    rig_close(&r);
}

static void test_clocks(void **state)
{
    (void)state;
    for (u32 i = 0; i < 4; i++) {
        struct rig a, b;
        rig_open(&a, (struct rig_shape){ .clock = i & 1 ? CLOCK_ICOUNT : CLOCK_REALTIME });
        rig_open(&b, (struct rig_shape){ .clock = i & 2 ? CLOCK_ICOUNT : CLOCK_REALTIME });
        rig_randomize(&a, i);
        host_now = 1000000;
        a.m->host_base = 300;
        u64 then = machine_now(a.m);
        save(&a, file_name("a"));
        host_now = 5000000; /* not seen by the guest */
        assert_true(snapshot_load(b.m, file_name("a"), &b.e));
        assert_int_equal(machine_now(b.m), then);
        rig_close(&a);
        rig_close(&b);
    }
}

/* ---- other shapes ---- */

static void refuse_shape(struct rig_shape shape, const char *part)
{
    struct rig r;
    rig_open(&r, shape);
    struct hash128 h = rig_hash(&r);
    assert_false(snapshot_load(r.m, file_name("a"), &r.e));
    if (!strstr(r.e.msg, part) || !strstr(r.e.msg, "/a'"))
        fail_msg("'%s' does not say '%s'", r.e.msg, part);
    assert_true(same_hash(h, rig_hash(&r)));
    rig_close(&r);
}

static void test_shapes(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, icount);
    rig_randomize(&r, 12);
    save(&r, file_name("a"));
    refuse_shape((struct rig_shape){ .name = "other" }, "it is of machine 'test', this one is 'other'");
    refuse_shape((struct rig_shape){ .model = "fancy" }, "its CPU model is 'plain', this machine's is 'fancy'");
    refuse_shape((struct rig_shape){ .ram = 1 << 20 }, "its memory 'ram' has 3104 KiB, this machine's has 1024 KiB");
    refuse_shape((struct rig_shape){ .no_b = true }, "it has 'dev/two' where this machine has 'nothing'");
    refuse_shape((struct rig_shape){ .class_b = &other_class },
                 "its 'dev/two' is a 'fake', this machine's is a 'other'");
    rig_close(&r);
    rig_open(&r, (struct rig_shape){ .no_b = true });
    save(&r, file_name("a"));
    refuse_shape(icount, "it has no 'dev/two', which this machine has");
    rig_close(&r);
}

/* ---- extras ---- */

static char extra_seen[16];
static bool extra_save(void *opaque, struct buf *b, struct err *e)
{
    buf_put(b, opaque, strlen(opaque));
    return strcmp(opaque, "bad") || err_set(e, "no such thing");
}
static bool extra_load(void *opaque, struct buf *b, struct err *e)
{
    const u8 *p = buf_take(b, strlen(opaque));
    memcpy(extra_seen, p ? (const char *)p : "", p ? strlen(opaque) : 0);
    return (p && b->at == b->len) || err_set(e, "another disk");
}

static bool extra_check(void *opaque, struct buf *b, struct err *e)
{
    return (strcmp(opaque, "refused") && b->len) || err_set(e, "not that disk");
}

/* Into a machine that has run: what is refused before anything changed leaves it as it was. */
static void test_reload(void **state)
{
    (void)state;
    struct rig r;
    bool changed = true;
    rig_open(&r, icount);
    struct snapshot_extra x = { "disk0", "contents", extra_save, extra_load, extra_check };
    assert_true(snapshot_save_extra(r.m, file_name("a"), &x, 1, &r.e));
    assert_false(snapshot_reload(r.m, file_name("missing"), &x, 1, &changed, &r.e));
    assert_false(changed);
    extra_seen[0] = 0;
    changed = true;
    x.opaque = "refused";
    assert_false(snapshot_reload(r.m, file_name("a"), &x, 1, &changed, &r.e));
    assert_non_null(strstr(r.e.msg, "section 'extra/disk0': not that disk"));
    assert_false(changed);
    assert_string_equal(extra_seen, "");
    x.opaque = "more"; /* passes the check, not the loading */
    assert_false(snapshot_reload(r.m, file_name("a"), &x, 1, &changed, &r.e));
    assert_true(changed);
    x.opaque = "contents";
    assert_true(snapshot_reload(r.m, file_name("a"), &x, 1, &changed, &r.e));
    assert_string_equal(extra_seen, "contents");
    rig_close(&r);
}

static void test_extras(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, icount);
    struct snapshot_extra x[] = {
        { "disk0", "contents", extra_save, extra_load, NULL },
        { "disk1", "", extra_save, extra_load, NULL },
    };
    struct buf old = { 0 }, now = { 0 };
    assert_true(snapshot_save_extra(r.m, file_name("a"), x, 2, &r.e));
    assert_true(snapshot_load_extra(r.m, file_name("a"), x, 2, &r.e));
    assert_string_equal(extra_seen, "contents");
    assert_false(snapshot_load(r.m, file_name("a"), &r.e));
    assert_non_null(strstr(r.e.msg, "it has 'extra/disk0' where this machine has 'nothing'"));
    x[1].opaque = "more";
    assert_false(snapshot_load_extra(r.m, file_name("a"), x, 2, &r.e));
    assert_non_null(strstr(r.e.msg, "section 'extra/disk1': another disk"));
    x[1].opaque = "bad"; /* the older file stays as it is */
    file_get(file_name("a"), &old);
    assert_false(snapshot_save_extra(r.m, file_name("a"), x, 2, &r.e));
    assert_non_null(strstr(r.e.msg, "section 'extra/disk1': no such thing"));
    file_get(file_name("a"), &now);
    assert_int_equal(old.len, now.len);
    assert_memory_equal(old.p, now.p, now.len);
    buf_free(&old);
    buf_free(&now);
    rig_close(&r);
}

/* ---- files that cannot be ---- */

static void refuse_save(struct rig *r, const char *path, const char *part)
{
    u32 before = files_in_folder();
    assert_false(snapshot_save(r->m, path, &r->e));
    if (!strstr(r->e.msg, part) || !strstr(r->e.msg, path))
        fail_msg("'%s' does not say '%s'", r->e.msg, part);
    assert_int_equal(files_in_folder(), before);
}

static void refuse_load(struct rig *r, const char *path, const char *part)
{
    assert_false(snapshot_load(r->m, path, &r->e));
    if (!strstr(r->e.msg, part) || !strstr(r->e.msg, path))
        fail_msg("'%s' does not say '%s'", r->e.msg, part);
    assert_false(snapshot_check(path, &r->e));
    assert_false(snapshot_info(path, stdout, &r->e));
}

static void test_names(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, icount);
    refuse_save(&r, file_name("none/a"), "No such file");
    refuse_save(&r, folder, "not a regular file");
    refuse_save(&r, "/dev/null", "not a regular file");
    refuse_load(&r, file_name("none"), "No such file");
    refuse_load(&r, folder, "not a regular file");
    refuse_load(&r, "/dev/null", "not a regular file");
    file_put(file_name("a"), "", 0);
    refuse_load(&r, file_name("a"), "the file is empty");
    file_put(file_name("a"), "\177ELF, or some other file", 20);
    refuse_load(&r, file_name("a"), "not a snapshot");
    file_put(file_name("a"), "mynah snapshot 7\nnew things\n", 28);
    refuse_load(&r, file_name("a"), "format 7 is not known");
    rig_close(&r);
}

/* The file size limit of the process stands for a disk that is full. */
static void test_full_disk(void **state)
{
    (void)state;
    struct rig r;
    struct rlimit none, some;
    rig_open(&r, icount);
    rig_randomize(&r, 13);
    unlink(file_name("b"));
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &none), 0);
    for (u32 limit = 0; limit < 20000; limit += 3000) {
        some = (struct rlimit){ limit, none.rlim_max };
        setrlimit(RLIMIT_FSIZE, &some);
        refuse_save(&r, file_name("b"), "cannot write: File too large");
    }
    setrlimit(RLIMIT_FSIZE, &none);
    save(&r, file_name("b"));
    rig_close(&r);
}

/* ---- damage ---- */

/* A small machine and its file. */
static void open_small(struct rig *r, struct buf *file)
{
    rig_open(r, (struct rig_shape){ .ram = 4 * PAGE_SIZE, .clock = CLOCK_ICOUNT });
    struct vcpu *v = r->m->cpus[0];
    u64 val;
    physmap_write(&r->m->map, 0x1234, "some contents", 13);
    mmu_read(&v->mmu, 0x1000, 8, 0, 0, 0, &val);
    v->s.icount = 12345;
    r->a.s.level = 3;
    save(r, file_name("a"));
    file_get(file_name("a"), file);
}

static void test_truncated(void **state)
{
    (void)state;
    struct rig r;
    struct buf file = { 0 };
    open_small(&r, &file);
    struct hash128 h = rig_hash(&r);
    for (u64 n = 0; n < file.len; n++) {
        assert_int_equal(truncate(file_name("a"), (off_t)(file.len - 1 - n)), 0);
        assert_false(snapshot_load(r.m, file_name("a"), &r.e));
        assert_false(snapshot_check(file_name("a"), &r.e));
    }
    buf_put_u8(&file, 0);
    file_put(file_name("a"), file.p, file.len);
    assert_false(snapshot_load(r.m, file_name("a"), &r.e));
    assert_true(same_hash(h, rig_hash(&r)));
    buf_free(&file);
    rig_close(&r);
}

static void test_flipped(void **state)
{
    (void)state;
    struct rig r;
    struct buf file = { 0 };
    open_small(&r, &file);
    struct hash128 h = rig_hash(&r);
    FILE *f = fopen(file_name("a"), "r+b");
    setbuf(f, NULL);
    for (u64 i = 0; i < file.len; i++) {
        u8 bad = file.p[i] ^ (u8)(1u << i % 8);
        assert_true(!fseek(f, (long)i, SEEK_SET) && fwrite(&bad, 1, 1, f) == 1);
        if (snapshot_load(r.m, file_name("a"), &r.e) || snapshot_check(file_name("a"), &r.e))
            fail_msg("flipped byte %llu is not noticed", (unsigned long long)i);
        assert_true(!fseek(f, (long)i, SEEK_SET) && fwrite(&file.p[i], 1, 1, f) == 1);
    }
    fclose(f);
    assert_true(same_hash(h, rig_hash(&r)));
    assert_true(snapshot_load(r.m, file_name("a"), &r.e));
    buf_free(&file);
    rig_close(&r);
}

/* ---- forgeries: every checksum is right ---- */

/* Where chunk 0 is described. */
static u8 *index_of(struct buf *file)
{
    return file->p + load_le64(file->p + file->len - 24);
}

static void put_index(struct buf *file)
{
    u8 *trailer = file->p + file->len - SNAP_TRAILER_BYTES;
    store_le64(trailer + 24, hash_sum(index_of(file), load_le64(trailer + 16)));
    file_put(file_name("a"), file->p, file->len);
}

/* The file moved by some bytes before its chunks. */
static void shift_index(struct buf *file, u64 by)
{
    u8 *trailer = file->p + file->len - SNAP_TRAILER_BYTES;
    store_le64(trailer + 8, load_le64(trailer + 8) + by);
    for (u64 i = 0; i < load_le64(trailer + 16); i += SNAP_INDEX_BYTES)
        store_le64(index_of(file) + i + 16, load_le64(index_of(file) + i + 16) + by);
}

/* The file with another header text. */
static void put_header(const struct buf *file, const char *text)
{
    u64 at = strlen(SNAP_FIRST_LINE) + 2, n = strtoull((char *)file->p + at + 7, NULL, 10);
    struct buf b = { 0 };
    char line[64];
    buf_put(&b, file->p, at);
    snprintf(line, sizeof line, SNAP_SECOND_LINE, (unsigned long long)strlen(text),
             (unsigned long long)hash_sum(text, strlen(text)));
    buf_put(&b, line, SNAP_SECOND_BYTES);
    buf_put(&b, text, strlen(text));
    buf_put(&b, file->p + at + SNAP_SECOND_BYTES + n, file->len - at - SNAP_SECOND_BYTES - n);
    shift_index(&b, b.len - file->len);
    put_index(&b);
    buf_free(&b);
}

static char *header_of(const struct buf *file)
{
    u64 at = strlen(SNAP_FIRST_LINE) + 2, n = strtoull((char *)file->p + at + 7, NULL, 10);
    return strndup((char *)file->p + at + SNAP_SECOND_BYTES, n);
}

static void forge(struct rig *r, const struct buf *file, const char *from, const char *to)
{
    char *text = header_of(file), *at = strstr(text, from);
    assert_non_null(at);
    char *forged = malloc(strlen(text) + strlen(to) + 1);
    sprintf(forged, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    put_header(file, forged);
    if (snapshot_load(r->m, file_name("a"), &r->e))
        fail_msg("accepted with '%s'", to);
    free(forged);
    free(text);
}

static void test_forged_header(void **state)
{
    (void)state;
    static const char *const swap[][2] = {
        { "{\n", "[" }, { "\"test\"", "7" }, { "\"test\"", "\"\\u001b[2J\"" },
        { "\"machine\"", "\"m\"" }, { "12345", "-1" },
        { "\"cpus\": [", "\"cpus\": [ 3," }, { "\"cpus\": [", "\"cpus\": 0, \"x\": [" },
        { "\"memory\": [", "\"memory\": [ {\"name\": \"ram\", \"size\": 4096}," },
        { "16384", "9223372036854775807" }, { "16384", "-16384" }, { "16384", "16385" }, { "16384", "0" },
        { "16384", "1099511627776" }, { "\"sections\": [", "\"sections\": [ null," },
        { "\"sections\": [", "\"sections\": [ [], \"\", {}," }, { "\"sections\"", "\"sections\": [], \"other\"" },
        { "\"name\": \"machine\"", "\"name\": \"cpu0\"" },
        { "\"size\": ", "\"size\": 1" }, { "\"size\": ", "\"size\": 1e3 " },
        { "\"class\": \"fake\"", "\"class\": {}" }, { "\"hash\": \"", "\"hash\": \"0" }, { "\"hash\"", "\"class\"" },
        { "\"machine\"", "\"machine\": \"test\", \"machine\"" }, { "}", "" },
    };
    struct rig r;
    struct buf file = { 0 };
    open_small(&r, &file);
    struct hash128 h = rig_hash(&r);
    for (u32 i = 0; i < COUNT(swap); i++)
        forge(&r, &file, swap[i][0], swap[i][1]);
    char *deep = malloc(100001);
    memset(deep, '[', 100000);
    deep[100000] = 0;
    put_header(&file, deep);
    assert_false(snapshot_load(r.m, file_name("a"), &r.e));
    free(deep);
    assert_true(same_hash(h, rig_hash(&r)));
    char *text = header_of(&file); /* the forger's tool itself is sound */
    put_header(&file, text);
    assert_true(snapshot_load(r.m, file_name("a"), &r.e));
    free(text);
    buf_free(&file);
    rig_close(&r);
}

static void test_forged_index(void **state)
{
    (void)state;
    struct rig r;
    struct buf file = { 0 };
    open_small(&r, &file);
    struct hash128 h = rig_hash(&r);
    static const u64 evil[] = { 1, 7, PAGE_SIZE, SNAP_CHUNK, 1ull << 31, 1ull << 47, 1ull << 63, ~0ull };
    u8 clean[SNAP_INDEX_BYTES], *rec = index_of(&file);
    memcpy(clean, rec, sizeof clean);
    for (u32 at = 0; at < 32; at += at < 8 ? 4 : 8) /* object, kind, offset, place, stored */
        for (u32 i = 0; i < COUNT(evil); i++) {
            at < 8 ? store_le32(rec + at, load_le32(rec + at) + (u32)evil[i])
                   : store_le64(rec + at, load_le64(rec + at) + evil[i]);
            put_index(&file);
            if (memcmp(clean, rec, sizeof clean) && snapshot_load(r.m, file_name("a"), &r.e))
                fail_msg("accepted with %llx at %u", (unsigned long long)evil[i], at);
            memcpy(rec, clean, sizeof clean);
        }
    assert_true(same_hash(h, rig_hash(&r)));
    buf_free(&file);
    rig_close(&r);
}

/* A chunk of garbage under a good checksum: the load fails late, the machine is gone but safe. */
static void test_forged_chunk(void **state)
{
    (void)state;
    struct rig r;
    struct buf file = { 0 };
    open_small(&r, &file);
    u8 *rec = index_of(&file), *chunk = file.p + load_le64(rec + 16);
    u64 n = load_le64(rec + 24), seed = 5;
    assert_int_equal(load_le32(rec + 4), SNAP_ZSTD);
    for (u32 i = 0; i < 300; i++) {
        u64 at = i < 32 ? i % n : next_random(&seed) % n;
        u8 was = chunk[at];
        chunk[at] ^= (u8)(1 + next_random(&seed) % 255);
        store_le64(rec + 32, hash_sum(chunk, n));
        put_index(&file);
        if (!snapshot_load(r.m, file_name("a"), &r.e))
            assert_non_null(strstr(r.e.msg, "memory 'ram'"));
        chunk[at] = was;
    }
    buf_free(&file);
    rig_close(&r);
}

/* Random bytes in a section under a good checksum: refused, or a machine that saves and loads. */
static void test_forged_sections(void **state)
{
    (void)state;
    struct rig r;
    struct buf file = { 0 };
    open_small(&r, &file);
    u64 seed = 77;
    char *header = header_of(&file);
    json_t *h = json_loads(header, 0, NULL), *list = json_object_get(h, "sections");
    u64 start = strlen(SNAP_FIRST_LINE) + 2;
    start += SNAP_SECOND_BYTES + strtoull((char *)file.p + start + 7, NULL, 10);
    u32 accepted = 0;
    free(header);
    for (u32 round = 0; round < 1500; round++) {
        u64 at = start;
        json_t *sec = json_array_get(list, round % json_array_size(list));
        for (u64 i = 0; i < round % json_array_size(list); i++)
            at += (u64)json_integer_value(json_object_get(json_array_get(list, i), "size"));
        u64 n = (u64)json_integer_value(json_object_get(sec, "size")), k = next_random(&seed) % n;
        u8 was = file.p[at + k];
        file.p[at + k] = round % 2 ? (u8)next_random(&seed) : was ^ (u8)(1u << next_random(&seed) % 8);
        char sum[17];
        snprintf(sum, sizeof sum, "%016llx", (unsigned long long)hash_sum(file.p + at, n));
        json_t *old = json_incref(json_object_get(sec, "hash"));
        json_object_set_new(sec, "hash", json_string(sum));
        char *text = json_dumps(h, 0);
        put_header(&file, text);
        if (snapshot_load(r.m, file_name("a"), &r.e)) {
            accepted++;
            save(&r, file_name("b"));
            assert_true(snapshot_load(r.m, file_name("b"), &r.e));
        }
        json_object_set_new(sec, "hash", old);
        free(text);
        file.p[at + k] = was;
    }
    assert_in_range(accepted, 100, 1400);
    json_decref(h);
    buf_free(&file);
    rig_close(&r);
}

static void test_info(void **state)
{
    (void)state;
    struct rig r;
    struct buf file = { 0 };
    char *text = NULL;
    size_t n = 0;
    open_small(&r, &file);
    FILE *out = open_memstream(&text, &n);
    assert_true(snapshot_info(file_name("a"), out, &r.e));
    fclose(out);
    assert_non_null(strstr(text, "machine  test\n"));
    assert_non_null(strstr(text, "0.000012345 s, 12345 instructions"));
    assert_non_null(strstr(text, "dev/two"));
    free(text);
    buf_free(&file);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_moved), cmocka_unit_test(test_reproducible),
        cmocka_unit_test(test_kept_hash),
        cmocka_unit_test(test_clocks), cmocka_unit_test(test_shapes), cmocka_unit_test(test_extras),
            cmocka_unit_test(test_reload),
        cmocka_unit_test(test_names), cmocka_unit_test(test_full_disk), cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_flipped), cmocka_unit_test(test_forged_header), cmocka_unit_test(test_forged_index),
        cmocka_unit_test(test_forged_chunk), cmocka_unit_test(test_forged_sections), cmocka_unit_test(test_info),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
