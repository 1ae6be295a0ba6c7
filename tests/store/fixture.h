/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For tests that need PostgreSQL: one private cluster for the test program (fsync off, in a
 * temporary home, stopped and removed at the end), one new database for each test.
 *
 *     static void an_order_survives(void **state)
 *     {
 *         struct fixture *f = *state;
 *         fixture_run(f, "INSERT INTO ...");
 *         assert_int_equal(fixture_int(f, "SELECT count(*) FROM ..."), 1);
 *         ... db_query(f->db, ...) ...
 *     }
 *     int main(void)
 *     {
 *         const struct CMUnitTest tests[] = {
 *             cmocka_unit_test_setup_teardown(an_order_survives, fixture_desk, fixture_drop),
 *         };
 *         return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
 *     }
 *
 * fixture_empty gives an empty database, fixture_desk one with all embedded migrations (copied
 * from a template that is made once, about 30 ms a test). f->db is quorum_owner's connection and
 * reconnects. Any failure inside a helper fails the test with the message of the database. */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "quorum/cluster.h"
#include "quorum/db.h"
#include "quorum/loop.h"

struct fixture {
    struct cluster *cluster;
    struct loop *loop;
    struct db *db;
    char database[32];
    char home[256]; /* the temporary home, for files of the test too */
};

/* Group setup and teardown. */
int fixture_start(void **state);
int fixture_stop(void **state);
/* Setup and teardown of one test. */
int fixture_empty(void **state);
int fixture_desk(void **state);
int fixture_drop(void **state);

/* Another connection to the test's database; the test frees it. role: "quorum_owner",
 * "quorum_app", "quorum_ro" or FIXTURE_SUPERUSER. */
#define FIXTURE_SUPERUSER "postgres"
struct db *fixture_open(struct fixture *f, const char *role);
/* The connection string for such a role, in a buffer that the next call overwrites. */
const char *fixture_conninfo(struct fixture *f, const char *role);

/* As f->db. A script; the first cell as a number; the first cell as text (overwritten by the next
 * call, "" for NULL). */
void fixture_run(struct fixture *f, const char *sql);
int64_t fixture_int(struct fixture *f, const char *sql);
const char *fixture_text(struct fixture *f, const char *sql);
/* Process ids, for tests that stop or kill the server. */
int fixture_postmaster(struct fixture *f);
int fixture_backend(struct fixture *f, struct db *d);

#endif
