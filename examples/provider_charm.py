"""A charm whose units serve pprof on port 6060."""

from __future__ import annotations

import ops

from parca_scrape import Job, ProfilingEndpointProvider, StaticConfig


class ShopCharm(ops.CharmBase):
    """Sells things, and lets Parca profile it."""

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self.profiling = ProfilingEndpointProvider(
            self,
            jobs=[Job(static_configs=[StaticConfig(targets=["*:6060"], labels={"team": "shop"})])],
        )


if __name__ == "__main__":
    ops.main(ShopCharm)
