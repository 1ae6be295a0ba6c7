# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# Sourced by the scripts of this directory: TAP, and the program in a home of its own. These scripts
# drop desks, so they refuse any home but the one tests/run.sh made for them.
case ${QUORUM_HOME-} in
"${HOME%/home}/state/quorum") ;;
*)
    echo "Bail out! run this by: make command, or QUORUM_BIN=... sh tests/run.sh $0" >&2
    exit 1
    ;;
esac
# shellcheck source=tests/support/lib_wait.sh
. "${QUORUM_TEST_DIR:?}/support/lib_wait.sh"
tests=0 failed=0 status=0
out=$TMPDIR/out err=$TMPDIR/err
work=$HOME/work
mkdir -p "$work"
cd "$work" || exit 1

# run ARGUMENT...: the program; then status, $out and $err.
run() {
    status=0
    "$QUORUM_BIN" "$@" >"$out" 2>"$err" || status=$?
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
        {
            echo "# failed: $*; exit status of the program $status"
            sed 's/^/# out: /' "$out"
            sed 's/^/# err: /' "$err"
        } 2>/dev/null
    fi
}
exits() { [ "$status" = "$1" ]; }
says() { grep -q -e "$1" "$out"; }
complains() { grep -q -e "$1" "$err"; }
# gives STATUS PATTERN: that exit status, and a line on either output.
gives() { [ "$status" = "$1" ] && cat "$out" "$err" | grep -q -e "$2"; }
# silent PATTERN: no line on either output.
silent() { ! cat "$out" "$err" | grep -q -e "$1"; }

# The private cluster as a plain server: $socket, and a hold that keeps it until server_end. admin is
# psql as its superuser; never with an empty host, which would be a server of the system's.
server_hold() {
    socket=$("$QUORUM_BIN" db psql -X -c '\echo :HOST')
    case $socket in
    "$QUORUM_HOME"/* | /tmp/*) ;;
    *)
        echo "Bail out! no socket of the private cluster: $socket"
        exit 1
        ;;
    esac
    mkfifo "$TMPDIR/hold"
    "$QUORUM_BIN" db psql -q <"$TMPDIR/hold" >/dev/null 2>&1 &
    exec 3>"$TMPDIR/hold"
}
server_end() {
    exec 3>&-
    wait
}
admin() { psql -X -q -A -t -h "${socket:?}" -p 5432 -U postgres "$@"; }

finish() {
    echo "1..$tests"
    [ $failed = 0 ]
    exit
}
