"""What one relation may cost: each limit at its edge, and the relations beside it untouched."""

from __future__ import annotations

import importlib
import json
from typing import Dict, List, NamedTuple, Sequence, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parca_scrape import AppDatabag, Job, Problem, ScrapeConfig, StaticConfig
from parca_scrape.databag import RelationDatabags, judge_jobs
from parca_scrape.jobs import list_jobs
from parca_scrape.render import render
from tests.pem import CERTIFICATE
from tests.reading import read_jobs, read_relation, refusal, unit_databags_of
from tests.strategies import Json, Object, Remote, good_remotes

MIB = 1024 * 1024
# In a single file it is the whole library.
limits = importlib.import_module("parca_scrape._limits")
METADATA = json.dumps(
    {
        "model": "m",
        "model_uuid": "12de4fae-06cc-4ceb-9089-567be09fec78",
        "application": "zinc",
    }
)
OWN: Object = {"enabled": True, "path": "/own"}
STANDARD_PROFILES = ("memory", "block", "goroutine", "mutex", "process_cpu")
ONLY_MEMORY: Object = {
    "pprof_config": {name: {"enabled": False} for name in STANDARD_PROFILES[1:]}
}
JOBS = "more than 1,000 jobs: the rest are skipped"
TARGETS = "more than 10,000 targets, a wildcard counted once for each unit: the rest are skipped"
LOOPS = (
    "more than 50,000 profiles, each counted once for each target: the rest of the targets are"
    " skipped"
)
TEXT = (
    "more than 16 MiB of text, with labels and job name counted once for each target: the rest of"
    " the targets are skipped"
)
MEMORY = (
    "more labels, paths and sample types than Parca has memory for, counted once for each profile"
    " of each target: the rest of the targets are skipped"
)
LABEL_NAMES = "more than 64 different label names: labels with further names are skipped"
ELEMENTS = "more than 100,000 elements in lists: the rest are not read"
PROFILES = "more than 32 profiles: the rest are skipped"


class Size(NamedTuple):
    """How much of a relation is served."""

    jobs: int
    targets: int
    label_names: int


def relation(*jobs: Json, units: int = 1, **texts: str) -> RelationDatabags:
    """Return what an application published; `texts` replaces the text of its keys."""
    named = [(f"zinc/{number}", f"host{number}", "") for number in range(units)]
    databag = {"scrape_jobs": json.dumps(jobs), "scrape_metadata": METADATA, **texts}
    return read_relation(1, "zinc", databag, unit_databags_of(named))


def job(*static_configs: Json, **settings: Json) -> Object:
    return {"job_name": "j", "static_configs": [*static_configs], **settings}


def qualified(count: int, **labels: str) -> Object:
    targets: List[Json] = [f"db{index}:1" for index in range(count)]
    return {"targets": targets, "labels": {**labels}}


def wildcards(count: int) -> Object:
    return {"targets": [f"*:{port}" for port in range(1, count + 1)]}


def profiles(count: int) -> Object:
    return {"pprof_config": {f"own{index}": OWN for index in range(count)}}


def labels(first: int, end: int) -> Dict[str, str]:
    return {f"l{index}": "" for index in range(first, end)}


def serve(databags: RelationDatabags) -> Tuple[Size, List[Tuple[str, str]]]:
    """Render a relation between two others, which must be served as they are alone.

    Returns:
        How much of it is served, and path and message of each of its errors.
    """
    before, after = relation({"job_name": "before"}), relation({"job_name": "after"})
    alone = render([before])[0] + render([after])[0]
    served, problems = render([before, databags, after])
    own = [scrape_config for scrape_config in served if scrape_config not in alone]
    entries = [entry for scrape_config in own for entry in scrape_config["static_configs"]]
    names = {name for entry in entries for name in entry["labels"]}
    assert len(own) == len(served) - len(alone)
    return (
        Size(
            len(own),
            sum(len(entry["targets"]) for entry in entries),
            len([name for name in names if not name.startswith("juju_")]),
        ),
        [(problem.path, problem.message) for problem in problems if problem.severity == "error"],
    )


ALL_JOBS: List[Object] = [{"job_name": index} for index in range(1_001)]


@pytest.mark.parametrize(
    ("databags", "size"),
    [
        (relation(*ALL_JOBS[:1_000]), Size(1_000, 1_000, 0)),
        (relation(job(qualified(10_000))), Size(1, 10_000, 0)),
        (relation(job(wildcards(100)), units=100), Size(1, 10_000, 0)),
        (relation(job(qualified(9_989), wildcards(1)), units=11), Size(1, 10_000, 0)),
        (relation(job(qualified(5_000), profiling_config=profiles(5))), Size(1, 5_000, 0)),
        (relation(job({}, profiling_config=profiles(32))), Size(1, 1, 0)),
        (
            relation(job(qualified(1, **labels(0, 40)), qualified(1, **labels(24, 64)))),
            Size(1, 2, 64),
        ),
        (relation(scrape_jobs="[{}]" + " " * (4 * MIB - 4)), Size(1, 1, 0)),
        (relation({}, scrape_metadata=f"{METADATA:65536}"), Size(1, 1, 0)),
        (relation(job(wildcards(1), *[wildcards(0)] * 9_999)), Size(1, 10_000, 0)),
    ],
)
def test_all_is_served_of_a_relation_at_a_limit(databags: RelationDatabags, size: Size) -> None:
    assert serve(databags) == (size, [])


