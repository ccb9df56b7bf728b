"""Build the sdist and, from it, the wheel into dist/; twice, to see that the bytes are the same.

Usage: python tools/build.py

The second build is of a copy elsewhere, with other permissions, times, hash seed and time zone.
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
LEFT_OUT = (".git", ".venv*", ".matrix", ".*_cache", ".hypothesis", "__pycache__", "dist")

# For a tree without git; the same that hatchling takes when it is told nothing.
DEFAULT_EPOCH = "1580601600"


def source_date_epoch() -> str:
    """Give the time that every file in the archives bears: that of the commit."""
    if "SOURCE_DATE_EPOCH" in os.environ:
        return os.environ["SOURCE_DATE_EPOCH"]
    if not (ROOT / ".git").exists():
        return DEFAULT_EPOCH
    command = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return answer.stdout.decode().strip() or DEFAULT_EPOCH


def build(tree: Path, out: Path, **environment: str) -> Dict[str, bytes]:
    """Build both archives of `tree` into `out` and give their bytes."""
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
    """Build a copy of the tree under other circumstances."""
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
    """Build, compare, check, and list what came out."""
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
