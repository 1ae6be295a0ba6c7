/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/log_tail.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "quorum/buf.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { LINES_KEPT = 400, READ_MOST = 256 << 10, FIRST_READ = 64 << 10, LINE_LONGEST = 4096 };

struct log_tail {
    char path[600], desk[16];
    int fd;
    dev_t device;
    ino_t file;
    int64_t offset;
    struct buf part;        /* a line whose end was not written yet */
    char *line[LINES_KEPT]; /* a ring: the oldest at `first` */
    size_t first, n;
    bool skipping, shown;
    enum zone zone;
};

struct log_tail *log_tail_new(const char *path, const char *desk)
{
    struct log_tail *t = mem_alloc(sizeof *t);
    copy_text(t->path, sizeof t->path, path);
    copy_text(t->desk, sizeof t->desk, desk);
    t->fd = -1;
    return t;
}

static void leave(struct log_tail *t)
{
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
}

void log_tail_free(struct log_tail *t)
{
    if (!t)
        return;
    leave(t);
    buf_release(&t->part);
    for (size_t i = 0; i < LINES_KEPT; i++)
        mem_free(t->line[i]);
    mem_free(t);
}

/* What is no record (a library's own words) is shown as it is. */
static bool is_record(const char *line)
{
    return strlen(line) > 20 && line[10] == 'T';
}

/* Bytes of "demo/" before the area; 0: it is no desk's. */
static size_t desk_of(const char *area)
{
    size_t n = strcspn(area, " /");
    return area[n] == '/' ? n + 1 : 0;
}

static const char *area_of(const char *line)
{
    for (int words = 0; words < 2; words++) {
        line += strcspn(line, " ");
        line += strspn(line, " ");
    }
    return line;
}

/* Several desks of one home write into one file. */
static bool is_another_desks(const struct log_tail *t, const char *line)
{
    const char *area = area_of(line);
    size_t n = is_record(line) ? desk_of(area) : 0;
    return n > 0 && (strlen(t->desk) != n - 1 || strncmp(area, t->desk, n - 1) != 0);
}

static void keep(struct log_tail *t, const char *text)
{
    size_t at = (t->first + t->n) % LINES_KEPT;
    if (t->n == LINES_KEPT) {
        at = t->first;
        t->first = (t->first + 1) % LINES_KEPT;
    } else {
        t->n++;
    }
    mem_free(t->line[at]);
    t->line[at] = mem_text(text);
}

/* At the end of a big file the first line is a part of one. */
static void enter(struct log_tail *t)
{
    struct stat st;
    bool begun = t->file != 0;
    t->fd = open(t->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (t->fd < 0)
        return;
    if (fstat(t->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        leave(t);
        return;
    }
    t->device = st.st_dev;
    t->file = st.st_ino;
    t->offset = !begun && st.st_size > FIRST_READ ? st.st_size - FIRST_READ : 0;
    t->skipping = t->offset > 0;
    buf_clear(&t->part);
}

static bool take(struct log_tail *t, const char *bytes, size_t len)
{
    bool added = false;
    for (size_t at = 0; at < len;) {
        const char *end = memchr(bytes + at, '\n', len - at);
        size_t n = end ? (size_t)(end - bytes) - at : len - at;
        if (t->part.len + n <= LINE_LONGEST)
            buf_add(&t->part, bytes + at, n);
        else
            t->skipping = true; /* no record is that long */
        at += n + (end != NULL);
        if (!end)
            break;
        if (!t->skipping && t->part.len > 0 && !is_another_desks(t, buf_text(&t->part))) {
            keep(t, buf_text(&t->part));
            added = true;
        }
        t->skipping = false;
        buf_clear(&t->part);
    }
    return added;
}

static bool read_on(struct log_tail *t)
{
    char bytes[16384];
    bool added = false;
    for (size_t most = READ_MOST; t->fd >= 0 && most > 0;) {
        ssize_t n = pread(t->fd, bytes, sizeof bytes, (off_t)t->offset);
        if (n <= 0)
            break;
        t->offset += n;
        most -= (size_t)n < most ? (size_t)n : most;
        added |= take(t, bytes, (size_t)n);
    }
    return added;
}

/* The name leads to another file than the one that is open, or that one was cut. */
static bool is_rotated(const struct log_tail *t)
{
    struct stat named, held;
    if (t->fd < 0)
        return true;
    if (fstat(t->fd, &held) == 0 && held.st_size < t->offset)
        return true;
    return stat(t->path, &named) == 0 && (named.st_dev != t->device || named.st_ino != t->file);
}

/* "2026-11-22T14:03:11.123Z info demo/engine text", cut up in place. */
static void set_cells(struct arena *a, char **cell, const char *line, enum zone zone)
{
    char *rest = arena_text(a, line), *text = rest, *none = rest + strlen(rest);
    char *part[3] = {none, none, none};
    int64_t at;
    for (size_t i = 0; is_record(line) && i < 3; i++) {
        size_t n = strcspn(rest, " ");
        part[i] = rest;
        rest += n + strspn(rest + n, " ");
        part[i][n] = '\0';
        text = rest;
    }
    cell[0] = arena_text(a, "");
    cell[1] = part[0];
    if (time_parse(part[0], &at)) {
        at += zone_offset(zone, at);
        int64_t ms = at / 1000 % 86400000;
        cell[1] = arena_printf(a, "%02d:%02d:%02d.%03d", (int)(ms / 3600000),
                               (int)(ms / 60000 % 60), (int)(ms / 1000 % 60), (int)(ms % 1000));
    }
    cell[2] = part[1];
    for (char *p = cell[2]; *p; p++)
        *p = (char)(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p);
    cell[3] = part[2] + desk_of(part[2]);
    cell[4] = text;
}

static void make_rows(const struct log_tail *t, struct rows *out)
{
    static const char *const names[] = {"object", "time", "level", "module", "text"};
    rows_release(out);
    out->nrows = t->n;
    out->ncols = ARRAY_LEN(names);
    out->column = arena_alloc(&out->arena, ARRAY_LEN(names) * sizeof(*out->column));
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        out->column[i] = arena_text(&out->arena, names[i]);
    if (t->n == 0)
        return;
    out->cell = arena_alloc(&out->arena, t->n * ARRAY_LEN(names) * sizeof(*out->cell));
    for (size_t i = 0; i < t->n; i++)
        set_cells(&out->arena, out->cell + i * ARRAY_LEN(names),
                  t->line[(t->first + t->n - 1 - i) % LINES_KEPT], t->zone);
}

bool log_tail_read(struct log_tail *t, enum zone zone, struct rows *out)
{
    bool added = read_on(t);
    if (is_rotated(t)) {
        leave(t);
        enter(t);
        added |= read_on(t);
    }
    if (!added && t->shown && t->zone == zone)
        return false;
    t->shown = true;
    t->zone = zone;
    make_rows(t, out);
    return true;
}
