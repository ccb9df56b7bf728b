from __future__ import annotations

from typing import Dict, List, Optional, Tuple

import pytest

from parca_scrape import Job, PprofProfile, Problem, ProfilingConfig
from tests.reading import error, job, read_jobs, refusal, warning

Sample = Tuple[object, Optional[List[object]], List[Problem]]

CONFIG = "scrape_jobs[0].profiling_config"
PPROF = f"{CONFIG}.pprof_config"
OBJECT = "must be an object"
TEXT = "must be a string, a number or a boolean"
BOOLEAN = "must be true or false"
SECONDS = "must be a whole number of seconds, 0 or more"
SURROGATE = "contains half of a surrogate pair: write the whole character"
UNKNOWN = "unknown or not allowed here, so Parca scrapes without it; the allowed keys are"
PROFILE_KEYS = f"{UNKNOWN} delta, enabled, keep_sample_type, path, seconds"
PROFILE_NAME = (
    "the name of a custom profile must contain only letters (a-z, A-Z), digits, _ and :, must not"
    " begin with a digit, and must not be trace: Parca cannot store such a profile"
)
HALF = "must have both a type and a unit: one alone matches no sample"
TOO_MANY = "more than 32 profiles: the rest are skipped"
TOO_LONG_TEXT = "must not be longer than 8,192 characters"
NO_DELTA = "records for 30s unless delta is true: set delta: true"
TOO_SHORT = (
    "process_cpu cannot be scraped at an interval below 1s: set its seconds, or an interval of 1s"
    " or more"
)
TOO_LONG = "must record for fewer seconds than scrape_timeout allows"


def read(raw: object, **settings: object) -> Tuple[object, List[Problem]]:
    """Give what of a job's `profiling_config` is served, and the problems."""
    (served,), problems = read_jobs(job(profiling_config=raw, **settings))
    return served.get("profiling_config"), problems


@pytest.mark.parametrize(
    ("raw", "served", "problems"),
    [
        ({"path_prefix": "/app"}, {"path_prefix": "/app"}, []),
        ({"path_prefix": 5}, {"path_prefix": "5"}, []),
        ({"path_prefix": ""}, None, []),
        ({"path_prefix": None}, None, []),
        ({"path_prefix": "/" * 8192}, {"path_prefix": "/" * 8192}, []),
        ({"path_prefix": "/" * 8193}, None, [error(f"{CONFIG}.path_prefix", TOO_LONG_TEXT)]),
        ({"path_prefix": ["/app"]}, None, [error(f"{CONFIG}.path_prefix", TEXT)]),
        (
            {"path_prefix": "/\ud800"},
            {"path_prefix": "/\ufffd"},
            [warning(f"{CONFIG}.path_prefix", SURROGATE)],
        ),
        ({}, None, []),
        ("", None, []),
        (None, None, []),
        ("text", None, [error(CONFIG, OBJECT)]),
        ([], None, [error(CONFIG, OBJECT)]),
        (
            {"path_prefix": "/app", "paths": {}},
            {"path_prefix": "/app"},
            [warning(f"{CONFIG}.paths", f"{UNKNOWN} path_prefix, pprof_config")],
        ),
        ({"pprof_config": {}}, None, []),
        ({"pprof_config": ""}, None, []),
        ({"pprof_config": None}, None, []),
        ({"path_prefix": "/app", "pprof_config": {}}, {"path_prefix": "/app"}, []),
        ({"pprof_config": ["memory"]}, None, [error(PPROF, OBJECT)]),
    ],
)
def test_a_profiling_config_has_a_prefix_and_profiles(
    raw: object, served: Optional[Dict[str, object]], problems: List[Problem]
) -> None:
    assert read(raw) == (served, problems)


OWN = {"enabled": True, "path": "/own"}
NAMES = [f"own{number}" for number in range(34)]


