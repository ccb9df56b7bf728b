"""A running Parca, and what its API says about its targets."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple, TypedDict
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit

import yaml

Series = Tuple[str, str, Tuple[Tuple[str, str], ...]]
"""Name of the job, scheme and address of the target, and its labels."""


class Target(TypedDict):
    """The parts of a target in Parca's API that the tests use."""

    url: str
    labels: Dict[str, List[Dict[str, str]]]


START_SECONDS = 60
# Parca applies a new configuration within five seconds.
SETTLE_SECONDS = 30
ANSWER_SECONDS = 30
NOT_FOUND = 404
LOCALHOST = "127.0.0.1"
NOBODY = f"{LOCALHOST}:9"
RELOAD_METRIC = "parca_config_last_reload_successful"


def find_parca() -> Optional[str]:
    """Return the binary that the environment names, or the one on PATH."""
    return os.environ.get("PARCA_BINARY") or shutil.which("parca")


class Parca:
    """A process of Parca, or of a stand-in with its options and API, on a port of its own."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._command = command
        self._folder = folder
        self.config = folder / "parca.yaml"
        self._port = free_port()
        self._process: Optional[subprocess.Popen[bytes]] = None

    def start(self, scrape_configs: Sequence[object], *options: str) -> None:
        """Write a configuration and start the server."""
        self.write(scrape_configs)
        self.run(*options)

    def run(self, *options: str) -> None:
        """Start the server with the configuration that is there."""
        command = [
            *self._command,
            f"--config-path={self.config}",
            f"--http-address={LOCALHOST}:{self._port}",
            f"--storage-path={self._folder / 'storage'}",
            f"--debuginfo-cache-dir={self._folder}",
            # By default these are servers on the internet.
            f"--debuginfod-upstream-servers={NOBODY}",
            f"--profile-share-server={NOBODY}",
            *options,
        ]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=str(self._folder), stdout=log, stderr=log
            )
        assert self.wait_until(self._is_up, START_SECONDS), (
            f"Parca does not start: {self.log()[-2000:]}"
        )

    def stop(self) -> None:
        """Stop the server, if it still runs."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    @property
    def url(self) -> str:
        """Where the server answers."""
        return f"http://{LOCALHOST}:{self._port}"

    def is_alive(self) -> bool:
        """Return whether the server runs."""
        return self._process is not None and self._process.poll() is None

    def wait_until(self, is_so: Callable[[], bool], seconds: float = SETTLE_SECONDS) -> bool:
        """Return whether something becomes so while the server runs."""
        deadline = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > deadline or not self.is_alive():
                return False
            time.sleep(0.2)
        return True

    def write(self, scrape_configs: Sequence[object]) -> None:
        """Write a configuration as Parca charms do; the server reloads it by itself."""
        bucket = {"type": "FILESYSTEM", "config": {"directory": str(self._folder / "data")}}
        document = {"object_storage": {"bucket": bucket}, "scrape_configs": list(scrape_configs)}
        # Without libyaml the largest would take half a minute.
        dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
        text: str = yaml.dump(document, Dumper=dumper, sort_keys=False)
        new = self._folder / "new.yaml"
        new.write_text(text, encoding="utf-8")
        new.replace(self.config)

    def series(self) -> Set[Series]:
        """Return the series of every target that is scraped."""
        answer: Dict[str, Dict[str, Dict[str, List[Target]]]] = self.ask(
            "/api/targets", state="STATE_ACTIVE"
        )
        return {
            (job_name, origin_of(target), labels_of(target))
            for job_name, targets in answer["targets"].items()
            for target in targets["targets"]
        }

    def settled_series(self, expected: Set[Series]) -> Set[Series]:
        """Return the series once they are as expected, or what they are when time is up."""
        self.wait_until(lambda: self.series() == expected)
        # Others may come a little later.
        time.sleep(0.5)
        return self.series()

    def reloads(self, scrape_configs: Sequence[object]) -> bool:
        """Write a configuration and return whether the server accepts it.

        The metric says nothing about a file that comes after one with the same verdict, and is 0
        before the first reload.
        """
        before = self.metric(RELOAD_METRIC)
        self.write(scrape_configs)
        is_judged = self.wait_until(lambda: self.metric(RELOAD_METRIC) != before)
        assert is_judged, "the verdict is the same as before, or there is none"
        return self.metric(RELOAD_METRIC) == 1

    def metric(self, name: str) -> float:
        """Return the sum of a metric over all its labels; 0 without it."""
        lines = (line.rpartition(" ") for line in self._read("/metrics").splitlines())
        return sum(float(value) for key, _, value in lines if key.partition("{")[0] == name)

    def peak_mebibytes(self) -> float:
        """Return the most memory that the server has had so far."""
        status = self._read_process("status")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    def cpu_seconds(self) -> float:
        """Return how long processors have worked for the server so far."""
        # The name of the program, in parentheses, may have spaces in it.
        fields = self._read_process("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def ask(self, path: str, **parameters: str) -> Any:
        """Return an answer of the API; None if it finds nothing."""
        try:
            return json.loads(self._read(f"{path}?{urlencode(parameters)}"))
        except HTTPError as error:
            with error:
                if error.code == NOT_FOUND:
                    return None
                answer = error.read().decode("utf-8")
        raise AssertionError(f"{path}: {answer}")

    def log(self) -> str:
        """Return what the server printed."""
        return (self._folder / "log").read_text(encoding="utf-8", errors="replace")

    def _read_process(self, name: str) -> str:
        """Return a file in which Linux tells about the server's process."""
        assert self._process is not None
        return Path(f"/proc/{self._process.pid}/{name}").read_text(encoding="utf-8")

    def _is_up(self) -> bool:
        """Return whether the server answers."""
        try:
            self._read("/metrics")
        except OSError:
            return False
        return True

    def _read(self, path: str) -> str:
        """Return the server's answer; raise `OSError` without one."""
        with urllib.request.urlopen(self.url + path, timeout=ANSWER_SECONDS) as answer:
            body: bytes = answer.read()
            return body.decode("utf-8")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind((LOCALHOST, 0))
        port: int = listener.getsockname()[1]
        return port


def origin_of(target: Target) -> str:
    """Return the scheme and the address of a target."""
    url = urlsplit(target["url"])
    return f"{url.scheme}://{url.netloc}"


def labels_of(target: Target) -> Tuple[Tuple[str, str], ...]:
    """Return the labels of a target's profiles."""
    labels = target["labels"].get("labels", [])
    return tuple(sorted((label["name"], label.get("value", "")) for label in labels))
