"""Tests of the charm, without Juju."""

from __future__ import annotations

import yaml
from charm import CONFIG_PATH, ProfileStoreCharm
from ops import pebble, testing

from parca_scrape.testing import relation_for_requirer, scraped

PARCA = testing.Container("parca", can_connect=True)


def read_scrape_configs(
    context: testing.Context[ProfileStoreCharm], state: testing.State
) -> object:
    """Return what Parca scrapes according to its configuration."""
    filesystem = state.get_container("parca").get_filesystem(context)
    config = yaml.safe_load((filesystem / CONFIG_PATH.lstrip("/")).read_text())
    return config["scrape_configs"]


def test_parca_scrapes_what_an_application_publishes() -> None:
    context = testing.Context(ProfileStoreCharm)
    shop = relation_for_requirer("profiling-endpoint")
    state = testing.State(relations={shop}, containers={PARCA})
    state = context.run(context.on.relation_changed(shop, remote_unit=0), state)
    assert read_scrape_configs(context, state) == scraped(shop)
    assert state.unit_status == testing.ActiveStatus()


def test_bad_jobs_are_in_the_status_and_the_good_ones_are_scraped() -> None:
    context = testing.Context(ProfileStoreCharm)
    good = relation_for_requirer("profiling-endpoint")
    bad = relation_for_requirer(
        "profiling-endpoint", app_name="bad", app_data={"scrape_jobs": "["}
    )
    state = testing.State(relations={good, bad}, containers={PARCA})
    state = context.run(context.on.relation_changed(bad, remote_unit=0), state)
    assert read_scrape_configs(context, state) == scraped(good)
    message = "problems in scrape jobs: 1, see juju debug-log"
    assert state.unit_status == testing.ActiveStatus(message)


def test_parca_serves_its_port() -> None:
    context = testing.Context(ProfileStoreCharm)
    state = context.run(context.on.pebble_ready(PARCA), testing.State(containers={PARCA}))
    assert state.get_container("parca").service_statuses == {"parca": pebble.ServiceStatus.ACTIVE}
    assert state.opened_ports == {testing.TCPPort(7070)}


def test_the_memory_limit_is_that_of_the_configuration() -> None:
    context = testing.Context(ProfileStoreCharm)
    state = testing.State(containers={PARCA}, config={"memory-limit": 2})
    state = context.run(context.on.config_changed(), state)
    [service] = state.get_container("parca").plan.services.values()
    assert service.command.endswith(" --storage-active-memory=2097152")


def test_the_charm_waits_for_pebble() -> None:
    context = testing.Context(ProfileStoreCharm)
    state = testing.State(containers={testing.Container("parca")})
    state = context.run(context.on.config_changed(), state)
    assert state.unit_status == testing.WaitingStatus("waiting for Pebble")
