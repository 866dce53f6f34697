/* engines.c - the engines that this program has; see engines.h. A new one is a row. */
#include "app/engines.h"
#include "backend/interp/interp.h"
#include "backend/jit/jit.h"
#include <string.h>

static const struct {
    const struct engine *engine;
    const char          *text;
} rows[] = {
    { &interp_engine, "the reference interpreter: slow, sure, everywhere" },
    { &baseline_engine, "compiles every block at its first execution" },
    { &llvm_engine, "compiles by LLVM whatever is met again, while the guest waits: for tests" },
};

/* Of "auto". */
static const struct engine *best(void)
{
    return baseline_works() ? &auto_engine : &interp_engine;
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
    fprintf(f, "%-10s the best of this host: %s\n", "auto", best() == &interp_engine ? "the interpreter"
            : "the baseline, and hot loops by LLVM in the background");
}
