"""A stand-in for as much of Parca as the functional tests use, based on the model of its loader.

It takes Parca's options, reads its file again when that changes, keeps the old configuration when
the new one is refused, and answers as Parca's API does. It proves nothing about Parca.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Dict, List, Optional

import yaml

from tests.oracle import CrashError, LoadedJob, RefusedError, loaded_jobs

POLL_SECONDS = 0.1


class Configuration:
    """The configuration in use, and whether the last reload was successful."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.jobs: List[LoadedJob] = []
        self.is_reloaded = False

    def load(self) -> bool:
        """Read the file; return whether it is accepted."""
        document = yaml.safe_load(self._path.read_text(encoding="utf-8"))
        try:
            self.jobs = loaded_jobs(document["scrape_configs"])
        except RefusedError:
            return False
        except CrashError:
            os._exit(2)
        return True

    def watch(self) -> None:
        """Read the file whenever it changes."""
        seen = self._path.stat().st_mtime_ns
        while True:
            time.sleep(POLL_SECONDS)
            changed = self._path.stat().st_mtime_ns
            if changed != seen:
                seen = changed
                self.is_reloaded = self.load()

    def targets(self) -> Dict[str, object]:
        """Return the targets as the API lists them, once for each profile."""
        return {
            job.job_name: {
                "targets": [
                    {
                        "url": f"{job.scheme}://{target.address}/",
                        "labels": label_set(dict(target.labels)),
                    }
                    for target in job.targets
                    for _ in job.profiles
                ]
            }
            for job in self.jobs
        }


def label_set(labels: Dict[str, str]) -> Dict[str, object]:
    """Return labels in the API's form."""
    return {"labels": [{"name": name, "value": value} for name, value in labels.items()]}


def serve(configuration: Configuration, host: str, port: int) -> None:
    """Answer until the process ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                text = f"parca_config_last_reload_successful {int(configuration.is_reloaded)}\n"
            else:
                text = json.dumps({"targets": configuration.targets()})
            self.send_response(200)
            self.end_headers()
            self.wfile.write(text.encode("utf-8"))

        def log_message(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
            """Log nothing."""

    ThreadingHTTPServer((host, port), Handler).serve_forever()


def main(argv: Optional[List[str]] = None) -> int:
    """Serve; return 1, as Parca does, if the file is wrong at the start."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config-path", type=Path, required=True)
    parser.add_argument("--http-address", required=True)
    options, _ = parser.parse_known_args(argv)
    configuration = Configuration(options.config_path)
    if not configuration.load():
        return 1
    threading.Thread(target=configuration.watch, daemon=True).start()
    host, _, port = options.http_address.rpartition(":")
    serve(configuration, host, int(port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
