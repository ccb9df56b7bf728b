"""The units of an application, by name, with the address at which Parca reaches each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Dict, Mapping, Union

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
        units: Dict[str, UnitDatabag] = {}
        for name, address in dict(self.hosts).items():
            try:
                units[name] = UnitDatabag(address, name)
            except InvalidJobError as error:
                raise InvalidJobError(f"hosts[{name!r}]", error.rule) from None
        pairs = [(name, units[name].address) for name in order_units(units)]
        object.__setattr__(self, "hosts", tuple((name, host) for name, host in pairs if host))
