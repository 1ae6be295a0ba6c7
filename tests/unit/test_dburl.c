/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/store/dburl.h"
#include "quorum/db.h"
#include "quorum/mem.h"

static void expect(const char *url, const char *key, const char *value)
{
    struct conninfo c;
    struct error e = {0};

    if (conninfo_parse(url, &c, &e) != OK)
        fail_msg("%s: %s", url, e.text);
    if (value)
        assert_string_equal(conninfo_get(&c, key), value);
    else
        assert_null(conninfo_get(&c, key));
    conninfo_release(&c);
}

static void the_urls_people_have_are_understood(void **state)
{
    (void)state;
    expect("postgresql://me:pw@db.example:6432/desk", "host", "db.example");
    expect("postgresql://me:pw@db.example:6432/desk", "port", "6432");
    expect("postgres://me@localhost/desk", "dbname", "desk");
    expect("postgresql+psycopg2://me:pw@localhost:5432/desk", "dbname", "desk");
    expect("postgres+asyncpg://me:pw@localhost:5432/desk", "user", "me");
    expect("PostgreSQL://me@h/desk", "host", "h");
    expect("  postgresql://me@h/desk", "host", "h");
    expect("postgresql://me:p%40s%2Fs%3A@h/desk", "password", "p@s/s:");
    expect("postgresql://me:a?b#c@h/desk", "password", "a?b#c");
    expect("postgresql://h/desk?application_name=a@b", "application_name", "a@b");
    expect("postgresql://[::1]:5433/desk", "host", "::1");
    expect("postgresql://%2Fvar%2Frun%2Fpostgresql/desk", "host", "/var/run/postgresql");
    expect("postgresql:///desk?host=/tmp", "host", "/tmp");
    expect("postgresql:///desk", "host", NULL);
    expect("postgresql://a:1,b:2/desk", "port", "1,2");
    expect("postgresql://h/desk?sslmode=require&connect_timeout=3", "sslmode", "require");
    expect("postgresql://h/desk?ssl=true", "sslmode", "require");
    expect("host=/tmp user=me dbname=desk", "user", "me");
    expect("host=h password='a b\\'c' dbname=desk", "password", "a b'c");
    expect("host=@abstract dbname=x", "host", "@abstract");
}

/* Every wrong text has the word "secret" where a password could be. */
static void refuse(const char *url, const char *shows)
{
    struct conninfo c;
    struct error e = {0};

    if (conninfo_parse(url, &c, &e) == OK)
        fail_msg("%s was accepted", url);
    assert_int_equal(e.kind, ERR_USAGE);
    assert_int_equal(c.n, 0);
    if (!strstr(e.text, shows))
        fail_msg("%s says \"%s\" instead of \"%s\"", url, e.text, shows);
    if (strstr(e.text, "secret") || strstr(e.fix, "secret"))
        fail_msg("%s shows the password: %s / %s", url, e.text, e.fix);
    assert_true(e.fix[0] != '\0');
    assert_null(strchr(e.text, '\n'));
    assert_int_equal(conninfo_parse(url, &c, NULL), ERR_USAGE);
}

static void a_wrong_url_says_what_is_wrong_and_never_the_password(void **state)
{
    (void)state;
    refuse(NULL, "is empty");
    refuse("   ", "is empty");
    refuse("mysql://me:secret@h/d", "\"mysql://\"");
    refuse("secret word://h", "neither a URL");
    refuse("postgresql:me:secret@h/d", "\"://\"");
    refuse("postgres//me:secret@h/d", "\"://\"");
    refuse("trading_secret", "neither a URL");
    refuse("postgresql://me:secret@h:54x2/d", "port \"54x2\"");
    refuse("postgresql://me:secret@h:0/d", "port \"0\"");
    refuse("postgresql://me:secret@h:65536/d", "port \"65536\"");
    refuse("postgresql://me:a@secret@h:5432/d", "cannot be one");
    refuse("postgresql://me:a@b:secret@h/d", "port that is no number");
    refuse("postgresql://me:5/secret@h:5432/d", "before its");
    refuse("postgresql://me@corp.example:secret@h/d", "not shown");
    refuse("postgresql://me:secret/d", "after HOST:");
    refuse("postgresql://me:se/secret@h:5432/d", "before its");
    refuse("postgresql://me:secret%@h/d", "hexadecimal");
    refuse("postgresql://me:secret%zz@h/d", "hexadecimal");
    refuse("postgresql://me:secret%00@h/d", "hexadecimal");
    refuse("postgresql://me:secret@h/d?schema=public", "\"schema\"");
    refuse("postgresql://me:secret@h/d?ssl=require", "\"ssl\"");
    refuse("postgresql://me:secret@h/d?password=secret&pgbouncer=true", "\"pgbouncer\"");
    refuse("postgresql://me:secret@[::1/d", "IPv6");
    refuse("postgresql://me:secret@h/d\nx", "control character");
    refuse("host=h passwrd=secret", "\"passwrd\"");
    refuse("host=h password=my secret=1 dbname=d", "word=value");
    refuse("host=h password=my secret", "word=value");
    refuse("host=h port=many password=secret", "port \"many\"");
    refuse("host='a b' password=secret", "cannot be one");
}

static void the_place_shown_to_a_person_has_no_password(void **state)
{
    struct db_where w;
    struct error e = {0};

    (void)state;
    assert_int_equal(db_where("postgresql://me:secret@db.example:6432/desk", &w, &e), OK);
    assert_string_equal(w.host, "db.example");
    assert_string_equal(w.port, "6432");
    assert_string_equal(w.user, "me");
    assert_string_equal(w.database, "desk");
    assert_int_equal(db_where("postgresql://me@/", &w, &e), OK);
    assert_string_equal(w.port, "5432");
    assert_int_equal(db_where("postgresql:/x", &w, &e), ERR_USAGE);
}

static void a_value_put_twice_is_kept_once(void **state)
{
    struct conninfo c;
    struct error e;

    (void)state;
    assert_int_equal(conninfo_parse("host=h", &c, &e), OK);
    conninfo_put(&c, "host", "other");
    conninfo_default(&c, "host", "third");
    conninfo_default(&c, "user", "me");
    assert_string_equal(conninfo_get(&c, "host"), "other");
    assert_string_equal(conninfo_get(&c, "user"), "me");
    assert_int_equal(c.n, 2);
    conninfo_release(&c);
}

int main(void)
{
    static const char *const from_outside[] = {"PGHOST", "PGPORT", "PGUSER", "PGDATABASE"};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_urls_people_have_are_understood),
        cmocka_unit_test(a_wrong_url_says_what_is_wrong_and_never_the_password),
        cmocka_unit_test(the_place_shown_to_a_person_has_no_password),
        cmocka_unit_test(a_value_put_twice_is_kept_once),
    };
    for (size_t i = 0; i < ARRAY_LEN(from_outside); i++)
        unsetenv(from_outside[i]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
