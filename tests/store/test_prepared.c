/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Statements that a connection keeps prepared: asked for once, never a wrong answer, and done
 * without where the server forgets them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/store/db_private.h"
#include "quorum/buf.h"
#include "store/fixture.h"

enum { LONG_MS = 20000 };

struct preparing {
    struct fixture *f;
    struct db *db;
};

static int open_preparing(void **state)
{
    struct preparing *p = mem_alloc(sizeof *p);
    struct error e = {0};
    int rc = fixture_empty(state);

    p->f = *state;
    const struct db_options o = {.conninfo = fixture_conninfo(p->f, "quorum_owner"),
                                 .application = "prepares",
                                 .reconnect = true,
                                 .prepare = true};
    p->db = db_new(p->f->loop, &o);
    if (db_open(p->db, LONG_MS, &e))
        fail_msg("%s", e.text);
    *state = p;
    return rc;
}

static int close_preparing(void **state)
{
    struct preparing *p = *state;

    db_free(p->db);
    *state = p->f;
    mem_free(p);
    return fixture_drop(state);
}

/* The first cell as a number, -1 on failure. */
static int64_t ask(struct db *d, const char *sql, struct error *e)
{
    const struct statement st = {.name = "asked", .sql = sql};
    struct rows r;
    int64_t n = -1;

    *e = (struct error){0};
    if (db_query(d, &st, NULL, &r, e) == OK)
        n = r.nrows ? rows_int(&r, 0, 0) : 0;
    rows_release(&r);
    return n;
}

#define KEPT "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%t_value%'"

static void a_statement_is_prepared_once(void **state)
{
    struct preparing *p = *state;
    struct error e;

    for (int i = 0; i < 20; i++)
        assert_int_equal(ask(p->db, "SELECT 7 AS t_value", &e), 7);
    assert_int_equal(ask(p->db, KEPT, &e), 2); /* and this one */
    assert_int_equal(ask(p->db, "SELECT 8 AS t_value", &e), 8);
    assert_int_equal(ask(p->f->db, KEPT, &e), 0); /* the others do not */
}

struct tally {
    int done, failed, order[300];
};

static void count(void *arg, struct rows *rows, const struct error *e)
{
    struct tally *t = arg;

    if (e)
        t->failed++;
    else
        t->order[t->done++] = (int)rows_int(rows, 0, 0);
}

static bool all_counted(void *arg)
{
    struct tally *t = arg;

    return t->done + t->failed == 300;
}

static void a_failing_call_does_not_disturb_its_neighbours(void **state)
{
    static const struct statement number = {.name = "number",
                                            .sql = "SELECT 10 / $1::int * $2::int"};
    struct preparing *prep = *state;
    struct tally t = {0};

    for (int i = 0; i < 300; i++) {
        struct params p = {0};

        params_int(&p, i % 100 == 0 ? 0 : 10); /* also the one that is prepared with */
        params_int(&p, i);
        db_send(prep->db, &number, &p, count, &t);
    }
    assert_true(loop_run_until(prep->f->loop, all_counted, &t, LONG_MS));
    assert_int_equal(t.failed, 3);
    for (int i = 0, expected = 1; i < t.done; i++, expected++) {
        expected += expected % 100 == 0;
        assert_int_equal(t.order[i], expected);
    }
}

static void what_could_not_be_prepared_can_be_later(void **state)
{
    struct preparing *p = *state;
    struct error e;
    int before = (int)ask(p->db, "SELECT pg_backend_pid()", &e);

    for (int i = 0; i < 3; i++) {
        assert_int_equal(ask(p->db, "SELECT count(*) FROM later", &e), -1);
        assert_int_equal(e.kind, ERR_FAILED);
        assert_non_null(strstr(e.text, "(42P01)"));
    }
    fixture_run(p->f, "CREATE TABLE later (i int)");
    assert_int_equal(ask(p->db, "SELECT count(*) FROM later", &e), 0);
    assert_int_equal(ask(p->db, "SELECT count(*) FROM later", &e), 0);
    assert_int_equal(ask(p->db, "SELECT pg_backend_pid()", &e), before);
}

