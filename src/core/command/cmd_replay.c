/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What happened, event by event; the same question asked again; two evaluations side by side. */
#include <stdio.h>
#include <string.h>

#include "core/command/commands.h"
#include "core/command/compare.h"
#include "core/command/show.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { ASK_AGAIN_MS = 600000 };

/* ---- stored events */

/* On a virtual clock most of an evaluation is one moment: then the rank tells the order. $2 is the
 * position of a trade, or NULL: the evaluation's own. */
static const struct statement events = {
    "replay",
    "WITH e AS (SELECT * FROM evaluations WHERE id = $1::bigint), "
    "p AS (SELECT * FROM positions WHERE id = COALESCE($2::bigint, (SELECT max(q.id) FROM positions"
    "  q WHERE q.evaluation_id = $1::bigint))), "
    "o AS (SELECT * FROM orders WHERE position_id = (SELECT id FROM p)), "
    "ev (at, rank, what, who, words) AS ("
    " SELECT e.created_at, 1, 'asked', e.requested_by, format('evaluate %s as of %s%s', e.symbol,"
    "   minute_text(e.as_of),"
    "   CASE WHEN e.request ? 'replay_of' THEN ', again with the inputs of #' ||"
    "     (e.request->>'replay_of') ELSE '' END) FROM e "
    " UNION ALL SELECT d.created_at, 2, 'facts', '', format('dossier %s...; %s bars from %s to %s',"
    "   left(d.sha256, 12), d.bars_count, d.bars_from, d.bars_to) FROM dossiers d, e"
    "   WHERE d.evaluation_id = e.id"
    " UNION ALL SELECT e.created_at, 3, 'regime', 'rule', format('%s %s%%, price %s', e.regime,"
    "   round(e.regime_confidence::numeric), trim_scale(e.price)) FROM e WHERE e.regime IS NOT NULL"
    " UNION ALL SELECT i.created_at, CASE WHEN i.action = 'repair' THEN 5 ELSE 4 END, 'call',"
    "   i.agent_name, format('%s asked with prompt v%s%s: %s after %s ms, %s tokens, $%s%s',"
    "     i.model, COALESCE(a.version::text, '?'), CASE WHEN i.propensity < 1 THEN"
    "       format(' (drawn with chance %s%%)', round((100 * i.propensity)::numeric)) ELSE '' END,"
    "     i.status, i.latency_ms, i.tokens_used, trim_scale(i.cost_usd),"
    "     COALESCE(': ' || i.error, '')) FROM agent_interactions i LEFT JOIN agent_prompts a"
    "   ON a.id = i.prompt_id, e WHERE i.evaluation_id = e.id AND i.model IS NOT NULL"
    " UNION ALL SELECT v.created_at, CASE v.role WHEN 'veto' THEN 8 ELSE 6 END, 'vote', v.agent,"
    "   format('%s%s says %s%s: %s', v.source, CASE WHEN v.counted THEN '' ELSE ', not counted,' "
    "END,"
    "     COALESCE(NULLIF(v.answer, ''), v.vote), CASE WHEN v.vote IN ('ABSTAIN', 'FAILED') THEN ''"
    "     ELSE ' ' || round(v.confidence::numeric) || '%' END, v.reason)"
    "   FROM votes v, e WHERE v.evaluation_id = e.id"
    " UNION ALL SELECT COALESCE(e.finished_at, e.created_at), 7, 'consensus', '',"
    "   format('%s: %s', e.decision, e.consensus_reason) FROM e WHERE e.consensus_reason IS NOT "
    "NULL"
    " UNION ALL SELECT COALESCE(e.finished_at, e.created_at), 9, 'size', '',"
    "   format('%s, %s shares: %s', e.risk_decision, e.shares, e.size_reason) FROM e"
    "   WHERE e.risk_decision IS NOT NULL"
    " UNION ALL SELECT e.finished_at, 10, lower(e.state), '', concat_ws('; ', "
    "NULLIF(e.state_reason,"
    "   ''), format('%s ms, $%s', e.latency_ms, trim_scale(e.cost_usd)), CASE WHEN e.degraded THEN"
    "   'degraded: ' || e.degraded_reason END, 'order: ' || e.order_result) FROM e"
    "   WHERE e.finished_at IS NOT NULL"
    " UNION ALL SELECT o.created_at, 11, 'order', o.requested_by, format('%s %s %s %s%s', o.side,"
    "   o.quantity, o.symbol, o.kind, CASE WHEN o.kind = 'STOP' THEN"
    "     format(' at %s%s', trim_scale(COALESCE(p.initial_stop, o.stop_price)), CASE WHEN"
    "       o.stop_price <> p.initial_stop THEN ', moved since to ' || trim_scale(o.stop_price)"
    "       ELSE '' END) ELSE COALESCE(' for ' || o.exit_reason, '') ||"
    "     COALESCE(' at ' || trim_scale(o.limit_price), '') END) FROM o, p"
    " UNION ALL SELECT f.filled_at, 12, 'fill', '', format('%s %s at %s, fees $%s', CASE o.side "
    "WHEN"
    "   'BUY' THEN 'bought' ELSE 'sold' END, f.quantity, trim_scale(f.price),"
    "   trim_scale(f.fees_usd)) FROM fills f JOIN o ON o.id = f.order_id"
    " UNION ALL SELECT o.closed_at, 13, 'order', '', format('%s for %s %s: %s', o.side,"
    "   COALESCE(o.exit_reason, 'entry'), lower(o.state), o.state_reason) FROM o"
    "   WHERE o.state IN ('CANCELLED', 'REJECTED') AND o.closed_at IS NOT NULL"
    " UNION ALL SELECT t.closed_at, 14, 'closed', '', format('trade #%s by %s: %s$%s, %s R', t.id,"
    "   t.exit_reason, CASE WHEN t.pnl_dollars < 0 THEN '-' ELSE '+' END,"
    "   trim_scale(abs(t.pnl_dollars)), round(t.r_multiple::numeric, 2)) FROM trade_outcomes t, p"
    "   WHERE t.position_id = p.id"
    " UNION ALL SELECT s.resolved_at, 15, 'outcome', '', CASE s.state WHEN 'VOID' THEN"
    "   'not followed: ' || s.reason ELSE format('%s on %s after %s sessions, %s R', s.outcome,"
    "   s.exit_day, s.sessions, round(s.r_multiple::numeric, 2)) END FROM shadow_outcomes s, e"
    "   WHERE s.evaluation_id = e.id AND s.resolved_at IS NOT NULL"
    " UNION ALL SELECT c.scored_at, 16, 'score', c.agent, format('%s said %s%% of the target first;"
    " Brier %s', c.source, round((100 * c.probability)::numeric), round(c.brier::numeric, 3))"
    "   FROM vote_scores c, e WHERE c.evaluation_id = e.id"
    " UNION ALL SELECT n.created_at, 17, 'note', n.operator, n.note FROM notes n, e"
    "   WHERE n.object = 'evaluation ' || e.id OR n.object IN"
    "     (SELECT 'trade ' || t.id FROM trade_outcomes t, p WHERE t.position_id = p.id)) "
    "SELECT at, what, NULLIF(who, ''), words "
    "FROM ev ORDER BY ev.at, ev.rank, who, words"};

