/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/capture.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

int capture(char *dst, size_t size, const char *const *argv)
{
    int pipes[2], status;
    size_t n = 0;
    dst[0] = '\0';
    if (pipe2(pipes, O_CLOEXEC) < 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, STDIN_FILENO);
        dup2(pipes[1], STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    close(pipes[1]);
    for (ssize_t k; n + 1 < size && (k = read(pipes[0], dst + n, size - n - 1)) > 0;)
        n += (size_t)k;
    dst[n] = '\0';
    close(pipes[0]);
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
