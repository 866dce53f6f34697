/* png.c - picture files by libpng, and PPM, which needs no library; see picture.h. */
#include "host/picture.h"
#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void line_bytes(const struct display_surface *s, u32 y, u8 *out)
{
    const u32 *px = s->px + (u64)y * s->stride;
    for (u32 x = 0; x < s->width; x++) {
        *out++ = (u8)(px[x] >> 16);
        *out++ = (u8)(px[x] >> 8);
        *out++ = (u8)px[x];
    }
}

static void on_error(png_structp png, png_const_charp text)
{
    struct err *e = png_get_error_ptr(png);
    err_set(e, "%s", text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png, (void)text;
}

/* Everything between setjmp and longjmp is libpng's or the caller's. */
static bool put_png(png_structp png, png_infop info, FILE *f, const struct display_surface *s, u8 *line)
{
    if (setjmp(png_jmpbuf(png)))
        return false;
    png_init_io(png, f);
    png_set_IHDR(png, info, s->width, s->height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (u32 y = 0; y < s->height; y++) {
        line_bytes(s, y, line);
        png_write_row(png, line);
    }
    png_write_end(png, info);
    return true;
}

static bool write_png(FILE *f, const struct display_surface *s, u8 *line, struct err *e)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, e, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    bool ok = info ? put_png(png, info, f, s, line) : err_set(e, "out of memory");
    png_destroy_write_struct(&png, &info);
    return ok;
}

static bool write_ppm(FILE *f, const struct display_surface *s, u8 *line, struct err *e)
{
    bool ok = fprintf(f, "P6\n%u %u\n255\n", s->width, s->height) > 0;
    for (u32 y = 0; ok && y < s->height; y++) {
        line_bytes(s, y, line);
        ok = fwrite(line, 3, s->width, f) == s->width;
    }
    return ok || err_set(e, "%s", strerror(errno));
}

/* A piece of a picture goes; a device or a pipe stays. */
static void remove_file(const char *path)
{
    struct stat st;
    if (!lstat(path, &st) && S_ISREG(st.st_mode))
        unlink(path);
}

bool picture_write(const char *path, const struct display_surface *s, struct err *e)
{
    const char *dot = strrchr(path, '.');
    u8 *line = malloc(3ull * s->width + 1);
    FILE *f = line && s->width ? fopen(path, "wb") : NULL;
    struct err why = { "" };
    bool ok = f && (dot && !strcmp(dot, ".ppm") ? write_ppm : write_png)(f, s, line, &why);
    if (!f)
        err_set(&why, "%s", !line ? "out of memory" : !s->width ? "the screen shows nothing yet" : strerror(errno));
    if (f && fclose(f) && ok)
        ok = err_set(&why, "%s", strerror(errno));
    if (f && !ok)
        remove_file(path);
    free(line);
    return ok || err_set(e, "picture '%s': %s", path, why.msg);
}
