# SPDX-License-Identifier: GPL-3.0-or-later
# A terminal's text with SGR colours (tmux capture-pane -e -p) as SVG.
#   awk -v cols=120 -v rows=40 -f scripts/svg.awk CAPTURE >PICTURE.svg
# Rules and bars become rectangles, so that they meet whatever font the reader has. Characters are
# taken as one column wide.

BEGIN {
    W = 8.4; H = 17; SIZE = 14; PAD = 10
    INK = "#d0d0d0"; GROUND = "#16181c"
    split("#000000 #cd3131 #4cae4c #c8a52a #4f8ad0 #b06ac0 #3aa8b0 #cfcfcf " \
          "#767676 #f14c4c #73d873 #f2d45c #7ab0f5 #d68ee6 #6fd6de #ffffff", basic, " ")
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.1f %.1f\" ", \
        cols * W + 2 * PAD, rows * H + 2 * PAD
    printf "font-family=\"'DejaVu Sans Mono','Liberation Mono',Menlo,Consolas,monospace\" "
    printf "font-size=\"%d\" fill=\"%s\" xml:space=\"preserve\">\n", SIZE, INK
    printf "<rect width=\"100%%\" height=\"100%%\" rx=\"6\" fill=\"%s\"/>\n", GROUND
    reset()
}

function reset() {
    fg = bg = ""
    bold = reverse = underline = dim = 0
}

function colour(n, level) {
    if (n < 16)
        return basic[n + 1]
    if (n >= 232) {
        level = 8 + 10 * (n - 232)
        return sprintf("#%02x%02x%02x", level, level, level)
    }
    n -= 16
    return sprintf("#%02x%02x%02x", step(int(n / 36)), step(int(n / 6) % 6), step(n % 6))
}
function step(i) {
    return i ? 55 + 40 * i : 0
}

function sgr(codes, part, n, i, c) {
    n = split(codes, part, /[;:]/)
    if (codes == "")
        reset()
    for (i = 1; i <= n; i++) {
        c = part[i] + 0
        if (c == 0) reset()
        else if (c == 1) bold = 1
        else if (c == 2) dim = 1
        else if (c == 4) underline = 1
        else if (c == 7) reverse = 1
        else if (c == 22) bold = dim = 0
        else if (c == 24) underline = 0
        else if (c == 27) reverse = 0
        else if (c == 39) fg = ""
        else if (c == 49) bg = ""
        else if (c >= 30 && c <= 37) fg = basic[c - 29]
        else if (c >= 40 && c <= 47) bg = basic[c - 39]
        else if (c >= 90 && c <= 97) fg = basic[c - 81]
        else if (c >= 100 && c <= 107) bg = basic[c - 91]
        else if (c == 38 || c == 48) {
            c = c == 38 ? "fg" : "bg"
            if (part[i + 1] == 5) {
                if (c == "fg") fg = colour(part[i + 2] + 0)
                else bg = colour(part[i + 2] + 0)
                i += 2
            } else {
                if (c == "fg") fg = sprintf("#%02x%02x%02x", part[i + 2], part[i + 3], part[i + 4])
                else bg = sprintf("#%02x%02x%02x", part[i + 2], part[i + 3], part[i + 4])
                i += 4
            }
        }
    }
}

function rect(x, y, w, h, paint) {
    printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n", \
        PAD + x, PAD + y, w, h, paint
}

# What is drawn instead of written: the kind of rule, or eighths of a bar.
function shape(ch, at) {
    if (ch == "─") return "thin"
    if (ch == "═") return "double"
    if (ch == "│") return "upright"
    at = index("▁▂▃▄▅▆▇█", ch)
    if (at)
        return (length("█") == 1 ? at : (at + 2) / 3)
    return ""
}
function draw(kind, col, n, paint, x, y) {
    x = col * W
    y = (NR - 1) * H
    if (kind == "thin") rect(x, y + H / 2 - 0.5, n * W, 1, paint)
    else if (kind == "double") {
        rect(x, y + H / 2 - 2, n * W, 1, paint)
        rect(x, y + H / 2 + 1, n * W, 1, paint)
    } else if (kind == "upright") rect(x + W / 2 - 0.5, y, 1, H, paint)
    else rect(x, y + H * (8 - kind) / 8, n * W, H * kind / 8, paint)
}

# Writes what has been gathered with one look.
function flush_run(paint, ground, attrs, escaped) {
    if (run_n) {
        paint = reverse ? (bg == "" ? GROUND : bg) : (fg == "" ? INK : fg)
        ground = reverse ? (fg == "" ? INK : fg) : bg
        if (ground != "")
            rect(run_at * W, (NR - 1) * H, run_n * W, H, ground)
        if (run_kind != "") {
            draw(run_kind, run_at, run_n, paint)
        } else if (run ~ /[^ ]/) {
            escaped = run
            gsub(/&/, "\\&amp;", escaped)
            gsub(/</, "\\&lt;", escaped)
            gsub(/>/, "\\&gt;", escaped)
            attrs = (paint == INK ? "" : " fill=\"" paint "\"") (bold ? " font-weight=\"bold\"" : "")
            attrs = attrs (underline ? " text-decoration=\"underline\"" : "")
            attrs = attrs (dim ? " opacity=\"0.6\"" : "")
            printf "<text x=\"%.1f\" y=\"%.1f\" textLength=\"%.1f\"%s>%s</text>\n", \
                PAD + run_at * W, PAD + (NR - 1) * H + 13, run_n * W, attrs, escaped
        }
    }
    run = run_kind = ""
    run_n = 0
    run_at = col
}

# The character at the head of text; mawk counts bytes, gawk characters.
function head(text, lead) {
    if (length("█") == 1)
        return substr(text, 1, 1)
    lead = substr(text, 1, 1)
    if (lead < "\300") return lead
    if (lead < "\340") return substr(text, 1, 2)
    return substr(text, 1, lead < "\360" ? 3 : 4)
}

{
    text = $0
    col = run_at = run_n = 0
    run = run_kind = ""
    while (text != "") {
        if (match(text, /^\033\[[0-9;:]*m/)) {
            flush_run()
            sgr(substr(text, 3, RLENGTH - 3))
            text = substr(text, RLENGTH + 1)
            continue
        }
        if (match(text, /^(\033[()][A-Z0-9]|[\016\017])/)) {
            text = substr(text, RLENGTH + 1)
            continue
        }
        ch = head(text)
        kind = shape(ch)
        if (kind != run_kind || kind == "upright")
            flush_run()
        run_kind = kind
        run = run ch
        run_n++
        col++
        text = substr(text, length(ch) + 1)
    }
    flush_run()
}

END {
    print "</svg>"
}
