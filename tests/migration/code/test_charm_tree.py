from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import List, Tuple

import pytest

from parca_scrape.migration.code.charm_tree import JOURNAL, Leftover, read_tree
from tests.cli.command import ENVIRONMENT
from tests.forms import ROOT
from tests.migration.code.trees import write_tree

USE = "from charms.parca.v0.parca_scrape import DEFAULT_JOB\n"
OTHER_CHARM = "another charm that uses the library: run the command for it, too"
LINK = "a link that leaves the charm: change what it leads to, if that uses the library"
CHECK = "check whether it uses the library"


def read(root: Path) -> Tuple[List[str], List[str]]:
    """Return the paths of the files that belong to a charm, and what was noted."""
    tree = read_tree(root)
    return sorted(tree.contents), [leftover.describe() for leftover in tree.leftovers]


def test_a_charm_is_what_is_neither_installed_nor_built_nor_binary(tmp_path: Path) -> None:
    kept = ["charmcraft.yaml", "lib/charms/a/v0/b.py", "src/build/a.py", "tests/parts/a.py"]
    skipped = [
        *(f"{name}/a.py" for name in ("build", "parts", "prime", "stage", JOURNAL)),
        *(f"tests/{name}/a.py" for name in (".git", ".tox", ".venv", "venv", "__pycache__")),
        "src/.mypy_cache/a.py",
        "node_modules/a.py",
        "env/pyvenv.cfg",
        "env/lib/a.py",
    ]
    binary = {"zinc.charm": b"PK\0", "large.txt": b"x" * (5 << 20)}
    write_tree(tmp_path, {**dict.fromkeys([*kept, *skipped], USE), **binary})
    assert read(tmp_path) == (kept, [])


def test_links_are_followed_inside_the_charm_only(tmp_path: Path) -> None:
    outside = write_tree(tmp_path / "outside", {"uses.py": USE, "other.py": "", "lib/a.py": USE})
    charm = write_tree(tmp_path / "charm", {"charmcraft.yaml": "", "src/charm.py": USE})
    (charm / "same.py").symlink_to("src/charm.py")
    (charm / "all").symlink_to("src", target_is_directory=True)
    (charm / "self").symlink_to(".", target_is_directory=True)
    (charm / "uses.py").symlink_to(outside / "uses.py")
    (charm / "other.py").symlink_to(outside / "other.py")
    (charm / "lib").symlink_to(outside / "lib", target_is_directory=True)
    (charm / "loop.py").symlink_to("loop.py")
    (charm / "gone.py").symlink_to("nowhere.py")
    assert read(charm) == (
        ["charmcraft.yaml", "src/charm.py"],
        [
            f"lib: {LINK}",
            f"gone.py: cannot be read: No such file or directory: {CHECK}",
            f"loop.py: cannot be read: Too many levels of symbolic links: {CHECK}",
            f"uses.py: {LINK}",
        ],
    )


def test_a_charm_inside_is_left_to_itself(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            "charmcraft.yaml": "",
            "tests/tester/charmcraft.yaml": "",
            "tests/tester/src/charm.py": USE,
            "tests/fetches/charmcraft.yaml": "charm-libs:\n- lib: parca_k8s.parca_scrape\n",
            "tests/fetches/src/charm.py": "",
            "tests/other/metadata.yaml": "provides: {p: {interface: parca_scrape}}\n",
            "tests/other/src/charm.py": "import parca_scrape_other\n",
            "tests/data/metadata.yaml": "",
        },
    )
    assert read(tmp_path) == (
        ["charmcraft.yaml", "tests/data/metadata.yaml"],
        [f"tests/fetches: {OTHER_CHARM}", f"tests/tester: {OTHER_CHARM}"],
    )


# Root may read everything, so a process gives its rights away first.
UNREADABLE = """
import os, sys
from pathlib import Path
from parca_scrape.migration.code.charm_tree import read_tree
from tests.cli.command import ENVIRONMENT
from tests.forms import ROOT
from tests.migration.code.trees import write_tree
if os.geteuid() == 0:
    os.setuid(65534)
root = write_tree(Path(sys.argv[1]) / "charm", {"src/charm.py": "", "tests/test_charm.py": ""})
(root / "src/charm.py").chmod(0)
(root / "tests").chmod(0)
tree = read_tree(root)
(root / "tests").chmod(0o700)
print(list(tree.contents), *(leftover.describe() for leftover in tree.leftovers), sep="\\n")
"""


def test_what_cannot_be_read_is_named() -> None:
    # Others may not enter what pytest creates.
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        command = [sys.executable, "-c", UNREADABLE, folder]
        out = subprocess.check_output(command, cwd=str(ROOT), env=ENVIRONMENT, text=True)
    denied = f"cannot be read: Permission denied: {CHECK}"
    assert out.splitlines() == ["[]", f"src/charm.py: {denied}", f"tests: {denied}"]


def test_a_pipe_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(str(tmp_path / "pipe.py"))
    assert read(tmp_path) == ([], [])


@pytest.mark.parametrize(
    "content",
    [
        b"x = '\xc3\xa9'\r\n",
        b"\xef\xbb\xbfx = '\xc3\xa9'\n",
        b"# -*- coding: latin-1 -*-\nx = '\xe9'\n",
        b"#!/usr/bin/python3\n# vim: set fileencoding=cp1252 :\nx = '\x80'",
    ],
)
def test_code_keeps_encoding_and_byte_order_mark(content: bytes, tmp_path: Path) -> None:
    tree = read_tree(write_tree(tmp_path, {"a.py": content}))
    text = tree.read_text("a.py")
    assert text is not None
    assert (text[0] != "\ufeff", tree.encode("a.py", text)) == (True, content)


@pytest.mark.parametrize(
    "content", [b"x = '\xe9'\n", b"# coding: klingon\n", b"# coding: rot13\n"]
)
def test_code_in_another_encoding_than_it_says_has_no_text(content: bytes, tmp_path: Path) -> None:
    assert read_tree(write_tree(tmp_path, {"a.py": content})).read_text("a.py") is None


def test_a_line_on_a_file_names_its_place() -> None:
    assert Leftover("a\n.py", 0, "odd", "look").describe() == r"'a\n.py': odd: look"
    assert Leftover("a.py", 3, "odd\x1b", "look").describe() == r"a.py:3: 'odd\x1b': look"
