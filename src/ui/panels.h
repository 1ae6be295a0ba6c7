/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The panels as one table: key, query, columns, empty text. A list panel is drawn from its row of
 * this table alone; four have a drawing of their own (budget, regime, equity, calibration). */
#ifndef UI_PANELS_H
#define UI_PANELS_H

#include "ui/cells.h"
#include "ui/snapshot.h"

/* How a cell is looked at: decides its token, and how it sorts. */
enum cell_look {
    LOOK_TEXT,
    LOOK_NUMBER,
    LOOK_SIGNED,   /* "+12.30": pnl.up, pnl.down, pnl.flat */
    LOOK_VOTE,     /* BUY SELL HOLD ABSTAIN ... */
    LOOK_RISK,     /* LOW MED HIGH */
    LOOK_SEVERITY, /* i W C */
    LOOK_AGE,      /* "3h12", "14:30:02": sorts by the number of seconds in the column after it */
    LOOK_QUOTE,    /* words of a model or a feed: dim, in quotes */
    LOOK_HIDDEN    /* carries data for its neighbours; never drawn */
};

struct panel_column {
    const char *title;
    int width;  /* columns when there is room; text columns may grow (grow) or be cut */
    bool right; /* right aligned */
    bool grow;  /* takes what is left over */
    bool wide;  /* only from the size class `wide` on */
    enum cell_look look;
};

/* Column 0 of every list query is the object: "position 12", "trade 88", "adjustment 17",
 * "evaluation 412", "agent research", "alert 9", "symbol AAPL", "cycle 3", "action 7", or "" - what
 * a selection is remembered by and Enter opens. The columns of the table follow from 1 on. The
 * rightmost are dropped first when the panel is narrow. */
struct panel {
    enum panel_id id;
    char key;                      /* '1' .. */
    const char *name;              /* "positions": for show, hide, goto, export */
    const char *title;             /* "Positions" */
    const struct statement *query; /* without parameters; at most 500 rows. NULL: the log */
    int refresh_ms;
    /* The tables whose hints (migration 0017) make it be asked at once; while they are heard it is
     * asked rarely by itself. NULL: always by its rhythm. */
    const char *hears;
    const struct panel_column *column;
    size_t ncolumns;
    const char *empty; /* operator.md 4.4 */
    /* The right side of the title line, from the snapshot ("open +117.05  day +96.25"). NULL: none
     */
    void (*note)(const struct snapshot *s, char *out, size_t size);
    /* Its own drawing into the pane below the title. NULL: a list. */
    void (*draw)(const struct pane *p, const struct snapshot *s);
};
extern const struct panel panels[PANEL_COUNT];
/* The title and the empty text with what the snapshot knows: "Positions 4/10", "no open positions;
 * cash 100,000.00". */
void panel_name(const struct snapshot *s, enum panel_id p, char *out, size_t size);
void panel_empty(const struct snapshot *s, enum panel_id p, char *out, size_t size);

/* The status query's only row, read by name (rows_named): state state_reason state_by state_since
 * desk (paper|demo) pending alerts alert_worst llm_spent llm_limit llm_projected fmp_used fmp_limit
 * regime regime_conf regime_age market (open|closed) market_change (seconds) engine_beat (seconds)
 * engines equity open_pnl day_pnl cash positions positions_max evaluations_left evaluations_binding
 * next_learn schema; also pending_oldest (seconds), now, speed (of a virtual clock, else NULL),
 * learning ("true") learning_needs trades, llm_free llm_reset_s, engine_up (seconds),
 * machine (the server's clock), ring (the newest open alert that rings) ring_text. */
extern const struct statement status_query;

#endif
