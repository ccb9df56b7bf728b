"""What all commands share: their exit codes, their error messages, and how they read a file."""

from __future__ import annotations

import codecs
import sys
from typing import Callable, Optional

PROGRAM = "parca-scrape"
STANDARD_INPUT = "-"
# The exit codes beside 0. argparse also exits with 2.
PROBLEMS_FOUND = 1
FAILED = 2


class CommandError(Exception):
    """The reason why a command cannot continue; the message is one line."""


def fail(message: object) -> int:
    """Print an error and return the exit code."""
    print(f"{PROGRAM}: error: {message}", file=sys.stderr)
    return FAILED


def read_text(file: str) -> str:
    """Return the text of a file or, for `-`, of standard input.

    Raises:
        CommandError: the file cannot be read, or is not text. The message does not name the file.
    """
    is_standard = file == STANDARD_INPUT
    try:
        with open(0 if is_standard else file, "rb", closefd=not is_standard) as stream:
            content = stream.read()
        # What PowerShell writes with `>`.
        is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return content.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except OSError as error:
        raise CommandError(error.strerror) from None
    except UnicodeDecodeError:
        raise CommandError("neither UTF-8 nor UTF-16 text") from None
    except ValueError:
        raise CommandError("not a valid file name") from None


def write_text(text: str) -> None:
    """Print text as UTF-8, even if the locale has another encoding: YAML and JSON are UTF-8.

    Raises:
        OSError: the text cannot be written.
    """
    # Whoever calls `main` may have replaced standard output with another kind of stream.
    reconfigure: Optional[Callable[..., None]] = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8")
    print(text, end="", flush=True)


def name_input(file: str) -> str:
    """Return the name of an input for a message of one line."""
    return "standard input" if file == STANDARD_INPUT else show(file)


def show(path: object) -> str:
    """Return a path for a message of one line: quoted if it has unprintable characters."""
    text = str(path)
    return text if text.isprintable() else ascii(text)
