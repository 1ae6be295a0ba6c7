/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/keys.h"

#include <stdio.h>
#include <string.h>

#include "quorum/mem.h"

enum { ESC = 0x1b };

void key_of_byte(unsigned char byte, struct key *k)
{
    *k = (struct key){.kind = INPUT_CHAR, .rune = byte};
    if (byte == '\r')
        k->kind = INPUT_ENTER;
    else if (byte == '\t')
        k->kind = INPUT_TAB;
    else if (byte == 0x7f || byte == '\b')
        k->kind = INPUT_BACKSPACE;
    else if (byte == ESC)
        k->kind = INPUT_ESC;
    else if (byte < 0x20) {
        static const char beyond[] = "\\]^_"; /* 0x1c to 0x1f */
        k->mods = INPUT_CTRL;
        k->rune = byte == 0     ? ' '
                  : byte < 0x1b ? (uint32_t)('a' + byte - 1)
                                : (uint32_t)beyond[byte - 0x1c];
    }
    if (k->kind != INPUT_CHAR)
        k->rune = 0;
}

static size_t put_utf8(char *dst, uint32_t c)
{
    size_t more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
    dst[0] = (char)(lead[more] | c >> (6 * more));
    for (size_t i = 1; i <= more; i++)
        dst[i] = (char)(0x80 | (c >> (6 * (more - i)) & 0x3f));
    return more + 1;
}

/* The byte Control makes of a character; -1 for none. */
static int control_byte(uint32_t rune)
{
    if (rune >= 'a' && rune <= 'z')
        return (int)(rune - 'a' + 1);
    if (rune == ' ' || rune == '@')
        return 0;
    return rune >= '[' && rune <= '_' ? (int)(rune - '@') : rune == '/' ? 0x1f : -1;
}

bool key_of_rune(uint32_t rune, uint8_t mods, struct key *k)
{
    char text[8];
    size_t n = 0;
    if (rune == 8 || rune == 9 || rune == 13 || rune == 27 || rune == 127) {
        key_of_byte((unsigned char)rune, k);
        k->mods = mods;
        if (rune == 9 && (mods & INPUT_SHIFT)) {
            memcpy(k->raw, "\x1b[Z", 3);
            k->raw_len = 3;
            return true;
        }
        text[n++] = (char)rune;
    } else {
        if (rune < 0x20 || (rune >= 0x7f && rune < 0xa0) || rune > 0x10ffff ||
            (rune >= 0xd800 && rune < 0xf900)) /* surrogates, and keys without a character */
            return false;
        if ((mods & INPUT_CTRL) && rune >= 'A' && rune <= 'Z')
            rune += 'a' - 'A';
        else if ((mods & INPUT_SHIFT) && rune >= 'a' && rune <= 'z' && !(mods & INPUT_CTRL))
            rune -= 'a' - 'A';
        *k = (struct key){.kind = INPUT_CHAR, .rune = rune};
        k->mods = (uint8_t)(mods & ~INPUT_SHIFT);
        int control = mods & INPUT_CTRL ? control_byte(rune) : -1;
        if (control >= 0)
            text[n++] = (char)control;
        else
            n = put_utf8(text, rune);
    }
    if (mods & INPUT_ALT)
        k->raw[k->raw_len++] = ESC;
    memcpy(k->raw + k->raw_len, text, n);
    k->raw_len = (uint8_t)(k->raw_len + n);
    return true;
}

bool key_same(const struct key *a, const struct key *b)
{
    return a->kind == b->kind && a->rune == b->rune && a->mods == b->mods;
}

bool key_is_char(const struct key *k, uint32_t rune)
{
    return k->kind == INPUT_CHAR && k->mods == 0 && k->rune == rune;
}

bool key_is_control(const struct key *k, uint32_t letter)
{
    return k->kind == INPUT_CHAR && k->mods == INPUT_CTRL && k->rune == letter;
}

/* ---- names */

