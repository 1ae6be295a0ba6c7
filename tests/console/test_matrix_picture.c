/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a person sees is what was drawn: frames full of hostile text, drawn on terminals of every
 * kind, size and locale, one over the other, are read back from the terminal's screen. No database.
 * QUORUM_TEST_LONG=1: all of them; else a sample. */
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

#include <cmocka.h>

#include "quorum/mem.h"
#include "quorum/timeutil.h"
#include "support/vt.h"
#include "ui/question.h"
#include "ui/screen.h"
#include "unit/frame_fixture.h"

static const char *const terms[] = {"xterm-256color", "tmux-256color", "screen", "linux", "vt100"};
static const int sizes[][2] = {{1, 1},    {5, 20},   {12, 40},  {24, 79},  {23, 80},  {24, 80},
                               {32, 112}, {40, 120}, {48, 170}, {60, 200}, {200, 500}};
/* Text as models, feeds and servers may send it. */
static const char *const texts[] = {
    "\x1b[31mred\x1b]0;title\a\x1b[2J\x1b[10;10H",
    "\xe2\x80\xae"
    "drawkcab\xe2\x80\x8b\xe2\x81\xa6\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xd9\x85\xd8\xb1",
    "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae\xe6\x96\x87 \xef\xbd\xb1\xef\xbc\xa1",
    "e\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85 x\xcc\x88\xe0\xb8\x81\xe0\xb8\xb4\xe0\xb9\x89",
    "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7 \xf0\x9f\x87\xa9\xf0"
    "\x9f\x87\xaa \xe2\x9d\xa4\xef\xb8\x8f \xf0\x9f\xab\xa8",
    "\xff\xfe\xc0\x80\xed\xa0\x80 broken \xe6\x97",
    "line\nline\r\ttab\b\b\bback \x0e\x0f\x7f\xc2\x9b\x33\x31m",
    "\xef\xb8\x8f\xcc\x81 begins with marks \xef\xbb\xbf\xc2\xad\xee\x80\x80\xf3\xa0\x81\x81",
    "plain",
    ""};

struct display {
    int master, slave;
    pthread_t reader;
    pthread_mutex_t lock;
    struct vt vt;
    size_t written, fed;
    pthread_cond_t came;
};

static bool is_long(void)
{
    const char *text = getenv("QUORUM_TEST_LONG");
    return text && strcmp(text, "1") == 0;
}

static uint32_t dice(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* ---- a display that takes all there is */

static void *take_all(void *arg)
{
    struct display *d = arg;
    char piece[65536];
    for (ssize_t n; (n = read(d->master, piece, sizeof piece)) > 0;) {
        pthread_mutex_lock(&d->lock);
        vt_feed(&d->vt, piece, (size_t)n);
        d->fed += (size_t)n;
        pthread_cond_broadcast(&d->came);
        pthread_mutex_unlock(&d->lock);
    }
    return NULL;
}

static void count(void *arg, const char *bytes, size_t n)
{
    (void)bytes;
    ((struct display *)arg)->written += n;
}

static void display_open(struct display *d, const char *term, int rows, int cols)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    *d = (struct display){.lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};
    assert_int_equal(openpty(&d->master, &d->slave, NULL, NULL, &size), 0);
    vt_init(&d->vt, rows, cols);
    d->vt.bce = strncmp(term, "xterm", 5) == 0 || strcmp(term, "linux") == 0;
    assert_int_equal(pthread_create(&d->reader, NULL, take_all, d), 0);
}

/* Until everything that was written has arrived. */
static void display_wait(struct display *d)
{
    pthread_mutex_lock(&d->lock);
    while (d->fed < d->written)
        pthread_cond_wait(&d->came, &d->lock);
    pthread_mutex_unlock(&d->lock);
}

static void display_resize(struct display *d, int rows, int cols)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    display_wait(d);
    pthread_mutex_lock(&d->lock);
    vt_resize(&d->vt, rows, cols);
    pthread_mutex_unlock(&d->lock);
    ioctl(d->slave, TIOCSWINSZ, &size);
}

