/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "core/store/db_private.h"
#include "quorum/buf.h"
#include "quorum/mem.h"
#include "quorum/timeutil.h"
#include "store/fixture.h"

enum { LONG_MS = 20000 };

static const struct statement one = {.name = "one", .sql = "SELECT 1"};

/* What the asynchronous calls of a test came to. */
struct outcome {
    int done, failed, unknown, unsent;
    char last[512];
    int order[300];
    int *wanted; /* done + failed to wait for */
};

static void count_outcome(struct outcome *o, const struct error *e)
{
    if (!e) {
        o->done++;
        return;
    }
    o->failed++;
    o->unknown += strstr(e->text, "not known whether") != NULL;
    o->unsent += strstr(e->text, "nothing was sent") != NULL;
    copy_text(o->last, sizeof(o->last), e->text);
}

static void tally(void *arg, struct rows *rows, const struct error *e)
{
    struct outcome *o = arg;

    if (!e && rows->nrows && o->done < 300)
        o->order[o->done] = (int)rows_int(rows, 0, 0);
    count_outcome(o, e);
}

static bool three_over(void *arg)
{
    struct outcome *o = arg;

    return o->done + o->failed >= 3;
}

static enum err query(struct db *d, const char *sql, struct rows *out, struct error *e)
{
    const struct statement st = {.name = "q", .sql = sql};

    *e = (struct error){0};
    return db_query(d, &st, NULL, out, e);
}

static enum err fails(struct db *d, const char *sql, struct error *e)
{
    struct rows r;
    enum err rc = query(d, sql, &r, e);

    rows_release(&r);
    return rc;
}

/* ---- values */

static void every_type_comes_back_as_it_was_bound(void **state)
{
    static const struct statement st = {
        .name = "echo",
        .sql = "SELECT $1::bigint AS i, $2::float8 AS d, $3::boolean AS b, $4::numeric(18,9) AS m,"
               " $5::text AS n, 'x' || $6 AS t, 'NaN'::float8, $7::float8, $8::numeric(18,6)",
    };
    struct fixture *f = *state;
    struct params p = {0};
    struct error e;
    struct rows r;
    bool is_null;

    params_int(&p, INT64_MIN);
    params_double(&p, 0.1);
    params_bool(&p, true);
    params_decimal(&p, -5, 9);
    params_text(&p, NULL);
    params_text(&p, "");
    params_double(&p, (double)NAN);
    params_decimal(&p, 175500000, 6);
    assert_int_equal(db_query(f->db, &st, &p, &r, &e), OK);
    assert_int_equal(p.n, 0); /* taken over */
    assert_int_equal(r.nrows, 1);
    assert_true(rows_int(&r, 0, 0) == INT64_MIN);
    assert_true(rows_double(&r, 0, 1, &is_null) == 0.1);
    assert_false(is_null);
    assert_true(rows_bool(&r, 0, 2));
    assert_string_equal(rows_named(&r, 0, "m"), "-0.000000005");
    assert_null(rows_named(&r, 0, "n"));
    assert_int_equal(rows_int(&r, 0, 4), 0);
    assert_string_equal(rows_named(&r, 0, "t"), "x");
    rows_double(&r, 0, 6, &is_null);
    assert_true(is_null);
    assert_null(rows_text(&r, 0, 7));
    assert_string_equal(rows_text(&r, 0, 8), "175.500000");
    struct rows moved;
    rows_move(&moved, &r);
    rows_release(&r);
    assert_string_equal(rows_named(&moved, 0, "t"), "x");
    rows_release(&moved);
}

