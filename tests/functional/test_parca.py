"""What charms publish, rendered and loaded by Parca, whose own API says what it scrapes.

With a `parca` on PATH, or named by PARCA_BINARY, the tests run against that; and always against a
stand-in for it, which only shows that the tests themselves are right.
"""

from __future__ import annotations

from typing import List, Sequence, Tuple

import pytest

from tests.functional.parca import Parca, Series
from tests.functional.providers import relate, render
from tests.parca_charm import MODEL_UUID
from tests.poisons import TYPES
from tests.strategies import Json, Object


def series(
    application: str,
    address: str,
    unit: str = "",
    *,
    job: str = "",
    scheme: str = "http",
    **labels: str,
) -> Series:
    """Return the series that Parca should have for a target."""
    name = f"cos_{MODEL_UUID[:8]}_{application}{job and f'_{job}'}"
    topology = ["cos", MODEL_UUID, application]
    all_labels = {
        "instance": "_".join([*topology, unit]),
        "job": name,
        "juju_model": "cos",
        "juju_model_uuid": MODEL_UUID,
        "juju_application": application,
        "juju_charm": application,
        **({"juju_unit": unit} if unit else {}),
        **labels,
    }
    return name, f"{scheme}://{address}", tuple(sorted(all_labels.items()))


ZINC = relate(1, "zinc", [{"static_configs": [{"targets": ["*:4080"]}]}], units=2)
SERIES_OF_ZINC = {
    series("zinc", "127.0.1.1:4080", "zinc/0"),
    series("zinc", "127.0.1.2:4080", "zinc/1"),
}
TARGETS = relate(
    2,
    "scrape-target",
    [{"static_configs": [{"targets": ["127.0.2.1:6060", "127.0.2.2:6060"]}]}],
)
SERIES_OF_TARGETS = {
    series("scrape-target", "127.0.2.1:6060"),
    series("scrape-target", "127.0.2.2:6060"),
}
GRAFANA = relate(
    3,
    "grafana",
    [
        {
            "job_name": "web",
            "scheme": "https",
            "tls_config": {"insecure_skip_verify": True},
            "static_configs": [{"targets": ["*:3000"], "labels": {"tier": "web"}}],
        },
        {
            "job_name": "api",
            "scrape_interval": "30s",
            "profiling_config": {"pprof_config": {"process_cpu": {"enabled": False}}},
            "static_configs": [{"targets": ["*:3001", "127.0.3.9"]}, {}],
        },
    ],
)
SERIES_OF_GRAFANA = {
    series("grafana", "127.0.3.1:3000", "grafana/0", job="web", scheme="https", tier="web"),
    series("grafana", "127.0.3.9:80", job="api"),
    series("grafana", "127.0.3.1:3001", "grafana/0", job="api"),
    series("grafana", "127.0.3.1:80", "grafana/0", job="api"),
}
ALL_GOOD = SERIES_OF_ZINC | SERIES_OF_TARGETS | SERIES_OF_GRAFANA


def test_every_requested_target_is_scraped_and_no_other(parca: Parca) -> None:
    parca.start(render(ZINC, TARGETS, GRAFANA))
    assert parca.settled_series(ALL_GOOD) == ALL_GOOD


def test_targets_come_and_go_with_units_and_relations(parca: Parca) -> None:
    parca.start(render(ZINC))
    assert parca.settled_series(SERIES_OF_ZINC) == SERIES_OF_ZINC
    scaled = relate(1, "zinc", [{"static_configs": [{"targets": ["*:4080"]}]}])
    parca.write(render(scaled, TARGETS))
    expected = {series("zinc", "127.0.1.1:4080", "zinc/0")} | SERIES_OF_TARGETS
    assert parca.settled_series(expected) == expected
    parca.write(render())
    assert parca.settled_series(set()) == set()


FATAL: Sequence[Tuple[str, Json]] = (
    ("scrape_interval", "0s"),
    ("scrape_interval", "often"),
    ("scrape_timeout", "1s"),
    ("static_configs", "none"),
    ("profiling_config", {"pprof_config": {"own": None}}),
    ("profiling_config", {"pprof_config": {"memory": {"enabled": "perhaps"}}}),
    ("tls_config", {"cert": "x"}),
    ("tls_config", {"min_version": "SSL30"}),
    ("scheme", ["http"]),
    *(("job_name", value) for value in TYPES),
    *(("tls_config", value) for value in TYPES),
    *(("profiling_config", value) for value in TYPES),
    *(("scrape_interval", value) for value in TYPES),
)


