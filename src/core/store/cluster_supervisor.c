/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The process that owns the postmaster: spawns it as its own child (so that it is reaped), starts
 * it again when it is killed, and stops it when the last client has gone. It waits in one poll()
 * and costs nothing while nothing happens: a helper process blocked in flock(clients, EX) tells
 * by its end that no client holds the lock any more, and inotify tells that somebody removed the
 * home. Then the server is stopped at once: at its end PostgreSQL unlinks the path of its socket,
 * which a moment later is that of the next cluster made there. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/store/cluster_internal.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { BACKOFF_MS = 100, BACKOFF_MAX_MS = 5000, TELL_AFTER = 4, GIVE_UP_AFTER = 6 };
#define LOG_MAX     ((off_t)8 << 20)
#define LOG_LOOK_US (3600 * USEC_SECOND)
#define MS          ((int64_t)1000)

struct supervisor {
    const struct cluster *c;
    int reaper_fd, signal_fd;
    int home_fd;      /* inotify: readable when reaper.lock may be gone; -1: not to be had */
    struct stat lock; /* of reaper_fd: while that is open, no other file gets this inode */
    pid_t postmaster; /* 0: not running */
    bool adopted;     /* not our child: the supervisor before us was killed */
    int adopted_fd;   /* its pidfd; -1 where the kernel has none, then it is looked at */
    bool has_run;     /* some postmaster of ours accepted connections */
    int failures;     /* starts in a row that did not get so far */
    int64_t launch_at, helper_at; /* monotonic; not before then */
    int64_t linger_until;         /* 0: there are clients */
    pid_t helper;
    int64_t log_look_at; /* when its size is looked at next */
    off_t log_from;      /* where the latest start's part of postgres.log begins */
    bool told_to_stop;
};

static void say(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void say(const char *fmt, ...)
{
    char text[512], stamp[33];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    dprintf(STDERR_FILENO, "%s quorum supervisor [%d] %s\n",
            time_print_iso(stamp, time_machine_now()), (int)getpid(), text);
}

/* True once home/cluster was removed or moved away, whoever may live at the path now: then none of
 * the names in s->c->at is ours any more. What cannot be looked at counts as there. */
static bool is_lost(const struct supervisor *s)
{
    struct stat st;
    if (lstat(s->c->at.reaper, &st))
        return errno == ENOENT || errno == ENOTDIR;
    return st.st_dev != s->lock.st_dev || st.st_ino != s->lock.st_ino;
}

/* True when the path of our socket is another server's already: ours would unlink it. */
static bool socket_is_anothers(const struct supervisor *s)
{
    char path[CLUSTER_PATH], text[32];
    int64_t pid;
    if (!cluster_path(path, "%s/.s.PGSQL." CLUSTER_PORT ".lock", s->c->at.sock))
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return text_to_int64(text, &pid) && pid != s->postmaster;
}

static void child_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool exec_postgres(const struct cluster *c)
{
    char program[CLUSTER_PATH], data[CLUSTER_PATH], sock[CLUSTER_PATH + 32];
    if (!cluster_path(program, "%s/postgres", c->at.bindir) ||
        !cluster_path(data, "%s", c->at.data))
        return false;
    snprintf(sock, sizeof(sock), "unix_socket_directories=%s", c->at.sock);
    /* What keeps strangers out stands on the command line: no file and no ALTER SYSTEM opens it. */
    const char *const argv[] = {program,
                                "-D",
                                data,
                                "-p",
                                CLUSTER_PORT,
                                "-c",
                                "listen_addresses=",
                                "-c",
                                sock,
                                "-c",
                                "unix_socket_permissions=0700",
                                NULL};
    child_signals();
    execve(program, (char *const *)argv, cluster_child_environ());
    return false;
}

static void adopt(struct supervisor *s, pid_t pid)
{
    s->postmaster = pid;
    s->adopted = true;
    s->has_run = true;
    s->adopted_fd = pidfd_open(pid, 0);
    say("takes over the running server %d", (int)pid);
}

static void launch(struct supervisor *s)
{
    s->adopted = false;
    pid_t pid = cluster_pid_sweep(&s->c->at);
    if (pid) {
        adopt(s, pid);
        return;
    }
    if (!cluster_write_settings(s->c->at.data, s->c))
        say("cannot write the settings in %s: %s", s->c->at.data, strerror(errno));
    s->log_from = lseek(STDERR_FILENO, 0, SEEK_END);
    pid = fork();
    if (pid == 0)
        _exit(exec_postgres(s->c) ? 0 : 127);
    s->postmaster = pid > 0 ? pid : 0;
    s->launch_at = time_monotonic_us() + BACKOFF_MAX_MS * MS;
}

/* Tells the clients that wait why there is no server. On a full disk the file stays empty. */
static void tell_failure(const struct supervisor *s)
{
    char path[CLUSTER_PATH], log[CLUSTER_PATH], line[400];
    if (!cluster_path(log, "%s/postgres.log", s->c->at.log) ||
        !cluster_path(path, "%s/failure", s->c->at.log))
        return;
    cluster_log_reason(log, s->log_from, line, sizeof(line));
    unlink(path); /* its time tells the clients whether it is news to them */
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0) {
        dprintf(fd, "%s\n", line);
        close(fd);
    }
}

