/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef QUORUM_STATUS_H
#define QUORUM_STATUS_H

#include "quorum/command.h"

/* The state of the call's desk (opened already); with `follow` again and again until Ctrl-C. */
enum err status_show(struct call *c, bool follow, struct error *e);

#endif
