/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The files of a recorded market: which are a symbol's, and what was read of them. A series is read
 * again when one of its files, or the choice among them, has changed. */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "core/market/recorded_private.h"
#include "quorum/buf.h"
#include "quorum/text.h"

enum { CACHE_SIZE = 32, LISTED_MAX = 12, SYMBOLS_MAX = 10000 };

/* What a file holds, in the order in which it is preferred when there is more than one. */
enum file_kind { FILE_PLAIN, FILE_RAW, FILE_ADJUSTED, FILE_FACTORS, FILE_KINDS };

/* The names of one symbol's files; "" where there is none. */
struct symbol_files {
    char name[FILE_KINDS][256];
};

static void series_free(struct series *s)
{
    if (!s)
        return;
    bars_release(&s->bars);
    factors_release(&s->factors);
    mem_free(s);
}

void recorded_upper(char *s)
{
    for (; *s; s++)
        *s = (char)toupper((unsigned char)*s);
}

/* "spy_adj_1998_2021.csv" -> SPY, FILE_ADJUSTED. False for anything that is no bar file. */
static bool classify_file(const char *name, char symbol[16], enum file_kind *kind)
{
    size_t len = strlen(name);
    if (len < 5 || len > 255 || strcasecmp(name + len - 4, ".csv") != 0)
        return false;
    len -= 4;
    size_t head = strcspn(name, "_");
    if (head >= len) {
        head = len;
        *kind = FILE_PLAIN;
    } else if (strncasecmp(name + head, "_adj", 4) == 0) {
        *kind = FILE_ADJUSTED;
    } else if (strncasecmp(name + head, "_raw", 4) == 0) {
        *kind = FILE_RAW;
    } else if (len - head == 8 && strncasecmp(name + head, "_factors", 8) == 0) {
        *kind = FILE_FACTORS;
    } else {
        return false;
    }
    if (head >= 16)
        return false;
    copy_bytes(symbol, 16, name, head);
    recorded_upper(symbol);
    return text_is_symbol(symbol);
}

/* The files of a symbol. Of several of one kind the last in byte order counts (the latest years,
 * if the name ends with them). */
static struct symbol_files find_files(const struct market_recorded *m, const char *symbol)
{
    struct symbol_files files = {0};
    DIR *d = opendir(m->dir);
    if (!d)
        return files;
    for (struct dirent *entry; (entry = readdir(d));) {
        char found[16];
        enum file_kind kind;
        if (!classify_file(entry->d_name, found, &kind) || strcmp(found, symbol) != 0)
            continue;
        if (strcmp(entry->d_name, files.name[kind]) > 0)
            copy_text(files.name[kind], sizeof files.name[kind], entry->d_name);
    }
    closedir(d);
    return files;
}

/* Raw bars with factors come before adjusted ones: they know the prices that were traded. */
static const char *choose_bars(const struct symbol_files *f, bool *adjusted, bool *has_factors)
{
    bool factors = f->name[FILE_FACTORS][0] != '\0';
    *adjusted = false;
    *has_factors = factors;
    if (f->name[FILE_PLAIN][0])
        return f->name[FILE_PLAIN];
    if (f->name[FILE_RAW][0] && factors)
        return f->name[FILE_RAW];
    *has_factors = false;
    if (f->name[FILE_ADJUSTED][0]) {
        *adjusted = true;
        return f->name[FILE_ADJUSTED];
    }
    return f->name[FILE_RAW]; /* "" when there is nothing */
}

static int compare_symbols(const void *a, const void *b)
{
    return strcmp(a, b);
}

char (*recorded_list(const struct market_recorded *m, size_t *count))[16]
{
    char(*list)[16] = NULL;
    size_t n = 0, cap = 0;
    DIR *d = opendir(m->dir);
    for (struct dirent *entry; d && n < SYMBOLS_MAX && (entry = readdir(d));) {
        char symbol[16];
        enum file_kind kind;
        if (!classify_file(entry->d_name, symbol, &kind) || kind == FILE_FACTORS)
            continue;
        if (n == cap) {
            cap = cap ? cap * 2 : 64;
            list = mem_grow(list, cap, sizeof *list);
        }
        copy_text(list[n++], sizeof *list, symbol);
    }
    if (d)
        closedir(d);
    if (n > 1)
        qsort(list, n, sizeof *list, compare_symbols);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || strcmp(list[kept - 1], list[i]) != 0)
            memmove(list[kept++], list[i], sizeof *list);
    }
    *count = kept;
    return list;
}

enum err recorded_unknown(const struct market_recorded *m, const char *symbol, struct error *e)
{
    size_t n;
    char(*list)[16] = recorded_list(m, &n);
    char shown[24], known[LISTED_MAX * 17 + 32] = "";
    sanitize_line(shown, sizeof shown, untrusted(symbol));
    size_t used = 0;
    for (size_t i = 0; i < n && i < LISTED_MAX; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, " %s", list[i]);
    if (n > LISTED_MAX)
        snprintf(known + used, sizeof known - used, " and %zu more", n - LISTED_MAX);
    mem_free(list);
    if (n == 0)
        err_set(e, ERR_USAGE, "\"%s\" is not a known symbol: %.200s has no bar files", shown,
                m->dir);
    else
        err_set(e, ERR_USAGE, "\"%s\" is not a known symbol: %.200s has%s", shown, m->dir, known);
    err_code(e, "E20");
    err_fix(e, "use one of these, or add %s.csv (date,open,high,low,close,volume)",
            text_is_symbol(shown) ? shown : "SYMBOL");
    return ERR_USAGE;
}

