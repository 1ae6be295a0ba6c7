/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The private cluster while nobody is killed (test_cluster_kill.c does that). */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
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

#include "core/store/cluster_internal.h"
#include "quorum/db.h"
#include "quorum/mem.h"
#include "quorum/timeutil.h"
#include "store/cluster_clients.h"

enum { CROWD = 10 };

static struct place shared; /* created once: most tests need any cluster, stopped */

static bool is_long(void)
{
    return getenv("QUORUM_TEST_LONG") != NULL;
}

static int make_shared(void **state)
{
    (void)state;
    place_make(&shared, false);
    cluster_leave(must_join(&shared, 0));
    return place_is_quiet(&shared, PATIENCE_MS) ? 0 : -1;
}

static int remove_shared(void **state)
{
    (void)state;
    place_remove(&shared);
    return 0;
}

static void expect(struct cluster *c, const char *sql, const char *value)
{
    char got[256];
    ask(c, "quorum_owner", "postgres", sql, got, sizeof(got));
    assert_string_equal(got, value);
}

static void test_a_first_run_gives_a_working_database_nobody_else_can_reach(void **state)
{
    (void)state;
    int64_t us[5];
    int rounds = is_long() ? 5 : 1;
    for (int i = 0; i < rounds; i++) {
        struct place p;
        place_make(&p, false);
        struct cluster_options o = place_options(&p, 0);
        struct cluster *c = NULL;
        struct error e = {0};
        o.durable = true; /* what a user gets */
        int64_t start = time_monotonic_us();
        assert_int_equal(cluster_join(&o, &c, &e), OK);
        expect(c, "SELECT 1", "1");
        us[i] = time_monotonic_us() - start;
        expect(c, "SHOW listen_addresses", "");
        expect(c, "SHOW unix_socket_permissions", "0700");
        expect(c, "SHOW fsync", "on");
        expect(c, "SHOW data_checksums", "on");
        expect(c, "SHOW wal_segment_size", "1MB");
        expect(c, "SHOW shared_buffers", "32MB");
        expect(c, "SHOW timezone", "UTC");
        expect(c,
               "SELECT string_agg(rolname || rolcanlogin || rolcreatedb || rolsuper, ' ' ORDER BY "
               "rolname)"
               " FROM pg_roles WHERE rolname LIKE 'quorum%'",
               "quorum_apptruefalsefalse quorum_ownertruetruefalse quorum_rotruefalsefalse");
        struct stat st;
        assert_int_equal(stat(cluster_data_dir(c), &st), 0);
        assert_int_equal(st.st_mode & 0777, 0700);
        assert_int_equal(stat(cluster_socket_dir(c), &st), 0);
        assert_int_equal(st.st_mode & 0777, 0700);
        cluster_leave(c);
        place_remove(&p);
    }
    report_times("first run, durable", us, rounds);
}

static void test_a_later_start_keeps_the_data_and_is_quick(void **state)
{
    (void)state;
    int64_t us[15];
    int rounds = is_long() ? 15 : 5;
    struct error e = {0};
    char got[64];
    struct cluster *c = must_join(&shared, 0);
    assert_int_equal(cluster_ensure_database(c, "kept", NULL, &e), OK);
    ask(c, "quorum_owner", "kept", "CREATE TABLE t AS SELECT 42 AS n", NULL, 0);
    cluster_leave(c);
    for (int i = 0; i < rounds; i++) {
        assert_true(place_is_quiet(&shared, PATIENCE_MS));
        int64_t start = time_monotonic_us();
        c = must_join(&shared, 0);
        ask(c, "quorum_owner", "kept", "SELECT n FROM t", got, sizeof(got));
        us[i] = time_monotonic_us() - start;
        assert_string_equal(got, "42");
        cluster_leave(c);
    }
    report_times("start of a stopped cluster", us, rounds);
}

static void test_joining_uses_the_running_server(void **state)
{
    (void)state;
    int64_t us[30];
    struct cluster *first = must_join(&shared, 0);
    pid_t server = place_status(&shared).postmaster_pid;
    for (int i = 0; i < 30; i++) {
        int64_t start = time_monotonic_us();
        struct cluster *c = must_join(&shared, 0);
        us[i] = time_monotonic_us() - start;
        cluster_leave(c);
    }
    assert_int_equal(place_status(&shared).postmaster_pid, server);
    cluster_leave(first);
    report_times("joining", us, 30);
}

