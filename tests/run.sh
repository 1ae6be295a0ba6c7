#!/bin/sh
# Runs test programs and scripts, two at a time, and ends with "N passed, N failed".
#   tests/run.sh PROGRAM...
# A program speaks TAP (cmocka does); a script may, and otherwise passes with exit status 0 and is
# skipped with 77. Each gets a private home, nothing of the caller's settings, a deadline of
# QUORUM_TEST_TIMEOUT seconds (300); whatever it leaves running is ended.
# In the environment of a test: QUORUM_TEST_DIR (this directory), QUORUM_REFERENCE_DATA (when there
# is any), QUORUM_BIN (the program), QUORUM_BUILD (its build directory; helper programs are in
# tests/fake there), QUORUM_TEST_LONG=1 for the whole of a big matrix.
set -u
deadline=${QUORUM_TEST_TIMEOUT:-300}

# Process ids that have $1/ in their environment or arguments, or work below it.
processes_of() {
    pattern=$(printf '%s/' "$1" | sed -e 's/[].[*^$\\]/\\&/g' -e 's/\(.\)$/[\1]/')
    {
        grep -ls -e "$pattern" /proc/[0-9]*/environ /proc/[0-9]*/cmdline
        find /proc -mindepth 2 -maxdepth 2 -name cwd -lname "$1/*"
    } 2>/dev/null | cut -d/ -f3 | sort -u | while read -r pid; do
        [ "$pid" = $$ ] || ! kill -0 "$pid" 2>/dev/null || echo "$pid"
    done
}

kill_all_of() {
    pids=$(processes_of "$1")
    # shellcheck disable=SC2086  # a list of numbers
    [ -z "$pids" ] || kill -KILL $pids 2>/dev/null
}

# The variables a test starts with: a private home and none of the caller's settings or keys.
private_environment() {
    for name in $(env | sed -n 's/^\([A-Za-z_][A-Za-z_0-9]*\)=.*/\1/p'); do
        case $name in
        QUORUM_TEST_* | QUORUM_REFERENCE_DATA | QUORUM_BIN | QUORUM_BUILD) ;;
        QUORUM_* | PG* | ANTHROPIC_* | FMP_* | DATABASE_URL | MULTI_AGENT_* | SELF_LEARNING_* | \
            XDG_* | LC_* | *_proxy | *_PROXY | TMUX* | LINES | COLUMNS | NO_COLOR | COLORTERM | \
            MAKEFLAGS | MFLAGS | MAKELEVEL) unset "$name" ;;
        esac
    done
    mkdir -p "$1/home" "$1/tmp" "$1/run" "$1/state"
    chmod 700 "$1/run"
    chmod 1777 "$1/tmp"
    export HOME="$1/home" TMPDIR="$1/tmp" TMUX_TMPDIR="$1/run" LANG=C.UTF-8 TERM="${TERM:-dumb}"
    export XDG_CONFIG_HOME="$1/home/.config" XDG_DATA_HOME="$1/home/.local/share"
    export XDG_STATE_HOME="$1/state" XDG_CACHE_HOME="$1/home/.cache" XDG_RUNTIME_DIR="$1/run"
    export QUORUM_HOME="$1/state/quorum"
    export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}"
    export UBSAN_OPTIONS="${UBSAN_OPTIONS:-halt_on_error=1:print_stacktrace=1}"
    export CMOCKA_MESSAGE_OUTPUT=TAP
    # shellcheck disable=SC3045  # dash and bash have it
    ulimit -c 0
}

