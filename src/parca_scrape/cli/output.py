"""Scrape configs as text for people: YAML or JSON, all ASCII, with private keys hidden."""

from __future__ import annotations

import json
from typing import Dict, Mapping

import yaml

from parca_scrape._pem import PRIVATE_KEY

SECRET = "<secret>"


class Lines(str):
    """Text that YAML shows line by line."""


def prepare_tls(tls_config: Dict[str, object], *, show_secrets: bool) -> None:
    """Mark PEM text to be shown line by line, and hide private keys."""
    for name, text in tls_config.items():
        if not isinstance(text, str):
            continue
        # A file with a certificate can hold a private key, too.
        if not show_secrets and (name == "key" or PRIVATE_KEY in text):
            tls_config[name] = SECRET
        elif "\n" in text:
            tls_config[name] = Lines(text)


def encode_json(document: Mapping[str, object]) -> str:
    """Return a document as JSON."""
    return json.dumps(document, indent=2) + "\n"


def encode_yaml(document: Mapping[str, object]) -> str:
    """Return a document as YAML."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    yaml.add_representer(Lines, represent_lines, Dumper=dumper)
    return yaml.dump(document, Dumper=dumper, sort_keys=False)


def represent_lines(_: yaml.SafeDumper, lines: Lines) -> yaml.ScalarNode:
    """Return text in the style that keeps lines; PyYAML uses another where that cannot hold it."""
    return yaml.ScalarNode("tag:yaml.org,2002:str", str(lines), style="|")
