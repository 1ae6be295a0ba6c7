/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Deciding about proposed changes: each act is one function of migrations/0014. */
#include "core/desk/review_private.h"

#include <stdio.h>
#include <string.h>

#include "quorum/log.h"
#include "quorum/parameters.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { SHADOW_TRADES = 20, PARAMETER_PLACES = 6 };

#define ANSWER "id, code, words, fix, status, (extract(epoch FROM apply_at) * 1000000)::bigint"
#define LOOKED "$1::bigint, $2::int, $3, $4, $5, $6"

static const struct verb {
    const char *name;
    struct statement act;
} verbs[REVIEW_VERBS] = {
    [REVIEW_APPROVE] = {"approve",
                        {"review approve",
                         "SELECT " ANSWER " FROM review_approve(" LOOKED ", $7::interval)"}},
    [REVIEW_REJECT] = {"reject",
                       {"review reject", "SELECT " ANSWER " FROM review_reject(" LOOKED ")"}},
    [REVIEW_DEFER] = {"defer",
                      {"review defer",
                       "SELECT " ANSWER " FROM review_defer(" LOOKED ", $7::interval)"}},
    [REVIEW_SHADOW] = {"shadow",
                       {"review shadow",
                        "SELECT " ANSWER " FROM review_shadow(" LOOKED ", $7::int)"}},
    [REVIEW_UNSHADOW] = {"unshadow",
                         {"review unshadow", "SELECT " ANSWER " FROM review_unshadow(" LOOKED ")"}},
    [REVIEW_REVERT] = {"revert",
                       {"review revert", "SELECT " ANSWER " FROM review_revert(" LOOKED ")"}},
    [REVIEW_UNDO] = {"undo",
                     {"review undo", "SELECT " ANSWER " FROM review_undo($1::bigint, $2, $3)"}},
};

const char *review_verb_name(enum review_verb v)
{
    return (unsigned)v < REVIEW_VERBS ? verbs[v].name : "?";
}

/* ---- acting ---- */

static enum err kind_of(const char *code)
{
    static const struct {
        const char *code;
        enum err kind;
    } kinds[] = {{"E05", ERR_USAGE},    {"E10", ERR_USAGE},  {"E11", ERR_CONFLICT},
                 {"E12", ERR_CONFLICT}, {"E13", ERR_POLICY}, {"E14", ERR_POLICY},
                 {"E15", ERR_CONFLICT}, {"E50", ERR_USAGE},  {"E51", ERR_CONFLICT}};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(kinds[i].code, code) == 0)
            return kinds[i].kind;
    return ERR_FAILED;
}

const char *review_cell(const struct rows *r, size_t row, size_t col)
{
    const char *text = rows_text(r, row, col);
    return text ? text : "";
}

static void clean_cell(char *dst, size_t size, const struct rows *r, size_t row, size_t col)
{
    sanitize_line(dst, size, untrusted(review_cell(r, row, col)));
}

/* Columns code, words, fix from `col` on; OK when there is no code. */
enum err review_refused(const struct rows *r, size_t row, size_t col, struct error *e)
{
    char words[480], fix[240];
    const char *code = review_cell(r, row, col);
    if (!*code)
        return OK;
    clean_cell(words, sizeof words, r, row, col + 1);
    clean_cell(fix, sizeof fix, r, row, col + 2);
    err_set(e, kind_of(code), "%s", words);
    if (*fix)
        err_fix(e, "%s", fix);
    return err_code(e, code);
}

int review_hold_s(const struct desk *d)
{
    return d->review_hold_s > 0 ? d->review_hold_s : REVIEW_HOLD_S;
}

