#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Engines and the demo desk as a user meets them: the same seed lives the same life whoever is
# killed on the way, halts work without a console, a stop proves itself, and the calendar is kept.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/command/lib_tap.sh
. "$here/lib_tap.sh"
export QUORUM_DESK=demo

sql() { "$QUORUM_BIN" db psql -X -A -t -c "$1"; }
# Facts of the life without ids and machine times.
life() {
    sql "SELECT symbol, quantity, entry_price, exit_price, pnl_dollars, fees_usd, slippage_usd,
           exit_reason, opened_at, closed_at FROM trade_outcomes ORDER BY closed_at, symbol"
    sql "SELECT symbol, state, quantity, entry_price, stop_price, cost_usd FROM positions
           WHERE closed_at IS NULL ORDER BY symbol"
    sql "SELECT session, cash_usd, stock_usd, peak_usd FROM equity_marks ORDER BY session"
    sql "SELECT symbol, slot_at, decision, agreement, shares, order_result FROM evaluations
           ORDER BY slot_at, symbol"
}
lived() { [ "$(sql 'SELECT clock_at >= live_from FROM desk, schedule_state')" = t ]; }
engines() { [ "$(sql "SELECT count(*) FROM engines WHERE state = 'RUNNING'")" = "$1" ]; }
leads() { [ "$(grep -c 'engine leading' "$QUORUM_HOME/log/quorum.log")" -ge "$1" ]; }
control() { [ "$(sql 'SELECT state FROM control_state')" = "$1" ]; }
pid_of_engine() { sql "SELECT pid FROM engines WHERE state = 'RUNNING' ORDER BY started_at LIMIT 1"; }

# The week of the change to winter time and the one after it.
begin="demo --seed 8 --sessions 7 --start 2026-10-28"

# shellcheck disable=SC2086
run $begin --exit --quiet
ok "a demo desk lives its past and stops" gives 0 '7 sessions lived (2026-10-28 to 2026-11-05)'
life >"$work/one"
ok "with positions, evaluations and marks" [ "$(wc -l <"$work/one")" -gt 90 ]
run audit verify
ok "its ledger is proven" gives 0 'ledger proven'
ok "looks follow the exchange into winter time" [ "$(sql "SELECT string_agg(t, ' ' ORDER BY t) FROM
    (SELECT min(due_at AT TIME ZONE 'UTC')::text AS t FROM jobs WHERE kind = 'look'
     AND due_at::date IN ('2026-10-30', '2026-11-02') GROUP BY due_at::date) q")" = \
    "2026-10-30 13:30:00 2026-11-02 14:30:00" ]
run demo --seed 9 --exit
ok "another seed is another life" gives 5 'begun with seed 8'
run demo --seed 8 --reset --exit
ok "a reset is not done unasked" gives 6 'confirm=demo'

# shellcheck disable=SC2086
"$QUORUM_BIN" $begin --reset --confirm=demo --quiet >"$TMPDIR/demo" 2>&1 &
demo=$!
# Its desk is not looked at before it stands: looking would make one.
ok "its engine runs by itself" until_so 60 leads 2
run --desk demo engine start
ok "a second start finds the first" gives 0 'runs already'
run --desk demo engine start --another
ok "another one is started when asked for" gives 0 'engine started'
ok "two share the work" until_so 120 lived
wait "$demo"
status=$?
ok "the command answers when the past is lived" exits 0
run engine stop
ok "a stop proves itself" gives 0 'stopped: in flight 0, last entry order'
life >"$work/many"
ok "the same trades with two engines" sh -c "head -n \$(wc -l <'$work/one') '$work/many' |
    grep -v '^2026-11-0[6-9]' | cmp -s - '$work/one' || cmp -s '$work/many' '$work/one'"
ok "every evaluation ended once" [ "$(sql "SELECT count(*) - count(DISTINCT job_id)
    + count(*) FILTER (WHERE finished_at IS NULL) FROM evaluations")" = 0 ]
run audit verify
ok "and the ledger is proven" gives 0 'ledger proven'

# A week with a holiday and a half day.
run demo --seed 8 --sessions 4 --start 2025-11-24 --reset --confirm=demo --exit --quiet
ok "Thanksgiving week has four sessions" gives 0 '4 sessions lived (2025-11-24 to 2025-11-28)'
ok "the half day ends at 13:00" [ "$(sql "SELECT max(due_at) AT TIME ZONE 'America/New_York' FROM jobs
    WHERE kind = 'look' AND due_at::date = '2025-11-28'")" = "2025-11-28 13:00:00" ]
ok "nothing is done on the holiday" [ "$(sql "SELECT count(*) FROM jobs
    WHERE (due_at AT TIME ZONE 'America/New_York')::date = '2025-11-27'")" = 0 ]

# Killed engines: an answer that was paid and lost is the baseline's then (it is not paid twice), so
# the life may be another, but nothing is lost or done twice.
"$QUORUM_BIN" demo --seed 8 --sessions 8 --start 2026-10-01 --reset --confirm=demo --quiet >"$TMPDIR/demo" 2>&1 &
demo=$!
began=$(grep -c 'engine leading' "$QUORUM_HOME/log/quorum.log")
ok "another life begins" until_so 60 leads $((began + 1))
for _ in 1 2 3; do
    kill -9 "$(pid_of_engine)" 2>/dev/null
    run engine start --another
done
wait "$demo"
status=$?
ok "engines killed on the way delay nothing for long" exits 0
run engine stop
ok "every evaluation ended once here, too" [ "$(sql "SELECT count(*) - count(DISTINCT job_id)
    + count(*) FILTER (WHERE finished_at IS NULL) FROM evaluations")" = 0 ]
ok "every session was marked once" [ "$(sql "SELECT count(*) FROM equity_marks WHERE session <= '2026-10-12'")" = 8 ]
run audit verify
ok "and this ledger is proven" gives 0 'ledger proven'

run engine start
ok "an engine starts on a desk that has lived" gives 0 'engine started'
touch "$QUORUM_HOME/HALT"
ok "the HALT file halts" until_so 20 control HALTED
run resume --yes again
ok "resume is told of the file that would halt it again" [ "$status" -ne 0 ]
rm "$QUORUM_HOME/HALT"
run resume --yes again
ok "without the file it resumes" control RUNNING
kill -USR2 "$(pid_of_engine)"
ok "SIGUSR2 halts" until_so 20 control HALTED
kill -TERM "$(pid_of_engine)"
ok "SIGTERM ends the engine" until_so 20 engines 0

"$QUORUM_BIN" engine --quiet >"$out" 2>"$err" &
pid=$!
ok "an engine in the foreground takes part" until_so 20 engines 1
kill -INT "$pid"
wait "$pid"
status=$?
ok "Ctrl-C ends it in order" exits 0
ok "and it says so in its row" engines 0

finish
