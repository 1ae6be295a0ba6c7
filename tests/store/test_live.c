/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The live market against the stand-in: real HTTP, real cache, no network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agents/fscore.h"
#include "fake/fake_market_data.h"
#include "quorum/calendar.h"
#include "quorum/market.h"
#include "quorum/timeutil.h"
#include "store/fixture.h"
#include "store/vendor_side.h"

enum { PATIENCE_MS = 60000 };

struct scene {
    struct fixture *f;
    struct fake_market *fake;
    struct side side;
    struct market *market;
    struct market_data data;
    struct error error;
    bool ended;
    int32_t last;
    int64_t as_of; /* an hour after the close of the stand-in's last session */
    char feeds[400];
};

static void open_market(struct scene *s, const char *feeds, const char *contact)
{
    market_free(s->market);
    s->market =
        market_live_new(&(struct market_live_options){.vendor = s->side.vendor,
                                                      .fmp_base_url = fake_market_url(s->fake),
                                                      .fmp_key = FAKE_MARKET_KEY,
                                                      .feeds = feeds,
                                                      .contact = contact});
}

static int scene_start(void **state)
{
    struct scene *s = mem_alloc(sizeof *s);
    void *fixture = NULL;
    char one[120];
    if (fixture_desk(&fixture))
        return -1;
    s->f = fixture;
    s->fake = fake_market_start(NULL);
    *state = s;
    fixture_run(s->f, VENDOR_LIMIT("250", "0"));
    if (!s->fake || !side_open(&s->side, fixture_conninfo(s->f, "quorum_app")))
        return -1;
    /* The cache goes by real time, so the last session is one before it. */
    s->last = calendar_previous(calendar_last_closed(time_machine_now()));
    s->as_of = calendar_close(s->last) + 3600 * USEC_SECOND;
    fake_market_set_day(s->fake, s->last);
    fake_market_feed(s->fake, "one", one, sizeof one);
    copy_text(s->feeds, sizeof s->feeds, one);
    open_market(s, s->feeds, NULL);
    return 0;
}

static int scene_end(void **state)
{
    struct scene *s = *state;
    void *fixture = s->f;
    int bad = *fake_market_wrong(s->fake) != '\0';
    if (bad)
        print_error("%s\n", fake_market_wrong(s->fake));
    market_data_release(&s->data);
    market_free(s->market);
    side_close(&s->side);
    fake_market_stop(s->fake);
    mem_free(s);
    return fixture_drop(&fixture) || bad ? -1 : 0;
}

static void gathered(void *arg, const struct error *e)
{
    struct scene *s = arg;
    s->ended = true;
    s->error = e ? *e : (struct error){0};
}

static bool has_ended(void *arg)
{
    return ((const struct scene *)arg)->ended;
}

static void gather(struct scene *s, const char *symbol)
{
    market_data_release(&s->data);
    s->ended = false;
    market_gather(s->market, symbol, s->as_of, &s->data, gathered, s);
    if (!loop_run_until(s->side.loop, has_ended, s, PATIENCE_MS))
        fail_msg("%s was not gathered", symbol);
}

static void gather_known(struct scene *s, const char *symbol)
{
    gather(s, symbol);
    if (s->error.kind)
        fail_msg("%s: %s", symbol, s->error.text);
}

static void forget(struct scene *s)
{
    fixture_run(s->f, "DELETE FROM vendor_cache; DELETE FROM vendor_refusals;"
                      " DELETE FROM vendor_quota");
}

static void assert_from(const struct provenance *p, enum datum_state state, const char *reason)
{
    if (p->state != state || (reason && !strstr(p->reason, reason)))
        fail_msg("%s %s: \"%s\", wanted %s \"%s\"", p->source, datum_state_name(p->state),
                 p->reason, datum_state_name(state), reason ? reason : "");
}

/* ---- */

