/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One function a check; the table at the end is the order of the report. */
#include "quorum/verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/store/cluster_internal.h"
#include "core/store/dburl.h"
#include "quorum/migrate.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { LISTEN_MS = 3000, CLOCK_WARN_MS = 2000, CLOCK_FAIL_MS = 60000 };
enum { OLD_TRANSACTION_S = 3600, OLD_XMIN = 10000000 };

struct verify {
    struct checks *out;
    const struct verify_options *o;
    bool at_head;     /* set by the schema check: the ones after it need the tables */
    const char *name; /* of the running check */
};

const char *check_state_name(enum check_state s)
{
    static const char *const name[] = {
        [CHECK_OK] = "ok", [CHECK_WARN] = "warn", [CHECK_FAIL] = "FAIL"};
    return name[s];
}

static const char *keep(struct checks *k, const char *text)
{
    struct buf b = {0};
    sanitize(&b, untrusted(text), TEXT_LINE, 0);
    const char *copy = arena_text(&k->arena, buf_text(&b));
    buf_release(&b);
    return copy;
}

void check_add(struct checks *k, enum check_state state, const char *name, const char *cure,
               const char *fmt, ...)
{
    char text[1024];
    va_list args;
    if (k->n == CHECKS_MAX)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    k->row[k->n++] = (struct check){.state = state,
                                    .name = name,
                                    .detail = keep(k, text),
                                    .cure = cure && *cure ? keep(k, cure) : NULL};
}

void check_error(struct checks *k, const char *name, const struct error *e)
{
    check_add(k, CHECK_FAIL, name, e->fix, "%s", e->text);
}

size_t checks_count(const struct checks *k, enum check_state state)
{
    size_t n = 0;
    for (size_t i = 0; i < k->n; i++)
        n += k->row[i].state == state;
    return n;
}

void checks_release(struct checks *k)
{
    arena_release(&k->arena);
    *k = (struct checks){0};
}

static enum err ask(struct verify *v, const struct statement *st, struct rows *r, struct error *e)
{
    return db_query(v->o->db, st, NULL, r, e);
}

#define SAY(state, cure, ...) check_add(v->out, state, v->name, cure, __VA_ARGS__)

/* ---- the server and the login */

static const struct statement server_row = {
    "verify server",
    "SELECT current_setting('server_version'), current_setting('server_version_num')::int,"
    " pg_is_in_recovery()"};

static enum err check_server(struct verify *v, struct error *e)
{
    struct rows r = {0};
    if (ask(v, &server_row, &r, e) == OK) {
        const char *version = rows_text(&r, 0, 0);
        int number = (int)strcspn(version, " "); /* without the packager's words */
        if (rows_int(&r, 0, 1) < CLUSTER_OLDEST_MAJOR * 10000)
            SAY(CHECK_FAIL, "upgrade the server to PostgreSQL 14 or later", "PostgreSQL %.*s",
                number, version);
        else if (rows_bool(&r, 0, 2))
            SAY(CHECK_FAIL, "point DATABASE_URL at the primary",
                "PostgreSQL %.*s is a standby: it can only be read", number, version);
        else
            SAY(CHECK_OK, NULL, "PostgreSQL %.*s, not in recovery", number, version);
    }
    rows_release(&r);
    return e->kind;
}

static const struct statement durability_row = {
    "verify durability", "SELECT current_setting('fsync'), current_setting('full_page_writes'),"
                         " current_setting('synchronous_commit')"};

static enum err check_durability(struct verify *v, struct error *e)
{
    struct rows r = {0};
    if (ask(v, &durability_row, &r, e) == OK) {
        bool safe = true;
        for (size_t i = 0; i < 2; i++)
            safe = safe && strcmp(rows_text(&r, 0, i), "on") == 0;
        safe = safe && strcmp(rows_text(&r, 0, 2), "off") != 0;
        SAY(safe ? CHECK_OK : CHECK_WARN,
            safe ? NULL : "turn fsync, full_page_writes and synchronous_commit on",
            "fsync %s, full_page_writes %s, synchronous_commit %s%s", rows_text(&r, 0, 0),
            rows_text(&r, 0, 1), rows_text(&r, 0, 2),
            safe ? "" : ": a power cut may lose what was recorded");
    }
    rows_release(&r);
    return e->kind;
}

static const struct statement tls_row = {
    "verify tls",
    "SELECT COALESCE((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false),"
    " (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()),"
    " inet_client_addr() IS NULL,"
    " COALESCE(inet_client_addr() <<= '127.0.0.0/8' OR inet_client_addr() = '::1', true)"};

