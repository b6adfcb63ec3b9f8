"""What the checks of unused and idle resources have in common: facts with their cost, and who has to change them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

from guardrails.account import days_since
from guardrails.account.manager import manager
from guardrails.account.prices import Cost
from guardrails.account.usage import is_live
from guardrails.check import Check
from guardrails.finding import Finding, Fix, Kind
from guardrails.model import (
    UNTOLD,
    Block,
    Label,
    Model,
    Path,
    Resource,
    Symbolic,
    Unknown,
    UnknownValue,
    Value,
    refs_of,
    reveal,
)

_CACHE = "waste.mentions"


class Waste(Check[Resource]):
    """A check that finds what is paid for and not used, or stands in the way of nobody."""

    kind = Kind.COST
    hazard: ClassVar[str]
    """What can break if the resource goes, as a sentence."""
    removable: ClassVar[bool] = False
    """Whether removing the resource is the fix, so that `guardrails cleanup` can do it."""

    def waste(
        self,
        at: Block,
        fact: str,
        cost: Cost | None = None,
        *,
        path: str | int | Path = (),
        related: Sequence[Label] = (),
        fix: Fix | None = None,
        details: Sequence[str] = (),
        monthly: float | None = None,
    ) -> Finding:
        """A finding with what it costs, and the place to change it where something else manages the resource.

        `monthly` is for a cost that the fact tells already.
        """
        who = manager(at.resource)
        message = f"{fact}; it costs {cost}" if cost else fact
        if who:
            message = f"{message}; {who.what} manages it"
        return self.finding(
            at,
            message,
            path=path,
            related=related,
            hint=f"{who.change}: deleted by hand, it comes back or leaves {who.what} broken." if who else "",
            fix=None if who else fix,
            details=details,
            monthly=cost.usd if cost else monthly,
        )


def older(resource: Resource, attribute: str, days: int) -> bool:
    """Whether the time in an attribute of a live resource is at least so many days ago.

    Raises `Unknown` where it is not known or absent: without an age nothing is old.
    """
    age = days_since(resource, attribute)
    if age is None:
        raise Unknown(f"{resource.address}: {attribute}: AWS does not say since when", resource.place())
    return age >= days


def users(resource: Resource, *types: str) -> Iterator[Resource]:
    """The resources of these types, or of all, that name another: by a reference to it, or by its id or ARN.

    Raises `Unknown` after them where there may be others.
    """
    names = {resource.address, resource.address.removesuffix(resource.key)}  # the latter where it is not known which
    for attribute in ("id", "arn"):
        value = reveal(resource.raw(attribute))
        if isinstance(value, str) and not isinstance(value, Symbolic):
            names.add(str.__str__(value))
    yield from (each for each in naming(resource.model, names, *types) if each is not resource)


def naming(model: Model, names: Iterable[str], *types: str) -> Iterator[Resource]:
    """The resources of these types, or of all, in which one of these texts stands, or a reference to this address.

    Raises `Unknown` after them where there may be others.
    """
    for type_ in types or tuple(model.types()):
        mentions = _mentions(model, type_)
        yield from {each.address: each for name in names for each in mentions.get(name, ())}.values()
    _be_whole(model, types)


def is_there(beside: Resource, name: str, *types: str) -> bool:
    """Whether the live account holds something of these types by AWS's id or its owner's name, in the same region.

    Raises `Unknown` where there may be one.
    """
    model = beside.model
    if any((beside.region, name) in _held(model, type_) for type_ in types):
        return True
    _be_whole(model, types)
    return False


def _be_whole(model: Model, types: Sequence[str]) -> None:
    """Raise `Unknown` where there may be more of these types, or of any."""
    for gap in model.gaps:
        if not gap.types or not types or not gap.types.isdisjoint(types):
            raise Unknown(gap.reason, gap.location)


def _held(model: Model, type_: str) -> frozenset[tuple[str, str]]:
    key = (_CACHE, type_)
    held = model.cache.get(key)
    if not isinstance(held, frozenset):
        held = model.cache[key] = frozenset((each.region, each.name) for each in model.all(type_))
    return held


def is_used(resource: Resource, *types: str) -> bool:
    """Whether something of these types, or of any, names a resource, or an output of the design gives it to others.

    Raises `Unknown` where it may be.
    """
    return any(users(resource, *types)) or (not is_live(resource) and resource.model.exports(resource))


def _mentions(model: Model, type_: str) -> Mapping[str, Sequence[Resource]]:
    """What the resources of a type name, and which of them do: addresses, and all other texts."""
    cached = model.cache.setdefault(_CACHE, {})
    assert isinstance(cached, dict)  # noqa: S101  # ours alone
    if type_ not in cached:
        found: dict[str, list[Resource]] = {}
        for resource in model.all(type_):
            names: set[str] = set()
            for value in resource.values.values():
                names.update(_names(value))
            for name in names:
                found.setdefault(name, []).append(resource)
        cached[type_] = found
    return cached[type_]  # type: ignore[no-any-return]  # a cache of several owners is untyped


def _names(value: Value) -> Iterator[str]:
    value = reveal(value)
    match value:
        case UnknownValue(reason=str(reason)) if reason == UNTOLD:
            yield reason
        case UnknownValue() | Symbolic():
            yield from (ref.address for ref in refs_of(value))
        case str():
            yield str.__str__(value)
        case list():
            for item in value:
                yield from _names(item)
        case dict():
            for item in value.values():
                yield from _names(item)
        case _:
            return
