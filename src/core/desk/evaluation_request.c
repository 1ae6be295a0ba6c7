/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What people and rows may ask of an evaluation, checked against the tables. */
#include <stdio.h>
#include <string.h>

#include "quorum/evaluation.h"
#include "quorum/money.h"
#include "quorum/text.h"

static void suggest_indicator(const char *name, struct error *e)
{
    const char *best = NULL;
    size_t distance = 1 + strlen(name) / 4;
    for (size_t i = 0; i < indicator_row_count; i++) {
        size_t d = text_distance(name, indicator_rows[i].name);
        if (d <= distance) {
            distance = d;
            best = indicator_rows[i].name;
        }
    }
    if (best)
        err_fix(e, "did you mean %s?", best);
    else
        err_fix(e, "names: sma_20 sma_50 sma_200 atr adx rsi volume_ratio beta ...; "
                   "quorum help evaluate lists them");
}

/* One "name=value" in text[0..len). */
static enum err parse_pair(const char *text, size_t len, struct indicators *out, struct error *e)
{
    char pair[96], shown[96];
    double v;
    if (!copy_bytes(pair, sizeof pair, text, len))
        return err_set(e, ERR_USAGE, "--indicators: an entry is longer than %zu bytes",
                       sizeof pair - 1);
    sanitize_line(shown, sizeof shown, untrusted(pair));
    char *equals = strchr(pair, '=');
    if (!equals || equals == pair) {
        err_set(e, ERR_USAGE, "--indicators: \"%s\" is not name=value", shown);
        return err_fix(e, "example: --indicators sma_20=172.30,atr=3.25");
    }
    *equals = '\0';
    const struct indicator_row *row = indicator_find(pair);
    if (!row) {
        sanitize_line(shown, sizeof shown, untrusted(pair));
        err_set(e, ERR_USAGE, "--indicators: there is no indicator \"%s\"", shown);
        suggest_indicator(pair, e);
        return e->kind;
    }
    if (indicator_get(out, row).known)
        return err_set(e, ERR_USAGE, "--indicators: %s is given twice", row->name);
    if (!text_to_double(equals + 1, &v) || v < row->min || v > row->max) {
        sanitize_line(shown, sizeof shown, untrusted(equals + 1));
        err_set(e, ERR_USAGE, "--indicators: %s=%s is not a number from %.6g to %.6g", row->name,
                shown, row->min, row->max);
        return err_fix(e, "%s: %s", row->name, row->help);
    }
    indicator_set(out, row, v);
    return OK;
}

enum err indicators_parse(const char *text, struct indicators *out, struct error *e)
{
    *out = (struct indicators){0};
    do {
        size_t len = strcspn(text, ",");
        if (parse_pair(text, len, out, e))
            return e->kind;
        text += len;
    } while (*text++ == ',');
    return OK;
}

enum err indicators_parse_with_price(const char *text, int64_t price, struct indicators *out,
                                     struct error *e)
{
    char one[40], other[40];
    int64_t among = 0;
    if (indicators_parse(text, out, e))
        return e->kind;
    if (price <= 0 || !out->price.known ||
        (decimal_from_double(out->price.v, PRICE_DIGITS, &among) && among == price))
        return OK;
    err_set(e, ERR_USAGE, "--price %s and --indicators price=%s contradict each other",
            decimal_print(one, sizeof one, price, PRICE_DIGITS, price % 100 ? 4 : 2),
            decimal_print(other, sizeof other, among, PRICE_DIGITS, among % 100 ? 4 : 2));
    return err_fix(e, "give the price once");
}

static const struct agent *find_agent(const struct agent *const *table, const char *name)
{
    for (; *table; table++)
        if (strcmp((*table)->name, name) == 0)
            return *table;
    return NULL;
}

static enum err bad_voter(const struct agent *const *table, const char *name,
                          const struct agent *found, struct error *e)
{
    char names[200] = "", shown[64];
    for (; *table; table++) {
        if ((*table)->role != AGENT_VOTER)
            continue;
        size_t n = strlen(names);
        snprintf(names + n, sizeof names - n, "%s%s", n ? " " : "", (*table)->name);
    }
    sanitize_line(shown, sizeof shown, untrusted(name));
    if (found)
        err_set(e, ERR_USAGE, "%s is a %s, it does not vote", shown, agent_role_name(found->role));
    else
        err_set(e, ERR_USAGE, "there is no agent \"%s\"", shown);
    return err_fix(e, "voters: %s", names);
}

enum err voters_parse(const struct agent *const *table, const char *text, const struct agent **out,
                      size_t *n, struct error *e)
{
    *n = 0;
    while (*(text += strspn(text, " ,"))) {
        char name[64];
        size_t len = strcspn(text, " ,");
        copy_bytes(name, sizeof name, text, len);
        text += len;
        const struct agent *a = find_agent(table, name);
        if (!a || a->role != AGENT_VOTER)
            return bad_voter(table, name, a, e);
        for (size_t i = 0; i < *n; i++)
            if (out[i] == a)
                return err_set(e, ERR_USAGE, "%s is named twice: one agent has one vote", name);
        if (*n == VOTERS_MAX)
            return err_set(e, ERR_USAGE, "more than %d voters", VOTERS_MAX);
        out[(*n)++] = a;
    }
    if (*n == 0) {
        err_set(e, ERR_USAGE, "no voters are named");
        return err_fix(e, "example: --agents research,news_analyst,technical_analyst");
    }
    return OK;
}
