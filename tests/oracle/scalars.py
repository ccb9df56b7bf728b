"""Scalars on their way from Python through a YAML file into Go.

PyYAML writes them by YAML 1.1, gopkg.in/yaml.v3 reads them by rules of its own (resolve.go): a
text that PyYAML need not quote may still be a number to Go.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Optional, Tuple, Union

import yaml

Scalar = Union[str, int, float, bool, None]

TRUE_WORDS = frozenset(["y", "Y", "yes", "Yes", "YES", "on", "On", "ON"])
FALSE_WORDS = frozenset(["n", "N", "no", "No", "NO", "off", "Off", "OFF"])

_MIN_INT64 = -(2**63)
_MAX_INT64 = 2**63 - 1
_MAX_UINT64 = 2**64 - 1

_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_POINT_FLOAT = re.compile(r"\.[0-9]+([eE][-+]?[0-9]+)?")
_INTEGER = re.compile(
    r"([-+]?)(?:(0[xX])([0-9a-fA-F]+)|(0[oO])([0-7]+)|(0[bB])([01]+)|(0)([0-7]+)|()([1-9][0-9]*|0))"
)
_BASES = {"0x": 16, "0o": 8, "0b": 2, "0": 8, "": 10}


def written(value: Scalar) -> str:
    """The text that PyYAML writes for a value: the `Value` of Go's node."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isnan(value):
            return ".nan"
        if math.isinf(value):
            return ".inf" if value > 0 else "-.inf"
        text = repr(value)
        # YAML 1.1 knows no float without a point.
        return text.replace("e", ".0e", 1) if "." not in text else text
    return str(value)


@lru_cache(maxsize=4096)
def is_plain(text: str) -> bool:
    """Return whether PyYAML writes the text without quotes."""
    return yaml.safe_dump(text)[:1] not in ("'", '"')


def _parse_integer(text: str) -> Optional[int]:
    """strconv.ParseInt and ParseUint of base 0, together."""
    match = _INTEGER.fullmatch(text)
    if match is None:
        return None
    sign = match.group(1)
    prefix, digits = next(
        (match.group(group), match.group(group + 1))
        for group in (2, 4, 6, 8, 10)
        if match.group(group) is not None
    )
    digits = digits.lstrip("0") or "0"
    if len(digits) > 64:
        return None
    number = int(digits, _BASES[prefix.lower()])
    if sign == "-":
        number = -number
    # ParseUint takes no sign.
    highest = _MAX_INT64 if sign else _MAX_UINT64
    return number if _MIN_INT64 <= number <= highest else None


def _parse_float(text: str) -> Optional[float]:
    number = float(text)
    return None if math.isinf(number) else number


def resolve(text: str) -> Tuple[str, Union[str, int, float]]:
    """The tag and value that yaml.v3 sees in a plain text which to YAML 1.1 is a text."""
    hint = text[:1]
    if hint == "." and _POINT_FLOAT.fullmatch(text):
        number = _parse_float(text)
        if number is not None:
            return "!!float", number
    elif hint in "+-0123456789" and hint:
        stripped = text.replace("_", "")
        integer = _parse_integer(stripped)
        if integer is not None:
            return "!!int", integer
        if _FLOAT.fullmatch(stripped):
            number = _parse_float(stripped)
            if number is not None:
                return "!!float", number
    return "!!str", text


def tagged(value: Scalar) -> Tuple[str, Scalar]:
    """The tag and the value that yaml.v3 sees for a value that PyYAML wrote."""
    if isinstance(value, str):
        return resolve(value) if is_plain(value) else ("!!str", value)
    if value is None:
        return "!!null", None
    if isinstance(value, bool):
        return "!!bool", value
    if isinstance(value, int):
        if _MIN_INT64 <= value <= _MAX_UINT64:
            return "!!int", value
        number = _parse_float(str(value))
        return ("!!float", number) if number is not None else ("!!str", str(value))
    return "!!float", value


def to_int(value: Scalar) -> Optional[int]:
    """What a Go `int` gets of a scalar, or None where yaml.v3 reports a type error.

    Floats lose their fraction; those out of range become the lowest int64, as on amd64.
    """
    _, resolved = tagged(value)
    if resolved is None or isinstance(resolved, (bool, str)):
        return None
    if isinstance(resolved, int):
        return resolved if resolved <= _MAX_INT64 else None
    # math.MaxInt64 as a float64 is 2**63.
    if math.isnan(resolved) or resolved > 2.0**63:
        return None
    if resolved >= 2.0**63 or resolved < -(2.0**63):
        return _MIN_INT64
    return int(resolved)


def to_bool(value: Scalar) -> Optional[bool]:
    """What a Go `bool` gets of a scalar, or None where yaml.v3 reports a type error."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        if value in TRUE_WORDS:
            return True
        if value in FALSE_WORDS:
            return False
    return None
