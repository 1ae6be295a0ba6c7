/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command bar, fed what a terminal would send. Readline reads its settings once in a process,
 * so each scene is played in one of its own. */
#include <fcntl.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ui/bar.h"

static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/bar.XXXXXX");
    return mkdtemp(dir) == NULL;
}

static const char *path_in(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static int remove_dir(void **state)
{
    (void)state;
    unlink(path_in("history"));
    unlink(path_in("inputrc"));
    return rmdir(dir);
}

/* ---- a scene, in the child */

struct scene {
    const char *inputrc; /* NULL: none */
    bool history, popup;
    int cols;
    bool ascii;
};

struct stage {
    int out;
    struct frame frame;
};

static void tell(struct stage *s, const char *what, const char *text)
{
    dprintf(s->out, "%s%s\n", what, text);
}

static void on_submit(void *arg, const char *line)
{
    tell(arg, "ran: ", line);
}

static void on_complete(void *arg, const char *line, size_t point, struct bar_words *words)
{
    (void)arg;
    size_t from = point;
    while (from > 0 && line[from - 1] != ' ')
        from--;
    words->from = from;
    if (strncmp(line, "> ", 2) == 0) { /* what lies on a disk */
        if (!words->in_passing)
            bar_offer(words, "file", "");
    } else if (from == 0) {
        bar_offer(words, "approve", "a pending adjustment");
        bar_offer(words, "adjustments", "all of them");
        bar_offer(words, "eval", "ask the agents");
    } else {
        bar_offer(words, "#17", "stop_loss_pct 3.20 -> 2.60");
        bar_offer(words, "#18", "min_volume_ratio 1.20 -> 1.35");
        bar_offer(words, "NVDA", "");
    }
}

static void on_hint(void *arg, const char *line, size_t point, char *out, size_t size)
{
    (void)arg;
    (void)point;
    copy_text(out, size, strncmp(line, "eval ", 5) == 0 ? "eval SYMBOL" : "");
}

static void show(struct stage *s, const struct scene *scene, int rows)
{
    struct buf text = {0};
    frame_resize(&s->frame, rows, scene->cols ? scene->cols : 40);
    s->frame.ascii = scene->ascii;
    struct pane all = pane_of(&s->frame);
    struct pane bar = pane_part(&all, rows - 1, 0, 1, s->frame.cols);
    struct pane above = pane_part(&all, 0, 0, rows - 1, s->frame.cols);
    bar_draw(&bar);
    bar_draw_popup(&above);
    frame_dump(&s->frame, &text);
    dprintf(s->out, "%s", buf_text(&text));
    if (s->frame.cursor_on)
        dprintf(s->out, "cursor %d\n", s->frame.cursor_col);
    buf_release(&text);
}

static void on_event(void *arg, const struct input_event *ev)
{
    struct stage *s = arg;
    if (ev->kind == EVENT_PASTE)
        bar_paste(ev->paste, ev->paste_len);
    else if (ev->kind == EVENT_PASTE_END)
        bar_paste_end();
    else if (ev->kind == EVENT_KEY && bar_is_active() && bar_key(&ev->key) == BAR_LEFT)
        tell(s, "left: ", bar_text());
}

/* The acts: bytes to type; "!enter" makes the bar active again; "!show" dumps one row, "!popup"
 * ten rows; "!esc" is Esc alone. */
static void play_acts(struct stage *s, const struct scene *scene, const char *const *act)
{
    struct input in = {0};
    for (; *act != NULL; act++) {
        if (strcmp(*act, "!enter") == 0)
            bar_enter(NULL);
        else if (strncmp(*act, "!with ", 6) == 0)
            bar_enter(*act + 6);
        else if (strcmp(*act, "!show") == 0)
            show(s, scene, 1);
        else if (strcmp(*act, "!popup") == 0)
            show(s, scene, 7);
        else if (strcmp(*act, "!written") == 0)
            tell(s, "written: ", access(path_in("history"), F_OK) == 0 ? "yes" : "no");
        else if (strcmp(*act, "!settle") == 0)
            bar_settle();
        else if (strcmp(*act, "!resize") == 0)
            bar_resize(7, 20);
        else
            input_feed(&in, strcmp(*act, "!esc") == 0 ? "\x1b" : *act,
                       strcmp(*act, "!esc") == 0 ? 1 : strlen(*act), on_event, s);
        if (strcmp(*act, "!esc") == 0)
            input_expire(&in, on_event, s);
    }
    input_release(&in);
}

static int play_in_child(int out, const struct scene *scene, const char *const *acts)
{
    struct stage s = {.out = out};
    struct error e;
    struct bar_options o = {.history = scene->history ? path_in("history") : NULL,
                            .history_size = 5,
                            .popup_at_once = scene->popup,
                            .submit = on_submit,
                            .complete = on_complete,
                            .hint = on_hint,
                            .arg = &s};
    char history[128] = "";
    if (scene->history) {
        copy_text(history, sizeof history, path_in("history"));
        o.history = history;
    }
    setenv("INPUTRC", "/dev/null", 1);
    if (scene->inputrc != NULL) {
        FILE *f = fopen(path_in("inputrc"), "w");
        fputs(scene->inputrc, f);
        fclose(f);
        setenv("INPUTRC", path_in("inputrc"), 1);
    }
    if (bar_open(&o, &e) != OK)
        return 1;
    bar_enter(NULL);
    play_acts(&s, scene, acts);
    bar_close();
    frame_release(&s.frame);
    return 0;
}

static void assert_scene(const struct scene *scene, const char *const *acts, const char *want)
{
    int ends[2], status;
    char seen[8192];
    size_t n = 0;
    ssize_t got;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 1); /* nothing of readline's own may come out, but it is not our answer */
        _exit(play_in_child(ends[1], scene, acts));
    }
    close(ends[1]);
    while (n < sizeof seen - 1 && (got = read(ends[0], seen + n, sizeof seen - 1 - n)) > 0)
        n += (size_t)got;
    seen[n] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_string_equal(seen, want);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
