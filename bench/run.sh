#!/bin/sh
# Runs the benchmarks in a private home, prints their figures, leaves nothing behind.
# QUORUM_BIN and QUORUM_BUILD name the release build (make bench sets them). T=word picks benchmarks
# by name; T=dashboard is the big database, minutes that are not part of the whole (make bench-big).
set -eu
home=$(mktemp -d)
chmod 711 "$home"
trap 'rm -rf "$home"' EXIT
trap 'exit 130' INT TERM HUP
export QUORUM_HOME="$home/state" XDG_CONFIG_HOME="$home/config"

# time_command NAME LIMIT_MS COMMAND...: median of 15 runs after one.
time_command() {
    name=$1
    limit=$2
    shift 2
    "$@" >/dev/null 2>&1
    i=0
    while [ $i -lt 15 ]; do
        start=$(date +%s%N)
        "$@" >/dev/null 2>&1
        echo $((($(date +%s%N) - start) / 1000))
        i=$((i + 1))
    done | sort -n | awk -v name="$name" -v limit="$limit" '
        { v[NR] = $1 / 1000 }
        END { printf "%-34s n=%-3d median %8.1f ms  min %8.1f  max %8.1f  limit %8.1f  ratio %.3f\n",
              name, NR, v[int((NR + 1) / 2)], v[1], v[NR], limit, v[int((NR + 1) / 2)] / limit }'
}

for b in "$QUORUM_BUILD"/bench/bench_*; do
    name=${b##*/bench_}
    case $name in
    learning) continue ;; # make bench-learning
    dashboard) [ "${T-}" = dashboard ] || continue ;;
    *) case $name in *"${T-}"*) ;; *) continue ;; esac ;;
    esac
    [ -f "$b" ] || continue
    [ ! -x "$b" ] || "$b"
done
[ -z "${T-}" ] || exit 0
"$QUORUM_BIN" evaluate MSFT --quiet >/dev/null
time_command "C1 quorum --version" 12 "$QUORUM_BIN" --version
time_command "C1 quorum costs" 30 "$QUORUM_BIN" costs
