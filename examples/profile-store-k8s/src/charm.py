"""Parca on Kubernetes, which scrapes the applications that are integrated with it."""

from __future__ import annotations

import ops
import yaml

from parca_scrape import ProfilingEndpointConsumer

CONFIG_PATH = "/etc/parca/parca.yaml"
STORAGE = {"bucket": {"type": "FILESYSTEM", "config": {"directory": "/var/lib/parca"}}}
PORT = 7070


class ProfileStoreCharm(ops.CharmBase):
    """Run Parca, and write its configuration."""

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self.container = self.unit.get_container("parca")
        self.profiling = ProfilingEndpointConsumer(self)
        for event in (
            self.on.parca_pebble_ready,
            self.on.config_changed,
            self.profiling.on.targets_changed,
        ):
            framework.observe(event, self._configure)
        framework.observe(self.on.collect_unit_status, self._on_collect_unit_status)

    def _configure(self, _: ops.EventBase) -> None:
        """Write Parca's configuration and run Parca, or leave both as they are."""
        self.unit.set_ports(PORT)
        if not self.container.can_connect():
            return
        config = {"object_storage": STORAGE, "scrape_configs": self.profiling.jobs()}
        # Parca loads the file again when it changes, without a restart.
        self.container.push(CONFIG_PATH, yaml.safe_dump(config), make_dirs=True)
        self.container.add_layer("parca", self._make_layer(), combine=True)
        self.container.replan()

    def _make_layer(self) -> ops.pebble.LayerDict:
        """Return the Pebble layer: `replan()` restarts Parca if its command has changed."""
        memory = int(self.config["memory-limit"]) * 1024 * 1024
        command = (
            f"/parca --config-path={CONFIG_PATH} --http-address=:{PORT}"
            f" --storage-active-memory={memory}"
        )
        service: ops.pebble.ServiceDict = {
            "override": "replace",
            "startup": "enabled",
            "command": command,
        }
        return {"services": {"parca": service}}

    def _on_collect_unit_status(self, event: ops.CollectStatusEvent) -> None:
        """Report how many problems there are: they are those of others, so Parca is active."""
        if not self.container.can_connect():
            event.add_status(ops.WaitingStatus("waiting for Pebble"))
        problems = self.profiling.problems()
        message = f"problems in scrape jobs: {len(problems)}, see juju debug-log"
        event.add_status(ops.ActiveStatus(message if problems else ""))


if __name__ == "__main__":
    ops.main(ProfileStoreCharm)
