/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Engines, the lead, jobs and the virtual clock, with processes that are killed at any moment. */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/desk/engines.h"
#include "quorum/migrate.h"
#include "quorum/timeutil.h"
#include "store/desk_rig.h"

enum { PATIENCE_MS = 30000 };

/* ---- waiting for answers */

struct reply {
    bool yes, ok;
    int64_t n;
    struct beat beat;
    struct job job[16];
    struct error e;
};

static bool has_answer(void *arg)
{
    return ((const struct reply *)arg)->yes;
}

static enum err wait_answer(struct desk *d, struct reply *a)
{
    if (!loop_run_until(d->loop, has_answer, a, PATIENCE_MS))
        return err_set(&a->e, ERR_FAILED, "no answer");
    return a->e.kind;
}

static void take_error(struct reply *a, const struct error *e)
{
    a->yes = true;
    if (e)
        a->e = *e;
}

static void on_beat(void *arg, const struct beat *b, const struct error *e)
{
    struct reply *a = arg;
    take_error(a, e);
    if (b)
        a->beat = *b;
}

static void on_count(void *arg, int64_t n, const struct error *e)
{
    struct reply *a = arg;
    take_error(a, e);
    a->n = n;
}

static void on_jobs(void *arg, const struct job *job, size_t n, const struct error *e)
{
    struct reply *a = arg;
    take_error(a, e);
    a->n = (int64_t)n;
    if (n)
        memcpy(a->job, job, n * sizeof *job);
}

static void on_finish(void *arg, bool ok, const struct error *e)
{
    struct reply *a = arg;
    take_error(a, e);
    a->ok = ok;
}

static struct reply beat(struct desk *d)
{
    struct reply a = {0};
    engine_beat(d, 0, on_beat, &a);
    wait_answer(d, &a);
    return a;
}

static struct reply queue(struct desk *d, const struct job_request *r, size_t n, int64_t epoch)
{
    struct reply a = {0};
    jobs_queue(d, r, n, epoch, on_count, &a);
    wait_answer(d, &a);
    return a;
}

static struct reply take(struct desk *d, int max)
{
    struct reply a = {0};
    jobs_take(d, max, on_jobs, &a);
    wait_answer(d, &a);
    return a;
}

static struct reply finish(struct desk *d, const struct job *j, const struct error *problem)
{
    struct reply a = {0};
    job_finish(d, j, problem, "did it", on_finish, &a);
    wait_answer(d, &a);
    return a;
}

static struct reply rescue(struct desk *d)
{
    struct reply a = {0};
    jobs_rescue(d, on_count, &a);
    wait_answer(d, &a);
    return a;
}

static void must(const struct reply *a, const char *what)
{
    if (a->e.kind)
        fail_msg("%s: %s", what, a->e.text);
}

static int64_t lead(struct rig *r)
{
    struct error e = {0};
    if (engine_register(r->desk, &e))
        fail_msg("%s", e.text);
    struct reply a = beat(r->desk);
    must(&a, "beat");
    assert_true(a.beat.leading);
    return a.beat.epoch;
}

/* 2026-11-20 15:00Z and minutes later. */
static int64_t minute(int n)
{
    int64_t t;
    assert_true(time_parse("2020-11-20 15:00:00Z", &t));
    return t + n * 60 * USEC_SECOND;
}

