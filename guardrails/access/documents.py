"""Policy documents of a design as plain JSON, with what is not known about them as two bounds.

A document of a configuration has holes. Between `least` (everything that is not known turns out to grant nothing and
to deny) and `most` (the opposite) lies what AWS will see, so what `least` allows is certain and what `most` does not
allow is impossible. Both are plain documents that AWS's own evaluation can work on.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Literal

from msgspec import Struct

from guardrails.access.names import HOLE, Names
from guardrails.model import Symbolic, Unknown, UnknownValue, Value, decode_json, reveal

Json = Value
"""Plain here: without unknown and sensitive parts."""
Side = Literal["least", "most"]


class Part(Struct, frozen=True):
    """One statement of a bound."""

    index: int
    """Its place in the document."""
    data: Mapping[str, Json]
    loose: bool = False
    """Whether it reaches as far as it does only because its principals, or all of it, are not known."""
    named: tuple[str, ...] = ()
    """Of such a one: patterns of the principals and identity providers that are known but for a part."""


@dataclasses.dataclass(frozen=True)
class Bounds:
    """The two bounds of a document."""

    version: str
    least: tuple[Part, ...]
    most: tuple[Part, ...]
    doubts: tuple[str, ...] = ()
    """What is not known of it, empty where both bounds are the document itself."""
    malformed: str = ""
    """Why AWS would reject it."""

    @cached_property
    def key(self) -> str:
        """Equal for bounds that say the same."""
        both = (self.least,) if self.least is self.most else (self.least, self.most)
        return json.dumps([self.version, [[part.data, part.loose] for parts in both for part in parts]], sort_keys=True)

    def document(self, side: Side) -> dict[str, Json]:
        """A bound as a policy document; its statements are those of `least` or `most`, in order."""
        parts = self.least if side == "least" else self.most
        return {"Version": self.version, "Statement": [dict(part.data) for part in parts]}


def decoded(value: Value) -> Value:
    """The content of an attribute that holds a policy document, JSON text or an object.

    Raises `Unknown` if nothing is known of it and `ValueError` if it is not JSON. An empty text gives None.
    """
    value = reveal(value)
    if isinstance(value, UnknownValue):
        raise Unknown(value.reason)
    if isinstance(value, Symbolic) or (isinstance(value, str) and value):
        return decode_json(value)
    return value or None


def bounds(value: Value, names: Names, *, trust: bool = False) -> Bounds:
    """The bounds of the document in an attribute. `trust` says that statements take no resource."""
    try:
        document = decoded(value)
    except Unknown as doubt:
        return unknown_bounds(doubt.reason, trust=trust)
    except (ValueError, RecursionError) as error:
        return Bounds("2008-10-17", (), (), malformed=f"is not JSON: {error}")
    if document is None:
        return Bounds("2008-10-17", (), ())
    if not isinstance(document, dict):
        return Bounds("2008-10-17", (), (), malformed="is not a JSON object")
    document = {_text(key, names): item for key, item in document.items()}
    version = document.get("Version", "2008-10-17")
    statements = reveal(document.get("Statement"))
    if isinstance(statements, UnknownValue):
        return unknown_bounds(statements.reason, trust=trust)
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list):
        return Bounds(str(version), (), (), malformed="has no Statement")
    bound = _Statements(names, trust)
    for index, statement in enumerate(statements):
        bound.add(index, reveal(statement))
    least = tuple(bound.least)
    return Bounds(
        str.__str__(version) if isinstance(version, str) else str(version),
        least,
        tuple(bound.most) if bound.doubts else least,
        tuple(dict.fromkeys(bound.doubts)),
    )


def unknown_bounds(reason: str, *, trust: bool = False) -> Bounds:
    """The bounds of a document of which nothing is known."""
    return Bounds("2012-10-17", (_all("Deny", 0, trust),), (_all("Allow", 0, trust),), (reason,))


def unattached(these: Bounds, reason: str) -> Bounds:
    """The bounds of a document that may also not be there at all."""
    return Bounds(
        these.version,
        tuple(part for part in these.least if part.data.get("Effect") == "Deny"),
        tuple(part for part in these.most if part.data.get("Effect") == "Allow"),
        (reason, *these.doubts),
        these.malformed,
    )


def _all(effect: str, index: int, trust: bool) -> Part:
    statement: dict[str, Json] = {"Effect": effect, "Action": "*"}
    if trust:
        statement["Principal"] = "*"
    else:
        statement["Resource"] = "*"
    return Part(index, statement, loose=True)


def _text(value: str, names: Names) -> str:
    return names.text(value)


class _Statements:
    """Collects both bounds, statement by statement."""

    def __init__(self, names: Names, trust: bool) -> None:
        self.names = names
        self.trust = trust
        self.least: list[Part] = []
        self.most: list[Part] = []
        self.doubts: list[str] = []

    def add(self, index: int, statement: Value) -> None:
        if isinstance(statement, UnknownValue):
            self.doubts.append(statement.reason)
            self.least.append(_all("Deny", index, self.trust))
            self.most.append(_all("Allow", index, self.trust))
            return
        if not isinstance(statement, dict):
            return
        reader = _Reader(self.names)
        elements = {_text(key, self.names): reader.read(item) for key, item in statement.items()}
        if not reader.reasons:
            part = Part(index, elements)  # the common case: both bounds are the statement
            self.least.append(part)
            self.most.append(part)
            return
        self.doubts.extend(reader.reasons)
        effects = [elements["Effect"]] if elements.get("Effect") in ("Allow", "Deny") else ["Allow", "Deny"]
        for effect in effects:
            wide, loose = _widened({**elements, "Effect": effect})
            narrow = _narrowed({**elements, "Effect": effect})
            upper = wide if effect == "Allow" else narrow
            lower = narrow if effect == "Allow" else wide
            sure = len(effects) == 1
            if upper is not None and (sure or effect == "Allow"):
                named = _partly_known(elements.get("Principal")) if loose else ()
                self.most.append(Part(index, upper, loose and effect == "Allow", named))
            if lower is not None and (sure or effect == "Deny"):
                self.least.append(Part(index, lower, loose and effect == "Deny"))


class _Reader:
    """Makes plain JSON of a value: `HOLE` for what is not known, which it notes."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.reasons: list[str] = []

    def read(self, value: Value) -> Json:
        value = reveal(value)
        match value:
            case UnknownValue():
                text = self.names.text(Symbolic(value))
                if HOLE in text:
                    self.reasons.append(value.reason)
                return text
            case Symbolic():
                text = self.names.text(value)
                if HOLE in text:
                    self.reasons.append(value.reason)
                return text
            case str():
                return str.__str__(value) if type(value) is str else "".join(value)
            case list():
                return [self.read(item) for item in value]
            case dict():
                return {_text(key, self.names): self.read(item) for key, item in value.items()}
            case None | bool() | int() | float():
                return value
            case _:
                return None


