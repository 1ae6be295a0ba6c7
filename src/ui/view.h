/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the person looks at: focus, selection, filter, order, marks, an open detail, overlays. Pure
 * data and operations; no terminal, no database. A selection is an object, not a row. */
#ifndef UI_VIEW_H
#define UI_VIEW_H

#include "quorum/zone.h"
#include "ui/panels.h"

enum size_class { CLASS_LINE, CLASS_COMPACT, CLASS_STD, CLASS_WIDE, CLASS_MAX };
enum size_class size_class_of(int rows, int cols);

enum { VIEW_ROWS_MAX = 500, VIEW_FAR = 1000000 };
enum { OBJECT_MAX = 48, MARKS_MAX = 64, FILTER_MAX = 80, DETAIL_STACK = 16, TOAST_MAX = 240 };

struct list_view {
    char selected[OBJECT_MAX]; /* "" : the row at `place` */
    int place;                 /* row the selection had, for when its object is gone */
    int top;                   /* first row shown */
    int hscroll;               /* columns of the table scrolled away */
    int sort;                  /* column, -1: as it came */
    bool descending;
    char filter[FILTER_MAX]; /* rows whose cells contain it (case folded); "" all */
    bool follow;             /* activity and log: stays at the newest */
    size_t nmarks;
    char mark[MARKS_MAX][OBJECT_MAX]; /* last: keep.h compares as far as nmarks */
};

enum detail_kind {
    DETAIL_NONE,
    DETAIL_EVALUATION, /* running or ended */
    DETAIL_TRADE,
    DETAIL_POSITION,
    DETAIL_ADJUSTMENT,
    DETAIL_AGENT,
    DETAIL_ALERT,
    DETAIL_PARAMETER,
    DETAIL_CYCLE,
    DETAIL_SYMBOL,
    DETAIL_TEXT, /* the answer of a command */
    DETAIL_KINDS
};
struct detail_view {
    enum detail_kind kind;
    char id[OBJECT_MAX]; /* "412", "AAPL" */
    int scroll, item;    /* first line shown; selected inner item (an agent's vote ...) */
    int hscroll;         /* columns of unwrapped texts scrolled away */
    int depth;           /* Enter on the item: 0 overview, 1 full text, 2 prompt and raw reply */
    char *text;          /* DETAIL_TEXT: owned */
    char title[80];      /* set by the detail's draw; DETAIL_TEXT: by whoever opens it */
    struct {
        int item, depth;
        bool in_sight, show; /* the item is; Enter wants it to be */
    } drawn;                 /* the detail's own: what scroll was last made for */
};

enum clock_form { CLOCK_SECONDS, CLOCK_MINUTES, CLOCK_OFF };
enum toast_kind { TOAST_OK, TOAST_WARN, TOAST_ERR };
struct question {
    bool open;
    int level;          /* 2: y; 3: the word */
    char text[10][160]; /* lines above the bar: what, effect, warnings */
    int lines;
    bool changed;       /* the last of them says what is another by now */
    char prompt[80];    /* "approve #17? [y/N]" */
    char word[32];      /* level 3; "PAUSE HALT FLATTEN": one of them */
    bool small;         /* the window is, for what is asked to be read */
    int64_t painted_at; /* monotonic; 0: not yet: answers do not count */
    int64_t opened_at;
    char typed[32]; /* level 3, so far */
};

struct user_keys;
struct view_orders;
struct view {
    enum panel_id focus;
    bool zoomed, bare, frozen, help, wait; /* wait: a command is at work */
    bool help_typing;                      /* into help_search */
    char help_search[32];
    int help_scroll;
    enum size_class forced;  /* --layout; CLASS_LINE: by the size */
    bool shown[PANEL_COUNT]; /* show and hide; all true at first */
    struct list_view list[PANEL_COUNT];
    struct detail_view detail[DETAIL_STACK]; /* the top one is shown */
    int ndetails;
    struct question question;
    char toast[TOAST_MAX];
    enum toast_kind toast_kind;
    int64_t toast_at;             /* monotonic */
    const struct user_keys *keys; /* of the person; NULL: none */
    char notice[160];             /* badges: "slow link", "REC" */
    enum zone zone;               /* of all times */
    enum clock_form clock;
    struct view_orders *orders; /* owned: of each panel as it was asked last (view.c) */
};

void view_init(struct view *v);
void view_release(struct view *v);

/* Rows of the panel as the view shows them: indexes into the snapshot's rows, filtered and sorted.
 * Returns how many; index has room for VIEW_ROWS_MAX. */
size_t view_rows(const struct view *v, const struct snapshot *s, enum panel_id p, int *index);
/* The selected row among those, -1 when there are none; clamps a selection whose object is gone to
 * the place it had. */
int view_selected(const struct view *v, const struct snapshot *s, enum panel_id p);
const char *view_object(const struct view *v, const struct snapshot *s); /* of the focus, "" */
/* In a list both move the selection; in a detail `by` is of items, `page` of lines. VIEW_FAR is
 * to the end. */
void view_move(struct view *v, const struct snapshot *s, int by, int page);
void view_select(struct view *v, const struct snapshot *s, enum panel_id p, int row);
/* After new rows: selections take their objects' new places, or what stands where they were. */
void view_settle(struct view *v, const struct snapshot *s);
bool view_mark(struct view *v, const char *object); /* or takes the mark away; false: too many */
void view_open(struct view *v, enum detail_kind kind, const char *id);
void view_open_text(struct view *v, const char *title, char *owned_text);
bool view_open_object(struct view *v, const char *object); /* "trade 88"; false: nothing to open */
bool view_back(struct view *v);                            /* false: nothing was open */
bool view_forward(struct view *v);                         /* to what was left last */
struct detail_view *view_top(struct view *v);              /* NULL when no detail is open */
int64_t view_toast_time(const struct view *v);             /* how long it is shown, microseconds */
void view_toast(struct view *v, enum toast_kind kind, int64_t now, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

#endif
