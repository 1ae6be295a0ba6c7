/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/screen.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "quorum/mem.h"
#include "quorum/text.h"
#include "ui/osc.h"
#include "ui/rescue.h"
#include "ui/tty_out.h"

/* After our headers: curses.h has macros for common words. */
#include <curses.h>

#include <term.h>

enum { GAP_MOST = 8, PAIRS = 64 };

/* ncurses' number for two colours; its own table is a search tree. */
struct pair {
    int16_t fg, bg;
    int number; /* 0: none here */
};

struct screen {
    struct screen_options options;
    SCREEN *curses;
    TERMINAL *terminal; /* readline, too, may set the current one */
    FILE *memory, *nothing;
    struct termios saved;
    bool xterm_like; /* knows private modes, titles and clipboards, or ignores them */
    bool utf8, braille, suspended, all; /* all: the next frame is drawn anew */
    int rows, cols, colors;
    struct frame shown;
    struct theme theme;
    struct pair pair[PAIRS]; /* by a hash of the colours, the last one found */
    struct buf bytes;        /* of one frame */
    struct tty_out out;
    char note[160];
};

static const char modes_on[] = "\x1b[22;2t\x1b[?2004h\x1b[?1004h";
static const char modes_again[] = "\x1b[?2004h\x1b[?1004h"; /* the title is kept already */
static const char modes_off[] = "\x1b[?1004l\x1b[?2004l\x1b[23;2t";
static const char mouse_on[] = "\x1b[?1000h\x1b[?1002h\x1b[?1006h";
static const char mouse_off[] = "\x1b[?1006l\x1b[?1002l\x1b[?1000l";
static const char sync_begin[] = "\x1b[?2026h", sync_end[] = "\x1b[?2026l";

/* ---- writing */

static void write_out(struct screen *s, const char *bytes, size_t n)
{
    tty_out_write(&s->out, bytes, n);
    if (s->options.tap != NULL && n > 0)
        s->options.tap(s->options.tap_arg, bytes, n);
}

static void write_text(struct screen *s, const char *text)
{
    write_out(s, text, strlen(text));
}

/* What ncurses wrote since the last time, with `before` and `behind` around it, in one write.
 * Nothing is written when ncurses wrote nothing. */
static void flush_memory(struct screen *s, const char *before, const char *behind)
{
    int fd = fileno(s->memory);
    off_t end = lseek(fd, 0, SEEK_CUR);
    char piece[4096];
    buf_clear(&s->bytes);
    buf_str(&s->bytes, before);
    for (off_t at = 0; at < end;) {
        size_t want = end - at < (off_t)sizeof piece ? (size_t)(end - at) : sizeof piece;
        ssize_t n = pread(fd, piece, want, at);
        if (n <= 0)
            break;
        buf_add(&s->bytes, piece, (size_t)n);
        at += n;
    }
    buf_str(&s->bytes, behind);
    if (end > 0 && lseek(fd, 0, SEEK_SET) != 0) /* what is behind it is overwritten */
        s->out.gone = true;
    if (end > 0)
        write_out(s, buf_text(&s->bytes), s->bytes.len);
}

/* ---- the terminal */

static void make_raw(struct screen *s)
{
    struct termios t = s->saved;
    t.c_iflag &=
        ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXOFF);
    t.c_oflag &= ~(tcflag_t)OPOST;
    t.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    t.c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
    t.c_cflag |= CS8;
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    tcsetattr(s->options.fd, TCSADRAIN, &t);
}

/* A capability without its delays ("$<2>"), which no terminal of today needs. */
static void add_capability(struct buf *b, const char *name)
{
    const char *text = tigetstr(name);
    if (text == NULL || text == (const char *)-1)
        return;
    for (const char *end; *text != '\0'; text++) {
        if (text[0] == '$' && text[1] == '<' && (end = strchr(text, '>')) != NULL)
            text = end;
        else
            buf_char(b, *text);
    }
}

/* The bytes that undo everything, whatever was going on. */
static void prepare_rescue(struct screen *s)
{
    struct buf b = {.max = 500};
    if (s->xterm_like) {
        buf_str(&b, "\x1b\\"); /* ends a title or clipboard under way */
        buf_str(&b, sync_end);
        buf_str(&b, mouse_off);
        buf_str(&b, modes_off);
    }
    add_capability(&b, "sgr0");
    add_capability(&b, "op");
    add_capability(&b, "rmkx");
    add_capability(&b, "cnorm");
    add_capability(&b, "rmcup");
    if (!s->xterm_like)
        buf_str(&b, "\r\n");
    rescue_begin(s->out.fd, &s->saved, buf_text(&b), b.len);
    buf_release(&b);
}

