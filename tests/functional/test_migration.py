"""Two servers side by side: the Parca of the machine charm, and that of parca-k8s."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import Dict, List, Set, Tuple

from parca_scrape.cli import parca_api
from parca_scrape.cli.series import Series
from parca_scrape.migration.plan.deployment import Deployment
from parca_scrape.migration.plan.models import Model
from parca_scrape.migration.plan.old_parca import stop_scraping
from parca_scrape.migration.plan.way import OLD_CONFIG, Way
from tests.functional.parca import NOBODY, Parca, free_port
from tests.functional.pprof_program import MakeProgram
from tests.functional.samples import label_sets_of, samples_of
from tests.juju.migration import (
    Migration,
    address_of,
    find_differences,
    listed_differences,
    series_of,
)
from tests.juju.model import EDGE
from tests.juju.old_providers import OLD_PROVIDERS, Stage, make_job, make_own

ANSWER_SECONDS = 30
KIND = "goroutine"
PROFILES = {"memory", "block", KIND, "mutex", "process_cpu"}
LABELS = {
    "instance": f"{EDGE.name}_{EDGE.uuid}_zinc-machine_zinc-machine/0",
    "job": f"edge_lab_{EDGE.uuid[:8]}_zinc-machine_web",
    "juju_model": EDGE.name,
    "juju_model_uuid": EDGE.uuid,
    "juju_application": "zinc-machine",
    "juju_charm": "zinc-k8s",
    "juju_unit": "zinc-machine/0",
    "tier": "web",
}


def scraped_series(parca: Parca) -> Set[Series]:
    """Return the series of all targets that the API lists."""
    profiles: Dict[parca_api.TargetKey, List[str]] = {}
    for profile in parca_api.Parca(parca.url).ask(ANSWER_SECONDS).profiles:
        profiles.setdefault(profile.target, []).append(profile.name)
    series: Set[Series] = set()
    for target, names in profiles.items():
        scheme, _, address = target.origin.partition("://")
        series.add(Series(target.job, address, target.labels, tuple(sorted(names)), scheme))
    return series


def stored_profiles(parca: Parca) -> Set[str]:
    """Return the names of the profiles that are stored."""
    return {profile["name"] for profile in parca.ask("/api/profiles/types")["types"]}


def test_the_new_server_scrapes_the_same_series_but_for_the_listed_differences(
    two_parcas: Tuple[Parca, Parca],
) -> None:
    old, new = two_parcas
    migration = Migration(OLD_PROVIDERS)
    before = migration.machine_configs
    old.start(before)
    migration.integrate()
    migration.upgrade_providers()
    both = migration.k8s_configs
    new.start(both)
    old_series, new_series = set(series_of(before)), set(series_of(both))

    def are_settled() -> bool:
        return (scraped_series(old), scraped_series(new)) == (old_series, new_series)

    old.wait_until(are_settled)
    assert scraped_series(old) == old_series
    assert scraped_series(new) == new_series
    listed = listed_differences(OLD_PROVIDERS, Stage.BOTH)
    assert find_differences(scraped_series(old), scraped_series(new)) == listed


def test_the_old_server_stops_and_starts_scraping_as_the_plan_says(real_parca: Parca) -> None:
    real_parca.start([{"job_name": "zinc", "static_configs": [{"targets": [NOBODY]}]}])
    assert real_parca.wait_until(lambda: bool(real_parca.series()))
    before = real_parca.series()
    deployment = Deployment("parca/0", "parca", "lma", [], [], shows_others=True)
    step = stop_scraping(Way(deployment, "profiling-endpoint", Model("cos"), juju=3))
    nothing = before - before
    for [command], expected in ((step.commands, nothing), (step.undo, before)):
        script = shlex.split(command)[-1].replace(OLD_CONFIG, str(real_parca.config))
        subprocess.run(["sh", "-c", script], check=True)
        assert real_parca.settled_series(expected) == expected


def test_the_new_server_stores_the_same_series_and_the_old_one_keeps_its_profiles(
    two_parcas: Tuple[Parca, Parca], make_program: MakeProgram, tmp_path: Path
) -> None:
    old, new = two_parcas
    program = make_program(address_of(0, 0), free_port())
    job = make_job(
        f"*:{program.port}", labels={"tier": "web"}, job_name="web", scrape_interval="1s"
    )
    charms = tmp_path / "charms"
    charms.mkdir()
    migration = Migration([make_own("zinc-machine", [job])], folder=charms, units=1)
    old.start(migration.machine_configs)
    migration.integrate()
    migration.upgrade_providers()
    new.start(migration.k8s_configs)
    assert old.wait_until(lambda: stored_profiles(old) == PROFILES)
    assert new.wait_until(lambda: stored_profiles(new) == PROFILES)
    assert label_sets_of(old, KIND) == label_sets_of(new, KIND) == [LABELS]

    migration.remove_machine_relations()
    old.write(migration.machine_configs)
    assert old.wait_until(lambda: old.series() == set())
    kept = samples_of(old, KIND)
    assert new.wait_until(lambda: max(samples_of(new, KIND)) > max(kept))
    assert samples_of(old, KIND) == kept
