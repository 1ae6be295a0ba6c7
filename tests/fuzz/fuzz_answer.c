/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A model's reply is parsed by every agent's table; what is taken must be in range, clean and
 * make a vote. The same bytes are then read as a headline. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agents/headline.h"
#include "agents/lexicon.h"
#include "quorum/agent.h"
#include "quorum/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void check_value(const struct answer_field *f, const struct answer_value *v)
{
    must(v->present || f->optional);
    if (!v->present)
        return;
    must(text_is_utf8(v->text, strlen(v->text)));
    for (const char *p = v->text; *p; p++)
        must((unsigned char)*p >= 0x20);
    if (f->type == FIELD_INTEGER || f->type == FIELD_NUMBER)
        must(v->number >= f->min && v->number <= f->max);
    if (f->type == FIELD_TEXT)
        must(*v->text && strlen(v->text) <= f->max_length);
    must(v->nevidence <= EVIDENCE_MAX);
}

static void try_agent(const struct agent *agent, const char *text, size_t size,
                      const struct dossier *d, struct answer *a)
{
    struct error e = {.kind = OK};
    struct vote v;
    if (answer_parse(agent->answer, text, size, a, &e)) {
        must(e.text[0] != '\0');
        return;
    }
    for (const struct answer_field *f = agent->answer; f->name; f++)
        check_value(f, &a->field[f - agent->answer]);
    if (!agent->to_vote)
        return;
    agent->to_vote(a, d, &v);
    must(v.confidence >= 0 && v.confidence <= 100);
    if (evidence_check(d, &v))
        must(v.confidence <= 50);
    must(vote_risk_limit(&v, 28) >= 0 && vote_risk_limit(&v, 28) <= 28);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct dossier d;
    struct answer *a = mem_alloc(sizeof *a);
    struct buf line = {0};
    for (size_t i = 0; agent_table[i]; i++)
        try_agent(agent_table[i], (const char *)data, size, &d, a);
    mem_free(a);

    const struct lexicon *l = lexicon_shared(NULL);
    struct untrusted_text t = {.bytes = (const char *)data, .len = size};
    must(l != NULL);
    sanitize(&line, t, TEXT_LINE, 0);
    double s = lexicon_normalise(lexicon_score(l, buf_text(&line)));
    must(s >= -1 && s <= 1);
    headline_names(l, buf_text(&line), "Example News", "ACME", buf_text(&line));
    buf_release(&line);
    return 0;
}
