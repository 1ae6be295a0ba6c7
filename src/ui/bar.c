/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/bar.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quorum/text.h"
#include "ui/bar_private.h"

#include <readline/history.h>
#include <readline/readline.h>

#if defined(RL_READLINE_VERSION) && RL_READLINE_VERSION < 0x0800
#error "GNU readline 8.0 or newer is needed; libedit is another library"
#endif

enum {
    BUSY = RL_STATE_ISEARCH | RL_STATE_NSEARCH | RL_STATE_NUMERICARG | RL_STATE_MOREINPUT |
           RL_STATE_MULTIKEY | RL_STATE_METANEXT | RL_STATE_VIMOTION | RL_STATE_CHARSEARCH
};

enum { COUNT_MOST = 99 }; /* times a key is done: so often a whole line may be put back */

/* Readline is file-scope state itself and tells its hooks nothing. */
static struct {
    bool is_open, active, pasting, accepted, wants_choice, tabbed;
    bool filled_in; /* its line began with words that a key wrote */
    size_t offered; /* bytes at its end that the first letter typed replaces */
    struct bar_options options;
    char *history_path, *line, *kept; /* line: what readline accepted, NULL for end of file */
    char *unwritten;                  /* of the history; NULL: nothing */
    const char *queue;
    size_t queued;
    struct bar_words words;
    struct bar_popup popup;
    struct bar_view view;
    char ghost[512], hint[256], note[256];
    FILE *nowhere;
} bar;

/* ---- readline's hooks */

static int next_byte(FILE *stream)
{
    (void)stream;
    if (bar.queued == 0)
        return EOF;
    bar.queued--;
    return (unsigned char)*bar.queue++;
}

static int has_bytes(void)
{
    return bar.queued > 0;
}

/* Frames are drawn when the turn is over, not when readline thinks so. */
static void draw_nothing(void)
{
}

/* Called inside of readline, which must not be entered again here. */
static void take_line(char *line)
{
    free(bar.line);
    bar.line = line;
    bar.accepted = true;
}

/* Any completion command readline knows opens our choice instead of printing its own. */
static char **ask_for_choice(const char *text, int start, int end)
{
    (void)text;
    (void)start;
    (void)end;
    rl_attempted_completion_over = 1;
    bar.wants_choice = true;
    return NULL;
}

/* Vi's motions may leave the cursor behind the end. A count before a key ("M-9 9 9 9 9 9 x"), or a
 * text put back again and again, makes a line longer than any command. */
static void keep_in_bounds(void)
{
    char kept[BAR_LINE_MOST - 15];
    int len = (int)strlen(rl_line_buffer);
    rl_end = rl_end > len ? len : rl_end;
    if (rl_end >= (int)sizeof kept) {
        copy_bytes(kept, sizeof kept, rl_line_buffer, (size_t)rl_end);
        rl_delete_text((int)strlen(kept), rl_end);
    }
    rl_point = rl_point > rl_end ? rl_end : rl_point;
}

static void feed(const char *bytes, size_t n)
{
    bar.queue = bytes;
    bar.queued = n;
    while (bar.queued > 0 && !bar.accepted)
        rl_callback_read_char();
    bar.queued = 0;
    keep_in_bounds();
}

/* What a person's inputrc may not change: bytes are UTF-8, nothing is written, nothing waits. */
static void force_settings(void)
{
    static const char *const settings[][2] = {{"convert-meta", "off"},
                                              {"input-meta", "on"},
                                              {"output-meta", "on"},
                                              {"bell-style", "none"},
                                              {"enable-bracketed-paste", "off"},
                                              {"blink-matching-paren", "off"},
                                              {"show-mode-in-prompt", "off"},
                                              {"disable-completion", "off"},
                                              {"horizontal-scroll-mode", "off"},
                                              {"enable-keypad", "off"},
                                              {"enable-active-region", "off"}};
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        rl_variable_bind(settings[i][0], settings[i][1]);
    static const char *const maps[] = {"emacs-standard", "vi-insert", "vi-command"};
    for (size_t i = 0; i < ARRAY_LEN(maps); i++) {
        Keymap map = rl_get_keymap_by_name(maps[i]);
        if (map != NULL)
            rl_bind_key_in_map('\r', rl_newline, map); /* Enter is Enter */
    }
}

