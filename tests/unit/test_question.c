/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ui/question.h"

enum { MS = 1000 };

static struct key key(const char *name)
{
    struct key k;
    assert_true(key_parse(name, &k));
    return k;
}

static enum question_outcome press(struct question *q, const char *name, int64_t now)
{
    struct key k = key(name);
    return question_key(q, &k, now);
}

static void keys_typed_before_a_question_never_answer_it(void **state)
{
    struct question q;
    (void)state;
    question_open(&q, 2, "", "pause? [y/N]", 0);
    assert_int_equal(press(&q, "y", 5 * MS), QUESTION_STAYS);
    assert_int_equal(press(&q, "n", 5 * MS), QUESTION_STAYS);
    assert_int_equal(press(&q, "Esc", 5 * MS), QUESTION_STAYS);
    question_painted(&q, 10 * MS);
    assert_int_equal(press(&q, "y", 11 * MS), QUESTION_STAYS);
    assert_int_equal(press(&q, "y", 409 * MS), QUESTION_STAYS);
    assert_int_equal(press(&q, "y", 410 * MS), QUESTION_YES);
}

static void what_the_window_is_too_small_to_show_is_not_answered(void **state)
{
    struct question q;
    char prompt[80];
    (void)state;
    question_open(&q, 2, "", "pause? [y/N]", 0);
    question_painted(&q, 1 * MS);
    question_fits(&q, false); /* it was made smaller meanwhile */
    question_painted(&q, 2 * MS);
    assert_int_equal(press(&q, "y", 900 * MS), QUESTION_STAYS);
    question_prompt(&q, prompt, sizeof prompt);
    assert_non_null(strstr(prompt, "enlarge"));
    question_fits(&q, true);
    question_painted(&q, 1000 * MS);
    assert_int_equal(press(&q, "y", 1100 * MS), QUESTION_STAYS); /* read it first */
    assert_int_equal(press(&q, "y", 1500 * MS), QUESTION_YES);
    question_fits(&q, false);
    assert_int_equal(press(&q, "Esc", 1500 * MS), QUESTION_NO);
}

static void all_but_y_is_no(void **state)
{
    static const char *const no[] = {"n", "Enter", "Esc", "Y", "q", "Down", "C-c", "C-y", "M-y"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(no); i++) {
        struct question q;
        question_open(&q, 2, "", "pause? [y/N]", 0);
        question_painted(&q, 1);
        assert_int_equal(press(&q, no[i], 900 * MS), QUESTION_NO);
    }
}

static void a_word_must_be_typed_as_it_stands(void **state)
{
    struct question q;
    (void)state;
    question_open(&q, 3, "PAUSE HALT FLATTEN", "type one:", 0);
    press(&q, "H", 1);
    question_painted(&q, 1);
    press(&q, "H", 100 * MS); /* too early */
    for (const char *p = "HALX"; *p; p++)
        assert_int_equal(press(&q, (char[]){*p, 0}, 500 * MS), QUESTION_STAYS);
    assert_int_equal(press(&q, "Backspace", 500 * MS), QUESTION_STAYS);
    press(&q, "T", 500 * MS);
    assert_string_equal(q.typed, "HALT");
    assert_int_equal(press(&q, "Enter", 500 * MS), QUESTION_YES);
    memcpy(q.typed, "HAL", 4);
    assert_int_equal(press(&q, "Enter", 500 * MS), QUESTION_NO);
    memcpy(q.typed, "", 1);
    assert_int_equal(press(&q, "Enter", 500 * MS), QUESTION_NO);
    memcpy(q.typed, "halt", 5);
    assert_int_equal(press(&q, "Enter", 500 * MS), QUESTION_NO);
}

static void what_changed_must_be_agreed_to_anew(void **state)
{
    struct question q;
    (void)state;
    question_open(&q, 2, "", "close AAPL? [y/N]", 0);
    question_painted(&q, 1);
    question_changed(&q, "28 shares are 20 now");
    question_changed(&q, "28 shares are 14 now");
    assert_int_equal(q.lines, 1); /* the last word of it */
    assert_string_equal(q.text[0], " CHANGED while you looked: 28 shares are 14 now");
    assert_int_equal(press(&q, "y", 900 * MS), QUESTION_STAYS);
    question_painted(&q, 1000 * MS);
    assert_int_equal(press(&q, "y", 1100 * MS), QUESTION_STAYS);
    assert_int_equal(press(&q, "y", 1400 * MS), QUESTION_YES);
}

static void silence_is_no(void **state)
{
    struct question q;
    (void)state;
    question_open(&q, 2, "", "pause? [y/N]", 0);
    question_painted(&q, 1);
    assert_false(question_is_over(&q, 59999 * MS));
    assert_true(question_is_over(&q, 60000 * MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_typed_before_a_question_never_answer_it),
        cmocka_unit_test(what_the_window_is_too_small_to_show_is_not_answered),
        cmocka_unit_test(all_but_y_is_no),
        cmocka_unit_test(a_word_must_be_typed_as_it_stands),
        cmocka_unit_test(what_changed_must_be_agreed_to_anew),
        cmocka_unit_test(silence_is_no),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
