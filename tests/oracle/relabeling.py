"""Relabeling of targets: model/relabel of Prometheus.

Python's `re` stands in for RE2; what only Python's syntax knows is refused.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Dict, List, Optional, Sequence

from tests.oracle.decoding import Decoder, Path, RefusedError
from tests.oracle.golang import quote

Labels = Dict[str, str]

_WITH_TARGET = frozenset(
    ["replace", "hashmod", "lowercase", "uppercase", "keepequal", "dropequal"]
)
_ACTIONS = _WITH_TARGET | {"keep", "drop", "labelmap", "labeldrop", "labelkeep"}
_FIELDS = frozenset(
    ["source_labels", "separator", "regex", "modulus", "target_label", "replacement", "action"]
)
_DEFAULT_SEPARATOR = ";"
_DEFAULT_REGEX = "(.*)"
_DEFAULT_REPLACEMENT = "$1"

_NOT_IN_RE2 = re.compile(r"\(\?(?:[=!(#]|<[=!]|P=)|\\[1-9]")
_VARIABLE = re.compile(r"\$(?:\$|\{(\w+)\}|(\w+))", re.ASCII)


def set_label(labels: Labels, name: str, value: str) -> None:
    """labels.Builder.Set: empty text deletes."""
    if value:
        labels[name] = value
    else:
        labels.pop(name, None)


@dataclass
class Rule:
    """relabel.Config."""

    source_labels: Optional[List[str]] = None
    separator: str = _DEFAULT_SEPARATOR
    regex: Optional[str] = None
    modulus: int = 0
    target_label: str = ""
    replacement: str = _DEFAULT_REPLACEMENT
    action: str = "replace"

    @property
    def pattern(self) -> re.Pattern[str]:
        """The regular expression, to be matched in full."""
        return _compile(_DEFAULT_REGEX if self.regex is None else self.regex)

    def check(self) -> None:
        """Validate.

        Raises:
            RefusedError: with its message.
        """
        action, target, replacement = self.action, self.target_label, self.replacement
        if not self.modulus and action == "hashmod":
            raise RefusedError("relabel configuration for hashmod requires non-zero modulus")
        # Any text is a label name in UTF-8, but the empty one.
        if action in _WITH_TARGET and not target:
            raise RefusedError(
                f"relabel configuration for {action} action requires 'target_label' value"
            )
        has_replacement = replacement != _DEFAULT_REPLACEMENT
        if has_replacement and action in ("lowercase", "uppercase", "keepequal", "dropequal"):
            raise RefusedError(f"'replacement' can not be set for {action} action")
        if action == "labelmap" and not replacement:
            raise RefusedError(
                f"{quote(replacement)} is invalid 'replacement' for labelmap action"
            )
        is_odd = bool(self.modulus or self.separator != _DEFAULT_SEPARATOR or has_replacement)
        if action in ("dropequal", "keepequal") and (is_odd or self.regex is not None):
            raise RefusedError(
                f"{action} action requires only 'source_labels' and `target_label`, and no other "
                "fields"
            )
        if action in ("labeldrop", "labelkeep") and (
            is_odd or target or self.source_labels is not None
        ):
            raise RefusedError(f"{action} action requires only 'regex', and no other fields")

    def apply(self, labels: Labels) -> bool:
        """Relabel. False: the target is dropped."""
        value = self.separator.join(labels.get(name, "") for name in self.source_labels or ())
        action, target = self.action, self.target_label
        if action == "replace":
            self._replace(labels, value)
        elif action == "keep":
            return self.pattern.fullmatch(value) is not None
        elif action == "drop":
            return self.pattern.fullmatch(value) is None
        elif action == "keepequal":
            return labels.get(target, "") == value
        elif action == "dropequal":
            return labels.get(target, "") != value
        elif action == "lowercase":
            set_label(labels, target, value.lower())
        elif action == "uppercase":
            set_label(labels, target, value.upper())
        elif action == "hashmod":
            digest = hashlib.md5(value.encode("utf-8")).digest()
            set_label(labels, target, str(int.from_bytes(digest[8:], "big") % self.modulus))
        else:
            self._map(labels)
        return True

    def _replace(self, labels: Labels, value: str) -> None:
        match = self.pattern.fullmatch(value)
        if match is None:
            return
        target = _expand(self.target_label, match)
        if target:
            set_label(labels, target, _expand(self.replacement, match))

    def _map(self, labels: Labels) -> None:
        for name, value in sorted(labels.items()):
            match = self.pattern.fullmatch(name)
            if self.action == "labelmap":
                if match is not None:
                    set_label(labels, _expand(self.replacement, match), value)
            elif (match is None) == (self.action == "labelkeep"):
                del labels[name]


@lru_cache(maxsize=256)
def _compile(regex: str) -> re.Pattern[str]:
    anchored = f"^(?s:{regex})$"
    if _NOT_IN_RE2.search(regex):
        raise RefusedError(
            f"error parsing regexp: invalid or unsupported Perl syntax: `{anchored}`"
        )
    try:
        return re.compile(f"(?s:{regex})")
    except re.error as error:
        reason = "missing closing )" if error.msg.startswith("missing )") else error.msg
        raise RefusedError(f"error parsing regexp: {reason}: `{anchored}`") from None


def _expand(template: str, match: re.Match[str]) -> str:
    """regexp.ExpandString."""

    def variable(found: re.Match[str]) -> str:
        name = found.group(1) or found.group(2)
        if name is None:
            return "$"
        try:
            return str(match.group(int(name) if name.isdigit() else name) or "")
        except IndexError:
            return ""

    return _VARIABLE.sub(variable, template)


def decode_rules(decoder: Decoder, value: object, path: Path) -> List[Optional[Rule]]:
    """A []*relabel.Config; null stays as None."""
    return [
        None if item is None else _decode_rule(decoder, item, at)
        for item, at in decoder.items(value, path, "[]*relabel.Config")
    ]


def _decode_rule(decoder: Decoder, value: object, path: Path) -> Rule:
    rule = Rule()
    before = len(decoder)
    for key, item, at in decoder.fields(value, path, "relabel.plain", _FIELDS):
        if key == "source_labels":
            rule.source_labels = _decode_names(decoder, item, at)
        elif key == "separator":
            rule.separator = decoder.text(item, at, rule.separator)
        elif key == "regex":
            rule.regex = decoder.text(item, at, rule.regex)
            _ = rule.pattern
        elif key == "modulus":
            rule.modulus = decoder.integer(item, at, 0)
            if rule.modulus < 0:
                decoder.mismatch(item, at, "uint64")
        elif key == "target_label":
            rule.target_label = decoder.text(item, at, "")
        elif key == "replacement":
            rule.replacement = decoder.text(item, at, rule.replacement)
        else:
            rule.action = _decode_action(decoder, item, at)
    if len(decoder) == before:
        rule.check()
    return rule


def _decode_names(decoder: Decoder, value: object, path: Path) -> Optional[List[str]]:
    """A model.LabelNames."""
    if value is None:
        return None
    names: List[str] = []
    for item, at in decoder.items(value, path, "model.LabelNames"):
        name = decoder.text(item, at, None)
        if name == "":
            raise RefusedError('"" is not a valid label name')
        if name is not None:
            names.append(name)
    return names


def _decode_action(decoder: Decoder, value: object, path: Path) -> str:
    text = decoder.text(value, path, None)
    if text is None:
        return "replace"
    if text.lower() not in _ACTIONS:
        raise RefusedError(f"unknown relabel action {quote(text)}")
    return text.lower()


def relabel(labels: Labels, rules: Sequence[Optional[Rule]]) -> bool:
    """ProcessBuilder: applies the rules in order. False: the target is dropped."""
    return all(rule.apply(labels) for rule in rules if rule is not None)