static void test_ten_first_runs_at_once_make_one_database(void **state)
{
    (void)state;
    struct place p;
    struct client crowd[CROWD];
    char system[64] = "";
    place_make(&p, false);
    int64_t start = time_monotonic_us();
    for (int i = 0; i < CROWD; i++)
        crowd[i] = client_start(&p, 0);
    for (int i = 0; i < CROWD; i++)
        assert_true(client_joined(&crowd[i], NULL, 0));
    int64_t us = time_monotonic_us() - start;
    struct cluster_status status = place_status(&p);
    assert_true(status.running);
    assert_int_equal(status.clients, CROWD);
    struct cluster *c = must_join(&p, 0);
    ask(c, "quorum_owner", "postgres", "SELECT system_identifier FROM pg_control_system()", system,
        sizeof(system));
    assert_true(system[0] != '\0');
    cluster_leave(c);
    for (int i = 0; i < CROWD; i++)
        client_leave(&crowd[i]);
    report_times("ten first runs at once", &us, 1);
    place_remove(&p);
}

/* In a client's process: 0 created it, 1 found it, 2 failed. */
static int ensure_in_child(void)
{
    struct cluster_options o = place_options(&shared, 0);
    struct cluster *c;
    struct error e = {0};
    bool created = false;
    if (cluster_join(&o, &c, &e) || cluster_ensure_database(c, "crowd \"x\"", &created, &e)) {
        print_error("%s\n", e.text);
        return 2;
    }
    cluster_leave(c);
    return created ? 0 : 1;
}

static void test_ten_requests_for_a_database_create_it_once(void **state)
{
    (void)state;
    pid_t pid[CROWD];
    int count[3] = {0, 0, 0}, status;
    struct cluster *c = must_join(&shared, 0);
    for (int i = 0; i < CROWD; i++) {
        pid[i] = fork();
        if (pid[i] == 0) {
            closefrom(3);
            _exit(ensure_in_child());
        }
    }
    for (int i = 0; i < CROWD; i++) {
        assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 3);
        count[WEXITSTATUS(status)]++;
    }
    assert_int_equal(count[0], 1);
    assert_int_equal(count[1], CROWD - 1);
    struct error e = {0};
    expect(c,
           "SELECT pg_get_userbyid(datdba) || ' ' || pg_encoding_to_char(encoding) || ' ' || "
           "datcollate FROM pg_database WHERE datname = 'crowd \"x\"'",
           "quorum_owner UTF8 C.UTF-8");
    assert_int_equal(cluster_drop_database(c, "crowd \"x\"", &e), OK);
    assert_int_equal(cluster_drop_database(c, "crowd \"x\"", &e), OK);
    assert_int_equal(cluster_drop_database(c, "postgres", &e), ERR_USAGE);
    expect(c, "SELECT count(*) FROM pg_database WHERE datname LIKE 'crowd%'", "0");
    cluster_leave(c);
}

static void test_the_server_outlives_its_starter_and_ends_after_the_last_client(void **state)
{
    (void)state;
    assert_true(place_is_quiet(&shared, PATIENCE_MS)); /* else the linger of before holds */
    struct client a = client_start(&shared, 200);
    assert_true(client_joined(&a, NULL, 0));
    struct client b = client_start(&shared, 200);
    assert_true(client_joined(&b, NULL, 0));
    struct cluster_status status = place_status(&shared);
    assert_int_equal(status.clients, 2);
    client_leave(&a);
    assert_false(process_gone(status.postmaster_pid, 500));
    int64_t start = time_monotonic_us();
    client_leave(&b);
    assert_true(process_gone(status.postmaster_pid, PATIENCE_MS));
    int64_t us = time_monotonic_us() - start;
    assert_true(us >= 190000); /* the linger, for the next command of the same user */
    assert_true(process_gone(status.supervisor_pid, PATIENCE_MS));
    status = place_status(&shared);
    assert_true(status.exists);
    assert_false(status.running);
    assert_int_equal(status.postmaster_pid, 0);
    assert_int_equal(status.supervisor_pid, 0);
    report_times("last client left to server gone, linger 200 ms", &us, 1);
}

