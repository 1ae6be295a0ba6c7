/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening desks, their settings, their audit, and the tables everybody may query. */
#include <errno.h>
#include <libpq-fe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "quorum/buf.h"
#include "store/desk_rig.h"

static int64_t desk_settings(void)
{
    int64_t n = 0;
    for (int i = 0; i < SETTING_COUNT; i++)
        n += setting_row((enum setting_id)i)->scope == SCOPE_DESK;
    return n;
}

/* ---- opening ---- */

static void a_new_desk_has_its_capital_its_account_and_every_setting(void **state)
{
    struct rig *r = *state;
    struct error e;
    char where[320];
    bool recorded;
    assert_string_equal(rig_text(r, "SELECT name || ' ' || kind || ' ' || clock FROM desk"),
                        "demo demo real");
    assert_int_equal(rig_int(r, "SELECT count(*) FROM accounts"), 1);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM ledger"), 2);
    assert_string_equal(rig_text(r, "SELECT sum(amount_usd) FILTER (WHERE book = 'cash')::text"
                                    " || ' ' || sum(amount_usd) FROM ledger"),
                        "100000.000000 0.000000");
    assert_int_equal(rig_int(r, "SELECT count(*) FROM desk_setting"), desk_settings());
    assert_int_equal(rig_int(r, "SELECT count(DISTINCT name) FROM desk_setting"), desk_settings());
    assert_string_equal(desk_text(r->desk, SETTING_MIN_AGREEMENT), "2");
    assert_int_equal(desk_decimal(r->desk, SETTING_PORTFOLIO, 2), 10000000);
    assert_int_equal(desk_recorded(r->settings, DESK_DEMO, &recorded, where, sizeof where, &e), OK);
    assert_true(recorded);
    assert_string_equal(where, "private cluster, database quorum_demo");
    /* Opened again it stays as it is. */
    rig_reopen(r, buying_agents);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM ledger"), 2);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM desk_setting"), desk_settings());
}

struct opener {
    int barrier, number;
};

static int open_desk(void *arg)
{
    struct opener *o = arg;
    struct settings *s;
    struct loop *l;
    char byte, money[16];
    while (read(o->barrier, &byte, 1) < 0 && errno == EINTR)
        ;
    snprintf(money, sizeof money, "%d", 1000 * (o->number + 1));
    setenv("QUORUM_PORTFOLIO", money, 1);
    struct desk *d = rig_desk(&s, &l, buying_agents);
    /* Whoever was first decided: all have what stands in the ledger. */
    int64_t cash = desk_decimal(d, SETTING_PORTFOLIO, 0) / 1000;
    rig_desk_close(d, s, l);
    return (int)cash;
}

static void many_that_open_an_empty_desk_at_once_make_one(void **state)
{
    enum { MANY = 4 };
    struct rig *r = *state;
    struct opener o[MANY];
    pid_t pid[MANY];
    int gate[2], first = 0;
    assert_int_equal(pipe(gate), 0);
    for (int i = 0; i < MANY; i++) {
        o[i] = (struct opener){.barrier = gate[0], .number = i};
        pid[i] = rig_fork(open_desk, &o[i]);
    }
    assert_int_equal(write(gate[1], "xxxx", MANY), MANY);
    for (int i = 0; i < MANY; i++) {
        int thousands = rig_wait(pid[i]);
        assert_in_range(thousands, 1, MANY);
        first = first ? first : thousands;
        assert_int_equal(thousands, first);
    }
    close(gate[0]);
    close(gate[1]);
    rig_enter(r);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM desk"), 1);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM accounts"), 1);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM ledger"), 2);
    assert_int_equal(rig_int(r, "SELECT sum(amount_usd) FROM ledger WHERE book = 'cash'"),
                     1000 * first);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM desk_setting"), desk_settings());
}

