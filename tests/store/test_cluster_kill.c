/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The private cluster when something is killed, and what dead servers leave lying about. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libpq-fe.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "store/cluster_clients.h"

static struct place shared;

static int make_shared(void **state)
{
    (void)state;
    struct error e = {0};
    place_make(&shared, false);
    struct cluster *c = must_join(&shared, 0);
    assert_int_equal(cluster_ensure_database(c, "desk", NULL, &e), OK);
    ask(c, "quorum_owner", "desk", "CREATE TABLE t (n int)", NULL, 0);
    cluster_leave(c);
    return place_is_quiet(&shared, PATIENCE_MS) ? 0 : -1;
}

static int remove_shared(void **state)
{
    (void)state;
    place_remove(&shared);
    return 0;
}

/* Every test begins with the server stopped. */
static int be_quiet(void **state)
{
    (void)state;
    return place_is_quiet(&shared, 2 * PATIENCE_MS) ? 0 : -1;
}

static int count_entries(const char *dir, const char *prefix)
{
    int found = 0;
    DIR *d = opendir(dir);
    if (!d)
        return 0;
    for (struct dirent *entry; (entry = readdir(d));)
        found += !strncmp(entry->d_name, prefix, strlen(prefix));
    closedir(d);
    return found;
}

static void test_a_first_run_killed_half_way_is_made_up_for_by_the_next(void **state)
{
    (void)state;
    /* How far initdb may get, in ms, before its client is killed. */
    static const int after_ms[] = {0, 60, 250};
    for (size_t i = 0; i < 3; i++) {
        struct place p;
        char pg[500];
        place_make(&p, false);
        snprintf(pg, sizeof(pg), "%s/cluster/pg", p.home);
        struct client c = client_start(&p, 0);
        assert_true(client_creates(&c));
        for (int n = 0; n < PATIENCE_MS && !count_entries(pg, "new."); n++)
            poll(NULL, 0, 1);
        poll(NULL, 0, after_ms[i]);
        client_kill(&c);
        struct client next = client_start(&p, 0);
        assert_true(client_joined(&next, NULL, 0));
        assert_int_equal(count_entries(pg, "new."), 0);
        assert_int_equal(count_entries(pg, "1"), 1);
        client_leave(&next);
        place_remove(&p);
    }
}

static void test_a_client_killed_while_the_server_starts_leaves_it_to_the_next(void **state)
{
    (void)state;
    for (int after_ms = 0; after_ms < 40; after_ms += 8) {
        struct client c = client_start(&shared, 0);
        poll(NULL, 0, after_ms);
        client_kill(&c);
        struct client next = client_start(&shared, 0);
        assert_true(client_joined(&next, NULL, 0));
        client_leave(&next);
    }
}

static void ignore_notice(void *arg, const PGresult *r)
{
    (void)arg, (void)r; /* the server's last words, which libpq would print */
}

/* Inserts 1, 2, 3 ... until the connection breaks; *last is the last one acknowledged. */
static void write_until_broken(struct cluster *c, int from, int *last, pid_t victim)
{
    char conninfo[1024], sql[64];
    PGconn *conn =
        PQconnectdb(cluster_conninfo(c, conninfo, sizeof(conninfo), "quorum_owner", "desk"));
    assert_int_equal(PQstatus(conn), CONNECTION_OK);
    PQsetNoticeReceiver(conn, ignore_notice, NULL);
    *last = from;
    for (int n = from + 1; n < from + 100000; n++) {
        snprintf(sql, sizeof(sql), "INSERT INTO t VALUES (%d)", n);
        PGresult *r = PQexec(conn, sql);
        bool done = PQresultStatus(r) == PGRES_COMMAND_OK;
        PQclear(r);
        if (!done)
            break;
        *last = n;
        if (n == from + 200)
            kill(victim, SIGKILL);
    }
    PQfinish(conn);
}

static struct cluster *join_durable(void)
{
    struct cluster_options o = place_options(&shared, 0);
    struct cluster *c = NULL;
    struct error e = {0};
    o.durable = true;
    assert_int_equal(cluster_join(&o, &c, &e), OK);
    return c;
}

