"""What is written for people is true: the README, the guides and the list of problems."""

from __future__ import annotations

import ast
import importlib
import json
import re
import shlex
import textwrap
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Type

import ops
import pytest
import yaml
from ops import testing

from parca_scrape import TargetsChangedEvent
from parca_scrape.cli.main import make_parser
from tests import pem
from tests.cli.dumps import make_dump, render
from tests.forms import ROOT

PAGES = [
    *sorted(path.name for path in ROOT.glob("*.md")),
    *sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/**/*.md")),
    *sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("examples/**/README.md")),
    "benchmarks/README.md",
    "interface/parca_scrape/v0/README.md",
    "probes/README.md",
    "stubs/README.md",
]
PYTHON_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
YAML_BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GUIDE_BLOCK = re.compile(r"^    from .*?(?=^\S)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)|^\[[^\]]+\]: (\S+)$", re.MULTILINE)
# What stands before a path of this repository in an absolute link.
BLOB = re.compile(r"^https://.+?/blob/main/")
COMMAND = re.compile(r"^ {4,}(?:.*\| )?parca-scrape (.+)$", re.MULTILINE)
TARGET = re.compile(r"^    make ([a-z-]+)|`make ([a-z-]+)", re.MULTILINE)
MESSAGE = re.compile(r"^\| `(.+?)` \|", re.MULTILINE)
# What makes a problem or an error out of its message.
MAKERS = ("error", "warning", "limit", "refusal", "InvalidJobError", "Problem")
# The names of variables that hold a message, and of functions that return one.
CHOSEN = ("rule", "message")
FINDERS = re.compile("_?find_.*|length_rule")
ANYTHING = "…"


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


METADATA: List[Dict[str, object]] = list(
    map(yaml.safe_load, YAML_BLOCK.findall(read("README.md")))
)
SHOP, SECURE_SHOP, PARCA = ({"name": "example", **fields} for fields in METADATA)


def find_charm(name: str) -> Type[ops.CharmBase]:
    """Return a charm of the README."""
    [block] = [
        text for text in PYTHON_BLOCK.findall(read("README.md")) if f"class {name}(" in text
    ]
    module: Dict[str, object] = {"__name__": name}
    exec(block, module)
    charm = module[name]
    assert isinstance(charm, type)
    assert issubclass(charm, ops.CharmBase)
    return charm


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file(page: str) -> None:
    links = find_links(page)
    folders = {link: ROOT if BLOB.match(link) else (ROOT / page).parent for link in links}
    missing = [link for link in links if not (folders[link] / BLOB.sub("", link)).exists()]
    assert missing == []


def find_links(page: str) -> List[str]:
    """Return where a page links to in this repository."""
    links: List[str] = [link for pair in LINK.findall(read(page)) for link in pair if link]
    return [link for link in links if "://" not in link or BLOB.match(link)]


@pytest.mark.parametrize("page", ["README.md", "stubs/README.md"])
def test_links_on_pypi_are_absolute_and_of_one_repository(page: str) -> None:
    links = find_links(page)
    bases = {match.group() for match in map(BLOB.match, links) if match}
    assert len(bases) == 1
    assert [link for link in links if not BLOB.match(link)] == []


def test_every_page_that_says_what_is_not_on_pypi_yet_is_listed_for_the_release() -> None:
    pages = [page for page in PAGES if page != "RELEASING.md"]
    says_so = [page for page in pages if "not on PyPI yet" in " ".join(read(page).split())]
    assert [page for page in says_so if f"`{page}`" not in read("RELEASING.md")] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_command_is_one_that_there_is(page: str) -> None:
    for arguments in COMMAND.findall(read(page)):
        make_parser().parse_args(shlex.split(arguments, comments=True))
    targets = {target for pair in TARGET.findall(read(page)) for target in pair if target}
    makefile = read("Makefile")
    assert [target for target in targets if f"\n{target}:" not in makefile] == []


