"""Probe of juju-doctor: what is wrong in the relations of every Parca charm.

It needs parca-scrape in the environment of juju-doctor; see README.md in this folder.
"""

from __future__ import annotations

from typing import Dict

from rich.markup import escape

HOW_TO_INSTALL = (
    "parca-scrape is missing or too old where juju-doctor is installed: run uv tool install"
    " juju-doctor --with parca-scrape, or pip install --upgrade parca-scrape in its environment"
)


def show_unit(
    juju_show_units: Dict[str, object],
    endpoint: str = "profiling-endpoint",
    strict: bool = False,
) -> None:
    """Check the relations of the Parca charms of each model.

    Args:
        juju_show_units: the output of `juju show-unit`, by the name of the model or of the file.
        endpoint: the endpoint of the Parca charms.
        strict: whether warnings fail the probe, too.

    Raises:
        AssertionError: there are errors; the message has a line for each problem.
        ImportError: parca-scrape is not installed, or too old.
    """
    try:
        from parca_scrape.cli.models import check_models
    except ImportError:
        raise ImportError(HOW_TO_INSTALL) from None

    models = check_models(juju_show_units, endpoint)
    found = [(model, problem) for model, problems in models.items() for problem in problems]
    if any(strict or problem.severity == "error" for _, problem in found):
        lines = [
            f"problems found: {len(found)}",
            *(f"{model}: {problem}" for model, problem in found),
        ]
        # juju-doctor reads the message as the markup of rich.
        raise AssertionError(escape("\n".join(lines)))
