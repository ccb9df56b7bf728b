"""What Parca asks of its targets: the profiles, their paths and durations.

Source: Parca `pkg/config/config.go`, `ProfilingConfig` and `PprofProfilingConfig`.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from typing import TYPE_CHECKING, Dict, Iterable, List, Mapping, Optional, Tuple, Union

from parca_scrape._getters import (
    LIST_RULE,
    OBJECT_RULE,
    UTF8_RULE,
    Pairs,
    as_list,
    as_object,
    get_boolean,
    get_fields,
    get_object,
    get_text,
)
from parca_scrape._rules import CPU_PROFILE, STANDARD_PROFILES, is_utf8, parse_seconds
from parca_scrape.problems import STRICT, Findings

PROFILE_FIELDS = frozenset({"enabled", "path", "delta", "seconds", "keep_sample_type"})
SAMPLE_TYPE_FIELDS = frozenset({"type", "unit"})
PROFILING_FIELDS = frozenset({"path_prefix", "pprof_config"})


@dataclass(frozen=True)
class PprofProfile:
    """One profile that Parca asks of its targets. None and empty text stand for its default.

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

    if TYPE_CHECKING:  # `__post_init__` makes the fields of what may be given for them.

        def __init__(
            self,
            enabled: Optional[bool] = None,
            path: str = "",
            delta: Optional[bool] = None,
            seconds: Optional[int] = None,
            keep_sample_type: Optional[Iterable[Union[Mapping[str, str], Pairs]]] = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        """Check the settings, and make them immutable."""
        fields = dict(vars(self))
        if self.keep_sample_type is not None:
            fields["keep_sample_type"] = [dict(kept) for kept in self.keep_sample_type]
        object.__setattr__(self, "enabled", get_boolean(fields, "enabled", STRICT))
        object.__setattr__(self, "path", get_text(fields, "path", STRICT, lossy=True))
        object.__setattr__(self, "delta", get_boolean(fields, "delta", STRICT))
        object.__setattr__(self, "seconds", get_seconds(fields, STRICT))
        object.__setattr__(self, "keep_sample_type", get_sample_types(fields, STRICT))

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
    lenient: InitVar[bool] = False
    """Whether profiles may be probably not as intended, as those of others may."""

    if TYPE_CHECKING:  # `__post_init__` makes the fields of what may be given for them.

        def __init__(
            self,
            path_prefix: str = "",
            pprof_config: Union[
                Mapping[str, PprofProfile], Tuple[Tuple[str, PprofProfile], ...]
            ] = (),
            lenient: bool = False,
        ) -> None: ...

    def __post_init__(self, lenient: bool) -> None:
        """Check prefix and profiles, and make them immutable."""
        findings = Findings(refuses=("error",)) if lenient else STRICT
        profiles = decode_profiles(dict(self.pprof_config), findings.at("pprof_config"))
        object.__setattr__(self, "pprof_config", profiles)
        prefix = get_text(vars(self), "path_prefix", findings, lossy=True)
        object.__setattr__(self, "path_prefix", prefix)

    def as_mapping(self) -> Dict[str, object]:
        """Return what is set, in the form of Parca's configuration."""
        profiles = {name: profile.as_mapping() for name, profile in self.pprof_config}
        fields: Dict[str, object] = {"path_prefix": self.path_prefix, "pprof_config": profiles}
        return {key: value for key, value in fields.items() if value}

    def cpu_profile(self) -> Optional[PprofProfile]:
        """Return the settings of the CPU profile; None for Parca's own."""
        return dict(self.pprof_config).get(CPU_PROFILE)


def decode_profiling(raw: object, findings: Findings) -> Optional[ProfilingConfig]:
    """Return a `profiling_config` without its bad parts; None if nothing is left of it."""
    if isinstance(raw, ProfilingConfig):
        profiling_config = raw
    else:
        fields = get_fields(get_object(raw, findings), PROFILING_FIELDS, findings)
        profiles = decode_profiles(fields.get("pprof_config", {}), findings.at("pprof_config"))
        profiling_config = ProfilingConfig(
            path_prefix=get_text(fields, "path_prefix", findings, lossy=True),
            pprof_config=profiles,
            lenient=True,
        )
    return profiling_config if profiling_config.as_mapping() else None


def decode_profiles(raw: object, findings: Findings) -> Tuple[Tuple[str, PprofProfile], ...]:
    """Return the name and the settings of each profile that is not left empty.

    A null kills Parca for any profile but its standard ones (`pkg/config/config.go`: it merges
    its defaults into those alone).
    """
    profiles: List[Tuple[str, PprofProfile]] = []
    for name, value in get_object(raw, findings).items():
        if not is_utf8(name):
            findings.at(name).error(f"the name {UTF8_RULE}")
        elif value is not None or name not in STANDARD_PROFILES:
            profile = decode_profile(value, name, findings.at(name))
            if profile.as_mapping():
                profiles.append((name, profile))
    return tuple(profiles)


def decode_profile(raw: object, name: str, findings: Findings) -> PprofProfile:
    """Return the settings of a profile without their bad parts."""
    if isinstance(raw, PprofProfile):
        profile = raw
    else:
        mapping = as_object({} if raw == "" else raw)
        if mapping is None:
            findings.error(OBJECT_RULE)
            return PprofProfile()
        fields = get_fields(mapping, PROFILE_FIELDS, findings)
        profile = PprofProfile(
            seconds=get_seconds(fields, findings),
            keep_sample_type=get_sample_types(fields, findings),
            enabled=get_boolean(fields, "enabled", findings),
            path=get_text(fields, "path", findings, lossy=True),
            delta=get_boolean(fields, "delta", findings),
        )
    if name not in STANDARD_PROFILES:
        warn_of_custom_profile(profile, findings)
    return profile


def warn_of_custom_profile(profile: PprofProfile, findings: Findings) -> None:
    """Warn of a custom profile that Parca would never scrape, or not from where it is."""
    if profile.enabled is None:
        findings.warning("never scraped: a custom profile needs enabled: true")
    elif profile.enabled and not profile.path:
        findings.warning("scraped from /: a custom profile needs a path")


def get_seconds(fields: Mapping[str, object], findings: Findings) -> Optional[int]:
    """Return the `seconds` of a profile; None if there are none."""
    value = fields.get("seconds")
    seconds = parse_seconds(value)
    if seconds is None and value not in (None, ""):
        findings.at("seconds").error("must be a whole number of seconds, 0 or more")
    return seconds


def get_sample_types(
    fields: Mapping[str, object], findings: Findings
) -> Optional[Tuple[Pairs, ...]]:
    """Return the `keep_sample_type` of a profile; None if there is none, or if all is bad."""
    raw = fields.get("keep_sample_type")
    if raw in (None, ""):
        return None
    findings = findings.at("keep_sample_type")
    elements = as_list(raw)
    if elements is None:
        findings.error(LIST_RULE)
        return None
    kept: List[Pairs] = []
    for index, element in enumerate(elements):
        place = findings.at(index)
        sample_type = get_fields(get_object(element, place), SAMPLE_TYPE_FIELDS, place)
        texts = [(key, get_text(sample_type, key, place)) for key in sample_type]
        pairs = tuple((key, text) for key, text in texts if text)
        if pairs:
            kept.append(pairs)
    return tuple(kept) if kept or not elements else None
