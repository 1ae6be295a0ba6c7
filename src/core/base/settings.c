/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/settings.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "quorum/log.h"
#include "quorum/mem.h"
#include "quorum/money.h"
#include "quorum/text.h"

enum { ENV_FILE_MAX = 64 << 10, NOTES_MAX = 8 };

struct settings {
    struct {
        char *value; /* NULL: the default */
        enum setting_origin origin;
        const char *path; /* file it was read from, "" otherwise */
    } item[SETTING_COUNT];
    char home[512], config[512], dotenv_path[512], user_path[600];
    char *note[NOTES_MAX];
    size_t nnotes;
};

/* Names of variables and directories may hold anything; notes go to terminals. */
static void note(struct settings *s, struct buf *owned_text)
{
    struct buf clean = {0};
    sanitize(&clean, untrusted(buf_text(owned_text)), TEXT_LINE, 0);
    if (s->nnotes < NOTES_MAX)
        s->note[s->nnotes++] = mem_text(buf_text(&clean));
    buf_release(&clean);
    buf_release(owned_text);
}

const char *settings_note(const struct settings *s, size_t i)
{
    return i < s->nnotes ? s->note[i] : NULL;
}

static bool is_word_list(const char *value)
{
    return value[strspn(value, " ")] != '\0';
}

/* libpq also takes "host=... dbname=..."; what it means is libpq's to judge. */
static bool is_url(const struct setting *row, const char *value)
{
    if (row->secret)
        return strstr(value, "://") || strchr(value, '=');
    return strncmp(value, "https://", 8) == 0 || strncmp(value, "http://", 7) == 0;
}

static bool has_control_character(const char *value)
{
    for (; *value; value++)
        if ((unsigned char)*value < 0x20 || *value == 0x7f)
            return true;
    return false;
}

static enum err bad_choice(const struct setting *row, const char *value, const char *where,
                           struct error *e)
{
    struct buf b = {0};
    for (const char *const *c = row->choice; *c; c++)
        buf_printf(&b, "%s%s", c == row->choice ? "" : c[1] ? ", " : " or ", *c);
    err_set(e, ERR_USAGE, "%s=%.60s from %s is not %s", row->name, value, where, buf_text(&b));
    buf_release(&b);
    return err_fix(e, "%s: %s", row->name, row->help);
}

static bool is_choice(const struct setting *row, const char *value)
{
    for (const char *const *c = row->choice; c && *c; c++)
        if (strcmp(*c, value) == 0)
            return true;
    return row->choice == NULL;
}

enum err setting_check(enum setting_id id, const char *value, const char *where, struct error *e)
{
    const struct setting *row = setting_row(id);
    const char *shown = row->secret ? "(hidden)" : value;
    int64_t n;
    if (has_control_character(value)) {
        err_set(e, ERR_USAGE, "%s from %s holds a control character", row->name, where);
        return err_fix(e, "write it on one line, without a line break at its end");
    }
    switch (row->type) {
    case SET_TEXT:
    case SET_PATH:
        if (*value && !is_choice(row, value))
            return bad_choice(row, value, where, e);
        if (*value)
            return OK;
        err_set(e, ERR_USAGE, "%s from %s is empty", row->name, where);
        break;
    case SET_WORDS:
        if (is_word_list(value))
            return OK;
        err_set(e, ERR_USAGE, "%s from %s is empty", row->name, where);
        break;
    case SET_URL:
        if (is_url(row, value))
            return OK;
        err_set(e, ERR_USAGE, "%s from %s is not a URL", row->name, where);
        break;
    case SET_BOOL:
        if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
            return OK;
        err_set(e, ERR_USAGE, "%s=%.60s from %s is neither true nor false", row->name, shown,
                where);
        break;
    case SET_INT:
        if (text_to_int64(value, &n) && (double)n >= row->min && (double)n <= row->max)
            return OK;
        err_set(e, ERR_USAGE, "%s=%.60s from %s is not a whole number from %.0f to %.0f", row->name,
                shown, where, row->min, row->max);
        break;
    case SET_DECIMAL:
        if (decimal_parse(value, row->decimals, &n)) {
            double x = decimal_to_double(n, row->decimals);
            if (x >= row->min && x <= row->max)
                return OK;
        }
        err_set(e, ERR_USAGE, "%s=%.60s from %s is not a number from %.10g to %.10g", row->name,
                shown, where, row->min, row->max);
        break;
    }
    return err_fix(e, "%s: %s", row->name, row->help);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'                 ? c - '0'
           : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                : -1;
}