static void text_survives_byte_for_byte_and_a_megabyte_of_it(void **state)
{
    static const struct statement echo = {.name = "echo", .sql = "SELECT $1::text, md5($1)"};
    struct fixture *f = *state;
    struct buf text = {0}, piece = {0};
    struct params p = {0};
    struct error e;
    struct rows r;

    for (int i = 1; i < 128; i++)
        buf_char(&piece, (char)i);
    buf_str(&piece, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x93\x88");
    while (text.len < (1 << 20))
        buf_add(&text, piece.data, piece.len);
    buf_release(&piece);
    params_text(&p, buf_text(&text));
    assert_int_equal(db_query(f->db, &echo, &p, &r, &e), OK);
    assert_string_equal(rows_text(&r, 0, 0), buf_text(&text));
    rows_release(&r);
    buf_release(&text);
    params_text(&p, "\xff broken");
    assert_int_equal(db_query(f->db, &echo, &p, &r, &e), ERR_FAILED);
    assert_string_equal(r.sqlstate, "22021");
    rows_release(&r);
}

static void ten_thousand_rows_arrive_complete(void **state)
{
    struct fixture *f = *state;
    struct error e;
    struct rows r;
    int64_t sum = 0;

    assert_int_equal(
        query(f->db, "SELECT i, 'row ' || i, NULL FROM generate_series(1, 10000) i", &r, &e), OK);
    assert_int_equal(r.nrows, 10000);
    assert_int_equal(r.ncols, 3);
    for (size_t i = 0; i < r.nrows; i++) {
        sum += rows_int(&r, i, 0);
        assert_null(rows_text(&r, i, 2));
    }
    assert_int_equal(sum, 50005000);
    assert_string_equal(rows_text(&r, 9999, 1), "row 10000");
    rows_release(&r);
    assert_int_equal(query(f->db, "CREATE TABLE t (i int)", &r, &e), OK);
    assert_int_equal(r.nrows + r.ncols, 0);
    assert_int_equal(query(f->db, "INSERT INTO t SELECT generate_series(1, 7)", &r, &e), OK);
    assert_int_equal(r.affected, 7);
    assert_int_equal(query(f->db, "SELECT i FROM t WHERE false", &r, &e), OK);
    assert_int_equal(r.nrows, 0);
    assert_string_equal(r.column[0], "i");
    rows_release(&r);
}

/* ---- many calls at once */

static bool all_over(void *arg)
{
    struct outcome *o = arg;

    return o->done + o->failed == 300;
}

static void a_failing_call_does_not_disturb_its_neighbours(void **state)
{
    static const struct statement number = {.name = "number",
                                            .sql = "SELECT 10 / $1::int * $2::int"};
    struct fixture *f = *state;
    struct outcome o = {0};

    for (int i = 0; i < 300; i++) {
        struct params p = {0};

        params_int(&p, i % 100 == 50 ? 0 : 10);
        params_int(&p, i);
        db_send(f->db, &number, &p, tally, &o);
    }
    assert_int_equal(o.done + o.failed, 0); /* never from inside db_send */
    assert_true(loop_run_until(f->loop, all_over, &o, LONG_MS));
    assert_int_equal(o.failed, 3);
    assert_string_equal(o.last, "number: division by zero (22012)");
    for (int i = 0, expected = 0; i < o.done; i++, expected++) {
        expected += expected % 100 == 50;
        assert_int_equal(o.order[i], expected);
    }
}

struct chain {
    struct db *db;
    int left;
};

static void send_next(void *arg, struct rows *rows, const struct error *e)
{
    struct chain *c = arg;

    (void)rows;
    assert_null(e);
    if (--c->left > 0)
        db_send(c->db, &one, NULL, send_next, c);
}

static bool chain_over(void *arg)
{
    return ((struct chain *)arg)->left == 0;
}

static void a_callback_may_send_the_next_call(void **state)
{
    struct fixture *f = *state;
    struct chain c = {.db = f->db, .left = 50};

    db_send(f->db, &one, NULL, send_next, &c);
    db_send(f->db, &one, NULL, NULL, NULL);
    assert_true(loop_run_until(f->loop, chain_over, &c, LONG_MS));
}

/* ---- errors */

static void each_error_says_whether_a_retry_helps(void **state)
{
    struct fixture *f = *state;
    struct error e;
    struct rows r;

    fixture_run(f, "CREATE TABLE t (i int PRIMARY KEY); INSERT INTO t VALUES (1)");
    assert_int_equal(fails(f->db, "INSERT INTO t VALUES (1)", &e), ERR_CONFLICT);
    assert_non_null(strstr(e.text, "(23505)"));
    assert_int_equal(fails(f->db, "SELECT 1/0", &e), ERR_FAILED);
    assert_int_equal(fails(f->db, "SELECT * FROM nowhere", &e), ERR_FAILED);
    assert_non_null(strstr(e.fix, "quorum db current"));
    assert_int_equal(fails(f->db, "SELEC", &e), ERR_FAILED);
    assert_int_equal(query(f->db, "SELECT $1::int", &r, &e), ERR_TRANSIENT); /* none was bound */
    assert_string_equal(r.sqlstate, "08P01");
    rows_release(&r);
    assert_int_equal(fails(f->db, "SET LOCAL statement_timeout = 1", &e), OK);
    fixture_run(f, "SET statement_timeout = '10ms'");
    assert_int_equal(fails(f->db, "SELECT pg_sleep(5)", &e), ERR_TRANSIENT);
    assert_non_null(strstr(e.text, "(57014)"));
    struct db *app = fixture_open(f, "quorum_app");
    assert_int_equal(fails(app, "SELECT * FROM t", &e), ERR_POLICY);
    assert_string_equal(e.code, "E42");
    assert_string_equal(e.text, "database answered \"permission denied for table t\": "
                                "this role may not do that");
    db_free(app);
}

static void hostile_text_in_an_error_is_harmless(void **state)
{
    struct fixture *f = *state;
    struct error e;

    assert_int_equal(fails(f->db, "SELECT ('\x1b[2J' || chr(8238) || E'\\n2')::int", &e),
                     ERR_FAILED);
    for (const char *p = e.text; *p; p++)
        assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
    assert_null(strstr(e.text, "\xe2\x80\xae"));
    assert_non_null(strstr(e.text, "(22P02)"));
}

static void a_read_only_session_refuses_writes_and_stays_connected(void **state)
{
    struct fixture *f = *state;
    struct error e = {0};

    fixture_run(f, "CREATE TABLE t (i int)");
    const struct db_options o = {.conninfo = fixture_conninfo(f, "quorum_owner"),
                                 .application = "reader",
                                 .read_only = true};
    struct db *d = db_new(f->loop, &o);
    assert_int_equal(db_open(d, LONG_MS, &e), OK);
    int before = fixture_backend(f, d);
    assert_int_equal(fails(d, "INSERT INTO t VALUES (1)", &e), ERR_POLICY);
    assert_string_equal(e.code, "E42");
    assert_non_null(strstr(e.text, "this session may only read"));
    assert_int_equal(fixture_backend(f, d), before);
    db_free(d);
}

static void a_server_that_became_a_standby_is_left(void **state)
{
    struct fixture *f = *state;
    struct error e;

    fixture_run(f, "CREATE TABLE t (i int)");
    int before = fixture_backend(f, f->db);
    fixture_run(f, "BEGIN; SET TRANSACTION READ ONLY");
    assert_int_equal(fails(f->db, "INSERT INTO t VALUES (1)", &e), ERR_TRANSIENT);
    assert_non_null(strstr(e.text, "(25006)"));
    assert_int_not_equal(fixture_backend(f, f->db), before);
}

static void notices_do_not_reach_the_screen(void **state)
{
    struct fixture *f = *state;
    char path[300];
    struct stat st;
    int kept = dup(2);

    snprintf(path, sizeof(path), "%s/stderr", f->home);
    int fd = open(path, O_CREAT | O_RDWR, 0600);
    dup2(fd, 2);
    fixture_run(f, "DO $$ BEGIN RAISE NOTICE 'hello'; RAISE WARNING 'watch out'; END $$");
    fixture_run(f, "CREATE TABLE IF NOT EXISTS t (i int); CREATE TABLE IF NOT EXISTS t (i int)");
    dup2(kept, 2);
    close(kept);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, 0);
    close(fd);
}