static void demo_and_paper_never_share_a_database(void **state)
{
    struct rig *r = *state;
    struct settings *s = NULL;
    struct desk *d = NULL;
    struct error e = {0};
    char url[1024];
    cluster_conninfo(r->f->cluster, url, sizeof url, "quorum_app", "quorum_demo");
    setenv("DATABASE_URL", url, 1);
    /* A setting this version added is still missing: refusing must not seed it either. */
    rig_run(r, "DELETE FROM desk_setting WHERE name = 'QUORUM_VOTERS'");
    int64_t before = rig_int(r, "SELECT count(*) FROM desk_setting");
    assert_int_equal(settings_load(&s, &e), OK);
    struct desk_options o = {
        .settings = s, .loop = r->loop, .agents = buying_agents, .name = "paper"};
    assert_int_equal(desk_open(&o, &d, &e), ERR_USAGE);
    assert_string_equal(e.text, "this database holds the demo desk, not the paper desk");
    assert_non_null(strstr(e.fix, "DATABASE_URL"));
    desk_close(d);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM desk_setting"), before);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM desk"), 1);
    bool recorded = true;
    assert_int_equal(desk_recorded(s, DESK_PAPER, &recorded, NULL, 0, &e), OK);
    assert_false(recorded);
    settings_free(s);
    /* The demo desk itself is opened and gets what it lacks. */
    rig_reopen(r, buying_agents);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM desk_setting"), before + 1);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM ledger"), 2);
}

/* A database the user named is theirs to migrate: it is said, not done. */
static void a_named_database_without_tables_is_refused_with_the_command(void **state)
{
    struct rig *r = *state;
    struct settings *s = NULL;
    struct desk *d = NULL;
    struct error e = {0};
    setenv("DATABASE_URL", fixture_conninfo(r->f, "quorum_owner"), 1);
    assert_int_equal(settings_load(&s, &e), OK);
    struct loop *l = loop_new();
    struct desk_options o = {.settings = s, .loop = l, .agents = buying_agents, .name = "paper"};
    assert_int_equal(desk_open(&o, &d, &e), ERR_POLICY);
    assert_string_equal(e.code, "E41");
    char line[800];
    snprintf(line, sizeof line, "%s %s", e.text, e.fix);
    assert_non_null(strstr(line, "quorum db up"));
    desk_close(d);
    settings_free(s);
    loop_free(l);
    assert_int_equal(fixture_int(r->f, "SELECT count(*) FROM pg_class WHERE relname = 'desk'"), 0);
    unsetenv("DATABASE_URL");
}

static enum err open_paper(bool only_looks, struct error *e)
{
    struct settings *s = NULL;
    struct desk *d = NULL;
    struct loop *l = loop_new();
    *e = (struct error){0};
    assert_int_equal(settings_load(&s, e), OK);
    struct desk_options o = {.settings = s,
                             .loop = l,
                             .agents = buying_agents,
                             .name = "paper",
                             .only_looks = only_looks};
    enum err result = desk_open(&o, &d, e);
    desk_close(d);
    settings_free(s);
    loop_free(l);
    return result;
}

static bool paper_is_recorded(void)
{
    struct settings *s = NULL;
    struct error e = {0};
    bool recorded = false;
    assert_int_equal(settings_load(&s, &e), OK);
    assert_int_equal(desk_recorded(s, DESK_PAPER, &recorded, NULL, 0, &e), OK);
    settings_free(s);
    return recorded;
}

static void forget_paper(void)
{
    struct settings *s = NULL;
    struct error e = {0};
    assert_int_equal(settings_load(&s, &e), OK);
    assert_int_equal(desk_forget(s, DESK_PAPER, &e), OK);
    settings_free(s);
}

static void a_desk_never_moves_to_another_database_unasked(void **state)
{
    struct error e;
    (void)state;
    assert_int_equal(open_paper(true, &e), OK);
    assert_true(paper_is_recorded()); /* it had to be made */
    forget_paper();
    assert_int_equal(open_paper(true, &e), OK);
    assert_false(paper_is_recorded()); /* looking decides nothing */
    assert_int_equal(open_paper(false, &e), OK);
    assert_true(paper_is_recorded());
    setenv("DATABASE_URL", "postgresql://me:topsecret77@127.0.0.1:1/base", 1);
    assert_int_equal(open_paper(false, &e), ERR_POLICY);
    assert_non_null(strstr(e.text, "private cluster, database quorum_paper"));
    assert_non_null(strstr(e.text, "me@127.0.0.1:1/base"));
    assert_null(strstr(e.text, "topsecret77"));
    assert_string_equal(e.fix, "unset DATABASE_URL, or use the second from now on: "
                               "quorum desk forget paper");
    forget_paper(); /* settings take DATABASE_URL out of the environment */
    setenv("DATABASE_URL", "postgresql://me:topsecret77@127.0.0.1:1/base", 1);
    assert_int_equal(open_paper(false, &e), ERR_TRANSIENT); /* nobody listens there */
    unsetenv("DATABASE_URL");
}