OF_JOBS = "scrape_jobs"
ZEROS: List[Json] = [0] * 100_000
PROFILES_PATH = "scrape_jobs[0].profiling_config.pprof_config"


@pytest.mark.parametrize(
    ("databags", "size", "path", "message"),
    [
        (relation(*ALL_JOBS), Size(1_000, 1_000, 0), OF_JOBS, JOBS),
        (relation(job(qualified(10_001))), Size(1, 10_000, 0), OF_JOBS, TARGETS),
        (relation(job(qualified(100_001))), Size(1, 10_000, 0), OF_JOBS, TARGETS),
        (relation(job(wildcards(101)), units=100), Size(1, 10_000, 0), OF_JOBS, TARGETS),
        (relation(job(*[wildcards(0)] * 10_001)), Size(1, 10_000, 0), OF_JOBS, TARGETS),
        (
            relation(job(qualified(9_990), wildcards(1)), {}, units=11),
            Size(1, 10_000, 0),
            OF_JOBS,
            TARGETS,
        ),
        (
            relation(job(qualified(5_001), profiling_config=profiles(5))),
            Size(1, 5_000, 0),
            OF_JOBS,
            LOOPS,
        ),
        (
            relation(job(qualified(9_999), profiling_config=ONLY_MEMORY), job(wildcards(2))),
            Size(2, 10_000, 0),
            OF_JOBS,
            TARGETS,
        ),
        (
            relation(job({}, profiling_config=profiles(33))),
            Size(1, 1, 0),
            PROFILES_PATH,
            PROFILES,
        ),
        (
            relation(
                job(
                    qualified(1, **labels(0, 64)),
                    qualified(1, x="", l0="y"),
                    qualified(1, y="", z=""),
                )
            ),
            Size(1, 3, 64),
            OF_JOBS,
            LABEL_NAMES,
        ),
        (
            relation(scrape_jobs="[{}]" + " " * (4 * MIB - 3)),
            Size(0, 0, 0),
            OF_JOBS,
            "larger than 4,096 KiB: not read; publish fewer or shorter values",
        ),
        (
            relation({}, scrape_metadata=f"{METADATA:65537}"),
            Size(1, 1, 0),
            "scrape_metadata",
            "larger than 64 KiB: not read; publish fewer or shorter values",
        ),
        (
            relation(job(qualified(2_049, a="é" * 4_096))),
            Size(1, 2_021, 1),
            OF_JOBS,
            TEXT,
        ),
        (
            relation(job(qualified(3_000), profiling_config={"path_prefix": "p" * 8_192})),
            Size(1, 2_382, 0),
            OF_JOBS,
            MEMORY,
        ),
        (
            relation(job({"targets": ZEROS}, qualified(1)), job(qualified(1))),
            Size(0, 0, 0),
            OF_JOBS,
            ELEMENTS,
        ),
    ],
)
def test_of_a_relation_over_a_limit_the_first_is_served_and_the_limit_told_once(
    databags: RelationDatabags, size: Size, path: str, message: str
) -> None:
    served, errors = serve(databags)

    assert served == size
    assert [error for error in errors if error == (path, message)] == [(path, message)]


SETTINGS = ("scrape_interval", "scrape_timeout", "scheme", "profiling_config", "tls_config")


def cut(
    whole: Sequence[ScrapeConfig], targets: int, loops: int, text: int, memory: int
) -> List[Object]:
    """Return what of a relation is served within limits: one target after the other."""
    served: List[Object] = []
    for scrape_config in (json.loads(json.dumps(scrape_config)) for scrape_config in whole):
        settings = {key: scrape_config[key] for key in SETTINGS if key in scrape_config}
        text -= len(json.dumps(settings, ensure_ascii=False).encode()) if settings else 0
        if text < 0:
            return served
        enabled = {**dict.fromkeys(STANDARD_PROFILES, True)}
        for name, profile in settings.get("profiling_config", {}).get("pprof_config", {}).items():
            enabled[name] = profile.get("enabled", name in STANDARD_PROFILES)
        scraped = sum(enabled.values())
        config = settings.get("profiling_config", {})
        of_target = scraped * len(config.get("path_prefix", "").encode())
        for profile in config.get("pprof_config", {}).values():
            kept_types = profile.get("keep_sample_type")
            pairs = None if kept_types is None else [[*kept.items()] for kept in kept_types]
            of_target += len(json.dumps([profile.get("path", ""), pairs]))
        entries: List[Json] = []
        for entry in scrape_config["static_configs"]:
            of_all = [scrape_config["job_name"], *entry["labels"], *entry["labels"].values()]
            own = entry["labels"].keys() - {"juju_unit"}
            kept: List[Json] = []
            for target in entry["targets"]:
                size = len("".join([*of_all, target]).encode())
                targets, loops, text = targets - 1, loops - scraped, text - size
                memory -= scraped * (22 * 1024 + 32 * len(own) + 5 * size) + 12 * of_target
                if min(targets, loops, text, memory) < 0:
                    entries += [{**entry, "targets": kept}] if kept else []
                    served += [{**scrape_config, "static_configs": entries}] if entries else []
                    return served
                kept.append(target)
            entries.append(entry)
        served.append(scrape_config)
    return served


