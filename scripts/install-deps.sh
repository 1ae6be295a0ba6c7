#!/bin/sh
# Installs what quorum needs, with apt (Debian 12 and 13, and systems made from them).
#   install-deps.sh [--yes] [run|dev|all]
#     (nothing)  what building and testing needs
#     run        what the built program needs: libraries and PostgreSQL
#     dev        clang and the linters of `make lint`
#     all        building, testing and dev
#   --yes        do not ask
#   --missing    install nothing; print one line that says what is missing
# It does nothing, quickly and without network, when everything is there.
# shellcheck disable=SC2086,SC2046,SC2048  # package names are words: lists are split on purpose
set -eu
export LC_ALL=C

# a|b: either will do; the first that exists is installed.
BUILD="gcc libc6-dev make pkg-config libncurses-dev libreadline-dev libuv1-dev
libcurl4-openssl-dev libpq-dev libjson-c-dev libgsl-dev libutf8proc-dev libinih-dev libexpat1-dev
libpcre2-dev"
TEST="postgresql postgresql-client libcmocka-dev libmicrohttpd-dev tmux"
RUN="libncursesw6 libreadline8t64|libreadline8 libuv1t64|libuv1 libcurl4t64|libcurl4 libpq5 libjson-c5
libgsl28|libgsl27 libutf8proc3|libutf8proc2 libinih1 libexpat1 libpcre2-8-0 postgresql"
DEV="clang clang-tidy clang-format libclang-rt-dev cppcheck shellcheck"
WORDS="a C compiler (gcc 12 or clang 14, or newer), GNU make, pkg-config, and the development files of
ncurses (wide), readline, libuv, libcurl, libpq, json-c, GSL, utf8proc, inih, expat and PCRE2 (8 bit);
the PostgreSQL server and client, 15 or newer; for the tests also cmocka, libmicrohttpd and tmux"
MODULES="ncursesw readline libuv libcurl libpq json-c gsl libutf8proc inih expat libpcre2-8 cmocka
libmicrohttpd"

say() {
    echo "$*" >&2
}

fail() {
    say "install-deps: $*"
    exit 1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# Programs that may have come from elsewhere (another PostgreSQL, a compiler of one's own).
present_otherwise() {
    case $1 in
    postgresql) ls /usr/lib/postgresql/*/bin/postgres ;;
    postgresql-client) have psql ;;
    tmux | make | gcc | clang | cppcheck | shellcheck) have "$1" ;;
    pkg-config) have pkg-config ;;
    *) return 1 ;;
    esac >/dev/null 2>&1
}

# The items of $* that are not installed, as given.
missing_of() {
    installed=" $(dpkg-query -W -f '${db:Status-Status}:${Package} ' $(echo "$*" | tr '|' ' ') \
        2>/dev/null | tr ' ' '\n' | sed -n 's/^installed://p' | tr '\n' ' ') "
    for item in $*; do
        found=
        for package in $(echo "$item" | tr '|' ' '); do
            case $installed in
            *" $package "*) found=1 ;;
            esac
        done
        [ -n "$found" ] || present_otherwise "$item" || printf '%s ' "$item"
    done
}

has_candidate() {
    apt-cache policy "$1" 2>/dev/null | grep -q '^  Candidate: [^(]'
}

# a|b -> the one apt knows; nothing when it knows none.
choose() {
    for item in $*; do
        for package in $(echo "$item" | tr '|' ' '); do
            if has_candidate "$package"; then
                printf '%s ' "$package"
                continue 2
            fi
        done
        say "install-deps: apt knows no package $item"
        return 1
    done
}

in_container() {
    [ -e /.dockerenv ] || [ -e /run/.containerenv ] || [ -n "${container-}" ] ||
        { have systemd-detect-virt && systemd-detect-virt -q --container; } || [ "$$" = 1 ]
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo $sudo_flags "$@"
    fi
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C \
        apt-get -y -q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 "$@" >&2 </dev/null
}

# Debian's postgresql package creates and starts a cluster for the whole system. quorum runs its own
# private one, so the package is told not to; the instruction goes away again, whatever happens.
PG_CONFIG=/etc/postgresql-common/createcluster.d
PG_NOTE=$PG_CONFIG/zz-quorum-install.conf
pg_note_on() {
    note_on=1
    as_root sh -c "mkdir -p $PG_CONFIG && echo 'create_main_cluster = false' >$PG_NOTE"
}
pg_note_off() {
    [ -z "$note_on" ] || as_root sh -c \
        "rm -f $PG_NOTE; rmdir --ignore-fail-on-non-empty -p $PG_CONFIG 2>/dev/null || :"
    note_on=
}

install() {
    note_on=
    case " $* " in
    *" postgresql "*)
        trap pg_note_off EXIT
        trap 'exit 130' INT TERM HUP
        pg_note_on
        ;;
    esac
    # A list that is older than the archive names files that are gone: refresh and try once more.
    apt_get install --no-install-recommends "$@" ||
        { apt_get update && apt_get install --no-install-recommends "$@"; } ||
        fail "apt-get could not install: $*"
    pg_note_off
}

# "12.3 MB to download, 45 MB on disk" as apt computes it, or nothing.
size_of() {
    apt-get install --no-install-recommends --assume-no -o Debug::NoLocking=1 "$@" 2>/dev/null </dev/null |
        sed -n -e 's/^Need to get \([^/]*\)\(\/.*\)\{0,1\} of archives.*/\1 to download/p' \
            -e 's/^After this operation, \(.*\) of additional disk space.*/, \1 on disk/p' | tr -d '\n'
}

