"""Documents -> `Policy`: every fault becomes a `PolicyProblem` with its place, and what it leaves unclear unknown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from guardrails.access.conditions import Condition, Text, parse_operator
from guardrails.access.policy import (
    NamedPrincipal,
    Policy,
    PolicyKind,
    PolicyProblem,
    PrincipalType,
    Statement,
    locate,
)
from guardrails.access.positions import Position, position_at, positions_of
from guardrails.access.rules import (
    check_actions,
    check_condition,
    check_elements,
    check_principal,
    check_resources,
    check_sids,
)
from guardrails.model import Path, Place, Sensitive, Symbolic, Unknown, UnknownValue, Value, decode_json, reveal

_TOP = ("Version", "Id", "Statement")
_ELEMENTS = (
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
)  # fmt: skip

LIMITS: Mapping[PolicyKind, int] = {
    PolicyKind.MANAGED: 6_144,
    PolicyKind.BOUNDARY: 6_144,
    PolicyKind.SESSION: 2_048,
    PolicyKind.TRUST: 4_096,
    PolicyKind.SCP: 5_120,
    PolicyKind.RCP: 5_120,
    PolicyKind.ENDPOINT: 20_480,
}
"""Most characters of a document. A trust policy may have 2,048 by default, 4,096 when the quota is raised.

