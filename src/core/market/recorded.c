/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The recorded market: a directory of daily bars. Prices are put on the basis of the last bar
 * that was known at the time asked for: the factors after it are divided out, so that a split of
 * next year neither shows nor changes a price, and the last close is the one that was traded. */
#include "quorum/market.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "quorum/calendar.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { CACHE_SIZE = 32, LISTED_MAX = 12, SYMBOLS_MAX = 10000, STALE_AFTER = 5 };

static const char benchmark[] = "SPY";

/* What a file holds, in the order in which it is preferred when there is more than one. */
enum file_kind { FILE_PLAIN, FILE_RAW, FILE_ADJUSTED, FILE_FACTORS, FILE_KINDS };

/* The names of one symbol's files; "" where there is none. */
struct symbol_files {
    char name[FILE_KINDS][256];
};

/* When a file changes, its size, inode or time does. */
struct file_identity {
    dev_t dev;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

/* A symbol's file as it was read. */
struct series {
    char symbol[16];
    struct bars bars;
    struct factors factors;
    struct bars_report report;
    bool adjusted; /* by its name: jumps are real */
    struct file_identity bars_file, factors_file;
    uint64_t used;
};

struct market_recorded {
    struct market base;
    char *dir;
    struct series *cache[CACHE_SIZE];
    uint64_t uses;
};

static void series_free(struct series *s)
{
    if (!s)
        return;
    bars_release(&s->bars);
    factors_release(&s->factors);
    mem_free(s);
}

static void upper(char *s)
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
    upper(symbol);
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

/* The symbols with bars, sorted, each once; freed by the caller. */
static char (*list_symbols(const struct market_recorded *m, size_t *count))[16]
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

static enum err unknown_symbol(const struct market_recorded *m, const char *symbol, struct error *e)
{
    size_t n;
    char(*list)[16] = list_symbols(m, &n);
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

/* The place of a symbol in the cache, or the one to give up for it. */
static struct series **cache_place(struct market_recorded *m, const char *symbol)
{
    struct series **oldest = &m->cache[0];
    for (size_t i = 0; i < CACHE_SIZE; i++) {
        struct series **s = &m->cache[i];
        if (*s && strcmp((*s)->symbol, symbol) == 0)
            return s;
        if (*oldest && (!*s || (*s)->used < (*oldest)->used))
            oldest = s;
    }
    return oldest;
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

/* The bars of a symbol, borrowed until the next call. NULL and no error: there are none. */
static enum err load_series(struct market_recorded *m, const char *symbol, struct series **out,
                            struct error *e)
{
    *out = NULL;
    struct symbol_files files = find_files(m, symbol);
    bool adjusted, has_factors;
    const char *bars_name = choose_bars(&files, &adjusted, &has_factors);
    if (!*bars_name)
        return OK;
    const char *factors_name = has_factors ? files.name[FILE_FACTORS] : "";
    struct file_identity bars_file = identify(m, bars_name);
    struct file_identity factors_file = identify(m, factors_name);
    struct series **place = cache_place(m, symbol);
    struct series *s = *place;
    if (s && strcmp(s->symbol, symbol) == 0 && is_same_file(&s->bars_file, &bars_file) &&
        is_same_file(&s->factors_file, &factors_file)) {
        s->used = ++m->uses;
        *out = s;
        return OK;
    }
    series_free(s);
    *place = NULL;
    s = mem_alloc(sizeof *s);
    enum err rc = read_series(m, bars_name, factors_name, s, e);
    if (rc != OK) {
        series_free(s);
        return rc;
    }
    copy_text(s->symbol, sizeof s->symbol, symbol);
    s->adjusted = adjusted;
    s->bars_file = bars_file;
    s->factors_file = factors_file;
    s->used = ++m->uses;
    *out = *place = s;
    return OK;
}

static struct provenance absent(int64_t fetched_at, const char *reason)
{
    struct provenance p = {.state = DATUM_ABSENT,
                           .source = "recorded",
                           .as_of = TIME_NONE,
                           .published_at = TIME_NONE,
                           .fetched_at = fetched_at};
    copy_text(p.reason, sizeof p.reason, reason);
    return p;
}

static struct provenance broken(const struct market_recorded *m, int64_t fetched_at,
                                const struct error *e)
{
    size_t dir = strlen(m->dir);
    bool inside = strncmp(e->text, m->dir, dir) == 0 && e->text[dir] == '/';
    struct provenance p = absent(fetched_at, inside ? e->text + dir + 1 : e->text);
    p.state = DATUM_ERROR;
    return p;
}

/* Divides the factors by those in force on `day`, so that its prices stay as they were traded. */
static struct factors rebase(const struct factors *f, int32_t day)
{
    struct factors out = {0};
    if (f->n == 0)
        return out;
    out.factor = mem_array(f->n + 1, sizeof *out.factor);
    out.n = out.cap = f->n + 1;
    memcpy(out.factor, f->factor, f->n * sizeof *out.factor);
    /* Behind the last row prices count as they are. */
    out.factor[f->n] = (struct factor){.last_day = INT32_MAX, .price_factor = 1, .split_factor = 1};
    struct factor base = {.price_factor = 1, .split_factor = 1};
    for (size_t i = 0; i < out.n; i++) {
        if (out.factor[i].last_day >= day) {
            base = out.factor[i];
            break;
        }
    }
    for (size_t i = 0; i < out.n; i++) {
        out.factor[i].price_factor /= base.price_factor;
        out.factor[i].split_factor /= base.split_factor;
    }
    return out;
}

/* Sessions without a bar in the first n. */
static int missing_sessions(const struct series *s, size_t n)
{
    int missing = 0;
    if (s->report.missing_sessions == 0 || s->report.first_missing > s->bars.bar[n - 1].day)
        return 0;
    for (size_t i = 1; i < n; i++)
        missing += calendar_between(s->bars.bar[i - 1].day, s->bars.bar[i].day - 1);
    return missing;
}

/* What a reader of the bars ought to know: "warning: ..." or nothing. */
static void warn_of_flaws(const struct series *s, size_t n, char *dst, size_t size)
{
    char day[11], jump[11];
    int missing = missing_sessions(s, n);
    bool jumps = !s->adjusted && s->factors.n == 0 && s->report.split_like_jumps > 0 &&
                 s->report.first_jump <= s->bars.bar[n - 1].day;
    if (jumps)
        day_print(jump, s->report.first_jump);
    if (missing)
        day_print(day, s->report.first_missing);
    if (missing && jumps)
        snprintf(dst, size,
                 "warning: %d sessions missing, first %s; jump on %s fits a split: adjust, or "
                 "add %s_factors.csv",
                 missing, day, jump, s->symbol);
    else if (missing)
        snprintf(dst, size, "warning: %d session%s missing, the first %s", missing,
                 missing == 1 ? " is" : "s are", day);
    else if (jumps)
        snprintf(dst, size,
                 "warning: the jump on %s fits a split; adjust the file or add %s_factors.csv",
                 jump, s->symbol);
}

/* Copies what was known at as_of and says how good it is. */
static struct provenance take_bars(const struct series *s, int64_t as_of, struct bars *out)
{
    char text[128], first[11];
    int32_t closed = calendar_last_closed(as_of);
    size_t n = bars_until(&s->bars, closed);
    if (n == 0) {
        snprintf(text, sizeof text, "the first recorded bar is of %s",
                 day_print(first, s->bars.bar[0].day));
        return absent(as_of, text);
    }
    for (size_t i = 0; i < n; i++)
        bars_add(out, &s->bars.bar[i]);
    int32_t last = out->bar[n - 1].day;
    struct factors f = rebase(&s->factors, last);
    bars_adjust(out, &f);
    factors_release(&f);

