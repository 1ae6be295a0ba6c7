/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/market/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/market/sim_headlines.h"
#include "quorum/calendar.h"

enum { DAYS_BACK = 7, RAW_MAX = 160, PER_DAY_MAX = 4 };

struct raw {
    int64_t at;
    int order; /* breaks ties, so that sorting is the same everywhere */
    char title[224], summary[160];
    const char *outlet;
};

/* What templates may speak of. */
struct words {
    char company[64], percent[16], more[48], less[48], target[24], lower[24], quarter[20];
    char eps[48], estimate[48], year[12], count[32];
    const char *ticker, *area, *broker;
};

struct desk_of_news {
    struct sim *sim;
    const struct sim_company *company;
    const struct sim_series *series;
    int64_t as_of;
    struct raw raw[RAW_MAX];
    int n, drawn;
};

static const char *pick(struct sim_draw *d, enum headline_kind kind)
{
    const struct headline_list *list = &headline_lists[kind];

    return list->text[sim_below(d, (int)list->n)];
}

static const char *word_for(const struct words *w, char letter)
{
    switch (letter) {
    case 'c':
        return w->company;
    case 'k':
        return w->ticker;
    case 'a':
        return w->area;
    case 'p':
        return w->percent;
    case 'm':
        return w->more;
    case 'l':
        return w->less;
    case 'b':
        return w->broker;
    case 't':
        return w->target;
    case 'o':
        return w->lower;
    case 'q':
        return w->quarter;
    case 'y':
        return w->year;
    case 'n':
        return w->count;
    case 'e':
        return w->eps;
    case 'x':
        return w->estimate;
    default:
        return "";
    }
}

static void expand(char *dst, size_t size, const char *template, const struct words *w)
{
    struct buf b = {0};

    for (const char *p = template; *p != '\0'; p++) {
        if (p[0] == '{' && p[1] != '\0' && p[2] == '}') {
            buf_str(&b, word_for(w, p[1]));
            p += 2;
        } else {
            buf_char(&b, *p);
        }
    }
    copy_text(dst, size, buf_text(&b));
    buf_release(&b);
}

static void money_words(char *dst, size_t size, int64_t dollars)
{
    if (dollars >= 1000000000)
        snprintf(dst, size, "$%lld.%lld billion", (long long)(dollars / 1000000000),
                 (long long)(dollars / 100000000 % 10));
    else
        snprintf(dst, size, "$%lld million",
                 (long long)(dollars < 1000000 ? 1 : dollars / 1000000));
}

static void cents_words(char *dst, size_t size, int64_t cents)
{
    int64_t c = cents < 0 ? -cents : cents;

    snprintf(dst, size, "%s$%lld.%02lld", cents < 0 ? "a loss of " : "", (long long)(c / 100),
             (long long)(c % 100));
}

/* Tenths of a percent: "7%", "6.4%". */
static void percent_words(char *dst, size_t size, int64_t tenths)
{
    if (tenths % 10 == 0)
        snprintf(dst, size, "%d%%", (int)(tenths / 10 % 10000));
    else
        snprintf(dst, size, "%d.%d%%", (int)(tenths / 10 % 10000), (int)(tenths % 10));
}

static const char *const quarters[] = {"first-quarter", "second-quarter", "third-quarter",
                                       "fourth-quarter"};

static void words_draw(struct words *w, const struct sim_company *c, int32_t day, int64_t price,
                       struct sim_draw *d)
{
    struct sim_quarter q = sim_quarter_of(c, day);
    int64_t dollars = price / 10000 + 1, base = c->revenue / 1000;
    int64_t more = base * (10 + sim_below(d, 60)), tenths = 20 + sim_below(d, 160);
    int thousands;