@given(
    good_remotes(),
    st.integers(0, 20),
    st.integers(0, 100),
    st.integers(0, 10_000),
    st.integers(0, 3 * MIB),
)
def test_a_relation_is_cut_at_the_first_target_that_is_too_much(
    remote: Remote, targets: int, loops: int, text: int, memory: int
) -> None:
    neighbour, databags = relation({}), remote.databags(1)
    whole, _ = render([databags])
    alone, _ = render([neighbour])
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(limits, "MAX_TARGETS", targets)
        monkeypatch.setattr(limits, "MAX_LOOPS", loops)
        monkeypatch.setattr(limits, "MAX_TEXT_SIZE", text)
        monkeypatch.setattr(limits, "MAX_MEMORY", memory)
        served, problems = render([databags])
    expected = cut(whole, targets, loops, text, memory)
    errors = [problem for problem in problems if problem.severity == "error"]

    assert served == expected
    assert len(errors) == (expected != whole)
    assert render([neighbour, databags])[0] == alone + whole


def test_at_most_a_thousand_problems_of_a_relation_are_told_and_the_rest_counted() -> None:
    rule = "must be an object; the job is skipped"
    databags = relation(*[5] * 1_000)
    _, problems = render([databags])
    assert [problem.message for problem in problems] == [rule] * 1_000

    databags = relation(*[5] * 3_000, {"static_configs": [], "x": 1}, *ALL_JOBS)
    _, problems = render([databags, relation(5)])
    assert [problem.message for problem in problems] == [
        JOBS,
        *[rule] * 999,
        "and 2,002 more problems",
        rule,
    ]
    assert {problem.relation_id for problem in problems} == {1}


def test_problems_of_units_are_counted_too() -> None:
    unit_databags = unit_databags_of([(f"zinc/{n}", "a b", "") for n in range(1_002)])
    _, problems = render([read_relation(1, "zinc", {}, unit_databags)])

    assert len(problems) == 1_001
    assert problems[-1] == Problem("error", "", "and 2 more problems", 1, "zinc")


def test_a_decoder_tells_as_many_problems() -> None:
    _, problems = AppDatabag.decode({"scrape_jobs": json.dumps([5] * 1_002)})

    assert len(problems) == 1_001
    assert problems[-1] == Problem("error", "", "and 2 more problems")


def test_a_provider_is_told_which_limits_its_jobs_meet() -> None:
    names = [Job([StaticConfig(labels={f"l{index}": ""})], f"j{index}") for index in range(65)]

    assert judge_jobs(list_jobs(ALL_JOBS[:1_000])) == []
    assert judge_jobs(list_jobs(ALL_JOBS)) == [Problem("error", "jobs", JOBS)]
    assert judge_jobs(list_jobs(names[:64])) == []
    assert judge_jobs(list_jobs(names)) == [Problem("error", "jobs", LABEL_NAMES)]


def test_a_typed_job_over_a_limit_is_refused() -> None:
    static_configs = [StaticConfig(labels=labels(0, 64)), StaticConfig(labels={"x": ""})]

    assert refusal(lambda: Job(static_configs)) == f"static_configs[1]: {LABEL_NAMES}"
    assert refusal(lambda: StaticConfig(labels=labels(0, 65))) == f"labels: {LABEL_NAMES}"

    half = StaticConfig(["db:1"] * 5_001)
    assert refusal(lambda: StaticConfig(["db:1"] * 10_001)) == f"targets: {TARGETS}"
    assert refusal(lambda: Job([half, half])) == f"static_configs[1]: {TARGETS}"


def test_pem_text_has_a_limit() -> None:
    longest = f"{'x' * (MIB - len(CERTIFICATE) - 1)}\n{CERTIFICATE}"
    served, problems = read_jobs(
        {"scheme": "https", "tls_config": {"ca": longest}},
        {"scheme": "https", "tls_config": {"ca": f"x{longest}"}},
        {"scheme": "https", "tls_config": {"ca_file": f"x{longest}"}},
    )

    assert [scrape_job.get("tls_config") for scrape_job in served] == [{"ca": longest}, None, None]
    assert [(problem.path, problem.message) for problem in problems] == [
        ("scrape_jobs[1].tls_config.ca", "must not be longer than 1,048,576 characters"),
        (
            "scrape_jobs[2].tls_config.ca_file",
            "names a file or a secret on the Parca host: put the PEM text itself into ca",
        ),
    ]
