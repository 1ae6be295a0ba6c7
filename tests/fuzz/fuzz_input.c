/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes on the terminal, cut into pieces by the first byte: only well-formed events come out,
 * what was pasted is clean, and the decoder always finds its way back. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "ui/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    bool pasting;
    size_t keys;
};

static void check_key(const struct key *k)
{
    struct key again;
    char name[KEY_NAME_MAX];
    assert(k->kind > INPUT_NONE && k->kind <= INPUT_F12 && k->mods < 8);
    assert(k->raw_len <= sizeof k->raw);
    assert(strlen(key_name(k, name)) < KEY_NAME_MAX);
    if (k->kind != INPUT_CHAR) {
        assert(k->rune == 0 && key_parse(name, &again) && key_same(k, &again));
        return;
    }
    assert(k->rune >= 0x20 && k->rune <= 0x10ffff && !(k->rune >= 0x7f && k->rune < 0xa0));
    assert(!(k->rune >= 0xd800 && k->rune < 0xe000));
}

static void check(void *arg, const struct input_event *ev)
{
    struct seen *s = arg;
    if (ev->kind == EVENT_PASTE) {
        assert(ev->paste_len > 0 && text_is_utf8(ev->paste, ev->paste_len));
        for (size_t i = 0; i < ev->paste_len; i++)
            assert((unsigned char)ev->paste[i] >= 0x20 && ev->paste[i] != 0x7f);
        s->pasting = true;
    } else if (ev->kind == EVENT_KEY) {
        check_key(&ev->key);
        s->keys++;
    } else if (ev->kind == EVENT_MOUSE) {
        assert(ev->mouse.row >= 0 && ev->mouse.col >= 0 && ev->mouse.row < 0x10000);
        assert(ev->mouse.button >= 0 && ev->mouse.button <= 3);
    } else if (ev->kind == EVENT_PASTE_END) {
        s->pasting = false;
    }
    assert(!s->pasting || ev->kind == EVENT_PASTE); /* nothing comes between its pieces */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    size_t piece = (size_t)data[0] % 64 + 1;
    struct input in = {0};
    struct seen s = {0};
    for (size_t i = 1; i < size; i += piece) {
        input_feed(&in, (const char *)data + i, size - i < piece ? size - i : piece, check, &s);
        if (data[0] & 0x80 && data[i] & 1 && input_wait_ms(&in) >= 0)
            input_expire(&in, check, &s);
    }
    if (input_wait_ms(&in) >= 0)
        input_expire(&in, check, &s);
    assert(input_wait_ms(&in) == -1);
    s.keys = 0;
    input_feed(&in, "q", 1, check, &s);
    assert(s.keys == 1);
    input_release(&in);
    return 0;
}
