/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "csv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "quorum/mem.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum err csv_fail(const struct csv *c, struct error *e, const char *fmt, ...)
{
    char what[320];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return err_set(e, ERR_FAILED, "%s line %ld: %s", c->path, c->line_no, what);
}

static enum err open_file(struct csv *c, const char *path, struct error *e)
{
    /* O_NONBLOCK: a FIFO without a writer must not hang the desk; it is refused below. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        int why = errno;
        err_set(e, ERR_FAILED, "cannot open %s: %s", c->path, strerror(why));
        return err_fix(e, why == ENOENT ? "check the name; the file must exist"
                                        : "make the file readable for this user");
    }
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        err_set(e, ERR_FAILED, "%s is not a regular file", c->path);
        return err_fix(e, "give the path of a CSV file");
    }
    if (st.st_size > CSV_FILE_MAX) {
        close(fd);
        err_set(e, ERR_FAILED, "%s has %lld MB, the limit is %lld MB", c->path,
                (long long)(st.st_size >> 20), (long long)(CSV_FILE_MAX >> 20));
        return err_fix(e, "split it into one file per symbol with daily bars");
    }
    c->file = fdopen(fd, "r");
    if (!c->file) {
        close(fd);
        return err_set(e, ERR_FAILED, "cannot read %s", c->path);
    }
    return OK;
}

/* Reads one line without its end into c->line. *more is false at the end of the file. */
static enum err read_line(struct csv *c, bool *more, struct error *e)
{
    size_t len = 0;
    int ch;
    c->line_no++;
    while ((ch = getc(c->file)) != EOF && ch != '\n') {
        c->bytes++;
        if (ch == '\0') {
            csv_fail(c, e, "holds a NUL byte: this is not a text file");
            return err_fix(e, "save the table as UTF-8 CSV (not UTF-16, not a spreadsheet)");
        }
        if (len + 1 >= sizeof c->line) {
            csv_fail(c, e, "is longer than %d characters", CSV_LINE_MAX - 1);
            return err_fix(e, "one bar per line, lines ended by a newline");
        }
        c->line[len++] = (char)ch;
    }
    if (ch == EOF && ferror(c->file))
        return err_set(e, ERR_FAILED, "cannot read %s: %s", c->path, strerror(errno));
    /* A file may grow while it is read: the limit holds for what was read, too. */
    if (++c->bytes > CSV_FILE_MAX) {
        csv_fail(c, e, "the file is larger than %lld MB", (long long)(CSV_FILE_MAX >> 20));
        return err_fix(e, "split it into one file per symbol with daily bars");
    }
    *more = ch != EOF || len > 0;
    if (len > 0 && c->line[len - 1] == '\r')
        len--;
    c->line[len] = '\0';
    if (c->line_no == 1 && strncmp(c->line, "\xEF\xBB\xBF", 3) == 0)
        memmove(c->line, c->line + 3, len - 2);
    return OK;
}

static char *trim(char *s)
{
    while (*s == ' ' || *s == '\t')
        s++;
    size_t n = strlen(s);
    while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
        s[--n] = '\0';
    return s;
}

/* Takes a quoted field that begins at *p (on the quote), unquotes it in place and leaves *p after
 * the closing quote and blanks. False when the quote is not closed or text follows it. */
static bool take_quoted(char **p, char **field)
{
    char *out = *p, *in = *p + 1;
    *field = out;
    for (;; in++) {
        if (*in == '\0')
            return false;
        if (*in == '"') {
            if (in[1] != '"')
                break;
            in++;
        }
        *out++ = *in;
    }
    in++;
    while (*in == ' ' || *in == '\t')
        in++;
    if (*in != '\0' && *in != ',')
        return false;
    *p = in;
    /* out is at least one behind in, so the comma is not overwritten. */
    *out = '\0';
    return true;
}

static enum err split_line(struct csv *c, struct error *e)
{
    char *p = c->line;
    c->n = 0;
    for (;;) {
        if (c->n == CSV_FIELDS_MAX) {
            csv_fail(c, e, "has more than %d columns", CSV_FIELDS_MAX);
            return err_fix(e, "keep the columns date, open, high, low, close, volume");
        }
        while (*p == ' ' || *p == '\t')
            p++;
        char *field = p, *end;
        if (*p == '"') {
            if (!take_quoted(&p, &field)) {
                csv_fail(c, e, "column %zu: a quote is not closed", c->n + 1);
                return err_fix(e, "close the quote on the same line, or remove it");
            }
            end = p;
        } else {
            end = p + strcspn(p, ",");
        }
        bool last = *end == '\0';
        *end = '\0';
        c->field[c->n++] = trim(field);
        if (last)
            return OK;
        p = end + 1;
    }
}

enum err csv_row(struct csv *c, bool *more, struct error *e)
{
    do {
        enum err rc = read_line(c, more, e);
        if (rc != OK || !*more)
            return rc;
    } while (*trim(c->line) == '\0');
    enum err rc = split_line(c, e);
    if (rc != OK)
        return rc;
    if (c->header_n && c->n < c->header_n) {
        csv_fail(c, e, "has %zu columns, the header has %zu", c->n, c->header_n);
        return err_fix(e, "complete the line or remove it; the file may be cut off here");
    }
    if (c->header_n && c->n > c->header_n) {
        csv_fail(c, e, "has %zu columns, the header has %zu", c->n, c->header_n);
        return err_fix(e, "remove the surplus cells; a value that holds a comma needs quotes");
    }
    return OK;
}

static enum err read_header(struct csv *c, const char *header_example, struct error *e)
{
    bool more = false;
    enum err rc = csv_row(c, &more, e);
    if (rc != OK)
        return rc;
    if (!more) {
        err_set(e, ERR_FAILED, "%s is empty", c->path);
        return err_fix(e, "the first line must be: %s", header_example);
    }
    c->header_n = c->n;
    return OK;
}

enum err csv_open(struct csv *c, const char *path, const char *header_example, struct error *e)
{
    memset(c, 0, sizeof *c);
    struct buf shown = {0};
    sanitize(&shown, untrusted(path), TEXT_LINE, 160);
    c->path = mem_text(buf_text(&shown));
    buf_release(&shown);
    enum err rc = open_file(c, path, e);
    return rc == OK ? read_header(c, header_example, e) : rc;
}

enum err csv_open_memory(struct csv *c, const char *name, const char *data, size_t len,
                         const char *header_example, struct error *e)
{
    memset(c, 0, sizeof *c);
    c->path = mem_text(name);
    c->file = fmemopen((void *)(uintptr_t)data, len, "r");
    if (!c->file)
        return err_set(e, ERR_FAILED, "cannot read %s: %s", name, strerror(errno));
    return read_header(c, header_example, e);
}

void csv_close(struct csv *c)
{
    if (c->file)
        fclose(c->file);
    mem_free(c->path);
    c->file = NULL;
    c->path = NULL;
}

enum err csv_column(struct csv *c, const char *name, const char *header_example, size_t *out,
                    struct error *e)
{
    size_t found = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (strcasecmp(c->field[i], name) != 0)
            continue;
        *out = i;
        found++;
    }
    if (found == 1)
        return OK;
    if (found > 1) {
        csv_fail(c, e, "the header has the column \"%s\" %zu times", name, found);
        return err_fix(e, "remove or rename all but one");
    }
    int32_t day;
    if (c->n > 0 && csv_day(c->field[0], &day)) {
        csv_fail(c, e, "the header is missing, this is a row of data");
        return err_fix(e, "put this line first: %s", header_example);
    }
    if (c->n == 1 && strpbrk(c->field[0], ";\t|")) {
        csv_fail(c, e, "columns are not separated by commas");
        return err_fix(e, "export with commas and decimal points: %s", header_example);
    }
    csv_fail(c, e, "the header has no column \"%s\"", name);
    return err_fix(e, "name the columns: %s (any order, more are ignored)", header_example);
}

