/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The first run: initdb into pg/new.PID, which becomes pg/MAJOR by one rename when complete. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/store/cluster_internal.h"
#include "quorum/buf.h"
#include "quorum/timeutil.h"

/* How the child that makes the data ended. */
enum { MADE = 0, NO_IDENTITY = 10, NO_DIRECTORY, NO_INITDB, NO_SETTINGS, NO_RENAME };

static const char settings_fixed[] =
    "# Written by quorum at every start. Your own settings: ALTER SYSTEM, which wins.\n"
    "shared_buffers = 32MB\n"
    "max_connections = 40\n"
    "min_wal_size = 8MB\n"
    "max_wal_size = 256MB\n"
    "wal_level = minimal\n"
    "max_wal_senders = 0\n"
    "max_logical_replication_workers = 0\n"
    "jit = off\n"
    "timezone = 'UTC'\n"
    "log_timezone = 'UTC'\n"
    "lc_messages = 'C'\n"
    "cluster_name = 'quorum'\n"
    "log_destination = 'stderr'\n"
    "logging_collector = off\n"
    "log_line_prefix = '%m [%p] %q%u@%d '\n"
    "log_checkpoints = off\n"
    /* Statements and their parameters hold prompts: they stay out of the log. */
    "log_statement = 'none'\n"
    "log_min_error_statement = panic\n";

static const char settings_tests[] =
    "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n";

static bool write_file(const char *dir, const char *name, const char *text)
{
    char path[CLUSTER_PATH], temporary[CLUSTER_PATH];
    if (!cluster_path(path, "%s/%s", dir, name) || !cluster_path(temporary, "%s/%s.new", dir, name))
        return false;
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    size_t len = strlen(text);
    bool done = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
    return close(fd) == 0 && done && rename(temporary, path) == 0;
}

/* One line a pair, as "all" for the role exists only from PostgreSQL 16 on. */
static void write_map(char *dst, size_t size, const struct cluster_identity *id)
{
    static const char *const roles[] = {CLUSTER_SUPERUSER, "quorum_owner", "quorum_app",
                                        "quorum_ro"};
    const char *names[] = {id->name, id->owner, "root"};
    size_t n = 0;
    for (int i = 0; i < 3; i++) {
        bool seen = i == 2 && id->as == CLUSTER_AS_NAMESPACE; /* root is not itself in there */
        for (int k = 0; k < i; k++)
            seen |= !strcmp(names[i], names[k]);
        for (int k = 0; k < 4 && !seen && n < size; k++) {
            int add = snprintf(dst + n, size - n, "quorum \"%s\" %s\n", names[i], roles[k]);
            n += add > 0 ? (size_t)add : 0;
        }
    }
}

bool cluster_write_settings(const char *data, const struct cluster *c)
{
    char text[4096], map[4096] = "";
    snprintf(text, sizeof(text), "%s%s", settings_fixed, c->durable ? "" : settings_tests);
    write_map(map, sizeof(map), &c->as);
    return write_file(data, "quorum.conf", text) && write_file(data, "pg_ident.conf", map) &&
           write_file(data, "pg_hba.conf", "local all all peer map=quorum\n");
}

static bool append_include(const char *data)
{
    char path[CLUSTER_PATH];
    static const char line[] = "\ninclude 'quorum.conf'\n";
    if (!cluster_path(path, "%s/postgresql.conf", data))
        return false;
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool done = write(fd, line, sizeof(line) - 1) == (ssize_t)sizeof(line) - 1 && fsync(fd) == 0;
    return close(fd) == 0 && done;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st, (void)type, (void)where;
    remove(path);
    return 0;
}

/* What killed first runs left. Nobody works in them: initdb and its children hold ctl.lock. */
static void sweep_leftovers(const char *pg)
{
    DIR *d = opendir(pg);
    if (!d)
        return;
    for (struct dirent *entry; (entry = readdir(d));) {
        char path[CLUSTER_PATH];
        if (!strncmp(entry->d_name, "new.", 4) && cluster_path(path, "%s/%s", pg, entry->d_name))
            nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    }
    closedir(d);
}

