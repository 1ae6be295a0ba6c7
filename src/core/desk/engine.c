/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine's loop: a pulse (heartbeat, leases, the lead), the leader's schedule, and jobs.
 * Evaluations run side by side in the loop; everything else is linear and waits. */
#include "core/desk/engine_private.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/desk/desk_private.h"
#include "quorum/calendar.h"
#include "quorum/evaluation.h"
#include "quorum/guards.h"
#include "quorum/log.h"
#include "quorum/model.h"
#include "quorum/review.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum {
    PULSE_MS = 2000,
    RESCUE_EVERY_MS = 5000,
    REFRESH_EVERY_MS = 10000,
    REVIEW_EVERY_MS = 1000, /* while something waits on a virtual clock, or is due */
    IDLE_MS = 500,
    CATCH_UP_IDLE_MS = 10, /* another engine holds the job that all wait for */
    TICK_MS = 1000,        /* of the visible virtual clock */
    GAP_MS = 4000,         /* a night, however long, passes in this */
    LATE_ROUND_MINUTES = 30,
    REVIEW_MOST_MS = 60000, /* the next beats know better */
    SKEW_MS = 2000,
};
#define USEC_MINUTE (60 * USEC_SECOND)

void waiting_ended(struct waiting *w, int64_t n, const struct error *e)
{
    w->over = true;
    w->n = n;
    if (e && e->kind)
        w->e = *e;
}

static bool is_over(void *arg)
{
    return ((struct waiting *)arg)->over;
}

enum err engine_wait(struct engine *g, struct waiting *w, struct error *e)
{
    while (!loop_run_until(g->desk->loop, is_over, w, LOOP_NO_DEADLINE))
        loop_clear_interrupt(g->desk->loop);
    if (w->e.kind)
        *e = w->e;
    return w->e.kind;
}

/* ---- the pulse ---- */

static void tell_skew(struct engine *g, int64_t ms)
{
    char text[120];
    if (ms < SKEW_MS && ms > -SKEW_MS) {
        alert_clear(g->desk, "clock.skew", "engine");
        return;
    }
    snprintf(text, sizeof text, "this machine's clock and the database's differ by %lld ms",
             (long long)ms);
    alert_raise(g->desk, "clock.skew", "engine", 'W', text, "set both clocks by NTP");
}

/* The pass over adjustments is sent when time has something to do: never while nothing waits. A
 * virtual clock may jump between two beats, so whatever waits there is looked at. */
static void set_review(struct engine *g, int64_t in_ms)
{
    int64_t now = time_monotonic_us();
    if (in_ms == NO_REVIEW)
        g->next_review = INT64_MAX;
    else if (g->life.is_virtual || in_ms < 0)
        g->next_review = now;
    else
        g->next_review = now + (in_ms < REVIEW_MOST_MS ? in_ms : REVIEW_MOST_MS) * 1000;
}

static void beaten(void *arg, const struct beat *b, const struct error *e)
{
    struct engine *g = arg;
    g->beating = false;
    if (e && e->kind) {
        if (e->kind == ERR_CONFLICT) /* dropped and made anew: that is another desk */
            g->stopping = true;
        if (!g->beat_problem.kind)
            log_write(LOG_WARN, "engine", "no heartbeat: %s", e->text);
        g->beat_problem = *e;
        g->beat.leading = false; /* whoever cannot tell does not lead */
        return;
    }
    if (g->beat_problem.kind)
        log_write(LOG_INFO, "engine", "the database is back");
    if (b->leading && (!g->beat.leading || b->epoch != g->beat.epoch))
        log_write(LOG_INFO, "engine", "leading, epoch %lld", (long long)b->epoch);
    bool was_skewed = g->beat.skew_ms >= SKEW_MS || g->beat.skew_ms <= -SKEW_MS;
    bool skewed = b->skew_ms >= SKEW_MS || b->skew_ms <= -SKEW_MS;
    g->beat_problem = (struct error){0};
    g->beat = *b;
    set_review(g, b->review_in_ms);
    if (skewed != was_skewed)
        tell_skew(g, b->skew_ms);
    if (b->asked_to_stop)
        g->stopping = true;
    notify_manager("WATCHDOG=1"); /* fed by a heartbeat that was stored, not by a timer */
}

static void send_beat(struct engine *g)
{
    if (g->beating)
        return;
    g->beating = true;
    engine_beat(g->desk, g->running, beaten, g);
}

static void pulse(void *arg)
{
    struct engine *g = arg;
    send_beat(g);
    loop_timer_start(g->pulse, PULSE_MS);
}

