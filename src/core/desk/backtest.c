/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sessions of a back-test, one transaction each: splits and dividends, the bar as a look at
 * what is held and ordered, the end of the day, the agents' opinions at the close, and the orders
 * that the next open fills. The steps are the engine's; only the clock is moved from here. */
#include "quorum/backtest.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/desk/backtest_private.h"
#include "core/desk/session.h"
#include "quorum/calendar.h"
#include "quorum/log.h"
#include "quorum/mem.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

/* Nothing of a scratch database has to survive anything, and its tables grow faster than their
 * statistics. */
static const struct statement prepare_session = {
    "backtest session", "SELECT set_config('synchronous_commit', 'off', false),"
                        " set_config('jit', 'off', false), set_config('enable_seqscan', 'off',"
                        " false)"};
/* Baselines are who votes here: what they decide is traded. */
static const struct statement prepare_desk = {
    "backtest desk",
    "WITH s AS (INSERT INTO desk_setting (name, value, origin, set_by)"
    "  VALUES ('QUORUM_TRADE_DEGRADED', 'true', 'default', 'backtest')), "
    "p AS (INSERT INTO parameter_versions (name, value, set_by)"
    "  SELECT f.name, f.value, 'backtest' FROM (VALUES ('trail_atr', 0), ('time_exit', $1::int))"
    "  AS f (name, value) WHERE $1::int > 0) "
    "UPDATE desk SET clock = 'virtual', clock_at = $2::timestamptz"};
static const struct statement begin = {"backtest begin", "BEGIN"};
static const struct statement commit = {"backtest commit", "COMMIT"};
static const struct statement set_clock = {"backtest clock",
                                           "UPDATE desk SET clock_at = $1::timestamptz"};
static const struct statement keep = {"housekeeping", "SELECT housekeeping()"};
/* The BUYs of a close belong to one moment of the schedule; fixed exits replace the worksheet's. */
static const struct statement take_buys = {
    "backtest buys", "UPDATE evaluations SET slot_at = $2::timestamptz,"
                     " stop_loss_pct = COALESCE($3::float8, stop_loss_pct),"
                     " take_profit_pct = COALESCE($4::float8, take_profit_pct) "
                     "WHERE id = ANY ($1::bigint[]) AND state = 'DECIDED' AND decision = 'BUY'"};
static const struct statement refusals = {
    "backtest refusals",
    "SELECT why, count(*) FROM (SELECT CASE WHEN order_result LIKE 'a loss in %'"
    "   THEN 'cool-down after a loss' ELSE regexp_replace(regexp_replace(order_result,"
    "   '(:| \\(|; | since | after the ).*$', ''), '\\$?[0-9][0-9.,]*', 'N', 'g') END AS why"
    "  FROM evaluations WHERE slot_at IS NOT NULL AND order_result <> 'ordered') t "
    "GROUP BY why ORDER BY count(*) DESC, why"};

/* ---- databases of dead processes ---- */

static const char name_begin[] = "quorum_backtest_";

const char *backtest_database(char dst[64])
{
    snprintf(dst, 64, "%s%ld", name_begin, (long)getpid());
    return dst;
}

static const struct statement leftovers = {
    "backtest leftovers",
    "SELECT datname FROM pg_database WHERE datname LIKE 'quorum\\_backtest\\_%'"};

void backtest_drop_leftovers(struct desk *d)
{
    struct rows r = {0};
    struct error e = {0};
    if (db_query(d->db, &leftovers, NULL, &r, &e))
        return;
    for (size_t i = 0; i < r.nrows; i++) {
        const char *name = rows_text(&r, i, 0);
        int64_t pid = 0;
        if (!text_to_int64(name + sizeof name_begin - 1, &pid) || pid <= 0 || pid > INT32_MAX ||
            strcmp(name, d->scratch) == 0 || kill((pid_t)pid, 0) == 0)
            continue;
        if (cluster_drop_database(d->cluster, name, &e))
            log_write(LOG_WARN, "backtest", "%s of a dead process: %s", name, e.text);
    }
    rows_release(&r);
}

/* ---- a session ---- */

static enum err set_time(struct backtest *b, int64_t at, struct error *e)
{
    struct params p = {0};
    char text[33];
    params_text(&p, time_print_iso(text, at));
    return db_query(b->desk->db, &set_clock, &p, NULL, e);
}

static enum err reload(struct backtest *b, struct error *e)
{
    book_release(&b->book);
    return book_load(b->desk, &b->book, e);
}

static const struct tape *tape_of(const struct backtest *b, const char *symbol)
{
    for (size_t i = 0; i < b->n; i++)
        if (strcmp(b->tape[i].symbol, symbol) == 0)
            return &b->tape[i];
    return NULL;
}

