/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/load.h"

#include <stdio.h>
#include <string.h>

#include "quorum/log.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "ui/desk_clock.h"
#include "ui/load_status.h"
#include "ui/log_tail.h"
#include "ui/presence.h"

enum {
    STATUS_MS = 1000,
    PRESENCE_MS = 10000,
    LATER_MS = 300, /* what the first picture does not need */
    REASONS_MS = 30000,
    IN_FLIGHT = 2,      /* a command that is typed waits behind no more */
    DOWN_POLL_MS = 200, /* looking whether the database is back */
    FOCUS_MS = 3000,    /* what came in the rhythm without focus is not called old so soon */
    UNFOCUSED_MS = 10000,
    HOLD_MS = 1000, /* what is held back is counted down */
    CALM_MS = 2000, /* a detail that stays as it is, is asked this often in the end */
    SLOW_SHARE = 5, /* a query gets at most a fifth of the time */
    /* While changes are heard of: the net for hints that were lost, and how often a hint counts: of
     * what is asked every two seconds by itself, four times a second, the rest in proportion. */
    NET_MS = 30000,
    STATUS_NET_MS = 5000,
    BESIDE_TICK_MS = 2, /* behind the clock's tick, whose turn asks what is due so soon */
    HINT_MS = 250,
    HINT_SHARE = 8,
    AFTER_FAILURE_MS = 5000,
};
#define MS ((int64_t)1000)

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

static const char everything[] = "";

static int pace(const struct loader *l, const struct source *q)
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

enum { OTHERS = 3, SOURCES = OTHERS + PANEL_COUNT + DETAIL_PARTS };

static struct source *source(struct loader *l, int i)
{
    if (i < OTHERS)
        return i == 0 ? &l->status : i == 1 ? &l->presence : &l->reasons;
    i -= OTHERS;
    return i < PANEL_COUNT ? &l->panel[i] : &l->part[i - PANEL_COUNT];
}

static void all_due(struct loader *l, int64_t now)
{
    for (int i = 0; i < SOURCES; i++)
        source(l, i)->due = now;
}

static void show_clock(struct loader *l, int64_t at)
{
    l->s->now = desk_clock_show(&l->clock, at);
    l->s->monotonic = at;
}

static void hear_clocks(struct loader *l, const struct rows *status, int64_t sent, int64_t at)
{
    if (desk_clock_hear(&l->clock, status, at))
        all_due(l, at); /* what is "today" in every panel */
    desk_clock_skew(status, sent, at, &l->s->skew_us);
    show_clock(l, at);
}

/* What a small query takes, smoothed: a number that jumps is not read. One that waited (for the
 * connection, behind others) tells little, so less is believed at once and more slowly. */
static void measure(struct loader *l, int64_t took)
{
    int64_t before = l->latency_us;
    l->latency_us = before > 0 && took > before ? before + (took - before) / 4 : took;
    l->s->latency_ms = (int)((l->latency_us + 500) / 1000);
}

/* ---- answers */

static void complain(struct source *q, const struct rows *rows, const struct error *e, int64_t now)
{
    char age[16];
    bool cancelled = strcmp(rows->sqlstate, "57014") == 0;
    int64_t pause = AFTER_FAILURE_MS > q->refresh_ms ? AFTER_FAILURE_MS : q->refresh_ms;
    snprintf(q->into->problem, sizeof q->into->problem, "E70 %s not refreshed for %s: %.120s",
             q->name, duration_print(age, q->into->loaded_at ? now - q->into->loaded_at : 0),
             cancelled ? "query cancelled after 10 s (statement timeout)" : e->text);
    log_write(LOG_WARN, "console", "%s", q->into->problem);
    q->due = now + pause * MS;
}

