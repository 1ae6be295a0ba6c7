#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Schema versions, and a DATABASE_URL: here the socket of a private cluster, as owner and as
# application.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/command/lib_tap.sh
. "$here/lib_tap.sh"

run db up
ok "db up makes the private desk's tables" gives 0 'demo desk: schema is version'
run db current
ok "db current says head" gives 0 ': head'
run db down 1
ok "db down needs its word" gives 6 'add --confirm=down'
run db down 1 --confirm=down
ok "db down goes to a version" gives 0 'schema is version 1 now'
run db current
ok "db current says what to do when behind" gives 0 'behind, run `quorum db up`'
run db history --json
ok "db history tells pending from applied" says '"version":1,.*"state":"applied".*"state":"pending"'
run db verify
ok "db verify shows a schema that is behind" gives 1 'FAIL  schema .*db up'
run db upgrade head
ok "alembic's words work" gives 0 'applied 0002_'
run db downgrade -1 --confirm=down
ok "one step down" exits 0
run db psql -A -t -c 'SELECT count(*) FROM evaluations'
ok "a private desk follows the program by itself" gives 0 '^0$'
run db down 999 --confirm=down
ok "a version that is none" gives 2 'no schema version'
run db up nonsense
ok "a word that is no version" gives 2 'write a number or head'
run db stamp 1
ok "db stamp needs its word" gives 6 'add --confirm=stamp'

server_hold
login() { echo "host=$socket port=5432 user=$1 password=topsecret77 dbname=${2-base}"; }
export QUORUM_DESK=paper DATABASE_URL QUORUM_DATABASE_OWNER_URL
DATABASE_URL=$(login quorum_app)
run db verify
ok "a database that is missing is found" gives 1 'FAIL  database .*quorum db setup'
run db setup
ok "the application cannot make it, and who can is said" gives 1 'scripts/setup-database.sh'
QUORUM_DATABASE_OWNER_URL=$(login quorum_owner)
run db setup
ok "the owner's login makes it" gives 0 'the paper desk is ready'
run db verify
ok "and it verifies" gives 0 ' 0 failures'
ok "no password was shown" silent topsecret77
run doctor
ok "doctor tries the owner's login" gives 0 'ok    owner login'

# shellcheck disable=SC2016  # psql's shell expands it
run db psql -X -c '\! tr "\\0" "\\n" </proc/$PPID/cmdline' -c '\! env' \
    -c '\! stat -L -c "pgpass %a" "$PGPASSFILE"'
ok "psql gets its password in a file for one" gives 0 'pgpass 600'
ok "and not in its arguments or environment" silent topsecret77
ok "the file has no name on disk" says 'PGPASSFILE=/proc/self/fd/'

admin -d base -c "INSERT INTO quorum.schema_migration (version, name, checksum, program)
                  VALUES (9999, 'future', 'x', 'quorum next')"
run evaluate AAPL
ok "a database ahead of the program is refused" gives 4 'ahead of this program'
run db up
ok "and is not migrated" gives 4 'ahead of this program'
run db current --json
ok "db current says ahead" gives 0 '"version":9999,.*"state":"ahead"'
run db psql -A -t -c 'SELECT 42'
ok "a person may still look" gives 0 '^42$'
ok "and is told" complains 'ahead of this program'
admin -d base -c "DELETE FROM quorum.schema_migration WHERE version = 9999"

admin -d base -c "UPDATE quorum.schema_migration SET checksum = 'x' WHERE version = 2"
run db current
ok "an edited migration is found" gives 0 'edited'
run db verify
ok "db verify names it" gives 1 'FAIL  schema .*0002_evaluations was edited'
run db stamp head --confirm=stamp
ok "stamp accepts it" gives 0 'nothing was run'
run db verify
ok "then all is well" gives 0 ' 0 failures'

admin -d base -c "REVOKE INSERT ON quorum.votes FROM quorum_app"
run db verify
ok "a missing grant is found" gives 1 'FAIL  privileges .*votes'
run db setup
ok "and db setup repairs it" gives 0 'grants *yes'
run db verify
ok "so that it verifies" gives 0 ' 0 failures'
admin -d base -c "GRANT UPDATE ON quorum.budget_day, quorum.ledger TO quorum_app"
run db verify
ok "a right that nobody may have is found" gives 1 \
    'FAIL  privileges .*past the program: UPDATE budget_day, UPDATE ledger'
run db setup
ok "and db setup takes it away" gives 0 'grants *yes'
run db verify
ok "so that all is well again" gives 0 ' 0 failures'
run db setup
ok "setup changes nothing then" gives 0 'grants *no'

admin -d base -c "CREATE ROLE desk2 LOGIN PASSWORD 'topsecret77'" \
    -c "GRANT CONNECT ON DATABASE base TO desk2"
hba=$(admin -d base -c 'SHOW hba_file')
cp "$hba" "$TMPDIR/hba"
{ echo 'local all desk2 scram-sha-256' && cat "$TMPDIR/hba"; } >"$hba"
admin -d base -c 'SELECT pg_reload_conf()' >/dev/null
DATABASE_URL=$(login desk2)
tries=0 # the reload comes a moment later
until psql -X -d "$DATABASE_URL" -c '' >/dev/null 2>&1 || [ $tries -ge 500 ]; do
    tries=$((tries + 1))
done
run db setup
ok "an application's login may have any name" gives 0 'desk2 may read and add rows'
run db verify
ok "and has all it needs" gives 0 ' 0 failures'
run db psql -X -A -t -c 'SELECT breakers_update() >= 0, length(housekeeping()) > 0'
ok "for breakers and housekeeping, too" gives 0 '^t|t$'
run db psql -X -A -t -c 'UPDATE budget_day SET spent_usd = 0'
ok "but it cannot rewrite the budget" complains 'permission denied for table budget_day'
DATABASE_URL=$(login quorum_app)
admin -d base -c "SET session_replication_role = replica" -c "INSERT INTO quorum.ledger
    (transaction_id, book, amount_usd, memo) VALUES (gen_random_uuid(), 'cash', 5, 'from nowhere')"
run db verify
ok "money from nowhere is found" gives 1 'FAIL  ledger .*1 of 2 transactions'

admin -d postgres -c 'CREATE DATABASE half OWNER quorum_owner'
DATABASE_URL=$(login quorum_app half) QUORUM_DATABASE_OWNER_URL=$(login quorum_owner half)
run db verify
ok "another database may be looked at" gives 1 'FAIL  schema '
run db up
ok "but the desk does not move there silently" gives 4 'was opened in .*quorum desk forget paper'
run desk forget paper
ok "unless it is forgotten" gives 0 'all of it stays'
run db up 1
ok "db up uses the owner's login" gives 0 'applied 0001_ground'
run evaluate AAPL
ok "a schema that is behind is E41 with the cure" gives 4 'E41 schema is version 1, this program needs .*quorum db up'
run settings
ok "settings are shown nevertheless" gives 0 'cannot be opened (schema is version 1'
run db psql -A -t -c 'SELECT 42'
ok "and psql works" gives 0 '^42$'
run db up
ok "db up cures it" gives 0 'applied 0004_roles'
run db verify
ok "so that this verifies too" gives 0 ' 0 failures'
server_end

DATABASE_URL="host=$TMPDIR port=5432 user=quorum_app dbname=base connect_timeout=1"
run db current
ok "a server that is down may be tried again" gives 3 'no database'
finish
