/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/status_line.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "quorum/mem.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "ui/list.h"
#include "ui/presence.h"

enum { FORMS = 3, BEAT_OLD_S = 15, SLOW_DB_MS = 100 };
#define SKEW_TOLD_US (2 * USEC_SECOND)

/* One field in its long, middle and short form. */
struct field {
    char text[FORMS][64];
    uint16_t style;
};

/* In the order in which they stand. */
enum field_id {
    FIELD_STATE,
    FIELD_PENDING,
    FIELD_ALERTS,
    FIELD_LLM,
    FIELD_FMP,
    FIELD_REGIME,
    FIELD_MARKET,
    FIELD_LEARN,
    FIELD_DB,
    FIELD_ENGINE,
    FIELD_OTHERS,
    FIELD_FROZEN,
    FIELD_READ_ONLY,
    FIELD_NOTICE,
    FIELD_CLOCK, /* at the right edge */
    FIELD_COUNT
};

/* In the order in which they go when the line is narrow, the first to go first. What makes a
 * picture deceptive (frozen, read-only) stays longer than numbers do. */
static const enum field_id leaving[] = {FIELD_NOTICE,  FIELD_LEARN,  FIELD_ENGINE,    FIELD_DB,
                                        FIELD_MARKET,  FIELD_REGIME, FIELD_OTHERS,    FIELD_FMP,
                                        FIELD_CLOCK,   FIELD_LLM,    FIELD_READ_ONLY, FIELD_ALERTS,
                                        FIELD_PENDING, FIELD_FROZEN};

bool status_number(const struct snapshot *s, const char *name, double *out)
{
    const char *text = s->status.rows.nrows > 0 ? rows_named(&s->status.rows, 0, name) : NULL;
    return text != NULL && text_to_double(text, out);
}

const char *status_field(const struct snapshot *s, const char *name)
{
    const char *text = s->status.rows.nrows > 0 ? rows_named(&s->status.rows, 0, name) : NULL;
    return text != NULL ? text : "";
}

bool status_is_held(const struct snapshot *s)
{
    const char *state = status_field(s, "state");
    return strcmp(state, "PAUSED") == 0 || strcmp(state, "HALTED") == 0;
}

static double number_or(const struct snapshot *s, const char *name, double otherwise)
{
    double x;
    return status_number(s, name, &x) ? x : otherwise;
}

static int count_of(const struct snapshot *s, const char *name)
{
    double x = number_or(s, name, 0);
    return x > 0 && x < 1e6 ? (int)x : 0;
}

const char *status_clock(char dst[16], const struct view *v, int64_t at, bool seconds)
{
    at += zone_offset(v->zone, at);
    int64_t s = at / USEC_SECOND % 86400;
    s = s < 0 ? s + 86400 : s;
    int64_t part[] = {s / 3600, s / 60 % 60, s % 60};
    char *to = dst;
    for (int i = 0; i < 2 + seconds; i++) { /* at every frame: snprintf takes long to begin */
        *to++ = (char)('0' + part[i] / 10);
        *to++ = (char)('0' + part[i] % 10);
        *to++ = ':';
    }
    to[-1] = '\0';
    return dst;
}

/* "00:42", minutes and seconds. */
static void minutes(char dst[16], int64_t seconds)
{
    seconds = seconds < 0 ? 0 : seconds > 5999 ? 5999 : seconds;
    snprintf(dst, 16, "%02d:%02d", (int)(seconds / 60), (int)(seconds % 60));
}

static int64_t lost_s(const struct snapshot *s)
{
    return (s->monotonic - s->lost_at) / USEC_SECOND;
}

static const char *span(char dst[16], double seconds)
{
    return duration_print(dst, seconds >= 0 && seconds < 1e9 ? (int64_t)seconds * USEC_SECOND : -1);
}

const char *status_regime_letter(const char *regime)
{
    static const struct {
        const char *regime, *letter;
    } letters[] = {
        {"BULL", "B"}, {"BEAR", "R"}, {"SIDEWAYS", "S"}, {"HIGH_VOL", "H"}, {"LOW_VOL", "L"}};
    for (size_t i = 0; i < ARRAY_LEN(letters); i++) {
        if (strcmp(letters[i].regime, regime) == 0)
            return letters[i].letter;
    }
    return "?";
}

/* ---- the state */

static uint16_t state_style(const char *state)
{
    if (strcmp(state, "RUNNING") == 0)
        return TOKEN_STATE_RUN;
    if (strcmp(state, "HALTED") == 0 || strcmp(state, "FLATTENING") == 0)
        return TOKEN_STATE_HALT;
    return TOKEN_STATE_PAUSE;
}

