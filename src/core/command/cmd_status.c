/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `status`: the desk's state, once or repainted in place until it is left. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "core/command/commands.h"
#include "core/command/status.h"
#include "core/command/status_view.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "quorum/uuid.h"

enum { PAINT_MS = 1000, BLOCK_MS = 10000, SEEN_EVERY_US = 15000000 };

/* Leaves the alternate screen with the cursor shown and nothing half drawn. */
#define SCREEN_BEGIN "\033[?1049h\033[?25l\033[2J"
#define SCREEN_END   "\033[?2026l\033[?25h\033[m\033[?1049l"

/* What a fatal signal has to put back: the handler can be given nothing. */
static struct {
    int fd; /* of the keyboard, -1 none */
    bool painting;
    struct termios before;
} screen = {.fd = -1};

static bool write_all(const char *p, size_t left)
{
    while (left > 0) {
        ssize_t n = write(STDOUT_FILENO, p, left);
        if (n < 0 && errno == EAGAIN)
            poll(&(struct pollfd){.fd = STDOUT_FILENO, .events = POLLOUT}, 1, -1);
        else if (n < 0 && errno != EINTR)
            return false;
        p += n > 0 ? n : 0;
        left -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* Also called by signal handlers: only write and tcsetattr, and no errno. */
static void screen_restore(void)
{
    if (!screen.painting)
        return;
    screen.painting = false;
    ssize_t ignored = write(STDOUT_FILENO, SCREEN_END, sizeof SCREEN_END - 1);
    (void)ignored;
    if (screen.fd >= 0)
        tcsetattr(screen.fd, TCSANOW, &screen.before);
}

static void died(int number)
{
    screen_restore();
    signal(number, SIG_DFL);
    raise(number);
}

static const int fatal_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT};

/* Keys come from a descriptor of our own: watching one makes it non-blocking, which the shell's
 * must not become. Without a keyboard only signals end the view. */
static void screen_begin(void)
{
    const char *name = isatty(STDIN_FILENO) ? ttyname(STDIN_FILENO) : NULL;
    screen.fd = name ? open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY) : -1;
    if (screen.fd >= 0 && tcgetattr(screen.fd, &screen.before) == 0) {
        struct termios t = screen.before;
        t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        t.c_iflag &= ~(tcflag_t)IXON;
        t.c_cc[VMIN] = 1;
        t.c_cc[VTIME] = 0;
        t.c_cc[VSUSP] = _POSIX_VDISABLE; /* stopped, it would leave the shell in our screen */
        tcsetattr(screen.fd, TCSANOW, &t);
    }
    screen.painting = true;
    for (size_t i = 0; i < ARRAY_LEN(fatal_signals); i++)
        signal(fatal_signals[i], died);
    mem_on_exhausted(screen_restore);
    write_all(SCREEN_BEGIN, sizeof SCREEN_BEGIN - 1);
}

static void screen_end(void)
{
    screen_restore();
    mem_on_exhausted(NULL);
    for (size_t i = 0; i < ARRAY_LEN(fatal_signals); i++)
        signal(fatal_signals[i], SIG_DFL);
    if (screen.fd >= 0)
        close(screen.fd);
    screen.fd = -1;
}

/* One line, cut at the right edge, in what the terminal can show. */
static void add_line(struct buf *frame, const char *line, size_t len, int columns)
{
    struct buf text = {0}, clean = {0};
    buf_add(&text, line, len);
    sanitize(&clean, untrusted(buf_text(&text)), TEXT_LINE, (size_t)columns);
    if (terminal_is_utf8())
        buf_str(frame, buf_text(&clean));
    else
        text_ascii(frame, buf_text(&clean));
    buf_release(&text);
    buf_release(&clean);
}

/* The whole picture in one write, shown at once where the terminal can (mode 2026). Lines are
 * overwritten and only their rest is erased, so that nothing flickers where it cannot. */