/* The leader asks about adjustments when time has something to do with them, and else not. */
static void a_heartbeat_says_when_an_adjustment_is_due(void **state)
{
    struct rig *r = *state;
    lead(r);
    assert_true(beat(r->desk).beat.review_in_ms == NO_REVIEW);
    rig_run(r, "INSERT INTO strategy_adjustments (parameter_name, old_value, new_value,"
               " confidence_score, reasoning, status) VALUES"
               " ('stop_mult', 1.5, 1.25, 70, 'x', 'SHADOW'),"
               " ('time_exit', 20, 25, 70, 'x', 'REJECTED')");
    assert_true(beat(r->desk).beat.review_in_ms == NO_REVIEW);
    rig_run(r, "INSERT INTO strategy_adjustments (parameter_name, old_value, new_value,"
               " confidence_score, reasoning, status, expires_at) VALUES ('rsi_max', NULL, 70, 70,"
               " 'x', 'PENDING', desk_now() + interval '1 hour')");
    assert_in_range(beat(r->desk).beat.review_in_ms, 3500000, 3600000);
    rig_run(r, "UPDATE strategy_adjustments SET status = 'DEFERRED', hidden_until = desk_now()"
               " + interval '30 minutes' WHERE parameter_name = 'rsi_max'");
    assert_in_range(beat(r->desk).beat.review_in_ms, 1700000, 1800000);
    rig_run(r, "UPDATE strategy_adjustments SET status = 'APPROVED', apply_after ="
               " clock_timestamp() + interval '100 seconds' WHERE parameter_name = 'stop_mult'");
    assert_in_range(beat(r->desk).beat.review_in_ms, 1, 100000);
    rig_run(r, "UPDATE strategy_adjustments SET expires_at = desk_now() - interval '1 minute'"
               " WHERE parameter_name = 'rsi_max'");
    assert_true(beat(r->desk).beat.review_in_ms < 0);
}

/* ---- queueing, taking, ending */

static void a_job_is_queued_once_for_ever_and_only_by_the_leader(void **state)
{
    struct rig *r = *state;
    int64_t epoch = lead(r);
    struct job_request list[] = {{JOB_EVALUATE, "MSFT", minute(0), NULL},
                                 {JOB_EVALUATE, "AAPL", minute(0), NULL},
                                 {JOB_TRADE, "", minute(0), NULL},
                                 {JOB_TRADE, "", minute(0), NULL}};
    struct reply a = queue(r->desk, list, 4, epoch);
    must(&a, "queue");
    assert_int_equal(a.n, 3);
    assert_string_equal(rig_text(r, "SELECT string_agg(unique_key, ',' ORDER BY id) FROM jobs"),
                        "evaluate AAPL 2020-11-20T15:00:00.000000Z,"
                        "evaluate MSFT 2020-11-20T15:00:00.000000Z,"
                        "trade 2020-11-20T15:00:00.000000Z");
    a = take(r->desk, 1);
    assert_int_equal(finish(r->desk, &a.job[0], NULL).ok, true);
    a = queue(r->desk, list, 4, 0);
    assert_int_equal(a.n, 0);
    a = queue(r->desk, list, 4, epoch + 1);
    assert_int_equal(a.e.kind, ERR_CONFLICT);
    rig_run(r, "UPDATE leader SET expires_at = clock_timestamp()");
    a = queue(r->desk, list, 4, epoch);
    assert_int_equal(a.e.kind, ERR_CONFLICT);
}

static void cash_is_not_touched_before_all_of_its_moment_are_evaluated(void **state)
{
    struct rig *r = *state;
    struct job_request list[] = {
        {JOB_TRADE, "", minute(0), NULL},       {JOB_EVALUATE, "B", minute(0), NULL},
        {JOB_EVALUATE, "A", minute(0), NULL},   {JOB_LOOK, "", minute(5), NULL},
        {JOB_KEEP, "", INT64_C(1) << 51, NULL}, {JOB_MARK, "", minute(5), NULL}};
    struct reply a = queue(r->desk, list, ARRAY_LEN(list), 0);
    must(&a, "queue");
    a = take(r->desk, 10);
    must(&a, "take");
    assert_int_equal(a.n, 3);
    assert_string_equal(a.job[0].symbol, "A");
    assert_int_equal(a.job[0].kind, JOB_EVALUATE);
    assert_true(a.job[0].due == minute(0));
    assert_string_equal(a.job[1].symbol, "B");
    assert_int_equal(a.job[2].kind, JOB_LOOK);
    assert_int_equal(take(r->desk, 10).n, 0);
    assert_true(finish(r->desk, &a.job[0], NULL).ok);
    assert_int_equal(take(r->desk, 10).n, 0);
    /* One that waits for another try is open, too. */
    struct error bad = {.kind = ERR_TRANSIENT, .text = "the feed is silent"};
    assert_true(finish(r->desk, &a.job[1], &bad).ok);
    assert_int_equal(take(r->desk, 10).n, 0);
    bad.kind = ERR_FAILED;
    rig_run(r, "UPDATE jobs SET retry_at = NULL");
    struct reply b = take(r->desk, 10);
    assert_int_equal(b.n, 1);
    assert_int_equal(b.job[0].attempt, 2);
    assert_true(finish(r->desk, &b.job[0], &bad).ok);
    b = take(r->desk, 10);
    assert_int_equal(b.n, 1);
    assert_int_equal(b.job[0].kind, JOB_TRADE);
    int64_t due_open, next_due;
    assert_int_equal(jobs_open(r->desk, &due_open, &next_due, &bad), OK);
    assert_int_equal(due_open, 3); /* trade and look run, mark waits for look */
    assert_true(next_due == INT64_C(1) << 51);
}

