"""The steps for the relations of the other endpoints of Parca."""

from __future__ import annotations

from typing import Iterator, List, Tuple

from parca_scrape.migration.plan.deployment import Other
from parca_scrape.migration.plan.way import NEW_PARCA, Step, Way

STORE_ENDPOINT = "parca-store-endpoint"
LISTED = "the relation is listed without an error"
# A charm takes one relation of these at a time.
SWITCHED = (STORE_ENDPOINT, f"external-{STORE_ENDPOINT}")


def list_other_steps(way: Way) -> List[Step]:
    """Return the steps, in order."""
    others = way.deployment.others
    steps: List[Step] = []
    if any(other.endpoint == STORE_ENDPOINT for other in others):
        steps.append(give_ingress(way))
    for other in others:
        steps += move_across(way, other) if other.is_cross_model else move(way, other)
    return steps


def give_ingress(way: Way) -> Step:
    """Return the step that lets agents outside the cluster reach the new Parca."""
    model = way.target.address
    return Step(
        title="Give parca-k8s an ingress",
        commands=(f"juju integrate -m {model} {NEW_PARCA}:ingress TRAEFIK:traefik-route",),
        checks=(f"juju run -m {model} {NEW_PARCA}/0 list-endpoints",),
        expected="the result has an ingressed-grpc-url",
        undo=(f"juju remove-relation -m {model} {NEW_PARCA}:ingress TRAEFIK:traefik-route",),
        notes=(
            "TRAEFIK is an application of traefik-k8s in the model. Without an ingress, parca-k8s"
            " publishes the name of its pod, which machines do not resolve.",
        ),
    )


def move(way: Way, other: Other) -> Iterator[Step]:
    """Yield the steps for an application in the model of the old Parca."""
    model = way.deployment.parca_model
    related = f"{other.application}:{other.related_endpoint}"
    old = f"{related} {way.deployment.parca}:{other.endpoint}"
    new = f"{related} {way.saas}:{other.endpoint}"
    if other.endpoint in SWITCHED:
        yield leave(way, other, old, f"juju integrate -m {model} {old}")
    notes: Tuple[str, ...] = ()
    if way.juju == 4:
        # Its show-unit does not say which relations are cross-model.
        notes = (
            f"If `juju status -m {model}` lists {other.application} in the section SAAS, relate"
            " its application to parca-k8s in its own model instead.",
        )
    yield Step(
        title=f"Relate {other.application} to {other.endpoint} of the new Parca",
        commands=(f"juju integrate -m {model} {new}",),
        checks=(f"juju status -m {model} --relations",),
        expected=LISTED,
        undo=(f"juju remove-relation -m {model} {new}",),
        notes=notes,
    )


def move_across(way: Way, other: Other) -> Iterator[Step]:
    """Yield the steps for an application in another model than the old Parca."""
    if other.endpoint in SWITCHED:
        again = f"juju integrate -m OLD-MODEL APPLICATION:{other.related_endpoint} OLD-SAAS"
        if not other.is_offered_to:
            pair = f"{other.application}:{other.related_endpoint}"
            again = f"juju integrate -m {way.deployment.parca_model} {pair} {way.deployment.parca}"
        yield leave(way, other, str(other.relation_id), f"{again}:{other.endpoint}")
    if other.is_offered_to:
        model, saas = "OLD-MODEL", way.saas
        commands: Tuple[str, ...] = (f"juju consume -m {model} {way.offer_url} {saas}",)
        note = (
            "The application is in a model that uses an offer of the old Parca:"
            f" `juju offers -m {way.deployment.parca_model}` shows it. OLD-MODEL is that model,"
            " and APPLICATION the name of the application there. Skip the first command if the"
            " model has consumed the new offer already."
        )
    else:
        model, saas, commands = way.target.address, NEW_PARCA, ()
        note = (
            f"{other.application} is in another model than the old Parca. APPLICATION is its name"
            f" in the model {model}: if it is not there, consume its offer there first."
        )
    pair = f"APPLICATION:{other.related_endpoint} {saas}:{other.endpoint}"
    yield Step(
        title=f"Relate {name(other)} to {other.endpoint} of the new Parca",
        commands=(*commands, f"juju integrate -m {model} {pair}"),
        checks=(f"juju status -m {model} --relations",),
        expected=LISTED,
        undo=(f"juju remove-relation -m {model} {pair}",),
        notes=(note,),
    )


def leave(way: Way, other: Other, relation: str, undo: str) -> Step:
    """Return the step that ends the relation to the old Parca."""
    model = way.deployment.parca_model
    return Step(
        title=f"Remove {name(other)} from {other.endpoint} of the old Parca",
        commands=(f"juju remove-relation -m {model} {relation}",),
        checks=(f"juju status -m {model} --relations",),
        expected="the relation is gone: repeat the command until it is",
        undo=(undo,),
        notes=("A charm takes one relation of this kind at a time.",),
    )


def name(other: Other) -> str:
    """Return what an application is called in a title."""
    return f"relation {other.relation_id}" if other.is_offered_to else other.application
