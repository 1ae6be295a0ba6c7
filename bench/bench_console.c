/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the console costs: the figures P1 to P10 of docs/performance.md, of the real program on a
 * pseudo-terminal of 120x40, on a paper desk (nothing moves but the clock) and on a demo desk whose
 * prices move. Peers stand beside it in the same run where they are installed. QUORUM_BIN is the
 * program, QUORUM_HOME a private home; QUORUM_BENCH_SECONDS says how long idling is watched (30).
 * Prints one line a figure: name, n, median, min, max, limit, ratio. */
#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "quorum/desk.h"
#include "quorum/mem.h"
#include "quorum/timeutil.h"
#include "support/terminal.h"

enum { ROWS = 40, COLS = 120, MOST = 1000, WAIT_MS = 10000 };

struct sample {
    double v[MOST];
    int n;
};

struct cost {
    double cpu_ms;
    double wakeups;
};

static const char *program;
static char conninfo[1024]; /* of the demo desk */
static PGconn *writer;
static int idle_seconds = 30;

static void die(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

static void add(struct sample *s, double x)
{
    if (s->n < MOST)
        s->v[s->n++] = x;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double share(struct sample *s, double p)
{
    if (s->n == 0)
        return 0;
    qsort(s->v, (size_t)s->n, sizeof s->v[0], by_size);
    return s->v[(int)(p * (s->n - 1) + 0.5)];
}

/* limit 0: there is none. */
static void print(const char *name, struct sample *s, double p, const char *unit, double limit)
{
    double x = share(s, p);
    printf("%-40s n=%-4d %-6s %9.2f %-5s min %8.2f  max %8.2f", name, s->n,
           p == 0.5 ? "median" : "p99", x, unit, share(s, 0), share(s, 1));
    if (limit > 0)
        printf("  limit %8.2f  ratio %.3f%s", limit, x / limit, x > limit ? "  MISSED" : "");
    printf("\n");
    fflush(stdout);
}

static void print_one(const char *name, double x, const char *unit, double limit)
{
    struct sample s = {.v = {x}, .n = 1};
    print(name, &s, 0.5, unit, limit);
}

/* ---- what a process used */

static double number_in(const char *path, const char *name)
{
    char line[512];
    double found = 0;
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, name, strlen(name)) == 0)
            found += strtod(line + strlen(name), NULL);
    if (f)
        fclose(f);
    return found;
}

static struct cost cost_of(pid_t pid)
{
    char path[64];
    struct cost c;
    snprintf(path, sizeof path, "/proc/%d/schedstat", (int)pid);
    c.cpu_ms = number_in(path, "") / 1e6;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    c.wakeups = number_in(path, "voluntary_ctxt_switches:");
    return c;
}

static double private_dirty_mb(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    return number_in(path, "Private_Dirty:") / 1024;
}

/* ---- the programs */

static const char *const paper[] = {NULL, "console", "--desk=paper", "--read-only", NULL};
static const char *const demo[] = {NULL, "console", "--desk=demo", NULL};
static const char *const htop[] = {"htop", "-d", "10", NULL};
static const char *const pg_activity[] = {"pg_activity", conninfo, NULL};

static const char *const quiet[] = {"LANG=C.UTF-8", "INPUTRC=/dev/null", "NO_COLOR", "TMUX", NULL};

/* argv with our program in front where it begins with NULL. */
static void start_size(struct terminal *t, const char *const *argv, bool traced)
{
    const char *words[8] = {argv[0] ? argv[0] : program};
    for (int i = 1; i < 7 && argv[i]; i++)
        words[i] = argv[i];
    struct terminal_options o = {
        .rows = ROWS, .cols = COLS, .term = "xterm-256color", .setup = quiet, .traced = traced};
    if (!terminal_start(t, &o, words))
        die("no pseudo-terminal");
}

static void open_console(struct terminal *t, const char *const *argv)
{
    start_size(t, argv, false);
    if (!terminal_shows(t, "DB ok", WAIT_MS) || !terminal_shows(t, "Regime", WAIT_MS)) {
        terminal_print(t);
        die("the console did not come up");
    }
    terminal_settle(t, 700, 3000);
}

