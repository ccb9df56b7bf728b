"""What Parca asks of its targets: profiles, paths and durations (Parca `pkg/config/config.go`)."""

from __future__ import annotations

import json
from dataclasses import InitVar, dataclass
from typing import TYPE_CHECKING, Dict, Iterable, List, Mapping, Optional, Tuple, Union

from parca_scrape._getters import (
    LIST_RULE,
    OBJECT_RULE,
    Pairs,
    adopt,
    as_list,
    as_object,
    get_boolean,
    get_fields,
    get_object,
    get_text,
    read_elements,
)
from parca_scrape._limits import MAX_NAME_LENGTH, MAX_PROFILES, PROFILES_RULE, Price, size_of
from parca_scrape._rules import CPU_PROFILE, STANDARD_PROFILES, is_profile_name, parse_seconds
from parca_scrape.problems import Findings, strict_findings

PROFILE_FIELDS = frozenset({"enabled", "path", "delta", "seconds", "keep_sample_type"})
SAMPLE_TYPE_FIELDS = frozenset({"type", "unit"})
PROFILING_FIELDS = frozenset({"path_prefix", "pprof_config"})
PROFILE_NAME_RULE = (
    "the name of a custom profile must contain only letters (a-z, A-Z), digits, _ and :, must not"
    " begin with a digit, and must not be trace: Parca cannot store such a profile"
)
SAMPLE_TYPE_RULE = "must have both a type and a unit: one alone matches no sample"


@dataclass(frozen=True)
class PprofProfile:
    """A profile that Parca scrapes from its targets. None and empty text stand for its default.

    Raises:
        InvalidJobError: Parca would not load the settings.
    """

    enabled: Optional[bool] = None
    """Parca's default: its five standard profiles are enabled, others are not."""
    path: str = ""
    """Path of the profile at the target, for example `/debug/pprof/allocs`."""
    delta: Optional[bool] = None
    """Whether the target is asked to record for `seconds`."""
    seconds: Optional[int] = None
    """How many seconds the target records; zero stands for the scrape interval."""
    keep_sample_type: Optional[Tuple[Pairs, ...]] = None
    """The only samples to keep, each as pairs of `type` and `unit`; None or empty keeps all."""
    _decoded: InitVar[bool] = False

    if TYPE_CHECKING:  # `__post_init__` makes tuples of what the generated one takes.

        def __init__(
            self,
            enabled: Optional[bool] = None,
            path: str = "",
            delta: Optional[bool] = None,
            seconds: Optional[int] = None,
            keep_sample_type: Optional[Iterable[Union[Mapping[str, str], Pairs]]] = None,
            _decoded: bool = False,
        ) -> None: ...

    def __post_init__(self, _decoded: bool) -> None:
        """Check what a decoder has not checked."""
        if _decoded:
            return
        fields = {name: getattr(self, name) for name in PROFILE_FIELDS}
        if self.keep_sample_type is not None:
            fields["keep_sample_type"] = [dict(kept) for kept in self.keep_sample_type]
        adopt(self, decode_profile(fields, strict_findings()), PROFILE_FIELDS)

    def as_mapping(self) -> Dict[str, object]:
        """Return what is set, in the form of Parca's configuration."""
        kept = self.keep_sample_type
        fields: Dict[str, object] = {
            "enabled": self.enabled,
            "path": self.path or None,
            "delta": self.delta,
            "seconds": self.seconds,
            "keep_sample_type": None if kept is None else [dict(pairs) for pairs in kept],
        }
        return {key: value for key, value in fields.items() if value is not None}


@dataclass(frozen=True)
class ProfilingConfig:
    """The profiles of a scrape job, and a prefix for their paths.

    Raises:
        InvalidJobError: Parca would not load them, or would never scrape a profile.
    """

    path_prefix: str = ""
    pprof_config: Tuple[Tuple[str, PprofProfile], ...] = ()
    """Pairs of a profile's name and its settings; other profiles keep Parca's defaults."""
    _decoded: InitVar[bool] = False

    if TYPE_CHECKING:  # `__post_init__` makes tuples of what the generated one takes.

        def __init__(
            self,
            path_prefix: str = "",
            pprof_config: Union[
                Mapping[str, PprofProfile], Tuple[Tuple[str, PprofProfile], ...]
            ] = (),
            _decoded: bool = False,
        ) -> None: ...

    def __post_init__(self, _decoded: bool) -> None:
        """Check what a decoder has not checked."""
        if not _decoded:
            fields = {"path_prefix": self.path_prefix, "pprof_config": dict(self.pprof_config)}
            adopt(self, decode_profiling(fields, strict_findings()), PROFILING_FIELDS)

    def as_mapping(self) -> Dict[str, object]:
        """Return what is set, in the form of Parca's configuration."""
        profiles = {name: profile.as_mapping() for name, profile in self.pprof_config}
        fields: Dict[str, object] = {"path_prefix": self.path_prefix, "pprof_config": profiles}
        return {key: value for key, value in fields.items() if value}

    def price(self) -> Price:
        """Return what each target costs Parca."""
        enabled = {**dict.fromkeys(STANDARD_PROFILES, True)}
        settings_size = 0
        for name, profile in self.pprof_config:
            is_standard = name in STANDARD_PROFILES
            enabled[name] = is_standard if profile.enabled is None else profile.enabled
            settings_size += size_of(json.dumps((profile.path, profile.keep_sample_type)))
        scraped = sum(enabled.values())
        return Price(scraped, settings_size + scraped * size_of(self.path_prefix))

    def cpu_profile(self) -> Optional[PprofProfile]:
        """Return the settings of the CPU profile; None for Parca's own."""
        return dict(self.pprof_config).get(CPU_PROFILE)


