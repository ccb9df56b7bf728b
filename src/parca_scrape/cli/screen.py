"""What commands print for people: tables, colours and progress.

rich makes them where it is installed (the extra `cli`), on a terminal only.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Callable, Iterator, List, Optional, Sequence

from parca_scrape.cli.console import write_text

if TYPE_CHECKING:
    from rich.progress import Progress

# What rich calls the colours.
RED, YELLOW, GREEN, BLUE = "red", "yellow", "green", "blue"
SEQUENCES = {RED: "31", YELLOW: "33", GREEN: "32", BLUE: "34"}
# Fewer are done before anybody reads how many there are.
SLOW_STEPS = 20


def has_colours() -> bool:
    """Return whether standard output is a terminal that is to show colours.

    Source of the variable: https://no-color.org.
    """
    is_wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return is_wanted and sys.stdout.isatty()


def paint(text: str, colour: str) -> str:
    """Return text in a colour, if standard output shows colours."""
    return f"\x1b[{SEQUENCES[colour]}m{text}\x1b[0m" if has_colours() else text


def write_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: aligned columns, the last one as wide as its text.

    Raises:
        OSError: it cannot be written.
    """
    if not rows:
        return None
    if sys.stdout.isatty():
        with contextlib.suppress(ImportError):
            return write_rich_table(columns, rows)
    lines: List[Sequence[str]] = [[column.upper() for column in columns], *rows]
    widths = [max(map(len, cells)) for cells in zip(*lines)]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths)]
        write_text("  ".join(cells).rstrip() + "\n")
    return None


def write_rich_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table that fits the terminal."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=box.SIMPLE_HEAD)
    for row in rows:
        table.add_row(*map(Text.from_ansi, row))
    Console().print(table)


@contextlib.contextmanager
def show_progress(description: str, steps: int) -> Iterator[Callable[[], object]]:
    """Show how much of something is done, if standard error is a terminal.

    Yields:
        a function that counts one step.
    """
    progress = make_progress() if steps >= SLOW_STEPS and sys.stderr.isatty() else None
    if progress is None:
        yield lambda: None
        return
    with progress:
        task = progress.add_task(description, total=steps)
        yield lambda: progress.advance(task)


def make_progress() -> Optional[Progress]:
    """Return a progress bar on standard error, if rich is installed."""
    try:
        from rich.console import Console
        from rich.progress import Progress
    except ImportError:
        return None
    return Progress(console=Console(stderr=True), transient=True)
