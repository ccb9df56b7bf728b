from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Dict, NamedTuple, Tuple

import pytest

from parca_scrape.cli.console import CommandError
from parca_scrape.migration.code.charm_tree import JOURNAL
from parca_scrape.migration.code.journal import Change, hold, restore, write
from tests.cli.command import ENVIRONMENT
from tests.forms import ROOT
from tests.migration.code.disturbed import CHANGES
from tests.migration.code.trees import Files, write_tree

FILES: Files = {
    "charmcraft.yaml": "name: zinc\r\nversion: 1\r\n",
    "src/charm.py": "#!/usr/bin/env python3\n",
    "tests/test_charm.py": "# a test\n",
    "lib/charms/observability_libs/v0/juju_topology.py": "LIBPATCH = 1\n",
    "lib/charms/observability_libs/v0/__pycache__/juju_topology.pyc": b"\0",
    "lib/charms/parca/v0/parca_scrape.py": "LIBPATCH = 6\n",
    "lib/charms/parca/v0/parca_store.py": "LIBPATCH = 2\n",
}
Snapshot = Dict[str, Tuple[int, bytes]]


def make_charm(root: Path) -> Path:
    write_tree(root, FILES)
    (root / "src/charm.py").chmod(0o755)
    (root / "tests/test_charm.py").chmod(0o600)
    return root


