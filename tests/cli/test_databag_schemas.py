from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Dict, List, Mapping, Tuple

import hypothesis
import pytest
from hypothesis import strategies as st

from parca_scrape import AppDatabag, UnitDatabag
from parca_scrape.problems import Problem
from tests.cli.schemas import list_faults
from tests.damages import damage_jobs, damage_metadata, damage_unit
from tests.strategies import (
    CERTIFICATE,
    KEY,
    Json,
    Object,
    app_databags,
    good_metadata,
    good_remotes,
    unit_databags,
    write,
)

DATA = Path(__file__).parents[1] / "data"
NOTHING: Json = {}
CUSTOM: Object = {"enabled": True, "path": "/fgprof"}
HTTPS: Object = {"scheme": "https"}
TLS_CONFIG: Object = {"ca": CERTIFICATE, "cert": CERTIFICATE, "key": KEY}
UUID = "6f2c1d0e-83b4-4c6b-9a51-2d7c1f0b9e34"


def static_configs(*elements: Json) -> Object:
    return {"static_configs": [*elements]}


def targets(*names: Json) -> Object:
    return static_configs({"targets": [*names]})


def labels(pairs: Object) -> Object:
    return static_configs({"labels": pairs})


def profiles(pprof_config: Json) -> Object:
    return {"profiling_config": {"pprof_config": pprof_config}}


def profile(settings: Json, name: str = "memory") -> Object:
    return profiles({name: settings})


def tls(settings: Json) -> Object:
    return {**HTTPS, "tls_config": settings}


