/* options_kv.c - the small parsers of the command line; see options_kv.h. */
#include "app/options_kv.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool opt_next(const char **at, struct kv *kv)
{
    size_t n = 0;
    const char *p = *at;
    if (!*p)
        return false;
    while (*p && !(*p == ',' && p[1] != ',')) {
        if (*p == ',')
            p++;
        if (n + 1 < sizeof kv->text) /* always: options_parse has refused what is longer */
            kv->text[n++] = *p;
        p++;
    }
    kv->text[n] = 0;
    *at = *p ? p + 1 : p;
    char *eq = strchr(kv->text, '=');
    kv->key = kv->text;
    kv->val = eq ? eq + 1 : NULL;
    if (eq)
        *eq = 0;
    return true;
}

bool opt_u64(const char *text, u64 *out)
{
    char *end;
    errno = 0;
    if (!isdigit((unsigned char)*text))
        return false;
    *out = strtoull(text, &end, 0);
    return !errno && !*end;
}

bool opt_bool(const char *opt, const char *key, const char *val, bool *out, struct err *e)
{
    if (!val || !strcmp(val, "on") || !strcmp(val, "yes") || !strcmp(val, "true"))
        *out = true;
    else if (!strcmp(val, "off") || !strcmp(val, "no") || !strcmp(val, "false"))
        *out = false;
    else
        return err_set(e, "%s: %s is 'on' or 'off', not '%s'", opt, key, val);
    return true;
}

struct opt_text { struct opt_text *next; char text[]; };
const char *opt_keep(struct options *o, const char *text)
{
    struct opt_text *t = malloc(sizeof *t + strlen(text) + 1);
    CHECK(t);
    t->next = o->texts;
    o->texts = t;
    return strcpy(t->text, text);
}

void options_free(struct options *o)
{
    for (struct opt_text *t = o->texts, *next; t; t = next) {
        next = t->next;
        free(t);
    }
    o->texts = NULL;
}
