"""What is wrong in whole models: every relation of every Parca charm that their units show.

The probe of juju-doctor (`probes/profiling_endpoint.py`) reports it. Unlike the commands, it gets
the units of a model together, whichever of them Parca scrapes.
"""

from __future__ import annotations

from typing import Dict, List, Mapping, Type, Union

import yaml

from parca_scrape._names import DEFAULT_RELATION_NAME
from parca_scrape.cli.console import CommandError
from parca_scrape.cli.inputs import HINT, Shown, decode_input, join_inputs
from parca_scrape.cli.joining import join_found
from parca_scrape.cli.relations import Databag, RelationTexts, render_shown
from parca_scrape.cli.show_unit import ShownRelation
from parca_scrape.cli.sides import Sides, find_all_sides, split_parcas
from parca_scrape.problems import Problem

# PyYAML is not always built with libyaml, which is ten times as fast.
DUMPER: Type[Union[yaml.SafeDumper, yaml.CSafeDumper]] = getattr(
    yaml, "CSafeDumper", yaml.SafeDumper
)

# juju-doctor reads YAML only.
RUN = "juju exec --format yaml"


def check_models(
    models: Mapping[str, object], endpoint: str = DEFAULT_RELATION_NAME
) -> Dict[str, List[Problem]]:
    """Return the problems of each model, in the order of its relations.

    Args:
        models: what `juju show-unit` printed for the units of each model, or `juju exec --format
            yaml` for the script of `parca-scrape collect`, read as YAML.
        endpoint: the endpoint of the Parca charms.
    """
    return {model: check_model(document, endpoint) for model, document in models.items()}


def check_model(document: object, endpoint: str) -> List[Problem]:
    """Return the problems of one model; none if it has no relation of the endpoint."""
    try:
        units, outputs = read_shown(document)
        if not outputs:
            parcas = join_parcas(units, endpoint)
        elif any(output.records for output in outputs):
            parcas = [join_inputs(units, outputs, endpoint)]
        else:
            parcas = []
    except CommandError as error:
        return [Problem("error", "", str(error))]
    problems = (problem for relations in parcas for problem in render_shown(relations)[1])
    # What is wrong in the input is so for each unit of Parca.
    return list(dict.fromkeys(problems))


def read_shown(document: object) -> Shown:
    """Return what a document shows that was read as YAML.

    Raises:
        CommandError: it is something else.
    """
    try:
        # Numbers and dates become text again, and aliases remain, which `load` refuses.
        text: str = yaml.dump(document, Dumper=DUMPER, allow_unicode=True)
    except (ValueError, RecursionError):
        raise CommandError(f"cannot be written as YAML; {HINT}") from None
    try:
        return decode_input(text)
    except CommandError as error:
        raise CommandError(f"{error}; {HINT}") from None


def join_parcas(
    units: Mapping[str, List[ShownRelation]], endpoint: str
) -> List[List[RelationTexts]]:
    """Return the relations of each Parca charm.

    Raises:
        CommandError: the units are of several models.
    """
    parcas: List[List[RelationTexts]] = []
    for sides in split_parcas(find_all_sides(units, endpoint)):
        shown_by = dict.fromkeys(side.relation.unit_name for side in sides.consumers)
        shown_by.update(dict.fromkeys(side.relation.unit_name for side in sides.providers))
        relations = join_found(sides, list(shown_by), endpoint, RUN)
        parcas.append([forgive_gap(relation, sides) for relation in relations])
    return parcas


def forgive_gap(relation: RelationTexts, sides: Sides) -> RelationTexts:
    """Return a relation without the gap that it has because its Parca is in another model.

    What Juju leaves out in the model of the provider is shown, or missed, in that of Parca.
    """
    is_of_other_model = relation.is_cross_model or bool(relation.app_databag)
    if relation.is_whole or sides.consumers or not is_of_other_model:
        return relation
    # Juju 4 shows the jobs, but no databag of the units.
    unit_databags: Dict[str, Databag] = {side.relation.unit_name: {} for side in sides.providers}
    return relation._replace(
        unit_databags=unit_databags if relation.app_databag else {},
        problems=relation.problems[:-1],
        is_whole=True,
    )
