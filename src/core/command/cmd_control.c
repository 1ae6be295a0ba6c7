/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pausing, halting and resuming the desk, and closing positions by hand. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/command/commands.h"
#include "core/command/show.h"
#include "quorum/broker.h"
#include "quorum/calendar.h"
#include "quorum/control.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"
#include "quorum/zone.h"

enum { SYMBOL_BYTES = 40, REASON_BYTES = 200 };

/* The words from `first` on; quotes are not needed on a command line. */
static const char *reason_from(const struct call *c, int first, char dst[REASON_BYTES])
{
    struct buf b = {0};
    for (int i = first; i < c->nargs; i++)
        buf_printf(&b, "%s%s", i > first ? " " : "", c->arg[i]);
    sanitize_line(dst, REASON_BYTES, untrusted(buf_text(&b)));
    buf_release(&b);
    return dst;
}

/* "09:03:11 ET", with the date when it is not that of `beside`. */
static const char *moment(char dst[48], int64_t at, int64_t beside)
{
    when_tell(dst, at, WHEN_SECOND);
    return zone_day(at) == zone_day(beside) ? dst + 11 : dst;
}

static void json_time(struct json *j, const char *key, int64_t t)
{
    char text[33];
    json_str(j, key, t == TIME_NONE ? NULL : time_print(text, t));
}

static const char *plural(int64_t n, const char *one, const char *many)
{
    return n == 1 ? one : many;
}

static void proof_line(struct call *c, const struct control_proof *p, const char *reason)
{
    struct buf b = {0};
    char at[48];
    buf_printf(&b, "%s at %s by %s%s%s%s.", control_name(p->after), moment(at, p->at, p->at),
               operator_name(), *reason ? " (" : "", reason, *reason ? ")" : "");
    if (p->after != CONTROL_RUNNING) {
        buf_str(&b, " In flight 0: no entry order after this line; ");
        if (*p->last_order)
            buf_printf(&b, "last entry at %s, order %.8s", moment(at, p->last_order_at, p->at),
                       p->last_order);
        else
            buf_str(&b, "no entry was ever ordered");
    }
    if (p->after == CONTROL_HALTED || p->after == CONTROL_FLATTENING)
        buf_printf(&b, "; %" PRId64 " open %s cancelled", p->entries_cancelled,
                   plural(p->entries_cancelled, "entry", "entries"));
    if (p->exits_ordered)
        buf_printf(&b, "; %" PRId64 " closing %s made", p->exits_ordered,
                   plural(p->exits_ordered, "order", "orders"));
    if (p->after != CONTROL_RUNNING)
        buf_char(&b, '.');
    out_line(c->out, "%s desk: %s", desk_kind_name(c->desk->kind), buf_text(&b));
    buf_release(&b);
}

static void proof_json(struct call *c, const struct control_proof *p, const char *reason)
{
    struct json j;
    json_begin(&j, &c->out->text);
    json_open(&j, NULL, '{');
    json_str(&j, "desk", desk_kind_name(c->desk->kind));
    json_str(&j, "before", control_name(p->before));
    json_str(&j, "state", control_name(p->after));
    json_time(&j, "at", p->at);
    json_str(&j, "by", operator_name());
    json_str(&j, "reason", reason);
    json_int(&j, "in_flight", 0);
    json_str(&j, "last_entry", *p->last_order ? p->last_order : NULL);
    json_time(&j, "last_entry_at", p->last_order_at);
    json_int(&j, "entries_cancelled", p->entries_cancelled);
    json_int(&j, "closing_orders", p->exits_ordered);
    json_close(&j, '}');
    buf_char(&c->out->text, '\n');
}

static const struct statement open_entries = {
    "open entries", "SELECT count(*) FROM orders WHERE state = 'OPEN' AND purpose = 'ENTRY'"};

/* What a pause leaves: it takes no order back. */
static void warn_of_open_entries(struct call *c)
{
    struct rows r = {0};
    struct error ignored = {0};
    if (db_query(c->desk->db, &open_entries, NULL, &r, &ignored))
        return;
    int64_t n = rows_int(&r, 0, 0);
    if (n)
        out_line(c->out,
                 "%" PRId64 " entry %s open before may still fill; kill halt takes %s back.", n,
                 plural(n, "order", "orders"), plural(n, "it", "them"));
    rows_release(&r);
}

