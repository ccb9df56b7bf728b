"""Hooks as processes, which Juju starts with its hook tools on PATH."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Counter, Dict, Generator, List, Tuple

from tests.forms import ROOT
from tests.hook_tools import TOOLS, Databag, HookTools
from tests.juju.charms import make_config, make_metadata
from tests.juju.expectations import app_databag, unit_databag
from tests.juju.faults import DENIAL, NO_TROUBLE, Answers, Trouble
from tests.juju.hooks import Hook, begin, finish, hooks_due
from tests.juju.model import Juju, Unit
from tests.juju.styles import STYLES

TIMEOUT_SECONDS = 60
TOOL = Path(__file__).with_name("hook-tool.sh")
TOOL_NAMES = {tool.split()[0] for tool in TOOLS.values()} | {"config-get", "juju-log"}


@dataclass(frozen=True)
class Dispatch:
    """What the process of a hook did."""

    unit: str
    hook: str
    exit_code: int
    calls: Dict[str, int]
    """How often each hook tool was called, without juju-log."""
    written: Dict[Tuple[str, str], Databag]
    """What was written, by remote application and databag owner."""
    log: List[str]
    """The lines of the charm's log from WARNING on."""
    output: str


class Controller:
    """Runs the hooks of all units as processes, in folders of their own."""

    def __init__(self, juju: Juju, folder: Path, library: str) -> None:
        """Prepare the hook tools.

        Args:
            juju: what Juju knows.
            folder: where to put charms and hook tools.
            library: the form of the library that the charms use.
        """
        self.juju = juju
        self.configurations: Dict[Unit, Any] = {}
        """What each Parca charm last wrote into Parca's configuration."""
        self.denial = DENIAL
        """The error message of hook tools that are denied."""
        self._folder = folder
        self._library = library
        tools = folder / "tools"
        tools.mkdir()
        for name in TOOL_NAMES:
            (tools / name).symlink_to(TOOL)

    def run_all(self) -> List[Dispatch]:
        """Run hooks, unit by unit, until none is due."""
        ran: List[Dispatch] = []
        while True:
            due = [(unit, hook) for unit in self.juju.units for hook in hooks_due(self.juju, unit)]
            if not due:
                return ran
            ran.append(self.run(*due[0]))

    def run(
        self,
        unit: Unit,
        hook: Hook,
        trouble: Trouble = NO_TROUBLE,
        *,
        delay_seconds: float = 0,
    ) -> Dispatch:
        """Run a hook; what it writes counts if it succeeds."""
        begin(unit, hook)
        folder = self.charm_folder(unit)
        hook_folder = folder / "hook"
        shutil.rmtree(hook_folder, ignore_errors=True)
        hook_folder.mkdir()
        answers = Answers(self.juju, unit, hook, trouble, self.denial)
        tools = answers.tools
        with served(tools, hook_folder, delay_seconds):
            process = subprocess.run(
                [str(folder / "dispatch")],
                cwd=str(folder),
                env=self._make_environment(unit, hook, trouble, hook_folder),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=TIMEOUT_SECONDS,
            )
        written = [
            (answers.side(relation_id), owner, databag)
            for (relation_id, owner), databag in tools.written.items()
        ]
        if process.returncode == 0:
            for side, owner, databag in written:
                if owner == unit.name:
                    side.write_unit(unit.number, databag)
                else:
                    side.write_app(databag)
            configuration = hook_folder / "configuration"
            if configuration.exists():
                self.configurations[unit] = json.loads(configuration.read_text(encoding="utf-8"))
            finish(self.juju, unit, hook)
        return Dispatch(
            unit.name,
            str(hook),
            process.returncode,
            Counter(call.tool.split()[0] for call in tools.calls),
            {(side.remote_name, owner): databag for side, owner, databag in written},
            [message for level, message in tools.log if level in ("WARNING", "ERROR")],
            process.stdout,
        )

    def charm_folder(self, unit: Unit) -> Path:
        """Return the folder of a unit's charm."""
        folder = self._folder / unit.name.replace("/", "-")
        if not folder.exists():
            folder.mkdir()
            style = unit.application.style
            for name, content in (
                ("metadata.yaml", make_metadata(style)),
                ("config.yaml", make_config()),
            ):
                # JSON is YAML.
                (folder / name).write_text(json.dumps(content), encoding="utf-8")
            dispatch = folder / "dispatch"
            dispatch.write_text(
                f'#!/bin/sh\nexec "{sys.executable}" -m tests.juju.main\n', encoding="utf-8"
            )
            dispatch.chmod(0o755)
        return folder

    def _make_environment(
        self, unit: Unit, hook: Hook, trouble: Trouble, hook_folder: Path
    ) -> Dict[str, str]:
        """Return the variables that Juju sets for a hook, and those that the charm needs."""
        application = unit.application
        hook_name = hook.name
        if hook.side is not None:
            hook_name = f"{hook.side.endpoint}-{hook.name}"
        elif hook.name == "pebble-ready":
            hook_name = f"zinc-{hook.name}"
        inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        environment = {
            "PATH": os.pathsep.join([str(self._folder / "tools"), os.environ["PATH"]]),
            "PYTHONPATH": os.pathsep.join(
                [str(ROOT), *(os.path.abspath(path) for path in inherited if path)]
            ),
            "HOOK_FOLDER": str(hook_folder),
            "CHARM_LIBRARY": self._library,
            "CHARM_STYLE": str(STYLES.index(application.style)),
            "CHARM_ADDRESS": unit.address,
            "CHARM_INSTRUCTIONS": "fails" * trouble.fails + "defers" * trouble.defers,
            "JUJU_CHARM_DIR": str(self.charm_folder(unit)),
            "JUJU_DISPATCH_PATH": f"hooks/{hook_name}",
            "JUJU_MODEL_NAME": application.model.name,
            "JUJU_MODEL_UUID": application.model.uuid,
            "JUJU_UNIT_NAME": unit.name,
            "JUJU_VERSION": "3.6.0",
            "JUJU_WORKLOAD_NAME": "zinc",
        }
        if hook.side is not None:
            environment["JUJU_RELATION"] = hook.side.endpoint
            environment["JUJU_RELATION_ID"] = f"{hook.side.endpoint}:{hook.side.relation_id}"
            environment["JUJU_REMOTE_APP"] = hook.side.remote_name
            remote_unit = "" if hook.remote is None else f"{hook.side.remote_name}/{hook.remote}"
            environment["JUJU_REMOTE_UNIT"] = remote_unit
        if hook.is_departed:
            environment["JUJU_DEPARTING_UNIT"] = hook.departing
        return environment


