/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/osc.h"

#include <stdint.h>
#include <string.h>

#include "quorum/text.h"

/* GNU screen takes strings of at most 256 bytes (768 from 4.2 on) and hands on each by itself. */
enum { SCREEN_PIECE = 240, TEXT_MOST = 200 };

enum osc_between osc_between(const char *tmux, const char *sty)
{
    if (tmux && *tmux)
        return OSC_TMUX;
    return sty && *sty ? OSC_SCREEN : OSC_DIRECT;
}

void osc_title(struct buf *out, const char *text)
{
    char clean[TEXT_MOST];
    sanitize_line(clean, sizeof clean, untrusted(text));
    buf_printf(out, "\x1b]2;%s\x1b\\", clean);
}

static void base64(struct buf *out, const char *text, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = (const unsigned char *)text;
    for (size_t i = 0; i < len; i += 3) {
        uint32_t three = (uint32_t)p[i] << 16 | (i + 1 < len ? (uint32_t)p[i + 1] << 8 : 0) |
                         (i + 2 < len ? p[i + 2] : 0);
        buf_char(out, digits[three >> 18]);
        buf_char(out, digits[three >> 12 & 63]);
        buf_char(out, i + 1 < len ? digits[three >> 6 & 63] : '=');
        buf_char(out, i + 2 < len ? digits[three & 63] : '=');
    }
}

/* tmux wants every Esc twice. */
static void through_tmux(struct buf *out, const char *bytes)
{
    buf_str(out, "\x1bPtmux;");
    for (; *bytes; bytes++) {
        if (*bytes == '\x1b')
            buf_char(out, '\x1b');
        buf_char(out, *bytes);
    }
    buf_str(out, "\x1b\\");
}

static void through_screen(struct buf *out, const char *bytes)
{
    size_t left = strlen(bytes);
    while (left > 0) {
        size_t n = left < SCREEN_PIECE ? left : SCREEN_PIECE;
        buf_str(out, "\x1bP");
        buf_add(out, bytes, n);
        buf_str(out, "\x1b\\");
        bytes += n;
        left -= n;
    }
}

static void hand_on(struct buf *out, enum osc_between between, const char *bytes)
{
    if (between == OSC_TMUX)
        through_tmux(out, bytes);
    else if (between == OSC_SCREEN)
        through_screen(out, bytes);
    else
        buf_str(out, bytes);
}

/* tmux takes a clipboard itself (set-clipboard on) or hands it on (allow-passthrough on); which of
 * the two cannot be known, and twice does no harm. */
void osc_copy(struct buf *out, enum osc_between between, const char *text, size_t len)
{
    struct buf plain = {0};
    buf_str(&plain, "\x1b]52;c;");
    base64(&plain, text, len);
    buf_char(&plain, '\a');
    if (between == OSC_TMUX)
        buf_str(out, buf_text(&plain));
    hand_on(out, between, buf_text(&plain));
    buf_release(&plain);
}

void osc_notify(struct buf *out, enum osc_between between, const char *text)
{
    char clean[TEXT_MOST];
    struct buf plain = {0};
    sanitize_line(clean, sizeof clean, untrusted(text));
    buf_printf(&plain, "\x1b]9;%s\a", clean);
    hand_on(out, between, buf_text(&plain));
    buf_char(out, '\a');
    buf_release(&plain);
}
