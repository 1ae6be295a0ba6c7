/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/input.h"

#include <string.h>

#include "ui/keys.h"

enum state {
    GROUND,
    ESCAPE,   /* after Esc */
    CSI,      /* Esc [ */
    SS3,      /* Esc O */
    LINUX_FN, /* Esc [ [ : F1 to F5 of the Linux console */
    STRING,   /* Esc ] P _ ^ X: a reply, up to Esc \ or BEL */
    STRING_ESC,
    PASTE
};

enum {
    ESC = 0x1b,
    WAIT_ESC_MS = 50,       /* Esc alone, or Alt with what follows? */
    WAIT_SEQUENCE_MS = 500, /* the rest of a sequence on a slow line */
    WAIT_PASTE_MS = 2000,
    TYPED_MOST = 24, /* bytes a person sends at once; a paste that goes on sends more */
    PASTE_PIECE = 4096
};

static const char paste_end[] = "\x1b[201~";

void input_release(struct input *in)
{
    buf_release(&in->pasted);
    *in = (struct input){0};
}

static void emit(struct input *in, const struct input_event *ev)
{
    in->sink(in->arg, ev);
}

static void emit_key(struct input *in, const struct key *k)
{
    struct input_event ev = {.kind = EVENT_KEY, .key = *k};
    if (k->kind != INPUT_NONE)
        emit(in, &ev);
}

/* A key of the bytes that are held, or of others. */
static void emit_simple(struct input *in, enum input_key kind, uint32_t rune, uint8_t mods,
                        const void *raw, size_t n)
{
    struct key k = {.kind = kind, .rune = rune, .mods = mods};
    k.raw_len = (uint8_t)(n <= sizeof k.raw ? n : 0); /* half a sequence is worse than none */
    memcpy(k.raw, raw, k.raw_len);
    emit_key(in, &k);
}

static void forget(struct input *in)
{
    in->state = GROUND;
    in->held_len = 0;
}

/* ---- characters */

