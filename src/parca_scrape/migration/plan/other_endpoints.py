"""The steps for the relations of the other endpoints of Parca."""

from __future__ import annotations

from typing import Iterator, List

from parca_scrape.migration.plan.deployment import Other
from parca_scrape.migration.plan.way import NEW_PARCA, Step, Way

STORE_ENDPOINT = "parca-store-endpoint"
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
    check = f"juju status -m {model} --relations"
    if other.endpoint in SWITCHED:
        yield Step(
            title=f"Remove {other.application} from {other.endpoint} of the old Parca",
            commands=(f"juju remove-relation -m {model} {old}",),
            checks=(check,),
            expected="the relation is gone: repeat the command until it is",
            undo=(f"juju integrate -m {model} {old}",),
            notes=("A charm takes one relation of this kind at a time.",),
        )
    yield Step(
        title=f"Relate {other.application} to {other.endpoint} of the new Parca",
        commands=(f"juju integrate -m {model} {new}",),
        checks=(check,),
        expected="the relation is listed without an error",
        undo=(f"juju remove-relation -m {model} {new}",),
    )


def move_across(way: Way, other: Other) -> Iterator[Step]:
    """Yield the step for an application in a third model, or in that of the new Parca."""
    model = way.target.address
    pair = f"APPLICATION:{other.related_endpoint} {NEW_PARCA}:{other.endpoint}"
    yield Step(
        title=f"Relate {other.application} to {other.endpoint} of the new Parca",
        commands=(f"juju integrate -m {model} {pair}",),
        checks=(f"juju status -m {model} --relations",),
        expected="the relation is listed without an error",
        undo=(f"juju remove-relation -m {model} {pair}",),
        notes=(
            f"{other.application} is in another model than the old Parca. APPLICATION is its name"
            f" in the model {model}: if it is not there, consume its offer there first, or offer"
            f" {other.endpoint} of parca-k8s under another name.",
        ),
    )
