from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, Iterator, List

import pytest

import parca_scrape
from parca_scrape.cli.charmhub import LIBIDS
from parca_scrape.cli.single_files import compute_digest
from tests.forms import ROOT

GENERATOR = Path("tools") / "single_file.py"
RECORD = Path("tools") / "libpatch.json"
SOURCE = Path("src") / "parca_scrape"
FILES = {charm: Path("lib") / "charms" / charm / "v0" / "parca_scrape.py" for charm in LIBIDS}
SHIMS = {charm: Path("src") / "charms" / charm / "v0" / "parca_scrape.py" for charm in LIBIDS}
LIBPATCH = json.loads((ROOT / RECORD).read_text(encoding="utf-8"))["libpatch"]

CHECKED_ONLY = ast.dump(ast.Name("TYPE_CHECKING", ast.Load()))

# What charms check the libraries in their folders with: pyproject.toml of parca and parca-k8s.
CHARM_RULES = """
line-length = 99
[lint]
select = ["E", "W", "F", "C", "N", "D", "I001"]
ignore = [
    "E501", "D107", "D203", "D204", "D213", "D215", "D400", "D404", "D406", "D407", "D408", "D409",
    "D413",
]
[lint.mccabe]
max-complexity = 10
"""


def generate(root: Path, *options: str) -> str:
    """Run the generator of a checkout and give what it says on standard error."""
    result = subprocess.run(
        [sys.executable, str(root / GENERATOR), *options],
        env={**os.environ, "PYTHONPATH": str(root / "src")},
        capture_output=True,
        text=True,
    )
    assert (result.returncode == 0) is (not result.stderr), result.stderr
    return result.stderr


def read(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def literals(path: Path) -> Dict[str, object]:
    """Return what is assigned before the first definition, as charmcraft reads it."""
    values: Dict[str, object] = {}
    for statement in ast.parse(read(path)).body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            break
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    values[target.id] = statement.value.value
    return values


def append(checkout: Path, module: str, text: str) -> None:
    """Add text to a module of the package."""
    with (checkout / SOURCE / f"{module}.py").open("a", encoding="utf-8") as stream:
        stream.write(text)


def test_the_single_files_are_what_the_package_makes_of_them() -> None:
    assert generate(ROOT, "--check") == ""


@pytest.mark.parametrize("charm", LIBIDS)
def test_the_record_holds_the_digest_that_the_file_bears(charm: str) -> None:
    text = read(FILES[charm])
    digest = compute_digest(text)

    assert json.loads(read(RECORD))["digests"][charm] == digest
    assert f"\n# parca-scrape {parca_scrape.VERSION} sha256:{digest}\n" in text


def test_a_stale_file_is_noticed(checkout: Path) -> None:
    append(checkout, "topology", "\n\n# Changed.\n")

    assert generate(checkout, "--check") == (
        f"single_file: {FILES['parca']} is stale: run make single-files\n"
    )
    assert generate(checkout) == ""
    assert generate(checkout, "--check") == ""


def test_a_stale_record_is_noticed(checkout: Path) -> None:
    record = f'{{"libpatch": {LIBPATCH}, "digests": {{}}, "released": {{}}}}'
    (checkout / RECORD).write_text(record, encoding="utf-8")

    assert generate(checkout, "--check") == (
        f"single_file: {RECORD} is stale: run make single-files\n"
    )


def test_what_is_published_cannot_change_under_its_libpatch(checkout: Path) -> None:
    assert generate(checkout, "--release") == ""
    released = {path: (checkout / path).read_bytes() for path in FILES.values()}
    append(checkout, "topology", "\n\n# Changed.\n")

    refusal = (
        f"single_file: LIBPATCH {LIBPATCH} is published and would change: raise it in {RECORD}"
        " and in src/charms/*/v0/parca_scrape.py\n"
    )
    assert generate(checkout) == refusal
    assert {path: (checkout / path).read_bytes() for path in FILES.values()} == released

    record = json.loads((checkout / RECORD).read_text(encoding="utf-8"))
    record["libpatch"] += 1
    (checkout / RECORD).write_text(json.dumps(record), encoding="utf-8")
    assert generate(checkout) == ""
    assert generate(checkout, "--check") == ""


@pytest.mark.parametrize(
    ("module", "text", "reason"),
    [
        ("render", "Problem = 1\n", "Problem already has another meaning: problems.py:"),
        ("topology", "json = 1\n", "json already has another meaning: "),
        ("topology", "UNUSED = 1\n", "nothing public needs UNUSED: move it out"),
        ("topology", "def f():\n    import parca_scrape\n", "imports must be at the top"),
    ],
)
def test_what_one_file_cannot_hold_is_refused(
    module: str, text: str, reason: str, checkout: Path
) -> None:
    append(checkout, module, text)

    assert reason in generate(checkout)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("from parca_scrape.topology import Topology as T", "imports must keep the name"),
        ("import parca_scrape.topology", "names must be imported, not modules"),
        ("from parca_scrape import Topology", "names must be imported from parca_scrape.<module>"),
        ("from . import topology", "names must be imported from parca_scrape.<module>"),
    ],
)
def test_an_import_that_one_file_cannot_follow_is_refused(
    statement: str, reason: str, checkout: Path
) -> None:
    path = checkout / SOURCE / "render.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("import json\n", f"import json\n{statement}\n"), encoding="utf-8")

    (line,) = generate(checkout).splitlines()
    assert line.startswith("single_file: render.py:")
    assert line.endswith(f": {reason}")