_LISTS = ("Action", "Resource")
_COMPLEMENTS = {"NotAction": "Action", "NotResource": "Resource"}


def _widened(statement: Mapping[str, Json]) -> tuple[dict[str, Json], bool]:
    """A statement that matches whatever the given one may match, and whether only unknown principals make it so."""
    wide = dict(statement)
    loose = False
    for name in _LISTS:
        if name in wide:
            wide[name] = [text.replace(HOLE, "*") for text in _texts(wide[name])]
    for name, opposite in _COMPLEMENTS.items():
        if name in wide:
            sure = [text for text in _texts(wide.pop(name)) if HOLE not in text]
            if sure:
                wide[name] = list(sure)
            else:
                wide[opposite] = ["*"]
    if "Principal" in wide and _has_hole(wide["Principal"]):
        wide["Principal"], loose = "*", True
    if "NotPrincipal" in wide and _has_hole(wide["NotPrincipal"]):
        wide["NotPrincipal"] = _principals(wide["NotPrincipal"])
        if not wide["NotPrincipal"]:
            del wide["NotPrincipal"]
            wide["Principal"], loose = "*", True
    if "Condition" in wide:
        wide["Condition"] = _conditions(
            wide["Condition"], lambda _operator, values: None if _has_hole(values) else values
        )
    return wide, loose


