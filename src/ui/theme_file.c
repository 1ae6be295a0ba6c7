/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/theme_file.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quorum/buf.h"
#include "quorum/embedded.h"
#include "quorum/mem.h"
#include "quorum/text.h"

enum {
    FILE_MOST = 64 << 10,
    LINE_MOST = 190,   /* inih cuts lines at 200 bytes without a word */
    TEMPLATES_MOST = 4 /* themes that build on one another */
};

/* What one file says. */
struct source {
    char name[THEME_NAME_MAX + 1], template[THEME_NAME_MAX + 1];
    enum depth depth; /* of the lines before the first section */
    struct ink look[DEPTH_COUNT][TOKEN_COUNT];
    bool given[DEPTH_COUNT][TOKEN_COUNT];
};

struct reading {
    struct source *source;
    const char *at, *end;
    int line;
    size_t wrong;
    void (*say)(void *arg, const struct error *e);
    void *arg;
};

static void complain(struct reading *r, int line, const char *fix, const char *what)
{
    struct error e;
    err_clear(&e);
    err_set(&e, ERR_USAGE, "theme \"%s\" line %d: %s", r->source->name, line, what);
    err_code(&e, "E60");
    err_fix(&e, "%s", fix);
    r->wrong++;
    if (r->say != NULL)
        r->say(r->arg, &e);
}

/* ---- values */

static const char *const color_names[] = {"black", "red",     "green", "yellow",
                                          "blue",  "magenta", "cyan",  "white"};
static const struct {
    const char *word;
    uint8_t bit;
} attr_names[] = {{"normal", 0},
                  {"bold", LOOK_BOLD},
                  {"dim", LOOK_DIM},
                  {"underline", LOOK_UNDERLINE},
                  {"reverse", LOOK_REVERSE},
                  {"italic", LOOK_ITALIC}};

static bool parse_attr(const char *word, uint8_t *attrs)
{
    for (size_t i = 0; i < ARRAY_LEN(attr_names); i++) {
        if (strcmp(word, attr_names[i].word) == 0) {
            *attrs |= attr_names[i].bit;
            return true;
        }
    }
    return false;
}

static bool parse_hex(const char *word, int16_t *out)
{
    uint8_t rgb[3];
    if (strlen(word) != 7 || strspn(word + 1, "0123456789abcdefABCDEF") != 6)
        return false;
    unsigned long value = strtoul(word + 1, NULL, 16);
    rgb[0] = (uint8_t)(value >> 16);
    rgb[1] = (uint8_t)(value >> 8);
    rgb[2] = (uint8_t)value;
    /* people redefine the first sixteen, so they are no colour of anybody's choice */
    *out = (int16_t)theme_nearest_rgb(rgb, 16, 256);
    return true;
}

static bool parse_color(const char *word, int16_t *out)
{
    int64_t number;
    if (strcmp(word, "default") == 0 || strcmp(word, "none") == 0) {
        *out = COLOR_OF_TERMINAL;
        return true;
    }
    if (*word == '#')
        return parse_hex(word, out);
    if (text_to_int64(word, &number)) {
        *out = (int16_t)number;
        return number >= 0 && number <= 255;
    }
    bool bright = strncmp(word, "bright", 6) == 0;
    for (size_t i = 0; i < ARRAY_LEN(color_names); i++) {
        if (strcmp(word + (bright ? 6 : 0), color_names[i]) == 0) {
            *out = (int16_t)(i + (bright ? 8 : 0));
            return true;
        }
    }
    return false;
}

/* "fg, bg, attribute...": colours in this order, attributes anywhere. Returns the word that is
 * neither, or NULL. */
static const char *parse_look(char *value, struct ink *out)
{
    int colors = 0;
    *out = (struct ink){COLOR_OF_TERMINAL, COLOR_OF_TERMINAL, 0};
    for (char *word = value, *next; word != NULL; word = next) {
        next = strchr(word, ',');
        if (next != NULL)
            *next++ = '\0';
        word += strspn(word, " \t");
        size_t len = strlen(word);
        while (len > 0 && (word[len - 1] == ' ' || word[len - 1] == '\t'))
            word[--len] = '\0';
        int16_t color = COLOR_OF_TERMINAL;
        if (parse_attr(word, &out->attrs))
            continue;
        if (!parse_color(word, &color) || colors >= 2)
            return word;
        *(colors++ == 0 ? &out->fg : &out->bg) = color;
    }
    return NULL;
}

