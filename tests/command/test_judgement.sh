#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What helps a person judge: calibration, prompt versions, replay, diff, away, notes.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/command/lib_tap.sh
. "$here/lib_tap.sh"
export QUORUM_REHEARSAL=latency=1
esc=$(printf '\033')

# A new desk knows nothing and says so.
run calibration
ok "without outcomes nothing is scored" gives 0 'nothing is scored yet'
run calibration --json
ok "and programs get the same" says '"evaluations":0,"voters":\[\]'
run calibration risk_manager
ok "only voters have a word to be held against" gives 2 'risk_manager is a veto'
run calibration nobody
ok "an agent that is not there is named" gives 2 'there is no agent "nobody"'
run calibration --csv
ok "it is one object, not rows" gives 2 'no --csv'
run prompts
ok "no prompts are stored before somebody asks" gives 0 'no prompts are stored yet'
run notes
ok "no notes" gives 0 'no notes'
run away
ok "who was never attached gets the last day" gives 0 'you were never attached'

# ---- prompt versions
run evaluate AAPL
ok "agents are asked" gives 0 'evaluation #1;'
run prompts research
ok "each text is version 1" gives 0 '^research  1  ACTIVE .* program$'
ok "with one version nothing is compared" says 'one version is asked'
run prompts research 1
ok "its text is there to read" says '^You are the research analyst'
cp "$out" one.txt
sed 's/whole number/number/' one.txt >two.txt
run prompts research --add=two.txt
ok "a new version needs a yes" gives 6 'add --yes'
run prompts research --add=two.txt --yes
ok "a text of the operator's becomes version 2" gives 0 'research version 2 is asked from the next'
run prompts research --add=two.txt --yes
ok "the same text is not added twice" gives 4 'this text is version 2'
run prompts research --diff=1,2
ok "what is gone is marked" says '^- .*a whole number'
ok "and what came" says '^+ .*is a number'
run prompts research --diff=1,7
ok "a version that is not there" gives 2 'there is no version 7'
run prompts research --diff=1
ok "one version is no pair" gives 2 'takes two versions'
printf 'a%s[31mred' "$esc" >bad.txt
run prompts research --add=bad.txt --yes
ok "control characters are refused" gives 2 'control character (byte 2)'
printf 'a\302\205b' >bad.txt
run prompts research --add=bad.txt --yes
ok "those of C1, too" gives 2 'control character (byte 2): U+0085'
printf 'sell \342\200\256now' >bad.txt
run prompts research --add=bad.txt --yes
ok "what turns the text round is refused, and where it stands" gives 2 'hidden character (byte 6): U+202E'
printf 'never\342\200\213theless' >bad.txt
run prompts research --add=bad.txt --yes
ok "and what has no width" gives 2 'hidden character (byte 6): U+200B'
head -c 2000000 /dev/zero | tr '\0' a >bad.txt
run prompts research --add=bad.txt --yes
ok "a large file is told by the limit" gives 2 'more than 16384 bytes'
run prompts research --add=missing.txt --yes
ok "so is a file that is not there" gives 2 'missing.txt cannot be read'
run prompts research --add=. --yes
ok "and a directory" gives 2 'is not a file'
run prompts --add=two.txt --yes
ok "a text belongs to an agent" gives 2 'prompts needs the agent'
run prompts research --retire=1 --promote=2 --yes
ok "one thing at a time" gives 2 'one thing at a time'
run prompts research
ok "no winner is named without data" says 'not enough data: need ~[0-9]* resolved votes each'
run prompts research --json
ok "shares of the active ones stand in the JSON" says '"share":0.5'
ok "and the time with its zone" says '"created_at":"[0-9-]*T[0-9:.]*Z"'
run prompts research --csv
ok "a spreadsheet gets numbers and times with their zone" gives 0 \
    '^research,2,ACTIVE,.*,[0-9-]*T[0-9:.]*Z,0\.5,.*,0\.5,0\.5,0,0,,'
run prompts research 1 --csv
ok "a text is no rows" gives 2 'no --csv'
for symbol in MSFT NVDA JPM KO XOM; do
    "$QUORUM_BIN" evaluate "$symbol" >/dev/null 2>&1
