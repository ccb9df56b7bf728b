"""What Parca asks of its targets: the profiles, their paths and durations.

Source: Parca `pkg/config/config.go`, `ProfilingConfig` and `PprofProfilingConfig`.
"""

from __future__ import annotations

from typing import Dict, Iterable, List, Mapping, Optional, Tuple, Union

from parca_scrape._getters import (
    LIST_RULE,
    OBJECT_RULE,
    UTF8_RULE,
    Pairs,
    as_list,
    as_object,
    build,
    get_boolean,
    get_fields,
    get_object,
    get_text,
)
from parca_scrape._rules import CPU_PROFILE, STANDARD_PROFILES, is_utf8, parse_seconds
from parca_scrape.frozen import dataclass
from parca_scrape.problems import Findings, join_path

PROFILE_FIELDS = frozenset({"enabled", "path", "delta", "seconds", "keep_sample_type"})
SAMPLE_TYPE_FIELDS = frozenset({"type", "unit"})
PROFILING_FIELDS = frozenset({"path_prefix", "pprof_config"})


@dataclass(frozen=True, init=False)
class PprofProfile:
    """One profile that Parca asks of its targets. None and empty text stand for its default."""

    enabled: Optional[bool]
    """Parca's default: its five standard profiles are on, others are off."""
    path: str
    """Path of the profile at the target, for example `/debug/pprof/allocs`."""
    delta: Optional[bool]
    """Whether the target is asked to record for `seconds`."""
    seconds: Optional[int]
    """How many seconds the target records; zero stands for the scrape interval."""
    keep_sample_type: Optional[Tuple[Pairs, ...]]
    """The only samples to keep, each as pairs for `type` and `unit`; none or empty keeps all."""

    def __init__(
        self,
        enabled: Optional[bool] = None,
        path: str = "",
        delta: Optional[bool] = None,
        seconds: Optional[int] = None,
        keep_sample_type: Optional[Iterable[Union[Mapping[str, str], Pairs]]] = None,
    ) -> None:
        """Check and take the settings of a profile.

        Raises:
            InvalidJobError: Parca would not load them.
        """
        fields: Dict[str, object] = {"path": path}
        if enabled is not None:
            fields["enabled"] = enabled
        if delta is not None:
            fields["delta"] = delta
        if seconds is not None:
            fields["seconds"] = seconds
        if keep_sample_type is not None:
            fields["keep_sample_type"] = [dict(kept) for kept in keep_sample_type]
        findings = Findings()
        self.__dict__.update(check_profile(fields, "", findings))
        findings.raise_first()

    def as_mapping(self) -> Dict[str, object]:
        """Give what is set, in the form of Parca's configuration."""
        kept = self.keep_sample_type
        fields: Dict[str, object] = {
            "enabled": self.enabled,
            "path": self.path or None,
            "delta": self.delta,
            "seconds": self.seconds,
            "keep_sample_type": None if kept is None else [dict(pairs) for pairs in kept],
        }
        return {key: value for key, value in fields.items() if value is not None}


@dataclass(frozen=True, init=False)
class ProfilingConfig:
    """The profiles of a scrape job, and a prefix for their paths."""

    path_prefix: str
    pprof_config: Tuple[Tuple[str, PprofProfile], ...]
    """Pairs of a profile's name and its settings; what is not named keeps Parca's default."""

    def __init__(
        self,
        path_prefix: str = "",
        pprof_config: Union[Mapping[str, PprofProfile], Tuple[Tuple[str, PprofProfile], ...]] = (),
    ) -> None:
        """Check and take prefix and profiles.

        Raises:
            InvalidJobError: Parca would not load them, or would never scrape a profile.
        """
        fields = {"path_prefix": path_prefix, "pprof_config": dict(pprof_config)}
        findings = Findings()
        self.__dict__.update(check_profiling(fields, "", findings))
        findings.raise_first()

    def as_mapping(self) -> Dict[str, object]:
        """Give what is set, in the form of Parca's configuration."""
        profiles = {name: profile.as_mapping() for name, profile in self.pprof_config}
        fields: Dict[str, object] = {"path_prefix": self.path_prefix, "pprof_config": profiles}
        return {key: value for key, value in fields.items() if value}

    def cpu_profile(self) -> Optional[PprofProfile]:
        """Give the settings of the CPU profile; None for Parca's own."""
        return dict(self.pprof_config).get(CPU_PROFILE)