static const struct statement of_trade = {"replay trade",
                                          "SELECT t.evaluation_id, t.position_id, t.symbol FROM "
                                          "trade_outcomes t WHERE t.id = $1::bigint"};
static const struct statement of_evaluation = {
    "replay evaluation", "SELECT symbol, state FROM evaluations WHERE id = $1::bigint"};

static enum err nothing(struct call *c, const char *what, int64_t id, struct error *e)
{
    err_set(e, ERR_USAGE, "there is no %s #%lld on the %s desk", what, (long long)id,
            desk_kind_name(c->desk->kind));
    return err_fix(e, "quorum %ss lists them", what);
}

static enum err show_events(struct call *c, int64_t evaluation, int64_t position, struct error *e)
{
    static const struct column columns[] = {
        {"at", "AT", COLUMN_TIME},
        {"what", "WHAT", COLUMN_TEXT},
        {"who", "WHO", COLUMN_TEXT},
        {"text", "", COLUMN_TEXT},
    };
    struct params p = {0};
    struct rows r = {0};
    struct table t;
    params_int(&p, evaluation);
    if (position)
        params_int(&p, position);
    else
        params_text(&p, NULL);
    if (db_query(c->desk->db, &events, &p, &r, e))
        return e->kind;
    table_begin(&t, columns, ARRAY_LEN(columns));
    table_rows(&t, &r);
    rows_release(&r);
    table_end(&t, c->out, "nothing is stored of it");
    return OK;
}

