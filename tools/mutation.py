"""Make one small mistake after the other in the core, and see that the tests notice each.

Usage: python tools/mutation.py [--jobs N] [--sample N] [--again] [MODULE ...]

Nothing on disk is changed: a mutant is imported in place of its module, in a process of its own
that forks off one which has loaded all but the library. The tests of the module itself come
first, then the others of the core. It can be stopped at any time; the same command goes on from
there. What is known of the same source stands in .mutation, and is not tried again (but for what
survived, with `--again`). At the end come the survivors and the score; below 95 % the exit code is
1.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import difflib
import hashlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import random
import signal
import sys
import time
import warnings
from pathlib import Path
from types import CodeType, ModuleType
from typing import Dict, List, NoReturn, Optional, Sequence

import pytest
from core import core_modules
from modules import PACKAGE, ROOT, SOURCE
from mutants import Mutant, list_mutants, mutate

FOLDER = ROOT / ".mutation"
RESULTS = FOLDER / "results.jsonl"
TESTS = ROOT / "tests"
# What tests the core without processes of its own, the quickest first.
CORE_TESTS = (
    "frozen",
    "problems",
    "topology",
    "targets",
    "rules",
    "getters",
    "legacy",
    "hosts",
    "tls",
    "profiling",
    "static_configs",
    "jobs",
    "databag",
    "unit_databag",
    "any_databag",
    "remembered",
    "render",
    "vectors",
    "provider_jobs",
    "corpus",
    "security",
    "consumer",
    "isolation",
    "properties",
)
# Imported once, before any mutant is made: what the tests use but the library itself.
PRELOADED = ("hypothesis", "ops", "ops.testing", "tests.conftest", "tests.oracle", "yaml")
PYTEST_OPTIONS = (
    *("-q", "-x", "-p", "no:xdist", "-p", "no:cacheprovider", "--hypothesis-profile", "small"),
    # The tests run in a process that has loaded hypothesis before pytest.
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)
TIMEOUT_FACTOR = 10
INVALID = 70
KILLED, SURVIVED, TIMED_OUT, INVALID_OUTCOME = "killed", "survived", "timed out", "invalid"
SEED = 1
LOWEST_SCORE = 0.95


class MutantLoader(importlib.machinery.SourceFileLoader):
    """Loads a module from a source that is not the one on disk."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        super().__init__(name, str(path))
        self._source = source

    def get_code(self, fullname: str) -> CodeType:
        """Compile the mutant."""
        return compile(self._source, self.path, "exec", dont_inherit=True)


class MutantFinder(importlib.abc.MetaPathFinder):
    """Finds one module, and leaves all others to those that come next."""

    def __init__(self, name: str, loader: MutantLoader) -> None:
        self._name = name
        self._loader = loader

    def find_spec(
        self,
        fullname: str,
        path: Optional[Sequence[str]],
        target: Optional[ModuleType] = None,
    ) -> Optional[importlib.machinery.ModuleSpec]:
        """Give the mutant for its own name."""
        if fullname != self._name:
            return None
        return importlib.util.spec_from_loader(fullname, self._loader)


def choose_tests(module: str) -> List[List[str]]:
    """Give the tests for a module: its own, then all others."""
    own = [name for name in CORE_TESTS if name == module.strip("_")]
    others = [name for name in CORE_TESTS if name != module.strip("_")]
    return [[find_test(name) for name in names] for names in (own, others) if names]


def find_test(name: str) -> str:
    """Return the path of a test file."""
    return str(next(TESTS.rglob(f"test_{name}.py")).relative_to(ROOT))


def run_tests(module: str) -> int:
    """Run the tests until one fails, and give pytest's exit code."""
    for files in choose_tests(module):
        code = int(pytest.main([*PYTEST_OPTIONS, *files]))
        if code:
            return code
    return 0


def run_child(mutant: Optional[Mutant], module: str) -> NoReturn:
    """Import a mutant, run the tests and end this process with their exit code."""
    os.setsid()
    code = 1
    try:
        if mutant is not None:
            hide_output()
        is_python = mutant is None or replace_module(mutant)
        code = run_tests(module) if is_python else INVALID
    finally:
        # Without what the process that this one was forked off would do at its end.
        sys.stdout.flush()
        os._exit(code)


