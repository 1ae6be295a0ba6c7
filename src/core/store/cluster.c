/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A client's side of the private cluster: join, leave, look. docs/cluster.md. */
#include "quorum/cluster.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/store/cluster_internal.h"
#include "quorum/buf.h"
#include "quorum/mem.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { PING_MS = 3, LOOK_EVERY = 16, SPAWNS_MAX = 4, LINGER_MS = 10000 };
#define JOIN_US (60 * USEC_SECOND)
/* Until then a server that recovers is not suspected. */
#define SUSPECT_US (5 * USEC_SECOND)

static void tell(const struct cluster_options *o, const char *text)
{
    if (o && o->progress)
        o->progress(o->arg, text);
}

static enum err make_and_spawn(struct cluster *c, const struct cluster_options *o, int64_t deadline,
                               struct error *e)
{
    cluster_paths_scan(&c->at);
    enum err r = cluster_find_bindir("", c->bindir, c->at.major, true, c->at.bindir, e);
    if (r == OK)
        r = cluster_identity_choose(c, &c->as, e);
    if (r == OK)
        r = cluster_paths_settle(&c->at, &c->as, e);
    if (r == OK && !c->at.major) {
        tell(o, "creating the private database");
        r = cluster_create(c, deadline, e);
    }
    return r ? r : cluster_supervisor_spawn(c, e);
}

/* Makes what is missing and starts the supervisor. Under ctl, with no supervisor there. */
static enum err start(struct cluster *c, const struct cluster_options *o, int64_t deadline,
                      struct error *e)
{
    /* Some launchers leave SIGCHLD ignored, and then no child's exit status can be had. */
    struct sigaction before, standard = {.sa_handler = SIG_DFL};
    bool ignored = sigaction(SIGCHLD, NULL, &before) == 0 && before.sa_handler == SIG_IGN;
    if (ignored)
        sigaction(SIGCHLD, &standard, NULL);
    enum err r = make_and_spawn(c, o, deadline, e);
    if (ignored)
        sigaction(SIGCHLD, &before, NULL);
    return r;
}

/* For a server that runs already: only names. */
static enum err locate(struct cluster *c, struct error *e)
{
    cluster_paths_scan(&c->at);
    if (!c->at.bindir[0])
        cluster_find_bindir("", c->bindir, c->at.major, false, c->at.bindir, NULL);
    return cluster_socket_find(&c->at, e);
}

static bool is_disk_full(const struct cluster *c)
{
    struct statvfs disk;
    return statvfs(c->at.dir, &disk) == 0 && disk.f_bavail * disk.f_frsize < 2 << 20;
}

static enum err why_full(const struct cluster *c, struct error *e)
{
    err_set(e, ERR_FAILED, "the private database does not start: the disk of %s is full",
            c->at.dir);
    return err_fix(e, "make room there and try again");
}

static enum err why_not(const struct cluster *c, struct error *e)
{
    char path[CLUSTER_PATH], line[400] = "";
    if (cluster_path(path, "%s/failure", c->at.log))
        cluster_log_reason(path, 0, line, sizeof(line));
    const char *guess = is_disk_full(c) ? "its disk is full" : "its log says nothing";
    err_set(e, ERR_FAILED, "the private database does not start: %s", line[0] ? line : guess);
    return err_fix(e, "see %s/postgres.log", c->at.log);
}

/* The supervisor says so anew after each failed start, at least every few seconds. */
static bool has_failed(const struct cluster *c, time_t since)
{
    char path[CLUSTER_PATH];
    struct stat st;
    return cluster_path(path, "%s/failure", c->at.log) && lstat(path, &st) == 0 &&
           st.st_mtim.tv_sec > since;
}

static enum err interrupted(struct error *e)
{
    err_clear(e);
    return err_set(e, ERR_TRANSIENT, "interrupted");
}

pid_t cluster_postmaster(const struct cluster *c)
{
    char file[CLUSTER_PATH];
    bool stale;
    return cluster_path(file, "%s/postmaster.pid", c->at.data)
               ? cluster_pid_read(file, c->at.data, &stale)
               : 0;
}