/* The control state counts while an engine lives to obey it; HALTED holds without one. */
static uint16_t state_word(const struct snapshot *s, char dst[32])
{
    const char *state = status_field(s, "state");
    double beat;
    char silent[16];
    bool has_beat = status_number(s, "engine_beat", &beat);
    bool lives = has_beat && beat <= BEAT_OLD_S && count_of(s, "engines") > 0;
    if (!s->connected) {
        minutes(silent, lost_s(s));
        snprintf(dst, 32, "DB DOWN %s", silent);
        return TOKEN_STATE_LOST;
    }
    if (s->status.rows.nrows == 0) {
        copy_text(dst, 32, "...");
        return TOKEN_DIM;
    }
    if (lives || strcmp(state, "HALTED") == 0) {
        copy_text(dst, 32, state);
        return state_style(state);
    }
    if (has_beat && count_of(s, "engines") > 0) {
        minutes(silent, beat > 1e6 ? 1000000 : (int64_t)beat);
        snprintf(dst, 32, "NO HEARTBEAT %s", silent);
        return TOKEN_STATE_LOST;
    }
    copy_text(dst, 32, "STOPPED");
    return TOKEN_STATE_PAUSE;
}

static const char *short_state(const char *state)
{
    static const struct {
        const char *word, *brief;
    } words[] = {{"RUNNING", "RUN"},     {"PAUSED", "PAUSE"},   {"HALTED", "HALT"},
                 {"FLATTENING", "FLAT"}, {"STARTING", "START"}, {"STOPPED", "STOP"}};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(words[i].word, state) == 0)
            return words[i].brief;
    }
    if (strncmp(state, "NO HEARTBEAT", 12) == 0)
        return "NO BEAT";
    return state;
}

/* ---- the fields */

static void set(struct field *f, uint16_t style, const char *text)
{
    for (int form = 0; form < FORMS; form++)
        copy_text(f->text[form], sizeof f->text[form], text);
    f->style = style;
}

static void set_state(struct field *f, const struct snapshot *s)
{
    char word[32], text[64];
    uint16_t style = state_word(s, word);
    snprintf(text, sizeof text, "%s %s", s->demo ? "DEMO" : "PAPER", word);
    set(f, style, text);
}

static const char *worst_of(const struct snapshot *s)
{
    const char *worst = status_field(s, "alert_worst");
    return worst[0] == 'C' || worst[0] == 'c'   ? "C"
           : worst[0] == 'W' || worst[0] == 'w' ? "W"
                                                : "i";
}

static void set_counts(struct field *pending, struct field *alerts, const struct snapshot *s)
{
    int n = count_of(s, "alerts"), waiting = count_of(s, "pending");
    char text[64];
    snprintf(text, sizeof text, "PEND %d", waiting);
    set(pending, waiting ? TOKEN_FG | STYLE_BOLD : TOKEN_FG, text);
    const char *worst = worst_of(s);
    bool crit = *worst == 'C', warn = *worst == 'W';
    snprintf(text, sizeof text, "ALRT %d%s", n, n == 0 ? "" : crit ? "C" : warn ? "w" : "i");
    set(alerts, n == 0 ? TOKEN_FG : list_style(LOOK_SEVERITY, worst), text);
    if (n > 0)
        snprintf(alerts->text[0], 64, "ALRT %d %s", n, crit ? "crit" : warn ? "warn" : "info");
}

/* Dollars without the cents that are nothing: 5, 0.25. */
static void dollars(char dst[16], double x, bool brief)
{
    if (brief && x >= 1 && x < 1e6 && fabs(x - round(x)) < 0.005)
        snprintf(dst, 16, "%.0f", x);
    else
        snprintf(dst, 16, "%.2f", x < 1e9 ? x : 1e9);
}

static void set_llm(struct field *f, const struct snapshot *s)
{
    double used, limit, at_reset = 0;
    char a[16], b[16], brief[16], c[16];
    if (!status_number(s, "llm_spent", &used) || !status_number(s, "llm_limit", &limit))
        return;
    bool projected = status_number(s, "llm_projected", &at_reset);
    dollars(a, used, false);
    dollars(b, limit, false);
    dollars(brief, limit, true);
    dollars(c, at_reset, false);
    f->style = limit > 0 && used >= limit                        ? TOKEN_SEV_CRIT
               : limit > 0 && fmax(used, at_reset) > 0.9 * limit ? TOKEN_SEV_WARN
                                                                 : TOKEN_FG;
    snprintf(f->text[0], 64, "LLM $%s/%s%s%s", a, b, projected ? " projected " : "",
             projected ? c : "");
    snprintf(f->text[1], 64, "LLM $%s/%s%s%s", a, b, projected ? " >" : "", projected ? c : "");
    snprintf(f->text[2], 64, "LLM $%s/%s%s%s", a, brief, projected ? ">" : "", projected ? c : "");
}

