/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A frame that takes parts of the last one is the frame that is drawn anew, whatever happened in
 * between: keys, answers, time, another size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "quorum/mem.h"
#include "quorum/random.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "ui/console_frame.h"
#include "ui/keep.h"
#include "unit/frame_fixture.h"

enum { STEPS = 3000, SEEDS = 5 };

static struct snapshot snap;
static struct view view;
static struct random luck;
static size_t whole[PANEL_COUNT]; /* rows there are */
static int taken;                 /* answers that came */
static size_t status_at;          /* the column of an adjustment's status */

static int below(int n)
{
    return (int)random_below(&luck, (uint32_t)n);
}

static enum panel_id any_panel(void)
{
    return (enum panel_id)below(PANEL_COUNT);
}

/* A column of the desk's state that does no more than tell the time. */
static void tell_time(struct rows *r, const char *column)
{
    for (size_t i = 0; i < r->ncols && r->nrows > 0; i++)
        if (strcmp(r->column[i], column) == 0)
            r->cell[i] = arena_printf(&r->arena, "%d", below(100000));
}

static void fails(struct snap *to, const char *why)
{
    to->version += strcmp(to->problem, why) != 0;
    copy_text(to->problem, sizeof to->problem, why);
}

/* As an answer comes: after some time, and with the time. */
static void answer(struct snap *to)
{
    static const char *const words[] = {
        "+12.30", "-7.05", "-",  "HOLD", "a text that is longer",
        "C",      "",      "99", "3h12", "\xe6\x97\xa5\xe6\x9c\xac"};
    struct rows *r = &to->rows;
    snap.monotonic++;
    to->loaded_at = snap.monotonic;
    taken++;
    fails(to, "");
    if (to == &snap.status) {
        tell_time(r, "pending_oldest");
        tell_time(r, "market_change");
    }
    if (below(3) == 0)
        return; /* it says what the last one said */
    to->version++;
    for (int n = r->nrows ? below(4) : 0; n > 0; n--) {
        size_t at = (size_t)below((int)(r->nrows * r->ncols));
        r->cell[at] =
            below(12) ? arena_text(&r->arena, words[below(ARRAY_LEN(words))]) : (char *)NULL;
    }
    if (to == &snap.panel[PANEL_PENDING] && r->nrows > 0)
        r->cell[(size_t)below((int)r->nrows) * r->ncols + status_at] =
            arena_text(&r->arena, below(2) ? "APPROVED" : "");
    if (to != &snap.status && to != &snap.sessions)
        r->nrows = (size_t)below((int)whole[to - snap.panel] + 1);
}

static void time_passes(void)
{
    int64_t by = below(4) ? below(400000) : (int64_t)below(90) * USEC_SECOND;
    snap.monotonic += by;
    snap.now += by * (below(5) ? 1 : 60);
}

static void desk_moves(void)
{
    switch (below(12)) {
    case 0:
        answer(&snap.panel[any_panel()]);
        break;
    case 1:
    case 2:
        answer(&snap.panel[view.focus]);
        break;
    case 3:
        answer(&snap.status);
        break;
    case 4:
        answer(&snap.sessions);
        break;
    case 5: /* a query failed: its answer stays */
        fails(&snap.panel[any_panel()], below(2) ? "E70 panel 5" : "");
        break;
    case 6:
        snap.connected = !snap.connected;
        snap.lost_at = snap.connected ? 0 : snap.monotonic;
        break;
    case 7:
        if (below(2))
            snap.latency_ms = below(200) - 1;
        else
            snap.skew_us = below(2) ? 0 : (int64_t)below(100000000) - 50000000;
        break;
    case 8:
        snap.read_only = below(2);
        break;
    case 9:
        snap.least_ms = below(2) * 10000;
        snap.refresh_ms = below(3) * 1000;
        break;
    case 10:
        copy_text(snap.session, sizeof snap.session, below(2) ? "a" : "b");
        break;
    default:
        time_passes();
    }
}

static void list_moves(struct list_view *l)
{
    static const char *const filters[] = {"", "", "1", "a", "BULL"};
    switch (below(6)) {
    case 0:
        l->sort = below(6) - 1;
        l->descending = below(2);
        break;
    case 1:
        copy_text(l->filter, sizeof l->filter, filters[below(ARRAY_LEN(filters))]);
        break;
    case 2:
        l->hscroll += below(3) - 1;
        break;
    case 3:
        view_mark(&view, view_object(&view, &snap));
        break;
    default:
        view_move(&view, &snap, below(7) - 3, 0);
    }
}

static void covers_move(void)
{
    switch (below(8)) {
    case 0:
        view.help = !view.help;
        break;
    case 1:
        view.question.open = !view.question.open;
        view.question.lines = below(4);
        break;
    case 2:
        view_toast(&view, (enum toast_kind)below(3), snap.monotonic, "said %d", below(10));
        break;
    case 3:
        view_open_object(&view, below(2) ? "alert 9" : "trade 88");
        break;
    default:
        view_back(&view);
    }
}