@contextlib.contextmanager
def served(tools: HookTools, folder: Path, delay_seconds: float) -> Generator[None, None, None]:
    """Answer the commands of a charm's process through the pipes that `hook-tool.sh` uses."""
    command, answer = folder / "command", folder / "answer"
    os.mkfifo(command)
    os.mkfifo(answer)

    def serve() -> None:
        while True:
            *arguments, text = command.read_text(encoding="utf-8").split("\0")
            if not arguments:
                return
            if arguments[0] != "juju-log":
                time.sleep(delay_seconds)
            try:
                done = tools.run(arguments, input=text)
                code, printed = done.returncode, done.stdout + done.stderr
            except Exception as error:
                code, printed = 1, repr(error)
            answer.write_text(f"{code}\n{printed}", encoding="utf-8")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        command.write_text("", encoding="utf-8")
        thread.join(TIMEOUT_SECONDS)


def publish(juju: Juju) -> None:
    """Bring all units to rest, as if all their hooks had run."""
    for relation in juju.relations:
        for unit in relation.provider.application.living_units:
            relation.provider.write_unit(unit.number, unit_databag(unit, relation.provider))
            if unit.is_leader:
                relation.provider.write_app(app_databag(unit))
    for unit in juju.units:
        unit.is_started = True
        unit.due.clear()
        for relation, side, view in juju.sides_of(unit):
            remote = relation.remote(side)
            view.is_created = True
            view.app_version = remote.app_version
            view.members = {number: remote.versions[number] for number in remote.in_scope}
