/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of a one-shot process: settings, parsing, confirmation, the handler, its answer. */
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/command/figures.h"
#include "quorum/calendar.h"
#include "quorum/command.h"
#include "quorum/log.h"
#include "quorum/text.h"

void call_warn(struct call *c, const char *fmt, ...)
{
    char text[400];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (c->nwarnings == c->warnings_cap) {
        c->warnings_cap = c->warnings_cap ? c->warnings_cap * 2 : 8;
        c->warning = mem_grow(c->warning, c->warnings_cap, sizeof *c->warning);
    }
    c->warning[c->nwarnings] = (struct error){0};
    err_set(&c->warning[c->nwarnings++], OK, "%s", text);
}

void call_warnings_free(struct call *c)
{
    mem_free(c->warning);
    c->warning = NULL;
    c->nwarnings = c->warnings_cap = 0;
}

static void say_progress(void *arg, const char *text)
{
    const struct call *c = arg;
    if (c->progress)
        c->progress(c->progress_arg, text);
    else if (!c->quiet && isatty(STDERR_FILENO))
        fprintf(stderr, "%s ...\n", text);
}

/* The log is a convenience of the operator: a home that cannot be written shows itself when the
 * private cluster needs it. */
static void open_log(const struct settings *s)
{
    static const char *const name[] = {"debug", "info", "warn", "error"};
    const char *wanted = settings_text(s, SETTING_LOG_LEVEL);
    enum log_level level = LOG_INFO;
    char path[600];
    for (size_t i = 0; i < ARRAY_LEN(name); i++)
        if (strcmp(name[i], wanted) == 0)
            level = (enum log_level)i;
    snprintf(path, sizeof path, "%s/log", settings_home(s));
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/log/quorum.log", settings_home(s));
    log_open(path, level, NULL);
}

struct desk_options call_desk_options(struct call *c)
{
    return (struct desk_options){.settings = c->settings,
                                 .loop = c->loop,
                                 .agents = c->agents,
                                 .name = c->desk_name,
                                 .only_looks = !c->command->acts,
                                 .progress = say_progress,
                                 .arg = c};
}

enum err call_desk_with(struct call *c, const struct desk_options *options, struct error *e)
{
    if (c->desk)
        return OK;
    enum err result = desk_open(options, &c->desk, e);
    open_log(c->settings);
    return result;
}

enum err call_desk(struct call *c, struct error *e)
{
    struct desk_options options = call_desk_options(c);
    return call_desk_with(c, &options, e);
}