static void ask_size(struct screen *s)
{
    struct winsize w = {0};
    if (ioctl(s->options.fd, TIOCGWINSZ, &w) != 0 || w.ws_row == 0 || w.ws_col == 0) {
        w.ws_row = 24;
        w.ws_col = 80;
    }
    s->rows = w.ws_row > FRAME_MOST ? FRAME_MOST : w.ws_row;
    s->cols = w.ws_col > FRAME_MOST ? FRAME_MOST : w.ws_col;
}

static void use_own(struct screen *s)
{
    if (cur_term == s->terminal)
        return;
    set_term(s->curses);
    set_curterm(s->terminal);
}

/* ncurses cannot ask its memory for a size, and the one of the terminal's description is rarely the
 * real one: it would scroll in as many rows as that has, also in the shell behind us. */
static SCREEN *newterm_of_size(const struct screen *s, const char *term)
{
    char rows[16], cols[16];
    snprintf(rows, sizeof rows, "%d", s->rows);
    snprintf(cols, sizeof cols, "%d", s->cols);
    use_env(TRUE);
    use_tioctl(FALSE);
    setenv("LINES", rows, 1);
    setenv("COLUMNS", cols, 1);
    SCREEN *made = newterm(term, s->memory, s->nothing);
    unsetenv("LINES");
    unsetenv("COLUMNS");
    use_env(FALSE);
    return made;
}

/* ncurses takes signals that nobody had taken; here they are the loop's. */
static SCREEN *newterm_without_signals(const struct screen *s, const char *term)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
    struct sigaction old[ARRAY_LEN(signals)];
    for (size_t i = 0; i < ARRAY_LEN(signals); i++)
        sigaction(signals[i], NULL, &old[i]);
    SCREEN *made = newterm_of_size(s, term);
    for (size_t i = 0; i < ARRAY_LEN(signals); i++)
        sigaction(signals[i], &old[i], NULL);
    return made;
}

/* newterm() keeps memory of a terminal that it does not know: it is asked about first. */
static bool is_known(const char *term)
{
    int found = 0;
    if (setupterm(term, STDOUT_FILENO, &found) != OK)
        return false;
    del_curterm(cur_term);
    return true;
}

/* Starts ncurses with the terminal's description, or that of one which is much like it. */
static enum err start_curses(struct screen *s, const char *term, struct error *e)
{
    static const char *const likely[] = {"xterm-256color", "xterm", "vt100", "ansi"};
    if (is_known(term))
        s->curses = newterm_without_signals(s, term);
    size_t first = strstr(term, "256color") != NULL ? 0 : 1;
    for (size_t i = first; s->curses == NULL && i < ARRAY_LEN(likely); i++) {
        if (is_known(likely[i]))
            s->curses = newterm_without_signals(s, likely[i]);
        if (s->curses != NULL)
            snprintf(s->note, sizeof s->note, "TERM \"%.40s\" is unknown here; drawing as for %s",
                     term, likely[i]);
    }
    if (s->curses == NULL) {
        err_set(e, ERR_USAGE, "TERM \"%.40s\" is unknown here, and so is xterm", term);
        return err_fix(e, "install ncurses-base, or use --plain");
    }
    s->terminal = cur_term;
    char *cup = tigetstr("cup"), *smcup = tigetstr("smcup");
    if (cup == NULL || cup == (char *)-1) {
        err_set(e, ERR_USAGE, "a terminal \"%.40s\" cannot place its cursor", term);
        return err_fix(e, "use --plain, or set TERM to what the terminal is");
    }
    s->xterm_like = smcup != NULL && smcup != (char *)-1 && strstr(smcup, "\x1b[?") != NULL;
    return OK;
}

static void set_up_curses(struct screen *s)
{
    typeahead(-1); /* input is not ncurses' business */
    nonl();
    noecho();
    scrollok(stdscr, FALSE);
    if (has_colors() && start_color() != ERR) {
        s->colors = COLORS;
        if (use_default_colors() == ERR)
            assume_default_colors(COLOR_WHITE, COLOR_BLACK);
    }
    resize_term(s->rows, s->cols);
    clearok(curscr, TRUE);
}

