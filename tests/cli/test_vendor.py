from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Dict, List

import pytest

from parca_scrape.cli import single_files as vendor
from parca_scrape.cli.main import main
from parca_scrape.version import VERSION
from tests.forms import ROOT

CHARMS = ("parca", "parca_k8s")
REFERENCE = 'LIBID = "{libid}"\n\nLIBAPI = 0\n\nLIBPATCH = {libpatch}\n\nALLOWED_KEYS = set()\n'
FILES = {charm: f"lib/charms/{charm}/v0/parca_scrape.py" for charm in CHARMS}
CURRENT = {charm: (ROOT / FILES[charm]).read_text(encoding="utf-8") for charm in CHARMS}
(LIBPATCH,) = re.findall(r"^LIBPATCH = (\d+)$", CURRENT["parca"], re.MULTILINE)
OF_PACKAGE = f"LIBPATCH {LIBPATCH} of parca-scrape {VERSION}"
IS_CURRENT = f"current: {OF_PACKAGE}"


@pytest.fixture
def charm_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder of a charm, which is also the current one."""
    (tmp_path / "charmcraft.yaml").write_text("name: zinc\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(folder: Path, charm: str, text: str) -> Path:
    """Put a file where the library of a charm belongs."""
    path = folder / FILES[charm]
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return path


def restamp(text: str) -> str:
    """Give a file the digest that it should have."""
    return re.sub(r"sha256:\w{64}", f"sha256:{vendor.compute_digest(text)}", text, count=1)


def renumber(text: str, libpatch: int) -> str:
    """Give a file another LIBPATCH, and its digest as it was."""
    return text.replace(f"LIBPATCH = {LIBPATCH}\n", f"LIBPATCH = {libpatch}\n")


def files_in(folder: Path) -> List[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("charm", CHARMS)
def test_the_current_file_is_written_into_a_charm(
    charm: str, charm_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["vendor", "--charm", charm]) == 0

    assert files_in(charm_folder) == ["charmcraft.yaml", FILES[charm]]
    assert (charm_folder / FILES[charm]).read_text(encoding="utf-8") == CURRENT[charm]
    assert capsys.readouterr() == (f"{FILES[charm]}: {IS_CURRENT}\n", "")


def test_a_charm_may_be_elsewhere_and_have_its_metadata_in_an_old_file(tmp_path: Path) -> None:
    folder = tmp_path / "charm"
    folder.mkdir()
    (folder / "metadata.yaml").write_text("name: zinc\n")

    assert main(["vendor", str(folder), "--charm", "parca"]) == 0
    assert files_in(folder) == [FILES["parca"], "metadata.yaml"]


def test_a_written_file_can_be_read_by_all(charm_folder: Path) -> None:
    mask = os.umask(0o022)
    try:
        main(["vendor", "--charm", "parca"])
    finally:
        os.umask(mask)

    assert oct((charm_folder / FILES["parca"]).stat().st_mode & 0o777) == "0o644"


@pytest.mark.parametrize("text", ["reference", "older", "carriage returns"])
def test_a_file_that_nobody_edited_is_replaced(text: str, charm_folder: Path) -> None:
    texts: Dict[str, str] = {
        "reference": REFERENCE.format(libid=vendor.LIBIDS["parca_k8s"], libpatch=6),
        "older": restamp(renumber(CURRENT["parca_k8s"], 1)),
        "carriage returns": restamp(CURRENT["parca_k8s"] + "\n").replace("\n", "\r\n"),
    }
    path = put(charm_folder, "parca_k8s", texts[text])

    assert main(["vendor", "--charm", "parca_k8s"]) == 0
    assert path.read_text(encoding="utf-8") == CURRENT["parca_k8s"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (CURRENT["parca"] + "# mine\n", "edited by hand: its digest does not fit"),
        ("import ops\n", "not this library: its LIBID is another one, or missing"),
        (
            REFERENCE.format(libid=vendor.LIBIDS["parca_k8s"], libpatch=6),
            "not this library: its LIBID is another one, or missing",
        ),
        (
            restamp(renumber(CURRENT["parca"], 99)),
            f"newer: LIBPATCH 99 of parca-scrape {VERSION}",
        ),
    ],
)
def test_a_file_that_somebody_would_miss_is_replaced_by_force_only(
    text: str, reason: str, charm_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(charm_folder, "parca", text)

    assert main(["vendor", "--charm", "parca"]) == 2
    assert path.read_text(encoding="utf-8") == text
    assert capsys.readouterr() == (
        "",
        f"parca-scrape: error: {FILES['parca']} is {reason} (--force writes over it)\n",
    )

    assert main(["vendor", "--charm", "parca", "--force"]) == 0
    assert path.read_text(encoding="utf-8") == CURRENT["parca"]


@pytest.mark.parametrize("arguments", [["--charm", "parca"], ["--check"]])
def test_a_folder_that_is_no_charm_is_refused(
    arguments: List[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["vendor", str(tmp_path), *arguments]) == 2

    assert files_in(tmp_path) == []
    assert capsys.readouterr() == (
        "",
        f"parca-scrape: error: {tmp_path} is no charm: it has no charmcraft.yaml or"
        " metadata.yaml\n",
    )


def test_a_name_that_no_folder_can_have_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vendor", "a\0b", "--check"]) == 2
    assert "\n" not in capsys.readouterr().err[:-1]


def test_the_import_path_must_be_named(
    charm_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["vendor"]) == 2

    assert files_in(charm_folder) == ["charmcraft.yaml"]
    assert capsys.readouterr() == (
        "",
        "parca-scrape: error: say which import path to write: --charm parca or parca_k8s\n",
    )


def test_what_stands_in_the_way_is_told_in_one_line(
    charm_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (charm_folder / "lib").write_text("")

    assert main(["vendor", "--charm", "parca"]) == 2
    assert files_in(charm_folder) == ["charmcraft.yaml", "lib"]
    assert capsys.readouterr() == (
        "",
        "parca-scrape: error: lib/charms/parca/v0: Not a directory\n",
    )


def test_a_missing_permission_is_told_in_one_line(
    charm_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = REFERENCE.format(libid=vendor.LIBIDS["parca"], libpatch=6)
    path = put(charm_folder, "parca", text)

    def deny(source: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied", str(target))

    monkeypatch.setattr(os, "replace", deny)

    assert main(["vendor", "--charm", "parca"]) == 2
    assert files_in(charm_folder) == ["charmcraft.yaml", FILES["parca"]]
    assert path.read_text(encoding="utf-8") == text
    assert capsys.readouterr() == (
        "",
        f"parca-scrape: error: {FILES['parca']}: Permission denied\n",
    )


@pytest.mark.parametrize("arguments", [[], ["--charm", "parca_k8s"]])
def test_a_check_of_a_current_file_succeeds(
    arguments: List[str], charm_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["vendor", "--charm", "parca_k8s"])
    capsys.readouterr()

    assert main(["vendor", "--check", *arguments]) == 0
    assert capsys.readouterr() == (f"{FILES['parca_k8s']}: {IS_CURRENT}\n", "")


def test_a_check_that_finds_no_file_says_so(
    charm_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["vendor", "--check"]) == 2
    assert capsys.readouterr() == (
        "",
        f"parca-scrape: error: there is no {FILES['parca']} or {FILES['parca_k8s']}\n",
    )


NOT_RIGHT = "fails, or makes Parca fail, on databags that are not right"
NOT_TYPED = "lacks problems(), typed jobs and unit_address"
NO_METHODS = "lacks update_scrape_job_spec, set_scrape_job_spec and is_ready"
NO_FIELDS = "drops scheme, profiling_config and tls_config"


@pytest.mark.parametrize(
    ("charm", "libpatch", "shortcomings"),
    [
        (
            "parca",
            2,
            [
                "needs charms.observability_libs",
                "lacks on_profiling_provider_relation_changed",
                NO_FIELDS,
                NO_METHODS,
                NOT_RIGHT,
                NOT_TYPED,
            ],
        ),
        (
            "parca",
            6,
            ["needs charms.observability_libs", NO_FIELDS, NO_METHODS, NOT_RIGHT, NOT_TYPED],
        ),
        (
            "parca_k8s",
            3,
            [
                "needs charms.observability_libs",
                "lacks is_ready",
                "raises AttributeError for RelationRoleMismatchError",
                NOT_RIGHT,
                NOT_TYPED,
            ],
        ),
        ("parca_k8s", 6, ["needs cosl", NOT_RIGHT, NOT_TYPED]),
        ("parca_k8s", 8, []),
    ],
)
def test_a_check_tells_what_is_amiss_in_the_reference_library(
    charm: str,
    libpatch: int,
    shortcomings: List[str],
    charm_folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    put(charm_folder, charm, REFERENCE.format(libid=vendor.LIBIDS[charm], libpatch=libpatch))

    assert main(["vendor", "--check"]) == 1
    told = "; ".join([f"LIBPATCH {libpatch} of the reference library", *shortcomings])
    assert capsys.readouterr() == (f"{FILES[charm]}: {told}\n", "")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (renumber(CURRENT["parca"], 99), "edited by hand"),
        (
            restamp(CURRENT["parca"].replace("import ops\n", "import ops  # once\n")),
            f"older: {OF_PACKAGE}",
        ),
        (
            restamp(renumber(CURRENT["parca"], 99)),
            f"newer: LIBPATCH 99 of parca-scrape {VERSION}",
        ),
        ("", "not this library"),
    ],
)
def test_a_check_tells_any_file_that_is_not_current(
    text: str, told: str, charm_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(charm_folder, "parca", text)
    main(["vendor", "--charm", "parca_k8s"])
    capsys.readouterr()

    assert main(["vendor", "--check"]) == 1
    of_parca, of_parca_k8s = capsys.readouterr().out.splitlines()
    assert of_parca.startswith(f"{FILES['parca']}: {told}")
    assert of_parca_k8s == f"{FILES['parca_k8s']}: {IS_CURRENT}"


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
def test_an_entry_that_makes_charmcraft_undo_it_is_told(
    arguments: List[str], charm_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for charm in CHARMS:
        main(["vendor", "--charm", charm])
    (charm_folder / "charmcraft.yaml").write_text(CHARM_LIBS)
    capsys.readouterr()

    assert main(["vendor", *arguments]) == 0
    assert capsys.readouterr().err == (
        "charmcraft.yaml: remove the entry `lib: parca-k8s.parca_scrape` and its version from"
        " charm-libs: charmcraft fetch-libs puts the reference library over this file\n"
    )


@pytest.mark.parametrize("text", ["a: [", "[" * 5000, b"\xff\xfe\xff".decode("latin-1")])
def test_a_charmcraft_file_that_is_no_yaml_is_told(
    text: str, charm_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (charm_folder / "charmcraft.yaml").write_bytes(text.encode("latin-1"))

    assert main(["vendor", "--charm", "parca"]) == 0
    assert capsys.readouterr().err == (
        "charmcraft.yaml: is no YAML: look for parca.parca_scrape in charm-libs\n"
    )


@pytest.mark.parametrize("text", ["", "- a", "charm-libs: 5", "charm-libs: [{lib: [parca]}, {}]"])
def test_a_charmcraft_file_that_lists_no_libraries_is_fine(
    text: str, charm_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (charm_folder / "charmcraft.yaml").write_text(text)

    assert main(["vendor", "--charm", "parca"]) == 0
    assert capsys.readouterr().err == ""
