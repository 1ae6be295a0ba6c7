/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/desk/agent_call.h"

#include <stdio.h>
#include <string.h>

#include "quorum/log.h"
#include "quorum/model.h"
#include "quorum/money.h"
#include "quorum/prompts.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "quorum/uuid.h"

enum {
    TRIES_MAX = 3, /* the official clients' two retries */
    TRY_DEADLINE_MS = 60000,
    CALL_DEADLINE_MS = 120000,
    ANSWER_KEPT_MAX = 4096, /* of a wrong answer, for the repair request */
};
#define SENT_LEASE "90 seconds" /* the try's deadline and time to settle */

/* All calls of a round, in one transaction, in a state that the step before it has to have come to:
 * it is on the way while that is still being stored. A process that is stopped right after it
 * leaves reservations that are presumed spent in full, so even a request that leaves late costs
 * nothing that is not booked. */
static const struct statement reserve = {
    "budget reserve", "SELECT reservation, short, trim_scale(left_usd)::text"
                      " FROM budget_reserve($1::bigint, $2, $3, '" SENT_LEASE "', $4::jsonb)"};
static const struct statement settle = {
    "budget settle", "SELECT budget_settle($1::uuid, $2::numeric, $3::jsonb, $4, $5::jsonb)"};

struct agent_call {
    struct agent_call *next; /* of its round, or of those that settle */
    struct desk *desk;
    struct agent_asker *asker; /* NULL: it ended before the reservation was answered */
    const struct agent *agent;
    agent_call_done_fn *done;
    struct loop_timer *timer;
    struct agent_call_result result;
    struct buf facts, request; /* the request's text until it is reserved */
    char model[64], reservation[UUID_TEXT];
    const char *prompt; /* the agent's own, or own_prompt */
    char *own_prompt;
    int prompt_version;
    double propensity; /* the chance the version had */
    int64_t started_us, estimate;
    int32_t day; /* whose prices the try is reserved and billed by */
    int tries;
    bool reserving;
    bool repaired, ended; /* ended: result is final, settle and report */
    bool reported;
    char repair[300], previous[ANSWER_KEPT_MAX];
    int64_t wait_ms;
};

static void begin_try(struct agent_call *c);

static void call_free(struct agent_call *c)
{
    loop_timer_free(c->timer);
    buf_release(&c->facts);
    buf_release(&c->request);
    mem_free(c->own_prompt);
    mem_free(c);
}

static void report(struct agent_call *c)
{
    void *arg = c->asker->arg;
    agent_call_done_fn *done = c->done;
    struct agent_call_result result = c->result;
    call_free(c);
    done(arg, &result);
}

static void give_up(struct agent_call *c, const char *why)
{
    c->result.has_vote = false;
    copy_text(c->result.why, sizeof c->result.why, why);
    report(c);
}

static const char *const form_names[] = {[AGENT_CLASSIFIER] = "record_label",
                                         [AGENT_VOTER] = "record_vote",
                                         [AGENT_VETO] = "record_verdict",
                                         [AGENT_PROPOSER] = "record_choice"};

static struct model_request request_of(const struct agent_call *c)
{
    return (struct model_request){
        .model = c->model,
        .system = c->prompt,
        .facts = buf_text(&c->facts),
        .form_name = form_names[c->agent->role],
        .form_help = "Record the answer. Call it exactly once.",
        .fields = c->agent->answer,
        .repair = *c->repair ? c->repair : NULL,
        .previous = *c->repair ? c->previous : NULL,
        .max_tokens = ANSWER_TOKENS_MAX,
        .deadline_ms = TRY_DEADLINE_MS,
        .evaluation_id = c->asker->id,
        .agent = c->agent->name,
    };
}

/* "NaN confidence becomes 100" is how others lose money: an answer that is not exactly the form
 * is no vote. Fills vote, or `repair` with what to say about it. */
static bool read_answer(struct agent_call *c, const struct model_reply *r, struct vote *vote)
{
    struct answer *answer = mem_alloc(sizeof *answer);
    struct error e = {0};
    bool fine = answer_parse(c->agent->answer, r->answer, strlen(r->answer), answer, &e) == OK;
    struct agent_asker *k = c->asker;
    if (fine && !c->agent->to_vote) {
        k->take(k->arg, c->agent, answer, vote);
    } else if (fine) {
        c->agent->to_vote(answer, k->dossier, vote);
        evidence_check(k->dossier, vote);
    } else {
        copy_text(c->repair, sizeof c->repair, e.text);
        copy_text(c->previous, sizeof c->previous, r->answer);
    }
    mem_free(answer);
    return fine;
}

