/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the terminal was sent, with times, as asciicast v2 (docs.asciinema.org). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "quorum/buf.h"
#include "quorum/timeutil.h"
#include "ui/console_private.h"

struct recorder {
    int fd;
    int64_t start;
};

static void write_line(struct recorder *r, struct buf *line)
{
    const char *p = buf_text(line);
    size_t left = line->len;
    while (left > 0) {
        ssize_t n = write(r->fd, p, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break; /* a full disk must not disturb the person */
        p += n;
        left -= (size_t)n;
    }
    buf_release(line);
}

static void write_event(struct recorder *r, const char *kind, const char *text)
{
    struct buf line = {0}, quoted = {0};
    struct json j;
    json_begin(&j, &quoted);
    json_open(&j, NULL, '[');
    json_str(&j, NULL, kind);
    json_str(&j, NULL, text);
    json_close(&j, ']');
    buf_printf(&line, "[%.6f,%s\n", (double)(time_monotonic_us() - r->start) / 1e6,
               buf_text(&quoted) + 1);
    buf_release(&quoted);
    write_line(r, &line);
}

static void write_header(struct recorder *r)
{
    struct buf line = {0};
    struct json j;
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    const char *term = getenv("TERM");
    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    json_begin(&j, &line);
    json_open(&j, NULL, '{');
    json_int(&j, "version", 2);
    json_int(&j, "width", size.ws_col);
    json_int(&j, "height", size.ws_row);
    json_int(&j, "timestamp", time_machine_now() / 1000000);
    json_open(&j, "env", '{');
    json_str(&j, "TERM", term ? term : "");
    json_close(&j, '}');
    json_close(&j, '}');
    buf_char(&line, '\n');
    write_line(r, &line);
}

enum err recorder_open(struct recorder **out, const char *path, struct error *e)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST) {
        err_set(e, ERR_CONFLICT, "%.200s exists", path);
        err_code(e, "E61");
        return err_fix(e, "name another file, or remove it");
    }
    if (fd < 0)
        return err_set(e, ERR_USAGE, "%.200s cannot be written: %s", path, strerror(errno));
    *out = mem_alloc(sizeof **out);
    (*out)->fd = fd;
    (*out)->start = time_monotonic_us();
    write_header(*out);
    return OK;
}

void recorder_size(struct recorder *r, int rows, int cols)
{
    char size[24];
    snprintf(size, sizeof size, "%dx%d", cols, rows);
    write_event(r, "r", size);
}

void recorder_write(void *recorder, const char *bytes, size_t n)
{
    struct recorder *r = recorder;
    struct buf text = {0};
    buf_add(&text, bytes, n);
    write_event(r, "o", buf_text(&text));
    buf_release(&text);
}

void recorder_close(struct recorder *r)
{
    if (!r)
        return;
    close(r->fd);
    mem_free(r);
}
