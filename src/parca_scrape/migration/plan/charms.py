"""What the two charms have in common, and what becomes of the rest of the machine charm.

Source: `charmcraft.yaml` of https://github.com/canonical/parca-operator and
https://github.com/canonical/parca-k8s-operator.
"""

from __future__ import annotations

from typing import NamedTuple, Tuple

from parca_scrape.migration.plan.way import HTTP_PORT, OLD_HTTP_PORT, OLD_PROFILES


class Part(NamedTuple):
    """An option or an endpoint of the machine charm, and what becomes of it."""

    name: str
    interface: str
    """Empty for an option."""
    advice: str


OPTIONS = (
    Part("enable-persistence", "", "The same in parca-k8s. The steps copy its value."),
    Part(
        "memory-storage-limit",
        "",
        "The same in parca-k8s, in MB. The steps copy its value; the pod needs more memory than"
        " that.",
    ),
)
ENDPOINTS = (
    Part(
        "metrics-endpoint",
        "prometheus_scrape",
        "The same in parca-k8s. Prometheus starts new series, because the application is a"
        " different one.",
    ),
    Part(
        "grafana-dashboard",
        "grafana_dashboard",
        "The same in parca-k8s. To make Parca a data source as well, relate grafana-source to"
        " Grafana.",
    ),
    Part(
        "self-profiling-endpoint",
        "parca_scrape",
        "The same in parca-k8s, for another Parca to profile this one. If it is not related,"
        " parca-k8s profiles itself, in a job named parca.",
    ),
    Part(
        "parca-store-endpoint",
        "parca_store",
        "The same in parca-k8s, but agents push to port 7993 instead of 7070. An agent pushes to"
        " one Parca at a time, so it is switched over. Agents on machines need the ingress of"
        " parca-k8s; with certificates, they also need its CA.",
    ),
    Part(
        "external-parca-store-endpoint",
        "parca_store",
        "The same in parca-k8s. A Parca that pushes to another store keeps no profiles itself.",
    ),
)
NEW_ENDPOINTS = (
    "grafana-source (a data source of Grafana), s3 (profiles in a bucket), ingress (an address"
    " outside the cluster), certificates (TLS), and others"
)
PROFILES: Tuple[str, ...] = (
    "Stored profiles stay in the old Parca: neither charm can export or import them.",
    "With enable-persistence=false they are in memory, and are lost when Parca restarts. Parca"
    " also purges profiles when memory-storage-limit is reached.",
    f"With enable-persistence=true they are on disk, in {OLD_PROFILES}, or in"
    f" {OLD_PROFILES.replace('common', 'current')} with older snaps. To keep them, stop Parca and"
    " copy the folder before you remove the charm; only a Parca with the same storage options can"
    " read it.",
    "Keep the old Parca for as long as you need its profiles, and query both: the old one at"
    f" http://OLD-ADDRESS:{OLD_HTTP_PORT}, the new one at http://ADDRESS:{HTTP_PORT}. parca-k8s"
    " adds its own data source to Grafana (grafana-source); for the old Parca, add a data source"
    " of type Parca by hand.",
    "The new Parca has no profiles from before you related an application to it.",
)
