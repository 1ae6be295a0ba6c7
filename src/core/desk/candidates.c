/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The desk's decisions to buy with the bars that came after them. */
#include <stdio.h>
#include <string.h>

#include "quorum/buf.h"
#include "quorum/calendar.h"
#include "quorum/log.h"
#include "quorum/mem.h"
#include "quorum/outcomes.h"
#include "quorum/parameters.h"
#include "quorum/timeutil.h"

/* A price that is so far from the close before the entry is on another adjustment basis. */
#define OTHER_BASIS 1.5

enum { WAIT_MS = 120000 };

static const struct statement clock_now = {"candidates clock", "SELECT desk_now()"};
static const struct statement decisions = {
    "candidates",
    "SELECT e.id, s.symbol, COALESCE(e.regime, ''), COALESCE(f.sector, ''),"
    "  COALESCE(m.sentiment_score, (SELECT v.score FROM votes v WHERE v.evaluation_id = e.id"
    "    AND v.agent = 'news_analyst' AND v.counted AND v.vote IN ('BUY', 'SELL', 'HOLD')"
    "    AND v.score BETWEEN -1 AND 1 LIMIT 1)),"
    "  f.rsi, f.volume_ratio,"
    "  (SELECT avg(v.confidence) FROM votes v WHERE v.evaluation_id = e.id AND v.counted"
    "   AND v.role = 'voter' AND v.vote = e.decision), e.agree::float8 / NULLIF(e.voters, 0),"
    "  s.entry_day - DATE '1970-01-01',"
    "  COALESCE((t.closed_at AT TIME ZONE 'America/New_York')::date, s.exit_day)"
    "    - DATE '1970-01-01', COALESCE(t.exit_reason, ''), COALESCE(t.r_multiple, s.r_multiple),"
    "  COALESCE(t.id, 0), e.price, f.atr, f.beta "
    "FROM shadow_outcomes s JOIN evaluations e ON e.id = s.evaluation_id"
    "  LEFT JOIN trade_outcomes t ON t.evaluation_id = e.id AND t.account_id = 1"
    "    AND t.r_multiple IS NOT NULL"
    "  LEFT JOIN trade_metadata m ON m.trade_outcome_id = t.id"
    "  LEFT JOIN evaluation_facts f ON f.evaluation_id = e.id "
    "WHERE s.state = 'DONE' AND s.r_multiple IS NOT NULL AND e.decision = 'BUY'"
    "  AND s.entry_day <= $1::date AND s.entry_day > $1::date - $2::int "
    "ORDER BY s.symbol COLLATE \"C\", s.entry_day, e.id"};
enum {
    COL_ID,
    COL_SYMBOL,
    COL_REGIME,
    COL_SECTOR,
    COL_MOOD,
    COL_RSI,
    COL_VOLUME,
    COL_CONFIDENCE,
    COL_AGREEMENT,
    COL_ENTRY,
    COL_EXIT,
    COL_REASON,
    COL_R,
    COL_TRADE,
    COL_PRICE,
    COL_ATR,
    COL_BETA,
};

struct load {
    struct desk *desk;
    int days;
    int64_t now;
    struct rows rows;
    size_t row; /* first of the symbol under way */
    char symbol[16];
    struct market_data data;
    struct loop_timer *turn; /* between two symbols the loop goes round */
    struct candidate_set *set;
    candidates_done_fn *done;
    void *arg;
};

void candidates_release(struct candidate_set *s)
{
    if (!s)
        return;
    arena_release(s->arena);
    mem_free(s->arena);
    mem_free(s->c);
    mem_free(s);
}

static void load_end(struct load *l, const struct error *e)
{
    candidates_done_fn *done = l->done;
    struct candidate_set *set = l->set;
    void *arg = l->arg;
    bool failed = e && e->kind;
    rows_release(&l->rows);
    loop_timer_free(l->turn);
    mem_free(l);
    if (failed)
        candidates_release(set);
    done(arg, failed ? NULL : set, failed ? e : NULL);
}