    struct provenance p = {.state = DATUM_PRESENT, .source = "recorded", .fetched_at = as_of};
    p.as_of = p.published_at = calendar_close(last);
    int behind = calendar_between(last, closed);
    if (behind > STALE_AFTER) {
        p.state = DATUM_STALE;
        snprintf(p.reason, sizeof p.reason, "the last recorded bar is of %s, %d sessions back",
                 day_print(first, last), behind);
    } else {
        warn_of_flaws(s, n, p.reason, sizeof p.reason);
    }
    return p;
}

static void fill_quote(const struct market_data *m, struct quote *q)
{
    q->from = m->bars_from;
    if (m->bars.n == 0)
        return;
    const struct bar *last = &m->bars.bar[m->bars.n - 1];
    q->price = last->close;
    q->open = last->open;
    q->high = last->high;
    q->low = last->low;
    q->volume = last->volume;
    if (m->bars.n > 1)
        q->previous_close = last[-1].close;
}

static void fill_benchmark(struct market_recorded *m, struct market_data *out)
{
    struct error e = {0};
    struct series *s;
    copy_text(out->benchmark, sizeof out->benchmark, benchmark);
    if (load_series(m, benchmark, &s, &e) != OK)
        out->benchmark_from = broken(m, out->as_of, &e);
    else if (!s)
        out->benchmark_from = absent(out->as_of, "the directory has no SPY.csv to compare with");
    else
        out->benchmark_from = take_bars(s, out->as_of, &out->benchmark_bars);
}

static void recorded_gather(struct market *base, const char *symbol, int64_t as_of,
                            struct market_data *out, void (*done)(void *arg, const struct error *e),
                            void *arg)
{
    struct market_recorded *m = (struct market_recorded *)base;
    struct error e = {0};
    struct series *s = NULL;
    char name[16] = "";
    enum err rc = OK;
    if (copy_text(name, sizeof name, symbol)) {
        upper(name);
        if (text_is_symbol(name))
            rc = load_series(m, name, &s, &e);
    }
    if (rc == OK && !s) {
        unknown_symbol(m, symbol, &e);
        done(arg, &e);
        return;
    }
    copy_text(out->symbol, sizeof out->symbol, name);
    out->as_of = as_of;
    out->bars_from = rc == OK ? take_bars(s, as_of, &out->bars) : broken(m, as_of, &e);
    fill_quote(out, &out->quote);
    fill_benchmark(m, out);
    out->profile.from = out->fundamentals.from = out->news.from =
        absent(as_of, "a recorded market has bars only");
    done(arg, NULL);
}

static void recorded_symbols(struct market *base, struct buf *b)
{
    size_t n;
    char(*list)[16] = list_symbols((struct market_recorded *)base, &n);
    for (size_t i = 0; i < n; i++)
        buf_printf(b, "%s%s", i ? " " : "", list[i]);
    mem_free(list);
}

/* A broken benchmark would silently take beta away. */
static enum err recorded_check(struct market *base, const char *symbol, struct error *e)
{
    struct market_recorded *m = (struct market_recorded *)base;
    struct series *s;
    if (load_series(m, symbol, &s, e) == OK && load_series(m, benchmark, &s, e) == OK)
        return OK;
    if (e)
        e->kind = ERR_USAGE;
    return ERR_USAGE;
}

static int32_t last_bar(struct market_recorded *m, const char *symbol, int32_t closed)
{
    struct series *s;
    if (load_series(m, symbol, &s, NULL) != OK || !s)
        return DAY_NONE;
    size_t n = bars_until(&s->bars, closed);
    return n ? s->bars.bar[n - 1].day : DAY_NONE;
}

/* The benchmark knows every session; without it all files are asked. */
static int32_t recorded_last_session(struct market *base, int64_t now)
{
    struct market_recorded *m = (struct market_recorded *)base;
    int32_t closed = calendar_last_closed(now);
    int32_t day = last_bar(m, benchmark, closed);
    if (day != DAY_NONE)
        return day;
    size_t n;
    char(*list)[16] = list_symbols(m, &n);
    for (size_t i = 0; i < n; i++) {
        int32_t other = last_bar(m, list[i], closed);
        if (other > day)
            day = other;
    }
    mem_free(list);
    return day;
}

static void recorded_free(struct market *base)
{
    struct market_recorded *m = (struct market_recorded *)base;
    for (size_t i = 0; i < CACHE_SIZE; i++)
        series_free(m->cache[i]);
    mem_free(m->dir);
    mem_free(m);
}

static const struct market_ops recorded_ops = {
    .name = "recorded",
    .free = recorded_free,
    .gather = recorded_gather,
    .symbols = recorded_symbols,
    .check = recorded_check,
    .last_session = recorded_last_session,
};

enum err market_recorded_new(const char *dir, struct market **out, struct error *e)
{
    *out = NULL;
    DIR *d = opendir(dir);
    if (!d) {
        int why = errno;
        err_set(e, ERR_FAILED, "cannot read the directory %.300s: %s", dir, strerror(why));
        return err_fix(e, "give a directory with one CSV of daily bars per symbol");
    }
    closedir(d);
    struct market_recorded *m = mem_alloc(sizeof *m);
    m->base.ops = &recorded_ops;
    m->dir = mem_text(dir);
    size_t len = strlen(m->dir);
    while (len > 1 && m->dir[len - 1] == '/')
        m->dir[--len] = '\0';
    size_t n;
    mem_free(list_symbols(m, &n));
    if (n == 0) {
        recorded_free(&m->base);
        err_set(e, ERR_FAILED, "%.300s has no bar files", dir);
        return err_fix(e, "name them SYMBOL.csv (date,open,high,low,close,volume), or "
                          "SYMBOL_raw.csv with SYMBOL_factors.csv, or SYMBOL_adj.csv");
    }
    *out = &m->base;
    return OK;
}
