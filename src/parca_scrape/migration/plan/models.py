"""The model that parca-k8s is deployed in, as Juju's commands name it."""

from __future__ import annotations

import re
from typing import NamedTuple

from parca_scrape.cli.console import CommandError, show

# Juju: `names.IsValidModelName`; a qualifier is the name of a user.
MODEL = re.compile(
    r"(?:(?P<controller>[A-Za-z0-9][\w.-]*):)?"
    r"(?:(?P<qualifier>[A-Za-z0-9][\w.@+-]*)/)?"
    r"(?P<name>[a-z0-9][a-z0-9-]*)",
    re.ASCII,
)


class Model(NamedTuple):
    """A model, with what Juju needs to find it."""

    name: str
    controller: str = ""
    """Empty for the current controller."""
    qualifier: str = ""
    """Up to Juju 3 the owner; empty for the current user."""

    @classmethod
    def parse(cls, text: str) -> Model:
        """Return the model that an argument names.

        Raises:
            CommandError: it is not the name of a model.
        """
        match = MODEL.fullmatch(text)
        if match is None:
            raise CommandError(
                f"--target-model: {show(text)}: expected MODEL, USER/MODEL or"
                " CONTROLLER:USER/MODEL"
            )
        return cls(
            name=match.group("name"),
            controller=match.group("controller") or "",
            qualifier=match.group("qualifier") or "",
        )

    @property
    def path(self) -> str:
        """The model on its controller."""
        return "/".join(filter(None, [self.qualifier, self.name]))

    @property
    def address(self) -> str:
        """The model as the option `-m` takes it."""
        return ":".join(filter(None, [self.controller, self.path]))

    @property
    def controller_option(self) -> str:
        """The option that names the controller, for commands without `-m`."""
        return f" -c {self.controller}" if self.controller else ""
