/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes to a terminal that is never waited for: what it does not take at once is kept and sent
 * when it has room, in order. Whoever has a new picture asks first whether there is any. */
#ifndef UI_TTY_OUT_H
#define UI_TTY_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "quorum/buf.h"

struct tty_out {
    int fd;           /* an open of our own, since the shell shares the one it gave us; else that */
    bool own, gone;   /* gone: the terminal is no more, and nothing is written */
    struct buf later; /* what was not taken yet, from `sent` on */
    size_t sent;
};

void tty_out_open(struct tty_out *o, int fd);
void tty_out_close(struct tty_out *o);
void tty_out_write(struct tty_out *o, const char *bytes, size_t n);
bool tty_out_has_rest(const struct tty_out *o);
/* Sends what it can of the rest; true when none is left and there is room. */
bool tty_out_is_ready(struct tty_out *o);
/* Before the terminal is given back: the rest, for a moment, since nobody may be reading. */
void tty_out_finish(struct tty_out *o);
void tty_out_forget(struct tty_out *o); /* the rest */

#endif
