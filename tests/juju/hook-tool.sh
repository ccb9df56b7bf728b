#!/bin/sh
# Every hook tool of Juju: answers out of files, and notes each call.
#
# In $HOOK_FOLDER stand the answers, by tool, relation and databag. What has none is denied for the
# reason in the file `denial`. In `delay` may stand how many seconds an answer takes.
tool=${0##*/}
relation=
subject=
app=
level=
while [ $# -gt 0 ]; do
    case $1 in
        -r) relation=${2##*:}; shift ;;
        --app) app=~app ;;
        --log-level) level=$2; shift ;;
        --file) shift ;;
        -|--|--format=json) ;;
        *) subject=$1 ;;
    esac
    shift
done
cd "$HOOK_FOLDER" || exit

if [ "$tool" = juju-log ]; then
    printf '%s %s\n' "$level" "$subject" >> log
    exit
fi
call=$tool~$relation~$subject$app
printf '%s\n' "$call" >> calls
[ -s delay ] && sleep "$(cat delay)"
if [ ! -f "$call" ]; then
    cat denial >&2
    exit 1
fi
if [ "$tool" = relation-set ]; then
    # ops before 2.20 sets one key at a time.
    cat > "$(mktemp "written/$call~XXXXXX")"
else
    cat "$call"
fi
