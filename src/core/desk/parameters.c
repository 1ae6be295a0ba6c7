/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The registry of what may be learned: bounds from the database, words and checks here. */
#include "quorum/parameters.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "quorum/money.h"
#include "quorum/outcomes.h"
#include "quorum/sizing.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

#define TRAIL_BASELINE 3.0 /* x ATR, as broker_open() has it */

static const char *const names[PARAMETERS] = {
    [PARAM_STOP_MULT] = "stop_mult",
    [PARAM_TARGET_MULT] = "target_mult",
    [PARAM_TIME_EXIT] = "time_exit",
    [PARAM_TRAIL_ATR] = "trail_atr",
    [PARAM_EXPLORATION_PCT] = "exploration_pct",
    [PARAM_RSI_MAX] = "rsi_max",
    [PARAM_MIN_VOLUME_RATIO] = "min_volume_ratio",
    [PARAM_MIN_CONFIDENCE] = "min_confidence",
};

static const struct statement load = {
    "parameters",
    "SELECT p.name, p.title, p.unit, p.low, p.high, p.step, p.baseline, p.risk, p.class, v.id,"
    "  v.value, v.set_by, (extract(epoch FROM v.created_at) * 1000000)::bigint, p.does "
    "FROM parameters p LEFT JOIN LATERAL (SELECT * FROM parameter_versions v"
    "  WHERE v.name = p.name ORDER BY v.id DESC LIMIT 1) v ON true ORDER BY p.position"};

const char *parameter_name(enum parameter_id id)
{
    return (unsigned)id < PARAMETERS ? names[id] : "?";
}

enum parameter_id parameter_find(const char *name)
{
    for (int i = 0; i < PARAMETERS; i++)
        if (strcmp(names[i], name) == 0)
            return (enum parameter_id)i;
    return PARAMETERS;
}

/* As in the table, which a test compares. */
static struct value baseline_of(const struct desk *d, enum parameter_id id)
{
    switch (id) {
    case PARAM_STOP_MULT:
        return VALUE(STOP_MULTIPLE);
    case PARAM_TARGET_MULT:
        return VALUE(TARGET_MULTIPLE);
    case PARAM_TIME_EXIT:
        return VALUE(BARRIER_SESSIONS);
    case PARAM_TRAIL_ATR:
        return VALUE(TRAIL_BASELINE);
    case PARAM_EXPLORATION_PCT:
        return VALUE(decimal_to_double(desk_decimal(d, SETTING_EXPLORATION_PCT, 2), 2));
    default:
        return VALUE_UNKNOWN;
    }
}

/* The next word of *text into dst; false at the end. */
static bool next_word(const char **text, char *dst, size_t size)
{
    size_t len = strcspn(*text, " ");
    bool fits = len > 0 && copy_bytes(dst, size, *text, len);
    *text += len + ((*text)[len] == ' ');
    return fits;
}

void parameters_read(const struct desk *d, const char *in_force, struct parameter out[PARAMETERS])
{
    char name[64], id[32], value[64];
    for (int i = 0; i < PARAMETERS; i++) {
        out[i] = (struct parameter){.name = names[i], .baseline = baseline_of(d, i)};
        out[i].value = out[i].baseline;
    }
    while (in_force && next_word(&in_force, name, sizeof name) &&
           next_word(&in_force, id, sizeof id) && next_word(&in_force, value, sizeof value)) {
        double x = 0;
        enum parameter_id which = parameter_find(name);
        if (which == PARAMETERS || !text_to_int64(id, &out[which].version))
            continue;
        out[which].value = text_to_double(value, &x) ? VALUE(x) : VALUE_UNKNOWN;
    }
}

static struct value value_at(const struct rows *r, size_t row, size_t col)
{
    bool is_null;
    double x = rows_double(r, row, col, &is_null);
    return is_null ? VALUE_UNKNOWN : VALUE(x);
}

static enum risk_direction direction(const char *word)
{
    if (strcmp(word, "rises") == 0)
        return RISK_RISES;
    return strcmp(word, "falls") == 0 ? RISK_FALLS : RISK_BOTH_WAYS;
}

static enum parameter_class class_of(const char *word)
{
    if (strcmp(word, "exit") == 0)
        return PARAMETER_EXIT;
    return strcmp(word, "size") == 0 ? PARAMETER_SIZE : PARAMETER_FILTER;
}

