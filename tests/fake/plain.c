/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fake/plain.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "quorum/mem.h"

enum { CLIENTS_MAX = 512 };

struct plain_client {
    struct plain *server;
    int fd;
    struct loop_io *io;
    struct buf in;
    bool closing; /* inside its handler */
};

struct plain {
    struct loop *loop;
    plain_handler *handler;
    void *arg;
    int fd;
    struct loop_io *io;
    struct plain_client *client[CLIENTS_MAX];
    int nclients, requests;
    char url[40];
};

static void drop(struct plain_client *c)
{
    for (int i = 0; i < c->server->nclients; i++)
        if (c->server->client[i] == c)
            c->server->client[i] = NULL;
    loop_io_free(c->io);
    close(c->fd);
    buf_release(&c->in);
    mem_free(c);
}

void plain_close(struct plain_client *c)
{
    c->closing = true;
}

void plain_write(struct plain_client *c, const char *bytes, size_t len)
{
    /* Tests write less than a socket's buffer holds; a peer that went away is no matter. */
    while (len > 0) {
        ssize_t n = send(c->fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        bytes += n;
        len -= (size_t)n;
    }
}

void plain_answer(struct plain_client *c, int status, const char *headers, const char *body)
{
    struct buf b = {0};
    buf_printf(&b, "HTTP/1.1 %d X\r\n%sContent-Length: %zu\r\n\r\n%s", status, headers,
               strlen(body), body);
    plain_write(c, b.data, b.len);
    buf_release(&b);
}

/* Length of the first request in the buffer, 0 when it is not complete. */
static size_t request_size(const struct buf *b)
{
    const char *end = b->data ? strstr(b->data, "\r\n\r\n") : NULL;
    if (!end)
        return 0;
    const char *length = strcasestr(b->data, "\r\ncontent-length:");
    size_t size = (size_t)(end - b->data) + 4;
    if (length && length < end)
        size += strtoul(length + 17, NULL, 10);
    return b->len >= size ? size : 0;
}

static void client_ready(void *arg, int events)
{
    struct plain_client *c = arg;
    char bytes[16384];
    (void)events;
    ssize_t n = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        drop(c);
        return;
    }
    buf_add(&c->in, bytes, (size_t)n);
    size_t size;
    while (!c->closing && (size = request_size(&c->in)) > 0) {
        char *request = mem_alloc(size + 1);
        struct buf rest = {0};
        memcpy(request, c->in.data, size);
        buf_add(&rest, c->in.data + size, c->in.len - size);
        buf_release(&c->in);
        c->in = rest;
        c->server->handler(c->server->arg, c, request, ++c->server->requests);
        mem_free(request);
    }
    if (c->closing)
        drop(c);
}

static void accept_one(void *arg, int events)
{
    struct plain *p = arg;
    (void)events;
    int fd = accept4(p->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    assert(p->nclients < CLIENTS_MAX);
    struct plain_client *c = mem_alloc(sizeof *c);
    *c = (struct plain_client){.server = p, .fd = fd};
    c->io = loop_io_new(p->loop, fd, client_ready, c);
    loop_io_want(c->io, LOOP_READ);
    p->client[p->nclients++] = c;
}

struct plain *plain_new(struct loop *l, plain_handler *handler, void *arg)
{
    struct plain *p = mem_alloc(sizeof *p);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    *p = (struct plain){.loop = l, .handler = handler, .arg = arg};
    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (p->fd < 0 || bind(p->fd, (struct sockaddr *)&a, size) < 0 || listen(p->fd, 512) < 0 ||
        getsockname(p->fd, (struct sockaddr *)&a, &size) < 0)
        abort();
    snprintf(p->url, sizeof p->url, "http://127.0.0.1:%u", ntohs(a.sin_port));
    p->io = loop_io_new(l, p->fd, accept_one, p);
    loop_io_want(p->io, LOOP_READ);
    return p;
}

void plain_free(struct plain *p)
{
    if (!p)
        return;
    for (int i = 0; i < p->nclients; i++)
        if (p->client[i])
            drop(p->client[i]);
    loop_io_free(p->io);
    close(p->fd);
    mem_free(p);
}

const char *plain_url(const struct plain *p)
{
    return p->url;
}

int plain_connections(const struct plain *p)
{
    return p->nclients;
}

int plain_requests(const struct plain *p)
{
    return p->requests;
}
