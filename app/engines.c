/* engines.c - the engines that this program has; see engines.h. A new one is a row. */
#include "app/engines.h"
#include "backend/interp/interp.h"
#include "backend/jit/jit.h"
#include <string.h>

static const struct {
    const struct engine *engine;
    const char          *text;
    bool               (*works)(void); /* on this host; NULL: everywhere */
} rows[] = { /* the best one last: "auto" takes the last that works */
    { &interp_engine, "the reference interpreter: slow, sure, everywhere", NULL },
    { &llvm_engine, "makes hot loops regions by LLVM, while the guest waits: for trying it", baseline_works },
    { &baseline_engine, "compiles every block at its first execution", baseline_works },
};

static const struct engine *best(void)
{
    u32 i = COUNT(rows) - 1;
    while (rows[i].works && !rows[i].works())
        i--;
    return rows[i].engine;
}

static void append(char *list, size_t size, const char *name)
{
    strncat(list, *list ? ", " : "", size - strlen(list) - 1);
    strncat(list, name, size - strlen(list) - 1);
}

const struct engine *engine_find(const char *option, const char *name, struct err *e)
{
    char known[160] = "";
    if (!strcmp(name, "auto"))
        return best();
    for (u32 i = 0; i < COUNT(rows); i++) {
        if (!strcmp(rows[i].engine->name, name))
            return rows[i].engine;
        append(known, sizeof known, rows[i].engine->name);
    }
    append(known, sizeof known, "auto");
    err_set(e, "%s: unknown engine '%s' (known: %s)", option, name, known);
    return NULL;
}

void engines_print(FILE *f)
{
    for (u32 i = 0; i < COUNT(rows); i++)
        fprintf(f, "%-10s %s\n", rows[i].engine->name, rows[i].text);
    fprintf(f, "%-10s the best one, now %s\n", "auto", best()->name);
}
