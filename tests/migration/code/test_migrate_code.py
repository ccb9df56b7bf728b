from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List

import pytest

from parca_scrape.version import VERSION
from tests.cli.command import run, start
from tests.cli.vendored import CURRENT, make_reference, renumber, restamp
from tests.migration.code.charms import AFTER, BEFORE, LEFT, LIBRARIES, PROVIDER
from tests.migration.code.trees import (
    K8S,
    MACHINE,
    PACKAGE,
    TOPOLOGY,
    Files,
    publish_k8s,
    publish_machine,
    read_tree,
    write_tree,
)

CHARMS = list(BEFORE)
IMPORT = "from charms.parca_k8s.v0.parca_scrape import DEFAULT_JOB\n"
# What is noted only by the run that removes the library.
PASSING = ("with --to vendored", "any more", "to the dependencies")
NOTHING = "nothing to change\n"


@pytest.fixture
def references(monkeypatch: pytest.MonkeyPatch) -> Dict[str, str]:
    """Return a published library by its path."""
    return {K8S: publish_k8s(monkeypatch), MACHINE: publish_machine(monkeypatch)}


def list_left(lines: List[str]) -> str:
    """Return what is printed about what is left to do."""
    return "".join(["left to do by hand:\n"] * bool(lines) + [f"  {line}\n" for line in lines])


@pytest.mark.parametrize("name", CHARMS)
def test_a_charm_is_rewritten_and_a_second_run_changes_nothing(
    name: str, tmp_path: Path, references: Dict[str, str]
) -> None:
    library = LIBRARIES[name]
    write_tree(tmp_path, {**BEFORE[name], library: references[library]})
    exit_code, out, err = run("migrate", "code", tmp_path, "--write")
    assert (exit_code, err) == (int(bool(LEFT[name])), list_left(LEFT[name]))
    after = read_tree(tmp_path)
    assert after == AFTER[name]
    changed = [path for path, text in BEFORE[name].items() if AFTER[name].get(path, text) != text]
    gone = [library, *(path for path in BEFORE[name] if path not in AFTER[name])]
    assert out == "".join(
        sorted(
            [f"{path}: rewritten\n" for path in changed] + [f"{path}: removed\n" for path in gone]
        )
    )

    lasting = [line for line in LEFT[name] if not line.endswith(PASSING)]
    exit_code, out, err = run("migrate", "code", tmp_path, "--write")
    assert (out, err, read_tree(tmp_path)) == ("", NOTHING + list_left(lasting), after)
    assert exit_code == int(bool(lasting))


@pytest.mark.parametrize("name", CHARMS)
def test_without_write_the_changes_are_a_diff_that_git_can_apply(
    name: str, tmp_path: Path, references: Dict[str, str]
) -> None:
    library = LIBRARIES[name]
    write_tree(tmp_path, {**BEFORE[name], library: references[library]})
    before = read_tree(tmp_path)
    _, out, err = run("migrate", "code", tmp_path)
    assert (read_tree(tmp_path), err) == (before, list_left(LEFT[name]))
    subprocess.run(["git", "apply", "-"], cwd=str(tmp_path), input=out.encode(), check=True)
    assert read_tree(tmp_path) == AFTER[name]


def test_the_diff_names_each_file(tmp_path: Path, references: Dict[str, str]) -> None:
    files = {"charmcraft.yaml": PROVIDER, "requirements.txt": "ops", "src/charm.py": IMPORT}
    library = "".join(f"-{line}\n" for line in references[K8S].splitlines())
    write_tree(tmp_path, {**files, K8S: references[K8S]})
    diff = f"""\
--- a/{K8S}
+++ /dev/null
@@ -1,8 +0,0 @@
{library}--- a/requirements.txt
+++ b/requirements.txt
@@ -1 +1,2 @@
-ops
\\ No newline at end of file
+ops
+{PACKAGE}
\\ No newline at end of file
--- a/src/charm.py
+++ b/src/charm.py
@@ -1 +1 @@
-{IMPORT}+from parca_scrape import DEFAULT_JOB
"""
    assert run("migrate", "code", tmp_path) == (0, diff, "")


