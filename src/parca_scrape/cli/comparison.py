"""Compare two lists of series: what becomes of each target."""

from __future__ import annotations

import enum
import itertools
from typing import Dict, FrozenSet, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from parca_scrape._getters import Pairs
from parca_scrape.cli.series import Series

Targets = Dict[str, Series]
"""Targets of the same series, by address."""

# With more labels than this in all pairs, targets with one address are paired by position.
MAX_COMPARED_LABELS = 100_000


class Change(enum.Enum):
    """What becomes of series, from the worst to the best."""

    BREAKS = "breaks"
    """The target goes on with other labels."""
    ENDS = "ends"
    MOVED = "moved"
    """The series goes on, from another address."""
    STARTS = "starts"
    GOES_ON = "goes on"


class ChangedLabel(NamedTuple):
    """A label with another value; an empty one stands for no label."""

    name: str
    old: str
    new: str


class Row(NamedTuple):
    """What becomes of series of one target."""

    change: Change
    profiles: Tuple[str, ...]
    """The profiles of the target that the change applies to, sorted."""
    old: Optional[Series] = None
    """The target as it was; None if its series start."""
    new: Optional[Series] = None
    """The target as it is; None if its series end."""

    @property
    def series(self) -> Series:
        """The target as it is, or as it was if it has gone."""
        series = self.new or self.old
        assert series is not None, "a row has a target"
        return series

    @property
    def is_whole(self) -> bool:
        """Whether the change applies to all profiles of the target."""
        return self.profiles == self.series.profiles

    @property
    def changed_labels(self) -> List[ChangedLabel]:
        """The labels that differ, sorted by name."""
        old, new = (dict(side.labels) if side else {} for side in (self.old, self.new))
        if not (self.old and self.new):
            return []
        return [
            ChangedLabel(name, old.get(name, ""), new.get(name, ""))
            for name in sorted({*old, *new})
            if old.get(name) != new.get(name)
        ]

    @property
    def is_loss(self) -> bool:
        """Whether a series breaks or ends."""
        return self.change in (Change.BREAKS, Change.ENDS)


class Rest(NamedTuple):
    """A target with those of its profiles whose series are only on one side."""

    target: Series
    profiles: FrozenSet[str]


def compare(old: Iterable[Series], new: Iterable[Series]) -> List[Row]:
    """Return what becomes of each target, the worst first.

    A series is its labels and its profile. Several targets may have the same: it goes on as long
    as one of them has it.
    """
    old_targets, new_targets = group_by_labels(old), group_by_labels(new)
    rows: List[Row] = []
    old_rest: List[Rest] = []
    new_rest: List[Rest] = []
    for labels in {**old_targets, **new_targets}:
        olds, news = old_targets.get(labels, {}), new_targets.get(labels, {})
        kept = list_profiles(olds) & list_profiles(news)
        if kept:
            rows += follow_series(olds, news, kept)
        old_rest += list_rest(olds, kept)
        new_rest += list_rest(news, kept)
    rows += follow_targets(old_rest, new_rest)
    return sorted(rows, key=make_sort_key)


def group_by_labels(series: Iterable[Series]) -> Dict[Pairs, Targets]:
    """Return the targets that share all labels, by address; of one address there is one."""
    targets: Dict[Pairs, Targets] = {}
    for target in series:
        same_labels = targets.setdefault(target.labels, {})
        same = same_labels.get(target.address)
        if same is not None:
            profiles = {*same.profiles, *target.profiles}
            target = same._replace(profiles=tuple(sorted(profiles)))
        same_labels[target.address] = target
    return targets


def list_profiles(targets: Targets) -> FrozenSet[str]:
    """Return the profiles that at least one of several targets has."""
    return frozenset(profile for target in targets.values() for profile in target.profiles)


def list_rest(targets: Targets, kept: FrozenSet[str]) -> Iterator[Rest]:
    """Yield the targets that have more profiles than those whose series are kept."""
    for target in targets.values():
        rest = frozenset(target.profiles) - kept
        if rest:
            yield Rest(target, rest)


def follow_series(olds: Targets, news: Targets, kept: FrozenSet[str]) -> Iterator[Row]:
    """Yield what becomes of the targets of series that go on.

    Those that are only on one side are paired in the order of their addresses. A row with only
    one side is a target that had the series, or has it now, beside others.
    """
    both = [address for address in olds if address in news]
    gone = sorted(address for address in olds if address not in news)
    come = sorted(address for address in news if address not in olds)
    for old_address, new_address in [
        *zip(both, both),
        *itertools.zip_longest(gone, come, fillvalue=""),
    ]:
        old, new = olds.get(old_address), news.get(new_address)
        profiles = {profile for side in (old, new) if side for profile in side.profiles} & kept
        is_moved = old is not None and new is not None and old_address != new_address
        if profiles:
            change = Change.MOVED if is_moved else Change.GOES_ON
            yield Row(change, tuple(sorted(profiles)), old, new)


def follow_targets(old_rest: Sequence[Rest], new_rest: Sequence[Rest]) -> Iterator[Row]:
    """Yield what becomes of the targets of series that are only on one side."""
    sides: Dict[str, Tuple[List[Rest], List[Rest]]] = {}
    for side, rests in enumerate((old_rest, new_rest)):
        for rest in rests:
            sides.setdefault(rest.target.address, ([], []))[side].append(rest)
    for olds, news in sides.values():
        old_left = [rest.profiles for rest in olds]
        new_left = [rest.profiles for rest in news]
        for old_index, new_index in pair(olds, news):
            common = old_left[old_index] & new_left[new_index]
            if common:
                old_left[old_index] -= common
                new_left[new_index] -= common
                old, new = olds[old_index].target, news[new_index].target
                yield Row(Change.BREAKS, tuple(sorted(common)), old, new)
        for rest, left in zip(olds, old_left):
            if left:
                yield Row(Change.ENDS, tuple(sorted(left)), old=rest.target)
        for rest, left in zip(news, new_left):
            if left:
                yield Row(Change.STARTS, tuple(sorted(left)), new=rest.target)


def pair(olds: Sequence[Rest], news: Sequence[Rest]) -> List[Tuple[int, int]]:
    """Return pairs of indexes of targets with one address, those with the fewest changes first.

    The order is the same when the sides are swapped.
    """
    old_labels = [rest.target.labels for rest in olds]
    new_labels = [rest.target.labels for rest in news]
    size = len(news) * sum(map(len, old_labels)) + len(olds) * sum(map(len, new_labels))
    if size > MAX_COMPARED_LABELS:
        old_order = sorted(range(len(olds)), key=old_labels.__getitem__)
        return list(zip(old_order, sorted(range(len(news)), key=new_labels.__getitem__)))

    def make_key(indexes: Tuple[int, int]) -> Tuple[int, List[Pairs]]:
        pairs = [old_labels[indexes[0]], new_labels[indexes[1]]]
        changed = {name for name, _ in {*pairs[0]} ^ {*pairs[1]}}
        return len(changed), sorted(pairs)

    return sorted(itertools.product(range(len(olds)), range(len(news))), key=make_key)


def make_sort_key(row: Row) -> Tuple[object, ...]:
    """Return the sort key of a row: its change, then its job and address."""
    series = row.series
    other = row.old.address if row.old else ""
    rank = list(Change).index(row.change)
    return rank, series.job, series.address, row.profiles, series.labels, other
