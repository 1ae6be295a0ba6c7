/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/desk_rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agents/common.h"
#include "quorum/buf.h"
#include "quorum/timeutil.h"

enum { EVALUATION_MS = 60000 };

static const char database[] = "quorum_demo";

static void must(enum err rc, const struct error *e, const char *what)
{
    if (rc != OK)
        fail_msg("%s: %s%s%s", what, e->text, e->fix[0] ? "; " : "", e->fix);
}

static void buy(const struct agent *a, double confidence, struct vote *out)
{
    *out = (struct vote){.state = VOTE_BUY, .confidence = confidence, .score = VALUE(.5)};
    snprintf(out->reason, sizeof out->reason, "%s likes it", a->name);
}

static const struct agent voter[3];
static void buy_1(const struct dossier *d, const struct risk_view *r, struct vote *out)
{
    (void)d;
    (void)r;
    buy(&voter[0], 60, out);
}
static void buy_2(const struct dossier *d, const struct risk_view *r, struct vote *out)
{
    (void)d;
    (void)r;
    buy(&voter[1], 61, out);
}
static void buy_3(const struct dossier *d, const struct risk_view *r, struct vote *out)
{
    (void)d;
    (void)r;
    buy(&voter[2], 62, out);
}

#define VOTER(n, f)                                                                                \
    {                                                                                              \
        .name = n, .role = AGENT_VOTER, .does = "buys", .facts = (const char *const[]){NULL},      \
        .prompt_version = 1, .prompt = "buy", .answer = voter_answer, .baseline = f,               \
        .to_vote = voter_to_vote                                                                   \
    }
static const struct agent voter[3] = {VOTER("research", buy_1), VOTER("news_analyst", buy_2),
                                      VOTER("technical_analyst", buy_3)};

extern const struct agent agent_regime_detector, agent_risk_manager;
const struct agent *const buying_agents[] = {
    &agent_regime_detector, &voter[0], &voter[1], &voter[2], &agent_risk_manager, NULL};

/* Nothing of the caller's settings; state and configuration in the fixture's home. */
static void private_environment(const struct fixture *f)
{
    char path[300];
    for (int i = 0; i < SETTING_COUNT; i++)
        unsetenv(setting_row((enum setting_id)i)->name);
    setenv("QUORUM_HOME", f->home, 1);
    snprintf(path, sizeof path, "%s/config", f->home);
    setenv("XDG_CONFIG_HOME", path, 1);
    if (chdir(f->home) < 0)
        fail_msg("cannot enter %s", f->home);
}

struct desk *rig_desk(struct settings **settings, struct loop **loop,
                      const struct agent *const *agents)
{
    struct desk *d = NULL;
    struct error e = {0};
    *loop = loop_new();
    must(settings_load(settings, &e), &e, "settings");
    struct desk_options o = {
        .settings = *settings, .loop = *loop, .agents = agents, .name = "demo"};
    must(desk_open(&o, &d, &e), &e, "the demo desk");
    return d;
}

void rig_desk_close(struct desk *d, struct settings *s, struct loop *l)
{
    desk_close(d);
    settings_free(s);
    loop_free(l);
}

static struct db *open_super(struct rig *r)
{
    char conninfo[1024];
    struct db_options o = {.conninfo = cluster_conninfo(r->f->cluster, conninfo, sizeof conninfo,
                                                        FIXTURE_SUPERUSER, database),
                           .application = "quorum-test",
                           .reconnect = true};
    struct error e = {0};
    struct db *db = db_new(r->f->loop, &o);
    must(db_open(db, 20000, &e), &e, "superuser");
    return db;
}

int rig_bare(void **state)
{
    struct rig *r = mem_alloc(sizeof *r);
    void *f = NULL;
    if (fixture_empty(&f))
        return -1;
    r->f = f;
    private_environment(r->f);
    *state = r;
    return 0;
}