/* Up and Down look for lines that begin like what is typed; inputrc may say otherwise. */
static void default_keys(void)
{
    static const char *const maps[] = {"emacs-standard", "vi-insert"};
    for (size_t i = 0; i < ARRAY_LEN(maps); i++) {
        Keymap map = rl_get_keymap_by_name(maps[i]);
        if (map == NULL)
            continue;
        rl_bind_keyseq_in_map("\\e[A", rl_history_search_backward, map);
        rl_bind_keyseq_in_map("\\eOA", rl_history_search_backward, map);
        rl_bind_keyseq_in_map("\\e[B", rl_history_search_forward, map);
        rl_bind_keyseq_in_map("\\eOB", rl_history_search_forward, map);
    }
}

static void remember(const char *line)
{
    char *copy = bar_drop_widthless(mem_text(line));
    add_history(copy);
    mem_free(copy);
}

enum err bar_open(const struct bar_options *options, struct error *e)
{
    assert(!bar.is_open);
    memset(&bar, 0, sizeof bar);
    bar.options = *options;
    bar.nowhere = fopen("/dev/null", "we");
    if (bar.nowhere == NULL)
        return err_set(e, ERR_FAILED, "/dev/null cannot be opened");
    rl_catch_signals = 0;
    rl_catch_sigwinch = 0;
    rl_change_environment = 0; /* LINES and COLUMNS would be believed for ever */
    rl_prep_term_function = NULL;
    rl_deprep_term_function = NULL;
    rl_readline_name = "quorum";
    rl_terminal_name = "dumb"; /* it draws nothing, so it need not know */
    rl_outstream = bar.nowhere;
    rl_getc_function = next_byte;
    rl_input_available_hook = has_bytes;
    rl_redisplay_function = draw_nothing;
    rl_attempted_completion_function = ask_for_choice;
    default_keys();
    rl_initialize();
    force_settings();
    using_history();
    int size = options->history_size > 0 ? options->history_size : 1000;
    stifle_history(size);
    bar.history_path = mem_text(options->history);
    if (bar.history_path != NULL)
        history_file_read(bar.history_path, size, remember);
    rl_callback_handler_install(":", take_line);
    bar.is_open = true;
    return OK;
}

static bool is_busy(void)
{
    return RL_ISSTATE(BUSY);
}

/* Ends a search or an argument begun; what had been typed before stays. */
static void end_busy(void)
{
    if (!is_busy())
        return;
    feed("\a", 1); /* C-g */
    if (is_busy())
        rl_callback_sigcleanup();
    RL_UNSETSTATE(BUSY);
    bar.accepted = false;
}

void bar_close(void)
{
    if (!bar.is_open)
        return;
    bar_settle();
    end_busy(); /* a search keeps lines of the history */
    rl_callback_handler_remove();
    clear_history();
    rl_outstream = NULL;
    fclose(bar.nowhere);
    free(bar.line);
    mem_free(bar.kept);
    mem_free(bar.history_path);
    bar_words_clear(&bar.words);
    memset(&bar, 0, sizeof bar);
}

void bar_configure(int history_size, bool ghost, bool popup, bool popup_at_once)
{
    if (!bar.is_open)
        return;
    bar.options.history_size = history_size;
    bar.options.no_ghost = !ghost;
    bar.options.no_popup = !popup;
    bar.options.popup_at_once = popup_at_once;
    stifle_history(history_size);
}

const char *bar_note(void)
{
    return bar.note;
}

/* ---- state */

static void close_popup(void)
{
    bar.popup = (struct bar_popup){.chosen = -1};
    bar.tabbed = false;
}

