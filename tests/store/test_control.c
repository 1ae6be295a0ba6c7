/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pausing, halting and flattening, against entries that are under way. */
#include <libpq-fe.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "quorum/control.h"
#include "quorum/jobs.h"
#include "quorum/timeutil.h"
#include "store/desk_rig.h"

enum { PATIENCE_MS = 20000 };

static struct control_proof set(struct rig *r, enum control to, const char *reason)
{
    struct control_proof p;
    struct error e = {0};
    if (control_set(r->desk, to, reason, "ops", "10.0.0.9", &p, &e))
        fail_msg("%s: %s", control_name(to), e.text);
    return p;
}

static enum err refused(struct rig *r, enum control to, struct error *e)
{
    struct control_proof p;
    *e = (struct error){0};
    return control_set(r->desk, to, "", "ops", "", &p, e);
}

/* An entry order as the broker writes one. */
#define ENTRY(symbol, id)                                                                          \
    "WITH p AS (INSERT INTO positions (symbol, state, quantity) VALUES ('" symbol                  \
    "', 'OPENING', 0) RETURNING id) INSERT INTO orders (id, position_id, symbol, side, kind,"      \
    " quantity, reserved_usd, state, purpose, created_at) SELECT " id ", p.id, '" symbol           \
    "', 'BUY', 'MARKET', 10, 1000, 'OPEN', 'ENTRY', clock_timestamp() FROM p"
#define POSITION(symbol)                                                                           \
    "WITH p AS (INSERT INTO positions (symbol, state, quantity, bought, cost_usd, entry_price,"    \
    " last_price) VALUES ('" symbol "', 'OPEN', 10, 10, 1000, 100, 101) RETURNING id)"             \
    " INSERT INTO orders (id, position_id, symbol, side, kind, quantity, filled, state, purpose,"  \
    " created_at) SELECT gen_random_uuid(), p.id, '" symbol                                        \
    "', 'BUY', 'MARKET', 10, 10, 'FILLED', 'ENTRY', '2020-01-01' FROM p"

static const char open_entries[] =
    "SELECT count(*) FROM orders WHERE purpose = 'ENTRY' AND state = 'OPEN'";

static void a_halt_takes_back_every_open_entry_and_proves_it(void **state)
{
    struct rig *r = *state;
    struct audit_state chain;
    struct error e = {0};
    struct control_view v;
    rig_run(r, ENTRY("AAPL", "'00000000-0000-8000-8000-000000000001'"));
    rig_run(r, ENTRY("MSFT", "'00000000-0000-8000-8000-000000000002'"));
    rig_run(r, POSITION("NVDA"));
    struct control_proof p = set(r, CONTROL_HALTED, "draw\033[31mdown");
    assert_int_equal(p.before, CONTROL_RUNNING);
    assert_int_equal(p.after, CONTROL_HALTED);
    assert_int_equal(p.entries_cancelled, 2);
    assert_int_equal(p.exits_ordered, 0);
    assert_string_equal(p.last_order, "00000000-0000-8000-8000-000000000002");
    assert_true(p.last_order_at != TIME_NONE && p.at >= p.last_order_at);
    assert_int_equal(rig_int(r, open_entries), 0);
    assert_int_equal(rig_int(r, "SELECT sum(reserved_usd) FROM orders"), 0);
    assert_string_equal(rig_text(r,
                                 "SELECT string_agg(symbol || ' ' || state, ', ' ORDER BY symbol)"
                                 " FROM positions"),
                        "AAPL CLOSED, MSFT CLOSED, NVDA OPEN");
    assert_int_equal(control_load(r->desk, &v, &e), OK);
    assert_int_equal(v.state, CONTROL_HALTED);
    assert_string_equal(v.set_by, "ops");
    assert_string_equal(v.origin, "10.0.0.9");
    assert_null(strchr(v.reason, '\033'));
    assert_int_equal(v.set_at, p.at);
    assert_string_equal(rig_text(r,
                                 "SELECT operator || ' ' || verb || ' ' || before || ' > ' || after"
                                 " FROM operator_actions ORDER BY id DESC LIMIT 1"),
                        "ops halt RUNNING > HALTED, 2 entries cancelled");
    assert_int_equal(audit_check(r->desk, &chain, &e), OK);
    assert_int_equal(chain.bad_id, 0);
}

