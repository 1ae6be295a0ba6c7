# Reads C files and prints findings as "file:line: what": include order, banned calls, long
# functions and files. Comments and literals are blanked first. With REPORT set it writes the sizes
# of functions and files there. Called by lint.sh.

BEGIN {
    split("strcpy strcat strncpy sprintf vsprintf strtok atoi gmtime localtime system popen malloc " \
          "calloc realloc strdup strndup sleep usleep", list, " ")
    for (i in list)
        banned[list[i]] = 1
    # What each layer may include. store, net and market stand beside each other: they may use
    # one another as long as no two do so in both directions (checked at the end).
    allow["base"] = "base"
    allow["store"] = allow["market"] = "base store net market"
    allow["net"] = "base store net market agent" # a model fills the form of an agent's answer
    allow["desk"] = "base store net market desk agent"
    allow["agent"] = "base net market desk agent" # the interface: include/quorum/agent.h
    allow["command"] = "base store net market desk command agent"
    allow["agents"] = "base net market agents agent"
    allow["ui"] = "ui command"
    # Headers of include/quorum/ that no source file of the same name places.
    place["value"] = place["embedded"] = "base"
    place["migrate"] = "store"
    place["market"] = "market"
    place["agent"] = "agent"
    # Of two source files with one name the lower layer's has the public header.
    split("base net store market desk command agents ui", list, " ")
    for (i in list)
        rank[list[i]] = i
}

function found(file, line, what) {
    print file ":" line ": " what
    findings++
}

