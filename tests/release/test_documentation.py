"""What is written for people is true: the README, the examples and the list of problems."""

from __future__ import annotations

import ast
import json
import re
from typing import Dict, Iterator, List, Mapping

import pytest
import yaml
from ops import testing

from examples.consumer_charm import CONFIG_PATH, ParcaCharm
from examples.provider_charm import ShopCharm
from tests.forms import ROOT

INTERFACE = {"profiling-endpoint": {"interface": "parca_scrape"}}
CODE_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https://)([^)#]+)\)")
MESSAGE = re.compile(r"^\| `(.+?)` \|", re.MULTILINE)
# Where the message stands among the arguments of what makes a problem.
MAKERS = {"error": 1, "warning": 1, "InvalidJobError": 1, "Problem": 2}
ANYTHING = "…"


def test_the_examples_in_the_readme_are_those_that_are_checked() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    examples = [ROOT / "examples" / f"{role}_charm.py" for role in ("provider", "consumer")]
    assert CODE_BLOCK.findall(readme) == [path.read_text(encoding="utf-8") for path in examples]


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "docs/migrating.md"])
def test_every_link_leads_to_a_file(name: str) -> None:
    page = ROOT / name
    links: List[str] = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
    assert links


def test_the_charm_of_one_example_is_scraped_by_that_of_the_other() -> None:
    context = testing.Context(ShopCharm, meta={"name": "shop", "provides": INTERFACE})
    provided = testing.Relation("profiling-endpoint", remote_app_name="parca")
    state = testing.State(relations={provided}, leader=True)
    published = context.run(context.on.relation_joined(provided), state).get_relation(provided.id)
    assert isinstance(published, testing.Relation)
    app_databag: Mapping[str, str] = published.local_app_data
    unit_databag: Mapping[str, str] = published.local_unit_data

    container = testing.Container("parca", can_connect=True)
    context_of_parca = testing.Context(
        ParcaCharm, meta={"name": "parca", "requires": INTERFACE, "containers": {"parca": {}}}
    )
    required = testing.Relation(
        "profiling-endpoint",
        remote_app_name="shop",
        remote_app_data=dict(app_databag),
        remote_units_data={0: dict(unit_databag)},
    )
    state = testing.State(relations={required}, containers={container})
    state = context_of_parca.run(context_of_parca.on.relation_changed(required), state)
    filesystem = container.get_filesystem(context_of_parca)
    config = yaml.safe_load((filesystem / CONFIG_PATH.lstrip("/")).read_text(encoding="utf-8"))
    address = unit_databag["parca_scrape_unit_address"]
    [scrape_config] = config["scrape_configs"]
    [static_config] = scrape_config["static_configs"]
    assert static_config["targets"] == [f"{address}:6060"]
    assert static_config["labels"]["team"] == "shop"
    assert state.unit_status == testing.ActiveStatus()


def test_the_parca_of_the_example_says_how_many_problems_there_are() -> None:
    context = testing.Context(
        ParcaCharm, meta={"name": "parca", "requires": INTERFACE, "containers": {"parca": {}}}
    )
    relation = testing.Relation(
        "profiling-endpoint", remote_app_data={"scrape_jobs": json.dumps([None, 5])}
    )
    container = testing.Container("parca", can_connect=True)
    state = testing.State(relations={relation}, containers={container})
    state = context.run(context.on.relation_changed(relation), state)
    line = "problems in scrape jobs: 2, see debug-log"
    assert state.unit_status == testing.ActiveStatus(line)


def test_every_message_is_explained_and_no_other() -> None:
    page = (ROOT / "docs" / "problems.md").read_text(encoding="utf-8")
    assert sorted(MESSAGE.findall(page)) == sorted(set(find_messages()))


def find_messages() -> Iterator[str]:
    """Give the messages of problems in the source, with an ellipsis for what is filled in."""
    paths = sorted((ROOT / "src" / "parca_scrape").rglob("*.py"))
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    constants: Dict[str, str] = {}
    for statement in (statement for tree in trees for statement in tree.body):
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            constants[statement.targets[0].id] = read_text(statement.value, constants)
    for node in (node for tree in trees for node in ast.walk(tree)):
        message = read_text(find_message(node), constants)
        if message.strip(ANYTHING):
            yield message


def find_message(node: ast.AST) -> ast.AST:
    """Give the expression of the message, if a node makes a problem or chooses its rule."""
    if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "rule":
        return node.value
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        place = MAKERS.get(name, len(node.args))
        if place < len(node.args):
            return node.args[place]
    return ast.Constant("")


def read_text(node: ast.AST, constants: Mapping[str, str]) -> str:
    """Give the text of an expression, with an ellipsis for what is not known."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (str, int)):
        return str(node.value)
    if isinstance(node, ast.Name):
        return constants.get(node.id, ANYTHING)
    if isinstance(node, ast.JoinedStr):
        return "".join(read_text(value, constants) for value in node.values)
    if isinstance(node, ast.FormattedValue):
        return read_text(node.value, constants)
    return ANYTHING
