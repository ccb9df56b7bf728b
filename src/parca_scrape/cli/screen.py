"""What commands print for people: tables, colours and progress.

rich makes them where it is installed (the extra `cli`), on a terminal only. The text of a table
may come from anyone: what a terminal would act on is escaped here.
"""

from __future__ import annotations

import contextlib
import os
import sys
import unicodedata
from typing import TYPE_CHECKING, Callable, Generator, List, Mapping, Optional, Sequence, TextIO

from parca_scrape.cli.console import count, show, write_text

if TYPE_CHECKING:
    from rich.progress import Progress

# What rich calls the colours.
RED, YELLOW, GREEN, BLUE = "red", "yellow", "green", "blue"
SEQUENCES = {RED: "31", YELLOW: "33", GREEN: "32", BLUE: "34"}
# Fewer are done before anyone could read the progress.
SLOW_STEPS = 20


class Painted(str):
    """Text with the sequences that colour it, for a line or for a cell of a table."""

    plain: str
    colour: str

    def __new__(cls, plain: str, colour: str) -> Painted:
        """Return text in a colour."""
        painted = super().__new__(cls, f"\x1b[{SEQUENCES[colour]}m{plain}\x1b[0m")
        painted.plain, painted.colour = plain, colour
        return painted


def has_colours() -> bool:
    """Return whether standard output is a terminal that is to show colours.

    Source of the variable: https://no-color.org.
    """
    return is_terminal(sys.stdout) and not os.environ.get("NO_COLOR")


def paint(text: str, colour: str) -> str:
    """Return text in a colour, if standard output shows colours."""
    return Painted(show(text), colour) if has_colours() else show(text)


def is_terminal(stream: TextIO) -> bool:
    """Return whether a stream is a terminal that knows more than plain text."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def write_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; nothing if it has no rows.

    Args:
        columns: the titles.
        rows: the cells, of any text; `paint` colours one.

    Raises:
        OSError: it cannot be written.
    """
    if not rows:
        return
    cells = [[cell if isinstance(cell, Painted) else show(cell) for cell in row] for row in rows]
    table = ""
    if is_terminal(sys.stdout):
        with contextlib.suppress(ImportError):
            table = lay_out_with_rich(columns, cells)
    write_text(table or lay_out_plainly(columns, cells))


def describe_counts(counts: Mapping[str, int]) -> str:
    """Return the number of all targets and of those with each status, in one line."""
    total = sum(counts.values())
    parts = [f"{number:,} {status}" for status, number in counts.items() if number]
    return f"{count(total, 'target')}: {', '.join(parts)}" if parts else "no targets"


def lay_out_plainly(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as aligned columns, the last one as wide as its text."""
    lines: List[Sequence[str]] = [[column.upper() for column in columns], *rows]
    widths = [max(map(measure, cells)) for cells in zip(*lines)]
    padded = (
        "  ".join(cell + " " * (width - measure(cell)) for cell, width in zip(line, widths))
        for line in lines
    )
    return "".join(f"{line.rstrip()}\n" for line in padded)


def measure(cell: str) -> int:
    """Return how many columns of a terminal a cell takes."""
    text = cell.plain if isinstance(cell, Painted) else cell
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    marks = sum(unicodedata.category(character) in ("Mn", "Me") for character in text)
    return len(text) + wide - marks


def lay_out_with_rich(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table that fits the terminal."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(
            *(
                Text(cell.plain, cell.colour) if isinstance(cell, Painted) else Text(cell)
                for cell in row
            )
        )
    console = Console()
    with console.capture() as capture:
        console.print(table)
    return capture.get()


@contextlib.contextmanager
def show_progress(description: str, steps: int) -> Generator[Callable[[], object], None, None]:
    """Show how much of something is done, if standard error is a terminal and rich is installed.

    Yields:
        a function that counts one step.
    """
    progress = make_progress() if steps >= SLOW_STEPS and is_terminal(sys.stderr) else None
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