# base store net market desk command agents ui main include test
function layer_of(path,    part) {
    if (path ~ /^src\/core\/[a-z]+\//) {
        split(path, part, "/")
        return part[3]
    }
    if (path ~ /^src\/(agents|ui)\//)
        return path ~ /^src\/ui/ ? "ui" : "agents"
    if (path == "src/main.c")
        return "main"
    return path ~ /^include\// ? "include" : "test"
}

# Where a header of include/quorum/ belongs: beside the source of the same name.
function public_layer(name) {
    if (name in place)
        return place[name]
    return name in home ? home[name] : "any"
}

function may_see(from, to) {
    return index(" " allow[from] " ", " " to " ") > 0
}

# An #include of `path` found in `file`.
function check_include(file, line, path, quoted,    from, to, name) {
    from = layer_of(file)
    if (path ~ /(^|\/)(n?curses|panel|menu|form|term|termcap|unctrl)\.h$/)
        only_one("ncurses", file, line, path)
    if (path ~ /^readline\//)
        only_one("readline", file, line, path)
    if (from == "include" &&
        path ~ /(^|\/)(n?curses|panel|term|libpq-fe|curl|json|json_object|libpq-events)\.h$|^(readline|curl|json-c)\//)
        found(file, line, "a public header must not include " path)
    if (!quoted || from == "test" || from == "main")
        return
    name = path
    if (path ~ /^quorum\//) {
        sub(/^quorum\//, "", name)
        sub(/\.h$/, "", name)
        to = public_layer(name)
        if (from == "include")
            from = public_layer(own_name(file))
        # agents and ui see all of include/.
        if (to == "any" || from == "any" || from == "agents" || from == "ui" || from == to)
            return
    } else {
        if (path ~ /^core\//)
            to = layer_of("src/" path)
        else if (path ~ /^agents\// || path ~ /^ui\//)
            to = layer_of("src/" path)
        else if (path ~ /^\.\.\//) {
            found(file, line, "include by its path from src/, not " path)
            return
        } else
            to = from # beside the including file
        if (from == "include") {
            if (path ~ /^(core|agents|ui)\//)
                found(file, line, "a public header must not include a private one: " path)
            return
        }
    }
    if (to == from)
        return
    if (!may_see(from, to))
        found(file, line, from " must not include " path " (" to ")")
    else if (from ~ /^(store|net|market)$/ && to ~ /^(store|net|market)$/) {
        if (!((from, to) in sibling))
            sibling[from, to] = file ":" line
    }
}

function own_name(file,    name) {
    name = file
    sub(/.*\//, "", name)
    sub(/\.[ch]$/, "", name)
    return name
}

function only_one(library, file, line, path) {
    if (file !~ /^src\//)
        return
    if (file !~ /^src\/ui\//)
        found(file, line, library " belongs to src/ui: " path)
    else if (!(library in owner))
        owner[library] = file
    else if (owner[library] != file)
        found(file, line, library " is already included by " owner[library] ": only one file may")
}

# The line without comments and with literals emptied; `in_comment` goes on to the next line.
function blanked(text,    out, n, i, c, two, quote) {
    if (!in_comment && text !~ /["'\/]/)
        return text
    out = ""
    n = length(text)
    for (i = 1; i <= n; i++) {
        c = substr(text, i, 1)
        two = substr(text, i, 2)
        if (in_comment) {
            if (two == "*/") { in_comment = 0; i++; out = out " " }
        } else if (quote != "") {
            if (c == "\\") i++
            else if (c == quote) { quote = ""; out = out c }
        } else if (two == "/*") { in_comment = 1; i++ }
        else if (two == "//") break
        else {
            if (c == "\"" || c == "\047") quote = c
            out = out c
        }
    }
    return out
}

function check_calls(text,    rest, word, before) {
    rest = text
    while (match(rest, /[A-Za-z_][A-Za-z_0-9]*[ \t]*\(/)) {
        word = substr(rest, RSTART, RLENGTH - 1)
        sub(/[ \t]+$/, "", word)
        before = RSTART > 1 ? substr(rest, RSTART - 1, 1) : " "
        if (word in banned && before !~ /[.>]/ && FILENAME != "src/core/base/mem.c")
            found(FILENAME, FNR, word "() is banned")
        rest = substr(rest, RSTART + RLENGTH)
    }
}

function end_of_file() {
    if (previous == "")
        return
    lines[previous] = last_line
    if (last_line > 1000)
        found(previous, last_line, "file has " last_line " lines, more than 1000")
}

# The first pass only learns which source file stands where: FILES is a list of all names.
FILENAME == FILES {
    if ($0 ~ /^src\/.*\.c$/) {
        name = own_name($0)
        layer = layer_of($0)
        if (layer in rank && (!(name in home) || rank[layer] < rank[home[name]]))
            home[name] = layer
    }
    next
}

FNR == 1 {
    end_of_file()
    previous = FILENAME
    in_comment = in_function = 0
}
{
    last_line = FNR
    was_comment = in_comment
    code = blanked($0)
}
!was_comment && /^[ \t]*#[ \t]*include[ \t]*["<]/ {
    path = $0
    quoted = path ~ /include[ \t]*"/
    sub(/^[^"<]*["<]/, "", path)
    sub(/[">].*/, "", path)
    check_include(FILENAME, FNR, path, quoted)
    next
}
{
    check_calls(code)
}
# In the Linux style a function's braces, and only they, stand alone in the first column.
code ~ /^[A-Za-z_].*\(/ {
    name = code
    sub(/[ \t]*\(.*/, "", name)
    sub(/.*[ *]/, "", name)
}
code ~ /^\{[ \t]*$/ {
    in_function = 1
    opened = FNR
    function_name = name
}
code ~ /^\}[ \t]*$/ && in_function {
    size = FNR - opened - 1
    in_function = 0
    sizes[FILENAME ":" opened ": " function_name] = size
    if (size > 100)
        found(FILENAME, opened, function_name "() has " size " lines, more than 100")
}

END {
    end_of_file()
    for (pair in sibling) {
        split(pair, side, SUBSEP)
        if (side[1] < side[2] && (side[2], side[1]) in sibling) {
            split(sibling[pair], at, ":")
            found(at[1], at[2], side[1] " and " side[2] " include each other (" \
                  sibling[side[2], side[1]] ")")
        }
    }
    if (REPORT != "") {
        for (f in sizes) {
            printf "%5d lines  %s()\n", sizes[f], f | ("sort -rn | head -n 8 >" REPORT ".functions")
            functions++
            total += sizes[f]
        }
        for (f in lines) {
            printf "%5d lines  %s\n", lines[f], f | ("sort -rn | head -n 8 >" REPORT ".files")
            files++
            all += lines[f]
        }
        printf "%d files, %d lines; %d functions, %.0f lines on average\n", files, all, functions, \
            functions ? total / functions : 0 > (REPORT ".total")
    }
    exit findings > 0
}
