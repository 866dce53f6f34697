/*
 * acpi_pm.h - the ACPI fixed hardware of a PC (as in the PIIX4): PM1a events and control, power management timer,
 * SMI command port.
 *
 * The board embeds the struct, calls acpi_pm_init, sets sci, maps dev_mmio over 12 ports (PM1a_EVT_BLK at 0,
 * PM1a_CNT_BLK at 4, PM_TMR_BLK at 8), acpi_pm_gpe_mmio over the 4 of GPE0_BLK and acpi_pm_smi_mmio over the 2 from
 * SMI_CMD on.
 */
#pragma once
#include "vm/vm.h"

#define ACPI_PM_TIMER_HZ 3579545u
enum { ACPI_PM_ENABLE = 0xf1, ACPI_PM_DISABLE = 0xf0 }; /* FADT: ACPI_ENABLE, ACPI_DISABLE */
enum { ACPI_PM_S5 = 0 };                                /* SLP_TYP of soft off */

struct acpi_pm_state {
    u64 due;          /* deadline: the timer's top bit changes and the guest wants to know */
    u64 seen;         /* timer ticks up to which the status is known; ~0: from the next look on */
    u16 status, enable, control;
    u8  apm[2];       /* SMI command and status ports as written */
};

struct acpi_pm {
    struct dev           dev;
    struct acpi_pm_state s;
    struct irq_line      sci;  /* a level */
    struct event         event;
    bool                 powered; /* the reset of power-on is over */
};

extern const struct dev_class acpi_pm_class;
extern const struct mmio_ops acpi_pm_gpe_mmio, acpi_pm_smi_mmio; /* opaque: the struct dev */
void acpi_pm_init(struct acpi_pm *p, struct machine *m, const char *path);
/* Presses the power button: the guest is asked to shut down. */
void acpi_pm_power_button(struct acpi_pm *p);
