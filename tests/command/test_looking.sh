#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What a desk shows of itself: positions, trades, results, watchlist, reasons, records.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/command/lib_tap.sh
. "$here/lib_tap.sh"

# On a new desk every list says in words that it is empty.
run positions
ok "a new desk says what cash it has" gives 0 '^no open positions; cash 100,000.00$'
run trades
ok "no trades is no error" gives 0 '^no closed trades yet'
run trades --json
ok "and an empty array for programs" says '^\[\]$'
run equity
ok "a curve of nothing says what it needs" gives 0 'needs 2 days'
run weekly
ok "no marked session is said" gives 0 'no session is marked yet'
run trade 7
ok "a trade that is not there is a usage error" gives 2 'E10 no trade #7'
run positions AAPL
ok "so is a position that is not open" gives 2 'E10 no open position in AAPL'
run sessions
ok "nobody looks" gives 0 'nobody is looking'
run jobs
ok "no jobs tells who makes them" gives 0 'quorum engine start'
run status
ok "a desk without an engine is STOPPED and says the cure" gives 0 'no engine runs: quorum engine start'
run status --json
ok "status is one JSON object" says '^{"desk":"demo","state":"STOPPED",.*"cash_usd":"100000",'

# Rows as the broker writes them. Marks go 100,000 (start), 100,100, 100,300 | 100,150 (Monday).
cat >seed.sql <<'SQL'
INSERT INTO equity_marks (session, cash_usd, stock_usd, peak_usd, created_at) VALUES
    ('2026-01-08', 90100, 10000, 100100, '2026-01-08 21:05Z'),
    ('2026-01-09', 90300, 10000, 100300, '2026-01-09 21:05Z'),
    ('2026-01-12', 90150, 10000, 100300, '2026-01-12 21:05Z');
INSERT INTO parameter_versions (name, value, set_by) VALUES ('stop_mult', 1.75, 'test');
INSERT INTO positions (symbol, state, quantity, bought, entry_price, initial_stop, stop_price,
        target_price, regime, opened_at, closed_at, exit_reason, entry_day, parameters)
    SELECT v.symbol, 'CLOSED', 0, 10, 100, 95, v.stop, 110, v.regime, v.opened, v.closed, v.reason,
        v.opened::date, jsonb_build_object('stop_mult', (SELECT max(id) FROM parameter_versions))
    FROM (VALUES
        ('AAPL', 95.0, 'BULL', '2026-01-05 15:31Z'::timestamptz, '2026-01-09 19:30Z'::timestamptz,
         'take_profit'),
        ('AAPL', 97.0, 'BULL', '2026-01-06 15:31Z', '2026-01-09 20:30Z', 'trailing_stop'),
        ('KO', 95.0, 'BEAR', '2026-01-12 15:31Z', '2026-01-12 20:30Z', 'stop_loss')
    ) AS v (symbol, stop, regime, opened, closed, reason);
INSERT INTO trade_outcomes (symbol, decision, entry_price, exit_price, pnl_dollars, pnl_pct,
        exit_reason, position_id, quantity, fees_usd, slippage_usd, r_multiple, mae_pct, mfe_pct,
        opened_at, closed_at, created_at)
    SELECT p.symbol, 'BUY', 100, 100 + v.pnl / 10, v.pnl, v.pnl / 10, p.exit_reason, p.id, 10, 0.02,
        1.5, v.pnl / 50.0, -1, 12, p.opened_at, p.closed_at, p.closed_at
    FROM positions p JOIN (VALUES ('take_profit', 100), ('trailing_stop', -30),
        ('stop_loss', -50)) AS v (reason, pnl) ON v.reason = p.exit_reason
    ORDER BY p.closed_at;
INSERT INTO trade_metadata (trade_outcome_id, market_regime, sentiment_score, news_catalyst)
    SELECT t.id, p.regime, 0.25, 'Recall ' || chr(27) || '[31mwidened'
    FROM trade_outcomes t JOIN positions p ON p.id = t.position_id;
INSERT INTO positions (symbol, sector, state, quantity, bought, cost_usd, entry_price, initial_stop,
        stop_price, target_price, last_price, high_price, low_price, opened_at, entry_day,
        unpriced_since, unpriced_reason)
    VALUES ('MSFT', 'Technology', 'OPEN', 12, 12, 1200, 100, 95, 95, 110, 102.5, 104, 99,
            desk_now() - interval '5 hours 2 minutes 30 seconds', current_date, NULL, NULL),
           ('NVDA', 'Technology', 'CLOSING', 1, 1, 20000, 20000, 19000, 19000, 22000, 19990, 20000,
            19980, desk_now() - interval '9 seconds', current_date, desk_now(), 'the quote is old');