static bool paint(const char *text, const char *last, bool cleared)
{
    struct buf frame = {0};
    int columns, rows, row = 0;
    terminal_size(&columns, &rows);
    buf_printf(&frame, "\033[?2026h%s\033[H", cleared ? "\033[2J" : "");
    for (const char *p = text; *p && row + 1 < rows; row++) {
        size_t len = strcspn(p, "\n");
        if (row == 0)
            buf_str(&frame, "\033[1m");
        add_line(&frame, p, len, columns);
        buf_str(&frame, row == 0 ? "\033[m\033[K\r\n" : "\033[K\r\n");
        p += len + (p[len] == '\n');
    }
    buf_str(&frame, "\033[J");
    buf_printf(&frame, "\033[%d;1H", rows);
    add_line(&frame, last, strlen(last), columns);
    buf_str(&frame, "\033[K\033[?2026l");
    bool ok = write_all(buf_text(&frame), frame.len);
    buf_release(&frame);
    return ok;
}

struct follow {
    struct call *call;
    bool terminal, leave, seen_failed;
    struct loop_io *keys;
    struct buf text; /* the last picture */
    int columns, rows;
    int64_t lost_since, seen_at; /* monotonic; 0: not */
    char session[UUID_TEXT], problem[200];
};

static void key_pressed(void *arg, int events)
{
    struct follow *f = arg;
    char keys[64];
    (void)events;
    ssize_t n = read(screen.fd, keys, sizeof keys);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        f->leave = true; /* the terminal is gone */
    for (ssize_t i = 0; i < n; i++)
        f->leave |= keys[i] == 'q' || keys[i] == 'Q' || keys[i] == 3 || keys[i] == 4;
}

static bool is_left(void *arg)
{
    return ((struct follow *)arg)->leave;
}

static const struct statement session_begin = {
    "session begin", "INSERT INTO console_sessions (id, operator, origin, kind, read_only) "
                     "VALUES ($1::uuid, $2, $3, 'follow', true)"};
static const struct statement session_seen = {
    "session seen", "UPDATE console_sessions SET seen_at = clock_timestamp() WHERE id = $1::uuid"};
static const struct statement session_end = {
    "session end", "UPDATE console_sessions SET seen_at = clock_timestamp(),"
                   " ended_at = clock_timestamp() WHERE id = $1::uuid"};

/* `sessions` shows who looks. A login that may only read is not listed. */
static void tell_session(struct follow *f, const struct statement *st)
{
    struct params p = {0};
    struct error ignored = {0};
    if (f->seen_failed)
        return;
    params_text(&p, f->session);
    if (st == &session_begin) {
        params_text(&p, operator_name());
        params_text(&p, operator_origin());
    }
    if (db_query(f->call->desk->db, st, &p, NULL, &ignored) == ERR_POLICY)
        f->seen_failed = true;
    f->seen_at = time_monotonic_us();
}

/* The new picture, or why there is none; the old one stays. */
static void refresh(struct follow *f)
{
    struct status_view v = {0};
    struct error e = {0};
    struct desk *d = f->call->desk;
    enum err result = OK;
    int rows = 0;
    f->columns = 80;
    if (f->terminal)
        terminal_size(&f->columns, &rows);
    if (db_state(d->db) != DB_READY)
        result = err_set(&e, ERR_TRANSIENT, "%s", db_error(d->db));
    if (!result)
        result = status_load(d, true, &v, &e);
    if (!result) {
        buf_clear(&f->text);
        status_text(&v, false, f->columns, rows, &f->text);
        f->lost_since = 0;
    } else if (!f->lost_since) {
        f->lost_since = time_monotonic_us();
    }
    copy_text(f->problem, sizeof f->problem, e.text);
    status_release(&v);
    if (!result && time_monotonic_us() - f->seen_at > SEEN_EVERY_US)
        tell_session(f, &session_seen);
}

