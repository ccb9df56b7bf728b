from __future__ import annotations

import subprocess
import sys
from typing import Dict

import pytest

from tests.cli.command import ENVIRONMENT
from tests.cli.terminal import STYLE, WITHOUT_RICH, run_on_terminal

TABLE = """
from parca_scrape.cli.screen import GREEN, RED, paint, write_table
rows = [
    (paint("healthy", GREEN), "zinc", "10.1.80.21:4080"),
    (paint("failing", RED), "Läden 店", "shop-0.shop-endpoints.cos.svc.cluster.local:8080"),
]
write_table(("status", "job", "target"), rows)
"""
PLAIN = """\
STATUS   JOB       TARGET
healthy  zinc      10.1.80.21:4080
failing  Läden 店  shop-0.shop-endpoints.cos.svc.cluster.local:8080
"""
WITH_RICH = """\

  status    job        target
 ──────────────────────────────────────────────────────────
  healthy   zinc       10.1.80.21:4080
  failing   Läden 店   shop-0.shop-endpoints.cos.svc.clust
                       er.local:8080

"""
HOSTILE = (
    "\x1b[2J\x1b]0;title\x07\x1b[31mred\x1b[0m",
    "a\r\nb\tc\x08\x7f",
    "\x9b2J\x85",
    "\u202egpj.exe\u2028",
    "half \ud800",
    "[red]markup[/red] :smile:",
)
ESCAPED = (
    r"'\x1b[2J\x1b]0;title\x07\x1b[31mred\x1b[0m'",
    r"'a\r\nb\tc\x08\x7f'",
    r"'\x9b2J\x85'",
    r"'\u202egpj.exe\u2028'",
    r"'half \ud800'",
    "[red]markup[/red] :smile:",
)
PLAIN_ESCAPED = f"{'TEXT':43}  END\n" + "".join(f"{text:43}  x\n" for text in ESCAPED)
RICH_ROWS = [("text", "end"), *((text, "x") for text in ESCAPED)]
WRITE_HOSTILE = f"""
from parca_scrape.cli.screen import RED, paint, write_table
write_table(("text", "end"), [(text, "x") for text in {HOSTILE!a}])
"""
PAINT_HOSTILE = f"""
from parca_scrape.cli.screen import RED, paint, write_table
write_table(("text", "end"), [(paint(text, RED), "x") for text in {HOSTILE!a}])
"""
PROGRESS = """
import time
from parca_scrape.cli.screen import show_progress
with show_progress("probing", {steps}) as count:
    for _ in range({steps}):
        count()
"""


def strip_lines(text: str) -> str:
    """Return text without styles and without blanks at the ends of its lines."""
    return "".join(f"{line.rstrip()}\n" for line in STYLE.sub("", text).splitlines())


def run_in_pipe(code: str) -> str:
    """Run code in its own process, and return what it prints into pipes."""
    return subprocess.run(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**ENVIRONMENT, "FORCE_COLOR": "1"},
        check=True,
    ).stdout.decode()


def test_a_table_in_a_pipe_is_plain_and_needs_no_rich() -> None:
    code = f"{TABLE}\nimport sys; print('rich' in sys.modules)"
    assert run_in_pipe(code) == f"{PLAIN}False\n"


def test_a_table_on_a_terminal_fits_it() -> None:
    assert strip_lines(run_on_terminal(TABLE, {})) == WITH_RICH


def test_a_table_on_a_terminal_has_colours() -> None:
    printed = run_on_terminal(TABLE, {})
    assert "\x1b[32mhealthy\x1b[0m" in printed
    assert "\x1b[31mfailing\x1b[0m" in printed


def test_without_rich_a_terminal_gets_an_aligned_table_with_colours() -> None:
    printed = run_on_terminal(WITHOUT_RICH + TABLE, {})
    assert STYLE.sub("", printed) == PLAIN
    assert STYLE.findall(printed) == ["\x1b[32m", "\x1b[0m", "\x1b[31m", "\x1b[0m"]


def test_no_color_is_honoured() -> None:
    printed = run_on_terminal(TABLE, {"NO_COLOR": "1"})
    assert strip_lines(printed) == WITH_RICH
    assert "\x1b[3" not in printed
    assert run_on_terminal(WITHOUT_RICH + TABLE, {"NO_COLOR": "1"}) == PLAIN


def test_an_empty_no_color_is_ignored() -> None:
    assert "\x1b[32mhealthy\x1b[0m" in run_on_terminal(TABLE, {"NO_COLOR": ""})


def test_a_dumb_terminal_gets_plain_text() -> None:
    assert run_on_terminal(TABLE, {"TERM": "dumb"}) == PLAIN


def test_a_table_without_rows_prints_nothing() -> None:
    assert run_in_pipe("from parca_scrape.cli.screen import *; write_table(('a', 'b'), [])") == ""


def test_what_a_terminal_would_act_on_is_escaped_in_a_pipe() -> None:
    assert run_in_pipe(WRITE_HOSTILE) == PLAIN_ESCAPED


@pytest.mark.parametrize("code", [WRITE_HOSTILE, PAINT_HOSTILE])
def test_what_a_terminal_would_act_on_is_escaped_on_a_terminal(code: str) -> None:
    assert STYLE.sub("", run_on_terminal(WITHOUT_RICH + code, {})) == PLAIN_ESCAPED
    _, titles, _, *rows, _ = strip_lines(run_on_terminal(code, {}, columns=120)).splitlines()
    assert [titles, *rows] == [f"  {text:43}   {end}" for text, end in RICH_ROWS]


def test_painted_text_is_escaped_in_a_line_as_well() -> None:
    code = "from parca_scrape.cli.screen import *; print(f'{paint(chr(27) + chr(7), RED)}: x')"
    assert run_on_terminal(code, {}) == "\x1b[31m'\\x1b\\x07'\x1b[0m: x\n"
    assert run_in_pipe(code) == "'\\x1b\\x07': x\n"


@pytest.mark.parametrize(
    ("steps", "variables", "is_shown"),
    [(20, {}, True), (19, {}, False), (20, {"TERM": "dumb"}, False)],
)
def test_progress_of_many_steps_is_shown_on_a_terminal(
    steps: int, variables: Dict[str, str], is_shown: bool
) -> None:
    printed = run_on_terminal(PROGRESS.format(steps=steps), variables, stream=2)
    assert ("probing" in printed, printed != "") == (is_shown, is_shown)


def test_no_progress_is_shown_elsewhere_or_without_rich() -> None:
    code = PROGRESS.format(steps=100)
    assert run_in_pipe(f"{code}\nimport sys; print('rich' in sys.modules)") == "False\n"
    assert run_on_terminal(code, {}, stream=1) == ""
    assert run_on_terminal(WITHOUT_RICH + code, {}, stream=2) == ""
