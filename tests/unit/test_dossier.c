/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <json-c/json.h>

#include "agent_fixtures.h"
#include "quorum/evaluation.h"
#include "quorum/text.h"

static const char *const symbols[] = {"AAPL", "MSFT", "NVDA", "AMZN", "GOOGL",
                                      "META", "JPM",  "XOM",  "JNJ"};

static void gathered(void *arg, const struct error *e)
{
    if (e && e->kind)
        fail_msg("%s", e->text);
    *(bool *)arg = true;
}

/* What an evaluation on the demo desk would rest on. */
static struct dossier *simulated(uint64_t seed, const char *symbol, int64_t as_of)
{
    struct dossier *d = mem_alloc(sizeof *d);
    struct market *m = market_simulated_new(seed);
    bool done = false;
    market_gather(m, symbol, as_of, &d->market, gathered, &done);
    assert_true(done);
    dossier_build(d, agent_table, NULL, 0);
    market_free(m);
    return d;
}

static struct dossier *given_figures(void)
{
    struct dossier *d = mem_alloc(sizeof *d);
    struct market *m = market_simulated_new(42);
    struct indicators given;
    struct error e;
    bool done = false;
    assert_int_equal(
        indicators_parse("sma_20=172.30,sma_50=168.45,sma_200=165.20,atr=3.25,adx=28.5,"
                         "rsi=58.2,volume_ratio=1.2,beta=1.15",
                         &given, &e),
        OK);
    market_gather(m, "AAPL", NOW, &d->market, gathered, &done);
    dossier_build(d, agent_table, &given, 1755000);
    market_free(m);
    return d;
}

static struct buf written(const struct dossier *d)
{
    struct buf b = {0};
    dossier_write(d, &b);
    assert_false(b.overflow);
    return b;
}

static struct dossier *reread(const struct buf *json)
{
    struct dossier *d = mem_alloc(sizeof *d);
    struct error e = {0};
    if (dossier_read(d, json->data, json->len, &e))
        fail_msg("%s", e.text);
    return d;
}

static void expect_same_bytes(const struct dossier *d)
{
    struct buf first = written(d);
    struct dossier *again = reread(&first);
    struct buf second = written(again);
    size_t i = 0;
    while (i < first.len && i < second.len && first.data[i] == second.data[i])
        i++;
    if (i < first.len || i < second.len)
        fail_msg("differs at byte %zu:\n%.80s\n%.80s", i, first.data + (i > 30 ? i - 30 : 0),
                 second.data + (i > 30 ? i - 30 : 0));
    buf_release(&first);
    buf_release(&second);
    free_dossier(again);
}

static void a_stored_dossier_is_written_again_to_the_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(symbols); i++) {
        struct dossier *d = simulated(7 + i, symbols[i], NOW - (int64_t)i * 40 * USEC_DAY);
        assert_true(d->nfacts > 60);
        assert_true(d->market.bars.n >= 300);
        expect_same_bytes(d);
        free_dossier(d);
    }
    struct dossier *d = given_figures();
    expect_same_bytes(d);
    free_dossier(d);
    d = mem_alloc(sizeof *d); /* and one of which nothing is known */
    expect_same_bytes(d);
    free_dossier(d);
}

static void a_stored_dossier_says_how_many_bars_it_rests_on(void **state)
{
    (void)state;
    struct dossier *d = simulated(1, "AAPL", NOW);
    struct buf json = written(d);
    struct json_object *root = json_tokener_parse(json.data), *bars, *v;
    char day[11];
    assert_true(json_object_object_get_ex(root, "bars", &bars));
    assert_true(json_object_object_get_ex(bars, "count", &v));
    assert_int_equal(json_object_get_int64(v), d->market.bars.n);
    assert_true(json_object_object_get_ex(bars, "first", &v));
    assert_string_equal(json_object_get_string(v), day_print(day, d->market.bars.bar[0].day));
    assert_true(json_object_object_get_ex(bars, "last", &v));
    assert_string_equal(json_object_get_string(v),
                        day_print(day, d->market.bars.bar[d->market.bars.n - 1].day));
    json_object_put(root);
    buf_release(&json);
    free_dossier(d);
}