static void a_symbol_comes_with_everything_and_the_second_time_without_a_call(void **state)
{
    struct scene *s = *state;
    const struct market_data *d = &s->data;
    for (int round = 0; round < 2; round++) {
        gather_known(s, "AAPL");
        assert_from(&d->quote.from, DATUM_PRESENT, "");
        assert_from(&d->bars_from, DATUM_PRESENT, "");
        assert_from(&d->benchmark_from, DATUM_PRESENT, "");
        assert_from(&d->profile.from, DATUM_PRESENT, "");
        assert_from(&d->fundamentals.from, DATUM_PRESENT, "");
        assert_from(&d->news.from, DATUM_PRESENT, "");
        assert_string_equal(d->quote.from.source, "fmp");
        assert_string_equal(d->news.from.source, "rss");
        assert_int_equal(d->quote.price, fake_data_close("AAPL", s->last));
        assert_true(d->bars.n >= 700);
        assert_int_equal(d->bars.bar[d->bars.n - 1].day, s->last);
        assert_int_equal(d->bars.bar[d->bars.n - 1].close, d->quote.price);
        assert_int_equal(d->bars.n, d->benchmark_bars.n);
        assert_string_equal(d->benchmark, "SPY");
        assert_string_equal(d->profile.company, "Apple Inc.");
        assert_int_equal(d->fundamentals.n, 5);
        assert_true(d->fundamentals.year[0].filed_at < s->as_of);
        assert_int_equal(d->news.n, 4);
        assert_string_equal(d->news.item[0].id, "n1");
        assert_non_null(strstr(d->news.item[0].title, "beats estimates"));
        assert_true(d->news.item[0].published_at > d->news.item[1].published_at);
        assert_int_equal(fake_market_calls(s->fake, NULL), 8);
    }
    assert_int_equal(fixture_int(s->f, "SELECT used FROM vendor_quota"), 7);
    struct piotroski f;
    piotroski_score(&d->fundamentals.year[0], &d->fundamentals.year[1], false, &f);
    assert_true(f.score.known);
    /* Another symbol shares the benchmark. */
    gather_known(s, "JPM");
    assert_true(d->profile.is_bank);
    assert_int_equal(fixture_int(s->f, "SELECT used FROM vendor_quota"), 13);
}

static void the_benchmark_itself_is_asked_for_once(void **state)
{
    struct scene *s = *state;
    gather_known(s, "SPY");
    assert_int_equal(fake_market_calls(s->fake, "eod"), 1);
    assert_true(s->data.bars.n > 0);
    assert_int_equal(s->data.benchmark_bars.n, s->data.bars.n);
    assert_from(&s->data.fundamentals.from, DATUM_ABSENT, "nothing for SPY");
}

static void a_misspelt_symbol_is_named_and_costs_two_calls(void **state)
{
    struct scene *s = *state;
    gather(s, "AAPLX");
    assert_int_equal(s->error.kind, ERR_USAGE);
    assert_string_equal(s->error.code, "E20");
    assert_non_null(strstr(s->error.text, "\"AAPLX\" is not a known symbol"));
    assert_int_equal(fake_market_calls(s->fake, NULL), 2);
    gather(s, "not a symbol");
    assert_int_equal(s->error.kind, ERR_USAGE);
    assert_int_equal(fake_market_calls(s->fake, NULL), 2);
}

static void a_share_class_is_asked_for_as_fmp_writes_it(void **state)
{
    struct scene *s = *state;
    gather_known(s, "BRK.B");
    assert_string_equal(s->data.symbol, "BRK.B");
    assert_from(&s->data.quote.from, DATUM_PRESENT, "");
    assert_int_equal(s->data.news.n, 4);
}

/* One part fails in one way; all the others stand. */
static void one_failure(struct scene *s, const char *endpoint, enum fake_fault fault,
                        const struct provenance *part, const char *reason)
{
    const struct provenance *const parts[] = {
        &s->data.quote.from, &s->data.bars_from,         &s->data.profile.from,
        &s->data.news.from,  &s->data.fundamentals.from, &s->data.benchmark_from,
    };
    forget(s);
    fake_market_fail(s->fake, NULL, FAKE_FINE, 0);
    fake_market_fail(s->fake, endpoint, fault, -1);
    gather_known(s, "AAPL");
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        /* Bars and their benchmark are one endpoint. */
        bool hit =
            parts[i] == part || (part == &s->data.bars_from && parts[i] == &s->data.benchmark_from);
        assert_from(parts[i], hit ? DATUM_ERROR : DATUM_PRESENT, hit ? reason : "");
    }
}