def test_the_charm_of_one_example_is_scraped_by_that_of_the_other() -> None:
    context = testing.Context(find_charm("ShopCharm"), meta=SHOP)
    provided = testing.Relation("profiling-endpoint", remote_app_name="parca")
    state = testing.State(relations={provided}, leader=True)
    state = context.run(context.on.relation_joined(provided), state)
    published = get_relation(state, provided.id)
    app_databag: Mapping[str, str] = published.local_app_data
    unit_databag: Mapping[str, str] = published.local_unit_data

    container = testing.Container("parca", can_connect=True)
    context_of_parca = testing.Context(find_charm("ParcaCharm"), meta=PARCA)
    required = testing.Relation(
        "profiling-endpoint",
        remote_app_name="shop",
        remote_app_data=dict(app_databag),
        remote_units_data={0: dict(unit_databag)},
    )
    state = testing.State(relations={required}, containers={container})
    state = context_of_parca.run(context_of_parca.on.relation_changed(required), state)
    filesystem = container.get_filesystem(context_of_parca)
    config = yaml.safe_load((filesystem / "etc/parca/parca.yaml").read_text(encoding="utf-8"))
    address = unit_databag["parca_scrape_unit_address"]
    [scrape_config] = config["scrape_configs"]
    [static_config] = scrape_config["static_configs"]
    assert static_config["targets"] == [f"{address}:6060"]
    assert static_config["labels"]["team"] == "shop"
    assert state.unit_status == testing.ActiveStatus()


def test_the_charm_with_tls_publishes_jobs_as_long_as_it_has_a_certificate() -> None:
    context = testing.Context(find_charm("SecureShopCharm"), meta=SECURE_SHOP)
    parca = testing.Relation("profiling-endpoint", remote_app_name="parca")
    state = testing.State(relations={parca}, leader=True)
    state = context.run(context.on.relation_joined(parca), state)
    published = [read_jobs(state, parca.id)]

    ca = testing.Relation(
        "receive-ca-cert", remote_app_data={"certificates": json.dumps([pem.CERTIFICATE])}
    )
    state = testing.State(relations={state.get_relation(parca.id), ca}, leader=True)
    state = context.run(context.on.relation_changed(ca), state)
    published.append(read_jobs(state, parca.id))
    state = context.run(context.on.relation_changed(get_relation(state, parca.id)), state)
    published.append(read_jobs(state, parca.id))
    state = context.run(context.on.relation_broken(get_relation(state, ca.id)), state)
    published.append(read_jobs(state, parca.id))

    job = {
        "static_configs": [{"targets": ["*:6060"]}],
        "scheme": "https",
        "tls_config": {"ca": pem.CERTIFICATE},
    }
    assert published == [[], [job], [job], []]


def get_relation(state: testing.State, relation_id: int) -> testing.Relation:
    relation = state.get_relation(relation_id)
    assert isinstance(relation, testing.Relation)
    return relation


def read_jobs(state: testing.State, relation_id: int) -> object:
    """Return the jobs that the leader has published in a relation."""
    databag: Mapping[str, str] = get_relation(state, relation_id).local_app_data
    jobs: object = json.loads(databag["scrape_jobs"])
    return jobs


def test_the_parca_of_the_example_says_how_many_problems_there_are() -> None:
    context = testing.Context(find_charm("ParcaCharm"), meta=PARCA)
    relation = testing.Relation(
        "profiling-endpoint", remote_app_data={"scrape_jobs": json.dumps([None, 5])}
    )
    container = testing.Container("parca", can_connect=True)
    state = testing.State(relations={relation}, containers={container})
    state = context.run(context.on.relation_changed(relation), state)
    line = "problems in scrape jobs: 2, see juju debug-log"
    assert state.unit_status == testing.ActiveStatus(line)


@pytest.mark.parametrize(
    ("labels", "ensure_ascii"),
    [({"a": "\U0001f600"}, True), ({"a": "\x7f"}, False), ({"a" * 1023: "b"}, False)],
)
def test_parca_reads_what_yaml_safe_dump_writes_and_not_all_that_json_dumps_does(
    labels: Dict[str, str], ensure_ascii: bool, tmp_path: Path
) -> None:
    job = {"static_configs": [{"targets": ["zinc:80"], "labels": labels}]}
    exit_code, out, _ = render(tmp_path, make_dump(job))
    document = yaml.safe_load(out)
    [scrape_config] = document["scrape_configs"]
    [static_config] = scrape_config["static_configs"]
    assert exit_code == 0
    assert static_config["labels"].items() >= labels.items()

    assert load_as_parca(yaml.safe_dump(document)) == document
    assert load_as_parca(json.dumps(document, ensure_ascii=ensure_ascii)) != document


