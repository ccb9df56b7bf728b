"""Run Python code on a terminal."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from typing import List, Mapping

from tests.cli.command import ENVIRONMENT

# What changes how text looks, and nothing else.
STYLE = re.compile(r"\x1b\[[0-9;]*m")
WITHOUT_RICH = "import sys; sys.modules['rich'] = None\n"


def run_on_terminal(
    code: str, variables: Mapping[str, str], *, stream: int = 1, columns: int = 60
) -> str:
    """Run code in its own process, and return what it prints on a terminal.

    Args:
        code: the Python code.
        variables: environment variables beside TERM, which is that of a usual terminal.
        stream: what the terminal is, 1 for standard output or 2 for standard error; the other is
            a pipe.
        columns: the width of the terminal.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {
        name: value for name, value in ENVIRONMENT.items() if name not in ("NO_COLOR", "COLUMNS")
    }
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        stdout=theirs if stream == 1 else subprocess.DEVNULL,
        stderr=theirs if stream == 2 else None,
        env={**environment, "TERM": "xterm-256color", **variables},
    ):
        os.close(theirs)
        chunks: List[bytes] = []
        # Linux reports the end of a terminal as an error.
        with contextlib.suppress(OSError), os.fdopen(ours, "rb", buffering=0) as terminal:
            while chunks[-1:] != [b""]:
                chunks.append(terminal.read(65536))
    return b"".join(chunks).decode().replace("\r\n", "\n")
