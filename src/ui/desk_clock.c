/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/desk_clock.h"

#include "quorum/calendar.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

#define STALE (5 * USEC_SECOND / 2) /* a virtual clock that did not move so long stands still */
#define AHEAD (1.5 * USEC_SECOND)   /* a virtual clock is carried on no further */
/* At speed 1: what went back further was set back, what did less is two answers' noise. */
#define JUMP_BACK (4 * USEC_SECOND)

static int64_t carried(const struct desk_clock *c, int64_t at)
{
    double limit = c->speed > 1 ? AHEAD : 1e15;
    double since = (double)(at - c->said_at);
    if (c->said == 0)
        return 0;
    /* On a virtual clock nobody knows what comes after the next tick. */
    since = since > limit ? limit : since < 0 ? 0 : since;
    if (c->speed > 1 && at - c->moved_at > STALE)
        return c->said;
    return c->said + (int64_t)(since * c->speed);
}

int64_t desk_clock_show(struct desk_clock *c, int64_t at)
{
    int64_t now = carried(c, at);
    double jump = (double)JUMP_BACK * (c->speed > 1 ? c->speed : 1);
    if (now < c->shown && (double)(c->shown - now) < jump)
        now = c->shown;
    return c->shown = now;
}

bool desk_clock_hear(struct desk_clock *c, const struct rows *status, int64_t at)
{
    int64_t now;
    double speed;
    const char *text = status->nrows ? rows_named(status, 0, "now") : NULL;
    const char *rate = status->nrows ? rows_named(status, 0, "speed") : NULL;
    if (!text || !time_parse(text, &now))
        return false;
    bool other_day = c->said && exchange_day(now) != exchange_day(c->said);
    if (now != c->said)
        c->moved_at = c->said == 0 && rate ? at - STALE : at;
    c->speed = rate && text_to_double(rate, &speed) && speed >= 0 ? speed : rate ? 0 : 1;
    c->said = now;
    c->said_at = at;
    return other_day;
}

bool desk_clock_skew(const struct rows *status, int64_t sent, int64_t at, int64_t *out)
{
    int64_t theirs, unsure = (at - sent) / 2;
    const char *text = status->nrows ? rows_named(status, 0, "machine") : NULL;
    if (!text || !time_parse(text, &theirs))
        return false;
    int64_t skew = time_machine_now() - unsure - theirs;
    *out = skew > -unsure && skew < unsure ? 0 : skew; /* a slow answer tells nothing */
    return true;
}
