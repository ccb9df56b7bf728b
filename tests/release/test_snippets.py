"""The blocks of code in the documentation work: each of them is run, loaded or compared."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, List

import pytest
import tomlkit
import yaml

from parca_scrape import RELATION_INTERFACE_NAME, InvalidJobError, Job, StaticConfig
from tests.forms import ROOT
from tests.release.test_guides import COMMANDS, GUIDES
from tests.snippets import (
    Block,
    SnippetError,
    find_blocks,
    find_pages,
    name_files,
    qualify_imports,
    write_snippets,
)

BLOCKS: List[Block] = [
    block
    for page in find_pages()
    for block in find_blocks(page, (ROOT / page).read_text(encoding="utf-8"))
]
TUTORIAL = "docs/tutorial.md"
EXPLANATION = "docs/explanation/from-databag-to-scrape-config.md"
LOADERS: Dict[str, Callable[[str], object]] = {
    "json": json.loads,
    "toml": tomlkit.parse,
    "yaml": yaml.safe_load,
}
needs_new_python = pytest.mark.skipif(
    sys.version_info < (3, 10), reason="the charms need Python 3.10"
)


def test_there_is_no_block_that_nothing_checks() -> None:
    # Python is run below and type-checked by `make lint`; test_guides and test_explanation compare
    # output.
    with_output = [*GUIDES, COMMANDS, TUTORIAL, EXPLANATION]
    unchecked = [
        f"{block.page}:{block.line}: {block.language}"
        for block in BLOCKS
        if block.language not in ("python", *LOADERS)
        and not (block.language == "text" and block.page in with_output)
    ]
    assert unchecked == []


@pytest.mark.parametrize(
    "block",
    [block for block in BLOCKS if block.language in LOADERS],
    ids=lambda block: f"{block.page}:{block.line}",
)
def test_data_can_be_loaded(block: Block) -> None:
    assert LOADERS[block.language](block.text)


@pytest.mark.parametrize(
    "block",
    [block for block in BLOCKS if block.name.endswith("charmcraft.yaml")],
    ids=lambda block: block.page,
)
def test_each_charm_has_an_endpoint_of_the_interface(block: Block) -> None:
    metadata = yaml.safe_load(block.text)
    endpoints = {**metadata.get("provides", {}), **metadata.get("requires", {})}
    interfaces = [endpoint["interface"] for endpoint in endpoints.values()]
    assert RELATION_INTERFACE_NAME in interfaces


@needs_new_python
def test_all_code_can_be_imported_and_its_tests_pass(tmp_path: Path) -> None:
    write_snippets(tmp_path)
    modules = sorted(path for path in tmp_path.rglob("*.py"))
    options = ["-q", "-p", "no:cacheprovider", "--import-mode=importlib", f"--rootdir={tmp_path}"]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-c", os.devnull, *map(str, modules)],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=str(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert result.returncode == 0, result.stdout
    tests = sum(path.read_text(encoding="utf-8").count("\ndef test_") for path in modules)
    # A test with parameters counts more than once.
    passed = re.search(r"(\d+) passed", result.stdout)
    assert passed is not None
    assert int(passed.group(1)) >= tests > 0


@needs_new_python
def test_the_output_in_the_tutorial_is_what_the_reader_sees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = [block for block in BLOCKS if block.page == TUTORIAL]
    shown = blocks[[block.name for block in blocks].index("preview.py") + 1]
    [message] = [block.text for block in blocks if block.language == "text"]
    write_snippets(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr("socket.getfqdn", lambda: "shop-0.example.com")

    importlib.import_module("tutorial.preview")
    assert capsys.readouterr().out == shown.text
    with pytest.raises(InvalidJobError) as error:
        Job(static_configs=[StaticConfig(targets=["*:66060"])])
    assert message == f"parca_scrape.problems.InvalidJobError: {error.value}\n"


PAGE = """\
# A page

1. Create `src/charm.py`:

   ```python
   A = 1
   ```

2. Create `tests/test_charm.py`:

   ```python
   from charm import A
   ```

Or `other/src/charm.py`:

```python
B = 2
```

```python
from charm import A
```

```{toctree}
index
```

    parca-scrape check
"""


def test_a_block_is_the_file_that_the_page_names() -> None:
    files = name_files(list(find_blocks("docs/page.md", PAGE)))

    assert qualify_imports(files, "page") == {
        "src/charm.py": "A = 1\n",
        "tests/test_charm.py": "from page.src.charm import A\n",
        "other/src/charm.py": "B = 2\n",
        "snippet_4.py": "from page.src.charm import A\n",
    }


def test_two_files_of_one_name_are_refused() -> None:
    blocks = [*find_blocks("docs/page.md", PAGE), *find_blocks("docs/page.md", PAGE)]

    with pytest.raises(SnippetError, match=r"^docs/page.md:5: the page has another src/charm.py$"):
        name_files(blocks)
