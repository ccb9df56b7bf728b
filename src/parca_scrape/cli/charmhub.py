"""The versions of the charm libraries on Charmhub that the single files replace."""

from __future__ import annotations

from typing import List, Tuple

LIBIDS = {
    "parca": "7b30b495435746acb645ca414898621f",
    "parca_k8s": "dbc3d2e89cb24917b99c40e14354dd25",
}
# The charm (empty for both), the first and the last LIBPATCH, and what is worse there than in the
# current version. Up to LIBPATCH 6 this is the reference library, from the history of its source.
SHORTCOMINGS: Tuple[Tuple[str, int, int, str], ...] = (
    ("parca", 1, 6, "needs charms.observability_libs"),
    ("parca", 1, 2, "lacks on_profiling_provider_relation_changed"),
    ("parca", 5, 5, "raises AttributeError instead of RelationRoleMismatchError"),
    ("parca", 1, 6, "drops scheme, profiling_config and tls_config"),
    ("parca", 1, 6, "lacks update_scrape_job_spec, set_scrape_job_spec and is_ready"),
    ("parca_k8s", 1, 3, "needs charms.observability_libs"),
    ("parca_k8s", 4, 6, "needs cosl"),
    ("parca_k8s", 1, 1, "drops scheme, profiling_config and tls_config"),
    ("parca_k8s", 1, 1, "lacks update_scrape_job_spec, set_scrape_job_spec and is_ready"),
    ("parca_k8s", 2, 2, "lacks set_scrape_job_spec and is_ready"),
    ("parca_k8s", 3, 3, "lacks is_ready"),
    ("parca_k8s", 1, 4, "raises AttributeError instead of RelationRoleMismatchError"),
    ("", 1, 6, "fails, or makes Parca fail, on invalid databags"),
    ("", 1, 6, "lacks problems(), typed jobs and unit_address"),
)


def list_shortcomings(charm: str, libpatch: int) -> List[str]:
    """Return what is worse in a version than in the current one."""
    return [
        text
        for of_charm, first, last, text in SHORTCOMINGS
        if of_charm in ("", charm) and first <= libpatch <= last
    ]