static void bind_act(const struct desk *d, struct params *p, const struct review_act *a)
{
    char extra[40];
    struct buf reason = {0}; /* whole: the database refuses a long one rather than cut it */
    sanitize(&reason, untrusted(a->reason ? a->reason : ""), TEXT_LINE, 0);
    params_int(p, a->id);
    if (a->verb != REVIEW_UNDO) {
        params_int(p, a->version);
        params_text(p, a->digest ? a->digest : "");
        params_text(p, buf_text(&reason));
    }
    buf_release(&reason);
    params_text(p, operator_name());
    params_text(p, operator_origin());
    if (a->verb == REVIEW_APPROVE)
        snprintf(extra, sizeof extra, "%d seconds", review_hold_s(d));
    else if (a->verb == REVIEW_DEFER)
        snprintf(extra, sizeof extra, "%lld seconds", (long long)(a->defer_us / USEC_SECOND));
    else if (a->verb == REVIEW_SHADOW)
        snprintf(extra, sizeof extra, "%d", a->trades ? a->trades : SHADOW_TRADES);
    else
        return;
    params_text(p, extra);
}

static const struct statement living = {
    "review engines", "SELECT EXISTS (SELECT FROM engines WHERE state IN ('STARTING', 'RUNNING')"
                      " AND heartbeat_at > clock_timestamp() - interval '15 seconds')"};

/* When an approval takes effect: somebody has to be there to apply it. */
static void say_when(struct desk *d, struct review_result *out)
{
    struct rows r = {0};
    struct error ignored = {0};
    size_t n = strlen(out->text);
    if (db_query(d->db, &living, NULL, &r, &ignored) == OK && !rows_bool(&r, 0, 0))
        snprintf(out->text + n, sizeof out->text - n,
                 "; no engine runs: after %d s it applies with the next command about "
                 "adjustments, or when an engine starts; undo undoes",
                 review_hold_s(d));
    else
        snprintf(out->text + n, sizeof out->text - n, "; applies in %d s; undo undoes",
                 review_hold_s(d));
    rows_release(&r);
}

enum err review_act(struct desk *d, const struct review_act *a, struct review_result *out,
                    struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    *out = (struct review_result){.id = a->id, .apply_at = TIME_NONE};
    bind_act(d, &p, a);
    if (db_query(d->db, &verbs[a->verb].act, &p, &r, e))
        return e->kind;
    enum err result = review_refused(&r, 0, 1, e);
    if (!result) {
        out->id = rows_int(&r, 0, 0);
        copy_text(out->status, sizeof out->status, review_cell(&r, 0, 4));
        clean_cell(out->text, sizeof out->text, &r, 0, 2);
        if (rows_text(&r, 0, 5))
            out->apply_at = rows_int(&r, 0, 5);
    }
    rows_release(&r);
    if (result)
        return result;
    log_write(LOG_INFO, "review", "%s #%lld by %s: %s", verbs[a->verb].name, (long long)out->id,
              operator_name(), out->status);
    if (a->verb == REVIEW_APPROVE)
        say_when(d, out);
    else if (a->verb == REVIEW_DEFER)
        copy_text(out->text + strlen(out->text), sizeof out->text - strlen(out->text),
                  "; undo takes it back");
    return OK;
}

static const struct statement looks = {
    "review looks", "UPDATE strategy_adjustments SET reviewing_by = $2,"
                    " reviewing_until = clock_timestamp() + interval '60 seconds'"
                    " WHERE id = $1::bigint AND status IN ('PENDING', 'DEFERRED', 'SHADOW')"};

void review_looks(struct desk *d, int64_t id, const char *session)
{
    struct params p = {0};
    params_int(&p, id);
    params_text(&p, session);
    db_send(d->db, &looks, &p, NULL, NULL); /* a courtesy: that it fails harms nothing */
}

/* ---- what time does ---- */

struct passing {
    review_pass_fn *done;
    void *arg;
};

static void passed(void *arg, struct rows *r, const struct error *e)
{
    struct passing p = *(struct passing *)arg;
    bool failed = e && e->kind;
    int64_t changed = failed ? 0 : rows_int(r, 0, 0);
    mem_free(arg);
    if (changed)
        log_write(LOG_INFO, "review", "%lld adjustments applied, expired or shown again",
                  (long long)changed);
    if (p.done)
        p.done(p.arg, changed, failed ? e : NULL);
}

