#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes the roles and the database of the paper desk on a PostgreSQL server, and writes how to
# reach them into .env (mode 0600). May be run again at any time: it creates what is missing,
# changes no password that .env knows, and never drops anything.
set -eu

usage() {
    cat <<'TEXT'
usage: scripts/setup-database.sh [options]
  --database NAME    the database (default: quorum)
  --single           one role, "quorum", for everything, instead of quorum_owner (migrations),
                     quorum_app (the desk) and quorum_ro (reading)
  --host HOST        the name that the desk uses for this server (default: localhost)
  --port PORT        its port (default: the port this server listens on)
  --env FILE         the file to write (default: .env)
  --new-passwords    new passwords for all roles, even those that .env knows
  --dry-run          show what would be done, and do nothing
  --help
It works as the server's superuser: through PGHOST, PGPORT and PGUSER when one of them is set, else
as the system user postgres (runuser, su or sudo), else as yourself.
TEXT
}

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "setup-database: $*" >&2; }
die() {
    warn "$1"
    shift
    for line; do printf '  %s\n' "$line" >&2; done
    exit 1
}
wrong() {
    warn "$1"
    usage >&2
    exit 2
}

database=quorum single='' host='' port='' env=.env renew='' dry=''
while [ $# -gt 0 ]; do
    case $1 in
    --database=* | --host=* | --port=* | --env=*)
        value=${1#*=}
        option=${1%%=*}
        shift
        set -- "$option" "$value" "$@"
        continue
        ;;
    --database | --host | --port | --env) [ $# -ge 2 ] || wrong "$1 needs a value" ;;
    esac
    case $1 in
    --database) database=$2 && shift ;;
    --host) host=$2 && shift ;;
    --port) port=$2 && shift ;;
    --env) env=$2 && shift ;;
    --single) single=1 ;;
    --new-passwords) renew=1 ;;
    --dry-run) dry=1 ;;
    --help | -h) usage && exit 0 ;;
    *) wrong "unknown option \"$1\"" ;;
    esac
    shift
done
case $database in
'' | [!a-z_]* | *[!a-z0-9_]*) wrong "a database name has a-z, 0-9 and _ and begins with a letter" ;;
esac
case $host in *[!A-Za-z0-9._:/-]*) wrong "\"$host\" is no host name" ;; esac
case $port in *[!0-9]*) wrong "\"$port\" is no port" ;; esac
[ "${#database}" -le 63 ] || wrong "the database name is too long"
here=$(cd "$(dirname "$0")/.." && pwd)
command -v psql >/dev/null 2>&1 || die "psql is not installed" "apt install postgresql"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

# ---- the superuser

# admin PROGRAM ARGUMENT...: runs it as whoever may create roles. / is a directory that user can
# enter.
admin() {
    # shellcheck disable=SC2016  # expanded by the inner shell
    case $way in
    direct) (cd / && "$@") ;;
    runuser) (cd / && runuser -u postgres -- "$@") ;;
    su) (cd / && su -s /bin/sh -c 'exec "$0" "$@"' postgres -- "$@") ;;
    sudo) (cd / && sudo -u postgres -- "$@") ;;
    esac
}
# What a statement of ours must not do: wait for ever, or be written to the server's log.
quiet_options='-c lock_timeout=10s -c client_min_messages=warning -c password_encryption=scram-sha-256'
sql() {
    admin env PGOPTIONS="$options" psql -X -q -A -t -v ON_ERROR_STOP=1 -w "$@"
}
may_create() {
    options=''
    [ "$(sql -d postgres -c "SELECT rolsuper OR (rolcreaterole AND rolcreatedb) FROM pg_roles
                             WHERE rolname = current_user" 2>>"$work/why")" = t ]
}
choose_way() {
    : >"$work/why"
    ways=direct
    if [ -z "${PGHOST:-}${PGPORT:-}${PGUSER:-}${PGSERVICE:-}" ] && id postgres >/dev/null 2>&1; then
        ways='sudo direct'
        [ "$(id -u)" != 0 ] || ways='runuser su sudo'
    fi
    for way in $ways; do
        [ "$way" = direct ] || command -v "$way" >/dev/null 2>&1 || continue
        may_create && return
    done
    sed 's/^/  /' "$work/why" >&2
    die "no way to this server with the right to create roles" \
        "is it running? (systemctl status postgresql)" \
        "run this as root, or with sudo, or set PGHOST, PGPORT and PGUSER to a superuser's"
}

