/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/console_run.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "quorum/log.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "ui/console_help.h"
#include "ui/console_review.h"
#include "ui/crash.h"
#include "ui/layout.h"

/* Looking verbs that, alone, are a panel. */
static const struct {
    const char *command;
    enum panel_id panel;
} jumps[] = {{"positions", PANEL_POSITIONS},     {"trades", PANEL_TRADES},
             {"agents", PANEL_AGENTS},           {"budget", PANEL_BUDGET},
             {"regime", PANEL_REGIME},           {"alerts", PANEL_ALERTS},
             {"equity", PANEL_EQUITY},           {"watch", PANEL_WATCHLIST},
             {"evaluations", PANEL_EVALUATIONS}, {"log", PANEL_LOG},
             {"pending", PANEL_PENDING},         {"learning", PANEL_LEARNING},
             {"calibration", PANEL_CALIBRATION}};

/* What needs the terminal, another desk or a process of its own. */
static const char *const elsewhere[] = {
    "demo",        "console",    "backtest",     "doctor",    "desk reset", "desk drop",
    "desk forget", "engine",     "engine start", "db setup",  "db up",      "db down",
    "db current",  "db history", "db stamp",     "db verify", "db psql",    "settings init"};

/* ---- words */

static bool take_word(const char **at, struct buf *word, const char *line, struct error *e)
{
    const char *p = *at, *opened = NULL;
    char quote = '\0';
    buf_clear(word);
    for (; *p && (quote || !isspace((unsigned char)*p)); p++) {
        if (quote ? *p == quote : *p == '"' || *p == '\'') {
            opened = p;
            quote = quote ? '\0' : *p;
        } else if (*p == '\\' && p[1] && quote != '\'') {
            buf_char(word, *++p);
        } else {
            buf_char(word, *p);
        }
    }
    *at = p;
    if (!quote)
        return true;
    char clean[LINE_MAX_BYTES];
    copy_bytes(clean, sizeof clean, line, (size_t)(opened - line));
    sanitize_line(clean, sizeof clean, untrusted(clean));
    err_set(e, ERR_USAGE, "unclosed quote at column %zu", text_columns(clean) + 1);
    err_code(e, "E08");
    return false;
}

static const char *skip_blanks(const char *p)
{
    while (isspace((unsigned char)*p))
        p++;
    return p;
}

enum err words_split(const char *line, struct words *w, struct error *e)
{
    struct buf word = {0};
    enum err result = OK;
    *w = (struct words){0};
    for (const char *p = skip_blanks(line); *p && !result; p = skip_blanks(p)) {
        bool to_file = *p == '>' && w->n > 0;
        if (to_file)
            p = skip_blanks(p + 1);
        if (!take_word(&p, &word, line, e)) {
            result = e->kind;
        } else if (w->file && strcmp(buf_text(&word), "--force") == 0) {
            w->force = true;
        } else if (w->file || (to_file && word.len == 0)) {
            result = err_set(e, ERR_USAGE, "one file name belongs behind >, and nothing else");
        } else if (to_file) {
            w->file = arena_text(&w->arena, buf_text(&word));
        } else if (w->n == WORDS_MAX) {
            result = err_set(e, ERR_USAGE, "more than %d words", WORDS_MAX);
        } else {
            w->word[w->n++] = arena_text(&w->arena, buf_text(&word));
        }
    }
    buf_release(&word);
    return result;
}

/* ---- answers */

enum err console_write_file(const char *path, const char *text, size_t len, bool force,
                            struct error *e)
{
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (force ? O_TRUNC : O_EXCL);
    int fd = open(path, flags, 0600);
    if (fd < 0 && errno == EEXIST) {
        err_set(e, ERR_CONFLICT, "%.200s exists", path);
        err_code(e, "E61");
        return err_fix(e, "add --force");
    }
    if (fd < 0)
        return err_set(e, ERR_FAILED, "%.200s cannot be written: %s", path, strerror(errno));
    int why = 0;
    while (len > 0 && !why) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno != EINTR)
            why = errno;
        text += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    if (close(fd) < 0 && !why)
        why = errno;
    if (why)
        return err_set(e, ERR_FAILED, "%.200s is not complete: %s", path, strerror(why));
    return OK;
}

