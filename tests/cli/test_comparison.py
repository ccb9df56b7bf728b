from __future__ import annotations

from random import Random
from typing import List, Set, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parca_scrape.cli import comparison
from parca_scrape.cli.comparison import Change, ChangedLabel, Row, compare
from parca_scrape.cli.series import Series

PROFILES = ("cpu", "heap")


def make_series(
    address: str = "h:1", job: str = "j", profiles: Tuple[str, ...] = PROFILES, **labels: str
) -> Series:
    return Series(job, address, tuple(sorted({"job": job, **labels}.items())), profiles)


SERIES = st.builds(
    make_series,
    address=st.sampled_from(["h:1", "h:2", "h:3"]),
    job=st.sampled_from(["j", "k"]),
    profiles=st.sampled_from([("cpu",), ("heap",), PROFILES]),
    unit=st.sampled_from(["a/0", "a/1"]),
)
SIDES = st.lists(SERIES, max_size=6, unique=True)


def test_a_target_that_stays_as_it_is_goes_on() -> None:
    target = make_series()
    assert compare([target], [target]) == [Row(Change.GOES_ON, PROFILES, target, target)]


def test_another_address_alone_is_a_move() -> None:
    old, new = make_series("h:1"), make_series("h:2")
    assert compare([old], [new]) == [Row(Change.MOVED, PROFILES, old, new)]


def test_another_name_of_the_scrape_config_alone_is_no_break() -> None:
    old, new = make_series(), make_series()._replace(job="k")
    assert compare([old], [new]) == [Row(Change.GOES_ON, PROFILES, old, new)]


def test_a_target_that_has_gone_ends_and_a_new_one_starts() -> None:
    old, new = make_series("h:1", a="1"), make_series("h:2", a="2")
    rows = [Row(Change.ENDS, PROFILES, old=old), Row(Change.STARTS, PROFILES, new=new)]
    assert compare([old], [new]) == rows


def test_the_same_target_with_other_labels_breaks() -> None:
    old, new = make_series(a="1", b="1", c="1"), make_series(job="k", a="1", b="2", d="2")
    (row,) = compare([old], [new])
    assert row == Row(Change.BREAKS, PROFILES, old, new)
    assert row.changed_labels == [
        ChangedLabel("b", "1", "2"),
        ChangedLabel("c", "1", ""),
        ChangedLabel("d", "", "2"),
        ChangedLabel("job", "j", "k"),
    ]


def test_a_profile_that_is_switched_off_ends_and_one_that_is_switched_on_starts() -> None:
    old, new = make_series(profiles=("cpu", "heap")), make_series(profiles=("cpu", "mutex"))
    rows = compare([old], [new])
    assert rows == [
        Row(Change.ENDS, ("heap",), old=old),
        Row(Change.STARTS, ("mutex",), new=new),
        Row(Change.GOES_ON, ("cpu",), old, new),
    ]
    assert [row.is_whole for row in rows] == [False, False, False]


def test_a_profile_that_comes_from_another_job_now_breaks() -> None:
    old = make_series()
    new = [make_series(profiles=("heap",)), make_series(job="k", profiles=("cpu",))]
    assert compare([old], new) == [
        Row(Change.BREAKS, ("cpu",), old, new[1]),
        Row(Change.GOES_ON, ("heap",), old, new[0]),
    ]


def test_a_series_goes_on_as_long_as_one_target_has_it() -> None:
    one, two = make_series("h:1"), make_series("h:2")
    assert compare([one, two], [two]) == [
        Row(Change.GOES_ON, PROFILES, old=one),
        Row(Change.GOES_ON, PROFILES, two, two),
    ]
    assert compare([two], [one, two]) == [
        Row(Change.GOES_ON, PROFILES, new=one),
        Row(Change.GOES_ON, PROFILES, two, two),
    ]