    w->ticker = c->symbol;
    w->area = c->area;
    w->broker = pick(d, HEADLINE_BROKER);
    if (sim_chance(d, FX_PERCENT(40)))
        snprintf(w->company, sizeof(w->company), "%s (%s)", c->brief, c->symbol);
    else
        copy_text(w->company, sizeof(w->company), c->brief);
    percent_words(w->percent, sizeof(w->percent), sim_below(d, 2) ? tenths : tenths / 10 * 10);
    money_words(w->more, sizeof(w->more), more);
    money_words(w->less, sizeof(w->less), more / 100 * (62 + sim_below(d, 30)));
    snprintf(w->target, sizeof(w->target), "%lld",
             (long long)(dollars + dollars * (8 + sim_below(d, 18)) / 100 + 1));
    snprintf(w->lower, sizeof(w->lower), "%lld",
             (long long)(dollars - dollars * (2 + sim_below(d, 12)) / 100));
    snprintf(w->quarter, sizeof(w->quarter), "%s", quarters[q.number - 1]);
    snprintf(w->year, sizeof(w->year), "%d", q.fiscal_year);
    thousands = 1 + sim_below(d, 9); /* one draw a statement: C orders no arguments */
    snprintf(w->count, sizeof(w->count), "%d,%d00", thousands, sim_below(d, 10));
}

static struct raw *raw_add(struct desk_of_news *n, int64_t at)
{
    struct raw *r;

    n->drawn++;
    if (at > n->as_of || at <= n->as_of - DAYS_BACK * USEC_DAY || n->n == RAW_MAX)
        return NULL;
    r = &n->raw[n->n++];
    *r = (struct raw){.at = at, .order = n->drawn};
    return r;
}

static int summary_kind(enum headline_kind kind)
{
    switch (kind) {
    case HEADLINE_GOOD:
    case HEADLINE_BEAT:
        return HEADLINE_MORE_GOOD;
    case HEADLINE_BAD:
    case HEADLINE_MISS:
        return HEADLINE_MORE_BAD;
    case HEADLINE_PLAIN:
        return HEADLINE_MORE_PLAIN;
    default:
        return -1;
    }
}

/* One story, and now and then the same one picked up by another outlet under its name. Every draw
 * is made whether or not as_of lets the story in: an earlier as_of sees the same stories. */
static void publish(struct desk_of_news *n, enum headline_kind kind, int64_t at,
                    const struct words *w, struct sim_draw *d)
{
    const char *template = pick(d, kind), *outlet = pick(d, HEADLINE_OUTLET);
    int more = summary_kind(kind);
    const char *summary =
        more >= 0 && sim_chance(d, FX_PERCENT(55)) ? pick(d, (enum headline_kind)more) : "";
    bool copied = sim_chance(d, FX_PERCENT(15));
    int64_t later = at + (10 + sim_below(d, 85)) * 60 * USEC_SECOND;
    const char *copier = pick(d, HEADLINE_OUTLET);
    struct raw *r = raw_add(n, at);

    if (r != NULL) {
        expand(r->title, sizeof(r->title), template, w);
        expand(r->summary, sizeof(r->summary), summary, w);
        r->outlet = outlet;
    }
    if (!copied || copier == outlet)
        return;
    r = raw_add(n, later);
    if (r == NULL)
        return;
    expand(r->title, sizeof(r->title), template, w);
    snprintf(r->title + strlen(r->title), sizeof(r->title) - strlen(r->title), " - %s", copier);
    r->outlet = copier;
}

/* Before the open, during the session, or in the evening. */
static int64_t story_time(struct sim_draw *d, int32_t day)
{
    int part = sim_below(d, 100), minute;

    if (part < 30)
        minute = 7 * 60 + sim_below(d, 150);
    else if (part < 75)
        minute = 9 * 60 + 30 + sim_below(d, 390);
    else
        minute = 16 * 60 + sim_below(d, 240);
    return exchange_to_utc(day, minute / 60, minute % 60) + sim_below(d, 60) * USEC_SECOND;
}

/* The two truths as a newsroom sees them: blurred. */
static enum headline_kind tone(const struct desk_of_news *n, const struct sim_weekday *w,
                               struct sim_draw *d)
{
    int quarter = sim_quarter_of(n->company, w->bar.day).index;
    fx slow = quarter < SIM_QUARTERS ? n->series->quality[quarter] : 0;
    fx seen = fx_mul(FX_PERCENT(60), w->mood) + fx_mul(FX_PERCENT(30), slow) +
              fx_mul(FX_PERCENT(65), sim_normal(d));