bool csv_day(const char *s, int32_t *out)
{
    if (strlen(s) != 8 || strspn(s, "0123456789") != 8)
        return day_parse(s, out);
    char iso[11];
    snprintf(iso, sizeof iso, "%.4s-%.2s-%.2s", s, s + 4, s + 6);
    return day_parse(iso, out);
}

bool csv_decimal(const char *s, int digits, int64_t *out, int *decimals)
{
    int64_t value = 0;
    size_t whole = strspn(s, "0123456789");
    if (whole == 0 || whole > 15)
        return false;
    for (size_t i = 0; i < whole; i++)
        value = value * 10 + (s[i] - '0');
    const char *fraction = s[whole] == '.' ? s + whole + 1 : "";
    size_t places = strspn(fraction, "0123456789");
    if (s[whole] == '.' ? places == 0 || fraction[places] != '\0' : s[whole] != '\0')
        return false;
    for (int i = 0; i < digits; i++) {
        int digit = (size_t)i < places ? fraction[i] - '0' : 0;
        if (value > (INT64_MAX - 10) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (places > (size_t)digits && fraction[digits] >= '5')
        value++;
    *out = value;
    if (decimals)
        *decimals = (int)places;
    return true;
}

bool csv_factor(const char *s, double *out)
{
    return s[0] >= '0' && s[0] <= '9' && text_to_double(s, out);
}
