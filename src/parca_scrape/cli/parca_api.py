"""A running Parca: what its API says about its targets, and its metrics about its configuration.

Sources: Parca `pkg/scrape/service.go`, `pkg/scrape/target.go` and `pkg/config/reloader.go`. An
answer may hold anything: whoever answers may not be Parca.
"""

from __future__ import annotations

import contextlib
import http.client
import math
import queue
import re
import socket
import ssl
import threading
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union
from urllib.parse import unquote

from parca_scrape._getters import Pairs, as_list, as_object
from parca_scrape.cli.console import CommandError, read_text, show
from parca_scrape.cli.dialling import describe_redirect
from parca_scrape.cli.plain_yaml import load_json
from parca_scrape.cli.relabelling import PROFILE_LABEL
from parca_scrape.static_configs import DEFAULT_PORTS
from parca_scrape.targets import MAX_PORT

URL = re.compile(
    r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?(/[!-~]*)?", re.IGNORECASE
)
URL_HINT = "must be an http or https URL without a user or a query, such as http://parca:7070"
TOKEN_VARIABLE = "PARCA_TOKEN"
TOKEN = re.compile("[!-~]*")
TARGETS_PATH = "/api/targets?state=STATE_ACTIVE"
METRICS_PATH = "/metrics"
# Enough for about 40,000 profiles.
MAX_ANSWER_MEBIBYTES = 64
MAX_ANSWER_SIZE = MAX_ANSWER_MEBIBYTES * 2**20
# Each profile has about 25 of them; a decoder takes far longer for an answer of nothing else.
MAX_CONTAINERS = 2_000_000
PART_SIZE = 2**16
# An answer of Parca has seven levels.
MAX_DEPTH = 20
NOT_PARCA = "not an answer from Parca"

# What Parca calls the health of a target.
GOOD, BAD = "HEALTH_GOOD", "HEALTH_BAD"
# The scheme and the address in the URL of a target: Go's url.URL.String escapes the host.
ORIGIN = re.compile("[a-z]+://[^/?#]+")
RELOADED_METRIC = "parca_config_last_reload_successful"
RELOAD_TIME_METRIC = "parca_config_last_reload_success_timestamp_seconds"
# Beyond the year 6000: not a time.
MAX_TIME = 2**37

LOADED, REFUSED, UNKNOWN = "loaded", "refused", "unknown"


class ParcaError(CommandError):
    """The reason why Parca gave no usable answer; it may give one later."""


class TargetKey(NamedTuple):
    """What identifies a target, which Parca lists once for each of its profiles."""

    job: str
    origin: str
    """Its scheme and address, such as `http://10.1.80.20:8080`."""
    labels: Pairs
    """Its final labels without those that Parca hides, sorted."""


class ScrapedProfile(NamedTuple):
    """A profile of a target, as Parca scrapes it."""

    target: TargetKey
    name: str
    health: str
    """GOOD, BAD, or anything else before the first scrape."""
    last_error: str


class Configuration(NamedTuple):
    """What became of the configuration that Parca read last."""

    state: str
    """`loaded`, `refused`, or `unknown`: no reload was successful since Parca started.

    Then there was none, or Parca refused each: its metrics are the same.
    """
    loaded_at: float = 0
    """When Parca last loaded one again, in seconds since 1970; 0 if it has not."""


class Answers(NamedTuple):
    """What Parca says at one moment."""

    profiles: Sequence[ScrapedProfile]
    configuration: Configuration


