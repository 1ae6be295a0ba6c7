/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A small program on the console's ground (screen, input, bar, theme, charts) without a desk, for
 * test_ground.sh: ground [THEME [THEME_DIR]]. Keys: ":" the bar, q quit, K crash, ! bell. */
#include <fcntl.h>
#include <locale.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "quorum/mem.h"
#include "ui/bar.h"
#include "ui/chart.h"
#include "ui/screen.h"

struct program {
    struct screen *screen;
    struct theme theme;
    struct theme_watch watch;
    struct frame frame;
    struct input input;
    enum chart_marks marks;
    const char *theme_name, *theme_dir;
    char last[256], toast[600];
    bool quit;
    int frames;
};

static void on_submit(void *arg, const char *line)
{
    struct program *p = arg;
    snprintf(p->toast, sizeof p->toast, "ran: %s", line);
    if (strcmp(line, "quit") == 0)
        p->quit = true;
}

static void on_complete(void *arg, const char *line, size_t point, struct bar_words *words)
{
    (void)arg;
    static const char *const verbs[][2] = {{"approve", "let a pending adjustment be applied"},
                                           {"adjustments", "list them"},
                                           {"eval", "ask the agents about a symbol"},
                                           {"pause", "no new entries"},
                                           {"positions", "what is held"},
                                           {"quit", "the engine runs on"}};
    for (words->from = point; words->from > 0 && line[words->from - 1] != ' '; words->from--)
        continue;
    if (words->from == 0) {
        for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
            bar_offer(words, verbs[i][0], verbs[i][1]);
        return;
    }
    bar_offer(words, "#17", "stop_loss_pct      3.20 -> 2.60   74%  LOW");
    bar_offer(words, "#18", "min_volume_ratio   1.20 -> 1.35   68%  MED");
    bar_offer(words, "#21", "max_position_pct   5.00 -> 6.00   63%  MED");
}

static void on_hint(void *arg, const char *line, size_t point, char *out, size_t size)
{
    (void)arg;
    (void)point;
    copy_text(out, size, strncmp(line, "approve ", 8) == 0 ? "approve ID [reason]" : "");
}

static void draw_positions(const struct pane *p)
{
    static const struct {
        const char *symbol, *entry, *profit, *percent;
        enum token token;
    } rows[] = {{"AAPL", "175.50", "+75.60", "+1.54%", TOKEN_PNL_UP},
                {"NVDA", "482.10", "-20.50", "-0.43%", TOKEN_PNL_DOWN},
                {"MSFT", "402.00", "0.00", "0.00%", TOKEN_PNL_FLAT},
                {"\xe6\x97\xa5\xe6\x9c\xac", "151.20", "+24.75", "+0.50%", TOKEN_PNL_UP}};
    pane_title(p, 0, true, "1 Positions 4/10", "open +117.05  day +96.25");
    pane_printf(p, 1, 2, TOKEN_DIM, "%-6s %9s %9s %8s", "SYM", "ENTRY", "P&L $", "P&L %");
    for (int i = 0; i < (int)ARRAY_LEN(rows); i++) {
        pane_cut(p, i + 2, 2, 6, TOKEN_FG, rows[i].symbol);
        pane_right(p, i + 2, 9, 9, TOKEN_FG, rows[i].entry);
        pane_right(p, i + 2, 19, 9, rows[i].token, rows[i].profit);
        pane_right(p, i + 2, 29, 8, rows[i].token, rows[i].percent);
    }
    pane_restyle(p, 3, 0, p->cols, STYLE_CURSOR);
    pane_text(p, 3, 0, TOKEN_FG | STYLE_CURSOR, ">");
}

static void draw_charts(struct program *prog, const struct pane *p)
{
    double equity[120];
    for (int i = 0; i < 120; i++)
        equity[i] = 100000 + 8.0 * i + 250 * sin(i / 9.0) + 90 * sin(i / 2.0);
    struct chart_range r = chart_range_round(chart_range_of(equity, 120));
    struct pane area = pane_part(p, 1, 9, p->rows - 3, p->cols / 2 - 10);
    struct pane line = pane_part(p, 1, p->cols / 2 + 1, p->rows - 3, p->cols / 2 - 2);
    pane_title(p, 0, false, "0 Equity (paper)", "101,284.10  +1.28%");
    pane_printf(p, 1, 0, TOKEN_DIM, "%8.0f", r.high);
    pane_printf(p, p->rows - 3, 0, TOKEN_DIM, "%8.0f", r.low);
    chart_area(&area, prog->marks, r, equity, 120, TOKEN_CHART_1);
    chart_line(&line, prog->marks, r, equity, 120, TOKEN_CHART_2);
    chart_level(&line, prog->marks, r, r.low + (r.high - r.low) / 4, TOKEN_CHART_STOP);
    pane_text(p, p->rows - 2, 1, TOKEN_DIM, "LLM");
    chart_gauge(p, prog->marks, p->rows - 2, 5, 30, 0.25, 0.8, 2.0);
    chart_spark(p, prog->marks, p->rows - 2, 37, 24, equity, 24, TOKEN_CHART_3);
}

