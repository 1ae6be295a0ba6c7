/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the loader makes of an answer: whether the picture differs, what time it is, and when it is
 * asked again. */
#include <stdio.h>
#include <string.h>

#include "quorum/log.h"
#include "quorum/timeutil.h"
#include "ui/load_private.h"
#include "ui/load_status.h"

enum {
    HOLD_MS = 1000, /* what is held back is counted down */
    CALM_MS = 2000, /* a detail that stays as it is, is asked this often in the end */
    SLOW_SHARE = 5, /* a query gets at most a fifth of the time */
    /* How often a hint counts: of what is asked every two seconds by itself, four times a second,
     * the rest in proportion. */
    HINT_MS = 250,
    HINT_SHARE = 8,
    AFTER_FAILURE_MS = 5000,
};

int loader_rhythm(const struct loader *l, const struct source *q)
{
    int net = q == &l->status ? STATUS_NET_MS : NET_MS;
    bool counts = q->refresh_ms >= USUAL_MS; /* what is followed closely is always */
    int ms = counts ? (int)((int64_t)q->refresh_ms * l->refresh_ms / USUAL_MS) : q->refresh_ms;
    ms = q->calms && q->calm_ms > ms ? q->calm_ms : ms;
    ms = l->hearing && q->hears && ms < net ? net : ms;
    return !l->unfocused || ms > l->unfocused_ms ? ms : l->unfocused_ms;
}

/* Of the desk's state and of who is here: what differs because time went by. The clock's next tick
 * shows that; no frame is drawn for it. */
static bool tells_time(const char *column)
{
    static const char *const columns[] = {
        "now",           "machine",     "market_change", "llm_reset_s",    "regime_age",
        "llm_projected", "engine_beat", "engine_up",     "pending_oldest", "age_s"};
    for (size_t i = 0; i < ARRAY_LEN(columns); i++)
        if (strcmp(columns[i], column) == 0)
            return true;
    return false;
}

static bool same_rows(const struct rows *a, const struct rows *b, bool but_time)
{
    if (a->nrows != b->nrows || a->ncols != b->ncols)
        return false;
    for (size_t i = 0; i < a->nrows * a->ncols; i++) {
        const char *x = a->cell[i], *y = b->cell[i];
        if (x != y && (!x || !y || strcmp(x, y) != 0) &&
            !(but_time && tells_time(a->column[i % a->ncols])))
            return false;
    }
    return true;
}

static void hear_clocks(struct loader *l, const struct rows *status, int64_t sent, int64_t at)
{
    if (desk_clock_hear(&l->clock, status, at))
        loader_all_due(l, at); /* what is "today" in every panel */
    l->s->heard = l->clock.said;
    desk_clock_skew(status, sent, at, &l->s->skew_us);
    loader_show_clock(l, at);
}

/* What a small query takes, smoothed: a number that jumps is not read. One that waited (for the
 * connection, behind others) tells little, so less is believed at once and more slowly. */
static void measure(struct loader *l, int64_t took)
{
    int64_t before = l->latency_us;
    l->latency_us = before > 0 && took > before ? before + (took - before) / 4 : took;
    l->s->latency_ms = (int)((l->latency_us + 500) / 1000);
}

/* What the server said of the query itself, and not of its own end (57P01 and the like). */
static bool is_about_query(const struct rows *rows, const struct error *e)
{
    if (e->kind != ERR_TRANSIENT)
        return true;
    return rows->sqlstate[0] && strncmp(rows->sqlstate, "57P", 3) != 0;
}

bool loader_complain(struct source *q, const struct rows *rows, const struct error *e, int64_t now)
{
    char age[16];
    if (!is_about_query(rows, e)) {
        q->due = now;
        return false;
    }
    bool cancelled = strcmp(rows->sqlstate, "57014") == 0;
    int64_t pause = AFTER_FAILURE_MS > q->refresh_ms ? AFTER_FAILURE_MS : q->refresh_ms;
    snprintf(q->into->problem, sizeof q->into->problem, "E70 %s not refreshed for %s: %.120s",
             q->name, duration_print(age, q->into->loaded_at ? now - q->into->loaded_at : 0),
             cancelled ? "query cancelled after 10 s (statement timeout)" : e->text);
    q->into->version++;
    log_write(LOG_WARN, "console", "%s", q->into->problem);
    q->due = now + pause * MS;
    return true;
}

/* The seconds of an approval's hold are counted down on the screen. */
static int pending_rhythm(const struct rows *r)
{
    for (size_t i = 0; i < r->nrows; i++) {
        const char *status = rows_named(r, i, "status");
        if (status && strcmp(status, "APPROVED") == 0)
            return HOLD_MS;
    }
    return panels[PANEL_PENDING].refresh_ms;
}

/* An evaluation that ended is no longer asked four times a second. */
static void set_rhythm(struct loader *l, struct source *q)
{
    if (loader_is_detail(l, q) && details[l->kind].rhythm)
        q->refresh_ms = details[l->kind].rhythm(l->s);
    else if (q == &l->panel[PANEL_PENDING])
        q->refresh_ms = pending_rhythm(&q->into->rows);
}

/* A pooler may give LISTEN to a server session that is another's a moment later. */
static void notice_hearing(struct loader *l, const struct rows *status)
{
    const char *listens = status->nrows ? rows_named(status, 0, "listens") : NULL;
    l->hearing = listens && strcmp(listens, "true") == 0;
}

/* When it is asked again. Slow rhythms keep to the slow tick's, so that one turn does for all. */
static void rest(const struct loader *l, struct source *q, int64_t took, int64_t now)
{
    int64_t pause = loader_rhythm(l, q) * MS, least = SLOW_SHARE * took;
    int64_t between =
        (q->refresh_ms / HINT_SHARE > HINT_MS ? q->refresh_ms / HINT_SHARE : HINT_MS) * MS;
    int64_t due = now + (pause > least ? pause : least);
    if (pause >= STATUS_NET_MS * MS && pause >= least)
        due += BESIDE_TICK_MS * MS - due % (STATUS_NET_MS * MS);
    q->rest_to = now + (q->hinted && between > least ? between : least);
    q->due = q->again ? q->rest_to : q->refresh_ms ? due : INT64_MAX;
    q->hinted = q->again;
    q->again = false;
}

/* True when the picture differs. */
bool loader_accept(struct loader *l, struct source *q, struct rows *rows, int64_t sent, int64_t now)
{
    bool ages = q == &l->status || q == &l->presence;
    bool had_problem = q->into->problem[0] != '\0';
    int64_t took = now - sent;
    if (q == &l->status) {
        hear_clocks(l, rows, sent, now);
        status_complete(l->desk, rows, l->s->now, l->zone);
        notice_hearing(l, rows);
    }
    if (q == &l->presence)
        measure(l, took);
    bool same = q->into->loaded_at && same_rows(&q->into->rows, rows, ages);
    if (q->calms)
        q->calm_ms = !same                      ? 0
                     : q->calm_ms == 0          ? q->refresh_ms
                     : 2 * q->calm_ms < CALM_MS ? 2 * q->calm_ms
                                                : CALM_MS;
    if (same && !ages) {
        rows_release(rows);
    } else {
        rows_release(&q->into->rows);
        rows_move(&q->into->rows, rows);
    }
    q->into->problem[0] = '\0';
    q->into->version += !same || had_problem;
    q->into->loaded_at = now;
    set_rhythm(l, q);
    rest(l, q, took, now);
    return !same || had_problem;
}
