/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The statements of the console on a desk that is old: D1 and D2 of docs/performance.md. A paper
 * desk in QUORUM_HOME gets two years of a past (QUORUM_BENCH_ROWS interactions, a million; a tenth
 * as many trades), the last tenth of it first: what the statements cost then and in the end is how
 * they grow. While they are measured others write. Every statement that reads a big table from
 * its beginning to its end is named. */
#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "quorum/desk.h"
#include "quorum/mem.h"
#include "quorum/timeutil.h"
#include "ui/detail.h"
#include "ui/panels.h"
#include "ui/presence.h"

enum { SLOW_MS = 3000, RUNS = 60, WRITERS = 8, MOST = 80, BIG = 20000, CALLS = 4 };

/* $1 to $2 of $3 evaluations; the last one is a minute ago, the first two years. */
#define AT     "now() - ($3::bigint - i) * interval '730 days' / $3::bigint - interval '1 minute'"
#define EACH   "generate_series($1::bigint, $2::bigint) AS i"
#define SYMBOL "'S' || lpad((i % 50)::text, 2, '0')"
#define TRADED "WHERE i % 5 < 2 AND i < $3::bigint - 40"

static const struct statement fills[] = {
    {"bench evaluations",
     "INSERT INTO evaluations (id, symbol, state, origin, requested_by, as_of, created_at,"
     "  finished_at, latency_ms, price, regime, regime_confidence, decision, consensus_reached,"
     "  agree, voters, needed, cost_usd, tokens, slot_at) OVERRIDING SYSTEM VALUE "
     "SELECT i, " SYMBOL ", 'DECIDED', 'schedule', 'schedule', " AT ", " AT ", " AT ","
     "  400 + i % 300, 100 + i % 77, (ARRAY['BULL', 'BEAR', 'SIDEWAYS'])[1 + i % 3], 60 + i % 30,"
     "  (ARRAY['BUY', 'SELL', 'HOLD'])[1 + i % 3], true, 2, 3, 2, 0.006, 4000, " AT " FROM " EACH},
    {"bench interactions",
     "INSERT INTO agent_interactions (id, agent_name, action, cost_usd, latency_ms, created_at,"
     "  evaluation_id, model, input_tokens, output_tokens) OVERRIDING SYSTEM VALUE "
     "SELECT i * 4 + k, (ARRAY['regime_detector', 'research', 'news_analyst',"
     "  'technical_analyst'])[k + 1], 'vote', 0.0015, 300 + (i + k) % 400, " AT ", i,"
     "  'claude-sonnet-4-5', 900, 120 FROM " EACH ", generate_series(0, 3) AS k"},
    {"bench votes",
     "INSERT INTO votes (evaluation_id, agent, source, role, vote, confidence, reason, counted,"
     "  interaction_id, created_at) "
     "SELECT i, (ARRAY['research', 'news_analyst', 'technical_analyst'])[k], 'model', 'voter',"
     "  (ARRAY['BUY', 'SELL', 'HOLD'])[1 + (i + k) % 3], 50 + (i + k) % 45, 'as seen', true,"
     "  i * 4 + k, " AT " FROM " EACH ", generate_series(1, 3) AS k"},
    {"bench scores",
     "INSERT INTO vote_scores (evaluation_id, agent, source, probability, y, brier, scored_at) "
     "SELECT i, (ARRAY['research', 'news_analyst', 'technical_analyst'])[k],"
     "  (ARRAY['model', 'baseline'])[s], 0.6, i % 2, 0.16 + 0.2 * (i % 2), " AT " FROM " EACH
     ", generate_series(1, 3) AS k, generate_series(1, 2) AS s"},
    {"bench shadow outcomes",
     "INSERT INTO shadow_outcomes (evaluation_id, symbol, state, outcome, return_pct, r_multiple,"
     "  y) SELECT i, " SYMBOL ", 'DONE', 'target', 3.1, 1.2, 1 FROM " EACH " WHERE $3::bigint > 0"},
    {"bench positions",
     "INSERT INTO positions (id, symbol, state, evaluation_id, quantity, entry_price, stop_price,"
     "  target_price, initial_stop, last_price, opened_at, closed_at, bought, regime)"
     "  OVERRIDING SYSTEM VALUE "
     "SELECT i, " SYMBOL ", 'CLOSED', i, 0, 100, 95, 110, 95, 104, " AT ", " AT ", 10, 'BULL'"
     " FROM " EACH " " TRADED},
    {"bench orders",
     "INSERT INTO orders (id, position_id, evaluation_id, symbol, side, kind, quantity, filled,"
     "  state, created_at, closed_at, purpose, exit_reason) "
     "SELECT md5(i || ' ' || k)::uuid, i, CASE k WHEN 1 THEN i END, " SYMBOL ","
     "  (ARRAY['BUY', 'SELL'])[k], 'MARKET', 10, 10, 'FILLED', " AT ", " AT ","
     "  (ARRAY['ENTRY', 'EXIT'])[k], CASE k WHEN 2 THEN 'take_profit' END"
     " FROM generate_series(1, 2) AS k, " EACH " " TRADED},
    {"bench fills", "INSERT INTO fills (order_id, quantity, price, filled_at, fill_key) "
                    "SELECT md5(i || ' ' || k)::uuid, 10, 100, " AT ", 'bench ' || i || ' ' || k"
                    " FROM generate_series(1, 2) AS k, " EACH " " TRADED},
    {"bench trades",
     "INSERT INTO trade_outcomes (id, symbol, decision, entry_price, exit_price, pnl_dollars,"
     "  pnl_pct, exit_reason, created_at, position_id, evaluation_id, quantity, r_multiple,"
     "  opened_at, closed_at) OVERRIDING SYSTEM VALUE "
     "SELECT i, " SYMBOL ", 'BUY', 100, 104, 40, 4, 'take_profit', " AT ", i, i, 10, 0.8, " AT
     " - interval '3 days', " AT " FROM " EACH " " TRADED},
    {"bench trade metadata",
     "INSERT INTO trade_metadata (trade_outcome_id, market_regime, sentiment_score, created_at) "
     "SELECT i, 'BULL', 0.2, " AT " FROM " EACH " " TRADED},
    {"bench ledger",
     "INSERT INTO ledger (transaction_id, book, symbol, amount_usd, memo, created_at) "
     "SELECT md5(i || ' l')::uuid, (ARRAY['cash', 'realised'])[k], " SYMBOL ", 40 * (3 - 2 * k),"
     "  'bench', " AT " FROM generate_series(1, 2) AS k, " EACH " " TRADED},
    {"bench alerts", "INSERT INTO alerts (rule, object, severity, text, raised_at, cleared_at) "
                     "SELECT 'pos.stop_near', 'position ' || i, 'i', 'near its stop', " AT ", " AT
                     " FROM " EACH " WHERE i % 10 = 0"},
    {"bench jobs",
     "INSERT INTO jobs (kind, stage, symbol, unique_key, due_at, state, started_at, finished_at) "
     "SELECT 'evaluate', 2, " SYMBOL ", 'bench ' || i, " AT ", 'done', " AT ", " AT " FROM " EACH},
    {"bench actions",
     "INSERT INTO operator_actions (id, at, operator, origin, db_role, verb, object, reason,"
     "  before, after, prev_hash, hash) SELECT 1000 + i, " AT ", 'schedule', '', 'quorum_app',"
     "  'order', " SYMBOL ", '', '', '', md5((i - 1)::text), md5(i::text) FROM " EACH},
    {"bench hours", "INSERT INTO agent_hourly (hour, agent_name, calls, tokens, cost_usd) "
                    "SELECT date_trunc('hour', created_at), agent_name, count(*), sum(tokens_used),"
                    "  sum(cost_usd) FROM agent_interactions WHERE evaluation_id BETWEEN $1 AND $2"
                    "  AND $3::bigint > 0 GROUP BY 1, 2 ON CONFLICT DO NOTHING"},
    {"bench days",
     "INSERT INTO agent_daily_metrics (agent_name, date, total_calls, total_cost_usd) "
     "SELECT agent_name, created_at::date, count(*), sum(cost_usd) FROM agent_interactions"
     "  WHERE evaluation_id BETWEEN $1 AND $2 AND $3::bigint > 0 GROUP BY 1, 2"
     "  ON CONFLICT DO NOTHING"},
    {"bench marks",
     "INSERT INTO equity_marks (session, cash_usd, stock_usd, peak_usd, ledger_to) "
     "SELECT d::date, 100000, 0, 100000, (SELECT max(id) FROM ledger) FROM"
     "  generate_series(now() - interval '730 days', now() - interval '2 days', '1 day') AS d"
     "  WHERE $1::bigint + $2::bigint + $3::bigint > 0 ON CONFLICT (account_id, session)"
     "  DO UPDATE SET ledger_to = EXCLUDED.ledger_to"},
};

