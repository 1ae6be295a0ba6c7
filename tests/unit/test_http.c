/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fake/plain.h"
#include "quorum/http.h"
#include "quorum/mem.h"
#include "quorum/timeutil.h"

enum { LONG_MS = 20000 };

/* One call and what came of it. */
struct outcome {
    int done;
    enum http_failure failure;
    bool sent;
    int status;
    char problem[200], body[300], header[100];
    size_t body_len;
    struct buf streamed;
    struct http_call *cancel_in_data;
};

struct world {
    struct loop *loop;
    struct http *http;
    struct plain *server;
    struct buf request; /* the last one */
    plain_handler *handler;
    struct plain_client *held;
    char other[64]; /* where a redirect points to */
};

static void finished(void *arg, const struct http_response *r)
{
    struct outcome *o = arg;
    o->done++;
    o->failure = r->failure;
    o->sent = r->sent;
    o->status = r->status;
    o->body_len = r->body_len;
    copy_text(o->problem, sizeof o->problem, r->problem);
    copy_bytes(o->body, sizeof o->body, r->body, r->body_len);
    http_header(r, "x-test", o->header, sizeof o->header);
}

static void streamed(void *arg, const char *bytes, size_t len)
{
    struct outcome *o = arg;
    buf_add(&o->streamed, bytes, len);
    if (o->cancel_in_data)
        http_cancel(o->cancel_in_data);
}

static bool is_done(void *arg)
{
    return ((const struct outcome *)arg)->done > 0;
}

static void dispatch(void *arg, struct plain_client *c, const char *request, int number)
{
    struct world *w = arg;
    buf_clear(&w->request);
    buf_str(&w->request, request);
    w->handler(w, c, request, number);
}

static int open_world(void **state)
{
    struct world *w = mem_alloc(sizeof *w);
    w->loop = loop_new();
    w->http = http_new(w->loop);
    w->server = plain_new(w->loop, dispatch, w);
    *state = w;
    return 0;
}

static int close_world(void **state)
{
    struct world *w = *state;
    http_free(w->http);
    plain_free(w->server);
    buf_release(&w->request);
    loop_free(w->loop);
    mem_free(w);
    return 0;
}

static const char *url(const struct world *w, const char *path)
{
    static char text[120];
    snprintf(text, sizeof text, "%s%s", plain_url(w->server), path);
    return text;
}

static struct outcome run(struct world *w, const struct http_request *r)
{
    struct outcome o = {.done = 0};
    assert_non_null(http_send(w->http, r, finished, &o));
    assert_int_equal(o.done, 0);
    assert_true(loop_run_until(w->loop, is_done, &o, LONG_MS));
    assert_int_equal(o.done, 1);
    return o;
}

static struct outcome get(struct world *w, const char *path)
{
    return run(w, &(struct http_request){.method = "GET", .url = url(w, path)});
}

static struct outcome post(struct world *w, const char *path, const char *body)
{
    return run(w, &(struct http_request){.method = "POST",
                                         .url = url(w, path),
                                         .header = {"x-key: secret", "content-type: text/plain"},
                                         .nheaders = 2,
                                         .body = body,
                                         .body_len = strlen(body)});
}

static void answer_fine(void *arg, struct plain_client *c, const char *request, int number)
{
    (void)arg;
    (void)request;
    (void)number;
    plain_answer(c, 200, "X-Test:  a value \r\n", "hello");
}

static void a_request_arrives_whole_and_its_answer_comes_back(void **state)
{
    struct world *w = *state;
    w->handler = answer_fine;
    struct outcome o = post(w, "/path?x=1", "some body");
    assert_int_equal(o.failure, HTTP_OK);
    assert_true(o.sent);
    assert_int_equal(o.status, 200);
    assert_string_equal(o.body, "hello");
    assert_string_equal(o.header, "a value");
    assert_string_equal(o.problem, "");
    assert_non_null(strstr(buf_text(&w->request), "POST /path?x=1 HTTP/1.1\r\n"));
    assert_non_null(strstr(buf_text(&w->request), "x-key: secret\r\n"));
    assert_non_null(strstr(buf_text(&w->request), "\r\n\r\nsome body"));
    assert_null(strcasestr(buf_text(&w->request), "expect:"));
}

