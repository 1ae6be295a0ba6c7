#!/bin/sh
# Turns files into C at build time.
#   embed.sh migrations DIR   DIR/NNNN_name.up.sql and .down.sql  -> migrations[], migration_count
#   embed.sh files DIR [D]    every file below DIR, and below D   -> embedded_file()
#                             with D/ in front of its name
# Files become byte arrays: no limit on literals, nothing to escape.
set -eu
export LC_ALL=C

fail() {
    echo "embed.sh: $*" >&2
    exit 1
}

# "static const unsigned char NAME[] = {...}" with a NUL at the end, from FILE.
byte_array() {
    printf 'static const unsigned char %s[] = {\n' "$1"
    od -An -v -tu1 "$2" | awk '{
        line = ""
        for (i = 1; i <= NF; i++)
            line = line $i ","
        print line
    }'
    printf '0};\n'
}

# A migration runs inside one transaction that the program opens: the file must not end it.
# Comments, quoted text and $tag$ bodies (PL/pgSQL has its own BEGIN) do not count.
check_statements() {
    awk -v file="$1" '
    function word_ends() {
        if (word == "")
            return
        words++
        if (words == 1 && (word ~ /^(BEGIN|COMMIT|ROLLBACK|ABORT)$/ || (word == "END" && !atomic)))
            complain(word)
        if (words == 2 && first == "START" && word == "TRANSACTION")
            complain("START TRANSACTION")
        if (last == "BEGIN" && word == "ATOMIC")
            atomic = 1 # an SQL-standard body: its END is not COMMIT
        if (words == 1)
            first = word
        last = word
        word = ""
    }
    function complain(what) {
        printf "%s:%d: %s: a migration runs in one transaction of the program\n", file, NR, what
        bad = 1
    }
    BEGIN { mode = "" }
    {
        n = length($0)
        for (i = 1; i <= n; i++) {
            c = substr($0, i, 1)
            two = substr($0, i, 2)
            if (mode == "comment") {
                if (two == "*/") { i++; if (--depth == 0) mode = "" }
                else if (two == "/*") { i++; depth++ }
            } else if (mode == "text") {
                if (escapes && c == "\\") i++
                else if (c == quote) mode = ""
            } else if (mode == "body") {
                if (substr($0, i, length(tag)) == tag) { i += length(tag) - 1; mode = "" }
            } else if (two == "--") {
                break
            } else if (two == "/*") {
                word_ends(); i++; mode = "comment"; depth = 1
            } else if (c == "\047" || c == "\"") {
                escapes = c == "\047" && toupper(word) == "E"
                word_ends(); mode = "text"; quote = c; words++
            } else if (c == "$" && word == "" && match(substr($0, i), /^\$[A-Za-z_0-9]*\$/)) {
                tag = substr($0, i, RLENGTH); i += RLENGTH - 1; mode = "body"
            } else if (c ~ /[A-Za-z_0-9]/) {
                word = word toupper(c)
            } else {
                word_ends()
                if (c == ";") { words = 0; first = ""; last = "" }
            }
        }
        if (mode == "")
            word_ends()
    }
    END {
        if (mode != "") { printf "%s:%d: text or comment never ends\n", file, NR; bad = 1 }
        exit bad
    }' "$1" >&2 || exit 1
}

migrations() {
    dir=$1
    count=0
    rows=
    printf '/* Generated from %s/ by scripts/embed.sh. */\n' "$dir"
    printf '#include <stddef.h>\n\n#include "quorum/migrate.h"\n\n'
    for file in "$dir"/*.sql; do
        [ -e "$file" ] || continue
        case ${file##*/} in
        [0-9][0-9][0-9][0-9]_*.up.sql | [0-9][0-9][0-9][0-9]_*.down.sql) ;;
        *) fail "$file: the name must be NNNN_name.up.sql or NNNN_name.down.sql" ;;
        esac
        case ${file##*/} in
        *.down.sql) [ -e "${file%.down.sql}.up.sql" ] || fail "$file: its .up.sql is missing" ;;
        esac
    done
    for up in "$dir"/*.up.sql; do
        [ -e "$up" ] || continue
        base=${up##*/}
        base=${base%.up.sql}
        number=${base%%_*}
        name=${base#*_}
        case $name in
        '' | *[!a-z0-9_]*) fail "$up: the name may hold a-z, 0-9 and _" ;;
        esac
        next=$(printf %04d $((count + 1)))
        [ "$number" = "$next" ] || {
            [ "$number" = "$(printf %04d "$count")" ] && fail "$up: number $number is there twice"
            fail "$up: number $next is missing"
        }
        count=$((count + 1))
        check_statements "$up"
        byte_array "up_$number" "$up"
        down="$dir/$base.down.sql"
        pointer=NULL
        if [ -e "$down" ]; then
            check_statements "$down"
            byte_array "down_$number" "$down"
            pointer="(const char *)down_$number"
        fi
        rows="$rows    {$count, \"$name\", (const char *)up_$number, $pointer},
"
    done
    # C has no empty array: with no migration there is one row that the count leaves out.
    [ "$count" -gt 0 ] || rows='    {0, NULL, NULL, NULL},
'
    printf '\nconst struct migration migrations[] = {\n%s};\nconst int migration_count = %d;\n' \
        "$rows" "$count"
}

files() {
    dir=$1
    count=0
    rows=
    printf '/* Generated from %s/ by scripts/embed.sh. */\n' "$dir"
    printf '#include <stddef.h>\n#include <string.h>\n\n#include "quorum/embedded.h"\n\n'
    list=
    for from in "$dir" ${2+"$2"}; do
        [ -d "$from" ] || continue
        list="$list $(find "$from" -type f ! -name 'README*' ! -name '.*' ! -name '*~' | sort)"
    done
    for file in $list; do
        name=${file#"$dir"/}
        case $name in
        *[!A-Za-z0-9._/-]*) fail "$file: the name may hold letters, digits and . _ - /" ;;
        esac
        count=$((count + 1))
        byte_array "file_$count" "$file"
        rows="$rows    {\"$name\", (const char *)file_$count, sizeof(file_$count) - 1},
"
    done
    printf '\nstatic const struct {\n    const char *name, *bytes;\n    size_t len;\n} table[] = {\n'
    printf '%s    {NULL, NULL, 0},\n};\n\n' "$rows"
    cat <<'C'
const char *embedded_file(const char *name, size_t *len)
{
    for (size_t i = 0; table[i].name != NULL; i++) {
        if (strcmp(table[i].name, name) == 0) {
            if (len != NULL)
                *len = table[i].len;
            return table[i].bytes;
        }
    }
    return NULL;
}

const char *embedded_name(size_t i)
{
    return i < sizeof(table) / sizeof(table[0]) ? table[i].name : NULL;
}
C
}

case "${1-}:$#" in
migrations:2) migrations "${2%/}" ;;
files:2) files "${2%/}" ;;
files:3) files "${2%/}" "${3%/}" ;;
*)
    echo "usage: embed.sh migrations|files DIR [DIR]" >&2
    exit 2
    ;;
esac
