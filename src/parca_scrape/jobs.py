"""Scrape jobs: what to scrape and how, as Parca loads it (Parca `pkg/config/config.go`).

A class raises for what a charm author got wrong. A `decode_` function leaves out the smallest bad
part of what a remote application published.
"""

from __future__ import annotations

import copy
from dataclasses import InitVar, dataclass
from typing import (
    TYPE_CHECKING,
    Dict,
    Iterable,
    List,
    Mapping,
    Optional,
    Tuple,
    TypedDict,
    Union,
    cast,
)

from parca_scrape._getters import (
    LIST_RULE,
    OBJECT_RULE,
    adopt,
    as_list,
    as_object,
    get_fields,
    get_text,
    read_elements,
)
from parca_scrape._limits import JOBS_RULE, MAX_JOBS, MAX_NAME_LENGTH
from parca_scrape._rules import (
    DEFAULT_INTERVAL_MS,
    DEFAULT_TIMEOUT_MARGIN_MS,
    MAX_INTERVAL_MS,
    MIN_CPU_TIMEOUT_MS,
    SCHEME_RULE,
    parse_duration,
    parse_scheme,
    parse_text,
    replace_controls,
)
from parca_scrape.problems import Findings, InvalidJobError, strict_findings
from parca_scrape.profiling import PprofProfile, ProfilingConfig, decode_profiling
from parca_scrape.static_configs import StaticConfig, decode_static_configs
from parca_scrape.targets import Target
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
DEFAULT_STATIC_CONFIGS = (StaticConfig((Target("*", 80),)),)
HTTP_TLS_RULE = "has no effect over http: set scheme to https"
CONTROL_RULE = "contains control characters, which were replaced by U+FFFD"
SHARED_JOB_NAME_RULE = (
    "another job has the same name: with a consumer older than LIBPATCH 7, Parca refuses its"
    " whole configuration; give each job its own job_name"
)
DURATION_RULE = "must be a duration such as 1m30s"
INTERVAL_RULE = "must be a duration such as 1m30s, above zero and below 292 years"
SHORT_INTERVAL_RULE = (
    "process_cpu cannot be scraped at an interval below 1s: set its seconds, or an interval of 1s"
    " or more"
)


class JobSettings(TypedDict, total=False):
    """The optional settings of a scrape config."""

    scrape_interval: str
    scrape_timeout: str
    scheme: str
    profiling_config: Dict[str, object]
    tls_config: Dict[str, object]


@dataclass(frozen=True)
class Job:
    """A scrape job. Empty text and None stand for Parca's default.

    Raises:
        InvalidJobError: Parca would not load the job or could not use a part of it.
    """

    static_configs: Tuple[StaticConfig, ...] = DEFAULT_STATIC_CONFIGS
    """What to scrape; None for port 80 of every unit, empty for nothing."""
    job_name: str = ""
    """The name of the job within the application; jobs of the same name get numbers."""
    scrape_interval: str = ""
    """A duration such as `1m30s`; Parca's default is 10s."""
    scrape_timeout: str = ""
    """A duration longer than the interval; Parca's default is the interval plus 3s."""
    scheme: str = ""
    """`http` or `https`; Parca's default is http."""
    profiling_config: Optional[ProfilingConfig] = None
    """Which profiles Parca scrapes, and how."""
    tls_config: Optional[TLSConfig] = None
    """The TLS settings."""
    _decoded: InitVar[bool] = False

    if TYPE_CHECKING:  # `__post_init__` makes tuples of what the generated one takes.

        def __init__(
            self,
            static_configs: Optional[Iterable[StaticConfig]] = None,
            job_name: str = "",
            scrape_interval: str = "",
            scrape_timeout: str = "",
            scheme: str = "",
            profiling_config: Optional[ProfilingConfig] = None,
            tls_config: Optional[TLSConfig] = None,
            _decoded: bool = False,
        ) -> None: ...

    def __post_init__(self, _decoded: bool) -> None:
        """Check what a decoder has not checked."""
        if _decoded:
            return
        fields: Dict[str, object] = {name: getattr(self, name) for name in ALLOWED_KEYS}
        static_configs = fields.pop("static_configs")
        if static_configs is not None:
            fields["static_configs"] = tuple(self.static_configs)
        adopt(self, decode_job(fields, strict_findings()), ALLOWED_KEYS)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object]) -> Job:
        """Return the job of a Parca scrape config, for example from a charm's configuration.

        Raises:
            InvalidJobError: Parca would not load it, could not use a part of it, or would never
                see it.
        """
        return decode_job(mapping, strict_findings())

    def settings(self) -> JobSettings:
        """Return the settings other than the name and the static configs, in Parca's form."""
        settings: JobSettings = {}
        if self.scrape_interval:
            settings["scrape_interval"] = self.scrape_interval
        if self.scrape_timeout:
            settings["scrape_timeout"] = self.scrape_timeout
        if self.scheme:
            settings["scheme"] = self.scheme
        if self.profiling_config:
            settings["profiling_config"] = self.profiling_config.as_mapping()
        if self.tls_config:
            settings["tls_config"] = self.tls_config.as_mapping()
        return settings

    def as_mapping(self) -> Dict[str, object]:
        """Return the job as it is published: every target has a port, and nothing is null."""
        static_configs = [config.as_mapping(self.scheme) for config in self.static_configs]
        name = {"job_name": self.job_name} if self.job_name else {}
        return {"static_configs": static_configs, **name, **self.settings()}