INSERT INTO orders (id, position_id, symbol, side, kind, quantity, filled, state, purpose,
        requested_by, closed_at)
    SELECT gen_random_uuid(), id, symbol, 'BUY', 'MARKET', 12, 12, 'FILLED', 'ENTRY', 'schedule',
        desk_now() FROM positions WHERE symbol = 'MSFT';
INSERT INTO fills (order_id, quantity, price, slippage_usd, fill_key)
    SELECT id, 12, 100, 0.75, 'test fill' FROM orders WHERE symbol = 'MSFT';
INSERT INTO alerts (rule, object, severity, text, fix)
    VALUES ('pos.unpriced', 'NVDA', 'W', 'no price of NVDA', 'quorum quote NVDA');
INSERT INTO engines (id, host, pid, program_version, schema_version, state, heartbeat_at)
    VALUES ('far/42/1', 'far', 42, '1', 1, 'RUNNING', clock_timestamp() - interval '75 seconds');
SQL
ok "rows for the rest" "$QUORUM_BIN" db psql -X -q -v ON_ERROR_STOP=1 -f seed.sql

run positions
ok "profit is signed, percent too" says 'MSFT *12  *100.00  *102.50  *+30.00  *+2.50%  *95.00  *110.00  *5h02$'
ok "a price not to be traded on is marked, from 10,000 on with a comma" says 'NVDA .*20,000.00  19,990.00?'
ok "and the mark is explained" says '; ? no price that may be traded on$'
run positions --csv
ok "programs get stored figures" says '^MSFT,LONG,12,100,102.5,30,2.5000,95,110,'
run positions msft
ok "one position shows its fills and costs" gives 0 'slippage 0.75'
ok "and how far stop and target are" says 'stop 95.00 (-5.00%)   target 110.00 (+10.00%)   risk 60.00'
run positions MSFT --csv
ok "one position has no rows" gives 2 'no --csv'

run trades
ok "the newest trade stands first" [ "$(awk 'NR == 2 {print $2, $5, $6, $7, $8, $9}' "$out")" = "KO -50.00 -5.00% -1.00 stop_loss 0" ]
ok "all trades are summed up" says '^3 trades, 1 won, total +20.00, mean +0.13 R$'
ok "held counts sessions of the exchange" says 'AAPL .*take_profit *4 '
run trades aapl --reason=TRAILING_STOP
ok "trades by symbol and reason" says '^1 trade, 0 won, total -30.00'
run trades --regime=bear --json
ok "trades by regime" says '^\[{"trade_id":3,"symbol":"KO","closed_at":"2026-01-12T20:30:00.000000Z","pnl_usd":"-50",'
run trades --min-pnl=-40 --limit=1
ok "trades by result, the rest is counted" says 'total +70.00, .*1 not shown'
run trades --since=1s
ok "no trade fits is not no trade" gives 0 'none of the 3 closed trades match'
run trades --since=yesterday
ok "a duration that is none" gives 2 'E06 .*2d'
run trades --reason=hunger
ok "a reason that is none" gives 2 'E06 --reason is stop_loss'
run trades --min-pnl=lots
ok "an amount that is none" gives 2 'E06 --min-pnl=lots is not an amount'

run trade 2
ok "a trade shows entry and exit in exchange time" gives 0 'EXIT *2026-01-09 15:30:00   10 @ 97.00 = 970.00'
ok "a stop that was moved is told apart" says 'stop in the end 97.00 (-3.00%), trailing'
ok "parameters in force by value" says 'PARAMS *stop_mult 1.75'
ok "costs are summed" says 'fees 0.02   slippage 1.50 .*together 1.52'
ok "a headline cannot colour the terminal" silent "$(printf '\033')"
ok "other trades of the symbol" says 'last 1 other AAPL: 1 won'
run trade '#2' --json
ok "a trade is one object with its orders" says '"pnl_usd":"-30",.*"orders":\[\],"fills":\[\]}$'
run trade 9
ok "an unknown trade names the newest" gives 2 'E10 no trade #9. newest: 3 2 1'
run why trade 1
ok "why of a trade goes back from the exit" gives 0 '<- exit take_profit: the price reached the target, 110.00 at 2026-01-09 14:30'
run why KO
ok "why of a symbol is its last trade" gives 0 'Trade #3  KO'
run why MSFT
ok "or its open position" gives 0 'Position  MSFT LONG  OPEN'
run why CAT
ok "or nothing" gives 2 'E10 nothing is known of CAT'

