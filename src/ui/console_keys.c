/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/console_keys.h"

#include "quorum/mem.h"

/* ---- the tables
 *
 * %i the id under the cursor, %s its symbol, %o the object as `why` wants it, %p the panel's name.
 * "bar TEXT" opens the bar with the text and runs nothing. */

static const struct key_binding everywhere[] = {
    {":", "bar", "command bar"},
    {"?", "help", "help for what has the focus"},
    {"F1", "help", NULL},
    {"p", "pause-or-resume", "pause or resume (asks)"},
    {"!", "kill", "kill switch (a typed word)"},
    {"e", "bar evaluate %s", "evaluate a symbol"},
    {"w", "why %o", "why"},
    {"u", "undo", "undo the last own action"},
    {"C-c", "cancel-work", "cancel; never quits"},
    {"Esc", "leave", "back; clears filter, marks"},
    {"q", "back", "back; at the top: quit"},
    {"F10", "back", NULL},
    {"Tab", "focus next", "next panel; S-Tab previous"},
    {"S-Tab", "focus previous", NULL},
    {"1", "goto positions", "1-9 0 W V L C: to a panel"},
    {"2", "goto pending", NULL},
    {"3", "goto trades", NULL},
    {"4", "goto activity", NULL},
    {"5", "goto agents", NULL},
    {"6", "goto budget", NULL},
    {"7", "goto regime", NULL},
    {"8", "goto learning", NULL},
    {"9", "goto alerts", NULL},
    {"0", "goto equity", NULL},
    {"W", "goto watchlist", NULL},
    {"V", "goto evaluations", NULL},
    {"L", "goto log", NULL},
    {"C", "goto calibration", NULL},
    {"[", "history back", "[ ]: view before, after"},
    {"]", "history forward", NULL},
    {"z", "zoom", "zoom the panel, and back"},
    {"R", "reload", "query now"},
    {"F5", "reload", NULL},
    {"C-p", "freeze", "freeze the picture"},
    {"Y", "bare", "bare text, to select it"},
    {"C-l", "redraw", "repaint"},
    {NULL, NULL, NULL},
};

static const struct key_binding lists[] = {
    {"j", "move 1", "move; k, arrows, pages, g G"},
    {"k", "move -1", NULL},
    {"Down", "move 1", NULL},
    {"Up", "move -1", NULL},
    {"PgDn", "page 1", NULL},
    {"PgUp", "page -1", NULL},
    {"g", "end -1", NULL},
    {"G", "end 1", NULL},
    {"Home", "end -1", NULL},
    {"End", "end 1", NULL},
    {"h", "columns -1", "columns to the left; l right"},
    {"l", "columns 1", NULL},
    {"Left", "columns -1", NULL},
    {"Right", "columns 1", NULL},
    {"<", "sort-by -1", "sort by another column; >"},
    {">", "sort-by 1", NULL},
    {"o", "bar sort ", "sort by a column; O around"},
    {"O", "sort-around", NULL},
    {"/", "edit-filter", "filter; n N next, previous"},
    {"n", "move 1", NULL},
    {"N", "move -1", NULL},
    {"Enter", "open", "open the detail"},
    {"Space", "mark", "mark a row"},
    {"y", "copy", "copy the row"},
    {"E", "bar export %p csv > %p.csv", "export the panel"},
    {NULL, NULL, NULL},
};

static const struct key_binding details_all[] = {
    {"j", "move 1", "items; k, arrows; pages scroll"},
    {"k", "move -1", NULL},
    {"Down", "move 1", NULL},
    {"Up", "move -1", NULL},
    {"PgDn", "page 1", NULL},
    {"PgUp", "page -1", NULL},
    {"Space", "page 1", NULL},
    {"g", "end -1", NULL},
    {"G", "end 1", NULL},
    {"Home", "end -1", NULL},
    {"End", "end 1", NULL},
    {"h", "columns -8", NULL},
    {"l", "columns 8", NULL},
    {"Left", "columns -8", NULL},
    {"Right", "columns 8", NULL},
    {"Enter", "open", "open the item, then its full text"},
    {"<", "neighbour -1", "older; > newer"},
    {">", "neighbour 1", NULL},
    {"y", "copy", "copy all of it"},
    {"E", "bar export %O md > %O.md", "export it"},
    {NULL, NULL, NULL},
};

