/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The console's pictures against tests/golden/frames/NAME.txt. After a change that is meant:
 *   QUORUM_GOLDEN=write build/asan/tests/unit/test_frame
 * writes them anew (make unit would not hand the variable on); look at the difference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quorum/mem.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "ui/layout.h"
#include "ui/list.h"
#include "unit/frame_fixture.h"

static struct snapshot snap;
static struct view view;
static struct frame frame;

/* ---- what is shown */

static void as_is(void)
{
}
static void focus_pending(void)
{
    view.focus = PANEL_PENDING;
    copy_text(view.list[PANEL_PENDING].selected, OBJECT_MAX, "adjustment 18");
}
static void focus_hidden(void)
{
    view.focus = PANEL_CALIBRATION;
}
static void zoom_trades(void)
{
    view.focus = PANEL_TRADES;
    view.zoomed = true;
}
static void filtered(void)
{
    struct list_view *l = &view.list[PANEL_TRADES];
    zoom_trades();
    copy_text(l->filter, sizeof l->filter, "profit");
    l->sort = list_find_column(PANEL_TRADES, "P&L$");
    l->descending = true;
}
static void filtered_away(void)
{
    copy_text(view.list[PANEL_POSITIONS].filter, FILTER_MAX, "XYZ");
}
static void scrolled(void)
{
    view.focus = PANEL_TRADES;
    view.zoomed = true;
    view.list[PANEL_TRADES].hscroll = 99; /* no farther than needed */
    view_mark(&view, "trade 88");
}
static void stale(void)
{
    for (int p = 0; p < PANEL_COUNT; p++)
        snap.panel[p].loaded_at = snap.monotonic - 42 * USEC_SECOND;
}
static void lost(void)
{
    stale();
    snap.status.loaded_at = snap.monotonic - 42 * USEC_SECOND;
    snap.heard = snap.now - 42 * USEC_SECOND;
    snap.connected = false;
    snap.lost_at = snap.monotonic - 42 * USEC_SECOND;
    snap.retry_s = 8;
    snap.tries = 5;
}
static void empty(void)
{
    pictured_empty(&snap);
}
static void not_loaded(void)
{
    snapshot_release(&snap);
    snap = (struct snapshot){.connected = true, .monotonic = 5 * USEC_SECOND};
}
static void failed(void)
{
    copy_text(snap.panel[PANEL_POSITIONS].problem, 200, "E42 permission denied for positions");
    rows_release(&snap.panel[PANEL_ACTIVITY].rows);
    copy_text(snap.panel[PANEL_ACTIVITY].problem, 200, "statement timeout");
}
static void badges(void)
{
    snap.demo = snap.read_only = true;
    view.frozen = true;
    copy_text(view.notice, sizeof view.notice, "slow link");
    view.zone = ZONE_UTC;
}
static void company(void)
{
    pictured_company(&snap);
    snap.skew_us = 7 * USEC_SECOND;
    snap.latency_ms = 240;
    focus_pending();
}
static void hidden(void)
{
    view.shown[PANEL_PENDING] = view.shown[PANEL_ACTIVITY] = false;
}
static void bare(void)
{
    view.bare = true;
}
static void toast(void)
{
    view_toast(&view, TOAST_OK, snap.monotonic, "approved #17; applies in 10 s; u undoes");
}
static void ask(int level, const char *const lines[], int n, const char *prompt)
{
    view.question = (struct question){.open = true, .level = level, .lines = n};
    for (int i = 0; i < n; i++)
        copy_text(view.question.text[i], sizeof view.question.text[i], lines[i]);
    copy_text(view.question.prompt, sizeof view.question.prompt, prompt);
}
static void question_2(void)
{
    static const char *const lines[] = {
        "APPROVE #17  stop_loss_pct 3.20 -> 2.60  conf 74%  risk LOW  effect NOT PROVEN",
        "  applies in 10 s to new entries (u undoes); 4 open positions keep 3.20",
        "  warnings: 2nd cut in 30 days; drift -26% from baseline",
        "  y = approve    n, Esc or Enter alone = keep pending       [auto-cancel 60 s]"};
    focus_pending();
    ask(2, lines, 4, "approve #17? [y/N]");
}
static void question_3(void)
{
    static const char *const lines[] = {
        "KILL SWITCH - choose how far to go. The bot is RUNNING with 4 open positions.",
        "",
        "  pause     no new entries; exits, stops and learning continue",
        "  halt      no new entries, no LLM calls, cancel 1 running evaluation;",
        "            stops and targets of open paper positions still work",
        "  flatten   halt, then close all 4 positions at last price (now +117.05)",
        "",
        "It survives a restart. Only :resume lifts it.            Esc leaves it running"};
    ask(3, lines, 8, "type PAUSE, HALT or FLATTEN:");
}
static void detail(void)
{
    view_open_text(&view, "positions --plain", mem_text("AAPL 28 at 175.50\nNVDA 10 at 482.10\n"));
}

