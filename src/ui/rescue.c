/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/rescue.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "quorum/mem.h"

enum { RESCUE_WAIT_MS = 500, PIECE_MOST = 256 }; /* for a terminal that nobody reads just now */

/* A signal handler has no arguments of ours, hence file-scope state. */
static struct {
    volatile sig_atomic_t on;
    int fd;
    struct termios saved;
    char bytes[512];
    size_t len;
} rescue;

static struct {
    volatile sig_atomic_t on;
    int real, memory;
} held = {.real = -1, .memory = -1};

static void (*death_note)(int signal);

/* All that ends a program that has not asked for it; the loop has the others, and the real-time
 * signals come behind these. */
static const int fatal[] = {SIGSEGV,   SIGBUS,  SIGABRT, SIGFPE,  SIGILL, SIGSYS, SIGTRAP,  SIGALRM,
                            SIGVTALRM, SIGPROF, SIGXCPU, SIGXFSZ, SIGIO,  SIGPWR, SIGSTKFLT};
static struct sigaction before[ARRAY_LEN(fatal)];
static bool caught;

/* A little at a time, and only where there is room: nobody may be reading any more. */
static void write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        if (poll(&p, 1, RESCUE_WAIT_MS) == 0)
            return;
        ssize_t done = write(fd, bytes, n < PIECE_MOST ? n : PIECE_MOST);
        if (done < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (done <= 0)
            return;
        bytes += done;
        n -= (size_t)done;
    }
}

void rescue_now(void)
{
    int error = errno;
    if (rescue.on) {
        rescue.on = 0;
        write_all(rescue.fd, rescue.bytes, rescue.len);
        tcsetattr(rescue.fd, TCSANOW, &rescue.saved);
    }
    stderr_let_go();
    errno = error;
}

/* Says what happened, below the shell's prompt. */
static void say_signal(int signal)
{
    char text[] = "quorum: the console died of signal 00; engines are not affected\n";
    char *digits = strstr(text, "00");
    digits[0] = (char)('0' + signal / 10 % 10);
    digits[1] = (char)('0' + signal % 10);
    write_all(STDERR_FILENO, text, sizeof text - 1);
}

static bool is_fault(int signal)
{
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL ||
           signal == SIGTRAP || signal == SIGSYS;
}

static void give_signals_back(void)
{
    for (size_t i = 0; i < ARRAY_LEN(fatal); i++)
        sigaction(fatal[i], &before[i], NULL);
    for (int i = SIGRTMIN; i <= SIGRTMAX; i++)
        signal(i, SIG_DFL);
}

static void on_fatal(int signal, siginfo_t *info, void *context)
{
    (void)context;
    bool was_on = rescue.on;
    if (was_on && death_note != NULL)
        death_note(signal);
    rescue_now();
    if (was_on)
        say_signal(signal);
    give_signals_back();
    /* A fault happens again where it happened, and is reported there; what somebody sent does not.
     */
    if (info == NULL || info->si_code <= 0 || !is_fault(signal))
        raise(signal);
}

static void catch_fatal(void)
{
    static char stack[64 << 10]; /* a full stack is one way to die */
    stack_t now, own = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_sigaction = on_fatal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    if (sigaltstack(NULL, &now) == 0 && (now.ss_flags & SS_DISABLE))
        sigaltstack(&own, NULL);
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < ARRAY_LEN(fatal); i++)
        sigaction(fatal[i], &action, &before[i]);
    for (int i = SIGRTMIN; i <= SIGRTMAX; i++)
        sigaction(i, &action, NULL);
    caught = true;
}

void rescue_begin(int fd, const struct termios *saved, const char *bytes, size_t n)
{
    static bool registered;
    assert(n <= sizeof rescue.bytes);
    rescue.on = 0;
    rescue.fd = fd;
    rescue.saved = *saved;
    memcpy(rescue.bytes, bytes, n);
    rescue.len = n;
    if (!registered)
        registered = atexit(rescue_now) == 0;
    if (!caught)
        catch_fatal();
    rescue.on = 1;
}

void rescue_end(void)
{
    rescue.on = 0;
    if (!caught)
        return;
    caught = false;
    give_signals_back();
}

void rescue_on_death(void (*note)(int signal))
{
    death_note = note;
}

bool rescue_is_on(void)
{
    return rescue.on != 0;
}

void stderr_hold(void)
{
    if (held.on || !isatty(STDERR_FILENO)) /* a file may have what it is told */
        return;
    held.memory = memfd_create("stderr", MFD_CLOEXEC);
    held.real = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (held.memory >= 0 && held.real >= 0 && dup2(held.memory, STDERR_FILENO) >= 0) {
        held.on = 1;
        return;
    }
    if (held.memory >= 0)
        close(held.memory);
    if (held.real >= 0)
        close(held.real);
}

void stderr_let_go(void)
{
    char piece[4096];
    ssize_t n;
    if (!held.on)
        return;
    held.on = 0;
    dup2(held.real, STDERR_FILENO);
    lseek(held.memory, 0, SEEK_SET);
    while ((n = read(held.memory, piece, sizeof piece)) > 0)
        write_all(STDERR_FILENO, piece, (size_t)n);
    close(held.memory);
    close(held.real);
}
