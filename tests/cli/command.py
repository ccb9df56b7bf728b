"""Run the command line, in this process or in its own."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from typing import Tuple

from parca_scrape.cli.main import main
from tests.forms import ROOT

EXAMPLE = ROOT / "examples" / "parca-unit.yaml"
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def run(*arguments: object) -> Tuple[int, str, str]:
    """Run the command here, and return its exit code, output and errors."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            exit_code = main([str(argument) for argument in arguments])
        except SystemExit as exit_:
            exit_code = int(exit_.code or 0)
    return exit_code, out.getvalue(), err.getvalue()


def start(
    *arguments: object, stdin: int = subprocess.PIPE, stdout: int = subprocess.PIPE
) -> subprocess.Popen[bytes]:
    """Start the command as a process."""
    return subprocess.Popen(
        [sys.executable, "-m", "parca_scrape", *map(str, arguments)],
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
    )
