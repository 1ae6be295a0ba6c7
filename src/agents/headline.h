/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a headline is about: its text without the outlet's name, a key under which copies of it are
 * equal, and whether it names a company. Titles are clean text already. */
#ifndef AGENTS_HEADLINE_H
#define AGENTS_HEADLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "agents/lexicon.h"
#include "quorum/buf.h"

/* Bytes of the title before " - Outlet" or " | Outlet". What follows the last separator is taken
 * for an outlet when it is this one's name, or up to four capitalised words without a mood. */
size_t headline_body(const struct lexicon *l, const char *title, const char *outlet);
/* Appends the body's letters and digits, lower case, words apart by one space. */
void headline_key(const struct lexicon *l, const char *title, const char *outlet, struct buf *out);
/* Does the title name the symbol (as a ticker) or the company? company may be "". */
bool headline_names(const struct lexicon *l, const char *title, const char *outlet,
                    const char *symbol, const char *company);

#endif