static enum err check_terminal(const struct screen_options *o, const char *term, struct error *e)
{
    if (!isatty(o->fd)) {
        err_set(e, ERR_USAGE, "the output is not a terminal");
        return err_fix(e, "use --plain");
    }
    if (*term == '\0' || strcmp(term, "dumb") == 0) {
        err_set(e, ERR_USAGE, "TERM is %s: there is no screen to draw on",
                *term == '\0' ? "not set" : "dumb");
        return err_fix(e, "use --plain, or set TERM to what the terminal is");
    }
    return OK;
}

static void release(struct screen *s)
{
    if (s->curses != NULL)
        delscreen(s->curses);
    if (s->memory != NULL)
        fclose(s->memory);
    if (s->nothing != NULL)
        fclose(s->nothing);
    tty_out_close(&s->out);
    frame_release(&s->shown);
    buf_release(&s->bytes);
    mem_free(s);
}

enum err screen_open(struct screen **out, const struct screen_options *options, struct error *e)
{
    const char *term = options->term != NULL ? options->term : getenv("TERM");
    *out = NULL;
    if (term == NULL)
        term = "";
    assert(!rescue_is_on());
    enum err err = check_terminal(options, term, e);
    if (err != OK)
        return err;
    struct screen *s = mem_alloc(sizeof *s);
    s->options = *options;
    tty_out_open(&s->out, options->fd);
    int fd = memfd_create("screen", MFD_CLOEXEC);
    s->memory = fd >= 0 ? fdopen(fd, "w+") : NULL;
    s->nothing = fopen("/dev/null", "re");
    if (s->memory == NULL || s->nothing == NULL || tcgetattr(options->fd, &s->saved) != 0) {
        if (s->memory == NULL && fd >= 0)
            close(fd);
        err = err_set(e, ERR_FAILED, "the terminal cannot be set up: %s", strerror(errno));
    }
    if (err == OK) {
        ask_size(s);
        err = start_curses(s, term, e);
    }
    if (err != OK) {
        release(s);
        return err;
    }
    s->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    s->braille = s->utf8 && strncmp(term, "linux", 5) != 0;
    set_up_curses(s);
    prepare_rescue(s);
    if (!options->keep_stderr)
        stderr_hold();
    make_raw(s);
    if (s->xterm_like) {
        write_text(s, modes_on);
        write_text(s, options->mouse ? mouse_on : "");
    }
    s->all = true;
    *out = s;
    return OK;
}

/* Everything screen_open and drawing changed, in order; then ncurses starts anew with the next
 * frame. */
static void leave(struct screen *s)
{
    use_own(s);
    tty_out_finish(&s->out);
    /* Before the screen is: who sees the shell again types, and a line typed into raw mode has no
     * end. What was not taken by now is nothing to wait for. */
    tcsetattr(s->options.fd, tty_out_has_rest(&s->out) ? TCSANOW : TCSADRAIN, &s->saved);
    if (s->xterm_like && !s->out.gone) {
        write_text(s, mouse_off);
        write_text(s, modes_off);
    }
    curs_set(1);
    endwin();
    flush_memory(s, "", "");
    tty_out_finish(&s->out);
    tty_out_forget(&s->out);
    rescue_end();
    stderr_let_go();
}

void screen_close(struct screen *s)
{
    if (s == NULL)
        return;
    if (!s->suspended)
        leave(s);
    release(s);
}

const char *screen_note(const struct screen *s)
{
    return s->note;
}

void screen_size(const struct screen *s, int *rows, int *cols)
{
    *rows = s->rows;
    *cols = s->cols;
}

bool screen_resize(struct screen *s)
{
    int rows = s->rows, cols = s->cols;
    ask_size(s);
    if (rows == s->rows && cols == s->cols)
        return false;
    use_own(s);
    resize_term(s->rows, s->cols);
    screen_repaint(s);
    return true;
}

int screen_colors(const struct screen *s)
{
    return s->colors;
}

bool screen_is_utf8(const struct screen *s)
{
    return s->utf8;
}

bool screen_has_braille(const struct screen *s)
{
    return s->braille;
}

/* ---- frames */

static attr_t attributes(uint8_t attrs)
{
    return (attrs & LOOK_BOLD ? A_BOLD : A_NORMAL) | (attrs & LOOK_DIM ? A_DIM : A_NORMAL) |
           (attrs & LOOK_UNDERLINE ? A_UNDERLINE : A_NORMAL) |
           (attrs & LOOK_REVERSE ? A_REVERSE : A_NORMAL) |
           (attrs & LOOK_ITALIC ? A_ITALIC : A_NORMAL);
}

