/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/store/migrate_private.h"
#include "core/store/sqltext.h"
#include "quorum/mem.h"
#include "store/fixture.h"

static const struct migration list[] = {
    {1, "first", "CREATE TABLE a (i int);\nINSERT INTO a VALUES (1);\n", "DROP TABLE a;"},
    {2, "second", "ALTER TABLE a ADD COLUMN t text;", "ALTER TABLE a DROP COLUMN t;"},
    {3, "third", "CREATE TABLE b AS SELECT 3 AS i;", NULL},
};
static const struct migration_set two = {list, 2}, three = {list, 3};

static int up(struct fixture *f, const struct migration_set *set, int target)
{
    struct error e = {0};
    int applied;

    if (migration_set_up(f->db, set, target, &applied, &e) != OK)
        fail_msg("%s; %s", e.text, e.fix);
    return applied;
}

static int version(struct fixture *f)
{
    struct error e = {0};
    int v = -1;

    assert_int_equal(migrate_current(f->db, &v, &e), OK);
    return v;
}

static void up_applies_each_once_and_down_takes_back(void **state)
{
    struct fixture *f = *state;
    struct error e = {0};
    int n;

    assert_int_equal(version(f), 0);
    assert_int_equal(up(f, &two, 1), 1);
    assert_int_equal(version(f), 1);
    assert_int_equal(up(f, &two, -1), 1);
    assert_int_equal(up(f, &two, -1), 0);
    assert_int_equal(up(f, &two, 0), 0);
    assert_int_equal(fixture_int(f, "SELECT i FROM quorum.a WHERE t IS NULL"), 1);
    assert_int_equal(migration_set_down(f->db, &two, 1, &n, &e), OK);
    assert_int_equal(n, 1);
    assert_int_equal(version(f), 1);
    assert_int_equal(migration_set_down(f->db, &two, 0, &n, &e), OK);
    assert_int_equal(n, 1);
    assert_string_equal(fixture_text(f, "SELECT to_regclass('quorum.a')"), "");
    assert_int_equal(migration_set_down(f->db, &two, 0, &n, &e), OK);
    assert_int_equal(n, 0);
    assert_int_equal(up(f, &two, -1), 2);
    assert_int_equal(migration_set_up(f->db, &two, 3, &n, &e), ERR_USAGE);
    assert_int_equal(migration_set_down(f->db, &two, -1, &n, &e), ERR_USAGE);
}

static void what_cannot_be_taken_back_is_refused_and_kept(void **state)
{
    struct fixture *f = *state;
    struct error e = {0};
    int n;

    up(f, &three, -1);
    assert_int_equal(migration_set_down(f->db, &three, 0, &n, &e), ERR_POLICY);
    assert_non_null(strstr(e.text, "0003_third cannot be taken back"));
    assert_int_equal(n, 0);
    assert_int_equal(version(f), 3);
    assert_int_equal(fixture_int(f, "SELECT i FROM quorum.b"), 3);
}

static void the_last_down_may_drop_the_schema_itself(void **state)
{
    static const struct migration all[] = {
        {1, "all", "CREATE TABLE a (i int)", "DROP SCHEMA quorum CASCADE"}};
    const struct migration_set set = {all, 1};
    struct fixture *f = *state;
    struct error e = {0};
    int n;

    up(f, &set, -1);
    assert_int_equal(migration_set_down(f->db, &set, 0, &n, &e), OK);
    assert_int_equal(version(f), 0);
    assert_int_equal(up(f, &set, -1), 1);
}

