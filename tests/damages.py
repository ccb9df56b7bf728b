"""Every way in which JSON and text allow a databag to be wrong."""

from __future__ import annotations

import dataclasses
from typing import Callable, List, Tuple, Union

from hypothesis import strategies as st

from tests.poisons import (
    JUNK_TEXTS,
    NEW_KEYS,
    ODD_APPLICATIONS,
    ODD_UNITS,
    POISONS,
    TEXTS,
    TYPES,
    UNIT_POISONS,
)
from tests.strategies import CERTIFICATE, KEY, Json, Object, Remote, good_remotes, write

Place = Tuple[Union[str, int], ...]

junk = st.recursive(
    st.sampled_from((*TYPES, *TEXTS)) | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.just("targets"), children, max_size=3)
    ),
    max_leaves=6,
)


def list_places(value: Json, kind: str, place: Place = ()) -> List[Tuple[Place, str]]:
    """Return all places in JSON, each with the kind of field there."""
    places = [(place, kind)]
    if isinstance(value, dict):
        for key, element in value.items():
            is_open = kind in ("labels", "pprof_config")
            inner = f"{kind}{{}}" if is_open and key != "__scheme__" else key
            places += list_places(element, inner, (*place, key))
    elif isinstance(value, list):
        for index, element in enumerate(value):
            places += list_places(element, f"{kind}[]", (*place, index))
    return places


def change(value: Json, place: Place, how: Callable[[Json], Json]) -> Json:
    """Return a copy of JSON with another value at a place."""
    if not place:
        return how(value)
    if isinstance(value, dict):
        key = str(place[0])
        return {**value, key: change(value.get(key), place[1:], how)}
    if isinstance(value, list):
        index = int(place[0])
        return [*value[:index], change(value[index], place[1:], how), *value[index + 1 :]]
    raise TypeError(place)


def remove(value: Json, place: Place) -> Json:
    """Return a copy of JSON without the value at a place."""

    def without(parent: Json) -> Json:
        if isinstance(parent, dict):
            return {key: element for key, element in parent.items() if key != place[-1]}
        if isinstance(parent, list):
            return [element for index, element in enumerate(parent) if index != place[-1]]
        raise TypeError(place)

    return change(value, place[:-1], without)


@st.composite
def damage_json(draw: st.DrawFn, value: Json, kind: str) -> Tuple[Json, Place]:
    """Return JSON with one place replaced, removed or added, and that place."""
    place, found = draw(st.sampled_from(list_places(value, kind)))
    action = draw(st.sampled_from(("poison", "poison", "junk", "insert", "remove")))
    if action == "remove" and place:
        return remove(value, place), place
    new_keys = NEW_KEYS.get(found, ("x", "unit", "model", "charm_name", "ü", "\ud800"))
    if action == "insert":
        return draw(insert(value, place, found, new_keys))
    poison = POISONS.get(found)
    candidates = st.sampled_from((*poison, *TYPES, *TEXTS)) if poison else junk
    new = draw(candidates if action == "poison" else junk)
    return change(value, place, lambda _: new), place


@st.composite
def insert(
    draw: st.DrawFn, value: Json, place: Place, kind: str, keys: Tuple[str, ...]
) -> Tuple[Json, Place]:
    """Return JSON with one more key or element in the object or list at a place."""
    parent: List[Json] = [value]
    for step in place:
        inner = parent[0]
        if isinstance(inner, dict):
            parent[0] = inner[str(step)]
        elif isinstance(inner, list):
            parent[0] = inner[int(step)]
    container = parent[0]
    if isinstance(container, list):
        again: Json = draw(st.sampled_from(container)) if container else None
        element = draw(st.sampled_from((again, *POISONS.get(f"{kind}[]", TYPES))))
        return change(value, place, lambda _: [*container, element]), (*place, len(container))
    key = draw(st.sampled_from(keys))
    element = draw(st.sampled_from((*POISONS.get(key, TEXTS), *POISONS.get(f"{kind}{{}}", TYPES))))
    if not isinstance(container, dict):
        return change(value, place, lambda _: {key: element}), place
    marked = key if key not in container or draw(st.booleans()) else f"@again@{key}"
    changed: Object = {**container, marked: element}
    return change(value, place, lambda _: changed), (*place, key)


@st.composite
def damage_jobs(draw: st.DrawFn, remote: Remote) -> Tuple[Remote, Place]:
    """Damage one place of the scrape jobs."""
    jobs, place = draw(damage_json(remote.jobs, "jobs"))
    return dataclasses.replace(remote, jobs=jobs), ("scrape_jobs", *place)


@st.composite
def damage_metadata(draw: st.DrawFn, remote: Remote) -> Tuple[Remote, Place]:
    """Damage one place of the metadata."""
    metadata, place = draw(damage_json(remote.metadata, "metadata"))
    return dataclasses.replace(remote, metadata=metadata), ("scrape_metadata", *place)


@st.composite
def damage_unit(draw: st.DrawFn, remote: Remote) -> Tuple[Remote, Place]:
    """Damage one value in the databag of one unit."""
    index = draw(st.integers(0, len(remote.units) - 1))
    name, databag = remote.units[index]
    key = draw(st.sampled_from(tuple(UNIT_POISONS)))
    damaged = {**dict(databag), key: draw(st.sampled_from(UNIT_POISONS[key]) | st.text())}
    units = (*remote.units[:index], (name, tuple(damaged.items())), *remote.units[index + 1 :])
    return dataclasses.replace(remote, units=units), ("units", index, key)


@st.composite
def damage_text(draw: st.DrawFn, remote: Remote) -> Tuple[Remote, Place]:
    """Damage the text of the application databag, but not inside of PEM text.

    Nobody before Go notices when base64 becomes other base64.
    """
    key = draw(st.sampled_from(("scrape_jobs", "scrape_metadata")))
    text = write(remote.jobs if key == "scrape_jobs" else remote.metadata)
    pems = {"<certificate>": write(CERTIFICATE)[1:-1], "<key>": write(KEY)[1:-1]}
    for short, pem in pems.items():
        text = text.replace(pem, short)
    at = draw(st.integers(0, len(text)))
    cut = at + draw(st.integers(0, 3))
    new = draw(
        st.sampled_from((*JUNK_TEXTS, text[:at], text[at:], text[:at] + text[cut:], text + text))
        | st.text(max_size=3).map(lambda middle: text[:at] + middle + text[cut:])
    )
    for short, pem in pems.items():
        new = new.replace(short, pem)
    return dataclasses.replace(remote, texts=(*remote.texts, (key, new))), (key,)


@st.composite
def damage_names(draw: st.DrawFn, remote: Remote) -> Tuple[Remote, Place]:
    """Give application and units names that Juju would not give."""
    names = draw(
        st.lists(
            st.sampled_from(ODD_UNITS),
            min_size=len(remote.units),
            max_size=len(remote.units),
            unique=True,
        )
    )
    units = tuple((name, databag) for name, (_, databag) in zip(names, remote.units))
    application = draw(st.sampled_from(ODD_APPLICATIONS))
    return dataclasses.replace(remote, application=application, units=units), ("names",)


damaged_places = (damage_jobs, damage_jobs, damage_jobs, damage_metadata, damage_unit)


@st.composite
def damaged_remotes(draw: st.DrawFn, odd_names: bool = True) -> Remote:
    """Return an application with up to four damages of any kind."""
    remote = draw(good_remotes())
    damages = [*damaged_places, damage_text] + [damage_names] * odd_names
    for damage in draw(st.lists(st.sampled_from(damages), min_size=1, max_size=4)):
        remote, _ = draw(damage(remote))
    return remote
