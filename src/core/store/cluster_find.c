/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the server's programs are. Debian keeps every major in a directory of its own and puts
 * none of them in PATH; the RPM packages of the project use /usr/pgsql-N. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/store/cluster_internal.h"
#include "quorum/buf.h"
#include "quorum/timeutil.h"

static bool has_programs(const char *dir)
{
    char file[CLUSTER_PATH];
    return cluster_path(file, "%s/postgres", dir) && !access(file, X_OK) &&
           cluster_path(file, "%s/initdb", dir) && !access(file, X_OK);
}

static int leading_number(const char *s)
{
    int n = 0;
    for (; isdigit((unsigned char)*s) && n < 1000; s++)
        n = n * 10 + (*s - '0');
    return n;
}

/* "postgres (PostgreSQL) 15.20 (Debian ...)" -> 15; 0 when it cannot be run. */
static int version_of(const char *dir)
{
    char program[CLUSTER_PATH], text[128] = "";
    int out[2];
    if (!cluster_path(program, "%s/postgres", dir) || pipe2(out, O_CLOEXEC))
        return 0;
    const char *const argv[] = {program, "--version", NULL};
    pid_t pid = cluster_fork();
    if (pid == 0) {
        cluster_child_begin(out[1]);
        dup2(3, STDOUT_FILENO);
        execve(program, (char *const *)argv, cluster_child_environ());
        _exit(127);
    }
    close(out[1]);
    size_t n = 0;
    for (ssize_t got; pid > 0 && n < sizeof(text) - 1 &&
                      (got = read(out[0], text + n, sizeof(text) - 1 - n)) > 0;)
        n += (size_t)got;
    text[n] = '\0';
    close(out[0]);
    if (pid > 0)
        cluster_wait_child(pid, time_monotonic_us() + 10 * USEC_SECOND, NULL);
    const char *number = strstr(text, ") ");
    return number ? leading_number(number + 2) : 0;
}

static int newest_in(const char *dir, const char *prefix)
{
    int newest = 0;
    DIR *d = opendir(dir);
    if (!d)
        return 0;
    for (struct dirent *entry; (entry = readdir(d));) {
        char bin[CLUSTER_PATH];
        size_t skip = strlen(prefix);
        if (strncmp(entry->d_name, prefix, skip))
            continue;
        int major = leading_number(entry->d_name + skip);
        if (major > newest && cluster_path(bin, "%s/%s%d/bin", dir, prefix, major) &&
            has_programs(bin))
            newest = major;
    }
    closedir(d);
    return newest;
}

/* The known layouts, in which the directory's name tells the major. */
static bool find_known(const char *root, int major, char dst[CLUSTER_PATH])
{
    char debian[CLUSTER_PATH], rpm[CLUSTER_PATH];
    if (!cluster_path(debian, "%s/usr/lib/postgresql", root) || !cluster_path(rpm, "%s/usr", root))
        return false;
    int a = major ? major : newest_in(debian, "");
    int b = major ? major : newest_in(rpm, "pgsql-");
    bool in_debian =
        a >= CLUSTER_OLDEST_MAJOR && cluster_path(dst, "%s/%d/bin", debian, a) && has_programs(dst);
    if (in_debian && a >= b)
        return true;
    return (b >= CLUSTER_OLDEST_MAJOR && cluster_path(dst, "%s/pgsql-%d/bin", rpm, b) &&
            has_programs(dst)) ||
           (in_debian && cluster_path(dst, "%s/%d/bin", debian, a));
}

static bool find_in_path(const char *root, int major, char dst[CLUSTER_PATH])
{
    const char *path = root[0] ? NULL : getenv("PATH");
    while (path && *path) {
        size_t n = strcspn(path, ":");
        if (n && path[0] == '/' && cluster_path(dst, "%.*s", (int)n, path) && has_programs(dst)) {
            int found = version_of(dst);
            if (major ? found == major : found >= CLUSTER_OLDEST_MAJOR)
                return true;
        }
        path += n + (path[n] == ':');
    }
    return false;
}

static enum err check_wanted(const char *wanted, int major, bool check, char dst[CLUSTER_PATH],
                             struct error *e)
{
    if (!cluster_path(dst, "%s", wanted) || !has_programs(dst)) {
        err_set(e, ERR_FAILED, "QUORUM_PG_BINDIR=%s holds no postgres and initdb", wanted);
        return err_fix(e, "name the directory of the server's programs, or unset it");
    }
    if (!check)
        return OK;
    int found = version_of(dst);
    if (found == 0)
        return err_set(e, ERR_FAILED, "%s/postgres does not run", dst);
    if (major && found != major) {
        err_set(e, ERR_FAILED,
                "the private database was made by PostgreSQL %d, but "
                "QUORUM_PG_BINDIR=%s is version %d",
                major, wanted, found);
        return err_fix(e, "unset QUORUM_PG_BINDIR, or name the programs of version %d", major);
    }
    if (found < CLUSTER_OLDEST_MAJOR)
        return err_set(e, ERR_FAILED, "PostgreSQL %d at %s is too old: %d or later is needed",
                       found, wanted, CLUSTER_OLDEST_MAJOR);
    return OK;
}

enum err cluster_find_bindir(const char *root, const char *wanted, int major, bool check,
                             char dst[CLUSTER_PATH], struct error *e)
{
    if (wanted && wanted[0])
        return check_wanted(wanted, major, check, dst, e);
    if (find_known(root, major, dst) || find_in_path(root, major, dst))
        return OK;
    dst[0] = '\0';
    if (major) {
        err_set(e, ERR_FAILED,
                "the private database was made by PostgreSQL %d, whose programs "
                "are not installed; nothing was changed",
                major);
        return err_fix(e, "apt install postgresql-%d", major);
    }
    err_set(e, ERR_FAILED, "no PostgreSQL server is installed (libpq alone is only the client)");
    return err_fix(e, "apt install postgresql, or set DATABASE_URL to a server you have");
}
