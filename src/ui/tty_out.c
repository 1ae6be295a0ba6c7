/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/tty_out.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "quorum/timeutil.h"

enum { LAST_WAIT_US = 200000 };

void tty_out_open(struct tty_out *o, int fd)
{
    const char *name = ttyname(fd);
    int own = name ? open(name, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC) : -1;
    *o = (struct tty_out){.fd = own >= 0 ? own : fd, .own = own >= 0};
}

void tty_out_close(struct tty_out *o)
{
    if (o->own)
        close(o->fd);
    buf_release(&o->later);
    *o = (struct tty_out){.fd = -1};
}

bool tty_out_has_rest(const struct tty_out *o)
{
    return o->sent < o->later.len;
}

void tty_out_forget(struct tty_out *o)
{
    buf_clear(&o->later);
    o->sent = 0;
}

/* Returns the bytes the terminal took. */
static size_t write_some(struct tty_out *o, const char *bytes, size_t n)
{
    size_t done = 0;
    while (done < n && !o->gone) {
        ssize_t now = write(o->fd, bytes + done, n - done);
        if (now > 0)
            done += (size_t)now;
        else if (now < 0 && errno == EAGAIN)
            break;
        else if (now == 0 || errno != EINTR)
            o->gone = true;
    }
    return done;
}

static void send_rest(struct tty_out *o)
{
    if (tty_out_has_rest(o))
        o->sent += write_some(o, buf_text(&o->later) + o->sent, o->later.len - o->sent);
    if (!tty_out_has_rest(o) || o->gone)
        tty_out_forget(o);
}

void tty_out_write(struct tty_out *o, const char *bytes, size_t n)
{
    size_t done = tty_out_has_rest(o) ? 0 : write_some(o, bytes, n);
    if (done < n && !o->gone)
        buf_add(&o->later, bytes + done, n - done);
}

bool tty_out_is_ready(struct tty_out *o)
{
    struct pollfd p = {.fd = o->fd, .events = POLLOUT};
    send_rest(o);
    return !tty_out_has_rest(o) && poll(&p, 1, 0) > 0;
}

void tty_out_finish(struct tty_out *o)
{
    int64_t end = time_monotonic_us() + LAST_WAIT_US;
    for (send_rest(o); tty_out_has_rest(o); send_rest(o)) {
        struct pollfd p = {.fd = o->fd, .events = POLLOUT};
        int64_t left = end - time_monotonic_us();
        if (left <= 0)
            return;
        poll(&p, 1, (int)(left / 1000) + 1);
    }
}
