/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Golden figures of tests/golden as JSON, for the tests of arithmetic. */
#ifndef QUORUM_TEST_GOLDEN_JSON_H
#define QUORUM_TEST_GOLDEN_JSON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <json-c/json.h>

static inline json_object *golden_file(const char *name)
{
    const char *dir = getenv("QUORUM_TEST_DIR");
    char path[4096];
    snprintf(path, sizeof path, "%s/golden/%s", dir ? dir : "tests", name);
    json_object *file = json_object_from_file(path);
    assert_non_null(file);
    return file;
}

static inline json_object *golden_member(json_object *o, const char *name)
{
    json_object *member = NULL;
    assert_true(json_object_object_get_ex(o, name, &member));
    return member;
}

static inline double golden_number(json_object *o, const char *name)
{
    return json_object_get_double(golden_member(o, name));
}

static inline size_t golden_rows(json_object *rows)
{
    size_t n = json_object_array_length(rows);
    assert_true(n > 0);
    return n;
}

static inline double golden_cell(json_object *rows, size_t row, size_t column)
{
    json_object *line = json_object_array_get_idx(rows, row);
    assert_true(column < json_object_array_length(line));
    return json_object_get_double(json_object_array_get_idx(line, column));
}

/* Numbers of a list; the count is returned. */
static inline size_t golden_list(json_object *list, double *out, size_t room)
{
    size_t n = json_object_array_length(list);
    assert_true(n > 0 && n <= room);
    for (size_t i = 0; i < n; i++)
        out[i] = json_object_get_double(json_object_array_get_idx(list, i));
    return n;
}

static inline void assert_near(double got, double want, double relative)
{
    if (!(fabs(got - want) <= relative * fmax(fabs(want), 1e-3)))
        fail_msg("got %.17g, want %.17g", got, want);
}

#endif