static bool show(struct follow *f)
{
    struct buf plain = {0};
    char last[300];
    int columns, rows;
    int64_t lost = f->lost_since ? (time_monotonic_us() - f->lost_since) / USEC_SECOND : 0;
    if (f->lost_since)
        snprintf(last, sizeof last, " NO DATABASE for %02lld:%02lld, the picture is old: %s",
                 (long long)(lost / 60), (long long)(lost % 60), f->problem);
    else
        copy_text(last, sizeof last, " q leaves this view; the engine goes on");
    if (!f->terminal && f->lost_since)
        buf_printf(&plain, "%s\n", last + 1);
    else if (f->terminal || terminal_is_utf8())
        buf_str(&plain, buf_text(&f->text));
    else
        text_ascii(&plain, buf_text(&f->text));
    bool ok;
    if (f->terminal) {
        terminal_size(&columns, &rows);
        ok = paint(buf_text(&plain), last, columns != f->columns || rows != f->rows);
        f->rows = rows;
    } else {
        buf_char(&plain, '\n');
        ok = write_all(buf_text(&plain), plain.len);
    }
    buf_release(&plain);
    return ok;
}

static bool is_dumb(void)
{
    const char *term = getenv("TERM");
    return !term || !*term || strcmp(term, "dumb") == 0;
}

static void follow_desk(struct call *c)
{
    struct follow f = {.call = c, .terminal = isatty(STDOUT_FILENO) && !is_dumb()};
    uuid_new(f.session);
    tell_session(&f, &session_begin);
    if (f.terminal) {
        screen_begin();
        if (screen.fd >= 0)
            f.keys = loop_io_new(c->loop, screen.fd, key_pressed, &f);
        if (f.keys)
            loop_io_want(f.keys, LOOP_READ);
    }
    while (!f.leave && !loop_interrupted(c->loop)) {
        refresh(&f);
        if (loop_interrupted(c->loop) || !show(&f))
            break;
        loop_run_until(c->loop, is_left, &f, f.terminal ? PAINT_MS : BLOCK_MS);
    }
    loop_io_free(f.keys);
    if (f.terminal)
        screen_end();
    loop_clear_interrupt(c->loop); /* leaving is the answer, not a failure */
    if (db_state(c->desk->db) == DB_READY)
        tell_session(&f, &session_end);
    buf_release(&f.text);
}

enum err status_show(struct call *c, bool follow, struct error *e)
{
    struct status_view v = {0};
    if (follow && c->out->format == OUTPUT_TEXT) {
        follow_desk(c);
        return OK;
    }
    enum err result = status_load(c->desk, false, &v, e);
    if (!result && c->out->format == OUTPUT_JSON)
        status_json(&v, &c->out->text);
    else if (!result)
        status_text(&v, true, 80, 0, &c->out->text);
    status_release(&v);
    return result;
}

static enum err check_status(const struct call *c, struct error *e)
{
    if (!call_option(c, "follow") || c->out->format == OUTPUT_TEXT)
        return OK;
    err_set(e, ERR_USAGE, "--follow goes on for ever: it has no --json");
    return err_fix(e, "quorum status --json gives the state of now");
}

static enum err run_status(struct call *c, struct error *e)
{
    if (call_desk(c, e))
        return e->kind;
    return status_show(c, call_option(c, "follow") != NULL, e);
}

static const struct option_row status_options[] = {
    {"follow", NULL, "every second until q or Ctrl-C; every 10 s into a file"},
    {NULL, NULL, NULL},
};

const struct command status_commands[] = {
    {.name = "status",
     .aliases = (const char *const[]){"st", NULL},
     .group = "Looking",
     .usage = "",
     .help = "the desk now: engines, money, alerts, what comes next",
     .details = "Times are exchange time. P&L of the day is since the last mark, the one after\n"
                "the last session's close.",
     .options = status_options,
     .no_csv = true,
     .check = check_status,
     .run = run_status},
    {.name = NULL},
};
