/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "core/desk/evaluation_private.h"
#include "quorum/calendar.h"
#include "quorum/log.h"
#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { RENEW_EVERY_MS = 20000 };

static const struct statement create = {
    "evaluation create",
    "WITH ev AS ("
    "  INSERT INTO evaluations (symbol, requested_by, request, as_of, voters, needed, locked_by,"
    "                           max_cost_usd, lease_until, job_id, slot_at, origin)"
    "  VALUES ($1, $2, $4::text::jsonb, COALESCE($5::timestamptz, desk_now()), $6::int, $7::int,"
    "          $8, $9::numeric, clock_timestamp() + " LEASE ", $10::bigint, $11::timestamptz,"
    "          CASE WHEN $10::text IS NULL THEN 'operator' ELSE 'schedule' END)"
    "  RETURNING id, as_of) "
    "SELECT id, as_of, CASE WHEN $10::text IS NULL THEN audit_append($2, $3, 'evaluate',"
    "         'evaluation #' || id || ' ' || $1, '', '', $4::text) END,"
    "       ensure_partitions(desk_now()), " NOT_YET_ON_DISK ","
    "       (SELECT generation FROM prompts_state) FROM ev"};

static const struct statement renew = {
    "evaluation renew", "UPDATE evaluations SET lease_until = clock_timestamp() + " LEASE
                        " WHERE id = $1::bigint AND locked_by = $2 AND finished_at IS NULL"};

static struct evaluation *at_work; /* all of this process */

static void leave(struct evaluation *v)
{
    struct evaluation **p = &at_work;
    while (*p != v)
        p = &(*p)->next;
    *p = v->next;
}

bool evaluation_is_at_work(const struct desk *d, int64_t id, const struct evaluation *but)
{
    for (const struct evaluation *v = at_work; v; v = v->next)
        if (v != but && v->desk == d && v->id == id)
            return true;
    return false;
}

void evaluation_finish(struct evaluation *v, const struct error *e)
{
    evaluation_done_fn *done = v->done;
    void *arg = v->arg;
    int64_t id = v->id;
    struct error lost = e ? *e : (struct error){0}; /* it may go with v */
    if (v->gathering) {                             /* its answer needs v */
        v->over = lost;
        return;
    }
    if (e && e->kind == ERR_TRANSIENT && id && e != &v->unavailable) {
        err_wrap(&lost, "the database was lost under evaluation #%lld", (long long)id);
        err_fix(&lost, "what was stored stays; quorum evaluate --resume %lld finishes it",
                (long long)id);
    }
    if (lost.kind)
        log_write(LOG_WARN, "evaluation", "#%lld %s: %s", (long long)id, v->symbol, lost.text);
    leave(v);
    loop_timer_free(v->renewal);
    agent_calls_drop(&v->asker);
    evaluation_drop_ahead(v);
    dossier_release(&v->dossier);
    buf_release(&v->content);
    market_free(v->recorded);
    mem_free(v);
    done(arg, id, lost.kind ? &lost : NULL);
}

static void prepare_votes(struct evaluation *v);

void evaluation_facts_known(struct evaluation *v)
{
    evaluation_store_facts(v);
    prepare_votes(v); /* while the database stores what they rest on */
}

static void degrade(struct evaluation *v, const char *who, const char *why)
{
    size_t n = strlen(v->degraded);
    snprintf(v->degraded + n, sizeof v->degraded - n, "%s%s%s%s", n ? "; " : "", who,
             *who ? ": " : "", why);
}

static void write_degraded(const struct evaluation *v, struct json *j)
{
    json_flag(j, "degraded", *v->degraded != '\0');
    json_str(j, "degraded_reason", v->degraded);
}

static void size_and_ask(struct evaluation *v, const struct rows *account);

static void account_read(void *arg, struct rows *rows, const struct error *e)
{
    struct evaluation *v = arg;
    v->sized = !e || !e->kind;
    if (v->sized)
        size_and_ask(v, rows);
}