static void failed_vote(struct vote *vote, const char *reason)
{
    *vote = (struct vote){.state = VOTE_FAILED};
    sanitize_line(vote->reason, sizeof vote->reason, untrusted(reason));
}

static int64_t backoff_ms(const struct agent_call *c, int64_t asked)
{
    if (asked >= 0)
        return asked;
    int64_t wait = 500 << (c->tries - 1);
    wait = wait > 8000 ? 8000 : wait;
    /* A quarter of jitter, so that many engines do not come back at once. */
    return wait - wait * (time_monotonic_us() % 1000) / 4000;
}

/* Decides what a reply means. Sets ended with a vote or a reason, or wait_ms for another try. */
static void judge(struct agent_call *c, const struct model_reply *r)
{
    struct agent_call_result *out = &c->result;
    c->ended = true;
    c->wait_ms = 0;
    if (r->outcome == MODEL_ANSWERED && read_answer(c, r, &out->vote)) {
        out->has_vote = true;
        return;
    }
    if (r->outcome == MODEL_ANSWERED || r->outcome == MODEL_WRONG_FORM) {
        if (r->outcome == MODEL_WRONG_FORM) {
            copy_text(c->repair, sizeof c->repair, r->problem);
            copy_text(c->previous, sizeof c->previous, r->answer ? r->answer : "");
        }
        if (!c->repaired) {
            c->repaired = true;
            c->ended = false;
            return;
        }
        out->has_vote = true;
        failed_vote(&out->vote, c->repair);
        return;
    }
    if (r->outcome == MODEL_REFUSED || r->outcome == MODEL_CUT) {
        out->has_vote = true;
        failed_vote(&out->vote, r->problem);
        return;
    }
    copy_text(out->why, sizeof out->why, r->problem);
    int64_t wait = backoff_ms(c, r->retry_after_ms);
    int64_t gone = (time_monotonic_us() - c->started_us) / 1000;
    if (r->retryable && c->tries < TRIES_MAX && gone + wait < CALL_DEADLINE_MS) {
        c->ended = false;
        c->wait_ms = wait > 0 ? wait : 1;
    }
}

static void report_ahead(struct agent_call *c)
{
    struct agent_asker *k = c->asker;
    struct agent_call_result result = c->result;
    c->reported = true;
    c->next = k->settling;
    k->settling = c;
    c->done(k->arg, &result);
}

static void settled_after_report(struct agent_call *c, const char *problem)
{
    struct agent_asker *k = c->asker;
    const struct agent *a = c->agent;
    bool lost = problem && c->result.has_vote;
    if (k) {
        struct agent_call **p = &k->settling;
        while (*p != c)
            p = &(*p)->next;
        *p = c->next;
    }
    call_free(c);
    if (k && lost)
        k->unsettled(k->arg, a, problem);
}

static void settled(void *arg, struct rows *rows, const struct error *e)
{
    struct agent_call *c = arg;
    if (c->reported) {
        settled_after_report(c, e && e->kind            ? e->text
                                : rows_bool(rows, 0, 0) ? NULL
                                                        : "it was booked before");
    } else if (e && e->kind) {
        /* Not booked: the lease will presume it spent. The vote is not stored, so it is none. */
        give_up(c, e->text);
    } else if (c->ended) {
        report(c);
    } else if (c->wait_ms > 0) {
        loop_timer_start(c->timer, c->wait_ms);
    } else {
        begin_try(c);
    }
}

/* The form of an earlier answer is not what is wrong with a reply that never came to be one. */
static const char *wrong_with(const struct agent_call *c, const struct model_reply *r)
{
    bool has_form = r->outcome == MODEL_ANSWERED || r->outcome == MODEL_WRONG_FORM;
    if (has_form && *c->repair)
        return c->repair;
    return *r->problem ? r->problem : c->ended ? c->result.vote.reason : "";
}

static void figures_json(const struct agent_call *c, const struct model_reply *r, struct buf *out)
{
    struct json j;
    bool done = c->ended && c->result.has_vote && c->result.vote.state != VOTE_FAILED;
    json_begin(&j, out);
    json_open(&j, NULL, '{');
    json_str(&j, "status", done ? "DONE" : "FAILED");
    if (!done)
        json_str(&j, "error", wrong_with(c, r));
    json_int(&j, "latency_ms", r->latency_ms);
    json_str(&j, "request_id", *r->request_id ? r->request_id : NULL);
    json_int(&j, "input", r->usage.input);
    json_int(&j, "output", r->usage.output);
    json_int(&j, "cache_write_5m", r->usage.cache_write_5m);
    json_int(&j, "cache_write_1h", r->usage.cache_write_1h);
    json_int(&j, "cache_read", r->usage.cache_read);
    json_open(&j, "result", '{');
    json_str(&j, "outcome", model_outcome_name(r->outcome));
    json_str(&j, "stop_reason", r->stop_reason);
    if (c->ended && c->result.has_vote)
        json_str(&j, c->agent->to_vote ? "vote" : "choice",
                 c->agent->to_vote ? vote_state_name(c->result.vote.state) : c->result.vote.answer);
    json_close(&j, '}');
    json_close(&j, '}');
}

