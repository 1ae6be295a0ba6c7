/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which wording of an agent's question is asked (docs/learning.md): versions are rows of
 * agent_prompts, a text under a model each. With several in force one is drawn for each evaluation,
 * with its chance of being the best and one time in ten by lot; with one nothing is drawn. */
#ifndef QUORUM_PROMPTS_H
#define QUORUM_PROMPTS_H

#include "quorum/desk.h"
#include "quorum/learning_stats.h"

enum { PROMPT_TEXT_MAX = 16 << 10 }; /* bytes of an operator's text */
#define PROMPT_APART 0.05            /* what two versions are to be told apart by */

/* Tells the program's texts to the database where it does not know them, and reads what is in
 * force into d->prompts. Waits. */
enum err prompts_store(struct desk *d, struct error *e);
/* The same reading, from the loop; done may be NULL. */
void prompts_reload(struct desk *d, void (*done)(void *arg, const struct error *e), void *arg);
/* The generation of what d->prompts holds; 0: nothing was read. */
int64_t prompts_generation(const struct desk *d);
struct prompt_book;
void prompts_free(struct prompt_book *b);

struct prompt_pick {
    const char *text; /* valid until the next reload: copy it, or use it at once */
    bool compiled;    /* text is the agent's own, which lasts */
    int version;
    double propensity; /* the chance it had */
};
/* The same agent, symbol and moment give the same version while the scores are the same. */
void prompt_pick(const struct desk *d, const struct agent *a, const char *symbol, int64_t as_of,
                 struct prompt_pick *out);

/* As stored, for lists: texts in the arena, not cleaned. */
struct stored_prompt {
    const char *agent, *status, *origin, *added_by, *model, *content, *sha256, *created_at;
    const char *retired_by, *retired_why;
    struct prompt_version score;
    double mean;         /* posterior */
    double best, share;  /* of the active ones: chance to be the best, to be asked; else 0 */
    int64_t votes, buys; /* of the model with that version; buys of the resolved opinions */
    bool active;
};
struct prompt_list {
    struct stored_prompt *prompt;
    size_t n;
    struct arena arena;
};
/* Newest version first, by agent; NULL: of all agents. */
enum err prompts_list(struct desk *d, const char *agent, struct prompt_list *out, struct error *e);
void prompts_list_release(struct prompt_list *l);
/* What may be said of an agent's active versions: "not enough data: need ~1,230 resolved votes
 * each, have 41 and 12"; names a better one only when both have so many and it is 95 % sure. */
const char *prompts_verdict(const struct prompt_list *l, const char *agent, char dst[200]);

/* A person's acts, audited. Refusals are ERR_POLICY or ERR_USAGE with the reason. */
enum err prompt_add(struct desk *d, const struct agent *a, const char *text, size_t len,
                    int *version, struct error *e);
enum err prompt_retire(struct desk *d, const char *agent, int version, const char *why,
                       struct error *e);
enum err prompt_promote(struct desk *d, const char *agent, int version, const char *why,
                        struct error *e);

#endif