/* Goes before the step to SIZING, so that what it says is worked on while that is stored. */
static void read_account_ahead(struct evaluation *v)
{
    struct params p = {0};
    evaluation_account_params(v, &p);
    db_send(v->desk->db, &evaluation_account, &p, account_read, v);
}

static void send_votes(struct evaluation *v)
{
    struct buf b = {0};
    struct json j;
    evaluation_tally(v);
    const struct consensus *c = &v->consensus;
    const char *next = !c->quorum                    ? "NO_QUORUM"
                       : c->decision == DECISION_BUY ? "SIZING"
                                                     : "DECIDED";
    evaluation_patch_begin(&j, &b, next);
    json_str(&j, "decision", decision_name(c->decision));
    json_flag(&j, "consensus_reached", c->reached);
    json_int(&j, "agree", c->agree);
    json_str(&j, "consensus_reason", c->reason);
    json_str(&j, "state_reason", c->quorum ? "" : c->reason);
    write_degraded(v, &j);
    if (c->quorum && c->decision == DECISION_BUY)
        read_account_ahead(v);
    evaluation_advance(v, next, &j);
}

/* Takes what an agent's model said; true when the last open one came in. */
static bool take_call(struct evaluation *v, const struct agent_call_result *r)
{
    if (r->has_vote)
        evaluation_add_model_vote(v, r->agent, &r->vote);
    else
        degrade(v, r->agent->name, r->why);
    return --v->open_calls == 0;
}

static void vote_lost(void *arg, const struct agent *a, const char *why)
{
    struct evaluation *v = arg;
    evaluation_drop_model_vote(v, a);
    degrade(v, a->name, why);
    v->unsettled = true;
}

struct agent_asker *evaluation_asker(struct evaluation *v)
{
    struct agent_asker *k = &v->asker;
    k->desk = v->desk;
    k->dossier = &v->dossier;
    k->id = v->id;
    k->state = &v->state;
    k->symbol = v->symbol;
    k->as_of = v->as_of;
    k->unsettled = vote_lost;
    k->arg = v;
    return k;
}

static void vote_arrived(void *arg, const struct agent_call_result *r)
{
    struct evaluation *v = arg;
    if (take_call(v, r))
        send_votes(v);
}

/* Is this agent's model to be asked? Not when the data it needs is missing (its baseline says
 * so), when it has voted, or when its reply was paid for and lost. */
static bool wants_model(struct evaluation *v, const struct cast_vote *c)
{
    if (c->vote.state == VOTE_ABSTAIN || evaluation_model_vote(v, c->agent))
        return false;
    for (size_t i = 0; i < v->nlost; i++) {
        if (v->lost[i] == c->agent) {
            degrade(v, c->agent->name, "its reply was lost in a crash and is not paid twice");
            return false;
        }
    }
    return true;
}

static void ask_model(struct evaluation *v, const struct cast_vote *c)
{
    if (desk_model_absent(v->desk) || !wants_model(v, c))
        return;
    v->open_calls++;
    agent_call_add(evaluation_asker(v), c->agent, vote_arrived);
}

static void votes_stored(struct evaluation *v)
{
    if (--v->open_calls == 0)
        send_votes(v);
}

static void baselines_to_store(void *arg)
{
    evaluation_store_votes(arg, votes_stored);
}

/* The baselines' votes, and the questions to the models: as soon as the state is on its way. */
static void prepare_votes(struct evaluation *v)
{
    const char *none = desk_model_absent(v->desk);
    if (none)
        degrade(v, "baselines voted", none);
    evaluation_cast_baselines(v);
    v->open_calls = 1; /* until vote, so that no answer ends it early */
    for (size_t i = 0; i < v->nvotes; i++)
        ask_model(v, &v->vote[i]);
    v->open_calls++; /* of what follows when they are asked */
    evaluation_asker(v)->asked = baselines_to_store;
    agent_calls_send(&v->asker);
}

