/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A demo desk on the test program's private cluster, opened the way a command opens it. */
#ifndef TESTS_STORE_DESK_RIG_H
#define TESTS_STORE_DESK_RIG_H

#include <sys/types.h>

#include "quorum/evaluation.h"
#include "store/fixture.h"

struct rig {
    struct fixture *f;
    struct settings *settings;
    struct loop *loop;
    struct desk *desk;
    struct db *super; /* superuser's connection to the desk's database */
};

/* Setup: a new demo desk on which the baselines vote, or one whose rehearsed models do. Teardown:
 * its database is dropped. */
int rig_open(void **state);
int rig_open_with_models(void **state);
int rig_close(void **state);
/* The same without a desk, for tests that open one themselves; then rig_enter. */
int rig_bare(void **state);
void rig_enter(struct rig *r);

/* Agents named as the real ones: the regime detector and the risk manager are the real ones, the
 * voters say BUY with 60, 61 and 62. */
extern const struct agent *const buying_agents[];

/* Another handle to the demo desk, in a process that has none yet; fails the test. */
struct desk *rig_desk(struct settings **settings, struct loop **loop,
                      const struct agent *const *agents);
void rig_desk_close(struct desk *d, struct settings *s, struct loop *l);
/* Leaves and enters the desk again with other agents or another environment. */
void rig_reopen(struct rig *r, const struct agent *const *agents);

/* Runs one evaluation to its end. *id is set even on failure. */
enum err rig_evaluate(struct desk *d, const struct evaluation_request *r, int64_t *id,
                      struct error *e);
enum err rig_resume(struct desk *d, int64_t id, struct error *e);
/* The first document's example; symbol, price and figures. */
struct evaluation_request rig_example(void);

/* As the superuser, on the desk's database. */
int64_t rig_int(struct rig *r, const char *sql);
const char *rig_text(struct rig *r, const char *sql);
void rig_run(struct rig *r, const char *sql);

/* Forks a child that runs body(arg) and exits with its result. */
pid_t rig_fork(int (*body)(void *arg), void *arg);
/* The child's exit status, or -signal. */
int rig_wait(pid_t pid);

#endif
