"""`parca-scrape render`: print the scrape configs that Parca gets from a unit's relations."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from parca_scrape._names import DEFAULT_RELATION_NAME
from parca_scrape.cli.console import (
    PROBLEMS_FOUND,
    STANDARD_INPUT,
    CommandError,
    name_input,
    read_text,
    write_text,
)

if TYPE_CHECKING:
    import argparse

HELP = "print the scrape configs that Parca gets from a unit's relations"
DESCRIPTION = (
    "Print the scrape_configs that Parca gets from the relations of a unit. Report each problem on"
    " standard error, one per line. Exit code: 0 on success; 1 if anything was skipped; 2 if the"
    " input cannot be used."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command to its parser."""
    parser.add_argument(
        "file",
        nargs="?",
        default=STANDARD_INPUT,
        metavar="FILE",
        help="output of `juju show-unit parca/0`, YAML or JSON (default: standard input)",
    )
    parser.add_argument(
        "--endpoint",
        default=DEFAULT_RELATION_NAME,
        help="endpoint of the Parca charm (default: %(default)s)",
    )
    parser.add_argument(
        "--format",
        choices=("yaml", "json"),
        default="yaml",
        help="output format (default: %(default)s)",
    )
    parser.add_argument(
        "--show-secrets", action="store_true", help="print private keys instead of hiding them"
    )


def run(arguments: argparse.Namespace) -> int:
    """Render a file and return the exit code.

    Raises:
        CommandError: the file cannot be used.
        OSError: the result cannot be written.
    """
    from parca_scrape.cli.output import encode_json, encode_yaml, prepare_tls
    from parca_scrape.cli.show_unit import decode_show_unit
    from parca_scrape.render import render

    try:
        relations, problems = decode_show_unit(read_text(arguments.file), arguments.endpoint)
    except CommandError as error:
        raise CommandError(f"{name_input(arguments.file)}: {error}") from None
    scrape_configs, found = render(relations)
    problems += found
    for scrape_config in scrape_configs:
        prepare_tls(scrape_config.get("tls_config", {}), show_secrets=arguments.show_secrets)
    encode = encode_json if arguments.format == "json" else encode_yaml
    write_text(encode({"scrape_configs": scrape_configs}))
    for problem in problems:
        print(problem, file=sys.stderr)
    return PROBLEMS_FOUND if any(problem.severity == "error" for problem in problems) else 0