static const struct {
    const char *name;
    int rows, cols;
    void (*make)(void);
    bool ascii, styles;
} pictures[] = {
    {"24x5", 5, 24, as_is, false, false},
    {"24x6", 6, 24, as_is, false, false},
    {"40x12", 12, 40, focus_pending, true, false},
    {"40x12-utf8", 12, 40, as_is, false, false},
    {"40x12-guest", 12, 40, focus_hidden, false, false},
    {"40x12-question", 12, 40, question_2, false, false},
    {"40x12-lost", 12, 40, lost, false, false},
    {"79x24", 24, 79, as_is, false, false},
    {"80x20", 20, 80, focus_pending, false, false},
    {"80x24-ascii", 24, 80, focus_pending, true, false},
    {"80x24", 24, 80, focus_pending, false, true},
    {"80x24-guest", 24, 80, focus_hidden, false, false},
    {"80x24-zoom", 24, 80, zoom_trades, false, false},
    {"80x24-filter", 24, 80, filtered, false, true},
    {"80x24-nothing", 24, 80, filtered_away, false, false},
    {"80x24-scrolled", 24, 80, scrolled, false, true},
    {"80x24-stale", 24, 80, stale, false, false},
    {"80x24-lost", 24, 80, lost, true, true},
    {"80x24-empty", 24, 80, empty, false, false},
    {"80x24-loading", 24, 80, not_loaded, false, false},
    {"80x24-failed", 24, 80, failed, false, false},
    {"80x24-badges", 24, 80, badges, false, false},
    {"80x24-company", 24, 80, company, false, false},
    {"80x24-hidden", 24, 80, hidden, false, false},
    {"80x24-bare", 24, 80, bare, false, true},
    {"80x24-toast", 24, 80, toast, false, false},
    {"80x24-question-2", 24, 80, question_2, true, false},
    {"80x24-question-3", 24, 80, question_3, false, false},
    {"80x24-detail", 24, 80, detail, false, false},
    {"80x50", 50, 80, as_is, false, false},
    {"112x32", 32, 112, as_is, false, false},
    {"120x40-ascii", 40, 120, focus_pending, true, false},
    {"120x40", 40, 120, focus_pending, false, true},
    {"120x40-zoom", 40, 120, zoom_trades, false, false},
    {"120x40-empty", 40, 120, empty, false, false},
    {"120x40-badges", 40, 120, badges, false, false},
    {"120x40-lost", 40, 120, lost, false, false},
    {"120x40-company", 40, 120, company, false, false},
    {"200x60-company", 60, 200, company, true, false},
    {"170x48", 48, 170, as_is, false, false},
    {"200x60-ascii", 60, 200, as_is, true, false},
    {"200x60", 60, 200, focus_pending, false, true},
    {"200x60-detail", 60, 200, detail, false, false},
    {"200x60-empty", 60, 200, empty, false, false},
};

/* ---- one picture */

static void begin(void)
{
    view_init(&view);
    pictured_desk(&snap);
}

static void end(void)
{
    view_release(&view);
    snapshot_release(&snap);
}

static void draw(int rows, int cols, bool ascii)
{
    frame.ascii = ascii;
    frame_resize(&frame, rows, cols);
    console_frame(&frame, &snap, &view);
}

static void check_golden(const char *name, const char *shown)
{
    const char *dir = getenv("QUORUM_TEST_DIR"), *write = getenv("QUORUM_GOLDEN");
    char path[512];
    snprintf(path, sizeof path, "%s/golden/frames/%s.txt", dir ? dir : "tests", name);
    FILE *f = fopen(path, write ? "w" : "r");
    if (f == NULL)
        fail_msg("%s cannot be opened", path);
    if (write) {
        fputs(shown, f);
        fclose(f);
        return;
    }
    struct buf want = {0};
    char piece[4096];
    for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0;)
        buf_add(&want, piece, n);
    fclose(f);
    bool same = strcmp(buf_text(&want), shown) == 0;
    buf_release(&want);
    if (!same)
        fail_msg("%s is another picture:\n%s", path, shown);
}