static void vote(struct evaluation *v)
{
    if (v->nvotes == 0)
        prepare_votes(v); /* resumed */
    if (--v->open_calls == 0)
        send_votes(v);
}

static void send_decision(struct evaluation *v)
{
    struct buf b = {0}, sheet = {0};
    struct json j;
    evaluation_apply_veto(v);
    const struct worksheet *w = &v->worksheet;
    evaluation_patch_begin(&j, &b, "DECIDED");
    json_str(&j, "risk_decision", v->risk_decision);
    json_int(&j, "shares", v->shares);
    if (w->shares)
        json_num(&j, "position_pct", w->position_pct * (double)v->shares / (double)w->shares);
    if (w->stop_fraction > 0) {
        json_num(&j, "stop_loss_pct", 100 * w->stop_fraction);
        json_num(&j, "take_profit_pct", 100 * w->target_fraction);
    }
    json_str(&j, "size_reason", v->risk_reason);
    json_str(&j, "binding", v->shares < w->shares ? "risk agent" : w->binding);
    if (*v->degraded)
        write_degraded(v, &j);
    evaluation_worksheet_json(v, &sheet);
    json_raw(&j, "worksheet", buf_text(&sheet));
    json_open(&j, "parameters", '{');
    for (size_t i = 0; i < PARAMETERS; i++)
        if (v->parameter[i].version)
            json_int(&j, v->parameter[i].name, v->parameter[i].version);
    json_close(&j, '}');
    evaluation_advance(v, "DECIDED", &j);
    buf_release(&sheet);
}

static void veto_arrived(void *arg, const struct agent_call_result *r)
{
    struct evaluation *v = arg;
    bool last = take_call(v, r);
    if (r->has_vote && r->vote.state == VOTE_FAILED)
        degrade(v, r->agent->name, "its answer failed; the code's size stands");
    if (last)
        send_decision(v);
}

static void decide(struct evaluation *v)
{
    if (--v->open_calls == 0)
        send_decision(v);
}

static void veto_to_store(void *arg)
{
    evaluation_store_votes(arg, decide);
}

static void size_and_ask(struct evaluation *v, const struct rows *account)
{
    size_t before = v->nvotes;
    v->nfacts = v->dossier.nfacts;
    evaluation_size(v, account);
    const struct cast_vote *c = v->nvotes > before ? &v->vote[before] : NULL;
    v->open_calls = 1; /* until decide */
    if (c && !desk_model_absent(v->desk) && wants_model(v, c)) {
        v->open_calls++;
        agent_call_add(evaluation_asker(v), c->agent, veto_arrived);
        v->open_calls++;
        v->asker.asked = veto_to_store;
        agent_calls_send(&v->asker);
    }
}

static void sized(void *arg, struct rows *rows, const struct error *e)
{
    struct evaluation *v = arg;
    if (e && e->kind) {
        evaluation_finish(v, e);
        return;
    }
    size_and_ask(v, rows);
    decide(v);
}

static void ignore_renewal(void *arg, struct rows *rows, const struct error *e)
{
    (void)arg;
    (void)rows;
    (void)e; /* the next step's fence tells */
}

/* Models may think for minutes; the lease must not run out under a living process. */
static void renew_lease(void *arg)
{
    struct evaluation *v = arg;
    struct params p = {0};
    params_int(&p, v->id);
    params_text(&p, owner_self());
    db_send(v->desk->db, &renew, &p, ignore_renewal, NULL);
    loop_timer_start(v->renewal, RENEW_EVERY_MS);
}

