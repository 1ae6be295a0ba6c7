/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Children of the private cluster: nothing of the client may leak into them, neither signal
 * handlers (one restores the terminal), nor descriptors, nor secrets of the environment. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/store/cluster_internal.h"
#include "quorum/buf.h"
#include "quorum/timeutil.h"

static const int watched[] = {SIGINT, SIGTERM, SIGHUP};
static volatile sig_atomic_t caught; /* which of them came; 0: none */

static void catch_signal(int number)
{
    caught = number;
}

/* Signals with their standard effect, and ignored ones, keep it: only a program's own handler,
 * which would be heard when we are done, is stood in for. No SA_RESTART: waits end at once. */
void cluster_signals_begin(struct cluster_signals *s)
{
    struct sigaction own = {.sa_handler = catch_signal};
    caught = 0;
    for (int i = 0; i < 3; i++) {
        s->ours[i] = sigaction(watched[i], NULL, &s->before[i]) == 0 &&
                     s->before[i].sa_handler != SIG_DFL && s->before[i].sa_handler != SIG_IGN &&
                     sigaction(watched[i], &own, NULL) == 0;
    }
}

void cluster_signals_end(const struct cluster_signals *s)
{
    for (int i = 0; i < 3; i++)
        if (s->ours[i])
            sigaction(watched[i], &s->before[i], NULL);
    int number = caught;
    caught = 0;
    if (number)
        raise(number);
}

bool cluster_interrupted(void)
{
    return caught != 0;
}

pid_t cluster_fork(void)
{
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    pid_t pid = fork();
    if (pid != 0)
        sigprocmask(SIG_SETMASK, &before, NULL);
    return pid;
}

void cluster_child_begin(int keep)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    caught = 0;
    for (int s = 1; s < NSIG; s++)
        sigaction(s, &standard, NULL); /* fails for SIGKILL and SIGSTOP, rightly */
    if (keep >= 0 && keep != 3 && dup2(keep, 3) < 0)
        _exit(126);
    if (keep >= 0)
        fcntl(3, F_SETFD, 0);
    closefrom(keep >= 0 ? 4 : 3); /* close_range(2) where the kernel has it */
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3 && null >= 0; fd++)
        dup2(null, fd);
    if (null > 3 || (null == 3 && keep < 0))
        close(null);
    umask(077);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Where the kernel keeps argv: fields 48 and 49 of stat(5). */
static bool find_arguments(char **from, size_t *len)
{
    char text[2048];
    int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char *at = strrchr(text, ')'); /* the name, field 2, may hold blanks */
    for (int field = 2; at && field < 48; field++)
        at = strchr(at + 1, ' ');
    char *rest = NULL;
    unsigned long long begin = at ? strtoull(at, &rest, 10) : 0;
    unsigned long long end = rest ? strtoull(rest, NULL, 10) : 0;
    if (!begin || end <= begin)
        return false;
    *from = (char *)(uintptr_t)begin;
    *len = (size_t)(end - begin);
    return true;
}

void cluster_child_title(const char *title)
{
    char *from;
    size_t len;
    if (!find_arguments(&from, &len))
        return;
    memset(from, 0, len);
    copy_text(from, len, title);
}

char *const *cluster_child_environ(void)
{
    static const char *const kept[] = {"PATH", "LANG", "LD_LIBRARY_PATH"};
    static char text[3][4096];
    static char *list[4];
    int n = 0;
    for (int i = 0; i < 3; i++) {
        const char *value = getenv(kept[i]);
        if (!value && i == 0)
            value = "/usr/sbin:/usr/bin:/sbin:/bin";
        if (!value)
            continue;
        int len = snprintf(text[n], sizeof(text[n]), "%s=%s", kept[i], value);
        if (len > 0 && (size_t)len < sizeof(text[n])) {
            list[n] = text[n];
            n++;
        }
    }
    list[n] = NULL;
    return list;
}

bool cluster_log_to(const char *path, bool truncate)
{
    int fd = open(path,
                  O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | (truncate ? O_TRUNC : 0),
                  0600);
    if (fd < 0)
        return false;
    bool done = dup2(fd, STDOUT_FILENO) >= 0 && dup2(fd, STDERR_FILENO) >= 0;
    close(fd);
    return done;
}

/* Pings of waiting clients are answered with a FATAL that means nothing. */
static bool tells(const char *line)
{
    return (strstr(line, "FATAL") || strstr(line, "PANIC") || strstr(line, "error:") ||
            strstr(line, "could not")) &&
           !strstr(line, "the database system is ");
}

void cluster_log_reason(const char *path, off_t from, char *dst, size_t size)
{
    char text[8193];
    dst[0] = '\0';
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return;
    ssize_t n = pread(fd, text, sizeof(text) - 1, from);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    for (char *line = text, *next; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        bool found = tells(line);
        if (found || !dst[0])
            copy_text(dst, size, line);
        if (found)
            return;
    }
}

bool cluster_wait_child(pid_t pid, int64_t deadline_us, int *status)
{
    int ignored;
    for (;;) {
        pid_t got = waitpid(pid, status ? status : &ignored, WNOHANG);
        if (got == pid)
            return true;
        if (got < 0 && errno != EINTR) {
            if (status)
                *status = -1; /* SIGCHLD is ignored by the client: how it ended is not known */
            return true;
        }
        if (time_monotonic_us() >= deadline_us)
            return false;
        cluster_pause(2);
    }
}