static enum err check_tls(struct verify *v, struct error *e)
{
    struct rows r = {0};
    struct conninfo c = {0};
    struct error unused;
    if (ask(v, &tls_row, &r, e) == OK && conninfo_parse(v->o->conninfo, &c, &unused) == OK) {
        const char *mode = conninfo_get(&c, "sslmode");
        bool verified = mode && strcmp(mode, "verify-full") == 0;
        const char *version = rows_text(&r, 0, 1);
        if (rows_bool(&r, 0, 2))
            SAY(CHECK_OK, NULL, "local socket, TLS not needed");
        else if (rows_bool(&r, 0, 0) && (verified || rows_bool(&r, 0, 3)))
            SAY(CHECK_OK, NULL, "%s, sslmode %s", version ? version : "TLS",
                mode ? mode : "prefer");
        else if (rows_bool(&r, 0, 0))
            SAY(CHECK_WARN, "add sslmode=verify-full and sslrootcert to DATABASE_URL",
                "%s, but the server's certificate is not checked (sslmode %s)",
                version ? version : "TLS", mode ? mode : "prefer");
        else if (rows_bool(&r, 0, 3))
            SAY(CHECK_OK, NULL, "this machine, TLS not needed");
        else
            SAY(CHECK_FAIL, "turn ssl on in the server and add sslmode=verify-full to DATABASE_URL",
                "passwords and data cross the network in clear");
    }
    conninfo_release(&c);
    rows_release(&r);
    return e->kind;
}

static const struct statement role_row = {
    "verify role", "SELECT current_user, rolsuper,"
                   " COALESCE((SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace"
                   "           WHERE nspname = 'quorum'), false),"
                   " COALESCE((SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace"
                   "           WHERE nspname = 'public'), false) "
                   "FROM pg_roles WHERE rolname = current_user"};

static enum err check_role(struct verify *v, struct error *e)
{
    struct rows r = {0};
    if (ask(v, &role_row, &r, e) == OK && r.nrows == 1) {
        const char *role = rows_text(&r, 0, 0);
        if (rows_bool(&r, 0, 1))
            SAY(CHECK_WARN, "use a login of its own: scripts/setup-database.sh makes one",
                "%s is a superuser: no grant restrains it", role);
        else if (rows_bool(&r, 0, 2))
            SAY(CHECK_WARN,
                "give the owner its own login in QUORUM_DATABASE_OWNER_URL "
                "(scripts/setup-database.sh)",
                "%s may change the schema: one login for all, so read-only and append-only rest on "
                "triggers alone",
                role);
        else if (rows_bool(&r, 0, 3))
            SAY(CHECK_WARN, "as the database's owner: REVOKE CREATE ON SCHEMA public FROM PUBLIC",
                "%s may create objects in schema public", role);
        else
            SAY(CHECK_OK, NULL, "%s may not change the schema", role);
    }
    rows_release(&r);
    return e->kind;
}

/* reset_val is what a session begins with; our own sessions set both themselves. */
static const struct statement defaults_row = {
    "verify defaults", "SELECT (SELECT reset_val FROM pg_settings WHERE name = 'search_path'),"
                       " (SELECT reset_val FROM pg_settings WHERE name = 'TimeZone')"};

static enum err check_defaults(struct verify *v, struct error *e)
{
    struct rows r = {0};
    if (ask(v, &defaults_row, &r, e) == OK) {
        const char *path = rows_text(&r, 0, 0), *zone = rows_text(&r, 0, 1);
        bool finds = path && strncmp(path, "quorum", strlen("quorum")) == 0;
        bool utc = zone && (strcmp(zone, "UTC") == 0 || strcmp(zone, "Etc/UTC") == 0);
        SAY(finds && utc ? CHECK_OK : CHECK_WARN,
            finds && utc ? NULL
                         : "`quorum db psql` sets both; `quorum db setup` as owner sets them for "
                           "every client",
            "search_path %s, timezone %s%s", path ? path : "?", zone ? zone : "?",
            finds ? "" : ": other clients do not find the tables without \"quorum.\"");
    }
    rows_release(&r);
    return e->kind;
}

/* ---- the schema */