/* As it stands in the URL, and as the server is sent it. */
static void redact_encoded(const char *start, size_t len)
{
    char secret[256], plain[256];
    size_t n = 0;
    if (!copy_bytes(secret, sizeof secret, start, len))
        return;
    for (const char *p = secret; *p; p++) {
        int high = *p == '%' ? hex_digit(p[1]) : -1, low = high >= 0 ? hex_digit(p[2]) : -1;
        plain[n++] = low >= 0 ? (char)(high * 16 + low) : *p;
        p += low >= 0 ? 2 : 0;
    }
    plain[n] = '\0';
    log_redact(secret);
    log_redact(plain);
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(plain, sizeof plain);
}

/* The password inside a database URL or keyword string must not reach a log either. It stands
 * before the first @ of a URL's authority, or behind "password=" in either form. */
static void redact_password(const char *url)
{
    const char *scheme = strstr(url, "://"), *key = strstr(url, "password=");
    if (scheme) {
        const char *user = scheme + 3, *at = user + strcspn(user, "@/");
        const char *colon = memchr(user, ':', (size_t)(at - user));
        if (*at == '@' && colon)
            redact_encoded(colon + 1, (size_t)(at - colon - 1));
    }
    if (key) {
        key += strlen("password=");
        bool quoted = *key == '\'';
        key += quoted;
        redact_encoded(key, strcspn(key, quoted ? "'" : scheme ? "&#" : " "));
    }
}

static enum err put(struct settings *s, enum setting_id id, const char *value,
                    enum setting_origin origin, const char *path, struct error *e)
{
    const struct setting *row = setting_row(id);
    const char *where = *path ? path : setting_origin_text(origin);
    if (setting_check(id, value, where, e))
        return e->kind;
    if (row->secret && row->type == SET_URL)
        redact_password(value);
    else if (row->secret)
        log_redact(value);
    mem_free(s->item[id].value);
    s->item[id].value = mem_text(value);
    s->item[id].origin = origin;
    s->item[id].path = path;
    return OK;
}

enum err settings_put(struct settings *s, enum setting_id id, const char *value,
                      enum setting_origin origin, struct error *e)
{
    return put(s, id, value, origin, "", e);
}

/* One line of an env file: [export] NAME=value, value bare, 'quoted' or "quoted"; a # after a blank
 * begins a comment. *name stays NULL for a blank line or comment. Cuts the line in place. */
static enum err split_line(char *line, const char *path, int number, char **name, char **value,
                           struct error *e)
{
    *name = NULL;
    line += strspn(line, " \t\r");
    if (!*line || *line == '#')
        return OK;
    if (strncmp(line, "export ", 7) == 0)
        line += 7 + strspn(line + 7, " ");
    size_t n = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
    if (n == 0 || line[n] != '=') {
        err_set(e, ERR_USAGE, "%s line %d is not NAME=value", path, number);
        return err_fix(e, "put a # in front of it or write NAME=value");
    }
    char *v = line + n + 1 + strspn(line + n + 1, " \t");
    line[n] = '\0';
    if (*v == '"' || *v == '\'') {
        char *close = strchr(v + 1, *v);
        if (!close) {
            err_set(e, ERR_USAGE, "%s line %d: the quote of %s is not closed", path, number, line);
            return err_fix(e, "close it on the same line");
        }
        *close = '\0';
        v++;
        char *rest = close + 1 + strspn(close + 1, " \t\r");
        if (*rest && *rest != '#') {
            err_set(e, ERR_USAGE, "%s line %d: %s goes on after its quote", path, number, line);
            return err_fix(e, "quote the whole value");
        }
    } else {
        char *comment = *v == '#' && v > line + n + 1 ? v : strstr(v, " #");
        if (comment)
            *comment = '\0';
        size_t end = strlen(v);
        while (end > 0 && isspace((unsigned char)v[end - 1]))
            v[--end] = '\0';
    }
    *name = line;
    *value = v;
    return OK;
}

static enum err read_file(const char *path, char **out, struct stat *st, struct error *e)
{
    *out = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR
                   ? OK
                   : err_set(e, ERR_USAGE, "cannot read %s: %s", path, strerror(errno));
    char *text = NULL;
    enum err result = OK;
    if (fstat(fd, st) < 0 || !S_ISREG(st->st_mode)) {
        result = err_set(e, ERR_USAGE, "%s is not a regular file", path);
    } else if (st->st_size > ENV_FILE_MAX) {
        result = err_set(e, ERR_USAGE, "%s is larger than 64 kB", path);
    } else {
        text = mem_alloc(ENV_FILE_MAX + 1);
        size_t len = 0;
        ssize_t n;
        while (len < ENV_FILE_MAX && (n = read(fd, text + len, ENV_FILE_MAX - len)) > 0)
            len += (size_t)n;
        if (strlen(text) != len) {
            result = err_set(e, ERR_USAGE, "%s holds a NUL byte: it is not a settings file", path);
            mem_free(text);
            text = NULL;
        }
    }
    close(fd);
    *out = text;
    return result;
}