static void a_pause_leaves_open_orders_and_a_resume_lifts_it(void **state)
{
    struct rig *r = *state;
    rig_run(r, ENTRY("AAPL", "gen_random_uuid()"));
    struct control_proof p = set(r, CONTROL_PAUSED, "lunch");
    assert_int_equal(p.entries_cancelled, 0);
    assert_int_equal(rig_int(r, open_entries), 1);
    p = set(r, CONTROL_RUNNING, "");
    assert_int_equal(p.before, CONTROL_PAUSED);
    assert_int_equal(p.after, CONTROL_RUNNING);
}

static void what_holds_already_is_a_conflict_that_says_who_and_why(void **state)
{
    struct rig *r = *state;
    struct error e;
    set(r, CONTROL_HALTED, "drawdown");
    assert_int_equal(refused(r, CONTROL_HALTED, &e), ERR_CONFLICT);
    assert_non_null(strstr(e.text, "HALTED since"));
    assert_non_null(strstr(e.text, "by ops (drawdown)"));
    /* Nobody loosens a halt by asking for less. */
    assert_int_equal(refused(r, CONTROL_PAUSED, &e), ERR_CONFLICT);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM operator_actions WHERE verb <> 'halt'"), 0);
    assert_string_equal(rig_text(r, "SELECT state FROM control_state"), "HALTED");
}

static void on_a_virtual_clock_the_state_is_of_the_time_the_desk_lives_in(void **state)
{
    struct rig *r = *state;
    struct error e = {0};
    struct control_view v;
    int64_t lived;
    assert_true(time_parse("2024-03-01 15:35:00", &lived));
    rig_run(r, "UPDATE desk SET clock = 'virtual', clock_at = '2024-03-01 15:35Z'");
    struct control_proof p = set(r, CONTROL_PAUSED, "");
    assert_int_equal(p.at, lived);
    assert_int_equal(control_load(r->desk, &v, &e), OK);
    assert_int_equal(v.set_at, lived);
    assert_string_equal(v.reason, "no reason given"); /* what is shown has no hole */
    /* Asked before a question is put: it holds already, or it does not. */
    assert_int_equal(control_check(r->desk, CONTROL_RUNNING, &e), OK);
    assert_int_equal(control_check(r->desk, CONTROL_PAUSED, &e), ERR_CONFLICT);
    assert_non_null(strstr(e.text, "already PAUSED since 2024-03-01 10:35:00 ET by ops"));
    rig_run(r, "UPDATE desk SET clock = 'real', clock_at = NULL");
    set(r, CONTROL_RUNNING, "");
}

static void a_state_that_cannot_be_read_is_an_error_not_running(void **state)
{
    struct rig *r = *state;
    struct error e = {0};
    struct control_view v;
    rig_run(r, "DELETE FROM control_state");
    assert_int_equal(control_load(r->desk, &v, &e), ERR_FAILED);
    assert_string_equal(e.text, "the desk's control state cannot be read");
    err_clear(&e);
    assert_int_equal(control_check(r->desk, CONTROL_PAUSED, &e), ERR_FAILED);
    err_clear(&e);
    rig_run(r, "ALTER TABLE control_state DROP CONSTRAINT control_state_state_check;"
               "INSERT INTO control_state (state, reason, set_by, origin)"
               " VALUES ('SLOW', '', 'a later program', '')");
    assert_int_equal(control_load(r->desk, &v, &e), ERR_FAILED);
}

static void flattening_ends_as_halted_when_the_last_position_is_closed(void **state)
{
    struct rig *r = *state;
    struct error e;
    rig_run(r, POSITION("AAPL"));
    rig_run(r, POSITION("NVDA"));
    rig_run(r, ENTRY("MSFT", "gen_random_uuid()"));
    struct control_proof p = set(r, CONTROL_FLATTENING, "fire");
    assert_int_equal(p.after, CONTROL_FLATTENING);
    assert_int_equal(p.entries_cancelled, 1);
    assert_int_equal(p.exits_ordered, 2);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM orders WHERE purpose = 'EXIT' AND side ="
                                " 'SELL' AND kind = 'MARKET' AND state = 'OPEN' AND exit_reason ="
                                " 'manual'"),
                     2);
    assert_int_equal(refused(r, CONTROL_RUNNING, &e), ERR_POLICY);
    assert_int_equal(refused(r, CONTROL_HALTED, &e), ERR_POLICY);
    assert_int_equal(refused(r, CONTROL_FLATTENING, &e), ERR_CONFLICT);
    rig_run(r, "UPDATE positions SET state = 'CLOSED', closed_at = now() WHERE symbol = 'AAPL';"
               "SELECT control_settle()");
    assert_string_equal(rig_text(r, "SELECT state FROM control_state"), "FLATTENING");
    rig_run(r, "UPDATE positions SET state = 'CLOSED', closed_at = now() WHERE symbol = 'NVDA';"
               "SELECT control_settle()");
    assert_string_equal(rig_text(r, "SELECT state || ' ' || set_by FROM control_state"),
                        "HALTED ops");
    assert_string_equal(rig_text(r, "SELECT verb || ' ' || reason FROM operator_actions"
                                    " ORDER BY id DESC LIMIT 1"),
                        "halt flattened: fire");
    set(r, CONTROL_RUNNING, "");
}

