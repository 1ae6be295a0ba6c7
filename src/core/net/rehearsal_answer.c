/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "core/net/rehearsal.h"
#include "quorum/text.h"

enum { CITED_MAX = 4 };
#define VOTE_AT       0.30 /* of the score, -1..1 */
#define NOISE         0.25 /* so that it does not merely repeat the baselines */
#define WRONG_SHARE   0.03 /* of answers that cite a value nobody showed */
#define OTHER_LABEL   0.12 /* of classifications that differ from the rule */
#define RSI_HIGH      70.0
#define SIGNALS_LEAST 2

struct shown {
    char id[40];
    struct value number;
    const char *text; /* to the end of the line */
    size_t len;
};

struct mind {
    struct shown fact[FACTS_MAX];
    size_t nfacts;
    uint64_t random;
    double score; /* -1..1 over `signals` signals */
    int signals, up;
    const struct shown *cited[CITED_MAX];
    size_t ncited;
};

/* ---- chance ---- */

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static uint64_t hash_text(uint64_t h, const char *s)
{
    for (; s && *s; s++)
        h = (h ^ (unsigned char)*s) * 0x100000001b3u;
    return mix(h);
}

uint64_t rehearsal_hash(const struct model_request *r, uint64_t seed)
{
    uint64_t h = mix(seed);
    h = hash_text(h, r->agent);
    h = hash_text(h, r->model);
    h = hash_text(h, r->facts);
    return hash_text(h, r->repair);
}

static double uniform(struct mind *m)
{
    m->random = mix(m->random);
    return (double)(m->random >> 11) * 0x1p-53;
}

/* ---- reading the facts ---- */

/* "$1,234.50", "-3.2%", "12.5 x": what follows a number may be a unit, not more digits. */
static struct value read_number(const char *s, size_t len)
{
    char digits[32];
    size_t n = 0, i = 0;
    double x;
    while (i < len && (s[i] == ' ' || s[i] == '$'))
        i++;
    for (; i < len && n + 1 < sizeof digits && strchr("+-.,0123456789", s[i]); i++)
        if (s[i] != ',' && s[i] != '+')
            digits[n++] = s[i];
    digits[n] = '\0';
    if (i < len && s[i] != ' ' && s[i] != '%' && s[i] != 'x' && s[i] != ';' && s[i] != '(')
        return VALUE_UNKNOWN;
    return text_to_double(digits, &x) ? VALUE(x) : VALUE_UNKNOWN;
}

static void read_line(struct mind *m, const char *line, size_t len)
{
    struct shown f = {.len = 0};
    size_t i = 0, n = 0;
    while (i < len && strchr(" -*[\"", line[i]))
        i++;
    while (i < len && n + 1 < sizeof f.id && (isalnum((unsigned char)line[i]) || line[i] == '_'))
        f.id[n++] = line[i++];
    while (i < len && strchr(" ]\"", line[i]))
        i++;
    if (n == 0 || i >= len || !strchr(":=|\t", line[i]) || m->nfacts == FACTS_MAX)
        return;
    i++;
    while (i < len && line[i] == ' ')
        i++;
    f.text = line + i;
    f.len = len - i;
    f.number = read_number(f.text, f.len);
    m->fact[m->nfacts++] = f;
}

static void read_facts(struct mind *m, const char *facts)
{
    for (const char *p = facts; p && *p;) {
        size_t len = strcspn(p, "\n");
        read_line(m, p, len);
        p += len + (p[len] == '\n');
    }
}

static const struct shown *fact(const struct mind *m, const char *id)
{
    for (size_t i = 0; i < m->nfacts; i++)
        if (strcmp(m->fact[i].id, id) == 0)
            return &m->fact[i];
    return NULL;
}

static struct value number(const struct mind *m, const char *id)
{
    const struct shown *f = fact(m, id);
    return f ? f->number : VALUE_UNKNOWN;
}

static void cite(struct mind *m, const struct shown *f)
{
    if (f && m->ncited < CITED_MAX)
        m->cited[m->ncited++] = f;
}

static bool is_headline(const struct shown *f)
{
    return f->id[0] == 'n' && isdigit((unsigned char)f->id[1]);
}

/* ---- signals ---- */

