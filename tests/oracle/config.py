"""Parca's configuration of scrape jobs: Load of pkg/config/config.go.

What Prometheus' discovery reads of a job, its static configs, stands here too.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Dict, List, Optional

from tests.oracle.clients import CLIENT_FIELDS, ClientConfig
from tests.oracle.decoding import CrashError, Decoder, Path, RefusedError, check_readable
from tests.oracle.durations import SECOND
from tests.oracle.golang import join_path, quote, to_int64
from tests.oracle.relabeling import Labels, Rule, decode_rules
from tests.oracle.urls import check_target_address

NIL_POINTER = "runtime error: invalid memory address or nil pointer dereference"

_DEFAULT_INTERVAL = 10 * SECOND
_DEFAULT_SCHEME = "http"
_CPU_PROFILE = "process_cpu"
_DEFAULT_PATHS: Dict[str, str] = {
    "memory": "/debug/pprof/allocs",
    "block": "/debug/pprof/block",
    "goroutine": "/debug/pprof/goroutine",
    "mutex": "/debug/pprof/mutex",
    _CPU_PROFILE: "/debug/pprof/profile",
}

_OTHER_DISCOVERIES = """azure consul digitalocean dns docker dockerswarm ec2 eureka gce hetzner
http ionos kubernetes kuma lightsail linode marathon nerve nomad openstack ovhcloud puppetdb
scaleway serverset stackit triton uyuni vultr"""
_PROXY_FIELDS = frozenset(
    ["proxy_url", "no_proxy", "proxy_from_environment", "proxy_connect_header"]
)
_NOT_JUDGED = _PROXY_FIELDS.union(f"{name}_sd_configs" for name in _OTHER_DISCOVERIES.split())
_SCALAR_FIELDS = frozenset(
    ["job_name", "scrape_interval", "scrape_timeout", "scheme", "normalized_addresses"]
)
_SECTIONS = frozenset(
    ["params", "profiling_config", "relabel_configs", "static_configs", "file_sd_configs"]
)
_JOB_FIELDS = _SCALAR_FIELDS | _SECTIONS | CLIENT_FIELDS | _NOT_JUDGED
_PROFILE_FIELDS = frozenset(["enabled", "path", "delta", "keep_sample_type", "seconds"])
_FILE_DISCOVERY_NAME = re.compile(r"[^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML)")


@dataclass
class Profile:
    """PprofProfilingConfig. `enabled` is None where nothing says so, which is off."""

    enabled: Optional[bool] = None
    path: str = ""
    delta: bool = False
    seconds: int = 0


class Group:
    """targetgroup.Group of a static config, known by its index in the job."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.targets: List[str] = []
        self.labels: Labels = {}


class ScrapeJob:
    """ScrapeConfig. Durations are nanoseconds; None in a list or map is a nil pointer."""

    def __init__(self) -> None:
        self.job_name = ""
        self.params: Optional[Dict[str, List[str]]] = None
        self.scrape_interval = _DEFAULT_INTERVAL
        self.scrape_timeout = 0
        self.scheme = _DEFAULT_SCHEME
        self.path_prefix = ""
        self.profiles: Dict[str, Optional[Profile]] = {}
        self.rules: List[Optional[Rule]] = []
        self.groups: List[Optional[Group]] = []
        self.file_discoveries: List[bool] = []
        self.client = ClientConfig()


def load(scrape_configs: object) -> List[Optional[ScrapeJob]]:
    """The jobs of a file, None for a null.

    Raises:
        RefusedError: with Go's message.
        CrashError: with Go's message.
    """
    document: Dict[str, object] = {"scrape_configs": scrape_configs}
    check_readable(document)
    decoder = Decoder(document)
    jobs = [
        None if item is None else _decode_job(decoder, item, at)
        for item, at in decoder.items(
            scrape_configs, ("scrape_configs",), "[]*config.ScrapeConfig"
        )
    ]
    decoder.finish()
    return jobs