void console_show_text(struct console *c, const char *title, char *owned_text)
{
    if (c->screen) {
        view_open_text(&c->view, title, owned_text);
        console_urgent(c);
        return;
    }
    fputs(owned_text, stdout);
    fflush(stdout);
    mem_free(owned_text);
}

static void first_line(const char *text, char *dst, size_t size)
{
    copy_bytes(dst, size, text, strcspn(text, "\n"));
}

static void show_answer(struct console *c, const struct call *call, const char *line)
{
    const char *text = buf_text(&call->out->text);
    char first[400];
    first_line(text, first, sizeof first);
    for (size_t i = 0; i < call->nwarnings; i++)
        console_say(c, TOAST_WARN, "%s", call->warning[i].text);
    if (!*text && !call->nwarnings && call->command->acts)
        console_say(c, TOAST_OK, "done: %s", line);
    else if (*text && call->command->acts && c->screen && !call->exit_status)
        console_say(c, TOAST_OK, "%s", first);
    else if (*text)
        console_show_text(c, line, mem_text(text));
}

static void answer_to_file(struct console *c, const struct call *call, const char *path,
                           bool forced)
{
    struct error e = {0};
    const struct buf *b = &call->out->text;
    if (console_write_file(path, buf_text(b), b->len, forced, &e))
        console_say_error(c, &e);
    else
        console_say(c, TOAST_OK, "%zu bytes written to %s", b->len, path);
}

/* ---- running */

bool console_runs(const char *command)
{
    for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++)
        if (strcmp(command, elsewhere[i]) == 0)
            return false;
    return true;
}

static enum err refuse(const struct console *c, const struct call *call, struct error *e)
{
    const struct command *k = call->command;
    if (!console_runs(k->name)) {
        err_set(e, ERR_USAGE, "%s does not run inside the console", k->name);
        return err_fix(e, "leave it, and in the shell: quorum %s", k->name);
    }
    if (call->desk_name && strcmp(call->desk_name, desk_kind_name(c->desk->kind)) != 0)
        return err_set(e, ERR_USAGE, "this console is attached to the %s desk",
                       desk_kind_name(c->desk->kind));
    if (c->reading_only && k->acts) {
        err_set(e, ERR_POLICY, "read-only console");
        err_code(e, "E30");
        return err_fix(e, "start without --read-only");
    }
    if (!k->in_console && !k->without_settings && db_state(c->desk->db) != DB_READY) {
        int64_t lost = c->snapshot.lost_at ? time_monotonic_us() - c->snapshot.lost_at : 0;
        err_set(e, ERR_TRANSIENT, "no database for %lld s; nothing was sent",
                (long long)(lost / 1000000));
        err_code(e, "E40");
        return err_fix(e, "it is tried again and again; R now");
    }
    return OK;
}

/* "trade 88" where the command is the name of a detail and nothing else was asked. */
static bool opens_detail(struct console *c, const struct call *call)
{
    static const struct {
        const char *command, *kind;
        bool number;
    } kinds[] = {{"evaluation", "evaluation", true}, {"trade", "trade", true},
                 {"adjustment", "adjustment", true}, {"cycle", "cycle", true},
                 {"param", "parameter", false},      {"agent", "agent", false}};
    char object[OBJECT_MAX * 2];
    if (!c->screen || call->nargs != 1 || call->noptions || call->out->format != OUTPUT_TEXT)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const char *id = call->arg[0];
        id += *id == '#';
        if (strcmp(call->command->name, kinds[i].command) != 0)
            continue;
        if (kinds[i].number && (!*id || strspn(id, "0123456789") != strlen(id)))
            return false;
        snprintf(object, sizeof object, "%s %s", kinds[i].kind, id);
        return view_open_object(&c->view, object);
    }
    return false;
}