static void weigh(struct mind *m, double x)
{
    m->score += x;
    m->signals++;
    m->up += x > 0;
}

static void compare(struct mind *m, const char *a, const char *b)
{
    struct value x = number(m, a), y = b ? number(m, b) : VALUE(0);
    if (!x.known || !y.known)
        return;
    weigh(m, x.v > y.v ? 1 : x.v < y.v ? -1 : 0);
    cite(m, fact(m, a));
}

static void look_at_chart(struct mind *m)
{
    compare(m, "price", "sma_50");
    compare(m, "sma_50", "sma_200");
    compare(m, "price", "sma_200");
    compare(m, "macd_hist", NULL);
    struct value rsi = number(m, "rsi");
    if (rsi.known && rsi.v > RSI_HIGH)
        weigh(m, -1);
    cite(m, fact(m, "rsi"));
}

static void look_at_statements(struct mind *m)
{
    static const char *const ids[] = {"quality", "value", "growth", "health"};
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        struct value x = number(m, ids[i]);
        if (!x.known)
            continue;
        weigh(m, fmin(1, fmax(-1, (x.v - 50) / 30)));
        cite(m, fact(m, ids[i]));
    }
}

static bool has_word(const struct shown *f, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= f->len; i++)
        if (strncasecmp(f->text + i, word, n) == 0)
            return true;
    return false;
}

static void look_at_headline(struct mind *m, const struct shown *f)
{
    static const char *const good[] = {"beat",   "raise",  "record", "upgrade", "surge",
                                       "growth", "strong", "win",    "approv",  "profit"};
    static const char *const bad[] = {"miss",   "cut",  "downgrade", "fall",  "lawsuit",
                                      "recall", "weak", "loss",      "probe", "warn"};
    int mood = 0;
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        mood += has_word(f, good[i]) - has_word(f, bad[i]);
    weigh(m, mood > 0 ? 1 : mood < 0 ? -1 : 0);
    cite(m, f);
}

static void look(struct mind *m)
{
    bool has_news = fact(m, "news_count") != NULL;
    for (size_t i = 0; i < m->nfacts; i++) {
        if (is_headline(&m->fact[i])) {
            look_at_headline(m, &m->fact[i]);
            has_news = true;
        }
    }
    if (!has_news)
        look_at_statements(m);
    if (!has_news && m->signals == 0)
        look_at_chart(m);
    if (m->signals > 0)
        m->score /= m->signals;
    m->score = fmin(1, fmax(-1, m->score + NOISE * (2 * uniform(m) - 1)));
}

/* ---- filling the form ---- */

static const char *choice(const struct answer_field *f, const char *wanted)
{
    for (size_t i = 0; f->choice[i]; i++)
        if (strcmp(f->choice[i], wanted) == 0)
            return f->choice[i];
    return NULL;
}

static const char *any_choice(struct mind *m, const struct answer_field *f)
{
    size_t n = 0;
    while (f->choice[n])
        n++;
    return f->choice[(size_t)(uniform(m) * (double)n)];
}

static const char *decide(const struct mind *m)
{
    if (m->signals < SIGNALS_LEAST)
        return "ABSTAIN";
    return m->score >= VOTE_AT ? "BUY" : m->score <= -VOTE_AT ? "SELL" : "HOLD";
}

static const char *classify(struct mind *m, const struct answer_field *f)
{
    char rule[16] = "";
    const struct shown *shown = fact(m, "regime_rule");
    cite(m, shown);
    if (shown)
        copy_bytes(rule, sizeof rule, shown->text,
                   strcspn(shown->text, " ,;(\n") < shown->len ? strcspn(shown->text, " ,;(\n")
                                                               : shown->len);
    const char *same = choice(f, rule);
    return same && uniform(m) >= OTHER_LABEL ? same : any_choice(m, f);
}

static bool shrinks(const struct mind *m)
{
    struct value rsi = number(m, "rsi"), shares = number(m, "size_shares");
    return shares.known && shares.v >= 2 && rsi.known && rsi.v > RSI_HIGH;
}

static const char *pick(struct mind *m, const struct answer_field *f)
{
    const char *at = NULL;
    if (choice(f, "BUY"))
        at = choice(f, decide(m));
    else if (choice(f, "APPROVE"))
        at = choice(f, shrinks(m) ? "REDUCE" : "APPROVE");
    else if (choice(f, "HIGH_VOL"))
        at = classify(m, f);
    return at ? at : any_choice(m, f);
}

