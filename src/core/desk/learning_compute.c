/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The arithmetic of a cycle takes up to seconds, and a loop that draws or keeps leases does not
 * wait: a forked process does it on its copy of everything and writes the results back as they are,
 * for both have the same addresses. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/desk/learning_private.h"
#include "quorum/mem.h"
#include "quorum/random.h"

enum { COMPUTE_DEADLINE_MS = 120000 };

/* ---- in the child ---- */

static bool put(int fd, const void *data, size_t n)
{
    const char *p = data;
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno != EINTR)
            return false;
        if (done > 0) {
            p += done;
            n -= (size_t)done;
        }
    }
    return true;
}

static void search(struct learning_run *r)
{
    struct pattern_options o = {
        .test = PATTERN_BY_WINS,
        .seed = random_stream("learning"),
        .discovery = r->discovery,
        .ndiscoveries = r->ndiscoveries,
        .since = r->since.c,
        .nsince = r->since.n,
        .until = r->mature,
    };
    pattern_search(r->seen.c, r->seen.n, &o, &r->report);
}

static void compare(struct learning_run *r)
{
    for (size_t i = 0; i < r->ntrials; i++) {
        struct learning_trial *t = &r->trial[i];
        struct error e = {0};
        t->compared = whatif_run(r->candidates, r->parameter, t->id, t->to, &t->w, &e) == OK;
        copy_text(t->why, sizeof t->why, e.text);
    }
}

static int child(struct learning_run *r, int fd)
{
    search(r);
    compare(r);
    return put(fd, &r->report, sizeof r->report) &&
                   put(fd, r->report.pattern, r->report.n * sizeof *r->report.pattern) &&
                   put(fd, r->trial, sizeof r->trial)
               ? 0
               : 1;
}

/* ---- in the parent ---- */

struct result {
    struct loop_io *io;
    int fd;
    struct buf got;
    bool ended;
};

static void arrived(void *arg, int events)
{
    struct result *t = arg;
    char part[16384];
    (void)events;
    ssize_t n = read(t->fd, part, sizeof part);
    if (n > 0)
        buf_add(&t->got, part, (size_t)n);
    else if (n == 0 || errno != EINTR)
        t->ended = true;
    if (t->ended)
        loop_io_want(t->io, 0);
}

static bool has_ended(void *arg)
{
    return ((const struct result *)arg)->ended;
}

/* The report, its patterns and the trials; what is not exactly that is no result. */
static bool take_result(struct learning_run *r, const struct buf *got)
{
    struct pattern_report *report = &r->report;
    if (got->len < sizeof *report)
        return false;
    memcpy(report, got->data, sizeof *report);
    size_t size = report->n * sizeof *report->pattern;
    bool whole =
        report->n == learning_conditions_n && got->len == sizeof *report + size + sizeof r->trial;
    report->pattern = NULL;
    if (!whole)
        return false;
    report->pattern = mem_alloc(size);
    memcpy(report->pattern, got->data + sizeof *report, size);
    memcpy(r->trial, got->data + sizeof *report + size, sizeof r->trial);
    return true;
}

enum err learning_compute(struct learning_run *r, struct error *e)
{
    struct result t = {0};
    int fds[2], status = -1;
    if (pipe(fds) < 0)
        return err_set(e, ERR_FAILED, "learning: no pipe: %s", strerror(errno));
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        _exit(child(r, fds[1]));
    }
    close(fds[1]);
    if (pid > 0) {
        t.fd = fds[0];
        t.io = loop_io_new(r->desk->loop, t.fd, arrived, &t);
        loop_io_want(t.io, LOOP_READ);
        loop_run_until(r->desk->loop, has_ended, &t, COMPUTE_DEADLINE_MS);
        loop_io_free(t.io);
        if (!t.ended)
            kill(pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    close(fds[0]);
    bool fine = pid > 0 && t.ended && WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
                take_result(r, &t.got);
    buf_release(&t.got);
    if (!fine)
        err_set(e, ERR_FAILED, "what was found could not be computed%s",
                loop_interrupted(r->desk->loop) ? ": interrupted" : "");
    return fine ? OK : e->kind;
}
