"""Relabel rules of a scrape config: how Parca changes the labels of a target.

Source: Prometheus `model/relabel/relabel.go`. Python's `re` stands in for RE2; a regular
expression that the two may read differently, or that Python may take too long for, is refused.
"""

from __future__ import annotations

import re
from typing import Dict, List, Mapping, Match, NamedTuple, Optional, Pattern, Tuple

from parca_scrape._getters import as_list, as_object
from parca_scrape._rules import parse_text

Labels = Dict[str, str]

# The defaults of Prometheus.
SEPARATOR = ";"
ANYTHING = "(.*)"
WHOLE_MATCH = "$1"
ACTIONS = ("replace", "keep", "drop", "labelmap", "labeldrop", "labelkeep")
# These act on the names of all labels.
NAME_ACTIONS = frozenset({"labelmap", "labeldrop", "labelkeep"})
# Labels that Parca relabels, too, and that differ from profile to profile.
PROFILE_LABEL = "__name__"
PROFILE_PATH_LABEL = "__profile_path__"

MAX_REGEX_LENGTH = 1_000
# Python recurses into groups.
MAX_GROUPS = 50
# Look-around, comments, atomic groups, back-references and other words of Python alone; the
# classes of POSIX, which Python reads as others; and a quantifier on a group or on a quantifier,
# for which Python can take exponential time.
UNSUPPORTED = re.compile(
    r"\(\?(?:[=!#>(]|<[=!]|P=)|\\[1-9ZAuUNx]|\[\[:|\)[*+{]|[*+?}][*+{]|[*+?}]\?[*+?{]"
)
# The most attempts that Python may make to match a regex with a text.
MAX_TRIES = 250_000
# The average cost of a match; looking at a label costs 1.
REGEX_STEPS = 2_000
VARIABLE = re.compile(r"\$(?:\$|\{(\w+)\}|(\w+))", re.ASCII)

# Parca keeps shorter values only; a rule can double a value, and the next one again.
MAX_LENGTH = 100_000
REGEX_RULE = "its regex is not supported"
TRIES_RULE = "its regex would take too long for the labels"
LENGTH_RULE = "the labels would become too long"


class UnsupportedRuleError(Exception):
    """The reason why the effect of a rule is unknown."""


class Regex(NamedTuple):
    """A regular expression that a whole text must match."""

    pattern: Pattern[str]
    quantifiers: int
    """How many parts of it can match text of any length."""
    branches: int
    """How many alternatives it has for other parts."""

    @classmethod
    def compile(cls, text: str) -> Optional[Regex]:
        """Return a regular expression; None for the default, which matches everything.

        Raises:
            UnsupportedRuleError: Python does not support it, or may read it differently from RE2.
        """
        if text == ANYTHING:
            return None
        groups = text.count("(")
        if len(text) > MAX_REGEX_LENGTH or groups > MAX_GROUPS or UNSUPPORTED.search(text):
            raise UnsupportedRuleError(REGEX_RULE)
        try:
            pattern = re.compile(text, re.DOTALL | re.ASCII)
        except (re.error, ValueError, OverflowError, RecursionError):
            raise UnsupportedRuleError(REGEX_RULE) from None
        alternatives = text.count("|") if groups > 1 else 0
        branches = alternatives + text.count("?") - text.count("(?")
        return cls(pattern, len(re.findall(r"[*+{]", text)), branches)

    @property
    def is_linear(self) -> bool:
        """Whether a match takes a time that is linear in the length of the text."""
        return self.quantifiers < 2 and not self.branches

    def match(self, text: str) -> Optional[Mapping[str, str]]:
        """Return the groups of a match by number and name; None if the text does not match.

        Raises:
            UnsupportedRuleError: Python may take too long.
        """
        if not self.is_linear and len(text) ** self.quantifiers << self.branches > MAX_TRIES:
            raise UnsupportedRuleError(TRIES_RULE)
        match = self.pattern.fullmatch(text)
        if match is None:
            return None
        numbered = enumerate([match.group(), *match.groups(default="")])
        return {**{str(number): group for number, group in numbered}, **match.groupdict("")}