static struct value number(const struct rows *r, size_t row, size_t col)
{
    bool is_null;
    double x = rows_double(r, row, col, &is_null);
    return is_null ? VALUE_UNKNOWN : VALUE(x);
}

static enum exit_reason reason_of(const char *word)
{
    for (int i = 0; i < EXIT_REASONS; i++)
        if (strcmp(exit_reason_name((enum exit_reason)i), word) == 0)
            return (enum exit_reason)i;
    return EXIT_REASONS;
}

static void take_case(const struct rows *r, size_t row, struct learning_case *k)
{
    *k = (struct learning_case){.id = rows_int(r, row, COL_ID),
                                .news_mood = number(r, row, COL_MOOD),
                                .rsi = number(r, row, COL_RSI),
                                .volume_ratio = number(r, row, COL_VOLUME),
                                .confidence = number(r, row, COL_CONFIDENCE),
                                .agreement = number(r, row, COL_AGREEMENT),
                                .entry_day = (int32_t)rows_int(r, row, COL_ENTRY),
                                .exit_day = (int32_t)rows_int(r, row, COL_EXIT),
                                .exit = reason_of(rows_text(r, row, COL_REASON)),
                                .r = number(r, row, COL_R).v};
    copy_text(k->symbol, sizeof k->symbol, rows_text(r, row, COL_SYMBOL));
    copy_text(k->regime, sizeof k->regime, rows_text(r, row, COL_REGIME));
    copy_text(k->sector, sizeof k->sector, rows_text(r, row, COL_SECTOR));
}

/* Price and ATR as the decision had them; moved to the bars' basis when a split lies between. */
static void take_replay(const struct rows *r, size_t row, const struct bars *bars, int32_t entry,
                        struct replay_candidate *out)
{
    double price = number(r, row, COL_PRICE).v * 1e4, atr = number(r, row, COL_ATR).v;
    size_t first = bars_until(bars, entry - 1);
    double before = first ? (double)bars->bar[first - 1].close : 0;
    if (before > 0 && price > 0 && (price > before * OTHER_BASIS || before > price * OTHER_BASIS)) {
        atr *= before / price;
        price = before;
    }
    *out = (struct replay_candidate){.id = rows_int(r, row, COL_ID),
                                     .bars = bars,
                                     .first = first,
                                     .price = (int64_t)price,
                                     .atr = atr,
                                     .beta = number(r, row, COL_BETA)};
}

/* The bars from the one before the first entry on. */
static const struct bars *keep_bars(struct load *l, const struct bars *all)
{
    size_t before = bars_until(all, (int32_t)rows_int(&l->rows, l->row, COL_ENTRY) - 1);
    size_t from = before ? before - 1 : 0;
    struct bars *kept = arena_alloc(l->set->arena, sizeof *kept);
    kept->n = kept->cap = all->n - from;
    kept->bar = arena_alloc(l->set->arena, (kept->n + 1) * sizeof *kept->bar);
    if (kept->n)
        memcpy(kept->bar, all->bar + from, kept->n * sizeof *kept->bar);
    return kept;
}

static bool same_symbol(const struct load *l)
{
    return l->row < l->rows.nrows &&
           strcmp(rows_text(&l->rows, l->row, COL_SYMBOL), l->symbol) == 0;
}

static void add_candidate(struct load *l, const struct bars *bars)
{
    struct candidate_set *s = l->set;
    struct candidate *c = &s->c[s->n++];
    take_case(&l->rows, l->row, &c->known);
    take_replay(&l->rows, l->row, bars, c->known.entry_day, &c->replay);
    c->trade_id = rows_int(&l->rows, l->row, COL_TRADE);
    s->traded += c->trade_id > 0;
    if (s->from_day == DAY_NONE || c->known.entry_day < s->from_day)
        s->from_day = c->known.entry_day;
    if (s->to_day == DAY_NONE || c->known.entry_day > s->to_day)
        s->to_day = c->known.entry_day;
}