static void test_start_and_stop_in_quick_turns_never_collide(void **state)
{
    (void)state;
    int rounds = is_long() ? 60 : 12;
    for (int i = 0; i < rounds; i++) {
        struct cluster *c = must_join(&shared, 0);
        expect(c, "SELECT 1", "1");
        cluster_leave(c); /* the next turn meets the server while it stops */
    }
}

static void test_many_clients_coming_and_going_all_get_in(void **state)
{
    (void)state;
    struct client c[4];
    int rounds = is_long() ? 100 : 20;
    for (int i = 0; i < rounds; i++) {
        if (i >= 4) {
            assert_true(client_joined(&c[i % 4], NULL, 0));
            client_leave(&c[i % 4]);
        }
        c[i % 4] = client_start(&shared, 0);
    }
    for (int i = 0; i < 4; i++) {
        assert_true(client_joined(&c[i], NULL, 0));
        client_leave(&c[i]);
    }
}

static void test_a_home_too_long_for_a_socket_still_works(void **state)
{
    (void)state;
    struct place p;
    place_make(&p, false);
    size_t n = strlen(p.home);
    snprintf(p.home + n, sizeof(p.home) - n, "/%0120d/it's \\ here", 7);
    struct cluster *c = must_join(&p, 0);
    assert_true(strlen(cluster_socket_dir(c)) <= CLUSTER_SOCKET_MAX);
    expect(c, "SELECT 1", "1");
    /* Another client with another environment finds the same place. */
    char *runtime = mem_text(getenv("XDG_RUNTIME_DIR"));
    setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
    struct cluster *other = must_join(&p, 0);
    assert_string_equal(cluster_socket_dir(other), cluster_socket_dir(c));
    cluster_leave(other);
    cluster_leave(c);
    if (runtime)
        setenv("XDG_RUNTIME_DIR", runtime, 1);
    else
        unsetenv("XDG_RUNTIME_DIR");
    mem_free(runtime);
    assert_true(place_is_quiet(&p, PATIENCE_MS));
    c = must_join(&p, 0); /* its directory was removed with the server */
    cluster_leave(c);
    place_remove(&p);
}