GOOD: Dict[str, Object] = {
    "the default job": {},
    "static configs: none": {"static_configs": []},
    "static config: of every unit": {"static_configs": [{}]},
    "name: a number": {"job_name": 5},
    "name: a boolean": {"job_name": True},
    "name: empty": {"job_name": ""},
    "name: at the limit": {"job_name": "x" * 1024},
    "interval": {"scrape_interval": "1y2w3d4h5m6s7ms"},
    "interval: leading zeros": {"scrape_interval": "0010s"},
    "timeout: zero": {"scrape_timeout": "0"},
    "scheme: any case": {"scheme": "HttpS"},
    "target: every unit": targets("*", "*:8080"),
    "target: host": targets("zinc", "a_b:1", "10.1.2.3:65535", "ünï:80", "x" * 253),
    "target: leading zeros": targets("zinc:00080", "zinc:08080"),
    "target: IPv6": targets("[::1]", "[fd00::1]:80"),
    "label: any value": labels({"a b": "", "c": 5, "d": False, "ü": "x" * 8192}),
    "label: scheme": labels({"__scheme__": "HTTPS"}),
    "profile: null for a standard one": profile(None),
    "profile: words of YAML": profile({"enabled": "yes", "delta": "OFF"}),
    "profile: seconds": profile({"seconds": 2**63 - 1}),
    "profile: whole seconds": profile({"seconds": 1.0}),
    "profile: keeps all sample types": profile({"keep_sample_type": []}),
    "profile: keeps a sample type": profile({"keep_sample_type": [{"type": "a", "unit": 5}]}),
    "profile: custom": profile(CUSTOM, "fgprof"),
    "profile: custom, not enabled": profile({"enabled": "no"}, "a:b"),
    "CPU profile: null": profile(None, "process_cpu"),
    "CPU profile: nothing": profile({}, "process_cpu"),
    "CPU profile: not enabled": profile({"enabled": False}, "process_cpu"),
    "CPU profile: delta": profile({"delta": True, "seconds": 5}, "process_cpu"),
    "TLS: everything": tls(
        {
            **TLS_CONFIG,
            "server_name": "zinc",
            "insecure_skip_verify": "no",
            "min_version": "TLS12",
            "max_version": "TLS13",
        }
    ),
    "TLS: old versions": tls({"min_version": "TLS10", "max_version": "TLS11"}),
    "TLS: highest version": tls({"max_version": "TLS12"}),
    "TLS: by a label": {**labels({"__scheme__": "https"}), "tls_config": {"ca": CERTIFICATE}},
    "TLS: empty": {"tls_config": {}},
    "TLS: text around a certificate": tls({"ca": f"text\n{CERTIFICATE}text\n{CERTIFICATE}"}),
    "TLS: carriage returns": tls({"ca": CERTIFICATE.replace("\n", "\r\n")}),
}
BAD: Dict[str, Json] = {
    "job: no object": [],
    "job: unknown key": {"metrics_path": "/"},
    "name: a list": {"job_name": ["x"]},
    "name: too long": {"job_name": "x" * 1025},
    "name: control character": {"job_name": "a\nb"},
    "name: infinite": {"job_name": 1e309},
    "name: minus infinite": {"job_name": -1e309},
    "interval: zero": {"scrape_interval": "0s"},
    "interval: no unit": {"scrape_interval": "15"},
    "interval: a number": {"scrape_interval": 15},
    "interval: too long": {"scrape_interval": f"{'0' * 8192}1s"},
    "interval: wrong order": {"scrape_interval": "1s1m"},
    "interval: other digits": {"scrape_interval": "\u0661s"},
    "interval: line feed": {"scrape_interval": "10s\n"},
    "interval: 1,000 years": {"scrape_interval": "1000y"},
    "timeout: no duration": {"scrape_timeout": "soon"},
    "timeout: a list": {"scrape_timeout": ["15s"]},
    "scheme": {"scheme": "ftp"},
    "scheme: a number": {"scheme": 5},
    "scheme: line feed": {"scheme": "http\n"},
    "static configs: null": {"static_configs": None},
    "static configs: no list": {"static_configs": {}},
    "static configs: too many": static_configs(*[NOTHING] * 10_001),
    "static config: no object": {"static_configs": ["*:80"]},
    "static config: unknown key": {"static_configs": [{"target": ["*:80"]}]},
    "targets: no list": {"static_configs": [{"targets": "*:80"}]},
    "targets: too many": targets(*["zinc:80"] * 10_001),
    "target: no text": targets(80),
    "target: empty": targets(""),
    "target: scheme": targets("http://zinc:80"),
    "target: path": targets("zinc:80/debug"),
    "target: space": targets("a b:80"),
    "target: port 0": targets("zinc:0"),
    "target: port 65536": targets("zinc:65536"),
    "target: six digits": targets("zinc:000080"),
    "target: name of a port": targets("zinc:http"),
    "target: two ports": targets("zinc:80:80"),
    "target: host too long": targets("x" * 254),
    "target: IPv6 with a zone": targets("[fe80::1%eth0]:80"),
    "target: full stop of another script": targets("a\u3002b:80"),
    "target: line feed": targets("zinc:80\nx"),
    "target: line feeds": targets("zinc:80\n\nx:80"),
    "label: no object": {"static_configs": [{"labels": []}]},
    "label: empty name": labels({"": "x"}),
    "label: name too long": labels({"x" * 1025: "x"}),
    "label: comma": labels({"a,b": "x"}),
    "label: semicolon": labels({"a;b": "x"}),
    "label: a list": labels({"a": ["x"]}),
    "label: value too long": labels({"a": "x" * 8193}),
    "label: bad scheme": labels({"__scheme__": "ftp"}),
    "labels: too many names": labels({f"a{number}": "x" for number in range(65)}),
    "profiling config: no object": {"profiling_config": []},
    "profiling config: unknown key": {"profiling_config": {"x": "y"}},
    "path prefix: a list": {"profiling_config": {"path_prefix": []}},
    "path prefix: too long": {"profiling_config": {"path_prefix": "x" * 8193}},
    "profiles: no object": profiles(["memory"]),
    "profiles: too many": profiles({f"a{number}": CUSTOM for number in range(33)}),
    "profile: null for a custom one": profile(None, "fgprof"),
    "profile: no object": profile(True),
    "profile: unknown key": profile({"timeout": "1s"}),
    "profile: bad boolean": profile({"enabled": "sometimes"}),
    "profile: a number for a boolean": profile({"delta": 1}),
    "profile: negative seconds": profile({"seconds": -1}),
    "profile: half a second": profile({"seconds": 0.5}),
    "profile: too many seconds": profile({"seconds": 2**63}),
    "profile: seconds as text": profile({"seconds": "5"}),
    "profile: no path": profile({"path": []}),
    "profile: sample types no list": profile({"keep_sample_type": {"type": "a", "unit": "b"}}),
    "profile: half of a sample type": profile({"keep_sample_type": [{"type": "a"}]}),
    "profile: empty unit": profile({"keep_sample_type": [{"type": "a", "unit": ""}]}),
    "profile: empty type": profile({"keep_sample_type": [{"type": "", "unit": "b"}]}),
    "profile: a text for a sample type": profile({"keep_sample_type": ["a"]}),
    "profile: more of a sample type": profile(
        {"keep_sample_type": [{"type": "a", "unit": "b", "x": "y"}]}
    ),
    "profile: custom name": profile(CUSTOM, "fg-prof"),
    "profile: trace": profile(CUSTOM, "trace"),
    "profile: name too long": profile(CUSTOM, "x" * 1025),
    "profile: custom, empty path": profile({"enabled": True, "path": ""}, "fgprof"),
    "profile: custom, never scraped": profile({"path": "/fgprof"}, "fgprof"),
    "profile: custom, without a path": profile({"enabled": "yes"}, "fgprof"),
    "CPU profile: 30 seconds": profile({"seconds": 5}, "process_cpu"),
    "CPU profile: no delta": profile({"delta": "no"}, "process_cpu"),
    "CPU profile: enabled, no delta": profile({"enabled": True}, "process_cpu"),
    "TLS: over http": {"tls_config": {"ca": CERTIFICATE}},
    "TLS: over http, by the scheme": {**tls({"ca": CERTIFICATE}), "scheme": "http"},
    "TLS: over http, by a label": {
        **labels({"__scheme__": "http"}),
        "tls_config": {"ca": CERTIFICATE},
    },
    "TLS: over http, with another label": {
        **labels({"team": "https"}),
        "tls_config": {"ca": CERTIFICATE},
    },
    "TLS: over http, without labels": {**targets("*:80"), "tls_config": {"ca": CERTIFICATE}},
    "TLS: over nothing": {"static_configs": [], "tls_config": {"ca": CERTIFICATE}},
    "TLS: no object": tls(True),
    "TLS: a list": tls([]),
    "TLS: a number as a certificate": tls({"ca": 5}),
    "TLS: a number as a key": tls({**TLS_CONFIG, "key": 5}),
    "TLS: a certificate as a key": tls({**TLS_CONFIG, "key": CERTIFICATE}),
    "TLS: key too long": tls({**TLS_CONFIG, "key": KEY + " " * 2**20}),
    "TLS: unknown key": tls({"x": "y"}),
    "TLS: a file of the host": tls({"ca_file": "/etc/ssl/ca.pem"}),
    "TLS: a secret of the host": tls({"key_ref": "key"}),
    "TLS: no PEM": tls({"ca": "x"}),
    "TLS: PEM on one line": tls({"ca": CERTIFICATE.replace("\n", "")}),
    "TLS: a key as a certificate": tls({"ca": KEY}),
    "TLS: PEM with headers": tls({"ca": CERTIFICATE.replace("-----\nM", "-----\nA: b\n\nM")}),
    "TLS: PEM too long": tls({"ca": CERTIFICATE + " " * 2**20}),
    "TLS: an encrypted key": tls(
        {**TLS_CONFIG, "key": KEY.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY")}
    ),
    "TLS: a certificate without a key": tls({"cert": CERTIFICATE}),
    "TLS: a key without a certificate": tls({"key": KEY}),
    "TLS: server name": tls({"server_name": []}),
    "TLS: boolean": tls({"insecure_skip_verify": 1}),
    "TLS: version": tls({"min_version": "tls12"}),
    "TLS: versions contradict": tls({"min_version": "TLS13", "max_version": "TLS12"}),
    "TLS: only an old version": tls({"max_version": "TLS11"}),
    "TLS: the oldest version below": tls({"max_version": "TLS10", "min_version": "TLS11"}),
    "TLS: an old version below": tls({"max_version": "TLS11", "min_version": "TLS12"}),
}
TOPOLOGY: Object = {"model": "cos", "model_uuid": UUID, "application": "zinc"}
BAD_METADATA: Dict[str, Json] = {
    "no object": [],
    "no model": {"model_uuid": UUID, "application": "zinc"},
    "empty model": {**TOPOLOGY, "model": ""},
    "no application": {"model": "cos", "model_uuid": UUID},
    "no UUID": {**TOPOLOGY, "model_uuid": "cos"},
    "a number as UUID": {**TOPOLOGY, "model_uuid": 5},
    "unit: a list": {**TOPOLOGY, "unit": []},
    "unit: name too long": {**TOPOLOGY, "unit": "x" * 1025},
    "UUID with a line feed": {**TOPOLOGY, "model_uuid": f"{UUID}\n"},
    "name too long": {**TOPOLOGY, "application": "x" * 1025},
    "charm: a list": {**TOPOLOGY, "charm_name": ["zinc"]},
}
BAD_UNITS: Dict[str, str] = {
    "port": "zinc:80",
    "scheme": "http://zinc",
    "wildcard": "*",
    "IPv6 with a zone": "[fe80::1%eth0]",
    "too long": "x" * 254,
    "line feed": "zinc\nx",
}
# What the descriptions say that a schema cannot.
NOT_IN_A_SCHEMA = re.compile(
    r"must be a duration such as 1m30s"  # Of a length that Go can hold.
    r"|must be longer than scrape_interval"
    r"|must be 2s or more while process_cpu is enabled"
    r"|process_cpu cannot be scraped at an interval below 1s"
    r"|must record for fewer seconds than scrape_timeout allows"
    r"|the body of the PEM block \w+ must be base64"
    r"|the PEM block [\w ]+ does not hold"
)
ADDRESS_RULE = re.compile(r"must be (a host name|host:port)")


def read_jobs(*jobs: Json) -> Tuple[List[str], List[Problem]]:
    """Return what is wrong with jobs, by the schema and by the library."""
    text = write([*jobs])
    _, problems = AppDatabag.decode({"scrape_jobs": text})
    return list_faults("app-databag", json.loads(text), "scrape_jobs"), problems


@pytest.mark.parametrize("name", GOOD)
def test_a_good_job_is_valid(name: str) -> None:
    assert read_jobs(GOOD[name]) == ([], [])


@pytest.mark.parametrize("name", BAD)
def test_each_rule_makes_a_job_invalid(name: str) -> None:
    faults, problems = read_jobs(BAD[name])
    assert (bool(faults), bool(problems)) == (True, True)


def test_a_list_of_too_many_jobs_is_invalid() -> None:
    jobs = [NOTHING] * 1001
    assert not list_faults("app-databag", jobs[1:], "scrape_jobs")
    assert list_faults("app-databag", jobs, "scrape_jobs")


@pytest.mark.parametrize("name", BAD_METADATA)
def test_each_rule_makes_metadata_invalid(name: str) -> None:
    metadata = BAD_METADATA[name]
    _, problems = AppDatabag.decode({"scrape_metadata": write(metadata)})
    faults = list_faults("app-databag", metadata, "scrape_metadata")
    assert (bool(faults), bool(problems)) == (True, True)


@pytest.mark.parametrize("name", BAD_UNITS)
@pytest.mark.parametrize("key", ["parca_scrape_unit_address", "parca_scrape_host"])
def test_each_rule_makes_an_address_invalid(key: str, name: str) -> None:
    databag = {key: BAD_UNITS[name]}
    _, problems = UnitDatabag.decode(databag)
    assert (bool(list_faults("unit-databag", databag)), bool(problems)) == (True, True)


def test_the_name_of_a_unit_has_a_limit() -> None:
    assert not list_faults("unit-databag", {"parca_scrape_unit_name": "x" * 1024})
    assert list_faults("unit-databag", {"parca_scrape_unit_name": "x" * 1025})


def test_the_texts_of_an_application_have_limits() -> None:
    databag = {"scrape_jobs": " " * 2**22, "scrape_metadata": " " * 2**16}
    assert not list_faults("app-databag", databag)
    for key in databag:
        assert list_faults("app-databag", {**databag, key: databag[key] + " "})


def test_other_keys_of_a_databag_are_texts() -> None:
    for name in ("app-databag", "unit-databag"):
        databag = {"scrape_jobs": "[]", "ingress-address": "10.1.2.3"}
        assert not list_faults(name, databag)
        assert list_faults(name, {**databag, "ingress-address": 5})


@hypothesis.given(app_databags)
def test_what_jobs_encode_is_valid(app_databag: AppDatabag) -> None:
    databag = app_databag.encode()
    assert list_faults("app-databag", databag) == []
    assert list_faults("app-databag", json.loads(databag["scrape_jobs"]), "scrape_jobs") == []


@hypothesis.given(good_metadata("zinc"))
def test_a_good_topology_is_valid(metadata: Object) -> None:
    assert list_faults("app-databag", metadata, "scrape_metadata") == []


@hypothesis.given(unit_databags)
def test_what_units_encode_is_valid(unit_databag: UnitDatabag) -> None:
    assert list_faults("unit-databag", unit_databag.encode()) == []


@pytest.mark.parametrize("file", ["history.json", "provider.json"])
def test_what_was_published_is_valid_if_all_of_it_is_used(file: str) -> None:
    cases = [
        case
        for case in json.loads((DATA / file).read_text(encoding="utf-8"))
        if "scrape_jobs" in case["app_data"]
    ]
    judged: Dict[str, bool] = {}
    used: Dict[str, bool] = {}
    for case in cases:
        databag: Mapping[str, str] = case["app_data"]
        faults = list_faults("app-databag", databag)
        faults += list_faults("app-databag", json.loads(databag["scrape_jobs"]), "scrape_jobs")
        metadata = json.loads(databag["scrape_metadata"])
        faults += list_faults("app-databag", metadata, "scrape_metadata")
        faults += list_faults("unit-databag", case["unit_data"])
        judged[case["name"]] = not faults
        used[case["name"]] = not AppDatabag.decode(databag)[1]
    assert judged == used
    assert list(judged.values()).count(True) >= 8


def load(text: str) -> object:
    """Return what JSON holds; None unless its numbers are finite and its characters whole."""
    try:
        return None if "\\ud" in text else json.loads(text, parse_constant=refuse)
    except ValueError:
        return None


def refuse(constant: str) -> None:
    raise ValueError(constant)


def leave_out_what_no_schema_can_say(problems: List[Problem], text: str) -> List[Problem]:
    """Return the other problems. IPv6 addresses and Unicode in a host are not looked into."""
    is_special = re.search(r"\[[0-9A-Fa-f:.]+\]|\\u", text) is not None
    return [
        problem
        for problem in problems
        if not NOT_IN_A_SCHEMA.match(problem.message)
        and not (is_special and ADDRESS_RULE.match(problem.message))
    ]


@hypothesis.given(st.data())
def test_nothing_is_wrong_with_valid_jobs(data: st.DataObject) -> None:
    remote, _ = data.draw(damage_jobs(data.draw(good_remotes())))
    text = write(remote.jobs)
    if not list_faults("app-databag", load(text), "scrape_jobs"):
        _, problems = AppDatabag.decode({"scrape_jobs": text})
        assert leave_out_what_no_schema_can_say(problems, text) == []


@hypothesis.given(st.data())
def test_nothing_is_wrong_with_valid_metadata(data: st.DataObject) -> None:
    remote, _ = data.draw(damage_metadata(data.draw(good_remotes())))
    text = write(remote.metadata)
    if not list_faults("app-databag", load(text), "scrape_metadata"):
        assert AppDatabag.decode({"scrape_metadata": text})[1] == []


@hypothesis.given(st.data())
def test_nothing_is_wrong_with_a_valid_unit_databag(data: st.DataObject) -> None:
    remote, _ = data.draw(damage_unit(data.draw(good_remotes())))
    for databag in remote.unit_databags().values():
        text = json.dumps(databag)
        if not list_faults("unit-databag", load(text)):
            _, problems = UnitDatabag.decode(databag)
            assert leave_out_what_no_schema_can_say(problems, text) == []
