/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The watchlist, and the market side of the desk: quotes and regimes. */
#include <stdio.h>
#include <string.h>

#include "core/command/commands.h"
#include "core/command/figures.h"
#include "core/command/show.h"
#include "core/command/why_not.h"
#include "quorum/calendar.h"
#include "quorum/engine.h"
#include "quorum/evaluation.h"
#include "quorum/money.h"
#include "quorum/regime.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

/* Figures of the last evaluation: nobody is asked, nothing is paid. */
static const struct statement list_watched = {
    "watch",
    "SELECT w.symbol, trim_scale(COALESCE(p.last_price, e.price)),"
    "  round(100 * ((f.quote->>'price')::numeric /"
    "    NULLIF((f.quote->>'previous_close')::numeric, 0) - 1), 4),"
    "  f.numbers->>'rsi', f.numbers->>'volume_ratio', e.regime,"
    "  '#' || e.id || ' ' || CASE WHEN e.finished_at IS NULL THEN e.state"
    "    WHEN e.state = 'DECIDED' THEN concat_ws(' ', e.decision, e.agreement) ELSE e.state END,"
    "  CASE WHEN p.state = 'OPENING' THEN 'entry ordered' WHEN p.id IS NOT NULL THEN 'in position'"
    "    WHEN e.id IS NULL THEN COALESCE(NULLIF(y.reason, ''), 'not evaluated yet')"
    "    WHEN e.finished_at IS NULL THEN 'being evaluated'"
    "    WHEN e.state <> 'DECIDED' THEN e.state_reason"
    "    WHEN e.decision = 'NONE' THEN COALESCE(e.consensus_reason, 'no consensus')"
    "    WHEN e.decision <> 'BUY' THEN 'the agents say ' || e.decision"
    "    WHEN COALESCE(e.shares, 0) = 0 THEN COALESCE(e.size_reason, 'sized to nothing')"
    "    WHEN e.order_result IS NOT NULL AND e.order_result <> 'ordered' THEN e.order_result"
    "    WHEN e.order_result = 'ordered' THEN 'it was bought, and sold since'"
    "    ELSE 'a BUY asked for by hand' END,"
    "  e.id, e.created_at "
    "FROM regexp_split_to_table($1, '[ ,]+') WITH ORDINALITY AS w (symbol, place)"
    "  LEFT JOIN positions p ON p.symbol = w.symbol AND p.closed_at IS NULL"
    "  LEFT JOIN LATERAL (SELECT * FROM evaluations v WHERE v.symbol = w.symbol"
    "    ORDER BY v.id DESC LIMIT 1) e ON true"
    "  LEFT JOIN LATERAL (SELECT d.content::jsonb->'quote' AS quote,"
    "    d.content::jsonb->'indicators' AS numbers FROM dossiers d WHERE d.evaluation_id = e.id"
    "    LIMIT 1) f ON true"
    "  LEFT JOIN day_plan y ON y.symbol = w.symbol"
    "    AND y.day = (desk_now() AT TIME ZONE 'America/New_York')::date "
    "WHERE w.symbol <> '' ORDER BY w.place"};
static const struct figure_column watch_columns[] = {
    {"symbol", "SYM", FIGURE_TEXT, 0},
    {"last_price", "LAST", FIGURE_MONEY, 0},
    {"day_pct", "DAY %", FIGURE_CHANGE, 0},
    {"rsi", "RSI", FIGURE_NUMBER, 90},
    {"volume_ratio", "VOLx", FIGURE_NUMBER, 90},
    {"regime", "REGIME", FIGURE_TEXT, 0},
    {"last_evaluation", "LAST EVAL", FIGURE_TEXT, 0},
    {"why_not_in", "WHY NOT IN", FIGURE_TEXT, 0},
    {"evaluation_id", "", FIGURE_COUNT, WIDTH_NEVER},
    {"evaluated_at", "", FIGURE_WHEN, WIDTH_NEVER},
};
enum { WATCH_WHY = 7, WHY_SHORT = 36, WHY_LONG = 70 };