choose_way
options=$quiet_options
is_super=$(sql -d postgres -c "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
if [ "$is_super" = t ]; then
    # The server's log keeps no statement of ours, not even the hash of a password.
    options="$options -c log_statement=none -c log_min_duration_statement=-1 -c log_min_error_statement=panic"
fi
version=$(sql -d postgres -c "SHOW server_version_num")
[ "$version" -ge 140000 ] || die "the server has PostgreSQL $((version / 10000)); quorum needs 14 or newer"
[ "$(sql -d postgres -c "SELECT pg_is_in_recovery()")" = f ] || die "this server is a standby; use the primary"
listen=$(sql -d postgres -c "SHOW listen_addresses")
[ -n "$port" ] || port=$(sql -d postgres -c "SHOW port")
if [ -z "$host" ] && [ -z "$listen" ]; then
    host=$(sql -d postgres -c "SELECT split_part(current_setting('unix_socket_directories'), ',', 1)")
fi
[ -n "$host" ] || host=localhost

if [ -n "$single" ]; then
    owner=quorum
    logins='quorum:DATABASE_URL'
else
    owner=quorum_owner
    logins='quorum_app:DATABASE_URL quorum_owner:QUORUM_DATABASE_OWNER_URL quorum_ro:QUORUM_DATABASE_RO_URL'
fi

# run DATABASE: does the SQL on standard input, or shows it.
run() {
    if [ -n "$dry" ]; then
        say "-- in database $1:"
        cat
    else
        sql -d "$1" -f -
    fi
}

# ---- roles and database

make_roles() {
    for login in $logins; do
        role=${login%%:*}
        if [ "$(sql -d postgres -c "SELECT count(*) FROM pg_roles WHERE rolname = '$role'")" = 0 ]; then
            say "role $role: $made"
            echo "CREATE ROLE $role LOGIN;" | run postgres
        else
            say "role $role: there"
        fi
    done
    [ "$is_super" = t ] || echo "GRANT $owner TO CURRENT_USER;" | run postgres
    [ -n "$single" ] || run postgres <<'SQL'
ALTER ROLE quorum_ro SET default_transaction_read_only = on;
ALTER ROLE quorum_ro SET statement_timeout = '5s';
SQL
}

make_database() {
    if [ "$(sql -d postgres -c "SELECT count(*) FROM pg_database WHERE datname = '$database'")" = 1 ]; then
        now=$(sql -d postgres -c "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = '$database'")
        say "database $database: there, owned by $now"
        [ "$now" = "$owner" ] || echo "GRANT CREATE ON DATABASE $database TO $owner;" | run postgres
        coding=$(sql -d postgres -c "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = '$database'")
        [ "$coding" = UTF8 ] || die "database $database has the encoding $coding; quorum needs UTF8" \
            "choose another name with --database"
    else
        locale=$(sql -d postgres -c "SELECT coalesce((SELECT collcollate FROM pg_collation
            WHERE collcollate IN ('C.UTF-8', 'C.utf8') AND collprovider = 'c' LIMIT 1), 'C')")
        say "database $database: $made (UTF8, $locale)"
        run postgres <<SQL
CREATE DATABASE $database OWNER $owner ENCODING 'UTF8' LC_COLLATE '$locale' LC_CTYPE '$locale' TEMPLATE template0;
REVOKE ALL ON DATABASE $database FROM PUBLIC;
SQL
    fi
    for login in $logins; do
        echo "GRANT CONNECT, TEMPORARY ON DATABASE $database TO ${login%%:*};" | run postgres
    done
}

# ---- passwords and .env

known() { [ -f "$env" ] && grep -q "^[[:space:]]*\(export[[:space:]]\{1,\}\)\{0,1\}$1=..*" "$env"; }

