/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/console_options.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "quorum/money.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "ui/bar.h"
#include "ui/chart.h"
#include "ui/console_private.h"

enum kind { KIND_WORD, KIND_SPAN, KIND_NUMBER, KIND_DOLLARS, KIND_THEME };
enum { DOLLAR = 1000, DOLLAR_DIGITS = 3 };

/* ---- what a change does */

static void apply_layout(struct console *c)
{
    c->view.forced = (enum size_class)c->option[OPTION_LAYOUT];
}

static void apply_forms(struct console *c)
{
    c->view.zone = (enum zone)c->option[OPTION_TZ];
    zone_choose(c->view.zone);
    if (c->loader)
        loader_forms(c->loader, c->view.zone, c->option[OPTION_DECIMALS_PRICE]);
}

static void apply_pace(struct console *c)
{
    if (c->loader)
        loader_pace(c->loader, c->option[OPTION_REFRESH], c->option[OPTION_UNFOCUSED_REFRESH]);
}

static void apply_mouse(struct console *c)
{
    if (c->screen)
        screen_mouse(c->screen, c->option[OPTION_MOUSE]);
}

static void apply_bar(struct console *c)
{
    int way = c->option[OPTION_COMPLETE];
    bar_configure(c->option[OPTION_HISTORY_SIZE], way == COMPLETE_BOTH || way == COMPLETE_GHOST,
                  way == COMPLETE_BOTH || way == COMPLETE_POPUP, way == COMPLETE_POPUP);
}

/* Lines, blocks and accents are "ambiguous": most terminals give them one column, those set up for
 * East Asia may give two. The C library's idea is that of the locale. */
static void apply_drawing(struct console *c)
{
    static const char *const graph[] = {"auto", "braille", "block", "ascii"};
    struct frame *f = &c->frame;
    bool utf8 = c->options->unicode || !c->screen || screen_is_utf8(c->screen);
    int wide = c->option[OPTION_AMBIGUOUS];
    f->ambiguous = wide == 0 ? wcwidth(L'\x2500') == 2 : wide == 2;
    f->unwrapped = c->option[OPTION_WRAP] != 0;
    chart_use(f, graph[c->option[OPTION_GRAPH]], utf8);
    if (c->screen)
        screen_repaint(c->screen);
}

/* Of the approvals of this console. */
static void apply_hold(struct console *c)
{
    c->snapshot.hold_s = (int)(c->option[OPTION_CONFIRM_HOLD] / 1000);
    if (c->desk)
        c->desk->review_hold_s = c->option[OPTION_CONFIRM_HOLD] / 1000;
}

static void apply_theme(struct console *c)
{
    if (c->screen)
        console_load_theme(c, c->theme_name);
}

/* ---- the table */