def _decode_job(decoder: Decoder, value: object, path: Path) -> ScrapeJob:
    """ScrapeConfig.UnmarshalYAML."""
    job = ScrapeJob()
    before = len(decoder)
    for key, item, at in decoder.fields(value, path, "struct", _JOB_FIELDS):
        if key in _SCALAR_FIELDS:
            _decode_scalar(decoder, job, key, item, at)
        elif key in _SECTIONS:
            _decode_section(decoder, job, key, item, at)
        elif key in CLIENT_FIELDS:
            job.client.decode(decoder, key, item, at)
        else:
            raise NotImplementedError(f"{key} is not judged")
    if len(decoder) == before:
        _check_discoveries(job)
        _complete_profiles(job)
        _check(job)
    return job


def _decode_scalar(decoder: Decoder, job: ScrapeJob, key: str, value: object, path: Path) -> None:
    if key == "job_name":
        job.job_name = decoder.text(value, path, "")
    elif key == "scrape_interval":
        job.scrape_interval = decoder.duration(value, path, job.scrape_interval)
    elif key == "scrape_timeout":
        job.scrape_timeout = decoder.duration(value, path, 0)
    elif key == "scheme":
        job.scheme = decoder.text(value, path, job.scheme)
    else:
        decoder.boolean(value, path, False)


def _decode_section(decoder: Decoder, job: ScrapeJob, key: str, value: object, path: Path) -> None:
    if key == "static_configs":
        for item, at in decoder.items(value, path, "[]*targetgroup.Group"):
            source = str(len(job.groups))
            job.groups.append(None if item is None else _decode_group(decoder, item, at, source))
    elif key == "relabel_configs":
        job.rules = decode_rules(decoder, value, path)
    elif key == "profiling_config":
        _decode_profiling(decoder, value, path, job)
    elif key == "params":
        job.params = _decode_params(decoder, value, path)
    else:
        job.file_discoveries = [
            item is not None and _decode_file_discovery(decoder, item, at)
            for item, at in decoder.items(value, path, "[]*file.SDConfig")
        ]


def _decode_group(decoder: Decoder, value: object, path: Path, source: str) -> Group:
    """Group.UnmarshalYAML."""
    group = Group(source)
    for key, item, at in decoder.fields(value, path, "struct", ("targets", "labels")):
        if key == "targets":
            group.targets = decoder.texts(item, at)
            continue
        for name, label_value, label_at in decoder.pairs(item, at, "model.LabelSet"):
            # In UTF-8 any other text is a label name.
            if not name:
                raise RefusedError('"" is not a valid label name')
            group.labels[name] = decoder.text(label_value, label_at, "", "model.LabelValue")
    return group


def _decode_params(decoder: Decoder, value: object, path: Path) -> Optional[Dict[str, List[str]]]:
    """A url.Values."""
    if value is None:
        return None
    return {
        name: decoder.texts(item, at)
        for name, item, at in decoder.pairs(value, path, "url.Values")
    }


def _decode_file_discovery(decoder: Decoder, value: object, path: Path) -> bool:
    """file.SDConfig.UnmarshalYAML of Prometheus' discovery."""
    before = len(decoder)
    files: List[str] = []
    for key, item, at in decoder.fields(value, path, "file.plain", ("files", "refresh_interval")):
        if key == "files":
            files = decoder.texts(item, at)
        else:
            decoder.duration(item, at, 0)
    if len(decoder) > before:
        return True
    if not files:
        raise RefusedError("file service discovery config must contain at least one path name")
    for name in files:
        if not _FILE_DISCOVERY_NAME.fullmatch(name):
            raise RefusedError(f"path name {quote(name)} is not valid for file discovery")
    return True


