/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/fixture.h"

#include <ftw.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "quorum/buf.h"
#include "quorum/mem.h"
#include "quorum/migrate.h"
#include "quorum/timeutil.h"

enum { OPEN_MS = 20000, STOP_MS = 20000, LINGER_MS = 50 };

static struct {
    struct cluster *cluster;
    struct cluster_options options;
    char home[256];
    bool have_template;
    int made; /* databases so far */
} shared;

static void must(enum err rc, const struct error *e, const char *what)
{
    if (rc != OK)
        fail_msg("%s: %s%s%s", what, e->text, e->fix[0] ? "; " : "", e->fix);
}

int fixture_start(void **state)
{
    const char *tmp = getenv("TMPDIR");
    struct error e = {0};

    *state = NULL;
    snprintf(shared.home, sizeof(shared.home), "%s/qXXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(shared.home))
        return -1;
    chmod(shared.home, 0711); /* a test run by root has a server run by postgres */
    shared.options =
        (struct cluster_options){.home = shared.home, .linger_ms = LINGER_MS, .durable = false};
    if (cluster_join(&shared.options, &shared.cluster, &e) == OK)
        return 0;
    print_error("no private cluster: %s; %s\n", e.text, e.fix);
    return -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

int fixture_stop(void **state)
{
    int64_t give_up = time_monotonic_us() + STOP_MS * 1000LL;
    struct cluster_status s = {.running = true};

    (void)state;
    cluster_leave(shared.cluster);
    while ((s.running || s.supervisor_pid) && time_monotonic_us() < give_up) {
        poll(NULL, 0, 5);
        if (cluster_inspect(&shared.options, &s, NULL) != OK)
            break;
    }
    if (s.running)
        print_error("the private cluster did not stop\n");
    nftw(shared.home, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return s.running ? -1 : 0;
}

static const char *conninfo(const char *role, const char *database)
{
    static char text[1024];

    return cluster_conninfo(shared.cluster, text, sizeof(text), role, database);
}

const char *fixture_conninfo(struct fixture *f, const char *role)
{
    return conninfo(role, f->database);
}

static struct db *open_on(struct loop *l, const char *role, const char *database)
{
    const struct db_options options = {
        .conninfo = conninfo(role, database), .application = "quorum-test", .reconnect = true};
    struct db *d = db_new(l, &options);
    struct error e = {0};

    must(db_open(d, OPEN_MS, &e), &e, "open");
    return d;
}

struct db *fixture_open(struct fixture *f, const char *role)
{
    return open_on(f->loop, role, f->database);
}

static int begin(void **state)
{
    struct fixture *f = mem_alloc(sizeof(*f));

    f->cluster = shared.cluster;
    f->loop = loop_new();
    copy_text(f->home, sizeof(f->home), shared.home);
    snprintf(f->database, sizeof(f->database), "t%d", ++shared.made);
    *state = f;
    return 0;
}

static void create(const char *name)
{
    struct error e = {0};

    must(cluster_ensure_database(shared.cluster, name, NULL, &e), &e, "create database");
}

int fixture_empty(void **state)
{
    struct fixture *f;

    begin(state);
    f = *state;
    create(f->database);
    f->db = fixture_open(f, "quorum_owner");
    return 0;
}

static void make_template(struct loop *l)
{
    struct error e = {0};
    int applied;

    create("quorum_template");
    struct db *d = open_on(l, "quorum_owner", "quorum_template");
    must(migrate_up(d, -1, &applied, &e), &e, "migrations");
    db_free(d);
    shared.have_template = true;
}

int fixture_desk(void **state)
{
    struct fixture *f;
    struct error e = {0};
    char sql[128];

    begin(state);
    f = *state;
    if (!shared.have_template)
        make_template(f->loop);
    struct db *admin = open_on(f->loop, "quorum_owner", "postgres");
    snprintf(sql, sizeof(sql), "CREATE DATABASE %s TEMPLATE quorum_template STRATEGY=file_copy",
             f->database);
    enum err rc = db_script(admin, sql, &e);
    if (rc != OK) { /* before PostgreSQL 15 there is no choice of strategy */
        snprintf(sql, sizeof(sql), "CREATE DATABASE %s TEMPLATE quorum_template", f->database);
        rc = db_script(admin, sql, &e);
    }
    must(rc, &e, "copy of the template");
    /* Settings of a database are not copied with it. */
    snprintf(sql, sizeof(sql), "ALTER DATABASE %s SET timezone TO 'UTC'", f->database);
    must(db_script(admin, sql, &e), &e, "settings");
    db_free(admin);
    f->db = fixture_open(f, "quorum_owner");
    return 0;
}

int fixture_drop(void **state)
{
    struct fixture *f = *state;
    struct error e = {0};

    db_free(f->db);
    enum err rc = cluster_drop_database(shared.cluster, f->database, &e);
    if (rc != OK)
        print_error("drop: %s\n", e.text);
    loop_free(f->loop);
    mem_free(f);
    return rc == OK ? 0 : -1;
}

void fixture_run(struct fixture *f, const char *sql)
{
    struct error e = {0};

    must(db_script(f->db, sql, &e), &e, sql);
}

const char *fixture_text(struct fixture *f, const char *sql)
{
    static char text[4096];
    const struct statement st = {.name = "test", .sql = sql};
    struct error e = {0};
    struct rows r;

    must(db_query(f->db, &st, NULL, &r, &e), &e, sql);
    const char *cell = r.nrows && r.ncols ? rows_text(&r, 0, 0) : NULL;
    copy_text(text, sizeof(text), cell ? cell : "");
    rows_release(&r);
    return text;
}

int64_t fixture_int(struct fixture *f, const char *sql)
{
    return strtoll(fixture_text(f, sql), NULL, 10);
}

int fixture_postmaster(struct fixture *f)
{
    struct cluster_status s;

    (void)f;
    return cluster_inspect(&shared.options, &s, NULL) == OK ? s.postmaster_pid : 0;
}

int fixture_backend(struct fixture *f, struct db *d)
{
    static const struct statement st = {.name = "pid", .sql = "SELECT pg_backend_pid()"};
    struct error e = {0};
    struct rows r;

    (void)f;
    must(db_query(d, &st, NULL, &r, &e), &e, "pid");
    int pid = (int)rows_int(&r, 0, 0);
    rows_release(&r);
    return pid;
}
