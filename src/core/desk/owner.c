/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who this process is: to people (operator and origin) and to other processes (owner). */
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quorum/desk.h"
#include "quorum/text.h"

const char *operator_name(void)
{
    static char name[64];
    if (*name)
        return name;
    struct passwd *pw = getpwuid(getuid());
    if (pw)
        sanitize_line(name, sizeof name, untrusted(pw->pw_name));
    else
        snprintf(name, sizeof name, "uid %u", (unsigned)getuid());
    return name;
}

/* The address the SSH session came from, or "local". */
const char *operator_origin(void)
{
    static char origin[64];
    if (*origin)
        return origin;
    const char *ssh = getenv("SSH_CONNECTION");
    char address[64] = "";
    if (ssh)
        copy_bytes(address, sizeof address, ssh, strcspn(ssh, " "));
    sanitize_line(origin, sizeof origin, untrusted(*address ? address : "local"));
    return origin;
}

/* Start time of a process in clock ticks since boot (field 22 of /proc/PID/stat), -1 if gone. One
 * that is dead but not reaped (in a container whose first process does not) is gone. The name in
 * field 2 may hold blanks and parentheses: count from the last one. */
static long long start_time(long pid)
{
    char path[64], stat[1024];
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *f = fopen(path, "re");
    if (!f)
        return -1;
    size_t n = fread(stat, 1, sizeof stat - 1, f);
    fclose(f);
    stat[n] = '\0';
    char *p = strrchr(stat, ')');
    if (p && (strncmp(p, ") Z", 3) == 0 || strncmp(p, ") X", 3) == 0))
        return -1;
    for (int field = 2; p && field < 22; field++)
        p = strchr(p + 1, ' ');
    return p ? strtoll(p, NULL, 10) : -1;
}

static void host_name(char *dst, size_t size)
{
    if (gethostname(dst, size) < 0)
        copy_text(dst, size, "localhost");
    dst[size - 1] = '\0';
}

const char *owner_self(void)
{
    static char self[160];
    static pid_t of; /* a fork is another owner */
    if (of != getpid()) {
        char host[96];
        host_name(host, sizeof host);
        of = getpid();
        snprintf(self, sizeof self, "%s/%ld/%lld", host, (long)of, start_time(of));
    }
    return self;
}

bool owner_is_gone(const char *owner)
{
    char host[96], there[96];
    char *end = NULL;
    host_name(host, sizeof host);
    const char *slash = strchr(owner, '/');
    if (!slash || !copy_bytes(there, sizeof there, owner, (size_t)(slash - owner)) ||
        strcmp(host, there) != 0)
        return false; /* another host: only its lease can tell */
    long pid = strtol(slash + 1, &end, 10);
    if (end == slash + 1 || *end != '/' || pid <= 0)
        return false;
    long long started = strtoll(end + 1, NULL, 10);
    return (kill((pid_t)pid, 0) < 0 && errno == ESRCH) || start_time(pid) != started;
}
