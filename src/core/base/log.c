/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quorum/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "quorum/buf.h"
#include "quorum/mem.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

#ifndef LOG_FILE_MAX /* a test makes it small */
#define LOG_FILE_MAX (8 << 20)
#endif

enum { SECRETS_MAX = 16, SECRET_SHORTEST = 6, SECRET_LONGEST = 512, KEEP_FILES = 5 };

/* One log per process: the only mutable file-scope state of base, because an out-of-memory hook
 * and every library write to it. */
static struct {
    int fd;
    bool open, to_stderr;
    enum log_level level;
    char path[512], desk[16];
    char *secret[SECRETS_MAX];
    size_t nsecrets;
} logger;

static const char *const level_name[] = {
    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"};

/* Secrets are registered before there is a log: they stay. */
static void close_file(void)
{
    if (logger.open)
        close(logger.fd);
    logger.open = false;
}

enum err log_open(const char *path, enum log_level level, struct error *e)
{
    close_file();
    if (!copy_text(logger.path, sizeof logger.path, path))
        return err_set(e, ERR_USAGE, "the log path is too long: %s", path);
    logger.fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (logger.fd < 0)
        return err_set(e, ERR_FAILED, "cannot open the log %s: %s", path, strerror(errno));
    logger.open = true;
    logger.level = level;
    return OK;
}

void log_close(void)
{
    close_file();
    for (size_t i = 0; i < logger.nsecrets; i++) {
        explicit_bzero(logger.secret[i], strlen(logger.secret[i]));
        mem_free(logger.secret[i]);
    }
    logger.nsecrets = 0;
}

void log_desk(const char *name)
{
    copy_text(logger.desk, sizeof logger.desk, name);
}

void log_to_stderr(bool on)
{
    logger.to_stderr = on;
}

void log_redact(const char *secret)
{
    size_t at = 0, n = secret ? strlen(secret) : 0;
    if (n < SECRET_SHORTEST || logger.nsecrets == SECRETS_MAX)
        return;
    for (size_t i = 0; i < logger.nsecrets; i++)
        if (strcmp(logger.secret[i], secret) == 0)
            return;
    /* The longest first: one may be the beginning of another. */
    while (at < logger.nsecrets && strlen(logger.secret[at]) >= n)
        at++;
    memmove(&logger.secret[at + 1], &logger.secret[at],
            (logger.nsecrets - at) * sizeof logger.secret[0]);
    logger.secret[at] = mem_text(secret);
    logger.nsecrets++;
}

void redact_text(char *text)
{
    static const char mark[] = "[redacted]";
    for (size_t i = 0; i < logger.nsecrets; i++) {
        size_t n = strlen(logger.secret[i]);
        for (char *p = text; (p = strstr(p, logger.secret[i]));) {
            size_t show = n < sizeof mark - 1 ? n : sizeof mark - 1;
            memcpy(p, mark, show);
            memmove(p + show, p + n, strlen(p + n) + 1);
            p += show;
        }
    }
}

/* Under a lock on the file: quorum.log -> .1 -> ... -> .4. Whoever finds that the path is no
 * longer the file it holds has been overtaken and just reopens. */
static void rotate(void)
{
    struct stat mine, named;
    if (flock(logger.fd, LOCK_EX) < 0)
        return;
    bool current = fstat(logger.fd, &mine) == 0 && stat(logger.path, &named) == 0 &&
                   mine.st_ino == named.st_ino && mine.st_dev == named.st_dev;
    if (current && mine.st_size >= LOG_FILE_MAX) {
        char from[sizeof logger.path + 12], to[sizeof logger.path + 12];
        for (int i = KEEP_FILES - 1; i >= 1; i--) {
            snprintf(to, sizeof to, "%s.%d", logger.path, i);
            if (i > 1)
                snprintf(from, sizeof from, "%s.%d", logger.path, i - 1);
            else
                snprintf(from, sizeof from, "%s", logger.path);
            if (rename(from, to) < 0 && errno != ENOENT)
                break;
        }
        current = false;
    }
    if (!current) {
        int fd = open(logger.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (fd >= 0) {
            close(logger.fd); /* releases the lock */
            logger.fd = fd;
            return;
        }
    }
    flock(logger.fd, LOCK_UN);
}

void log_write(enum log_level level, const char *area, const char *fmt, ...)
{
    if ((!logger.open && !logger.to_stderr) || level < logger.level)
        return;
    struct buf line = {.max = 256 << 10};
    va_list args;
    va_start(args, fmt);
    char text[8192], when[33];
    bool cut = vsnprintf(text, sizeof text, fmt, args) >= (int)sizeof text;
    va_end(args);
    redact_text(text);
    if (cut && strlen(text) > SECRET_LONGEST) /* the first half of a secret may stand at the end */
        text[strlen(text) - SECRET_LONGEST] = '\0';
    time_print_iso(when, time_machine_now());
    buf_printf(&line, "%s %-5s %s%s%s ", when, level_name[level], logger.desk,
               *logger.desk ? "/" : "", area);
    sanitize(&line, untrusted(text), TEXT_LINE, 0);
    redact_text(line.data); /* cleaning may have joined what an escape sequence had parted */
    line.len = strlen(line.data);
    buf_char(&line, '\n');
    if (logger.open) {
        struct stat st;
        if (fstat(logger.fd, &st) == 0 && (st.st_size >= LOG_FILE_MAX || st.st_nlink == 0))
            rotate();
        /* A full disk must not stop the desk: the record is lost, the next may fit. */
        ssize_t ignored = write(logger.fd, line.data, line.len);
        (void)ignored;
    }
    if (logger.to_stderr)
        fwrite(line.data, 1, line.len, stderr);
    buf_release(&line);
}
