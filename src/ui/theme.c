/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/theme.h"

#include <stdlib.h>
#include <string.h>

#include "quorum/mem.h"
#include "ui/theme_file.h"

static const char *const token_names[TOKEN_COUNT] = {
    [TOKEN_FG] = "fg",
    [TOKEN_BG] = "bg",
    [TOKEN_DIM] = "dim",
    [TOKEN_TITLE] = "title",
    [TOKEN_TITLE_FOCUS] = "title.focus",
    [TOKEN_RULE] = "rule",
    [TOKEN_CURSOR] = "cursor",
    [TOKEN_MATCH] = "match",
    [TOKEN_KEY] = "key",
    [TOKEN_HINT] = "hint",
    [TOKEN_TOAST_OK] = "toast.ok",
    [TOKEN_TOAST_WARN] = "toast.warn",
    [TOKEN_TOAST_ERR] = "toast.err",
    [TOKEN_PNL_UP] = "pnl.up",
    [TOKEN_PNL_DOWN] = "pnl.down",
    [TOKEN_PNL_FLAT] = "pnl.flat",
    [TOKEN_VOTE_BUY] = "vote.buy",
    [TOKEN_VOTE_SELL] = "vote.sell",
    [TOKEN_VOTE_HOLD] = "vote.hold",
    [TOKEN_VOTE_SKIP] = "vote.skip",
    [TOKEN_RISK_LOW] = "risk.low",
    [TOKEN_RISK_MED] = "risk.med",
    [TOKEN_RISK_HIGH] = "risk.high",
    [TOKEN_STATE_RUN] = "state.run",
    [TOKEN_STATE_PAUSE] = "state.pause",
    [TOKEN_STATE_HALT] = "state.halt",
    [TOKEN_STATE_LOST] = "state.lost",
    [TOKEN_STALE] = "stale",
    [TOKEN_SEV_INFO] = "sev.info",
    [TOKEN_SEV_WARN] = "sev.warn",
    [TOKEN_SEV_CRIT] = "sev.crit",
    [TOKEN_CHART_1] = "chart.1",
    [TOKEN_CHART_2] = "chart.2",
    [TOKEN_CHART_3] = "chart.3",
    [TOKEN_CHART_ENTRY] = "chart.entry",
    [TOKEN_CHART_STOP] = "chart.stop",
    [TOKEN_CHART_EXIT] = "chart.exit",
    [TOKEN_GAUGE_FILL] = "gauge.fill",
    [TOKEN_GAUGE_TRACK] = "gauge.track",
    [TOKEN_GAUGE_MARK] = "gauge.mark",
};
_Static_assert(TOKEN_COUNT <= STYLE_TOKEN + 1, "a token fits into a style");

const char *token_name(enum token t)
{
    return (unsigned)t < TOKEN_COUNT ? token_names[t] : "?";
}

bool token_find(const char *name, enum token *out)
{
    for (int t = 0; t < TOKEN_COUNT; t++) {
        if (strcmp(token_names[t], name) == 0) {
            *out = (enum token)t;
            return true;
        }
    }
    return false;
}

struct ink theme_look(const struct theme *t, uint16_t style)
{
    unsigned token = style & STYLE_TOKEN;
    struct ink plain = t->look[TOKEN_FG], look = t->look[token < TOKEN_COUNT ? token : TOKEN_FG];
    int16_t ground = t->look[TOKEN_BG].fg; /* the one colour of this token is a background */
    if (look.fg == COLOR_OF_TERMINAL)
        look.fg = plain.fg;
    if (style & STYLE_CURSOR) {
        const struct ink *row = &t->look[TOKEN_CURSOR];
        if (row->bg != COLOR_OF_TERMINAL && look.bg == COLOR_OF_TERMINAL)
            look.bg = row->bg;
        if (row->fg != COLOR_OF_TERMINAL && look.fg == plain.fg)
            look.fg = row->fg;
        /* what was reversed already is then normal: still another look than its row */
        look.attrs =
            (uint8_t)((look.attrs ^ (row->attrs & LOOK_REVERSE)) | (row->attrs & ~LOOK_REVERSE));
    }
    if (style & STYLE_MATCH) {
        look = t->look[TOKEN_MATCH];
        if (look.fg == COLOR_OF_TERMINAL)
            look.fg = plain.fg;
    }
    if (look.bg == COLOR_OF_TERMINAL)
        look.bg = ground;
    if (style & STYLE_BOLD)
        look.attrs |= LOOK_BOLD;
    if (style & STYLE_UNDERLINE)
        look.attrs |= LOOK_UNDERLINE;
    if (style & STYLE_DIM)
        look.attrs |= LOOK_DIM;
    if (style & STYLE_REVERSE)
        look.attrs ^= LOOK_REVERSE;
    return look;
}

