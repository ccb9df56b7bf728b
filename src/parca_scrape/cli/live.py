"""Runs the script of `parca-scrape collect` on a unit, through Juju's own command line."""

from __future__ import annotations

import re
from typing import Optional

from parca_scrape.cli.collect import make_script
from parca_scrape.cli.console import CommandError
from parca_scrape.cli.hook_output import quote

# Since Juju 3, `exec` runs a script, and `run` an action.
SCRIPT_COMMANDS = ("exec", "run")
UNKNOWN_COMMAND = re.compile("not a juju command|unrecognized command", re.IGNORECASE)


def run_script(unit: str, endpoint: str, model: Optional[str]) -> str:
    """Return what Juju prints when the script has run on a unit.

    Args:
        unit: the unit of Parca, such as `parca/0` or `parca/leader`.
        endpoint: the endpoint of the Parca charm.
        model: the model of the unit; None for the current one.

    Raises:
        CommandError: jubilant or Juju is not installed, or Juju could not run the script.
    """
    try:
        import jubilant
    except ImportError:
        raise CommandError("--live needs jubilant: install parca-scrape[live]") from None
    script = make_script(endpoint)
    juju = jubilant.Juju(model=model)
    failure = ""
    for command in SCRIPT_COMMANDS:
        try:
            return juju.cli(command, "--format", "json", "--unit", unit, "--", script)
        except jubilant.CLIError as error:
            reason = explain(error.stderr or error.stdout, error.returncode)
            failure = f"juju {command} failed: {reason}"
            if not UNKNOWN_COMMAND.search(error.stderr or ""):
                break
        except (OSError, ValueError) as error:
            raise CommandError(f"--live cannot run juju: {explain(str(error))}") from None
    raise CommandError(failure)


def explain(output: Optional[str], exit_code: int = 1) -> str:
    """Return what a command printed as one line of printable ASCII."""
    text = " ".join((output or "").split())
    return quote(text) or f"exit code {exit_code}"