static void copy_is_refused_and_the_connection_comes_back(void **state)
{
    struct fixture *f = *state;
    struct error e = {0};

    assert_int_equal(fails(f->db, "COPY (SELECT 1) TO STDOUT", &e), ERR_FAILED);
    assert_int_equal(db_script(f->db, "COPY (SELECT 1) TO STDOUT", &e), ERR_FAILED);
    assert_int_equal(fixture_int(f, "SELECT 3"), 3);
}

/* ---- sessions and scripts */

static void a_session_has_the_settings_the_desk_relies_on(void **state)
{
    struct fixture *f = *state;

    fixture_run(f, "CREATE SCHEMA quorum");
    assert_string_equal(fixture_text(f, "SHOW search_path"), "quorum, public");
    assert_string_equal(fixture_text(f, "SELECT current_schema()"), "quorum");
    assert_string_equal(fixture_text(f, "SHOW timezone"), "UTC");
    assert_string_equal(fixture_text(f, "SHOW datestyle"), "ISO, YMD");
    assert_string_equal(fixture_text(f, "SHOW statement_timeout"), "10s");
    assert_string_equal(fixture_text(f, "SHOW jit"), "off"); /* of whoever's server it is */
    assert_string_equal(fixture_text(f, "SHOW lock_timeout"), "5s");
    assert_string_equal(fixture_text(f, "SHOW idle_in_transaction_session_timeout"), "30s");
    assert_string_equal(fixture_text(f, "SHOW client_connection_check_interval"), "2s");
    assert_string_equal(fixture_text(f, "SHOW client_encoding"), "UTF8");
    assert_string_equal(fixture_text(f, "SHOW application_name"), "quorum-test");
}

