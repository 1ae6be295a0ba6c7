/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/prices.h"

#include <assert.h>
#include <string.h>

#include "quorum/buf.h"
#include "quorum/embedded.h"
#include "quorum/log.h"
#include "quorum/mem.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { PRICES_MAX = 64, ALIASES_MAX = 24, LINE_SIZE = 320, COLUMNS_MAX = 12, NO_PRICE = -1 };

struct alias {
    char name[64], model[64], warning[128];
};

/* Parsed once: the files are part of the program and do not change. */
static struct {
    bool loaded;
    struct model_price price[PRICES_MAX];
    size_t nprices;
    struct alias alias[ALIASES_MAX];
    size_t naliases;
} table;

/* Cuts the line at its first `max` - 1 commas; the last column keeps the others. */
static size_t split(char *line, char *column[], size_t max)
{
    size_t n = 0;
    for (char *p = line; p && n < max;) {
        char *comma = n + 1 < max ? strchr(p, ',') : NULL;
        column[n++] = p;
        if (comma)
            *comma++ = '\0';
        p = comma;
    }
    return n;
}

/* Dollars for a million tokens with three decimals are nano-dollars for one token. */
static bool read_price(char *column[], struct model_price *p)
{
    return copy_text(p->model, sizeof p->model, column[0]) &&
           day_parse(column[1], &p->valid_from) && text_to_int64(column[2], &p->band_min_tokens) &&
           decimal_parse(column[3], 3, &p->input) && decimal_parse(column[4], 3, &p->output) &&
           decimal_parse(column[5], 3, &p->cache_write_5m) &&
           decimal_parse(column[6], 3, &p->cache_write_1h) &&
           decimal_parse(column[7], 3, &p->cache_read) &&
           text_to_int64(column[8], &p->max_output) &&
           text_to_int64(column[9], &p->cache_min_tokens);
}

static bool add_price(char *line)
{
    char *column[COLUMNS_MAX];
    struct model_price p = {.retired = false};
    if (table.nprices == PRICES_MAX || split(line, column, COLUMNS_MAX) != 11 ||
        !read_price(column, &p))
        return false;
    p.retired = strcmp(column[10], "retired") == 0;
    if (!p.retired && strcmp(column[10], "active") != 0)
        return false;
    table.price[table.nprices++] = p;
    return true;
}

static bool add_alias(char *line)
{
    char *column[3];
    struct alias a;
    if (table.naliases == ALIASES_MAX || split(line, column, 3) != 3)
        return false;
    if (!copy_text(a.name, sizeof a.name, column[0]) ||
        !copy_text(a.model, sizeof a.model, column[1]) ||
        !copy_text(a.warning, sizeof a.warning, column[2]))
        return false;
    table.alias[table.naliases++] = a;
    return true;
}

/* Every line but comments and the line of column names; a line that cannot be read is left out,
 * which makes its model refused, not free. */
static void load_file(const char *name, bool (*add)(char *line))
{
    const char *p = embedded_file(name, NULL);
    bool names = true;
    for (; p && *p; p += strspn(p, "\r\n")) {
        char line[LINE_SIZE];
        size_t len = strcspn(p, "\r\n");
        if (*p != '#') {
            bool fine = copy_bytes(line, sizeof line, p, len);
            if (!names && (!fine || !add(line)))
                log_write(LOG_ERROR, "prices", "%s: cannot read \"%.60s\"", name, line);
            names = false;
        }
        p += len;
    }
}

static void load(void)
{
    if (table.loaded)
        return;
    table.loaded = true;
    load_file("model_prices.csv", add_price);
    load_file("model_aliases.csv", add_alias);
}

/* First day of the list in force for the model, DAY_NONE before there is one. */
static int32_t list_day(const char *model, int32_t day)
{
    int32_t from = DAY_NONE;
    load();
    for (size_t i = 0; i < table.nprices; i++) {
        const struct model_price *p = &table.price[i];
        if (strcmp(p->model, model) == 0 && p->valid_from <= day && p->valid_from > from)
            from = p->valid_from;
    }
    return from;
}

const struct model_price *model_price_find(const char *model, int32_t day, int64_t prompt_tokens)
{
    const struct model_price *best = NULL;
    int32_t from = list_day(model, day);
    if (from == DAY_NONE)
        return NULL;
    for (size_t i = 0; i < table.nprices; i++) {
        const struct model_price *p = &table.price[i];
        if (strcmp(p->model, model) == 0 && p->valid_from == from &&
            p->band_min_tokens <= prompt_tokens &&
            (!best || p->band_min_tokens > best->band_min_tokens))
            best = p;
    }
    return best;
}