static void display_close(struct display *d)
{
    close(d->slave);
    pthread_join(d->reader, NULL);
    close(d->master);
    vt_release(&d->vt);
}

/* The rest of a frame that the display did not take at once. */
static void draw_whole(struct screen *screen, const struct frame *f, const struct theme *t)
{
    assert_true(screen_draw(screen, f, t));
    while (screen_waits_for(screen) >= 0) {
        struct pollfd p = {.fd = screen_waits_for(screen), .events = POLLOUT};
        poll(&p, 1, -1);
        (void)screen_is_ready(screen);
    }
}

/* ---- one picture */

struct subject {
    struct snapshot snap;
    struct view view;
    struct frame frame;
    struct theme theme;
    char label[120];
};

static void ask_something(struct view *v, const char *text)
{
    question_open(&v->question, 2, "", "pause? [y/N]", 0);
    question_line(&v->question, "PAUSE on the demo desk: %s", text);
    question_line(&v->question, "  y = do it    n, Esc or Enter alone = leave it as it is");
}

static void roll(struct subject *s, uint32_t *seed)
{
    const char *text = texts[dice(seed) % ARRAY_LEN(texts)];
    view_release(&s->view);
    snapshot_release(&s->snap);
    view_init(&s->view);
    s->snap = (struct snapshot){0};
    if (dice(seed) % 4 == 0)
        pictured_desk(&s->snap);
    else
        pictured_hostile(&s->snap, text, dice(seed) % 40);
    s->view.focus = (enum panel_id)(dice(seed) % PANEL_COUNT);
    s->view.zoomed = dice(seed) % 5 == 0;
    s->view.help = dice(seed) % 6 == 0;
    if (dice(seed) % 4 == 0)
        view_open(&s->view, (enum detail_kind)(1 + dice(seed) % (DETAIL_TEXT - 1)), "1");
    if (dice(seed) % 4 == 0)
        ask_something(&s->view, text);
    if (dice(seed) % 3 == 0)
        view_toast(&s->view, TOAST_WARN, 1, "%s", text);
    for (int p = 0; p < PANEL_COUNT; p++)
        s->view.list[p].top = (int)(dice(seed) % 60);
}

static void draw(struct subject *s, struct screen *screen, int rows, int cols)
{
    s->frame.ascii = !screen_is_utf8(screen);
    frame_resize(&s->frame, rows, cols);
    view_settle(&s->view, &s->snap);
    console_frame(&s->frame, &s->snap, &s->view);
    draw_whole(screen, &s->frame, &s->theme);
}

/* Where the C library counts otherwise than we do, a substitute stands in the character's place. */
static bool is_substitute(const struct vt_cell *v, const struct cell *c)
{
    wchar_t wide[8];
    char text[CELL_BYTES + 1] = "";
    memcpy(text, c->text, c->len);
    size_t n = mbstowcs(wide, text, 8);
    return (strcmp(v->text, "\xef\xbf\xbd") == 0 || strcmp(v->text, "?") == 0) &&
           (n == 0 || n > 8 || wcwidth(wide[0]) != c->width);
}

static void check_cell(const struct subject *s, const struct vt *vt, int row, int col)
{
    const struct cell *c = frame_cell(&s->frame, row, col);
    const struct vt_cell *v = vt_at(vt, row, col);
    char text[CELL_BYTES + 1] = "";
    memcpy(text, c->text, c->len);
    if (c->width == 0 || is_substitute(v, c)) /* a right half: judged with its left one */
        return;
    bool cut = c->width == 2 && col + 1 >= s->frame.cols;
    const char *want = strcmp(text, " ") == 0 || cut ? "" : text;
    if (strcmp(want, v->text) == 0 && (cut || *want == '\0' || v->width == c->width))
        return;
    fail_msg("%s: row %d column %d shows \"%s\" (%d wide) for \"%s\" (%d)", s->label, row, col,
             v->text, v->width, text, c->width);
}