static void test_a_killed_server_comes_back_with_every_acknowledged_row(void **state)
{
    (void)state;
    char got[64], sql[96];
    int64_t us[3];
    struct cluster *c = join_durable();
    for (int i = 0; i < 3; i++) {
        int first = (i + 1) * 1000000, last;
        pid_t server = place_status(&shared).postmaster_pid;
        write_until_broken(c, first, &last, server);
        int64_t start = time_monotonic_us();
        assert_true(last >= first + 200);
        assert_true(process_gone(server, PATIENCE_MS));
        pid_t next = place_wait_running(&shared, PATIENCE_MS);
        us[i] = time_monotonic_us() - start;
        assert_true(next != 0 && next != server);
        snprintf(sql, sizeof(sql), "SELECT count(DISTINCT n) FROM t WHERE n > %d AND n <= %d",
                 first, last);
        ask(c, "quorum_owner", "desk", sql, got, sizeof(got));
        int64_t n;
        assert_true(text_to_int64(got, &n));
        assert_int_equal(n, last - first);
    }
    cluster_leave(c);
    report_times("postmaster killed under load to answering again", us, 3);
}

static void test_all_processes_of_the_server_killed_at_once_come_back(void **state)
{
    (void)state;
    int64_t us[3];
    struct cluster *c = join_durable();
    ask(c, "quorum_owner", "desk", "INSERT INTO t VALUES (-1)", NULL, 0);
    for (int i = 0; i < 3; i++) {
        pid_t server = place_wait_running(&shared, PATIENCE_MS);
        int64_t start = time_monotonic_us();
        assert_true(place_kill_servers(&shared) > 1);
        assert_true(process_gone(server, PATIENCE_MS));
        pid_t next = place_wait_running(&shared, PATIENCE_MS);
        us[i] = time_monotonic_us() - start;
        assert_true(next != 0 && next != server);
    }
    char got[16];
    ask(c, "quorum_owner", "desk", "SELECT count(*) FROM t WHERE n = -1", got, sizeof(got));
    assert_string_equal(got, "1");
    cluster_leave(c);
    report_times("every postgres process killed to answering again", us, 3);
}

static void test_a_killed_supervisor_is_replaced_without_losing_the_server(void **state)
{
    (void)state;
    int64_t us[3];
    struct cluster *c = must_join(&shared, 0);
    struct cluster_status before = place_status(&shared);
    for (int i = 0; i < 3; i++) {
        kill(before.supervisor_pid, SIGKILL);
        assert_true(process_gone(before.supervisor_pid, PATIENCE_MS));
        int64_t start = time_monotonic_us();
        struct client next = client_start(&shared, 0);
        assert_true(client_joined(&next, NULL, 0));
        us[i] = time_monotonic_us() - start;
        struct cluster_status after = place_status(&shared);
        assert_int_equal(after.postmaster_pid, before.postmaster_pid);
        assert_true(after.supervisor_pid && after.supervisor_pid != before.supervisor_pid);
        client_leave(&next);
        before = after;
    }
    /* The new one is in charge of a server that is not its child: killed, it comes back. */
    kill(before.postmaster_pid, SIGKILL);
    assert_true(process_gone(before.postmaster_pid, PATIENCE_MS));
    assert_true(place_wait_running(&shared, PATIENCE_MS) != 0);
    cluster_leave(c);
    assert_true(place_is_quiet(&shared, PATIENCE_MS)); /* and is stopped */
    report_times("supervisor killed to the next client's joining", us, 3);
}

static void test_the_last_client_stops_a_server_whose_supervisor_was_killed(void **state)
{
    (void)state;
    struct cluster *c = must_join(&shared, 0);
    struct cluster_status status = place_status(&shared);
    kill(status.supervisor_pid, SIGKILL);
    assert_true(process_gone(status.supervisor_pid, PATIENCE_MS));
    cluster_leave(c);
    assert_true(process_gone(status.postmaster_pid, PATIENCE_MS));
}

