from __future__ import annotations

import importlib.util
import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Tuple

import pytest

from parca_scrape.version import VERSION
from tests.cli.command import EXAMPLE
from tests.cli.command import run as run_here
from tests.cli.dumps import make_dump
from tests.cli.probes import make_job
from tests.cli.servers import GOOD, Server, answer
from tests.forms import ROOT

PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
FOLDERS = [str(folder) for folder in PYENV.glob("versions/*/bin")]
PATH = os.pathsep.join([*FOLDERS, os.environ["PATH"]])


def find_oldest_python() -> str:
    """Return the oldest Python here that the library supports."""
    found = (shutil.which(f"python3.{minor}", path=PATH) for minor in range(8, 15))
    return next(filter(None, found), sys.executable)


def build(file: Path, **environment: str) -> bytes:
    """Build the file, and return its content."""
    command = [sys.executable, str(ROOT / "tools" / "zipapp_file.py"), str(file)]
    subprocess.run(command, env={**os.environ, **environment}, check=True, capture_output=True)
    return file.read_bytes()


@pytest.fixture(scope="module")
def zipapp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("zipapp") / "parca-scrape.pyz"
    build(file)
    return file


@pytest.fixture(scope="module")
def only_yaml(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with PyYAML alone, without what is compiled for one Python."""
    spec = importlib.util.find_spec("yaml")
    assert spec is not None
    assert spec.origin is not None
    folder = tmp_path_factory.mktemp("packages")
    ignore = shutil.ignore_patterns("*.so", "__pycache__")
    shutil.copytree(str(Path(spec.origin).parent), str(folder / "yaml"), ignore=ignore)
    return folder


def run(zipapp: Path, packages: Path, *arguments: object) -> Tuple[int, str, str]:
    """Run the file on the oldest Python, with some packages and nothing that is installed."""
    result = subprocess.run(
        [find_oldest_python(), "-S", str(zipapp), *map(str, arguments)],
        env={"PYTHONPATH": str(packages), "PYTHONIOENCODING": "utf-8"},
        cwd=str(zipapp.parent),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return result.returncode, result.stdout, result.stderr


def test_two_builds_are_equal(tmp_path: Path) -> None:
    mask = os.umask(0o077)
    try:
        first = build(tmp_path / "first.pyz", PYTHONHASHSEED="1", TZ="EST5")
    finally:
        os.umask(mask)
    assert first == build(tmp_path / "second.pyz", PYTHONHASHSEED="2", TZ="UTC")


def test_the_file_can_be_executed(zipapp: Path) -> None:
    assert stat.S_IMODE(zipapp.stat().st_mode) == 0o755
    assert zipapp.read_bytes().startswith(b"#!/usr/bin/env python3\n")


def test_the_file_holds_the_package_and_its_data(zipapp: Path) -> None:
    source = ROOT / "src"
    files = [path for path in source.glob("parca_scrape/**/*") if path.suffix in (".py", ".json")]
    with zipfile.ZipFile(str(zipapp)) as archive:
        names = archive.namelist()
    assert names == sorted(
        [
            "__main__.py",
            "parca_scrape/vendored/parca.py.txt",
            "parca_scrape/vendored/parca_k8s.py.txt",
            *(path.relative_to(source).as_posix() for path in files),
        ]
    )


def test_the_file_knows_its_version(zipapp: Path, only_yaml: Path) -> None:
    assert run(zipapp, only_yaml, "--version") == (0, f"parca-scrape {VERSION}\n", "")


def test_the_file_renders(zipapp: Path, only_yaml: Path) -> None:
    assert run(zipapp, only_yaml, "render", EXAMPLE) == run_here("render", EXAMPLE)


def test_the_file_probes(zipapp: Path, only_yaml: Path, tmp_path: Path) -> None:
    server = Server(answer(GOOD))
    dump = tmp_path / "dump"
    dump.write_text(make_dump(make_job(server.address)), encoding="utf-8")
    try:
        exit_code, out, err = run(zipapp, only_yaml, "probe", dump, "--format", "json")
    finally:
        server.close()
    document = json.loads(out)
    assert (exit_code, document["counts"], err) == (0, {"healthy": 1, "failing": 0}, "")


@pytest.mark.parametrize("charm", ["parca", "parca_k8s"])
def test_the_file_writes_the_single_files(
    zipapp: Path, only_yaml: Path, tmp_path: Path, charm: str
) -> None:
    (tmp_path / "charmcraft.yaml").write_text("name: zinc\n", encoding="utf-8")
    exit_code, _, err = run(zipapp, only_yaml, "vendor", tmp_path, "--charm", charm)
    path = Path("lib") / "charms" / charm / "v0" / "parca_scrape.py"
    assert (exit_code, err) == (0, "")
    assert (tmp_path / path).read_bytes() == (ROOT / path).read_bytes()


def test_without_pyyaml_the_file_says_so_in_one_line(zipapp: Path, tmp_path: Path) -> None:
    line = "parca-scrape: error: needs Python 3.8 or newer with PyYAML (package python3-yaml)\n"
    assert run(zipapp, tmp_path, "--version") == (2, "", line)
