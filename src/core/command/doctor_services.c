/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The services a desk talks to: models and their prices, the budget, market data, feeds. Free of
 * charge: no tokens are bought and no counted call is made. */
#include <inttypes.h>
#include <string.h>

#include "core/command/doctor.h"
#include "quorum/evaluation.h"
#include "quorum/http.h"
#include "quorum/model.h"
#include "quorum/money.h"
#include "quorum/timeutil.h"
#include "quorum/vendor.h"

enum { SERVICE_MS = 10000, FEED_MS = 6000 };

struct answer_wait {
    bool ended;
    struct error error;
    int status;
};

static bool has_ended(void *arg)
{
    return ((const struct answer_wait *)arg)->ended;
}

static void model_checked(void *arg, const struct error *e)
{
    struct answer_wait *w = arg;
    w->ended = true;
    if (e)
        w->error = *e;
}

/* The wait lives on: an answer that comes after the deadline must find it. */
static struct answer_wait *new_wait(void)
{
    static struct answer_wait wait[16];
    static size_t n;
    struct answer_wait *w = &wait[n++ % ARRAY_LEN(wait)];
    *w = (struct answer_wait){0};
    return w;
}

static void check_one_model(struct desk *d, struct checks *k, const char *id)
{
    struct model *m = d->model;
    struct answer_wait *w = new_wait();
    const struct model_price *p = model_price_find(id, (int32_t)(time_machine_now() / USEC_DAY), 0);
    if (p)
        check_add(k, CHECK_OK, "model price", NULL, "%s: $%.3g in, $%.3g out a million tokens", id,
                  (double)p->input / 1000, (double)p->output / 1000);
    if (!m->ops->check) {
        check_add(k, CHECK_OK, "model", NULL, "%s model, costs are simulated", m->ops->name);
        return;
    }
    m->ops->check(m, id, model_checked, w);
    if (!loop_run_until(d->loop, has_ended, w, SERVICE_MS))
        check_add(k, CHECK_FAIL, "model", "see the network and ANTHROPIC_BASE_URL",
                  "%s: no answer in %d s", id, SERVICE_MS / 1000);
    else if (w->error.kind)
        check_error(k, "model", &w->error);
    else
        check_add(k, CHECK_OK, "model", NULL, "%s answers, the key is good", id);
}

static void check_models(struct desk *d, struct checks *k)
{
    char id[64], seen[512] = "";
    const char *absent = desk_model_absent(d);
    if (absent) {
        check_add(k, CHECK_OK, "model", NULL, "no model is asked: %s", absent);
        return;
    }
    for (const struct agent *const *a = d->agents; *a; a++) {
        struct error e = {0};
        if (desk_model(d, *a, id, &e)) {
            check_error(k, "model", &e);
            return;
        }
        if (strstr(seen, id))
            continue;
        size_t n = strlen(seen);
        copy_text(seen + n, sizeof seen - n, id);
        check_one_model(d, k, id);
    }
    if (d->model_warning)
        check_add(k, CHECK_WARN, "model", "set QUORUM_MODEL, then settings adopt QUORUM_MODEL",
                  "%s", d->model_warning);
}

static const struct statement quota = {
    "doctor quota", "SELECT COALESCE((SELECT used FROM vendor_quota WHERE vendor = 'fmp'"
                    "  AND day = vendor_day($1::int)), 0)"};

static void check_quota(struct desk *d, struct checks *k)
{
    struct params p = {0};
    struct rows r = {0};
    struct error e = {0};
    int64_t limit = desk_int(d, SETTING_FMP_DAILY_LIMIT);
    if (d->kind == DESK_DEMO)
        return;
    params_int(&p, desk_int(d, SETTING_FMP_RESET_HOUR));
    if (db_query(d->db, &quota, &p, &r, &e)) {
        check_error(k, "market calls", &e);
        return;
    }
    int64_t used = rows_int(&r, 0, 0);
    rows_release(&r);
    check_add(k, used < limit ? CHECK_OK : CHECK_WARN, "market calls",
              used < limit ? NULL : "cached data is used until the reset",
              "%" PRId64 " of %" PRId64 " used today, the day starts at %02" PRId64 ":00 UTC", used,
              limit, desk_int(d, SETTING_FMP_RESET_HOUR));
}

static void feed_answered(void *arg, const struct http_response *r)
{
    struct answer_wait *w = arg;
    w->ended = true;
    w->status = r->status;
    if (r->failure != HTTP_OK)
        err_set(&w->error, ERR_TRANSIENT, "%s", r->problem);
}

static void check_feed(struct desk *d, struct checks *k, const struct market_feed *f)
{
    struct answer_wait *w = new_wait();
    struct http_request r = {.method = "GET",
                             .url = f->url,
                             .header = {f->agent},
                             .nheaders = *f->agent ? 1 : 0,
                             .connect_ms = FEED_MS,
                             .first_byte_ms = FEED_MS,
                             .total_ms = FEED_MS};
    if (*f->skipped) {
        check_add(k, CHECK_WARN, "feed", NULL, "%s: %s", f->host, f->skipped);
        return;
    }
    http_send(d->http, &r, feed_answered, w);
    if (!loop_run_until(d->loop, has_ended, w, FEED_MS + 1000))
        check_add(k, CHECK_WARN, "feed", NULL, "%s: no answer", f->host);
    else if (w->error.kind || w->status != 200)
        check_add(k, CHECK_WARN, "feed", "an agent without headlines abstains",
                  "%s: %s (status %d)", f->host, w->error.kind ? w->error.text : "refused",
                  w->status);
    else
        check_add(k, CHECK_OK, "feed", NULL, "%s answers", f->host);
}

static void check_feeds(struct desk *d, struct checks *k)
{
    struct market_feed feeds[MARKET_FEEDS_MAX];
    char symbol[16];
    const char *list = desk_text(d, SETTING_WATCHLIST);
    if (d->kind == DESK_DEMO)
        return;
    copy_bytes(symbol, sizeof symbol, list, strcspn(list, " ,"));
    size_t n = market_feeds(settings_text(d->settings, SETTING_NEWS_FEEDS),
                            settings_text(d->settings, SETTING_CONTACT), symbol, feeds);
    for (size_t i = 0; i < n; i++)
        check_feed(d, k, &feeds[i]);
}

void check_services(struct desk *d, struct checks *k)
{
    check_models(d, k);
    check_quota(d, k);
    check_feeds(d, k);
}