def _narrowed(statement: Mapping[str, Json]) -> dict[str, Json] | None:
    """A statement that matches only what the given one must match, None if that is nothing."""
    narrow = dict(statement)
    for name in _LISTS:
        if name in narrow:
            sure = [text for text in _texts(narrow[name]) if HOLE not in text]
            if not sure:
                return None
            narrow[name] = list(sure)
    for name in _COMPLEMENTS:
        if name in narrow:
            narrow[name] = [text.replace(HOLE, "*") for text in _texts(narrow[name])]
    if "NotPrincipal" in narrow and _has_hole(narrow["NotPrincipal"]):
        return None
    if "Principal" in narrow and _has_hole(narrow["Principal"]):
        narrow["Principal"] = _principals(narrow["Principal"])
        if not narrow["Principal"]:
            return None
    if "Condition" in narrow and _has_hole(narrow["Condition"]):
        lost = False

        def sure_values(operator: str, values: Json) -> Json:
            nonlocal lost
            known = [text for text in _texts(values) if HOLE not in text]
            if len(known) < len(_texts(values)) and ("Not" in operator or ":" in operator or not known):
                lost = True
            return list(known)

        narrow["Condition"] = _conditions(narrow["Condition"], sure_values)
        if lost or HOLE in "".join(_keys(narrow["Condition"])):
            return None
    return narrow


def _conditions(condition: Json, each: Callable[[str, Json], Json]) -> Json:
    """The condition block with each key's values replaced; None leaves the key out."""
    if not isinstance(condition, dict):
        return {} if condition == HOLE else condition
    result: dict[str, Json] = {}
    for operator, keys in condition.items():
        if not isinstance(keys, dict):
            if not _has_hole(keys):
                result[operator] = keys
            continue
        kept: dict[str, Json] = {}
        for key, values in keys.items():
            value = None if HOLE in key else each(operator, values)
            if value is not None:
                kept[key] = value
        if kept:
            result[operator] = kept
    return result


def _keys(condition: Json) -> Iterable[str]:
    if isinstance(condition, dict):
        for operator, keys in condition.items():
            yield operator
            if isinstance(keys, dict):
                yield from keys


def _principals(element: Json) -> Json:
    """A Principal element without those that are not known."""
    if not isinstance(element, dict):
        return None
    kept = {kind: [text for text in _texts(who) if HOLE not in text] for kind, who in element.items()}
    result: dict[str, Json] = {kind: list(who) for kind, who in kept.items() if who}
    return result or None


def _partly_known(element: Json) -> tuple[str, ...]:
    """Patterns of the principals of an element of which all but the account, or a part of the name, is known."""
    named = [element.get(kind, []) for kind in ("AWS", "Federated")] if isinstance(element, dict) else []
    found = (text for each in named for text in _texts(each) if HOLE in text and text.count(":") == 5)
    return tuple(text.replace(HOLE, "*") for text in found if text.rpartition("/")[2].strip(HOLE))


def _texts(value: Json) -> Sequence[str]:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return [_plain(value)]


def _plain(item: Json) -> str:
    if isinstance(item, bool):
        return "true" if item else "false"
    return item if isinstance(item, str) else str(item)


def _has_hole(value: Json) -> bool:
    match value:
        case str():
            return HOLE in value
        case list():
            return any(_has_hole(item) for item in value)
        case dict():
            return any(HOLE in key or _has_hole(item) for key, item in value.items())
        case _:
            return False
