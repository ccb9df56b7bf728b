"""The units of an application, by name, with the address at which Parca reaches each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Dict, Iterable, List, Mapping, Tuple, Union

from parca_scrape._getters import Pairs
from parca_scrape._rules import replace_surrogates
from parca_scrape.databag import UNIT_NAME_KEY, UnitDatabag
from parca_scrape.problems import InvalidJobError, Problem

# More digits than any unit has: Python reads long ones slowly, or not at all.
MAX_NUMBER_LENGTH = 18
SHARED_NAME_RULE = "another unit published the same name; using the Juju unit name"
TAKEN_NAME_RULE = "another unit published this unit's name; the unit is not scraped"


@dataclass(frozen=True)
class HostMap:
    """Pairs of a unit's name and its address, in the order of unit numbers.

    Raises:
        InvalidJobError: an address is no host.
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


def name_hosts(units: Mapping[str, UnitDatabag]) -> Tuple[Dict[str, str], List[Problem]]:
    """Return the address of each unit that has one, by a name of its own, in the order given.

    A unit goes by the name that it published, else by its name in Juju.
    """
    hosts: Dict[str, str] = {}
    problems: List[Problem] = []
    for juju_name, unit in units.items():
        if not unit.address:
            continue
        name = unit.name or replace_surrogates(juju_name)
        if name in hosts:
            if juju_name in hosts:
                problems.append(Problem("error", UNIT_NAME_KEY, TAKEN_NAME_RULE, unit=juju_name))
                continue
            problems.append(Problem("warning", UNIT_NAME_KEY, SHARED_NAME_RULE, unit=juju_name))
            name = replace_surrogates(juju_name)
        hosts[name] = unit.address
    return hosts, problems


def order_units(names: Iterable[str]) -> List[str]:
    """Return the names that units have in Juju in the order of their numbers."""
    return sorted(names, key=unit_number)


def unit_number(name: str) -> int:
    """Return the number in a unit's name in Juju; -1 for a name that Juju does not use."""
    number = name.rpartition("/")[2]
    is_number = number.isdecimal() and len(number) <= MAX_NUMBER_LENGTH
    return int(number) if is_number else -1
