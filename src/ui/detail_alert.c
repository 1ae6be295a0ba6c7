/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One alert: what, since when, what to do. */
#include <stdio.h>
#include <string.h>

#include "quorum/text.h"
#include "ui/detail_page.h"

enum { PART_HEAD, PART_HISTORY };

const struct statement alert_head = {
    "detail alert",
    "SELECT a.id, a.rule, a.object, a.severity, a.text, a.fix,"
    "  to_char(a.raised_at AT TIME ZONE z.tz, 'YYYY-MM-DD HH24:MI:SS') AS raised,"
    "  extract(epoch FROM a.raised_at)::bigint AS raised_epoch,"
    "  to_char(a.cleared_at AT TIME ZONE z.tz, 'YYYY-MM-DD HH24:MI:SS') AS cleared,"
    "  to_char(a.acked_at AT TIME ZONE z.tz, 'YYYY-MM-DD HH24:MI:SS') AS acked,"
    "  a.acked_by, r.condition, r.clears,"
    "  to_char(m.until AT TIME ZONE z.tz, 'YYYY-MM-DD HH24:MI:SS') AS muted_until, m.muted_by,"
    "  (SELECT max(o.id) FROM alerts o WHERE o.id < a.id) AS older,"
    "  (SELECT min(o.id) FROM alerts o WHERE o.id > a.id) AS newer "
    "FROM " DETAIL_TZ " CROSS JOIN alerts a LEFT JOIN alert_rules() r ON r.rule = a.rule"
    "  LEFT JOIN alert_mutes m ON m.rule = a.rule AND m.until > clock_timestamp() "
    "WHERE a.id = " DETAIL_ID};

const struct statement alert_history = {
    "detail alert history",
    "SELECT o.id, to_char(o.raised_at AT TIME ZONE z.tz, 'MM-DD HH24:MI') AS raised,"
    "  to_char(o.cleared_at AT TIME ZONE z.tz, 'MM-DD HH24:MI')    AS cleared, o.severity,"
    "  o.object, o.acked_by, o.text "
    "FROM " DETAIL_TZ " CROSS JOIN alerts a JOIN alerts o ON o.rule = a.rule AND o.id <> a.id "
    "WHERE a.id = " DETAIL_ID " ORDER BY o.raised_at DESC, o.id DESC LIMIT 40"};

static uint16_t style_of_severity(const char *severity)
{
    return *severity == 'C' ? TOKEN_SEV_CRIT : *severity == 'W' ? TOKEN_SEV_WARN : TOKEN_SEV_INFO;
}

static const char *severity_word(const char *severity)
{
    return *severity == 'C' ? "C critical" : *severity == 'W' ? "W warning" : "i information";
}

/* What Enter opens of an alert's object. */
static void object_of(const struct rows *head, char out[OBJECT_MAX])
{
    static const char *const words[] = {"position ", "evaluation ", "adjustment ", "trade "};
    const char *object = rows_named(head, 0, "object"), *rule = rows_named(head, 0, "rule");
    out[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strncmp(object, words[i], strlen(words[i])) == 0)
            copy_text(out, OBJECT_MAX, object);
    if (!*out && strncmp(rule, "agent.", 6) == 0 && *object)
        snprintf(out, OBJECT_MAX, "agent %.40s", object);
    else if (!*out && text_is_symbol(object))
        snprintf(out, OBJECT_MAX, "symbol %.20s", object);
}

static void object_line(struct page *g)
{
    char object[OBJECT_MAX];
    if (!*page_fact(g, "object"))
        return;
    object_of(page_rows(g, PART_HEAD), object);
    if (*object)
        page_item(g);
    page_label(g, "ABOUT");
    page_say(g, TOKEN_FG, "%s", page_fact(g, "object"));
    if (*object)
        page_say(g, TOKEN_DIM, "[Enter: open it]");
}