/* ---- which desk ---- */

static void expect_choice(const char *name, enum desk_kind want, const char *why_part)
{
    struct settings *s = NULL;
    struct error e = {0};
    enum desk_kind kind;
    const char *why = NULL;
    assert_int_equal(settings_load(&s, &e), OK);
    if (desk_choose(s, name, &kind, &why, &e))
        fail_msg("%s", e.text);
    assert_int_equal(kind, want);
    if (!strstr(why, why_part))
        fail_msg("\"%s\" does not say \"%s\"", why, why_part);
    settings_free(s);
}

static void the_desk_a_command_means_follows_the_rule(void **state)
{
    struct rig *r = *state;
    struct settings *s = NULL;
    struct error e = {0};
    enum desk_kind kind;
    (void)r;
    expect_choice(NULL, DESK_DEMO, "no FMP_API_KEY");
    expect_choice("paper", DESK_PAPER, "--desk");
    setenv("ANTHROPIC_API_KEY", "sk-ant-12345678", 1);
    expect_choice(NULL, DESK_DEMO, "FMP_API_KEY is missing");
    setenv("FMP_API_KEY", "abcdef123", 1);
    expect_choice(NULL, DESK_PAPER, "FMP_API_KEY is set");
    setenv("FMP_API_KEY", "abcdef123", 1);
    setenv("QUORUM_DESK", "demo", 1);
    expect_choice(NULL, DESK_DEMO, "QUORUM_DESK");
    setenv("FMP_API_KEY", "abcdef123", 1);
    expect_choice("paper", DESK_PAPER, "--desk");
    unsetenv("QUORUM_DESK");
    unsetenv("FMP_API_KEY");
    assert_int_equal(settings_load(&s, &e), OK);
    assert_int_equal(desk_choose(s, "papre", &kind, NULL, &e), ERR_USAGE);
    assert_non_null(strstr(e.text, "papre"));
    settings_free(s);
}

/* ---- settings ---- */

static void a_changed_environment_changes_nothing_until_it_is_adopted(void **state)
{
    struct rig *r = *state;
    struct error e;
    struct audit_state a;
    setenv("MULTI_AGENT_MIN_AGREEMENT", "3", 1);
    setenv("MULTI_AGENT_DAILY_LLM_BUDGET", "1.5", 1);
    rig_reopen(r, buying_agents);
    assert_string_equal(settings_text(r->settings, SETTING_MIN_AGREEMENT), "3");
    assert_string_equal(desk_text(r->desk, SETTING_MIN_AGREEMENT), "2");
    assert_int_equal(desk_adopt(r->desk, SETTING_MIN_AGREEMENT, &e), OK);
    rig_reopen(r, buying_agents);
    assert_string_equal(desk_text(r->desk, SETTING_MIN_AGREEMENT), "3");
    assert_string_equal(desk_text(r->desk, SETTING_DAILY_BUDGET), "5.00");
    assert_string_equal(r->desk->in_force[SETTING_MIN_AGREEMENT].origin, "environment");
    assert_string_equal(r->desk->in_force[SETTING_MIN_AGREEMENT].set_by, operator_name());
    /* Both versions stay, and the change is in the audit with what it was before. */
    assert_string_equal(rig_text(r, "SELECT string_agg(value, ' ' ORDER BY id) FROM desk_setting"
                                    " WHERE name = 'MULTI_AGENT_MIN_AGREEMENT'"),
                        "2 3");
    assert_string_equal(rig_text(r, "SELECT concat_ws('|', verb, object, before, after)"
                                    " FROM operator_actions"),
                        "settings adopt|MULTI_AGENT_MIN_AGREEMENT|2|3");
    assert_int_equal(audit_check(r->desk, &a, &e), OK);
    assert_int_equal(a.bad_id, 0);
    assert_int_equal(a.rows, 1);
    unsetenv("MULTI_AGENT_MIN_AGREEMENT");
    unsetenv("MULTI_AGENT_DAILY_LLM_BUDGET");
}