static void one_part_that_fails_takes_no_other_with_it(void **state)
{
    struct scene *s = *state;
    one_failure(s, "quote", FAKE_RESTRICTED, &s->data.quote.from, "not in the FMP plan");
    one_failure(s, "profile", FAKE_PAGE, &s->data.profile.from, "a web page instead of data");
    one_failure(s, "eod", FAKE_GARBLED, &s->data.bars_from, "cut off or garbled");
    one_failure(s, "rss", FAKE_PAGE, &s->data.news.from, "an HTML page instead of a feed");
    /* A statement that fails leaves the figures of the others. */
    forget(s);
    fake_market_fail(s->fake, NULL, FAKE_FINE, 0);
    fake_market_fail(s->fake, "cash-flow", FAKE_RESTRICTED, -1);
    gather_known(s, "AAPL");
    assert_from(&s->data.fundamentals.from, DATUM_PRESENT, "not in the FMP plan");
    assert_true(s->data.fundamentals.year[0].revenue.known);
    assert_false(s->data.fundamentals.year[0].free_cash_flow.known);
}

static void a_wrong_key_is_said_at_every_part(void **state)
{
    struct scene *s = *state;
    fake_market_fail(s->fake, NULL, FAKE_BAD_KEY, -1);
    gather_known(s, "AAPL");
    assert_from(&s->data.quote.from, DATUM_ERROR, "does not accept the key in FMP_API_KEY");
    assert_from(&s->data.bars_from, DATUM_ERROR, "does not accept the key");
    assert_from(&s->data.fundamentals.from, DATUM_ERROR, "does not accept the key");
    assert_int_equal(s->data.quote.price, 0);
}

static void yesterdays_answers_stand_in_and_say_how_old_they_are(void **state)
{
    struct scene *s = *state;
    gather_known(s, "AAPL");
    fixture_run(s->f, "UPDATE vendor_cache SET fetched_at = fetched_at - interval '30 hours'");
    fake_market_fail(s->fake, NULL, FAKE_DOWN, -1);
    gather_known(s, "AAPL");
    assert_from(&s->data.quote.from, DATUM_STALE, "30 h old; FMP is out of order");
    assert_from(&s->data.profile.from, DATUM_PRESENT, "");
    assert_from(&s->data.fundamentals.from, DATUM_STALE, "30 h old");
    assert_from(&s->data.news.from, DATUM_STALE, "out of order");
    assert_int_equal(s->data.fundamentals.n, 5);
    assert_int_equal(s->data.news.n, 4);
    assert_true(s->data.quote.price > 0);
}

static void a_used_up_day_leaves_what_is_kept(void **state)
{
    struct scene *s = *state;
    gather_known(s, "AAPL");
    fixture_run(s->f, "UPDATE vendor_quota SET used = 250;"
                      "UPDATE vendor_cache SET fetched_at = fetched_at - interval '1 hour'");
    int calls = fake_market_calls(s->fake, NULL);
    gather_known(s, "AAPL");
    assert_from(&s->data.quote.from, DATUM_STALE, "250 of 250 calls used");
    assert_from(&s->data.profile.from, DATUM_PRESENT, "");
    gather_known(s, "MSFT");
    assert_from(&s->data.quote.from, DATUM_ERROR, "250 of 250 calls used, resets 00:00 UTC");
    assert_from(&s->data.news.from, DATUM_PRESENT, "");
    assert_int_equal(fake_market_calls(s->fake, NULL) - calls,
                     fake_market_calls(s->fake, "rss") - 1);
}

static void nothing_from_after_the_decision_gets_in(void **state)
{
    struct scene *s = *state;
    char when[33], feed[2048];
    /* A quote of the future is no quote. */
    fake_market_set_stamp(s->fake, s->as_of / USEC_SECOND + 600);
    gather_known(s, "AAPL");
    assert_from(&s->data.quote.from, DATUM_ERROR, "after the time of the decision");
    assert_int_equal(s->data.quote.price, 0);
    /* At noon the day's own bar is not over. */
    s->as_of = exchange_to_utc(s->last, 12, 0);
    fake_market_set_stamp(s->fake, s->as_of / USEC_SECOND - 5);
    struct buf b = {0};
    buf_str(&b, "<rss><channel>");
    static const int64_t seconds[] = {60, -60, -6 * 86400, -8 * 86400};
    static const char *const names[] = {"later", "just now", "last week", "too old"};
    for (size_t i = 0; i < ARRAY_LEN(seconds); i++)
        buf_printf(&b, "<item><title>%s</title><pubDate>%s</pubDate></item>", names[i],
                   time_print_iso(when, s->as_of + seconds[i] * USEC_SECOND));
    buf_str(&b, "<item><title>undated</title></item></channel></rss>");
    copy_text(feed, sizeof feed, buf_text(&b));
    buf_release(&b);
    fake_market_set_feed(s->fake, feed);
    forget(s);
    gather_known(s, "AAPL");
    assert_from(&s->data.quote.from, DATUM_PRESENT, "");
    assert_int_equal(s->data.bars.bar[s->data.bars.n - 1].day, calendar_previous(s->last));
    assert_int_equal(s->data.news.n, 2);
    assert_string_equal(s->data.news.item[0].title, "just now");
    assert_string_equal(s->data.news.item[1].title, "last week");
    for (size_t i = 0; i < s->data.fundamentals.n; i++)
        assert_true(s->data.fundamentals.year[i].filed_at <= s->as_of);
}