    return seen > FX_PERCENT(42)    ? HEADLINE_GOOD
           : seen < -FX_PERCENT(42) ? HEADLINE_BAD
                                    : HEADLINE_PLAIN;
}

static void publish_result(struct desk_of_news *n, const struct sim_result *r, int64_t price)
{
    struct sim_draw d =
        sim_draw_begin(n->sim->seed, STREAM_NEWS, n->company->hash, -r->quarter.index - 1);
    int64_t eps = sim_quarter_eps(n->sim, n->company, n->series->quality, &r->quarter);
    int64_t off = fx_scale(eps < 0 ? -eps : eps, fx_mul(FX_PERCENT(5), r->surprise));
    enum headline_kind kind = r->surprise > FX_PERCENT(35)    ? HEADLINE_BEAT
                              : r->surprise < -FX_PERCENT(35) ? HEADLINE_MISS
                                                              : HEADLINE_IN_LINE;
    struct words w;

    if (off == 0)
        off = r->surprise < 0 ? -1 : 1;
    words_draw(&w, n->company, r->news_day, price, &d);
    copy_text(w.quarter, sizeof(w.quarter), quarters[r->quarter.number - 1]);
    cents_words(w.eps, sizeof(w.eps), eps);
    cents_words(w.estimate, sizeof(w.estimate), eps - off);
    publish(n, kind, r->published_at, &w, &d);
    publish(n, kind, r->published_at + (12 + sim_below(&d, 30)) * 60 * USEC_SECOND, &w, &d);
}

/* Tenths of a percent from close to close, rounded. */
static int64_t move_of(const struct bars *bars, size_t i)
{
    int64_t before = bars->bar[i - 1].close, change = (bars->bar[i].close - before) * 1000;
    int64_t half = before / 2;

    return (change + (change < 0 ? -half : half)) / before;
}

static void publish_move(struct desk_of_news *n, int32_t day, int64_t tenths,
                         enum headline_kind kind, struct words *w, struct sim_draw *d)
{
    percent_words(w->percent, sizeof(w->percent), tenths < 0 ? -tenths : tenths);
    publish(n, kind, calendar_close(day) + (4 + sim_below(d, 80)) * 60 * USEC_SECOND, w, d);
}

/* 0 to 4 stories of one session; results and large moves take their place among them. */
static void company_day(struct desk_of_news *n, size_t bar)
{
    static const int share[] = {4, 14, 26, 30, 26}; /* percent of days with 0..4 */
    int32_t day = n->series->bars.bar[bar].day;
    const struct sim_weekday *today = &n->series->day[sim_index(day)];
    struct sim_draw d = sim_draw_begin(n->sim->seed, STREAM_NEWS, n->company->hash, day);
    int64_t yesterday = n->series->bars.bar[bar - 1].close, move = move_of(&n->series->bars, bar);
    int count = 0, taken = 0, left = sim_below(&d, 100);
    fx large = fx_mul(n->series->daily, FX_PERCENT(190));
    struct sim_result r;
    struct words w;

    while (left >= share[count])
        left -= share[count++];
    if ((sim_result_on(n->sim, n->company, n->series->quality, day, &r) && r.news_day == day) ||
        (sim_result_on(n->sim, n->company, n->series->quality, day + 1, &r) && r.news_day == day)) {
        publish_result(n, &r, yesterday);
        taken += 2;
    }
    if (FX_RATIO(move < 0 ? -move : move, 1000) > large) {
        words_draw(&w, n->company, day, yesterday, &d);
        publish_move(n, day, move, move < 0 ? HEADLINE_DOWN : HEADLINE_UP, &w, &d);
        taken++;
    }
    if (count > PER_DAY_MAX - taken)
        count = PER_DAY_MAX - taken;
    for (int i = 0; i < count; i++) {
        struct sim_draw own = sim_draw_begin(d.key, STREAM_NEWS, (uint64_t)i, day);
        enum headline_kind kind = tone(n, today, &own);

        words_draw(&w, n->company, day, yesterday, &own);
        publish(n, kind, story_time(&own, day), &w, &own);
    }
}