static enum err run_watch(struct call *c, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    struct figures f;
    int columns, lines;
    if (call_desk(c, e))
        return e->kind;
    params_text(&p, desk_text(c->desk, SETTING_WATCHLIST));
    if (db_query(c->desk->db, &list_watched, &p, &r, e))
        return e->kind;
    terminal_size(&columns, &lines);
    figures_begin(&f, c->out, watch_columns, ARRAY_LEN(watch_columns));
    for (size_t i = 0; i < r.nrows; i++) {
        const char *cell[ARRAY_LEN(watch_columns)];
        struct buf why = {0};
        for (size_t k = 0; k < ARRAY_LEN(watch_columns); k++)
            cell[k] = rows_text(&r, i, k);
        sanitize(&why, untrusted(cell[WATCH_WHY] ? cell[WATCH_WHY] : ""), TEXT_LINE,
                 columns >= 112 ? WHY_LONG : WHY_SHORT);
        if (c->out->format == OUTPUT_TEXT)
            cell[WATCH_WHY] = buf_text(&why);
        figures_row(&f, cell, 0, NULL);
        buf_release(&why);
    }
    figures_end(&f, "quorum watch add SYMBOL");
    if (r.nrows)
        out_line(c->out, "figures are those of the last evaluation; all reasons: quorum why-not "
                         "SYMBOL");
    rows_release(&r);
    return OK;
}

/* ---- watch add, watch rm ---- */

/* Two people at once must not lose each other's change: the list is read and written under it. */
static const struct statement lock_list = {"watchlist lock", "SELECT pg_advisory_lock(713000011)"};
static const struct statement unlock_list = {"watchlist unlock",
                                             "SELECT pg_advisory_unlock(713000011)"};
static const struct statement read_list = {
    "watchlist", "SELECT value FROM desk_setting WHERE name = 'QUORUM_WATCHLIST' "
                 "ORDER BY id DESC LIMIT 1"};
static const struct statement write_list = {
    "watchlist change", "WITH new AS (INSERT INTO desk_setting (name, value, origin, set_by)"
                        "  VALUES ('QUORUM_WATCHLIST', $1, 'desk', $2) RETURNING value) "
                        "SELECT audit_append($2, $3, $4, $5, '', $6, (SELECT value FROM new))"};
static const struct statement held_symbols = {
    "watched and held", "SELECT string_agg(symbol, ', ' ORDER BY symbol) FROM positions "
                        "WHERE closed_at IS NULL AND symbol = ANY (string_to_array($1, ' '))"};

static bool is_listed(const char *list, const char *symbol)
{
    size_t n = strlen(symbol);
    for (const char *p = list; *(p += strspn(p, " ,")); p += strcspn(p, " ,"))
        if (strncmp(p, symbol, n) == 0 && strchr(" ,", p[n]))
            return true;
    return false;
}

static void append(struct buf *b, const char *word, size_t n)
{
    if (b->len)
        buf_char(b, ' ');
    buf_add(b, word, n);
}

struct list_change {
    bool adds;
    char symbol[CALL_ARGS_MAX][16];
    int n;
    struct buf done, same, before, after;
};

static void change_list(struct list_change *w)
{
    const char *before = buf_text(&w->before);
    for (int i = 0; i < w->n; i++) {
        bool listed = is_listed(before, w->symbol[i]);
        struct buf *to = listed == w->adds ? &w->same : &w->done;
        if (!is_listed(buf_text(to), w->symbol[i]))
            append(to, w->symbol[i], strlen(w->symbol[i]));
    }
    for (const char *p = before; *(p += strspn(p, " ,")); p += strcspn(p, " ,")) {
        char word[64];
        copy_bytes(word, sizeof word, p, strcspn(p, " ,"));
        if (w->adds || !is_listed(buf_text(&w->done), word))
            append(&w->after, word, strlen(word));
    }
    if (w->adds && w->done.len)
        append(&w->after, buf_text(&w->done), w->done.len);
}

