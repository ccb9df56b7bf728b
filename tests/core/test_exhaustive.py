"""Small domains, tried to the last element against independent judges."""

from __future__ import annotations

import ipaddress
import itertools
import json
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

import pytest

from parca_scrape import InvalidJobError, Job, Target
from parca_scrape._rules import parse_duration
from parca_scrape.databag import RelationDatabags
from parca_scrape.render import render
from tests.models import resolved_names
from tests.oracle import duration_ms, target_address
from tests.reading import read_relation, unit_databags_of

MAX_LENGTH = 5
DURATION_ALPHABET = "019ywdhms .-\u0661"
TARGET_ALPHABET = "a190:[]*./ "
MAX_JOBS = 5
# Without a model the name of a job is the application's, with the job's own behind it.
APPLICATION = "parca"
METADATA = json.dumps({"application": APPLICATION})
RESERVED_NAMES = {"parca": "", "parca_2": "2", "parca_2_2": "2_2"}
FREE_NAMES = {"parca_x": "x", "parca_x_2": "x_2", "parca_x_3": "x_3"}
SCHEMES = ("http", "https")
CPU_OFF = {"pprof_config": {"process_cpu": {"enabled": False}}}


def texts_of(alphabet: str, longest: int) -> Iterator[str]:
    """Give all texts over an alphabet up to a length."""
    for length in range(longest + 1):
        yield from map("".join, itertools.product(alphabet, repeat=length))


def test_every_short_text_is_the_duration_that_parca_reads() -> None:
    wrong = [
        text
        for text in texts_of(DURATION_ALPHABET, MAX_LENGTH)
        if parse_duration(text) != duration_ms(text)
    ]
    assert wrong == []


def test_every_short_text_is_an_interval_of_a_job_or_not_as_parca_says() -> None:
    wrong = [
        text
        for text in texts_of(DURATION_ALPHABET, 3)
        if text and is_interval(text) != bool(duration_ms(text))
    ]
    assert wrong == []


def is_interval(text: str) -> bool:
    """Tell whether a job takes a text for its interval. Short ones make a CPU profile fail."""
    try:
        Job.from_mapping({"scrape_interval": text, "profiling_config": CPU_OFF})
    except InvalidJobError:
        return False
    return True


def test_every_short_text_is_the_target_that_parca_dials() -> None:
    wrong = [
        (text, served, dialled)
        for text in texts_of(TARGET_ALPHABET, MAX_LENGTH)
        for served, dialled in [(served_address(text), dialled_address(text))]
        if served != dialled
    ]
    assert wrong == []


def served_address(text: str) -> Optional[Tuple[str, int]]:
    """Give host and port that Parca dials for a target as the library serves it."""
    try:
        target = Target.parse(text)
    except InvalidJobError:
        return None
    address = target_address(("a" if target.is_wildcard else target.host) + target.suffix)
    assert address is not None, text
    assert address[1] == (80 if target.port is None else target.port)
    return ("*", address[1]) if target.is_wildcard else address


def dialled_address(text: str) -> Optional[Tuple[str, int]]:
    """Give host and port that Parca dials for a target, once it is written as it should be.

    White space around the parts does not count, IPv6 may come without brackets where no port
    follows, and the wildcard is any host.
    """
    text = text.strip()
    if is_ipv6(text):
        return target_address(f"[{text}]")
    host, colon, port = text.rpartition(":")
    if colon and not text.endswith("]"):
        text = host.strip() + colon + port.strip()
    if text == "*" or text.startswith("*:"):
        address = target_address("a" + text[1:]) if text != "*:" else None
        return address and ("*", address[1])
    return None if text.endswith(":") else target_address(text)


def is_ipv6(text: str) -> bool:
    """Tell whether a text is an IPv6 address without brackets."""
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False


@pytest.mark.parametrize("names", [RESERVED_NAMES, FREE_NAMES], ids=["reserved", "free"])
def test_every_arrangement_of_jobs_gets_the_names_of_the_contract(names: Dict[str, str]) -> None:
    texts = {
        (name, scheme): json.dumps({"job_name": job_name, "scheme": scheme})
        for name, job_name in names.items()
        for scheme in SCHEMES
    }
    wrong: List[object] = []
    for arrangement in arrangements(list(texts)):
        relations = [
            relation_of(index, [texts[job] for job in jobs])
            for index, jobs in enumerate(arrangement)
        ]
        jobs = [job for dealt in arrangement for job in dealt]
        expected = [(name, jobs[index][1]) for index, name in resolved_names(arrangement)]
        served = [(job["job_name"], job.get("scheme")) for job in render(relations)[0]]
        if served != expected:
            wrong.append((arrangement, served, expected))
    assert wrong == []


def relation_of(relation_id: int, jobs: Sequence[str]) -> RelationDatabags:
    """Give the databags of an application that is the same in each relation."""
    databag = {"scrape_jobs": f"[{', '.join(jobs)}]", "scrape_metadata": METADATA}
    return read_relation(
        relation_id, APPLICATION, databag, unit_databags_of([("parca/0", "a", "")])
    )


def arrangements(kinds: Sequence[Tuple[str, str]]) -> Iterator[List[List[Tuple[str, str]]]]:
    """Give all ways to deal jobs to three relations, each a name and one of two contents.

    The first job has the first content: the other half is the same with contents exchanged.
    """
    for count in range(MAX_JOBS + 1):
        cuts = list(itertools.combinations_with_replacement(range(count + 1), 2))
        for dealt in itertools.product(kinds, repeat=count):
            if dealt and dealt[0][1] == SCHEMES[0]:
                for first, second in cuts:
                    jobs = list(dealt)
                    yield [jobs[:first], jobs[first:second], jobs[second:]]
