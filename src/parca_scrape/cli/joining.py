"""Relations as the output of `juju show-unit` for one or more units shows them from both sides.

Up to Juju 3 the output for a unit shows what the other application published. From Juju 4 on it
shows what the unit's own application published: then the scrape jobs are in the output for the
units that Parca scrapes (https://github.com/juju/juju/issues/22796).
"""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Sequence

from parca_scrape._names import DEFAULT_RELATION_NAME
from parca_scrape.cli.relations import (
    NO_JOBS_RULE,
    OUT_OF_SCOPE_RULE,
    UNKNOWN_APPLICATION,
    RelationTexts,
    name_application,
    read_topology,
)
from parca_scrape.cli.show_unit import RELATED_UNITS_KEY, ShownRelation, parse_name
from parca_scrape.cli.sides import Side, Sides, find_sides
from parca_scrape.databag import SCRAPE_JOBS_KEY, SCRAPE_METADATA_KEY, order_units
from parca_scrape.problems import Problem

# What Juju calls an application in another model that takes an offer begins with it.
OFFERED_TO = "remote-"
NO_UNITS_RULE = (
    "missing, so nothing is scraped: either the application has no units, or juju show-unit was"
    " run with --app; run it without --app"
)


def join_sides(units: Mapping[str, Sequence[ShownRelation]], endpoint: str) -> List[RelationTexts]:
    """Return the relations of one endpoint of the Parca charm, in the order of their ids.

    Args:
        units: the relations of each unit that the output shows.
        endpoint: the endpoint of the Parca charm.

    Raises:
        CommandError: the units show no relation of the endpoint, or those of several Parca charms
            or of several models.
    """
    return join_found(find_sides(units, endpoint), list(units), endpoint)


def join_found(
    sides: Sides, unit_names: Sequence[str], endpoint: str, run: str = "juju exec"
) -> List[RelationTexts]:
    """Return the relations of a Parca charm, in the order of their ids.

    Args:
        sides: all that shows them.
        unit_names: the units that the output is for.
        endpoint: the endpoint of the Parca charm.
        run: the command that runs the script of `parca-scrape collect`, for what is missing.
    """
    by_id: Dict[int, Sides] = {}
    for side in sides.consumers:
        by_id.setdefault(side.relation_id, Sides([], [])).consumers.append(side)
    for side in sides.providers:
        by_id.setdefault(side.relation_id, Sides([], [])).providers.append(side)
    commands = suggest_commands(unit_names, endpoint, sides, run)
    shows_jobs = any(map(shows_other_application, sides.consumers))
    return [
        join_relation(relation_id, of_relation, commands, shows_jobs)
        for relation_id, of_relation in sorted(by_id.items())
    ]


def join_relation(
    relation_id: int, sides: Sides, commands: str, shows_jobs: bool
) -> RelationTexts:
    """Return a relation as both sides show it.

    Args:
        relation_id: the id of the relation.
        sides: all that shows it.
        commands: the commands whose output has what is missing.
        shows_jobs: whether the output for a unit of Parca shows what others published.
    """
    consumers, providers = sides
    app_databag: Mapping[str, str] = {}
    for side in (*consumers, *providers):  # What an application shows itself counts most.
        if side.databags.app_databag.get(SCRAPE_JOBS_KEY):
            app_databag = side.databags.app_databag
    departed = {unit for side in consumers for unit in side.databags.departed_units}
    unit_databags: Dict[str, Mapping[str, str]] = {}
    for side in consumers:
        unit_databags.update(side.databags.unit_databags)
    for side in providers:
        own = side.databags.own_databags
        unit_databags.update({unit: own[unit] for unit in own if unit not in departed})

    gap: Optional[Problem] = None
    if not app_databag:
        gap = find_missing_jobs(sides, commands, shows_jobs)
    elif not unit_databags:
        gap = find_missing_units(sides, commands, bool(departed))
    problems = [found for side in (*consumers, *providers) for found in side.databags.problems]
    names = [*unit_databags, *sorted(departed), *(side.relation.unit_name for side in providers)]
    own_name = parse_name(read_topology(app_databag).application)
    return RelationTexts(
        relation_id=relation_id,
        application=name_application(names[0]) if names else own_name or UNKNOWN_APPLICATION,
        app_databag=app_databag,
        unit_databags=unit_databags,
        problems=[*problems, *([gap] if gap else [])],
        is_whole=gap is None or gap.severity == "warning",
        related_endpoint=name_endpoint(sides),
        is_cross_model=any(side.relation.is_cross_model for side in (*consumers, *providers)),
    )


def name_endpoint(sides: Sides) -> str:
    """Return the endpoint of the application that Parca scrapes."""
    if sides.consumers:
        return sides.consumers[0].relation.related_endpoint
    return sides.providers[0].relation.endpoint


def find_missing_jobs(sides: Sides, commands: str, shows_jobs: bool) -> Problem:
    """Return why a relation has no scrape jobs: an error if they may only be left out."""
    if sides.consumers and (shows_jobs or sides.providers):
        return Problem("warning", SCRAPE_JOBS_KEY, NO_JOBS_RULE)
    rule = (
        "not in the input: the charm has not published it yet, or Juju shows it only for other"
        f" units, as Juju 4 does: pass the output of {commands}"
    )
    return Problem("error", SCRAPE_JOBS_KEY, rule)


def find_missing_units(sides: Sides, commands: str, has_departed: bool) -> Problem:
    """Return why a relation has no units: an error if they may only be left out."""
    if has_departed:
        return Problem("warning", RELATED_UNITS_KEY, OUT_OF_SCOPE_RULE)
    if sides.consumers:
        return Problem("error", RELATED_UNITS_KEY, NO_UNITS_RULE)
    rule = f"not in the input: pass the output of {commands}"
    return Problem("error", RELATED_UNITS_KEY, rule)


def shows_other_application(side: Side) -> bool:
    """Return whether the output is of a Juju that shows what the other application published."""
    app_databag = side.databags.app_databag
    is_published = SCRAPE_JOBS_KEY in app_databag or SCRAPE_METADATA_KEY in app_databag
    # Juju 4 never says that a relation is cross-model.
    return is_published or side.relation.is_cross_model


def suggest_commands(unit_names: Sequence[str], endpoint: str, sides: Sides, run: str) -> str:
    """Return the commands whose output has what is missing, as far as the units have names.

    Args:
        unit_names: the units that the output is for.
        endpoint: the endpoint of the Parca charm.
        sides: the sides of all relations.
        run: the command that runs the script of `parca-scrape collect`.
    """
    consumers, providers = sides
    joined = {side.relation_id for side in providers}
    needed: List[str] = []
    for side in consumers or providers:
        if side.relation_id not in joined or not consumers:
            needed += order_units(side.databags.unit_databags)[:1]
    names = dict.fromkeys(name for name in needed if not name.startswith(OFFERED_TO))
    parca_unit = consumers[0].relation.unit_name if consumers else next(iter(names), "UNIT")
    option = f" {endpoint}" if endpoint != DEFAULT_RELATION_NAME else ""
    collect = f'{run} --unit {parca_unit} "$(parca-scrape collect{option})"'
    if not names:
        return collect if consumers else f"{collect}, where UNIT is that of Parca"
    first = [parca_unit] if consumers else []
    units = " ".join(dict.fromkeys([*first, *unit_names, *names]))
    return f"juju show-unit {units}, or of {collect}"
