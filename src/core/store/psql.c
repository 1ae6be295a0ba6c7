/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/psql.h"

#include <errno.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "core/store/dburl.h"
#include "quorum/db.h"
#include "quorum/log.h"
#include "quorum/mem.h"

#define SESSION_OPTIONS "-c search_path=quorum,public -c timezone=UTC"
enum { PASS_FD = 3, PROBE_MS = 5000 };

static void add_escaped(struct buf *b, const char *text)
{
    for (; *text; text++) {
        if (*text == ':' || *text == '\\')
            buf_char(b, '\\');
        buf_char(b, *text);
    }
}

/* A pgpass file without a name: it is gone with the last process that has it open, also when all
 * are killed. libpq wants a regular file that only its owner may read. */
static enum err password_file(const char *user, const char *password, int *fd, struct error *e)
{
    struct buf line = {0};
    buf_str(&line, "*:*:*:");
    if (*user)
        add_escaped(&line, user);
    else
        buf_char(&line, '*');
    buf_char(&line, ':');
    add_escaped(&line, password);
    buf_char(&line, '\n');
    *fd = memfd_create("pgpass", MFD_CLOEXEC);
    bool done =
        *fd >= 0 && fchmod(*fd, 0600) == 0 && write(*fd, line.data, line.len) == (ssize_t)line.len;
    explicit_bzero(line.data, line.len);
    buf_release(&line);
    return done ? OK
                : err_set(e, ERR_FAILED, "cannot hand the password to psql: %s", strerror(errno));
}

/* libpq knows which variable stands for which keyword. Secrets (dispchar '*') stay out. */
static void set_environment(const struct conninfo *c, bool isolate, bool has_password)
{
    PQconninfoOption *all = PQconndefaults();
    for (PQconninfoOption *o = all; o && o->keyword; o++) {
        const char *value = conninfo_get(c, o->keyword);
        bool secret = strchr(o->dispchar, '*') != NULL;
        if (!o->envvar || strcmp(o->keyword, "passfile") == 0)
            continue;
        if (value && !secret)
            setenv(o->envvar, value, 1);
        else if (isolate || (secret && has_password))
            unsetenv(o->envvar);
    }
    PQconninfoFree(all);
    if (isolate) {
        unsetenv("PGSERVICE");
        unsetenv("PGSERVICEFILE");
    }
}

static void session_options(struct conninfo *c)
{
    const char *own = conninfo_get(c, "options");
    struct buf b = {0};
    buf_printf(&b, "%s%s%s", SESSION_OPTIONS, own && *own ? " " : "", own ? own : "");
    conninfo_put(c, "options", buf_text(&b));
    buf_release(&b);
}

struct child {
    uv_process_t process; /* first: the callbacks find the child through it */
    bool ended, closed;
    int status;
};

static void on_exit_of(uv_process_t *process, int64_t code, int term_signal)
{
    struct child *c = (struct child *)process;
    c->status = term_signal ? 128 + term_signal : (int)code;
    c->ended = true;
}

static bool has_ended(void *arg)
{
    return ((struct child *)arg)->ended;
}

static void on_close(uv_handle_t *handle)
{
    ((struct child *)handle)->closed = true;
}

static bool is_closed(void *arg)
{
    return ((struct child *)arg)->closed;
}

/* The terminal gives Ctrl-C to psql as well, which cancels its statement and lives on. */
static void pass_on_signal(struct loop *l, struct child *c)
{
    int number = loop_interrupted(l);
    loop_clear_interrupt(l);
    if (number && !(number == SIGINT && isatty(STDIN_FILENO)))
        uv_process_kill(&c->process, number);
}

static enum err spawn(const struct psql_options *o, const char *program, int pass_fd, int *status,
                      struct error *e)
{
    const char *argv[2 + 64] = {"psql"};
    struct child child = {0};
    uv_stdio_container_t stdio[PASS_FD + 1];
    int nstdio = pass_fd < 0 ? PASS_FD : PASS_FD + 1;
    for (int i = 0; i < nstdio; i++) {
        stdio[i].flags = UV_INHERIT_FD;
        stdio[i].data.fd = i < PASS_FD ? i : pass_fd;
    }
    for (int i = 0; i < o->nargs && i < 64; i++)
        argv[1 + i] = o->arg[i];
    uv_process_options_t options = {.file = program,
                                    .args = (char **)argv,
                                    .exit_cb = on_exit_of,
                                    .stdio = stdio,
                                    .stdio_count = nstdio};
    int rc = uv_spawn(loop_uv(o->loop), &child.process, &options);
    if (rc == 0) {
        while (!loop_run_until(o->loop, has_ended, &child, LOOP_NO_DEADLINE))
            pass_on_signal(o->loop, &child);
        *status = child.status;
    }
    loop_clear_interrupt(o->loop);
    uv_close((uv_handle_t *)&child.process, on_close);
    while (!loop_run_until(o->loop, is_closed, &child, LOOP_NO_DEADLINE))
        loop_clear_interrupt(o->loop);
    if (rc == 0)
        return OK;
    err_set(e, ERR_FAILED, "cannot run psql: %s", uv_strerror(rc));
    return rc == UV_ENOENT ? err_fix(e, "apt install postgresql-client") : e->kind;
}

enum err psql_run(const struct psql_options *o, int *status, struct error *e)
{
    struct conninfo c;
    char program[600], path[40];
    int fd = -1;
    if (conninfo_parse(o->conninfo, &c, e))
        return e->kind;
    const char *password = conninfo_get(&c, "password"), *user = conninfo_get(&c, "user");
    enum err result = OK;
    if (password && *password)
        result = password_file(user ? user : "", password, &fd, e);
    if (!result) {
        if (o->session_settings)
            session_options(&c);
        set_environment(&c, o->isolate, fd >= 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", PASS_FD);
        if (fd >= 0)
            setenv("PGPASSFILE", path, 1);
        else if (conninfo_get(&c, "passfile"))
            setenv("PGPASSFILE", conninfo_get(&c, "passfile"), 1);
        snprintf(program, sizeof program, "%s/psql", o->bindir ? o->bindir : "");
        bool own = o->bindir && *o->bindir && access(program, X_OK) == 0;
        result = spawn(o, own ? program : "psql", fd, status, e);
    }
    if (fd >= 0)
        close(fd);
    conninfo_release(&c);
    return result;
}

bool psql_options_work(struct loop *l, const char *conninfo)
{
    struct conninfo c;
    struct buf text = {0};
    struct error unused;
    if (conninfo_parse(conninfo, &c, &unused))
        return false;
    session_options(&c);
    conninfo_print(&c, &text);
    conninfo_release(&c);
    struct db_options o = {.conninfo = buf_text(&text), .application = "quorum-psql"};
    struct db *d = db_new(l, &o);
    bool works = db_open(d, PROBE_MS, &unused) == OK;
    db_free(d);
    if (text.data)
        explicit_bzero(text.data, text.len);
    buf_release(&text);
    return works;
}
