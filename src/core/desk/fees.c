/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "quorum/broker.h"
#include "quorum/embedded.h"
#include "quorum/log.h"
#include "quorum/mem.h"
#include "quorum/money.h"
#include "quorum/timeutil.h"

enum fee_kind { FEE_SEC, FEE_TAF, FEE_KINDS };
enum { RATES_MAX = 24, LINE_SIZE = 96, CENT = 10000 };

/* rate: of FEE_SEC in cents for a million dollars, of FEE_TAF in micro-dollars a share. */
struct fee_rate {
    int32_t valid_from;
    int64_t rate, most; /* most: micro-dollars for one trade; 0: no limit */
};

/* Parsed once: the file is part of the program and does not change. */
static struct {
    bool loaded;
    struct fee_rate rate[FEE_KINDS][RATES_MAX];
    size_t n[FEE_KINDS];
} schedule;

static const struct {
    const char *name;
    int digits;
} fee_table[FEE_KINDS] = {
    [FEE_SEC] = {"sec", 2},
    [FEE_TAF] = {"taf", MONEY_MICRO_DIGITS},
};

static bool add_rate(char *line)
{
    char *column[4] = {line};
    for (size_t i = 1; i < ARRAY_LEN(column); i++) {
        char *comma = strchr(column[i - 1], ',');
        if (!comma)
            return false;
        *comma = '\0';
        column[i] = comma + 1;
    }
    for (int k = 0; k < FEE_KINDS; k++) {
        struct fee_rate r = {.most = 0};
        if (strcmp(column[0], fee_table[k].name) != 0)
            continue;
        if (schedule.n[k] == RATES_MAX || !day_parse(column[1], &r.valid_from) ||
            !decimal_parse(column[2], fee_table[k].digits, &r.rate) || r.rate < 0 ||
            (column[3][0] && !decimal_parse(column[3], MONEY_MICRO_DIGITS, &r.most)))
            return false;
        schedule.rate[k][schedule.n[k]++] = r;
        return true;
    }
    return false;
}

static void load(void)
{
    if (schedule.loaded)
        return;
    schedule.loaded = true;
    bool names = true;
    for (const char *p = embedded_file("fee_schedule.csv", NULL); p && *p; p += strspn(p, "\r\n")) {
        char line[LINE_SIZE];
        size_t len = strcspn(p, "\r\n");
        if (*p != '#') {
            bool fine = copy_bytes(line, sizeof line, p, len);
            if (!names && (!fine || !add_rate(line)))
                log_write(LOG_ERROR, "fees", "fee_schedule.csv: cannot read \"%.60s\"", line);
            names = false;
        }
        p += len;
    }
}

/* The rate in force; before the first day of the list its first, for a fee was never not there. */
static struct fee_rate rate_on(enum fee_kind kind, int32_t day)
{
    struct fee_rate best = {.valid_from = DAY_NONE}, first = {.valid_from = INT32_MAX};
    load();
    for (size_t i = 0; i < schedule.n[kind]; i++) {
        struct fee_rate r = schedule.rate[kind][i];
        if (r.valid_from < first.valid_from)
            first = r;
        if (r.valid_from <= day && r.valid_from > best.valid_from)
            best = r;
    }
    return best.valid_from == DAY_NONE ? first : best;
}

/* ceil(a * b / unit) cents, in micro-dollars. A product past int64 is rounded up the coarser way:
 * no fee becomes smaller because a sale was large. */
static int64_t whole_cents(int64_t a, int64_t b, int64_t unit)
{
    int64_t product;
    if (__builtin_mul_overflow(a, b, &product))
        return (a / unit + 1) * b * CENT;
    return (product / unit + (product % unit != 0)) * CENT;
}

int64_t fees_of_sale(int32_t day, int64_t quantity, int64_t notional)
{
    if (quantity <= 0 || notional <= 0)
        return 0;
    /* Cents for a million dollars times micro-dollars: 10^12 of them are a cent. */
    struct fee_rate r = rate_on(FEE_SEC, day);
    int64_t sec = whole_cents(notional, r.rate, 1000000 * INT64_C(1000000));
    r = rate_on(FEE_TAF, day);
    int64_t taf = whole_cents(quantity, r.rate, CENT);
    return sec + (r.most > 0 && taf > r.most ? r.most : taf);
}