static void an_old_price_says_that_it_is_old(void **state)
{
    struct scene *s = *state;
    s->as_of = exchange_to_utc(calendar_next(s->last), 12, 0);
    gather_known(s, "AAPL");
    assert_from(&s->data.quote.from, DATUM_STALE, "and the exchange is open");
    assert_true(s->data.quote.price > 0);
    forget(s);
    fake_market_set_stamp(s->fake, s->as_of / USEC_SECOND - 20 * 60);
    gather_known(s, "AAPL");
    assert_from(&s->data.quote.from, DATUM_PRESENT, "");
    /* Bars that end three sessions back. */
    forget(s);
    fake_market_set_stamp(s->fake, 0);
    fake_market_set_day(s->fake, calendar_add(s->last, -3));
    s->as_of = calendar_close(s->last) + 3600 * USEC_SECOND;
    gather_known(s, "AAPL");
    assert_from(&s->data.bars_from, DATUM_STALE, "3 sessions back");
    assert_from(&s->data.quote.from, DATUM_STALE, "the price is of ");
}

static void a_split_of_today_does_not_look_like_a_crash(void **state)
{
    struct scene *s = *state;
    gather_known(s, "AAPL");
    int calls = fake_market_calls(s->fake, "eod");
    /* Next morning quotes are on the new basis, and so are bars that are asked for now. */
    fake_market_split(s->fake, 4);
    s->as_of = exchange_to_utc(calendar_next(s->last), 10, 0);
    fake_market_set_stamp(s->fake, s->as_of / USEC_SECOND - 60);
    fixture_run(s->f, "UPDATE vendor_cache SET fetched_at = fetched_at - interval '10 minutes'"
                      " WHERE endpoint = 'quote'");
    gather_known(s, "AAPL");
    assert_from(&s->data.bars_from, DATUM_PRESENT, "");
    assert_int_equal(fake_market_calls(s->fake, "eod"), calls + 1);
    double ratio =
        (double)s->data.quote.previous_close / (double)s->data.bars.bar[s->data.bars.n - 1].close;
    assert_true(ratio > .99 && ratio < 1.01);
}

static void feeds_are_merged_told_once_and_asked_as_they_want(void **state)
{
    struct scene *s = *state;
    char agent[200], feeds[600];
    snprintf(feeds, sizeof feeds,
             "%s %s/rss/two?s={symbol} %s/rss/three?s=AAPL "
             "https://www.sec.gov/x?CIK={symbol} ftp://x/{symbol}",
             s->feeds, fake_market_url(s->fake), fake_market_url(s->fake));
    open_market(s, feeds, NULL);
    gather_known(s, "AAPL");
    assert_int_equal(s->data.news.n, 4); /* both feeds tell the same four stories */
    assert_int_equal(fake_market_calls(s->fake, "rss"), 2);
    assert_from(&s->data.news.from, DATUM_PRESENT,
                "its address has no {symbol}; www.sec.gov: "
                "QUORUM_CONTACT is not set");
    fake_market_agent(s->fake, "rss", agent, sizeof agent);
    assert_non_null(strstr(agent, "quorum"));
    open_market(s, "", NULL);
    gather_known(s, "AAPL");
    assert_from(&s->data.news.from, DATUM_ABSENT, "no feed is set");
}

