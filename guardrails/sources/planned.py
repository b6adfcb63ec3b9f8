"""Values as plans and states hold them: plain JSON, and beside it masks of what is unknown and what is sensitive."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache

from guardrails.model import Path, Sensitive, Symbolic, UnknownValue, Value, reveal
from guardrails.sources.terraform.schema import Attribute, NestedBlock, TypeSchema, resource_schema

Mask = bool | list["Mask"] | dict[str, "Mask"] | None
"""Terraform's own: True where it holds, for the whole value there; in the shape of the value above that."""


Filler = Callable[[Path], Value]


class LazyValues(Mapping[str, Value]):
    """A resource's values, decoded when the first of them is read."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], Mapping[str, Value]]) -> None:
        self._make: Callable[[], Mapping[str, Value]] | None = make
        self._made: Mapping[str, Value] = {}

    def _values(self) -> Mapping[str, Value]:
        if self._make is not None:
            make, self._make = self._make, None
            self._made = make()
        return self._made

    def __getitem__(self, name: str) -> Value:
        return self._values()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values())

    def __len__(self) -> int:
        return len(self._values())

    def __repr__(self) -> str:
        return "<values>"  # they may be secret


class Unreadable(Mapping[str, Value]):
    """The values of a resource that cannot be decoded: every one is unknown."""

    __slots__ = ("_reason",)

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def __getitem__(self, name: str) -> Value:
        return UnknownValue(self._reason)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def marks(mask: Mask) -> bool:
    """Whether a mask holds anywhere."""
    match mask:
        case bool():
            return mask
        case list():
            return any(marks(item) for item in mask)
        case dict():
            return any(marks(item) for item in mask.values())
        case _:
            return False


def fill(value: Value, unknown: Mask, make: Filler, path: Path = ()) -> Value:
    """The value with what `make` says wherever it is unknown."""
    if unknown is True:
        return make(path)
    match unknown:
        case dict() if isinstance(value, dict | None) and marks(unknown):
            filled: dict[str, Value] = dict(value or {})
            for name, part in unknown.items():
                if marks(part):
                    filled[name] = fill(filled.get(name), part, make, (*path, name))
            return filled
        case list() if isinstance(value, list | None) and marks(unknown):
            # Terraform writes null for an unknown element; a list that is shorter than its mask is not Terraform's.
            known = list(value or ())
            known += [None] * (len(unknown) - len(known))
            for index, part in enumerate(unknown):
                if marks(part):
                    known[index] = fill(known[index], part, make, (*path, index))
            return known
        case _:
            if marks(unknown):  # the mask does not fit the value
                return make(path)
            return value


def hide(value: Value, sensitive: Mask) -> Value:
    """The value with its sensitive parts marked. A mask of an object also speaks of each object of a list."""
    if sensitive is True:
        return value if value is None or isinstance(value, UnknownValue | Sensitive) else Sensitive(value)
    match sensitive, value:
        case dict(), dict():
            if marks(sensitive):
                return {name: hide(item, sensitive.get(name)) for name, item in value.items()}
        case dict(), list():
            if marks(sensitive):
                return [hide(item, sensitive) for item in value]
        case list(), list():
            if marks(sensitive):
                rest: list[Mask] = [None] * (len(value) - len(sensitive))
                return [hide(item, part) for item, part in zip(value, [*sensitive, *rest], strict=False)]
        case _:
            if marks(sensitive):  # the mask does not fit the value: rather too much than too little
                return hide(value, True)
    return value


@cache
def secret_attributes(type_: str, mode: str) -> dict[str, Mask]:
    """The mask of what the provider calls sensitive, which states of older versions do not say."""
    schema = resource_schema(type_, "data" if mode == "data" else "managed")
    return _secrets(schema, 0) if schema else {}


def _secrets(schema: TypeSchema, depth: int) -> dict[str, Mask]:
    found: dict[str, Mask] = {name: True for name, a in schema.attributes.items() if a.sensitive}
    if depth < 6 and len(schema.blocks) < 40:  # deeper blocks are of the types that describe rules and charts
        for name, block in schema.blocks.items():
            if below := _secrets(block.schema, depth + 1):
                found[name] = below
    return found


def schema_at(schema: TypeSchema | None, path: Path) -> Attribute | NestedBlock | None:
    """What the provider says of the value at a path; None for parts of an attribute's value."""
    found: Attribute | NestedBlock | None = None
    for step in path:
        if isinstance(step, int):
            if isinstance(found, Attribute):
                return None
            continue
        if isinstance(found, NestedBlock):
            schema = found.schema
        elif isinstance(found, Attribute):
            return None
        if schema is None:
            return None
        found = schema.attributes.get(step) or schema.blocks.get(step)
        if found is None:
            return None
    return found