/* What a stranger gets: 'refused' by the server itself, with every directory opened to him. */
static void expect_stranger_refused(struct cluster *c, const struct place *p)
{
    char path[500], conninfo[900], text[400] = "";
    int out[2], status;
    snprintf(path, sizeof(path), "%s/.s.PGSQL." CLUSTER_PORT, cluster_socket_dir(c));
    assert_int_equal(chmod(path, 0777), 0);
    assert_int_equal(chmod(cluster_socket_dir(c), 0711), 0);
    snprintf(path, sizeof(path), "%s/cluster", p->home);
    assert_int_equal(chmod(path, 0711), 0);
    assert_int_equal(chmod(p->home, 0711), 0);
    assert_int_equal(chmod(p->root, 0711), 0);
    cluster_conninfo(c, conninfo, sizeof(conninfo), "postgres", "postgres");
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
            _exit(2);
        PGconn *conn = PQconnectdb(conninfo);
        dprintf(out[1], "%s", PQerrorMessage(conn));
        _exit(PQstatus(conn) == CONNECTION_OK);
    }
    close(out[1]);
    ssize_t n = read(out[0], text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = '\0';
    close(out[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_non_null(strstr(text, "Peer authentication failed"));
    assert_int_equal(chmod(cluster_socket_dir(c), 0700), 0);
}

static void test_another_user_is_refused_even_past_the_directories(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    struct cluster *c = must_join(&shared, 0);
    struct stat st;
    assert_int_equal(stat(cluster_data_dir(c), &st), 0);
    assert_int_not_equal(st.st_uid, 0); /* the server is not root's */
    expect_stranger_refused(c, &shared);
    cluster_leave(c);
}

static void test_root_in_a_directory_of_roots_alone_gets_a_server(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    struct place p;
    place_make(&p, true);
    struct cluster_options o = place_options(&p, 0);
    struct cluster *c = NULL;
    struct error e = {0};
    if (cluster_join(&o, &c, &e)) {
        place_remove(&p);
        assert_non_null(strstr(e.text, "root")); /* no namespaces here: it says what to do */
        assert_true(e.fix[0] != '\0');
        skip();
    }
    struct stat st;
    assert_int_equal(stat(cluster_data_dir(c), &st), 0);
    assert_int_equal(st.st_uid, 0);
    expect(c, "SELECT 1", "1");
    expect_stranger_refused(c, &p);
    cluster_leave(c);
    assert_true(place_is_quiet(&p, PATIENCE_MS));
    c = must_join(&p, 0);
    pid_t server = place_status(&p).postmaster_pid, supervisor = place_status(&p).supervisor_pid;
    kill(supervisor, SIGKILL); /* the next one is in a namespace of its own, beside the server's */
    assert_true(process_gone(supervisor, PATIENCE_MS));
    struct cluster *other = must_join(&p, 0);
    assert_int_equal(place_status(&p).postmaster_pid, server);
    cluster_leave(other);
    cluster_leave(c);
    place_remove(&p);
}

static void test_root_may_visit_the_cluster_of_a_user_without_taking_it_over(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    enum { DAEMON = 1 }; /* in every passwd file */
    struct place p;
    struct stat st;
    place_make(&p, false);
    assert_int_equal(chown(p.root, DAEMON, DAEMON), 0);
    struct client owner = client_start_as(&p, 0, DAEMON);
    assert_true(client_joined(&owner, NULL, 0));
    struct cluster *c = must_join(&p, 0); /* while it runs */
    expect(c, "SELECT 1", "1");
    cluster_leave(c);
    client_leave(&owner);
    assert_true(place_is_quiet(&p, PATIENCE_MS));
    c = must_join(&p, 0); /* and when root has to start it */
    expect(c, "SELECT 1", "1");
    char proc[64];
    snprintf(proc, sizeof(proc), "/proc/%d", place_status(&p).postmaster_pid);
    assert_int_equal(stat(proc, &st), 0);
    assert_int_equal(st.st_uid, DAEMON);
    owner = client_start_as(&p, 0, DAEMON);
    assert_true(client_joined(&owner, NULL, 0));
    cluster_leave(c);
    client_leave(&owner);
    assert_true(place_is_quiet(&p, PATIENCE_MS));
    owner = client_start_as(&p, 0, DAEMON);
    assert_true(client_joined(&owner, NULL, 0));
    client_leave(&owner);
    place_remove(&p);
}

static void test_a_launcher_that_ignores_its_children_can_still_make_a_cluster(void **state)
{
    (void)state;
    struct place p;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before, during;
    place_make(&p, false);
    assert_int_equal(sigaction(SIGCHLD, &ignore, &before), 0);
    struct cluster *c = must_join(&p, 0);
    assert_int_equal(sigaction(SIGCHLD, &before, &during), 0);
    assert_true(during.sa_handler == SIG_IGN); /* the caller's choice is kept */
    expect(c, "SELECT 1", "1");
    cluster_leave(c);
    place_remove(&p);
}

static void test_keys_and_open_files_of_the_client_do_not_reach_the_server(void **state)
{
    (void)state;
    char path[64], environment[4096] = "", target[400];
    setenv("ANTHROPIC_API_KEY", "sk-secret-of-the-test", 1);
    setenv("PGPORT", "1", 1);
    setenv("PGOPTIONS", "-c nonsense=1", 1);
    int marker = open("/etc/passwd", O_RDONLY); /* without O_CLOEXEC, as a library might */
    struct cluster *c = must_join(&shared, 0);
    expect(c, "SELECT 1", "1");
    unsetenv("ANTHROPIC_API_KEY");
    unsetenv("PGPORT");
    unsetenv("PGOPTIONS");
    struct cluster_status status = place_status(&shared);
    snprintf(path, sizeof(path), "/proc/%d/environ", status.postmaster_pid);
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t n = read(fd, environment, sizeof(environment) - 1);
    close(fd);
    assert_true(n > 0);
    assert_null(memmem(environment, (size_t)n, "secret", 6));
    assert_null(memmem(environment, (size_t)n, "PGPORT", 6));
    int pids[2] = {status.postmaster_pid, status.supervisor_pid};
    for (int i = 0; i < 2; i++)
        for (fd = 0; fd < 64; fd++) {
            snprintf(path, sizeof(path), "/proc/%d/fd/%d", pids[i], fd);
            n = readlink(path, target, sizeof(target) - 1);
            target[n > 0 ? n : 0] = '\0';
            assert_string_not_equal(target, "/etc/passwd");
            assert_null(strstr(target, "clients.lock"));
        }
    close(marker);
    cluster_leave(c);
}

static void make_program(const char *root, const char *dir, const char *name)
{
    char path[500];
    snprintf(path, sizeof(path), "%s%s/%s", root, dir, name);
    for (char *s = path + strlen(root) + 1; (s = strchr(s, '/')); s++) {
        *s = '\0';
        mkdir(path, 0755);
        *s = '/';
    }
    assert_true(write_text(path, "#!/bin/sh\necho 'postgres (PostgreSQL) 12.3'\n", geteuid()));
    assert_int_equal(chmod(path, 0755), 0);
}

static void test_missing_programs_are_named_with_their_package(void **state)
{
    (void)state;
    struct place p;
    struct error e = {0};
    char dir[CLUSTER_PATH], expected[CLUSTER_PATH];
    place_make(&p, false);
    assert_int_equal(cluster_find_bindir(p.root, NULL, 0, true, dir, &e), ERR_FAILED);
    assert_non_null(strstr(e.fix, "apt install postgresql,"));
    assert_non_null(strstr(e.fix, "DATABASE_URL"));
    static const char *const dirs[] = {"/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/9/bin",
                                       "/usr/lib/postgresql/17/bin", "/usr/pgsql-16/bin"};
    for (int i = 0; i < 4; i++) {
        make_program(p.root, dirs[i], "postgres");
        make_program(p.root, dirs[i], "initdb");
    }
    make_program(p.root, "/usr/lib/postgresql/18/bin", "psql"); /* the client's package alone */
    assert_int_equal(cluster_find_bindir(p.root, NULL, 0, true, dir, &e), OK);
    snprintf(expected, sizeof(expected), "%s%s", p.root, dirs[2]);
    assert_string_equal(dir, expected);
    assert_int_equal(cluster_find_bindir(p.root, NULL, 16, true, dir, &e), OK);
    snprintf(expected, sizeof(expected), "%s%s", p.root, dirs[3]);
    assert_string_equal(dir, expected);
    assert_int_equal(cluster_find_bindir(p.root, NULL, 14, true, dir, &e), ERR_FAILED);
    assert_string_equal(e.fix, "apt install postgresql-14");
    assert_int_equal(cluster_find_bindir("", "/nonexistent", 0, true, dir, &e), ERR_FAILED);
    assert_int_equal(cluster_find_bindir("", expected, 15, true, dir, &e), ERR_FAILED);
    assert_non_null(strstr(e.text, "version 12"));
    assert_int_equal(cluster_find_bindir("", expected, 0, true, dir, &e), ERR_FAILED);
    assert_non_null(strstr(e.text, "too old"));
    place_remove(&p);
}

static void test_a_database_of_a_version_not_installed_is_left_alone(void **state)
{
    (void)state;
    struct place p;
    struct cluster *c = NULL;
    struct error e = {0};
    char path[500];
    place_make(&p, false);
    mkdir(p.home, 0700);
    static const char *const dirs[] = {"/cluster", "/cluster/pg", "/cluster/pg/99"};
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s%s", p.home, dirs[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    snprintf(path, sizeof(path), "%s/cluster/pg/99/PG_VERSION", p.home);
    assert_true(write_text(path, "99\n", geteuid()));
    struct cluster_options o = place_options(&p, 0);
    assert_int_equal(cluster_join(&o, &c, &e), ERR_FAILED);
    assert_non_null(strstr(e.text, "PostgreSQL 99"));
    assert_string_equal(e.fix, "apt install postgresql-99");
    assert_int_equal(place_status(&p).postmaster_pid, 0);
    place_remove(&p);
}

static void test_a_server_that_cannot_start_says_why_and_leaves_nothing(void **state)
{
    (void)state;
    struct cluster *c = NULL;
    struct error e = {0};
    char path[600], aside[620];
    assert_true(place_is_quiet(&shared, PATIENCE_MS));
    snprintf(path, sizeof(path), "%s/global/pg_control", place_status(&shared).data_dir);
    snprintf(aside, sizeof(aside), "%s.aside", path);
    assert_int_equal(rename(path, aside), 0);
    struct cluster_options o = place_options(&shared, 0);
    assert_int_equal(cluster_join(&o, &c, &e), ERR_FAILED);
    assert_non_null(strstr(e.text, "could not find the database system"));
    assert_non_null(strstr(e.fix, "postgres.log"));
    assert_true(place_is_quiet(&shared, PATIENCE_MS));
    assert_int_equal(rename(aside, path), 0);
    c = must_join(&shared, 0); /* mended, it starts */
    cluster_leave(c);
}

static void test_the_log_of_months_does_not_fill_the_disk(void **state)
{
    (void)state;
    char log[600];
    struct stat st;
    assert_true(place_is_quiet(&shared, PATIENCE_MS));
    /* Which only root sees in /proc; its last words are in the log before its lock goes. */
    pid_t supervisor = place_status(&shared).supervisor_pid;
    assert_true(!supervisor || process_gone(supervisor, PATIENCE_MS));
    snprintf(log, sizeof(log), "%s/cluster/log/postgres.log", shared.home);
    assert_int_equal(truncate(log, 9 << 20), 0);
    struct cluster *c = must_join(&shared, 0);
    assert_int_equal(stat(log, &st), 0);
    assert_true(st.st_size > 0 && st.st_size < 1 << 20);
    cluster_leave(c);
    snprintf(log, sizeof(log), "%s/cluster/log/postgres.log.1", shared.home);
    assert_int_equal(stat(log, &st), 0);
    assert_int_equal(st.st_size, 9 << 20);
}

static void test_another_server_at_our_socket_is_not_taken_for_ours(void **state)
{
    (void)state;
    struct place p;
    place_make(&p, false);
    struct cluster *ours = must_join(&p, 0), *theirs = must_join(&shared, 0);
    struct error e = {0};
    struct cluster wrong = *ours;
    snprintf(wrong.at.sock, sizeof(wrong.at.sock), "%s", cluster_socket_dir(theirs));
    assert_int_equal(cluster_verify(&wrong, false, NULL, &e), CLUSTER_FOREIGN);
    assert_int_equal(cluster_verify(ours, false, NULL, &e), CLUSTER_OURS);
    cluster_leave(ours);
    cluster_leave(theirs);
    place_remove(&p);
}

static void test_a_connection_to_another_server_is_not_taken_for_ours(void **state)
{
    (void)state;
    struct place p;
    struct error e = {0};
    char conninfo[1024];
    place_make(&p, false);
    struct cluster *ours = must_join(&p, 0), *theirs = must_join(&shared, 0);
    struct cluster_options o = place_options(&p, 0);
    struct cluster *held = cluster_hold(&o); /* it runs: the hold is had at once */
    assert_non_null(held);
    struct loop *l = loop_new();
    cluster_conninfo(theirs, conninfo, sizeof(conninfo), "quorum_app", "postgres");
    struct db *d = db_new(l, &(struct db_options){.conninfo = conninfo});
    assert_false(cluster_is_server(theirs, d)); /* no connection is nobody's */
    assert_int_equal(db_open(d, PATIENCE_MS, &e), OK);
    assert_true(cluster_is_server(theirs, d));
    assert_false(cluster_is_server(ours, d));
    assert_false(cluster_is_server(held, d));
    db_free(d);
    loop_free(l);
    cluster_leave(held);
    cluster_leave(ours);
    cluster_leave(theirs);
    assert_true(place_is_quiet(&p, PATIENCE_MS));
    assert_null(cluster_hold(&o)); /* and where none runs, it starts none */
    place_remove(&p);
}

static void test_looking_starts_nothing(void **state)
{
    (void)state;
    struct place p;
    place_make(&p, false);
    struct cluster_status status = place_status(&p);
    assert_false(status.exists || status.running);
    assert_int_not_equal(access(p.home, F_OK), 0);
    place_remove(&p);
    assert_true(place_is_quiet(&shared, PATIENCE_MS));
    status = place_status(&shared);
    assert_true(status.exists);
    assert_false(status.running);
    struct cluster *c = must_join(&shared, 0);
    status = place_status(&shared);
    assert_true(status.running);
    assert_int_equal(status.clients, 0);
    assert_string_equal(status.data_dir, cluster_data_dir(c));
    assert_string_equal(status.socket_dir, cluster_socket_dir(c));
    assert_non_null(strchr(status.version, '.'));
    cluster_leave(c);
}

static void test_variables_of_another_server_do_not_reach_the_private_one(void **state)
{
    (void)state;
    static const char *const set[][2] = {
        {"PGSERVICE", "nosuch"},
        {"PGSSLMODE", "bogus"},
        {"PGREQUIREPEER", "x"},
        {"PGGSSENCMODE", "require"},
        {"PGHOSTADDR", "1.2.3.4"},
        {"PGCHANNELBINDING", "require"},
        {"PGTARGETSESSIONATTRS", "standby"},
        {"PGTZ", "bogus"},
    };
    struct cluster *c = must_join(&shared, 0);
    for (size_t i = 0; i < sizeof(set) / sizeof(set[0]); i++) {
        setenv(set[i][0], set[i][1], 1);
        struct cluster *next = must_join(&shared, 0);
        expect(next, "SELECT 1", "1");
        cluster_leave(next);
        unsetenv(set[i][0]);
    }
    cluster_leave(c);
}

static volatile sig_atomic_t heard;

static void hear(int number)
{
    heard = number;
}

static void test_a_signal_ends_the_wait_for_a_server_that_hangs(void **state)
{
    (void)state;
    struct sigaction own = {.sa_handler = hear}, before;
    struct cluster_options o = place_options(&shared, 0);
    struct cluster *c = must_join(&shared, 0), *next = NULL;
    struct error e = {0};
    pid_t server = place_status(&shared).postmaster_pid, self = getpid();
    sigaction(SIGTERM, &own, &before);
    kill(server, SIGSTOP);
    pid_t sender = fork();
    if (sender == 0) {
        poll(NULL, 0, 200);
        kill(self, SIGTERM);
        _exit(0);
    }
    enum err r = cluster_join(&o, &next, &e);
    kill(server, SIGCONT);
    sigaction(SIGTERM, &before, NULL);
    waitpid(sender, NULL, 0);
    assert_int_equal(r, ERR_TRANSIENT);
    assert_string_equal(e.text, "interrupted");
    assert_int_equal(heard, SIGTERM); /* the program's own handler still gets it */
    cluster_leave(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_first_run_gives_a_working_database_nobody_else_can_reach),
        cmocka_unit_test(test_a_later_start_keeps_the_data_and_is_quick),
        cmocka_unit_test(test_joining_uses_the_running_server),
        cmocka_unit_test(test_ten_first_runs_at_once_make_one_database),
        cmocka_unit_test(test_ten_requests_for_a_database_create_it_once),
        cmocka_unit_test(test_the_server_outlives_its_starter_and_ends_after_the_last_client),
        cmocka_unit_test(test_start_and_stop_in_quick_turns_never_collide),
        cmocka_unit_test(test_many_clients_coming_and_going_all_get_in),
        cmocka_unit_test(test_a_home_too_long_for_a_socket_still_works),
        cmocka_unit_test(test_another_user_is_refused_even_past_the_directories),
        cmocka_unit_test(test_root_in_a_directory_of_roots_alone_gets_a_server),
        cmocka_unit_test(test_root_may_visit_the_cluster_of_a_user_without_taking_it_over),
        cmocka_unit_test(test_a_launcher_that_ignores_its_children_can_still_make_a_cluster),
        cmocka_unit_test(test_keys_and_open_files_of_the_client_do_not_reach_the_server),
        cmocka_unit_test(test_missing_programs_are_named_with_their_package),
        cmocka_unit_test(test_a_database_of_a_version_not_installed_is_left_alone),
        cmocka_unit_test(test_a_server_that_cannot_start_says_why_and_leaves_nothing),
        cmocka_unit_test(test_the_log_of_months_does_not_fill_the_disk),
        cmocka_unit_test(test_another_server_at_our_socket_is_not_taken_for_ours),
        cmocka_unit_test(test_a_connection_to_another_server_is_not_taken_for_ours),
        cmocka_unit_test(test_looking_starts_nothing),
        cmocka_unit_test(test_variables_of_another_server_do_not_reach_the_private_one),
        cmocka_unit_test(test_a_signal_ends_the_wait_for_a_server_that_hangs),
    };
    return cmocka_run_group_tests(tests, make_shared, remove_shared);
}
