"""Make small mistakes in the core, one at a time, and report those that no test notices.

Usage: python tools/mutation.py [--jobs N] [--sample N] [--again] [MODULE ...]

Nothing on disk changes: each mutant takes the place of its module in a process of its own, forked
off one that has loaded everything but the library. The tests of the module run first, then the
others, until one fails. The results are kept in .mutation by the digest of the source, so that the
same command continues where it was stopped. The exit code is 1 if the tests notice fewer than
96 %.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import hashlib
import importlib
import json
import multiprocessing
import os
import random
import signal
import sys
import time
import warnings
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Callable, Dict, List, Optional, Sequence

import pytest
from core import core_modules
from modules import PACKAGE, ROOT, SOURCE
from mutants import Mutant, list_mutants, mutate

FOLDER = ROOT / ".mutation"
RESULTS = FOLDER / "results.jsonl"
TESTS = ROOT / "tests" / "core"
# Beside the tests of the core, those of the classes that use all of it.
OTHER_TESTS = (
    "tests/core/test_*.py",
    "tests/charm/test_provider*.py",
    "tests/charm/test_consumer*.py",
)
# Imported before any mutant: what the tests use apart from the library.
PRELOADED = ("hypothesis", "ops", "ops.testing", "tests.conftest", "tests.oracle", "yaml")
PYTEST_OPTIONS = (
    *("-q", "-x", "-p", "no:xdist", "-p", "no:cacheprovider"),
    *("--hypothesis-profile", "small", "-m", "not once"),
    # hypothesis is loaded before pytest.
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)
TIMEOUT_FACTOR = 10
INVALID_CODE = 70
KILLED, SURVIVED, INVALID = "killed", "survived", "invalid"
SEED = 1
LOWEST_SCORE = 0.96
FORK = multiprocessing.get_context("fork")


def find_own_tests(module: str) -> Path:
    """Return the file with the tests of a module."""
    return TESTS / f"test_{module.lstrip('_')}.py"


def run_tests(module: str) -> int:
    """Run the tests until one fails, and return pytest's exit code."""
    own = find_own_tests(module)
    others = [str(path) for glob in OTHER_TESTS for path in sorted(ROOT.glob(glob)) if path != own]
    for files in ([str(own)], others):
        code = int(pytest.main([*PYTEST_OPTIONS, *files]))
        if code:
            return code
    return 0


def replace_module(mutant: Mutant) -> None:
    """Load a mutant as its module.

    Raises:
        SyntaxError: the mutant is not valid Python.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code = compile(mutate(mutant), str(mutant.path), "exec", dont_inherit=True)
    package = importlib.import_module(PACKAGE)
    module = ModuleType(f"{PACKAGE}.{mutant.path.stem}")
    module.__file__ = str(mutant.path)
    sys.modules[module.__name__] = module
    setattr(package, mutant.path.stem, module)
    exec(code, module.__dict__)


def run_mutant(mutant: Mutant) -> int:
    """Run the tests with a mutant, and return the exit code."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    try:
        replace_module(mutant)
    except SyntaxError:
        return INVALID_CODE
    return run_tests(mutant.path.stem)


def run_apart(run: Callable[[], int], timeout: Optional[float] = None) -> int:
    """Run a function in a forked process, and return its exit code; -9 after the timeout."""

    def main() -> None:
        os.setsid()
        code = 1
        try:
            code = run()
        finally:
            # Without what the parent process would do at its end.
            sys.stdout.flush()
            os._exit(code)

    process = FORK.Process(target=main)
    process.start()
    try:
        process.join(timeout)
    finally:
        # The tests may have started processes of their own.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid or 0, signal.SIGKILL)
    process.join()
    return process.exitcode or 0


def try_mutants(mutants: Sequence[Mutant], timeout: float) -> None:
    """Try mutants one after the other, and record what becomes of each."""
    start = time.monotonic()
    for done, mutant in enumerate(mutants, 1):
        code = run_apart(partial(run_mutant, mutant), timeout)
        outcome = {0: SURVIVED, INVALID_CODE: INVALID}.get(code, KILLED)
        with RESULTS.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"key": result_key(mutant), "outcome": outcome}) + "\n")
        if outcome == SURVIVED:
            print(f"survived: {mutant.path.name}:{mutant.line}: {mutant.key}", flush=True)
        if done % 50 == 0:
            minutes = (time.monotonic() - start) / done * (len(mutants) - done) / 60
            print(f"{done} of {len(mutants)}, about {minutes:.0f} minutes left", flush=True)