static void set_fmp(struct field *f, const struct snapshot *s)
{
    double used, limit;
    char text[64];
    if (s->no_market) {
        set(f, TOKEN_SEV_WARN, "FMP no key");
        return;
    }
    if (!status_number(s, "fmp_used", &used) || !status_number(s, "fmp_limit", &limit))
        return;
    snprintf(text, sizeof text, "FMP %.0f/%.0f", used, limit);
    set(f, used >= limit ? TOKEN_SEV_CRIT : used > 0.8 * limit ? TOKEN_SEV_WARN : TOKEN_FG, text);
}

static void set_regime(struct field *f, const struct snapshot *s)
{
    const char *regime = status_field(s, "regime");
    double conf = number_or(s, "regime_conf", -1), age = number_or(s, "regime_age", -1);
    char old[16];
    if (*regime == '\0')
        return;
    set(f, TOKEN_FG, regime);
    if (conf < 0)
        return;
    snprintf(f->text[2], 64, "%.16s %.0f", regime, conf);
    snprintf(f->text[1], 64, "%.16s %.0f%%", regime, conf);
    if (age >= 0)
        snprintf(f->text[1], 64, "%.16s %.0f%% (%s)", regime, conf, span(old, age));
    snprintf(f->text[0], 64, "REGIME %.50s", f->text[1]);
}

static void set_market(struct field *f, const struct snapshot *s)
{
    const char *market = status_field(s, "market");
    double change;
    char left[16];
    if (*market == '\0')
        return;
    bool open = strcmp(market, "open") == 0, known = status_number(s, "market_change", &change);
    span(left, known ? change : -1);
    f->style = open ? TOKEN_FG : TOKEN_DIM;
    snprintf(f->text[0], 64, "MARKET %s%s%s", open ? "open" : "closed, opens in", known ? " " : "",
             known ? left : "");
    snprintf(f->text[1], 64, "%s%s%s", open ? "OPEN" : "CLOSED", known ? " " : "",
             known ? left : "");
    copy_text(f->text[2], 64, f->text[1]);
    if (!known && !open)
        copy_text(f->text[0], 64, "MARKET closed");
}

/* What only broad screens have: the learning's next run, database and engine. */
static void set_services(struct field field[], const struct snapshot *s)
{
    const char *learn = status_field(s, "next_learn");
    double beat, up;
    char age[16], of[16];
    if (*learn)
        snprintf(field[FIELD_LEARN].text[0], 64, "LEARN %.20s", learn);
    set(&field[FIELD_DB], s->latency_ms >= SLOW_DB_MS ? TOKEN_SEV_WARN : TOKEN_FG, "DB ok");
    if (s->latency_ms >= 0)
        snprintf(field[FIELD_DB].text[0], 64, "DB ok %dms", s->latency_ms);
    if (s->latency_ms >= SLOW_DB_MS)
        copy_text(field[FIELD_DB].text[1], 64, field[FIELD_DB].text[0]);
    if (!status_number(s, "engine_beat", &beat) || count_of(s, "engines") == 0)
        return;
    int n = count_of(s, "engines");
    if (n > 1)
        snprintf(field[FIELD_ENGINE].text[0], 64, "ENGINES %d, hb %s", n, span(age, beat));
    else if (status_number(s, "engine_up", &up))
        snprintf(field[FIELD_ENGINE].text[0], 64, "ENGINE up %s hb %s", span(of, up),
                 span(age, beat));
    else
        snprintf(field[FIELD_ENGINE].text[0], 64, "ENGINE hb %s", span(age, beat));
}

/* "2 attached, ops@10.0.0.7", "+1 ops", "+1". */
static void set_others(struct field *f, const struct snapshot *s)
{
    char who[80];
    int n = presence_others(s, who, sizeof who);
    if (n == 0)
        return;
    snprintf(f->text[0], 64, n == 1 ? "%.40s is here, too" : "%.40s and others are here", who);
    snprintf(f->text[1], 64, "+%d %.*s", n, (int)strcspn(who, "@"), who);
    snprintf(f->text[2], 64, "+%d", n);
    f->style = TOKEN_KEY;
}