@pytest.mark.parametrize("charm", ["parca", "parca_k8s"])
def test_the_single_file_takes_the_place_of_the_reference(
    charm: str, tmp_path: Path, references: Dict[str, str]
) -> None:
    path = f"lib/charms/{charm}/v0/parca_scrape.py"
    libs = (
        f"charm-libs:\n- lib: {charm}.parca_scrape\n  version: '0'\n"
        "- lib: observability_libs.juju_topology\n  version: '0'\n"
    )
    code = f"from charms.{charm}.v0.parca_scrape import DEFAULT_JOB, LIBPATCH\n"
    files = {"src/charm.py": code, "requirements.txt": "ops\ncosl\n", TOPOLOGY: "import ops\n"}
    write_tree(tmp_path, {**files, "charmcraft.yaml": PROVIDER + libs, path: references[path]})
    assert run("migrate", "code", tmp_path, "--to", "vendored", "--write")[::2] == (0, "")
    only_cosl = "ops\n" if charm == "parca_k8s" else "ops\ncosl\n"
    kept_libs = libs if charm == "parca_k8s" else ""
    kept_libs = kept_libs.replace(f"- lib: {charm}.parca_scrape\n  version: '0'\n", "")
    expected = {
        "charmcraft.yaml": PROVIDER + kept_libs,
        path: CURRENT[charm],
        "src/charm.py": code,
        "requirements.txt": only_cosl,
        **({TOPOLOGY: "import ops\n"} if charm == "parca_k8s" else {}),
    }
    assert read_tree(tmp_path) == expected
    again = run("migrate", "code", tmp_path, "--to", "vendored", "--write")
    assert (again, read_tree(tmp_path)) == ((0, "", NOTHING), expected)


def test_the_owner_of_the_library_is_asked_to_publish_the_single_file(
    tmp_path: Path, references: Dict[str, str]
) -> None:
    write_tree(tmp_path, {"metadata.yaml": "name: parca-k8s\n", K8S: references[K8S]})
    line = (
        f"{K8S}: other charms fetch this library:"
        " `charmcraft publish-lib charms.parca_k8s.v0.parca_scrape`"
    )
    exit_code, _, err = run("migrate", "code", tmp_path, "--to", "vendored")
    assert (exit_code, err) == (1, list_left([line]))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (make_reference("parca_k8s", 6) + "mine = 1\n",
         "edited by hand, or unknown: its digest is not that of a published version"),
        (CURRENT["parca_k8s"] + "mine = 1\n", "edited by hand: its digest does not match"),
        ("mine = 1\n", "not this library: its LIBID is missing or different"),
        (restamp(renumber(CURRENT["parca_k8s"], 99)),
         f"newer: LIBPATCH 99 of parca-scrape {VERSION}"),
    ],
)  # fmt: skip
def test_a_library_with_something_of_its_own_goes_by_force_only(
    text: str, reason: str, tmp_path: Path
) -> None:
    files = {"charmcraft.yaml": PROVIDER, "requirements.txt": "ops\n", K8S: text}
    write_tree(tmp_path, files)
    error = f"parca-scrape: error: {K8S}: {reason}; use --force to discard it\n"
    for options in ([], ["--write"], ["--to", "vendored", "--write"]):
        assert run("migrate", "code", tmp_path, *options) == (2, "", error)
    assert read_tree(tmp_path) == files

    assert run("migrate", "code", tmp_path, "--write", "--force")[0] == 0
    assert read_tree(tmp_path) == {
        "charmcraft.yaml": PROVIDER, "requirements.txt": f"ops\n{PACKAGE}\n"
    }  # fmt: skip