static bool is_detail(const struct loader *l, const struct source *q)
{
    return q >= l->part && q < l->part + DETAIL_PARTS;
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
    if (is_detail(l, q) && details[l->kind].rhythm)
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
    int64_t pause = pace(l, q) * MS, least = SLOW_SHARE * took;
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
static bool accept(struct loader *l, struct source *q, struct rows *rows, int64_t sent, int64_t now)
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
    q->into->loaded_at = now;
    set_rhythm(l, q);
    rest(l, q, took, now);
    return !same || had_problem;
}

/* What the server said of the query itself, and not of its own end (57P01 and the like). */
static bool is_about_query(const struct rows *rows, const struct error *e)
{
    if (e->kind != ERR_TRANSIENT)
        return true;
    return rows->sqlstate[0] && strncmp(rows->sqlstate, "57P", 3) != 0;
}

/* Whose record panel 8 shows, and who is nobody else to panel 2. And until the first picture is
 * whole, no better order is looked for than a query is written in: most join single rows, and
 * looking takes longer than all of them. */
static const struct statement set_operator = {"console operator",
                                              "SELECT set_config('quorum.operator', $1, false),"
                                              " set_config('join_collapse_limit', '1', false)"};
static const struct statement look_for_orders = {"console orders", "RESET join_collapse_limit"};

static void answered(void *arg, struct rows *rows, const struct error *e)
{
    struct ask *ask = arg;
    struct source *q = ask->source;
    int64_t sent = ask->sent_at, now = time_monotonic_us();
    bool differs = true;
    mem_free(ask);
    if (!q)
        return;
    struct loader *l = q->l;
    q->ask = NULL;
    l->under_way--;
    if (!e) {
        differs = accept(l, q, rows, sent, now);
    } else if (is_about_query(rows, e)) {
        complain(q, rows, e, now);
    } else {
        q->due = now; /* asked again when the connection is back */
        differs = false;
    }
    if (l->begins && l->s->connected && loader_is_whole(l)) {
        l->begins = false;
        db_send(l->desk->db, &look_for_orders, NULL, NULL, NULL);
    }
    loop_timer_start(l->timer, 0); /* from there the next is asked */
    if (differs)
        l->changed(l->arg);
}

/* ---- asking */

static const struct statement set_forms = {
    "console forms",
    "SELECT set_config('quorum.tz', $1, false), set_config('quorum.price_places', $2, false)"};

static void send_forms(struct loader *l)
{
    struct params p = {0};
    params_text(&p, l->rule);
    params_int(&p, l->price_places);
    db_send(l->desk->db, &set_forms, &p, NULL, NULL);
}

/* What this person gave as a reason lately, for the bar: of each verb, the last first. */
static const struct statement reasons_query = {
    "console reasons",
    "SELECT r.verb, r.reason FROM (SELECT o.verb, o.reason, max(o.id) AS id FROM"
    "   (SELECT * FROM operator_actions ORDER BY id DESC LIMIT 2000) o"
    "  WHERE o.operator = current_setting('quorum.operator', true) AND o.reason <> ''"
    "  GROUP BY o.verb, o.reason) r ORDER BY r.id DESC LIMIT 100"};

static const struct statement listen_for_hints = {"console listen", "LISTEN quorum"};

static void begin_session(struct loader *l)
{
    struct params p = {0};
    params_text(&p, operator_name());
    db_send(l->desk->db, &set_operator, &p, NULL, NULL);
    db_send(l->desk->db, &listen_for_hints, NULL, NULL, NULL);
    l->hearing = false;
    l->begins = true;
}

static void send(struct loader *l, struct source *q, int64_t now)
{
    struct params p = {0};
    struct ask *ask = mem_alloc(sizeof *ask);
    *ask = (struct ask){.source = q, .sent_at = now};
    q->ask = ask;
    l->under_way++;
    if (is_detail(l, q))
        params_text(&p, l->id);
    db_send(l->desk->db, q->st, &p, answered, ask);
}