@pytest.mark.parametrize(
    ("raw", "served", "problems"),
    [
        ({"memory": {"enabled": False}, "own": OWN}, ["memory", "own"], []),
        ({"own": OWN, "memory": {"enabled": False}}, ["own", "memory"], []),
        ({"_:A9": OWN, "Trace": OWN}, ["_:A9", "Trace"], []),
        ({"a" * 1024: OWN}, ["a" * 1024], []),
        ({"a" * 1025: OWN}, [], [error(f'{PPROF}["{"a" * 40}..."]', PROFILE_NAME)]),
        ({"": OWN}, [], [error(f'{PPROF}[""]', PROFILE_NAME)]),
        ({"trace": OWN, "own": OWN}, ["own"], [error(f"{PPROF}.trace", PROFILE_NAME)]),
        ({"heap.alloc": OWN}, [], [error(f'{PPROF}["heap.alloc"]', PROFILE_NAME)]),
        ({"9a": OWN}, [], [error(f'{PPROF}["9a"]', PROFILE_NAME)]),
        ({"own\n": OWN}, [], [error(f'{PPROF}["own\\n"]', PROFILE_NAME)]),
        ({"größe": OWN}, [], [error(f'{PPROF}["gr\\u00f6\\u00dfe"]', PROFILE_NAME)]),
        ({"\ud800": OWN}, [], [error(f'{PPROF}["\\ud800"]', PROFILE_NAME)]),
        (dict.fromkeys(NAMES[:32], OWN), NAMES[:32], []),
        (dict.fromkeys(NAMES, OWN), NAMES[:32], [error(PPROF, TOO_MANY)]),
    ],
)
def test_a_custom_profile_has_a_name_that_parca_can_store(
    raw: Dict[str, object], served: List[str], problems: List[Problem]
) -> None:
    config, found = read({"pprof_config": raw})

    assert (config, found) == (
        {"pprof_config": {name: raw[name] for name in served}} if served else None,
        problems,
    )


@pytest.mark.parametrize("name", ["memory", "block", "goroutine", "mutex", "process_cpu"])
def test_null_stands_for_the_defaults_of_a_standard_profile(name: str) -> None:
    assert read({"pprof_config": {name: None}}) == (None, [])


@pytest.mark.parametrize("name", ["own", "Memory", "cpu", "fgprof"])
def test_null_is_left_out_for_any_other_profile_for_it_kills_parca(name: str) -> None:
    config, problems = read({"pprof_config": {name: None, "memory": {"enabled": False}}})

    assert config == {"pprof_config": {"memory": {"enabled": False}}}
    assert problems == [error(f"{PPROF}.{name}", OBJECT)]


MEMORY = f"{PPROF}.memory"


@pytest.mark.parametrize(
    ("raw", "served", "problems"),
    [
        ({"enabled": False}, {"enabled": False}, []),
        ({"enabled": "off"}, {"enabled": False}, []),
        ({"enabled": "Yes"}, {"enabled": True}, []),
        ({"enabled": ""}, None, []),
        ({"enabled": None}, None, []),
        ({"enabled": "true"}, None, [error(f"{MEMORY}.enabled", BOOLEAN)]),
        ({"enabled": 1}, None, [error(f"{MEMORY}.enabled", BOOLEAN)]),
        ({"path": "/heap"}, {"path": "/heap"}, []),
        ({"path": 5.5}, {"path": "5.5"}, []),
        ({"path": ""}, None, []),
        ({"path": "/" * 8193}, None, [error(f"{MEMORY}.path", TOO_LONG_TEXT)]),
        ({"path": {}}, None, [error(f"{MEMORY}.path", TEXT)]),
        ({"path": "\udfff"}, {"path": "\ufffd"}, [warning(f"{MEMORY}.path", SURROGATE)]),
        ({"delta": True}, {"delta": True}, []),
        ({"delta": "NO"}, {"delta": False}, []),
        ({"delta": []}, None, [error(f"{MEMORY}.delta", BOOLEAN)]),
        ({"seconds": 0}, {"seconds": 0}, []),
        ({"seconds": 5.0}, {"seconds": 5}, []),
        ({"seconds": ""}, None, []),
        ({"seconds": None}, None, []),
        ({"seconds": -1}, None, [error(f"{MEMORY}.seconds", SECONDS)]),
        ({"seconds": 1.5}, None, [error(f"{MEMORY}.seconds", SECONDS)]),
        ({"seconds": "5"}, None, [error(f"{MEMORY}.seconds", SECONDS)]),
        ({"seconds": True}, None, [error(f"{MEMORY}.seconds", SECONDS)]),
        (
            {"delta": 5, "path": "/heap", "seconds": []},
            {"path": "/heap"},
            [error(f"{MEMORY}.seconds", SECONDS), error(f"{MEMORY}.delta", BOOLEAN)],
        ),
        ({"path": "/heap", "x": 1}, {"path": "/heap"}, [warning(f"{MEMORY}.x", PROFILE_KEYS)]),
        ({}, None, []),
        ("", None, []),
        ("on", None, [error(MEMORY, OBJECT)]),
        ([], None, [error(MEMORY, OBJECT)]),
        (True, None, [error(MEMORY, OBJECT)]),
    ],
)
def test_of_a_profile_only_its_bad_fields_are_left_out(
    raw: object, served: Optional[Dict[str, object]], problems: List[Problem]
) -> None:
    config = {"pprof_config": {"memory": served}} if served else None

    assert read({"pprof_config": {"memory": raw}}) == (config, problems)


