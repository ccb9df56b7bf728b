"""What a hostile application cannot do through the library, and what nobody gets to see.

The claims of SECURITY.md that no other test holds.
"""

from __future__ import annotations

import functools
import json
import re
import traceback
from typing import Dict, Iterator, List, Sequence, Tuple, Union

import ops
import pytest
from ops import testing

from parca_scrape import (
    AppDatabag,
    DatabagError,
    Job,
    ProfilingEndpointProvider,
    StaticConfig,
    TargetsChangedEvent,
    TLSConfig,
    UnitDatabag,
)
from parca_scrape.render import render
from tests import parca_charm, profiled_charm
from tests.forms import ROOT
from tests.hook_tools import Call, HookTools
from tests.oracle import loaded_jobs
from tests.pem import CERTIFICATE, DER, pem
from tests.reading import job, read_jobs, read_relation, refusal, unit_databags_of
from tests.strategies import Json, Object

Place = Tuple[Union[str, int], ...]

MARKER = "m4rk3r"
# The body of this key has a line of its own, which is the marker of the key.
KEY = pem("PRIVATE KEY", b"\x30\x41" + b"\x05\x00" * 32 + b"\x00")
KEY_MARKER = KEY.splitlines()[1][:16]

FULL_JOB: Object = {
    "job_name": "name",
    "static_configs": [
        {"targets": ["*:80", "host:80"], "labels": {"team": "db", "__scheme__": "http"}},
        {"targets": ["other:80"]},
    ],
    "scrape_interval": "30s",
    "scrape_timeout": "40s",
    "scheme": "http",
    "profiling_config": {
        "path_prefix": "/prefix",
        "pprof_config": {
            "process_cpu": {"enabled": True, "delta": True, "seconds": 5, "path": "/cpu"},
            "own": {
                "enabled": True,
                "path": "/own",
                "keep_sample_type": [{"type": "a", "unit": "b"}],
            },
        },
    },
    "tls_config": {
        "ca": CERTIFICATE,
        "cert": CERTIFICATE,
        "key": KEY,
        "ca_file": "/etc/ca",
        "key_ref": "ref",
        "server_name": "host",
        "insecure_skip_verify": False,
        "min_version": "TLS12",
        "max_version": "TLS13",
    },
    "basic_auth": {"username": "admin", "password": "x"},
    "authorization": {"credentials": "x"},
}
METADATA: Object = {
    "model": "cos",
    "model_uuid": parca_charm.MODEL_UUID,
    "application": "zinc",
    "unit": "zinc/0",
    "charm_name": "zinc-k8s",
    "future": "x",
}
SHAPES: Sequence[Json] = (
    MARKER,
    f"http://admin:{MARKER}@host:80/path?token={MARKER}",
    [MARKER],
    {"key": MARKER, "inner": {"key": [MARKER]}},
    f"{MARKER}\ud800",
    f"-----BEGIN PRIVATE KEY-----\n{MARKER}\n-----END PRIVATE KEY-----\n",
)


def places(value: Json, place: Place = ()) -> Iterator[Place]:
    """Give the places of all values within one, itself first."""
    yield place
    if isinstance(value, dict):
        for key, element in value.items():
            yield from places(element, (*place, key))
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from places(element, (*place, index))


def plant(value: Json, place: Place, planted: Json) -> Json:
    """Give a value with something else in one place."""
    if not place:
        return planted
    step, rest = place[0], place[1:]
    if isinstance(value, dict):
        return {
            key: plant(element, rest, planted) if key == step else element
            for key, element in value.items()
        }
    assert isinstance(value, list)
    return [
        plant(element, rest, planted) if index == step else element
        for index, element in enumerate(value)
    ]


def planted_jobs() -> List[Json]:
    """Give the full job with each shape of a secret in each place."""
    return [plant(FULL_JOB, place, shape) for place in places(FULL_JOB) for shape in SHAPES]


def planted_app_databags() -> List[Dict[str, str]]:
    """Give application databags with secrets in every place."""
    jobs = json.dumps(planted_jobs())
    metadata = [plant(METADATA, place, shape) for place in places(METADATA) for shape in SHAPES]
    texts = [MARKER, f"[{MARKER}", json.dumps(MARKER), json.dumps({MARKER[:2]: MARKER})]
    return [
        {"scrape_jobs": jobs, "scrape_metadata": json.dumps(METADATA)},
        *({"scrape_jobs": "[{}]", "scrape_metadata": json.dumps(value)} for value in metadata),
        *({"scrape_jobs": text, "scrape_metadata": text, "other": MARKER} for text in texts),
    ]


def planted_unit_databags() -> List[Dict[str, str]]:
    """Give unit databags with secrets in every place."""
    texts = [shape for shape in SHAPES if isinstance(shape, str)]
    keys = ("parca_scrape_unit_address", "parca_scrape_unit_name", "parca_scrape_host", "other")
    return [{key: text} for key in keys for text in texts]