static void test_a_picture_changes_only_when_it_is_meant_to(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pictures); i++) {
        struct buf out = {0};
        begin();
        pictures[i].make();
        draw(pictures[i].rows, pictures[i].cols, pictures[i].ascii);
        frame_dump(&frame, &out);
        if (pictures[i].styles)
            frame_dump_styles(&frame, &out);
        check_golden(pictures[i].name, buf_text(&out));
        buf_release(&out);
        end();
    }
}

static void test_every_panel_has_a_picture_of_its_own(void **state)
{
    (void)state;
    for (enum panel_id p = 0; p < PANEL_COUNT; p++) {
        static const int size[][2] = {{12, 40}, {24, 80}, {40, 120}};
        struct buf out = {0};
        char name[64];
        begin();
        view.focus = p;
        view.zoomed = true;
        for (size_t i = 0; i < 3; i++) {
            draw(size[i][0], size[i][1], i == 0);
            frame_dump(&frame, &out);
        }
        snprintf(name, sizeof name, "panel-%s", panels[p].name);
        check_golden(name, buf_text(&out));
        buf_release(&out);
        end();
    }
}

/* ---- what must hold at any size */

/* Every cell is a whole character of its width, and the last row is untouched. */
static void check_cells(void)
{
    for (int row = 0; row < frame.rows; row++) {
        for (int col = 0; col < frame.cols; col++) {
            const struct cell *c = frame_cell(&frame, row, col);
            size_t width = 1;
            if (c->width == 0) {
                assert_true(col > 0 && frame_cell(&frame, row, col - 1)->width == 2);
                continue;
            }
            assert_int_equal(text_cluster(c->text, &width), c->len);
            assert_int_equal(width, c->width);
            assert_true((unsigned char)c->text[0] >= 0x20 && c->text[0] != 0x7f);
            if (frame.ascii)
                assert_true((unsigned char)c->text[0] < 0x80);
            if (row == frame.rows - 1)
                assert_true(c->len == 1 && c->text[0] == ' ' && c->style == TOKEN_FG);
        }
    }
    assert_in_range(frame.cursor_row, 0, frame.rows - 1);
    assert_in_range(frame.cursor_col, 0, frame.cols - 1);
}

/* Panels lie side by side without a gap and never on one another. */
static void check_layout(int rows, int cols)
{
    struct layout l;
    static uint8_t seen[FRAME_MOST][FRAME_MOST];
    layout_make(&l, &view, rows, cols);
    if (l.size == CLASS_LINE)
        return;
    bool found = view.focus == PANEL_NONE || l.has_detail;
    for (int row = 0; row < rows; row++)
        memset(seen[row], 0, (size_t)cols);
    for (size_t i = 0; i < l.n; i++) {
        const struct rect *r = &l.place[i].at;
        found |= l.place[i].id == view.focus;
        assert_true(r->rows > 0 && r->cols >= 0 && r->row >= 1 && r->col >= 0);
        assert_true(r->row + r->rows <= l.area.row + l.area.rows && r->col + r->cols <= cols);
        for (int row = r->row; row < r->row + r->rows; row++) {
            for (int col = r->col; col < r->col + r->cols; col++)
                assert_int_equal(seen[row][col]++, 0);
        }
    }
    assert_true(found);
}

static void test_a_question_is_answered_only_where_all_of_it_is_seen(void **state)
{
    static const struct {
        int rows, cols;
        bool fits;
    } sizes[] = {{24, 80, true}, {40, 120, true}, {1, 1, false},  {3, 3, false},
                 {5, 20, false}, {4, 80, false},  {24, 12, false}};
    (void)state;
    as_is();
    question_3();
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct frame f = {0};
        frame_resize(&f, sizes[i].rows, sizes[i].cols);
        assert_int_equal(console_question_fits(&f, &view), sizes[i].fits);
        frame_release(&f);
    }
}

