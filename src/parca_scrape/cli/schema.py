"""`parca-scrape schema`: print the JSON Schemas of the databags and of the outputs."""

from __future__ import annotations

import json
import pkgutil
from typing import TYPE_CHECKING

from parca_scrape.cli.console import write_text
from parca_scrape.cli.screen import write_table

if TYPE_CHECKING:
    import argparse

DESCRIPTION = """\
Print the JSON Schema (draft 2020-12) of a databag, or of the output of a command with --format
json. Without NAME, list the schemas. The values in the application databag are text that
contains JSON: their schemas are in $defs of app-databag."""
EXAMPLE = "parca-scrape schema app-databag"
# The files in the folder schemas.
NAMES = (
    "app-databag",
    "check",
    "diff",
    "explain",
    "migrate-plan",
    "probe",
    "render",
    "status",
    "unit-databag",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command to its parser."""
    parser.add_argument(
        "name", nargs="?", choices=NAMES, metavar="NAME", help="the schema: " + ", ".join(NAMES)
    )


def run(arguments: argparse.Namespace) -> int:
    """Print a schema or their names, and return the exit code.

    Raises:
        OSError: it cannot be written.
    """
    if arguments.name:
        write_text(read_schema(arguments.name))
    else:
        list_schemas()
    return 0


def list_schemas() -> None:
    """Print the names of the schemas and what they are for."""
    titles = [(name, json.loads(read_schema(name))["title"]) for name in NAMES]
    write_table(("name", "schema"), titles)


def read_schema(name: str) -> str:
    """Return the text of a schema, also if the package is in a zip file."""
    data = pkgutil.get_data("parca_scrape.cli", f"schemas/{name}.json")
    assert data is not None  # It is in the package.
    return data.decode()
