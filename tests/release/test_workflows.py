"""What GitHub reads: workflows, issue forms and owners."""

from __future__ import annotations

import re
from typing import Dict, Iterator, List, Mapping, Set, Tuple

import pytest
import yaml

from parca_scrape._getters import as_list, as_object
from tests.forms import ROOT

WORKFLOWS = sorted(path.stem for path in ROOT.glob(".github/workflows/*.yml"))
FORMS = sorted({path.stem for path in ROOT.glob(".github/ISSUE_TEMPLATE/*.yml")} - {"config"})
USES = re.compile(r"^ *(?:- )?uses: (.+)$", re.MULTILINE)
PINNED = re.compile(r"([\w.-]+/[\w.-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)")
RUN = re.compile(r"run: \.ci/run(.*)$", re.MULTILINE)
MAKE = re.compile(r"run: make (\S+)", re.MULTILINE)
DEFAULTS = re.compile(r"^    set -- (.+)$", re.MULTILINE)
PHONY = re.compile(r"^\.PHONY: (.+)$", re.MULTILINE)
ACTIONS = {
    "actions/checkout",
    "actions/dependency-review-action",
    "actions/download-artifact",
    "actions/setup-python",
    "actions/upload-artifact",
}

# The syntax of issue forms. Source: the pages syntax-for-issue-forms and
# syntax-for-githubs-form-schema of https://docs.github.com/en/communities.
FORM_KEYS = {"name", "description", "body", "assignees", "labels", "projects", "title", "type"}
ELEMENT_KEYS = {"type", "id", "attributes", "validations"}
# The attributes that an element of each type needs, and those that it may have.
ATTRIBUTES: Dict[str, Tuple[Set[str], Set[str]]] = {
    "markdown": ({"value"}, set()),
    "textarea": ({"label"}, {"description", "placeholder", "value", "render"}),
    "input": ({"label"}, {"description", "placeholder", "value"}),
    "dropdown": ({"label", "options"}, {"description", "multiple", "default"}),
    "checkboxes": ({"label", "options"}, {"description"}),
}
# Labels that GitHub creates in every repository.
LABELS = {"bug", "enhancement"}


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def read_workflow(name: str) -> str:
    return read(f".github/workflows/{name}.yml")


def load(text: str) -> Mapping[str, object]:
    return as_object(yaml.safe_load(text)) or {}


def list_runs() -> List[str]:
    """Return the targets of `.ci/run` that workflows name."""
    return [
        target
        for name in WORKFLOWS
        for line in RUN.findall(read_workflow(name))
        for target in line.split()
    ]


def test_every_action_is_pinned_to_one_commit_of_a_release() -> None:
    uses = [use for name in WORKFLOWS for use in USES.findall(read_workflow(name))]
    assert [use for use in uses if not PINNED.fullmatch(use)] == []
    assert sorted(use.partition("@")[0] for use in set(uses)) == sorted(ACTIONS)


def test_workflows_run_only_targets_that_exist() -> None:
    [targets] = PHONY.findall(read("Makefile"))
    made = [target for name in WORKFLOWS for target in MAKE.findall(read_workflow(name))]
    assert {*list_runs(), *made} - set(targets.split()) == set()


def test_some_workflow_runs_each_target_of_ci() -> None:
    [targets] = DEFAULTS.findall(read(".ci/run"))
    assert set(targets.split()) - set(list_runs()) == set()


def test_the_site_is_kept_from_where_it_is_built() -> None:
    [path] = re.findall(r"name: docs\n +path: (.+)", read_workflow("ci"))
    assert f"docs {path} " in read("Makefile")


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_job_has_a_time_limit(name: str) -> None:
    jobs = as_object(load(read_workflow(name))["jobs"]) or {}
    assert [
        key for key, job in jobs.items() if "timeout-minutes" not in (as_object(job) or {})
    ] == []


@pytest.mark.parametrize("name", FORMS)
def test_an_issue_form_is_one_that_github_shows(name: str) -> None:
    assert list(find_faults(load(read(f".github/ISSUE_TEMPLATE/{name}.yml")))) == []


def find_faults(form: Mapping[str, object]) -> Iterator[str]:
    """Yield what GitHub would not accept in an issue form."""
    missing = {"name", "description", "body"} - set(form)
    unknown = {
        *(set(form) - FORM_KEYS),
        *map(str, set(as_list(form.get("labels")) or ()) - LABELS),
    }
    elements = [as_object(element) or {} for element in as_list(form.get("body")) or ()]
    yield from sorted(f"missing: {key}" for key in missing)
    yield from sorted(f"unknown: {key}" for key in unknown)
    if all(element.get("type") == "markdown" for element in elements):
        yield "no question"
    for key in ("id", "label"):
        values = [
            element.get(key, (as_object(element.get("attributes")) or {}).get(key))
            for element in elements
        ]
        given = [value for value in values if value is not None]
        if len(given) != len(set(map(str, given))):
            yield f"not unique: {key}"
    for element in elements:
        yield from find_faults_of_element(element)


def find_faults_of_element(element: Mapping[str, object]) -> Iterator[str]:
    """Yield what GitHub would not accept in an element of a form."""
    attributes = as_object(element.get("attributes")) or {}
    needed, allowed = ATTRIBUTES.get(str(element.get("type")), (set(), set()))
    name = str(element.get("id", element.get("type")))
    if not needed or set(element) - ELEMENT_KEYS or not re.fullmatch(r"[\w-]+", name, re.ASCII):
        yield f"{name}: not an element"
    if needed - set(attributes) or set(attributes) - needed - allowed:
        yield f"{name}: attributes"
    if element.get("validations", {"required": True}) not in (
        {"required": True},
        {"required": False},
    ):
        yield f"{name}: validations"
    options = as_list(attributes.get("options", ["one"])) or []
    if element.get("type") == "checkboxes":
        options = [(as_object(option) or {}).get("label") for option in options]
    if not options or not all(isinstance(option, str) for option in options):
        yield f"{name}: options"


@pytest.mark.parametrize(
    ("form", "faults"),
    [
        ("{}", ["missing: body", "missing: description", "missing: name", "no question"]),
        (
            "{name: a, description: b, about: c, labels: [urgent],"
            " body: [{type: markdown, attributes: {value: d}}]}",
            ["unknown: about", "unknown: urgent", "no question"],
        ),
        (
            "{name: a, description: b, body: [{type: input, id: c, attributes: {label: d}},"
            " {type: text, id: c, attributes: {label: d}}]}",
            ["not unique: id", "not unique: label", "c: not an element", "c: attributes"],
        ),
        (
            "{name: a, description: b, body: [{type: dropdown, id: c d, validations: {a: true},"
            " attributes: {label: d, options: [true]}}]}",
            ["c d: not an element", "c d: validations", "c d: options"],
        ),
    ],
)
def test_a_form_that_github_does_not_show_is_noticed(form: str, faults: List[str]) -> None:
    assert list(find_faults(load(form))) == faults