static const struct statement finish[] = {
    {"bench sequences",
     "SELECT setval(pg_get_serial_sequence(t, 'id'), 100000000) FROM unnest(ARRAY['evaluations',"
     "  'agent_interactions', 'positions', 'trade_outcomes']) AS t"},
    {"bench open positions",
     "INSERT INTO positions (symbol, state, evaluation_id, quantity, entry_price, stop_price,"
     "  target_price, initial_stop, last_price, bought) SELECT 'S0' || i, 'OPEN', NULL, 10, 100,"
     "  95, 110, 95, 103, 10 FROM generate_series(0, 9) AS i"},
    {"bench watchlist",
     "INSERT INTO desk_setting (name, value, origin, set_by) VALUES ('QUORUM_WATCHLIST',"
     " 'S00 S01 S02 S03 S04 S05 S06 S07 S08 S09 S10 S11', 'bench', 'bench')"},
};

/* A million rows at once would be checked one by one against what they refer to. */
static const char *const before[] = {"ALTER TABLE ledger DISABLE TRIGGER USER",
                                     "ALTER TABLE operator_actions DISABLE TRIGGER USER"};
static const char *const after[] = {"ALTER TABLE ledger ENABLE TRIGGER USER",
                                    "ALTER TABLE operator_actions ENABLE TRIGGER USER"};

