/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMAND_DOCTOR_H
#define COMMAND_DOCTOR_H

#include "quorum/command.h"
#include "quorum/verify.h"

/* *e comes in as the error of the settings when they are wrong: doctor is asked just then. */
enum err run_doctor(struct call *c, struct error *e);
/* Models and prices, the market's calls, the feeds: asked free of charge. d is open. */
void check_services(struct desk *d, struct checks *k);

#endif
