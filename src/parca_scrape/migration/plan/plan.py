"""The plan of a move to parca-k8s, as a value and as JSON."""

from __future__ import annotations

from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence

from parca_scrape.cli.diff import encode_row
from parca_scrape.migration.plan.addresses import Host, Reach, list_choices, list_hosts
from parca_scrape.migration.plan.charms import ENDPOINTS, OPTIONS, PROFILES
from parca_scrape.migration.plan.continuity import PARCA_YAML, Entry, Move, follow_series
from parca_scrape.migration.plan.deployment import Deployment, Provider
from parca_scrape.migration.plan.preparations import list_preparations
from parca_scrape.migration.plan.settings import (
    Fate,
    Library,
    follow_settings,
    identify_library,
)
from parca_scrape.migration.plan.steps import list_steps
from parca_scrape.migration.plan.way import Forecast, Step, Way


class ApplicationPlan(NamedTuple):
    """What is to know about the move of one application."""

    provider: Provider
    library: Library
    settings: Mapping[str, Fate]
    hosts: Sequence[Host]
    choices: Sequence[str]
    """What can be done about hosts that do not resolve."""

    @property
    def is_lost(self) -> bool:
        """Whether a host cannot be found from the new model."""
        return any(host.reach is Reach.NO for host in self.hosts)


class Plan(NamedTuple):
    """A plan."""

    way: Way
    applications: Sequence[ApplicationPlan]
    move: Move
    preparations: Sequence[str]
    """What to decide and to know before the first step, as Markdown."""
    steps: Sequence[Step]

    @property
    def deployment(self) -> Deployment:
        """What is deployed now."""
        return self.way.deployment

    @property
    def needs_decisions(self) -> bool:
        """Whether a series is lost, a host cannot be found, or something is uncertain."""
        is_lost = any(application.is_lost for application in self.applications)
        return is_lost or self.move.is_loss or bool(self.move.warnings)


def make_plan(way: Way, scrape_configs: Optional[Sequence[object]]) -> Plan:
    """Return the plan for a deployment.

    Args:
        way: what the steps depend on.
        scrape_configs: those in the `parca.yaml` of the old Parca, if it is known.

    Raises:
        CommandError: the series cannot be compared.
    """
    move = follow_series(way.deployment.providers, scrape_configs, way.target)
    applications: List[ApplicationPlan] = []
    for provider in way.deployment.providers:
        library = identify_library(provider.relation)
        relation_id = provider.relation.relation_id
        hosts = list_hosts(provider.relation)
        applications.append(
            ApplicationPlan(
                provider=provider,
                library=library,
                settings=follow_settings(
                    move.old_settings.get(relation_id, set()),
                    move.new_settings.get(relation_id, set()),
                    library,
                ),
                hosts=hosts,
                choices=list_choices(hosts),
            )
        )
    blocked = [application.provider for application in applications if application.is_lost]
    forecast = Forecast(
        blocked=frozenset(provider.relation.relation_id for provider in blocked),
        summary=move.summary,
        is_of_parca_yaml=move.before == PARCA_YAML,
    )
    names = [provider.application for provider in blocked]
    return Plan(
        way=way,
        applications=applications,
        move=move,
        preparations=list(list_preparations(way, names, is_loss=move.is_loss)),
        steps=list_steps(way, forecast),
    )


def encode_plan(plan: Plan) -> Dict[str, object]:
    """Return a plan for JSON."""
    deployment = plan.deployment
    return {
        "parca": {
            "unit": deployment.parca_unit,
            "charm": deployment.parca_charm,
            "model": deployment.parca_model,
        },
        "target_model": plan.way.target.address,
        "juju": plan.way.juju,
        "applications": [encode_application(application) for application in plan.applications],
        "series": {
            "before": plan.move.before,
            "counts": {change.name.lower(): number for change, number in plan.move.counts.items()},
            "targets": [encode_entry(entry) for entry in plan.move.entries],
        },
        "reference_library": {
            "failures": list(plan.move.reference_failures),
            "targets": [encode_row(row) for row in plan.move.reference_rows],
        },
        "preparations": list(plan.preparations),
        "steps": [step._asdict() for step in plan.steps],
        "options": [{"name": option.name, "advice": option.advice} for option in OPTIONS],
        "endpoints": [
            {
                "name": endpoint.name,
                "interface": endpoint.interface,
                "related": list_related(deployment, endpoint.name),
                "advice": endpoint.advice,
            }
            for endpoint in ENDPOINTS
        ],
        "profiles": list(PROFILES),
        "warnings": list(plan.move.warnings),
    }


def encode_application(application: ApplicationPlan) -> Dict[str, object]:
    """Return what is to know about an application for JSON."""
    provider = application.provider
    return {
        "relation_id": provider.relation.relation_id,
        "application": provider.application,
        "endpoint": provider.relation.related_endpoint,
        "model": provider.model,
        "charm": provider.charm,
        "is_cross_model": provider.is_cross_model,
        "library": application.library._asdict(),
        "settings": {key: fate.value for key, fate in application.settings.items()},
        "hosts": [{**host._asdict(), "reach": host.reach.value} for host in application.hosts],
        "choices": list(application.choices),
    }


def encode_entry(entry: Entry) -> Dict[str, object]:
    """Return what becomes of series for JSON."""
    return {**encode_row(entry.row), **entry.cause._asdict()}


def list_related(deployment: Deployment, endpoint: str) -> List[str]:
    """Return the applications that are related to an endpoint of Parca, each with its own."""
    return [
        f"{other.application}:{other.related_endpoint}"
        for other in deployment.others
        if other.endpoint == endpoint
    ]
