"""Small parts of Go's library that Python does in another way."""

from __future__ import annotations

from typing import Dict, List

_ESCAPES: Dict[str, str] = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    '"': '\\"',
    "\\": "\\\\",
}


def _quoted(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    if 0xD800 <= code < 0xE000:
        return "\\ufffd"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def quote(text: str) -> str:
    """What `fmt` prints for `%q`: strconv.Quote."""
    return '"' + "".join(map(_quoted, text)) + '"'


def clean_path(path: str) -> str:
    """path/filepath.Clean on Unix. Unlike posixpath.normpath it keeps no second leading slash."""
    rooted = path.startswith("/")
    kept: List[str] = []
    for part in path.split("/"):
        if part in ("", "."):
            continue
        if part != "..":
            kept.append(part)
        elif kept and kept[-1] != "..":
            kept.pop()
        elif not rooted:
            kept.append(part)
    if rooted:
        return "/" + "/".join(kept)
    return "/".join(kept) or "."


def join_path(prefix: str, path: str) -> str:
    """path/filepath.Join: empty elements are skipped, and what is left is cleaned."""
    parts = [part for part in (prefix, path) if part]
    return clean_path("/".join(parts)) if parts else ""


def to_int64(number: int) -> int:
    """The number as Go's int64 arithmetic wraps it."""
    return (number + 2**63) % 2**64 - 2**63