KEPT = f"{MEMORY}.keep_sample_type"
AB = {"type": "a", "unit": "b"}
SAMPLE_TYPES: List[Sample] = [
    ([{"type": "inuse", "unit": "bytes"}], [{"type": "inuse", "unit": "bytes"}], []),
    ([{"unit": "b", "type": "a"}], [{"unit": "b", "type": "a"}], []),
    (
        [{"unit": "bytes"}, {"type": "a"}, {"type": "a", "unit": ""}, AB],
        [AB],
        [error(f"{KEPT}[{index}]", HALF) for index in range(3)],
    ),
    ([{"unit": "bytes"}], None, [error(f"{KEPT}[0]", HALF)]),
    ([{"type": 5, "unit": True}], [{"type": "5", "unit": "true"}], []),
    ("", None, []),
    (None, None, []),
    ({}, None, [error(KEPT, "must be a list")]),
    ("inuse", None, [error(KEPT, "must be a list")]),
    ([AB, "b"], [AB], [error(f"{KEPT}[1]", OBJECT)]),
    ([AB, None], [AB], [error(f"{KEPT}[1]", OBJECT)]),
    ([AB, {}, ""], [AB], []),
    (
        [{"type": "a", "unit": []}, AB],
        [AB],
        [error(f"{KEPT}[0].unit", TEXT), error(f"{KEPT}[0]", HALF)],
    ),
    (
        [{"type": "a", "unit": "\ud800"}, AB],
        [AB],
        [error(f"{KEPT}[0].unit", SURROGATE), error(f"{KEPT}[0]", HALF)],
    ),
    (
        [{"type": "a" * 8193, "unit": "b"}, AB],
        [AB],
        [error(f"{KEPT}[0].type", TOO_LONG_TEXT), error(f"{KEPT}[0]", HALF)],
    ),
    ([{**AB, "x": "b"}], [AB], [warning(f"{KEPT}[0].x", f"{UNKNOWN} type, unit")]),
]


@pytest.mark.parametrize(("raw", "served", "problems"), SAMPLE_TYPES)
def test_sample_types_to_keep_are_objects_of_type_and_unit(
    raw: object, served: Optional[List[object]], problems: List[Problem]
) -> None:
    config = {"pprof_config": {"memory": {"keep_sample_type": served}}} if served else None

    assert read({"pprof_config": {"memory": {"keep_sample_type": raw}}}) == (config, problems)


OWN_PATH = f"{PPROF}.own"
NEVER_SCRAPED = "never scraped: a custom profile needs enabled: true"
SCRAPED_FROM_ROOT = "scraped from /: a custom profile needs a path"


@pytest.mark.parametrize(
    ("raw", "problems"),
    [
        ({"enabled": True, "path": "/own"}, []),
        ({"enabled": False}, []),
        ({"enabled": False, "path": "/own"}, []),
        ({"path": "/own"}, [warning(OWN_PATH, NEVER_SCRAPED)]),
        ({"seconds": 5}, [warning(OWN_PATH, NEVER_SCRAPED)]),
        ({"enabled": True}, [warning(OWN_PATH, SCRAPED_FROM_ROOT)]),
        ({"enabled": True, "delta": True}, [warning(OWN_PATH, SCRAPED_FROM_ROOT)]),
    ],
)
def test_an_own_profile_needs_to_be_enabled_and_a_path(
    raw: Dict[str, object], problems: List[Problem]
) -> None:
    assert read({"pprof_config": {"own": raw}}) == ({"pprof_config": {"own": raw}}, problems)


