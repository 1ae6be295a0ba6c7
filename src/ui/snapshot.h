/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the console knows of the desk: the rows of each panel's query as they came, with their age.
 * load.c fills it in the loop; everything that draws only reads it, so a frame is a pure function
 * of snapshot, view, size and theme. Texts are hostile until a cell is drawn (pane_* cleans). */
#ifndef UI_SNAPSHOT_H
#define UI_SNAPSHOT_H

#include "quorum/db.h"

enum panel_id {
    PANEL_POSITIONS,   /* 1 */
    PANEL_PENDING,     /* 2 */
    PANEL_TRADES,      /* 3 */
    PANEL_ACTIVITY,    /* 4 */
    PANEL_AGENTS,      /* 5 */
    PANEL_BUDGET,      /* 6 */
    PANEL_REGIME,      /* 7 */
    PANEL_LEARNING,    /* 8 */
    PANEL_ALERTS,      /* 9 */
    PANEL_EQUITY,      /* 0 */
    PANEL_WATCHLIST,   /* W */
    PANEL_EVALUATIONS, /* V */
    PANEL_LOG,         /* L */
    PANEL_CALIBRATION, /* C */
    PANEL_COUNT,
    PANEL_NONE = -1
};

/* What one query gave. */
struct snap {
    struct rows rows;
    int64_t loaded_at; /* time_monotonic_us() of the answer; 0: not yet */
    char problem[200]; /* why the last try failed; "" when it did not */
    /* Other rows or another problem, another number; an answer that says the same, or only what
     * time it is, keeps it. */
    int64_t version;
};

/* Which rows those are: every change of them gives another. */
struct rows_id {
    const void *cells;
    size_t nrows;
    int64_t version;
};
struct rows_id rows_id_of(const struct snap *n);
bool rows_id_same(const struct rows_id *a, const struct rows_id *b);

/* An open detail rests on up to so many queries (detail.h). */
enum { DETAIL_PARTS = 8, PRICE_PLACES = 2, USUAL_MS = 2000 };

struct snapshot {
    int64_t now;       /* the desk's time at `monotonic`, carried on between queries */
    int64_t heard;     /* the desk's time as it said it last */
    int64_t monotonic; /* of this picture; ages are counted from it */
    bool connected;
    int64_t lost_at; /* monotonic, when not connected */
    int retry_s, tries;
    bool read_only, demo, no_market; /* no_market: a paper desk without a key to any */
    int64_t skew_us;                 /* this machine's clock is so far before the database's */
    int hold_s;                      /* of an approval; 0: REVIEW_HOLD_S */
    int price_places;                /* behind the point */
    int refresh_ms;                  /* the rhythm panels of USUAL_MS have now; 0: that */
    int least_ms;                    /* nothing is asked more often now (no focus) */
    int latency_ms;                  /* of a small query, lately; -1: not measured */
    struct snap status;              /* one row; columns in panels.h */
    struct snap reasons;             /* verb, reason: one's own, the last ones first */
    struct snap sessions;            /* presence.h */
    char session[40];                /* its own row among them; "": none */
    struct snap panel[PANEL_COUNT];
    struct snap detail[DETAIL_PARTS];
};
void snapshot_release(struct snapshot *s);

#endif
