/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the private cluster share. Layout of home/cluster:
 *   ctl.lock      flock EX while something is created, started or stopped
 *   clients.lock  flock SH by every client for its lifetime: a reference count kept by the kernel
 *   reaper.lock   flock EX by the one supervisor; holds its pid
 *   pg/MAJOR      the data; pg/new.PID while initdb works
 *   log/          postgres.log (server and supervisor), initdb.log, failure
 *   s             the socket's directory, or a symbolic link to it when the path is too long */
#ifndef CORE_STORE_CLUSTER_INTERNAL_H
#define CORE_STORE_CLUSTER_INTERNAL_H

#include <libpq-fe.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "quorum/cluster.h"

#define CLUSTER_PATH 512
#define CLUSTER_PORT "5432"
/* sun_path holds 108 bytes on Linux with the NUL, "/.s.PGSQL.5432" takes 14. */
#define CLUSTER_SOCKET_MAX   93
#define CLUSTER_OLDEST_MAJOR 14
#define CLUSTER_SUPERUSER    "postgres"

enum cluster_as {
    CLUSTER_AS_SELF,      /* the server runs as the user of this process */
    CLUSTER_AS_USER,      /* we are root: it runs as another user */
    CLUSTER_AS_NAMESPACE, /* in a user namespace with this one user, called daemon in there */
};

struct cluster_identity {
    enum cluster_as as;
    uid_t uid; /* owner of the data, as seen from outside a namespace */
    gid_t gid;
    char name[64];  /* what peer authentication calls the user of this process */
    char owner[64]; /* and the server's own user */
};

struct cluster_paths {
    char home[CLUSTER_PATH], dir[CLUSTER_PATH];
    char ctl[CLUSTER_PATH], clients[CLUSTER_PATH], reaper[CLUSTER_PATH];
    char pg[CLUSTER_PATH], log[CLUSTER_PATH], sock[CLUSTER_PATH], data[CLUSTER_PATH];
    char bindir[CLUSTER_PATH];
    int major; /* 0: not created yet */
};

struct cluster {
    struct cluster_paths at;
    struct cluster_identity as;
    int ctl_fd, clients_fd;
    int64_t linger_ms;
    bool durable;
    char bindir[CLUSTER_PATH], user[64]; /* asked for by the options; "" : none */
};

/* cluster_paths.c */
bool cluster_path(char dst[CLUSTER_PATH], const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Fills all but data, sock and bindir; makes home and home/cluster when create is set. */
enum err cluster_paths_open(struct cluster_paths *p, const char *home, bool create,
                            struct error *e);
/* Finds the newest complete pg/MAJOR: data and major, "" and 0 when there is none. */
void cluster_paths_scan(struct cluster_paths *p);
/* Makes pg, log and s with the owner and modes the identity needs. Under ctl. */
enum err cluster_paths_settle(struct cluster_paths *p, const struct cluster_identity *id,
                              struct error *e);
/* The socket directory in use; ERR_FAILED when there is none that can be trusted. */
enum err cluster_socket_find(struct cluster_paths *p, struct error *e);
int cluster_lock_open(const char *path, struct error *e);
/* flock with a deadline of the monotonic clock; false when it passed or a signal came. */
bool cluster_lock(int fd, int operation, int64_t deadline_us);
/* True when somebody holds reaper.lock; *pid (may be NULL) is who. */
bool cluster_supervised(const struct cluster_paths *p, pid_t *pid);
void cluster_pause(int ms);

/* cluster_find.c: root is "" but in tests, where it stands for the file system's root. */
enum err cluster_find_bindir(const char *root, const char *wanted, int major, bool check,
                             char dst[CLUSTER_PATH], struct error *e);

/* cluster_identity.c */
enum err cluster_identity_choose(const struct cluster *c, struct cluster_identity *id,
                                 struct error *e);
/* In a child only: becomes the server's user for good. */
bool cluster_identity_assume(const struct cluster_identity *id);

/* cluster_process.c */
/* Between begin and end a SIGINT, SIGTERM or SIGHUP that the program handles ends the waits below;
 * end gives the handlers back and the signal to them. */
struct cluster_signals {
    struct sigaction before[3];
    bool ours[3];
};
void cluster_signals_begin(struct cluster_signals *s);
void cluster_signals_end(const struct cluster_signals *s);
bool cluster_interrupted(void);
/* fork() with every signal blocked in the child until cluster_child_begin. */
pid_t cluster_fork(void);
/* In the child: default signals, every descriptor closed but `keep` (-1: none), which becomes 3;
 * 0, 1 and 2 are /dev/null. flock belongs to the open file, so a descriptor left open here would
 * hold the client's locks for ever. */
void cluster_child_begin(int keep);
/* In the child: ps shows this, cut to the room there is, and no word of the client's command. */
void cluster_child_title(const char *title);
/* The whole environment of our children, secrets of the user's shell left behind. */
char *const *cluster_child_environ(void);
bool cluster_log_to(const char *path, bool truncate);
/* The first line from an offset on that tells of an error, else the first. "" when unreadable. */
void cluster_log_reason(const char *path, off_t from, char *dst, size_t size);
/* Waits for a child; false at the deadline. */
bool cluster_wait_child(pid_t pid, int64_t deadline_us, int *status);

/* cluster_init.c */
enum err cluster_create(struct cluster *c, int64_t deadline_us, struct error *e);
/* Writes quorum.conf, pg_hba.conf and pg_ident.conf; in the server's identity. */
bool cluster_write_settings(const char *data, const struct cluster *c);

/* cluster_pid.c */
/* The process that a lock file of PostgreSQL names, if it is a living postmaster of this data
 * directory; else 0. *stale is true when the file is there and names anything else. */
pid_t cluster_pid_read(const char *file, const char *data, bool *stale);
/* Removes the lock files of a dead server; returns the living postmaster, or 0. */
pid_t cluster_pid_sweep(const struct cluster_paths *p);
/* True when postmaster.pid says that this postmaster got as far as accepting connections. */
bool cluster_pid_was_ready(const struct cluster_paths *p, pid_t pid);

/* cluster.c: the living postmaster of our data directory, or 0. */
pid_t cluster_postmaster(const struct cluster *c);

/* cluster_supervisor.c */
/* Starts the supervisor and returns when it has reaper.lock. Under ctl. */
enum err cluster_supervisor_spawn(struct cluster *c, struct error *e);

/* cluster_conninfo.c: nothing of the user's PG* variables counts for the private cluster. */
/* Forgets those that no keyword of a conninfo can outdo; the others stay for DATABASE_URL. */
void cluster_hide_environment(void);

/* cluster_sql.c */
enum cluster_answer {
    CLUSTER_NO_ANSWER,
    CLUSTER_NOT_YET,
    CLUSTER_REFUSED,
    CLUSTER_OURS,
    CLUSTER_FOREIGN
};
/* Connects, and compares the server's data directory with ours: a pid file proves nothing. Makes
 * sure that the roles exist. version (may be NULL) holds 16 bytes. */
enum cluster_answer cluster_verify(const struct cluster *c, bool make_roles, char *version,
                                   struct error *e);
enum cluster_answer cluster_ping(const struct cluster *c);

#endif