run daily
ok "a day goes from mark to mark" says '^2026-01-12 *1  100,150.00  *-150.00  *-0.15%  *-0.15% *1 *0 *-1.00$'
run weekly 2
ok "a week begins where the last one ended" says '^2026-01-05 *2  100,300.00  *+300.00  *+0.30%'
run monthly --json
ok "the first period begins with the start capital" says '"start_usd":"100000","end_usd":"100150","change_usd":"150"'
run daily zero
ok "a number that is none" gives 2 'E06'
run equity --days=36500
ok "the whole curve is summed up" says '^3 sessions: 100,000.00 to 100,150.00, +150.00 (+0.15%); deepest -0.15%'

run perf by exit
ok "results by exit" says '^take_profit *1  100%  *21-100  *+2.00 *-  *+100.00'
run perf by symbol --json
ok "an interval of two trades is wide" says '"key":"AAPL","n":2,"won":1,.*"mean_r":0.7,"r_low":-15.8'
run perf by hour
ok "hours are the exchange's" says '^10:00 *3 '
run perf by param
ok "results by parameter" says '^stop_mult 1.75 *3 '
run param stop_mult --csv
ok "a value's history in figures and times with their zone" gives 0 \
    '^[0-9]*,[0-9-]*T[0-9:.]*Z,1\.75,test,,3,0\.1[0-9]*.$'
"$QUORUM_BIN" db psql -X -q -c "UPDATE positions SET parameters = '{\"was\": 0}' WHERE state = 'CLOSED'
    AND parameters <> '{}'"
run perf by param
ok "trades under baselines alone are a row of their own" says '^baseline *3 '
run whatif stop_mult
ok "whatif without a value shows how" gives 2 'E04 whatif needs the value .*example: quorum whatif stop_mult=2'
run whatif stop_mul
ok "a word that is no parameter gets their names" gives 2 'not a parameter .*there are stop_mult'
run whatif stop_mult=
ok "so does an empty one" gives 2 'E04 whatif needs the value .*example: quorum whatif stop_mult=2'
run perf by regime --days=1
ok "days bound the trades" gives 0 'no closed trades in that time'
run perf by moon
ok "a dimension that is none names all" gives 2 'symbol, regime, agent, exit, hour, param'

run status
ok "an engine that fell silent is seen" says 'DEMO  NO HEARTBEAT 01:[1-5]'
ok "the alert and its cure stand in status" says '1 open: W pos.unpriced no price of NVDA: quorum quote NVDA'
ok "status keeps to 80 columns" [ "$(awk '{ gsub(/[^ -~]/, ""); if (length > 80) n++ } END { print n + 0 }' "$out")" = 0 ]
run status --follow --json
ok "what never ends has no JSON" gives 2 'it has no --json'

run watch
ok "the watchlist says why each is not held" gives 0 '^MSFT .*in position$'
run watch add crwv SPY
ok "watch add puts symbols on the list and says the undo" gives 0 'undo: quorum watch rm CRWV SPY'
run settings QUORUM_WATCHLIST
ok "and the desk keeps it" gives 0 ' CRWV SPY$'
run watch add SPY
ok "twice is no error and no change" gives 0 'SPY is already on'
run watch add AAPLX
ok "an unknown symbol is refused" gives 2 'E20'
run watch rm CRWV SPY MSFT
ok "what is held stays guarded" gives 0 'still held: MSFT'
run watch rm SPY
ok "what is not on the list cannot go" gives 2 'E10'
run actions --who="$(id -un)" --json
ok "changes of the list are in the audit" says '"verb":"watch rm","object":"CRWV SPY MSFT"'
run audit verify
ok "whose chain holds" says 'audit chain of 2 rows is intact'
run why-not MSFT
ok "why-not begins with what comes first" gives 0 '^MSFT is not bought: MSFT is held already$'
ok "and names the cure" says 'quorum watch add MSFT'
run why-not KO --json
ok "why-not for programs" says '"cause":"engine"'

run quote AAPL
ok "a quote with its age and source" gives 0 'simulated'
run regime AAPL
ok "a regime beside the market's" [ "$(grep -c '^AAPL\|^SPY' "$out")" = 2 ]
run log --level=loud
ok "a level that is none" gives 2 'E06'
mkdir -p "$QUORUM_HOME/log"
echo '2026-01-05T14:00:00.000000Z warn  market the feed is late' >"$QUORUM_HOME/log/quorum.log.1"
echo '2026-01-06T14:00:00.000000Z info  desk demo desk opened' >>"$QUORUM_HOME/log/quorum.log"
run log FEED
ok "the log is searched in its older files, too" gives 0 '^2026-01-05 09:00:00  warn   market  the feed is late$'
run log --level=warn --json
ok "by level" says '^\[{"at":"2026-01-05T14:00:00.000000Z","level":"warn","area":"market","text":"the feed is late"}\]$'
run log late --since=1d
ok "a log without such records says so" gives 0 'no record fits'
finish
