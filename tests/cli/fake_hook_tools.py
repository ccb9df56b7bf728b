"""Hook tools for scripts that run on a unit: they print what those of Juju print.

Sources, in the repository of Juju: `worker/uniter/runner/jujuc/relation-*.go` and their tests; the
order of the names is `sort.Strings`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Collection, List, Mapping, Sequence, Union

from tests.cli.deployments import VERSIONS, Databag, Deployment, Relation, encode_json, encode_yaml

TOOLS = ("relation-ids", "relation-list", "relation-get")
# The answers are files, so that a call costs as little as that of the real tools.
SCRIPT = r"""#!/bin/sh
# A hook tool of Juju: prints a prepared answer.
fail() { echo "ERROR $2" >&2; exit "$1"; }
tool=${0##*/}
cd "${0%/*}/.." || exit
echo "$tool${*:+ $*}" >> calls
relation= form=smart app= name= key= count=0
while [ $# -gt 0 ]; do
    case $1 in
    -r|--relation) relation=$2; shift ;;
    -r=*|--relation=*) relation=${1#*=} ;;
    --format) form=$2; shift ;;
    --format=*) form=${1#*=} ;;
    --app) app=yes ;;
    -?*) fail 2 "option provided but not defined: $1" ;;
    *)
        count=$((count + 1))
        case $count in
        1) key=$1 ;;
        2) name=$1 ;;
        *) fail 2 "unrecognized args: [\"$1\"]" ;;
        esac
        ;;
    esac
    shift
done
case $form in
json|smart|yaml) ;;
*) fail 2 "invalid value \"$form\" for option --format: unknown format \"$form\"" ;;
esac
if [ "$tool" = relation-ids ]; then
    [ -n "$key" ] || fail 2 "no relation name specified"
    [ -d "ids/$key" ] || key=@none
    cat "ids/$key/$form"
    exit
fi
[ -n "$relation" ] || fail 2 "no relation id specified"
id=${relation##*:}
refused="invalid value \"$relation\" for option -r"
case $id in ''|*[!0-9]*) fail 2 "$refused: invalid relation id" ;; esac
[ -d "relations/$id" ] || fail 2 "$refused: relation not found"
cd "relations/$id" || exit
if [ "$tool" = relation-list ]; then
    [ $count = 0 ] || fail 2 "unrecognized args: [\"$key\"]"
    cat "list$app/$form"
    exit
fi
case $key in -|'') ;; *) fail 3 "this fake prints whole databags only" ;; esac
[ -n "$name" ] || fail 2 "no unit or application specified"
case $name in
    */*) [ -z "$app" ] || name=${name%%/*} ;;
    *) [ -n "$app" ] || fail 2 "expected unit name, got application name \"$name\"" ;;
esac
[ -d "databags/$name/@" ] || fail 1 "permission denied"
cat "databags/$name/@/$form"
"""


def write_hook_tools(
    folder: Path,
    deployment: Deployment,
    unit_name: str = "parca/0",
    *,
    juju: str = "3.6",
    denied: Collection[str] = (),
) -> Path:
    """Write the hook tools of a unit, and return the folder that belongs on PATH.

    Every call adds a line to the file `calls` in the folder above.

    Args:
        folder: an empty folder for them.
        deployment: the model.
        unit_name: the unit on which they run.
        juju: the version, one of `VERSIONS`.
        denied: the names of the units and applications whose databags Juju denies.
    """
    application = deployment.application_of(unit_name)
    relations = deployment.relations_of(application.name)
    ids: Mapping[str, List[str]] = {"@none": []}
    for relation in relations:
        endpoint = relation.own_side(application.name).endpoint
        ids = {**ids, endpoint: [*ids.get(endpoint, []), f"{endpoint}:{relation.relation_id}"]}
        below = folder / "relations" / str(relation.relation_id)
        other = relation.other_side(application.name)
        in_scope = [unit.name for unit in other.units if unit.is_in_scope]
        write_answer(below / "list", sorted(set(in_scope) - {unit_name}))
        write_answer(below / "listyes", other.application)
        databags = read_databags(relation, unit_name, juju)
        for name, databag in databags.items():
            if name not in denied:
                write_answer(below / "databags" / name / "@", dict(sorted(databag.items())))
    for endpoint, found in ids.items():
        write_answer(folder / "ids" / endpoint, sorted(found))
    tools = folder / "bin"
    tools.mkdir()
    for tool in TOOLS:
        (tools / tool).write_text(SCRIPT)
        (tools / tool).chmod(0o755)
    return tools


def read_databags(relation: Relation, unit_name: str, juju: str) -> Mapping[str, Databag]:
    """Return the databags of a relation that a unit may read, by the name of their owner."""
    application = unit_name.partition("/")[0]
    own, other = relation.own_side(application), relation.other_side(application)
    databags = {
        unit.name: unit.read(VERSIONS[juju])
        for unit in (*own.units, *other.units)
        if unit.is_in_scope and (unit.name == unit_name or unit in other.units)
    }
    databags[other.application] = other.app_databag
    # Only the leader may read what its own application wrote.
    if unit_name.endswith("/0"):
        databags[own.application] = own.app_databag
    return databags


def write_answer(folder: Path, answer: Union[str, Sequence[str], Databag]) -> None:
    """Write an answer in each form; `smart` is that for people."""
    as_yaml = encode_yaml(answer)
    if isinstance(answer, str):
        smart = as_yaml = answer + "\n"
    elif isinstance(answer, Mapping):
        smart = as_yaml
    else:
        smart = "".join(f"{name}\n" for name in answer)
    folder.mkdir(parents=True)
    for form, text in (("json", encode_json(answer)), ("yaml", as_yaml), ("smart", smart)):
        (folder / form).write_bytes(text.encode())