static void a_second_call_does_not_pay_for_a_connection_again(void **state)
{
    struct world *w = *state;
    w->handler = answer_fine;
    for (int i = 0; i < 5; i++)
        assert_int_equal(get(w, "/").status, 200);
    assert_int_equal(plain_connections(w->server), 1);
}

static void a_large_body_is_not_held_up_by_a_question_to_the_server(void **state)
{
    struct world *w = *state;
    size_t size = 3 << 20;
    char *body = mem_alloc(size + 1);
    memset(body, 'x', size);
    w->handler = answer_fine;
    struct outcome o = post(w, "/", body);
    assert_int_equal(o.status, 200);
    assert_null(strcasestr(buf_text(&w->request), "expect:"));
    mem_free(body);
}

static void an_unreachable_server_is_known_to_have_seen_nothing(void **state)
{
    struct world *w = *state;
    char address[64];
    struct plain *gone = plain_new(w->loop, answer_fine, NULL);
    snprintf(address, sizeof address, "%s/", plain_url(gone));
    plain_free(gone);
    struct http_request r = {.method = "GET", .url = address};
    struct outcome o = run(w, &r);
    assert_int_equal(o.failure, HTTP_CONNECT);
    assert_false(o.sent);
    assert_int_equal(o.status, 0);
    assert_true(o.problem[0] != '\0');
}

static void other_protocols_and_broken_addresses_are_refused(void **state)
{
    static const char *const urls[] = {
        "file:///etc/passwd", "ftp://127.0.0.1/",       "gopher://x/", "http://", "",
        "no address",         "http://127.0.0.1:99999/"};
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        struct http_request r = {.method = "GET", .url = urls[i]};
        struct outcome o = run(*state, &r);
        assert_int_equal(o.failure, HTTP_CONNECT);
        assert_false(o.sent);
        assert_int_equal(o.body_len, 0);
    }
}

static void a_value_cannot_smuggle_in_a_header(void **state)
{
    struct world *w = *state;
    w->handler = answer_fine;
    struct http_request r = {
        .method = "GET", .url = url(w, "/"), .header = {"x-key: abc\r\nx-other: 1"}, .nheaders = 1};
    struct outcome o = run(w, &r);
    assert_int_equal(o.failure, HTTP_CONNECT);
    assert_false(o.sent);
    assert_int_equal(plain_requests(w->server), 0);
}

/* ---- deadlines ---- */

static void answer_nothing(void *arg, struct plain_client *c, const char *request, int number)
{
    struct world *w = arg;
    (void)request;
    (void)number;
    w->held = c;
}

static void answer_half(void *arg, struct plain_client *c, const char *request, int number)
{
    static const char half[] = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345";
    (void)arg;
    (void)request;
    (void)number;
    plain_write(c, half, sizeof half - 1);
}

static void a_silent_server_is_given_up_by_the_first_byte_deadline(void **state)
{
    struct world *w = *state;
    w->handler = answer_nothing;
    struct http_request r = {
        .method = "GET", .url = url(w, "/"), .first_byte_ms = 30, .total_ms = 60000};
    int64_t begin = time_monotonic_us();
    struct outcome o = run(w, &r);
    assert_int_equal(o.failure, HTTP_TIMEOUT);
    assert_true(o.sent);
    assert_true(time_monotonic_us() - begin >= 30000);
    assert_non_null(strstr(o.problem, "30 ms"));
}

static void a_stalled_answer_is_given_up_by_the_total_deadline(void **state)
{
    struct world *w = *state;
    w->handler = answer_half;
    struct http_request r = {
        .method = "GET", .url = url(w, "/"), .first_byte_ms = 20, .total_ms = 60};
    int64_t begin = time_monotonic_us();
    struct outcome o = run(w, &r);
    assert_int_equal(o.failure, HTTP_TIMEOUT);
    assert_int_equal(o.status, 200);
    assert_true(time_monotonic_us() - begin >= 60000);
}

/* The loop was busy while the answer came: paid for is paid for. */
static void an_answer_that_waits_in_the_socket_at_the_deadline_is_taken(void **state)
{
    struct world *w = *state;
    struct outcome o = {.done = 0};
    struct http_request r = {.method = "GET", .url = url(w, "/"), .total_ms = 50};
    w->handler = answer_nothing;
    http_send(w->http, &r, finished, &o);
    while (!w->held)
        loop_run_until(w->loop, is_done, &o, 0);
    plain_answer(w->held, 200, "", "late");
    while (poll(NULL, 0, 60) != 0) /* a turn of the loop that takes too long */
        ;
    assert_true(loop_run_until(w->loop, is_done, &o, LONG_MS));
    assert_int_equal(o.failure, HTTP_OK);
    assert_string_equal(o.body, "late");
}