static void read_row(const struct desk *d, const struct rows *r, size_t row, struct parameter *p)
{
    bool has = rows_text(r, row, 9) != NULL, is_null;
    *p = (struct parameter){.name = names[row],
                            .low = rows_double(r, row, 3, &is_null),
                            .high = rows_double(r, row, 4, &is_null),
                            .step = rows_double(r, row, 5, &is_null),
                            .baseline = value_at(r, row, 6),
                            .risk = direction(rows_text(r, row, 7)),
                            .class = class_of(rows_text(r, row, 8)),
                            .version = rows_int(r, row, 9),
                            .set_at = has ? rows_int(r, row, 12) : TIME_NONE};
    copy_text(p->title, sizeof p->title, rows_text(r, row, 1));
    copy_text(p->unit, sizeof p->unit, rows_text(r, row, 2));
    copy_text(p->does, sizeof p->does, rows_text(r, row, 13));
    if (row == PARAM_EXPLORATION_PCT)
        p->baseline = baseline_of(d, PARAM_EXPLORATION_PCT);
    p->value = has ? value_at(r, row, 10) : p->baseline;
    if (has)
        copy_text(p->set_by, sizeof p->set_by, rows_text(r, row, 11));
}

enum err parameters_load(struct desk *d, struct parameter out[PARAMETERS], struct error *e)
{
    struct rows r = {0};
    if (db_query(d->db, &load, NULL, &r, e))
        return e->kind;
    bool same = r.nrows == PARAMETERS;
    for (size_t i = 0; same && i < PARAMETERS; i++) {
        same = strcmp(rows_text(&r, i, 0), names[i]) == 0;
        if (same)
            read_row(d, &r, i, &out[i]);
    }
    rows_release(&r);
    if (!same)
        return err_set(e, ERR_FAILED, "the parameters of the database are not this program's");
    return OK;
}

/* Places that show it whole, at most two. */
static int places(double x)
{
    int n = 0;
    for (; n < 2 && fabs(x - round(x)) > 1e-6; n++)
        x *= 10;
    return n;
}

const char *parameter_print(const struct parameter *p, struct value v, char *dst, size_t size)
{
    int least = places(p->step), own = places(v.v);
    if (v.known)
        snprintf(dst, size, "%.*f", own > least ? own : least, v.v);
    else
        copy_text(dst, size, "off");
    return dst;
}

/* Bounds, step and word of a parameter, for a person who missed them. */
static enum err outside(const struct parameter *p, const char *text, struct error *e)
{
    char low[24], high[24];
    struct buf clean = {0};
    sanitize(&clean, untrusted(text), TEXT_LINE, 40);
    err_set(e, ERR_USAGE, "%s cannot be %s: %s to %s in steps of %g%s", p->name, buf_text(&clean),
            parameter_print(p, VALUE(p->low), low, sizeof low),
            parameter_print(p, VALUE(p->high), high, sizeof high), p->step,
            p->class == PARAMETER_FILTER ? ", or off" : "");
    buf_release(&clean);
    err_fix(e, "quorum param %s", p->name);
    return err_code(e, "E14");
}

enum err parameter_parse(const struct parameter *p, const char *text, struct value *out,
                         struct error *e)
{
    double x;
    if (strcmp(text, "off") == 0 && p->class == PARAMETER_FILTER) {
        *out = VALUE_UNKNOWN;
        return OK;
    }
    if (!text_to_double(text, &x) || !isfinite(x) || x < p->low || x > p->high)
        return outside(p, text, e);
    double steps = (x - p->low) / p->step;
    if (fabs(steps - round(steps)) > 1e-6)
        return outside(p, text, e);
    *out = VALUE(p->low + round(steps) * p->step);
    return OK;
}

struct learning_change parameter_change(const struct parameter *p, struct value to)
{
    return (struct learning_change){.parameter = p->name,
                                    .registered = true,
                                    .now = p->value,
                                    .to = to,
                                    .low = p->low,
                                    .high = p->high,
                                    .step = p->step,
                                    .risk = p->risk};
}

bool parameters_admit(const struct parameter p[PARAMETERS], struct value rsi,
                      struct value volume_ratio, struct value confidence, char why[120])
{
    const struct value limit = p[PARAM_RSI_MAX].value, volume = p[PARAM_MIN_VOLUME_RATIO].value,
                       least = p[PARAM_MIN_CONFIDENCE].value;
    *why = 0;
    if (limit.known && rsi.known && rsi.v > limit.v)
        snprintf(why, 120, "RSI %.1f is above rsi_max %.0f", rsi.v, limit.v);
    else if (volume.known && volume_ratio.known && volume_ratio.v < volume.v)
        snprintf(why, 120, "volume %.2f of its mean is below min_volume_ratio %.1f", volume_ratio.v,
                 volume.v);
    else if (least.known && confidence.known && confidence.v < least.v)
        snprintf(why, 120, "confidence %.1f is below min_confidence %.0f", confidence.v, least.v);
    return *why == 0;
}
