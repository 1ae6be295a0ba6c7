/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/market/sim.h"

#include <assert.h>
#include <string.h>

#include "quorum/embedded.h"
#include "quorum/money.h"

enum column {
    COL_SYMBOL,
    COL_COMPANY,
    COL_BRIEF,
    COL_SECTOR,
    COL_INDUSTRY,
    COL_AREA,
    COL_PRICE,
    COL_VOLATILITY,
    COL_BETA,
    COL_BANK,
    COL_FISCAL,
    COL_REVENUE,
    COL_GROSS,
    COL_OPERATING,
    COL_PE,
    COL_VOLUME,
    COL_LISTED,
    COLUMNS
};

static const char header[] = "symbol,company,short,sector,industry,area,start_price,"
                             "volatility_pct,beta,bank,fiscal_month,revenue_m,gross_pct,"
                             "operating_pct,pe,volume_m,listed";

/* The table is part of the program and tested with it: a field that does not read is a bug. */
static int64_t number(const char *text, int digits)
{
    int64_t n = 0;
    bool ok = decimal_parse(text, digits, &n);

    assert(ok);
    return n;
}

static void field_text(char *dst, size_t size, const char *text)
{
    bool fits = copy_text(dst, size, text);

    assert(fits && dst[0] != '\0');
}

static void company_read(struct sim_company *c, char *field[COLUMNS])
{
    bool ok;

    *c = (struct sim_company){0};
    field_text(c->symbol, sizeof(c->symbol), field[COL_SYMBOL]);
    field_text(c->name, sizeof(c->name), field[COL_COMPANY]);
    field_text(c->brief, sizeof(c->brief), field[COL_BRIEF]);
    field_text(c->sector, sizeof(c->sector), field[COL_SECTOR]);
    field_text(c->industry, sizeof(c->industry), field[COL_INDUSTRY]);
    field_text(c->area, sizeof(c->area), field[COL_AREA]);
    c->start_price = number(field[COL_PRICE], PRICE_DIGITS);
    c->volatility = FX_RATIO(number(field[COL_VOLATILITY], 2), 10000);
    c->beta = FX_RATIO(number(field[COL_BETA], 2), 100);
    c->is_bank = number(field[COL_BANK], 0) == 1;
    c->fiscal_month = (int)number(field[COL_FISCAL], 0);
    c->revenue = number(field[COL_REVENUE], 0) * 1000000;
    c->is_fund = c->revenue == 0;
    c->gross_margin = FX_RATIO(number(field[COL_GROSS], 2), 10000);
    c->operating_margin = FX_RATIO(number(field[COL_OPERATING], 2), 10000);
    c->price_earnings = number(field[COL_PE], 2);
    c->volume = number(field[COL_VOLUME], 6);
    ok = day_parse(field[COL_LISTED], &c->listed);
    assert(ok && c->start_price > 0 && c->volatility > 0 && c->volume > 0);
    assert(c->fiscal_month >= 1 && c->fiscal_month <= 12);
    c->hash = sim_hash_text(c->symbol);
    c->sector_hash = sim_hash_text(c->sector);
}

/* Cuts a line in place; no field is quoted in this table. */
static void line_split(char *line, char *field[COLUMNS])
{
    int n = 0;

    field[n++] = line;
    for (char *p = line; *p != '\0'; p++) {
        if (*p != ',')
            continue;
        assert(n < COLUMNS);
        *p = '\0';
        field[n++] = p + 1;
    }
    assert(n == COLUMNS);
}

void sim_universe_load(struct sim *s)
{
    size_t len = 0;
    const char *data = embedded_file("sim_universe.csv", &len), *end;
    struct buf names = {0};
    bool first = true;

    assert(data != NULL);
    for (end = data + len; data < end;) {
        const char *eol = memchr(data, '\n', (size_t)(end - data));
        size_t n = (size_t)((eol != NULL ? eol : end) - data);
        char line[512], *field[COLUMNS];
        bool fits = copy_bytes(line, sizeof(line), data, n);

        assert(fits);
        data += n + (eol != NULL);
        if (first) {
            assert(strcmp(line, header) == 0);
        } else if (line[0] != '\0') {
            assert(s->companies < SIM_COMPANIES_MAX);
            line_split(line, field);
            company_read(&s->company[s->companies], field);
            buf_printf(&names, "%s%s", names.len > 0 ? " " : "", field[COL_SYMBOL]);
            s->companies++;
        }
        first = false;
    }
    /* The first row is the benchmark: its series is the market factor. */
    assert(s->companies > 1 && s->company[0].is_fund);
    copy_text(s->symbols, sizeof(s->symbols), buf_text(&names));
    buf_release(&names);
}

size_t sim_universe_find(const struct sim *s, const char *symbol)
{
    for (size_t i = 0; i < s->companies; i++)
        if (strcmp(s->company[i].symbol, symbol) == 0)
            return i;
    return SIM_COMPANIES_MAX;
}
