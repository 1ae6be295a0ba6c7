/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was looked at when the connection of the terminal was lost, for the next console of the desk
 * on this machine: the file "session" of the state directory. No question and nothing typed. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "quorum/text.h"
#include "ui/console_run.h"
#include "ui/console_verbs.h"

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
    const struct view *v = &c->view;
    file_of(c, path);
    buf_printf(&text, "desk %s\n", desk_kind_name(c->desk->kind));
    if (v->focus != PANEL_NONE)
        buf_printf(&text, "focus %s\n", panels[v->focus].name);
    if (v->zoomed)
        buf_str(&text, "zoom\n");
    for (int i = 0; i < v->ndetails; i++)
        if (details[v->detail[i].kind].name && v->detail[i].kind != DETAIL_TEXT)
            buf_printf(&text, "object %s %s\n", details[v->detail[i].kind].name, v->detail[i].id);
    unlink(path);
    console_write_file(path, buf_text(&text), text.len, true, &ignored);
    buf_release(&text);
}

static void take_line(struct console *c, char *line, char *seen, size_t size)
{
    enum panel_id p;
    char *value = line + strcspn(line, " ");
    if (*value)
        *value++ = '\0';
    if (strcmp(line, "focus") == 0 && console_find_panel(value, &p)) {
        c->view.focus = p;
        if (p != PANEL_POSITIONS)
            snprintf(seen, size, "%s", panels[p].title);
    } else if (strcmp(line, "zoom") == 0) {
        c->view.zoomed = true;
    } else if (strcmp(line, "object") == 0 && view_open_object(&c->view, value)) {
        char *id = value + strcspn(value, " ");
        bool number = *id && strspn(id + 1, "0123456789") == strlen(id + 1);
        snprintf(seen, size, "%.*s %s%s", (int)(id - value), value, number ? "#" : "",
                 *id ? id + 1 : "");
    }
}

/* Of another desk, or of long ago, is of no use; read once. */
void console_resume_view(struct console *c)
{
    char path[640], text[2000], desk[40], seen[80] = "", told[160];
    struct stat st;
    file_of(c, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return;
    bool good = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
                time(NULL) - st.st_mtime < LOST_SECONDS_MOST;
    ssize_t n = good ? read(fd, text, sizeof text - 1) : 0;
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    snprintf(desk, sizeof desk, "desk %s\n", desk_kind_name(c->desk->kind));
    if (strncmp(text, desk, strlen(desk)) != 0)
        return;
    unlink(path);
    char *next = text + strlen(desk), *line;
    while ((line = strsep(&next, "\n")))
        take_line(c, line, seen, sizeof seen);
    if (!*seen)
        return;
    char clean[80];
    snprintf(told, sizeof told, "resumed view: %s",
             sanitize_line(clean, sizeof clean, untrusted(seen)));
    console_say_later(c, TOAST_OK, told);
}
