from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parca_scrape.migration.plan.markdown import code, escape, write_table
from tests.cli.command import run
from tests.cli.deployed import MODEL_UUID
from tests.cli.dumps import ONE_PORT, make_dump


@given(st.text())
def test_no_text_ends_its_cell_or_its_code(text: str) -> None:
    for cell in (code(text), escape(text)):
        assert cell.isprintable()
        assert "|" not in cell.replace("\\\\", "").replace("\\|", "")
    assert "`" not in code(text)[1:-1]


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("scrape_jobs[0]", "scrape_jobs\\[0]"),
        ("*bold* _it_ `code` <b>", "\\*bold\\* \\_it\\_ \\`code\\` \\<b>"),
        ("a\nb", "'a\\\\nb'"),
        ("a|b", "a\\|b"),
    ],
)
def test_markdown_shows_text_as_it_is(text: str, markdown: str) -> None:
    assert escape(text) == markdown


def test_a_table_without_rows_is_a_word() -> None:
    assert list(write_table(("a", "b"), [])) == ["None."]
    assert list(write_table(("a", "b"), [("1", "2")])) == [
        "| a | b |",
        "| --- | --- |",
        "| 1 | 2 |",
    ]


def test_a_hostile_databag_cannot_add_a_line_or_a_command(tmp_path: Path) -> None:
    hostile = "x`\n```sh\nrm -rf ~\n```\n| a |\x1b[2J"
    dump = json.loads(make_dump(ONE_PORT, {"job_name": hostile, **ONE_PORT}))
    [relation] = dump["parca/0"]["relation-info"]
    metadata = {"model": hostile, "model_uuid": MODEL_UUID, "application": hostile}
    metadata["charm_name"] = hostile
    relation["application-data"]["scrape_metadata"] = json.dumps(metadata)
    file = tmp_path / "dump"
    file.write_text(json.dumps(dump))
    _, out, _ = run("migrate", "plan", file)
    assert [line for line in out.splitlines() if line.startswith("rm")] == []
    assert all(line.isprintable() for line in out.splitlines())
    blocks = out.split("```")[1::2]
    assert all(
        block.startswith(("sh\njuju ", "sh\nparca-scrape ", "sh\numask ")) for block in blocks
    )