static void a_script_is_done_whole_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    struct script_fault fault;
    struct outcome o = {0};
    struct error e = {0};

    db_send(f->db, &one, NULL, tally, &o); /* a script waits for the pipeline to be empty */
    db_send(f->db, &one, NULL, tally, &o);
    assert_int_equal(db_script_at(f->db,
                                  "CREATE TABLE a (i int);\nINSERT INTO a VALUES (1);\n"
                                  "SELECT 1 / (i - 1) FROM a;\nSELECT 2",
                                  &fault, &e),
                     ERR_FAILED);
    assert_int_equal(o.done, 2);
    assert_int_equal(fault.statements, 2);
    assert_string_equal(fault.sqlstate, "22012");
    assert_string_equal(fixture_text(f, "SELECT to_regclass('a')"), "");
    assert_int_equal(db_script_at(f->db, "SELECT 1; SELEC 2", &fault, &e), ERR_FAILED);
    assert_int_equal(fault.position, 11);
    fixture_run(f, "");
    fixture_run(f, "CREATE TABLE a (i int); INSERT INTO a VALUES (1), (2)");
    assert_int_equal(fixture_int(f, "SELECT count(*) FROM a"), 2);
}

/* ---- notifications */

struct heard {
    struct db *db;
    int ready, lost, notes;
    char payload[64];
};

static const struct statement listen_news = {.name = "listen", .sql = "LISTEN news"};

static void note(void *arg, const char *channel, const char *payload)
{
    struct heard *h = arg;

    assert_string_equal(channel, "news");
    copy_text(h->payload, sizeof(h->payload), payload);
    h->notes++;
}

static void listen_again(void *arg, enum db_state state)
{
    struct heard *h = arg;

    if (state == DB_READY) {
        h->ready++;
        db_send(h->db, &listen_news, NULL, NULL, NULL);
    } else if (state == DB_WAITING) {
        h->lost++;
    }
}

static bool has_note(void *arg)
{
    return ((struct heard *)arg)->notes > 0;
}

static bool is_ready_again(void *arg)
{
    return ((struct heard *)arg)->ready > 1;
}

static struct db *open_listener(struct fixture *f, struct heard *h, int64_t answer_ms)
{
    struct error e = {0};
    const struct db_options o = {.conninfo = fixture_conninfo(f, "quorum_owner"),
                                 .application = "listener",
                                 .reconnect = true,
                                 .answer_ms = answer_ms,
                                 .notified = note,
                                 .state_changed = listen_again,
                                 .arg = h};

    h->db = db_new(f->loop, &o);
    if (db_open(h->db, LONG_MS, &e) != OK)
        fail_msg("%s", e.text);
    return h->db;
}

static void notifications_arrive_and_again_after_a_reconnect(void **state)
{
    struct fixture *f = *state;
    struct heard h = {0};
    struct db *d = open_listener(f, &h, 0);

    assert_int_equal(fails(d, "SELECT 1", &(struct error){0}), OK); /* the LISTEN is done */
    fixture_run(f, "NOTIFY news, 'first'");
    assert_true(loop_run_until(f->loop, has_note, &h, LONG_MS));
    assert_string_equal(h.payload, "first");
    h.notes = 0;
    assert_int_equal(fails(d, "SELECT pg_terminate_backend(pg_backend_pid())", &(struct error){0}),
                     ERR_TRANSIENT);
    assert_true(loop_run_until(f->loop, is_ready_again, &h, LONG_MS));
    assert_int_equal(h.lost, 1);
    assert_int_equal(fails(d, "SELECT 1", &(struct error){0}), OK);
    fixture_run(f, "NOTIFY news, 'second'");
    assert_true(loop_run_until(f->loop, has_note, &h, LONG_MS));
    assert_string_equal(h.payload, "second");
    /* While a result of its own is read, too. */
    h.notes = 0;
    assert_int_equal(fails(d, "SELECT pg_notify('news', 'own')", &(struct error){0}), OK);
    assert_true(loop_run_until(f->loop, has_note, &h, LONG_MS));
    db_free(d);
}

