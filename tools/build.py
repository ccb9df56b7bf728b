"""Build the sdist and the wheel into dist/, and check that a second build has the same bytes.

Usage: python tools/build.py

The second build runs on a copy of the tree, with other permissions and timestamps, and with
another hash seed, umask and time zone.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Dict

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
LEFT_OUT = (
    ".git",
    ".venv*",
    ".matrix",
    "_build",
    ".*_cache",
    ".hypothesis",
    "__pycache__",
    "dist",
)

# The time for a tree without git, which is also the default of hatchling.
DEFAULT_EPOCH = "1580601600"


def source_date_epoch() -> str:
    """Return the timestamp of all files in the archives: the time of the commit."""
    if "SOURCE_DATE_EPOCH" in os.environ:
        return os.environ["SOURCE_DATE_EPOCH"]
    if not (ROOT / ".git").exists():
        return DEFAULT_EPOCH
    command = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return answer.stdout.decode().strip() or DEFAULT_EPOCH


def build(tree: Path, out: Path, **environment: str) -> Dict[str, bytes]:
    """Build the archives of `tree` into `out`, and return their content by name."""
    result = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(tree)],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if result.returncode:
        raise SystemExit(result.stdout)
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


def build_copy(epoch: str) -> Dict[str, bytes]:
    """Build a copy of the tree in another environment."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(
            str(ROOT),
            str(copy),
            ignore=shutil.ignore_patterns(*LEFT_OUT),
            copy_function=shutil.copyfile,
        )
        for path in copy.rglob("*"):
            path.chmod(0o700 if path.is_dir() else 0o600)
        mask = os.umask(0o077)
        try:
            return build(
                copy, Path(folder) / "out", SOURCE_DATE_EPOCH=epoch, PYTHONHASHSEED="1", TZ="EST5"
            )
        finally:
            os.umask(mask)


def main() -> int:
    """Build twice, compare and check the archives, and print their digests."""
    epoch = source_date_epoch()
    shutil.rmtree(str(DIST), ignore_errors=True)
    first = build(ROOT, DIST, SOURCE_DATE_EPOCH=epoch, PYTHONHASHSEED="0")
    second = build_copy(epoch)
    if first != second:
        names = sorted(name for name in {**first, **second} if first.get(name) != second.get(name))
        print(f"two builds of one tree differ: {', '.join(names)}", file=sys.stderr)
        return 1
    archives = [str(DIST / name) for name in first]
    subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *archives], check=True)
    for name, content in first.items():
        print(hashlib.sha256(content).hexdigest(), len(content), name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
