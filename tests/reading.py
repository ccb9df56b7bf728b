"""Decoded databags and refused values, in a form that tests can compare."""

from __future__ import annotations

import json
from typing import Callable, Dict, List, Tuple

import pytest

from parca_scrape import AppDatabag, InvalidJobError, Problem

Read = Tuple[List[Dict[str, object]], List[Problem]]


def read_jobs(*jobs: object) -> Read:
    """Return the jobs that a consumer serves, as mappings, and the problems."""
    app_databag, problems = AppDatabag.decode({"scrape_jobs": json.dumps(jobs)})
    return [job.as_mapping() for job in app_databag.scrape_jobs], problems


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
