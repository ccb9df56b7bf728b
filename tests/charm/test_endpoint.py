from __future__ import annotations

import logging
from typing import Any, Dict, List, Optional, Type

import ops
import pytest
from ops import testing

from parca_scrape import (
    DEFAULT_RELATION_NAME,
    RELATION_INTERFACE_NAME,
    Problem,
    ProfilingEndpointConsumer,
    ProfilingEndpointProvider,
    RelationInterfaceMismatchError,
    RelationNotFoundError,
    RelationRoleMismatchError,
)
from parca_scrape._endpoint import ProblemLog, find_running_hook
from tests import profiled_charm
from tests.hook_tools import RELATION_IDS, Call, HookTools, bare_errors

PROVIDES = ops.RelationRole.provides
REQUIRES = ops.RelationRole.requires
BOTH_SIDES = [ProfilingEndpointProvider, ProfilingEndpointConsumer]


def construct(make: Any, *arguments: object, **meta: object) -> None:
    """Make a charm with this metadata, whose endpoint gets these arguments."""

    class Charm(ops.CharmBase):
        def __init__(self, framework: ops.Framework) -> None:
            super().__init__(framework)
            make(self, *arguments)

    context = testing.Context(Charm, meta={"name": "charm", **meta})
    with bare_errors():
        context.run(context.on.start(), testing.State())


def test_the_constants_are_those_of_the_interface() -> None:
    assert (DEFAULT_RELATION_NAME, RELATION_INTERFACE_NAME) == (
        "profiling-endpoint",
        "parca_scrape",
    )


@pytest.mark.parametrize("make", BOTH_SIDES)
@pytest.mark.parametrize("arguments", [(), ("x",)])
def test_a_relation_that_the_metadata_lacks_raises(make: object, arguments: List[str]) -> None:
    name = arguments[0] if arguments else "profiling-endpoint"
    with pytest.raises(RelationNotFoundError) as raised:
        construct(make, *arguments, provides={"other": {"interface": "parca_scrape"}})
    assert str(raised.value) == f"No relation named '{name}' found"
    assert vars(raised.value) == {"relation_name": name, "message": str(raised.value)}


@pytest.mark.parametrize("side", ["provides", "requires"])
@pytest.mark.parametrize("make", BOTH_SIDES)
def test_another_interface_raises(make: object, side: str) -> None:
    meta = {side: {"profiling-endpoint": {"interface": "tracing"}}}
    with pytest.raises(RelationInterfaceMismatchError) as raised:
        construct(make, **meta)
    assert str(raised.value) == (
        "The 'profiling-endpoint' relation has 'tracing' as interface"
        " rather than the expected 'parca_scrape'"
    )
    assert vars(raised.value) == {
        "relation_name": "profiling-endpoint",
        "expected_relation_interface": "parca_scrape",
        "actual_relation_interface": "tracing",
        "message": str(raised.value),
    }


@pytest.mark.parametrize(
    ("make", "side", "actual", "expected"),
    [
        (ProfilingEndpointProvider, "requires", REQUIRES, PROVIDES),
        (ProfilingEndpointConsumer, "provides", PROVIDES, REQUIRES),
    ],
)
def test_the_wrong_side_raises(
    make: object, side: str, actual: ops.RelationRole, expected: ops.RelationRole
) -> None:
    meta = {side: {"profiling-endpoint": {"interface": "parca_scrape"}}}
    with pytest.raises(RelationRoleMismatchError) as raised:
        construct(make, **meta)
    assert str(raised.value) == (
        f"The 'profiling-endpoint' relation has role '{actual!r}'"
        f" rather than the expected '{expected!r}'"
    )
    assert vars(raised.value) == {
        "relation_name": "profiling-endpoint",
        "expected_relation_role": expected,
        "expected_relation_interface": expected,
        "actual_relation_role": actual,
        "message": str(raised.value),
    }


@pytest.mark.parametrize("make", BOTH_SIDES)
def test_a_peer_relation_is_on_the_wrong_side(make: object) -> None:
    with pytest.raises(RelationRoleMismatchError):
        construct(make, peers={"profiling-endpoint": {"interface": "parca_scrape"}})


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (RelationNotFoundError("x"), "No relation named 'x' found"),
        (
            RelationInterfaceMismatchError("x", "e", "a"),
            "The 'x' relation has 'a' as interface rather than the expected 'e'",
        ),
        (
            RelationRoleMismatchError("x", PROVIDES, REQUIRES),
            "The 'x' relation has role '<RelationRole.requires: 'requires'>'"
            " rather than the expected '<RelationRole.provides: 'provides'>'",
        ),
    ],
)
def test_errors_take_relation_expected_and_actual(error: Exception, message: str) -> None:
    assert str(error) == message
    assert vars(error)["message"] == message


