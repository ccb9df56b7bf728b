"""Run the suite on every Python here, with every ops and over every form of the library.

Usage: PYTHONPATH=. python tools/matrix.py [--jobs N] [VERSION ...]

The wheel in dist/ is what gets installed and tested. What is missing (an interpreter, a form) is
named, not passed over in silence.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

from interpreters import (
    NEWEST,
    OLDEST,
    SUPPORTED,
    Version,
    find_interpreters,
    format_version,
    parse_version,
)
from tests.forms import FORMS

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = ROOT / ".matrix"
REQUIREMENTS = ROOT / "tools" / "requirements"

# Each ops with its requirements and the Pythons it runs on. ops 2.2 imports `cgi`, which 3.13
# removed; before 3.10 the newest ops is the 2.23 that has its own row.
OPS: Dict[str, Tuple[str, Version, Version]] = {
    "2.2": ("tests-ops2.2.txt", OLDEST, (3, 12)),
    "2.23": ("tests-ops2.23.txt", OLDEST, NEWEST),
    "newest": ("tests.txt", (3, 10), NEWEST),
}

# The other forms run the same code: one ops for each Python is enough for them.
FORMS_FOR_EVERY_OPS = ("package", "file-parca_k8s")

RUN_TIMEOUT_SECONDS = 900


@dataclass(frozen=True)
class Environment:
    """One Python with one ops."""

    version: Version
    python: str
    ops: str

    @property
    def name(self) -> str:
        """What the report and the folder are called."""
        return f"py{format_version(self.version)}-ops{self.ops}"

    @property
    def folder(self) -> Path:
        """Where it is installed."""
        return ENVIRONMENTS / self.name


@dataclass(frozen=True)
class Outcome:
    """How one run of pytest ended."""

    title: str
    passed: bool
    output: str

    @property
    def closing_line(self) -> str:
        """The last line that the run printed."""
        return (self.output.strip().splitlines() or ["(printed nothing)"])[-1].strip("= ")


def plan(versions: Sequence[Version]) -> List[Environment]:
    """Pair the interpreters found with the ops releases that run on them."""
    found = find_interpreters(versions)
    for version in versions:
        if version not in found:
            print(f"skipped: Python {format_version(version)} is not on this machine", flush=True)
    return [
        Environment(version, python, ops)
        for version, python in found.items()
        for ops, (_, oldest, newest) in OPS.items()
        if oldest <= version <= newest
    ]


def present_forms() -> List[str]:
    """Give the forms of the library that this checkout has; name the others."""
    forms: List[str] = []
    for name, form in FORMS.items():
        if (ROOT / form.source).exists():
            forms.append(name)
        else:
            print(f"skipped: {name}, there is no {form.source}", flush=True)
    return forms


def find_wheel() -> Path:
    """Give the one wheel in dist/."""
    wheels = list((ROOT / "dist").glob("*.whl"))
    if len(wheels) != 1:
        raise SystemExit(f"dist/ holds {len(wheels)} wheels, not one: run make build")
    return wheels[0]


def install(environment: Environment, wheel: Path) -> None:
    """Make a fresh environment of exactly the pinned packages and the wheel."""
    uv = str(Path(sys.executable).with_name("uv"))
    requirements = REQUIREMENTS / OPS[environment.ops][0]
    python = str(environment.folder / "bin" / "python")
    for command in (
        [uv, "venv", "--clear", "--python", environment.python, str(environment.folder)],
        [uv, "pip", "install", "--python", python, "-r", str(requirements)],
        [uv, "pip", "install", "--python", python, "--no-deps", str(wheel)],
    ):
        subprocess.run([*command, "--quiet"], check=True, cwd=str(ROOT))


def run(environment: Environment, form: str) -> Outcome:
    """Run the suite once."""
    command = [str(environment.folder / "bin" / "python"), "-m", "pytest"]
    options = ["--library", form, "--hypothesis-profile", "small", "-m", "not once"]
    options += ["-p", "no:cacheprovider"]
    settings = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    settings.pop("PYTHONPATH", None)
    title = f"{environment.name} {form}"
    try:
        result = subprocess.run(
            command + options,
            cwd=str(ROOT),
            env=settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=RUN_TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return Outcome(title, False, f"not done after {RUN_TIMEOUT_SECONDS} seconds")
    return Outcome(title, result.returncode == 0, result.stdout)


def main() -> int:
    """Install, run, report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("versions", metavar="VERSION", nargs="*", type=parse_version)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="runs at a time")
    options = parser.parse_args()
    versions: List[Version] = options.versions or SUPPORTED
    jobs: int = options.jobs

    start = time.monotonic()
    wheel = find_wheel()
    environments = plan(versions)
    forms = present_forms()
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(install, environments, repeat(wheel)))
        newest = {environment.version: environment for environment in environments}
        runs: List[Future[Outcome]] = [
            pool.submit(run, environment, form)
            for environment in environments
            for form in forms
            if form in FORMS_FOR_EVERY_OPS or environment is newest[environment.version]
        ]
        failures = 0
        for finished in runs:
            outcome = finished.result()
            print(f"{outcome.title}: {outcome.closing_line}", flush=True)
            if not outcome.passed:
                failures += 1
                print(outcome.output, flush=True)
    seconds = time.monotonic() - start
    print(f"{len(runs)} runs in {len(environments)} environments, {seconds:.0f} seconds")
    print(f"matrix: {len(runs) - failures} passed, {failures} failed")
    return 0 if runs and not failures else 1


if __name__ == "__main__":
    sys.exit(main())