static void flattening_nothing_is_a_halt_at_once(void **state)
{
    struct rig *r = *state;
    struct control_proof p = set(r, CONTROL_FLATTENING, "fire");
    assert_int_equal(p.after, CONTROL_HALTED);
    assert_int_equal(p.exits_ordered, 0);
    assert_string_equal(p.last_order, "");
    assert_true(p.last_order_at == TIME_NONE);
}

static void on_beat(void *arg, const struct beat *b, const struct error *e)
{
    struct beat *out = arg;
    *out = b ? *b : (struct beat){0};
    if (!b)
        snprintf(out->control, sizeof out->control, "error");
    (void)e;
}

static bool has_control(void *arg)
{
    return *((const struct beat *)arg)->control != '\0';
}

static void a_leader_finds_a_flattened_desk_that_nobody_settled(void **state)
{
    struct rig *r = *state;
    struct error e = {0};
    struct beat b = {0};
    rig_run(r, POSITION("AAPL"));
    set(r, CONTROL_FLATTENING, "");
    rig_run(r, "UPDATE positions SET state = 'CLOSED', closed_at = now()");
    assert_int_equal(engine_register(r->desk, &e), OK);
    engine_beat(r->desk, 0, on_beat, &b);
    assert_true(loop_run_until(r->desk->loop, has_control, &b, PATIENCE_MS));
    assert_string_equal(b.control, "HALTED");
    assert_string_equal(rig_text(r, "SELECT state FROM control_state"), "HALTED");
}

/* ---- entries under way */

static PGconn *connect_raw(struct rig *r)
{
    char conninfo[1024];
    PGconn *c = PQconnectdb(
        cluster_conninfo(r->f->cluster, conninfo, sizeof conninfo, "quorum_app", "quorum_demo"));
    PQclear(PQexec(c, "SET search_path TO quorum, public"));
    return c;
}

/* True when it worked; the first cell into dst. */
static bool raw(PGconn *c, const char *sql, char *dst, size_t size)
{
    PGresult *res = PQexec(c, sql);
    bool ok = PQresultStatus(res) == PGRES_TUPLES_OK || PQresultStatus(res) == PGRES_COMMAND_OK;
    if (dst)
        copy_text(dst, size, ok && PQntuples(res) ? PQgetvalue(res, 0, 0) : "");
    PQclear(res);
    return ok;
}

static int halt(void *arg)
{
    struct settings *s;
    struct loop *l;
    struct control_proof p;
    struct error e = {0};
    (void)arg;
    struct desk *d = rig_desk(&s, &l, buying_agents);
    if (control_set(d, CONTROL_HALTED, "stop", "ops", "", &p, &e))
        return 100;
    rig_desk_close(d, s, l);
    return (int)p.entries_cancelled;
}

static void a_halt_waits_for_the_entry_under_way_and_then_none_gets_in(void **state)
{
    struct rig *r = *state;
    char now[16];
    PGconn *entry = connect_raw(r);
    assert_true(raw(entry, "BEGIN", NULL, 0));
    assert_true(raw(entry, "SELECT state FROM control_state FOR SHARE", now, sizeof now));
    assert_string_equal(now, "RUNNING");
    pid_t pid = rig_fork(halt, NULL);
    for (int i = 0; i < PATIENCE_MS / 5; i++) {
        poll(NULL, 0, 5);
        if (rig_int(r, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND"
                       " query LIKE '%control_change%' AND datname = current_database()"))
            break;
    }
    assert_string_equal(rig_text(r, "SELECT state FROM control_state"), "RUNNING");
    assert_true(raw(entry, ENTRY("AAPL", "gen_random_uuid()"), NULL, 0));
    assert_true(raw(entry, "COMMIT", NULL, 0));
    /* It saw the entry and took it back. */
    assert_int_equal(rig_wait(pid), 1);
    assert_int_equal(rig_int(r, open_entries), 0);
    assert_true(raw(entry, "SELECT state FROM control_state FOR SHARE", now, sizeof now));
    assert_string_equal(now, "HALTED");
    PQfinish(entry);
}