/* ---- a server that dies or sleeps */

static const struct statement sleep_long = {.name = "order", .sql = "SELECT 1 FROM pg_sleep(9)"};

static void a_killed_server_never_looks_like_success_or_certain_failure(void **state)
{
    struct fixture *f = *state;
    struct outcome o = {0};
    struct db *d = fixture_open(f, "quorum_owner");

    int pid = fixture_backend(f, d);
    db_send(d, &sleep_long, NULL, tally, &o);
    db_send(d, &one, NULL, tally, &o);
    db_send(d, &one, NULL, tally, &o);
    assert_false(loop_run_until(f->loop, three_over, &o, 20));
    kill(pid, SIGKILL); /* the postmaster then restarts everything */
    assert_true(loop_run_until(f->loop, three_over, &o, LONG_MS));
    assert_int_equal(o.failed, 3);
    assert_int_equal(o.unknown, 3);
    assert_non_null(strstr(o.last, "one: "));
    assert_int_equal(fails(d, "SELECT 1", &(struct error){0}), OK); /* kept until it is back */
    db_free(d);
    fixture_int(f, "SELECT 1");
}

static void a_killed_postmaster_is_waited_for(void **state)
{
    struct fixture *f = *state;
    struct outcome o = {0};

    fixture_run(f, "CREATE TABLE kept (i int); INSERT INTO kept VALUES (7)");
    struct db *super = fixture_open(f, FIXTURE_SUPERUSER);
    assert_int_equal(db_script(super, "CHECKPOINT", NULL), OK); /* commits here are not durable */
    db_free(super);
    int pid = fixture_postmaster(f);
    db_send(f->db, &sleep_long, NULL, tally, &o);
    assert_false(loop_run_until(f->loop, three_over, &o, 20));
    assert_int_equal(kill(pid, SIGKILL), 0);
    for (int tries = 0; tries < 50 && fails(f->db, "SELECT 1", &(struct error){0}) != OK; tries++)
        ;
    assert_int_equal(o.failed, 1);
    assert_int_equal(o.unknown, 1);
    assert_int_equal(fixture_int(f, "SELECT i FROM kept"), 7);
}

static void a_server_that_sleeps_does_not_hang_the_desk(void **state)
{
    struct fixture *f = *state;
    struct heard h = {0};
    struct error e = {0};
    struct rows r;
    struct db *d = open_listener(f, &h, 300);
    int pid = fixture_backend(f, d);

    assert_int_equal(kill(pid, SIGSTOP), 0);
    int64_t begin = time_monotonic_us();
    assert_int_equal(db_query(d, &one, NULL, &r, &e), ERR_TRANSIENT);
    int64_t took = time_monotonic_us() - begin;
    assert_true(took >= 300000 && took < 5000000);
    assert_non_null(strstr(e.text, "no answer for 0.3 s; it is not known whether"));
    assert_int_equal(fails(d, "SELECT 1", &e), OK); /* on another connection */
    kill(pid, SIGCONT);
    db_free(d);
}

static void connecting_to_a_server_that_sleeps_ends_at_the_deadline(void **state)
{
    struct fixture *f = *state;
    struct error e = {0};
    const struct db_options o = {.conninfo = fixture_conninfo(f, "quorum_owner"),
                                 .application = "late"};
    struct db *d = db_new(f->loop, &o);
    int pid = fixture_postmaster(f);

    assert_int_equal(kill(pid, SIGSTOP), 0);
    enum err rc = db_open(d, 200, &e);
    kill(pid, SIGCONT);
    assert_int_equal(rc, ERR_TRANSIENT);
    assert_non_null(strstr(e.text, "no answer in time"));
    assert_int_equal(db_state(d), DB_CLOSED);
    assert_int_equal(db_open(d, LONG_MS, &e), OK); /* may be opened again */
    assert_int_equal(fails(d, "SELECT 1", &e), OK);
    db_free(d);
}

