#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Learning by hand: what a desk with nothing to learn from says, the switch, and a cycle's page.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/command/lib_tap.sh
. "$here/lib_tap.sh"

run learning
ok "a desk that has not learned says how" gives 0 'no cycle yet: quorum learn runs one'
run cycle
ok "there is no cycle to show" gives 2 'no cycle has run yet'
run learn
ok "below the minimum it says how many trades are missing" gives 4 \
    'E33 self-learning needs 10 trades, there are 0: 10 are missing'
run learn --json
ok "and a program is told the same" says '"code":"E33"'
run learning
ok "the refusal is kept, once" [ "$(grep -c REFUSED "$out")" = 1 ]
run cycle 1
ok "with its reason" gives 0 'CYCLE #1  REFUSED: needs 10 trades, there are 0'
run cycle 7
ok "a cycle that is not there is a usage error" gives 2 'there is no cycle #7'
run learn sometimes
ok "run, on or off" gives 2 'E04 learn is run, on or off'

run learn off
ok "whether the desk learns by itself is confirmed" gives 6 'needs confirmation'
run learn off --yes
ok "learning goes off" gives 0 'learning is off'
run learn off --yes
ok "and was off" gives 0 'learning was off'
run settings SELF_LEARNING_ENABLED
ok "the desk's setting says so" gives 0 'false'
run learn on --yes --json
ok "and on" says '^{"learning":true,"changed":true}$'
run actions
ok "both are in the audit, the third was no change" [ "$(grep -c SELF_LEARNING_ENABLED "$out")" = 2 ]
run audit verify
ok "whose chain is whole" gives 0 'intact'

# Ten closed trades of the past month: too few cases to test, and that is said.
cat >seed.sql <<'SQL'
INSERT INTO evaluations (symbol, requested_by, state, finished_at, as_of, decision, agree, voters)
    SELECT 'KO', 'test', 'DECIDED', d, d, 'BUY', 2, 3
    FROM (SELECT desk_now() - make_interval(days => i) AS d FROM generate_series(11, 20) i) x;
INSERT INTO trade_outcomes (symbol, decision, entry_price, exit_price, pnl_dollars, pnl_pct,
        exit_reason, evaluation_id, quantity, r_multiple, opened_at, closed_at)
    SELECT 'KO', 'BUY', 100, 101, 10, 1, 'time_exit', e.id, 10, 0.2, e.as_of,
        e.as_of + interval '1 hour'
    FROM evaluations e;
SQL
run db psql -q -f seed.sql
ok "ten trades are written" exits 0
run learn
ok "the four lines" gives 0 '^Analyzed 10 trades$'
ok "patterns" says '^Found 0 patterns$'
ok "adjustments" says '^Proposed 0 adjustments$'
ok "changes" says '^Auto-applied 0 high-confidence changes$'
ok "and the cost" says '^Cost: .0[.]0000 | cycle #2$'
run cycle --json
ok "a cycle is one JSON object" says '^{"cycle":2,"state":"DONE",.*"trades":10,.*"tested":0,'
ok "with every condition" [ "$(grep -o '"condition":' "$out" | wc -l)" = 42 ]
run cycles
ok "cycles lists both" [ "$(grep -c ' \(DONE\|REFUSED\) ' "$out")" = 2 ]
run agents
ok "agents says who was asked and answered in vain" gives 0 'ASKED *UNUSABLE'

finish