/* Enters as fast as it can, the way the broker does. */
static int enter_for_ever(void *arg)
{
    PGconn *c = connect_raw(arg);
    char now[16], sql[700];
    for (int i = 0;; i++) {
        if (!raw(c, "BEGIN", NULL, 0) ||
            !raw(c, "SELECT state FROM control_state FOR SHARE", now, sizeof now))
            return 1;
        snprintf(sql, sizeof sql,
                 "WITH p AS (INSERT INTO positions (symbol, state, quantity) VALUES ('S%dX%ld',"
                 " 'OPENING', 0) RETURNING id, symbol) INSERT INTO orders (id, position_id, symbol,"
                 " side, kind, quantity, reserved_usd, state, purpose) SELECT gen_random_uuid(),"
                 " p.id, p.symbol, 'BUY', 'MARKET', 10, 1000, 'OPEN', 'ENTRY' FROM p",
                 i, (long)getpid());
        if (strcmp(now, "RUNNING") == 0 && !raw(c, sql, NULL, 0))
            return 2;
        if (!raw(c, "COMMIT", NULL, 0))
            return 3;
    }
}

static void however_many_enter_at_once_none_is_open_after_the_proof(void **state)
{
    enum { MANY = 3, ROUNDS = 8 };
    struct rig *r = *state;
    pid_t pid[MANY];
    int64_t cancelled = 0;
    for (int i = 0; i < MANY; i++)
        pid[i] = rig_fork(enter_for_ever, r);
    for (int i = 0; i < ROUNDS; i++) {
        for (int n = 0; n < PATIENCE_MS / 5 && rig_int(r, open_entries) < 3; n++)
            poll(NULL, 0, 5);
        struct control_proof p = set(r, CONTROL_HALTED, "stop");
        int64_t made = rig_int(r, "SELECT count(*) FROM orders");
        assert_int_equal(rig_int(r, open_entries), 0);
        cancelled += p.entries_cancelled;
        poll(NULL, 0, 20);
        assert_int_equal(rig_int(r, "SELECT count(*) FROM orders"), made);
        assert_int_equal(made, cancelled);
        set(r, CONTROL_RUNNING, "");
    }
    for (int i = 0; i < MANY; i++) {
        kill(pid[i], SIGKILL);
        assert_int_equal(rig_wait(pid[i]), -SIGKILL);
    }
}

static void a_file_named_halt_is_seen(void **state)
{
    struct rig *r = *state;
    char path[600];
    assert_false(control_halt_file(r->settings, path, sizeof path));
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fclose(f);
    assert_true(control_halt_file(r->settings, NULL, 0));
    assert_int_equal(unlink(path), 0);
}

static void names_are_those_of_the_database(void **state)
{
    enum control c;
    (void)state;
    for (int i = CONTROL_RUNNING; i <= CONTROL_FLATTENING; i++) {
        assert_true(control_parse(control_name((enum control)i), &c));
        assert_int_equal(c, i);
    }
    assert_false(control_parse("running", &c));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_halt_takes_back_every_open_entry_and_proves_it),
        TEST(a_pause_leaves_open_orders_and_a_resume_lifts_it),
        TEST(what_holds_already_is_a_conflict_that_says_who_and_why),
        TEST(on_a_virtual_clock_the_state_is_of_the_time_the_desk_lives_in),
        TEST(a_state_that_cannot_be_read_is_an_error_not_running),
        TEST(flattening_ends_as_halted_when_the_last_position_is_closed),
        TEST(flattening_nothing_is_a_halt_at_once),
        TEST(a_leader_finds_a_flattened_desk_that_nobody_settled),
        TEST(a_halt_waits_for_the_entry_under_way_and_then_none_gets_in),
        TEST(however_many_enter_at_once_none_is_open_after_the_proof),
        TEST(a_file_named_halt_is_seen),
        cmocka_unit_test(names_are_those_of_the_database),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
