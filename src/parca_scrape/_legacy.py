"""What older versions wrote or read: each shim says whose it is, and when it can go."""

from __future__ import annotations

from typing import Dict, Mapping, Tuple

from parca_scrape._getters import as_list, as_object
from parca_scrape._rules import is_ca, is_certificate, is_private_key
from parca_scrape.problems import Findings

# The address of a unit in databags of the first drafts of the interface. No released library
# wrote it alone; released consumers read it. It can go when LIBAPI 0 does.
LEGACY_ADDRESS_KEY = "parca_scrape_host"

# Charms have put PEM text where Parca reads the path of a file. Consumers up to LIBPATCH 6 of
# either library passed it on, and Parca then scraped without any TLS settings. It can go when no
# charm on Charmhub writes `ca_file` into a scrape job.
FILE_FIELDS = {
    "ca_file": ("ca", is_ca),
    "cert_file": ("cert", is_certificate),
    "key_file": ("key", is_private_key),
}
# Consumers up to LIBPATCH 6 of either library split a target at its only colon, and copy labels
# and iterate targets that may be null. The warnings can go when no such consumer is deployed.
COLON_RULE = "consumers before LIBPATCH 7 fail on IPv6, and on a target without a port"
NULL_RULE = "consumers before LIBPATCH 7 fail on null: leave the field out"


def move_pem(fields: Mapping[str, object]) -> Tuple[Dict[str, object], Dict[str, str]]:
    """Move PEM text in `ca_file`, `cert_file` and `key_file` to the fields that hold text.

    A good inline field stays as it is.

    Returns:
        The settings, and where the text of which field has gone.
    """
    settings = dict(fields)
    moved: Dict[str, str] = {}
    for name, (inline, is_good) in FILE_FIELDS.items():
        text, present = settings.get(name), settings.get(inline)
        if not isinstance(text, str) or not is_good(text):
            continue
        if isinstance(present, str) and is_good(present):
            continue
        settings[inline] = settings.pop(name)
        moved[name] = inline
    return settings, moved


def warn_of_old_consumers(raw_jobs: object, path: str, findings: Findings) -> None:
    """Warn of what consumers before LIBPATCH 7 fail on, though Parca and newer ones do not."""
    for job_index, job in enumerate(as_list(raw_jobs) or ()):
        static_configs = as_list((as_object(job) or {}).get("static_configs")) or ()
        for index, static_config in enumerate(static_configs):
            fields = as_object(static_config) or {}
            config_path = f"{path}[{job_index}].static_configs[{index}]"
            for key in ("targets", "labels"):
                if fields.get(key, key) is None:
                    findings.warning(f"{config_path}.{key}", NULL_RULE)
            for target_index, target in enumerate(as_list(fields.get("targets")) or ()):
                if isinstance(target, str) and target.count(":") != 1:
                    findings.warning(f"{config_path}.targets[{target_index}]", COLON_RULE)
