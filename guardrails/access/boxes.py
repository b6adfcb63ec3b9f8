"""Statements as boxes: sets of requests that are a product of what is asked of each part of a request."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct

from guardrails.access.conditions import Condition, Quantifier, Test, Text
from guardrails.access.context import compare, expand
from guardrails.access.glob import encode, literal, loosen, pattern, replace_tokens, token, token_names
from guardrails.access.language import FOLD, resource_language, union
from guardrails.access.matching import action_pattern, excepted, misplaced_variable, named, resource_pattern
from guardrails.access.policy import NamedPrincipal, Policy, PolicyKind, Statement
from guardrails.access.request import Caller, CallerKind
from guardrails.access.truth import Truth, negate
from guardrails.model import UnknownValue

EncodedValue = str | tuple[str, ...] | None
"""The value of a condition key: one, several, or absent."""


class Names(Struct, frozen=True):
    """A list of patterns, or everything but them."""

    patterns: tuple[str, ...]
    """In the form of `language`."""
    negated: bool = False

    def has(self, text: str) -> bool:
        """Whether an encoded text is among them."""
        return union(self.patterns).has(text) != self.negated


class Who(Struct, frozen=True):
    """A principal element."""

    principals: tuple[NamedPrincipal, ...]
    negated: bool = False
    deny: bool = False
    """Whether it stands in a Deny: NotPrincipal spares fewer there."""
    accounts: tuple[str, ...] | None = None
    """Instead of principals: everybody outside of these accounts, services left out."""
    only: Caller | None = None
    """Instead of principals: one caller."""

    def has(self, caller: Caller) -> Truth:
        """Whether the caller is meant."""
        if self.only is not None:
            return caller == self.only
        if self.accounts is not None:
            return caller.kind is not CallerKind.SERVICE and caller.account not in self.accounts
        if self.negated:
            if self.deny:
                return negate(excepted(self.principals, caller))
            return negate(named(self.principals, caller)[0])
        return named(self.principals, caller)[0]


class KeyTest(Struct, frozen=True):
    """A condition on one key with encoded values, or, without a test, that the key has exactly one value."""

    key: str
    test: Test | None
    values: tuple[str, ...] = ()
    negated: bool = False
    if_exists: bool = False
    quantifier: Quantifier | None = None

    def holds(self, value: EncodedValue) -> bool:
        """As `Context.holds`, for a value that is known."""
        absent = value is None or value == ()
        if self.test is None:
            return isinstance(value, str) or (isinstance(value, tuple) and len(value) == 1)
        if self.test is Test.NULL:
            return any(absent == (each.lower() == "true") for each in self.values if each.lower() in ("true", "false"))
        if self.quantifier is not None:
            elements = () if value is None else value if isinstance(value, tuple) else (value,)
            if not any(elements):
                elements = ()
            if self.quantifier is Quantifier.ALL:
                return all(map(self.takes, elements))
            return any(map(self.takes, elements))
        if absent:
            return self.if_exists or self.negated
        if isinstance(value, tuple):
            if len(value) > 1:
                return self.negated
            value = value[0]
        return value is not None and self.takes(value)

    def takes(self, element: str) -> bool:
        """Whether one value passes, negation included."""
        test = self.test
        return test is not None and any(compare(test, element, each) for each in self.values) != self.negated

    def filled(self, by: Callable[[str], str | None]) -> KeyTest:
        """With the tokens of its values replaced."""
        if not any("\ue004" in each for each in self.values):
            return self
        values = tuple(replace_tokens(each, by) for each in self.values)
        return KeyTest(self.key, self.test, values, self.negated, self.if_exists, self.quantifier)


class Box(Struct, frozen=True, eq=False):
    """The requests that one reading of one statement is about. Equal ones are the same object (`box`)."""

    actions: Names
    resources: Names | None
    who: Who | None
    keys: tuple[KeyTest, ...]
    variables: tuple[str, ...]
    """Keys whose values stand in the resources or the keys' values as tokens."""


@functools.lru_cache(maxsize=65536)
def box(
    actions: Names,
    resources: Names | None = None,
    who: Who | None = None,
    keys: tuple[KeyTest, ...] = (),
    variables: tuple[str, ...] = (),
) -> Box:
    """The box with this content."""
    return Box(actions, resources, who, keys, variables)


EVERY_ACTION = Names(("*",))