static void fresh_asks_again_once(void **state)
{
    struct scene *s = *state;
    gather_known(s, "AAPL");
    assert_int_equal(fake_market_calls(s->fake, NULL), 8);
    market_live_fresh(s->market);
    gather_known(s, "AAPL");
    assert_int_equal(fake_market_calls(s->fake, NULL), 16);
    gather_known(s, "AAPL");
    assert_int_equal(fake_market_calls(s->fake, NULL), 16);
}

static void without_a_network_every_part_says_so(void **state)
{
    struct scene *s = *state;
    struct fake_market *gone = fake_market_start(NULL);
    market_free(s->market);
    s->market = market_live_new(&(struct market_live_options){.vendor = s->side.vendor,
                                                              .fmp_base_url = fake_market_url(gone),
                                                              .fmp_key = FAKE_MARKET_KEY,
                                                              .feeds = ""});
    fake_market_stop(gone);
    gather_known(s, "AAPL");
    assert_from(&s->data.quote.from, DATUM_ERROR, "FMP: ");
    assert_from(&s->data.fundamentals.from, DATUM_ERROR, "FMP: ");
    assert_int_equal(fixture_int(s->f, "SELECT used FROM vendor_quota"), 0);
}

static struct quote quote(struct scene *s, const char *symbol, int64_t max_age_s)
{
    struct quote q = {.volume = -1};
    s->ended = false;
    market_quote(s->market, symbol, s->as_of, max_age_s * USEC_SECOND, &q, gathered, s);
    if (!loop_run_until(s->side.loop, has_ended, s, PATIENCE_MS))
        fail_msg("no quote of %s", symbol);
    return q;
}

static void a_look_at_a_price_costs_one_call_and_none_while_it_is_young(void **state)
{
    struct scene *s = *state;
    s->as_of = exchange_to_utc(calendar_next(s->last), 12, 0);
    fake_market_set_stamp(s->fake, s->as_of / USEC_SECOND - 60);
    struct quote q = quote(s, "AAPL", 0);
    assert_int_equal(s->error.kind, OK);
    assert_from(&q.from, DATUM_PRESENT, "");
    assert_true(q.price > 0 && q.low <= q.price && q.price <= q.high);
    assert_int_equal(q.from.as_of, s->as_of - 60 * USEC_SECOND);
    assert_int_equal(fake_market_calls(s->fake, NULL), 1);
    assert_int_equal(quote(s, "AAPL", 0).price, q.price);
    assert_int_equal(fake_market_calls(s->fake, NULL), 1);
    /* Ten minutes later: too old by FMP's own rule, young enough for who polls every hour. */
    fixture_run(s->f, "UPDATE vendor_cache SET fetched_at = fetched_at - interval '10 minutes'");
    quote(s, "AAPL", 3600);
    assert_int_equal(fake_market_calls(s->fake, NULL), 1);
    quote(s, "AAPL", 0);
    assert_int_equal(fake_market_calls(s->fake, NULL), 2);
    /* Old by its own time is old, however lately it was fetched. */
    fake_market_set_stamp(s->fake, s->as_of / USEC_SECOND - 40 * 60);
    forget(s);
    q = quote(s, "AAPL", 0);
    assert_from(&q.from, DATUM_STALE, "and the exchange is open");
    q = quote(s, "AAPL", 3600);
    assert_from(&q.from, DATUM_PRESENT, "");
    struct corporate_action a;
    assert_int_equal(market_actions(s->market, "AAPL", 0, s->last, &a, 1), 0);
}

static void a_look_that_fails_is_a_state_and_no_price(void **state)
{
    struct scene *s = *state;
    struct quote q = quote(s, "AAPLX", 0); /* an empty list */
    assert_int_equal(s->error.kind, OK);
    assert_from(&q.from, DATUM_ABSENT, "");
    assert_int_equal(q.price, 0);
    assert_int_equal(fake_market_calls(s->fake, NULL), 1);
    quote(s, "no symbol", 0);
    assert_string_equal(s->error.code, "E20");
    fake_market_fail(s->fake, "quote", FAKE_RESTRICTED, -1);
    q = quote(s, "AAPL", 0);
    assert_from(&q.from, DATUM_ERROR, "not in the FMP plan");
    assert_int_equal(q.price, 0);
    fixture_run(s->f, "UPDATE vendor_quota SET used = 250");
    q = quote(s, "MSFT", 0);
    assert_from(&q.from, DATUM_ERROR, "250 of 250 calls used");
}

