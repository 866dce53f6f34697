/*
 * sdl_draw.c - the window itself: its picture, its size, full screen.
 *
 * Without gl=on pictures are put together by SDL's software renderer: at scale 1 every pixel is the guest's.
 */
#include "host/sdl/sdl.h"

enum { LEAST_WIDTH = 64, LEAST_HEIGHT = 48 };

/* ---- sizes ---- */

/* Room for a window's inside on the screen that it is on. */
static void most_room(struct sdl *s, u32 *w, u32 *h)
{
    SDL_Rect r = { 0, 0, 1024, 768 };
    int at = s->window ? SDL_GetWindowDisplayIndex(s->window) : 0;
    int top = 0, left = 0, bottom = 0, right = 0;
    SDL_GetDisplayUsableBounds(at < 0 ? 0 : at, &r);
    if (s->window)
        SDL_GetWindowBordersSize(s->window, &top, &left, &bottom, &right);
    *w = (u32)MAX(r.w - left - right, LEAST_WIDTH);
    *h = (u32)MAX(r.h - top - bottom, LEAST_HEIGHT);
}

static void wanted_size(struct sdl *s, u32 *w, u32 *h)
{
    u32 most_w, most_h;
    most_room(s, &most_w, &most_h);
    view_window(s->width, s->height, s->percent, most_w, most_h, w, h);
    *w = MAX(*w, (u32)LEAST_WIDTH);
    *h = MAX(*h, (u32)LEAST_HEIGHT);
}

void sdl_fit_window(struct sdl *s)
{
    u32 w, h;
    if (s->full)
        return;
    wanted_size(s, &w, &h);
    if (SDL_GetWindowFlags(s->window) & SDL_WINDOW_MAXIMIZED)
        SDL_RestoreWindow(s->window);
    SDL_SetWindowSize(s->window, (int)w, (int)h);
    s->follows = true;
    s->stale = true;
}

void sdl_resized(struct sdl *s, u32 w, u32 h)
{
    u32 want_w, want_h;
    wanted_size(s, &want_w, &want_h);
    if (!s->full)
        s->follows = w == want_w && h == want_h;
}

void sdl_set_full(struct sdl *s, bool full)
{
    if (SDL_SetWindowFullscreen(s->window, full ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0))
        return;
    s->full = full;
    s->stale = true;
    if (!full && s->follows)
        sdl_fit_window(s);
}

/* ---- pictures ---- */

static bool make_texture(struct sdl *s, u32 w, u32 h)
{
    if (s->texture)
        SDL_DestroyTexture(s->texture);
    s->texture = SDL_CreateTexture(s->renderer, SDL_PIXELFORMAT_RGB888, SDL_TEXTUREACCESS_STREAMING, (int)w, (int)h);
    if (s->texture)
        SDL_SetTextureBlendMode(s->texture, SDL_BLENDMODE_NONE);
    return s->texture != NULL; /* larger than the graphics processor takes: the window stays black */
}

static void new_size(struct sdl *s, u32 w, u32 h)
{
    bool first = !s->texture && w == s->width && h == s->height;
    s->width = w;
    s->height = h;
    s->stale = true;
    if (!first && s->follows)
        sdl_fit_window(s);
}

bool sdl_take_frame(struct sdl *s)
{
    const struct display_surface *from = &s->frame->surface;
    struct display_rect r = s->frame->changed;
    bool resized = from->width && (!s->texture || from->width != s->width || from->height != s->height);
    if (resized) {
        new_size(s, from->width, from->height);
        s->lost = !make_texture(s, s->width, s->height);
    }
    if (resized || s->lost)
        r = (struct display_rect){ 0, 0, s->width, s->height };
    if (!s->texture || !r.w)
        return false;
    SDL_Rect at = { (int)r.x, (int)r.y, (int)r.w, (int)r.h };
    const u32 *px = from->px + (u64)r.y * from->stride + r.x;
    s->lost = SDL_UpdateTexture(s->texture, &at, px, (int)from->stride * 4) != 0;
    s->stale = true;
    return true;
}

void sdl_show(struct sdl *s)
{
    int w = 0, h = 0;
    s->stale = false;
    SDL_GetRendererOutputSize(s->renderer, &w, &h);
    s->view = view_fit(s->width, s->height, (u32)MAX(w, 1), (u32)MAX(h, 1));
    SDL_SetRenderDrawColor(s->renderer, 0, 0, 0, 255);
    SDL_RenderClear(s->renderer);
    if (s->texture) {
        SDL_Rect to = { (int)s->view.x, (int)s->view.y, (int)s->view.w, (int)s->view.h };
        SDL_SetTextureScaleMode(s->texture, view_is_whole(&s->view) ? SDL_ScaleModeNearest : SDL_ScaleModeLinear);
        SDL_RenderCopy(s->renderer, s->texture, NULL, &to);
    }
    SDL_RenderPresent(s->renderer);
}

/* ---- life ---- */

/* The desktops that the environment names: SDL would go on to the console's screen. */
static void choose_driver(void)
{
    bool x11 = SDL_getenv("DISPLAY"), wayland = SDL_getenv("WAYLAND_DISPLAY");
    if (x11 || wayland)
        SDL_SetHint(SDL_HINT_VIDEODRIVER, x11 && wayland ? "x11,wayland" : x11 ? "x11" : "wayland");
}

static bool init(struct err *e)
{
    SDL_SetMainReady();
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
    SDL_SetHint(SDL_HINT_QUIT_ON_LAST_WINDOW_CLOSE, "0");
    SDL_SetHint(SDL_HINT_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR, "0");
    SDL_SetHint(SDL_HINT_APP_NAME, "mynah");
    SDL_SetHint(SDL_HINT_MOUSE_RELATIVE_SCALING, "0");
    choose_driver(); /* SDL_VIDEODRIVER in the environment has the last word */
    return !SDL_Init(SDL_INIT_VIDEO) || err_set(e, "no window: %s", SDL_GetError());
}

static bool make_renderer(struct sdl *s, struct err *e)
{
    const char *driver = SDL_GetCurrentVideoDriver();
    if (driver && !SDL_strcmp(driver, "x11")) /* SDL would send finished pictures through OpenGL */
        SDL_SetHint(SDL_HINT_FRAMEBUFFER_ACCELERATION, "0");
    s->renderer = SDL_CreateRenderer(s->window, -1, s->c.gl ? SDL_RENDERER_ACCELERATED : SDL_RENDERER_SOFTWARE);
    return s->renderer || err_set(e, "no window%s: %s", s->c.gl ? " with gl=on" : "", SDL_GetError());
}

bool sdl_open_window(struct sdl *s, struct err *e)
{
    u32 w, h;
    if (!init(e))
        return false;
    wanted_size(s, &w, &h);
    s->window = SDL_CreateWindow(s->title, SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED, (int)w, (int)h,
                                 SDL_WINDOW_RESIZABLE);
    if (!s->window)
        return err_set(e, "no window: %s", SDL_GetError());
    if (!make_renderer(s, e))
        return false;
    SDL_SetWindowMinimumSize(s->window, LEAST_WIDTH, LEAST_HEIGHT);
    SDL_EnableScreenSaver();
    SDL_StopTextInput(); /* input methods would take keys away */
    if (s->c.full_screen)
        sdl_set_full(s, true);
    sdl_show(s);
    return true;
}

void sdl_close_window(struct sdl *s)
{
    if (s->texture)
        SDL_DestroyTexture(s->texture);
    if (s->renderer)
        SDL_DestroyRenderer(s->renderer);
    if (s->window)
        SDL_DestroyWindow(s->window);
    SDL_Quit();
}
