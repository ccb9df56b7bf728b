from __future__ import annotations

import email
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import List, Set

import pytest

from parca_scrape.cli.charmhub import LIBIDS
from parca_scrape.version import VERSION
from tests.forms import ROOT

NAME = f"parca_scrape-{VERSION}"
CHARMS = list(LIBIDS)
UNKNOWN_ADDRESS = "https://repository.invalid"
LEFT_OUT = ("__pycache__", ".*_cache", ".git", ".venv*", ".matrix", ".hypothesis", "dist")


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a copy of the checkout, with what is not to be shipped lying about, into dist/."""
    for tool in ("build", "hatchling", "twine"):
        pytest.importorskip(tool)
    tree = tmp_path_factory.mktemp("build") / "tree"
    shutil.copytree(str(ROOT), str(tree), ignore=shutil.ignore_patterns(*LEFT_OUT))
    for litter in (
        "src/parca_scrape/__pycache__/jobs.cpython-38.pyc",
        "src/charms/parca/v0/__pycache__/parca_scrape.cpython-38.pyc",
        "lib/charms/parca/v0/__pycache__/parca_scrape.cpython-38.pyc",
        "src/parca_scrape.egg-info/PKG-INFO",
        ".hypothesis/examples",
    ):
        path = tree / litter
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    # The script itself fails if two builds differ, or if twine finds fault with one.
    result = subprocess.run(
        [sys.executable, str(tree / "tools" / "build.py")],
        cwd=str(tree),
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert result.returncode == 0, result.stdout
    return tree / "dist"


@pytest.fixture(scope="module")
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel alone, and give the folder."""
    folder = tmp_path_factory.mktemp("installed")
    (wheel,) = dist.glob("*.whl")
    options = ["--quiet", "--no-deps", "--no-index", "--no-compile", "--target", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(wheel)], check=True)
    return folder


def files_in(*folders: str) -> Set[str]:
    """Give the files of the checkout in some folders, without caches."""
    return {
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".typed", ".json")
    }


def test_two_archives_are_built(dist: Path) -> None:
    assert sorted(path.name for path in dist.iterdir()) == [
        f"{NAME}-py3-none-any.whl",
        f"{NAME}.tar.gz",
    ]


def test_the_wheel_holds_the_package_the_old_import_paths_and_the_single_files(dist: Path) -> None:
    with zipfile.ZipFile(str(dist / f"{NAME}-py3-none-any.whl")) as wheel:
        names = set(wheel.namelist())

    package = {name[len("src/") :] for name in files_in("src/parca_scrape", "src/charms")}
    assert names == {
        *package,
        *(f"parca_scrape/vendored/{charm}.py.txt" for charm in CHARMS),
        f"{NAME}.dist-info/METADATA",
        f"{NAME}.dist-info/RECORD",
        f"{NAME}.dist-info/WHEEL",
        f"{NAME}.dist-info/entry_points.txt",
        f"{NAME}.dist-info/licenses/LICENSE",
    }
    assert {"parca_scrape/py.typed", *(f"charms/{c}/v0/parca_scrape.py" for c in CHARMS)} < names


def test_the_sdist_holds_what_makes_the_wheel(dist: Path) -> None:
    with tarfile.open(str(dist / f"{NAME}.tar.gz")) as sdist:
        names = {member.name for member in sdist.getmembers()}

    documents = {".gitignore", "CHANGELOG.md", "LICENSE", "README.md"}
    expected = {*files_in("src", "lib"), *documents, "pyproject.toml", "PKG-INFO"}
    assert names == {f"{NAME}/{name}" for name in expected}


def test_the_metadata_has_authors_and_no_address_that_is_made_up(dist: Path) -> None:
    with zipfile.ZipFile(str(dist / f"{NAME}-py3-none-any.whl")) as wheel:
        metadata = email.message_from_bytes(wheel.read(f"{NAME}.dist-info/METADATA"))

    urls = metadata.get_all("Project-URL", [])
    assert metadata["Author"] == "parca-scrape maintainers"
    assert "Parca, https://www.parca.dev" in urls
    assert not [url for url in urls if ".invalid" in url]