#define SCENE(scene, want, ...)                                                                    \
    do {                                                                                           \
        static const char *const acts[] = {__VA_ARGS__, NULL};                                     \
        assert_scene(scene, acts, want);                                                           \
    } while (0)

static const struct scene plain = {0};

/* ---- the scenes */

static void test_a_line_is_edited_and_run(void **state)
{
    (void)state;
    SCENE(&plain, ":approve 17\ncursor 11\nran: approve 18 now\n", "appove 17",
          "\x01\x06\x06\x06r\x05", "!show", "\x17\0618 now", "\r");
    SCENE(&plain, ":h\xc3\xa9\xe6\x97\xa5x\ncursor 6\nran: h\xc3\xa9x\n", "h\xc3\xa9\xe6\x97\xa5x",
          "!show", "\x02\x7f\r");
    SCENE(&plain, "left: \n", "   \r");
}

static void test_the_text_survives_esc(void **state)
{
    (void)state;
    SCENE(&plain, "left: reject 17 \"too\n\n:reject 17 \"too few\ncursor 19\n", "reject 17 \"too",
          "!esc", "typed elsewhere", "!show", "!enter", " few", "!show");
    SCENE(&plain, "left: \n", "abc\x03\x03");
    SCENE(&plain, "left: \n", "\x04");
}

static void test_search_finds_lines_with_any_letters(void **state)
{
    (void)state;
    SCENE(&plain,
          "ran: note h\xc3\xa9\xe6\x97\xa5\nran: status\n"
          "(reverse-i-search)`\xe6\x97\xa5': note h\xc3\xa9\xe6\x97\xa5\ncursor 31\n"
          "ran: note h\xc3\xa9\xe6\x97\xa5\n",
          "note h\xc3\xa9\xe6\x97\xa5\r", "!enter", "status\r", "!enter", "\x12\xe6\x97\xa5",
          "!show", "\r");
    SCENE(&plain, "ran: status\n:eval\ncursor 4\n", "status\r", "!enter", "eva\x12st", "!esc",
          "!show");
    SCENE(&plain, "ran: status\n:\ncursor 1\n", "status\r", "!enter", "\x12st\x03", "!show");
}

static void test_any_key_ends_a_search_and_is_survived(void **state)
{
    (void)state;
    const char *const acts[] = {"pause\r", "!enter",       "\x12p",    "\x18", "N",  "\r",
                                "!enter",  "\x12p",        "\x1b[C",   "!",    "\r", "!enter",
                                "\x12p",   "\x1b\xda\x86", "\x1f\x1f", "x",    "\r", NULL};
    assert_scene(&(struct scene){0}, acts, "ran: pause\nran: pause\nran: p!ause\nran: xp!ause\n");
}

static void test_what_is_undone_ends_at_another_line(void **state)
{
    (void)state;
    const char *const acts[] = {"one\r", "!enter", "two",      "\x1b[A",   "\x10\x10",
                                "34",    "\x0e",   "\x10",     "\x1f\x1f", "5\x1f",
                                "\r",    "!enter", "\x10\x1f", "6\r",      NULL};
    assert_scene(&(struct scene){0}, acts, "ran: one\nran: one34\nran: one346\n");
}