def agree(planned: Value, evaluated: Value, depth: int = 0) -> bool:
    """Whether two readings of a value contradict each other nowhere. Null agrees: a plan has it for the unknown."""
    evaluated = reveal(evaluated)
    planned = reveal(planned)
    match planned, evaluated:
        case (None, _) | (_, None) | (UnknownValue(), _) | (_, UnknownValue()):
            return True
        case str(), Symbolic():
            return evaluated.may_equal(planned)
        case dict(), dict():
            return all(agree(item, evaluated[name], depth) for name, item in planned.items() if name in evaluated)
        case list(), list():
            return _pair(planned, evaluated, depth + 1) is not None
        case (dict() | list(), _) | (_, dict() | list()):
            return False
        case _:
            return planned == evaluated or _as_text(planned) == _as_text(evaluated)


def _as_text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str.__str__(value) if isinstance(value, str) else str(value)


def _pair(planned: list[Value], evaluated: list[Value], depth: int = 0) -> list[int] | None:
    """Which evaluated element each planned one is: sets are ordered otherwise than they were written.

    None if they are not the same elements, as far as that is known.
    """
    if len(planned) != len(evaluated):
        return None
    if len(planned) > (200, 50, 10, 2)[min(depth, 3)]:  # the search is quadratic: long lists are taken in their order
        same = all(agree(item, other, depth) for item, other in zip(planned, evaluated, strict=True))
        return list(range(len(planned))) if same else None
    options = [[j for j, other in enumerate(evaluated) if agree(item, other, depth)] for item in planned]
    taken: dict[int, int] = {}
    used: set[int] = set()
    for index in sorted(range(len(planned)), key=lambda i: (len(options[i]), i)):
        free = [j for j in options[index] if j not in used]
        if not free:
            return None
        taken[index] = index if index in free else free[0]
        used.add(taken[index])
    return [taken[index] for index in range(len(planned))]


def _only(planned: Value, evaluated: list[Value]) -> int | None:
    """The one element that can be a planned one, where others were written otherwise."""
    found = [at for at, other in enumerate(evaluated[:200]) if agree(planned, other, 1)]
    return found[0] if len(found) == 1 and isinstance(planned, dict) else None


def _nearest(planned: Value, evaluated: list[Value]) -> int | None:
    """The element that has most in common with a planned one, where some of it was written otherwise."""
    planned = reveal(planned)
    if not isinstance(planned, dict) or not evaluated:
        return None

    def common(at: int) -> int:
        other = reveal(evaluated[at])
        if not isinstance(other, dict):
            return -1
        return sum(agree(item, other[name]) for name, item in planned.items() if name in other and item is not None)

    return max(range(min(len(evaluated), 200)), key=common)


def follow(
    planned: Value | Mapping[str, Value], evaluated: Value | Mapping[str, Value], path: Path, *, exact: bool = True
) -> Path | None:
    """The path in the evaluated configuration of what stands at `path` in the plan.

    None where the two cannot be laid side by side. Unless `exact`, an element of a list whose twin is not sure leads to
    the one that is most like it: good enough for a line, not for a value.
    """
    there: list[str | int] = []
    for step in path:
        while isinstance(evaluated, Sensitive):
            evaluated = evaluated.value
        while isinstance(planned, Sensitive):
            planned = planned.value
        if isinstance(step, str):
            if not isinstance(evaluated, Mapping):
                return None
            evaluated = evaluated.get(step)
            planned = planned.get(step) if isinstance(planned, Mapping) else None
            there.append(step)
            continue
        if not isinstance(planned, list) or not isinstance(evaluated, list) or not 0 <= step < len(planned):
            return None
        pairs = _pair(planned, evaluated)
        at = pairs[step] if pairs else _only(planned[step], evaluated)
        if at is None and not exact:
            at = _nearest(planned[step], evaluated)
        if at is None:
            return None
        there.append(at)
        planned, evaluated = planned[step], evaluated[at]
    return tuple(there)