def check_release(checkout: Path, tag: str) -> List[str]:
    """Return the lines in which the check of a release refuses it."""
    result = subprocess.run(
        [sys.executable, str(checkout / "tools" / "check_release.py"), tag],
        stderr=subprocess.PIPE,
        text=True,
    )
    lines = result.stderr.splitlines()
    assert result.returncode == bool(lines)
    return [line.partition(": ")[2] for line in lines]


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """Return a copy of what the check of a release reads, in which everything is filled in."""
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md", "stubs", "src", "tools"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(str(ROOT / name), str(tmp_path / name))
    for folder in (tmp_path, tmp_path / "stubs"):
        for path in (folder / "pyproject.toml", folder / "README.md"):
            text = path.read_text(encoding="utf-8").replace(UNKNOWN_ADDRESS, "https://example.com")
            text = re.sub(r"^# (Repository = )", r"\1", text, flags=re.MULTILINE)
            path.write_text(text, encoding="utf-8")
    record = tmp_path / "tools" / "libpatch.json"
    content = json.loads(record.read_text(encoding="utf-8"))
    content["released"]["1000"] = content["digests"]
    record.write_text(json.dumps(content), encoding="utf-8")
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github" / "CODEOWNERS").write_text("* @parca/maintainers\n", encoding="utf-8")
    with (tmp_path / "CHANGELOG.md").open("a", encoding="utf-8") as stream:
        stream.write(f"\n## [{VERSION}]\n")
    return tmp_path


def test_a_release_with_everything_filled_in_is_allowed(release: Path) -> None:
    assert check_release(release, f"v{VERSION}") == []


def test_a_release_with_another_tag_is_refused(release: Path) -> None:
    assert check_release(release, "v1000") == [
        f"the tag is v1000, but the version is {VERSION}",
    ]


def test_a_release_whose_single_files_are_not_recorded_is_refused(release: Path) -> None:
    record = release / "tools" / "libpatch.json"
    content = json.loads(record.read_text(encoding="utf-8"))
    record.write_text(json.dumps({**content, "released": {}}), encoding="utf-8")

    assert check_release(release, f"v{VERSION}") == [
        "the single files are not recorded: run .venv-tools/bin/python tools/single_file.py"
        " --release",
    ]


def test_a_release_without_an_entry_in_the_changelog_is_refused(release: Path) -> None:
    (release / "CHANGELOG.md").write_text("# Changelog\n", encoding="utf-8")

    assert check_release(release, f"v{VERSION}") == [f"CHANGELOG.md has no entry for {VERSION}"]


def test_a_release_without_owners_is_refused(release: Path) -> None:
    shutil.copy(str(ROOT / ".github" / "CODEOWNERS"), str(release / ".github"))

    assert check_release(release, f"v{VERSION}") == [
        ".github/CODEOWNERS: @OWNER is no organisation: see RELEASING.md",
    ]


def test_a_release_without_the_address_of_the_repository_is_refused(release: Path) -> None:
    (release / "docs").mkdir()
    for path in (release / "README.md", release / "docs" / "index.md"):
        with path.open("a", encoding="utf-8") as stream:
            stream.write(f"[changes]: {UNKNOWN_ADDRESS}/CHANGELOG.md\n")
    project = release / "stubs" / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    project.write_text(text.replace("\nRepository = ", "\n# Repository = "), encoding="utf-8")

    assert check_release(release, f"v{VERSION}") == [
        f"README.md: {UNKNOWN_ADDRESS} is not an address: see RELEASING.md",
        "stubs/pyproject.toml: there is no Repository: see RELEASING.md",
        f"docs/index.md: {UNKNOWN_ADDRESS} is not an address: see RELEASING.md",
    ]


@pytest.mark.parametrize("charm", CHARMS)
def test_an_installed_package_writes_its_single_files(
    charm: str, installed: Path, tmp_path: Path
) -> None:
    (tmp_path / "charmcraft.yaml").write_text("name: zinc\n")

    run_installed(installed, ["-m", "parca_scrape", "vendor", str(tmp_path), "--charm", charm])

    path = Path("lib") / "charms" / charm / "v0" / "parca_scrape.py"
    assert (tmp_path / path).read_bytes() == (ROOT / path).read_bytes()


@pytest.mark.parametrize("charm", CHARMS)
def test_an_installed_package_gives_the_old_import_path(charm: str, installed: Path) -> None:
    printed = run_installed(
        installed,
        ["-c", f"import charms.{charm}.v0.parca_scrape as library; print(library.__file__)"],
    )

    assert printed == f"{installed}/charms/{charm}/v0/parca_scrape.py\n"


def test_an_installed_package_knows_its_version(installed: Path) -> None:
    assert run_installed(installed, ["-m", "parca_scrape", "--version"]) == (
        f"parca-scrape {VERSION}\n"
    )


def run_installed(installed: Path, arguments: List[str]) -> str:
    """Run Python with the installed package, and give what it prints."""
    result = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(installed)},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return result.stdout
