"""Tests of the charm, without Juju."""

from __future__ import annotations

from pathlib import Path

import ledger
import pytest
from charm import JOB, LedgerCharm
from ops import testing

from parca_scrape import HostMap
from parca_scrape.testing import published, relation_for_provider, scraped


def test_each_unit_publishes_the_job_and_its_ingress_address() -> None:
    context = testing.Context(LedgerCharm)
    parca = relation_for_provider("profiling-endpoint")
    network = testing.Network("profiling-endpoint", ingress_addresses=["10.0.0.7"])
    state = testing.State(relations={parca}, networks={network}, leader=True)
    state = context.run(context.on.relation_joined(parca, remote_unit=0), state)
    found = published(state.get_relation(parca.id))
    assert (found.jobs, found.hosts) == ((JOB,), HostMap({"ledger/0": "10.0.0.7"}))
    assert state.unit_status == testing.ActiveStatus()


def test_parca_tells_the_processes_apart_and_scrapes_fgprof() -> None:
    context = testing.Context(LedgerCharm)
    parca = relation_for_provider("profiling-endpoint")
    state = testing.State(relations={parca}, leader=True)
    state = context.run(context.on.relation_joined(parca, remote_unit=0), state)
    [scrape_config] = scraped(state.get_relation(parca.id))
    targets = {
        target: static_config["labels"]["process"]
        for static_config in scrape_config["static_configs"]
        for target in static_config["targets"]
    }
    assert targets == {"192.0.2.0:6060": "reader", "192.0.2.0:6061": "writer"}
    fgprof = {"enabled": True, "path": "/debug/fgprof", "delta": True}
    assert scrape_config.get("profiling_config") == {"pprof_config": {"fgprof": fgprof}}


@pytest.mark.parametrize("event", ["install", "upgrade_charm"])
def test_the_program_is_installed_and_its_ports_are_open(
    event: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installed: list[Path] = []
    monkeypatch.setattr(ledger, "install", installed.append)
    context = testing.Context(LedgerCharm)
    state = testing.State(resources={testing.Resource(name="ledger", path=tmp_path)})
    state = context.run(getattr(context.on, event)(), state)
    assert installed == [tmp_path]
    assert state.opened_ports == {testing.TCPPort(6060), testing.TCPPort(6061)}


def test_a_unit_without_an_address_says_so_in_its_status() -> None:
    context = testing.Context(LedgerCharm)
    parca = relation_for_provider("profiling-endpoint")
    network = testing.Network("profiling-endpoint", ingress_addresses=[])
    state = testing.State(relations={parca}, networks={network}, leader=True)
    state = context.run(context.on.relation_joined(parca, remote_unit=0), state)
    line = f"error: relation {parca.id} parca: parca_scrape_unit_address: must be a host name"
    assert isinstance(state.unit_status, testing.BlockedStatus)
    assert state.unit_status.message.startswith(line)


def test_each_process_is_a_service_with_its_port(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ran: list[tuple[str, ...]] = []

    def run(*command: str) -> None:
        ran.append(command)

    monkeypatch.setattr(ledger, "SERVICES", tmp_path)
    monkeypatch.setattr(ledger, "run", run)
    ledger.install(Path("ledger"))
    commands = {
        file.name: [line for line in file.read_text().splitlines() if line.startswith("ExecStart")]
        for file in tmp_path.iterdir()
    }
    start = "ExecStart=/usr/local/bin/ledger"
    assert commands == {
        "ledger-reader.service": [f"{start} --process=reader --pprof-address=:6060"],
        "ledger-writer.service": [f"{start} --process=writer --pprof-address=:6061"],
    }
    assert ran == [
        ("install", "--mode=755", "ledger", "/usr/local/bin/ledger"),
        ("systemctl", "daemon-reload"),
        ("systemctl", "enable", "ledger-reader", "ledger-writer"),
        ("systemctl", "restart", "ledger-reader", "ledger-writer"),
    ]
