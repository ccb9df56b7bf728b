"""The profiles that Parca scrapes from each target of a scrape config, and where they are.

Source: Parca `pkg/config/config.go`, which merges its defaults into a job, and
`pkg/scrape/target.go`, which asks for seconds.
"""

from __future__ import annotations

import posixpath
from typing import Dict, List, NamedTuple, Optional

from parca_scrape._getters import as_object
from parca_scrape._rules import CPU_PROFILE, DEFAULT_INTERVAL_MS, parse_duration
from parca_scrape.render import ScrapeConfig

STANDARD_PATHS = {
    "memory": "/debug/pprof/allocs",
    "block": "/debug/pprof/block",
    "goroutine": "/debug/pprof/goroutine",
    "mutex": "/debug/pprof/mutex",
    CPU_PROFILE: "/debug/pprof/profile",
}


class Profile(NamedTuple):
    """A profile that Parca scrapes."""

    name: str
    path: str
    """With the prefix; empty if the job names none."""
    seconds: Optional[int] = None
    """How long Parca asks the target to record; None if it does not ask."""


def list_profiles(scrape_config: ScrapeConfig) -> List[Profile]:
    """Return the enabled profiles of a scrape config: the standard ones, then those of the job."""
    profiling_config = scrape_config.get("profiling_config", {})
    prefix = str(profiling_config.get("path_prefix", ""))
    interval = parse_duration(scrape_config.get("scrape_interval", ""))
    interval_seconds = (DEFAULT_INTERVAL_MS if interval is None else interval) // 1000
    own = as_object(profiling_config.get("pprof_config")) or {}
    settings_by_name: Dict[str, object] = {
        **dict.fromkeys(STANDARD_PATHS),
        CPU_PROFILE: {"delta": True},
        **own,
    }
    profiles: List[Profile] = []
    for name, raw in settings_by_name.items():
        settings = as_object(raw) or {}
        if not settings.get("enabled", name in STANDARD_PATHS):
            continue
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


def join_path(prefix: str, path: str) -> str:
    """Return both in one path, without empty parts, `.` and `..` (Go: `path/filepath`, Join)."""
    joined = posixpath.normpath("/".join(filter(None, (prefix, path))))
    return "/" + joined.lstrip("/") if joined.startswith("//") else joined
