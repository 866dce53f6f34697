/* tier_load.c - finds mynah-llvm.so; see worker.h. */
#define _GNU_SOURCE
#include "backend/jit/worker.h"
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

static void *open_beside(const char *name)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 64);
    while (n > 0 && path[n - 1] != '/')
        n--;
    if (n <= 0)
        return NULL;
    snprintf(path + n, sizeof path - (size_t)n, "%s", name);
    return access(path, F_OK) ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

const struct tier_api *tier_load(struct err *e)
{
    void *lib = open_beside("mynah-llvm.so");
    if (!lib)
        lib = dlopen(MYNAH_LIBDIR "/mynah-llvm.so", RTLD_NOW | RTLD_LOCAL);
    const char *why = lib ? NULL : dlerror();
    const struct tier_api *api = lib ? dlsym(lib, TIER_SYMBOL) : NULL;
    if (!lib)
        err_set(e, "the LLVM tier is not there: %s", why ? why : "no reason given");
    else if (!api || api->version != TIER_VERSION)
        err_set(e, "mynah-llvm.so is not of this program");
    return api && api->version == TIER_VERSION ? api : NULL;
}
