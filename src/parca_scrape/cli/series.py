"""The series that Parca makes of scrape configs: the final labels and the profiles of each target.

Scrape configs may come from a file, so they may hold anything; numbers and booleans may be text.
Sources: Parca `pkg/scrape/target.go` (`targetsFromGroup`, `populateLabels`) and
`pkg/config/config.go`.
"""

from __future__ import annotations

import collections
import re
from typing import Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Set, Tuple

from parca_scrape._getters import Pairs, as_list, as_object
from parca_scrape._rules import SCHEME_LABEL, parse_text
from parca_scrape.cli.console import CommandError, show
from parca_scrape.cli.profiles import list_enabled
from parca_scrape.cli.relabelling import (
    PROFILE_LABEL,
    Labels,
    UnsupportedRuleError,
    decode_rules,
)
from parca_scrape.static_configs import DEFAULT_PORTS

ADDRESS_LABEL = "__address__"
HIDDEN_PREFIX = "__"
DISCOVERY_SUFFIX = "_sd_configs"
DEFAULT_SCHEME = "http"
# Go `net.SplitHostPort`: an address to which Parca adds the port of the scheme.
WITHOUT_PORT = re.compile(r"[^:\[\]]+|\[[^\[\]]*\]")
# A step is a label, a profile or a relabel rule of a target, or so many characters of its labels.
MAX_STEPS = 50_000_000
STEP_LENGTH = 10
STEPS_RULE = "too many labels, profiles and relabel rules to compare"
WITHOUT_RULE = "compared without this rule"


class Series(NamedTuple):
    """The series of one target: one for each profile, all with the same labels."""

    job: str
    """The name of the scrape config, also if a label `job` says otherwise."""
    address: str
    """The address that Parca scrapes: a host and a port."""
    labels: Pairs
    """The final labels without those that Parca hides, sorted; `job` and `instance` are two."""
    profiles: Tuple[str, ...]
    """The names of the profiles that Parca scrapes, sorted."""
    scheme: str = DEFAULT_SCHEME


class SkippedError(Exception):
    """The reason why Parca skips a static config."""


def list_series(scrape_configs: Iterable[object]) -> Tuple[List[Series], List[str]]:
    """Return the series of scrape configs, in their order, and what is uncertain about them.

    Raises:
        CommandError: there is more than can be read in a reasonable time.
    """
    budget = Budget()
    series: List[Series] = []
    warnings: Dict[str, None] = {}
    counts: Dict[str, int] = collections.Counter()
    for index, raw in enumerate(scrape_configs):
        fields = as_object(raw)
        if fields is None:
            warnings[f"scrape_configs[{index}]: not an object, so it is skipped"] = None
            continue
        job = ScrapedJob(fields, budget)
        counts[job.name] += 1
        if counts[job.name] == 2:
            warnings[f"{job}: Parca refuses a file with two jobs of the same name"] = None
        series += job.list_series()
        warnings.update(dict.fromkeys(f"{job}: {warning}" for warning in job.warnings))
    return series, list(warnings)


class Budget:
    """How much may be done for the scrape configs of one side."""

    def __init__(self) -> None:
        self._steps = MAX_STEPS

    def spend(self, steps: int) -> None:
        """Count steps.

        Raises:
            CommandError: there were too many.
        """
        self._steps -= steps
        if self._steps < 0:
            raise CommandError(STEPS_RULE)