static bool run_initdb(const struct cluster *c, char *data)
{
    char program[CLUSTER_PATH], log[CLUSTER_PATH];
    if (!cluster_path(program, "%s/initdb", c->at.bindir) ||
        !cluster_path(log, "%s/initdb.log", c->at.log))
        return false;
    const char *const argv[] = {program,
                                "-D",
                                data,
                                "-U",
                                CLUSTER_SUPERUSER,
                                "-E",
                                "UTF8",
                                "--locale=C.UTF-8",
                                "--auth-local=peer",
                                "--auth-host=reject",
                                "--data-checksums",
                                "--wal-segsize=1",
                                "--no-instructions",
                                c->durable ? NULL : "--no-sync",
                                NULL};
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent && cluster_log_to(log, true)) /* ctl.lock (3) goes with it */
            execve(program, (char *const *)argv, cluster_child_environ());
        _exit(127);
    }
    int status = -1;
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return pid > 0 && status == 0;
}

static bool sync_dir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool done = fsync(fd) == 0;
    close(fd);
    return done;
}

static bool read_major(const char *data, char *dst, size_t size)
{
    char path[CLUSTER_PATH];
    FILE *f = cluster_path(path, "%s/PG_VERSION", data) ? fopen(path, "re") : NULL;
    if (!f)
        return false;
    bool done = fgets(dst, (int)size, f) != NULL;
    fclose(f);
    dst[done ? strspn(dst, "0123456789") : 0] = '\0';
    return done && dst[0];
}

static int make_data(const struct cluster *c, pid_t client)
{
    char fresh[CLUSTER_PATH], final[CLUSTER_PATH], major[16];
    if (!cluster_identity_assume(&c->as))
        return NO_IDENTITY;
    /* A killed client ends this too (setuid cleared the flag, so it is set after it). */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != client)
        return NO_IDENTITY;
    sweep_leftovers(c->at.pg);
    if (!cluster_path(fresh, "%s/new.%d", c->at.pg, (int)getpid()) || mkdir(fresh, 0700))
        return NO_DIRECTORY;
    int result = MADE;
    if (!run_initdb(c, fresh))
        result = NO_INITDB;
    else if (!append_include(fresh) || !cluster_write_settings(fresh, c))
        result = NO_SETTINGS;
    else if (!read_major(fresh, major, sizeof(major)) ||
             !cluster_path(final, "%s/%s", c->at.pg, major) || !sync_dir(fresh) ||
             rename(fresh, final) || !sync_dir(c->at.pg))
        result = NO_RENAME;
    if (result != MADE)
        nftw(fresh, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return result;
}

static enum err explain(const struct cluster *c, int status, struct error *e)
{
    char log[CLUSTER_PATH], line[256] = "";
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (code == NO_INITDB && cluster_path(log, "%s/initdb.log", c->at.log))
        cluster_log_reason(log, 0, line, sizeof(line));
    const char *what = code == NO_IDENTITY    ? "cannot become the server's user"
                       : code == NO_DIRECTORY ? "cannot write into the directory"
                       : code == NO_INITDB    ? "initdb failed"
                       : code == NO_SETTINGS  ? "cannot write the settings"
                       : code == NO_RENAME    ? "cannot put the finished data in place"
                                              : "interrupted";
    err_set(e, ERR_FAILED, "cannot create the private database in %s: %s%s%s", c->at.pg, what,
            line[0] ? ": " : "", line);
    return err_fix(e, "see %s/initdb.log; nothing half-made was kept", c->at.log);
}

enum err cluster_create(struct cluster *c, int64_t deadline_us, struct error *e)
{
    int status = -1;
    pid_t client = getpid(), pid = cluster_fork();
    if (pid < 0)
        return err_set(e, ERR_TRANSIENT, "cannot start a process: %s", strerror(errno));
    if (pid == 0) {
        /* It keeps ctl.lock: should the client be killed, nobody starts a second initdb while
         * any process of this one still writes. */
        cluster_child_begin(c->ctl_fd);
        setsid(); /* Ctrl-C is for the client, and ends this through it */
        _exit(make_data(c, client));
    }
    bool ended;
    int64_t now;
    do {
        now = time_monotonic_us();
        ended = cluster_wait_child(pid, now + USEC_SECOND / 20, &status);
    } while (!ended && now < deadline_us && !cluster_interrupted());
    if (!ended) {
        kill(pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
        if (cluster_interrupted())
            return err_set(e, ERR_TRANSIENT, "interrupted");
        return err_set(e, ERR_TRANSIENT, "creating the private database took too long");
    }
    cluster_paths_scan(&c->at);
    return c->at.major ? OK : explain(c, status, e);
}