class Parca:
    """Parca at a URL, without a proxy; redirects are not followed."""

    def __init__(self, url: str, ca_file: Optional[str] = None, token: str = "") -> None:
        """Check the arguments.

        Args:
            url: where Parca is, maybe behind an ingress with a path prefix.
            ca_file: a file with the CA certificate to trust instead of those of the system.
            token: a bearer token to send, if it is not empty.

        Raises:
            CommandError: one of them cannot be used. The message holds neither URL nor token.
        """
        match = URL.fullmatch(url)
        if match is None or re.search("[?#]", url) or not 1 <= int(match[3] or 1) <= MAX_PORT:
            raise CommandError(f"--parca: {URL_HINT}")
        if not TOKEN.fullmatch(token):
            raise CommandError(f"{TOKEN_VARIABLE}: must be printable ASCII without spaces")
        scheme = match[1].lower()
        self.url: str = url.rstrip("/")
        self._host = match[2].strip("[]")
        self._port = int(match[3] or DEFAULT_PORTS[scheme])
        self._prefix = (match[4] or "").rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._context: Optional[ssl.SSLContext] = None
        if scheme == "https":
            self._context = make_context(ca_file)
        elif ca_file is not None:
            raise CommandError("--ca: the URL of Parca must be https")

    def ask(self, seconds: float) -> Answers:
        """Return what Parca says about its targets and its configuration.

        Raises:
            ParcaError: it gives no usable answer within the seconds.
        """
        replies: queue.SimpleQueue[Union[Tuple[str, str], Exception]] = queue.SimpleQueue()

        # In a thread, because the time-out of a socket is for each read: it ends neither a slow
        # look-up of the name nor a slow answer.
        def fetch() -> None:
            try:
                targets, metrics = (
                    self._fetch(path, seconds) for path in (TARGETS_PATH, METRICS_PATH)
                )
                replies.put((targets, metrics))
            except Exception as error:
                replies.put(error)

        threading.Thread(target=fetch, daemon=True).start()
        try:
            reply = replies.get(timeout=seconds)
            if isinstance(reply, Exception):
                raise reply
            return Answers(decode_profiles(reply[0]), decode_configuration(reply[1]))
        except (queue.Empty, socket.timeout):
            reason = f"no answer within {seconds:.0f} seconds"
        except CommandError as error:
            reason = str(error)
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = describe(error)
        raise ParcaError(f"{self.url}: {reason}")

    def _fetch(self, path: str, seconds: float) -> str:
        """Return the text at a path.

        Raises:
            CommandError: the server answers, but not with a text.
            OSError, ValueError, http.client.HTTPException: the server gives no right answer.
        """
        with contextlib.closing(self._connect(seconds)) as connection:
            connection.request("GET", self._prefix + path, headers=self._headers)
            with connection.getresponse() as response:
                if response.status != http.client.OK:
                    raise CommandError(self._describe_status(response))
                body = read_body(response)
        if len(body) > MAX_ANSWER_SIZE:
            raise CommandError(f"the answer is larger than {MAX_ANSWER_MEBIBYTES} MiB")
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError:
            raise CommandError(f"{NOT_PARCA}: not UTF-8 text") from None

    def _connect(self, seconds: float) -> http.client.HTTPConnection:
        """Return a connection, which is made when it is used."""
        if self._context is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=seconds)
        return http.client.HTTPSConnection(
            self._host, self._port, timeout=seconds, context=self._context
        )

    def _describe_status(self, response: http.client.HTTPResponse) -> str:
        """Return what a status other than 200 means, for a message of one line."""
        status = f"HTTP status {response.status}"
        if response.status in (401, 403):
            if self._headers:
                return f"{status}: the token in {TOKEN_VARIABLE} is not accepted"
            return f"{status}: set {TOKEN_VARIABLE} to a bearer token"
        if 300 <= response.status < 400:
            return f"{status}: {describe_redirect(response)}"
        if response.status == 404:
            return f"{status}: is this the URL of Parca?"
        return status


def read_body(response: http.client.HTTPResponse) -> bytes:
    """Return the body of an answer, cut off soon after the size limit."""
    body = bytearray()
    part = response.read(PART_SIZE)
    while part and len(body) <= MAX_ANSWER_SIZE:
        body += part
        part = response.read(PART_SIZE)
    return bytes(body)


def make_context(ca_file: Optional[str]) -> ssl.SSLContext:
    """Return the context that verifies certificates, by the CA in a file or those of the system.

    Raises:
        CommandError: the file cannot be used.
    """
    if ca_file is None:
        return ssl.create_default_context()
    try:
        text = read_text(ca_file)
    except CommandError as error:
        raise CommandError(f"--ca {error}") from None
    try:
        # Empty text would mean the CAs of the system.
        return ssl.create_default_context(cadata=text or "\n")
    except (ValueError, TypeError, OSError):
        raise CommandError(f"--ca {show(ca_file)}: no certificates in PEM form") from None