static void a_failing_job_is_tried_again_with_patience_and_ends(void **state)
{
    struct rig *r = *state;
    struct job_request one = {JOB_LOOK, "", minute(0), NULL};
    struct error bad = {.kind = ERR_TRANSIENT, .text = "no answer"};
    queue(r->desk, &one, 1, 0);
    for (int i = 1; i <= job_kinds[JOB_LOOK].max_attempts; i++) {
        struct reply a = take(r->desk, 4);
        assert_int_equal(a.n, 1);
        assert_int_equal(a.job[0].attempt, i);
        assert_true(finish(r->desk, &a.job[0], &bad).ok);
        if (i < job_kinds[JOB_LOOK].max_attempts)
            assert_int_equal(rig_int(r, "SELECT round(extract(epoch FROM retry_at -"
                                        " clock_timestamp()) + 0.4) FROM jobs"),
                             1 << (i - 1));
        rig_run(r, "UPDATE jobs SET retry_at = NULL");
    }
    assert_string_equal(rig_text(r, "SELECT state || ' ' || result FROM jobs"), "dead did it");
    assert_int_equal(take(r->desk, 4).n, 0);
}

static void work_that_somebody_else_took_over_counts_for_him_alone(void **state)
{
    struct rig *r = *state;
    struct job_request one = {JOB_MARK, "", minute(0), NULL};
    queue(r->desk, &one, 1, 0);
    struct reply slow = take(r->desk, 1);
    rig_run(r, "UPDATE jobs SET lease_until = clock_timestamp()");
    assert_int_equal(rescue(r->desk).n, 1);
    struct reply next = take(r->desk, 1);
    assert_int_equal(next.job[0].attempt, 2);
    struct reply late = finish(r->desk, &slow.job[0], NULL);
    must(&late, "finish");
    assert_false(late.ok);
    assert_string_equal(rig_text(r, "SELECT state FROM jobs"), "running");
    assert_true(finish(r->desk, &next.job[0], NULL).ok);
    /* Said again, because the answer was lost. */
    assert_true(finish(r->desk, &next.job[0], NULL).ok);
    assert_int_equal(r->desk->held.n, 0);
}

static void only_jobs_the_engine_knows_of_are_kept_from_others(void **state)
{
    struct rig *r = *state;
    struct job_request list[] = {{JOB_EVALUATE, "A", minute(0), NULL},
                                 {JOB_EVALUATE, "B", minute(0), NULL}};
    lead(r);
    queue(r->desk, list, 2, 0);
    assert_int_equal(take(r->desk, 1).n, 1);
    /* Of the second the answer was lost on the way. */
    rig_run(r, "UPDATE jobs SET state = 'running', locked_by = (SELECT id FROM engines)"
               " WHERE symbol = 'B';"
               "UPDATE jobs SET lease_until = clock_timestamp() + interval '1 s'");
    struct reply a = beat(r->desk);
    must(&a, "beat");
    assert_string_equal(rig_text(r, "SELECT string_agg(symbol, '') FROM jobs"
                                    " WHERE lease_until > clock_timestamp() + interval '20 s'"),
                        "A");
}

