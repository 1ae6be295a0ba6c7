/* SPDX-License-Identifier: GPL-3.0-or-later */
/* As whom the server runs. PostgreSQL refuses root, and containers often have nothing else. Root
 * drops to the user postgres where that user can reach the directory; else a user namespace with
 * one user is made. The namespace maps us to uid 1 (daemon, in every passwd file) and never is
 * left unmapped: unmapped, every local user would look the same to peer authentication. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/store/cluster_internal.h"
#include "quorum/buf.h"
#include "quorum/timeutil.h"

enum { INNER_UID = 1 };

static bool write_proc(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool done = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    return done;
}

static bool enter_namespace(void)
{
    char uids[64], gids[64];
    snprintf(uids, sizeof(uids), "%d %u 1\n", INNER_UID, geteuid());
    snprintf(gids, sizeof(gids), "%d %u 1\n", INNER_UID, getegid());
    prctl(PR_SET_DUMPABLE, 1); /* else /proc/self belongs to root, even to a plain user */
    if (geteuid() == 0 && setgroups(0, NULL))
        return false;
    return unshare(CLONE_NEWUSER) == 0 && write_proc("/proc/self/setgroups", "deny") &&
           write_proc("/proc/self/uid_map", uids) && write_proc("/proc/self/gid_map", gids) &&
           geteuid() == INNER_UID;
}

bool cluster_identity_assume(const struct cluster_identity *id)
{
    switch (id->as) {
    case CLUSTER_AS_SELF:
        return true;
    case CLUSTER_AS_USER:
        return setgroups(0, NULL) == 0 && setgid(id->gid) == 0 && setuid(id->uid) == 0 &&
               setuid(0) != 0; /* no way back */
    case CLUSTER_AS_NAMESPACE:
        return enter_namespace();
    }
    return false;
}

/* Tries it in a child: the identity itself, and that it can reach the directory. */
static bool works(const struct cluster_identity *id, const char *dir)
{
    pid_t pid = cluster_fork();
    if (pid == 0) {
        cluster_child_begin(-1);
        _exit(cluster_identity_assume(id) && access(dir, X_OK) == 0 ? 0 : 1);
    }
    int status = -1;
    return pid > 0 && cluster_wait_child(pid, time_monotonic_us() + 10 * USEC_SECOND, &status) &&
           status == 0;
}

static void set_user(struct cluster_identity *id, const struct passwd *user)
{
    id->as = CLUSTER_AS_USER;
    id->uid = user->pw_uid;
    id->gid = user->pw_gid;
    copy_text(id->name, sizeof(id->name), "root");
    copy_text(id->owner, sizeof(id->owner), user->pw_name);
}

/* A home that only root may pass, and that nobody's group was given, may be passed (not read) by
 * the server's group. Directories above it are not ours to change. */
static bool reachable(const struct cluster_identity *id, const char *home)
{
    struct stat st;
    if (works(id, home))
        return true;
    return lstat(home, &st) == 0 && st.st_uid == 0 && (st.st_mode & 0070) == 0 &&
           lchown(home, 0, id->gid) == 0 && chmod(home, (st.st_mode & 07777) | 0010) == 0 &&
           works(id, home);
}

static enum err use_namespace(struct cluster_identity *id, const char *dir, struct error *e)
{
    const struct passwd *inner = getpwuid(INNER_UID);
    id->as = CLUSTER_AS_NAMESPACE;
    id->uid = geteuid();
    id->gid = getegid();
    copy_text(id->name, sizeof(id->name), inner ? inner->pw_name : "");
    copy_text(id->owner, sizeof(id->owner), id->name);
    if (inner && works(id, dir))
        return OK;
    return err_set(e, ERR_FAILED, "no user namespace can be made here");
}

static enum err root_chooses(const struct cluster *c, struct cluster_identity *id, struct error *e)
{
    const char *name = c->user[0] ? c->user : "postgres";
    const struct passwd *user = getpwnam(name);
    if (c->user[0] && (!user || user->pw_uid == 0)) {
        err_set(e, ERR_USAGE, "QUORUM_PG_USER=%s %s", c->user,
                user ? "is root, and PostgreSQL refuses to run as root" : "is no user here");
        return err_fix(e, "name an ordinary system user, or unset it");
    }
    if (user && user->pw_uid != 0) {
        set_user(id, user);
        if (reachable(id, c->at.home))
            return OK;
    }
    if (use_namespace(id, c->at.dir, NULL) == OK)
        return OK;
    if (!user) {
        err_set(e, ERR_FAILED, "PostgreSQL refuses to run as root, and there is no user postgres");
        return err_fix(e, "useradd --system --user-group postgres && "
                          "install -d -m 0711 /var/lib/quorum && unset QUORUM_HOME");
    }
    err_set(e, ERR_FAILED, "PostgreSQL refuses to run as root, and the user %s cannot reach %s",
            name, c->at.home);
    return err_fix(e, "install -d -m 0711 /var/lib/quorum && export QUORUM_HOME=/var/lib/quorum");
}

/* Data that exists says by its owner how it was made. */
static enum err root_continues(const struct cluster *c, uid_t owner, struct cluster_identity *id,
                               struct error *e)
{
    if (owner == 0) {
        if (use_namespace(id, c->at.dir, e) == OK)
            return OK;
        return err_fix(e,
                       "the data in %s was made in one; allow it again "
                       "(sysctl user.max_user_namespaces)",
                       c->at.data);
    }
    const struct passwd *user = getpwuid(owner);
    if (!user)
        return err_set(e, ERR_FAILED, "%s belongs to uid %u, which is no user here", c->at.data,
                       owner);
    set_user(id, user);
    if (reachable(id, c->at.home) && works(id, c->at.dir))
        return OK;
    struct stat st;
    if (lstat(c->at.dir, &st) == 0 && st.st_uid == 0 && reachable(id, c->at.home))
        return OK; /* the directory's mode is set right after this */
    err_set(e, ERR_FAILED, "the user %s, who owns the private database, cannot reach %s",
            user->pw_name, c->at.home);
    return err_fix(e, "chmod o+x on the directories above it");
}

enum err cluster_identity_choose(const struct cluster *c, struct cluster_identity *id,
                                 struct error *e)
{
    struct stat st;
    memset(id, 0, sizeof(*id));
    bool exists = c->at.major && lstat(c->at.data, &st) == 0;
    if (geteuid() == 0)
        return exists ? root_continues(c, st.st_uid, id, e) : root_chooses(c, id, e);
    if (exists && st.st_uid != geteuid()) {
        err_set(e, ERR_FAILED, "%s belongs to another user (uid %u)", c->at.data, st.st_uid);
        return err_fix(e, "run as that user, or set QUORUM_HOME to a directory of your own");
    }
    const struct passwd *self = getpwuid(geteuid());
    if (!self) { /* a container with a made-up uid: initdb and peer both need a name */
        if (use_namespace(id, c->at.dir, e) == OK)
            return OK;
        err_set(e, ERR_FAILED, "uid %u has no entry in /etc/passwd, which PostgreSQL needs",
                geteuid());
        return err_fix(e, "add one (useradd --uid %u), or set DATABASE_URL", geteuid());
    }
    id->as = CLUSTER_AS_SELF;
    id->uid = geteuid();
    id->gid = getegid();
    copy_text(id->name, sizeof(id->name), self->pw_name);
    copy_text(id->owner, sizeof(id->owner), self->pw_name);
    return OK;
}