static bool has_terminal(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* Keys typed before the question stands there are thrown away. */
static bool ask(const char *question, char *answer, size_t size)
{
    int flags = fcntl(STDIN_FILENO, F_GETFL);
    char waste[256];
    fcntl(STDIN_FILENO, F_SETFL, flags | O_NONBLOCK);
    while (read(STDIN_FILENO, waste, sizeof waste) > 0)
        ;
    fcntl(STDIN_FILENO, F_SETFL, flags);
    fprintf(stderr, "%s ", question);
    fflush(stderr);
    if (!fgets(answer, (int)size, stdin))
        return false;
    answer[strcspn(answer, "\r\n")] = '\0';
    return true;
}

int command_level(const struct call *c, const char **word)
{
    const struct command *k = c->command;
    int usual = k->level_of ? k->level_of(c) : k->level;
    const char *own = usual >= 2 && k->confirm_word ? k->confirm_word(c) : NULL;
    *word = own ? own : "yes";
    return own ? 3 : usual;
}

enum err call_confirm(const struct call *c, int level, const char *word, const char *const *line,
                      size_t lines, struct error *e)
{
    const struct command *k = c->command;
    char question[200], answer[80];
    if (level < 2)
        return OK;
    if (level == 2 ? c->yes : c->confirm && strcmp(c->confirm, word) == 0)
        return OK;
    if (c->confirm || !has_terminal()) {
        err_set(e, ERR_CONFIRM, "%s needs confirmation", k->name);
        return level == 2 ? err_fix(e, "add --yes") : err_fix(e, "add --confirm=%s", word);
    }
    for (size_t i = 0; i < lines; i++)
        fprintf(stderr, "%s%s\n", i ? "   " : " ", line[i]);
    if (level == 2)
        snprintf(question, sizeof question, "%s? [y/N]", k->name);
    else
        snprintf(question, sizeof question, "%s: type %s to do it:", k->name, word);
    bool agreed = ask(question, answer, sizeof answer) &&
                  (level == 2 ? strcmp(answer, "y") == 0 || strcmp(answer, "yes") == 0
                              : strcmp(answer, word) == 0);
    return agreed ? OK : err_set(e, ERR_CONFIRM, "not confirmed; nothing was done");
}

static enum err confirm(const struct call *c, struct error *e)
{
    const char *word;
    int level = command_level(c, &word);
    return call_confirm(c, level, word, NULL, 0, e);
}

static void show_help(struct call *c)
{
    struct buf b = {0};
    struct json j;
    command_help(c->command, &b);
    if (c->out->format == OUTPUT_JSON) {
        json_begin(&j, &c->out->text);
        json_open(&j, NULL, '{');
        json_str(&j, "help", buf_text(&b));
        json_close(&j, '}');
        buf_char(&c->out->text, '\n');
    } else {
        buf_str(&c->out->text, buf_text(&b));
    }
    buf_release(&b);
}

enum err command_run(struct call *c, struct error *e)
{
    if (c->help) {
        show_help(c);
        return OK;
    }
    if (c->command->in_console && !c->console) {
        err_set(e, ERR_USAGE, "%s belongs to the console", c->command->name);
        return err_fix(e, "start it with quorum, then type :%s", c->command->name);
    }
    if (c->command->check && c->command->check(c, e))
        return e->kind;
    enum err result = confirm(c, e) ? e->kind : c->command->run(c, e);
    desk_close(c->desk);
    c->desk = NULL;
    return result;
}

const char *error_line(char dst[ERROR_LINE_MAX], const struct error *e)
{
    size_t n = strlen(e->text);
    const char *stop = !*e->fix ? "" : n && e->text[n - 1] == '.' ? " " : ". ";
    snprintf(dst, ERROR_LINE_MAX, "%s%s%s%s%s", e->code, *e->code ? " " : "", e->text, stop,
             e->fix);
    redact_text(dst);
    return dst;
}

/* On stdout stands one JSON value: the answer, where there is one, else the error. */
static void print_error(const struct error *e, enum output_format format, bool answered)
{
    char line[ERROR_LINE_MAX];
    error_line(line, e);
    if (format == OUTPUT_JSON && !answered) {
        struct buf b = {0};
        struct json j;
        json_begin(&j, &b);
        json_open(&j, NULL, '{');
        json_error(&j, "error", e);
        json_close(&j, '}');
        puts(b.data);
        buf_release(&b);
    }
    fprintf(stderr, "quorum: %s\n", line);
}

static enum err write_answer(const struct output *o, struct error *e)
{
    const char *p = buf_text(&o->text);
    size_t left = o->text.len;
    if (o->text.overflow)
        return err_set(e, ERR_FAILED, "the answer is larger than 64 MB");
    while (left > 0) {
        ssize_t n = write(STDOUT_FILENO, p, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) { /* somebody made the pipe or terminal non-blocking */
            poll(&(struct pollfd){.fd = STDOUT_FILENO, .events = POLLOUT}, 1, -1);
            continue;
        }
        if (n < 0 && errno == EPIPE)
            return OK; /* the reader had enough */
        if (n < 0)
            return err_set(e, ERR_FAILED, "cannot write the answer: %s", strerror(errno));
        p += n;
        left -= (size_t)n;
    }
    return OK;
}

static void print_warnings(const struct call *c)
{
    const char *note;
    if (c->quiet)
        return;
    for (size_t i = 0; c->settings && (note = settings_note(c->settings, i)); i++)
        fprintf(stderr, "quorum: warning: %s\n", note);
    for (size_t i = 0; i < c->nwarnings; i++)
        fprintf(stderr, "quorum: warning: %s\n", c->warning[i].text);
}

/* Before anything asks the calendar: a day that is wrong there trades on a closed exchange. */
static enum err load_closures(const struct settings *s, struct error *e)
{
    const char *path = settings_text(s, SETTING_CLOSURES);
    if (!path || calendar_load(path, e) == OK)
        return OK;
    e->kind = ERR_USAGE;
    return err_wrap(e, "%s", setting_row(SETTING_CLOSURES)->name);
}

static enum err run_with_settings(struct call *c, struct error *e)
{
    struct settings *s = NULL;
    enum err result = settings_load(&s, e);
    c->settings = s;
    if (!result)
        result = load_closures(s, e);
    if (result && c->command->without_settings)
        result = OK;
    if (!result)
        result = command_run(c, e);
    print_warnings(c);
    settings_free(s);
    c->settings = NULL;
    return result;
}

/* A closed descriptor 0, 1 or 2 would be given to the next file or socket that is opened, and the
 * answer written into it. */
static void open_standard_files(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

/* For a terminal that does not speak UTF-8; programs that read JSON or CSV get what is stored. */
static void to_ascii_where_needed(struct output *out)
{
    struct buf plain = {0};
    if (out->format != OUTPUT_TEXT || strcmp(nl_langinfo(CODESET), "UTF-8") == 0)
        return;
    text_ascii(&plain, buf_text(&out->text));
    buf_release(&out->text);
    out->text = plain;
}

/* A line that cannot be read to its end may still ask for JSON, and then means its error, too. */
static bool asks_json(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--json") == 0)
            return true;
    return false;
}

int quorum_main(int argc, char **argv, const struct agent *const *agents)
{
    struct output out = {.format = OUTPUT_TEXT};
    struct error e = {0};
    open_standard_files();
    setlocale(LC_ALL, "");
    setlocale(LC_NUMERIC, "C"); /* every number we read or write has a point */
    signal(SIGPIPE, SIG_IGN);
    struct call c = {.loop = loop_new(), .agents = agents, .out = &out};
    if (isatty(STDOUT_FILENO)) {
        int columns, rows;
        terminal_size(&columns, &rows);
        out.width = (size_t)columns;
    }
    loop_catch_signals(c.loop);
    enum err result = command_parse(&c, argc, argv, &e);
    if (!result)
        result = run_with_settings(&c, &e);
    else if (asks_json(argc, argv))
        out.format = OUTPUT_JSON;
    /* A command that only does something has nothing to tell but that. */
    if (!result && out.format == OUTPUT_JSON && out.text.len == 0 && !c.command->passes_rest)
        buf_str(&out.text, c.exit_status ? "{\"done\":false}\n" : "{\"done\":true}\n");
    to_ascii_where_needed(&out);
    enum err written = write_answer(&out, result ? NULL : &e);
    if (!result)
        result = written;
    if (result)
        print_error(&e, out.format, out.text.len > 0);
    int status = result ? (int)result : c.exit_status;
    buf_release(&out.text);
    call_warnings_free(&c);
    loop_free(c.loop);
    log_close();
    return status;
}
