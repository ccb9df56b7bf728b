"""The plan of a move to parca-k8s, as Markdown for people."""

from __future__ import annotations

import re
from typing import Iterable, Iterator, Sequence

from parca_scrape.cli.comparison import Row
from parca_scrape.cli.console import count, show
from parca_scrape.cli.diff import describe
from parca_scrape.migration.plan.addresses import Reach
from parca_scrape.migration.plan.charms import ENDPOINTS, NEW_ENDPOINTS, OPTIONS, PROFILES
from parca_scrape.migration.plan.continuity import PARCA_YAML, Entry
from parca_scrape.migration.plan.plan import ApplicationPlan, Plan, list_related
from parca_scrape.migration.plan.settings import DROPPED_KEYS, Fate
from parca_scrape.migration.plan.way import Step

# Nobody reads more.
MAX_ROWS = 1_000
RESOLVES = {Reach.NO: "no", Reach.UNKNOWN: "unknown", Reach.ADDRESS: "IP address"}
FATES = {
    Fate.GAINED: "gained",
    Fate.LOST: "lost",
    Fate.KEPT: "kept",
    Fate.ABSENT: "not set",
    Fate.UNKNOWN: "unknown",
}
# In Markdown, an underscore inside a word is only an underscore.
SPECIAL = re.compile(r"[\\`*\[<|]|\b_|_\b")


def write_plan(plan: Plan) -> str:
    """Return a plan as Markdown."""
    sections = (
        write_head(plan),
        write_applications(plan.applications),
        write_addresses(plan),
        write_settings(plan.applications),
        write_series(plan),
        write_steps(plan.steps),
        write_rest(plan),
        write_profiles(),
    )
    return "\n".join(line for section in sections for line in (*section, ""))


def write_head(plan: Plan) -> Iterator[str]:
    """Yield what the plan is for, and what to decide before the first step."""
    deployment = plan.deployment
    yield f"# From {code(deployment.parca)} to parca-k8s"
    yield ""
    yield (
        f"{code(deployment.parca_unit)} in the model {code(deployment.parca_model)} scrapes"
        f" {count(len(plan.applications), 'application')}. This plan moves"
        f" {'it' if len(plan.applications) == 1 else 'them'} to {code('parca-k8s')} in the"
        f" Kubernetes model {code(plan.way.target.address)}, with the commands of Juju"
        f" {plan.way.juju}. Both Parcas run side by side during the move."
    )
    yield ""
    yield from list_items(summarise(plan))
    yield ""
    yield "## Before you start"
    yield ""
    yield from list_items(plan.preparations)


def summarise(plan: Plan) -> Iterator[str]:
    """Yield the results, one line each."""
    yield f"Series: {plan.move.summary}."
    for fate in (Fate.GAINED, Fate.LOST):
        names = [
            code(application.provider.application)
            for application in plan.applications
            if fate in application.settings.values()
        ]
        if names:
            yield f"Settings {fate.value}: {', '.join(names)}."
    if plan.deployment.parca_charm == "parca-k8s":
        yield "The input is of parca-k8s, not of the machine charm: the paths in the steps differ."
    for warning in plan.move.warnings:
        yield f"Warning: {escape(warning)}."


def write_applications(applications: Sequence[ApplicationPlan]) -> Iterator[str]:
    """Yield the section on the applications."""
    yield "## Applications"
    yield ""
    yield from write_table(
        ("relation", "application", "model", "charm", "library", "evidence"),
        [
            (
                str(application.provider.relation.relation_id),
                code(application.provider.endpoint),
                code(application.provider.model),
                code(application.provider.charm),
                escape(application.library.name),
                escape(application.library.evidence),
            )
            for application in applications
        ],
    )


def write_addresses(plan: Plan) -> Iterator[str]:
    """Yield the section on the addresses."""
    yield "## Addresses"
    yield ""
    yield (
        "Does the new model resolve the hosts that the databags name? For those that are unknown,"
        f" deploy parca-k8s and run `{plan.way.new_unit} -- getent hosts HOST`."
    )
    yield ""
    yield from write_table(
        ("application", "published by", "host", "resolves", "reason"),
        [
            (
                code(application.provider.application),
                code(host.origin),
                code(host.name),
                RESOLVES[host.reach],
                host.reason,
            )
            for application in plan.applications
            for host in application.hosts
        ],
    )
    for application in plan.applications:
        if application.choices:
            yield ""
            yield f"Choices for {code(application.provider.application)}:"
            yield ""
            yield from list_items(map(escape, application.choices))


def write_settings(applications: Sequence[ApplicationPlan]) -> Iterator[str]:
    """Yield the section on the settings that old libraries drop."""
    yield "## Settings"
    yield ""
    yield (
        "The library of the machine charm drops these settings, so the old Parca scrapes https"
        " targets over http. Not set: the charm does not set it. Unknown: the setting is not in"
        " the databags. Either the charm does not set it, or an old library drops it; in the"
        " second case, it appears once the library is upgraded."
    )
    yield ""
    yield from write_table(
        ("application", *map(code, DROPPED_KEYS)),
        [
            (
                code(application.provider.application),
                *(FATES[application.settings[key]] for key in DROPPED_KEYS),
            )
            for application in applications
        ],
    )


