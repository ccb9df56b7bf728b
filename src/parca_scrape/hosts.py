"""The addresses of the units of an application, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, List, Mapping, Tuple, Union

from parca_scrape._getters import Pairs
from parca_scrape.databag import UnitDatabag, order_units
from parca_scrape.problems import InvalidJobError


@dataclass(frozen=True)
class HostMap:
    """Pairs of a unit's name and its address, in the order of unit numbers.

    Raises:
        InvalidJobError: an address is not a host.
    """

    hosts: Pairs = ()

    if TYPE_CHECKING:  # `__post_init__` makes the field of what may be given for it.

        def __init__(self, hosts: Union[Mapping[str, str], Pairs] = ()) -> None: ...

    def __post_init__(self) -> None:
        """Check and normalise the fields."""
        given = dict(self.hosts)
        hosts: List[Tuple[str, str]] = []
        for name in order_units(given):
            try:
                hosts.append((name, UnitDatabag(address=given[name], name=name).address))
            except InvalidJobError as error:
                raise InvalidJobError(f"hosts[{name!r}]", error.rule) from None
        object.__setattr__(self, "hosts", tuple((name, host) for name, host in hosts if host))
