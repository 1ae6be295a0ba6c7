#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Checks the desk's database: one line for each check, each failure with its cure.
# Exit status as of `quorum db verify`, which does the work.
# With a DATABASE_URL it is the paper desk that is meant, unless --desk says otherwise.
if [ -n "${DATABASE_URL:-}" ] || grep -qsE '^(export )?DATABASE_URL=.' .env; then
    case " $* " in
    *" --desk"*) ;;
    *) set -- --desk paper "$@" ;;
    esac
fi
here=$(cd "$(dirname "$0")/.." && pwd) || exit 1
for program in "${QUORUM_BIN:-}" "$here/build/release/quorum" "$here/build/debug/quorum" \
    "$(command -v quorum)"; do
    if [ -n "$program" ] && [ -x "$program" ]; then
        exec "$program" db verify "$@"
    fi
done
echo "verify-database: quorum is not built: run make" >&2
exit 1
