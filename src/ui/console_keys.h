/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What keys do: tables of command strings, one a layer (operator.md 4.6). A string begins with a
 * word of the view ("move 1", "focus next", "bar eval %s") or is a line of the command bar. */
#ifndef UI_CONSOLE_KEYS_H
#define UI_CONSOLE_KEYS_H

#include "ui/input.h"
#include "ui/view.h"

struct key_binding {
    const char *key, *command;
    const char *help; /* a few words; NULL: not worth a line of help */
};
struct key_layer {
    const char *name;                  /* "Everywhere", "Pending adjustments" */
    enum panel_id panel;               /* PANEL_NONE: of no panel */
    enum detail_kind detail;           /* DETAIL_NONE: of no detail */
    const struct key_binding *binding; /* ends with key NULL */
};
/* The i-th layer; NULL behind the last. For help and for tests. */
const struct key_layer *console_keys_layer(size_t i);

/* The command string of a key: open detail, then focused panel, then all lists, then everywhere.
 * NULL: the key does nothing. */
const char *console_keys_find(enum panel_id focus, enum detail_kind open, const struct key *k);
/* " a approve  x reject  ..." for the line above the bar. */
const char *console_keys_hint(enum panel_id focus, enum detail_kind open);

/* Is it the first word of a string that is about the view ("move", "focus", "bar")? */
bool console_acts_word(const char *word);

struct console;
/* Does what the string says; lines of the bar are queued. */
void console_do(struct console *c, const char *command);

#endif
