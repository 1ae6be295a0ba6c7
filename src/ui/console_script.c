/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file of keys and commands, done as if somebody sat there: ":COMMAND" runs a line, "wait
 * SECONDS" waits, "#" begins a comment, anything else is keys ("j", "Tab", "C-p", "Enter"), with
 * blanks between them. A line is begun when the one before is done. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "ui/console_private.h"

enum { SCRIPT_BYTES_MAX = 1 << 20, PAUSE_US = 50000 };

struct script {
    struct console *console;
    struct loop_timer *next;
    char *text, *at; /* at: what is left; NULL: it is over */
    int64_t not_before;
};

static void wake(void *arg)
{
    console_dirty(((struct script *)arg)->console);
}

static enum err check_keys(const char *line, int number, struct error *e)
{
    struct key k;
    char name[KEY_NAME_MAX];
    for (line += strspn(line, " \t"); *line; line += strspn(line, " \t")) {
        size_t n = strcspn(line, " \t");
        copy_bytes(name, sizeof name, line, n);
        if (n >= sizeof name || !key_parse(name, &k)) {
            err_set(e, ERR_USAGE, "line %d of the script: \"%s\" is no key", number, name);
            return err_fix(e, "commands begin with a colon");
        }
        line += n;
    }
    return OK;
}

static bool is_wait(const char *line, double *seconds)
{
    return strncmp(line, "wait ", 5) == 0 && text_to_double(line + 5, seconds) && *seconds >= 0 &&
           *seconds <= 3600;
}

static enum err check(struct script *s, struct error *e)
{
    char *copy = mem_text(s->text), *next = copy, *line;
    enum err result = OK;
    double seconds;
    for (int number = 1; !result && (line = strsep(&next, "\n")); number++) {
        if (*line == ':' || *line == '#' || is_wait(line, &seconds))
            continue;
        if (strncmp(line, "wait", 4) != 0)
            result = check_keys(line, number, e);
        else
            result = err_set(e, ERR_USAGE, "line %d of the script: wait takes 0 to 3600 seconds",
                             number);
    }
    mem_free(copy);
    return result;
}

enum err script_open(struct script **out, struct console *c, const char *path, struct error *e)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return err_set(e, ERR_USAGE, "%.200s cannot be read: %s", path, strerror(errno));
    struct script *s = mem_alloc(sizeof *s);
    s->text = mem_alloc(SCRIPT_BYTES_MAX + 1);
    size_t n = fread(s->text, 1, SCRIPT_BYTES_MAX, f);
    bool more = fgetc(f) != EOF;
    fclose(f);
    s->text[n] = '\0';
    s->at = s->text;
    s->console = c;
    *out = s;
    if (more || strlen(s->text) != n)
        return err_set(e, ERR_USAGE, "%.200s is longer than %d bytes, or no text", path,
                       SCRIPT_BYTES_MAX);
    enum err result = check(s, e);
    if (!result)
        s->next = loop_timer_new(c->loop, wake, s);
    return result;
}

static void press(struct console *c, const char *line)
{
    struct input_event ev = {.kind = EVENT_KEY};
    char name[KEY_NAME_MAX];
    for (line += strspn(line, " \t"); *line; line += strspn(line, " \t")) {
        size_t n = strcspn(line, " \t");
        copy_bytes(name, sizeof name, line, n);
        if (key_parse(name, &ev.key))
            console_event(c, &ev);
        line += n;
    }
}

void script_step(struct script *s)
{
    struct console *c = s->console;
    int64_t now = time_monotonic_us(), left = s->not_before - now;
    double seconds;
    if (!s->at || c->queued || c->agreed || c->line_begun)
        return;
    if (left > 0) {
        loop_timer_start(s->next, left / 1000 + 1);
        return;
    }
    char *line = strsep(&s->at, "\n");
    s->not_before = now + PAUSE_US;
    if (is_wait(line, &seconds))
        s->not_before = now + (int64_t)(seconds * 1e6);
    else if (*line == ':')
        console_queue(c, line + 1);
    else if (*line != '#')
        press(c, line);
    loop_timer_start(s->next, 0);
}

void script_close(struct script *s)
{
    if (!s)
        return;
    loop_timer_free(s->next);
    mem_free(s->text);
    mem_free(s);
}