def test_targets_of_one_series_move_in_the_order_of_their_addresses() -> None:
    olds = [make_series(address) for address in ("h:2", "h:1", "h:0")]
    news = [make_series(address) for address in ("h:4", "h:3", "h:0")]
    assert compare(olds, news) == [
        Row(Change.MOVED, PROFILES, olds[1], news[1]),
        Row(Change.MOVED, PROFILES, olds[0], news[0]),
        Row(Change.GOES_ON, PROFILES, olds[2], news[2]),
    ]


def test_targets_of_one_address_break_with_the_fewest_changed_labels() -> None:
    olds = [make_series(a="1", b="1", c="1"), make_series(a="2", b="2", c="2")]
    news = [make_series(a="2", b="2", c="3"), make_series(a="1", b="1", c="4")]
    assert compare(olds, news) == [
        Row(Change.BREAKS, PROFILES, olds[0], news[1]),
        Row(Change.BREAKS, PROFILES, olds[1], news[0]),
    ]


def test_many_targets_of_one_address_break_in_the_order_of_their_labels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(comparison, "MAX_COMPARED_LABELS", 1)
    olds = [make_series(a=f"{number}") for number in range(3)]
    news = [make_series(b=f"{number}") for number in range(4)]
    assert compare(reversed(olds), reversed(news)) == [
        *(Row(Change.BREAKS, PROFILES, old, new) for old, new in zip(olds, news)),
        Row(Change.STARTS, PROFILES, new=news[3]),
    ]


def test_two_entries_of_one_target_are_one() -> None:
    entries = [make_series(profiles=("heap",)), make_series(profiles=("cpu",))]
    target = make_series()
    assert compare(entries, [target]) == [Row(Change.GOES_ON, PROFILES, target, target)]


def test_rows_are_sorted_by_change_then_by_job_and_address() -> None:
    olds = [make_series("h:2", job="k"), make_series("h:1", job="k"), make_series("h:3", job="j")]
    assert [row.series for row in compare(olds, [])] == [olds[2], olds[1], olds[0]]


@given(SIDES)
def test_everything_goes_on_when_nothing_changes(series: List[Series]) -> None:
    rows = compare(series, series)
    assert all(row.change is Change.GOES_ON and row.old == row.new for row in rows)
    assert {(row.series, profile) for row in rows for profile in row.profiles} == {
        (target, profile)
        for targets in comparison.group_by_labels(series).values()
        for target in targets.values()
        for profile in target.profiles
    }


@given(SIDES, SIDES)
def test_the_result_mirrors_when_the_sides_are_swapped(
    old: List[Series], new: List[Series]
) -> None:
    mirrored = {Change.ENDS: Change.STARTS, Change.STARTS: Change.ENDS}
    swapped = {
        Row(mirrored.get(row.change, row.change), row.profiles, row.new, row.old)
        for row in compare(new, old)
    }
    assert swapped == {*compare(old, new)}


@given(SIDES, SIDES, st.randoms(use_true_random=False))
def test_the_result_does_not_depend_on_the_order(
    old: List[Series], new: List[Series], random: Random
) -> None:
    rows = compare(old, new)
    random.shuffle(old)
    random.shuffle(new)
    assert compare(old, new) == rows


@given(SIDES, SIDES)
def test_a_series_ends_or_breaks_only_if_no_target_has_it_any_more(
    old: List[Series], new: List[Series]
) -> None:
    lost = {
        (row.old.labels, profile)
        for row in compare(old, new)
        if row.is_loss and row.old
        for profile in row.profiles
    }
    assert lost == list_keys(old) - list_keys(new)
    gained = {
        (row.new.labels, profile)
        for row in compare(old, new)
        if row.change in (Change.STARTS, Change.BREAKS) and row.new
        for profile in row.profiles
    }
    assert gained == list_keys(new) - list_keys(old)


def list_keys(series: List[Series]) -> Set[Tuple[object, str]]:
    return {(target.labels, profile) for target in series for profile in target.profiles}