@pytest.mark.parametrize("state", ["current", "older"])
def test_a_generated_file_goes_without_force(state: str, tmp_path: Path) -> None:
    text = CURRENT["parca_k8s"]
    text = text if state == "current" else restamp(renumber(text, 1))
    files = {"charmcraft.yaml": PROVIDER, "requirements.txt": f"{PACKAGE}\nops\n"}
    write_tree(tmp_path, {**files, K8S: text})
    assert run("migrate", "code", tmp_path, "--write") == (0, f"{K8S}: removed\n", "")
    assert read_tree(tmp_path) == files
    assert not (tmp_path / "lib").exists()


@pytest.mark.parametrize(
    ("files", "options", "message"),
    [
        ({"a.py": ""}, [], "{}: not a charm: no charmcraft.yaml or metadata.yaml"),
        ({"charmcraft.yaml": PROVIDER, "a.py": "x = 'parca_scrape'\n"}, [],
         "{}: does not use the library parca_scrape"),
        ({"charmcraft.yaml": PROVIDER, "a.py": IMPORT}, ["--to", "vendored"],
         "{}: no vendored library: `parca-scrape vendor` writes one"),
        ({"charmcraft.yaml": PROVIDER, "a.py": IMPORT, "src/parca_scrape.py": ""}, [],
         "src/parca_scrape.py: hides the package parca_scrape: rename it first"),
    ],
)  # fmt: skip
def test_what_cannot_be_rewritten_ends_in_one_line(
    files: Dict[str, str], options: List[str], message: str, tmp_path: Path
) -> None:
    write_tree(tmp_path, files)
    error = f"parca-scrape: error: {message.format(tmp_path)}\n"
    assert run("migrate", "code", tmp_path, "--write", *options) == (2, "", error)
    assert read_tree(tmp_path) == files


def test_no_folder_ends_in_one_line(tmp_path: Path) -> None:
    error = f"parca-scrape: error: {tmp_path}/nowhere: no such folder\n"
    assert run("migrate", "code", tmp_path / "nowhere") == (2, "", error)


def test_a_library_outside_of_the_charm_is_not_touched(
    tmp_path: Path, references: Dict[str, str]
) -> None:
    write_tree(tmp_path / "shared", {K8S: references[K8S]})
    charm = write_tree(tmp_path / "charm", {"charmcraft.yaml": PROVIDER})
    (charm / "lib").symlink_to(tmp_path / "shared/lib", target_is_directory=True)
    error = (
        f"parca-scrape: error: {K8S}: a symbolic link, or inside one: replace it with what it"
        " points to\n"
    )
    assert run("migrate", "code", charm, "--write", "--force") == (2, "", error)


def test_files_that_cannot_be_rewritten_are_named_and_the_others_are_done(
    tmp_path: Path, references: Dict[str, str]
) -> None:
    latin = b"# coding: latin-1\nx = '\xe9'\r\n" + IMPORT.encode()
    files: Files = {
        "charmcraft.yaml": "charm-libs: [\n",
        "pyproject.toml": "[\n",
        "requirements.txt": "ops\n",
        "src/charm.py": IMPORT + "def f(:\n",
        "src/latin.py": latin,
        "src/other.py": IMPORT,
        "src/utf.py": b"x = '\xe9'\n" + IMPORT.encode(),
        "tests/loop.py": "",
    }
    write_tree(tmp_path, {**files, K8S: references[K8S]})
    (tmp_path / "tests/loop.py").unlink()
    (tmp_path / "tests/loop.py").symlink_to("loop.py")
    exit_code, out, err = run("migrate", "code", tmp_path, "--write")
    by_hand = "change it by hand if it uses the library"
    python = ".".join(map(str, sys.version_info[:2]))
    left = [
        "charmcraft.yaml: not valid YAML: remove the entries of parca.parca_scrape and"
        " parca_k8s.parca_scrape by hand, if there are any",
        f"pyproject.toml: not valid TOML: require {PACKAGE} by hand",
        "src/charm.py:1: mentions the vendored library: update it if necessary",
        f"src/charm.py:2: syntax error in Python {python}: {by_hand}",
        f"src/utf.py: cannot be decoded: {by_hand}",
        "src/utf.py:2: mentions the vendored library: update it if necessary",
        "tests/loop.py: cannot be read: Too many levels of symbolic links: check whether it uses"
        " the library",
    ]
    assert (exit_code, err) == (1, list_left(left))
    assert out == (
        f"{K8S}: removed\nrequirements.txt: rewritten\nsrc/latin.py: rewritten\n"
        "src/other.py: rewritten\n"
    )
    assert (tmp_path / "src/latin.py").read_bytes() == latin.replace(b"charms.parca_k8s.v0.", b"")