static void expect_same_vote(const struct agent *a, const struct vote *x, const struct vote *y)
{
    if (x->state != y->state || x->confidence != y->confidence ||
        strcmp(x->reason, y->reason) != 0 || strcmp(x->answer, y->answer) != 0)
        fail_msg("%s: %s %.17g %s \"%s\", re-read %s %.17g %s \"%s\"", a->name,
                 vote_state_name(x->state), x->confidence, x->answer, x->reason,
                 vote_state_name(y->state), y->confidence, y->answer, y->reason);
    assert_int_equal(x->score.known, y->score.known);
    if (x->score.known && x->score.v != y->score.v)
        fail_msg("%s: score %.17g, re-read %.17g", a->name, x->score.v, y->score.v);
    assert_int_equal(x->nevidence, y->nevidence);
    for (size_t i = 0; i < x->nevidence; i++) {
        assert_string_equal(x->evidence[i].fact_id, y->evidence[i].fact_id);
        assert_int_equal(x->evidence[i].has_value, y->evidence[i].has_value);
        assert_int_equal(x->evidence[i].wrong, y->evidence[i].wrong);
        if (x->evidence[i].has_value)
            near_to(y->evidence[i].value, x->evidence[i].value, 0);
    }
}

static struct vote ask(const struct agent *a, struct dossier *d)
{
    static const struct risk_view view = {.shares = 28,
                                          .price = 1755000,
                                          .position_pct = 4.914,
                                          .stop_pct = 3.2,
                                          .target_pct = 8.5,
                                          .risk_pct = .157,
                                          .binding = "position cap"};
    const struct risk_view *risk = a->role == AGENT_VETO ? &view : NULL;
    struct vote v = {0};
    if (risk && a->add_facts)
        a->add_facts(d, risk);
    a->baseline(d, risk, &v);
    evidence_check(d, &v);
    return v;
}

/* How often voters said each state: the comparison below compares something. */
static int said[5];

static void compare_votes(struct dossier *d)
{
    struct buf json = written(d);
    struct dossier *again = reread(&json);
    for (const struct agent *const *a = agent_table; *a; a++) {
        if (!(*a)->baseline)
            continue;
        struct vote before = ask(*a, d), after = ask(*a, again);
        expect_same_vote(*a, &before, &after);
        for (size_t i = 0; i < before.nevidence; i++)
            if (before.evidence[i].wrong) /* a baseline cites what the dossier says */
                fail_msg("%s cites %s = %.17g", (*a)->name, before.evidence[i].fact_id,
                         before.evidence[i].value);
        if ((*a)->role == AGENT_VOTER)
            said[before.state]++;
    }
    buf_release(&json);
    free_dossier(again);
}

static void a_replayed_vote_is_the_vote_that_was_cast(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct dossier *d = simulated(seed, symbols[seed % ARRAY_LEN(symbols)],
                                      NOW - (int64_t)(seed * 3 % 500) * USEC_DAY);
        compare_votes(d);
        free_dossier(d);
    }
    struct dossier *d = given_figures();
    compare_votes(d);
    free_dossier(d);
    assert_true(said[VOTE_BUY] > 20);
    assert_true(said[VOTE_SELL] > 5);
    assert_true(said[VOTE_HOLD] > 50);
}