static bool jumps_to_panel(struct console *c, const struct call *call)
{
    if (!c->screen || call->nargs || call->noptions || call->out->format != OUTPUT_TEXT)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(jumps); i++) {
        if (strcmp(jumps[i].command, call->command->name) == 0) {
            c->view.focus = jumps[i].panel;
            while (view_back(&c->view))
                continue;
            return true;
        }
    }
    return false;
}

/* A key ended the wait: only of this line, and what came of it is no other mistake. */
static void end_cancel(struct console *c, const struct call *call, struct error *e)
{
    if (loop_interrupted(c->loop) == SIGINT && c->cancels) {
        loop_clear_interrupt(c->loop);
        if (e->kind)
            err_set(e, ERR_FAILED, "%s was cancelled", call->command->name);
    }
    c->cancels = false;
}

static void work(struct console *c, struct call *call, const char *line, const struct words *w)
{
    struct error e = {0};
    copy_text(c->at_work, sizeof c->at_work, line);
    c->view.wait = true;
    console_urgent(c);
    enum err result = strcmp(call->command->name, "evaluate") == 0 ? console_evaluate(c, call, &e)
                                                                   : call->command->run(call, &e);
    c->at_work[0] = '\0';
    if (call->decided)
        console_review_done(c, call->decided, call->decided_as);
    end_cancel(c, call, &e);
    console_failed(c, call->exit_status);
    if (result == OK && w->file && call->out->text.len)
        answer_to_file(c, call, w->file, w->force);
    else if (result == OK || call->out->text.len)
        show_answer(c, call, line);
    if (result)
        console_say_error(c, &e);
    if (call->command->acts)
        loader_now(c->loader);
    console_urgent(c);
}

/* One-shot help speaks of "quorum VERB"; here it opens beside what is on the screen. */
static void show_help(struct console *c, const struct command *k)
{
    struct buf b = {0};
    command_help(k, &b);
    console_show_text(c, k->name, mem_text(buf_text(&b)));
    buf_release(&b);
}

static bool needs_answer(struct console *c, struct call *call, const char *line, struct error *e)
{
    const char *word;
    int level = command_level(call, &word);
    bool review = console_review_is(call);
    if (review && c->yes)
        return false;
    if (review && (c->screen || c->asks))
        return console_review_asks(c, call, line, e);
    if (review && console_review_level(c, call, &level, &word, e))
        return true;
    if (level < 2 && console_evaluation_cost(c, call) > 0)
        level = 2;
    if (level < 2)
        return false;
    if (c->yes)
        return false;
    if (!c->screen && !c->asks) { /* lines from a file or a pipe: as one-shot */
        if (level == 2 ? call->yes : call->confirm && strcmp(call->confirm, word) == 0)
            return false;
        err_set(e, ERR_CONFIRM, "%s needs confirmation", call->command->name);
        if (level == 2)
            err_fix(e, "add --yes");
        else
            err_fix(e, "add --confirm=%s", word);
        return true;
    }
    if (strcmp(call->command->name, "kill") == 0 && call->nargs == 0)
        console_ask_kill(c);
    else
        console_ask(c, call, line, level, word);
    return true;
}

static void run_call(struct console *c, struct call *call, const char *line, const struct words *w)
{
    struct error e = {0};
    if (call->help) {
        show_help(c, call->command);
    } else if (c->screen && call->nargs == 0 && strcmp(call->command->name, "help") == 0) {
        console_help_open(&c->view);
    } else if (refuse(c, call, &e)) {
        console_say_error(c, &e); /* before anything is opened */
    } else if (!w->file && (jumps_to_panel(c, call) || opens_detail(c, call))) {
        console_urgent(c);
    } else if ((call->command->check && call->command->check(call, &e)) ||
               needs_answer(c, call, line, &e)) {
        end_cancel(c, call, &e);
        if (e.kind)
            console_say_error(c, &e);
    } else {
        work(c, call, line, w);
    }
}

/* A word that is no command may be a panel. */
static void no_command(struct console *c, const struct words *w, const struct error *e)
{
    char line[200];
    for (int p = 0; p < PANEL_COUNT && w->n == 1; p++) {
        if (strcmp(panels[p].name, w->word[0]) == 0) {
            snprintf(line, sizeof line, "goto %s", panels[p].name);
            console_queue(c, line);
            return;
        }
    }
    console_say_error(c, e);
}

