#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Queued evaluations with two engines, of which one is killed with -9 every second, and the
# database once: each ends exactly once, nothing is ordered twice, all money is accounted for.
# QUORUM_TEST_LONG=1: 400 of them; else 100.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/command/lib_tap.sh
. "$here/lib_tap.sh"
export QUORUM_DESK=demo
n=100
[ "${QUORUM_TEST_LONG-}" != 1 ] || n=400

sql() { "$QUORUM_BIN" db psql -X -A -t -c "$1" 2>/dev/null; }

run demo --exit --sessions 1 --start 2026-10-05 --quiet
before=$(sql "SELECT count(*) FROM jobs WHERE kind = 'evaluate'")
n_all=$((before + n))
run db psql -X -A -t -c "INSERT INTO jobs (kind, stage, symbol, unique_key, due_at, max_attempts)
    SELECT 'evaluate', (SELECT stage FROM (VALUES (2)) AS s(stage)),
      (ARRAY['AAPL', 'MSFT', 'META', 'DIS', 'HD', 'JPM', 'XOM', 'KO', 'WMT', 'CAT'])[1 + i % 10],
      'crash test ' || i, desk_now(), 12 FROM generate_series(1, $n) AS i"
ok "$n evaluations are queued" says "INSERT 0 $n"
run engine start
run engine start --another
ok "two engines run" [ "$(sql "SELECT count(*) FROM engines WHERE state = 'RUNNING'")" = 2 ]

left() { sql "SELECT count(*) FROM jobs WHERE state IN ('available', 'running') AND due_at < '2026-10-06 10:00+00'"; }
is_no_more() { [ "$(left)" != "$1" ]; }
i=0
while [ "$(left)" != 0 ] && [ $i -lt 120 ]; do
    i=$((i + 1))
    until_so 10 is_no_more "$(left)" # each is killed at work, and something is done between
    if [ $i -le 8 ]; then
        victim=$(sql "SELECT pid FROM engines WHERE state = 'RUNNING' ORDER BY random() LIMIT 1")
        [ -z "$victim" ] || kill -9 "$victim"
        [ $i != 3 ] || kill -9 "$(find "$QUORUM_HOME" -name postmaster.pid -exec head -n 1 {} \;)"
        run engine start --another
    fi
done
ok "all came to an end" [ "$(left)" = 0 ]
ok "none was given up" [ "$(sql "SELECT count(*) FROM jobs WHERE state = 'done' AND kind = 'evaluate' AND due_at < '2026-10-06 10:00+00'")" = "$n_all" ]
ok "every job has one evaluation, and it ended" [ "$(sql "SELECT count(*) || ' ' ||
    count(DISTINCT job_id) || ' ' || count(finished_at) FROM evaluations WHERE as_of < '2026-10-06 10:00+00'")" = "$n_all $n_all $n_all" ]
ok "no vote stands twice or is missing" [ "$(sql "SELECT count(*) FROM (SELECT evaluation_id FROM votes
    WHERE counted AND role = 'voter' GROUP BY 1 HAVING count(*) <> 3) v")" = 0 ]
ok "reservations, calls and the day's budget agree" [ "$(sql 'SELECT count(*) FROM (SELECT (budget_mismatch()).*) m WHERE day IS NOT NULL')" = 0 ]
run engine stop
ok "the engines stop with proof" gives 0 'in flight 0'
run audit verify
ok "the ledger is proven" gives 0 'ledger proven'
finish
