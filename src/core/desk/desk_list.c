/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which desk a command means, and the file that remembers which were opened. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/desk/desk_private.h"
#include "quorum/text.h"

static const char *const kind_name[] = {[DESK_PAPER] = "paper", [DESK_DEMO] = "demo"};

const char *desk_kind_name(enum desk_kind k)
{
    return kind_name[k];
}

static void list_path(const struct settings *s, char *dst, size_t size)
{
    snprintf(dst, size, "%s/desks", settings_config_dir(s));
}

/* Reads "name<TAB>where" lines; a missing file is an empty list. */
static enum err read_list(const struct settings *s, char where[2][320], bool known[2],
                          struct error *e)
{
    char path[600], line[512];
    known[DESK_PAPER] = known[DESK_DEMO] = false;
    list_path(s, path, sizeof path);
    FILE *f = fopen(path, "re");
    if (!f)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES
                   ? OK
                   : err_set(e, ERR_FAILED, "cannot read %s: %s", path, strerror(errno));
    while (fgets(line, sizeof line, f)) {
        char *tab = strchr(line, '\t');
        if (!tab)
            continue;
        *tab = '\0';
        tab[1 + strcspn(tab + 1, "\n")] = '\0';
        for (int k = DESK_PAPER; k <= DESK_DEMO; k++) {
            if (strcmp(line, kind_name[k]) != 0)
                continue;
            known[k] = true;
            sanitize_line(where[k], sizeof where[k], untrusted(tab + 1));
        }
    }
    fclose(f);
    return OK;
}

static enum err make_directories(const char *path, struct error *e)
{
    char part[600];
    for (const char *p = path + 1;; p++) {
        if (*p && *p != '/')
            continue;
        copy_bytes(part, sizeof part, path, (size_t)(p - path));
        if (mkdir(part, 0700) < 0 && errno != EEXIST)
            return err_set(e, ERR_FAILED, "cannot make %s: %s", part, strerror(errno));
        if (!*p)
            return OK;
    }
}

/* Written aside and renamed, so that a reader or a full disk never meets half a file. */
static enum err write_list(const struct settings *s, char where[2][320], const bool known[2],
                           struct error *e)
{
    char path[600], aside[640];
    list_path(s, path, sizeof path);
    snprintf(aside, sizeof aside, "%s.%ld", path, (long)getpid());
    int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    if (!f)
        return err_set(e, ERR_FAILED, "cannot write %s: %s", aside, strerror(errno));
    for (int k = DESK_PAPER; k <= DESK_DEMO; k++)
        if (known[k])
            fprintf(f, "%s\t%s\n", kind_name[k], where[k]);
    if (fclose(f) != 0 || rename(aside, path) < 0) {
        err_set(e, ERR_FAILED, "cannot write %s: %s", path, strerror(errno));
        unlink(aside);
        return e->kind;
    }
    return OK;
}

enum err desk_recorded(const struct settings *s, enum desk_kind k, bool *out, char *where,
                       size_t size, struct error *e)
{
    char all[2][320];
    bool known[2];
    if (read_list(s, all, known, e))
        return e->kind;
    *out = known[k];
    if (where)
        copy_text(where, size, known[k] ? all[k] : "");
    return OK;
}

/* Changes one line under a lock on the directory: two desks may be opened at once. `where` NULL
 * takes the line out. */
static enum err change_list(const struct settings *s, enum desk_kind k, const char *where,
                            struct error *e)
{
    char all[2][320];
    bool known[2];
    if (where && make_directories(settings_config_dir(s), e))
        return e->kind;
    int lock = open(settings_config_dir(s), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock >= 0)
        flock(lock, LOCK_EX);
    enum err result = read_list(s, all, known, e);
    bool same = where ? known[k] && strcmp(all[k], where) == 0 : !known[k];
    if (!result && !same) {
        known[k] = where != NULL;
        copy_text(all[k], sizeof all[k], where ? where : "");
        result = write_list(s, all, known, e);
    }
    if (lock >= 0)
        close(lock);
    return result;
}

enum err desk_remember(const struct settings *s, enum desk_kind k, const char *where,
                       struct error *e)
{
    return change_list(s, k, where, e);
}

enum err desk_forget(const struct settings *s, enum desk_kind k, struct error *e)
{
    return change_list(s, k, NULL, e);
}

enum err desk_choose(const struct settings *s, const char *name, enum desk_kind *out,
                     const char **why, struct error *e)
{
    const char *unused, *given = name ? name : settings_text(s, SETTING_DESK);
    if (!why)
        why = &unused;
    if (given) {
        *why = name ? "--desk" : "QUORUM_DESK";
        for (int k = DESK_PAPER; k <= DESK_DEMO; k++) {
            if (strcmp(given, kind_name[k]) == 0) {
                *out = (enum desk_kind)k;
                return OK;
            }
        }
        err_set(e, ERR_USAGE, "there is no desk \"%s\" (from %s)", given, *why);
        return err_fix(e, "use paper or demo");
    }
    bool recorded = false;
    if (desk_recorded(s, DESK_PAPER, &recorded, NULL, 0, e))
        return e->kind;
    *out = DESK_PAPER;
    if (recorded) {
        *why = "the paper desk was opened before";
    } else if (settings_text(s, SETTING_FMP_API_KEY)) {
        *why = "FMP_API_KEY is set";
    } else {
        *out = DESK_DEMO;
        *why = settings_text(s, SETTING_ANTHROPIC_API_KEY)
                   ? "FMP_API_KEY is missing, so there is no market for a paper desk"
                   : "no paper desk and no FMP_API_KEY";
    }
    return OK;
}
