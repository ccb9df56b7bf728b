"""The profiles that Parca scrapes from each target of a scrape config, and where they are.

Source: Parca `pkg/config/config.go`, which merges its defaults into a job, and
`pkg/scrape/target.go`, which asks for seconds.
"""

from __future__ import annotations

import posixpath
from typing import Dict, List, Mapping, NamedTuple, Optional

from parca_scrape._getters import as_object
from parca_scrape._rules import CPU_PROFILE, DEFAULT_INTERVAL_MS, parse_boolean, parse_duration
from parca_scrape.render import ScrapeConfig

STANDARD_PATHS = {
    "memory": "/debug/pprof/allocs",
    "block": "/debug/pprof/block",
    "goroutine": "/debug/pprof/goroutine",
    "mutex": "/debug/pprof/mutex",
    CPU_PROFILE: "/debug/pprof/profile",
}
STANDARD_SETTINGS: Mapping[str, object] = {
    **dict.fromkeys(STANDARD_PATHS),
    CPU_PROFILE: {"delta": True},
}


class Profile(NamedTuple):
    """A profile that Parca scrapes."""

    name: str
    path: str
    """With the prefix; empty if the job names none."""
    seconds: Optional[int] = None
    """How long Parca asks the target to record; None if it does not ask."""


def list_profiles(scrape_config: ScrapeConfig) -> List[Profile]:
    """Return the profiles that Parca scrapes, the standard ones first."""
    profiling_config = scrape_config.get("profiling_config", {})
    prefix = str(profiling_config.get("path_prefix", ""))
    interval = parse_duration(scrape_config.get("scrape_interval", ""))
    interval_seconds = (DEFAULT_INTERVAL_MS if interval is None else interval) // 1000
    profiles: List[Profile] = []
    for name, settings in list_enabled(profiling_config).items():
        path = str(settings.get("path", STANDARD_PATHS.get(name, "")))
        seconds = settings.get("seconds") or interval_seconds
        profiles.append(
            Profile(
                name,
                join_path(prefix, path) if prefix else path,
                int(str(seconds)) if settings.get("delta") else None,
            )
        )
    return profiles


def list_enabled(profiling_config: object) -> Dict[str, Mapping[str, object]]:
    """Return the settings of the profiles that Parca scrapes, by name, the standard ones first.

    Parca scrapes a standard profile unless it is disabled, and any other only if it is enabled.

    Args:
        profiling_config: the field of a scrape config, which may hold anything.
    """
    own = as_object((as_object(profiling_config) or {}).get("pprof_config")) or {}
    enabled: Dict[str, Mapping[str, object]] = {}
    for name, raw in {**STANDARD_SETTINGS, **own}.items():
        settings = as_object(raw) or {}
        is_enabled = read_boolean(settings.get("enabled"))
        if name in STANDARD_PATHS if is_enabled is None else is_enabled:
            enabled[name] = settings
    return enabled


def read_boolean(raw: object) -> Optional[bool]:
    """Return a boolean, also one that is written as text; None for anything else."""
    if isinstance(raw, str) and raw.lower() in ("true", "false"):
        return raw.lower() == "true"
    return parse_boolean(raw)


def join_path(prefix: str, path: str) -> str:
    """Return both in one path, without empty parts, `.` and `..` (Go: `path/filepath`, Join)."""
    joined = posixpath.normpath("/".join(filter(None, (prefix, path))))
    return "/" + joined.lstrip("/") if joined.startswith("//") else joined
