#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The console's ground in a real terminal: what is seen while it is used, and what is left of it.
set -u
# shellcheck source=tests/console/lib_terminal.sh
. "$(dirname "$0")/lib_terminal.sh"
program=$QUORUM_BUILD/tests/console/ground

start() {
    keys "$*" Enter
    wait_for 'DEMO RUNNING'
}

begin 80x24
start "$program"
keys ':' 'app' Tab
ok "Tab completes a word" wait_for '^:approve '
keys Tab Tab
ok "Tab again shows the choice and what it means" wait_for '#18  min_volume_ratio'
keys Down Down Enter
ok "an arrow and Enter choose, and run nothing" wait_for '^:approve #18 '
resize 60x15
ok "a resize draws at once" wait_for '60x15'
ok "and keeps what was typed" wait_for '^:approve #18 '
resize 80x24
wait_for '80x24'
keys Escape
until_true sees '^$'
keys ':'
ok "Esc keeps the text for the next time" wait_for '^:approve #18'
keys Enter
ok "Enter runs the line" wait_for 'ran: approve #18'
keys ':'
wait_for '^:'
t set-buffer "$(printf 'kill halt\ny\n.')"
t paste-buffer -p
ok "pasted lines run nothing" wait_for '^:kill halt y .'
keys C-c
wait_for '^: *$'
keys C-c F5
ok "keys have names" wait_for 'last: F5'
keys C-Left
ok "so have keys with modifiers" wait_for 'last: C-Left'
keys q
ok "quitting gives the terminal back" given_back
ok "what was said meanwhile is shown then" wait_for 'said while the screen was up'

keys clear Enter
start "$program"
keys K
ok "a crash gives the terminal back" given_back

begin 80x24
start "$program"
keys C-z
ok "Ctrl-Z gives the terminal to the shell" given_back
keys fg Enter
ok "and fg brings the picture back" wait_for 'DEMO RUNNING'
keys q
ok "which still takes keys" given_back

begin 80x24
start "env LC_ALL=C $program"
ok "without UTF-8 rules are ASCII" wait_for '= 1 Positions 4/10 =='
is_ascii() {
    ! screen | LC_ALL=C grep -q '[^ -~]'
}
ok "and so is all else" is_ascii
keys q

begin 80x24
start "env TERM=nosuch $program"
ok "an unknown TERM is told and worked around" wait_for 'TERM "nosuch" is unknown here'
keys q
given_back
keys "TERM=dumb $program" Enter
ok "a dumb terminal is refused in a line" wait_for 'TERM is dumb'

printf 'set editing-mode vi\nset bell-style audible\nset convert-meta on\nTab: self-insert\n' \
    >"$place/inputrc"
begin 80x24
start "env INPUTRC=$place/inputrc $program"
keys ':' 'pau' Tab
ok "a hostile inputrc breaks nothing" wait_for '^:pause'
keys Escape
cursor_at() {
    [ "$(t display-message -p '#{cursor_x}')" = "$1" ]
}
until_true cursor_at 6
keys 0 x Enter
ok "vi's Esc is vi's" wait_for 'ran: ause'
keys q

mkdir "$place/themes"
printf 'template = dark\n' >"$place/themes/mine.theme"
begin 100x24
start "$program mine $place/themes"
printf 'template = dark\npnl.upp = 74\n' >"$place/themes/mine.theme"
ok "a mistake in a theme is told while it runs" \
    wait_for 'E60 theme "mine" line 2: "pnl.upp" is not a token. did you mean pnl.up'
for size in 1x1 3x2 20x5 40x12 200x60; do
    resize $size
    keys ':' a C-c C-c
done
resize 80x24
ok "it survives any size" wait_for '80x24 mine'
keys q
ok "and ends as it should" given_back
finish