static const struct statement living = {
    "living engines", "SELECT count(*) FROM engines WHERE state IN ('STARTING', 'RUNNING')"
                      " AND heartbeat_at > clock_timestamp() - interval '15 seconds'"};

/* An order is filled by an engine: without one it only waits. */
static void warn_without_engine(struct call *c)
{
    struct rows r = {0};
    struct error ignored = {0};
    if (db_query(c->desk->db, &living, NULL, &r, &ignored) == OK && rows_int(&r, 0, 0) == 0)
        call_warn(c,
                  "no engine runs on the %s desk: nothing is closed until one does; quorum "
                  "--desk %s engine start",
                  desk_kind_name(c->desk->kind), desk_kind_name(c->desk->kind));
    rows_release(&r);
}

static enum err set_state(struct call *c, enum control to, int first_word, struct error *e)
{
    struct control_view before;
    struct control_proof proof;
    char reason[REASON_BYTES], why[REASON_BYTES + 4] = "", since[48];
    reason_from(c, first_word, reason);
    if (call_desk(c, e) || control_load(c->desk, &before, e) ||
        control_set(c->desk, to, reason, operator_name(), operator_origin(), &proof, e))
        return e->kind;
    if (c->out->format == OUTPUT_JSON) {
        proof_json(c, &proof, reason);
        return OK;
    }
    proof_line(c, &proof, reason);
    if (*before.reason)
        snprintf(why, sizeof why, " (%s)", before.reason);
    if (proof.after == CONTROL_RUNNING)
        out_line(c->out, "Lifted: %s since %s by %s%s.", control_name(before.state),
                 when_tell(since, before.set_at, WHEN_SECOND), before.set_by, why);
    if (proof.after == CONTROL_PAUSED)
        warn_of_open_entries(c);
    if (proof.after == CONTROL_FLATTENING)
        out_line(c->out, "When the last position is closed the desk is HALTED; then quorum resume "
                         "lifts it.");
    else if (proof.after != CONTROL_RUNNING)
        out_line(c->out, "Stops, targets and other exits go on. It survives a restart; quorum "
                         "resume lifts it.");
    if (proof.exits_ordered)
        warn_without_engine(c);
    return OK;
}

/* Where a desk is open (the console), what would be refused is not asked about. */
static enum err check_pause(const struct call *c, struct error *e)
{
    return c->desk ? control_check(c->desk, CONTROL_PAUSED, e) : OK;
}

static enum err check_resume(const struct call *c, struct error *e)
{
    return c->desk ? control_check(c->desk, CONTROL_RUNNING, e) : OK;
}

static enum err run_pause(struct call *c, struct error *e)
{
    return set_state(c, CONTROL_PAUSED, 0, e);
}

static enum err run_resume(struct call *c, struct error *e)
{
    char path[600];
    if (control_halt_file(c->settings, path, sizeof path)) {
        err_set(e, ERR_POLICY,
                "the file %.300s is there: an engine would halt the desk again at once", path);
        return err_fix(e, "remove it, then resume");
    }
    return set_state(c, CONTROL_RUNNING, 0, e);
}

static const struct kill_mode {
    const char *name, *word;
    enum control state;
} kill_modes[] = {
    {"pause", "PAUSE", CONTROL_PAUSED},
    {"halt", "HALT", CONTROL_HALTED},
    {"flatten", "FLATTEN", CONTROL_FLATTENING},
};

/* Bare kill is halt. NULL: no such mode; a reason alone is not guessed at. */
static const struct kill_mode *kill_mode(const struct call *c)
{
    const char *name = c->nargs ? c->arg[0] : "halt";
    for (size_t i = 0; i < ARRAY_LEN(kill_modes); i++)
        if (strcmp(kill_modes[i].name, name) == 0)
            return &kill_modes[i];
    return NULL;
}

static enum err check_kill(const struct call *c, struct error *e)
{
    char shown[64];
    const struct kill_mode *m = kill_mode(c);
    if (m)
        return c->desk && c->nargs ? control_check(c->desk, m->state, e) : OK;
    sanitize_line(shown, sizeof shown, untrusted(c->arg[0]));
    err_set(e, ERR_USAGE, "\"%s\" is not pause, halt or flatten", shown);
    return err_fix(e, "for a reason: quorum kill halt REASON");
}

