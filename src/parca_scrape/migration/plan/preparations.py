"""What to decide and to know before the first step."""

from __future__ import annotations

from typing import Iterator, Sequence

from parca_scrape.migration.plan.way import Way


def list_preparations(way: Way, blocked: Sequence[str], *, is_loss: bool) -> Iterator[str]:
    """Yield the preparations, as Markdown.

    Args:
        way: what the steps depend on.
        blocked: the applications with hosts that do not resolve.
        is_loss: whether a series breaks or ends.
    """
    target, model = way.target.address, way.deployment.parca_model
    if blocked:
        names = ", ".join(f"`{name}`" for name in blocked)
        yield (
            "Decide what to do about addresses that do not resolve from the new model:"
            f" {names} (section Addresses)."
        )
    if is_loss:
        yield "Decide what to do about series that break or end (section Series)."
    if target == model:
        yield (
            f"The old Parca is in a model of the same name as the new one, `{target}`. Pass the"
            " Kubernetes model with --target-model, as CONTROLLER:USER/MODEL if it has this name."
        )
    yield (
        "Replace the words in capitals in the commands, such as `CHANNEL`: the input does not have"
        " their values."
    )
    yield (
        "Run the steps in order, and check each before the next. To go back, undo them in reverse"
        " order."
    )
    if way.target.controller:
        yield (
            f"The commands for models other than `{target}` are for the current controller: see"
            " `juju switch`."
        )
    yield (
        "Both Parcas scrape an application from the step that relates it to the new one until the"
        " old one stops. A Go program records one CPU profile at a time: meanwhile, each Parca can"
        " miss CPU profiles, and the profile process_cpu can fail."
    )
    yield (
        "If there is a firewall between the models, Juju opens the ports of a charm for the egress"
        " addresses of the new model. If its pods leave the cluster through NAT, set"
        f" these addresses: `juju model-config -m {target} egress-subnets=CIDR`."
    )
    yield (
        "If a charm limits its endpoint to one relation, Juju refuses the second one. In that"
        f" case, first remove the relation in the model `{model}`, as a later step does."
    )
