/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "quorum/buf.h"
#include "quorum/text.h"
#include "ui/bar_private.h"

enum { READ_LEAST = 512 << 10, LINE_USUAL = 200 }; /* bytes; read from the end of the file */

/* The end of the file, from the beginning of a line; false when there is none to be trusted. */
static bool read_end(const char *path, size_t most, struct buf *out)
{
    struct stat st;
    char piece[4096];
    ssize_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0)
        return false;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return false;
    }
    bool cut = st.st_size > (off_t)most;
    if (cut)
        lseek(fd, -(off_t)most, SEEK_END);
    out->max = most + sizeof piece;
    while (!out->overflow && (n = read(fd, piece, sizeof piece)) > 0) {
        const char *from = cut ? memchr(piece, '\n', (size_t)n) : piece;
        if (from != NULL)
            buf_add(out, from + cut, (size_t)(piece + n - from) - cut);
        cut &= from == NULL;
    }
    close(fd);
    return true;
}

/* Writes a new file with the last lines only; what was there before stays if that fails. */
static void rewrite(const char *path, const char *text, size_t len)
{
    char fresh[512];
    int n = snprintf(fresh, sizeof fresh, "%s.XXXXXX", path);
    int fd = n > 0 && (size_t)n < sizeof fresh ? mkstemp(fresh) : -1; /* mode 0600 */
    if (fd < 0)
        return;
    bool whole = write(fd, text, len) == (ssize_t)len;
    if (close(fd) != 0 || !whole || rename(fresh, path) != 0)
        unlink(fresh);
}

void history_file_read(const char *path, int lines, void (*take)(const char *line))
{
    struct buf text = {0};
    if (!read_end(path, READ_LEAST + (size_t)lines * LINE_USUAL, &text)) {
        buf_release(&text);
        return;
    }
    const char *all = buf_text(&text);
    size_t from = text.len, ends = 0, most = (size_t)lines;
    while (from > 0 && ends <= most) /* one line end more than lines: the one before them */
        ends += all[--from] == '\n';
    if (ends > most)
        from++;
    for (const char *at = all + from, *end = all + text.len; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((stop != NULL ? stop : end) - at);
        char line[BAR_LINE_MOST];
        sanitize_line(line, sizeof line, (struct untrusted_text){at, len});
        if (*line != '\0')
            take(line);
        at += len + 1;
    }
    if (from > text.len / 2)
        rewrite(path, all + from, text.len - from);
    buf_release(&text);
}

enum err history_file_add(const char *path, const char *line, struct error *e)
{
    struct stat st;
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    if (fd < 0)
        return err_set(e, ERR_FAILED, "history is not kept: %s: %s", path, strerror(errno));
    bool ours = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid();
    if (ours && (st.st_mode & 077) != 0)
        ours = fchmod(fd, 0600) == 0;
    struct buf text = {0};
    buf_printf(&text, "%s\n", line);
    bool whole = ours && write(fd, buf_text(&text), text.len) == (ssize_t)text.len;
    buf_release(&text);
    close(fd);
    return whole ? OK : err_set(e, ERR_FAILED, "history is not kept: %s cannot be written", path);
}