static bool in_book(const struct backtest *b, const char *symbol)
{
    for (size_t i = 0; i < b->book.n; i++)
        if (strcmp(b->book.entry[i].position.symbol, symbol) == 0)
            return true;
    return false;
}

static bool is_month_begin(const struct backtest *b, size_t k)
{
    return k == 0 || day_to_civil(b->day[k]).month != day_to_civil(b->day[k - 1]).month;
}

/* Before the open: splits and dividends of the day. */
static enum err open_session(struct backtest *b, size_t k, struct error *e)
{
    size_t actions = 0;
    if (set_time(b, calendar_open(b->day[k]), e))
        return e->kind;
    if (is_month_begin(b, k) && db_query(b->desk->db, &keep, NULL, NULL, e))
        return e->kind;
    if (session_actions(b->desk, &b->book, b->day[k], &actions, e))
        return e->kind;
    return actions ? reload(b, e) : OK;
}

static void note_bad_print(struct backtest *b, const struct tape *t, const struct look *l)
{
    struct backtest_symbol *s = &b->out->symbol[t - b->tape];
    for (size_t i = 0; i < s->nbad; i++)
        if (s->bad[i].day == l->day)
            s->bad[i].in_book = true;
}

static enum err look_at_bars(struct backtest *b, size_t k, struct error *e)
{
    struct act *all = mem_array(b->book.n * ACTS_MAX + 1, sizeof *all);
    size_t n = 0;
    for (size_t i = 0; i < b->book.n; i++) {
        const struct tape *t = tape_of(b, b->book.entry[i].position.symbol);
        int32_t at = t ? t->at[k] : NO_BAR;
        if (at == NO_BAR)
            continue; /* no bar, no fill; orders persist */
        note_bad_print(b, t, &t->look[at]);
        n += position_look(&b->book.entry[i], &t->look[at], &b->o->costs, 0, all + n);
    }
    enum err r = session_store(b->desk, all, n, e);
    mem_free(all);
    return r || n == 0 ? r : reload(b, e);
}

static enum err end_of_day(struct backtest *b, size_t k, struct error *e)
{
    struct act *all = mem_array(b->book.n * ACTS_MAX + 1, sizeof *all);
    size_t n = 0;
    for (size_t i = 0; i < b->book.n; i++) {
        const struct book_entry *entry = &b->book.entry[i];
        const struct tape *t = tape_of(b, entry->position.symbol);
        int32_t at = t ? t->at[k] : NO_BAR;
        if (at == NO_BAR || entry->position.quantity == 0)
            continue;
        const char *regime = b->o->exits.fixed ? NULL : regime_name(t->regime[at].label);
        n += position_close_of_day(entry, b->day[k], t->look[at].last, regime, all + n);
    }
    enum err r = session_store(b->desk, all, n, e);
    mem_free(all);
    if (!r && n)
        r = reload(b, e);
    return r ? r : session_mark(b->desk, b->day[k], e);
}

/* ---- opinions and orders at the close ---- */

struct judged {
    size_t open;
    int64_t id[BACKTEST_SYMBOLS_MAX];
    size_t n;
    struct error e;
};

static void evaluated(void *arg, int64_t id, const struct error *e)
{
    struct judged *j = arg;
    j->open--;
    if (e && e->kind && !j->e.kind)
        j->e = *e;
    j->id[j->n++] = id;
}

static bool all_evaluated(void *arg)
{
    return ((const struct judged *)arg)->open == 0;
}

/* Is there a vote for doing something? The agents are asked here first: most days they have
 * nothing to say, and such days are not stored. */
static bool somebody_acts(struct backtest *b)
{
    size_t silent = 0;
    bool acts = false;
    for (size_t i = 0; i < b->nvoters; i++) {
        struct vote v = {.state = VOTE_ABSTAIN};
        if (b->voter[i]->baseline)
            b->voter[i]->baseline(b->dossier, NULL, &v);
        silent += v.state == VOTE_ABSTAIN;
        acts = acts || v.state == VOTE_BUY || v.state == VOTE_SELL;
    }
    b->out->abstained += silent == b->nvoters;
    return acts;
}

static enum err judge(struct backtest *b, const struct tape *t, size_t at, struct judged *j,
                      struct error *e)
{
    tape_dossier(b, t, at, b->dossier);
    b->out->judged++;
    if (!somebody_acts(b)) {
        dossier_release(b->dossier);
        return OK;
    }
    b->out->stored++;
    struct evaluation_request r = {.symbol = t->symbol,
                                   .voters = b->voters,
                                   .min_agreement = b->needed,
                                   .as_of = t->look[at].at,
                                   .dossier = b->dossier,
                                   .explores = b->o->explores};
    j->open++;
    if (evaluation_start(b->desk, &r, evaluated, j, e) == OK)
        return OK;
    j->open--;
    dossier_release(b->dossier);
    return e->kind;
}

