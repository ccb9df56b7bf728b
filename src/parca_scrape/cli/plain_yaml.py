"""YAML and JSON read as text, lists and objects, without anything that a small file can blow up.

A number stays as it is written, and no word of YAML 1.1 becomes a date or a boolean: who prints a
databag prints text.
"""

from __future__ import annotations

import itertools
import json
from typing import Iterator, List, Type, Union

import yaml

MAX_DEPTH = 50
# Without quotes these are null.
NULLS = frozenset({"", "~", "null", "Null", "NULL"})
# libyaml is ten times as fast as Python, where PyYAML was built with it.
LOADER: Type[Union[yaml.BaseLoader, yaml.CBaseLoader]] = getattr(
    yaml, "CBaseLoader", yaml.BaseLoader
)
JSON_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)


class UnusableInputError(Exception):
    """A text that is not what it should be; the message is one line."""


def parse(text: str) -> object:
    """Read YAML or JSON; JSON also gives booleans. None if there is nothing in the text.

    Time and memory are linear in the text. An object's keys that are no text are left out.

    Raises:
        UnusableInputError: it is neither, has aliases, is nested too deep, or has two documents.
    """
    if text.lstrip().startswith(("{", "[")):
        try:
            return JSON_DECODER.decode(text)
        except RecursionError:
            raise UnusableInputError("is nested too deep") from None
        except ValueError:
            pass  # YAML has objects and lists in braces too, and tells the line of a mistake.
    events = yaml.parse(text, Loader=LOADER)
    try:
        documents = [
            read_node(event, events, 0) for event in events if isinstance(event, yaml.NodeEvent)
        ]
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UnusableInputError(f"is neither YAML nor JSON, see line {line}") from None
    except (yaml.YAMLError, ValueError, OverflowError):
        raise UnusableInputError("is neither YAML nor JSON") from None
    if len(documents) > 1:
        raise UnusableInputError("holds more than one YAML document")
    return documents[0] if documents else None


def read_node(event: yaml.NodeEvent, events: Iterator[yaml.Event], depth: int) -> object:
    """Read the node that begins with an event, and take its other events.

    Raises:
        UnusableInputError: it has aliases, or is nested too deep.
    """
    if isinstance(event, yaml.ScalarEvent):
        is_plain = event.implicit[0]
        return None if is_plain and event.value in NULLS else event.value
    if isinstance(event, yaml.AliasEvent):
        raise UnusableInputError("has YAML aliases, with which a small file can grow without end")
    if depth == MAX_DEPTH:
        raise UnusableInputError("is nested too deep")
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
    """Tell whether an event begins a node, and does not end the list or object around it."""
    return isinstance(event, yaml.NodeEvent)
