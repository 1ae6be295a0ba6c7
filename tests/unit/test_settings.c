/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "quorum/evaluation.h"
#include "quorum/log.h"
#include "quorum/mem.h"
#include "quorum/settings.h"

extern char **environ;

struct place {
    char dir[256], dotenv[300], user[320];
    struct settings *s;
    struct error e;
};

static void forget_environment(void)
{
    for (int i = 0; i < SETTING_COUNT; i++)
        unsetenv(setting_row((enum setting_id)i)->name);
    unsetenv("XDG_STATE_HOME");
}

static int setup(void **state)
{
    const char *tmp = getenv("TMPDIR");
    struct place *p = mem_alloc(sizeof *p);
    char config[300];
    forget_environment();
    snprintf(p->dir, sizeof p->dir, "%s/quorum-set-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(p->dir) || chdir(p->dir) < 0)
        return -1;
    snprintf(p->dotenv, sizeof p->dotenv, "%s/.env", p->dir);
    snprintf(config, sizeof config, "%s/config", p->dir);
    mkdir(config, 0700);
    setenv("XDG_CONFIG_HOME", config, 1);
    setenv("HOME", p->dir, 1);
    snprintf(p->user, sizeof p->user, "%s/quorum", config);
    mkdir(p->user, 0700);
    snprintf(p->user, sizeof p->user, "%s/quorum/env", config);
    *state = p;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int teardown(void **state)
{
    struct place *p = *state;
    settings_free(p->s);
    forget_environment();
    log_close();
    int rc = chdir("/") || nftw(p->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    mem_free(p);
    return rc;
}

static void write_bytes(const char *path, const void *text, size_t len, mode_t mode)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    write_bytes(path, text, strlen(text), mode);
}

static enum err load(struct place *p)
{
    settings_free(p->s);
    p->s = NULL;
    err_clear(&p->e);
    return settings_load(&p->s, &p->e);
}

static void must_load(struct place *p)
{
    if (load(p))
        fail_msg("%s; %s", p->e.text, p->e.fix);
}

static void expect(struct place *p, enum setting_id id, const char *value,
                   enum setting_origin origin)
{
    if (value)
        assert_string_equal(settings_text(p->s, id), value);
    else
        assert_null(settings_text(p->s, id));
    assert_int_equal(settings_origin(p->s, id), origin);
}

static bool noted(const struct place *p, const char *part)
{
    const char *note;
    for (size_t i = 0; (note = settings_note(p->s, i)); i++)
        if (strstr(note, part))
            return true;
    return false;
}

/* Loading fails, and the line a person gets has all these parts. */
static void expect_refused(struct place *p, const char *const *part)
{
    char line[900];
    assert_int_equal(load(p), ERR_USAGE);
    snprintf(line, sizeof line, "%s | %s", p->e.text, p->e.fix);
    for (; *part; part++)
        if (!strstr(line, *part))
            fail_msg("\"%s\" does not say \"%s\"", line, *part);
}
#define REFUSED(p, ...) expect_refused(p, (const char *const[]){__VA_ARGS__, NULL})

static void nothing_set_gives_the_documented_defaults(void **state)
{
    struct place *p = *state;
    must_load(p);
    for (int i = 0; i < SETTING_COUNT; i++) {
        expect(p, (enum setting_id)i, setting_row((enum setting_id)i)->fallback, FROM_DEFAULT);
        assert_string_equal(settings_origin_path(p->s, (enum setting_id)i), "");
    }
    assert_null(settings_note(p->s, 0));
    assert_true(settings_bool(p->s, SETTING_MULTI_AGENT_ENABLED));
    assert_false(settings_bool(p->s, SETTING_LEARNING_ENABLED));
    assert_int_equal(settings_int(p->s, SETTING_MIN_AGREEMENT), 2);
    assert_int_equal(settings_decimal(p->s, SETTING_DAILY_BUDGET, 9), 5000000000);
    assert_int_equal(settings_decimal(p->s, SETTING_PORTFOLIO, 6), 100000000000);
}

static void the_nearest_place_wins(void **state)
{
    struct place *p = *state;
    must_load(p);
    expect(p, SETTING_MODEL, "claude-haiku-4-5", FROM_DEFAULT);
    write_file(p->user, "QUORUM_MODEL=user\nQUORUM_CONTACT=me@user\n", 0600);
    must_load(p);
    expect(p, SETTING_MODEL, "user", FROM_USER_FILE);
    assert_string_equal(settings_origin_path(p->s, SETTING_MODEL), p->user);
    write_file(p->dotenv, "QUORUM_MODEL=dotenv\n", 0644);
    must_load(p);
    expect(p, SETTING_MODEL, "dotenv", FROM_DOTENV);
    assert_string_equal(settings_origin_path(p->s, SETTING_MODEL), p->dotenv);
    expect(p, SETTING_CONTACT, "me@user", FROM_USER_FILE);
    setenv("QUORUM_MODEL", "environment", 1);
    must_load(p);
    expect(p, SETTING_MODEL, "environment", FROM_ENVIRONMENT);
    assert_string_equal(settings_origin_path(p->s, SETTING_MODEL), "");
    assert_int_equal(settings_put(p->s, SETTING_MODEL, "command", FROM_COMMAND, &p->e), OK);
    expect(p, SETTING_MODEL, "command", FROM_COMMAND);
    setenv("QUORUM_MODEL", "", 1); /* empty is unset */
    must_load(p);
    expect(p, SETTING_MODEL, "dotenv", FROM_DOTENV);
}

static void an_env_file_is_read_as_a_shell_would(void **state)
{
    struct place *p = *state;
    write_file(p->dotenv,
               "# comment\n"
               "\n"
               "   \t\n"
               "export QUORUM_MODEL=bare # comment\n"
               "  QUORUM_CONTACT=\"quoted # kept\" # not kept\n"
               "export   QUORUM_VOTERS='research news_analyst'\n"
               "QUORUM_WATCHLIST= AAPL MSFT \t\n"
               "QUORUM_PG_USER=a#b\n"
               "MULTI_AGENT_MIN_AGREEMENT=1\n"
               "MULTI_AGENT_MIN_AGREEMENT=3\n"
               "QUORUM_DESK= # nothing\n"
               "SOMETHING_ELSE=of another program\n"
               "SELF_LEARNING_LOOKBACK_DAYS=7",
               0600);
    must_load(p);
    expect(p, SETTING_MODEL, "bare", FROM_DOTENV);
    expect(p, SETTING_CONTACT, "quoted # kept", FROM_DOTENV);
    expect(p, SETTING_VOTERS, "research news_analyst", FROM_DOTENV);
    expect(p, SETTING_WATCHLIST, "AAPL MSFT", FROM_DOTENV);
    expect(p, SETTING_PG_USER, "a#b", FROM_DOTENV);
    expect(p, SETTING_MIN_AGREEMENT, "3", FROM_DOTENV);
    expect(p, SETTING_DESK, NULL, FROM_DEFAULT);
    expect(p, SETTING_LEARNING_LOOKBACK, "7", FROM_DOTENV);
    assert_null(settings_note(p->s, 0));
}

static void a_file_from_windows_is_read(void **state)
{
    struct place *p = *state;
    write_file(p->dotenv,
               "# comment\r\n\r\nQUORUM_MODEL=bare\r\nQUORUM_CONTACT=\"quoted\"\r\n"
               "MULTI_AGENT_MIN_AGREEMENT=3 # three\r\nQUORUM_DESK=\r\n",
               0600);
    must_load(p);
    expect(p, SETTING_MODEL, "bare", FROM_DOTENV);
    expect(p, SETTING_CONTACT, "quoted", FROM_DOTENV);
    expect(p, SETTING_MIN_AGREEMENT, "3", FROM_DOTENV);
    expect(p, SETTING_DESK, NULL, FROM_DEFAULT);
}

static void a_line_that_means_nothing_is_named_by_its_number(void **state)
{
    struct place *p = *state;
    write_file(p->dotenv, "QUORUM_MODEL=x\n\nQUORUM_CONTACT = y\n", 0600);
    REFUSED(p, p->dotenv, "line 3", "NAME=value");
    write_file(p->dotenv, "just words\n", 0600);
    REFUSED(p, p->dotenv, "line 1");
    write_file(p->dotenv, "QUORUM_MODEL=\"x\n", 0600);
    REFUSED(p, p->dotenv, "line 1", "QUORUM_MODEL", "not closed");
    write_file(p->dotenv, "QUORUM_MODEL='x'y\n", 0600);
    REFUSED(p, p->dotenv, "line 1", "QUORUM_MODEL");
    /* A mangled secret is not printed. */
    write_file(p->dotenv, "ANTHROPIC_API_KEY=\"sk-ant-secret\n", 0600);
    REFUSED(p, "ANTHROPIC_API_KEY");
    assert_null(strstr(p->e.text, "sk-ant"));
}

static void a_secret_others_can_read_is_refused_with_the_cure(void **state)
{
    static const mode_t modes[] = {0644, 0640, 0604, 0660, 0666, 0620, 0610};
    struct place *p = *state;
    char cure[340];
    snprintf(cure, sizeof cure, "chmod 600 %s", p->dotenv);
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        char mode[16];
        snprintf(mode, sizeof mode, "mode %03o", (unsigned)modes[i]);
        write_file(p->dotenv, "ANTHROPIC_API_KEY=sk-ant-secret\n", modes[i]);
        REFUSED(p, p->dotenv, "ANTHROPIC_API_KEY", mode, cure);
        assert_null(strstr(p->e.text, "sk-ant"));
    }
    write_file(p->dotenv, "ANTHROPIC_API_KEY=sk-ant-secret\n", 0600);
    must_load(p);
    expect(p, SETTING_ANTHROPIC_API_KEY, "sk-ant-secret", FROM_DOTENV);
    write_file(p->dotenv, "DATABASE_URL=postgresql://u:pw@h/db\n", 0644);
    REFUSED(p, "DATABASE_URL", cure);
    /* Without a secret everybody may read it; an empty one and a comment are none. */
    write_file(p->dotenv, "QUORUM_MODEL=x\nFMP_API_KEY=\n# ANTHROPIC_API_KEY=sk-ant-old\n", 0644);
    must_load(p);
    expect(p, SETTING_MODEL, "x", FROM_DOTENV);
    /* The same for the file of the user. */
    unlink(p->dotenv);
    write_file(p->user, "FMP_API_KEY=abcdef123\n", 0644);
    REFUSED(p, p->user, "FMP_API_KEY", "chmod 600");
}

static void a_wrong_value_names_itself_its_range_and_its_place(void **state)
{
    struct place *p = *state;
    static const struct {
        const char *name, *value, *range;
    } rows[] = {
        {"MULTI_AGENT_MIN_AGREEMENT", "4", "from 1 to 3"},
        {"MULTI_AGENT_MIN_AGREEMENT", "0", "from 1 to 3"},
        {"MULTI_AGENT_MIN_AGREEMENT", "two", "whole number"},
        {"MULTI_AGENT_MIN_AGREEMENT", "2.0", "whole number"},
        {"MULTI_AGENT_MIN_AGREEMENT", "99999999999999999999", "from 1 to 3"},
        {"MULTI_AGENT_DAILY_LLM_BUDGET", "-1", "from 0 to 10000"},
        {"MULTI_AGENT_DAILY_LLM_BUDGET", "10000.01", "from 0 to 10000"},
        {"MULTI_AGENT_DAILY_LLM_BUDGET", "5 dollars", "number"},
        {"MULTI_AGENT_DAILY_LLM_BUDGET", "1e3", "number"},
        {"SELF_LEARNING_AUTO_APPLY_THRESHOLD", "79.99", "from 80 to 100"},
        {"SELF_LEARNING_MIN_TRADES", "9", "from 10"},
        {"MULTI_AGENT_ENABLED", "yes", "neither true nor false"},
        {"MULTI_AGENT_ENABLED", "TRUE", "neither true nor false"},
        {"QUORUM_PORTFOLIO", "99.99", "from 100 to 1000000000"},
        {"QUORUM_FMP_RESET_HOUR_UTC", "24", "from 0 to 23"},
        {"QUORUM_LOG_LEVEL", "loud", "debug, info, warn or error"},
        {"QUORUM_DESK", "papre", "paper or demo"},
        {"ANTHROPIC_BASE_URL", "api.example.com", "not a URL"},
        {"FMP_BASE_URL", "file:///etc/passwd", "not a URL"},
        {"QUORUM_HOME", "state", "absolute path"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char line[200];
        snprintf(line, sizeof line, "%s=%s\n", rows[i].name, rows[i].value);
        bool is_url = strstr(rows[i].name, "_URL") != NULL;
        write_file(p->dotenv, line, 0600);
        REFUSED(p, rows[i].name, is_url ? "" : rows[i].value, rows[i].range, p->dotenv);
        unlink(p->dotenv);
        setenv(rows[i].name, rows[i].value, 1);
        REFUSED(p, rows[i].name, is_url ? "" : rows[i].value, rows[i].range, "environment");
        unsetenv(rows[i].name);
    }
    char value[400] = "";
    memset(value, '9', sizeof value - 1);
    setenv("SELF_LEARNING_MIN_TRADES", value, 1); /* a long one does not push the rest off */
    REFUSED(p, "SELF_LEARNING_MIN_TRADES", "999999", "from 10", "environment");
    unsetenv("SELF_LEARNING_MIN_TRADES");
    setenv("QUORUM_MODEL", "two\nlines", 1);
    REFUSED(p, "QUORUM_MODEL", "control character", "environment");
    unsetenv("QUORUM_MODEL");
    must_load(p);
    assert_int_equal(settings_put(p->s, SETTING_MIN_AGREEMENT, "9", FROM_COMMAND, &p->e),
                     ERR_USAGE);
    assert_non_null(strstr(p->e.text, "command line"));
    expect(p, SETTING_MIN_AGREEMENT, "2", FROM_DEFAULT);
}

static void a_wrong_secret_is_not_printed(void **state)
{
    struct place *p = *state;
    setenv("DATABASE_URL", "hunter2hunter2", 1);
    REFUSED(p, "DATABASE_URL", "not a URL");
    assert_null(strstr(p->e.text, "hunter2"));
    assert_null(strstr(p->e.fix, "hunter2"));
    assert_null(getenv("DATABASE_URL"));
    setenv("FMP_API_KEY", "hunter2\n", 1);
    REFUSED(p, "FMP_API_KEY", "control character");
    assert_null(strstr(p->e.text, "hunter2"));
    assert_null(getenv("FMP_API_KEY"));
}

static void what_is_no_settings_file_is_refused_whole(void **state)
{
    struct place *p = *state;
    write_bytes(p->dotenv, "QUORUM_MODEL=x\n\0QUORUM_CONTACT=y\n", 33, 0600);
    REFUSED(p, p->dotenv, "NUL byte");
    char *big = mem_alloc((64 << 10) + 2);
    memset(big, '#', (64 << 10) + 1);
    write_file(p->dotenv, big, 0600);
    REFUSED(p, p->dotenv, "64 kB");
    big[64 << 10] = '\0';
    write_file(p->dotenv, big, 0600);
    must_load(p);
    mem_free(big);
    unlink(p->dotenv);
    assert_int_equal(mkdir(p->dotenv, 0700), 0);
    REFUSED(p, p->dotenv, "not a regular file");
    rmdir(p->dotenv);
    assert_int_equal(mkfifo(p->dotenv, 0600), 0); /* opening it must not hang */
    REFUSED(p, p->dotenv, "not a regular file");
}

static void a_moved_endpoint_does_not_catch_a_key_from_elsewhere(void **state)
{
    struct place *p = *state;
    setenv("ANTHROPIC_API_KEY", "sk-ant-environment", 1);
    write_file(p->dotenv, "ANTHROPIC_BASE_URL=https://evil.example\n", 0600);
    must_load(p);
    expect(p, SETTING_ANTHROPIC_BASE_URL, "https://api.anthropic.com", FROM_DEFAULT);
    assert_string_equal(settings_origin_path(p->s, SETTING_ANTHROPIC_BASE_URL), "");
    assert_true(noted(p, "ANTHROPIC_BASE_URL"));
    assert_true(noted(p, "same file"));
    /* With its key it counts. */
    write_file(p->dotenv,
               "FMP_BASE_URL=http://127.0.0.1:9\nFMP_API_KEY=abcdef123\n"
               "ANTHROPIC_BASE_URL=https://evil.example\n",
               0600);
    must_load(p);
    expect(p, SETTING_FMP_BASE_URL, "http://127.0.0.1:9", FROM_DOTENV);
    expect(p, SETTING_ANTHROPIC_BASE_URL, "https://api.anthropic.com", FROM_DEFAULT);
    /* The user's own endpoint is not lost to the stray one. */
    setenv("ANTHROPIC_API_KEY", "sk-ant-environment", 1);
    write_file(p->user, "ANTHROPIC_BASE_URL=https://mine.example\n", 0600);
    must_load(p);
    expect(p, SETTING_ANTHROPIC_BASE_URL, "https://mine.example", FROM_USER_FILE);
    /* From the environment the user moves it at will. */
    setenv("ANTHROPIC_BASE_URL", "https://env.example", 1);
    must_load(p);
    expect(p, SETTING_ANTHROPIC_BASE_URL, "https://env.example", FROM_ENVIRONMENT);
}

static void nothing_from_a_file_others_own_or_write_counts(void **state)
{
    struct place *p = *state;
    if (geteuid() != 0)
        skip();
    write_file(p->dotenv,
               "DATABASE_URL=postgresql://u@evil.example/db\nFMP_API_KEY=abcdef123\n"
               "FMP_BASE_URL=https://evil.example\nQUORUM_PG_BINDIR=/tmp/evil\n",
               0600);
    assert_int_equal(chown(p->dotenv, 65534, 65534), 0);
    must_load(p);
    expect(p, SETTING_DATABASE_URL, NULL, FROM_DEFAULT);
    expect(p, SETTING_FMP_BASE_URL, "https://financialmodelingprep.com", FROM_DEFAULT);
    expect(p, SETTING_PG_BINDIR, NULL, FROM_DEFAULT); /* programs that would run as root */
    assert_true(noted(p, "not yours"));
    unlink(p->dotenv);
    write_file(p->dotenv, "QUORUM_PG_BINDIR=/tmp/evil\n", 0666);
    must_load(p);
    expect(p, SETTING_PG_BINDIR, NULL, FROM_DEFAULT);
    assert_true(noted(p, "others may write it"));
}

static void secrets_leave_the_environment_and_the_log(void **state)
{
    struct place *p = *state;
    static const char *const secret[] = {"sk-ant-abc", "fmpkey99", "dbpw%41-1", "dbpwA-1",
                                         "owner pw"};
    setenv("ANTHROPIC_API_KEY", "sk-ant-abc", 1);
    setenv("FMP_API_KEY", "fmpkey99", 1);
    setenv("DATABASE_URL", "postgresql://u:dbpw%41-1@h:5432/db?options=a@b", 1);
    setenv("QUORUM_DATABASE_OWNER_URL", "host=h user=o password='owner pw' dbname=db", 1);
    setenv("QUORUM_DATABASE_RO_URL", "postgresql://h/db?user=r&password=readonly1&x=y", 1);
    setenv("QUORUM_MODEL", "kept", 1);
    must_load(p);
    for (char **v = environ; *v; v++) {
        for (size_t i = 0; i < ARRAY_LEN(secret); i++)
            assert_null(strstr(*v, secret[i]));
        assert_null(strstr(*v, "readonly1"));
    }
    assert_string_equal(getenv("QUORUM_MODEL"), "kept");
    expect(p, SETTING_ANTHROPIC_API_KEY, "sk-ant-abc", FROM_ENVIRONMENT);
    for (size_t i = 0; i < ARRAY_LEN(secret); i++) {
        char text[80];
        snprintf(text, sizeof text, "libpq said: %s.", secret[i]);
        redact_text(text);
        assert_null(strstr(text, secret[i]));
    }
    char text[] = "x readonly1&x=y";
    redact_text(text);
    assert_string_equal(text, "x [redacted&x=y");
}

static void a_misspelt_name_is_noted_with_the_right_one(void **state)
{
    struct place *p = *state;
    setenv("QUORUM_VOTRES", "research", 1);
    setenv("QUORUM_TEST_LONG", "1", 1);
    setenv("QUORUM_BUILD", "x", 1);
    write_file(p->dotenv, "MULTI_AGENT_MIN_AGREMENT=3\nQUORUM_SOMETHING_ELSE=1\n", 0600);
    must_load(p);
    assert_true(noted(p, "QUORUM_VOTRES from the environment"));
    assert_true(noted(p, "did you mean QUORUM_VOTERS"));
    assert_true(noted(p, "did you mean MULTI_AGENT_MIN_AGREEMENT"));
    assert_true(noted(p, "QUORUM_SOMETHING_ELSE"));
    assert_false(noted(p, "QUORUM_TEST_LONG"));
    assert_false(noted(p, "QUORUM_BUILD"));
    unsetenv("QUORUM_VOTRES");
    unsetenv("QUORUM_BUILD");
    static const char hostile[] = "QUORUM_\033[2J\xe2\x80\xae";
    setenv(hostile, "1", 1);
    must_load(p);
    const char *note;
    for (size_t i = 0; (note = settings_note(p->s, i)); i++) {
        assert_null(strchr(note, '\033'));
        assert_null(strstr(note, "\xe2\x80\xae"));
    }
    assert_true(noted(p, "QUORUM_"));
    unsetenv(hostile);
    for (int i = 0; i < 40; i++) { /* more notes than are kept */
        char name[32];
        snprintf(name, sizeof name, "QUORUM_X%d", i);
        setenv(name, "1", 1);
    }
    must_load(p);
    for (int i = 0; i < 40; i++) {
        char name[32];
        snprintf(name, sizeof name, "QUORUM_X%d", i);
        unsetenv(name);
    }
}

static void state_lives_where_the_user_said(void **state)
{
    struct place *p = *state;
    char path[700], long_home[600];
    must_load(p);
    snprintf(path, sizeof path, "%s/config/quorum", p->dir);
    assert_string_equal(settings_config_dir(p->s), path);
    if (geteuid() == 0) {
        assert_string_equal(settings_home(p->s), "/var/lib/quorum");
    } else {
        snprintf(path, sizeof path, "%s/.local/state/quorum", p->dir);
        assert_string_equal(settings_home(p->s), path);
    }
    setenv("QUORUM_HOME", "/srv/desk", 1);
    must_load(p);
    assert_string_equal(settings_home(p->s), "/srv/desk");
    memset(long_home, 'x', sizeof long_home - 1);
    long_home[0] = '/';
    long_home[sizeof long_home - 1] = '\0';
    setenv("QUORUM_HOME", long_home, 1); /* never a shorter path than was said */
    REFUSED(p, "QUORUM_HOME", "511");
    unsetenv("QUORUM_HOME");
    setenv("XDG_CONFIG_HOME", "relative", 1);
    must_load(p);
    snprintf(path, sizeof path, "%s/.config/quorum", p->dir);
    assert_string_equal(settings_config_dir(p->s), path);
}

static void every_row_of_the_table_is_whole(void **state)
{
    struct error e;
    (void)state;
    for (int i = 0; i < SETTING_COUNT; i++) {
        const struct setting *row = setting_row((enum setting_id)i);
        enum setting_id found;
        assert_non_null(row->name);
        assert_true(strspn(row->name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == strlen(row->name));
        assert_non_null(row->help);
        assert_true(strlen(row->help) > 5);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(row->name, setting_row((enum setting_id)k)->name);
        assert_true(setting_find(row->name, &found));
        assert_int_equal(found, i);
        if (row->fallback && setting_check((enum setting_id)i, row->fallback, "here", &e))
            fail_msg("%s: %s", row->name, e.text);
        if (row->type == SET_BOOL || row->type == SET_INT || row->type == SET_DECIMAL)
            assert_non_null(row->fallback); /* the getters count on it */
        if (row->type == SET_INT || row->type == SET_DECIMAL)
            assert_true(row->min <= row->max && row->max > 0);
        if (row->choice)
            assert_int_equal(row->type, SET_TEXT);
        if (row->scope == SCOPE_DESK) {
            assert_false(row->secret); /* desk settings are rows of a database */
            assert_non_null(row->fallback);
        }
    }
    enum setting_id none;
    assert_false(setting_find("quorum_model", &none));
    assert_false(setting_find("", &none));
    for (int o = FROM_DEFAULT; o <= FROM_DESK; o++)
        assert_true(strlen(setting_origin_text((enum setting_origin)o)) > 0);
}

/* A new user's first commands: the default voters vote, the default symbols can be traded. */
static void the_default_desk_can_evaluate_its_watchlist(void **state)
{
    struct place *p = *state;
    const struct agent *voter[VOTERS_MAX];
    struct market *m = market_simulated_new(42);
    char *list, *rest, *word;
    size_t n;
    must_load(p);
    if (voters_parse(agent_table, settings_text(p->s, SETTING_VOTERS), voter, &n, &p->e))
        fail_msg("%s", p->e.text);
    assert_true((int64_t)n >= settings_int(p->s, SETTING_MIN_AGREEMENT));
    list = rest = mem_text(settings_text(p->s, SETTING_WATCHLIST));
    for (n = 0; (word = strsep(&rest, " ")); n++)
        if (market_check_symbol(m, word, &p->e))
            fail_msg("%s", p->e.text);
    assert_true(n >= 10);
    mem_free(list);
    market_free(m);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_set_gives_the_documented_defaults),
        TEST(the_nearest_place_wins),
        TEST(an_env_file_is_read_as_a_shell_would),
        TEST(a_file_from_windows_is_read),
        TEST(a_line_that_means_nothing_is_named_by_its_number),
        TEST(a_secret_others_can_read_is_refused_with_the_cure),
        TEST(a_wrong_value_names_itself_its_range_and_its_place),
        TEST(a_wrong_secret_is_not_printed),
        TEST(what_is_no_settings_file_is_refused_whole),
        TEST(a_moved_endpoint_does_not_catch_a_key_from_elsewhere),
        TEST(nothing_from_a_file_others_own_or_write_counts),
        TEST(secrets_leave_the_environment_and_the_log),
        TEST(a_misspelt_name_is_noted_with_the_right_one),
        TEST(state_lives_where_the_user_said),
        TEST(every_row_of_the_table_is_whole),
        TEST(the_default_desk_can_evaluate_its_watchlist),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
