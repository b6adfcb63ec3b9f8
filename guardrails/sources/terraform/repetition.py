"""`count` and `for_each`: which instances a block has."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from msgspec import Struct, field

from guardrails.model import Ref, Sensitive, Symbolic, UnknownValue, Value
from guardrails.sources.terraform.design import INSTANCES, Design
from guardrails.sources.terraform.lazy import Fields, Lazy, Partial
from guardrails.sources.terraform.operations import elements
from guardrails.sources.terraform.scope import Scope
from guardrails.sources.terraform.syntax import Attribute, Block
from guardrails.sources.terraform.types import EvaluationError, SetValue, convert

Key = int | str | None
_T = TypeVar("_T", bound=Lazy)


class Repetition(Struct):
    """What `count` or `for_each` says."""

    kind: str
    """`one`, `count` or `for_each`."""
    keys: dict[Key, Mapping[str, Partial]]
    """Each instance key with the names that it adds (`count` or `each`)."""
    reason: str = ""
    """Why there may be instances of other keys, or nothing."""
    rest: Mapping[str, Partial] = field(default_factory=dict)
    """The names of those."""


@dataclasses.dataclass(slots=True, eq=False)
class Instances(Lazy, Generic[_T]):
    """All instances of a block."""

    what: str
    kind: str
    known: dict[Key, _T]
    reason: str = ""
    rest: _T | None = None
    rest_address: str = ""

    def __iter__(self) -> Iterator[_T]:
        yield from self.known.values()
        if self.rest is not None:
            yield self.rest

    def attribute(self, name: str) -> Partial:
        """See `Lazy.attribute`."""
        if self.kind == "for_each":
            return self.element(name)
        raise EvaluationError(f"{self.what} has count set, so that its attributes must be asked of one instance")

    def element(self, key: Value) -> Partial:
        """See `Lazy.element`."""
        wanted = convert(key, "number" if self.kind == "count" else "string")
        if isinstance(wanted, UnknownValue | Symbolic):
            return UnknownValue(wanted.reason, (*wanted.refs, Ref(self.what, "")))
        if isinstance(wanted, int | str):
            found = self.known.get(wanted)
            if found is not None:
                return found
        if self.rest is not None:
            return self.rest
        raise EvaluationError(f"there is no instance {key!r} of {self.what}")

    def elements(self) -> Iterable[tuple[Value, Partial]]:
        """See `Lazy.elements`."""
        yield from self.known.items()
        if self.rest is not None:
            yield UnknownValue(self.reason), self._many()

    def items(self) -> list[Partial] | None:
        """See `Lazy.items`."""
        return [item for _, item in self.elements()] if self.kind == "count" else None

    def force(self) -> Value:
        """See `Lazy.force`."""
        if self.kind == "for_each":
            if self.rest is not None:
                return UnknownValue(self.reason, (Ref(self.rest_address, ""),))
            return {str(key): instance.force() for key, instance in self.known.items()}
        items: list[Value] = [instance.force() for instance in self.known.values()]
        return [*items, self._many()] if self.rest is not None else items

    def _many(self) -> UnknownValue:
        return UnknownValue(self.reason, (Ref(self.rest_address, ""),), many=True)


def repetition(block: Block, address: str, scope: Scope, design: Design) -> Repetition:
    """The instances that a block has."""
    attributes = block.body.attributes
    count, for_each = attributes.get("count"), attributes.get("for_each")
    if count is not None:
        return _count(count, address, scope, design)
    if for_each is not None:
        return _for_each(for_each, address, scope, design)
    return Repetition("one", {None: {}})


def _count(attribute: Attribute, address: str, scope: Scope, design: Design) -> Repetition:
    value = design.evaluate(attribute, scope)
    try:
        if isinstance(value, Sensitive):
            raise EvaluationError("count must not be a sensitive value")
        number = convert(value, "number")
        if number is None or (isinstance(number, int | float) and (number < 0 or number != int(number))):
            raise EvaluationError("count must be a whole number that is not negative")
    except EvaluationError as error:
        number = design.failed(attribute, error)
    if isinstance(number, int | float):
        size = int(number)
        if design.affords(size):
            return Repetition("count", {index: {"count": Fields(index=index)} for index in range(size)})
        number = UnknownValue(f"{size} instances are more than are looked at")
    doubt = number if isinstance(number, UnknownValue) else UnknownValue("not a number")
    reason = f"count of {address} is unknown: {doubt.reason}"
    return Repetition("count", {}, reason, {"count": Fields(index=UnknownValue(reason))})


def _for_each(attribute: Attribute, address: str, scope: Scope, design: Design) -> Repetition:
    value = design.partial(attribute, scope)
    keys: dict[Key, Mapping[str, Partial]] = {}
    doubt: UnknownValue | None = None
    try:
        if isinstance(value, Sensitive):
            raise EvaluationError("for_each must not be a sensitive value: its keys are shown")
        if value is None:
            raise EvaluationError("for_each must not be null")
        if isinstance(value, list) and not isinstance(value, SetValue) and not _is_unknown(value):
            raise EvaluationError("for_each must be a map or a set of strings, not a list or tuple")
        found = elements(value)
        if isinstance(found, UnknownValue):
            doubt = found
        else:
            for key, item in found:
                if isinstance(key, UnknownValue | Symbolic):
                    doubt = doubt or UnknownValue(key.reason, key.refs)
                elif isinstance(key, str):
                    keys[key] = {"each": Fields(key=key, value=item).came_from(attribute, scope, key)}
                else:
                    raise EvaluationError("for_each must be a map or a set of strings")
                if len(keys) > INSTANCES:
                    break
    except EvaluationError as error:
        doubt = design.failed(attribute, error)
    if not design.affords(len(keys)):
        keys, doubt = {}, UnknownValue("more instances than are looked at")
    if doubt is None:
        return Repetition("for_each", keys)
    reason = f"for_each of {address} is unknown: {doubt.reason}"
    unknown_each = UnknownValue(reason, doubt.refs)
    return Repetition(
        "for_each",
        keys,
        reason,
        {"each": Fields(key=unknown_each, value=unknown_each).came_from(attribute, scope, None)},
    )


def _is_unknown(value: list[Value]) -> bool:
    """Whether nothing is known of a list, so that it may as well be a set."""
    return bool(value) and all(isinstance(item, UnknownValue) and item.many for item in value)


def instances(
    address: str, repetition: Repetition, conditional: str, make: Callable[[str, Mapping[str, Partial], str], _T]
) -> Instances[_T] | _T:
    """The instances that `make` makes of key, added names and the reason why the instance may not exist."""
    if repetition.kind == "one":
        return make("", {}, conditional)
    known = {key: make(instance_key(key), names, conditional) for key, names in repetition.keys.items()}
    rest = make("[*]", repetition.rest, conditional or repetition.reason) if repetition.reason else None
    return Instances(address, repetition.kind, known, repetition.reason, rest, f"{address}[*]" if rest else "")


def instance_key(key: Key) -> str:
    """An instance key with its brackets."""
    if isinstance(key, str):
        return f"[{json.dumps(key, ensure_ascii=False)}]"
    return "" if key is None else f"[{key}]"