struct entering {
    bool over;
    int64_t ordered;
    struct error e;
};

static void entered(void *arg, int64_t ordered, int64_t refused, const struct error *e)
{
    struct entering *t = arg;
    (void)refused;
    t->over = true;
    t->ordered = ordered;
    if (e)
        t->e = *e;
}

static bool has_entered(void *arg)
{
    return ((const struct entering *)arg)->over;
}

static void wait_for(struct backtest *b, bool (*over)(void *arg), void *arg)
{
    while (!loop_run_until(b->desk->loop, over, arg, LOOP_NO_DEADLINE))
        loop_clear_interrupt(b->desk->loop);
}

static enum err enter(struct backtest *b, const struct judged *j, int64_t close, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    struct buf ids = {0};
    struct entering t = {0};
    char at[33];
    for (size_t i = 0; i < j->n; i++)
        buf_printf(&ids, "%c%lld", i ? ',' : '{', (long long)j->id[i]);
    buf_char(&ids, '}');
    params_text(&p, buf_text(&ids));
    buf_release(&ids);
    params_text(&p, time_print_iso(at, close));
    if (b->o->exits.fixed) {
        params_double(&p, b->o->exits.stop_pct);
        params_double(&p, b->o->exits.target_pct);
    } else {
        params_text(&p, NULL);
        params_text(&p, NULL);
    }
    if (db_query(b->desk->db, &take_buys, &p, &r, e))
        return e->kind;
    int64_t buys = r.affected;
    rows_release(&r);
    if (buys == 0)
        return OK;
    broker_enter_slot(b->desk, close, entered, &t);
    wait_for(b, has_entered, &t);
    if (t.e.kind)
        *e = t.e;
    b->out->buys += buys;
    b->out->ordered += t.ordered;
    return t.e.kind || t.ordered == 0 ? t.e.kind : reload(b, e);
}

/* What is held or ordered is not judged: the answer could change nothing. */
static enum err judge_all(struct backtest *b, size_t k, struct error *e)
{
    struct judged *j = mem_alloc(sizeof *j);
    enum err r = OK;
    for (size_t i = 0; i < b->n && !r; i++) {
        const struct tape *t = &b->tape[i];
        if (t->at[k] != NO_BAR && !in_book(b, t->symbol))
            r = judge(b, t, (size_t)t->at[k], j, e);
    }
    wait_for(b, all_evaluated, j);
    if (!r && j->e.kind) {
        *e = j->e;
        r = e->kind;
    }
    if (!r && j->n)
        r = enter(b, j, calendar_close(b->day[k]), e);
    mem_free(j);
    return r;
}

/* On the last close nothing is decided: no open follows. */
static enum err live_session(struct backtest *b, size_t k, struct error *e)
{
    struct desk *d = b->desk;
    if (db_query(d->db, &begin, NULL, NULL, e) || open_session(b, k, e) ||
        set_time(b, calendar_close(b->day[k]), e) || look_at_bars(b, k, e) || end_of_day(b, k, e))
        return e->kind;
    if (k + 1 < b->ndays && judge_all(b, k, e))
        return e->kind;
    return db_query(d->db, &commit, NULL, NULL, e);
}

/* ---- the whole ---- */

static enum err choose_voters(struct backtest *b, struct error *e)
{
    struct buf names = {0};
    const char *wanted = b->o->voters ? b->o->voters : "technical_analyst";
    if (voters_parse(b->desk->agents, wanted, b->voter, &b->nvoters, e))
        return e->kind;
    int usual = b->o->voters ? (int)desk_int(b->desk, SETTING_MIN_AGREEMENT) : 1;
    b->needed = b->o->min_agreement ? b->o->min_agreement : usual;
    if (!b->o->min_agreement && (size_t)b->needed > b->nvoters)
        b->needed = (int)b->nvoters;
    if (b->needed < 1 || (size_t)b->needed > b->nvoters) {
        err_set(e, ERR_USAGE, "%d of %zu voters cannot agree", b->needed, b->nvoters);
        return err_fix(e, "--min-agreement is 1 to %zu with these voters", b->nvoters);
    }
    for (size_t i = 0; i < b->nvoters; i++)
        buf_printf(&names, "%s%s", i ? " " : "", b->voter[i]->name);
    copy_text(b->voters, sizeof b->voters, buf_text(&names));
    buf_release(&names);
    return OK;
}

static void note_bad_prints(const struct backtest *b, const struct tape *t,
                            struct backtest_symbol *s)
{
    for (size_t k = 0; k < b->ndays; k++) {
        int32_t at = t->at[k];
        if (at == NO_BAR || !bar_is_bad_print(t->look[at].previous_close, &t->raw->bar[at]))
            continue;
        s->bad = mem_grow(s->bad, s->nbad + 1, sizeof *s->bad);
        s->bad[s->nbad++] =
            (struct backtest_bad_print){.day = b->day[k],
                                        .open = t->look[at].open,
                                        .previous_close = t->look[at].previous_close,
                                        .close = t->look[at].last};
    }
}