static enum err no_answer(const struct cluster *c, struct error *e)
{
    pid_t pid = cluster_postmaster(c);
    err_set(e, ERR_TRANSIENT, "the private database did not answer in time");
    if (!pid)
        return err_fix(e, "see %s/postgres.log; `quorum doctor` looks at it", c->at.log);
    return err_fix(e,
                   "see %s/postgres.log and `quorum doctor`; when it hangs, `kill -QUIT %d; "
                   "kill -CONT %d` has it started anew",
                   c->at.log, (int)pid, (int)pid);
}

/* OK: it answers and is ours. ERR_CONFLICT: the supervisor is gone, start another. */
static enum err wait_for_server(struct cluster *c, bool try_first, int64_t deadline,
                                struct error *e)
{
    int64_t start = time_machine_now();
    int refused = 0;
    for (int i = 0;; i++) {
        enum cluster_answer answer = i == 0 && try_first ? CLUSTER_OURS : cluster_ping(c);
        if (answer == CLUSTER_OURS)
            answer = cluster_verify(c, true, NULL, e);
        if (answer == CLUSTER_OURS)
            return OK;
        if (answer == CLUSTER_FOREIGN)
            return ERR_FAILED;
        if (cluster_interrupted())
            return interrupted(e);
        /* Refusals end by themselves while it starts or stops, or when connections run out. */
        refused += answer == CLUSTER_REFUSED && !(i == 0 && try_first);
        if (refused > 400)
            return ERR_TRANSIENT;
        bool late = time_machine_now() - start > SUSPECT_US;
        bool look = late || i % LOOK_EVERY == LOOK_EVERY - 1;
        if (look && !cluster_supervised(&c->at, NULL))
            return has_failed(c, 0) ? why_not(c, e) : ERR_CONFLICT;
        if (look && has_failed(c, start / USEC_SECOND))
            return why_not(c, e);
        /* On a full disk the postmaster starts its recovery over and over, and logs nothing. */
        if (late && is_disk_full(c))
            return why_full(c, e);
        if (time_monotonic_us() >= deadline)
            return no_answer(c, e);
        /* Each ping writes a line into the server's log: a long recovery is asked less often. */
        cluster_pause(i < 300 ? PING_MS : 50);
    }
}

static enum err lock_ctl(struct cluster *c, const struct cluster_options *o, int64_t deadline,
                         struct error *e)
{
    if (flock(c->ctl_fd, LOCK_EX | LOCK_NB) == 0)
        return OK;
    if (!cluster_lock(c->ctl_fd, LOCK_EX, time_monotonic_us() + USEC_SECOND / 10))
        tell(o, "waiting for another program that starts the private database");
    if (cluster_lock(c->ctl_fd, LOCK_EX, deadline))
        return OK;
    if (cluster_interrupted())
        return interrupted(e);
    err_set(e, ERR_TRANSIENT, "another program holds %s", c->at.ctl);
    return err_fix(e, "try again; fuser %s names the program", c->at.ctl);
}

static enum err join(struct cluster *c, const struct cluster_options *o, struct error *e)
{
    int64_t deadline = time_monotonic_us() + JOIN_US;
    for (int spawns = 0; spawns < SPAWNS_MAX; spawns++) {
        enum err r = lock_ctl(c, o, deadline, e);
        if (r)
            return r;
        /* Shared, and taken under ctl: from here on nobody stops the server. */
        if (!cluster_lock(c->clients_fd, LOCK_SH, deadline))
            r = cluster_interrupted() ? interrupted(e)
                                      : err_set(e, ERR_TRANSIENT, "cannot lock %s", c->at.clients);
        bool runs = r == OK && cluster_supervised(&c->at, NULL);
        if (r == OK)
            r = runs ? locate(c, e) : start(c, o, deadline, e);
        flock(c->ctl_fd, LOCK_UN);
        if (r)
            return r;
        r = wait_for_server(c, runs, deadline, e);
        if (r != ERR_CONFLICT)
            return r;
    }
    return why_not(c, e);
}