/* Whatever was read: it can be used, written and released. */
static void use(const char *json, size_t len)
{
    struct dossier *d = mem_alloc(sizeof *d);
    struct error e = {0};
    /* An exact copy: reading one byte too far is seen. */
    char *exact = mem_alloc(len);
    memcpy(exact, json, len);
    enum err rc = dossier_read(d, exact, len, &e);
    mem_free(exact);
    if (rc == OK) {
        struct buf again = written(d);
        assert_true(text_is_utf8(again.data, again.len));
        for (const struct agent *const *a = agent_table; *a; a++)
            if ((*a)->baseline) {
                struct vote v = ask(*a, d);
                assert_true(v.confidence >= 0 && v.confidence <= 100);
                assert_true(text_is_utf8(v.reason, strlen(v.reason)));
            }
        buf_release(&again);
    } else {
        assert_int_equal(rc, ERR_FAILED);
        assert_non_null(strstr(e.text, "dossier"));
    }
    free_dossier(d);
}

static void expect_refused(const char *json, size_t len)
{
    struct dossier *d = mem_alloc(sizeof *d);
    struct error e = {0};
    assert_int_equal(dossier_read(d, json, len, &e), ERR_FAILED);
    free_dossier(d);
}

static void what_is_no_dossier_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "null",
        "[]",
        "\"text\"",
        "{",
        "{}",
        "{\"format\":2}",
        "12",
        "{\"format\":\"1\"}",
        "{\"format\":1",
        "\xff\xfe",
        " ",
        "{\"format\":1.5}",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        expect_refused(texts[i], strlen(texts[i]));
    expect_refused("{\"format\":1}", SIZE_MAX / 2); /* a length nobody has */
}

static void a_truncated_dossier_is_refused_at_every_length(void **state)
{
    (void)state;
    struct dossier *d = simulated(3, "MSFT", NOW);
    struct buf json = written(d);
    for (size_t len = 0; len < json.len; len += len < 200 ? 1 : 97)
        expect_refused(json.data, len);
    buf_release(&json);
    free_dossier(d);
}

static uint64_t next_random(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static void garbage_in_a_dossier_never_crashes_the_desk(void **state)
{
    uint64_t random = 20240628;
    (void)state;
    struct dossier *d = simulated(5, "NVDA", NOW);
    struct buf json = written(d);
    char *copy = mem_alloc(json.len);
    for (int i = 0; i < 400; i++) {
        memcpy(copy, json.data, json.len);
        for (int k = 0; k < 1 + i % 8; k++)
            copy[next_random(&random) % json.len] =
                i % 2 ? (char)next_random(&random) : "{}[]\",:0-e."[next_random(&random) % 11];
        use(copy, json.len);
    }
    mem_free(copy);
    buf_release(&json);
    free_dossier(d);
}

static const char *const hostile[] = {
    "null",
    "true",
    "-1",
    "1e308",
    "-1e308",
    "1e999",
    "9223372036854775807",
    "99999999999999999999999999",
    "\"\"",
    "\"\\u0000x\"",
    "\"\\u001b[2J\\u202e\\ud800\"",
    "[]",
    "{}",
    "[[[]]]",
    "[null,1,\"x\",{},[]]",
    "2147483647",
    "-2147483648",
    "\"BULL\"",
    "\"PRESENT\"",
    "\"9999-12-31T23:59:59Z\"",
    "0.0",
};

/* Every value of the tree in turn becomes each of the hostile ones. */
static void replace_each(struct json_object *root, struct json_object *o)
{
    if (json_object_is_type(o, json_type_array)) {
        size_t n = json_object_array_length(o);
        for (size_t i = 0; i < n && i < 3; i++)
            replace_each(root, json_object_array_get_idx(o, i));
        return;
    }
    if (!json_object_is_type(o, json_type_object))
        return;
    struct json_object_iterator it = json_object_iter_begin(o), end = json_object_iter_end(o);
    char *key[256];
    size_t n = 0;
    for (; !json_object_iter_equal(&it, &end) && n < 256; json_object_iter_next(&it))
        key[n++] = mem_text(json_object_iter_peek_name(&it));
    for (size_t i = 0; i < n; i++) {
        struct json_object *kept = NULL;
        json_object_object_get_ex(o, key[i], &kept);
        json_object_get(kept);
        for (size_t h = 0; h < ARRAY_LEN(hostile); h++) {
            json_object_object_add(o, key[i], json_tokener_parse(hostile[h]));
            const char *text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN);
            use(text, strlen(text));
        }
        json_object_object_add(o, key[i], kept);
        replace_each(root, kept);
        mem_free(key[i]);
    }
}

