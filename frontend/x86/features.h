/* features.h - CPU features as decode rows, models and CPUID name them (frontend/x86/cpuid.c says which bits they
 * are). */
#pragma once
#include "base/types.h"

enum x86_feat {
#define X86_FEAT(name) X86_FEAT_##name,
#include "frontend/x86/features.def"
    X86_FEAT_COUNT
};