def test_a_file_is_changed_where_a_link_in_the_charm_leads(
    tmp_path: Path, references: Dict[str, str]
) -> None:
    libs = "charm-libs:\n- lib: parca_k8s.parca_scrape\n  version: '0'\n"
    files = {
        "kinds/k8s.yaml": PROVIDER + libs,
        "pinned/base.txt": "ops\n",
        "requirements-dev.txt": "ops\n",
        "src/charm.py": IMPORT,
        K8S: references[K8S],
    }
    write_tree(tmp_path, files)
    (tmp_path / "charmcraft.yaml").symlink_to("kinds/k8s.yaml")
    (tmp_path / "requirements.txt").symlink_to("pinned/base.txt")
    (tmp_path / "src/copy.py").symlink_to(f"../{K8S}")
    line = f"src/copy.py: a link to {K8S}, which goes: remove it"
    exit_code, _, err = run("migrate", "code", tmp_path, "--write")
    assert (exit_code, err) == (1, list_left([line]))
    (tmp_path / "src/copy.py").unlink()
    assert read_tree(tmp_path) == {
        "charmcraft.yaml": PROVIDER,
        "kinds/k8s.yaml": PROVIDER,
        "pinned/base.txt": f"ops\n{PACKAGE}\n",
        "requirements-dev.txt": "ops\n",
        "requirements.txt": f"ops\n{PACKAGE}\n",
        "src/charm.py": "from parca_scrape import DEFAULT_JOB\n",
    }
    assert (tmp_path / "charmcraft.yaml").is_symlink()


def test_names_of_files_that_are_no_text_do_no_harm(
    tmp_path: Path, references: Dict[str, str]
) -> None:
    write_tree(tmp_path, {"charmcraft.yaml": PROVIDER, "requirements.txt": f"{PACKAGE}\n"})
    path = os.fsencode(str(tmp_path)) + b"/\xff.py"
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(IMPORT)
    exit_code, out, err = run("migrate", "code", tmp_path)
    assert (exit_code, out.splitlines()[0], err) == (0, r"--- 'a/\udcff.py'", "")
    assert run("migrate", "code", tmp_path, "--write") == (0, r"'\udcff.py': rewritten" + "\n", "")


def test_files_that_are_no_text_are_named(tmp_path: Path) -> None:
    names = ["charmcraft.yaml", "pyproject.toml", "requirements.txt"]
    files: Files = dict.fromkeys(names, b"\xe9 = 1\n")
    write_tree(tmp_path, {**files, "a.py": IMPORT})
    exit_code, _, err = run("migrate", "code", tmp_path)
    lines = [f"{name}: not UTF-8 text: change it by hand if it uses the library" for name in names]
    lines.insert(1, f"pyproject.toml: no list of dependencies has ops: require {PACKAGE} by hand")
    assert (exit_code, err) == (1, list_left(lines))