Sources: IAM User Guide "IAM and AWS STS quotas"; Organizations User Guide "Quotas"; PrivateLink guide "Quotas".
"""
_MOST_CHARACTERS = 1_000_000
_MOST_STATEMENTS = 10_000
_DEEPEST = 60
_MOST_PARTS = 200_000


def parse_policy(
    document: Value,
    *,
    kind: PolicyKind = PolicyKind.IDENTITY,
    name: str = "",
    place: Place | None = None,
    statement_places: Sequence[Place | None] = (),
    limit: int | None = None,
) -> Policy:
    """Read a policy document: a JSON text (possibly with holes) or the decoded object. Never raises.

    Args:
        document: the text or object; an unknown value gives one statement of unknown effect.
        kind: how it is attached.
        name: what to call it in answers.
        place: where it stands in the source.
        statement_places: where its statements stand, by index, where the source knows (`aws_iam_policy_document`).
        limit: most characters that the service takes, where it is not that of the kind.
    """
    return _Reader(kind, name, place, statement_places, limit).read(document)


class _Reader:
    def __init__(
        self, kind: PolicyKind, name: str, place: Place | None, places: Sequence[Place | None], limit: int | None
    ) -> None:
        self.kind = kind
        self.name = name
        self.place = place
        self.places = places
        self.limit = limit
        self.problems: list[PolicyProblem] = []
        self.text: str | None = None
        self.positions: Mapping[Path, Position] | None = None
        self.variables = False

    def problem(self, code: str, message: str, *path: str | int, rejected: bool = True) -> None:
        statement = path[1] if len(path) > 1 and path[0] == "Statement" else None
        position = None
        if self.text is not None:
            if self.positions is None:
                self.positions = positions_of(self.text)
            position = locate(self.positions, path)
        place = self.statement_place(statement) if isinstance(statement, int) else self.place
        index = statement if isinstance(statement, int) else None
        self.problems.append(PolicyProblem(code, message, index, path, position, place, rejected))

    def statement_place(self, index: int) -> Place | None:
        return (self.places[index] if index < len(self.places) else None) or self.place

    def whole(self, reason: str) -> Policy:
        """The policy of which nothing is known but why."""
        statement = Statement(0, "", UnknownValue(reason), place=self.place)
        return Policy(
            self.kind, self.name, (statement,), place=self.place, text=self.text, problems=tuple(self.problems)
        )

    def read(self, document: Value) -> Policy:
        value = reveal(document)
        if isinstance(value, str):
            self.text = value
            if len(str.__str__(value) if isinstance(value, Symbolic) else value) > _MOST_CHARACTERS:
                self.problem("too-long", f"the document is longer than {_MOST_CHARACTERS:,} characters")
                return self.whole(f"{self.what()} is too long to be read")
            try:
                value = self.decode(value)
            except Unknown as unknown:
                return self.whole(unknown.reason)
            except (ValueError, RecursionError) as error:
                return self.broken(error)
        if isinstance(value, UnknownValue):
            return self.whole(value.reason)
        value = reveal(value)
        if not isinstance(value, Mapping):
            self.problem("wrong-type", f"a policy is a JSON object, not {_kind_of(value)}")
            return self.whole(f"{self.what()} is not a policy")
        if _too_large(value):
            self.problem("too-long", "the document is nested too deeply or has too many parts")
            return self.whole(f"{self.what()} is too large to be read")
        return self.policy({key: value[key] for key in value})

    def what(self) -> str:
        return f"the policy {self.name}" if self.name else "the policy"

    def decode(self, text: str) -> Value:
        if isinstance(text, Symbolic):
            return decode_json(text)
        repeated: list[str] = []

        def members(pairs: list[tuple[str, Value]]) -> dict[str, Value]:
            made = dict(pairs)
            if len(made) != len(pairs):
                seen: set[str] = set()
                repeated.extend(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # set.add as "else"
            return made

        value: Value = json.loads(text, object_pairs_hook=members)
        for key in dict.fromkeys(repeated):
            self.problem("duplicate-key", f'"{key}" occurs twice in one object: only the last one would count')
        return value

    def broken(self, error: ValueError | RecursionError) -> Policy:
        if isinstance(error, json.JSONDecodeError):
            # The decoder's own text may have marks for holes: count in the text that people see.
            shown = position_at(error.doc, min(error.pos, len(error.doc)))
            message = f"not valid JSON: {error.msg}"
            self.problems.append(PolicyProblem("not-json", message, None, (), shown, self.place))
        else:
            self.problems.append(PolicyProblem("not-json", f"not valid JSON: {error}", None, (), None, self.place))
        return self.whole(f"{self.what()} is not valid JSON")

    def policy(self, document: dict[str, Value]) -> Policy:
        self.unknown_names(document, _TOP)
        version = self.version(document)
        identity = document.get("Id")
        if identity is not None and not isinstance(identity, str | UnknownValue):
            self.problem("wrong-type", f'"Id" is a string, not {_kind_of(identity)}', "Id")
        raw = reveal(document.get("Statement"))
        statements: list[Statement] = []
        if raw is None:
            self.problem("missing-element", 'the policy has no "Statement"')
        elif isinstance(raw, Mapping):
            raw = [dict(raw)]
        if isinstance(raw, list):
            if not raw:
                self.problem("missing-element", '"Statement" is empty', "Statement")
            for index, item in enumerate(raw[:_MOST_STATEMENTS]):
                statements.append(self.statement(index, reveal(item)))
            if len(raw) > _MOST_STATEMENTS:
                statements.append(self.unclear(_MOST_STATEMENTS, "", "it has too many statements to be read"))
        elif isinstance(raw, UnknownValue):
            statements.append(self.unclear(0, "", raw.reason))
        elif raw is not None:
            self.problem("wrong-type", f'"Statement" is a list of objects, not {_kind_of(raw)}', "Statement")
            statements.append(self.unclear(0, "", f"{self.what()} has no readable statement"))
        check_sids(self.kind, statements, self.problem)
        size = _size(document)
        self.length(size)
        return Policy(
            self.kind,
            self.name,
            tuple(statements),
            version,
            identity if isinstance(identity, str) else "",
            self.place,
            self.text,
            tuple(self.problems),
            size,
        )

    def version(self, document: dict[str, Value]) -> str:
        version = reveal(document.get("Version"))
        if version is None:
            return "2008-10-17"
        if isinstance(version, UnknownValue | Symbolic) or not isinstance(version, str):
            if not isinstance(version, UnknownValue | Symbolic):
                self.problem("bad-version", f'"Version" is a string, not {_kind_of(version)}', "Version")
            self.variables = True
            return "2012-10-17"
        text = str.__str__(version)
        if text not in ("2012-10-17", "2008-10-17"):
            self.problem("bad-version", f'"Version" is 2012-10-17 or 2008-10-17, not "{text}"', "Version")
        self.variables = text == "2012-10-17"
        return text

    def unknown_names(self, found: Mapping[str, Value], known: Sequence[str], *path: str | int) -> None:
        for key in found:
            if key not in known:
                near = next((name for name in known if name.lower() == key.lower().rstrip("s")), "")
                near = near or next((name for name in known if name.lower() == key.lower()), "")
                hint = f', "{near}" is meant' if near else ""
                self.problem("unknown-element", f'there is no element "{key}"{hint}', *path, key)

    def length(self, size: int) -> None:
        limit = self.limit if self.limit is not None else LIMITS.get(self.kind)
        if limit is not None and size > limit:
            self.problem("too-long", f"the document has {size:,} characters, {limit:,} are allowed")

    def unclear(self, index: int, sid: str, reason: str) -> Statement:
        return Statement(index, sid, UnknownValue(reason, many=True), place=self.statement_place(index))

    def statement(self, index: int, raw: Value) -> Statement:
        at: Path = ("Statement", index)
        if isinstance(raw, UnknownValue | Symbolic):
            return self.unclear(index, "", raw.reason)
        if not isinstance(raw, Mapping):
            self.problem("wrong-type", f"a statement is an object, not {_kind_of(raw)}", *at)
            return self.unclear(index, "", f"statement {index + 1} of {self.what()} is not an object")
        before = sum(p.rejected for p in self.problems)
        self.unknown_names(raw, _ELEMENTS, *at)
        sid = raw.get("Sid")
        if sid is not None and not isinstance(sid, str | UnknownValue):
            self.problem("wrong-type", f'"Sid" is a string, not {_kind_of(sid)}', *at, "Sid")
        statement = Statement(
            index=index,
            sid=str(sid) if isinstance(sid, str) else "",
            effect=self.effect(raw, at),
            actions=self.texts(raw, "Action", at),
            not_actions=self.texts(raw, "NotAction", at),
            resources=self.texts(raw, "Resource", at),
            not_resources=self.texts(raw, "NotResource", at),
            principals=self.principals(raw, "Principal", at),
            not_principals=self.principals(raw, "NotPrincipal", at),
            conditions=self.conditions(raw, at),
            place=self.statement_place(index),
        )
        check_elements(self.kind, statement, raw, at, self.problem)
        check_actions(statement, at, self.problem)
        check_resources(statement, at, self.problem)
        if sum(p.rejected for p in self.problems) > before:
            # AWS refuses it as it stands, so what it will say is anybody's guess.
            effect = UnknownValue(f"statement {statement.label} of {self.what()} is malformed")
            return Statement(index, statement.sid, effect, place=statement.place)
        return statement

    def effect(self, raw: Mapping[str, Value], at: Path) -> str | UnknownValue:
        effect = reveal(raw.get("Effect"))
        if isinstance(effect, Symbolic):
            return UnknownValue(effect.reason, effect.refs)
        if isinstance(effect, UnknownValue):
            return effect
        if "Effect" not in raw:
            self.problem("missing-element", 'the statement has no "Effect"', *at)
        elif not isinstance(effect, str) or effect not in ("Allow", "Deny"):
            shown = f'"{effect}"' if isinstance(effect, str) else _kind_of(effect)
            self.problem("bad-effect", f'"Effect" is "Allow" or "Deny", not {shown}', *at, "Effect")
        return str.__str__(effect) if isinstance(effect, str) else ""

    def texts(self, raw: Mapping[str, Value], name: str, at: Path) -> tuple[Text, ...] | None:
        if name not in raw:
            return None
        value = reveal(raw[name])
        items = value if isinstance(value, list) else [value]
        if not items:
            self.problem("wrong-type", f'"{name}" is empty', *at, name)
        found: list[Text] = []
        for index, item in enumerate(items):
            item = reveal(item)  # noqa: PLW2901  # the same value without its mark
            if isinstance(item, str | UnknownValue):
                found.append(_whole_hole(item))
            else:
                where = (*at, name, index) if isinstance(value, list) else (*at, name)
                self.problem("wrong-type", f'"{name}" is a list of strings, not of {_kind_of(item)}', *where)
        return tuple(found)

    def principals(
        self, raw: Mapping[str, Value], name: str, at: Path
    ) -> tuple[NamedPrincipal | UnknownValue, ...] | None:
        if name not in raw:
            return None
        value = reveal(raw[name])
        at = (*at, name)
        if isinstance(value, UnknownValue):
            return (value,)
        if isinstance(value, Symbolic):
            return (UnknownValue(value.reason, value.refs),)
        if isinstance(value, str):
            if value != "*":
                self.problem("bad-principal", f'"{name}" is "*" or an object such as {{"AWS": "..."}}', *at)
            return (NamedPrincipal(PrincipalType.AWS, "*"),)
        if not isinstance(value, Mapping) or not value:
            self.problem("wrong-type", f'"{name}" is "*" or an object, not {_kind_of(value)}', *at)
            return ()
        found: list[NamedPrincipal | UnknownValue] = []
        for key in value:
            try:
                kind = PrincipalType(key)
            except ValueError:
                known = ", ".join(each.value for each in PrincipalType)
                self.problem("bad-principal", f'"{key}" is no type of principal: {known}', *at, key)
                continue
            for each in self.texts(value, key, at) or ():
                found.append(NamedPrincipal(kind, each))
                check_principal(kind, each, (*at, key), self.problem)
        return tuple(found)

    def conditions(self, raw: Mapping[str, Value], at: Path) -> tuple[Condition | UnknownValue, ...]:
        if "Condition" not in raw:
            return ()
        value = reveal(raw["Condition"])
        at = (*at, "Condition")
        if isinstance(value, UnknownValue | Symbolic):
            return (UnknownValue(value.reason, value.refs),)
        if not isinstance(value, Mapping):
            self.problem("wrong-type", f'"Condition" is an object, not {_kind_of(value)}', *at)
            return ()
        found: list[Condition | UnknownValue] = []
        for written in value:
            block = reveal(value[written])
            operator = parse_operator(written)
            if operator is None:
                self.problem("unknown-operator", f'there is no condition operator "{written}"', *at, written)
            elif isinstance(block, UnknownValue | Symbolic):
                found.append(UnknownValue(block.reason, block.refs))
            elif not isinstance(block, Mapping):
                self.problem("wrong-type", f'"{written}" is an object of keys, not {_kind_of(block)}', *at, written)
            else:
                seen: dict[str, str] = {}
                for key in block:
                    where = (*at, written, key)
                    if (lower := key.lower()) in seen:
                        text = f'"{key}" and "{seen[lower]}" are the same key'
                        self.problem("duplicate-key", text, *where)
                    seen[lower] = key
                    inner = reveal(block[key])
                    values = self.condition_values(inner, where)
                    condition = Condition(operator, lower, values, key, isinstance(inner, list))
                    if values or inner == []:
                        check_condition(condition, where, self.problem, variables=self.variables)
                    found.append(condition)
        return tuple(found)

    def condition_values(self, value: Value, at: Path) -> tuple[Text, ...]:
        found: list[Text] = []
        for item in value if isinstance(value, list) else [value]:
            item = reveal(item)  # noqa: PLW2901  # the same value without its mark
            match item:
                case str() | UnknownValue():
                    found.append(_whole_hole(item))
                case bool():
                    found.append("true" if item else "false")
                case int():
                    found.append(str(item))
                case float():
                    found.append(str(int(item)) if item.is_integer() else repr(item))
                case _:
                    self.problem("wrong-type", f"a condition value is a string, not {_kind_of(item)}", *at)
        return tuple(found)


def _whole_hole(item: str | UnknownValue) -> Text:
    """A string that is one unknown hole as a whole is an unknown value."""
    if isinstance(item, Symbolic) and len(item.parts) == 1 and isinstance(part := item.parts[0], UnknownValue):
        return part
    return item


def _kind_of(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case Mapping():
            return "an object"
        case _:
            return "an unknown value"


def _too_large(value: object) -> bool:
    """Whether a value is nested too deeply or has too many parts, counted as often as they occur."""
    level = [value]
    count = 0
    for _ in range(_DEEPEST):
        deeper: list[object] = []
        for each in level:
            if isinstance(each, Sensitive):
                deeper.append(each.value)
            elif isinstance(each, Mapping):
                deeper.extend(each.values())
            elif isinstance(each, list):
                deeper.extend(each)
            count += 1
            if count + len(deeper) > _MOST_PARTS:
                return True
        if not deeper:
            return False
        level = deeper
    return True


def _size(value: Value | Mapping[str, Value]) -> int:
    """Characters of the compact JSON text, holes not counted."""
    match value:
        case Symbolic():
            return 2 + sum(len(part) for part in value.parts if isinstance(part, str))
        case str():
            return len(json.dumps(str.__str__(value) if type(value) is str else value, ensure_ascii=False))
        case Mapping():
            return 2 + max(0, len(value) - 1) + sum(_size(key) + 1 + _size(value[key]) for key in value)
        case list():
            return 2 + max(0, len(value) - 1) + sum(_size(item) for item in value)
        case bool():
            return 4 if value else 5
        case int() | float():
            return len(str(value))
        case None:
            return 4
        case _:
            inner = reveal(value)
            return 0 if isinstance(inner, UnknownValue) else _size(inner)