class Rule(NamedTuple):
    """A relabel rule."""

    source_labels: Tuple[str, ...] = ()
    separator: str = SEPARATOR
    regex: Optional[Regex] = None
    """None for the default, which matches everything as its first group."""
    target_label: str = ""
    replacement: str = WHOLE_MATCH
    action: str = "replace"

    @classmethod
    def decode(cls, raw: object) -> Rule:
        """Return the rule that a mapping states; null and wrong types stand for the defaults.

        Raises:
            UnsupportedRuleError: its effect is unknown.
        """
        fields = as_object(raw)
        if fields is None:
            raise UnsupportedRuleError("it is not an object")
        action = get_text(fields, "action", "replace").lower()
        if action not in ACTIONS:
            raise UnsupportedRuleError("its action is not supported")
        names = as_list(fields.get("source_labels")) or ()
        if PROFILE_PATH_LABEL in names:
            raise UnsupportedRuleError("it reads the path of a profile")
        return cls(
            source_labels=tuple(name for name in names if isinstance(name, str)),
            separator=get_text(fields, "separator", SEPARATOR),
            regex=Regex.compile(get_text(fields, "regex", ANYTHING)),
            target_label=get_text(fields, "target_label", ""),
            replacement=get_text(fields, "replacement", WHOLE_MATCH),
            action=action,
        )

    @property
    def sees_profile(self) -> bool:
        """Whether the effect can differ from profile to profile."""
        is_template = "$" in self.target_label
        is_named = PROFILE_LABEL in (*self.source_labels, self.target_label)
        return is_named or is_template or self.action in NAME_ACTIONS

    def count_steps(self, labels: int) -> int:
        """Return the cost of applying the rule to a number of labels."""
        matches = labels if self.action in NAME_ACTIONS else 1
        return matches if self.regex is None or self.regex.is_linear else matches * REGEX_STEPS

    def apply(self, labels: Labels) -> bool:
        """Change labels in place, and return whether the target is kept.

        Raises:
            UnsupportedRuleError: the effect is unknown; no label has changed.
        """
        if self.action in NAME_ACTIONS:
            self._apply_to_names(labels)
            return True
        values = [labels.get(name, "") for name in self.source_labels]
        if sum(map(len, values)) + len(self.separator) * len(values) > MAX_LENGTH:
            raise UnsupportedRuleError(LENGTH_RULE)
        value = self.separator.join(values)
        groups = self._match(value)
        if self.action == "replace":
            target_label = "" if groups is None else expand(self.target_label, groups)
            if groups is not None and target_label:
                set_label(labels, target_label, expand(self.replacement, groups))
            return True
        return (groups is not None) == (self.action == "keep")

    def _apply_to_names(self, labels: Labels) -> None:
        """Add, drop or keep labels by their names."""
        matches = [(name, self._match(name)) for name in labels]
        values = dict(labels)
        for name, groups in matches:
            if self.action == "labelmap":
                if groups is not None:
                    set_label(labels, expand(self.replacement, groups), values[name])
            elif (groups is None) == (self.action == "labelkeep"):
                del labels[name]

    def _match(self, text: str) -> Optional[Mapping[str, str]]:
        """Return the groups of a match by number and name; None if the text does not match."""
        return {"0": text, "1": text} if self.regex is None else self.regex.match(text)


def expand(template: str, groups: Mapping[str, str]) -> str:
    """Return a template with the groups that it names: `$1`, `${1}` or `${name}`.

    Raises:
        UnsupportedRuleError: the result would be too long.
    """
    if "$" not in template:
        return template
    if len(template) + template.count("$") * len(groups["0"]) > MAX_LENGTH:
        raise UnsupportedRuleError(LENGTH_RULE)

    def replace(variable: Match[str]) -> str:
        name = variable.group(1) or variable.group(2)
        return "$" if name is None else groups.get(name, "")

    return VARIABLE.sub(replace, template)


def set_label(labels: Labels, name: str, value: str) -> None:
    """Set a label; an empty value removes it."""
    if value:
        labels[name] = value
    else:
        labels.pop(name, None)


def get_text(fields: Mapping[str, object], key: str, default: str) -> str:
    """Return the text of a field."""
    text = parse_text(fields.get(key))
    return default if text is None else text


def decode_rules(raw: object) -> Tuple[List[Rule], List[str]]:
    """Return the supported rules of a scrape config, and why others are not."""
    rules: List[Rule] = []
    reasons: List[str] = []
    for index, element in enumerate(as_list(raw) or ()):
        try:
            rules.append(Rule.decode(element))
        except UnsupportedRuleError as error:
            reasons.append(f"relabel_configs[{index}]: {error}")
    return rules, reasons
