"""The units of an application, by name, with the address at which Parca reaches each."""

from __future__ import annotations

from typing import Dict, Iterable, List, Mapping, Tuple, Union

from parca_scrape._getters import UTF8_RULE, Pairs
from parca_scrape._rules import is_utf8, replace_surrogates
from parca_scrape.databag import UNIT_ADDRESS_KEY, UNIT_NAME_KEY
from parca_scrape.frozen import dataclass
from parca_scrape.problems import InvalidJobError, Problem
from parca_scrape.targets import ADDRESS_RULE, parse_host

# More digits than any unit has: Python reads long ones slowly, or not at all.
MAX_NUMBER_LENGTH = 18
SHARED_NAME_RULE = "another unit says that it has this name: known by its name in Juju instead"
TAKEN_NAME_RULE = "another unit says that it has this unit's name: not scraped"


@dataclass(frozen=True, init=False)
class HostMap:
    """Pairs of a unit's name and its address, in the order of unit numbers."""

    hosts: Pairs

    def __init__(self, hosts: Union[Mapping[str, str], Pairs] = ()) -> None:
        """Check and order the addresses.

        Raises:
            InvalidJobError: an address is no host.
        """
        units = [(unit_name, address, "") for unit_name, address in dict(hosts).items()]
        checked, problems = HostMap.decode(units)
        for problem in problems:
            raise InvalidJobError(f"hosts[{problem.unit!r}]", problem.message)
        self.__dict__.update(checked.__dict__)

    @classmethod
    def decode(
        cls, units: Iterable[Tuple[str, str, str]], address_key: str = UNIT_ADDRESS_KEY
    ) -> Tuple[HostMap, List[Problem]]:
        """Do what `decode_hosts` does."""
        hosts, problems = decode_hosts(units, address_key)
        host_map = cls.__new__(cls)
        host_map.__dict__["hosts"] = tuple(hosts.items())
        return host_map, problems


def decode_hosts(
    units: Iterable[Tuple[str, str, str]], address_key: str
) -> Tuple[Dict[str, str], List[Problem]]:
    """Order the units of a relation, and leave out those without an address.

    Args:
        units: for each unit its name in Juju, the text of its address, and the name that it
            published; both texts may be empty.
        address_key: the key in the unit databag that the address is from.

    Returns:
        The address of each unit; and what is wrong with a unit that is not among them, or is not
        by the name that it published.
    """
    problems: List[Problem] = []
    hosts: Dict[str, str] = {}
    for unit_name, address, published_name in sorted(units, key=unit_number):
        if not address:
            continue
        host = parse_host(address)
        if host is None:
            problems.append(Problem("error", address_key, ADDRESS_RULE, unit=unit_name))
            continue
        name = published_name or unit_name
        if not (name.isascii() or is_utf8(name)):
            problems.append(Problem("warning", UNIT_NAME_KEY, UTF8_RULE, unit=unit_name))
            name = replace_surrogates(name)
        if name in hosts:
            if unit_name in hosts:
                problems.append(Problem("error", UNIT_NAME_KEY, TAKEN_NAME_RULE, unit=unit_name))
                continue
            problems.append(Problem("warning", UNIT_NAME_KEY, SHARED_NAME_RULE, unit=unit_name))
            name = unit_name
        hosts[name] = host
    return hosts, problems


def unit_number(unit: Tuple[str, str, str]) -> int:
    """Give the number in a unit's name in Juju; -1 for a name that Juju does not give."""
    number = unit[0].rpartition("/")[2]
    is_number = number.isdecimal() and len(number) <= MAX_NUMBER_LENGTH
    return int(number) if is_number else -1