class Boxes(Struct, frozen=True):
    """The boxes of policies, without those that only may be there (`must`) and with them (`may`)."""

    allow_must: tuple[Box, ...]
    allow_may: tuple[Box, ...]
    deny_must: tuple[Box, ...]
    deny_may: tuple[Box, ...]

    @property
    def known(self) -> bool:
        """Whether nothing of them is in doubt."""
        return self.allow_must == self.allow_may and self.deny_must == self.deny_may


@functools.lru_cache(maxsize=4096)
def boxes_of(policy: Policy) -> Boxes:
    """The boxes of a policy, made once."""
    found: dict[tuple[str, bool], list[Box]] = {}
    for statement in policy.statements:
        for effect in ("Allow", "Deny"):
            may = not (statement.denies if effect == "Allow" else statement.allows)
            must = statement.allows if effect == "Allow" else statement.denies
            upper = list(_boxes(policy, statement, effect == "Deny", upper=True)) if may else []
            found.setdefault((effect, True), []).extend(upper)
            if must:
                lower = upper
                if statement.unknown:
                    lower = list(_boxes(policy, statement, effect == "Deny", upper=False))
                found.setdefault((effect, False), []).extend(lower)
    return Boxes(
        *(tuple(dict.fromkeys(found.get(key, ()))) for key in (("Allow", False), ("Allow", True))),
        *(tuple(dict.fromkeys(found.get(key, ()))) for key in (("Deny", False), ("Deny", True))),
    )


class _Nothing(Exception):  # noqa: N818  # no request can match
    pass


def _boxes(policy: Policy, statement: Statement, deny: bool, *, upper: bool) -> Iterator[Box]:
    """The boxes of a statement: `upper` as large as its unknown parts may make it, else as small."""
    if isinstance(statement.effect, UnknownValue) and statement.actions is None and statement.not_actions is None:
        yield box(EVERY_ACTION)
        return
    try:
        actions = _names(statement.actions, statement.not_actions, _action, upper=upper)
        who = _who(policy, statement, deny, upper=upper)
        for variables in _readings(policy, statement, upper=upper):
            resources = _resources(policy, statement, variables, upper=upper)
            yield box(actions, resources, who, variables.tests, tuple(sorted(variables.used)))
    except _Nothing:
        return


def _action(text: str) -> tuple[str, ...]:
    made = action_pattern(text)
    return () if made is None else (made,)


def _names(
    positive: Sequence[Text] | None,
    negative: Sequence[Text] | None,
    make: Callable[[str], tuple[str, ...]],
    *,
    upper: bool,
) -> Names:
    """The patterns of one of two elements, with what is not known read in the wanted direction."""
    if positive is None and negative is None:
        raise _Nothing
    widen = upper if positive is not None else not upper
    made: dict[str, None] = {}
    for each in positive if positive is not None else negative or ():
        if isinstance(each, UnknownValue):
            if widen:
                made["*"] = None
            continue
        for encoded in make(each):
            if any(name[:1] == "#" for name in token_names(encoded)):
                if widen:
                    made[loosen(encoded)] = None
            else:
                made[encoded] = None
    if positive is not None and not made:
        raise _Nothing
    return Names(tuple(made), negated=positive is None)


def _resources(policy: Policy, statement: Statement, variables: _Reading, *, upper: bool) -> Names | None:
    if statement.resources is None and statement.not_resources is None:
        if policy.kind in (PolicyKind.RESOURCE, PolicyKind.TRUST):
            return None
        raise _Nothing

    def make(text: str) -> tuple[str, ...]:
        encoded = variables.text(text, pattern) if policy.variables else encode(text, pattern)
        return resource_language(resource_pattern(encoded, policy.kind))

    names = _names(statement.resources, statement.not_resources, make, upper=upper)
    return None if "*" in names.patterns and not names.negated else names


def _who(policy: Policy, statement: Statement, deny: bool, *, upper: bool) -> Who | None:
    if not policy.kind.names_principals:
        return None
    elements = statement.principals if statement.principals is not None else statement.not_principals
    if elements is None:
        raise _Nothing
    negated = statement.principals is None
    known = [each for each in elements if isinstance(each, NamedPrincipal) and not _vague(each)]
    if len(known) != len(elements) and upper != negated:
        return None  # an unknown principal may be everybody
    if not negated and any(each.everyone for each in known):
        return None
    if not negated and not known:
        raise _Nothing
    return Who(tuple(known), negated, deny)