/* What every symbol's feed may carry: one story before the open, one after the close. A company's
 * feed picks up about half of them, the benchmark's all. */
static void wide_day(struct desk_of_news *n, const struct bars *market, size_t bar)
{
    int32_t day = market->bar[bar].day;
    struct sim_draw morning = sim_draw_begin(n->sim->seed, STREAM_WIDE_NEWS, 0, day);
    struct sim_draw evening = sim_draw_begin(n->sim->seed, STREAM_WIDE_NEWS, 1, day);
    struct sim_draw choice = sim_draw_begin(n->sim->seed, STREAM_WIDE_PICK, n->company->hash, day);
    fx picked = n->company->is_fund ? FX_ONE : FX_PERCENT(45);
    int64_t move = move_of(market, bar), before = market->bar[bar - 1].close;
    int64_t at = exchange_to_utc(day, 7, sim_below(&morning, 60));
    struct words w;

    words_draw(&w, &n->sim->company[0], day, before, &morning);
    if (sim_chance(&choice, picked))
        publish(n, HEADLINE_WIDE_PLAIN, at, &w, &morning);
    if (!sim_chance(&choice, picked) || (move < 5 && move > -5))
        return;
    words_draw(&w, &n->sim->company[0], day, before, &evening);
    publish_move(n, day, move, move < 0 ? HEADLINE_WIDE_DOWN : HEADLINE_WIDE_UP, &w, &evening);
}

static int newest_first(const void *a, const void *b)
{
    const struct raw *x = a, *y = b;

    if (x->at != y->at)
        return x->at > y->at ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static void give(struct desk_of_news *n, struct news *out, struct arena *arena)
{
    qsort(n->raw, (size_t)n->n, sizeof(n->raw[0]), newest_first);
    out->n = n->n > NEWS_ITEMS_MAX ? NEWS_ITEMS_MAX : (size_t)n->n;
    for (size_t i = 0; i < out->n; i++) {
        struct news_item *item = &out->item[i];

        snprintf(item->id, sizeof(item->id), "n%d", (int)i + 1);
        item->title = arena_text(arena, n->raw[i].title);
        item->summary = arena_text(arena, n->raw[i].summary);
        item->outlet = arena_text(arena, n->raw[i].outlet);
        item->published_at = n->raw[i].at;
    }
}

/* The newsroom of a week. Bars of days after as_of may exist; their stories are later than it. */
static void collect(struct desk_of_news *n)
{
    int32_t today = exchange_day(n->as_of);
    const struct bars *own = &n->series->bars, *market = &n->sim->series[0]->bars;
    size_t bar;

    for (bar = n->company->is_fund ? 0 : bars_until(own, today); bar-- > 1;) {
        if (own->bar[bar].day < today - DAYS_BACK - 1)
            break;
        company_day(n, bar);
    }
    for (bar = bars_until(market, today); bar-- > 1;) {
        if (market->bar[bar].day < today - DAYS_BACK - 1)
            break;
        wide_day(n, market, bar);
    }
}

void sim_news(struct sim *s, size_t company, int64_t as_of, struct news *out, struct arena *arena)
{
    int32_t today = exchange_day(as_of);
    const struct sim_company *c = &s->company[company];
    struct sim_draw d = sim_draw_begin(s->seed, STREAM_OUTAGE, ~c->hash, today);
    struct desk_of_news *n;

    out->n = 0;
    if (sim_chance(&d, FX_RATIO(15, 1000))) {
        out->from.state = DATUM_ABSENT;
        copy_text(out->from.reason, sizeof(out->from.reason),
                  "the simulated news feed did not answer on this day");
        return;
    }
    n = mem_alloc(sizeof(*n));
    n->sim = s;
    n->company = c;
    n->series = s->series[company];
    n->as_of = as_of;
    collect(n);
    give(n, out, arena);
    mem_free(n);
    out->from.state = DATUM_PRESENT;
    out->from.as_of = as_of;
    out->from.published_at = out->n > 0 ? out->item[0].published_at : TIME_NONE;
    if (out->n == 0)
        copy_text(out->from.reason, sizeof(out->from.reason), "no headline in seven days");
}
