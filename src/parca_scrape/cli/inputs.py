"""The inputs of the commands: their arguments, and the relations that they show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, List, NamedTuple, Sequence

from parca_scrape._names import DEFAULT_RELATION_NAME
from parca_scrape.cli.console import (
    READ_ONCE,
    STANDARD_INPUT,
    CommandError,
    name_input,
    read_text,
    show,
)
from parca_scrape.cli.hook_output import (
    HookOutput,
    decode_hook_output,
    find_outputs,
    is_hook_output,
    join_outputs,
)
from parca_scrape.cli.joining import join_sides
from parca_scrape.cli.live import run_script
from parca_scrape.cli.plain_yaml import load
from parca_scrape.cli.show_unit import ShownRelation, decode_databags, decode_show_unit

if TYPE_CHECKING:
    import argparse

    from parca_scrape.cli.relations import RelationTexts

HINT = "expected the output of juju show-unit, or of the script that parca-scrape collect prints"


class Shown(NamedTuple):
    """What inputs show: units, or what the script printed on units."""

    units: Dict[str, List[ShownRelation]]
    """The relations of each unit, by its name."""
    outputs: List[HookOutput]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name an input to the parser of a command."""
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="output of `juju show-unit` for one or more units, or of the script that"
        " `parca-scrape collect` prints; - is standard input (default: standard input)",
    )
    add_live(parser)
    add_endpoint(parser)


def add_live(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name a unit to run the script on."""
    parser.add_argument(
        "--live",
        metavar="UNIT",
        help="read no files: run the script of `parca-scrape collect` on this unit of Parca (needs"
        " parca-scrape[live])",
    )
    parser.add_argument(
        "-m", "--model", help="with --live: the model of the unit (default: the current model)"
    )


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
    return join_inputs(*read_shown(arguments), arguments.endpoint)


def read_shown(arguments: argparse.Namespace) -> Shown:
    """Return what the inputs show.

    Raises:
        CommandError: an input cannot be used.
    """
    if arguments.live is None:
        if arguments.model is not None:
            raise CommandError("--model: only allowed with --live")
        return read_files(arguments.files or [STANDARD_INPUT])
    if arguments.files:
        raise CommandError("--live: not allowed with FILE")
    output = run_script(arguments.live, arguments.endpoint, arguments.model)
    try:
        return decode_input(output)
    except CommandError as error:
        raise CommandError(f"{show(arguments.live)}: {error}") from None


def read_files(files: Sequence[str]) -> Shown:
    """Return what files show together.

    Raises:
        CommandError: a file cannot be used.
    """
    if files.count(STANDARD_INPUT) > 1:
        raise CommandError(READ_ONCE)
    units: Dict[str, List[ShownRelation]] = {}
    outputs: List[HookOutput] = []
    for file in files:
        name = name_input(file)
        text = read_text(file)
        try:
            shown_units, shown_outputs = decode_input(text)
        except CommandError as error:
            raise CommandError(f"{name}: {error}; {HINT}") from None
        for unit_name, relations in shown_units.items():
            known = units.setdefault(unit_name, relations)
            if known is not relations and list_shown(known) != list_shown(relations):
                raise CommandError(
                    f"{name}: {unit_name} differs from {unit_name} in another input: pass one"
                    " of them"
                )
        outputs += shown_outputs
    return Shown(units, outputs)


def join_inputs(
    units: Dict[str, List[ShownRelation]], outputs: Sequence[HookOutput], endpoint: str
) -> List[RelationTexts]:
    """Return the relations of the Parca charm that inputs show together.

    Raises:
        CommandError: they do not belong together, or show no relation of the endpoint.
    """
    if units and outputs:
        raise CommandError(
            "the output of juju show-unit cannot be combined with that of the script: pass one of"
            " them"
        )
    for output in outputs:
        if endpoint not in (DEFAULT_RELATION_NAME, output.endpoint):
            raise CommandError(
                f"no relation on the endpoint {show(endpoint)}: the script ran for"
                f" {show(output.endpoint)}"
            )
    return join_outputs(outputs) if outputs else join_sides(units, endpoint)


def list_shown(relations: Sequence[ShownRelation]) -> List[object]:
    """Return what relations show, the same whether Juju printed them as YAML or as JSON."""
    return [(relation._replace(printed={}), decode_databags(relation)) for relation in relations]


def decode_input(text: str) -> Shown:
    """Return what a text shows.

    Raises:
        CommandError: the text is something else.
    """
    if is_hook_output(text):
        return Shown({}, [decode_hook_output(text)])
    document = load(text)
    outputs = [decode_hook_output(output) for output in find_outputs(document)]
    try:
        units = decode_show_unit(document)
    except CommandError:
        if not outputs:
            raise
        units = {}
    return Shown(units, outputs)