OwnJob = Union[Job, Mapping[str, object]]
"""A job that a charm gives, typed or in the form of Parca's scrape configs."""


def list_jobs(jobs: object) -> List[OwnJob]:
    """Return a charm's own jobs, of mappings with the default static configs.

    Raises:
        InvalidJobError: one is neither a mapping nor a `Job`, or a `Job` shares its name.
    """
    unnamed: List[Mapping[str, object]] = [{}]
    jobs = unnamed if jobs is None else jobs
    if not isinstance(jobs, Iterable):
        raise InvalidJobError("jobs", "must be a list of scrape jobs")
    own_jobs: List[OwnJob] = []
    is_typed_by_name: Dict[str, bool] = {}
    for index, job in enumerate(cast("Iterable[object]", jobs)):
        mapping = as_object(job)
        is_typed = isinstance(job, Job)
        if isinstance(job, Job):
            name = job.job_name
            own_jobs.append(job)
        elif mapping is not None:
            name = parse_text(mapping.get("job_name")) or ""
            own_jobs.append({**copy.deepcopy(DEFAULT_JOB), **mapping})
        else:
            raise InvalidJobError(f"jobs[{index}]", "must be a mapping or a Job")
        if name in is_typed_by_name and (is_typed or is_typed_by_name[name]):
            raise InvalidJobError(f"jobs[{index}].job_name", SHARED_JOB_NAME_RULE)
        is_typed_by_name[name] = is_typed
    return own_jobs


def decode_jobs(raw: object, findings: Findings) -> Tuple[Job, ...]:
    """Return the jobs that Parca would load and could use, without their bad parts."""
    elements = as_list(() if raw is None else raw)
    if elements is None:
        findings.error(LIST_RULE)
        return ()
    jobs: List[Job] = []
    for index, element in read_elements(elements, findings):
        if len(jobs) == MAX_JOBS:
            findings.limit(JOBS_RULE)
            break
        try:
            jobs.append(decode_job(element, findings.at(index)))
        except InvalidJobError as error:
            findings.skip(error, "job")
    return tuple(jobs)


def decode_job(raw: object, findings: Findings) -> Job:
    """Return a job without its bad parts; raise `InvalidJobError` if it must be skipped."""
    if isinstance(raw, Job):
        decode_static_configs(raw.static_configs, findings.at("static_configs"))
        return raw
    mapping = as_object(raw)
    if mapping is None:
        raise findings.refusal(OBJECT_RULE)
    if mapping.get("static_configs", ()) is None:
        raise findings.at("static_configs").refusal(LIST_RULE)
    fields = get_fields(mapping, ALLOWED_KEYS, findings)
    scheme = get_scheme(fields, findings)
    static_configs = decode_static_configs(
        fields.get("static_configs", DEFAULT_STATIC_CONFIGS), findings.at("static_configs")
    )
    profiling_config: Optional[ProfilingConfig] = None
    tls_config: Optional[TLSConfig] = None
    if "profiling_config" in fields:
        place = findings.at("profiling_config")
        profiling = decode_profiling(fields["profiling_config"], place)
        profiling_config = profiling if profiling.as_mapping() else None
    if "tls_config" in fields:
        tls = decode_tls(fields["tls_config"], findings.at("tls_config"))
        tls_config = tls if tls.as_mapping() else None
    if tls_config and "https" not in (scheme, *(config.scheme for config in static_configs)):
        findings.at("tls_config").warning(HTTP_TLS_RULE)
    interval, timeout = get_timing(fields, profiling_config, findings)
    return Job(
        static_configs=static_configs,
        job_name=get_name(fields, findings),
        scrape_interval=interval,
        scrape_timeout=timeout,
        scheme=scheme,
        profiling_config=profiling_config,
        tls_config=tls_config,
        _decoded=True,
    )


