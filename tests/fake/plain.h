/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A TCP server in the test's own loop that a test answers by hand, byte by byte: for what a real
 * HTTP server would not do. */
#ifndef QUORUM_TESTS_FAKE_PLAIN_H
#define QUORUM_TESTS_FAKE_PLAIN_H

#include "quorum/buf.h"
#include "quorum/loop.h"

struct plain;
struct plain_client;

/* A whole request (header and body by its Content-Length) has come. `number` counts the requests
 * of this server from 1. */
typedef void plain_handler(void *arg, struct plain_client *c, const char *request, int number);

struct plain *plain_new(struct loop *l, plain_handler *handler, void *arg);
void plain_free(struct plain *p);
const char *plain_url(const struct plain *p); /* "http://127.0.0.1:PORT" */
int plain_connections(const struct plain *p); /* accepted so far */
int plain_requests(const struct plain *p);
void plain_write(struct plain_client *c, const char *bytes, size_t len);
/* "HTTP/1.1 STATUS", the header lines ("" or "name: value\r\n"), Content-Length and the body. */
void plain_answer(struct plain_client *c, int status, const char *headers, const char *body);
void plain_close(struct plain_client *c);

#endif