static void a_setting_the_database_holds_wrongly_stops_the_desk(void **state)
{
    struct rig *r = *state;
    struct desk *d = NULL;
    struct error e = {0};
    rig_run(r, "INSERT INTO desk_setting (name, value, origin, set_by)"
               " VALUES ('MULTI_AGENT_MIN_AGREEMENT', '99', 'x', 'x'),"
               "        ('QUORUM_OF_ANOTHER_VERSION', 'x', 'x', 'x')");
    struct desk_options o = {
        .settings = r->settings, .loop = r->loop, .agents = buying_agents, .name = "demo"};
    assert_int_equal(desk_open(&o, &d, &e), ERR_USAGE);
    assert_non_null(strstr(e.text, "MULTI_AGENT_MIN_AGREEMENT=99"));
    assert_non_null(strstr(e.text, "the desk's database"));
    desk_close(d);
}

/* ---- audit ---- */

static void add_actions(struct rig *r)
{
    static const char *const objects[] = {"first", "second", "third", "fourth"};
    struct error e;
    for (size_t i = 0; i < ARRAY_LEN(objects); i++)
        if (audit_record(r->desk, "test", objects[i], "why", "before", "after", &e))
            fail_msg("%s", e.text);
}

static struct audit_state checked(struct rig *r)
{
    struct audit_state a;
    struct error e;
    if (audit_check(r->desk, &a, &e))
        fail_msg("%s", e.text);
    return a;
}

static void a_changed_action_is_found_and_named(void **state)
{
    static const char *const changes[] = {
        "SET reason = 'another'",
        "SET operator = 'nobody'",
        "SET before = 'beforea', after = 'fter'", /* the same letters, moved over the border */
        "SET at = at + interval '1 microsecond'",
        "SET db_role = 'root'",
        "SET object = ''",
        "SET hash = repeat('0', 64)",
        "SET prev_hash = repeat('0', 64)",
    };
    struct rig *r = *state;
    add_actions(r);
    struct audit_state whole = checked(r);
    assert_int_equal(whole.rows, 4);
    assert_int_equal(whole.bad_id, 0);
    assert_int_equal(strlen(whole.head), 64);
    rig_run(r, "CREATE TABLE kept AS TABLE operator_actions");
    rig_run(r, "ALTER TABLE operator_actions DISABLE TRIGGER USER");
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        char sql[200];
        snprintf(sql, sizeof sql, "UPDATE operator_actions %s WHERE id = 2", changes[i]);
        rig_run(r, sql);
        struct audit_state a = checked(r);
        if (a.bad_id != 2 || !*a.problem)
            fail_msg("%s: bad row %lld, \"%s\"", changes[i], (long long)a.bad_id, a.problem);
        rig_run(r, "DELETE FROM operator_actions; INSERT INTO operator_actions TABLE kept");
        assert_int_equal(checked(r).bad_id, 0);
        assert_string_equal(checked(r).head, whole.head);
    }
}

static void a_deleted_action_leaves_a_hole_that_is_named(void **state)
{
    struct rig *r = *state;
    add_actions(r);
    rig_run(r, "ALTER TABLE operator_actions DISABLE TRIGGER USER");
    rig_run(r, "DELETE FROM operator_actions WHERE id = 3");
    struct audit_state a = checked(r);
    assert_int_equal(a.bad_id, 4);
    assert_string_equal(a.problem, "rows before it are missing");
    rig_run(r, "DELETE FROM operator_actions WHERE id = 1");
    a = checked(r);
    assert_int_equal(a.bad_id, 2);
    /* Renumbered to look whole, the chain still does not fit. */
    rig_run(r, "UPDATE operator_actions SET id = CASE id WHEN 2 THEN 1 ELSE 2 END");
    a = checked(r);
    assert_int_equal(a.rows, 2);
    assert_int_equal(a.bad_id, 1);
}