/* The characters of a cell as the C library sees them. Where it counts other columns than we did,
 * ncurses would lose its place: U+FFFD stands there then. */
static void cell_characters(const struct screen *s, const struct cell *c, wchar_t text[4])
{
    const unsigned char *p = (const unsigned char *)c->text, *end = p + c->len;
    size_t n = 0;
    if (c->len == 1 && *p >= ' ' && *p < 0x7f && c->width == 1) { /* nearly all are */
        text[0] = *p;
        text[1] = L'\0';
        return;
    }
    while (p < end && n < 3) {
        size_t more = *p < 0x80 ? 0 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3;
        uint32_t rune = more == 0 ? *p : *p & (0x3fU >> more);
        for (p++; more > 0 && p < end; more--)
            rune = rune << 6 | (*p++ & 0x3fU);
        int width = wcwidth((wchar_t)rune);
        if (n == 0 && (width != c->width || (rune >= 0x80 && !s->utf8)))
            rune = s->utf8 ? 0xfffd : '?';
        else if (n > 0 && width != 0)
            break;
        text[n++] = (wchar_t)rune;
    }
    if (n == 0)
        text[n++] = L' ';
    text[n] = L'\0';
}

static int pair_of(struct screen *s, struct ink look)
{
    struct pair *known = &s->pair[(unsigned)(look.fg * 31 + look.bg) % PAIRS];
    if (s->colors == 0)
        return 0;
    if (known->number == 0 || known->fg != look.fg || known->bg != look.bg) {
        int number = alloc_pair(look.fg, look.bg);
        *known = (struct pair){look.fg, look.bg, number > 0 ? number : 0};
    }
    return known->number;
}

