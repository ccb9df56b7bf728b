from __future__ import annotations

from typing import List, Tuple

import pytest

from parca_scrape.cli.parca_api import Configuration, ScrapedProfile, TargetKey
from parca_scrape.cli.series import Series
from parca_scrape.cli.target_status import ProfileStatus, Status, TargetStatus, compare
from tests.cli.parca_server import BAD, GOOD, UNKNOWN

LABELS = (("instance", "cos_zinc"), ("tier", "db"))
SERIES = Series("zinc", "a:80", LABELS, ("block", "memory"))
TARGET = TargetKey("zinc", "http://a:80", LABELS)
LOADED = Configuration("loaded", 1e9)


def scraped(name: str, health: str = GOOD, last_error: str = "") -> ScrapedProfile:
    return ScrapedProfile(TARGET, name, health, last_error)


REFUSED = 'Get "http://a:80/debug/pprof/allocs": dial tcp: connection refused'


@pytest.mark.parametrize(
    ("profiles", "status", "detail"),
    [
        ([scraped("block"), scraped("memory")], "healthy", ""),
        (
            [scraped("block", BAD, REFUSED), scraped("memory", BAD, REFUSED)],
            "failing",
            "dial tcp: connection refused",
        ),
        (
            [scraped("block"), scraped("memory", BAD, "HTTP status 500")],
            "failing",
            "memory: HTTP status 500",
        ),
        (
            [scraped("block", BAD, "a"), scraped("memory", BAD, "b")],
            "failing",
            "block: a; memory: b",
        ),
        ([scraped("block", BAD), scraped("memory", BAD)], "failing", "no reason known"),
        ([scraped("block", UNKNOWN), scraped("memory", "")], "waiting", "not scraped yet"),
        ([scraped("block", UNKNOWN), scraped("memory")], "waiting", "block: not scraped yet"),
        ([], "missing", ""),
        ([scraped("memory")], "missing", "block: not scraped by Parca"),
        (
            [scraped("block"), scraped("memory"), scraped("own", BAD, "a")],
            "unexpected",
            "own: not asked for",
        ),
        (
            [scraped("memory", BAD, "a"), scraped("own")],
            "failing",
            "block: not scraped by Parca; memory: a; own: not asked for",
        ),
    ],
)
def test_a_target_has_the_most_urgent_status_of_its_profiles(
    profiles: List[ScrapedProfile], status: str, detail: str
) -> None:
    [target] = compare([SERIES], profiles)
    assert (target.target, target.status, target.detail) == (TARGET, status, detail)


def test_the_error_of_a_profile_is_kept_as_parca_says_it() -> None:
    [target] = compare([SERIES], [scraped("block", BAD, REFUSED), scraped("memory")])
    assert target.profiles == [
        ProfileStatus("block", "failing", REFUSED),
        ProfileStatus("memory", "healthy"),
    ]


def test_an_old_error_of_a_profile_that_is_scraped_again_is_none() -> None:
    [target] = compare(
        [SERIES], [scraped("block", GOOD, "old"), scraped("memory", UNKNOWN, "old")]
    )
    assert target.profiles == [
        ProfileStatus("block", "healthy"),
        ProfileStatus("memory", "waiting"),
    ]


@pytest.mark.parametrize(
    ("url", "detail"),
    [(r"http://a\"b/", "no"), (r"http://a\\", "no"), ("http://a/ ", "no"), ("", "no")],
)
def test_the_url_before_an_error_is_left_out(url: str, detail: str) -> None:
    error = f'Get "{url}": {detail}'
    [target] = compare([SERIES], [scraped("block", BAD, error), scraped("memory", BAD, error)])
    assert target.detail == detail


def test_two_targets_that_differ_in_hidden_labels_have_the_most_urgent_status() -> None:
    for first, second in ((GOOD, BAD), (BAD, GOOD), (UNKNOWN, BAD), (BAD, UNKNOWN)):
        profiles = [scraped("block", first, "a"), scraped("block", second, "a"), scraped("memory")]
        [target] = compare([SERIES, SERIES], profiles)
        assert target.profiles[0] == ProfileStatus("block", "failing", "a")


def test_other_targets_come_last_and_in_order() -> None:
    others = [
        TargetKey(job, f"http://{host}", ()) for job, host in (("b", "a"), ("a", "b"), ("a", "a"))
    ]
    profiles = [ScrapedProfile(other, "memory", BAD, "no") for other in others]
    found = compare([SERIES], profiles)
    assert [(one.target, one.status, one.detail) for one in found] == [
        (TARGET, "missing", ""),
        *((other, "unexpected", "") for other in reversed(others)),
    ]


def test_the_job_of_parca_itself_is_left_out() -> None:
    profile = ScrapedProfile(TargetKey("parca", "http://localhost:7070", ()), "memory", BAD, "no")
    assert compare([], [profile]) == []


PLACES: List[Tuple[TargetKey, str]] = [
    (TARGET._replace(labels=(("instance", "cos_zinc"), ("tier", "web"))), "tier"),
    (TARGET._replace(labels=()), "instance, tier"),
    (TARGET._replace(job="other"), ""),
    (TARGET._replace(origin="https://a:80"), ""),
]


@pytest.mark.parametrize(("other", "names"), PLACES)
def test_the_labels_that_differ_are_named_if_only_they_do(other: TargetKey, names: str) -> None:
    profile = ScrapedProfile(other, "memory", GOOD, "")
    assert [(one.status, one.detail) for one in compare([SERIES], [profile])] == [
        ("missing", f"Parca scrapes it with other labels: {names}" if names else ""),
        ("unexpected", f"asked for with other labels: {names}" if names else ""),
    ]


def test_a_target_that_is_asked_for_with_both_labels_is_not_compared_with_itself() -> None:
    other = SERIES._replace(labels=())
    profiles = [scraped("block"), scraped("memory")]
    assert [(one.status, one.detail) for one in compare([SERIES, other], profiles)] == [
        ("healthy", ""),
        ("missing", ""),
    ]


def status_of(*statuses: str) -> Status:
    targets = [TargetStatus(TARGET, [ProfileStatus("memory", status)]) for status in statuses]
    return Status(LOADED, targets)


@pytest.mark.parametrize(
    ("status", "is_ready", "has_findings"),
    [
        (status_of(), True, False),
        (status_of("healthy"), True, False),
        (status_of("healthy", "unexpected"), True, True),
        (status_of("healthy", "failing"), False, True),
        (status_of("healthy", "waiting"), False, True),
        (status_of("healthy", "missing"), False, True),
        (status_of("healthy")._replace(configuration=Configuration("unknown")), True, False),
        (status_of("healthy")._replace(configuration=Configuration("refused", 1)), True, True),
    ],
)
def test_what_is_asked_for_may_be_scraped_although_something_is_found(
    status: Status, is_ready: bool, has_findings: bool
) -> None:
    assert (status.is_ready(), status.has_findings()) == (is_ready, has_findings)


def test_targets_are_counted_by_their_status() -> None:
    counts = {"healthy": 2, "failing": 0, "waiting": 1, "missing": 0, "unexpected": 0}
    assert status_of("healthy", "waiting", "healthy").counts == counts
