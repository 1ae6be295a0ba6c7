# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# Sourced by the scripts of this directory: a terminal (tmux, on a socket of its own), keys typed
# into it, and TAP. What is waited for is asked for again and again, 10 s at most.
# shellcheck source=tests/support/lib_wait.sh
. "${QUORUM_TEST_DIR:?}/support/lib_wait.sh"
command -v tmux >/dev/null 2>&1 || {
    echo "1..0 # SKIP tmux is not installed"
    exit 77
}
tests=0 failed=0 socket=0
place=$(mktemp -d "${TMPDIR:-/tmp}/terminal.XXXXXX") || exit 1
trap 't kill-server 2>/dev/null; rm -rf "$place"' EXIT
trap 'exit 130' INT TERM HUP

t() {
    tmux -S "$place/$socket" "$@"
}
screen() {
    t capture-pane -p
}
keys() {
    t send-keys "$@"
}

# begin WIDTHxHEIGHT: a new terminal with a shell that prompts "ready>".
begin() {
    t kill-server 2>/dev/null
    socket=$((socket + 1)) # the one that is ending may still be there
    t -f /dev/null new-session -d -x "${1%x*}" -y "${1#*x}" \
        "env PS1='ready> ' INPUTRC=/dev/null LANG=C.UTF-8 sh -i"
    t set-option -g escape-time 0
    until_true sees 'ready>'
}
resize() {
    t resize-window -x "${1%x*}" -y "${1#*x}"
}

sees() {
    screen 2>/dev/null | grep -q -e "$1"
}
until_true() {
    until_so 10 "$@"
}
wait_for() {
    until_true sees "$1"
}

# ok NAME COMMAND...: a test that passes when the command does.
ok() {
    name=$1
    shift
    tests=$((tests + 1))
    if "$@"; then
        echo "ok $tests - $name"
    else
        failed=$((failed + 1))
        echo "not ok $tests - $name"
        echo "# failed: $*"
        screen | sed 's/^/# | /'
    fi
}
finish() {
    echo "1..$tests"
    [ $failed = 0 ]
}

# The shell has its terminal back: it echoes, and no mode of the program is left.
modes_are_plain() {
    [ "$(t display-message -p '#{alternate_on}#{mouse_any_flag}#{cursor_flag}')" = 001 ]
}
given_back() {
    until_true modes_are_plain || return 1
    keys C-u 'echo a''live; stty -a | grep -c -e " echo "' Enter
    wait_for 'alive$' && wait_for '^1$'
}