/* The answer under way is not wanted any more. */
static void forget(struct loader *l, struct source *q)
{
    if (!q->ask)
        return;
    q->ask->source = NULL;
    q->ask = NULL;
    l->under_way--;
}

/* The watched query that is due first and not under way. */
static struct source *first_due(struct loader *l)
{
    struct source *first = NULL;
    for (int i = 0; i < SOURCES; i++) {
        struct source *q = source(l, i);
        if (q->watched && q->st && !q->ask && (!first || q->due < first->due))
            first = q;
    }
    return first;
}

static bool read_log(struct loader *l, int64_t now)
{
    struct source *q = &l->panel[PANEL_LOG];
    if (!q->watched || q->due > now)
        return false;
    q->due = now + pace(l, q) * MS;
    bool differs = log_tail_read(l->log, l->zone, &q->into->rows);
    q->into->loaded_at = now;
    return differs;
}

static bool has_word(const char *words, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = words; n && (at = strstr(at, word)) != NULL; at += n)
        if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
            return true;
    return false;
}

/* What hears of the least is asked first: the table's own list is a small query and its row is seen
 * soonest; what gathers from everywhere follows. A few microseconds decide. */
static int64_t rank(const struct source *q)
{
    return q->hears == everything ? MS : (int64_t)strlen(q->hears);
}

/* A table changed. Unfocused, only what may ring is asked sooner than by its rhythm. */
static void hinted(void *arg, const char *channel, const char *table)
{
    struct loader *l = arg;
    int64_t now = time_monotonic_us();
    bool heard = false;
    (void)channel;
    for (int i = 0; i < SOURCES; i++) {
        struct source *q = source(l, i);
        if (!q->watched || !q->st || !q->hears || (l->unfocused && q != &l->status) ||
            !(q->hears == everything || has_word(q->hears, table)))
            continue;
        heard = true;
        if (q->ask) {
            q->again = true;
        } else if (q->due > now && q->due > q->rest_to) {
            q->due = (now > q->rest_to ? now : q->rest_to) + rank(q);
            q->hinted = true;
        }
    }
    if (heard)
        loop_timer_start(l->timer, 0);
}

/* Follows the connection: true when the picture of it differs. */
static bool follow(struct loader *l, int64_t now)
{
    struct snapshot *s = l->s;
    struct db_return back;
    db_returning(l->desk->db, &back);
    if (db_state(l->desk->db) == DB_READY) {
        bool other = back.session != l->session;
        if (other) {
            l->session = back.session;
            if (*l->rule || l->price_places != PRICE_PLACES)
                send_forms(l);
            begin_session(l);
            all_due(l, now);
        }
        if (s->connected && !other)
            return false;
        s->connected = true;
        s->lost_at = 0;
        s->retry_s = s->tries = 0;
        return true;
    }
    int retry_s = (int)((back.next_ms + 999) / 1000);
    if (!s->connected && s->retry_s == retry_s && s->tries == back.tries)
        return false;
    if (s->connected || s->lost_at == 0)
        s->lost_at = now;
    s->connected = false;
    s->retry_s = retry_s;
    s->tries = back.tries;
    return true;
}

static void arm(struct loader *l, int64_t now)
{
    bool ready = db_state(l->desk->db) == DB_READY;
    const struct source *first = first_due(l), *log = &l->panel[PANEL_LOG];
    int64_t at = now + (ready ? STATUS_NET_MS : DOWN_POLL_MS) * MS;
    if (ready && l->under_way < IN_FLIGHT && first && first->due < at)
        at = first->due;
    if (log->watched && log->due < at)
        at = log->due;
    loop_timer_start(l->timer, at > now ? (at - now + MS - 1) / MS : 0);
}

/* Asks what is due by then, as far as there is room. */
static void ask(struct loader *l, int64_t by)
{
    int64_t now = time_monotonic_us();
    bool differs = follow(l, now);
    struct source *q;
    while (l->s->connected && l->under_way < IN_FLIGHT && (q = first_due(l)) && q->due <= by)
        send(l, q, now);
    differs |= read_log(l, now);
    arm(l, now);
    if (differs)
        l->changed(l->arg);
}