void rig_enter(struct rig *r)
{
    r->desk = rig_desk(&r->settings, &r->loop, buying_agents);
    r->super = open_super(r);
}

static int open_with(void **state, const char *models)
{
    rig_bare(state);
    setenv("MULTI_AGENT_ENABLED", models, 1);
    setenv("QUORUM_REHEARSAL", "latency=1", 1);
    rig_enter(*state);
    return 0;
}

int rig_open(void **state)
{
    return open_with(state, "false");
}

int rig_open_with_models(void **state)
{
    return open_with(state, "true");
}

int rig_close(void **state)
{
    struct rig *r = *state;
    struct error e = {0};
    void *f = r->f;
    char list[300];
    if (r->desk)
        rig_desk_close(r->desk, r->settings, r->loop);
    db_free(r->super);
    enum err rc = cluster_drop_database(r->f->cluster, database, &e);
    if (rc)
        print_error("drop: %s\n", e.text);
    snprintf(list, sizeof list, "%s/config/quorum/desks", r->f->home);
    unlink(list);
    mem_free(r);
    return fixture_drop(&f) || rc ? -1 : 0;
}

void rig_reopen(struct rig *r, const struct agent *const *agents)
{
    rig_desk_close(r->desk, r->settings, r->loop);
    db_free(r->super);
    r->desk = rig_desk(&r->settings, &r->loop, agents);
    r->super = open_super(r);
}

struct ended {
    bool yes;
    int64_t id;
    struct error e;
};

static void done(void *arg, int64_t id, const struct error *e)
{
    struct ended *end = arg;
    end->yes = true;
    end->id = id;
    if (e)
        end->e = *e;
}

static bool has_ended(void *arg)
{
    return ((const struct ended *)arg)->yes;
}

static enum err finish(struct desk *d, struct ended *end, int64_t *id, struct error *e)
{
    if (!loop_run_until(d->loop, has_ended, end, EVALUATION_MS))
        return err_set(e, ERR_FAILED, "the evaluation did not end");
    if (id)
        *id = end->id;
    *e = end->e;
    return end->e.kind;
}

enum err rig_evaluate(struct desk *d, const struct evaluation_request *r, int64_t *id,
                      struct error *e)
{
    struct ended end = {0};
    *id = 0;
    err_clear(e);
    enum err rc = evaluation_start(d, r, done, &end, e);
    return rc ? rc : finish(d, &end, id, e);
}

enum err rig_resume(struct desk *d, int64_t id, struct error *e)
{
    struct ended end = {0};
    err_clear(e);
    evaluation_resume(d, id, done, &end);
    return finish(d, &end, NULL, e);
}

struct evaluation_request rig_example(void)
{
    return (struct evaluation_request){
        .symbol = "AAPL",
        .price = 1755000,
        .indicators = "sma_20=172.30,sma_50=168.45,sma_200=165.20,atr=3.25,adx=28.5,rsi=58.2,"
                      "volume_ratio=1.2,beta=1.15",
        .as_of = TIME_NONE};
}

const char *rig_text(struct rig *r, const char *sql)
{
    static char text[8192];
    const struct statement st = {.name = "test", .sql = sql};
    struct params p = {0};
    struct rows rows = {0};
    struct error e = {0};
    must(db_query(r->super, &st, &p, &rows, &e), &e, sql);
    const char *cell = rows.nrows && rows.ncols ? rows_text(&rows, 0, 0) : NULL;
    copy_text(text, sizeof text, cell ? cell : "");
    rows_release(&rows);
    return text;
}

int64_t rig_int(struct rig *r, const char *sql)
{
    return strtoll(rig_text(r, sql), NULL, 10);
}

void rig_run(struct rig *r, const char *sql)
{
    struct error e = {0};
    must(db_script(r->super, sql, &e), &e, sql);
}

pid_t rig_fork(int (*body)(void *arg), void *arg)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(body(arg));
    assert_true(pid > 0);
    return pid;
}

int rig_wait(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}