static void told_to_stop(void *arg, int number)
{
    struct engine *g = arg;
    if (!g->stopping)
        log_write(LOG_INFO, "engine", "signal %d: ending what was begun", number);
    g->stopping = true;
    g->woken = true;
}

static bool halt_by_signal; /* SIGUSR2: there is one engine in a process */

static void told_to_halt(void *arg, int number)
{
    (void)number;
    halt_by_signal = true;
    ((struct engine *)arg)->woken = true;
}

/* The HALT file and SIGUSR2 work without a console and without a password. */
static void obey_halts(struct engine *g)
{
    char path[600];
    struct control_proof proof;
    struct error e = {0};
    bool halted =
        strcmp(g->beat.control, "HALTED") == 0 || strcmp(g->beat.control, "FLATTENING") == 0;
    const char *who = halt_by_signal                                            ? "SIGUSR2"
                      : control_halt_file(g->desk->settings, path, sizeof path) ? "HALT file"
                                                                                : NULL;
    if (!who || (halted && !halt_by_signal))
        return;
    if (control_set(g->desk, CONTROL_HALTED, halt_by_signal ? "signal" : path, who, "", &proof,
                    &e) == OK) {
        log_write(LOG_WARN, "engine", "HALTED by %s: in flight 0, last entry %s", who,
                  *proof.last_order ? proof.last_order : "none");
        copy_text(g->beat.control, sizeof g->beat.control, "HALTED");
    } else if (e.kind == ERR_CONFLICT) {
        copy_text(g->beat.control, sizeof g->beat.control, "HALTED"); /* held already */
    }
    if (e.kind != ERR_TRANSIENT)
        halt_by_signal = false;
}

/* ---- settings ---- */

static bool is_behind(const struct engine *g)
{
    return g->settings != g->beat.settings;
}

/* What was adopted by a command holds for every engine from its next heartbeat on, whoever leads.
 * What runs may hold the settings it began with: nothing new is begun until it has ended. */
static enum err follow_settings(struct engine *g, struct error *e)
{
    int64_t newest = g->beat.settings;
    if (!is_behind(g) || g->running > 0)
        return OK;
    if (desk_load_settings(g->desk, e) == ERR_TRANSIENT)
        return e->kind;
    if (e->kind) /* another version's: told once; positions are looked after all the same */
        log_write(LOG_WARN, "engine", "settings: %s", e->text);
    err_clear(e);
    g->settings = newest;
    engine_follow_plan(g);
    return OK;
}

/* ---- the leader ---- */

static size_t slot_requests(const struct slot *slot, size_t n, struct job_request *out)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) /* rounds are queued by the day's plan, symbol by symbol */
        if (slot[i].kind != JOB_EVALUATE && slot[i].kind != JOB_TRADE)
            out[k++] = (struct job_request){.kind = slot[i].kind, .symbol = "", .due = slot[i].at};
    return k;
}

static int pace_ms(struct engine *g, int64_t from, int64_t to)
{
    double ms = g->life.speed > 0 ? (double)(to - from) / 1000 / g->life.speed : 0;
    return ms > GAP_MS ? GAP_MS : (int)ms;
}

/* The visible clock moves every second, so that prices do; a gap without a session is jumped. */
static int64_t visible_step(struct engine *g, int64_t now, int64_t to)
{
    bool night = to - now > 3 * 60 * USEC_MINUTE || calendar_open(exchange_day(now)) > now ||
                 calendar_close(exchange_day(now)) <= now;
    int64_t tick = (int64_t)(g->life.speed * TICK_MS * 1000);
    return night || now + tick >= to ? to : now + tick;
}

static bool stop_requested(void *arg)
{
    return ((struct engine *)arg)->stopping;
}

static enum err advance_virtual(struct engine *g, bool *moved, struct error *e)
{
    struct slot slot[SLOTS_MAX];
    struct job_request request[16];
    int64_t due_open = 0, next_due = TIME_NONE, now = g->beat.desk_now;
    *moved = false;
    if (jobs_open(g->desk, &due_open, &next_due, e) || due_open > 0)
        return e->kind;
    if (desk_time(g->desk, &now, e))
        return e->kind;
    size_t n = schedule_next(&g->plan, now, slot);
    int64_t to = n ? slot[0].at : next_due;
    if (next_due != TIME_NONE && next_due < to) {
        to = next_due;
        n = 0;
    }
    if (to == TIME_NONE)
        return OK;
    bool visible = g->life.live_from != TIME_NONE && to > g->life.live_from;
    if (visible && g->options->until_lived) {
        g->stopping = true;
        return OK;
    }
    if (visible) {
        int64_t step = visible_step(g, now, to);
        n = step == to ? n : 0;
        to = step;
        model_rehearsal_pace(g->desk->model, 250);
        loop_run_until(g->desk->loop, stop_requested, g, pace_ms(g, now, to));
        if (g->stopping)
            return OK;
    }
    size_t k = slot_requests(slot, n < ARRAY_LEN(request) ? n : ARRAY_LEN(request), request);
    if (clock_advance(g->desk, g->beat.epoch, to, request, k, moved, e))
        return e->kind;
    if (*moved && g->options->lived && k && request[0].kind == JOB_MARK)
        g->options->lived(g->options->arg, slot[0].day, exchange_day(g->life.live_from));
    return OK;
}

