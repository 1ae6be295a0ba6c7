#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What programs read: one JSON value or CSV rows, a true exit status, and nothing done on a refusal.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/command/lib_tap.sh
. "$here/lib_tap.sh"

run db setup
stored() { [ "$("$QUORUM_BIN" db psql -X -q -A -t -c 'SELECT count(*) FROM evaluations')" = "$1" ]; }
run evaluate MSFT ZZZZ
ok "one unknown symbol refuses the whole call" gives 2 'E20 nothing was started'
run evaluate AAPL -x
ok "a misspelt option is no symbol" gives 2 'E07 unknown option -x for evaluate'
run evaluate AAPL aapl
ok "a symbol is not evaluated twice" gives 2 'named twice'
run evaluate --resume --price 5
ok "options that --resume would ignore are refused" gives 2 'does not go with --resume'
ok "nothing of that was stored" stored 0
run evaluations ZZZ
ok "an empty desk has no evaluations" gives 0 'no evaluations yet'
run evaluate --resume --json
ok "nothing to resume is an empty list" [ "$(cat "$out")" = "[]" ]
run evaluate AAPL --csv
ok "evaluate --csv prints its row" gives 0 '^1,.*,AAPL,'
ok "under the names of its columns" says '^id,created_at,symbol,price'
run evaluate AAPL MSFT --json
ok "two symbols are a list" says '^\[{"evaluation_id":2,.*{"evaluation_id":3,.*}\]$'
run evaluate JPM --json
ok "one symbol is an object" says '^{"evaluation_id":4,'
run evaluate --resume 1 77 --json
ok "failed ones have their place in the list" \
    says '^\[{"symbol":"AAPL","evaluation_id":1,"error":{.*{"symbol":null,"evaluation_id":77,"error"'
ok "and the second error is not masked" complains 'there is no evaluation #77'
run evaluations ZZZ
ok "a filter without hits says so" gives 0 'none of the 4 evaluations match'
run nonsense --json
ok "an unknown command answers in JSON" gives 2 '^{"error":{"code":"E01"'
for command in "evaluation 1" "why 1" "size AAPL" "budget" "agent run research AAPL"; do
    # shellcheck disable=SC2086  # words
    run $command --csv
    ok "$command has no --csv and says so" gives 2 'one object, not rows'
    ok "$command --csv prints nothing" [ ! -s "$out" ]
done
run help evaluate
ok "help lists the indicators" gives 0 'sma_200  *mean of 200 closes'
run size X --price 0.0001 --atr 0.0001
ok "a small price is shown as it is" gives 0 'X @ \$0.0001:'
run evaluate AAPL --price 99999999
ok "a price too high hears the limit" gives 2 'from 0.0001 to 1000000 '
QUORUM_PORTFOLIO=5000 run size AAPL --json
ok "size uses the desk's settings" exits 0
# shellcheck disable=SC2034  # compared below
desk_size=$(cat "$out")
run size AAPL --json
ok "whatever this process's are" [ "$(cat "$out")" = "$desk_size" ]
QUORUM_PORTFOLIO=5000 run settings adopt QUORUM_PORTFOLIO --yes
ok "start cash is not adopted, and why" gives 4 'does not change'
QUORUM_PORTFOLIO=5000 run settings
ok "nor is that suggested" silent 'settings adopt QUORUM_PORTFOLIO'
QUORUM_VOTERS=research run agents --json
ok "agents shows the desk's voters" says '"agent":"news_analyst","role":"voter","votes":true'
finish
