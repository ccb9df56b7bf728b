"""Changes of several files, all or none, even if the process is killed in between.

The new files are complete in a folder of their own before anything changes. Then each original is
moved into that folder and the new file into its place, so an original is never copied or
overwritten. A file in the folder says what is under way; as long as it is there, the originals can
be moved back: by a second process if the first is killed, or else by a later run.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Generator, List, Optional, Sequence

from parca_scrape._getters import as_list, as_object
from parca_scrape.cli.console import CommandError, show
from parca_scrape.migration.code.charm_tree import JOURNAL

# What is under way, and its name once nothing is left to do or to undo.
UNDER_WAY = "changes.json"
OVER = "over.json"
OWN_NAME = re.compile(r"(?:changes|over)\.json(?:\.new)?|[0-9]+\.(?:old|new)")


@dataclass(frozen=True)
class Change:
    """A file and what to write into it, or a file or folder to remove."""

    path: str
    """Relative to the charm."""
    content: Optional[bytes]
    """None to remove it."""


@contextlib.contextmanager
def hold(root: Path) -> Generator[None, None, None]:
    """Keep other processes from changing the same charm.

    Raises:
        CommandError: another one does.
    """
    descriptor = os.open(str(root), os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(f"{show(root)}: another run is in progress") from None
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def watch(root: Path) -> Generator[None, None, None]:
    """Have another process undo all changes if this one fails or is killed."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # Of threads, which do not matter to a process that only waits and moves files.
        warnings.simplefilter("ignore", DeprecationWarning)
        watcher = os.fork()
    if not watcher:
        try:
            os.setsid()
            os.close(writer)
            if not os.read(reader, 1):
                restore(root)
        finally:
            os._exit(0)
    os.close(reader)
    try:
        yield
        os.write(writer, b".")
    finally:
        # A second interrupt waits, too.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        os.close(writer)
        os.waitpid(watcher, 0)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def write(root: Path, changes: Sequence[Change]) -> None:
    """Make all changes, or none.

    Raises:
        OSError: a change cannot be made, and none was.
    """
    with watch(root):
        write_all(root, changes)


def write_all(root: Path, changes: Sequence[Change]) -> None:
    """Make all changes; if it ends in between, `restore` undoes them."""
    journal = root / JOURNAL
    journal.mkdir()
    prepare(root, journal, changes)
    for number, change in enumerate(changes):
        os.replace(str(root / change.path), str(journal / f"{number}.old"))
        if change.content is not None:
            os.replace(str(journal / f"{number}.new"), str(root / change.path))
    os.replace(str(journal / UNDER_WAY), str(journal / OVER))
    # Everything is done; the next run removes what cannot be removed now.
    shutil.rmtree(str(journal), ignore_errors=True)


def prepare(root: Path, journal: Path, changes: Sequence[Change]) -> None:
    """Write everything that is needed into the folder."""
    entries: List[object] = []
    for number, change in enumerate(changes):
        digest: Optional[str] = None
        if change.content is not None:
            draft = journal / f"{number}.new"
            draft.write_bytes(change.content)
            copy_owner(root / change.path, draft)
            digest = hashlib.sha256(change.content).hexdigest()
        entries.append({"path": change.path, "digest": digest})
    draft = journal / f"{UNDER_WAY}.new"
    draft.write_text(json.dumps(entries), encoding="utf-8")
    os.replace(str(draft), str(journal / UNDER_WAY))


def copy_owner(original: Path, draft: Path) -> None:
    """Set owner and mode of a draft to those of the file that it replaces."""
    status = original.stat()
    # Only root may give a file away, and only root needs to.
    with contextlib.suppress(PermissionError):
        os.chown(str(draft), status.st_uid, status.st_gid)
    shutil.copymode(str(original), str(draft))


def restore(root: Path) -> bool:
    """Undo what a run has changed that did not end; return whether there was such a run.

    Raises:
        CommandError: a file has been changed since, or the folder is not of this command.
        OSError: a file cannot be moved back.
    """
    journal = root / JOURNAL
    if not os.path.lexists(str(journal)):
        return False
    if journal.is_symlink() or not journal.is_dir() or not all(map(is_own, journal.iterdir())):
        raise CommandError(f"{show(journal)}: not written by this command: move it away")
    under_way = journal / UNDER_WAY
    is_undone = under_way.exists()
    if is_undone:
        paths = read_paths(root, under_way)
        for number, path in reversed(list(enumerate(paths))):
            original = journal / f"{number}.old"
            if os.path.lexists(str(original)):
                os.replace(str(original), str(root / path))
        os.replace(str(under_way), str(journal / OVER))
    shutil.rmtree(str(journal))
    return is_undone


def is_own(path: Path) -> bool:
    """Return whether a file or folder in the journal can be of this command."""
    return OWN_NAME.fullmatch(path.name) is not None


def read_paths(root: Path, under_way: Path) -> List[str]:
    """Return the paths of the changes under way, once it is sure that nobody else changed them."""
    paths: List[str] = []
    for number, entry in enumerate(read_entries(under_way)):
        fields = as_object(entry) or {}
        path, digest = fields.get("path"), fields.get("digest")
        if not isinstance(path, str) or os.path.isabs(path) or ".." in Path(path).parts:
            raise CommandError(
                f"{show(under_way)}: not written by this command: remove the folder"
            )
        original = under_way.with_name(f"{number}.old")
        is_moved = os.path.lexists(str(original))
        if (
            is_moved
            and os.path.lexists(str(root / path))
            and digest != compute_digest(root / path)
        ):
            raise CommandError(
                f"{show(root / path)}: changed after a run that was interrupted: move it away, and"
                " run the command again to restore the original"
            )
        paths.append(path)
    return paths


def read_entries(under_way: Path) -> Sequence[object]:
    """Return the changes under way as they were written."""
    try:
        document: object = json.loads(under_way.read_text(encoding="utf-8"))
    except ValueError:
        document = None
    return as_list(document) or [None]


def compute_digest(path: Path) -> Optional[str]:
    """Return the digest of a file; None for a folder."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
