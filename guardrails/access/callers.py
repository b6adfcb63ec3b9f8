"""Who may be the caller of a request, in as many classes as the policies at hand can tell apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from guardrails.access.boxes import Box, EncodedValue, KeyTest, Who, every_who
from guardrails.access.conditions import Test
from guardrails.access.glob import encode, literal
from guardrails.access.language import TooHard
from guardrails.access.matching import account_named
from guardrails.access.policy import NamedPrincipal, PrincipalType
from guardrails.access.request import Caller, CallerKind, ContextValue, caller
from guardrails.access.truth import Doubt, Truth
from guardrails.model import UnknownValue

Tests = Mapping[str, tuple[tuple[KeyTest, bool], ...]]
Solve = Callable[[Tests], dict[str, EncodedValue] | None]
_STRANGER = "999988887777"


class Candidate(Struct, frozen=True):
    """A caller, or any of a sort whose name is free."""

    caller: Caller
    free: bool = False
    """Whether its name may be any but `taken`."""
    taken: tuple[str, ...] = ()
    """Encoded ARNs."""

    def fits(self, who: Iterable[tuple[Who, bool]]) -> Truth:
        """Whether the principal elements mean it, as they must, or do not."""
        reasons: list[str] = []
        for each, sign in who:
            truth = each.has(self.caller)
            if isinstance(truth, Doubt):
                reasons.extend(truth.reasons)
            elif truth is not sign:
                return False
        return Doubt(tuple(reasons)) if reasons else True

    def solve(self, keys: Tests, solve: Solve) -> tuple[Caller, dict[str, EncodedValue]] | None:
        """The caller with a context that passes the tests, or None if there is none. Raises `TooHard`."""
        derived = self.caller.keys()
        named = self.free and ("aws:principalarn" in keys or "aws:username" in keys)
        rest: dict[str, tuple[tuple[KeyTest, bool], ...]] = {}
        context: dict[str, EncodedValue] = {}
        for key, tests in keys.items():
            if key in derived and not (named and key in ("aws:principalarn", "aws:username")):
                value = derived[key]
                if not _sure(value):
                    rest[key] = tests
                    continue
                known = _encoded(value)
                if any(_uses_tokens(test) for test, _ in tests):
                    # Compared with other keys: left to be solved together with them, with this value.
                    fixed = KeyTest(key, Test.STRING_EQUALS, (known if isinstance(known, str) else "",))
                    rest[key] = (*tests, (fixed, isinstance(known, str)))
                elif not all(test.holds(known) is sign for test, sign in tests):
                    return None
                else:
                    context[key] = known
            else:
                rest[key] = tests
        if not named:
            found = solve(rest)
            return None if found is None else (self.caller, {**_base(derived), **context, **found})
        return self._named(rest, context, solve)

    def _named(
        self, rest: Mapping[str, tuple[tuple[KeyTest, bool], ...]], context: dict[str, EncodedValue], solve: Solve
    ) -> tuple[Caller, dict[str, EncodedValue]] | None:
        """A caller whose name is chosen by tests on it."""
        keys = dict(rest)
        head = self.caller.arn.rpartition("/")[0]
        user = self.caller.kind is CallerKind.USER
        names = keys.pop("aws:username", ())
        if names and not user:
            if not all(test.holds(None) is sign for test, sign in names):
                return None
            names = ()
        arn_tests = keys.get("aws:principalarn", ())
        if names and arn_tests:
            # The name is a part of the ARN: one is chosen, the other must happen to fit.
            for tests in ({"aws:username": names}, {"aws:principalarn": arn_tests}):
                made = self._chosen(tests, head, solve)
                if made and all(
                    test.holds(_encoded(made.keys().get(key))) is sign
                    for key, both in (("aws:username", names), ("aws:principalarn", arn_tests))
                    for test, sign in both
                ):
                    return self._rest(made, keys, context, solve)
            raise TooHard("a user's name and its ARN are both compared")
        made = self._chosen({"aws:username": names} if names else {"aws:principalarn": arn_tests}, head, solve)
        return None if made is None else self._rest(made, keys, context, solve)

    def _chosen(self, tests: Tests, head: str, solve: Solve) -> Caller | None:
        ((key, signed),) = tests.items()
        if key == "aws:username":
            found = solve({key: (*signed, (KeyTest(key, None), True))})
            name = found.get(key) if found else None
            return replace(self.caller, arn=f"{head}/{name}") if isinstance(name, str) else None
        shape = KeyTest(key, Test.ARN_LIKE, (f"{encode(head, literal)}/*",))
        unlike = KeyTest(key, Test.STRING_EQUALS, self.taken)
        extra = ((shape, True), (unlike, False)) if self.taken else ((shape, True),)
        found = solve({key: (*signed, *extra)})
        arn = found.get(key) if found else None
        return replace(self.caller, arn=arn) if isinstance(arn, str) else None

    @staticmethod
    def _rest(
        made: Caller,
        keys: Mapping[str, tuple[tuple[KeyTest, bool], ...]],
        context: dict[str, EncodedValue],
        solve: Solve,
    ) -> tuple[Caller, dict[str, EncodedValue]] | None:
        found = solve({key: tests for key, tests in keys.items() if key != "aws:principalarn"})
        return None if found is None else (made, {**_base(made.keys()), **context, **found})


def _uses_tokens(test: KeyTest) -> bool:
    return any("\ue004" in each for each in test.values)


def _sure(value: ContextValue) -> bool:
    return not isinstance(value, UnknownValue)


def _encoded(value: ContextValue) -> EncodedValue:
    if isinstance(value, tuple):
        return tuple(encode(each) for each in value if isinstance(each, str))
    return encode(value) if isinstance(value, str) else None


def _base(derived: Mapping[str, ContextValue]) -> dict[str, EncodedValue]:
    return {key: _encoded(value) for key, value in derived.items() if _sure(value)}


def candidates_of(boxes: Sequence[Box]) -> list[Candidate]:
    """One caller of every class: those that are named, and for each account and kind one that is not."""
    elements = every_who(boxes)
    named = [p for who in elements for p in who.principals]
    callers: dict[Caller, None] = {}
    accounts: dict[str, None] = {}
    for who in elements:
        if who.only is not None:
            callers[who.only] = None
            accounts[who.only.account] = None
        accounts.update(dict.fromkeys(who.accounts or ()))
    for each in named:
        if isinstance(each.id, UnknownValue) or each.everyone:
            continue
        for made in _callers(each):
            callers[made] = None
            if made.account:
                accounts[made.account] = None
    for box in boxes:
        for test in box.keys:
            for value in test.values:
                accounts.update(dict.fromkeys(re.findall(r"(?<!\d)\d{12}(?!\d)", value)))
    accounts.pop("", None)
    stranger = next(a for n in range(1000) if (a := str(int(_STRANGER) - n)) not in accounts)
    taken = tuple(dict.fromkeys(encode(made.arn) for made in callers if made.arn))
    found = [Candidate(Caller(CallerKind.ANONYMOUS))]
    for account in (stranger, *accounts):
        for kind, tail in ((CallerKind.ROLE, "role"), (CallerKind.USER, "user")):
            arn = f"arn:aws:iam::{account}:{tail}/{_unlike(taken)}"
            found.append(Candidate(Caller(kind, arn, account, "session" if tail == "role" else ""), True, taken))
        found.append(Candidate(Caller(CallerKind.ROOT, f"arn:aws:iam::{account}:root", account)))
    found += [Candidate(made) for made in callers]
    found.append(Candidate(Caller(CallerKind.SERVICE, id="example.amazonaws.com")))
    if any(each.type is PrincipalType.FEDERATED for each in named):
        found.append(Candidate(Caller(CallerKind.WEB_IDENTITY, id="idp.example.com")))
    if any(each.type is PrincipalType.CANONICAL for each in named):
        found.append(Candidate(Caller(CallerKind.CANONICAL, id="f" * 64)))
    return list(dict.fromkeys(found))


def _unlike(taken: Sequence[str]) -> str:
    return next(n for n in ("example", "sample", "someone-else", "zq7") if not any(t.endswith(f"/{n}") for t in taken))


def _callers(principal: NamedPrincipal) -> list[Caller]:
    """The callers that a named principal is about."""
    name = principal.id
    if isinstance(name, UnknownValue):
        return []
    match principal.type:
        case PrincipalType.SERVICE:
            return [Caller(CallerKind.SERVICE, id=name)]
        case PrincipalType.FEDERATED:
            if ":saml-provider/" in str.__str__(name):
                return [Caller(CallerKind.SAML, name)]
            if ":oidc-provider/" in str.__str__(name):
                return [Caller(CallerKind.WEB_IDENTITY, name)]
            return [Caller(CallerKind.WEB_IDENTITY, id=name)]
        case PrincipalType.CANONICAL:
            return [Caller(CallerKind.CANONICAL, id=name)]
        case PrincipalType.AWS:
            pass
    if (account := account_named(name)) is not None:
        return [Caller(CallerKind.ROOT, f"arn:aws:iam::{account}:root", account)] if type(account) is str else []
    if type(name) is not str:
        # A principal that is made by the same design: of a kind that its address tells.
        plain = str.__str__(name)
        kind = CallerKind.USER if "aws_iam_user." in plain else CallerKind.ROLE
        return [Caller(kind, name, "", "session" if kind is CallerKind.ROLE else "")]
    if ":" not in name:
        return [Caller(CallerKind.ROLE if name.startswith("AROA") else CallerKind.USER, "", "", id=name)]
    try:
        made = caller(name)
    except ValueError:
        return []
    if made.kind is CallerKind.ROLE and not made.session:
        made = replace(made, session="session")
    return [made]