static enum err replay_evaluation(struct call *c, int64_t id, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    params_int(&p, id);
    if (db_query(c->desk->db, &of_evaluation, &p, &r, e))
        return e->kind;
    if (r.nrows == 0)
        nothing(c, "evaluation", id, e);
    else if (c->out->format == OUTPUT_TEXT)
        out_line(c->out, "%s desk, evaluation #%lld %s: as it was stored",
                 desk_kind_name(c->desk->kind), (long long)id, rows_text(&r, 0, 0));
    rows_release(&r);
    return e->kind ? e->kind : show_events(c, id, 0, e);
}

static enum err replay_trade(struct call *c, int64_t id, struct error *e)
{
    struct params p = {0};
    struct rows r = {0};
    int64_t evaluation = 0, position = 0;
    params_int(&p, id);
    if (db_query(c->desk->db, &of_trade, &p, &r, e))
        return e->kind;
    if (r.nrows == 0) {
        nothing(c, "trade", id, e);
    } else {
        evaluation = rows_int(&r, 0, 0);
        position = rows_int(&r, 0, 1);
        if (c->out->format == OUTPUT_TEXT)
            out_line(c->out, "%s desk, trade #%lld %s, evaluation #%lld: as it was stored",
                     desk_kind_name(c->desk->kind), (long long)id, rows_text(&r, 0, 2),
                     (long long)evaluation);
    }
    rows_release(&r);
    return e->kind ? e->kind : show_events(c, evaluation, position, e);
}

/* ---- asked again */

struct asked {
    bool ended;
    int64_t id;
    struct error e;
};

static void asked_done(void *arg, int64_t id, const struct error *e)
{
    struct asked *a = arg;
    a->ended = true;
    a->id = id;
    if (e)
        a->e = *e;
}

static bool has_ended(void *arg)
{
    return ((const struct asked *)arg)->ended;
}

/* Said before anything is paid; a console has asked already. */
static enum err agree_on_price(struct call *c, const struct stored_evaluation *s,
                               const char *voters, struct error *e)
{
    char most[40], then[32], line[2][160];
    const char *lines[] = {line[0], line[1]};
    decimal_print(most, sizeof most, evaluation_estimate(c->desk, voters), MONEY_NANO_DIGITS, 4);
    snprintf(line[0], sizeof line[0], "asks the agents again with the inputs of #%lld %s, as of %s",
             (long long)s->id, s->symbol, s->as_of);
    snprintf(line[1], sizeof line[1], "costs at most $%s%s (it cost %s then); nothing is traded",
             most, c->desk->kind == DESK_DEMO ? ", simulated" : "", cost_text(then, s->cost_usd));
    if (c->console || call_confirm(c, 2, "yes", lines, 2, e) == OK)
        return OK;
    if (!c->yes && e->kind == ERR_CONFIRM && strcmp(e->fix, "add --yes") == 0)
        err_set(e, ERR_CONFIRM, "asking again costs at most $%s (it cost %s then)", most, then);
    return err_fix(e, "add --yes");
}

static enum err ask_again(struct call *c, const struct stored_evaluation *s, const char *voters,
                          int64_t *id, struct error *e)
{
    struct asked a = {0};
    struct dossier dossier = {0};
    struct evaluation_request r = {.symbol = s->symbol, .as_of = TIME_NONE, .replay_of = s->id};
    const char *facts = s->dossier ? s->dossier : "";
    if (dossier_read(&dossier, facts, strlen(facts), e))
        return e->kind;
    r.as_of = dossier.as_of;
    r.voters = *voters ? voters : NULL;
    r.min_agreement = s->needed;
    r.dossier = &dossier;
    enum err result = evaluation_start(c->desk, &r, asked_done, &a, e);
    if (!result && !loop_run_until(c->loop, has_ended, &a, ASK_AGAIN_MS)) {
        desk_close(c->desk); /* it reports its end to `a` now, while that lives */
        c->desk = NULL;
        result = err_set(e, ERR_TRANSIENT, "interrupted; what was stored stays");
    } else if (!result && a.e.kind) {
        *e = a.e;
        result = e->kind;
    }
    *id = a.id;
    dossier_release(&dossier);
    return result;
}

