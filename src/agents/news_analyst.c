/* SPDX-License-Identifier: GPL-3.0-or-later */
/* News: the headlines of a week about one company, scored by the lexicon and weighted by age
 * (docs/agents.md). */
#include <math.h>
#include <string.h>
#include <utf8proc.h>

#include "agents/agents.h"
#include "agents/common.h"
#include "agents/headline.h"
#include "agents/lexicon.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { WINDOW_DAYS = 7, SUMMARY_CHARS = 200, SUMMARY_SHOWN = 240 };
#define HALF_LIFE_HOURS 24.0
#define SHRINK_WEIGHT   3.0
#define VOTE_THRESHOLD  0.20

static const char *const facts[] = {"company", "news_count", "n#", NULL};

static const char prompt[] =
    "You are the news analyst of a trading desk. You judge what the headlines of the last seven "
    "days mean for the price of one company over about twenty sessions.\n\n"
    "Each fact n1, n2, ... is one headline with its time and outlet, newest first, some with the "
    "beginning of a summary. Weigh by importance and by age: a day-old headline counts half of a "
    "fresh one. Copies of one story count once. A headline about a rival, the whole market or "
    "somebody with a similar name is no news about this company. What was expected is in the price "
    "already: results count against expectations. Opinion, price targets and reports of what the "
    "price did are weak evidence.\n\n"
    "BUY when the news is clearly better than what was known before, SELL when it is clearly "
    "worse, HOLD when it is mixed or of no weight. ABSTAIN when fewer than three headlines are "
    "about this company. Cite headlines as evidence with the value null." PROMPT_RULES;

/* A headline that counts. */
struct story {
    const struct news_item *item;
    double weight, mood; /* mood in (-1, 1) */
    struct buf key;
};

struct view {
    struct story story[NEWS_ITEMS_MAX];
    size_t n;
    size_t copies, elsewhere, out_of_window; /* left out, and why */
    double weights, squares, sum;
};

static bool in_window(const struct dossier *d, const struct news_item *item)
{
    return item->published_at != TIME_NONE && item->published_at <= d->as_of &&
           d->as_of - item->published_at <= WINDOW_DAYS * USEC_DAY;
}

static bool is_copy(const struct view *v, const struct buf *key)
{
    for (size_t i = 0; i < v->n; i++)
        if (strcmp(buf_text(&v->story[i].key), buf_text(key)) == 0)
            return true;
    return false;
}

/* The first SUMMARY_CHARS characters. */
static void cut_summary(struct buf *out, const char *s)
{
    size_t n = strlen(s), i = 0;
    for (int chars = 0; i < n && chars < SUMMARY_CHARS; chars++) {
        utf8proc_int32_t c;
        utf8proc_ssize_t step =
            utf8proc_iterate((const utf8proc_uint8_t *)s + i, (utf8proc_ssize_t)(n - i), &c);
        i += step > 0 ? (size_t)step : 1;
    }
    buf_add(out, s, i);
}

static double mood(const struct lexicon *l, const struct news_item *item)
{
    struct buf title = {0}, summary = {0};
    buf_add(&title, item->title, headline_body(l, item->title, item->outlet ? item->outlet : ""));
    cut_summary(&summary, item->summary ? item->summary : "");
    double s = lexicon_score(l, buf_text(&title)) + 0.5 * lexicon_score(l, buf_text(&summary));
    buf_release(&title);
    buf_release(&summary);
    return lexicon_normalise(s);
}

static void take(const struct dossier *d, const struct lexicon *l, const struct news_item *item,
                 struct view *v)
{
    const char *outlet = item->outlet ? item->outlet : "";
    struct buf key = {0};
    if (!in_window(d, item)) {
        v->out_of_window++;
        return;
    }
    if (!headline_names(l, item->title, outlet, d->symbol, d->market.profile.company)) {
        v->elsewhere++;
        return;
    }
    headline_key(l, item->title, outlet, &key);
    if (is_copy(v, &key)) {
        v->copies++;
        buf_release(&key);
        return;
    }
    double hours = (double)(d->as_of - item->published_at) / (3600.0 * (double)USEC_SECOND);
    double w = pow(0.5, hours / HALF_LIFE_HOURS);
    struct story *s = &v->story[v->n++];
    *s = (struct story){.item = item, .weight = w, .mood = mood(l, item), .key = key};
    v->weights += w;
    v->squares += w * w;
    v->sum += w * s->mood;
}

static void release(struct view *v)
{
    for (size_t i = 0; i < v->n; i++)
        buf_release(&v->story[i].key);
    mem_free(v);
}

