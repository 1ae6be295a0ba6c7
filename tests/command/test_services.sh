#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The whole program against stand-ins of its vendors: the first document's example with models that
# say BUY, the money to the nano-dollar in every place, keys nowhere, limits and faults in clear words.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/command/lib_tap.sh
. "$here/lib_tap.sh"
key=sk-test-5e1f00dc0ffee42
fmp_key=test-key-0123456789
servers=$TMPDIR/servers
mkdir -p "$servers"

# serve NAME PROGRAM [ARGUMENT...]: starts a stand-in and waits for its first line in $servers/NAME.
# The input stays open on fd 4, which ends it when this script does.
mkfifo "$servers/in"
serve() {
    name=$1
    shift
    "$@" <"$servers/in" >"$servers/$name" 2>"$servers/$name.err" &
    echo $! >"$servers/$name.pid"
}
address_of() {
    n=0
    until [ -s "$servers/$1" ] || [ $n -ge 300 ]; do
        n=$((n + 1))
        perl -e 'select undef, undef, undef, .05' # polled: a stand-in has no other way to say so
    done
    head -n 1 "$servers/$1" | grep -oE '[0-9]+$'
}
serve models "$QUORUM_BUILD/tests/fake/fake_messages" --vote BUY --confidence 82 \
    --usage 1000,100 --requests "$servers/requests"
serve market "$QUORUM_BUILD/tests/fake/market_server"
exec 4>"$servers/in"
model_port=$(address_of models)
market_port=$(address_of market)
ok "the stand-ins serve" test -n "$model_port" -a -n "$market_port"

cat >.env <<EOF
ANTHROPIC_API_KEY=$key
FMP_API_KEY=$fmp_key
ANTHROPIC_BASE_URL=http://127.0.0.1:$model_port
FMP_BASE_URL=http://127.0.0.1:$market_port
EOF
chmod 600 .env
export QUORUM_NEWS_FEEDS="http://127.0.0.1:$market_port/rss/{symbol}"

example='sma_20=172.30,sma_50=168.45,sma_200=165.20,atr=3.25,adx=28.5,rsi=58.2,volume_ratio=1.2,beta=1.15'
run evaluate AAPL --price 175.50 --indicators "$example"
ok "the example is judged by models" exits 0
ok "regime BULL" says 'Market Regime: BULL (confidence: 96%)'
ok "all who can vote say BUY" says 'Decision: BUY'
ok "28 shares" says 'Position Size: 28 shares (4.9% of portfolio)'
ok "stop 3.2" says 'Stop Loss: 3.2% below entry'
ok "target 8.5" says 'Take Profit: 8.5% above entry'
ok "on the paper desk" says '^PAPER desk'

run evaluations --limit 1 --json
cost=$(grep -o '"cost_usd":"[^"]*"' "$out" | cut -d'"' -f4)
calls=$(grep -c '"model"' "$servers/requests")
expected=$(awk "BEGIN { printf \"%.4f\", $calls * 0.0015 }")
ok "cost is calls times tokens times price" test "$(awk "BEGIN { printf \"%.4f\", ${cost:-9} }")" = "$expected"
run db psql -Atc "SELECT (SELECT sum(cost_usd) FROM agent_interactions) = (SELECT spent_usd FROM budget_day)
    AND (SELECT spent_usd FROM budget_day) = (SELECT sum(cost_usd) FROM evaluations)
    AND (SELECT count(*) FROM budget_mismatch()) = 0"
ok "the same cost in evaluation, interactions and ledger" says '^t$'
run budget
ok "the budget knows it" says "spent  *\\$  *$(awk "BEGIN { printf \"%.4f\", ${cost:-9} }")"
run costs
ok "costs by agent" says '^technical_analyst  *1 '
run evaluation 1 --calls
ok "the exact request is kept" says '"tool_choice"'
ok "the exact reply is kept" says 'tool_use'
run fmp
ok "calls to the market are counted" exits 0
run evaluate AAPL --agents technical_analyst,research --min-agreement 2 --price 175.50 --indicators "$example"
ok "with two voters the agreement is of two" says 'Agreement: [012]/2'
run doctor
ok "doctor asks for the model free of charge" says '^ok *model '
ok "doctor prices it" says '^ok *model price'

run settings adopt MULTI_AGENT_DAILY_LLM_BUDGET --yes
MULTI_AGENT_DAILY_LLM_BUDGET=0.006 run settings adopt MULTI_AGENT_DAILY_LLM_BUDGET --yes
ok "a budget is adopted" exits 0
before=$(wc -l <"$servers/requests")
run evaluate AAPL --price 175.50 --indicators "$example"
ok "a spent budget degrades, it does not fail" exits 0
ok "and says so" complains 'DEGRADED.*E21'
ok "without asking anybody" test "$(wc -l <"$servers/requests")" = "$before"
run evaluate AAPL --max-cost 0.0001
ok "--max-cost below the estimate refuses" gives 4 E22
run evaluate AAPL --max-cost nonsense
ok "--max-cost wants an amount" gives 2 E06
MULTI_AGENT_DAILY_LLM_BUDGET=5 run settings adopt MULTI_AGENT_DAILY_LLM_BUDGET --yes

QUORUM_MODEL=claude-none-9 run settings adopt QUORUM_MODEL --yes
run evaluate AAPL
ok "a model without a price is refused" gives 2 'claude-none-9'
QUORUM_MODEL=claude-haiku-4-20250514 run settings adopt QUORUM_MODEL --yes
run evaluate AAPL --price 175.50 --indicators "$example"
ok "the id that never existed is an alias" exits 0
ok "with a warning" complains 'claude-haiku-4-20250514'
QUORUM_MODEL=claude-haiku-4-5 run settings adopt QUORUM_MODEL --yes

run evaluate ZZZZ
ok "a symbol nobody has" gives 2 E20
kill "$(cat "$servers/models.pid")"
run evaluate AAPL --price 175.50 --indicators "$example"
ok "an API that is down leaves the baselines" gives 0 'DEGRADED'
kill "$(cat "$servers/market.pid")"
run evaluate MSFT
ok "a market that is down is said" exits 0
ok "with reasons" says 'ABSTAIN'

pg_dump_text() { "$QUORUM_BIN" db psql -Atc "SELECT string_agg(request || coalesce(response, ''), ' ') FROM agent_payloads" 2>/dev/null; }
pg_dump_text >"$TMPDIR/payloads"
"$QUORUM_BIN" db psql -Atc "SELECT string_agg(d::text, ' ') FROM desk_setting d" >>"$TMPDIR/payloads" 2>/dev/null
"$QUORUM_BIN" db psql -Atc "SELECT string_agg(c::text, ' ') FROM vendor_cache c" >>"$TMPDIR/payloads" 2>/dev/null
no_key() { ! grep -rqF -e "$key" -e "$fmp_key" "$QUORUM_HOME" "$TMPDIR/payloads" "$out" "$err"; }
ok "no key in the database, the log or the state" no_key
exec 4>&-
wait
cp "$servers/models.err" "$err"
ok "every request kept the API's rules" complains ' 0 violations'
finish