/* Columns an answer will have: where there are several panels beside each other, not all. */
static size_t answer_columns(struct console *c, const struct words *w)
{
    struct layout l;
    int open = c->view.ndetails;
    if (!c->screen || w->file)
        return 0;
    c->view.ndetails = 1;
    layout_make(&l, &c->view, c->frame.rows, c->frame.cols);
    c->view.ndetails = open;
    return l.detail.cols > 3 ? (size_t)l.detail.cols - 3 : 0;
}

void console_run_line(struct console *c, const char *line)
{
    struct words w;
    struct error e = {0};
    struct output out = {.format = OUTPUT_TEXT};
    struct call call = {.settings = c->call->settings,
                        .loop = c->loop,
                        .agents = c->call->agents,
                        .out = &out,
                        .desk = c->desk,
                        .quiet = true,
                        .console = c};
    char *argv[WORDS_MAX + 3] = {(char *)"quorum"};
    crash_command(line);
    line += strspn(line, " \t:");
    c->line_begun = true;
    if (words_split(line, &w, &e)) {
        console_say_error(c, &e);
    } else if (w.n > 0) {
        out.width = answer_columns(c, &w);
        memcpy(argv + 1, w.word, (size_t)w.n * sizeof argv[0]);
        if (command_parse(&call, w.n + 1, argv, &e) == OK)
            run_call(c, &call, line, &w);
        else if (strcmp(e.code, "E01") == 0 || strcmp(e.code, "E02") == 0)
            no_command(c, &w, &e);
        else
            console_say_error(c, &e);
    }
    buf_release(&out.text);
    call_warnings_free(&call);
    arena_release(&w.arena);
    c->yes = c->line_begun = c->view.wait = false;
}

static int count_lines(const char *lines)
{
    int n = 1;
    for (; *lines; lines++)
        n += *lines == '\n';
    return n;
}

/* How one of several ended. */
static void count_one(struct console *c, const char *line)
{
    const char *id = line + strcspn(line, " ");
    char one[24];
    id += strspn(id, " ");
    c->several.left--;
    c->several.done += c->several.ok;
    if (!c->several.ok) {
        size_t n = strlen(c->several.failed);
        copy_bytes(one, sizeof one, id, strcspn(id, " "));
        snprintf(c->several.failed + n, sizeof c->several.failed - n, "%s#%s (%s)", n ? ", " : "",
                 one, *c->several.now ? c->several.now : "not run");
    }
    if (c->several.left > 0)
        return;
    int lines = c->several.lines, verb = (int)strcspn(line, " ");
    c->several.lines = 0;
    if (c->several.done == lines)
        console_say(c, TOAST_OK, "%.*s: all %d done", verb, line, lines);
    else
        console_say(c, TOAST_ERR, "%.*s: %d of %d done; not %s; why: :errors", verb, line,
                    c->several.done, lines, c->several.failed);
}

void console_run_next(struct console *c)
{
    char *line = c->agreed, *rest = line ? strchr(line, '\n') : NULL;
    c->yes = line != NULL;
    if (rest && c->several.lines == 0 && c->screen) {
        memset(&c->several, 0, sizeof c->several);
        c->several.lines = c->several.left = count_lines(line);
    }
    if (line) {
        c->agreed = rest ? mem_text(rest + 1) : NULL; /* a yes to several is one for each */
        if (rest)
            *rest = '\0';
    } else {
        line = c->queue[0];
        c->queued--;
        memmove(c->queue, c->queue + 1, (size_t)c->queued * sizeof c->queue[0]);
    }
    bool counts = c->yes && c->several.lines > 0;
    c->several.ok = false;
    c->several.now[0] = '\0';
    console_run_line(c, line);
    if (counts)
        count_one(c, line);
    mem_free(line);
    loader_open(c->loader, view_top(&c->view));
    console_urgent(c);
}