static enum err store_change(struct call *c, struct list_change *w, struct error *e)
{
    struct rows r = {0};
    struct params p = {0};
    if (db_query(c->desk->db, &read_list, NULL, &r, e))
        return e->kind;
    buf_str(&w->before, r.nrows ? rows_text(&r, 0, 0) : "");
    rows_release(&r);
    change_list(w);
    if (w->done.len == 0)
        return OK;
    if (w->after.len == 0) {
        err_set(e, ERR_USAGE, "the watchlist would be empty");
        return err_fix(e, "add what is to be watched instead first; to stop: quorum pause");
    }
    if (setting_check(SETTING_WATCHLIST, buf_text(&w->after), "the new watchlist", e))
        return e->kind;
    params_text(&p, buf_text(&w->after));
    params_text(&p, operator_name());
    params_text(&p, operator_origin());
    params_text(&p, w->adds ? "watch add" : "watch rm");
    params_text(&p, buf_text(&w->done));
    params_text(&p, buf_text(&w->before));
    return db_query(c->desk->db, &write_list, &p, NULL, e);
}

static enum err say_change(struct call *c, const struct list_change *w, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    const char *done = buf_text(&w->done);
    if (w->same.len)
        out_line(c->out, "%s desk: %s %s the list", desk_kind_name(c->desk->kind),
                 buf_text(&w->same), w->adds ? "is already on" : "is not on");
    if (w->done.len == 0)
        return OK;
    out_line(c->out, "%s desk: %s %s", desk_kind_name(c->desk->kind),
             w->adds ? "watching" : "no longer watching", done);
    if (!w->adds) {
        params_text(&p, done);
        if (db_query(c->desk->db, &held_symbols, &p, &r, e))
            return e->kind;
        if (rows_text(&r, 0, 0))
            out_line(c->out, "still held: %s; stop and target stay in force", rows_text(&r, 0, 0));
        rows_release(&r);
    }
    out_line(c->out, "it counts when the day is next planned, an hour before the open");
    out_line(c->out, "undo: quorum watch %s %s", w->adds ? "rm" : "add", done);
    return OK;
}

static enum err change(struct call *c, bool adds, struct error *e)
{
    struct list_change w = {.adds = adds, .n = c->nargs};
    struct error ignored = {0};
    const char *unused;
    if (call_desk(c, e))
        return e->kind;
    for (int i = 0; i < c->nargs; i++)
        if (call_symbol(c, i, w.symbol[i], &unused, e) ||
            (adds && market_check_symbol(c->desk->market, w.symbol[i], e)))
            return e->kind;
    if (db_query(c->desk->db, &lock_list, NULL, NULL, e))
        return e->kind;
    enum err result = store_change(c, &w, e);
    db_query(c->desk->db, &unlock_list, NULL, NULL, &ignored);
    if (!result && !adds && w.done.len == 0) {
        err_set(e, ERR_USAGE, "%s is not on the watchlist", buf_text(&w.same));
        err_code(e, "E10");
        result = err_fix(e, "quorum watch shows it");
    }
    if (!result)
        result = say_change(c, &w, e);
    buf_release(&w.done);
    buf_release(&w.same);
    buf_release(&w.before);
    buf_release(&w.after);
    return result;
}

static enum err run_watch_add(struct call *c, struct error *e)
{
    return change(c, true, e);
}

static enum err run_watch_rm(struct call *c, struct error *e)
{
    return change(c, false, e);
}

static enum err check_symbols(const struct call *c, struct error *e)
{
    char symbol[16];
    const char *unused;
    for (int i = 0; i < c->nargs; i++)
        if (call_symbol(c, i, symbol, &unused, e))
            return e->kind;
    return OK;
}

