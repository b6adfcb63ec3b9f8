"""Sets of requests: what policies allow, as a whole, compared exactly.

`difference_witness(a, b)` asks whether `a` allows anything that `b` does not, and shows one such request, confirmed by
the direct evaluator. Beyond the budget, or where parts of the policies are not known, the answer is `Undecided`.
Attributes known after apply are taken to differ from every literal and from each other.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct

from guardrails.access.boxes import EVERY_ACTION, Box, Names, box, boxes_of
from guardrails.access.context import Context, plain_text
from guardrails.access.glob import TOKEN, arn_matches, encode, literal, token_names
from guardrails.access.language import TooHard, meets, union
from guardrails.access.matching import Asked, lone_resource, verdict
from guardrails.access.policy import Policy
from guardrails.access.request import Caller, CallerKind, ContextValue, Request, Target
from guardrails.access.search import STEPS, Entry, Point, Search
from guardrails.access.truth import Doubt, Truth, all_of, any_of, negate
from guardrails.model import Ref, Symbolic


class Witness(Struct, frozen=True):
    """A request that shows a difference."""

    request: Request
    known_action: bool = True
    """Whether the action is one that AWS has, as of the data's date; else it is one that may come."""

    @property
    def action(self) -> str:
        """The action, in AWS's case where it is known."""
        return self.request.action

    @property
    def resource(self) -> str:
        """The resource, possibly `Symbolic`."""
        return self.request.targets[0].arn


class Undecided(Struct, frozen=True):
    """The question cannot be answered."""

    reason: str


Answer = Witness | Undecided | None
"""A witness, "no such request", or "not known"."""


class Group(Struct, frozen=True):
    """The requests of some entries that are in no denying entry."""

    allows: tuple[Entry, ...]
    denies: tuple[Entry, ...] = ()

    def boxes(self) -> Iterator[Box]:
        """Every box in it."""
        for entry in (*self.allows, *self.denies):
            yield from entry


class Space(Struct, frozen=True, eq=False):
    """A set of requests as far as it is known."""

    must: tuple[Group, ...]
    """Surely in it."""
    may: tuple[Group, ...]
    """Possibly in it; the same object as `must` where everything is known."""
    permits: Callable[[Asked], Truth]
    """The direct evaluator of the same set."""
    principals: bool = False
    """Whether its requests have a caller: sets of resource policies."""
    reasons: tuple[str, ...] = ()
    """What is not known."""

    @property
    def known(self) -> bool:
        """Whether nothing of it is in doubt."""
        return self.must is self.may

    def __or__(self, other: Space) -> Space:
        """Requests of either."""
        must = (*self.must, *other.must)
        may = must if self.known and other.known else (*self.may, *other.may)
        return self._with(other, must, may, lambda asked: any_of((self.permits(asked), other.permits(asked))))

    def __and__(self, other: Space) -> Space:
        """Requests of both."""
        must = _product(self.must, other.must)
        may = must if self.known and other.known else _product(self.may, other.may)
        return self._with(other, must, may, lambda asked: all_of((self.permits(asked), other.permits(asked))))

    def __sub__(self, other: Space) -> Space:
        """Requests of this one that are not of the other."""
        must = _less(self.must, other.may)
        may = must if self.known and other.known else _less(self.may, other.must)
        return self._with(other, must, may, lambda asked: all_of((self.permits(asked), negate(other.permits(asked)))))

    def _with(
        self, other: Space, must: tuple[Group, ...], may: tuple[Group, ...], permits: Callable[[Asked], Truth]
    ) -> Space:
        reasons = tuple(dict.fromkeys((*self.reasons, *other.reasons)))
        return Space(must, may, permits, self.principals or other.principals, reasons)

    def find(self, *, steps: int = STEPS, known_actions: bool = False) -> Answer:
        """A request in it; None if it is surely empty."""
        return difference_witness(self, NOTHING, steps=steps, known_actions=known_actions)

    def empty(self) -> Truth:
        """Whether it has no request."""
        match self.find():
            case None:
                return True
            case Undecided(reason):
                return Doubt((reason,))
            case _:
                return False


NOTHING = Space((), (), lambda asked: False)
EVERYTHING = Space(*2 * ((Group(((box(EVERY_ACTION),),)),),), lambda asked: True)


def space_of(*policies: Policy) -> Space:
    """What policies of one layer allow together: an Allow of any, less every Deny."""
    return _space(policies)


