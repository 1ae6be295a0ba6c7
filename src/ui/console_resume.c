/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was open when the connection of the terminal was lost is offered to the next console of the
 * desk on this machine: the file "session" of the state directory. No question, nothing typed. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "quorum/text.h"
#include "ui/console_run.h"

enum { LOST_SECONDS_MOST = 12 * 3600 };

static void file_of(const struct console *c, char path[640])
{
    snprintf(path, 640, "%s/session", settings_home(c->call->settings));
}

void console_keep_view(struct console *c)
{
    char path[640];
    struct buf text = {0};
    struct error ignored = {0};
    const struct detail_view *d = view_top(&c->view);
    file_of(c, path);
    unlink(path);
    if (!d || !details[d->kind].name || d->kind == DETAIL_TEXT)
        return;
    buf_printf(&text, "%s\n%s %s\n", desk_kind_name(c->desk->kind), details[d->kind].name, d->id);
    console_write_file(path, buf_text(&text), text.len, true, &ignored);
    buf_release(&text);
}

/* The two lines of the file; of another desk, or of long ago, it is of no use. */
static bool read_kept(const struct console *c, const char *path, char object[OBJECT_MAX * 2])
{
    char text[400];
    struct stat st;
    const char *desk = desk_kind_name(c->desk->kind);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    bool good = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
                time(NULL) - st.st_mtime < LOST_SECONDS_MOST;
    ssize_t n = good ? read(fd, text, sizeof text - 1) : 0;
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    size_t len = strlen(desk);
    if (strncmp(text, desk, len) != 0 || text[len] != '\n')
        return false;
    const char *line = text + len + 1;
    return copy_bytes(object, OBJECT_MAX * 2, line, strcspn(line, "\n"));
}

/* It lies where "]" goes: whoever comes sees the desk first. */
void console_resume_view(struct console *c)
{
    char path[640], object[OBJECT_MAX * 2], told[160], clean[OBJECT_MAX * 2];
    file_of(c, path);
    if (!read_kept(c, path, object))
        return;
    unlink(path);
    if (!view_open_object(&c->view, object))
        return;
    view_back(&c->view);
    const char *id = strpbrk(object, " :") + 1; /* view_open_object found it */
    bool number = *id && strspn(id, "0123456789") == strlen(id);
    sanitize_line(clean, sizeof clean, untrusted(id));
    snprintf(told, sizeof told, "resumed view: %.*s%s%s opens with ]", (int)(id - object), object,
             number ? "#" : "", clean);
    console_say_later(c, TOAST_OK, told);
}
