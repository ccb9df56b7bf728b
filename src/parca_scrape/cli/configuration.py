"""The two sides of a comparison: databags, or the configuration file of a Parca."""

from __future__ import annotations

import re
import sys
from typing import List, NamedTuple, Optional, Sequence, Tuple

from parca_scrape._getters import as_list, as_object
from parca_scrape.cli import inputs
from parca_scrape.cli.console import PROGRAM, CommandError, name_input
from parca_scrape.cli.plain_yaml import load
from parca_scrape.cli.reference import render_reference
from parca_scrape.cli.relations import RelationTexts, hint_at_problems, render_texts
from parca_scrape.cli.series import Series, list_series
from parca_scrape.problems import Problem
from parca_scrape.render import RESERVED_JOB_NAME

SCRAPE_CONFIGS_KEY = "scrape_configs"
# A quick look, before the text is decoded.
KEY = re.compile(rf"""^["']?{SCRAPE_CONFIGS_KEY}["']?[ \t]*:""", re.MULTILINE)
QUOTED_KEY = f'"{SCRAPE_CONFIGS_KEY}"'
# A file can give one for each of its targets.
MAX_WARNINGS = 20


class Side(NamedTuple):
    """One side of a comparison."""

    series: List[Series]
    warnings: List[str]
    is_configuration: bool
    """Whether it is the configuration file of a Parca."""


def read_side(file: str, text: str, endpoint: str, library: Optional[str] = None) -> Side:
    """Return what the text of a file shows; what is wrong with its databags goes to standard error.

    Args:
        file: the name of the file.
        text: its text.
        endpoint: the endpoint of the Parca charm.
        library: the reference library whose rules render the databags; None for this library.

    Raises:
        CommandError: the text cannot be used.
    """
    try:
        scrape_configs = decode_configuration(text)
    except CommandError as error:
        raise CommandError(f"{name_input(file)}: {error}") from None
    if scrape_configs is not None:
        if library:
            raise CommandError(
                f"{name_input(file)}: --as needs the databags, and this is a parca.yaml"
            )
        return Side(*list_series(scrape_configs), is_configuration=True)
    relations = inputs.decode_text(text, file, endpoint)
    rendered, problems = render_relations(relations, library)
    hint_at_problems(problems)
    return Side(*list_series(rendered), is_configuration=False)


def decode_configuration(text: str) -> Optional[Sequence[object]]:
    """Return the scrape configs of Parca's configuration file; None if the text is another.

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


def render_relations(
    relations: Sequence[RelationTexts], library: Optional[str]
) -> Tuple[Sequence[object], List[Problem]]:
    """Return the scrape configs of relations, and the problems of their databags."""
    if library is None:
        return render_texts(relations)
    scrape_configs = render_reference(relations, library)
    return scrape_configs, [problem for relation in relations for problem in relation.problems]
