/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/store/cluster_internal.h"
#include "quorum/buf.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

bool cluster_path(char dst[CLUSTER_PATH], const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(dst, CLUSTER_PATH, fmt, ap);
    va_end(ap);
    if (n >= 0 && n < CLUSTER_PATH)
        return true;
    dst[0] = '\0';
    return false;
}

void cluster_pause(int ms)
{
    poll(NULL, 0, ms);
}

/* mkdir -p. Parents that root makes must stay passable for the server's user. */
static bool make_path(const char *path)
{
    char part[CLUSTER_PATH];
    if (!copy_text(part, sizeof(part), path))
        return errno = ENAMETOOLONG, false;
    for (char *p = part + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(part, geteuid() == 0 ? 0755 : 0700) && errno != EEXIST && access(part, F_OK))
            return false;
        *p = '/';
    }
    return mkdir(part, 0700) == 0 || errno == EEXIST;
}

static enum err names(struct cluster_paths *p, struct error *e)
{
    if (cluster_path(p->dir, "%s/cluster", p->home) &&
        cluster_path(p->ctl, "%s/ctl.lock", p->dir) &&
        cluster_path(p->clients, "%s/clients.lock", p->dir) &&
        cluster_path(p->reaper, "%s/reaper.lock", p->dir) &&
        cluster_path(p->log, "%s/log", p->dir) && cluster_path(p->pg, "%s/pg", p->dir) &&
        strlen(p->pg) + 64 < CLUSTER_PATH)
        return OK;
    err_set(e, ERR_USAGE, "the path %.100s... is too long for the private database", p->home);
    return err_fix(e, "set QUORUM_HOME to a shorter path");
}

enum err cluster_paths_open(struct cluster_paths *p, const char *home, bool create, struct error *e)
{
    memset(p, 0, sizeof(*p));
    if (create && !make_path(home)) {
        err_set(e, ERR_FAILED, "cannot make the directory %s: %s", home, strerror(errno));
        return err_fix(e, "set QUORUM_HOME to a directory you may write");
    }
    char real[PATH_MAX];
    if (!realpath(home, real)) {
        if (create)
            return err_set(e, ERR_FAILED, "cannot use %s: %s", home, strerror(errno));
        copy_text(real, sizeof(real), home);
    }
    if (!copy_text(p->home, sizeof(p->home), real))
        p->home[CLUSTER_PATH - 1] = '\0';
    enum err r = names(p, e);
    if (r || !create)
        return r;
    struct stat st;
    if ((mkdir(p->dir, 0700) && errno != EEXIST) || lstat(p->dir, &st))
        return err_set(e, ERR_FAILED, "cannot make %s: %s", p->dir, strerror(errno));
    if (!S_ISDIR(st.st_mode) || (geteuid() != 0 && st.st_uid != geteuid())) {
        err_set(e, ERR_FAILED, "%s belongs to another user (uid %u)", p->dir, st.st_uid);
        return err_fix(e, "run as that user, or set QUORUM_HOME to a directory of your own");
    }
    return OK;
}

void cluster_paths_scan(struct cluster_paths *p)
{
    p->major = 0;
    p->data[0] = '\0';
    DIR *d = opendir(p->pg);
    if (!d)
        return;
    for (struct dirent *entry; (entry = readdir(d));) {
        int64_t major;
        char file[CLUSTER_PATH];
        if (text_to_int64(entry->d_name, &major) && major > p->major && major < 1000 &&
            cluster_path(file, "%s/%d/PG_VERSION", p->pg, (int)major) && !access(file, F_OK))
            p->major = (int)major;
    }
    closedir(d);
    if (p->major)
        cluster_path(p->data, "%s/%d", p->pg, p->major);
}

/* Only what we just made is given away: an entry that was there may be a trap of its owner. */
static bool make_owned(const char *path, const struct cluster_identity *id)
{
    if (mkdir(path, 0700))
        return errno == EEXIST;
    return id->as != CLUSTER_AS_USER || lchown(path, id->uid, id->gid) == 0;
}

static bool is_private_dir(const char *path, uid_t owner)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == owner &&
           (st.st_mode & 0077) == 0;
}

/* FNV-1a: a short name for a long path, the same in every process. */
static uint64_t path_hash(const char *s)
{
    uint64_t h = 0xcbf29ce484222325U;
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 0x100000001b3U;
    return h;
}

/* parent/HASH, where parent is ours alone (or root's) and HASH is the server's. */
static bool make_fallback(char dst[CLUSTER_PATH], const char *parent, const char *dir,
                          const struct cluster_identity *id)
{
    if (!cluster_path(dst, "%s/%016llx", parent, (unsigned long long)path_hash(dir)) ||
        strlen(dst) > CLUSTER_SOCKET_MAX)
        return false;
    if (mkdir(parent, geteuid() == 0 ? 0711 : 0700) && errno != EEXIST)
        return false;
    struct stat st;
    if (lstat(parent, &st) || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 0022))
        return false;
    return make_owned(dst, id) && is_private_dir(dst, id->uid);
}

static bool socket_fallback(char dst[CLUSTER_PATH], const struct cluster_paths *p,
                            const struct cluster_identity *id)
{
    char parent[CLUSTER_PATH];
    const char *runtime = geteuid() == 0 ? "/run" : getenv("XDG_RUNTIME_DIR");
    if (runtime && runtime[0] == '/' && cluster_path(parent, "%s/quorum", runtime) &&
        make_fallback(dst, parent, p->dir, id))
        return true;
    const char *temporary[] = {getenv("TMPDIR"), "/tmp"};
    for (int i = 0; i < 2; i++)
        if (temporary[i] && temporary[i][0] == '/' &&
            cluster_path(parent, "%s/quorum-%u", temporary[i], geteuid()) &&
            make_fallback(dst, parent, p->dir, id))
            return true;
    return false;
}