def write_series(plan: Plan) -> Iterator[str]:
    """Yield the section on the series."""
    yield "## Series"
    yield ""
    source = (
        f"the {code(PARCA_YAML)} in place"
        if plan.move.before == PARCA_YAML
        else "what the library of the machine charm generates from the databags"
    )
    yield (
        f"Before: {source}. After: what parca-scrape generates from the databags in the new model."
        " A series goes on if its labels, including the job name, stay the same."
    )
    yield ""
    yield from write_table(
        ("change", "job", "target", "profiles", "details", "why", "what to do"),
        [write_entry(entry) for entry in plan.move.entries[:MAX_ROWS]],
    )
    if len(plan.move.entries) > MAX_ROWS:
        yield ""
        yield f"And {count(len(plan.move.entries) - MAX_ROWS, 'row')} more: see --format json."
    yield ""
    yield from write_reference(plan.move.reference_rows, plan.move.reference_failures)


def write_entry(entry: Entry) -> Sequence[str]:
    """Return a row of the table of series."""
    return (*write_row(entry.row), escape(entry.cause.why), escape(entry.cause.action))


def write_row(row: Row) -> Sequence[str]:
    """Return what becomes of series of one target."""
    return (
        row.change.value,
        code(row.series.job),
        code(row.series.address),
        "all" if row.is_whole else ", ".join(map(code, row.profiles)),
        escape(describe(row)),
    )


def write_reference(rows: Sequence[Row], failures: Sequence[str]) -> Iterator[str]:
    """Yield what differs if parca-k8s has the library that it was published with."""
    if not rows and not failures:
        yield (
            "With the charm library (up to LIBPATCH 6) instead of parca-scrape, parca-k8s has the"
            " same series."
        )
        return
    yield (
        "With the charm library (up to LIBPATCH 6) instead of parca-scrape, parca-k8s differs from"
        " what the table above has after the move:"
    )
    yield ""
    if failures:
        yield from list_items(map(escape, failures))
    if rows:
        yield from [""] if failures else []
        columns = ("change", "job", "target", "profiles", "details")
        yield from write_table(columns, [write_row(row) for row in rows[:MAX_ROWS]])


def write_steps(steps: Sequence[Step]) -> Iterator[str]:
    """Yield the section with the commands."""
    yield "## Steps"
    for number, step in enumerate(steps, start=1):
        yield ""
        yield f"### {number}. {step.title}"
        yield ""
        yield from write_commands(step.commands)
        if step.notes:
            yield ""
            yield from list_items(step.notes)
        yield ""
        yield f"Check: {step.expected}."
        if step.checks:
            yield ""
            yield from write_commands(step.checks)
        if step.undo:
            yield ""
            yield "To undo:"
            yield ""
            yield from write_commands(step.undo)


def write_rest(plan: Plan) -> Iterator[str]:
    """Yield the section on the rest of the machine charm."""
    yield "## Options and other endpoints"
    yield ""
    parts = [(option, "") for option in OPTIONS]
    for endpoint in ENDPOINTS:
        related = list_related(plan.deployment, endpoint.name)
        none = "nothing" if plan.deployment.shows_others else "not in the input"
        parts.append((endpoint, ", ".join(map(code, related)) or none))
    yield from write_table(
        ("name", "interface", "related now", "in parca-k8s"),
        [(code(part.name), code(part.interface), related, part.advice) for part, related in parts],
    )
    yield ""
    yield f"parca-k8s also has {NEW_ENDPOINTS}."


def write_profiles() -> Iterator[str]:
    """Yield the section on what the old Parca has stored."""
    yield "## Profiles that are stored"
    yield ""
    yield from list_items(PROFILES)


def write_commands(commands: Sequence[str]) -> Iterator[str]:
    """Yield a block of commands."""
    yield "```sh"
    yield from commands
    yield "```"


def write_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a table, whose cells are Markdown."""
    if not rows:
        yield "None."
        return
    for cells in (columns, ["---"] * len(columns), *rows):
        yield f"| {' | '.join(cells)} |"


def list_items(items: Iterable[str]) -> Iterator[str]:
    """Yield a list."""
    for item in items:
        yield f"- {item}"


def code(text: str) -> str:
    """Return text from a databag as code: nothing in it ends the code or the cell of a table."""
    shown = show(text).replace("`", "'").replace("|", "\\|")
    return f"`{shown}`" if shown else ""


def escape(text: str) -> str:
    """Return text as Markdown that shows it as it is."""
    return SPECIAL.sub(r"\\\g<0>", show(text))