def hide_output() -> None:
    """Print to nowhere from now on."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)


def replace_module(mutant: Mutant) -> bool:
    """Let a mutant be imported in place of its module, unless it is no Python."""
    source = mutate(mutant)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, str(mutant.path), "exec", dont_inherit=True)
    except SyntaxError:
        return False
    name = f"{PACKAGE}.{mutant.path.stem}"
    sys.meta_path.insert(0, MutantFinder(name, MutantLoader(name, mutant.path, source)))
    return True


def fork(mutant: Optional[Mutant], module: str) -> int:
    """Start the tests in a process of their own, and give its id."""
    process = os.fork()
    if process == 0:
        run_child(mutant, module)
    return process


def measure_baseline(modules: Sequence[str]) -> float:
    """Give the seconds that all tests take without a mutant.

    Raises:
        SystemExit: they fail.
    """
    start = time.monotonic()
    _, status = os.waitpid(fork(None, modules[0]), 0)
    if status:
        raise SystemExit("mutation: the tests fail without any mutant")
    return time.monotonic() - start


class Results:
    """What became of the mutants so far, kept in a file."""

    def __init__(self) -> None:
        FOLDER.mkdir(exist_ok=True)
        self._outcomes: Dict[str, str] = {}
        if RESULTS.exists():
            for line in RESULTS.read_text(encoding="utf-8").splitlines():
                result: Dict[str, str] = json.loads(line)
                self._outcomes[result["key"]] = result["outcome"]

    def key(self, mutant: Mutant) -> str:
        """Give what tells the mutant from those of another source."""
        digest = hashlib.sha256(mutant.path.read_bytes()).hexdigest()[:12]
        return f"{digest} {mutant.key}"

    def get(self, mutant: Mutant) -> Optional[str]:
        """Give what became of the mutant; None if it has not been tried."""
        return self._outcomes.get(self.key(mutant))

    def add(self, mutant: Mutant, outcome: str) -> None:
        """Note what became of the mutant."""
        key = self.key(mutant)
        self._outcomes[key] = outcome
        with RESULTS.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"key": key, "outcome": outcome}) + "\n")


def try_all(mutants: Sequence[Mutant], results: Results, jobs: int, timeout: float) -> None:
    """Try mutants, some at a time, and tell how long the rest will take."""
    waiting = collections.deque(mutants)
    running: Dict[int, Mutant] = {}
    deadlines: Dict[int, float] = {}
    start = time.monotonic()
    done = 0
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                mutant = waiting.popleft()
                process = fork(mutant, mutant.path.stem)
                running[process] = mutant
                deadlines[process] = time.monotonic() + timeout
            time.sleep(0.02)
            for process in list(running):
                outcome = poll(process, deadlines[process])
                if outcome is None:
                    continue
                mutant = running.pop(process)
                results.add(mutant, outcome)
                done += 1
                if outcome == SURVIVED:
                    print(f"survived: {mutant.path.name}:{mutant.line}: {mutant.key}", flush=True)
                if done % 50 == 0:
                    left = (time.monotonic() - start) / done * (len(mutants) - done) / 60
                    print(f"{done} of {len(mutants)}, about {left:.0f} minutes left", flush=True)
    finally:
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process, signal.SIGKILL)


def poll(process: int, deadline: float) -> Optional[str]:
    """Give what became of a mutant; None while its tests run."""
    ended, status = os.waitpid(process, os.WNOHANG)
    if ended:
        code = os.waitstatus_to_exitcode(status)
        return {0: SURVIVED, INVALID: INVALID_OUTCOME}.get(code, KILLED)
    if time.monotonic() < deadline:
        return None
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return TIMED_OUT


def report(mutants: Sequence[Mutant], results: Results) -> float:
    """Print the survivors and the score of each module and of all; give the last."""
    scores: Dict[str, List[int]] = {}
    for mutant in mutants:
        outcome = results.get(mutant)
        if outcome in (None, INVALID_OUTCOME):
            continue
        score = scores.setdefault(mutant.path.stem, [0, 0])
        score[0] += outcome != SURVIVED
        score[1] += 1
        if outcome == SURVIVED:
            print(f"\n{mutant.path.name}:{mutant.line} {mutant.operator} {mutant.occurrence}")
            print(show_change(mutant))
    print()
    for module, (killed, tried) in scores.items():
        print(f"{module:16} {killed:4} of {tried:4}  {killed / tried:7.1%}")
    killed = sum(score[0] for score in scores.values())
    tried = sum(score[1] for score in scores.values())
    share = killed / tried if tried else 1.0
    print(f"{'all':16} {killed:4} of {tried:4}  {share:7.1%}")
    return share


def show_change(mutant: Mutant) -> str:
    """Give the lines that a mutant takes away and adds."""
    before = mutant.path.read_text(encoding="utf-8").splitlines()
    lines = difflib.unified_diff(before, mutate(mutant).splitlines(), n=0, lineterm="")
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


def main() -> int:
    """Try the mutants that have not been tried, and report on all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("modules", metavar="MODULE", nargs="*", help="default: the whole core")
    parser.add_argument("--jobs", type=int, default=1, help="tests to run at a time")
    parser.add_argument("--sample", type=int, help="try that many, picked at random")
    parser.add_argument("--again", action="store_true", help="try what survived once more")
    options = parser.parse_args()
    modules: List[str] = options.modules or core_modules()
    mutants = [mutant for name in modules for mutant in list_mutants(SOURCE / f"{name}.py")]
    if options.sample is not None:
        mutants = random.Random(SEED).sample(mutants, min(options.sample, len(mutants)))
    results = Results()
    redone = (None, SURVIVED) if options.again else (None,)
    waiting = [mutant for mutant in mutants if results.get(mutant) in redone]

    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    # pytest compiles every test file for itself, and here once is enough.
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(FOLDER / "pycache")
    for name in PRELOADED:
        importlib.import_module(name)
    if waiting:
        seconds = measure_baseline(modules)
        minutes = len(waiting) * seconds / 4 / options.jobs / 60
        print(
            f"{len(waiting)} mutants, about {minutes:.0f} minutes; stop it with Ctrl-C", flush=True
        )
        try_all(waiting, results, options.jobs, TIMEOUT_FACTOR * seconds)
    return 0 if report(mutants, results) >= LOWEST_SCORE else 1


if __name__ == "__main__":
    sys.exit(main())
