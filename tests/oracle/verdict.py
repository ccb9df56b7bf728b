"""What Parca does with scrape configs: its scrape pools, pkg/scrape/scrape.go and target.go."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from tests.oracle.config import (
    NIL_POINTER,
    Group,
    Profile,
    ScrapeJob,
    check_unique_names,
    load,
)
from tests.oracle.decoding import CrashError, RefusedError
from tests.oracle.durations import SECOND
from tests.oracle.golang import quote
from tests.oracle.relabeling import Labels, relabel, set_label
from tests.oracle.urls import (
    check_target_address,
    encode_query,
    lacks_port,
    parameters_of,
    unanswerable_reason,
    url_text,
)

ADDRESS = "__address__"
SCHEME = "__scheme__"
PROFILE_NAME = "__name__"
PROFILE_PATH = "__profile_path__"


TRACE = "trace"
# pkg/profilestore/profilecolumnstore.go: the name must be that of a metric to Prometheus.
STORABLE_PROFILE = re.compile("[A-Za-z_:][A-Za-z0-9_:]*")


@dataclass(frozen=True)
class Verdict:
    """What the real Parca would do with scrape configs.

    `urls` are sorted pairs of job name and URL of every target, each once; a target that a
    relabel rule drops has a URL without a host. `skipped`, `tls_ignored` and `unanswerable` each
    say why.
    """

    verdict: str
    """`accepted`, `refused` (the whole file) or `crash` (the server dies)."""
    message: str = ""
    urls: Tuple[Tuple[str, str], ...] = ()
    skipped: Tuple[str, ...] = ()
    """Static configs that are dropped whole."""
    tls_ignored: Tuple[str, ...] = ()
    """Jobs scraped without their HTTP client's settings."""
    unanswerable: Tuple[str, ...] = ()
    """URLs that are scraped and can never answer."""
    unstorable: Tuple[str, ...] = ()
    """Names of labels and profiles that Parca's storage cannot hold."""

    @property
    def clean(self) -> bool:
        """Accepted, and everything in it is scraped and stored as it says."""
        return self.verdict == "accepted" and not (
            self.skipped or self.tls_ignored or self.unanswerable or self.unstorable
        )


@dataclass(frozen=True)
class LoadedProfile:
    """A profile that Parca scrapes.

    `seconds` is the length of a delta profile that Parca asks for, None for no delta.
    """

    path: str
    delta: bool
    seconds: Optional[int]


@dataclass(frozen=True)
class LoadedTarget:
    """A target that Parca scrapes: its address with a port, and its public labels, sorted."""

    address: str
    labels: Tuple[Tuple[str, str], ...]


@dataclass(frozen=True)
class LoadedJob:
    """A job as Parca runs it, with its defaults filled in."""

    job_name: str
    interval_ns: int
    timeout_ns: int
    scheme: str
    profiles: Mapping[str, LoadedProfile]
    targets: Tuple[LoadedTarget, ...]


class _Target(NamedTuple):
    """Target. `parameters` may be shared by all targets of a job."""

    labels: Labels
    parameters: Dict[str, List[str]]

    def url(self) -> str:
        labels = self.labels
        return url_text(
            labels.get(SCHEME, ""),
            labels.get(ADDRESS, ""),
            labels.get(PROFILE_PATH, ""),
            encode_query(parameters_of(labels, self.parameters)),
        )

    def public_labels(self) -> Tuple[Tuple[str, str], ...]:
        return tuple(sorted(pair for pair in self.labels.items() if not pair[0].startswith("__")))


def judge(scrape_configs: object) -> Verdict:
    """What the real Parca would do with scrape configs that PyYAML wrote without anchors.

    Args:
        scrape_configs: a list of jobs, of JSON's types only.

    Raises:
        TypeError: there is a value that JSON does not know.
        NotImplementedError: there is a setting that no scrape job of the relation can hold.
    """
    try:
        jobs = _load_all(scrape_configs)
        pools = [_sync(job) for job in jobs]
    except RefusedError as refused:
        return Verdict("refused", str(refused))
    except CrashError as crashed:
        return Verdict("crash", str(crashed))
    skipped = [reason for pool in pools for reason in pool.skipped]
    urls: List[Tuple[str, str]] = []
    tls_ignored: List[str] = []
    unanswerable: List[str] = []
    for pool in pools:
        job = pool.job
        own = sorted({target.url() for target in pool.targets})
        urls += [(job.job_name, url) for url in own]
        problem = job.client.error()
        if problem is not None:
            tls_ignored.append(f"{job.job_name}: {problem}")
        for url in own:
            reason = unanswerable_reason(url)
            if reason is None and url[:6].lower() == "https:" and job.client.tls.shakes_no_hands():
                reason = "no TLS version left"
            if reason is not None:
                unanswerable.append(f"{url}: {reason}")
    return Verdict(
        "accepted",
        urls=tuple(sorted(urls)),
        skipped=tuple(skipped),
        tls_ignored=tuple(tls_ignored),
        unanswerable=tuple(unanswerable),
        unstorable=tuple(name for pool in pools for name in _unstorable_names(pool)),
    )