# The password reaches psql's prompt on standard input (setsid takes the terminal away, where it
# would ask), and psql sends only its SCRAM hash.
set_password() {
    password=$(head -c 24 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n=')
    [ ${#password} -eq 32 ] || die "no random numbers from /dev/urandom"
    printf '%s\n%s\n' "$password" "$password" |
        (options=$options sql_tty -d postgres -c "\\password $1") >"$work/prompt" 2>&1 || {
        sed 's/^/  /' "$work/prompt" >&2
        die "the password of $1 could not be set"
    }
}
sql_tty() { admin setsid -w env PGOPTIONS="$options" psql -X -q -v ON_ERROR_STOP=1 -w "$@"; }

url() {
    case $host in
    /*) printf 'postgresql://%s:%s@/%s?host=%s&port=%s' "$1" "$2" "$database" "$host" "$port" ;;
    *:*) printf 'postgresql://%s:%s@[%s]:%s/%s' "$1" "$2" "$host" "$port" "$database" ;;
    *) printf 'postgresql://%s:%s@%s:%s/%s' "$1" "$2" "$host" "$port" "$database" ;;
    esac
}

# Puts NAME=VALUE in place of an older line, keeps the others, readable by the owner alone.
remember() {
    (
        umask 077
        new=$(mktemp "$(dirname "$env")/.env.XXXXXX")
        [ ! -f "$env" ] || grep -v "^[[:space:]]*\(export[[:space:]]\{1,\}\)\{0,1\}$1=" "$env" >"$new" || :
        printf '%s=%s\n' "$1" "$2" >>"$new"
        chmod 600 "$new"
        # Run with sudo, the file still belongs to the person.
        [ "$(id -u)" != 0 ] || [ -z "${SUDO_UID:-}" ] || chown "$SUDO_UID:${SUDO_GID:-0}" "$new"
        mv "$new" "$env"
    )
}

make_passwords() {
    for login in $logins; do
        role=${login%%:*}
        name=${login#*:}
        if [ -z "$renew" ] && known "$name"; then
            say "$name: kept as it is in $env"
            continue
        fi
        if [ -n "$dry" ]; then
            say "role $role: a new password; $name=$(url "$role" '********') into $env (mode 0600)"
            continue
        fi
        set_password "$role"
        remember "$name" "$(url "$role" "$password")"
        say "role $role: a new password; $name written to $env"
        try_login "$role" "$password"
    done
    [ -n "$dry" ] || [ ! -f "$env" ] || chmod 600 "$env"
}

# Whether pg_hba.conf lets the role in. psql gets the password from a file that goes at once.
try_login() {
    (
        umask 077
        printf '*:*:*:*:%s\n' "$2" >"$work/pass"
        PGPASSFILE=$work/pass PGOPTIONS='' PGCONNECT_TIMEOUT=5 psql -X -q -A -t -w -h "$host" -p "$port" \
            -U "$1" -d "$database" -c 'SELECT 1' >/dev/null 2>"$work/login"
    ) || {
        refused=1
        warn "role $1 cannot log in yet: $(head -1 "$work/login")"
    }
    rm -f "$work/pass"
}

show_hba() {
    file=$(sql -d postgres -c "SHOW hba_file")
    warn "let the roles in: put these lines above the others in $file, then SELECT pg_reload_conf()"
    for login in $logins; do
        case $host in
        /*) say "local    $database  ${login%%:*}  scram-sha-256" ;;
        localhost | 127.0.0.1 | ::1)
            say "host     $database  ${login%%:*}  127.0.0.1/32  scram-sha-256"
            say "host     $database  ${login%%:*}  ::1/128       scram-sha-256"
            ;;
        *) say "hostssl  $database  ${login%%:*}  ADDRESS-OF-THE-DESK/32  scram-sha-256" ;;
        esac
    done
}

find_quorum() {
    for program in "${QUORUM_BIN:-}" "$here/build/release/quorum" "$here/build/debug/quorum" \
        "$(command -v quorum || :)"; do
        [ -n "$program" ] && [ -x "$program" ] && return
    done
    return 1
}

refused=''
made=created
[ -z "$dry" ] || made='to be created'
make_roles
make_database
run "$database" <<'SQL'
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
SQL
make_passwords
if [ -n "$dry" ]; then
    say "nothing was changed (--dry-run)"
    exit 0
fi
if [ -n "$refused" ]; then
    show_hba
    exit 1
fi
case $host in
localhost | 127.0.0.1 | ::1 | /*) ;;
*) warn "over a network add ?sslmode=verify-full&sslrootcert=FILE to the URLs in $env" ;;
esac
if ! find_quorum; then
    say "next: quorum db up --desk paper && quorum db verify --desk paper"
    exit 0
fi
# quorum reads .env of the working directory; another file is handed over in the environment.
if [ "$(basename "$env")" = .env ]; then
    cd "$(dirname "$env")"
else
    set -a
    for login in $logins; do
        name=${login#*:}
        value=$(sed -n "s/^$name=//p" "$env" | tail -1)
        [ -z "$value" ] || eval "$name=\$value"
    done
    set +a
fi
# DATABASE_URL is the paper desk's; without a word the program might mean the demo desk.
"$program" db up --desk paper
exec "$program" db verify --desk paper