@functools.lru_cache(maxsize=4096)
def _space(policies: tuple[Policy, ...]) -> Space:
    made = [boxes_of(policy) for policy in policies]

    def entries(boxes: Iterable[tuple[Box, ...]]) -> tuple[Entry, ...]:
        return tuple(dict.fromkeys((each,) for some in boxes for each in some))

    must = (Group(entries(b.allow_must for b in made), entries(b.deny_may for b in made)),)
    may = must
    if not all(b.known for b in made):
        may = (Group(entries(b.allow_may for b in made), entries(b.deny_must for b in made)),)
    reasons = tuple(dict.fromkeys(reason for policy in policies for reason in policy.unknown))
    named = any(policy.kind.names_principals for policy in policies)
    return Space(must, may, lambda asked: verdict(policies, asked), named, reasons)


# -- algebra


def _product(ours: Sequence[Group], theirs: Sequence[Group]) -> tuple[Group, ...]:
    found: list[Group] = []
    for one in ours:
        for other in theirs:
            allows = tuple(_joined(a, b) for a in one.allows for b in other.allows if not _apart(a, b))
            if allows:
                found.append(Group(allows, _distinct((*one.denies, *other.denies))))
    return tuple(found)


def _less(ours: Sequence[Group], theirs: Sequence[Group]) -> tuple[Group, ...]:
    left = list(ours)
    for other in theirs:
        parts: list[Group] = []
        for one in left:
            parts.append(Group(one.allows, _distinct((*one.denies, *other.allows))))
            for deny in other.denies:
                allows = tuple(_joined(entry, deny) for entry in one.allows if not _apart(entry, deny))
                if allows:
                    parts.append(Group(allows, one.denies))
        left = parts
    return tuple(left)


def _joined(one: Entry, other: Entry) -> Entry:
    return tuple(dict.fromkeys((*one, *other)))


