/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/cluster_clients.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <libpq-fe.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "quorum/buf.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

void place_make(struct place *p, bool private)
{
    const char *tmp = getenv("TMPDIR");
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* PID 1 of many containers reaps nobody */
    snprintf(p->root, sizeof(p->root), "%s/qcXXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(p->root));
    assert_int_equal(chmod(p->root, private ? 0700 : 0711), 0);
    snprintf(p->home, sizeof(p->home), "%s/h", p->root);
}

static bool link_is_below(int pid, const char *what, const char *root)
{
    char path[64], target[600];
    snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
    ssize_t n = readlink(path, target, sizeof(target) - 1);
    target[n > 0 ? n : 0] = '\0';
    return !strncmp(target, root, strlen(root));
}

/* Its working directory or its log is in the place; zombies have neither. */
static bool works_in(int pid, const char *root)
{
    return link_is_below(pid, "cwd", root) || link_is_below(pid, "fd/2", root);
}

/* All are found before the first is killed: children of a killed postmaster end by themselves. */
static int each_process(const struct place *p, const char *name, int signal)
{
    int found = 0;
    pid_t pids[256];
    DIR *d = opendir("/proc");
    assert_non_null(d);
    for (struct dirent *entry; (entry = readdir(d));) {
        int64_t pid;
        char path[64], comm[64] = "";
        if (!text_to_int64(entry->d_name, &pid) || pid == getpid() || !works_in((int)pid, p->root))
            continue;
        snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
        FILE *f = fopen(path, "re");
        if (!f)
            continue;
        if (fgets(comm, sizeof(comm), f))
            comm[strcspn(comm, "\n")] = '\0';
        fclose(f);
        if (name && strcmp(comm, name))
            continue;
        if (found < 256)
            pids[found++] = (pid_t)pid;
    }
    closedir(d);
    for (int i = 0; signal && i < found; i++)
        kill(pids[i], signal);
    return found;
}

bool place_is_quiet(const struct place *p, int timeout_ms)
{
    int64_t until = time_monotonic_us() + timeout_ms * (int64_t)1000;
    while (each_process(p, NULL, 0)) {
        if (time_monotonic_us() > until)
            return false;
        poll(NULL, 0, 5);
    }
    return true;
}

int place_kill_servers(const struct place *p)
{
    return each_process(p, "postgres", SIGKILL);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st, (void)type, (void)where;
    return remove(path);
}

void place_remove(struct place *p)
{
    bool quiet = place_is_quiet(p, PATIENCE_MS);
    if (!quiet)
        each_process(p, NULL, SIGKILL);
    assert_true(quiet);
    char link[500], target[300];
    snprintf(link, sizeof(link), "%s/cluster/s", p->home);
    ssize_t n = readlink(link, target, sizeof(target) - 1);
    if (n > 0) { /* a fall-back outside of the place */
        target[n] = '\0';
        rmdir(target);
        char *slash = strrchr(target, '/');
        if (slash) {
            *slash = '\0';
            rmdir(target);
        }
    }
    assert_int_equal(nftw(p->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

struct cluster_options place_options(const struct place *p, int linger_ms)
{
    return (struct cluster_options){.home = p->home, .linger_ms = linger_ms, .durable = false};
}

struct cluster_status place_status(const struct place *p)
{
    struct cluster_status status;
    struct cluster_options o = place_options(p, 0);
    struct error e = {0};
    assert_int_equal(cluster_inspect(&o, &status, &e), OK);
    return status;
}

pid_t place_wait_running(const struct place *p, int timeout_ms)
{
    int64_t until = time_monotonic_us() + timeout_ms * (int64_t)1000;
    do {
        struct cluster_status status = place_status(p);
        if (status.running)
            return status.postmaster_pid;
        poll(NULL, 0, 3);
    } while (time_monotonic_us() < until);
    return 0;
}

static void say_creating(void *arg, const char *text)
{
    if (strstr(text, "creating"))
        dprintf(*(int *)arg, "C");
}

/* In the client's process. No exit handlers: they are the test's. */
static void be_client(const struct place *p, int linger_ms, int order, int answer)
{
    struct cluster_options o = place_options(p, linger_ms);
    struct cluster *c = NULL;
    struct error e = {0};
    char word;
    o.progress = say_creating;
    o.arg = &answer;
    if (cluster_join(&o, &c, &e)) {
        dprintf(answer, "E%s | %s\n", e.text, e.fix);
        _exit(1);
    }
    dprintf(answer, "J");
    if (read(order, &word, 1) == 1)
        cluster_leave(c);
    _exit(0);
}

struct client client_start(const struct place *p, int linger_ms)
{
    return client_start_as(p, linger_ms, geteuid());
}

struct client client_start_as(const struct place *p, int linger_ms, uid_t uid)
{
    int order[2], answer[2];
    assert_int_equal(pipe2(order, O_CLOEXEC), 0);
    assert_int_equal(pipe2(answer, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        /* Only its own: a lock of the test's must not live on in here. */
        assert_true(dup2(order[0], 3) == 3 || order[0] == 3);
        int to = answer[1] == 4 ? 4 : dup2(answer[1], 4);
        closefrom(5);
        if (uid != geteuid() && (setgroups(0, NULL) || setgid(uid) || setuid(uid)))
            _exit(1);
        be_client(p, linger_ms, 3, to);
    }
    close(order[0]);
    close(answer[1]);
    return (struct client){pid, order[1], answer[0]};
}

static char next_word(struct client *c)
{
    struct pollfd fd = {.fd = c->answer, .events = POLLIN};
    char word = '\0';
    if (poll(&fd, 1, PATIENCE_MS) != 1 || read(c->answer, &word, 1) != 1)
        return '\0';
    return word;
}

bool client_creates(struct client *c)
{
    return next_word(c) == 'C';
}

bool client_joined(struct client *c, char *why, size_t size)
{
    char word = next_word(c);
    if (word == 'C')
        word = next_word(c);
    if (why && size) {
        ssize_t n = word == 'E' ? read(c->answer, why, size - 1) : 0;
        why[n > 0 ? n : 0] = '\0';
    } else if (word == 'E') {
        char text[700] = "";
        if (read(c->answer, text, sizeof(text) - 1) > 0)
            print_error("a client could not join: %s", text);
    }
    return word == 'J';
}

static void client_end(struct client *c)
{
    int status;
    close(c->order);
    close(c->answer);
    while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
        ;
}

void client_leave(struct client *c)
{
    assert_int_equal(write(c->order, "L", 1), 1);
    client_end(c);
}

void client_kill(struct client *c)
{
    kill(c->pid, SIGKILL);
    client_end(c);
}

pid_t idle_start(uid_t uid, const char *name)
{
    int ready[2];
    char word;
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (geteuid() == 0 && uid != 0 && (setgroups(0, NULL) || setgid(1) || setuid(uid)))
            _exit(1);
        if (!name)
            _exit(0);
        prctl(PR_SET_NAME, name);
        dprintf(ready[1], "R");
        closefrom(3);
        for (;;)
            pause();
    }
    close(ready[1]);
    /* The end of a zombie-to-be closes the pipe as well. */
    bool told = read(ready[0], &word, 1) == 1;
    close(ready[0]);
    assert_true(told == (name != NULL));
    return pid;
}

void idle_end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

bool process_gone(pid_t pid, int timeout_ms)
{
    int fd = pidfd_open(pid, 0);
    if (fd < 0)
        return errno == ESRCH;
    struct pollfd end = {.fd = fd, .events = POLLIN};
    bool gone = poll(&end, 1, timeout_ms) == 1;
    close(fd);
    return gone;
}

void ask(struct cluster *c, const char *role, const char *database, const char *sql, char *dst,
         size_t size)
{
    char conninfo[1024];
    PGconn *conn = PQconnectdb(cluster_conninfo(c, conninfo, sizeof(conninfo), role, database));
    PGresult *r = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(r);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        print_error("%s: %s\n", sql, PQerrorMessage(conn));
    bool done = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    if (dst)
        copy_text(dst, size, done && PQntuples(r) ? PQgetvalue(r, 0, 0) : "");
    PQclear(r);
    PQfinish(conn);
    assert_true(done);
}

struct cluster *must_join(const struct place *p, int linger_ms)
{
    struct cluster_options o = place_options(p, linger_ms);
    struct cluster *c = NULL;
    struct error e = {0};
    if (cluster_join(&o, &c, &e))
        fail_msg("cannot join: %s | %s", e.text, e.fix);
    return c;
}

bool write_text(const char *path, const char *text, uid_t owner)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) &&
                (geteuid() != 0 || fchown(fd, owner, (gid_t)-1) == 0);
    if (fd >= 0)
        close(fd);
    return done;
}

static int by_value(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

void report_times(const char *what, int64_t *us, int n)
{
    qsort(us, (size_t)n, sizeof(*us), by_value);
    int64_t median = us[n / 2];
    print_message("# %s: n %d, median %.1f ms, %.1f to %.1f\n", what, n, (double)median / 1e3,
                  (double)us[0] / 1e3, (double)us[n - 1] / 1e3);
}
