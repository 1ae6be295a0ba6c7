/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sequences for what is around the picture: title, clipboard, notification. They are the outer
 * terminal's business, so a multiplexer in between is asked to hand them on. Pure. */
#ifndef UI_OSC_H
#define UI_OSC_H

#include "quorum/buf.h"

enum osc_between { OSC_DIRECT, OSC_TMUX, OSC_SCREEN };
/* By TMUX and STY of the environment: the innermost one is tmux when both are set. */
enum osc_between osc_between(const char *tmux, const char *sty);

/* All append to out. Texts need not be clean. */
void osc_title(struct buf *out, const char *text);
/* OSC 52, base64. The bytes of base64 it takes are (len + 2) / 3 * 4. */
void osc_copy(struct buf *out, enum osc_between between, const char *text, size_t len);
/* OSC 9 with a BEL: a multiplexer that drops the one lets the other through. */
void osc_notify(struct buf *out, enum osc_between between, const char *text);

#endif