static size_t sequence_length(unsigned char first)
{
    return first < 0xc2 || first > 0xf4 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

static uint32_t join(const unsigned char *s, size_t n)
{
    uint32_t c = s[0] & (n == 2 ? 0x1fU : n == 3 ? 0x0fU : 0x07U);
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (s[i] & 0x3fU);
    return c;
}

/* One byte below 0x80 that is no Esc, with Alt when Esc came before it. */
static void take_ascii(struct input *in, unsigned char byte, bool alt)
{
    unsigned char raw[2] = {ESC, byte};
    struct key k = {0};
    key_of_byte(byte, &k);
    if (alt)
        k.mods |= INPUT_ALT;
    emit_simple(in, k.kind, k.rune, k.mods, alt ? raw : raw + 1, alt ? 2 : 1);
}

/* A byte of a character of several bytes; `skip` bytes of held are an Esc before it. Returns false
 * when the byte is none of this character, which is then dropped. */
static bool take_utf8(struct input *in, unsigned char byte)
{
    size_t esc = in->held_len > 0 && in->held[0] == ESC ? 1 : 0;
    size_t have = in->held_len - esc;
    if (have == 0) {
        if (sequence_length(byte) == 0) { /* broken: dropped */
            forget(in);
            return true;
        }
    } else if ((byte & 0xc0) != 0x80) {
        forget(in);
        return false;
    }
    in->held[in->held_len++] = byte;
    have++;
    size_t whole = sequence_length(in->held[esc]);
    if (have < whole)
        return true;
    const unsigned char *text = in->held + esc;
    if (text_is_utf8((const char *)text, whole)) {
        uint32_t c = join(text, whole);
        if (c >= 0xa0) /* C1 controls are no characters */
            emit_simple(in, INPUT_CHAR, c, esc ? INPUT_ALT : 0, in->held, in->held_len);
    }
    forget(in);
    return true;
}

/* ---- sequences */

struct params {
    int value[8]; /* -1: left out */
    int count;
    char prefix; /* '<', '=', '>', '?' or 0 */
    char middle; /* the last intermediate byte, or 0 */
};

static void read_params(const unsigned char *s, size_t n, struct params *p)
{
    *p = (struct params){.count = 0};
    for (int i = 0; i < 8; i++)
        p->value[i] = -1;
    size_t i = 0;
    if (n > 0 && s[0] >= '<' && s[0] <= '?')
        p->prefix = (char)s[i++];
    if (i < n && s[i] >= '0' && s[i] <= ';')
        p->count = 1;
    for (bool sub = false; i < n; i++) {
        int *value = &p->value[p->count > 0 ? p->count - 1 : 0];
        if (s[i] == ';' && p->count < 8) {
            p->count++;
            sub = false;
        } else if (s[i] == ':') {
            sub = true; /* parts of a parameter: only the first counts */
        } else if (s[i] >= '0' && s[i] <= '9' && !sub && p->count > 0) {
            *value = (*value < 0 ? 0 : *value) * 10 + (s[i] - '0');
            if (*value > 0x110000)
                *value = 0x110000;
        } else if (s[i] >= 0x20 && s[i] <= 0x2f) {
            p->middle = (char)s[i];
        }
    }
}

/* xterm's "1 + bits"; what it knows beyond Shift, Alt and Control makes the key another one. */
static bool read_mods(int value, uint8_t *mods)
{
    int bits = value < 1 ? 0 : value - 1;
    if (bits & 8) /* Meta is Alt */
        bits = (bits & ~8) | INPUT_ALT;
    bits &= ~(64 | 128); /* caps and num lock */
    *mods = (uint8_t)(bits & (INPUT_SHIFT | INPUT_ALT | INPUT_CTRL));
    return bits < 8;
}

static void mouse_event(struct input *in, const struct params *p, char final)
{
    struct input_event ev = {.kind = EVENT_MOUSE};
    int code = p->value[0];
    if (p->count < 3 || code < 0 || p->value[1] < 1 || p->value[2] < 1 || p->value[1] > 0xffff ||
        p->value[2] > 0xffff || code >= 128)
        return;
    struct mouse *m = &ev.mouse;
    m->col = p->value[1] - 1;
    m->row = p->value[2] - 1;
    m->mods = (uint8_t)((code & 4 ? INPUT_SHIFT : 0) | (code & 8 ? INPUT_ALT : 0) |
                        (code & 16 ? INPUT_CTRL : 0));
    int button = code & 3;
    if (code & 64) {
        if (button > 1 || final == 'm')
            return;
        m->kind = button == 0 ? MOUSE_WHEEL_UP : MOUSE_WHEEL_DOWN;
    } else {
        if (button == 3) /* moved with no button down */
            return;
        m->button = button + 1;
        m->kind = final == 'm' ? MOUSE_RELEASE : code & 32 ? MOUSE_DRAG : MOUSE_PRESS;
    }
    emit(in, &ev);
}

/* A code point with modifiers, as newer terminals report keys: given its older bytes, for those who
 * only know these. */
static void modern_key(struct input *in, int rune, int modifiers)
{
    struct key k = {0};
    uint8_t mods;
    if (rune < 1 || !read_mods(modifiers, &mods) || !key_of_rune((uint32_t)rune, mods, &k))
        return;
    emit_key(in, &k);
}

static void tilde(struct input *in, const struct params *p, uint8_t mods)
{
    static const unsigned char keys[] = {
        [1] = INPUT_HOME,    [2] = INPUT_INSERT,    [3] = INPUT_DELETE,   [4] = INPUT_END,
        [5] = INPUT_PAGE_UP, [6] = INPUT_PAGE_DOWN, [7] = INPUT_HOME,     [8] = INPUT_END,
        [11] = INPUT_F1,     [12] = INPUT_F1 + 1,   [13] = INPUT_F1 + 2,  [14] = INPUT_F1 + 3,
        [15] = INPUT_F1 + 4, [17] = INPUT_F1 + 5,   [18] = INPUT_F1 + 6,  [19] = INPUT_F1 + 7,
        [20] = INPUT_F1 + 8, [21] = INPUT_F1 + 9,   [23] = INPUT_F1 + 10, [24] = INPUT_F12,
    };
    int code = p->value[0];
    if (code > 0 && code < (int)sizeof keys)
        emit_simple(in, (enum input_key)keys[code], 0, mods, in->held, in->held_len);
}

static enum input_key letter_key(char final)
{
    static const char letters[] = "ABCDHFPQRS";
    static const unsigned char keys[] = {INPUT_UP,     INPUT_DOWN,  INPUT_RIGHT, INPUT_LEFT,
                                         INPUT_HOME,   INPUT_END,   INPUT_F1,    INPUT_F1 + 1,
                                         INPUT_F1 + 2, INPUT_F1 + 3};
    const char *at = strchr(letters, final);
    return at != NULL && final != '\0' ? (enum input_key)keys[at - letters] : INPUT_NONE;
}

static void begin_paste(struct input *in)
{
    forget(in);
    in->state = PASTE;
    in->end_matched = 0;
    in->stale = false;
    in->stream = (struct text_stream){.form = TEXT_LINE};
    buf_clear(&in->pasted);
}

static void csi_key(struct input *in, const struct params *p, char final)
{
    uint8_t mods;
    struct input_event focus = {.kind = final == 'I' ? EVENT_FOCUS_IN : EVENT_FOCUS_OUT};
    bool known = read_mods(p->count > 1 ? p->value[1] : 1, &mods);
    switch (final) {
    case 'I':
    case 'O':
        if (p->count == 0)
            emit(in, &focus);
        return;
    case 'Z':
        emit_simple(in, INPUT_TAB, 0, mods | INPUT_SHIFT, "\x1b[Z", 3);
        return;
    case 'u':
        modern_key(in, p->value[0], p->count > 1 ? p->value[1] : 1);
        return;
    case '~':
        if (p->value[0] == 27 && p->count == 3)
            modern_key(in, p->value[2], p->value[1]);
        else if (known)
            tilde(in, p, mods);
        return;
    case '^': /* rxvt's Control and Control-Shift */
    case '@':
        tilde(in, p, INPUT_CTRL | (final == '@' ? INPUT_SHIFT : 0));
        return;
    case 'R': /* "row;column R" is the answer to a question we never ask; F3 begins with 1 */
        if (p->count > 0 && (p->count != 2 || p->value[0] != 1 || p->value[1] > 16))
            return;
        break;
    default:
        break;
    }
    if (known && (p->count == 0 || p->value[0] == 1 || p->value[0] == -1))
        emit_simple(in, letter_key(final), 0, mods, in->held, in->held_len);
}

static void end_csi(struct input *in, char final)
{
    struct params p;
    read_params(in->held + 2, (size_t)in->held_len - 3, &p);
    if (final == '~' && p.count == 1 && p.value[0] == 200 && p.prefix == 0) {
        begin_paste(in);
        return;
    }
    if (p.prefix == '<' && (final == 'M' || final == 'm') && p.middle == 0)
        mouse_event(in, &p, final);
    else if (p.prefix == 0 && p.middle == 0 && final == 'M' && p.count == 0)
        in->skip = 3; /* the older mouse report: three bytes of any value follow */
    else if (p.prefix == 0 && p.middle == 0)
        csi_key(in, &p, final);
    forget(in);
}

/* Returns false when the byte is to be looked at again. */
static bool take_csi(struct input *in, unsigned char byte)
{
    if (byte < 0x20 || byte > 0x7e) { /* cut short: what came is rubbish, the byte is not */
        forget(in);
        return byte == 0x18 || byte == 0x1a; /* CAN and SUB end a sequence themselves */
    }
    if (in->held_len == 2 && byte == '[') {
        in->state = LINUX_FN;
        return true;
    }
    if (in->held_len < sizeof in->held)
        in->held[in->held_len++] = byte;
    else if (byte >= 0x40)
        forget(in); /* far too long for a key: dropped whole */
    if (in->state == CSI && byte >= 0x40)
        end_csi(in, (char)byte);
    return true;
}

static bool take_ss3(struct input *in, unsigned char byte)
{
    static const char keypad[] = "jklmnopqrstuvwxy";
    static const char meaning[] = "*+,-./0123456789";
    uint8_t mods = 0;
    if (byte < 0x20 || byte > 0x7e) {
        forget(in);
        return false;
    }
    in->held[in->held_len++] = byte;
    if (byte >= '1' && byte <= '9' && in->held_len == 3) /* a modifier */
        return true;
    bool known = in->held_len < 4 || read_mods(in->held[2] - '0', &mods);
    const char *at = strchr(keypad, byte);
    if (at != NULL && known)
        emit_simple(in, INPUT_CHAR, (uint32_t)meaning[at - keypad], 0, meaning + (at - keypad), 1);
    else if (byte == 'M')
        emit_simple(in, INPUT_ENTER, 0, 0, "\r", 1);
    else if (known)
        emit_simple(in, letter_key((char)byte), 0, mods, in->held, in->held_len);
    forget(in);
    return true;
}

static bool take_escape(struct input *in, unsigned char byte)
{
    if (byte == ESC) { /* the first one was alone */
        emit_simple(in, INPUT_ESC, 0, 0, "\x1b", 1);
        return true;
    }
    if (byte >= 0x80)
        return take_utf8(in, byte);
    in->held[1] = byte;
    in->held_len = 2;
    if (byte == '[')
        in->state = CSI;
    else if (byte == 'O')
        in->state = SS3;
    else if (strchr("]P_^X", byte) != NULL && byte != '\0')
        in->state = STRING;
    else {
        forget(in);
        take_ascii(in, byte, true);
    }
    return true;
}

/* A reply holds no control characters; one that comes ends it, so that a reply without its end does
 * not swallow the keys behind it. Only Ctrl-C is more than that. */
static bool take_string(struct input *in, unsigned char byte)
{
    if (in->held_len < 3)
        in->held[in->held_len++] = byte; /* to tell Alt-P from a reply */
    if (in->state == STRING_ESC) {
        bool ended = byte == '\\';
        forget(in);
        if (!ended) { /* the Esc began something else */
            in->state = ESCAPE;
            in->held[0] = ESC;
            in->held_len = 1;
        }
        return ended;
    }
    if (byte == ESC)
        in->state = STRING_ESC;
    else if (byte < 0x20 && byte != '\t') {
        forget(in);
        return byte != 3;
    }
    return true;
}

/* ---- pastes */

static void emit_pasted(struct input *in)
{
    struct input_event ev = {
        .kind = EVENT_PASTE, .paste = in->pasted.data, .paste_len = in->pasted.len};
    if (in->pasted.len > 0 && !in->stale)
        emit(in, &ev);
    buf_clear(&in->pasted);
}

/* At most PASTE_PIECE bytes. */
static void pasted_bytes(struct input *in, const char *bytes, size_t n)
{
    char lines[PASTE_PIECE]; /* terminals send CR at the end of a line */
    if (in->stale)
        return;
    for (size_t i = 0; i < n; i++)
        lines[i] = bytes[i] == '\r' ? '\n' : bytes[i];
    text_stream_feed(&in->stream, &in->pasted, lines, n);
    if (in->pasted.len >= PASTE_PIECE)
        emit_pasted(in);
}

static void finish_paste(struct input *in)
{
    struct input_event ev = {.kind = EVENT_PASTE_END};
    if (!in->stale) {
        text_stream_finish(&in->stream, &in->pasted);
        emit_pasted(in);
        emit(in, &ev);
    }
}

/* Takes what belongs to the paste; returns the bytes taken. */
static size_t take_paste(struct input *in, const char *bytes, size_t n)
{
    size_t i = 0;
    while (i < n) {
        if (bytes[i] == paste_end[in->end_matched]) {
            i++;
            if (++in->end_matched < sizeof paste_end - 1)
                continue;
            finish_paste(in);
            in->stale = false;
            forget(in);
            return i;
        }
        if (in->end_matched > 0) { /* it was text after all; Esc occurs in the marker only once */
            pasted_bytes(in, paste_end, in->end_matched);
            in->end_matched = 0;
            continue;
        }
        const char *esc = memchr(bytes + i, ESC, n - i);
        size_t len = esc != NULL ? (size_t)(esc - bytes) - i : n - i;
        len = len > PASTE_PIECE ? PASTE_PIECE : len;
        pasted_bytes(in, bytes + i, len);
        i += len;
    }
    emit_pasted(in);
    return i;
}

/* ---- the decoder */

/* Returns false when the byte is to be looked at again in the state that follows. */
static bool take_byte(struct input *in, unsigned char byte)
{
    if (in->skip > 0) {
        in->skip--;
        return true;
    }
    switch ((enum state)in->state) {
    case ESCAPE:
        return in->held_len > 1 ? take_utf8(in, byte) : take_escape(in, byte);
    case CSI:
        return take_csi(in, byte);
    case SS3:
        return take_ss3(in, byte);
    case LINUX_FN:
        if (byte >= 'A' && byte <= 'E')
            emit_simple(in, (enum input_key)(INPUT_F1 + (byte - 'A')), 0, 0, "", 0);
        forget(in);
        return byte >= 0x20 && byte < 0x7f;
    case STRING:
    case STRING_ESC:
        return take_string(in, byte);
    case PASTE:
    case GROUND:
        break;
    }
    if (in->held_len > 0)
        return take_utf8(in, byte);
    if (byte == ESC) {
        in->state = ESCAPE;
        in->held[0] = ESC;
        in->held_len = 1;
    } else if (byte >= 0x80) {
        return take_utf8(in, byte);
    } else {
        take_ascii(in, byte, false);
    }
    return true;
}

/* After a paste went silent: a key of a person, or more of the paste? */
static bool is_typed(const char *bytes, size_t n)
{
    if (n == 0 || memmem(bytes, n, paste_end, sizeof paste_end - 1) != NULL)
        return false;
    return n <= TYPED_MOST || (bytes[0] == ESC && n <= 12);
}

void input_feed(struct input *in, const char *bytes, size_t n, input_sink *sink, void *arg)
{
    in->sink = sink;
    in->arg = arg;
    if (in->stale && is_typed(bytes, n)) {
        in->stale = false;
        forget(in);
    }
    for (size_t i = 0; i < n;) {
        if (in->state == PASTE)
            i += take_paste(in, bytes + i, n - i);
        else if (take_byte(in, (unsigned char)bytes[i]))
            i++;
    }
}

int input_wait_ms(const struct input *in)
{
    if (in->state == PASTE)
        return in->stale ? -1 : WAIT_PASTE_MS;
    if (in->state == ESCAPE && in->held_len == 1)
        return WAIT_ESC_MS;
    if (in->held_len == 2 && in->state >= CSI && in->state != LINUX_FN)
        return WAIT_ESC_MS * 2; /* Alt with a bracket, unless more comes */
    return in->held_len > 0 || in->skip > 0 ? WAIT_SEQUENCE_MS : -1;
}

void input_expire(struct input *in, input_sink *sink, void *arg)
{
    in->sink = sink;
    in->arg = arg;
    in->skip = 0;
    if (in->state == PASTE) {
        if (!in->stale) {
            pasted_bytes(in, paste_end, in->end_matched);
            in->end_matched = 0;
            finish_paste(in);
        }
        in->stale = true; /* should more of it come, it is still no keys */
        return;
    }
    if (in->state == ESCAPE && in->held_len == 1)
        emit_simple(in, INPUT_ESC, 0, 0, "\x1b", 1);
    else if (in->held_len == 2 && in->state >= CSI && in->state != LINUX_FN)
        take_ascii(in, in->held[1], true);
    forget(in);
}
