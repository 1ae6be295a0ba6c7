/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One learning cycle, step after step; every step is a row before the next begins. */
#include "quorum/learning.h"

#include <stdio.h>
#include <string.h>

#include "core/desk/learning_private.h"
#include "quorum/calendar.h"
#include "quorum/evaluation.h"
#include "quorum/log.h"
#include "quorum/mem.h"
#include "quorum/outcomes.h"
#include "quorum/timeutil.h"

/* All the past there is, whatever the lookback: a test that is looked at every night has its level
 * only on evidence that grows. */
enum { CANDIDATE_DAYS = 36500 };

static void count_patterns(struct learning_run *r)
{
    r->out->trades = r->seen.trades;
    r->out->cases = r->report.cases;
    r->out->tested = r->report.tested;
    for (size_t i = 0; i < r->report.n; i++) {
        r->out->confirmed += r->report.pattern[i].status == PATTERN_CONFIRMED;
        r->out->patterns += r->report.pattern[i].status >= PATTERN_CANDIDATE;
    }
}

static enum err work(struct learning_run *r, struct error *e)
{
    if (parameters_load(r->desk, r->parameter, e) || learning_load_cases(r, e) ||
        candidates_wait(r->desk, CANDIDATE_DAYS, &r->candidates, e))
        return e->kind;
    learning_list_changes(r);
    if (learning_compute(r, e))
        return e->kind;
    count_patterns(r);
    if (learning_store_found(r, e) || learning_load_state(r, e))
        return e->kind;
    learning_judge(r, (size_t)r->compared);
    if (learning_store_judged(r, e))
        return e->kind;
    learning_word(r);
    return learning_store_words(r, e) || learning_propose(r, e) ? e->kind : OK;
}

enum err learning_cycle(struct desk *d, const struct learning_request *q,
                        struct learning_result *out, struct error *e)
{
    struct learning_run *r = mem_alloc(sizeof *r);
    struct error ended = {0};
    *out = (struct learning_result){0};
    *r = (struct learning_run){
        .desk = d, .request = q, .out = out, .days = (int)desk_int(d, SETTING_LEARNING_LOOKBACK)};
    enum err result = desk_time(d, &r->now, e);
    r->today = calendar_last_closed(r->now);
    r->mature = calendar_add(r->today, -BARRIER_SESSIONS);
    if (!result)
        result = learning_begin(r, e);
    if (out->cycle) {
        result = work(r, e);
        /* Told even when interrupted: otherwise the next cycle has to find out. */
        loop_clear_interrupt(d->loop);
        if (learning_end(r, result ? "FAILED" : "DONE", result ? e->text : "", &ended) && !result) {
            *e = ended;
            result = e->kind;
        }
    }
    candidates_release(r->candidates);
    learning_release_cases(r);
    mem_free(r);
    return result;
}