static void set_clock(struct field *f, const struct snapshot *s, const struct view *v)
{
    char clock[16], mark[12];
    set(f, TOKEN_FG, status_clock(clock, v, s->now, v->clock == CLOCK_SECONDS));
    zone_mark(v->zone, s->now, mark);
    snprintf(f->text[0], 64, "%s %s", clock, mark);
    if (v->zone == ZONE_UTC)
        snprintf(f->text[1], 64, "%sZ", clock);
    else if (v->zone == ZONE_LOCAL)
        copy_text(f->text[1], 64, f->text[0]);
    if (s->skew_us > -SKEW_TOLD_US && s->skew_us < SKEW_TOLD_US)
        return;
    char more[16];
    long long skew = s->skew_us / USEC_SECOND;
    snprintf(more, sizeof more, "%+llds", skew < -9999 ? -9999 : skew > 9999 ? 9999 : skew);
    for (int form = 0; form < FORMS; form++) {
        size_t n = strlen(f->text[form]);
        copy_text(f->text[form] + n, 64 - n, more);
    }
    f->style = TOKEN_SEV_WARN;
}

static void make_fields(struct field field[FIELD_COUNT], const struct snapshot *s,
                        const struct view *v)
{
    memset(field, 0, FIELD_COUNT * sizeof field[0]);
    set_state(&field[FIELD_STATE], s);
    if (s->status.rows.nrows > 0) {
        set_counts(&field[FIELD_PENDING], &field[FIELD_ALERTS], s);
        set_llm(&field[FIELD_LLM], s);
        set_fmp(&field[FIELD_FMP], s);
        set_regime(&field[FIELD_REGIME], s);
        set_market(&field[FIELD_MARKET], s);
        set_services(field, s);
        set_others(&field[FIELD_OTHERS], s);
    }
    if (v->frozen)
        set(&field[FIELD_FROZEN], TOKEN_STALE, "FROZEN");
    if (s->read_only)
        set(&field[FIELD_READ_ONLY], TOKEN_KEY, "RO");
    set(&field[FIELD_NOTICE], TOKEN_STALE, v->notice);
    if (s->now != 0 && v->clock != CLOCK_OFF)
        set_clock(&field[FIELD_CLOCK], s, v);
}

static int width_of(const struct field field[FIELD_COUNT], int form, int gap)
{
    int width = 0;
    for (int i = 0; i < FIELD_COUNT; i++) {
        if (field[i].text[form][0])
            width += list_columns(field[i].text[form], 64) + gap;
    }
    return width;
}

static int draw_fields(const struct pane *row, const struct snapshot *s, const struct view *v,
                       enum size_class size)
{
    struct field field[FIELD_COUNT];
    int gap = size == CLASS_STD ? 2 : 3, form = CLASS_MAX - (int)size;
    make_fields(field, s, v);
    form = form > 2 ? 2 : form;
    while (form < 2 && 1 - gap + width_of(field, form, gap) > row->cols)
        form++;
    gap = form == 2 ? 2 : gap;
    for (size_t i = 0; i < ARRAY_LEN(leaving); i++) {
        bool clock = field[FIELD_CLOCK].text[form][0]; /* one blank before it is enough */
        if (1 - gap + width_of(field, form, gap) <= row->cols + (clock ? gap - 1 : 0))
            break;
        field[leaving[i]].text[form][0] = '\0';
    }
    int at = 1;
    for (int i = 0; i < FIELD_CLOCK; i++) {
        const char *text = field[i].text[form];
        if (*text)
            at += pane_text(row, 0, at, field[i].style, text) + gap;
    }
    const char *clock = field[FIELD_CLOCK].text[form];
    if (!*clock)
        return -1;
    at = row->cols - list_columns(clock, 64);
    pane_text(row, 0, at, field[FIELD_CLOCK].style, clock);
    return at;
}

/* ---- the other forms */

static void draw_banner(const struct pane *row, const struct snapshot *s, const struct view *v)
{
    char lost[16], clock[16], text[200];
    minutes(lost, lost_s(s));
    int n = snprintf(text, sizeof text, " NO DATABASE for %s", lost);
    if (s->status.loaded_at > 0 && row->cols >= 60)
        n += snprintf(text + n, sizeof text - (size_t)n, " - showing data of %s",
                      status_clock(clock, v, s->heard, true));
    if (row->cols >= 76 && s->tries > 0)
        n += snprintf(text + n, sizeof text - (size_t)n, ". Retry in %d s (try %d)", s->retry_s,
                      s->tries);
    if (row->cols >= 40)
        snprintf(text + n, sizeof text - (size_t)n, "  R now");
    pane_fill(row, 0, 0, 1, row->cols, TOKEN_STATE_LOST, ' ');
    pane_cut(row, 0, 0, row->cols, TOKEN_STATE_LOST, text);
}

