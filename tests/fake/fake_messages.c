/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stand-in as a program for shell tests. Prints its port and serves until it is ended or its
 * parent dies; then prints what broke the API's rules and exits with 1 if anything did.
 *   fake_messages [--vote BUY] [--label BULL] [--confidence 75] [--usage 1000,100] [--latency MS]
 *                 [--kind NAME] [--mix SEED] [--key KEY] [--requests FILE] */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "fake/messages.h"
#include "quorum/text.h"

static bool read_usage(const char *text, struct fake_options *o)
{
    char in[24], out[24];
    const char *comma = strchr(text, ',');
    return comma && copy_bytes(in, sizeof in, text, (size_t)(comma - text)) &&
           copy_text(out, sizeof out, comma + 1) && text_to_int64(in, &o->input_tokens) &&
           text_to_int64(out, &o->output_tokens);
}

static bool read_option(const char *name, const char *value, struct fake_options *o)
{
    int64_t n = 0;
    bool is_int = text_to_int64(value, &n);
    if (strcmp(name, "--vote") == 0)
        o->vote = value;
    else if (strcmp(name, "--label") == 0)
        o->label = value;
    else if (strcmp(name, "--key") == 0)
        o->key = value;
    else if (strcmp(name, "--requests") == 0)
        o->request_file = value;
    else if (strcmp(name, "--usage") == 0)
        return read_usage(value, o);
    else if (strcmp(name, "--kind") == 0)
        return fake_kind_parse(value, &o->kind);
    else if (strcmp(name, "--confidence") == 0 && is_int)
        o->confidence = (int)n;
    else if (strcmp(name, "--latency") == 0 && is_int)
        o->latency_ms = (int)n;
    else if (strcmp(name, "--mix") == 0 && is_int) {
        o->mix = true;
        o->seed = (uint64_t)n;
    } else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    struct fake_options options = {.vote = NULL};
    sigset_t set;
    int caught;
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 >= argc || !read_option(argv[i], argv[i + 1], &options)) {
            fprintf(stderr, "fake_messages: cannot read %s\n", argv[i]);
            return 2;
        }
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL); /* before there are threads */
    signal(SIGPIPE, SIG_IGN);
    struct fake *f = fake_start(&options);
    if (!f) {
        fprintf(stderr, "fake_messages: cannot listen\n");
        return 2;
    }
    printf("%u\n", fake_port(f));
    fflush(stdout);
    sigwait(&set, &caught);
    size_t n = fake_violations(f);
    fprintf(stderr, "fake_messages: %zu requests, %zu violations\n", fake_requests(f), n);
    for (size_t i = 0; i < n; i++) {
        struct buf b = {0};
        fake_violation(f, i, &b);
        fprintf(stderr, "fake_messages: %s\n", buf_text(&b));
        buf_release(&b);
    }
    fake_stop(f);
    return n > 0;
}
