#!/bin/sh
# gcov's summary on stdin -> one line per file of src/, least covered first, and the total.
awk '
/^File / {
    file = $2
    gsub(/\047/, "", file)
}
/^Lines executed:/ && file ~ /^src\// {
    split($0, part, /[:% ]+/)
    lines = part[5]
    rows[file] = sprintf("%6.1f %% of %5d  %s", part[3], lines, file)
    total += lines
    covered += lines * part[3] / 100
    file = ""
}
END {
    for (f in rows)
        print rows[f] | "sort -n"
    close("sort -n")
    if (total > 0)
        printf "%6.1f %% of %5d  all of src/\n", 100 * covered / total, total
}'