static bool parse_depth(const char *word, enum depth *out)
{
    static const char *const names[] = {"mono", "8", "16", "256"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(word, names[i]) == 0) {
            *out = (enum depth)i;
            return true;
        }
    }
    return false;
}

static bool is_theme_name(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    return n > 0 && n <= THEME_NAME_MAX && name[n] == '\0';
}

/* ---- lines */

static void unknown_token(struct reading *r, const char *name)
{
    char what[160], fix[120];
    const char *best = NULL;
    size_t least = 4;
    for (int t = 0; t < TOKEN_COUNT; t++) {
        size_t distance = text_distance(name, token_name((enum token)t));
        if (distance < least) {
            least = distance;
            best = token_name((enum token)t);
        }
    }
    snprintf(what, sizeof what, "\"%.60s\" is not a token", name);
    snprintf(fix, sizeof fix, "%s%s%sbuilt-in used", best != NULL ? "did you mean " : "",
             best != NULL ? best : "", best != NULL ? "? " : "");
    complain(r, r->line, fix, what);
}

static void set_option(struct reading *r, const char *name, const char *value)
{
    char what[160];
    if (strcmp(name, "depth") == 0 && parse_depth(value, &r->source->depth))
        return;
    if (strcmp(name, "template") == 0 && is_theme_name(value)) {
        copy_text(r->source->template, sizeof r->source->template, value);
        return;
    }
    snprintf(what, sizeof what, "%s cannot be \"%.60s\"", name, value);
    complain(r, r->line,
             *name == 'd' ? "256, 16, 8 or mono; 256 used" : "the name of a theme; dark used",
             what);
}

/* inih's call for each NAME = VALUE. */
static int take_value(void *arg, const char *section, const char *name, const char *value)
{
    struct reading *r = arg;
    enum depth depth = r->source->depth;
    enum token token = TOKEN_FG;
    char words[256], what[160];
    if (*section == '\0' && (strcmp(name, "depth") == 0 || strcmp(name, "template") == 0)) {
        set_option(r, name, value);
        return 1;
    }
    if (*section != '\0' && !parse_depth(section, &depth)) {
        snprintf(what, sizeof what, "[%.40s] is no section", section);
        complain(r, r->line, "[256], [16], [8] or [mono]; line left out", what);
        return 1;
    }
    if (!token_find(name, &token)) {
        unknown_token(r, name);
        return 1;
    }
    copy_text(words, sizeof words, value);
    struct ink look = {0};
    const char *bad = parse_look(words, &look);
    if (bad != NULL) {
        snprintf(what, sizeof what, "\"%.60s\" is neither a colour nor an attribute", bad);
        complain(r, r->line, "built-in used", what);
        return 1;
    }
    r->source->look[depth][token] = look;
    r->source->given[depth][token] = true;
    return 1;
}

/* inih's call for the next line. It would join an indented line to the one before and cut a long
 * one: both are taken care of here. */
static char *next_line(char *dst, int size, void *arg)
{
    struct reading *r = arg;
    if (r->at >= r->end)
        return NULL;
    const char *stop = memchr(r->at, '\n', (size_t)(r->end - r->at));
    size_t len = (size_t)((stop != NULL ? stop : r->end) - r->at);
    const char *text = r->at;
    r->at += len + (stop != NULL);
    r->line++;
    while (len > 0 && (*text == ' ' || *text == '\t')) {
        text++;
        len--;
    }
    while (len > 0 && (text[len - 1] == '\r' || text[len - 1] == ' '))
        len--;
    bool comment = len > 0 && (*text == '#' || *text == ';');
    if (!comment && (len > LINE_MOST || len + 2 > (size_t)size))
        complain(r, r->line, "at most 190 bytes; line left out", "the line is too long");
    else if (!comment && memchr(text, '\0', len) != NULL)
        complain(r, r->line, "line left out", "this is no text");
    else if (!comment && len > 0 && *text != '[' && memchr(text, '=', len) == NULL)
        complain(r, r->line, "NAME = VALUE; line left out", "there is no value");
    else if (!comment && len > 0 && *text == '[' && memchr(text, ']', len) == NULL)
        complain(r, r->line, "[256], [16], [8] or [mono]; line left out", "there is no ]");
    else if (!comment) {
        copy_bytes(dst, (size_t)size, text, len);
        return dst;
    }
    copy_text(dst, (size_t)size, "");
    return dst;
}

/* ---- files */

