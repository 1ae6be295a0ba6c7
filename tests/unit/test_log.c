/* SPDX-License-Identifier: GPL-3.0-or-later */
/* log.c is compiled into this test with small files, so that rotation is soon reached. */
#define LOG_FILE_MAX 4096
#include "core/base/log.c" // NOLINT(bugprone-suspicious-include)

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cmocka.h>

enum { FILES = 8 };

struct place {
    char dir[256], log[300];
};

static int setup(void **state)
{
    const char *tmp = getenv("TMPDIR");
    struct place *p = mem_alloc(sizeof *p);
    snprintf(p->dir, sizeof p->dir, "%s/quorum-log-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(p->dir))
        return -1;
    snprintf(p->log, sizeof p->log, "%s/quorum.log", p->dir);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;
    char path[320];
    log_close();
    unlink(p->log);
    for (int i = 1; i < FILES; i++) {
        snprintf(path, sizeof path, "%s.%d", p->log, i);
        unlink(path);
    }
    int rc = rmdir(p->dir);
    mem_free(p);
    return rc;
}

/* The whole file; "" when it is not there. */
static struct buf text_of(const char *path)
{
    struct buf b = {0};
    char chunk[4096];
    size_t n;
    FILE *f = fopen(path, "r");
    while (f && (n = fread(chunk, 1, sizeof chunk, f)) > 0)
        buf_add(&b, chunk, n);
    if (f)
        fclose(f);
    return b;
}

static void expect_last(const struct place *p, const char *ending)
{
    struct buf b = text_of(p->log);
    size_t n = strlen(ending);
    if (b.len < n + 1 || memcmp(b.data + b.len - 1 - n, ending, n) != 0)
        fail_msg("the log ends in \"%s\", not in \"%s\"", buf_text(&b), ending);
    buf_release(&b);
}

static void open_log(const struct place *p, enum log_level level)
{
    struct error e = {0};
    if (log_open(p->log, level, &e))
        fail_msg("%s", e.text);
}

static void a_record_has_time_level_and_area_and_only_the_user_reads_it(void **state)
{
    struct place *p = *state;
    struct stat st;
    log_write(LOG_ERROR, "desk", "before there is a log");
    open_log(p, LOG_INFO);
    log_write(LOG_DEBUG, "desk", "too fine");
    log_write(LOG_WARN, "desk", "%d of %s", 2, "three");
    struct buf b = text_of(p->log);
    int y, mo, d, h, mi, s, us, end = 0;
    // NOLINTNEXTLINE(cert-err34-c): every number has a fixed width
    assert_int_equal(sscanf(b.data, "%4d-%2d-%2dT%2d:%2d:%2d.%6dZ warn  desk 2 of three\n%n", &y,
                            &mo, &d, &h, &mi, &s, &us, &end),
                     7);
    assert_int_equal(end, b.len);
    assert_int_equal(stat(p->log, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    buf_release(&b);
}

static void a_secret_known_before_the_log_was_opened_stays_out_of_it(void **state)
{
    struct place *p = *state;
    log_redact("sk-ant-0123456789");
    open_log(p, LOG_INFO);
    log_write(LOG_INFO, "net", "header x-api-key: sk-ant-0123456789, again sk-ant-0123456789.");
    expect_last(p, "header x-api-key: [redacted], again [redacted].");
    log_write(LOG_INFO, "net",
              "sk-ant-\033[0m0123456789 sk-ant-\xe2\x80\x8b"
              "0123456789");
    expect_last(p, "net [redacted] [redacted]");
    char text[] = "curl: sk-ant-0123456789 refused";
    redact_text(text);
    assert_string_equal(text, "curl: [redacted] refused");
    log_close();
    char later[] = "sk-ant-0123456789";
    redact_text(later); /* forgotten, and wiped */
    assert_string_equal(later, "sk-ant-0123456789");
}

static void the_longer_of_two_like_secrets_leaves_no_tail(void **state)
{
    struct place *p = *state;
    log_redact("hunter2hunter");
    log_redact("hunter2hunter3-the-long-one");
    log_redact("hunter2hunter");
    log_redact("short"); /* under six bytes it would eat ordinary words */
    log_redact(NULL);
    log_redact("sixsix");
    open_log(p, LOG_INFO);
    log_write(LOG_INFO, "a", "hunter2hunter3-the-long-one hunter2hunter short sixsix.");
    struct buf b = text_of(p->log);
    assert_null(strstr(b.data, "hunter"));
    assert_null(strstr(b.data, "long-one"));
    assert_null(strstr(b.data, "sixsix"));
    assert_non_null(strstr(b.data, "short"));
    buf_release(&b);
}

static void half_a_secret_at_the_end_of_a_long_record_is_cut_off(void **state)
{
    struct place *p = *state;
    char text[9000];
    log_redact("SECRET-SECRET-SECRET-SECRET");
    for (size_t lead = 8192 - 40; lead < 8192 + 2; lead++) {
        open_log(p, LOG_INFO);
        memset(text, 'x', lead);
        snprintf(text + lead, sizeof text - lead, "SECRET-SECRET-SECRET-SECRET and more");
        log_write(LOG_INFO, "net", "%s", text);
        log_write(LOG_INFO, "net", "SECRET-SECRET-SECRET-SECRET%s", text);
        struct buf b = text_of(p->log);
        assert_null(strstr(b.data, "SEC"));
        buf_release(&b);
        unlink(p->log);
    }
}

static void hostile_text_makes_one_clean_line(void **state)
{
    static const char hostile[] =
        "news\n2026-01-01T00:00:00.000000Z info  desk forged\r\033]0;title\007\033[2Jx"
        "\xe2\x80\xae"
        "olleh\xff\xc3\x9b"
        "31m\xc2\x9b"
        "31m\tend";
    struct place *p = *state;
    open_log(p, LOG_INFO);
    log_write(LOG_INFO, "news", "%s", hostile);
    struct buf b = text_of(p->log);
    assert_ptr_equal(strchr(b.data, '\n'), b.data + b.len - 1);
    b.data[b.len - 1] = '\0';
    for (const char *c = b.data; *c; c++)
        assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
    assert_null(strstr(b.data, "\xe2\x80\xae"));
    assert_null(strstr(b.data, "\xc2\x9b"));
    assert_true(text_is_utf8(b.data, b.len - 1));
    buf_release(&b);
}

/* Child `who` writes records who:0 to who:(n-1). */
static void write_many(const struct place *p, int who, int n)
{
    open_log(p, LOG_INFO);
    for (int i = 0; i < n; i++)
        log_write(LOG_INFO, "many", "%d:%d %060d", who, i, i);
    log_close();
}

static void write_in_processes(const struct place *p, int processes, int n)
{
    pid_t pid[8];
    for (int i = 0; i < processes; i++) {
        pid[i] = fork();
        assert_true(pid[i] >= 0);
        if (pid[i] == 0) {
            write_many(p, i, n);
            _exit(0);
        }
    }
    for (int i = 0; i < processes; i++) {
        int status;
        assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

/* Reads all files, oldest first; fails on a torn line. Returns the records, counted in seen. */
static int read_all(const struct place *p, int seen[8][400], int *files)
{
    int records = 0;
    *files = 0;
    for (int i = FILES - 1; i >= 0; i--) {
        char path[320];
        snprintf(path, sizeof path, i ? "%s.%d" : "%s", p->log, i);
        struct buf b = text_of(path);
        *files += b.len > 0;
        for (char *line = b.data, *next; b.len && *line; line = next) {
            int who, n, pad, end = 0;
            next = strchr(line, '\n');
            assert_non_null(next);
            *next++ = '\0';
            // NOLINTNEXTLINE(cert-err34-c): written by this test
            if (sscanf(line, "%*27s info  many %d:%d %60d%n", &who, &n, &pad, &end) != 3 ||
                line[end] || pad != n || strlen(line) < 100)
                fail_msg("torn: %s", line);
            seen[who][n]++;
            records++;
        }
        buf_release(&b);
    }
    return records;
}

static void processes_that_rotate_at_once_lose_no_record(void **state)
{
    static int seen[8][400];
    struct place *p = *state;
    int files;
    memset(seen, 0, sizeof seen);
    write_in_processes(p, 4, 40); /* 17 kB: they fit into five files of 4 kB */
    assert_int_equal(read_all(p, seen, &files), 160);
    for (int w = 0; w < 4; w++)
        for (int i = 0; i < 40; i++)
            assert_int_equal(seen[w][i], 1);
    assert_in_range(files, 4, 5);
}

static void the_log_keeps_five_files_and_the_newest_records(void **state)
{
    static int seen[8][400];
    struct place *p = *state;
    struct stat st;
    int files;
    memset(seen, 0, sizeof seen);
    write_in_processes(p, 4, 400);
    read_all(p, seen, &files);
    assert_int_equal(files, 5);
    for (int w = 0; w < 4; w++)
        for (int i = 0; i < 400; i++)
            assert_in_range(seen[w][i], 0, 1);
    int last = 0;
    for (int w = 0; w < 4; w++)
        last += seen[w][399];
    assert_true(last >= 1);
    assert_int_equal(stat(p->log, &st), 0);
    assert_in_range(st.st_size, 1, 2 * LOG_FILE_MAX);
}

static void a_log_that_was_removed_is_made_again(void **state)
{
    struct place *p = *state;
    open_log(p, LOG_INFO);
    log_write(LOG_INFO, "a", "one");
    unlink(p->log);
    log_write(LOG_INFO, "a", "two");
    expect_last(p, "a two");
}

static void a_log_that_cannot_be_written_is_an_error_and_a_full_disk_is_none(void **state)
{
    struct place *p = *state;
    struct error e = {0};
    char path[700];
    snprintf(path, sizeof path, "%s/no/such/dir.log", p->dir);
    assert_int_equal(log_open(path, LOG_INFO, &e), ERR_FAILED);
    assert_non_null(strstr(e.text, path));
    log_write(LOG_ERROR, "a", "goes nowhere");
    memset(path, 'x', sizeof path - 1);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    assert_int_equal(log_open(path, LOG_INFO, &e), ERR_USAGE);
    if (access("/dev/full", W_OK) == 0) {
        assert_int_equal(log_open("/dev/full", LOG_INFO, &e), OK);
        for (int i = 0; i < 10; i++)
            log_write(LOG_ERROR, "a", "no room");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_record_has_time_level_and_area_and_only_the_user_reads_it),
        TEST(a_secret_known_before_the_log_was_opened_stays_out_of_it),
        TEST(the_longer_of_two_like_secrets_leaves_no_tail),
        TEST(half_a_secret_at_the_end_of_a_long_record_is_cut_off),
        TEST(hostile_text_makes_one_clean_line),
        TEST(processes_that_rotate_at_once_lose_no_record),
        TEST(the_log_keeps_five_files_and_the_newest_records),
        TEST(a_log_that_was_removed_is_made_again),
        TEST(a_log_that_cannot_be_written_is_an_error_and_a_full_disk_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
