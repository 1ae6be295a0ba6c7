/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One evaluation of five model calls, stored: how long beyond the two latencies it cannot avoid;
 * and many at once. The model is the rehearsal at a fixed latency, the database a private cluster
 * with fsync on in QUORUM_HOME. Prints one line a figure: name, n, median, min, max, limit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quorum/evaluation.h"
#include "quorum/timeutil.h"

enum { RUNS = 30, MANY = 32, TIMEOUT_MS = 120000 };

static int pending;

static void ended(void *arg, int64_t id, const struct error *e)
{
    (void)arg;
    (void)id;
    if (e && e->kind) {
        fprintf(stderr, "bench: %s\n", e->text);
        exit(1);
    }
    pending--;
}

static bool none_pending(void *arg)
{
    (void)arg;
    return pending == 0;
}

static double run(struct desk *d, int n)
{
    struct evaluation_request r = {.symbol = "MSFT", .as_of = TIME_NONE};
    struct error e = {0};
    int64_t start = time_monotonic_us();
    for (int i = 0; i < n; i++) {
        if (evaluation_start(d, &r, ended, NULL, &e)) {
            fprintf(stderr, "bench: %s\n", e.text);
            exit(1);
        }
        pending++;
    }
    if (!loop_run_until(d->loop, none_pending, NULL, TIMEOUT_MS))
        exit(1);
    return (double)(time_monotonic_us() - start) / 1000;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(struct desk *d, const char *name, int at_once, int runs, double limit)
{
    double ms[RUNS];
    run(d, 1); /* a backend's first statements are planned */
    for (int i = 0; i < runs; i++)
        ms[i] = run(d, at_once);
    qsort(ms, (size_t)runs, sizeof *ms, by_size);
    printf("%-34s n=%-3d median %8.1f ms  min %8.1f  max %8.1f  limit %8.1f  ratio %.3f\n", name,
           runs, ms[runs / 2], ms[0], ms[runs - 1], limit, ms[runs / 2] / limit);
}

int main(void)
{
    struct error e = {0};
    struct settings *s = NULL;
    struct desk *d = NULL;
    setenv("QUORUM_REHEARSAL", "latency=200", 1);
    setenv("MULTI_AGENT_DAILY_LLM_BUDGET", "1000", 1);
    struct desk_options o = {.loop = loop_new(), .agents = agent_table, .name = "demo"};
    if (settings_load(&s, &e) == OK) {
        o.settings = s;
        if (desk_open(&o, &d, &e) == OK) {
            measure(d, "E1 one evaluation, 200 ms calls", 1, RUNS, 410);
            measure(d, "E2 32 at once, 200 ms calls", MANY, 5, 450);
        }
    }
    if (e.kind)
        fprintf(stderr, "bench: %s\n", e.text);
    desk_close(d);
    loop_free(o.loop);
    settings_free(s);
    return e.kind ? 1 : 0;
}