def describe(error: Exception) -> str:
    """Return why a server gave no answer, for a message of one line."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {show(error.verify_message)}"
    if isinstance(error, ssl.SSLError):
        return f"no TLS connection: {show(error.reason or error)}"
    if isinstance(error, UnicodeError):
        return "not a valid host name"
    if isinstance(error, OSError):
        return show(error.strerror or error)
    return "not an answer in HTTP"


def decode_profiles(text: str) -> List[ScrapedProfile]:
    """Decode the answer that lists the targets.

    Raises:
        CommandError: it is not Parca's.
    """
    if text.count("[") + text.count("{") > MAX_CONTAINERS:
        raise CommandError(f"{NOT_PARCA}: more than {MAX_CONTAINERS:,} lists and objects")
    try:
        answer = load_json(text, MAX_DEPTH)
    except ValueError:
        raise CommandError(f"{NOT_PARCA}: not JSON") from None
    return [
        decode_profile(job, target)
        for job, targets in get_object(answer, "targets").items()
        for target in get_list(targets, "targets")
    ]


def decode_profile(job: str, raw: object) -> ScrapedProfile:
    """Decode an element of the list of a job."""
    url = get_text(raw, "url")
    origin = ORIGIN.match(url)
    return ScrapedProfile(
        TargetKey(
            job,
            url if origin is None else unquote(origin.group()),
            tuple(sorted(get_labels(raw, "labels").items())),
        ),
        get_labels(raw, "discoveredLabels").get(PROFILE_LABEL, ""),
        get_text(raw, "health", ""),
        get_text(raw, "lastError", ""),
    )


def get_labels(raw: object, key: str) -> Dict[str, str]:
    """Return the labels of a set of labels."""
    return {
        get_text(label, "name"): get_text(label, "value", "")
        for label in get_list(get_object(raw, key), "labels")
    }


def get_object(raw: object, key: str) -> Mapping[str, object]:
    """Return a field of an object that is an object; raise `CommandError` for anything else."""
    mapping = as_object((as_object(raw) or {}).get(key))
    if mapping is None:
        raise CommandError(f"{NOT_PARCA}: {key} must be an object")
    return mapping


def get_list(raw: object, key: str) -> Sequence[object]:
    """Return a field of an object that is a list, an empty one if there is none."""
    elements = as_list((as_object(raw) or {}).get(key) or ())
    if elements is None:
        raise CommandError(f"{NOT_PARCA}: {key} must be a list")
    return elements


def get_text(raw: object, key: str, default: Optional[str] = None) -> str:
    """Return a field of an object that is text."""
    text = (as_object(raw) or {}).get(key, default)
    if not isinstance(text, str):
        raise CommandError(f"{NOT_PARCA}: {key} must be a string")
    return text


def decode_configuration(metrics: str) -> Configuration:
    """Decode what the metrics say about the configuration.

    `RELOADED_METRIC` is 0 until the first reload, also after a good start, and the time is 0 until
    the first successful one.

    Raises:
        CommandError: they are not Parca's.
    """
    is_reloaded = get_metric(metrics, RELOADED_METRIC) != 0
    loaded_at = get_metric(metrics, RELOAD_TIME_METRIC) if RELOAD_TIME_METRIC in metrics else 0
    if is_reloaded:
        return Configuration(LOADED, loaded_at)
    return Configuration(REFUSED if loaded_at else UNKNOWN, loaded_at)


def get_metric(metrics: str, name: str) -> float:
    """Return the value of a metric without labels."""
    match = re.search(f"^{name} ([0-9.e+]+)$", metrics, re.MULTILINE)
    try:
        value = float(match[1]) if match else math.nan
    except ValueError:
        value = math.nan
    if not 0 <= value < MAX_TIME:
        raise CommandError(f"{NOT_PARCA}: no usable metric {name} at {METRICS_PATH}")
    return value
