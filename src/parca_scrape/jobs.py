"""Scrape jobs: what to scrape and how, as Parca will load it.

The classes take what a charm author writes, and raise at once. The `decode_` functions take what a
remote application published, and leave out the smallest bad part. Both use the same getters.
Source of the rules: Parca `pkg/config/config.go`.
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
    as_list,
    as_object,
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
from parca_scrape.problems import STRICT, Findings, InvalidJobError
from parca_scrape.profiling import ProfilingConfig, decode_profiling
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
MAX_JOBS = 10_000
DURATION_RULE = "must be a duration such as 1m30s"
INTERVAL_RULE = "must be a duration such as 1m30s, above zero and below 292 years"
SHORT_INTERVAL_RULE = (
    "process_cpu gets no answer in time below 1s: set its seconds, or an interval of 1s or more"
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

    Args:
        static_configs: what to scrape; None for port 80 of every unit, empty for nothing.
        job_name: the name of the job within the application.
        scrape_interval: a duration such as `1m30s`.
        scrape_timeout: a duration above the interval.
        scheme: `http` or `https`.
        profiling_config: which profiles to ask for.
        tls_config: how to speak TLS.
        lenient: whether to accept what Parca loads but what is probably not as intended, as in
            the jobs of others.

    Raises:
        InvalidJobError: Parca would not load the job or could not use a part of it.
    """

    static_configs: Tuple[StaticConfig, ...] = DEFAULT_STATIC_CONFIGS
    job_name: str = ""
    """The name of the job within the application; jobs of the same name get numbers."""
    scrape_interval: str = ""
    """A duration such as `1m30s`; Parca's default is 10s."""
    scrape_timeout: str = ""
    """A duration above the interval; Parca's default is the interval plus 3s."""
    scheme: str = ""
    """`http` or `https`; Parca's default is http."""
    profiling_config: Optional[ProfilingConfig] = None
    tls_config: Optional[TLSConfig] = None
    lenient: InitVar[bool] = False

    if TYPE_CHECKING:  # `__post_init__` makes the fields of what may be given for them.

        def __init__(
            self,
            static_configs: Optional[Iterable[StaticConfig]] = None,
            job_name: str = "",
            scrape_interval: str = "",
            scrape_timeout: str = "",
            scheme: str = "",
            profiling_config: Optional[ProfilingConfig] = None,
            tls_config: Optional[TLSConfig] = None,
            lenient: bool = False,
        ) -> None: ...

    def __post_init__(self, lenient: bool) -> None:
        """Check the settings, and make them immutable."""
        fields: Dict[str, object] = dict(vars(self))
        given = fields["static_configs"]
        if given is None:
            fields["static_configs"] = DEFAULT_STATIC_CONFIGS
        elif isinstance(given, Iterable):
            fields["static_configs"] = tuple(cast("Iterable[object]", given))
        object.__setattr__(self, "scheme", get_scheme(fields, STRICT))
        object.__setattr__(self, "static_configs", get_static_configs(fields, STRICT))
        object.__setattr__(self, "profiling_config", get_profiling_config(fields, STRICT))
        object.__setattr__(self, "tls_config", get_tls_config(fields, STRICT))
        is_cpu_on = is_cpu_profile_on(self.profiling_config)
        interval, timeout = get_timing(fields, STRICT, is_cpu_on=is_cpu_on)
        object.__setattr__(self, "scrape_interval", interval)
        object.__setattr__(self, "scrape_timeout", timeout)
        object.__setattr__(self, "job_name", get_text(fields, "job_name", STRICT, lossy=True))
        if is_cpu_on and not lenient:
            warn_of_cpu_profile(self, STRICT)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object]) -> Job:
        """Return the job of a Parca scrape config, for example from a charm's configuration.

        Raises:
            InvalidJobError: Parca would not load it, could not use a part of it, or would never
                see it.
        """
        return decode_job(mapping, STRICT)

    def settings(self) -> JobSettings:
        """Return what is set apart from the name and the static configs, in Parca's form."""
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


def list_jobs(jobs: object) -> List[Union[Job, Dict[str, object]]]:
    """Return a charm's own jobs: of mappings the known keys, in the order of their publication.

    Args:
        jobs: an iterable of jobs and mappings; None for the default job.

    Raises:
        InvalidJobError: it is something else, or one of its items is.
    """
    unnamed: List[Mapping[str, object]] = [{}]
    jobs = unnamed if jobs is None else jobs
    if not isinstance(jobs, Iterable):
        raise InvalidJobError("jobs", "must be a list of scrape jobs")
    own_jobs: List[Union[Job, Dict[str, object]]] = []
    for index, job in enumerate(cast("Iterable[object]", jobs)):
        mapping = as_object(job)
        if isinstance(job, Job):
            own_jobs.append(job)
        elif mapping is not None:
            known = {key: value for key, value in mapping.items() if key in ALLOWED_KEYS}
            own_jobs.append({**copy.deepcopy(DEFAULT_JOB), **known})
        else:
            raise InvalidJobError(f"jobs[{index}]", "must be a mapping or a Job")
    return own_jobs