def result_key(mutant: Mutant) -> str:
    """Return what distinguishes a mutant from all others, also of other versions of the source."""
    return f"{hashlib.sha256(mutant.path.read_bytes()).hexdigest()[:12]} {mutant.key}"


def read_results() -> Dict[str, str]:
    """Return what became of each mutant tried so far."""
    lines = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else []
    results: List[Dict[str, str]] = list(map(json.loads, lines))
    return {result["key"]: result["outcome"] for result in results}


def report(mutants: Sequence[Mutant]) -> float:
    """Print the survivors and the score of each module, and return the score of all."""
    results = read_results()
    outcomes: Dict[str, List[str]] = {}
    for mutant in mutants:
        outcome = results[result_key(mutant)]
        if outcome != INVALID:
            outcomes.setdefault(mutant.path.stem, []).append(outcome)
        if outcome == SURVIVED:
            print(f"\n{mutant.path.name}:{mutant.line} {mutant.operator} {mutant.occurrence}")
            print(show_change(mutant))
    outcomes["all"] = [outcome for of_module in outcomes.values() for outcome in of_module]
    print()
    share = 1.0
    for module, tried in outcomes.items():
        killed = len(tried) - tried.count(SURVIVED)
        share = killed / len(tried) if tried else 1.0
        print(f"{module:16} {killed:4} of {len(tried):4}  {share:7.1%}")
    return share


def show_change(mutant: Mutant) -> str:
    """Return the lines that a mutant removes and adds."""
    before = mutant.path.read_text(encoding="utf-8").splitlines()
    lines = difflib.unified_diff(before, mutate(mutant).splitlines(), n=0, lineterm="")
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


def try_all(mutants: Sequence[Mutant], jobs: int) -> None:
    """Try mutants, several at a time.

    Raises:
        SystemExit: the tests fail without any mutant.
    """
    start = time.monotonic()
    if run_apart(partial(run_tests, mutants[0].path.stem)):
        raise SystemExit("mutation: the tests fail without any mutant")
    seconds = time.monotonic() - start
    minutes = len(mutants) * seconds / 4 / jobs / 60
    print(f"{len(mutants)} mutants, about {minutes:.0f} minutes; stop it with Ctrl-C", flush=True)
    workers = [
        FORK.Process(target=try_mutants, args=(mutants[job::jobs], TIMEOUT_FACTOR * seconds))
        for job in range(jobs)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def main() -> int:
    """Try the mutants that have no result yet, and report on all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("modules", metavar="MODULE", nargs="*", help="default: the whole core")
    parser.add_argument("--jobs", type=int, default=1, help="mutants to try at a time")
    parser.add_argument("--sample", type=int, help="try that many, picked at random")
    parser.add_argument("--again", action="store_true", help="try the survivors once more")
    options = parser.parse_args()
    modules: List[str] = options.modules or core_modules()
    for module in modules:
        own = find_own_tests(module)
        if not own.exists():
            file = own.relative_to(ROOT)
            raise SystemExit(f"mutation: {module} has no tests of its own: write {file}")
    mutants = [mutant for name in modules for mutant in list_mutants(SOURCE / f"{name}.py")]
    if options.sample is not None:
        mutants = random.Random(SEED).sample(mutants, min(options.sample, len(mutants)))

    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    FOLDER.mkdir(exist_ok=True)
    # Compile the test files once, not for each mutant.
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(FOLDER / "pycache")
    for name in PRELOADED:
        importlib.import_module(name)
    results = read_results()
    unknown = (None, SURVIVED) if options.again else (None,)
    waiting = [mutant for mutant in mutants if results.get(result_key(mutant)) in unknown]
    if waiting:
        try_all(waiting, options.jobs)
    return 0 if report(mutants) >= LOWEST_SCORE else 1


if __name__ == "__main__":
    sys.exit(main())
