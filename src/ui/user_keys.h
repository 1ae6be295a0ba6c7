/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys as the person bound them in the file of options: "bind [WHERE] KEY = COMMAND". */
#ifndef UI_USER_KEYS_H
#define UI_USER_KEYS_H

#include "quorum/err.h"
#include "ui/input.h"
#include "ui/view.h"

enum { USER_KEYS_MAX = 64, USER_COMMAND_MAX = 120 };

struct user_key {
    struct key key;
    char name[KEY_NAME_MAX];
    enum panel_id panel;            /* PANEL_NONE: of no panel; PANEL_COUNT: of every list */
    enum detail_kind detail;        /* DETAIL_NONE: of no detail; DETAIL_KINDS: of every one */
    char command[USER_COMMAND_MAX]; /* "": the key does nothing */
};
struct user_keys {
    struct user_key key[USER_KEYS_MAX];
    size_t n;
};

/* Takes the words behind "bind": "F2 = goto budget", "pending Z = approve %i", "lists x = none".
 * The words where are a panel's or a detail's name, lists, details, or everywhere (the usual). A
 * later line about the same key wins. What is wrong is in e. */
enum err user_keys_bind(struct user_keys *u, const char *text, struct error *e);
/* The command of a key where the person is: open detail, focused panel, lists, everywhere. NULL: it
 * was not bound. */
const char *user_keys_find(const struct user_keys *u, enum panel_id focus, enum detail_kind open,
                           const struct key *k);
/* "pending", "lists", "everywhere" ... */
const char *user_key_where(const struct user_key *k);

#endif
