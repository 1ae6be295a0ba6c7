/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stale lock files. PostgreSQL refuses to start while kill(pid, 0) succeeds for the pid in
 * postmaster.pid or in the socket's lock file, which is wrong for a zombie that nobody reaps (PID 1
 * of many containers) and for a pid that another program got since. It still protects itself: a
 * living backend of the dead server is found by the shared memory key of the data directory. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/store/cluster_internal.h"
#include "quorum/buf.h"
#include "quorum/text.h"

/* Reads a small file, NUL-terminated; < 0 when it cannot be opened. */
static ssize_t read_small(const char *path, char *dst, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return -1;
    ssize_t n = read(fd, dst, size - 1);
    close(fd);
    dst[n > 0 ? n : 0] = '\0';
    return n;
}

static bool same_directory(const char *a, const char *b)
{
    struct stat x, y;
    return strcmp(a, b) == 0 ||
           (stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

/* The working directory decides. In another user namespace it cannot be read; then the command
 * line (readable by all) must name our data directory. */
static bool works_in(pid_t pid, const char *data)
{
    char path[64], text[4096];
    snprintf(path, sizeof(path), "/proc/%d/cwd", (int)pid);
    ssize_t n = readlink(path, text, sizeof(text) - 1);
    if (n >= 0) {
        text[n] = '\0';
        return same_directory(text, data);
    }
    snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
    n = read_small(path, text, sizeof(text));
    for (ssize_t i = 0; i < n; i += (ssize_t)strlen(text + i) + 1)
        if (strcmp(text + i, data) == 0)
            return true;
    return false;
}

static bool is_postmaster(pid_t pid, const char *data)
{
    char path[64], text[512];
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    if (read_small(path, text, sizeof(text)) <= 0)
        return false;
    char *name = strchr(text, '('), *end = strrchr(text, ')');
    if (!name || !end || end[1] != ' ' || end[2] == 'Z' || end[2] == 'X')
        return false;
    *end = '\0';
    return (!strcmp(name + 1, "postgres") || !strcmp(name + 1, "postmaster")) &&
           works_in(pid, data);
}

/* The nth line of a lock file (from 1), blanks at its end removed. */
static bool lock_line(const char *text, int n, char *dst, size_t size)
{
    for (; n > 1; n--) {
        text = strchr(text, '\n');
        if (!text)
            return false;
        text++;
    }
    size_t len = strcspn(text, "\n");
    while (len && text[len - 1] == ' ')
        len--;
    return copy_bytes(dst, size, text, len);
}

pid_t cluster_pid_read(const char *file, const char *data, bool *stale)
{
    char text[2048], line[32];
    int64_t pid = 0;
    *stale = false;
    if (read_small(file, text, sizeof(text)) < 0)
        return 0;
    bool named = lock_line(text, 1, line, sizeof(line)) && text_to_int64(line, &pid);
    if (named && pid < 0 && pid > -INT32_MAX)
        pid = -pid; /* postgres --single writes it so */
    if (named && pid > 1 && pid < INT32_MAX && is_postmaster((pid_t)pid, data))
        return (pid_t)pid;
    *stale = true;
    return 0;
}

pid_t cluster_pid_sweep(const struct cluster_paths *p)
{
    char file[CLUSTER_PATH];
    bool stale;
    if (!cluster_path(file, "%s/postmaster.pid", p->data))
        return 0;
    pid_t pid = cluster_pid_read(file, p->data, &stale);
    if (stale)
        unlink(file);
    if (cluster_path(file, "%s/.s.PGSQL." CLUSTER_PORT ".lock", p->sock)) {
        cluster_pid_read(file, p->data, &stale);
        if (stale)
            unlink(file);
    }
    return pid;
}

bool cluster_pid_was_ready(const struct cluster_paths *p, pid_t pid)
{
    char file[CLUSTER_PATH], text[2048], line[32];
    int64_t named;
    return cluster_path(file, "%s/postmaster.pid", p->data) &&
           read_small(file, text, sizeof(text)) > 0 && lock_line(text, 1, line, sizeof(line)) &&
           text_to_int64(line, &named) && named == pid && lock_line(text, 8, line, sizeof(line)) &&
           strcmp(line, "ready") == 0;
}