static void check(const struct subject *s, struct display *d)
{
    display_wait(d);
    for (int row = 0; row < s->frame.rows; row++)
        for (int col = 0; col < s->frame.cols; col++)
            check_cell(s, &d->vt, row, col);
    if (d->vt.unknown)
        fail_msg("%s: the terminal does not know %s", s->label, d->vt.first_unknown);
    assert_int_equal(d->vt.bells, 0);
    assert_int_equal(d->vt.bad_utf8, 0);
}

/* Of a blank only what can be seen of one counts: its ground, a line under it, reverse. */
static bool looks_same(const struct vt_cell *a, const struct vt_cell *b)
{
    const int underline = 1 << 3, reverse = 1 << 6;
    int seen = *a->text ? 0xff : underline | reverse;
    bool has_ink = *a->text || (a->attrs & (underline | reverse));
    return strcmp(a->text, b->text) == 0 && a->bg == b->bg &&
           (a->attrs & seen) == (b->attrs & seen) && (!has_ink || a->fg == b->fg);
}

/* Colours, too: what was drawn as a difference looks as what is drawn anew. */
static void check_repaint(const struct subject *s, struct screen *screen, struct display *d)
{
    size_t n = (size_t)d->vt.rows * (size_t)d->vt.cols, size = n * sizeof(struct vt_cell);
    struct vt_cell *before = mem_array(n, sizeof *before);
    memcpy(before, d->vt.page[1].cell, size);
    screen_repaint(screen);
    draw_whole(screen, &s->frame, &s->theme);
    display_wait(d);
    for (size_t i = 0; d->vt.now == 1 && i < n; i++) {
        const struct vt_cell *a = &before[i], *b = &d->vt.page[1].cell[i];
        if (!looks_same(a, b))
            fail_msg("%s: cell %zu was \"%s\" %d/%d/%x and is \"%s\" %d/%d/%x when drawn anew",
                     s->label, i, a->text, a->fg, a->bg, a->attrs, b->text, b->fg, b->bg, b->attrs);
    }
    mem_free(before);
}

/* Pictures one over the other, on one terminal whose size changes. */
static void show_some(const char *term, const char *locale, int n, uint32_t seed)
{
    struct subject s = {0};
    struct display d;
    struct screen *screen = NULL;
    struct error e = {0};
    int rows = 24, cols = 80;
    display_open(&d, term, rows, cols);
    struct screen_options o = {
        .fd = d.slave, .term = term, .keep_stderr = true, .tap = count, .tap_arg = &d};
    if (screen_open(&screen, &o, &e) != OK)
        fail_msg("%s: %s", term, e.text);
    enum depth depth = screen_colors(screen) >= 256 ? DEPTH_256
                       : screen_colors(screen) > 0  ? DEPTH_8
                                                    : DEPTH_MONO;
    assert_int_equal(theme_load(&s.theme, "dark", NULL, depth, NULL), OK);
    for (int i = 0; i < n; i++) {
        if (dice(&seed) % 3 == 0) {
            const int *size = sizes[dice(&seed) % (ARRAY_LEN(sizes) - (is_long() ? 0 : 1))];
            bool any = dice(&seed) % 2;
            rows = any ? 1 + (int)(dice(&seed) % 60) : size[0];
            cols = any ? 1 + (int)(dice(&seed) % 200) : size[1];
            display_resize(&d, rows, cols);
            screen_resize(screen);
        }
        roll(&s, &seed);
        snprintf(s.label, sizeof s.label, "TERM %s, locale %s, picture %d, %dx%d", term, locale, i,
                 cols, rows);
        draw(&s, screen, rows, cols);
        check(&s, &d);
        if (dice(&seed) % 4 == 0)
            check_repaint(&s, screen, &d);
    }
    screen_close(screen);
    char left[160];
    display_wait(&d);
    assert_string_equal(vt_left_on(&d.vt, left), "");
    display_close(&d);
    view_release(&s.view);
    snapshot_release(&s.snap);
    frame_release(&s.frame);
}

/* ---- locales */