static void a_market_that_is_closed_while_it_quotes_is_gone(void **state)
{
    struct scene *s = *state;
    struct quote q[2];
    fake_market_hold(s->fake, true);
    s->ended = false;
    market_quote(s->market, "AAPL", s->as_of, 0, &q[0], gathered, s);
    market_quote(s->market, "MSFT", s->as_of, 0, &q[1], gathered, s);
    assert_false(loop_run_until(s->side.loop, has_ended, s, 20));
    market_free(s->market);
    s->market = NULL;
    vendor_free(s->side.vendor);
    s->side.vendor = NULL;
    assert_false(s->ended);
}

static void a_market_that_is_closed_while_it_gathers_is_gone(void **state)
{
    struct scene *s = *state;
    fake_market_hold(s->fake, true);
    s->ended = false;
    market_gather(s->market, "AAPL", s->as_of, &s->data, gathered, s);
    assert_false(loop_run_until(s->side.loop, has_ended, s, 20));
    market_free(s->market);
    s->market = NULL;
    vendor_free(s->side.vendor);
    s->side.vendor = NULL;
    assert_false(s->ended);
}

static void a_vendor_that_is_closed_ends_the_gather(void **state)
{
    struct scene *s = *state;
    s->ended = false;
    market_gather(s->market, "AAPL", s->as_of, &s->data, gathered, s);
    vendor_free(s->side.vendor);
    s->side.vendor = NULL;
    assert_true(s->ended);
    assert_from(&s->data.quote.from, DATUM_ERROR, "closing");
    assert_from(&s->data.bars_from, DATUM_ERROR, "closing");
}

static void recorded_answers_of_aapl_are_understood(void **state)
{
    struct scene *s = *state;
    const char *dir = getenv("QUORUM_REFERENCE_DATA");
    if (!dir)
        skip();
    struct fake_market *fake = fake_market_start(dir);
    int32_t day = day_from_civil(2025, 9, 22);
    fake_market_set_day(fake, day);
    s->as_of = calendar_close(day) + 3600 * USEC_SECOND;
    market_free(s->market);
    s->market = market_live_new(&(struct market_live_options){.vendor = s->side.vendor,
                                                              .fmp_base_url = fake_market_url(fake),
                                                              .fmp_key = FAKE_MARKET_KEY,
                                                              .feeds = ""});
    gather_known(s, "AAPL");
    fake_market_stop(fake);
    assert_from(&s->data.quote.from, DATUM_PRESENT, "");
    assert_int_equal(s->data.quote.price, 2560800);
    assert_from(&s->data.fundamentals.from, DATUM_PRESENT, "");
    assert_int_equal(s->data.fundamentals.n, 1);
    assert_int_equal(s->data.fundamentals.year[0].fiscal_year, 2024);
    assert_string_equal(s->data.profile.industry, "Consumer Electronics");
}

#define SCENE(name) cmocka_unit_test_setup_teardown(name, scene_start, scene_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(a_symbol_comes_with_everything_and_the_second_time_without_a_call),
        SCENE(the_benchmark_itself_is_asked_for_once),
        SCENE(a_misspelt_symbol_is_named_and_costs_two_calls),
        SCENE(a_share_class_is_asked_for_as_fmp_writes_it),
        SCENE(one_part_that_fails_takes_no_other_with_it),
        SCENE(a_wrong_key_is_said_at_every_part),
        SCENE(yesterdays_answers_stand_in_and_say_how_old_they_are),
        SCENE(a_used_up_day_leaves_what_is_kept),
        SCENE(nothing_from_after_the_decision_gets_in),
        SCENE(an_old_price_says_that_it_is_old),
        SCENE(a_split_of_today_does_not_look_like_a_crash),
        SCENE(feeds_are_merged_told_once_and_asked_as_they_want),
        SCENE(fresh_asks_again_once),
        SCENE(without_a_network_every_part_says_so),
        SCENE(a_look_at_a_price_costs_one_call_and_none_while_it_is_young),
        SCENE(a_look_that_fails_is_a_state_and_no_price),
        SCENE(a_market_that_is_closed_while_it_quotes_is_gone),
        SCENE(a_market_that_is_closed_while_it_gathers_is_gone),
        SCENE(a_vendor_that_is_closed_ends_the_gather),
        SCENE(recorded_answers_of_aapl_are_understood),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