static void fails_with(struct fixture *f, const char *sql, const char *text)
{
    const struct migration all[] = {list[0], {2, "broken", sql, NULL}};
    const struct migration_set set = {all, 2};
    struct error e = {0};
    int n;

    enum err rc = migration_set_up(f->db, &set, -1, &n, &e);
    assert_int_not_equal(rc, OK);
    if (strcmp(e.text, text) != 0)
        fail_msg("says \"%s\" instead of \"%s\"", e.text, text);
    assert_int_equal(version(f), 1);
    assert_string_equal(fixture_text(f, "SELECT to_regclass('quorum.leftover')"), "");
    assert_int_equal(fixture_int(f, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"),
                     0);
}

static void a_failed_step_leaves_nothing_and_names_file_line_and_state(void **state)
{
    struct fixture *f = *state;

    fails_with(f, "CREATE TABLE leftover (i int);\n\nCRATE TABLE x (i int);",
               "0002_broken.up.sql line 3: syntax error at or near \"CRATE\" (42601)");
    fails_with(f,
               "CREATE TABLE leftover (i int); -- \xe2\x82\xac; 'quoted\n"
               "/* a ; /* nested */ ; */ INSERT INTO leftover VALUES (';' = 'x')::int);",
               "0002_broken.up.sql line 2: syntax error at or near \"::\" (42601)");
    fails_with(f,
               "CREATE TABLE leftover (i int);\nDO $body$ BEGIN\n  PERFORM 1;\nEND $body$;\n"
               "INSERT INTO leftover\nVALUES (1);\n\nSELECT 1 / (i - 1)\nFROM leftover;",
               "0002_broken.up.sql line 8: division by zero (22012)");
    fails_with(f, "CREATE TABLE leftover (i int);\nCOMMIT;",
               "0002_broken.up.sql line 2: COMMIT inside a migration, which is one transaction");
    fails_with(f, "SELECT 1;\nstart transaction; SELECT 2",
               "0002_broken.up.sql line 2: START TRANSACTION inside a migration, which is one "
               "transaction");
    fails_with(f, "CREATE TABLE leftover (i int);\nINSERT INTO a SELECT i FROM nowhere",
               "0002_broken.up.sql line 2: relation \"nowhere\" does not exist (42P01)");
}

static void the_state_of_a_broken_or_lost_step_is_not_carried_over(void **state)
{
    static const struct migration all[] = {
        {1, "killed", "SELECT pg_terminate_backend(pg_backend_pid())", NULL}};
    const struct migration_set set = {all, 1};
    struct fixture *f = *state;
    struct error e = {0};
    int n;

    assert_int_equal(migration_set_up(f->db, &set, -1, &n, &e), ERR_TRANSIENT);
    assert_int_equal(version(f), 0); /* by a new connection, outside any transaction */
    assert_int_equal(up(f, &two, -1), 2);
}

static void an_edited_migration_is_found_and_a_reformatted_one_is_not(void **state)
{
    static const struct migration crlf[] = {
        {1, "first", "CREATE TABLE a (i int);  \r\nINSERT INTO a VALUES (1);\r\n\r\n",
         "DROP TABLE a;"},
        {2, "second", "ALTER TABLE a ADD COLUMN t text;\t\n", "-- another down"},
    };
    static const struct migration edited[] = {
        {1, "first", "CREATE TABLE a (i bigint);\nINSERT INTO a VALUES (1);\n", "DROP TABLE a;"},
        {2, "second", "ALTER TABLE a ADD COLUMN t text;", NULL},
        {3, "third", "SELECT 1", NULL},
    };
    const struct migration_set same = {crlf, 2}, other = {edited, 3};
    struct fixture *f = *state;
    struct error e = {0};
    int n;

    up(f, &two, -1);
    assert_int_equal(migration_set_require_head(f->db, &same, &e), OK);
    assert_int_equal(up(f, &same, -1), 0);
    assert_int_equal(migration_set_require_head(f->db, &other, &e), ERR_POLICY);
    assert_string_equal(e.text, "migration 0001_first was edited after it was applied");
    assert_int_equal(migration_set_up(f->db, &other, -1, &n, &e), ERR_POLICY);
    assert_int_equal(version(f), 2);
    assert_int_equal(migration_set_stamp(f->db, &other, 2, &e), OK); /* accepts the new text */
    assert_int_equal(up(f, &other, -1), 1);
    assert_int_equal(migration_set_require_head(f->db, &other, &e), OK);
}

static void an_older_program_refuses_a_newer_database_and_can_still_go_down(void **state)
{
    struct fixture *f = *state;
    const struct migration_set one = {list, 1};
    struct error e = {0};
    int n;

    up(f, &two, -1);
    assert_int_equal(migration_set_require_head(f->db, &one, &e), ERR_POLICY);
    assert_string_equal(e.text, "the database is at schema version 2, ahead of this program (1)");
    assert_int_equal(migration_set_up(f->db, &one, -1, &n, &e), ERR_POLICY);
    assert_int_equal(migration_set_down(f->db, &one, 1, &n, &e), OK);
    assert_int_equal(migration_set_require_head(f->db, &one, &e), OK);
    assert_int_equal(migration_set_require_head(f->db, &two, &e), ERR_POLICY);
    assert_string_equal(e.code, "E41");
    assert_string_equal(e.text, "schema is version 1, this program needs 2");
    assert_non_null(strstr(e.fix, "quorum db up"));
}

static void history_shows_what_is_applied_and_what_waits(void **state)
{
    struct fixture *f = *state;
    struct arena a = {0};
    struct migration_status *s;
    struct error e = {0};
    size_t n;

    assert_int_equal(migration_set_history(f->db, &three, &a, &s, &n, &e), OK);
    assert_int_equal(n, 3);
    assert_int_equal(s[0].state, MIGRATION_PENDING);
    assert_string_equal(s[2].name, "third");
    up(f, &three, -1);
    const struct migration_set one = {list, 1};
    assert_int_equal(migration_set_history(f->db, &one, &a, &s, &n, &e), OK);
    assert_int_equal(n, 3);
    assert_int_equal(s[0].state, MIGRATION_APPLIED);
    assert_int_equal(s[0].version, 1);
    assert_memory_equal(s[0].applied_at, "20", 2);
    assert_int_equal(s[1].state, MIGRATION_UNKNOWN);
    assert_string_equal(s[2].name, "third");
    arena_release(&a);
}

static void stamp_writes_the_table_and_runs_nothing(void **state)
{
    struct fixture *f = *state;
    struct error e = {0};

    assert_int_equal(migration_set_stamp(f->db, &three, -1, &e), OK);
    assert_int_equal(version(f), 3);
    assert_string_equal(fixture_text(f, "SELECT to_regclass('quorum.a')"), "");
    assert_int_equal(migration_set_stamp(f->db, &three, 1, &e), OK);
    assert_int_equal(version(f), 1);
    assert_int_equal(migration_set_stamp(f->db, &three, 0, &e), OK);
    assert_int_equal(up(f, &three, -1), 3);
    assert_int_equal(migration_set_stamp(f->db, &three, 4, &e), ERR_USAGE);
    assert_string_equal(fixture_text(f, "SELECT checksum FROM quorum.schema_migration"
                                        " WHERE version = 2"),
                        fixture_text(f, "SELECT encode(sha256('ALTER TABLE a ADD COLUMN t text;'),"
                                        " 'hex')"));
}

static void the_application_sees_the_version_and_may_not_migrate(void **state)
{
    struct fixture *f = *state;
    struct error e = {0};
    int n;

    struct db *app = fixture_open(f, "quorum_app");
    assert_int_equal(migration_set_up(app, &two, -1, &n, &e), ERR_POLICY);
    assert_string_equal(e.code, "E42");
    assert_non_null(strstr(e.fix, "QUORUM_DATABASE_OWNER_URL"));
    up(f, &two, 1);
    assert_int_equal(migration_set_require_head(app, &two, &e), ERR_POLICY);
    assert_string_equal(e.code, "E41");
    assert_int_equal(migration_set_up(app, &two, -1, &n, &e), ERR_POLICY);
    assert_non_null(strstr(e.text, "0002_second.up.sql line 1: "));
    assert_non_null(strstr(e.text, "(42501)"));
    up(f, &two, -1);
    assert_int_equal(migration_set_up(app, &two, -1, &n, &e),
                     OK); /* nothing to do, no right needed */
    db_free(app);
}

static void a_long_reader_makes_up_fail_instead_of_blocking_everybody(void **state)
{
    static const struct migration all[] = {
        {1, "first", "CREATE TABLE a (i int)", NULL},
        {2, "short", "SET LOCAL lock_timeout = '50ms'; ALTER TABLE a ADD COLUMN t text", NULL}};
    const struct migration_set set = {all, 2};
    struct fixture *f = *state;
    struct error e = {0};
    int n;

    up(f, &set, 1);
    struct db *reader = fixture_open(f, "quorum_owner");
    assert_int_equal(db_script(reader, "BEGIN; SELECT * FROM quorum.a", &e), OK);
    assert_int_equal(migration_set_up(f->db, &set, -1, &n, &e), ERR_TRANSIENT);
    assert_non_null(strstr(e.text, "(55P03)"));
    db_free(reader);
    assert_int_equal(up(f, &set, -1), 1);
}

/* A process of its own: the loop and the connection of the parent are not its. */
static void child(const char *conninfo, const struct migration_set *set, int gate)
{
    const struct db_options o = {.conninfo = conninfo, .application = "child"};
    struct loop *l = loop_new();
    struct db *d = db_new(l, &o);
    struct error e = {0};
    int applied = 0;
    char c;

    int ok = db_open(d, 20000, &e) == OK;
    if (read(gate, &c, 1) < 0) /* until the parent closes its end: all start together */
        ok = 0;
    if (ok && migration_set_up(d, set, -1, &applied, &e) != OK)
        ok = 0;
    if (!ok)
        fprintf(stderr, "%s\n", e.text);
    db_free(d);
    loop_free(l);
    _exit(ok ? applied : 100);
}

static void eight_at_once_apply_each_step_exactly_once(void **state)
{
    struct fixture *f = *state;
    struct migration many[20];
    char sql[20][120];
    const struct migration_set set = {many, 20};
    char conninfo[1024];
    int gate[2], total = 0;
    pid_t pid[8];

    for (int i = 0; i < 20; i++) {
        snprintf(sql[i], sizeof(sql[i]),
                 "CREATE TABLE m%d (i int); SELECT pg_sleep(0.005); INSERT INTO m%d VALUES (1)", i,
                 i);
        many[i] = (struct migration){i + 1, "many", sql[i], NULL};
    }
    snprintf(conninfo, sizeof(conninfo), "%s", fixture_conninfo(f, "quorum_owner"));
    assert_int_equal(pipe(gate), 0);
    for (int i = 0; i < 8; i++) {
        pid[i] = fork();
        assert_true(pid[i] >= 0);
        if (pid[i] == 0) {
            close(gate[1]);
            child(conninfo, &set, gate[0]);
        }
    }
    close(gate[0]);
    close(gate[1]);
    for (int i = 0; i < 8; i++) {
        int status;

        assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
        assert_true(WIFEXITED(status));
        assert_in_range(WEXITSTATUS(status), 0, 20);
        total += WEXITSTATUS(status);
    }
    assert_int_equal(total, 20);
    assert_int_equal(version(f), 20);
}

/* The program's own migrations. */
static const char fingerprint[] =
    "SELECT md5(string_agg(x, E'\\n' ORDER BY x)) FROM ("
    " SELECT format('%s %s %s %s %s', c.relname, c.relkind, a.attname, a.atttypid::regtype,"
    "   a.attnotnull) AS x"
    " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
    " WHERE c.relnamespace = 'quorum'::regnamespace AND NOT a.attisdropped"
    " UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc"
    " WHERE pronamespace = 'quorum'::regnamespace AND prokind = 'f'"
    " UNION ALL SELECT pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'quorum'::regnamespace"
    " UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal) s";

static void every_shipped_migration_can_be_taken_back_and_applied_again(void **state)
{
    struct fixture *f = *state;
    struct error e = {0};
    char before[64];
    int n;

    if (migration_count == 0)
        skip();
    for (int v = 1; v <= migration_count; v++) {
        assert_int_equal(migrate_up(f->db, v, &n, &e), OK);
        snprintf(before, sizeof(before), "%s", fixture_text(f, fingerprint));
        if (migrate_down(f->db, v - 1, &n, &e) != OK)
            fail_msg("down %d: %s", v, e.text);
        if (migrate_up(f->db, v, &n, &e) != OK)
            fail_msg("up %d again: %s", v, e.text);
        assert_string_equal(before, fixture_text(f, fingerprint));
    }
    if (migrate_down(f->db, 0, &n, &e) != OK)
        fail_msg("down to nothing: %s", e.text);
    assert_int_equal(n, migration_count);
    assert_int_equal(migrate_up(f->db, -1, &n, &e), OK);
    assert_int_equal(migrate_require_head(f->db, &e), OK);
}

/* 0021 keeps of the dossiers there are what learning needs of them. */
static void what_learning_needs_is_taken_from_the_dossiers_there_are(void **state)
{
    enum { BEFORE_FACTS = 20 };
    struct fixture *f = *state;
    struct error e = {0};
    int n;

    if (migrate_down(f->db, BEFORE_FACTS, &n, &e) != OK)
        fail_msg("down: %s", e.text);
    fixture_run(f, "INSERT INTO evaluations (symbol, requested_by) SELECT 'S' || i, 'test'"
                   " FROM generate_series(1, 3) i;"
                   "INSERT INTO dossiers (evaluation_id, created_at, content, sha256) SELECT id,"
                   "  desk_now(), CASE symbol WHEN 'S1' THEN '{\"profile\": {\"sector\": \"Tech\"},"
                   "  \"indicators\": {\"rsi\": 65.5, \"volume_ratio\": 1.25, \"atr\": 2,"
                   "  \"beta\": null}}' ELSE '{}' END, '' FROM evaluations WHERE symbol <> 'S3'");
    if (migrate_up(f->db, -1, &n, &e) != OK)
        fail_msg("up again: %s", e.text);
    assert_string_equal(fixture_text(f,
                                     "SELECT string_agg(concat_ws(' ', e.symbol, k.sector, k.rsi,"
                                     "  k.volume_ratio, k.atr, k.beta), ', ' ORDER BY e.id)"
                                     " FROM evaluation_facts k JOIN evaluations e"
                                     " ON e.id = k.evaluation_id"),
                        "S1 Tech 65.5 1.25 2, S2");
}

/* Learning came with 0013 to 0016: what it has stored is in the way of none of their downs. */
static void a_desk_that_has_learned_goes_back_and_comes_again(void **state)
{
    enum { BEFORE_LEARNING = 12 };
    struct fixture *f = *state;
    struct error e = {0};
    char head[64];
    int n;

    fixture_run(f,
                "INSERT INTO parameter_versions (name, value, set_by) VALUES"
                " ('stop_mult', 1.75, 'test'), ('rsi_max', 70, 'test'), ('rsi_max', NULL, 'x');"
                "INSERT INTO learning_cycles (trigger, state, requested_by, lookback_days, owner,"
                " finished_at) VALUES ('operator', 'DONE', 'test', 90, '', desk_now());"
                "INSERT INTO learning_changes (parameter, new_value, first_cycle, last_cycle)"
                " SELECT 'rsi_max', 70, id, id FROM learning_cycles;"
                "INSERT INTO variants_tried (parameter, value, from_day, to_day, tried_by)"
                " VALUES ('rsi_max', NULL, '2026-01-01', '2026-02-01', 'test')");
    fixture_run(f,
                "SELECT review_propose('rsi_max', NULL, 75, 'queue', 'x', 70, 'LOW', 'LOW', 'x',"
                " 'baseline', '{\"n\": 42}', 1);"
                "SELECT review_propose('stop_mult', 1.75, 1.5, 'apply', 'x', 90, 'LOW', 'HIGH',"
                " 'x', 'baseline', '{\"n\": 42}', 1);"
                "SELECT review_propose('time_exit', 20, 25, 'reject', 'x', 50, 'LOW', 'LOW', 'x',"
                " 'baseline', '{\"n\": 42}', 1)");
    assert_int_equal(fixture_int(f, "SELECT count(*) FROM strategy_adjustments WHERE status IN"
                                    " ('PENDING', 'AUTO_APPLIED', 'REJECTED')"),
                     3);
    snprintf(head, sizeof(head), "%s", fixture_text(f, fingerprint));
    if (migrate_down(f->db, BEFORE_LEARNING, &n, &e) != OK)
        fail_msg("down: %s", e.text);
    /* What was there before them stays: the changes, and each value but "off". */
    assert_int_equal(fixture_int(f, "SELECT count(*) FROM strategy_adjustments"), 3);
    assert_int_equal(fixture_int(f, "SELECT count(*) FROM parameter_versions"), 3);
    if (migrate_up(f->db, -1, &n, &e) != OK)
        fail_msg("up again: %s", e.text);
    assert_int_equal(n, migration_count - BEFORE_LEARNING);
    assert_string_equal(head, fixture_text(f, fingerprint));
    assert_int_equal(fixture_int(f, "SELECT count(*) FROM learning_cycles"), 0);
    assert_int_equal(fixture_int(f, "SELECT count(*) FROM audit_verify() WHERE bad_id IS NULL"), 1);
}

/* Before 0012 a call could be reserved and never sent. */
static void what_was_reserved_before_and_never_sent_is_given_back(void **state)
{
    enum { BEFORE = 19 };
    struct fixture *f = *state;
    struct error e = {0};
    int n;

    if (migrate_down(f->db, BEFORE, &n, &e) != OK)
        fail_msg("down: %s", e.text);
    fixture_run(f, "INSERT INTO agent_interactions (agent_name, action, status) VALUES"
                   " ('a', 'vote', 'RESERVED'), ('a', 'vote', 'RELEASED'), ('a', 'vote', 'SENT');"
                   "INSERT INTO budget_day (day, limit_usd, reserved_usd)"
                   " VALUES ('2026-01-05', 1, 0.2);"
                   "INSERT INTO budget_reservation (id, day, interaction_id, estimate_usd,"
                   " actual_usd, state, owner, lease_until) SELECT gen_random_uuid(),"
                   " '2026-01-05', id, 0.1, CASE id WHEN 2 THEN 0 END, CASE id WHEN 1 THEN 'HELD'"
                   " WHEN 2 THEN 'RELEASED' ELSE 'SENT' END, 'x', '2026-01-05'"
                   " FROM agent_interactions ORDER BY id;"
                   "UPDATE agent_interactions SET cost_usd = 0 WHERE id = 2");
    if (migrate_up(f->db, -1, &n, &e) != OK)
        fail_msg("up again: %s", e.text);
    assert_string_equal(fixture_text(f, "SELECT string_agg(state, ' ' ORDER BY interaction_id)"
                                        " FROM budget_reservation"),
                        "RELEASED RELEASED SENT");
    assert_int_equal(fixture_int(f, "SELECT budget_reap()"), 1);
    assert_string_equal(fixture_text(f, "SELECT (spent_usd, reserved_usd)::text FROM budget_day"),
                        "(0.100000000,0.000000000)");
    assert_int_equal(fixture_int(f, "SELECT count(*) FROM budget_mismatch()"), 0);
}

/* Logins of other names have run `db setup`, which gave and withheld by the one name it knew. */
static void a_login_of_another_name_gets_what_it_needs_and_no_more(void **state)
{
    enum { BEFORE = 19 };
    struct fixture *f = *state;
    struct error e = {0};
    int n;
    struct db *super = fixture_open(f, FIXTURE_SUPERUSER);

    assert_int_equal(db_script(super, "CREATE ROLE desk2", &e), OK);
    if (migrate_down(f->db, BEFORE, &n, &e) != OK)
        fail_msg("down: %s", e.text);
    fixture_run(f, "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA quorum TO desk2;"
                   "ALTER DEFAULT PRIVILEGES IN SCHEMA quorum"
                   " GRANT SELECT, INSERT, UPDATE ON TABLES TO desk2;"
                   "GRANT USAGE ON SCHEMA quorum TO desk2;"
                   "GRANT UPDATE (spent_usd) ON budget_day TO PUBLIC");
    if (migrate_up(f->db, -1, &n, &e) != OK)
        fail_msg("up again: %s", e.text);
    static const char wrong[] = "SELECT string_agg(act || ' ' || object, ', ') FROM"
                                " app_rights_wrong('desk2')";
    assert_string_equal(fixture_text(f, wrong), "");
    fixture_run(f, "GRANT UPDATE (spent_usd) ON budget_day TO desk2; GRANT DELETE ON ledger TO"
                   " desk2; REVOKE EXECUTE ON FUNCTION housekeeping() FROM desk2; REVOKE UPDATE ON"
                   " votes FROM desk2");
    assert_string_equal(fixture_text(f, wrong), "UPDATE budget_day, EXECUTE housekeeping(),"
                                                " DELETE ledger, UPDATE votes");
    fixture_run(f, "SELECT app_grant('desk2')");
    assert_string_equal(fixture_text(f, wrong), "");
    fixture_run(f, "CREATE FUNCTION later() RETURNS int LANGUAGE sql AS 'SELECT 1';"
                   "REVOKE EXECUTE ON FUNCTION later() FROM PUBLIC");
    assert_string_equal(fixture_text(f, wrong), "");
    assert_int_equal(db_script(super, "DROP OWNED BY desk2; DROP ROLE desk2", &e), OK);
    db_free(super);
}

static void a_desk_of_the_fixture_is_at_head_for_the_application_too(void **state)
{
    struct fixture *f = *state;
    struct error e = {0};
    struct db *app = fixture_open(f, "quorum_app");

    if (migrate_require_head(app, &e) != OK)
        fail_msg("%s", e.text);
    db_free(app);
}

/* ---- finding statements */

static void lines_are_counted_through_quotes_bodies_and_comments(void **state)
{
    static const char script[] = "-- a; comment\n"
                                 "SELECT 'it''s; here', E'back\\';slash', \"odd;name\";\n"
                                 "/* ; /* ; */ ; */\n"
                                 ";;\n"
                                 "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC\n"
                                 "  SELECT CASE WHEN true THEN 1 ELSE 2 END;\n"
                                 "  SELECT 2;\n"
                                 "END;\n"
                                 "DO $x$ BEGIN; COMMIT; $y$;$y$ END $x$; ROLLBACK TO s;\n"
                                 "SELECT $1, a$b$c FROM (SELECT 1; ) x\n";
    struct sql_cursor c = {.at = script, .line = 1};
    struct sql_statement st;
    static const int lines[] = {2, 5, 9, 9, 10};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        assert_true(sql_next(&c, &st));
        assert_int_equal(st.line, lines[i]);
        assert_int_equal(sql_statement_line(script, (int)i), lines[i]);
    }
    assert_string_equal(st.words, "SELECT 1");
    assert_false(sql_next(&c, &st));
    assert_false(sql_controls_transaction(script, &st));
    assert_true(sql_controls_transaction("SELECT 1;\n /* x */ commit ;", &st));
    assert_int_equal(st.line, 2);
    assert_int_equal(sql_position_line("\xe2\x82\xac\xe2\x82\xac\nb", 3), 1);
    assert_int_equal(sql_position_line("\xe2\x82\xac\xe2\x82\xac\nb", 4), 2);
    assert_int_equal(sql_position_line("a", 99), 1);
    static const char *const torn[] = {"'open", "$$ open", "/* open", "E'a\\", "\"", "$", "(", ""};
    for (size_t i = 0; i < ARRAY_LEN(torn); i++)
        sql_controls_transaction(torn[i], &st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_empty, fixture_drop)
        TEST(up_applies_each_once_and_down_takes_back),
        TEST(what_cannot_be_taken_back_is_refused_and_kept),
        TEST(the_last_down_may_drop_the_schema_itself),
        TEST(a_failed_step_leaves_nothing_and_names_file_line_and_state),
        TEST(the_state_of_a_broken_or_lost_step_is_not_carried_over),
        TEST(an_edited_migration_is_found_and_a_reformatted_one_is_not),
        TEST(an_older_program_refuses_a_newer_database_and_can_still_go_down),
        TEST(history_shows_what_is_applied_and_what_waits),
        TEST(stamp_writes_the_table_and_runs_nothing),
        TEST(the_application_sees_the_version_and_may_not_migrate),
        TEST(a_long_reader_makes_up_fail_instead_of_blocking_everybody),
        TEST(eight_at_once_apply_each_step_exactly_once),
        TEST(every_shipped_migration_can_be_taken_back_and_applied_again),
        cmocka_unit_test_setup_teardown(what_learning_needs_is_taken_from_the_dossiers_there_are,
                                        fixture_desk, fixture_drop),
        cmocka_unit_test_setup_teardown(a_desk_that_has_learned_goes_back_and_comes_again,
                                        fixture_desk, fixture_drop),
        cmocka_unit_test_setup_teardown(what_was_reserved_before_and_never_sent_is_given_back,
                                        fixture_desk, fixture_drop),
        cmocka_unit_test_setup_teardown(a_login_of_another_name_gets_what_it_needs_and_no_more,
                                        fixture_desk, fixture_drop),
        cmocka_unit_test_setup_teardown(a_desk_of_the_fixture_is_at_head_for_the_application_too,
                                        fixture_desk, fixture_drop),
        cmocka_unit_test(lines_are_counted_through_quotes_bodies_and_comments),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