/* Another line begins: what readline kept of the one before, when the history was looked at, and
 * its undo list are forgotten together. Else it frees that list again at the next look. */
static void set_text(const char *text)
{
    rl_maybe_unsave_line();
    rl_free_undo_list();
    using_history(); /* Up begins at the newest */
    rl_replace_line(text, 1);
    rl_point = rl_end;
    rl_mark = 0;
}

/* What fits the word at the cursor; the words before are gone. */
static void find_words(bool in_passing)
{
    size_t point = (size_t)rl_point;
    bar_words_clear(&bar.words);
    bar.words.in_passing = in_passing;
    bar.words.from = point;
    if (bar.options.complete == NULL)
        return;
    bar.options.complete(bar.options.arg, rl_line_buffer, point, &bar.words);
    if (bar.words.from > point)
        bar.words.from = point;
    bar_words_filter(&bar.words, rl_line_buffer + bar.words.from, point - bar.words.from);
}

/* The rest of the newest line that begins like this one, else of the only word that fits. */
static void find_ghost(void)
{
    size_t len = (size_t)rl_end;
    *bar.ghost = '\0';
    if (len == 0 || rl_point != rl_end || is_busy() || bar.popup.open || bar.options.no_ghost)
        return;
    for (int i = history_length; i > 0; i--) {
        HIST_ENTRY *h = history_get(history_base + i - 1);
        if (h == NULL || strncmp(h->line, rl_line_buffer, len) != 0 || h->line[len] == '\0')
            continue;
        copy_text(bar.ghost, sizeof bar.ghost, h->line + len);
        return;
    }
    find_words(true);
    size_t typed = len - bar.words.from;
    if (bar.words.n == 1 && typed > 0 && bar_words_common(&bar.words, typed) > typed &&
        strncmp(bar.words.word[0].word, rl_line_buffer + bar.words.from, typed) == 0)
        copy_text(bar.ghost, sizeof bar.ghost, bar.words.word[0].word + typed);
}

static void find_hint(void)
{
    *bar.hint = '\0';
    if (bar.options.hint != NULL)
        bar.options.hint(bar.options.arg, rl_line_buffer, (size_t)rl_point, bar.hint,
                         sizeof bar.hint);
}

static void after_change(void)
{
    if (bar.popup.open) {
        find_words(false);
        bar.popup.chosen = -1;
        bar.popup.top = 0;
        if (bar.words.n == 0)
            close_popup();
    }
    find_ghost();
    find_hint();
}

void bar_enter(const char *text)
{
    if (!bar.is_open)
        return;
    end_busy();
    bar.filled_in = text != NULL;
    const char *last = text != NULL ? strrchr(text, ' ') : NULL;
    bar.offered = last != NULL ? strlen(last + 1) : 0;
    set_text(text != NULL ? text : bar.kept != NULL ? bar.kept : "");
    if (text == NULL) {
        mem_free(bar.kept);
        bar.kept = NULL;
    }
    bar.active = true;
    bar.view.first_col = 0;
    close_popup();
    after_change();
}

void bar_leave(void)
{
    if (!bar.active)
        return;
    end_busy();
    /* A verb that a key wrote would take in what is typed the next time: ":pause" as its reason. */
    if (!bar.filled_in) {
        mem_free(bar.kept);
        bar.kept = mem_text(rl_line_buffer);
    }
    bar.active = false;
    close_popup();
}

bool bar_is_active(void)
{
    return bar.active;
}

const char *bar_text(void)
{
    return !bar.is_open ? "" : bar.active ? rl_line_buffer : bar.kept != NULL ? bar.kept : "";
}

void bar_resize(int rows, int cols)
{
    if (bar.is_open)
        rl_set_screen_size(rows, cols);
}

/* ---- completion */

