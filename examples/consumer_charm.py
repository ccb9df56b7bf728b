"""A charm that runs Parca and writes its configuration."""

from __future__ import annotations

import ops
import yaml

from parca_scrape import ProfilingEndpointConsumer

CONFIG_PATH = "/etc/parca/parca.yaml"
BUCKET = {"type": "FILESYSTEM", "config": {"directory": "/var/lib/parca"}}


class ParcaCharm(ops.CharmBase):
    """Run Parca in a container named parca."""

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self.profiling = ProfilingEndpointConsumer(self)
        framework.observe(self.on.parca_pebble_ready, self._configure)
        framework.observe(self.profiling.on.targets_changed, self._configure)

    def _configure(self, _: ops.EventBase) -> None:
        """Write parca.yaml, which Parca reloads when the file changes."""
        container = self.unit.get_container("parca")
        if not container.can_connect():
            return
        config = {"object_storage": {"bucket": BUCKET}, "scrape_configs": self.profiling.jobs()}
        container.push(CONFIG_PATH, yaml.safe_dump(config), make_dirs=True)
        problems = self.profiling.problems()
        message = f"problems in scrape jobs: {len(problems)}, see juju debug-log"
        self.unit.status = ops.ActiveStatus(message if problems else "")


if __name__ == "__main__":
    ops.main(ParcaCharm)
