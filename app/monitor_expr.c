/* monitor_expr.c - numbers as people write them: constants and registers. Input is hostile: depth is bounded. */
#include "app/monitor_cmd.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH 32u

struct expr {
    struct vcpu *v;
    const char  *at;
    u32          depth;
    struct err  *e;
};

static bool bits(struct expr *x, u64 *val);

static void blanks(struct expr *x) { x->at += strspn(x->at, " "); }

static bool constant(struct expr *x, u64 *val)
{
    char *end;
    errno = 0;
    *val = strtoull(x->at, &end, 0);
    if (errno)
        return err_set(x->e, "'%.40s': more than 64 bits", x->at);
    if (isalnum((u8)*end) || *end == '_' || *end == '.')
        return err_set(x->e, "'%.40s' is not a number", x->at);
    x->at = end;
    return true;
}

static bool reg(struct expr *x, u64 *val)
{
    const char *name = ++x->at;
    u32 n = 0;
    while (isalnum((u8)name[n]) || name[n] == '_')
        n++;
    x->at += n;
    return monitor_register(x->v, name, n, val)
           || err_set(x->e, "there is no register '$%.*s'", (int)MIN(n, 40u), name);
}

static bool in_brackets(struct expr *x, u64 *val)
{
    x->at++;
    if (!bits(x, val))
        return false;
    if (*x->at != ')')
        return err_set(x->e, "a ')' is missing");
    x->at++;
    return true;
}

static bool atom(struct expr *x, u64 *val);

static bool sign(struct expr *x, u64 *val)
{
    char op = *x->at++;
    if (!atom(x, val))
        return false;
    *val = op == '-' ? -*val : op == '~' ? ~*val : *val;
    return true;
}

static bool any_atom(struct expr *x, u64 *val)
{
    if (*x->at == '(')
        return in_brackets(x, val);
    if (*x->at && strchr("+-~", *x->at))
        return sign(x, val);
    if (*x->at == '$')
        return reg(x, val);
    if (isdigit((u8)*x->at))
        return constant(x, val);
    if (x->at[0] == '\'' && x->at[1] && x->at[2] == '\'') {
        *val = (u8)x->at[1];
        x->at += 3;
        return true;
    }
    return err_set(x->e, *x->at ? "a number is wanted, not '%.40s'" : "a number is missing%.0s", x->at);
}

static bool atom(struct expr *x, u64 *val)
{
    blanks(x);
    if (x->depth == DEPTH)
        return err_set(x->e, "brackets and signs are more than %u deep", DEPTH);
    x->depth++;
    bool ok = any_atom(x, val);
    x->depth--;
    blanks(x);
    return ok;
}

static bool product(struct expr *x, u64 *val)
{
    bool ok = atom(x, val);
    while (ok && *x->at && strchr("*/%", *x->at)) {
        char op = *x->at++;
        u64 by;
        if (!atom(x, &by))
            return false;
        if (!by && op != '*')
            return err_set(x->e, "a division by zero");
        *val = op == '*' ? *val * by : op == '/' ? *val / by : *val % by;
    }
    return ok;
}

static bool sum(struct expr *x, u64 *val)
{
    bool ok = product(x, val);
    while (ok && (*x->at == '+' || *x->at == '-')) {
        char op = *x->at++;
        u64 by;
        ok = product(x, &by);
        if (ok)
            *val = op == '+' ? *val + by : *val - by;
    }
    return ok;
}

static bool bits(struct expr *x, u64 *val)
{
    bool ok = sum(x, val);
    while (ok && *x->at && strchr("&|^", *x->at)) {
        char op = *x->at++;
        u64 by;
        ok = sum(x, &by);
        if (ok)
            *val = op == '&' ? *val & by : op == '|' ? *val | by : *val ^ by;
    }
    return ok;
}

bool monitor_eval(struct vcpu *v, const char *text, u64 *val, struct err *e)
{
    struct expr x = { .v = v, .at = text, .e = e };
    return bits(&x, val) && (!*x.at || err_set(e, "what is '%.40s' behind the number?", x.at));
}