static void bind_cost(struct params *p, const struct agent_call *c, const struct model_reply *r)
{
    int64_t cost = -1;
    if (r->billing == BILLED_NOTHING)
        cost = 0;
    else if (r->billing == BILLED_KNOWN)
        cost = model_cost(c->model, c->day, &r->usage);
    if (cost < 0)
        params_text(p, NULL); /* unknown: the whole reservation */
    else
        params_decimal(p, cost, MONEY_NANO_DIGITS);
}

static void replied(void *arg, const struct model_reply *r)
{
    struct agent_call *c = arg;
    struct params p = {0};
    struct buf figures = {0}, vote = {0}, response = {0};
    judge(c, r);
    params_text(&p, c->reservation);
    bind_cost(&p, c, r);
    figures_json(c, r, &figures);
    params_text(&p, buf_text(&figures));
    /* Kept to the byte; what PostgreSQL cannot hold is cleaned. */
    if (r->raw && !text_is_utf8(r->raw, strlen(r->raw)))
        sanitize(&response, untrusted(r->raw), TEXT_BLOCK, 0);
    params_text(&p, response.len ? buf_text(&response) : r->raw);
    if (c->ended && c->result.has_vote && c->agent->to_vote) {
        struct json j;
        json_begin(&j, &vote);
        vote_json(&j, c->agent, c->prompt_version, "model", &c->result.vote,
                  c->agent->role != AGENT_CLASSIFIER, (int)r->latency_ms);
    }
    params_text(&p, vote.len ? buf_text(&vote) : NULL);
    db_send(c->desk->db, &settle, &p, settled, c);
    buf_release(&figures);
    buf_release(&vote);
    buf_release(&response);
    if (c->ended && c->asker->unsettled)
        report_ahead(c);
}

/* The text of E21 and E22. */
static void budget_is_short(struct agent_call *c, const char *scope, const char *left)
{
    char why[200], need[40];
    decimal_print(need, sizeof need, c->estimate, MONEY_NANO_DIGITS, 4);
    if (strcmp(scope, "evaluation") == 0)
        snprintf(why, sizeof why, "E22 this call may cost %s, %s is left of --max-cost", need,
                 left);
    else if (strcmp(scope, "overrun") == 0)
        snprintf(why, sizeof why,
                 "E21 LLM budget: a bill passed its reservation today; nothing "
                 "more is spent until 00:00 UTC");
    else
        snprintf(why, sizeof why,
                 "E21 LLM budget: this call may cost %s, %s is left today; resets "
                 "00:00 UTC",
                 need, left);
    give_up(c, why);
}

static void send_request(struct agent_call *c)
{
    struct model_request request = request_of(c);
    struct model *m = c->desk->model;
    c->tries++;
    m->ops->send(m, &request, replied, c);
}

/* The row of a call, nrows when there is none. */
static size_t find_row(const struct agent_call *c, const struct rows *rows)
{
    size_t i = 0;
    while (i < rows->nrows && strcmp(rows_text(rows, i, 0), c->reservation) != 0)
        i++;
    return i;
}

/* Nobody waits for this call any more, and it was not sent. */
static void give_back(struct agent_call *c, bool held)
{
    struct params p = {0};
    if (held) {
        params_text(&p, c->reservation);
        params_int(&p, 0);
        params_text(&p, "{\"status\": \"FAILED\", \"error\": \"never sent\"}");
        params_text(&p, NULL);
        params_text(&p, NULL);
        db_send(c->desk->db, &settle, &p, NULL, NULL);
    }
    call_free(c);
}

static void reserved(void *arg, struct rows *rows, const struct error *e)
{
    struct agent_call *first = arg, *next;
    struct agent_asker *k = first->asker;
    void (*asked)(void *) = k && k->round == first ? k->asked : NULL;
    void *for_whom = k ? k->arg : NULL;
    if (k && k->round == first)
        k->round = NULL;
    for (struct agent_call *c = first; c; c = next) {
        size_t row = find_row(c, rows);
        next = c->next; /* c may end here */
        c->reserving = false;
        if (!c->asker) {
            give_back(c, row < rows->nrows && !rows_text(rows, row, 1));
        } else if (e && e->kind) {
            give_up(c, e->text);
        } else if (row == rows->nrows) {
            give_up(c, "another process works on it");
        } else if (rows_text(rows, row, 1)) {
            const char *left = rows_text(rows, row, 2);
            budget_is_short(c, rows_text(rows, row, 1), left ? left : "0");
        } else {
            send_request(c);
        }
    }
    if (asked)
        asked(for_whom);
}