def test_the_core_is_every_module_that_runs_without_ops() -> None:
    command = [sys.executable, str(ROOT / "tools" / "core.py")]
    core = {
        Path(path).stem for path in subprocess.check_output(command, text=True).strip().split(",")
    }

    modules = {path.stem for path in (ROOT / SOURCE).glob("*.py")} - {"__main__", "version"}
    assert core == {module for module in modules if not loads_ops(module)}


def loads_ops(module: str) -> bool:
    """Return whether importing a module of the package imports ops."""
    code = f"import sys, parca_scrape.{module}\nprint('ops' in sys.modules)"
    return run_beside([ROOT / "src"], code) == "True\n"


def test_mutation_refuses_a_module_without_tests_of_its_own() -> None:
    result = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "mutation.py"), "topology", "_unheard_of"],
        stderr=subprocess.PIPE,
        text=True,
    )

    assert (result.returncode, result.stderr) == (
        1,
        "mutation: _unheard_of has no tests of its own: write tests/core/test_unheard_of.py\n",
    )


def test_a_core_that_needs_ops_is_refused(checkout: Path) -> None:
    path = checkout / SOURCE / "render.py"
    text = path.read_text(encoding="utf-8")
    statement = "from parca_scrape.provider import ProfilingEndpointProvider\n"
    path.write_text(text.replace("import json\n", f"import json\n{statement}"), encoding="utf-8")

    assert generate(checkout) == "single_file: render.py: imports provider, which needs ops\n"


@pytest.mark.parametrize("path", [*FILES.values(), *SHIMS.values()])
def test_charmcraft_can_read_what_a_library_is(path: Path) -> None:
    expected = {"LIBID": LIBIDS[path.parts[2]], "LIBAPI": 0, "LIBPATCH": LIBPATCH}
    values = literals(path)

    assert {name: values.get(name) for name in expected} == expected
    assert "PYDEPS" not in read(path)


@pytest.mark.parametrize("charm", LIBIDS)
def test_the_public_names_are_those_of_the_package(charm: str) -> None:
    printed = run_beside(
        [ROOT / "lib"],
        f"from charms.{charm}.v0 import parca_scrape as library\n"
        "print(library.__file__)\n"
        "print(library.VERSION)\n"
        "print(*sorted(name for name in library.__all__ if hasattr(library, name)))\n",
    )

    names = {*parca_scrape.__all__, "LIBAPI", "LIBID", "LIBPATCH"}
    lines = [str(ROOT / FILES[charm]), parca_scrape.VERSION, " ".join(sorted(names))]
    assert printed.splitlines() == lines


