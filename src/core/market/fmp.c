/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is asked of FMP: addresses, and how long an answer counts. */
#include "core/market/fmp.h"

#include <ctype.h>
#include <string.h>

#include "quorum/calendar.h"
#include "quorum/timeutil.h"

enum { HOUR_S = 3600, DAY_S = 86400, STATEMENTS = 5 /* the free plan gives no more */ };

/* The vendor has a session's bar some time after its close. */
#define BAR_DELAY (45 * 60 * USEC_SECOND)

static const struct {
    const char *name, *path;
    int64_t life_s;
} endpoints[FMP_ENDPOINTS] = {
    [FMP_QUOTE] = {"quote", "quote", 300},
    [FMP_PROFILE] = {"profile", "profile", 7 * DAY_S},
    [FMP_INCOME] = {"income", "income-statement", DAY_S},
    [FMP_BALANCE] = {"balance", "balance-sheet-statement", DAY_S},
    [FMP_CASH_FLOW] = {"cash-flow", "cash-flow-statement", DAY_S},
    [FMP_BARS] = {"eod", "historical-price-eod/full", 0},
};

const char *fmp_endpoint_name(enum fmp_endpoint p)
{
    return endpoints[p].name;
}

/* A class of shares is written with a dot in most places and with a hyphen at FMP; other dots are
 * exchanges (RIO.L). */
const char *fmp_symbol(char dst[16], const char *symbol)
{
    copy_text(dst, 16, symbol);
    size_t n = strlen(dst);
    for (size_t i = 0; i < n; i++)
        dst[i] = (char)toupper((unsigned char)dst[i]);
    if (n > 2 && dst[n - 2] == '.' && (dst[n - 1] == 'A' || dst[n - 1] == 'B'))
        dst[n - 2] = '-';
    return dst;
}

static void add_encoded(struct buf *out, const char *s)
{
    for (; *s; s++) {
        if (isalnum((unsigned char)*s) || strchr("-._~", *s))
            buf_char(out, *s);
        else
            buf_printf(out, "%%%02X", (unsigned char)*s);
    }
}

void fmp_url(struct buf *out, const char *base, enum fmp_endpoint p, const char *symbol,
             int32_t from)
{
    size_t n = strlen(base);
    char date[11];
    while (n > 0 && base[n - 1] == '/')
        n--;
    buf_add(out, base, n);
    buf_printf(out, "/stable/%s?symbol=", endpoints[p].path);
    add_encoded(out, symbol);
    if (p == FMP_BARS)
        buf_printf(out, "&from=%s", day_print(date, from));
    else if (p == FMP_INCOME || p == FMP_BALANCE || p == FMP_CASH_FLOW)
        buf_printf(out, "&period=annual&limit=%d", STATEMENTS);
}

int64_t fmp_life_s(enum fmp_endpoint p, int64_t now)
{
    if (p != FMP_BARS)
        return endpoints[p].life_s;
    int64_t had = calendar_close(calendar_last_closed(now - BAR_DELAY)) + BAR_DELAY;
    return now > had ? (now - had) / USEC_SECOND : 0;
}
