"""Read YAML and JSON as text, lists and objects, safely for input of any kind.

Numbers stay as they are written, and no word of YAML 1.1 becomes a date or a boolean, because all
values of a databag are text.
"""

from __future__ import annotations

import itertools
import json
from typing import Iterator, List, Type, Union

import yaml

from parca_scrape.cli.console import CommandError
from parca_scrape.databag import is_nested_deeper

MAX_DEPTH = 50
TOO_DEEP = "nested too deeply"
# These are null unless they are quoted.
NULLS = frozenset({"", "~", "null", "Null", "NULL"})
# PyYAML is not always built with libyaml, which is ten times as fast.
LOADER: Type[Union[yaml.BaseLoader, yaml.CBaseLoader]] = getattr(
    yaml, "CBaseLoader", yaml.BaseLoader
)
JSON_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)


def load_json(text: str, max_depth: int) -> object:
    """Read JSON that is nested no deeper than so many levels.

    Raises:
        ValueError: the text is something else.
    """
    if is_nested_deeper(text, max_depth):
        raise ValueError
    return JSON_DECODER.decode(text)


def load(text: str) -> object:
    """Read YAML or JSON, and return None if the text is empty.

    Only JSON has booleans. Keys that are not text are ignored. Time and memory are linear in the
    length of the text.

    Raises:
        CommandError: the text is neither YAML nor JSON, is nested too deeply, or has aliases or
            more than one document.
    """
    if text.lstrip().startswith(("{", "[")):
        try:
            return JSON_DECODER.decode(text)
        except RecursionError:
            raise CommandError(TOO_DEEP) from None
        except ValueError:
            pass  # YAML can start with a brace, too, and its parser reports the line of an error.
    events = yaml.parse(text, Loader=LOADER)
    try:
        documents = [
            read_node(event, events, 0) for event in events if isinstance(event, yaml.NodeEvent)
        ]
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise CommandError(f"not valid YAML or JSON: see line {line}") from None
    except (yaml.YAMLError, ValueError, OverflowError):
        raise CommandError("not valid YAML or JSON") from None
    if len(documents) > 1:
        raise CommandError("more than one YAML document")
    return documents[0] if documents else None


def read_node(event: yaml.NodeEvent, events: Iterator[yaml.Event], depth: int) -> object:
    """Return the node that begins with an event, and consume the rest of its events.

    Raises:
        CommandError: the node has aliases or is nested too deeply.
    """
    if isinstance(event, yaml.ScalarEvent):
        is_plain = event.implicit[0]
        return None if is_plain and event.value in NULLS else event.value
    if isinstance(event, yaml.AliasEvent):
        raise CommandError("YAML aliases are not allowed: they can expand without limit")
    if depth == MAX_DEPTH:
        raise CommandError(TOO_DEEP)
    children: List[object] = [
        read_node(child, events, depth + 1)
        for child in itertools.takewhile(is_node, events)
        if isinstance(child, yaml.NodeEvent)
    ]
    if isinstance(event, yaml.SequenceStartEvent):
        return children
    pairs = zip(children[::2], children[1::2])
    return {key: value for key, value in pairs if isinstance(key, str)}


def is_node(event: yaml.Event) -> bool:
    """Return whether an event begins a node, rather than ends the list or object around it."""
    return isinstance(event, yaml.NodeEvent)