/* What the market says about the quality of a file, at its last bar. */
struct warning {
    struct market_data data;
};

static void warned(void *arg, const struct error *e)
{
    (void)arg;
    (void)e;
}

static void describe(const struct backtest *b, const struct tape *t, struct backtest_symbol *s)
{
    struct warning w = {0};
    copy_text(s->symbol, sizeof s->symbol, t->symbol);
    s->first = s->last = DAY_NONE;
    for (size_t k = 0; k < b->ndays; k++) {
        if (t->at[k] == NO_BAR)
            continue;
        s->first = s->first == DAY_NONE ? b->day[k] : s->first;
        s->last = b->day[k];
        s->bars++;
    }
    if (s->bars)
        s->missing = (size_t)calendar_between(s->first, s->last) + 1 - s->bars;
    for (size_t i = 0; i < t->nactions; i++)
        s->actions +=
            t->action[i].ex_day >= b->day[0] && t->action[i].ex_day <= b->day[b->ndays - 1];
    note_bad_prints(b, t, s);
    market_gather(b->desk->market, t->symbol, calendar_close(t->raw->bar[t->raw->n - 1].day),
                  &w.data, warned, NULL);
    copy_text(s->warning, sizeof s->warning, w.data.bars_from.reason);
    market_data_release(&w.data);
}

static enum err start(struct backtest *b, struct error *e)
{
    struct params p = {0};
    char at[33];
    if (choose_voters(b, e) || tapes_load(b, e))
        return e->kind;
    struct backtest_result *out = b->out;
    out->first = b->day[0];
    out->last = b->day[b->ndays - 1];
    out->needed = b->needed;
    out->nvoters = (int)b->nvoters;
    out->start_equity = desk_decimal(b->desk, SETTING_PORTFOLIO, MONEY_MICRO_DIGITS);
    copy_text(out->voters, sizeof out->voters, b->voters);
    out->symbol = mem_array(b->n, sizeof *out->symbol);
    out->nsymbols = b->n;
    for (size_t i = 0; i < b->n; i++)
        describe(b, &b->tape[i], &out->symbol[i]);
    params_int(&p, b->o->exits.fixed ? b->o->exits.sessions : 0);
    params_text(&p, time_print_iso(at, calendar_open(b->day[0]) - USEC_SECOND));
    return db_query(b->desk->db, &prepare_session, NULL, NULL, e) ||
                   db_query(b->desk->db, &prepare_desk, &p, NULL, e)
               ? e->kind
               : OK;
}

static enum err live(struct backtest *b, struct error *e)
{
    const struct backtest_options *o = b->o;
    for (size_t k = 0; k < b->ndays; k++) {
        if (o->stopped && o->stopped(o->arg)) {
            err_set(e, ERR_TRANSIENT, "interrupted after %zu of %zu sessions", k, b->ndays);
            return err_fix(e, "nothing was kept");
        }
        if (live_session(b, k, e))
            return e->kind;
        b->out->sessions++;
        if (o->progress)
            o->progress(o->arg, k + 1, b->ndays);
    }
    return OK;
}

static enum err count_refusals(struct backtest *b, struct error *e)
{
    struct rows r = {0};
    if (db_query(b->desk->db, &refusals, NULL, &r, e))
        return e->kind;
    for (size_t i = 0; i < r.nrows && i < BACKTEST_REFUSALS_MAX; i++) {
        struct backtest_refusal *x = &b->out->refusal[b->out->nrefusals++];
        sanitize_line(x->why, sizeof x->why, untrusted(rows_text(&r, i, 0)));
        x->n = rows_int(&r, i, 1);
    }
    rows_release(&r);
    return OK;
}

enum err backtest_run(struct desk *d, const struct backtest_options *o, struct backtest_result *out,
                      struct error *e)
{
    struct backtest b = {.desk = d, .o = o, .out = out};
    *out = (struct backtest_result){0};
    b.dossier = mem_alloc(sizeof *b.dossier);
    if (!start(&b, e) && !live(&b, e) && !broker_prove(d, &out->unproven, e) &&
        !count_refusals(&b, e))
        lines_compute(&b, e);
    book_release(&b.book);
    mem_free(b.dossier);
    tapes_release(&b);
    return e->kind;
}

void backtest_result_release(struct backtest_result *r)
{
    for (size_t i = 0; i < r->nsymbols; i++)
        mem_free(r->symbol[i].bad);
    mem_free(r->symbol);
    rows_release(&r->unproven);
    *r = (struct backtest_result){0};
}
