/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The first row of the picture: what the desk does and what it uses up, in as many words as there
 * is room for, or the banner while the database is lost. */
#ifndef UI_STATUS_LINE_H
#define UI_STATUS_LINE_H

#include "ui/keep.h"
#include "ui/view.h"

/* Returns the column the clock begins in; -1: none is shown. */
int status_line(const struct pane *row, const struct snapshot *s, const struct view *v,
                enum size_class size);
/* The clock anew on a line that is the same but for it: a demo desk's moves with every frame. */
void status_tick(const struct pane *row, const struct snapshot *s, const struct view *v, int at);
/* All it reads but the time of day (keep.h). False while the database is lost: the banner counts
 * seconds. */
struct status_inputs {
    struct keep_answer status, sessions;
    char session[40], notice[160], mark[12];
    int64_t skew_us;
    int latency_ms;
    bool connected, demo, no_market, read_only, frozen, has_now;
    enum zone zone;
    enum clock_form form;
    enum size_class size;
};
bool status_inputs(struct status_inputs *in, const struct snapshot *s, const struct view *v,
                   enum size_class size);
/* All there is below 24x6. */
void status_smallest(const struct pane *row, const struct snapshot *s);
/* "14:32:07" (seconds) or "14:32" of the console's zone. */
const char *status_clock(char dst[16], const struct view *v, int64_t at, bool seconds);
/* A column of the status row as a number; false when there is none. */
bool status_number(const struct snapshot *s, const char *name, double *out);
const char *status_field(const struct snapshot *s, const char *name); /* "" when there is none */
bool status_is_held(const struct snapshot *s); /* paused or halted: it can be resumed */
/* One letter for a regime: B(ULL), R for BEAR, S(IDEWAYS), H(IGH_VOL), L(OW_VOL), "?". */
const char *status_regime_letter(const char *regime);

#endif