def loaded_jobs(scrape_configs: object) -> List[LoadedJob]:
    """The jobs as Parca runs them.

    Raises:
        RefusedError: Parca does not load the file.
        CrashError: Parca dies.
    """
    return [_loaded_job(_sync(job)) for job in _load_all(scrape_configs)]


def _loaded_job(pool: _Pool) -> LoadedJob:
    job = pool.job
    # A target is there once for each of its profiles, and without labels once it is dropped.
    targets = dict.fromkeys(
        LoadedTarget(target.labels[ADDRESS], target.public_labels())
        for target in pool.targets
        if target.public_labels()
    )
    return LoadedJob(
        job.job_name,
        job.scrape_interval,
        job.scrape_timeout,
        job.scheme,
        {
            name: LoadedProfile(
                profile.path,
                profile.delta,
                _delta_seconds(job, profile) if profile.delta else None,
            )
            for name, profile in job.profiles.items()
            if profile is not None and profile.enabled
        },
        tuple(targets),
    )


def _load_all(scrape_configs: object) -> List[ScrapeJob]:
    """The jobs that pass everything before the first scrape pool is made."""
    found = load(scrape_configs)
    jobs = [job for job in found if job is not None]
    check_unique_names(jobs)
    if len(jobs) < len(found):
        raise CrashError(f"sync: {NIL_POINTER}")
    return jobs


class _Pool(NamedTuple):
    """scrapePool after its first Sync."""

    job: ScrapeJob
    targets: List[_Target]
    skipped: List[str]


def _sync(job: ScrapeJob) -> _Pool:
    """Sync of scrape.go, up to the start of the scrape loops."""
    pool = _Pool(job, [], ["*file.SDConfig"] * len(job.file_discoveries))
    for group in filter(None, job.groups):
        try:
            pool.targets.extend(_targets_of(group, job))
        except ValueError as error:
            # All profiles of a target fail for the same reason, the first one first.
            pool.skipped.append(f"instance 0 in group {group.source}: {error}")
    # An offset into the interval is a remainder of it.
    if job.scrape_interval == 0 and any(target.public_labels() for target in pool.targets):
        raise CrashError("scrape loop: runtime error: integer divide by zero")
    return pool


def _enabled(job: ScrapeJob) -> Iterator[Tuple[str, Profile]]:
    for name, profile in job.profiles.items():
        if profile is None:
            raise CrashError(f"sync: {NIL_POINTER}")
        if profile.enabled:
            yield name, profile


def _unstorable_names(pool: _Pool) -> Iterator[str]:
    """Names that are scraped in vain: FrostDB splits names of columns at commas and semicolons."""
    for target in pool.targets:
        for name, _ in target.public_labels():
            if "," in name or ";" in name:
                yield f"label {name}"
    for name, profile in pool.job.profiles.items():
        if profile is None or not profile.enabled:
            continue
        if name == TRACE or STORABLE_PROFILE.fullmatch(name) is None:
            yield f"profile {name}"


def _delta_seconds(job: ScrapeJob, profile: Profile) -> int:
    return profile.seconds if profile.seconds > 0 else job.scrape_interval // SECOND


def _targets_of(group: Group, job: ScrapeJob) -> List[_Target]:
    """targetsFromGroup: a target for each address and enabled profile."""
    targets: List[_Target] = []
    # LabelsByProfiles goes over all profiles before the first target is looked at.
    profiles = list(_enabled(job)) if group.targets else []
    for address in group.targets:
        for name, profile in profiles:
            labels: Labels = {key: value for key, value in group.labels.items() if value}
            set_label(labels, ADDRESS, address)
            set_label(labels, PROFILE_PATH, profile.path)
            set_label(labels, PROFILE_NAME, name)
            labels = _populated(labels, job)
            # A job's own parameters are one map, which every delta profile adds to.
            parameters: Dict[str, List[str]] = {} if job.params is None else job.params
            if profile.delta:
                parameters.setdefault("seconds", []).append(str(_delta_seconds(job, profile)))
            targets.append(_Target(labels, parameters))
    return targets


def _populated(labels: Labels, job: ScrapeJob) -> Labels:
    """populateLabels: the labels of a target after relabeling, none when it is dropped.

    Raises:
        ValueError: the whole group is dropped.
    """
    for name, value in (("job", job.job_name), (SCHEME, job.scheme)):
        if name not in labels:
            set_label(labels, name, value)
    for key, values in (job.params or {}).items():
        if values:
            set_label(labels, f"__param_{key}", values[0])
    if not relabel(labels, job.rules):
        return {}
    address = labels.get(ADDRESS, "")
    if not address:
        raise ValueError("no address")
    if lacks_port(address):
        scheme = labels.get(SCHEME, "")
        if scheme not in ("", "http", "https"):
            raise ValueError(f"invalid scheme: {quote(job.scheme)}")
        address += ":443" if scheme == "https" else ":80"
        labels[ADDRESS] = address
    check_target_address(address)
    labels.setdefault("instance", address)
    return {name: value for name, value in labels.items() if not name.startswith("__meta_")}