static void release(struct cluster *c)
{
    /* Unlocking, not only closing: a child forked elsewhere may still hold a copy. */
    if (c->clients_fd >= 0) {
        flock(c->clients_fd, LOCK_UN);
        close(c->clients_fd);
    }
    if (c->ctl_fd >= 0)
        close(c->ctl_fd);
    mem_free(c);
}

/* The names and the two locks' files; out is NULL when that fails. */
static enum err open_places(const struct cluster_options *options, struct cluster **out,
                            struct error *e)
{
    struct cluster *c = mem_alloc(sizeof(*c));
    *out = c;
    c->ctl_fd = c->clients_fd = -1;
    c->linger_ms = options->linger_ms < 0 ? LINGER_MS : options->linger_ms;
    c->durable = options->durable;
    bool fits = copy_text(c->bindir, sizeof(c->bindir), options->bindir ? options->bindir : "") &&
                copy_text(c->user, sizeof(c->user), options->user ? options->user : "");
    enum err r = fits ? cluster_paths_open(&c->at, options->home, true, e)
                      : err_set(e, ERR_USAGE, "QUORUM_PG_BINDIR or QUORUM_PG_USER is too long");
    if (r == OK) {
        c->ctl_fd = cluster_lock_open(c->at.ctl, e);
        c->clients_fd = c->ctl_fd < 0 ? -1 : cluster_lock_open(c->at.clients, e);
        r = c->clients_fd < 0 ? ERR_FAILED : OK;
    }
    if (r) {
        release(c);
        *out = NULL;
    }
    return r;
}

enum err cluster_join(const struct cluster_options *options, struct cluster **out, struct error *e)
{
    struct error own;
    struct cluster_signals signals;
    if (!e)
        e = &own;
    enum err r = open_places(options, out, e);
    if (r)
        return r;
    cluster_signals_begin(&signals);
    r = join(*out, options, e);
    cluster_signals_end(&signals);
    if (r) {
        release(*out);
        *out = NULL;
        return r;
    }
    err_clear(e); /* what was refused on the way */
    return OK;
}

struct cluster *cluster_hold(const struct cluster_options *options)
{
    struct cluster *c;
    struct error ignored = {0};
    if (open_places(options, &c, &ignored))
        return NULL;
    /* As in join, but nothing is waited for. */
    bool held = flock(c->ctl_fd, LOCK_EX | LOCK_NB) == 0 &&
                flock(c->clients_fd, LOCK_SH | LOCK_NB) == 0 && cluster_supervised(&c->at, NULL) &&
                locate(c, &ignored) == OK;
    flock(c->ctl_fd, LOCK_UN);
    pid_t pid = held ? cluster_postmaster(c) : 0;
    if (pid && cluster_pid_was_ready(&c->at, pid))
        return c;
    release(c);
    return NULL;
}

