/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The handlers of the verbs that only the console has; call->console is set. */
#ifndef UI_CONSOLE_VERBS_H
#define UI_CONSOLE_VERBS_H

#include "ui/console_private.h"

enum err verb_goto(struct call *c, struct error *e);
enum err verb_show(struct call *c, struct error *e);
enum err verb_hide(struct call *c, struct error *e);
enum err verb_layout(struct call *c, struct error *e);
enum err verb_theme(struct call *c, struct error *e);
enum err verb_filter(struct call *c, struct error *e);
enum err verb_sort(struct call *c, struct error *e);
enum err verb_follow(struct call *c, struct error *e);
enum err verb_freeze(struct call *c, struct error *e);
enum err verb_redraw(struct call *c, struct error *e);
/* console_tables.c */
enum err verb_theme_lint(struct call *c, struct error *e);
enum err verb_errors(struct call *c, struct error *e);
enum err verb_quit(struct call *c, struct error *e);
/* console_export.c */
enum err verb_export(struct call *c, struct error *e);
enum err verb_copy(struct call *c, struct error *e);
enum err verb_history(struct call *c, struct error *e);
/* console_settings.c: the options, their file config/console */
enum err verb_set(struct call *c, struct error *e);
enum err verb_get(struct call *c, struct error *e);
enum err verb_toggle(struct call *c, struct error *e);
enum err verb_save(struct call *c, struct error *e);
/* Reads the file; what the command line says wins. What is wrong is in e (E60, the first line). */
enum err console_settings_load(struct console *c, struct error *e);
bool console_find_panel(const char *word, enum panel_id *out);

#endif
