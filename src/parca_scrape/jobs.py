"""Scrape jobs: what to scrape and how, as Parca will load it.

Each class takes what a charm author writes and raises at once; each `decode_` function takes what
a remote application published, and leaves out the smallest bad part. Both go through the same
checks. Source of the rules: Parca `pkg/config/config.go`.
"""

from __future__ import annotations

import copy
from typing import Dict, Iterable, List, Mapping, Optional, Tuple, Union, cast

from parca_scrape._getters import (
    LIST_RULE,
    OBJECT_RULE,
    as_list,
    as_object,
    build,
    get_fields,
    get_text,
)
from parca_scrape._rules import (
    DEFAULT_INTERVAL_MS,
    DEFAULT_TIMEOUT_MARGIN_MS,
    MAX_INTERVAL_MS,
    MIN_CPU_TIMEOUT_MS,
    SCHEME_RULE,
    parse_duration,
    parse_scheme,
    parse_text,
)
from parca_scrape.frozen import dataclass
from parca_scrape.problems import Findings, InvalidJobError
from parca_scrape.profiling import PprofProfile, ProfilingConfig, decode_profiling
from parca_scrape.static_configs import StaticConfig, check_static_configs
from parca_scrape.tls import TLSConfig, decode_tls

ALLOWED_KEYS = {
    "job_name",
    "static_configs",
    "scrape_interval",
    "scrape_timeout",
    "scheme",
    "profiling_config",
    "tls_config",
}
DEFAULT_JOB = {"static_configs": [{"targets": ["*:80"]}]}
MAX_JOBS = 10_000
DURATION_RULE = "must be a duration such as 1m30s"
INTERVAL_RULE = "must be a duration such as 1m30s, above zero and below 292 years"
SHORT_INTERVAL_RULE = "under 1s the profile process_cpu gets no answer: set its seconds, or 1s"


@dataclass(frozen=True, init=False)
class Job:
    """A scrape job. Empty text and None stand for Parca's default."""

    static_configs: Tuple[StaticConfig, ...]
    job_name: str
    """Names the job within the application; two jobs of one name get numbers."""
    scrape_interval: str
    """A duration such as `1m30s`; Parca's default is 10s."""
    scrape_timeout: str
    """A duration above the interval; Parca's default is the interval and 3s."""
    scheme: str
    """`http` or `https`; Parca's default is http."""
    profiling_config: Optional[ProfilingConfig]
    tls_config: Optional[TLSConfig]

    def __init__(
        self,
        static_configs: Optional[Iterable[StaticConfig]] = None,
        job_name: str = "",
        scrape_interval: str = "",
        scrape_timeout: str = "",
        scheme: str = "",
        profiling_config: Optional[ProfilingConfig] = None,
        tls_config: Optional[TLSConfig] = None,
    ) -> None:
        """Check and take the settings of a job.

        Args:
            static_configs: what to scrape; None for port 80 of each unit, empty for nothing.
            job_name: the job's name within the application.
            scrape_interval: a duration such as `1m30s`.
            scrape_timeout: a duration above the interval.
            scheme: `http` or `https`.
            profiling_config: which profiles to ask for.
            tls_config: how to speak TLS.

        Raises:
            InvalidJobError: Parca would not load the job or could not use a part of it.
        """
        fields: Dict[str, object] = {
            "job_name": job_name,
            "scrape_interval": scrape_interval,
            "scrape_timeout": scrape_timeout,
            "scheme": scheme,
        }
        if static_configs is not None:
            fields["static_configs"] = list(static_configs)
        if profiling_config is not None:
            fields["profiling_config"] = profiling_config
        if tls_config is not None:
            fields["tls_config"] = tls_config
        findings = Findings()
        try:
            self.__dict__.update(check_job(fields, "", findings))
        finally:
            findings.raise_first()

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object]) -> Job:
        """Make a job of a Parca scrape config, for example out of a charm's configuration.

        Raises:
            InvalidJobError: Parca would not load it, could not use a part of it, or would never
                see it.
        """
        findings = Findings()
        try:
            return decode_job(mapping, "", findings)
        finally:
            findings.raise_first()

    def settings(self) -> Dict[str, object]:
        """Give all that is set but name and static configs, in Parca's form."""
        fields: Dict[str, object] = {
            "scrape_interval": self.scrape_interval,
            "scrape_timeout": self.scrape_timeout,
            "scheme": self.scheme,
            "profiling_config": self.profiling_config and self.profiling_config.as_mapping(),
            "tls_config": self.tls_config and self.tls_config.as_mapping(),
        }
        return {key: value for key, value in fields.items() if value}

    def as_mapping(self) -> Dict[str, object]:
        """Give the job as it is published: every target has a port, and nothing is null."""
        static_configs = [config.as_mapping(self.scheme) for config in self.static_configs]
        name = {"job_name": self.job_name} if self.job_name else {}
        return {"static_configs": static_configs, **name, **self.settings()}


def take_jobs(jobs: object) -> List[Union[Job, Dict[str, object]]]:
    """Take a charm's own jobs: of mappings the known keys, in the form in which they go out.

    Args:
        jobs: an iterable of jobs and mappings; None for the default job.

    Raises:
        InvalidJobError: it is something else, or one of its items is.
    """
    unnamed: List[Mapping[str, object]] = [{}]
    jobs = unnamed if jobs is None else jobs
    if not isinstance(jobs, Iterable):
        raise InvalidJobError("jobs", "must be a list of scrape jobs")
    taken: List[Union[Job, Dict[str, object]]] = []
    for index, job in enumerate(cast("Iterable[object]", jobs)):
        mapping = as_object(job)
        if isinstance(job, Job):
            taken.append(job)
        elif mapping is not None:
            known = {str(key): value for key, value in mapping.items() if key in ALLOWED_KEYS}
            taken.append({**copy.deepcopy(DEFAULT_JOB), **known})
        else:
            raise InvalidJobError(f"jobs[{index}]", "must be a mapping or a Job")
    return taken