static const struct statement pass = {"review pass", "SELECT changed FROM review_pass()"};

void review_pass(struct desk *d, review_pass_fn *done, void *arg)
{
    struct passing *p = mem_alloc(sizeof *p);
    *p = (struct passing){.done = done, .arg = arg};
    db_send(d->db, &pass, NULL, passed, p);
}

/* ---- proposals ---- */

/* What a shadow of the same change showed belongs to it, whatever is measured anew. */
static const struct statement propose = {
    "review propose",
    "SELECT id, status FROM review_propose($1, $2::numeric, $3::numeric, $4, $5,"
    " $6::double precision, $7, $8, $9, $10, COALESCE((SELECT jsonb_build_object('shadow',"
    "   s.evidence->'shadow') FROM strategy_adjustments s WHERE s.parameter_name = $1"
    "   AND s.old_value IS NOT DISTINCT FROM $2::numeric"
    "   AND s.new_value IS NOT DISTINCT FROM $3::numeric AND s.status IN ('PENDING', 'DEFERRED')"
    "   AND s.evidence ? 'shadow' ORDER BY s.id DESC LIMIT 1), '{}') || $11::jsonb,"
    " $12::bigint)"};

static void params_value(struct params *p, struct value v)
{
    char text[48];
    snprintf(text, sizeof text, "%.*f", PARAMETER_PLACES, v.v);
    params_text(p, v.known ? text : NULL);
}

enum err review_propose(struct desk *d, const struct proposal *p, int64_t *id, struct error *e)
{
    struct params q = {0};
    struct rows r = {0};
    *id = 0;
    params_text(&q, p->parameter);
    params_value(&q, p->old_value);
    params_value(&q, p->new_value);
    params_text(&q, gate_verdict_name(p->gate.verdict));
    params_text(&q, p->gate.reason);
    params_double(&q, p->gate.confidence);
    params_text(&q, learning_level_name(p->gate.risk));
    params_text(&q, learning_level_name(p->gate.priority));
    params_text(&q, p->reasoning ? p->reasoning : "");
    params_text(&q, p->by ? p->by : "baseline");
    params_text(&q, p->evidence ? p->evidence : "{}");
    params_int(&q, p->cycle);
    if (db_query(d->db, &propose, &q, &r, e))
        return e->kind;
    *id = rows_int(&r, 0, 0);
    log_write(LOG_INFO, "review", "proposal #%lld %s: %s", (long long)*id, p->parameter,
              review_cell(&r, 0, 1));
    rows_release(&r);
    return OK;
}

/* ---- one's own record ---- */

static const struct statement record = {
    "review record", "SELECT approved, better, worse, unclear, auto, auto_better, auto_worse,"
                     " auto_unclear FROM review_record($1)"};

enum err review_record(struct desk *d, const char *who, struct review_record *out, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    *out = (struct review_record){0};
    params_text(&p, who);
    if (db_query(d->db, &record, &p, &r, e))
        return e->kind;
    *out = (struct review_record){
        .approved = rows_int(&r, 0, 0),
        .better = rows_int(&r, 0, 1),
        .worse = rows_int(&r, 0, 2),
        .unclear = rows_int(&r, 0, 3),
        .automatic = rows_int(&r, 0, 4),
        .auto_better = rows_int(&r, 0, 5),
        .auto_worse = rows_int(&r, 0, 6),
        .auto_unclear = rows_int(&r, 0, 7),
    };
    rows_release(&r);
    long long open = (long long)(out->approved - out->better - out->worse - out->unclear);
    snprintf(out->text, sizeof out->text,
             "you approved %lld: %lld better, %lld worse, %lld unclear%s; auto %lld: "
             "%lld/%lld/%lld",
             (long long)out->approved, (long long)out->better, (long long)out->worse,
             (long long)out->unclear, open > 0 ? ", the rest is being measured" : "",
             (long long)out->automatic, (long long)out->auto_better, (long long)out->auto_worse,
             (long long)out->auto_unclear);
    return OK;
}