/* Which key makes an endpoint of the same file trustworthy (decisions.md 5): a .env that moves an
 * endpoint must not catch a key that came from somewhere else. */
static bool endpoint_key(enum setting_id id, enum setting_id *key)
{
    if (id == SETTING_ANTHROPIC_BASE_URL)
        *key = SETTING_ANTHROPIC_API_KEY;
    else if (id == SETTING_FMP_BASE_URL)
        *key = SETTING_FMP_API_KEY;
    else
        return false;
    return true;
}

static void warn_unknown(struct settings *s, const char *name, const char *where)
{
    if (strncmp(name, "QUORUM_", 7) != 0 && strncmp(name, "MULTI_AGENT_", 12) != 0 &&
        strncmp(name, "SELF_LEARNING_", 14) != 0)
        return;
    static const char *const of_tests[] = {"QUORUM_BIN", "QUORUM_BUILD", "QUORUM_REFERENCE_DATA"};
    if (strncmp(name, "QUORUM_TEST_", 12) == 0)
        return;
    for (size_t i = 0; i < ARRAY_LEN(of_tests); i++)
        if (strcmp(name, of_tests[i]) == 0)
            return;
    const char *best = NULL;
    size_t distance = 6;
    for (int i = 0; i < SETTING_COUNT; i++) {
        size_t d = text_distance(name, setting_row((enum setting_id)i)->name);
        if (d < distance) {
            distance = d;
            best = setting_row((enum setting_id)i)->name;
        }
    }
    struct buf b = {0};
    buf_printf(&b, "%s from %s is not a setting and has no effect%s%s", name, where,
               best ? "; did you mean " : "", best ? best : "");
    note(s, &b);
}

/* A file in whatever directory one happens to be in may name programs to run and servers to send
 * keys to: only its owner's word counts, root's, or under sudo that of the user who became root. */
static bool is_own(const struct stat *st)
{
    int64_t sudo_uid = -1;
    const char *sudo = getenv("SUDO_UID");
    if (geteuid() == 0 && sudo)
        text_to_int64(sudo, &sudo_uid);
    return st->st_uid == geteuid() || st->st_uid == 0 || (int64_t)st->st_uid == sudo_uid;
}

static enum err apply_file(struct settings *s, const char *path, enum setting_origin origin,
                           struct error *e)
{
    char *text, *name = NULL, *value = NULL;
    struct stat st;
    if (read_file(path, &text, &st, e))
        return e->kind;
    if (!text)
        return OK;
    enum err result = OK;
    bool open_to_others = (st.st_mode & 077) != 0;
    int number = 0;
    bool trusted = is_own(&st) && !(st.st_mode & 022);
    if (!trusted) {
        struct buf b = {0};
        buf_printf(&b, "%s ignored: %s", path,
                   is_own(&st) ? "others may write it (chmod 600)" : "it is not yours");
        note(s, &b);
    }
    if (!is_own(&st)) {
        mem_free(text);
        return OK;
    }
    for (char *line = text, *next; line && !result; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        result = split_line(line, path, ++number, &name, &value, e);
        enum setting_id id;
        if (result || !name)
            continue;
        if (!setting_find(name, &id)) {
            warn_unknown(s, name, path);
            continue;
        }
        if (setting_row(id)->secret && *value && open_to_others) {
            result = err_set(e, ERR_USAGE, "%s holds %s and can be read by others (mode %03o)",
                             path, name, (unsigned)(st.st_mode & 0777));
            err_fix(e, "chmod 600 %s", path);
            continue;
        }
        if (trusted && *value && s->item[id].origin <= origin)
            result = put(s, id, value, origin, path, e);
    }
    explicit_bzero(text, ENV_FILE_MAX);
    mem_free(text);
    return result;
}

static enum err apply_environment(struct settings *s, struct error *e)
{
    for (int i = 0; i < SETTING_COUNT; i++) {
        enum setting_id id = (enum setting_id)i;
        const char *value = getenv(setting_row(id)->name);
        if (!value)
            continue;
        enum err result = *value ? put(s, id, value, FROM_ENVIRONMENT, "", e) : OK;
        /* Children (psql, the server) must not inherit keys. */
        if (setting_row(id)->secret)
            unsetenv(setting_row(id)->name);
        if (result)
            return result;
    }
    extern char **environ;
    for (char **p = environ; *p; p++) {
        char name[64];
        size_t n = strcspn(*p, "=");
        enum setting_id id;
        if (copy_bytes(name, sizeof name, *p, n) && !setting_find(name, &id))
            warn_unknown(s, name, "the environment");
    }
    return OK;
}