/* False when the home was removed or moved away: what lives at its path now is another cluster. */
static bool is_at_home(const struct cluster *c)
{
    struct stat ours, there;
    return fstat(c->ctl_fd, &ours) == 0 && lstat(c->at.ctl, &there) == 0 &&
           ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

enum err cluster_revive(struct cluster *c, struct error *e)
{
    if (!is_at_home(c)) {
        err_set(e, ERR_FAILED, "%s was removed or replaced while this program ran", c->at.home);
        return err_fix(e, "start the program again");
    }
    if (cluster_supervised(&c->at, NULL) || flock(c->ctl_fd, LOCK_EX | LOCK_NB))
        return OK; /* there, or somebody is at it */
    enum err r = OK;
    if (!cluster_supervised(&c->at, NULL))
        r = start(c, NULL, time_monotonic_us() + JOIN_US, e);
    flock(c->ctl_fd, LOCK_UN);
    return r;
}

void cluster_leave(struct cluster *c)
{
    if (!c)
        return;
    /* A server that lost its supervisor would run for ever after us. */
    if (!cluster_supervised(&c->at, NULL) && cluster_postmaster(c))
        cluster_revive(c, NULL);
    release(c);
}

const char *cluster_socket_dir(const struct cluster *c)
{
    return c->at.sock;
}

const char *cluster_data_dir(const struct cluster *c)
{
    return c->at.data;
}

const char *cluster_bindir(const struct cluster *c)
{
    return c->at.bindir;
}

/* One line of /proc/locks: "7: FLOCK  ADVISORY  READ 1234 fe:00:5678 0 EOF". A waiting lock has
 * "->" after the number and does not fit. */
static bool is_lock_of(char *line, const struct stat *st, bool *same_device)
{
    char *word[6], *end = NULL;
    int n = 0;
    for (char *at = line + strspn(line, " "); *at && n < 6; at += strspn(at, " ")) {
        word[n++] = at;
        at += strcspn(at, " ");
        if (*at)
            *at++ = '\0';
    }
    if (n < 6 || strcmp(word[1], "FLOCK") || strcmp(word[3], "READ"))
        return false;
    int64_t pid, inode;
    unsigned long major = strtoul(word[5], &end, 16);
    unsigned long minor = *end == ':' ? strtoul(end + 1, &end, 16) : 0;
    if (*end != ':' || !text_to_int64(end + 1, &inode) || (ino_t)inode != st->st_ino ||
        !text_to_int64(word[4], &pid) || pid == getpid())
        return false;
    *same_device = major == major(st->st_dev) && minor == minor(st->st_dev);
    return true;
}

/* Some file systems (btrfs) show another device there than stat does, so the inode decides where
 * no line fits both. */
static int count_locks(const char *path)
{
    struct stat st;
    FILE *f = stat(path, &st) ? NULL : fopen("/proc/locks", "re");
    if (!f)
        return -1;
    char line[256];
    int both = 0, inode_only = 0;
    bool same_device;
    while (fgets(line, sizeof(line), f))
        if (is_lock_of(line, &st, &same_device)) {
            inode_only++;
            both += same_device;
        }
    fclose(f);
    return both ? both : inode_only;
}

enum err cluster_inspect(const struct cluster_options *options, struct cluster_status *out,
                         struct error *e)
{
    struct cluster *c = mem_alloc(sizeof(*c));
    pid_t supervisor;
    bool stale;
    char file[CLUSTER_PATH];
    memset(out, 0, sizeof(*out));
    out->clients = -1;
    c->ctl_fd = c->clients_fd = -1;
    enum err r = cluster_paths_open(&c->at, options->home, false, e);
    if (r == OK)
        cluster_paths_scan(&c->at);
    if (r == OK && !c->at.major && access(c->at.pg, R_OK | X_OK) && errno == EACCES) {
        err_set(e, ERR_FAILED, "cannot look into %s: permission denied", c->at.pg);
        r = err_fix(e, "run as its owner, or set QUORUM_HOME to a directory of your own");
    }
    out->exists = r == OK && c->at.major != 0;
    if (out->exists) {
        copy_text(out->data_dir, sizeof(out->data_dir), c->at.data);
        snprintf(out->version, sizeof(out->version), "%d", c->at.major);
        if (cluster_supervised(&c->at, &supervisor))
            out->supervisor_pid = supervisor;
        if (cluster_path(file, "%s/postmaster.pid", c->at.data))
            out->postmaster_pid = cluster_pid_read(file, c->at.data, &stale);
        out->clients = count_locks(c->at.clients);
        if (cluster_socket_find(&c->at, NULL) == OK) {
            copy_text(out->socket_dir, sizeof(out->socket_dir), c->at.sock);
            out->running = out->postmaster_pid && cluster_ping(c) == CLUSTER_OURS &&
                           cluster_verify(c, false, out->version, NULL) == CLUSTER_OURS;
        }
    }
    release(c);
    return r;
}