/* Every client must find the same directory, whatever its environment: a fall-back is recorded
 * as the target of the link. */
static enum err socket_make(struct cluster_paths *p, const struct cluster_identity *id,
                            struct error *e)
{
    char link[CLUSTER_PATH], old[CLUSTER_PATH];
    if (!cluster_path(link, "%s/s", p->dir))
        return err_set(e, ERR_FAILED, "the path of the private database is too long");
    ssize_t n = readlink(link, old, sizeof(old) - 1);
    old[n > 0 ? n : 0] = '\0';
    if (strlen(link) <= CLUSTER_SOCKET_MAX) {
        if (n > 0)
            unlink(link);
        if (make_owned(link, id) && is_private_dir(link, id->uid))
            return copy_text(p->sock, sizeof(p->sock), link), OK;
        return err_set(e, ERR_FAILED, "%s must be a directory of uid %u with mode 0700", link,
                       id->uid);
    }
    if (n > 0 && strlen(old) <= CLUSTER_SOCKET_MAX && is_private_dir(old, id->uid))
        return copy_text(p->sock, sizeof(p->sock), old), OK;
    if (n < 0 && errno == EINVAL)
        rmdir(link); /* the home was moved to a longer path */
    if (!socket_fallback(p->sock, p, id)) {
        err_set(e, ERR_FAILED,
                "the path %.100s... is too long for a socket, and no shorter "
                "directory could be made",
                p->dir);
        return err_fix(e, "set QUORUM_HOME to a path of at most %d characters",
                       CLUSTER_SOCKET_MAX - (int)strlen("/cluster/s"));
    }
    if (n > 0)
        unlink(link);
    if (symlink(p->sock, link))
        return err_set(e, ERR_FAILED, "cannot write %s: %s", link, strerror(errno));
    return OK;
}

enum err cluster_socket_find(struct cluster_paths *p, struct error *e)
{
    char link[CLUSTER_PATH];
    struct stat st;
    if (!cluster_path(link, "%s/s", p->dir))
        return err_set(e, ERR_FAILED, "the path of the private database is too long");
    ssize_t n = readlink(link, p->sock, sizeof(p->sock) - 1);
    if (n > 0)
        p->sock[n] = '\0';
    else
        copy_text(p->sock, sizeof(p->sock), link);
    /* The target may lie in /tmp: whoever owns the data must own it too. */
    if (p->data[0] && !lstat(p->data, &st) && is_private_dir(p->sock, st.st_uid) &&
        strlen(p->sock) <= CLUSTER_SOCKET_MAX)
        return OK;
    return err_set(e, ERR_FAILED, "no socket directory of the private database at %s", p->sock);
}

/* Root keeps the directory and its locks; the server's group may pass and lock, no more. */
static bool open_to_group(const struct cluster_paths *p, const struct cluster_identity *id)
{
    struct stat st;
    if (lstat(p->dir, &st))
        return false;
    if (st.st_uid != 0)
        return true; /* root visits the cluster of another user */
    const char *locks[] = {p->ctl, p->clients, p->reaper};
    for (int i = 0; i < 3; i++) {
        int fd = cluster_lock_open(locks[i], NULL);
        bool done = fd >= 0 && fchown(fd, 0, id->gid) == 0 && fchmod(fd, 0660) == 0;
        if (fd >= 0)
            close(fd);
        if (!done)
            return false;
    }
    return lchown(p->dir, 0, id->gid) == 0 && chmod(p->dir, 0710) == 0;
}

enum err cluster_paths_settle(struct cluster_paths *p, const struct cluster_identity *id,
                              struct error *e)
{
    if (id->as == CLUSTER_AS_USER && !open_to_group(p, id))
        return err_set(e, ERR_FAILED, "cannot give %s to group %u: %s", p->dir, id->gid,
                       strerror(errno));
    if (!make_owned(p->pg, id) || !make_owned(p->log, id))
        return err_set(e, ERR_FAILED, "cannot make directories in %s: %s", p->dir, strerror(errno));
    return socket_make(p, id, e);
}

int cluster_lock_open(const char *path, struct error *e)
{
    int fd = -1;
    for (int i = 0; i < 8 && fd < 0; i++) {
        fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        if (fd >= 0 || errno != ENOENT)
            break;
        fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_CREAT | O_EXCL, 0600);
        if (fd < 0 && errno != EEXIST)
            break;
        /* Root, in the directory of another user: that user must be able to open it as well. */
        char dir[CLUSTER_PATH];
        struct stat st;
        char *slash = copy_text(dir, sizeof(dir), path) ? strrchr(dir, '/') : NULL;
        if (fd >= 0 && geteuid() == 0 && slash) {
            *slash = '\0';
            if (!lstat(dir, &st) && st.st_uid != 0 && fchown(fd, st.st_uid, st.st_gid))
                break;
        }
    }
    if (fd < 0)
        err_set(e, ERR_FAILED, "cannot open %s: %s", path, strerror(errno));
    return fd;
}

bool cluster_lock(int fd, int operation, int64_t deadline_us)
{
    while (flock(fd, operation | LOCK_NB)) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || cluster_interrupted() ||
            time_monotonic_us() >= deadline_us)
            return false;
        cluster_pause(3);
    }
    return true;
}

bool cluster_supervised(const struct cluster_paths *p, pid_t *pid)
{
    char text[16] = "";
    int64_t value = 0;
    int fd = open(p->reaper, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    bool held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    ssize_t n = held ? read(fd, text, sizeof(text) - 1) : 0;
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    if (pid)
        *pid = held && text_to_int64(text, &value) ? (pid_t)value : 0;
    return held;
}
