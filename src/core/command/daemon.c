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
enum { WORD_MAX = 900 };

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

static _Noreturn void child_main(struct call *c, int report, const char *path, bool another)
{
    struct child k = {.report = report};
    struct error e = {0};
    char line[WORD_MAX];
    setsid();
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(log >= 0 ? log : null, STDERR_FILENO); /* what a sanitizer or the C library may say */
    if (chdir("/") < 0)
        log_write(LOG_WARN, "engine", "cannot leave the working directory: %s", strerror(errno));
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

enum err daemon_engine(struct call *c, bool another, struct daemon_start *out, struct error *e)
{
    int fd[2];
    char line[WORD_MAX + 1];
    size_t n = 0;
    assert(!c->desk);
    *out = (struct daemon_start){0};
    snprintf(out->log, sizeof out->log, "%s/log/quorum.log", settings_home(c->settings));
    fflush(NULL);
    if (pipe2(fd, O_CLOEXEC) < 0)
        return err_set(e, ERR_FAILED, "cannot make a pipe: %s", strerror(errno));
    pid_t pid = fork();
    if (pid < 0)
        return err_set(e, ERR_FAILED, "cannot start a process: %s", strerror(errno));
    if (pid == 0) {
        close(fd[0]);
        if (fork() != 0) /* the engine is nobody's child: no zombie of a console */
            _exit(0);
        child_main(c, fd[1], out->log, another);
    }
    close(fd[1]);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    for (ssize_t k; n < WORD_MAX && (k = read(fd[0], line + n, WORD_MAX - n)) != 0;) {
        if (k < 0 && errno != EINTR)
            break;
        n += k > 0 ? (size_t)k : 0;
    }
    close(fd[0]);
    line[n] = '\0';
    return read_report(line, out, e);
}
