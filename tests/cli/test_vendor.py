from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, List

import pytest

from parca_scrape.cli.main import main
from parca_scrape.version import VERSION
from tests.cli.vendored import (
    CHARMS,
    CURRENT,
    FILES,
    IS_CURRENT,
    IS_EDITED,
    IS_FOREIGN,
    IS_UNPUBLISHED,
    IS_WRITTEN,
    OF_PACKAGE,
    list_files,
    make_reference,
    publish,
    put,
    renumber,
    restamp,
)


@pytest.fixture
def charm_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory of a charm, which is also the current one."""
    (tmp_path / "charmcraft.yaml").write_text("name: zinc\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("charm", CHARMS)
def test_the_current_file_is_written_into_a_charm(
    charm: str, charm_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["vendor", "--charm", charm]) == 0

    assert list_files(charm_directory) == ["charmcraft.yaml", FILES[charm]]
    assert (charm_directory / FILES[charm]).read_text(encoding="utf-8") == CURRENT[charm]
    assert capsys.readouterr() == (f"{FILES[charm]}: {IS_WRITTEN}\n", "")


@pytest.mark.parametrize("options", [[], ["--check"]])
def test_the_name_of_a_charm_stands_for_its_import_path(
    options: List[str], charm_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(charm_directory, "parca_k8s", CURRENT["parca_k8s"])

    assert main(["vendor", "--charm", "parca-k8s", *options]) == 0
    assert list_files(charm_directory) == ["charmcraft.yaml", FILES["parca_k8s"]]
    assert capsys.readouterr() == (f"{FILES['parca_k8s']}: {IS_CURRENT}\n", "")


def test_a_charm_may_be_elsewhere_and_have_its_metadata_in_an_old_file(tmp_path: Path) -> None:
    directory = tmp_path / "charm"
    directory.mkdir()
    (directory / "metadata.yaml").write_text("name: zinc\n")

    assert main(["vendor", str(directory), "--charm", "parca"]) == 0
    assert list_files(directory) == [FILES["parca"], "metadata.yaml"]


def test_a_current_file_is_left_alone(
    charm_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(charm_directory, "parca", CURRENT["parca"])
    before = path.stat()

    assert main(["vendor", "--charm", "parca"]) == 0
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert capsys.readouterr() == (f"{FILES['parca']}: {IS_CURRENT}\n", "")


@pytest.mark.parametrize("text", ["reference", "older", "carriage returns"])
def test_a_file_that_nobody_edited_is_replaced(
    text: str,
    charm_directory: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    texts: Dict[str, str] = {
        "reference": publish(monkeypatch, "parca_k8s", 6),
        "older": restamp(renumber(CURRENT["parca_k8s"], 1)),
        "carriage returns": restamp(CURRENT["parca_k8s"] + "\n").replace("\n", "\r\n"),
    }
    path = put(charm_directory, "parca_k8s", texts[text])

    assert main(["vendor", "--charm", "parca_k8s"]) == 0
    assert path.read_text(encoding="utf-8") == CURRENT["parca_k8s"]
    assert capsys.readouterr() == (f"{FILES['parca_k8s']}: {IS_WRITTEN}\n", "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (CURRENT["parca"] + "# mine\n", IS_EDITED),
        ("import ops\n", IS_FOREIGN),
        (make_reference("parca", 6), IS_UNPUBLISHED),
        (make_reference("parca_k8s", 6), IS_FOREIGN),
        (
            restamp(renumber(CURRENT["parca"], 99)),
            f"newer: LIBPATCH 99 of parca-scrape {VERSION}",
        ),
    ],
)
def test_a_file_that_somebody_would_miss_is_replaced_only_by_force(
    text: str, reason: str, charm_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(charm_directory, "parca", text)

    assert main(["vendor", "--charm", "parca"]) == 2
    assert path.read_text(encoding="utf-8") == text
    assert capsys.readouterr() == (
        "",
        f"parca-scrape: error: {FILES['parca']}: {reason}; use --force to overwrite the file\n",
    )

    assert main(["vendor", "--charm", "parca", "--force"]) == 0
    assert path.read_text(encoding="utf-8") == CURRENT["parca"]
    assert capsys.readouterr() == (f"{FILES['parca']}: {IS_WRITTEN}\n", "")


@pytest.mark.parametrize("arguments", [["--charm", "parca"], ["--check"]])
def test_a_directory_that_is_not_a_charm_is_refused(
    arguments: List[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["vendor", str(tmp_path), *arguments]) == 2

    assert list_files(tmp_path) == []
    assert capsys.readouterr() == (
        "",
        f"parca-scrape: error: {tmp_path}: not a charm: no charmcraft.yaml or metadata.yaml\n",
    )


@pytest.mark.parametrize("arguments", [["--charm", "parca"], ["--check"]])
@pytest.mark.parametrize(
    ("name", "shown"), [("missing", "missing"), ("file", "file"), ("a\0b", r"'a\x00b'")]
)
def test_a_folder_that_is_not_there_is_refused(
    name: str,
    shown: str,
    arguments: List[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")

    assert main(["vendor", name, *arguments]) == 2
    assert list_files(tmp_path) == ["file"]
    assert capsys.readouterr() == ("", f"parca-scrape: error: {shown}: no such folder\n")


def test_the_import_path_must_be_named(
    charm_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["vendor"]) == 2

    assert list_files(charm_directory) == ["charmcraft.yaml"]
    assert capsys.readouterr() == (
        "",
        "parca-scrape: error: choose the import path to write: --charm parca or"
        " --charm parca_k8s\n",
    )


def test_a_file_in_place_of_a_directory_is_reported_in_one_line(
    charm_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (charm_directory / "lib").write_text("")

    assert main(["vendor", "--charm", "parca"]) == 2
    assert list_files(charm_directory) == ["charmcraft.yaml", "lib"]
    assert capsys.readouterr() == (
        "",
        "parca-scrape: error: lib/charms/parca/v0: Not a directory\n",
    )


def test_a_missing_permission_is_reported_in_one_line(
    charm_directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def deny(source: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied", str(source), None, str(target))

    monkeypatch.setattr(os, "replace", deny)

    assert main(["vendor", "--charm", "parca"]) == 2
    assert list_files(charm_directory) == ["charmcraft.yaml"]
    assert capsys.readouterr() == (
        "",
        f"parca-scrape: error: {FILES['parca']}: Permission denied\n",
    )


@pytest.mark.parametrize("arguments", [[], ["--charm", "parca_k8s"]])
def test_a_check_of_a_current_file_succeeds(
    arguments: List[str], charm_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(charm_directory, "parca_k8s", CURRENT["parca_k8s"])

    assert main(["vendor", "--check", *arguments]) == 0
    assert capsys.readouterr() == (f"{FILES['parca_k8s']}: {IS_CURRENT}\n", "")


def test_a_check_that_finds_no_file_says_so(
    charm_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["vendor", "--check"]) == 2
    assert capsys.readouterr() == (
        "",
        f"parca-scrape: error: no file at {FILES['parca']} or {FILES['parca_k8s']}:"
        " run without --check to write one\n",
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (renumber(CURRENT["parca"], 99), IS_EDITED),
        (
            restamp(CURRENT["parca"].replace("import ops\n", "import ops  # once\n")),
            f"older: {OF_PACKAGE}",
        ),
        (
            restamp(renumber(CURRENT["parca"], 99)),
            f"newer: LIBPATCH 99 of parca-scrape {VERSION}",
        ),
        (make_reference("parca", 6), IS_UNPUBLISHED),
        (make_reference("parca", 8), IS_UNPUBLISHED),
        ("", IS_FOREIGN),
    ],
)
def test_a_check_reports_every_file_and_fails_if_one_is_not_current(
    text: str, reason: str, charm_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(charm_directory, "parca", text)
    put(charm_directory, "parca_k8s", CURRENT["parca_k8s"])

    assert main(["vendor", "--check"]) == 1
    assert capsys.readouterr() == (
        f"{FILES['parca']}: {reason}\n{FILES['parca_k8s']}: {IS_CURRENT}\n",
        "",
    )
    assert (charm_directory / FILES["parca"]).read_text(encoding="utf-8") == text


CHARM_LIBS = """\
name: zinc
charm-libs:
  - lib: grafana-k8s.grafana_dashboard
    version: "0"
  - lib: parca-k8s.parca_scrape
    version: "0.6"
  - parca.parca_scrape
"""


@pytest.mark.parametrize("arguments", [["--charm", "parca_k8s"], ["--check"]])
def test_an_entry_that_makes_charmcraft_overwrite_the_file_is_reported(
    arguments: List[str], charm_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for charm in CHARMS:
        put(charm_directory, charm, CURRENT[charm])
    (charm_directory / "charmcraft.yaml").write_text(CHARM_LIBS)

    assert main(["vendor", *arguments]) == 0
    assert capsys.readouterr().err == (
        "charmcraft.yaml: remove the entry `lib: parca-k8s.parca_scrape` and its version from"
        " charm-libs: `charmcraft fetch-libs` would overwrite the vendored file with the"
        " reference library\n"
    )


@pytest.mark.parametrize("text", ["a: [", "[" * 5000, b"\xff\xfe\xff".decode("latin-1")])
def test_a_charmcraft_file_that_is_not_yaml_is_reported(
    text: str, charm_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (charm_directory / "charmcraft.yaml").write_bytes(text.encode("latin-1"))

    assert main(["vendor", "--charm", "parca"]) == 0
    assert capsys.readouterr().err == (
        "charmcraft.yaml: not valid YAML: check that charm-libs has no entry for"
        " parca.parca_scrape\n"
    )