static const char *confirm_kill(const struct call *c)
{
    const struct kill_mode *m = kill_mode(c);
    return m ? m->word : "HALT";
}

static enum err run_kill(struct call *c, struct error *e)
{
    const struct kill_mode *m = kill_mode(c);
    return set_state(c, m ? m->state : CONTROL_HALTED, 1, e);
}

/* ---- close */

static bool is_all(const struct call *c)
{
    return c->nargs && strcmp(c->arg[0], "all") == 0;
}

static const char *confirm_close(const struct call *c)
{
    return is_all(c) ? "ALL" : NULL;
}

static enum err check_close(const struct call *c, struct error *e)
{
    char symbol[SYMBOL_BYTES], shown[64];
    if (is_all(c) || text_is_symbol(symbol_from_argument(c->arg[0], symbol, sizeof symbol)))
        return OK;
    sanitize_line(shown, sizeof shown, untrusted(c->arg[0]));
    err_set(e, ERR_USAGE, "\"%s\" is not a symbol", shown);
    err_code(e, "E20");
    return err_fix(e, "quorum positions shows the open ones; all closes every one");
}

static const struct statement held = {
    "positions to close", "SELECT symbol FROM positions WHERE closed_at IS NULL ORDER BY symbol"};

static const struct statement opening_position = {
    "position opening", "SELECT 1 FROM positions WHERE closed_at IS NULL AND state = 'OPENING'"
                        " AND symbol = $1"};

