#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A private desk's life: made, looked at, changed, reset, dropped.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/command/lib_tap.sh
. "$here/lib_tap.sh"

run db setup
ok "db setup makes the private desk" gives 0 'the demo desk is ready'
run db setup --json
ok "db setup again changes nothing" gives 0 '"step":"schema","changed":false'
run desks --json
ok "the desk is listed as opened and meant" says '"name":"demo","kind":"demo","opened":true,"meant":true'
run doctor
ok "doctor finds nothing wrong" gives 0 ' 0 failures'
ok "doctor looked at the audit chain" says 'ok    audit'
run db verify --json
ok "db verify finds nothing wrong" exits 0
ok "db verify proves that NOTIFY arrives" says '"check":"notify","state":"ok"'

MULTI_AGENT_DAILY_LLM_BUDGET=10.00 run settings MULTI_AGENT_DAILY_LLM_BUDGET
ok "the desk's value holds, the difference is shown" gives 0 'env 10.00, desk 5.00 set by'
MULTI_AGENT_DAILY_LLM_BUDGET=5 run settings MULTI_AGENT_DAILY_LLM_BUDGET
ok "5 and 5.00 are no difference" silent 'settings adopt'
MULTI_AGENT_DAILY_LLM_BUDGET=10.00 run doctor
ok "doctor shows the difference" gives 0 'warn  desk settings .*settings adopt MULTI_AGENT_DAILY_LLM_BUDGET'
MULTI_AGENT_DAILY_LLM_BUDGET=10.00 run settings adopt MULTI_AGENT_DAILY_LLM_BUDGET
ok "adopt needs a yes" gives 6 'add --yes'
MULTI_AGENT_DAILY_LLM_BUDGET=10.00 run settings adopt MULTI_AGENT_DAILY_LLM_BUDGET --yes
ok "adopt takes the value over" gives 0 'demo desk: .* is 10.00 now, was 5.00'
run settings MULTI_AGENT_DAILY_LLM_BUDGET
ok "and it holds without the environment" gives 0 '= 10.00'
run audit verify
ok "adopt is in the audit" gives 0 'chain of 1 rows is intact'
ok "audit verify says what a chain cannot show" says 'cannot show'
ok "and proves the ledger" says 'ledger proven: cash 100,000.00 + stock 0.00 = equity 100,000.00'

sql() { "$QUORUM_BIN" db psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }
ok "psql finds the tables and works in UTC" \
    [ "$(sql -c 'SHOW timezone' -c 'SELECT count(*) FROM operator_actions' | tr '\n' ' ')" = "UTC 1 " ]
run db psql -c "SELECT SUM(cost_usd) FROM agent_interactions WHERE created_at >= CURRENT_DATE"
ok "the spending query runs unchanged" exits 0
run db psql -v ON_ERROR_STOP=1 -c "
SELECT
    agent_name,
    COUNT(*) as total_calls,
    AVG(cost_usd) as avg_cost,
    SUM(cost_usd) as total_cost,
    AVG(tokens_used) as avg_tokens
FROM agent_interactions
WHERE created_at >= NOW() - INTERVAL '7 days'
GROUP BY agent_name
ORDER BY total_cost DESC;" -c "
SELECT
    symbol,
    decision,
    pnl_pct,
    exit_reason,
    created_at
FROM trade_outcomes
ORDER BY created_at DESC
LIMIT 20;" -c "
SELECT
    parameter_name,
    old_value,
    new_value,
    confidence_score,
    status,
    reasoning
FROM strategy_adjustments
ORDER BY created_at DESC
LIMIT 10;"
ok "the three monitoring queries run unchanged" exits 0
run db psql -c 'SELECT nonsense'
ok "psql's exit status is ours" exits 1
# shellcheck disable=SC2016  # psql's shell expands it
run db psql -c '\! kill -9 $PPID'
ok "a killed psql shows as one" exits 137
run db psql -c "UPDATE operator_actions SET verb = 'nothing'"
ok "the application may not change the audit" gives 1 'permission denied'