static void leave_console(struct terminal *t)
{
    terminal_keys(t, "\x1b\x1b");
    terminal_take(t, 150);
    terminal_keys(t, "q");
    terminal_ended(t, WAIT_MS);
    terminal_end(t);
}

static bool is_installed(const char *name)
{
    char path[4096];
    const char *at = getenv("PATH");
    while (at && *at) {
        size_t n = strcspn(at, ":");
        snprintf(path, sizeof path, "%.*s/%s", (int)n, at, name);
        if (access(path, X_OK) == 0)
            return true;
        at += n + (at[n] == ':');
    }
    return false;
}

static int run_quietly(const char *const *argv)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void engine(const char *verb)
{
    const char *argv[] = {program, "--desk=demo", "engine", verb, NULL};
    run_quietly(argv);
}

/* ---- P1, P2: nobody touches it */

struct idle {
    double cpu, wakeups, bytes; /* ms a minute, a second, a second */
};

static struct idle idle_of(struct terminal *t, int seconds)
{
    terminal_take(t, 1500);
    size_t bytes = t->bytes;
    struct cost before = cost_of(t->pid);
    int64_t start = time_monotonic_us();
    terminal_take(t, seconds * 1000);
    struct cost after = cost_of(t->pid);
    double s = (double)(time_monotonic_us() - start) / 1e6;
    return (struct idle){.cpu = (after.cpu_ms - before.cpu_ms) * 60 / s,
                         .wakeups = (after.wakeups - before.wakeups) / s,
                         .bytes = (double)(t->bytes - bytes) / s};
}

static struct idle idle_console(const char *const *argv, const char *keys)
{
    struct terminal t;
    open_console(&t, argv);
    terminal_keys(&t, keys);
    struct idle i = idle_of(&t, idle_seconds);
    leave_console(&t);
    return i;
}

static bool idle_peer(const char *name, const char *const *argv, struct idle *out)
{
    struct terminal t;
    char line[80];
    if (!is_installed(name)) {
        printf("%-40s absent\n", name);
        return false;
    }
    start_size(&t, argv, false);
    terminal_settle(&t, 900, 5000);
    *out = idle_of(&t, idle_seconds);
    bool lives = !terminal_ended(&t, 0);
    terminal_end(&t);
    if (!lives) {
        printf("%-40s ended by itself\n", name);
        return false;
    }
    snprintf(line, sizeof line, "   %s: CPU of an idle minute", name);
    print_one(line, out->cpu, "ms", 0);
    snprintf(line, sizeof line, "   %s: bytes a second", name);
    print_one(line, out->bytes, "B/s", 0);
    return true;
}

static void against(const char *name, double ours, double theirs, double most)
{
    double ratio = theirs > 0 ? ours / theirs : 0;
    printf("%-40s ratio %.4f  limit %.4f%s\n", name, ratio, most, ratio > most ? "  MISSED" : "");
    fflush(stdout);
}

static void bench_idle(void)
{
    struct idle p = idle_console(paper, ""), h = idle_console(paper, ":set clock=off\r");
    struct idle d = idle_console(demo, ""), x;
    print_one("P1 CPU a minute, a clock in seconds", p.cpu, "ms", 20);
    print_one("P1 wake-ups, a clock in seconds", p.wakeups, "/s", 0);
    print_one("P1 CPU a minute, clock hidden", h.cpu, "ms", 0);
    print_one("P1 wake-ups, clock hidden", h.wakeups, "/s", 1);
    print_one("P1 bytes, clock hidden", h.bytes, "B/s", 0);
    print_one("P1 CPU a minute, demo prices move", d.cpu, "ms", 600);
    print_one("P2 bytes, only the clock", p.bytes, "B/s", 40);
    print_one("P2 bytes, demo prices move", d.bytes, "B/s", 600);
    if (idle_peer("htop", htop, &x)) {
        against("P1 CPU against htop -d 10", p.cpu, x.cpu, 1.0 / 20);
        against("P2 bytes against htop -d 10", d.bytes, x.bytes, 0.9);
    }
    if (idle_peer("pg_activity", pg_activity, &x)) {
        against("P1 CPU against pg_activity", p.cpu, x.cpu, 1.0 / 28);
        against("P2 bytes against pg_activity", p.bytes, x.bytes, 1.0 / 50);
    }
}

