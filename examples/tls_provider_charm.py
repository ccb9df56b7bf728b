"""A charm whose units serve pprof over TLS, once the charm has a CA certificate."""

from __future__ import annotations

import json

import ops

from parca_scrape import Job, ProfilingEndpointProvider, StaticConfig, TLSConfig


class SecureShopCharm(ops.CharmBase):
    """Run a shop that Parca profiles over TLS."""

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self.profiling = ProfilingEndpointProvider(self, jobs=self._make_jobs)
        events = self.on["receive-ca-cert"]
        for event in (events.relation_changed, events.relation_broken):
            framework.observe(event, self._on_ca_changed)

    def _on_ca_changed(self, _: ops.EventBase) -> None:
        """Publish the jobs again, with the new certificate or without one."""
        self.profiling.set_scrape_job_spec()

    def _make_jobs(self) -> list[Job]:
        """Return the scrape jobs: none until the CA certificate is there."""
        ca = self._read_ca()
        if not ca:
            return []
        static_config = StaticConfig(targets=["*:6060"])
        return [Job(static_configs=[static_config], scheme="https", tls_config=TLSConfig(ca=ca))]

    def _read_ca(self) -> str:
        """Return the CA certificates that the related application published, if any."""
        relation = self.model.get_relation("receive-ca-cert")
        if relation is None:
            return ""
        databag = relation.data[relation.app]
        return "\n".join(json.loads(databag.get("certificates", "[]")))


if __name__ == "__main__":
    ops.main(SecureShopCharm)