static void the_application_cannot_change_its_own_audit(void **state)
{
    static const char *const tries[] = {
        "UPDATE operator_actions SET reason = 'x'",
        "DELETE FROM operator_actions",
        "TRUNCATE operator_actions",
        "INSERT INTO operator_actions TABLE operator_actions",
        "ALTER TABLE operator_actions DISABLE TRIGGER ALL",
        "UPDATE ledger SET amount_usd = 1000000",
        "DELETE FROM ledger",
        "UPDATE desk_setting SET value = '1'",
    };
    struct rig *r = *state;
    add_actions(r);
    for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
        const struct statement st = {.name = "try", .sql = tries[i]};
        struct params p = {0};
        struct error e = {0};
        enum err rc = db_query(r->desk->db, &st, &p, NULL, &e);
        if (rc != ERR_POLICY)
            fail_msg("%s: %d %s", tries[i], (int)rc, e.text);
    }
    /* Nor the owner by accident: the trigger refuses. */
    const struct statement st = {.name = "try", .sql = tries[0]};
    struct params p = {0};
    struct error e = {0};
    assert_int_not_equal(db_query(r->super, &st, &p, NULL, &e), OK);
    assert_non_null(strstr(e.text, "append-only"));
    assert_int_equal(checked(r).bad_id, 0);
    assert_int_equal(checked(r).rows, 4);
}

/* ---- the tables of the first document ---- */

static const struct {
    const char *table;
    const char *column[12];
} promised[] = {
    {"agent_interactions",
     {"id", "agent_name", "action", "context", "result", "tokens_used", "cost_usd", "latency_ms",
      "created_at"}},
    {"agent_prompts",
     {"id", "agent_name", "prompt_name", "version", "content", "performance_score", "created_at"}},
    {"trade_outcomes",
     {"id", "symbol", "decision", "entry_price", "exit_price", "pnl_dollars", "pnl_pct",
      "exit_reason", "created_at"}},
    {"strategy_adjustments",
     {"id", "parameter_name", "old_value", "new_value", "confidence_score", "status", "reasoning",
      "created_at"}},
    {"agent_daily_metrics",
     {"id", "agent_name", "date", "total_calls", "total_cost_usd", "avg_latency_ms"}},
    {"trade_metadata",
     {"id", "trade_outcome_id", "market_regime", "sentiment_score", "news_catalyst", "created_at"}},
};

/* To the letter, as people have them in their notes. */
static const char costs_by_agent[] = "-- Daily costs by agent\n"
                                     "SELECT\n"
                                     "    agent_name,\n"
                                     "    COUNT(*) as total_calls,\n"
                                     "    AVG(cost_usd) as avg_cost,\n"
                                     "    SUM(cost_usd) as total_cost,\n"
                                     "    AVG(tokens_used) as avg_tokens\n"
                                     "FROM agent_interactions\n"
                                     "WHERE created_at >= NOW() - INTERVAL '7 days'\n"
                                     "GROUP BY agent_name\n"
                                     "ORDER BY total_cost DESC;\n";
static const char outcomes[] = "-- Trade outcomes\n"
                               "SELECT\n"
                               "    symbol,\n"
                               "    decision,\n"
                               "    pnl_pct,\n"
                               "    exit_reason,\n"
                               "    created_at\n"
                               "FROM trade_outcomes\n"
                               "ORDER BY created_at DESC\n"
                               "LIMIT 20;\n";
static const char adjustments[] = "-- Strategy adjustments\n"
                                  "SELECT\n"
                                  "    parameter_name,\n"
                                  "    old_value,\n"
                                  "    new_value,\n"
                                  "    confidence_score,\n"
                                  "    status,\n"
                                  "    reasoning\n"
                                  "FROM strategy_adjustments\n"
                                  "ORDER BY created_at DESC\n"
                                  "LIMIT 10;\n";
