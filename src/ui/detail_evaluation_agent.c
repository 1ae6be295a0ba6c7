/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One agent of an evaluation: its words in full, and what exactly was sent and came back. */
#include <stdio.h>
#include <string.h>

#include "ui/detail_evaluation.h"

static void cited_facts(struct page *g, const char *ids)
{
    const char *p = ids;
    if (!ids || !*ids)
        return;
    page_label(g, "CITES");
    while (*(p += strspn(p, " "))) {
        char id[48];
        size_t n = strcspn(p, " ");
        copy_bytes(id, sizeof id, p, n);
        const char *value = evaluation_fact(g, id, "value"), *unit = evaluation_fact(g, id, "unit");
        const char *is_text = evaluation_fact(g, id, "is_text");
        if (value && is_text && *is_text == 't')
            page_say(g, TOKEN_DIM, "%s \"%s\"", id, value);
        else
            page_say(g, value ? TOKEN_FG : TOKEN_SEV_WARN, "%s %s%s%s", id, value ? value : "?",
                     unit && *unit ? " " : "", unit ? unit : "");
        p += n;
    }
}

static void one_vote(struct page *g, size_t i, bool baseline)
{
    char conf[PAGE_CELL], brier[PAGE_CELL];
    const char *vote = evaluation_agent(g, i, baseline ? "base_vote" : "vote");
    const char *answer = evaluation_agent(g, i, baseline ? "base_answer" : "answer");
    const char *reason = evaluation_agent(g, i, baseline ? "base_reason" : "reason");
    const char *counted = evaluation_agent(g, i, baseline ? "base_counted" : "counted");
    const char *score =
        evaluation_cost(brier, evaluation_agent(g, i, baseline ? "base_brier" : "brier"), 3);
    page_label(g, baseline ? "BASELINE" : "MODEL");
    if (!vote) {
        page_say(g, TOKEN_DIM, baseline ? "has not judged" : "did not vote");
        return;
    }
    page_say(g, style_of_vote(vote), "%s", evaluation_vote(vote, answer));
    page_say(g, TOKEN_FG, "%s",
             evaluation_confidence(
                 conf, evaluation_agent(g, i, baseline ? "base_confidence" : "confidence")));
    page_say(g, TOKEN_DIM, counted && *counted == 't' ? "counted" : "not counted");
    if (score)
        page_say(g, TOKEN_FG, "Brier score %s (0 is perfect, 0.25 a coin)", score);
    if (!reason || !*reason)
        page_text(g, TOKEN_DIM, "no reason given", 0);
    else if (baseline || text_is_word(vote, "ABSTAIN") || text_is_word(vote, "FAILED"))
        page_text(g, TOKEN_FG, reason, 0);
    else
        page_quote(g, reason, 0);
    cited_facts(g, evaluation_agent(g, i, baseline ? "base_cited" : "cited"));
}

void draw_evaluation_words(struct page *g, size_t i)
{
    const char *wrong = evaluation_agent(g, i, "wrong_evidence"),
               *error = evaluation_agent(g, i, "error");
    page_label(g, "AGENT");
    page_say(g, TOKEN_FG, "%s", evaluation_agent(g, i, "agent"));
    page_say(g, TOKEN_DIM, "%s", evaluation_agent(g, i, "role"));
    page_say(g, TOKEN_DIM, "[Enter: exact prompt and raw reply]");
    if (error && *error) {
        page_label(g, "ERROR");
        page_say(g, TOKEN_SEV_WARN, "%s", error);
    }
    page_blank(g);
    one_vote(g, i, false);
    if (wrong && strcmp(wrong, "0") != 0) {
        page_label(g, "");
        page_say(g, TOKEN_SEV_WARN, "values cited wrongly: %s; its confidence is capped at 50%%",
                 wrong);
    }
    page_blank(g);
    one_vote(g, i, true);
}

/* As it went over the wire, but line breaks inside its strings are shown as such. */
static void wire_text(struct page *g, const char *title, const char *text, const char *length)
{
    char note[PAGE_CELL] = "";
    struct buf shown = {0};
    int64_t bytes = 0;
    if (whole_number(length, &bytes))
        snprintf(note, sizeof note, "%lld characters%s", (long long)bytes,
                 bytes > 100000 ? ", the first 100000" : "");
    page_heading(g, title, note);
    if (!text) {
        page_text(g, TOKEN_DIM, "none is stored", 0);
        return;
    }
    for (const char *p = text; *p; p++) {
        if (p[0] == '\\' && p[1] == '\\') {
            buf_add(&shown, p++, 2);
        } else if (p[0] == '\\' && p[1] == 'n') {
            buf_char(&shown, '\n');
            p++;
        } else {
            buf_char(&shown, *p);
        }
    }
    int indent = g->indent;
    g->indent = 1;
    page_text(g, TOKEN_DIM, buf_text(&shown), 0);
    g->indent = indent;
    buf_release(&shown);
}

void draw_evaluation_wire(struct page *g, size_t i)
{
    const struct rows *r = page_rows(g, PART_CALLS);
    const char *name = evaluation_agent(g, i, "agent");
    size_t n = 0;
    for (size_t k = 0; k < r->nrows; k++) {
        char cost[PAGE_CELL], lat[PAGE_CELL];
        const char *error = rows_named(r, k, "error"), *usd = rows_named(r, k, "cost_usd");
        if (!text_is_word(rows_named(r, k, "agent"), name))
            continue;
        if (n++)
            page_blank(g);
        page_label(g, "CALL");
        page_say(g, TOKEN_FG, "#%s %s %s", rows_named(r, k, "id"), name,
                 rows_named(r, k, "action"));
        page_say(g, TOKEN_FG, "%s", rows_named(r, k, "model"));
        page_say(g, text_is_word(rows_named(r, k, "status"), "DONE") ? TOKEN_FG : TOKEN_SEV_WARN,
                 "%s%s%s", rows_named(r, k, "status"), error && *error ? ": " : "",
                 error ? error : "");
        page_say(g, TOKEN_FG, "%s%s", usd ? "$" : "cost not settled",
                 usd ? evaluation_cost(cost, usd, 4) : "");
        page_say(g, TOKEN_FG, "%s tok", rows_named(r, k, "tokens"));
        page_say(g, TOKEN_FG, "%s", latency_text(lat, rows_named(r, k, "latency_ms")));
        if (rows_named(r, k, "request_id"))
            page_say(g, TOKEN_DIM, "%s", rows_named(r, k, "request_id"));
        wire_text(g, "PROMPT, as sent", rows_named(r, k, "request"),
                  rows_named(r, k, "request_length"));
        wire_text(g, "RAW REPLY", rows_named(r, k, "response"),
                  rows_named(r, k, "response_length"));
    }
    if (n == 0) {
        page_label(g, "");
        page_say(g, TOKEN_DIM,
                 page_came(g, PART_CALLS) ? "no model was asked: %s is code here"
                                          : "loading the calls of %s",
                 name);
    }
}