@pytest.mark.parametrize(
    "raw", [{}, "", {"delta": "never"}, {"bogus": 5}, {"path": ""}, {"seconds": -1}, 5]
)
def test_process_cpu_with_nothing_left_goes_whole_for_parcas_own_is_better(raw: object) -> None:
    config, _ = read({"pprof_config": {"process_cpu": raw}})

    assert config is None


CPU = f"{PPROF}.process_cpu"
INTERVAL = "scrape_jobs[0].scrape_interval"


@pytest.mark.parametrize(
    ("settings", "cpu", "problems"),
    [
        ({}, None, []),
        ({}, {"delta": True}, []),
        ({}, {"delta": True, "seconds": 0}, []),
        ({}, {"enabled": True}, [warning(CPU, NO_DELTA)]),
        ({}, {"path": "/cpu"}, [warning(CPU, NO_DELTA)]),
        ({}, {"delta": False, "seconds": 5}, [warning(CPU, NO_DELTA)]),
        ({}, {"enabled": False}, []),
        ({}, {"enabled": "off", "delta": True, "seconds": 60}, []),
        ({}, {"delta": True, "seconds": 12}, []),
        ({}, {"delta": True, "seconds": 13}, [warning(CPU, TOO_LONG)]),
        ({"scrape_timeout": "20s"}, {"delta": True, "seconds": 19}, []),
        ({"scrape_timeout": "20s"}, {"delta": True, "seconds": 20}, [warning(CPU, TOO_LONG)]),
        ({"scrape_timeout": "20s1ms"}, {"delta": True, "seconds": 20}, []),
        ({"scrape_interval": "30s"}, {"delta": True, "seconds": 32}, []),
        ({"scrape_interval": "30s"}, {"delta": True, "seconds": 33}, [warning(CPU, TOO_LONG)]),
        ({"scrape_interval": "1s"}, None, []),
        ({"scrape_interval": "1s"}, {"delta": True}, []),
        ({"scrape_interval": "999ms"}, None, [warning(INTERVAL, TOO_SHORT)]),
        ({"scrape_interval": "999ms"}, {"delta": True}, [warning(CPU, TOO_SHORT)]),
        ({"scrape_interval": "999ms"}, {"delta": True, "seconds": 0}, [warning(CPU, TOO_SHORT)]),
        ({"scrape_interval": "999ms"}, {"delta": True, "seconds": 3}, []),
        ({"scrape_interval": "999ms"}, {"delta": True, "seconds": 4}, [warning(CPU, TOO_LONG)]),
        ({"scrape_interval": "999ms"}, {"enabled": False}, []),
    ],
)
def test_a_cpu_profile_that_gets_no_answer_in_time_is_told(
    settings: Dict[str, object], cpu: Optional[object], problems: List[Problem]
) -> None:
    config, found = read({"pprof_config": {"process_cpu": cpu}}, **settings)

    assert (config is None) is (cpu is None)
    assert found == problems


def test_a_typed_config_is_what_it_was_made_of() -> None:
    profile = PprofProfile(True, "/own", False, 5, [{"type": "inuse", "unit": "bytes"}])
    config = ProfilingConfig("/app", {"own": profile, "memory": PprofProfile(enabled=False)})

    assert (profile.enabled, profile.path, profile.delta, profile.seconds) == (
        True,
        "/own",
        False,
        5,
    )
    assert profile.keep_sample_type == ((("type", "inuse"), ("unit", "bytes")),)
    assert config.pprof_config == (("own", profile), ("memory", PprofProfile(enabled=False)))
    assert config.as_mapping() == {
        "path_prefix": "/app",
        "pprof_config": {
            "own": {
                "enabled": True,
                "path": "/own",
                "delta": False,
                "seconds": 5,
                "keep_sample_type": [{"type": "inuse", "unit": "bytes"}],
            },
            "memory": {"enabled": False},
        },
    }


def test_a_typed_config_without_settings_says_nothing() -> None:
    assert PprofProfile().as_mapping() == {}
    assert ProfilingConfig().as_mapping() == {}
    assert ProfilingConfig(pprof_config={"memory": PprofProfile()}) == ProfilingConfig()
    assert Job(profiling_config=ProfilingConfig()) == Job()


