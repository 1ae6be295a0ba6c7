/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which model a desk's agents use, and whether any is asked. */
#include <stdio.h>
#include <string.h>

#include "core/desk/desk_private.h"
#include "quorum/buf.h"
#include "quorum/model.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

const char *desk_model_absent(const struct desk *d)
{
    if (d->scratch[0])
        return "a back-test asks no model";
    if (!desk_bool(d, SETTING_MULTI_AGENT_ENABLED))
        return "MULTI_AGENT_ENABLED is false";
    return d->model ? NULL : "ANTHROPIC_API_KEY is not set";
}

/* The word after "NAME=" in a list of such words, NULL if it is not there. */
static const char *word_for(const char *list, const char *name, char *dst, size_t size)
{
    size_t n = strlen(name);
    for (const char *p = list; *p; p += strspn(p, " ,")) {
        size_t len = strcspn(p, " ,");
        if (len > n && strncmp(p, name, n) == 0 && p[n] == '=')
            return copy_bytes(dst, size, p + n + 1, len - n - 1) ? dst : NULL;
        p += len;
    }
    return NULL;
}

enum err desk_model(struct desk *d, const struct agent *a, char dst[64], struct error *e)
{
    char own[64];
    const char *warning = NULL;
    const char *name = word_for(desk_text(d, SETTING_AGENT_MODELS), a->name, own, sizeof own);
    enum err result = model_resolve(name ? name : desk_text(d, SETTING_MODEL),
                                    (int32_t)(time_machine_now() / USEC_DAY), dst, &warning, e);
    if (warning)
        d->model_warning = warning;
    return result;
}

/* "latency=250 misbehave=429": a wrong word is an error, not a silent default. */
static enum err rehearsal_options(const struct desk *d, char *fault, size_t size,
                                  struct rehearsal_options *out, struct error *e)
{
    const char *text = settings_text(d->settings, SETTING_REHEARSAL);
    char latency[16] = "250";
    int64_t ms = 0;
    for (const char *p = text; *p; p += strspn(p, " ")) {
        size_t n = strcspn(p, " ");
        if (strncmp(p, "latency=", 8) != 0 && strncmp(p, "misbehave=", 10) != 0) {
            err_set(e, ERR_USAGE, "QUORUM_REHEARSAL: \"%.*s\" is not known", (int)(n > 40 ? 40 : n),
                    p);
            return err_fix(e, "example: QUORUM_REHEARSAL=\"latency=250 misbehave=429\"");
        }
        p += n;
    }
    word_for(text, "latency", latency, sizeof latency);
    if (!text_to_int64(latency, &ms) || ms < 0 || ms > 600000) {
        err_set(e, ERR_USAGE, "QUORUM_REHEARSAL: latency is 0 to 600000 milliseconds");
        return e->kind;
    }
    bool faulty = word_for(text, "misbehave", fault, size) && strcmp(fault, "none") != 0;
    *out = (struct rehearsal_options){.loop = d->loop,
                                      .seed = (uint64_t)d->seed,
                                      .latency_ms = ms,
                                      .misbehave = faulty ? fault : NULL};
    return OK;
}

/* The demo desk rehearses; the paper desk asks the vendor when there is a key, or a local server
 * when the address was moved. */
enum err desk_open_model(struct desk *d, struct error *e)
{
    char fault[40];
    if (d->kind == DESK_DEMO) {
        struct rehearsal_options o;
        if (rehearsal_options(d, fault, sizeof fault, &o, e))
            return e->kind;
        d->model = model_rehearsal_new(&o);
        return OK;
    }
    const char *key = settings_text(d->settings, SETTING_ANTHROPIC_API_KEY);
    bool moved = settings_origin(d->settings, SETTING_ANTHROPIC_BASE_URL) != FROM_DEFAULT;
    if (!key && !moved)
        return OK;
    struct anthropic_options o = {.http = d->http,
                                  .loop = d->loop,
                                  .base_url =
                                      settings_text(d->settings, SETTING_ANTHROPIC_BASE_URL),
                                  .key = key};
    d->model = model_anthropic_new(&o);
    return OK;
}

static const struct statement recorded_reply = {
    "recorded reply",
    "SELECT p.response FROM agent_interactions i JOIN agent_payloads p"
    "  ON p.interaction_id = i.id AND p.created_at = i.created_at"
    " WHERE i.evaluation_id = $1::bigint AND i.agent_name = $2 AND i.model IS NOT NULL"
    "  AND i.status IN ('DONE', 'FAILED') AND p.response IS NOT NULL ORDER BY i.id DESC LIMIT 1"};

struct lookup {
    void (*found)(void *call, const char *raw);
    void *call;
};

static void reply_found(void *arg, struct rows *rows, const struct error *e)
{
    struct lookup *l = arg;
    l->found(l->call, (e && e->kind) || rows->nrows == 0 ? NULL : rows_text(rows, 0, 0));
    mem_free(l);
}

static void find_reply(void *arg, const char *agent, void (*found)(void *call, const char *raw),
                       void *call)
{
    struct desk *d = arg;
    struct lookup *l = mem_alloc(sizeof *l);
    struct params p = {0};
    *l = (struct lookup){.found = found, .call = call};
    params_int(&p, d->recorded_evaluation);
    params_text(&p, agent);
    db_send(d->db, &recorded_reply, &p, reply_found, l);
}

void desk_use_recorded(struct desk *d, int64_t evaluation_id)
{
    struct recorded_options o = {.loop = d->loop, .find = find_reply, .arg = d};
    d->recorded_evaluation = evaluation_id;
    model_free(d->model);
    d->model = model_recorded_new(&o);
}
