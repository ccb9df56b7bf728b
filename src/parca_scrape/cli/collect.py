"""`parca-scrape collect`: print a script that prints all databags of an endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parca_scrape._names import DEFAULT_RELATION_NAME
from parca_scrape.cli.console import CommandError, write_text

if TYPE_CHECKING:
    import argparse

DESCRIPTION = """\
Print a shell script for the unit of Parca. The script prints all databags of the endpoint, as
input for the other commands. It changes nothing, and works on Juju 2.9 and newer, also for
relations to other models. On Juju 2.9, use `juju run` instead of `juju exec`. Its output can
contain private keys."""
EXAMPLE = 'juju exec --unit parca/0 "$(parca-scrape collect)" | parca-scrape check'

# For any POSIX shell. What `quote` returns is text for JSON, of printable ASCII.
SCRIPT = r"""endpoint='ENDPOINT'
quote() {
    printf '%s' "$1" | LC_ALL=C tr -c '\040-\176' ' ' | sed 's/["\\]/\\&/g'
}
print_error() {
    printf '{"relation": "%s", "%s": "%s", "error": "%s"}\n' \
        "$(quote "$1")" "$2" "$(quote "$3")" "$(quote "$4")"
}
print_databag() {
    if databag=$(relation-get -r "$1" $4 --format json - "$3" 2>/dev/null); then
        printf '{"relation": "%s", "%s": "%s", "databag": %s}\n' \
            "$(quote "$1")" "$2" "$(quote "$3")" "${databag:-null}"
    else
        print_error "$1" "$2" "$3" "$(relation-get -r "$1" $4 --format json - "$3" 2>&1)"
    fi
}
if ! command -v relation-ids >/dev/null; then
    echo 'no hook tools: run this script on the unit, with juju exec' >&2
    exit 1
fi
printf '{"parca-scrape": 1, "endpoint": "%s", "unit": "%s", "model-uuid": "%s"}\n' \
    "$endpoint" "$(quote "${JUJU_UNIT_NAME:-}")" "$(quote "${JUJU_MODEL_UUID:-}")"
if ! relations=$(relation-ids "$endpoint" 2>/dev/null); then
    print_error '' endpoint "$endpoint" "$(relation-ids "$endpoint" 2>&1)"
    relations=''
fi
for relation in $relations; do
    if ! units=$(relation-list -r "$relation" 2>/dev/null); then
        print_error "$relation" endpoint "$endpoint" "$(relation-list -r "$relation" 2>&1)"
        continue
    fi
    application=$(relation-list -r "$relation" --app 2>/dev/null) || application=''
    for unit in $units; do
        application=${application:-${unit%%/*}}
    done
    if [ -n "$application" ]; then
        print_databag "$relation" application "$application" --app
    fi
    for unit in $units; do
        print_databag "$relation" unit "$unit" ''
    done
done
echo '{"end": true}'
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command to its parser."""
    parser.add_argument(
        "endpoint",
        nargs="?",
        default=DEFAULT_RELATION_NAME,
        metavar="ENDPOINT",
        help="endpoint of the Parca charm (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the script and return the exit code.

    Raises:
        CommandError: the endpoint has no valid name.
        OSError: the script cannot be written.
    """
    write_text(make_script(arguments.endpoint))
    return 0


def make_script(endpoint: str) -> str:
    """Return the script for an endpoint.

    Raises:
        CommandError: the endpoint has no valid name.
    """
    if not endpoint.isascii() or not endpoint.replace("-", "").replace("_", "").isalnum():
        raise CommandError("ENDPOINT: must be the name of an endpoint, such as profiling-endpoint")
    return SCRIPT.replace("ENDPOINT", endpoint)
