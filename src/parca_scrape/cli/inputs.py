"""The inputs of the commands: their arguments, and the relations that they show."""

from __future__ import annotations

from typing import TYPE_CHECKING, List

from parca_scrape._names import DEFAULT_RELATION_NAME
from parca_scrape.cli.console import STANDARD_INPUT, CommandError, name_input, read_text

if TYPE_CHECKING:
    import argparse

    from parca_scrape.cli.relations import RelationTexts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name an input to the parser of a command."""
    parser.add_argument(
        "files",
        nargs="*",
        default=[STANDARD_INPUT],
        metavar="FILE",
        help="output of `juju show-unit` or of the script that `parca-scrape collect` prints;"
        " - is standard input (default: standard input)",
    )
    add_endpoint(parser)


def add_endpoint(parser: argparse.ArgumentParser) -> None:
    """Add the argument that names the endpoint."""
    parser.add_argument(
        "--endpoint",
        default=DEFAULT_RELATION_NAME,
        help="endpoint of the Parca charm (default: %(default)s)",
    )


def read(arguments: argparse.Namespace) -> List[RelationTexts]:
    """Return the relations of the Parca charm that the inputs show.

    Raises:
        CommandError: an input cannot be used, or shows no relation of the endpoint.
    """
    return read_files(arguments.files, arguments.endpoint)


def read_files(files: List[str], endpoint: str) -> List[RelationTexts]:
    """Return the relations of the Parca charm that files show.

    Raises:
        CommandError: a file cannot be used, or none shows a relation of the endpoint.
    """
    from parca_scrape.cli.show_unit import decode_show_unit

    try:
        return decode_show_unit(read_text(files[0]), endpoint)
    except CommandError as error:
        raise CommandError(f"{name_input(files[0])}: {error}") from None