/* ---- quote, regime ---- */

struct asking {
    bool over;
    struct error e;
};

static void answered(void *arg, const struct error *e)
{
    struct asking *a = arg;
    a->over = true;
    if (e && e->kind)
        a->e = *e;
}

static bool is_over(void *arg)
{
    return ((struct asking *)arg)->over;
}

static enum err wait_for(struct call *c, struct asking *a, struct error *e)
{
    if (!a->over && !loop_run_until(c->loop, is_over, a, LOOP_NO_DEADLINE)) {
        /* The market's calls have deadlines of their own, and write to what stands here. */
        loop_clear_interrupt(c->loop);
        loop_run_until(c->loop, is_over, a, LOOP_NO_DEADLINE);
        return err_set(e, ERR_TRANSIENT, "interrupted");
    }
    if (a->e.kind)
        *e = a->e;
    return a->e.kind;
}

/* The desk's moment, and its market as it was made to be. */
static enum err market_now(struct call *c, int64_t *now, struct error *e)
{
    return call_desk(c, e) || life_apply_scenarios(c->desk, e) || desk_time(c->desk, now, e)
               ? e->kind
               : OK;
}

static const char *price(char dst[FIGURE_SIZE], int64_t units)
{
    if (units <= 0)
        copy_text(dst, FIGURE_SIZE, "-");
    else
        money_text(dst, units * 100, false); /* 1/10,000 dollar to micro-dollars */
    return dst;
}

static void quote_text(struct output *o, const char *symbol, const struct quote *q, int64_t now)
{
    char t[5][FIGURE_SIZE], stored[40], when[48], age[16], volume[FIGURE_SIZE];
    bool moved = q->price > 0 && q->previous_close > 0;
    if (moved)
        snprintf(stored, sizeof stored, "%.6f",
                 100 * ((double)q->price / (double)q->previous_close - 1));
    if (moved)
        out_line(o, "%s  %s  %s (%s)", symbol, price(t[0], q->price),
                 money_text(t[1], (q->price - q->previous_close) * 100, true),
                 figure_text(t[2], FIGURE_CHANGE, stored));
    else
        out_line(o, "%s  %s", symbol, price(t[0], q->price));
    out_line(o, "  open %s   high %s   low %s   previous close %s", price(t[0], q->open),
             price(t[1], q->high), price(t[2], q->low), price(t[3], q->previous_close));
    if (q->volume > 0)
        out_line(o, "  volume %s", decimal_group(volume, sizeof volume, q->volume, 0, 0));
    if (q->from.as_of != TIME_NONE)
        out_line(o, "  of %s, %s old, %s%s%s", when_tell(when, q->from.as_of, WHEN_MINUTE),
                 duration_print(age, now - q->from.as_of), q->from.source,
                 q->from.state == DATUM_PRESENT ? "" : ", ",
                 q->from.state == DATUM_PRESENT ? "" : datum_state_name(q->from.state));
    if (q->from.state != DATUM_PRESENT)
        out_line(o, "  %s", q->from.reason);
}