static void no_value_in_a_dossier_can_do_harm(void **state)
{
    (void)state;
    struct dossier *d = simulated(9, "JPM", NOW);
    d->nfacts = 4; /* they are all of one form */
    struct buf json = written(d);
    struct json_object *root = json_tokener_parse(json.data);
    replace_each(root, root);
    json_object_put(root);
    buf_release(&json);
    free_dossier(d);
}

static void too_much_of_everything_is_cut_off(void **state)
{
    struct buf b = {0};
    (void)state;
    buf_str(&b,
            "{\"format\":1,\"symbol\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"facts\":[");
    for (int i = 0; i < 1000; i++)
        buf_printf(&b, "%s{\"id\":\"f%d\",\"value\":%d,\"decimals\":2147483647}", i ? "," : "", i,
                   i);
    buf_str(&b, "],\"news\":{\"items\":[");
    for (int i = 0; i < 1000; i++)
        buf_printf(&b, "%s{\"id\":\"n%d\",\"title\":\"%0300d\"}", i ? "," : "", i, i);
    buf_str(&b, "]},\"fundamentals\":{\"years\":[");
    for (int i = 0; i < 100; i++)
        buf_printf(&b, "%s{\"fiscal_year\":%d}", i ? "," : "", i);
    buf_str(&b, "]}}");
    struct dossier *d = reread(&b);
    assert_int_equal(d->nfacts, FACTS_MAX);
    assert_int_equal(d->market.news.n, NEWS_ITEMS_MAX);
    assert_int_equal(d->market.fundamentals.n, STATEMENT_YEARS_MAX);
    assert_true(strlen(d->symbol) < sizeof d->symbol);
    for (size_t i = 0; i < d->nfacts; i++) /* printed with %.*f */
        assert_in_range(d->fact[i].decimals, 0, 9);
    free_dossier(d);
    use(b.data, b.len);
    buf_clear(&b);
    for (int i = 0; i < 100000; i++)
        buf_str(&b, "{\"a\":[");
    expect_refused(b.data, b.len);
    buf_release(&b);
}

static void text_of_strangers_is_cleaned_when_it_is_read(void **state)
{
    static const char json[] =
        "{\"format\":1,\"symbol\":\"A\\u001b[2JB\",\"profile\":{\"company\":\"x\\ny\"},"
        "\"news\":{\"items\":[{\"id\":\"n1\",\"title\":\"\\u202eolleh\\u0007\",\"summary\":\"\"}]},"
        "\"facts\":[{\"id\":\"a\\tb\",\"text\":\"\\u009b31m\"}]}";
    (void)state;
    struct dossier *d = mem_alloc(sizeof *d);
    struct error e;
    assert_int_equal(dossier_read(d, json, sizeof json - 1, &e), OK);
    const char *const text[] = {d->symbol, d->market.profile.company, d->market.news.item[0].title,
                                d->fact[0].id, d->fact[0].text};
    for (size_t i = 0; i < ARRAY_LEN(text); i++) {
        for (const char *p = text[i]; *p; p++)
            assert_true((unsigned char)*p >= 0x20);
        assert_null(strstr(text[i], "\xe2\x80\xae"));
        assert_null(strstr(text[i], "\xc2\x9b"));
    }
    assert_non_null(d->market.news.item[0].outlet); /* absent text is empty, not a hole */
    free_dossier(d);
}

