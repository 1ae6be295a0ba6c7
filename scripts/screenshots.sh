#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Pictures of the console for the documents: a demo desk of its own (always the same seed), a real
# terminal (tmux), and what it shows as SVG.
#   scripts/screenshots.sh PROGRAM [DIRECTORY]     default: docs/images
set -eu
program=$(realpath "$1")
images=${2:-docs/images}
scripts=$(dirname "$0")
command -v tmux >/dev/null || {
    echo "screenshots: tmux is needed" >&2
    exit 1
}
place=$(mktemp -d "${TMPDIR:-/tmp}/screenshots.XXXXXX")
chmod 711 "$place" # a private PostgreSQL runs as another user when this runs as root
export QUORUM_HOME="$place/home" XDG_CONFIG_HOME="$place/config" LANG=C.UTF-8

t() {
    tmux -S "$place/socket" "$@"
}
cleanup() {
    t kill-server 2>/dev/null || :
    "$program" --desk demo engine stop >/dev/null 2>&1 || :
    "$program" desk drop demo --confirm=demo >/dev/null 2>&1 || :
    rm -rf "$place"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

# wait_for SECONDS PATTERN: until the screen shows it.
wait_for() {
    tries=$(($1 * 10))
    until t capture-pane -p 2>/dev/null | grep -q -e "$2"; do
        tries=$((tries - 1))
        [ $tries != 0 ] || {
            echo "screenshots: \"$2\" never came:" >&2
            t capture-pane -p >&2
            exit 1
        }
        sleep 0.1
    done
}

# picture WIDTHxHEIGHT NAME
picture() {
    t resize-window -x "${1%x*}" -y "${1#*x}"
    sleep 3 # every panel of the new layout has its rows
    t capture-pane -e -p |
        awk -v cols="${1%x*}" -v rows="${1#*x}" -f "$scripts/svg.awk" >"$place/$2"
    mv "$place/$2" "$images/$2"
    echo "$images/$2"
}

mkdir -p "$images"
"$program" demo --exit >/dev/null
t -f /dev/null new-session -d -x 120 -y 40 \
    "env LANG=C.UTF-8 TERM=tmux-256color '$program' --desk demo console --theme=dark"
# A session is open and has been evaluated in.
wait_for 60 'DEMO RUNNING'
wait_for 300 'OPEN [0-5]h'
picture 120x40 console.svg
picture 80x24 console-80x24.svg
