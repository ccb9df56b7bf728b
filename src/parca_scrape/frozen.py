"""Frozen dataclasses that cost little to define.

Every hook of every charm defines its classes anew, and `dataclasses` compiles up to six methods
for each. Here they share those that need not differ.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Callable, NoReturn, Tuple, Type, TypeVar

T = TypeVar("T")

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass

    from _typeshed import DataclassInstance
else:

    def dataclass(*, frozen: bool, init: bool = True) -> Callable[[Type[T]], Type[T]]:
        """Make a frozen dataclass, as `dataclasses.dataclass` does.

        Args:
            frozen: true; it is here for type checkers.
            init: whether to make an `__init__`; a class with one of its own fills its `__dict__`.
        """

        def decorate(cls: Type[T]) -> Type[T]:
            cls = dataclasses.dataclass(init=init, frozen=init, repr=False, eq=False)(cls)
            cls.__eq__ = is_equal
            cls.__hash__ = hash_fields
            cls.__repr__ = show_fields
            cls.__setattr__ = refuse_change
            cls.__delattr__ = refuse_change
            return cls

        return decorate


def compared_fields(instance: DataclassInstance) -> Tuple[object, ...]:
    """Give the values that make two instances equal."""
    fields = dataclasses.fields(instance)
    return tuple(getattr(instance, field.name) for field in fields if field.compare)


def is_equal(instance: DataclassInstance, other: object) -> object:
    """Compare an instance with another of the same class."""
    if not isinstance(other, instance.__class__):
        return NotImplemented
    return compared_fields(instance) == compared_fields(other)


def hash_fields(instance: DataclassInstance) -> int:
    """Hash what makes two instances equal."""
    return hash(compared_fields(instance))


def show_fields(instance: DataclassInstance) -> str:
    """Write an instance as the call that makes it, without the fields that stay out of it."""
    fields = [field for field in dataclasses.fields(instance) if field.repr]
    values = ", ".join(f"{field.name}={getattr(instance, field.name)!r}" for field in fields)
    return f"{instance.__class__.__qualname__}({values})"


def refuse_change(_: object, name: str, *__: object) -> NoReturn:
    """Keep an instance as it was made.

    Raises:
        dataclasses.FrozenInstanceError: always.
    """
    raise dataclasses.FrozenInstanceError(f"cannot change field {name!r}")