def decode_jobs(raw: object, path: str, findings: Findings) -> Tuple[Job, ...]:
    """Read a list of jobs; what Parca would not load or could not use is left out."""
    elements = as_list(raw)
    if elements is None:
        findings.error(path, LIST_RULE)
        return ()
    jobs: List[Job] = []
    for index, element in enumerate(elements):
        if len(jobs) == MAX_JOBS:
            findings.error(f"{path}[{index}]", f"more than {MAX_JOBS} jobs: the rest is left out")
            break
        try:
            jobs.append(decode_job(element, f"{path}[{index}]", findings))
        except InvalidJobError as error:
            findings.error(error.path, f"{error.rule} (so the job is left out)")
    return tuple(jobs)


def decode_job(raw: object, path: str, findings: Findings) -> Job:
    """Read a job, without its bad parts.

    Raises:
        InvalidJobError: the job must be left out whole.
    """
    mapping = as_object(raw)
    if mapping is None:
        raise InvalidJobError(path, OBJECT_RULE)
    if mapping.get("static_configs", ()) is None:
        raise InvalidJobError(f"{path}.static_configs", LIST_RULE)
    fields = get_fields(mapping, ALLOWED_KEYS, path, findings)
    return build(Job, **check_job(fields, path, findings))


def check_job(fields: Mapping[str, object], path: str, findings: Findings) -> Dict[str, object]:
    """Give what Parca accepts of a job, as the fields of the dataclass.

    Raises:
        InvalidJobError: nothing of the job can be served.
    """
    scheme = ""
    if fields.get("scheme", "") != "":
        known_scheme = parse_scheme(parse_text(fields["scheme"]) or "")
        if known_scheme is None:
            raise InvalidJobError(f"{path}.scheme", SCHEME_RULE)
        scheme = known_scheme
    static_configs = check_static_configs(
        fields.get("static_configs", DEFAULT_JOB["static_configs"]),
        path,
        findings,
    )
    profiling = tls = None
    if "profiling_config" in fields:
        profiling_path = f"{path}.profiling_config"
        profiling = decode_profiling(fields["profiling_config"], profiling_path, findings)
    if "tls_config" in fields:
        tls = decode_tls(fields["tls_config"], f"{path}.tls_config", findings)
    cpu_profile = profiling.cpu_profile() if profiling else None
    interval, timeout = check_timing(fields, cpu_profile, path, findings)
    return {
        "static_configs": static_configs,
        "job_name": get_text(fields, "job_name", path, findings, lossy=True),
        "scrape_interval": interval,
        "scrape_timeout": timeout,
        "scheme": scheme,
        "profiling_config": profiling,
        "tls_config": tls,
    }


def check_timing(
    fields: Mapping[str, object],
    cpu_profile: Optional[PprofProfile],
    path: str,
    findings: Findings,
) -> Tuple[str, str]:
    """Give what Parca accepts of interval and timeout.

    A timeout must be above the interval, the opposite of Prometheus; an interval of zero kills
    the server (Parca `pkg/scrape/target.go`, `offset`).
    """
    interval = get_text(fields, "scrape_interval", path, findings)
    interval_ms = parse_duration(interval) if interval else DEFAULT_INTERVAL_MS
    if interval_ms is None or not 0 < interval_ms <= MAX_INTERVAL_MS:
        findings.error(f"{path}.scrape_interval", INTERVAL_RULE)
        interval, interval_ms = "", DEFAULT_INTERVAL_MS

    is_cpu_on = cpu_profile is None or cpu_profile.enabled is not False
    timeout = get_text(fields, "scrape_timeout", path, findings)
    timeout_ms = parse_duration(timeout) if timeout else 0
    rule = ""
    if timeout_ms is None:
        rule = DURATION_RULE
    elif 0 < timeout_ms <= interval_ms:
        rule = "must be above the scrape_interval, or Parca's 10s for it"
    elif 0 < timeout_ms < MIN_CPU_TIMEOUT_MS and is_cpu_on:
        rule = "must be 2s or more while the profile process_cpu is on"
    if rule:
        findings.error(f"{path}.scrape_timeout", rule)
    if rule or not timeout_ms:
        timeout, timeout_ms = "", interval_ms + DEFAULT_TIMEOUT_MARGIN_MS

    if is_cpu_on:
        check_cpu_profile(cpu_profile, interval_ms, timeout_ms, path, findings)
    return interval, timeout


def check_cpu_profile(
    cpu_profile: Optional[PprofProfile],
    interval_ms: int,
    timeout_ms: int,
    path: str,
    findings: Findings,
) -> None:
    """Warn of a CPU profile that gets no answer in time.

    Go records for 30 seconds when it is asked for none (`net/http/pprof`, `Profile`); Parca asks
    for seconds only with `delta: true` (`pkg/scrape/target.go`, `targetsFromGroup`).
    """
    seconds = (cpu_profile and cpu_profile.seconds) or interval_ms // 1_000
    if cpu_profile is None:
        if seconds == 0:
            findings.warning(f"{path}.scrape_interval", SHORT_INTERVAL_RULE)
        return
    cpu_path = f"{path}.profiling_config.pprof_config.process_cpu"
    if not cpu_profile.delta:
        findings.warning(cpu_path, "without delta: true it records for 30s: set delta to true")
    elif seconds == 0:
        findings.warning(cpu_path, SHORT_INTERVAL_RULE)
    elif seconds * 1_000 >= timeout_ms:
        findings.warning(cpu_path, "must record for fewer seconds than the scrape_timeout")
