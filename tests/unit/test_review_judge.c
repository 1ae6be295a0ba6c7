/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the trades since a change say of it, on made-up bars where the truth is known. */
#include "unit/market_fixtures.h"

#include <math.h>

#include "core/desk/review_judge.h"

enum { CASES = 160, SESSIONS = 2000 };

static struct parameter parameters[PARAMETERS];
static int64_t ids[CASES];

/* A walk of about 1.5 % a day; drift in percent a day. */
static struct bars wandering(uint64_t seed, double drift)
{
    struct bars b = {0};
    struct random g = random_begin(seed, random_stream("bars"));
    double price = 100;
    int32_t day = day_from_civil(2012, 1, 3);
    for (size_t i = 0; i < SESSIONS; i++) {
        double open = price * (1 + 0.004 * random_normal(&g));
        double close = open * (1 + drift / 100 + 0.015 * random_normal(&g));
        double high = fmax(open, close) * (1 + 0.006 * random_unit(&g));
        double low = fmin(open, close) * (1 - 0.006 * random_unit(&g));
        day = calendar_next(day);
        struct bar bar = {.day = day,
                          .open = llround(open * 1e4),
                          .high = llround(high * 1e4),
                          .low = llround(low * 1e4),
                          .close = llround(close * 1e4),
                          .volume = 1000000};
        bars_add(&b, &bar);
        price = close;
    }
    return b;
}

static int set_up(void **state)
{
    (void)state;
    static const double value[] = {1.5, 4, 20, 3, 5};
    for (int i = 0; i < PARAMETERS; i++) {
        parameters[i] =
            (struct parameter){.name = parameter_name((enum parameter_id)i),
                               .class = i < PARAM_EXPLORATION_PCT    ? PARAMETER_EXIT
                                        : i == PARAM_EXPLORATION_PCT ? PARAMETER_SIZE
                                                                     : PARAMETER_FILTER};
        parameters[i].value = i <= PARAM_EXPLORATION_PCT ? VALUE(value[i]) : VALUE_UNKNOWN;
    }
    for (int i = 0; i < CASES; i++)
        ids[i] = i + 1;
    return 0;
}

/* Every eleventh session is bought. The first half is before the change: what is live is the old
 * way less `slip`; since then the new way less `slip` and `harm`. */
struct desk_of {
    struct bars bars;
    struct candidate c[CASES];
    struct candidate_set set;
};

static struct desk_of *empty_desk(void)
{
    struct desk_of *d = mem_alloc(sizeof *d);
    memset(d, 0, sizeof *d);
    return d;
}

static double way(const struct candidate *c, struct value stop)
{
    struct parameter p[PARAMETERS];
    struct replay_path path;
    memcpy(p, parameters, sizeof p);
    p[PARAM_STOP_MULT].value = stop;
    struct replay_exits x = parameters_exits(p);
    replay_walk(&c->replay, &x, &cost_model_default, &path);
    return path.return_fraction / path.stop_fraction;
}

static void live(struct desk_of *d, double slip, double harm)
{
    bars_release(&d->bars);
    d->bars = wandering(5, 0.03);
    for (size_t i = 0; i < CASES; i++) {
        struct candidate *c = &d->c[i];
        size_t first = 30 + 11 * i;
        *c = (struct candidate){.replay = {.id = ids[i],
                                           .bars = &d->bars,
                                           .first = first,
                                           .price = d->bars.bar[first - 1].close,
                                           .atr = (double)d->bars.bar[first - 1].close / 1e4 * .02,
                                           .beta = VALUE(1)},
                                .known = {.id = ids[i],
                                          .entry_day = d->bars.bar[first].day,
                                          .exit_day = d->bars.bar[first + 5].day},
                                .trade_id = ids[i]};
        snprintf(c->known.symbol, sizeof c->known.symbol, "S%zu", i);
        bool since = i >= CASES / 2;
        c->known.r = way(c, since ? VALUE(1.25) : VALUE(1.5)) - slip - (since ? harm : 0);
    }
    d->set = (struct candidate_set){.c = d->c, .n = CASES, .traded = CASES};
}

static struct judged change(void)
{
    return (struct judged){.id = 17,
                           .parameter = PARAM_STOP_MULT,
                           .old_value = VALUE(1.5),
                           .new_value = VALUE(1.25),
                           .days = 40,
                           .earlier = ids,
                           .nearlier = CASES / 2,
                           .decided = ids + CASES / 2,
                           .ndecided = CASES / 2};
}

static void what_replay_and_life_differ_by_anyway_is_not_blamed_on_the_change(void **state)
{
    (void)state;
    struct desk_of *d = empty_desk(), *e = empty_desk();
    struct judged j = change();
    size_t n, m;
    live(d, 0, 0);
    live(e, 0.3, 0);
    struct learning_effect a = judge_exits(&j, &d->set, parameters, &n);
    struct learning_effect b = judge_exits(&j, &e->set, parameters, &m);
    assert_int_equal(n, CASES / 2);
    assert_int_equal(m, CASES / 2);
    assert_true(fabs(a.delta - b.delta) < 0.06); /* but for the unit of the stops and clipping */
    assert_true(fabs(a.variance - 4.0 / CASES) < 0.02); /* one R in each arm */
    bars_release(&d->bars);
    bars_release(&e->bars);
    mem_free(d);
    mem_free(e);
}