/* Real time: the slots since the last look at the schedule become jobs. What is worthless late
 * is left out; a missed mark is made up for. */
static enum err advance_real(struct engine *g, struct error *e)
{
    struct slot slot[SLOTS_MAX];
    struct job_request request[16];
    int64_t until, now;
    bool moved;
    if (desk_time(g->desk, &now, e) || schedule_reached(g->desk, &until, e))
        return e->kind;
    for (size_t n; (n = schedule_next(&g->plan, until, slot)) > 0 && slot[0].at <= now;
         until = slot[0].at) {
        size_t k = slot_requests(slot, n < ARRAY_LEN(request) ? n : ARRAY_LEN(request), request);
        if (k && request[0].kind == JOB_LOOK && now - slot[0].at > 10 * USEC_MINUTE)
            k = 0;
        if (schedule_reach(g->desk, g->beat.epoch, slot[0].at, request, k, &moved, e))
            return e->kind;
        if (!moved)
            break;
    }
    return OK;
}

static void nothing_to_do(void *arg, const struct error *e)
{
    (void)arg;
    (void)e; /* the next one may do better */
}

static void rescued(void *arg, int64_t n, const struct error *e)
{
    struct engine *g = arg;
    if (!(e && e->kind) && n > 0) {
        log_write(LOG_WARN, "engine", "%lld jobs of engines that are gone taken back",
                  (long long)n);
        g->woken = true;
    }
}

static const struct statement reap = {"budget reap", "SELECT budget_reap()"};

static void reviewed(void *arg, int64_t changed, const struct error *e)
{
    struct engine *g = arg;
    (void)changed;
    (void)e; /* the next one may do better */
    g->reviewing = false;
}

static enum err lead(struct engine *g, bool *moved, struct error *e)
{
    int64_t now = time_monotonic_us();
    *moved = false;
    if (!g->beat.leading || g->stopping)
        return OK;
    if (now >= g->next_rescue) {
        g->next_rescue = now + RESCUE_EVERY_MS * 1000;
        jobs_rescue(g->desk, rescued, g);
        db_send(g->desk->db, &reap, NULL, NULL, NULL);
    }
    if (now >= g->next_review && !g->reviewing) {
        g->next_review = now + REVIEW_EVERY_MS * 1000;
        g->reviewing = true;
        review_pass(g->desk, reviewed, g);
    }
    if (now >= g->next_refresh) {
        g->next_refresh = now + REFRESH_EVERY_MS * 1000;
        breakers_update(g->desk, nothing_to_do, NULL);
        alerts_refresh(g->desk, nothing_to_do, NULL);
    }
    return g->life.is_virtual ? advance_virtual(g, moved, e) : advance_real(g, e);
}

/* ---- jobs ---- */

struct evaluate_run {
    struct engine *engine;
    struct job job;
};

static void job_ended(void *arg, bool ok, const struct error *e)
{
    struct engine *g = arg;
    if (!ok && !(e && e->kind))
        log_write(LOG_WARN, "engine", "a job was finished by another engine; its result is theirs");
    g->woken = true;
}

static void evaluated(void *arg, int64_t id, const struct error *e)
{
    struct evaluate_run *r = arg;
    struct engine *g = r->engine;
    char result[RESULT_MAX];
    snprintf(result, sizeof result, "evaluation #%lld", (long long)id);
    g->running--;
    /* Somebody else works on it: it will end without us, or come back when they are gone. */
    struct error retry = e ? *e : (struct error){0};
    if (retry.kind == ERR_CONFLICT)
        retry.kind = ERR_TRANSIENT;
    job_finish(g->desk, &r->job, retry.kind ? &retry : NULL, result, job_ended, g);
    mem_free(r);
}

static const struct statement evaluation_of_job = {
    "evaluation of job",
    "SELECT id, finished_at IS NOT NULL FROM evaluations WHERE job_id = $1::bigint"};

