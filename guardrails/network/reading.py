"""Reading links and lists of a design without ever failing: what is not known comes with its reason."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from guardrails.model import Block, Model, Resource, Symbolic, Unknown, UnknownValue, Value, reveal
from guardrails.network.addresses import NOWHERE, AddressSet
from guardrails.network.topology import Ternary


class Link(Struct, frozen=True):
    """What a reference leads to: the key of a component, or why that is not known."""

    key: str = ""
    """The address of the resource, the id as it was written, or nothing."""
    doubt: str = ""
    resource: Resource | None = None

    def __bool__(self) -> bool:
        return bool(self.key)


NOTHING = Link()


def written(block: Block, *path: str | int) -> Value:
    """The value at a path without its sensitive mark; None for an attribute that is not written but computed by the
    provider: before apply, it is known only as itself.
    """
    value = reveal(block.raw(*path))
    if isinstance(value, UnknownValue | Symbolic) and value.refs:
        own = block.resource.address
        name = str(path[0]) if path else ""
        if all(r.address == own and r.attribute.partition(".")[0].partition("[")[0] == name for r in value.refs):
            return None
    return value


def link(model: Model, value: Value, *types: str) -> Link:
    """The component of one of these types that a reference means."""
    value = reveal(value)
    if value is None or (isinstance(value, str) and not isinstance(value, Symbolic) and value == ""):
        return NOTHING
    try:
        found = model.resolve(value, *types)
    except Unknown as unknown:
        return Link(doubt=unknown.reason)
    if found is not None:
        return Link(found.address, resource=found)
    if isinstance(value, Symbolic):
        only = value.ref
        return Link(str(only) if only else str.__str__(value))
    return Link(str.__str__(value)) if isinstance(value, str) else Link(doubt="is not a reference")


def links(block: Block, path: tuple[str | int, ...], *types: str) -> tuple[list[Link], str]:
    """The components that a list of references means, and why there may be others."""
    found: list[Link] = []
    doubt = ""
    value = written(block, *path)
    if isinstance(value, UnknownValue):
        # A list made in ways that are not known still says which components it was made from.
        refs = [link(block.resource.model, Symbolic(r), *types) for r in value.refs]
        return [r for r in refs if r.resource is not None], value.reason
    for item in value if isinstance(value, list) else [value]:
        one = link(block.resource.model, item, *types)
        doubt = doubt or one.doubt
        if one:
            found.append(one)
    return found, doubt


def blocks(block: Block, *path: str | int) -> Iterator[Block]:
    """The known nested blocks of a name."""
    value = reveal(block.raw(*path))
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        inner = reveal(item)
        if isinstance(inner, dict):
            at = (*block.path, *path, index) if isinstance(value, list) else (*block.path, *path)
            yield Block(block.resource, at, inner)


def flag(block: Block, *path: str | int, default: bool = False) -> Ternary:
    """A boolean, `maybe` if it is not known."""
    if written(block, *path) is None:
        return "yes" if default else "no"
    try:
        return "yes" if block.flag(*path, default=default) else "no"
    except Unknown:
        return "maybe"


def text(block: Block, *path: str | int) -> str:
    """A known string, else nothing."""
    value = reveal(block.raw(*path))
    if isinstance(value, str) and not isinstance(value, Symbolic):
        return str.__str__(value)
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def number(block: Block, *path: str | int) -> int | None:
    """A known integer, else None."""
    try:
        return block.number(*path) if block.is_set(*path) else None
    except Unknown:
        return None


def cidr(value: Value) -> tuple[AddressSet, str]:
    """A CIDR block or address, and why it is not known."""
    value = reveal(value)
    if isinstance(value, UnknownValue | Symbolic):
        return NOWHERE, value.reason
    if not isinstance(value, str) or value == "":
        return NOWHERE, ""
    try:
        return AddressSet.of(str.__str__(value)), ""
    except ValueError as error:
        return NOWHERE, str(error)


def zone(block: Block) -> str:
    """An availability zone by name, id or the expression that gives it; equal ones are the same zone. Empty if it is
    not known.
    """
    for name in ("availability_zone", "availability_zone_id"):
        value = written(block, name)
        if isinstance(value, UnknownValue):
            return ""
        if isinstance(value, Symbolic):
            # Before apply a zone of a data source has no name, but the same element is the same zone.
            return "" if any(isinstance(p, UnknownValue) for p in value.parts) else str.__str__(value)
        if isinstance(value, str) and value != "":
            return str.__str__(value)
    return ""


def unread(model: Model, *types: str) -> str:
    """Why things of these types of a live account may be missing, empty if all of them were read."""
    if model.kind != "account":
        return ""
    return next((gap.reason for gap in model.gaps if not gap.types or not gap.types.isdisjoint(types)), "")


def values(block: Block, *path: str | int) -> list[Value]:
    """The known elements of a list, or the one value; nothing if it is not known."""
    value = written(block, *path)
    items = value if isinstance(value, list) else [] if value is None else [value]
    return [v for v in map(reveal, items) if v is not None and not isinstance(v, UnknownValue)]