static void postmaster_gone(struct supervisor *s, int status)
{
    bool was_up = s->adopted || (WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
                  cluster_pid_was_ready(&s->c->at, s->postmaster);
    if (s->adopted_fd >= 0)
        close(s->adopted_fd);
    s->adopted_fd = -1;
    s->has_run |= was_up;
    s->failures = was_up ? 0 : s->failures + 1;
    if (s->failures >= TELL_AFTER && !is_lost(s))
        tell_failure(s);
    int wait_ms = BACKOFF_MS;
    for (int i = 1; i < s->failures && wait_ms < BACKOFF_MAX_MS; i++)
        wait_ms *= 2;
    s->launch_at = time_monotonic_us() + wait_ms * MS;
    say("server %d ended (%s %d)", (int)s->postmaster,
        s->adopted            ? "adopted"
        : WIFSIGNALED(status) ? "signal"
                              : "exit",
        s->adopted            ? 0
        : WIFSIGNALED(status) ? WTERMSIG(status)
                              : WEXITSTATUS(status));
    s->postmaster = 0;
}

static void reap(struct supervisor *s)
{
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid == s->postmaster && !s->adopted) {
            postmaster_gone(s, status);
        } else if (pid == s->helper) {
            s->helper = 0;
            bool alone = WIFEXITED(status) && WEXITSTATUS(status) == 0;
            s->helper_at = alone ? 0 : time_monotonic_us() + 1000 * MS;
            if (alone)
                s->linger_until = time_monotonic_us() + s->c->linger_ms * MS;
        }
    }
}

static void start_helper(struct supervisor *s)
{
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        cluster_child_begin(-1);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_NAME, "quorum-clients");
        int fd = getppid() == parent ? cluster_lock_open(s->c->at.clients, NULL) : -1;
        /* Looked at after the opening: what was opened before that is ours. */
        _exit(fd >= 0 && !is_lost(s) && flock(fd, LOCK_EX) == 0 ? 0 : 1);
    }
    s->helper = pid > 0 ? pid : 0;
    s->helper_at = time_monotonic_us() + 1000 * MS;
}

static int wait_ms(const struct supervisor *s, int64_t until)
{
    int64_t now = time_monotonic_us(), next = until;
    if (!s->postmaster && (!next || s->launch_at < next))
        next = s->launch_at;
    if (!s->helper && !s->linger_until && (!next || s->helper_at < next))
        next = s->helper_at;
    if (s->adopted && s->postmaster && s->adopted_fd < 0 && (!next || now + 500 * MS < next))
        next = now + 500 * MS;
    if (!next)
        return -1;
    return next <= now ? 0 : (int)((next - now + MS - 1) / MS);
}