/* One that is not installed is made for this run. */
static bool make_locale(const char *name, const char *source, const char *charset)
{
    static char dir[300];
    char target[400];
    int status = -1;
    if (!*dir) {
        const char *tmp = getenv("TMPDIR");
        snprintf(dir, sizeof dir, "%s/locales-XXXXXX", tmp ? tmp : "/tmp");
        if (!mkdtemp(dir))
            return false;
    }
    snprintf(target, sizeof target, "%s/%s", dir, name);
    pid_t pid = fork();
    if (pid == 0) {
        if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
            _exit(127);
        execlp("localedef", "localedef", "-i", source, "-f", charset, target, (char *)NULL);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    setenv("LOCPATH", dir, 1);
    return setlocale(LC_ALL, name) != NULL;
}

static void show_in(const char *locale)
{
    int n = is_long() ? 120 : 8;
    setlocale(LC_NUMERIC, "C");
    for (size_t i = 0; i < ARRAY_LEN(terms); i++)
        for (uint32_t seed = 1; seed <= (is_long() ? 8 : 1); seed++)
            show_some(terms[i], locale, n, seed * 7919 + (uint32_t)i);
    setlocale(LC_ALL, "C");
    unsetenv("LOCPATH");
}

static void test_utf8_terminals_show_what_was_drawn(void **state)
{
    (void)state;
    if (!setlocale(LC_ALL, "C.UTF-8"))
        skip();
    show_in("C.UTF-8");
}

static void test_ascii_terminals_show_what_was_drawn(void **state)
{
    (void)state;
    assert_non_null(setlocale(LC_ALL, "C"));
    show_in("C");
}

static void test_a_japanese_terminal_shows_what_was_drawn(void **state)
{
    (void)state;
    if (!setlocale(LC_ALL, "ja_JP.UTF-8") && !make_locale("ja_JP.UTF-8", "ja_JP", "UTF-8"))
        skip();
    assert_string_equal(nl_langinfo(CODESET), "UTF-8");
    show_in("ja_JP.UTF-8");
}

static void test_a_terminal_of_another_charset_gets_ascii(void **state)
{
    (void)state;
    if (!setlocale(LC_ALL, "ja_JP.EUC-JP") && !make_locale("ja_JP.EUC-JP", "ja_JP", "EUC-JP"))
        skip();
    show_in("ja_JP.EUC-JP");
}

static void test_every_size_shows_what_was_drawn(void **state)
{
    (void)state;
    if (!setlocale(LC_ALL, "C.UTF-8"))
        skip();
    setlocale(LC_NUMERIC, "C");
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct subject s = {0};
        struct display d;
        struct screen *screen = NULL;
        struct error e = {0};
        uint32_t seed = 20251120 + (uint32_t)i;
        display_open(&d, "xterm-256color", sizes[i][0], sizes[i][1]);
        struct screen_options o = {.fd = d.slave,
                                   .term = "xterm-256color",
                                   .keep_stderr = true,
                                   .tap = count,
                                   .tap_arg = &d};
        assert_int_equal(screen_open(&screen, &o, &e), OK);
        assert_int_equal(theme_load(&s.theme, "dark", NULL, DEPTH_256, NULL), OK);
        snprintf(s.label, sizeof s.label, "%dx%d", sizes[i][1], sizes[i][0]);
        for (int k = 0; k < (is_long() ? 40 : 2); k++) {
            roll(&s, &seed);
            draw(&s, screen, sizes[i][0], sizes[i][1]);
            check(&s, &d);
        }
        screen_close(screen);
        display_close(&d);
        view_release(&s.view);
        snapshot_release(&s.snap);
        frame_release(&s.frame);
    }
    setlocale(LC_ALL, "C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8_terminals_show_what_was_drawn),
        cmocka_unit_test(test_ascii_terminals_show_what_was_drawn),
        cmocka_unit_test(test_a_japanese_terminal_shows_what_was_drawn),
        cmocka_unit_test(test_a_terminal_of_another_charset_gets_ascii),
        cmocka_unit_test(test_every_size_shows_what_was_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