void evaluation_step_again(struct evaluation *v)
{
    v->state = v->stepped_from;
    if (strcmp(v->state, "SIZING") == 0) {
        v->shares = v->worksheet.shares;
        copy_text(v->risk_reason, sizeof v->risk_reason, v->worksheet.reason);
        send_decision(v);
        return;
    }
    agent_calls_drop(&v->asker);     /* of the state that was not come to */
    if (v->nvotes > v->sent_votes) { /* and so is what was sized */
        v->nvotes = v->sent_votes;
        v->dossier.nfacts = v->nfacts;
    }
    if (v->stored_votes > v->nvotes)
        v->stored_votes = v->nvotes;
    v->sized = false;
    send_votes(v);
}

void evaluation_step(struct evaluation *v)
{
    bool queued = strcmp(v->state, "QUEUED") == 0;
    if (queued && !v->gathered && !v->made) {
        evaluation_begin_gathering(v);
    } else if (queued || strcmp(v->state, "GATHERING") == 0) {
        evaluation_gather(v);
    } else if (strcmp(v->state, "VOTING") == 0) {
        vote(v);
    } else if (strcmp(v->state, "SIZING") == 0 && v->sized) {
        decide(v);
    } else if (strcmp(v->state, "SIZING") == 0) {
        struct params p = {0};
        evaluation_account_params(v, &p);
        db_send(v->desk->db, &evaluation_account, &p, sized, v);
    } else {
        evaluation_finish(v, NULL);
    }
}

static void prompts_read(void *arg, const struct error *e)
{
    struct evaluation *v = arg;
    if (e)
        evaluation_finish(v, e);
    else
        evaluation_step(v);
}

static void created(void *arg, struct rows *rows, const struct error *e)
{
    struct evaluation *v = arg;
    struct error bad = {0};
    if (e && e->kind) {
        evaluation_finish(v, e);
        return;
    }
    v->id = rows_int(rows, 0, 0);
    if (!time_parse(rows_text(rows, 0, 1), &v->as_of)) {
        err_set(&bad, ERR_FAILED, "the database gave a time that cannot be read: %s",
                rows_text(rows, 0, 1));
        evaluation_finish(v, &bad);
        return;
    }
    if (v->on_state)
        v->on_state(v->on_state_arg, v->id, v->state);
    if (!desk_model_absent(v->desk) && rows_int(rows, 0, 5) != prompts_generation(v->desk))
        prompts_reload(v->desk, prompts_read, v);
    else
        evaluation_step(v);
}

/* What a resume needs to ask the same question again. */
static void request_json(const struct evaluation *v, const struct evaluation_request *r,
                         struct buf *out)
{
    char price[40], as_of[33];
    struct json j;
    struct buf names = {0};
    for (size_t i = 0; i < v->nvoters; i++)
        buf_printf(&names, "%s%s", i ? " " : "", v->voter[i]->name);
    json_begin(&j, out);
    json_open(&j, NULL, '{');
    if (r->price > 0)
        json_str(&j, "price", decimal_print(price, sizeof price, r->price, PRICE_DIGITS, 4));
    if (r->indicators)
        json_str(&j, "indicators", r->indicators);
    json_str(&j, "voters", buf_text(&names));
    if (r->data_dir)
        json_str(&j, "data", r->data_dir);
    if (r->fresh)
        json_flag(&j, "fresh", true);
    if (v->as_of != TIME_NONE)
        json_str(&j, "as_of", time_print_iso(as_of, v->as_of));
    if (r->replay_of)
        json_int(&j, "replay_of", r->replay_of);
    json_close(&j, '}');
    buf_release(&names);
}

int64_t recorded_as_of(struct market *recorded, int64_t wanted)
{
    if (!recorded || wanted != TIME_NONE)
        return wanted;
    int32_t day = recorded->ops->last_session(recorded, time_machine_now());
    return day == DAY_NONE ? TIME_NONE : calendar_close(day);
}

