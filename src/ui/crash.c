/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/crash.h"

#include <dirent.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "quorum/command.h"
#include "quorum/mem.h"
#include "quorum/text.h"
#include "quorum/timeutil.h"

enum { COMMANDS = 50, COMMAND_BYTES = 40, FRAMES = 40, OLD_NOTES = 20 };

/* A signal handler has no arguments of ours, hence file-scope state. */
static struct {
    bool on;
    char dir[600];
    char command[COMMANDS][COMMAND_BYTES];
    size_t n;
} crash;

static const char told_file[] = "crash.told"; /* the name of the newest note that was told of */

void crash_begin(const char *dir)
{
    void *frame[1];
    crash.on = copy_text(crash.dir, sizeof crash.dir, dir);
    crash.n = 0;
    backtrace(frame, 1); /* loads what it needs now: a handler could not */
}

void crash_end(void)
{
    crash.on = false;
}

static bool is_object(const char *word)
{
    size_t digits = strspn(word + (*word == '#'), "0123456789,#");
    return word[digits + (*word == '#')] == '\0' || text_is_symbol(word);
}

void crash_command(const char *line)
{
    char word[2][24] = {"", ""};
    line += strspn(line, " \t:");
    for (int i = 0; i < 2; i++) {
        size_t n = strcspn(line, " \t");
        if (!copy_bytes(word[i], sizeof word[i], line, n))
            word[i][0] = '\0';
        line += n + strspn(line + n, " \t");
    }
    if (!command_find(word[0])) /* who knows what was pasted there */
        word[0][0] = word[1][0] = '\0';
    snprintf(crash.command[crash.n++ % COMMANDS], COMMAND_BYTES, "%s%s%s", *word[0] ? word[0] : "?",
             *word[1] && is_object(word[1]) ? " " : "", is_object(word[1]) ? word[1] : "");
}

/* ---- inside of a signal handler: nothing but write(2) and arithmetic */

static void put(int fd, const char *text)
{
    for (size_t n = strlen(text); n > 0;) {
        ssize_t done = write(fd, text, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return;
        text += done;
        n -= (size_t)done;
    }
}

static char *digits(char *at, int64_t n, int width)
{
    for (int i = width - 1; i >= 0; i--, n /= 10)
        at[i] = (char)('0' + n % 10);
    return at + width;
}

/* "crash-20261122-224512-12345.txt" behind the directory, in UTC. */
static void name_note(char path[700])
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    struct civil day = day_to_civil((int32_t)(now.tv_sec / 86400));
    int64_t second = now.tv_sec % 86400, pid = getpid();
    size_t n = strlen(crash.dir);
    memcpy(path, crash.dir, n);
    memcpy(path + n, "/crash-", 7);
    char *at = path + n + 7;
    at = digits(digits(digits(at, day.year, 4), day.month, 2), day.day, 2);
    *at++ = '-';
    at = digits(digits(digits(at, second / 3600, 2), second / 60 % 60, 2), second % 60, 2);
    *at++ = '-';
    int width = 1;
    for (int64_t rest = pid; rest > 9; rest /= 10)
        width++;
    at = digits(at, pid, width);
    memcpy(at, ".txt", 5);
}

void crash_note(int signal)
{
    static char path[700];
    char number[8] = "";
    void *frame[FRAMES];
    if (!crash.on)
        return;
    crash.on = false; /* a fault in here is not told of */
    name_note(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return;
    *digits(number, signal, signal > 9 ? 2 : 1) = '\0';
    put(fd, "the console died of signal ");
    put(fd, number);
    put(fd, " (quorum " QUORUM_VERSION
            ")\n\nCommands, the newest last (reasons and texts are left out):\n");
    for (size_t i = crash.n > COMMANDS ? crash.n - COMMANDS : 0; i < crash.n; i++) {
        put(fd, "  ");
        put(fd, crash.command[i % COMMANDS]);
        put(fd, "\n");
    }
    put(fd, "\nWhere it was:\n");
    backtrace_symbols_fd(frame, backtrace(frame, FRAMES), fd);
    close(fd);
    put(STDERR_FILENO, "quorum: a crash note is in ");
    put(STDERR_FILENO, path);
    put(STDERR_FILENO, "\n");
}

/* ---- the next start */

static bool is_note(const char *name)
{
    size_t n = strlen(name);
    return n > 10 && n < 64 && strncmp(name, "crash-", 6) == 0 &&
           strcmp(name + n - 4, ".txt") == 0 && strspn(name + 6, "0123456789-") == n - 10;
}

static void first_line_of(const char *dir, const char *name, char *line, size_t size)
{
    char path[700], text[200] = "";
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "re");
    if (f && !fgets(text, sizeof text, f))
        text[0] = '\0';
    if (f)
        fclose(f);
    text[strcspn(text, "(\n")] = '\0';
    sanitize_line(line, size, untrusted(text));
    for (size_t len = strlen(line); len > 0 && line[len - 1] == ' ';)
        line[--len] = '\0';
}

static void remember(const char *dir, const char *name)
{
    char path[700];
    snprintf(path, sizeof path, "%s/%s", dir, told_file);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return;
    put(fd, name);
    close(fd);
}

/* Names sort as their times do. */
bool crash_last(const char *dir, char *line, size_t size)
{
    struct dirent *entry;
    char newest[64] = "", told[64] = "", path[700], what[160];
    int n = 0;
    DIR *d = opendir(dir);
    while (d && (entry = readdir(d))) {
        if (!is_note(entry->d_name))
            continue;
        n++;
        if (strcmp(entry->d_name, newest) > 0)
            copy_text(newest, sizeof newest, entry->d_name);
    }
    if (d)
        closedir(d);
    snprintf(path, sizeof path, "%s/%s", dir, told_file);
    FILE *f = fopen(path, "re");
    if (f && !fgets(told, sizeof told, f))
        told[0] = '\0';
    if (f)
        fclose(f);
    if (!*newest || strcmp(newest, told) <= 0)
        return false;
    first_line_of(dir, newest, what, sizeof what);
    snprintf(line, size, "%s: %s in %s%s", *what ? what : "the console died", newest, dir,
             n > OLD_NOTES ? " (many are there: remove old ones)" : "");
    remember(dir, newest);
    return true;
}
