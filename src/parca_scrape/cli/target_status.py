"""The status of each target: what the input asks for, compared with what Parca scrapes."""

from __future__ import annotations

import re
from typing import Collection, Dict, Iterable, List, Mapping, NamedTuple, Sequence, Set, Tuple

from parca_scrape.cli.parca_api import (
    BAD,
    GOOD,
    REFUSED,
    Configuration,
    ScrapedProfile,
    TargetKey,
)
from parca_scrape.cli.series import Series
from parca_scrape.render import RESERVED_JOB_NAME

HEALTHY, FAILING, WAITING, MISSING, UNEXPECTED = STATUSES = (
    "healthy",
    "failing",
    "waiting",
    "missing",
    "unexpected",
)
# A target has the first status that one of its profiles has.
BY_URGENCY = (FAILING, MISSING, UNEXPECTED, WAITING, HEALTHY)
OF_HEALTH = {GOOD: HEALTHY, BAD: FAILING}
REASONS = {
    WAITING: "not scraped yet",
    MISSING: "not scraped by Parca",
    UNEXPECTED: "not asked for",
}
# The beginning of Go's url.Error, which repeats the target.
REQUEST = re.compile(r'Get "(?:[^"\\]|\\.)*": ')


class ProfileStatus(NamedTuple):
    """The status of one profile of a target."""

    name: str
    status: str
    last_error: str = ""
    """What Parca says if the status is `failing`."""

    @property
    def reason(self) -> str:
        """Why the status is not `healthy`."""
        if self.status == FAILING:
            return REQUEST.sub("", self.last_error, count=1) or "no reason known"
        return REASONS.get(self.status, "")


class TargetStatus(NamedTuple):
    """The status of a target."""

    target: TargetKey
    profiles: Sequence[ProfileStatus]
    """Sorted by name."""
    note: str = ""
    """What else there is to say about a target that is missing or unexpected as a whole."""

    @property
    def status(self) -> str:
        """The most urgent of the statuses of its profiles."""
        return min((profile.status for profile in self.profiles), key=BY_URGENCY.index)

    @property
    def detail(self) -> str:
        """What people should know, as one line of any characters."""
        names: Dict[str, List[str]] = {}
        for profile in self.profiles:
            names.setdefault(profile.reason, []).append(profile.name)
        if len(names) == 1:
            is_plain = self.status in (MISSING, UNEXPECTED)
            return self.note if is_plain else "".join(names)
        return "; ".join(f"{', '.join(names[reason])}: {reason}" for reason in names if reason)


class Status(NamedTuple):
    """The status of Parca and of all targets at one moment."""

    configuration: Configuration
    targets: Sequence[TargetStatus]

    @property
    def counts(self) -> Dict[str, int]:
        """The number of targets of each status."""
        statuses = [target.status for target in self.targets]
        return {status: statuses.count(status) for status in STATUSES}

    def is_ready(self) -> bool:
        """Return whether all that is asked for is scraped."""
        counts = self.counts
        return not (counts[FAILING] or counts[WAITING] or counts[MISSING])

    def has_findings(self) -> bool:
        """Return whether anything is not as it should be."""
        is_refused = self.configuration.state == REFUSED
        return is_refused or not self.is_ready() or self.counts[UNEXPECTED] > 0


def compare(
    series: Iterable[Series], scraped_profiles: Iterable[ScrapedProfile]
) -> List[TargetStatus]:
    """Return the status of each target: those asked for in their order, then all others.

    The job that the Parca charm adds for Parca itself is left out.
    """
    wanted: Dict[TargetKey, Set[str]] = {}
    for one in series:
        target = TargetKey(one.job, f"{one.scheme}://{one.address}", one.labels)
        wanted.setdefault(target, set()).update(one.profiles)
    scraped: Dict[TargetKey, List[ScrapedProfile]] = {}
    for profile in scraped_profiles:
        if profile.target.job != RESERVED_JOB_NAME:
            scraped.setdefault(profile.target, []).append(profile)
    others = sorted(scraped.keys() - wanted.keys())
    labels_wanted, labels_scraped = index_labels(wanted), index_labels(others)
    return [
        *(
            TargetStatus(
                target,
                judge_profiles(names, scraped.get(target, ())),
                describe_labels(target, labels_scraped, "Parca scrapes it with other labels"),
            )
            for target, names in wanted.items()
        ),
        *(
            TargetStatus(
                target,
                judge_profiles((), scraped[target]),
                describe_labels(target, labels_wanted, "asked for with other labels"),
            )
            for target in others
        ),
    ]


def judge_profiles(
    wanted: Collection[str], scraped: Iterable[ScrapedProfile]
) -> List[ProfileStatus]:
    """Return the status of each profile of a target."""
    profiles = {name: ProfileStatus(name, MISSING) for name in wanted}
    for profile in scraped:
        status = OF_HEALTH.get(profile.health, WAITING)
        if profile.name not in wanted:
            profiles[profile.name] = ProfileStatus(profile.name, UNEXPECTED)
            continue
        # Targets that differ only in labels that Parca hides look the same.
        known = profiles[profile.name].status
        if known == MISSING or BY_URGENCY.index(status) < BY_URGENCY.index(known):
            last_error = profile.last_error if status == FAILING else ""
            profiles[profile.name] = ProfileStatus(profile.name, status, last_error)
    return [profiles[name] for name in sorted(profiles)]


Place = Tuple[str, str]


def index_labels(targets: Iterable[TargetKey]) -> Mapping[Place, Dict[str, str]]:
    """Return the labels of the first target of each job and origin."""
    labels: Dict[Place, Dict[str, str]] = {}
    for target in targets:
        labels.setdefault((target.job, target.origin), dict(target.labels))
    return labels


def describe_labels(
    target: TargetKey, labels_elsewhere: Mapping[Place, Dict[str, str]], text: str
) -> str:
    """Return a text and the names of the labels that differ, if the same target is elsewhere."""
    elsewhere = labels_elsewhere.get((target.job, target.origin))
    if elsewhere is None:
        return ""
    names = {name for name, _ in set(target.labels) ^ set(elsewhere.items())}
    return f"{text}: {', '.join(sorted(names))}"