static void a_job_of_a_newer_program_is_left_to_it(void **state)
{
    struct rig *r = *state;
    rig_run(r, "INSERT INTO jobs (kind, stage, unique_key, due_at)"
               " VALUES ('dream', 0, 'dream', '2020-01-01')");
    assert_int_equal(take(r->desk, 4).n, 0);
    rig_run(r, "UPDATE jobs SET state = 'running', locked_by = 'x/1/1',"
               " lease_until = '2020-01-01'");
    assert_int_equal(rescue(r->desk).n, 1);
    assert_string_equal(rig_text(r, "SELECT state FROM jobs"), "available");
}

static void a_job_that_kills_every_engine_ends(void **state)
{
    struct rig *r = *state;
    struct job_request one = {JOB_LEARN, "", minute(0), NULL};
    queue(r->desk, &one, 1, 0);
    for (int i = 1; i <= 10; i++) {
        assert_int_equal(take(r->desk, 1).n, 1);
        rig_run(r, "UPDATE jobs SET lease_until = clock_timestamp()");
        assert_int_equal(rescue(r->desk).n, 1);
    }
    assert_string_equal(rig_text(r, "SELECT state || ': ' || result FROM jobs"),
                        "dead: its engine was lost 10 times");
}

static void old_jobs_are_removed_and_open_ones_never(void **state)
{
    struct rig *r = *state;
    static const struct statement forget = {"test forget", "SELECT jobs_forget('7 days')"};
    struct rows rows = {0};
    struct error e = {0};
    rig_run(r, "INSERT INTO jobs (kind, stage, unique_key, due_at, state, finished_at) VALUES"
               " ('keep', 7, 'a', '2020-01-01', 'done', '2020-01-01'),"
               " ('keep', 7, 'b', '2020-01-01', 'done', now()),"
               " ('keep', 7, 'c', '2020-01-01', 'available', NULL)");
    assert_int_equal(db_query(r->desk->db, &forget, NULL, &rows, &e), OK);
    assert_int_equal(rows_int(&rows, 0, 0), 1);
    rows_release(&rows);
    assert_string_equal(rig_text(r, "SELECT string_agg(unique_key, '' ORDER BY id) FROM jobs"),
                        "bc");
}

/* ---- engines killed at random */

/* Everything that happens to a job is written down by the database itself. */
static const char witness[] =
    "CREATE TABLE seen (id bigint, what text, owner text, at timestamptz);"
    "CREATE TABLE effects (job bigint PRIMARY KEY);"
    "GRANT ALL ON seen, effects TO quorum_app;"
    "CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    "  IF NEW.state = OLD.state AND NEW.attempt = OLD.attempt THEN RETURN NULL; END IF;"
    "  INSERT INTO seen VALUES (NEW.id, NEW.state, NEW.locked_by, clock_timestamp());"
    "  IF NEW.state = 'running' AND EXISTS (SELECT FROM jobs o WHERE o.due_at = NEW.due_at AND"
    "      o.stage < NEW.stage AND o.state IN ('available', 'running')) THEN"
    "    INSERT INTO seen VALUES (NEW.id, 'too early', NEW.locked_by, clock_timestamp());"
    "  END IF;"
    "  IF NEW.state = 'running' AND OLD.state = 'running' THEN"
    "    INSERT INTO seen VALUES (NEW.id, 'stolen', NEW.locked_by, clock_timestamp());"
    "  END IF;"
    "  RETURN NULL; END $$;"
    "CREATE TRIGGER see AFTER UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION see()";

static const struct statement effect = {
    "test effect", "INSERT INTO effects VALUES ($1::bigint) ON CONFLICT DO NOTHING"};