/* Before the user's file is read: what stands there takes the place of what is dropped. */
static void drop_stray_endpoints(struct settings *s)
{
    for (int i = 0; i < SETTING_COUNT; i++) {
        enum setting_id id = (enum setting_id)i, key;
        if (!s->item[id].value || s->item[id].origin != FROM_DOTENV || !endpoint_key(id, &key))
            continue;
        if (s->item[key].value && s->item[key].origin == FROM_DOTENV)
            continue;
        struct buf b = {0};
        buf_printf(&b, "%s from %s ignored: %s does not come from the same file",
                   setting_row(id)->name, s->item[id].path, setting_row(key)->name);
        note(s, &b);
        mem_free(s->item[id].value);
        s->item[id].value = NULL;
        s->item[id].origin = FROM_DEFAULT;
        s->item[id].path = "";
    }
}

/* $variable/quorum, else the user's home directory/fallback/quorum. */
static void xdg_path(char *dst, size_t size, const char *variable, const char *fallback)
{
    const char *base = getenv(variable), *home = getenv("HOME");
    if (!home || home[0] != '/') {
        struct passwd *pw = getpwuid(geteuid());
        home = pw ? pw->pw_dir : "/nonexistent";
    }
    if (base && base[0] == '/')
        snprintf(dst, size, "%s/quorum", base);
    else
        snprintf(dst, size, "%s/%s/quorum", strcmp(home, "/") == 0 ? "" : home, fallback);
}

static enum err find_home(struct settings *s, struct error *e)
{
    const char *given = settings_text(s, SETTING_HOME);
    if (!given && geteuid() == 0)
        copy_text(s->home, sizeof s->home, "/var/lib/quorum");
    else if (!given)
        xdg_path(s->home, sizeof s->home, "XDG_STATE_HOME", ".local/state");
    else if (given[0] != '/' || !copy_text(s->home, sizeof s->home, given)) {
        const char *path = settings_origin_path(s, SETTING_HOME);
        err_set(e, ERR_USAGE,
                "QUORUM_HOME=%.60s from %s is not an absolute path of at most %zu bytes", given,
                *path ? path : setting_origin_text(settings_origin(s, SETTING_HOME)),
                sizeof s->home - 1);
        return err_fix(e, "write it from / on");
    }
    return OK;
}

enum err settings_load(struct settings **out, struct error *e)
{
    struct settings *s = mem_alloc(sizeof *s);
    *out = s;
    for (int i = 0; i < SETTING_COUNT; i++)
        s->item[i].path = "";
    char cwd[400];
    xdg_path(s->config, sizeof s->config, "XDG_CONFIG_HOME", ".config");
    snprintf(s->user_path, sizeof s->user_path, "%s/env", s->config);
    snprintf(s->dotenv_path, sizeof s->dotenv_path, "%s/.env", getcwd(cwd, sizeof cwd) ? cwd : ".");
    if (apply_environment(s, e) || apply_file(s, s->dotenv_path, FROM_DOTENV, e))
        return e->kind;
    drop_stray_endpoints(s);
    if (apply_file(s, s->user_path, FROM_USER_FILE, e))
        return e->kind;
    return find_home(s, e);
}

void settings_free(struct settings *s)
{
    if (!s)
        return;
    for (int i = 0; i < SETTING_COUNT; i++) {
        if (s->item[i].value)
            explicit_bzero(s->item[i].value, strlen(s->item[i].value));
        mem_free(s->item[i].value);
    }
    for (size_t i = 0; i < s->nnotes; i++)
        mem_free(s->note[i]);
    mem_free(s);
}

const char *settings_text(const struct settings *s, enum setting_id id)
{
    return s->item[id].value ? s->item[id].value : setting_row(id)->fallback;
}

bool settings_bool(const struct settings *s, enum setting_id id)
{
    return strcmp(settings_text(s, id), "true") == 0;
}

int64_t settings_int(const struct settings *s, enum setting_id id)
{
    int64_t n = 0;
    text_to_int64(settings_text(s, id), &n);
    return n;
}

int64_t settings_decimal(const struct settings *s, enum setting_id id, int digits)
{
    int64_t n = 0;
    decimal_parse(settings_text(s, id), digits, &n);
    return n;
}

enum setting_origin settings_origin(const struct settings *s, enum setting_id id)
{
    return s->item[id].origin;
}

const char *settings_origin_path(const struct settings *s, enum setting_id id)
{
    return s->item[id].path;
}

const char *settings_home(const struct settings *s)
{
    return s->home;
}

const char *settings_config_dir(const struct settings *s)
{
    return s->config;
}
