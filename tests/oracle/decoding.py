"""How yaml.v3 decodes a document into Go's types: decode.go with KnownFields set.

A type mismatch is noted and decoding goes on; anything else ends it at once. Both make Parca
refuse the whole file.
"""

from __future__ import annotations

from operator import itemgetter
from typing import (
    TYPE_CHECKING,
    Container,
    Dict,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Tuple,
    Union,
    overload,
)

import yaml

from tests.oracle.durations import parse_duration
from tests.oracle.scalars import Scalar, tagged, to_bool, to_int, written

if TYPE_CHECKING:
    from typing_extensions import TypeGuard

Path = Tuple[Union[str, int], ...]
"""The keys and indices that lead to a value in the document."""


class RefusedError(Exception):
    """Parca does not load the file."""


class CrashError(Exception):
    """Parca dies."""


class _Mismatch(NamedTuple):
    path: Path
    at_key: bool
    text: str


class _PlainDumper(yaml.SafeDumper):
    """Writes what stands twice twice, without anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _is_mapping(value: object) -> TypeGuard[Dict[object, object]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[List[object]]:
    return isinstance(value, list)


def _as_scalar(value: object) -> Scalar:
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    raise TypeError(f"no JSON: {type(value).__name__}")


def _is_container(value: object) -> bool:
    return _is_mapping(value) or _is_list(value)


def _sorted_items(mapping: Dict[object, object]) -> List[Tuple[str, object]]:
    """The entries in the order in which PyYAML writes them."""
    items = [(key, item) for key, item in mapping.items() if isinstance(key, str)]
    if len(items) < len(mapping):
        raise TypeError("no JSON: a key is no text")
    return sorted(items, key=itemgetter(0))


class Decoder:
    """Reads values into Go's types and gathers the mismatches on the way."""

    def __init__(self, document: Dict[str, object]) -> None:
        self._document = document
        self._mismatches: List[_Mismatch] = []

    def __len__(self) -> int:
        """Mismatches so far: an UnmarshalYAML that adds any stops before its own checks."""
        return len(self._mismatches)

    def mismatch(self, value: object, path: Path, go_type: str) -> None:
        """Notes that a value does not fit a type."""
        if _is_mapping(value):
            seen = "!!map"
        elif _is_list(value):
            seen = "!!seq"
        else:
            scalar = _as_scalar(value)
            tag, _ = tagged(scalar)
            text = written(scalar)
            encoded = text.encode("utf-8")
            if len(encoded) > 10:
                text = encoded[:7].decode("utf-8", "replace") + "..."
            seen = f"{tag} `{text}`"
        self._mismatches.append(_Mismatch(path, False, f"cannot unmarshal {seen} into {go_type}"))

    @overload
    def text(self, value: object, path: Path, default: str, go_type: str = ...) -> str: ...

    @overload
    def text(
        self, value: object, path: Path, default: None, go_type: str = ...
    ) -> Optional[str]: ...

    def text(
        self, value: object, path: Path, default: Optional[str], go_type: str = "string"
    ) -> Optional[str]:
        """A string: the text of any scalar; null leaves what was there."""
        if isinstance(value, str):
            return value
        if value is None:
            return default
        if _is_container(value):
            self.mismatch(value, path, go_type)
            return default
        return written(_as_scalar(value))

    def boolean(self, value: object, path: Path, default: Optional[bool]) -> Optional[bool]:
        """A bool or *bool."""
        if isinstance(value, bool):
            return value
        if value is None:
            return default
        found = None if _is_container(value) else to_bool(_as_scalar(value))
        if found is None:
            self.mismatch(value, path, "bool")
            return default
        return found

    def integer(self, value: object, path: Path, default: int) -> int:
        """An int of 64 bits."""
        if value is None:
            return default
        found = None if _is_container(value) else to_int(_as_scalar(value))
        if found is None:
            self.mismatch(value, path, "int")
            return default
        return found

    def duration(self, value: object, path: Path, default: int) -> int:
        """A model.Duration, in nanoseconds.

        Raises:
            RefusedError: the text is no duration.
        """
        text = self.text(value, path, None)
        if text is None:
            return default
        try:
            return parse_duration(text)
        except ValueError as error:
            raise RefusedError(str(error)) from None

    def items(self, value: object, path: Path, go_type: str) -> Iterator[Tuple[object, Path]]:
        """The items of a slice."""
        if _is_list(value):
            for index, item in enumerate(value):
                yield item, (*path, index)
        elif value is not None:
            self.mismatch(value, path, go_type)

    def texts(self, value: object, path: Path, go_type: str = "[]string") -> List[str]:
        """A slice of strings. A null in it leaves no trace: yaml.v3 appends what it decoded."""
        texts: List[str] = []
        for item, at in self.items(value, path, go_type):
            text = self.text(item, at, None)
            if text is not None:
                texts.append(text)
        return texts

    def pairs(self, value: object, path: Path, go_type: str) -> Iterator[Tuple[str, object, Path]]:
        """The entries of a map with strings as keys."""
        if _is_mapping(value):
            for key, item in _sorted_items(value):
                yield key, item, (*path, key)
        elif value is not None:
            self.mismatch(value, path, go_type)

    def fields(
        self, value: object, path: Path, go_type: str, known: Container[str]
    ) -> Iterator[Tuple[str, object, Path]]:
        """The known fields of a struct; the others are mismatches."""
        for key, item, at in self.pairs(value, path, go_type):
            if key in known:
                yield key, item, at
            else:
                text = f"field {key} not found in type {go_type}"
                self._mismatches.append(_Mismatch(at, True, text))

    def finish(self) -> None:
        """Ends the decoding.

        Raises:
            RefusedError: there were mismatches; all of them are told.
        """
        if not self._mismatches:
            return
        lines = Lines(self._document)
        told = [
            f"  line {lines.find(found.path, found.at_key)}: {found.text}"
            for found in self._mismatches
        ]
        raise RefusedError("yaml: unmarshal errors:\n" + "\n".join(told))