/* ---- redirects ---- */

static void redirect(void *arg, struct plain_client *c, const char *request, int number)
{
    struct world *w = arg;
    char location[120];
    (void)number;
    if (strstr(request, " /target ")) {
        plain_answer(c, 200, "", "arrived");
        return;
    }
    snprintf(location, sizeof location, "Location: %s\r\n", w->other);
    plain_answer(c, strstr(request, " /307 ") ? 307 : 302, location, "moved");
}

static void a_redirect_on_the_same_host_is_followed(void **state)
{
    struct world *w = *state;
    w->handler = redirect;
    copy_text(w->other, sizeof w->other, "/target");
    struct outcome o = get(w, "/302");
    assert_int_equal(o.status, 200);
    assert_string_equal(o.body, "arrived");
    o = post(w, "/307", "the body");
    assert_int_equal(o.status, 200);
    assert_non_null(strstr(buf_text(&w->request), "POST /target"));
    assert_non_null(strstr(buf_text(&w->request), "the body"));
    o = post(w, "/302", "the body");
    assert_int_equal(o.status, 302);
}

static void a_redirect_never_carries_the_key_to_another_place(void **state)
{
    struct world *w = *state;
    struct world thief = {.loop = w->loop, .handler = answer_fine};
    w->handler = redirect;
    thief.server = plain_new(w->loop, dispatch, &thief);
    snprintf(w->other, sizeof w->other, "%s/target", plain_url(thief.server));
    assert_int_equal(post(w, "/307", "b").status, 307);
    assert_int_equal(get(w, "/302").status, 302);
    copy_text(w->other, sizeof w->other, "http://localhost/target");
    assert_int_equal(get(w, "/302").status, 302);
    copy_text(w->other, sizeof w->other, "file:///etc/passwd");
    assert_int_equal(get(w, "/302").status, 302);
    assert_int_equal(plain_requests(thief.server), 0);
    plain_free(thief.server);
    buf_release(&thief.request);
}

static void a_circle_of_redirects_ends(void **state)
{
    struct world *w = *state;
    w->handler = redirect;
    copy_text(w->other, sizeof w->other, "/302");
    assert_int_equal(get(w, "/302").status, 302);
    assert_int_equal(plain_requests(w->server), 4);
}

/* ---- bodies ---- */

static void answer_by_path(void *arg, struct plain_client *c, const char *request, int number)
{
    static const char chunked[] = "HTTP/1.1 103 Early Hints\r\nX-Test: early\r\n\r\n"
                                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "5\r\nabcde\r\n14\r\n01234567890123456789\r\n0\r\n\r\n";
    static const char unended[] = "HTTP/1.1 200 OK\r\n\r\nall of it";
    static const char garbage[] = "nothing like HTTP\r\n\r\n";
    (void)arg;
    (void)number;
    if (strstr(request, " /chunked "))
        plain_write(c, chunked, sizeof chunked - 1);
    else if (strstr(request, " /half "))
        answer_half(arg, c, request, number);
    else if (strstr(request, " /unended "))
        plain_write(c, unended, sizeof unended - 1);
    else if (strstr(request, " /garbage "))
        plain_write(c, garbage, sizeof garbage - 1);
    else
        plain_answer(c, 200, "", "0123456789012345678901234");
    if (!strstr(request, " /chunked ") && !strstr(request, " /length "))
        plain_close(c);
}

static void a_body_larger_than_allowed_is_not_taken(void **state)
{
    struct world *w = *state;
    static const char *const paths[] = {"/length", "/chunked"};
    w->handler = answer_by_path;
    for (size_t i = 0; i < 2; i++) {
        struct http_request r = {.method = "GET", .url = url(w, paths[i]), .max_body = 24};
        struct outcome o = run(w, &r);
        assert_int_equal(o.failure, HTTP_TOO_LARGE);
        assert_true(o.body_len <= 24);
        r.max_body = 25;
        o = run(w, &r);
        assert_int_equal(o.failure, HTTP_OK);
        assert_int_equal(o.body_len, 25);
        assert_string_equal(o.header, ""); /* not that of the interim response */
    }
}