/* One turn: waits for an event, at most until a point of time (0: for ever). */
static void turn(struct supervisor *s, int64_t until)
{
    struct pollfd fds[3] = {{.fd = s->signal_fd, .events = POLLIN},
                            {.fd = s->adopted_fd, .events = POLLIN},
                            {.fd = s->home_fd, .events = POLLIN}};
    poll(fds, 3, wait_ms(s, until));
    struct signalfd_siginfo info;
    while (read(s->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        s->told_to_stop |= info.ssi_signo != SIGCHLD;
    reap(s);
    char events[1024]; /* only that there were some counts: is_lost decides */
    while (s->home_fd >= 0 && read(s->home_fd, events, sizeof(events)) > 0)
        ;
    bool stale;
    char file[CLUSTER_PATH];
    if (s->adopted && s->postmaster &&
        (s->adopted_fd >= 0 ? fds[1].revents != 0
                            : cluster_path(file, "%s/postmaster.pid", s->c->at.data) &&
                                  cluster_pid_read(file, s->c->at.data, &stale) != s->postmaster))
        postmaster_gone(s, 0);
}

/* Where stop_postmaster begins: a fast stop checkpoints first, which data that are gone do not need
 * and a socket about to change hands forbids. Only a killed server unlinks nothing at all. */
static size_t first_step(const struct supervisor *s)
{
    if (!is_lost(s))
        return 0;
    return socket_is_anothers(s) ? 2 : 1;
}

/* Fast stop; a server that does not obey in a minute is pressed harder. */
static void stop_postmaster(struct supervisor *s)
{
    static const struct {
        int signal, seconds;
    } steps[] = {{SIGINT, 60}, {SIGQUIT, 10}, {SIGKILL, 10}};
    s->linger_until = 1; /* no helper from here on */
    size_t next;
    for (size_t step = first_step(s); step < 3 && s->postmaster; step = next) {
        int64_t now = time_monotonic_us(), until = now + steps[step].seconds * USEC_SECOND;
        pid_t pid = s->postmaster;
        kill(pid, steps[step].signal);
        next = step + 1;
        for (; s->postmaster == pid && now < until; now = time_monotonic_us()) {
            size_t least = first_step(s); /* the home may go meanwhile, and the socket's path */
            if (least > step) {
                next = least;
                break;
            }
            turn(s, least ? now + 50 * MS : until);
        }
    }
    say("stopped");
}

/* The fall-back socket directory goes with the server; ours in home/cluster stays. */
static void remove_socket_dir(const struct cluster *c)
{
    if (strncmp(c->at.sock, c->at.dir, strlen(c->at.dir)) != 0)
        rmdir(c->at.sock);
}

/* True when the server was stopped. Nobody can join in between: joining takes ctl first. */
static bool stop_if_alone(struct supervisor *s)
{
    int ctl = cluster_lock_open(s->c->at.ctl, NULL);
    int clients = cluster_lock_open(s->c->at.clients, NULL);
    int64_t now = time_monotonic_us();
    bool stop = false;
    if (is_lost(s)) {
        s->linger_until = now; /* these may be another cluster's locks; supervise() ends it */
    } else if (ctl < 0 || clients < 0) {
        s->linger_until = now + 1000 * MS;
    } else if (!cluster_lock(ctl, LOCK_EX, now + 20 * MS)) {
        s->linger_until = now + 100 * MS; /* somebody is joining: look again */
    } else {
        stop = flock(clients, LOCK_EX | LOCK_NB) == 0;
        s->linger_until = 0;
    }
    if (stop) {
        stop_postmaster(s);
        if (!is_lost(s))
            remove_socket_dir(s->c);
        close(s->reaper_fd); /* before ctl, which lets the next client look at it */
    }
    if (clients >= 0)
        close(clients);
    if (ctl >= 0)
        close(ctl);
    return stop;
}

/* Copied and cut, not renamed: the server has it open, for appending, and goes on with it. */
static void rotate_log(struct supervisor *s)
{
    char log[CLUSTER_PATH], old[CLUSTER_PATH], block[65536];
    struct stat st;
    s->log_look_at = time_monotonic_us() + LOG_LOOK_US;
    if (fstat(STDERR_FILENO, &st) || st.st_size <= LOG_MAX ||
        !cluster_path(log, "%s/postgres.log", s->c->at.log) || !cluster_path(old, "%s.1", log))
        return;
    int from = open(log, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int to = open(old, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    ssize_t n = -1;
    while (from >= 0 && to >= 0 && (n = read(from, block, sizeof(block))) > 0)
        if (write(to, block, (size_t)n) != n)
            break;
    if (ftruncate(STDERR_FILENO, 0) == 0)
        say("the log passed %d MB; what was in it is in postgres.log.1", (int)(LOG_MAX >> 20));
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
}

static void supervise(struct supervisor *s)
{
    for (;;) {
        int64_t now = time_monotonic_us();
        bool lost = is_lost(s);
        if (lost)
            say("%s was removed or replaced: the server is stopped", s->c->at.dir);
        if (lost || s->told_to_stop) {
            stop_postmaster(s);
            return;
        }
        if (s->linger_until && now >= s->linger_until) {
            if (stop_if_alone(s))
                return;
            continue;
        }
        if (!s->postmaster && !s->has_run && s->failures >= GIVE_UP_AFTER) {
            say("gives up: the server did not start %d times", s->failures);
            return;
        }
        if (!s->postmaster && now >= s->launch_at)
            launch(s);
        if (!s->helper && !s->linger_until && now >= s->helper_at)
            start_helper(s);
        if (now >= s->log_look_at)
            rotate_log(s);
        turn(s, s->linger_until ? s->linger_until : s->log_look_at);
    }
}

/* The file itself is watched: its directory tells nothing of its own removal as long as a file that
 * was in it is open (reaper_fd), but the file loses its link, which is IN_ATTRIB. */
static void watch_home(struct supervisor *s)
{
    s->home_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (s->home_fd >= 0 &&
        inotify_add_watch(s->home_fd, s->c->at.reaper, IN_ATTRIB | IN_MOVE_SELF) >= 0)
        return;
    say("cannot watch %s (%s): should it be removed, the server ends later", s->c->at.reaper,
        strerror(errno));
    if (s->home_fd >= 0)
        close(s->home_fd);
    s->home_fd = -1;
}

/* Everything that may fail before the client is told that all is well. */
static const char *prepare(struct supervisor *s)
{
    const struct cluster_paths *p = &s->c->at;
    char log[CLUSTER_PATH], failure[CLUSTER_PATH];
    if (!cluster_identity_assume(&s->c->as))
        return "cannot become the server's user";
    prctl(PR_SET_DUMPABLE, 0); /* the client's memory, keys in it, is still mapped here */
    prctl(PR_SET_NAME, "quorum-cluster");
    if (!cluster_path(log, "%s/postgres.log", p->log) ||
        !cluster_path(failure, "%s/failure", p->log))
        return "the path of the log is too long";
    if (!cluster_log_to(log, false))
        return "cannot write the log";
    rotate_log(s);
    s->reaper_fd = cluster_lock_open(p->reaper, NULL);
    /* A second of patience: whoever tests the lock holds it for a moment. */
    if (s->reaper_fd < 0 || !cluster_lock(s->reaper_fd, LOCK_EX, time_monotonic_us() + USEC_SECOND))
        return "another supervisor is there";
    if (ftruncate(s->reaper_fd, 0) || dprintf(s->reaper_fd, "%d\n", (int)getpid()) < 0)
        return "cannot write reaper.lock";
    if (fstat(s->reaper_fd, &s->lock))
        return "cannot look at reaper.lock";
    watch_home(s);
    unlink(failure);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    s->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    return s->signal_fd < 0 || chdir("/") ? "signalfd failed" : NULL;
}

static void run(const struct cluster *c)
{
    struct supervisor s = {.c = c, .adopted_fd = -1, .reaper_fd = -1, .home_fd = -1};
    cluster_child_title("quorum: private PostgreSQL");
    const char *problem = prepare(&s);
    if (problem)
        dprintf(3, "%s: %s", problem, strerror(errno));
    else
        dprintf(3, "+");
    close(3);
    if (!problem)
        supervise(&s);
    _exit(problem != NULL);
}

enum err cluster_supervisor_spawn(struct cluster *c, struct error *e)
{
    int told[2], status;
    char text[256];
    if (pipe2(told, O_CLOEXEC))
        return err_set(e, ERR_TRANSIENT, "cannot make a pipe: %s", strerror(errno));
    pid_t pid = cluster_fork();
    if (pid == 0) {
        cluster_child_begin(told[1]);
        setsid();
        /* The second fork leaves the client no child whose end it would have to notice. */
        pid = fork();
        if (pid == 0)
            run(c);
        _exit(pid < 0);
    }
    close(told[1]);
    size_t n = 0;
    struct pollfd ready = {.fd = told[0], .events = POLLIN};
    while (pid > 0 && n < sizeof(text) - 1 && poll(&ready, 1, 10000) != 0) {
        ssize_t got = read(told[0], text + n, sizeof(text) - 1 - n);
        if (got == 0 || (got < 0 && errno != EINTR))
            break;
        n += got > 0 ? (size_t)got : 0;
    }
    text[n] = '\0';
    close(told[0]);
    if (pid > 0)
        cluster_wait_child(pid, time_monotonic_us() + USEC_SECOND, &status);
    if (n && text[0] == '+')
        return OK;
    return err_set(e, ERR_FAILED, "the supervisor of the private database did not start: %s",
                   n ? text : "no answer");
}
