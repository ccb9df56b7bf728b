"""Which settings of scrape jobs the move adds or removes, and which library published them.

The library of the machine charm drops three settings on either side, and so does the first version
of that of parca-k8s on the provider's side.
"""

from __future__ import annotations

import enum
import json
from typing import AbstractSet, Dict, Iterable, List, Mapping, NamedTuple, Set

from parca_scrape._getters import as_list, as_object
from parca_scrape._legacy import LEGACY_ADDRESS_KEY
from parca_scrape.cli.elements import load_jobs
from parca_scrape.cli.relations import RelationTexts
from parca_scrape.databag import SCRAPE_JOBS_KEY, UNIT_ADDRESS_KEY
from parca_scrape.migration.plan.places import Place, get_place

DROPPED_KEYS = ("scheme", "tls_config", "profiling_config")


class Library(NamedTuple):
    """The library of a provider, as far as its databags tell."""

    name: str
    evidence: str

    @property
    def is_known(self) -> bool:
        """Whether the databags tell which library it is."""
        return self.name != UNKNOWN_LIBRARY


UNKNOWN_LIBRARY = "unknown"
NEWER_LIBRARY = "charms.parca_k8s.v0 from LIBPATCH 2, or parca-scrape"
OWN_LIBRARY = "parca-scrape"
NO_LIBRARY = "none"


class Fate(enum.Enum):
    """What becomes of a setting."""

    GAINED = "gained"
    LOST = "lost"
    KEPT = "kept"
    ABSENT = "absent"
    UNKNOWN = "unknown"


def identify_library(relation: RelationTexts) -> Library:
    """Return the library that wrote the databag of an application."""
    text = relation.app_databag.get(SCRAPE_JOBS_KEY, "")
    unit_databags = relation.unit_databags.values()
    if not text:
        return Library(UNKNOWN_LIBRARY, "the databag has no scrape jobs")
    raw = load_jobs(relation.app_databag)
    jobs = as_list(raw)
    if jobs is None:
        return Library(NO_LIBRARY, "no library writes such scrape jobs")
    if not jobs:
        return Library(OWN_LIBRARY, "no other library publishes an empty list of scrape jobs")
    if json.dumps(raw) != text:
        return Library(NO_LIBRARY, "no library formats its JSON like this")
    if any(LEGACY_ADDRESS_KEY in bag and UNIT_ADDRESS_KEY not in bag for bag in unit_databags):
        return Library(NO_LIBRARY, f"no library publishes {LEGACY_ADDRESS_KEY} alone")
    published = list_settings(jobs)
    names = ", ".join(key for key in DROPPED_KEYS if key in published)
    if names:
        return Library(NEWER_LIBRARY, f"publishes {names}, which other libraries drop")
    return Library(UNKNOWN_LIBRARY, "all libraries publish such scrape jobs")


def list_settings(jobs: Iterable[object]) -> Set[str]:
    """Return the settings that any of some jobs has."""
    mappings: List[Mapping[str, object]] = [as_object(job) or {} for job in jobs]
    return {key for mapping in mappings for key in DROPPED_KEYS if mapping.get(key)}


def group_settings(scrape_configs: Iterable[object]) -> Dict[Place, Set[str]]:
    """Return the settings in scrape configs, by the application that their labels name."""
    settings: Dict[Place, Set[str]] = {}
    for raw in scrape_configs:
        scrape_config = as_object(raw) or {}
        found = list_settings([scrape_config])
        for static_config in as_list(scrape_config.get("static_configs")) or ():
            labels = as_object((as_object(static_config) or {}).get("labels")) or {}
            settings.setdefault(get_place(labels), set()).update(found)
    return settings


def follow_settings(
    before: AbstractSet[str], after: AbstractSet[str], library: Library
) -> Mapping[str, Fate]:
    """Return what becomes of each setting of the jobs of an application.

    Args:
        before: the settings with which Parca scrapes now.
        after: those with which it will.
        library: the library of the application.
    """
    absent = Fate.ABSENT if library.is_known else Fate.UNKNOWN
    fates = {
        (True, True): Fate.KEPT,
        (True, False): Fate.LOST,
        (False, True): Fate.GAINED,
        (False, False): absent,
    }
    return {key: fates[key in before, key in after] for key in DROPPED_KEYS}