static void a_connection_that_breaks_is_told_from_an_answer(void **state)
{
    struct world *w = *state;
    w->handler = answer_by_path;
    struct outcome o = get(w, "/half");
    assert_int_equal(o.failure, HTTP_CUT);
    assert_true(o.sent);
    o = get(w, "/garbage");
    assert_int_equal(o.failure, HTTP_CUT);
    o = get(w, "/unended");
    assert_int_equal(o.failure, HTTP_OK);
    assert_string_equal(o.body, "all of it");
}

static void a_streamed_body_comes_in_pieces_and_whole(void **state)
{
    struct world *w = *state;
    struct outcome o = {.done = 0};
    struct http_request r = {.method = "GET", .url = url(w, "/chunked"), .on_data = streamed};
    w->handler = answer_by_path;
    http_send(w->http, &r, finished, &o);
    assert_true(loop_run_until(w->loop, is_done, &o, LONG_MS));
    assert_string_equal(buf_text(&o.streamed), "abcde01234567890123456789");
    assert_string_equal(o.body, "abcde01234567890123456789");
    buf_release(&o.streamed);
}

/* ---- repeats ---- */

/* The second request on a connection is read and the connection closed without a byte. */
static void die_on_second(void *arg, struct plain_client *c, const char *request, int number)
{
    (void)arg;
    (void)request;
    if (number == 2)
        plain_close(c);
    else
        plain_answer(c, 200, "", "fine");
}

static void a_paid_request_is_never_sent_twice_behind_the_budget(void **state)
{
    struct world *w = *state;
    w->handler = die_on_second;
    assert_int_equal(post(w, "/", "one").status, 200);
    struct outcome o = post(w, "/", "two");
    assert_int_equal(o.failure, HTTP_CUT);
    assert_true(o.sent);
    assert_int_equal(plain_requests(w->server), 2);
}

/* ---- cancelling ---- */

static void a_cancelled_call_ends_once_and_from_the_loop(void **state)
{
    struct world *w = *state;
    struct outcome o = {.done = 0}, never_started = {.done = 0};
    struct http_request r = {.method = "GET", .url = url(w, "/")};
    w->handler = answer_nothing;
    struct http_call *c = http_send(w->http, &r, finished, &o);
    while (!w->held)
        loop_run_until(w->loop, is_done, &o, 0);
    http_cancel(c);
    http_cancel(c);
    assert_int_equal(o.done, 0);
    assert_true(loop_run_until(w->loop, is_done, &o, LONG_MS));
    assert_int_equal(o.failure, HTTP_CANCELLED);
    assert_true(o.sent);
    http_cancel(http_send(w->http, &r, finished, &never_started));
    assert_true(loop_run_until(w->loop, is_done, &never_started, LONG_MS));
    assert_int_equal(never_started.failure, HTTP_CANCELLED);
    assert_false(never_started.sent);
    assert_int_equal(o.done, 1);
}

static void a_call_may_be_cancelled_while_its_bytes_arrive(void **state)
{
    struct world *w = *state;
    struct outcome o = {.done = 0};
    struct http_request r = {.method = "GET", .url = url(w, "/"), .on_data = streamed};
    w->handler = answer_half;
    o.cancel_in_data = http_send(w->http, &r, finished, &o);
    assert_true(loop_run_until(w->loop, is_done, &o, LONG_MS));
    assert_int_equal(o.failure, HTTP_CANCELLED);
    assert_int_equal(o.done, 1);
    buf_release(&o.streamed);
}

static void calls_that_are_open_at_the_end_are_told(void **state)
{
    struct world *w = *state;
    struct outcome o[3] = {{.done = 0}};
    struct http_request r = {.method = "GET", .url = url(w, "/")};
    struct http *h = http_new(w->loop);
    w->handler = answer_nothing;
    for (int i = 0; i < 2; i++)
        http_send(h, &r, finished, &o[i]);
    while (plain_requests(w->server) < 2)
        loop_run_until(w->loop, is_done, &o[0], 0);
    http_cancel(http_send(h, &r, finished, &o[2]));
    http_free(h);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(o[i].done, 1);
        assert_int_equal(o[i].failure, HTTP_CANCELLED);
    }
}

/* ---- many, and from inside callbacks ---- */

struct chain {
    struct world *w;
    int left, done;
    bool in_data;
};

static void chain_data(void *arg, const char *bytes, size_t len);
static void chain_next(void *arg, const struct http_response *r);

