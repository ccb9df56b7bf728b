"""How Parca speaks TLS with its targets (prometheus/common `config/http_config.go`).

Parca does not refuse settings that it cannot use there: it scrapes without any of them.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field, fields
from typing import Dict, List, Mapping, Optional, Tuple

from parca_scrape._getters import adopt, get_boolean, get_fields, get_object, get_text
from parca_scrape._legacy import FILE_FIELDS, move_pem
from parca_scrape._limits import MAX_PEM_LENGTH
from parca_scrape._pem import PEM_LABELS, find_pem_fault
from parca_scrape._rules import DEFAULT_MIN_TLS_VERSION, TLS_VERSIONS, parse_text
from parca_scrape.problems import Findings, strict_findings

# Each names a file or a secret on the host of Parca.
HOST_FIELDS = (*FILE_FIELDS, "ca_ref", "cert_ref", "key_ref")
HOST_FIELD_RULE = "names a file or a secret on the Parca host: put the PEM text itself into"


@dataclass(frozen=True)
class TLSConfig:
    """The TLS settings of a scrape job. None and empty text stand for Parca's default.

    Raises:
        InvalidJobError: Parca would not load the settings, or would scrape without them.
    """

    ca: str = field(default="", repr=False)
    """PEM text of the certificates to trust."""
    cert: str = field(default="", repr=False)
    """PEM text of the certificate that Parca presents; needs `key`."""
    key: str = field(default="", repr=False)
    """PEM text of the private key of `cert`. Anyone who can read the databag can read it."""
    server_name: str = ""
    """The name to expect in the certificate of the target."""
    insecure_skip_verify: Optional[bool] = None
    min_version: str = ""
    """`TLS10`, `TLS11`, `TLS12` (Parca's default) or `TLS13`."""
    max_version: str = ""
    _decoded: InitVar[bool] = False

    def __post_init__(self, _decoded: bool) -> None:
        """Check what a decoder has not checked."""
        if not _decoded:
            settings = {name: getattr(self, name) for name in TLS_FIELDS}
            adopt(self, decode_tls(settings, strict_findings()), TLS_FIELDS)

    def as_mapping(self) -> Dict[str, object]:
        """Return what is set, in the form of Parca's configuration."""
        settings: Dict[str, object] = {name: getattr(self, name) for name in TLS_FIELDS}
        return {name: value for name, value in settings.items() if value not in ("", None)}


TLS_FIELDS = tuple(setting.name for setting in fields(TLSConfig))


def decode_tls(raw: object, findings: Findings) -> TLSConfig:
    """Return a `tls_config` without its bad parts."""
    if isinstance(raw, TLSConfig):
        return raw
    known = (*TLS_FIELDS, *HOST_FIELDS)
    settings = move_pem(get_fields(get_object(raw, findings), known, findings), findings)
    for name in HOST_FIELDS:
        if settings.get(name, "") != "":
            findings.at(name).error(f"{HOST_FIELD_RULE} {name.partition('_')[0]}")
    server_name = get_text(settings, "server_name", findings)
    insecure_skip_verify = get_boolean(settings, "insecure_skip_verify", findings)
    pem = get_pem(settings, findings)
    min_version, max_version = get_versions(settings, findings)
    return TLSConfig(
        ca=pem["ca"],
        cert=pem["cert"],
        key=pem["key"],
        server_name=server_name,
        insecure_skip_verify=insecure_skip_verify,
        min_version=min_version,
        max_version=max_version,
        _decoded=True,
    )


def get_pem(settings: Mapping[str, object], findings: Findings) -> Dict[str, str]:
    """Return the PEM texts that Go can read; `cert` and `key` only together, as Parca wants it."""
    pem: Dict[str, str] = {}
    for name in PEM_LABELS:
        pem[name] = get_text(settings, name, findings, max_length=MAX_PEM_LENGTH)
        rule = find_pem_fault(name, pem[name]) if pem[name] else ""
        if rule:
            findings.at(name).error(rule)
            pem[name] = ""
    for name, other, what in (("cert", "key", "certificate"), ("key", "cert", "key")):
        if pem[name] and not pem[other]:
            findings.at(name).error(f"needs a {other}: Parca refuses a {what} without one")
            pem[name] = ""
    return pem


def get_versions(settings: Mapping[str, object], findings: Findings) -> Tuple[str, str]:
    """Return the lowest and the highest TLS version; both empty if they contradict each other."""
    versions: List[str] = []
    for name in ("min_version", "max_version"):
        version = parse_text(settings.get(name, ""))
        if version not in ("", *TLS_VERSIONS):
            findings.at(name).error(f"must be one of {', '.join(TLS_VERSIONS)}")
            version = ""
        versions.append(version or "")
    lowest, highest = versions
    if highest and highest < (lowest or DEFAULT_MIN_TLS_VERSION):
        rule = f"is below min_version, which is {DEFAULT_MIN_TLS_VERSION} unless it is set"
        findings.at("max_version").error(rule)
        return "", ""
    return lowest, highest
