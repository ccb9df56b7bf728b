"""What older versions wrote or read: each shim says whose it is, and when it can go."""

from __future__ import annotations

from typing import Dict, Mapping

from parca_scrape._getters import as_list, as_object
from parca_scrape._limits import MAX_PEM_LENGTH
from parca_scrape._pem import find_pem_fault
from parca_scrape.problems import Findings

# The address of a unit in the first drafts of the interface. No released library wrote it alone;
# released consumers read it. It can go when LIBAPI 0 does.
LEGACY_ADDRESS_KEY = "parca_scrape_host"

# Charms have put PEM text where Parca reads the path of a file. Consumers up to LIBPATCH 6 of
# either library passed it on, and Parca then scraped without any TLS settings. It can go when no
# charm on Charmhub writes `ca_file` into a scrape job.
FILE_FIELDS = {"ca_file": "ca", "cert_file": "cert", "key_file": "key"}
# Consumers up to LIBPATCH 6 of either library split a target at its only colon, and copy labels
# and iterate targets that may be null. The warnings can go when no such consumer is deployed.
COLON_RULE = "consumers older than LIBPATCH 7 fail on IPv6 and on a target without a port"
NULL_RULE = "consumers older than LIBPATCH 7 fail on null: omit the field"


def move_pem(fields: Mapping[str, object], findings: Findings) -> Dict[str, object]:
    """Move PEM text in `ca_file`, `cert_file` and `key_file` to the fields that hold text.

    A good inline field stays as it is.
    """
    settings = dict(fields)
    for name, inline in FILE_FIELDS.items():
        if not is_pem(settings.get(name), inline) or is_pem(settings.get(inline), inline):
            continue
        settings[inline] = settings.pop(name)
        rule = f"is for the path of a file but contains PEM text: put the text into {inline}"
        findings.at(name).warning(rule)
    return settings


def is_pem(value: object, name: str) -> bool:
    """Return whether a value is good PEM text for the field `ca`, `cert` or `key`."""
    if not isinstance(value, str) or len(value) > MAX_PEM_LENGTH:
        return False
    return not find_pem_fault(name, value)


def warn_of_old_consumers(job: object, findings: Findings) -> None:
    """Warn of what consumers older than LIBPATCH 7 fail on, though Parca and newer ones do not."""
    static_configs = as_list((as_object(job) or {}).get("static_configs")) or ()
    for index, static_config in enumerate(static_configs):
        fields = as_object(static_config) or {}
        place = findings.at("static_configs").at(index)
        for key in ("targets", "labels"):
            if fields.get(key, key) is None:
                place.at(key).warning(NULL_RULE)
        for target_index, target in enumerate(as_list(fields.get("targets")) or ()):
            if isinstance(target, str) and target.count(":") != 1:
                place.at("targets").at(target_index).warning(COLON_RULE)
