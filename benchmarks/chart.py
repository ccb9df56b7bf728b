"""Line charts with logarithmic axes, as SVG."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import Iterator, List, Sequence, Tuple

Point = Tuple[float, float]
COLOURS = ("#1b6ca8", "#d1495b", "#2e933c", "#e3a008", "#7b4fa6", "#00798c", "#8d6a4f", "#555555")
DASHES = ("", "6 3", "2 2")
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 40, 50
WIDTH, HEIGHT = 620, 420
LINE_HEIGHT = 14


@dataclass(frozen=True)
class Chart:
    """Lines through measured points; with both axes logarithmic, slope 1 is linear."""

    title: str
    x_label: str
    y_label: str
    lines: Sequence[Tuple[str, Sequence[Point]]]
    """Name and points of each line; all numbers are above zero."""

    def draw(self, left: float) -> Iterator[str]:
        """Yield the SVG elements of the chart.

        Args:
            left: its left edge.
        """
        points = [point for _, line in self.lines for point in line]
        x_axis = Axis.around([x for x, _ in points], left + LEFT, left + WIDTH - RIGHT)
        y_axis = Axis.around([y for _, y in points], HEIGHT - BOTTOM, TOP)
        yield text(left + LEFT, 22, self.title, "start", "bold")
        for x, label in x_axis.ticks():
            yield line_between((x, TOP), (x, HEIGHT - BOTTOM), "#dddddd")
            yield text(x, HEIGHT - BOTTOM + 18, label)
        for y, label in y_axis.ticks():
            yield line_between((left + LEFT, y), (left + WIDTH - RIGHT, y), "#dddddd")
            yield text(left + LEFT - 8, y + 4, label, "end")
        middle = (x_axis.start + x_axis.end) / 2
        yield text(middle, HEIGHT - 12, self.x_label)
        yield text(left + LEFT, 36, self.y_label, "start")
        for index, (name, line) in enumerate(self.lines):
            colour = COLOURS[index % len(COLOURS)]
            dashes = DASHES[index // len(COLOURS) % len(DASHES)]
            placed = [(x_axis.place(x), y_axis.place(y)) for x, y in line]
            corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
            style = f'fill="none" stroke="{colour}" stroke-width="1.6" stroke-dasharray="{dashes}"'
            yield f'<polyline points="{corners}" {style}/>'
            height = TOP + 8 + index * LINE_HEIGHT
            start = left + WIDTH - RIGHT + 10
            yield f'<polyline points="{start},{height} {start + 20},{height}" {style}/>'
            yield text(start + 26, height + 4, name, "start")


@dataclass(frozen=True)
class Axis:
    """A logarithmic axis: its first and last power of ten, and their positions."""

    first: int
    last: int
    start: float
    end: float

    @classmethod
    def around(cls, values: Sequence[float], start: float, end: float) -> Axis:
        """Return an axis of whole powers of ten that holds all values."""
        first = math.floor(math.log10(min(values)))
        last = max(math.ceil(math.log10(max(values))), first + 1)
        return cls(first, last, start, end)

    def place(self, value: float) -> float:
        """Return the position of a value."""
        share = (math.log10(value) - self.first) / (self.last - self.first)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> Iterator[Tuple[float, str]]:
        """Yield position and label of each power of ten."""
        for power in range(self.first, self.last + 1):
            yield self.place(10.0**power), f"{10**power:,}" if power >= 0 else f"{10.0**power:g}"


def text(x: float, y: float, content: str, anchor: str = "middle", weight: str = "normal") -> str:
    """Return a line of text."""
    place = f'x="{x:.1f}" y="{y:.1f}"'
    return f'<text {place} text-anchor="{anchor}" font-weight="{weight}">{escape(content)}</text>'


def line_between(start: Point, end: Point, colour: str) -> str:
    """Return a straight line."""
    ends = f'x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}"'
    return f'<line {ends} stroke="{colour}"/>'


def draw_charts(charts: Sequence[Chart]) -> str:
    """Return a whole SVG with charts side by side."""
    width = WIDTH * len(charts)
    elements: List[str] = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}"'
        f' width="{width}" height="{HEIGHT}" font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{HEIGHT}" fill="white"/>',
    ]
    for index, chart in enumerate(charts):
        elements.extend(chart.draw(index * WIDTH))
    return "\n".join([*elements, "</svg>", ""])