static const char spending[] =
    "SELECT SUM(cost_usd) FROM agent_interactions WHERE created_at >= CURRENT_DATE";

static void the_promised_tables_have_their_columns(void **state)
{
    struct rig *r = *state;
    for (size_t t = 0; t < ARRAY_LEN(promised); t++) {
        for (const char *const *c = promised[t].column; *c; c++) {
            char sql[300];
            snprintf(sql, sizeof sql,
                     "SELECT count(*) FROM information_schema.columns WHERE table_name = '%s'"
                     " AND column_name = '%s' AND table_schema = 'quorum'",
                     promised[t].table, *c);
            if (rig_int(r, sql) != 1)
                fail_msg("%s has no %s", promised[t].table, *c);
        }
    }
}

/* A row in each, so that every query answers with something. */
static void fill(struct rig *r)
{
    struct evaluation_request request = rig_example();
    struct error e;
    int64_t id;
    if (rig_evaluate(r->desk, &request, &id, &e))
        fail_msg("%s", e.text);
    rig_run(r, "INSERT INTO trade_outcomes (symbol, decision, entry_price, exit_price, pnl_dollars,"
               " pnl_pct, exit_reason, quantity, opened_at, closed_at) VALUES ('AAPL', 'BUY',"
               " 175.5, 190.43, 418.04, 8.5, 'take_profit', 28, now(), now())");
    rig_run(r, "INSERT INTO strategy_adjustments (parameter_name, old_value, new_value,"
               " confidence_score, reasoning) VALUES ('stop_mult', 1.5, 1.75, 70, 'x')");
}

static void the_monitoring_queries_run_unchanged_in_any_client(void **state)
{
    static const struct {
        const char *sql;
        int columns;
        const char *first;
        bool has_rows;
    } queries[] = {
        {costs_by_agent, 5, "agent_name", true},
        {outcomes, 5, "symbol", true},
        {adjustments, 6, "parameter_name", true},
        {spending, 1, "sum", true},
    };
    static const char *const roles[] = {"quorum_ro", "quorum_app", "quorum_owner"};
    struct rig *r = *state;
    fill(r);
    for (size_t k = 0; k < ARRAY_LEN(roles); k++) {
        char conninfo[1024];
        PGconn *c = PQconnectdb(
            cluster_conninfo(r->f->cluster, conninfo, sizeof conninfo, roles[k], "quorum_demo"));
        if (PQstatus(c) != CONNECTION_OK)
            fail_msg("%s: %s", roles[k], PQerrorMessage(c));
        for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
            PGresult *res = PQexec(c, queries[i].sql);
            if (PQresultStatus(res) != PGRES_TUPLES_OK)
                fail_msg("%s: %s", roles[k], PQresultErrorMessage(res));
            assert_int_equal(PQnfields(res), queries[i].columns);
            assert_string_equal(PQfname(res, 0), queries[i].first);
            assert_true(PQntuples(res) > 0);
            PQclear(res);
        }
        PGresult *res = PQexec(c, spending);
        assert_string_equal(PQgetvalue(res, 0, 0), "0.000000000"); /* baselines are free */
        PQclear(res);
        PQfinish(c);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)
#define BARE(name) cmocka_unit_test_setup_teardown(name, rig_bare, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_desk_has_its_capital_its_account_and_every_setting),
        BARE(many_that_open_an_empty_desk_at_once_make_one),
        TEST(demo_and_paper_never_share_a_database),
        BARE(a_named_database_without_tables_is_refused_with_the_command),
        BARE(a_desk_never_moves_to_another_database_unasked),
        BARE(the_desk_a_command_means_follows_the_rule),
        TEST(a_changed_environment_changes_nothing_until_it_is_adopted),
        TEST(a_setting_the_database_holds_wrongly_stops_the_desk),
        TEST(a_changed_action_is_found_and_named),
        TEST(a_deleted_action_leaves_a_hole_that_is_named),
        TEST(the_application_cannot_change_its_own_audit),
        TEST(the_promised_tables_have_their_columns),
        TEST(the_monitoring_queries_run_unchanged_in_any_client),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