def leaks(lines: Sequence[str]) -> List[str]:
    """Give the lines that tell a secret."""
    return [line for line in lines if MARKER in line or KEY_MARKER in line]


def test_what_is_wrong_in_databags_is_told_without_their_values() -> None:
    lines: List[str] = []
    for databag in planted_app_databags():
        _, problems = AppDatabag.decode(databag)
        lines += [*map(str, problems), *map(repr, problems)]
        try:
            AppDatabag.decode_strict(databag)
        except DatabagError as error:
            lines += [*traceback.format_exception(None, error, None), repr(error)]
    for databag in planted_unit_databags():
        lines += map(repr, UnitDatabag.decode(databag)[1])
    assert len(lines) > 2000
    assert leaks(lines) == []


def test_what_is_wrong_in_a_charms_own_jobs_is_told_without_their_values() -> None:
    lines: List[str] = []
    for mapping in planted_jobs():
        if isinstance(mapping, dict):
            line = refusal(functools.partial(Job.from_mapping, mapping))
            lines += [line, repr(line)]
    lines.append(refusal(lambda: TLSConfig(key=MARKER)))
    lines.append(refusal(lambda: StaticConfig([f"admin:{MARKER}@host:80"])))
    lines.append(refusal(lambda: UnitDatabag(f"admin:{MARKER}@host")))
    assert leaks(lines) == []


def test_no_value_of_the_library_shows_a_private_key() -> None:
    tls_config = TLSConfig(cert=CERTIFICATE, key=KEY)
    own_job = Job(scheme="https", tls_config=tls_config)
    app_databag, _ = AppDatabag.decode({"scrape_jobs": json.dumps([FULL_JOB])})
    assert app_databag.scrape_jobs[0].tls_config is not None
    assert app_databag.scrape_jobs[0].tls_config.key == KEY
    shown = [repr(value) for value in (tls_config, own_job, app_databag)]
    shown += [str(value) for value in (tls_config, own_job, app_databag)]
    assert leaks(shown) == []


@pytest.mark.state_transitions
def test_a_consumer_logs_no_value_of_a_databag() -> None:
    relations = [
        parca_charm.make_relation(number, f"app{number}", app_data=databag)
        for number, databag in enumerate(planted_app_databags())
    ]
    relations += [
        parca_charm.make_relation(1000 + number, f"unit{number}", units_data={0: databag})
        for number, databag in enumerate(planted_unit_databags())
    ]
    context = parca_charm.make_context()
    with context(context.on.update_status(), testing.State(relations=relations)) as manager:
        consumer = manager.charm.consumer
        assert MARKER in json.dumps(consumer.jobs())
        manager.run()
        lines = [*map(repr, consumer.problems()), repr(consumer)]
    lines += [line.message for line in context.juju_log]
    assert len(lines) > 1000
    assert leaks(lines) == []


class Unwritable:
    """What is no JSON, and shows a secret to who asks for its text."""

    def __repr__(self) -> str:
        return MARKER


@pytest.mark.state_transitions
def test_a_provider_logs_no_value_of_its_jobs() -> None:
    mappings = [mapping for mapping in planted_jobs() if isinstance(mapping, dict)]
    context = profiled_charm.make_context(
        lambda charm: ProfilingEndpointProvider(charm, jobs=mappings)
    )
    state = profiled_charm.make_state([profiled_charm.make_relation(1)])
    with context(context.on.leader_elected(), state) as manager:
        manager.run()
        provider = manager.charm.provider
        lines = [*map(repr, provider.problems()), repr(provider)]
        provider.update_scrape_job_spec([])
        unwritable: Dict[str, object] = {"job_name": Unwritable()}
        lines.append(refusal(lambda: provider.update_scrape_job_spec([unwritable])))
        lines += map(repr, provider.problems())
    lines += [line.message for line in context.juju_log]
    assert len(lines) > 100
    assert leaks(lines) == []


@pytest.mark.state_transitions
def test_a_provider_reads_nothing_that_the_other_side_wrote() -> None:
    tools = HookTools()
    relation = testing.Relation(
        "profiling-endpoint",
        interface="parca_scrape",
        id=1,
        remote_app_name="parca",
        remote_app_data={"scrape_jobs": MARKER},
        remote_units_data={0: {"parca_scrape_unit_address": MARKER}},
    )
    for event in ("relation_joined", "relation_changed", "leader_elected", "update_status"):
        profiled_charm.run_hook(event, relation, tools=tools)
    reads = {call for call in tools.calls if call.tool == "relation-get"}
    assert reads == {Call("relation-get", 1, "zinc"), Call("relation-get", 1, "zinc/0")}


def test_an_event_keeps_the_id_of_a_relation_and_nothing_else() -> None:
    event = TargetsChangedEvent(ops.Handle(None, "targets_changed", "1"), 7)
    assert event.snapshot() == {"relation_id": 7}