def load_as_parca(text: str) -> object:
    """Return what is read by libyaml, of which Parca's loader is a port; None if it refuses."""
    try:
        document: object = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        return None
    return document


def test_the_charms_in_the_guide_of_the_single_files_work() -> None:
    guide = read("tools/guide.txt").replace("{import_path}", "parca_scrape")
    written: List[Dict[str, object]] = []
    names: Dict[str, object] = {
        "ops": ops,
        "TargetsChangedEvent": TargetsChangedEvent,
        "write_parca_config": written.append,
    }
    for block in GUIDE_BLOCK.findall(guide):
        exec(textwrap.dedent(block), names)

    profiled, parca = (names[name] for name in ("MyCharm", "ParcaCharm"))
    assert isinstance(profiled, type)
    assert issubclass(profiled, ops.CharmBase)
    assert isinstance(parca, type)
    assert issubclass(parca, ops.CharmBase)
    context = testing.Context(profiled, meta=SHOP)
    relation = testing.Relation("profiling-endpoint")
    state = testing.State(relations={relation}, leader=True)
    state = context.run(context.on.relation_joined(relation), state)
    assert read_jobs(state, relation.id) == [{"static_configs": [{"targets": ["*:8080"]}]}]

    context_of_parca = testing.Context(parca, meta=PARCA)
    state = testing.State(relations={relation}, containers={testing.Container("parca")})
    context_of_parca.run(context_of_parca.on.relation_changed(relation), state)
    assert written == [{"scrape_configs": []}]


def test_every_message_is_explained_and_no_other() -> None:
    explained = MESSAGE.findall(read("docs/reference/problems.md"))
    messages = list(dict.fromkeys(find_messages()))
    assert [message for message in messages if message not in explained] == []
    assert [message for message in explained if message not in messages] == []
    assert len(explained) == len(set(explained))


def find_messages() -> Iterator[str]:
    """Yield the messages of problems in the source, with an ellipsis for what is filled in."""
    for path in sorted((ROOT / "src" / "parca_scrape").rglob("*.py")):
        if path.stem == "__main__":  # It runs the command when it is imported.
            continue
        module_name = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
        constants = vars(importlib.import_module(module_name))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for expression in find_expressions(node):
                chosen = expression.body if isinstance(expression, ast.IfExp) else expression
                message = read_text(chosen, constants)
                # A path or a name has no spaces.
                if " " in message.strip(ANYTHING):
                    yield message


def find_expressions(node: ast.AST) -> List[ast.expr]:
    """Return what may be the message, if a node makes a problem or chooses its rule."""
    if isinstance(node, ast.Assign):
        name = getattr(node.targets[0], "id", "")
        if name.endswith("_RULES") and isinstance(node.value, ast.Tuple):
            return node.value.elts
        return [node.value] if name in CHOSEN or name.endswith("_NOTE") else []
    if isinstance(node, ast.FunctionDef) and FINDERS.fullmatch(node.name):
        returned = [one for one in ast.walk(node) if isinstance(one, ast.Return)]
        return [one.value for one in returned if one.value is not None]
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        owner = getattr(getattr(node.func, "value", None), "id", "")
        return node.args if name in MAKERS and owner != "logger" else []
    return []


def read_text(node: ast.expr, constants: Mapping[str, object]) -> str:
    """Return the text of an expression, with an ellipsis for what is not constant."""
    if isinstance(node, ast.JoinedStr):
        return "".join(read_text(value, constants) for value in node.values)
    if isinstance(node, ast.FormattedValue):
        is_known = read_text(node.value, constants) != ANYTHING
        return evaluate(ast.JoinedStr([node]), constants) if is_known else ANYTHING
    return evaluate(node, constants)


def evaluate(node: ast.expr, constants: Mapping[str, object]) -> str:
    """Return the text or number of an expression of constants; an ellipsis for any other."""
    if any(isinstance(part, ast.Call) for part in ast.walk(node)):
        return ANYTHING
    code = compile(ast.fix_missing_locations(ast.Expression(node)), "", "eval")
    try:
        value: object = eval(code, {**constants})
    except (NameError, AttributeError, TypeError):
        return ANYTHING
    return str(value) if isinstance(value, (str, int)) else ANYTHING