static void replace_word(const char *word, size_t len, bool whole)
{
    rl_begin_undo_group();
    rl_delete_text((int)bar.words.from, rl_point);
    rl_point = (int)bar.words.from;
    char text[BAR_LINE_MOST];
    copy_bytes(text, sizeof text - 1, word, len);
    size_t n = strlen(text);
    bool open_ended = n > 0 && strchr("=,/", text[n - 1]) != NULL;
    if (whole && !open_ended && rl_line_buffer[rl_point] != ' ')
        copy_text(text + n, sizeof text - n, " ");
    rl_insert_text(text);
    rl_end_undo_group();
}

static void take_word(size_t i)
{
    char *word = mem_text(bar.words.word[i].word); /* after_change finds others */
    replace_word(word, strlen(word), true);
    mem_free(word);
    close_popup();
    after_change();
}

static void complete(bool choose)
{
    bar.popup = (struct bar_popup){.chosen = -1}; /* of other words */
    find_words(false);
    size_t typed = (size_t)rl_point - bar.words.from;
    size_t common = bar_words_common(&bar.words, typed);
    if (bar.words.n == 1) {
        take_word(0);
        return;
    }
    if (common > typed) {
        char *word = mem_text(bar.words.word[0].word);
        replace_word(word, common, false);
        mem_free(word);
        find_words(false);
        find_hint();
        bar.tabbed = true;
    } else if (bar.words.n > 1) {
        choose = true;
    }
    if ((choose || bar.options.popup_at_once) && bar.words.n > 1 && !bar.options.no_popup)
        bar.popup = (struct bar_popup){.open = true, .chosen = -1};
    *bar.ghost = '\0';
}

/* True if the choice took the key. */
static bool popup_key(const struct key *k)
{
    bool shift_tab = k->kind == INPUT_TAB && (k->mods & INPUT_SHIFT);
    if (k->kind == INPUT_TAB && !shift_tab && bar.words.n == 1) {
        take_word(0);
    } else if (k->kind == INPUT_DOWN || (k->kind == INPUT_TAB && !shift_tab)) {
        bar_popup_move(&bar.popup, &bar.words, 1);
    } else if (k->kind == INPUT_UP || shift_tab) {
        bar_popup_move(&bar.popup, &bar.words, -1);
    } else if (k->kind == INPUT_ENTER && bar.popup.chosen >= 0) {
        take_word((size_t)bar.popup.chosen);
    } else if (k->kind == INPUT_ESC) {
        close_popup();
        after_change();
    } else {
        return false;
    }
    return true;
}

/* ---- keys */

/* Vi's insert mode wants Esc for itself. */
static bool is_vi_inserting(void)
{
    return rl_editing_mode == 0 && rl_get_keymap() == rl_get_keymap_by_name("vi-insert");
}

void bar_settle(void)
{
    struct error e;
    char *line = bar.unwritten;
    if (line == NULL)
        return;
    bar.unwritten = NULL;
    err_clear(&e);
    if (history_file_add(bar.history_path, line, &e) != OK)
        copy_text(bar.note, sizeof bar.note, e.text);
    mem_free(line);
}

static void keep_in_history(const char *line)
{
    HIST_ENTRY *last = history_length > 0 ? history_get(history_base + history_length - 1) : NULL;
    if (*line == ' ' || (last != NULL && strcmp(last->line, line) == 0))
        return;
    add_history(line);
    bar_settle(); /* the one before */
    bar.unwritten = bar.history_path != NULL ? mem_text(line) : NULL;
}

/* Readline has given a line back; its own is empty again. */
static enum bar_outcome run_line(void)
{
    char line[BAR_LINE_MOST + 64];
    bar.accepted = false;
    sanitize_line(line, sizeof line, untrusted(bar.line != NULL ? bar.line : ""));
    free(bar.line);
    bar.line = NULL;
    bar.active = false;
    close_popup();
    set_text("");
    size_t len = strlen(line);
    while (len > 0 && line[len - 1] == ' ') /* completion puts one there */
        line[--len] = '\0';
    if (len == 0)
        return BAR_LEFT;
    keep_in_history(line);
    using_history();
    if (bar.options.submit != NULL)
        bar.options.submit(bar.options.arg, line);
    return BAR_RAN;
}