def decode_jobs(raw: object, findings: Findings) -> Tuple[Job, ...]:
    """Return the jobs that Parca would load and could use, without their bad parts."""
    elements = as_list(() if raw is None else raw)
    if elements is None:
        findings.error(LIST_RULE)
        return ()
    jobs: List[Job] = []
    for index, element in enumerate(elements):
        place = findings.at(index)
        if len(jobs) == MAX_JOBS:
            place.error(f"more than {MAX_JOBS} jobs: the rest are skipped")
            break
        try:
            jobs.append(decode_job(element, place))
        except InvalidJobError as error:
            findings.skip(error, "job")
    return tuple(jobs)


def decode_job(raw: object, findings: Findings) -> Job:
    """Return a job without its bad parts.

    Raises:
        InvalidJobError: nothing of it can be scraped.
    """
    if isinstance(raw, Job):
        return raw
    mapping = as_object(raw)
    if mapping is None:
        raise findings.refusal(OBJECT_RULE)
    if mapping.get("static_configs", ()) is None:
        raise findings.at("static_configs").refusal(LIST_RULE)
    fields = get_fields(mapping, ALLOWED_KEYS, findings)
    scheme = get_scheme(fields, findings)
    static_configs = get_static_configs(fields, findings)
    profiling_config = get_profiling_config(fields, findings)
    tls_config = get_tls_config(fields, findings)
    is_cpu_on = is_cpu_profile_on(profiling_config)
    interval, timeout = get_timing(fields, findings, is_cpu_on=is_cpu_on)
    job = Job(
        static_configs=static_configs,
        job_name=get_text(fields, "job_name", findings, lossy=True),
        scrape_interval=interval,
        scrape_timeout=timeout,
        scheme=scheme,
        profiling_config=profiling_config,
        tls_config=tls_config,
        lenient=True,
    )
    if is_cpu_on:
        warn_of_cpu_profile(job, findings)
    return job


def get_scheme(fields: Mapping[str, object], findings: Findings) -> str:
    """Return the scheme of a job; empty if there is none.

    Raises:
        InvalidJobError: Parca cannot scrape over it; any other would scrape the wrong thing.
    """
    value = fields.get("scheme", "")
    if value == "":
        return ""
    scheme = parse_scheme(parse_text(value) or "")
    if scheme is None:
        raise findings.at("scheme").refusal(SCHEME_RULE)
    return scheme


def get_static_configs(
    fields: Mapping[str, object], findings: Findings
) -> Tuple[StaticConfig, ...]:
    """Return the static configs of a job; those of the default job if there are none.

    Raises:
        InvalidJobError: they are no list, or all of them are bad.
    """
    raw = fields.get("static_configs", DEFAULT_STATIC_CONFIGS)
    return decode_static_configs(raw, findings.at("static_configs"))


def get_profiling_config(
    fields: Mapping[str, object], findings: Findings
) -> Optional[ProfilingConfig]:
    """Return the profiles of a job; None for Parca's defaults."""
    raw = fields.get("profiling_config")
    return None if raw is None else decode_profiling(raw, findings.at("profiling_config"))


def get_tls_config(fields: Mapping[str, object], findings: Findings) -> Optional[TLSConfig]:
    """Return the TLS settings of a job; None for Parca's defaults."""
    raw = fields.get("tls_config")
    return None if raw is None else decode_tls(raw, findings.at("tls_config"))


def is_cpu_profile_on(profiling_config: Optional[ProfilingConfig]) -> bool:
    """Return whether Parca scrapes CPU profiles, as it does unless they are disabled."""
    cpu_profile = profiling_config.cpu_profile() if profiling_config else None
    return cpu_profile is None or cpu_profile.enabled is not False


def get_timing(
    fields: Mapping[str, object], findings: Findings, *, is_cpu_on: bool
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
    return interval, "" if rule or not timeout_ms else timeout


def warn_of_cpu_profile(job: Job, findings: Findings) -> None:
    """Warn of a CPU profile that gets no answer in time.

    Go records for 30 seconds when it is asked for none (`net/http/pprof`, `Profile`). Parca asks
    for seconds only with `delta: true` (`pkg/scrape/target.go`, `targetsFromGroup`).
    """
    interval_ms = parse_duration(job.scrape_interval) or DEFAULT_INTERVAL_MS
    cpu_profile = job.profiling_config.cpu_profile() if job.profiling_config else None
    seconds = (cpu_profile and cpu_profile.seconds) or interval_ms // 1_000
    if cpu_profile is None:
        if seconds == 0:
            findings.at("scrape_interval").warning(SHORT_INTERVAL_RULE)
        return
    timeout_ms = parse_duration(job.scrape_timeout) or interval_ms + DEFAULT_TIMEOUT_MARGIN_MS
    place = findings.at("profiling_config").at("pprof_config").at("process_cpu")
    if not cpu_profile.delta:
        place.warning("records for 30s unless delta is true: set delta: true")
    elif seconds == 0:
        place.warning(SHORT_INTERVAL_RULE)
    elif seconds * 1_000 >= timeout_ms:
        place.warning("must record for fewer seconds than scrape_timeout allows")