def _decode_profiling(decoder: Decoder, value: object, path: Path, job: ScrapeJob) -> None:
    """A *ProfilingConfig."""
    known = ("pprof_config", "path_prefix")
    for key, item, at in decoder.fields(value, path, "config.ProfilingConfig", known):
        if key == "path_prefix":
            job.path_prefix = decoder.text(item, at, "")
            continue
        for name, profile, profile_at in decoder.pairs(item, at, "config.PprofConfig"):
            job.profiles[name] = (
                None if profile is None else _decode_profile(decoder, profile, profile_at)
            )


def _decode_profile(decoder: Decoder, value: object, path: Path) -> Profile:
    """A *PprofProfilingConfig."""
    profile = Profile()
    go_type = "config.PprofProfilingConfig"
    for key, item, at in decoder.fields(value, path, go_type, _PROFILE_FIELDS):
        if key == "enabled":
            profile.enabled = decoder.boolean(item, at, None)
        elif key == "path":
            profile.path = decoder.text(item, at, "")
        elif key == "delta":
            profile.delta = bool(decoder.boolean(item, at, False))
        elif key == "seconds":
            profile.seconds = decoder.integer(item, at, 0)
        else:
            for sample_type, sample_at in decoder.items(item, at, "[]config.SampleType"):
                for _, text, text_at in decoder.fields(
                    sample_type, sample_at, "config.SampleType", ("type", "unit")
                ):
                    decoder.text(text, text_at, "")
    return profile


def _complete_profiles(job: ScrapeJob) -> None:
    """Merges Parca's own profiles in, then puts the prefix before every path."""
    for name, path in _DEFAULT_PATHS.items():
        profile = job.profiles.get(name)
        if profile is None:
            job.profiles[name] = Profile(True, path, delta=name == _CPU_PROFILE)
            continue
        if profile.enabled is None:
            profile.enabled = True
        profile.path = profile.path or path
    if not job.path_prefix:
        return
    for profile in job.profiles.values():
        if profile is None:
            raise CrashError(f"load: {NIL_POINTER}")
        profile.path = join_path(job.path_prefix, profile.path)


def _check_discoveries(job: ScrapeJob) -> None:
    """The end of readConfigs of Prometheus' discovery."""
    if not all(job.file_discoveries):
        raise RefusedError("empty or null section in file_sd_configs")
    if any(group is None for group in job.groups):
        raise RefusedError("empty or null section in static_configs")


def _check(job: ScrapeJob) -> None:
    """The rest of ScrapeConfig.UnmarshalYAML, in its order."""
    if not job.job_name:
        raise RefusedError("job_name is empty")
    job.client.check()
    if not job.rules:
        _check_targets(job)
    if any(rule is None for rule in job.rules):
        raise RefusedError("empty or null target relabeling rule in scrape config")
    if job.scrape_timeout == 0:
        job.scrape_timeout = to_int64(job.scrape_interval + 3 * SECOND)
    if job.scrape_timeout <= job.scrape_interval:
        raise RefusedError(f"scrape timeout must be greater than the interval: {job.job_name}")
    cpu = job.profiles[_CPU_PROFILE]
    if cpu is not None and cpu.enabled and job.scrape_timeout < 2 * SECOND:
        raise RefusedError(
            f"{_CPU_PROFILE} scrape_timeout must be at least 2 seconds in {job.job_name}"
        )


def _check_targets(job: ScrapeJob) -> None:
    """Runs checkStaticTargets."""
    for group in job.groups:
        for target in group.targets if group is not None else ():
            try:
                check_target_address(target)
            except ValueError as error:
                raise RefusedError(str(error)) from None


def check_unique_names(jobs: List[ScrapeJob]) -> None:
    """ScrapeConfigsValidRule of pkg/config/validation.go.

    Raises:
        RefusedError: two jobs share a name.
    """
    counts = Counter(job.job_name for job in jobs)
    duplicates = sorted(name for name, count in counts.items() if count > 1)
    if duplicates:
        told = ", ".join(duplicates)
        raise RefusedError(f"duplicate job_name found in scrape configs: {told}")