def _distinct(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(dict.fromkeys(entries))


def _apart(one: Entry, other: Entry) -> bool:
    """Whether two entries surely have no request in common, by their actions."""
    return any(_actions_apart(a.actions, b.actions) for a in one for b in other if a is not b)


@functools.lru_cache(maxsize=65536)
def _actions_apart(one: Names, other: Names) -> bool:
    if one.negated or other.negated:
        return False
    theirs = union(other.patterns)
    return not any(meets(near, each) for each in one.patterns for near in theirs.near(each))


# -- questions


def difference_witness(
    a: Space | Policy, b: Space | Policy, *, steps: int = STEPS, known_actions: bool = False
) -> Answer:
    """A request that `a` allows and `b` does not, None if there is none, or `Undecided` with the reason.

    `steps` bounds the work. `known_actions`: look only at actions that AWS has, as of the data's date.
    """
    ours = space_of(a) if isinstance(a, Policy) else a
    theirs = space_of(b) if isinstance(b, Policy) else b
    if ours is theirs and ours.known:
        return None
    question = _Question(ours, theirs, steps, known_actions)
    try:
        sure = question.first(_less(ours.must, theirs.may))
    except TooHard as too_hard:
        return Undecided(str(too_hard))
    if isinstance(sure, Witness | Undecided):
        return sure
    if ours.known and theirs.known:
        return None
    try:
        possible = question.first(_less(ours.may, theirs.must))
    except TooHard as too_hard:
        return Undecided(str(too_hard))
    if possible is None:
        return None
    reasons = dict.fromkeys((*ours.reasons, *theirs.reasons))
    return Undecided("; ".join(reasons) or "parts of the policies are not known")


class _Question:
    def __init__(self, ours: Space, theirs: Space, steps: int, known_actions: bool) -> None:
        self.ours, self.theirs = ours, theirs
        boxes = [each for space in (ours, theirs) for group in (*space.must, *space.may) for each in group.boxes()]
        self.search = Search(
            dict.fromkeys(boxes),
            steps=steps,
            principals=ours.principals or theirs.principals,
            known_actions=known_actions,
        )
        self.originals = boxes

    def first(self, groups: Sequence[Group]) -> Answer:
        """The first confirmed request of some groups."""
        doubt: Undecided | None = None
        for group in groups:
            for entry in group.allows:
                point = self.search.find(entry, group.denies)
                if point is None:
                    continue
                answer = self.confirmed(self.polished(point, entry, group.denies))
                if isinstance(answer, Witness):
                    return answer
                doubt = doubt or answer
        return doubt

    def polished(self, point: Point, entry: Entry, denies: Sequence[Entry]) -> Point:
        """The same point with an action that AWS has and that takes the resource, if one of those near is as good."""
        from guardrails.access import facts  # noqa: PLC0415  # the index is read when the first witness is shown

        if facts.action(point.action) is not None:
            return self.placed(point, entry, denies)
        good: Point | None = None
        for name in itertools.islice(self.near_actions(point, entry), _MOST_NEAR):
            better = Point(name.lower(), point.resource, point.caller, point.context)
            if not _inside(better, entry) or any(_inside(better, other) for other in denies):
                continue
            if _takes(name, point.resource):
                return better
            moved = self.placed(better, entry, denies)
            if moved is not better:
                return moved
            good = good or better
        return good or point

    @staticmethod
    def near_actions(point: Point, entry: Entry) -> Iterator[str]:
        """Actions that AWS has in the patterns of a point."""
        from guardrails.access import facts  # noqa: PLC0415  # as above

        for names in (each.actions for each in entry if not each.actions.negated):
            for each in names.patterns:
                if each != "*" and union((each,)).has(point.action):
                    yield from facts.actions_matching(each)
        yield from _USUAL

    @staticmethod
    def placed(point: Point, entry: Entry, denies: Sequence[Entry]) -> Point:
        """The point on a resource that its action takes, if one is as good."""
        from guardrails.access import facts  # noqa: PLC0415  # as above

        known = facts.action(point.action)
        if known is None:
            return point
        lone = lone_resource(point.action)
        places = [lone] if lone is not None else [target.type.glob for target in known.targets]
        for place in places:
            parts = place.split(":", 5)
            if len(parts) == 6 and lone is None:
                nice = ("arn", "aws", parts[2], "us-east-1", "111122223333")
                place = ":".join((*(nice[i] if p == "*" else p for i, p in enumerate(parts[:5])), parts[5]))  # noqa: PLW2901  # the same place with its wildcards filled
                place = place.replace("*", "example")  # noqa: PLW2901  # as above
            better = Point(point.action, literal(place), point.caller, point.context)
            if _inside(better, entry) and not any(_inside(better, other) for other in denies):
                return better
        return point

    def confirmed(self, point: Point) -> Witness | Undecided:
        """The witness, if the direct evaluator agrees."""
        request = request_at(point)
        asked = asked_of(request)
        ours, theirs = self.ours.permits(asked), self.theirs.permits(asked)
        if ours is True and theirs is False:
            from guardrails.access import facts  # noqa: PLC0415  # the index was read for the point already

            known = facts.action(point.action)
            named = Request(request.caller, known.name if known else request.action, request.targets, request.context)
            return Witness(named, known is not None)
        reasons = tuple(r for t in (ours, theirs) if isinstance(t, Doubt) for r in t.reasons)
        if reasons:
            return Undecided("; ".join(dict.fromkeys(reasons)))
        return Undecided(f"the example {request.action} on {plain_text(point.resource)} could not be confirmed")


_MOST_NEAR = 300
_USUAL = ("s3:GetObject", "iam:CreateUser", "ec2:RunInstances", "sts:AssumeRole", "lambda:InvokeFunction")


def _takes(action: str, resource: str) -> bool:
    """Whether an action is about such a resource."""
    from guardrails.access import facts  # noqa: PLC0415  # as above

    known = facts.action(action)
    if known is None:
        return False
    if known.wildcard_only:
        return resource == literal(lone_resource(action) or "*")
    return any(arn_matches(target.type.glob, resource) for target in known.targets)


def _inside(point: Point, entry: Entry) -> bool:
    return all(map(point.inside, entry))


def decoded(encoded: str) -> str:
    """An encoded string as it is outside: `Symbolic` where it has attributes known after apply."""
    if not token_names(encoded):
        return plain_text(encoded)
    parts: list[str | Ref] = []
    at = 0
    for found in TOKEN.finditer(encoded):
        parts.append(plain_text(encoded[at : found.start()]))
        name = token_names(found[0])[0]
        address, _, attribute = name[1:].rpartition(".")
        parts.append(Ref(address, attribute))
        at = found.end()
    parts.append(plain_text(encoded[at:]))
    return Symbolic(*parts)


_SOMEBODY = Caller(CallerKind.USER, "arn:aws:iam::111122223333:user/example", "111122223333")


def request_at(point: Point) -> Request:
    """The request of a point. Keys that it does not speak of are absent."""
    caller = point.caller or _SOMEBODY
    context: dict[str, ContextValue] = dict.fromkeys(caller.keys())
    for key, value in point.context.items():
        if isinstance(value, tuple):
            context[key] = tuple(decoded(each) for each in value)
        else:
            context[key] = None if value is None else decoded(value)
    return Request(caller, plain_text(point.action), (Target(decoded(point.resource)),), context)


def asked_of(request: Request) -> Asked:
    """A request with one resource, as statements see it; its context is taken as it is."""
    target = request.targets[0]
    context = Context(request.context, target.context, open_=request.open)
    return Asked(request.caller, encode(request.action).lower(), encode(target.arn), context)
