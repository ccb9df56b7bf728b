from __future__ import annotations

from typing import List

import pytest

from parca_scrape.migration.code import charm_libs

OURS = ["parca_k8s.parca_scrape", "parca.parca_scrape", "observability_libs.juju_topology"]
OTHER = """\
charm-libs:
  # dashboards
  - lib: grafana_k8s.grafana_dashboard
    version: "0"  # any
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (OTHER + '  # profiles\n  - lib: parca-k8s.parca_scrape\n    version: "0"\n\nname: zinc\n',
         OTHER + "  # profiles\n\nname: zinc\n"),
        ("charm-libs:\n- version: '0.6'\n  lib: parca.parca_scrape\n- lib: a.b\n  version: '1'\n",
         "charm-libs:\n- lib: a.b\n  version: '1'\n"),
        ("charm-libs:\n  -\n    lib: observability-libs.juju_topology\n    version: '0'\n"
         "  # last\n  - {lib: a.b, version: '1'}",
         "charm-libs:\n  # last\n  - {lib: a.b, version: '1'}"),
        ("charm-libs:\n- {lib: parca.parca_scrape,\n   version: '0'}\n- lib: a.b\n",
         "charm-libs:\n- lib: a.b\n"),
        ("name: zinc\n\ncharm-libs:\n  # profiles\n  - lib: parca_k8s.parca_scrape\n"
         "    version: '0'\n\n\nparts: {}\n",
         "name: zinc\n\nparts: {}\n"),
        ("name: zinc\ncharm-libs:\n- lib: parca.parca_scrape\n  version: '0'", "name: zinc\n"),
        ("a: é\r\ncharm-libs:\r\n- lib: parca.parca_scrape\r\n  version: '0'\r\nb: 1\r\n",
         "a: é\r\nb: 1\r\n"),
        (OTHER, OTHER),
        ("name: zinc\n", "name: zinc\n"),
        ("", ""),
    ],
)  # fmt: skip
def test_entries_go_with_their_lines_and_no_others(before: str, after: str) -> None:
    assert charm_libs.remove(before, OURS) == after
    assert charm_libs.remove(after, OURS) == after


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "not valid YAML"),
        ("a: \x00", "not valid YAML"),
        ("[" * 5000, "not valid YAML"),
        ("charm-libs: [{lib: parca.parca_scrape, version: '0'}]\n",
         "charm-libs is not a list with a line for each entry"),
        ("charm-libs: none\n", "charm-libs is not a list with a line for each entry"),
        ("charm-libs:\n- lib: parca.parca_scrape\n  version: |-\n    0\nparts: {}\n",
         "charm-libs cannot be changed safely"),
        ("charm-libs:\n-\n    # our-library\n    lib: parca.parca_scrape\n- lib: a.b\n",
         "charm-libs cannot be changed safely"),
        ("charm-libs:\n- &e {lib: parca.parca_scrape}\nother: *e\n", "not valid YAML"),
        ("charm-libs:\r- lib: parca.parca_scrape\rname: zinc\r",
         "charm-libs cannot be changed safely"),
    ],
)  # fmt: skip
def test_what_is_no_list_of_lines_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        charm_libs.remove(text, OURS)


@pytest.mark.parametrize("entry", ["- a.b", "- [a]", "- {}", "-", "- lib: [x]"])
def test_an_entry_of_another_form_is_another_library(entry: str) -> None:
    text = f"charm-libs:\n{entry}\n- lib: parca.parca_scrape\n"
    expected: List[str] = ["", "parca.parca_scrape"]
    assert [each.library for each in charm_libs.read(text).entries] == expected
