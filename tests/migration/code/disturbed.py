"""Change a small charm while something goes wrong at one step, in a process of its own.

Usage: python -m tests.migration.code.disturbed TASK ROOT DISTURBANCE STEP

Prints the number of steps, and which of them made the changes valid and which made them final.
"""

from __future__ import annotations

import errno
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Tuple

from parca_scrape.migration.code import journal
from parca_scrape.migration.code.journal import Change, restore

# What a process asks of the file system, and Python reports before it asks.
STEPS = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.chown")
# A full disk refuses these and goes on to refuse them.
GROWING = ("open", "os.mkdir")
FULL = OSError(errno.ENOSPC, "No space left on device")
CHANGES = [
    Change("charmcraft.yaml", b"name: zinc\r\n"),
    Change("src/charm.py", b"import parca_scrape\n" * 1000),
    Change("tests/test_charm.py", "é".encode("latin-1")),
    Change("lib/charms/observability_libs", None),
    Change("lib/charms/parca/v0/parca_scrape.py", None),
]


def main(task: str, root: str, disturbance: str, step: int) -> None:
    """Write or restore."""
    count = 0
    process = os.getpid()
    marks = {"changes.json": 0, "over.json": 0}

    def disturb(event: str, arguments: Tuple[object, ...]) -> None:
        nonlocal count
        if event not in STEPS or is_reading(event, arguments) or os.getpid() != process:
            return
        # What a folder holds is removed by its name in the folder.
        if event not in ("os.remove", "os.rmdir") and root not in str(arguments[0]):
            return
        count += 1
        if event == "os.rename" and Path(str(arguments[1])).name in marks:
            marks[Path(str(arguments[1])).name] = count
        if count == step:
            fail(disturbance)
        is_full = disturbance == "full" and count >= step and event in GROWING
        if is_full:
            raise FULL

    if disturbance == "size":
        resource.setrlimit(resource.RLIMIT_FSIZE, (step, step))
    sys.addaudithook(disturb)
    if task == "write":
        # Without power there is nobody to watch.
        is_watched = disturbance != "power failure"
        (journal.write if is_watched else journal.write_all)(Path(root), CHANGES)
    else:
        restore(Path(root))
    print(count, *marks.values())


def fail(disturbance: str) -> None:
    """Do what a disturbance does once."""
    if disturbance in ("kill", "power failure"):
        os.kill(os.getpid(), signal.SIGKILL)
    if disturbance == "interrupts":
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    if disturbance in ("interrupt", "interrupts"):
        raise KeyboardInterrupt
    if disturbance == "error":
        raise FULL


def is_reading(event: str, arguments: Tuple[object, ...]) -> bool:
    """Return whether a file is opened that does not change."""
    flags = arguments[2] if event == "open" else os.O_RDWR
    return isinstance(flags, int) and not flags & (os.O_WRONLY | os.O_RDWR)


if __name__ == "__main__":
    _, task_, root_, disturbance_, step_ = sys.argv
    main(task_, root_, disturbance_, int(step_))