static void test_an_engine_can_revive_what_was_killed_around_it(void **state)
{
    (void)state;
    struct error e = {0};
    struct cluster *c = must_join(&shared, 0);
    struct cluster_status status = place_status(&shared);
    assert_int_equal(cluster_revive(c, &e), OK); /* nothing to do */
    assert_int_equal(place_status(&shared).supervisor_pid, status.supervisor_pid);
    kill(status.supervisor_pid, SIGKILL);
    kill(status.postmaster_pid, SIGKILL);
    assert_true(process_gone(status.supervisor_pid, PATIENCE_MS));
    assert_true(process_gone(status.postmaster_pid, PATIENCE_MS));
    assert_int_equal(cluster_revive(c, &e), OK);
    assert_true(place_wait_running(&shared, PATIENCE_MS) != 0);
    cluster_leave(c);
}

static void test_a_killed_last_client_does_not_keep_the_server_alive(void **state)
{
    (void)state;
    struct client c = client_start(&shared, 100);
    assert_true(client_joined(&c, NULL, 0));
    struct cluster_status status = place_status(&shared);
    int64_t start = time_monotonic_us();
    client_kill(&c);
    assert_true(process_gone(status.postmaster_pid, PATIENCE_MS));
    int64_t us = time_monotonic_us() - start;
    assert_true(us >= 90000);
    assert_true(process_gone(status.supervisor_pid, PATIENCE_MS));
    report_times("last client killed to server gone, linger 100 ms", &us, 1);
}

static void test_a_machine_that_shuts_down_gets_a_clean_stop(void **state)
{
    (void)state;
    char control[700], log[4096] = "";
    struct client c = client_start(&shared, 60000);
    assert_true(client_joined(&c, NULL, 0));
    struct cluster_status status = place_status(&shared);
    kill(status.supervisor_pid, SIGTERM);
    assert_true(process_gone(status.supervisor_pid, PATIENCE_MS));
    assert_true(process_gone(status.postmaster_pid, 0)); /* it goes last */
    client_kill(&c);
    snprintf(control, sizeof(control), "%s/postmaster.pid", status.data_dir);
    assert_int_not_equal(access(control, F_OK), 0);
    snprintf(control, sizeof(control), "%s/cluster/log/postgres.log", shared.home);
    int fd = open(control, O_RDONLY);
    assert_true(fd >= 0);
    off_t end = lseek(fd, 0, SEEK_END);
    assert_true(pread(fd, log, sizeof(log) - 1, end > 4000 ? end - 4000 : 0) > 0);
    close(fd);
    assert_non_null(strstr(log, "database system is shut down"));
}

/* Lock files as a dead server leaves them, naming a process that is not it. */
static void expect_start_over(const char *first_line, uid_t owner)
{
    struct cluster_status status = place_status(&shared);
    char text[1200], file[700];
    snprintf(text, sizeof(text), "%s\n%s\n1700000000\n5432\n%s\n\n  1234567         7\nready   \n",
             first_line, status.data_dir, status.socket_dir);
    snprintf(file, sizeof(file), "%s/postmaster.pid", status.data_dir);
    assert_true(write_text(file, text, owner));
    snprintf(file, sizeof(file), "%s/.s.PGSQL.5432.lock", status.socket_dir);
    assert_true(write_text(file, text, owner));
    snprintf(file, sizeof(file), "%s/.s.PGSQL.5432", status.socket_dir);
    assert_true(write_text(file, "", owner));
    status = place_status(&shared);
    assert_int_equal(status.postmaster_pid, 0);
    int64_t start = time_monotonic_us();
    struct cluster *c = must_join(&shared, 0);
    assert_true(time_monotonic_us() - start < 20 * USEC_SECOND);
    assert_true(place_status(&shared).running);
    cluster_leave(c);
    assert_true(place_is_quiet(&shared, PATIENCE_MS));
}

