"""What all commands share: exit codes, error messages, and how they read and write text."""

from __future__ import annotations

import codecs
import json
import sys
from typing import TYPE_CHECKING, Callable, Mapping, Optional

if TYPE_CHECKING:
    import argparse
    from types import ModuleType

PROGRAM = "parca-scrape"
STANDARD_INPUT = "-"
READ_ONCE = "standard input can be read only once: pass - once"
# The exit codes beside 0. argparse also exits with 2.
PROBLEMS_FOUND = 1
FAILED = 2


class CommandError(Exception):
    """The reason why a command cannot continue; the message is one line."""


def add_format(parser: argparse.ArgumentParser, *formats: str, note: str = "") -> None:
    """Add the argument that names the output format, by default the first, to a parser."""
    parser.add_argument(
        "--format",
        choices=formats,
        default=formats[0],
        help=f"output format{note} (default: %(default)s)",
    )


def fill_parser(parser: argparse.ArgumentParser, command: ModuleType) -> None:
    """Add what the module of a command or a task says of it to its parser."""
    parser.description = command.DESCRIPTION
    parser.epilog = f"example:\n  {command.EXAMPLE}"
    command.add_arguments(parser)


def warn(message: str) -> None:
    """Print a message on standard error, in one line."""
    print(f"{PROGRAM}: {show(message)}", file=sys.stderr)


def fail(message: object) -> int:
    """Print an error and return the exit code."""
    print(f"{PROGRAM}: error: {message}", file=sys.stderr)
    return FAILED


def read_text(file: str) -> str:
    """Return the text of a file or, for `-`, of standard input.

    Raises:
        CommandError: the file cannot be read, or is not text.
    """
    is_standard = file == STANDARD_INPUT
    try:
        with open(0 if is_standard else file, "rb", closefd=not is_standard) as stream:
            content = stream.read()
        # What PowerShell writes with `>`.
        is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return content.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except OSError as error:
        reason = error.strerror
    except UnicodeDecodeError:
        reason = "neither UTF-8 nor UTF-16 text"
    except ValueError:
        reason = "not a valid file name"
    raise CommandError(f"{name_input(file)}: {reason}")


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


def write_json(document: Mapping[str, object]) -> None:
    """Print a document as JSON.

    Raises:
        OSError: it cannot be written.
    """
    write_text(json.dumps(document, indent=2) + "\n")


def name_input(file: str) -> str:
    """Return the name of an input for a message of one line."""
    return "standard input" if file == STANDARD_INPUT else show(file)


def show(value: object) -> str:
    """Return a value as one line of text: quoted if it has unprintable characters."""
    text = str(value)
    return text if text.isprintable() else ascii(text)


def count(number: int, noun: str) -> str:
    """Return a number with its noun in the singular or the plural."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
