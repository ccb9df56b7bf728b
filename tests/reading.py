"""Decoded databags and refused values, in a form that tests can compare."""

from __future__ import annotations

import dataclasses
import json
from typing import Callable, Dict, Iterable, List, Mapping, Tuple

import pytest

from parca_scrape import AppDatabag, InvalidJobError, Problem, UnitDatabag
from parca_scrape.databag import RelationDatabags

Read = Tuple[List[Dict[str, object]], List[Problem]]


def read_jobs(*jobs: object) -> Read:
    """Return the jobs that a consumer serves, as mappings, and the problems."""
    app_databag, problems = AppDatabag.decode({"scrape_jobs": json.dumps(jobs)})
    return [job.as_mapping() for job in app_databag.scrape_jobs], problems


def read_relation(
    relation_id: int,
    application: str,
    app_databag: Mapping[str, str],
    unit_databags: Mapping[str, Mapping[str, str]],
    address_key: str = "parca_scrape_unit_address",
) -> RelationDatabags:
    """Return what the databags of a relation hold, as a consumer decodes them."""
    units: Dict[str, UnitDatabag] = {}
    problems: List[Problem] = []
    for unit_name, databag in unit_databags.items():
        units[unit_name], found = UnitDatabag.decode(databag, address_key)
        problems += [dataclasses.replace(problem, unit=unit_name) for problem in found]
    return RelationDatabags.decode(relation_id, application, app_databag, units, problems)


def unit_databags_of(units: Iterable[Tuple[str, str, str]]) -> Dict[str, Dict[str, str]]:
    """Return unit databags, by the name in Juju, with an address and a published name."""
    return {
        unit_name: {"parca_scrape_unit_address": address, "parca_scrape_unit_name": name}
        for unit_name, address, name in units
    }


def job(**settings: object) -> Dict[str, object]:
    """Return a job that scrapes port 80 of each unit."""
    return {"static_configs": [{"targets": ["*:80"]}], **settings}


def error(path: str, message: str) -> Problem:
    return Problem("error", path, message)


def warning(path: str, message: str) -> Problem:
    return Problem("warning", path, message)


def refusal(make: Callable[[], object]) -> str:
    """Return the message with which a typed class refuses its arguments."""
    with pytest.raises(InvalidJobError) as caught:
        make()
    return str(caught.value)