static void test_a_word_a_key_filled_in_gives_way_to_a_letter(void **state)
{
    (void)state;
    SCENE(&plain, "ran: eval DIS\n", "!with eval DIS", "\r");
    SCENE(&plain, "ran: eval NVDA\n", "!with eval DIS", "NVDA\r");
    SCENE(&plain, "ran: eval NVDA\n", "!with eval DIS", "\x1b[200~NVDA\x1b[201~", "\r");
    SCENE(&plain, "ran: eval DIS --fresh\n", "!with eval DIS", " --fresh\r");
    SCENE(&plain, "ran: eval DISX\n", "!with eval DIS", "\x1b[D\x1b[C", "X\r");
    SCENE(&plain, "ran: eval X\n", "!with eval ", "X\r");
}

static void test_up_finds_lines_that_begin_like_this_one(void **state)
{
    (void)state;
    SCENE(&plain, "ran: eval NVDA\nran: status\nran: eval NVDA\n", "eval NVDA\r", "!enter",
          "status\r", "!enter", "ev\x1b[A\r");
}

static void test_grey_text_is_taken_only_when_asked_for(void **state)
{
    (void)state;
    SCENE(
        &plain,
        "ran: eval NVDA --fresh\n:eval NVDA --fresh\ncursor 5\nran: eval\nran: eval NVDA --fresh\n",
        "eval NVDA --fresh\r", "!enter", "eval", "!show", "\r", "!enter", "eval \x1b[C\r");
}

static void test_a_paste_is_text_and_runs_nothing(void **state)
{
    (void)state;
    SCENE(&plain, ":kill halt yes\ncursor 14\n:\ncursor 1\n", "\x1b[200~kill halt\ryes\x1b[201~",
          "!show", "\x1f", "!show");
    SCENE(&plain, ":ab\ncursor 3\n",
          "\x1b[200~a\x1b[A\tb\x03\x1b[201~\x7f\x7f\x7f"
          "b",
          "!show");
}

static void test_tab_completes_and_then_offers(void **state)
{
    (void)state;
    SCENE(&plain, ":eval                        eval SYMBOL\ncursor 6\n", "ev\t", "!show");
    SCENE(&plain,
          "\n\n"
          "┌──────────────────────────────────────┐\n"
          "│ #17  stop_loss_pct 3.20 -> 2.60      │\n"
          "│ #18  min_volume_ratio 1.20 -> 1.35   │\n"
          "└──────────────────────────────────────┘\n"
          ":approve #1\ncursor 11\n",
          "approve #\t\t", "!popup");
}

static void test_the_choice_is_made_with_arrows(void **state)
{
    (void)state;
    SCENE(&plain, "ran: approve #18\n", "approve #\t\t", "\x1b[B\x1b[B\r", "\r");
    SCENE(&plain, "ran: approve #18\n", "approve #\t\t", "\t\t\t\x1b[Z\x1b[Z\x1b[Z\r\r");
    SCENE(&plain, ":approve #1\ncursor 11\nleft: approve #1\n", "approve #\t\t", "!esc", "!show",
          "!esc");
    SCENE(&plain, "ran: approve NVDA\n", "approve #\t\t",
          "\x7f\x7f"
          "va\t\r"); /* letters in order */
    SCENE(&plain, "ran: approve #18\n",
          "approve #\t\t"
          "8",
          "\t\r\r"); /* typing narrows */
}

static void test_long_lines_scroll_by_columns(void **state)
{
    (void)state;
    static const struct scene narrow = {.cols = 10};
    SCENE(&narrow, ":ijkl\ncursor 5\n:abcdefghi\ncursor 1\n", "abcdefghijkl", "!show", "\x01",
          "!show");
    SCENE(&narrow, ":\xe6\x97\xa5\xe6\x97\xa5\ncursor 5\n",
          "\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5", "!show");
    static const struct scene tiny = {.cols = 1};
    SCENE(&tiny, ":\n", "abcdefghijkl", "!show");
    static const struct scene ascii = {.ascii = true};
    SCENE(&ascii, ":h?e\ncursor 4\n", "h\xe6\x97\xa5\145\x02\x7f", "!resize", "?\x06", "!show");
}

static void test_nothing_in_the_line_is_invisible(void **state)
{
    (void)state;
    SCENE(&plain, ":a^Ab\ncursor 5\n",
          "a\x16\x01"
          "b\xe2\x80\x8d",
          "!show");
}

/* The answer to a key is seen before a disk is written to. */
static void test_history_is_written_when_there_is_time(void **state)
{
    (void)state;
    static const struct scene keeps = {.history = true};
    unlink(path_in("history"));
    SCENE(&keeps, "ran: one\nwritten: no\nwritten: yes\n", "one\r", "!written", "!settle",
          "!written");
    SCENE(&keeps, "ran: two\nran: two\n", "two\r", "!enter", "\x10\r"); /* by the end, at least */
    unlink(path_in("history"));
}