static int work_off(struct desk *d)
{
    int64_t due_open = 1, next_due, last_beat = 0;
    struct error e = {0};
    while (due_open > 0) {
        if (time_monotonic_us() - last_beat > USEC_SECOND / 10) {
            struct reply a = beat(d);
            if (a.e.kind || (a.beat.leading && rescue(d).e.kind))
                return 10;
            last_beat = time_monotonic_us();
        }
        struct reply a = take(d, 1 + rand() % 4);
        for (int64_t i = 0; i < a.n; i++) {
            struct error later = {.kind = ERR_TRANSIENT, .text = "later"};
            struct params p = {0};
            params_int(&p, a.job[i].id);
            bool fails = a.job[i].attempt == 1 && strcmp(a.job[i].symbol, "S07") == 0;
            if (!fails && db_query(d->db, &effect, &p, NULL, &e))
                return 11;
            params_release(&p);
            poll(NULL, 0, rand() % 3);
            if (finish(d, &a.job[i], fails ? &later : NULL).e.kind)
                return 12;
        }
        if (a.e.kind)
            return 13;
        if (a.n == 0)
            poll(NULL, 0, 5);
        if (a.n == 0 && jobs_open(d, &due_open, &next_due, &e))
            return 14;
    }
    return 0;
}

static int engine(void *arg)
{
    struct settings *s;
    struct loop *l;
    struct error e = {0};
    srand((unsigned)getpid());
    (void)arg;
    struct desk *d = rig_desk(&s, &l, buying_agents);
    int rc = engine_register(d, &e) ? 9 : work_off(d);
    if (!rc && engine_unregister(d, &e))
        rc = 15;
    rig_desk_close(d, s, l);
    return rc;
}

static void queue_300(struct rig *r)
{
    struct job_request list[300];
    char symbol[300][8];
    size_t n = 0;
    for (int m = 0; m < 10; m++) {
        static const enum job_kind single[] = {JOB_LOOK, JOB_RANK, JOB_TRADE, JOB_MARK, JOB_SCORE};
        for (size_t i = 0; i < ARRAY_LEN(single); i++)
            list[n++] = (struct job_request){single[i], "", minute(m), NULL};
        for (int i = 0; i < 25; i++, n++) {
            snprintf(symbol[n], sizeof symbol[n], "S%02d", i);
            list[n] = (struct job_request){JOB_EVALUATE, symbol[n], minute(m), NULL};
        }
    }
    struct reply a = queue(r->desk, list, n, 0);
    must(&a, "queue");
    assert_int_equal(a.n, 300);
}

static void engines_killed_at_random_lose_no_job_and_do_none_twice(void **state)
{
    enum { KILLS = 10 };
    struct rig *r = *state;
    pid_t pid[2];
    unsigned seed = 7;
    rig_run(r, witness);
    queue_300(r);
    for (size_t i = 0; i < 2; i++)
        pid[i] = rig_fork(engine, NULL);
    for (int k = 0, before = 0; k < KILLS && rig_int(r, "SELECT count(*) FROM jobs WHERE state <>"
                                                        " 'done'") > 0;
         k++) {
        int victim = rand_r(&seed) % 2;
        /* Somebody works between two kills. */
        for (int n = 0, now = before; n < PATIENCE_MS / 5 && now < before + 12; n++) {
            poll(NULL, 0, 5);
            now = (int)rig_int(r, "SELECT count(*) FROM effects");
        }
        poll(NULL, 0, rand_r(&seed) % 30);
        kill(pid[victim], SIGKILL);
        int ended = rig_wait(pid[victim]);
        if (ended != -SIGKILL && ended != 0)
            fail_msg("an engine ended with %d", ended);
        before = (int)rig_int(r, "SELECT count(*) FROM effects");
        pid[victim] = rig_fork(engine, NULL);
    }
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(rig_wait(pid[i]), 0);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM jobs WHERE state = 'done'"), 300);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM effects"), 300);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM seen WHERE what = 'done'"), 300);
    assert_int_equal(rig_int(r, "SELECT count(DISTINCT id) FROM seen WHERE what = 'done'"), 300);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM seen WHERE what IN ('too early', 'stolen')"),
                     0);
    /* By the clock as well: no lower stage of a moment ended after a higher one began. */
    assert_int_equal(
        rig_int(r, "SELECT count(*) FROM jobs a JOIN seen x ON x.id = a.id AND x.what = 'done',"
                   " jobs b JOIN seen y ON y.id = b.id AND y.what = 'running'"
                   " WHERE a.due_at = b.due_at AND a.stage < b.stage AND y.at < x.at"),
        0);
    assert_true(rig_int(r, "SELECT count(DISTINCT owner) FROM seen") > 2);
}