class ScrapedJob:
    """A scrape config as Parca reads it."""

    def __init__(self, fields: Mapping[str, object], budget: Budget) -> None:
        self._budget = budget
        self.name: str = parse_text(fields.get("job_name")) or ""
        self._scheme = parse_text(fields.get("scheme")) or DEFAULT_SCHEME
        self._profiles = tuple(sorted(list_enabled(fields.get("profiling_config"))))
        self._rules, reasons = decode_rules(fields.get("relabel_configs"))
        self._sees_profile = any(rule.sees_profile for rule in self._rules)
        self._static_configs = as_list(fields.get("static_configs")) or ()
        self.warnings: List[str] = [f"{reason}: {WITHOUT_RULE}" for reason in reasons]
        discoveries = (key for key, value in fields.items() if value)
        self.warnings += [
            f"{key}: targets that Parca discovers are not compared"
            for key in discoveries
            if key.endswith(DISCOVERY_SUFFIX)
        ]

    def __str__(self) -> str:
        """Return a name of the job for a message of one line."""
        return f"job {show(self.name)}" if self.name else "a job without a name"

    def list_series(self) -> Iterator[Series]:
        """Yield the series of the targets."""
        for index, static_config in enumerate(self._static_configs):
            try:
                yield from self._list_group(as_object(static_config) or {})
            except SkippedError as error:
                self.warnings.append(f"static_configs[{index}]: Parca skips it: {error}")

    def _list_group(self, static_config: Mapping[str, object]) -> List[Series]:
        """Return the series of a static config; raise `SkippedError` if Parca skips it."""
        # In the order in which Parca maps the names of labels.
        labels = as_object(static_config.get("labels")) or {}
        texts = ((name, parse_text(labels[name])) for name in sorted(labels))
        own: Labels = {name: text for name, text in texts if text and name != ADDRESS_LABEL}
        for name, default in (("job", self.name), (SCHEME_LABEL, self._scheme)):
            own.setdefault(name, default)
        elements = as_list(static_config.get("targets")) or ()
        rules = sum(rule.count_steps(len(own)) for rule in self._rules)
        times = len(self._profiles) if self._sees_profile else 1
        self._budget.spend(len(elements) * (times * (len(own) + rules) + len(self._profiles)))
        targets = map(parse_text, elements)
        return [
            series
            for target in targets
            if target is not None
            for series in self._list_target({ADDRESS_LABEL: target, **own})
        ]

    def _list_target(self, own: Labels) -> Iterator[Series]:
        """Yield the series of a target: several if its labels differ between the profiles."""
        if not self._sees_profile:
            labels = self._relabel(own)
            if labels and self._profiles:
                yield self._make_series(labels, self._profiles)
            return
        names: Dict[Series, Set[str]] = {}
        for profile in self._profiles:
            labels = self._relabel({**own, PROFILE_LABEL: profile})
            if labels:
                name = labels.pop(PROFILE_LABEL, "")
                names.setdefault(self._make_series(labels, ()), set()).add(name)
        for series, profiles in names.items():
            yield series._replace(profiles=tuple(sorted(profiles)))

    def _relabel(self, labels: Labels) -> Optional[Labels]:
        """Return the final labels of a target, changed in place; None if a rule drops it."""
        for rule in self._rules:
            try:
                if not rule.apply(labels):
                    return None
            except UnsupportedRuleError as error:
                self.warnings.append(f"a relabel rule: {error}: {WITHOUT_RULE}")
        address = labels.get(ADDRESS_LABEL, "")
        if not address:
            raise SkippedError("a target has no address")
        if WITHOUT_PORT.fullmatch(address):
            port = DEFAULT_PORTS.get(labels.get(SCHEME_LABEL, ""))
            if port is None:
                raise SkippedError("the scheme has no default port")
            address = f"{address}:{port}"
        if "/" in address:
            raise SkippedError("the address of a target contains a slash")
        labels[ADDRESS_LABEL] = address
        labels.setdefault("instance", address)
        return labels

    def _make_series(self, labels: Labels, profiles: Tuple[str, ...]) -> Series:
        """Return the series of a target with these final labels."""
        shown = [
            (name, value)
            for name, value in labels.items()
            if value and not name.startswith(HIDDEN_PREFIX)
        ]
        self._budget.spend(sum(len(value) for _, value in shown) // STEP_LENGTH)
        return Series(
            job=self.name,
            address=labels[ADDRESS_LABEL],
            labels=tuple(sorted(shown)),
            profiles=profiles,
            scheme=labels.get(SCHEME_LABEL, ""),
        )