static void parse(struct reading *r, const char *text, size_t len)
{
    r->at = text;
    r->end = text + len;
    int bad = ini_parse_stream(next_line, r, take_value, r);
    if (bad > 0 && r->wrong == 0)
        complain(r, bad, "NAME = VALUE; line left out", "not understood");
}

/* Reads a regular file of a bounded size into out. */
static enum err read_file(const char *path, struct buf *out, struct error *e)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO would never open */
    if (fd < 0)
        return err_set(e, errno == ENOENT ? ERR_USAGE : ERR_FAILED, "%s: %s", path,
                       strerror(errno));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MOST) {
        close(fd);
        return err_set(e, ERR_FAILED, "%s is not a file of at most 64 KiB", path);
    }
    char piece[4096];
    ssize_t n;
    out->max = FILE_MOST;
    while ((n = read(fd, piece, sizeof piece)) > 0)
        buf_add(out, piece, (size_t)n);
    close(fd);
    return n < 0 ? err_set(e, ERR_FAILED, "%s cannot be read", path) : OK;
}

static bool theme_path(char *path, size_t size, const char *name, const char *dir)
{
    int n = dir != NULL ? snprintf(path, size, "%s/%s.theme", dir, name) : -1;
    return n > 0 && (size_t)n < size;
}

/* Fills the source; false when there is no such theme. */
static bool read_source(struct source *s, const char *name, const char *dir,
                        void (*say)(void *arg, const struct error *e), void *arg)
{
    char path[512];
    struct buf text = {0};
    struct error e;
    size_t len = 0;
    *s = (struct source){.depth = DEPTH_256};
    copy_text(s->name, sizeof s->name, name);
    struct reading r = {.source = s, .say = say, .arg = arg};
    if (!is_theme_name(name))
        return false;
    err_clear(&e);
    if (theme_path(path, sizeof path, name, dir)) {
        enum err err = read_file(path, &text, &e);
        if (err == OK)
            parse(&r, buf_text(&text), text.len);
        buf_release(&text);
        if (err == OK)
            return true;
        if (err != ERR_USAGE) {
            err_code(&e, "E60");
            err_fix(&e, "built-in used");
            say(arg, &e);
        }
    }
    snprintf(path, sizeof path, "themes/%s.theme", name);
    const char *built_in = embedded_file(path, &len);
    if (built_in != NULL)
        parse(&r, built_in, len);
    return built_in != NULL;
}

/* What the source says of a token: for this depth, else for more colours, mapped. */
static bool look_of(const struct source *s, enum token token, enum depth depth, struct ink *out)
{
    for (int d = (int)depth; d < DEPTH_COUNT; d++) {
        if (!s->given[d][token])
            continue;
        *out = s->look[d][token];
        out->fg = (int16_t)theme_nearest(out->fg, depth);
        out->bg = (int16_t)theme_nearest(out->bg, depth);
        return true;
    }
    return false;
}

/* The same without colours. A colour has no likeness in mono, so that only what is said of mono
 * counts, and what never had a colour. */
static bool mono_look_of(const struct source *s, enum token token, struct ink *out)
{
    const struct ink *full = &s->look[DEPTH_256][token];
    bool given = s->given[DEPTH_MONO][token];
    *out = (struct ink){COLOR_OF_TERMINAL, COLOR_OF_TERMINAL,
                        given ? s->look[DEPTH_MONO][token].attrs : full->attrs};
    return given || (s->given[DEPTH_256][token] && full->fg == COLOR_OF_TERMINAL &&
                     full->bg == COLOR_OF_TERMINAL && full->attrs != 0);
}

static void fill(struct theme *t, bool *done, const struct source *s)
{
    for (int i = 0; i < TOKEN_COUNT; i++) {
        struct ink look = {0};
        if (!done[i] && (t->depth == DEPTH_MONO ? mono_look_of(s, (enum token)i, &look)
                                                : look_of(s, (enum token)i, t->depth, &look))) {
            t->look[i] = look;
            done[i] = true;
        }
    }
}

struct first_error {
    struct error *e;
    enum err kind;
};

static void keep_first(void *arg, const struct error *e)
{
    struct first_error *first = arg;
    if (first->kind == OK) {
        first->kind = e->kind;
        if (first->e != NULL)
            *first->e = *e;
    }
}

static enum err no_theme(const char *name, const char *then, struct error *e)
{
    struct buf known = {0};
    const char *one;
    for (size_t i = 0; (one = theme_builtin(i)) != NULL; i++)
        buf_printf(&known, " %s", one);
    err_clear(e);
    err_set(e, ERR_USAGE, "there is no theme \"%.60s\"", name);
    err_code(e, "E60");
    err_fix(e, "built in:%s; %s", buf_text(&known), then);
    buf_release(&known);
    return e->kind;
}