static enum bar_outcome cancel(void)
{
    bool searching = is_busy();
    end_busy();
    close_popup();
    if (rl_end == 0 && !searching) {
        bar_leave();
        return BAR_LEFT;
    }
    set_text("");
    after_change();
    return BAR_STAYS;
}

static bool takes_ghost(const struct key *k)
{
    return (k->kind == INPUT_RIGHT || k->kind == INPUT_END) && k->mods == 0 && *bar.ghost != '\0' &&
           rl_point == rl_end;
}

/* Keys that are ours, whatever inputrc says. True if it was one; *outcome is then set. */
static bool own_key(const struct key *k, enum bar_outcome *outcome)
{
    *outcome = BAR_STAYS;
    if (memchr(k->raw, '\0', k->raw_len) || (k->kind == INPUT_CHAR && !bar_has_width(k->rune)))
        return true;
    if (k->kind == INPUT_CHAR && k->rune == 'c' && k->mods == INPUT_CTRL) {
        *outcome = cancel();
        return true;
    }
    if (is_busy()) {
        if (k->kind == INPUT_ESC) {
            end_busy();
            after_change();
            return true;
        }
        return false;
    }
    if (bar.popup.open && popup_key(k))
        return true;
    if (k->kind == INPUT_TAB && k->mods == 0) {
        complete(bar.tabbed);
        return true;
    }
    if (k->kind == INPUT_ESC && !is_vi_inserting()) {
        bar_leave();
        *outcome = BAR_LEFT;
        return true;
    }
    if (takes_ghost(k)) {
        rl_insert_text(bar.ghost);
        after_change();
        return true;
    }
    return k->kind == INPUT_CHAR && rl_end >= BAR_LINE_MOST - 16; /* full */
}

/* What an incremental search takes. Any other key ends it: readline 8.2 does not survive one that
 * begins a sequence (Ctrl-X, an arrow) there. */
static bool is_for_search(const struct key *k)
{
    if (k->kind == INPUT_BACKSPACE || k->kind == INPUT_ENTER)
        return k->mods == 0;
    if (k->kind != INPUT_CHAR || (k->mods != 0 && k->mods != INPUT_CTRL))
        return false;
    return k->mods == 0 || (k->rune < 0x80 && strchr("rsghwy", (int)k->rune) != NULL);
}

static bool goes_to_another_line(const struct key *k)
{
    static rl_command_func_t *const moves[] = {rl_get_previous_history,
                                               rl_get_next_history,
                                               rl_beginning_of_history,
                                               rl_end_of_history,
                                               rl_reverse_search_history,
                                               rl_forward_search_history,
                                               rl_noninc_reverse_search,
                                               rl_noninc_forward_search,
                                               rl_noninc_reverse_search_again,
                                               rl_noninc_forward_search_again,
                                               rl_history_search_backward,
                                               rl_history_search_forward,
                                               rl_history_substr_search_backward,
                                               rl_history_substr_search_forward,
                                               rl_operate_and_get_next,
                                               rl_fetch_history,
                                               rl_vi_fetch_history,
                                               rl_vi_search,
                                               rl_vi_search_again};
    rl_command_func_t *does = rl_function_of_keyseq_len(k->raw, k->raw_len, rl_get_keymap(), NULL);
    for (size_t i = 0; i < ARRAY_LEN(moves); i++)
        if (does == moves[i])
            return true;
    return false;
}

/* Readline 8.2 loses count of who has which undo list when lines of the history are edited, and
 * frees one twice. So no line but the one before the person has any; what was changed in another
 * stays changed, as readline does it. */
static void settle_line(void)
{
    HIST_ENTRY *h = current_history();
    if (h != NULL && strcmp(h->line, rl_line_buffer) != 0) {
        h = replace_history_entry(where_history(), rl_line_buffer, NULL);
        if (h != NULL)
            free_history_entry(h);
    }
    rl_free_undo_list();
}