static void test_lock_files_of_a_dead_server_never_block_a_start(void **state)
{
    (void)state;
    struct stat st;
    char line[32];
    assert_int_equal(stat(place_status(&shared).data_dir, &st), 0);
    /* A zombie, another program with the same pid, and another PostgreSQL, each with the rights
     * of the server's user; and the test itself, with other rights when it is root. */
    static const char *const names[] = {NULL, "editor", "postgres"};
    for (int i = 0; i < 3; i++) {
        pid_t pid = idle_start(st.st_uid, names[i]);
        snprintf(line, sizeof(line), "%d", (int)pid);
        expect_start_over(line, st.st_uid);
        idle_end(pid);
    }
    snprintf(line, sizeof(line), "%d", (int)getpid());
    expect_start_over(line, st.st_uid);
    expect_start_over("", st.st_uid);
    expect_start_over("not a number", st.st_uid);
    expect_start_over("2147483646", st.st_uid);
}

static void test_random_kills_never_leave_a_cluster_that_does_not_start(void **state)
{
    (void)state;
    int rounds = getenv("QUORUM_TEST_LONG") ? 150 : 15;
    unsigned dice = 12345;
    for (int i = 0; i < rounds; i++) {
        struct client c[3];
        for (int k = 0; k < 3; k++)
            c[k] = client_start(&shared, 0);
        dice = dice * 1103515245U + 12345U;
        poll(NULL, 0, (int)(dice >> 16 & 63));
        struct cluster_status status = place_status(&shared);
        if ((dice >> 24 & 1) && status.supervisor_pid)
            kill(status.supervisor_pid, SIGKILL);
        if ((dice >> 25 & 1) && status.postmaster_pid)
            kill(status.postmaster_pid, SIGKILL);
        for (int k = 0; k < 3; k++)
            if (dice >> (26 + k) & 1)
                client_kill(&c[k]);
            else
                assert_true(client_joined(&c[k], NULL, 0));
        for (int k = 0; k < 3; k++)
            if (!(dice >> (26 + k) & 1))
                client_leave(&c[k]);
    }
    /* A killed supervisor whose clients were killed as well leaves the server running: by
     * design the next client ends that. */
    cluster_leave(must_join(&shared, 0));
    assert_true(place_is_quiet(&shared, PATIENCE_MS));
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st, (void)type, (void)where;
    return remove(path) && errno != ENOENT && errno != ENOTEMPTY;
}