static enum err check_schema(struct verify *v, struct error *e)
{
    if (migrate_require_head(v->o->db, e)) {
        if (strcmp(e->code, "E42") == 0) /* nothing granted yet, or taken back by db down */
            err_fix(e, "`quorum db up`, then `quorum db setup` for the grants");
        return e->kind;
    }
    v->at_head = true;
    SAY(CHECK_OK, NULL, "version %d, as this program; no migration was edited", migration_count);
    return OK;
}

/* The seed's tables and columns, which other people's SQL relies on, then ours. */
static const struct statement missing_tables = {
    "verify tables",
    "SELECT string_agg(w.rel || CASE WHEN w.col <> '' THEN '.' || w.col ELSE '' END, ', ') "
    "FROM (SELECT split_part(n, '.', 1) AS rel, split_part(n, '.', 2) AS col"
    "      FROM regexp_split_to_table('"
    "agent_interactions.id agent_interactions.agent_name agent_interactions.action"
    " agent_interactions.context agent_interactions.result agent_interactions.tokens_used"
    " agent_interactions.cost_usd agent_interactions.latency_ms agent_interactions.created_at"
    " agent_prompts.id agent_prompts.agent_name agent_prompts.prompt_name agent_prompts.version"
    " agent_prompts.content agent_prompts.performance_score agent_prompts.created_at"
    " trade_outcomes.id trade_outcomes.symbol trade_outcomes.decision trade_outcomes.entry_price"
    " trade_outcomes.exit_price trade_outcomes.pnl_dollars trade_outcomes.pnl_pct"
    " trade_outcomes.exit_reason trade_outcomes.created_at"
    " strategy_adjustments.id strategy_adjustments.parameter_name strategy_adjustments.old_value"
    " strategy_adjustments.new_value strategy_adjustments.confidence_score"
    " strategy_adjustments.status strategy_adjustments.reasoning strategy_adjustments.created_at"
    " agent_daily_metrics.id agent_daily_metrics.agent_name agent_daily_metrics.date"
    " agent_daily_metrics.total_calls agent_daily_metrics.total_cost_usd"
    " agent_daily_metrics.avg_latency_ms"
    " trade_metadata.id trade_metadata.trade_outcome_id trade_metadata.market_regime"
    " trade_metadata.sentiment_score trade_metadata.news_catalyst trade_metadata.created_at"
    " desk desk_setting operator_actions evaluations dossiers agent_payloads agent_hourly votes"
    " accounts positions orders fills ledger equity_marks parameter_versions', '\\s+') AS n) w "
    "WHERE NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace"
    "  WHERE s.nspname = 'quorum' AND c.relname = w.rel AND c.relkind IN ('r', 'p')"
    "  AND (w.col = '' OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid"
    "                             AND a.attname = w.col AND NOT a.attisdropped)))"};

static enum err check_tables(struct verify *v, struct error *e)
{
    struct rows r = {0};
    if (ask(v, &missing_tables, &r, e) == OK) {
        const char *missing = rows_text(&r, 0, 0);
        if (missing)
            SAY(CHECK_FAIL, "restore a backup, or rebuild: quorum db down 0, then quorum db up",
                "missing: %s", missing);
        else
            SAY(CHECK_OK, NULL, "all there, with every column other programs may read");
    }
    rows_release(&r);
    return e->kind;
}

/* By the list that `db setup` grants by. */
static const struct statement rights = {
    "verify privileges", "SELECT string_agg(act || ' ' || object, ', ') FILTER (WHERE lacking),"
                         " string_agg(act || ' ' || object, ', ') FILTER (WHERE NOT lacking)"
                         " FROM quorum.app_rights_wrong(current_user)"};

static enum err check_privileges(struct verify *v, struct error *e)
{
    static const char cure[] =
        "`quorum db setup` with QUORUM_DATABASE_OWNER_URL grants what is needed, no more";
    struct rows r = {0};
    if (ask(v, &rights, &r, e) == OK) {
        const char *lacking = rows_text(&r, 0, 0), *beyond = rows_text(&r, 0, 1);
        if (lacking)
            SAY(CHECK_FAIL, cure, "this login lacks: %s", lacking);
        if (beyond)
            SAY(CHECK_FAIL, cure, "this login could go past the program: %s", beyond);
        if (!lacking && !beyond)
            SAY(CHECK_OK, NULL, "all that is needed, and no more");
    }
    rows_release(&r);
    return e->kind;
}

/* The inner block is a subtransaction that its own error takes back; accounts has no sequence that
 * would show a gap. */