done
"$QUORUM_BIN" db psql -X -A -t -c "SELECT count(*) >= 3 AND
    bool_and(abs(i.propensity - 0.5) < 1e-6) FROM agent_interactions i JOIN agent_prompts p ON p.id = i.prompt_id
    WHERE i.agent_name = 'research' AND i.evaluation_id > 1" >propensity
ok "the chance a version had is stored with the call" grep -qx t propensity
run agents
ok "the list of agents names the versions that are asked" says '^research .* 1 2 '
run agents --json
ok "and the newest for programs" says '"agent":"research",.*"prompt_version":2,'
run prompts research --retire=1 --yes --reason='two is plainer'
ok "a version is put away" gives 0 'version 1 is not asked any more'
ok "and the rule has its say" says 'the rule did not ask for it: 0 of 50 resolved votes'
run prompts research --retire=2 --yes
ok "the last one stays" gives 4 'version 2 is the last one'
run prompts research --promote=1 --yes --json
ok "one of before can be brought back, and programs hear what was done" gives 0 \
    '^{"act":"promote","agent":"research","version":1,"figures":"'
echo 'Name the regime of the bars.' >regime.txt
run prompts regime_detector --add=regime.txt --yes
ok "whom no outcome judges, shares never move" gives 0 'no outcome judges this agent: .* shares never move'
run actions
ok "all of it is on record" says 'prompts retire.*research v1.*two is plainer'
"$QUORUM_BIN" db psql -X -q -c "UPDATE agent_prompts SET added_by = 'a' || chr(27) || '[2J',
    retired_why = chr(27) || ']0;x' || chr(7), content = 'b' || chr(27) || '[31m' || chr(10) || 'c'
    WHERE agent_name = 'research' AND version = 2"
for words in "prompts research" "prompts research 2" "prompts research --diff=1,2"; do
    # shellcheck disable=SC2086
    run $words
    ok "nothing stored reaches the terminal raw: $words" silent "$esc"
done

# ---- replay and diff
run replay 1
ok "an evaluation is told event by event" gives 0 'evaluation #1 AAPL: as it was stored'
ok "with the calls" says 'call *research .*asked with prompt v1'
ok "the votes" says 'vote *technical_analyst'
ok "and the end" says 'decided'
run replay 1 --json
ok "as rows for programs, times with their zone" says '^\[{"at":"[0-9-]*T[0-9:.]*Z"'
run evaluation 1 --json
ok "so does an evaluation's" says '"as_of":"[0-9-]*T[0-9:]*Z","created_at":"[0-9-]*T[0-9:]*Z",'
run replay 99
ok "one that is not there" gives 2 'there is no evaluation #99'
run replay trade 99
ok "nor is a trade" gives 2 'there is no trade #99'
run replay 1 2
ok "one at a time" gives 2 'replay takes one id'
run replay trade 1 --live
ok "a trade cannot be asked again" gives 2 'its evaluation can'
run replay 1 --live
ok "asking again says its price first" gives 6 'costs at most .0\.[0-9]* (it cost .0\.00'
"$QUORUM_BIN" db psql -X -A -t -c "SELECT count(*) FROM evaluations" >before
run replay 1 --live --yes
ok "and then how the votes differ" gives 0 'the same dossier'
"$QUORUM_BIN" db psql -X -A -t -c "SELECT count(*), max(request->>'replay_of'),
    (SELECT count(*) FROM orders), (SELECT count(DISTINCT i.agent_name) >= 4 FROM agent_interactions i
    WHERE i.evaluation_id = (SELECT max(id) FROM evaluations) AND i.model IS NOT NULL)
    FROM evaluations" >after
ok "as an evaluation of its own, with calls of its own, that trades nothing" \
    grep -qx "$(($(cat before) + 1))|1|0|t" after