static void quote_row(struct output *o, const char *symbol, const struct quote *q)
{
    static const struct column columns[] = {
        {"symbol", "", COLUMN_TEXT},   {"price", "", COLUMN_MONEY},
        {"open", "", COLUMN_MONEY},    {"high", "", COLUMN_MONEY},
        {"low", "", COLUMN_MONEY},     {"previous_close", "", COLUMN_MONEY},
        {"volume", "", COLUMN_NUMBER}, {"as_of", "", COLUMN_TEXT},
        {"state", "", COLUMN_TEXT},    {"source", "", COLUMN_TEXT},
        {"reason", "", COLUMN_TEXT},
    };
    const int64_t number[] = {q->price, q->open, q->high, q->low, q->previous_close};
    char text[ARRAY_LEN(number)][DECIMAL_SIZE], volume[24], at[33];
    const char *cell[ARRAY_LEN(columns)] = {symbol};
    struct table t;
    for (size_t i = 0; i < ARRAY_LEN(number); i++)
        if (number[i] > 0)
            cell[i + 1] = decimal_print(text[i], sizeof text[i], number[i], PRICE_DIGITS, 4);
    snprintf(volume, sizeof volume, "%lld", (long long)q->volume);
    cell[6] = q->volume > 0 ? volume : NULL;
    cell[7] = q->from.as_of != TIME_NONE ? time_print_iso(at, q->from.as_of) : NULL;
    cell[8] = datum_state_name(q->from.state);
    cell[9] = q->from.source;
    cell[10] = *q->from.reason ? q->from.reason : NULL;
    table_begin(&t, columns, ARRAY_LEN(columns));
    table_row(&t, cell);
    table_end(&t, o, "");
}

static enum err run_quote(struct call *c, struct error *e)
{
    struct asking a = {0};
    struct quote q = {0};
    char text[16];
    const char *symbol;
    int64_t now = TIME_NONE;
    if (call_symbol(c, 0, text, &symbol, e) || market_now(c, &now, e) ||
        market_check_symbol(c->desk->market, symbol, e))
        return e->kind;
    market_quote(c->desk->market, symbol, now, 0, &q, answered, &a);
    if (wait_for(c, &a, e))
        return e->kind;
    if (c->out->format == OUTPUT_TEXT)
        quote_text(c->out, symbol, &q, now);
    else
        quote_row(c->out, symbol, &q);
    return OK;
}

enum { HISTORY = 20 };

struct regime_view {
    struct regime_reading reading;
    int32_t since; /* first session of the label that holds */
    int sessions;
    char history[HISTORY + 1];
};

static char letter(enum regime r)
{
    switch (r) {
    case REGIME_BULL:
        return 'B';
    case REGIME_BEAR:
        return 'R';
    case REGIME_SIDEWAYS:
        return 'S';
    case REGIME_HIGH_VOL:
        return 'H';
    case REGIME_LOW_VOL:
        return 'L';
    default:
        return '.';
    }
}

static void regime_of(const struct bars *b, const struct bars *benchmark, struct regime_view *v)
{
    struct indicators *all = mem_array(b->n + 1, sizeof *all);
    struct regime_state state = {0};
    size_t h = 0;
    *v = (struct regime_view){.since = DAY_NONE};
    indicators_compute(b, benchmark, all);
    for (size_t i = 0; i < b->n; i++) {
        enum regime before = v->reading.label;
        v->reading = regime_step(&state, &all[i]);
        if (i == 0 || v->reading.label != before) {
            v->since = b->bar[i].day;
            v->sessions = 0;
        }
        v->sessions++;
        if (b->n - i <= HISTORY)
            v->history[h++] = letter(v->reading.label);
    }
    mem_free(all);
}

static void regime_rows(struct output *o, const char *const *symbol, const struct regime_view *v,
                        size_t n)
{
    static const struct column columns[] = {
        {"symbol", "SYM", COLUMN_TEXT},
        {"regime", "REGIME", COLUMN_TEXT},
        {"confidence", "HOLDS", COLUMN_NUMBER},
        {"since", "SINCE", COLUMN_TEXT},
        {"sessions", "FOR", COLUMN_NUMBER},
        {"trend", "TREND", COLUMN_NUMBER},
        {"history", "LAST 20 SESSIONS", COLUMN_TEXT},
    };
    struct table t;
    table_begin(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < n; i++) {
        const struct regime_reading *r = &v[i].reading;
        char confidence[16], day[11], sessions[16], trend[16];
        bool known = r->label != REGIME_UNKNOWN;
        snprintf(confidence, sizeof confidence, "%.0f", round_half_away(r->confidence, 0));
        snprintf(sessions, sizeof sessions, "%d", v[i].sessions);
        snprintf(trend, sizeof trend, "%.2f", round_half_away(r->trend.v, 2));
        table_row(&t, (const char *const[]){
                          symbol[i], regime_name(r->label), known ? confidence : NULL,
                          known ? day_print(day, v[i].since) : NULL, known ? sessions : NULL,
                          r->trend.known ? trend : NULL, v[i].history});
    }
    table_end(&t, o, "");
    out_line(o, "HOLDS is the chance in %% that the label is the same in ten sessions.\n"
                "B BULL  R BEAR  S SIDEWAYS  H HIGH_VOL  L LOW_VOL");
}