static const struct option {
    const char *name;
    enum kind kind;
    const char *values, *help;
    int usual, least, most;
    void (*apply)(struct console *c);
} options[OPTION_COUNT] = {
    [OPTION_AMBIGUOUS] = {"ambiguous", KIND_WORD, "auto 1 2",
                          "columns your terminal gives to lines and accents", 0, 0, 0,
                          apply_drawing},
    [OPTION_CLOCK] = {"clock", KIND_WORD, "s min off", "the clock in the status line", 0, 0, 0,
                      NULL},
    [OPTION_COMPLETE] = {"complete", KIND_WORD, "ghost+popup ghost popup off",
                         "grey rest of the line; the choice on the second Tab, or at once", 0, 0, 0,
                         apply_bar},
    [OPTION_CONFIRM_HOLD] = {"confirm.hold", KIND_SPAN, "1s..60s",
                             "how long an approval can be undone before it applies", 10000, 1000,
                             60000, apply_hold},
    [OPTION_COPY_MAX] = {"copy.max", KIND_NUMBER, "1000..10000000",
                         "most bytes of base64 your terminal takes for the clipboard", 74994, 1000,
                         10000000, NULL},
    [OPTION_DECIMALS_PRICE] = {"decimals.price", KIND_NUMBER, "0..4", "digits of a price", 2, 0, 4,
                               apply_forms},
    [OPTION_EVAL_FREE] = {"eval.free", KIND_DOLLARS, "0..100",
                          "an evaluation that may cost more is asked about", 250, 0, 100 * DOLLAR,
                          NULL},
    [OPTION_GRAPH] = {"graph", KIND_WORD, "auto braille block ascii", "what charts are made of", 0,
                      0, 0, apply_drawing},
    [OPTION_HISTORY_SIZE] = {"history.size", KIND_NUMBER, "10..100000", "lines kept of the bar",
                             1000, 10, 100000, apply_bar},
    [OPTION_LAYOUT] = {"layout", KIND_WORD, "auto compact std wide max", "how many panels at once",
                       0, 0, 0, apply_layout},
    [OPTION_MOUSE] = {"mouse", KIND_WORD, "off on", "clicks and the wheel", 0, 0, 0, apply_mouse},
    [OPTION_NOTIFY] = {"notify", KIND_WORD, "bell off osc9",
                       "how your terminal is told that something needs you", 0, 0, 0, NULL},
    [OPTION_REFRESH] = {"refresh", KIND_SPAN, "500ms..60s",
                        "how often positions are asked; the rest in proportion", USUAL_MS, 500,
                        60000, apply_pace},
    [OPTION_THEME] = {"theme", KIND_THEME, "a name", "colours", 0, 0, 0, apply_theme},
    [OPTION_TZ] = {"tz", KIND_WORD, "exchange local utc", "the zone of times", 0, 0, 0,
                   apply_forms},
    [OPTION_UNFOCUSED_REFRESH] = {"unfocused.refresh", KIND_SPAN, "1s..600s",
                                  "the same while the terminal has no focus, at most", 10000, 1000,
                                  600000, apply_pace},
    [OPTION_WRAP] = {"wrap", KIND_WORD, "on off", "long texts in details; off: h and l scroll", 0,
                     0, 0, apply_drawing},
};

void console_options_begin(struct console *c)
{
    for (int i = 0; i < OPTION_COUNT; i++)
        c->option[i] = options[i].usual;
}

void console_options_apply(struct console *c)
{
    apply_layout(c);
    apply_bar(c);
    apply_drawing(c);
    console_options_apply_desk(c);
}

void console_options_apply_desk(struct console *c)
{
    apply_forms(c);
    apply_pace(c);
    apply_hold(c);
}

const char *console_option(size_t i, const char **values, const char **help)
{
    if (i >= OPTION_COUNT)
        return NULL;
    *values = options[i].values;
    *help = options[i].help;
    return options[i].name;
}

bool console_option_find(const char *name, enum option_id *out)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (strcmp(options[i].name, name) == 0) {
            *out = (enum option_id)i;
            return true;
        }
    }
    return false;
}

/* ---- values as text */

static void print_span(char *dst, size_t size, int ms)
{
    if (ms % 1000)
        snprintf(dst, size, "%dms", ms);
    else
        snprintf(dst, size, "%ds", ms / 1000);
}

const char *console_get(const struct console *c, enum option_id id, char dst[48])
{
    const struct option *o = &options[id];
    int value = c->option[id];
    const char *word = o->values;
    switch (o->kind) {
    case KIND_WORD:
        for (int i = 0; i < value; i++)
            word += strcspn(word, " ") + 1;
        copy_bytes(dst, 48, word, strcspn(word, " "));
        break;
    case KIND_SPAN:
        print_span(dst, 48, value);
        break;
    case KIND_NUMBER:
        snprintf(dst, 48, "%d", value);
        break;
    case KIND_DOLLARS:
        decimal_print(dst, 48, value, DOLLAR_DIGITS, value % 10 ? 3 : 2);
        break;
    case KIND_THEME:
        copy_text(dst, 48, c->theme_name);
    }
    return dst;
}

