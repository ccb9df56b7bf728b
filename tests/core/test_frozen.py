"""What holds for every typed class: a value that nobody can change."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Callable, List, Tuple, Union

import pytest

from parca_scrape import (
    AppDatabag,
    HostMap,
    InvalidJobError,
    Job,
    PprofProfile,
    Problem,
    ProfilingConfig,
    StaticConfig,
    Target,
    TLSConfig,
    Topology,
    UnitDatabag,
)
from tests.pem import CERTIFICATE, PRIVATE_KEY

Value = Union[
    AppDatabag,
    HostMap,
    Job,
    PprofProfile,
    Problem,
    ProfilingConfig,
    StaticConfig,
    TLSConfig,
    Target,
    Topology,
    UnitDatabag,
]


def values() -> List[Value]:
    """Make an instance of each class with a value in every field."""
    profile = PprofProfile(True, "/own", False, 5, [{"type": "inuse", "unit": "bytes"}])
    profiles = ProfilingConfig("/app", {"own": profile, "memory": PprofProfile(enabled=False)})
    settings = TLSConfig(CERTIFICATE, CERTIFICATE, PRIVATE_KEY, "zinc", True, "TLS12", "TLS13")
    static_config = StaticConfig(["zinc:080", "*"], {"a": "b", "c": ""})
    topology = Topology("cos", "20ce8299-3634-4bef-8bd8-5ace6c8816b4", "zinc", "zinc/0", "k8s")
    job = Job([static_config], "zinc", "15s", "20s", "https", profiles, settings)
    return [
        AppDatabag((job, Job()), topology),
        HostMap({"zinc/0": "10.0.0.1", "zinc/1": "::1"}),
        job,
        profile,
        Problem("error", "scheme", "must be http or https", 7, "zinc", "zinc/0"),
        profiles,
        static_config,
        settings,
        Target.parse("zinc:080"),
        topology,
        UnitDatabag("10.0.0.1", "zinc/0"),
    ]


class AnyValue:
    """Equal to everything, if only it is asked."""

    def __eq__(self, other: object) -> bool:
        return True


each_value = pytest.mark.parametrize(
    ("value", "twin"),
    [pytest.param(*pair, id=type(pair[0]).__name__) for pair in zip(values(), values())],
)


@each_value
def test_values_of_the_same_fields_are_equal_and_hash_alike(value: Value, twin: Value) -> None:
    assert value is not twin
    assert value == twin
    assert hash(value) == hash(twin)
    assert len({value, twin, 5}) == 2


@each_value
def test_values_of_other_classes_are_not_equal(value: Value, twin: Value) -> None:
    fields: object = tuple(getattr(twin, field.name) for field in dataclasses.fields(twin))

    assert value != fields
    assert value == AnyValue()
    assert [value == other for other in values()].count(True) == 1


@each_value
def test_a_value_cannot_be_changed(value: Value, twin: Value) -> None:
    for name in [field.name for field in dataclasses.fields(value)] + ["another"]:
        with pytest.raises(dataclasses.FrozenInstanceError, match=f"^cannot .* field '{name}'$"):
            setattr(value, name, None)
        with pytest.raises(dataclasses.FrozenInstanceError, match=f"^cannot .* field '{name}'$"):
            delattr(value, name)

    assert value == twin


@each_value
def test_copies_of_a_value_are_equal_in_all_fields(value: Value, twin: Value) -> None:
    for again in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert again == value
        assert type(again) is type(value)
        assert dataclasses.asdict(again) == dataclasses.asdict(twin)
        assert str(again) == str(twin)


# PEM text, and the text of a target, which says what the other fields say.
HIDDEN = ("ca", "cert", "key", "text")


@each_value
def test_a_value_is_shown_with_its_class_and_all_fields_but_secrets(
    value: Value, twin: Value
) -> None:
    names = [field.name for field in dataclasses.fields(value)]
    shown = [f"{name}={getattr(twin, name)!r}" for name in names if name not in HIDDEN]

    assert repr(value) == f"{type(value).__name__}({', '.join(shown)})"


@pytest.mark.parametrize(
    ("replace", "expected"),
    [
        (lambda: dataclasses.replace(Target("zinc"), port=81), Target("zinc", 81)),
        (lambda: dataclasses.replace(Target.parse("zinc:080"), host="::1"), Target("::1", 80)),
        (
            lambda: dataclasses.replace(StaticConfig(["a:1"]), labels=(("a", "b"),)),
            StaticConfig(["a:1"], {"a": "b"}),
        ),
        (lambda: dataclasses.replace(Job([]), scheme="https"), Job([], scheme="https")),
        (
            lambda: dataclasses.replace(PprofProfile(seconds=5), path="/x"),
            PprofProfile(path="/x", seconds=5),
        ),
        (lambda: dataclasses.replace(ProfilingConfig("/a"), path_prefix=""), ProfilingConfig()),
        (
            lambda: dataclasses.replace(TLSConfig(server_name="a"), ca=CERTIFICATE),
            TLSConfig(CERTIFICATE, server_name="a"),
        ),
        (
            lambda: dataclasses.replace(HostMap({"zinc/0": "a"}), hosts=(("zinc/1", "::1"),)),
            HostMap({"zinc/1": "::1"}),
        ),
        (
            lambda: dataclasses.replace(Topology("a", "b", "c"), unit="c/0"),
            Topology("a", "b", "c", "c/0"),
        ),
        (
            lambda: dataclasses.replace(UnitDatabag("a", "c/0"), address="::1"),
            UnitDatabag("[::1]", "c/0"),
        ),
        (lambda: dataclasses.replace(AppDatabag((Job(),)), scrape_jobs=()), AppDatabag()),
        (
            lambda: dataclasses.replace(Problem("error", "", "a"), unit="c/0"),
            Problem("error", "", "a", unit="c/0"),
        ),
    ],
)
def test_a_value_with_a_field_replaced_is_made_anew(
    replace: Callable[[], Value], expected: Value
) -> None:
    changed = replace()

    assert changed == expected
    assert str(changed) == str(expected)


@each_value
def test_a_value_with_nothing_replaced_is_equal(value: Value, twin: Value) -> None:
    assert dataclasses.replace(value) == twin


def test_a_replaced_field_is_checked() -> None:
    with pytest.raises(InvalidJobError, match=r"^scheme: must be http or https$"):
        dataclasses.replace(Job(), scheme="ftp")
    with pytest.raises(InvalidJobError, match=r"^must be host:port or .*$"):
        dataclasses.replace(Target("zinc", 80), port=0)


DIFFERENT: List[Tuple[Value, Value]] = [
    (Job(), Job([])),
    (Job(), Job(job_name="a")),
    (Job(), Job(scrape_interval="1s")),
    (Job(), Job(scrape_timeout="20s")),
    (Job(), Job(scheme="http")),
    (Job(), Job(profiling_config=ProfilingConfig("/app"))),
    (Job(scheme="https"), Job(scheme="https", tls_config=TLSConfig(server_name="a"))),
    (TLSConfig(), TLSConfig(insecure_skip_verify=False)),
    (
        TLSConfig(cert=CERTIFICATE, key=PRIVATE_KEY),
        TLSConfig(cert=CERTIFICATE, key=PRIVATE_KEY * 2),
    ),
    (StaticConfig(labels={"a": "b", "c": "d"}), StaticConfig(labels={"c": "d", "a": "b"})),
    (Topology("a", "b", "c"), Topology("a", "b", "c", "")),
    (Problem("error", "a", "b"), Problem("warning", "a", "b")),
    (Problem("error", "a", "b"), Problem("error", "a", "b", 0)),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_values_that_differ_in_a_field_are_not_equal(one: Value, other: Value) -> None:
    assert one != other
    assert not one == other  # noqa: SIM201
    assert len({one, other}) == 2


def test_fields_are_plain_values_in_a_dict() -> None:
    assert dataclasses.asdict(
        Job([StaticConfig(["*:80"], {"a": "b"})], tls_config=TLSConfig())
    ) == {
        "static_configs": (
            {
                "targets": ({"host": "*", "port": 80, "text": "*:80"},),
                "labels": (("a", "b"),),
            },
        ),
        "job_name": "",
        "scrape_interval": "",
        "scrape_timeout": "",
        "scheme": "",
        "profiling_config": None,
        "tls_config": None,
    }


@dataclasses.dataclass(frozen=True)
class NamedJob(Job):
    """A job with a field more."""

    owner: str = ""


@dataclasses.dataclass(frozen=True)
class NamedSettings(TLSConfig):
    """TLS settings with a field more."""

    owner: str = ""


class PlainJob(Job):
    """A job with nothing more."""


def test_a_subclass_is_checked_and_published_like_its_class() -> None:
    job = NamedJob(job_name="a", scheme="HTTPS", owner="me")

    assert job.as_mapping() == Job(job_name="a", scheme="https").as_mapping()
    assert job.owner == "me"
    assert dataclasses.replace(job, job_name="b").as_mapping()["job_name"] == "b"
    assert NamedSettings(server_name="a", owner="me").as_mapping() == {"server_name": "a"}
    assert PlainJob(scheme="HTTP") == PlainJob(scheme="http") != Job(scheme="http")
    for subclass in (NamedJob, PlainJob):
        with pytest.raises(InvalidJobError, match=r"^scheme: must be http or https$"):
            subclass(scheme="ftp")
