/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What things look like. Code names a token, never a colour; a theme says what a token looks like
 * on a terminal of 256, 16, 8 or no colours. Themes are files: the
 * built-in ones are inside the program, a person's own are read from a directory and may change
 * while the console runs. A broken theme never stops anything. */
#ifndef UI_THEME_H
#define UI_THEME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "quorum/err.h"

enum token {
    TOKEN_FG,
    TOKEN_BG,
    TOKEN_DIM,
    TOKEN_TITLE,
    TOKEN_TITLE_FOCUS,
    TOKEN_RULE,
    TOKEN_CURSOR,
    TOKEN_MATCH,
    TOKEN_KEY,
    TOKEN_HINT,
    TOKEN_TOAST_OK,
    TOKEN_TOAST_WARN,
    TOKEN_TOAST_ERR,
    TOKEN_PNL_UP,
    TOKEN_PNL_DOWN,
    TOKEN_PNL_FLAT,
    TOKEN_VOTE_BUY,
    TOKEN_VOTE_SELL,
    TOKEN_VOTE_HOLD,
    TOKEN_VOTE_SKIP,
    TOKEN_RISK_LOW,
    TOKEN_RISK_MED,
    TOKEN_RISK_HIGH,
    TOKEN_STATE_RUN,
    TOKEN_STATE_PAUSE,
    TOKEN_STATE_HALT,
    TOKEN_STATE_LOST,
    TOKEN_STALE,
    TOKEN_SEV_INFO,
    TOKEN_SEV_WARN,
    TOKEN_SEV_CRIT,
    TOKEN_CHART_1,
    TOKEN_CHART_2,
    TOKEN_CHART_3,
    TOKEN_CHART_ENTRY,
    TOKEN_CHART_STOP,
    TOKEN_CHART_EXIT,
    TOKEN_GAUGE_FILL,
    TOKEN_GAUGE_TRACK,
    TOKEN_GAUGE_MARK,
    TOKEN_COUNT
};

/* The style of a cell: a token, and bits that change it. */
enum {
    STYLE_TOKEN = 0x3f,
    STYLE_CURSOR = 0x40, /* on the row that is selected */
    STYLE_MATCH = 0x80,  /* found by a search */
    STYLE_BOLD = 0x100,
    STYLE_UNDERLINE = 0x200,
    STYLE_REVERSE = 0x400,
    STYLE_DIM = 0x800
};

enum depth { DEPTH_MONO, DEPTH_8, DEPTH_16, DEPTH_256, DEPTH_COUNT };

enum { LOOK_BOLD = 1, LOOK_DIM = 2, LOOK_UNDERLINE = 4, LOOK_REVERSE = 8, LOOK_ITALIC = 16 };
enum { COLOR_OF_TERMINAL = -1 };
struct ink {
    int16_t fg, bg; /* 0-255 or COLOR_OF_TERMINAL */
    uint8_t attrs;
};

enum { THEME_NAME_MAX = 40 };
struct theme {
    char name[THEME_NAME_MAX + 1];
    enum depth depth;
    struct ink look[TOKEN_COUNT];
};

const char *token_name(enum token t); /* "pnl.up" */
bool token_find(const char *name, enum token *out);

/* Fills t with the theme `name` (from dir/NAME.theme when there is one, else built in) for a
 * terminal of that depth. dir may be NULL. t is usable whatever is returned: an unknown name gives
 * dark, a wrong line what the template says; the first thing wrong is in e (E60). */
enum err theme_load(struct theme *t, const char *name, const char *dir, enum depth depth,
                    struct error *e);
/* Says each thing wrong in a theme file; returns how many. */
size_t theme_lint(const char *path, void (*say)(void *arg, const struct error *e), void *arg);
/* OK when it is built in or dir has its file; else E60, with the built-in names and what `then`
 * says to do. */
enum err theme_find(const char *name, const char *dir, const char *then, struct error *e);
const char *theme_builtin(size_t i); /* names in order; NULL behind the last */
/* What a style of cells.h looks like. */
struct ink theme_look(const struct theme *t, uint16_t style);

/* The theme to use: the first of the option, the settings' and what COLORFGBG suggests. */
const char *theme_choose(const char *option, const char *setting, const char *colorfgbg);
/* Of a terminal with so many colours. A non-empty NO_COLOR or --color=never wins over --color=N;
 * NULL or "auto" leaves it to the terminal. False when the option is no such thing. */
bool theme_depth(int colors, const char *option, const char *no_color, enum depth *out);
/* The nearest colour of a terminal of that depth: 0-7, 0-15 or 0-255; COLOR_OF_TERMINAL stays. */
int theme_nearest(int color, enum depth depth);
void theme_rgb(int color, uint8_t rgb[3]); /* of xterm's palette */

/* Notices that a theme's file was changed, made or removed; costs one stat(). */
struct theme_watch {
    char path[512]; /* "": nothing to watch */
    struct stat seen;
    bool there;
};
void theme_watch_begin(struct theme_watch *w, const char *name, const char *dir);
bool theme_watch_changed(struct theme_watch *w);

#endif