without_apt() {
    lacking=
    for tool in cc make pkg-config psql tmux; do
        have $tool || lacking="$lacking $tool"
    done
    for module in $MODULES; do
        pkg-config --exists "$module" 2>/dev/null || lacking="$lacking $module"
    done
    [ -n "$lacking" ] || exit 0
    [ -z "$only_tell" ] || {
        echo "quorum lacks:$lacking. Install the development packages of these" \
            "(scripts/install-deps.sh describes them)"
        exit 1
    }
    say "There is no apt here. quorum needs, by whatever names this system has for them:"
    say "$WORDS."
    say "Not found now:$lacking"
    exit 1
}

yes=
only_tell=
set_name=
sudo_flags=
for word in "$@"; do
    case $word in
    --yes | -y) yes=1 ;;
    --missing) only_tell=1 ;;
    run | dev | all) set_name=$word ;;
    *)
        say "usage: install-deps.sh [--yes] [--missing] [run|dev|all]"
        exit 2
        ;;
    esac
done
case $set_name in
run) wanted=$RUN ;;
dev) wanted=$DEV ;;
all) wanted="$BUILD $TEST $DEV" ;;
*) wanted="$BUILD $TEST" ;;
esac

if ! have apt-get || ! have dpkg-query; then
    without_apt
fi
missing=$(missing_of $wanted)
missing=${missing% }
if [ -n "$only_tell" ]; then
    if [ -n "$missing" ]; then
        echo "packages are missing: $missing. Install them with: scripts/install-deps.sh${set_name:+ $set_name}"
        exit 1
    fi
    echo "the packages are there, but not the compiler or a library: try another CC=, or look at" \
        "pkg-config --print-errors --exists" $MODULES
    exit 1
fi
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
    have sudo || fail "these packages are missing and this user is not root and has no sudo:" \
        "$missing. As root: apt-get install" $missing
    # Nobody is there to type a password.
    [ -t 0 ] || sudo_flags=-n
    [ -t 0 ] || sudo -n true 2>/dev/null ||
        fail "sudo wants a password and there is no terminal to ask. Run it from one, or as root:" \
            "apt-get install" $missing
fi
packages=$(choose $missing 2>/dev/null) || {
    say "install-deps: apt-get update"
    apt_get update || fail "apt-get update failed"
    packages=$(choose $missing) || fail "this release lacks packages that quorum needs (Debian 12 or 13 has them)"
}
packages=${packages% }
size=$(size_of $packages)
say "quorum needs: $packages${size:+ ($size)}"
if [ -t 0 ] && [ -z "$yes" ] && [ "${CI-}" != true ] &&
    { [ "$(id -u)" != 0 ] || ! in_container; }; then
    printf 'Install them now? [Y/n] ' >&2
    read -r answer || answer=n
    case $answer in
    '' | [yY]*) ;;
    *) fail "nothing installed" ;;
    esac
fi
install $packages
missing=$(missing_of $wanted)
[ -z "$missing" ] || fail "still missing: $missing"
say "install-deps: done"