static const struct statement write_and_undo = {
    "verify write", "DO $$ BEGIN"
                    "  INSERT INTO quorum.accounts (id, name) VALUES (-713, 'quorum db verify');"
                    "  RAISE EXCEPTION 'taken back' USING ERRCODE = 'QV001';"
                    " EXCEPTION WHEN SQLSTATE 'QV001' THEN NULL; END $$"};

static enum err check_write(struct verify *v, struct error *e)
{
    if (ask(v, &write_and_undo, NULL, e) == OK)
        SAY(CHECK_OK, NULL, "a row was written and taken back");
    return e->kind;
}

static const struct statement ledger_row = {
    "verify ledger",
    "SELECT count(*), count(*) FILTER (WHERE total <> 0) FROM (SELECT sum(amount_usd) AS total"
    " FROM quorum.ledger GROUP BY transaction_id) t"};

static enum err check_ledger(struct verify *v, struct error *e)
{
    struct rows r = {0};
    if (ask(v, &ledger_row, &r, e) == OK) {
        int64_t all = rows_int(&r, 0, 0), bad = rows_int(&r, 0, 1);
        if (bad)
            SAY(CHECK_FAIL,
                "somebody went past the program; find them: SELECT transaction_id, "
                "sum(amount_usd) FROM ledger GROUP BY 1 HAVING sum(amount_usd) <> 0",
                "%" PRId64 " of %" PRId64 " transactions do not sum to zero", bad, all);
        else
            SAY(CHECK_OK, NULL, "%" PRId64 " transactions, each sums to zero", all);
    }
    rows_release(&r);
    return e->kind;
}

static const struct statement proof_row = {"verify proof",
                                           "SELECT count(*), min(what) FROM quorum.ledger_proof()"};

static enum err check_proof(struct verify *v, struct error *e)
{
    struct rows r = {0};
    if (ask(v, &proof_row, &r, e) == OK) {
        int64_t bad = rows_int(&r, 0, 0);
        if (bad)
            SAY(CHECK_FAIL, "quorum audit verify shows each", "%" PRId64 " differences, first: %s",
                bad, rows_text(&r, 0, 1));
        else
            SAY(CHECK_OK, NULL, "cash, positions and equity agree to the micro-dollar");
    }
    rows_release(&r);
    return e->kind;
}

static const struct statement budget_rows = {
    "verify budget", "SELECT (SELECT count(*) FROM quorum.budget_day), count(*), min(day)::text"
                     " FROM quorum.budget_mismatch()"};

static enum err check_budget(struct verify *v, struct error *e)
{
    struct rows r = {0};
    if (ask(v, &budget_rows, &r, e) == OK) {
        int64_t days = rows_int(&r, 0, 0), bad = rows_int(&r, 0, 1);
        if (bad)
            SAY(CHECK_FAIL, "somebody went past the program; see SELECT * FROM budget_mismatch()",
                "on %" PRId64 " of %" PRId64 " days, the first %s, ledger, reservations and "
                "interactions differ",
                bad, days, rows_text(&r, 0, 2));
        else
            SAY(CHECK_OK, NULL,
                "%" PRId64 " days, each the sum of its reservations and of its interactions", days);
    }
    rows_release(&r);
    return e->kind;
}

/* Yesterday in desk time: finished, so nothing moves under the comparison. */
static const struct statement rollup_row = {
    "verify rollup",
    "WITH y AS (SELECT (quorum.desk_now() AT TIME ZONE 'UTC')::date - 1 AS day),"
    " raw AS (SELECT agent_name, count(*) AS calls, COALESCE(sum(cost_usd), 0) AS cost"
    "  FROM y, quorum.agent_interactions"
    "  WHERE created_at >= day::timestamp AT TIME ZONE 'UTC'"
    "   AND created_at < (day + 1)::timestamp AT TIME ZONE 'UTC'"
    "   AND status IN ('DONE', 'FAILED', 'PRESUMED') GROUP BY 1),"
    " rolled AS (SELECT agent_name, total_calls AS calls, total_cost_usd AS cost"
    "  FROM y JOIN quorum.agent_daily_metrics ON date = day) "
    "SELECT (SELECT day FROM y), COALESCE((SELECT sum(calls) FROM raw), 0),"
    " (SELECT string_agg(agent_name, ', ' ORDER BY agent_name) FROM raw FULL JOIN rolled"
    "  USING (agent_name) WHERE raw.calls IS DISTINCT FROM rolled.calls"
    "   OR raw.cost IS DISTINCT FROM rolled.cost)"};