static void calls_without_a_connection_fail_in_time_and_say_that_nothing_was_sent(void **state)
{
    struct fixture *f = *state;
    struct heard h = {0};
    struct error e = {0};
    struct rows r;
    struct db *d = open_listener(f, &h, 100);
    int backend = fixture_backend(f, d), pid = fixture_postmaster(f);

    kill(pid, SIGSTOP);
    kill(backend, SIGTERM);
    enum err rc = OK;
    for (int tries = 0; tries < 3 && !e.code[0]; tries++) /* the first may still go out */
        rc = db_query(d, &one, NULL, &r, &e);
    kill(pid, SIGCONT);
    assert_int_equal(rc, ERR_TRANSIENT);
    assert_string_equal(e.code, "E40");
    assert_non_null(strstr(e.text, "nothing was sent"));
    rows_release(&r);
    db_free(d);
}

static void closing_ends_every_pending_call(void **state)
{
    struct fixture *f = *state;
    struct outcome o = {0};
    struct error e = {0};
    struct db *d = fixture_open(f, "quorum_owner");

    db_send(d, &sleep_long, NULL, tally, &o);
    assert_false(loop_run_until(f->loop, three_over, &o, 1));
    for (int i = 0; i < 70; i++) /* more than the pipeline takes */
        db_send(d, &one, NULL, tally, &o);
    db_free(d);
    assert_int_equal(o.failed, 71);
    assert_true(o.unknown > 1 && o.unsent > 1 && o.unknown + o.unsent == 71);
    const struct db_options never = {.conninfo = "host=/nonexistent", .application = "x"};
    d = db_new(f->loop, &never);
    assert_int_equal(db_query(d, &one, NULL, NULL, &e), ERR_TRANSIENT);
    assert_non_null(strstr(e.text, "nothing was sent"));
    db_free(d);
    db_free(NULL);
}

static void interrupt(void *arg)
{
    (void)arg;
    raise(SIGINT);
}

static void ctrl_c_ends_a_wait_and_the_late_answer_hits_nobody(void **state)
{
    struct fixture *f = *state;
    struct error e = {0};
    struct loop_timer *t = loop_timer_new(f->loop, interrupt, NULL);

    loop_catch_signals(f->loop);
    loop_timer_start(t, 5);
    assert_int_equal(fails(f->db, "SELECT pg_sleep(0.2)", &e), ERR_TRANSIENT);
    assert_non_null(strstr(e.text, "interrupted; it is not known"));
    assert_int_equal(fails(f->db, "SELECT 1", &e), ERR_TRANSIENT);
    loop_clear_interrupt(f->loop);
    assert_int_equal(fixture_int(f, "SELECT 5"), 5);
    loop_timer_free(t);
}

/* ---- refusals of a connection */

static enum err open_fails(struct fixture *f, const char *url, struct error *e)
{
    const struct db_options o = {.conninfo = url, .application = "x", .reconnect = true};
    struct db *d = db_new(f->loop, &o);
    enum err rc;

    *e = (struct error){0};
    rc = db_open(d, 400, e);
    if (rc != OK && rc != ERR_USAGE)
        assert_string_equal(db_error(d), e->text);
    assert_null(strstr(e->text, "hunter2"));
    assert_null(strstr(e->fix, "hunter2"));
    assert_null(strchr(e->text, '\n'));
    db_free(d);
    return rc;
}

static int free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    /* Bound and not listening: refused. */
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    return ntohs(at.sin_port) | fd << 16;
}

static void a_refused_connection_names_the_cure_and_never_the_password(void **state)
{
    struct fixture *f = *state;
    struct error e;
    char url[400];
    const char *dir = cluster_socket_dir(f->cluster);
    int port = free_port();

    snprintf(url, sizeof(url), "postgresql://quorum_app:hunter2@127.0.0.1:%d/x", port & 0xffff);
    assert_int_equal(open_fails(f, url, &e), ERR_TRANSIENT);
    assert_non_null(strstr(e.text, "refused"));
    assert_non_null(strstr(e.text, "127.0.0.1:"));
    close(port >> 16);
    assert_int_equal(open_fails(f, "postgresql://me:hunter2@h:5x/d", &e), ERR_USAGE);
    assert_non_null(strstr(e.text, "\"5x\""));
    snprintf(url, sizeof(url), "host=%s user=quorum_app password=hunter2 dbname=nowhere", dir);
    assert_int_equal(open_fails(f, url, &e), ERR_FAILED);
    assert_non_null(strstr(e.text, "(3D000)"));
    assert_non_null(strstr(e.fix, "scripts/setup-database.sh"));
    snprintf(url, sizeof(url), "host=%s user=nobody_here dbname=postgres", dir);
    assert_int_equal(open_fails(f, url, &e), ERR_FAILED);
    assert_non_null(strstr(e.text, "\"nobody_here\""));
    assert_non_null(strstr(e.text, "(28000)"));
    snprintf(url, sizeof(url), "host=%s/nowhere user=u", dir);
    assert_int_equal(open_fails(f, url, &e), ERR_TRANSIENT);
    assert_int_equal(open_fails(f, "host=no-such-host.invalid,no-other.invalid user=u", &e),
                     ERR_TRANSIENT);
}

