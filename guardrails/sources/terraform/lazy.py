"""Values that are evaluated only as far as one looks into them, and unknown values of a known type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from guardrails.model import Ref, Symbolic, UnknownValue, Value
from guardrails.sources.terraform.types import EvaluationError, Type

if TYPE_CHECKING:
    from guardrails.sources.terraform.scope import Scope
    from guardrails.sources.terraform.syntax import Attribute


class Lazy:
    """A resource, a module, or the instances of one: it becomes a `Value` when it is used as a whole."""

    __slots__ = ()

    def attribute(self, name: str) -> Partial:
        """What `.name` gives. Raises `EvaluationError`."""
        raise NotImplementedError

    def element(self, key: Value) -> Partial:
        """What `[key]` gives. Raises `EvaluationError`."""
        raise NotImplementedError

    def elements(self) -> Iterable[tuple[Value, Partial]] | None:
        """Key and value of each of its elements, or None for a single object."""
        raise NotImplementedError

    def items(self) -> list[Partial] | None:
        """What a splat goes through, or None if it takes this as its only element."""
        raise NotImplementedError

    def force(self) -> Value:
        """The whole value."""
        raise NotImplementedError


Partial = Value | Lazy


class Computed(UnknownValue, frozen=True):
    """An unknown value whose type is known, so that what is inside of it can be named."""

    type: Type = "dynamic"


def force(value: Partial) -> Value:
    """The whole value of what may have been looked at in part."""
    return value.force() if isinstance(value, Lazy) else value


def computed(address: str, attribute: str, type_: Type) -> Symbolic | Computed:
    """What stands for an attribute that is known after apply."""
    ref = Ref(address, attribute)
    if type_ == "string":
        return Symbolic(ref)
    return Computed("known after apply", (ref,), False, type_)


def inside(value: Computed, step: str | int) -> Value:
    """The unknown value inside an unknown value."""
    inner: Type = "dynamic"
    match value.type:
        case ["object", Mapping() as attributes, *_]:
            inner = attributes.get(str(step), "dynamic")
        case ["list" | "set" | "map", element]:
            inner = element
        case ["tuple", Sequence() as elements] if isinstance(step, int) and -1 < step < len(elements):
            inner = elements[step]
    ref = value.refs[0]
    return computed(ref.address, f"{ref.attribute}.{step}" if ref.attribute else str(step), inner)


class Fields(Lazy):
    """The object behind `each`, `count` or the iterator of a dynamic block."""

    __slots__ = ("fields", "origin")

    def __init__(self, **fields: Partial) -> None:
        self.fields = fields
        self.origin: tuple[Attribute, Scope, Value] | None = None
        """The `for_each` that it is an element of, the scope of that, and the element's key."""

    def came_from(self, attribute: Attribute, scope: Scope, key: Value) -> Fields:
        """Note where it came from."""
        self.origin = attribute, scope, key
        return self

    def attribute(self, name: str) -> Partial:
        """See `Lazy.attribute`."""
        if name in self.fields:
            return self.fields[name]
        raise EvaluationError(f'there is no attribute "{name}", only {" and ".join(self.fields)}')

    def element(self, key: Value) -> Partial:
        """See `Lazy.element`."""
        if isinstance(key, str) and key in self.fields:
            return self.fields[key]
        raise EvaluationError(f"there is no attribute {key!r}, only {' and '.join(self.fields)}")

    def elements(self) -> None:
        """See `Lazy.elements`."""
        return

    def items(self) -> None:
        """See `Lazy.items`."""
        return

    def force(self) -> Value:
        """See `Lazy.force`."""
        return {name: force(value) for name, value in self.fields.items()}
