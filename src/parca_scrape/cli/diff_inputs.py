"""The inputs of `parca-scrape diff`: databags, or the `parca.yaml` of a Parca."""

from __future__ import annotations

import re
from typing import List, NamedTuple, Optional, Sequence, Tuple

from parca_scrape._getters import as_list, as_object
from parca_scrape.cli import inputs
from parca_scrape.cli.console import CommandError, name_input
from parca_scrape.cli.plain_yaml import load
from parca_scrape.cli.reference import render_reference
from parca_scrape.cli.relations import RelationTexts, find_gaps, render_texts
from parca_scrape.cli.series import Series, list_series
from parca_scrape.problems import Problem

SCRAPE_CONFIGS_KEY = "scrape_configs"
# To rule out most texts before they are decoded.
KEY = re.compile(rf"""^["']?{SCRAPE_CONFIGS_KEY}["']?[ \t]*:""", re.MULTILINE)
QUOTED_KEY = f'"{SCRAPE_CONFIGS_KEY}"'


class DiffInput(NamedTuple):
    """What an input shows."""

    series: List[Series]
    warnings: List[str]
    """What is uncertain about the series."""
    is_configuration: bool
    """Whether it is a `parca.yaml`."""
    problems: Sequence[Problem] = ()
    """What is wrong with its databags."""


def read_diff_input(
    file: str, text: str, endpoint: str, library: Optional[str] = None
) -> DiffInput:
    """Return what a file shows.

    Args:
        file: the name of the file.
        text: its text.
        endpoint: the endpoint of the Parca charm.
        library: the reference library that renders databags; None for this library.

    Raises:
        CommandError: the text cannot be used.
    """
    try:
        return decode_diff_input(text, endpoint, library)
    except CommandError as error:
        raise CommandError(f"{name_input(file)}: {error}") from None


def decode_diff_input(text: str, endpoint: str, library: Optional[str]) -> DiffInput:
    """Return what a text shows.

    Raises:
        CommandError: the text cannot be used.
    """
    scrape_configs = decode_scrape_configs(text)
    if scrape_configs is not None:
        if library:
            raise CommandError("--as needs databags, but this is a parca.yaml")
        return DiffInput(*list_series(scrape_configs), is_configuration=True)
    relations = inputs.join_inputs(*decode_databags(text), endpoint)
    rendered, problems = render_relations(relations, library)
    series, warnings = list_series(rendered)
    warnings += [f"{gap}; its targets are missing on this side" for gap in find_gaps(relations)]
    if library and any(problem.severity == "error" for problem in problems):
        warnings.append(
            f"the {library} reference library does not know these problems, and Parca may refuse"
            " everything that it renders: compare with the current parca.yaml"
        )
    return DiffInput(series, warnings, is_configuration=False, problems=problems)


def decode_scrape_configs(text: str) -> Optional[Sequence[object]]:
    """Return the scrape configs of a `parca.yaml`; None if the text is something else.

    Raises:
        CommandError: the file cannot be used.
    """
    is_json = text.lstrip().startswith("{")
    if not (KEY.search(text) or (is_json and QUOTED_KEY in text)):
        return None
    document = as_object(load(text))
    if document is None or SCRAPE_CONFIGS_KEY not in document:
        return None
    raw = document[SCRAPE_CONFIGS_KEY]
    scrape_configs = as_list([] if raw is None else raw)
    if scrape_configs is None:
        raise CommandError(f"{SCRAPE_CONFIGS_KEY} must be a list")
    return scrape_configs


def decode_databags(text: str) -> inputs.Shown:
    """Return what a text shows of databags.

    Raises:
        CommandError: the text is something else.
    """
    try:
        return inputs.decode_input(text)
    except CommandError as error:
        raise CommandError(f"{error}; {inputs.HINT}, or a parca.yaml") from None


def render_relations(
    relations: Sequence[RelationTexts], library: Optional[str]
) -> Tuple[Sequence[object], List[Problem]]:
    """Return the scrape configs of relations, and the problems of their databags.

    Raises:
        CommandError: there is nothing to render, because the input leaves it out; or the
            reference library fails on a databag.
    """
    reference = render_reference(relations, library) if library else None
    scrape_configs, problems = render_texts(relations)
    return (scrape_configs if reference is None else reference), problems