@pytest.mark.parametrize("path", FILES.values())
def test_the_guide_speaks_of_the_import_path_of_the_file(path: Path) -> None:
    guide = ast.get_docstring(ast.parse(read(path))) or ""

    import_path = ".".join(path.with_suffix("").parts[1:])
    for name in ("ProfilingEndpointProvider", "ProfilingEndpointConsumer"):
        assert f"from {import_path} import {name}\n" in guide


@pytest.mark.skipif(sys.version_info < (3, 10), reason="Python cannot name its own modules")
@pytest.mark.parametrize("path", FILES.values())
def test_a_file_needs_ops_and_the_standard_library_only(path: Path) -> None:
    imported = set(roots(ast.parse(read(path))))

    assert imported - set(sys.stdlib_module_names) == {"ops"}


def roots(node: ast.AST) -> Iterator[str]:
    """Yield the packages that code imports at run time."""
    if isinstance(node, ast.If) and ast.dump(node.test) == CHECKED_ONLY:
        node = ast.Module(node.orelse, [])
    if isinstance(node, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield (node.module or "").partition(".")[0]
    for child in ast.iter_child_nodes(node):
        yield from roots(child)


def test_the_files_of_both_charms_are_the_same_but_for_their_names() -> None:
    parca, parca_k8s = (
        [line for line in read(path).splitlines() if not line.startswith(("LIBID", "# parca-s"))]
        for path in FILES.values()
    )

    assert [line.replace("parca_k8s.", "parca.") for line in parca_k8s] == parca


@pytest.mark.parametrize("path", FILES.values())
def test_a_file_passes_the_lint_of_the_charms_that_vendor_it(path: Path, tmp_path: Path) -> None:
    ruff = pytest.importorskip("ruff")
    rules = tmp_path / "ruff.toml"
    rules.write_text(CHARM_RULES, encoding="utf-8")
    folder = tmp_path / path.parent
    folder.mkdir(parents=True)
    shutil.copy(str(ROOT / path), str(folder))

    for command in (["check", "--output-format", "concise"], ["format", "--check", "--diff"]):
        result = subprocess.run(
            [ruff.find_ruff_bin(), *command, "--no-cache", "--config", str(rules), str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert (result.returncode, result.stdout) == (0, result.stdout)


def run_beside(folders: List[Path], code: str) -> str:
    """Run code with these folders in front of all others, and give what it prints."""
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return result.stdout


@pytest.mark.parametrize("is_charm_first", [True, False])
@pytest.mark.parametrize("charm", LIBIDS)
def test_an_old_import_path_works_beside_what_a_charm_vendors(
    charm: str, is_charm_first: bool, tmp_path: Path
) -> None:
    vendored = tmp_path / "lib" / "charms" / "grafana_k8s" / "v0" / "grafana_dashboard.py"
    beside = tmp_path / "lib" / "charms" / charm / "v0" / "parca_store.py"
    for path in (vendored, beside):
        path.parent.mkdir(parents=True)
        path.write_text("LIBPATCH = 1\n", encoding="utf-8")
    installed = Path(parca_scrape.__file__).parent.parent
    folders = [tmp_path / "lib", installed]

    printed = run_beside(
        folders if is_charm_first else folders[::-1],
        "import parca_scrape\n"
        f"from charms.{charm}.v0 import parca_scrape as shim, parca_store\n"
        "from charms.grafana_k8s.v0.grafana_dashboard import LIBPATCH\n"
        "names = parca_scrape.__all__\n"
        "print(all(getattr(shim, name) is getattr(parca_scrape, name) for name in names))\n"
        "print(set(shim.__all__) - set(names) == {'LIBAPI', 'LIBID', 'LIBPATCH'})\n",
    )
    assert printed == "True\nTrue\n"


def test_no_level_of_charms_hides_what_is_beside_it() -> None:
    installed = Path(parca_scrape.__file__).parent.parent
    for root in (ROOT / "lib", ROOT / "src", installed):
        folders = [root / "charms"]
        folders += [path for charm in LIBIDS for path in (root / "charms" / charm).glob("**/")]
        assert len(folders) >= 5
        assert [path for path in folders if (path / "__init__.py").exists()] == []
