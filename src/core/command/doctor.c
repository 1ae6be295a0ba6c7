/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `quorum doctor`: everything between the user and a working desk, one line each. Looks only: it
 * makes no cluster, no database and no schema. */
#include "core/command/doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/command/checks.h"
#include "quorum/evaluation.h"

enum { MB = 1 << 20, DISK_WARN_MB = 1024, DISK_FAIL_MB = 100, LOGIN_MS = 5000 };

static void check_settings(const struct settings *s, struct checks *k)
{
    struct buf from = {0};
    const char *note;
    size_t set = 0;
    for (int i = 0; i < SETTING_COUNT; i++) {
        enum setting_id id = (enum setting_id)i;
        const char *path = settings_origin_path(s, id);
        if (settings_origin(s, id) == FROM_DEFAULT)
            continue;
        set++;
        if (!*path)
            path = setting_origin_text(settings_origin(s, id));
        if (!strstr(buf_text(&from), path))
            buf_printf(&from, "%s%s", from.len ? ", " : " from ", path);
    }
    check_add(k, CHECK_OK, "settings", NULL, "%zu set%s, the others are defaults", set,
              buf_text(&from));
    for (size_t i = 0; (note = settings_note(s, i)); i++)
        check_add(k, CHECK_WARN, "settings", NULL, "%s", note);
    buf_release(&from);
}

static void check_keys(const struct call *c, struct checks *k)
{
    const struct settings *s = c->settings;
    struct error unused;
    enum desk_kind kind = DESK_DEMO;
    desk_choose(s, c->desk_name, &kind, NULL, &unused);
    bool model = settings_text(s, SETTING_ANTHROPIC_API_KEY);
    bool market = settings_text(s, SETTING_FMP_API_KEY);
    check_add(k, CHECK_OK, "model key", NULL, "ANTHROPIC_API_KEY %s",
              model ? "present" : "absent: baselines vote, at no cost");
    if (market || kind == DESK_DEMO)
        check_add(k, CHECK_OK, "market key", NULL, "FMP_API_KEY %s",
                  market ? "present" : "absent: the demo desk needs none");
    else
        check_add(k, CHECK_WARN, "market key",
                  "set FMP_API_KEY, or use --data=DIR (recorded bars) or --desk=demo",
                  "FMP_API_KEY absent: the paper desk has no market");
}

static void check_login(const struct call *c, struct checks *k, const char *name,
                        enum setting_id id)
{
    const char *url = settings_text(c->settings, id);
    struct error e = {0};
    if (!url)
        return;
    struct db_options o = {.conninfo = url, .application = "quorum-doctor"};
    struct db *d = db_new(c->loop, &o);
    if (db_open(d, LOGIN_MS, &e))
        check_error(k, name, &e);
    else
        check_add(k, CHECK_OK, name, NULL, "%s works", setting_row(id)->name);
    db_free(d);
}

static void check_differences(const struct desk *d, struct checks *k)
{
    char text[400], cure[120];
    for (int i = 0; i < SETTING_COUNT; i++) {
        enum setting_id id = (enum setting_id)i;
        const char *name = setting_row(id)->name;
        if (!setting_difference(d, id, text, sizeof text))
            continue;
        check_add(k, CHECK_WARN, "desk settings", adopt_cure(id, cure, sizeof cure), "%s: %s", name,
                  text);
    }
}

static void check_evaluations(struct desk *d, struct checks *k)
{
    struct arena a = {0};
    struct error e = {0};
    int64_t *ids;
    size_t n, held;
    if (evaluation_unfinished(d, &a, &ids, &n, &held, &e))
        check_error(k, "evaluations", &e);
    else if (n)
        check_add(k, CHECK_WARN, "evaluations", "quorum evaluate --resume",
                  "%zu unfinished, the first is #%" PRId64, n, ids[0]);
    else
        check_add(k, CHECK_OK, "evaluations", NULL, "none was left unfinished, %zu at work", held);
    arena_release(&a);
}

