"""A charm whose units serve pprof on port 6060."""

from __future__ import annotations

import ops

from parca_scrape import Job, ProfilingEndpointProvider, StaticConfig


class ShopCharm(ops.CharmBase):
    """Run a shop that Parca profiles."""

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        static_config = StaticConfig(targets=["*:6060"], labels={"team": "shop"})
        job = Job(static_configs=[static_config])
        self.profiling = ProfilingEndpointProvider(self, jobs=[job])


if __name__ == "__main__":
    ops.main(ShopCharm)