/* ---- the lead */

static int lead_and_tell(void *arg)
{
    struct settings *s;
    struct loop *l;
    struct error e = {0};
    int fd = *(int *)arg;
    struct desk *d = rig_desk(&s, &l, buying_agents);
    if (engine_register(d, &e))
        return 1;
    struct reply a = beat(d);
    if (!a.beat.leading || write(fd, "x", 1) != 1)
        return 2;
    for (;;) {
        poll(NULL, 0, 500);
        beat(d);
    }
}

static void when_the_leader_is_killed_another_leads_at_its_next_heartbeat(void **state)
{
    struct rig *r = *state;
    struct error e = {0};
    int fd[2];
    char byte;
    assert_int_equal(pipe(fd), 0);
    pid_t pid = rig_fork(lead_and_tell, &fd[1]);
    assert_int_equal(read(fd[0], &byte, 1), 1);
    assert_int_equal(engine_register(r->desk, &e), OK);
    struct reply a = beat(r->desk);
    must(&a, "beat");
    assert_false(a.beat.leading);
    int64_t epoch = a.beat.epoch;
    kill(pid, SIGKILL);
    assert_int_equal(rig_wait(pid), -SIGKILL);
    int64_t start = time_monotonic_us();
    a = beat(r->desk);
    assert_true(a.beat.leading);
    assert_int_equal(a.beat.epoch, epoch + 1);
    assert_true(time_monotonic_us() - start < USEC_SECOND);
    must((a = rescue(r->desk), &a), "rescue");
    assert_int_equal(rig_int(r, "SELECT count(*) FROM engines WHERE state = 'STOPPED'"), 1);
    close(fd[0]);
    close(fd[1]);
}

static void the_lead_of_another_host_is_left_until_its_lease_ends(void **state)
{
    struct rig *r = *state;
    struct error e = {0};
    assert_int_equal(engine_register(r->desk, &e), OK);
    rig_run(r, "INSERT INTO leader (holder, epoch, expires_at)"
               " VALUES ('elsewhere/1/1', 41, clock_timestamp() + interval '10 s')");
    assert_false(beat(r->desk).beat.leading);
    rig_run(r, "UPDATE leader SET expires_at = clock_timestamp()");
    struct reply a = beat(r->desk);
    assert_true(a.beat.leading);
    assert_int_equal(a.beat.epoch, 42);
    assert_true(a.beat.skew_ms > -2000 && a.beat.skew_ms < 2000);
    assert_string_equal(a.beat.control, "RUNNING");
    assert_int_equal(beat(r->desk).beat.epoch, 42);
    /* The same engine after its lease ran out begins anew: somebody may have led in between. */
    rig_run(r, "UPDATE leader SET expires_at = clock_timestamp()");
    assert_int_equal(beat(r->desk).beat.epoch, 43);
}

static const struct statement note_lead = {
    "test lead", "INSERT INTO leads SELECT $1::bigint, $2 WHERE engine_leads($2, $1::bigint)"};

static int contend(void *arg)
{
    struct settings *s;
    struct loop *l;
    struct error e = {0};
    struct desk *d = rig_desk(&s, &l, buying_agents);
    (void)arg;
    if (engine_register(d, &e))
        return 1;
    int64_t end = time_monotonic_us() + USEC_SECOND;
    while (time_monotonic_us() < end) {
        struct reply a = beat(d);
        struct params p = {0};
        if (a.e.kind)
            return 2;
        params_int(&p, a.beat.epoch);
        params_text(&p, owner_self());
        if (a.beat.leading && db_query(d->db, &note_lead, &p, NULL, &e))
            return 3;
        params_release(&p);
    }
    rig_desk_close(d, s, l);
    return 0;
}