/* A job taken again after a crash goes on with the evaluation it had begun. */
static enum err start_evaluation(struct engine *g, const struct job *j, struct error *e)
{
    struct params p = {0};
    struct rows rows = {0};
    params_int(&p, j->id);
    if (j->attempt > 1 && db_query(g->desk->db, &evaluation_of_job, &p, &rows, e))
        return e->kind;
    if (j->attempt <= 1)
        params_release(&p);
    int64_t known = rows.nrows ? rows_int(&rows, 0, 0) : 0;
    bool finished = known && rows_bool(&rows, 0, 1);
    rows_release(&rows);
    struct evaluate_run *r = mem_alloc(sizeof *r);
    *r = (struct evaluate_run){.engine = g, .job = *j};
    g->running++;
    g->handed_over = true;
    if (finished) {
        evaluated(r, known, NULL);
        return OK;
    }
    if (known) {
        evaluation_resume(g->desk, known, evaluated, r);
        return OK;
    }
    struct evaluation_request request = {.symbol = j->symbol,
                                         .as_of = g->life.is_virtual ? j->due : TIME_NONE,
                                         .job_id = j->id,
                                         .slot_at = j->due};
    if (evaluation_start(g->desk, &request, evaluated, r, e)) {
        g->running--;
        g->handed_over = false;
        mem_free(r);
    }
    return e->kind;
}

enum err engine_evaluate(struct engine *g, const struct job *j, char result[RESULT_MAX],
                         struct error *e)
{
    int64_t now;
    struct day_plan day;
    if (strcmp(g->beat.control, "RUNNING") != 0) {
        snprintf(result, RESULT_MAX, "skipped: the desk is %s", g->beat.control);
        return OK;
    }
    if (!g->life.is_virtual) {
        if (desk_time(g->desk, &now, e) || engine_day_plan(g->desk, &g->plan, &day, e))
            return e->kind;
        if (now - j->due > LATE_ROUND_MINUTES * USEC_MINUTE && j->attempt <= 1) {
            snprintf(result, RESULT_MAX, "skipped: its round was %lld minutes ago",
                     (long long)((now - j->due) / USEC_MINUTE));
            return OK;
        }
        if (day.evaluations == 0 && day.short_of_means && j->attempt <= 1) {
            snprintf(result, RESULT_MAX, "skipped: no evaluations left today: %s", day.binding);
            return OK;
        }
    }
    return start_evaluation(g, j, e);
}

typedef enum err job_fn(struct engine *g, const struct job *j, char result[RESULT_MAX],
                        struct error *e);
static job_fn *const work[JOB_KINDS] = {
    [JOB_LOOK] = engine_look,   [JOB_RANK] = engine_rank, [JOB_EVALUATE] = engine_evaluate,
    [JOB_TRADE] = engine_trade, [JOB_MARK] = engine_mark, [JOB_SCORE] = engine_score,
    [JOB_LEARN] = engine_learn, [JOB_KEEP] = engine_keep,
};

static void do_job(struct engine *g, const struct job *j)
{
    struct error e = {0};
    char result[RESULT_MAX] = "";
    g->handed_over = false;
    if (!work[j->kind])
        err_set(&e, ERR_FAILED, "this engine does not know jobs of kind %s",
                job_kinds[j->kind].name);
    else
        work[j->kind](g, j, result, &e);
    if (e.kind)
        log_write(LOG_WARN, "engine", "%s %s: %s", job_kinds[j->kind].name, j->symbol, e.text);
    if (!g->handed_over) /* an evaluation under way ends its job itself */
        job_finish(g->desk, j, e.kind ? &e : NULL, result, job_ended, g);
}

struct taken {
    struct waiting w;
    struct job job[AT_ONCE_MAX];
};

static void took(void *arg, const struct job *job, size_t n, const struct error *e)
{
    struct taken *t = arg;
    if (n)
        memcpy(t->job, job, n * sizeof *job);
    waiting_ended(&t->w, (int64_t)n, e);
}

static enum err take_jobs(struct engine *g, int64_t *n, struct error *e)
{
    struct taken t = {0};
    *n = 0;
    if (g->stopping || g->running >= g->at_once || is_behind(g))
        return OK;
    jobs_take(g->desk, g->at_once - g->running, took, &t);
    if (engine_wait(g, &t.w, e))
        return e->kind;
    *n = t.w.n;
    for (int64_t i = 0; i < t.w.n; i++)
        do_job(g, &t.job[i]);
    return OK;
}

/* ---- life ---- */

static bool has_news(void *arg)
{
    struct engine *g = arg;
    return g->woken || (g->stopping && g->running == 0);
}

static void idle(struct engine *g, bool catching_up)
{
    loop_run_until(g->desk->loop, has_news, g, catching_up ? CATCH_UP_IDLE_MS : IDLE_MS);
    g->woken = false;
}