@pytest.mark.parametrize(
    "error_type",
    [RelationNotFoundError, RelationInterfaceMismatchError, RelationRoleMismatchError],
)
def test_no_error_is_a_kind_of_another(error_type: Type[Exception]) -> None:
    assert error_type.__bases__ == (Exception,)


def test_a_provider_is_ready_once_each_relation_has_an_application() -> None:
    no_application: Dict[Call, object] = {
        Call("relation-list", 2): (),
        Call("relation-list --app", 2): None,
    }
    seen: List[object] = []
    for answers in ({}, no_application):
        context = profiled_charm.make_context(tools=HookTools(answers))
        state = profiled_charm.make_state([*map(profiled_charm.make_relation, (1, 2))])
        with context(context.on.start(), state) as manager:
            provider = manager.charm.provider
            relations = provider.model.relations["profiling-endpoint"]
            by_id = sorted(relations, key=lambda relation: relation.id)
            seen.append((provider.is_ready(), *map(provider.is_ready, by_id)))
    assert seen == [(True, True, True), (False, True, False)]


def test_a_provider_without_relations_is_not_ready() -> None:
    context = profiled_charm.make_context()
    other = profiled_charm.make_relation(1, endpoint="other-endpoint")
    with context(context.on.start(), profiled_charm.make_state([other])) as manager:
        assert manager.charm.provider.is_ready() is False


@pytest.mark.parametrize(("others", "is_ready"), [([], False), ([2], True)])
def test_a_broken_relation_does_not_count_for_is_ready(others: List[int], is_ready: bool) -> None:
    context = profiled_charm.make_context()
    broken, *rest = map(profiled_charm.make_relation, [1, *others])
    state = profiled_charm.make_state([broken, *rest])
    with context(context.on.relation_broken(broken), state) as manager:
        assert manager.charm.provider.is_ready() is is_ready


def test_is_ready_reads_no_databag() -> None:
    tools = HookTools()
    context = profiled_charm.make_context(tools=tools)
    state = profiled_charm.make_state([profiled_charm.make_relation(1)])
    with context(context.on.start(), state) as manager:
        assert manager.charm.provider.is_ready() is True
        assert tools.own_calls == [RELATION_IDS, Call("relation-list", 1)]


@pytest.mark.parametrize(
    ("dispatch_path", "relation_id", "expected"),
    [
        ("hooks/profiling-endpoint-relation-broken", "profiling-endpoint:7", 7),
        ("hooks/profiling_endpoint_relation_broken", "7", 7),
        ("profiling-endpoint-relation-broken", "profiling-endpoint:0", 0),
        ("hooks/profiling-endpoint-relation-departed", "profiling-endpoint:7", None),
        ("hooks/my-profiling-endpoint-relation-broken", "my-profiling-endpoint:7", None),
        ("hooks/endpoint-relation-broken", "endpoint:7", None),
        ("hooks/start", "", None),
        ("actions/profiling-endpoint-relation-broken", "", None),
        ("hooks/profiling-endpoint-relation-broken", "", None),
        ("hooks/profiling-endpoint-relation-broken", "profiling-endpoint:x", None),
        (None, None, None),
    ],
)
def test_the_environment_says_which_relation_is_broken(
    dispatch_path: Optional[str],
    relation_id: Optional[str],
    expected: Optional[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, text in (("JUJU_DISPATCH_PATH", dispatch_path), ("JUJU_RELATION_ID", relation_id)):
        if text is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, text)
    assert find_running_hook("profiling-endpoint", "broken") == expected


def make_problems(relation_id: Optional[int], number: int) -> List[Problem]:
    return [Problem("warning", f"p{index}", "wrong", relation_id) for index in range(number)]


def test_of_each_relation_twenty_new_problems_are_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    problem_log = ProblemLog()
    problem_log.log(make_problems(1, 19))
    assert len(caplog.messages) == 19
    problem_log.log(make_problems(1, 22))
    problem_log.log(make_problems(1, 22))
    problem_log.log([*make_problems(2, 1), *make_problems(1, 24)])
    assert caplog.messages == [
        *(f"warning: relation 1: p{index}: wrong" for index in range(20)),
        "relation 1: 2 more problems: problems() lists them",
        "warning: relation 2: p0: wrong",
        "relation 1: 2 more problems: problems() lists them",
    ]


def test_errors_are_logged_as_errors(caplog: pytest.LogCaptureFixture) -> None:
    ProblemLog().log([Problem("error", "a", "wrong"), Problem("warning", "b", "odd")])
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.ERROR, "error: a: wrong"),
        (logging.WARNING, "warning: b: odd"),
    ]


def test_a_percent_sign_in_a_problem_is_logged_as_it_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ProblemLog().log([Problem("error", '["%s"]', "100%")])
    assert caplog.messages == ['error: ["%s"]: 100%']