/* ---- colours */

/* xterm's first sixteen. */
static const uint8_t basic[16][3] = {
    {0, 0, 0},     {205, 0, 0},     {0, 205, 0},     {205, 205, 0},   {0, 0, 238}, {205, 0, 205},
    {0, 205, 205}, {229, 229, 229}, {127, 127, 127}, {255, 0, 0},     {0, 255, 0}, {255, 255, 0},
    {92, 92, 255}, {255, 0, 255},   {0, 255, 255},   {255, 255, 255},
};

void theme_rgb(int color, uint8_t rgb[3])
{
    if (color < 16) {
        memcpy(rgb, basic[color < 0 ? 7 : color], 3);
    } else if (color < 232) { /* a cube of six levels: 0, 95, 135, 175, 215, 255 */
        int part[3] = {(color - 16) / 36, (color - 16) / 6 % 6, (color - 16) % 6};
        for (int i = 0; i < 3; i++)
            rgb[i] = (uint8_t)(part[i] ? 55 + 40 * part[i] : 0);
    } else {
        int grey = 8 + 10 * ((color > 255 ? 255 : color) - 232);
        rgb[0] = rgb[1] = rgb[2] = (uint8_t)grey;
    }
}

int theme_nearest_rgb(const uint8_t rgb[3], int from, int to)
{
    int best = from;
    long least = -1;
    for (int i = from; i < to; i++) {
        uint8_t have[3];
        theme_rgb(i, have);
        long r = have[0] - rgb[0], g = have[1] - rgb[1], b = have[2] - rgb[2];
        long distance = 3 * r * r + 4 * g * g + 2 * b * b; /* the eye weighs green most */
        if (least < 0 || distance < least) {
            least = distance;
            best = i;
        }
    }
    return best;
}

int theme_nearest(int color, enum depth depth)
{
    int most = depth == DEPTH_8 ? 8 : depth == DEPTH_16 ? 16 : 256;
    if (color < 0 || depth == DEPTH_MONO)
        return COLOR_OF_TERMINAL;
    if (color < most)
        return color;
    if (color < 16) /* bright: the plain one; bright black is not to vanish */
        return color == 8 ? 7 : color - 8;
    uint8_t rgb[3];
    theme_rgb(color, rgb);
    int found = theme_nearest_rgb(rgb, 0, most);
    return found == 0 && color != 16 && (rgb[0] | rgb[1] | rgb[2]) > 60 ? 7 : found;
}

const char *theme_choose(const char *option, const char *setting, const char *colorfgbg)
{
    if (option != NULL && *option != '\0')
        return option;
    if (setting != NULL && *setting != '\0')
        return setting;
    /* "foreground;background", sometimes with a word between; 7 and 9-15 are light grounds */
    const char *last = colorfgbg != NULL ? strrchr(colorfgbg, ';') : NULL;
    if (last != NULL && (strcmp(last, ";7") == 0 || strcmp(last, ";15") == 0))
        return "light";
    return "dark";
}

bool theme_depth(int colors, const char *option, const char *no_color, enum depth *out)
{
    bool automatic = option == NULL || strcmp(option, "auto") == 0;
    int wanted = colors;
    if (!automatic && strcmp(option, "never") == 0)
        wanted = 0;
    else if (!automatic && strcmp(option, "8") == 0)
        wanted = 8;
    else if (!automatic && strcmp(option, "16") == 0)
        wanted = 16;
    else if (!automatic && strcmp(option, "256") == 0)
        wanted = 256;
    else if (!automatic)
        return false;
    if (no_color != NULL && *no_color != '\0')
        wanted = 0;
    *out = wanted >= 256 ? DEPTH_256 : wanted >= 16 ? DEPTH_16 : wanted >= 8 ? DEPTH_8 : DEPTH_MONO;
    return true;
}
