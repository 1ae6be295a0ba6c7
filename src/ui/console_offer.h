/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What may stand for an argument or an option's value of a command; for console_complete.c. */
#ifndef UI_CONSOLE_OFFER_H
#define UI_CONSOLE_OFFER_H

#include "quorum/command.h"
#include "ui/console_complete.h"

struct offer {
    const struct complete_from *from;
    struct bar_words *words;
    const struct command *command; /* of the line; NULL: none yet */
    const char *before;            /* the argument before this one, "" */
};

void offer_commands(const struct offer *o);
/* The index-th argument (0 is the first), `word` being its place in the usage text. */
void offer_argument(const struct offer *o, int index, const char *word);
void offer_value(const struct offer *o, const char *name); /* behind "--name=" */
void offer_options(const struct offer *o);
void offer_option_values(const struct offer *o, const char *name); /* of the console's option */
/* Files behind '>': those that begin like `typed`, directories with a slash. */
void offer_files(const struct offer *o, const char *typed);

#endif
