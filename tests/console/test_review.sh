#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Deciding about proposals, key by key, as docs/console.md tells it, on a demo desk.
set -u
# shellcheck source=tests/console/lib_terminal.sh
. "$(dirname "$0")/lib_terminal.sh"
trap '"$QUORUM_BIN" --desk demo engine stop >/dev/null 2>&1; t kill-server 2>/dev/null
      rm -rf "$place"' EXIT
sql() {
    "$QUORUM_BIN" --desk demo db psql -qAt -v ON_ERROR_STOP=1 -c "$1"
}
{
    "$QUORUM_BIN" demo --seed=7 --sessions=12 --exit &&
        "$QUORUM_BIN" --desk demo learn off --yes &&
        sql "
SELECT review_propose(n, o, v, 'queue', 'confidence 74 < 80', 74, r, 'MEDIUM', 'by code',
    'strategy_builder', '{\"source\": \"replay\", \"used\": 40, \"changed\": 9, \"effect\": 0.06,
    \"delta_95\": [-0.1, 0.2], \"verdict\": \"NOT PROVEN\", \"warnings\": [\"2nd change in 30 days\"],
    \"model_quote\": \"It would have helped.\", \"cases\": [{\"evaluation_id\": 1, \"r_old\": -1,
    \"r_new\": 0.5}]}', 0)
FROM (VALUES (1, 'rsi_max', NULL::numeric, 75, 'LOW'), (2, 'min_volume_ratio', NULL, 0.8, 'LOW'),
    (3, 'trail_atr', 3, 2.5, 'LOW'), (4, 'time_exit', 20, 25, 'MEDIUM'),
    (5, 'min_confidence', NULL, 60, 'LOW'), (6, 'stop_mult', 1.5, 1.25, 'LOW')) w (k, n, o, v, r)
ORDER BY k;
UPDATE strategy_adjustments SET expires_at = desk_now() + interval '900 days'"
} >"$place/life" 2>&1 || {
    cat "$place/life"
    exit 1
}

is_now() { # ID STATUS
    [ "$(sql "SELECT status FROM strategy_adjustments WHERE id = $1")" = "$2" ]
}
value_is() { # NAME VALUE
    [ "$(sql "SELECT trim_scale(value) FROM parameter_versions WHERE name = '$1'
              ORDER BY id DESC LIMIT 1")" = "$2" ]
}
# An answer does not count in a question's first moments: it is given again until it shows.
press_until() { # KEY PATTERN
    sees "$2" || keys "$1"
    sees "$2"
}
# The word, where it is asked for and nowhere else: elsewhere its letters are keys.
type_until() { # WORD PATTERN
    sees "$2" || { sees "type $1 to do it: *\$" && keys "$1" Enter; }
    sees "$2"
}
bar_is_left() {
    ! sees '^:[a-z]'
}
open_console() {
    keys "$QUORUM_BIN --desk demo console" Enter
    wait_for '4 Activity' || wait_for '4 Activity'
}

begin 100x30
ok "the console opens" open_console
wait_for 'DEMO RUNNING'
keys 2
ok "2: what waits, with old and new value, confidence and risk" \
    wait_for '> #1 .*rsi_max .*off ->.*75.00.*74% LOW'

keys Enter
wait_for 'Adjustment #1 PENDING'
ok "Enter: what code measured stands there" wait_for '95% CI .*includes 0: NOT PROVEN'
ok "and the model's words are a quote" sees '"It would have helped."'
keys c
wait_for '>eval 1'
keys Enter
ok "c Enter: the very case it cites" wait_for 'Evaluation #1'
keys Escape
wait_for 'Adjustment #1'
keys Escape
wait_for '═ 2 Pending'

keys a y
wait_for 'approve #1? \[y/N\]'
ok "a y in one write: what was typed before the question is no answer" is_now 1 PENDING
ok "the worst warning is in the question" sees 'warning: 2nd change in 30 days'
ok "y: approved" until_true press_until y 'approved #1'
ok "its ten seconds are counted down" wait_for '#1 .*hold [0-9]*s'
ok "and the line of keys offers to undo, not to approve again" wait_for '^ u undo  Enter detail'
keys u
ok "u: it never happened" wait_for '#1 is pending again'
ok "and nothing was applied" is_now 1 PENDING
keys a
wait_for 'approve #1? \[y/N\]'
until_true press_until y 'approved #1'
ok "a y, and ten seconds later it is in force" until_true value_is rsi_max 75

wait_for '> #2 '
keys x
wait_for ':reject 2'
keys 'n=6 too small' Enter
wait_for 'reject #2? \[y/N\]'
ok "the reason stands in the question" sees 'reason: "n=6 too small"'
ok "x REASON Enter y: rejected" until_true press_until y 'rejected #2'

wait_for '> #3 '
ok "d: put off" until_true press_until d 'put off #3'
ok "with its way back" sees 'put off #3 until .*undo takes it back'
ok "and counted in the title" wait_for '1 deferred'

wait_for '> #4 '
keys a
ok "what may add risk wants a reason first" wait_for '^:approve 4'
keys 'worth a try' Enter
ok "and a typed word" wait_for 'type APPROVE to do it'
ok "a REASON Enter APPROVE Enter: approved" until_true type_until APPROVE 'approved #4'
keys u
wait_for '#4 is pending again'

keys j
wait_for '> #5 '
keys s
wait_for 'shadow #5? \[y/N\]'
ok "s y: it runs beside the desk" until_true press_until y '#5 runs beside'
ok "and the list says so" wait_for '#5 .*shadow'

keys g j
wait_for '> #6 '
keys a
# rsi_max was changed since #6 was measured: that wants a reason and the word.
ok "what was measured by other values wants a reason" wait_for '^:approve 6'
keys 'still true' Enter
wait_for 'type APPROVE to do it'
sql "UPDATE strategy_adjustments SET confidence_score = 66 WHERE id = 6"
ok "what changes under a question is said in it" wait_for 'CHANGED while you looked'
ok "with what it is now" wait_for 'conf 66%'
keys Escape
ok "Esc leaves it as it was" wait_for 'nothing was done'
keys a
wait_for '^:approve 6'
keys 'once more' Enter
wait_for 'type APPROVE to do it'
"$QUORUM_BIN" --desk demo approve 6 'from the shell' --confirm=APPROVE >/dev/null
ok "a question that somebody else answers ends with who did" \
    wait_for 'E11 #6 is not pending: approved by .*(from the shell)'
"$QUORUM_BIN" --desk demo undo 6 --yes >/dev/null
ok "and it waits again" is_now 6 PENDING
keys x
wait_for '^:reject 6'
keys 'too few trades' Enter
wait_for 'reject #6? \[y/N\]'
"$QUORUM_BIN" --desk demo defer 6 1d >/dev/null
ok "one put off meanwhile is asked about anew, with that" \
    wait_for 'CHANGED while you looked: it is DEFERRED now, not PENDING'
keys Escape
wait_for 'nothing was done'
"$QUORUM_BIN" --desk demo undo 6 --yes >/dev/null
"$QUORUM_BIN" --desk demo reject 6 'from the shell' --yes >/dev/null
keys u
ok "u asks before it takes back what was decided elsewhere" \
    wait_for 'takes back: REJECTED by .*(from the shell)'
ok "and then does" until_true press_until y '#6 is pending again'
until_true is_now 6 PENDING
keys w
ok "w: the past by the new value, which this desk is too young for" \
    wait_for 'no decision to buy of the last .* is 20 sessions old yet'

keys / 'no such proposal' Enter
wait_for 'nothing matches'
ok "where nothing is selected no key offers to decide" wait_for '^ e eval  p pause  / filter'
keys a
ok "and says so when it is typed" wait_for 'there is nothing selected here'
keys Escape
wait_for '> #'
t load-buffer - <<'END'
approve 6
y
END
t paste-buffer -p
ok "a paste into no line does nothing and says so" wait_for 'nothing was pasted'

keys : 'revert 1 no better' Enter
ok "a revert is a typed word" wait_for 'type REVERT to do it'
ok "revert: the old value is in force again" until_true type_until REVERT 'reverted #1'
ok "and the audit chain of all of it holds" "$QUORUM_BIN" --desk demo db verify
keys x
wait_for '^:reject [0-9]'
keys Escape
until_true bar_is_left
keys : paus
ok "a verb that a key wrote is not taken up by the next line" wait_for '^:paus'
keys Escape
until_true bar_is_left
keys q
ok "q gives the terminal back" given_back
finish