static enum err prepare(struct evaluation *v, const struct evaluation_request *r, struct error *e)
{
    struct desk *d = v->desk;
    const char *voters = r->voters ? r->voters : desk_text(d, SETTING_VOTERS);
    if (voters_parse(d->agents, voters, v->voter, &v->nvoters, e))
        return e->kind;
    v->needed = r->min_agreement ? r->min_agreement : (int)desk_int(d, SETTING_MIN_AGREEMENT);
    if (v->needed < 1 || (size_t)v->needed > v->nvoters) {
        err_set(e, ERR_USAGE, "%d of %zu voters cannot agree", v->needed, v->nvoters);
        return err_fix(e, "--min-agreement is 1 to %zu with these voters", v->nvoters);
    }
    if (r->indicators) {
        v->has_given = true;
        if (indicators_parse_with_price(r->indicators, r->price, &v->given, e))
            return e->kind;
    }
    if (evaluation_check_cost(v, r, e))
        return e->kind;
    if (r->data_dir && market_recorded_new(r->data_dir, &v->recorded, e))
        return e->kind;
    if (market_check_symbol(v->recorded ? v->recorded : d->market, r->symbol, e))
        return e->kind;
    copy_text(v->symbol, sizeof v->symbol, r->symbol);
    v->fresh = r->fresh;
    v->explores = r->explores;
    v->given_price = r->price;
    v->as_of = recorded_as_of(v->recorded, r->as_of);
    return OK;
}

struct evaluation *evaluation_new(struct desk *d, evaluation_done_fn *done, void *arg)
{
    struct evaluation *v = mem_alloc(sizeof *v);
    *v = (struct evaluation){.desk = d, .state = "QUEUED", .done = done, .arg = arg};
    v->renewal = loop_timer_new(d->loop, renew_lease, v);
    loop_timer_start(v->renewal, RENEW_EVERY_MS);
    v->next = at_work;
    at_work = v;
    return v;
}

static void send_create(struct evaluation *v, const struct evaluation_request *r)
{
    struct params p = {0};
    struct buf request = {0};
    char as_of[33], slot[33];
    request_json(v, r, &request);
    params_text(&p, v->symbol);
    params_text(&p, r->job_id ? "schedule" : operator_name());
    params_text(&p, operator_origin());
    params_text(&p, buf_text(&request));
    params_text(&p, v->as_of == TIME_NONE ? NULL : time_print_iso(as_of, v->as_of));
    params_int(&p, (int64_t)v->nvoters);
    params_int(&p, v->needed);
    params_text(&p, owner_self());
    if (r->max_cost > 0)
        params_decimal(&p, r->max_cost, MONEY_NANO_DIGITS);
    else
        params_text(&p, NULL);
    if (r->job_id) {
        params_int(&p, r->job_id);
        params_text(&p, time_print_iso(slot, r->slot_at));
    } else {
        params_text(&p, NULL);
        params_text(&p, NULL);
    }
    db_send(v->desk->db, &create, &p, created, v);
    buf_release(&request);
}

/* One that was not started. */
static void discard(struct evaluation *v)
{
    leave(v);
    loop_timer_free(v->renewal);
    market_free(v->recorded);
    mem_free(v);
}

enum err evaluation_check(struct desk *d, const struct evaluation_request *r, struct error *e)
{
    struct evaluation *v = evaluation_new(d, NULL, NULL);
    enum err result = prepare(v, r, e);
    discard(v);
    return result;
}

enum err evaluation_start(struct desk *d, const struct evaluation_request *r,
                          evaluation_done_fn *done, void *arg, struct error *e)
{
    struct evaluation *v = evaluation_new(d, done, arg);
    v->on_state = r->on_state;
    v->on_state_arg = r->on_state_arg;
    if (prepare(v, r, e)) {
        discard(v);
        return e->kind;
    }
    if (r->dossier) {
        v->dossier = *r->dossier;
        *r->dossier = (struct dossier){0};
        v->made = true;
    }
    send_create(v, r);
    evaluation_gather_ahead(v); /* while the database makes the row */
    evaluation_spell_facts(v);
    return OK;
}
