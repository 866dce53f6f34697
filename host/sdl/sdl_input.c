/*
 * sdl_input.c - what happens to the window: keys, pointer, focus, sizes, closing.
 *
 * A guest with a mouse gets motion while the window has the pointer grabbed, which a click or our key does; one with
 * a device for absolute positions gets the pointer's place without. Keys go by their place, not by the desktop's
 * layout.
 */
#include "host/sdl/sdl.h"

/* ---- grab ---- */

static bool takes_pointer(const struct sdl *s)
{
    return s->grabbed || s->absolute;
}

static void use_pointer(struct sdl *s)
{
    SDL_SetRelativeMouseMode(s->grabbed && !s->absolute);
    SDL_ShowCursor(takes_pointer(s) && !s->c.show_cursor ? SDL_DISABLE : SDL_ENABLE);
}

void sdl_look_at_guest(struct sdl *s)
{
    bool absolute = input_is_absolute(s->c.input);
    if (absolute == s->absolute)
        return;
    s->absolute = absolute;
    use_pointer(s);
}

void sdl_grab(struct sdl *s, bool on)
{
    if (on == s->grabbed)
        return;
    s->grabbed = on;
    SDL_SetWindowMouseGrab(s->window, on);
    SDL_SetWindowKeyboardGrab(s->window, on);
    use_pointer(s);
    sdl_set_title(s);
}

/* ---- keys ---- */

/* What this window holds down, is let go: nobody will see the fingers leave. */
static void let_go(struct sdl *s)
{
    for (u32 k = 0; k < KEY_COUNT; k++)
        if (s->keys[k])
            input_key(s->c.input, k, false);
    for (u32 b = 1; b <= BUTTON_ALL; b <<= 1)
        if (s->buttons & b)
            input_button(s->c.input, b, false);
    SDL_memset(s->keys, 0, sizeof s->keys);
    s->buttons = 0;
}

/* At the time of the key: SDL_GetModState() may be ahead of it. */
static bool mods_held(const struct sdl *s, const SDL_KeyboardEvent *ev)
{
    static const u32 mods[] = {
        [WINDOW_CTRL_ALT] = KMOD_LCTRL | KMOD_LALT,
        [WINDOW_SHIFT_CTRL_ALT] = KMOD_LSHIFT | KMOD_LCTRL | KMOD_LALT,
        [WINDOW_RIGHT_CTRL] = KMOD_RCTRL,
    };
    return (ev->keysym.mod & mods[s->c.mods]) == mods[s->c.mods];
}

static void zoom(struct sdl *s, bool up)
{
    u32 now = s->follows ? s->percent : 100 * s->view.w / s->view.width;
    s->percent = view_zoom(now, up);
    sdl_fit_window(s);
}

static void full_screen(struct sdl *s)
{
    sdl_set_full(s, !s->full);
    sdl_grab(s, s->full);
}

static void scale_1(struct sdl *s)
{
    s->percent = 100;
    sdl_fit_window(s);
}

/* The letter on the key; where the layout has none there, that of its place. */
static SDL_Keycode letter(const SDL_KeyboardEvent *ev)
{
    static const struct { SDL_Scancode at; SDL_Keycode is; } places[] = {
        { SDL_SCANCODE_G, SDLK_g }, { SDL_SCANCODE_F, SDLK_f }, { SDL_SCANCODE_U, SDLK_u },
        { SDL_SCANCODE_EQUALS, SDLK_EQUALS }, { SDL_SCANCODE_MINUS, SDLK_MINUS },
    };
    for (u32 i = 0; ev->keysym.sym >= 128 && i < COUNT(places); i++)
        if (places[i].at == ev->keysym.scancode)
            return places[i].is;
    return ev->keysym.sym;
}

/* A key of ours with what has to be held for it: the guest does not get it. */
static bool our_key(struct sdl *s, const SDL_KeyboardEvent *ev)
{
    if (!mods_held(s, ev))
        return false;
    SDL_Keycode key = letter(ev);
    switch (key) {
    case SDLK_g: case SDLK_f: case SDLK_u: case SDLK_PLUS: case SDLK_EQUALS: case SDLK_KP_PLUS: case SDLK_MINUS:
    case SDLK_KP_MINUS:
        break;
    default:
        return false;
    }
    let_go(s);
    if (key == SDLK_g && !ev->repeat)
        sdl_grab(s, !s->grabbed);
    else if (key == SDLK_f && !ev->repeat)
        full_screen(s);
    else if (key == SDLK_u)
        scale_1(s);
    else if (key != SDLK_g && key != SDLK_f)
        zoom(s, key != SDLK_MINUS && key != SDLK_KP_MINUS);
    return true;
}