static void no_epoch_has_two_leaders(void **state)
{
    enum { MANY = 4 };
    struct rig *r = *state;
    pid_t pid[MANY];
    rig_run(r, "CREATE TABLE leads (epoch bigint, holder text);"
               "GRANT ALL ON leads TO quorum_app");
    for (int i = 0; i < MANY; i++)
        pid[i] = rig_fork(contend, NULL);
    for (int i = 0, running = MANY; running > 0; i++) {
        rig_run(r, "UPDATE leader SET expires_at = '-infinity'");
        poll(NULL, 0, i % 20);
        running = 0;
        for (int k = 0; k < MANY; k++) {
            siginfo_t info = {0}; /* si_pid stays 0 while it runs */
            waitid(P_PID, (id_t)pid[k], &info, WEXITED | WNOHANG | WNOWAIT);
            running += info.si_pid == 0;
        }
    }
    for (int i = 0; i < MANY; i++)
        assert_int_equal(rig_wait(pid[i]), 0);
    assert_true(rig_int(r, "SELECT count(DISTINCT epoch) FROM leads") > 10);
    assert_true(rig_int(r, "SELECT count(DISTINCT holder) FROM leads") > 1);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM (SELECT epoch FROM leads GROUP BY epoch"
                                " HAVING count(DISTINCT holder) > 1) twice"),
                     0);
}

static void an_engine_that_stops_gives_back_what_it_holds(void **state)
{
    struct rig *r = *state;
    struct job_request one = {JOB_EVALUATE, "A", minute(0), NULL};
    struct error e = {0};
    int64_t epoch = lead(r);
    queue(r->desk, &one, 1, epoch);
    assert_int_equal(take(r->desk, 1).n, 1);
    rig_run(r, "UPDATE engines SET state = 'STOPPING'");
    struct reply a = beat(r->desk);
    assert_true(a.beat.asked_to_stop);
    assert_true(a.beat.leading); /* until it says so itself */
    assert_int_equal(engine_unregister(r->desk, &e), OK);
    assert_string_equal(rig_text(r, "SELECT state FROM jobs"), "available");
    assert_string_equal(rig_text(r, "SELECT state FROM engines"), "STOPPED");
    assert_int_equal(rig_int(r, "SELECT count(*) FROM leader WHERE expires_at > now()"), 0);
    assert_int_equal(lead(r), epoch + 1);
}

static void an_older_program_does_not_run_beside_a_newer_one(void **state)
{
    struct rig *r = *state;
    struct error e = {0};
    char sql[300];
    snprintf(sql, sizeof sql,
             "INSERT INTO engines (id, host, pid, program_version, schema_version, state)"
             " VALUES ('elsewhere/7/7', 'elsewhere', 7, 'v99.1', %d, 'RUNNING')",
             migration_count + 1);
    rig_run(r, sql);
    assert_int_equal(engine_register(r->desk, &e), ERR_POLICY);
    assert_non_null(strstr(e.text, "a newer engine runs"));
    assert_non_null(strstr(e.text, "elsewhere/7/7"));
    assert_int_equal(rig_int(r, "SELECT count(*) FROM engines"), 1);
    rig_run(r, "UPDATE engines SET heartbeat_at = clock_timestamp() - interval '1 min'");
    assert_int_equal(engine_register(r->desk, &e), OK);
    /* A schema that is ahead is refused, too. */
    rig_run(r, "INSERT INTO schema_migration SELECT (jsonb_populate_record(m,"
               " '{\"version\": 9999, \"name\": \"later\"}')).* FROM schema_migration m LIMIT 1");
    assert_int_equal(engine_register(r->desk, &e), ERR_POLICY);
}

static void versions_are_compared_by_their_numbers(void **state)
{
    (void)state;
    assert_true(engine_compare_versions("v1.10", "v1.9.3") > 0);
    assert_true(engine_compare_versions("1.2", "v1.2.1") < 0);
    assert_true(engine_compare_versions("v1.2-4-gabcdef0", "v1.2") > 0);
    assert_true(engine_compare_versions("v1.2-4-gabcdef0", "v1.2-4-g1234567-dirty") == 0);
    assert_true(engine_compare_versions("6c8eb70", "v1.2") == 0);
    assert_true(engine_compare_versions("unknown", "v1.2") == 0);
}

