/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One evaluation of five model calls, stored: how long beyond the two latencies it cannot avoid;
 * and many at once. The model is the rehearsal at a fixed latency, the database a private cluster
 * with fsync on in QUORUM_HOME. Prints one line a figure: name, n, median, min, max, limit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quorum/evaluation.h"
#include "quorum/timeutil.h"

enum { RUNS = 30, MANY = 200, AT_ONCE = 32, LATENCY_MS = 200, TIMEOUT_MS = 120000 };

static struct desk *desk;
static int to_start, running;
static struct evaluation_request request;

static void start_one(void);

static void ended(void *arg, int64_t id, const struct error *e)
{
    (void)arg;
    (void)id;
    if (e && e->kind) {
        fprintf(stderr, "bench: %s\n", e->text);
        exit(1);
    }
    running--;
    if (to_start)
        start_one();
}

static void start_one(void)
{
    struct error e = {0};
    if (evaluation_start(desk, &request, ended, NULL, &e)) {
        fprintf(stderr, "bench: %s\n", e.text);
        exit(1);
    }
    to_start--;
    running++;
}

static bool none_running(void *arg)
{
    (void)arg;
    return running == 0;
}

static double run(int n, int at_once)
{
    int64_t start = time_monotonic_us();
    to_start = n;
    while (to_start && running < at_once)
        start_one();
    if (!loop_run_until(desk->loop, none_running, NULL, TIMEOUT_MS))
        exit(1);
    return (double)(time_monotonic_us() - start) / 1000;
}

/* A symbol and a moment at which the rehearsal buys, so that the risk agent is asked too. */
static bool find_buy(void)
{
    static const char *const symbols[] = {"JNJ", "MSFT", "AAPL", "KO", "HD", "CAT", "DIS", "WMT"};
    for (int day = 2; day < 21; day++) {
        char text[40];
        snprintf(text, sizeof text, "2026-11-%02dT17:00:00Z", day);
        for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
            request = (struct evaluation_request){.symbol = symbols[i]};
            if (time_parse(text, &request.as_of) && run(1, 1) >= 2 * LATENCY_MS)
                return true;
        }
    }
    fprintf(stderr, "bench: there was no second round\n");
    return false;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const char *name, int n, int at_once, int runs, double limit)
{
    double ms[RUNS];
    run(1, 1); /* a backend's first statements are planned */
    for (int i = 0; i < runs; i++)
        ms[i] = run(n, at_once);
    qsort(ms, (size_t)runs, sizeof *ms, by_size);
    printf("%-34s n=%-3d median %8.1f ms  min %8.1f  max %8.1f  limit %8.1f  ratio %.3f\n", name,
           runs, ms[runs / 2], ms[0], ms[runs - 1], limit, ms[runs / 2] / limit);
}

int main(void)
{
    struct error e = {0};
    struct settings *s = NULL;
    char latency[40];
    snprintf(latency, sizeof latency, "latency=%d", LATENCY_MS);
    setenv("QUORUM_REHEARSAL", latency, 1);
    setenv("MULTI_AGENT_DAILY_LLM_BUDGET", "1000", 1);
    struct desk_options o = {.loop = loop_new(), .agents = agent_table, .name = "demo"};
    if (settings_load(&s, &e) == OK) {
        o.settings = s;
        if (desk_open(&o, &desk, &e) == OK && find_buy()) {
            sync(); /* what making the desk wrote is not measured */
            measure("E1 one evaluation, 200 ms calls", 1, 1, RUNS, 2 * LATENCY_MS + 10);
            measure("E2 200, 32 at once, 200 ms calls", MANY, AT_ONCE, 3, 2880);
        }
    }
    if (e.kind)
        fprintf(stderr, "bench: %s\n", e.text);
    desk_close(desk);
    loop_free(o.loop);
    settings_free(s);
    return e.kind ? 1 : 0;
}
