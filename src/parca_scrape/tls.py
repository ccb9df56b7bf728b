"""How Parca speaks TLS with its targets.

Source: prometheus/common `config/http_config.go`, `TLSConfig`. What Parca cannot use there it
does not refuse: it scrapes without any of the settings.
"""

from __future__ import annotations

from dataclasses import field
from typing import Dict, Mapping, Optional

from parca_scrape._getters import build, get_boolean, get_fields, get_object, get_text
from parca_scrape._legacy import FILE_FIELDS, move_pem
from parca_scrape._rules import (
    DEFAULT_MIN_TLS_VERSION,
    TLS_VERSIONS,
    is_ca,
    is_certificate,
    is_private_key,
)
from parca_scrape.frozen import dataclass
from parca_scrape.problems import Findings, join_path

TLS_FIELDS = (
    "ca",
    "cert",
    "key",
    "server_name",
    "insecure_skip_verify",
    "min_version",
    "max_version",
)
PEM_FIELDS = {"ca": is_ca, "cert": is_certificate, "key": is_private_key}
# Each names a file or a secret of the host that Parca runs on.
HOST_FIELDS = (*FILE_FIELDS, "ca_ref", "cert_ref", "key_ref")
HOST_FILE_RULE = "names a file or secret of the Parca host; write the PEM text itself to"


@dataclass(frozen=True, init=False)
class TLSConfig:
    """The TLS settings of a scrape job. None and empty text stand for Parca's default."""

    ca: str
    """PEM text of the certificates to trust."""
    cert: str
    """PEM text of the certificate that Parca shows; goes with `key`."""
    key: str = field(repr=False)
    """PEM text of the key of `cert`. A secret: anyone who reads the databag has it."""
    server_name: str
    """The name to expect in the target's certificate."""
    insecure_skip_verify: Optional[bool]
    min_version: str
    """`TLS10`, `TLS11`, `TLS12` (Parca's default) or `TLS13`."""
    max_version: str

    def __init__(
        self,
        ca: str = "",
        cert: str = "",
        key: str = "",
        server_name: str = "",
        insecure_skip_verify: Optional[bool] = None,
        min_version: str = "",
        max_version: str = "",
    ) -> None:
        """Check and take the settings.

        Raises:
            InvalidJobError: Parca would not load them, or would scrape without them.
        """
        fields: Dict[str, object] = {
            "ca": ca,
            "cert": cert,
            "key": key,
            "server_name": server_name,
            "min_version": min_version,
            "max_version": max_version,
        }
        if insecure_skip_verify is not None:
            fields["insecure_skip_verify"] = insecure_skip_verify
        findings = Findings()
        self.__dict__.update(check_tls(fields, "", findings))
        findings.raise_first()

    def as_mapping(self) -> Dict[str, object]:
        """Give what is set, in the form of Parca's configuration."""
        fields: Dict[str, object] = {name: getattr(self, name) for name in TLS_FIELDS}
        return {name: value for name, value in fields.items() if value not in ("", None)}


def decode_tls(raw: object, path: str, findings: Findings) -> Optional[TLSConfig]:
    """Read a `tls_config`; None if there is nothing in it to serve."""
    if not isinstance(raw, TLSConfig):
        mapping = get_object(raw, path, findings)
        fields = get_fields(mapping, (*TLS_FIELDS, *HOST_FIELDS), path, findings)
        fields, moved = move_pem(fields)
        for name, inline in moved.items():
            rule = f"names a file of the Parca host, yet holds PEM text: write it to {inline}"
            findings.warning(join_path(path, name), rule)
        for name in HOST_FIELDS:
            if fields.get(name, "") != "":
                inline = name.partition("_")[0]
                findings.error(join_path(path, name), f"{HOST_FILE_RULE} {inline}")
        raw = build(TLSConfig, **check_tls(fields, path, findings))
    return raw if raw.as_mapping() else None


def check_tls(fields: Mapping[str, object], path: str, findings: Findings) -> Dict[str, object]:
    """Give what Parca accepts of a `tls_config`, as the fields of the dataclass."""
    values: Dict[str, object] = {
        "server_name": get_text(fields, "server_name", path, findings),
        "insecure_skip_verify": get_boolean(fields, "insecure_skip_verify", path, findings),
    }
    for name, is_good in PEM_FIELDS.items():
        text = get_text(fields, name, path, findings)
        if text and not is_good(text):
            rule = "no PEM block of its kind, with BEGIN and END on lines of their own"
            findings.error(join_path(path, name), rule)
            text = ""
        values[name] = text
    for name, other in (("cert", "key"), ("key", "cert")):
        if values[name] and not values[other]:
            rule = f"goes with a {other} only; Parca refuses it alone"
            findings.error(join_path(path, name), rule)
            values[name] = ""
    values.update(check_versions(fields, path, findings))
    return values


def check_versions(fields: Mapping[str, object], path: str, findings: Findings) -> Dict[str, str]:
    """Give the TLS versions that Parca accepts, none if they contradict each other."""
    versions: Dict[str, str] = {}
    for name in ("min_version", "max_version"):
        version = fields.get(name, "")
        if version in ("", *TLS_VERSIONS):
            versions[name] = str(version)
        else:
            rule = f"must be one of {', '.join(TLS_VERSIONS)}"
            findings.error(join_path(path, name), rule)
            versions[name] = ""
    lowest = versions["min_version"] or DEFAULT_MIN_TLS_VERSION
    if versions["max_version"] and versions["max_version"] < lowest:
        rule = f"below the min_version, which is {DEFAULT_MIN_TLS_VERSION} if none is set"
        findings.error(f"{path}.max_version", rule)
        return {"min_version": "", "max_version": ""}
    return versions