def decode_profiling(raw: object, findings: Findings) -> ProfilingConfig:
    """Return a `profiling_config` without its bad parts."""
    if isinstance(raw, ProfilingConfig):
        return raw
    fields = get_fields(get_object(raw, findings), PROFILING_FIELDS, findings)
    return ProfilingConfig(
        pprof_config=get_profiles(fields, findings.at("pprof_config")),
        path_prefix=get_text(fields, "path_prefix", findings, lossy=True),
        _decoded=True,
    )


def get_profiles(
    fields: Mapping[str, object], findings: Findings
) -> Tuple[Tuple[str, PprofProfile], ...]:
    """Return the name and the settings of each profile of which something is left.

    A null kills Parca for any profile but its standard ones (`pkg/config/config.go`: it merges
    its defaults into those alone).
    """
    profiles: List[Tuple[str, PprofProfile]] = []
    for name, raw in get_object(fields.get("pprof_config", {}), findings).items():
        place = findings.at(name)
        is_standard = name in STANDARD_PROFILES
        if not is_standard and not (is_profile_name(name) and len(name) <= MAX_NAME_LENGTH):
            place.error(PROFILE_NAME_RULE)
            continue
        if len(profiles) == MAX_PROFILES:
            findings.error(PROFILES_RULE)
            break
        profile = None if raw is None and is_standard else decode_profile(raw, place)
        if profile is None:
            continue
        if not is_standard and profile.enabled is None:
            place.warning("never scraped: a custom profile needs enabled: true")
        elif not is_standard and profile.enabled and not profile.path:
            place.warning("scraped from /: a custom profile needs a path")
        profiles.append((name, profile))
    return tuple((name, profile) for name, profile in profiles if profile.as_mapping())


def decode_profile(raw: object, findings: Findings) -> Optional[PprofProfile]:
    """Return the settings of a profile without their bad parts; None if they are no object."""
    if isinstance(raw, PprofProfile):
        return raw
    mapping = as_object({} if raw == "" else raw)
    if mapping is None:
        findings.error(OBJECT_RULE)
        return None
    fields = get_fields(mapping, PROFILE_FIELDS, findings)
    return PprofProfile(
        seconds=get_seconds(fields, findings),
        keep_sample_type=get_sample_types(fields, findings),
        enabled=get_boolean(fields, "enabled", findings),
        path=get_text(fields, "path", findings, lossy=True),
        delta=get_boolean(fields, "delta", findings),
        _decoded=True,
    )


def get_seconds(fields: Mapping[str, object], findings: Findings) -> Optional[int]:
    """Return the `seconds` of a profile; None if there are none."""
    value = fields.get("seconds", "")
    seconds = parse_seconds(value)
    if seconds is None and value != "":
        findings.at("seconds").error("must be a whole number of seconds, 0 or more")
    return seconds


def get_sample_types(
    profile: Mapping[str, object], findings: Findings
) -> Optional[Tuple[Pairs, ...]]:
    """Return the `keep_sample_type` of a profile; None if there is none, or if all is bad."""
    raw = profile.get("keep_sample_type", "")
    if raw == "":
        return None
    findings = findings.at("keep_sample_type")
    elements = as_list(raw)
    if elements is None:
        findings.error(LIST_RULE)
        return None
    kept: List[Pairs] = []
    for index, element in read_elements(elements, findings):
        place = findings.at(index)
        fields = get_fields(get_object(element, place), SAMPLE_TYPE_FIELDS, place)
        pairs = tuple((key, get_text(fields, key, place)) for key in fields)
        if len(list(filter(all, pairs))) == len(SAMPLE_TYPE_FIELDS):
            kept.append(pairs)
        elif fields:
            place.error(SAMPLE_TYPE_RULE)
    return tuple(kept) if kept or not elements else None