static void chain_send(struct chain *c)
{
    struct http_request r = {.method = "GET", .url = url(c->w, "/"), .on_data = chain_data};
    http_send(c->w->http, &r, chain_next, c);
}

static void chain_data(void *arg, const char *bytes, size_t len)
{
    struct chain *c = arg;
    (void)bytes;
    (void)len;
    if (c->in_data && c->left-- > 0)
        chain_send(c);
}

static void chain_next(void *arg, const struct http_response *r)
{
    struct chain *c = arg;
    assert_int_equal(r->failure, HTTP_OK);
    c->done++;
    if (!c->in_data && c->left-- > 0)
        chain_send(c);
}

static bool chain_is_done(void *arg)
{
    return ((const struct chain *)arg)->done == 21;
}

static void new_calls_may_be_made_from_inside_callbacks(void **state)
{
    struct world *w = *state;
    w->handler = answer_fine;
    for (int in_data = 0; in_data < 2; in_data++) {
        struct chain c = {.w = w, .left = 20, .in_data = in_data};
        chain_send(&c);
        assert_true(loop_run_until(w->loop, chain_is_done, &c, LONG_MS));
    }
}

struct many {
    int done, failed;
};

static void one_of_many(void *arg, const struct http_response *r)
{
    struct many *m = arg;
    m->done++;
    m->failed += r->failure != HTTP_OK || r->status != 200;
}

static bool many_are_done(void *arg)
{
    return ((const struct many *)arg)->done == 200;
}

static void two_hundred_calls_at_once_all_come_back(void **state)
{
    struct world *w = *state;
    struct many m = {.done = 0};
    w->handler = answer_fine;
    for (int i = 0; i < 200; i++) {
        struct http_request r = {.method = "GET", .url = url(w, "/")};
        http_send(w->http, &r, one_of_many, &m);
    }
    assert_true(loop_run_until(w->loop, many_are_done, &m, LONG_MS));
    assert_int_equal(m.failed, 0);
}

/* ---- proxies ---- */

static void a_proxy_is_used_for_the_world_and_never_for_this_machine(void **state)
{
    struct world *w = *state;
    struct world proxy = {.loop = w->loop, .handler = answer_fine};
    proxy.server = plain_new(w->loop, dispatch, &proxy);
    w->handler = answer_fine;
    setenv("http_proxy", plain_url(proxy.server), 1);
    assert_int_equal(get(w, "/").status, 200);
    assert_int_equal(plain_requests(proxy.server), 0);
    struct http_request r = {.method = "GET", .url = "http://far.invalid/x"};
    assert_int_equal(run(w, &r).status, 200);
    unsetenv("http_proxy");
    assert_non_null(strstr(buf_text(&proxy.request), "GET http://far.invalid/x HTTP/1.1"));
    plain_free(proxy.server);
    buf_release(&proxy.request);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
    const struct CMUnitTest tests[] = {
        T(a_request_arrives_whole_and_its_answer_comes_back),
        T(a_second_call_does_not_pay_for_a_connection_again),
        T(a_large_body_is_not_held_up_by_a_question_to_the_server),
        T(an_unreachable_server_is_known_to_have_seen_nothing),
        T(other_protocols_and_broken_addresses_are_refused),
        T(a_value_cannot_smuggle_in_a_header),
        T(a_silent_server_is_given_up_by_the_first_byte_deadline),
        T(a_stalled_answer_is_given_up_by_the_total_deadline),
        T(an_answer_that_waits_in_the_socket_at_the_deadline_is_taken),
        T(a_redirect_on_the_same_host_is_followed),
        T(a_redirect_never_carries_the_key_to_another_place),
        T(a_circle_of_redirects_ends),
        T(a_body_larger_than_allowed_is_not_taken),
        T(a_connection_that_breaks_is_told_from_an_answer),
        T(a_streamed_body_comes_in_pieces_and_whole),
        T(a_paid_request_is_never_sent_twice_behind_the_budget),
        T(a_cancelled_call_ends_once_and_from_the_loop),
        T(a_call_may_be_cancelled_while_its_bytes_arrive),
        T(calls_that_are_open_at_the_end_are_told),
        T(new_calls_may_be_made_from_inside_callbacks),
        T(two_hundred_calls_at_once_all_come_back),
        T(a_proxy_is_used_for_the_world_and_never_for_this_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
