/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which model a desk's agents use, and whether any is asked. */
#include <string.h>

#include "core/desk/desk_private.h"
#include "quorum/buf.h"
#include "quorum/model.h"
#include "quorum/timeutil.h"

const char *desk_model_absent(const struct desk *d)
{
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