static bool parse_word(const char *words, const char *value, int *out)
{
    size_t len = strlen(value);
    *out = 0;
    for (const char *w = words; *w; w += strcspn(w, " "), w += *w == ' ', ++*out)
        if (len && strcspn(w, " ") == len && strncmp(w, value, len) == 0)
            return true;
    return false;
}

/* "500ms", "2s", "1m": milliseconds. */
static bool parse_span(const char *value, int64_t *out)
{
    char digits[24];
    size_t n = strlen(value);
    if (strcmp(value, "0s") == 0)
        return *out = 0, true;
    if (n > 2 && n < sizeof digits && strcmp(value + n - 2, "ms") == 0) {
        copy_bytes(digits, sizeof digits, value, n - 2);
        return text_to_int64(digits, out);
    }
    if (!duration_parse(value, out))
        return false;
    *out /= 1000;
    return true;
}

static bool parse(const struct option *o, const char *value, int *out)
{
    int64_t n = 0;
    bool is = false;
    switch (o->kind) {
    case KIND_WORD:
        return parse_word(o->values, value, out);
    case KIND_SPAN:
        is = parse_span(value, &n);
        break;
    case KIND_NUMBER:
        is = text_to_int64(value, &n);
        break;
    case KIND_DOLLARS:
        is = decimal_parse(value, DOLLAR_DIGITS, &n);
        break;
    case KIND_THEME:
        return *value && strlen(value) <= THEME_NAME_MAX && !strchr(value, '/');
    }
    *out = is && n >= o->least && n <= o->most ? (int)n : 0;
    return is && n >= o->least && n <= o->most;
}

bool console_option_is_usual(const struct console *c, enum option_id id)
{
    if (id == OPTION_THEME)
        return c->theme_is_usual;
    return c->option[id] == options[id].usual;
}

static enum err no_option(const char *name, struct error *e)
{
    char shown[40];
    struct buf names = {0};
    size_t best = 3;
    const char *near = NULL;
    for (int i = 0; i < OPTION_COUNT; i++) {
        size_t far = text_distance(options[i].name, name);
        if (far < best) {
            best = far;
            near = options[i].name;
        }
        buf_printf(&names, " %s", options[i].name);
    }
    sanitize_line(shown, sizeof shown, untrusted(name));
    err_set(e, ERR_USAGE, "no option \"%s\"", shown);
    if (near)
        err_fix(e, "did you mean %s?", near);
    else
        err_fix(e, "one of:%s", buf_text(&names));
    buf_release(&names);
    return e->kind;
}

enum err console_set(struct console *c, const char *name, const char *value, struct error *e)
{
    enum option_id id;
    char shown[40], rule[64];
    int parsed = 0;
    if (!console_option_find(name, &id))
        return no_option(name, e);
    const struct option *o = &options[id];
    if (!parse(o, value, &parsed)) {
        sanitize_line(shown, sizeof shown, untrusted(value));
        err_set(e, ERR_USAGE, "%s=%s is not possible", name, shown);
        return err_fix(e, "%s%s", o->kind == KIND_WORD ? "one of: " : "it may be ", o->values);
    }
    if (id == OPTION_TZ && !zone_rule((enum zone)parsed, rule)) {
        err_set(e, ERR_USAGE, "the zone of this machine is not known");
        return err_fix(e, "set TZ, or tz=utc");
    }
    if (o->kind == KIND_THEME && c->screen && /* when it starts, it goes on with another */
        theme_find(value, c->theme_dir, "or write themes/NAME.theme", e))
        return e->kind;
    c->option[id] = parsed;
    if (o->kind == KIND_THEME) {
        copy_text(c->theme_name, sizeof c->theme_name, value);
        c->theme_is_usual = false;
    }
    if (o->apply)
        o->apply(c);
    return OK;
}
