"""Strategies for good relations: everything in them is served unchanged."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple, Union

from hypothesis import strategies as st

from parca_scrape import AppDatabag, HostMap, Job, Topology, UnitDatabag
from parca_scrape.databag import RelationDatabags
from tests.reading import read_relation

Json = Union[None, bool, int, float, str, "List[Json]", "Dict[str, Json]"]
Object = Dict[str, Json]

# A self-signed certificate and its key; they protect nothing.
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBbzCCARWgAwIBAgIUIj3Ck3vIfhOFTnOJpAXrWbjjbQowCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBdDAgFw0yNjExMjQxNDA5MzFaGA8yMTI2MTAzMTE0MDkzMVow
DDEKMAgGA1UEAwwBdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABIPnZWojJNqb
8qF7h67COGjKQ5isSWxmaACgSSuL+nBKvX9OkrRSpH8PjDDE5wll3DpRncjdavVD
TaYvS3mp3MGjUzBRMB0GA1UdDgQWBBRbxeifuQFvilp8aXew2QhIDxMOWDAfBgNV
HSMEGDAWgBRbxeifuQFvilp8aXew2QhIDxMOWDAPBgNVHRMBAf8EBTADAQH/MAoG
CCqGSM49BAMCA0gAMEUCIQCVERp7m27vFojdd9emAGcHcMBAG48kQF0pwoGMRRU3
aAIgVGzZB1KBDlxljDjv80ezj9sAp0DJ+x6ViScNLQ8SwgM=
-----END CERTIFICATE-----
"""
KEY_BODY = """\
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgoD629bdOhzHrpkNm
YOcG8/f1pI2G/FHyaJpdhLJyRu2hRANCAASD52VqIyTam/Khe4euwjhoykOYrEls
ZmgAoEkri/pwSr1/TpK0UqR/D4wwxOcJZdw6UZ3I3Wr1Q02mL0t5qdzB
"""
KEY = f"-----BEGIN PRIVATE KEY-----\n{KEY_BODY}-----END PRIVATE KEY-----\n"

MODELS = ("m", "cos/lite", "model")
UUIDS = ("12de4fae-06cc-4ceb-9089-567be09fec78", "0190f3c2-7f1c-7e3b-8000-0123456789ab")
APPLICATIONS = ("app", "zinc-k8s")
TIMINGS: Tuple[Object, ...] = (
    {},
    {"scrape_interval": "30s"},
    {"scrape_interval": "1m30s", "scrape_timeout": "2m"},
    {"scrape_interval": "1h", "scrape_timeout": "1h1ms"},
    {"scrape_timeout": "11s"},
    {"scrape_interval": "1y2w3d4h5m6s7ms"},
    {"scrape_interval": "1s", "scrape_timeout": "2s"},
)
HOSTS = (
    "10.1.2.3",
    "app-0.app-endpoints.m.svc.cluster.local",
    "a_b",
    "ünï",
    "[fd00::1]",
    "[::ffff:10.0.0.1]",
)
PORTS = ("", ":80", ":6060", ":65535", ":080")
PROFILES: Tuple[Object, ...] = (
    {"enabled": False},
    {"enabled": True, "path": "/debug/pprof/x"},
    {"enabled": True, "path": "/debug/pprof/y", "delta": True, "seconds": 1},
    {"enabled": False, "path": "z", "delta": False, "seconds": 0},
    {
        "enabled": True,
        "path": "/w",
        "keep_sample_type": [
            {"type": "alloc_space", "unit": "bytes"},
            {"type": "inuse_space", "unit": "bytes"},
        ],
    },
)
CPU_PROFILES: Tuple[Object, ...] = (
    {"enabled": False},
    {"delta": True},
    {"enabled": True, "path": "/cpu", "delta": True, "seconds": 1},
)
TLS_CONFIGS: Tuple[Object, ...] = (
    {"ca": CERTIFICATE},
    {"ca": CERTIFICATE, "cert": CERTIFICATE, "key": KEY, "server_name": "app"},
    {"insecure_skip_verify": True, "min_version": "TLS13"},
    {"server_name": "app", "min_version": "TLS10", "max_version": "TLS11"},
    {"insecure_skip_verify": False, "ca": CERTIFICATE, "max_version": "TLS12"},
)


@dataclass(frozen=True)
class Remote:
    """A remote application: the contents of its databags, not yet as text."""

    application: str
    jobs: Json
    metadata: Json
    units: Tuple[Tuple[str, Tuple[Tuple[str, str], ...]], ...]
    """Pairs of a unit's name in Juju and the pairs in its databag."""
    texts: Tuple[Tuple[str, str], ...] = ()
    """Pairs of a key and the text that replaces it in the application databag."""

    def app_databag(self) -> Dict[str, str]:
        """Return the text of the application databag."""
        databag = {"scrape_jobs": write(self.jobs), "scrape_metadata": write(self.metadata)}
        return {**databag, **dict(self.texts)}

    def unit_databags(self) -> Dict[str, Dict[str, str]]:
        """Return the databag of each unit, by the name in Juju."""
        return {name: dict(databag) for name, databag in self.units}

    def databags(self, relation_id: int) -> RelationDatabags:
        """Return the databags of a relation to the application."""
        return read_relation(
            relation_id, self.application, self.app_databag(), self.unit_databags()
        )


