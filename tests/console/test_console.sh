#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The console as it is used: its file of options, help, completion, clipboard, mouse, themes, files,
# two of them at once, and what is left when one ends badly.
set -u
# shellcheck source=tests/console/lib_terminal.sh
. "$(dirname "$0")/lib_terminal.sh"
trap '"$QUORUM_BIN" --desk demo engine stop >/dev/null 2>&1; t kill-server 2>/dev/null
      rm -rf "$place"' EXIT
config=$XDG_CONFIG_HOME/quorum
mkdir -p "$config/themes"
"$QUORUM_BIN" demo --seed=7 --sessions=12 --exit >"$place/life" 2>&1 || {
    cat "$place/life"
    exit 1
}
# The first frame of a busy machine may take longer than one wait.
open_console() {
    keys "$QUORUM_BIN --desk demo console" Enter
    wait_for '4 Activity' || wait_for '4 Activity'
}
run() { # a line of the bar
    keys ':' "$1" Enter
}

# ---- the file of options
printf '# mine\nbind F2 = goto budget\nclock = hours\nbind C-c = quit\n' >"$config/console"
begin 100x30
open_console
ok "a mistake in the options is told with its line" \
    wait_for 'E60 console options line 3: clock=hours'
keys F2
ok "a key does what it was bound to" wait_for '═ 6 Budget'
rm "$config/console"
run 'set clock=min'
wait_for 'clock=min'
run save
saved() { [ "$(cat "$config/console" 2>/dev/null)" = 'clock = min' ]; }
ok "save keeps what was changed" until_true saved
rm "$config/console"

# What a slow link sends as one packet: Esc, and a line typed behind it.
keys ':' 'theme dar'
# shellcheck disable=SC2046 # one word for each byte
t send-keys -H $(printf '\033:set clock=off\r' | od -An -tx1)
ok "Esc and a colon in one packet are two keys" wait_for 'clock=off'
run 'set clock=min'
wait_for 'clock=min'

# ---- help
keys '?'
ok "? opens the help" wait_for '═ Help'
keys / 'worth after'
ok "which is searched as a whole" wait_for 'equity .*worth after'
keys Escape Escape
until_true sees '4 Activity'

# ---- completion
keys ':' 'theme dar' Tab
ok "Tab completes" wait_for '^:theme dark '
keys Tab Tab
ok "and adds nothing twice" sees '^:theme dark  *theme \[name\]'
keys C-c C-c

# ---- themes
printf 'template = dark\npnl.up = 74\n' >"$config/themes/sunny.theme"
keys ':' 'theme su' Tab
ok "a theme of one's own is completed" wait_for '^:theme sunny '
keys Enter
printf 'template = light\npnl.upp = 74\n' >"$config/themes/sunny.theme"
ok "and read again when it changes" wait_for 'E60 theme "sunny" line 2'

# ---- clipboard, bare text, files
t set-option -s set-clipboard on
keys 3
wait_for '═ 3 Closed trades'
wait_for '> #'
keys y
wait_for 'bytes copied'
copied() { t show-buffer 2>/dev/null | grep -q "^trade [0-9]"; }
ok "y puts the row into the clipboard" until_true copied
keys Y
no_lines() { ! sees '─'; }
ok "Y shows bare text" until_true no_lines
keys x
ok "until a key" wait_for '═ 3 Closed trades'
run "export trades csv > $place/trades.csv"
exported() { grep -q '^id,sym' "$place/trades.csv" 2>/dev/null; }
ok "a panel is exported" until_true exported
run "export trades csv > $place/trades.csv"
ok "and no file is overwritten" wait_for 'E61 .*exists'

# ---- mouse
run 'set mouse=on'
wait_for 'mouse=on'
row=$(screen | grep -n '4 Activity' | cut -d: -f1)
t send-keys -l "$(printf '\033[<0;5;%dM' $((row + 2)))"
ok "a click goes to the panel" wait_for '═ 4 Activity'

# ---- an order is asked about
run 'evaluate KO --trade'
ok "an evaluation that trades is asked about" wait_for 'evaluate KO --trade? \[y/N\]'
keys Escape
wait_for 'nothing was done'

# ---- two at once
t new-window -d "env LANG=C.UTF-8 $QUORUM_BIN --desk demo console"
ok "another console is seen" until_true sees '+1'
t kill-window -t :1
given_back_by_q() {
    keys q
    given_back
}
ok "q gives the terminal back" given_back_by_q

# ---- a script, and its recording
printf '3\nEnter\nwait 0.3\n:goto alerts\nwait 0.3\n:quit\n' >"$place/keys"
keys "clear; $QUORUM_BIN --desk demo console --script=$place/keys --record=$place/cast; echo ended \$?" Enter
ok "a script runs to its end" wait_for '^ended 0'
header() { head -n 1 "$place/cast" | grep -q '^{"version":2,"width":100,"height":30,'; }
ok "and is recorded" header
events() { [ "$(sed 1d "$place/cast" | grep -vc '^\[[0-9.]*,"[or]",".*"\]$')" = 0 ]; }
ok "as asciicast" events

# ---- a lost line, a crash
open_console
run 'trade 1'
wait_for '═ Trade #1 '
begin 100x30 # ends the terminal it was on
left() { [ -s "$QUORUM_HOME/session" ]; }
until_true left
open_console
ok "what was open when the line was lost is offered" wait_for 'resumed view: trade #1'
keys ']'
ok "and is there" wait_for '═ Trade #1 '
child=$(pgrep -P "$(t display-message -p '#{pane_pid}')" | head -n 1)
kill -SEGV "$child"
ok "a crash says where its note is" wait_for 'a crash note is in .*crash-'
keys clear Enter
until_true given_back
open_console
ok "and the next console tells of it" wait_for 'the console died of signal 11: crash-'
keys q
given_back

# ---- a desk that opens slowly, and one that does not: a port on which nobody answers is tried again
slow="env DATABASE_URL=postgresql://nobody@127.0.0.1:1/nothing $QUORUM_BIN --desk paper console"
keys "clear; $slow --read-only; echo ended \$?" Enter
ok "the picture stands before the desk is open" wait_for 'opening the desk'
keys C-c
ok "Ctrl-C ends the wait for it" wait_for '^ended 3'
ok "with one line" sees '^quorum: no database at 127.0.0.1:1: '
ok "and the terminal is as it was" given_back
wrong="env DATABASE_URL=postgresql://nobody@127.0.0.1:none/nothing $QUORUM_BIN --desk paper console"
keys "clear; $wrong --read-only; echo ended \$?" Enter
ok "a desk that cannot be opened ends with the exit status it has" wait_for '^ended 2'
ok "and one line, below what was there" sees '^quorum: '
ok "the terminal is as it was" given_back
keys "clear; $QUORUM_BIN --desk demo console" Enter
wait_for '4 Activity'
keys '?'
ok "a key of the time before is not lost" wait_for '═ Help'
keys q
keys q
given_back
finish