/* ---- P3: writes, counted from outside */

struct writes {
    int frames, all;
};

/* At the entry of a system call: counts it when it writes to the terminal. */
static void look_at_call(pid_t pid, struct writes *w)
{
    struct __ptrace_syscall_info call;
    char bytes[4096];
    if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof call, &call) <= 0 ||
        call.op != PTRACE_SYSCALL_INFO_ENTRY)
        return;
    if (call.entry.nr != SYS_write || call.entry.args[0] != STDOUT_FILENO)
        return;
    size_t n = call.entry.args[2] < sizeof bytes ? (size_t)call.entry.args[2] : sizeof bytes;
    struct iovec here = {bytes, n};
    struct iovec there = {(void *)(uintptr_t)call.entry.args[1], n};
    w->all++;
    if (process_vm_readv(pid, &here, 1, &there, 1, 0) > 0 && memmem(bytes, n, "\x1b[?2026h", 8))
        w->frames++;
}

/* Runs the traced program for a while, with a key now and then. */
static void trace(struct terminal *t, int ms, struct writes *w)
{
    int64_t end = time_monotonic_us() + ms * INT64_C(1000), next = 0;
    int status;
    while (time_monotonic_us() < end) {
        terminal_take(t, 0);
        pid_t pid = waitpid(t->pid, &status, WNOHANG | __WALL);
        if (pid == 0) {
            terminal_take(t, 1);
        } else if (pid < 0 || !WIFSTOPPED(status)) {
            t->pid = 0;
            return;
        } else {
            int signal = WSTOPSIG(status);
            if (signal == (SIGTRAP | 0x80))
                look_at_call(pid, w);
            ptrace(PTRACE_SYSCALL, pid, NULL,
                   (void *)(intptr_t)(signal & 0x80 || signal == SIGTRAP ? 0 : signal));
        }
        if (time_monotonic_us() > next && vt_has(&t->vt, "DB ok")) {
            terminal_keys(t, "j\t");
            next = time_monotonic_us() + 150000;
        }
    }
}

static void bench_writes(void)
{
    struct terminal t;
    struct writes w = {0};
    int status;
    start_size(&t, demo, true);
    if (waitpid(t.pid, &status, __WALL) != t.pid || !WIFSTOPPED(status) ||
        ptrace(PTRACE_SETOPTIONS, t.pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) != 0) {
        printf("%-40s absent (nobody may trace here)\n", "P3 writes a frame");
        terminal_end(&t);
        return;
    }
    ptrace(PTRACE_SYSCALL, t.pid, NULL, NULL);
    trace(&t, 2000, &w); /* the start writes its modes and its title */
    w = (struct writes){0};
    trace(&t, 8000, &w);
    terminal_end(&t);
    if (w.frames == 0)
        die("no frame was traced");
    printf("   frames traced %d, writes %d\n", w.frames, w.all);
    print_one("P3 writes a frame", (double)w.all / w.frames, "", 1);
}

/* ---- P4, P8: from the row to the screen */

static void insert(const char *sql)
{
    PGresult *r = PQexec(writer, sql);
    if (PQresultStatus(r) != PGRES_COMMAND_OK)
        die(PQerrorMessage(writer));
    PQclear(r);
}

static void nap(struct terminal *t, int least_ms, int most_ms)
{
    terminal_take(t, least_ms + rand() % (most_ms - least_ms + 1));
}

