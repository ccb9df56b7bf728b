"""Certificates of private authorities, and servers that speak TLS with them."""

from __future__ import annotations

import datetime
import ssl
from typing import Any, Dict, Optional

import pytest

# The oldest ops is tested without it.
trustme: Any = pytest.importorskip("trustme")

YESTERDAY = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)


class Certificate:
    """A certificate with its key."""

    def __init__(self, leaf: Any) -> None:
        self._leaf = leaf
        self.own_pem: str = leaf.cert_chain_pems[0].bytes().decode("ascii")
        self.key: str = leaf.private_key_pem.bytes().decode("ascii")

    def make_context(
        self, client_ca: Optional[Authority] = None, version: Optional[ssl.TLSVersion] = None
    ) -> ssl.SSLContext:
        """Return what a server speaks TLS with.

        Args:
            client_ca: who must have signed the certificate of a client; None requires none.
            version: the highest version.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._leaf.configure_cert(context)
        if client_ca is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=client_ca.pem)
        if version is not None:
            context.maximum_version = version
        return context


class Authority:
    """Signs certificates."""

    def __init__(self) -> None:
        self._ca = trustme.CA()
        self.pem: str = self._ca.cert_pem.bytes().decode("ascii")

    def issue(self, *names: str, has_expired: bool = False) -> Certificate:
        """Return a certificate for names and IP addresses."""
        options: Dict[str, object] = {"not_after": YESTERDAY} if has_expired else {}
        return Certificate(self._ca.issue_cert(*names, **options))