def commit_all(root: Path) -> None:
    options = ["-c", "user.name=x", "-c", "user.email=x@y.invalid", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "-A"], [*options, "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=str(root), check=True)


def test_uncommitted_changes_are_refused_without_force(
    tmp_path: Path, references: Dict[str, str]
) -> None:
    files = {"charmcraft.yaml": PROVIDER, "requirements.txt": "ops\n", K8S: references[K8S]}
    charm = write_tree(tmp_path / "repository/charm", files)
    commit_all(tmp_path / "repository")
    write_tree(charm.parent, {"outside.py": "is not of this charm"})
    write_tree(charm, {"src/charm.py": IMPORT})
    error = (
        f"parca-scrape: error: {charm}: 1 uncommitted change in git: commit first, or use"
        " --force\n"
    )
    assert run("migrate", "code", charm, "--write") == (2, "", error)
    assert read_tree(charm) == {**files, "src/charm.py": IMPORT}
    assert run("migrate", "code", charm)[0] == 0

    (charm / "src/charm.py").unlink()
    assert run("migrate", "code", charm, "--write")[0] == 0
    assert run("migrate", "code", charm, "--write")[0] == 2
    assert run("migrate", "code", charm, "--write", "--force") == (0, "", NOTHING)


def test_a_git_that_fails_is_no_reason_to_write(
    tmp_path: Path, references: Dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"charmcraft.yaml": PROVIDER, "requirements.txt": "ops\n", K8S: references[K8S]}
    charm = write_tree(tmp_path / "charm", files)
    git = tmp_path / "bin" / "git"
    write_tree(git.parent, {"git": "#!/bin/sh\necho 'fatal: dubious ownership' >&2\nexit 128\n"})
    git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{git.parent}:/usr/bin:/bin")
    error = "fatal: dubious ownership; to write anyway, use --force"
    assert run("migrate", "code", charm, "--write") == (
        2,
        "",
        f"parca-scrape: error: {charm}: {error}\n",
    )
    assert read_tree(charm) == files
    assert run("migrate", "code", charm, "--write", "--force")[0] == 0


def test_files_that_git_does_not_track_are_changes_whatever_their_names_are(
    tmp_path: Path, references: Dict[str, str]
) -> None:
    files = {"charmcraft.yaml": PROVIDER, "requirements.txt": "ops\n", K8S: references[K8S]}
    write_tree(tmp_path, files)
    commit_all(tmp_path)
    for option, value in (("core.quotepath", "false"), ("status.showUntrackedFiles", "no")):
        subprocess.run(["git", "config", option, value], cwd=str(tmp_path), check=True)
    with open(os.fsencode(str(tmp_path)) + b"/\xff.txt", "wb"):
        pass
    assert "1 uncommitted change in git" in run("migrate", "code", tmp_path, "--write")[2]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_what_is_written_is_written_though_it_cannot_be_printed(tmp_path: Path) -> None:
    write_tree(
        tmp_path, {"charmcraft.yaml": PROVIDER, "requirements.txt": "ops\n", "a.py": IMPORT}
    )
    arguments = ("migrate", "code", tmp_path, "--write")
    with open("/dev/full", "wb") as full, start(*arguments, stdout=full.fileno()) as process:
        _, err = process.communicate()
    line = b"parca-scrape: cannot print what has been rewritten: No space left on device\n"
    assert (process.returncode, err) == (0, line)
    assert (tmp_path / "a.py").read_text() == "from parca_scrape import DEFAULT_JOB\n"


@pytest.mark.parametrize(
    "name", ["src/parca_scrape.py", "src/parca_scrape/own.py", "tests/parca_scrape.py"]
)
def test_a_module_that_hides_the_package_is_refused(name: str, tmp_path: Path) -> None:
    write_tree(tmp_path, {"charmcraft.yaml": PROVIDER, "a.py": IMPORT, name: ""})
    line = f"parca-scrape: error: {name}: hides the package parca_scrape: rename it first\n"
    assert run("migrate", "code", tmp_path) == (2, "", line)


def test_what_cannot_be_decoded_is_never_written(
    tmp_path: Path, references: Dict[str, str]
) -> None:
    requirements = b"ops # \xe9\ncosl\n"
    seven = b"# coding: utf-7\n" + IMPORT.encode() + b"x = '+AOk-'\n"
    files: Files = {"requirements.txt": requirements, "src/seven.py": seven}
    write_tree(tmp_path, {"charmcraft.yaml": PROVIDER, **files, K8S: references[K8S]})
    exit_code, out, err = run("migrate", "code", tmp_path, "--write")
    assert (exit_code, out) == (1, f"{K8S}: removed\n")
    assert "requirements.txt: not UTF-8 text" in err
    assert (tmp_path / "requirements.txt").read_bytes() == requirements
    assert (tmp_path / "src/seven.py").read_bytes() == seven


def test_a_file_that_hides_the_old_import_paths_is_named(tmp_path: Path) -> None:
    files = {"requirements.txt": "ops\n", "a.py": IMPORT, "lib/charms/__init__.py": ""}
    write_tree(tmp_path, {"charmcraft.yaml": PROVIDER, **files})
    left = ["lib/charms/__init__.py: hides the old import paths of the package: remove it"]
    exit_code, _, err = run("migrate", "code", tmp_path)
    assert (exit_code, err) == (1, list_left(left))


def test_git_is_not_needed(
    tmp_path: Path, references: Dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(
        tmp_path, {"charmcraft.yaml": PROVIDER, "src/a.py": IMPORT, "requirements.txt": "ops"}
    )
    monkeypatch.setenv("PATH", "")
    assert run("migrate", "code", tmp_path, "--write")[0] == 0


def test_an_interrupted_run_is_undone_by_any_later_one(
    tmp_path: Path, references: Dict[str, str]
) -> None:
    files = {"charmcraft.yaml": PROVIDER, "requirements.txt": "ops\n", "src/charm.py": IMPORT}
    write_tree(tmp_path, {**files, K8S: references[K8S]})
    journal = tmp_path / ".parca-scrape-migrate"
    write_tree(journal, {"changes.json": '[{"path": "src/charm.py", "digest": null}]'})
    os.replace(str(tmp_path / "src/charm.py"), str(journal / "0.old"))
    exit_code, out, err = run("migrate", "code", tmp_path)
    assert (exit_code, err) == (0, "restored the files that an interrupted run had changed\n")
    assert "+from parca_scrape import DEFAULT_JOB\n" in out
    assert read_tree(tmp_path) == {**files, K8S: references[K8S]}


def test_an_error_while_writing_names_the_file(
    tmp_path: Path, references: Dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(tmp_path, {"charmcraft.yaml": PROVIDER, "requirements.txt": "ops", "a.py": IMPORT})
    before = read_tree(tmp_path)

    def fail(path: Path, _: bytes) -> int:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", fail)
    draft = tmp_path / ".parca-scrape-migrate/0.new"
    error = f"parca-scrape: error: {draft}: No space left on device\n"
    assert run("migrate", "code", tmp_path, "--write") == (2, "", error)
    assert read_tree(tmp_path) == before


@pytest.mark.parametrize("name", ["libcst", "packaging.requirements", "tomlkit"])
def test_without_the_extra_the_command_says_what_to_install(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(tmp_path, {"charmcraft.yaml": PROVIDER})
    for module in [each for each in sys.modules if each.startswith("parca_scrape.migration")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.delattr("parca_scrape.migration", raising=False)
    monkeypatch.setitem(sys.modules, name, None)
    package = name.partition(".")[0]
    error = f"parca-scrape: error: migrate code needs {package}: install parca-scrape[migrate]\n"
    assert run("migrate", "code", tmp_path) == (2, "", error)


@pytest.mark.once
def test_a_large_charm_is_rewritten_in_seconds(tmp_path: Path) -> None:
    source = (
        "def publish(self):\n    return {'parca_scrape_unit_address': self.address}\n\n\n" * 50
    )
    files = {f"src/module_{number}.py": source for number in range(480)}
    files.update({f"src/user_{number}.py": IMPORT + source for number in range(20)})
    write_tree(tmp_path, {**files, "charmcraft.yaml": PROVIDER, "requirements.txt": "ops\n"})
    start = time.process_time()
    assert run("migrate", "code", tmp_path, "--write")[0] == 0
    assert time.process_time() - start < 10