static void say_unknown(struct first_error *first, const char *name)
{
    struct error e;
    no_theme(name, "dark used", &e);
    keep_first(first, &e);
}

enum err theme_load(struct theme *t, const char *name, const char *dir, enum depth depth,
                    struct error *e)
{
    struct first_error first = {.e = e};
    struct source *s = mem_alloc(sizeof *s);
    bool done[TOKEN_COUNT] = {false};
    char next[THEME_NAME_MAX + 1];
    *t = (struct theme){.depth = depth};
    for (int i = 0; i < TOKEN_COUNT; i++)
        t->look[i] = (struct ink){COLOR_OF_TERMINAL, COLOR_OF_TERMINAL, 0};
    copy_text(t->name, sizeof t->name, name);
    copy_text(next, sizeof next, name);
    if (!is_theme_name(name)) { /* may be cut now; must not name another */
        say_unknown(&first, name);
        copy_text(next, sizeof next, "dark");
    }
    for (int i = 0; i < TEMPLATES_MOST && *next != '\0'; i++) {
        if (!read_source(s, next, dir, keep_first, &first)) {
            say_unknown(&first, next);
            break;
        }
        fill(t, done, s);
        if (strcmp(s->template, next) == 0)
            dir = NULL; /* a changed "dark" builds on the built-in one */
        copy_text(next, sizeof next, s->template);
    }
    if (read_source(s, depth == DEPTH_MONO ? "mono" : "dark", NULL, keep_first, &first))
        fill(t, done, s);
    mem_free(s);
    return first.kind;
}

enum err theme_find(const char *name, const char *dir, const char *then, struct error *e)
{
    char path[512];
    size_t len;
    if (is_theme_name(name)) {
        if (theme_path(path, sizeof path, name, dir) && access(path, F_OK) == 0)
            return OK;
        snprintf(path, sizeof path, "themes/%s.theme", name);
        if (embedded_file(path, &len) != NULL)
            return OK;
    }
    return no_theme(name, then, e);
}

size_t theme_lint(const char *path, void (*say)(void *arg, const struct error *e), void *arg)
{
    struct source *s = mem_alloc(sizeof *s);
    struct buf text = {0};
    struct error e;
    const char *name = strrchr(path, '/');
    struct reading r = {.source = s, .say = say, .arg = arg};
    *s = (struct source){.depth = DEPTH_256};
    copy_text(s->name, sizeof s->name, name != NULL ? name + 1 : path);
    err_clear(&e);
    if (read_file(path, &text, &e) != OK) {
        err_code(&e, "E60");
        say(arg, &e);
        r.wrong = 1;
    } else {
        parse(&r, buf_text(&text), text.len);
    }
    buf_release(&text);
    mem_free(s);
    return r.wrong;
}

const char *theme_builtin(size_t i)
{
    static char name[THEME_NAME_MAX + 1];
    const char *file;
    for (size_t n = 0; (file = embedded_name(n)) != NULL; n++) {
        const char *dot = strrchr(file, '.');
        if (strncmp(file, "themes/", 7) != 0 || dot == NULL || i-- > 0)
            continue;
        copy_bytes(name, sizeof name, file + 7, (size_t)(dot - file - 7));
        return name;
    }
    return NULL;
}

/* ---- changes */

static bool look_at(struct theme_watch *w)
{
    w->there = *w->path != '\0' && stat(w->path, &w->seen) == 0;
    if (!w->there)
        w->seen = (struct stat){0};
    return w->there;
}

void theme_watch_begin(struct theme_watch *w, const char *name, const char *dir)
{
    *w = (struct theme_watch){0};
    if (!is_theme_name(name) || !theme_path(w->path, sizeof w->path, name, dir))
        *w->path = '\0';
    look_at(w);
}

bool theme_watch_changed(struct theme_watch *w)
{
    struct theme_watch before = *w;
    if (*w->path == '\0')
        return false;
    look_at(w);
    return before.there != w->there || before.seen.st_mtim.tv_sec != w->seen.st_mtim.tv_sec ||
           before.seen.st_mtim.tv_nsec != w->seen.st_mtim.tv_nsec ||
           before.seen.st_size != w->seen.st_size || before.seen.st_ino != w->seen.st_ino;
}