/* When a market order made now fills. */
static enum err fills_when(struct call *c, char dst[80], struct error *e)
{
    static const char *const weekday[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    char at[48];
    int64_t now;
    if (desk_time(c->desk, &now, e))
        return e->kind;
    int32_t day = exchange_day(now);
    bool session = calendar_session(day) != SESSION_CLOSED;
    if (session && now >= calendar_open(day) && now < calendar_close(day)) {
        snprintf(dst, 80, "filled at the next price");
        return OK;
    }
    if (!session || now >= calendar_close(day))
        day = calendar_next(day);
    snprintf(dst, 80, "the exchange is closed: filled at the next open, %s %s",
             weekday[day_weekday(day)], when_tell(at, calendar_open(day), WHEN_MINUTE));
    return OK;
}

struct closing {
    struct table table;
    const char *reason, *when;
    struct buf ordered, rest; /* symbols whose exits are ordered; the other lines */
    int done, failed;
    struct error first;
};

/* A position nothing was bought for yet has no exit: its entry is taken back. */
static bool is_opening(struct call *c, const char *symbol)
{
    struct params p = {0};
    struct rows r = {0};
    struct error ignored = {0};
    params_text(&p, symbol);
    bool opening = db_query(c->desk->db, &opening_position, &p, &r, &ignored) == OK && r.nrows > 0;
    rows_release(&r);
    return opening;
}

static void close_one(struct call *c, struct closing *k, const char *symbol)
{
    struct error e = {0};
    bool opening = is_opening(c, symbol);
    enum err rc = broker_close(c->desk, symbol, EXIT_MANUAL, operator_name(), k->reason, &e);
    char text[600];
    k->done += !rc;
    k->failed += rc != OK;
    if (rc && !k->first.kind)
        k->first = e;
    snprintf(text, sizeof text, "%s%s",
             rc        ? e.text
             : opening ? "entry order cancelled; nothing was bought"
                       : "market exit ordered; ",
             rc || opening ? "" : k->when);
    const char *cell[] = {symbol, rc ? "false" : "true", text};
    table_row(&k->table, cell);
    if (!rc && !opening)
        buf_printf(&k->ordered, "%s%s", k->ordered.len ? ", " : "", symbol);
    else if (!rc || is_all(c))
        buf_printf(&k->rest, "%s desk: %s %s%s\n", desk_kind_name(c->desk->kind), symbol,
                   rc ? "not closed: " : "", text);
}

/* What is ordered in one line first: a screen may have room for no more. */
static void closing_lines(struct call *c, struct closing *k)
{
    if (k->ordered.len)
        out_line(c->out, "%s desk: %s market exit%s ordered; %s", desk_kind_name(c->desk->kind),
                 buf_text(&k->ordered), strchr(buf_text(&k->ordered), ',') ? "s" : "", k->when);
    if (c->out->format == OUTPUT_TEXT)
        buf_str(&c->out->text, buf_text(&k->rest));
    buf_release(&k->ordered);
    buf_release(&k->rest);
}

static enum err close_all(struct call *c, struct closing *k, struct error *e)
{
    struct rows r = {0};
    if (db_query(c->desk->db, &held, NULL, &r, e))
        return e->kind;
    for (size_t i = 0; i < r.nrows; i++) {
        char symbol[SYMBOL_BYTES];
        sanitize_line(symbol, sizeof symbol, untrusted(rows_text(&r, i, 0)));
        close_one(c, k, symbol);
    }
    if (r.nrows == 0)
        out_line(c->out, "%s desk: no position is open", desk_kind_name(c->desk->kind));
    rows_release(&r);
    return OK;
}

static enum err run_close(struct call *c, struct error *e)
{
    static const struct column column[] = {{"symbol", "SYMBOL", COLUMN_TEXT},
                                           {"ordered", "ORDERED", COLUMN_FLAG},
                                           {"text", "WHAT", COLUMN_TEXT}};
    char reason[REASON_BYTES], when[80], symbol[SYMBOL_BYTES];
    struct output unused = {.format = OUTPUT_TEXT};
    struct closing k = {.reason = reason_from(c, 1, reason), .when = when};
    if (call_desk(c, e) || fills_when(c, when, e))
        return e->kind;
    table_begin(&k.table, column, ARRAY_LEN(column));
    enum err result = OK;
    if (is_all(c))
        result = close_all(c, &k, e);
    else
        close_one(c, &k, symbol_from_argument(c->arg[0], symbol, sizeof symbol));
    closing_lines(c, &k);
    /* In the text form the lines are the answer. A single refusal is the command's. */
    bool answers = c->out->format != OUTPUT_TEXT && !result && (k.done || is_all(c));
    table_end(&k.table, answers ? c->out : &unused, "");
    buf_release(&unused.text);
    if (!result && k.failed && !k.done) {
        *e = k.first;
        return e->kind;
    }
    if (k.failed)
        c->exit_status = ERR_PARTLY;
    if (k.done)
        warn_without_engine(c);
    return result;
}

#define GROUP "Running the desk"

const struct command control_commands[] = {
    {.name = "pause",
     .group = GROUP,
     .usage = "[REASON]",
     .help = "no new entries and no scheduled evaluations; exits go on",
     .details = "Entry orders made before stay open and may fill. The state is in the desk's "
                "database: it holds for\nevery engine and survives a restart, until quorum "
                "resume.",
     .max_args = -1,
     .acts = true,
     .no_csv = true,
     .level = 2,
     .check = check_pause,
     .run = run_pause},
    {.name = "resume",
     .group = GROUP,
     .usage = "[REASON]",
     .help = "lift a pause or a halt, and say what is lifted",
     .details = "Refused while positions are being flattened, and while the file HALT is in "
                "QUORUM_HOME.",
     .max_args = -1,
     .acts = true,
     .no_csv = true,
     .level = 2,
     .check = check_resume,
     .run = run_resume},
    {.name = "kill",
     .group = GROUP,
     .usage = "[pause|halt|flatten] [REASON]",
     .help = "the kill switch; halt when nothing is said",
     .details =
         "  pause    no new entries and no scheduled evaluations; exits go on\n"
         "  halt     pause, and the open entry orders are cancelled\n"
         "  flatten  halt, and every position is closed at the next price; then it is halted\n"
         "\nThe confirmation is the word in capitals: quorum kill halt --confirm=HALT. When it "
         "answers, no\nentry is under way and none will be ordered; only quorum resume lifts it. "
         "An engine is also\nhalted by kill -USR2 PID and by a file HALT in QUORUM_HOME.",
     .max_args = -1,
     .acts = true,
     .no_csv = true,
     .level = 3,
     .check = check_kill,
     .confirm_word = confirm_kill,
     .run = run_kill},
    {.name = "close",
     .group = GROUP,
     .usage = "SYMBOL|all [REASON]",
     .help = "close a paper position, or all, at the next price",
     .details = "A market order; while the exchange is closed it waits for the next open. For all "
                "the confirmation\nis a word: quorum close all --confirm=ALL.",
     .min_args = 1,
     .max_args = -1,
     .acts = true,
     .level = 2,
     .check = check_close,
     .confirm_word = confirm_close,
     .run = run_close},
    {.name = NULL},
};
