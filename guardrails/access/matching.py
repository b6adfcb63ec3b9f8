"""Whether one statement speaks about one request, and whom its principal element means."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from guardrails.access.conditions import Text
from guardrails.access.context import Context, Unresolved, doubts
from guardrails.access.glob import (
    encode,
    literal,
    loosen,
    matches,
    overlaps,
    pattern,
    unsure,
)
from guardrails.access.language import resource_matcher
from guardrails.access.policy import NamedPrincipal, Policy, PolicyKind, PrincipalType, Statement
from guardrails.access.request import Caller, CallerKind
from guardrails.access.truth import Doubt, Truth, all_of, any_of, negate
from guardrails.model import UnknownValue


class Grant(enum.IntEnum):
    """How directly a principal element names the caller: it decides what else must allow (User Guide, "Policy
    evaluation logic", table of implicit denies)."""

    ACCOUNT = 1
    """The caller's account: delegates to its identity policies."""
    ROLE = 2
    """The role of a session, or the user behind a federated session: limited by boundary and session policy."""
    DIRECT = 3
    """The user, the session, or everybody: limited by nothing but explicit denies."""


class Match(Struct, frozen=True):
    """What a statement says about a request."""

    truth: Truth
    grant: Grant = Grant.DIRECT


NO = Match(False)
_PADDED = frozenset(set(PolicyKind) - {PolicyKind.RESOURCE, PolicyKind.TRUST, PolicyKind.ENDPOINT})


def action_pattern(text: str) -> str | None:
    """An action pattern encoded in lower case; None for one that never matches."""
    encoded = encode(text, pattern)
    if "," in encoded or encoded != encoded.strip():
        return None
    return encoded.lower()


def resource_pattern(encoded: str, kind: PolicyKind) -> str:
    """An encoded resource pattern with the segments that an identity policy may leave out."""
    if kind in _PADDED and ":" in encoded:
        missing = 5 - encoded.count(":")
        if missing > 0:
            return encoded + ":*" * missing
    return "*" if encoded and not encoded.strip("*") else encoded


def lone_resource(action: str) -> str | None:
    """The one resource (plain text) of an action that takes none, None for other actions and unknown ones.

    Such an action is authorized for `*`, so that only `Resource: "*"` grants it. S3 lists buckets for `arn:aws:s3:::*`:
    the User Guide's own policies grant `s3:ListAllMyBuckets` on that (reference_policies_elements_condition_operators).
    """
    from guardrails.access import facts  # noqa: PLC0415  # the index is read when the first request is decided

    known = facts.action(action)
    if known is None or not known.wildcard_only:
        return None
    return "arn:aws:s3:::*" if known.name == "s3:ListAllMyBuckets" else "*"


def may_be_about(statement: Statement, action: str) -> Truth:
    """Whether the action elements take an action (encoded, lower case)."""
    if statement.actions is not None:
        return any_of(_actions(statement.actions, action))
    if statement.not_actions is not None:
        return negate(any_of(_actions(statement.not_actions, action)))
    return _unclear(statement)


def _actions(patterns: Iterable[Text], action: str) -> Iterator[Truth]:
    for each in patterns:
        if isinstance(each, UnknownValue):
            yield Doubt((each.reason,))
        elif (encoded := action_pattern(each)) is None:
            yield False
        elif unsure(encoded):
            yield Doubt(doubts(encoded)) if overlaps(loosen(encoded), action) else False
        else:
            yield matches(encoded, action)


def _unclear(statement: Statement) -> Truth:
    if isinstance(statement.effect, UnknownValue):
        return Doubt((statement.effect.reason,))
    return False


class Asked(Struct, frozen=True):
    """One action on one resource, as statements see it."""

    caller: Caller
    action: str
    """Encoded, in lower case."""
    resource: str
    """Encoded."""
    context: Context
    bounded: bool = False
    """Whether the caller has a permissions boundary: a Deny with NotPrincipal applies to it always then (User Guide,
    "Permissions boundaries for IAM entities")."""


def match(policy: Policy, statement: Statement, asked: Asked) -> Match:
    """What a statement says about a request."""
    if isinstance(statement.effect, UnknownValue) and statement.actions is None and statement.not_actions is None:
        return Match(Doubt((statement.effect.reason,)))
    about = may_be_about(statement, asked.action)
    if about is False:
        return NO
    who, grant = _who(policy, statement, asked.caller, bounded=asked.bounded)
    if who is False:
        return NO
    try:
        where = _where(policy, statement, asked.resource, asked.context)
        if where is False:
            # Conditions are looked at all the same only where a variable could make the statement invalid: it is
            # not about the resource either way.
            return NO
        truth = all_of((about, who, where, *_conditions(policy, statement, asked.context)))
    except Unresolved:
        return NO
    if isinstance(statement.effect, UnknownValue) and truth is not False:
        return Match(all_of((truth, Doubt((statement.effect.reason,)))), grant)
    return Match(truth, grant)


def _conditions(policy: Policy, statement: Statement, context: Context) -> list[Truth]:
    # All of them are evaluated: an unresolved variable in any makes the statement invalid.
    return [
        Doubt((each.reason,)) if isinstance(each, UnknownValue) else context.holds(each, variables=policy.variables)
        for each in statement.conditions
    ]


def _where(policy: Policy, statement: Statement, resource: str, context: Context) -> Truth:
    if statement.resources is not None:
        return any_of(_resources(policy, statement.resources, resource, context))
    if statement.not_resources is not None:
        return negate(any_of(_resources(policy, statement.not_resources, resource, context)))
    if policy.kind in (PolicyKind.RESOURCE, PolicyKind.TRUST):
        return True  # the resource that the policy is attached to
    return _unclear(statement)


def _resources(policy: Policy, patterns: Sequence[Text], resource: str, context: Context) -> list[Truth]:
    found: list[Truth] = []
    for each in patterns:
        if isinstance(each, UnknownValue):
            found.append(Doubt((each.reason,)))
            continue
        wanted = _resource_text(policy, each, context)
        if resource_matcher(wanted)(resource):
            # An unknown hole on the pattern's side can be anything: it never surely matches.
            sure = not any(reason for reason in doubts(wanted) if not reason.startswith("known after apply"))
            found.append(True if sure else Doubt(doubts(wanted)))
        elif (unsure(wanted) or unsure(resource)) and overlaps(
            resource_pattern(loosen(wanted), policy.kind), loosen(resource)
        ):
            found.append(Doubt(doubts(wanted, resource)))
        else:
            found.append(False)
    return found


def _resource_text(policy: Policy, text: str, context: Context) -> str:
    if not policy.variables or "${" not in str.__str__(text):
        return resource_pattern(encode(text, pattern), policy.kind)
    if misplaced_variable(text):
        raise Unresolved(text)
    return resource_pattern(context.text(text, pattern, variables=True), policy.kind)


def misplaced_variable(text: str) -> bool:
    """Whether a resource has a policy variable before the fifth colon, where none is allowed (User Guide, "Variables
    and tags": "You can't use a variable to replace parts of the ARN before the fifth colon")."""
    before, mark, _ = str.__str__(text).partition("${")
    return type(text) is str and bool(mark) and bool(before) and before.count(":") < 5


# -- principals


def _who(policy: Policy, statement: Statement, caller: Caller, *, bounded: bool) -> tuple[Truth, Grant]:
    if not policy.kind.names_principals:
        return True, Grant.DIRECT
    if statement.principals is not None:
        return named(statement.principals, caller)
    if statement.not_principals is not None:
        if statement.denies:
            if bounded and caller.kind.has_identity:
                return True, Grant.DIRECT
            return negate(excepted(statement.not_principals, caller)), Grant.DIRECT
        truth, _ = named(statement.not_principals, caller)
        return negate(truth), Grant.DIRECT
    return _unclear(statement), Grant.DIRECT


def named(principals: Iterable[NamedPrincipal | UnknownValue], caller: Caller) -> tuple[Truth, Grant]:
    """Whether a list of principals has the caller, and how directly it names it."""
    best = Grant.ACCOUNT
    doubt: list[str] = []
    doubted = Grant.ACCOUNT
    hit = False
    for each in principals:
        if isinstance(each, UnknownValue):
            doubt.append(each.reason)
            doubted = Grant.DIRECT
            continue
        truth, grant = _is(each, caller)
        if truth is True:
            hit, best = True, max(best, grant)
        elif isinstance(truth, Doubt):
            doubt.extend(truth.reasons)
            doubted = max(doubted, grant)
    if hit:
        return True, best
    if doubt:
        return Doubt(tuple(dict.fromkeys(doubt))), doubted
    return False, Grant.DIRECT


def _is(principal: NamedPrincipal, caller: Caller) -> tuple[Truth, Grant]:
    wanted = principal.id
    if isinstance(wanted, UnknownValue):
        return Doubt((wanted.reason,)), Grant.DIRECT
    if principal.everyone:
        return True, Grant.DIRECT
    match principal.type:
        case PrincipalType.SERVICE:
            return caller.kind is CallerKind.SERVICE and _same(wanted, caller.id), Grant.DIRECT
        case PrincipalType.FEDERATED:
            if caller.kind not in (CallerKind.WEB_IDENTITY, CallerKind.SAML):
                return False, Grant.DIRECT
            return any_of((_same(wanted, caller.arn), _same(wanted, caller.id))), Grant.DIRECT
        case PrincipalType.CANONICAL:
            if caller.kind is CallerKind.CANONICAL:
                return _same(wanted, caller.id), Grant.DIRECT
            if caller.kind.has_identity:
                account = caller.account or "the caller's account"
                return Doubt((f"the canonical user id of {account} is not known",)), Grant.ACCOUNT
            return False, Grant.DIRECT
        case PrincipalType.AWS:
            return _aws(wanted, caller)


def _aws(wanted: str, caller: Caller) -> tuple[Truth, Grant]:
    if not caller.kind.has_identity:
        return False, Grant.DIRECT
    account = account_named(wanted)
    if account is not None:
        return _same(account, caller.account), Grant.DIRECT if caller.kind is CallerKind.ROOT else Grant.ACCOUNT
    if ":" not in str.__str__(wanted):
        # A unique id is what is left of a principal that was deleted.
        return _same(wanted, caller.id) if caller.id else False, Grant.DIRECT
    match caller.kind:
        case CallerKind.USER:
            return _same(wanted, caller.arn), Grant.DIRECT
        case CallerKind.ROLE:
            direct = _session(wanted, caller)
            if direct is True:
                return True, Grant.DIRECT
            role = _same(wanted, caller.arn)
            if role is False:
                return direct, Grant.DIRECT
            return (role, Grant.ROLE) if role is True else (any_of((role, direct)), Grant.ROLE)
        case CallerKind.FEDERATED:
            if _same(wanted, caller.arn) is True:
                return True, Grant.DIRECT
            return _same(wanted, caller.user_arn) if caller.user_arn else False, Grant.ROLE
        case _:
            return _same(wanted, caller.arn), Grant.DIRECT


def _session(wanted: str, caller: Caller) -> Truth:
    """Whether a session ARN names the caller: it has the role's name without its path."""
    if ":assumed-role/" not in str.__str__(wanted):
        return False
    if caller.session:
        return _same(wanted, caller.session_arn)
    any_session = Caller(CallerKind.ROLE, caller.arn, caller.account, "?").session_arn
    if str.__str__(wanted).rsplit("/", 1)[0] == any_session.rsplit("/", 1)[0]:
        return Doubt((f"the session name of {str.__str__(caller.arn)} is not given",))
    return False


def account_named(wanted: str) -> str | None:
    """The account that an AWS principal names as a whole, None for a single principal."""
    plain = str.__str__(wanted)
    if plain.isdigit() and len(plain) == 12:
        return plain
    if plain.startswith("arn:") and plain.endswith(":root"):
        parts = plain.split(":")
        if len(parts) == 6 and parts[2] == "iam":
            return parts[4]
        from guardrails.model import Symbolic  # noqa: PLC0415  # only for ARNs with holes

        if isinstance(wanted, Symbolic):
            inner = [p for p in wanted.parts if not isinstance(p, str)]
            if len(inner) == 1 and plain.count(":", 0, plain.find("${")) == 4:
                return Symbolic(*inner)
    return None


def _same(wanted: str, ours: str) -> Truth:
    """Whether two names are the same; holes make it doubtful."""
    if type(wanted) is str and type(ours) is str:
        return wanted == ours
    left, right = encode(wanted, literal), encode(ours, literal)
    reasons = doubts(left, right)
    if left == right and all(reason.startswith("known after apply") for reason in reasons):
        return True
    if overlaps(loosen(left), loosen(right)):
        return Doubt(reasons)
    return False


def excepted(principals: Sequence[NamedPrincipal | UnknownValue], caller: Caller) -> Truth:
    """Whether a NotPrincipal of a Deny spares the caller: its account must be listed, and itself; of a session also
    its role (User Guide, "NotPrincipal": "AWS might validate the account first, and then the user").
    """
    if any(isinstance(each, NamedPrincipal) and each.everyone for each in principals):
        return True
    if not caller.kind.has_identity:
        return named(principals, caller)[0]
    unknown = [each.reason for each in principals if isinstance(each, UnknownValue)]
    names = [each.id for each in principals if isinstance(each, NamedPrincipal) and each.type is PrincipalType.AWS]
    accounts = [a for n in names if isinstance(n, str) and (a := account_named(n)) is not None]

    def listed(ours: str, among: Iterable[Text]) -> Truth:
        found: list[Truth] = [
            Doubt((each.reason,)) if isinstance(each, UnknownValue) else _same(each, ours) for each in among
        ]
        return any_of((*found, *(Doubt((reason,)) for reason in unknown)))

    chain = [listed(caller.account, accounts)]
    match caller.kind:
        case CallerKind.USER | CallerKind.FEDERATED:
            chain.append(listed(caller.arn, names))
        case CallerKind.ROLE:
            chain.append(listed(caller.arn, names))
            sessions = [_session(n, caller) for n in names if isinstance(n, str)]
            chain.append(any_of((*sessions, *(Doubt((reason,)) for reason in unknown))))
        case _:
            pass
    return all_of(chain)


def verdict(policies: Iterable[Policy], asked: Asked) -> Truth:
    """Whether these policies together allow a request: one statement allows it and none denies it."""
    allows: list[Truth] = []
    denies: list[Truth] = []
    for policy in policies:
        for statement in policy.statements:
            truth = match(policy, statement, asked).truth
            if truth is False:
                continue
            if not statement.denies:
                allows.append(truth)
            if not statement.allows:
                denies.append(negate(truth))
    return all_of((any_of(allows), *denies))