static enum err check_rollup(struct verify *v, struct error *e)
{
    struct rows r = {0};
    if (ask(v, &rollup_row, &r, e) == OK) {
        const char *differ = rows_text(&r, 0, 2);
        if (differ)
            SAY(CHECK_WARN, "trust agent_interactions; agent_daily_metrics can be made from it",
                "%s: daily metrics differ from the interactions of %s", rows_text(&r, 0, 0),
                differ);
        else
            SAY(CHECK_OK, NULL, "daily metrics of %s are the sum of %" PRId64 " interactions",
                rows_text(&r, 0, 0), rows_int(&r, 0, 1));
    }
    rows_release(&r);
    return e->kind;
}

static const struct statement partition_row = {
    "verify partitions",
    "SELECT string_agg(n, ', ') FROM unnest(ARRAY['dossiers', 'agent_payloads']) p,"
    " generate_series(0, 2) i, LATERAL (SELECT p || to_char((date_trunc('month',"
    "  quorum.desk_now() AT TIME ZONE 'UTC') + make_interval(months => i)), '_YYYY_MM') AS n) x "
    "WHERE to_regclass('quorum.' || n) IS NULL"};

static enum err check_partitions(struct verify *v, struct error *e)
{
    struct rows r = {0};
    if (ask(v, &partition_row, &r, e) == OK) {
        const char *missing = rows_text(&r, 0, 0);
        if (missing)
            SAY(CHECK_WARN, "the next evaluation makes them, `quorum db setup` too", "missing: %s",
                missing);
        else
            SAY(CHECK_OK, NULL, "this month and the next two are there");
    }
    rows_release(&r);
    return e->kind;
}

/* ---- LISTEN, clock, size */

static const struct statement listen = {"verify listen", "LISTEN quorum_verify"};
static const struct statement notify = {"verify notify", "SELECT pg_notify('quorum_verify', $1)"};

struct heard {
    const char *token;
    bool came;
};

static void on_notify(void *arg, const char *channel, const char *payload)
{
    struct heard *h = arg;
    if (strcmp(channel, "quorum_verify") == 0 && strcmp(payload, h->token) == 0)
        h->came = true;
}

static bool came(void *arg)
{
    return ((struct heard *)arg)->came;
}

/* A pooler in transaction mode accepts LISTEN on a connection it gives to somebody else next. */
static enum err check_listen(struct verify *v, struct error *e)
{
    char token[40];
    int64_t start = time_monotonic_us();
    snprintf(token, sizeof token, "%ld.%" PRId64, (long)getpid(), start);
    struct heard h = {.token = token};
    struct db_options o = {.conninfo = v->o->conninfo,
                           .application = "quorum-verify",
                           .notified = on_notify,
                           .arg = &h};
    struct db *ear = db_new(v->o->loop, &o);
    if (db_open(ear, LISTEN_MS, e) == OK && db_query(ear, &listen, NULL, NULL, e) == OK) {
        struct params p = {0};
        params_text(&p, token);
        start = time_monotonic_us();
        if (db_query(v->o->db, &notify, &p, NULL, e) == OK) {
            if (loop_run_until(v->o->loop, came, &h, LISTEN_MS))
                SAY(CHECK_OK, NULL, "NOTIFY arrived after %.1f ms",
                    (double)(time_monotonic_us() - start) / 1e3);
            else
                SAY(CHECK_WARN,
                    "a pooler in transaction mode? connect to the server itself, or live with it",
                    "NOTIFY did not arrive within %d s: everything is polled", LISTEN_MS / 1000);
        }
    }
    db_free(ear);
    return e->kind;
}

static const struct statement clock_row = {
    "verify clock", "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"};

static enum err check_clock(struct verify *v, struct error *e)
{
    struct rows r = {0};
    int64_t before = time_machine_now();
    if (ask(v, &clock_row, &r, e) == OK) {
        int64_t after = time_machine_now();
        int64_t halfway = before + (after - before) / 2;
        double ms = (double)(rows_int(&r, 0, 0) - halfway) / 1e3;
        double size = ms < 0 ? -ms : ms;
        enum check_state s = size > CLOCK_FAIL_MS   ? CHECK_FAIL
                             : size > CLOCK_WARN_MS ? CHECK_WARN
                                                    : CHECK_OK;
        SAY(s, s == CHECK_OK ? NULL : "run NTP on both machines",
            "the server's clock is %.*f ms %s this machine's", size < 10 ? 1 : 0, size,
            ms < 0 ? "behind" : "ahead of");
    }
    rows_release(&r);
    return e->kind;
}

