"""Write the reference page of the public API, docs/reference/api.md, from the docstrings.

Usage: python tools/reference.py [--check]

`--check` writes nothing and fails if the page is stale.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path
from typing import Iterator, Union

import griffe

Entry = Union[griffe.Object, griffe.Alias]

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "parca_scrape"
PAGE = Path("docs") / "reference" / "api.md"
COMMAND = "make reference"
LINE_LENGTH = 88
INTRODUCTION = """\
# API

The public names of `parca_scrape`. The modules `charms.parca.v0.parca_scrape` and
`charms.parca_k8s.v0.parca_scrape`, installed or vendored, have the same names as well as `LIBID`,
`LIBAPI` and `LIBPATCH`. This page is generated from the docstrings.
"""
SECTIONS = {
    "Provider": ["ProfilingEndpointProvider", "AddressSource"],
    "Consumer": ["ProfilingEndpointConsumer", "ScrapeConfig"],
    "Events": ["MonitoringEvents", "TargetsChangedEvent"],
    "Problems and errors": [
        "Problem",
        "InvalidJobError",
        "DatabagError",
        "RelationNotFoundError",
        "RelationInterfaceMismatchError",
        "RelationRoleMismatchError",
    ],
    "Jobs": ["Job", "StaticConfig", "Target", "ProfilingConfig", "PprofProfile", "TLSConfig"],
    "Databags": ["AppDatabag", "UnitDatabag", "HostMap", "Topology", "ProviderTopology"],
    "Constants": [
        "ALLOWED_KEYS",
        "DEFAULT_JOB",
        "DEFAULT_RELATION_NAME",
        "RELATION_INTERFACE_NAME",
        "VERSION",
    ],
}
TEST_HELPERS = "Test helpers"
HELPERS = "testing"
HELPERS_INTRODUCTION = "These names are in `parca_scrape.testing`: install the extra `testing`."
OTHER_TYPES = "Other types"
# What only the library itself passes.
PRIVATE_PARAMETER = re.compile(r", _\w+: [^,)]+")
# Between two parameters of a signature, never inside the type of one.
NEXT_PARAMETER = re.compile(r", (?=\*|\w+:)")


class PageError(Exception):
    """The page cannot be written, or is stale."""


def write_page() -> str:
    """Return the text of the page.

    Raises:
        PageError: SECTIONS does not hold exactly the public names.
    """
    package = griffe.load(PACKAGE, search_paths=[ROOT / "src"], docstring_parser="google")
    names = [name for section in SECTIONS.values() for name in section]
    misplaced = {*map(str, package.exports or ())}.symmetric_difference(names)
    if misplaced:
        raise PageError(f"SECTIONS and __all__ differ in {', '.join(sorted(misplaced))}")
    entries = [resolve(package[name]) for name in names]
    helpers = list(map(str, package[HELPERS].exports or ()))
    # Classes and aliases that the types of the public names mention.
    for entry in entries:
        entries += [found for found in find_types(entry, package) if found not in entries]
    titles = {entry.name: entry for entry in entries} | dict(zip(names, entries))
    sections = {**SECTIONS, OTHER_TYPES: [name for name in titles if name not in names]}
    sections[TEST_HELPERS] = helpers
    titles.update((name, resolve(package[HELPERS][name])) for name in helpers)
    paragraphs = [INTRODUCTION + "\n" + "\n".join(map(write_links, sections, sections.values()))]
    for section, section_names in sections.items():
        paragraphs.append(f"## {section}")
        if section == TEST_HELPERS:
            paragraphs.append(HELPERS_INTRODUCTION)
        for name in section_names:
            paragraphs += [f"### {name}", *write_entry(name, titles[name])]
    return format_page("\n\n".join(paragraphs) + "\n")


def format_page(text: str) -> str:
    """Return the page as `ruff format` wants it, which leaves signatures alone."""
    command = [sys.executable, "-m", "ruff", "format", f"--line-length={LINE_LENGTH}"]
    command += ["--stdin-filename", str(PAGE), "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def write_links(section: str, names: list[str]) -> str:
    """Return the line on a section in the table of contents."""
    return f"- {section}: " + ", ".join(f"[{name}](#{name.lower()})" for name in names)


def resolve(entry: Entry) -> griffe.Object:
    """Return what a name stands for, imported or not."""
    return entry.final_target if isinstance(entry, griffe.Alias) else entry


def find_types(entry: griffe.Object, package: Entry) -> Iterator[griffe.Object]:
    """Yield what the types of an entry and its public members mention of the package."""
    members = [entry, *filter(is_shown, entry.all_members.values())]
    for member in members:
        annotations = [getattr(member, "annotation", None)]
        annotations += [parameter.annotation for parameter in getattr(member, "parameters", ())]
        for annotation in annotations:
            names = annotation.iterate() if isinstance(annotation, griffe.Expr) else ()
            for name in names:
                if isinstance(name, griffe.ExprName):
                    owner, _, path = name.canonical_path.partition(".")
                    if owner == PACKAGE:
                        yield resolve(package[path])


def is_shown(member: Entry) -> bool:
    """Return whether a member of a class is public, and no method of Python's own."""
    return member.is_public and not member.is_special