def _vague(principal: NamedPrincipal) -> bool:
    return isinstance(principal.id, UnknownValue) or any(name[:1] == "#" for name in token_names(encode(principal.id)))


class _Reading(Struct):
    """One way to resolve a statement's variables: which keys have values, which ones fall back to defaults."""

    fallen: frozenset[str]
    """Keys that are absent, so that their default stands."""
    tests: tuple[KeyTest, ...] = ()
    used: frozenset[str] = frozenset()

    def text(self, text: str, make: Callable[[str], str]) -> str:
        return expand(text, make, self.lookup)

    def lookup(self, key: str, default: str | None) -> str:
        if key in self.fallen and default is not None:
            return literal(default)
        return token(f"${key}")


def _readings(policy: Policy, statement: Statement, *, upper: bool) -> Iterator[_Reading]:
    conditions = [each for each in statement.conditions if isinstance(each, Condition)]
    if len(conditions) != len(statement.conditions) and not upper:
        raise _Nothing
    kept: list[Condition] = []
    for condition in conditions:
        if _unknown(condition):
            if not upper:
                raise _Nothing
        else:
            kept.append(condition)
    if not policy.variables:
        yield _Reading(frozenset(), tuple(_test(each, encode) for each in kept))
        return
    resources = [t for t in (*(statement.resources or ()), *(statement.not_resources or ())) if isinstance(t, str)]
    if any(misplaced_variable(text) for text in resources):
        raise _Nothing
    escaping = [c for c in kept if c.operator.if_exists and c.operator.quantifier is None and _variables_of(c)]
    for choice in range(1 << min(len(escaping), 6)):
        skipped = [c for index, c in enumerate(escaping) if choice >> index & 1]
        asked = [c for c in kept if not any(c is s for s in skipped)]
        extra = [KeyTest(c.key, Test.NULL, ("true",)) for c in skipped]
        extra += [KeyTest(c.key, Test.NULL, ("false",)) for c in escaping if not any(c is s for s in skipped)]
        yield from _with_variables(resources, asked, extra)


def _with_variables(resources: Sequence[str], asked: list[Condition], extra: list[KeyTest]) -> Iterator[_Reading]:
    found: dict[str, bool] = {}  # key -> whether each of its occurrences has a default

    def note(key: str, default: str | None) -> str:
        found[key] = found.get(key, True) and default is not None
        return ""

    for text in resources:
        expand(text, pattern, note)
    for condition in asked:
        if condition.operator.test.takes_variables:
            for value in condition.values:
                if isinstance(value, str):
                    expand(value, pattern, note)
    optional = [key for key, default in found.items() if default][:6]
    for choice in range(1 << len(optional)):
        fallen = frozenset(key for index, key in enumerate(optional) if choice >> index & 1)
        reading = _Reading(fallen)
        present = tuple(KeyTest(key, None) for key in found if key not in fallen)
        absent = tuple(KeyTest(key, Test.NULL, ("true",)) for key in sorted(fallen))
        tests = tuple(_test(each, reading.text) for each in asked)
        reading.tests = tuple(dict.fromkeys((*tests, *present, *absent, *extra)))
        reading.used = frozenset(found) - fallen
        yield reading


def _variables_of(condition: Condition) -> bool:
    return condition.operator.test.takes_variables and any(
        isinstance(value, str) and "${" in str.__str__(value) for value in condition.values
    )


def _unknown(condition: Condition) -> bool:
    return any(
        isinstance(value, UnknownValue) or any(name[:1] == "#" for name in token_names(encode(value)))
        for value in condition.values
    )


def _test(condition: Condition, text: Callable[[str, Callable[[str], str]], str]) -> KeyTest:
    operator = condition.operator
    make = pattern if operator.test in (Test.STRING_LIKE, Test.ARN_LIKE) else literal
    render = text if operator.test.takes_variables else encode
    values = tuple(dict.fromkeys(render(value, make) for value in condition.values if isinstance(value, str)))
    return KeyTest(condition.key, operator.test, values, operator.negated, operator.if_exists, operator.quantifier)


def fold(text: str) -> str:
    """The language of a literal compared without regard to case."""
    return FOLD + text.lower()


def every_who(boxes: Iterable[Box]) -> list[Who]:
    """The principal elements of boxes, each once."""
    return list(dict.fromkeys(each.who for each in boxes if each.who is not None))