static void state_lines(struct page *g)
{
    char age[PAGE_CELL];
    page_label(g, "SINCE");
    page_say(g, TOKEN_FG, "%s", page_fact(g, "raised"));
    page_say(g, TOKEN_DIM, "%s ago", age_text(age, g, page_fact(g, "raised_epoch")));
    page_label(g, "STATE");
    if (page_fact(g, "cleared"))
        page_say(g, TOKEN_FG, "cleared %s", page_fact(g, "cleared"));
    else
        page_say(g, style_of_severity(page_fact(g, "severity")), "open");
    if (page_fact(g, "acked"))
        page_say(g, TOKEN_FG, "acknowledged %s by %s", page_fact(g, "acked"),
                 page_fact(g, "acked_by") ? page_fact(g, "acked_by") : "?");
    else if (!page_fact(g, "cleared"))
        page_say(g, TOKEN_DIM, "not acknowledged");
    if (page_fact(g, "muted_until"))
        page_say(g, TOKEN_FG, "the rule is muted until %s by %s", page_fact(g, "muted_until"),
                 page_fact(g, "muted_by"));
    page_label(g, "RULE");
    page_say(g, TOKEN_FG, "%s", page_fact(g, "rule"));
    if (page_fact(g, "condition")) {
        page_say(g, TOKEN_DIM, "speaks: %s", page_fact(g, "condition"));
        page_say(g, TOKEN_DIM, "falls silent: %s", page_fact(g, "clears"));
    }
}

static void history_table(struct page *g)
{
    static const struct page_column columns[] = {
        {"ALERT", 7, false, 0}, {"RAISED", 11, false, 0}, {"CLEARED", 11, false, 40},
        {"SEV", 3, false, 0},   {"ABOUT", 14, false, 60}, {"TEXT", 0, false, 60}};
    const struct rows *r = page_rows(g, PART_HISTORY);
    page_heading(g, "OTHERS OF THIS RULE", NULL);
    if (r->nrows == 0) {
        page_text(g, TOKEN_DIM, page_came(g, PART_HISTORY) ? "none" : "loading", 0);
        return;
    }
    page_header(g, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < r->nrows; i++) {
        char id[32];
        snprintf(id, sizeof id, "#%.20s", rows_named(r, i, "id"));
        const struct page_cell cells[] = {
            {id, TOKEN_FG},
            {rows_named(r, i, "raised"), TOKEN_FG},
            {rows_named(r, i, "cleared") ? rows_named(r, i, "cleared") : "open", TOKEN_FG},
            {rows_named(r, i, "severity"), style_of_severity(rows_named(r, i, "severity"))},
            {rows_named(r, i, "object"), TOKEN_FG},
            {rows_named(r, i, "text"), TOKEN_DIM},
        };
        page_cells(g, columns, ARRAY_LEN(cells), cells, true);
    }
}

static void body(struct page *g)
{
    struct detail_view *v = g->view;
    if (!page_ready(g, "alert", "all: panel 9, or :alerts --all"))
        return;
    const char *severity = page_fact(g, "severity"), *fix = page_fact(g, "fix");
    snprintf(v->title, sizeof v->title, "%.20s  %s", page_fact(g, "rule"), severity_word(severity));
    sanitize_line(v->title, sizeof v->title, untrusted(v->title));
    page_label(g, "WHAT");
    page_say(g, style_of_severity(severity) | STYLE_BOLD, "%s", severity);
    page_more(g, TOKEN_FG, "%s", page_fact(g, "text"));
    page_label(g, "TO DO");
    page_say(g, TOKEN_FG, "%s", *fix ? fix : "nothing: for information");
    object_line(g);
    state_lines(g);
    history_table(g);
}

int draw_alert(const struct pane *p, const struct snapshot *s, struct detail_view *v)
{
    return page_draw(p, s, v, body);
}

void alert_item(const struct snapshot *s, const struct detail_view *v, char out[OBJECT_MAX])
{
    const struct rows *head = &s->detail[PART_HEAD].rows, *r = &s->detail[PART_HISTORY].rows;
    char object[OBJECT_MAX] = "";
    out[0] = '\0';
    if (head->nrows)
        object_of(head, object);
    int item = v->item - (*object != '\0');
    if (*object && v->item == 0)
        copy_text(out, OBJECT_MAX, object);
    else if (item >= 0 && (size_t)item < r->nrows)
        snprintf(out, OBJECT_MAX, "alert %.30s", rows_named(r, (size_t)item, "id"));
}