/* What xterm sends: a letter behind "Esc [" or a number before "~". */
static const struct named {
    const char *name;
    enum input_key kind;
    char letter;
    unsigned char number;
} table[] = {
    {"Enter", INPUT_ENTER, 0, 0},
    {"Tab", INPUT_TAB, 0, 0},
    {"Backspace", INPUT_BACKSPACE, 0, 0},
    {"Esc", INPUT_ESC, 0, 0},
    {"Up", INPUT_UP, 'A', 0},
    {"Down", INPUT_DOWN, 'B', 0},
    {"Right", INPUT_RIGHT, 'C', 0},
    {"Left", INPUT_LEFT, 'D', 0},
    {"Home", INPUT_HOME, 'H', 0},
    {"End", INPUT_END, 'F', 0},
    {"PgUp", INPUT_PAGE_UP, 0, 5},
    {"PgDn", INPUT_PAGE_DOWN, 0, 6},
    {"Insert", INPUT_INSERT, 0, 2},
    {"Delete", INPUT_DELETE, 0, 3},
    {"F1", INPUT_F1, 'P', 0},
    {"F2", INPUT_F1 + 1, 'Q', 0},
    {"F3", INPUT_F1 + 2, 'R', 0},
    {"F4", INPUT_F1 + 3, 'S', 0},
    {"F5", INPUT_F1 + 4, 0, 15},
    {"F6", INPUT_F1 + 5, 0, 17},
    {"F7", INPUT_F1 + 6, 0, 18},
    {"F8", INPUT_F1 + 7, 0, 19},
    {"F9", INPUT_F1 + 8, 0, 20},
    {"F10", INPUT_F1 + 9, 0, 21},
    {"F11", INPUT_F1 + 10, 0, 23},
    {"F12", INPUT_F12, 0, 24},
};

const char *key_name(const struct key *k, char name[KEY_NAME_MAX])
{
    char what[12] = "?";
    if (k->kind == INPUT_CHAR && k->rune == ' ') {
        copy_text(what, sizeof what, "Space");
    } else if (k->kind == INPUT_CHAR) {
        what[put_utf8(what, k->rune)] = '\0';
    } else {
        for (size_t i = 0; i < ARRAY_LEN(table); i++) {
            if (table[i].kind == k->kind)
                copy_text(what, sizeof what, table[i].name);
        }
    }
    snprintf(name, KEY_NAME_MAX, "%s%s%s%s", k->mods & INPUT_CTRL ? "C-" : "",
             k->mods & INPUT_ALT ? "M-" : "", k->mods & INPUT_SHIFT ? "S-" : "", what);
    return name;
}

static bool parse_named(const char *name, uint8_t mods, struct key *k)
{
    static const unsigned char bytes[] = {'\r', '\t', 0x7f, ESC};
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const struct named *row = &table[i];
        if (strcmp(row->name, name) != 0)
            continue;
        if (i < ARRAY_LEN(bytes))
            return key_of_rune(bytes[i], mods, k);
        *k = (struct key){.kind = row->kind, .mods = mods};
        char middle[8] = "";
        if (mods != 0)
            snprintf(middle, sizeof middle, "%s;%d", row->letter ? "1" : "", mods + 1);
        int n = row->letter ? snprintf(k->raw, sizeof k->raw, "\x1b[%s%c", middle, row->letter)
                            : snprintf(k->raw, sizeof k->raw, "\x1b[%d%s~", row->number, middle);
        if (row->letter >= 'P' && mods == 0)
            k->raw[1] = 'O';
        k->raw_len = (uint8_t)n;
        return true;
    }
    return false;
}

bool key_parse(const char *name, struct key *out)
{
    uint8_t mods = 0;
    while (name[0] != '\0' && name[1] == '-' && name[2] != '\0') {
        uint8_t bit = name[0] == 'C'   ? INPUT_CTRL
                      : name[0] == 'M' ? INPUT_ALT
                      : name[0] == 'S' ? INPUT_SHIFT
                                       : 0;
        if (bit == 0 || (mods & bit))
            return false;
        mods |= bit;
        name += 2;
    }
    if (strcmp(name, "Space") == 0)
        return key_of_rune(' ', mods, out);
    if (name[0] != '\0' && name[1] != '\0' && parse_named(name, mods, out))
        return true; /* none of them is one byte long; most of the keys in the tables are */
    size_t columns, n = text_cluster(name, &columns);
    if (n == 0 || name[n] != '\0' || n > 4 || !text_is_utf8(name, n) || (mods & INPUT_SHIFT))
        return false;
    uint32_t rune = (unsigned char)name[0];
    if (n > 1) {
        rune &= n == 2 ? 0x1fU : n == 3 ? 0x0fU : 0x07U;
        for (size_t i = 1; i < n; i++)
            rune = rune << 6 | ((unsigned char)name[i] & 0x3fU);
    }
    int control = mods & INPUT_CTRL ? control_byte(rune) : 1;
    if (control < 0 || control == '\b' || control == '\t' || control == '\r' || control == ESC)
        return false; /* terminals send nothing, or another key */
    return key_of_rune(rune, mods, out);
}

bool key_is(const struct key *k, const char *name)
{
    struct key wanted;
    bool letter = k->kind == INPUT_CHAR && k->mods == 0 && k->rune > ' ' && k->rune < 0x7f;
    if (letter) /* nearly all are: their names are themselves */
        return (unsigned char)name[0] == k->rune && name[1] == '\0';
    return key_parse(name, &wanted) && key_same(&wanted, k);
}
