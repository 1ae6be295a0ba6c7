#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# scripts/setup-database.sh against a server of its own that is reached through a socket only, asks
# for passwords and logs every statement.
# shellcheck disable=SC2016,SC2317  # texts for an inner shell; functions that check() calls
set -u
here=$(cd "$(dirname "$0")/../.." && pwd)
setup=$here/scripts/setup-database.sh
bin=$(for d in /usr/lib/postgresql/*/bin "$(pg_config --bindir 2>/dev/null)"; do
    [ ! -x "$d/initdb" ] || echo "$d"
done | sort -V | tail -1)
command -v psql >/dev/null 2>&1 && [ -n "$bin" ] || exit 77

work=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill -INT "$server"; wait "$server"; }; rm -rf "$work"' EXIT
mkdir "$work/run" "$work/desk"
as_server=
if [ "$(id -u)" = 0 ]; then
    id postgres >/dev/null 2>&1 || exit 77
    chmod 711 "$work"
    chown postgres "$work/run"
    as_server='setpriv --reuid=postgres --regid=postgres --init-groups --'
fi
count=0 failures=0
check() { # TITLE COMMAND...
    title=$1
    shift
    count=$((count + 1))
    if "$@" >"$work/out" 2>&1; then
        echo "ok $count - $title"
    else
        failures=$((failures + 1))
        echo "not ok $count - $title"
        sed 's/^/# /' "$work/out"
    fi
}
not() { ! "$@"; }
mode() { [ "$(stat -c %a "$1")" = "$2" ]; }
ask() { psql -X -A -t -d "$1" -c "$2"; }
answers() { [ "$(ask "$1" "$2")" = "$3" ]; }
password_of() { sed -n "s|^$1=postgresql://[^:]*:\([^@]*\)@.*|\1|p" .env; }
login() { # VARIABLE SQL: through the URL in .env, as the desk does
    psql -X -A -t -w -d "$(sed -n "s/^$1=//p" .env)" -c "$2"
}

# shellcheck disable=SC2086  # words
(cd / && $as_server "$bin/initdb" -D "$work/run/data" -U postgres --no-sync -A scram-sha-256 \
    --auth-local=trust >/dev/null 2>"$work/initdb") || {
    cat "$work/initdb" >&2
    exit 1
}
printf '%s\n' 'local all postgres trust' 'local all all scram-sha-256' >"$work/run/data/pg_hba.conf"
printf '%s\n' "listen_addresses=''" "unix_socket_directories='$work/run'" 'log_statement=all' \
    'fsync=off' >>"$work/run/data/postgresql.conf"
cd / || exit 1
# shellcheck disable=SC2086
$as_server "$bin/postgres" -D "$work/run/data" >"$work/run/log" 2>&1 &
server=$!
export PGHOST="$work/run" PGUSER=postgres PGPORT=5432
tries=0
until ask postgres 'SELECT 1' >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ $tries -gt 2000 ] || ! kill -0 $server 2>/dev/null; then
        cat "$work/run/log" >&2
        exit 1
    fi
done

cd "$work/desk" || exit 1
cat >"$work/quorum" <<'STUB'
#!/bin/sh
echo "$@" >>"$(dirname "$0")/called"
STUB
chmod +x "$work/quorum"
export QUORUM_BIN="$work/quorum"
printf 'ANTHROPIC_API_KEY=kept\nexport DATABASE_URL=\n' >.env
chmod 644 .env

check "--dry-run succeeds" "$setup" --dry-run
check "--dry-run creates no role" answers postgres \
    "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'quorum%'" 0
check "--dry-run leaves .env alone" not grep -q postgresql .env
check "the first run succeeds" "$setup"
check ".env is for its owner alone" mode .env 600
check "other lines of .env stay" grep -qx ANTHROPIC_API_KEY=kept .env
check "the empty DATABASE_URL was replaced" sh -c \
    '[ "$(grep -c -E "^(export )?DATABASE_URL=" .env)" = 1 ]'
check "the database is UTF8 and the owner's" answers postgres "SELECT
    pg_encoding_to_char(encoding), pg_get_userbyid(datdba) FROM pg_database
    WHERE datname = 'quorum'" 'UTF8|quorum_owner'
check "all passwords are SCRAM" answers postgres "SELECT count(*) FROM pg_authid
    WHERE rolname LIKE 'quorum%' AND rolpassword LIKE 'SCRAM-SHA-256%'" 3
check "no role is a superuser" answers postgres "SELECT count(*) FROM pg_roles
    WHERE rolname LIKE 'quorum%' AND (rolsuper OR rolcreaterole OR rolcreatedb)" 0
check "db up and db verify follow" sh -c '[ "$(tr "\n" ";" <"$1")" = "db up --desk paper;db verify --desk paper;" ]' - \
    "$work/called"
unset PGHOST PGUSER PGPORT
check "the application can log in" login DATABASE_URL 'SELECT 1'
check "the owner may make the schema" login QUORUM_DATABASE_OWNER_URL 'CREATE SCHEMA quorum'
check "the application may not" not login DATABASE_URL 'CREATE SCHEMA mine'
check "nor make tables in public" not login DATABASE_URL 'CREATE TABLE public.t (i int)'
check "the reader may not write" not login QUORUM_DATABASE_RO_URL 'CREATE TEMP TABLE t (i int)'
export PGHOST="$work/run" PGUSER=postgres PGPORT=5432

cp .env before
check "a second run succeeds" "$setup"
check "and changes no password" cmp .env before
check "and keeps the data" answers quorum "SELECT count(*) FROM pg_namespace
    WHERE nspname = 'quorum'" 1
check "--new-passwords succeeds" "$setup" --new-passwords
check "and changes them" not cmp -s .env before
for name in DATABASE_URL QUORUM_DATABASE_OWNER_URL QUORUM_DATABASE_RO_URL; do
    password=$(password_of $name)
    check "$name has 32 characters of password" [ ${#password} = 32 ]
    check "which the server's log does not know" not grep -qF -e "$password" "$work/run/log"
done
check "nor any hash" not grep -q 'SCRAM-SHA-256[$][0-9]' "$work/run/log"

check "--single makes one role for all" "$setup" --single --database=second --env=one.env
check "in a file of its own" sh -c 'grep -q "postgresql://quorum:.*@/second?" one.env'
check "for its owner alone" mode one.env 600
check "a wrong option is exit status 2" sh -c '"$1" --nonsense; [ $? = 2 ]' - "$setup"
check "a wrong name is exit status 2" sh -c '"$1" --database "x; drop"; [ $? = 2 ]' - "$setup"
check "no server is one clear message" sh -c \
    'PGHOST=/nowhere "$1" 2>&1 | grep -q "no way to this server"' - "$setup"
printf '%s\n' 'local all postgres trust' >"$work/run/data/pg_hba.conf"
ask postgres 'SELECT pg_reload_conf()' >/dev/null
tries=0 # the reload comes a moment later
while psql -X -w -U quorum_app -d quorum -c '' 2>&1 | grep -q 'no password supplied' &&
    [ $tries -lt 500 ]; do
    tries=$((tries + 1))
done
check "a refusing pg_hba.conf is told with the lines that mend it" sh -c \
    '"$1" --new-passwords 2>&1 | grep -q "^local  *quorum  *quorum_app  *scram-sha-256"' - "$setup"
echo "1..$count"
exit $((failures > 0))
