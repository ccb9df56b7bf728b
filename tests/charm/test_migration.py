"""What becomes of the series of old providers on the way from the machine charm to parca-k8s."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List

from tests.juju.migration import (
    Migration,
    address_of,
    find_differences,
    listed_differences,
    series_of,
)
from tests.juju.old_providers import OLD_PROVIDERS, RECORDED, Stage
from tests.juju.styles import CONSUMER_STYLES

VERSIONS = {f"{library} {number}" for library in ("machine", "k8s") for number in range(1, 7)}
IN_PROCESSES = [old for old in OLD_PROVIDERS if old.name in ("tls-machine-1", "profiles-k8s")]
INGRESS_PARCA = CONSUMER_STYLES[2]


def differences_at_each_stage(migration: Migration) -> Dict[Stage, Dict[str, List[str]]]:
    """Return how each stage of a migration differs from the machine charm before."""
    before = series_of(migration.machine_configs)
    migration.integrate()
    consumer = series_of(migration.k8s_configs)
    migration.upgrade_providers()
    provider, both = series_of(migration.machine_configs), series_of(migration.k8s_configs)
    return {
        Stage.CONSUMER: find_differences(before, consumer),
        Stage.PROVIDER: find_differences(before, provider),
        Stage.BOTH: find_differences(before, both),
    }


def test_all_published_versions_are_covered() -> None:
    assert {version for old in RECORDED for version in old.case["versions"]} == VERSIONS


def test_all_series_go_on_but_for_the_listed_differences() -> None:
    assert differences_at_each_stage(Migration(OLD_PROVIDERS)) == {
        stage: listed_differences(OLD_PROVIDERS, stage) for stage in Stage
    }


def test_in_processes_all_series_go_on_but_for_the_listed_differences(tmp_path: Path) -> None:
    assert differences_at_each_stage(Migration(IN_PROCESSES, folder=tmp_path)) == {
        stage: listed_differences(IN_PROCESSES, stage) for stage in Stage
    }


def test_the_sides_may_get_the_package_in_any_order() -> None:
    one, other = Migration(RECORDED), Migration(RECORDED)
    one.integrate()
    one.upgrade_providers()
    other.upgrade_providers()
    other.integrate()
    assert other.k8s_configs == one.k8s_configs
    assert other.machine_configs == one.machine_configs


def test_series_move_to_the_ingress_addresses_that_parca_k8s_asks_for() -> None:
    [wildcard] = [old for old in RECORDED if old.name == "wildcard-machine-1"]
    migration = Migration([wildcard], INGRESS_PARCA)
    before = series_of(migration.machine_configs)
    migration.integrate()
    ingress = migration.ingress_addresses
    assert find_differences(before, series_of(migration.k8s_configs)) == {
        wildcard.name: [
            f"moved {ingress[unit]}:8080 from {address_of(0, unit)}:8080" for unit in (0, 1)
        ]
    }