def write_entry(name: str, entry: griffe.Object) -> Iterator[str]:
    """Yield the paragraphs on a class, a constant or an alias."""
    if isinstance(entry, griffe.Class) and name == entry.name:
        yield from write_class(entry)
    elif isinstance(entry, griffe.Function):
        yield from write_function(entry)
    elif isinstance(entry, griffe.Attribute) and entry.annotation:
        yield write_code(f"{name}: {entry.annotation}")
        yield from write_docstring(entry)
    else:
        yield write_code(f"{name} = {getattr(entry, 'value', entry.name)}")
        yield from write_docstring(entry)


def write_class(entry: griffe.Class) -> Iterator[str]:
    """Yield the paragraphs on a class, its attributes and its methods."""
    yield from write_docstring(entry)
    bases = ", ".join(map(str, entry.bases))
    if entry.signature():
        yield write_code(entry.signature())
        if bases:
            yield f"Base class: `{bases}`."
    else:
        yield write_code(f"class {entry.name}({bases})" if bases else f"class {entry.name}")
    for name in ("__init__", "__post_init__"):
        if name in entry.members:
            yield from write_sections(entry.members[name])
    described = {
        item.name: item.description
        for section in parse_docstring(entry)
        if isinstance(section, griffe.DocstringSectionAttributes)
        for item in section.value
    }
    members = [resolve(member) for member in entry.all_members.values() if is_shown(member)]
    attributes = [
        write_attribute(member, described.get(member.name, ""))
        for member in members
        if isinstance(member, griffe.Attribute)
        and not str(member.annotation).startswith("InitVar")
    ]
    if attributes:
        yield "Attributes:\n\n" + "\n".join(attributes)
    for member in members:
        if isinstance(member, griffe.Function):
            yield f"#### {entry.name}.{member.name}"
            yield from write_function(member)


def write_function(function: griffe.Function) -> Iterator[str]:
    """Yield the paragraphs on a function or a method."""
    decorators = "".join(f"@{decorator.value}\n" for decorator in function.decorators)
    yield write_code(f"{decorators}def {function.signature()}")
    yield from write_docstring(function)


def write_attribute(attribute: griffe.Attribute, text: str) -> str:
    """Return the list item on an attribute or property; its own docstring beats `text`."""
    annotation = attribute.annotation
    name = f"`{attribute.name}: {annotation}`" if annotation else f"`{attribute.name}`"
    return write_item(name, attribute.docstring.value if attribute.docstring else text)


def parse_docstring(entry: Entry) -> list[griffe.DocstringSection]:
    """Return the text and the sections of a docstring."""
    return entry.docstring.parsed if entry.docstring else []


def write_docstring(entry: Entry) -> Iterator[str]:
    """Yield the paragraphs of a docstring: its text, then its sections."""
    for section in parse_docstring(entry):
        if isinstance(section, griffe.DocstringSectionText):
            yield section.value
    yield from write_sections(entry)


def write_sections(entry: Entry) -> Iterator[str]:
    """Yield what a docstring says under `Args`, `Returns` and `Raises`."""
    for section in parse_docstring(entry):
        if isinstance(section, griffe.DocstringSectionParameters):
            items = [write_item(f"`{item.name}`", item.description) for item in section.value]
            yield "Args:\n\n" + "\n".join(items)
        elif isinstance(section, griffe.DocstringSectionRaises):
            raised = [
                write_item(f"`{item.annotation}`", item.description) for item in section.value
            ]
            yield "Raises:\n\n" + "\n".join(raised)
        elif isinstance(section, griffe.DocstringSectionReturns):
            yield "Returns: " + " ".join(item.description for item in section.value)


def write_item(name: str, text: str) -> str:
    """Return an item of a list."""
    return f"- {name}: {text}".replace("\n", "\n  ") if text else f"- {name}"


def write_code(text: str) -> str:
    """Return a block of Python; a long signature gets one line for each parameter."""
    text = PRIVATE_PARAMETER.sub("", text.replace("'", '"'))
    if max(map(len, text.splitlines())) > LINE_LENGTH and NEXT_PARAMETER.search(text):
        head, _, rest = text.partition("(")
        parameters, _, tail = rest.rpartition(")")
        parameters = NEXT_PARAMETER.sub(",\n    ", parameters)
        text = f"{head}(\n    {parameters},\n){tail}"
    return f"```python\n{text}\n```"


def main() -> int:
    """Write or check the page, and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail if stale")
    options = parser.parse_args()
    page = ROOT / PAGE
    try:
        text = write_page()
        if not options.check:
            page.write_text(text, encoding="utf-8")
        elif not page.is_file() or page.read_text(encoding="utf-8") != text:
            raise PageError(f"{PAGE} is stale: run {COMMAND}")
    except PageError as error:
        print(f"reference: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