static void person_moves(void)
{
    enum panel_id id = any_panel();
    switch (below(14)) {
    case 0:
    case 1:
        view.focus = id;
        break;
    case 2:
        view.zoomed = below(4) == 0;
        break;
    case 3:
        view.shown[id] = below(4) > 0;
        break;
    case 4:
        view.frozen = below(2);
        view.zone = (enum zone)below(3);
        view.clock = (enum clock_form)below(3);
        break;
    case 5:
        view.bare = below(6) == 0;
        break;
    case 6:
        copy_text(view.notice, sizeof view.notice, below(2) ? "slow link" : "");
        break;
    case 7:
    case 8:
        covers_move();
        break;
    default:
        list_moves(&view.list[below(3) ? view.focus : id]);
    }
}

static void terminal_moves(struct frame *kept, struct frame *anew)
{
    static const int size[][2] = {{40, 120}, {24, 80}, {60, 200}, {12, 40}, {5, 20}, {24, 120}};
    int i = below(ARRAY_LEN(size));
    bool ascii = below(4) == 0, ambiguous = below(4) == 0;
    kept->rows = anew->rows = size[i][0];
    kept->cols = anew->cols = size[i][1];
    kept->ascii = anew->ascii = ascii;
    kept->ambiguous = anew->ambiguous = ambiguous;
}

static void draw(struct frame *f, struct view *v)
{
    frame_resize(f, f->rows, f->cols);
    view_settle(v, &snap);
    console_frame(f, &snap, v);
}

static void begin(struct frame *kept, struct frame *anew)
{
    *kept = (struct frame){.rows = 40, .cols = 120, .keep = keep_new()};
    *anew = (struct frame){.rows = 40, .cols = 120};
    snap = (struct snapshot){0};
    taken = 0;
    pictured_desk(&snap);
    pictured_company(&snap);
    view_init(&view);
    struct rows *pending = &snap.panel[PANEL_PENDING].rows;
    status_at = 1;
    while (panels[PANEL_PENDING].column[status_at - 1].look != LOOK_HIDDEN)
        status_at++;
    pending->column[status_at] = arena_text(&pending->arena, "status");
    for (int p = 0; p < PANEL_COUNT; p++)
        whole[p] = snap.panel[p].rows.nrows;
    for (int n = below(4); n > 0; n--) { /* not answered yet */
        struct snap *p = &snap.panel[any_panel()];
        p->rows.nrows = 0;
        p->loaded_at = 0;
    }
}

static void end(struct frame *kept, struct frame *anew)
{
    frame_release(kept);
    frame_release(anew);
    view_release(&view);
    snapshot_release(&snap);
}

static void test_what_is_kept_is_what_would_be_drawn(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct frame kept, anew;
        luck = random_begin(seed, 0);
        begin(&kept, &anew);
        for (int step = 0; step < STEPS; step++) {
            if (below(3))
                person_moves();
            if (below(2))
                desk_moves();
            if (below(40) == 0)
                terminal_moves(&kept, &anew);
            struct view same = view; /* drawing scrolls */
            same.orders = NULL;      /* and asks for orders */
            draw(&kept, &view);
            draw(&anew, &same);
            if (!frame_same(&kept, &anew))
                fail_msg("seed %d, step %d: a kept part is not what would be drawn", (int)seed,
                         step);
            mem_free(same.orders);
            for (int p = 0; p < PANEL_COUNT; p++)
                assert_memory_equal(&view.list[p], &same.list[p], sizeof same.list[p]);
        }
        assert_true(taken > 100);
        end(&kept, &anew);
    }
}

/* Without it nothing would be won: what a key does not change is not drawn again. */
static void test_an_unchanged_panel_is_not_drawn_again(void **state)
{
    (void)state;
    struct frame kept, anew;
    luck = random_begin(5, 0);
    begin(&kept, &anew);
    draw(&kept, &view);
    draw(&kept, &view); /* scrolled by the first */
    struct rows *r = &snap.panel[PANEL_ALERTS].rows;
    r->cell[0 * r->ncols + 4] = arena_text(&r->arena, "nobody reads this");
    draw(&kept, &view);
    draw(&anew, &view);
    assert_false(frame_same(&kept, &anew));
    snap.panel[PANEL_ALERTS].loaded_at++; /* the same answer once more */
    snap.status.loaded_at++;
    tell_time(&snap.status.rows, "engine_beat");
    draw(&kept, &view);
    draw(&anew, &view);
    assert_false(frame_same(&kept, &anew));
    snap.panel[PANEL_ALERTS].version++;
    draw(&kept, &view);
    assert_true(frame_same(&kept, &anew));
    end(&kept, &anew);
}

/* What can be done to the adjustment under the cursor is said of its status now. */
static void test_the_kept_keys_are_those_of_the_status(void **state)
{
    (void)state;
    static const char *const status[] = {"PENDING", "APPROVED", "", "SHADOW", NULL, "PENDING"};
    struct frame kept, anew;
    begin(&kept, &anew);
    struct snap *pending = &snap.panel[PANEL_PENDING];
    pending->rows.nrows = whole[PANEL_PENDING];
    pending->loaded_at = snap.monotonic;
    view.focus = PANEL_PENDING;
    for (size_t i = 0; i < ARRAY_LEN(status); i++) {
        pending->rows.cell[status_at] = arena_text(&pending->rows.arena, status[i]);
        pending->version++;
        draw(&kept, &view);
        draw(&anew, &view);
        assert_true(frame_same(&kept, &anew));
    }
    end(&kept, &anew);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_kept_is_what_would_be_drawn),
        cmocka_unit_test(test_the_kept_keys_are_those_of_the_status),
        cmocka_unit_test(test_an_unchanged_panel_is_not_drawn_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
