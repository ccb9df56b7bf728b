from __future__ import annotations

import pytest

from parca_scrape.migration.code.rewriting import PYTHON
from tests.migration.code.trees import rewrite

BY_HAND = "change it by hand if it uses the library"
OLD = "charms.parca_k8s.v0.parca_scrape"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"from {OLD} import Provider\n".replace("Provider", "ProfilingEndpointProvider"),
         "from parca_scrape import ProfilingEndpointProvider\n"),
        ("from charms.parca.v0.parca_scrape import ALLOWED_KEYS as KEYS, DEFAULT_JOB\n",
         "from parca_scrape import ALLOWED_KEYS as KEYS, DEFAULT_JOB\n"),
        ("from charms.parca_k8s.v0 import parca_scrape\nparca_scrape.DEFAULT_JOB\n",
         "import parca_scrape\nparca_scrape.DEFAULT_JOB\n"),
        ("from charms.parca_k8s.v0 import parca_scrape as p\n", "import parca_scrape as p\n"),
        (f"import {OLD} as p\np.DEFAULT_JOB\n", "import parca_scrape as p\np.DEFAULT_JOB\n"),
        (f"import os, {OLD}, re\nx = {OLD}.DEFAULT_JOB\n",
         "import os, parca_scrape, re\nx = parca_scrape.DEFAULT_JOB\n"),
        (f"def f():\n\tfrom {OLD} import DEFAULT_JOB  # late\n\treturn DEFAULT_JOB\n",
         "def f():\n\tfrom parca_scrape import DEFAULT_JOB  # late\n\treturn DEFAULT_JOB\n"),
        (f"if TYPE_CHECKING:\n    from {OLD} import Problem\n",
         "if TYPE_CHECKING:\n    from parca_scrape import Problem\n"),
        (f"try:\n    import {OLD}\nexcept ImportError:\n    pass\n",
         "try:\n    import parca_scrape\nexcept ImportError:\n    pass\n"),
        (f"from {OLD} import (  # all\n    DEFAULT_JOB,  # port 80\n    # keys\n"
         "    ALLOWED_KEYS,\n)\n",
         "from parca_scrape import (  # all\n    DEFAULT_JOB,  # port 80\n    # keys\n"
         "    ALLOWED_KEYS,\n)\n"),
        (f"import {OLD}\nx: 'List[{OLD}.Job]' = [{OLD}.Job('a')]\n",
         "import parca_scrape\nx: 'List[parca_scrape.Job]' = [parca_scrape.Job('a')]\n"),
        (f"import os; from {OLD} import DEFAULT_JOB; x = 1\n",
         "import os; from parca_scrape import DEFAULT_JOB; x = 1\n"),
        ("from charms . parca_k8s . v0 . parca_scrape \\\n    import DEFAULT_JOB\n",
         "from parca_scrape \\\n    import DEFAULT_JOB\n"),
        ("from charms.parca_k8s.v0 import (\n    parca_scrape,  # profiling\n)\n",
         "# profiling\nimport parca_scrape\n"),
        ("if x:\n    from charms.parca_k8s.v0 import parca_scrape, parca_store\n",
         "if x:\n    import parca_scrape\n    from charms.parca_k8s.v0 import parca_store\n"),
        ("from charms.parca.v0 import parca_config, parca_scrape as p\n",
         "import parca_scrape as p\nfrom charms.parca.v0 import parca_config\n"),
        ("from charms.parca.v0 import (\n    parca_config,  # ours\n    parca_scrape,  # theirs\n"
         "    parca_store,\n)\n",
         "# theirs\nimport parca_scrape\nfrom charms.parca.v0 import (\n"
         "    parca_config,  # ours\n    parca_store,\n)\n"),
        ("x = 1; from charms.parca.v0 import parca_scrape, parca_store\n",
         "x = 1; import parca_scrape; from charms.parca.v0 import parca_store\n"),
        (f"class C:\n    def __init__(self):\n        self.parca_scrape = {OLD}.Job\n\n"
         f"import {OLD}\n",
         "class C:\n    def __init__(self):\n        self.parca_scrape = parca_scrape.Job\n\n"
         "import parca_scrape\n"),
    ],
)  # fmt: skip
def test_every_form_of_import_becomes_that_of_the_package(before: str, after: str) -> None:
    assert rewrite(before) == (after, [])


@pytest.mark.parametrize(
    ("charm_code", "name"),
    [
        ("def f(parca_scrape):\n    return parca_scrape, {}.Job\n", "parca_scrape_package"),
        ("parca_scrape = 1\nx = {}.Job\n", "parca_scrape_package"),
        (
            "from mine import parca_scrape\nparca_scrape_package = {}.Job\n",
            "parca_scrape_package_",
        ),
    ],
)
def test_a_variable_of_the_charm_is_not_hidden_by_the_package(charm_code: str, name: str) -> None:
    before = f"import {OLD}\n" + charm_code.format(OLD)
    after = f"import parca_scrape as {name}\n" + charm_code.format(name)
    assert rewrite(before) == (after, [])