struct figure {
    const char *name;
    const struct statement *st;
    const char *id; /* of a detail; NULL: no parameter */
    double p50[2], p99[2];
    int n;
};

static struct figure figure[MOST];
static int nfigures;
static char conninfo[1024];

static void die(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

static void run(struct desk *d, const struct statement *st, struct params *p, struct rows *out)
{
    struct error e = {0};
    if (db_query(d->db, st, p, out, &e) != OK) {
        fprintf(stderr, "bench: %s: %s\n", st->name, e.text);
        exit(1);
    }
}

static struct desk *open_as(const struct settings *s, struct loop *l, bool owner)
{
    struct desk *d = NULL;
    struct error e = {0};
    struct desk_options o = {.settings = s,
                             .loop = l,
                             .agents = agent_table,
                             .name = "paper",
                             .as_owner = owner,
                             .lasting = !owner};
    if (desk_open(&o, &d, &e) != OK)
        die(e.text);
    return d;
}

/* ---- the past */

static void do_all(struct desk *d, const char *const *sql, size_t n)
{
    for (size_t i = 0; i < n; i++)
        run(d, &(struct statement){"bench triggers", sql[i]}, NULL, NULL);
}

static void fill(struct desk *d, int64_t first, int64_t last, int64_t total)
{
    int64_t start = time_monotonic_us();
    static const struct statement no_limit = {"bench limit",
                                              "SELECT set_config('statement_timeout', '0', false)"};
    run(d, &no_limit, NULL, NULL);
    do_all(d, before, ARRAY_LEN(before));
    for (size_t i = 0; i < ARRAY_LEN(fills); i++) {
        const int64_t pieces = 1 + (last - first) / 25000; /* none longer than an answer may take */
        for (int64_t k = 0; k < pieces; k++) {
            struct params p = {0};
            bool whole = strstr(fills[i].sql, "equity_marks") != NULL;
            if (whole && k > 0)
                break;
            params_int(&p, first + (last - first + 1) * k / pieces);
            params_int(&p, first + (last - first + 1) * (k + 1) / pieces - 1);
            params_int(&p, total);
            run(d, &fills[i], &p, NULL);
        }
    }
    do_all(d, after, ARRAY_LEN(after));
    printf("   evaluations %lld to %lld of %lld: %.0f s\n", (long long)first, (long long)last,
           (long long)total, (double)(time_monotonic_us() - start) / 1e6);
}

/* Then it is measured as it is. */
static bool has_a_past(struct desk *d)
{
    static const struct statement count = {"bench past", "SELECT 1 FROM evaluations LIMIT 1"};
    struct rows r = {0};
    run(d, &count, NULL, &r);
    bool has = r.nrows > 0;
    rows_release(&r);
    return has;
}

static void tidy_up(struct desk *d)
{
    static const char *const tables[] = {"evaluations",
                                         "agent_interactions",
                                         "votes",
                                         "vote_scores",
                                         "shadow_outcomes",
                                         "positions",
                                         "orders",
                                         "fills",
                                         "ledger",
                                         "trade_outcomes",
                                         "alerts",
                                         "trade_metadata",
                                         "jobs",
                                         "operator_actions",
                                         "equity_marks",
                                         "agent_hourly"};
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        char sql[80];
        snprintf(sql, sizeof sql, "ANALYZE %s", tables[i]);
        run(d, &(struct statement){"bench analyze", sql}, NULL, NULL);
    }
}

