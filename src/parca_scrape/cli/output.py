"""Scrape configs as text for people and for Parca: YAML or JSON, with private keys hidden.

Parca loads both as YAML. All YAML is ASCII; JSON has no escape that YAML knows for a character
beyond U+FFFF.
"""

from __future__ import annotations

import json
import re
from typing import Dict, Mapping, Match

import yaml

from parca_scrape._pem import PEM_LABELS

SECRET = "<secret>"
NOT_ASCII = re.compile(r"[^\x00-\x7e]")


class Lines(str):
    """Text that YAML shows line by line."""


def prepare_tls(tls_config: Dict[str, object], *, show_secrets: bool) -> None:
    """Mark PEM text to be shown line by line, and hide private keys."""
    for name, text in tls_config.items():
        if not isinstance(text, str):
            continue
        # A file with a certificate can hold a private key, too.
        if not show_secrets and (name == "key" or PEM_LABELS["key"] in text):
            tls_config[name] = SECRET
        elif "\n" in text:
            tls_config[name] = Lines(text)


def encode_json(document: Mapping[str, object]) -> str:
    """Return a document as JSON that a YAML loader reads as the same.

    The exception is a key that takes more than 1,022 characters, which YAML refuses in this form.
    """
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return NOT_ASCII.sub(escape, text) + "\n"


def escape(match: Match[str]) -> str:
    """Return a character for JSON: escaped if it is unprintable, as YAML refuses most of those."""
    character = match.group()
    if character.isprintable() or character > "\uffff":
        return character
    return f"\\u{ord(character):04x}"


def encode_yaml(document: Mapping[str, object]) -> str:
    """Return a document as YAML."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    yaml.add_representer(Lines, represent_lines, Dumper=dumper)
    return yaml.dump(document, Dumper=dumper, sort_keys=False)


def represent_lines(_: yaml.SafeDumper, lines: Lines) -> yaml.ScalarNode:
    """Return text in the style that keeps lines; PyYAML uses another where that cannot hold it."""
    return yaml.ScalarNode("tag:yaml.org,2002:str", str(lines), style="|")