/* Oldest first: of several copies the first one published counts, a copy is not news. */
static struct view *look(const struct dossier *d, const struct lexicon *l)
{
    struct view *v = mem_alloc(sizeof *v);
    size_t n = d->market.news.n < NEWS_ITEMS_MAX ? d->market.news.n : NEWS_ITEMS_MAX;
    for (size_t i = n; i-- > 0;)
        if (d->market.news.item[i].title)
            take(d, l, &d->market.news.item[i], v);
    return v;
}

/* Headlines are data: each one line, with an id to cite. */
static void add_facts(struct dossier *d, const struct risk_view *risk)
{
    const struct news *news = &d->market.news;
    double shown = 0;
    (void)risk;
    for (size_t i = 0; i < news->n && i < NEWS_ITEMS_MAX; i++) {
        const struct news_item *item = &news->item[i];
        struct provenance from = news->from;
        struct buf b = {0};
        char when[33];
        if (!item->title || !in_window(d, item))
            continue;
        time_print(when, item->published_at);
        buf_printf(&b, "%.16s UTC, %s: %s", when,
                   item->outlet && *item->outlet ? item->outlet : "outlet unknown", item->title);
        if (item->summary && *item->summary) {
            buf_str(&b, " / ");
            sanitize(&b, untrusted(item->summary), TEXT_LINE, SUMMARY_SHOWN);
        }
        from.as_of = from.published_at = item->published_at;
        dossier_add_words(d, item->id, buf_text(&b), &from);
        buf_release(&b);
        shown++;
    }
    struct value count = news->from.state == DATUM_PRESENT || news->from.state == DATUM_STALE
                             ? VALUE(shown)
                             : VALUE_UNKNOWN;
    dossier_add_number(d, "news_count", count, "", 0, &news->from);
}

static void abstain_for_lack(const struct dossier *d, const struct view *v, double n_eff,
                             struct vote *out)
{
    const struct news *news = &d->market.news;
    if (news->from.state == DATUM_ABSENT || news->from.state == DATUM_ERROR)
        vote_abstain(out, "no news: %s",
                     news->from.reason[0] ? news->from.reason : datum_state_name(news->from.state));
    else
        vote_abstain(out,
                     "%zu of %zu headlines are about %s, effectively %.2f by age; 3 are needed "
                     "(%zu copies, %zu about others, %zu not of the last %d days)",
                     v->n, news->n, d->symbol, n_eff, v->copies, v->elsewhere, v->out_of_window,
                     WINDOW_DAYS);
}

/* The story that moved the sum most; the vote names it. */
static const struct story *strongest(const struct view *v)
{
    const struct story *best = &v->story[0];
    for (size_t i = 1; i < v->n; i++)
        if (fabs(v->story[i].weight * v->story[i].mood) > fabs(best->weight * best->mood))
            best = &v->story[i];
    return best;
}

static void decide(const struct view *v, double n_eff, struct vote *out)
{
    double m = v->sum / v->weights * n_eff / (n_eff + SHRINK_WEIGHT);
    enum vote_state state = m > VOTE_THRESHOLD    ? VOTE_BUY
                            : m < -VOTE_THRESHOLD ? VOTE_SELL
                                                  : VOTE_HOLD;
    const struct story *best = strongest(v);
    char title[161];
    sanitize_line(title, sizeof title, untrusted(best->item->title));
    out->score = VALUE(m);
    /* Newest first again, as they were shown. */
    for (size_t i = v->n; i-- > 0;)
        vote_cite_words(out, v->story[i].item->id);
    vote_baseline(out, state, 50 + 50 * fabs(m),
                  "mood %+.2f of %zu headlines (effectively %.2f); strongest %+.2f %s \"%s\"", m,
                  v->n, n_eff, best->mood, best->item->id, title);
}

static void baseline(const struct dossier *d, const struct risk_view *risk, struct vote *out)
{
    struct error e = {.kind = OK};
    const struct lexicon *l = lexicon_shared(&e);
    (void)risk;
    *out = (struct vote){.state = VOTE_ABSTAIN};
    if (!l) {
        vote_abstain(out, "%s", e.text);
        return;
    }
    struct view *v = look(d, l);
    /* Kish's effective number: many old headlines beside one fresh one count little more than
     * the fresh one. */
    double n_eff = v->squares > 0 ? v->weights * v->weights / v->squares : 0;
    if (n_eff < 3 - 1e-9)
        abstain_for_lack(d, v, n_eff, out);
    else
        decide(v, n_eff, out);
    release(v);
}

const struct agent agent_news_analyst = {
    .name = "news_analyst",
    .title = "News",
    .role = AGENT_VOTER,
    .does = "Judges the headlines of the last seven days about the company.",
    .facts = facts,
    .add_facts = add_facts,
    .prompt_version = 1,
    .prompt = prompt,
    .answer = voter_answer,
    .baseline = baseline,
    .to_vote = voter_to_vote,
};
