"""`parca-scrape render`: print the scrape configs that Parca gets from a unit's relations."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from parca_scrape.cli import inputs
from parca_scrape.cli.console import PROBLEMS_FOUND, add_format, write_text
from parca_scrape.cli.output import encode_json, encode_yaml, prepare_tls
from parca_scrape.cli.relations import render_texts

if TYPE_CHECKING:
    import argparse

DESCRIPTION = """\
Print the scrape_configs that Parca gets from its relations. Report each problem on standard
error, one per line. Exit code: 0 if nothing is skipped; 1 if anything is; 2 if the input cannot
be used, or if nothing is rendered because the input is incomplete."""
EXAMPLE = "juju show-unit parca/0 | parca-scrape render"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command to its parser."""
    inputs.add_arguments(parser)
    add_format(parser, "yaml", "json")
    parser.add_argument(
        "--show-secrets", action="store_true", help="print private keys instead of hiding them"
    )


def run(arguments: argparse.Namespace) -> int:
    """Render a file and return the exit code.

    Raises:
        CommandError: the file cannot be used.
        OSError: the result cannot be written.
    """
    scrape_configs, problems = render_texts(inputs.read(arguments))
    for scrape_config in scrape_configs:
        prepare_tls(scrape_config.get("tls_config", {}), show_secrets=arguments.show_secrets)
    encode = encode_json if arguments.format == "json" else encode_yaml
    write_text(encode({"scrape_configs": scrape_configs}))
    for problem in problems:
        print(problem, file=sys.stderr)
    return PROBLEMS_FOUND if any(problem.severity == "error" for problem in problems) else 0
