"""Questions about what policies allow as a whole: compared, restricted, by strangers, everything.

`difference_witness(a, b)` asks whether `a` allows anything that `b` does not. See `spaces` for what the sets are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from guardrails.access.boxes import EVERY_ACTION, Box, KeyTest, Names, Who, box
from guardrails.access.conditions import Quantifier, Test
from guardrails.access.glob import encode, literal, pattern, token_names
from guardrails.access.language import TooHard, resource_language
from guardrails.access.matching import Asked, lone_resource
from guardrails.access.request import Caller, ContextValue
from guardrails.access.search import Point, Search
from guardrails.access.spaces import (
    EVERYTHING,
    NOTHING,
    Answer,
    Group,
    Space,
    Undecided,
    Witness,
    asked_of,
    difference_witness,
    request_at,
    space_of,
)
from guardrails.access.truth import Doubt, Truth
from guardrails.access.values import parse_ip

__all__ = [
    "EVERYTHING",
    "NOTHING",
    "Answer",
    "Group",
    "Space",
    "Undecided",
    "Witness",
    "allowed_actions",
    "asked_of",
    "difference_witness",
    "is_admin",
    "request_at",
    "restrict",
    "space_of",
    "strangers",
]


def restrict(
    space: Space,
    *,
    action: str = "",
    resource: str = "",
    principal: Caller | None = None,
    outside: Sequence[str] | None = None,
    context: Mapping[str, ContextValue] | None = None,
) -> Space:
    """The requests of a set that are about an action and a resource (patterns with `*` and `?`), by one caller or by
    callers outside of some accounts, with these values of condition keys (None: absent).
    """
    actions = Names((encode(action, pattern).lower(),)) if action else EVERY_ACTION
    resources = None
    if resource:
        encoded = encode(resource, literal if resource == "*" else pattern)
        resources = Names(resource_language(encoded))
    who = None
    if principal is not None:
        who = Who((), only=principal)
    elif outside is not None:
        who = Who((), accounts=tuple(outside))
    keys: list[KeyTest] = []
    for key, value in (context or {}).items():
        if value is None:
            keys.append(KeyTest(key.lower(), Test.NULL, ("true",)))
        elif isinstance(value, str):
            keys.append(KeyTest(key.lower(), Test.STRING_EQUALS, (encode(value),)))
    return _cut(space, box(actions, resources, who, tuple(keys)))


def _cut(space: Space, only: Box) -> Space:
    """The requests of a set that a box has."""
    groups = (Group(((only,),)),)

    def permits(asked: Asked) -> Truth:
        values = {test.key: _value(asked.context.get(test.key)) for test in only.keys}
        return Point(asked.action, asked.resource, asked.caller, values).inside(only)

    return space & Space(groups, groups, permits, only.who is not None)


def _value(value: ContextValue) -> str | tuple[str, ...] | None:
    if isinstance(value, tuple):
        return tuple(encode(each) for each in value if isinstance(each, str))
    return encode(value) if isinstance(value, str) else None


def strangers(space: Space, accounts: Sequence[str]) -> Space:
    """What callers outside of some accounts may do, anonymous ones included, AWS services left out.

    Conditions that only somebody of these accounts or networks can meet are not met: a network, endpoint, organisation,
    source account or source ARN that is named by a value without a wildcard is taken to be one of theirs, unless the
    source belongs to another account.
    """
    tests: dict[KeyTest, None] = {}
    for each in dict.fromkeys(b for groups in (space.must, space.may) for group in groups for b in group.boxes()):
        for test in each.keys:
            for found in _unreachable(test, accounts):
                tests[found] = None
    return _cut(space, box(EVERY_ACTION, None, Who((), accounts=tuple(accounts)), tuple(tests)))


_OWN = frozenset(
    {
        "aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip", "aws:sourceowner", "aws:sourceaccount", "aws:sourcearn",
        "aws:sourceorgid", "aws:sourceorgpaths", "aws:principalorgid", "aws:principalorgpaths", "aws:vpceaccount",
        "aws:vpceorgid", "aws:vpceorgpaths", "s3:dataaccesspointaccount", "s3:dataaccesspointarn",
    }
)  # fmt: skip
"""Keys whose values callers cannot choose at will."""


def _unreachable(test: KeyTest, accounts: Sequence[str]) -> Iterator[KeyTest]:
    """What a stranger's request must fail, given a test that a policy has on the same key."""
    if test.test is Test.IP_ADDRESS and test.key in ("aws:sourceip", "aws:vpcsourceip"):
        narrow = tuple(value for value in test.values if _narrow(value))
        if narrow:
            yield KeyTest(test.key, Test.IP_ADDRESS, narrow, negated=True)
    if test.key not in _OWN or test.test is None or test.test.family not in ("String", "Arn"):
        return
    wild = test.test in (Test.STRING_LIKE, Test.ARN_LIKE)
    values = tuple(value for value in test.values if _ours(value, accounts, wild=wild))
    if values:
        many = test.quantifier
        yield KeyTest(test.key, test.test, values, negated=True, quantifier=many and Quantifier.ALL)