static void call_json(struct json *j, const struct agent_call *c)
{
    char estimate[40];
    json_open(j, NULL, '{');
    json_str(j, "id", c->reservation);
    json_str(j, "agent", c->agent->name);
    const char *act = c->asker->act ? c->asker->act : "vote";
    json_str(j, "act", c->repaired ? "repair" : act);
    json_str(j, "model", c->model);
    json_int(j, "prompt_version", c->prompt_version);
    json_num(j, "propensity", c->propensity);
    json_str(j, "estimate",
             decimal_print(estimate, sizeof estimate, c->estimate, MONEY_NANO_DIGITS,
                           MONEY_NANO_DIGITS));
    json_str(j, "request", buf_text(&c->request));
    json_close(j, '}');
}

/* Of a list of calls of one asker. */
static void reserve_round(struct agent_call *first)
{
    struct agent_asker *k = first->asker;
    struct params p = {0};
    struct buf calls = {0};
    struct json j;
    json_begin(&j, &calls);
    json_open(&j, NULL, '[');
    for (struct agent_call *c = first; c; c = c->next) {
        call_json(&j, c);
        buf_release(&c->request);
        c->reserving = true;
    }
    json_close(&j, ']');
    params_int(&p, k->id);
    params_text(&p, owner_self());
    params_text(&p, *k->state);
    params_text(&p, buf_text(&calls));
    buf_release(&calls);
    db_send(k->desk->db, k->reserve ? k->reserve : &reserve, &p, reserved, first);
}

/* Works out what the next try says and may cost; false: it gave up. */
static bool prepare_try(struct agent_call *c)
{
    struct model *m = c->desk->model;
    struct model_request request = request_of(c);
    int64_t prompt = m->ops->prompt_bound(m, &request);
    c->day = (int32_t)(time_machine_now() / USEC_DAY);
    c->estimate = m->ops->costs_nothing
                      ? 0
                      : model_worst_case(c->model, c->day, prompt, ANSWER_TOKENS_MAX, false);
    if (c->estimate < 0) {
        give_up(c, "the model has no price");
        return false;
    }
    c->request.max = 1 << 20;
    m->ops->request_text(m, &request, &c->request);
    uuid_new(c->reservation);
    c->next = NULL;
    return true;
}

static void begin_try(struct agent_call *c)
{
    if (prepare_try(c))
        reserve_round(c);
}

static void waited(void *arg)
{
    begin_try(arg);
}

static void choose_prompt(struct agent_call *c)
{
    struct prompt_pick pick;
    prompt_pick(c->desk, c->agent, c->asker->symbol, c->asker->as_of, &pick);
    c->own_prompt = pick.compiled ? NULL : mem_text(pick.text);
    c->prompt = pick.compiled ? pick.text : c->own_prompt;
    c->prompt_version = pick.version;
    c->propensity = pick.propensity;
}

void agent_call_add(struct agent_asker *k, const struct agent *a, agent_call_done_fn *done)
{
    struct agent_call *c = mem_alloc(sizeof *c), **end = &k->round;
    struct error e = {0};
    c->desk = k->desk;
    c->asker = k;
    c->agent = a;
    c->done = done;
    c->result.agent = a;
    c->started_us = time_monotonic_us();
    choose_prompt(c);
    c->timer = loop_timer_new(k->desk->loop, waited, c);
    if (!facts_text(k->dossier, a, &c->facts)) {
        give_up(c, "the facts are larger than the prompt may be");
    } else if (desk_model(k->desk, a, c->model, &e)) {
        give_up(c, e.text);
    } else if (prepare_try(c)) {
        while (*end)
            end = &(*end)->next;
        *end = c;
    }
}

void agent_calls_send(struct agent_asker *k)
{
    if (k->round)
        reserve_round(k->round);
    else if (k->asked)
        k->asked(k->arg);
}

void agent_calls_drop(struct agent_asker *k)
{
    struct agent_call *next;
    for (struct agent_call *c = k->round; c; c = next) {
        next = c->next;
        if (c->reserving)
            c->asker = NULL;
        else
            call_free(c);
    }
    k->round = NULL;
    for (struct agent_call *c = k->settling; c; c = c->next)
        c->asker = NULL;
    k->settling = NULL;
}