static const struct shown *first_of(const struct mind *m, const char *prefix)
{
    for (size_t i = 0; i < m->nfacts; i++)
        if (strncmp(m->fact[i].id, prefix, strlen(prefix)) == 0)
            return &m->fact[i];
    return NULL;
}

/* What a proposer chooses: the first it is shown. */
static const struct shown *subject_of(const struct mind *m)
{
    const struct shown *f = first_of(m, "proposal_");
    return f ? f : first_of(m, "pattern_");
}

static void write_text(struct json *j, struct mind *m, const struct answer_field *f)
{
    struct buf text = {0};
    const struct shown *subject = subject_of(m);
    if (subject && (strcmp(f->name, "proposal") == 0 || strcmp(f->name, "pattern") == 0))
        buf_str(&text, subject->id);
    else if (subject)
        buf_printf(&text, "Rehearsed: of all that was found, %s comes first.", subject->id);
    else if (m->signals > 0)
        buf_printf(&text, "Rehearsed: %d of %d signals point up.", m->up, m->signals);
    else
        buf_str(&text, "Rehearsed answer, made without a model.");
    if (f->max_length && text.len > f->max_length)
        text.data[f->max_length] = '\0';
    json_str(j, f->name, buf_text(&text));
    buf_release(&text);
}

static void write_number(struct json *j, struct mind *m, const struct answer_field *f,
                         enum rehearsal_fault fault)
{
    double x = (f->min + f->max) / 2;
    if (fault == FAULT_WRONG_TYPE) {
        json_str(j, f->name, "quite sure");
        return;
    }
    if (fault == FAULT_NAN) {
        json_raw(j, f->name, "NaN");
        return;
    }
    if (f->optional && !(strcmp(f->name, "max_shares") == 0 && shrinks(m))) {
        json_null(j, f->name);
        return;
    }
    if (strcmp(f->name, "max_shares") == 0)
        x = floor(number(m, "size_shares").v / 2);
    else if (strcmp(f->name, "confidence") == 0)
        x = 52 + 34 * fabs(m->score) + 8 * uniform(m);
    x = fmin(f->max, fmax(f->min, x));
    if (f->type == FIELD_INTEGER)
        json_int(j, f->name, (int64_t)x);
    else
        json_num(j, f->name, x);
}

static void write_evidence(struct json *j, struct mind *m, const struct answer_field *f)
{
    bool lies = uniform(m) < WRONG_SHARE;
    json_open(j, f->name, '[');
    for (size_t i = 0; i < m->ncited; i++) {
        const struct shown *s = m->cited[i];
        json_open(j, NULL, '{');
        json_str(j, "fact_id", s->id);
        if (s->number.known && !is_headline(s))
            json_num(j, "value", lies && i == 0 ? s->number.v * 1.5 + 1 : s->number.v);
        else
            json_null(j, "value");
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void write_field(struct json *j, struct mind *m, const struct answer_field *f,
                        enum rehearsal_fault fault)
{
    switch (f->type) {
    case FIELD_TEXT:
        write_text(j, m, f);
        break;
    case FIELD_ENUM:
        json_str(j, f->name, pick(m, f));
        break;
    case FIELD_NUMBER:
    case FIELD_INTEGER:
        write_number(j, m, f, fault);
        break;
    case FIELD_BOOL:
        json_flag(j, f->name, false);
        break;
    case FIELD_EVIDENCE:
        write_evidence(j, m, f);
        break;
    }
}

void rehearsal_answer(const struct model_request *r, uint64_t seed, enum rehearsal_fault fault,
                      struct buf *out)
{
    struct mind *m = mem_alloc(sizeof *m);
    struct json j;
    m->random = rehearsal_hash(r, seed);
    read_facts(m, r->facts);
    look(m);
    cite(m, subject_of(m));
    json_begin(&j, out);
    json_open(&j, NULL, '{');
    for (const struct answer_field *f = r->fields; f->name; f++)
        write_field(&j, m, f, fault);
    json_close(&j, '}');
    mem_free(m);
}
