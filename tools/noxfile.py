"""Test the wheel in dist/ on every Python, with every ops.

Usage: PYTHONPATH=.:tools nox --noxfile tools/noxfile.py --parallel auto [--python 3.8 3.12]

Each session installs pinned packages and the wheel into a fresh environment. A Python that is
neither on PATH nor in pyenv is skipped and named.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Iterator, List

import nox
from core import core_modules
from modules import PACKAGE, ROOT

from tests.forms import FORMS

PYTHONS = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14"]

# Each ops with its requirements and its Pythons: all of them with the oldest and the newest Python
# here, the newest of them with the others. ops 2.2 imports `cgi`, which 3.13 removed; before 3.10
# the newest ops is the 2.23 that has its own row.
OPS = {
    "2.2": ("tests-ops2.2.txt", ["3.8", "3.9", "3.10", "3.11", "3.12"]),
    "2.23": ("tests-ops2.23.txt", PYTHONS),
    "newest": ("tests.txt", ["3.10", "3.11", "3.12", "3.13", "3.14"]),
}

# All forms run the same code: the newest Python here with its newest ops is enough for all but the
# package and one single file, which the oldest Python tests with every ops.
SINGLE_FILE = "file-parca_k8s"

# The command line, which does not depend on ops, and what runs hooks in processes, which is slow.
IN_WHOLE_SESSIONS = [
    "tests/cli/*",
    "tests/migration/*",
    "tests/charm/test_dispatch*",
    "tests/charm/test_migration*",
]

# pyenv has a shim on PATH for each of its Pythons, which fails for those that are not activated.
PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
FOLDERS = [str(folder) for folder in PYENV.glob("versions/*/bin")]
os.environ["PATH"] = os.pathsep.join([*FOLDERS, os.environ["PATH"]])

nox.options.default_venv_backend = "uv"
nox.options.download_python = "never"
nox.options.envdir = str(ROOT / ".matrix")


def find_pythons() -> List[str]:
    """Return the Pythons that are here, the newest last."""
    return [python for python in PYTHONS if shutil.which(f"python{python}")]


def list_ops(python: str) -> List[str]:
    """Return every ops that supports a Python, the newest last."""
    return [ops for ops, (_, pythons) in OPS.items() if python in pythons]


def is_whole(python: str, ops: str) -> bool:
    """Return whether all tests run: on the oldest and the newest Python, with its newest ops."""
    found = find_pythons()
    return python in (found[0], found[-1]) and ops == list_ops(python)[-1]


def combinations() -> Iterator[object]:
    """Yield the parameters of each session, and a single one for a Python that is missing."""
    found = find_pythons()
    for python in PYTHONS:
        if python not in found:
            yield nox.param(python, "", "", id=f"Python {python}")
            continue
        releases = list_ops(python)
        if python not in (found[0], found[-1]):
            releases = releases[-1:]
        for ops in releases:
            forms = ["package"]
            if python == found[0]:
                forms = ["package", SINGLE_FILE]
            if python == found[-1] and ops == releases[-1]:
                forms = list(FORMS)
            for form in forms:
                yield nox.param(python, ops, form, id=f"Python {python}, ops {ops}, {form}")


@nox.session(allow_parallel=True)
@nox.parametrize("python, ops, form", combinations())
def matrix(session: nox.Session, ops: str, form: str) -> None:
    """Import the core without ops, then run the suite."""
    session.chdir(ROOT)
    requirements, _ = OPS[ops]
    (wheel,) = (ROOT / "dist").glob("*.whl")
    settings = {"PYTHONPATH": None, "PYTHONDONTWRITEBYTECODE": "1"}

    session.install("--quiet", "--no-deps", str(wheel), log=False)
    imports = "\n".join(f"import {PACKAGE}.{module}" for module in core_modules())
    session.run("python", "-c", imports, env=settings, log=False)

    session.install("--quiet", "--requirement", f"tools/requirements/{requirements}", log=False)
    options = ["--library", form, "--hypothesis-profile", "small", "-m", "not once"]
    if not is_whole(str(session.python), ops):
        options += [f"--ignore-glob={pattern}" for pattern in IN_WHOLE_SESSIONS]
    command = ["python", "-m", "pytest", "-p", "no:cacheprovider", *options]
    output = session.run(*command, env=settings, silent=True) or ""
    session.log(output.strip().rpartition("\n")[2])
