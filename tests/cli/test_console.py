from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from parca_scrape.cli.console import CommandError, name_input, read_text, show
from tests.cli.command import ENVIRONMENT, run, start
from tests.cli.dumps import ONE_PORT, make_document, make_dump

ERROR = "parca-scrape: error:"


@pytest.mark.parametrize(
    "content",
    [b"\xef\xbb\xbfa\xc3\xa9", b"a\xc3\xa9", b"\xff\xfea\0\xe9\0", b"\xfe\xff\0a\0\xe9"],
)
def test_a_file_is_read_as_utf8_or_utf16_without_a_byte_order_mark(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "dump"
    file.write_bytes(content)
    assert read_text(str(file)) == "aé"


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n", b"\xff\xfea"])
def test_a_file_that_is_not_text_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "dump"
    file.write_bytes(content)
    with pytest.raises(CommandError) as caught:
        read_text(str(file))
    assert str(caught.value) == f"{file}: neither UTF-8 nor UTF-16 text"


def test_a_file_that_cannot_be_read_is_refused_in_one_line(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    no_file = "No such file or directory"
    assert run("render", missing) == (2, "", f"{ERROR} {missing}: {no_file}\n")
    assert run("render", tmp_path) == (2, "", f"{ERROR} {tmp_path}: Is a directory\n")
    assert run("render", "/a\nb") == (2, "", f"{ERROR} '/a\\nb': {no_file}\n")
    assert run("render", "\0") == (2, "", f"{ERROR} '\\x00': not a valid file name\n")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_refused_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "dump"
    file.touch(mode=0o000)
    assert run("render", file) == (2, "", f"{ERROR} {file}: Permission denied\n")


def test_standard_input_is_read_by_default() -> None:
    for arguments in (["render", "--format=json"], ["render", "-", "--format=json"]):
        with start(*arguments) as process:
            out, err = process.communicate(make_dump(ONE_PORT).encode())
        assert (process.returncode, json.loads(out), err) == (0, make_document(), b"")


def test_standard_input_that_is_closed_is_refused_in_one_line() -> None:
    script = 'exec "$0" -m parca_scrape render <&-'
    process = subprocess.run(
        ["sh", "-c", script, sys.executable], capture_output=True, env=ENVIRONMENT, check=False
    )
    line = f"{ERROR} standard input: Bad file descriptor\n".encode()
    assert (process.returncode, process.stdout, process.stderr) == (2, b"", line)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize("form", ["yaml", "json"])
def test_standard_output_is_utf8_whatever_the_locale_says(
    tmp_path: Path, form: str, encoding: str
) -> None:
    file = tmp_path / "dump"
    path = "/\U0001f525/é"
    file.write_text(make_dump({**ONE_PORT, "profiling_config": {"path_prefix": path}}))
    process = subprocess.run(
        [sys.executable, "-m", "parca_scrape", "render", str(file), "--format", form],
        capture_output=True,
        env={**ENVIRONMENT, "PYTHONIOENCODING": encoding},
        check=True,
    )
    document = make_document(profiling_config={"path_prefix": path})
    assert yaml.safe_load(process.stdout.decode()) == document


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("a b/é", "a b/é"),
        ("a\nb", r"'a\nb'"),
        ("\x1b[31m", r"'\x1b[31m'"),
        ("\udcff", r"'\udcff'"),
    ],
)
def test_a_path_is_shown_in_one_line(path: str, shown: str) -> None:
    assert show(Path(path)) == shown
    assert name_input(path) == shown
