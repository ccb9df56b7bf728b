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
from typing import Dict, List, Optional, Sequence, Set, Tuple, TypedDict
from urllib.error import URLError
from urllib.parse import urlsplit

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
LOCALHOST = "127.0.0.1"


def find_parca() -> Optional[str]:
    """Return the binary that the environment names, or the one on PATH."""
    return os.environ.get("PARCA_BINARY") or shutil.which("parca")


class Parca:
    """A process of Parca, or of a stand-in with its options and API, on a port of its own."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._command = command
        self._folder = folder
        self._config = folder / "parca.yaml"
        self._port = free_port()
        self._process: Optional[subprocess.Popen[bytes]] = None

    def start(self, scrape_configs: Sequence[object]) -> None:
        """Write a configuration and start the server."""
        self.write(scrape_configs)
        options = [
            f"--config-path={self._config}",
            f"--http-address={LOCALHOST}:{self._port}",
            f"--storage-path={self._folder / 'storage'}",
            f"--debuginfo-cache-dir={self._folder}",
        ]
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*self._command, *options], cwd=str(self._folder), stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.is_alive():
            if self._get("/api/targets") is not None:
                return
            time.sleep(0.1)
        raise AssertionError(f"Parca does not start: {self.log()[-2000:]}")

    def stop(self) -> None:
        """Stop the server, if it still runs."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def is_alive(self) -> bool:
        """Return whether the server runs."""
        return self._process is not None and self._process.poll() is None

    def write(self, scrape_configs: Sequence[object]) -> None:
        """Write a configuration as Parca charms do; the server reloads it by itself."""
        bucket = {"type": "FILESYSTEM", "config": {"directory": str(self._folder / "data")}}
        text = yaml.safe_dump(
            {"object_storage": {"bucket": bucket}, "scrape_configs": list(scrape_configs)},
            sort_keys=False,
        )
        new = self._folder / "new.yaml"
        new.write_text(text, encoding="utf-8")
        new.replace(self._config)

    def series(self) -> Set[Series]:
        """Return the series of every target that is scraped."""
        text = self._get("/api/targets?state=STATE_ACTIVE")
        assert text is not None, f"Parca does not answer: {self.log()[-2000:]}"
        answer: Dict[str, Dict[str, Dict[str, List[Target]]]] = json.loads(text)
        return {
            (job_name, origin_of(target), labels_of(target))
            for job_name, targets in answer["targets"].items()
            for target in targets["targets"]
        }

    def settled_series(self, expected: Set[Series]) -> Set[Series]:
        """Return the series once they are as expected, or what they are when time is up."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline:
            if self.series() == expected:
                break
            time.sleep(0.5)
        return self.series()

    def refuses(self) -> bool:
        """Return whether the server rejects a file within the time of a reload."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline:
            metrics = self._get("/metrics") or ""
            if "\nparca_config_last_reload_successful 0\n" in metrics:
                return True
            time.sleep(0.5)
        return False

    def log(self) -> str:
        """Return what the server printed."""
        return (self._folder / "log").read_text(encoding="utf-8", errors="replace")

    def _get(self, path: str) -> Optional[str]:
        """Return the server's answer; None without one."""
        try:
            with urllib.request.urlopen(
                f"http://{LOCALHOST}:{self._port}{path}", timeout=10
            ) as answer:
                body: bytes = answer.read()
                return body.decode("utf-8")
        except (URLError, OSError):
            return None


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