static void a_full_dossier_takes_no_more_facts(void **state)
{
    struct provenance from = {.state = DATUM_PRESENT};
    (void)state;
    struct dossier *d = mem_alloc(sizeof *d);
    for (int i = 0; i < FACTS_MAX; i++) {
        char id[24];
        snprintf(id, sizeof id, "f%d", i);
        assert_non_null(dossier_add(d, id, &from));
    }
    assert_null(dossier_add(d, "more", &from));
    assert_ptr_equal(dossier_fact(d, "f7"), &d->fact[7]);
    assert_null(dossier_fact(d, "more"));
    assert_null(dossier_fact(d, ""));
    free_dossier(d);
}

static void with_given_figures_nothing_else_technical_is_known(void **state)
{
    (void)state;
    struct dossier *d = given_figures();
    assert_true(d->indicators_given);
    assert_int_equal(d->price, 1755000);
    assert_int_equal(d->regime.label, REGIME_BULL);
    assert_true(d->regime.single);
    near_to(d->regime.confidence, 96, .5);
    assert_false(d->indicators.vol_60.known);
    const struct fact *f = dossier_fact(d, "vol_60");
    assert_non_null(f);
    assert_int_equal(f->from.state, DATUM_ABSENT);
    assert_string_equal(f->from.reason, "not given");
    f = dossier_fact(d, "atr");
    assert_int_equal(f->from.state, DATUM_PRESENT);
    assert_string_equal(f->from.source, "given");
    near_to(f->number.v, 3.25, 0);
    free_dossier(d);
}

/* During a session the quote is not the last close: what is judged is what the fact says. */
static void the_price_fact_is_the_price_that_is_judged(void **state)
{
    static const struct {
        const char *given;
        int64_t given_price, price;
        const char *source;
    } rows[] = {
        {NULL, 1000000, 1000000, "given"},
        {"atr=3,price=99.5", 0, 995000, "given"},
        {"atr=3,price=99.5", 1000000, 1000000, "given"},
        {"atr=3", 0, 0, "given"},
        {NULL, 0, 0, "simulated"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct dossier *d = mem_alloc(sizeof *d);
        struct market *m = market_simulated_new(4);
        struct indicators given;
        struct error e;
        bool done = false;
        /* A winter's 20:00 UTC is 15:00 in New York. */
        market_gather(m, "MSFT",
                      (int64_t)day_from_civil(2024, 1, 17) * USEC_DAY + 20 * 3600 * USEC_SECOND,
                      &d->market, gathered, &done);
        if (rows[i].given)
            assert_int_equal(indicators_parse(rows[i].given, &given, &e), OK);
        int64_t quote = d->market.quote.price;
        assert_true(quote > 0);
        dossier_build(d, agent_table, rows[i].given ? &given : NULL, rows[i].given_price);
        assert_int_equal(d->price, rows[i].price ? rows[i].price : quote);
        const struct fact *f = dossier_fact(d, "price");
        near_to(f->number.v, (double)d->price / 1e4, 1e-9);
        assert_string_equal(f->from.source, rows[i].source);
        market_free(m);
        free_dossier(d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stored_dossier_is_written_again_to_the_byte),
        cmocka_unit_test(a_stored_dossier_says_how_many_bars_it_rests_on),
        cmocka_unit_test(a_replayed_vote_is_the_vote_that_was_cast),
        cmocka_unit_test(what_is_no_dossier_is_refused),
        cmocka_unit_test(a_truncated_dossier_is_refused_at_every_length),
        cmocka_unit_test(garbage_in_a_dossier_never_crashes_the_desk),
        cmocka_unit_test(no_value_in_a_dossier_can_do_harm),
        cmocka_unit_test(too_much_of_everything_is_cut_off),
        cmocka_unit_test(text_of_strangers_is_cleaned_when_it_is_read),
        cmocka_unit_test(a_full_dossier_takes_no_more_facts),
        cmocka_unit_test(with_given_figures_nothing_else_technical_is_known),
        cmocka_unit_test(the_price_fact_is_the_price_that_is_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