static void on_key(struct sdl *s, const SDL_KeyboardEvent *ev)
{
    bool down = ev->type == SDL_KEYDOWN;
    u32 key = sdl_key(ev->keysym.scancode);
    if (down && our_key(s, ev))
        return;
    if (!key || ev->repeat || s->keys[key] == down)
        return;
    if (input_key(s->c.input, key, down) || !down)
        s->keys[key] = down;
}

/* ---- pointer ---- */

static void on_motion(struct sdl *s, const SDL_MouseMotionEvent *ev)
{
    i32 x, y;
    if (s->absolute) {
        view_point(&s->view, ev->x, ev->y, &x, &y);
        input_point(s->c.input, x, y);
    } else if (s->grabbed) {
        input_move(s->c.input, ev->xrel, ev->yrel);
    }
}

static u32 button_of(u8 n)
{
    static const u8 buttons[] = {
        [SDL_BUTTON_LEFT] = BUTTON_LEFT, [SDL_BUTTON_MIDDLE] = BUTTON_MIDDLE, [SDL_BUTTON_RIGHT] = BUTTON_RIGHT,
        [SDL_BUTTON_X1] = BUTTON_SIDE, [SDL_BUTTON_X2] = BUTTON_EXTRA,
    };
    return n < COUNT(buttons) ? buttons[n] : 0;
}

/* A press beside the picture is not the guest's; its release, like that of a click that only grabs, goes nowhere. */
static void on_button(struct sdl *s, const SDL_MouseButtonEvent *ev)
{
    bool down = ev->type == SDL_MOUSEBUTTONDOWN;
    u32 button = button_of(ev->button);
    i32 x, y;
    if (down && !takes_pointer(s)) {
        sdl_grab(s, true);
        return;
    }
    if (!button || !!(s->buttons & button) == down)
        return;
    if (down && s->absolute) {
        if (!view_point(&s->view, ev->x, ev->y, &x, &y))
            return;
        input_point(s->c.input, x, y);
    }
    if (input_button(s->c.input, button, down) || !down)
        s->buttons ^= button;
}

/* ---- the window ---- */

static void close_asked(struct sdl *s)
{
    if (s->c.stays)
        return;
    s->closes++;
    s->c.closed(s->c.opaque, s->closes);
    sdl_set_title(s);
}

static void on_focus(struct sdl *s, bool focused)
{
    if (focused) { /* possibly later than the click that gave it */
        sdl_grab(s, s->grabbed || s->full);
        return;
    }
    let_go(s);
    sdl_grab(s, false);
}

static void on_window(struct sdl *s, const SDL_WindowEvent *ev)
{
    switch (ev->event) {
    case SDL_WINDOWEVENT_CLOSE:        close_asked(s); break;
    case SDL_WINDOWEVENT_FOCUS_GAINED: on_focus(s, true); break;
    case SDL_WINDOWEVENT_FOCUS_LOST:   on_focus(s, false); break;
    case SDL_WINDOWEVENT_RESIZED:      sdl_resized(s, (u32)ev->data1, (u32)ev->data2); break;
    case SDL_WINDOWEVENT_HIDDEN:
    case SDL_WINDOWEVENT_MINIMIZED:    s->hidden = true; break;
    case SDL_WINDOWEVENT_SHOWN:
    case SDL_WINDOWEVENT_RESTORED:     s->hidden = false; break;
    default: break;
    }
    s->stale = true;
}

void sdl_handle(struct sdl *s, const SDL_Event *ev)
{
    switch (ev->type) {
    case SDL_KEYDOWN:
    case SDL_KEYUP:           on_key(s, &ev->key); break;
    case SDL_MOUSEMOTION:     on_motion(s, &ev->motion); break;
    case SDL_MOUSEBUTTONDOWN:
    case SDL_MOUSEBUTTONUP:   on_button(s, &ev->button); break;
    case SDL_MOUSEWHEEL:
        if (takes_pointer(s))
            input_wheel(s->c.input, ev->wheel.x, -ev->wheel.y);
        break;
    case SDL_WINDOWEVENT:     on_window(s, &ev->window); break;
    case SDL_RENDER_TARGETS_RESET:
    case SDL_RENDER_DEVICE_RESET: s->lost = true; break;
    default: break;
    }
}