def render_job(mapping: Object) -> Object:
    """Give the scrape config of the one job of an application with one unit."""
    app_databag = {
        "scrape_jobs": json.dumps([mapping]),
        "scrape_metadata": json.dumps(METADATA),
    }
    (scrape_config,), _ = render(
        [
            read_relation(
                1, "zinc", app_databag, unit_databags_of([("zinc/0", "10.1.2.3", "zinc/0")])
            )
        ]
    )
    parsed: Object = json.loads(json.dumps(scrape_config))
    return parsed


def test_a_job_holds_no_credentials_no_proxy_and_no_discovery() -> None:
    unknown = (
        *("authorization", "basic_auth", "bearer_token", "bearer_token_file", "oauth2"),
        *("proxy_url", "proxy_from_environment", "http_headers", "follow_redirects", "params"),
        *("relabel_configs", "metric_relabel_configs", "file_sd_configs", "kubernetes_sd_configs"),
        *("external_labels", "object_storage", "sample_limit", "body_size_limit"),
    )
    unknown_fields: Object = {key: {"x": MARKER} for key in unknown}
    rendered = render_job({**FULL_JOB, **unknown_fields})
    assert set(rendered) == {
        *("job_name", "static_configs", "scrape_interval", "scrape_timeout", "scheme"),
        *("profiling_config", "tls_config", "relabel_configs"),
    }
    assert MARKER not in json.dumps(rendered)


def test_labels_of_a_job_do_not_hide_where_its_profiles_come_from() -> None:
    hiding: Object = {
        "juju_model": "other",
        "juju_model_uuid": "other",
        "juju_application": "other",
        "juju_charm": "other",
        "juju_unit": "other/0",
        "instance": "other",
    }
    rendered = render_job({"static_configs": [{"targets": ["*:80"], "labels": hiding}]})
    (target,) = loaded_jobs([rendered])[0].targets
    place = f"cos_{parca_charm.MODEL_UUID}_zinc_zinc/0"
    assert dict(target.labels) == {
        "instance": place,
        "job": f"cos_{parca_charm.MODEL_UUID[:8]}_zinc",
        "juju_application": "zinc",
        "juju_charm": "zinc-k8s",
        "juju_model": "cos",
        "juju_model_uuid": parca_charm.MODEL_UUID,
        "juju_unit": "zinc/0",
    }


def test_labels_of_a_job_lead_to_no_other_target() -> None:
    leading: Object = {"__address__": "other:80", "__tmp_address": "other:80"}
    rendered = render_job({"static_configs": [{"targets": ["*:80"], "labels": leading}]})
    assert [target.address for target in loaded_jobs([rendered])[0].targets] == ["10.1.2.3:80"]


@pytest.mark.parametrize(
    "mapping",
    [
        pytest.param(job(scrape_interval="1ms"), id="scrape as often as it likes"),
        pytest.param(
            {"static_configs": [{"targets": ["localhost:7070", "169.254.169.254:80"]}]},
            id="scrape any host",
        ),
        pytest.param(
            job(
                profiling_config={
                    "pprof_config": {"own": {"enabled": True, "path": "/any?query=1"}}
                }
            ),
            id="ask for any path",
        ),
        pytest.param(
            {
                "static_configs": [
                    {
                        "targets": ["host:80"],
                        "labels": {"juju_unit": "other/0", "job": "x", "__param_x": "y"},
                    }
                ]
            },
            id="choose labels of its own, queries, and the unit of a host that it names",
        ),
    ],
)
def test_an_application_may(mapping: Dict[str, object]) -> None:
    served, _ = read_jobs(mapping)
    assert served == [mapping]


def test_an_application_may_say_that_it_is_another() -> None:
    claimed = json.dumps({**METADATA, "application": "victim"})
    app_databag = {"scrape_jobs": "[{}]", "scrape_metadata": claimed}
    units = [("zinc/0", "10.1.2.3", "victim/0")]
    (scrape_config,), _ = render([read_relation(1, "zinc", app_databag, unit_databags_of(units))])
    assert scrape_config["static_configs"] == [
        {
            "targets": ["10.1.2.3:80"],
            "labels": {
                "juju_model": "cos",
                "juju_model_uuid": parca_charm.MODEL_UUID,
                "juju_application": "victim",
                "juju_charm": "zinc-k8s",
                "juju_unit": "victim/0",
            },
        }
    ]


def test_a_der_sequence_is_all_that_a_key_must_be() -> None:
    # Parca finds out that a key and a certificate do not match, and then scrapes without either.
    settings = {"cert": CERTIFICATE, "key": pem("PRIVATE KEY", DER)}
    assert read_jobs(job(scheme="https", tls_config=settings)) == (
        [job(scheme="https", tls_config=settings)],
        [],
    )


def test_each_claim_names_a_test_that_there_is() -> None:
    page = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page)
    missing = [
        name
        for file, name in named
        if f"\ndef {name}(" not in (ROOT / file).read_text(encoding="utf-8")
    ]
    assert len(named) > 20
    assert missing == []
