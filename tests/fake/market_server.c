/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fake_market.c as a program, for tests of the whole binary: prints its address in one line and
 * serves until its input ends.
 *     market_server [ENDPOINT=FAULT[:TIMES]...]     e.g. quote=down:1 eod=symbol-plan
 * A line of the same form on its input changes it while it runs; "calls" prints the calls so far.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake/fake_market.h"
#include "quorum/buf.h"

static bool obey(struct fake_market *f, const char *text)
{
    char endpoint[24], fault[24];
    int times = -1;
    if (sscanf(text, "%23[a-z-]=%23[a-z0-9-]:%d", endpoint, fault, &times) < 2)
        return false;
    for (int i = 0; i < FAKE_FAULTS; i++) {
        if (strcmp(fault, fake_fault_name((enum fake_fault)i)) != 0)
            continue;
        fake_market_fail(f, strcmp(endpoint, "all") == 0 ? NULL : endpoint, (enum fake_fault)i,
                         times);
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