def get_name(fields: Mapping[str, object], findings: Findings) -> str:
    """Return the name of a job; empty if it has none."""
    name = get_text(fields, "job_name", findings, max_length=MAX_NAME_LENGTH, lossy=True)
    printable = replace_controls(name)
    if printable != name:
        findings.at("job_name").warning(CONTROL_RULE)
    return printable


def get_scheme(fields: Mapping[str, object], findings: Findings) -> str:
    """Return the scheme of a job; raise `InvalidJobError` for one that Parca does not speak."""
    value = fields.get("scheme", "")
    scheme = "" if value == "" else parse_scheme(parse_text(value) or "")
    if scheme is None:
        raise findings.at("scheme").refusal(SCHEME_RULE)
    return scheme


def get_timing(
    fields: Mapping[str, object], profiling_config: Optional[ProfilingConfig], findings: Findings
) -> Tuple[str, str]:
    """Return the interval and the timeout of a job; empty for Parca's defaults.

    A timeout must be above the interval, the opposite of Prometheus. An interval of zero kills the
    server (Parca `pkg/scrape/target.go`, `offset`).
    """
    interval = get_text(fields, "scrape_interval", findings)
    interval_ms = parse_duration(interval) if interval else DEFAULT_INTERVAL_MS
    if interval_ms is None or not 0 < interval_ms <= MAX_INTERVAL_MS:
        findings.at("scrape_interval").error(INTERVAL_RULE)
        interval, interval_ms = "", DEFAULT_INTERVAL_MS

    cpu_profile = profiling_config.cpu_profile() if profiling_config else None
    is_cpu_on = cpu_profile is None or cpu_profile.enabled is not False
    timeout = get_text(fields, "scrape_timeout", findings)
    timeout_ms = parse_duration(timeout) if timeout else 0
    rule = ""
    if timeout_ms is None:
        rule = DURATION_RULE
    elif 0 < timeout_ms <= interval_ms:
        rule = "must be longer than scrape_interval, which is 10s unless it is set"
    elif 0 < timeout_ms < MIN_CPU_TIMEOUT_MS and is_cpu_on:
        rule = "must be 2s or more while process_cpu is enabled"
    if rule:
        findings.at("scrape_timeout").error(rule)
    if rule or not timeout_ms:
        timeout, timeout_ms = "", interval_ms + DEFAULT_TIMEOUT_MARGIN_MS

    if is_cpu_on:
        warn_of_cpu_profile(cpu_profile, interval_ms, timeout_ms, findings)
    return interval, timeout


def warn_of_cpu_profile(
    cpu_profile: Optional[PprofProfile], interval_ms: int, timeout_ms: int, findings: Findings
) -> None:
    """Warn of a CPU profile that gets no answer in time.

    Go records for 30 seconds when it is asked for none (`net/http/pprof`, `Profile`). Parca asks
    for seconds only with `delta: true` (`pkg/scrape/target.go`, `targetsFromGroup`).
    """
    seconds = (cpu_profile and cpu_profile.seconds) or interval_ms // 1_000
    if cpu_profile is None:
        if seconds == 0:
            findings.at("scrape_interval").warning(SHORT_INTERVAL_RULE)
        return
    place = findings.at("profiling_config").at("pprof_config").at("process_cpu")
    if not cpu_profile.delta:
        place.warning("records for 30s unless delta is true: set delta: true")
    elif seconds == 0:
        place.warning(SHORT_INTERVAL_RULE)
    elif seconds * 1_000 >= timeout_ms:
        place.warning("must record for fewer seconds than scrape_timeout allows")
