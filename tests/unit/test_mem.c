/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mem.c is compiled into this test with an allocator that can be told to fail. */
#include <setjmp.h>
#include <signal.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static long allocations, fail_at; /* the fail_at-th allocation fails; 0: none */

static void *failing_calloc(size_t n, size_t size)
{
    return ++allocations == fail_at ? NULL : (calloc)(n, size);
}

static void *failing_realloc(void *p, size_t size)
{
    return ++allocations == fail_at ? NULL : (realloc)(p, size);
}

#define calloc  failing_calloc
#define realloc failing_realloc
#include "core/base/mem.c" // NOLINT(bugprone-suspicious-include)
#undef calloc
#undef realloc

#include "quorum/buf.h"
#include "quorum/text.h"

static void memory_is_zeroed_and_aligned(void **state)
{
    struct arena a = {0};
    (void)state;
    for (size_t size = 0; size < 6000; size += size < 64 ? 1 : 97) {
        unsigned char *p = arena_alloc(&a, size);
        assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xa5, size); /* ASan: the whole of it is ours */
    }
    arena_release(&a);
    arena_release(&a);
    unsigned char *p = mem_array(3, 7);
    for (size_t i = 0; i < 21; i++)
        assert_int_equal(p[i], 0);
    mem_free(p);
    mem_free(mem_alloc(0));
    mem_free(mem_array(0, 8));
    mem_free(NULL);
}

/* Every piece keeps its bytes while others come and go around it. */
static void pieces_of_an_arena_do_not_overlap(void **state)
{
    enum { N = 3000 };
    struct arena a = {0};
    static unsigned char *piece[N];
    static size_t size[N];
    uint32_t random = 12345;
    (void)state;
    for (int i = 0; i < N; i++) {
        random = random * 1664525 + 1013904223;
        size[i] = random >> 8 & (i % 50 == 0 ? 0x3fff : 0xff);
        piece[i] = arena_alloc(&a, size[i]);
        memset(piece[i], i & 0xff, size[i]);
    }
    for (int i = 0; i < N; i++)
        for (size_t k = 0; k < size[i]; k++)
            assert_int_equal(piece[i][k], i & 0xff);
    arena_release(&a);
}

static void a_big_piece_does_not_waste_the_block_being_filled(void **state)
{
    struct arena a = {0};
    (void)state;
    char *first = arena_alloc(&a, 16);
    char *big = arena_alloc(&a, 1 << 20);
    char *second = arena_alloc(&a, 16);
    assert_ptr_equal(second, first + 16);
    memset(big, 1, 1 << 20);
    arena_release(&a);
    /* And when the big one comes first. */
    memset(arena_alloc(&a, 1 << 20), 1, 1 << 20);
    memset(arena_alloc(&a, 16), 2, 16);
    memset(arena_alloc(&a, 16), 3, 16);
    arena_release(&a);
}

static void copied_text_is_whole(void **state)
{
    struct arena a = {0};
    (void)state;
    assert_null(mem_text(NULL));
    assert_null(arena_text(&a, NULL));
    char *t = mem_text("text");
    assert_string_equal(t, "text");
    mem_free(t);
    assert_string_equal(arena_text(&a, ""), "");
    assert_string_equal(arena_printf(&a, "%d of %s", 2, "three"), "2 of three");
    assert_int_equal(strlen(arena_printf(&a, "%5000d", 1)), 5000);
    arena_release(&a);
    int *grown = mem_grow(NULL, 2, sizeof *grown);
    grown[0] = 1;
    grown[1] = 2;
    grown = mem_grow(grown, 4000, sizeof *grown);
    assert_int_equal(grown[0] + grown[1], 3);
    mem_free(grown);
}

static void hook(void)
{
    static const char text[] = "terminal restored\n";
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        _exit(99);
}

/* Runs `body` in a child that must die of running out of memory, terminal first. */
static void expect_exhausted(void (*body)(void))
{
    int fd[2], status;
    char said[256] = "";
    size_t n = 0;
    assert_int_equal(pipe(fd), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const struct rlimit no_core = {0};
        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGABRT, SIG_DFL);
        dup2(fd[1], STDERR_FILENO);
        mem_on_exhausted(hook);
        body();
        _exit(0);
    }
    close(fd[1]);
    for (ssize_t got; (got = read(fd[0], said + n, sizeof said - 1 - n)) > 0;)
        n += (size_t)got;
    close(fd[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_string_equal(said, "terminal restored\nquorum: out of memory\n");
}

static void array_that_wraps(void)
{
    mem_array(SIZE_MAX / 2, 3);
}

static void growth_that_wraps(void)
{
    mem_grow(NULL, SIZE_MAX / 4 + 2, 4);
}

static void arena_that_wraps(void)
{
    struct arena a = {0};
    arena_alloc(&a, SIZE_MAX - 8);
}

static void a_size_that_wraps_ends_the_program_and_gives_no_small_block(void **state)
{
    (void)state;
    expect_exhausted(array_that_wraps);
    expect_exhausted(growth_that_wraps);
    expect_exhausted(arena_that_wraps);
}

/* A bit of everything in base that allocates. */
static void work(void)
{
    struct arena a = {0};
    struct buf b = {0};
    struct json j;
    for (int i = 0; i < 40; i++)
        buf_printf(&b, "%d \033[1m ", i * i * i);
    sanitize(&b, untrusted("\xe2\x80\xae hostile"), TEXT_LINE, 0);
    for (int i = 0; i < 4; i++)
        arena_printf(&a, "%900d", i);
    arena_text(&a, b.data);
    arena_alloc(&a, 1 << 16);
    char *t = mem_text(b.data);
    t = mem_grow(t, 10000, 1);
    mem_free(t);
    buf_clear(&b);
    json_begin(&j, &b);
    json_str(&j, NULL, "x");
    mem_free(mem_array(10, 10));
    buf_release(&b);
    arena_release(&a);
}

/* Whichever allocation fails, the program ends in the one stated way and touches no NULL. */
static void every_failed_allocation_restores_the_terminal_and_aborts(void **state)
{
    (void)state;
    allocations = fail_at = 0;
    work();
    long all = allocations;
    assert_true(all > 8);
    for (fail_at = 1; fail_at <= all; fail_at++) {
        allocations = 0;
        expect_exhausted(work);
    }
    fail_at = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_and_aligned),
        cmocka_unit_test(pieces_of_an_arena_do_not_overlap),
        cmocka_unit_test(a_big_piece_does_not_waste_the_block_being_filled),
        cmocka_unit_test(copied_text_is_whole),
        cmocka_unit_test(a_size_that_wraps_ends_the_program_and_gives_no_small_block),
        cmocka_unit_test(every_failed_allocation_restores_the_terminal_and_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