/* A symbol without bars now (struck off, or its feed is away) has cases that cannot be replayed. */
static void gathered(void *arg, const struct error *e)
{
    struct load *l = arg;
    const struct bars *bars = &l->data.bars;
    if ((e && e->kind) || bars->n == 0) {
        log_write(LOG_WARN, "learning", "%s is not replayed: %s", l->symbol,
                  e && e->kind ? e->text : l->data.bars_from.reason);
        while (same_symbol(l))
            l->row++;
    } else {
        const struct bars *kept = keep_bars(l, bars);
        for (; same_symbol(l); l->row++)
            add_candidate(l, kept);
    }
    market_data_release(&l->data);
    loop_timer_start(l->turn, 0);
}

static void next_symbol(void *arg)
{
    struct load *l = arg;
    if (l->row >= l->rows.nrows) {
        load_end(l, NULL);
        return;
    }
    copy_text(l->symbol, sizeof l->symbol, rows_text(&l->rows, l->row, COL_SYMBOL));
    market_bars(l->desk->market, l->symbol, l->now, &l->data, gathered, l);
}

static void decisions_read(void *arg, struct rows *rows, const struct error *e)
{
    struct load *l = arg;
    if (e && e->kind) {
        load_end(l, e);
        return;
    }
    rows_move(&l->rows, rows);
    l->set->c = mem_array(l->rows.nrows + 1, sizeof *l->set->c);
    next_symbol(l);
}

static void clock_read(void *arg, struct rows *rows, const struct error *e)
{
    struct load *l = arg;
    struct params p = {0};
    struct error bad = {0};
    char day[11];
    if (e && e->kind) {
        load_end(l, e);
        return;
    }
    if (!time_parse(rows_text(rows, 0, 0), &l->now)) {
        err_set(&bad, ERR_FAILED, "the database's time cannot be read");
        load_end(l, &bad);
        return;
    }
    int32_t known = calendar_add(calendar_last_closed(l->now), -BARRIER_SESSIONS);
    params_text(&p, day_print(day, known));
    params_int(&p, l->days);
    db_send(l->desk->db, &decisions, &p, decisions_read, l);
}

void candidates_load(struct desk *d, int days, candidates_done_fn *done, void *arg)
{
    struct load *l = mem_alloc(sizeof *l);
    struct candidate_set *s = mem_alloc(sizeof *s);
    *s = (struct candidate_set){
        .from_day = DAY_NONE, .to_day = DAY_NONE, .arena = mem_alloc(sizeof *s->arena)};
    *l = (struct load){.desk = d, .days = days, .set = s, .done = done, .arg = arg};
    l->turn = loop_timer_new(d->loop, next_symbol, l);
    db_send(d->db, &clock_now, NULL, clock_read, l);
}

struct waiting {
    struct candidate_set *set;
    struct error error;
    bool ended, given_up;
};

static void loaded(void *arg, struct candidate_set *s, const struct error *e)
{
    struct waiting *w = arg;
    if (w->given_up) {
        candidates_release(s);
        mem_free(w);
        return;
    }
    w->set = s;
    if (e)
        w->error = *e;
    w->ended = true;
}

static bool has_ended(void *arg)
{
    return ((const struct waiting *)arg)->ended;
}

enum err candidates_wait(struct desk *d, int days, struct candidate_set **out, struct error *e)
{
    struct waiting *w = mem_alloc(sizeof *w);
    *w = (struct waiting){0};
    *out = NULL;
    candidates_load(d, days, loaded, w);
    if (!loop_run_until(d->loop, has_ended, w, WAIT_MS)) {
        w->given_up = true; /* it ends when the desk closes */
        return err_set(e, ERR_TRANSIENT,
                       loop_interrupted(d->loop)
                           ? "interrupted"
                           : "the past decisions did not come in two minutes");
    }
    enum err result = w->error.kind;
    if (result)
        *e = w->error;
    *out = w->set;
    mem_free(w);
    return result;
}
