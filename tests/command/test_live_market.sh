#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The paper desk's market data through the whole program: calls counted, answers kept, failures said.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/command/lib_tap.sh
. "$here/lib_tap.sh"

key=test-key-0123456789
mkfifo "$TMPDIR/orders" "$TMPDIR/answers"
"${QUORUM_BUILD:?}/tests/fake/market_server" <"$TMPDIR/orders" >"$TMPDIR/answers" &
exec 3>"$TMPDIR/orders" 4<"$TMPDIR/answers"
read -r FMP_BASE_URL <&4
export FMP_BASE_URL
# Said to the stand-in; its answer is in $answer.
order() {
    echo "$1" >&3
    read -r answer <&4
}
calls() {
    order calls
    [ "$answer" = "$1" ]
}

run evaluate AAPL --desk paper
ok "without a key the paper desk says what is missing" gives 0 'FMP_API_KEY is not set'
ok "and asks nobody" calls 0

export FMP_API_KEY=$key QUORUM_NEWS_FEEDS="$FMP_BASE_URL/rss/one?s={symbol}"
run evaluate AAPL --json
ok "an evaluation is decided on live data" gives 0 '"desk":"paper","symbol":"AAPL","price":"[0-9.]*"'
ok "research had statements" says '"agent":"research","role":"voter","state":"[BHS]'
ok "news had headlines" says '"agent":"news_analyst","role":"voter","state":"[BHS]'
ok "technicals had bars" says '"agent":"technical_analyst","role":"voter","state":"[BHS]'
ok "seven calls and a feed" calls 8
run fmp
ok "fmp shows calls and the reset" gives 0 'FMP 7 of 250 calls used today, 243 left, resets .* UTC in'
run evaluate AAPL
ok "the second evaluation" exits 0
ok "costs no call" calls 8
run fmp --json
ok "fmp --json" gives 0 '"used":7,"limit":250,"left":243,"called":7'
run evaluate AAPLX
ok "an unknown symbol is named" gives "$status" '"AAPLX" is not a known symbol'
ok "and costs two calls" calls 10

order quote=symbol-plan:1
run evaluate MSFT --json
ok "a symbol outside the plan: the other facts stand" gives 0 '"agent":"research","role":"voter"'
run fmp
ok "the refusal is remembered" gives 0 'quote .*MSFT .*not in the FMP plan'
order all=limit
run evaluate JPM
ok "when FMP says the limit is reached, that is the reason" gives 0 'calls'
run fmp
ok "and the day is over" gives 0 'FMP 250 of 250 calls used today, 0 left'
run evaluate AAPL
ok "what is kept still serves" gives 0 'research: [BHS]'

order calls # a number, and what was wrong
ok "no address showed the key and no feed got it" [ -z "$(echo "$answer" | tr -d '0-9 ')" ]
ok "no log shows it" sh -c "! grep -rq $key '$QUORUM_HOME/log'"
ok "the log counts every call" grep -q 'FMP API call quote AAPL (. of 250 today)' "$QUORUM_HOME/log/quorum.log"

exec 3>&- 4<&-
wait
finish