def decode_profiling(raw: object, path: str, findings: Findings) -> Optional[ProfilingConfig]:
    """Read a `profiling_config`; None if there is nothing in it to serve."""
    if not isinstance(raw, ProfilingConfig):
        fields = get_fields(get_object(raw, path, findings), PROFILING_FIELDS, path, findings)
        raw = build(ProfilingConfig, **check_profiling(fields, path, findings))
    return raw if raw.as_mapping() else None


def check_profiling(
    fields: Mapping[str, object], path: str, findings: Findings
) -> Dict[str, object]:
    """Give what Parca accepts of a `profiling_config`, as the fields of the dataclass."""
    pprof_path = f"{path}.pprof_config"
    profiles: List[Tuple[str, PprofProfile]] = []
    for name, raw in get_object(fields.get("pprof_config", {}), pprof_path, findings).items():
        profile_path = join_path(pprof_path, str(name))
        if not isinstance(name, str) or not is_utf8(name):
            findings.error(profile_path, f"its name {UTF8_RULE}")
        elif raw is not None or name not in STANDARD_PROFILES:
            profile = decode_profile(raw, name, profile_path, findings)
            if profile.as_mapping():
                profiles.append((name, profile))
    return {
        "path_prefix": get_text(fields, "path_prefix", path, findings, lossy=True),
        "pprof_config": tuple(profiles),
    }


def decode_profile(raw: object, name: str, path: str, findings: Findings) -> PprofProfile:
    """Read the settings of one profile; an empty one if there is nothing in it to serve.

    A null kills Parca for any profile but its standard ones (`pkg/config/config.go`: it merges
    its defaults into those alone).
    """
    if not isinstance(raw, PprofProfile):
        mapping = as_object({} if raw == "" else raw)
        if mapping is None:
            findings.error(path, OBJECT_RULE)
            return PprofProfile()
        fields = get_fields(mapping, PROFILE_FIELDS, path, findings)
        raw = build(PprofProfile, **check_profile(fields, path, findings))
    if name not in STANDARD_PROFILES and raw.enabled is not False:
        if not raw.enabled:
            findings.warning(path, "never scraped: an own profile needs enabled: true")
        elif not raw.path:
            findings.warning(path, "scraped from /: an own profile needs a path")
    return raw


def check_profile(
    fields: Mapping[str, object], path: str, findings: Findings
) -> Dict[str, object]:
    """Give what Parca accepts of the settings of a profile, as the fields of the dataclass."""
    seconds = parse_seconds(fields.get("seconds"))
    if seconds is None and fields.get("seconds", "") != "":
        rule = "must be a whole number of seconds, 0 or more"
        findings.error(f"{path}.seconds", rule)
    kept: Optional[Tuple[Pairs, ...]] = None
    if fields.get("keep_sample_type", "") != "":
        kept_path = f"{path}.keep_sample_type"
        kept = check_sample_types(fields["keep_sample_type"], kept_path, findings)
    return {
        "enabled": get_boolean(fields, "enabled", path, findings),
        "path": get_text(fields, "path", path, findings, lossy=True),
        "delta": get_boolean(fields, "delta", path, findings),
        "seconds": seconds,
        "keep_sample_type": kept,
    }


def check_sample_types(raw: object, path: str, findings: Findings) -> Optional[Tuple[Pairs, ...]]:
    """Give what Parca accepts of a `keep_sample_type`; None if it is no list, or all bad."""
    elements = as_list(raw)
    if elements is None:
        findings.error(path, LIST_RULE)
        return None
    kept: List[Pairs] = []
    for index, element in enumerate(elements):
        element_path = f"{path}[{index}]"
        element = get_object(element, element_path, findings)
        fields = get_fields(element, SAMPLE_TYPE_FIELDS, element_path, findings)
        texts = [(key, get_text(fields, key, element_path, findings)) for key in fields]
        pairs = tuple((key, text) for key, text in texts if text)
        if pairs:
            kept.append(pairs)
    return tuple(kept) if kept or not elements else None
