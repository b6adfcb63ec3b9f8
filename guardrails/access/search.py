"""A request that is in one set of boxes and outside of others, or the proof that there is none.

The search takes a request of the first set, looks which of the others has it, and splits there: what is left lies
outside of that box in one of its parts. So only boxes that matter are ever looked at closely.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct, field
from msgspec.structs import replace

from guardrails.access.boxes import Box, EncodedValue, KeyTest, Names, Who
from guardrails.access.callers import Candidate, candidates_of
from guardrails.access.conditions import Quantifier, Test
from guardrails.access.glob import CLOSE, LITERAL_STAR, OPEN, replace_tokens, token_names
from guardrails.access.keys import solve_key
from guardrails.access.language import ANY_ARN, TooHard, both, fits, union
from guardrails.access.member import member
from guardrails.access.request import Caller
from guardrails.access.truth import Doubt

Entry = tuple[Box, ...]
"""The intersection of boxes."""
STEPS = 2_000
"""How many splits a question may take before it is given up as undecided."""
_ATTEMPTS = (("example", "x"), ("sample", "y"), ("other-1", "q"), ("zq7", "w"))


class Point(Struct, frozen=True):
    """A request, encoded."""

    action: str
    resource: str
    caller: Caller | None
    context: Mapping[str, EncodedValue]

    def value(self, name: str) -> str | None:
        """The value of a token of a policy variable; None leaves it."""
        if name[:1] != "$":
            return None
        found = self.context.get(name[1:])
        return found if isinstance(found, str) else None

    def inside(self, box: Box) -> bool:
        """Whether a box has it. A doubt about the caller counts as no; the witness is confirmed elsewhere."""
        if not box.actions.has(self.action):
            return False
        plain = not box.variables
        if plain and box.resources is not None and not box.resources.has(self.resource):
            return False
        if box.who is not None and (self.caller is None or box.who.has(self.caller) is not True):
            return False
        for test in box.keys:
            if not (test if plain else test.filled(self.value)).holds(self.context.get(test.key)):
                return False
        return plain or box.resources is None or self.among(box.resources)

    def among(self, names: Names) -> bool:
        """Whether the resource is among names with tokens."""
        return any(fits(replace_tokens(each, self.value), self.resource) for each in names.patterns) != names.negated


class Area(Struct, frozen=True):
    """What is left of a box: what each part of a request must be, and must not be."""

    action: tuple[str, ...] = ("*",)
    no_action: tuple[str, ...] = ()
    resource: tuple[str, ...] = (ANY_ARN, LITERAL_STAR)
    no_resource: tuple[str, ...] = ()
    who: tuple[tuple[Who, bool], ...] = ()
    keys: Mapping[str, tuple[tuple[KeyTest, bool], ...]] = field(default_factory=dict)
    tokens: bool = False

    def with_actions(self, names: Names, inside: bool = True) -> Area:
        """Those whose action is among names, or is not."""
        if inside != names.negated:
            return replace(self, action=both(self.action, names.patterns))
        return replace(self, no_action=_joined(self.no_action, names.patterns))

    def with_resources(self, names: Names, inside: bool = True) -> Area:
        """Those whose resource is among names, or is not."""
        if inside != names.negated:
            return replace(self, resource=both(self.resource, names.patterns))
        return replace(self, no_resource=_joined(self.no_resource, names.patterns))

    def with_key(self, test: KeyTest, inside: bool = True) -> Area:
        """Those that pass a test, or fail it."""
        before = self.keys.get(test.key, ())
        if (test, inside) in before:
            return self
        return replace(self, keys={**self.keys, test.key: (*before, (test, inside))})

    def with_who(self, who: Who, inside: bool = True) -> Area:
        """Those whose caller is meant, or is not."""
        return self if (who, inside) in self.who else replace(self, who=(*self.who, (who, inside)))

    def with_box(self, box: Box) -> Area:
        """Those that a box has."""
        area = self.with_actions(box.actions)
        if box.resources is not None:
            area = area.with_resources(box.resources)
        if box.who is not None:
            area = area.with_who(box.who)
        for test in box.keys:
            area = area.with_key(test)
        return replace(area, tokens=True) if box.variables else area

    def implied(self, part: Names | Who | KeyTest, *, resource: bool = False) -> bool:
        """Whether everything in it surely passes a part of a box."""
        match part:
            case Names():
                ours = self.resource if resource else self.action
                theirs = self.no_resource if resource else self.no_action
                if part.negated:
                    return _included(part.patterns, theirs)
                return _included(ours, part.patterns)
            case Who():
                return (part, True) in self.who
            case KeyTest():
                return (part, True) in self.keys.get(part.key, ())

    def filled(self, key: str, value: str) -> Area:
        """With the token of a key replaced by its value."""

        def by(name: str) -> str | None:
            return value if name == f"${key}" else None

        def all_of(patterns: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(dict.fromkeys(replace_tokens(each, by) for each in patterns))

        keys = {name: tuple((test.filled(by), sign) for test, sign in tests) for name, tests in self.keys.items()}
        area = replace(self, resource=all_of(self.resource), no_resource=all_of(self.no_resource), keys=keys)
        return area.with_key(KeyTest(key, Test.STRING_EQUALS, (value,)))


@functools.lru_cache(maxsize=8192)
def _joined(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other))) if one else other


@functools.lru_cache(maxsize=8192)
def _included(special: tuple[str, ...], general: tuple[str, ...]) -> bool:
    """Whether each pattern is included in one of the others."""
    whole = union(general)
    return all(whole.includes(each) for each in special)


class Search:
    """One question."""

    def __init__(
        self, boxes: Iterable[Box], *, steps: int = STEPS, principals: bool = False, known_actions: bool = False
    ) -> None:
        """`boxes` are all that take part; `principals`: whether requests have a caller."""
        everything = list(boxes)
        self.steps = steps
        self.known_actions = known_actions
        self.quantified = frozenset(
            test.key for box in everything for test in box.keys if test.quantifier and not _single(test.key)
        )
        self.universe = (ANY_ARN, LITERAL_STAR, *_unknown_arns(everything))
        self.candidates: Sequence[Candidate] | None = None
        if principals:
            self.candidates = candidates_of(everything)

    def find(self, entry: Entry, outside: Sequence[Entry]) -> Point | None:
        """A request in all boxes of `entry` and in none of the entries of `outside`. Raises `TooHard`."""
        own = frozenset(entry)
        if any(own.issuperset(other) for other in outside):
            return None
        area = Area(resource=self.universe)
        for box in entry:
            area = area.with_box(box)
        stack = [area]
        while stack:
            self.steps -= 1
            if self.steps < 0:
                raise TooHard("the policies overlap in too many ways")
            area = stack.pop()
            point = self.solve(area)
            if point is None:
                continue
            hits = [other for other in outside if all(map(point.inside, other))]
            if not hits:
                return point
            open_parts = min((self._open(area, other) for other in hits[:8]), key=len)
            stack.extend(reversed(list(self._split(area, open_parts))))
        return None

    @staticmethod
    def _open(area: Area, entry: Entry) -> list[tuple[Names | Who | KeyTest, bool, bool]]:
        """The parts of an entry that the area does not surely pass: (part, of the resource, with tokens)."""
        found: list[tuple[Names | Who | KeyTest, bool, bool]] = []
        for box in entry:
            tokens = bool(box.variables)
            if not area.implied(box.actions):
                found.append((box.actions, False, tokens))
            if box.resources is not None and not area.implied(box.resources, resource=True):
                found.append((box.resources, True, tokens))
            if box.who is not None and not area.implied(box.who):
                found.append((box.who, False, tokens))
            found.extend((test, False, tokens) for test in box.keys if not area.implied(test))
        return found

    @staticmethod
    def _split(area: Area, parts: Sequence[tuple[Names | Who | KeyTest, bool, bool]]) -> Iterator[Area]:
        """The area less the box, in pieces: each fails one part and, where that is cheap, passes those before it."""
        for part, resource, tokens in parts:
            if tokens and not area.tokens:
                area = replace(area, tokens=True)
            match part:
                case Names() if resource:
                    yield area.with_resources(part, inside=False)
                    if len(part.patterns) <= 16 and not tokens:
                        area = area.with_resources(part)
                case Names():
                    yield area.with_actions(part, inside=False)
                    if len(part.patterns) <= 16:
                        area = area.with_actions(part)
                case Who():
                    yield area.with_who(part, inside=False)
                    area = area.with_who(part)
                case KeyTest():
                    yield area.with_key(part, inside=False)
                    area = area.with_key(part)

    # -- one request of an area

    def solve(self, area: Area) -> Point | None:
        """A request of an area, or None if it is empty. Raises `TooHard`."""
        action = self._action(area)
        if action is None:
            return None
        if not area.tokens:
            return self._at(area, action, _ATTEMPTS[0])
        for key in _variables(area):
            values = _finite(area.keys.get(key, ()))
            if values is not None:
                for value in values:
                    found = self.solve(area.filled(key, value))
                    if found is not None:
                        return found
                return None
        seen = False
        variables = _variables(area)
        for number, fills in enumerate(_ATTEMPTS):
            # Variables differ from each other and from everything else, but for one try.
            own = {} if number == 1 else {key: f"{fills[0]}{index}" for index, key in enumerate(variables, 1)}
            point = self._at(area, action, fills, own)
            if point is None:
                break
            seen = True
            point = _concrete(point)
            if point is not None and _has(area, point):
                return point
        if seen:
            raise TooHard("policy variables are compared in too many ways")
        return None

    def _action(self, area: Area) -> str | None:
        if not self.known_actions:
            return _member(area.action, area.no_action, ("Example", "x"))
        from guardrails.access import facts  # noqa: PLC0415  # for questions about known actions alone

        taken = union(area.no_action)
        for each in area.action:
            if each in area.no_action:
                continue
            for name in facts.actions_matching(each):
                if not taken.has(name.lower()):
                    return name.lower()
        return None

    def _at(
        self, area: Area, action: str, fills: tuple[str, ...], own: Mapping[str, str] = MappingProxyType({})
    ) -> Point | None:
        resource = _member(area.resource, area.no_resource, fills)
        if resource is None:
            return None
        if self.candidates is None:
            context = self._keys(area.keys, fills, own)
            return None if context is None else Point(action, resource, None, context)
        vague = False
        for candidate in self.candidates:
            fitting = candidate.fits(area.who)
            if isinstance(fitting, Doubt):
                vague = True
            elif fitting:
                found = candidate.solve(area.keys, lambda keys: self._keys(keys, fills, own))
                if found is not None:
                    caller, context = found
                    if all(who.has(caller) is sign for who, sign in area.who):
                        return Point(action, resource, caller, context)
                    vague = True
        if vague:
            raise TooHard("it is not known whom the principals mean")
        return None

    def _keys(
        self,
        keys: Mapping[str, tuple[tuple[KeyTest, bool], ...]],
        fills: tuple[str, ...],
        own: Mapping[str, str],
    ) -> dict[str, EncodedValue] | None:
        context: dict[str, EncodedValue] = {}
        for key, tests in keys.items():
            nice = (own[key], *fills) if key in own else fills
            solved = solve_key(key, tests, many=key in self.quantified, fills=nice)
            if solved is False:
                return None
            context[key] = None if solved is True else solved
        return context


def _unknown_arns(boxes: Iterable[Box]) -> list[str]:
    """Patterns for resources whose ARN starts with an attribute known after apply."""
    found: dict[str, None] = {}
    for box in boxes:
        for each in box.resources.patterns if box.resources else ():
            if each.startswith(OPEN):
                found[each[: each.index(CLOSE) + 1] + "*"] = None
    return list(found)


@functools.lru_cache(maxsize=16384)
def _member(positive: tuple[str, ...], negative: tuple[str, ...], fills: tuple[str, ...]) -> str | None:
    return member(positive, negative, fills)


def _single(key: str) -> bool:
    """Whether a key surely has one value at most, so that a set operator on it is a mistake."""
    return key.startswith(("aws:principaltag/", "aws:resourcetag/", "aws:requesttag/")) or key in _SINGLE


_SINGLE = frozenset(
    {
        "aws:principalarn", "aws:principalaccount", "aws:principalorgid", "aws:principaltype", "aws:userid",
        "aws:username", "aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip", "aws:sourcearn",
        "aws:sourceaccount", "aws:sourceorgid", "aws:securetransport", "aws:multifactorauthpresent",
        "aws:multifactorauthage", "aws:currenttime", "aws:epochtime", "aws:tokenissuetime", "aws:requestedregion",
        "aws:resourceaccount", "aws:resourceorgid", "aws:viaawsservice", "aws:principalisawsservice",
        "aws:principalservicename", "aws:calledviafirst", "aws:calledvialast", "aws:referer", "aws:useragent",
        "aws:sourceidentity", "aws:federatedprovider",
    }
)  # fmt: skip
"""Single-valued global keys (User Guide, "AWS global condition context keys")."""


def _variables(area: Area) -> list[str]:
    found: dict[str, None] = {}
    for each in (*area.resource, *area.no_resource):
        found.update(dict.fromkeys(name[1:] for name in token_names(each) if name[:1] == "$"))
    for tests in area.keys.values():
        for test, _ in tests:
            for each in test.values:
                found.update(dict.fromkeys(name[1:] for name in token_names(each) if name[:1] == "$"))
    return list(found)


def _finite(tests: Iterable[tuple[KeyTest, bool]]) -> tuple[str, ...] | None:
    """The values that a key can have, if a test leaves it a few known ones."""
    for test, sign in tests:
        if (
            test.test is Test.STRING_EQUALS
            and sign is not test.negated
            and not test.if_exists
            and test.quantifier is not Quantifier.ALL
            and len(test.values) <= 16
            and not any(token_names(value) for value in test.values)
        ):
            return test.values
    return None


def _concrete(point: Point) -> Point | None:
    """The point with the values of variables in place of their tokens."""
    context = dict(point.context)
    for _ in range(4):
        current = replace(point, context=context)
        context = {
            key: value
            if value is None
            else tuple(replace_tokens(each, current.value) for each in value)
            if isinstance(value, tuple)
            else replace_tokens(value, current.value)
            for key, value in context.items()
        }
    current = replace(point, context=context)
    resource = replace_tokens(point.resource, current.value)
    texts = [resource, *(v for v in context.values() if isinstance(v, str))]
    if any(name[:1] == "$" for text in texts for name in token_names(text)):
        return None
    return replace(current, resource=resource)


def _has(area: Area, point: Point) -> bool:
    """Whether a point without tokens is in an area."""
    if not point.among(Names(area.resource)) or point.among(Names(area.no_resource)):
        return False
    return all(
        test.filled(point.value).holds(point.context.get(key)) is sign
        for key, tests in area.keys.items()
        for test, sign in tests
    )