/* ---- the virtual clock */

static void the_clock_moves_only_when_nothing_is_left_to_do(void **state)
{
    struct rig *r = *state;
    struct error e = {0};
    bool moved = true;
    int64_t epoch = lead(r);
    assert_int_equal(clock_advance(r->desk, epoch, minute(0), NULL, 0, &moved, &e), ERR_POLICY);
    assert_false(moved);
    rig_run(r, "UPDATE desk SET clock = 'virtual', clock_at = '2020-11-20 15:00Z'");
    struct job_request list[] = {{JOB_EVALUATE, "A", minute(1), NULL},
                                 {JOB_MARK, "", minute(2), NULL}};
    assert_int_equal(clock_advance(r->desk, epoch, minute(1), list, 2, &moved, &e), OK);
    assert_true(moved);
    assert_string_equal(rig_text(r, "SELECT (SELECT clock_at FROM desk) || ' ' || planned_until"
                                    " FROM schedule_state"),
                        "2020-11-20 15:01:00+00 2020-11-20 15:01:00+00");
    /* A due job is open. */
    assert_int_equal(clock_advance(r->desk, epoch, minute(2), NULL, 0, &moved, &e), OK);
    assert_false(moved);
    struct reply a = take(r->desk, 4);
    assert_int_equal(a.n, 1);
    assert_int_equal(clock_advance(r->desk, epoch, minute(2), NULL, 0, &moved, &e), OK);
    assert_false(moved);
    assert_true(finish(r->desk, &a.job[0], NULL).ok);
    /* Nor is one jumped over. */
    assert_int_equal(clock_advance(r->desk, epoch, minute(3), NULL, 0, &moved, &e), OK);
    assert_false(moved);
    /* Never back, never by one who does not lead. */
    assert_int_equal(clock_advance(r->desk, epoch, minute(0), NULL, 0, &moved, &e), ERR_POLICY);
    struct job_request other = {JOB_LOOK, "", minute(2), NULL};
    assert_int_equal(clock_advance(r->desk, epoch - 1, minute(2), &other, 1, &moved, &e), OK);
    assert_false(moved);
    rig_run(r, "UPDATE leader SET expires_at = clock_timestamp()");
    assert_int_equal(clock_advance(r->desk, epoch, minute(2), &other, 1, &moved, &e), OK);
    assert_false(moved);
    assert_int_equal(rig_int(r, "SELECT count(*) FROM jobs WHERE kind = 'look'"), 0);
    epoch = beat(r->desk).beat.epoch;
    assert_int_equal(clock_advance(r->desk, epoch, minute(2), &other, 1, &moved, &e), OK);
    assert_true(moved);
    assert_int_equal(take(r->desk, 4).n, 1);
    assert_true(beat(r->desk).beat.desk_now == minute(2));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_heartbeat_says_when_an_adjustment_is_due),
        TEST(a_job_is_queued_once_for_ever_and_only_by_the_leader),
        TEST(cash_is_not_touched_before_all_of_its_moment_are_evaluated),
        TEST(a_failing_job_is_tried_again_with_patience_and_ends),
        TEST(work_that_somebody_else_took_over_counts_for_him_alone),
        TEST(only_jobs_the_engine_knows_of_are_kept_from_others),
        TEST(a_job_of_a_newer_program_is_left_to_it),
        TEST(a_job_that_kills_every_engine_ends),
        TEST(old_jobs_are_removed_and_open_ones_never),
        TEST(engines_killed_at_random_lose_no_job_and_do_none_twice),
        TEST(when_the_leader_is_killed_another_leads_at_its_next_heartbeat),
        TEST(the_lead_of_another_host_is_left_until_its_lease_ends),
        TEST(no_epoch_has_two_leaders),
        TEST(an_engine_that_stops_gives_back_what_it_holds),
        TEST(an_older_program_does_not_run_beside_a_newer_one),
        cmocka_unit_test(versions_are_compared_by_their_numbers),
        TEST(the_clock_moves_only_when_nothing_is_left_to_do),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