static bool catching_up(const struct engine *g)
{
    return g->life.is_virtual && g->life.live_from != TIME_NONE &&
           g->beat.desk_now < g->life.live_from;
}

static bool has_lived(const struct engine *g)
{
    return g->life.is_virtual && g->life.live_from != TIME_NONE &&
           g->beat.desk_now >= g->life.live_from;
}

/* One turn; an error is told once by whoever meets it and tried again: the database comes back. */
static void turn(struct engine *g)
{
    struct error e = {0};
    int64_t taken = 0;
    bool moved = false;
    obey_halts(g);
    if (g->options->until_lived && has_lived(g)) {
        g->stopping = true; /* another engine leads, and goes on */
        return;
    }
    if (follow_settings(g, &e) == OK)
        take_jobs(g, &taken, &e);
    /* A virtual clock waits for all that is due; real time waits for nobody. */
    if (!e.kind && (!g->life.is_virtual || (taken == 0 && g->running == 0)))
        lead(g, &moved, &e);
    if (e.kind && e.kind != ERR_TRANSIENT)
        log_write(LOG_WARN, "engine", "%s", e.text);
    if (e.kind)
        loop_run_until(g->desk->loop, stop_requested, g, IDLE_MS);
    else if (taken == 0 && !moved)
        idle(g, catching_up(g));
}

static bool all_ended(void *arg)
{
    return ((struct engine *)arg)->running == 0;
}

static bool calls_ended(void *arg)
{
    const struct engine *g = arg;
    return !g->beating && !g->reviewing;
}

static void catch_signals(struct engine *g)
{
    loop_on_signal(g->desk->loop, SIGTERM, told_to_stop, g);
    loop_on_signal(g->desk->loop, SIGINT, told_to_stop, g);
    loop_on_signal(g->desk->loop, SIGHUP, told_to_stop, g);
    loop_on_signal(g->desk->loop, SIGUSR2, told_to_halt, g);
}

/* Simulated facts need not reach the disk before life goes on; their order is kept. */
static const struct statement need_no_disk = {"virtual commits", "SET synchronous_commit = off"};

static enum err begin_virtual(struct engine *g, struct error *e)
{
    model_rehearsal_pace(g->desk->model, 0);
    return db_query(g->desk->db, &need_no_disk, NULL, NULL, e);
}

/* A demo desk lives on a virtual clock, whoever starts its first engine. */
static enum err begin_life(struct engine *g, struct error *e)
{
    if (life_load(g->desk, &g->life, e))
        return e->kind;
    if (g->desk->kind != DESK_DEMO || g->life.is_virtual)
        return OK;
    if (life_begin(g->desk, DAY_NONE, DEMO_SESSIONS, DEMO_SPEED, e) == ERR_CONFLICT)
        err_clear(e); /* another process was first */
    return e->kind ? e->kind : life_load(g->desk, &g->life, e);
}

static enum err begin(struct engine *g, struct error *e)
{
    if (begin_life(g, e) || prompts_store(g->desk, e) || engine_register(g->desk, e))
        return e->kind;
    engine_follow_plan(g);
    if (g->life.is_virtual && begin_virtual(g, e))
        return e->kind;
    catch_signals(g);
    send_beat(g);
    while (!loop_run_until(g->desk->loop, calls_ended, g, LOOP_NO_DEADLINE))
        loop_clear_interrupt(g->desk->loop);
    g->pulse = loop_timer_new(g->desk->loop, pulse, g);
    loop_timer_start(g->pulse, PULSE_MS);
    notify_manager("READY=1");
    if (g->options->started)
        g->options->started(g->options->arg);
    log_write(LOG_INFO, "engine", "%s desk, %s", desk_kind_name(g->desk->kind), owner_self());
    return OK;
}

enum err engine_run(struct desk *d, const struct engine_options *o, struct error *e)
{
    struct engine g = {.desk = d, .options = o, .at_once = o->at_once ? o->at_once : 8};
    if (begin(&g, e))
        return e->kind;
    while (!g.stopping)
        turn(&g);
    notify_manager("STOPPING=1");
    loop_run_until(d->loop, all_ended, &g, LOOP_NO_DEADLINE);
    loop_timer_free(g.pulse);
    while (!loop_run_until(d->loop, calls_ended, &g, LOOP_NO_DEADLINE))
        loop_clear_interrupt(d->loop);
    loop_catch_signals(d->loop);
    enum err result = engine_unregister(d, e);
    log_write(LOG_INFO, "engine", "stopped: in flight 0");
    return result;
}