static void bench_rows(int n)
{
    struct terminal t;
    struct sample latency = {0}, bytes = {0};
    static int serial;
    engine("stop"); /* nothing else moves then */
    open_console(&t, demo);
    engine("stop");
    terminal_take(&t, 3000);
    for (int i = 0; i < n; i++) {
        char sql[400], marker[40];
        nap(&t, 300, 1300);
        snprintf(marker, sizeof marker, "mark %d.", ++serial);
        snprintf(sql, sizeof sql,
                 "INSERT INTO alerts (rule, object, severity, text) VALUES ('bench', '%d', 'i',"
                 " '%s')",
                 serial, marker);
        size_t before = t.bytes;
        int64_t start = time_monotonic_us();
        if (!PQsendQuery(writer, sql))
            die(PQerrorMessage(writer));
        PQflush(writer);
        if (!terminal_shows(&t, marker, WAIT_MS)) {
            terminal_print(&t);
            die("the row never came");
        }
        add(&latency, (double)(t.last_us - start) / 1000);
        for (PGresult *r; (r = PQgetResult(writer)) != NULL;)
            PQclear(r);
        terminal_settle(&t, 60, 500);
        add(&bytes, (double)(t.bytes - before));
    }
    leave_console(&t);
    engine("start");
    print("P4 bytes for a new row in two panels", &bytes, 0.5, "B", 400);
    print("P8 row inserted, on the screen", &latency, 0.5, "ms", 4);
    print("P8 row inserted, on the screen", &latency, 0.99, "ms", 25);
}

/* ---- P5: the start */

static bool frame_is_there(const struct terminal *t, const void *arg)
{
    (void)arg;
    return t->vt.frames > 0;
}

/* State, prices and what the agents did stand there. */
static bool data_is_there(const struct terminal *t, const void *arg)
{
    (void)arg;
    return !t->vt.sync && vt_has(&t->vt, "DB ok") && vt_has(&t->vt, "P&L") &&
           vt_has(&t->vt, " eval ") && vt_has(&t->vt, "spent ");
}

static void bench_start(int n)
{
    struct sample frame = {0}, live = {0};
    for (int i = 0; i < n; i++) {
        struct terminal t;
        int64_t start = time_monotonic_us();
        start_size(&t, demo, false);
        if (!terminal_until(&t, frame_is_there, NULL, WAIT_MS))
            die("no frame came");
        add(&frame, (double)(t.last_us - start) / 1000);
        if (!terminal_until(&t, data_is_there, NULL, WAIT_MS)) {
            terminal_print(&t);
            die("no data came");
        }
        add(&live, (double)(t.last_us - start) / 1000);
        leave_console(&t);
    }
    print("P5 exec to a frame", &frame, 0.5, "ms", 20);
    print("P5 exec to live data", &live, 0.5, "ms", 40);
}

/* ---- P6, P7: keys */

/* To the first bytes after each key. One that nothing answers counts as the whole second. */
static void press(struct terminal *t, const char *const keys[2], int n, struct sample *out)
{
    for (int i = 0; i < n; i++) {
        nap(t, 20, 60);
        struct pollfd p = {.fd = t->fd, .events = POLLIN};
        int64_t start = time_monotonic_us();
        terminal_keys(t, keys[i % 2]);
        poll(&p, 1, 1000);
        add(out, (double)(time_monotonic_us() - start) / 1000);
        terminal_take(t, 3);
    }
}

/* Some 1,000 committed rows a second, until it is ended. */
static pid_t pour_events(void)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    PGconn *c = PQconnectdb(conninfo);
    PQclear(PQexec(c, "SET synchronous_commit = off"));
    for (int i = 0;; i++) {
        struct timespec ms = {.tv_nsec = 900000};
        PQclear(PQexec(c, "INSERT INTO agent_interactions (agent_name, action, status, error)"
                          " VALUES ('bench', 'flood', 'FAILED', 'one of many')"));
        nanosleep(&ms, NULL);
    }
}

static int frames_in(struct terminal *t, int ms)
{
    size_t before = t->vt.frames;
    terminal_take(t, ms);
    return (int)(t->vt.frames - before);
}