/* rm -rf, again and again while the server still makes files. */
static void remove_home(const struct place *p)
{
    int64_t until = time_monotonic_us() + PATIENCE_MS * (int64_t)1000;
    while (access(p->home, F_OK) == 0) {
        nftw(p->home, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        assert_true(time_monotonic_us() < until);
    }
}

static void expect_reachable(struct cluster *c, const struct place *p, pid_t server)
{
    char got[16];
    ask(c, "quorum_owner", "postgres", "SELECT 1", got, sizeof(got));
    assert_string_equal(got, "1");
    assert_int_equal(place_status(p).postmaster_pid, server);
    struct cluster *next = must_join(p, 0);
    cluster_leave(next);
}

/* How the home's user behaves: has just left, is joined, is connected as well. */
enum user_of_home { HAS_LEFT, IS_JOINED, IS_CONNECTED };

static void remove_and_join_again(struct place *p, enum user_of_home user)
{
    char conninfo[1024];
    PGconn *conn = NULL;
    struct cluster *old = must_join(p, 10 * PATIENCE_MS);
    struct cluster_status before = place_status(p);
    if (user == IS_CONNECTED) {
        conn = PQconnectdb(
            cluster_conninfo(old, conninfo, sizeof(conninfo), "quorum_owner", "postgres"));
        assert_int_equal(PQstatus(conn), CONNECTION_OK);
        PQsetNoticeReceiver(conn, ignore_notice, NULL);
    }
    if (user == HAS_LEFT)
        cluster_leave(old);
    remove_home(p);
    struct cluster *c = must_join(p, 0);
    pid_t server = place_status(p).postmaster_pid;
    assert_int_not_equal(server, before.postmaster_pid);
    /* Long before the old server would notice by itself, and whatever it unlinks at its end. */
    assert_true(process_gone(before.postmaster_pid, PATIENCE_MS / 4));
    assert_true(process_gone(before.supervisor_pid, PATIENCE_MS / 4));
    expect_reachable(c, p, server);
    PQfinish(conn);
    if (user != HAS_LEFT) {
        struct error e = {0};
        assert_int_equal(cluster_revive(old, &e), ERR_FAILED); /* it is not its home any more */
        assert_non_null(strstr(e.text, "removed"));
        cluster_leave(old);
    }
    expect_reachable(c, p, server);
    cluster_leave(c);
    assert_true(process_gone(server, PATIENCE_MS));
}

static void test_a_home_removed_while_its_server_runs_can_be_made_again_at_once(void **state)
{
    (void)state;
    for (enum user_of_home user = HAS_LEFT; user <= IS_CONNECTED; user++) {
        struct place p;
        place_make(&p, false);
        remove_and_join_again(&p, user);
        place_remove(&p);
    }
}

static void test_a_removed_home_whose_socket_lies_elsewhere_can_be_made_again(void **state)
{
    (void)state;
    struct place p;
    place_make(&p, false);
    size_t n = strlen(p.home);
    snprintf(p.home + n, sizeof(p.home) - n, "/%0120d", 7);
    remove_and_join_again(&p, IS_CONNECTED);
    place_remove(&p);
}

static void test_a_home_moved_away_keeps_its_data_and_spares_the_next_one(void **state)
{
    (void)state;
    struct place p, moved;
    char got[16];
    place_make(&p, false);
    moved = p;
    snprintf(moved.home, sizeof(moved.home), "%s/moved", p.root);
    struct client user = client_start(&p, 0);
    assert_true(client_joined(&user, NULL, 0));
    struct cluster_status before = place_status(&p);
    struct cluster *c = must_join(&p, 0);
    ask(c, "postgres", "postgres", "CREATE TABLE kept AS SELECT 42 AS n", NULL, 0);
    cluster_leave(c);
    assert_int_equal(rename(p.home, moved.home), 0);
    c = must_join(&p, 0);
    pid_t server = place_status(&p).postmaster_pid;
    assert_int_not_equal(server, before.postmaster_pid);
    client_leave(&user); /* the old supervisor's: its server's socket has another server's path */
    assert_true(process_gone(before.postmaster_pid, PATIENCE_MS));
    assert_true(process_gone(before.supervisor_pid, PATIENCE_MS));
    expect_reachable(c, &p, server);
    struct cluster *again = must_join(&moved, 0);
    ask(again, "postgres", "postgres", "SELECT n FROM kept", got, sizeof(got));
    assert_string_equal(got, "42");
    cluster_leave(again);
    cluster_leave(c);
    place_remove(&p);
}

int main(void)
{
#define KILL_TEST(f) cmocka_unit_test_setup(f, be_quiet)
    const struct CMUnitTest tests[] = {
        KILL_TEST(test_a_first_run_killed_half_way_is_made_up_for_by_the_next),
        KILL_TEST(test_a_client_killed_while_the_server_starts_leaves_it_to_the_next),
        KILL_TEST(test_a_killed_server_comes_back_with_every_acknowledged_row),
        KILL_TEST(test_all_processes_of_the_server_killed_at_once_come_back),
        KILL_TEST(test_a_killed_supervisor_is_replaced_without_losing_the_server),
        KILL_TEST(test_the_last_client_stops_a_server_whose_supervisor_was_killed),
        KILL_TEST(test_an_engine_can_revive_what_was_killed_around_it),
        KILL_TEST(test_a_killed_last_client_does_not_keep_the_server_alive),
        KILL_TEST(test_a_machine_that_shuts_down_gets_a_clean_stop),
        KILL_TEST(test_a_home_removed_while_its_server_runs_can_be_made_again_at_once),
        KILL_TEST(test_a_removed_home_whose_socket_lies_elsewhere_can_be_made_again),
        KILL_TEST(test_a_home_moved_away_keeps_its_data_and_spares_the_next_one),
        KILL_TEST(test_lock_files_of_a_dead_server_never_block_a_start),
        KILL_TEST(test_random_kills_never_leave_a_cluster_that_does_not_start),
    };
    return cmocka_run_group_tests(tests, make_shared, remove_shared);
}