/* Puts a password rule in front of the cluster's own rules. */
static void want_password(struct fixture *f)
{
    struct db *d = fixture_open(f, FIXTURE_SUPERUSER);
    struct error e = {0};
    char sql[1024];

    snprintf(sql, sizeof(sql),
             "SET password_encryption = 'scram-sha-256'; DROP ROLE IF EXISTS passworded;"
             "CREATE ROLE passworded LOGIN PASSWORD 'hunter2';"
             "COPY (SELECT 'local all passworded scram-sha-256' UNION ALL"
             " SELECT 'local all all peer map=quorum') TO '%s/pg_hba.conf';"
             "SELECT pg_reload_conf()",
             cluster_data_dir(f->cluster));
    if (db_script(d, sql, &e) != OK)
        fail_msg("%s", e.text);
    db_free(d);
}

static void a_wrong_password_is_told_apart_from_a_missing_one(void **state)
{
    struct fixture *f = *state;
    struct error e;
    char url[600];
    const char *dir = cluster_socket_dir(f->cluster);
    enum err rc = OK;

    want_password(f);
    for (int tries = 0; tries < 200; tries++) { /* until the server has read its rules again */
        snprintf(url, sizeof(url), "host=%s user=passworded password=hunter3 dbname=%s", dir,
                 f->database);
        rc = open_fails(f, url, &e);
        if (strstr(e.text, "(28P01)"))
            break;
    }
    assert_int_equal(rc, ERR_FAILED);
    assert_null(strstr(e.text, "hunter3"));
    assert_non_null(strstr(e.text, "refused role \"passworded\""));
    assert_non_null(strstr(e.text, "(28P01)"));
    assert_non_null(strstr(e.fix, "DATABASE_URL"));
    snprintf(url, sizeof(url), "host=%s user=passworded dbname=%s", dir, f->database);
    assert_int_equal(open_fails(f, url, &e), ERR_FAILED);
    assert_non_null(strstr(e.text, "no password supplied"));
    snprintf(url, sizeof(url), "host=%s user=passworded password=hunter2 dbname=%s", dir,
             f->database);
    assert_int_equal(open_fails(f, url, &e), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_empty, fixture_drop)
        TEST(every_type_comes_back_as_it_was_bound),
        TEST(text_survives_byte_for_byte_and_a_megabyte_of_it),
        TEST(ten_thousand_rows_arrive_complete),
        TEST(a_failing_call_does_not_disturb_its_neighbours),
        TEST(a_callback_may_send_the_next_call),
        TEST(each_error_says_whether_a_retry_helps),
        TEST(hostile_text_in_an_error_is_harmless),
        TEST(a_read_only_session_refuses_writes_and_stays_connected),
        TEST(a_server_that_became_a_standby_is_left),
        TEST(notices_do_not_reach_the_screen),
        TEST(copy_is_refused_and_the_connection_comes_back),
        TEST(a_session_has_the_settings_the_desk_relies_on),
        TEST(a_script_is_done_whole_or_not_at_all),
        TEST(notifications_arrive_and_again_after_a_reconnect),
        TEST(a_killed_server_never_looks_like_success_or_certain_failure),
        TEST(a_killed_postmaster_is_waited_for),
        TEST(a_server_that_sleeps_does_not_hang_the_desk),
        TEST(connecting_to_a_server_that_sleeps_ends_at_the_deadline),
        TEST(calls_without_a_connection_fail_in_time_and_say_that_nothing_was_sent),
        TEST(closing_ends_every_pending_call),
        TEST(ctrl_c_ends_a_wait_and_the_late_answer_hits_nobody),
        TEST(a_refused_connection_names_the_cure_and_never_the_password),
        TEST(a_wrong_password_is_told_apart_from_a_missing_one),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