static void turn(void *arg)
{
    ask(arg, time_monotonic_us());
}

/* ---- what the console calls */

struct loader *loader_new(struct desk *d, struct snapshot *into, void (*changed)(void *arg),
                          void *arg)
{
    struct loader *l = mem_alloc(sizeof *l);
    struct db_return back;
    char path[600];
    *l = (struct loader){.desk = d,
                         .s = into,
                         .changed = changed,
                         .arg = arg,
                         .clock = {.speed = 1},
                         .price_places = PRICE_PLACES,
                         .refresh_ms = USUAL_MS,
                         .unfocused_ms = UNFOCUSED_MS};
    into->price_places = PRICE_PLACES;
    db_hear(d->db, hinted, l);
    l->status = (struct source){.st = &status_query,
                                .hears = everything,
                                .into = &into->status,
                                .refresh_ms = STATUS_MS,
                                .name = "status",
                                .watched = true};
    l->presence = (struct source){.st = &presence_query,
                                  .into = &into->sessions,
                                  .refresh_ms = PRESENCE_MS,
                                  .name = "sessions",
                                  .watched = true};
    l->reasons = (struct source){.st = &reasons_query,
                                 .into = &into->reasons,
                                 .refresh_ms = REASONS_MS,
                                 .name = "reasons",
                                 .watched = true};
    into->latency_ms = -1;
    for (int i = 0; i < PANEL_COUNT; i++) {
        l->panel[i] = (struct source){.st = panels[i].query,
                                      .into = &into->panel[i],
                                      .refresh_ms = panels[i].refresh_ms,
                                      .hears = panels[i].hears};
        snprintf(l->panel[i].name, sizeof l->panel[i].name, "panel %c", panels[i].key);
    }
    for (int i = 0; i < DETAIL_PARTS; i++)
        l->part[i] = (struct source){.into = &into->detail[i], .name = "detail", .calms = true};
    for (int i = 0; i < SOURCES; i++)
        source(l, i)->l = l;
    snprintf(path, sizeof path, "%s/log/quorum.log", settings_home(d->settings));
    l->log = log_tail_new(path);
    l->timer = loop_timer_new(d->loop, turn, l);
    db_returning(d->db, &back);
    l->session = back.session;
    into->connected = db_state(d->db) == DB_READY;
    if (into->connected)
        begin_session(l);
    into->demo = d->kind == DESK_DEMO;
    into->monotonic = time_monotonic_us();
    l->presence.due = l->reasons.due = into->monotonic + LATER_MS * MS;
    loop_timer_start(l->timer, 0);
    return l;
}

void loader_free(struct loader *l)
{
    if (!l)
        return;
    for (int i = 0; i < SOURCES; i++)
        forget(l, source(l, i));
    db_hear(l->desk->db, NULL, NULL);
    loop_timer_free(l->timer);
    log_tail_free(l->log);
    mem_free(l);
}

/* Rows of another object must not be drawn as this one's. False when it was open already. */
static bool open_detail(struct loader *l, const struct detail_view *open, int64_t now)
{
    enum detail_kind kind = open ? open->kind : DETAIL_NONE;
    const char *id = open ? open->id : "";
    if (kind == l->kind && strcmp(id, l->id) == 0)
        return false;
    l->kind = kind;
    copy_text(l->id, sizeof l->id, id);
    bool wanted = kind != DETAIL_NONE;
    for (int i = 0; i < DETAIL_PARTS; i++) {
        struct source *q = &l->part[i];
        forget(l, q);
        rows_release(&q->into->rows);
        *q->into = (struct snap){0};
        wanted = wanted && details[kind].part[i];
        q->st = wanted ? details[kind].part[i] : NULL;
        q->watched = wanted;
        q->refresh_ms = details[kind].refresh_ms;
        q->calms = !details[kind].rhythm;
        q->calm_ms = 0;
        q->due = now;
    }
    return true;
}