/* The desk as every other command opens it; only after the looking showed that this is safe. */
static void check_desk(struct call *c, struct checks *k)
{
    struct error e = {0};
    desk_close(c->desk);
    c->desk = NULL;
    if (call_desk(c, &e)) {
        check_error(k, "desk", &e);
        return;
    }
    check_differences(c->desk, k);
    check_evaluations(c->desk, k);
    check_audit(c->desk, k);
    check_services(c->desk, k);
}

static void check_disk(const struct settings *s, struct checks *k)
{
    char path[600];
    struct statvfs fs;
    int rc;
    copy_text(path, sizeof path, settings_home(s));
    while ((rc = statvfs(path, &fs)) < 0 && errno == ENOENT && strrchr(path, '/') > path)
        *strrchr(path, '/') = '\0'; /* the home is made on first use: its parent will hold it */
    if (rc < 0) {
        check_add(k, CHECK_FAIL, "disk", "set QUORUM_HOME to a directory of yours", "%s: %s",
                  settings_home(s), strerror(errno));
        return;
    }
    uint64_t free_mb = (uint64_t)fs.f_bavail * fs.f_frsize / MB;
    enum check_state state = free_mb < DISK_FAIL_MB   ? CHECK_FAIL
                             : free_mb < DISK_WARN_MB ? CHECK_WARN
                                                      : CHECK_OK;
    check_add(k, state, "disk", state == CHECK_OK ? NULL : "make room, or move QUORUM_HOME",
              "%.1f GB free at %s", (double)free_mb / 1024, settings_home(s));
    if (access(path, W_OK) < 0)
        check_add(k, CHECK_FAIL, "home", "set QUORUM_HOME to a directory of yours", "%s: %s", path,
                  strerror(errno));
}

static void check_terminal(struct checks *k)
{
    struct winsize w = {0};
    const char *term = getenv("TERM"), *codeset = nl_langinfo(CODESET);
    bool utf8 = strcmp(codeset, "UTF-8") == 0;
    check_add(k, utf8 ? CHECK_OK : CHECK_WARN, "locale",
              utf8 ? NULL : "set LANG to a UTF-8 locale such as C.UTF-8", "character set %s%s",
              codeset, utf8 ? "" : ": other letters are shown as ASCII");
    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) < 0 || w.ws_col == 0)
        check_add(k, CHECK_OK, "terminal", NULL, "the output is not a terminal");
    else if (!term || !*term || strcmp(term, "dumb") == 0)
        check_add(k, CHECK_WARN, "terminal", "set TERM, for instance to xterm-256color",
                  "TERM is %s", term && *term ? term : "not set");
    else if (w.ws_col < 80 || w.ws_row < 24)
        check_add(k, CHECK_WARN, "terminal", "make it 80x24 or larger", "%s, %dx%d", term, w.ws_col,
                  w.ws_row);
    else
        check_add(k, CHECK_OK, "terminal", NULL, "%s, %dx%d", term, w.ws_col, w.ws_row);
}

enum err run_doctor(struct call *c, struct error *e)
{
    struct checks k = {0};
    bool opened = false;
    if (e->kind) {
        check_error(&k, "settings", e);
        err_clear(e);
    } else {
        check_settings(c->settings, &k);
        check_keys(c, &k);
        check_disk(c->settings, &k);
        check_reach(c, &k, &opened);
    }
    if (opened) {
        size_t before = checks_count(&k, CHECK_FAIL);
        check_desk_database(c, &k);
        if (!c->desk->cluster) {
            check_login(c, &k, "owner login", SETTING_DATABASE_OWNER_URL);
            check_login(c, &k, "read login", SETTING_DATABASE_RO_URL);
        }
        if (checks_count(&k, CHECK_FAIL) == before)
            check_desk(c, &k);
    }
    c->quiet = true; /* the notes of the settings are rows here */
    verify_programs(&k, c->settings ? settings_text(c->settings, SETTING_PG_BINDIR) : NULL);
    check_terminal(&k);
    checks_print(c, &k);
    return OK;
}