@pytest.mark.parametrize(
    "text",
    [
        f"from .{OLD} import DEFAULT_JOB\n",
        "from charms.parca_k8s.v0.parca_store import ParcaStoreEndpointProvider  # parca_scrape\n",
        "from charms.other.v0.parca_scrape import Other\n",
        f"import charms.parca_k8s.v0\nx = {OLD}.DEFAULT_JOB\n",
        f"charms = object()\nx = {OLD}.DEFAULT_JOB\n",
        "from parca_scrape import Job\n",
        "parca_scrape = 1\n",
    ],
)
def test_other_code_stays_as_it_is(text: str) -> None:
    assert rewrite(text) == (text, [])


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_line_ends_are_kept(newline: str) -> None:
    before = f"x = 1{newline}from charms.parca.v0 import parca_scrape, parca_store{newline}y = 2"
    after = (
        f"x = 1{newline}import parca_scrape{newline}from charms.parca.v0 import parca_store"
        f"{newline}y = 2"
    )
    assert rewrite(before) == (after, [])


def test_what_only_the_old_library_has_is_left_with_its_import() -> None:
    number = (
        "only on the old import path, which the package also installs: use parca_scrape.VERSION"
    )
    text = f"from {OLD} import (\n    DEFAULT_JOB,\n    LIBPATCH,\n    _sanitize,\n)\n"
    unknown = "the package has no such name: use its public names"
    assert rewrite(text) == (
        text,
        [f"1: imports LIBPATCH: {number}", f"1: imports _sanitize: {unknown}"],
    )

    text = f"import {OLD} as p\n\nprint(p.LIBID, p.DEFAULT_JOB)\npatch.object(p, 'logger')\n"
    assert rewrite(text) == (
        text,
        [f"3: uses LIBID of the library: {number}", f"4: uses logger of the library: {unknown}"],
    )


def test_an_import_of_everything_is_rewritten_and_noted() -> None:
    advice = "check what the code uses: the package exports its public names only"
    assert rewrite(f"from {OLD} import *\n") == (
        "from parca_scrape import *\n",
        [f"1: imports every name: {advice}"],
    )


def test_a_file_that_cannot_be_parsed_is_named() -> None:
    text = f"from {OLD} import DEFAULT_JOB\nx = 1 +\n"
    assert rewrite(text) == (text, [f"2: syntax error in Python {PYTHON}: {BY_HAND}"])


@pytest.mark.parametrize("count", [500, 3000, 100_000])
@pytest.mark.parametrize(
    ("start", "middle", "end"), [("(", "1", ")"), ("", "a", ".b"), ("-", "1", ""), ("", "1", "+1")]
)
def test_deeply_nested_code_is_named(start: str, middle: str, end: str, count: int) -> None:
    text = f"import {OLD}\nx = {start * count}{middle}{end * count}\n"
    new, [line] = rewrite(text)
    assert new == text
    assert line.endswith(f": {BY_HAND}")


@pytest.mark.parametrize("start", ["\f", "\\\n"])
def test_code_whose_positions_are_uncertain_is_named(start: str) -> None:
    text = f"{start}import {OLD}\n"
    assert rewrite(text) == (text, [f" libcst cannot reproduce it (form feed?): {BY_HAND}"])


@pytest.mark.parametrize("use", ["print(charms)", "del charms", "x = charms.parca_k8s.v0"])
def test_the_whole_name_stays_if_what_it_binds_is_used_otherwise(use: str) -> None:
    text = f"import charms.parca_k8s.v0.parca_scrape\n{use}\n"
    advice = "import parca_scrape by hand, or leave the import as it is"
    assert rewrite(text) == (text, [f"2: uses charms itself: {advice}"])


@pytest.mark.parametrize(
    "names",
    ["parca_scrape, parca_scrape as ps", "(parca_store,\n parca_scrape as a, parca_scrape as b)"],
)
def test_an_import_of_the_library_twice_is_left_as_it_is(names: str) -> None:
    text = f"from charms.parca_k8s.v0 import {names}\nimport os\n"
    by_hand = "cannot be rewritten safely: change it by hand if it uses the library"
    new, [line] = rewrite(text)
    assert (new, line.strip()) == (text, by_hand)


def test_imports_stay_for_the_single_file() -> None:
    text = f"from {OLD} import DEFAULT_JOB, LIBPATCH, socket\nimport {OLD} as p\np.JujuTopology\n"
    assert rewrite(text, is_package=False) == (
        text, ["3: uses JujuTopology of the library: use ProviderTopology"]
    )  # fmt: skip