def _narrow(value: str) -> bool:
    """Whether a block is one that somebody has, and not about everybody's: S3's measure (see `public`)."""
    block = parse_ip(value)
    return block is not None and block[2] - block[1] + 1 <= (2**24 if block[0] == 4 else 2**96)


def _ours(value: str, accounts: Sequence[str], *, wild: bool) -> bool:
    """Whether a value names something of these accounts, as far as it tells."""
    if token_names(value):
        return any(name[:1] == "@" for name in token_names(value))
    parts = value.split(":", 5)
    if len(parts) == 6 and parts[0] == "arn" and parts[4]:
        return parts[4] in accounts
    if value.isdigit() and len(value) == 12:
        return value in accounts
    if wild and ("*" in value or "?" in value):
        # Wildcards within what is under a name of ours: `o-1234/*`, `arn:aws:s3:::ours/*`.
        head = value.split("*", 1)[0].split("?", 1)[0]
        return "/" in head and len(head.split("/", 1)[0]) > 3
    return True


def is_admin(space: Space, *, known_actions: bool = True) -> Truth:
    """Whether everything is allowed. `known_actions`: everything that AWS has, as of the data's date."""
    match difference_witness(EVERYTHING, space, known_actions=known_actions):
        case None:
            return True
        case Undecided(reason):
            return Doubt((reason,))
        case _:
            return False


def allowed_actions(space: Space, *, may: bool = False) -> frozenset[str]:
    """The known actions that are allowed on some resource in some circumstances, in AWS's case.

    `may`: those too of which it is not sure, for want of knowledge or of time.
    """
    from guardrails.access import facts  # noqa: PLC0415  # the universe of actions is asked for here

    groups = space.may if may else space.must
    boxes = list(dict.fromkeys(each for group in groups for each in group.boxes()))
    names: dict[str, None] = {}
    for group in groups:
        for entry in group.allows:
            chosen = min((b.actions for b in entry if not b.actions.negated), key=_width, default=EVERY_ACTION)
            for each in chosen.patterns:
                names.update(dict.fromkeys(facts.actions_matching(each)))
    answers: dict[tuple[str | None, int], bool] = {}
    found: list[str] = []
    for name in names:
        lower = name.lower()
        place = lone_resource(name)
        mask = 0
        for index, one in enumerate(boxes):
            if one.actions.has(lower):
                mask |= 1 << index
        signature = (place, mask)
        if signature not in answers:
            answers[signature] = _some(space, groups, boxes, lower, place, may=may)
        if answers[signature]:
            found.append(name)
    return frozenset(found)


def _width(names: Names) -> int:
    return len(names.patterns) if "*" not in names.patterns else 1_000_000


def _some(
    space: Space, groups: Sequence[Group], boxes: Sequence[Box], action: str, place: str | None, *, may: bool
) -> bool:
    only = box(Names((action,)), None if place is None else Names((literal(place),)))
    search = Search((*boxes, only), principals=space.principals)
    for group in groups:
        for entry in group.allows:
            if not all(each.actions.has(action) for each in entry):
                continue
            try:
                if search.find((*entry, only), group.denies) is not None:
                    return True
            except TooHard:
                if may:
                    return True
    return False
