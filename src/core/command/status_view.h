/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The state of a desk as `status` shows it: loaded from the database in a few queries, and written
 * as lines of text. */
#ifndef COMMAND_STATUS_VIEW_H
#define COMMAND_STATUS_VIEW_H

#include "core/command/figures.h"
#include "quorum/control.h"
#include "quorum/engine.h"
#include "quorum/schedule.h"

enum { CURVE_MAX = 60 };

struct status_view {
    enum desk_kind kind;
    int64_t now; /* desk time */
    struct life life;
    struct control_view control;
    struct arena arena;
    struct engine_row *engine;
    size_t nengines;
    struct rows facts, positions, trades, alerts;
    struct rows coming; /* kind and due of jobs that are queued and not due */
    struct rows curve;  /* equity of the last marks, oldest first */
    struct day_plan plan;
    struct schedule_plan schedule;
    int64_t fmp_limit, fmp_left;
    bool counts_calls;
    const char *no_model; /* why no model is asked, NULL when one is */
};

/* Waits. `lists`: also positions, trades and the curve. Release it also after a failure. */
enum err status_load(struct desk *d, bool lists, struct status_view *out, struct error *e);
void status_release(struct status_view *v);
const char *status_fact(const struct status_view *v, const char *name); /* NULL: SQL NULL */
int64_t status_count(const struct status_view *v, const char *name);
/* RUNNING, PAUSED, HALTED, FLATTENING as set; STOPPED without an engine, NO HEARTBEAT 00:23. */
const char *status_word(const struct status_view *v, char dst[32]);
/* "look 14:35  evaluate 15:00  mark 16:05": the next of each kind. */
void status_next_runs(const struct status_view *v, struct buf *out);
/* "19 evaluations left today: FMP; positions every 32 min: FMP" */
void status_plan(const struct status_view *v, struct buf *out);
void status_market(const struct status_view *v, struct buf *out);

/* Lines of text. full: everything there is to say; else a frame of that many rows and columns
 * (rows 0: as many as it takes), with positions and trades. */
void status_text(const struct status_view *v, bool full, int columns, int rows, struct buf *out);
void status_json(const struct status_view *v, struct buf *out);

#endif