static void bench_keys(int n)
{
    /* Up first, and back: at the end of a list a key down changes nothing and has no answer. */
    static const char *const up_down[2] = {"k", "j"}, *const arrows[2] = {"\x1bOB", "\x1bOA"};
    struct terminal t, peer;
    struct sample ours = {0}, busy = {0}, theirs = {0}, frames = {0};
    open_console(&t, demo);
    terminal_keys(&t, "3jj"); /* two closed trades are enough for both keys to move something */
    bool has_peer = is_installed("htop");
    if (has_peer) {
        start_size(&peer, htop, false);
        terminal_settle(&peer, 900, 5000);
    }
    for (int i = 0; i < n; i += 20) { /* in turns, so that both meet the same noise */
        press(&t, up_down, 20, &ours);
        if (has_peer)
            press(&peer, arrows, 20, &theirs);
    }
    if (has_peer)
        terminal_end(&peer);
    print("P6 key to screen", &ours, 0.5, "ms", 0.35);
    print("P6 key to screen", &ours, 0.99, "ms", 2);
    if (has_peer) {
        print("   htop: key to screen", &theirs, 0.5, "ms", 0);
        print("   htop: key to screen", &theirs, 0.99, "ms", 0);
        against("P6 median against htop", share(&ours, 0.5), share(&theirs, 0.5), 0.7);
        against("P6 p99 against htop", share(&ours, 0.99), share(&theirs, 0.99), 0.25);
    } else {
        printf("%-40s absent\n", "   htop");
    }
    pid_t flood = pour_events();
    terminal_take(&t, 2000);
    struct cost before = cost_of(t.pid);
    for (int i = 0; i < 5; i++)
        add(&frames, frames_in(&t, 1000));
    struct cost after = cost_of(t.pid);
    press(&t, up_down, n, &busy);
    kill(flood, SIGTERM);
    waitpid(flood, NULL, 0);
    leave_console(&t);
    print("P6 key to screen, 1,000 events/s", &busy, 0.5, "ms", 0.35);
    print("P6 key to screen, 1,000 events/s", &busy, 0.99, "ms", 2);
    print("   frames a second, 1,000 events/s", &frames, 0.5, "", 4);
    print_one("   CPU of a second, 1,000 events/s", (after.cpu_ms - before.cpu_ms) / 5, "ms", 100);
}

static void bench_flood(int n)
{
    struct terminal t;
    struct sample flood = {0}, size = {0};
    char keys[128];
    open_console(&t, demo);
    for (int i = 0; i < n; i++) {
        memset(keys, 'a' + i % 20, 100);
        keys[0] = ':';
        keys[100] = '\0';
        terminal_take(&t, 300);
        int64_t start = time_monotonic_us();
        terminal_keys(&t, keys);
        if (!terminal_shows(&t, keys + 1, WAIT_MS))
            die("a hundred keys did not come through");
        add(&flood, (double)(t.last_us - start) / 1000);
        terminal_keys(&t, "\x15\x03");
        terminal_take(&t, 100);
    }
    for (int i = 0; i < n; i++) {
        char edge[80];
        terminal_take(&t, 300);
        size_t frames = t.vt.frames;
        int64_t start = time_monotonic_us();
        terminal_resize(&t, ROWS - (i + 1) % 2, COLS - (i + 1) % 2);
        while (t.vt.frames == frames && !t.vt.sync && terminal_take(&t, 1) < 1)
            if (time_monotonic_us() - start > 1000000)
                die("nothing was drawn after a resize");
        terminal_settle(&t, 20, 200);
        vt_row(&t.vt, t.vt.rows - 1, edge, sizeof edge);
        add(&size, (double)(t.last_us - start) / 1000);
    }
    leave_console(&t);
    print("P7 a flood of 100 keys", &flood, 0.5, "ms", 20);
    print("P7 a resize, settled", &size, 0.5, "ms", 3);
}

/* ---- P9, P10 */