/* What a console is opened for is asked first. */
static bool is_foremost(int panel)
{
    return panel == PANEL_POSITIONS || panel == PANEL_ACTIVITY || panel == PANEL_BUDGET;
}

void loader_watch(struct loader *l, const bool panel[PANEL_COUNT], const struct detail_view *open)
{
    int64_t now = time_monotonic_us();
    bool differs = open_detail(l, open, now);
    for (int i = 0; i < PANEL_COUNT; i++) {
        struct source *q = &l->panel[i];
        if (panel[i] && !q->watched && q->into->loaded_at == 0)
            q->due = is_foremost(i) ? now - MS : now;
        differs |= panel[i] != q->watched;
        q->watched = panel[i];
    }
    if (differs) /* it is called every turn: a timer started each time would turn the loop again */
        loop_timer_start(l->timer, 0);
}

void loader_open(struct loader *l, const struct detail_view *open)
{
    if (open_detail(l, open, time_monotonic_us()))
        loop_timer_start(l->timer, 0);
}

bool loader_is_whole(struct loader *l)
{
    for (int i = 0; i < SOURCES; i++) {
        const struct source *q = source(l, i);
        if (q->watched && q->st && q->into->loaded_at == 0 && q != &l->presence && q != &l->reasons)
            return false;
    }
    return true;
}

void loader_now(struct loader *l)
{
    all_due(l, time_monotonic_us());
    db_retry(l->desk->db);
    loop_timer_start(l->timer, 0);
}

void loader_focus(struct loader *l, bool focused)
{
    int64_t now = time_monotonic_us();
    if (l->unfocused == !focused)
        return;
    l->unfocused = !focused;
    l->focused_at = now;
    for (int i = 0; focused && i < SOURCES; i++) {
        struct source *q = source(l, i);
        int64_t due = q->into->loaded_at + pace(l, q) * MS;
        if (q->refresh_ms && due < q->due)
            q->due = due;
    }
    loop_timer_start(l->timer, 0);
    show_clock(l, now);
}

bool loader_forms(struct loader *l, enum zone zone, int price_places)
{
    char rule[64];
    if (!zone_rule(zone, rule))
        return false;
    if (zone == l->zone && price_places == l->price_places)
        return true;
    l->zone = zone;
    l->price_places = l->s->price_places = price_places;
    copy_text(l->rule, sizeof l->rule, rule);
    if (db_state(l->desk->db) == DB_READY)
        send_forms(l);
    loader_now(l);
    return true;
}

void loader_pace(struct loader *l, int refresh_ms, int unfocused_ms)
{
    int64_t now = time_monotonic_us();
    l->refresh_ms = l->s->refresh_ms = refresh_ms;
    l->unfocused_ms = unfocused_ms;
    for (int i = 0; i < SOURCES; i++) {
        struct source *q = source(l, i);
        int64_t due = now + pace(l, q) * MS;
        if (q->refresh_ms && due < q->due)
            q->due = due;
    }
    loop_timer_start(l->timer, 0);
}

/* Nothing is called old before it had to be asked again. */
static int least_ms(const struct loader *l, int64_t now)
{
    int net = l->hearing ? NET_MS : 0;
    bool rests = l->focused_at && (l->unfocused || now - l->focused_at < FOCUS_MS * MS);
    return rests && l->unfocused_ms > net ? l->unfocused_ms : net;
}

void loader_beside_tick(struct loader *l)
{
    ask(l, time_monotonic_us() + (int64_t)BESIDE_TICK_MS * MS);
}

void loader_tick(struct loader *l)
{
    int64_t now = time_monotonic_us();
    l->s->least_ms = least_ms(l, now);
    show_clock(l, now);
}