# run.sh --one BASE PROGRAM: runs it, writes BASE/results/N ("passed failed skipped") and BASE/N.log.
run_one() {
    base=$1
    program=$2
    dir=$(mktemp -d "$base/XXXXXX") || exit 0
    [ "$(id -u)" != 0 ] || chmod 711 "$dir" # a private PostgreSQL runs as another user
    log=$base/results/${dir##*/}
    # timeout makes itself the leader of a process group; $PPID there is its id.
    start=$(date +%s)
    (
        private_environment "$dir"
        # shellcheck disable=SC2016,SC2046  # expanded by the inner shell; one word or none
        exec timeout -k 5 "$deadline" sh -c 'echo $PPID >"$1"; shift; exec "$@"' sh "$log.group" \
            $(case $program in *.sh) [ -x "$program" ] || echo sh ;; esac) "$program"
    ) </dev/null >"$log.out" 2>"$log.err"
    status=$?
    kill -s KILL -- "-$(cat "$log.group" 2>/dev/null)" 2>/dev/null

    # What it started in other groups (a private PostgreSQL lingers, an engine outlives its starter)
    # is asked to end; what does not is killed and fails the test.
    why=
    left=$(processes_of "$dir")
    if [ -n "$left" ]; then
        # shellcheck disable=SC2086  # a list of numbers
        kill -s TERM $left 2>/dev/null
        tries=50
        while [ -n "$left" ] && [ $tries -gt 0 ]; do
            sleep 0.1
            left=$(processes_of "$dir")
            tries=$((tries - 1))
        done
    fi
    if [ -n "$left" ]; then
        # shellcheck disable=SC2086  # a list of numbers
        why="did not end: $(ps -o pid=,args= -p "$(echo $left | tr ' ' ,)" | tr -s ' \n' ' ')"
        kill_all_of "$dir"
    fi
    case $status in
    124 | 137) why="no end within $deadline s" ;;
    esac
    awk -v status="$status" -v why="$why" '
        /^(not )?ok [0-9]+.*# SKIP/ { skipped++; next }
        /^ok [0-9]+/ { passed++ }
        /^not ok [0-9]+/ { failed++ }
        /^1\.\.[0-9]+/ { split($0, plan, /\.\./); planned += plan[2] }
        END {
            if (planned + passed + failed + skipped == 0 && why == "" && (status == 0 || status == 77))
                status == 0 ? passed++ : skipped++
            else if (planned > passed + failed + skipped)
                failed += planned - passed - failed - skipped
            if ((status != 0 && status != 77 || why != "") && !failed)
                failed++
            printf "%d %d %d\n", passed, failed, skipped
        }' "$log.out" >"$log.counts"
    read -r passed failed skipped <"$log.counts"
    verdict=ok
    if [ "$failed" -gt 0 ]; then
        verdict=FAIL
        {
            printf '\n== %s: exit status %s%s\n' "$program" "$status" "${why:+, $why}"
            tail -n 200 "$log.out"
            tail -n 200 "$log.err"
        } >"$log.failed"
    fi
    text="$passed passed"
    [ "$failed" = 0 ] || text="$text, $failed failed"
    [ "$skipped" = 0 ] || text="$text, $skipped skipped"
    printf '%-4s %s: %s (%d s)%s\n' "$verdict" "${program#"${QUORUM_BUILD:+$QUORUM_BUILD/}"}" "$text" \
        $(($(date +%s) - start)) "${why:+: $why}"
    chmod -R u+rwx "$dir" 2>/dev/null
    rm -rf "$dir"
    exit 0
}

if [ "${1-}" = --one ]; then
    run_one "$2" "$3"
fi
[ $# -gt 0 ] || {
    echo "no tests" >&2
    echo "0 passed, 0 failed"
    exit 0
}

here=$(cd "$(dirname "$0")" && pwd)
export QUORUM_TEST_DIR="$here"
if [ -z "${QUORUM_REFERENCE_DATA-}" ] && [ -d "$here/../../shared/data" ]; then
    QUORUM_REFERENCE_DATA=$(cd "$here/../../shared/data" && pwd)
    export QUORUM_REFERENCE_DATA
fi
# Short: a socket's path has at most 107 bytes.
base=$(mktemp -d /tmp/qt.XXXXXX) || exit 1
[ "$(id -u)" != 0 ] || chmod 711 "$base"
mkdir "$base/results"
finish() {
    kill_all_of "$base"
    rm -rf "$base"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

# In the foreground, so that tests keep the default action of SIGINT.
printf '%s\0' "$@" | xargs -0 -n 1 -P "${QUORUM_TEST_JOBS:-2}" sh "$0" --one "$base"

cat "$base"/results/*.failed 2>/dev/null
cat "$base"/results/*.counts | awk -v expected=$# '
    { passed += $1; failed += $2; skipped += $3 }
    END {
        if (NR < expected)
            failed += expected - NR
        printf "%d passed, %d failed%s\n", passed, failed, skipped ? ", " skipped " skipped" : ""
        exit failed > 0
    }'