static const struct key_binding pending[] = {
    {"a", "approve %i%v", "approve (asks)"},
    {"x", "bar reject %i ", "reject (asks for a reason)"},
    {"d", "defer %i 24h%v", "defer 24 h"},
    {"w", "whatif %i", "what if"},
    {"s", "shadow %i%v", "shadow for 20 trades"},
    {"A", "approve %m", "approve all marked"},
    {"c", "show-evidence", "the cases it cites"},
    {"t", "bar note adjustment %i ", "write a note"},
    {NULL, NULL, NULL},
};
static const struct key_binding an_adjustment[] = {
    {"a", "approve %i%v", "approve (asks)"},
    {"x", "bar reject %i ", "reject (asks for a reason)"},
    {"d", "defer %i 24h%v", "defer 24 h"},
    {"w", "whatif %i", "what if"},
    {"s", "shadow %i%v", "shadow for 20 trades"},
    {"c", "show-evidence", "the cases it cites"},
    {"P", "open-parameter", "its parameter's history"},
    {"r", "bar revert %i ", "take an applied one back (asks)"},
    {"t", "bar note adjustment %i ", "write a note"},
    {NULL, NULL, NULL},
};
static const struct key_binding alerts[] = {
    {"K", "ack %i", "acknowledge"},
    {"m", "bar mute %r ", "mute the rule"},
    {NULL, NULL, NULL},
};
static const struct key_binding positions[] = {
    {"c", "bar close %s ", "close (asks)"},
    {NULL, NULL, NULL},
};
static const struct key_binding with_evaluation[] = {
    {"v", "open-evaluation", "its evaluation"},
    {"c", "open-citing", "the adjustment that cites it"},
    {NULL, NULL, NULL},
};
static const struct key_binding an_evaluation[] = {
    {"c", "open-citing", "the adjustment that cites it"},
    {NULL, NULL, NULL},
};
static const struct key_binding alert_keys[] = {
    {"K", "ack %i", "acknowledge"},
    {NULL, NULL, NULL},
};

static const struct key_layer layers[] = {
    {"Pending adjustments", PANEL_PENDING, DETAIL_NONE, pending},
    {"Alerts", PANEL_ALERTS, DETAIL_NONE, alerts},
    {"Positions", PANEL_POSITIONS, DETAIL_NONE, positions},
    {"An adjustment", PANEL_NONE, DETAIL_ADJUSTMENT, an_adjustment},
    {"A trade", PANEL_NONE, DETAIL_TRADE, with_evaluation},
    {"A position", PANEL_NONE, DETAIL_POSITION, with_evaluation},
    {"An evaluation", PANEL_NONE, DETAIL_EVALUATION, an_evaluation},
    {"An alert", PANEL_NONE, DETAIL_ALERT, alert_keys},
    {"In a detail", PANEL_NONE, DETAIL_KINDS, details_all}, /* of any kind */
    {"In a list", PANEL_COUNT, DETAIL_NONE, lists},         /* in any panel */
    {"Everywhere", PANEL_NONE, DETAIL_NONE, everywhere},
};

const struct key_layer *console_keys_layer(size_t i)
{
    return i < ARRAY_LEN(layers) ? &layers[i] : NULL;
}

static bool layer_holds(const struct key_layer *l, enum panel_id focus, enum detail_kind open)
{
    if (l->detail != DETAIL_NONE)
        return open != DETAIL_NONE && (l->detail == open || l->detail == DETAIL_KINDS);
    if (l->panel != PANEL_NONE)
        return open == DETAIL_NONE && (l->panel == focus || l->panel == PANEL_COUNT);
    return true;
}

const char *console_keys_find(enum panel_id focus, enum detail_kind open, const struct key *k)
{
    for (size_t i = 0; i < ARRAY_LEN(layers); i++) {
        if (!layer_holds(&layers[i], focus, open))
            continue;
        for (const struct key_binding *b = layers[i].binding; b->key; b++)
            if (key_is(k, b->key))
                return b->command;
    }
    return NULL;
}

#define HINT_REST "e eval  p pause  / filter  o sort  z zoom  y copy  : command  ? help"

const char *console_keys_hint(enum panel_id focus, enum detail_kind open)
{
    switch (open) {
    case DETAIL_NONE:
        break;
    case DETAIL_ADJUSTMENT:
        return " a approve  x reject  d defer 24h  u undo  r revert  w whatif  c cases  Esc back"
               "  s shadow  t note  < > other  P parameter  y copy  ? help";
    case DETAIL_EVALUATION:
        return " Ctrl-C cancels  Enter full text  j k agent  < > older/newer  w why  Esc back"
               "  c its adjustment  y copy  E export  ? help";
    case DETAIL_TRADE:
    case DETAIL_POSITION:
        return " v evaluation  w why  c its adjustment  < > older/newer  Esc back  y copy  E export"
               "  ? help";
    case DETAIL_ALERT:
        return " K acknowledge  y copy  Esc back  ? help";
    case DETAIL_TEXT:
        return " PgDn PgUp scroll  y copy  Esc back  ? help";
    default:
        return " Enter open  j k rows  < > older/newer  Esc back  y copy  E export  ? help";
    }
    switch (focus) {
    case PANEL_PENDING:
        return " a approve  x reject  d defer 24h  u undo  Enter detail  Space mark  " HINT_REST;
    case PANEL_ALERTS:
        return " K ack  m mute  Enter open  " HINT_REST;
    case PANEL_POSITIONS:
        return " Enter detail  w why  c close  " HINT_REST;
    case PANEL_TRADES:
    case PANEL_EVALUATIONS:
    case PANEL_WATCHLIST:
    case PANEL_ACTIVITY:
        return " Enter open  w why  " HINT_REST;
    default:
        return " Enter open  Tab panel  " HINT_REST;
    }
}