static const struct statement size_row = {
    "verify size", "SELECT pg_size_pretty(pg_database_size(current_database()))"};

static enum err check_size(struct verify *v, struct error *e)
{
    struct rows r = {0};
    if (ask(v, &size_row, &r, e) == OK)
        SAY(CHECK_OK, NULL, "%s", rows_text(&r, 0, 0));
    rows_release(&r);
    return e->kind;
}

static const struct statement oldest_row = {
    "verify oldest",
    "SELECT COALESCE(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::bigint,"
    " GREATEST(COALESCE(max(age(backend_xmin)), 0),"
    "  COALESCE((SELECT max(age(transaction)) FROM pg_prepared_xacts), 0),"
    "  COALESCE((SELECT max(age(xmin)) FROM pg_replication_slots), 0)),"
    " (SELECT pid FROM pg_stat_activity WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid()"
    "  AND backend_type = 'client backend' ORDER BY xact_start LIMIT 1) "
    "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"};

static enum err check_oldest(struct verify *v, struct error *e)
{
    struct rows r = {0};
    if (ask(v, &oldest_row, &r, e) == OK) {
        int64_t seconds = rows_int(&r, 0, 0), age = rows_int(&r, 0, 1);
        if (seconds > OLD_TRANSACTION_S)
            SAY(CHECK_WARN, "end it: SELECT pg_terminate_backend(pid)",
                "a transaction of process %" PRId64 " is open since %.1f h: dead rows stay",
                rows_int(&r, 0, 2), (double)seconds / 3600);
        else if (age > OLD_XMIN)
            SAY(CHECK_WARN, "look at pg_prepared_xacts and pg_replication_slots",
                "something holds back vacuum by %" PRId64 " transactions", age);
        else
            SAY(CHECK_OK, NULL, "none holds back vacuum");
    }
    rows_release(&r);
    return e->kind;
}

static const struct {
    const char *name;
    enum err (*run)(struct verify *v, struct error *e);
    bool needs_schema;
} table[] = {
    {"server", check_server, false},     {"durability", check_durability, false},
    {"tls", check_tls, false},           {"role", check_role, false},
    {"defaults", check_defaults, false}, {"schema", check_schema, false},
    {"tables", check_tables, true},      {"privileges", check_privileges, true},
    {"write", check_write, true},        {"ledger", check_ledger, true},
    {"proof", check_proof, true},        {"budget", check_budget, true},
    {"rollup", check_rollup, true},      {"partitions", check_partitions, true},
    {"notify", check_listen, false},     {"clock", check_clock, false},
    {"size", check_size, false},         {"transactions", check_oldest, false},
};

void verify_database(struct checks *k, const struct verify_options *o)
{
    struct verify v = {.out = k, .o = o};
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct error e = {0};
        v.name = table[i].name;
        if (table[i].needs_schema && !v.at_head)
            continue;
        if (table[i].run(&v, &e) == OK)
            continue;
        check_error(k, v.name, &e);
        /* One line says that the server is gone; fifteen say it no better. */
        if (db_state(o->db) != DB_READY || loop_interrupted(o->loop))
            return;
    }
}

/* ---- programs */

static bool find_in_path(const char *program, char *dst, size_t size)
{
    for (const char *path = getenv("PATH"); path && *path;) {
        size_t n = strcspn(path, ":");
        int len = snprintf(dst, size, "%.*s/%s", (int)n, path, program);
        if (n && len > 0 && (size_t)len < size && access(dst, X_OK) == 0)
            return true;
        path += n + (path[n] == ':');
    }
    return false;
}

void verify_programs(struct checks *k, const char *bindir)
{
    char dir[CLUSTER_PATH], psql[CLUSTER_PATH + 16];
    struct error e = {0};
    bool server = cluster_find_bindir("", bindir, 0, true, dir, &e) == OK;
    if (server)
        check_add(k, CHECK_OK, "postgres", NULL, "%s", dir);
    else /* only a private desk needs one */
        check_add(k, CHECK_WARN, "postgres", e.fix, "%s", e.text);
    if (server)
        snprintf(psql, sizeof psql, "%s/psql", dir);
    if ((server && access(psql, X_OK) == 0) || find_in_path("psql", psql, sizeof psql))
        check_add(k, CHECK_OK, "psql", NULL, "%s", psql);
    else
        check_add(k, CHECK_WARN, "psql", "apt install postgresql-client",
                  "not found: `quorum db psql` needs it");
}