static bool is_bound(const struct key *k)
{
    int type;
    return rl_function_of_keyseq_len(k->raw, k->raw_len, rl_get_keymap(), &type) != NULL;
}

bool bar_binds(const struct key *k)
{
    if (is_busy() || rl_editing_mode == 0) /* vi's own Esc */
        return true;
    return k->kind != INPUT_ENTER && is_bound(k);
}

/* The bytes of a key that nobody bound would be taken one by one, in vi's mode as commands. */
static bool is_nobodys(const struct key *k)
{
    return k->kind > INPUT_ESC && k->raw_len > 1 && !is_bound(k);
}

static void drop_offered(void)
{
    rl_delete_text(rl_end - (int)bar.offered, rl_end);
    rl_point = rl_end;
    bar.offered = 0;
}

/* The word a key filled in gives way to the letter that begins another; any other key keeps it. */
static void settle_offered(const struct key *k)
{
    bool letter = k->kind == INPUT_CHAR && (k->mods & (INPUT_CTRL | INPUT_ALT)) == 0 &&
                  k->rune < 0x80 && isalnum((int)k->rune);
    if (bar.offered > 0 && letter && (rl_editing_mode != 0 || is_vi_inserting()))
        drop_offered();
    bar.offered = 0;
}

enum bar_outcome bar_key(const struct key *k)
{
    enum bar_outcome outcome;
    if (!bar.active)
        return BAR_STAYS;
    settle_offered(k);
    if (own_key(k, &outcome))
        return outcome;
    if (RL_ISSTATE(RL_STATE_ISEARCH) && !is_for_search(k))
        feed("\n", 1); /* keeps what was found */
    if (!is_busy() && is_nobodys(k)) {
        after_change();
        return BAR_STAYS;
    }
    if (!is_busy() && goes_to_another_line(k))
        settle_line();
    bar.tabbed = false;
    bar.wants_choice = false;
    if (RL_ISSTATE(RL_STATE_NUMERICARG) && rl_numeric_arg > COUNT_MOST)
        rl_numeric_arg = COUNT_MOST;
    feed(k->raw, k->raw_len);
    if (bar.accepted)
        return run_line();
    if (bar.wants_choice)
        complete(true);
    else
        after_change();
    return BAR_STAYS;
}

void bar_paste(const char *text, size_t len)
{
    char piece[1024];
    if (!bar.active)
        return;
    end_busy();
    if (bar.offered > 0)
        drop_offered();
    if (!bar.pasting)
        rl_begin_undo_group();
    bar.pasting = true;
    while (len > 0 && rl_end < BAR_LINE_MOST - 16) {
        size_t room = (size_t)(BAR_LINE_MOST - 15 - rl_end);
        copy_bytes(piece, room < sizeof piece ? room : sizeof piece, text, len);
        size_t n = strlen(piece);
        if (n == 0)
            break;
        rl_insert_text(bar_drop_widthless(piece));
        text += n;
        len -= n;
    }
}

void bar_paste_end(void)
{
    if (!bar.pasting)
        return;
    bar.pasting = false;
    rl_end_undo_group();
    after_change();
}

/* ---- drawing */

void bar_draw(const struct pane *row)
{
    bool busy = bar.is_open && is_busy();
    struct bar_view *v = &bar.view;
    v->prompt = busy && rl_display_prompt != NULL ? rl_display_prompt : ":";
    v->line = bar.active ? rl_line_buffer : "";
    v->point = bar.active ? (size_t)rl_point : 0;
    v->ghost = bar.ghost;
    v->hint = busy ? "" : bar.hint;
    v->active = bar.active;
    v->offered = bar.active ? bar.offered : 0;
    bar_view_draw(v, row);
}

void bar_draw_popup(const struct pane *above)
{
    if (bar.active)
        bar_popup_draw(&bar.popup, &bar.words, above);
}