static char *path_of(const struct market_recorded *m, const char *name)
{
    struct buf b = {0};
    buf_printf(&b, "%s/%s", m->dir, name);
    return b.data;
}

static struct file_identity identify(const struct market_recorded *m, const char *name)
{
    struct file_identity id = {0};
    struct stat st;
    char *path = path_of(m, name);
    if (*name && stat(path, &st) == 0)
        id = (struct file_identity){
            .dev = st.st_dev, .inode = st.st_ino, .size = st.st_size, .changed = st.st_mtim};
    mem_free(path);
    return id;
}

static bool is_same_file(const struct file_identity *a, const struct file_identity *b)
{
    return a->dev == b->dev && a->inode == b->inode && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static struct series *cache_find(const struct market_recorded *m, const char *symbol)
{
    for (size_t i = 0; i < m->cached; i++)
        if (strcmp(m->cache[i]->symbol, symbol) == 0)
            return m->cache[i];
    return NULL;
}

/* Out of the cache, and away unless somebody still reads it. */
static void cache_drop(struct market_recorded *m, struct series *s)
{
    for (size_t i = 0; i < m->cached; i++) {
        if (m->cache[i] != s)
            continue;
        m->cache[i] = m->cache[--m->cached];
        if (!s->lent) {
            series_free(s);
            return;
        }
        s->next = m->replaced;
        m->replaced = s;
        return;
    }
}

/* Lent series take no place. */
static void cache_put(struct market_recorded *m, struct series *s)
{
    struct series *oldest = NULL;
    size_t counted = 0;
    for (size_t i = 0; i < m->cached; i++) {
        struct series *other = m->cache[i];
        counted += !other->lent;
        if (!other->lent && (!oldest || other->used < oldest->used))
            oldest = other;
    }
    if (counted >= CACHE_SIZE)
        cache_drop(m, oldest);
    if (m->cached == m->cap) {
        m->cap = m->cap ? m->cap * 2 : CACHE_SIZE;
        m->cache = mem_grow(m->cache, m->cap, sizeof(struct series *));
    }
    m->cache[m->cached++] = s;
}

/* A directory that changes shows it in its time, but two changes within a tick of the clock share
 * one: what was listed so soon after a change is listed again. */
static struct file_identity identify_dir(const struct market_recorded *m)
{
    struct file_identity id = {0};
    struct stat st;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (stat(m->dir, &st) == 0 && now.tv_sec - st.st_mtim.tv_sec > 1)
        id = (struct file_identity){
            .dev = st.st_dev, .inode = st.st_ino, .size = st.st_size, .changed = st.st_mtim};
    return id;
}

static bool is_current(const struct market_recorded *m, struct series *s)
{
    struct file_identity dir = identify_dir(m), bars_file, factors_file;
    bool adjusted, has_factors;
    if (dir.inode == 0 || !is_same_file(&dir, &s->dir)) {
        struct symbol_files files = find_files(m, s->symbol);
        const char *name = choose_bars(&files, &adjusted, &has_factors);
        if (strcmp(name, s->bars_name) != 0 ||
            strcmp(has_factors ? files.name[FILE_FACTORS] : "", s->factors_name) != 0)
            return false;
        s->dir = dir;
    }
    bars_file = identify(m, s->bars_name);
    factors_file = identify(m, s->factors_name);
    return is_same_file(&s->bars_file, &bars_file) && is_same_file(&s->factors_file, &factors_file);
}

/* Reads the files; a message names the file without the directory, which its reader knows. */
static enum err read_series(const struct market_recorded *m, const char *bars_name,
                            const char *factors_name, struct series *s, struct error *e)
{
    char *path = path_of(m, bars_name);
    enum err rc = bars_read_csv(path, &s->bars, &s->report, e);
    mem_free(path);
    if (rc != OK || !*factors_name)
        return rc;
    path = path_of(m, factors_name);
    rc = factors_read_csv(path, &s->factors, e);
    mem_free(path);
    return rc;
}

enum err recorded_load(struct market_recorded *m, const char *symbol, struct series **out,
                       struct error *e)
{
    struct series *s = cache_find(m, symbol);
    *out = NULL;
    if (s && is_current(m, s)) {
        s->used = ++m->uses;
        *out = s;
        return OK;
    }
    if (s)
        cache_drop(m, s);
    struct file_identity dir = identify_dir(m);
    struct symbol_files files = find_files(m, symbol);
    bool adjusted, has_factors;
    const char *bars_name = choose_bars(&files, &adjusted, &has_factors);
    if (!*bars_name)
        return OK;
    s = mem_alloc(sizeof *s);
    copy_text(s->symbol, sizeof s->symbol, symbol);
    copy_text(s->bars_name, sizeof s->bars_name, bars_name);
    copy_text(s->factors_name, sizeof s->factors_name, has_factors ? files.name[FILE_FACTORS] : "");
    s->adjusted = adjusted;
    s->dir = dir;
    s->bars_file = identify(m, s->bars_name);
    s->factors_file = identify(m, s->factors_name);
    s->used = ++m->uses;
    enum err rc = read_series(m, s->bars_name, s->factors_name, s, e);
    if (rc != OK) {
        series_free(s);
        return rc;
    }
    cache_put(m, s);
    *out = s;
    return OK;
}

void recorded_release(struct market_recorded *m)
{
    for (size_t i = 0; i < m->cached; i++)
        series_free(m->cache[i]);
    while (m->replaced) {
        struct series *next = m->replaced->next;
        series_free(m->replaced);
        m->replaced = next;
    }
    mem_free(m->cache);
    mem_free(m->dir);
    mem_free(m);
}
