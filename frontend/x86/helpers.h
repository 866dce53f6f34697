/* helpers.h - prototypes of the functions that x86 blocks call: x86_h_<name>(), rows in frontend/x86/helpers.def. */
#pragma once
#include "vm/vm.h"

#define HELPER(name, result, args, flags) u64 x86_h_##name(struct vcpu *v, u64 a, u64 b, u64 c);
#include "frontend/x86/helpers.def"
