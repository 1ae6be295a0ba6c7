# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# Sourced by the libraries of scripts. A shell cannot be told when something has come to be: it asks
# again and again, to a deadline.

# until_so SECONDS COMMAND...: until the command succeeds; fails when the time is over.
until_so() {
    asks_left=$(($1 * 20))
    shift
    until "$@"; do
        asks_left=$((asks_left - 1))
        [ "$asks_left" -gt 0 ] || return 1
        sleep 0.05
    done
}
