"""Run the script of `parca-scrape collect` on a unit, through Juju's own command line."""

from __future__ import annotations

import re
from typing import Optional

from parca_scrape.cli.collect import make_script
from parca_scrape.cli.console import CommandError, show

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
            reason = join_lines(error.stderr or error.stdout) or f"exit code {error.returncode}"
            failure = f"juju {command} failed: {reason}"
            if not UNKNOWN_COMMAND.search(error.stderr or ""):
                break
        except (OSError, ValueError) as error:
            raise CommandError(f"--live cannot run juju: {join_lines(str(error))}") from None
    raise CommandError(failure)


def join_lines(output: Optional[str]) -> str:
    """Return what a command printed as one line of printable text."""
    return show(" ".join((output or "").split()))
