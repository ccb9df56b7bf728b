"""A ledger on machines, which a Parca in another model profiles."""

from __future__ import annotations

import ledger
import ops

from parca_scrape import (
    AddressSource,
    Job,
    PprofProfile,
    ProfilingConfig,
    ProfilingEndpointProvider,
    StaticConfig,
)

JOB = Job(
    # Without the label, Parca would store the profiles of both processes as one series.
    static_configs=[
        StaticConfig(targets=[f"*:{port}"], labels={"process": process})
        for process, port in ledger.PORTS.items()
    ],
    # fgprof records for as long as it is asked to: `delta` makes Parca say how long.
    profiling_config=ProfilingConfig(
        pprof_config={"fgprof": PprofProfile(enabled=True, path="/debug/fgprof", delta=True)}
    ),
)


class LedgerCharm(ops.CharmBase):
    """Run the ledger, and publish what Parca scrapes from it."""

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        # Another model cannot resolve the name of a machine, but can reach its ingress address.
        self.profiling = ProfilingEndpointProvider(
            self, jobs=[JOB], unit_address=AddressSource.INGRESS
        )
        framework.observe(self.on.install, self._install)
        framework.observe(self.on.upgrade_charm, self._install)
        framework.observe(self.on.collect_unit_status, self._on_collect_unit_status)

    def _install(self, _: ops.EventBase) -> None:
        """Install the program that came with the charm, and run it."""
        ledger.install(self.model.resources.fetch("ledger"))
        # Juju lets other models connect to open ports only.
        self.unit.set_ports(*ledger.PORTS.values())

    def _on_collect_unit_status(self, event: ops.CollectStatusEvent) -> None:
        """Report what could not be published."""
        for problem in self.profiling.problems():
            is_error = problem.severity == "error"
            line = str(problem)
            event.add_status(ops.BlockedStatus(line) if is_error else ops.ActiveStatus(line))
        event.add_status(ops.ActiveStatus())


if __name__ == "__main__":
    ops.main(LedgerCharm)
