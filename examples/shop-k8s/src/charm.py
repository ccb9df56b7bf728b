"""A shop on Kubernetes that serves pprof over TLS, once it has a certificate."""

from __future__ import annotations

import hashlib
import socket

import ops
from charmlibs.interfaces.tls_certificates import (
    Certificate,
    CertificateRequestAttributes,
    TLSCertificatesRequiresV4,
)

from parca_scrape import ProfilingEndpointProvider

CERTIFICATE_PATH = "/etc/shop/certificate.pem"
KEY_PATH = "/etc/shop/key.pem"


class ShopCharm(ops.CharmBase):
    """Run the shop, and publish what Parca scrapes from it."""

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self.container = self.unit.get_container("shop")
        # Parca connects to the fully qualified domain name, which is what each unit publishes.
        self.request = CertificateRequestAttributes(
            common_name=self.app.name, sans_dns=[socket.getfqdn()]
        )
        self.certificates = TLSCertificatesRequiresV4(self, "certificates", [self.request])
        self.profiling = ProfilingEndpointProvider(self, jobs=self._make_jobs)
        for event in (
            self.on.shop_pebble_ready,
            self.on.config_changed,
            self.certificates.on.certificate_available,
            self.on["certificates"].relation_broken,
        ):
            framework.observe(event, self._configure)
        framework.observe(self.on.collect_unit_status, self._on_collect_unit_status)

    def _make_jobs(self) -> list[dict[str, object]]:
        """Return the scrape jobs: none until there is a certificate.

        The job is a mapping because its port is a configuration option: `problems()` then reports
        a bad port, where a `Job` would raise.
        """
        certificate, _ = self.certificates.get_assigned_certificate(self.request)
        if certificate is None:
            return []
        return [
            {
                "scheme": "https",
                "tls_config": {"ca": str(certificate.ca)},
                "static_configs": [{"targets": [f"*:{self.config['pprof-port']}"]}],
            }
        ]

    def _configure(self, _: ops.EventBase) -> None:
        """Publish the jobs again, and run the shop with its certificate and port."""
        self.profiling.set_scrape_job_spec()
        certificate, key = self.certificates.get_assigned_certificate(self.request)
        has_errors = any(problem.severity == "error" for problem in self.profiling.problems())
        if certificate is None or key is None or has_errors or not self.container.can_connect():
            return
        text = str(certificate.certificate)
        self.container.push(CERTIFICATE_PATH, text, make_dirs=True)
        self.container.push(KEY_PATH, str(key), make_dirs=True, permissions=0o600)
        self.container.add_layer("shop", self._make_layer(certificate.certificate), combine=True)
        self.container.replan()

    def _make_layer(self, certificate: Certificate) -> ops.pebble.LayerDict:
        """Return the Pebble layer. A new certificate changes it, so that the shop restarts."""
        command = (
            f"/bin/shop --pprof-address=:{self.config['pprof-port']}"
            f" --certificate={CERTIFICATE_PATH} --key={KEY_PATH}"
        )
        fingerprint = hashlib.sha256(str(certificate).encode()).hexdigest()
        return {
            "services": {
                "shop": {
                    "override": "replace",
                    "startup": "enabled",
                    "command": command,
                    "environment": {"CERTIFICATE_FINGERPRINT": fingerprint},
                }
            }
        }

    def _on_collect_unit_status(self, event: ops.CollectStatusEvent) -> None:
        """Report what is missing, and what is wrong with the scrape jobs."""
        certificate, _ = self.certificates.get_assigned_certificate(self.request)
        if certificate is None:
            event.add_status(ops.BlockedStatus("no certificate: integrate certificates"))
        if not self.container.can_connect():
            event.add_status(ops.WaitingStatus("waiting for Pebble"))
        for problem in self.profiling.problems():
            is_error = problem.severity == "error"
            line = str(problem)
            event.add_status(ops.BlockedStatus(line) if is_error else ops.ActiveStatus(line))
        event.add_status(ops.ActiveStatus())


if __name__ == "__main__":
    ops.main(ShopCharm)
