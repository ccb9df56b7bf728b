"""`parca-scrape migrate plan`: plan the move from the machine charm parca to parca-k8s."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional, Sequence

from parca_scrape.cli import inputs
from parca_scrape.cli.console import (
    PROBLEMS_FOUND,
    READ_ONCE,
    STANDARD_INPUT,
    CommandError,
    add_format,
    name_input,
    read_text,
    write_json,
    write_text,
)
from parca_scrape.cli.relations import hint_at_problems

if TYPE_CHECKING:
    import argparse

DESCRIPTION = """\
Plan the move of everything that a machine parca scrapes to parca-k8s: the commands of Juju, with
checks and how to undo them, which addresses do not resolve from the new model, which settings
old libraries drop, and what happens to each series. On Juju 4, pass the output of the script of
parca-scrape collect together with that of juju show-unit. Exit code: 0 if all series go on, move
or start and no address is known not to resolve; 1 if there is something to decide; 2 if an input
cannot be used."""
EXAMPLE = "juju show-unit parca/0 | parca-scrape migrate plan --parca-yaml parca.yaml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the task to its parser."""
    inputs.add_arguments(parser)
    parser.add_argument(
        "--parca-yaml",
        metavar="FILE",
        help="the configuration of the old Parca, to compare its series with those of the new one"
        " (default: what the library of the machine charm generates from the databags)",
    )
    parser.add_argument(
        "--target-model",
        metavar="MODEL",
        default="cos",
        help="the Kubernetes model for parca-k8s, optionally as CONTROLLER:USER/MODEL (default:"
        " %(default)s)",
    )
    parser.add_argument(
        "--juju",
        type=int,
        choices=(3, 4),
        default=3,
        help="the version of Juju that the commands are for (default: %(default)s)",
    )
    add_format(parser, "markdown", "json")


def run(arguments: argparse.Namespace) -> int:
    """Print a plan and return the exit code.

    Raises:
        CommandError: an input cannot be used.
        OSError: the plan cannot be written.
    """
    from parca_scrape.migration.plan.deployment import describe_deployment
    from parca_scrape.migration.plan.markdown import write_plan
    from parca_scrape.migration.plan.models import Model
    from parca_scrape.migration.plan.plan import encode_plan, make_plan
    from parca_scrape.migration.plan.way import Way

    files = [] if arguments.live else arguments.files or [STANDARD_INPUT]
    if arguments.parca_yaml == STANDARD_INPUT and STANDARD_INPUT in files:
        raise CommandError(READ_ONCE)
    target = Model.parse(arguments.target_model)
    scrape_configs = read_parca_yaml(arguments.parca_yaml)
    shown = inputs.read_shown(arguments)
    # Next to the output of the script, that of show-unit only adds what the script leaves out.
    units = {} if shown.outputs else shown.units
    relations = inputs.join_inputs(units, shown.outputs, arguments.endpoint)
    way = Way(
        deployment=describe_deployment(shown, relations, arguments.endpoint),
        endpoint=arguments.endpoint,
        target=target,
        juju=arguments.juju,
    )
    plan = make_plan(way, scrape_configs)
    hint_at_problems(plan.move.problems)
    if arguments.format == "json":
        write_json(encode_plan(plan))
    else:
        write_text(write_plan(plan))
    return PROBLEMS_FOUND if plan.needs_decisions else 0


def read_parca_yaml(file: Optional[str]) -> Optional[Sequence[object]]:
    """Return the scrape configs in the configuration of Parca, or None without a file.

    Raises:
        CommandError: the file cannot be used.
    """
    from parca_scrape.cli.diff_inputs import decode_scrape_configs

    if file is None:
        return None
    text = read_text(file)
    try:
        scrape_configs = decode_scrape_configs(text)
    except CommandError as error:
        raise CommandError(f"{name_input(file)}: {error}") from None
    if scrape_configs is None:
        raise CommandError(f"{name_input(file)}: expected a parca.yaml: no scrape_configs in it")
    return scrape_configs
