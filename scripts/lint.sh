#!/bin/sh
# make lint: one line per finding, "file:line: what"; exit status 1 when there is any.
# A check whose tool is not installed is skipped, and that is said.
set -u
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 1
jobs=${LINT_JOBS:-2}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
cache=build/lint
mkdir -p "$cache"

# What is under version control or about to be; in an unpacked archive, what is there.
{
    git ls-files -co --exclude-standard 2>/dev/null || find . -type f | sed 's|^\./||'
} >"$work/all"
grep -E '^(src|include|tests|bench)/.*\.[ch]$' "$work/all" | sort | while read -r file; do
    [ ! -f "$file" ] || echo "$file"
done >"$work/files"
grep '\.c$' "$work/files" >"$work/units"

have() {
    command -v "$1" >/dev/null 2>&1
}

skip() {
    echo "lint: $1 skipped: $2" >&2
}

# Keeps what a check prints; any output is a finding.
check() {
    name=$1
    shift
    start=$(date +%s)
    "$@" >"$work/$name.out" || :
    [ ! -s "$work/$name.out" ] || cat "$work/$name.out"
    cat "$work/$name.out" >>"$work/findings"
    echo "lint: $name: $(wc -l <"$work/$name.out") findings, $(($(date +%s) - start)) s" >&2
}

# shellcheck disable=SC2046  # file names of the project have no spaces
source_rules() {
    awk -v FILES="$work/files" -v REPORT="$work/size" -f scripts/lint-source.awk "$work/files" \
        $(cat "$work/files")
}

# What a program under test left behind has been committed before. git quotes odd names.
file_names() {
    grep -E '[^A-Za-z0-9_./-]' "$work/all" | sed 's/$/:1: no name for a file/'
    grep -Ev '/|^(\.clang-(format|tidy)|\.env(\.example)?|\.gitignore|LICENSE|Makefile|README\.md)$' \
        "$work/all" | sed 's/$/:1: what is this? (nothing else belongs at the top)/'
}

# The version decides what is right, so only Debian 12's does.
format() {
    xargs clang-format --dry-run -Werror <"$work/files" 2>&1 |
        sed -n 's/^\([^:]*:[0-9]*\):[0-9]*: error: .*/\1: not formatted (make fmt)/p' |
        awk -F: '!seen[$1]++'
}

# A file whose text after preprocessing, flags and rules are those of the last clean run is not
# looked at again.
tidy_one() {
    unit=$1
    key=$({
        cat .clang-tidy
        echo "$LINT_CFLAGS"
        # shellcheck disable=SC2086  # a list of flags
        ${CC:-gcc} $LINT_CFLAGS -E "$unit" 2>/dev/null
    } | sha256sum | cut -d' ' -f1)
    stamp=$cache/$(echo "$unit" | tr / _).tidy
    [ "$(cat "$stamp" 2>/dev/null)" != "$key" ] || return 0
    # The analyzer does not know that cmocka's assertions do not return.
    case $unit in
    tests/*) checks="-clang-analyzer-*" ;;
    *) checks= ;;
    esac
    # shellcheck disable=SC2086
    clang-tidy --quiet ${checks:+--checks="$checks"} "$unit" -- $LINT_CFLAGS -Wno-unknown-warning-option 2>/dev/null |
        sed -n "s|^$PWD/||; s/^\([^: ]*:[0-9]*\):[0-9]*: \(warning\|error\): /\1: /p" |
        grep -v '^/' | sort -u >"$stamp.new"
    if [ -s "$stamp.new" ]; then
        cat "$stamp.new"
        rm -f "$stamp"
    else
        echo "$key" >"$stamp"
    fi
    rm -f "$stamp.new"
}
tidy() {
    xargs -n 1 -P "$jobs" sh "$0" --tidy <"$work/units" | sort -u
}

cpp_check() {
    mkdir -p "$cache/cppcheck"
    grep -E '^(src|bench)/' "$work/units" >"$work/checked"
    cppcheck --quiet -j "$jobs" --std=c11 --language=c --platform=unix64 \
        --enable=warning,performance,portability --inline-suppr --cppcheck-build-dir="$cache/cppcheck" \
        --suppressions-list=scripts/lint-cppcheck.txt --file-list="$work/checked" \
        -D_GNU_SOURCE -DQUORUM_VERSION='""' -DQUORUM_DATADIR='""' -Iinclude -Isrc \
        --template='{file}:{line}: {message} [{id}]' 2>&1 | sort -u
}

shell_check() {
    {
        git ls-files -co --exclude-standard -- '*.sh' .ci/run 2>/dev/null ||
            find scripts tests .ci -name '*.sh' -o -path '.ci/run'
    } | while read -r file; do
        [ ! -f "$file" ] || echo "$file"
    done | xargs shellcheck -x -S warning -f gcc | sed 's/^\([^:]*:[0-9]*\):[0-9]*: /\1: /'
}

if [ "${1-}" = --tidy ]; then
    trap - EXIT
    rm -rf "$work"
    tidy_one "$2"
    exit 0
fi

: >"$work/findings"
check names file_names
check source source_rules
if have clang-format; then
    major=$(clang-format --version | sed -n 's/.*version \([0-9]*\).*/\1/p')
    if [ "$major" = 14 ]; then
        check format format
    else
        skip format "clang-format $major is installed, 14 decides"
    fi
else
    skip format "clang-format is not installed"
fi
if have clang-tidy && [ -s "$work/units" ]; then
    LINT_CFLAGS=$(make -s --no-print-directory print-cflags)
    export LINT_CFLAGS
    check tidy tidy
else
    skip tidy "clang-tidy is not installed"
fi
if have cppcheck && [ -s "$work/units" ]; then
    check cppcheck cpp_check
else
    skip cppcheck "cppcheck is not installed"
fi
if have shellcheck; then
    check shellcheck shell_check
else
    skip shellcheck "shellcheck is not installed"
fi

echo "lint: $(cat "$work/size.total"); the largest:" >&2
cat "$work/size.files" "$work/size.functions" >&2 2>/dev/null
found=$(wc -l <"$work/findings")
echo "lint: $found findings" >&2
[ "$found" = 0 ]