static void proven_harm_is_taken_back_before_the_horizon(void **state)
{
    (void)state;
    struct desk_of *d = empty_desk();
    struct judged j = change();
    struct judgement g;
    j.ndecided = 50; /* below 60 trades and 90 days */
    live(d, 0, 1.2);
    review_judge(&j, &d->set, parameters, &g);
    assert_true(g.take_back);
    assert_string_equal(g.state, "rolled back");
    assert_true(g.e_value >= 10);
    assert_true(g.effect.delta < -0.5 && g.interval.high < 0);
    assert_non_null(strstr(g.text, "e-value"));
    live(d, 0, 0);
    review_judge(&j, &d->set, parameters, &g);
    assert_string_equal(g.state, "measuring");
    assert_false(g.ends);
    bars_release(&d->bars);
    mem_free(d);
}

static void what_is_likely_better_stays_and_is_told(void **state)
{
    (void)state;
    struct desk_of *d = empty_desk();
    struct judged j = change();
    struct judgement g;
    struct buf b = {0};
    live(d, 0, -0.9);
    review_judge(&j, &d->set, parameters, &g);
    assert_true(g.ends);
    assert_false(g.take_back);
    assert_string_equal(g.state, "better");
    assert_true(g.confidence >= 80);
    judgement_json(&g, &b);
    assert_non_null(strstr(buf_text(&b), "\"state\":\"better\""));
    assert_non_null(strstr(buf_text(&b), "\"compared\":80"));
    buf_release(&b);
    live(d, 0, 0.35); /* somewhat worse: no proof, but nothing speaks for it at the horizon */
    review_judge(&j, &d->set, parameters, &g);
    assert_string_equal(g.state, "sunset");
    assert_true(g.take_back);
    bars_release(&d->bars);
    mem_free(d);
}

static void a_losing_streak_beyond_all_that_was_seen_takes_it_back(void **state)
{
    (void)state;
    double before[40], since[60];
    struct candidate_set none = {0};
    struct judged j = change();
    struct judgement g;
    for (int i = 0; i < 40; i++)
        before[i] = i % 2 ? 1.2 : -1;
    for (int i = 0; i < 60; i++)
        since[i] = -1;
    j.ndecided = j.nearlier = 0;
    j.before = before;
    j.nbefore = 40;
    j.since = since;
    j.nsince = 12;
    review_judge(&j, &none, parameters, &g);
    assert_string_equal(g.state, "measuring");
    assert_true(g.worst > 5 && g.worst < 40);
    j.worst = VALUE(g.worst);
    j.nsince = 60;
    review_judge(&j, &none, parameters, &g);
    assert_string_equal(g.state, "rolled back");
    assert_non_null(strstr(g.text, "drawdown"));
    j.nbefore = 5; /* too few to say what a bad streak is */
    j.worst = VALUE_UNKNOWN;
    review_judge(&j, &none, parameters, &g);
    assert_string_equal(g.state, "measuring");
}

static void a_size_is_never_called_proven(void **state)
{
    (void)state;
    struct candidate_set none = {0};
    struct judged j = {.parameter = PARAM_EXPLORATION_PCT,
                       .old_value = VALUE(5),
                       .new_value = VALUE(4),
                       .days = 90};
    struct judgement g;
    review_judge(&j, &none, parameters, &g);
    assert_string_equal(g.state, "unclear");
    assert_false(g.take_back);
}

static void a_filter_is_judged_by_what_it_turns_away(void **state)
{
    (void)state;
    struct desk_of *d = empty_desk();
    struct judged j = change();
    struct judgement g;
    live(d, 0, 0);
    for (int i = 0; i < CASES; i++) {
        d->c[i].known.rsi = VALUE(i % 2 ? 75 : 55);
        d->c[i].known.r = i % 2 ? -0.9 : 0.9;
    }
    j.parameter = PARAM_RSI_MAX;
    j.old_value = VALUE_UNKNOWN;
    j.new_value = VALUE(70);
    review_judge(&j, &d->set, parameters, &g);
    assert_string_equal(g.state, "better");
    assert_true(g.effect.delta > 0.5);
    j.old_value = VALUE(70); /* and by what its loosening lets in */
    j.new_value = VALUE_UNKNOWN;
    review_judge(&j, &d->set, parameters, &g);
    assert_true(g.take_back);
    bars_release(&d->bars);
    mem_free(d);
}

static void a_shadow_ends_with_its_trades(void **state)
{
    (void)state;
    struct desk_of *d = empty_desk();
    struct judged j = change();
    struct judgement g;
    live(d, 0, 0);
    j.shadow = true;
    j.shadow_trades = 20;
    j.ndecided = 19;
    review_judge(&j, &d->set, parameters, &g);
    assert_false(g.ends);
    j.ndecided = 20;
    review_judge(&j, &d->set, parameters, &g);
    assert_true(g.ends);
    assert_false(g.take_back);
    assert_int_equal(g.n, 20);
    assert_non_null(strstr(g.text, "20 trades beside the value in force"));
    bars_release(&d->bars);
    mem_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_replay_and_life_differ_by_anyway_is_not_blamed_on_the_change),
        cmocka_unit_test(proven_harm_is_taken_back_before_the_horizon),
        cmocka_unit_test(what_is_likely_better_stays_and_is_told),
        cmocka_unit_test(a_losing_streak_beyond_all_that_was_seen_takes_it_back),
        cmocka_unit_test(a_size_is_never_called_proven),
        cmocka_unit_test(a_filter_is_judged_by_what_it_turns_away),
        cmocka_unit_test(a_shadow_ends_with_its_trades),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