static bool same_cell(const struct cell *a, const struct cell *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static bool is_blank(const struct cell *c)
{
    return c->len == 1 && c->text[0] == ' ';
}

/* Nobody sees the colour of what is blank, and a change of colours is some 20 bytes: a gap between
 * words may look like what is before it. What is blank to the end of a row is cleared at once. */
static bool goes_on(const struct frame *f, int row, int col, struct ink own, struct ink before)
{
    uint8_t seen = LOOK_UNDERLINE | LOOK_REVERSE;
    if (!is_blank(frame_cell(f, row, col)) || own.bg != before.bg ||
        ((own.attrs | before.attrs) & seen) != 0)
        return false;
    for (int i = col + 1; i < f->cols && i <= col + GAP_MOST; i++) {
        if (!is_blank(frame_cell(f, row, i)))
            return true;
    }
    return false;
}

/* The row's cells; those that are shown already only where all are to be drawn. A character of two
 * columns comes or goes with both of its cells, and what stood under them. */
static void draw_row(struct screen *s, const struct frame *f, const struct theme *t, int row,
                     bool all)
{
    int cols = f->cols < s->cols ? f->cols : s->cols, pair = 0;
    attr_t attrs = A_NORMAL;
    uint32_t style = UINT32_MAX;
    struct ink before = {0};
    for (int col = 0; col < cols; col++) {
        const struct cell *c = frame_cell(f, row, col);
        wchar_t text[4];
        cchar_t character;
        if (c->width == 0 || (!all && same_cell(c, frame_cell(&s->shown, row, col))))
            continue;
        struct ink look = c->style != style ? theme_look(t, c->style) : before;
        bool other = c->style != style;
        if (other && (style == UINT32_MAX || !goes_on(f, row, col, look, before))) {
            before = look;
            style = c->style;
            attrs = attributes(look.attrs);
            pair = pair_of(s, look);
        }
        cell_characters(s, c, text);
        bool cut = c->width == 2 && col + 1 >= cols;
        setcchar(&character, cut ? L" " : text, attrs, (short)(pair > 255 ? 255 : pair), &pair);
        mvwadd_wch(stdscr, row, col, &character);
        if (c->width == 2 && !cut && wcwidth(text[0]) == 1) { /* U+FFFD for a wide one */
            setcchar(&character, L" ", attrs, (short)(pair > 255 ? 255 : pair), &pair);
            mvwadd_wch(stdscr, row, col + 1, &character);
        }
    }
}

static void keep_row(struct screen *s, const struct frame *f, int row)
{
    size_t n = (size_t)f->cols, from = (size_t)row * n;
    memcpy(s->shown.cell + from, f->cell + from, n * sizeof *f->cell);
}

bool screen_is_ready(struct screen *s)
{
    return tty_out_is_ready(&s->out);
}

int screen_waits_for(const struct screen *s)
{
    return tty_out_has_rest(&s->out) && s->out.own ? s->out.fd : -1;
}

static bool same_looks(const struct theme *a, const struct theme *b)
{
    for (int i = 0; i < TOKEN_COUNT; i++) {
        const struct ink *x = &a->look[i], *y = &b->look[i];
        if (x->fg != y->fg || x->bg != y->bg || x->attrs != y->attrs)
            return false;
    }
    return true;
}

bool screen_draw(struct screen *s, const struct frame *f, const struct theme *t)
{
    if (s->out.gone || s->suspended)
        return !s->out.gone;
    use_own(s);
    bool other =
        s->all || s->shown.rows != f->rows || s->shown.cols != f->cols || !same_looks(&s->theme, t);
    if (s->all) {
        werase(stdscr);
        clearok(curscr, TRUE);
    }
    if (s->shown.rows != f->rows || s->shown.cols != f->cols)
        frame_resize(&s->shown, f->rows, f->cols);
    for (int row = 0; row < f->rows; row++) {
        if (!other && frame_same_row(&s->shown, f, row))
            continue;
        if (row < s->rows)
            draw_row(s, f, t, row, other);
        keep_row(s, f, row);
    }
    s->theme = *t;
    s->all = false;
    curs_set(f->cursor_on ? 1 : 0);
    int row = f->cursor_row < s->rows ? f->cursor_row : s->rows - 1;
    int col = f->cursor_col < s->cols ? f->cursor_col : s->cols - 1;
    wmove(stdscr, row < 0 ? 0 : row, col < 0 ? 0 : col);
    wnoutrefresh(stdscr);
    doupdate();
    flush_memory(s, s->xterm_like ? sync_begin : "", s->xterm_like ? sync_end : "");
    return !s->out.gone;
}

void screen_repaint(struct screen *s)
{
    s->all = true;
}

/* ---- to the shell and back */

void screen_suspend(struct screen *s)
{
    if (s->suspended)
        return;
    leave(s);
    s->suspended = true;
}

void screen_resume(struct screen *s)
{
    if (!s->suspended)
        return;
    s->suspended = false;
    tcgetattr(s->options.fd, &s->saved); /* the shell may have changed its mind */
    use_own(s);
    prepare_rescue(s);
    if (!s->options.keep_stderr)
        stderr_hold();
    make_raw(s);
    screen_resize(s);
    if (s->xterm_like) {
        write_text(s, modes_on);
        write_text(s, s->options.mouse ? mouse_on : "");
    }
    screen_repaint(s);
}

void screen_retake(struct screen *s)
{
    if (s->suspended)
        return;
    make_raw(s);
    if (s->xterm_like) {
        write_text(s, modes_again);
        write_text(s, s->options.mouse ? mouse_on : "");
    }
    screen_repaint(s);
}

/* ---- around the frame */

static enum osc_between between(void)
{
    return osc_between(getenv("TMUX"), getenv("STY"));
}

void screen_title(struct screen *s, const char *text)
{
    struct buf b = {0};
    if (!s->xterm_like || s->suspended)
        return;
    osc_title(&b, text);
    write_out(s, buf_text(&b), b.len);
    buf_release(&b);
}

void screen_bell(struct screen *s)
{
    if (!s->suspended)
        write_out(s, "\a", 1);
}

void screen_notify(struct screen *s, const char *text)
{
    struct buf b = {0};
    if (!s->xterm_like) {
        screen_bell(s);
        return;
    }
    osc_notify(&b, between(), text);
    if (!s->suspended)
        write_out(s, buf_text(&b), b.len);
    buf_release(&b);
}

bool screen_copy(struct screen *s, const char *text, size_t len, size_t most)
{
    size_t limit = most > 0 ? most : 74994, size = (len + 2) / 3 * 4;
    struct buf b = {0};
    if (!s->xterm_like || s->suspended || len > limit || size > limit)
        return false;
    osc_copy(&b, between(), text, len);
    write_out(s, buf_text(&b), b.len);
    buf_release(&b);
    return !s->out.gone;
}

void screen_mouse(struct screen *s, bool on)
{
    s->options.mouse = on;
    if (s->xterm_like && !s->suspended)
        write_text(s, on ? mouse_on : mouse_off);
}

void screen_rescue(void)
{
    rescue_now();
}