/* As a pooler in transaction mode does it: the next transaction meets another session. */
static void a_server_that_forgets_costs_one_try_and_nothing_is_done_twice(void **state)
{
    struct preparing *p = *state;
    struct error e;

    fixture_run(p->f, "CREATE TABLE done (i int)");
    assert_int_equal(ask(p->db, "INSERT INTO done VALUES (1) RETURNING i", &e), 1);
    assert_int_equal(ask(p->db, "DEALLOCATE ALL", &e), 0);
    assert_int_equal(ask(p->db, "INSERT INTO done VALUES (1) RETURNING i", &e), -1);
    assert_int_equal(e.kind, ERR_TRANSIENT);
    assert_non_null(strstr(e.text, "(26000)"));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ask(p->db, "INSERT INTO done VALUES (1) RETURNING i", &e), 1);
        assert_int_equal(ask(p->db, "DEALLOCATE ALL", &e), 0);
    }
    assert_int_equal(fixture_int(p->f, "SELECT count(*) FROM done"), 4);
}

static void a_name_somebody_else_has_taken_costs_one_try(void **state)
{
    struct preparing *p = *state;
    struct error e;
    char sql[200];
    const struct statement st = {.name = "name",
                                 .sql = "SELECT name FROM pg_prepared_statements"
                                        " WHERE statement = 'SELECT 5 AS t_value'"};

    assert_int_equal(ask(p->db, "SELECT 5 AS t_value", &e), 5);
    struct rows r;
    assert_int_equal(db_query(p->db, &st, NULL, &r, &e), OK);
    assert_int_equal(r.nrows, 1);
    snprintf(sql, sizeof sql, "PREPARE %s AS SELECT 6", rows_text(&r, 0, 0));
    rows_release(&r);
    assert_int_equal(ask(p->db, "SELECT pg_terminate_backend(pg_backend_pid())", &e), -1);
    assert_int_equal(ask(p->db, sql, &e), 0); /* on the next connection, before we could */
    assert_int_equal(ask(p->db, "SELECT 5 AS t_value", &e), -1);
    assert_int_equal(e.kind, ERR_TRANSIENT);
    assert_non_null(strstr(e.text, "(42P05)"));
    assert_int_equal(ask(p->db, "SELECT 5 AS t_value", &e), 5);
}

static void a_table_with_other_columns_costs_one_try(void **state)
{
    struct preparing *p = *state;
    struct error e;

    fixture_run(p->f, "CREATE TABLE wide (i int); INSERT INTO wide VALUES (3)");
    assert_int_equal(ask(p->db, "SELECT * FROM wide", &e), 3);
    fixture_run(p->f, "ALTER TABLE wide ADD j int");
    assert_int_equal(ask(p->db, "SELECT * FROM wide", &e), -1);
    assert_int_equal(e.kind, ERR_TRANSIENT);
    assert_int_equal(ask(p->db, "SELECT * FROM wide", &e), 3);
}

static void a_new_connection_prepares_anew(void **state)
{
    struct preparing *p = *state;
    struct error e;

    assert_int_equal(ask(p->db, "SELECT 7 AS t_value", &e), 7);
    assert_int_equal(ask(p->db, "SELECT pg_terminate_backend(pg_backend_pid())", &e), -1);
    assert_int_equal(ask(p->db, "SELECT 7 AS t_value", &e), 7);
    assert_int_equal(ask(p->db, KEPT, &e), 2);
}

static void more_statements_than_are_kept_still_work(void **state)
{
    struct preparing *p = *state;
    struct error e;

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < DB_PREPARED_MAX + 20; i++) {
            char sql[60];

            snprintf(sql, sizeof sql, "SELECT %d AS t_value", i);
            assert_int_equal(ask(p->db, sql, &e), i);
        }
    }
    assert_int_equal(ask(p->db, KEPT, &e), DB_PREPARED_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_preparing, close_preparing)
        TEST(a_statement_is_prepared_once),
        TEST(a_failing_call_does_not_disturb_its_neighbours),
        TEST(what_could_not_be_prepared_can_be_later),
        TEST(a_server_that_forgets_costs_one_try_and_nothing_is_done_twice),
        TEST(a_name_somebody_else_has_taken_costs_one_try),
        TEST(a_table_with_other_columns_costs_one_try),
        TEST(a_new_connection_prepares_anew),
        TEST(more_statements_than_are_kept_still_work),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
