/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fake_market.c as a program, for tests of the whole binary: prints its address in one line and
 * serves until its input ends.
 *     market_server [ENDPOINT=FAULT[:TIMES]...]     e.g. quote=down:1 eod=symbol-plan
 * A line of the same form on its input changes it while it runs; "calls" prints the calls so far.
 */
#include <stdio.h>
#include <string.h>

#include "fake/fake_market.h"
#include "quorum/buf.h"
#include "quorum/text.h"

static bool obey(struct fake_market *f, const char *text)
{
    char endpoint[24], fault[24], number[12];
    int64_t times = -1;
    size_t e = strcspn(text, "=\n");
    if (text[e] != '=')
        return false;
    copy_bytes(endpoint, sizeof endpoint, text, e);
    text += e + 1;
    size_t n = strcspn(text, ":\n");
    copy_bytes(fault, sizeof fault, text, n);
    if (text[n] == ':') {
        copy_bytes(number, sizeof number, text + n + 1, strcspn(text + n + 1, "\n"));
        if (!text_to_int64(number, &times))
            return false;
    }
    for (int i = 0; i < FAKE_FAULTS; i++) {
        if (strcmp(fault, fake_fault_name((enum fake_fault)i)) != 0)
            continue;
        fake_market_fail(f, strcmp(endpoint, "all") == 0 ? NULL : endpoint, (enum fake_fault)i,
                         (int)times);
        return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    struct fake_market *f = fake_market_start(NULL);
    char line[120];
    if (!f)
        return 1;
    for (int i = 1; i < argc; i++) {
        if (!obey(f, argv[i])) {
            fprintf(stderr, "market_server: \"%s\" is no ENDPOINT=FAULT\n", argv[i]);
            fake_market_stop(f);
            return 2;
        }
    }
    printf("%s\n", fake_market_url(f));
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        if (strncmp(line, "calls", 5) == 0)
            printf("%d %s\n", fake_market_calls(f, NULL), fake_market_wrong(f));
        else
            printf("%s\n", obey(f, line) ? "ok" : "what?");
        fflush(stdout);
    }
    fake_market_stop(f);
    return 0;
}