static enum err run_regime(struct call *c, struct error *e)
{
    struct asking a = {0};
    struct market_data m = {0};
    struct regime_view v[2];
    char text[16], own[16];
    const char *symbol, *name[2];
    size_t n = 0;
    int64_t now = TIME_NONE;
    if (call_symbol(c, 0, text, &symbol, e) || market_now(c, &now, e))
        return e->kind;
    copy_text(own, sizeof own, symbol ? symbol : "SPY");
    if (market_check_symbol(c->desk->market, own, e))
        return e->kind;
    market_gather(c->desk->market, own, now, &m, answered, &a);
    enum err result = wait_for(c, &a, e);
    if (!result && m.bars.n == 0)
        result = err_set(e, ERR_FAILED, "%s has no bars: %s", own, m.bars_from.reason);
    if (!result) {
        bool other = m.benchmark_bars.n && strcmp(m.benchmark, own) != 0;
        name[n] = own;
        regime_of(&m.bars, other ? &m.benchmark_bars : NULL, &v[n++]);
        if (other) {
            name[n] = m.benchmark;
            regime_of(&m.benchmark_bars, NULL, &v[n++]);
        }
        regime_rows(c->out, name, v, n);
    }
    market_data_release(&m);
    return result;
}

static enum err run_why_not(struct call *c, struct error *e)
{
    char text[16];
    const char *symbol;
    if (call_symbol(c, 0, text, &symbol, e) || call_desk(c, e) ||
        market_check_symbol(c->desk->market, symbol, e))
        return e->kind;
    return show_why_not(c, symbol, e);
}

const struct command watch_commands[] = {
    {.name = "watch",
     .group = "Looking",
     .usage = "",
     .help = "the watchlist: last figures, and why each is not held",
     .run = run_watch},
    {.name = "quote",
     .group = "Looking",
     .usage = "SYMBOL",
     .help = "the market's price of a symbol now",
     .details = "On a paper desk this is one call of the vendor's daily limit.",
     .min_args = 1,
     .max_args = 1,
     .check = check_symbols,
     .run = run_quote},
    {.name = "regime",
     .group = "Looking",
     .usage = "[SYMBOL]",
     .help = "market regime of SPY, or of a symbol beside it",
     .max_args = 1,
     .check = check_symbols,
     .run = run_regime},
    {.name = "why-not",
     .group = "Looking",
     .usage = "SYMBOL",
     .help = "everything that keeps the desk from buying a symbol",
     .min_args = 1,
     .max_args = 1,
     .check = check_symbols,
     .run = run_why_not},
    {.name = NULL},
};

const struct command watchlist_commands[] = {
    {.name = "watch add",
     .group = "Running the desk",
     .usage = "SYMBOL...",
     .help = "put symbols on the desk's watchlist",
     .min_args = 1,
     .max_args = -1,
     .acts = true,
     .check = check_symbols,
     .run = run_watch_add},
    {.name = "watch rm",
     .group = "Running the desk",
     .usage = "SYMBOL...",
     .help = "take symbols off it; what is held stays guarded",
     .min_args = 1,
     .max_args = -1,
     .acts = true,
     .check = check_symbols,
     .run = run_watch_rm},
    {.name = NULL},
};
