/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/command/daemon.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "quorum/engine.h"
#include "quorum/log.h"
#include "quorum/text.h"

/* One line through the pipe: "ok PID", "already PID", or "KIND TEXT\tFIX". */
enum { WORD_MAX = DAEMON_WORD_MAX };

struct child {
    int report; /* -1: said already */
};

static void say(struct child *k, const char *line)
{
    if (k->report < 0)
        return;
    if (write(k->report, line, strlen(line)) < 0)
        log_write(LOG_WARN, "engine", "whoever started this engine is gone");
    close(k->report);
    k->report = -1;
}

static void engine_started(void *arg)
{
    char line[40];
    snprintf(line, sizeof line, "ok %ld", (long)getpid());
    say(arg, line);
}

/* An engine of this desk that lives on this host, 0 if there is none. */
static int64_t living_engine(struct desk *d, struct error *e)
{
    struct arena a = {0};
    struct engine_row *row;
    size_t n;
    int64_t pid = 0;
    char host[96] = "";
    gethostname(host, sizeof host - 1);
    if (engines_load(d, &a, &row, &n, e) == OK)
        for (size_t i = 0; i < n && !pid; i++)
            if (!row[i].gone && strcmp(row[i].state, "STOPPED") != 0 &&
                strcmp(row[i].host, host) == 0)
                pid = row[i].pid;
    arena_release(&a);
    return pid;
}

static void live(struct call *c, struct child *k, bool another, struct error *e)
{
    struct desk_options o = call_desk_options(c);
    struct engine_options run = {.started = engine_started, .arg = k};
    char line[40];
    o.lasting = true;
    o.progress = NULL;
    if (call_desk_with(c, &o, e))
        return;
    int64_t pid = another ? 0 : living_engine(c->desk, e);
    if (pid) {
        snprintf(line, sizeof line, "already %lld", (long long)pid);
        say(k, line);
    } else if (!e->kind) {
        engine_run(c->desk, &run, e);
    }
    desk_close(c->desk);
    c->desk = NULL;
}

/* Until it is told to go it holds nothing: no terminal, no desk. Without a parent it ends. */
static bool is_told_to_go(int go)
{
    char byte;
    ssize_t n;
    while ((n = read(go, &byte, 1)) < 0 && errno == EINTR)
        ;
    close(go);
    return n == 1;
}

static _Noreturn void child_main(struct call *c, int go, int report, const char *path, bool another)
{
    struct child k = {.report = report};
    struct error e = {0};
    char line[WORD_MAX];
    setsid();
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    if (chdir("/") < 0)
        log_write(LOG_WARN, "engine", "cannot leave the working directory: %s", strerror(errno));
    if (!is_told_to_go(go) ||
        fork() != 0) /* the engine is nobody's child: no zombie of a console */
        _exit(0);
    int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log >= 0)
        dup2(log, STDERR_FILENO); /* what a sanitizer or the C library may say */
    loop_forked(c->loop);
    live(c, &k, another, &e);
    if (e.kind) {
        snprintf(line, sizeof line, "%d %s\t%s\t%s", (int)e.kind, e.code, e.text, e.fix);
        say(&k, line);
        log_write(LOG_ERROR, "engine", "%s", e.text);
    }
    log_close();
    _exit((int)e.kind);
}

static enum err read_report(char *line, struct daemon_start *out, struct error *e)
{
    char *end;
    if (strncmp(line, "ok ", 3) == 0 || strncmp(line, "already ", 8) == 0) {
        out->already = *line == 'a';
        out->pid = strtoll(strchr(line, ' ') + 1, NULL, 10);
        return OK;
    }
    long kind = strtol(line, &end, 10);
    if (end == line || *end != ' ' || kind <= 0) {
        err_set(e, ERR_FAILED, "the engine ended before it was ready");
        return err_fix(e, "see %s", out->log);
    }
    char *code = end + 1, *text = strchr(code, '\t'), *fix = text ? strchr(text + 1, '\t') : NULL;
    if (!fix)
        return err_set(e, ERR_FAILED, "the engine ended before it was ready");
    *text++ = *fix++ = '\0';
    err_set(e, (enum err)kind, "%s", text);
    if (*code)
        err_code(e, code);
    return *fix ? err_fix(e, "%s", fix) : e->kind;
}

enum err daemon_prepare(struct call *c, bool another, struct daemon_child *out, struct error *e)
{
    int go[2], report[2];
    assert(!c->desk);
    *out = (struct daemon_child){.go = -1, .report = -1};
    snprintf(out->log, sizeof out->log, "%s/log/quorum.log", settings_home(c->settings));
    fflush(NULL);
    if (pipe2(go, O_CLOEXEC) < 0)
        return err_set(e, ERR_FAILED, "cannot make a pipe: %s", strerror(errno));
    if (pipe2(report, O_CLOEXEC) < 0) {
        close(go[0]);
        close(go[1]);
        return err_set(e, ERR_FAILED, "cannot make a pipe: %s", strerror(errno));
    }
    out->pid = fork();
    if (out->pid == 0) {
        close(go[1]);
        close(report[0]);
        child_main(c, go[0], report[1], out->log, another);
    }
    close(go[0]);
    close(report[1]);
    out->go = go[1];
    out->report = report[0];
    if (out->pid > 0)
        return OK;
    err_set(e, ERR_FAILED, "cannot start a process: %s", strerror(errno));
    daemon_release(out);
    return e->kind;
}

void daemon_go(struct daemon_child *child)
{
    if (write(child->go, "g", 1) < 0)
        log_write(LOG_WARN, "engine", "the process that was to be the engine is gone");
    close(child->go);
    child->go = -1;
}

bool daemon_listen(struct daemon_child *child)
{
    ssize_t k;
    size_t most = sizeof child->said - 1;
    do
        k = child->nsaid < most
                ? read(child->report, child->said + child->nsaid, most - child->nsaid)
                : 0;
    while (k < 0 && errno == EINTR);
    child->nsaid += k > 0 ? (size_t)k : 0;
    child->said[child->nsaid] = '\0';
    return k <= 0;
}

enum err daemon_answer(struct daemon_child *child, struct daemon_start *out, struct error *e)
{
    *out = (struct daemon_start){0};
    copy_text(out->log, sizeof out->log, child->log);
    while (!daemon_listen(child))
        continue;
    return read_report(child->said, out, e);
}

void daemon_release(struct daemon_child *child)
{
    if (child->go >= 0)
        close(child->go);
    if (child->report >= 0)
        close(child->report);
    while (child->pid > 0 && waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    *child = (struct daemon_child){.go = -1, .report = -1};
}

bool daemon_needed(struct desk *d)
{
    struct error ignored = {0};
    return living_engine(d, &ignored) == 0;
}

enum err daemon_engine(struct call *c, bool another, struct daemon_start *out, struct error *e)
{
    struct daemon_child child;
    *out = (struct daemon_start){0};
    if (daemon_prepare(c, another, &child, e))
        return e->kind;
    daemon_go(&child);
    enum err result = daemon_answer(&child, out, e);
    daemon_release(&child);
    return result;
}