/* The rest of a line is looked for at every key: not on a disk. */
static void test_only_tab_looks_at_a_disk(void **state)
{
    (void)state;
    SCENE(&plain, ":> f\ncursor 4\n:> file\ncursor 8\n", "> f", "!show", "\t", "!show");
}

static void test_history_is_private_and_outlives_the_program(void **state)
{
    (void)state;
    static const struct scene keeps = {.history = true};
    struct stat st;
    SCENE(&keeps, "ran: one\nran: two\nran:  secret\nran: two\n", "one\r", "!enter", "two\r",
          "!enter", " secret\r", "!enter", "two\r");
    assert_int_equal(stat(path_in("history"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    chmod(path_in("history"), 0644);
    SCENE(&keeps, "ran: two\nran: one\n", "\x10\r", "!enter", "\x10\x10\r");
    stat(path_in("history"), &st);
    assert_int_equal(st.st_mode & 0777, 0600);
    FILE *f = fopen(path_in("history"), "w"); /* rubbish, and far more than is kept */
    for (int i = 0; i < 1000; i++)
        fprintf(f, "line %d \x1b[2J\xff\n", i);
    fclose(f);
    SCENE(&keeps, "ran: line 999 \xef\xbf\xbd\nran: line 995 \xef\xbf\xbd\n", "\x10\r", "!enter",
          "\x10\x10\x10\x10\x10\x10\x10\x10\r");
    stat(path_in("history"), &st);
    assert_true(st.st_size < 200); /* trimmed */
    unlink(path_in("history"));
    assert_int_equal(symlink("/dev/null", path_in("history")), 0);
    SCENE(&keeps, "ran: three\n", "three\r");
}

static void test_no_inputrc_breaks_the_bar(void **state)
{
    (void)state;
    static const struct scene vi = {.inputrc = "set editing-mode vi\nset show-mode-in-prompt on\n"};
    SCENE(&vi, ":xbc\ncursor 1\nleft: xbc\n", "abc", "!esc", "0rx", "!show", "!esc");
    /* Readline's own E never comes to an end behind a character without width. */
    SCENE(&vi, ":a b;\ncursor 4\n", "a b;\xf3\xa2\xbc\xbc", "!esc", "0EE", "!show");
    static const struct scene hostile = {
        .inputrc = "set convert-meta on\nset input-meta off\nset bell-style audible\n"
                   "set enable-bracketed-paste on\nset disable-completion on\n"
                   "set completion-query-items 1\nset blink-matching-paren on\n"
                   "\"\\C-j\": abort\n\"\\C-m\": abort\nTab: self-insert\n\"\\e[B\": \"boo\"\n"
                   "Control-x: nosuch-command\n$if nonsense\n"};
    SCENE(&hostile,
          ":eval \xc3\xa9)                     eval SYMBOL\ncursor 8\nran: eval \xc3\xa9)\n",
          "ev\t\xc3\xa9)", "!show", "\r");
}

static void test_readlines_own_completion_prints_nothing(void **state)
{
    (void)state;
    SCENE(&plain, "ran: approve #17\n", "approve #\x1b?", "\x1b[B\r\r");
    SCENE(&plain, ":approve #1\ncursor 11\n", "approve #\x1b*", "!esc", "!show");
}

int main(void)
{
    setlocale(LC_ALL, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line_is_edited_and_run),
        cmocka_unit_test(test_the_text_survives_esc),
        cmocka_unit_test(test_search_finds_lines_with_any_letters),
        cmocka_unit_test(test_any_key_ends_a_search_and_is_survived),
        cmocka_unit_test(test_what_is_undone_ends_at_another_line),
        cmocka_unit_test(test_a_word_a_key_filled_in_gives_way_to_a_letter),
        cmocka_unit_test(test_up_finds_lines_that_begin_like_this_one),
        cmocka_unit_test(test_grey_text_is_taken_only_when_asked_for),
        cmocka_unit_test(test_a_paste_is_text_and_runs_nothing),
        cmocka_unit_test(test_tab_completes_and_then_offers),
        cmocka_unit_test(test_the_choice_is_made_with_arrows),
        cmocka_unit_test(test_long_lines_scroll_by_columns),
        cmocka_unit_test(test_nothing_in_the_line_is_invisible),
        cmocka_unit_test(test_history_is_written_when_there_is_time),
        cmocka_unit_test(test_only_tab_looks_at_a_disk),
        cmocka_unit_test(test_history_is_private_and_outlives_the_program),
        cmocka_unit_test(test_no_inputrc_breaks_the_bar),
        cmocka_unit_test(test_readlines_own_completion_prints_nothing),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
