"""Hooks of a charm in this process: ops is real, its hook tools answer from memory.

No process is started, so only the library's own code and that of ops is timed.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, Generator, List, Mapping, Sequence, Tuple
from unittest import mock

import ops

from tests.hook_tools import Call, HookTools, Text

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


class Deployment:
    """A unit, what it is related to, and its hook tools.

    Attributes:
        unit_name: the unit whose hooks run.
        remotes: what the unit is related to.
        databags: what the unit has written, by relation id and owner.
        tools: the hook tools.
    """

    def __init__(self, unit_name: str, remotes: Sequence[Remote]) -> None:
        self.unit_name = unit_name
        self.remotes = remotes
        self.databags: Dict[Tuple[int, str], Dict[str, str]] = {}
        # Answers are text already, because what Juju does must not be timed.
        answers: Dict[Call, object] = {
            Call("is-leader"): True,
            Call("config-get"): {},
            Call("relation-ids", subject=ENDPOINT): [
                f"{ENDPOINT}:{remote.relation_id}" for remote in remotes
            ],
        }
        for remote in remotes:
            relation_id = remote.relation_id
            answers[Call("relation-list", relation_id)] = list(remote.unit_databags)
            answers[Call("relation-list --app", relation_id)] = remote.application
            databags = {remote.application: remote.app_databag, **remote.unit_databags}
            for owner, databag in databags.items():
                answers[Call("relation-get", relation_id, owner)] = dict(databag)
        texts = {call: Text(json.dumps(answer)) for call, answer in answers.items()}
        self.tools = HookTools(texts, self._answer, unit_name)

    def _answer(self, call: Call) -> object:
        if call.relation_id is None:
            return []
        databag = self.databags.setdefault((call.relation_id, call.subject), {})
        databag.update(call.changes)
        return databag


def dispatch(
    event: str,
    deployment: Deployment,
    relation_side: str,
    construct: Callable[[ops.CharmBase], object],
    **environment: str,
) -> None:
    """Run one hook of a charm from its first line to its last.

    Args:
        event: the hook, as Juju names it.
        deployment: the unit whose hook it is.
        relation_side: `provides` or `requires`.
        construct: what the charm's constructor does, before the event is emitted.
        environment: other variables that Juju sets for the hook.
    """

    class Events(ops.CharmEvents):
        """Events of this class alone: ops adds those that the metadata names."""

    class Charm(ops.CharmBase):
        """A charm that only uses the library."""

        on = Events()

        def __init__(self, framework: ops.Framework) -> None:
            super().__init__(framework)
            self.part = construct(self)  # ops does not keep what observes

    with tempfile.TemporaryDirectory() as charm_dir, restored_process():
        metadata = {
            "name": deployment.unit_name.partition("/")[0],
            relation_side: {ENDPOINT: {"interface": "parca_scrape"}},
        }
        Path(charm_dir, "metadata.yaml").write_text(json.dumps(metadata), encoding="utf-8")
        os.environ.update(
            JUJU_CHARM_DIR=charm_dir,
            JUJU_DISPATCH_PATH=f"hooks/{event}",
            JUJU_MODEL_NAME=MODEL,
            JUJU_MODEL_UUID=MODEL_UUID,
            JUJU_UNIT_NAME=deployment.unit_name,
            JUJU_VERSION="3.6.0",
            **environment,
        )
        with mock.patch.object(subprocess, "run", deployment.tools.run):
            ops.main(Charm)


@contextlib.contextmanager
def restored_process() -> Generator[None, None, None]:
    """Restore what ops changes in a process that it takes for its own."""
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
    """Return applications with the given units each, and ports for each unit."""
    targets = [f"*:{8000 + port}" for port in range(ports)]
    return [
        make_remote(number, units, [{"static_configs": [{"targets": targets}]}])
        for number in range(relations)
    ]


def make_remote(relation_id: int, units: int, jobs: object) -> Remote:
    """Return an application with the given jobs."""
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
