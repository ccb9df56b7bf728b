"""What Parca requests of each target of its scrape configs.

Sources: Parca `pkg/scrape/target.go`, which makes the URLs, and Go `net/url`, which writes them.
"""

from __future__ import annotations

import json
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple
from urllib.parse import quote, quote_plus

from parca_scrape._rules import SCHEME_LABEL
from parca_scrape.cli.profiles import Profile, list_profiles
from parca_scrape.cli.series import DEFAULT_SCHEME
from parca_scrape.cli.tls_clients import TLSClient
from parca_scrape.render import ScrapeConfig
from parca_scrape.static_configs import DEFAULT_PORTS
from parca_scrape.targets import Target

PARAMETER_PREFIX = "__param_"
SECONDS = "seconds"
# A profile that is recorded for longer says no more about whether it can be had.
PROBED_SECONDS = "1"
# What Go leaves as it is in a path, beside letters, digits and `_.-~`.
PATH_CHARACTERS = "/$&+,:;=@"


class Request(NamedTuple):
    """A profile of a target."""

    profile: str
    uri: str
    """Path and query, as the request line has them."""


class ProbeTarget(NamedTuple):
    """A target of a job, and what to request of it."""

    job: str
    address: str
    """Host and port, as Parca shows them."""
    scheme: str
    host: str
    """Without brackets."""
    port: int
    requests: Tuple[Request, ...]
    client: Optional[TLSClient] = None
    """What speaks TLS with the job's settings; None over http."""

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://{self.address}"


def list_targets(scrape_configs: Sequence[ScrapeConfig]) -> List[ProbeTarget]:
    """Return the targets of which Parca scrapes a profile, in order.

    Those of one job that have the same URLs are one target.
    """
    # Jobs with the same settings share a client: one reads the certificates of the system.
    clients: Dict[str, TLSClient] = {}
    targets: Dict[ProbeTarget, None] = {}
    for scrape_config in scrape_configs:
        settings = scrape_config.get("tls_config", {})
        client = clients.setdefault(json.dumps(settings, sort_keys=True), TLSClient(settings))
        profiles = list_profiles(scrape_config)
        # Quick profiles first: one that records would only hide what is wrong with the others.
        profiles.sort(key=lambda profile: profile.seconds is not None)
        for static_config in scrape_config["static_configs"]:
            labels = static_config["labels"]
            scheme = labels.get(SCHEME_LABEL) or scrape_config.get("scheme", DEFAULT_SCHEME)
            requests = tuple(make_request(profile, labels) for profile in profiles)
            for text in static_config["targets"] if requests else ():
                target = Target.parse(text)
                port = target.port or DEFAULT_PORTS[scheme]
                scraped = ProbeTarget(
                    scrape_config["job_name"],
                    text if target.port else f"{text}:{port}",
                    scheme,
                    target.host.strip("[]"),
                    port,
                    requests,
                    client if scheme == "https" else None,
                )
                targets[scraped] = None
    return list(targets)


def make_request(profile: Profile, labels: Mapping[str, str]) -> Request:
    """Return what Parca requests for a profile; one that is recorded, for one second."""
    parameters = {} if profile.seconds is None else {SECONDS: PROBED_SECONDS}
    for name, value in labels.items():
        if name.startswith(PARAMETER_PREFIX) and value:
            parameters[name[len(PARAMETER_PREFIX) :]] = value
    if SECONDS in parameters:
        parameters[SECONDS] = PROBED_SECONDS
    query = "&".join(
        f"{quote_plus(key)}={quote_plus(parameters[key])}" for key in sorted(parameters)
    )
    # Go escapes an asterisk unless it stands alone.
    path = "*" if profile.path == "*" else quote(profile.path, safe=PATH_CHARACTERS)
    path = path if path.startswith("/") else f"/{path}"
    return Request(profile.name, f"{path}?{query}" if query else path)
