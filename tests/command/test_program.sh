#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# help, version, settings and doctor where there is no database, and none may be made.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/command/lib_tap.sh
. "$here/lib_tap.sh"

run version
ok "version names the licence" gives 0 'GPL-3.0-or-later'
run --version
ok "--version is version" gives 0 '^quorum '
run version --json
ok "version is JSON on request" gives 0 '^\[{"version":"'
run
ok "without a command there is an overview" gives 0 'quorum help COMMAND'
run --dump-theme
ok "an option of the console alone is the console" gives 0 '^depth = '
run --plain status
ok "before another command it is none" gives 2 'E07 unknown option --plain for status'
run --plian
ok "misspelt it is none either" gives 2 'E07 unknown option --plian'
run help db
ok "help of a group lists it" gives 0 'db verify'
run help db psql
ok "help of two words" gives 0 '^quorum db psql'
run help settings
ok "help of a word that is command and group" gives 0 'settings adopt'
run help --json
ok "the table of commands is JSON on request" gives 0 '"command":"db psql"'
run helpp
ok "a misspelt command gets a suggestion" gives 2 'E01 no command "helpp". did you mean help'
run help nonsense
ok "help of what is not there is an error" gives 2 'E01'
run db
ok "a first word alone says what may follow" gives 2 'db verify'

run settings
ok "settings need no database" gives 0 'was not opened yet'
run settings --json
ok "settings are JSON with help" gives 0 '"name":"QUORUM_VOTERS".*"help":"agents that vote"'
FMP_API_KEY=topsecret77 run settings
ok "a key is present, not shown" gives 0 'FMP_API_KEY *present *environment'
ok "a key is in no output" silent topsecret77
DATABASE_URL=postgresql://me:topsecret77@db.example:5433/base run settings
ok "a login is shown without its password" gives 0 'me@db.example:5433/base'
ok "a password is in no output" silent topsecret77
FMP_BASE_URL=http://me:topsecret77@proxy.example/ run settings --csv
ok "an endpoint is shown without its login" silent topsecret77
run settings BUDGET
ok "a part of a name finds the setting" gives 2 'did you mean MULTI_AGENT_DAILY_LLM_BUDGET'
run settings quorum_model
ok "a setting by name in any case" gives 0 'QUORUM_MODEL = claude'
run settings adopt QUORUM_HOME --yes
ok "a setting of the process cannot be adopted" gives 2 "process's own"
run settings adopt QUORUM_MODEL --yes
ok "what nobody set cannot be adopted" gives 2 'nothing sets'

run settings init
ok "settings init writes a file" gives 0 "wrote $work/.env"
ok "the file is for its owner alone" [ "$(stat -c %a .env)" = 600 ]
ok "it is the example that is shipped" cmp -s .env "$here/../../.env.example"
run settings
ok "the file it wrote is valid and changes nothing" silent '/.env'
echo 'MULTI_AGENT_MIN_AGREEMENT=3' >>.env
run settings init
ok "settings init never overwrites" gives 5 'nothing was written'
ok "and left it as it was" grep -q MIN_AGREEMENT=3 .env
run settings MULTI_AGENT_MIN_AGREEMENT
ok "a file's value names the file" gives 0 "from  *$work/.env"
printf 'date,kind,reason\n2027-01-08,shut,a storm\n' >closures.csv
QUORUM_CLOSURES=closures.csv run settings
ok "a wrong closure is told with file and line" gives 2 'closures.csv line 2: "shut" is not a kind'
QUORUM_CLOSURES=nowhere.csv run settings
ok "a missing file of closures is told" gives 2 'QUORUM_CLOSURES: cannot open nowhere.csv'
QUORUM_CLOSURES=nowhere.csv run help
ok "help works all the same" gives 0 'usage: quorum'
printf 'date,kind,reason\n2027-01-08,closed,a storm\n' >closures.csv
QUORUM_CLOSURES=closures.csv run settings QUORUM_CLOSURES
ok "a right one is taken" gives 0 'QUORUM_CLOSURES = closures.csv'
echo 'QUORUM_VOTRES=research' >>.env
run doctor
ok "doctor shows misspelt settings" gives 0 'warn  settings .*did you mean QUORUM_VOTERS'
echo 'FMP_API_KEY=topsecret77' >>.env
chmod 644 .env
run doctor
ok "doctor works when the settings are refused" gives 1 'FAIL  settings .*chmod 600'
run version
ok "version works when the settings are refused" exits 0
rm .env

run desks
ok "desks need no database" gives 0 'private cluster: none yet'
run doctor
ok "doctor needs no database" gives 0 'warn  cluster .*quorum db setup'
TERM=dumb LC_ALL=C run doctor
ok "doctor tells what the locale costs" gives 0 'warn  locale'
QUORUM_DESK=live run doctor
ok "doctor shows a desk that does not exist" gives 1 'FAIL  .*QUORUM_DESK'
DATABASE_URL=postgresql://me@127.0.0.1:99999/base QUORUM_DESK=paper run doctor
ok "doctor shows a wrong URL" gives 1 'FAIL  database .*99999'
run db verify
ok "db verify that verified nothing is not a success" gives 1 'no private database'
run db current
ok "db current makes no database" gives 2 'quorum db setup makes it'
run desk drop demo --confirm=demo
ok "desk drop makes no database" exits 0
ok "nothing of all this made a cluster" [ ! -e "$QUORUM_HOME/cluster" ]
finish