/* " RUN  P3  A1w  $0.25>0.34  B78  14:32" */
static int draw_compact(const struct pane *row, const struct snapshot *s, const struct view *v)
{
    char word[32], part[6][40], clock[16];
    double used, at_reset, conf;
    uint16_t style = state_word(s, word);
    const char *worst = worst_of(s), *regime = status_field(s, "regime");
    int alerts = count_of(s, "alerts"), n = 0, width = 1;
    uint16_t styles[6] = {style, TOKEN_FG, TOKEN_FG, TOKEN_FG, TOKEN_FG, TOKEN_FG};
    copy_text(part[n++], 40, short_state(word));
    if (v->frozen) {
        styles[n] = TOKEN_STALE;
        copy_text(part[n++], 40, "FROZEN");
    }
    snprintf(part[n++], 40, "P%d", count_of(s, "pending"));
    styles[n] = alerts ? list_style(LOOK_SEVERITY, worst) : TOKEN_FG;
    snprintf(part[n++], 40, "A%d%s", alerts, !alerts ? "" : *worst == 'W' ? "w" : worst);
    if (status_number(s, "llm_spent", &used)) {
        if (status_number(s, "llm_projected", &at_reset))
            snprintf(part[n++], 40, "$%.2f>%.2f", used, at_reset);
        else
            snprintf(part[n++], 40, "$%.2f", used);
    }
    if (n < 6 && *regime && status_number(s, "regime_conf", &conf))
        snprintf(part[n++], 40, "%s%.0f", status_regime_letter(regime), conf);
    status_clock(clock, v, s->now, false);
    for (int i = 0; i < n; i++) {
        int len = list_columns(part[i], 40);
        if (width + len + (i > 0 ? 2 : 0) > row->cols)
            break;
        width += pane_text(row, 0, width, styles[i], part[i]) + 2;
    }
    if (s->now == 0 || v->clock == CLOCK_OFF || width + 5 > row->cols)
        return -1;
    pane_text(row, 0, row->cols - 5, TOKEN_FG, clock);
    return row->cols - 5;
}

int status_line(const struct pane *row, const struct snapshot *s, const struct view *v,
                enum size_class size)
{
    if (row->rows < 1 || row->cols < 1)
        return -1;
    if (s->connected || s->lost_at <= 0)
        return size <= CLASS_COMPACT ? draw_compact(row, s, v) : draw_fields(row, s, v, size);
    draw_banner(row, s, v);
    return -1;
}

void status_tick(const struct pane *row, const struct snapshot *s, const struct view *v, int at)
{
    const struct cell *first = frame_cell(row->frame, row->row, row->col + at);
    char clock[16];
    bool seconds = row->cols - at >= 8 && v->clock == CLOCK_SECONDS; /* compact has minutes */
    if (at < 0 || first == NULL)
        return;
    pane_text(row, 0, at, first->style, status_clock(clock, v, s->now, seconds));
}

bool status_inputs(struct status_inputs *in, const struct snapshot *s, const struct view *v,
                   enum size_class size)
{
    if (!s->connected)
        return false;
    memset(in, 0, sizeof *in); /* compared byte by byte */
    keep_answer(&in->status, &s->status);
    keep_answer(&in->sessions, &s->sessions);
    copy_text(in->session, sizeof in->session, s->session);
    copy_text(in->notice, sizeof in->notice, v->notice);
    zone_mark(v->zone, s->now, in->mark);
    in->skew_us = s->skew_us;
    in->latency_ms = s->latency_ms;
    in->connected = s->connected;
    in->demo = s->demo;
    in->no_market = s->no_market;
    in->read_only = s->read_only;
    in->frozen = v->frozen;
    in->has_now = s->now != 0;
    in->zone = v->zone;
    in->form = v->clock;
    in->size = size;
    return true;
}

void status_smallest(const struct pane *row, const struct snapshot *s)
{
    char word[32];
    uint16_t style = state_word(s, word);
    if (row->rows < 1)
        return;
    int at = pane_cut(row, 0, 0, row->cols, style, short_state(word));
    at += pane_printf(row, 0, at, TOKEN_FG, " P%d A%d", count_of(s, "pending"),
                      count_of(s, "alerts"));
    pane_printf(row, 0, at, TOKEN_DIM, " %dx%d", row->frame->cols, row->frame->rows);
}