def hostile_jobs() -> List[Object]:
    """Return jobs, many of which would make Parca refuse its configuration or crash."""
    scraped: Object = {"static_configs": [{"targets": ["127.0.9.9:9"]}]}
    return [{**scraped, name: value} for name, value in FATAL]


def test_a_reload_with_a_hostile_provider_keeps_all_others(parca: Parca) -> None:
    parca.start(render(ZINC, TARGETS, GRAFANA))
    assert parca.settled_series(ALL_GOOD) == ALL_GOOD
    hostile = relate(9, "hostile", hostile_jobs())
    # The name of the last relation shows that Parca has loaded what came with the hostile one.
    late = relate(10, "late", [{"static_configs": [{"targets": ["*:1"]}]}])
    scrape_configs = render(ZINC, TARGETS, GRAFANA, hostile, late)
    expected = {
        *ALL_GOOD,
        series("late", "127.0.10.1:1", "late/0"),
        *(
            (name, origin, tuple(sorted({**dict(labels), "job": name}.items())))
            for name in (config["job_name"] for config in scrape_configs)
            if "_hostile" in name
            for _, origin, labels in [series("hostile", "127.0.9.9:9")]
        ),
    }
    parca.write(scrape_configs)
    assert parca.settled_series(expected) == expected
    assert parca.is_alive()


@pytest.mark.parametrize(
    "scrape_configs",
    [
        pytest.param([{"job_name": "a"}, {"job_name": "a"}], id="one name twice"),
        pytest.param([{"job_name": "a", "scrape_timeout": "1s"}], id="a short timeout"),
    ],
)
def test_without_the_library_one_bad_job_costs_all_their_changes(
    parca: Parca, scrape_configs: List[Object]
) -> None:
    parca.start(render(TARGETS))
    assert parca.reloads(render(ZINC))
    assert parca.settled_series(SERIES_OF_ZINC) == SERIES_OF_ZINC
    assert not parca.reloads([*render(TARGETS), *scrape_configs])
    assert parca.settled_series(SERIES_OF_ZINC) == SERIES_OF_ZINC


def recorded_static_config(number: int) -> Object:
    """Return what the machine charm's library, LIBPATCH 6, renders for a unit of `MIGRATED`."""
    return {
        "labels": {
            "team": "db",
            "juju_model": "cos",
            "juju_model_uuid": MODEL_UUID,
            "juju_application": "zinc",
            "juju_charm": "zinc",
            "juju_unit": f"zinc/{number}",
        },
        "targets": [f"127.0.1.{number + 1}:8080"],
    }


# What the machine charm's library, LIBPATCH 6, renders from the databags of `MIGRATED`.
OF_MACHINE_CHARM: Object = {
    "static_configs": [recorded_static_config(1), recorded_static_config(0)],
    "job_name": f"cos_{MODEL_UUID[:8]}_zinc_api",
    "scrape_interval": "30s",
    "relabel_configs": [
        {
            "source_labels": [
                "juju_model",
                "juju_model_uuid",
                "juju_application",
                "juju_unit",
            ],
            "separator": "_",
            "target_label": "instance",
            "regex": "(.*)",
        }
    ],
}
MIGRATED = [
    {
        "static_configs": [{"targets": ["*:8080"], "labels": {"team": "db"}}],
        "job_name": "api",
        "scrape_interval": "30s",
    }
]


def test_series_keep_their_labels_when_parca_moves_from_machines_to_kubernetes(
    parca: Parca,
) -> None:
    before = {
        series("zinc", f"127.0.1.{number + 1}:8080", f"zinc/{number}", job="api", team="db")
        for number in range(2)
    }
    parca.start([OF_MACHINE_CHARM])
    assert parca.settled_series(before) == before
    # In the new model the application is a remote one, with a name that Juju generates.
    remote = relate(1, "zinc", MIGRATED, units=2, remote="remote-5e0d9c7ab21f4d0f8a6b3c4d5e6f7a8b")
    marker = relate(2, "late", [{"static_configs": [{"targets": ["*:1"]}]}])
    after = {*before, series("late", "127.0.2.1:1", "late/0")}
    parca.write(render(remote, marker))
    assert parca.settled_series(after) == after