static void draw(struct program *prog)
{
    int rows, cols;
    screen_size(prog->screen, &rows, &cols);
    prog->frame.ascii = !screen_is_utf8(prog->screen);
    frame_resize(&prog->frame, rows, cols);
    struct pane all = pane_of(&prog->frame), bar = pane_part(&all, rows - 1, 0, 1, cols);
    struct pane above = pane_part(&all, 0, 0, rows - 1, cols);
    struct pane top = pane_part(&all, 1, 0, 7, cols), mid = pane_part(&all, 8, 0, rows - 11, cols);
    pane_fill(&all, 0, 0, 1, cols, TOKEN_TITLE | STYLE_REVERSE, ' ');
    int at = pane_text(&all, 0, 1, TOKEN_STATE_RUN | STYLE_REVERSE, "DEMO RUNNING");
    pane_printf(&all, 0, at + 3, TOKEN_TITLE | STYLE_REVERSE, "%dx%d %s last: %s", cols, rows,
                prog->theme.name, prog->last);
    draw_positions(&top);
    if (mid.rows > 4)
        draw_charts(prog, &mid);
    pane_hrule(&all, rows - 3, 0, cols, TOKEN_RULE, LINE_THIN);
    pane_cut(&all, rows - 2, 1, cols - 2, TOKEN_TOAST_WARN, prog->toast);
    prog->frame.cursor_row = 4;
    bar_draw(&bar);
    bar_draw_popup(&above);
    if (screen_is_ready(prog->screen) && !screen_draw(prog->screen, &prog->frame, &prog->theme))
        prog->quit = true;
}

static void on_key(struct program *p, const struct key *k)
{
    key_name(k, p->last);
    if (k->kind != INPUT_CHAR) {
        return;
    } else if (k->mods == INPUT_CTRL && k->rune == 'z') {
        screen_suspend(p->screen);
        raise(SIGSTOP);
        screen_resume(p->screen);
    } else if (k->mods == INPUT_CTRL && k->rune == 'l') {
        screen_repaint(p->screen);
    } else if (k->rune == ':') {
        bar_enter(NULL);
    } else if (k->rune == 'q') {
        p->quit = true;
    } else if (k->rune == 'K') {
        raise(SIGSEGV);
    } else if (k->rune == '!') {
        screen_bell(p->screen);
    } else if (k->rune == 't') {
        screen_title(p->screen, "(P3 A1) quorum");
    }
}

static void on_event(void *arg, const struct input_event *ev)
{
    struct program *p = arg;
    if (ev->kind == EVENT_PASTE)
        bar_paste(ev->paste, ev->paste_len);
    else if (ev->kind == EVENT_PASTE_END)
        bar_paste_end();
    else if (ev->kind == EVENT_KEY && bar_is_active())
        bar_key(&ev->key);
    else if (ev->kind == EVENT_KEY)
        on_key(p, &ev->key);
}

static void load_theme(struct program *p)
{
    struct error e;
    enum depth depth;
    theme_depth(screen_colors(p->screen), NULL, getenv("NO_COLOR"), &depth);
    err_clear(&e);
    if (theme_load(&p->theme, p->theme_name, p->theme_dir, depth, &e) != OK)
        snprintf(p->toast, sizeof p->toast, "%s %s. %s", e.code, e.text, e.fix);
}

static void read_tty(struct program *p, int tty)
{
    char bytes[65536];
    ssize_t n = read(tty, bytes, sizeof bytes);
    if (n <= 0)
        p->quit = true;
    else
        input_feed(&p->input, bytes, (size_t)n, on_event, p);
}

static void run(struct program *p, int tty, int signals)
{
    while (!p->quit) {
        draw(p);
        int wait = input_wait_ms(&p->input);
        struct pollfd fds[2] = {{.fd = tty, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
        if (poll(fds, 2, wait >= 0 ? wait : 200) == 0) {
            if (wait >= 0)
                input_expire(&p->input, on_event, p);
            if (theme_watch_changed(&p->watch))
                load_theme(p);
        }
        if (fds[1].revents & POLLIN) {
            struct signalfd_siginfo info;
            if (read(signals, &info, sizeof info) > 0 && info.ssi_signo != SIGWINCH)
                p->quit = true;
            int rows, cols;
            screen_resize(p->screen);
            screen_size(p->screen, &rows, &cols);
            bar_resize(rows, cols);
        }
        if (fds[0].revents)
            read_tty(p, tty);
    }
}

int main(int argc, char **argv)
{
    struct program p = {.theme_name = argc > 1 ? argv[1] : "dark",
                        .theme_dir = argc > 2 ? argv[2] : NULL};
    struct error e;
    sigset_t set;
    setlocale(LC_ALL, "");
    setlocale(LC_NUMERIC, "C");
    err_clear(&e);
    struct bar_options bar = {
        .submit = on_submit, .complete = on_complete, .hint = on_hint, .arg = &p};
    struct screen_options options = {.fd = STDOUT_FILENO};
    if (bar_open(&bar, &e) != OK || screen_open(&p.screen, &options, &e) != OK) {
        fprintf(stderr, "ground: %s: %s\n", e.text, e.fix);
        return e.kind;
    }
    sigemptyset(&set);
    sigaddset(&set, SIGWINCH);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int signals = signalfd(-1, &set, SFD_CLOEXEC);
    int tty = open(ttyname(STDOUT_FILENO), O_RDONLY | O_CLOEXEC);
    copy_text(p.toast, sizeof p.toast, screen_note(p.screen));
    chart_marks(getenv("GROUND_GRAPH"), screen_is_utf8(p.screen), screen_has_braille(p.screen),
                &p.marks);
    theme_watch_begin(&p.watch, p.theme_name, p.theme_dir);
    load_theme(&p);
    fprintf(stderr, "said while the screen was up\n");
    run(&p, tty, signals);
    screen_close(p.screen);
    bar_close();
    frame_release(&p.frame);
    input_release(&p.input);
    close(tty);
    close(signals);
    return 0;
}
