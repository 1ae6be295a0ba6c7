/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Evaluations run side by side for one call, and how they ended. The desk is open. */
#ifndef COMMAND_EVALUATE_RUN_H
#define COMMAND_EVALUATE_RUN_H

#include "core/command/show.h"

/* One evaluation of r for each argument; none is started when one of them would be refused. Exit
 * status 7 when only some came to a decision of their own. */
enum err evaluate_symbols(struct call *c, const struct evaluation_request *r, struct error *e);
/* Finishes those named by the arguments, else all that can be. */
enum err evaluate_resume(struct call *c, struct error *e);

#endif
