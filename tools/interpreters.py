"""Find the CPython interpreters of this machine, on PATH and among those of pyenv.

Usage: python tools/interpreters.py [--at-least VERSION]

Prints all of them, one a line; with `--at-least` the running one if it is new enough, else the
newest one found.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, Iterator, Optional, Sequence, Tuple

Version = Tuple[int, int]

OLDEST: Version = (3, 8)
NEWEST: Version = (3, 14)
SUPPORTED = [(3, minor) for minor in range(OLDEST[1], NEWEST[1] + 1)]

# Debian ships Pythons without ensurepip: those cannot make a virtual environment.
PROBE = "import ensurepip, sys, venv; print(*sys.version_info[:2])"


def parse_version(text: str) -> Version:
    """Read `3.11`."""
    major, _, minor = text.partition(".")
    return int(major), int(minor)


def format_version(version: Version) -> str:
    """Write `3.11`."""
    return f"{version[0]}.{version[1]}"


def version_of(python: str) -> Optional[Version]:
    """Ask an interpreter for its version; None if it does not run or lacks `venv`."""
    # A shim of pyenv stands on PATH for each version, also where that version is not chosen.
    try:
        answer = subprocess.run(
            [python, "-c", PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30
        )
        major, minor = answer.stdout.split()
        return int(major), int(minor)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def candidates(version: Version) -> Iterator[str]:
    """Give the places where an interpreter of this version may be."""
    name = f"python{format_version(version)}"
    on_path = shutil.which(name)
    if on_path:
        yield on_path
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from map(str, sorted(pyenv.glob(f"versions/{format_version(version)}.*/bin/{name}")))


def find_interpreters(versions: Sequence[Version] = SUPPORTED) -> Dict[Version, str]:
    """Give an interpreter for each version that has one here."""
    found: Dict[Version, str] = {}
    for version in versions:
        for python in candidates(version):
            if version_of(python) == version:
                found[version] = python
                break
    return found


def find_at_least(oldest: Version) -> Optional[str]:
    """Give this interpreter if it is new enough, else the newest one found."""
    if sys.version_info[:2] >= oldest and version_of(sys.executable):
        return sys.executable
    found = find_interpreters([version for version in SUPPORTED if version >= oldest])
    return found[max(found)] if found else None


def main() -> int:
    """Print what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--at-least", metavar="VERSION", type=parse_version)
    oldest: Optional[Version] = parser.parse_args().at_least
    if oldest is None:
        for version, python in find_interpreters().items():
            print(format_version(version), python)
        return 0
    python_found = find_at_least(oldest)
    if python_found is None:
        print(
            f"no Python {format_version(oldest)} or newer (with venv) on PATH or in pyenv: "
            "install one, or name it with make PYTHON=...",
            file=sys.stderr,
        )
        return 2
    print(python_found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