class Lines:
    """The lines on which the parts of a document stand once PyYAML wrote it."""

    def __init__(self, document: Dict[str, object]) -> None:
        text = yaml.dump(document, Dumper=_PlainDumper)
        self._root = yaml.compose(text, Loader=yaml.SafeLoader)

    def find(self, path: Path, at_key: bool) -> int:
        """The line, from 1, of a value or of its key."""
        node = self._root
        key_node: Optional[yaml.Node] = None
        for step in path:
            if isinstance(node, yaml.MappingNode):
                key_node, node = next(
                    (key, item) for key, item in node.value if key.value == str(step)
                )
            elif isinstance(node, yaml.SequenceNode):
                node = node.value[int(step)]
        found = key_node if at_key else node
        if found is None:
            raise LookupError(f"no such part: {path!r}")
        return int(found.start_mark.line) + 1


def _first_unreadable(value: object, path: Path) -> Optional[Tuple[Path, bool]]:
    """Where the first text with a lone surrogate stands, and whether it is a key."""
    if isinstance(value, str):
        return (path, False) if _has_surrogate(value) else None
    if _is_mapping(value):
        for key, item in _sorted_items(value):
            if _has_surrogate(key):
                return (*path, key), True
            found = _first_unreadable(item, (*path, key))
            if found is not None:
                return found
    if _is_list(value):
        for index, item in enumerate(value):
            found = _first_unreadable(item, (*path, index))
            if found is not None:
                return found
    return None


def _has_surrogate(text: str) -> bool:
    if text.isascii():
        return False
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def check_readable(document: Dict[str, object]) -> None:
    r"""Refuses a document that holds a lone surrogate.

    PyYAML writes it as an escape, `\uD800`, that yaml.v3's scanner does not know.
    """
    found = _first_unreadable(document, ())
    if found is None:
        return
    line = Lines(document).find(*found)
    # The scanner leaves out a mark on the first line.
    where = f"line {line}: " if line > 1 else ""
    raise RefusedError(f"yaml: {where}found invalid Unicode character escape code")