def read(root: Path) -> Snapshot:
    """Return mode and content of everything in a folder."""
    return {
        path.relative_to(root).as_posix(): (
            path.lstat().st_mode,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in root.rglob("*")
    }


def disturb(task: str, root: Path, disturbance: str, step: int) -> Tuple[int, str, str]:
    """Run a task in a process, and return its exit code, output and errors."""
    arguments = ["-m", "tests.migration.code.disturbed", task, str(root), disturbance, str(step)]
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=str(ROOT),
        env={**ENVIRONMENT, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return result.returncode, result.stdout, result.stderr


class Outcome(NamedTuple):
    """The charm before and after its changes, and the steps in between."""

    before: Snapshot
    after: Snapshot
    steps: int
    valid: int
    """The step that makes the changes valid: from then on they must be undone."""
    final: int
    """The step that makes the changes final."""

    def find_expected(self, step: int) -> Snapshot:
        """Return what is expected of the charm if a step failed."""
        return self.before if step <= self.final else self.after


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    root = make_charm(tmp_path_factory.mktemp("charm"))
    before = read(root)
    _, out, _ = disturb("write", root, "none", 0)
    return Outcome(before, read(root), *map(int, out.split()))


def test_all_changes_are_made_and_modes_are_kept(outcome: Outcome) -> None:
    changed = {change.path: change.content for change in CHANGES}
    gone = tuple(path for path, content in changed.items() if content is None)
    assert outcome.after == {
        path: (mode, changed.get(path) or content)
        for path, (mode, content) in outcome.before.items()
        if not path.startswith(gone)
    }


@pytest.mark.once
def test_a_charm_is_as_it_was_wherever_the_process_is_killed(
    tmp_path: Path, outcome: Outcome
) -> None:
    for step in range(1, outcome.steps + 1):
        root = make_charm(tmp_path / str(step))
        # The output ends with the process that restores the charm.
        exit_code, _, _ = disturb("write", root, "kill", step)
        left = {path: entry for path, entry in read(root).items() if JOURNAL not in path}
        expected = outcome.find_expected(step)
        assert (step, exit_code, left) == (step, -signal.SIGKILL, expected)
        assert step > outcome.final or not (root / JOURNAL).exists()


@pytest.mark.once
def test_a_charm_is_restored_by_the_next_run_after_a_power_failure(
    tmp_path: Path, outcome: Outcome
) -> None:
    for step in range(1, outcome.steps + 1):
        root = make_charm(tmp_path / str(step))
        exit_code, _, _ = disturb("write", root, "power failure", step)
        is_restored = restore(root)
        assert (step, exit_code, is_restored, read(root)) == (
            step,
            -signal.SIGKILL,
            outcome.valid < step <= outcome.final,
            outcome.find_expected(step),
        )


@pytest.mark.once
def test_a_restoration_that_is_killed_goes_on_in_the_next_run(
    tmp_path: Path, outcome: Outcome
) -> None:
    left = make_charm(tmp_path / "left")
    disturb("write", left, "power failure", outcome.final)
    shutil.copytree(str(left), str(tmp_path / "whole"))
    _, out, _ = disturb("restore", tmp_path / "whole", "none", 0)
    steps = int(out.split()[0])
    assert steps > len(CHANGES)
    for step in range(1, steps + 1):
        root = tmp_path / str(step)
        shutil.copytree(str(left), str(root))
        exit_code, _, _ = disturb("restore", root, "kill", step)
        restore(root)
        assert (step, exit_code, read(root)) == (step, -signal.SIGKILL, outcome.before)


@pytest.mark.once
@pytest.mark.parametrize("disturbance", ["interrupt", "interrupts", "error", "full"])
def test_a_failing_process_leaves_the_charm_as_it_was(
    disturbance: str, tmp_path: Path, outcome: Outcome
) -> None:
    for step in range(1, outcome.steps + 1):
        root = make_charm(tmp_path / str(step))
        exit_code, _, _ = disturb("write", root, disturbance, step)
        # A full disk hinders nothing any more once the drafts are written.
        expected = outcome.find_expected(step) if exit_code else outcome.after
        left = {path: entry for path, entry in read(root).items() if JOURNAL not in path}
        assert (step, left) == (step, expected)
        assert exit_code or step >= outcome.valid
        assert step > outcome.final or not (root / JOURNAL).exists()


@pytest.mark.once
@pytest.mark.parametrize("size", [0, 100])
def test_a_limit_of_the_size_of_files_leaves_the_charm_as_it_was(
    size: int, tmp_path: Path
) -> None:
    root = make_charm(tmp_path)
    before = read(root)
    exit_code, _, err = disturb("write", root, "size", size)
    assert (exit_code, "File too large" in err, read(root)) == (1, True, before)


def test_without_an_interrupted_run_nothing_is_restored(tmp_path: Path) -> None:
    make_charm(tmp_path)
    before = read(tmp_path)
    assert not restore(tmp_path)
    (tmp_path / JOURNAL).mkdir()
    assert not restore(tmp_path)
    assert read(tmp_path) == before


def leave_journal(root: Path, entries: str) -> None:
    """Leave what a run leaves that was killed after its first change."""
    write_tree(root, {f"{JOURNAL}/changes.json": entries, f"{JOURNAL}/0.old": "before"})


def test_what_a_person_changed_after_an_interrupted_run_is_not_overwritten(tmp_path: Path) -> None:
    leave_journal(tmp_path, '[{"path": "a.py", "digest": "00"}]')
    (tmp_path / "a.py").write_text("mine")
    before = read(tmp_path)
    message = (
        f"^{tmp_path}/a.py: changed after a run that was interrupted: move it away, and run the"
        " command again to restore the original$"
    )
    with pytest.raises(CommandError, match=message):
        restore(tmp_path)
    assert read(tmp_path) == before

    os.replace(str(tmp_path / "a.py"), str(tmp_path / "b.py"))
    assert restore(tmp_path)
    texts = {path: content for path, (_, content) in read(tmp_path).items()}
    assert texts == {"a.py": b"before", "b.py": b"mine"}


@pytest.mark.parametrize(
    "entries",
    ["", "{}", "[]", "[1]", '[{"path": 1}]', '[{"path": "../a"}]', '[{"path": "/a"}]'],
)
def test_a_journal_of_somebody_else_is_refused(entries: str, tmp_path: Path) -> None:
    leave_journal(tmp_path, entries)
    before = read(tmp_path)
    with pytest.raises(CommandError, match=r"changes\.json: not written by this command: remove"):
        restore(tmp_path)
    assert read(tmp_path) == before


def test_a_folder_of_this_name_that_is_not_of_this_command_is_refused(tmp_path: Path) -> None:
    message = rf"^{tmp_path}/{JOURNAL}: not written by this command: move it away$"
    write_tree(tmp_path, {f"{JOURNAL}/notes.txt": "mine"})
    before = read(tmp_path)
    with pytest.raises(CommandError, match=message):
        restore(tmp_path)
    assert read(tmp_path) == before
    shutil.rmtree(str(tmp_path / JOURNAL))
    (tmp_path / JOURNAL).symlink_to("..")
    with pytest.raises(CommandError, match=message):
        restore(tmp_path)


def test_one_process_at_a_time_changes_a_charm(tmp_path: Path) -> None:
    message = r"another run is in progress$"
    with hold(tmp_path), pytest.raises(CommandError, match=message), hold(tmp_path):
        pass
    with hold(tmp_path):
        pass


def test_a_folder_in_which_nothing_can_be_created_stays_as_it_is(tmp_path: Path) -> None:
    root = make_charm(tmp_path)
    (root / JOURNAL).write_text("a file of this name")
    before = read(root)
    with pytest.raises(FileExistsError):
        write(root, [Change("src/charm.py", b"")])
    assert read(root) == before
