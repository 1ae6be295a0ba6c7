/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether the process that holds an evaluation is still there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "quorum/desk.h"

/* A child that tells its owner name and waits for the end of its input. */
static pid_t start_owner(char *name, size_t size, int *hold)
{
    int up[2], down[2];
    assert_int_equal(pipe(up), 0);
    assert_int_equal(pipe(down), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char none;
        close(down[1]);
        const char *self = owner_self();
        ssize_t told = write(up[1], self, strlen(self) + 1);
        ssize_t ended = read(down[0], &none, 1);
        _exit(told > 0 && ended == 0 ? 0 : 1);
    }
    close(up[1]);
    close(down[0]);
    assert_true(read(up[0], name, size) > 0);
    close(up[0]);
    *hold = down[1];
    return pid;
}

static void work_of_the_living_is_left_alone(void **state)
{
    char name[200];
    int hold;
    (void)state;
    assert_false(owner_is_gone(owner_self()));
    pid_t pid = start_owner(name, sizeof name, &hold);
    assert_false(owner_is_gone(name));
    close(hold);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_true(owner_is_gone(name));
}

static void the_dead_are_gone_also_where_nobody_reaps_them(void **state)
{
    char name[200];
    siginfo_t info;
    int hold;
    (void)state;
    pid_t pid = start_owner(name, sizeof name, &hold);
    close(hold);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    assert_true(owner_is_gone(name));
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void only_a_lease_tells_about_another_host(void **state)
{
    (void)state;
    assert_false(owner_is_gone("another-host.example/1/1"));
    assert_false(owner_is_gone("nonsense"));
    assert_false(owner_is_gone(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_of_the_living_is_left_alone),
        cmocka_unit_test(the_dead_are_gone_also_where_nobody_reaps_them),
        cmocka_unit_test(only_a_lease_tells_about_another_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
