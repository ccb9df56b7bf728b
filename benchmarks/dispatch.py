"""Hooks of a charm in this process: ops is the real one, its hook tools answer from memory.

No process is started, so what is timed is the library's own code and that of ops.
"""

from __future__ import annotations

import collections
import contextlib
import json
import logging
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Counter, Dict, Generator, List, Mapping, Sequence, Tuple
from unittest import mock

import ops

ENDPOINT = "profiling-endpoint"
MODEL = "bench"
MODEL_UUID = "20ce8299-3634-4bef-8bd8-5ace6c8816b4"


@dataclass(frozen=True)
class Remote:
    """The application at the other end of a relation, and all its databags."""

    relation_id: int
    application: str
    app_databag: Mapping[str, str]
    unit_databags: Mapping[str, Mapping[str, str]]


class HookTools:
    """Juju's hook tools, as far as the library and ops need them.

    Attributes:
        unit_name: the unit whose hooks run.
        remotes: what the unit is related to.
        calls: how often each tool was run.
        written: this side's databags, by relation id and owner.
    """

    def __init__(self, unit_name: str, remotes: Sequence[Remote]) -> None:
        self.unit_name = unit_name
        self.remotes = remotes
        self.calls: Counter[str] = collections.Counter()
        self.written: Dict[Tuple[str, str], Dict[str, str]] = {}
        # The answers are prepared, for what Juju does must not be timed.
        relation_ids = [f"{ENDPOINT}:{remote.relation_id}" for remote in remotes]
        self._answers: Dict[Tuple[str, ...], str] = {
            ("relation-ids", ENDPOINT): json.dumps(relation_ids)
        }
        for remote in remotes:
            relation_id = str(remote.relation_id)
            names = list(remote.unit_databags)
            databags = {remote.application: remote.app_databag, **remote.unit_databags}
            self._answers["relation-list", relation_id] = json.dumps(names)
            self._answers["relation-list", "--app", relation_id] = json.dumps(remote.application)
            for owner, databag in databags.items():
                self._answers["relation-get", relation_id, owner] = json.dumps(dict(databag))
        self._keys: Dict[Sequence[str], Tuple[str, ...]] = {}

    def run(self, arguments: Sequence[str], **options: object) -> subprocess.CompletedProcess[str]:
        """Stand in for `subprocess.run`."""
        key = self._keys.get(arguments)
        if key is None:
            key = self._keys[arguments] = read_arguments(arguments)
        tool = key[0]
        self.calls[tool] += 1
        if tool == "relation-set":
            owner = self.unit_name.partition("/")[0] if "--app" in arguments else self.unit_name
            self.written.setdefault((key[1], owner), {}).update(json.loads(str(options["input"])))
        elif tool == "relation-get" and key not in self._answers:
            text = json.dumps(self.written.get((key[1], key[2]), {}))
            return subprocess.CompletedProcess(arguments, 0, text, "")
        others = {"is-leader": "true", "config-get": "{}", "relation-ids": "[]"}
        text = self._answers.get(key) or others.get(tool, "")
        return subprocess.CompletedProcess(arguments, 0, text, "")


def read_arguments(arguments: Sequence[str]) -> Tuple[str, ...]:
    """Give the tool and what its answer depends on."""
    tool, *rest = arguments
    words = [word for word in rest if word not in ("--format=json", "-r", "-", "--file")]
    words = [word.rpartition(":")[2] for word in words]
    if tool == "relation-get":
        words = [word for word in words if word != "--app"]
    return (Path(tool).name, *words)


def dispatch(
    event: str,
    tools: HookTools,
    relation_side: str,
    construct: Callable[[ops.CharmBase], object],
    **environment: str,
) -> None:
    """Run one hook of a charm from its first line to its last.

    Args:
        event: the hook, as Juju names it.
        tools: what answers.
        relation_side: `provides` or `requires`.
        construct: what the charm's constructor does; ops has the event emitted after it.
        environment: what else Juju tells the hook.
    """

    class Events(ops.CharmEvents):
        """Events of this class alone: ops adds to them what the metadata names."""

    class Charm(ops.CharmBase):
        """A charm of the library and nothing else."""

        on = Events()

        def __init__(self, framework: ops.Framework) -> None:
            super().__init__(framework)
            self.part = construct(self)  # ops does not keep what observes

    with tempfile.TemporaryDirectory() as charm_dir, restored_process():
        metadata = {
            "name": tools.unit_name.partition("/")[0],
            relation_side: {ENDPOINT: {"interface": "parca_scrape"}},
        }
        Path(charm_dir, "metadata.yaml").write_text(json.dumps(metadata), encoding="utf-8")
        os.environ.update(
            JUJU_CHARM_DIR=charm_dir,
            JUJU_DISPATCH_PATH=f"hooks/{event}",
            JUJU_MODEL_NAME=MODEL,
            JUJU_MODEL_UUID=MODEL_UUID,
            JUJU_UNIT_NAME=tools.unit_name,
            JUJU_VERSION="3.6.0",
            **environment,
        )
        with mock.patch.object(subprocess, "run", tools.run):
            ops.main(Charm)


@contextlib.contextmanager
def restored_process() -> Generator[None, None, None]:
    """Put back what ops changes of a process that it takes for its own."""
    environment = dict(os.environ)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    hook = sys.excepthook
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(environment)
        root.handlers[:] = handlers
        root.setLevel(level)
        sys.excepthook = hook


def make_remotes(relations: int, units: int, ports: int) -> List[Remote]:
    """Give applications of some units each, which are scraped at some ports each."""
    targets = [f"*:{8000 + port}" for port in range(ports)]
    return [
        make_remote(number, units, [{"static_configs": [{"targets": targets}]}])
        for number in range(relations)
    ]


def make_remote(relation_id: int, units: int, jobs: object) -> Remote:
    """Give an application of some units with the given jobs."""
    application = f"app{relation_id}"
    metadata = {
        "model": MODEL,
        "model_uuid": MODEL_UUID,
        "application": application,
        "unit": f"{application}/0",
        "charm_name": "some-charm",
    }
    app_databag = {"scrape_metadata": json.dumps(metadata), "scrape_jobs": json.dumps(jobs)}
    unit_databags: Dict[str, Mapping[str, str]] = {}
    for number in range(units):
        address = f"10.{relation_id % 256}.{number >> 8}.{number & 255}"
        unit_databags[f"{application}/{number}"] = {
            "egress-subnets": f"{address}/32",
            "ingress-address": address,
            "private-address": address,
            "parca_scrape_unit_address": address,
            "parca_scrape_unit_name": f"{application}/{number}",
        }
    return Remote(relation_id, application, app_databag, unit_databags)
