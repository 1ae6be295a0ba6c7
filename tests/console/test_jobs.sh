#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# An operator's daily jobs, key by key, as docs/console.md tells them, on a demo desk.
set -u
# shellcheck source=tests/console/lib_terminal.sh
. "$(dirname "$0")/lib_terminal.sh"
trap '"$QUORUM_BIN" --desk demo engine stop >/dev/null 2>&1; t kill-server 2>/dev/null
      rm -rf "$place"' EXIT
"$QUORUM_BIN" demo --seed=7 --sessions=12 --exit >"$place/life" 2>&1 || {
    cat "$place/life"
    exit 1
}
# The first frame of a busy machine may take longer than one wait.
open_console() {
    keys "$QUORUM_BIN --desk demo console" Enter
    wait_for '4 Activity' || wait_for '4 Activity'
}

# Lines instead of a screen: a question is a line, and the next line its answer.
answer_kill() {
    asked=$(screen | grep -c 'FLATTEN:')
    keys kill Enter
    until_true asked_more_than "$asked" && keys "$1" Enter && wait_for 'nothing was done'
}
asked_more_than() {
    [ "$(screen | grep -c 'FLATTEN:')" -gt "$1" ]
}
begin 100x30
keys "$QUORUM_BIN --desk demo console --plain" Enter
wait_for '^quorum> '
ok "in lines, a part of a word is no answer" answer_kill A
keys C-l Enter
ok "nor are two words" answer_kill 'PAUSE HALT'
keys quit Enter
ok "quit gives the terminal back" given_back
"$QUORUM_BIN" --desk demo status >"$place/status" 2>&1
ok "nothing was done indeed" grep -q RUNNING "$place/status"

begin 100x30
ok "one word and the night is on the screen" open_console
wait_for 'DEMO RUNNING'
keys 9
ok "9: what needs a look" wait_for '9 Alerts'
keys 3
wait_for '═ 3 Closed trades'
wait_for '> #'
keys Enter
ok "3 Enter: how the last trade ended" wait_for 'Trade #.*CLOSED'
wait_for 'ENTRY '
keys v
ok "v: the evaluation behind it" wait_for 'Evaluation #'
wait_for 'DECISION '
keys w
ok "w: why, as a chain of causes" wait_for 'because'
keys Escape
wait_for 'Evaluation #'
keys Escape
wait_for 'Trade #'
keys Escape
wait_for '═ 3 Closed trades'
keys 4 3 Enter v w
ok "the same in one go: a key waits for the rows it is about" wait_for 'because'
keys Escape
wait_for 'Evaluation #'
keys Escape
wait_for 'Trade #'
keys Escape
wait_for '═ 3 Closed trades'
keys e
wait_for '^:evaluate'
keys C-u 'evaluate PFE' Enter
ok "e Enter: an evaluation is run and stays on the screen" wait_for 'Evaluation #.* PFE'
ok "until it is decided" wait_for 'DECISION '
keys w
ok "and w says why" wait_for '[Ww]hy\|because'
keys Escape
wait_for 'DECISION '
keys Escape
# An answer does not count in a question's first moments: it is given again until it shows.
press_until() { # KEY PATTERN
    keys "$1"
    sees "$2"
}
wait_for '1 Positions'
keys p
wait_for 'pause? \[y/N\]'
ok "p y: paused" until_true press_until y 'DEMO PAUSED'
keys '!'
wait_for 'type PAUSE, HALT or FLATTEN'
ok "a kill begins with a typed word" until_true press_until F 'FLATTEN: *F'
keys LATTEN Enter
ok "! FLATTEN: no entry any more, positions are closed" wait_for 'DEMO \(FLATTENING\|HALTED\)'
wait_for '1 Positions'
keys q
ok "q gives the terminal back" given_back
finish
