/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/model.h"

const char *model_outcome_name(enum model_outcome o)
{
    static const char *const names[] = {
        [MODEL_ANSWERED] = "answered",
        [MODEL_REFUSED] = "refused",
        [MODEL_CUT] = "cut off",
        [MODEL_WRONG_FORM] = "wrong form",
        [MODEL_UNREACHABLE] = "unreachable",
        [MODEL_DENIED] = "denied",
        [MODEL_REJECTED] = "rejected",
    };
    return names[o];
}

int64_t usage_tokens(const struct usage *u)
{
    return u->input + u->output + u->cache_write_5m + u->cache_write_1h + u->cache_read;
}

void model_free(struct model *m)
{
    if (m)
        m->ops->free(m);
}
