/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/load.h"

#include <stdio.h>
#include <string.h>

#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "ui/load_private.h"
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
};

static const char everything[] = "";

struct source *loader_source(struct loader *l, int i)
{
    if (i < OTHERS)
        return i == 0 ? &l->status : i == 1 ? &l->presence : &l->reasons;
    i -= OTHERS;
    return i < PANEL_COUNT ? &l->panel[i] : &l->part[i - PANEL_COUNT];
}

bool loader_is_detail(const struct loader *l, const struct source *q)
{
    return q >= l->part && q < l->part + DETAIL_PARTS;
}

void loader_all_due(struct loader *l, int64_t now)
{
    for (int i = 0; i < SOURCES; i++)
        loader_source(l, i)->due = now;
}

void loader_show_clock(struct loader *l, int64_t at)
{
    l->s->now = desk_clock_show(&l->clock, at);
    l->s->monotonic = at;
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
        differs = loader_accept(l, q, rows, sent, now);
    } else {
        differs = loader_complain(q, rows, e, now);
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
    if (loader_is_detail(l, q))
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
        struct source *q = loader_source(l, i);
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
    q->due = now + loader_rhythm(l, q) * MS;
    bool differs = log_tail_read(l->log, l->zone, &q->into->rows);
    q->into->version += differs;
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
        struct source *q = loader_source(l, i);
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
            loader_all_due(l, now);
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
        loader_source(l, i)->l = l;
    snprintf(path, sizeof path, "%s/log/quorum.log", settings_home(d->settings));
    l->log = log_tail_new(path, desk_kind_name(d->kind));
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
        forget(l, loader_source(l, i));
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
        *q->into = (struct snap){.version = q->into->version + 1};
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
        const struct source *q = loader_source(l, i);
        if (q->watched && q->st && q->into->loaded_at == 0 && q != &l->presence && q != &l->reasons)
            return false;
    }
    return true;
}

void loader_now(struct loader *l)
{
    loader_all_due(l, time_monotonic_us());
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
        struct source *q = loader_source(l, i);
        int64_t due = q->into->loaded_at + loader_rhythm(l, q) * MS;
        if (q->refresh_ms && due < q->due)
            q->due = due;
    }
    loop_timer_start(l->timer, 0);
    loader_show_clock(l, now);
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
        struct source *q = loader_source(l, i);
        int64_t due = now + loader_rhythm(l, q) * MS;
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
    loader_show_clock(l, now);
}
