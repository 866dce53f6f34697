/*
 * models.c - the processors that -cpu names.
 *
 * Identification from the technical reference manuals of Cortex-A53 (DDI 0500), A57 (DDI 0488) and A72 (100095);
 * `max` is everything that is modelled, under an implementer code reserved for software (D17.2.100). What the ID
 * registers advertise follows from `features` (sysregs.c), so that no model promises what does not work.
 */
#include "frontend/arm/cpu.h"
#include <string.h>

#define FEAT(f) (1ull << A64_FEAT_##f)
#define FEAT_V8 (FEAT(crc32) | FEAT(aes) | FEAT(pmull) | FEAT(sha1) | FEAT(sha2))
#define FEAT_MAX (FEAT_V8 | FEAT(lse) | FEAT(rdm) | FEAT(dotprod) | FEAT(lrcpc) | FEAT(flagm) | FEAT(pan) \
                  | FEAT(uao) | FEAT(dpb) | FEAT(sb))

const struct a64_model a64_models[] = {
    { .name = "cortex-a53", .features = FEAT_V8, .midr = 0x410fd034, .pa_range = 2, .cortex = true,
      .ctr = 0x84448004, .clidr = 0x0a200023, .ccsidr = { 0x700fe01a, 0x201fe00a, 0x707fe07a } },
    { .name = "cortex-a57", .features = FEAT_V8, .midr = 0x411fd070, .pa_range = 4, .cortex = true,
      .ctr = 0x8444c004, .clidr = 0x0a200023, .ccsidr = { 0x701fe00a, 0x201fe012, 0x70ffe07a } },
    { .name = "cortex-a72", .features = FEAT_V8, .midr = 0x410fd083, .pa_range = 4, .cortex = true,
      .ctr = 0x8444c004, .clidr = 0x0a200023, .ccsidr = { 0x701fe00a, 0x201fe012, 0x707fe07a } },
    /* CTR_EL0.IDC and DIC: caches need no maintenance for code, which stores to it reach at once. */
    { .name = "max", .features = FEAT_MAX, .midr = 0x000f06d0, .pa_range = 5, .gran16 = true,
      .ctr = 0xb444c004, .clidr = 0x0a200023, .ccsidr = { 0x701fe00a, 0x201fe012, 0x70ffe07a } },
    { .name = NULL },
};

const struct a64_model *a64_model_find(const char *name)
{
    for (const struct a64_model *m = a64_models; m->name; m++)
        if (!strcmp(m->name, name))
            return m;
    return NULL;
}