# As the superuser of the private cluster could, past trigger and program.
server_hold
admin -d quorum_demo -c "SET session_replication_role = replica" \
    -c "UPDATE quorum.operator_actions SET after = '99' WHERE id = 1"
run audit verify
ok "a changed audit row is found" gives 1 'BROKEN at row 1: its content was changed'
run audit verify --json
ok "and is JSON with exit status 1" gives 1 '"intact":false,"bad_id":1'
run doctor
ok "doctor finds it too" gives 1 'FAIL  audit'
run db verify
ok "and db verify names it" gives 1 'FAIL  audit  *row 1: its content was changed'
admin -d quorum_demo -c "SET session_replication_role = replica" \
    -c "UPDATE quorum.ledger SET amount_usd = amount_usd - 0.01 WHERE book = 'cash'"
run audit verify
ok "a cent missing from the cash is found" gives 1 'DOES NOT FIT: cash should be 100000 and is 99999.99'
run audit verify --json
ok "and is JSON with what does not fit" gives 1 '"ledger_proven":false'
server_end

run desk reset demo
ok "reset needs the desk's name" gives 6 'add --confirm=demo'
run desk reset demo --confirm=paper
ok "another word does not do" gives 6 'add --confirm=demo'
run desk res demo --confirm=demo
ok "a prefix never acts" exits 2
run desk reset demo --confirm=demo
ok "reset names the desk and its home" gives 0 "demo desk in $QUORUM_HOME: dropped"
run audit verify
ok "the new chain begins with the reset" gives 0 'chain of 1 rows is intact'
run settings MULTI_AGENT_DAILY_LLM_BUDGET
ok "the new desk has the settings of its opening" gives 0 '= 5.00'
run desk drop live --confirm=live
ok "a desk that does not exist is not dropped" gives 2 'no desk "live"'
DATABASE_URL=postgresql://me@127.0.0.1/base run desk drop paper --confirm=paper
ok "a database the user named is never dropped" gives 4 'lives in DATABASE_URL'
DATABASE_URL=postgresql://me@127.0.0.1/base run evaluate AAPLX
ok "evaluate on the demo desk says that DATABASE_URL is not asked" gives 2 'warning: DATABASE_URL is set'
printf 'date,open,high,low,close,volume\n2020-01-02,1,1,1,abc,1\n' >BADN.csv
run evaluate BADN --data .
ok "a bad bar file is refused with its line" gives 2 'BADN.csv line 2: close "abc" is not a number'
run evaluations --json
ok "and nothing is stored" silent BADN
printf 'date,open,high,low,close,volume\n2020-01-02,1,1,1,1,1\n2020-01-06,1,1,1,1,1\n' >HOLE.csv
run evaluate HOLE --data .
ok "a hole in the bars is told" complains 'warning: bars of HOLE: 1 session is missing'
run indicators HOLE --data .
ok "by indicators, too" complains 'warning: bars of HOLE: 1 session is missing'
run evaluate AAPL --price 0.0001
ok "a price that is not the market's is refused" gives 2 'E06 --price 0.0001 is more than 50 % away'
run evaluate AAPL --price 175.50 --indicators price=10
ok "two prices contradict each other" gives 2 'contradict each other'
mkdir -p "$XDG_CONFIG_HOME/quorum"
printf 'paper\tme@127.0.0.1:5432/base\n' >>"$XDG_CONFIG_HOME/quorum/desks"
run evaluate AAPL --desk paper
ok "a desk does not move silently" gives 4 'was opened in me@127.0.0.1:5432/base, but without DATABASE_URL'
run desk forget paper
ok "forget takes it off the list" gives 0 'all of it stays in me@127.0.0.1:5432/base'
run desk drop demo --confirm=demo
ok "drop says what is gone" gives 0 "nothing of it is left in $QUORUM_HOME"
run desks --json
ok "and the desk is forgotten" says '"name":"demo","kind":"demo","opened":false'
finish
