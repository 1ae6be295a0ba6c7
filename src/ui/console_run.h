/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Running a line of the bar, a key or a script through the one table of commands, in this process
 * and on the console's desk. */
#ifndef UI_CONSOLE_RUN_H
#define UI_CONSOLE_RUN_H

#include "ui/console_private.h"

enum { WORDS_MAX = 96 };
struct words {
    char *word[WORDS_MAX + 1]; /* NULL-terminated */
    int n;
    const char *file; /* behind '>', or NULL */
    bool force;       /* "--force" behind that */
    struct arena arena;
};
/* The grammar of operator.md 4.7: quotes " and ', \ escapes, "> FILE" at the end. E08 on a quote
 * that is not closed. */
enum err words_split(const char *line, struct words *w, struct error *e);

/* False for commands that need the terminal, another desk or a process of their own. */
bool console_runs(const char *command);
/* Runs a line; may wait. Not from inside a callback. */
void console_run_line(struct console *c, const char *line);
/* The line that was said yes to, else the oldest of the queue: there is one. */
void console_run_next(struct console *c);
/* console_ask.c: asks about a line, in the words of its command; the kill switch asks how far. */
void console_ask(struct console *c, const struct call *call, const char *line, int level,
                 const char *word);
void console_ask_kill(struct console *c);
void console_drop_question(struct console *c);
bool console_question_ran_out(struct console *c); /* true: its minute is over, and it is closed */
/* The question was answered. */
void console_answered(struct console *c, bool yes);
/* What is asked about is not what it was. */
void console_watch_question(struct console *c);
/* Shows an answer: its own view, or lines in plain mode. Takes the text over. */
void console_show_text(struct console *c, const char *title, char *owned_text);
/* Writes to a file of mode 0600 that must not exist, unless forced (E61). */
enum err console_write_file(const char *path, const char *text, size_t len, bool force,
                            struct error *e);

/* console_eval.c */
enum err console_evaluate(struct console *c, struct call *call, struct error *e);
/* What an evaluation may cost, when that is more than eval.free, so that it is asked about; else 0.
 * Nano-dollars. */
int64_t console_evaluation_cost(const struct console *c, const struct call *call);
/* Stops what this console asked for last and still runs; false: nothing does. */
bool console_cancel_evaluation(struct console *c);
void console_trade_decided(struct console *c); /* orders of --trade; waits */
void console_forget_evaluations(struct console *c);
bool console_evaluations_run(const struct console *c); /* some that it started */

#endif
