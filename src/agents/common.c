/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agents/common.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "quorum/text.h"

static const char *const decisions[] = {"BUY", "SELL", "HOLD", "ABSTAIN", NULL};

const struct answer_field voter_answer[] = {
    {.name = "decision",
     .type = FIELD_ENUM,
     .choice = decisions,
     .help = "HOLD is an opinion: no clear advantage. ABSTAIN: the facts do not allow one."},
    {.name = "confidence",
     .type = FIELD_INTEGER,
     .min = 0,
     .max = 100,
     .help = "How often an answer like this one would turn out right."},
    {.name = "reason",
     .type = FIELD_TEXT,
     .max_length = REASON_LENGTH,
     .help = "One or two plain sentences."},
    {.name = "evidence",
     .type = FIELD_EVIDENCE,
     .help = "The facts the decision rests on, with their values as shown."},
    {.name = NULL},
};

void vote_from_answer(struct vote *out, double confidence, const struct answer_value *reason,
                      const struct answer_value *evidence)
{
    *out = (struct vote){.state = VOTE_HOLD, .confidence = confidence};
    copy_text(out->reason, sizeof out->reason, reason->text);
    memcpy(out->evidence, evidence->evidence, sizeof out->evidence);
    out->nevidence = evidence->nevidence;
}

void voter_to_vote(const struct answer *a, const struct dossier *d, struct vote *out)
{
    (void)d;
    vote_from_answer(out, a->field[1].number, &a->field[2], &a->field[3]);
    if (!vote_state_parse(a->field[0].text, &out->state))
        out->state = VOTE_FAILED;
    if (out->state == VOTE_ABSTAIN || out->state == VOTE_FAILED)
        out->confidence = 0;
}

void vote_baseline(struct vote *out, enum vote_state state, double confidence, const char *fmt, ...)
{
    char text[sizeof out->reason];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    out->state = state;
    out->confidence = confidence > BASELINE_CONFIDENCE_MAX ? BASELINE_CONFIDENCE_MAX : confidence;
    sanitize_line(out->reason, sizeof out->reason, untrusted(text));
}

static struct evidence *next_evidence(struct vote *out, const char *fact_id)
{
    if (out->nevidence == EVIDENCE_MAX)
        return NULL;
    struct evidence *e = &out->evidence[out->nevidence++];
    *e = (struct evidence){.has_value = false};
    copy_text(e->fact_id, sizeof e->fact_id, fact_id);
    return e;
}

void vote_cite(struct vote *out, const char *fact_id, double value)
{
    struct evidence *e = next_evidence(out, fact_id);
    if (e) {
        e->value = value;
        e->has_value = true;
    }
}

void vote_cite_words(struct vote *out, const char *fact_id)
{
    next_evidence(out, fact_id);
}

struct value dossier_price(const struct dossier *d)
{
    if (d->price > 0)
        return VALUE((double)d->price / 10000.0);
    return d->indicators.price;
}

void dossier_add_number(struct dossier *d, const char *id, struct value number, const char *unit,
                        int decimals, const struct provenance *from)
{
    struct fact *f = dossier_add(d, id, from);
    if (!f)
        return;
    f->number = number;
    f->decimals = decimals;
    copy_text(f->unit, sizeof f->unit, unit);
    if (!number.known && from->state != DATUM_ABSENT && from->state != DATUM_ERROR) {
        f->from.state = DATUM_ABSENT;
        copy_text(f->from.reason, sizeof f->from.reason, "a figure it needs is missing");
    }
}

void dossier_add_words(struct dossier *d, const char *id, const char *clean,
                       const struct provenance *from)
{
    struct fact *f = dossier_add(d, id, from);
    if (f && clean && *clean)
        f->text = arena_text(&d->arena, clean);
    else if (f)
        f->from.state = DATUM_ABSENT;
}
