/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any keys in the command bar: it survives, its text stays within its length, and a key that leaves
 * it does. The first byte chooses the editing mode. */
#include <assert.h>
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ui/bar.h"
#include "ui/input.h"

#include <readline/readline.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__asan_default_options(void);

/* Readline is not instrumented: how it compares strings and what it forgets is its own. */
const char *__asan_default_options(void)
{
    return "detect_leaks=0:replace_str=0:intercept_strchr=0:intercept_strndup=0";
}

static void submitted(void *arg, const char *line)
{
    size_t *lines = arg;
    assert(strlen(line) < (size_t)1 << 20);
    ++*lines;
}

static void complete(void *arg, const char *line, size_t point, struct bar_words *words)
{
    (void)arg;
    assert(point <= strlen(line));
    words->from = 0;
    bar_offer(words, "approve", "let a change be applied");
    bar_offer(words, "adjustments", "list them");
}

static void press(void *arg, const struct input_event *ev)
{
    if (!bar_is_active())
        bar_enter(arg);
    if (ev->kind == EVENT_PASTE)
        bar_paste(ev->paste, ev->paste_len);
    else if (ev->kind == EVENT_PASTE_END)
        bar_paste_end();
    else if (ev->kind == EVENT_KEY)
        bar_key(&ev->key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool begun;
    size_t lines = 0;
    struct error e = {0};
    struct input in = {0};
    struct bar_options o = {.submit = submitted, .complete = complete, .arg = &lines};
    if (size < 1)
        return 0;
    if (!begun) {
        setlocale(LC_ALL, "C.UTF-8");
        setenv("INPUTRC", "/dev/null", 1);
        begun = true;
    }
    if (bar_open(&o, &e) != OK)
        return 0;
    rl_variable_bind("editing-mode", data[0] & 1 ? "vi" : "emacs");
    bar_resize(30, 100);
    char filled_in[] = "evaluate NVDA";
    void *text = data[0] & 2 ? filled_in : NULL;
    input_feed(&in, (const char *)data + 1, size - 1, press, text);
    if (input_wait_ms(&in) >= 0)
        input_expire(&in, press, text);
    assert(strlen(bar_text()) < 65536);
    bar_close();
    input_release(&in);
    return 0;
}