static void bench_memory(void)
{
    struct terminal t;
    open_console(&t, demo);
    terminal_take(&t, 3000);
    double mb = private_dirty_mb(t.pid);
    leave_console(&t);
    print_one("P9 private dirty memory", mb, "MB", 6);
}

static void bench_deaths(void)
{
    static const int deaths[] = {SIGTERM, SIGINT, SIGHUP,  SIGQUIT, SIGSEGV,
                                 SIGBUS,  SIGFPE, SIGABRT, SIGILL,  0};
    struct sample gone = {0};
    int restored = 0, n = 0;
    for (size_t i = 0; i < ARRAY_LEN(deaths); i++) {
        struct terminal t;
        char left[240] = "";
        open_console(&t, demo);
        int64_t start = time_monotonic_us();
        if (deaths[i])
            kill(t.pid, deaths[i]);
        else
            terminal_hang_up(&t);
        while (waitpid(t.pid, &t.status, WNOHANG) == 0 && time_monotonic_us() - start < 2000000)
            terminal_take(&t, 0);
        add(&gone, (double)(time_monotonic_us() - start) / 1000);
        t.pid = 0;
        if (deaths[i]) {
            terminal_take(&t, 50);
            n++;
            restored += !*terminal_left(&t, left);
            if (*left)
                printf("   signal %d left: %s\n", deaths[i], left);
        }
        terminal_end(&t);
    }
    print("P10 dead and gone", &gone, 1, "ms", 50);
    printf("%-40s %d of %d%s\n", "P10 terminal restored", restored, n,
           restored < n ? "  MISSED" : "");
}

/* ---- */

/* The demo desk is lived into; its database is where rows are written. */
static void open_desk(void)
{
    const char *live[] = {program, "demo", "--exit", "--seed=7", "--sessions=20", NULL};
    const char *look[] = {program, "--desk=paper", "status", NULL};
    struct error e = {0};
    struct settings *s = NULL;
    struct desk *d = NULL;
    struct desk_options o = {.loop = loop_new(), .agents = agent_table, .name = "demo"};
    int lived = run_quietly(live);
    if ((lived && lived != ERR_CONFLICT) || run_quietly(look)) /* conflict: it has a past already */
        die("no desk could be made");
    if (settings_load(&s, &e) != OK)
        die(e.text);
    o.settings = s;
    if (desk_open(&o, &d, &e) != OK)
        die(e.text);
    copy_text(conninfo, sizeof conninfo, d->conninfo);
    writer = PQconnectdb(conninfo);
    if (PQstatus(writer) != CONNECTION_OK)
        die(PQerrorMessage(writer));
    insert("SET synchronous_commit = on");
    desk_close(d);
    loop_free(o.loop);
    settings_free(s);
}

static bool wanted(int argc, char **argv, const char *what)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], what) == 0)
            return true;
    return argc < 2;
}

/* Words after the program's name choose: idle writes rows start keys flood memory deaths. */
int main(int argc, char **argv)
{
    const char *seconds = getenv("QUORUM_BENCH_SECONDS");
    program = getenv("QUORUM_BIN");
    if (!program || !getenv("QUORUM_HOME"))
        die("QUORUM_BIN and QUORUM_HOME must be set");
    setlinebuf(stdout);
    if (seconds)
        idle_seconds = (int)strtol(seconds, NULL, 10);
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    srand(20261122);
    open_desk();
    engine("start");
    if (wanted(argc, argv, "start"))
        bench_start(15);
    if (wanted(argc, argv, "keys"))
        bench_keys(300);
    if (wanted(argc, argv, "flood"))
        bench_flood(20);
    if (wanted(argc, argv, "rows"))
        bench_rows(40);
    if (wanted(argc, argv, "writes"))
        bench_writes();
    if (wanted(argc, argv, "memory"))
        bench_memory();
    if (wanted(argc, argv, "deaths"))
        bench_deaths();
    if (wanted(argc, argv, "idle"))
        bench_idle();
    engine("stop");
    PQfinish(writer);
    return 0;
}
