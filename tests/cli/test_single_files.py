from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path
from typing import List

import pytest

from parca_scrape.cli.published import PUBLISHED
from parca_scrape.cli.single_files import (
    State,
    VendoredFile,
    compute_digest,
    find_file,
    list_fetched,
    write_file,
)
from parca_scrape.version import VERSION
from tests.cli.vendored import (
    CHARMS,
    CURRENT,
    FILES,
    IS_CURRENT,
    IS_EDITED,
    IS_FOREIGN,
    IS_UNPUBLISHED,
    LIBPATCH,
    OF_PACKAGE,
    list_files,
    make_reference,
    publish,
    put,
    renumber,
    restamp,
)

NOT_SAFE = "fails, or makes Parca fail, on invalid databags"
NOT_TYPED = "lacks problems(), typed jobs and unit_address"
NO_METHODS = "lacks update_scrape_job_spec, set_scrape_job_spec and is_ready"
NO_FIELDS = "drops scheme, profiling_config and tls_config"
NO_ERROR = "raises AttributeError instead of RelationRoleMismatchError"
OLDER = restamp(CURRENT["parca"].replace("import ops\n", "import ops  # once\n"))
NEWER = restamp(renumber(CURRENT["parca"], 99))


def describe(directory: Path, charm: str, text: str) -> str:
    """Return what is said of a file with this text."""
    put(directory, charm, text)
    file = find_file(directory, charm)
    assert file is not None
    return file.describe()


def test_a_file_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    assert find_file(tmp_path, "parca") is None


@pytest.mark.parametrize("charm", CHARMS)
def test_the_file_of_the_package_is_current(charm: str, tmp_path: Path) -> None:
    path = put(tmp_path, charm, CURRENT[charm])
    file = VendoredFile(path, charm, State.CURRENT, int(LIBPATCH), VERSION)
    assert find_file(tmp_path, charm) == file
    assert file.describe() == IS_CURRENT


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (CURRENT["parca"] + "# mine\n", IS_EDITED),
        (renumber(CURRENT["parca"], 99), IS_EDITED),
        (OLDER, f"older: {OF_PACKAGE}"),
        (NEWER, f"newer: LIBPATCH 99 of parca-scrape {VERSION}"),
        ("", IS_FOREIGN),
        ("import ops\n", IS_FOREIGN),
        (make_reference("parca", 6), IS_UNPUBLISHED),
        (make_reference("parca", 8), IS_UNPUBLISHED),
        (make_reference("parca", 6).replace("LIBPATCH = 6\n", ""), IS_UNPUBLISHED),
        (make_reference("parca_k8s", 6), IS_FOREIGN),
        ("LIBPATCH = 6\n", IS_FOREIGN),
    ],
)
def test_what_a_file_is_fits_in_one_line(text: str, line: str, tmp_path: Path) -> None:
    assert describe(tmp_path, "parca", text) == line


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
                NOT_SAFE,
                NOT_TYPED,
            ],
        ),
        (
            "parca",
            6,
            ["needs charms.observability_libs", NO_FIELDS, NO_METHODS, NOT_SAFE, NOT_TYPED],
        ),
        (
            "parca_k8s",
            3,
            [
                "needs charms.observability_libs",
                "lacks is_ready",
                NO_ERROR,
                NOT_SAFE,
                NOT_TYPED,
            ],
        ),
        ("parca_k8s", 6, ["needs cosl", NOT_SAFE, NOT_TYPED]),
    ],
)
def test_what_the_reference_library_lacks_is_said(
    charm: str,
    libpatch: int,
    shortcomings: List[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = "; ".join([f"LIBPATCH {libpatch} of the reference library", *shortcomings])
    assert describe(tmp_path, charm, publish(monkeypatch, charm, libpatch)) == line


@pytest.mark.parametrize("charm", CHARMS)
def test_every_libpatch_before_those_of_the_package_is_published(charm: str) -> None:
    assert list(PUBLISHED[charm]) == list(range(1, 7))
    digests = [digest for known in PUBLISHED[charm].values() for digest in known]
    assert len(digests) == len(set(digests))
    assert [digest for digest in digests if not re.fullmatch("[0-9a-f]{64}", digest)] == []


def test_line_endings_do_not_make_a_published_file_an_edited_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = publish(monkeypatch, "parca", 6)
    path = put(tmp_path, "parca", "")
    path.write_bytes(text.replace("\n", "\r\n").encode())
    assert find_file(tmp_path, "parca") == VendoredFile(path, "parca", State.REFERENCE, 6)


def test_the_digest_does_not_depend_on_itself() -> None:
    text = CURRENT["parca"]
    other = text.replace(f"sha256:{compute_digest(text)}", f"sha256:{'0' * 64}")
    assert other != text
    assert compute_digest(other) == compute_digest(text)


def test_a_written_file_is_current_and_can_be_read_by_all(tmp_path: Path) -> None:
    mask = os.umask(0o022)
    try:
        file = write_file(tmp_path, "parca")
    finally:
        os.umask(mask)

    path = tmp_path / FILES["parca"]
    assert file == VendoredFile(path, "parca", State.WRITTEN, int(LIBPATCH), VERSION)
    assert find_file(tmp_path, "parca") == dataclasses.replace(file, state=State.CURRENT)
    assert oct(file.path.stat().st_mode & 0o777) == "0o644"


def test_a_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = put(tmp_path, "parca", OLDER)
    path.chmod(0o600)

    write_file(tmp_path, "parca")
    assert path.read_text(encoding="utf-8") == CURRENT["parca"]
    assert oct(path.stat().st_mode & 0o777) == "0o600"


def test_a_file_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path, "parca", OLDER)

    def deny(source: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied", str(target))

    monkeypatch.setattr(os, "replace", deny)

    with pytest.raises(PermissionError):
        write_file(tmp_path, "parca")
    assert list_files(tmp_path) == [FILES["parca"]]
    assert path.read_text(encoding="utf-8") == OLDER


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("charm-libs: [{lib: parca.parca_scrape, version: '0'}]", ["parca.parca_scrape"]),
        ("charm-libs: [{lib: parca-k8s.parca_scrape}, parca.parca_scrape]", []),
        ("charm-libs: [{lib: [parca]}, {}]", []),
        ("charm-libs: 5", []),
        ("- a", []),
        ("", []),
    ],
)
def test_entries_of_charmcraft_that_fetch_the_reference_library_are_found(
    text: str, entries: List[str], tmp_path: Path
) -> None:
    (tmp_path / "charmcraft.yaml").write_text(text)
    assert list_fetched(tmp_path, "parca") == entries


def test_a_charm_without_charmcraft_file_fetches_nothing(tmp_path: Path) -> None:
    assert list_fetched(tmp_path, "parca") == []