/* Adds count tokens at a price; false when there are too many to be true. */
static bool add_cost(int64_t *sum, int64_t count, int64_t price)
{
    int64_t cost;
    return count >= 0 && !__builtin_mul_overflow(count, price, &cost) &&
           !__builtin_add_overflow(*sum, cost, sum);
}

int64_t model_cost(const char *model, int32_t day, const struct usage *u)
{
    int64_t sum = 0, prompt = 0;
    if (!add_cost(&prompt, u->input, 1) || !add_cost(&prompt, u->cache_write_5m, 1) ||
        !add_cost(&prompt, u->cache_write_1h, 1) || !add_cost(&prompt, u->cache_read, 1))
        return NO_PRICE;
    const struct model_price *p = model_price_find(model, day, prompt);
    if (!p || !add_cost(&sum, u->input, p->input) || !add_cost(&sum, u->output, p->output) ||
        !add_cost(&sum, u->cache_write_5m, p->cache_write_5m) ||
        !add_cost(&sum, u->cache_write_1h, p->cache_write_1h) ||
        !add_cost(&sum, u->cache_read, p->cache_read))
        return NO_PRICE;
    return sum;
}

static void raise_to(int64_t *most, int64_t x)
{
    if (x > *most)
        *most = x;
}

int64_t model_worst_case(const char *model, int32_t day, int64_t prompt_tokens, int64_t max_tokens,
                         bool writes_cache_1h)
{
    int64_t in = NO_PRICE, out = NO_PRICE, sum = 0;
    int32_t from = list_day(model, day);
    for (size_t i = 0; from != DAY_NONE && i < table.nprices; i++) {
        const struct model_price *p = &table.price[i];
        if (strcmp(p->model, model) != 0 || p->valid_from != from ||
            p->band_min_tokens > prompt_tokens)
            continue;
        raise_to(&in, p->input);
        raise_to(&in, p->cache_write_5m);
        raise_to(&in, p->cache_read);
        if (writes_cache_1h)
            raise_to(&in, p->cache_write_1h);
        raise_to(&out, p->output);
    }
    if (in < 0 || !add_cost(&sum, prompt_tokens, in) || !add_cost(&sum, max_tokens, out))
        return NO_PRICE;
    return sum;
}

/* The shortest name of a model: its alias without a warning, else its id. */
static const char *short_name(const char *model)
{
    for (size_t i = 0; i < table.naliases; i++)
        if (strcmp(table.alias[i].model, model) == 0 && !table.alias[i].warning[0])
            return table.alias[i].name;
    return model;
}

/* Those with a price that may be called on that day. */
static void list_models(int32_t day, struct buf *out)
{
    for (size_t i = 0; i < table.nprices; i++) {
        const struct model_price *p = &table.price[i];
        if (p->band_min_tokens == 0 && !p->retired && p->valid_from == list_day(p->model, day))
            buf_printf(out, "%s%s", out->len ? ", " : "", short_name(p->model));
    }
}

enum err model_resolve(const char *name, int32_t day, char dst[64], const char **warning,
                       struct error *e)
{
    const char *model = name, *said = NULL;
    load();
    for (size_t i = 0; i < table.naliases; i++) {
        if (strcmp(table.alias[i].name, name) == 0) {
            model = table.alias[i].model;
            said = table.alias[i].warning[0] ? table.alias[i].warning : NULL;
        }
    }
    if (warning)
        *warning = said;
    const struct model_price *p = model_price_find(model, day, 0);
    if (p && !p->retired) {
        copy_text(dst, 64, p->model);
        return OK;
    }
    struct buf known = {0};
    char when[11];
    list_models(day, &known);
    if (p) {
        err_set(e, ERR_POLICY, "%s was retired on %s and answers no calls", p->model,
                day_print(when, p->valid_from));
        err_fix(e, "name another: %s", buf_text(&known));
    } else {
        err_set(e, ERR_USAGE, "no price is known for the model %.64s; known are %s", name,
                buf_text(&known));
        err_fix(e, "a model without a price is refused, for its calls could not be budgeted");
    }
    buf_release(&known);
    return p ? ERR_POLICY : ERR_USAGE;
}