/* ---- what is measured */

static void take(const char *name, const struct statement *st, const char *id)
{
    if (st && nfigures < MOST)
        figure[nfigures++] = (struct figure){.name = name, .st = st, .id = id};
}

static void choose(int64_t last)
{
    static char evaluation[24], trade[24];
    snprintf(evaluation, sizeof evaluation, "%lld", (long long)last);
    snprintf(trade, sizeof trade, "%lld", (long long)(last - 100) / 5 * 5);
    take("status", &status_query, NULL);
    take("sessions", &presence_query, NULL);
    for (int i = 0; i < PANEL_COUNT; i++)
        take(panels[i].name, panels[i].query, NULL);
    for (int i = 0; i < DETAIL_PARTS; i++) {
        take("evaluation", details[DETAIL_EVALUATION].part[i], evaluation);
        take("trade", details[DETAIL_TRADE].part[i], trade);
        take("position", details[DETAIL_POSITION].part[i], trade);
        take("agent", details[DETAIL_AGENT].part[i], "research");
        take("symbol", details[DETAIL_SYMBOL].part[i], "S01");
        take("alert", details[DETAIL_ALERT].part[i], "1");
        take("parameter", details[DETAIL_PARAMETER].part[i], "stop_mult");
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(struct desk *d, struct figure *f, int which)
{
    double ms[RUNS], all = 0;
    int n = 0;
    for (int i = -2; i < RUNS && all < SLOW_MS; i++) { /* the first ones plan and read */
        struct params p = {0};
        struct rows r = {0};
        if (f->id)
            params_text(&p, f->id);
        int64_t start = time_monotonic_us();
        run(d, f->st, &p, &r);
        double took = (double)(time_monotonic_us() - start) / 1000;
        if (i >= 0 || took > SLOW_MS)
            all += ms[n++] = took;
        rows_release(&r);
    }
    qsort(ms, (size_t)n, sizeof *ms, by_size);
    f->n = n;
    f->p50[which] = ms[n / 2];
    f->p99[which] = ms[n - 1];
}

/* ---- who writes meanwhile */

static pid_t write_on(int which)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    PGconn *c = PQconnectdb(conninfo);
    for (;;) {
        struct timespec pause = {.tv_nsec = 200000000 + which * 1000000};
        PQclear(PQexec(c, "INSERT INTO agent_interactions (agent_name, action, cost_usd,"
                          " latency_ms) VALUES ('research', 'vote', 0.001, 300)"));
        nanosleep(&pause, NULL);
    }
}

static void measure_all(struct desk *d, int which)
{
    pid_t writer[WRITERS];
    for (int i = 0; i < WRITERS; i++)
        writer[i] = write_on(i);
    for (int i = 0; i < nfigures; i++)
        measure(d, &figure[i], which);
    for (int i = 0; i < WRITERS; i++) {
        kill(writer[i], SIGTERM);
        waitpid(writer[i], NULL, 0);
    }
}

/* ---- plans */

/* Names of big tables that the plan's line reads whole. */
static bool reads_whole(struct desk *d, const char *line, char *name, size_t size)
{
    static const struct statement rows_of = {
        "bench rows", "SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass($1)"};
    const char *at = strstr(line, "Seq Scan on ");
    struct params p = {0};
    struct rows r = {0};
    if (!at)
        return false;
    at += strlen("Seq Scan on ");
    copy_bytes(name, size, at, strcspn(at, " "));
    params_text(&p, name);
    run(d, &rows_of, &p, &r);
    bool big = r.nrows > 0 && rows_int(&r, 0, 0) >= BIG;
    rows_release(&r);
    return big;
}

static int look_at_plan(struct desk *d, const struct figure *f)
{
    struct buf sql = {0};
    struct params p = {0};
    struct rows r = {0};
    char name[80];
    int found = 0;
    buf_printf(&sql, "EXPLAIN (COSTS OFF) %s", f->st->sql);
    if (f->id)
        params_text(&p, f->id);
    run(d, &(struct statement){"bench plan", buf_text(&sql)}, &p, &r);
    for (size_t i = 0; i < r.nrows; i++) {
        if (reads_whole(d, rows_text(&r, i, 0), name, sizeof name)) {
            printf("   %s (%s) reads all of %s  MISSED\n", f->name, f->st->name, name);
            found++;
        }
    }
    rows_release(&r);
    buf_release(&sql);
    return found;
}

static void report(const struct figure *f)
{
    double growth = f->p50[0] > 0.2 ? f->p50[1] / f->p50[0] : 0; /* below that it is noise */
    printf("D1 %-10s %-26s n=%d median %7.2f ms  p99 %7.2f  limit 5.00%s", f->name, f->st->name,
           f->n, f->p50[1], f->p99[1], f->p99[1] > 5 ? "  MISSED" : "");
    if (growth > 0)
        printf("  D2 growth %.2f%s", growth, growth > 1.3 ? "  MISSED" : "");
    printf("\n");
}

int main(void)
{
    const char *rows = getenv("QUORUM_BENCH_ROWS");
    int64_t total = (rows ? strtoll(rows, NULL, 10) : 1000000) / CALLS, recent = total / 10;
    struct error e = {0};
    struct settings *s = NULL;
    struct loop *l = loop_new();
    int whole = 0;
    setlinebuf(stdout);
    if (!getenv("QUORUM_HOME") || total < 1000)
        die("QUORUM_HOME must be set, QUORUM_BENCH_ROWS at least 4000");
    if (settings_load(&s, &e) != OK)
        die(e.text);
    desk_close(open_as(s, l, false)); /* makes it */
    struct desk *owner = open_as(s, l, true), *d = open_as(s, l, false);
    copy_text(conninfo, sizeof conninfo, d->conninfo);
    choose(total);
    if (!has_a_past(d)) {
        fill(owner, total - recent + 1, total, total);
        for (size_t i = 0; i < ARRAY_LEN(finish); i++)
            run(owner, &finish[i], NULL, NULL);
        tidy_up(owner);
        measure_all(d, 0);
        fill(owner, 1, total - recent, total);
        tidy_up(owner);
    }
    desk_close(d);
    d = open_as(s, l, false);
    measure_all(d, 1);
    for (int i = 0; i < nfigures; i++)
        report(&figure[i]);
    for (int i = 0; i < nfigures; i++)
        whole += look_at_plan(d, &figure[i]);
    printf("D1 statements that read a big table whole: %d of %d%s\n", whole, nfigures,
           whole ? "  MISSED" : "");
    desk_close(d);
    desk_close(owner);
    loop_free(l);
    settings_free(s);
    return 0;
}