run diff 1 2
ok "two evaluations stand side by side" gives 0 'EVALUATION  *#1  *#2'
ok "what differs is marked" says '^\*  symbol  *AAPL  *MSFT'
ok "facts that are the same are counted" says 'more facts are the same'
run diff 1 2 --json
ok "for programs, too" says '^{"a":1,"b":2,"fields":\[{"field":"symbol","a":"AAPL","b":"MSFT"}'
"$QUORUM_BIN" db psql -X -q -c "INSERT INTO parameter_versions (name, value, set_by)
    VALUES ('stop_mult', 1.75, 'test');
    UPDATE evaluations SET parameters = '{}' WHERE id = 1;
    UPDATE evaluations SET parameters = jsonb_build_object('stop_mult',
        (SELECT max(id) FROM parameter_versions)) WHERE id = 2"
run diff 1 2
ok "values learned in between are shown" says '^\*  stop_mult  *baseline  *1.75 (version [0-9]*)$'
run diff 1 2 --json
ok "times stand with their zone, figures as numbers" says \
    '"field":"as_of","a":"[0-9-]*T[0-9:]*Z".*"fact":"price","a":[0-9.]*,"b":[0-9.]*}'
ok "to programs with their version" says '"parameter":"stop_mult","a":null,"b":{"value":1.75,"version":[0-9]*}}'
run diff 1 1
ok "an evaluation does not differ from itself" gives 2 'does not differ from itself'
run diff 1 99
ok "or from one that is not there" gives 2 'no evaluation #99'

# ---- notes
run note evaluation 1 bought on "the news${esc}[31m"
ok "a note is written in plain words" gives 0 'noted of evaluation 1'
run note KO watch the dividend
ok "about a symbol" gives 0 'noted of symbol KO'
run note KO again --json
ok "programs get its id" gives 0 '^{"id":[0-9]*,"object":"symbol KO"}'
run note trade 99 x
ok "about nothing that is not there" gives 2 'there is no trade 99'
run note GONE x
ok "nor an unknown symbol" gives 2 'E20'
run note KO
ok "not without words" gives 2 'a note needs its text'
run note 'a b c' x
ok "nor about anything" gives 2 'is not what a note can be about'
run notes evaluation 1
ok "they are found again" gives 0 'evaluation 1  bought on the news$'
ok "without what a terminal must not see" silent "$esc"
run replay 1
ok "and stand among the events" says 'note .*bought on the news'

# ---- away
run away --json
ok "the digest is one object" says \
    '^{"desk":"demo","state":"RUNNING","since":"[0-9-]*T[0-9:.]*Z","now":"[0-9-]*T[0-9:.]*Z"'
ok "with decisions and spend" says '"evaluations":7,.*"cost_usd":"0\.0'
"$QUORUM_BIN" db psql -X -q -c "INSERT INTO console_sessions (id, operator, origin, kind, started_at,
    seen_at, ended_at) VALUES (gen_random_uuid(), '$(id -un)', '', 'console',
    clock_timestamp() - interval '3 hours', clock_timestamp() - interval '2 hours',
    clock_timestamp() - interval '2 hours');
    UPDATE strategy_adjustments SET status = status;
    INSERT INTO strategy_adjustments (parameter_name, old_value, new_value, confidence_score, status,
    reasoning, applied_at) VALUES ('stop_mult', 1.5, 1.25, 84, 'AUTO_APPLIED', 'x', desk_now());
    INSERT INTO strategy_adjustments (parameter_name, old_value, new_value, confidence_score,
    reasoning, expires_at) VALUES ('time_exit', 20, 25, 70, 'x', desk_now() + interval '3 days')"
run away
ok "it begins where one was here last" gives 0 'when you were here last'
run away --since=2d
ok "a change that applied itself is never silent" says '#1 stop_mult 1.5 -> 1.25  AUTO_APPLIED'
ok "what waits is said" says 'waits .*#2 time_exit 20 -> 25  70%'
run adjustments --csv
ok "a spreadsheet gets the effect in R" gives 0 '^id,.*,effect_r,effect_low_95,effect_high_95'
run adjustments --param=nonsense
ok "an unknown parameter is not an empty list" gives 2 'E14 "nonsense"'
run away --since=soon
ok "a wrong time is refused" gives 2 'E06'

# ---- a result by what it has in common
run perf by regime
ok "a scorecard of nothing says so" gives 0 'no closed trades'
finish