@pytest.mark.parametrize(
    ("config", "cpu_profile"),
    [
        (ProfilingConfig(), None),
        (ProfilingConfig(pprof_config={"memory": PprofProfile(enabled=False)}), None),
        (
            ProfilingConfig(pprof_config={"process_cpu": PprofProfile(enabled=False)}),
            PprofProfile(enabled=False),
        ),
    ],
)
def test_a_config_without_a_cpu_profile_leaves_parca_its_own(
    config: ProfilingConfig, cpu_profile: Optional[PprofProfile]
) -> None:
    assert config.cpu_profile() == cpu_profile


def test_a_typed_profile_that_parca_would_not_load_is_refused() -> None:
    assert refusal(lambda: PprofProfile(seconds=-1)) == f"seconds: {SECONDS}"
    assert refusal(lambda: PprofProfile(path="\ud800")) == f"path: {SURROGATE}"
    assert refusal(lambda: PprofProfile(keep_sample_type=[{"kind": "a"}])) == (
        f"keep_sample_type[0].kind: {UNKNOWN} type, unit"
    )
    assert refusal(lambda: ProfilingConfig("\ud800")) == f"path_prefix: {SURROGATE}"


def test_a_typed_config_has_profiles_that_parca_can_store_and_not_too_many() -> None:
    own = PprofProfile(True, "/own")

    assert refusal(lambda: ProfilingConfig(pprof_config={"trace": own})) == (
        f"pprof_config.trace: {PROFILE_NAME}"
    )
    names = [f"own{number}" for number in range(33)]
    assert len(ProfilingConfig(pprof_config=dict.fromkeys(names[:32], own)).pprof_config) == 32
    assert refusal(lambda: ProfilingConfig(pprof_config=dict.fromkeys(names, own))) == (
        f"pprof_config: {TOO_MANY}"
    )


@pytest.mark.parametrize(
    ("profiles", "profiles_scraped"),
    [
        ({}, 5),
        ({"memory": PprofProfile(path="/heap")}, 5),
        ({"memory": PprofProfile(enabled=True)}, 5),
        ({"memory": PprofProfile(enabled=False), "block": PprofProfile(enabled=False)}, 3),
        ({"own": PprofProfile(True, "/own"), "other": PprofProfile(True, "/other")}, 7),
        ({"own": PprofProfile(False, "/own")}, 5),
    ],
)
def test_parca_scrapes_its_five_profiles_and_those_that_are_enabled(
    profiles: Dict[str, PprofProfile], profiles_scraped: int
) -> None:
    assert ProfilingConfig(pprof_config=profiles).price().profiles == profiles_scraped


def test_a_typed_profile_that_would_never_be_scraped_is_refused() -> None:
    assert (
        refusal(lambda: ProfilingConfig(pprof_config={"own": PprofProfile(path="/own")}))
        == f"pprof_config.own: {NEVER_SCRAPED}"
    )
    assert (
        refusal(lambda: ProfilingConfig(pprof_config={"own": PprofProfile(enabled=True)}))
        == f"pprof_config.own: {SCRAPED_FROM_ROOT}"
    )


def test_a_typed_cpu_profile_that_gets_no_answer_in_time_is_refused() -> None:
    def make(interval: str, profile: PprofProfile) -> Job:
        config = ProfilingConfig(pprof_config={"process_cpu": profile})
        return Job(scrape_interval=interval, profiling_config=config)

    path = "profiling_config.pprof_config.process_cpu"
    assert refusal(lambda: make("", PprofProfile(path="/cpu"))) == f"{path}: {NO_DELTA}"
    assert refusal(lambda: make("", PprofProfile(delta=True, seconds=13))) == f"{path}: {TOO_LONG}"
    assert refusal(lambda: make("5ms", PprofProfile(delta=True))) == f"{path}: {TOO_SHORT}"
    assert refusal(lambda: Job(scrape_interval="5ms")) == f"scrape_interval: {TOO_SHORT}"
    assert make("5ms", PprofProfile(delta=True, seconds=3)).scrape_interval == "5ms"


def test_a_cpu_profile_left_with_nothing_goes_whole_for_it_would_take_parcas_delta_away() -> None:
    raw = {"pprof_config": {"process_cpu": {"keep_sample_type": [5]}}}
    config, problems = read(raw)

    assert config is None
    assert [problem.severity for problem in problems] == ["error"]