static uint32_t dice(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void roll_view(uint32_t *seed)
{
    static const struct {
        void (*make)(void);
    } some[] = {{as_is},      {as_is},    {lost},     {stale}, {question_2},
                {question_3}, {filtered}, {scrolled}, {toast}, {badges}};
    view.focus = (enum panel_id)(dice(seed) % PANEL_COUNT);
    view.zoomed = dice(seed) % 4 == 0;
    some[dice(seed) % ARRAY_LEN(some)].make();
    if (dice(seed) % 8 == 0)
        bare();
    if (dice(seed) % 4 == 0)
        view.forced = (enum size_class)(dice(seed) % (CLASS_MAX + 1));
    if (dice(seed) % 6 == 0)
        detail();
    view.help = dice(seed) % 8 == 0;
    view.help_scroll = (int)(dice(seed) % 200) - 20;
    for (int p = 0; p < PANEL_COUNT; p++) {
        view.shown[p] = dice(seed) % 8 > 0;
        view.list[p].top = (int)(dice(seed) % 600) - 20;
        view.list[p].hscroll = (int)(dice(seed) % 30) - 5;
    }
}

static void test_no_size_and_no_text_leaves_a_stray_cell(void **state)
{
    (void)state;
    static char much[10001];
    const char *const texts[] = {"\x1b[31mred\x1b]0;title\a",
                                 "\xe2\x80\xae"
                                 "drawkcab\xe2\x80\x8b\xe2\x81\xa6",
                                 "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae\xe6\x96\x87",
                                 "e\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85 x",
                                 "\xff\xfe\xc0\x80 broken",
                                 "line\nline\r\ttab",
                                 "",
                                 much};
    uint32_t seed = 20251120;
    memset(much, 'W', sizeof much - 1);
    for (int round = 0; round < 1000; round++) {
        int rows = 1 + (int)(dice(&seed) % (round % 8 ? 70 : 200));
        int cols = 1 + (int)(dice(&seed) % (round % 8 ? 210 : 500));
        view_init(&view);
        snap = (struct snapshot){0};
        pictured_hostile(&snap, texts[dice(&seed) % ARRAY_LEN(texts)], dice(&seed) % 40);
        roll_view(&seed);
        draw(rows, cols, dice(&seed) % 2);
        check_cells();
        check_layout(rows, cols);
        end();
    }
}

static void test_hostile_cells_do_not_move_their_neighbours(void **state)
{
    (void)state;
    static const char *const texts[] = {"\x1b[2Jgone", "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
                                        "a\xe2\x80\x8b\xe2\x80\xae"
                                        "b"};
    char want[8][FRAME_MOST] = {{0}};
    for (size_t t = 0; t <= ARRAY_LEN(texts); t++) {
        begin();
        if (t > 0)
            snap.panel[PANEL_POSITIONS].rows.cell[1] = mem_text(texts[t - 1]);
        draw(24, 80, false);
        for (int row = 2; row < 8; row++) {
            for (int col = 10; col < 80; col++) { /* right of the symbol */
                const struct cell *c = frame_cell(&frame, row, col);
                if (t == 0)
                    want[row][col] = c->text[0];
                else
                    assert_int_equal(want[row][col], c->text[0]);
            }
        }
        if (t > 0)
            mem_free(snap.panel[PANEL_POSITIONS].rows.cell[1]);
        end();
    }
}

/* ---- what other parts rely on */

static void test_a_click_finds_the_row_that_is_drawn_there(void **state)
{
    (void)state;
    static const int size[][2] = {{12, 40}, {24, 80}, {40, 120}, {60, 200}};
    for (size_t i = 0; i < ARRAY_LEN(size); i++) {
        begin();
        focus_pending();
        draw(size[i][0], size[i][1], false);
        int row;
        assert_int_equal(console_at(&frame, &view, frame.cursor_row, frame.cursor_col + 2, &row),
                         PANEL_PENDING);
        assert_int_equal(row, 1); /* the second, which is selected */
        console_at(&frame, &view, 0, 3, &row);
        assert_int_equal(row, -1);
        end();
    }
}

static void test_tab_goes_where_panels_are(void **state)
{
    (void)state;
    enum panel_id shown[PANEL_COUNT];
    view_init(&view);
    assert_int_equal(console_panels(&view, 24, 80, shown), 3);
    assert_int_equal(shown[1], PANEL_PENDING);
    assert_int_equal(console_panels(&view, 40, 120, shown), 9);
    assert_int_equal(console_panels(&view, 60, 200, shown), PANEL_COUNT);
    view.focus = PANEL_LOG; /* it has no place here: Activity makes room */
    assert_int_equal(console_panels(&view, 24, 80, shown), 3);
    assert_int_equal(shown[2], PANEL_LOG);
    view.shown[PANEL_POSITIONS] = false;
    assert_int_equal(console_panels(&view, 24, 80, shown), 2);
    view.zoomed = true;
    assert_int_equal(console_panels(&view, 24, 80, shown), 1);
    assert_int_equal(shown[0], PANEL_LOG);
    view_release(&view);
}

static void test_a_selected_row_is_always_in_sight(void **state)
{
    (void)state;
    snap = (struct snapshot){0};
    view_init(&view);
    pictured_hostile(&snap, "x", 300);
    view.focus = PANEL_EVALUATIONS;
    view.zoomed = true;
    for (int step = 0; step < 300; step += 7) {
        int row;
        view_select(&view, &snap, PANEL_EVALUATIONS, step);
        draw(24, 80, false);
        assert_int_equal(console_at(&frame, &view, frame.cursor_row, 5, &row), PANEL_EVALUATIONS);
        assert_int_equal(row, step);
    }
    end();
}

/* A row of the picture as text. */
static const char *row_text(int row)
{
    static char line[1024];
    size_t n = 0;
    for (int col = 0; col < frame.cols && n + 16 < sizeof line; col++)
        n += (size_t)snprintf(line + n, sizeof line - n, "%s", frame_cell(&frame, row, col)->text);
    return line;
}

static void test_an_age_is_never_hidden_however_old(void **state)
{
    (void)state;
    static const char *const ages[] = {"9s", "28d00*", "99d23*", "120d*", "99d23h", "1000d*"};
    for (size_t i = 0; i < ARRAY_LEN(ages); i++) {
        begin();
        struct rows *r = &snap.panel[PANEL_POSITIONS].rows;
        r->cell[10] = arena_text(&r->arena, ages[i]); /* the first row's AGE */
        for (int cols = 80; cols <= 200; cols += 40) {
            draw(cols == 80 ? 24 : 40, cols, false);
            assert_non_null(strstr(row_text(3), ages[i]));
        }
        end();
    }
}

/* The line of keys with `focus` and, when it is not NULL, a status of the proposal selected. */
static const char *hints(enum panel_id focus, const char *status)
{
    view.focus = focus;
    if (status) {
        struct rows *r = &snap.panel[PANEL_PENDING].rows;
        r->column[r->ncols - 1] = arena_text(&r->arena, "status");
        for (size_t i = 0; i < r->nrows; i++)
            r->cell[i * r->ncols + r->ncols - 1] = arena_text(&r->arena, status);
    }
    draw(24, 200, false);
    return row_text(frame.rows - 2);
}

static void test_only_keys_that_do_something_are_offered(void **state)
{
    (void)state;
    begin();
    assert_non_null(strstr(hints(PANEL_PENDING, "PENDING"), "a approve  x reject  d defer 24h"));
    assert_null(strstr(row_text(frame.rows - 2), "undo"));
    assert_null(strstr(hints(PANEL_PENDING, "APPROVED"), "approve"));
    assert_non_null(strstr(row_text(frame.rows - 2), "u undo"));
    assert_null(strstr(hints(PANEL_PENDING, "SHADOW"), "approve"));
    assert_non_null(strstr(row_text(frame.rows - 2), "x reject"));
    assert_null(strstr(hints(PANEL_BUDGET, NULL), "filter"));
    snap.read_only = true;
    assert_null(strstr(hints(PANEL_PENDING, "PENDING"), "approve"));
    assert_null(strstr(row_text(frame.rows - 2), "pause"));
    assert_non_null(strstr(row_text(frame.rows - 2), "Enter detail"));
    snap.read_only = snap.connected = false;
    assert_null(strstr(hints(PANEL_ALERTS, NULL), "ack"));
    end();
    begin();
    pictured_empty(&snap);
    for (int p = 0; p < PANEL_COUNT; p++) {
        assert_null(strstr(hints((enum panel_id)p, NULL), "approve"));
        assert_null(strstr(row_text(frame.rows - 2), "Enter"));
        assert_non_null(strstr(row_text(frame.rows - 2), "? help"));
    }
    end();
}

static int release_frame(void **state)
{
    (void)state;
    frame_release(&frame);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_picture_changes_only_when_it_is_meant_to),
        cmocka_unit_test(test_every_panel_has_a_picture_of_its_own),
        cmocka_unit_test(test_a_question_is_answered_only_where_all_of_it_is_seen),
        cmocka_unit_test(test_no_size_and_no_text_leaves_a_stray_cell),
        cmocka_unit_test(test_hostile_cells_do_not_move_their_neighbours),
        cmocka_unit_test(test_a_click_finds_the_row_that_is_drawn_there),
        cmocka_unit_test(test_tab_goes_where_panels_are),
        cmocka_unit_test(test_a_selected_row_is_always_in_sight),
        cmocka_unit_test(test_an_age_is_never_hidden_however_old),
        cmocka_unit_test(test_only_keys_that_do_something_are_offered),
    };
    return cmocka_run_group_tests(tests, NULL, release_frame);
}
