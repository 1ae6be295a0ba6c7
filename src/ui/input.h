/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes from the terminal become keys, pastes, mouse and focus events. A pure decoder: no
 * descriptor, no clock. Whatever the bytes are, nothing but these events comes out: replies of the
 * terminal, sequences nobody knows and broken UTF-8 disappear, and what is pasted never becomes
 * keys. */
#ifndef UI_INPUT_H
#define UI_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quorum/buf.h"
#include "quorum/text.h"

enum input_key {
    INPUT_NONE,
    INPUT_CHAR, /* a character: its code point is in `rune` */
    INPUT_ENTER,
    INPUT_TAB,
    INPUT_BACKSPACE,
    INPUT_ESC,
    INPUT_UP,
    INPUT_DOWN,
    INPUT_RIGHT,
    INPUT_LEFT,
    INPUT_HOME,
    INPUT_END,
    INPUT_PAGE_UP,
    INPUT_PAGE_DOWN,
    INPUT_INSERT,
    INPUT_DELETE,
    INPUT_F1, /* and so on to F12 */
    INPUT_F12 = INPUT_F1 + 11,
};
enum { INPUT_SHIFT = 1, INPUT_ALT = 2, INPUT_CTRL = 4 };

struct key {
    enum input_key kind;
    uint32_t rune; /* a letter with INPUT_CTRL is small: Ctrl-C is 'c' */
    uint8_t mods;  /* no INPUT_SHIFT with a character: that makes another character */
    /* The bytes a line editor is fed: as they came, or the older form of a newer sequence. */
    char raw[24];
    uint8_t raw_len;
};

enum mouse_kind { MOUSE_PRESS, MOUSE_RELEASE, MOUSE_DRAG, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN };
struct mouse {
    enum mouse_kind kind;
    int button;   /* 1 left, 2 middle, 3 right; 0 for the wheel */
    int row, col; /* from 0; may lie outside of what is drawn */
    uint8_t mods;
};

enum event_kind {
    EVENT_KEY,
    EVENT_PASTE,     /* a piece of pasted text, clean, one line; valid during the call only */
    EVENT_PASTE_END, /* the paste is over */
    EVENT_MOUSE,
    EVENT_FOCUS_IN,
    EVENT_FOCUS_OUT
};
struct input_event {
    enum event_kind kind;
    struct key key;
    struct mouse mouse;
    const char *paste;
    size_t paste_len;
};
typedef void input_sink(void *arg, const struct input_event *ev);

/* Zeroed is a valid decoder. Private, but for input_release(). */
struct input {
    input_sink *sink; /* of the call under way */
    void *arg;
    unsigned char state;
    unsigned char held[64]; /* the sequence or character begun */
    uint8_t held_len;
    uint8_t skip;        /* bytes to be dropped: an old mouse report */
    uint8_t end_matched; /* of the marker that ends a paste */
    bool stale;          /* a paste that went silent without its end */
    struct text_stream stream;
    struct buf pasted;
};
void input_release(struct input *in);

/* Decodes n bytes; sink is called for each event, in order. It must not call back. */
void input_feed(struct input *in, const char *bytes, size_t n, input_sink *sink, void *arg);
/* How long the bytes that wait may wait for more: the caller starts a timer with it after each
 * input_feed and calls input_expire when it ends first. -1: nothing waits. Milliseconds. */
int input_wait_ms(const struct input *in);
/* What waits is what it is: a lone Esc, Alt and a bracket, a paste without its end, rubbish. */
void input_expire(struct input *in, input_sink *sink, void *arg);

/* "a", "A", "Space", "C-p", "M-x", "S-Tab", "Up", "C-Left", "F5": the names key tables use. */
enum { KEY_NAME_MAX = 24 };
const char *key_name(const struct key *k, char name[KEY_NAME_MAX]);
/* The reverse; raw is what a terminal sends. False when there is no such key. */
bool key_parse(const char *name, struct key *out);
bool key_same(const struct key *a, const struct key *b); /* without raw */
bool key_is(const struct key *k, const char *name);      /* the key of that name */
bool key_is_char(const struct key *k, uint32_t rune);    /* a character and nothing held with it */
bool key_is_control(const struct key *k, uint32_t letter); /* Ctrl and the letter */

#endif