def write(value: Json) -> str:
    """Write JSON, with two things that Python's own writer has no value for.

    The text `@digits@` becomes a number of 5,000 digits, and a key that starts with `@again@` a
    key for the second time.
    """
    text = json.dumps(value)
    return text.replace('"@digits@"', "9" * 5000).replace('"@again@', '"')


def databags_of(remotes: List[Remote]) -> List[RelationDatabags]:
    """Return the databags of relations, in the order of their ids."""
    return [remote.databags(index) for index, remote in enumerate(remotes)]


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
hosts = st.sampled_from(HOSTS)
targets = st.builds("{}{}".format, st.sampled_from(("*", *HOSTS)), st.sampled_from(PORTS))
labels = st.dictionaries(
    st.sampled_from(("team", "a.b", "juju_model", "juju_unit", "__tmp", "ü")), texts, max_size=2
)


@st.composite
def good_static_configs(draw: st.DrawFn, tag: str) -> Object:
    """Return a static config; `tag`, in the label `config`, makes it unique."""
    config: Object = {"labels": {"config": tag, **draw(labels)}}
    named = draw(st.none() | st.lists(targets, max_size=3))
    if named is not None:
        config["targets"] = [*named]
    return config


@st.composite
def good_jobs(draw: st.DrawFn, name: str) -> Object:
    """Return a job in which nothing is wrong, as a mapping; one without a name if it is empty."""
    job: Object = {}
    if draw(st.integers(0, 4)):
        configs = draw(st.integers(0, 3))
        job["static_configs"] = [
            draw(good_static_configs(f"{name}-{index}")) for index in range(configs)
        ]
    if name:
        job["job_name"] = name
    job.update(draw(st.sampled_from(TIMINGS)))
    scheme = draw(st.sampled_from(("", "http", "https")))
    if scheme:
        job["scheme"] = scheme
    if draw(st.booleans()):
        job["profiling_config"] = draw(good_profiling_configs())
    if scheme == "https" and draw(st.booleans()):
        job["tls_config"] = dict(draw(st.sampled_from(TLS_CONFIGS)))
    return dict(draw(st.permutations(list(job.items()))))


@st.composite
def good_profiling_configs(draw: st.DrawFn) -> Object:
    """Return a `profiling_config` in which nothing is wrong, and something is."""
    names = draw(st.sets(st.sampled_from(("memory", "goroutine", "fgprof", "a:b"))))
    profiles: Object = {name: dict(draw(st.sampled_from(PROFILES))) for name in sorted(names)}
    if draw(st.booleans()):
        profiles["process_cpu"] = dict(draw(st.sampled_from(CPU_PROFILES)))
    prefix = draw(st.sampled_from(("", "/prefix")))
    config: Object = {"path_prefix": prefix} if prefix or not profiles else {}
    if profiles:
        config["pprof_config"] = profiles
    return config if config != {"path_prefix": ""} else {"path_prefix": "/p"}


@st.composite
def good_metadata(draw: st.DrawFn, application: str) -> Object:
    """Return the topology that an application publishes."""
    return {
        "model": draw(st.sampled_from(MODELS)),
        "model_uuid": draw(st.sampled_from(UUIDS)),
        "application": application,
        "unit": draw(st.sampled_from((f"{application}/0", "", None))),
        "charm_name": draw(st.sampled_from(("charm", "", None))),
    }


@st.composite
def good_units(
    draw: st.DrawFn, application: str
) -> Tuple[Tuple[str, Tuple[Tuple[str, str], ...]], ...]:
    """Return units in any order, of which some may not have published their address yet."""
    numbers = draw(st.lists(st.integers(0, 120), min_size=1, max_size=4, unique=True))
    units: List[Tuple[str, Tuple[Tuple[str, str], ...]]] = []
    for number in numbers:
        databag = {"ingress-address": f"10.9.9.{number}"}
        key = draw(st.sampled_from(("", *["parca_scrape_unit_address"] * 4, "parca_scrape_host")))
        if key:
            databag[key] = draw(hosts)
        if draw(st.booleans()):
            databag["parca_scrape_unit_name"] = f"{draw(st.sampled_from(('r', 'x')))}/{number}"
        units.append((f"{application}/{number}", tuple(databag.items())))
    return tuple(units)


@st.composite
def good_remotes(draw: st.DrawFn, application: Optional[str] = None) -> Remote:
    """Return an application in whose databags nothing is wrong, with up to four jobs."""
    name = application or draw(st.sampled_from(APPLICATIONS))
    jobs: List[Json] = [
        draw(good_jobs(f"job{index}" if index or draw(st.booleans()) else ""))
        for index in range(draw(st.integers(1, 4)))
    ]
    return Remote(name, jobs, draw(good_metadata(name)), draw(good_units(name)))


topologies = st.builds(
    Topology, texts, texts, texts, unit=st.none() | texts, charm_name=st.none() | texts
)
typed_jobs = good_jobs("job").map(Job.from_mapping)
app_databags = st.builds(
    AppDatabag, st.lists(typed_jobs, max_size=3).map(tuple), st.none() | topologies
)
unit_databags = st.builds(UnitDatabag, st.just("") | hosts, texts)
host_maps = st.builds(
    HostMap, st.dictionaries(st.integers(0, 99).map(lambda number: f"a/{number}"), hosts)
)