static enum err replay_live(struct call *c, int64_t id, struct error *e)
{
    struct stored_evaluation s = {0};
    const char *absent;
    int64_t again = 0;
    struct buf voters = {0};
    enum err result = evaluation_load(c->desk, id, true, &s, e);
    for (size_t i = 0; i < s.nvotes; i++)
        if (strcmp(s.vote[i].role, "voter") == 0 && strcmp(s.vote[i].source, "baseline") == 0)
            buf_printf(&voters, "%s%s", voters.len ? "," : "", s.vote[i].agent);
    if (!result && (absent = desk_model_absent(c->desk)))
        result = err_set(e, ERR_POLICY, "no model is asked on this desk: %s", absent);
    if (!result && !s.dossier)
        result =
            err_set(e, ERR_FAILED, "the inputs of #%lld are not stored (any more)", (long long)id);
    if (!result && agree_on_price(c, &s, buf_text(&voters), e) == OK &&
        prompts_store(c->desk, e) == OK)
        result = ask_again(c, &s, buf_text(&voters), &again, e);
    else if (!result)
        result = e->kind;
    stored_evaluation_release(&s);
    buf_release(&voters);
    return result ? result : compare_evaluations(c, id, again, e);
}

/* ---- the commands */

static enum err check_replay(const struct call *c, struct error *e)
{
    int64_t id;
    bool of_a_trade = strcmp(c->arg[0], "trade") == 0;
    if (c->nargs == 2 && !of_a_trade) {
        err_set(e, ERR_USAGE, "replay takes one id, or: trade ID");
        return err_code(e, "E04");
    }
    if (of_a_trade && c->nargs < 2)
        return call_id("", "trade", &id, e);
    if (of_a_trade && call_option(c, "live")) {
        err_set(e, ERR_USAGE, "a trade cannot be asked again: its evaluation can");
        return err_fix(e, "quorum replay trade %.20s tells which it is", c->arg[1]);
    }
    return of_a_trade ? call_id(c->arg[1], "trade", &id, e)
                      : call_id(c->arg[0], "evaluation", &id, e);
}

static enum err run_replay(struct call *c, struct error *e)
{
    int64_t id;
    if (c->nargs == 2)
        return call_id(c->arg[1], "trade", &id, e) || call_desk(c, e) ? e->kind
                                                                      : replay_trade(c, id, e);
    if (call_id(c->arg[0], "evaluation", &id, e) || call_desk(c, e))
        return e->kind;
    return call_option(c, "live") ? replay_live(c, id, e) : replay_evaluation(c, id, e);
}

/* A process of its own asks when it knows the price; the console before. */
static int replay_level(const struct call *c)
{
    return c->console && call_option(c, "live") ? 2 : 0;
}

static enum err check_diff(const struct call *c, struct error *e)
{
    int64_t id[2];
    if (call_id(c->arg[0], "evaluation", &id[0], e) || call_id(c->arg[1], "evaluation", &id[1], e))
        return e->kind;
    return id[0] == id[1] ? err_set(e, ERR_USAGE, "an evaluation does not differ from itself") : OK;
}

static enum err run_diff(struct call *c, struct error *e)
{
    int64_t id[2];
    if (call_id(c->arg[0], "evaluation", &id[0], e) ||
        call_id(c->arg[1], "evaluation", &id[1], e) || call_desk(c, e))
        return e->kind;
    return compare_evaluations(c, id[0], id[1], e);
}

static const struct option_row replay_options[] = {
    {"live", NULL,
     "ask the agents again with the stored inputs: costs money, never trades (--yes)"},
    {NULL, NULL, NULL},
};

const struct command replay_commands[] = {
    {.name = "replay",
     .group = "Asking the agents",
     .usage = "ID|trade ID",
     .help = "an evaluation or trade event by event, as stored; --live asks again",
     .details =
         "Questions, replies, votes, size, orders, fills, exit and outcome in their order. With\n"
         "--live today's models and prompts get the same facts, as an evaluation of its own whose\n"
         "outcome is not followed; the price is said first, and then how the votes differ.",
     .min_args = 1,
     .max_args = 2,
     .options = replay_options,
     .level_of = replay_level,
     .check = check_replay,
     .run = run_replay},
    {.name = "diff",
     .group = "Asking the agents",
     .usage = "ID1 ID2",
     .help = "two evaluations side by side: votes, prompt versions, parameters, facts",
     .min_args = 2,
     .max_args = 2,
     .no_csv = true,
     .check = check_diff,
     .run = run_diff},
    {.name = NULL},
};
