"""Validators for the JSON Schemas in the package."""

from __future__ import annotations

import functools
import json
from typing import Any, List

from jsonschema import Draft202012Validator

from parca_scrape.cli.schema import read_schema


@functools.lru_cache(maxsize=None)
def make_validator(name: str, definition: str) -> Any:
    """Return a validator for a schema, or for one of its definitions."""
    schema = json.loads(read_schema(name))
    if definition:
        schema = {"$defs": schema["$defs"], "$ref": f"#/$defs/{definition}"}
    return Draft202012Validator(schema)


def list_faults(name: str, value: object, definition: str = "") -> List[str]:
    """Return where a value breaks a schema, and what is wrong there."""
    errors = make_validator(name, definition).iter_errors(value)
    return [f"{error.json_path}: {error.message}" for error in errors]
