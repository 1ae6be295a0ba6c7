/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of the loader: what asks (load.c) and what takes the answers (load_answer.c). */
#ifndef UI_LOAD_PRIVATE_H
#define UI_LOAD_PRIVATE_H

#include "ui/desk_clock.h"
#include "ui/load.h"

#define MS ((int64_t)1000)
enum {
    NET_MS = 30000, /* while changes are heard of: the net for hints that were lost */
    STATUS_NET_MS = 5000,
    BESIDE_TICK_MS = 2, /* behind the clock's tick, whose turn asks what is due so soon */
    OTHERS = 3,
    SOURCES = OTHERS + PANEL_COUNT + DETAIL_PARTS,
};

struct loader;

/* One query that is kept fresh. */
struct source {
    struct loader *l;
    const struct statement *st;
    struct snap *into;
    int refresh_ms;    /* 0: once */
    int calm_ms;       /* of a detail: the pause it has come to */
    char name[24];     /* for E70: "panel 5", "status", "detail" */
    const char *hears; /* tables; NULL: its rhythm alone */
    bool watched, calms;
    bool again;      /* a hint came while it was asked */
    bool hinted;     /* a hint, not its rhythm, makes it due */
    int64_t due;     /* monotonic; INT64_MAX: not again by itself */
    int64_t rest_to; /* a hint does not make it due before */
    struct ask *ask;
};

/* A call under way. It outlives the loader, and the source when that is asked for something else.
 */
struct ask {
    struct source *source; /* NULL: nobody wants the answer */
    int64_t sent_at;
};

struct loader {
    struct desk *desk;
    struct snapshot *s;
    void (*changed)(void *arg);
    void *arg;
    struct loop_timer *timer;
    struct source status, presence, reasons, panel[PANEL_COUNT], part[DETAIL_PARTS];
    struct log_tail *log;
    enum detail_kind kind;
    char id[OBJECT_MAX];
    int under_way; /* answers awaited */
    bool unfocused;
    bool hearing; /* this session's LISTEN is known to work */
    bool begins;  /* this session's first picture is not whole */
    enum zone zone;
    char rule[64]; /* of the zone, for the server */
    int price_places, refresh_ms, unfocused_ms;
    int64_t focused_at;
    int64_t session; /* of the database */
    struct desk_clock clock;
    int64_t latency_us;
};

struct source *loader_source(struct loader *l, int i); /* 0 to SOURCES - 1 */
bool loader_is_detail(const struct loader *l, const struct source *q);
void loader_all_due(struct loader *l, int64_t now);
void loader_show_clock(struct loader *l, int64_t at);

/* load_answer.c */
/* Milliseconds from an answer to the next asking. */
int loader_rhythm(const struct loader *l, const struct source *q);
/* Takes the rows. True when the picture differs. */
bool loader_accept(struct loader *l, struct source *q, struct rows *rows, int64_t sent,
                   int64_t now);
/* The query failed. False: the connection did, and it is asked again when that is back. */
bool loader_complain(struct source *q, const struct rows *rows, const struct error *e, int64_t now);

#endif
